/* The worked example of proto/SPEC.md, recomputed from the document's own text: every block of it
 * is an input or follows from the others, so a digit that changes is noticed. */
#include "test.h"

#include <quipu/geo.h>
#include <quipu/note.h>
#include <quipu/proof.h>

#include "core/check.h"
#include "rules/rules.h"
#include "wire/json.h"

#define BLOCKS_MAX 400
#define PARTIES 7
#define CONTENTS 4
#define EVENTS 18
#define STATEMENTS 10

static const char *const parties[PARTIES] = {"operator", "cooperative", "assessor", "terminal",
                                             "importer", "log",         "witness"};
static const char *const contents[CONTENTS] = {"producer-1", "geometry-1", "producer-2",
                                               "geometry-2"};
/* Which party signs each statement, and how many events it has. */
static const size_t issuers[STATEMENTS] = {0, 0, 1, 2, 1, 2, 1, 4, 1, 3};
static const size_t counts[STATEMENTS] = {1, 5, 4, 1, 2, 1, 1, 1, 1, 1};
/* The entries in the bundle, and how many of their first events it shows. */
static const uint64_t shown_entries[] = {0, 1, 2, 3, 4, 6, 8, 9};
static const size_t shown_events[] = {1, 5, 2, 1, 1, 1, 1, 1};
static const size_t first_events[STATEMENTS] = {0, 1, 6, 10, 11, 13, 14, 15, 16, 17};

struct block {
    char label[40];
    bool is_text; /* JSON too */
    struct qp_span bytes;
    bool used;
};

struct document {
    struct qp_arena arena;
    struct block blocks[BLOCKS_MAX];
    size_t count;
    const char *wrong; /* the first label that does not hold, or NULL */
    char wrong_label[80];
    struct qp_key *keys[PARTIES];
    struct qp_public_key public_keys[PARTIES];
    struct qp_hash ids[EVENTS];
    struct qp_hash leaves[STATEMENTS];
};

static void wrong(struct document *document, const char *label)
{
    if (document->wrong == NULL) {
        (void)snprintf(document->wrong_label, sizeof document->wrong_label, "%s", label);
        document->wrong = document->wrong_label;
    }
}

/* ---- Reading the document ---- */

static struct block *add_block(struct document *document, const char *label, size_t label_len)
{
    assert_true(document->count < BLOCKS_MAX && label_len < sizeof document->blocks[0].label);
    struct block *block = &document->blocks[document->count++];
    memset(block, 0, sizeof *block);
    memcpy(block->label, label, label_len);
    return block;
}

/* Hexadecimal digits with line ends between them. */
static struct qp_span unhex(struct document *document, const char *text, size_t len)
{
    char *digits = qp_arena_alloc(&document->arena, len);
    size_t count = 0;
    assert_non_null(digits);
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\n') {
            digits[count++] = text[i];
        }
    }
    uint8_t *bytes = qp_arena_alloc(&document->arena, count / 2);
    assert_non_null(bytes);
    if (qp_hex_decode(bytes, count / 2, qp_span_of(digits, count), NULL) != QP_OK) {
        wrong(document, "not hexadecimal");
        return qp_span_of(NULL, 0);
    }
    return qp_span_of(bytes, count / 2);
}

static void read_values(struct document *document, const char *text, const char *end)
{
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        const char *space = memchr(text, ' ', (size_t)(stop - text));
        if (space == NULL) {
            wrong(document, "a line of values without a space");
            return;
        }
        struct block *block = add_block(document, text, (size_t)(space - text));
        while (*space == ' ') {
            space++;
        }
        block->bytes = unhex(document, space, (size_t)(stop - space));
        text = stop + 1;
    }
}

