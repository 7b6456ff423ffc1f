/* A forger's workshop: a log of one's own, that admits whatever it is given, and bundles made from
 * it.
 *
 * Events are written as JSON. `forge_sign` turns those written since the last call into a statement
 * and an entry; `forge_bundle` shows all of them, but for what `hide` takes out. Everything is
 * fixed by seeds. Fails the test on any error. */
#ifndef QP_TESTS_PROOF_FORGE_H
#define QP_TESTS_PROOF_FORGE_H

#include "test.h"

#include <quipu/geo.h>
#include <quipu/key.h>
#include <quipu/proof.h>

#include "core/alloc.h"
#include "wire/json.h"
#include "wire/wire.h"

#include <stdarg.h>

/* A test that wants more says so before it includes this. */
#ifndef FORGE_EVENTS_MAX
#define FORGE_EVENTS_MAX 64
#endif
#ifndef FORGE_SEALED_MAX
#define FORGE_SEALED_MAX 32
#endif
#define FORGE_ENTRIES_MAX 64
#define FORGE_PARTIES_MAX 12
#define FORGE_ORIGIN "forge.example/log"
#define FORGE_NOW_MS UINT64_C(1795000000000) /* 2026-11-18 */

struct forge_party {
    const char *name;
    struct qp_key *key;
    struct qp_public_key public_key;
    char hex[65];
    uint64_t sequence;
    struct qp_hash previous;
};

struct forge_entry {
    struct qp_span entry;
    struct qp_hash leaf;
    struct qp_span events[FORGE_EVENTS_MAX];
    struct qp_hash ids[FORGE_EVENTS_MAX];
    size_t event_count;
    uint64_t hidden; /* bit for each of the first 64 events that a bundle leaves out */
};

struct forge {
    struct qp_arena arena;
    struct forge_party parties[FORGE_PARTIES_MAX];
    size_t party_count;
    struct qp_key *log_key;
    struct qp_vkey log_vkey;
    struct qp_hash ledger_id;
    struct forge_entry entries[FORGE_ENTRIES_MAX];
    size_t entry_count;
    struct qp_span pending[FORGE_EVENTS_MAX];
    size_t pending_count;
    struct qp_hash other_ledger; /* sign for this one when it is not zero */
    const Qp__SealedContent *sealed[FORGE_SEALED_MAX];
    size_t sealed_count;
    unsigned nonce;
    uint32_t given_up; /* the next statement says so; the test sets the party's `previous` */
    const char *date;  /* of the events to come; NULL: one after the other in June 2026 */
};

static inline struct forge_party *forge_party(struct forge *forge, const char *name)
{
    for (size_t i = 0; i < forge->party_count; i++) {
        if (strcmp(forge->parties[i].name, name) == 0) {
            return &forge->parties[i];
        }
    }
    struct forge_party *party = &forge->parties[forge->party_count++];
    struct qp_seed seed = {{(uint8_t)forge->party_count, 77}};
    *party = (struct forge_party){.name = name};
    assert_ok(qp_key_from_seed(&seed, &party->key, err));
    qp_key_public(party->key, &party->public_key);
    qp_hex_encode(party->hex, qp_span_of(party->public_key.bytes, 32));
    return party;
}

/* Keep a copy of the bytes for the life of the workshop. */
static inline struct qp_span forge_keep(struct forge *forge, struct qp_span bytes)
{
    uint8_t *copy = qp_arena_alloc(&forge->arena, bytes.len);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.len);
    return qp_span_of(copy, bytes.len);
}

/* Seal a content; its commitment in hexadecimal. */
static inline const char *forge_seal(struct forge *forge, struct qp_span content)
{
    uint8_t salt[32] = {(uint8_t)(forge->sealed_count + 1), 5,
                        (uint8_t)((forge->sealed_count + 1) >> 8)};
    struct qp_salt fixed;
    struct qp_hash commitment;
    char *hex = qp_arena_alloc(&forge->arena, 65);
    Qp__SealedContent *sealed = qp_arena_alloc(&forge->arena, sizeof *sealed);
    memcpy(fixed.bytes, salt, sizeof salt);
    qp__sealed_content__init(sealed);
    sealed->salt = qp_bytes_span(forge_keep(forge, qp_span_of(salt, sizeof salt)));
    sealed->content = qp_bytes_span(forge_keep(forge, content));
    forge->sealed[forge->sealed_count++] = sealed;
    qp_hash_sealed(&commitment, &fixed, content);
    qp_hash_hex(hex, &commitment);
    return hex;
}

