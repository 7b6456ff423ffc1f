/* Rules of mass: harvests against what plots can yield, and processes that make no kilograms.
 *
 * All arithmetic is exact: grams are at most 1e15 and factors at most 1e6 parts per million, so
 * that every product below fits in 128 bits. */
#include "rules/rules_priv.h"

#include "core/check.h"
#include "core/time.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define MILLION UINT64_C(1000000)
#define M2_PER_HA UINT64_C(10000)

static unsigned long long ull(uint64_t value)
{
    return value;
}

/* ---- Harvest ---- */

static enum qp_code check_harvest_times(struct qp_job *job, const Qp__LotHarvested *body)
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
    uint32_t year = (uint32_t)strtoul(from, NULL, 10);
    if (year != body->crop_year && year != body->crop_year + 1) {
        return qp_refuse(job->err, "QP-HARVEST-TIME",
                         "lot %s is of crop year %u but was picked from %s on", body->lot,
                         body->crop_year, from);
    }
    return QP_OK;
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

/* What the picked grams come to in the form of the cap. */
static enum qp_code convert(struct qp_job *job, const Qp__RuleSetPublished *rules,
                            const Qp__LotHarvested *body, Qp__Form to, uint64_t *factor_ppm)
{
    if (body->form == to) {
        *factor_ppm = MILLION;
        return QP_OK;
    }
    const Qp__ConversionFactor *factor = qp_rules_factor(rules, body->commodity, body->form, to);
    if (factor == NULL) {
        char from_name[40];
        char to_name[40];
        qp_form_name(from_name, body->form);
        qp_form_name(to_name, to);
        return qp_refuse(job->err, "QP-MASS-FACTOR",
                         "rule set %s has no factor from %s to %s, which the yield of plots is "
                         "judged in",
                         rules->rule_set, from_name, to_name);
    }
    *factor_ppm = factor->factor_ppm;
    return QP_OK;
}

/* Add one origin to what its plot has yielded in the crop year, over all buyers. */
static enum qp_code count_harvest(struct qp_job *job, const Qp__LotHarvested *body,
                                  const Qp__HarvestOrigin *origin, const Qp__PlotState *plot,
                                  const Qp__YieldCap *cap, uint64_t factor_ppm)
{
    struct qp_state_key at = qp_state_key_harvest(origin->plot, body->commodity, body->crop_year);
    Qp__HarvestState *known = NULL;
    enum qp_code rc = qp_job_get(job, &at, &qp_rule_harvest_state, &known);
    if (rc != QP_OK) {
        return rc;
    }
    Qp__HarvestState state = QP__HARVEST_STATE__INIT;
    uint64_t before = known == NULL ? 0 : known->grams;
    uint64_t more = (uint64_t)((wide)origin->grams * factor_ppm / MILLION);
    state.grams = before + more;
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
    const Qp__RuleSetPublished *rules = NULL;
    uint64_t factor_ppm = 0;
    uint64_t sum = 0;
    enum qp_code rc = qp_job_rule_set(job, &rules);
    const Qp__YieldCap *cap = rc == QP_OK ? find_cap(rules, body->commodity) : NULL;
    if (cap != NULL) {
        rc = convert(job, rules, body, cap->form, &factor_ppm);
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
        if (rc == QP_OK && cap != NULL) {
            rc = count_harvest(job, body, origin, plot, cap, factor_ppm);
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
        rc = check_harvest_times(job, body);
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

/* What all inputs have in common, and their sums. */
struct inputs {
    Qp__Commodity commodity;
    Qp__Form form;
    const char *owner;
    uint64_t grams;
    uint64_t pieces;
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

/* Input grams that an output cannot be made from less than, rounded up. */
static enum qp_code needed_grams(struct qp_job *job, const Qp__RuleSetPublished *rules,
                                 const struct inputs *inputs, const Qp__LotOutput *output,
                                 wide *needed)
{
    if (output->form == inputs->form) {
        *needed = output->quantity->grams;
        return QP_OK;
    }
    const Qp__ConversionFactor *factor =
        qp_rules_factor(rules, inputs->commodity, inputs->form, output->form);
    if (factor != NULL) {
        uint64_t best = (uint64_t)factor->factor_ppm * (MILLION + factor->tolerance_ppm);
        wide scaled = (wide)output->quantity->grams * MILLION * MILLION;
        *needed = (scaled + best - 1) / best;
        return QP_OK;
    }
    if (output->kind != QP__OUTPUT_KIND__OUTPUT_KIND_PRODUCT && is_residue(output->form)) {
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

static enum qp_code check_outputs(struct qp_job *job, const Qp__LotProcessed *body,
                                  const struct inputs *inputs)
{
    const Qp__RuleSetPublished *rules = NULL;
    enum qp_code rc = qp_job_rule_set(job, &rules);
    wide needed = 0;
    wide aside = 0; /* needed by what is left over */
    uint64_t total = 0;
    uint64_t pieces = 0;
    for (size_t i = 0; rc == QP_OK && i < body->n_outputs; i++) {
        const Qp__LotOutput *output = body->outputs[i];
        wide part = 0;
        rc = qp_job_quantity(job, output->quantity, output->lot);
        if (rc == QP_OK) {
            rc = needed_grams(job, rules, inputs, output, &part);
        }
        if (output->form != inputs->form && is_residue(output->form)) {
            aside += part;
        } else {
            needed += part;
        }
        total += output->quantity->grams;
        if (output->form == inputs->form) {
            pieces += output->quantity->pieces;
        }
    }
    if (rc != QP_OK) {
        return rc;
    }
    needed = aside > needed ? aside : needed;
    if (needed > inputs->grams || pieces > inputs->pieces) {
        return qp_refuse(
            job->err, "QP-MASS-YIELD",
            "the outputs need at least %llu g and %llu pieces of input, but %llu g and "
            "%llu pieces were drawn",
            ull((uint64_t)needed), ull(pieces), ull(inputs->grams), ull(inputs->pieces));
    }
    if (total > inputs->grams) {
        return qp_refuse(job->err, "QP-MASS-TOTAL",
                         "the outputs weigh %llu g together, more than the %llu g that went in",
                         ull(total), ull(inputs->grams));
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
    state.made_ms = job->event->occurred_ms;
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
