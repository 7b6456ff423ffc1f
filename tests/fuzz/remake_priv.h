/* What the two halves of a change share: values, and what is made of them. */
#ifndef QP_TESTS_FUZZ_REMAKE_PRIV_H
#define QP_TESTS_FUZZ_REMAKE_PRIV_H

#include "fuzz/fuzz.h"
#include "fuzz/remake.h"
#include "wire/generate.h"

struct mutation {
    struct remake *remake;
    const struct remake *other; /* NULL, or a bundle to take something from */
    struct generator random;
};

static inline bool one_in(struct mutation *mutation, uint64_t n)
{
    return below(&mutation->random, n) == 0;
}

/* Every value of all events. */
void remake_walk_events(const struct remake *remake, remake_visit *visit, void *context);
/* Copy a value of another event to `at`, one that may stand there; false where there is none. */
bool remake_take(struct mutation *mutation, const struct qp_message_rule *rule, unsigned field,
                 void *at);
/* Change some field of a message, at any depth; a list now and then as a whole. */
void remake_change_field(struct mutation *mutation, const struct qp_message_rule *rule,
                         void *message);

#endif
