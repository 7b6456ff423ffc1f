/* Claims of certificates: each step of the goods' way that a scheme covers is taken by a party that
 * held a certificate of it, for these goods, on that day.
 *
 * A step is looked up by halving among its party's certificates, and schemes that only the bundle
 * speaks of are few, so the cost grows with steps and certificates, not with their product. */
#include "proof/papers.h"

#include "core/check.h"
#include "core/time.h"

#include <stdlib.h>
#include <string.h>

/* Schemes that the policy does not name, of which a certificate is shown: no more are judged. */
#define SHOWN_SCHEMES_MAX 16

enum step_kind { HARVEST, PROCESSING, TRADE, STEP_KINDS };

/* An event of the closure that somebody has to be certified for. */
struct step {
    enum step_kind kind;
    size_t event;
    const char *party; /* that signed it */
    const char *owner; /* of the goods, in a process */
    uint64_t when_ms;
    uint64_t grams; /* harvested */
};

/* Steps that lack a certificate for the same reason. */
struct gap {
    enum qp_paper_filter lacks; /* what had to be put aside to find a certificate; QP_PAPER_FILTERS:
                                   none of that day */
    size_t paper;               /* QP_NO_PAPER: the party holds none */
    const struct step *step;
    size_t count;
};

struct certificates {
    struct qp_judging *judging;
    struct qp_arena arena;
    struct step *steps;
    size_t step_count;
    const char **parties; /* that took a step or owned goods, ascending */
    size_t party_count;
    const char **owners; /* of each lot of the closure, at the event reached */
    uint32_t *kinds;     /* of each lot's hand-over under way: TransferKind */
    struct qp_papers papers;
    struct gap *gaps;
    Qp__Commodity commodity;
    char goods[40];         /* its name */
    uint32_t covered_steps; /* bits of step kinds, of the scheme that is judged */
};

static enum qp_code no_memory(const struct certificates *all)
{
    return qp_fail(all->judging->err, QP_E_MEMORY, "no memory to judge the certificates");
}

/* ---- The steps of the way ---- */

static void own_outputs(struct certificates *all, const Qp__LotProcessed *body, const char *owner)
{
    for (size_t i = 0; i < body->n_outputs; i++) {
        size_t lot = qp_judge_lot(all->judging, body->outputs[i]->lot);
        if (lot != SIZE_MAX) {
            all->owners[lot] = owner;
        }
    }
}

static struct step *add_step(struct certificates *all, enum step_kind kind, size_t at,
                             const char *party, const Qp__Event *event)
{
    struct step *step = &all->steps[all->step_count++];
    *step = (struct step){
        .kind = kind, .event = at, .party = party, .owner = party, .when_ms = event->occurred_ms};
    return step;
}

