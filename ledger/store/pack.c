/* Packed tables: putting rows in.
 *
 * The block that a key belongs to is held, the rows that come are put among its own, and when a key
 * of another block comes, or the transaction ends, it is written as one block or as several. What
 * stands between the new rows is taken over as it is. Keys that ascend therefore cost one reading
 * and one writing of each block they touch. */
#include "store/store_priv.h"

#include "core/alloc.h"
#include "core/check.h"

#include <string.h>

/* So many blocks are held before they are written. */
#define HELD_BLOCKS ((size_t)16)
/* So many rows that came at once, nothing between them, came in order. */
#define RUN_ROWS 8

struct qp_packer {
    struct qp_store *store;
    enum qp_table table;
    bool open;    /* a block is held */
    bool written; /* something stands under its fence */
    bool gone;    /* that was written over or taken away */
    uint8_t fence[QP_BLOCK_KEY_BYTES];
    size_t fence_len;
    uint8_t above[QP_BLOCK_KEY_BYTES]; /* the fence of the next block */
    size_t above_len;                  /* 0: there is none */

    /* What the block had, and the row of it that comes next. */
    struct qp_buf old;
    struct qp_block block;
    struct qp_block_row row;
    bool more;
    bool joined; /* what is before that row is what was before it in the old block */

    struct qp_builder built;
    struct qp_builder even;

    size_t came;    /* new rows */
    bool scattered; /* others are between them */
    size_t place;   /* of the first, in the old block */
};

struct qp_packer *qp_packer_new(struct qp_store *store, enum qp_table table)
{
    struct qp_packer *packer = qp_alloc_zero(1, sizeof *packer);
    if (packer != NULL) {
        packer->store = store;
        packer->table = table;
    }
    return packer;
}

void qp_packer_free(struct qp_packer *packer)
{
    if (packer != NULL) {
        qp_free(packer->old.data);
        qp_builder_wipe(&packer->built);
        qp_builder_wipe(&packer->even);
        qp_free(packer);
    }
}

void qp_packer_forget(struct qp_packer *packer)
{
    packer->open = false;
}

/* ---- The old block ---- */

static enum qp_code damaged(const struct qp_packer *packer, struct qp_err *err)
{
    packer->store->damaged++;
    return qp_fail(err, QP_E_STORE,
                   "table %s in %s is damaged; make it anew: quipu audit --rebuild",
                   qp_table_name(packer->table), packer->store->data_path);
}

/* Nothing is written into a block that is damaged, whoever bears it: the table is made anew. */
static enum qp_code step(struct qp_packer *packer, enum qp_block_step found, struct qp_err *err)
{
    packer->more = found == QP_BLOCK_ROW;
    return found == QP_BLOCK_BAD ? damaged(packer, err) : QP_OK;
}

/* Pass over a row of the old block. */
static enum qp_code pass(struct qp_packer *packer, struct qp_err *err)
{
    packer->joined = false;
    return step(packer, qp_block_next(&packer->block, &packer->row), err);
}

/* Take over its rows before the place `to`, one by one. */
static enum qp_code take_each(struct qp_packer *packer, size_t to, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    while (rc == QP_OK && packer->more && packer->row.at < to) {
        rc = qp_builder_add(&packer->built, qp_block_key(&packer->row), packer->row.value, err);
        rc = rc == QP_OK ? pass(packer, err) : rc;
        packer->joined = true;
    }
    return rc;
}

/* Take over its rows up to `found`, the row that comes then; `last` is the key before it. */
static enum qp_code take_to(struct qp_packer *packer, const struct qp_block_row *found, bool more,
                            struct qp_span last, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    if (!packer->more || packer->row.at >= found->at) {
        return QP_OK;
    }
    packer->scattered = packer->scattered || packer->came > 0;
    if (!packer->joined) { /* it shares something with a row that is no longer before it */
        rc = take_each(packer, packer->row.next, err);
    }
    size_t bytes = found->at - packer->row.at;
    if (rc != QP_OK || !packer->more || bytes == 0 || packer->row.at > found->at) {
        return rc;
    }
    if (qp_builder_bytes(&packer->built) + bytes + 2 * packer->block.restart_count >
        packer->built.most) {
        return take_each(packer, found->at, err);
    }
    rc = qp_builder_copy(&packer->built, &packer->block, packer->row.at, found->at, last, err);
    packer->row = *found;
    packer->more = more;
    return rc;
}

static enum qp_code take_rest(struct qp_packer *packer, struct qp_err *err)
{
    struct qp_block_row last;
    struct qp_block_row end = {.at = packer->block.rows.len};
    if (!packer->more) {
        return QP_OK;
    }
    enum qp_block_step found = qp_block_below(&packer->block, qp_span_of(NULL, 0), &last);
    return found == QP_BLOCK_ROW ? take_to(packer, &end, false, qp_block_key(&last), err)
                                 : damaged(packer, err);
}

/* ---- Writing what is held ---- */

