/* Journals from inside. */
#ifndef QP_ISSUE_JOURNAL_H
#define QP_ISSUE_JOURNAL_H

#include <quipu/issue.h>

#include "wire/wire.h"

/* Where a journal stands: what the next statement builds on. */
struct qp_journal_head {
    uint64_t size_bytes; /* of the records that were handed out */
    uint64_t next_sequence;
    struct qp_hash link; /* hash of the last statement; zeros before the first */
};

struct qp_journal {
    const struct qp_key *key;
    struct qp_public_key public_key;
    struct qp_hash ledger_id;
    struct qp_journal_head head;
    struct qp_buf path;      /* of the records, with a NUL behind */
    struct qp_buf head_path; /* of the head, with a NUL behind */
    int fd;
    int lock;
    bool broken; /* a write failed: what the disk holds is known again after opening it anew */
};

/* Read all records, check each statement's place in the chain, and compare with the head file;
 * what a crash left behind is moved away. Fills journal->head. */
enum qp_code qp_journal_recover(struct qp_journal *journal, struct qp_err *err) QP_MUST_USE;
/* Write the head, durably. */
enum qp_code qp_journal_write_head(const struct qp_journal *journal,
                                   const struct qp_journal_head *head,
                                   struct qp_err *err) QP_MUST_USE;

/* Every submission of the journal in order, decoded; it lives during the call. A failure of `each`
 * ends the walk. */
enum qp_code qp_journal_each(const struct qp_journal *journal,
                             enum qp_code (*each)(void *context, const Qp__Submission *submission,
                                                  struct qp_err *err),
                             void *context, struct qp_err *err) QP_MUST_USE;

#endif
