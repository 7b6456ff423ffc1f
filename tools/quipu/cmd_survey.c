/* quipu survey: a second look at outlines before they are signed. */
#include "survey_ledger.h"

#include "core/alloc.h"
#include "core/check.h"
#include "exchange/geojson.h"
#include "host/file.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_GEOJSON };

struct job {
    struct cli *cli;
    struct qp_survey *survey;
    enum format format;
    const char *output; /* NULL: stdout */
    struct cli_list against;
    struct cli_list areas;
    const char *borders; /* NULL: none */
    bool fix;
    bool strict;
};

/* ---- In ---- */

/* Of a path, for the words of a finding. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static enum qp_code read_geojson(struct job *job, const char *path, enum qp_survey_role role,
                                 struct qp_err *err)
{
    struct qp_buf file = {0};
    enum qp_code rc = qp_file_read(path, QP_GEOJSON_BYTES_MAX, &file, err);
    if (rc == QP_OK) {
        rc = qp_survey_read(job->survey, qp_span_buf(&file), role, last_part(path), err);
        if (rc != QP_OK) {
            rc = qp_prefix(err, rc, "%.150s", path);
        }
    }
    qp_buf_wipe(&file);
    return rc;
}

static enum qp_code read_known(struct job *job, const char *path, struct qp_err *err)
{
    struct stat info;
    uint64_t without = 0;
    char count[WORDS_BYTES];
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return read_geojson(job, path, QP_SURVEY_KNOWN, err);
    }
    enum qp_code rc = survey_ledger(job->cli, path, job->survey, &without, err);
    if (rc == QP_OK && without > 0) {
        cli_note(job->cli, "%s of %s without an outline there: not compared",
                 words_count(count, without, "plots"), cli_safe(job->cli, path));
    }
    return rc;
}

/* ---- Out ---- */

/* Files of a GIS have all their rings the other way round, which every import turns: said once. */
static void print_turned(uint64_t turned, FILE *stream)
{
    char count[WORDS_BYTES];
    if (turned > 0) {
        fprintf(stream, "%s turned to the right-hand rule (SV-ORIENTATION)\n\n",
                words_count(count, turned, "outlines"));
    }
}

static void print_table(struct job *job, FILE *stream)
{
    uint64_t turned = 0;
    static const struct cli_column columns[] = {{.title = "PLOT"},
                                                {.title = "LEVEL"},
                                                {.title = "CODE"},
                                                {.title = "FINDING", .wrap = true}};
    struct cli_table table = {.columns = columns, .column_count = QP_COUNT(columns)};
    for (size_t i = 0; i < qp_survey_count(job->survey); i++) {
        const struct qp_survey_row *row = qp_survey_row(job->survey, i);
        for (size_t j = 0; j < row->finding_count; j++) {
            const struct qp_survey_finding *finding = &row->findings[j];
            if (strcmp(finding->code, "SV-ORIENTATION") == 0) {
                turned++;
                continue;
            }
            cli_cell(job->cli, &table, row->plot);
            cli_cell(job->cli, &table, qp_survey_level_name(finding->level));
            cli_cell(job->cli, &table, finding->code);
            cli_cell(job->cli, &table, finding->words);
        }
    }
    if (table.cell_count > 0) {
        cli_table_print(job->cli, &table, stream);
        fputc('\n', stream);
    }
    print_turned(turned, stream);
}

static void add_count(char *text, size_t size, uint64_t count, const char *words)
{
    char number[27];
    size_t used = strlen(text);
    if (count > 0) {
        snprintf(text + used, size - used, ", %s %s", cli_number(number, count), words);
    }
}

/* "75 plots, 77.21 ha: 1 with errors, 2 with warnings, 72 without a finding" */
static void summary_words(const struct job *job, char text[300])
{
    struct qp_survey_summary summary;
    char plots[WORDS_BYTES];
    char area[WORDS_BYTES];
    char parts[220] = "";
    qp_survey_summary(job->survey, &summary);
    add_count(parts, sizeof parts, summary.errors, "with errors");
    add_count(parts, sizeof parts, summary.warnings, "with warnings");
    add_count(parts, sizeof parts, summary.fixed, "repaired");
    add_count(parts, sizeof parts, summary.notes, "with notes");
    add_count(parts, sizeof parts, summary.fine, "without a finding");
    snprintf(text, 300, "%s, %s%s%s", words_count(plots, summary.plots, "plots"),
             words_area(area, (uint64_t)(summary.area_m2 + 0.5)), parts[0] != '\0' ? ": " : "",
             parts[0] != '\0' ? parts + 2 : "");
}

