/* quipu sign: events in JSON become signed statements. */
#include "cli.h"

#include "core/check.h"
#include "host/file.h"
#include "wire/wire.h"

#include <string.h>

#define EVENTS_BYTES_MAX ((size_t)256 * 1024 * 1024)

static enum qp_code read_document(void *context, const char *path, struct qp_buf *out,
                                  struct qp_err *err)
{
    (void)context;
    if (strcmp(path, "-") == 0) {
        return qp_fail(err, QP_E_INPUT, "a document is read from a file, not from stdin");
    }
    return qp_file_read(path, QP_SEALED_BYTES_MAX, out, err);
}

static enum qp_code draft_file(const char *path, struct qp_draft *draft, struct qp_err *err)
{
    const struct qp_file_reader reader = {.read = read_document};
    struct qp_buf text = {0};
    enum qp_code rc = qp_file_read(path, EVENTS_BYTES_MAX, &text, err);
    if (rc == QP_OK) {
        rc = qp_draft_add_json(draft, qp_span_buf(&text), &reader, err);
        if (rc != QP_OK) {
            rc = qp_prefix(err, rc, "%.150s", strcmp(path, "-") == 0 ? "stdin" : path);
        }
    }
    qp_buf_wipe(&text);
    return rc;
}

enum qp_code cmd_sign(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const char *key_path = NULL;
    const char *ledger = NULL;
    struct cli_secret secret = {0};
    struct cli_signing signing = {.batch = QP_EVENTS_MAX};
    const struct cli_option options[] = {
        {'k', "key", CLI_NEEDED, "FILE", &key_path, "the secret key that signs"},
        CLI_SECRET_OPTIONS(secret),
        {'l', "ledger", CLI_TEXT, "LEDGER", &ledger,
         "for which ledger: its id, its ledger.json, or its folder; needed the first time"},
        {0, "batch", CLI_NUMBER, "N", &signing.batch, "at most N events in a statement (4096)"},
        {'o', "output", CLI_TEXT, "FILE", &signing.output, "where to; stdout if absent, or -"},
    };
    const struct cli_spec spec = {
        .name = "sign",
        .operands = "EVENTS.json|-",
        .about = "Sign the events of a JSON file: one object, a list, or one object a line. "
                 "Personal and commercial content under \"seal\" is sealed. The statements are "
                 "kept in the key's journal, then handed out as a file for \"quipu submit\".",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_draft *draft = NULL;
    struct qp_key *key = NULL;
    struct qp_journal *journal = NULL;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = cli_check_output(signing.output, err);
    rc = rc == QP_OK ? qp_draft_new(&draft, err) : rc;
    rc = rc == QP_OK ? draft_file(operands.list[0], draft, err) : rc;
    rc = rc == QP_OK ? cli_journal_open(key_path, &secret, ledger, &key, &journal, err) : rc;
    rc = rc == QP_OK ? cli_sign_draft(cli, journal, draft, &signing, err) : rc;
    qp_journal_close(journal);
    qp_key_free(key);
    qp_draft_free(draft);
    return rc;
}
