/* Who may have a ledger open beside whom: one writer, and readers. */
#include "log/log_priv.h"

#include "host/file.h"

enum qp_code qp_log_lock(struct qp_log *log, struct qp_err *err)
{
    enum qp_code rc = qp_lock_take(log->lock_path, &log->lock, err);
    return rc == QP_E_BUSY ? qp_fail(err, rc,
                                     "another process writes to the ledger %s, or reads it without "
                                     "the right to write its store/lock.mdb; wait until it is done",
                                     log->dir)
                           : rc;
}

/* A reader that may not write to the store's lock file (a copy that is read-only, a guest's
 * permissions) cannot tell writers which pages it looks at, and a writer would use them again under
 * its eyes. So it reads only while there is no writer: it shares the writers' lock, which takes no
 * more than reading, also where others may write to the same disk. A writer that comes meanwhile is
 * told so. Where there is no lock no writer has been, each makes it first; one that began after
 * this look is the risk that is left to copies which lack it. */
enum qp_code qp_log_keep_writers_out(struct qp_log *log, struct qp_err *err)
{
    enum qp_code rc = qp_lock_share(log->lock_path, &log->lock, err);
    if (rc == QP_E_BUSY) {
        return qp_fail(err, rc,
                       "another process writes to the ledger %s, and this one may not write to its "
                       "store/lock.mdb, as readers beside a writer must; wait until it is done",
                       log->dir);
    }
    return rc == QP_E_NOT_FOUND ? QP_OK : rc;
}