/* Every fenced block with a language of ours and a label; "values" has a label on each line. */
static void read_document(struct document *document, const char *text)
{
    static const char fence[] = "\n```";
    for (const char *at = strstr(text, fence); at != NULL; at = strstr(at, fence)) {
        at += strlen(fence);
        const char *line = strchr(at, '\n');
        const char *end = line != NULL ? strstr(line, fence) : NULL;
        if (end == NULL) {
            wrong(document, "a block without an end");
            return;
        }
        const char *space = memchr(at, ' ', (size_t)(line - at));
        size_t len = (size_t)(end - line); /* with the last line's end */
        if (strncmp(at, "values\n", 7) == 0) {
            read_values(document, line + 1, end + 1);
        } else if (space != NULL) {
            struct block *block = add_block(document, space + 1, (size_t)(line - space - 1));
            block->is_text = strncmp(at, "hex ", 4) != 0;
            block->bytes =
                block->is_text ? qp_span_of(line + 1, len) : unhex(document, line + 1, len);
        }
        at = end + strlen(fence);
    }
}

static struct qp_span get(struct document *document, const char *label)
{
    for (size_t i = 0; i < document->count; i++) {
        if (strcmp(document->blocks[i].label, label) == 0) {
            document->blocks[i].used = true;
            return document->blocks[i].bytes;
        }
    }
    wrong(document, label);
    return qp_span_of(NULL, 0);
}

static const char *numbered(const char *what, size_t at)
{
    static char label[64];
    (void)snprintf(label, sizeof label, "%s-%zu", what, at);
    return label;
}

static const char *named(const char *what, const char *name)
{
    static char label[64];
    (void)snprintf(label, sizeof label, "%s-%s", what, name);
    return label;
}

/* The block with this label holds exactly these bytes. */
static void expect(struct document *document, const char *label, const void *bytes, size_t len)
{
    struct qp_span have = get(document, label);
    if (have.len != len || memcmp(have.data, bytes, len) != 0) {
        wrong(document, label);
    }
}

/* 32 bytes of a block; zeros when they are not there. */
static void get_32(struct document *document, const char *label, uint8_t out[32])
{
    struct qp_span have = get(document, label);
    memset(out, 0, 32);
    if (have.len == 32) {
        memcpy(out, have.data, 32);
    } else {
        wrong(document, label);
    }
}

/* ---- Computing it ---- */

/* The JSON of a message says the same as its bytes. */
static void expect_json(struct document *document, const struct qp_message_rule *rule,
                        const char *label, struct qp_span bytes)
{
    struct qp_buf made = {0};
    json_t *json = NULL;
    void *message = NULL;
    if (qp_json_parse(get(document, label), &json, NULL) != QP_OK ||
        qp_json_decode(rule, json, &document->arena, &message, NULL) != QP_OK ||
        qp_wire_encode(rule, message, &document->arena, &made, NULL) != QP_OK ||
        !qp_span_eq(qp_span_buf(&made), bytes)) {
        wrong(document, label);
    }
    json_decref(json);
    qp_buf_wipe(&made);
}

static void check_keys(struct document *document)
{
    for (size_t i = 0; i < PARTIES; i++) {
        struct qp_seed seed;
        get_32(document, named("seed", parties[i]), seed.bytes);
        assert_ok(qp_key_from_seed(&seed, &document->keys[i], err));
        qp_key_public(document->keys[i], &document->public_keys[i]);
        expect(document, named("public", parties[i]), document->public_keys[i].bytes, 32);
    }
}

static void check_contents(struct document *document)
{
    for (size_t i = 0; i < CONTENTS; i++) {
        struct qp_salt salt;
        struct qp_hash commitment;
        struct qp_geometry geometry;
        struct qp_span content = get(document, named("content", contents[i]));
        get_32(document, named("salt", contents[i]), salt.bytes);
        qp_hash_sealed(&commitment, &salt, content);
        expect(document, named("commitment", contents[i]), commitment.bytes, 32);
        if (contents[i][0] == 'p') {
            expect_json(document, &qp_rule_producer, named("json", contents[i]), content);
        } else if (qp_geometry_decode(content, &document->arena, &geometry, NULL) != QP_OK ||
                   qp_geometry_check(&geometry, QP_GEOMETRY_AS_IS, NULL, NULL) != QP_OK) {
            wrong(document, contents[i]);
        }
    }
}

