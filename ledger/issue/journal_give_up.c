/* Giving up statements that the ledger refused, and signing what stood behind them again. */
#include "issue/journal.h"

#include "core/check.h"
#include "issue/draft.h"
#include "rules/graph.h"

#include <inttypes.h>
#include <string.h>

enum qp_code qp_journal_live(const struct qp_journal *journal, bool **live, struct qp_err *err)
{
    uint64_t count = journal->head.next_sequence;
    bool *made = qp_alloc_zero((size_t)count + 1, sizeof *made);
    if (made == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for the list of the journal's statements");
    }
    /* Back from the newest: each leads over those that it gives up. */
    uint64_t left = count - journal->head.given_up;
    while (left > 0) {
        made[left - 1] = true;
        left -= 1 + journal->marks[left - 1].given_up;
    }
    *live = made;
    return QP_OK;
}

/* ---- What is given up ---- */

static enum qp_code check_from(const struct qp_journal *journal, uint64_t from,
                               const uint64_t *admitted, const bool *live, struct qp_err *err)
{
    uint64_t next = journal->head.next_sequence;
    if (journal->broken) {
        return qp_fail(err, QP_E_IO, "the journal could not be written before; open it again");
    }
    if (from > next || (from == next && admitted == NULL)) {
        return qp_fail(err, QP_E_NOT_FOUND,
                       "no statement %" PRIu64 " to give up; the next is %" PRIu64, from, next);
    }
    if (from < next && !live[from]) {
        uint64_t by = from + 1;
        while (by < next && !live[by]) {
            by++;
        }
        return by < next
                   ? qp_fail(err, QP_E_USAGE,
                             "statement %" PRIu64 " was given up before, by statement %" PRIu64
                             "; give up a later one",
                             from, by)
                   : qp_fail(err, QP_E_USAGE,
                             "statement %" PRIu64 " is given up already; the next one that is "
                             "signed goes on without it",
                             from);
    }
    if (admitted != NULL && *admitted >= from) {
        return qp_fail(err, QP_E_USAGE,
                       "statement %" PRIu64
                       " cannot be the newest one that the ledger has, when %" PRIu64
                       " was refused",
                       *admitted, from);
    }
    return QP_OK;
}

/* The head of a journal that gives up what is from `from` on. */
static enum qp_code plan(const struct qp_journal *journal, uint64_t from, const uint64_t *admitted,
                         struct qp_journal_head *head, struct qp_err *err)
{
    /* What `from` itself has given up is not in the ledger either. */
    uint64_t first = admitted != NULL ? *admitted + 1 : from - journal->marks[from].given_up;
    *head = journal->head;
    head->given_up = head->next_sequence - first;
    if (head->given_up > UINT32_MAX) {
        return qp_fail(err, QP_E_USAGE, "%" PRIu64 " statements are too many to give up at once",
                       head->given_up);
    }
    return qp_journal_link(journal, first, &head->base, err);
}

enum qp_code qp_journal_give_up(struct qp_journal *journal, uint64_t from, const uint64_t *admitted,
                                struct qp_err *err)
{
    struct qp_journal_signing signing = {.issued_ms = 0};
    struct qp_buf none = {0};
    bool *live = NULL;
    enum qp_code rc = qp_journal_live(journal, &live, err);
    rc = rc == QP_OK ? check_from(journal, from, admitted, live, err) : rc;
    rc = rc == QP_OK ? plan(journal, from, admitted, &signing.head, err) : rc;
    rc = rc == QP_OK ? qp_journal_commit(journal, &signing, &none, err) : rc;
    qp_buf_wipe(&none);
    qp_free(live);
    return rc;
}

/* ---- What is signed again ---- */

struct left_out {
    uint64_t sequence;
    uint32_t position;
};

struct again {
    struct qp_journal *journal;
    const struct qp_resign *what;
    bool *live;
    uint64_t *places; /* sequence of what.from + i, when signed again; else UINT64_MAX */
    struct left_out *left_out;
    size_t left_out_count;
    size_t left_out_capacity;
    struct qp_arena scratch; /* of one event */
    struct qp_journal_signing signing;
    struct qp_resigned done;
};

