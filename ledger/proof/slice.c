#include "proof/slice.h"

#include "core/check.h"
#include "rules/graph.h"

#include <stdlib.h>
#include <string.h>

#define INVALID(...) qp_fail(err, QP_E_INVALID, __VA_ARGS__)

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

/* ---- One entry ---- */

/* The events shown are under the statement's event root, at their positions. */
static enum qp_code check_events(struct qp_slice *slice, const Qp__BundleEntry *shown,
                                 const Qp__Statement *statement, const struct qp_slice_entry *entry,
                                 struct qp_err *err)
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
    uint64_t *positions = qp_arena_alloc(&slice->scratch, count * sizeof *positions);
    struct qp_hash *ids = qp_arena_alloc(&slice->scratch, count * sizeof *ids);
    size_t hash_count = shown->event_proof.len / sizeof(struct qp_hash);
    struct qp_hash *hashes = qp_arena_alloc(&slice->scratch, (hash_count + 1) * sizeof *hashes);
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
                               size_t entry_at, struct qp_err *err)
{
    struct qp_slice_entry *entry = &slice->entries[entry_at];
    entry->first_event = slice->event_count;
    for (size_t i = 0; i < shown->n_events; i++) {
        struct qp_slice_event *event = &slice->events[slice->event_count];
        Qp__Event *decoded = NULL;
        event->bytes = qp_span_bytes(shown->events[i]);
        event->entry = entry_at;
        event->position = i < shown->n_positions ? shown->positions[i] : 0;
        enum qp_code rc = qp_event_decode(event->bytes, &slice->scratch, &decoded, err);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "entry %llu: event %u", ull(entry->index), event->position);
        }
        event->body = decoded->body_case;
        qp_hash_leaf(&event->id, event->bytes);
        slice->event_count++;
        entry->event_count++;
    }
    return QP_OK;
}

static enum qp_code check_statement(struct qp_slice *slice, const struct qp_trust *trust,
                                    const Qp__Entry *decoded, const Qp__BundleEntry *shown,
                                    size_t at, struct qp_err *err)
{
    struct qp_slice_entry *entry = &slice->entries[at];
    Qp__Statement *statement = NULL;
    enum qp_code rc =
        qp_statement_decode(qp_span_bytes(decoded->statement), &slice->scratch, &statement, err);
    if (rc != QP_OK) {
        return qp_prefix(err, rc, "entry %llu: statement", ull(entry->index));
    }
    struct qp_hash ledger = qp_bytes_hash(statement->ledger_id);
    if (!qp_hash_eq(&ledger, &trust->ledger_id)) {
        return INVALID("entry %llu: the statement is for another ledger", ull(entry->index));
    }
    struct qp_signature signature;
    memcpy(signature.bytes, decoded->signature.data, sizeof signature.bytes);
    memcpy(entry->issuer.bytes, statement->issuer.data, sizeof entry->issuer.bytes);
    entry->sequence = statement->sequence;
    entry->signed_count = statement->event_count;
    qp_hash_statement(&entry->statement, qp_span_bytes(decoded->statement));
    rc = qp_verify(&entry->issuer, qp_span_text(QP_STATEMENT_DOMAIN),
                   qp_span_bytes(decoded->statement), &signature, err);
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
    return check_events(slice, shown, statement, entry, err);
}

static enum qp_code check_place(const struct qp_slice *slice, const Qp__Entry *decoded, size_t at,
                                struct qp_err *err)
{
    const struct qp_slice_entry *entry = &slice->entries[at];
    if (at == 0) {
        return entry->index == 0 && is_zero(decoded->previous)
                   ? QP_OK
                   : INVALID("the bundle does not begin with the ledger's opening");
    }
    const struct qp_slice_entry *before = entry - 1;
    if (entry->index <= before->index || entry->admitted_ms < before->admitted_ms) {
        return INVALID("entries %llu and %llu are out of order", ull(before->index),
                       ull(entry->index));
    }
    struct qp_hash previous = qp_bytes_hash(decoded->previous);
    if (entry->index == before->index + 1 && !qp_hash_eq(&previous, &before->leaf)) {
        return INVALID("entry %llu does not follow from entry %llu", ull(entry->index),
                       ull(before->index));
    }
    return QP_OK;
}

