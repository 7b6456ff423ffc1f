/* The pipeline of admission: read → decode and verify → judge → write → sign → acknowledge, a group
 * of records at a time. Each step takes the whole group, so that steps can be moved to other
 * threads without touching their neighbours; decoding and verifying already run on a pool.
 *
 * Memory, whatever the length of the stream: the bytes of one group (QP_GROUP_BYTES, or one record
 * of up to QP_SUBMISSION_BYTES_MAX), what is decoded of it (QP_KEEP_BYTES for each worker, plus
 * one record's lists), and what is to be written for it: entries of about 300 bytes, and state
 * records and edges, each a few hundred bytes for a subject that an event names, here and once more
 * in the pages of the transaction. All of it is freed or used again by the next group.
 *
 * With two workers that is less than 384 MB of the program's own for everything that
 * tests/bench/bench_memory.c sends, which holds it to that: also statements of 4,096 events that
 * make 64 lots each, and records of 60 MiB. A record of 64 MiB made to draw from as many lots as it
 * can, some 1.8 million, would take about 1.2 GB. Mapped pages of the store are resident as well,
 * but they are the system's cache of a file. */
#include "log/log_priv.h"

#include "core/check.h"
#include "core/time.h"

#include <inttypes.h>
#include <string.h>

#define QP_GROUP_BYTES ((size_t)16 * 1024 * 1024)
#define READ_BYTES ((size_t)1024 * 1024)

/* ---- Read ---- */

struct stream {
    const struct qp_source *source;
    uint8_t *data;
    size_t capacity;
    size_t len;     /* bytes at hand */
    size_t at;      /* of these, taken by the group */
    uint64_t start; /* place of data[0] in the input */
    uint64_t record_count;
    bool ended;
    struct qp_err bad; /* code QP_E_INPUT: what stands at `at` is no record */
};

struct item {
    struct qp_record record;
    struct qp_err err;
    enum qp_code code;
    struct qp_admitted admitted;
    struct qp_span entry; /* when it was admitted now */
    size_t at;            /* in the stream's data */
    size_t len;
};

struct group {
    struct qp_log *log;
    struct qp_benches benches;
    struct item *items; /* QP_GROUP_RECORDS_MAX */
    size_t count;
};

static enum qp_code read_more(struct stream *stream, size_t whole, struct qp_err *err)
{
    size_t want = stream->at + (whole > READ_BYTES ? whole : READ_BYTES);
    if (want < stream->len + 1) {
        want = stream->len + 1;
    }
    if (want > stream->capacity) {
        size_t capacity = 2 * stream->capacity;
        capacity = capacity > QP_GROUP_BYTES + READ_BYTES ? want : capacity;
        capacity = capacity < want ? want : capacity;
        uint8_t *grown = qp_realloc(stream->data, capacity);
        if (grown == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory for a submission of %zu bytes", whole);
        }
        stream->data = grown;
        stream->capacity = capacity;
    }
    size_t got = 0;
    enum qp_code rc = stream->source->read(stream->source->context, stream->data + stream->len,
                                           stream->capacity - stream->len, &got, err);
    QP_ASSERT(got <= stream->capacity - stream->len);
    stream->len += got;
    stream->ended = rc == QP_OK && got == 0;
    return rc;
}

/* Length of the record at `at`: 0 when its head is not whole yet. Sets `bad` when it is none. */
static size_t record_length(struct stream *stream)
{
    size_t left = stream->len - stream->at;
    size_t whole = 0;
    if (left == 0 || (left < QP_SUBMISSION_HEAD_BYTES && !stream->ended)) {
        return 0;
    }
    struct qp_span head =
        qp_span_of(stream->data + stream->at,
                   left < QP_SUBMISSION_HEAD_BYTES ? left : QP_SUBMISSION_HEAD_BYTES);
    (void)!qp_submission_head(head, &whole, &stream->bad);
    if (stream->bad.code == QP_OK && stream->ended && whole > left) {
        qp_fail_at(&stream->bad, QP_E_INPUT, left, "the submission is cut off: %zu bytes of %zu",
                   left, whole);
    }
    return stream->bad.code == QP_OK ? whole : 0;
}

static bool wait_is_over(const struct stream *stream)
{
    return stream->source->ready != NULL && !stream->source->ready(stream->source->context);
}

/* Fill the group with whole records. It stays empty at the end of the stream and before bytes that
 * are no record. */
