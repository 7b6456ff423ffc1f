/* quipu export: files for other systems, made from a bundle that was judged first. */
#include "confine.h"
#include "export.h"
#include "trust_file.h"

#include "core/check.h"
#include "host/clock.h"
#include "host/file.h"

#include <quipu/hash.h>

#include <string.h>

struct format {
    const char *name;
    enum qp_code (*run)(struct export *job, struct qp_err *err);
    bool needs_plots; /* the line "located" must pass; else it is the evidence that is wanted */
};

static const struct format formats[] = {
    {"traces-geojson", export_traces, true},
    {"dds-xml", export_dds, true},
    {"art9", export_art9, false},
    {"art9-json", export_art9_json, false},
    {"art9-csv", export_art9_csv, false},
};

static const struct format *find_format(const char *name)
{
    for (size_t i = 0; i < QP_COUNT(formats); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    return NULL;
}

static enum qp_code check_verdict(struct export *job, bool needs_plots, struct qp_err *err)
{
    const struct qp_verdict *verdict = job->verdict;
    bool authentic = verdict->lines[QP_LINE_AUTHENTIC].result == QP_PASS;
    if (!authentic) { /* then nothing is known of it, and nothing can be written */
        const char *reason =
            json_string_value(json_array_get(verdict->lines[QP_LINE_AUTHENTIC].reasons, 0));
        return qp_fail(err, QP_E_INVALID, "the bundle is not authentic: %.200s",
                       reason != NULL ? reason : "");
    }
    if (needs_plots && verdict->lines[QP_LINE_LOCATED].result != QP_PASS && !job->even_if_failed) {
        return qp_fail(err, QP_E_INVALID,
                       "the line \"located\" does not pass, so the file would not hold every plot; "
                       "quipu verify says why, --even-if-failed writes what there is");
    }
    if (!qp_verdict_passed(verdict)) {
        cli_note(job->cli, "the verdict of this bundle is FAIL; the export does not change that");
    }
    return QP_OK;
}

static enum qp_code judge(struct export *job, const struct format *format, const char *bundle,
                          const char *policy, struct qp_verdict **verdict, struct qp_err *err)
{
    struct qp_buf file = {0};
    struct qp_trust *trust = NULL;
    enum qp_code rc = trust_file_read(policy, &trust, err);
    if (rc == QP_OK) {
        rc = qp_file_read(bundle, QP_BUNDLE_BYTES_MAX, &file, err);
    }
    /* What is not for stdout is opened when it is known what to write. */
    if (rc == QP_OK && cli_is_stdout(job->output) && job->operator_file == NULL) {
        (void)confine_to_open_files();
    }
    if (rc == QP_OK) {
        qp_hash_plain(&job->bundle, qp_span_buf(&file));
        rc = format->needs_plots
                 ? qp_bundle_verify(qp_span_buf(&file), trust, qp_now_ms(), verdict, err)
                 : qp_bundle_evidence(qp_span_buf(&file), trust, qp_now_ms(), verdict, err);
        if (rc != QP_OK) {
            rc = bundle_failed(bundle, qp_span_buf(&file), rc, err);
        }
    }
    qp_trust_free(trust);
    qp_buf_wipe(&file);
    return rc;
}

static enum qp_code check_options(const char *format, const char *type, const struct export *job,
                                  struct qp_err *err)
{
    bool is_dds = strcmp(format, "dds-xml") == 0;
    if (find_format(format) == NULL) {
        return qp_fail(err, QP_E_USAGE,
                       "export: there is no format \"%.40s\"; there are traces-geojson, dds-xml, "
                       "art9, art9-json and art9-csv",
                       format);
    }
    if (type != NULL && strcmp(format, "traces-geojson") != 0) {
        return qp_fail(err, QP_E_USAGE, "export: --type is for traces-geojson alone");
    }
    if (type != NULL && strcmp(type, "I") != 0 && strcmp(type, "II") != 0) {
        return qp_fail(err, QP_E_USAGE, "export: --type must be I or II");
    }
    if (!is_dds && (job->operator_file != NULL || job->draft)) {
        return qp_fail(err, QP_E_USAGE, "export: --operator and --draft are for dds-xml alone");
    }
    return QP_OK;
}

static enum qp_code run(struct export *job, const struct format *format, const char *bundle,
                        const char *policy, struct qp_err *err)
{
    struct qp_verdict *verdict = NULL;
    enum qp_code rc = judge(job, format, bundle, policy, &verdict, err);
    if (rc == QP_OK) {
        job->verdict = verdict;
        rc = check_verdict(job, format->needs_plots, err);
    }
    if (rc == QP_OK) {
        rc = format->run(job, err);
    }
    qp_verdict_free(verdict);
    return rc;
}

enum qp_code cmd_export(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    struct export job = {.cli = cli};
    const char *policy = NULL;
    const char *format = NULL;
    const char *type = NULL;
    const struct cli_option options[] = {
        {'p', "policy", CLI_NEEDED, "FILE", &policy, "judge the bundle by this policy first"},
        {0, "format", CLI_NEEDED, "NAME", &format,
         "traces-geojson: the plots as TRACES takes them; dds-xml: a due-diligence statement; "
         "art9: the record that Article 9 has kept for five years, as JSON and tables; art9-json, "
         "art9-csv: one of the two"},
        {0, "type", CLI_TEXT, "I|II", &type,
         "traces-geojson: I is a folder with a file for each producer, II (when absent) one file "
         "for the commodity"},
        {0, "operator", CLI_TEXT, "FILE", &job.operator_file,
         "dds-xml: what only the importer knows, as JSON"},
        {0, "draft", CLI_FLAG, NULL, &job.draft,
         "dds-xml: write it although fields are missing, which are left as comments"},
        {'o', "output", CLI_TEXT, "FILE|DIR", &job.output,
         "write it to FILE, else to stdout; type I, art9 and art9-csv: into the folder DIR"},
        {0, "even-if-failed", CLI_FLAG, NULL, &job.even_if_failed,
         "write the plots that can be written, although others are missing"},
    };
    const struct cli_spec spec = {
        .name = "export",
        .operands = "BUNDLE",
        .about = "Judge a bundle, then write what it shows for another system. The formats for "
                 "TRACES are refused with exit status 1 unless the line \"located\" passes and "
                 "every plot can be written.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = check_options(format, type, &job, err);
    if (rc != QP_OK) {
        return rc;
    }
    job.type_one = type != NULL && strcmp(type, "I") == 0;
    return run(&job, find_format(format), operands.list[0], policy, err);
}
