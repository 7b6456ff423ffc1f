/* The end of every command that signs: journal, statements, output file. */
#include "cli.h"

#include "host/clock.h"
#include "wire/wire.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum qp_code cli_check_output(const char *path, struct qp_err *err)
{
    if (cli_is_stdout(path) && isatty(STDOUT_FILENO) == 1) {
        return qp_fail(err, QP_E_USAGE, "statements are no text for a terminal; give -o FILE");
    }
    return QP_OK;
}

enum qp_code cli_check_signing(const struct cli_signing *signing, struct qp_err *err)
{
    if (signing->batch == 0 || signing->batch > QP_EVENTS_MAX) {
        return qp_fail(err, QP_E_USAGE, "--batch takes 1 to %d events", QP_EVENTS_MAX);
    }
    return cli_check_output(signing->output, err);
}

enum qp_code cli_sign_draft(struct cli *cli, struct qp_journal *journal,
                            const struct qp_draft *draft, const struct cli_signing *signing,
                            struct qp_err *err)
{
    struct qp_buf out = {0};
    size_t count = 0;
    size_t events = qp_draft_event_count(draft);
    uint64_t first = qp_journal_next_sequence(journal);
    enum qp_code rc =
        qp_journal_sign(journal, draft, (uint32_t)signing->batch, qp_now_ms(), &out, &count, err);
    if (rc != QP_OK) {
        qp_buf_wipe(&out);
        return rc;
    }
    rc = cli_output(cli, signing->output, qp_span_buf(&out), true, err);
    qp_buf_wipe(&out);
    if (rc != QP_OK) {
        return qp_prefix(err, rc,
                         "signed and kept in the journal, but not handed out; get it with quipu "
                         "journal --export --from %" PRIu64,
                         first);
    }
    FILE *stream = cli_is_stdout(signing->output) ? stderr : stdout;
    const char *name = cli_is_stdout(signing->output) ? "-" : signing->output;
    if (cli->json) {
        cli_json_on(cli, stream,
                    json_pack("{s:s, s:I, s:I, s:I, s:I}", "file", name, "events",
                              (json_int_t)events, "sealed",
                              (json_int_t)qp_draft_sealed_count(draft), "statements",
                              (json_int_t)count, "first_sequence", (json_int_t)first));
        return QP_OK;
    }
    fprintf(stream, "%s: %zu event%s signed in %zu statement%s, sequence %" PRIu64,
            cli_safe(cli, name), events, events == 1 ? "" : "s", count, count == 1 ? "" : "s",
            first);
    if (count > 1) {
        fprintf(stream, " to %" PRIu64, first + count - 1);
    }
    fputc('\n', stream);
    return QP_OK;
}
