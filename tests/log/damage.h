/* Damage done to a ledger's store from below, as a bad disk or a bad hand would. */
#ifndef QP_TESTS_LOG_DAMAGE_H
#define QP_TESTS_LOG_DAMAGE_H

#include "log/folder.h"

#include "store/store.h"

struct damage {
    enum qp_table table;
    struct qp_buf key;
    struct qp_buf value;
    bool take_away;
};

static inline enum qp_code damage_write(void *context, struct qp_writer *writer, struct qp_err *err)
{
    const struct damage *damage = context;
    struct qp_span key = qp_span_buf(&damage->key);
    return damage->take_away ? qp_write_delete(writer, damage->table, key, err)
                             : qp_write_put(writer, damage->table, QP_PUT_ANY, key,
                                            qp_span_buf(&damage->value), err);
}

static inline void damage_store(const struct folder *folder, struct damage *damage)
{
    struct qp_store_options options = {.write = true};
    struct qp_store *store = NULL;
    assert_ok(qp_store_open(folder->store, &options, &store, err));
    assert_ok(qp_store_write(store, damage_write, damage, err));
    qp_store_close(store);
    qp_buf_wipe(&damage->key);
    qp_buf_wipe(&damage->value);
}

/* The row number `skip` of the table, copied. */
static inline struct damage damage_row(const struct folder *folder, enum qp_table table,
                                       unsigned skip)
{
    struct damage damage = {.table = table};
    struct qp_store_options options = {.write = false};
    struct qp_store *store = NULL;
    struct qp_cursor *cursor = NULL;
    struct qp_row row;
    assert_ok(qp_store_open(folder->store, &options, &store, err));
    assert_ok(qp_cursor_open(store, table, &cursor, err));
    assert_ok(qp_cursor_seek(cursor, qp_span_of(NULL, 0), &row, err));
    for (unsigned i = 0; i < skip; i++) {
        assert_true(row.found);
        assert_ok(qp_cursor_next(cursor, &row, err));
    }
    assert_true(row.found);
    assert_ok(qp_buf_add(&damage.key, row.key, err));
    assert_ok(qp_buf_add(&damage.value, row.value, err));
    qp_cursor_close(cursor);
    qp_store_close(store);
    return damage;
}

/* Change one byte of a row's value; from_end counts back from its last byte. */
static inline void damage_flip(const struct folder *folder, enum qp_table table, unsigned skip,
                               size_t from_end)
{
    struct damage damage = damage_row(folder, table, skip);
    assert_true(from_end < damage.value.len);
    damage.value.data[damage.value.len - 1 - from_end] ^= 0x01;
    damage_store(folder, &damage);
}

static inline void damage_remove(const struct folder *folder, enum qp_table table, unsigned skip)
{
    struct damage damage = damage_row(folder, table, skip);
    damage.take_away = true;
    damage_store(folder, &damage);
}

/* A copy of the row under another key: its last byte changed. */
static inline void damage_add(const struct folder *folder, enum qp_table table, unsigned skip)
{
    struct damage damage = damage_row(folder, table, skip);
    damage.key.data[damage.key.len - 1] ^= 0x80;
    damage_store(folder, &damage);
}

#endif
