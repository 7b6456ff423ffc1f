/* How fast a file of single-event statements is admitted, durably, against the bare rate at which
 * one core checks their signatures in the same run; and how much memory a long stream takes.
 *
 *   bench_submit [statements] [stream megabytes]
 *
 * Prints one line for each. Exits 1 when admission is slower than half the bare rate. */
#include "log/folder.h"

#include "host/clock.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>

#define PLOTS 64

static double seconds_since(uint64_t start_ms)
{
    uint64_t now = qp_ticks_ms();
    return (double)(now > start_ms ? now - start_ms : 1) / 1000.0;
}

static double rss_megabytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024.0;
}

/* Check every signature of the records, and do nothing else. */
static double bare_rate(const struct qp_buf *records)
{
    struct qp_arena arena = {0};
    struct qp_span left = qp_span_buf(records);
    uint64_t ticks = 0;
    size_t count = 0;
    while (left.len > 0) {
        Qp__Submission *submission = NULL;
        Qp__Statement *statement = NULL;
        struct qp_public_key key;
        struct qp_signature signature;
        struct timespec before;
        struct timespec after;
        size_t used = 0;
        qp_arena_reset(&arena);
        assert_ok(qp_submission_decode(left, &arena, &submission, &used, err));
        struct qp_span bytes = qp_span_bytes(submission->statement);
        assert_ok(qp_statement_decode(bytes, &arena, &statement, err));
        memcpy(key.bytes, statement->issuer.data, sizeof key.bytes);
        memcpy(signature.bytes, submission->signature.data, sizeof signature.bytes);
        clock_gettime(CLOCK_MONOTONIC, &before);
        assert_ok(qp_verify(&key, qp_span_text(QP_STATEMENT_DOMAIN), bytes, &signature, err));
        clock_gettime(CLOCK_MONOTONIC, &after);
        ticks += (uint64_t)((after.tv_sec - before.tv_sec) * 1000000000 +
                            (after.tv_nsec - before.tv_nsec));
        left = qp_span_of(left.data + used, left.len - used);
        count++;
    }
    qp_arena_wipe(&arena);
    return (double)count * 1e9 / (double)ticks;
}

static double submit_rate(struct folder *folder, unsigned count)
{
    struct qp_buf begin = {0};
    struct qp_buf records = {0};
    struct told told = {0};
    folder_create(folder);
    struct qp_log *log = folder_open(folder, QP_LOG_WRITE);
    season_begin(&folder->season, PLOTS / 2, &begin); /* 64 sealed contents at most in one go */
    folder_admit(log, &begin);
    season_harvests(&folder->season, 0, count, PLOTS / 2, &records);
    double bare = bare_rate(&records);
    uint64_t start = qp_ticks_ms();
    assert_ok(folder_submit(log, &records, 0, &told, err));
    double rate = (double)count / seconds_since(start);
    assert_int_equal(told.ok, count);
    printf("submit: %u statements of one event, %.0f/s, durable, with receipts of %zu bytes each; "
           "bare single-core verification %.0f/s; ratio %.2f\n",
           count, rate, told.receipts.len / count, bare, rate / bare);
    qp_log_close(log);
    struct qp_log_options options = folder_options(folder, QP_LOG_AUDIT);
    struct qp_audit_options audit_options = {.rebuild = false};
    struct qp_audit_report report;
    assert_ok(qp_log_open(folder->dir, &options, &log, err));
    start = qp_ticks_ms();
    assert_ok(qp_log_audit(log, &audit_options, &report, err));
    assert_int_equal(report.faults, 0);
    printf("audit: %llu entries, %.0f/s\n", (unsigned long long)report.entries,
           (double)report.entries / seconds_since(start));
    qp_log_close(log);
    qp_buf_wipe(&begin);
    qp_buf_wipe(&records);
    qp_buf_wipe(&told.receipts);
    return rate / bare;
}

/* A stream that is made as it is read: statements of many events, signed on the way. */
struct maker {
    struct season *season;
    struct qp_buf bytes;
    size_t at;
    uint64_t left;
    unsigned next;
    unsigned events; /* in a statement */
};

static enum qp_code make_more(void *context, uint8_t *bytes, size_t len, size_t *got,
                              struct qp_err *err)
{
    struct maker *maker = context;
    (void)err;
    if (maker->at == maker->bytes.len && maker->left > 0) {
        maker->bytes.len = 0;
        maker->at = 0;
        for (unsigned i = 0; i < maker->events; i++, maker->next++) {
            char lot[32];
            char plot[32];
            snprintf(lot, sizeof lot, "coop-norte/L%08u", maker->next);
            snprintf(plot, sizeof plot, "coop-norte/P%05u", maker->next % (PLOTS / 2));
            season_lot(maker->season, lot, plot, 50000);
        }
        season_sign(maker->season, &maker->season->coop, &maker->bytes);
        maker->left -= maker->left < maker->bytes.len ? maker->left : maker->bytes.len;
    }
    size_t there = maker->bytes.len - maker->at;
    len = len < there ? len : there;
    if (len > 0) {
        memcpy(bytes, maker->bytes.data + maker->at, len);
    }
    maker->at += len;
    *got = len;
    return QP_OK;
}

static enum qp_code forget(void *context, const struct qp_submitted *submitted, struct qp_err *err)
{
    uint64_t *events = context;
    assert_int_equal(submitted->code, QP_OK);
    *events += submitted->event_count;
    (void)err;
    return QP_OK;
}

/* The resident bytes that are not pages of files: what the program itself holds. */
static double own_megabytes(void)
{
    char line[256];
    double kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kilobytes = strtod(line + 8, NULL);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kilobytes / 1024.0;
}

static void stream(struct folder *folder, uint64_t megabytes)
{
    struct qp_buf begin = {0};
    uint64_t events = 0;
    folder_create(folder);
    struct qp_log *log = folder_open(folder, QP_LOG_WRITE);
    season_begin(&folder->season, PLOTS / 2, &begin);
    folder_admit(log, &begin);
    struct maker maker = {
        .season = &folder->season, .left = megabytes * 1024 * 1024, .events = 500};
    struct qp_source source = {.context = &maker, .read = make_more};
    struct qp_submit_sink sink = {.context = &events, .done = forget};
    uint64_t start = qp_ticks_ms();
    assert_ok(qp_log_submit(log, &source, &sink, err));
    printf("stream: %llu MB, %llu events, %.0f events/s; own memory %.0f MB, peak with mapped "
           "pages %.0f MB\n",
           (unsigned long long)megabytes, (unsigned long long)events,
           (double)events / seconds_since(start), own_megabytes(), rss_megabytes());
    qp_log_close(log);
    qp_buf_wipe(&maker.bytes);
    qp_buf_wipe(&begin);
}

int main(int argc, char **argv)
{
    struct folder folder;
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    uint64_t megabytes = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    folder_init(&folder);
    double ratio = submit_rate(&folder, count);
    folder_wipe(&folder);
    if (megabytes > 0) {
        folder_init(&folder);
        stream(&folder, megabytes);
        folder_wipe(&folder);
    }
    return ratio >= 0.5 ? 0 : 1;
}
