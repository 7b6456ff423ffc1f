#include "give_up.h"

#include "core/check.h"
#include "host/clock.h"
#include "issue/journal.h"
#include "rules/graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Which events are left out ---- */

/* "4,7" as positions; the caller frees them with qp_free. */
static enum qp_code read_positions(const char *text, uint32_t **positions, size_t *count,
                                   struct qp_err *err)
{
    uint32_t *list = qp_alloc_zero(strlen(text) / 2 + 1, sizeof *list);
    size_t used = 0;
    if (list == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for the positions");
    }
    const char *at = text;
    for (;;) {
        size_t digits = strspn(at, "0123456789");
        if (digits == 0 || digits > 4 || (at[digits] != ',' && at[digits] != '\0')) {
            qp_free(list);
            return qp_fail(err, QP_E_USAGE,
                           "journal: --drop takes positions with commas between, such as 4,7, or "
                           "none");
        }
        list[used++] = (uint32_t)strtoul(at, NULL, 10);
        at += digits;
        if (*at == '\0') {
            break;
        }
        at++;
    }
    *positions = list;
    *count = used;
    return QP_OK;
}

static enum qp_code say_the_choice(const struct qp_journal *journal, uint64_t sequence,
                                   struct qp_err *err)
{
    struct qp_arena arena;
    struct qp_buf bytes = {0};
    Qp__Submission *submission = NULL;
    if (sequence >= qp_journal_next_sequence(journal)) {
        return qp_fail(err, QP_E_NOT_FOUND,
                       "no statement %" PRIu64 " to give up; the next is %" PRIu64, sequence,
                       qp_journal_next_sequence(journal));
    }
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_journal_read(journal, sequence, &arena, &bytes, &submission, err);
    if (rc == QP_OK) {
        rc =
            qp_fail(err, QP_E_USAGE,
                    "statement %" PRIu64 " has %zu event%s; say which are not to be signed again: "
                    "--drop P,P... by position, as the refusal names them, --drop-all, or --drop "
                    "none; \"quipu journal KEY --events --from %" PRIu64 "\" shows them",
                    sequence, submission->n_events, submission->n_events == 1 ? "" : "s", sequence);
    }
    qp_buf_wipe(&bytes);
    qp_arena_wipe(&arena);
    return rc;
}

/* ---- What is said ---- */

struct told {
    struct cli *cli;
    struct qp_buf words; /* a line for each event that is left out */
    json_t *json;
};

struct subject {
    struct qp_buf id;
    bool made; /* by the event */
};

/* What the event makes, else the first that it names. */
static enum qp_code take_subject(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    struct subject *subject = context;
    bool makes = edge->role == QP_EDGE_CREATES;
    if (subject->made || (subject->id.len > 0 && !makes)) {
        return QP_OK;
    }
    subject->made = makes;
    subject->id.len = 0;
    return qp_buf_addf(&subject->id, err, "%s", edge->id);
}

static enum qp_code tell(void *context, uint64_t sequence, uint32_t position, struct qp_span event,
                         struct qp_err *err)
{
    struct told *told = context;
    struct subject subject = {.made = false};
    struct qp_arena arena;
    Qp__Event *decoded = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_event_decode(event, &arena, &decoded, err);
    rc = rc == QP_OK ? qp_event_edges(decoded, take_subject, &subject, err) : rc;
    if (rc == QP_OK) {
        const char *id = subject.id.len > 0 ? (const char *)subject.id.data : "";
        const char *name = qp_event_name(decoded->body_case);
        rc = qp_buf_addf(
            &told->words, err, "left out: event %" PRIu32 " of statement %" PRIu64 " (%s%s%s)\n",
            position, sequence, name, id[0] != '\0' ? " " : "", cli_safe(told->cli, id));
        if (told->cli->json) {
            (void)json_array_append_new(
                told->json, json_pack("{s:I, s:I, s:s, s:s}", "sequence", (json_int_t)sequence,
                                      "position", (json_int_t)position, "kind", name, "id", id));
        }
    }
    qp_buf_wipe(&subject.id);
    qp_arena_wipe(&arena);
    return rc;
}

static void say(struct told *told, const struct give_up *how, const struct qp_resigned *done)
{
    struct cli *cli = told->cli;
    bool signed_some = done->statement_count > 0;
    FILE *stream = signed_some && cli_is_stdout(how->output) ? stderr : stdout;
    uint64_t last = done->first + done->statement_count - 1;
    if (cli->json) {
        cli_json_on(cli, stream,
                    json_pack("{s:I, s:I, s:I, s:I, s:O}", "given_up_from",
                              (json_int_t)how->sequence, "statements",
                              (json_int_t)done->statement_count, "first_sequence",
                              (json_int_t)done->first, "events", (json_int_t)done->event_count,
                              "left_out", told->json));
        return;
    }
    fprintf(stream, "statement %" PRIu64 " given up; ", how->sequence);
    if (!signed_some) {
        fprintf(stream, "nothing to sign again: the next statement, %" PRIu64 ", says so\n",
                done->first);
    } else if (done->statement_count == 1) {
        fprintf(stream, "1 statement signed again as %" PRIu64 "\n", done->first);
    } else {
        fprintf(stream, "%zu statements signed again as %" PRIu64 " to %" PRIu64 "\n",
                done->statement_count, done->first, last);
    }
    if (told->words.len > 0) {
        fprintf(stream, "%s", (const char *)told->words.data);
    }
    if (signed_some && !cli_is_stdout(how->output)) {
        fprintf(stream, "%s: %zu event%s, for \"quipu submit\"\n", cli_safe(cli, how->output),
                done->event_count, done->event_count == 1 ? "" : "s");
    }
}

/* ---- All of it ---- */

static enum qp_code hand_out(struct cli *cli, const struct give_up *how,
                             const struct qp_resigned *done, struct qp_span records,
                             struct qp_err *err)
{
    if (done->statement_count == 0) {
        return QP_OK;
    }
    enum qp_code rc = cli_output(cli, how->output, records, true, err);
    return rc == QP_OK ? rc
                       : qp_prefix(err, rc,
                                   "signed and kept in the journal, but not handed out; get it "
                                   "with quipu journal --export --from %" PRIu64,
                                   done->first);
}

enum qp_code give_up(struct cli *cli, struct qp_journal *journal, const struct give_up *how,
                     struct qp_err *err)
{
    if (how->drop == NULL && !how->drop_all && how->sequence < qp_journal_next_sequence(journal)) {
        return say_the_choice(journal, how->sequence, err);
    }
    struct told told = {.cli = cli, .json = json_array()};
    struct qp_resign what = {
        .from = how->sequence, .leave_out_all = how->drop_all, .context = &told, .tell = tell};
    struct qp_resigned done = {.first = 0};
    struct qp_buf records = {0};
    uint32_t *positions = NULL;
    what.admitted = how->admitted != GIVE_UP_NONE ? &how->admitted : NULL;
    enum qp_code rc = QP_OK;
    if (how->drop != NULL && strcmp(how->drop, "none") != 0) {
        rc = read_positions(how->drop, &positions, &what.left_out_count, err);
    }
    what.left_out = positions;
    rc = rc == QP_OK ? qp_journal_resign(journal, &what, qp_now_ms(), &records, &done, err) : rc;
    rc = rc == QP_OK ? hand_out(cli, how, &done, qp_span_buf(&records), err) : rc;
    if (rc == QP_OK) {
        say(&told, how, &done);
    }
    qp_free(positions);
    qp_buf_wipe(&records);
    qp_buf_wipe(&told.words);
    json_decref(told.json);
    return rc;
}
