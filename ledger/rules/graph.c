#include "rules/graph.h"

#include "core/check.h"

#include <string.h>

struct walk {
    enum qp_code (*edge)(void *context, const struct qp_edge *edge, struct qp_err *err);
    void *context;
    struct qp_err *err;
    enum qp_code rc;
};

static void tell(struct walk *walk, enum qp_state_kind kind, const char *id, enum qp_edge_role role)
{
    if (walk->rc == QP_OK && id[0] != '\0') {
        struct qp_edge edge = {.kind = kind, .id = id, .role = role};
        walk->rc = walk->edge(walk->context, &edge, walk->err);
    }
}

enum qp_state_kind qp_subject_state(Qp__SubjectKind kind)
{
    switch (kind) {
    case QP__SUBJECT_KIND__SUBJECT_KIND_PRODUCER:
        return QP_STATE_PRODUCER;
    case QP__SUBJECT_KIND__SUBJECT_KIND_PLOT:
        return QP_STATE_PLOT;
    case QP__SUBJECT_KIND__SUBJECT_KIND_LOT:
        return QP_STATE_LOT;
    case QP__SUBJECT_KIND__SUBJECT_KIND_CERTIFICATE:
        return QP_STATE_CERTIFICATE;
    case QP__SUBJECT_KIND__SUBJECT_KIND_SHIPMENT:
        return QP_STATE_SHIPMENT;
    default:
        return QP_STATE_PARTY;
    }
}

static void walk_harvest(struct walk *walk, const Qp__LotHarvested *body)
{
    tell(walk, QP_STATE_LOT, body->lot, QP_EDGE_CREATES);
    for (size_t i = 0; i < body->n_origins; i++) {
        tell(walk, QP_STATE_PLOT, body->origins[i]->plot, QP_EDGE_USES);
    }
}

static void walk_process(struct walk *walk, const Qp__LotProcessed *body)
{
    for (size_t i = 0; i < body->n_inputs; i++) {
        tell(walk, QP_STATE_LOT, body->inputs[i]->lot, QP_EDGE_CONSUMES);
    }
    for (size_t i = 0; i < body->n_outputs; i++) {
        tell(walk, QP_STATE_LOT, body->outputs[i]->lot, QP_EDGE_CREATES);
    }
}

static void walk_dispatch(struct walk *walk, const Qp__ShipmentDispatched *body)
{
    tell(walk, QP_STATE_SHIPMENT, body->shipment, QP_EDGE_CREATES);
    tell(walk, QP_STATE_PARTY, body->consignee, QP_EDGE_USES);
    for (size_t i = 0; i < body->n_lots; i++) {
        tell(walk, QP_STATE_LOT, body->lots[i]->lot, QP_EDGE_CONSUMES);
    }
}

static void walk_land_and_law(struct walk *walk, const Qp__Event *event)
{
    switch (event->body_case) {
    case QP__EVENT__BODY_LEDGER_OPENED:
        tell(walk, QP_STATE_PARTY, event->ledger_opened->operator_->party, QP_EDGE_CREATES);
        break;
    case QP__EVENT__BODY_PARTY_ENROLLED:
        tell(walk, QP_STATE_PARTY, event->party_enrolled->party, QP_EDGE_CREATES);
        break;
    case QP__EVENT__BODY_PARTY_SUSPENDED:
        tell(walk, QP_STATE_PARTY, event->party_suspended->party, QP_EDGE_CHANGES);
        break;
    case QP__EVENT__BODY_KEY_ADDED:
        tell(walk, QP_STATE_PARTY, event->key_added->party, QP_EDGE_CHANGES);
        break;
    case QP__EVENT__BODY_KEY_ROTATED:
        tell(walk, QP_STATE_PARTY, event->key_rotated->party, QP_EDGE_CHANGES);
        break;
    case QP__EVENT__BODY_KEY_REVOKED:
        tell(walk, QP_STATE_PARTY, event->key_revoked->party, QP_EDGE_CHANGES);
        break;
    case QP__EVENT__BODY_PRODUCER_REGISTERED:
        tell(walk, QP_STATE_PRODUCER, event->producer_registered->producer, QP_EDGE_CREATES);
        break;
    case QP__EVENT__BODY_PLOT_REGISTERED:
        tell(walk, QP_STATE_PLOT, event->plot_registered->plot, QP_EDGE_CREATES);
        tell(walk, QP_STATE_PRODUCER, event->plot_registered->producer, QP_EDGE_USES);
        break;
    case QP__EVENT__BODY_PLOT_ASSESSED:
        tell(walk, QP_STATE_PLOT, event->plot_assessed->plot, QP_EDGE_DESCRIBES);
        break;
    case QP__EVENT__BODY_PLOT_WITHDRAWN:
        tell(walk, QP_STATE_PLOT, event->plot_withdrawn->plot, QP_EDGE_CHANGES);
        break;
    default:
        break;
    }
}

