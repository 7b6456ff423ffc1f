/* Writes what is computed in proto/SPEC.md (the worked example and the table of codes) and the
 * vectors beside it, from example.c. Run it when a format or a rule changes, and read the diff:
 *
 *   make_example SOURCE_DIR */
#include "vectors/example_priv.h"

#include "core/check.h"
#include "rules/rules.h"
#include "wire/json.h"

#include <string.h>

/* Everything goes to the document and, under its label, to example.json. */
struct writer {
    struct qp_buf text;
    json_t *json;
};

#define SAY(writer, ...) MUST(qp_buf_addf(&(writer)->text, err, __VA_ARGS__))

static void keep(struct writer *writer, const char *label, json_t *value)
{
    QP_ASSERT(json_object_get(writer->json, label) == NULL);
    QP_ASSERT(json_object_set_new(writer->json, label, value) == 0);
}

static char *hex_of(struct qp_span bytes)
{
    char *text = malloc(2 * bytes.len + 1);
    QP_ASSERT(text != NULL);
    qp_hex_encode(text, bytes);
    return text;
}

/* A block of one value, 32 bytes a line. */
static void block(struct writer *writer, const char *label, struct qp_span bytes)
{
    char *hex = hex_of(bytes);
    SAY(writer, "```hex %s\n", label);
    for (size_t at = 0; at < 2 * bytes.len; at += 64) {
        SAY(writer, "%.64s\n", hex + at);
    }
    SAY(writer, "```\n\n");
    keep(writer, label, json_string(hex));
    free(hex);
}

static void text_block(struct writer *writer, const char *label, struct qp_span text)
{
    SAY(writer, "```text %s\n%.*s```\n\n", label, (int)text.len, (const char *)text.data);
    keep(writer, label, json_stringn((const char *)text.data, text.len));
}

static void json_block(struct writer *writer, const char *label, const struct qp_message_rule *rule,
                       struct qp_span bytes)
{
    struct qp_arena arena;
    struct qp_buf text = {0};
    void *message = NULL;
    json_t *json = NULL;
    qp_arena_init(&arena, 0);
    MUST(qp_wire_decode(rule, bytes, &arena, &message, err));
    MUST(qp_json_encode(rule, message, &json, err));
    MUST(qp_json_print(json, 0, &text, err));
    SAY(writer, "```json %s\n%.*s\n```\n\n", label, (int)text.len, (const char *)text.data);
    keep(writer, label, json);
    qp_buf_wipe(&text);
    qp_arena_wipe(&arena);
}

/* A line in a block of values. */
static void value(struct writer *writer, const char *label, const void *bytes, size_t len)
{
    char *hex = hex_of(qp_span_of(bytes, len));
    SAY(writer, "%-22s %s\n", label, hex);
    keep(writer, label, json_string(hex));
    free(hex);
}

static const char *label_of(const char *what, size_t at)
{
    static char label[64];
    (void)snprintf(label, sizeof label, "%s-%zu", what, at);
    return label;
}

static const char *label_named(const char *what, const char *name)
{
    static char label[64];
    (void)snprintf(label, sizeof label, "%s-%s", what, name);
    return label;
}

static void write_keys(struct writer *writer, const struct example *example)
{
    SAY(writer, "### 21.1 Keys\n\nSeeds of RFC 8032 and the public keys that follow from them.\n\n"
                "```values\n");
    for (size_t i = 0; i < EXAMPLE_PARTY_COUNT; i++) {
        const struct example_key *key = &example->keys[i];
        value(writer, label_named("seed", key->name), key->seed.bytes, 32);
        value(writer, label_named("public", key->name), key->public_key.bytes, 32);
    }
    SAY(writer, "```\n\n");
}

static void write_contents(struct writer *writer, const struct example *example)
{
    SAY(writer, "### 21.2 Sealed contents\n\nContents, and their commitments H(03 ‖ salt ‖ "
                "content).\n\n");
    for (size_t i = 0; i < EXAMPLE_SEALED_COUNT; i++) {
        const struct example_content *content = &example->contents[i];
        struct qp_span bytes = qp_span_buf(&content->content);
        if (content->kind == QP__SEALED_KIND__SEALED_KIND_PRODUCER) {
            json_block(writer, label_named("json", content->name), &qp_rule_producer, bytes);
        }
        block(writer, label_named("content", content->name), bytes);
        SAY(writer, "```values\n");
        value(writer, label_named("salt", content->name), content->salt.bytes, 32);
        value(writer, label_named("commitment", content->name), content->commitment.bytes, 32);
        SAY(writer, "```\n\n");
    }
}

