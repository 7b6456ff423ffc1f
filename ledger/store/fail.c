/* What went wrong, in words, and whether there is room for more. */
#include "store/store_priv.h"

#include "host/disk.h"
#include "host/file.h"

#include <errno.h>
#include <string.h>

/* With less room than this, a write that was cut short was cut short by it. */
#define FULL_BYTES ((uint64_t)1024 * 1024)

/* LMDB reports a write that was cut short as EIO, whatever the reason. */
static bool is_disk_full(const char *path, int rc)
{
    uint64_t room = 0;
    return rc == ENOSPC || rc == EDQUOT ||
           (rc == EIO && qp_disk_room(path, &room, NULL) == QP_OK && room < FULL_BYTES);
}

static bool is_file_full(const struct qp_store *store, int rc)
{
    uint64_t size = 0;
    return rc == EFBIG || (rc == EIO && qp_store_size(store, &size, NULL) == QP_OK &&
                           qp_file_room(size) < FULL_BYTES);
}

enum qp_code qp_store_fail(const struct qp_store *store, int rc, const char *doing,
                           struct qp_err *err)
{
    const char *path = store->data_path;
    if (is_file_full(store, rc)) {
        return qp_fail(err, QP_E_FULL,
                       "%s may not grow while %s: it is at the limit of file sizes (ulimit -f); "
                       "raise it and try again, what was acknowledged is safe",
                       path, doing);
    }
    if (is_disk_full(path, rc)) {
        return qp_fail(err, QP_E_FULL,
                       "the disk is full: %s could not grow while %s; free some space and try "
                       "again, what was acknowledged is safe",
                       path, doing);
    }
    switch (rc) {
    case ENOMEM:
        return qp_fail(err, QP_E_MEMORY, "no memory for %s %s", doing, path);
    case MDB_READERS_FULL:
        return qp_fail(err, QP_E_BUSY, "%s has %d readers already; close some and try again", path,
                       QP_READERS_MAX);
    case EACCES:
    case EPERM:
    case EROFS:
        return qp_fail(err, QP_E_IO, "%s: %s while %s; readers too need to write to its lock file",
                       path, strerror(rc), doing);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_PANIC:
        return qp_fail(err, QP_E_STORE,
                       "%s is damaged (%s while %s); restore it from a backup or a mirror", path,
                       mdb_strerror(rc), doing);
    default:
        return qp_fail(err, QP_E_STORE, "%s: %s while %s", path, mdb_strerror(rc), doing);
    }
}

enum qp_code qp_store_room(const struct qp_store *store, uint64_t bytes, struct qp_err *err)
{
    uint64_t room = 0;
    uint64_t size = 0;
    const char *path = store->data_path;
    enum qp_code rc = qp_disk_room(path, &room, err);
    rc = rc == QP_OK ? qp_store_size(store, &size, err) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    if (room < bytes) {
        return qp_fail(err, QP_E_FULL,
                       "the disk is full: %s may need %llu KiB more, and there are %llu; free some "
                       "space and try again, what was acknowledged is safe",
                       path, (unsigned long long)bytes / 1024, (unsigned long long)room / 1024);
    }
    if (qp_file_room(size) < bytes) {
        return qp_fail(err, QP_E_FULL,
                       "%s may need %llu KiB more, and the limit of file sizes (ulimit -f) leaves "
                       "it %llu; raise it and try again, what was acknowledged is safe",
                       path, (unsigned long long)bytes / 1024,
                       (unsigned long long)qp_file_room(size) / 1024);
    }
    return QP_OK;
}