static void check_events(struct document *document)
{
    for (size_t i = 0; i < EVENTS; i++) {
        struct qp_span bytes = get(document, numbered("event", i));
        qp_hash_leaf(&document->ids[i], bytes);
        expect(document, numbered("id", i), document->ids[i].bytes, 32);
        expect_json(document, &qp_rule_event, numbered("json-event", i), bytes);
    }
}

static bool is_hash(ProtobufCBinaryData bytes, const struct qp_hash *hash)
{
    return bytes.len == 32 && memcmp(bytes.data, hash->bytes, 32) == 0;
}

/* sequence and previous are what the key's statements before this one make them. */
static void check_statement(struct document *document, size_t at, uint64_t sequence,
                            const struct qp_hash *previous)
{
    struct qp_span bytes = get(document, numbered("statement", at));
    const struct qp_public_key *issuer = &document->public_keys[issuers[at]];
    struct qp_hash root;
    struct qp_hash link;
    struct qp_signature signature;
    Qp__Statement *made = NULL;
    qp_merkle_root(&document->ids[first_events[at]], counts[at], &root);
    expect(document, numbered("event-root", at), root.bytes, 32);
    qp_hash_statement(&link, bytes);
    expect(document, numbered("link", at), link.bytes, 32);
    assert_ok(qp_sign(document->keys[issuers[at]], qp_span_text(QP_STATEMENT_DOMAIN), bytes,
                      &signature, err));
    expect(document, numbered("signature", at), signature.bytes, 64);
    expect_json(document, &qp_rule_statement, numbered("json-statement", at), bytes);
    if (qp_statement_decode(bytes, &document->arena, &made, NULL) != QP_OK || made->format != 1 ||
        !is_hash(made->ledger_id, &document->ids[0]) || made->sequence != sequence ||
        memcmp(made->issuer.data, issuer->bytes, 32) != 0 || !is_hash(made->previous, previous) ||
        made->event_count != counts[at] || !is_hash(made->event_root, &root)) {
        wrong(document, numbered("statement", at));
    }
}

static void check_entry(struct document *document, size_t at)
{
    static const struct qp_hash zeros;
    struct qp_span bytes = get(document, numbered("entry", at));
    Qp__Entry *entry = NULL;
    qp_hash_leaf(&document->leaves[at], bytes);
    expect(document, numbered("leaf", at), document->leaves[at].bytes, 32);
    if (qp_entry_decode(bytes, &document->arena, &entry, NULL) != QP_OK || entry->index != at ||
        !is_hash(entry->previous, at > 0 ? &document->leaves[at - 1] : &zeros)) {
        wrong(document, numbered("entry", at));
        return;
    }
    expect(document, numbered("statement", at), entry->statement.data, entry->statement.len);
    expect(document, numbered("signature", at), entry->signature.data, entry->signature.len);
}

static void check_log(struct document *document)
{
    uint64_t sequences[PARTIES] = {0};
    struct qp_hash links[PARTIES] = {{{0}}};
    for (size_t i = 0; i < STATEMENTS; i++) {
        check_statement(document, i, sequences[issuers[i]]++, &links[issuers[i]]);
        get_32(document, numbered("link", i), links[issuers[i]].bytes);
        check_entry(document, i);
    }
    static const size_t ranges[][2] = {{0, 2}, {2, 4}, {4, 6}, {6, 8},
                                       {0, 4}, {4, 8}, {0, 8}, {8, 10}};
    for (size_t i = 0; i < QP_COUNT(ranges); i++) {
        struct qp_hash hash;
        char label[32];
        qp_merkle_root(document->leaves + ranges[i][0], ranges[i][1] - ranges[i][0], &hash);
        (void)snprintf(label, sizeof label, "mth-%zu-%zu", ranges[i][0], ranges[i][1]);
        expect(document, label, hash.bytes, 32);
    }
}

