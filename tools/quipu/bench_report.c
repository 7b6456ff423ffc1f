/* quipu bench: medians of what was measured, as a table and as JSON. */
#include "bench.h"

#include "core/check.h"
#include "wire/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key;
    const char *words; /* as the table says it, and how often there is something of */
} limits[BENCH_LIMITS] = {
    [BENCH_VERIFY_ONE] = {"verify_one_core", "Ed25519 verifications a second, one core"},
    [BENCH_VERIFY] = {"verify", "Ed25519 verifications a second, all cores"},
    [BENCH_SIGN_ONE] = {"sign_one_core", "Ed25519 signatures a second, one core"},
    [BENCH_SIGN] = {"sign", "Ed25519 signatures a second, all cores"},
    [BENCH_SHA256] = {"sha256_400", "SHA-256 of 400 bytes a second, one core"},
    [BENCH_COMMIT_1] = {"commit_1", "rows of 400 bytes a second, durable, 1 a commit"},
    [BENCH_COMMIT_100] = {"commit_100", "the same, 100 a commit"},
    [BENCH_COMMIT_10000] = {"commit_10000", "the same, 10,000 a commit"},
};

/* A row of the table. What has a limit has an aim for its ratio, what has none for itself. */
struct figure {
    const char *key;
    const char *heading; /* before it; NULL: none */
    const char *title;
    const char *unit;
    const char *limit; /* name in JSON */
    const char *over;  /* the same in the table */
    double quantile;   /* 0.5: median; else both sides are taken at it, and not turn by turn */
    double aim;        /* 0: none */
    bool at_least;     /* or at most */
};

static const struct figure figures[BENCH_FIGURES] = {
    [BENCH_INGEST_1] = {"ingest_1", "events admitted a second, durably", "statements of 1 event",
                        "events/s", "verify", "over verifications, all cores", 0.5, 0.8, true},
    [BENCH_INGEST_100] = {"ingest_100", NULL, "statements of 100 events", "events/s", "verify",
                          "over verifications, all cores", 0.5, 3, true},
    [BENCH_INGEST_4096] = {"ingest_4096", NULL, "statements of 4,096 events", "events/s", "verify",
                           "over verifications, all cores", 0.5, 4, true},
    [BENCH_CLIENTS_8] = {"ingest_clients", NULL, "8 processes, turn by turn", "events/s", "verify",
                         "over verifications, all cores", 0.5, 0, true},
    [BENCH_GROWTH] = {"growth", NULL, "cost of an event, over the first", "x", NULL, NULL, 0.5, 1.3,
                      false},
    [BENCH_LATENCY_P50] = {"latency_p50", "ms for one statement alone", "half of them within", "ms",
                           "commit", "over one bare commit", 0.5, 0, false},
    [BENCH_LATENCY_P99] = {"latency_p99", NULL, "99 of 100 within", "ms", "commit",
                           "over one bare commit", 0.99, 0, false},
    [BENCH_VERIFY_BUNDLE] = {"verify_bundle", "statements checked a second", "verify a bundle",
                             "statements/s", "verify_one_core", "over verifications, one core", 0.5,
                             0.9, true},
    [BENCH_VERIFY_CORES] = {"verify_bundle_cores", NULL, "the same on all cores", "statements/s",
                            "verify", "over verifications, all cores", 0.5, 0.9, true},
    [BENCH_AUDIT] = {"audit", NULL, "audit the ledger", "statements/s", "verify",
                     "over verifications, all cores", 0.5, 0.85, true},
    [BENCH_PROVE_P50] = {"prove_p50", "ms for an answer", "prove 1,000 ancestors", "ms", NULL, NULL,
                         0.5, 0, false},
    [BENCH_PROVE_P99] = {"prove_p99", NULL, "the same, 99 of 100 within", "ms", NULL, NULL, 0.99,
                         50, false},
    [BENCH_TRACE] = {"trace", NULL, "trace these ancestors", "ms", NULL, NULL, 0.5, 2, false},
    [BENCH_SHOW] = {"show", NULL, "show a lot", "ms", NULL, NULL, 0.5, 2, false},
    [BENCH_IMPACT] = {"impact", NULL, "impact of a plot", "ms", NULL, NULL, 0.5, 0, false},
    [BENCH_OPEN] = {"open", NULL, "open the ledger", "ms", NULL, NULL, 0.5, 20, false},
    [BENCH_OPEN_WRITER] = {"open_writer", NULL, "open it to write", "ms", NULL, NULL, 0.5, 20,
                           false},
    [BENCH_MEMORY] = {"memory", "size", "MB of own memory to admit", "MB", NULL, NULL, 0.5, 128,
                      false},
    [BENCH_DISK_EVENT] = {"disk_event", NULL, "bytes on disk for an event", "bytes", NULL, NULL,
                          0.5, 0, false},
    [BENCH_DISK_SUBMITTED] = {"disk_submitted", NULL, "over bytes submitted", "x", NULL, NULL, 0.5,
                              1.6, false},
};

