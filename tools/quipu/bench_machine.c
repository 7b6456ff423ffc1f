/* What this machine can do at best: the limits that the figures of quipu bench are ratios of. */
#include "bench.h"

#include "core/check.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define MESSAGE_BYTES 190 /* as a statement of one event has */
#define ROW_BYTES 400
#define HASHES 32 /* between two looks at the clock, which would else count */
#define THREADS_MAX 256
#define SECONDS 0.25 /* of one measurement */
#define SECONDS_QUICK 0.02
#define SECONDS_FEW 0.1 /* where there are few statements to check */

double bench_seconds(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double bench_cpu_seconds(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct bench_watch bench_start(void)
{
    return (struct bench_watch){.wall = bench_seconds(), .cpu = bench_cpu_seconds()};
}

enum qp_code bench_stop(const struct bench_watch *watch, size_t count,
                        const struct bench_rate *limit, struct bench_samples *samples,
                        struct qp_err *err)
{
    double cpu = (double)count / (bench_cpu_seconds() - watch->cpu) / limit->cpu;
    double wall = (double)count / (bench_seconds() - watch->wall);
    enum qp_code rc = bench_sample(samples, wall, limit->wall, err);
    return rc == QP_OK ? qp_buf_add(&samples->cpu, qp_span_of(&cpu, sizeof cpu), err) : rc;
}

/* ---- As often as the time takes ---- */

/* One worker: `once` is called with a number that counts up, until the time is over. */
struct worker {
    const void *context;
    bool (*once)(const void *context, size_t worker, size_t count);
    size_t at;
    size_t every; /* this worker takes every so many-th turn */
    size_t count; /* done */
    size_t least;
    double seconds; /* to go on for */
    double took;
    bool failed;
    pthread_t thread;
};

static void *work(void *context)
{
    struct worker *worker = context;
    double start = bench_seconds();
    while (!worker->failed && (worker->took < worker->seconds || worker->count < worker->least)) {
        worker->failed =
            !worker->once(worker->context, worker->at, worker->at + worker->count * worker->every);
        worker->count++;
        worker->took = bench_seconds() - start;
    }
    return NULL;
}

/* Calls in a second on so many threads together; each makes `least` at least. */
static enum qp_code rate_of(const void *context,
                            bool (*once)(const void *context, size_t worker, size_t count),
                            unsigned threads, size_t least, double seconds, struct bench_rate *rate,
                            struct qp_err *err)
{
    struct worker workers[THREADS_MAX];
    size_t started = 0;
    size_t count = 0;
    double cpu = bench_cpu_seconds();
    enum qp_code rc = QP_OK;
    threads = threads < THREADS_MAX ? threads : THREADS_MAX;
    for (; rc == QP_OK && started < threads; started++) {
        workers[started] = (struct worker){.context = context,
                                           .once = once,
                                           .at = started,
                                           .every = threads,
                                           .least = least,
                                           .seconds = seconds};
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0) {
            rc = qp_fail(err, QP_E_MEMORY, "cannot start a thread");
            break;
        }
    }
    double sum = 0;
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        if (workers[i].failed && rc == QP_OK) {
            rc = qp_fail(err, QP_E_INVALID,
                         "this machine computes wrongly: a good signature does "
                         "not hold");
        }
        sum += (double)workers[i].count / workers[i].took;
        count += workers[i].count;
    }
    if (rc == QP_OK) {
        *rate =
            (struct bench_rate){.wall = sum, .cpu = (double)count / (bench_cpu_seconds() - cpu)};
    }
    return rc;
}

/* ---- Statements apart from all else ---- */

static enum qp_code bare_room(struct bench_bare *bare, size_t count, struct qp_err *err)
{
    bare->statements = qp_arena_alloc_zero(&bare->arena, count, sizeof *bare->statements);
    bare->keys = qp_arena_alloc_zero(&bare->arena, count, sizeof *bare->keys);
    bare->signatures = qp_arena_alloc_zero(&bare->arena, count, sizeof *bare->signatures);
    return bare->statements != NULL && bare->keys != NULL && bare->signatures != NULL
               ? QP_OK
               : qp_fail(err, QP_E_MEMORY, "no memory for statements");
}