static void write_events(struct writer *writer, const struct example *example)
{
    SAY(writer, "### 21.3 Events\n\nEach as JSON, as bytes, and its event id H(00 ‖ event).\n\n");
    for (size_t i = 0; i < EXAMPLE_EVENTS; i++) {
        const struct example_event *event = &example->events[i];
        SAY(writer, "**Event %zu**: %s.\n\n", i, event->title);
        json_block(writer, label_of("json-event", i), &qp_rule_event, qp_span_buf(&event->bytes));
        block(writer, label_of("event", i), qp_span_buf(&event->bytes));
        SAY(writer, "```values\n");
        value(writer, label_of("id", i), event->id.bytes, 32);
        SAY(writer, "```\n\n");
    }
}

static void write_statements(struct writer *writer, const struct example *example)
{
    SAY(writer, "### 21.4 Statements\n\nThe ledger id is `id-0`. The signature is over "
                "\"quipu/statement/v1\\n\" ‖ statement; the link is H(02 ‖ statement).\n\n"
                "| Statement | Issuer | Events |\n|---|---|---|\n");
    for (size_t i = 0; i < EXAMPLE_STATEMENTS; i++) {
        const struct example_statement *made = &example->statements[i];
        SAY(writer, "| %zu | %s | %zu to %zu |\n", i, example->keys[made->issuer].name,
            made->first_event, made->first_event + made->event_count - 1);
    }
    SAY(writer, "\n");
    for (size_t i = 0; i < EXAMPLE_STATEMENTS; i++) {
        const struct example_statement *made = &example->statements[i];
        json_block(writer, label_of("json-statement", i), &qp_rule_statement,
                   qp_span_buf(&made->bytes));
        block(writer, label_of("statement", i), qp_span_buf(&made->bytes));
        SAY(writer, "```values\n");
        value(writer, label_of("event-root", i), made->event_root.bytes, 32);
        value(writer, label_of("link", i), made->link.bytes, 32);
        value(writer, label_of("signature", i), made->signature.bytes, 64);
        SAY(writer, "```\n\n");
    }
}

static void write_entries(struct writer *writer, const struct example *example)
{
    struct qp_hash leaves[EXAMPLE_STATEMENTS];
    static const size_t ranges[][2] = {{0, 2}, {2, 4}, {4, 6}, {6, 8},
                                       {0, 4}, {4, 8}, {0, 8}, {8, 10}};
    SAY(writer, "### 21.5 Entries and tree\n\nStatement n is entry n. Leaf hashes H(00 ‖ entry); "
                "`mth-a-b` is MTH(D[a:b]).\n\n");
    for (size_t i = 0; i < EXAMPLE_STATEMENTS; i++) {
        leaves[i] = example->statements[i].leaf;
        block(writer, label_of("entry", i), qp_span_buf(&example->statements[i].entry));
    }
    SAY(writer, "```values\n");
    for (size_t i = 0; i < EXAMPLE_STATEMENTS; i++) {
        value(writer, label_of("leaf", i), leaves[i].bytes, 32);
    }
    for (size_t i = 0; i < QP_COUNT(ranges); i++) {
        struct qp_hash hash;
        char label[32];
        qp_merkle_root(leaves + ranges[i][0], ranges[i][1] - ranges[i][0], &hash);
        (void)snprintf(label, sizeof label, "mth-%zu-%zu", ranges[i][0], ranges[i][1]);
        value(writer, label, hash.bytes, 32);
    }
    value(writer, "root", example->root.bytes, 32);
    SAY(writer, "```\n\n");
}

static void write_vkey(struct writer *writer, const char *label, const char *name,
                       enum qp_vkey_type type, const struct example_key *key)
{
    struct qp_vkey vkey;
    char text[QP_VKEY_TEXT_BYTES + 1];
    MUST(qp_vkey_init(&vkey, qp_span_text(name), type, &key->public_key, err));
    qp_vkey_format(&vkey, text);
    (void)strcat(text, "\n");
    text_block(writer, label, qp_span_text(text));
}