#define ORIGIN "ledger.example/2026"
#define WITNESS "witness.example/callao"

static void expect_vkey(struct document *document, const char *label, const char *name,
                        enum qp_vkey_type type, const struct qp_public_key *key)
{
    struct qp_vkey vkey;
    char text[QP_VKEY_TEXT_BYTES + 1];
    assert_ok(qp_vkey_init(&vkey, qp_span_text(name), type, key, err));
    qp_vkey_format(&vkey, text);
    (void)strcat(text, "\n");
    expect(document, label, text, strlen(text));
}

static void check_checkpoint(struct document *document)
{
    struct qp_checkpoint checkpoint = {.origin = ORIGIN, .size = STATEMENTS};
    struct qp_buf text = {0};
    struct qp_buf note = {0};
    qp_merkle_root(document->leaves, STATEMENTS, &checkpoint.root);
    expect(document, "root", checkpoint.root.bytes, 32);
    expect_vkey(document, "vkey-log", ORIGIN, QP_VKEY_NOTE, &document->public_keys[5]);
    expect_vkey(document, "vkey-witness", WITNESS, QP_VKEY_COSIGNATURE, &document->public_keys[6]);
    assert_ok(qp_checkpoint_format(&checkpoint, &text, err));
    assert_ok(
        qp_note_sign(qp_span_buf(&text), document->keys[5], qp_span_text(ORIGIN), &note, err));
    assert_ok(qp_cosign_line(qp_span_buf(&text), document->keys[6], qp_span_text(WITNESS),
                             UINT64_C(1785600000), &note, err));
    expect(document, "checkpoint", note.data, note.len);
    qp_buf_wipe(&note);
    qp_buf_wipe(&text);
}

static void check_receipt(struct document *document)
{
    static struct qp_tlog_proof proof;
    struct qp_buf extra = {0};
    struct qp_hash root;
    if (qp_tlog_proof_decode(get(document, "receipt-4"), &proof, &extra, NULL) != QP_OK) {
        wrong(document, "receipt-4");
        qp_buf_wipe(&extra);
        return;
    }
    get_32(document, "root", root.bytes);
    if (proof.leaf_index != 4 ||
        qp_merkle_inclusion_check(4, STATEMENTS, &document->leaves[4], proof.path, proof.path_count,
                                  &root, NULL) != QP_OK) {
        wrong(document, "receipt-4");
    }
    expect(document, "entry-4", proof.extra.data, proof.extra.len);
    expect(document, "checkpoint", proof.checkpoint.data, proof.checkpoint.len);
    qp_buf_wipe(&extra);
}

/* The bundle shows the first `count` events of the statement. */
static void check_event_proof(struct document *document, size_t at, size_t count,
                              ProtobufCBinaryData proof)
{
    uint64_t positions[8];
    struct qp_hash hashes[8];
    struct qp_hash root;
    struct qp_hash want;
    for (size_t i = 0; i < count; i++) {
        positions[i] = i;
    }
    struct qp_merkle_multi multi = {positions, count, counts[at]};
    get_32(document, numbered("event-root", at), want.bytes);
    if (proof.len > sizeof hashes || proof.len % 32 != 0) {
        wrong(document, "bundle");
        return;
    }
    if (proof.len > 0) {
        memcpy(hashes, proof.data, proof.len);
        expect(document, numbered("event-proof", at), proof.data, proof.len);
    }
    if (qp_merkle_multi_root(&multi, &document->ids[first_events[at]], hashes, proof.len / 32,
                             &root, NULL) != QP_OK ||
        !qp_hash_eq(&root, &want)) {
        wrong(document, numbered("event-proof", at));
    }
}

