/* Events about certificates, shipments, documents and voiding, and the table of all makers. */
#include "model/model_priv.h"
#include "model/world.h"

#include <stdio.h>

#define C(name) QP__COMMODITY__COMMODITY_##name

/* ---- Certificates ---- */

bool make_certificate_issued(struct world *world, Qp__Event *event)
{
    Qp__CertificateIssued *body = NULL;
    const char *holder = slip(world, 10) ? any_party(world) : pick_party(world, UINT32_MAX);
    if (holder == NULL || !speak_as(world, ROLE(CERTIFIER) | ROLE(AUTHORITY))) {
        return false;
    }
    MAKE(world, body, qp__certificate_issued__init);
    body->certificate = new_id(world, "c");
    body->scheme = text(world, one_in(world, 5) ? "fairtrade" : "organic");
    body->number = text(world, "1");
    body->holder = text(world, holder);
    body->commodities = room(world, sizeof *body->commodities);
    body->commodities[body->n_commodities++] = C(COFFEE);
    body->valid_from_ms = world->now_ms;
    body->valid_to_ms =
        one_in(world, 2) ? edge(world, world->now_ms) : world->now_ms + MODEL_DAY_MS;
    if (one_in(world, 3)) {
        body->document = sealed(world, QP__SEALED_KIND__SEALED_KIND_DOCUMENT);
    }
    event->body_case = QP__EVENT__BODY_CERTIFICATE_ISSUED;
    event->certificate_issued = body;
    return true;
}

bool make_certificate_withdrawn(struct world *world, Qp__Event *event)
{
    Qp__CertificateWithdrawn *body = NULL;
    size_t count = world->model.certificates.count;
    if (count == 0) {
        return false;
    }
    const struct model_certificate *certificate =
        &world->model.certificates.at[below(world, count)];
    const char *party = one_in(world, 4) ? pick_party(world, ROLE(CERTIFIER) | ROLE(AUTHORITY))
                                         : certificate->party;
    if (!speak(world, party)) {
        return false;
    }
    MAKE(world, body, qp__certificate_withdrawn__init);
    body->certificate =
        slip(world, 10) ? new_id(world, "c") : text(world, certificate->body->certificate);
    body->from_ms = world->now_ms;
    body->reason = text(world, "r");
    event->body_case = QP__EVENT__BODY_CERTIFICATE_WITHDRAWN;
    event->certificate_withdrawn = body;
    return true;
}

/* ---- Shipments ---- */

static bool to_ship(struct world *world, const struct model_lot *lot)
{
    const struct model_party *holder = model_find_party(&world->model, lot->holder);
    bool full = lot->balance.grams > 0 || lot->balance.pieces > 0;
    return lot->status == MODEL_HELD && full && same(lot->holder, lot->owner) &&
           (world->speaker == NULL || same(world->speaker, lot->holder)) &&
           has_any(holder, ROLE(EXPORTER)) && (!waste(lot) || slip(world, 20));
}

static void add_parts(struct world *world, Qp__ShipmentDispatched *body,
                      const struct model_lot *first)
{
    body->lots = room(world, 4 * sizeof *body->lots);
    for (size_t i = 0; i < world->model.lots.count && body->n_lots < 4; i++) {
        const struct model_lot *lot = &world->model.lots.at[i];
        bool fits = lot->commodity == first->commodity && same(lot->holder, first->holder) &&
                    to_ship(world, lot);
        if (lot != first && !(fits && (world->huge || one_in(world, 2))) && !slip(world, 300)) {
            continue;
        }
        Qp__ShipmentLot *part_ = NULL;
        MAKE(world, part_, qp__shipment_lot__init);
        part_->lot = slip(world, 60) ? new_id(world, "l") : text(world, lot->id);
        bool all = world->huge || one_in(world, 3);
        part_->quantity =
            quantity(world, all ? lot->balance.grams : part(world, lot->balance.grams),
                     all ? lot->balance.pieces : part(world, lot->balance.pieces));
        if (slip(world, 30)) {
            part_->quantity->grams = 0;
        }
        body->lots[body->n_lots++] = part_;
    }
    if (slip(world, 25) && body->n_lots > 0 && body->n_lots < 4) {
        body->lots[body->n_lots] = body->lots[below(world, body->n_lots)];
        body->n_lots++;
    }
}

/* The last right one has a check digit of 10, which is written 0. Wrong: another digit,
 * group, or letters. */
static char *container(struct world *world)
{
    static const char *const right[] = {"CSQU3054383", "MSKU0000006", "TEMU1234565", "MSKU0000080",
                                        "BLVU1234569"};
    static const char *const wrong[] = {"CSQU3054384", "CSQX3054382", "CSQX3054383",
                                        "CSQU305438X", "csqu3054383", "1SQU3054383"};
    return text(world, slip(world, 20) ? wrong[below(world, QP_COUNT(wrong))]
                                       : right[below(world, QP_COUNT(right))]);
}

