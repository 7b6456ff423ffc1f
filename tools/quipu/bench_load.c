/* quipu bench: what a ledger of some size takes in.
 *
 * Rates are of qp_log_submit alone, from bytes in memory to receipts: what is signed for it was
 * signed before. The ledger of the point stays as it is; a copy of it is fed, and made anew when it
 * has grown by a tenth. */
#include "bench.h"

#include "core/check.h"
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define FILES 4 /* of each client */
#define STREAM_BYTES ((size_t)16 * 1024 * 1024)
#define FULL_EVENTS ((size_t)2 * QP_EVENTS_MAX)
#define PIPE_BYTES ((size_t)32 * 1024)
#define RETRY_NS 1000000L

/* How much is fed at one time. */
struct amounts {
    size_t singles; /* statements of one event */
    size_t hundreds;
    size_t fulls;
    size_t alone;        /* one at a time */
    size_t file_singles; /* in one file of a client */
    size_t file_hundreds;
};
static const struct amounts usual = {10000, 300, 10, 100, 100, 5};
static const struct amounts small = {200, 4, 1, 10, 10, 1};

static const struct amounts *amounts_of(const struct bench *bench)
{
    return bench->quick ? &small : &usual;
}

/* ---- Submitting from memory ---- */

struct feed {
    struct qp_span left;
    size_t receipts_bytes;
};

static enum qp_code feed_read(void *context, uint8_t *bytes, size_t len, size_t *got,
                              struct qp_err *err)
{
    struct feed *feed = context;
    (void)err;
    len = len < feed->left.len ? len : feed->left.len;
    if (len > 0) {
        memcpy(bytes, feed->left.data, len);
        feed->left = qp_span_of(feed->left.data + len, feed->left.len - len);
    }
    *got = len;
    return QP_OK;
}

static enum qp_code feed_done(void *context, const struct qp_submitted *submitted,
                              struct qp_err *err)
{
    struct feed *feed = context;
    if (submitted->code != QP_OK) {
        return qp_fail(err, QP_E_INVALID, "the ledger refuses statement %llu: %s [%s]",
                       (unsigned long long)submitted->record, submitted->err->text,
                       submitted->err->rule);
    }
    feed->receipts_bytes += submitted->receipt.len;
    return submitted->again ? qp_fail(err, QP_E_INVALID, "a statement was there before") : QP_OK;
}

enum qp_code bench_submit(struct qp_log *log, struct qp_span records, struct qp_err *err)
{
    struct feed feed = {.left = records};
    const struct qp_source source = {.context = &feed, .read = feed_read};
    const struct qp_submit_sink sink = {.context = &feed, .done = feed_done};
    return qp_log_submit(log, &source, &sink, err);
}

/* The copy, with room for so many events more; the season goes on where the copy is. */
static enum qp_code work_ready(struct bench *bench, uint64_t events, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    const struct bench_point *point = &bench->points[bench->point_count - 1];
    if (bench->work_there && bench->work_events > point->events / 10) {
        bench->work_there = false;
        rc = bench_remove(bench->work, err);
    }
    if (rc == QP_OK && !bench->work_there) {
        rc = bench_copy(bench->ledger, bench->work, err);
        bench->work_there = rc == QP_OK;
        bench->work_events = 0;
        bench->season.place = bench->told;
    }
    bench->work_events += events;
    return rc;
}

static enum qp_code open_writer(const struct bench *bench, struct qp_log **log, struct qp_err *err)
{
    const struct qp_log_options options = {.mode = QP_LOG_WRITE, .log_key = bench->season.log_key};
    return qp_log_open(bench->work, &options, log, err);
}

