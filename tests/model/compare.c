/* The model's records written as the library writes them, and held against the library's. */
#include "model/story.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct comparison {
    struct qp_state *state;
    struct qp_arena arena;
    struct qp_buf ours;
    size_t count;
    bool differs;
};

static char difference[4096];

static void must(enum qp_code rc, const struct qp_err *err)
{
    if (rc != QP_OK) {
        fprintf(stderr, "compare: %s (%s)\n", err->text, qp_code_name(rc));
        abort();
    }
}

static char *as_json(struct comparison *at, const struct qp_message_rule *rule,
                     struct qp_span record)
{
    struct qp_err err;
    struct qp_buf out = {0};
    void *message = NULL;
    json_t *json = NULL;
    if (record.len == 0) {
        return qp_arena_printf(&at->arena, "nothing");
    }
    must(qp_wire_decode(rule, record, &at->arena, &message, &err), &err);
    must(qp_json_encode(rule, message, &json, &err), &err);
    must(qp_json_print(json, 0, &out, &err), &err);
    char *text = qp_arena_text(&at->arena, qp_span_buf(&out));
    json_decref(json);
    qp_buf_wipe(&out);
    return text;
}

static void hold(struct comparison *at, struct qp_state_key key, const struct qp_message_rule *rule,
                 const void *record, const char *name)
{
    struct qp_err err;
    struct qp_span theirs = {0};
    at->count++;
    at->ours.len = 0;
    must(qp_wire_encode(rule, record, &at->arena, &at->ours, &err), &err);
    must(at->state->get(at->state->context, qp_state_key_span(&key), &theirs, &err), &err);
    if (at->differs || qp_span_eq(theirs, qp_span_buf(&at->ours))) {
        return;
    }
    at->differs = true;
    const char *library = as_json(at, rule, theirs);
    snprintf(difference, sizeof difference, "%s\n  in the library: %s\n  in the model:   %s", name,
             library, as_json(at, rule, qp_span_buf(&at->ours)));
}

static Qp__EventPlace *place(struct comparison *at, const struct model_place *from)
{
    Qp__EventPlace *to = qp_arena_alloc_zero(&at->arena, 1, sizeof *to);
    qp__event_place__init(to);
    to->index = from->index;
    to->position = from->position;
    return to;
}

static Qp__Quantity *amount_of(struct comparison *at, const struct model_amount *from)
{
    Qp__Quantity *to = qp_arena_alloc_zero(&at->arena, 1, sizeof *to);
    qp__quantity__init(to);
    to->grams = from->grams;
    to->pieces = from->pieces;
    return to;
}

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void hold_parties(struct comparison *at, const struct model *model)
{
    for (size_t i = 0; i < model->parties.count; i++) {
        const struct model_party *party = &model->parties.at[i];
        Qp__PartyState record = QP__PARTY_STATE__INIT;
        record.n_roles = party->body->n_roles;
        record.roles = party->body->roles;
        record.country = party->body->country;
        record.legal_name = party->body->legal_name;
        record.suspended = party->suspended;
        record.enrolled = place(at, &party->enrolled);
        hold(at, qp_state_key_text(QP_STATE_PARTY, party->body->party), &qp_rule_party_state,
             &record, party->body->party);
    }
    for (size_t i = 0; i < model->keys.count; i++) {
        const struct model_key *key = &model->keys.at[i];
        struct qp_public_key bytes;
        char name[65];
        Qp__KeyState record = QP__KEY_STATE__INIT;
        memcpy(bytes.bytes, key->bytes, 32);
        qp_hex_encode(name, qp_span_of(key->bytes, 32));
        record.party = borrow(key->party);
        record.since = place(at, &key->since);
        record.until = key->ended ? place(at, &key->until) : NULL;
        record.compromised_since_index = key->doubt_from;
        record.forked = key->forked;
        record.forked_sequence = key->forked_sequence;
        hold(at, qp_state_key_public(&bytes), &qp_rule_key_state, &record, name);
    }
}

static void hold_land(struct comparison *at, const struct model *model)
{
    for (size_t i = 0; i < model->producers.count; i++) {
        const struct model_producer *producer = &model->producers.at[i];
        Qp__ProducerState record = QP__PRODUCER_STATE__INIT;
        record.party = borrow(producer->party);
        record.registered = place(at, &producer->registered);
        hold(at, qp_state_key_text(QP_STATE_PRODUCER, producer->id), &qp_rule_producer_state,
             &record, producer->id);
    }
    for (size_t i = 0; i < model->plots.count; i++) {
        const struct model_plot *plot = &model->plots.at[i];
        Qp__PlotState record = QP__PLOT_STATE__INIT;
        record.party = borrow(plot->party);
        record.producer = plot->body->producer;
        record.n_commodities = plot->body->n_commodities;
        record.commodities = plot->body->commodities;
        record.area_m2 = plot->body->area_m2;
        record.geometry_kind = plot->body->geometry_kind;
        record.geometry = plot->body->geometry->commitment;
        record.registered = place(at, &plot->registered);
        record.withdrawn = plot->withdrawn ? place(at, &plot->withdrawn_at) : NULL;
        record.assessed = plot->outcome != 0 ? place(at, &plot->assessed_at) : NULL;
        record.outcome = plot->outcome;
        record.loss = plot->lost ? place(at, &plot->lost_at) : NULL;
        hold(at, qp_state_key_text(QP_STATE_PLOT, plot->body->plot), &qp_rule_plot_state, &record,
             plot->body->plot);
    }
}

