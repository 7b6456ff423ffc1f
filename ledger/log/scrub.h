/* Scrub: what its two halves share. scrub.c looks at everything that is stored, repair.c puts back
 * what another copy still has. */
#ifndef QP_LOG_SCRUB_H
#define QP_LOG_SCRUB_H

#include <quipu/backup.h>

#include "log/log_priv.h"

/* An entry of which something is damaged. */
struct qp_wanted {
    uint64_t index;
    bool body; /* its bytes or its events */
    bool contents;
    bool note; /* the checkpoint of which it is the last entry */
};

/* Beyond these a repair does what it can, and is to be run again. */
#define QP_WANTED_MAX 65536

struct qp_wanted_list {
    struct qp_wanted *list; /* ascending by index */
    size_t count;
};

/* Replace what is wanted by what the log signed, as the other copy has it: the folder of a backup,
 * or of a ledger. `tiles_hold`: the hashes of the log's own tree are to be trusted. */
enum qp_code qp_repair_from(struct qp_log *log, const char *path,
                            const struct qp_wanted_list *wanted, bool tiles_hold,
                            struct qp_err *err) QP_MUST_USE;
#endif
