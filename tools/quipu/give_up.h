/* Giving up a statement that the ledger refused, and signing the rest again. */
#ifndef QUIPU_GIVE_UP_H
#define QUIPU_GIVE_UP_H

#include "cli.h"

#define GIVE_UP_NONE UINT64_MAX /* the option was not given */

struct give_up {
    uint64_t sequence;
    uint64_t admitted; /* the newest statement that the ledger has, or GIVE_UP_NONE */
    const char *drop;  /* "4,7" or "none"; NULL: not given */
    bool drop_all;
    const char *output;
};

/* Sign again, write the submission file, say what was given up and what was left out. */
enum qp_code give_up(struct cli *cli, struct qp_journal *journal, const struct give_up *how,
                     struct qp_err *err) QP_MUST_USE;

#endif