/* The bare check of the records on all cores, then their admission. */
static enum qp_code ingest(struct bench *bench, struct bench_samples *samples, size_t statements,
                           size_t events_each, struct qp_err *err)
{
    struct qp_buf records = {0};
    struct bench_bare bare = {0};
    struct qp_log *log = NULL;
    struct bench_rate limit = {.wall = 0};
    size_t events = statements * events_each;
    enum qp_code rc = work_ready(bench, events, err);
    rc =
        rc == QP_OK ? bench_season_lots(&bench->season, 0, events, events_each, &records, err) : rc;
    rc = rc == QP_OK ? bench_bare_records(&bare, qp_span_buf(&records), err) : rc;
    rc = rc == QP_OK ? bench_bare_rate(&bare, bench->cores, &limit, err) : rc;
    rc = rc == QP_OK ? open_writer(bench, &log, err) : rc;
    struct bench_watch watch = bench_start();
    rc = rc == QP_OK ? bench_submit(log, qp_span_buf(&records), err) : rc;
    rc = rc == QP_OK ? bench_stop(&watch, events, &limit, samples, err) : rc;
    qp_log_close(log);
    bench_bare_wipe(&bare);
    qp_buf_wipe(&records);
    return rc;
}

/* ---- One at a time ---- */

/* Each waits for its receipt, beside a durable commit of one row. */
static enum qp_code latency(struct bench *bench, struct bench_point *point, struct qp_err *err)
{
    struct qp_buf records = {0};
    struct qp_log *log = NULL;
    size_t count = amounts_of(bench)->alone;
    enum qp_code rc = work_ready(bench, count, err);
    rc = rc == QP_OK ? open_writer(bench, &log, err) : rc;
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        double commit = 0;
        records.len = 0;
        rc = bench_season_lots(&bench->season, 1, 1, 1, &records, err);
        rc = rc == QP_OK ? bench_commit(bench, &commit, err) : rc;
        double start = bench_seconds();
        rc = rc == QP_OK ? bench_submit(log, qp_span_buf(&records), err) : rc;
        double took = bench_seconds() - start;
        rc = rc == QP_OK
                 ? bench_sample(&point->figures[BENCH_LATENCY_P50], 1e3 * took, 1e3 * commit, err)
                 : rc;
        rc = rc == QP_OK
                 ? bench_sample(&point->figures[BENCH_LATENCY_P99], 1e3 * took, 1e3 * commit, err)
                 : rc;
    }
    qp_log_close(log);
    qp_buf_wipe(&records);
    return rc;
}

/* ---- Several processes ---- */

struct client {
    pid_t pid;
    struct qp_buf files[FILES];
};

/* What a client does: open the ledger as soon as nobody else writes, submit one file, close it. */
static enum qp_code client_run(const struct bench *bench, const struct client *client,
                               struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < FILES; i++) {
        const struct timespec nap = {.tv_nsec = RETRY_NS};
        struct qp_log *log = NULL;
        rc = open_writer(bench, &log, err);
        while (rc == QP_E_BUSY) {
            (void)nanosleep(&nap, NULL);
            qp_err_init(err);
            rc = open_writer(bench, &log, err);
        }
        rc = rc == QP_OK ? bench_submit(log, qp_span_buf(&client->files[i]), err) : rc;
        qp_log_close(log);
    }
    return rc;
}

static enum qp_code client_start(const struct bench *bench, struct client *client, const int go[2],
                                 struct qp_err *err)
{
    client->pid = fork();
    if (client->pid < 0) {
        return qp_fail_errno(err, errno, "start", "a client");
    }
    if (client->pid == 0) {
        char byte = 0;
        (void)close(go[1]);
        while (read(go[0], &byte, 1) < 0 && errno == EINTR) { /* until all are there */
        }
        enum qp_code rc = client_run(bench, client, err);
        if (rc != QP_OK) {
            cli_error(bench->cli, err);
        }
        _exit(rc == QP_OK ? 0 : 1);
    }
    return QP_OK;
}

