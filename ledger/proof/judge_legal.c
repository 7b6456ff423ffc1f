/* With what right it was made: how strong the evidence is for each head of legality.
 *
 * A document speaks for what it is about. What is about the shipment, a lot, a certificate or a
 * party on the way speaks for the whole; what is about a plot or its producer, for that plot only,
 * and the shipment has what its weakest plot has. */
#include "proof/judge_claims.h"

#include "core/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADS 9 /* Qp__LegalityHead, from 1 */

/* Levels of evidence by head. */
struct levels {
    uint8_t of[HEADS];
};

struct legality {
    struct qp_judging *judging;
    struct qp_arena arena;
    struct levels whole;
    struct levels *plots;   /* of each origin, in the order of replay->plots */
    const char **producers; /* of the origins, each once, ascending */
    struct levels *people;  /* of each producer */
    size_t producer_count;
    const char **parties; /* on the way of the goods, each once, ascending */
    size_t party_count;
};

static enum qp_code no_memory(const struct legality *all)
{
    return qp_fail(all->judging->err, QP_E_MEMORY, "no memory to judge the documents");
}

/* ---- Levels ---- */

/* Verified is for those whose office it is to check others, documented needs a document that is
 * committed to. */
enum qp_code qp_judge_level(struct qp_judging *judging, size_t at, int evidence, bool document,
                            int *level)
{
    const struct qp_slice_event *shown = &judging->slice->events[at];
    const struct qp_slice_entry *entry = &judging->slice->entries[shown->entry];
    const uint32_t checkers = 1U << QP__ROLE__ROLE_CERTIFIER | 1U << QP__ROLE__ROLE_AUTHORITY |
                              1U << QP__ROLE__ROLE_INSPECTOR;
    struct qp_arena arena;
    const char *name = "";
    Qp__PartyState *party = NULL;
    uint32_t roles = 0;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_judge_party(judging, &entry->issuer, &arena, &name);
    if (rc == QP_OK) {
        struct qp_state_key key = qp_state_key_text(QP_STATE_PARTY, name);
        rc = qp_state_read(&judging->replay->state, &key, &qp_rule_party_state, &arena, &party,
                           judging->err);
    }
    for (size_t i = 0; rc == QP_OK && party != NULL && i < party->n_roles; i++) {
        roles |= 1U << party->roles[i];
    }
    int most = (roles & checkers) != 0 ? QP__EVIDENCE_LEVEL__EVIDENCE_LEVEL_VERIFIED
               : document              ? QP__EVIDENCE_LEVEL__EVIDENCE_LEVEL_DOCUMENTED
                                       : QP__EVIDENCE_LEVEL__EVIDENCE_LEVEL_DECLARED;
    *level = evidence < most ? evidence : most;
    qp_arena_wipe(&arena);
    return rc;
}

static void raise_level(struct levels *levels, int head, int level)
{
    QP_ASSERT(head > 0 && head < HEADS);
    levels->of[head] = levels->of[head] < level ? (uint8_t)level : levels->of[head];
}

static void carry_evidence(struct qp_verdict *verdict, size_t at, const char *of, int level)
{
    char name[40];
    qp_enum_name(name, &qp__evidence_level__descriptor, level);
    qp_verdict_carry(verdict, QP_LINE_LEGAL, QP_PASS, at, "evidence of %s: %s", of, name);
}

/* ---- Who is on the way ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts the list, and keeps each text once. */
static size_t unite(const char **list, size_t count)
{
    size_t kept = 0;
    if (count > 0) {
        qsort(list, count, sizeof *list, by_text);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(list[kept - 1], list[i]) != 0) {
            list[kept++] = list[i];
        }
    }
    return kept;
}

/* Its place in a list that is united; SIZE_MAX: not there. */
static size_t find_text(const char **list, size_t count, const char *text)
{
    const char **found = count == 0 ? NULL : bsearch(&text, list, count, sizeof *list, by_text);
    return found == NULL ? SIZE_MAX : (size_t)(found - list);
}

/* Does the event make its issuer one of those on the way? */
static enum qp_code is_on_the_way(const struct legality *all, size_t at, bool *is)
{
    struct qp_judging *judging = all->judging;
    Qp__Event__BodyCase body = judging->slice->events[at].body;
    Qp__Event *event = NULL;
    *is = qp_judge_stands(judging, at) && (judging->replay->marks[at] & QP_MARK_CLOSURE) != 0;
    if (*is || !qp_judge_stands(judging, at) ||
        (body != QP__EVENT__BODY_LOT_TRANSFERRED && body != QP__EVENT__BODY_LOT_RECEIVED)) {
        return QP_OK;
    }
    enum qp_code rc = qp_slice_event(judging->slice, at, &event, judging->err);
    if (rc == QP_OK) {
        *is = qp_judge_lot(judging, body == QP__EVENT__BODY_LOT_TRANSFERRED
                                        ? event->lot_transferred->lot
                                        : event->lot_received->lot) != SIZE_MAX;
    }
    return rc;
}

