/* quipu import: tables that people keep become signed statements. */
#include "import_notes.h"
#include "issuer.h"

#include "core/check.h"
#include "host/clock.h"
#include "host/file.h"
#include "issue/import.h"

#include <inttypes.h>
#include <string.h>

#define IMPORT_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define METHOD_BYTES_MAX ((size_t)1024 * 1024)
#define KEY_BYTES_MAX ((size_t)4096)
#define RULES_BYTES_MAX ((size_t)4 * 1024 * 1024)
/* A laptop's clock may be a little behind the one that dated a row. */
#define CLOCK_SLACK_MS (UINT64_C(24) * 60 * 60 * 1000)

struct import {
    struct cli *cli;
    struct qp_import_options how;
    struct issuer issuer;
    const char *at;
    const char *bad_path;
    const char *keys_dir;        /* of parties */
    const char *method_path;     /* of assessments */
    struct cli_list plots_paths; /* of assessments */
    const char *rules_path;      /* of deliveries */
    struct cli_signing signing;
    struct import_notes notes;
};

typedef enum qp_code import_function(struct qp_draft *draft, struct qp_span file,
                                     const struct qp_import_options *options,
                                     struct qp_import_report *report, struct qp_buf *bad_rows,
                                     struct qp_err *err);

/* What the statements of this key have named is known; what other keys registered is not. */
static enum qp_code load_catalog(const struct qp_journal *journal, struct qp_catalog **catalog,
                                 struct qp_err *err)
{
    enum qp_code rc = qp_catalog_new(catalog, err);
    return rc == QP_OK && journal != NULL ? qp_catalog_add_journal(*catalog, journal, err) : rc;
}