static void check_bundle_entry(struct document *document, const Qp__BundleEntry *entry, size_t at,
                               size_t count)
{
    expect(document, numbered("entry", at), entry->entry.data, entry->entry.len);
    if (entry->n_events != count || entry->n_positions != count) {
        wrong(document, "bundle");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        expect(document, numbered("event", first_events[at] + i), entry->events[i].data,
               entry->events[i].len);
        if (entry->positions[i] != i) {
            wrong(document, "bundle");
        }
    }
    check_event_proof(document, at, count, entry->event_proof);
}

static void check_tree_proof(struct document *document, ProtobufCBinaryData proof)
{
    enum { COUNT = QP_COUNT(shown_entries) };
    struct qp_hash leaves[COUNT];
    struct qp_hash hashes[4];
    struct qp_hash root;
    struct qp_hash want;
    struct qp_merkle_multi multi = {shown_entries, COUNT, STATEMENTS};
    expect(document, "tree-proof", proof.data, proof.len);
    get_32(document, "root", want.bytes);
    for (size_t i = 0; i < COUNT; i++) {
        leaves[i] = document->leaves[shown_entries[i]];
    }
    if (proof.len > sizeof hashes) {
        wrong(document, "tree-proof");
        return;
    }
    memcpy(hashes, proof.data, proof.len);
    if (qp_merkle_multi_root(&multi, leaves, hashes, proof.len / 32, &root, NULL) != QP_OK ||
        !qp_hash_eq(&root, &want)) {
        wrong(document, "tree-proof");
    }
}

/* The sealed content is the one of this name. */
static void check_sealed(struct document *document, const Qp__SealedContent *sealed,
                         const char *name)
{
    expect(document, named("salt", name), sealed->salt.data, sealed->salt.len);
    expect(document, named("content", name), sealed->content.data, sealed->content.len);
}

static void check_bundle(struct document *document)
{
    Qp__Bundle *bundle = NULL;
    if (qp_bundle_decode(get(document, "bundle"), &document->arena, &bundle, NULL) != QP_OK ||
        bundle->n_entries != QP_COUNT(shown_entries) || bundle->n_sealed != 2 ||
        strcmp(bundle->shipment, "coop-norte/s-1") != 0) {
        wrong(document, "bundle");
        return;
    }
    expect(document, "checkpoint", bundle->checkpoint.data, bundle->checkpoint.len);
    for (size_t i = 0; i < bundle->n_entries; i++) {
        check_bundle_entry(document, bundle->entries[i], (size_t)shown_entries[i], shown_events[i]);
    }
    check_tree_proof(document, bundle->tree_proof);
    struct qp_hash producer;
    struct qp_hash geometry;
    get_32(document, "commitment-producer-1", producer.bytes);
    get_32(document, "commitment-geometry-1", geometry.bytes);
    bool producer_first = memcmp(producer.bytes, geometry.bytes, 32) < 0;
    check_sealed(document, bundle->sealed[0], contents[producer_first ? 0 : 1]);
    check_sealed(document, bundle->sealed[1], contents[producer_first ? 1 : 0]);
}

static void check_submission(struct document *document)
{
    Qp__Submission *submission = NULL;
    size_t used = 0;
    struct qp_span bytes = get(document, "submission-2");
    if (qp_submission_decode(bytes, &document->arena, &submission, &used, NULL) != QP_OK ||
        used != bytes.len || submission->n_events != 4 || submission->n_sealed != CONTENTS) {
        wrong(document, "submission-2");
        return;
    }
    expect(document, "statement-2", submission->statement.data, submission->statement.len);
    expect(document, "signature-2", submission->signature.data, submission->signature.len);
    for (size_t i = 0; i < 4; i++) {
        expect(document, numbered("event", 6 + i), submission->events[i].data,
               submission->events[i].len);
        check_sealed(document, submission->sealed[i], contents[i]);
    }
}

