/* What it costs to ask of a ledger what is touched and what is tainted, as the ledger grows.
 *
 *   bench_impact QUIPU EVENTS...
 *
 * For each number makes a ledger of about as many events in a temporary folder, in statements of
 * 100: shares of eight plots whose harvests are mixed into one lot, sold and shipped in two. Then
 * asks about shares all over it, in this process and by the program itself, and counts the rows
 * that are read. Exits 1 when a question reads more rows in one ledger than in another, or when
 * asking takes over TIMES_MAX as long in the last one as in the first. */
#include "log/folder.h"
#include "trace/counting.h"

#include "bench/events.h"
#include "bench/figure.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

#define BATCH 100 /* events of a statement */
#define PLOTS 8   /* of a share */
#define HARVESTS 72
#define GRAMS 50000
#define SHARE_EVENTS (1 + PLOTS + HARVESTS + 1 + 2 + 2)
#define GROUP 25 /* shares that are sold at once: 75 events of the exporter */
#define ASKED 50 /* shares that are asked about */
#define RUNS 15  /* of the program */
#define TIMES_MAX 4.0

/* ---- The ledger ---- */

/* Sign once a statement is full. */
static void batch(struct season *season, struct qp_buf *out)
{
    if (season->event_count == BATCH) {
        season_sign(season, &season->coop, out);
    }
}

/* What the cooperative says of one share, up to handing it over. */
static void add_share(struct season *season, unsigned share, struct qp_buf *out)
{
    static char inputs[QP_EVENT_BYTES_MAX];
    char id[40];
    char other[40];
    size_t len = 0;
    snprintf(other, sizeof other, "coop-norte/F%06u", share);
    season_producer(season, other);
    batch(season, out);
    for (unsigned i = 0; i < PLOTS; i++) {
        snprintf(id, sizeof id, "coop-norte/P%06u-%u", share, i);
        season_plot(season, id, other);
        batch(season, out);
    }
    for (unsigned i = 0; i < HARVESTS; i++) {
        snprintf(id, sizeof id, "coop-norte/L%06u-%02u", share, i);
        snprintf(other, sizeof other, "coop-norte/P%06u-%u", share, i % PLOTS);
        season_lot(season, id, other, GRAMS);
        batch(season, out);
        len += (size_t)snprintf(inputs + len, sizeof inputs - len,
                                "%s{\"lot\": \"%s\", \"quantity\": {\"grams\": %d}}",
                                i == 0 ? "" : ", ", id, GRAMS);
    }
    add_json(season,
             "\"lot_processed\": {\"process\": \"mixing\", \"inputs\": [%s], \"outputs\": "
             "[{\"lot\": \"coop-norte/M%06u\", \"form\": \"cherry\", \"quantity\": {\"grams\": "
             "%d}, \"kind\": \"product\"}]}",
             inputs, share, HARVESTS * GRAMS);
    batch(season, out);
    add_json(season,
             "\"lot_transferred\": {\"lot\": \"coop-norte/M%06u\", \"to\": \"cafe-export\", "
             "\"kind\": \"both\", \"quantity\": {\"grams\": %d}}",
             share, HARVESTS * GRAMS);
    batch(season, out);
}

static void add_sale(struct season *season, unsigned share)
{
    add_json(season,
             "\"lot_received\": {\"lot\": \"coop-norte/M%06u\", \"from\": \"coop-norte\", "
             "\"quantity\": {\"grams\": %d}}",
             share, HARVESTS * GRAMS);
    for (unsigned i = 0; i < 2; i++) {
        add_json(season,
                 "\"shipment_dispatched\": {\"shipment\": \"cafe-export/S%06u-%u\", "
                 "\"consignee\": \"importer\", \"commodity\": \"coffee\", \"hs_code\": "
                 "\"090111\", \"lots\": [{\"lot\": \"coop-norte/M%06u\", \"quantity\": "
                 "{\"grams\": %d}}], \"containers\": [{\"number\": \"CSQU3054383\"}], "
                 "\"port_of_loading\": \"PECLL\", \"port_of_discharge\": \"DEHAM\", "
                 "\"destination_country\": \"DE\"}",
                 share, i, share, HARVESTS * GRAMS / 2);
    }
}

static void make_ledger(struct folder *folder, unsigned shares)
{
    struct season *season = &folder->season;
    struct season_issuer importer;
    struct qp_buf records = {0};
    folder_create(folder);
    struct qp_log *log = folder_open(folder, QP_LOG_WRITE);
    season_issuer_init(&importer, "importer", 6);
    season_enrol(season, &importer, QP__ROLE__ROLE_IMPORTER);
    season_enrol(season, &season->coop, QP__ROLE__ROLE_COOPERATIVE);
    season_enrol(season, &season->exporter, QP__ROLE__ROLE_EXPORTER);
    season_rules(season);
    season_sign(season, &season->operator_, &records);
    for (unsigned first = 0; first < shares; first += GROUP) {
        unsigned end = first + GROUP < shares ? first + GROUP : shares;
        for (unsigned i = first; i < end; i++) {
            add_share(season, i, &records);
        }
        if (season->event_count > 0) {
            season_sign(season, &season->coop, &records);
        }
        for (unsigned i = first; i < end; i++) {
            add_sale(season, i);
        }
        season_sign(season, &season->exporter, &records);
        if (records.len > 8000000 || end == shares) {
            folder_admit(log, &records);
            records.len = 0;
        }
    }
    qp_log_close(log);
    qp_buf_wipe(&records);
    qp_key_free(importer.key);
}

/* ---- Asking ---- */

/* What one kind of question costs. */
struct cost {
    double milliseconds; /* median */
    size_t rows;         /* most: a share may begin in one statement and end in the next */
};

