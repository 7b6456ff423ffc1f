#include "proof/papers.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    struct qp_judging *judging;
    struct qp_arena *arena;
    Qp__Commodity commodity; /* of the shipment */
};

static enum qp_code no_memory(const struct qp_judging *judging)
{
    return qp_fail(judging->err, QP_E_MEMORY, "no memory to judge the certificates");
}

static enum qp_code keep(struct reading *all, const char *text, const char **kept)
{
    *kept = qp_arena_text(all->arena, qp_span_text(text));
    return *kept != NULL ? QP_OK : no_memory(all->judging);
}

static bool is_trusted(const struct reading *all, const struct qp_paper *paper,
                       const struct qp_public_key *key)
{
    const struct qp_trusted_list *list = &all->judging->trust->certifiers;
    for (size_t i = 0; i < list->count; i++) {
        const struct qp_trusted *item = &list->items[i];
        bool scheme = item->scheme_count == 0;
        for (size_t k = 0; k < item->scheme_count; k++) {
            scheme = scheme || strcmp(item->schemes[k], paper->scheme) == 0;
        }
        if (scheme && strcmp(item->party, paper->by) == 0 &&
            (!item->has_key || qp_public_key_eq(&item->key, key))) {
            return true;
        }
    }
    return false;
}

/* From when on it is withdrawn. An event that is not shown withdraws from the beginning. */
static enum qp_code find_withdrawal(struct reading *all, struct qp_paper *paper)
{
    struct qp_judging *judging = all->judging;
    struct qp_state_key key = qp_state_key_text(QP_STATE_CERTIFICATE, paper->id);
    Qp__CertificateState *state = NULL;
    Qp__Event *event = NULL;
    struct qp_arena scratch;
    qp_arena_init(&scratch, 0);
    enum qp_code rc = qp_state_read(&judging->replay->state, &key, &qp_rule_certificate_state,
                                    &scratch, &state, judging->err);
    paper->withdrawn_ms = UINT64_MAX;
    if (rc == QP_OK && state != NULL && state->withdrawn != NULL) {
        size_t at = qp_slice_find_place(judging->slice, state->withdrawn->index,
                                        state->withdrawn->position);
        paper->withdrawn_ms = 0;
        if (at != SIZE_MAX) {
            rc = qp_slice_event(judging->slice, at, &event, judging->err);
        }
        if (rc == QP_OK && event != NULL &&
            event->body_case == QP__EVENT__BODY_CERTIFICATE_WITHDRAWN) {
            paper->withdrawn_ms = event->certificate_withdrawn->from_ms;
        }
    }
    qp_arena_wipe(&scratch);
    return rc;
}

static enum qp_code read_paper(struct reading *all, size_t at, struct qp_paper *paper)
{
    struct qp_judging *judging = all->judging;
    const struct qp_slice_entry *entry = &judging->slice->entries[judging->slice->events[at].entry];
    Qp__Event *event = NULL;
    enum qp_code rc = qp_slice_event(judging->slice, at, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    const Qp__CertificateIssued *body = event->certificate_issued;
    *paper =
        (struct qp_paper){.event = at, .from_ms = body->valid_from_ms, .to_ms = body->valid_to_ms};
    for (size_t i = 0; i < body->n_commodities; i++) {
        paper->covers = paper->covers || body->commodities[i] == all->commodity;
    }
    rc = keep(all, body->certificate, &paper->id);
    rc = rc == QP_OK ? keep(all, body->scheme, &paper->scheme) : rc;
    rc = rc == QP_OK ? keep(all, body->holder, &paper->holder) : rc;
    rc = rc == QP_OK ? qp_judge_party(judging, &entry->issuer, all->arena, &paper->by) : rc;
    if (rc == QP_OK) {
        paper->trusted = is_trusted(all, paper, &entry->issuer);
        rc = find_withdrawal(all, paper);
    }
    return rc;
}

static int by_scheme(const void *a, const void *b)
{
    const struct qp_paper *one = a;
    const struct qp_paper *two = b;
    int order = strcmp(one->scheme, two->scheme);
    order = order != 0 ? order : strcmp(one->holder, two->holder);
    if (order == 0) {
        order = (one->from_ms > two->from_ms) - (one->from_ms < two->from_ms);
    }
    return order != 0 ? order : (one->event > two->event) - (one->event < two->event);
}

/* The last moment at which the certificate counts under the filter; 0: it never does. */
static uint64_t end_of(const struct qp_paper *paper, enum qp_paper_filter filter)
{
    bool passes = (filter >= QP_PAPER_UNTRUSTED || paper->trusted) &&
                  (filter >= QP_PAPER_OF_OTHERS || paper->covers);
    uint64_t end = paper->to_ms;
    if (filter == QP_PAPER_GOOD && paper->withdrawn_ms <= end) {
        end = paper->withdrawn_ms > 0 ? paper->withdrawn_ms - 1 : 0;
    }
    return passes && end >= paper->from_ms ? end : 0;
}

static void find_last(struct qp_paper *papers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool first = i == 0 || strcmp(papers[i - 1].scheme, papers[i].scheme) != 0 ||
                     strcmp(papers[i - 1].holder, papers[i].holder) != 0;
        for (int filter = 0; filter < QP_PAPER_FILTERS; filter++) {
            size_t before = first ? QP_NO_PAPER : papers[i - 1].last[filter];
            uint64_t end = end_of(&papers[i], (enum qp_paper_filter)filter);
            uint64_t other =
                before == QP_NO_PAPER ? 0 : end_of(&papers[before], (enum qp_paper_filter)filter);
            papers[i].last[filter] = end > other ? i : before;
        }
    }
}