/* Write an event; nonce and time are put in. */
static inline void forge_event(struct forge *forge, const char *format, ...) QP_PRINTF(2, 3);
static inline void forge_event(struct forge *forge, const char *format, ...)
{
    static char body[16384];
    static char text[17000];
    va_list arguments;
    va_start(arguments, format);
    assert_true(vsnprintf(body, sizeof body, format, arguments) < (int)sizeof body);
    va_end(arguments);
    char date[16];
    snprintf(date, sizeof date, "2026-06-%02u", 1 + forge->nonce / 8 % 28);
    snprintf(text, sizeof text, "{\"nonce\": \"%032x\", \"occurred\": \"%sT12:00:00Z\", %s}",
             forge->nonce + 1, forge->date != NULL ? forge->date : date, body);
    forge->nonce++;
    json_t *json = NULL;
    Qp__Event *event = NULL;
    struct qp_buf bytes = {0};
    assert_ok(qp_json_parse(qp_span_text(text), &json, err));
    assert_ok(qp_json_decode(&qp_rule_event, json, &forge->arena, &event, err));
    assert_ok(qp_wire_encode(&qp_rule_event, event, &forge->arena, &bytes, err));
    forge->pending[forge->pending_count++] = forge_keep(forge, qp_span_buf(&bytes));
    qp_buf_wipe(&bytes);
    json_decref(json);
}

/* Sign what is pending as one statement, with a key that may be another's. */
static inline struct forge_entry *forge_sign(struct forge *forge, const char *name)
{
    struct forge_party *party = forge_party(forge, name);
    struct forge_entry *made = &forge->entries[forge->entry_count];
    Qp__Statement statement = QP__STATEMENT__INIT;
    Qp__Entry entry = QP__ENTRY__INIT;
    struct qp_hash root;
    struct qp_hash zero = {{0}};
    struct qp_signature signature;
    struct qp_buf bytes = {0};
    assert_true(forge->entry_count < FORGE_ENTRIES_MAX);
    *made = (struct forge_entry){.event_count = forge->pending_count};
    for (size_t i = 0; i < forge->pending_count; i++) {
        made->events[i] = forge->pending[i];
        qp_hash_leaf(&made->ids[i], forge->pending[i]);
    }
    qp_merkle_root(made->ids, made->event_count, &root);
    if (forge->entry_count == 0) {
        forge->ledger_id = root;
    }
    bool other = !qp_hash_eq(&forge->other_ledger, &zero);
    statement.format = 1;
    statement.ledger_id = qp_hash_bytes(other ? &forge->other_ledger : &forge->ledger_id);
    statement.algorithm = QP__ALGORITHM__ALGORITHM_ED25519;
    statement.issuer = qp_bytes_span(qp_span_of(party->public_key.bytes, 32));
    statement.sequence = party->sequence++;
    statement.previous = qp_hash_bytes(&party->previous);
    statement.issued_ms = UINT64_C(1790000000000);
    statement.event_count = (uint32_t)made->event_count;
    statement.event_root = qp_hash_bytes(&root);
    statement.given_up = forge->given_up;
    forge->given_up = 0;
    assert_ok(qp_wire_encode(&qp_rule_statement, &statement, &forge->arena, &bytes, err));
    struct qp_span signed_bytes = forge_keep(forge, qp_span_buf(&bytes));
    assert_ok(
        qp_sign(party->key, qp_span_text(QP_STATEMENT_DOMAIN), signed_bytes, &signature, err));
    qp_hash_statement(&party->previous, signed_bytes);
    entry.index = forge->entry_count;
    entry.previous =
        qp_hash_bytes(forge->entry_count == 0 ? &zero : &forge->entries[entry.index - 1].leaf);
    entry.admitted_ms = UINT64_C(1794000000000) + entry.index;
    entry.statement = qp_bytes_span(signed_bytes);
    entry.signature = qp_bytes_span(qp_span_of(signature.bytes, 64));
    bytes.len = 0;
    assert_ok(qp_wire_encode(&qp_rule_entry, &entry, &forge->arena, &bytes, err));
    made->entry = forge_keep(forge, qp_span_buf(&bytes));
    qp_hash_leaf(&made->leaf, made->entry);
    qp_buf_wipe(&bytes);
    forge->pending_count = 0;
    forge->entry_count++;
    return made;
}

