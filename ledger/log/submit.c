/* The pipeline of admission: read → decode and verify → judge → write → sign → acknowledge, a group
 * of records at a time. While one group is judged, written and signed by the caller's thread, the
 * next is read and then checked by a pool: there are two groups, and no more is read until one of
 * them is done with. What has come so far is a group: a lone record waits for nothing but itself.
 *
 * Only the caller's thread touches the log, in the order of the records; the pool sees the bytes of
 * its group and the ledger's id.
 *
 * Memory, whatever the length of the stream: the bytes of two groups (QP_GROUP_BYTES each, or one
 * record of up to QP_BESIDE_BYTES; a larger one, of up to QP_SUBMISSION_BYTES_MAX, is alone), what
 * is decoded of them (QP_KEEP_BYTES each, plus a record's lists), and what is to be written for one
 * of them: entries of about 300 bytes, and state records and edges, each a few hundred bytes for a
 * subject that an event names, here and once more in the pages of the transaction. All of it is
 * freed or used again by the next group.
 *
 * Measured by tests/bench/bench_memory.c (the program's own): under 20 MB for statements of one to
 * 4,096 harvests, 127 MB for records of 60 MiB of sealed contents, which are there once in the
 * input and once in the transaction's pages. A statement of 4,096 events that make 64 lots each
 * takes 240 MB, for 262,144 lots go into one transaction, as a statement is admitted whole; that is
 * held to 320 MB. A record of 64 MiB made to draw from as many lots as it can, some 1.8 million,
 * would take about 1.2 GB. Mapped pages of the store are resident as well, but they are the
 * system's cache of a file. */
#include "log/log_priv.h"

#include "core/check.h"
#include "core/time.h"
#include "log/stream.h"

#include <inttypes.h>
#include <string.h>

struct item {
    struct qp_record record;
    struct qp_err err;
    enum qp_code code;
    struct qp_admitted admitted;
    struct qp_span entry; /* when it was admitted now */
    struct qp_cut cut;
};

struct group {
    struct qp_log *log;
    struct qp_piece piece;
    struct qp_benches benches;
    struct item *items; /* QP_GROUP_RECORDS_MAX */
    size_t count;
};

struct submission {
    struct qp_log *log;
    const struct qp_submit_sink *sink;
    struct qp_stream stream;
    struct group groups[2];
    size_t group_records;  /* at most, in the group that is read next */
    uint64_t record_count; /* done with */
};

/* The first group is small, and the ones behind it grow, so that both cores are soon at work: until
 * it is checked, there is nothing to judge and to write. */
#define GROUP_RECORDS_FIRST 256

/* ---- Read ---- */

/* Fill the group with whole records. beside: another group waits to be written, so this one waits
 * for nothing. It stays empty when nothing has come, at the end of the stream, and before bytes
 * that are no record. */
static enum qp_code read_group(struct submission *submission, struct group *group, bool beside,
                               struct qp_err *err)
{
    struct qp_stream *stream = &submission->stream;
    size_t most = beside ? QP_BESIDE_BYTES : SIZE_MAX;
    enum qp_code rc = qp_stream_begin(stream, &group->piece, err);
    group->count = 0;
    while (rc == QP_OK && group->count < submission->group_records) {
        struct item *item = &group->items[group->count];
        *item = (struct item){.code = QP_OK};
        rc = qp_stream_take(stream, most, !beside && group->count == 0, &item->cut, err);
        if (rc != QP_OK || item->cut.len == 0) {
            break;
        }
        group->count++;
    }
    if (group->count == submission->group_records &&
        submission->group_records < QP_GROUP_RECORDS_MAX) {
        submission->group_records *= 2;
    }
    for (size_t i = 0; i < group->count; i++) { /* the bytes move no more */
        struct item *item = &group->items[i];
        item->record.offset = item->cut.offset;
        item->record.bytes = qp_span_of(group->piece.data + item->cut.at, item->cut.len);
    }
    return rc;
}

/* ---- Decode and verify ---- */

enum qp_code qp_log_benches(struct qp_log *log, struct qp_benches *benches, struct qp_err *err)
{
    enum qp_code rc =
        log->pool == NULL ? qp_pool_new(log->options.threads, &log->pool, err) : QP_OK;
    if (rc == QP_OK) {
        benches->count = qp_pool_workers(log->pool);
        benches->list = qp_alloc_zero(benches->count, sizeof *benches->list);
        rc = benches->list != NULL ? QP_OK : qp_fail(err, QP_E_MEMORY, "no memory to verify");
    }
    for (unsigned i = 0; rc == QP_OK && i < benches->count; i++) {
        benches->list[i].kept = &benches->kept;
    }
    return rc;
}

void qp_benches_reset(struct qp_benches *benches)
{
    for (unsigned i = 0; i < benches->count; i++) {
        qp_arena_reset(&benches->list[i].keep);
        qp_arena_reset(&benches->list[i].scratch);
    }
    benches->kept = 0;
}

