/* Rules of documents and corrections. */
#include "rules/rules_priv.h"

#include "rules/graph.h"

#include "core/check.h"

#include <string.h>

enum qp_code qp_judge_document_attached(struct qp_job *job)
{
    const Qp__DocumentAttached *body = job->event->document_attached;
    enum qp_code rc =
        qp_job_sealed(job, body->document, QP__SEALED_KIND__SEALED_KIND_DOCUMENT, "document");
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_state_key at =
        qp_state_key_text(qp_subject_state(body->subject->kind), body->subject->id);
    struct qp_span record = {0};
    rc = job->state->get(job->state->context, qp_state_key_span(&at), &record, job->err);
    if (rc == QP_OK && record.len == 0) {
        char kind[40];
        qp_enum_name(kind, &qp__subject_kind__descriptor, (int)body->subject->kind);
        rc = qp_refuse(job->err, "QP-SUBJECT-UNKNOWN",
                       "no %s %s is in the ledger to attach \"%s\" to", kind, body->subject->id,
                       body->title);
    }
    return rc;
}

/* ---- Voiding: the effect of the event is taken back, as long as nothing rests on it ---- */

static enum qp_code refuse_used(struct qp_job *job, const char *id)
{
    return qp_refuse(job->err, "QP-VOID-USED",
                     "lot %s has been used, handed on, recalled or voided since; recall it instead",
                     id);
}

static bool untouched(const Qp__LotState *lot)
{
    return lot->status == QP__LOT_STATUS__LOT_STATUS_HELD && lot->uses == 0;
}

static enum qp_code void_lot(struct qp_job *job, const char *id, Qp__LotState *lot)
{
    lot->status = QP__LOT_STATUS__LOT_STATUS_VOIDED;
    lot->balance = NULL;
    return qp_job_put_lot(job, id, lot);
}

/* The plots get back what the harvest counted against them. */
static enum qp_code uncount_harvest(struct qp_job *job, const Qp__Event *event,
                                    const Qp__EventPlace *place)
{
    const Qp__LotHarvested *body = event->lot_harvested;
    struct qp_yield yield = {0};
    struct qp_job then = *job;
    then.event = event;  /* the rules of the day of the harvest … */
    then.place = *place; /* … as they were known when it was admitted */
    enum qp_code rc = qp_job_yield(&then, body, &yield);
    if (rc != QP_OK || yield.cap == NULL) {
        return rc;
    }
    for (size_t i = 0; rc == QP_OK && i < body->n_origins; i++) {
        struct qp_state_key at =
            qp_state_key_harvest(body->origins[i]->plot, body->commodity, body->crop_year);
        Qp__HarvestState *known = NULL;
        rc = qp_job_get(job, &at, &qp_rule_harvest_state, &known);
        if (rc == QP_OK && known != NULL) {
            uint64_t less = qp_yield_grams(&yield, body->origins[i]->grams);
            known->grams = known->grams > less ? known->grams - less : 0;
            rc = qp_job_put(job, &at, &qp_rule_harvest_state, known);
        }
    }
    return rc;
}

static enum qp_code void_harvest(struct qp_job *job, const Qp__Event *event,
                                 const Qp__EventPlace *place)
{
    const char *id = event->lot_harvested->lot;
    Qp__LotState *lot = NULL;
    enum qp_code rc = qp_job_lot(job, id, &lot);
    if (rc == QP_OK && !untouched(lot)) {
        rc = refuse_used(job, id);
    }
    if (rc == QP_OK) {
        rc = uncount_harvest(job, event, place);
    }
    return rc == QP_OK ? void_lot(job, id, lot) : rc;
}

static enum qp_code void_outputs(struct qp_job *job, const Qp__LotProcessed *body)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < body->n_outputs; i++) {
        Qp__LotState *lot = NULL;
        rc = qp_job_lot(job, body->outputs[i]->lot, &lot);
        if (rc == QP_OK && !untouched(lot)) {
            rc = refuse_used(job, body->outputs[i]->lot);
        }
        if (rc == QP_OK) {
            rc = void_lot(job, body->outputs[i]->lot, lot);
        }
    }
    return rc;
}

static enum qp_code give_back(struct qp_job *job, const Qp__LotInput *input)
{
    Qp__Quantity balance = QP__QUANTITY__INIT;
    Qp__LotState *lot = NULL;
    if (job->context->voids_draws) {
        struct qp_state_key at = qp_state_key_text(QP_STATE_LOT, input->lot);
        enum qp_code rc = qp_job_get(job, &at, &qp_rule_lot_state, &lot);
        if (rc != QP_OK || lot == NULL) {
            return rc;
        }
    }
    enum qp_code rc = qp_job_held_lot(job, input->lot, &lot);
    if (rc != QP_OK) {
        return rc;
    }
    balance.grams = (lot->balance == NULL ? 0 : lot->balance->grams) + input->quantity->grams;
    balance.pieces = (lot->balance == NULL ? 0 : lot->balance->pieces) + input->quantity->pieces;
    lot->balance = &balance;
    lot->uses -= lot->uses > 0 ? 1 : 0;
    return qp_job_put_lot(job, input->lot, lot);
}