enum qp_code bench_sample(struct bench_samples *samples, double value, double limit,
                          struct qp_err *err)
{
    enum qp_code rc = qp_buf_add(&samples->values, qp_span_of(&value, sizeof value), err);
    return rc == QP_OK && limit > 0
               ? qp_buf_add(&samples->limits, qp_span_of(&limit, sizeof limit), err)
               : rc;
}

void bench_samples_wipe(struct bench_samples *samples)
{
    qp_buf_wipe(&samples->values);
    qp_buf_wipe(&samples->limits);
    qp_buf_wipe(&samples->cpu);
}

/* ---- Medians ---- */

static int compare(const void *a, const void *b)
{
    double one = 0;
    double two = 0;
    memcpy(&one, a, sizeof one);
    memcpy(&two, b, sizeof two);
    return (one > two) - (one < two);
}

/* NAN where nothing was measured. Sorts a copy. */
static double quantile_of(const double *values, size_t count, double quantile)
{
    double *sorted = qp_alloc_zero(count + 1, sizeof *sorted);
    double found = NAN;
    if (sorted != NULL && count > 0) {
        memcpy(sorted, values, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, compare);
        size_t at = (size_t)(quantile * (double)count);
        found = sorted[at < count ? at : count - 1];
    }
    qp_free(sorted);
    return found;
}

static double quantile_buf(const struct qp_buf *buf, double quantile)
{
    return quantile_of((const double *)(const void *)buf->data, buf->len / sizeof(double),
                       quantile);
}

/* NAN where there is no limit. */
static double ratio_of(const struct bench_samples *samples, double quantile)
{
    size_t count = samples->values.len / sizeof(double);
    double *ratios = qp_alloc_zero(count + 1, sizeof *ratios);
    double found = NAN;
    if (ratios != NULL && samples->limits.len == samples->values.len && count > 0) {
        memcpy(ratios, samples->values.data, count * sizeof *ratios);
        for (size_t i = 0; i < count; i++) {
            double limit = 0;
            memcpy(&limit, samples->limits.data + i * sizeof limit, sizeof limit);
            ratios[i] /= limit;
        }
        found = quantile < 0.5 || quantile > 0.5 ? quantile_buf(&samples->values, quantile) /
                                                       quantile_buf(&samples->limits, quantile)
                                                 : quantile_of(ratios, count, 0.5);
    }
    qp_free(ratios);
    return found;
}

static double value_at(const struct bench *bench, size_t figure, size_t point)
{
    return quantile_buf(&bench->points[point].figures[figure].values, figures[figure].quantile);
}

static double ratio_at(const struct bench *bench, size_t figure, size_t point)
{
    return ratio_of(&bench->points[point].figures[figure], figures[figure].quantile);
}

/* NAN where it was not looked at. */
static double cpu_at(const struct bench *bench, size_t figure, size_t point)
{
    return quantile_buf(&bench->points[point].figures[figure].cpu, 0.5);
}

/* Is the figure where it should be? What is held against the aim: the ratio, or itself. */
static bool meets(const struct figure *figure, double held)
{
    return figure->at_least ? held >= figure->aim : held <= figure->aim;
}

