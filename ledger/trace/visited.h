/* Visited: a set of byte strings, each with the number that it was added under. */
#ifndef QP_TRACE_VISITED_H
#define QP_TRACE_VISITED_H

#include "core/alloc.h"

#include <stdbool.h>

struct qp_visited_slot {
    const uint8_t *key; /* in the arena; NULL: free */
    size_t len;
    size_t number;
};

struct qp_visited {
    struct qp_arena *arena; /* keeps the keys */
    struct qp_visited_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t count;
    uint8_t secret[16]; /* strangers choose the keys: nobody chooses the slots */
};

/* arena: borrowed until wipe. */
void qp_visited_init(struct qp_visited *visited, struct qp_arena *arena);
void qp_visited_wipe(struct qp_visited *visited);
/* Is the key there? *number: as it was added. */
bool qp_visited_has(const struct qp_visited *visited, struct qp_span key, size_t *number);
/* Add a key, or find it. *number: how many were there before it; *fresh: it is new. QP_E_MEMORY. */
enum qp_code qp_visited_add(struct qp_visited *visited, struct qp_span key, size_t *number,
                            bool *fresh, struct qp_err *err) QP_MUST_USE;

#endif
