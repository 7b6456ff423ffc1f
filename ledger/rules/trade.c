/* Rules of certificates and shipments. */
#include "rules/rules_priv.h"

#include "rules/identifier.h"

#include <string.h>

/* As common.proto marks them. */
#define QUANTITY_GRAMS_MAX UINT64_C(1000000000000000)
#define QUANTITY_PIECES_MAX UINT64_C(1000000000)

static unsigned long long ull(uint64_t value)
{
    return value;
}

/* Where the rule set lists schemes, a certificate is of one of them: a scheme that is written in
 * two ways would count under neither. */
static enum qp_code check_scheme(struct qp_job *job, const Qp__CertificateIssued *body)
{
    const Qp__RuleSetPublished *rules = NULL;
    enum qp_code rc = qp_job_rule_set(job, &rules);
    if (rc == QP_E_REFUSED) {
        return QP_OK; /* no rule set yet, so no list */
    }
    bool listed = rc == QP_OK && rules->n_schemes == 0;
    for (size_t i = 0; rc == QP_OK && i < rules->n_schemes; i++) {
        listed = listed || strcmp(rules->schemes[i]->scheme, body->scheme) == 0;
    }
    if (rc == QP_OK && !listed) {
        rc = qp_refuse(job->err, "QP-CERTIFICATE-SCHEME",
                       "certificate %s is of scheme %s, which rule set %s does not list; the "
                       "operator publishes one that does",
                       body->certificate, body->scheme, rules->rule_set);
    }
    return rc;
}

enum qp_code qp_judge_certificate_issued(struct qp_job *job)
{
    const Qp__CertificateIssued *body = job->event->certificate_issued;
    struct qp_state_key at = qp_state_key_text(QP_STATE_CERTIFICATE, body->certificate);
    Qp__CertificateState *known = NULL;
    Qp__PartyState *holder = NULL;
    enum qp_code rc = qp_job_own_name(job, body->certificate);
    if (rc == QP_OK) {
        rc = qp_job_sealed(job, body->document, QP__SEALED_KIND__SEALED_KIND_DOCUMENT, "document");
    }
    if (rc == QP_OK) {
        rc = qp_job_party(job, body->holder, &holder);
    }
    if (rc == QP_OK) {
        rc = qp_job_get(job, &at, &qp_rule_certificate_state, &known);
    }
    if (rc == QP_OK && known != NULL) {
        rc = qp_refuse(job->err, "QP-CERTIFICATE-NEW", "certificate %s exists already (entry %llu)",
                       body->certificate, ull(known->issued->index));
    }
    if (rc == QP_OK && body->valid_from_ms > body->valid_to_ms) {
        rc = qp_refuse(job->err, "QP-CERTIFICATE-TIME", "certificate %s ends before it begins",
                       body->certificate);
    }
    rc = rc == QP_OK ? check_scheme(job, body) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    Qp__CertificateState state = QP__CERTIFICATE_STATE__INIT;
    state.party = job->party;
    state.scheme = body->scheme;
    state.holder = body->holder;
    state.n_commodities = body->n_commodities;
    state.commodities = body->commodities;
    state.valid_from_ms = body->valid_from_ms;
    state.valid_to_ms = body->valid_to_ms;
    state.issued = qp_job_place(job);
    return qp_job_put(job, &at, &qp_rule_certificate_state, &state);
}

enum qp_code qp_judge_certificate_withdrawn(struct qp_job *job)
{
    const Qp__CertificateWithdrawn *body = job->event->certificate_withdrawn;
    struct qp_state_key at = qp_state_key_text(QP_STATE_CERTIFICATE, body->certificate);
    Qp__CertificateState *known = NULL;
    enum qp_code rc = qp_job_get(job, &at, &qp_rule_certificate_state, &known);
    if (rc != QP_OK) {
        return rc;
    }
    if (known == NULL) {
        return qp_refuse(job->err, "QP-CERTIFICATE-UNKNOWN", "no certificate %s is in the ledger",
                         body->certificate);
    }
    if (strcmp(known->party, job->party) != 0 && !qp_job_has_role(job, QP_ROLE(AUTHORITY))) {
        return qp_refuse(job->err, "QP-ROLE", "certificate %s was issued by %s, not by %s",
                         body->certificate, known->party, job->party);
    }
    if (known->withdrawn != NULL) {
        return qp_refuse(job->err, "QP-CERTIFICATE-WITHDRAWN",
                         "certificate %s is withdrawn already (entry %llu)", body->certificate,
                         ull(known->withdrawn->index));
    }
    known->withdrawn = qp_job_place(job);
    return qp_job_put(job, &at, &qp_rule_certificate_state, known);
}