enum qp_code bench_growth(struct bench *bench, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < bench->point_count; i++) {
        struct bench_samples *growth = &bench->points[i].figures[BENCH_GROWTH];
        double cpu = cpu_at(bench, BENCH_INGEST_1, 0) / cpu_at(bench, BENCH_INGEST_1, i);
        rc = bench_sample(growth,
                          ratio_at(bench, BENCH_INGEST_1, 0) / ratio_at(bench, BENCH_INGEST_1, i),
                          0, err);
        rc = rc == QP_OK ? qp_buf_add(&growth->cpu, qp_span_of(&cpu, sizeof cpu), err) : rc;
    }
    return rc;
}

/* ---- JSON ---- */

static json_t *figure_json(const struct bench *bench, size_t figure, size_t point)
{
    const struct figure *row = &figures[figure];
    double value = value_at(bench, figure, point);
    double ratio = ratio_at(bench, figure, point);
    double cpu = cpu_at(bench, figure, point);
    json_t *json = json_pack("{s:f, s:s}", "value", value, "unit", row->unit);
    if (json != NULL && !isnan(ratio)) {
        (void)json_object_set_new(json, "limit", json_string(row->limit));
        (void)json_object_set_new(json, "ratio", json_real(ratio));
    }
    if (json != NULL && !isnan(cpu)) {
        (void)json_object_set_new(json, "cpu_ratio", json_real(cpu));
    }
    if (json != NULL && row->aim > 0) {
        bool met = meets(row, isnan(ratio) ? value : ratio);
        (void)json_object_set_new(json, row->at_least ? "at_least" : "at_most",
                                  json_real(row->aim));
        (void)json_object_set_new(json, "met", json_boolean(met));
    }
    return json;
}

static json_t *bench_json(const struct bench *bench)
{
    json_t *machine = json_object();
    json_t *points = json_array();
    for (size_t i = 1; i < BENCH_LIMITS; i++) {
        (void)json_object_set_new(machine, limits[i].key,
                                  json_real(quantile_buf(&bench->limits[i].values, 0.5)));
    }
    for (size_t at = 0; at < bench->point_count; at++) {
        json_t *list = json_object();
        for (size_t i = 0; i < BENCH_FIGURES; i++) {
            (void)json_object_set_new(list, figures[i].key, figure_json(bench, i, at));
        }
        (void)json_array_append_new(
            points, json_pack("{s:I, s:I, s:o}", "events", (json_int_t)bench->points[at].events,
                              "entries", (json_int_t)bench->points[at].entries, "figures", list));
    }
    return json_pack("{s:I, s:I, s:b, s:o, s:o}", "cores", (json_int_t)bench->cores, "rounds",
                     (json_int_t)bench->rounds, "quick", bench->quick, "limits", machine, "points",
                     points);
}

/* ---- The table ---- */

static const char *number(char text[32], double value)
{
    if (value >= 100) {
        return cli_number(text, (uint64_t)llround(value));
    }
    (void)snprintf(text, 32, value >= 10 ? "%.1f" : value >= 0.1 ? "%.2f" : "%.3f", value);
    return text;
}

/* "10 k", "1 M": a column is not wider than its figures. */
static const char *thousands(char text[32], uint64_t value)
{
    const char *unit = value % 1000000 == 0 ? " M" : value % 1000 == 0 ? " k" : "";
    uint64_t by = value % 1000000 == 0 ? 1000000 : value % 1000 == 0 ? 1000 : 1;
    (void)snprintf(text, 32, "%" PRIu64 "%s", value / by, unit);
    return text;
}

static void print_limits(struct bench *bench)
{
    char title[80];
    char text[32];
    (void)snprintf(title, sizeof title, "THIS MACHINE, %u CORES", bench->cores);
    const struct cli_column columns[] = {{.title = title}, {.title = "", .right = true}};
    struct cli_table table = {.columns = columns, .column_count = QP_COUNT(columns)};
    for (size_t i = 1; i < BENCH_LIMITS; i++) {
        cli_cell(bench->cli, &table, limits[i].words);
        cli_cell(bench->cli, &table, number(text, quantile_buf(&bench->limits[i].values, 0.5)));
    }
    cli_table_print(bench->cli, &table, stdout);
}

