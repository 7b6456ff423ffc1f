/* Rules of harvests: when they can have been picked, and what their plots can yield.
 *
 * All arithmetic is exact: grams are at most 1e15 and factors at most 1e6 parts per million, so
 * that every product below fits in 128 bits. */
#include "rules/rules_priv.h"

#include "core/time.h"

#include <stdio.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define MILLION UINT64_C(1000000)
#define M2_PER_HA UINT64_C(10000)
#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)
/* The most that a rule set may allow (ledger.proto), so that no ledger takes an older harvest. */
#define HARVEST_AGE_DAYS_MAX UINT64_C(3650)

static unsigned long long ull(uint64_t value)
{
    return value;
}

/* In words only when they are refused: writing three dates costs as much as judging them. */
static enum qp_code refuse_times(struct qp_job *job, const Qp__LotHarvested *body, const char *why)
{
    char from[QP_TIME_TEXT_BYTES];
    char to[QP_TIME_TEXT_BYTES];
    char when[QP_TIME_TEXT_BYTES];
    qp_date_format(from, body->harvest_from_ms);
    qp_date_format(to, body->harvest_to_ms);
    qp_date_format(when, job->event->occurred_ms);
    return qp_refuse(job->err, "QP-HARVEST-TIME",
                     "lot %s of crop year %u is picked from %s to %s and delivered on %s; %s",
                     body->lot, body->crop_year, from, to, when, why);
}

enum qp_code qp_job_harvest_times(struct qp_job *job, const Qp__LotHarvested *body)
{
    if (body->harvest_from_ms > body->harvest_to_ms ||
        body->harvest_to_ms > job->event->occurred_ms + QP_RULES_SLACK_MS) {
        return refuse_times(job, body, "picking ends before delivery");
    }
    if (body->harvest_from_ms + HARVEST_AGE_DAYS_MAX * DAY_MS < job->event->occurred_ms) {
        return refuse_times(job, body, "no ledger takes what was picked over ten years before");
    }
    uint32_t year = qp_time_year(body->harvest_from_ms);
    if (year != body->crop_year && year != body->crop_year + 1) {
        return refuse_times(job, body, "the crop year is the one in which the harvest began");
    }
    return QP_OK;
}

/* Nobody keeps a harvest for long before delivering it and telling the ledger; without an end to
 * it, every year since 2000 would have room for goods from elsewhere. The issuer's date alone is no
 * end: it is the issuer's. */
static enum qp_code check_harvest_age(struct qp_job *job, const Qp__LotHarvested *body)
{
    const Qp__RuleSetPublished *rules = NULL;
    enum qp_code rc = qp_job_rule_set(job, &rules);
    if (rc == QP_OK &&
        body->harvest_from_ms + rules->harvest_age_days * DAY_MS < job->context->admitted_ms) {
        char from[QP_TIME_TEXT_BYTES];
        qp_date_format(from, body->harvest_from_ms);
        return qp_refuse(job->err, "QP-HARVEST-TIME",
                         "lot %s was picked from %s on, over %u days before it comes to the ledger",
                         body->lot, from, rules->harvest_age_days);
    }
    return rc;
}

enum qp_code qp_job_yield(struct qp_job *job, const Qp__LotHarvested *body, struct qp_yield *yield)
{
    const Qp__RuleSetPublished *rules = NULL;
    enum qp_code rc = qp_job_rule_set(job, &rules);
    if (rc != QP_OK) {
        return rc;
    }
    const Qp__YieldCap *cap = qp_rules_yield_cap(rules, body->commodity);
    *yield = (struct qp_yield){.cap = cap, .factor_ppm = MILLION};
    if (cap == NULL || body->form == cap->form) {
        return QP_OK;
    }
    const Qp__ConversionFactor *factor =
        qp_rules_factor(rules, body->commodity, body->form, cap->form);
    if (factor == NULL) {
        char from_name[40];
        char to_name[40];
        qp_form_name(from_name, body->form);
        qp_form_name(to_name, cap->form);
        return qp_refuse(job->err, "QP-MASS-FACTOR",
                         "rule set %s has no factor from %s to %s, which the yield of plots is "
                         "judged in",
                         rules->rule_set, from_name, to_name);
    }
    yield->factor_ppm = factor->factor_ppm;
    return QP_OK;
}

uint64_t qp_yield_grams(const struct qp_yield *yield, uint64_t grams)
{
    return (uint64_t)(((wide)grams * yield->factor_ppm + MILLION - 1) / MILLION);
}

/* Whoever takes a plot over what is usual is told once; nothing is refused for it. */
static void warn_of_yield(const struct qp_job *job, const Qp__LotHarvested *body,
                          const Qp__HarvestOrigin *origin, const Qp__PlotState *plot,
                          const Qp__YieldCap *cap, uint64_t before, uint64_t after)
{
    wide usual = (wide)cap->warn_grams_per_ha * plot->area_m2 / M2_PER_HA;
    if (job->context->warn == NULL || before > usual || after <= usual) {
        return;
    }
    char form[40];
    char text[240];
    qp_form_name(form, cap->form);
    (void)snprintf(text, sizeof text,
                   "plot %s has yielded %llu kg (%s) in crop year %u over all buyers; above %llu "
                   "kg its %llu m2 yield more than is usual",
                   origin->plot, ull(after / 1000), form, body->crop_year,
                   ull((uint64_t)(usual / 1000)), ull(plot->area_m2));
    job->context->warn(job->context->warn_context, text);
}

