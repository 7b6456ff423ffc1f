/* Who else has a view of a store. */
#include "store/store_priv.h"

#include <stdlib.h>
#include <unistd.h>

struct readers {
    uint64_t newest; /* of the writes */
    struct qp_old_reader oldest;
};

/* LMDB tells of its readers in lines for people: "pid thread txnid", with "-" for one without a
 * view; any other line is a heading. */
static int take_reader(const char *line, void *context)
{
    struct readers *readers = context;
    char *at = NULL;
    long process = strtol(line, &at, 10);
    (void)strtoull(at, &at, 16);
    char *end = at;
    uint64_t txn = strtoull(at, &end, 10);
    if (end != at && process > 0 && process != (long)getpid() && txn < readers->newest &&
        readers->newest - txn > readers->oldest.behind) {
        readers->oldest.process = process;
        readers->oldest.view = txn;
        readers->oldest.behind = readers->newest - txn;
    }
    return 0;
}

enum qp_code qp_store_oldest_reader(struct qp_store *store, struct qp_old_reader *oldest,
                                    struct qp_err *err)
{
    MDB_envinfo info;
    int rc = mdb_env_info(store->env, &info);
    if (rc != 0) {
        return qp_store_fail(store, rc, "looking for readers", err);
    }
    struct readers readers = {.newest = info.me_last_txnid};
    rc = mdb_reader_list(store->env, take_reader, &readers);
    if (rc < 0) {
        return qp_store_fail(store, rc, "looking for readers", err);
    }
    *oldest = readers.oldest;
    return QP_OK;
}
