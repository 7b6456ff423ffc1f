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
    uint64_t given_up;   /* how many of the newest statements the next one gives up */
    struct qp_hash base; /* then: hash of the statement before those, zeros when there is none */
};

/* Of each statement in the journal, by its sequence. */
struct qp_journal_mark {
    uint64_t offset;   /* of its record */
    uint64_t given_up; /* as it says */
};

struct qp_journal {
    const struct qp_key *key;
    struct qp_public_key public_key;
    struct qp_hash ledger_id;
    struct qp_journal_head head;
    struct qp_journal_mark *marks; /* head.next_sequence of them */
    size_t mark_capacity;
    struct qp_buf path;      /* of the records, with a NUL behind */
    struct qp_buf head_path; /* of the head, with a NUL behind */
    int fd;
    int lock;
    bool broken; /* a write failed: what the disk holds is known again after opening it anew */
};

/* Statements on their way into the journal. */
struct qp_journal_signing {
    uint64_t issued_ms;
    struct qp_journal_head head; /* behind what was signed so far */
    struct qp_buf records;
};

/* Read all records, check each statement's place in the chain, and compare with the head file;
 * what a crash left behind is moved away. Fills journal->head. */
enum qp_code qp_journal_recover(struct qp_journal *journal, struct qp_err *err) QP_MUST_USE;
/* The text of the head file, or *there = false. */
#define QP_JOURNAL_HEAD_BYTES_MAX 512
enum qp_code qp_journal_read_head(const struct qp_journal *journal, struct qp_buf *text,
                                  bool *there, struct qp_err *err) QP_MUST_USE;
/* How many bytes of records were handed out; false: it is no head. */
bool qp_journal_head_size(struct qp_span text, uint64_t *size_bytes) QP_MUST_USE;
/* Take from it what is given up, and hold it against what the records say. */
enum qp_code qp_journal_check_head(const struct qp_journal *journal, struct qp_span text,
                                   struct qp_journal_head *head, struct qp_err *err) QP_MUST_USE;
/* Write the head, durably. */
enum qp_code qp_journal_write_head(const struct qp_journal *journal,
                                   const struct qp_journal_head *head,
                                   struct qp_err *err) QP_MUST_USE;

/* Room for one more mark. */
enum qp_code qp_journal_make_room(struct qp_journal *journal, uint64_t sequence,
                                  struct qp_err *err) QP_MUST_USE;
/* The hash of a statement that the journal has; zeros for `count` 0. count: sequence + 1. */
enum qp_code qp_journal_link(const struct qp_journal *journal, uint64_t count, struct qp_hash *link,
                             struct qp_err *err) QP_MUST_USE;
/* A statement's submission; `bytes` holds it. */
enum qp_code qp_journal_read(const struct qp_journal *journal, uint64_t sequence,
                             struct qp_arena *arena, struct qp_buf *bytes,
                             Qp__Submission **submission, struct qp_err *err) QP_MUST_USE;
/* Which statements have not been given up: an array of head.next_sequence, to be freed with
 * qp_free. QP_E_MEMORY. */
enum qp_code qp_journal_live(const struct qp_journal *journal, bool **live,
                             struct qp_err *err) QP_MUST_USE;
/* Sign the draft's events from `start` on as one statement; append its record to out and move the
 * head behind it. Nothing is written. */
enum qp_code qp_journal_sign_one(struct qp_journal *journal, const struct qp_draft *draft,
                                 size_t start, size_t count, struct qp_journal_signing *signing,
                                 struct qp_err *err) QP_MUST_USE;
/* Write what was signed, durably, and hand it out: whole or not at all. */
enum qp_code qp_journal_commit(struct qp_journal *journal, const struct qp_journal_signing *signing,
                               struct qp_buf *out, struct qp_err *err) QP_MUST_USE;

/* Every submission of the journal in order, given up or not, decoded; it lives during the call. A
 * failure of `each` ends the walk. */
enum qp_code qp_journal_each(const struct qp_journal *journal,
                             enum qp_code (*each)(void *context, const Qp__Submission *submission,
                                                  struct qp_err *err),
                             void *context, struct qp_err *err) QP_MUST_USE;

#endif
