/* quipu import: the tables of a cooperative become signed statements. */
#include "cli.h"

#include "core/check.h"
#include "core/time.h"
#include "host/clock.h"
#include "host/file.h"
#include "issue/import.h"

#include <inttypes.h>
#include <string.h>

#define IMPORT_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define NOTES_AT_ONCE 400 /* rows of the table of faults that are lined up together */
/* A laptop's clock may be a little behind the one that dated a row. */
#define CLOCK_SLACK_MS (UINT64_C(24) * 60 * 60 * 1000)

struct import {
    struct cli *cli;
    struct qp_import_options how;
    const char *key_path;
    const char *ledger;
    const char *at;
    const char *bad_path;
    bool dry_run;
    struct cli_secret secret;
    struct cli_signing signing;
    struct cli_table notes;
};

typedef enum qp_code import_function(struct qp_draft *draft, struct qp_span file,
                                     const struct qp_import_options *options,
                                     struct qp_import_report *report, struct qp_buf *bad_rows,
                                     struct qp_err *err);

static void tell(void *context, const struct qp_import_note *note)
{
    struct import *import = context;
    struct cli *cli = import->cli;
    if (cli->json) {
        cli_json_on(cli, stderr,
                    json_pack("{s:s, s:s, s:I, s:b, s:s}", "file", note->file, "unit", note->unit,
                              "place", (json_int_t)note->place, "warning", note->warning ? 1 : 0,
                              "text", note->text));
        return;
    }
    const char *slash = strrchr(note->file, '/');
    cli_cell(cli, &import->notes, slash != NULL ? slash + 1 : note->file);
    cli_cellf(cli, &import->notes, "%s %" PRIu64, note->unit, note->place);
    cli_cellf(cli, &import->notes, "%s%s", note->warning ? "(taken) " : "", note->text);
    if (import->notes.cell_count >= (size_t)NOTES_AT_ONCE * import->notes.column_count) {
        cli_table_print(cli, &import->notes, stderr);
    }
}

/* What the statements of this key have named is known; what other keys registered is not. */
static enum qp_code load_catalog(const struct qp_journal *journal, struct qp_catalog **catalog,
                                 struct qp_err *err)
{
    enum qp_code rc = qp_catalog_new(catalog, err);
    return rc == QP_OK ? qp_catalog_add_journal(*catalog, journal, err) : rc;
}

static void print_report(struct import *import, const struct qp_import_report *report)
{
    struct cli *cli = import->cli;
    bool to_stdout = cli_is_stdout(import->signing.output) && !import->dry_run;
    FILE *stream = to_stdout ? stderr : stdout;
    if (import->notes.cell_count > 0) {
        cli_table_print(cli, &import->notes, stderr);
    }
    if (cli->json) {
        cli_json_on(cli, stream,
                    json_pack("{s:s, s:I, s:I, s:I, s:I, s:b}", "file", import->how.file, "rows",
                              (json_int_t)report->rows, "good", (json_int_t)report->good, "bad",
                              (json_int_t)report->bad, "warnings", (json_int_t)report->warnings,
                              "dry_run", import->dry_run ? 1 : 0));
        return;
    }
    (void)fflush(stderr);
    fprintf(stream, "%s: %" PRIu64 " rows, %" PRIu64 " good, %" PRIu64 " wrong\n",
            cli_safe(cli, import->how.file), report->rows, report->good, report->bad);
}

static enum qp_code refuse(const struct import *import, const struct qp_import_report *report,
                           struct qp_err *err)
{
    return qp_fail(err, QP_E_REFUSED,
                   "nothing was signed: %" PRIu64 " of %" PRIu64 " rows %s wrong; mend %s%s",
                   report->bad, report->rows, report->bad == 1 ? "is" : "are",
                   report->bad == 1 ? "it" : "them",
                   import->bad_path == NULL ? ", or give --skip-bad FILE" : "");
}

/* From the file's bytes to its statements. */
static enum qp_code import_bytes(struct import *import, import_function *function,
                                 struct qp_span file, struct qp_journal *journal,
                                 struct qp_err *err)
{
    struct qp_draft *draft = NULL;
    struct qp_catalog *catalog = NULL;
    struct qp_import_report report = {0};
    struct qp_buf bad = {0};
    enum qp_code rc = load_catalog(journal, &catalog, err);
    import->how.known = catalog;
    rc = rc == QP_OK ? qp_draft_new(&draft, err) : rc;
    if (rc != QP_OK) {
        goto out;
    }
    rc = function(draft, file, &import->how, &report, &bad, err);
    if (rc == QP_OK || (rc == QP_E_REFUSED && report.bad > 0)) {
        print_report(import, &report);
    }
    if (rc == QP_E_REFUSED && report.bad > 0) {
        rc = refuse(import, &report, err);
    }
    if (rc == QP_OK && qp_draft_event_count(draft) == 0) {
        rc = refuse(import, &report, err);
    }
    /* The bad rows first: after signing, a row must not be lost between the two files. */
    if (rc == QP_OK && bad.len > 0 && !import->dry_run) {
        rc = qp_file_replace(import->bad_path, 0644, qp_span_buf(&bad), err);
    }
    if (rc == QP_OK && !import->dry_run) {
        rc = cli_sign_draft(import->cli, journal, draft, &import->signing, err);
    }
out:
    qp_draft_free(draft);
    qp_catalog_free(catalog);
    qp_buf_wipe(&bad);
    return rc;
}

