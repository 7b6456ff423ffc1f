/* quipu audit: replay a ledger from its entries and events, and compare. */
#include "cores.h"

#include "core/check.h"
#include "host/terminal.h"

#include <inttypes.h>
#include <unistd.h>

static void show_progress(void *context, uint64_t done, uint64_t all)
{
    cli_progress(context, "auditing: entry", done, all);
}

static void print_report(struct cli *cli, const struct qp_audit_report *report)
{
    char number[27];
    size_t width = qp_terminal_width(STDOUT_FILENO);
    if (cli->json) {
        json_t *json = json_pack(
            "{s:b, s:I, s:I, s:I, s:I, s:I, s:b, s:s}", "sound", report->faults == 0, "entries",
            (json_int_t)report->entries, "events", (json_int_t)report->events, "signatures",
            (json_int_t)report->signatures, "sealed", (json_int_t)report->sealed, "faults",
            (json_int_t)report->faults, "rebuilt", report->rebuilt ? 1 : 0, "first", report->first);
        json_t *entry = report->first_entry == QP_NO_ENTRY
                            ? json_null()
                            : json_integer((json_int_t)report->first_entry);
        if (json != NULL && json_object_set_new(json, "first_entry", entry) != 0) {
            json_decref(json);
            json = NULL;
        }
        cli_json(cli, json);
        return;
    }
    printf("entries     %12s\n", cli_number(number, report->entries));
    printf("events      %12s\n", cli_number(number, report->events));
    printf("signatures  %12s\n", cli_number(number, report->signatures));
    printf("sealed      %12s\n", cli_number(number, report->sealed));
    if (report->rebuilt) {
        printf("the derived tables were written anew\n");
    }
    if (report->faults == 0) {
        printf("%sSOUND%s: every entry, event, signature, link and table is as it must be\n",
               cli_style(cli, stdout, CLI_GREEN), cli_style(cli, stdout, CLI_RESET));
        return;
    }
    printf("%sWRONG%s: %s fault%s, the first ", cli_style(cli, stdout, CLI_RED),
           cli_style(cli, stdout, CLI_RESET), cli_number(number, report->faults),
           report->faults == 1 ? "" : "s");
    if (report->first_entry != QP_NO_ENTRY) {
        printf("at entry %" PRIu64, report->first_entry);
    } else {
        printf("of no entry");
    }
    printf(":\n    ");
    cli_wrap(stdout, cli_safe(cli, report->first), 4, 4, width < 60 ? 60 : width);
}

static enum qp_code audit(struct cli *cli, const char *dir, struct qp_key *log_key, bool rebuild,
                          unsigned threads, struct qp_err *err)
{
    const struct qp_log_options options = {
        .mode = rebuild ? QP_LOG_WRITE : QP_LOG_READ, .log_key = log_key, .threads = threads};
    const struct qp_audit_options how = {
        .rebuild = rebuild, .progress = show_progress, .context = cli};
    struct qp_log *log = NULL;
    struct qp_audit_report report = {0};
    enum qp_code rc = qp_log_open(dir, &options, &log, err);
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_log_audit(log, &how, &report, err);
    cli_progress_end(cli);
    if (rc == QP_OK) {
        print_report(cli, &report);
    }
    qp_log_close(log);
    if (rc == QP_OK && report.faults > 0) {
        qp_err_init(err); /* said above */
        rc = QP_E_INVALID;
    }
    return rc;
}

enum qp_code cmd_audit(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    bool rebuild = false;
    uint64_t given = 0;
    unsigned threads = 0;
    const char *log_key = NULL;
    struct cli_secret secret = {0};
    const struct cli_option options[] = {
        {0, "rebuild", CLI_FLAG, NULL, &rebuild,
         "write the derived tables anew from entries and events; needs --log-key"},
        {'k', "log-key", CLI_TEXT, "FILE", &log_key, "the log's key, to open the ledger to write"},
        CLI_SECRET_OPTIONS(secret),
        CORES_OPTION(given),
    };
    const struct cli_spec spec = {
        .name = "audit",
        .operands = "LEDGER",
        .about = "Replay the whole ledger from its entries and events alone: every signature, "
                 "every link of every chain, the tree, the checkpoint, every rule, and every table "
                 "that is derived. Exit status 0: sound; 1: something is wrong, and the first "
                 "entry that is wrong is named; 4: the audit could not be made.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_key *key = NULL;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    if (rebuild != (log_key != NULL)) {
        return qp_fail(err, QP_E_USAGE, "audit: --rebuild and --log-key FILE go together");
    }
    rc = cores_threads(given, &threads, err);
    if (rc == QP_OK && log_key != NULL) {
        rc = cli_key_open(cli, log_key, &secret, &key, err);
    }
    if (rc == QP_OK) {
        rc = audit(cli, operands.list[0], key, rebuild, threads, err);
    }
    qp_key_free(key);
    return rc;
}
