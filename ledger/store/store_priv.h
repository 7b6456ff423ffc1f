/* What the files of this room share; nobody else includes it, nor LMDB. */
#ifndef QP_STORE_STORE_PRIV_H
#define QP_STORE_STORE_PRIV_H

#include "store/block.h"

#include <lmdb.h>

#include <sys/types.h>

#define QP_READERS_MAX 512
#define QP_SOUND_SLOTS 4096 /* a power of two */

struct qp_store {
    MDB_env *env;
    MDB_txn *view; /* NULL while a job runs */
    MDB_dbi tables[QP_TABLE_COUNT];
    /* Of the view, for looking up rows of packed tables; NULL until one is needed. */
    MDB_cursor *finders[QP_TABLE_COUNT];
    const void *sound[QP_SOUND_SLOTS]; /* blocks of the view that were checked, by their place */
    bool write;
    bool failed; /* a write went wrong: nothing more is written */
    bool bears_damage;
    uint64_t damaged; /* rows that were read and did not hold their check */
    uint64_t map_bytes_max;
    char *data_path;
    /* Which file it is, for the list of open stores. */
    dev_t device;
    ino_t inode;
    pid_t process;
    struct qp_store *next;
};

/* The words for what LMDB or the system returned. */
enum qp_code qp_store_fail(const struct qp_store *store, int rc, const char *doing,
                           struct qp_err *err) QP_MUST_USE;

/* Are the table's rows kept in blocks? Those that can be derived again are: a block that is damaged
 * takes all its rows with it. */
bool qp_table_is_packed(enum qp_table table);

/* Behind the value of a row that stands alone. */
#define QP_CHECK_BYTES 4
/* A row that does not hold its check is told of, and counted. QP_E_STORE, unless damage is borne.
 */
enum qp_code qp_store_damage(struct qp_store *store, enum qp_table table,
                             struct qp_err *err) QP_MUST_USE;

/* ---- Packed tables (packed.c) ---- */

/* A block stands under its fence: no key in it is below that, and every key is below the next
 * fence. The fence of the first block is this one, which is below every key. */
#define QP_FENCE_FIRST "\0"
#define QP_FENCE_FIRST_BYTES 1

/* The block that has the key, or would have it; rc is LMDB's, MDB_NOTFOUND when there is none.
 * above: the fence of the next block, for whoever wants it; empty when there is none. */
int qp_block_find(MDB_cursor *cursor, struct qp_span key, MDB_val *fence, MDB_val *bytes,
                  MDB_val *above);
/* Check it and take it apart. QP_E_STORE. */
enum qp_code qp_block_take(struct qp_store *store, enum qp_table table, MDB_val fence,
                           MDB_val bytes, struct qp_block *block, struct qp_err *err) QP_MUST_USE;
/* What a step inside a block found, as far as it goes: QP_BLOCK_BAD is damage, and passed over
 * where that is borne. */
enum qp_code qp_block_found(struct qp_store *store, enum qp_table table,
                            const struct qp_block *block, struct qp_block_row *row,
                            enum qp_block_step step, bool *found, struct qp_err *err) QP_MUST_USE;
enum qp_code qp_packed_get(struct qp_store *store, enum qp_table table, struct qp_span key,
                           struct qp_span *value, struct qp_err *err) QP_MUST_USE;
/* Before the view ends. */
void qp_packed_end(struct qp_store *store);

/* A place in a packed table. */
struct qp_packed_cursor {
    MDB_cursor *cursor; /* at the block */
    struct qp_store *store;
    enum qp_table table;
    struct qp_block block;
    struct qp_block_row row;
};
/* As the functions of qp_cursor. */
enum qp_code qp_packed_seek(struct qp_packed_cursor *at, struct qp_span key, bool *found,
                            struct qp_err *err) QP_MUST_USE;
enum qp_code qp_packed_next(struct qp_packed_cursor *at, bool *found,
                            struct qp_err *err) QP_MUST_USE;
enum qp_code qp_packed_below(struct qp_packed_cursor *at, struct qp_span key, bool *found,
                             struct qp_err *err) QP_MUST_USE;

/* ---- Writing packed tables (pack.c) ---- */

struct qp_packer;
/* For one table in one transaction; free with qp_packer_free. NULL without memory. */
struct qp_packer *qp_packer_new(struct qp_store *store, enum qp_table table);
void qp_packer_free(struct qp_packer *packer); /* NULL is allowed */
/* Keys that ascend cost least. The cursor is the transaction's. *rc is LMDB's when that was what
 * failed, else 0; then the code says what did: QP_E_MEMORY, QP_E_STORE. MDB_KEYEXIST: the key is
 * there, or not above every other (put). */
enum qp_code qp_packer_put(struct qp_packer *packer, MDB_cursor *cursor, enum qp_put how,
                           struct qp_span key, struct qp_span value, int *rc,
                           struct qp_err *err) QP_MUST_USE;
enum qp_code qp_packer_delete(struct qp_packer *packer, MDB_cursor *cursor, struct qp_span key,
                              int *rc, struct qp_err *err) QP_MUST_USE;
/* Write what is still held. */
enum qp_code qp_packer_flush(struct qp_packer *packer, MDB_cursor *cursor, int *rc,
                             struct qp_err *err) QP_MUST_USE;
/* Forget what is held: the table was cleared. */
void qp_packer_forget(struct qp_packer *packer);

static inline MDB_val qp_to_val(struct qp_span span)
{
    return (MDB_val){.mv_size = span.len, .mv_data = (void *)(uintptr_t)span.data};
}

static inline struct qp_span qp_to_span(MDB_val val)
{
    return qp_span_of(val.mv_data, val.mv_size);
}

#endif