static void write_proofs(struct writer *writer, const struct example *example)
{
    SAY(writer,
        "### 21.6 Checkpoint\n\nThe keys of the log and of one witness as vkeys, and the note that "
        "both signed; the witness at %llu seconds.\n\n",
        (unsigned long long)EXAMPLE_COSIGNED_S);
    write_vkey(writer, "vkey-log", EXAMPLE_ORIGIN, QP_VKEY_NOTE, &example->keys[EXAMPLE_LOG]);
    write_vkey(writer, "vkey-witness", EXAMPLE_WITNESS_NAME, QP_VKEY_COSIGNATURE,
               &example->keys[EXAMPLE_WITNESS]);
    text_block(writer, "checkpoint", qp_span_buf(&example->checkpoint));
    SAY(writer, "### 21.7 Receipt\n\nOf entry 4.\n\n");
    text_block(writer, "receipt-4", qp_span_buf(&example->receipt));
    SAY(writer, "### 21.8 Submission\n\nOf statement 2, with all four sealed contents.\n\n");
    block(writer, "submission-2", qp_span_buf(&example->submission));
    SAY(writer,
        "### 21.9 Bundle\n\nIt shows entries 0, 1, 2, 3, 4, 6, 8 and 9. Of entry 2 it shows "
        "positions 0 and 1 of 4, of entry 4 position 0 of 2; of the others, all. Their "
        "multi-proofs, and the one of the entries in the tree of 10 leaves (section 13 has it "
        "step by step):\n\n");
    struct qp_hash ids[4];
    for (size_t i = 0; i < 4; i++) {
        ids[i] = example->events[6 + i].id;
    }
    struct qp_buf proof = example_multi_proof(ids, 4, (const uint64_t[]){0, 1}, 2);
    block(writer, "event-proof-2", qp_span_buf(&proof));
    qp_buf_wipe(&proof);
    ids[0] = example->events[11].id;
    ids[1] = example->events[12].id;
    proof = example_multi_proof(ids, 2, (const uint64_t[]){0}, 1);
    block(writer, "event-proof-4", qp_span_buf(&proof));
    qp_buf_wipe(&proof);
    block(writer, "tree-proof", qp_span_buf(&example->tree_proof));
    SAY(writer, "It discloses `producer-1` and `geometry-1`, in the order of their commitments. "
                "The whole file:\n\n");
    block(writer, "bundle", qp_span_buf(&example->bundle));
}

static void write_file(const char *path, struct qp_span bytes)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.len, file) != bytes.len || fclose(file) != 0) {
        fprintf(stderr, "%s cannot be written\n", path);
        exit(1);
    }
}

/* The policy of an importer who trusts this log, one witness and one assessor. */
static void write_policy(struct writer *writer, const struct example *example, const char *dir)
{
    char log[QP_VKEY_TEXT_BYTES];
    char witness[QP_VKEY_TEXT_BYTES];
    char path[4096];
    struct qp_vkey vkey;
    struct qp_buf text = {0};
    json_t *json = NULL;
    char *id = hex_of(qp_span_of(example->ledger_id.bytes, 32));
    MUST(qp_vkey_init(&vkey, qp_span_text(EXAMPLE_ORIGIN), QP_VKEY_NOTE,
                      &example->keys[EXAMPLE_LOG].public_key, err));
    qp_vkey_format(&vkey, log);
    MUST(qp_vkey_init(&vkey, qp_span_text(EXAMPLE_WITNESS_NAME), QP_VKEY_COSIGNATURE,
                      &example->keys[EXAMPLE_WITNESS].public_key, err));
    qp_vkey_format(&vkey, witness);
    MUST(qp_buf_addf(&text, err,
                     "{\"policy\":\"quipu/policy/v1\",\"ledger_id\":\"%s\",\"log\":[\"log %s\","
                     "\"witness W1 %s\",\"quorum W1\"],\"assessors\":[\"geo-andes\"],"
                     "\"cut_off\":\"2020-12-31\",\"checkpoint_age_days_max\":30,\"require\":["
                     "\"authentic\",\"authorised\",\"unbroken\",\"conserved\",\"located\","
                     "\"deforestation-free\",\"current\"]}\n",
                     id, log, witness));
    SAY(writer,
        "### 21.10 Policy\n\nUnder this policy, at 2026-08-02T16:00:00Z, every line of the "
        "bundle's "
        "verdict is PASS but `legal`, which is NOT SHOWN; the verdict passes.\n\n```json "
        "policy\n%.*s```\n\n",
        (int)text.len, (const char *)text.data);
    MUST(qp_json_parse(qp_span_buf(&text), &json, err));
    keep(writer, "policy", json);
    (void)snprintf(path, sizeof path, "%s/tests/vectors/policy.json", dir);
    write_file(path, qp_span_buf(&text));
    qp_buf_wipe(&text);
    free(id);
}

static void write_codes(struct writer *writer)
{
    static const char *const lines[] = {"authentic", "authorised",         "unbroken", "conserved",
                                        "located",   "deforestation-free", "legal",    "current"};
    SAY(writer, "| Code | Line | Meaning |\n|---|---|---|\n");
    for (const struct qp_rule_code *code = qp_rule_codes; code->code != NULL; code++) {
        SAY(writer, "| %s | %s | %s |\n", code->code, lines[code->line], code->meaning);
    }
}

static struct qp_buf read_file(const char *path)
{
    struct qp_buf buf = {0};
    char part[4096];
    FILE *file = fopen(path, "rb");
    QP_ASSERT(file != NULL);
    for (size_t got = 1; got > 0;) {
        got = fread(part, 1, sizeof part, file);
        MUST(qp_buf_add(&buf, qp_span_of(part, got), err));
    }
    fclose(file);
    MUST(qp_buf_add(&buf, qp_span_of("", 1), err)); /* a text */
    return buf;
}

