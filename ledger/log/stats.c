#include "log/log_priv.h"

#include "core/check.h"
#include "log/view.h"

#include <string.h>

/* Body of an event: the first field of its message with a number of 10 or more. */
static enum qp_code count_event(struct qp_log *log, struct qp_span bytes,
                                struct qp_log_stats *stats, struct qp_err *err)
{
    Qp__Event *event = NULL;
    qp_arena_reset(&log->arena);
    enum qp_code rc = qp_event_decode(bytes, &log->arena, &event, err);
    if (rc == QP_E_INPUT) {
        qp_prefix(err, rc, "a stored event is damaged, run an audit");
        return QP_E_STORE;
    }
    if (rc == QP_OK) {
        size_t kind = (size_t)event->body_case;
        QP_ASSERT(kind < QP_COUNT(stats->events_by_kind));
        stats->events_by_kind[kind]++;
        stats->events++;
        stats->bytes_events += bytes.len;
    }
    return rc;
}

/* Walk a table whose keys begin with an entry's index, up to the signed size. */
static enum qp_code walk(struct qp_log *log, enum qp_table table, struct qp_log_stats *stats,
                         struct qp_err *err)
{
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    enum qp_code rc = qp_cursor_open(log->store, table, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_seek(cursor, qp_span_of(NULL, 0), &row, err) : rc;
    while (rc == QP_OK && row.found && row.key.len >= 8 &&
           qp_load_be64(row.key.data) < log->head.size) {
        if (table == QP_TABLE_ENTRIES) {
            stats->entries++;
            stats->bytes_entries += row.value.len;
        } else if (table == QP_TABLE_VAULT) {
            stats->sealed++;
            stats->bytes_sealed += row.value.len;
        } else {
            rc = count_event(log, row.value, stats, err);
        }
        rc = rc == QP_OK ? qp_cursor_next(cursor, &row, err) : rc;
    }
    qp_cursor_close(cursor);
    return rc;
}

/* One step for each issuer: to the row behind its last possible sequence. */
static enum qp_code count_issuers(struct qp_log *log, struct qp_log_stats *stats,
                                  struct qp_err *err)
{
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    uint8_t behind[40];
    enum qp_code rc = qp_cursor_open(log->store, QP_TABLE_ISSUERS, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_seek(cursor, qp_span_of(NULL, 0), &row, err) : rc;
    while (rc == QP_OK && row.found && row.key.len == sizeof behind) {
        stats->issuers++;
        memset(behind, 0xff, sizeof behind);
        memcpy(behind, row.key.data, 32);
        rc = qp_cursor_seek(cursor, qp_span_of(behind, sizeof behind), &row, err);
    }
    qp_cursor_close(cursor);
    return rc;
}

enum qp_code qp_log_stats(struct qp_log *log, struct qp_log_stats *stats, struct qp_err *err)
{
    struct qp_log_stats counted = {0};
    enum qp_code rc = walk(log, QP_TABLE_ENTRIES, &counted, err);
    rc = rc == QP_OK ? walk(log, QP_TABLE_EVENTS, &counted, err) : rc;
    rc = rc == QP_OK ? walk(log, QP_TABLE_VAULT, &counted, err) : rc;
    rc = rc == QP_OK ? count_issuers(log, &counted, err) : rc;
    rc = rc == QP_OK ? qp_store_size(log->store, &counted.bytes_on_disk, err) : rc;
    if (rc == QP_OK) {
        *stats = counted;
    }
    return rc;
}

enum qp_code qp_log_oldest_reader(struct qp_log *log, struct qp_old_reader *oldest,
                                  struct qp_err *err)
{
    return qp_store_oldest_reader(log->store, oldest, err);
}
