/* What the line "conserved" tells without failing: hand-overs that lost much between two scales,
 * and plots that yielded more than is usual. */
#include "proof/judge_claims.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define MILLION UINT64_C(1000000)
#define M2_PER_HA UINT64_C(10000)

static unsigned long long ull(uint64_t value)
{
    return value;
}

static enum qp_code no_memory(const struct qp_judging *judging)
{
    return qp_fail(judging->err, QP_E_MEMORY, "no memory for the notes of a verdict");
}

/* ---- Hand-overs ---- */

struct hand_overs {
    struct qp_judging *judging;
    uint64_t *given; /* of each lot of the closure: as its giver weighed it */
    uint64_t lost_grams;
    uint64_t most_ppm;
    bool limited; /* a rule set says what is much */
};

static void take_over(struct hand_overs *all, size_t at, const Qp__LotReceived *body, size_t lot)
{
    uint64_t given = all->given[lot];
    uint64_t taken = body->quantity->grams;
    uint64_t lost = given > taken ? given - taken : 0;
    uint64_t room = (uint64_t)QP_NUMBER_MAX - all->lost_grams;
    all->given[lot] = 0;
    all->lost_grams += lost < room ? lost : room;
    if (all->limited && (wide)lost * MILLION > (wide)given * all->most_ppm) {
        qp_verdict_blame(all->judging->verdict, QP_LINE_CONSERVED, QP_PASS, at,
                         "lot %s lost %llu g of %llu g on its way from %s", body->lot, ull(lost),
                         ull(given), body->from);
    }
}

static enum qp_code follow(struct hand_overs *all, size_t at)
{
    struct qp_judging *judging = all->judging;
    Qp__Event *event = NULL;
    enum qp_code rc = qp_slice_event(judging->slice, at, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    bool given = event->body_case == QP__EVENT__BODY_LOT_TRANSFERRED;
    size_t lot =
        qp_judge_lot(judging, given ? event->lot_transferred->lot : event->lot_received->lot);
    if (lot == SIZE_MAX) {
        return QP_OK;
    }
    if (given) {
        all->given[lot] = event->lot_transferred->quantity->grams;
    } else {
        take_over(all, at, event->lot_received, lot);
    }
    return QP_OK;
}

static enum qp_code note_losses(struct qp_judging *judging, const Qp__RuleSetPublished *rules,
                                struct qp_arena *arena)
{
    struct hand_overs all = {.judging = judging,
                             .most_ppm = rules != NULL ? rules->transfer_loss_ppm : 0,
                             .limited = rules != NULL};
    all.given = qp_arena_alloc_zero(arena, judging->replay->lot_count + 1, sizeof *all.given);
    enum qp_code rc = all.given != NULL ? QP_OK : no_memory(judging);
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        Qp__Event__BodyCase body = judging->slice->events[i].body;
        if ((body == QP__EVENT__BODY_LOT_TRANSFERRED || body == QP__EVENT__BODY_LOT_RECEIVED) &&
            qp_judge_stands(judging, i)) {
            rc = follow(&all, i);
        }
    }
    qp_verdict_number(judging->verdict, QP_LINE_CONSERVED, "lost_grams", all.lost_grams);
    return rc;
}

/* ---- Yields ---- */

/* A plot in a crop year. */
struct yield {
    size_t plot; /* in replay->plots */
    uint32_t crop_year;
};

static int by_plot(const void *a, const void *b)
{
    const struct yield *one = a;
    const struct yield *two = b;
    int order = (one->plot > two->plot) - (one->plot < two->plot);
    return order != 0 ? order
                      : (one->crop_year > two->crop_year) - (one->crop_year < two->crop_year);
}

struct yields {
    struct yield *list; /* free with qp_free; a plot's year may stand there again */
    size_t count;
    size_t room;
    uint32_t *years; /* of each plot: the crop year that came last */
    Qp__Commodity commodity;
};

static enum qp_code add_yield(struct qp_judging *judging, struct yields *all, struct yield yield)
{
    if (all->years[yield.plot] == yield.crop_year) {
        return QP_OK;
    }
    if (all->count == all->room) {
        size_t room = all->room == 0 ? 64 : 2 * all->room;
        struct yield *longer = qp_realloc(all->list, room * sizeof *longer);
        if (longer == NULL) {
            return no_memory(judging);
        }
        all->list = longer;
        all->room = room;
    }
    all->years[yield.plot] = yield.crop_year;
    all->list[all->count++] = yield;
    return QP_OK;
}

