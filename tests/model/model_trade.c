/* Certificates, shipments and documents. */
#include "model/model_priv.h"

#include <string.h>

static bool lists_scheme(const Qp__RuleSetPublished *rules, const char *scheme)
{
    for (size_t i = 0; i < rules->n_schemes; i++) {
        if (same(rules->schemes[i]->scheme, scheme)) {
            return true;
        }
    }
    return false;
}

bool row_certificate_issued(struct judged *job)
{
    const Qp__CertificateIssued *body = job->event->certificate_issued;
    if (!own_name(job, body->certificate)) {
        return false;
    }
    if (!sealed_as(job, body->document, QP__SEALED_KIND__SEALED_KIND_DOCUMENT)) {
        return false;
    }
    if (model_find_party(job->model, body->holder) == NULL) {
        return refuse(job, "QP-PARTY-UNKNOWN");
    }
    if (model_find_certificate(job->model, body->certificate) != NULL) {
        return refuse(job, "QP-CERTIFICATE-NEW");
    }
    if (body->valid_to_ms < body->valid_from_ms) {
        return refuse(job, "QP-CERTIFICATE-TIME");
    }
    const Qp__RuleSetPublished *rules =
        model_rules_in_force(job->model, job->event->occurred_ms, &job->context->place);
    if (rules != NULL && rules->n_schemes > 0 && !lists_scheme(rules, body->scheme)) {
        return refuse(job, "QP-CERTIFICATE-SCHEME");
    }
    struct model_certificate *certificate = ADD(job->model->certificates);
    certificate->body = body;
    certificate->party = job->party;
    certificate->issued = job->context->place;
    return true;
}

bool row_certificate_withdrawn(struct judged *job)
{
    const Qp__CertificateWithdrawn *body = job->event->certificate_withdrawn;
    struct model_certificate *certificate = model_find_certificate(job->model, body->certificate);
    if (certificate == NULL) {
        return refuse(job, "QP-CERTIFICATE-UNKNOWN");
    }
    if (!same(certificate->party, job->party) && !has_any(job->issuer, ROLE(AUTHORITY))) {
        return refuse(job, "QP-ROLE");
    }
    if (certificate->withdrawn) {
        return refuse(job, "QP-CERTIFICATE-WITHDRAWN");
    }
    certificate->withdrawn = true;
    certificate->withdrawn_at = job->context->place;
    return true;
}

/* ---- Shipments ---- */

static bool right_container(const char *number)
{
    unsigned sum = 0;
    if (strlen(number) != 11) {
        return false;
    }
    for (unsigned i = 0; i < 11; i++) {
        bool letter = number[i] >= 'A' && number[i] <= 'Z';
        bool digit = number[i] >= '0' && number[i] <= '9';
        unsigned value = 0;
        if (i < 4 ? !letter : !digit) {
            return false;
        }
        if (letter) {
            value = 10;
            for (char c = 'A'; c < number[i]; c++) {
                value++;
                if (value % 11 == 0) {
                    value++;
                }
            }
        } else {
            value = (unsigned)(number[i] - '0');
        }
        if (i == 10) {
            return value == sum % 11 % 10;
        }
        sum += value << i;
        if (i == 3 && strchr("UJZ", number[3]) == NULL) {
            return false;
        }
    }
    return false;
}

static bool containers_hold(struct judged *job, const Qp__ShipmentDispatched *body)
{
    for (size_t i = 0; i < body->n_containers; i++) {
        if (!right_container(body->containers[i]->number)) {
            return refuse(job, "QP-SHIPMENT-CONTAINER");
        }
        for (size_t j = 0; j < i; j++) {
            if (same(body->containers[j]->number, body->containers[i]->number)) {
                return refuse(job, "QP-SHIPMENT-CONTAINER");
            }
        }
    }
    return true;
}

static bool heading_holds(struct judged *job, const Qp__RuleSetPublished *rules,
                          const Qp__ShipmentDispatched *body)
{
    bool listed = false;
    for (size_t i = 0; i < rules->n_headings; i++) {
        const Qp__HsHeading *heading = rules->headings[i];
        if (heading->commodity == body->commodity) {
            listed = true;
            if (strncmp(body->hs_code, heading->hs_code, strlen(heading->hs_code)) == 0) {
                return true;
            }
        }
    }
    if (listed) {
        return refuse(job, "QP-SHIPMENT-HS");
    }
    return true;
}

static bool parts_hold(struct judged *job, const Qp__ShipmentDispatched *body,
                       struct model_amount *sum)
{
    for (size_t i = 0; i < body->n_lots; i++) {
        const Qp__ShipmentLot *part = body->lots[i];
        struct model_lot *lot = NULL;
        if (!free_and_held(job, part->lot, &lot)) {
            return false;
        }
        if (waste(lot)) {
            return refuse(job, "QP-LOT-WASTE");
        }
        if (part->quantity->grams == 0) {
            return refuse(job, "QP-MASS-EMPTY");
        }
        if (!same(lot->owner, job->party)) {
            return refuse(job, "QP-LOT-OWNER");
        }
        if (lot->commodity != body->commodity) {
            return refuse(job, "QP-MASS-FORM");
        }
        for (size_t j = 0; j < i; j++) {
            if (same(body->lots[j]->lot, part->lot)) {
                return refuse(job, "QP-LOT-TWICE");
            }
        }
        if (part->quantity->grams > lot->balance.grams ||
            part->quantity->pieces > lot->balance.pieces) {
            return refuse(job, "QP-MASS-DRAW");
        }
        sum->grams += part->quantity->grams;
        sum->pieces += part->quantity->pieces;
    }
    if (sum->grams > UINT64_C(1000000000000000) || sum->pieces > 1000000000) {
        return refuse(job, "QP-MASS-LIMIT");
    }
    return true;
}