/* The event, and who owns what after it. The replay has found it sound. */
static void follow(struct certificates *all, size_t at, const char *party, const Qp__Event *event)
{
    const struct qp_judging *judging = all->judging;
    bool closure = (judging->replay->marks[at] & QP_MARK_CLOSURE) != 0;
    size_t lot = SIZE_MAX;
    switch (event->body_case) {
    case QP__EVENT__BODY_LOT_HARVESTED:
        lot = closure ? qp_judge_lot(judging, event->lot_harvested->lot) : SIZE_MAX;
        if (lot != SIZE_MAX) {
            all->owners[lot] = party;
            add_step(all, HARVEST, at, party, event)->grams = event->lot_harvested->quantity->grams;
        }
        break;
    case QP__EVENT__BODY_LOT_TRANSFERRED:
        lot = qp_judge_lot(judging, event->lot_transferred->lot);
        if (lot != SIZE_MAX) {
            all->kinds[lot] = (uint32_t)event->lot_transferred->kind;
        }
        break;
    case QP__EVENT__BODY_LOT_RECEIVED:
        lot = qp_judge_lot(judging, event->lot_received->lot);
        if (lot != SIZE_MAX && all->kinds[lot] != QP__TRANSFER_KIND__TRANSFER_KIND_CUSTODY) {
            all->owners[lot] = party;
        }
        break;
    case QP__EVENT__BODY_LOT_PROCESSED:
        lot = closure ? qp_judge_lot(judging, event->lot_processed->inputs[0]->lot) : SIZE_MAX;
        if (lot != SIZE_MAX) {
            const char *owner = all->owners[lot] != NULL ? all->owners[lot] : party;
            add_step(all, PROCESSING, at, party, event)->owner = owner;
            own_outputs(all, event->lot_processed, owner);
        }
        break;
    case QP__EVENT__BODY_SHIPMENT_DISPATCHED:
        if (closure) {
            (void)add_step(all, TRADE, at, party, event);
            all->commodity = event->shipment_dispatched->commodity;
        }
        break;
    default:
        break;
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list_parties(struct certificates *all)
{
    size_t count = 0;
    for (size_t i = 0; i < all->step_count; i++) {
        all->parties[count++] = all->steps[i].party;
        all->parties[count++] = all->steps[i].owner;
    }
    if (count == 0) {
        return;
    }
    qsort(all->parties, count, sizeof *all->parties, by_text);
    all->party_count = 1;
    for (size_t i = 1; i < count; i++) {
        if (strcmp(all->parties[i], all->parties[all->party_count - 1]) != 0) {
            all->parties[all->party_count++] = all->parties[i];
        }
    }
}

static bool is_of_trail(Qp__Event__BodyCase body)
{
    return body == QP__EVENT__BODY_LOT_HARVESTED || body == QP__EVENT__BODY_LOT_TRANSFERRED ||
           body == QP__EVENT__BODY_LOT_RECEIVED || body == QP__EVENT__BODY_LOT_PROCESSED ||
           body == QP__EVENT__BODY_SHIPMENT_DISPATCHED;
}

static enum qp_code find_steps(struct certificates *all)
{
    struct qp_judging *judging = all->judging;
    const char *party = "";
    size_t entry = SIZE_MAX; /* whose party that is */
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        const struct qp_slice_event *shown = &judging->slice->events[i];
        Qp__Event *event = NULL;
        if (!is_of_trail(shown->body) || !qp_judge_stands(judging, i)) {
            continue;
        }
        if (shown->entry != entry) {
            entry = shown->entry;
            rc = qp_judge_party(judging, &judging->slice->entries[entry].issuer, &all->arena,
                                &party);
        }
        if (rc == QP_OK) {
            rc = qp_slice_event(judging->slice, i, &event, judging->err);
        }
        if (rc == QP_OK) {
            follow(all, i, party, event);
        }
    }
    list_parties(all);
    qp_enum_name(all->goods, &qp__commodity__descriptor, (int)all->commodity);
    return rc;
}

/* ---- One scheme ---- */

/* A process may be certified by who owns the goods. */
static enum qp_paper_filter judge_step(const struct certificates *all, size_t first, size_t count,
                                       const struct step *step, size_t *paper)
{
    size_t other = QP_NO_PAPER;
    enum qp_paper_filter lacks =
        qp_papers_look_up(&all->papers, first, count, step->party, step->when_ms, paper);
    if (lacks != QP_PAPER_GOOD && step->owner != step->party &&
        qp_papers_look_up(&all->papers, first, count, step->owner, step->when_ms, &other) ==
            QP_PAPER_GOOD) {
        *paper = other;
        return QP_PAPER_GOOD;
    }
    return lacks;
}

static int by_cause(const void *a, const void *b)
{
    const struct gap *one = a;
    const struct gap *two = b;
    int order = (one->lacks > two->lacks) - (one->lacks < two->lacks);
    if (order == 0) {
        order = (one->paper > two->paper) - (one->paper < two->paper);
    }
    if (order == 0) {
        order = (one->step->kind > two->step->kind) - (one->step->kind < two->step->kind);
    }
    return order != 0 ? order : strcmp(one->step->party, two->step->party);
}

static int by_cause_and_event(const void *a, const void *b)
{
    const struct gap *one = a;
    const struct gap *two = b;
    int order = by_cause(a, b);
    return order != 0
               ? order
               : (one->step->event > two->step->event) - (one->step->event < two->step->event);
}

static int by_first_event(const void *a, const void *b)
{
    const struct gap *one = a;
    const struct gap *two = b;
    return (one->step->event > two->step->event) - (one->step->event < two->step->event);
}

/* "harvest of lot coop/H-1 by coop on 2026-05-20, and 11 more" */
static enum qp_code write_step(struct certificates *all, const struct gap *gap, char text[300])
{
    static const char *const names[STEP_KINDS] = {"harvest of lot", "process of lot",
                                                  "dispatch of"};
    const struct step *step = gap->step;
    char date[QP_TIME_TEXT_BYTES];
    char more[40] = "";
    char owner[80] = "";
    Qp__Event *event = NULL;
    enum qp_code rc = qp_slice_event(all->judging->slice, step->event, &event, all->judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    const char *what = step->kind == HARVEST      ? event->lot_harvested->lot
                       : step->kind == PROCESSING ? event->lot_processed->outputs[0]->lot
                                                  : event->shipment_dispatched->shipment;
    qp_date_format(date, step->when_ms);
    if (gap->count > 1) {
        (void)snprintf(more, sizeof more, ", and %zu more", gap->count - 1);
    }
    if (strcmp(step->owner, step->party) != 0) {
        (void)snprintf(owner, sizeof owner, " for %.31s, who has none that counts either,",
                       step->owner);
    }
    (void)snprintf(text, 300, "%s %s by %s%s on %s%s", names[step->kind], what, step->party, owner,
                   date, more);
    return QP_OK;
}

/* A certifier took its word back: that is more than silence. */
static enum qp_code tell_gap(struct certificates *all, struct qp_claim *claim, const char *scheme,
                             const struct gap *gap)
{
    const struct qp_paper *paper = gap->paper == QP_NO_PAPER ? NULL : &all->papers.list[gap->paper];
    char step[300];
    char date[QP_TIME_TEXT_BYTES];
    enum qp_code rc = write_step(all, gap, step);
    if (rc != QP_OK) {
        return rc;
    }
    if (paper == NULL) {
        qp_claim_reason(claim, QP_NOT_SHOWN, "%s: no certificate of %s is shown that %s holds",
                        step, scheme, gap->step->party);
    } else if (gap->lacks == QP_PAPER_WITHDRAWN) {
        qp_date_format(date, paper->withdrawn_ms);
        qp_claim_reason(claim, QP_FAIL, "%s: certificate %s was withdrawn from %s on", step,
                        paper->id, date);
    } else if (gap->lacks == QP_PAPER_UNTRUSTED) {
        qp_claim_reason(claim, QP_NOT_SHOWN,
                        "%s: certificate %s is by %s, whom the policy does not trust for %s", step,
                        paper->id, paper->by, scheme);
    } else if (gap->lacks == QP_PAPER_OF_OTHERS) {
        qp_claim_reason(claim, QP_NOT_SHOWN, "%s: certificate %s does not cover %s", step,
                        paper->id, all->goods);
    } else if (paper->from_ms > gap->step->when_ms) {
        qp_date_format(date, paper->from_ms);
        qp_claim_reason(claim, QP_NOT_SHOWN, "%s: certificate %s begins on %s only", step,
                        paper->id, date);
    } else {
        size_t newest = paper->last[QP_PAPER_OF_OTHERS];
        const struct qp_paper *last = newest == QP_NO_PAPER ? paper : &all->papers.list[newest];
        qp_date_format(date, last->to_ms);
        qp_claim_reason(claim, QP_NOT_SHOWN, "%s: certificate %s had ended on %s", step, last->id,
                        date);
    }
    return QP_OK;
}

static enum qp_code tell_gaps(struct certificates *all, struct qp_claim *claim, const char *scheme,
                              size_t count)
{
    size_t groups = 0;
    enum qp_code rc = QP_OK;
    if (count == 0) {
        return QP_OK;
    }
    qsort(all->gaps, count, sizeof *all->gaps, by_cause_and_event);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && by_cause(&all->gaps[groups - 1], &all->gaps[i]) == 0) {
            all->gaps[groups - 1].count++;
        } else {
            all->gaps[groups++] = all->gaps[i];
        }
    }
    qsort(all->gaps, groups, sizeof *all->gaps, by_first_event);
    for (size_t i = 0; rc == QP_OK && i < groups; i++) {
        rc = tell_gap(all, claim, scheme, &all->gaps[i]);
    }
    return rc;
}