/* Pallets, in order; or not. */
static void add_units(struct world *world, Qp__ShipmentDispatched *body)
{
    static const char *const right[] = {"000000000000000000", "106141412345678908",
                                        "340123450000000000"};
    static const char *const wrong[] = {"106141412345678909", "340123450000000010"};
    body->sscc = room(world, 3 * sizeof *body->sscc);
    for (size_t i = 0; i < 3 && one_in(world, 3); i++) {
        size_t at = slip(world, 6) ? below(world, 3) : i;
        body->sscc[body->n_sscc++] =
            text(world, slip(world, 12) ? wrong[below(world, 2)] : right[at]);
    }
}

bool make_shipment_dispatched(struct world *world, Qp__Event *event)
{
    static const char *const codes[] = {"090111", "0901110000", "180100",  "090112",
                                        "510200", "090111000",  "0901110", "980111",
                                        "000111", "770111",     "97011100"};
    Qp__ShipmentDispatched *body = NULL;
    const struct model_lot *first = pick_lot(world, to_ship);
    const struct model_lot *other = pick_lot(world, to_ship);
    if (world->huge && first != NULL && other != NULL &&
        other->balance.grams > first->balance.grams) {
        first = other;
    }
    if (first == NULL || !speak(world, slip(world, 20) ? any_party(world) : first->holder)) {
        return false;
    }
    const char *consignee = pick_party(world, slip(world, 12) ? UINT32_MAX : ROLE(IMPORTER));
    if (consignee == NULL) {
        return false;
    }
    MAKE(world, body, qp__shipment_dispatched__init);
    body->shipment = new_id(world, "s");
    body->consignee = text(world, consignee);
    body->commodity = slip(world, 20) ? C(BANANA) : first->commodity;
    body->hs_code = text(world, codes[one_in(world, 5)               ? below(world, QP_COUNT(codes))
                                      : first->commodity == C(COCOA) ? 2
                                                                     : 0]);
    add_parts(world, body, first);
    body->containers = room(world, 3 * sizeof *body->containers);
    for (size_t count = 1 + below(world, 3); count > 0; count--) {
        Qp__Container *made = NULL;
        MAKE(world, made, qp__container__init);
        made->number = container(world);
        bool twice = false;
        for (size_t i = 0; i < body->n_containers; i++) {
            twice = twice || same(body->containers[i]->number, made->number);
        }
        if (!twice || slip(world, 8)) {
            body->containers[body->n_containers++] = made;
        }
    }
    body->port_of_loading = locode(world, one_in(world, 2) ? "PECLL" : "PEPAI");
    body->port_of_discharge = locode(world, "DEHAM");
    body->destination_country = country(world);
    add_units(world, body);
    event->body_case = QP__EVENT__BODY_SHIPMENT_DISPATCHED;
    event->shipment_dispatched = body;
    return body->n_lots > 0;
}

/* The shipment's id, seldom another's. */
static char *shipment_id(struct world *world, const struct model_shipment *shipment)
{
    return slip(world, 15) ? new_id(world, "s") : text(world, shipment->body->shipment);
}

bool make_shipment_gated_in(struct world *world, Qp__Event *event)
{
    Qp__ShipmentGatedIn *body = NULL;
    const struct model_shipment *shipment = pick_shipment(world);
    if (shipment == NULL || !speak_as(world, ROLE(TERMINAL))) {
        return false;
    }
    MAKE(world, body, qp__shipment_gated_in__init);
    body->shipment = shipment_id(world, shipment);
    body->container =
        slip(world, 8)
            ? container(world)
            : text(world,
                   shipment->body->containers[below(world, shipment->body->n_containers)]->number);
    event->body_case = QP__EVENT__BODY_SHIPMENT_GATED_IN;
    event->shipment_gated_in = body;
    return true;
}

bool make_shipment_loaded(struct world *world, Qp__Event *event)
{
    Qp__ShipmentLoaded *body = NULL;
    const struct model_shipment *shipment = pick_shipment(world);
    if (shipment == NULL || !speak_as(world, ROLE(TERMINAL) | ROLE(CARRIER))) {
        return false;
    }
    MAKE(world, body, qp__shipment_loaded__init);
    body->shipment = shipment_id(world, shipment);
    body->containers = room(world, 4 * sizeof *body->containers);
    for (size_t i = 0; i < shipment->body->n_containers; i++) {
        bool ready = shipment->gated[i] && !shipment->loaded[i];
        if ((ready && !one_in(world, 4)) || slip(world, 6)) {
            body->containers[body->n_containers++] =
                text(world, shipment->body->containers[i]->number);
        }
    }
    if (body->n_containers == 0 || slip(world, 15)) {
        body->containers[body->n_containers++] = container(world);
    }
    if (slip(world, 15) && body->n_containers < 4) {
        body->containers[body->n_containers] = body->containers[0];
        body->n_containers++;
    }
    body->vessel = text(world, "v");
    body->port =
        slip(world, 8) ? text(world, "PEPAI") : locode(world, shipment->body->port_of_loading);
    event->body_case = QP__EVENT__BODY_SHIPMENT_LOADED;
    event->shipment_loaded = body;
    return true;
}

