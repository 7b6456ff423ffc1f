/* A fork: two statements that one key signed under one sequence. Either its holder told two
 * histories, or somebody else has the key; whoever sees both statements can prove it to everybody,
 * with no ledger at hand.
 *
 * An honest key never forks: an issuer that gives up a statement goes on under the next sequence,
 * and a signing that a crash cut off leaves no signature behind (issue/journal_scan.c). */
#ifndef QP_RULES_FORK_H
#define QP_RULES_FORK_H

#include "rules/graph.h"

struct qp_fork {
    struct qp_public_key key;
    struct qp_hash ledger_id;
    uint64_t sequence;
    const Qp__Statement *a; /* in the arena */
    const Qp__Statement *b;
};

/* What the two statements say, and whether they fork; their signatures are not looked at.
 * QP_E_REFUSED QP-FORK-PROOF says why they do not; QP_E_MEMORY. */
enum qp_code qp_fork_read(const Qp__KeyForked *proof, struct qp_arena *arena, struct qp_fork *fork,
                          struct qp_err *err) QP_MUST_USE;
/* Did that key sign both? Returns as above. */
enum qp_code qp_fork_verify(const Qp__KeyForked *proof, const struct qp_fork *fork,
                            struct qp_err *err) QP_MUST_USE;
/* Both, for whoever asks for nothing but the answer. */
enum qp_code qp_fork_prove(const Qp__KeyForked *proof, struct qp_err *err) QP_MUST_USE;

/* A forked key concerns its party: QP_EDGE_CHANGES. The event does not name the party, so that the
 * proof is one whoever brings it; the state knows it, once the event was judged. */
enum qp_code
qp_forked_edge(const Qp__KeyForked *proof, struct qp_state *state, struct qp_arena *scratch,
               enum qp_code (*edge)(void *context, const struct qp_edge *edge, struct qp_err *err),
               void *context, struct qp_err *err) QP_MUST_USE;

#endif
