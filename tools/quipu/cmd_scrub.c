/* quipu scrub: read everything that is stored, and mend what is damaged. */
#include "cli.h"

#include "core/check.h"
#include "host/terminal.h"
#include "words.h"

#include <quipu/backup.h>

#include <inttypes.h>
#include <unistd.h>

#define SHOWN_MAX 20 /* faults told one by one, unless --json */

struct scrub {
    struct cli *cli;
    uint64_t shown;
};

static const char *kind_name(enum qp_fault_kind kind)
{
    switch (kind) {
    case QP_FAULT_ENTRY:
        return "entry";
    case QP_FAULT_EVENTS:
        return "events";
    case QP_FAULT_CONTENT:
        return "content";
    case QP_FAULT_TILE:
        return "tile";
    case QP_FAULT_CHECKPOINT:
        return "checkpoint";
    default:
        return "derived";
    }
}

static void show_progress(void *context, uint64_t done, uint64_t all)
{
    cli_progress(context, "scrubbing: entry", done, all);
}

static void show_fault(void *context, const struct qp_fault *fault)
{
    struct scrub *scrub = context;
    struct cli *cli = scrub->cli;
    if (cli->json) {
        json_t *entry =
            fault->index == QP_NO_ENTRY ? json_null() : json_integer((json_int_t)fault->index);
        cli_json(cli, json_pack("{s:s, s:o, s:s}", "fault", kind_name(fault->kind), "at", entry,
                                "text", fault->text));
    } else if (scrub->shown++ < SHOWN_MAX) {
        cli_progress_end(cli);
        printf("%-10s  ", kind_name(fault->kind));
        cli_wrap(stdout, cli_safe(cli, fault->text), 12, 12, qp_terminal_width(STDOUT_FILENO));
    }
}

static void print_json(struct cli *cli, const struct qp_scrub_report *report)
{
    cli_json(cli,
             json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "sound",
                       report->faults_all == report->repaired, "entries",
                       (json_int_t)report->entries, "events", (json_int_t)report->events, "sealed",
                       (json_int_t)report->sealed, "checkpoints", (json_int_t)report->checkpoints,
                       "bytes", (json_int_t)report->bytes, "faults", (json_int_t)report->faults_all,
                       "repaired", (json_int_t)report->repaired));
}

static void print_report(struct scrub *scrub, const struct qp_scrub_report *report)
{
    struct cli *cli = scrub->cli;
    char number[27];
    char size[WORDS_BYTES];
    uint64_t left = report->faults_all - report->repaired;
    if (cli->json) {
        print_json(cli, report);
        return;
    }
    if (scrub->shown > SHOWN_MAX) {
        printf("and %s more; --json tells them all\n",
               cli_number(number, scrub->shown - SHOWN_MAX));
    }
    printf("entries     %12s\n", cli_number(number, report->entries));
    printf("events      %12s\n", cli_number(number, report->events));
    printf("sealed      %12s\n", cli_number(number, report->sealed));
    printf("checkpoints %12s\n", cli_number(number, report->checkpoints));
    printf("read        %12s\n", words_size(size, report->bytes));
    if (report->repaired > 0) {
        printf("repaired    %12s\n", cli_number(number, report->repaired));
    }
    if (left == 0) {
        printf("%sSOUND%s: everything that is stored is what was signed\n",
               cli_style(cli, stdout, CLI_GREEN), cli_style(cli, stdout, CLI_RESET));
    } else {
        printf("%sDAMAGED%s: %s fault%s\n", cli_style(cli, stdout, CLI_RED),
               cli_style(cli, stdout, CLI_RESET), cli_number(number, left), left == 1 ? "" : "s");
    }
}

static enum qp_code scrub_it(struct cli *cli, const char *dir, struct qp_scrub_options *how,
                             struct qp_err *err)
{
    struct scrub scrub = {.cli = cli};
    const struct qp_log_options options = {.mode = how->repair_from != NULL ? QP_LOG_REPAIR
                                                                            : QP_LOG_AUDIT};
    struct qp_scrub_report report = {0};
    struct qp_log *log = NULL;
    how->fault = show_fault;
    how->context = &scrub;
    how->watch = (struct qp_watch){.progress = show_progress, .context = cli};
    enum qp_code rc = qp_log_open(dir, &options, &log, err);
    rc = rc == QP_OK ? qp_log_scrub(log, how, &report, err) : rc;
    how->context = NULL; /* it ends here */
    cli_progress_end(cli);
    qp_log_close(log);
    if (rc == QP_OK) {
        print_report(&scrub, &report);
    }
    if (rc != QP_OK || report.faults_all == report.repaired) {
        return rc;
    }
    return how->repair_from == NULL
               ? qp_fail(err, QP_E_INVALID,
                         "mend it with --repair-from BACKUP, or with the folder of another copy of "
                         "this ledger")
               : qp_fail(err, QP_E_INVALID,
                         "what is left cannot be mended in place; restore a backup into a new "
                         "folder, and resume with the anchor of this one");
}

enum qp_code cmd_scrub(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    struct qp_scrub_options how = {0};
    uint64_t rate = 0;
    const struct cli_option options[] = {
        {0, "rate", CLI_NUMBER, "MB", &rate,
         "read at most so many million bytes a second, so that others notice nothing; as fast as "
         "it goes if absent"},
        {0, "repair-from", CLI_TEXT, "FOLDER", &how.repair_from,
         "replace what is damaged by what a backup or another copy of the ledger has"},
    };
    const struct cli_spec spec = {
        .name = "scrub",
        .operands = "LEDGER",
        .about = "Read everything that the ledger stores, and compare it with its hash: disks "
                 "change bits without a word. Every fault is told. Others may write meanwhile, "
                 "except while it repairs. Exit status 0: sound, or repaired; 1: damaged.",
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
    if (rate > 1000000) {
        return qp_fail(err, QP_E_USAGE, "scrub: --rate is 1 to 1000000, in million bytes a second");
    }
    how.bytes_per_second = rate * 1000000;
    return scrub_it(cli, operands.list[0], &how, err);
}
