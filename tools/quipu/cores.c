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
