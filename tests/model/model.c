#include "model/model_priv.h"

#include <stdlib.h>
#include <string.h>

void model_init(struct model *model)
{
    *model = (struct model){.ledger_id = NULL};
}

#define EACH_LIST(do_)                                                                             \
    do_(parties) do_(keys) do_(producers) do_(plots) do_(harvests) do_(lots) do_(certificates)     \
        do_(shipments) do_(rule_sets) do_(past)

void model_free(struct model *model)
{
#define FREE(list) free(model->list.at);
    EACH_LIST(FREE)
#undef FREE
    model_init(model);
}

void model_grow(void **at, size_t *count, size_t *room, size_t size)
{
    if (*count == *room) {
        *room = *room == 0 ? 16 : *room * 2;
        *at = realloc(*at, *room * size);
        if (*at == NULL) {
            abort();
        }
    }
    memset((char *)*at + *count * size, 0, size);
    (*count)++;
}

static void copy_list(void **to, size_t *to_count, size_t *to_room, const void *from, size_t count,
                      size_t size)
{
    if (*to_room < count) {
        *to_room = count;
        *to = realloc(*to, count * size);
        if (*to == NULL) {
            abort();
        }
    }
    *to_count = count;
    if (count > 0) {
        memcpy(*to, from, count * size);
    }
}

void model_copy(struct model *to, const struct model *from)
{
#define COPY(list)                                                                                 \
    copy_list((void **)&to->list.at, &to->list.count, &to->list.room, from->list.at,               \
              from->list.count, sizeof *from->list.at);
    EACH_LIST(COPY)
#undef COPY
    to->ledger_id = from->ledger_id;
    to->warnings = from->warnings;
}

/* ---- Looking up ---- */

bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool same_key(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, 32) == 0;
}

bool before(const struct model_place *a, const struct model_place *b)
{
    return a->index < b->index || (a->index == b->index && a->position < b->position);
}

struct model_party *model_find_party(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->parties.count; i++) {
        if (same(model->parties.at[i].body->party, name)) {
            return &model->parties.at[i];
        }
    }
    return NULL;
}

struct model_key *model_find_key(const struct model *model, const uint8_t key[32])
{
    for (size_t i = 0; i < model->keys.count; i++) {
        if (same_key(model->keys.at[i].bytes, key)) {
            return &model->keys.at[i];
        }
    }
    return NULL;
}

struct model_producer *model_find_producer(const struct model *model, const char *id)
{
    for (size_t i = 0; i < model->producers.count; i++) {
        if (same(model->producers.at[i].id, id)) {
            return &model->producers.at[i];
        }
    }
    return NULL;
}

struct model_plot *model_find_plot(const struct model *model, const char *id)
{
    for (size_t i = 0; i < model->plots.count; i++) {
        if (same(model->plots.at[i].body->plot, id)) {
            return &model->plots.at[i];
        }
    }
    return NULL;
}

struct model_harvest *model_find_harvest(const struct model *model, const char *plot,
                                         Qp__Commodity commodity, uint32_t crop_year)
{
    for (size_t i = 0; i < model->harvests.count; i++) {
        if (same(model->harvests.at[i].plot, plot) &&
            model->harvests.at[i].commodity == commodity &&
            model->harvests.at[i].crop_year == crop_year) {
            return &model->harvests.at[i];
        }
    }
    return NULL;
}

struct model_lot *model_find_lot(const struct model *model, const char *id)
{
    for (size_t i = 0; i < model->lots.count; i++) {
        if (same(model->lots.at[i].id, id)) {
            return &model->lots.at[i];
        }
    }
    return NULL;
}

struct model_certificate *model_find_certificate(const struct model *model, const char *id)
{
    for (size_t i = 0; i < model->certificates.count; i++) {
        if (same(model->certificates.at[i].body->certificate, id)) {
            return &model->certificates.at[i];
        }
    }
    return NULL;
}

struct model_shipment *model_find_shipment(const struct model *model, const char *id)
{
    for (size_t i = 0; i < model->shipments.count; i++) {
        if (same(model->shipments.at[i].body->shipment, id)) {
            return &model->shipments.at[i];
        }
    }
    return NULL;
}

const Qp__RuleSetPublished *model_rules_in_force(const struct model *model, uint64_t occurred_ms,
                                                 const struct model_place *place)
{
    for (size_t i = model->rule_sets.count; i > 0; i--) {
        const struct model_rule_set *at = &model->rule_sets.at[i - 1];
        if (before(&at->published, place) && at->body->effective_from_ms <= occurred_ms) {
            return at->body;
        }
    }
    return NULL;
}

