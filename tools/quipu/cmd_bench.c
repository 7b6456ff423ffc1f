/* quipu bench: how fast this machine runs a ledger, beside what it can do at best. */
#include "bench.h"

#include "core/check.h"
#include "host/clock.h"
#include "host/disk.h"
#include "host/file.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ROUNDS_MAX 99
#define EVENTS_MAX UINT64_C(60000000) /* what the grid of plots has room for */
#define EVENTS_LEAST (BENCH_BEGIN_EVENTS + BENCH_CHAPTER_EVENTS)
#define AUDITED_EVERY_ROUND                                                                        \
    UINT64_C(100000) /* up to so many events; else once, it takes minutes                          \
                      */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static enum qp_code catch_signals(struct qp_err *err)
{
    struct sigaction stop = {.sa_handler = on_interrupt};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&stop.sa_mask);
    (void)sigemptyset(&ignore.sa_mask);
    if (sigaction(SIGINT, &stop, NULL) != 0 || sigaction(SIGTERM, &stop, NULL) != 0 ||
        sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return qp_fail_errno(err, errno, "handle signals for", "quipu bench");
    }
    return QP_OK;
}

static enum qp_code check_interrupt(struct qp_err *err)
{
    return interrupted == 0 ? QP_OK
                            : qp_fail(err, QP_E_IO,
                                      "bench: interrupted before it was done; its "
                                      "folder is taken away");
}

enum qp_code bench_step(struct bench *bench, const char *doing, struct qp_err *err)
{
    cli_progress_end(bench->cli);
    cli_progress(bench->cli, doing, bench->points[bench->point_count - 1].events, 0);
    return check_interrupt(err);
}

/* ---- The folder ---- */

static enum qp_code make_folder(struct bench *bench, const char *where, struct qp_err *err)
{
    int len = snprintf(bench->dir, sizeof bench->dir, "%s/quipu-bench-XXXXXX", where);
    if (len < 0 || (size_t)len >= sizeof bench->dir) {
        return qp_fail(err, QP_E_USAGE, "bench: --dir is longer than %zu characters",
                       sizeof bench->dir - sizeof "/quipu-bench-XXXXXX");
    }
    if (mkdtemp(bench->dir) == NULL) {
        bench->dir[0] = '\0';
        return qp_fail_errno(err, errno, "make a temporary folder in", where);
    }
    (void)snprintf(bench->log_key, sizeof bench->log_key, "%s/log.key", bench->dir);
    (void)snprintf(bench->ledger, sizeof bench->ledger, "%s/ledger", bench->dir);
    (void)snprintf(bench->work, sizeof bench->work, "%s/copy", bench->dir);
    (void)snprintf(bench->scratch, sizeof bench->scratch, "%s/rows", bench->dir);
    return QP_OK;
}

/* On some systems /tmp is memory: there a durable commit costs nothing, and says nothing. */
static void note_memory(const struct bench *bench)
{
    struct statfs status;
    if (statfs(bench->dir, &status) == 0 && status.f_type == TMPFS_MAGIC) {
        cli_note(bench->cli, "%s is memory and no disk; name a folder on a disk: --dir",
                 cli_safe(bench->cli, bench->dir));
    }
}

static enum qp_code make_ledger(struct bench *bench, struct qp_err *err)
{
    const struct qp_store_options bare = {.create = true};
    struct qp_log_options options = {.mode = QP_LOG_WRITE};
    struct qp_public_key public_key;
    struct qp_key *log_key = NULL;
    struct qp_buf opening = {0};
    enum qp_code rc = qp_folder_make(bench->scratch, 0700, err);
    rc = rc == QP_OK ? qp_store_open(bench->scratch, &bare, &bench->store, err) : rc;
    rc = rc == QP_OK ? qp_key_file_new(bench->log_key, BENCH_ORIGIN, NULL, &public_key, err) : rc;
    rc = rc == QP_OK ? qp_key_file_open(bench->log_key, NULL, &log_key, err) : rc;
    options.log_key = log_key;
    rc = rc == QP_OK ? bench_season_init(&bench->season, log_key, qp_now_ms(), err) : rc;
    rc = rc == QP_OK ? bench_season_open(&bench->season, &opening, err) : rc;
    rc = rc == QP_OK ? qp_log_create(bench->ledger, qp_span_buf(&opening), &options, err) : rc;
    bench->submitted_bytes = opening.len;
    qp_buf_wipe(&opening);
    return rc;
}