/* A statement whose events are taken over, one after the other. */
struct taken {
    const Qp__Submission *submission;
    uint64_t sequence;
    size_t next_sealed;
    struct qp_draft *draft;
    bool leave_out; /* the event at hand */
};

static enum qp_code leave_out(struct again *again, const struct taken *taken, uint32_t position,
                              struct qp_err *err)
{
    if (again->left_out_count == again->left_out_capacity) {
        size_t capacity = again->left_out_capacity == 0 ? 16 : 2 * again->left_out_capacity;
        struct left_out *larger = qp_realloc(again->left_out, capacity * sizeof *larger);
        if (larger == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory to sign again");
        }
        again->left_out = larger;
        again->left_out_capacity = capacity;
    }
    again->left_out[again->left_out_count++] =
        (struct left_out){.sequence = taken->sequence, .position = position};
    if (again->what->tell == NULL) {
        return QP_OK;
    }
    return again->what->tell(again->what->context, taken->sequence, position,
                             qp_span_bytes(taken->submission->events[position]), err);
}

static bool is_left_out(const struct again *again, uint64_t sequence, uint32_t position)
{
    const struct qp_resign *what = again->what;
    for (size_t i = 0; sequence == what->from && i < what->left_out_count; i++) {
        if (what->left_out[i] == position) {
            return true;
        }
    }
    for (size_t i = 0; i < again->left_out_count; i++) {
        if (again->left_out[i].sequence == sequence && again->left_out[i].position == position) {
            return true;
        }
    }
    return sequence == what->from && what->leave_out_all;
}

/* An event that voids another one of this key which is signed again names it in its new place.
 * *changed: it does. *gone: the other one is left out. */
static void follow_voided(const struct again *again, Qp__Event *event, bool *changed, bool *gone)
{
    const struct qp_public_key *key = &again->journal->public_key;
    *changed = false;
    *gone = false;
    if (event->body_case != QP__EVENT__BODY_EVENT_VOIDED) {
        return;
    }
    Qp__EventReference *voided = event->event_voided->event;
    uint64_t sequence = voided->sequence;
    if (!qp_span_eq(qp_span_bytes(voided->issuer), qp_span_of(key->bytes, sizeof key->bytes)) ||
        sequence < again->what->from || sequence >= again->journal->head.next_sequence) {
        return;
    }
    *gone = is_left_out(again, sequence, voided->position);
    uint64_t place = again->places[sequence - again->what->from];
    if (*gone || place == UINT64_MAX) {
        return;
    }
    uint32_t before = 0;
    for (size_t i = 0; i < again->left_out_count; i++) {
        before += again->left_out[i].sequence == sequence &&
                  again->left_out[i].position < voided->position;
    }
    voided->sequence = place;
    voided->position -= before;
    *changed = true;
}

/* The contents of a submission come in the order of the commitments that they open. */
static enum qp_code take_sealed(void *context, const char *field, const Qp__Sealed *sealed,
                                struct qp_err *err)
{
    struct taken *taken = context;
    struct qp_hash hash;
    (void)field;
    if (taken->next_sealed == taken->submission->n_sealed) {
        return QP_OK;
    }
    const Qp__SealedContent *content = taken->submission->sealed[taken->next_sealed];
    struct qp_hash commitment = qp_bytes_hash(sealed->commitment);
    qp_content_hash(content, &hash);
    if (!qp_hash_eq(&hash, &commitment)) {
        return QP_OK; /* this one was given as a commitment alone */
    }
    taken->next_sealed++;
    return taken->leave_out ? QP_OK : qp_draft_keep_sealed(taken->draft, content, err);
}

static enum qp_code take_event(struct again *again, struct taken *taken, uint32_t position,
                               struct qp_err *err)
{
    struct qp_span bytes = qp_span_bytes(taken->submission->events[position]);
    Qp__Event *event = NULL;
    bool changed = false;
    bool gone = false;
    qp_arena_reset(&again->scratch);
    enum qp_code rc = qp_event_decode(bytes, &again->scratch, &event, err);
    if (rc != QP_OK) {
        return rc;
    }
    follow_voided(again, event, &changed, &gone);
    taken->leave_out = gone || is_left_out(again, taken->sequence, position);
    rc = qp_event_sealed(event, take_sealed, taken, err);
    if (rc == QP_OK && taken->leave_out) {
        return leave_out(again, taken, position, err);
    }
    if (rc == QP_OK) {
        rc = changed ? qp_draft_add_event(taken->draft, event, err)
                     : qp_draft_keep_event(taken->draft, bytes, err);
    }
    return rc;
}

