/* quipu export: files for other systems, made from a bundle that was judged first. */
#include "trust_file.h"

#include "core/check.h"
#include "exchange/geojson.h"
#include "host/clock.h"
#include "host/file.h"
#include "proof/verdict.h"
#include "words.h"

#include <string.h>

struct export
{
    struct cli *cli;
    const struct qp_verdict *verdict;
    struct qp_geojson_writer writer;
    size_t refused; /* plots that cannot be written */
    uint64_t area_m2;
};

static enum qp_code add_plot(struct export *job, const struct qp_verdict_plot *plot,
                             struct qp_err *err)
{
    struct qp_arena arena;
    struct qp_geometry geometry;
    if (plot->geometry.len == 0) {
        return qp_refuse(err, "GEO-NONE", "the geometry is not disclosed, or not accepted");
    }
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_geometry_decode(plot->geometry, &arena, &geometry, err);
    if (rc == QP_OK) {
        const struct qp_geojson_place place = {
            .geometry = &geometry,
            .producer_name = plot->producer_name[0] != '\0' ? plot->producer_name : NULL,
            .producer_country = plot->country[0] != '\0' ? plot->country : NULL,
            .production_place = plot->region[0] != '\0' ? plot->region : plot->plot,
            .area_m2 = plot->area_m2,
        };
        rc = qp_geojson_add(&job->writer, &place, err);
    }
    qp_arena_wipe(&arena);
    return rc;
}

/* Every plot that cannot be written is told, not only the first. */
static enum qp_code add_plots(struct export *job, struct qp_err *err)
{
    for (size_t i = 0; i < qp_verdict_plot_count(job->verdict); i++) {
        const struct qp_verdict_plot *plot = qp_verdict_plot(job->verdict, i);
        enum qp_code rc = add_plot(job, plot, err);
        if (rc == QP_E_MEMORY) {
            return rc;
        }
        if (rc != QP_OK) {
            (void)qp_prefix(err, rc, "plot %s", plot->plot);
            cli_error(job->cli, err);
            qp_err_init(err);
            job->refused++;
        } else {
            job->area_m2 += plot->area_m2;
        }
    }
    return QP_OK;
}

static enum qp_code check_verdict(struct export *job, bool even_if_failed, struct qp_err *err)
{
    const struct qp_verdict *verdict = job->verdict;
    bool authentic = verdict->lines[QP_LINE_AUTHENTIC].result == QP_PASS;
    if (!authentic) { /* then nothing is known of it, and nothing can be written */
        const char *reason =
            json_string_value(json_array_get(verdict->lines[QP_LINE_AUTHENTIC].reasons, 0));
        return qp_fail(err, QP_E_INVALID, "the bundle is not authentic: %.200s",
                       reason != NULL ? reason : "");
    }
    if (verdict->lines[QP_LINE_LOCATED].result != QP_PASS && !even_if_failed) {
        return qp_fail(err, QP_E_INVALID,
                       "the line \"located\" does not pass, so the file would not hold every plot; "
                       "quipu verify says why, --even-if-failed writes what there is");
    }
    if (!qp_verdict_passed(verdict)) {
        cli_note(job->cli, "the verdict of this bundle is FAIL; the export does not change that");
    }
    return QP_OK;
}

static enum qp_code make_traces(struct export *job, bool even_if_failed, struct qp_buf *out,
                                struct qp_err *err)
{
    enum qp_code rc = check_verdict(job, even_if_failed, err);
    if (rc == QP_OK) {
        rc = qp_geojson_begin(&job->writer, out, err);
    }
    if (rc == QP_OK) {
        rc = add_plots(job, err);
    }
    if (rc == QP_OK && job->refused > 0 && !even_if_failed) {
        rc = qp_fail(err, QP_E_REFUSED,
                     "%zu of %zu plots cannot be written, so no file was made; --even-if-failed "
                     "leaves them out",
                     job->refused, qp_verdict_plot_count(job->verdict));
    }
    return rc == QP_OK ? qp_geojson_end(&job->writer, err) : rc;
}

static void tell(struct export *job, const char *path)
{
    char area[WORDS_BYTES];
    char plots[WORDS_BYTES];
    if (job->cli->json) {
        if (!cli_is_stdout(path)) { /* else the export itself is the JSON */
            cli_json(job->cli,
                     json_pack("{s:s, s:I, s:I, s:I}", "file", path, "plots",
                               (json_int_t)job->writer.feature_count, "left_out",
                               (json_int_t)job->refused, "area_m2", (json_int_t)job->area_m2));
        }
        return;
    }
    cli_note(job->cli, "%s, %s, in %s", words_count(plots, job->writer.feature_count, "plots"),
             words_area(area, job->area_m2), path != NULL ? cli_safe(job->cli, path) : "stdout");
}

static enum qp_code judge(const char *bundle, const char *policy, struct qp_verdict **verdict,
                          struct qp_err *err)
{
    struct qp_buf file = {0};
    struct qp_trust *trust = NULL;
    enum qp_code rc = trust_file_read(policy, &trust, err);
    if (rc == QP_OK) {
        rc = qp_file_read(bundle, QP_BUNDLE_BYTES_MAX, &file, err);
    }
    if (rc == QP_OK) {
        rc = qp_bundle_verify(qp_span_buf(&file), trust, qp_now_ms(), verdict, err);
        if (rc != QP_OK) {
            rc = bundle_failed(bundle, qp_span_buf(&file), rc, err);
        }
    }
    qp_trust_free(trust);
    qp_buf_wipe(&file);
    return rc;
}

enum qp_code cmd_export(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const char *policy = NULL;
    const char *format = NULL;
    const char *out = NULL;
    bool even_if_failed = false;
    const struct cli_option options[] = {
        {'p', "policy", CLI_NEEDED, "FILE", &policy, "judge the bundle by this policy first"},
        {0, "format", CLI_NEEDED, "NAME", &format,
         "traces-geojson: the plots as a file for a due-diligence statement in TRACES"},
        {'o', "output", CLI_TEXT, "FILE", &out, "write it to FILE; else to stdout"},
        {0, "even-if-failed", CLI_FLAG, NULL, &even_if_failed,
         "write the plots that can be written, although others are missing"},
    };
    const struct cli_spec spec = {
        .name = "export",
        .operands = "BUNDLE",
        .about = "Judge a bundle, then write its origin plots for another system. Refused with "
                 "exit status 1 unless the line \"located\" passes and every plot can be written.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_verdict *verdict = NULL;
    struct qp_buf text = {0};
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    if (strcmp(format, "traces-geojson") != 0) {
        return qp_fail(err, QP_E_USAGE,
                       "export: there is no format \"%.40s\"; there is traces-geojson", format);
    }
    rc = judge(operands.list[0], policy, &verdict, err);
    if (rc == QP_OK) {
        struct export job = {.cli = cli, .verdict = verdict};
        rc = make_traces(&job, even_if_failed, &text, err);
        if (rc == QP_OK) {
            rc = cli_output(cli, out, qp_span_buf(&text), false, err);
        }
        if (rc == QP_OK) {
            tell(&job, out);
        }
    }
    qp_verdict_free(verdict);
    qp_buf_wipe(&text);
    return rc;
}