static enum qp_code decode_entry(struct qp_slice *slice, size_t at, Qp__Entry **decoded,
                                 struct qp_err *err)
{
    qp_arena_reset(&slice->scratch);
    enum qp_code rc = qp_entry_decode(qp_span_bytes(slice->bundle->entries[at]->entry),
                                      &slice->scratch, decoded, err);
    return rc == QP_OK ? QP_OK : qp_prefix(err, rc, "entry %zu of the bundle", at);
}

/* What the tree needs of an entry: its leaf hash and its place. */
static enum qp_code place_entry(struct qp_slice *slice, size_t at, struct qp_err *err)
{
    struct qp_slice_entry *entry = &slice->entries[at];
    Qp__Entry *decoded = NULL;
    enum qp_code rc = decode_entry(slice, at, &decoded, err);
    if (rc != QP_OK) {
        return rc;
    }
    entry->index = decoded->index;
    entry->admitted_ms = decoded->admitted_ms;
    qp_hash_leaf(&entry->leaf, qp_span_bytes(slice->bundle->entries[at]->entry));
    return check_place(slice, decoded, at, err);
}

static enum qp_code check_entry(struct qp_slice *slice, const struct qp_trust *trust, size_t at,
                                struct qp_err *err)
{
    const Qp__BundleEntry *shown = slice->bundle->entries[at];
    Qp__Entry *decoded = NULL;
    enum qp_code rc = decode_entry(slice, at, &decoded, err);
    if (rc == QP_OK) {
        rc = add_events(slice, shown, at, err);
    }
    return rc == QP_OK ? check_statement(slice, trust, decoded, shown, at, err) : rc;
}

/* ---- The tree, the opening ---- */

static enum qp_code check_tree(struct qp_slice *slice, struct qp_err *err)
{
    const Qp__Bundle *bundle = slice->bundle;
    size_t count = slice->entry_count;
    if (slice->entries[count - 1].index + 1 != slice->checkpoint.size) {
        return INVALID("the bundle does not end with the newest entry of its checkpoint");
    }
    if (bundle->tree_proof.len % sizeof(struct qp_hash) != 0) {
        return INVALID("the tree proof is not made of whole hashes");
    }
    size_t hash_count = bundle->tree_proof.len / sizeof(struct qp_hash);
    uint64_t *indexes = qp_arena_alloc(&slice->arena, count * sizeof *indexes);
    struct qp_hash *leaves = qp_arena_alloc(&slice->arena, count * sizeof *leaves);
    struct qp_hash *hashes = qp_arena_alloc(&slice->arena, (hash_count + 1) * sizeof *hashes);
    if (indexes == NULL || leaves == NULL || hashes == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        indexes[i] = slice->entries[i].index;
        leaves[i] = slice->entries[i].leaf;
    }
    if (hash_count > 0) {
        memcpy(hashes, bundle->tree_proof.data, bundle->tree_proof.len);
    }
    struct qp_merkle_multi multi = {
        .leaf_indexes = indexes, .leaf_count = count, .tree_size = slice->checkpoint.size};
    struct qp_hash root;
    enum qp_code rc = qp_merkle_multi_root(&multi, leaves, hashes, hash_count, &root, err);
    if (rc == QP_OK && !qp_hash_eq(&root, &slice->checkpoint.root)) {
        rc = INVALID("the entries do not belong under the checkpoint");
    }
    return rc;
}

/* Entry 0 holds the opening alone; its event is what the policy calls the ledger, and it names the
 * key and origin of the checkpoint. */