static int write_block(struct qp_packer *packer, MDB_cursor *cursor,
                       const struct qp_builder *builder, const struct qp_built *built)
{
    MDB_val key = qp_to_val(qp_span_of(built->fence, built->fence_len));
    MDB_val value = {.mv_size = qp_built_bytes(built)};
    int rc = mdb_cursor_put(cursor, &key, &value, MDB_RESERVE);
    if (rc == 0) {
        qp_built_write(builder, built, packer->table, value.mv_data);
    }
    return rc;
}

static int write_done(struct qp_packer *packer, MDB_cursor *cursor, struct qp_builder *builder)
{
    const struct qp_built *list = (const void *)builder->done.data;
    size_t count = builder->done.len / sizeof *list;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = write_block(packer, cursor, builder, &list[i]);
    }
    packer->gone = packer->gone || count > 0;
    builder->done.len = 0;
    return rc;
}

/* Did the new rows come in order, one behind the other, as numbers do that are given out? */
static bool in_order(const struct qp_packer *packer)
{
    return packer->came > 0 && !packer->scattered &&
           (packer->place == packer->block.expected || packer->came >= RUN_ROWS || !packer->more);
}

/* All blocks get as much, and so have room for more. */
static enum qp_code share_out(struct qp_packer *packer, struct qp_err *err)
{
    const struct qp_built *list = (const void *)packer->built.done.data;
    size_t count = packer->built.done.len / sizeof *list;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += qp_built_bytes(&list[i]);
    }
    enum qp_code rc = QP_OK;
    qp_builder_begin(&packer->even, qp_span_of(list[0].fence, list[0].fence_len), QP_BLOCK_BYTES);
    for (size_t i = 0; i < count; i++) {
        struct qp_block block = qp_built_block(&packer->built, &list[i]);
        struct qp_block_row row;
        enum qp_block_step found = qp_block_first(&block, &row);
        for (; rc == QP_OK && found == QP_BLOCK_ROW; found = qp_block_next(&block, &row)) {
            /* Never less than their share, and the last what is left: else there was one more. */
            if (packer->even.done.len / sizeof *list + 1 < count &&
                qp_builder_bytes(&packer->even) >= bytes / count) {
                rc = qp_builder_cut(&packer->even, qp_block_key(&row), err);
            }
            rc = rc == QP_OK ? qp_builder_add(&packer->even, qp_block_key(&row), row.value, err)
                             : rc;
        }
        rc = rc == QP_OK && found == QP_BLOCK_BAD ? damaged(packer, err) : rc;
    }
    return rc == QP_OK ? qp_builder_end(&packer->even, err) : rc;
}

/* Nothing is left under the fence. */
static int take_away(const struct qp_packer *packer, MDB_cursor *cursor)
{
    MDB_val key = qp_to_val(qp_span_of(packer->fence, packer->fence_len));
    MDB_val value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET);
    return rc == 0 ? mdb_cursor_del(cursor, 0) : rc;
}

/* Where more will come in order, what is before it is filled, and what is behind it is parted off;
 * else all get as much. */
enum qp_code qp_packer_flush(struct qp_packer *packer, MDB_cursor *cursor, int *rc,
                             struct qp_err *err)
{
    *rc = 0;
    if (!packer->open) {
        return QP_OK;
    }
    struct qp_builder *built = &packer->built;
    size_t rest = packer->more ? packer->block.rows.len - packer->row.at : 0;
    bool ordered = in_order(packer);
    bool full = built->done.len > 0 || qp_builder_bytes(built) + rest > QP_BLOCK_BYTES;
    enum qp_code code = QP_OK;
    if (packer->scattered) {
        built->now.expected = QP_BLOCK_ANYWHERE;
    }
    if (full && ordered && packer->more) {
        packer->joined = false;
        code = qp_builder_cut(built, qp_block_key(&packer->row), err);
    }
    code = code == QP_OK ? take_rest(packer, err) : code;
    code = code == QP_OK ? qp_builder_end(built, err) : code;
    if (code == QP_OK && !ordered && built->done.len > sizeof(struct qp_built)) {
        code = share_out(packer, err);
        built = &packer->even;
    }
    if (code == QP_OK) {
        *rc = write_done(packer, cursor, built);
    }
    if (code == QP_OK && *rc == 0 && packer->written && !packer->gone) {
        *rc = take_away(packer, cursor);
    }
    qp_packer_forget(packer);
    return code;
}

/* ---- Rows that come ---- */