/* A counter that is zero has no record. */
static void hold_harvests(struct comparison *at, const struct model *model)
{
    for (size_t i = 0; i < model->harvests.count; i++) {
        const struct model_harvest *harvest = &model->harvests.at[i];
        Qp__HarvestState record = QP__HARVEST_STATE__INIT;
        if (harvest->grams == 0) {
            continue;
        }
        record.grams = harvest->grams;
        hold(at, qp_state_key_harvest(harvest->plot, harvest->commodity, harvest->crop_year),
             &qp_rule_harvest_state, &record, harvest->plot);
    }
}

static void hold_lots(struct comparison *at, const struct model *model)
{
    for (size_t i = 0; i < model->lots.count; i++) {
        const struct model_lot *lot = &model->lots.at[i];
        bool handed = lot->handed_to != NULL;
        Qp__LotState record = QP__LOT_STATE__INIT;
        record.commodity = lot->commodity;
        record.form = lot->form;
        record.kind = (Qp__OutputKindOfLot)(lot->origin + 1);
        record.made = amount_of(at, &lot->made);
        record.balance =
            lot->balance.grams > 0 || lot->balance.pieces > 0 ? amount_of(at, &lot->balance) : NULL;
        record.owner = borrow(lot->owner);
        record.holder = borrow(lot->holder);
        record.status = (Qp__LotStatus)lot->status;
        record.handed_to = handed ? borrow(lot->handed_to) : record.handed_to;
        record.handed_kind = (uint32_t)lot->handed_kind;
        record.handed = handed ? amount_of(at, &lot->handed) : NULL;
        record.handed_at = handed ? place(at, &lot->handed_at) : NULL;
        record.created = place(at, &lot->created);
        record.uses = lot->uses;
        record.shrunk_grams = lot->shrunk_grams;
        record.made_ms = lot->made_ms;
        hold(at, qp_state_key_text(QP_STATE_LOT, lot->id), &qp_rule_lot_state, &record, lot->id);
    }
}

static void hold_trade(struct comparison *at, const struct model *model)
{
    for (size_t i = 0; i < model->certificates.count; i++) {
        const struct model_certificate *certificate = &model->certificates.at[i];
        const Qp__CertificateIssued *body = certificate->body;
        Qp__CertificateState record = QP__CERTIFICATE_STATE__INIT;
        record.party = borrow(certificate->party);
        record.scheme = body->scheme;
        record.holder = body->holder;
        record.n_commodities = body->n_commodities;
        record.commodities = body->commodities;
        record.valid_from_ms = body->valid_from_ms;
        record.valid_to_ms = body->valid_to_ms;
        record.issued = place(at, &certificate->issued);
        record.withdrawn = certificate->withdrawn ? place(at, &certificate->withdrawn_at) : NULL;
        hold(at, qp_state_key_text(QP_STATE_CERTIFICATE, body->certificate),
             &qp_rule_certificate_state, &record, body->certificate);
    }
    for (size_t i = 0; i < model->shipments.count; i++) {
        const struct model_shipment *shipment = &model->shipments.at[i];
        const Qp__ShipmentDispatched *body = shipment->body;
        Qp__ShipmentState record = QP__SHIPMENT_STATE__INIT;
        char *containers[MODEL_CONTAINERS];
        uint32_t gated[MODEL_CONTAINERS];
        uint32_t loaded[MODEL_CONTAINERS];
        record.gated = gated;
        record.loaded = loaded;
        record.containers = containers;
        for (uint32_t j = 0; j < body->n_containers; j++) {
            containers[record.n_containers++] = body->containers[j]->number;
            if (shipment->gated[j]) {
                gated[record.n_gated++] = j;
            }
            if (shipment->loaded[j]) {
                loaded[record.n_loaded++] = j;
            }
        }
        record.exporter = borrow(shipment->exporter);
        record.consignee = body->consignee;
        record.commodity = body->commodity;
        record.quantity = amount_of(at, &shipment->sum);
        record.port_of_loading = body->port_of_loading;
        record.dispatched = place(at, &shipment->dispatched);
        record.received = shipment->received ? place(at, &shipment->received_at) : NULL;
        hold(at, qp_state_key_text(QP_STATE_SHIPMENT, body->shipment), &qp_rule_shipment_state,
             &record, body->shipment);
    }
}

static void hold_rule_sets(struct comparison *at, const struct model *model)
{
    for (size_t i = 0; i < model->rule_sets.count; i++) {
        Qp__RuleSetState record = QP__RULE_SET_STATE__INIT;
        uint32_t ordinal = (uint32_t)i + 1;
        record.rules = (Qp__RuleSetPublished *)(uintptr_t)model->rule_sets.at[i].body;
        record.published = place(at, &model->rule_sets.at[i].published);
        record.ordinal = ordinal;
        hold(at, qp_state_key_rule_set(ordinal), &qp_rule_rule_set_state, &record, "a rule set");
        if (ordinal == model->rule_sets.count) {
            hold(at, qp_state_key_rule_set(0), &qp_rule_rule_set_state, &record,
                 "the newest rule set");
        }
    }
}

const char *compare_state(const struct model *model, struct qp_state *state, size_t record_count)
{
    struct comparison at = {.state = state};
    qp_arena_init(&at.arena, 0);
    hold_parties(&at, model);
    hold_land(&at, model);
    hold_harvests(&at, model);
    hold_lots(&at, model);
    hold_trade(&at, model);
    hold_rule_sets(&at, model);
    if (!at.differs && record_count != SIZE_MAX && record_count != at.count) {
        at.differs = true;
        snprintf(difference, sizeof difference, "%zu records in the library, %zu in the model",
                 record_count, at.count);
    }
    qp_arena_wipe(&at.arena);
    qp_buf_wipe(&at.ours);
    return at.differs ? difference : NULL;
}
