/* quipu resume: let a restored ledger sign again. */
#include "cli.h"

#include "core/alloc.h"
#include "core/check.h"
#include "core/time.h"
#include "host/file.h"
#include "wire/wire.h"

#include <quipu/backup.h>

static void print_report(struct cli *cli, const struct qp_resume_report *report)
{
    char number[27];
    char when[QP_TIME_TEXT_BYTES];
    qp_time_format(when, report->newest_ms);
    if (cli->json) {
        cli_json(cli, json_pack("{s:I, s:I, s:s, s:s}", "entries", (json_int_t)report->entries,
                                "newest", (json_int_t)report->newest, "newest_file",
                                report->newest_name, "newest_admitted", when));
        return;
    }
    printf("entries  %s\n", cli_number(number, report->entries));
    printf("newest checkpoint shown: %s entries, the last of %s, in %s\n",
           cli_number(number, report->newest), when, cli_safe(cli, report->newest_name));
    printf("The ledger signs again. See to it that no other copy of it ever does.\n");
}

static enum qp_code read_evidence(struct cli_operands *operands, struct qp_buf *files,
                                  struct qp_evidence *evidence, size_t count, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < count && rc == QP_OK; i++) {
        const char *name = operands->list[i + 1];
        rc = qp_file_read(name, QP_BUNDLE_BYTES_MAX, &files[i], err);
        evidence[i] = (struct qp_evidence){.name = name, .bytes = qp_span_buf(&files[i])};
    }
    return rc;
}

static enum qp_code resume(struct cli *cli, struct cli_operands *operands,
                           const struct qp_key *log_key, struct qp_err *err)
{
    const struct qp_log_options options = {.mode = QP_LOG_WRITE, .log_key = log_key};
    struct qp_resume_report report = {0};
    size_t count = (size_t)operands->count - 1;
    struct qp_buf *files = qp_alloc_zero(count, sizeof *files);
    struct qp_evidence *evidence = qp_alloc_zero(count, sizeof *evidence);
    enum qp_code rc = files == NULL || evidence == NULL
                          ? qp_fail(err, QP_E_MEMORY, "no memory to resume")
                          : read_evidence(operands, files, evidence, count, err);
    rc = rc == QP_OK ? qp_log_resume(operands->list[0], &options, evidence, count, &report, err)
                     : rc;
    if (rc == QP_OK) {
        print_report(cli, &report);
    }
    for (size_t i = 0; files != NULL && i < count; i++) {
        qp_buf_wipe(&files[i]);
    }
    qp_free(files);
    qp_free(evidence);
    return rc;
}

enum qp_code cmd_resume(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const char *log_key = NULL;
    struct cli_secret secret = {0};
    const struct cli_option options[] = {
        {'k', "log-key", CLI_NEEDED, "FILE", &log_key, "the log's key"},
        CLI_SECRET_OPTIONS(secret),
    };
    const struct cli_spec spec = {
        .name = "resume",
        .operands = "LEDGER FILE...",
        .about =
            "Let a ledger sign again that was restored from a backup, or whose anchor is lost. "
            "Each FILE holds a checkpoint of it: the anchor of the ledger that was lost, a "
            "receipt, "
            "a bundle, or a checkpoint by itself; bring the newest that is known anywhere. When "
            "one of them shows that more was signed than the ledger has, or something else, "
            "nothing is changed (exit status 1): what was signed must not be signed differently.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 2,
        .operands_most = -1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_key *key = NULL;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = cli_key_open(cli, log_key, &secret, &key, err);
    rc = rc == QP_OK ? resume(cli, &operands, key, err) : rc;
    qp_key_free(key);
    return rc;
}
