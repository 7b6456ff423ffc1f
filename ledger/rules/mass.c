/* Rules of mass: harvests against what plots can yield, and processes that make no kilograms.
 *
 * All arithmetic is exact: grams are at most 1e15 and factors at most 1e6 parts per million, so
 * that every product below fits in 128 bits. */
#include "rules/rules_priv.h"

#include "core/check.h"
#include "core/time.h"

#include <stdio.h>
#include <stdlib.h>
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

/* ---- Harvest ---- */

enum qp_code qp_job_harvest_times(struct qp_job *job, const Qp__LotHarvested *body)
{
    char from[QP_TIME_TEXT_BYTES];
    char to[QP_TIME_TEXT_BYTES];
    char when[QP_TIME_TEXT_BYTES];
    qp_date_format(from, body->harvest_from_ms);
    qp_date_format(to, body->harvest_to_ms);
    qp_date_format(when, job->event->occurred_ms);
    if (body->harvest_from_ms > body->harvest_to_ms ||
        body->harvest_to_ms > job->event->occurred_ms + QP_RULES_SLACK_MS) {
        return qp_refuse(job->err, "QP-HARVEST-TIME",
                         "lot %s is picked from %s to %s and delivered on %s; picking ends before "
                         "delivery",
                         body->lot, from, to, when);
    }
    if (body->harvest_from_ms + HARVEST_AGE_DAYS_MAX * DAY_MS < job->event->occurred_ms) {
        return qp_refuse(
            job->err, "QP-HARVEST-TIME",
            "lot %s is delivered on %s but was picked from %s on, over ten years before", body->lot,
            when, from);
    }
    uint32_t year = (uint32_t)strtoul(from, NULL, 10);
    if (year != body->crop_year && year != body->crop_year + 1) {
        return qp_refuse(job->err, "QP-HARVEST-TIME",
                         "lot %s is of crop year %u but was picked from %s on", body->lot,
                         body->crop_year, from);
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

static const Qp__YieldCap *find_cap(const Qp__RuleSetPublished *rules, Qp__Commodity commodity)
{
    for (size_t i = 0; i < rules->n_yield_caps; i++) {
        if (rules->yield_caps[i]->commodity == commodity) {
            return rules->yield_caps[i];
        }
    }
    return NULL;
}

enum qp_code qp_job_yield(struct qp_job *job, const Qp__LotHarvested *body, struct qp_yield *yield)
{
    const Qp__RuleSetPublished *rules = NULL;
    enum qp_code rc = qp_job_rule_set(job, &rules);
    if (rc != QP_OK) {
        return rc;
    }
    const Qp__YieldCap *cap = find_cap(rules, body->commodity);
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
    uint64_t sum = 0;
    enum qp_code rc = check_harvest_age(job, body);
    if (rc == QP_OK) {
        rc = qp_job_yield(job, body, &yield);
    }
    for (size_t i = 0; rc == QP_OK && i < body->n_origins; i++) {
        const Qp__HarvestOrigin *origin = body->origins[i];
        Qp__PlotState *plot = NULL;
        sum += origin->grams; /* 64 of at most 1e15 */
        for (size_t k = 0; k < i; k++) {
            if (strcmp(body->origins[k]->plot, origin->plot) == 0) {
                return qp_refuse(job->err, "QP-LOT-TWICE", "plot %s stands twice in lot %s",
                                 origin->plot, body->lot);
            }
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

/* The id of a new lot: named by the issuer, and not there yet. */
static enum qp_code check_new_lot(struct qp_job *job, const char *id)
{
    struct qp_state_key at = qp_state_key_text(QP_STATE_LOT, id);
    Qp__LotState *known = NULL;
    enum qp_code rc = qp_job_own_name(job, id);
    if (rc == QP_OK) {
        rc = qp_job_get(job, &at, &qp_rule_lot_state, &known);
    }
    if (rc == QP_OK && known != NULL) {
        rc = qp_refuse(job->err, "QP-LOT-NEW", "a lot %s exists already (entry %llu)", id,
                       ull(known->created->index));
    }
    return rc;
}

enum qp_code qp_judge_lot_harvested(struct qp_job *job)
{
    const Qp__LotHarvested *body = job->event->lot_harvested;
    enum qp_code rc = check_new_lot(job, body->lot);
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

/* ---- Processes ---- */

/* Forms are numbered from 1 without gaps (common.proto). */
#define FORM_COUNT ((unsigned)QP__FORM__FORM_SOLUBLE + 1)

/* What all inputs have in common, and their sums. */
struct inputs {
    Qp__Commodity commodity;
    Qp__Form form;
    const char *owner;
    uint64_t grams;
    uint64_t pieces;
    const char *waste; /* an input that is waste, or NULL */
    uint64_t made_ms;  /* of the newest */
};

static enum qp_code draw_inputs(struct qp_job *job, const Qp__LotProcessed *body,
                                struct inputs *inputs)
{
    for (size_t i = 0; i < body->n_inputs; i++) {
        const Qp__LotInput *input = body->inputs[i];
        Qp__LotState *lot = NULL;
        enum qp_code rc = qp_job_held_lot(job, input->lot, &lot);
        if (rc != QP_OK) {
            return rc;
        }
        if (i == 0) {
            inputs->commodity = lot->commodity;
            inputs->form = lot->form;
            inputs->owner = lot->owner;
        } else if (lot->commodity != inputs->commodity || lot->form != inputs->form ||
                   strcmp(lot->owner, inputs->owner) != 0) {
            return qp_refuse(job->err, "QP-MASS-FORM",
                             "lots %s and %s differ in commodity, form or owner and cannot go into "
                             "one process",
                             body->inputs[0]->lot, input->lot);
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(body->inputs[k]->lot, input->lot) == 0) {
                return qp_refuse(job->err, "QP-LOT-TWICE", "lot %s is drawn twice in one process",
                                 input->lot);
            }
        }
        rc = qp_job_draw(job, input->lot, lot, input->quantity);
        if (rc == QP_OK) {
            rc = qp_job_put_lot(job, input->lot, lot);
        }
        if (rc != QP_OK) {
            return rc;
        }
        if (lot->kind == QP__OUTPUT_KIND_OF_LOT__OUTPUT_KIND_OF_LOT_WASTE) {
            inputs->waste = input->lot;
        }
        inputs->made_ms = lot->made_ms > inputs->made_ms ? lot->made_ms : inputs->made_ms;
        inputs->grams += input->quantity->grams; /* 512 of at most 1e15 */
        inputs->pieces += input->quantity->pieces;
    }
    return QP_OK;
}

/* What is left over when goods are made: it comes from the same input as the product, so it does
 * not compete with it. Its weight is bound by its own factor where the rule set has one, and always
 * by the total. */
static bool is_residue(Qp__Form form)
{
    return form == QP__FORM__FORM_HUSK || form == QP__FORM__FORM_PULP ||
           form == QP__FORM__FORM_SHELL || form == QP__FORM__FORM_DEFECTS ||
           form == QP__FORM__FORM_RESIDUE;
}

/* Input grams that an output cannot be made from less than, rounded up. *aside: other products come
 * out of the same grams. */
static enum qp_code needed_grams(struct qp_job *job, const Qp__RuleSetPublished *rules,
                                 const struct inputs *inputs, const Qp__LotOutput *output,
                                 wide *needed, bool *aside)
{
    *aside = false;
    if (output->form == inputs->form) {
        *needed = output->quantity->grams;
        return QP_OK;
    }
    *aside = is_residue(output->form);
    const Qp__ConversionFactor *factor =
        qp_rules_factor(rules, inputs->commodity, inputs->form, output->form);
    if (factor != NULL) {
        uint64_t best = (uint64_t)factor->factor_ppm * (MILLION + factor->tolerance_ppm);
        wide scaled = (wide)output->quantity->grams * MILLION * MILLION;
        *needed = (scaled + best - 1) / best;
        *aside = *aside || factor->beside;
        return QP_OK;
    }
    /* Goods leave residues; a residue leaves only what nobody wants, else husk could turn into
     * defects, which a rule set may well let be sorted for beans. */
    bool left_over = output->form == QP__FORM__FORM_RESIDUE ||
                     (is_residue(output->form) && !is_residue(inputs->form));
    if (output->kind != QP__OUTPUT_KIND__OUTPUT_KIND_PRODUCT && left_over) {
        *needed = 0;
        return QP_OK;
    }
    char from[40];
    char to[40];
    qp_form_name(from, inputs->form);
    qp_form_name(to, output->form);
    return qp_refuse(job->err, "QP-MASS-FACTOR",
                     "lot %s: rule set %s has no factor from %s to %s; the operator publishes one",
                     output->lot, rules->rule_set, from, to);
}

/* Grams and pieces of input that all outputs need. */
struct need {
    wide goods;             /* which compete with each other */
    wide aside[FORM_COUNT]; /* by form: beside the goods, competing with its like only */
    uint64_t pieces;
    uint64_t total; /* grams of all outputs */
};

static enum qp_code add_need(struct qp_job *job, const Qp__RuleSetPublished *rules,
                             const struct inputs *inputs, const Qp__LotOutput *output,
                             struct need *need)
{
    wide part = 0;
    bool aside = false;
    enum qp_code rc = qp_job_quantity(job, output->quantity, output->lot);
    if (rc == QP_OK) {
        rc = needed_grams(job, rules, inputs, output, &part, &aside);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (output->form == inputs->form) {
        need->pieces += output->quantity->pieces;
    } else if (output->quantity->grams == 0) {
        return qp_refuse(
            job->err, "QP-MASS-EMPTY",
            "lot %s has pieces but no grams; what is made into another form is weighed",
            output->lot);
    }
    QP_ASSERT((unsigned)output->form < FORM_COUNT);
    if (aside) {
        need->aside[output->form] += part;
    } else {
        need->goods += part;
    }
    need->total += output->quantity->grams;
    if (inputs->waste != NULL && output->kind != QP__OUTPUT_KIND__OUTPUT_KIND_WASTE) {
        return qp_refuse(job->err, "QP-LOT-WASTE",
                         "lot %s is made of lot %s, which is waste; it can only be waste",
                         output->lot, inputs->waste);
    }
    return QP_OK;
}

static enum qp_code check_outputs(struct qp_job *job, const Qp__LotProcessed *body,
                                  const struct inputs *inputs)
{
    const Qp__RuleSetPublished *rules = NULL;
    enum qp_code rc = qp_job_rule_set(job, &rules);
    struct need need = {0};
    for (size_t i = 0; rc == QP_OK && i < body->n_outputs; i++) {
        rc = add_need(job, rules, inputs, body->outputs[i], &need);
    }
    if (rc != QP_OK) {
        return rc;
    }
    wide most = need.goods;
    for (size_t i = 0; i < FORM_COUNT; i++) {
        most = need.aside[i] > most ? need.aside[i] : most;
    }
    if (most > inputs->grams || need.pieces > inputs->pieces) {
        return qp_refuse(job->err, "QP-MASS-YIELD",
                         "the outputs need at least %llu g and %llu pieces of input, but %llu g "
                         "and %llu pieces were drawn",
                         ull(most > UINT64_MAX ? UINT64_MAX : (uint64_t)most), ull(need.pieces),
                         ull(inputs->grams), ull(inputs->pieces));
    }
    if (need.total > inputs->grams) {
        return qp_refuse(job->err, "QP-MASS-TOTAL",
                         "the outputs weigh %llu g together, more than the %llu g that went in",
                         ull(need.total), ull(inputs->grams));
    }
    return QP_OK;
}

static Qp__OutputKindOfLot kind_of(Qp__OutputKind kind)
{
    switch (kind) {
    case QP__OUTPUT_KIND__OUTPUT_KIND_BY_PRODUCT:
        return QP__OUTPUT_KIND_OF_LOT__OUTPUT_KIND_OF_LOT_BY_PRODUCT;
    case QP__OUTPUT_KIND__OUTPUT_KIND_WASTE:
        return QP__OUTPUT_KIND_OF_LOT__OUTPUT_KIND_OF_LOT_WASTE;
    default:
        return QP__OUTPUT_KIND_OF_LOT__OUTPUT_KIND_OF_LOT_PRODUCT;
    }
}

static enum qp_code put_output(struct qp_job *job, const struct inputs *inputs,
                               const Qp__LotOutput *output)
{
    enum qp_code rc = check_new_lot(job, output->lot); /* also catches two outputs of one id */
    if (rc != QP_OK) {
        return rc;
    }
    Qp__LotState state = QP__LOT_STATE__INIT;
    state.commodity = inputs->commodity;
    state.form = output->form;
    state.kind = kind_of(output->kind);
    state.made = output->quantity;
    state.balance = output->quantity;
    state.owner = (char *)(uintptr_t)inputs->owner;
    state.holder = job->party;
    state.status = QP__LOT_STATUS__LOT_STATUS_HELD;
    state.created = qp_job_place(job);
    /* A step may be dated a little before its inputs, for clocks are off; many steps must not walk
     * back in time. */
    state.made_ms = job->event->occurred_ms;
    if (state.made_ms < inputs->made_ms) {
        state.made_ms = inputs->made_ms;
    }
    return qp_job_put_lot(job, output->lot, &state);
}

enum qp_code qp_judge_lot_processed(struct qp_job *job)
{
    const Qp__LotProcessed *body = job->event->lot_processed;
    struct inputs inputs = {.commodity = QP__COMMODITY__COMMODITY_UNSPECIFIED};
    enum qp_code rc = draw_inputs(job, body, &inputs);
    if (rc == QP_OK) {
        rc = check_outputs(job, body, &inputs);
    }
    for (size_t i = 0; rc == QP_OK && i < body->n_outputs; i++) {
        rc = put_output(job, &inputs, body->outputs[i]);
    }
    return rc;
}