/* What was relied on, in its own words. */
static enum qp_code tell_used(struct certificates *all, struct qp_claim *claim, size_t first,
                              size_t count)
{
    struct qp_judging *judging = all->judging;
    uint64_t used = 0;
    enum qp_code rc = QP_OK;
    for (size_t i = first; rc == QP_OK && i < first + count; i++) {
        const struct qp_paper *paper = &all->papers.list[i];
        char from[QP_TIME_TEXT_BYTES];
        char to[QP_TIME_TEXT_BYTES];
        Qp__Event *event = NULL;
        if (!paper->used) {
            continue;
        }
        used++;
        rc = qp_slice_event(judging->slice, paper->event, &event, judging->err);
        if (rc == QP_OK) {
            const char *scope = event->certificate_issued->scope;
            qp_date_format(from, paper->from_ms);
            qp_date_format(to, paper->to_ms);
            qp_claim_reason(claim, QP_PASS, "%s holds %s by %s, %s to %s%s%s", paper->holder,
                            paper->id, paper->by, from, to, scope[0] != '\0' ? ": " : "", scope);
        }
    }
    qp_claim_number(claim, "certificates", used);
    return rc;
}

/* At which steps the scheme wants a certificate; all of them where no rule set says so. */
static enum qp_code find_covered(struct certificates *all, const char *scheme)
{
    const Qp__RuleSetPublished *rules = NULL;
    enum qp_code rc = qp_judge_rules(all->judging, &rules);
    all->covered_steps = 1U << HARVEST | 1U << PROCESSING | 1U << TRADE;
    for (size_t i = 0; rc == QP_OK && rules != NULL && i < rules->n_schemes; i++) {
        const Qp__CertificateScheme *listed = rules->schemes[i];
        if (strcmp(listed->scheme, scheme) != 0) {
            continue;
        }
        all->covered_steps = 0;
        for (size_t k = 0; k < listed->n_steps; k++) {
            all->covered_steps |=
                1U << ((unsigned)listed->steps[k] -
                       (unsigned)QP__CERTIFIED_STEP__CERTIFIED_STEP_HARVEST + (unsigned)HARVEST);
        }
    }
    return rc;
}