static enum qp_code take_away(struct bench *bench, struct qp_err *err)
{
    qp_store_close(bench->store);
    qp_key_free(bench->season.log_key);
    bench_season_wipe(&bench->season);
    for (size_t i = 0; i < BENCH_LIMITS; i++) {
        bench_samples_wipe(&bench->limits[i]);
    }
    for (size_t i = 0; i < bench->point_count; i++) {
        for (size_t k = 0; k < BENCH_FIGURES; k++) {
            bench_samples_wipe(&bench->points[i].figures[k]);
        }
    }
    return bench->dir[0] != '\0' ? bench_remove(bench->dir, err) : QP_OK;
}

/* ---- The run ---- */

/* Let the ledger grow to so many events; `have` is how many there are. */
static enum qp_code grow(struct bench *bench, uint64_t have, uint64_t events, struct qp_err *err)
{
    const struct qp_log_options options = {.mode = QP_LOG_WRITE, .log_key = bench->season.log_key};
    struct bench_season *season = &bench->season;
    struct qp_buf records = {0};
    struct qp_log *log = NULL;
    enum qp_code rc = qp_log_open(bench->ledger, &options, &log, err);
    season->place = have == 0 ? season->place : bench->told;
    if (rc == QP_OK && have == 0) {
        rc = bench_season_begin(season, &records, err);
        have = BENCH_BEGIN_EVENTS;
    }
    while (rc == QP_OK && (have < events || records.len > 0)) {
        uint64_t left = events - have;
        if (left >= BENCH_CHAPTER_EVENTS) {
            rc = bench_season_chapter(season, &records, err);
            have += BENCH_CHAPTER_EVENTS;
        } else if (left > 0) {
            rc = bench_season_lots(season, 0, (size_t)left, 1, &records, err);
            have = events;
        }
        rc = rc == QP_OK ? bench_submit(log, qp_span_buf(&records), err) : rc;
        bench->submitted_bytes += records.len;
        records.len = 0;
        cli_progress(bench->cli, "events", have, events);
        rc = rc == QP_OK ? check_interrupt(err) : rc;
    }
    bench->told = season->place;
    qp_log_close(log);
    qp_buf_wipe(&records);
    return rc;
}

static enum qp_code measure(struct bench *bench, uint64_t have, uint64_t events, struct qp_err *err)
{
    struct bench_point *point = &bench->points[bench->point_count++];
    enum qp_code rc = QP_OK;
    point->events = events;
    if (bench->work_there) {
        bench->work_there = false;
        rc = bench_remove(bench->work, err);
    }
    rc = rc == QP_OK ? grow(bench, have, events, err) : rc;
    for (uint64_t round = 0; rc == QP_OK && round < bench->rounds; round++) {
        bool audited = round == 0 || events <= AUDITED_EVERY_ROUND;
        cli_progress_end(bench->cli);
        cli_note(bench->cli, "%" PRIu64 " events, round %" PRIu64 " of %" PRIu64, events, round + 1,
                 bench->rounds);
        rc = bench_step(bench, "bare limits", err);
        rc = rc == QP_OK ? bench_machine(bench, err) : rc;
        rc = rc == QP_OK ? bench_ask(bench, point, audited, err) : rc;
        rc = rc == QP_OK ? bench_feed(bench, point, err) : rc;
    }
    cli_progress_end(bench->cli);
    return rc;
}

