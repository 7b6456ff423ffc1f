/* The entries of a bundle, each by itself: form, signature, events. Blocks of them are checked side
 * by side where there are threads for it. */
#include "proof/slice.h"

#include "core/check.h"
#include "proof/known.h"

#include <string.h>

#define INVALID(...) qp_fail(err, QP_E_INVALID, __VA_ARGS__)
#define BLOCK_ENTRIES 8

/* One pass over all entries. */
struct pass {
    struct qp_slice *slice;
    const struct qp_trust *trust;
    const struct qp_known *known; /* may be NULL */
    enum qp_code (*check)(const struct pass *pass, size_t at, struct qp_arena *scratch,
                          struct qp_err *err);
    struct block *blocks;
    size_t block_count;
};

/* Neighbours, checked by one thread. */
struct block {
    enum qp_code code;
    struct qp_err err;
};

static unsigned long long ull(uint64_t value)
{
    return value;
}

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to take the bundle apart");
}

static bool is_zero(ProtobufCBinaryData bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] != 0) {
            return false;
        }
    }
    return true;
}

static void check_block(void *task, size_t at)
{
    const struct pass *pass = task;
    struct block *block = &pass->blocks[at];
    struct qp_arena scratch;
    size_t first = at * BLOCK_ENTRIES;
    size_t left = pass->slice->entry_count - first;
    size_t end = first + (left < BLOCK_ENTRIES ? left : BLOCK_ENTRIES);
    qp_arena_init(&scratch, 0);
    for (size_t i = first; i < end && block->code == QP_OK; i++) {
        qp_arena_reset(&scratch);
        block->code = pass->check(pass, i, &scratch, &block->err);
    }
    qp_arena_wipe(&scratch);
}

/* Fails as the first entry does that does not hold, whatever the order in which they are checked.
 */
static enum qp_code run(struct pass *pass, const struct qp_executor *executor, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    pass->block_count = (pass->slice->entry_count + BLOCK_ENTRIES - 1) / BLOCK_ENTRIES;
    if (pass->block_count == 0) {
        return QP_OK;
    }
    pass->blocks = qp_alloc_zero(pass->block_count, sizeof *pass->blocks);
    if (pass->blocks == NULL) {
        return no_memory(err);
    }
    bool spread = executor != NULL && pass->block_count > 1;
    if (spread) {
        executor->run(executor->context, check_block, pass, pass->block_count);
    }
    for (size_t i = 0; i < pass->block_count && rc == QP_OK; i++) {
        if (!spread) {
            check_block(pass, i);
        }
        rc = pass->blocks[i].code;
        if (rc != QP_OK && err != NULL) {
            *err = pass->blocks[i].err;
        }
    }
    qp_free(pass->blocks);
    return rc;
}

/* ---- The place of an entry ---- */

static enum qp_code decode_entry(const struct pass *pass, size_t at, struct qp_arena *scratch,
                                 Qp__Entry **decoded, struct qp_err *err)
{
    struct qp_span bytes = qp_span_bytes(pass->slice->bundle->entries[at]->entry);
    enum qp_code rc = qp_entry_decode(bytes, scratch, decoded, err);
    return rc == QP_OK ? QP_OK : qp_prefix(err, rc, "entry %zu of the bundle", at);
}

/* What the tree needs of an entry: its leaf hash and its place. */
static enum qp_code place_entry(const struct pass *pass, size_t at, struct qp_arena *scratch,
                                struct qp_err *err)
{
    struct qp_slice_entry *entry = &pass->slice->entries[at];
    Qp__Entry *decoded = NULL;
    enum qp_code rc = decode_entry(pass, at, scratch, &decoded, err);
    if (rc == QP_OK) {
        entry->index = decoded->index;
        entry->admitted_ms = decoded->admitted_ms;
        entry->previous = qp_bytes_hash(decoded->previous); /* the entry's, until it is checked */
        qp_hash_leaf(&entry->leaf, qp_span_bytes(pass->slice->bundle->entries[at]->entry));
    }
    return rc;
}

