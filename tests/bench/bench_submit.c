/* How fast a file of single-event statements is admitted, durably, against the bare rate at which
 * one core checks their signatures in the same run; and how fast the ledger is audited.
 *
 *   bench_submit [statements]
 *
 * Exits 1 when admission is slower than half the bare rate. */
#include "log/folder.h"

#include "bench/figure.h"
#include "bench/events.h"

#define PLOTS 64

/* Check every signature of the records, and do nothing else. */
static double bare_rate(const struct qp_buf *records)
{
    struct qp_arena arena = {0};
    struct qp_span left = qp_span_buf(records);
    double seconds = 0;
    size_t count = 0;
    while (left.len > 0) {
        Qp__Submission *submission = NULL;
        Qp__Statement *statement = NULL;
        struct qp_public_key key;
        struct qp_signature signature;
        size_t used = 0;
        qp_arena_reset(&arena);
        assert_ok(qp_submission_decode(left, &arena, &submission, &used, err));
        struct qp_span bytes = qp_span_bytes(submission->statement);
        assert_ok(qp_statement_decode(bytes, &arena, &statement, err));
        memcpy(key.bytes, statement->issuer.data, sizeof key.bytes);
        memcpy(signature.bytes, submission->signature.data, sizeof signature.bytes);
        double start = figure_seconds();
        assert_ok(qp_verify(&key, qp_span_text(QP_STATEMENT_DOMAIN), bytes, &signature, err));
        seconds += figure_seconds() - start;
        left = qp_span_of(left.data + used, left.len - used);
        count++;
    }
    qp_arena_wipe(&arena);
    return (double)count / seconds;
}

static double submit_rate(struct folder *folder, unsigned count)
{
    struct qp_buf begin = {0};
    struct qp_buf records = {0};
    struct told told = {0};
    folder_create(folder);
    struct qp_log *log = folder_open(folder, QP_LOG_WRITE);
    season_begin(&folder->season, PLOTS / 2, &begin); /* 64 sealed contents at most in one go */
    bench_rule_set(&folder->season);
    season_sign(&folder->season, &folder->season.operator_, &begin);
    folder_admit(log, &begin);
    season_harvests(&folder->season, 0, count, PLOTS / 2, &records);
    double bare = bare_rate(&records);
    double start = figure_seconds();
    assert_ok(folder_submit(log, &records, 0, &told, err));
    double rate = (double)count / (figure_seconds() - start);
    assert_int_equal(told.ok, count);
    fprintf(stderr,
            "submit: %u statements of one event, %.0f/s, durable, with receipts of %zu bytes each; "
            "bare single-core verification %.0f/s; ratio %.2f\n",
            count, rate, told.receipts.len / count, bare, rate / bare);
    figure("submit", rate, "statements/s");
    figure("submit_over_bare", rate / bare, "");
    qp_log_close(log);
    struct qp_log_options options = folder_options(folder, QP_LOG_AUDIT);
    struct qp_audit_options audit_options = {.rebuild = false};
    struct qp_audit_report report;
    assert_ok(qp_log_open(folder->dir, &options, &log, err));
    start = figure_seconds();
    assert_ok(qp_log_audit(log, &audit_options, &report, err));
    assert_int_equal(report.faults, 0);
    figure("audit", (double)report.entries / (figure_seconds() - start), "entries/s");
    qp_log_close(log);
    qp_buf_wipe(&begin);
    qp_buf_wipe(&records);
    qp_buf_wipe(&told.receipts);
    return rate / bare;
}

int main(int argc, char **argv)
{
    struct folder folder;
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    folder_init(&folder);
    double ratio = submit_rate(&folder, count);
    folder_wipe(&folder);
    return ratio >= 0.5 ? 0 : 1;
}
