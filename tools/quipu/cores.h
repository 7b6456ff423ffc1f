/* Checks on all cores: the library's own functions start no threads themselves. */
#ifndef QUIPU_CORES_H
#define QUIPU_CORES_H

#include "cli.h"
#include "log/pool.h"

#include <quipu/proof.h>

/* Row of an option table; to: uint64_t, 0 when absent. */
#define CORES_OPTION(threads)                                                                      \
    {                                                                                              \
        0, "threads", CLI_NUMBER, "N", &(threads),                                                 \
            "check signatures by N threads, 1 to 16; one for each processor if absent"             \
    }
/* QP_E_USAGE: more than there can be. */
enum qp_code cores_threads(uint64_t given, unsigned *threads, struct qp_err *err) QP_MUST_USE;

/* Borrows the pool. */
struct qp_executor cores_executor(struct qp_pool *pool);

#endif