static enum qp_code bare_add(struct bench_bare *bare, struct qp_span statement,
                             ProtobufCBinaryData signature, struct qp_err *err)
{
    Qp__Statement *message = NULL;
    enum qp_code rc = qp_statement_decode(statement, &bare->arena, &message, err);
    if (rc == QP_OK) {
        size_t at = bare->count++;
        bare->statements[at] = statement;
        memcpy(bare->keys[at].bytes, message->issuer.data, sizeof bare->keys[at].bytes);
        memcpy(bare->signatures[at].bytes, signature.data, sizeof bare->signatures[at].bytes);
    }
    return rc;
}

enum qp_code bench_bare_records(struct bench_bare *bare, struct qp_span records, struct qp_err *err)
{
    struct qp_span left = records;
    size_t size = 0;
    size_t count = 0;
    enum qp_code rc = QP_OK;
    *bare = (struct bench_bare){0};
    qp_arena_init(&bare->arena, 0);
    for (; rc == QP_OK && left.len > 0; count++) {
        rc = qp_submission_head(left, &size, err);
        left = qp_span_of(left.data + size, left.len - size);
    }
    rc = rc == QP_OK ? bare_room(bare, count, err) : rc;
    for (left = records; rc == QP_OK && left.len > 0;
         left = qp_span_of(left.data + size, left.len - size)) {
        Qp__Submission *submission = NULL;
        rc = qp_submission_decode(left, &bare->arena, &submission, &size, err);
        rc = rc == QP_OK
                 ? bare_add(bare, qp_span_bytes(submission->statement), submission->signature, err)
                 : rc;
    }
    return rc;
}

enum qp_code bench_bare_bundle(struct bench_bare *bare, struct qp_span bundle, struct qp_err *err)
{
    Qp__Bundle *message = NULL;
    *bare = (struct bench_bare){0};
    qp_arena_init(&bare->arena, 0);
    enum qp_code rc = qp_bundle_decode(bundle, &bare->arena, &message, err);
    rc = rc == QP_OK ? bare_room(bare, message->n_entries, err) : rc;
    for (size_t i = 0; rc == QP_OK && i < message->n_entries; i++) {
        Qp__Entry *entry = NULL;
        rc = qp_entry_decode(qp_span_bytes(message->entries[i]->entry), &bare->arena, &entry, err);
        rc = rc == QP_OK ? bare_add(bare, qp_span_bytes(entry->statement), entry->signature, err)
                         : rc;
    }
    return rc;
}

void bench_bare_wipe(struct bench_bare *bare)
{
    qp_arena_wipe(&bare->arena);
    *bare = (struct bench_bare){0};
}

static bool check_one(const void *context, size_t worker, size_t count)
{
    const struct bench_bare *bare = context;
    size_t at = count % bare->count;
    (void)worker;
    return qp_verify(&bare->keys[at], qp_span_text(QP_STATEMENT_DOMAIN), bare->statements[at],
                     &bare->signatures[at], NULL) == QP_OK;
}

enum qp_code bench_bare_rate(const struct bench_bare *bare, unsigned threads,
                             struct bench_rate *rate, struct qp_err *err)
{
    size_t each = bare->count / threads + 1;
    double seconds = each > 1000 ? 0 : SECONDS_FEW;
    return rate_of(bare, check_one, threads, each, seconds, rate, err);
}

/* ---- The limits ---- */

struct signing {
    struct qp_key *keys[THREADS_MAX]; /* a key belongs to one thread */
    uint8_t message[MESSAGE_BYTES];
};

static bool sign_one(const void *context, size_t worker, size_t count)
{
    const struct signing *signing = context;
    struct qp_signature signature;
    (void)count;
    return qp_sign(signing->keys[worker], qp_span_text(QP_STATEMENT_DOMAIN),
                   qp_span_of(signing->message, sizeof signing->message), &signature,
                   NULL) == QP_OK;
}

static bool hash_some(const void *context, size_t worker, size_t count)
{
    const uint8_t *message = context;
    struct qp_hash hash;
    (void)worker;
    (void)count;
    for (size_t i = 0; i < HASHES; i++) {
        qp_hash_plain(&hash, qp_span_of(message, ROW_BYTES));
    }
    return true;
}

static enum qp_code keep(struct bench *bench, enum bench_limit limit, double value,
                         struct qp_err *err)
{
    return bench_sample(&bench->limits[limit], value, 0, err);
}

