#include "vectors/document.h"

#include "test.h"

#include <quipu/geo.h>
#include <quipu/note.h>

#include "core/check.h"
#include "wire/json.h"

static const char *const parties[DOCUMENT_PARTIES] = {
    "operator", "cooperative", "assessor", "terminal", "importer", "log", "witness"};
static const char *const contents[DOCUMENT_CONTENTS] = {"producer-1", "geometry-1", "producer-2",
                                                        "geometry-2"};
/* Which party signs each statement, and how many events it has. */
const size_t document_issuers[DOCUMENT_STATEMENTS] = {0, 0, 1, 2, 1, 2, 1, 4, 1, 3};
static const size_t counts[DOCUMENT_STATEMENTS] = {1, 5, 4, 1, 2, 1, 1, 1, 1, 1};
/* The entries in the bundle, and how many of their first events it shows. */
static const uint64_t shown_entries[] = {0, 1, 2, 3, 4, 6, 8, 9};
static const size_t shown_events[] = {1, 5, 2, 1, 1, 1, 1, 1};
const size_t document_first_events[DOCUMENT_STATEMENTS] = {0, 1, 6, 10, 11, 13, 14, 15, 16, 17};

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
    assert_true(document->count < DOCUMENT_BLOCKS_MAX &&
                label_len < sizeof document->blocks[0].label);
    struct block *block = &document->blocks[document->count++];
    memset(block, 0, sizeof *block);
    memcpy(block->label, label, label_len);
    return block;
}

/* Hexadecimal digits with line ends between them. */
struct qp_span document_unhex(struct document *document, const char *text, size_t len)
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
        block->bytes = document_unhex(document, space, (size_t)(stop - space));
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
            block->bytes = block->is_text ? qp_span_of(line + 1, len)
                                          : document_unhex(document, line + 1, len);
        }
        at = end + strlen(fence);
    }
}

struct qp_span document_get(struct document *document, const char *label)
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

const char *document_label(const char *what, size_t at)
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
    struct qp_span have = document_get(document, label);
    if (have.len != len || memcmp(have.data, bytes, len) != 0) {
        wrong(document, label);
    }
}

