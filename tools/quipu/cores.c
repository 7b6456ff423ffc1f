#include "cores.h"

/* A task of the library as one of the pool. */
struct spread {
    void (*item)(void *task, size_t at);
    void *task;
};

static void run_item(void *context, size_t at, unsigned worker)
{
    const struct spread *spread = context;
    (void)worker;
    spread->item(spread->task, at);
}

static void run_on_pool(void *context, void (*item)(void *task, size_t at), void *task,
                        size_t count)
{
    struct qp_pool *pool = context;
    struct spread spread = {.item = item, .task = task};
    qp_pool_start(pool, run_item, &spread, count);
    qp_pool_wait(pool);
}

struct qp_executor cores_executor(struct qp_pool *pool)
{
    return (struct qp_executor){.context = pool, .run = run_on_pool};
}

enum qp_code cores_threads(uint64_t given, unsigned *threads, struct qp_err *err)
{
    if (given > QP_THREADS_MAX) {
        return qp_fail(err, QP_E_USAGE, "--threads is 1 to %d", QP_THREADS_MAX);
    }
    *threads = (unsigned)given;
    return QP_OK;
}