static enum qp_code judge_scheme(struct certificates *all, const char *scheme)
{
    struct qp_judging *judging = all->judging;
    struct qp_claim *claim = NULL;
    size_t first = 0;
    size_t count = qp_papers_of_scheme(&all->papers, scheme, &first);
    size_t gaps = 0;
    uint64_t covered = 0;
    uint64_t wanted = 0;
    uint64_t grams = 0;
    uint64_t covered_grams = 0;
    enum qp_code rc = qp_certificate_claim(judging->verdict, scheme,
                                           qp_judge_requires_scheme(judging->trust, scheme), &claim,
                                           judging->err);
    rc = rc == QP_OK ? find_covered(all, scheme) : rc;
    for (size_t i = 0; rc == QP_OK && i < all->step_count; i++) {
        const struct step *step = &all->steps[i];
        size_t paper = QP_NO_PAPER;
        grams += step->grams;
        if ((all->covered_steps & 1U << step->kind) == 0) {
            continue;
        }
        wanted++;
        enum qp_paper_filter lacks = judge_step(all, first, count, step, &paper);
        if (lacks == QP_PAPER_GOOD) {
            all->papers.list[paper].used = true;
            covered++;
            covered_grams += step->grams;
        } else {
            all->gaps[gaps++] =
                (struct gap){.lacks = lacks, .paper = paper, .step = step, .count = 1};
        }
    }
    if (rc == QP_OK) {
        rc = tell_gaps(all, claim, scheme, gaps);
    }
    if (rc == QP_OK) {
        qp_claim_number(claim, "events", wanted);
        qp_claim_number(claim, "covered", covered);
        if ((all->covered_steps & 1U << HARVEST) != 0) {
            qp_claim_number(claim, "harvested_grams", grams);
            qp_claim_number(claim, "covered_grams", covered_grams);
        }
        rc = tell_used(all, claim, first, count);
    }
    return rc;
}

/* ---- All schemes ---- */

static bool acts(const struct certificates *all, const char *party)
{
    return all->party_count > 0 &&
           bsearch(&party, all->parties, all->party_count, sizeof *all->parties, by_text) != NULL;
}

