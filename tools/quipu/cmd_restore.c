/* quipu restore: make a ledger of a backup. */
#include "cores.h"
#include "handout.h"
#include "reader.h"

#include "core/check.h"

#include <quipu/backup.h>

#include <string.h>

static void show_progress(void *context, uint64_t done, uint64_t all)
{
    cli_progress(context, "restoring: entry", done, all);
}

/* ledger.json is not in a backup: the first entry says all that stands in it. */
static enum qp_code hand_out(const char *dir, struct qp_err *err)
{
    struct reader reader;
    const Qp__Event *first = NULL;
    enum qp_code rc = reader_open(&reader, dir, err);
    if (rc != QP_OK) {
        return rc;
    }
    rc = reader_event(&reader, 0, 0, &first, err);
    if (rc == QP_OK) {
        const Qp__LedgerOpened *opened = first->ledger_opened;
        struct handout handout = {.dir = dir, .origin = opened->origin, .name = opened->name};
        qp_log_ledger_id(reader.log, &handout.ledger_id);
        memcpy(handout.log_key.bytes, opened->log_key.data, sizeof handout.log_key.bytes);
        rc = handout_write(&handout, NULL, err);
    }
    reader_close(&reader);
    return rc;
}

static void print_report(struct cli *cli, const char *dir, const struct qp_restore_report *report)
{
    char number[27];
    char id[65];
    qp_hash_hex(id, &report->ledger_id);
    if (cli->json) {
        cli_json(cli, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "ledger_id", id, "origin",
                                report->origin, "files", (json_int_t)report->files, "entries",
                                (json_int_t)report->entries, "events", (json_int_t)report->events,
                                "sealed", (json_int_t)report->sealed));
        return;
    }
    printf("ledger      %s\n", cli_safe(cli, report->origin));
    printf("entries     %12s\n", cli_number(number, report->entries));
    printf("events      %12s\n", cli_number(number, report->events));
    printf("sealed      %12s\n", cli_number(number, report->sealed));
    printf("%s can be read; before it signs anything, quipu resume has to hold it\nagainst the "
           "newest checkpoint that was handed out.\n",
           cli_safe(cli, dir));
}

enum qp_code cmd_restore(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    uint64_t threads = 0;
    const struct cli_option options[] = {CORES_OPTION(threads)};
    const struct cli_spec spec = {
        .name = "restore",
        .operands = "BACKUP LEDGER",
        .about = "Make a ledger in the new folder LEDGER of the backup in the folder BACKUP. Every "
                 "signature is checked, every rule applied, every table made anew. No key is "
                 "needed. What comes out can be read; it signs nothing until quipu resume has "
                 "shown that no newer entry was signed.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 2,
        .operands_most = 2,
        .json = true,
    };
    struct qp_log_options how = {.mode = QP_LOG_REPAIR};
    const struct qp_watch watch = {.progress = show_progress, .context = cli};
    struct cli_operands operands;
    struct qp_restore_report report = {0};
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = cores_threads(threads, &how.threads, err);
    rc = rc == QP_OK
             ? qp_log_restore(operands.list[0], operands.list[1], &how, &watch, &report, err)
             : rc;
    cli_progress_end(cli);
    rc = rc == QP_OK ? hand_out(operands.list[1], err) : rc;
    if (rc == QP_OK) {
        print_report(cli, operands.list[1], &report);
    }
    return rc;
}
