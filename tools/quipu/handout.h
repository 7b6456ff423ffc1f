/* LEDGER/ledger.json: what the parties need to sign for a ledger, and to check it. */
#ifndef QUIPU_HANDOUT_H
#define QUIPU_HANDOUT_H

#include "cli.h"

struct handout {
    const char *dir; /* the ledger's */
    struct qp_hash ledger_id;
    const char *origin;
    const char *name;
    struct qp_public_key log_key;
};

/* Write the file; *json, when it is not NULL, gets its object. QP_E_IO when it is there already. */
enum qp_code handout_write(const struct handout *handout, json_t **json,
                           struct qp_err *err) QP_MUST_USE;

#endif