static enum qp_code set_times(struct import *import, struct qp_err *err)
{
    uint64_t now_ms = qp_now_ms();
    import->how.occurred_ms = now_ms;
    import->how.latest_ms = now_ms + CLOCK_SLACK_MS;
    if (import->at == NULL) {
        return QP_OK;
    }
    enum qp_code rc = qp_time_parse(qp_span_text(import->at), &import->how.occurred_ms, err);
    return rc == QP_OK ? rc : qp_prefix(err, QP_E_USAGE, "--at");
}

static enum qp_code import_file(struct import *import, import_function *function, const char *path,
                                struct qp_err *err)
{
    static const struct cli_column columns[] = {
        {.title = "file"}, {.title = "where"}, {.title = "what is wrong", .wrap = true}};
    struct qp_buf file = {0};
    struct qp_key *key = NULL;
    struct qp_journal *journal = NULL;
    import->notes = (struct cli_table){.columns = columns, .column_count = QP_COUNT(columns)};
    import->how.file = strcmp(path, "-") == 0 ? "stdin" : path;
    import->how.skip_bad = import->bad_path != NULL;
    import->how.tell = tell;
    import->how.context = import;
    enum qp_code rc = import->dry_run ? QP_OK : cli_check_output(import->signing.output, err);
    rc = rc == QP_OK ? set_times(import, err) : rc;
    rc = rc == QP_OK ? qp_file_read(path, IMPORT_BYTES_MAX, &file, err) : rc;
    rc = rc == QP_OK ? cli_journal_open(import->key_path, &import->secret, import->ledger, &key,
                                        &journal, err)
                     : rc;
    rc = rc == QP_OK ? import_bytes(import, function, qp_span_buf(&file), journal, err) : rc;
    qp_buf_wipe(&import->notes.cells);
    qp_journal_close(journal);
    qp_key_free(key);
    qp_buf_wipe(&file);
    return rc;
}

static enum qp_code run(struct cli *cli, const struct cli_spec *face, import_function *function,
                        int argc, char **argv, struct qp_err *err)
{
    struct import import = {.cli = cli, .signing.batch = 4096};
    const struct cli_option options[] = {
        {'k', "key", CLI_NEEDED, "FILE", &import.key_path, "the secret key that signs"},
        CLI_SECRET_OPTIONS(import.secret),
        {'p', "party", CLI_NEEDED, "PARTY", &import.how.party,
         "whose codes these are; it is put in front of every code: PARTY/C-0001"},
        {'l', "ledger", CLI_TEXT, "LEDGER", &import.ledger,
         "for which ledger: its id, its ledger.json, or its folder; needed the first time"},
        {0, "at", CLI_TEXT, "TIME", &import.at,
         "when producers and plots were registered, such as 2026-02-03 or "
         "2026-02-03T10:00:00-05:00; now if absent"},
        {0, "others-registered", CLI_FLAG, NULL, &import.how.others_registered,
         "take producers and plots that this key has not registered; the ledger judges them"},
        {0, "skip-bad", CLI_TEXT, "FILE", &import.bad_path,
         "sign the good rows and put the bad ones, as they are, into FILE"},
        {'n', "dry-run", CLI_FLAG, NULL, &import.dry_run, "judge the rows, sign nothing"},
        {0, "batch", CLI_NUMBER, "N", &import.signing.batch,
         "at most N events in a statement (4096)"},
        {'o', "output", CLI_TEXT, "FILE", &import.signing.output,
         "where to; stdout if absent, or -"},
    };
    struct cli_spec spec = *face;
    struct cli_operands operands;
    spec.operands = "FILE|-";
    spec.options = options;
    spec.option_count = QP_COUNT(options);
    spec.operands_least = 1;
    spec.operands_most = 1;
    spec.json = true;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    return import_file(&import, function, operands.list[0], err);
}

static enum qp_code import_producers(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_spec face = {
        .name = "import producers",
        .about = "Sign producers from a CSV file with the columns producer, name, document, sex, "
                 "district, community. Everything but the code is sealed."};
    return run(cli, &face, qp_import_producers, argc, argv, err);
}

static enum qp_code import_plots(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_spec face = {
        .name = "import plots",
        .about = "Sign plots from a GeoJSON file: polygons, or points for plots of at most 4 ha, "
                 "with the properties plot, producer, commodities, country, department, area_ha, "
                 "tenure, tenure_evidence. The outline is sealed."};
    return run(cli, &face, qp_import_plots, argc, argv, err);
}

static enum qp_code import_deliveries(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_spec face = {
        .name = "import deliveries",
        .about = "Sign deliveries from a CSV file with the columns lot, date, producer, plots, "
                 "commodity, form, quantity, unit, crop_year, delivery_note, moisture_percent, "
                 "price_pen_per_kg, harvest_from, harvest_to. The price is sealed."};
    return run(cli, &face, qp_import_deliveries, argc, argv, err);
}

enum qp_code cmd_import(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_command commands[] = {
        {"producers", "from CSV", import_producers},
        {"plots", "from GeoJSON", import_plots},
        {"deliveries", "from CSV", import_deliveries},
    };
    return cli_dispatch(cli, "quipu import",
                        "Sign what a cooperative keeps in tables. Every wrong row is reported with "
                        "its line and what to do, and nothing is signed unless all rows are good.",
                        commands, QP_COUNT(commands), argc, argv, err);
}