/* ---- Shipments ---- */

enum qp_code qp_job_containers(struct qp_job *job, const Qp__ShipmentDispatched *body)
{
    struct qp_names names;
    names.count = 0;
    for (size_t i = 0; i < body->n_containers; i++) {
        enum qp_code rc = qp_container_check(body->containers[i]->number, job->err);
        if (rc != QP_OK) {
            return rc;
        }
        if (!qp_names_add(&names, body->containers[i]->number)) {
            return qp_refuse(job->err, "QP-SHIPMENT-CONTAINER",
                             "container %s stands twice in shipment %s",
                             body->containers[i]->number, body->shipment);
        }
    }
    return QP_OK;
}

/* Where the rule set lists headings for the commodity, the shipment's code begins with one. */
static enum qp_code check_heading(struct qp_job *job, const Qp__ShipmentDispatched *body)
{
    const Qp__RuleSetPublished *rules = NULL;
    enum qp_code rc = qp_job_rule_set(job, &rules);
    bool listed = false;
    for (size_t i = 0; rc == QP_OK && i < rules->n_headings; i++) {
        const Qp__HsHeading *heading = rules->headings[i];
        if (heading->commodity != body->commodity) {
            continue;
        }
        listed = true;
        if (strncmp(body->hs_code, heading->hs_code, strlen(heading->hs_code)) == 0) {
            return QP_OK;
        }
    }
    if (rc == QP_OK && listed) {
        char name[40];
        qp_enum_name(name, &qp__commodity__descriptor, (int)body->commodity);
        return qp_refuse(job->err, "QP-SHIPMENT-HS",
                         "tariff code %s of shipment %s is not under a heading that rule set %s "
                         "lists for %s",
                         body->hs_code, body->shipment, rules->rule_set, name);
    }
    return rc;
}

static enum qp_code check_new_shipment(struct qp_job *job, const Qp__ShipmentDispatched *body,
                                       const struct qp_state_key *at)
{
    Qp__ShipmentState *known = NULL;
    Qp__PartyState *consignee = NULL;
    enum qp_code rc = qp_job_own_name(job, body->shipment);
    if (rc == QP_OK) {
        rc = qp_job_get(job, at, &qp_rule_shipment_state, &known);
    }
    if (rc == QP_OK && known != NULL) {
        rc = qp_refuse(job->err, "QP-SHIPMENT-NEW", "shipment %s exists already (entry %llu)",
                       body->shipment, ull(known->dispatched->index));
    }
    if (rc == QP_OK) {
        rc = qp_job_party(job, body->consignee, &consignee);
    }
    if (rc == QP_OK && (qp_party_roles(consignee) & QP_ROLE(IMPORTER)) == 0) {
        rc = qp_refuse(job->err, "QP-SHIPMENT-CONSIGNEE",
                       "consignee %s of shipment %s is not enrolled as importer", body->consignee,
                       body->shipment);
    }
    if (rc == QP_OK) {
        rc = qp_job_containers(job, body);
    }
    return rc == QP_OK ? check_heading(job, body) : rc;
}

