#include "held.h"

#include "core/alloc.h"
#include "core/check.h"

#include <string.h>

bool held_may_pass_later(const struct qp_submitted *submitted)
{
    const char *rule = submitted->err != NULL ? submitted->err->rule : "";
    return submitted->code == QP_E_REFUSED &&
           (strncmp(rule, "QP-CHAIN-", 9) != 0 || strcmp(rule, "QP-CHAIN-GAP") == 0);
}

enum qp_code held_add(struct held *held, const char *file, const struct qp_submitted *submitted,
                      bool *kept, struct qp_err *err)
{
    *kept = submitted->bytes.len <= HELD_BYTES_MAX - held->bytes;
    if (!*kept) {
        held->too_many++;
        return QP_OK;
    }
    if (held->count == held->capacity) {
        size_t capacity = held->capacity > 0 ? 2 * held->capacity : 16;
        struct held_statement *grown = qp_realloc(held->list, capacity * sizeof *grown);
        if (grown == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory to hold a refused statement");
        }
        held->list = grown;
        held->capacity = capacity;
    }
    struct held_statement *one = &held->list[held->count];
    *one = (struct held_statement){.file = file,
                                   .record = submitted->record,
                                   .offset = submitted->offset,
                                   .why = *submitted->err};
    enum qp_code rc = qp_buf_add(&one->bytes, submitted->bytes, err);
    if (rc == QP_OK) {
        held->bytes += submitted->bytes.len;
        held->count++;
    }
    return rc;
}

void held_wipe(struct held *held)
{
    for (size_t i = 0; i < held->count; i++) {
        qp_buf_wipe(&held->list[i].bytes);
    }
    qp_free(held->list);
    *held = (struct held){.count = 0};
}

/* ---- Another pass ---- */

/* One pass: the statements that are still out, as one stream. */
struct pass {
    struct held *held;
    const struct held_sink *sink;
    size_t reading; /* the one whose bytes are read, and how many were */
    size_t read_bytes;
    size_t judged; /* the one that is told of next */
    uint64_t admitted;
};

static void skip_told(const struct held *held, size_t *at)
{
    while (*at < held->count && held->list[*at].told) {
        (*at)++;
    }
}

static enum qp_code read_held(void *context, uint8_t *bytes, size_t len, size_t *got,
                              struct qp_err *err)
{
    struct pass *pass = context;
    (void)err;
    *got = 0;
    skip_told(pass->held, &pass->reading);
    if (pass->reading < pass->held->count) {
        struct qp_span all = qp_span_buf(&pass->held->list[pass->reading].bytes);
        size_t left = all.len - pass->read_bytes;
        *got = left < len ? left : len;
        memcpy(bytes, all.data + pass->read_bytes, *got);
        pass->read_bytes += *got;
        if (pass->read_bytes == all.len) {
            pass->reading++;
            pass->read_bytes = 0;
        }
    }
    return QP_OK;
}

static enum qp_code judged(void *context, const struct qp_submitted *submitted, struct qp_err *err)
{
    struct pass *pass = context;
    skip_told(pass->held, &pass->judged);
    QP_ASSERT(pass->judged < pass->held->count);
    struct held_statement *one = &pass->held->list[pass->judged++];
    if (submitted->code != QP_OK) {
        one->why = *submitted->err;
        return QP_OK;
    }
    struct qp_submitted in_file = *submitted;
    in_file.record = one->record;
    in_file.offset = one->offset;
    one->told = true;
    pass->admitted += submitted->again ? 0 : 1;
    pass->sink->at(pass->sink->context, one->file);
    return pass->sink->done(pass->sink->context, &in_file, err);
}

enum qp_code held_submit(struct held *held, struct qp_log *log, const struct held_sink *sink,
                         struct qp_err *err)
{
    size_t left = 0;
    skip_told(held, &left);
    /* Each pass but the last takes one statement away at least. */
    bool again = left < held->count;
    enum qp_code rc = QP_OK;
    while (rc == QP_OK && again) {
        struct pass pass = {.held = held, .sink = sink};
        const struct qp_source source = {.context = &pass, .read = read_held};
        const struct qp_submit_sink all = {.context = &pass, .done = judged};
        rc = qp_log_submit(log, &source, &all, err);
        left = 0;
        skip_told(held, &left);
        again = pass.admitted > 0 && left < held->count;
    }
    return rc;
}

enum qp_code held_tell(struct held *held, const struct held_sink *sink, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < held->count && rc == QP_OK; i++) {
        struct held_statement *one = &held->list[i];
        const struct qp_submitted submitted = {.record = one->record,
                                               .offset = one->offset,
                                               .code = one->why.code,
                                               .bytes = qp_span_buf(&one->bytes),
                                               .err = &one->why};
        if (!one->told) {
            one->told = true;
            sink->at(sink->context, one->file);
            rc = sink->done(sink->context, &submitted, err);
        }
    }
    return rc;
}