static json_t *finding_json(const struct qp_survey_finding *finding)
{
    json_t *made = json_pack("{s:s, s:s, s:s}", "code", finding->code, "level",
                             qp_survey_level_name(finding->level), "words", finding->words);
    if (made != NULL &&
        ((finding->has_number &&
          json_object_set_new(made, "number", json_real(finding->number)) != 0) ||
         (finding->other[0] != '\0' &&
          json_object_set_new(made, "other", json_string(finding->other)) != 0) ||
         (finding->can_fix && json_object_set_new(made, "can_fix", json_true()) != 0))) {
        json_decref(made);
        return NULL;
    }
    return made;
}

static json_t *row_json(const struct qp_survey_row *row)
{
    json_t *findings = json_array();
    for (size_t i = 0; findings != NULL && i < row->finding_count; i++) {
        if (json_array_append_new(findings, finding_json(&row->findings[i])) != 0) {
            json_decref(findings);
            findings = NULL;
        }
    }
    return json_pack("{s:s, s:I, s:s, s:f, s:i, s:o}", "plot", row->plot, "feature",
                     (json_int_t)row->feature, "worst", qp_survey_level_name(row->worst), "area_m2",
                     row->area_m2, "decimals", (int)row->decimals, "findings", findings);
}

static void print_json(struct job *job, FILE *stream)
{
    struct qp_survey_summary summary;
    for (size_t i = 0; i < qp_survey_count(job->survey); i++) {
        cli_json_on(job->cli, stream, row_json(qp_survey_row(job->survey, i)));
    }
    qp_survey_summary(job->survey, &summary);
    cli_json_on(job->cli, stream,
                json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}}", "summary", "plots",
                          (json_int_t)summary.plots, "known", (json_int_t)summary.known, "areas",
                          (json_int_t)summary.areas, "errors", (json_int_t)summary.errors,
                          "warnings", (json_int_t)summary.warnings, "fixed",
                          (json_int_t)summary.fixed, "notes", (json_int_t)summary.notes, "fine",
                          (json_int_t)summary.fine, "area_m2", summary.area_m2));
}

/* The table or the JSON lines, with the summary. */
static void print_report(struct job *job, FILE *stream)
{
    char words[300];
    if (job->format == FORMAT_JSON) {
        print_json(job, stream);
        return;
    }
    print_table(job, stream);
    summary_words(job, words);
    fprintf(stream, "%s\n", words);
}

static enum qp_code report_to_file(struct job *job, struct qp_err *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for the report");
    }
    bool color = job->cli->color_out;
    job->cli->color_out = false;
    print_report(job, stream);
    job->cli->color_out = color;
    enum qp_code rc =
        fclose(stream) == 0 ? QP_OK : qp_fail(err, QP_E_MEMORY, "no memory for the report");
    if (rc == QP_OK) {
        rc = cli_output(job->cli, job->output, qp_span_of(text, size), false, err);
    }
    free(text); /* open_memstream's own */
    return rc;
}

static enum qp_code write_geojson(struct job *job, struct qp_err *err)
{
    struct qp_buf out = {0};
    enum qp_code rc = qp_survey_geojson(job->survey, &out, err);
    if (rc == QP_OK) {
        rc = cli_output(job->cli, job->output, qp_span_buf(&out), false, err);
    }
    qp_buf_wipe(&out);
    return rc;
}

