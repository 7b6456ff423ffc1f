/* The second half of an audit: derived tables, row by row. */
#include "log/audit.h"

#include "core/check.h"
#include "core/order.h"
#include "log/keys.h"

#include <inttypes.h>
#include <string.h>

static const enum qp_table derived[] = {QP_TABLE_TILES, QP_TABLE_ISSUERS, QP_TABLE_STATE,
                                        QP_TABLE_EDGES};

/* The first entry under the first hash in which two tiles differ. */
static uint64_t tile_entry(struct qp_span key, struct qp_span ours, struct qp_span theirs)
{
    size_t least = ours.len < theirs.len ? ours.len : theirs.len;
    size_t at = 0;
    while (at < least && ours.data[at] == theirs.data[at]) {
        at++;
    }
    uint64_t first = qp_load_be64(key.data + 1) * QP_TILE_WIDTH +
                     (uint64_t)key.data[9] * QP_TILE_PART + at / sizeof(struct qp_hash);
    return key.data[0] < QP_TILE_LEVELS - 1 ? first << (8U * key.data[0]) : 0;
}

/* The entry that a row speaks of, or QP_NO_ENTRY. One of the two may be missing. */
static uint64_t entry_of(enum qp_table table, struct qp_span key, const struct qp_row *ours,
                         const struct qp_row *theirs)
{
    struct qp_span value = theirs->found ? theirs->value : ours->value;
    if (table == QP_TABLE_TILES && key.len == QP_TILE_KEY_BYTES) {
        struct qp_span none = qp_span_of(NULL, 0);
        return tile_entry(key, ours->found ? ours->value : none,
                          theirs->found ? theirs->value : none);
    }
    uint64_t index = QP_NO_ENTRY;
    if (table == QP_TABLE_ISSUERS && !qp_load_short(value, &index)) {
        return QP_NO_ENTRY;
    }
    if (table == QP_TABLE_EDGES) {
        const uint8_t *end = key.len > 0 ? memchr(key.data, 0, key.len) : NULL; /* of the id */
        uint64_t position = 0;
        uint8_t role = 0;
        size_t prefix = end != NULL ? (size_t)(end - key.data) + 1 : key.len;
        struct qp_span tail = qp_span_of(key.data + prefix, key.len - prefix);
        return qp_edge_tail(tail, &index, &position, &role) ? index : QP_NO_ENTRY;
    }
    return index;
}

static void fault(struct qp_audit *audit, enum qp_table table, const char *what,
                  const struct qp_row *ours, const struct qp_row *theirs)
{
    struct qp_span key = ours->found ? ours->key : theirs->key;
    uint64_t entry = entry_of(table, key, ours, theirs);
    char hex[2 * 48 + 1];
    qp_hex_encode(hex, qp_span_of(key.data, key.len < 48 ? key.len : 48));
    if (entry == QP_NO_ENTRY) {
        qp_audit_fault(audit, entry, "table %s: row %s %s", qp_table_name(table), hex, what);
    } else {
        qp_audit_fault(audit, entry, "entry %" PRIu64 ": in table %s, row %s %s", entry,
                       qp_table_name(table), hex, what);
    }
}

/* One step of the merge: which of the two rows is looked at, and what is wrong with it. */
static enum qp_code step(struct qp_audit *audit, enum qp_table table, struct qp_walk *ours,
                         struct qp_walk *theirs, struct qp_err *err)
{
    static const struct qp_row none = {.found = false};
    int which = !theirs->row.found ? -1
                : !ours->row.found ? 1
                                   : qp_order_bytes(ours->row.key, theirs->row.key);
    if (which < 0) {
        fault(audit, table, "does not follow from the entries", &ours->row, &none);
    } else if (which > 0) {
        fault(audit, table, "is missing", &none, &theirs->row);
    } else if (!qp_same_bytes(ours->row.value, theirs->row.value)) {
        fault(audit, table, "is not what the entries give", &ours->row, &theirs->row);
    }
    enum qp_code rc = QP_OK;
    if (which <= 0) {
        rc = qp_cursor_next(ours->cursor, &ours->row, err);
    }
    if (which >= 0 && rc == QP_OK) {
        rc = qp_cursor_next(theirs->cursor, &theirs->row, err);
    }
    return rc;
}

static enum qp_code compare_table(struct qp_audit *audit, enum qp_table table, struct qp_err *err)
{
    struct qp_walk ours = {0};
    struct qp_walk theirs = {0};
    struct qp_span first = {0};
    enum qp_code rc = qp_cursor_open(audit->log->store, table, &ours.cursor, err);
    rc = rc == QP_OK ? qp_cursor_open(audit->temp, table, &theirs.cursor, err) : rc;
    rc = rc == QP_OK ? qp_cursor_seek(ours.cursor, first, &ours.row, err) : rc;
    rc = rc == QP_OK ? qp_cursor_seek(theirs.cursor, first, &theirs.row, err) : rc;
    while (rc == QP_OK && (ours.row.found || theirs.row.found)) {
        rc = step(audit, table, &ours, &theirs, err);
    }
    qp_cursor_close(ours.cursor);
    qp_cursor_close(theirs.cursor);
    return rc;
}

enum qp_code qp_audit_compare(struct qp_audit *audit, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < QP_COUNT(derived) && rc == QP_OK; i++) {
        rc = compare_table(audit, derived[i], err);
    }
    return rc;
}

/* ---- Rebuilding ---- */

static enum qp_code copy_table(struct qp_audit *audit, enum qp_table table,
                               struct qp_writer *writer, struct qp_err *err)
{
    struct qp_walk theirs = {0};
    enum qp_code rc = qp_write_clear(writer, table, err);
    rc = rc == QP_OK ? qp_cursor_open(audit->temp, table, &theirs.cursor, err) : rc;
    rc = rc == QP_OK ? qp_cursor_seek(theirs.cursor, qp_span_of(NULL, 0), &theirs.row, err) : rc;
    while (rc == QP_OK && theirs.row.found) {
        rc = qp_write_put(writer, table, QP_PUT_APPEND, theirs.row.key, theirs.row.value, err);
        rc = rc == QP_OK ? qp_cursor_next(theirs.cursor, &theirs.row, err) : rc;
    }
    qp_cursor_close(theirs.cursor);
    return rc;
}

static enum qp_code write_tables(void *context, struct qp_writer *writer, struct qp_err *err)
{
    struct qp_audit *audit = context;
    uint8_t size[8];
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < QP_COUNT(derived) && rc == QP_OK; i++) {
        rc = copy_table(audit, derived[i], writer, err);
    }
    qp_store_be64(size, audit->size);
    return rc == QP_OK ? qp_write_put(writer, QP_TABLE_META, QP_PUT_ANY, qp_span_text(QP_META_SIZE),
                                      qp_span_of(size, sizeof size), err)
                       : rc;
}

enum qp_code qp_audit_rebuild(struct qp_audit *audit, struct qp_err *err)
{
    struct qp_log *log = audit->log;
    enum qp_code rc = qp_store_write(log->store, write_tables, audit, err);
    qp_log_forget(log); /* hashes that were wrong */
    if (rc == QP_OK && log->book != NULL) {
        rc = qp_book_reload(log->book, err);
    }
    log->failed = log->failed || rc != QP_OK;
    audit->report.rebuilt = rc == QP_OK;
    return rc;
}