const Qp__YieldCap *model_cap(const Qp__RuleSetPublished *rules, Qp__Commodity commodity)
{
    for (size_t i = 0; i < rules->n_yield_caps; i++) {
        if (rules->yield_caps[i]->commodity == commodity) {
            return rules->yield_caps[i];
        }
    }
    return NULL;
}

const Qp__ConversionFactor *model_factor(const Qp__RuleSetPublished *rules, Qp__Commodity commodity,
                                         Qp__Form from, Qp__Form to)
{
    for (size_t i = 0; i < rules->n_factors; i++) {
        const Qp__ConversionFactor *factor = rules->factors[i];
        if (factor->commodity == commodity && factor->from == from && factor->to == to) {
            return factor;
        }
    }
    return NULL;
}

bool model_has_role(const struct model_party *party, Qp__Role role)
{
    return has_any(party, 1U << role);
}

bool has_any(const struct model_party *party, uint32_t roles)
{
    for (size_t i = 0; i < party->body->n_roles; i++) {
        if ((roles >> party->body->roles[i] & 1) != 0) {
            return true;
        }
    }
    return false;
}

struct model_amount amount(const Qp__Quantity *quantity)
{
    return (struct model_amount){quantity->grams, quantity->pieces};
}

/* ---- What several rows ask ---- */

bool refuse(struct judged *job, const char *code)
{
    job->code = code;
    return false;
}

bool named_by(const char *id, const char *party)
{
    size_t len = strlen(party);
    return strncmp(id, party, len) == 0 && id[len] == '/';
}

bool own_name(struct judged *job, const char *id)
{
    return named_by(id, job->party) || refuse(job, "QP-NAME");
}

bool not_empty(struct judged *job, const Qp__Quantity *quantity)
{
    if (quantity->grams == 0 && quantity->pieces == 0) {
        return refuse(job, "QP-MASS-EMPTY");
    }
    return true;
}

bool sealed_as(struct judged *job, const Qp__Sealed *sealed, Qp__SealedKind kind)
{
    if (sealed != NULL && sealed->kind != kind) {
        return refuse(job, "QP-SEALED-KIND");
    }
    return true;
}

bool alive(struct judged *job, const char *id, struct model_lot **lot)
{
    *lot = model_find_lot(job->model, id);
    if (*lot == NULL) {
        return refuse(job, "QP-LOT-UNKNOWN");
    }
    if ((*lot)->status == MODEL_RECALLED) {
        return refuse(job, "QP-LOT-RECALLED");
    }
    if ((*lot)->status == MODEL_VOIDED) {
        return refuse(job, "QP-LOT-VOIDED");
    }
    if (job->event->occurred_ms + MODEL_DAY_MS < (*lot)->made_ms) {
        return refuse(job, "QP-TIME-ORDER");
    }
    return true;
}

bool free_(struct judged *job, const char *id, struct model_lot **lot)
{
    if (!alive(job, id, lot)) {
        return false;
    }
    if ((*lot)->status == MODEL_HANDED) {
        return refuse(job, "QP-LOT-HELD");
    }
    return true;
}

bool free_and_held(struct judged *job, const char *id, struct model_lot **lot)
{
    if (!free_(job, id, lot)) {
        return false;
    }
    if (!same((*lot)->holder, job->party)) {
        return refuse(job, "QP-LOT-HELD");
    }
    return true;
}

bool waste(const struct model_lot *lot)
{
    return lot->origin == QP__OUTPUT_KIND__OUTPUT_KIND_WASTE;
}

bool rules_now(struct judged *job, const Qp__RuleSetPublished **rules)
{
    *rules = model_rules_in_force(job->model, job->event->occurred_ms, &job->context->place);
    if (*rules == NULL) {
        return refuse(job, "QP-RULESET-NONE");
    }
    return true;
}

/* ---- The table ---- */

static bool row_state_committed(struct judged *job)
{
    return refuse(job, "QP-RESERVED");
}

#define ANY UINT32_MAX

struct row {
    Qp__Event__BodyCase body;
    uint32_t roles;
    bool (*judge)(struct judged *job);
};