static void print_report(struct import *import, const struct qp_import_report *report)
{
    struct cli *cli = import->cli;
    bool to_stdout = cli_is_stdout(import->signing.output) && !import->issuer.dry_run;
    FILE *stream = to_stdout ? stderr : stdout;
    import_notes_end(&import->notes);
    if (cli->json) {
        cli_json_on(cli, stream,
                    json_pack("{s:s, s:I, s:I, s:I, s:I, s:b}", "file", import->how.file, "rows",
                              (json_int_t)report->rows, "good", (json_int_t)report->good, "bad",
                              (json_int_t)report->bad, "warnings", (json_int_t)report->warnings,
                              "dry_run", import->issuer.dry_run ? 1 : 0));
        return;
    }
    (void)fflush(stderr);
    fprintf(stream, "%s: %" PRIu64 " rows, %" PRIu64 " good, %" PRIu64 " wrong\n",
            cli_safe(cli, import->how.file), report->rows, report->good, report->bad);
    if (report->signed_before > 0) {
        cli_note(cli,
                 "%" PRIu64 " of the rows %s signed before, from statement %" PRIu64
                 " on; \"quipu journal --export --from %" PRIu64 "\" hands it out again",
                 report->signed_before, report->signed_before == 1 ? "was" : "were",
                 report->statement, report->statement);
    }
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

/* ---- What some imports read besides ---- */

/* A table comes from others: what it names lies in the folder that it is read from, or below. */
static bool leads_out(const char *path)
{
    bool out = path[0] == '/';
    for (const char *part = path; part != NULL && !out;) {
        out = strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0');
        part = strchr(part, '/');
        part = part != NULL ? part + 1 : NULL;
    }
    return out;
}

/* A key file of a row: in --keys, or beside the table. */
static enum qp_code read_key(void *context, const char *path, struct qp_buf *out,
                             struct qp_err *err)
{
    const struct import *import = context;
    const char *table = import->how.file;
    const char *slash = strrchr(table, '/');
    struct qp_buf whole = {0};
    enum qp_code rc = QP_OK;
    if (leads_out(path)) {
        rc = qp_fail(err, QP_E_INPUT,
                     "it lies outside the folder of the key files; put it there (--keys DIR) and "
                     "give its name alone");
    } else if (import->keys_dir != NULL) {
        rc = qp_buf_addf(&whole, err, "%s/%s", import->keys_dir, path);
    } else {
        int len = slash == NULL ? 0 : (int)(slash + 1 - table);
        rc = qp_buf_addf(&whole, err, "%.*s%s", len, table, path);
    }
    rc = rc == QP_OK ? qp_file_read((const char *)whole.data, KEY_BYTES_MAX, out, err) : rc;
    qp_buf_wipe(&whole);
    return rc;
}

static enum qp_code read_plots(const struct import *import, struct qp_catalog **plots,
                               struct qp_err *err)
{
    enum qp_code rc = qp_catalog_new(plots, err);
    for (size_t i = 0; rc == QP_OK && i < import->plots_paths.count; i++) {
        const char *path = import->plots_paths.items[i];
        struct qp_buf file = {0};
        rc = qp_file_read(path, IMPORT_BYTES_MAX, &file, err);
        if (rc == QP_OK) {
            rc = qp_catalog_add_submissions(*plots, qp_span_buf(&file), err);
            rc = rc == QP_OK ? rc : qp_prefix(err, rc, "%.150s", path);
        }
        qp_buf_wipe(&file);
    }
    if (rc == QP_OK && qp_catalog_count(*plots, QP_CATALOG_PLOT) == 0) {
        rc = qp_fail(err, QP_E_USAGE,
                     "no plot is registered in what --plots names; give the submission files of "
                     "the cooperatives' plots");
    }
    return rc;
}

static enum qp_code read_method(struct import *import, struct qp_arena *arena, struct qp_err *err)
{
    struct qp_buf file = {0};
    enum qp_code rc = qp_file_read(import->method_path, METHOD_BYTES_MAX, &file, err);
    if (rc == QP_OK) {
        rc = qp_assessment_method_read(qp_span_buf(&file), arena, &import->how.method, err);
        rc = rc == QP_OK ? rc : qp_prefix(err, rc, "%.150s", import->method_path);
    }
    qp_buf_wipe(&file);
    return rc;
}

static enum qp_code read_rules(struct import *import, struct qp_arena *arena, struct qp_err *err)
{
    struct qp_buf file = {0};
    if (import->rules_path == NULL) {
        return QP_OK;
    }
    enum qp_code rc = qp_file_read(import->rules_path, RULES_BYTES_MAX, &file, err);
    if (rc == QP_OK) {
        rc = qp_import_rules_read(qp_span_buf(&file), arena, &import->how.rules, err);
        rc = rc == QP_OK ? rc : qp_prefix(err, rc, "%.150s", import->rules_path);
    }
    qp_buf_wipe(&file);
    return rc;
}

/* ---- The import ---- */

/* From the file's bytes to its statements. */
static enum qp_code import_bytes(struct import *import, import_function *function,
                                 struct qp_span file, struct qp_err *err)
{
    struct qp_draft *draft = NULL;
    struct qp_catalog *catalog = NULL;
    struct qp_import_report report = {0};
    struct qp_buf bad = {0};
    enum qp_code rc = load_catalog(import->issuer.journal, &catalog, err);
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
    if (rc == QP_OK && bad.len > 0 && !import->issuer.dry_run) {
        rc = qp_file_put(import->bad_path, 0644, qp_span_buf(&bad), err);
    }
    if (rc == QP_OK && !import->issuer.dry_run) {
        rc = issuer_begin(&import->issuer, err);
        rc = rc == QP_OK
                 ? cli_sign_draft(import->cli, import->issuer.journal, draft, &import->signing, err)
                 : rc;
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
    return import->at == NULL ? QP_OK : cli_time("at", import->at, &import->how.occurred_ms, err);
}

static enum qp_code import_file(struct import *import, import_function *function, const char *path,
                                struct qp_err *err)
{
    struct qp_buf file = {0};
    struct qp_catalog *plots = NULL;
    struct qp_arena arena;
    const struct qp_file_reader reader = {.context = import, .read = read_key};
    import_notes_begin(&import->notes, import->cli);
    import->how.file = strcmp(path, "-") == 0 ? "stdin" : path;
    import->how.skip_bad = import->bad_path != NULL;
    import->how.tell = import_notes_tell;
    import->how.context = &import->notes;
    import->how.party = import->issuer.party;
    import->how.read_file = &reader;
    import->how.plots = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc = import->issuer.dry_run ? QP_OK : cli_check_signing(&import->signing, err);
    rc = rc == QP_OK ? set_times(import, err) : rc;
    if (rc == QP_OK && import->method_path != NULL) {
        rc = read_method(import, &arena, err);
        rc = rc == QP_OK ? read_plots(import, &plots, err) : rc;
        import->how.plots = plots;
    }
    rc = rc == QP_OK ? read_rules(import, &arena, err) : rc;
    rc = rc == QP_OK ? qp_file_read(path, IMPORT_BYTES_MAX, &file, err) : rc;
    rc = rc == QP_OK ? issuer_open(import->cli, &import->issuer, err) : rc;
    rc = rc == QP_OK ? import_bytes(import, function, qp_span_buf(&file), err) : rc;
    import_notes_wipe(&import->notes);
    issuer_close(&import->issuer);
    qp_buf_wipe(&file);
    qp_catalog_free(plots);
    qp_arena_wipe(&arena);
    return rc;
}

/* ---- The commands ---- */

/* What distinguishes the imports on the command line. */
enum takes {
    TAKES_CODES = 1, /* of one party, which stands in front of them */
    TAKES_TIME = 2,  /* of all rows */
    TAKES_KEYS = 4,
    TAKES_FINDINGS = 8,
    TAKES_RULES = 16
};

struct face {
    const char *name;
    const char *about;
    import_function *function;
    unsigned takes; /* of enum takes */
};

static size_t add_options(struct cli_option *to, size_t at, const struct cli_option *from,
                          size_t count)
{
    QP_ASSERT(at + count <= CLI_OPTIONS_MAX);
    memcpy(to + at, from, count * sizeof *from);
    return at + count;
}

static size_t make_options(struct import *import, unsigned takes, struct cli_option *to)
{
    const struct cli_option first[] = {
        ISSUER_KEY_OPTIONS(import->issuer),
    };
    const struct cli_option codes[] = {
        {'p', "party", CLI_NEEDED, "PARTY", &import->issuer.party,
         "whose codes these are; it is put in front of every code: PARTY/C-0001"},
        {0, "others-registered", CLI_FLAG, NULL, &import->how.others_registered,
         "take producers and plots that this key has not registered; the ledger judges them"},
    };
    const struct cli_option keys[] = {
        {0, "keys", CLI_TEXT, "DIR", &import->keys_dir,
         "where the files of column vkey_file are; beside the table if absent"},
    };
    const struct cli_option findings[] = {
        {0, "method-file", CLI_NEEDED, "FILE", &import->method_path,
         "JSON with what all rows have in common: method, cut_off, covers_to, datasets"},
        {0, "plots", CLI_LIST, "FILE", &import->plots_paths,
         "a submission file that registers plots; may be given again and again"},
    };
    const struct cli_option rules[] = {
        {0, "rules", CLI_TEXT, "FILE", &import->rules_path,
         "JSON of the event that published the ledger's rules: refuse what its limits of yield "
         "refuse; without it, suggested limits warn"},
    };
    const struct cli_option time[] = {
        {0, "at", CLI_TEXT, "TIME", &import->at,
         "when all of it was registered, such as 2026-02-03 or 2026-02-03T10:00:00-05:00; now if "
         "absent"},
    };
    const struct cli_option last[] = {
        ISSUER_LEDGER_OPTIONS(import->issuer),
        {0, "skip-bad", CLI_TEXT, "FILE", &import->bad_path,
         "sign the good rows and put the bad ones, as they are, into FILE"},
        {'n', "dry-run", CLI_FLAG, NULL, &import->issuer.dry_run,
         "judge the rows, sign and write nothing"},
        {0, "batch", CLI_NUMBER, "N", &import->signing.batch,
         "at most N events in a statement (4096)"},
        {'o', "output", CLI_TEXT, "FILE", &import->signing.output,
         "where to; stdout if absent, or -"},
    };
    size_t count = add_options(to, 0, first, QP_COUNT(first));
    count = takes & TAKES_CODES ? add_options(to, count, codes, QP_COUNT(codes)) : count;
    count = takes & TAKES_KEYS ? add_options(to, count, keys, QP_COUNT(keys)) : count;
    count = takes & TAKES_FINDINGS ? add_options(to, count, findings, QP_COUNT(findings)) : count;
    count = takes & TAKES_RULES ? add_options(to, count, rules, QP_COUNT(rules)) : count;
    count = takes & TAKES_TIME ? add_options(to, count, time, QP_COUNT(time)) : count;
    return add_options(to, count, last, QP_COUNT(last));
}

static enum qp_code run(struct cli *cli, const struct face *face, int argc, char **argv,
                        struct qp_err *err)
{
    struct import import = {.cli = cli, .signing.batch = 4096};
    struct cli_option options[CLI_OPTIONS_MAX];
    const struct cli_spec spec = {
        .name = face->name,
        .about = face->about,
        .operands = "FILE|-",
        .options = options,
        .option_count = make_options(&import, face->takes, options),
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    return import_file(&import, face->function, operands.list[0], err);
}

static enum qp_code import_parties(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct face face = {
        .name = "import parties",
        .about = "Enrol parties and their keys from a CSV file with the columns party, legal_name, "
                 "country, ruc, gln, roles, vkey_file, address, email, phone. Address, email and "
                 "phone are sealed. Roles, with | between several: operator, registrar, "
                 "cooperative, producer, processor, carrier, warehouse, exporter, terminal, "
                 "importer, certifier, assessor, inspector, authority.",
        .function = qp_import_parties,
        .takes = TAKES_KEYS | TAKES_TIME};
    return run(cli, &face, argc, argv, err);
}

static enum qp_code import_producers(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct face face = {
        .name = "import producers",
        .about = "Sign producers from a CSV file with the columns producer, name, document, sex, "
                 "district, community. Everything but the code is sealed.",
        .function = qp_import_producers,
        .takes = TAKES_CODES | TAKES_TIME};
    return run(cli, &face, argc, argv, err);
}

static enum qp_code import_plots(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct face face = {
        .name = "import plots",
        .about = "Sign plots from a GeoJSON file: polygons, or points for plots of at most 4 ha, "
                 "with the properties plot, producer, commodities, country, department, area_ha, "
                 "tenure, tenure_evidence. The outline is sealed.",
        .function = qp_import_plots,
        .takes = TAKES_CODES | TAKES_TIME};
    return run(cli, &face, argc, argv, err);
}

static enum qp_code import_assessments(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct face face = {
        .name = "import assessments",
        .about = "Sign what was found about plots, from a CSV file with the columns plot, date, "
                 "outcome (no_loss, loss, inconclusive), assessed_m2, forest_m2, loss_m2, "
                 "nodata_ppm. Each is of the outline that stands in the submission file of the "
                 "plot's cooperative (--plots), so no ledger is needed.",
        .function = qp_import_assessments,
        .takes = TAKES_FINDINGS};
    return run(cli, &face, argc, argv, err);
}

static enum qp_code import_deliveries(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct face face = {
        .name = "import deliveries",
        .about = "Sign deliveries from a CSV file with the columns lot, date, producer, plots, "
                 "commodity, form, quantity, unit, crop_year, delivery_note, moisture_percent, "
                 "price_pen_per_kg, harvest_from, harvest_to. The price is sealed.",
        .function = qp_import_deliveries,
        .takes = TAKES_CODES | TAKES_RULES};
    return run(cli, &face, argc, argv, err);
}

enum qp_code cmd_import(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_command commands[] = {
        {"producers", "of a cooperative, from CSV", import_producers},
        {"plots", "of a cooperative, from GeoJSON", import_plots},
        {"deliveries", "to a cooperative, from CSV", import_deliveries},
        {"assessments", "of plots, by an assessor, from CSV", import_assessments},
        {"parties", "with their keys, by a registrar, from CSV", import_parties},
    };
    return cli_dispatch(cli, "quipu import",
                        "Sign what is kept in tables. Every wrong row is reported with its line "
                        "and what to do, and nothing is signed unless all rows are good.",
                        commands, QP_COUNT(commands), argc, argv, err);
}
