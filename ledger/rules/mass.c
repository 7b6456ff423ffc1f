/* Rules of processes: no step makes kilograms.
 *
 * All arithmetic is exact: grams are at most 1e15 and factors at most 1e6 parts per million, so
 * that every product below fits in 128 bits. */
#include "rules/rules_priv.h"

#include "core/check.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define MILLION UINT64_C(1000000)

static unsigned long long ull(uint64_t value)
{
    return value;
}

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
    struct qp_names names;
    names.count = 0;
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
        if (!qp_names_add(&names, input->lot)) {
            return qp_refuse(job->err, "QP-LOT-TWICE", "lot %s is drawn twice in one process",
                             input->lot);
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
    enum qp_code rc = qp_job_new_lot(job, output->lot); /* also catches two outputs of one id */
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
