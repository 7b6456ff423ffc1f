/* Statements that were refused in the middle of a submission, held until its end: what they lack
 * may have come in behind them. */
#ifndef QUIPU_HELD_H
#define QUIPU_HELD_H

#include <quipu/log.h>

/* Bytes of statements that are held; what is refused beyond them is not tried again. */
#define HELD_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct held_statement {
    const char *file; /* as it is called; borrowed */
    uint64_t record;  /* 0-based in the file */
    uint64_t offset;
    struct qp_buf bytes;
    struct qp_err why;
    bool told; /* admitted meanwhile */
};

/* All zeros is an empty one. */
struct held {
    struct held_statement *list;
    size_t count;
    size_t capacity;
    size_t bytes;
    uint64_t admitted; /* by the log when the first one was refused */
    uint64_t too_many; /* refused after HELD_BYTES_MAX was reached */
};

/* May the refusal have another answer once more has come in? A rule of the state, or a gap. */
bool held_may_pass_later(const struct qp_submitted *submitted);
/* Take a copy. *kept: false when there is no room for it. QP_E_MEMORY. */
enum qp_code held_add(struct held *held, const char *file, const struct qp_submitted *submitted,
                      bool *kept, struct qp_err *err) QP_MUST_USE;
/* Submit all again, in their order, as long as that admits something new. `done` is called for what
 * is admitted, with the record and offset that it has in its file, after `at` named that file. What
 * is left over has why it was refused last. Failures as those of qp_log_submit. */
struct held_sink {
    void *context;
    void (*at)(void *context, const char *file);
    enum qp_code (*done)(void *context, const struct qp_submitted *submitted, struct qp_err *err);
};
enum qp_code held_submit(struct held *held, struct qp_log *log, const struct held_sink *sink,
                         struct qp_err *err) QP_MUST_USE;
/* What is left over, told in its order. */
enum qp_code held_tell(struct held *held, const struct held_sink *sink,
                       struct qp_err *err) QP_MUST_USE;
void held_wipe(struct held *held);

#endif