static enum qp_code find_yields(struct qp_judging *judging, struct yields *all)
{
    const struct qp_replay *replay = judging->replay;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        Qp__Event *event = NULL;
        if (judging->slice->events[i].body != QP__EVENT__BODY_LOT_HARVESTED ||
            (replay->marks[i] & QP_MARK_CLOSURE) == 0 || !qp_judge_stands(judging, i)) {
            continue;
        }
        rc = qp_slice_event(judging->slice, i, &event, judging->err);
        if (rc != QP_OK) {
            return rc;
        }
        const Qp__LotHarvested *body = event->lot_harvested;
        all->commodity = body->commodity;
        for (size_t k = 0; rc == QP_OK && k < body->n_origins; k++) {
            const struct qp_replay_node *plot =
                qp_replay_find(replay->plots, replay->plot_count, body->origins[k]->plot);
            if (plot != NULL) {
                rc = add_yield(judging, all,
                               (struct yield){.plot = (size_t)(plot - replay->plots),
                                              .crop_year = body->crop_year});
            }
        }
    }
    return rc;
}

static enum qp_code judge_yield(struct qp_judging *judging, const struct yield *yield,
                                const Qp__YieldCap *cap, bool *over)
{
    const char *id = judging->replay->plots[yield->plot].id;
    struct qp_state_key at = qp_state_key_text(QP_STATE_PLOT, id);
    struct qp_arena arena;
    Qp__PlotState *plot = NULL;
    Qp__HarvestState *harvest = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_state_read(&judging->replay->state, &at, &qp_rule_plot_state, &arena,
                                    &plot, judging->err);
    if (rc == QP_OK) {
        at = qp_state_key_harvest(id, cap->commodity, yield->crop_year);
        rc = qp_state_read(&judging->replay->state, &at, &qp_rule_harvest_state, &arena, &harvest,
                           judging->err);
    }
    if (rc == QP_OK && plot != NULL && harvest != NULL) {
        wide usual = (wide)cap->warn_grams_per_ha * plot->area_m2 / M2_PER_HA;
        *over = harvest->grams > usual;
        if (*over) {
            qp_verdict_reason(judging->verdict, QP_LINE_CONSERVED, QP_PASS,
                              "plot %s yielded %llu kg in crop year %u, more than is usual: above "
                              "%llu kg",
                              id, ull(harvest->grams / 1000), yield->crop_year,
                              ull((uint64_t)(usual / 1000)));
        }
    }
    qp_arena_wipe(&arena);
    return rc;
}

static enum qp_code count_over(struct qp_judging *judging, const struct yields *all,
                               const Qp__YieldCap *cap, uint64_t *plots)
{
    size_t last = SIZE_MAX;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < all->count; i++) {
        bool over = false;
        if (i > 0 && by_plot(&all->list[i - 1], &all->list[i]) == 0) {
            continue;
        }
        rc = judge_yield(judging, &all->list[i], cap, &over);
        if (over && all->list[i].plot != last) {
            (*plots)++;
            last = all->list[i].plot;
        }
    }
    return rc;
}

static enum qp_code note_yields(struct qp_judging *judging, const Qp__RuleSetPublished *rules,
                                struct qp_arena *arena)
{
    struct yields all = {0};
    uint64_t plots = 0;
    if (rules == NULL || rules->n_yield_caps == 0) {
        return QP_OK;
    }
    all.years = qp_arena_alloc_zero(arena, judging->replay->plot_count + 1, sizeof *all.years);
    enum qp_code rc = all.years != NULL ? find_yields(judging, &all) : no_memory(judging);
    const Qp__YieldCap *cap = qp_rules_yield_cap(rules, all.commodity);
    if (rc == QP_OK && cap != NULL && all.count > 0) {
        qsort(all.list, all.count, sizeof *all.list, by_plot);
        rc = count_over(judging, &all, cap, &plots);
        qp_verdict_number(judging->verdict, QP_LINE_CONSERVED, "plots_over_warn", plots);
    }
    qp_free(all.list);
    return rc;
}

enum qp_code qp_judge_notes(struct qp_judging *judging)
{
    const Qp__RuleSetPublished *rules = NULL;
    struct qp_arena arena;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_judge_rules(judging, &rules);
    rc = rc == QP_OK ? note_losses(judging, rules, &arena) : rc;
    rc = rc == QP_OK ? note_yields(judging, rules, &arena) : rc;
    qp_arena_wipe(&arena);
    return rc;
}
