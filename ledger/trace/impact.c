#include "trace/impact.h"

#include "core/check.h"
#include "rules/rules.h"
#include "trace/shown.h"

#include <stdio.h>
#include <string.h>

#define FORMS_MAX 64

/* What is put together at the end. */
struct summing {
    struct qp_impact_search *search;
    const char *names[FORMS_MAX]; /* of forms, by their place in the descriptor */
    uint64_t shipped[FORMS_MAX];  /* of one shipment */
    size_t rows[FORMS_MAX];       /* 1 + row among the totals */
    struct qp_visited buyers;     /* consignee ‖ 00 ‖ place of the form */
    struct qp_visited consignees;
    size_t buyer_room;
    struct qp_links links;
    struct qp_arena arena; /* one record */
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for what is touched");
}

/* Numbers are exact in every reader of JSON, or stand at the limit. */
static void add_grams(uint64_t *sum, uint64_t grams)
{
    const uint64_t most = (uint64_t)QP_NUMBER_MAX;
    *sum = grams < most - *sum ? *sum + grams : most;
}

static size_t form_place(Qp__Form form)
{
    const ProtobufCEnumDescriptor *forms = &qp__form__descriptor;
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(forms, (int)form);
    QP_ASSERT(value != NULL && forms->n_values <= FORMS_MAX); /* the decoder knows it */
    return (size_t)(value - forms->values);
}

static const char *form_name(struct summing *summing, size_t place)
{
    if (summing->names[place] == NULL) {
        char name[40];
        qp_enum_name(name, &qp__form__descriptor, qp__form__descriptor.values[place].value);
        summing->names[place] = qp_arena_text(&summing->search->arena, qp_span_text(name));
    }
    return summing->names[place];
}

/* ---- Parts of the graph ---- */

static const char *output_name(Qp__OutputKindOfLot kind)
{
    switch (kind) {
    case QP__OUTPUT_KIND_OF_LOT__OUTPUT_KIND_OF_LOT_HARVEST:
        return "harvest";
    case QP__OUTPUT_KIND_OF_LOT__OUTPUT_KIND_OF_LOT_BY_PRODUCT:
        return "by_product";
    case QP__OUTPUT_KIND_OF_LOT__OUTPUT_KIND_OF_LOT_WASTE:
        return "waste";
    default:
        return "product";
    }
}

static enum qp_code put_lot(struct summing *summing, const struct qp_reach_thing *thing,
                            struct qp_impact_part *part, struct qp_err *err)
{
    const Qp__LotState *lot = thing->record.lot;
    const char *form = form_name(summing, form_place(lot->form));
    if (form == NULL) {
        return no_memory(err);
    }
    part->lots[part->lot_count++] =
        (struct qp_impact_lot){.id = thing->id,
                               .form = form,
                               .output = output_name(lot->kind),
                               .grams = lot->made->grams,
                               .left_grams = lot->balance != NULL ? lot->balance->grams : 0,
                               .holder = lot->holder,
                               .status = qp_lot_status_name(lot->status),
                               .handed_to = lot->handed_to};
    part->voided_count += lot->status == QP__LOT_STATUS__LOT_STATUS_VOIDED ? 1 : 0;
    return QP_OK;
}

static enum qp_code put_thing(struct summing *summing, const struct qp_reach_thing *thing,
                              struct qp_impact_part *part, struct qp_err *err)
{
    if (thing->kind == QP_STATE_LOT) {
        return put_lot(summing, thing, part, err);
    }
    if (thing->kind == QP_STATE_PLOT) {
        const Qp__PlotState *plot = thing->record.plot;
        part->plots[part->plot_count++] =
            (struct qp_impact_plot){.id = thing->id,
                                    .producer = plot->producer,
                                    .party = plot->party,
                                    .loss = plot->loss != NULL,
                                    .withdrawn = plot->withdrawn != NULL};
    } else if (thing->kind == QP_STATE_PRODUCER) {
        part->producers[part->producer_count++] =
            (struct qp_impact_producer){.id = thing->id, .party = thing->record.producer->party};
    }
    return QP_OK;
}

/* starts: those too that were begun with. */
static enum qp_code put_part(struct summing *summing, const struct qp_reach *reach, bool starts,
                             struct qp_impact_part *part, struct qp_err *err)
{
    struct qp_arena *arena = &summing->search->arena;
    size_t counts[QP_STATE_RULE_SET + 1] = {0};
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < reach->count; i++) {
        counts[reach->things[i].kind] += starts || reach->things[i].from != SIZE_MAX ? 1 : 0;
    }
    part->producers =
        qp_arena_alloc_zero(arena, counts[QP_STATE_PRODUCER], sizeof *part->producers);
    part->plots = qp_arena_alloc_zero(arena, counts[QP_STATE_PLOT], sizeof *part->plots);
    part->lots = qp_arena_alloc_zero(arena, counts[QP_STATE_LOT], sizeof *part->lots);
    if (part->producers == NULL || part->plots == NULL || part->lots == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; rc == QP_OK && i < reach->count; i++) {
        bool wanted = starts || reach->things[i].from != SIZE_MAX;
        rc = wanted ? put_thing(summing, &reach->things[i], part, err) : QP_OK;
    }
    return rc;
}