/* Sizes of the ledger, ascending. */
static enum qp_code read_sizes(const struct cli_list *list, uint64_t sizes[BENCH_POINTS_MAX],
                               size_t *count, struct qp_err *err)
{
    if (list->count > BENCH_POINTS_MAX) {
        return qp_fail(err, QP_E_USAGE, "bench: --events is taken %d times at most",
                       BENCH_POINTS_MAX);
    }
    for (size_t i = 0; i < list->count; i++) {
        const char *text = list->items[i];
        bool digits =
            text[0] != '\0' && strlen(text) <= 8 && strspn(text, "0123456789") == strlen(text);
        sizes[i] = digits ? strtoull(text, NULL, 10) : 0;
        if (sizes[i] < EVENTS_LEAST || sizes[i] > EVENTS_MAX ||
            (i > 0 && sizes[i] <= sizes[i - 1])) {
            return qp_fail(err, QP_E_USAGE,
                           "bench: --events is a number from %" PRIu64 " to %" PRIu64
                           ", each above the one before it, and not \"%.20s\"",
                           EVENTS_LEAST, EVENTS_MAX, text);
        }
    }
    *count = list->count > 0 ? list->count : *count;
    return QP_OK;
}

static enum qp_code run(struct bench *bench, const char *where, const uint64_t *sizes, size_t count,
                        struct qp_err *err)
{
    struct qp_err ignored;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    bench->cores = cores > 0 ? (unsigned)cores : 1;
    enum qp_code rc = catch_signals(err);
    rc = rc == QP_OK ? make_folder(bench, where, err) : rc;
    if (rc == QP_OK) {
        note_memory(bench);
    }
    rc = rc == QP_OK ? make_ledger(bench, err) : rc;
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        rc = measure(bench, i == 0 ? 0 : sizes[i - 1], sizes[i], err);
    }
    rc = rc == QP_OK ? bench_growth(bench, err) : rc;
    rc = rc == QP_OK ? bench_print(bench, err) : rc;
    enum qp_code away = take_away(bench, rc == QP_OK ? err : &ignored);
    return rc == QP_OK ? away : rc;
}

enum qp_code cmd_bench(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static struct bench bench;
    const char *where = qp_temp_dir();
    uint64_t rounds = 0;
    bool quick = false;
    bool large = false;
    struct cli_list list = {.count = 0};
    uint64_t sizes[BENCH_POINTS_MAX] = {10000, 100000, 1000000, 10000000};
    const struct cli_option options[] = {
        {0, "dir", CLI_TEXT, "DIR", &where,
         "make the temporary folder in DIR, on the disk that is to be measured; TMPDIR or /tmp if "
         "absent"},
        {0, "events", CLI_LIST, "N", &list,
         "measure when so many events are in the ledger; may be given more than once, ascending; "
         "10,000, 100,000 and 1,000,000 if absent"},
        {0, "large", CLI_FLAG, NULL, &large, "10,000,000 as well: ten times the time and disk"},
        {'o', "output", CLI_TEXT, "FILE", &bench.output,
         "write what --json prints into FILE, beside the table"},
        {0, "quick", CLI_FLAG, NULL, &quick,
         "a look in seconds: one round, 3,000 and 6,000 events, little of everything"},
        {0, "rounds", CLI_NUMBER, "N", &rounds, "take the median of so many rounds; 5 if absent"},
    };
    const struct cli_spec spec = {
        .name = "bench",
        .operands = "",
        .about = "Measure what a ledger does on this machine beside what the machine can do at "
                 "best, in the same run: admission, verification, audit, proofs, questions, memory "
                 "and disk, as the ledger grows. A season is invented for it in a temporary "
                 "folder, which is taken away at the end; no ledger of yours is touched. Expect "
                 "some minutes and 2 GB.",
        .options = options,
        .option_count = QP_COUNT(options),
        .json = true,
    };
    struct cli_operands operands;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    size_t count = large ? 4 : 3;
    if (quick) {
        sizes[0] = 3000;
        sizes[1] = 6000;
        count = 2;
    }
    bench.cli = cli;
    bench.quick = quick;
    bench.rounds = rounds != 0 ? rounds : quick ? 1 : 5;
    if (bench.rounds > ROUNDS_MAX || (large && (quick || list.count > 0))) {
        return qp_fail(err, QP_E_USAGE,
                       "bench: --rounds is at most %d, and --large goes with neither --quick nor "
                       "--events",
                       ROUNDS_MAX);
    }
    rc = read_sizes(&list, sizes, &count, err);
    return rc == QP_OK ? run(&bench, where, sizes, count, err) : rc;
}
