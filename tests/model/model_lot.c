/* Lots: processed, handed over, received, checked, recalled. */
#include "model/model_priv.h"

/* ---- Processes ---- */

static bool residue(Qp__Form form)
{
    return form == QP__FORM__FORM_HUSK || form == QP__FORM__FORM_PULP ||
           form == QP__FORM__FORM_SHELL || form == QP__FORM__FORM_DEFECTS ||
           form == QP__FORM__FORM_RESIDUE;
}

/* The inputs of a process, drawn. */
struct drawn {
    const struct model_lot *first;
    struct model_amount sum;
    bool waste;
    uint64_t newest_ms;
};

static bool draw_inputs(struct judged *job, const Qp__LotProcessed *body, struct drawn *drawn)
{
    *drawn = (struct drawn){0};
    for (size_t i = 0; i < body->n_inputs; i++) {
        const Qp__LotInput *input = body->inputs[i];
        struct model_lot *lot = NULL;
        if (!free_and_held(job, input->lot, &lot)) {
            return false;
        }
        if (drawn->first == NULL) {
            drawn->first = lot;
        }
        if (lot->commodity != drawn->first->commodity || lot->form != drawn->first->form ||
            !same(lot->owner, drawn->first->owner)) {
            return refuse(job, "QP-MASS-FORM");
        }
        for (size_t j = 0; j < i; j++) {
            if (same(body->inputs[j]->lot, input->lot)) {
                return refuse(job, "QP-LOT-TWICE");
            }
        }
        if (!not_empty(job, input->quantity)) {
            return false;
        }
        if (input->quantity->grams > lot->balance.grams ||
            input->quantity->pieces > lot->balance.pieces) {
            return refuse(job, "QP-MASS-DRAW");
        }
        drawn->sum.grams += input->quantity->grams;
        drawn->sum.pieces += input->quantity->pieces;
        drawn->waste = drawn->waste || waste(lot);
        drawn->newest_ms = lot->made_ms > drawn->newest_ms ? lot->made_ms : drawn->newest_ms;
    }
    return true;
}

/* The grams of input that an output needs. *beside: not those that others need. */
static bool needs(struct judged *job, const Qp__RuleSetPublished *rules,
                  const struct model_lot *input, const Qp__LotOutput *output, model_wide *grams,
                  bool *beside)
{
    *grams = output->quantity->grams;
    *beside = false;
    if (output->form == input->form) {
        return true;
    }
    *beside = residue(output->form);
    const Qp__ConversionFactor *factor =
        model_factor(rules, input->commodity, input->form, output->form);
    if (factor != NULL) {
        model_wide by = (model_wide)factor->factor_ppm * (1000000 + factor->tolerance_ppm);
        *grams = (*grams * 1000000 * 1000000 + by - 1) / by;
        *beside = *beside || factor->beside;
        return true;
    }
    *grams = 0;
    if (output->kind == QP__OUTPUT_KIND__OUTPUT_KIND_PRODUCT) {
        return refuse(job, "QP-MASS-FACTOR");
    }
    if (output->form != QP__FORM__FORM_RESIDUE &&
        !(residue(output->form) && !residue(input->form))) {
        return refuse(job, "QP-MASS-FACTOR");
    }
    return true;
}

