/* The worked example of proto/SPEC.md, recomputed from the document's own text: every block of it
 * is an input or follows from the others, so a digit that changes is noticed. */
#include "test.h"

#include <quipu/geo.h>
#include <quipu/note.h>
#include <quipu/proof.h>

#include "core/check.h"
#include "rules/rules.h"
#include "vectors/document.h"
#include "wire/json.h"

/* ---- Tests ---- */

static struct qp_buf spec; /* a text */

static void read_text(const char *path, struct qp_buf *buf)
{
    char part[4096];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (size_t got = 1; got > 0;) {
        got = fread(part, 1, sizeof part, file);
        assert_ok(qp_buf_add(buf, qp_span_of(part, got), err));
    }
    fclose(file);
    assert_ok(qp_buf_add(buf, qp_span_of("", 1), err));
}

static int open_spec(void **state)
{
    (void)state;
    read_text(QP_SOURCE_DIR "/proto/SPEC.md", &spec);
    return qp_init(NULL) == QP_OK ? 0 : -1;
}

static int close_spec(void **state)
{
    (void)state;
    qp_buf_wipe(&spec);
    return 0;
}

static void the_worked_example_follows_from_itself(void **state)
{
    (void)state;
    static struct document document;
    const char *label = document_check(&document, (const char *)spec.data);
    if (label != NULL) {
        fail_msg("%s does not hold", label);
    }
    for (size_t i = 0; i < document.count; i++) {
        if (!document.blocks[i].used) {
            fail_msg("%s is not looked at", document.blocks[i].label);
        }
    }
    assert_true(document.count > 150);
    document_close(&document);
}

/* Some other character of the same kind. */
static char other(char c)
{
    if (c >= '0' && c <= '9') {
        return (char)('0' + (c - '0' + 1) % 10);
    }
    return c == 'a' ? 'b' : 'a';
}

static void a_changed_digit_is_noticed(void **state)
{
    (void)state;
    static struct document document;
    char *text = (char *)spec.data;
    char *example = strstr(text, "### 21.1");
    assert_non_null(example);
    bool inside = false;
    size_t tried = 0;
    size_t step = 0;
    for (char *line = example; *line != '\0';) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        if (strncmp(line, "```", 3) == 0) {
            inside = !inside;
        } else if (inside) {
            /* One character in 151, another place in each line. */
            for (; step < (size_t)(end - line); step += 151) {
                char was = line[step];
                if (was == ' ') {
                    continue;
                }
                line[step] = other(was);
                if (document_check(&document, text) == NULL) {
                    fail_msg("nobody sees a change at \"%.40s\"", line + step);
                }
                document_close(&document);
                line[step] = was;
                tried++;
            }
            step -= (size_t)(end - line);
        }
        line = end + 1;
    }
    assert_true(tried > 200);
}

static void every_event_of_the_example_is_admitted(void **state)
{
    (void)state;
    static struct document document;
    struct qp_state_map *map = NULL;
    struct qp_arena scratch;
    assert_null(document_check(&document, (const char *)spec.data));
    assert_ok(qp_state_map_new(NULL, &map, err));
    struct qp_state view = qp_state_map_state(map);
    qp_arena_init(&scratch, 0);
    for (size_t i = 0, entry = 0; i < DOCUMENT_EVENTS; i++) {
        Qp__Event *event = NULL;
        struct qp_err why;
        entry += entry + 1 < DOCUMENT_STATEMENTS && i == document_first_events[entry + 1] ? 1 : 0;
        struct qp_rule_context context = {.issuer = document.public_keys[document_issuers[entry]],
                                          .event_id = document.ids[i],
                                          .index = entry,
                                          .position = (uint32_t)(i - document_first_events[entry]),
                                          .admitted_ms = UINT64_C(1785600000000)};
        assert_ok(qp_event_decode(document_get(&document, document_label("event", i)),
                                  &document.arena, &event, err));
        if (qp_rules_apply(&context, event, &view, &scratch, &why) != QP_OK) {
            fail_msg("event %zu: %s: %s", i, why.rule, why.text);
        }
    }
    qp_arena_wipe(&scratch);
    qp_state_map_free(map);
    document_close(&document);
}

