#include "proof/slice.h"

#include "core/check.h"
#include "rules/graph.h"

#include <stdlib.h>
#include <string.h>

#define INVALID(...) qp_fail(err, QP_E_INVALID, __VA_ARGS__)

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to take the bundle apart");
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
        struct qp_hash commitment;
        qp_content_hash(content, &commitment);
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

static enum qp_code authenticate(struct qp_slice *slice, const struct qp_trust *trust,
                                 const struct qp_executor *executor, struct qp_known *known,
                                 struct qp_err *err)
{
    enum qp_code rc = qp_policy_check(trust->log, qp_span_bytes(slice->bundle->checkpoint),
                                      &slice->checkpoint, &slice->witnesses, err);
    if (rc == QP_OK) {
        rc = qp_slice_place(slice, executor, err);
    }
    if (rc == QP_OK) {
        rc = check_tree(slice, err);
    }
    /* Only the log's own entries are worth memory for events, and signatures. */
    if (rc == QP_OK) {
        rc = qp_slice_check(slice, trust, executor, known, err);
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
                           const struct qp_trust *trust, const struct qp_bundle_options *options,
                           enum qp_code *authentic, struct qp_err *reason, struct qp_err *err)
{
    *slice = (struct qp_slice){0};
    qp_arena_init(&slice->arena, 0);
    qp_arena_init(&slice->scratch, 0);
    qp_arena_init(&slice->keep, 0);
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
        *authentic = authenticate(slice, trust, options->executor, options->known, reason);
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
    qp_arena_wipe(&slice->keep);
    qp_arena_wipe(&slice->arena);
}

enum qp_code qp_slice_event(struct qp_slice *slice, size_t at, Qp__Event **event,
                            struct qp_err *err)
{
    QP_ASSERT(at < slice->event_count);
    struct qp_slice_event *place = &slice->events[at];
    if (place->kept != NULL) {
        *event = place->kept;
        return QP_OK;
    }
    bool keep = slice->keep.total_bytes < QP_SLICE_KEEP_BYTES;
    qp_arena_reset(&slice->scratch);
    enum qp_code rc =
        qp_event_decode(place->bytes, keep ? &slice->keep : &slice->scratch, event, err);
    place->kept = rc == QP_OK && keep ? *event : NULL;
    return rc;
}