static inline void forge_init(struct forge *forge)
{
    struct qp_seed seed = {{200, 1}};
    struct qp_public_key public_key;
    char hex[65];
    memset(forge, 0, sizeof *forge); /* too large for a copy on the stack */
    qp_arena_init(&forge->arena, 0);
    assert_ok(qp_init(err));
    assert_ok(qp_key_from_seed(&seed, &forge->log_key, err));
    qp_key_public(forge->log_key, &public_key);
    assert_ok(
        qp_vkey_init(&forge->log_vkey, qp_span_text(FORGE_ORIGIN), QP_VKEY_NOTE, &public_key, err));
    qp_hex_encode(hex, qp_span_of(public_key.bytes, 32));
    forge_event(forge,
                "\"ledger_opened\": {\"origin\": \"%s\", \"name\": \"Forge\", \"operator\": "
                "{\"party\": \"operator\", \"legal_name\": \"Operator\", \"country\": \"PE\", "
                "\"roles\": [\"operator\", \"registrar\"], \"key\": \"%s\"}, \"log_key\": \"%s\"}",
                FORGE_ORIGIN, forge_party(forge, "operator")->hex, hex);
    forge_sign(forge, "operator");
}

static inline void forge_wipe(struct forge *forge)
{
    for (size_t i = 0; i < forge->party_count; i++) {
        qp_key_free(forge->parties[i].key);
    }
    qp_key_free(forge->log_key);
    qp_arena_wipe(&forge->arena);
}

static inline void forge_enrol(struct forge *forge, const char *name, const char *roles)
{
    forge_event(forge,
                "\"party_enrolled\": {\"party\": \"%s\", \"legal_name\": \"%s\", \"country\": "
                "\"PE\", \"roles\": [%s], \"key\": \"%s\"}",
                name, name, roles, forge_party(forge, name)->hex);
}

/* The checkpoint over all entries, signed by `key`. */
static inline struct qp_span forge_checkpoint(struct forge *forge, const struct qp_key *key)
{
    struct qp_checkpoint checkpoint = {.size = forge->entry_count};
    struct qp_hash leaves[FORGE_ENTRIES_MAX];
    struct qp_buf text = {0};
    struct qp_buf note = {0};
    for (size_t i = 0; i < forge->entry_count; i++) {
        leaves[i] = forge->entries[i].leaf;
    }
    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", FORGE_ORIGIN);
    qp_merkle_root(leaves, forge->entry_count, &checkpoint.root);
    assert_ok(qp_checkpoint_format(&checkpoint, &text, err));
    assert_ok(qp_note_sign(qp_span_buf(&text), key, qp_span_text(FORGE_ORIGIN), &note, err));
    struct qp_span kept = forge_keep(forge, qp_span_buf(&note));
    qp_buf_wipe(&text);
    qp_buf_wipe(&note);
    return kept;
}

struct forge_hashes {
    const struct qp_hash *leaves;
    size_t count;
};

static inline enum qp_code forge_node(void *context, uint8_t level, uint64_t index,
                                      struct qp_hash *out, struct qp_err *err)
{
    const struct forge_hashes *hashes = context;
    (void)err;
    size_t width = (size_t)1 << level;
    qp_merkle_root(hashes->leaves + index * width, width, out);
    return QP_OK;
}

static inline ProtobufCBinaryData forge_multi(struct forge *forge, const struct qp_hash *leaves,
                                              size_t leaf_count, const uint64_t *shown,
                                              size_t shown_count)
{
    struct forge_hashes hashes = {.leaves = leaves, .count = leaf_count};
    struct qp_merkle_reader reader = {.ctx = &hashes, .node = forge_node};
    struct qp_merkle_multi multi = {
        .leaf_indexes = shown, .leaf_count = shown_count, .tree_size = leaf_count};
    struct qp_hash proof[256];
    size_t count = 0;
    assert_ok(qp_merkle_multi_proof(&reader, &multi, proof, 256, &count, err));
    return qp_bytes_span(forge_keep(forge, qp_span_of(proof, count * sizeof *proof)));
}

static inline int forge_order(const void *a, const void *b)
{
    const Qp__SealedContent *const *one = a;
    const Qp__SealedContent *const *two = b;
    struct qp_hash left;
    struct qp_hash right;
    struct qp_salt salt;
    memcpy(salt.bytes, (*one)->salt.data, 32);
    qp_hash_sealed(&left, &salt, qp_span_bytes((*one)->content));
    memcpy(salt.bytes, (*two)->salt.data, 32);
    qp_hash_sealed(&right, &salt, qp_span_bytes((*two)->content));
    return memcmp(left.bytes, right.bytes, 32);
}