#define NOW_MS UINT64_C(1785686400000) /* 2026-08-02T16:00:00Z */

static bool passes(struct qp_span bundle, const struct qp_trust *trust, struct qp_buf *json)
{
    struct qp_verdict *verdict = NULL;
    bool passed = false;
    if (qp_bundle_verify(bundle, trust, NOW_MS, &verdict, NULL) == QP_OK) {
        passed = qp_verdict_passed(verdict);
        if (json != NULL) {
            assert_ok(qp_verdict_json(verdict, 1, json, err));
        }
    }
    qp_verdict_free(verdict);
    return passed;
}

static void the_bundle_of_the_example_passes(void **state)
{
    (void)state;
    static struct document document;
    struct qp_trust *trust = NULL;
    struct qp_buf json = {0};
    struct qp_buf changed = {0};
    assert_null(document_check(&document, (const char *)spec.data));
    assert_ok(qp_trust_new(document_get(&document, "policy"), &trust, err));
    struct qp_span bundle = document_get(&document, "bundle");
    if (!passes(bundle, trust, &json)) {
        fail_msg("%.*s", (int)json.len, (const char *)json.data);
    }
    assert_ok(qp_buf_add(&changed, bundle, err));
    for (size_t at = 0; at < bundle.len; at += 13) {
        changed.data[at] ^= (uint8_t)(1U << at % 8);
        assert_false(passes(qp_span_buf(&changed), trust, NULL));
        changed.data[at] ^= (uint8_t)(1U << at % 8);
    }
    qp_buf_wipe(&changed);
    qp_buf_wipe(&json);
    qp_trust_free(trust);
    document_close(&document);
}

static void the_vectors_say_what_the_document_says(void **state)
{
    (void)state;
    static struct document document;
    struct qp_buf text = {0};
    json_t *json = NULL;
    assert_null(document_check(&document, (const char *)spec.data));
    read_text(QP_SOURCE_DIR "/tests/vectors/example.json", &text);
    assert_ok(qp_json_parse(qp_span_of(text.data, text.len - 1), &json, err));
    assert_int_equal(json_object_size(json), document.count);
    for (size_t i = 0; i < document.count; i++) {
        const struct block *block = &document.blocks[i];
        const json_t *value = json_object_get(json, block->label);
        if (json_is_object(value)) {
            json_t *said = NULL;
            assert_ok(qp_json_parse(block->bytes, &said, err));
            assert_true(json_equal((json_t *)(uintptr_t)value, said));
            json_decref(said);
        } else if (block->is_text) {
            assert_int_equal(json_string_length(value), block->bytes.len);
            assert_memory_equal(json_string_value(value), block->bytes.data, block->bytes.len);
        } else {
            struct qp_span said =
                document_unhex(&document, json_string_value(value), json_string_length(value));
            assert_true(qp_span_eq(said, block->bytes));
        }
    }
    json_decref(json);
    qp_buf_wipe(&text);
    document_close(&document);
}

static void get_hash(const json_t *json, struct qp_hash *hash)
{
    assert_true(json_is_string(json));
    assert_ok(qp_hex_decode(hash->bytes, 32, qp_span_text(json_string_value(json)), err));
}

static void the_multi_proofs_of_the_vectors_hold(void **state)
{
    (void)state;
    struct qp_buf text = {0};
    json_t *cases = NULL;
    read_text(QP_SOURCE_DIR "/tests/vectors/multiproof.json", &text);
    assert_ok(qp_json_parse(qp_span_of(text.data, text.len - 1), &cases, err));
    assert_int_equal(json_array_size(cases), 1 + 3 + 7 + 15 + 31 + 63);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        const json_t *proven = json_object_get(one, "proven");
        const json_t *proof = json_object_get(one, "proof");
        struct qp_hash leaves[6];
        struct qp_hash hashes[6];
        struct qp_hash root;
        struct qp_hash want;
        uint64_t indexes[6];
        for (size_t k = 0; k < json_array_size(proven); k++) {
            uint8_t bytes[4];
            indexes[k] = (uint64_t)json_integer_value(json_array_get(proven, k));
            qp_store_be32(bytes, (uint32_t)indexes[k]);
            qp_hash_leaf(&leaves[k], qp_span_of(bytes, sizeof bytes));
        }
        for (size_t k = 0; k < json_array_size(proof); k++) {
            get_hash(json_array_get(proof, k), &hashes[k]);
        }
        get_hash(json_array_get(json_object_get(one, "root"), 0), &want);
        struct qp_merkle_multi multi = {indexes, json_array_size(proven),
                                        (uint64_t)json_integer_value(json_object_get(one, "size"))};
        assert_ok(qp_merkle_multi_root(&multi, leaves, hashes, json_array_size(proof), &root, err));
        assert_true(qp_hash_eq(&root, &want));
    }
    json_decref(cases);
    qp_buf_wipe(&text);
}