static bool mass_holds(struct judged *job, const Qp__RuleSetPublished *rules,
                       const Qp__LotProcessed *body, const struct drawn *drawn)
{
    model_wide beside[QP__FORM__FORM_SOLUBLE + 1] = {0};
    model_wide others = 0;
    struct model_amount out = {0};
    for (size_t i = 0; i < body->n_outputs; i++) {
        const Qp__LotOutput *output = body->outputs[i];
        model_wide need = 0;
        bool aside = false;
        if (!not_empty(job, output->quantity)) {
            return false;
        }
        if (!needs(job, rules, drawn->first, output, &need, &aside)) {
            return false;
        }
        if (output->form != drawn->first->form && output->quantity->grams == 0) {
            return refuse(job, "QP-MASS-EMPTY");
        }
        if (drawn->waste && output->kind != QP__OUTPUT_KIND__OUTPUT_KIND_WASTE) {
            return refuse(job, "QP-LOT-WASTE");
        }
        if (aside) {
            beside[output->form] += need;
        } else {
            others += need;
        }
        out.grams += output->quantity->grams;
        out.pieces += output->form == drawn->first->form ? output->quantity->pieces : 0;
    }
    for (size_t form = 0; form < sizeof beside / sizeof beside[0]; form++) {
        if (beside[form] > drawn->sum.grams) {
            return refuse(job, "QP-MASS-YIELD");
        }
    }
    if (others > drawn->sum.grams) {
        return refuse(job, "QP-MASS-YIELD");
    }
    if (out.pieces > drawn->sum.pieces) {
        return refuse(job, "QP-MASS-YIELD");
    }
    if (out.grams > drawn->sum.grams) {
        return refuse(job, "QP-MASS-TOTAL");
    }
    return true;
}

static bool outputs_new(struct judged *job, const Qp__LotProcessed *body)
{
    for (size_t i = 0; i < body->n_outputs; i++) {
        if (!own_name(job, body->outputs[i]->lot)) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (same(body->outputs[j]->lot, body->outputs[i]->lot)) {
                return refuse(job, "QP-LOT-NEW");
            }
        }
        if (model_find_lot(job->model, body->outputs[i]->lot) != NULL) {
            return refuse(job, "QP-LOT-NEW");
        }
    }
    return true;
}

bool row_lot_processed(struct judged *job)
{
    const Qp__LotProcessed *body = job->event->lot_processed;
    const Qp__RuleSetPublished *rules = NULL;
    struct drawn drawn;
    if (!draw_inputs(job, body, &drawn)) {
        return false;
    }
    if (!rules_now(job, &rules)) {
        return false;
    }
    if (!mass_holds(job, rules, body, &drawn)) {
        return false;
    }
    if (!outputs_new(job, body)) {
        return false;
    }
    Qp__Commodity commodity = drawn.first->commodity;
    const char *owner = drawn.first->owner;
    for (size_t i = 0; i < body->n_inputs; i++) {
        struct model_lot *lot = model_find_lot(job->model, body->inputs[i]->lot);
        lot->balance.grams -= body->inputs[i]->quantity->grams;
        lot->balance.pieces -= body->inputs[i]->quantity->pieces;
        lot->uses++;
    }
    for (size_t i = 0; i < body->n_outputs; i++) {
        struct model_lot *lot = ADD(job->model->lots);
        lot->id = body->outputs[i]->lot;
        lot->commodity = commodity;
        lot->form = body->outputs[i]->form;
        lot->origin = body->outputs[i]->kind;
        lot->made = lot->balance = amount(body->outputs[i]->quantity);
        lot->owner = owner;
        lot->holder = job->party;
        lot->status = MODEL_HELD;
        lot->created = job->context->place;
        lot->made_ms =
            job->event->occurred_ms > drawn.newest_ms ? job->event->occurred_ms : drawn.newest_ms;
    }
    return true;
}

/* ---- Hand-overs ---- */

bool row_lot_transferred(struct judged *job)
{
    const Qp__LotTransferred *body = job->event->lot_transferred;
    struct model_lot *lot = NULL;
    if (!sealed_as(job, body->price, QP__SEALED_KIND__SEALED_KIND_PRICE)) {
        return false;
    }
    if (!free_(job, body->lot, &lot)) {
        return false;
    }
    if (body->kind != QP__TRANSFER_KIND__TRANSFER_KIND_OWNERSHIP &&
        !same(lot->holder, job->party)) {
        return refuse(job, "QP-LOT-HELD");
    }
    if (body->kind != QP__TRANSFER_KIND__TRANSFER_KIND_CUSTODY && !same(lot->owner, job->party)) {
        return refuse(job, "QP-LOT-OWNER");
    }
    const struct model_party *to = model_find_party(job->model, body->to);
    if (to == NULL) {
        return refuse(job, "QP-PARTY-UNKNOWN");
    }
    if (same(body->to, job->party) || !has_any(to, HANDS) || to->suspended) {
        return refuse(job, "QP-TRANSFER-TO");
    }
    if (body->quantity->grams != lot->balance.grams ||
        body->quantity->pieces != lot->balance.pieces ||
        (body->quantity->grams == 0 && body->quantity->pieces == 0)) {
        return refuse(job, "QP-TRANSFER-WEIGHT");
    }
    lot->status = MODEL_HANDED;
    lot->handed_to = body->to;
    lot->handed_kind = body->kind;
    lot->handed = amount(body->quantity);
    lot->handed_at = job->context->place;
    lot->uses++;
    return true;
}