/* Put the text between the two comment lines that begin with these words. */
static void replace(struct qp_buf *document, const char *begin, const char *end,
                    struct qp_span text)
{
    char *from = strstr((char *)document->data, begin);
    QP_ASSERT(from != NULL);
    from = strchr(from, '\n') + 1;
    char *to = strstr(from, end);
    QP_ASSERT(to != NULL);
    struct qp_buf made = {0};
    MUST(qp_buf_add(&made, qp_span_of(document->data, (size_t)(from - (char *)document->data)),
                    err));
    MUST(qp_buf_add_text(&made, "\n", err));
    MUST(qp_buf_add(&made, text, err));
    MUST(qp_buf_add_text(&made, text.data[text.len - 2] == '\n' ? "" : "\n", err));
    MUST(qp_buf_add_text(&made, to, err));
    MUST(qp_buf_add(&made, qp_span_of("", 1), err));
    qp_buf_wipe(document);
    *document = made;
}

static void write_json(const char *dir, const char *name, json_t *json)
{
    char path[4096];
    struct qp_buf text = {0};
    (void)snprintf(path, sizeof path, "%s/tests/vectors/%s", dir, name);
    MUST(qp_json_print(json, 1, &text, err));
    MUST(qp_buf_add_text(&text, "\n", err));
    write_file(path, qp_span_buf(&text));
    qp_buf_wipe(&text);
    json_decref(json);
}

static json_t *hashes_json(const uint8_t *bytes, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        char *hex = hex_of(qp_span_of(bytes + 32 * i, 32));
        QP_ASSERT(json_array_append_new(list, json_string(hex)) == 0);
        free(hex);
    }
    return list;
}

/* Every set of proven leaves of trees of up to 6 leaves; leaf i is H(00 ‖ u32 i). */
static json_t *multi_proofs(void)
{
    struct qp_hash leaves[6];
    json_t *cases = json_array();
    for (uint32_t i = 0; i < QP_COUNT(leaves); i++) {
        uint8_t bytes[4];
        qp_store_be32(bytes, i);
        qp_hash_leaf(&leaves[i], qp_span_of(bytes, sizeof bytes));
    }
    for (uint64_t size = 1; size <= QP_COUNT(leaves); size++) {
        struct qp_hash root;
        qp_merkle_root(leaves, (size_t)size, &root);
        for (uint32_t set = 1; set < 1U << size; set++) {
            uint64_t indexes[QP_COUNT(leaves)];
            size_t count = 0;
            json_t *proven = json_array();
            for (uint64_t i = 0; i < size; i++) {
                if ((set >> i & 1) != 0) {
                    indexes[count++] = i;
                    (void)json_array_append_new(proven, json_integer((json_int_t)i));
                }
            }
            struct qp_buf proof = example_multi_proof(leaves, size, indexes, count);
            json_t *one = json_object();
            (void)json_object_set_new(one, "size", json_integer((json_int_t)size));
            (void)json_object_set_new(one, "proven", proven);
            (void)json_object_set_new(one, "proof", hashes_json(proof.data, proof.len / 32));
            (void)json_object_set_new(one, "root", hashes_json(root.bytes, 1));
            (void)json_array_append_new(cases, one);
            qp_buf_wipe(&proof);
        }
    }
    return cases;
}

int main(int argc, char **argv)
{
    static struct example example;
    struct writer writer = {.json = json_object()};
    struct writer codes = {0};
    char path[4096];
    if (argc != 2) {
        fprintf(stderr, "usage: make_example SOURCE_DIR\n");
        return 2;
    }
    example_make(&example);
    write_keys(&writer, &example);
    write_contents(&writer, &example);
    write_events(&writer, &example);
    write_statements(&writer, &example);
    write_entries(&writer, &example);
    write_proofs(&writer, &example);
    write_policy(&writer, &example, argv[1]);
    write_codes(&codes);
    (void)snprintf(path, sizeof path, "%s/proto/SPEC.md", argv[1]);
    struct qp_buf document = read_file(path);
    replace(&document, "<!-- example: begin", "<!-- example: end", qp_span_buf(&writer.text));
    replace(&document, "<!-- codes: begin", "<!-- codes: end", qp_span_buf(&codes.text));
    write_file(path, qp_span_text((const char *)document.data));
    write_json(argv[1], "example.json", writer.json);
    write_json(argv[1], "multiproof.json", multi_proofs());
    qp_buf_wipe(&document);
    qp_buf_wipe(&writer.text);
    qp_buf_wipe(&codes.text);
    example_free(&example);
    return 0;
}
