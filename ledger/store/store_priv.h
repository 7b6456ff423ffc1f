/* What the files of this room share; nobody else includes it, nor LMDB. */
#ifndef QP_STORE_STORE_PRIV_H
#define QP_STORE_STORE_PRIV_H

#include "store/store.h"

#include <lmdb.h>

#include <sys/types.h>

#define QP_READERS_MAX 512

struct qp_store {
    MDB_env *env;
    MDB_txn *view; /* NULL while a job runs */
    MDB_dbi tables[QP_TABLE_COUNT];
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

/* Behind a row's value. */
#define QP_CHECK_BYTES 4
uint32_t qp_row_check(enum qp_table table, struct qp_span key, struct qp_span value);

static inline MDB_val qp_to_val(struct qp_span span)
{
    return (MDB_val){.mv_size = span.len, .mv_data = (void *)(uintptr_t)span.data};
}

static inline struct qp_span qp_to_span(MDB_val val)
{
    return qp_span_of(val.mv_data, val.mv_size);
}

#endif