/* ---- Shipments ---- */

/* The form of a lot that is shipped; it need not be among those that are touched. */
static enum qp_code form_of(struct summing *summing, const char *lot, size_t *place,
                            struct qp_err *err)
{
    const struct qp_reach *down = &summing->search->down;
    struct qp_state state = summing->search->source->state;
    struct qp_state_key key = qp_state_key_text(QP_STATE_LOT, lot);
    Qp__LotState *record = NULL;
    size_t number = 0;
    if (qp_reach_has(down, QP_STATE_LOT, lot, &number)) {
        *place = form_place(down->things[number].record.lot->form);
        return QP_OK;
    }
    qp_arena_reset(&summing->arena);
    enum qp_code rc =
        qp_state_read(&state, &key, &qp_rule_lot_state, &summing->arena, &record, err);
    if (rc == QP_OK && record == NULL) {
        return qp_fail(err, QP_E_STORE,
                       "the ledger's state lacks lot %s; run quipu audit --rebuild", lot);
    }
    if (rc == QP_OK) {
        *place = form_place(record->form);
    }
    return rc;
}

/* What of a shipment is touched, by form. whole: all of it. */
static enum qp_code weigh(struct summing *summing, const Qp__ShipmentDispatched *body, bool whole,
                          struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    memset(summing->shipped, 0, sizeof summing->shipped);
    for (size_t i = 0; rc == QP_OK && i < body->n_lots; i++) {
        const Qp__ShipmentLot *part = body->lots[i];
        size_t number = 0;
        size_t place = 0;
        if (whole || qp_reach_has(&summing->search->down, QP_STATE_LOT, part->lot, &number)) {
            rc = form_of(summing, part->lot, &place, err);
            if (rc == QP_OK) {
                add_grams(&summing->shipped[place], part->quantity->grams);
            }
        }
    }
    return rc;
}

/* *row: of the form among the totals. */
static enum qp_code total_of(struct summing *summing, size_t place, struct qp_impact_form **row,
                             struct qp_err *err)
{
    struct qp_impact *shown = &summing->search->shown;
    if (summing->rows[place] == 0) {
        const char *name = form_name(summing, place);
        if (name == NULL) {
            return no_memory(err);
        }
        shown->forms[shown->form_count++] = (struct qp_impact_form){.form = name};
        summing->rows[place] = shown->form_count;
    }
    *row = &shown->forms[summing->rows[place] - 1];
    return QP_OK;
}

static enum qp_code add_bought(struct summing *summing, const char *consignee, size_t place,
                               struct qp_err *err)
{
    struct qp_impact *shown = &summing->search->shown;
    char key[40];
    size_t number = 0;
    bool fresh = false;
    int len = snprintf(key, sizeof key, "%.31s/%zu", consignee, place);
    enum qp_code rc =
        qp_visited_add(&summing->buyers, qp_span_of(key, (size_t)len), &number, &fresh, err);
    if (rc == QP_OK && fresh) {
        rc = qp_grow(&shown->buyers, number, &summing->buyer_room, sizeof *shown->buyers, err);
        if (rc == QP_OK) {
            shown->buyers[number] =
                (struct qp_impact_buyer){.party = consignee, .form = form_name(summing, place)};
            shown->buyer_count = number + 1;
        }
    }
    if (rc == QP_OK) {
        shown->buyers[number].shipments++;
        add_grams(&shown->buyers[number].grams, summing->shipped[place]);
    }
    return rc;
}

static enum qp_code put_shipment(struct summing *summing, const struct qp_reach_thing *thing,
                                 struct qp_err *err)
{
    struct qp_impact *shown = &summing->search->shown;
    const Qp__ShipmentState *state = thing->record.shipment;
    const Qp__Event *event = NULL;
    struct qp_impact_shipment shipment = {.id = thing->id,
                                          .form = "",
                                          .net_grams = state->quantity->grams,
                                          .exporter = state->exporter,
                                          .consignee = state->consignee,
                                          .status =
                                              state->received != NULL ? "received" : "dispatched"};
    enum qp_code rc = qp_links_event(&summing->links, state->dispatched->index,
                                     state->dispatched->position, &event, err);
    if (rc == QP_OK && event->body_case != QP__EVENT__BODY_SHIPMENT_DISPATCHED) {
        rc = qp_fail(err, QP_E_STORE, "no dispatch of shipment %s; run quipu audit --rebuild",
                     thing->id);
    }
    rc =
        rc == QP_OK ? weigh(summing, event->shipment_dispatched, thing->from == SIZE_MAX, err) : rc;
    for (size_t place = 0; rc == QP_OK && place < FORMS_MAX; place++) {
        struct qp_impact_form *total = NULL;
        if (summing->shipped[place] == 0) {
            continue;
        }
        rc = total_of(summing, place, &total, err);
        rc = rc == QP_OK ? add_bought(summing, state->consignee, place, err) : rc;
        if (rc == QP_OK) {
            add_grams(&total->shipped_grams, summing->shipped[place]);
            add_grams(&shipment.grams, summing->shipped[place]);
            shipment.form = shipment.form[0] == '\0' ? total->form : "several";
        }
    }
    size_t number = 0;
    bool fresh = false;
    rc = rc == QP_OK ? qp_visited_add(&summing->consignees, qp_span_text(state->consignee), &number,
                                      &fresh, err)
                     : rc;
    shown->consignee_count += rc == QP_OK && fresh ? 1 : 0;
    shown->shipments[shown->shipment_count++] = shipment;
    return rc;
}