/* Add one origin to what its plot has yielded in the crop year, over all buyers. */
static enum qp_code count_harvest(struct qp_job *job, const Qp__LotHarvested *body,
                                  const Qp__HarvestOrigin *origin, const Qp__PlotState *plot,
                                  const struct qp_yield *yield)
{
    const Qp__YieldCap *cap = yield->cap;
    struct qp_state_key at = qp_state_key_harvest(origin->plot, body->commodity, body->crop_year);
    Qp__HarvestState *known = NULL;
    enum qp_code rc = qp_job_get(job, &at, &qp_rule_harvest_state, &known);
    if (rc != QP_OK) {
        return rc;
    }
    Qp__HarvestState state = QP__HARVEST_STATE__INIT;
    uint64_t before = known == NULL ? 0 : known->grams;
    state.grams = before + qp_yield_grams(yield, origin->grams);
    wide most = (wide)cap->refuse_grams_per_ha * plot->area_m2 / M2_PER_HA;
    if (state.grams > most || state.grams > (uint64_t)QP_NUMBER_MAX) {
        char form[40];
        qp_form_name(form, cap->form);
        return qp_refuse(job->err, "QP-HARVEST-CAP",
                         "plot %s would have yielded %llu kg (%s) in crop year %u over all buyers; "
                         "its %llu m2 can yield %llu kg",
                         origin->plot, ull(state.grams / 1000), form, body->crop_year,
                         ull(plot->area_m2), ull((uint64_t)(most / 1000)));
    }
    warn_of_yield(job, body, origin, plot, cap, before, state.grams);
    return qp_job_put(job, &at, &qp_rule_harvest_state, &state);
}

static enum qp_code check_origin(struct qp_job *job, const Qp__LotHarvested *body,
                                 const Qp__HarvestOrigin *origin, Qp__PlotState **plot)
{
    struct qp_state_key at = qp_state_key_text(QP_STATE_PLOT, origin->plot);
    enum qp_code rc = qp_job_get(job, &at, &qp_rule_plot_state, plot);
    if (rc != QP_OK) {
        return rc;
    }
    if (*plot == NULL) {
        return qp_refuse(job->err, "QP-PLOT-UNKNOWN",
                         "lot %s comes from plot %s, which is not registered", body->lot,
                         origin->plot);
    }
    if ((*plot)->withdrawn != NULL) {
        return qp_refuse(job->err, "QP-PLOT-WITHDRAWN",
                         "lot %s comes from plot %s, which was withdrawn at entry %llu", body->lot,
                         origin->plot, ull((*plot)->withdrawn->index));
    }
    for (size_t i = 0; i < (*plot)->n_commodities; i++) {
        if ((*plot)->commodities[i] == body->commodity) {
            return QP_OK;
        }
    }
    char name[40];
    qp_enum_name(name, &qp__commodity__descriptor, (int)body->commodity);
    return qp_refuse(job->err, "QP-PLOT-COMMODITY", "plot %s is not registered for %s",
                     origin->plot, name);
}

static enum qp_code check_origins(struct qp_job *job, const Qp__LotHarvested *body)
{
    struct qp_yield yield = {0};
    struct qp_names names;
    uint64_t sum = 0;
    names.count = 0;
    enum qp_code rc = check_harvest_age(job, body);
    if (rc == QP_OK) {
        rc = qp_job_yield(job, body, &yield);
    }
    for (size_t i = 0; rc == QP_OK && i < body->n_origins; i++) {
        const Qp__HarvestOrigin *origin = body->origins[i];
        Qp__PlotState *plot = NULL;
        sum += origin->grams; /* 64 of at most 1e15 */
        if (!qp_names_add(&names, origin->plot)) {
            return qp_refuse(job->err, "QP-LOT-TWICE", "plot %s stands twice in lot %s",
                             origin->plot, body->lot);
        }
        rc = check_origin(job, body, origin, &plot);
        if (rc == QP_OK && yield.cap != NULL) {
            rc = count_harvest(job, body, origin, plot, &yield);
        }
    }
    if (rc == QP_OK && sum != body->quantity->grams) {
        rc = qp_refuse(job->err, "QP-MASS-SUM",
                       "lot %s has %llu g, but its plots give %llu g together", body->lot,
                       ull(body->quantity->grams), ull(sum));
    }
    return rc;
}

enum qp_code qp_judge_lot_harvested(struct qp_job *job)
{
    const Qp__LotHarvested *body = job->event->lot_harvested;
    enum qp_code rc = qp_job_new_lot(job, body->lot);
    if (rc == QP_OK) {
        rc = qp_job_sealed(job, body->price, QP__SEALED_KIND__SEALED_KIND_PRICE, "price");
    }
    if (rc == QP_OK) {
        rc = qp_job_quantity(job, body->quantity, body->lot);
    }
    if (rc == QP_OK) {
        rc = qp_job_harvest_times(job, body);
    }
    if (rc == QP_OK) {
        rc = check_origins(job, body);
    }
    if (rc != QP_OK) {
        return rc;
    }
    Qp__LotState state = QP__LOT_STATE__INIT;
    state.commodity = body->commodity;
    state.form = body->form;
    state.kind = QP__OUTPUT_KIND_OF_LOT__OUTPUT_KIND_OF_LOT_HARVEST;
    state.made = body->quantity;
    state.balance = body->quantity;
    state.owner = job->party;
    state.holder = job->party;
    state.status = QP__LOT_STATUS__LOT_STATUS_HELD;
    state.created = qp_job_place(job);
    state.made_ms = job->event->occurred_ms;
    return qp_job_put_lot(job, body->lot, &state);
}