/* The exporter ships what it holds and owns. */
static enum qp_code draw_shipped(struct qp_job *job, const Qp__ShipmentDispatched *body,
                                 Qp__Quantity *sum)
{
    struct qp_names names;
    names.count = 0;
    for (size_t i = 0; i < body->n_lots; i++) {
        const Qp__ShipmentLot *part = body->lots[i];
        Qp__LotState *lot = NULL;
        enum qp_code rc = qp_job_held_lot(job, part->lot, &lot);
        if (rc == QP_OK) {
            rc = qp_job_goods(job, part->lot, lot);
        }
        if (rc == QP_OK && part->quantity->grams == 0) { /* a count alone could be of anything */
            rc = qp_refuse(job->err, "QP-MASS-EMPTY",
                           "lot %s is shipped in pieces without grams; what is shipped is weighed",
                           part->lot);
        }
        if (rc == QP_OK && strcmp(lot->owner, job->party) != 0) {
            rc = qp_refuse(job->err, "QP-LOT-OWNER", "lot %s is owned by %s, not by %s", part->lot,
                           lot->owner, job->party);
        }
        if (rc == QP_OK && lot->commodity != body->commodity) {
            rc = qp_refuse(job->err, "QP-MASS-FORM",
                           "lot %s is of another commodity than shipment %s", part->lot,
                           body->shipment);
        }
        if (rc == QP_OK && !qp_names_add(&names, part->lot)) {
            rc = qp_refuse(job->err, "QP-LOT-TWICE", "lot %s stands twice in shipment %s",
                           part->lot, body->shipment);
        }
        if (rc == QP_OK) {
            rc = qp_job_draw(job, part->lot, lot, part->quantity);
        }
        if (rc == QP_OK) {
            rc = qp_job_put_lot(job, part->lot, lot);
        }
        if (rc != QP_OK) {
            return rc;
        }
        sum->grams += part->quantity->grams; /* 512 of at most 1e15 */
        sum->pieces += part->quantity->pieces;
    }
    return QP_OK;
}

enum qp_code qp_judge_shipment_dispatched(struct qp_job *job)
{
    const Qp__ShipmentDispatched *body = job->event->shipment_dispatched;
    struct qp_state_key at = qp_state_key_text(QP_STATE_SHIPMENT, body->shipment);
    Qp__Quantity sum = QP__QUANTITY__INIT;
    enum qp_code rc = check_new_shipment(job, body, &at);
    if (rc == QP_OK) {
        rc = draw_shipped(job, body, &sum);
    }
    if (rc == QP_OK && (sum.grams > QUANTITY_GRAMS_MAX || sum.pieces > QUANTITY_PIECES_MAX)) {
        rc = qp_refuse(job->err, "QP-MASS-LIMIT",
                       "shipment %s would hold %llu g and %llu pieces; make several of it",
                       body->shipment, ull(sum.grams), ull(sum.pieces));
    }
    if (rc != QP_OK) {
        return rc;
    }
    char **containers = qp_job_alloc(job, body->n_containers, sizeof *containers);
    if (containers == NULL) {
        return qp_job_no_memory(job);
    }
    for (size_t i = 0; i < body->n_containers; i++) {
        containers[i] = body->containers[i]->number;
    }
    Qp__ShipmentState state = QP__SHIPMENT_STATE__INIT;
    state.exporter = job->party;
    state.consignee = body->consignee;
    state.commodity = body->commodity;
    state.quantity = &sum;
    state.n_containers = body->n_containers;
    state.containers = containers;
    state.port_of_loading = body->port_of_loading;
    state.dispatched = qp_job_place(job);
    return qp_job_put(job, &at, &qp_rule_shipment_state, &state);
}

static enum qp_code get_shipment(struct qp_job *job, const char *id, Qp__ShipmentState **shipment)
{
    struct qp_state_key at = qp_state_key_text(QP_STATE_SHIPMENT, id);
    enum qp_code rc = qp_job_get(job, &at, &qp_rule_shipment_state, shipment);
    if (rc == QP_OK && *shipment == NULL) {
        rc = qp_refuse(job->err, "QP-SHIPMENT-UNKNOWN", "no shipment %s is in the ledger", id);
    }
    return rc;
}

static enum qp_code find_container(struct qp_job *job, const char *id,
                                   const Qp__ShipmentState *shipment, const char *number,
                                   uint32_t *place)
{
    for (size_t i = 0; i < shipment->n_containers; i++) {
        if (strcmp(shipment->containers[i], number) == 0) {
            *place = (uint32_t)i;
            return QP_OK;
        }
    }
    return qp_refuse(job->err, "QP-SHIPMENT-CONTAINER", "container %s is not part of shipment %s",
                     number, id);
}

static bool holds(const uint32_t *list, size_t count, uint32_t value)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == value) {
            return true;
        }
    }
    return false;
}

/* Put a value into an ascending list that has room for it. */
static void put_in_order(uint32_t *list, size_t *count, uint32_t value)
{
    size_t at = *count;
    while (at > 0 && list[at - 1] > value) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = value;
    (*count)++;
}