/* "65,535" */
static void with_commas(char *text, size_t size, uint64_t value)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    size_t at = 0;
    for (int i = 0; i < n && at + 2 < size; i++) {
        if (i > 0 && (n - i) % 3 == 0) {
            text[at++] = ',';
        }
        text[at++] = digits[i];
    }
    text[at] = '\0';
}

static void the_limits_are_those_of_the_code(void **state)
{
    (void)state;
    const struct {
        const char *what;
        uint64_t most;
        const char *unit;
    } limits[] = {{"event", QP_EVENT_BYTES_MAX, " bytes |"},
                  {"events in a statement", QP_EVENTS_MAX, " |"},
                  {"statement", QP_STATEMENT_BYTES_MAX, " bytes |"},
                  {"entry", QP_ENTRY_BYTES_MAX, " bytes |"},
                  {"sealed content", QP_SEALED_BYTES_MAX, " bytes |"},
                  {"submission body", QP_SUBMISSION_BYTES_MAX, " bytes |"},
                  {"bundle file", QP_BUNDLE_BYTES_MAX, " bytes |"},
                  {"checkpoint (signed note)", QP_NOTE_BYTES_MAX, " bytes, 64 signature lines |"},
                  {"any number", (uint64_t)QP_NUMBER_MAX, " (2^53 − 1) in absolute value |"},
                  {"geometry", QP_GEO_POINTS_MAX, " points, 256 rings, 64 polygons |"},
                  {"origin, key name", QP_KEY_NAME_BYTES_MAX, " bytes |"}};
    assert_int_equal(QP_NOTE_SIGNATURES_MAX, 64);
    assert_int_equal(QP_GEO_RINGS_MAX, 256);
    assert_int_equal(QP_GEO_POLYGONS_MAX, 64);
    for (size_t i = 0; i < QP_COUNT(limits); i++) {
        char number[40];
        char row[128];
        with_commas(number, sizeof number, limits[i].most);
        (void)snprintf(row, sizeof row, "\n| %s | %s%s\n", limits[i].what, number, limits[i].unit);
        if (strstr((const char *)spec.data, row) == NULL) {
            fail_msg("the document does not say%s", row);
        }
    }
}

static void every_code_of_the_rules_is_listed(void **state)
{
    (void)state;
    for (const struct qp_rule_code *code = qp_rule_codes; code->code != NULL; code++) {
        char row[200];
        (void)snprintf(row, sizeof row, "\n| %s | ", code->code);
        const char *found = strstr((const char *)spec.data, row);
        if (found == NULL || strstr(found, code->meaning) == NULL) {
            fail_msg("%s is not in the document: run make_example", code->code);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_example_follows_from_itself),
        cmocka_unit_test(a_changed_digit_is_noticed),
        cmocka_unit_test(every_event_of_the_example_is_admitted),
        cmocka_unit_test(the_bundle_of_the_example_passes),
        cmocka_unit_test(the_vectors_say_what_the_document_says),
        cmocka_unit_test(the_multi_proofs_of_the_vectors_hold),
        cmocka_unit_test(the_limits_are_those_of_the_code),
        cmocka_unit_test(every_code_of_the_rules_is_listed),
    };
    return cmocka_run_group_tests(tests, open_spec, close_spec);
}