static enum qp_code put_down(struct summing *summing, struct qp_err *err)
{
    struct qp_impact_search *search = summing->search;
    struct qp_impact *shown = &search->shown;
    size_t shipments = 0;
    enum qp_code rc = put_part(summing, &search->down, true, &shown->down, err);
    for (size_t i = 0; i < search->down.count; i++) {
        shipments += search->down.things[i].kind == QP_STATE_SHIPMENT ? 1 : 0;
    }
    shown->shipments = qp_arena_alloc_zero(&search->arena, shipments, sizeof *shown->shipments);
    shown->forms = qp_arena_alloc_zero(&search->arena, FORMS_MAX, sizeof *shown->forms);
    if (rc == QP_OK && (shown->shipments == NULL || shown->forms == NULL)) {
        return no_memory(err);
    }
    for (size_t i = 0; rc == QP_OK && i < search->down.count; i++) {
        const struct qp_reach_thing *thing = &search->down.things[i];
        struct qp_impact_form *total = NULL;
        if (thing->kind == QP_STATE_SHIPMENT) {
            rc = put_shipment(summing, thing, err);
        } else if (thing->kind == QP_STATE_LOT &&
                   thing->record.lot->status != QP__LOT_STATUS__LOT_STATUS_VOIDED) {
            const Qp__LotState *lot = thing->record.lot;
            rc = total_of(summing, form_place(lot->form), &total, err);
            if (rc == QP_OK) {
                total->lots++;
                add_grams(&total->left_grams, lot->balance != NULL ? lot->balance->grams : 0);
            }
        }
    }
    return rc;
}

/* ---- The whole ---- */

static enum qp_code sum_up(struct qp_impact_search *search, struct qp_err *err)
{
    struct summing summing = {.search = search};
    qp_links_init(&summing.links, search->source);
    qp_arena_init(&summing.arena, 0);
    qp_visited_init(&summing.buyers, &search->arena);
    qp_visited_init(&summing.consignees, &search->arena);
    enum qp_code rc = put_down(&summing, err);
    rc = rc == QP_OK ? put_part(&summing, &search->up, false, &search->shown.up, err) : rc;
    qp_visited_wipe(&summing.buyers);
    qp_visited_wipe(&summing.consignees);
    qp_links_wipe(&summing.links);
    qp_arena_wipe(&summing.arena);
    return rc;
}

enum qp_code qp_impact_source(const struct qp_trace_source *source,
                              const struct qp_impact_thing *thing, unsigned directions,
                              struct qp_impact **impact, struct qp_err *err)
{
    struct qp_impact_search *search = qp_alloc_zero(1, sizeof *search);
    if (search == NULL) {
        return no_memory(err);
    }
    search->source = source;
    search->directions = directions;
    qp_arena_init(&search->arena, 0);
    qp_visited_init(&search->names, &search->arena);
    qp_reach_init(&search->up, source, false);
    qp_reach_init(&search->down, source, true);
    enum qp_code rc = qp_impact_start(search, thing, err);
    rc = rc == QP_OK ? qp_reach_run(&search->up, err) : rc;
    rc = rc == QP_OK ? qp_reach_run(&search->down, err) : rc;
    rc = rc == QP_OK ? sum_up(search, err) : rc;
    if (rc == QP_OK) {
        search->source = NULL; /* it may be gone before what was found in it */
        *impact = &search->shown;
    } else {
        qp_impact_free(&search->shown);
    }
    return rc;
}

void qp_impact_free(struct qp_impact *impact)
{
    struct qp_impact_search *search = (struct qp_impact_search *)impact;
    if (search == NULL) {
        return;
    }
    qp_free(impact->buyers);
    qp_free((void *)impact->parties);
    qp_free((void *)impact->certificates);
    qp_visited_wipe(&search->names);
    qp_reach_wipe(&search->up);
    qp_reach_wipe(&search->down);
    qp_arena_wipe(&search->arena);
    qp_free(search);
}
