/* A few threads that share the items of one task. The caller's thread works too. */
#ifndef QP_LOG_POOL_H
#define QP_LOG_POOL_H

#include <quipu/bytes.h>

struct qp_pool;

/* workers: threads that work at a task, the caller's among them; 0: one for each processor. */
enum qp_code qp_pool_new(unsigned workers, struct qp_pool **pool, struct qp_err *err) QP_MUST_USE;
void qp_pool_free(struct qp_pool *pool); /* NULL is allowed */
unsigned qp_pool_workers(const struct qp_pool *pool);
/* Call `item` for 0 to count - 1, in any order, on any worker; back when all are done. worker:
 * which of the workers calls, from 0. */
void qp_pool_run(struct qp_pool *pool, void (*item)(void *context, size_t at, unsigned worker),
                 void *context, size_t count);

#endif