static enum qp_code check_positions(const struct qp_resign *what, size_t event_count,
                                    struct qp_err *err)
{
    for (size_t i = 0; i < what->left_out_count; i++) {
        if (what->left_out[i] >= event_count) {
            return qp_fail(err, QP_E_USAGE,
                           "statement %" PRIu64 " has no event %" PRIu32 "; it has 0 to %zu",
                           what->from, what->left_out[i], event_count - 1);
        }
    }
    return QP_OK;
}

static enum qp_code sign_again(struct again *again, const Qp__Submission *submission,
                               uint64_t sequence, struct qp_err *err)
{
    struct taken taken = {.submission = submission, .sequence = sequence};
    enum qp_code rc = sequence == again->what->from
                          ? check_positions(again->what, submission->n_events, err)
                          : QP_OK;
    rc = rc == QP_OK ? qp_draft_new(&taken.draft, err) : rc;
    for (size_t i = 0; rc == QP_OK && i < submission->n_events; i++) {
        rc = take_event(again, &taken, (uint32_t)i, err);
    }
    size_t count = rc == QP_OK ? qp_draft_event_count(taken.draft) : 0;
    if (count > 0) {
        again->places[sequence - again->what->from] = again->signing.head.next_sequence;
        again->done.statement_count++;
        again->done.event_count += count;
        rc = qp_journal_sign_one(again->journal, taken.draft, 0, count, &again->signing, err);
    }
    qp_draft_free(taken.draft);
    return rc;
}

static enum qp_code sign_all_again(struct again *again, struct qp_err *err)
{
    struct qp_journal *journal = again->journal;
    uint64_t next = journal->head.next_sequence;
    struct qp_arena arena;
    struct qp_buf bytes = {0};
    size_t count = (size_t)(next - again->what->from);
    again->places = qp_alloc_zero(count + 1, sizeof *again->places);
    if (again->places == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to sign again");
    }
    for (size_t i = 0; i < count; i++) {
        again->places[i] = UINT64_MAX;
    }
    qp_arena_init(&arena, 0);
    enum qp_code rc = QP_OK;
    for (uint64_t at = again->what->from; rc == QP_OK && at < next; at++) {
        Qp__Submission *submission = NULL;
        if (!again->live[at]) {
            continue; /* what it had was signed again when it was given up */
        }
        qp_arena_reset(&arena);
        rc = qp_journal_read(journal, at, &arena, &bytes, &submission, err);
        rc = rc == QP_OK ? sign_again(again, submission, at, err) : rc;
    }
    qp_buf_wipe(&bytes);
    qp_arena_wipe(&arena);
    return rc;
}

enum qp_code qp_journal_resign(struct qp_journal *journal, const struct qp_resign *what,
                               uint64_t issued_ms, struct qp_buf *out, struct qp_resigned *resigned,
                               struct qp_err *err)
{
    struct again again = {
        .journal = journal, .what = what, .done.first = journal->head.next_sequence};
    again.signing.issued_ms = issued_ms;
    qp_arena_init(&again.scratch, 0);
    enum qp_code rc = qp_journal_live(journal, &again.live, err);
    rc = rc == QP_OK ? check_from(journal, what->from, what->admitted, again.live, err) : rc;
    rc = rc == QP_OK ? plan(journal, what->from, what->admitted, &again.signing.head, err) : rc;
    rc = rc == QP_OK ? sign_all_again(&again, err) : rc;
    rc = rc == QP_OK ? qp_journal_commit(journal, &again.signing, out, err) : rc;
    if (rc == QP_OK && resigned != NULL) {
        again.done.left_out_count = again.left_out_count;
        *resigned = again.done;
    }
    qp_free(again.live);
    qp_free(again.places);
    qp_free(again.left_out);
    qp_buf_wipe(&again.signing.records);
    qp_arena_wipe(&again.scratch);
    return rc;
}
