/* The library's checks on all cores: it starts no threads itself. */
#ifndef QUIPU_CORES_H
#define QUIPU_CORES_H

#include "log/pool.h"

#include <quipu/proof.h>

/* Borrows the pool. */
struct qp_executor cores_executor(struct qp_pool *pool);

#endif