static enum qp_code find_parties(struct legality *all)
{
    struct qp_judging *judging = all->judging;
    size_t entry = SIZE_MAX; /* the last whose issuer is listed */
    enum qp_code rc = QP_OK;
    all->parties =
        qp_arena_alloc_zero(&all->arena, judging->slice->entry_count + 1, sizeof *all->parties);
    if (all->parties == NULL) {
        return no_memory(all);
    }
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        size_t of = judging->slice->events[i].entry;
        bool is = false;
        if (of == entry) {
            continue;
        }
        rc = is_on_the_way(all, i, &is);
        if (rc == QP_OK && is) {
            rc = qp_judge_party(judging, &judging->slice->entries[of].issuer, &all->arena,
                                &all->parties[all->party_count]);
            all->party_count += rc == QP_OK;
            entry = of;
        }
    }
    if (rc == QP_OK) {
        all->party_count = unite(all->parties, all->party_count);
    }
    return rc;
}

static enum qp_code find_producers(struct legality *all)
{
    const struct qp_verdict *verdict = all->judging->verdict;
    size_t room = verdict->plot_count + 1;
    all->plots = qp_arena_alloc_zero(&all->arena, room, sizeof *all->plots);
    all->producers = qp_arena_alloc_zero(&all->arena, room, sizeof *all->producers);
    all->people = qp_arena_alloc_zero(&all->arena, room, sizeof *all->people);
    if (all->plots == NULL || all->producers == NULL || all->people == NULL) {
        return no_memory(all);
    }
    for (size_t i = 0; i < verdict->plot_count; i++) {
        all->producers[i] = verdict->plots[i].producer;
    }
    all->producer_count = unite(all->producers, verdict->plot_count);
    return QP_OK;
}

/* ---- What each event gives ---- */

static size_t find_plot(const struct legality *all, const char *id)
{
    const struct qp_replay *replay = all->judging->replay;
    const struct qp_replay_node *plot = qp_replay_find(replay->plots, replay->plot_count, id);
    return plot == NULL ? SIZE_MAX : (size_t)(plot - replay->plots);
}

/* What its certifier has taken back speaks for nobody any more. */
static enum qp_code holds_certificate(struct legality *all, const char *id, bool *holds)
{
    struct qp_judging *judging = all->judging;
    struct qp_state_key key = qp_state_key_text(QP_STATE_CERTIFICATE, id);
    struct qp_arena arena;
    Qp__CertificateState *state = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_state_read(&judging->replay->state, &key, &qp_rule_certificate_state,
                                    &arena, &state, judging->err);
    *holds = rc == QP_OK && state != NULL && state->withdrawn == NULL &&
             find_text(all->parties, all->party_count, state->holder) != SIZE_MAX;
    qp_arena_wipe(&arena);
    return rc;
}

/* The levels that a document about this subject speaks to; NULL: it has nothing to do with the
 * shipment. */
static enum qp_code find_levels(struct legality *all, const Qp__Subject *subject,
                                struct levels **levels)
{
    const struct qp_judging *judging = all->judging;
    enum qp_code rc = QP_OK;
    size_t at = SIZE_MAX;
    bool is = false;
    *levels = NULL;
    switch (subject->kind) {
    case QP__SUBJECT_KIND__SUBJECT_KIND_PLOT:
        at = find_plot(all, subject->id);
        *levels = at == SIZE_MAX ? NULL : &all->plots[at];
        return QP_OK;
    case QP__SUBJECT_KIND__SUBJECT_KIND_PRODUCER:
        at = find_text(all->producers, all->producer_count, subject->id);
        *levels = at == SIZE_MAX ? NULL : &all->people[at];
        return QP_OK;
    case QP__SUBJECT_KIND__SUBJECT_KIND_PARTY:
        is = find_text(all->parties, all->party_count, subject->id) != SIZE_MAX;
        break;
    case QP__SUBJECT_KIND__SUBJECT_KIND_LOT:
        is = qp_judge_lot(judging, subject->id) != SIZE_MAX;
        break;
    case QP__SUBJECT_KIND__SUBJECT_KIND_CERTIFICATE:
        rc = holds_certificate(all, subject->id, &is);
        break;
    case QP__SUBJECT_KIND__SUBJECT_KIND_SHIPMENT:
        is = strcmp(subject->id, judging->slice->bundle->shipment) == 0;
        break;
    default:
        break;
    }
    *levels = is ? &all->whole : NULL;
    return rc;
}

static enum qp_code read_document(struct legality *all, size_t at, const Qp__DocumentAttached *body)
{
    struct levels *levels = NULL;
    int level = 0;
    enum qp_code rc = find_levels(all, body->subject, &levels);
    if (rc != QP_OK || levels == NULL) {
        return rc;
    }
    rc = qp_judge_level(all->judging, at, (int)body->evidence, body->document != NULL, &level);
    for (size_t i = 0; rc == QP_OK && i < body->n_heads; i++) {
        char head[40];
        raise_level(levels, (int)body->heads[i], level);
        qp_enum_name(head, &qp__legality_head__descriptor, (int)body->heads[i]);
        carry_evidence(all->judging->verdict, at, head, level);
    }
    return rc;
}