static enum qp_code count_taint(void *context, const struct qp_taint *taint, struct qp_err *err)
{
    size_t *count = context;
    (void)taint;
    (void)err;
    (*count)++;
    return QP_OK;
}

static void ask_impact(const struct qp_trace_source *source, const char *id)
{
    struct qp_impact_thing thing = {.id = id};
    struct qp_impact *impact = NULL;
    assert_ok(qp_impact_source(source, &thing, QP_IMPACT_UP | QP_IMPACT_DOWN, &impact, err));
    assert_int_equal(impact->shipment_count, 2);
    assert_int_equal(impact->down.lot_count, HARVESTS / PLOTS + 1);
    qp_impact_free(impact);
}

static void ask_taint(const struct qp_trace_source *source, const char *id)
{
    size_t count = 0;
    struct qp_taint_sink sink = {.context = &count, .taint = count_taint};
    assert_ok(qp_taint_source(source, "shipment", id, &sink, err));
    assert_int_equal(count, 0);
}

/* Of shares all over the ledger; the number of each goes between `front` and `tail`. */
static struct cost ask(struct qp_log *log, const char *front, const char *tail, unsigned shares,
                       void (*question)(const struct qp_trace_source *source, const char *id))
{
    struct qp_trace_source plain = qp_trace_source_log(log);
    struct counting counting;
    struct qp_trace_source counted = counting_source(&counting, log);
    struct cost cost = {.rows = 0};
    double times[ASKED];
    char name[40];
    for (unsigned i = 0; i < ASKED; i++) {
        snprintf(name, sizeof name, "%s%06u%s", front, (unsigned)((uint64_t)i * shares / ASKED),
                 tail);
        double begin = figure_seconds();
        question(&plain, name);
        times[i] = 1000 * (figure_seconds() - begin);
        counting.rows = 0;
        question(&counted, name);
        cost.rows = counting.rows > cost.rows ? counting.rows : cost.rows;
    }
    cost.milliseconds = figure_median(times, ASKED);
    return cost;
}

/* A whole run of the program, from its start to its end. It is spawned and not forked: copying the
 * page tables of this process would be most of the time. */
static double run(char *quipu, char *command, char *dir, char *thing)
{
    char *arguments[] = {quipu, command, dir, thing, NULL};
    posix_spawn_file_actions_t actions;
    double times[RUNS];
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0), 0);
    for (unsigned i = 0; i < RUNS; i++) {
        pid_t pid = 0;
        int status = -1;
        double begin = figure_seconds();
        assert_int_equal(posix_spawn(&pid, quipu, &actions, NULL, arguments, environ), 0);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        assert_int_equal(status, 0);
        times[i] = 1000 * (figure_seconds() - begin);
    }
    posix_spawn_file_actions_destroy(&actions);
    return figure_median(times, RUNS);
}

static void tell(const char *name, unsigned long events, double value, const char *unit)
{
    char text[64];
    snprintf(text, sizeof text, "%s_%lu", name, events);
    figure(text, value, unit);
}

struct costs {
    struct cost impact;
    struct cost taint;
};

static struct costs measure(char *quipu, unsigned long events)
{
    static struct folder folder;
    unsigned shares = (unsigned)(events / SHARE_EVENTS);
    char plot[40];
    char shipment[40];
    folder_init(&folder);
    make_ledger(&folder, shares);
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    struct costs costs = {.impact = ask(log, "coop-norte/P", "-3", shares, ask_impact),
                          .taint = ask(log, "cafe-export/S", "-1", shares, ask_taint)};
    uint64_t entries = qp_log_size(log);
    qp_log_close(log);
    snprintf(plot, sizeof plot, "coop-norte/P%06u-3", shares / 2);
    snprintf(shipment, sizeof shipment, "cafe-export/S%06u-1", shares / 2);
    static char impact[] = "impact";
    static char show[] = "show";
    double impact_ms = run(quipu, impact, folder.dir, plot);
    double show_ms = run(quipu, show, folder.dir, shipment);
    fprintf(stderr,
            "%lu events in %llu entries: impact of a plot %.2f ms (%zu rows), taint of a shipment "
            "%.2f ms (%zu rows); quipu impact %.1f ms, quipu show %.1f ms from start to end\n",
            events, (unsigned long long)entries, costs.impact.milliseconds, costs.impact.rows,
            costs.taint.milliseconds, costs.taint.rows, impact_ms, show_ms);
    tell("impact", events, costs.impact.milliseconds, "ms");
    tell("taint", events, costs.taint.milliseconds, "ms");
    tell("quipu_impact", events, impact_ms, "ms");
    tell("quipu_show", events, show_ms, "ms");
    folder_wipe(&folder);
    return costs;
}

int main(int argc, char **argv)
{
    struct costs first = {0};
    struct costs last = {0};
    for (int i = 2; i < argc; i++) {
        unsigned long events = strtoul(argv[i], NULL, 10);
        if (events < ASKED * SHARE_EVENTS || events > 80000000) {
            argc = 0;
            break;
        }
        last = measure(argv[1], events);
        first = i == 2 ? last : first;
        if (last.impact.rows != first.impact.rows || last.taint.rows != first.taint.rows) {
            fprintf(stderr, "a question reads other rows than in the first ledger\n");
            return 1;
        }
    }
    if (argc < 3) {
        fprintf(stderr, "usage: bench_impact QUIPU EVENTS...   (at least %d each)\n",
                ASKED * SHARE_EVENTS);
        return 2;
    }
    double impact = last.impact.milliseconds / first.impact.milliseconds;
    double taint = last.taint.milliseconds / first.taint.milliseconds;
    figure("impact_growth", impact, "x");
    figure("taint_growth", taint, "x");
    return impact <= TIMES_MAX && taint <= TIMES_MAX ? 0 : 1;
}
