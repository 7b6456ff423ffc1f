/* Replay: entries that were admitted once go through the same book again, by an audit from the log
 * itself or by a restoration from a backup, and must come out as they were. */
#ifndef QP_LOG_REPLAY_H
#define QP_LOG_REPLAY_H

#include "log/book.h"

struct qp_replay_item {
    struct qp_record record; /* `bytes`: the entry's */
    const Qp__Entry *entry;
    uint64_t index;
    enum qp_code code; /* QP_OK so far, or why not */
    struct qp_err err;
};

/* The checks that need no log, on any thread. ledger_id is NULL for the entry that names it. */
void qp_replay_check(struct qp_replay_item *item, const struct qp_hash *ledger_id,
                     struct qp_bench *bench);
/* Place in the chain, rules, and the bytes that an entry of it has. What is wrong stands in
 * item->err; the codes are those of qp_book_admit. */
enum qp_code qp_replay_judge(struct qp_book *book, struct qp_replay_item *item) QP_MUST_USE;

#endif
