/* Voiding: the effect of an event taken back. */
#include "model/model_priv.h"

#include <stdlib.h>

static const struct model_past *find_past(const struct model *model, const Qp__EventReference *name)
{
    for (size_t i = 0; i < model->past.count; i++) {
        const struct model_past *past = &model->past.at[i];
        if (same_key(past->issuer, name->issuer.data) && past->sequence == name->sequence &&
            past->place.position == name->position && same_key(past->id, name->event.data)) {
            return past;
        }
    }
    return NULL;
}

/* A lot that the voided event made. */
static bool unused(struct judged *job, const char *id)
{
    const struct model_lot *lot = model_find_lot(job->model, id);
    if (lot->status != MODEL_HELD || lot->uses > 0) {
        return refuse(job, "QP-VOID-USED");
    }
    return true;
}

static void end_lot(struct judged *job, const char *id)
{
    struct model_lot *lot = model_find_lot(job->model, id);
    lot->status = MODEL_VOIDED;
    lot->balance = (struct model_amount){0, 0};
}

static bool void_harvest(struct judged *job, const struct model_past *past)
{
    const Qp__LotHarvested *body = past->event->lot_harvested;
    if (!unused(job, body->lot)) {
        return false;
    }
    const Qp__RuleSetPublished *rules =
        model_rules_in_force(job->model, past->event->occurred_ms, &past->place);
    for (size_t i = 0; i < body->n_origins && model_cap(rules, body->commodity) != NULL; i++) {
        uint64_t counted = 0;
        if (!yield_grams(job, rules, body, body->origins[i]->grams, &counted)) {
            abort(); /* it was admitted by these rules */
        }
        model_find_harvest(job->model, body->origins[i]->plot, body->commodity, body->crop_year)
            ->grams -= counted;
    }
    end_lot(job, body->lot);
    return true;
}

static bool void_process(struct judged *job, const struct model_past *past)
{
    const Qp__LotProcessed *body = past->event->lot_processed;
    for (size_t i = 0; i < body->n_outputs; i++) {
        if (!unused(job, body->outputs[i]->lot)) {
            return false;
        }
    }
    for (size_t i = 0; i < body->n_inputs; i++) {
        struct model_lot *lot = NULL;
        if (!free_and_held(job, body->inputs[i]->lot, &lot)) {
            return false;
        }
    }
    for (size_t i = 0; i < body->n_inputs; i++) {
        struct model_lot *lot = model_find_lot(job->model, body->inputs[i]->lot);
        lot->balance.grams += body->inputs[i]->quantity->grams;
        lot->balance.pieces += body->inputs[i]->quantity->pieces;
        lot->uses--;
    }
    for (size_t i = 0; i < body->n_outputs; i++) {
        end_lot(job, body->outputs[i]->lot);
    }
    return true;
}

static bool void_transfer(struct judged *job, const struct model_past *past)
{
    struct model_lot *lot = model_find_lot(job->model, past->event->lot_transferred->lot);
    if (lot->status != MODEL_HANDED || lot->handed_at.index != past->place.index ||
        lot->handed_at.position != past->place.position) {
        return refuse(job, "QP-VOID-USED");
    }
    lot->status = MODEL_HELD;
    lot->handed_to = NULL;
    lot->handed_kind = QP__TRANSFER_KIND__TRANSFER_KIND_UNSPECIFIED;
    lot->handed = (struct model_amount){0, 0};
    lot->handed_at = (struct model_place){0, 0};
    lot->uses--;
    return true;
}

bool row_event_voided(struct judged *job)
{
    const Qp__EventReference *name = job->event->event_voided->event;
    const struct model_key *key = model_find_key(job->model, name->issuer.data);
    if (key == NULL || !same(key->party, job->party)) {
        return refuse(job, "QP-VOID-OWNER");
    }
    const struct model_past *past = find_past(job->model, name);
    if (past == NULL || past->place.index == job->context->place.index) {
        return refuse(job, "QP-VOID-UNKNOWN");
    }
    switch (past->event->body_case) {
    case QP__EVENT__BODY_LOT_HARVESTED:
        return void_harvest(job, past);
    case QP__EVENT__BODY_LOT_PROCESSED:
        return void_process(job, past);
    case QP__EVENT__BODY_LOT_TRANSFERRED:
        return void_transfer(job, past);
    case QP__EVENT__BODY_LOT_INSPECTED:
    case QP__EVENT__BODY_FOOTPRINT_RECORDED:
    case QP__EVENT__BODY_DOCUMENT_ATTACHED:
        return true;
    default:
        return refuse(job, "QP-VOID-KIND");
    }
}
