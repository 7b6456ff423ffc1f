/* quipu journal: what a key has signed, listed or handed out again. */
#include "cli.h"
#include "give_up.h"

#include "core/check.h"
#include "core/time.h"
#include "issue/journal.h"
#include "wire/json.h"

#include <inttypes.h>
#include <string.h>

#define ROWS_AT_ONCE 400
#define KINDS_MAX 128 /* field numbers of the bodies in Event */

struct listing {
    struct cli *cli;
    uint64_t from;
    struct cli_table table;
    struct qp_arena arena;
    struct qp_buf *records; /* export: the records go here */
    uint64_t count;         /* of statements shown */
    bool *live;             /* by sequence: not given up */
    bool events;            /* print the events themselves */
    uint32_t kinds[KINDS_MAX];
};

static enum qp_code count_kinds(struct listing *listing, const Qp__Submission *submission,
                                struct qp_err *err)
{
    memset(listing->kinds, 0, sizeof listing->kinds);
    for (size_t i = 0; i < submission->n_events; i++) {
        Qp__Event *event = NULL;
        enum qp_code rc =
            qp_event_decode(qp_span_bytes(submission->events[i]), &listing->arena, &event, err);
        if (rc != QP_OK) {
            return rc;
        }
        if ((size_t)event->body_case < KINDS_MAX) {
            listing->kinds[event->body_case]++;
        }
        qp_arena_reset(&listing->arena);
    }
    return QP_OK;
}

static void print_kinds(struct listing *listing, bool given_up)
{
    char text[400] = "";
    size_t at = given_up ? (size_t)snprintf(text, sizeof text, "given up: ") : 0;
    size_t front = at;
    for (int kind = 0; kind < KINDS_MAX && at < sizeof text; kind++) {
        if (listing->kinds[kind] > 0) {
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%" PRIu32 " %s",
                                   at == front ? "" : ", ", listing->kinds[kind],
                                   qp_event_name((Qp__Event__BodyCase)kind));
        }
    }
    cli_cell(listing->cli, &listing->table, text);
}

static void print_json(struct listing *listing, const Qp__Statement *statement, size_t sealed,
                       const char *hash, const char *issued)
{
    json_t *kinds = json_object();
    for (int kind = 0; kind < KINDS_MAX; kind++) {
        if (listing->kinds[kind] > 0) {
            (void)json_object_set_new(kinds, qp_event_name((Qp__Event__BodyCase)kind),
                                      json_integer(listing->kinds[kind]));
        }
    }
    cli_json(listing->cli,
             json_pack("{s:I, s:s, s:I, s:I, s:o, s:s, s:b}", "sequence",
                       (json_int_t)statement->sequence, "issued", issued, "events",
                       (json_int_t)statement->event_count, "sealed", (json_int_t)sealed, "kinds",
                       kinds, "statement", hash, "given_up", !listing->live[statement->sequence]));
}

/* As they were signed: sealed content shows as its commitment. */
static enum qp_code print_events(struct listing *listing, const Qp__Submission *submission,
                                 uint64_t sequence, struct qp_err *err)
{
    for (size_t i = 0; i < submission->n_events; i++) {
        Qp__Event *event = NULL;
        json_t *json = NULL;
        enum qp_code rc =
            qp_event_decode(qp_span_bytes(submission->events[i]), &listing->arena, &event, err);
        rc = rc == QP_OK ? qp_json_encode(&qp_rule_event, event, &json, err) : rc;
        if (rc != QP_OK) {
            return rc;
        }
        cli_json(listing->cli,
                 json_pack("{s:I, s:I, s:o, s:b}", "sequence", (json_int_t)sequence, "position",
                           (json_int_t)i, "event", json, "given_up", !listing->live[sequence]));
        qp_arena_reset(&listing->arena);
    }
    return QP_OK;
}