static enum qp_code check_place(const struct qp_slice *slice, size_t at, struct qp_err *err)
{
    static const struct qp_hash zeros;
    const struct qp_slice_entry *entry = &slice->entries[at];
    if (at == 0) {
        return entry->index == 0 && qp_hash_eq(&entry->previous, &zeros)
                   ? QP_OK
                   : INVALID("the bundle does not begin with the ledger's opening");
    }
    const struct qp_slice_entry *before = entry - 1;
    if (entry->index <= before->index || entry->admitted_ms < before->admitted_ms) {
        return INVALID("entries %llu and %llu are out of order", ull(before->index),
                       ull(entry->index));
    }
    if (entry->index == before->index + 1 && !qp_hash_eq(&entry->previous, &before->leaf)) {
        return INVALID("entry %llu does not follow from entry %llu", ull(entry->index),
                       ull(before->index));
    }
    return QP_OK;
}

enum qp_code qp_slice_place(struct qp_slice *slice, const struct qp_executor *executor,
                            struct qp_err *err)
{
    struct pass pass = {.slice = slice, .check = place_entry};
    enum qp_code rc = run(&pass, executor, err);
    for (size_t i = 0; rc == QP_OK && i < slice->entry_count; i++) {
        rc = check_place(slice, i, err);
    }
    return rc;
}

/* ---- Its statement and events ---- */

/* The events shown are under the statement's event root, at their positions. */
static enum qp_code check_events(const struct qp_slice *slice, const Qp__BundleEntry *shown,
                                 const Qp__Statement *statement, const struct qp_slice_entry *entry,
                                 struct qp_arena *scratch, struct qp_err *err)
{
    size_t count = shown->n_events;
    if (count != shown->n_positions || shown->event_proof.len % sizeof(struct qp_hash) != 0) {
        return INVALID("entry %llu shows %zu events at %zu positions", ull(entry->index), count,
                       shown->n_positions);
    }
    if (count == 0) {
        return shown->event_proof.len == 0
                   ? QP_OK
                   : INVALID("entry %llu has a proof for no events", ull(entry->index));
    }
    uint64_t *positions = qp_arena_alloc(scratch, count * sizeof *positions);
    struct qp_hash *ids = qp_arena_alloc(scratch, count * sizeof *ids);
    size_t hash_count = shown->event_proof.len / sizeof(struct qp_hash);
    struct qp_hash *hashes = qp_arena_alloc(scratch, (hash_count + 1) * sizeof *hashes);
    if (positions == NULL || ids == NULL || hashes == NULL) {
        return no_memory(err);
    }
    if (hash_count > 0) {
        memcpy(hashes, shown->event_proof.data, shown->event_proof.len);
    }
    for (size_t i = 0; i < count; i++) {
        positions[i] = shown->positions[i];
        ids[i] = slice->events[entry->first_event + i].id;
    }
    struct qp_merkle_multi multi = {
        .leaf_indexes = positions, .leaf_count = count, .tree_size = statement->event_count};
    struct qp_hash root;
    struct qp_hash want = qp_bytes_hash(statement->event_root);
    enum qp_code rc = qp_merkle_multi_root(&multi, ids, hashes, hash_count, &root, err);
    if (rc == QP_OK && !qp_hash_eq(&root, &want)) {
        rc = INVALID("the events do not belong under the statement");
    }
    return rc == QP_OK ? QP_OK : qp_prefix(err, rc, "entry %llu", ull(entry->index));
}

static enum qp_code add_events(struct qp_slice *slice, const Qp__BundleEntry *shown,
                               size_t entry_at, struct qp_arena *scratch, struct qp_err *err)
{
    struct qp_slice_entry *entry = &slice->entries[entry_at];
    for (size_t i = 0; i < shown->n_events; i++) {
        struct qp_slice_event *event = &slice->events[entry->first_event + i];
        Qp__Event *decoded = NULL;
        event->bytes = qp_span_bytes(shown->events[i]);
        event->entry = entry_at;
        event->position = i < shown->n_positions ? shown->positions[i] : 0;
        enum qp_code rc = qp_event_decode(event->bytes, scratch, &decoded, err);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "entry %llu: event %u", ull(entry->index), event->position);
        }
        event->body = decoded->body_case;
        qp_hash_leaf(&event->id, event->bytes);
    }
    return QP_OK;
}

