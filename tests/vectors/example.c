#include "vectors/example_priv.h"

#include "core/check.h"

#include <string.h>

static void make_keys(struct example *example)
{
    static const char *const names[EXAMPLE_PARTY_COUNT] = {
        "operator", "cooperative", "assessor", "terminal", "importer", "log", "witness"};
    for (size_t i = 0; i < EXAMPLE_PARTY_COUNT; i++) {
        struct example_key *key = &example->keys[i];
        key->name = names[i];
        memset(key->seed.bytes, (int)(i + 1), sizeof key->seed.bytes);
        MUST(qp_key_from_seed(&key->seed, &key->key, err));
        qp_key_public(key->key, &key->public_key);
    }
}

/* Days after 2026-01-05 on which the statements are signed and, an hour later, admitted. */
static const uint64_t days[EXAMPLE_STATEMENTS] = {0, 1, 37, 57, 168, 169, 183, 187, 191, 193};

static void sign_statement(struct example *example, size_t at, uint64_t sequence,
                           const struct qp_hash *previous)
{
    static const struct qp_hash zeros;
    struct example_statement *made = &example->statements[at];
    struct qp_hash ids[8];
    QP_ASSERT(made->event_count <= QP_COUNT(ids));
    for (size_t i = 0; i < made->event_count; i++) {
        ids[i] = example->events[made->first_event + i].id;
    }
    qp_merkle_root(ids, made->event_count, &made->event_root);
    const struct example_key *key = &example->keys[made->issuer];
    Qp__Statement statement = QP__STATEMENT__INIT;
    statement.format = 1;
    statement.ledger_id = qp_hash_bytes(&example->ledger_id);
    statement.algorithm = QP__ALGORITHM__ALGORITHM_ED25519;
    statement.issuer = qp_bytes_span(qp_span_of(key->public_key.bytes, 32));
    statement.sequence = sequence;
    statement.previous = qp_hash_bytes(previous != NULL ? previous : &zeros);
    statement.issued_ms = UINT64_C(1767625200000) + days[at] * 86400000;
    statement.event_count = (uint32_t)made->event_count;
    statement.event_root = qp_hash_bytes(&made->event_root);
    MUST(qp_wire_encode(&qp_rule_statement, &statement, &example->arena, &made->bytes, err));
    qp_hash_statement(&made->link, qp_span_buf(&made->bytes));
    MUST(qp_sign(key->key, qp_span_text(QP_STATEMENT_DOMAIN), qp_span_buf(&made->bytes),
                 &made->signature, err));
}

static void enter(struct example *example, size_t at)
{
    static const struct qp_hash zeros;
    struct example_statement *made = &example->statements[at];
    Qp__Entry entry = QP__ENTRY__INIT;
    entry.index = at;
    entry.previous = qp_hash_bytes(at > 0 ? &example->statements[at - 1].leaf : &zeros);
    entry.admitted_ms = UINT64_C(1767628800000) + days[at] * 86400000;
    entry.statement = qp_bytes_span(qp_span_buf(&made->bytes));
    entry.signature = qp_bytes_span(qp_span_of(made->signature.bytes, 64));
    MUST(qp_wire_encode(&qp_rule_entry, &entry, &example->arena, &made->entry, err));
    qp_hash_leaf(&made->leaf, qp_span_buf(&made->entry));
}

static void make_statements(struct example *example)
{
    static const struct {
        enum example_party issuer;
        size_t event_count;
    } plan[EXAMPLE_STATEMENTS] = {{EXAMPLE_OPERATOR, 1},    {EXAMPLE_OPERATOR, 5},
                                  {EXAMPLE_COOPERATIVE, 4}, {EXAMPLE_ASSESSOR, 1},
                                  {EXAMPLE_COOPERATIVE, 2}, {EXAMPLE_ASSESSOR, 1},
                                  {EXAMPLE_COOPERATIVE, 1}, {EXAMPLE_IMPORTER, 1},
                                  {EXAMPLE_COOPERATIVE, 1}, {EXAMPLE_TERMINAL, 1}};
    uint64_t next[EXAMPLE_PARTY_COUNT] = {0};
    const struct qp_hash *previous[EXAMPLE_PARTY_COUNT] = {NULL};
    size_t event = 0;
    for (size_t i = 0; i < EXAMPLE_STATEMENTS; i++) {
        struct example_statement *made = &example->statements[i];
        made->issuer = plan[i].issuer;
        made->first_event = event;
        made->event_count = plan[i].event_count;
        event += plan[i].event_count;
        sign_statement(example, i, next[made->issuer]++, previous[made->issuer]);
        previous[made->issuer] = &made->link;
        enter(example, i);
    }
    QP_ASSERT(event == EXAMPLE_EVENTS);
}

