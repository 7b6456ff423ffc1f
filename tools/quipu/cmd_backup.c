/* quipu backup: copy what is new in a ledger into a folder. */
#include "cli.h"

#include "core/check.h"
#include "words.h"

#include <quipu/backup.h>

static void show_progress(void *context, uint64_t done, uint64_t all)
{
    cli_progress(context, "backing up: entry", done, all);
}

static void print_report(struct cli *cli, const char *dir, const struct qp_backup_report *report)
{
    char number[27];
    char size[WORDS_BYTES];
    if (cli->json) {
        cli_json(cli, json_pack("{s:I, s:I, s:I, s:I, s:I}", "files", (json_int_t)report->files,
                                "entries", (json_int_t)report->entries, "entries_added",
                                (json_int_t)report->entries_added, "contents_added",
                                (json_int_t)report->contents_added, "bytes_added",
                                (json_int_t)report->bytes_added));
        return;
    }
    if (report->bytes_added == 0) {
        printf("nothing is new; ");
    } else {
        printf("added %s entries", cli_number(number, report->entries_added));
        if (report->contents_added > 0) {
            printf(" and %s later contents", cli_number(number, report->contents_added));
        }
        printf(", %s; ", words_size(size, report->bytes_added));
    }
    printf("%s has ", cli_safe(cli, dir));
    printf("%s entries in ", cli_number(number, report->entries));
    printf("%s file%s\n", cli_number(number, report->files), report->files == 1 ? "" : "s");
}

enum qp_code cmd_backup(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const struct cli_spec spec = {
        .name = "backup",
        .operands = "LEDGER FOLDER",
        .about = "Copy what is new in the ledger into FOLDER, as one more file; the files that are "
                 "there are read first and compared with the ledger. Others may write to the "
                 "ledger meanwhile. Keep the folder on another disk, and like the ledger: sealed "
                 "contents are in it. quipu restore makes a ledger of it.",
        .operands_least = 2,
        .operands_most = 2,
        .json = true,
    };
    const struct qp_log_options options = {.mode = QP_LOG_READ};
    const struct qp_watch watch = {.progress = show_progress, .context = cli};
    struct cli_operands operands;
    struct qp_log *log = NULL;
    struct qp_backup_report report = {0};
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = qp_log_open(operands.list[0], &options, &log, err);
    rc = rc == QP_OK ? qp_log_backup(log, operands.list[1], &watch, &report, err) : rc;
    cli_progress_end(cli);
    qp_log_close(log);
    if (rc == QP_OK) {
        print_report(cli, operands.list[1], &report);
    }
    return rc;
}