static const struct row rows[] = {
    {QP__EVENT__BODY_RULE_SET_PUBLISHED, ROLE(OPERATOR) | ROLE(AUTHORITY), row_rule_set_published},
    {QP__EVENT__BODY_STATE_COMMITTED, ROLE(OPERATOR), row_state_committed},
    {QP__EVENT__BODY_PARTY_ENROLLED, ROLE(OPERATOR) | ROLE(REGISTRAR), row_party_enrolled},
    {QP__EVENT__BODY_PARTY_SUSPENDED, ROLE(OPERATOR) | ROLE(REGISTRAR) | ROLE(AUTHORITY),
     row_party_suspended},
    {QP__EVENT__BODY_KEY_ADDED, ANY, row_key_added},
    {QP__EVENT__BODY_KEY_ROTATED, ANY, row_key_rotated},
    {QP__EVENT__BODY_KEY_REVOKED, ANY, row_key_revoked},
    {QP__EVENT__BODY_KEY_FORKED, ANY, row_key_forked},
    {QP__EVENT__BODY_PRODUCER_REGISTERED, BUYERS, row_producer_registered},
    {QP__EVENT__BODY_PLOT_REGISTERED, BUYERS, row_plot_registered},
    {QP__EVENT__BODY_PLOT_ASSESSED, ROLE(ASSESSOR) | ROLE(AUTHORITY), row_plot_assessed},
    {QP__EVENT__BODY_PLOT_WITHDRAWN, BUYERS | ROLE(AUTHORITY), row_plot_withdrawn},
    {QP__EVENT__BODY_LOT_HARVESTED, BUYERS, row_lot_harvested},
    {QP__EVENT__BODY_LOT_PROCESSED, BUYERS | ROLE(WAREHOUSE), row_lot_processed},
    {QP__EVENT__BODY_LOT_TRANSFERRED, HANDS, row_lot_transferred},
    {QP__EVENT__BODY_LOT_RECEIVED, HANDS, row_lot_received},
    {QP__EVENT__BODY_LOT_INSPECTED, HANDS | CHECKERS, row_lot_inspected},
    {QP__EVENT__BODY_LOT_RECALLED, HANDS | ROLE(AUTHORITY), row_lot_recalled},
    {QP__EVENT__BODY_CERTIFICATE_ISSUED, ROLE(CERTIFIER) | ROLE(AUTHORITY), row_certificate_issued},
    {QP__EVENT__BODY_CERTIFICATE_WITHDRAWN, ROLE(CERTIFIER) | ROLE(AUTHORITY),
     row_certificate_withdrawn},
    {QP__EVENT__BODY_FOOTPRINT_RECORDED, HANDS | CHECKERS | ROLE(ASSESSOR), row_footprint_recorded},
    {QP__EVENT__BODY_SHIPMENT_DISPATCHED, ROLE(EXPORTER), row_shipment_dispatched},
    {QP__EVENT__BODY_SHIPMENT_GATED_IN, ROLE(TERMINAL), row_shipment_gated_in},
    {QP__EVENT__BODY_SHIPMENT_LOADED, ROLE(TERMINAL) | ROLE(CARRIER), row_shipment_loaded},
    {QP__EVENT__BODY_SHIPMENT_RECEIVED, ROLE(IMPORTER), row_shipment_received},
    {QP__EVENT__BODY_DOCUMENT_ATTACHED, ANY, row_document_attached},
    {QP__EVENT__BODY_EVENT_VOIDED, ANY, row_event_voided},
};

static bool judge(struct judged *job)
{
    if (job->event->body_case == QP__EVENT__BODY_LEDGER_OPENED) {
        return row_ledger_opened(job);
    }
    const struct model_key *key = model_find_key(job->model, job->context->issuer);
    if (key == NULL) {
        return refuse(job, "QP-KEY-UNKNOWN");
    }
    if (key->ended) {
        return refuse(job, "QP-KEY-OLD");
    }
    job->party = key->party;
    job->issuer = model_find_party(job->model, key->party);
    if (job->issuer->suspended) {
        return refuse(job, "QP-PARTY-SUSPENDED");
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].body == job->event->body_case) {
            if (!has_any(job->issuer, rows[i].roles)) {
                return refuse(job, "QP-ROLE");
            }
            return forms_hold(job) && rows[i].judge(job);
        }
    }
    abort(); /* a kind of event that the model does not know yet */
}

const char *model_apply(struct model *model, const struct model_context *context,
                        const Qp__Event *event)
{
    struct judged job = {.model = model, .context = context, .event = event};
    if (judge(&job)) {
        struct model_past *past = ADD(model->past);
        past->issuer = context->issuer;
        past->sequence = context->sequence;
        past->id = context->id;
        past->place = context->place;
        past->event = event;
    }
    return job.code;
}