static enum qp_code check_signature(const struct pass *pass, struct qp_slice_entry *entry,
                                    const Qp__Entry *decoded, struct qp_err *err)
{
    struct qp_span statement = qp_span_bytes(decoded->statement);
    memcpy(entry->signature.bytes, decoded->signature.data, sizeof entry->signature.bytes);
    qp_hash_statement(&entry->statement, statement);
    return pass->known != NULL && qp_known_has(pass->known, &entry->statement, &entry->signature)
               ? QP_OK
               : qp_verify(&entry->issuer, qp_span_text(QP_STATEMENT_DOMAIN), statement,
                           &entry->signature, err);
}

static enum qp_code check_statement(const struct pass *pass, const Qp__Entry *decoded, size_t at,
                                    struct qp_arena *scratch, struct qp_err *err)
{
    const struct qp_slice *slice = pass->slice;
    const Qp__BundleEntry *shown = slice->bundle->entries[at];
    struct qp_slice_entry *entry = &slice->entries[at];
    Qp__Statement *statement = NULL;
    enum qp_code rc =
        qp_statement_decode(qp_span_bytes(decoded->statement), scratch, &statement, err);
    if (rc != QP_OK) {
        return qp_prefix(err, rc, "entry %llu: statement", ull(entry->index));
    }
    struct qp_hash ledger = qp_bytes_hash(statement->ledger_id);
    if (!qp_hash_eq(&ledger, &pass->trust->ledger_id)) {
        return INVALID("entry %llu: the statement is for another ledger", ull(entry->index));
    }
    memcpy(entry->issuer.bytes, statement->issuer.data, sizeof entry->issuer.bytes);
    entry->sequence = statement->sequence;
    entry->signed_count = statement->event_count;
    rc = check_signature(pass, entry, decoded, err);
    if (rc != QP_OK) {
        return qp_prefix(err, rc, "entry %llu", ull(entry->index));
    }
    if (statement->given_up > statement->sequence) {
        return INVALID("entry %llu: a statement that gives up more than there was",
                       ull(entry->index));
    }
    entry->first = statement->sequence - statement->given_up;
    entry->previous = qp_bytes_hash(statement->previous);
    if (entry->first == 0 && !is_zero(statement->previous)) {
        return INVALID("entry %llu: a first statement that follows another", ull(entry->index));
    }
    return check_events(slice, shown, statement, entry, scratch, err);
}

static enum qp_code check_entry(const struct pass *pass, size_t at, struct qp_arena *scratch,
                                struct qp_err *err)
{
    Qp__Entry *decoded = NULL;
    enum qp_code rc = decode_entry(pass, at, scratch, &decoded, err);
    rc = rc == QP_OK ? add_events(pass->slice, pass->slice->bundle->entries[at], at, scratch, err)
                     : rc;
    return rc == QP_OK ? check_statement(pass, decoded, at, scratch, err) : rc;
}

/* Room for every event shown, and the place of each entry's. */
static enum qp_code make_room(struct qp_slice *slice, struct qp_err *err)
{
    for (size_t i = 0; i < slice->entry_count; i++) {
        slice->entries[i].first_event = slice->event_count;
        slice->entries[i].event_count = slice->bundle->entries[i]->n_events;
        slice->event_count += slice->entries[i].event_count;
    }
    slice->events = qp_arena_alloc_zero(&slice->arena, slice->event_count, sizeof *slice->events);
    return slice->events != NULL ? QP_OK : no_memory(err);
}

enum qp_code qp_slice_check(struct qp_slice *slice, const struct qp_trust *trust,
                            const struct qp_executor *executor, struct qp_known *known,
                            struct qp_err *err)
{
    struct pass pass = {.slice = slice, .trust = trust, .known = known, .check = check_entry};
    enum qp_code rc = make_room(slice, err);
    rc = rc == QP_OK ? run(&pass, executor, err) : rc;
    for (size_t i = 0; rc == QP_OK && known != NULL && i < slice->entry_count; i++) {
        qp_known_add(known, &slice->entries[i].statement, &slice->entries[i].signature);
    }
    return rc;
}