/* A plot's tenure is evidence of the right to use its land. Its paper lies with whoever registered
 * the plot, but nobody verifies it by saying so. */
static enum qp_code read_tenure(struct legality *all, size_t at, const Qp__PlotRegistered *body)
{
    size_t plot = find_plot(all, body->plot);
    int level = 0;
    if (plot == SIZE_MAX) {
        return QP_OK;
    }
    enum qp_code rc = qp_judge_level(all->judging, at, (int)body->tenure_evidence, true, &level);
    if (rc == QP_OK) {
        raise_level(&all->plots[plot], QP__LEGALITY_HEAD__LEGALITY_HEAD_LAND_USE, level);
        carry_evidence(all->judging->verdict, at, "tenure", level);
    }
    return rc;
}

static enum qp_code read_events(struct legality *all)
{
    struct qp_judging *judging = all->judging;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        Qp__Event__BodyCase body = judging->slice->events[i].body;
        Qp__Event *event = NULL;
        if ((body != QP__EVENT__BODY_DOCUMENT_ATTACHED &&
             body != QP__EVENT__BODY_PLOT_REGISTERED) ||
            !qp_judge_stands(judging, i)) {
            continue;
        }
        rc = qp_slice_event(judging->slice, i, &event, judging->err);
        if (rc != QP_OK) {
            return rc;
        }
        if (body == QP__EVENT__BODY_DOCUMENT_ATTACHED) {
            rc = read_document(all, i, event->document_attached);
            continue;
        }
        rc = read_tenure(all, i, event->plot_registered);
    }
    return rc;
}

/* ---- The line ---- */

/* What the shipment has through its plots, and how many of them have what the policy wants. */
static int judge_plots(const struct legality *all, int head, uint64_t *enough, bool *any)
{
    const struct qp_verdict *verdict = all->judging->verdict;
    int weakest = QP__EVIDENCE_LEVEL__EVIDENCE_LEVEL_VERIFIED;
    for (size_t i = 0; i < verdict->plot_count; i++) {
        size_t who = find_text(all->producers, all->producer_count, verdict->plots[i].producer);
        int level = all->plots[i].of[head];
        level = level < all->people[who].of[head] ? all->people[who].of[head] : level;
        weakest = level < weakest ? level : weakest;
        *enough += level >= (int)all->judging->trust->legal_level;
        *any = *any || level > 0;
    }
    return verdict->plot_count == 0 ? 0 : weakest;
}

static void tell_plots(struct qp_verdict *verdict, const char *head, uint64_t enough)
{
    char name[60];
    (void)snprintf(name, sizeof name, "%.40s_plots", head);
    qp_verdict_number(verdict, QP_LINE_LEGAL, name, enough);
}

/* Heads of one level are told together. */
static void tell_missing(const struct legality *all, int level)
{
    const struct qp_trust *trust = all->judging->trust;
    char heads[200] = "";
    char has[40] = "not shown";
    char least[40];
    size_t used = 0;
    for (int head = 1; head < HEADS && used < sizeof heads; head++) {
        char name[40];
        if ((trust->legal_heads & (1U << head)) == 0 || all->whole.of[head] != level) {
            continue;
        }
        qp_enum_name(name, &qp__legality_head__descriptor, head);
        used += (size_t)snprintf(heads + used, sizeof heads - used, "%s%s", used == 0 ? "" : ", ",
                                 name);
    }
    if (used == 0) {
        return;
    }
    if (level > 0) {
        qp_enum_name(has, &qp__evidence_level__descriptor, level);
    }
    qp_enum_name(least, &qp__evidence_level__descriptor, (int)trust->legal_level);
    qp_verdict_reason(all->judging->verdict, QP_LINE_LEGAL, QP_NOT_SHOWN,
                      "%s: evidence is %s; the policy wants %s", heads, has, least);
}

static void tell(struct legality *all)
{
    struct qp_verdict *verdict = all->judging->verdict;
    const struct qp_trust *trust = all->judging->trust;
    for (int head = 1; head < HEADS; head++) {
        char name[40];
        uint64_t enough = 0;
        bool any = false;
        qp_enum_name(name, &qp__legality_head__descriptor, head);
        raise_level(&all->whole, head, judge_plots(all, head, &enough, &any));
        qp_verdict_number(verdict, QP_LINE_LEGAL, name, all->whole.of[head]);
        if (any) {
            tell_plots(verdict, name, enough);
        }
    }
    for (int level = 0; level < (int)trust->legal_level; level++) {
        tell_missing(all, level);
    }
    if (trust->legal_heads == 0) {
        qp_verdict_reason(verdict, QP_LINE_LEGAL, QP_NOT_SHOWN,
                          "the policy names no heads of legality to judge");
    }
}

enum qp_code qp_judge_legal(struct qp_judging *judging)
{
    struct legality all = {.judging = judging};
    qp_arena_init(&all.arena, 0);
    enum qp_code rc = find_parties(&all);
    rc = rc == QP_OK ? find_producers(&all) : rc;
    rc = rc == QP_OK ? read_events(&all) : rc;
    if (rc == QP_OK) {
        tell(&all);
    }
    qp_arena_wipe(&all.arena);
    return rc;
}
