#include "log/pool.h"

#include "core/alloc.h"

#include <pthread.h>
#include <unistd.h>

#define WORKERS_MAX 16
#define SHARE 16 /* items taken at once */

struct helper {
    struct qp_pool *pool;
    pthread_t thread;
    unsigned worker;
};

struct qp_pool {
    pthread_mutex_t lock;
    pthread_cond_t begun;
    pthread_cond_t ended;
    unsigned workers;
    unsigned started; /* helpers that run */
    bool stop;
    uint64_t task; /* number of the task at hand */
    unsigned busy; /* helpers at work on it */
    size_t next;
    size_t count;
    void (*item)(void *context, size_t at, unsigned worker);
    void *context;
    struct helper helpers[WORKERS_MAX];
};

/* Called with the lock held, and returns so. */
static void work(struct qp_pool *pool, unsigned worker)
{
    while (pool->next < pool->count) {
        size_t from = pool->next;
        size_t to = pool->count - from < SHARE ? pool->count : from + SHARE;
        pool->next = to;
        pthread_mutex_unlock(&pool->lock);
        for (size_t at = from; at < to; at++) {
            pool->item(pool->context, at, worker);
        }
        pthread_mutex_lock(&pool->lock);
    }
}

static void *help(void *context)
{
    struct helper *helper = context;
    struct qp_pool *pool = helper->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->stop && pool->task == seen) {
            pthread_cond_wait(&pool->begun, &pool->lock);
        }
        if (pool->stop) {
            break;
        }
        seen = pool->task;
        pool->busy++;
        work(pool, helper->worker);
        if (--pool->busy == 0) {
            pthread_cond_signal(&pool->ended);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

enum qp_code qp_pool_new(unsigned workers, struct qp_pool **pool, struct qp_err *err)
{
    if (workers == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        workers = processors > 0 ? (unsigned)processors : 1;
    }
    struct qp_pool *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for threads");
    }
    made->workers = workers < WORKERS_MAX ? workers : WORKERS_MAX;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->begun, NULL);
    pthread_cond_init(&made->ended, NULL);
    *pool = made;
    return QP_OK;
}

void qp_pool_free(struct qp_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->begun);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->started; i++) {
        pthread_join(pool->helpers[i].thread, NULL);
    }
    pthread_cond_destroy(&pool->begun);
    pthread_cond_destroy(&pool->ended);
    pthread_mutex_destroy(&pool->lock);
    qp_free(pool);
}

unsigned qp_pool_workers(const struct qp_pool *pool)
{
    return pool->workers;
}

/* Threads are started when there is work for them first. One that cannot be started is one fewer.
 */
static void start_helpers(struct qp_pool *pool)
{
    while (pool->started + 1 < pool->workers) {
        struct helper *helper = &pool->helpers[pool->started];
        *helper = (struct helper){.pool = pool, .worker = pool->started + 1};
        if (pthread_create(&helper->thread, NULL, help, helper) != 0) {
            pool->workers = pool->started + 1;
            return;
        }
        pool->started++;
    }
}

void qp_pool_run(struct qp_pool *pool, void (*item)(void *context, size_t at, unsigned worker),
                 void *context, size_t count)
{
    if (count > SHARE) {
        start_helpers(pool);
    }
    pthread_mutex_lock(&pool->lock);
    pool->item = item;
    pool->context = context;
    pool->next = 0;
    pool->count = count;
    if (count > SHARE) {
        pool->task++;
        pthread_cond_broadcast(&pool->begun);
    }
    work(pool, 0);
    while (pool->busy > 0) {
        pthread_cond_wait(&pool->ended, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
}
