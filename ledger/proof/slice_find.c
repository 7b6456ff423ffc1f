/* Statements of one key in their order, and events by their names.
 *
 * Entries are sorted by key and sequence once, so that neither the number of keys nor that of
 * references to events makes a bundle slow to check. */
#include "proof/slice.h"

#include <stdlib.h>
#include <string.h>

static unsigned long long ull(uint64_t value)
{
    return value;
}

/* ---- The chains of the keys ---- */

static int compare_keys(const void *a, const void *b)
{
    const struct qp_slice_entry *one = *(const struct qp_slice_entry *const *)a;
    const struct qp_slice_entry *two = *(const struct qp_slice_entry *const *)b;
    int order = memcmp(one->issuer.bytes, two->issuer.bytes, sizeof one->issuer.bytes);
    if (order == 0) {
        order = (one->sequence > two->sequence) - (one->sequence < two->sequence);
    }
    return order != 0 ? order : (one->index > two->index) - (one->index < two->index);
}

/* May `next` be the next one shown of the key that signed `before`? Both in order of sequences. */
static bool follows(const struct qp_slice_entry *before, const struct qp_slice_entry *next)
{
    return before->index < next->index && before->sequence < next->first &&
           (before->sequence + 1 < next->first || qp_hash_eq(&before->statement, &next->previous));
}

enum qp_code qp_slice_order(struct qp_slice *slice, struct qp_err *err)
{
    size_t count = slice->entry_count;
    const struct qp_slice_entry **sorted = qp_arena_alloc(&slice->arena, count * sizeof *sorted);
    if (sorted == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to order the statements of the bundle");
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &slice->entries[i];
    }
    qsort(sorted, count, sizeof *sorted, compare_keys);
    for (size_t i = 1; i < count; i++) {
        const struct qp_slice_entry *one = sorted[i - 1];
        const struct qp_slice_entry *two = sorted[i];
        if (qp_public_key_eq(&one->issuer, &two->issuer) && !follows(one, two)) {
            bool turned = one->index > two->index;
            return qp_fail(err, QP_E_INVALID, "entries %llu and %llu: one key signed two histories",
                           ull(turned ? two->index : one->index),
                           ull(turned ? one->index : two->index));
        }
    }
    slice->by_key = sorted;
    return QP_OK;
}

/* ---- Finding ---- */

/* The event of an entry at a position; both ascend. */
static size_t find_position(const struct qp_slice *slice, const struct qp_slice_entry *entry,
                            uint32_t position)
{
    size_t low = entry->first_event;
    size_t high = entry->first_event + entry->event_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice->events[middle].position < position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found =
        low < entry->first_event + entry->event_count && slice->events[low].position == position;
    return found ? low : SIZE_MAX;
}

size_t qp_slice_find_place(const struct qp_slice *slice, uint64_t index, uint32_t position)
{
    size_t low = 0;
    size_t high = slice->entry_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice->entries[middle].index < index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < slice->entry_count && slice->entries[low].index == index;
    return found ? find_position(slice, &slice->entries[low], position) : SIZE_MAX;
}

size_t qp_slice_find_event(const struct qp_slice *slice, const Qp__EventReference *reference)
{
    struct qp_slice_entry wanted = {.sequence = reference->sequence};
    const struct qp_slice_entry *at = &wanted;
    memcpy(wanted.issuer.bytes, reference->issuer.data, sizeof wanted.issuer.bytes);
    size_t low = 0;
    size_t high = slice->entry_count;
    while (low < high) { /* index 0: the first of that key and sequence is the one */
        size_t middle = low + (high - low) / 2;
        if (compare_keys(&slice->by_key[middle], &at) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == slice->entry_count || slice->by_key[low]->sequence != wanted.sequence ||
        !qp_public_key_eq(&slice->by_key[low]->issuer, &wanted.issuer)) {
        return SIZE_MAX;
    }
    return find_position(slice, slice->by_key[low], reference->position);
}