void qp_benches_wipe(struct qp_benches *benches)
{
    for (unsigned i = 0; benches->list != NULL && i < benches->count; i++) {
        qp_arena_wipe(&benches->list[i].keep);
        qp_arena_wipe(&benches->list[i].scratch);
    }
    qp_free(benches->list);
    benches->list = NULL;
}

static void check_item(void *context, size_t at, unsigned worker)
{
    struct group *group = context;
    struct item *item = &group->items[at];
    struct qp_bench *bench = &group->benches.list[worker];
    qp_err_init(&item->err);
    item->code = qp_record_open(&item->record, bench, &item->err);
    if (item->code == QP_OK) {
        item->code = qp_record_check(&item->record, &group->log->ledger_id, bench, &item->err);
    }
}

/* ---- Judge ---- */

static bool is_fatal(enum qp_code code)
{
    return code == QP_E_MEMORY || code == QP_E_STORE || code == QP_E_IO || code == QP_E_BUSY ||
           code == QP_E_FULL;
}

static enum qp_code judge_group(struct group *group, struct qp_err *err)
{
    struct qp_book *book = group->log->book;
    for (size_t i = 0; i < group->count; i++) {
        struct item *item = &group->items[i];
        if (item->code == QP_OK) {
            uint64_t now = qp_log_now(group->log);
            now = now > book->last_ms ? now : book->last_ms; /* it never goes back */
            now = now < QP_TIME_MAX_MS ? now : QP_TIME_MAX_MS;
            item->code = qp_book_admit(book, &item->record, now, &item->admitted, &item->err);
        }
        if (item->code == QP_OK && !item->admitted.again) {
            item->entry = book->pending[book->pending_count - 1].entry;
        }
        if (is_fatal(item->code)) {
            if (err != NULL) {
                *err = item->err;
            }
            return item->code;
        }
    }
    return QP_OK;
}

/* ---- Write and sign ---- */

enum qp_code qp_log_settle(struct qp_log *log, struct qp_err *err)
{
    struct qp_book_checkpoint checkpoint;
    bool grew = log->book->pending_count > 0;
    QP_LOG_STEP(QP_STEP_BEGIN);
    enum qp_code rc = qp_log_unstored(log, &checkpoint, err);
    rc = rc == QP_OK ? qp_book_write(log->book, &checkpoint, err) : rc;
    QP_LOG_STEP(QP_STEP_COMMITTED);
    rc = rc == QP_OK ? qp_book_verify(log->book, err) : rc;
    QP_LOG_STEP(QP_STEP_VERIFIED);
    rc = rc == QP_OK && grew ? qp_log_sign(log, err) : rc;
    log->failed = log->failed || rc != QP_OK;
    return rc;
}

/* ---- Acknowledge ---- */

static enum qp_code make_receipt(struct qp_log *log, const struct item *item,
                                 struct qp_buf *receipt, struct qp_err *err)
{
    uint64_t index = item->admitted.index;
    /* What was just written was just read back: no need to hash it once more. */
    return item->entry.len > 0 ? qp_log_receipt_of(log, index, item->entry, receipt, err)
                               : qp_log_receipt(log, index, receipt, err);
}

static enum qp_code tell_group(struct group *group, uint64_t first,
                               const struct qp_submit_sink *sink, struct qp_err *err)
{
    struct qp_buf receipt = {0};
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < group->count && rc == QP_OK; i++) {
        const struct item *item = &group->items[i];
        struct qp_submitted submitted = {.record = first + i,
                                         .offset = item->record.offset,
                                         .code = item->code,
                                         .bytes = item->record.bytes};
        if (item->code == QP_OK) {
            receipt.len = 0;
            rc = sink->no_receipts ? QP_OK : make_receipt(group->log, item, &receipt, err);
            submitted.again = item->admitted.again;
            submitted.index = item->admitted.index;
            submitted.event_count = (uint32_t)item->record.event_count;
            submitted.receipt = qp_span_buf(&receipt);
            submitted.warnings = item->admitted.warnings;
            submitted.warning_count = item->admitted.warning_count;
        } else {
            submitted.err = &item->err;
        }
        rc = rc == QP_OK ? sink->done(sink->context, &submitted, err) : rc;
    }
    qp_buf_wipe(&receipt);
    return rc;
}

/* ---- All of it ---- */

/* Before anything is written: what the group holds, once more for the state and the edges, the
 * pages that are written anew because something in them changed, and the anchor. Pages of the store
 * that are free again are not looked for: a little room is kept, so that a full disk is met here,
 * where nothing is begun, and not between the store and the anchor. */
#define ROOM_BYTES ((uint64_t)1024 * 1024)