static enum qp_code answer(struct job *job, struct qp_err *err)
{
    struct qp_survey_summary summary;
    char words[300];
    bool to_file = !cli_is_stdout(job->output);
    enum qp_code rc = QP_OK;
    if (job->format == FORMAT_GEOJSON) {
        rc = write_geojson(job, err);
    } else if (to_file) {
        rc = report_to_file(job, err);
    } else {
        print_report(job, stdout);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (job->fix) { /* what was changed is said where a person looks */
        print_table(job, stdout);
    }
    if (to_file || job->format == FORMAT_GEOJSON) {
        summary_words(job, words);
        cli_note(job->cli, "%s%s%s", words, to_file ? ", in " : "",
                 to_file ? cli_safe(job->cli, job->output) : "");
    }
    qp_survey_summary(job->survey, &summary);
    return summary.errors > 0 || (job->strict && summary.warnings > 0) ? QP_E_REFUSED : QP_OK;
}

/* ---- The command ---- */

static enum qp_code set_format(struct job *job, const char *name, struct qp_err *err)
{
    static const char *const names[] = {
        [FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", [FORMAT_GEOJSON] = "geojson"};
    size_t named = 0;
    while (name != NULL && named < QP_COUNT(names) && strcmp(name, names[named]) != 0) {
        named++;
    }
    if (named == QP_COUNT(names)) {
        return qp_fail(err, QP_E_USAGE,
                       "survey: there is no format \"%.40s\"; there are table, json and geojson",
                       name);
    }
    if (job->fix && (cli_is_stdout(job->output) || (name != NULL && named != FORMAT_GEOJSON))) {
        return qp_fail(err, QP_E_USAGE,
                       "survey: --fix writes another GeoJSON file; name it with -o FILE");
    }
    job->format = job->fix         ? FORMAT_GEOJSON
                  : name != NULL   ? (enum format)named
                  : job->cli->json ? FORMAT_JSON
                                   : FORMAT_TABLE;
    job->cli->json = job->cli->json || job->format == FORMAT_JSON;
    return QP_OK;
}

static enum qp_code run(struct job *job, const struct qp_survey_options *options, const char *file,
                        struct qp_err *err)
{
    enum qp_code rc = qp_survey_new(options, &job->survey, err);
    if (rc == QP_OK) {
        rc = read_geojson(job, file, QP_SURVEY_PLOTS, err);
    }
    for (size_t i = 0; i < job->against.count && rc == QP_OK; i++) {
        rc = read_known(job, job->against.items[i], err);
    }
    if (rc == QP_OK && job->borders != NULL) {
        rc = read_geojson(job, job->borders, QP_SURVEY_BORDERS, err);
    }
    for (size_t i = 0; i < job->areas.count && rc == QP_OK; i++) {
        rc = read_geojson(job, job->areas.items[i], QP_SURVEY_AREAS, err);
    }
    if (rc == QP_OK) {
        rc = qp_survey_run(job->survey, err);
    }
    if (rc == QP_OK) {
        rc = answer(job, err);
    }
    qp_survey_free(job->survey);
    return rc;
}

static const char about[] =
    "Look at the plots of a GeoJSON file as an import and TRACES will, and closer: outlines that "
    "are not sound, places that cannot be, areas that do not fit, circles and spikes, plots that "
    "lie over each other, over plots that are registered, or in areas that ask for evidence. FILE "
    "is not changed; no ledger and no "
    "key is needed. Exit status 1 when there are errors.\n"
    "What it says is advice: what the ledger admits is decided when it is submitted.";

enum qp_code cmd_survey(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    struct job job = {.cli = cli};
    struct qp_survey_options survey = {.fix = false};
    const char *format = NULL;
    const struct cli_option options[] = {
        {'o', "output", CLI_TEXT, "FILE", &job.output, "write the report to FILE; else to stdout"},
        {0, "format", CLI_TEXT, "NAME", &format,
         "table, json (an object a line) or geojson (the plots with their findings, for a GIS)"},
        {0, "against", CLI_LIST, "PATH", &job.against,
         "compare with the plots of a ledger, or of another GeoJSON file; may be given again"},
        {0, "party", CLI_TEXT, "ID", &survey.party,
         "whose codes FILE has, to know its plots again in a ledger"},
        {0, "borders", CLI_TEXT, "FILE", &job.borders,
         "departments as GeoJSON, each with its ISO 3166-2 code"},
        {0, "areas", CLI_LIST, "FILE", &job.areas,
         "say which plots lie in these areas (GeoJSON): protected, indigenous, forest, water, "
         "urban; may be given again"},
        {0, "country", CLI_TEXT, "CODE", &survey.country,
         "where plots lie that do not say it; PE if absent"},
        {0, "fix", CLI_FLAG, NULL, &job.fix,
         "with -o: write the plots as geojson, with what can be repaired repaired and said"},
        {0, "strict", CLI_FLAG, NULL, &job.strict, "exit status 1 for warnings as well"},
    };
    const struct cli_spec spec = {
        .name = "survey",
        .operands = "FILE|-",
        .about = about,
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
    rc = set_format(&job, format, err);
    survey.fix = job.fix;
    return rc == QP_OK ? run(&job, &survey, operands.list[0], err) : rc;
}