enum qp_code qp_papers_read(struct qp_judging *judging, Qp__Commodity commodity,
                            struct qp_arena *arena, struct qp_papers *papers)
{
    struct reading all = {.judging = judging, .arena = arena, .commodity = commodity};
    size_t room = 0;
    for (size_t i = 0; i < judging->slice->event_count; i++) {
        room += judging->slice->events[i].body == QP__EVENT__BODY_CERTIFICATE_ISSUED;
    }
    *papers =
        (struct qp_papers){.list = qp_arena_alloc_zero(arena, room + 1, sizeof *papers->list)};
    if (papers->list == NULL) {
        return no_memory(judging);
    }
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        if (judging->slice->events[i].body == QP__EVENT__BODY_CERTIFICATE_ISSUED &&
            qp_judge_stands(judging, i)) {
            rc = read_paper(&all, i, &papers->list[papers->count++]);
        }
    }
    if (rc == QP_OK && papers->count > 0) {
        qsort(papers->list, papers->count, sizeof *papers->list, by_scheme);
        find_last(papers->list, papers->count);
    }
    return rc;
}

size_t qp_papers_of_scheme(const struct qp_papers *papers, const char *scheme, size_t *first)
{
    size_t low = 0;
    size_t high = papers->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(papers->list[middle].scheme, scheme) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *first = low;
    while (low < papers->count && strcmp(papers->list[low].scheme, scheme) == 0) {
        low++;
    }
    return low - *first;
}

/* The holder's newest certificate that has begun at this time, or, of one that has none, the first
 * that will; QP_NO_PAPER: it holds none. */
static size_t find_begun(const struct qp_papers *papers, size_t first, size_t count,
                         const char *holder, uint64_t when_ms)
{
    size_t low = first;
    size_t high = first + count;
    while (low < high) { /* ends behind the holder's that have begun, and all earlier holders' */
        size_t middle = low + (high - low) / 2;
        int order = strcmp(papers->list[middle].holder, holder);
        if (order < 0 || (order == 0 && papers->list[middle].from_ms <= when_ms)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > first && strcmp(papers->list[low - 1].holder, holder) == 0) {
        return low - 1;
    }
    return low < first + count && strcmp(papers->list[low].holder, holder) == 0 ? low : QP_NO_PAPER;
}

enum qp_paper_filter qp_papers_look_up(const struct qp_papers *papers, size_t first, size_t count,
                                       const char *holder, uint64_t when_ms, size_t *paper)
{
    size_t begun = find_begun(papers, first, count, holder, when_ms);
    *paper = begun;
    for (int filter = QP_PAPER_GOOD; begun != QP_NO_PAPER && filter < QP_PAPER_FILTERS; filter++) {
        size_t last = papers->list[begun].last[filter];
        if (last != QP_NO_PAPER && papers->list[last].from_ms <= when_ms &&
            end_of(&papers->list[last], (enum qp_paper_filter)filter) >= when_ms) {
            *paper = last;
            return (enum qp_paper_filter)filter;
        }
    }
    return QP_PAPER_FILTERS;
}