static enum qp_code show(struct listing *listing, const Qp__Submission *submission,
                         const Qp__Statement *statement, struct qp_err *err)
{
    char issued[QP_TIME_TEXT_BYTES];
    char hash[65];
    struct qp_hash link;
    struct cli *cli = listing->cli;
    if (listing->events) {
        return print_events(listing, submission, statement->sequence, err);
    }
    qp_time_format(issued, statement->issued_ms);
    qp_hash_statement(&link, qp_span_bytes(submission->statement));
    qp_hash_hex(hash, &link);
    enum qp_code rc = count_kinds(listing, submission, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (cli->json) {
        print_json(listing, statement, submission->n_sealed, hash, issued);
        return QP_OK;
    }
    qp_time_format(issued, statement->issued_ms / 1000 * 1000); /* for people, to the second */
    cli_cellf(cli, &listing->table, "%" PRIu64, statement->sequence);
    cli_cell(cli, &listing->table, issued);
    cli_cellf(cli, &listing->table, "%zu", submission->n_sealed);
    print_kinds(listing, !listing->live[statement->sequence]);
    if (listing->table.cell_count >= ROWS_AT_ONCE * listing->table.column_count) {
        cli_table_print(cli, &listing->table, stdout);
    }
    return QP_OK;
}

static enum qp_code each(void *context, const Qp__Submission *submission, struct qp_err *err)
{
    struct listing *listing = context;
    struct qp_arena arena;
    Qp__Statement *statement = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc =
        qp_statement_decode(qp_span_bytes(submission->statement), &arena, &statement, err);
    bool wanted = rc == QP_OK && statement->sequence >= listing->from;
    /* What was given up is not handed out: the ledger would refuse it, or have both. */
    if (wanted && (listing->records == NULL || listing->live[statement->sequence])) {
        listing->count++;
        rc = listing->records != NULL
                 ? qp_submission_encode(submission, &listing->arena, listing->records, err)
                 : show(listing, submission, statement, err);
        qp_arena_reset(&listing->arena);
    }
    qp_arena_wipe(&arena);
    return rc;
}

static enum qp_code list(struct listing *listing, const struct qp_journal *journal,
                         struct qp_err *err)
{
    enum qp_code rc = qp_journal_each(journal, each, listing, err);
    if (rc == QP_OK && listing->table.cell_count > 0) {
        cli_table_print(listing->cli, &listing->table, stdout);
    }
    return rc;
}

static enum qp_code export_records(struct listing *listing, const struct qp_journal *journal,
                                   const char *output, struct qp_err *err)
{
    struct qp_buf records = {0};
    listing->records = &records;
    enum qp_code rc = qp_journal_each(journal, each, listing, err);
    if (rc == QP_OK && listing->count == 0) {
        rc = qp_fail(err, QP_E_NOT_FOUND,
                     "no statement from sequence %" PRIu64 " on; the next is %" PRIu64,
                     listing->from, qp_journal_next_sequence(journal));
    }
    if (rc == QP_OK) {
        rc = cli_output(listing->cli, output, qp_span_buf(&records), true, err);
    }
    if (rc == QP_OK && !cli_is_stdout(output)) {
        if (listing->cli->json) {
            cli_json(listing->cli, json_pack("{s:s, s:I}", "file", output, "statements",
                                             (json_int_t)listing->count));
        } else {
            printf("%s: %" PRIu64 " statement%s\n", cli_safe(listing->cli, output), listing->count,
                   listing->count == 1 ? "" : "s");
        }
    }
    qp_buf_wipe(&records);
    return rc;
}

static enum qp_code check_options(const struct listing *listing, const struct give_up *giving,
                                  bool hand_out, struct qp_err *err)
{
    bool gives_up = giving->sequence != GIVE_UP_NONE;
    if (giving->output != NULL && !hand_out && !gives_up) {
        return qp_fail(err, QP_E_USAGE, "journal: --output goes with --export and --give-up");
    }
    if (listing->events + hand_out + gives_up > 1) {
        return qp_fail(err, QP_E_USAGE,
                       "journal: --events, --export and --give-up exclude each other");
    }
    if (!gives_up &&
        (giving->drop != NULL || giving->drop_all || giving->admitted != GIVE_UP_NONE)) {
        return qp_fail(err, QP_E_USAGE,
                       "journal: --drop, --drop-all and --admitted go with --give-up");
    }
    if (giving->drop != NULL && giving->drop_all) {
        return qp_fail(err, QP_E_USAGE, "journal: --drop and --drop-all exclude each other");
    }
    return hand_out || (gives_up && (giving->drop != NULL || giving->drop_all))
               ? cli_check_output(giving->output, err)
               : QP_OK;
}

enum qp_code cmd_journal(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_column columns[] = {{.title = "sequence", .right = true},
                                                {.title = "signed"},
                                                {.title = "sealed", .right = true},
                                                {.title = "events", .wrap = true}};
    const char *ledger = NULL;
    bool hand_out = false;
    struct give_up giving = {.sequence = GIVE_UP_NONE, .admitted = GIVE_UP_NONE};
    struct cli_secret secret = {0};
    struct listing listing = {.cli = cli,
                              .table = {.columns = columns, .column_count = QP_COUNT(columns)}};
    const struct cli_option options[] = {
        CLI_SECRET_OPTIONS(secret),
        {'l', "ledger", CLI_TEXT, "LEDGER", &ledger,
         "which ledger, when the key signs for several: its id, its ledger.json, or its folder"},
        {'e', "events", CLI_FLAG, NULL, &listing.events,
         "print every event as JSON, one a line; sealed content shows as its commitment"},
        {0, "from", CLI_NUMBER, "N", &listing.from, "begin at sequence N"},
        {'x', "export", CLI_FLAG, NULL, &hand_out,
         "hand the statements out again, as they were signed, for \"quipu submit\""},
        {0, "give-up", CLI_NUMBER, "N", &giving.sequence,
         "give up statement N, which the ledger refused, and sign again what stands behind it"},
        {0, "drop", CLI_TEXT, "P,P...", &giving.drop,
         "the events of statement N, by position, that are not signed again; none: all are"},
        {0, "drop-all", CLI_FLAG, NULL, &giving.drop_all, "sign none of its events again"},
        {0, "admitted", CLI_NUMBER, "N", &giving.admitted,
         "the newest statement that the ledger has, when one was given up that it had admitted"},
        {'o', "output", CLI_TEXT, "FILE", &giving.output, "where to; stdout if absent, or -"},
    };
    const struct cli_spec spec = {
        .name = "journal",
        .operands = "KEY",
        .about = "List the statements that a key has signed for a ledger. The journal is the "
                 "folder beside the key (coop.key, coop.journal); it is checked while it is read. "
                 "A statement that the ledger refuses keeps back what the key signed after it: "
                 "mend what it lacks and submit it again, or give it up.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_key *key = NULL;
    struct qp_journal *journal = NULL;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = check_options(&listing, &giving, hand_out, err);
    if (rc != QP_OK) {
        return rc;
    }
    qp_arena_init(&listing.arena, 0);
    rc = cli_journal_open(cli, operands.list[0], &secret, ledger, &key, &journal, err);
    rc = rc == QP_OK ? qp_journal_live(journal, &listing.live, err) : rc;
    if (rc == QP_OK && giving.sequence != GIVE_UP_NONE) {
        rc = give_up(cli, journal, &giving, err);
    } else if (rc == QP_OK) {
        rc = hand_out ? export_records(&listing, journal, giving.output, err)
                      : list(&listing, journal, err);
    }
    qp_free(listing.live);
    qp_buf_wipe(&listing.table.cells);
    qp_arena_wipe(&listing.arena);
    qp_journal_close(journal);
    qp_key_free(key);
    return rc;
}
