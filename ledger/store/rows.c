/* Reading: rows and walks through the view. */
#include "store/store_priv.h"

#include "core/alloc.h"
#include "core/check.h"
#include "host/file.h"

#include <errno.h>
#include <sys/stat.h>

struct qp_cursor {
    MDB_cursor *cursor;
    struct qp_store *store;
    enum qp_table table;
    struct qp_packed_cursor *packed; /* NULL: rows stand alone */
};

/* ---- Damage ---- */

void qp_store_bear_damage(struct qp_store *store, bool bear)
{
    store->bears_damage = bear;
}

uint64_t qp_store_damaged(const struct qp_store *store)
{
    return store->damaged;
}

enum qp_code qp_store_damage(struct qp_store *store, enum qp_table table, struct qp_err *err)
{
    store->damaged++;
    return store->bears_damage
               ? QP_OK
               : qp_fail(err, QP_E_STORE,
                         "a row of table %s in %s is damaged; quipu scrub says what is, and mends "
                         "it from a backup",
                         qp_table_name(table), store->data_path);
}

/* The value of a row that stands alone, without its check. */
static enum qp_code take_value(struct qp_store *store, enum qp_table table, struct qp_span key,
                               MDB_val stored, struct qp_span *value, struct qp_err *err)
{
    struct qp_span bytes = qp_to_span(stored);
    if (table == QP_TABLE_META) {
        *value = bytes;
        return QP_OK;
    }
    size_t len = bytes.len < QP_CHECK_BYTES ? 0 : bytes.len - QP_CHECK_BYTES;
    *value = qp_span_of(bytes.data, len);
    bool holds = bytes.len >= QP_CHECK_BYTES &&
                 qp_load_be32(bytes.data + len) == qp_store_check(table, key, *value);
    return holds ? QP_OK : qp_store_damage(store, table, err);
}

static enum qp_code need_view(const struct qp_store *store, struct qp_err *err)
{
    return store->view != NULL ? QP_OK
                               : qp_fail(err, QP_E_STORE,
                                         "%s: an earlier failure ended this handle; open the "
                                         "ledger again",
                                         store->data_path);
}

static enum qp_code get_alone(struct qp_store *store, enum qp_table table, struct qp_span key,
                              struct qp_span *value, struct qp_err *err)
{
    MDB_val k = qp_to_val(key);
    MDB_val v;
    int rc = mdb_get(store->view, store->tables[table], &k, &v);
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? QP_E_NOT_FOUND : qp_store_fail(store, rc, "reading", err);
    }
    return take_value(store, table, key, v, value, err);
}

enum qp_code qp_store_get(struct qp_store *store, enum qp_table table, struct qp_span key,
                          struct qp_span *value, struct qp_err *err)
{
    enum qp_code code = need_view(store, err);
    if (code != QP_OK) {
        return code;
    }
    code = qp_table_is_packed(table) ? qp_packed_get(store, table, key, value, err)
                                     : get_alone(store, table, key, value, err);
    if (code == QP_E_NOT_FOUND && err != NULL) { /* most are expected: no words are made for them */
        qp_err_init(err);
        err->code = QP_E_NOT_FOUND;
    }
    return code;
}

enum qp_code qp_store_table_bytes(struct qp_store *store, enum qp_table table, uint64_t *bytes,
                                  struct qp_err *err)
{
    enum qp_code code = need_view(store, err);
    if (code != QP_OK) {
        return code;
    }
    MDB_stat stat_of;
    int rc = mdb_stat(store->view, store->tables[table], &stat_of);
    if (rc != 0) {
        return qp_store_fail(store, rc, "measuring", err);
    }
    *bytes =
        ((uint64_t)stat_of.ms_branch_pages + stat_of.ms_leaf_pages + stat_of.ms_overflow_pages) *
        stat_of.ms_psize;
    return QP_OK;
}

enum qp_code qp_store_size(const struct qp_store *store, uint64_t *bytes, struct qp_err *err)
{
    struct stat status;
    if (stat(store->data_path, &status) != 0) {
        return qp_fail_errno(err, errno, "look at", store->data_path);
    }
    *bytes = (uint64_t)status.st_size;
    return QP_OK;
}