bool row_lot_received(struct judged *job)
{
    const Qp__LotReceived *body = job->event->lot_received;
    const Qp__RuleSetPublished *rules = NULL;
    struct model_lot *lot = NULL;
    if (!alive(job, body->lot, &lot)) {
        return false;
    }
    if (lot->status != MODEL_HANDED || !same(lot->handed_to, job->party)) {
        return refuse(job, "QP-TRANSFER-NONE");
    }
    bool custody = lot->handed_kind != QP__TRANSFER_KIND__TRANSFER_KIND_OWNERSHIP;
    bool ownership = lot->handed_kind != QP__TRANSFER_KIND__TRANSFER_KIND_CUSTODY;
    if (!same(body->from, custody ? lot->holder : lot->owner)) {
        return refuse(job, "QP-TRANSFER-NONE");
    }
    if (!not_empty(job, body->quantity)) {
        return false;
    }
    if (!rules_now(job, &rules)) {
        return false;
    }
    uint64_t sent = lot->handed.grams;
    uint64_t got = body->quantity->grams;
    uint64_t more = (uint64_t)((model_wide)sent * rules->transfer_tolerance_ppm / 1000000);
    if (got > sent + more || body->quantity->pieces > lot->handed.pieces) {
        return refuse(job, "QP-TRANSFER-MORE");
    }
    if (got <= sent) {
        lot->balance.grams = got;
        lot->shrunk_grams += sent - got;
    } else {
        uint64_t back = got - sent < lot->shrunk_grams ? got - sent : lot->shrunk_grams;
        lot->balance.grams = sent + back;
        lot->shrunk_grams -= back;
    }
    lot->balance.pieces = body->quantity->pieces;
    lot->status = MODEL_HELD;
    lot->handed_to = NULL;
    lot->handed_kind = QP__TRANSFER_KIND__TRANSFER_KIND_UNSPECIFIED;
    lot->handed = (struct model_amount){0, 0};
    lot->handed_at = (struct model_place){0, 0};
    if (custody) {
        lot->holder = job->party;
    }
    if (ownership) {
        lot->owner = job->party;
    }
    return true;
}

/* ---- What is said of a lot ---- */

/* Inspections and footprints: a report of the right kind, about a lot that is there. */
static bool said_of(struct judged *job, const char *lot, const Qp__Sealed *report)
{
    struct model_lot *known = NULL;
    return sealed_as(job, report, QP__SEALED_KIND__SEALED_KIND_DOCUMENT) && alive(job, lot, &known);
}

bool row_lot_inspected(struct judged *job)
{
    return said_of(job, job->event->lot_inspected->lot, job->event->lot_inspected->report);
}

bool row_footprint_recorded(struct judged *job)
{
    return said_of(job, job->event->footprint_recorded->lot,
                   job->event->footprint_recorded->report);
}

bool row_lot_recalled(struct judged *job)
{
    const Qp__LotRecalled *body = job->event->lot_recalled;
    struct model_lot *lot = NULL;
    if (!alive(job, body->lot, &lot)) {
        return false;
    }
    if (!named_by(body->lot, job->party) && !same(lot->owner, job->party) &&
        !same(lot->holder, job->party) && !has_any(job->issuer, ROLE(AUTHORITY))) {
        return refuse(job, "QP-LOT-OWNER");
    }
    lot->status = MODEL_RECALLED;
    return true;
}
