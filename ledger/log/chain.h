/* Chains: where the statements of each issuer stand, as of the statements that wait to be written
 * and, below them, the store. */
#ifndef QP_LOG_CHAIN_H
#define QP_LOG_CHAIN_H

#include "log/record.h"

struct qp_chain {
    struct qp_public_key issuer;
    bool used;
    uint64_t next;         /* sequence */
    struct qp_hash last;   /* statement hash of next - 1, the newest; zeros when next is 0 */
    uint64_t next_written; /* as `next`, in the store */
};

/* One slot for each issuer of a group; cleared when the group is written, so it never outlives the
 * view that it was read from. */
#define QP_CHAIN_SLOTS 8192

struct qp_chains {
    struct qp_chain slots[QP_CHAIN_SLOTS];
    size_t count;
};

void qp_chains_clear(struct qp_chains *chains);
/* The chain of an issuer; read from the store when it is not there. `truth` has the entries. */
enum qp_code qp_chains_find(struct qp_chains *chains, struct qp_store *store,
                            struct qp_store *truth, const struct qp_public_key *issuer,
                            struct qp_arena *scratch, struct qp_chain **chain,
                            struct qp_err *err) QP_MUST_USE;
/* Entry of a statement in the store. QP_E_NOT_FOUND. */
enum qp_code qp_chain_get(struct qp_store *store, const struct qp_public_key *issuer,
                          uint64_t sequence, uint64_t *index, struct qp_err *err) QP_MUST_USE;
/* The newest statement of an issuer in the store. QP_E_NOT_FOUND. */
enum qp_code qp_chain_last(struct qp_store *store, const struct qp_public_key *issuer,
                           uint64_t *sequence, uint64_t *index, struct qp_err *err) QP_MUST_USE;
/* The hash of an entry's statement. QP_E_STORE. */
enum qp_code qp_chain_hash(struct qp_store *truth, uint64_t index, struct qp_arena *scratch,
                           struct qp_hash *hash, struct qp_err *err) QP_MUST_USE;
/* The entries of an issuer's statements in the store, oldest first, from the first one that is not
 * before entry `since`; found in steps, not counted. A failure of `each` ends the walk. */
enum qp_code qp_chain_each(struct qp_store *store, const struct qp_public_key *issuer,
                           uint64_t since,
                           enum qp_code (*each)(void *context, uint64_t index, struct qp_err *err),
                           void *context, struct qp_err *err) QP_MUST_USE;
/* May the record be the next of its chain? Its sequence, less what it gives up, is the next one.
 * QP_E_REFUSED: a gap, or it does not follow. */
enum qp_code qp_chain_follow(const struct qp_chain *chain, const struct qp_record *record,
                             struct qp_err *err) QP_MUST_USE;
/* Of a record that is not in the log, although its key is beyond it: QP_E_REFUSED
 * QP-CHAIN-GIVEN-UP, a later statement of the key has given it up; QP_E_STORE: none has, so a row
 * is missing. `truth` has the entries. */
enum qp_code qp_chain_given_up(const struct qp_chain *chain, const struct qp_record *record,
                               struct qp_store *store, struct qp_store *truth,
                               struct qp_arena *scratch, struct qp_err *err) QP_MUST_USE;
/* QP_E_REFUSED QP-CHAIN-FORK: the key signed another statement with this sequence, `hash`. */
enum qp_code qp_chain_fork(const struct qp_record *record, const struct qp_hash *hash,
                           uint64_t index, struct qp_err *err) QP_MUST_USE;

#endif