static enum qp_code wait_for(pid_t pid, const char *what, struct qp_err *err)
{
    int status = 0;
    pid_t got = 0;
    do {
        got = waitpid(pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return qp_fail_errno(err, errno, "wait for", what);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0
               ? QP_OK
               : qp_fail(err, QP_E_INVALID, "%s failed; what it said stands above", what);
}

static enum qp_code clients_run(const struct bench *bench, struct client clients[BENCH_CLIENTS],
                                double *seconds, struct qp_err *err)
{
    int go[2];
    size_t started = 0;
    enum qp_code rc = QP_OK;
    if (pipe(go) != 0) {
        return qp_fail_errno(err, errno, "make", "a pipe");
    }
    (void)fflush(stdout);
    (void)fflush(stderr);
    for (; rc == QP_OK && started < BENCH_CLIENTS; started += rc == QP_OK) {
        rc = client_start(bench, &clients[started], go, err);
    }
    double start = bench_seconds();
    (void)close(go[0]);
    (void)close(go[1]);
    for (size_t i = 0; i < started; i++) {
        enum qp_code ended = wait_for(clients[i].pid, "a client", rc == QP_OK ? err : NULL);
        rc = rc == QP_OK ? ended : rc;
    }
    *seconds = bench_seconds() - start;
    return rc;
}

/* Cooperatives that submit at once, from processes of their own: the writer's lock makes them take
 * turns. */
static enum qp_code ingest_clients(struct bench *bench, struct bench_samples *samples,
                                   struct qp_err *err)
{
    static struct client clients[BENCH_CLIENTS];
    const struct amounts *amounts = amounts_of(bench);
    size_t each = amounts->file_singles + 100 * amounts->file_hundreds;
    size_t events = each * FILES * BENCH_CLIENTS;
    struct bench_bare bare = {0};
    double seconds = 0;
    struct bench_rate limit = {.wall = 0};
    enum qp_code rc = work_ready(bench, events, err);
    for (unsigned i = 0; rc == QP_OK && i < BENCH_CLIENTS; i++) {
        for (size_t k = 0; rc == QP_OK && k < FILES; k++) {
            struct qp_buf *file = &clients[i].files[k];
            rc = bench_season_lots(&bench->season, i, amounts->file_singles, 1, file, err);
            rc = rc == QP_OK ? bench_season_lots(&bench->season, i, 100 * amounts->file_hundreds,
                                                 100, file, err)
                             : rc;
        }
    }
    rc = rc == QP_OK ? bench_bare_records(&bare, qp_span_buf(&clients[0].files[0]), err) : rc;
    rc = rc == QP_OK ? bench_bare_rate(&bare, bench->cores, &limit, err) : rc;
    rc = rc == QP_OK ? clients_run(bench, clients, &seconds, err) : rc;
    bench_bare_wipe(&bare);
    for (size_t i = 0; i < BENCH_CLIENTS; i++) {
        for (size_t k = 0; k < FILES; k++) {
            qp_buf_wipe(&clients[i].files[k]);
        }
    }
    return rc == QP_OK ? bench_sample(samples, (double)events / seconds, limit.wall, err) : rc;
}

/* ---- Memory ---- */

/* Own memory, without the mapped pages of the store, which are the system's cache. */
static void look_at(pid_t pid, double *most_bytes)
{
    char path[64];
    char line[256];
    (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            double own = 1024 * strtod(line + 8, NULL);
            *most_bytes = own > *most_bytes ? own : *most_bytes;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static enum qp_code spawn_submit(struct bench *bench, int in, pid_t *pid, struct qp_err *err)
{
    char self[] = "/proc/self/exe";
    char name[] = "quipu";
    char submit[] = "submit";
    char option[] = "--log-key";
    char input[] = "-";
    char *arguments[] = {name, submit, option, bench->log_key, bench->work, input, NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
        error = error == 0 ? posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
                                                              O_WRONLY, 0)
                           : error;
        error = error == 0 ? posix_spawn(pid, self, &actions, NULL, arguments, environ) : error;
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    return error == 0 ? QP_OK : qp_fail_errno(err, error, "start", "quipu submit");
}

/* Statements of every size, through a pipe that holds little. */
static enum qp_code write_stream(struct bench *bench, int out, pid_t pid, double *most_bytes,
                                 struct qp_err *err)
{
    const struct amounts *amounts = amounts_of(bench);
    size_t most = bench->quick ? STREAM_BYTES / 32 : STREAM_BYTES;
    struct qp_buf records = {0};
    size_t written = 0;
    enum qp_code rc = QP_OK;
    while (rc == QP_OK && written < most) {
        records.len = 0;
        rc = bench_season_lots(&bench->season, 2, amounts->singles / 5, 1, &records, err);
        rc = rc == QP_OK ? bench_season_lots(&bench->season, 2, 2000, 100, &records, err) : rc;
        rc = rc == QP_OK
                 ? bench_season_lots(&bench->season, 2, FULL_EVENTS, QP_EVENTS_MAX, &records, err)
                 : rc;
        for (size_t at = 0; rc == QP_OK && at < records.len; at += PIPE_BYTES) {
            size_t len = records.len - at < PIPE_BYTES ? records.len - at : PIPE_BYTES;
            rc = qp_fd_write(out, "quipu submit", qp_span_of(records.data + at, len), err);
            look_at(pid, most_bytes);
        }
        written += records.len;
        bench->work_events += amounts->singles / 5 + 2000 + FULL_EVENTS;
    }
    qp_buf_wipe(&records);
    return rc;
}

static enum qp_code memory(struct bench *bench, struct bench_samples *samples, struct qp_err *err)
{
    int ends[2];
    pid_t pid = 0;
    double most_bytes = 0;
    enum qp_code rc = work_ready(bench, 0, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (pipe(ends) != 0) {
        return qp_fail_errno(err, errno, "make", "a pipe");
    }
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    rc = spawn_submit(bench, ends[0], &pid, err);
    (void)close(ends[0]);
    if (rc == QP_OK) {
        rc = write_stream(bench, ends[1], pid, &most_bytes, err);
    }
    (void)close(ends[1]);
    if (pid > 0) {
        /* Its last group is on the way: look until it ends. */
        const struct timespec nap = {.tv_nsec = 2 * RETRY_NS};
        siginfo_t info = {0};
        while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               info.si_pid == 0) {
            look_at(pid, &most_bytes);
            (void)nanosleep(&nap, NULL);
        }
        enum qp_code ended = wait_for(pid, "quipu submit", rc == QP_OK ? err : NULL);
        rc = rc == QP_OK ? ended : rc;
    }
    return rc == QP_OK ? bench_sample(samples, most_bytes / 1e6, 0, err) : rc;
}

enum qp_code bench_feed(struct bench *bench, struct bench_point *point, struct qp_err *err)
{
    const struct amounts *amounts = amounts_of(bench);
    enum qp_code rc = bench_step(bench, "statements of one event", err);
    rc =
        rc == QP_OK ? ingest(bench, &point->figures[BENCH_INGEST_1], amounts->singles, 1, err) : rc;
    rc = rc == QP_OK ? bench_step(bench, "statements of 100 events", err) : rc;
    rc = rc == QP_OK ? ingest(bench, &point->figures[BENCH_INGEST_100], amounts->hundreds, 100, err)
                     : rc;
    rc = rc == QP_OK ? bench_step(bench, "statements of 4,096 events", err) : rc;
    rc = rc == QP_OK
             ? ingest(bench, &point->figures[BENCH_INGEST_4096], amounts->fulls, QP_EVENTS_MAX, err)
             : rc;
    rc = rc == QP_OK ? bench_step(bench, "eight clients", err) : rc;
    rc = rc == QP_OK ? ingest_clients(bench, &point->figures[BENCH_CLIENTS_8], err) : rc;
    rc = rc == QP_OK ? bench_step(bench, "statements one by one", err) : rc;
    rc = rc == QP_OK ? latency(bench, point, err) : rc;
    rc = rc == QP_OK ? bench_step(bench, "memory of a stream", err) : rc;
    return rc == QP_OK ? memory(bench, &point->figures[BENCH_MEMORY], err) : rc;
}
