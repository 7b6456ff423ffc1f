#include "log/pool.h"

#include "core/alloc.h"
#include "core/check.h"

#include <pthread.h>
#include <unistd.h>

#define SHARE_MAX 16 /* items taken at once */

struct helper {
    struct qp_pool *pool;
    pthread_t thread;
    unsigned worker;
};

struct qp_pool {
    pthread_mutex_t lock;
    pthread_cond_t begun;
    pthread_cond_t ended;
    unsigned threads; /* helpers that are wanted */
    unsigned started; /* of these, that run */
    bool stop;
    uint64_t task;  /* number of the task at hand */
    unsigned there; /* helpers that are ready for the first */
    unsigned busy;  /* helpers at work on it */
    size_t next;
    size_t count;
    size_t share; /* taken at once */
    void (*item)(void *context, size_t at, unsigned worker);
    void *context;
    struct helper helpers[QP_THREADS_MAX];
};

/* Called with the lock held, and returns so. */
static void work(struct qp_pool *pool, unsigned worker)
{
    while (pool->next < pool->count) {
        size_t from = pool->next;
        size_t to = pool->count - from < pool->share ? pool->count : from + pool->share;
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
    qp_free(
        qp_alloc_zero(1, 1)); /* the C library gives a thread its heap at its first allocation */
    pthread_mutex_lock(&pool->lock);
    pool->there++;
    pthread_cond_signal(&pool->ended);
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

enum qp_code qp_pool_new(unsigned threads, struct qp_pool **pool, struct qp_err *err)
{
    if (threads == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        threads = processors > 0 ? (unsigned)processors : 1;
    }
    threads = threads < QP_THREADS_MAX ? threads : QP_THREADS_MAX;
    struct qp_pool *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for threads");
    }
    made->threads = threads > 1 ? threads : 0;
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
    return pool->threads + 1;
}

/* Threads are started when there is work for them first. One that cannot be started is one fewer.
 */
static void start_helpers(struct qp_pool *pool)
{
    while (pool->started < pool->threads) {
        struct helper *helper = &pool->helpers[pool->started];
        *helper = (struct helper){.pool = pool, .worker = pool->started + 1};
        if (pthread_create(&helper->thread, NULL, help, helper) != 0) {
            pool->threads = pool->started;
            return;
        }
        pool->started++;
    }
}

void qp_pool_begin(struct qp_pool *pool)
{
    start_helpers(pool);
    pthread_mutex_lock(&pool->lock);
    while (pool->there < pool->started) {
        pthread_cond_wait(&pool->ended, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
}

void qp_pool_start(struct qp_pool *pool, void (*item)(void *context, size_t at, unsigned worker),
                   void *context, size_t count)
{
    start_helpers(pool);
    pthread_mutex_lock(&pool->lock);
    QP_ASSERT(pool->next == pool->count && pool->busy == 0);
    pool->item = item;
    pool->context = context;
    pool->next = 0;
    pool->count = count;
    pool->share = count / (4 * ((size_t)pool->threads + 1));
    pool->share = pool->share < 1 ? 1 : pool->share > SHARE_MAX ? SHARE_MAX : pool->share;
    pool->task++;
    pthread_cond_broadcast(&pool->begun);
    pthread_mutex_unlock(&pool->lock);
}

void qp_pool_wait(struct qp_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    work(pool, 0);
    while (pool->busy > 0) {
        pthread_cond_wait(&pool->ended, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
}