/* A tree of a few leaves as a reader. */
struct leaves {
    const struct qp_hash *hashes;
    uint64_t size;
};

static enum qp_code node(void *ctx, uint8_t level, uint64_t index, struct qp_hash *out,
                         struct qp_err *err)
{
    const struct leaves *leaves = ctx;
    (void)err;
    QP_ASSERT((index + 1) << level <= leaves->size);
    qp_merkle_root(leaves->hashes + (index << level), (size_t)1 << level, out);
    return QP_OK;
}

struct qp_buf example_multi_proof(const struct qp_hash *leaves, uint64_t size,
                                  const uint64_t *indexes, size_t count)
{
    struct leaves tree = {leaves, size};
    struct qp_merkle_reader reader = {&tree, node};
    struct qp_merkle_multi multi = {indexes, count, size};
    struct qp_hash hashes[64];
    struct qp_buf proof = {0};
    size_t hash_count = 0;
    MUST(qp_merkle_multi_proof(&reader, &multi, hashes, QP_COUNT(hashes), &hash_count, err));
    MUST(qp_buf_add(&proof, qp_span_of(hashes, hash_count * sizeof hashes[0]), err));
    return proof;
}

static void make_checkpoint(struct example *example, const struct qp_hash *leaves)
{
    struct qp_checkpoint checkpoint = {.origin = EXAMPLE_ORIGIN, .size = EXAMPLE_STATEMENTS};
    struct qp_buf text = {0};
    qp_merkle_root(leaves, EXAMPLE_STATEMENTS, &example->root);
    checkpoint.root = example->root;
    MUST(qp_checkpoint_format(&checkpoint, &text, err));
    MUST(qp_note_sign(qp_span_buf(&text), example->keys[EXAMPLE_LOG].key,
                      qp_span_text(EXAMPLE_ORIGIN), &example->checkpoint, err));
    MUST(qp_cosign_line(qp_span_buf(&text), example->keys[EXAMPLE_WITNESS].key,
                        qp_span_text(EXAMPLE_WITNESS_NAME), EXAMPLE_COSIGNED_S,
                        &example->checkpoint, err));
    qp_buf_wipe(&text);
}

static void make_receipt(struct example *example, const struct qp_hash *leaves)
{
    struct leaves tree = {leaves, EXAMPLE_STATEMENTS};
    struct qp_merkle_reader reader = {&tree, node};
    struct qp_tlog_proof proof = {.extra = qp_span_buf(&example->statements[4].entry),
                                  .leaf_index = 4,
                                  .checkpoint = qp_span_buf(&example->checkpoint)};
    MUST(qp_merkle_inclusion_proof(&reader, 4, EXAMPLE_STATEMENTS, proof.path, &proof.path_count,
                                   err));
    MUST(qp_tlog_proof_encode(&proof, &example->receipt, err));
}

static Qp__SealedContent *opened(struct example *example, enum example_sealed at)
{
    struct example_content *content = &example->contents[at];
    Qp__SealedContent *sealed = qp_arena_alloc(&example->arena, sizeof *sealed);
    QP_ASSERT(sealed != NULL);
    qp__sealed_content__init(sealed);
    sealed->salt = qp_bytes_span(qp_span_of(content->salt.bytes, 32));
    sealed->content = qp_bytes_span(qp_span_buf(&content->content));
    return sealed;
}

static void make_submission(struct example *example)
{
    struct example_statement *made = &example->statements[2];
    ProtobufCBinaryData events[4];
    Qp__SealedContent *sealed[] = {
        opened(example, EXAMPLE_PRODUCER), opened(example, EXAMPLE_GEOMETRY),
        opened(example, EXAMPLE_PRODUCER_2), opened(example, EXAMPLE_GEOMETRY_2)};
    for (size_t i = 0; i < made->event_count; i++) {
        events[i] = qp_bytes_span(qp_span_buf(&example->events[made->first_event + i].bytes));
    }
    Qp__Submission submission = QP__SUBMISSION__INIT;
    submission.statement = qp_bytes_span(qp_span_buf(&made->bytes));
    submission.signature = qp_bytes_span(qp_span_of(made->signature.bytes, 64));
    submission.n_events = made->event_count;
    submission.events = events;
    submission.n_sealed = QP_COUNT(sealed);
    submission.sealed = sealed;
    MUST(qp_submission_encode(&submission, &example->arena, &example->submission, err));
}