static void check_policy(struct document *document)
{
    static const char form[] =
        "{\"policy\":\"quipu/policy/v1\",\"ledger_id\":\"%s\",\"log\":[\"log %.*s\","
        "\"witness W1 %.*s\",\"quorum W1\"],\"assessors\":[\"geo-andes\"],"
        "\"cut_off\":\"2020-12-31\",\"checkpoint_age_days_max\":30,\"require\":["
        "\"authentic\",\"authorised\",\"unbroken\",\"conserved\",\"located\","
        "\"deforestation-free\",\"current\"]}\n";
    char text[2048];
    char id[65];
    struct qp_span log = get(document, "vkey-log");
    struct qp_span witness = get(document, "vkey-witness");
    qp_hash_hex(id, &document->ids[0]);
    int len = snprintf(text, sizeof text, form, id, (int)log.len - 1, (const char *)log.data,
                       (int)witness.len - 1, (const char *)witness.data);
    assert_true(len > 0 && (size_t)len < sizeof text);
    expect(document, "policy", text, (size_t)len);
}

/* The label of the first thing that does not hold, or NULL. */
static const char *check_document(struct document *document, const char *text)
{
    memset(document, 0, sizeof *document);
    qp_arena_init(&document->arena, 0);
    read_document(document, text);
    if (document->wrong != NULL) {
        return document->wrong;
    }
    check_keys(document);
    check_contents(document);
    check_events(document);
    check_log(document);
    check_checkpoint(document);
    check_receipt(document);
    check_bundle(document);
    check_submission(document);
    check_policy(document);
    return document->wrong;
}

static void close_document(struct document *document)
{
    for (size_t i = 0; i < PARTIES; i++) {
        qp_key_free(document->keys[i]);
    }
    qp_arena_wipe(&document->arena);
}

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
    const char *label = check_document(&document, (const char *)spec.data);
    if (label != NULL) {
        fail_msg("%s does not hold", label);
    }
    for (size_t i = 0; i < document.count; i++) {
        if (!document.blocks[i].used) {
            fail_msg("%s is not looked at", document.blocks[i].label);
        }
    }
    assert_true(document.count > 150);
    close_document(&document);
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
                if (check_document(&document, text) == NULL) {
                    fail_msg("nobody sees a change at \"%.40s\"", line + step);
                }
                close_document(&document);
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
    assert_null(check_document(&document, (const char *)spec.data));
    assert_ok(qp_state_map_new(NULL, &map, err));
    struct qp_state view = qp_state_map_state(map);
    qp_arena_init(&scratch, 0);
    for (size_t i = 0, entry = 0; i < EVENTS; i++) {
        Qp__Event *event = NULL;
        struct qp_err why;
        entry += entry + 1 < STATEMENTS && i == first_events[entry + 1] ? 1 : 0;
        struct qp_rule_context context = {.issuer = document.public_keys[issuers[entry]],
                                          .event_id = document.ids[i],
                                          .index = entry,
                                          .position = (uint32_t)(i - first_events[entry]),
                                          .admitted_ms = UINT64_C(1785600000000)};
        assert_ok(
            qp_event_decode(get(&document, numbered("event", i)), &document.arena, &event, err));
        if (qp_rules_apply(&context, event, &view, &scratch, &why) != QP_OK) {
            fail_msg("event %zu: %s: %s", i, why.rule, why.text);
        }
    }
    qp_arena_wipe(&scratch);
    qp_state_map_free(map);
    close_document(&document);
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
    assert_null(check_document(&document, (const char *)spec.data));
    assert_ok(qp_trust_new(get(&document, "policy"), &trust, err));
    struct qp_span bundle = get(&document, "bundle");
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
    close_document(&document);
}

static void the_vectors_say_what_the_document_says(void **state)
{
    (void)state;
    static struct document document;
    struct qp_buf text = {0};
    json_t *json = NULL;
    assert_null(check_document(&document, (const char *)spec.data));
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
                unhex(&document, json_string_value(value), json_string_length(value));
            assert_true(qp_span_eq(said, block->bytes));
        }
    }
    json_decref(json);
    qp_buf_wipe(&text);
    close_document(&document);
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