static enum qp_code read_group(struct stream *stream, struct group *group, struct qp_err *err)
{
    QP_ASSERT(group->items != NULL);
    group->count = 0;
    if (stream->at > 0) {
        memmove(stream->data, stream->data + stream->at, stream->len - stream->at);
        stream->start += stream->at;
        stream->len -= stream->at;
        stream->at = 0;
    }
    while (group->count < QP_GROUP_RECORDS_MAX && stream->bad.code == QP_OK) {
        size_t whole = record_length(stream);
        if (stream->bad.code != QP_OK) {
            break;
        }
        if (whole > 0 && group->count > 0 && stream->at + whole > QP_GROUP_BYTES) {
            break;
        }
        if (whole > 0 && whole <= stream->len - stream->at) {
            group->items[group->count] = (struct item){.at = stream->at, .len = whole};
            group->items[group->count++].record.offset = stream->start + stream->at;
            stream->at += whole;
            continue;
        }
        if (stream->ended || (group->count > 0 && wait_is_over(stream))) {
            break;
        }
        enum qp_code rc = read_more(stream, whole, err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    for (size_t i = 0; i < group->count; i++) { /* the bytes move no more */
        struct item *item = &group->items[i];
        item->record.bytes = qp_span_of(stream->data + item->at, item->len);
    }
    return QP_OK;
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
    return rc;
}

void qp_benches_reset(struct qp_benches *benches)
{
    for (unsigned i = 0; i < benches->count; i++) {
        qp_arena_reset(&benches->list[i].keep);
        qp_arena_reset(&benches->list[i].scratch);
    }
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
            /* What was just written was just read back: no need to hash it once more. */
            rc = item->entry.len > 0
                     ? qp_log_receipt_of(group->log, item->admitted.index, item->entry, &receipt,
                                         err)
                     : qp_log_receipt(group->log, item->admitted.index, &receipt, err);
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
        bytes += group->items[i].entry.len > 0 ? 4 * (uint64_t)group->items[i].len : 0;
    }
    return qp_store_room(group->log->store, bytes, err);
}

static enum qp_code submit_group(struct group *group, uint64_t first,
                                 const struct qp_submit_sink *sink, struct qp_err *err)
{
    struct qp_log *log = group->log;
    qp_pool_run(log->pool, check_item, group, group->count);
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
    rc = rc == QP_OK ? tell_group(group, first, sink, err) : rc;
    qp_book_done(log->book);
    return rc;
}

static enum qp_code end_of_stream(const struct stream *stream, struct qp_err *err)
{
    if (stream->bad.code != QP_OK) {
        uint64_t at = stream->start + stream->at;
        uint64_t offset = stream->bad.offset == QP_NO_OFFSET ? at : at + stream->bad.offset;
        return qp_fail_at(err, QP_E_INPUT, offset, "byte %" PRIu64 ": %s", at, stream->bad.text);
    }
    if (stream->record_count == 0) {
        return qp_fail(err, QP_E_INPUT, "the input is empty; there is nothing to submit");
    }
    return QP_OK;
}

enum qp_code qp_log_submit(struct qp_log *log, const struct qp_source *source,
                           const struct qp_submit_sink *sink, struct qp_err *err)
{
    struct stream stream = {.source = source};
    struct group group = {.log = log};
    if (log->book == NULL) {
        return qp_fail(err, QP_E_USAGE, "the ledger is open for reading");
    }
    if (log->failed) {
        return qp_fail(err, QP_E_STORE, "an earlier write failed; open the ledger again");
    }
    group.items = qp_alloc_zero(QP_GROUP_RECORDS_MAX, sizeof *group.items);
    enum qp_code rc = group.items == NULL ? qp_fail(err, QP_E_MEMORY, "no memory to submit")
                                          : qp_log_benches(log, &group.benches, err);
    while (rc == QP_OK) {
        rc = read_group(&stream, &group, err);
        if (rc != QP_OK || group.count == 0) {
            break;
        }
        rc = submit_group(&group, stream.record_count, sink, err);
        stream.record_count += group.count;
        qp_benches_reset(&group.benches);
    }
    rc = rc == QP_OK ? end_of_stream(&stream, err) : rc;
    if (rc == QP_OK) {
        qp_err_init(err); /* what was looked for on the way and not found left its words */
    }
    qp_benches_wipe(&group.benches);
    qp_free(group.items);
    qp_free(stream.data);
    return rc;
}
