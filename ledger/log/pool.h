/* A few threads that share the items of one task, while the caller does something else. */
#ifndef QP_LOG_POOL_H
#define QP_LOG_POOL_H

#include <quipu/bytes.h>

struct qp_pool;

#define QP_THREADS_MAX 16

/* threads: that work at a task, QP_THREADS_MAX at most; 0: one for each processor. With more than
 * one they are threads of their own; with one it is the caller's, in qp_pool_wait. */
enum qp_code qp_pool_new(unsigned threads, struct qp_pool **pool, struct qp_err *err) QP_MUST_USE;
void qp_pool_free(struct qp_pool *pool); /* NULL is allowed; no task may be at hand */
/* Values that `worker` can have, from 0. */
unsigned qp_pool_workers(const struct qp_pool *pool);
/* Start the threads now, and come back when each has all that it needs of the system; otherwise
 * they are started by the first task. For whoever can start none later. */
void qp_pool_begin(struct qp_pool *pool);
/* Call `item` for 0 to count - 1, in any order, on any worker. One task at a time: qp_pool_wait
 * comes before the next, and before anything that the task uses goes. */
void qp_pool_start(struct qp_pool *pool, void (*item)(void *context, size_t at, unsigned worker),
                   void *context, size_t count);
/* Back when every item is done; until then the caller's thread works too. */
void qp_pool_wait(struct qp_pool *pool);

#endif
