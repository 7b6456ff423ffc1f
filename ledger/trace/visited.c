#include "trace/visited.h"

#include <quipu/hash.h>
#include <quipu/key.h>

#include <string.h>

#define SLOTS_FIRST ((size_t)256)

void qp_visited_init(struct qp_visited *visited, struct qp_arena *arena)
{
    *visited = (struct qp_visited){.arena = arena};
    qp_random(visited->secret, sizeof visited->secret);
}

void qp_visited_wipe(struct qp_visited *visited)
{
    qp_free(visited->slots);
    *visited = (struct qp_visited){0};
}

/* The slot that holds the key, or the free one where it belongs. There is always a free one. */
static struct qp_visited_slot *find(const struct qp_visited *visited, struct qp_span key)
{
    size_t mask = visited->slot_count - 1;
    size_t at = (size_t)qp_hash_short(visited->secret, key) & mask;
    while (visited->slots[at].key != NULL &&
           (visited->slots[at].len != key.len ||
            memcmp(visited->slots[at].key, key.data, key.len) != 0)) {
        at = (at + 1) & mask;
    }
    return &visited->slots[at];
}

static enum qp_code grow(struct qp_visited *visited, struct qp_err *err)
{
    struct qp_visited_slot *old = visited->slots;
    size_t old_count = visited->slot_count;
    size_t count = old_count == 0 ? SLOTS_FIRST : 2 * old_count;
    struct qp_visited_slot *slots = qp_alloc_zero(count, sizeof *slots);
    if (slots == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a set of %zu", visited->count);
    }
    visited->slots = slots;
    visited->slot_count = count;
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].key != NULL) {
            *find(visited, qp_span_of(old[i].key, old[i].len)) = old[i];
        }
    }
    qp_free(old);
    return QP_OK;
}

bool qp_visited_has(const struct qp_visited *visited, struct qp_span key, size_t *number)
{
    if (visited->count == 0) {
        return false;
    }
    const struct qp_visited_slot *slot = find(visited, key);
    if (slot->key != NULL) {
        *number = slot->number;
    }
    return slot->key != NULL;
}

enum qp_code qp_visited_add(struct qp_visited *visited, struct qp_span key, size_t *number,
                            bool *fresh, struct qp_err *err)
{
    if (visited->count >= visited->slot_count / 2) {
        enum qp_code rc = grow(visited, err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    struct qp_visited_slot *slot = find(visited, key);
    *fresh = slot->key == NULL;
    if (*fresh) {
        uint8_t *copy = qp_arena_alloc(visited->arena, key.len);
        if (copy == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory for a set of %zu", visited->count);
        }
        memcpy(copy, key.data, key.len);
        *slot = (struct qp_visited_slot){.key = copy, .len = key.len, .number = visited->count++};
    }
    *number = slot->number;
    return QP_OK;
}