static void walk_lot(struct walk *walk, const Qp__Event *event)
{
    switch (event->body_case) {
    case QP__EVENT__BODY_LOT_HARVESTED:
        walk_harvest(walk, event->lot_harvested);
        break;
    case QP__EVENT__BODY_LOT_PROCESSED:
        walk_process(walk, event->lot_processed);
        break;
    case QP__EVENT__BODY_LOT_TRANSFERRED:
        tell(walk, QP_STATE_LOT, event->lot_transferred->lot, QP_EDGE_CHANGES);
        break;
    case QP__EVENT__BODY_LOT_RECEIVED:
        tell(walk, QP_STATE_LOT, event->lot_received->lot, QP_EDGE_CHANGES);
        break;
    case QP__EVENT__BODY_LOT_INSPECTED:
        tell(walk, QP_STATE_LOT, event->lot_inspected->lot, QP_EDGE_DESCRIBES);
        break;
    case QP__EVENT__BODY_LOT_RECALLED:
        tell(walk, QP_STATE_LOT, event->lot_recalled->lot, QP_EDGE_CHANGES);
        break;
    case QP__EVENT__BODY_FOOTPRINT_RECORDED:
        tell(walk, QP_STATE_LOT, event->footprint_recorded->lot, QP_EDGE_DESCRIBES);
        break;
    default:
        break;
    }
}

static void walk_trade(struct walk *walk, const Qp__Event *event)
{
    switch (event->body_case) {
    case QP__EVENT__BODY_CERTIFICATE_ISSUED:
        tell(walk, QP_STATE_CERTIFICATE, event->certificate_issued->certificate, QP_EDGE_CREATES);
        tell(walk, QP_STATE_PARTY, event->certificate_issued->holder, QP_EDGE_USES);
        break;
    case QP__EVENT__BODY_CERTIFICATE_WITHDRAWN:
        tell(walk, QP_STATE_CERTIFICATE, event->certificate_withdrawn->certificate,
             QP_EDGE_CHANGES);
        break;
    case QP__EVENT__BODY_SHIPMENT_DISPATCHED:
        walk_dispatch(walk, event->shipment_dispatched);
        break;
    case QP__EVENT__BODY_SHIPMENT_GATED_IN:
        tell(walk, QP_STATE_SHIPMENT, event->shipment_gated_in->shipment, QP_EDGE_CHANGES);
        break;
    case QP__EVENT__BODY_SHIPMENT_LOADED:
        tell(walk, QP_STATE_SHIPMENT, event->shipment_loaded->shipment, QP_EDGE_CHANGES);
        break;
    case QP__EVENT__BODY_SHIPMENT_RECEIVED:
        tell(walk, QP_STATE_SHIPMENT, event->shipment_received->shipment, QP_EDGE_CHANGES);
        break;
    case QP__EVENT__BODY_DOCUMENT_ATTACHED: {
        const Qp__Subject *subject = event->document_attached->subject;
        tell(walk, qp_subject_state(subject->kind), subject->id, QP_EDGE_DESCRIBES);
        break;
    }
    default:
        break;
    }
}

enum qp_code qp_event_edges(const Qp__Event *event,
                            enum qp_code (*edge)(void *context, const struct qp_edge *edge,
                                                 struct qp_err *err),
                            void *context, struct qp_err *err)
{
    struct walk walk = {.edge = edge, .context = context, .err = err, .rc = QP_OK};
    walk_land_and_law(&walk, event);
    walk_lot(&walk, event);
    walk_trade(&walk, event);
    return walk.rc;
}

static enum qp_code tell_changed(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    struct walk *walk = context;
    if (edge->role == QP_EDGE_USES) {
        return QP_OK;
    }
    struct qp_edge changed = {.kind = edge->kind, .id = edge->id, .role = QP_EDGE_CHANGES};
    return walk->edge(walk->context, &changed, err);
}

enum qp_code qp_voided_edges(const Qp__Event *voided,
                             enum qp_code (*edge)(void *context, const struct qp_edge *edge,
                                                  struct qp_err *err),
                             void *context, struct qp_err *err)
{
    struct walk walk = {.edge = edge, .context = context, .err = err};
    return qp_event_edges(voided, tell_changed, &walk, err);
}

/* Commitments are found by the descriptor, so that a new event family needs nothing here. */
struct sealed_walk {
    enum qp_code (*sealed)(void *context, const char *field, const Qp__Sealed *sealed,
                           struct qp_err *err);
    void *context;
    struct qp_err *err;
};

static enum qp_code walk_sealed(const struct sealed_walk *walk,
                                const ProtobufCMessageDescriptor *descriptor,
                                const uint8_t *message)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED) {
            continue;
        }
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
            uint32_t chosen = 0;
            memcpy(&chosen, message + field->quantifier_offset, sizeof chosen);
            if (chosen != field->id) {
                continue;
            }
        }
        const uint8_t *child = NULL;
        memcpy(&child, message + field->offset, sizeof child);
        if (child == NULL) {
            continue;
        }
        enum qp_code rc =
            field->descriptor == &qp__sealed__descriptor
                ? walk->sealed(walk->context, field->name, (const void *)child, walk->err)
                : walk_sealed(walk, field->descriptor, child);
        if (rc != QP_OK) {
            return rc;
        }
    }
    return QP_OK;
}

enum qp_code qp_event_sealed(const Qp__Event *event,
                             enum qp_code (*sealed)(void *context, const char *field,
                                                    const Qp__Sealed *sealed, struct qp_err *err),
                             void *context, struct qp_err *err)
{
    struct sealed_walk walk = {.sealed = sealed, .context = context, .err = err};
    return walk_sealed(&walk, &qp__event__descriptor, (const uint8_t *)event);
}