static enum qp_code check_opening(struct qp_slice *slice, const struct qp_trust *trust,
                                  struct qp_err *err)
{
    Qp__Event *event = NULL;
    if (slice->entries[0].event_count != 1 || slice->entries[0].signed_count != 1 ||
        slice->entries[0].sequence != 0 || slice->events[0].position != 0 ||
        slice->events[0].body != QP__EVENT__BODY_LEDGER_OPENED ||
        !qp_hash_eq(&slice->events[0].id, &trust->ledger_id)) {
        return INVALID("entry 0 is not the opening of the ledger that the policy names");
    }
    enum qp_code rc = qp_slice_event(slice, 0, &event, err);
    if (rc != QP_OK) {
        return rc;
    }
    const Qp__LedgerOpened *opened = event->ledger_opened;
    const struct qp_vkey *log = qp_policy_log(trust->log, slice->witnesses.log_at);
    if (strcmp(opened->origin, slice->checkpoint.origin) != 0 ||
        !qp_span_eq(qp_span_bytes(opened->log_key),
                    qp_span_of(log->key.bytes, sizeof log->key.bytes))) {
        return INVALID("the checkpoint is not by the log that the ledger's opening names");
    }
    return QP_OK;
}

/* ---- Sealed contents ---- */

struct commitments {
    struct qp_slice *slice;
    size_t room;
    size_t event;
};

static enum qp_code add_commitment(void *context, const char *field, const Qp__Sealed *sealed,
                                   struct qp_err *err)
{
    struct commitments *all = context;
    struct qp_slice *slice = all->slice;
    (void)field;
    if (slice->sealed_count == all->room) {
        size_t room = all->room == 0 ? 64 : 2 * all->room;
        struct qp_slice_sealed *longer = qp_arena_alloc(&slice->arena, room * sizeof *longer);
        if (longer == NULL) {
            return no_memory(err);
        }
        if (slice->sealed_count > 0) {
            memcpy(longer, slice->sealed, slice->sealed_count * sizeof *longer);
        }
        slice->sealed = longer;
        all->room = room;
    }
    slice->sealed[slice->sealed_count++] =
        (struct qp_slice_sealed){.commitment = qp_bytes_hash(sealed->commitment),
                                 .kind = sealed->kind,
                                 .length = sealed->length,
                                 .event = all->event};
    return QP_OK;
}

static int compare_sealed(const void *a, const void *b)
{
    const struct qp_slice_sealed *one = a;
    const struct qp_slice_sealed *two = b;
    int order = memcmp(one->commitment.bytes, two->commitment.bytes, sizeof one->commitment.bytes);
    return order != 0 ? order : (one->event > two->event) - (one->event < two->event);
}

struct qp_slice_sealed *qp_slice_find_sealed(const struct qp_slice *slice,
                                             const struct qp_hash *commitment)
{
    size_t low = 0;
    size_t high = slice->sealed_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(slice->sealed[middle].commitment.bytes, commitment->bytes,
                   sizeof commitment->bytes) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found =
        low < slice->sealed_count && qp_hash_eq(&slice->sealed[low].commitment, commitment);
    return found ? &slice->sealed[low] : NULL;
}

static enum qp_code check_sealed(struct qp_slice *slice, struct qp_err *err)
{
    struct commitments all = {.slice = slice};
    for (size_t i = 0; i < slice->event_count; i++) {
        Qp__Event *event = NULL;
        enum qp_code rc = qp_slice_event(slice, i, &event, err);
        all.event = i;
        if (rc == QP_OK) {
            rc = qp_event_sealed(event, add_commitment, &all, err);
        }
        if (rc != QP_OK) {
            return rc;
        }
    }
    if (slice->sealed_count > 0) {
        qsort(slice->sealed, slice->sealed_count, sizeof *slice->sealed, compare_sealed);
    }
    struct qp_hash last = {{0}};
    for (size_t i = 0; i < slice->bundle->n_sealed; i++) {
        const Qp__SealedContent *content = slice->bundle->sealed[i];
        struct qp_salt salt;
        struct qp_hash commitment;
        memcpy(salt.bytes, content->salt.data, sizeof salt.bytes);
        qp_hash_sealed(&commitment, &salt, qp_span_bytes(content->content));
        struct qp_slice_sealed *row = qp_slice_find_sealed(slice, &commitment);
        if (row == NULL || row->length != content->content.len) {
            return INVALID("sealed content %zu opens no commitment of an event shown", i);
        }
        if (i > 0 && memcmp(last.bytes, commitment.bytes, sizeof last.bytes) >= 0) {
            return INVALID("sealed contents are out of order or stand twice");
        }
        last = commitment;
        row->content = content;
        slice->disclosed_count++;
    }
    return QP_OK;
}