/* The entry with those of its events that are shown; NULL when none is. */
static Qp__BundleEntry *show_entry(struct example *example, size_t at)
{
    struct example_statement *made = &example->statements[at];
    Qp__BundleEntry *entry = qp_arena_alloc(&example->arena, sizeof *entry);
    uint32_t *positions = qp_arena_alloc_zero(&example->arena, 8, sizeof *positions);
    ProtobufCBinaryData *events = qp_arena_alloc_zero(&example->arena, 8, sizeof *events);
    QP_ASSERT(entry != NULL && positions != NULL && events != NULL);
    struct qp_hash ids[8];
    uint64_t indexes[8];
    size_t count = 0;
    for (size_t i = 0; i < made->event_count; i++) {
        const struct example_event *event = &example->events[made->first_event + i];
        ids[i] = event->id;
        if (event->shown) {
            indexes[count] = i;
            positions[count] = (uint32_t)i;
            events[count] = qp_bytes_span(qp_span_buf(&event->bytes));
            count++;
        }
    }
    if (count == 0) {
        return NULL;
    }
    struct qp_buf proof = example_multi_proof(ids, made->event_count, indexes, count);
    char *copy = qp_arena_text(&example->arena, qp_span_buf(&proof));
    QP_ASSERT(copy != NULL);
    qp__bundle_entry__init(entry);
    entry->entry = qp_bytes_span(qp_span_buf(&made->entry));
    entry->n_positions = count;
    entry->positions = positions;
    entry->n_events = count;
    entry->events = events;
    entry->event_proof = qp_bytes_span(qp_span_of(copy, proof.len));
    qp_buf_wipe(&proof);
    return entry;
}

static void make_bundle(struct example *example, const struct qp_hash *leaves)
{
    Qp__BundleEntry *entries[EXAMPLE_STATEMENTS];
    uint64_t indexes[EXAMPLE_STATEMENTS];
    size_t count = 0;
    for (size_t i = 0; i < EXAMPLE_STATEMENTS; i++) {
        entries[count] = show_entry(example, i);
        if (entries[count] != NULL) {
            indexes[count++] = i;
        }
    }
    enum example_sealed low = EXAMPLE_PRODUCER;
    enum example_sealed high = EXAMPLE_GEOMETRY;
    if (memcmp(example->contents[low].commitment.bytes, example->contents[high].commitment.bytes,
               32) > 0) {
        low = EXAMPLE_GEOMETRY;
        high = EXAMPLE_PRODUCER;
    }
    Qp__SealedContent *sealed[] = {opened(example, low), opened(example, high)};
    example->tree_proof = example_multi_proof(leaves, EXAMPLE_STATEMENTS, indexes, count);
    Qp__Bundle bundle = QP__BUNDLE__INIT;
    bundle.shipment = qp_arena_text(&example->arena, qp_span_text(EXAMPLE_SHIPMENT));
    bundle.checkpoint = qp_bytes_span(qp_span_buf(&example->checkpoint));
    bundle.n_entries = count;
    bundle.entries = entries;
    bundle.tree_proof = qp_bytes_span(qp_span_buf(&example->tree_proof));
    bundle.n_sealed = QP_COUNT(sealed);
    bundle.sealed = sealed;
    MUST(qp_bundle_encode(&bundle, &example->arena, &example->bundle, err));
}

void example_make(struct example *example)
{
    struct qp_hash leaves[EXAMPLE_STATEMENTS];
    memset(example, 0, sizeof *example);
    MUST(qp_init(err));
    qp_arena_init(&example->arena, 0);
    make_keys(example);
    example_make_events(example);
    make_statements(example);
    for (size_t i = 0; i < EXAMPLE_STATEMENTS; i++) {
        leaves[i] = example->statements[i].leaf;
    }
    make_checkpoint(example, leaves);
    make_receipt(example, leaves);
    make_submission(example);
    make_bundle(example, leaves);
}

void example_free(struct example *example)
{
    for (size_t i = 0; i < EXAMPLE_PARTY_COUNT; i++) {
        qp_key_free(example->keys[i].key);
    }
    for (size_t i = 0; i < EXAMPLE_SEALED_COUNT; i++) {
        qp_buf_wipe(&example->contents[i].content);
    }
    for (size_t i = 0; i < EXAMPLE_EVENTS; i++) {
        qp_buf_wipe(&example->events[i].bytes);
    }
    for (size_t i = 0; i < EXAMPLE_STATEMENTS; i++) {
        qp_buf_wipe(&example->statements[i].bytes);
        qp_buf_wipe(&example->statements[i].entry);
    }
    struct qp_buf *rest[] = {&example->checkpoint, &example->submission, &example->receipt,
                             &example->tree_proof, &example->bundle};
    for (size_t i = 0; i < QP_COUNT(rest); i++) {
        qp_buf_wipe(rest[i]);
    }
    qp_arena_wipe(&example->arena);
}