static bool is_listed(const char *const *list, size_t count, const char *scheme)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], scheme) == 0) {
            return true;
        }
    }
    return false;
}

/* Those of the policy first, then those of which whoever took part in the way of the goods holds a
 * certificate. */
static enum qp_code judge_schemes(struct certificates *all)
{
    const struct qp_trust *trust = all->judging->trust;
    size_t room = trust->required_scheme_count + SHOWN_SCHEMES_MAX;
    size_t count = 0;
    size_t shown = 0;
    uint64_t left_off = 0;
    for (size_t i = 0; i < trust->certifiers.count; i++) {
        room += trust->certifiers.items[i].scheme_count;
    }
    const char **list = qp_arena_alloc_zero(&all->arena, room, sizeof *list);
    if (list == NULL) {
        return no_memory(all);
    }
    for (size_t i = 0; i < trust->required_scheme_count; i++) {
        list[count++] = trust->required_schemes[i];
    }
    for (size_t i = 0; i < trust->certifiers.count; i++) {
        const struct qp_trusted *item = &trust->certifiers.items[i];
        for (size_t k = 0; k < item->scheme_count; k++) {
            if (!is_listed(list, count, item->schemes[k])) {
                list[count++] = item->schemes[k];
            }
        }
    }
    size_t named = count;
    const char *last = ""; /* papers of one scheme stand together */
    for (size_t i = 0; i < all->papers.count; i++) {
        const struct qp_paper *paper = &all->papers.list[i];
        if (strcmp(paper->scheme, last) == 0 || !acts(all, paper->holder)) {
            continue;
        }
        last = paper->scheme;
        if (is_listed(list, named, paper->scheme)) {
            continue;
        }
        if (shown == SHOWN_SCHEMES_MAX) {
            left_off++;
        } else {
            list[count++] = paper->scheme;
            shown++;
        }
    }
    if (left_off > 0) {
        qp_verdict_fact(all->judging->verdict, "schemes_left_off",
                        json_integer((json_int_t)left_off));
    }
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        rc = judge_scheme(all, list[i]);
    }
    return rc;
}

/* Does the policy name a scheme, or the bundle show a certificate? */
static bool has_schemes(const struct qp_judging *judging)
{
    const struct qp_trust *trust = judging->trust;
    bool any = trust->required_scheme_count > 0;
    for (size_t i = 0; !any && i < trust->certifiers.count; i++) {
        any = trust->certifiers.items[i].scheme_count > 0;
    }
    for (size_t i = 0; !any && i < judging->slice->event_count; i++) {
        any = judging->slice->events[i].body == QP__EVENT__BODY_CERTIFICATE_ISSUED;
    }
    return any;
}

enum qp_code qp_judge_certificates(struct qp_judging *judging)
{
    struct certificates all = {.judging = judging};
    size_t steps = 0;
    if (!has_schemes(judging)) {
        return QP_OK;
    }
    qp_arena_init(&all.arena, 0);
    for (size_t i = 0; i < judging->slice->event_count; i++) {
        steps += (judging->replay->marks[i] & QP_MARK_CLOSURE) != 0;
    }
    all.steps = qp_arena_alloc_zero(&all.arena, steps + 1, sizeof *all.steps);
    all.gaps = qp_arena_alloc_zero(&all.arena, steps + 1, sizeof *all.gaps);
    all.parties = qp_arena_alloc_zero(&all.arena, 2 * steps + 1, sizeof *all.parties);
    all.owners =
        qp_arena_alloc_zero(&all.arena, judging->replay->lot_count + 1, sizeof *all.owners);
    all.kinds = qp_arena_alloc_zero(&all.arena, judging->replay->lot_count + 1, sizeof *all.kinds);
    bool ok = all.steps != NULL && all.gaps != NULL && all.parties != NULL && all.owners != NULL &&
              all.kinds != NULL;
    enum qp_code rc = ok ? find_steps(&all) : no_memory(&all);
    rc = rc == QP_OK ? qp_papers_read(judging, all.commodity, &all.arena, &all.papers) : rc;
    rc = rc == QP_OK ? judge_schemes(&all) : rc;
    qp_arena_wipe(&all.arena);
    return rc;
}
