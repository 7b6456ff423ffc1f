/* Packed tables: looking up rows and walking through them. */
#include "store/store_priv.h"

#include <string.h>

bool qp_table_is_packed(enum qp_table table)
{
    return table == QP_TABLE_TILES || table == QP_TABLE_ISSUERS || table == QP_TABLE_STATE ||
           table == QP_TABLE_EDGES;
}

int qp_block_find(MDB_cursor *cursor, struct qp_span key, MDB_val *fence, MDB_val *bytes,
                  MDB_val *above)
{
    *fence = qp_to_val(key);
    int rc = mdb_cursor_get(cursor, fence, bytes, MDB_SET_RANGE);
    if (rc == 0 && qp_order_bytes(qp_to_span(*fence), key) == 0) {
        MDB_val behind;
        if (above == NULL) {
            return 0;
        }
        rc = mdb_cursor_get(cursor, above, &behind, MDB_NEXT);
        if (rc == 0) {
            return mdb_cursor_get(cursor, fence, bytes, MDB_PREV);
        }
        above->mv_size = 0;
        return rc == MDB_NOTFOUND ? mdb_cursor_get(cursor, fence, bytes, MDB_LAST) : rc;
    }
    if (above != NULL) {
        *above = rc == 0 ? *fence : (MDB_val){0};
    }
    if (rc == 0) {
        return mdb_cursor_get(cursor, fence, bytes, MDB_PREV);
    }
    return rc == MDB_NOTFOUND ? mdb_cursor_get(cursor, fence, bytes, MDB_LAST) : rc;
}

/* Where it is noted that a block was checked. Pages of a view stand still. */
static const void **slot_of(struct qp_store *store, const void *bytes)
{
    uintptr_t place = (uintptr_t)bytes;
    return &store->sound[(place / 4096 + place) % QP_SOUND_SLOTS];
}

enum qp_code qp_block_take(struct qp_store *store, enum qp_table table, MDB_val fence,
                           MDB_val bytes, struct qp_block *block, struct qp_err *err)
{
    const void **slot = store->view != NULL ? slot_of(store, bytes.mv_data) : NULL;
    if (slot == NULL || *slot != bytes.mv_data) {
        bool sound = qp_block_sound(table, qp_to_span(fence), qp_to_span(bytes));
        enum qp_code rc = sound ? QP_OK : qp_store_damage(store, table, err);
        if (rc != QP_OK) {
            return rc;
        }
        if (sound && slot != NULL) {
            *slot = bytes.mv_data;
        }
    }
    return qp_block_open(qp_to_span(bytes), block) ? QP_OK : qp_store_damage(store, table, err);
}

enum qp_code qp_block_found(struct qp_store *store, enum qp_table table,
                            const struct qp_block *block, struct qp_block_row *row,
                            enum qp_block_step step, bool *found, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    while (rc == QP_OK && step == QP_BLOCK_BAD) {
        rc = qp_store_damage(store, table, err);
        step = rc == QP_OK ? qp_block_next(block, row) : step;
    }
    *found = step == QP_BLOCK_ROW;
    return rc;
}

enum qp_code qp_packed_get(struct qp_store *store, enum qp_table table, struct qp_span key,
                           struct qp_span *value, struct qp_err *err)
{
    MDB_cursor **finder = &store->finders[table];
    MDB_val fence;
    MDB_val bytes;
    struct qp_block block;
    struct qp_block_row row;
    bool found = false;
    int rc = *finder == NULL ? mdb_cursor_open(store->view, store->tables[table], finder) : 0;
    rc = rc == 0 ? qp_block_find(*finder, key, &fence, &bytes, NULL) : rc;
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? QP_E_NOT_FOUND : qp_store_fail(store, rc, "reading", err);
    }
    enum qp_code code = qp_block_take(store, table, fence, bytes, &block, err);
    if (code == QP_OK) {
        enum qp_block_step step = qp_block_seek(&block, key, &row);
        code = qp_block_found(store, table, &block, &row, step, &found, err);
    }
    if (code != QP_OK) {
        return code;
    }
    *value = row.value;
    return found && qp_same_bytes(qp_block_key(&row), key) ? QP_OK : QP_E_NOT_FOUND;
}