/* The list of places with one more. */
static enum qp_code add_place(struct qp_job *job, uint32_t **list, size_t *count, uint32_t place)
{
    uint32_t *longer = qp_job_alloc(job, *count + 1, sizeof *longer);
    if (longer == NULL) {
        return qp_job_no_memory(job);
    }
    if (*count > 0) {
        memcpy(longer, *list, *count * sizeof *longer);
    }
    put_in_order(longer, count, place);
    *list = longer;
    return QP_OK;
}

static enum qp_code put_shipment(struct qp_job *job, const char *id,
                                 const Qp__ShipmentState *shipment)
{
    struct qp_state_key at = qp_state_key_text(QP_STATE_SHIPMENT, id);
    return qp_job_put(job, &at, &qp_rule_shipment_state, shipment);
}

enum qp_code qp_judge_shipment_gated_in(struct qp_job *job)
{
    const Qp__ShipmentGatedIn *body = job->event->shipment_gated_in;
    Qp__ShipmentState *shipment = NULL;
    uint32_t place = 0;
    enum qp_code rc = get_shipment(job, body->shipment, &shipment);
    if (rc == QP_OK) {
        rc = find_container(job, body->shipment, shipment, body->container, &place);
    }
    if (rc == QP_OK && holds(shipment->gated, shipment->n_gated, place)) {
        rc = qp_refuse(job->err, "QP-SHIPMENT-ORDER",
                       "container %s of shipment %s has passed the gate already", body->container,
                       body->shipment);
    }
    if (rc == QP_OK) {
        rc = add_place(job, &shipment->gated, &shipment->n_gated, place);
    }
    return rc == QP_OK ? put_shipment(job, body->shipment, shipment) : rc;
}

enum qp_code qp_judge_shipment_loaded(struct qp_job *job)
{
    const Qp__ShipmentLoaded *body = job->event->shipment_loaded;
    Qp__ShipmentState *shipment = NULL;
    enum qp_code rc = get_shipment(job, body->shipment, &shipment);
    if (rc == QP_OK && strcmp(body->port, shipment->port_of_loading) != 0) {
        rc = qp_refuse(job->err, "QP-SHIPMENT-PORT",
                       "shipment %s is loaded at %s, but was to be at %s", body->shipment,
                       body->port, shipment->port_of_loading);
    }
    for (size_t i = 0; rc == QP_OK && i < body->n_containers; i++) {
        uint32_t place = 0;
        rc = find_container(job, body->shipment, shipment, body->containers[i], &place);
        if (rc == QP_OK && (!holds(shipment->gated, shipment->n_gated, place) ||
                            holds(shipment->loaded, shipment->n_loaded, place))) {
            rc = qp_refuse(job->err, "QP-SHIPMENT-ORDER",
                           "container %s of shipment %s has not passed the gate, or is on board "
                           "already",
                           body->containers[i], body->shipment);
        }
        if (rc == QP_OK) {
            rc = add_place(job, &shipment->loaded, &shipment->n_loaded, place);
        }
    }
    return rc == QP_OK ? put_shipment(job, body->shipment, shipment) : rc;
}

enum qp_code qp_judge_shipment_received(struct qp_job *job)
{
    const Qp__ShipmentReceived *body = job->event->shipment_received;
    Qp__ShipmentState *shipment = NULL;
    enum qp_code rc = get_shipment(job, body->shipment, &shipment);
    if (rc == QP_OK) {
        rc = qp_job_quantity(job, body->quantity, body->shipment);
    }
    if (rc == QP_OK && strcmp(shipment->consignee, job->party) != 0) {
        rc = qp_refuse(job->err, "QP-SHIPMENT-CONSIGNEE", "shipment %s is for %s, not for %s",
                       body->shipment, shipment->consignee, job->party);
    }
    if (rc == QP_OK && shipment->received != NULL) {
        rc = qp_refuse(job->err, "QP-SHIPMENT-ORDER",
                       "shipment %s has been received already (entry %llu)", body->shipment,
                       ull(shipment->received->index));
    }
    if (rc != QP_OK) {
        return rc;
    }
    shipment->received = qp_job_place(job);
    return put_shipment(job, body->shipment, shipment);
}
