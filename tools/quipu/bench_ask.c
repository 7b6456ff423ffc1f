/* quipu bench: what a ledger of some size is asked, and what its answers cost.
 *
 * Everything is asked in this process, of things all over the ledger, whose pages are in memory
 * mostly: the ledger has been written just now. */
#include "bench.h"

#include "core/check.h"
#include "cores.h"
#include "host/clock.h"
#include "host/file.h"
#include "show.h"

#include <quipu/trace.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Times that each is asked in one round. */
#define PROVED 20
#define ASKED 50
#define OPENED 10

/* Numbers all over a range, always the same. */
static uint64_t spread(uint64_t turn, uint64_t range)
{
    return (turn * UINT64_C(2654435761) + 12345) % range;
}

static enum qp_code count_step(void *context, const struct qp_trace_step *step, struct qp_err *err)
{
    size_t *count = context;
    (void)step;
    (void)err;
    (*count)++;
    return QP_OK;
}

/* ---- Questions to an open ledger ---- */

struct asking {
    struct bench *bench;
    struct reader reader;
    uint64_t chapters;
    struct qp_buf bundle;
};

static enum qp_code ask_prove(struct asking *asking, uint64_t turn, struct qp_err *err)
{
    struct qp_prove_report report;
    char id[BENCH_ID_BYTES];
    bench_shipment_id(id, spread(turn, asking->chapters));
    asking->bundle.len = 0;
    return qp_prove(asking->reader.log, id, QP_DISCLOSE_EUDR, &asking->bundle, &report, err);
}

static enum qp_code ask_trace(struct asking *asking, uint64_t turn, struct qp_err *err)
{
    size_t count = 0;
    char id[BENCH_ID_BYTES];
    bench_shipment_id(id, spread(turn, asking->chapters));
    return qp_trace_walk(asking->reader.log, id, QP_TRACE_UPSTREAM, count_step, &count, err);
}

/* A lot with its history and what taints it, as the command prints it; see time_show. */
static enum qp_code ask_show(struct asking *asking, uint64_t turn, struct qp_err *err)
{
    struct show show = {.cli = asking->bench->cli, .reader = &asking->reader, .err = err};
    char id[BENCH_ID_BYTES];
    bench_lot_id(id, spread(turn, asking->chapters), turn % 100);
    return show_thing(&show, id, false);
}

static enum qp_code ask_impact(struct asking *asking, uint64_t turn, struct qp_err *err)
{
    char id[BENCH_ID_BYTES];
    struct qp_impact_thing thing = {.kind = "plot", .id = id};
    struct qp_impact *impact = NULL;
    bench_plot_id(id, spread(turn, asking->chapters), turn % 50);
    enum qp_code rc =
        qp_impact_new(asking->reader.log, &thing, QP_IMPACT_UP | QP_IMPACT_DOWN, &impact, err);
    qp_impact_free(impact);
    return rc;
}

/* Milliseconds of each of so many questions. */
static enum qp_code
time_of(struct asking *asking, size_t count,
        enum qp_code (*ask)(struct asking *asking, uint64_t turn, struct qp_err *err),
        struct bench_samples *samples, struct bench_samples *same, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    count = asking->bench->quick ? 4 : count;
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        double start = bench_seconds();
        rc = ask(asking, samples->values.len / sizeof(double), err);
        double took = 1e3 * (bench_seconds() - start);
        rc = rc == QP_OK ? bench_sample(samples, took, 0, err) : rc;
        rc = rc == QP_OK && same != NULL ? bench_sample(same, took, 0, err) : rc;
    }
    return rc;
}