bool make_shipment_received(struct world *world, Qp__Event *event)
{
    Qp__ShipmentReceived *body = NULL;
    const struct model_shipment *shipment = pick_shipment(world);
    if (shipment == NULL || !speak(world, slip(world, 5) ? pick_party(world, ROLE(IMPORTER))
                                                         : shipment->body->consignee)) {
        return false;
    }
    MAKE(world, body, qp__shipment_received__init);
    body->shipment = shipment_id(world, shipment);
    body->quantity =
        quantity(world, slip(world, 10) ? 0 : shipment->sum.grams, shipment->sum.pieces);
    event->body_case = QP__EVENT__BODY_SHIPMENT_RECEIVED;
    event->shipment_received = body;
    return true;
}

/* ---- Documents ---- */

static const char *subject(struct world *world, Qp__SubjectKind kind)
{
    const struct model *model = &world->model;
#define ONE_OF(list, id) ((list).count == 0 ? NULL : (list).at[below(world, (list).count)].id)
    switch (kind) {
    case QP__SUBJECT_KIND__SUBJECT_KIND_PARTY:
        return ONE_OF(model->parties, body->party);
    case QP__SUBJECT_KIND__SUBJECT_KIND_PRODUCER:
        return ONE_OF(model->producers, id);
    case QP__SUBJECT_KIND__SUBJECT_KIND_PLOT:
        return ONE_OF(model->plots, body->plot);
    case QP__SUBJECT_KIND__SUBJECT_KIND_LOT:
        return ONE_OF(model->lots, id);
    case QP__SUBJECT_KIND__SUBJECT_KIND_CERTIFICATE:
        return ONE_OF(model->certificates, body->certificate);
    default:
        return ONE_OF(model->shipments, body->shipment);
    }
#undef ONE_OF
}

bool make_document_attached(struct world *world, Qp__Event *event)
{
    Qp__DocumentAttached *body = NULL;
    if (!speak_as(world, UINT32_MAX)) {
        return false;
    }
    MAKE(world, body, qp__document_attached__init);
    MAKE(world, body->subject, qp__subject__init);
    body->subject->kind = (Qp__SubjectKind)(1 + below(world, 6));
    const char *id = subject(world, body->subject->kind);
    if (slip(world, 6)) {
        body->subject->kind = (Qp__SubjectKind)(1 + below(world, 6)); /* of another kind */
    }
    body->subject->id = id == NULL ? new_id(world, "x") : text(world, id);
    body->title = text(world, "t");
    body->evidence = QP__EVIDENCE_LEVEL__EVIDENCE_LEVEL_DECLARED;
    if (one_in(world, 2)) {
        body->document = sealed(world, QP__SEALED_KIND__SEALED_KIND_DOCUMENT);
    }
    event->body_case = QP__EVENT__BODY_DOCUMENT_ATTACHED;
    event->document_attached = body;
    return true;
}

/* ---- Voiding ---- */

static bool voidable(const struct model_past *past)
{
    switch (past->event->body_case) {
    case QP__EVENT__BODY_LOT_HARVESTED:
    case QP__EVENT__BODY_LOT_PROCESSED:
    case QP__EVENT__BODY_LOT_TRANSFERRED:
    case QP__EVENT__BODY_LOT_INSPECTED:
    case QP__EVENT__BODY_FOOTPRINT_RECORDED:
    case QP__EVENT__BODY_DOCUMENT_ATTACHED:
        return true;
    default:
        return false;
    }
}

static const char *speaker_of(const struct world *world, const struct model_past *past)
{
    const struct model_key *key = model_find_key(&world->model, past->issuer);
    return key == NULL ? NULL : key->party;
}