/* ---- The whole ---- */

static enum qp_code make_room(struct qp_slice *slice, struct qp_err *err)
{
    size_t event_count = 0;
    for (size_t i = 0; i < slice->entry_count; i++) {
        event_count += slice->bundle->entries[i]->n_events;
    }
    slice->events = qp_arena_alloc_zero(&slice->arena, event_count, sizeof *slice->events);
    return slice->events != NULL ? QP_OK : no_memory(err);
}

static enum qp_code authenticate(struct qp_slice *slice, const struct qp_trust *trust,
                                 struct qp_err *err)
{
    enum qp_code rc = qp_policy_check(trust->log, qp_span_bytes(slice->bundle->checkpoint),
                                      &slice->checkpoint, &slice->witnesses, err);
    for (size_t i = 0; rc == QP_OK && i < slice->entry_count; i++) {
        rc = place_entry(slice, i, err);
    }
    if (rc == QP_OK) {
        rc = check_tree(slice, err);
    }
    /* Only the log's own entries are worth memory for events, and signatures. */
    if (rc == QP_OK) {
        rc = make_room(slice, err);
    }
    for (size_t i = 0; rc == QP_OK && i < slice->entry_count; i++) {
        rc = check_entry(slice, trust, i, err);
    }
    if (rc == QP_OK) {
        rc = qp_slice_order(slice, err);
    }
    if (rc == QP_OK) {
        rc = check_opening(slice, trust, err);
    }
    return rc == QP_OK ? check_sealed(slice, err) : rc;
}

enum qp_code qp_slice_open(struct qp_slice *slice, struct qp_span file,
                           const struct qp_trust *trust, enum qp_code *authentic,
                           struct qp_err *reason, struct qp_err *err)
{
    *slice = (struct qp_slice){0};
    qp_arena_init(&slice->arena, 0);
    qp_arena_init(&slice->scratch, 0);
    Qp__Bundle *bundle = NULL;
    enum qp_code rc = qp_bundle_decode(file, &slice->arena, &bundle, err);
    if (rc == QP_OK) {
        slice->bundle = bundle;
        slice->entry_count = bundle->n_entries;
        slice->entries =
            qp_arena_alloc_zero(&slice->arena, slice->entry_count, sizeof *slice->entries);
        if (slice->entries == NULL) {
            rc = no_memory(err);
        }
    }
    if (rc == QP_OK) {
        *authentic = authenticate(slice, trust, reason);
        if (*authentic == QP_E_MEMORY) {
            rc = no_memory(err);
        }
    }
    if (rc != QP_OK) {
        qp_slice_wipe(slice);
    }
    return rc;
}

void qp_slice_wipe(struct qp_slice *slice)
{
    qp_arena_wipe(&slice->scratch);
    qp_arena_wipe(&slice->arena);
}

enum qp_code qp_slice_event(struct qp_slice *slice, size_t at, Qp__Event **event,
                            struct qp_err *err)
{
    QP_ASSERT(at < slice->event_count);
    qp_arena_reset(&slice->scratch);
    return qp_event_decode(slice->events[at].bytes, &slice->scratch, event, err);
}