static enum qp_code has_room(const struct group *group, struct qp_err *err)
{
    uint64_t bytes = ROOM_BYTES;
    for (size_t i = 0; i < group->count; i++) {
        bytes += group->items[i].entry.len > 0 ? 4 * (uint64_t)group->items[i].cut.len : 0;
    }
    return qp_store_room(group->log->store, bytes, err);
}

static void start_check(struct submission *submission, struct group *group, bool beside)
{
    if (group->count == 1 && !beside) {
        check_item(group, 0, 0); /* done before another thread has woken up */
    } else if (group->count > 0) {
        qp_pool_start(submission->log->pool, check_item, group, group->count);
    }
}

/* From checked to acknowledged. */
static enum qp_code finish_group(struct submission *submission, struct group *group,
                                 struct qp_err *err)
{
    struct qp_log *log = submission->log;
    enum qp_code rc = judge_group(group, err);
    if (rc == QP_OK && log->book->pending_count > 0) {
        rc = has_room(group, err);
    }
    if (rc != QP_OK) {
        struct qp_err ignored; /* the first failure is the one to tell of */
        log->failed = qp_book_reload(log->book, &ignored) != QP_OK;
        return rc;
    }
    if (qp_book_pending(log->book)) {
        rc = qp_log_settle(log, err);
    }
    rc = rc == QP_OK ? tell_group(group, submission->record_count, submission->sink, err) : rc;
    qp_book_done(log->book);
    submission->record_count += group->count;
    group->count = 0;
    qp_benches_reset(&group->benches);
    return rc;
}

static enum qp_code end_of_stream(const struct submission *submission, struct qp_err *err)
{
    const struct qp_stream *stream = &submission->stream;
    if (stream->bad.code != QP_OK) {
        uint64_t at = qp_stream_place(stream);
        uint64_t offset = stream->bad.offset == QP_NO_OFFSET ? at : at + stream->bad.offset;
        return qp_fail_at(err, QP_E_INPUT, offset, "byte %" PRIu64 ": %s", at, stream->bad.text);
    }
    if (submission->record_count == 0) {
        return qp_fail(err, QP_E_INPUT, "the input is empty; there is nothing to submit");
    }
    return QP_OK;
}

static enum qp_code run(struct submission *submission, struct qp_err *err)
{
    struct group *next = &submission->groups[0]; /* to be read */
    struct group *now = NULL;                    /* checked, and to be finished */
    for (;;) {
        struct qp_err why;
        qp_err_init(&why);
        enum qp_code unread = read_group(submission, next, now != NULL, &why);
        next->count = unread == QP_OK ? next->count : 0;
        if (now == NULL && unread == QP_OK && next->count == 0) {
            return end_of_stream(submission, err);
        }
        start_check(submission, next, now != NULL);
        enum qp_code rc = now != NULL ? finish_group(submission, now, err) : QP_OK;
        qp_pool_wait(submission->log->pool);
        if (rc == QP_OK && unread != QP_OK) { /* told after what came before it is safe */
            if (err != NULL) {
                *err = why;
            }
            return unread;
        }
        if (rc == QP_OK && next->piece.at > QP_BESIDE_BYTES) {
            rc = finish_group(submission, next, err); /* too large to have another beside it */
        }
        if (rc != QP_OK) {
            return rc;
        }
        now = next->count > 0 ? next : NULL;
        if (now != NULL) {
            next = &submission->groups[now == &submission->groups[0]];
        }
    }
}

static enum qp_code begin(struct submission *submission, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < QP_COUNT(submission->groups) && rc == QP_OK; i++) {
        struct group *group = &submission->groups[i];
        group->log = submission->log;
        group->items = qp_alloc_zero(QP_GROUP_RECORDS_MAX, sizeof *group->items);
        rc = group->items == NULL ? qp_fail(err, QP_E_MEMORY, "no memory to submit")
                                  : qp_log_benches(submission->log, &group->benches, err);
    }
    return rc;
}

enum qp_code qp_log_submit(struct qp_log *log, const struct qp_source *source,
                           const struct qp_submit_sink *sink, struct qp_err *err)
{
    struct submission submission = {.log = log,
                                    .sink = sink,
                                    .stream = {.source = source},
                                    .group_records = GROUP_RECORDS_FIRST};
    if (log->book == NULL) {
        return qp_fail(err, QP_E_USAGE, "the ledger is open for reading");
    }
    if (log->failed) {
        return qp_fail(err, QP_E_STORE, "an earlier write failed; open the ledger again");
    }
    enum qp_code rc = begin(&submission, err);
    rc = rc == QP_OK ? run(&submission, err) : rc;
    if (rc == QP_OK) {
        qp_err_init(err); /* what was looked for on the way and not found left its words */
    }
    for (size_t i = 0; i < QP_COUNT(submission.groups); i++) {
        struct group *group = &submission.groups[i];
        qp_benches_wipe(&group->benches);
        qp_free(group->items);
        qp_free(group->piece.data);
    }
    return rc;
}