/* The same with stdout put aside. */
static enum qp_code time_show(struct asking *asking, struct bench_samples *samples,
                              struct qp_err *err)
{
    (void)fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    enum qp_code rc = QP_OK;
    if (kept < 0 || nothing < 0 || dup2(nothing, STDOUT_FILENO) < 0) {
        rc = qp_fail_errno(err, errno, "put aside", "stdout");
    }
    rc = rc == QP_OK ? time_of(asking, ASKED, ask_show, samples, NULL, err) : rc;
    (void)fflush(stdout);
    if (kept >= 0 && dup2(kept, STDOUT_FILENO) < 0 && rc == QP_OK) {
        rc = qp_fail_errno(err, errno, "take back", "stdout");
    }
    (void)close(kept);
    (void)close(nothing);
    return rc;
}

/* The bundle that was made last, judged; turn by turn with the bare checks of its statements.
 * pool: NULL: on one core. */
static enum qp_code judge(struct asking *asking, struct qp_pool *pool,
                          struct bench_samples *samples, struct qp_err *err)
{
    struct bench_bare bare = {0};
    struct qp_trust *trust = NULL;
    struct qp_verdict *verdict = NULL;
    struct bench_rate limit = {.wall = 0};
    struct qp_executor executor = cores_executor(pool);
    const struct qp_bundle_options options = {.now_ms = qp_now_ms(),
                                              .executor = pool != NULL ? &executor : NULL};
    struct qp_span bundle = qp_span_buf(&asking->bundle);
    enum qp_code rc = bench_season_trust(&asking->bench->season, &trust, err);
    rc = rc == QP_OK ? bench_bare_bundle(&bare, bundle, err) : rc;
    rc = rc == QP_OK ? bench_bare_rate(&bare, pool != NULL ? asking->bench->cores : 1, &limit, err)
                     : rc;
    struct bench_watch watch = bench_start();
    rc = rc == QP_OK ? qp_bundle_judge(bundle, trust, &options, &verdict, err) : rc;
    rc = rc == QP_OK ? bench_stop(&watch, bare.count, &limit, samples, err) : rc;
    if (rc == QP_OK && !qp_verdict_passed(verdict)) {
        rc = qp_fail(err, QP_E_INVALID, "the verifier fails the invented shipment");
    }
    qp_verdict_free(verdict);
    qp_trust_free(trust);
    bench_bare_wipe(&bare);
    return rc;
}

static enum qp_code judge_both(struct asking *asking, struct bench_samples *figures,
                               struct qp_err *err)
{
    struct qp_pool *pool = NULL;
    enum qp_code rc = judge(asking, NULL, &figures[BENCH_VERIFY_BUNDLE], err);
    rc = rc == QP_OK ? qp_pool_new(0, &pool, err) : rc;
    if (rc == QP_OK) {
        qp_pool_begin(pool); /* else starting its threads would count */
    }
    rc = rc == QP_OK ? judge(asking, pool, &figures[BENCH_VERIFY_CORES], err) : rc;
    qp_pool_free(pool);
    return rc;
}

/* ---- Opening and auditing ---- */

static enum qp_code time_open(struct bench *bench, const struct qp_log_options *options,
                              const char *dir, struct bench_samples *samples, struct qp_err *err)
{
    size_t count = bench->quick ? 2 : OPENED;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        struct qp_log *log = NULL;
        double start = bench_seconds();
        rc = qp_log_open(dir, options, &log, err);
        double took = 1e3 * (bench_seconds() - start);
        qp_log_close(log);
        rc = rc == QP_OK ? bench_sample(samples, took, 0, err) : rc;
    }
    return rc;
}

static void tell_audited(void *context, uint64_t done, uint64_t all)
{
    struct bench *bench = context;
    cli_progress(bench->cli, "audited", done, all);
}