enum qp_code qp_cursor_open(struct qp_store *store, enum qp_table table, struct qp_cursor **cursor,
                            struct qp_err *err)
{
    enum qp_code code = need_view(store, err);
    if (code != QP_OK) {
        return code;
    }
    bool packed = qp_table_is_packed(table);
    struct qp_cursor *made = qp_alloc_zero(1, sizeof *made);
    if (made != NULL && packed) {
        made->packed = qp_alloc_zero(1, sizeof *made->packed);
    }
    if (made == NULL || (packed && made->packed == NULL)) {
        qp_free(made);
        return qp_fail(err, QP_E_MEMORY, "no memory to walk through a table");
    }
    made->store = store;
    made->table = table;
    int rc = mdb_cursor_open(store->view, store->tables[table], &made->cursor);
    if (rc != 0) {
        qp_free(made->packed);
        qp_free(made);
        return qp_store_fail(store, rc, "reading", err);
    }
    if (packed) {
        made->packed->cursor = made->cursor;
        made->packed->store = store;
        made->packed->table = table;
    }
    *cursor = made;
    return QP_OK;
}

void qp_cursor_close(struct qp_cursor *cursor)
{
    if (cursor != NULL) {
        mdb_cursor_close(cursor->cursor);
        qp_free(cursor->packed);
        qp_free(cursor);
    }
}

static enum qp_code step(struct qp_cursor *cursor, MDB_cursor_op op, MDB_val key,
                         struct qp_row *row, struct qp_err *err)
{
    MDB_val value;
    int rc = mdb_cursor_get(cursor->cursor, &key, &value, op);
    if (rc == MDB_NOTFOUND) {
        *row = (struct qp_row){.found = false};
        return QP_OK;
    }
    if (rc != 0) {
        return qp_store_fail(cursor->store, rc, "reading", err);
    }
    *row = (struct qp_row){.found = true, .key = qp_to_span(key)};
    return take_value(cursor->store, cursor->table, row->key, value, &row->value, err);
}

/* Where a step through a packed table has led. */
static void tell_row(const struct qp_cursor *cursor, bool found, struct qp_row *row)
{
    *row = (struct qp_row){.found = found};
    if (found) {
        row->key = qp_block_key(&cursor->packed->row);
        row->value = cursor->packed->row.value;
    }
}

enum qp_code qp_cursor_seek(struct qp_cursor *cursor, struct qp_span key, struct qp_row *row,
                            struct qp_err *err)
{
    if (cursor->packed != NULL) {
        bool found = false;
        enum qp_code rc = qp_packed_seek(cursor->packed, key, &found, err);
        tell_row(cursor, rc == QP_OK && found, row);
        return rc;
    }
    return step(cursor, key.len == 0 ? MDB_FIRST : MDB_SET_RANGE, qp_to_val(key), row, err);
}

enum qp_code qp_cursor_next(struct qp_cursor *cursor, struct qp_row *row, struct qp_err *err)
{
    if (cursor->packed != NULL) {
        bool found = false;
        enum qp_code rc = qp_packed_next(cursor->packed, &found, err);
        tell_row(cursor, rc == QP_OK && found, row);
        return rc;
    }
    return step(cursor, MDB_NEXT, (MDB_val){0}, row, err);
}

enum qp_code qp_cursor_below(struct qp_cursor *cursor, struct qp_span key, struct qp_row *row,
                             struct qp_err *err)
{
    struct qp_row at = {.found = false};
    if (cursor->packed != NULL) {
        bool found = false;
        enum qp_code rc = qp_packed_below(cursor->packed, key, &found, err);
        tell_row(cursor, rc == QP_OK && found, row);
        return rc;
    }
    if (key.len > 0) {
        enum qp_code rc = step(cursor, MDB_SET_RANGE, qp_to_val(key), &at, err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    return step(cursor, at.found ? MDB_PREV : MDB_LAST, (MDB_val){0}, row, err);
}

enum qp_code qp_store_count(struct qp_store *store, enum qp_table table, uint64_t *count,
                            struct qp_err *err)
{
    enum qp_code code = need_view(store, err);
    if (code != QP_OK) {
        return code;
    }
    MDB_stat stat_of;
    QP_ASSERT(!qp_table_is_packed(table)); /* LMDB does not know what is in a block */
    int rc = mdb_stat(store->view, store->tables[table], &stat_of);
    if (rc != 0) {
        return qp_store_fail(store, rc, "counting", err);
    }
    *count = stat_of.ms_entries;
    return QP_OK;
}