/* 32 bytes of a block; zeros when they are not there. */
static void get_32(struct document *document, const char *label, uint8_t out[32])
{
    struct qp_span have = document_get(document, label);
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
    if (qp_json_parse(document_get(document, label), &json, NULL) != QP_OK ||
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
    for (size_t i = 0; i < DOCUMENT_PARTIES; i++) {
        struct qp_seed seed;
        get_32(document, named("seed", parties[i]), seed.bytes);
        assert_ok(qp_key_from_seed(&seed, &document->keys[i], err));
        qp_key_public(document->keys[i], &document->public_keys[i]);
        expect(document, named("public", parties[i]), document->public_keys[i].bytes, 32);
    }
}

static void check_contents(struct document *document)
{
    for (size_t i = 0; i < DOCUMENT_CONTENTS; i++) {
        struct qp_salt salt;
        struct qp_hash commitment;
        struct qp_geometry geometry;
        struct qp_span content = document_get(document, named("content", contents[i]));
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
    for (size_t i = 0; i < DOCUMENT_EVENTS; i++) {
        struct qp_span bytes = document_get(document, document_label("event", i));
        qp_hash_leaf(&document->ids[i], bytes);
        expect(document, document_label("id", i), document->ids[i].bytes, 32);
        expect_json(document, &qp_rule_event, document_label("json-event", i), bytes);
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
    struct qp_span bytes = document_get(document, document_label("statement", at));
    const struct qp_public_key *issuer = &document->public_keys[document_issuers[at]];
    struct qp_hash root;
    struct qp_hash link;
    struct qp_signature signature;
    Qp__Statement *made = NULL;
    qp_merkle_root(&document->ids[document_first_events[at]], counts[at], &root);
    expect(document, document_label("event-root", at), root.bytes, 32);
    qp_hash_statement(&link, bytes);
    expect(document, document_label("link", at), link.bytes, 32);
    assert_ok(qp_sign(document->keys[document_issuers[at]], qp_span_text(QP_STATEMENT_DOMAIN),
                      bytes, &signature, err));
    expect(document, document_label("signature", at), signature.bytes, 64);
    expect_json(document, &qp_rule_statement, document_label("json-statement", at), bytes);
    if (qp_statement_decode(bytes, &document->arena, &made, NULL) != QP_OK || made->format != 1 ||
        !is_hash(made->ledger_id, &document->ids[0]) || made->sequence != sequence ||
        memcmp(made->issuer.data, issuer->bytes, 32) != 0 || !is_hash(made->previous, previous) ||
        made->event_count != counts[at] || !is_hash(made->event_root, &root)) {
        wrong(document, document_label("statement", at));
    }
}

static void check_entry(struct document *document, size_t at)
{
    static const struct qp_hash zeros;
    struct qp_span bytes = document_get(document, document_label("entry", at));
    Qp__Entry *entry = NULL;
    qp_hash_leaf(&document->leaves[at], bytes);
    expect(document, document_label("leaf", at), document->leaves[at].bytes, 32);
    if (qp_entry_decode(bytes, &document->arena, &entry, NULL) != QP_OK || entry->index != at ||
        !is_hash(entry->previous, at > 0 ? &document->leaves[at - 1] : &zeros)) {
        wrong(document, document_label("entry", at));
        return;
    }
    expect(document, document_label("statement", at), entry->statement.data, entry->statement.len);
    expect(document, document_label("signature", at), entry->signature.data, entry->signature.len);
}

static void check_log(struct document *document)
{
    uint64_t sequences[DOCUMENT_PARTIES] = {0};
    struct qp_hash links[DOCUMENT_PARTIES] = {{{0}}};
    for (size_t i = 0; i < DOCUMENT_STATEMENTS; i++) {
        check_statement(document, i, sequences[document_issuers[i]]++, &links[document_issuers[i]]);
        get_32(document, document_label("link", i), links[document_issuers[i]].bytes);
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
    struct qp_checkpoint checkpoint = {.origin = ORIGIN, .size = DOCUMENT_STATEMENTS};
    struct qp_buf text = {0};
    struct qp_buf note = {0};
    qp_merkle_root(document->leaves, DOCUMENT_STATEMENTS, &checkpoint.root);
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
    if (qp_tlog_proof_decode(document_get(document, "receipt-4"), &proof, &extra, NULL) != QP_OK) {
        wrong(document, "receipt-4");
        qp_buf_wipe(&extra);
        return;
    }
    get_32(document, "root", root.bytes);
    if (proof.leaf_index != 4 ||
        qp_merkle_inclusion_check(4, DOCUMENT_STATEMENTS, &document->leaves[4], proof.path,
                                  proof.path_count, &root, NULL) != QP_OK) {
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
    get_32(document, document_label("event-root", at), want.bytes);
    if (proof.len > sizeof hashes || proof.len % 32 != 0) {
        wrong(document, "bundle");
        return;
    }
    if (proof.len > 0) {
        memcpy(hashes, proof.data, proof.len);
        expect(document, document_label("event-proof", at), proof.data, proof.len);
    }
    if (qp_merkle_multi_root(&multi, &document->ids[document_first_events[at]], hashes,
                             proof.len / 32, &root, NULL) != QP_OK ||
        !qp_hash_eq(&root, &want)) {
        wrong(document, document_label("event-proof", at));
    }
}

static void check_bundle_entry(struct document *document, const Qp__BundleEntry *entry, size_t at,
                               size_t count)
{
    expect(document, document_label("entry", at), entry->entry.data, entry->entry.len);
    if (entry->n_events != count || entry->n_positions != count) {
        wrong(document, "bundle");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        expect(document, document_label("event", document_first_events[at] + i),
               entry->events[i].data, entry->events[i].len);
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
    struct qp_merkle_multi multi = {shown_entries, COUNT, DOCUMENT_STATEMENTS};
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
    if (qp_bundle_decode(document_get(document, "bundle"), &document->arena, &bundle, NULL) !=
            QP_OK ||
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
    struct qp_span bytes = document_get(document, "submission-2");
    if (qp_submission_decode(bytes, &document->arena, &submission, &used, NULL) != QP_OK ||
        used != bytes.len || submission->n_events != 4 ||
        submission->n_sealed != DOCUMENT_CONTENTS) {
        wrong(document, "submission-2");
        return;
    }
    expect(document, "statement-2", submission->statement.data, submission->statement.len);
    expect(document, "signature-2", submission->signature.data, submission->signature.len);
    for (size_t i = 0; i < 4; i++) {
        expect(document, document_label("event", 6 + i), submission->events[i].data,
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
    struct qp_span log = document_get(document, "vkey-log");
    struct qp_span witness = document_get(document, "vkey-witness");
    qp_hash_hex(id, &document->ids[0]);
    int len = snprintf(text, sizeof text, form, id, (int)log.len - 1, (const char *)log.data,
                       (int)witness.len - 1, (const char *)witness.data);
    assert_true(len > 0 && (size_t)len < sizeof text);
    expect(document, "policy", text, (size_t)len);
}

/* The label of the first thing that does not hold, or NULL. */
const char *document_check(struct document *document, const char *text)
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

void document_close(struct document *document)
{
    for (size_t i = 0; i < DOCUMENT_PARTIES; i++) {
        qp_key_free(document->keys[i]);
    }
    qp_arena_wipe(&document->arena);
}