static enum qp_code void_process(struct qp_job *job, const Qp__Event *event)
{
    const Qp__LotProcessed *body = event->lot_processed;
    enum qp_code rc = job->context->voids_draws ? QP_OK : void_outputs(job, body);
    for (size_t i = 0; rc == QP_OK && i < body->n_inputs; i++) {
        rc = give_back(job, body->inputs[i]);
    }
    return rc;
}

/* Only the hand-over that is under way: an earlier one may have been of the same lot to the same
 * hands, and be voided already. */
static enum qp_code void_transfer(struct qp_job *job, const Qp__Event *event,
                                  const Qp__EventPlace *place)
{
    const Qp__LotTransferred *body = event->lot_transferred;
    Qp__LotState *lot = NULL;
    enum qp_code rc = qp_job_lot(job, body->lot, &lot);
    if (rc == QP_OK &&
        (lot->status != QP__LOT_STATUS__LOT_STATUS_HANDED || lot->handed_at == NULL ||
         lot->handed_at->index != place->index || lot->handed_at->position != place->position)) {
        rc = refuse_used(job, body->lot);
    }
    if (rc != QP_OK) {
        return rc;
    }
    lot->status = QP__LOT_STATUS__LOT_STATUS_HELD;
    lot->handed_to = (char *)(uintptr_t)protobuf_c_empty_string;
    lot->handed_kind = 0;
    lot->handed = NULL;
    lot->handed_at = NULL;
    lot->uses -= lot->uses > 0 ? 1 : 0;
    return qp_job_put_lot(job, body->lot, lot);
}

static enum qp_code void_effect(struct qp_job *job, const Qp__Event *event,
                                const Qp__EventPlace *place)
{
    switch (event->body_case) {
    case QP__EVENT__BODY_LOT_HARVESTED:
        return void_harvest(job, event, place);
    case QP__EVENT__BODY_LOT_PROCESSED:
        return void_process(job, event);
    case QP__EVENT__BODY_LOT_TRANSFERRED:
        return void_transfer(job, event, place);
    case QP__EVENT__BODY_LOT_INSPECTED:
    case QP__EVENT__BODY_FOOTPRINT_RECORDED:
    case QP__EVENT__BODY_DOCUMENT_ATTACHED:
        return QP_OK; /* they left no mark on the state */
    default:
        return qp_refuse(
            job->err, "QP-VOID-KIND",
            "%s cannot be voided; withdraw, recall, rotate or correct it by an event of "
            "its own",
            qp_event_name(event->body_case));
    }
}

/* Events of the party's other keys are its own as well. */
static enum qp_code check_voider(struct qp_job *job, const Qp__EventReference *reference)
{
    struct qp_public_key key;
    memcpy(key.bytes, reference->issuer.data, sizeof key.bytes);
    struct qp_state_key at = qp_state_key_public(&key);
    Qp__KeyState *known = NULL;
    enum qp_code rc = qp_job_get(job, &at, &qp_rule_key_state, &known);
    if (rc == QP_OK && (known == NULL || strcmp(known->party, job->party) != 0)) {
        rc = qp_refuse(job->err, "QP-VOID-OWNER", "the event was not issued by %s", job->party);
    }
    return rc;
}

enum qp_code qp_judge_event_voided(struct qp_job *job)
{
    const Qp__EventReference *reference = job->event->event_voided->event;
    enum qp_code rc = check_voider(job, reference);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_span bytes = {0};
    Qp__EventPlace place = QP__EVENT_PLACE__INIT;
    rc = job->state->event(job->state->context, reference, &bytes, &place, job->err);
    if (rc == QP_E_NOT_FOUND) {
        return qp_refuse(job->err, "QP-VOID-UNKNOWN",
                         "no event %u of statement %llu of that key is in the ledger",
                         reference->position, (unsigned long long)reference->sequence);
    }
    if (rc != QP_OK) {
        return rc;
    }
    /* No log has an event before it has its whole statement, and no statement needs to take back a
     * part of itself. */
    if (place.index >= job->context->index) {
        return qp_refuse(
            job->err, "QP-VOID-UNKNOWN",
            "event %u of statement %llu does not stand before the statement that voids "
            "it",
            reference->position, (unsigned long long)reference->sequence);
    }
    struct qp_hash found;
    struct qp_hash want = qp_bytes_hash(reference->event);
    qp_hash_leaf(&found, bytes);
    if (!qp_hash_eq(&found, &want)) {
        return qp_refuse(job->err, "QP-VOID-UNKNOWN",
                         "event %u of statement %llu is another one than the reference says",
                         reference->position, (unsigned long long)reference->sequence);
    }
    uint8_t *copy = qp_job_alloc(job, 1, bytes.len);
    if (copy == NULL) {
        return qp_job_no_memory(job);
    }
    memcpy(copy, bytes.data, bytes.len);
    Qp__Event *event = NULL;
    rc = qp_event_decode(qp_span_of(copy, bytes.len), job->arena, &event, job->err);
    return rc == QP_OK ? void_effect(job, event, &place) : rc;
}