bool row_shipment_dispatched(struct judged *job)
{
    const Qp__ShipmentDispatched *body = job->event->shipment_dispatched;
    const Qp__RuleSetPublished *rules = NULL;
    struct model_amount sum = {0};
    if (!own_name(job, body->shipment)) {
        return false;
    }
    if (model_find_shipment(job->model, body->shipment) != NULL) {
        return refuse(job, "QP-SHIPMENT-NEW");
    }
    const struct model_party *consignee = model_find_party(job->model, body->consignee);
    if (consignee == NULL) {
        return refuse(job, "QP-PARTY-UNKNOWN");
    }
    if (!has_any(consignee, ROLE(IMPORTER))) {
        return refuse(job, "QP-SHIPMENT-CONSIGNEE");
    }
    if (!containers_hold(job, body)) {
        return false;
    }
    if (!rules_now(job, &rules)) {
        return false;
    }
    if (!heading_holds(job, rules, body)) {
        return false;
    }
    if (!parts_hold(job, body, &sum)) {
        return false;
    }
    for (size_t i = 0; i < body->n_lots; i++) {
        struct model_lot *lot = model_find_lot(job->model, body->lots[i]->lot);
        lot->balance.grams -= body->lots[i]->quantity->grams;
        lot->balance.pieces -= body->lots[i]->quantity->pieces;
        lot->uses++;
    }
    struct model_shipment *shipment = ADD(job->model->shipments);
    shipment->body = body;
    shipment->exporter = job->party;
    shipment->sum = sum;
    shipment->dispatched = job->context->place;
    return true;
}

/* The container's number in the shipment, or -1. */
static int container_of(const struct model_shipment *shipment, const char *number)
{
    for (size_t i = 0; i < shipment->body->n_containers; i++) {
        if (same(shipment->body->containers[i]->number, number)) {
            return (int)i;
        }
    }
    return -1;
}

bool row_shipment_gated_in(struct judged *job)
{
    const Qp__ShipmentGatedIn *body = job->event->shipment_gated_in;
    struct model_shipment *shipment = model_find_shipment(job->model, body->shipment);
    if (shipment == NULL) {
        return refuse(job, "QP-SHIPMENT-UNKNOWN");
    }
    int at = container_of(shipment, body->container);
    if (at < 0) {
        return refuse(job, "QP-SHIPMENT-CONTAINER");
    }
    if (shipment->gated[at]) {
        return refuse(job, "QP-SHIPMENT-ORDER");
    }
    shipment->gated[at] = true;
    return true;
}

bool row_shipment_loaded(struct judged *job)
{
    const Qp__ShipmentLoaded *body = job->event->shipment_loaded;
    struct model_shipment *shipment = model_find_shipment(job->model, body->shipment);
    bool loaded[MODEL_CONTAINERS];
    if (shipment == NULL) {
        return refuse(job, "QP-SHIPMENT-UNKNOWN");
    }
    if (!same(body->port, shipment->body->port_of_loading)) {
        return refuse(job, "QP-SHIPMENT-PORT");
    }
    memcpy(loaded, shipment->loaded, sizeof loaded);
    for (size_t i = 0; i < body->n_containers; i++) {
        int at = container_of(shipment, body->containers[i]);
        if (at < 0) {
            return refuse(job, "QP-SHIPMENT-CONTAINER");
        }
        if (!shipment->gated[at] || loaded[at]) {
            return refuse(job, "QP-SHIPMENT-ORDER");
        }
        loaded[at] = true;
    }
    memcpy(shipment->loaded, loaded, sizeof loaded);
    return true;
}

bool row_shipment_received(struct judged *job)
{
    const Qp__ShipmentReceived *body = job->event->shipment_received;
    struct model_shipment *shipment = model_find_shipment(job->model, body->shipment);
    if (shipment == NULL) {
        return refuse(job, "QP-SHIPMENT-UNKNOWN");
    }
    if (!not_empty(job, body->quantity)) {
        return false;
    }
    if (!same(shipment->body->consignee, job->party)) {
        return refuse(job, "QP-SHIPMENT-CONSIGNEE");
    }
    if (shipment->received) {
        return refuse(job, "QP-SHIPMENT-ORDER");
    }
    shipment->received = true;
    shipment->received_at = job->context->place;
    return true;
}

/* ---- Documents ---- */

static bool subject_known(const struct model *model, const Qp__Subject *subject)
{
    switch (subject->kind) {
    case QP__SUBJECT_KIND__SUBJECT_KIND_PARTY:
        return model_find_party(model, subject->id) != NULL;
    case QP__SUBJECT_KIND__SUBJECT_KIND_PRODUCER:
        return model_find_producer(model, subject->id) != NULL;
    case QP__SUBJECT_KIND__SUBJECT_KIND_PLOT:
        return model_find_plot(model, subject->id) != NULL;
    case QP__SUBJECT_KIND__SUBJECT_KIND_LOT:
        return model_find_lot(model, subject->id) != NULL;
    case QP__SUBJECT_KIND__SUBJECT_KIND_CERTIFICATE:
        return model_find_certificate(model, subject->id) != NULL;
    case QP__SUBJECT_KIND__SUBJECT_KIND_SHIPMENT:
        return model_find_shipment(model, subject->id) != NULL;
    default:
        return false;
    }
}

bool row_document_attached(struct judged *job)
{
    const Qp__DocumentAttached *body = job->event->document_attached;
    if (!sealed_as(job, body->document, QP__SEALED_KIND__SEALED_KIND_DOCUMENT)) {
        return false;
    }
    if (!subject_known(job->model, body->subject)) {
        return refuse(job, "QP-SUBJECT-UNKNOWN");
    }
    return true;
}
