/* The inside view of an open log, for the rooms that walk its graph (trace/). Spans are borrowed
 * until the next call on the log. */
#ifndef QP_LOG_VIEW_H
#define QP_LOG_VIEW_H

#include <quipu/log.h>

#include "rules/graph.h"
#include "store/store.h"

/* The log's state, read only. */
struct qp_state qp_log_state(struct qp_log *log);

struct qp_edge_place {
    uint64_t index;
    uint32_t position;
    enum qp_edge_role role;
    Qp__Event__BodyCase body;
};
/* Every event that names the subject, oldest first. A failure of `each` ends the walk. */
enum qp_code qp_log_edges(struct qp_log *log, enum qp_state_kind kind, const char *id,
                          enum qp_code (*each)(void *context, const struct qp_edge_place *place,
                                               struct qp_err *err),
                          void *context, struct qp_err *err) QP_MUST_USE;

/* Ids of the subjects of a kind that begin with the prefix, in order, until `each` wants no more.
 */
enum qp_code qp_log_ids(struct qp_log *log, enum qp_state_kind kind, const char *prefix,
                        bool (*each)(void *context, struct qp_span id), void *context,
                        struct qp_err *err) QP_MUST_USE;

/* The other process that holds the oldest view of the ledger's store, and how many writes ago that
 * was the newest; see store.h. */
enum qp_code qp_log_oldest_reader(struct qp_log *log, struct qp_old_reader *oldest,
                                  struct qp_err *err) QP_MUST_USE;

/* Hashes of the log's tree, for proofs at sizes up to qp_log_size. Valid until close. */
struct qp_merkle_reader qp_log_merkle(struct qp_log *log);
/* The entry of an issuer's statement. QP_E_NOT_FOUND. */
enum qp_code qp_log_find(struct qp_log *log, const struct qp_public_key *issuer, uint64_t sequence,
                         uint64_t *index, struct qp_err *err) QP_MUST_USE;
/* The entries that a key signed, oldest first, from entry `since` on. `each` reads nothing from the
 * log; a failure of it ends the walk. */
enum qp_code qp_log_signed(struct qp_log *log, const struct qp_public_key *issuer, uint64_t since,
                           enum qp_code (*each)(void *context, uint64_t index, struct qp_err *err),
                           void *context, struct qp_err *err) QP_MUST_USE;
/* The last sequence of an issuer, or QP_E_NOT_FOUND. */
enum qp_code qp_log_last_sequence(struct qp_log *log, const struct qp_public_key *issuer,
                                  uint64_t *sequence, struct qp_err *err) QP_MUST_USE;
#endif
