/* quipu sign: events in JSON become signed statements. */
#include "issuer.h"

#include "core/check.h"
#include "host/clock.h"
#include "host/file.h"
#include "issue/draft.h"
#include "rules/rules.h"
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

/* A proof that a key forked becomes the event that ends the key. */
static enum qp_code draft_fork(struct qp_span file, struct qp_draft *draft, struct qp_err *err)
{
    struct qp_arena arena;
    Qp__KeyForked *proof = NULL;
    Qp__Event event = QP__EVENT__INIT;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_fork_decode(file, &arena, &proof, err);
    if (rc == QP_OK) {
        event.occurred_ms = qp_now_ms();
        event.body_case = QP__EVENT__BODY_KEY_FORKED;
        event.key_forked = proof;
        rc = qp_draft_add_event(draft, &event, err);
    }
    qp_arena_wipe(&arena);
    return rc;
}

static enum qp_code draft_file(const char *path, struct qp_draft *draft, struct qp_err *err)
{
    const struct qp_file_reader reader = {.read = read_document};
    struct qp_buf text = {0};
    enum qp_code rc = qp_file_read(path, EVENTS_BYTES_MAX, &text, err);
    if (rc == QP_OK) {
        rc = qp_fork_is(qp_span_buf(&text))
                 ? draft_fork(qp_span_buf(&text), draft, err)
                 : qp_draft_add_json(draft, qp_span_buf(&text), &reader, err);
        if (rc != QP_OK) {
            rc = qp_prefix(err, rc, "%.150s", strcmp(path, "-") == 0 ? "stdin" : path);
        }
    }
    qp_buf_wipe(&text);
    return rc;
}

/* What no ledger takes is better found before it stands in the chain. */
static enum qp_code check_events(const struct qp_draft *draft, const char *party,
                                 struct qp_err *err)
{
    struct qp_arena arena;
    enum qp_code rc = QP_OK;
    qp_arena_init(&arena, 0);
    for (size_t i = 0; rc == QP_OK && i < qp_draft_event_count(draft); i++) {
        Qp__Event *event = NULL;
        rc = qp_event_decode(qp_draft_event(draft, i), &arena, &event, err);
        rc = rc == QP_OK ? qp_rules_check_alone(event, party, err) : rc;
        if (rc != QP_OK) {
            rc = qp_prefix(err, rc, "nothing was signed; event %zu, %s", i + 1,
                           event == NULL ? "" : qp_event_name(event->body_case));
        }
        qp_arena_reset(&arena);
    }
    qp_arena_wipe(&arena);
    return rc;
}

enum qp_code cmd_sign(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    struct issuer issuer = {0};
    struct cli_signing signing = {.batch = QP_EVENTS_MAX};
    const struct cli_option options[] = {
        ISSUER_KEY_OPTIONS(issuer),
        {'p', "party", CLI_TEXT, "PARTY", &issuer.party,
         "the party that signs: new ids begin with it; the journal remembers it"},
        ISSUER_LEDGER_OPTIONS(issuer),
        {0, "batch", CLI_NUMBER, "N", &signing.batch, "at most N events in a statement (4096)"},
        {'o', "output", CLI_TEXT, "FILE", &signing.output, "where to; stdout if absent, or -"},
    };
    const struct cli_spec spec = {
        .name = "sign",
        .operands = "EVENTS.json|PROOF|-",
        .about = "Sign the events of a JSON file: one object, a list, or one object a line. "
                 "Personal and commercial content under \"seal\" is sealed. A proof that \"quipu "
                 "fork-proof\" has written is signed as the event that ends the key. The "
                 "statements are "
                 "kept in the key's journal, then handed out as a file for \"quipu submit\". What "
                 "every ledger would refuse is not signed.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_draft *draft = NULL;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = cli_check_signing(&signing, err);
    rc = rc == QP_OK ? qp_draft_new(&draft, err) : rc;
    rc = rc == QP_OK ? draft_file(operands.list[0], draft, err) : rc;
    rc = rc == QP_OK ? issuer_open(cli, &issuer, err) : rc;
    rc = rc == QP_OK ? check_events(draft, issuer_party(&issuer), err) : rc;
    rc = rc == QP_OK ? issuer_begin(&issuer, err) : rc;
    rc = rc == QP_OK ? cli_sign_draft(cli, issuer.journal, draft, &signing, err) : rc;
    issuer_close(&issuer);
    qp_draft_free(draft);
    return rc;
}
