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

static inline MDB_val qp_to_val(struct qp_span span)
{
    return (MDB_val){.mv_size = span.len, .mv_data = (void *)(uintptr_t)span.data};
}

static inline struct qp_span qp_to_span(MDB_val val)
{
    return qp_span_of(val.mv_data, val.mv_size);
}

#endif