bool make_event_voided(struct world *world, Qp__Event *event)
{
    Qp__EventVoided *body = NULL;
    size_t count = world->model.past.count;
    const struct model_past *past = NULL;
    for (size_t tries = 0; tries < 30 && past == NULL && count > 0; tries++) {
        size_t back = below(world, one_in(world, 2) ? count : 1 + count / 8);
        const struct model_past *at = &world->model.past.at[count - 1 - back];
        const char *party = speaker_of(world, at);
        bool weighty = at->event->body_case == QP__EVENT__BODY_LOT_HARVESTED ||
                       at->event->body_case == QP__EVENT__BODY_LOT_PROCESSED ||
                       at->event->body_case == QP__EVENT__BODY_LOT_TRANSFERRED;
        if (((voidable(at) && (weighty || one_in(world, 5))) || slip(world, 60)) && party != NULL &&
            (world->speaker == NULL || same(world->speaker, party))) {
            past = at;
        }
    }
    if (past == NULL ||
        !speak(world, slip(world, 15) ? any_party(world) : speaker_of(world, past))) {
        return false;
    }
    MAKE(world, body, qp__event_voided__init);
    MAKE(world, body->event, qp__event_reference__init);
    body->event->issuer = bytes32(world, past->issuer);
    body->event->sequence = past->sequence;
    body->event->position = past->place.position;
    body->event->event = bytes32(world, past->id);
    switch (slip(world, 12) ? below(world, 5) : 5) {
    case 0:
        body->event->sequence++;
        break;
    case 1:
        body->event->position++;
        break;
    case 2:
        body->event->event = bytes32(world, NULL);
        break;
    case 3:
        body->event->issuer =
            bytes32(world, world->model.keys.at[below(world, world->model.keys.count)].bytes);
        break;
    case 4:
        body->event->issuer = bytes32(world, world_keys[below(world, WORLD_KEYS)].public_key.bytes);
        break;
    default:
        break;
    }
    body->reason = text(world, "r");
    event->body_case = QP__EVENT__BODY_EVENT_VOIDED;
    event->event_voided = body;
    return true;
}

/* ---- All of them ---- */

#define B(name) QP__EVENT__BODY_##name
const struct maker makers[] = {
    {B(LEDGER_OPENED), 1, 0, make_ledger_opened},
    {B(RULE_SET_PUBLISHED), 3, ROLE(OPERATOR) | ROLE(AUTHORITY), make_rule_set_published},
    {B(STATE_COMMITTED), 1, ROLE(OPERATOR), make_state_committed},
    {B(PARTY_ENROLLED), 4, ROLE(OPERATOR) | ROLE(REGISTRAR), make_party_enrolled},
    {B(PARTY_SUSPENDED), 4, ROLE(OPERATOR) | ROLE(REGISTRAR) | ROLE(AUTHORITY),
     make_party_suspended},
    {B(KEY_ADDED), 4, 0, make_key_added},
    {B(KEY_ROTATED), 3, 0, make_key_rotated},
    {B(KEY_REVOKED), 4, 0, make_key_revoked},
    {B(KEY_FORKED), 5, 0, make_key_forked},
    {B(PRODUCER_REGISTERED), 5, BUYERS, make_producer_registered},
    {B(PLOT_REGISTERED), 5, BUYERS, make_plot_registered},
    {B(PLOT_ASSESSED), 5, ROLE(ASSESSOR) | ROLE(AUTHORITY), make_plot_assessed},
    {B(PLOT_WITHDRAWN), 2, BUYERS | ROLE(AUTHORITY), make_plot_withdrawn},
    {B(LOT_HARVESTED), 28, BUYERS, make_lot_harvested},
    {B(LOT_PROCESSED), 26, BUYERS | ROLE(WAREHOUSE), make_lot_processed},
    {B(LOT_TRANSFERRED), 22, HANDS, make_lot_transferred},
    {B(LOT_RECEIVED), 34, HANDS, make_lot_received},
    {B(LOT_INSPECTED), 4, HANDS | CHECKERS, make_lot_inspected},
    {B(LOT_RECALLED), 2, HANDS | ROLE(AUTHORITY), make_lot_recalled},
    {B(CERTIFICATE_ISSUED), 6, ROLE(CERTIFIER) | ROLE(AUTHORITY), make_certificate_issued},
    {B(CERTIFICATE_WITHDRAWN), 4, ROLE(CERTIFIER) | ROLE(AUTHORITY), make_certificate_withdrawn},
    {B(FOOTPRINT_RECORDED), 3, HANDS | CHECKERS | ROLE(ASSESSOR), make_footprint_recorded},
    {B(SHIPMENT_DISPATCHED), 24, ROLE(EXPORTER), make_shipment_dispatched},
    {B(SHIPMENT_GATED_IN), 12, ROLE(TERMINAL), make_shipment_gated_in},
    {B(SHIPMENT_LOADED), 10, ROLE(TERMINAL) | ROLE(CARRIER), make_shipment_loaded},
    {B(SHIPMENT_RECEIVED), 5, ROLE(IMPORTER), make_shipment_received},
    {B(DOCUMENT_ATTACHED), 5, 0, make_document_attached},
    {B(EVENT_VOIDED), 16, 0, make_event_voided},
};
const size_t maker_count = QP_COUNT(makers);