static enum qp_code signatures(struct bench *bench, double seconds, struct qp_err *err)
{
    struct signing signing = {.message = {1}};
    struct qp_public_key key;
    struct qp_signature signature;
    struct bench_bare bare = {.count = 1, .keys = &key, .signatures = &signature};
    struct qp_span message = qp_span_of(signing.message, sizeof signing.message);
    unsigned cores = bench->cores < THREADS_MAX ? bench->cores : THREADS_MAX;
    const struct {
        enum bench_limit limit;
        unsigned threads;
        const void *context;
        bool (*once)(const void *context, size_t worker, size_t count);
    } turns[] = {{BENCH_VERIFY_ONE, 1, &bare, check_one},
                 {BENCH_VERIFY, cores, &bare, check_one},
                 {BENCH_SIGN_ONE, 1, &signing, sign_one},
                 {BENCH_SIGN, cores, &signing, sign_one}};
    enum qp_code rc = QP_OK;
    for (unsigned i = 0; rc == QP_OK && i < cores; i++) {
        rc = qp_key_generate(&signing.keys[i], err);
    }
    bare.statements = &message;
    rc = rc == QP_OK
             ? qp_sign(signing.keys[0], qp_span_text(QP_STATEMENT_DOMAIN), message, &signature, err)
             : rc;
    if (rc == QP_OK) {
        qp_key_public(signing.keys[0], &key);
    }
    for (size_t i = 0; rc == QP_OK && i < QP_COUNT(turns); i++) {
        struct bench_rate rate = {.wall = 0};
        rc = rate_of(turns[i].context, turns[i].once, turns[i].threads, 1, seconds, &rate, err);
        rc = rc == QP_OK ? keep(bench, turns[i].limit, rate.wall, err) : rc;
    }
    for (unsigned i = 0; i < cores; i++) {
        qp_key_free(signing.keys[i]);
    }
    return rc;
}

struct rows {
    struct bench *bench;
    uint64_t count;
};

static enum qp_code put_rows(void *context, struct qp_writer *writer, struct qp_err *err)
{
    const struct rows *rows = context;
    uint8_t row[ROW_BYTES] = {0};
    uint8_t key[8];
    enum qp_code rc = QP_OK;
    for (uint64_t i = 0; rc == QP_OK && i < rows->count; i++) {
        qp_store_be64(key, rows->bench->rows + i);
        memcpy(row, key, sizeof key);
        rc = qp_write_put(writer, QP_TABLE_ENTRIES, QP_PUT_APPEND, qp_span_of(key, sizeof key),
                          qp_span_of(row, sizeof row), err);
    }
    return rc;
}

static enum qp_code commit_rows(struct bench *bench, uint64_t count, double *seconds,
                                struct qp_err *err)
{
    struct rows rows = {.bench = bench, .count = count};
    double start = bench_seconds();
    enum qp_code rc = qp_store_write(bench->store, put_rows, &rows, err);
    *seconds = bench_seconds() - start;
    bench->rows += rc == QP_OK ? count : 0;
    return rc;
}

enum qp_code bench_commit(struct bench *bench, double *seconds, struct qp_err *err)
{
    return commit_rows(bench, 1, seconds, err);
}

/* Rows in a second. */
static enum qp_code commits(struct bench *bench, enum bench_limit limit, uint64_t count,
                            double seconds, struct qp_err *err)
{
    double took = 0;
    uint64_t rows = 0;
    enum qp_code rc = QP_OK;
    while (rc == QP_OK && took < seconds) {
        double one = 0;
        rc = commit_rows(bench, count, &one, err);
        took += one;
        rows += count;
    }
    return rc == QP_OK ? keep(bench, limit, (double)rows / took, err) : rc;
}

enum qp_code bench_machine(struct bench *bench, struct qp_err *err)
{
    uint8_t message[ROW_BYTES] = {2};
    double seconds = bench->quick ? SECONDS_QUICK : SECONDS;
    struct bench_rate rate = {.wall = 0};
    enum qp_code rc = signatures(bench, seconds, err);
    rc = rc == QP_OK ? rate_of(message, hash_some, 1, 1, seconds, &rate, err) : rc;
    rc = rc == QP_OK ? keep(bench, BENCH_SHA256, HASHES * rate.wall, err) : rc;
    rc = rc == QP_OK ? commits(bench, BENCH_COMMIT_1, 1, seconds, err) : rc;
    rc = rc == QP_OK ? commits(bench, BENCH_COMMIT_100, 100, seconds, err) : rc;
    return rc == QP_OK ? commits(bench, BENCH_COMMIT_10000, 10000, seconds, err) : rc;
}