void qp_packed_end(struct qp_store *store)
{
    for (size_t i = 0; i < QP_TABLE_COUNT; i++) {
        if (store->finders[i] != NULL) {
            mdb_cursor_close(store->finders[i]);
        }
        store->finders[i] = NULL;
    }
    memset(store->sound, 0, sizeof store->sound);
}

/* ---- Walking ---- */

/* The block that LMDB's cursor has moved to, if there is one. */
static enum qp_code take(struct qp_packed_cursor *at, int rc, MDB_val fence, MDB_val bytes,
                         bool *there, struct qp_err *err)
{
    *there = rc == 0;
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? QP_OK : qp_store_fail(at->store, rc, "reading", err);
    }
    return qp_block_take(at->store, at->table, fence, bytes, &at->block, err);
}

static enum qp_code move(struct qp_packed_cursor *at, MDB_cursor_op op, bool *there,
                         struct qp_err *err)
{
    MDB_val fence = {0};
    MDB_val bytes = {0};
    int rc = mdb_cursor_get(at->cursor, &fence, &bytes, op);
    return take(at, rc, fence, bytes, there, err);
}

static enum qp_code found_at(struct qp_packed_cursor *at, enum qp_block_step step, bool *found,
                             struct qp_err *err)
{
    return qp_block_found(at->store, at->table, &at->block, &at->row, step, found, err);
}

/* Where the block has no more, the first row of the next that has one. */
static enum qp_code forward(struct qp_packed_cursor *at, bool *found, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    while (rc == QP_OK && !*found) {
        bool there = false;
        rc = move(at, MDB_NEXT, &there, err);
        if (rc != QP_OK || !there) {
            break;
        }
        rc = found_at(at, qp_block_first(&at->block, &at->row), found, err);
    }
    return rc;
}

enum qp_code qp_packed_seek(struct qp_packed_cursor *at, struct qp_span key, bool *found,
                            struct qp_err *err)
{
    MDB_val fence = {0};
    MDB_val bytes = {0};
    bool there = false;
    *found = false;
    int rc = key.len > 0 ? qp_block_find(at->cursor, key, &fence, &bytes, NULL) : MDB_NOTFOUND;
    if (rc == MDB_NOTFOUND) { /* before the first block */
        rc = mdb_cursor_get(at->cursor, &fence, &bytes, MDB_FIRST);
    }
    enum qp_code code = take(at, rc, fence, bytes, &there, err);
    if (code != QP_OK || !there) {
        return code;
    }
    enum qp_block_step step = key.len > 0 ? qp_block_seek(&at->block, key, &at->row)
                                          : qp_block_first(&at->block, &at->row);
    code = found_at(at, step, found, err);
    return code == QP_OK ? forward(at, found, err) : code;
}

enum qp_code qp_packed_next(struct qp_packed_cursor *at, bool *found, struct qp_err *err)
{
    enum qp_code rc = found_at(at, qp_block_next(&at->block, &at->row), found, err);
    return rc == QP_OK ? forward(at, found, err) : rc;
}

enum qp_code qp_packed_below(struct qp_packed_cursor *at, struct qp_span key, bool *found,
                             struct qp_err *err)
{
    MDB_val fence = {0};
    MDB_val bytes = {0};
    bool there = false;
    *found = false;
    int rc = key.len > 0 ? qp_block_find(at->cursor, key, &fence, &bytes, NULL)
                         : mdb_cursor_get(at->cursor, &fence, &bytes, MDB_LAST);
    enum qp_code code = take(at, rc, fence, bytes, &there, err);
    while (code == QP_OK && there) {
        enum qp_block_step step = qp_block_below(&at->block, key, &at->row);
        *found = step == QP_BLOCK_ROW;
        code = step == QP_BLOCK_BAD ? qp_store_damage(at->store, at->table, err) : QP_OK;
        if (code != QP_OK || *found) {
            break;
        }
        code = move(at, MDB_PREV, &there, err);
    }
    return code;
}