static inline Qp__BundleEntry *forge_show(struct forge *forge, size_t at)
{
    const struct forge_entry *from = &forge->entries[at];
    Qp__BundleEntry *shown = qp_arena_alloc(&forge->arena, sizeof *shown);
    uint64_t positions[FORGE_EVENTS_MAX];
    qp__bundle_entry__init(shown);
    shown->entry = qp_bytes_span(from->entry);
    shown->positions = qp_arena_alloc_zero(&forge->arena, FORGE_EVENTS_MAX, sizeof(uint32_t));
    shown->events =
        qp_arena_alloc_zero(&forge->arena, FORGE_EVENTS_MAX, sizeof(ProtobufCBinaryData));
    for (size_t i = 0; i < from->event_count; i++) {
        if (i >= 64 || (from->hidden >> i & 1) == 0) {
            positions[shown->n_positions] = i;
            shown->positions[shown->n_positions++] = (uint32_t)i;
            shown->events[shown->n_events++] = qp_bytes_span(from->events[i]);
        }
    }
    if (shown->n_events > 0) {
        shown->event_proof =
            forge_multi(forge, from->ids, from->event_count, positions, shown->n_events);
    }
    return shown;
}

/* All entries and all events but the hidden ones; all sealed contents. */
static inline Qp__Bundle *forge_bundle(struct forge *forge, const char *shipment)
{
    Qp__Bundle *bundle = qp_arena_alloc(&forge->arena, sizeof *bundle);
    struct qp_hash leaves[FORGE_ENTRIES_MAX];
    uint64_t indexes[FORGE_ENTRIES_MAX];
    qp__bundle__init(bundle);
    bundle->shipment = qp_arena_text(&forge->arena, qp_span_text(shipment));
    bundle->checkpoint = qp_bytes_span(forge_checkpoint(forge, forge->log_key));
    bundle->entries =
        qp_arena_alloc_zero(&forge->arena, FORGE_ENTRIES_MAX, sizeof *bundle->entries);
    for (size_t i = 0; i < forge->entry_count; i++) {
        bundle->entries[bundle->n_entries++] = forge_show(forge, i);
        leaves[i] = forge->entries[i].leaf;
        indexes[i] = i;
    }
    bundle->tree_proof =
        forge_multi(forge, leaves, forge->entry_count, indexes, forge->entry_count);
    qsort(forge->sealed, forge->sealed_count, sizeof forge->sealed[0], forge_order);
    bundle->sealed = qp_arena_alloc_zero(&forge->arena, FORGE_SEALED_MAX, sizeof *bundle->sealed);
    for (size_t i = 0; i < forge->sealed_count; i++) {
        bundle->sealed[bundle->n_sealed++] = (Qp__SealedContent *)(uintptr_t)forge->sealed[i];
    }
    return bundle;
}

/* With QP_FORGED in the environment, which names a folder, every bundle that a test makes is
 * written there under its hash: the seeds of tests/fuzz/fuzz_remade.c. */
static inline void forge_give_away(struct qp_span file)
{
    const char *folder = getenv("QP_FORGED");
    struct qp_hash hash;
    char hex[65];
    char path[4096];
    if (folder != NULL) {
        qp_hash_leaf(&hash, file);
        qp_hash_hex(hex, &hash);
        snprintf(path, sizeof path, "%s/%.16s", folder, hex);
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(file.data, 1, file.len, out), file.len);
        assert_int_equal(fclose(out), 0);
    }
}

static inline struct qp_span forge_file(struct forge *forge, const Qp__Bundle *bundle)
{
    struct qp_buf file = {0};
    assert_ok(qp_bundle_encode(bundle, &forge->arena, &file, err));
    struct qp_span kept = forge_keep(forge, qp_span_buf(&file));
    qp_buf_wipe(&file);
    forge_give_away(kept);
    return kept;
}

/* A policy that trusts this log, its operator as registrar, and "assessor". `more` is further JSON
 * members, each with a comma before it. */
static inline struct qp_trust *forge_trust(struct forge *forge, const char *more)
{
    char vkey[QP_VKEY_TEXT_BYTES];
    char id[65];
    char text[4096];
    const char *require = strstr(more, "\"require\"") != NULL
                              ? ""
                              : ", \"require\": [\"authentic\", \"authorised\", \"unbroken\", "
                                "\"conserved\", \"located\", \"deforestation-free\"]";
    struct qp_trust *trust = NULL;
    qp_vkey_format(&forge->log_vkey, vkey);
    qp_hash_hex(id, &forge->ledger_id);
    snprintf(text, sizeof text,
             "{\"policy\": \"quipu/policy/v1\", \"ledger_id\": \"%s\", \"log\": [\"log %s\", "
             "\"quorum none\"], \"registrars\": [\"operator\"], %s"
             "\"cut_off\": \"2020-12-31T23:59:59.999Z\"%s%s}",
             id, vkey,
             strstr(more, "\"assessors\"") == NULL ? "\"assessors\": [\"assessor\"], " : "",
             require, more);
    assert_ok(qp_trust_new(qp_span_text(text), &trust, err));
    return trust;
}

#endif