static enum qp_code audit(struct bench *bench, struct bench_samples *samples, struct qp_err *err)
{
    const struct qp_log_options options = {.mode = QP_LOG_AUDIT};
    const struct qp_audit_options audit_options = {
        .temp_dir = bench->dir, .progress = tell_audited, .context = bench};
    struct qp_audit_report report = {0};
    struct bench_bare bare = {0};
    struct bench_place place = bench->season.place;
    struct qp_buf records = {0};
    struct qp_log *log = NULL;
    struct bench_rate limit = {.wall = 0};
    /* Statements as the ledger has them, to check beside it; they are in no ledger. */
    bench->season.place = bench->told;
    enum qp_code rc =
        bench_season_lots(&bench->season, 0, bench->quick ? 200 : 10000, 1, &records, err);
    bench->season.place = place;
    rc = rc == QP_OK ? bench_bare_records(&bare, qp_span_buf(&records), err) : rc;
    rc = rc == QP_OK ? bench_bare_rate(&bare, bench->cores, &limit, err) : rc;
    rc = rc == QP_OK ? qp_log_open(bench->ledger, &options, &log, err) : rc;
    struct bench_watch watch = bench_start();
    rc = rc == QP_OK ? qp_log_audit(log, &audit_options, &report, err) : rc;
    rc = rc == QP_OK ? bench_stop(&watch, (size_t)report.entries, &limit, samples, err) : rc;
    cli_progress_end(bench->cli);
    if (rc == QP_OK && report.faults > 0) {
        rc = qp_fail(err, QP_E_INVALID, "the audit finds a fault: %.200s", report.first);
    }
    qp_log_close(log);
    bench_bare_wipe(&bare);
    qp_buf_wipe(&records);
    return rc;
}

static enum qp_code sizes(struct bench *bench, struct bench_point *point, struct qp_err *err)
{
    uint64_t bytes = 0;
    enum qp_code rc = bench_disk(bench->ledger, &bytes, err);
    rc = rc == QP_OK ? bench_sample(&point->figures[BENCH_DISK_EVENT],
                                    (double)bytes / (double)point->events, 0, err)
                     : rc;
    return rc == QP_OK ? bench_sample(&point->figures[BENCH_DISK_SUBMITTED],
                                      (double)bytes / (double)bench->submitted_bytes, 0, err)
                       : rc;
}

enum qp_code bench_ask(struct bench *bench, struct bench_point *point, bool audited,
                       struct qp_err *err)
{
    struct bench_samples *figures = point->figures;
    const struct qp_log_options read = {.mode = QP_LOG_READ};
    const struct qp_log_options write = {.mode = QP_LOG_WRITE, .log_key = bench->season.log_key};
    struct asking asking = {.bench = bench, .chapters = bench->told.chapters};
    enum qp_code rc = bench_step(bench, "questions", err);
    rc = rc == QP_OK ? time_open(bench, &read, bench->ledger, &figures[BENCH_OPEN], err) : rc;
    rc = rc == QP_OK ? time_open(bench, &write, bench->ledger, &figures[BENCH_OPEN_WRITER], err)
                     : rc;
    rc = rc == QP_OK ? sizes(bench, point, err) : rc;
    rc = rc == QP_OK ? reader_open(&asking.reader, bench->ledger, err) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    point->entries = qp_log_size(asking.reader.log);
    rc = time_of(&asking, PROVED, ask_prove, &figures[BENCH_PROVE_P50], &figures[BENCH_PROVE_P99],
                 err);
    rc = rc == QP_OK ? time_of(&asking, ASKED, ask_trace, &figures[BENCH_TRACE], NULL, err) : rc;
    rc = rc == QP_OK ? time_show(&asking, &figures[BENCH_SHOW], err) : rc;
    rc = rc == QP_OK ? time_of(&asking, ASKED, ask_impact, &figures[BENCH_IMPACT], NULL, err) : rc;
    reader_close(&asking.reader);
    rc = rc == QP_OK ? bench_step(bench, "verification", err) : rc;
    rc = rc == QP_OK ? judge_both(&asking, figures, err) : rc;
    qp_buf_wipe(&asking.bundle);
    rc = rc == QP_OK && audited ? bench_step(bench, "audit", err) : rc;
    return rc == QP_OK && audited ? audit(bench, &figures[BENCH_AUDIT], err) : rc;
}