static enum qp_code open_block(struct qp_packer *packer, MDB_cursor *cursor, struct qp_span key,
                               int *rc, struct qp_err *err)
{
    MDB_val fence;
    MDB_val bytes;
    MDB_val above = {0};
    *rc = qp_block_find(cursor, key, &fence, &bytes, &above);
    packer->written = *rc == 0;
    if (*rc == MDB_NOTFOUND) {
        *rc = 0;
        fence = (MDB_val){.mv_size = QP_FENCE_FIRST_BYTES,
                          .mv_data = (void *)(uintptr_t)QP_FENCE_FIRST};
    }
    if (*rc != 0) {
        return QP_OK;
    }
    if (fence.mv_size > sizeof packer->fence || above.mv_size > sizeof packer->above) {
        return damaged(packer, err);
    }
    packer->fence_len = fence.mv_size;
    memcpy(packer->fence, fence.mv_data, fence.mv_size);
    packer->above_len = above.mv_size;
    if (above.mv_size > 0) {
        memcpy(packer->above, above.mv_data, above.mv_size);
    }
    qp_builder_begin(&packer->built, qp_to_span(fence), QP_BLOCK_BYTES);
    packer->open = true;
    packer->gone = packer->more = packer->scattered = false;
    packer->came = 0;
    packer->joined = true;
    packer->block = (struct qp_block){.expected = QP_BLOCK_ANYWHERE};
    if (!packer->written) {
        return QP_OK;
    }
    /* A copy: what is written to the table moves its pages. */
    packer->old.len = 0;
    enum qp_code code = qp_buf_add(&packer->old, qp_to_span(bytes), err);
    struct qp_span old = qp_span_buf(&packer->old);
    if (code == QP_OK && (!qp_block_sound(packer->table, qp_to_span(fence), old) ||
                          !qp_block_open(old, &packer->block))) {
        code = damaged(packer, err);
    }
    packer->built.now.expected = packer->block.expected;
    return code == QP_OK ? step(packer, qp_block_first(&packer->block, &packer->row), err) : code;
}

static bool is_held(const struct qp_packer *packer, struct qp_span key)
{
    struct qp_span last = qp_span_of(packer->built.last, packer->built.last_len);
    struct qp_span fence = qp_span_of(packer->fence, packer->fence_len);
    struct qp_span above = qp_span_of(packer->above, packer->above_len);
    /* Nothing is last yet where the block's first rows were taken away. */
    return packer->open && qp_order_bytes(last, key) < 0 && qp_order_bytes(fence, key) <= 0 &&
           (above.len == 0 || qp_order_bytes(key, above) < 0);
}

/* Take over every row below the key; *there: it has a row of its own, which is passed over. */
static enum qp_code go_to(struct qp_packer *packer, MDB_cursor *cursor, struct qp_span key,
                          bool *there, int *rc, struct qp_err *err)
{
    enum qp_code code = QP_OK;
    *rc = 0;
    *there = false;
    QP_ASSERT(key.len > 0 && key.len <= QP_BLOCK_KEY_BYTES);
    if (!is_held(packer, key)) {
        code = qp_packer_flush(packer, cursor, rc, err);
        code = code == QP_OK && *rc == 0 ? open_block(packer, cursor, key, rc, err) : code;
    }
    if (code != QP_OK || *rc != 0 || !packer->more) {
        return code;
    }
    int order = qp_order_bytes(qp_block_key(&packer->row), key);
    if (order < 0) {
        struct qp_block_row found;
        uint8_t before[QP_BLOCK_KEY_BYTES];
        size_t before_len = 0;
        enum qp_block_step at =
            qp_block_seek_past(&packer->block, key, &found, before, &before_len);
        code = at == QP_BLOCK_BAD ? damaged(packer, err)
                                  : take_to(packer, &found, at == QP_BLOCK_ROW,
                                            qp_span_of(before, before_len), err);
        order = code == QP_OK && packer->more ? qp_order_bytes(qp_block_key(&packer->row), key) : 1;
    }
    *there = order == 0;
    return code == QP_OK && *there ? pass(packer, err) : code;
}

enum qp_code qp_packer_put(struct qp_packer *packer, MDB_cursor *cursor, enum qp_put how,
                           struct qp_span key, struct qp_span value, int *rc, struct qp_err *err)
{
    bool there = false;
    enum qp_code code = go_to(packer, cursor, key, &there, rc, err);
    if (code != QP_OK || *rc != 0) {
        return code;
    }
    if ((how != QP_PUT_ANY && there) ||
        (how == QP_PUT_APPEND && (packer->more || packer->above_len > 0))) {
        *rc = MDB_KEYEXIST;
        return QP_OK;
    }
    if (!there) {
        packer->place = packer->came > 0 ? packer->place
                        : packer->more   ? packer->row.at
                                         : packer->block.rows.len;
        packer->came++;
    }
    code = qp_builder_add(&packer->built, key, value, err);
    packer->joined = false;
    if (!there) {
        packer->built.now.expected = qp_builder_place(&packer->built);
    }
    if (code == QP_OK && packer->built.done.len >= HELD_BLOCKS * sizeof(struct qp_built)) {
        *rc = write_done(packer, cursor, &packer->built);
        qp_builder_drop(&packer->built);
    }
    return code;
}

enum qp_code qp_packer_delete(struct qp_packer *packer, MDB_cursor *cursor, struct qp_span key,
                              int *rc, struct qp_err *err)
{
    bool there = false;
    return go_to(packer, cursor, key, &there, rc, err);
}