/* What a row tells of a figure. */
enum telling { TELL_VALUE, TELL_RATIO, TELL_CPU };

static void print_row(struct bench *bench, struct cli_table *table, size_t figure,
                      enum telling telling)
{
    const struct figure *row = &figures[figure];
    const char *const titles[] = {row->title, row->over, "the same by processor time"};
    char text[32];
    bool missed = false;
    cli_cellf(bench->cli, table, telling == TELL_VALUE ? "  %s" : "    %s", titles[telling]);
    for (size_t i = 0; i < bench->point_count; i++) {
        double value = telling == TELL_VALUE   ? value_at(bench, figure, i)
                       : telling == TELL_RATIO ? ratio_at(bench, figure, i)
                                               : cpu_at(bench, figure, i);
        cli_cell(bench->cli, table, isnan(value) ? "" : number(text, value));
        missed = missed || (row->aim > 0 && !isnan(value) && !meets(row, value));
    }
    if (row->aim > 0 && telling == (row->limit != NULL ? TELL_RATIO : TELL_VALUE)) {
        cli_cellf(bench->cli, table, "%s %g%s", row->at_least ? ">=" : "<=", row->aim,
                  missed ? " !" : "");
    } else {
        cli_cell(bench->cli, table, "");
    }
}

static void empty_cells(struct bench *bench, struct cli_table *table, const char *first)
{
    cli_cell(bench->cli, table, first);
    for (size_t i = 1; i < table->column_count; i++) {
        cli_cell(bench->cli, table, "");
    }
}

static void print_figures(struct bench *bench)
{
    struct cli_column columns[BENCH_POINTS_MAX + 2] = {{.title = "EVENTS IN THE LEDGER"}};
    char titles[BENCH_POINTS_MAX][32];
    for (size_t i = 0; i < bench->point_count; i++) {
        columns[i + 1] = (struct cli_column){.title = thousands(titles[i], bench->points[i].events),
                                             .right = true};
    }
    columns[bench->point_count + 1] = (struct cli_column){.title = "AIM"};
    struct cli_table table = {.columns = columns, .column_count = bench->point_count + 2};
    for (size_t i = 0; i < BENCH_FIGURES; i++) {
        if (figures[i].heading != NULL) {
            empty_cells(bench, &table, figures[i].heading);
        }
        print_row(bench, &table, i, TELL_VALUE);
        if (figures[i].limit != NULL) {
            print_row(bench, &table, i, TELL_RATIO);
        }
        if (!isnan(cpu_at(bench, i, 0))) {
            print_row(bench, &table, i, TELL_CPU);
        }
    }
    cli_table_print(bench->cli, &table, stdout);
}

static enum qp_code write_json(struct bench *bench, struct qp_err *err)
{
    struct qp_buf text = {0};
    json_t *json = bench_json(bench);
    enum qp_code rc = json != NULL ? qp_json_print(json, 0, &text, err)
                                   : qp_fail(err, QP_E_MEMORY, "no memory for the figures");
    rc = rc == QP_OK ? qp_buf_add_text(&text, "\n", err) : rc;
    rc = rc == QP_OK ? cli_output(bench->cli, bench->output, qp_span_buf(&text), false, err) : rc;
    json_decref(json);
    qp_buf_wipe(&text);
    return rc;
}

enum qp_code bench_print(struct bench *bench, struct qp_err *err)
{
    enum qp_code rc = bench->output != NULL ? write_json(bench, err) : QP_OK;
    if (bench->cli->json) {
        cli_json(bench->cli, bench_json(bench));
        return rc;
    }
    print_limits(bench);
    printf("\n");
    print_figures(bench);
    printf("\nMedians of %" PRIu64
           " round%s; the ratios say most. \"!\" marks an aim that is missed.\n",
           bench->rounds, bench->rounds == 1 ? "" : "s");
    return rc;
}
