/* Impact as one JSON object. */
#include "impact.h"

#include <string.h>

/* Append to a list that is NULL once memory has run out. */
static void append(json_t **list, json_t *value)
{
    if (*list == NULL || value == NULL || json_array_append_new(*list, value) != 0) {
        json_decref(*list == NULL ? value : NULL);
        json_decref(*list);
        *list = NULL;
    }
}

static json_t *lots_json(const struct qp_impact_part *part)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < part->lot_count; i++) {
        const struct qp_impact_lot *lot = &part->lots[i];
        append(&list, json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:s}", "id", lot->id, "form",
                                lot->form, "output", lot->output, "grams", (json_int_t)lot->grams,
                                "left_grams", (json_int_t)lot->left_grams, "holder", lot->holder,
                                "status", lot->status, "handed_to", lot->handed_to));
    }
    return list;
}

static json_t *plots_json(const struct qp_impact_part *part)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < part->plot_count; i++) {
        const struct qp_impact_plot *plot = &part->plots[i];
        append(&list, json_pack("{s:s, s:s, s:s, s:b, s:b}", "id", plot->id, "producer",
                                plot->producer, "party", plot->party, "loss", plot->loss ? 1 : 0,
                                "withdrawn", plot->withdrawn ? 1 : 0));
    }
    return list;
}

static json_t *producers_json(const struct qp_impact_part *part)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < part->producer_count; i++) {
        append(&list, json_pack("{s:s, s:s}", "id", part->producers[i].id, "party",
                                part->producers[i].party));
    }
    return list;
}

static json_t *part_json(const struct qp_impact_part *part)
{
    return json_pack("{s:o, s:o, s:o, s:I}", "lots", lots_json(part), "plots", plots_json(part),
                     "producers", producers_json(part), "voided_lots",
                     (json_int_t)part->voided_count);
}

static json_t *shipments_json(const struct qp_impact *impact)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < impact->shipment_count; i++) {
        const struct qp_impact_shipment *shipment = &impact->shipments[i];
        append(&list, json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:s}", "id", shipment->id, "form",
                                shipment->form, "grams", (json_int_t)shipment->grams, "net_grams",
                                (json_int_t)shipment->net_grams, "exporter", shipment->exporter,
                                "consignee", shipment->consignee, "status", shipment->status));
    }
    return list;
}

static json_t *buyers_json(const struct qp_impact *impact)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < impact->buyer_count; i++) {
        const struct qp_impact_buyer *buyer = &impact->buyers[i];
        append(&list, json_pack("{s:s, s:s, s:I, s:I}", "party", buyer->party, "form", buyer->form,
                                "shipments", (json_int_t)buyer->shipments, "grams",
                                (json_int_t)buyer->grams));
    }
    return list;
}

static json_t *forms_json(const struct qp_impact *impact)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < impact->form_count; i++) {
        const struct qp_impact_form *form = &impact->forms[i];
        append(&list, json_pack("{s:s, s:I, s:I, s:I}", "form", form->form, "lots",
                                (json_int_t)form->lots, "left_grams", (json_int_t)form->left_grams,
                                "shipped_grams", (json_int_t)form->shipped_grams));
    }
    return list;
}

static json_t *names_json(const char *const *names, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < count; i++) {
        append(&list, json_string(names[i]));
    }
    return list;
}

static json_t *thing_json(const struct impact_view *view, const struct qp_impact_thing *thing)
{
    const struct qp_impact *impact = view->impact;
    char hex[65];
    if (thing->key != NULL) {
        qp_hex_encode(hex, qp_span_of(thing->key->bytes, sizeof thing->key->bytes));
        return json_pack("{s:s, s:s, s:I, s:I, s:I}", "kind", "key", "key", hex, "since",
                         (json_int_t)impact->since, "entries", (json_int_t)impact->entries,
                         "events", (json_int_t)impact->events);
    }
    if (thing->id == NULL) {
        return json_pack("{s:s, s:I, s:i}", "kind", "event", "entry", (json_int_t)thing->index,
                         "position", (int)thing->position);
    }
    if (strcmp(impact->kind, "party") == 0) {
        return json_pack("{s:s, s:s, s:I, s:I, s:I}", "kind", "party", "id", impact->id, "since",
                         (json_int_t)impact->since, "entries", (json_int_t)impact->entries,
                         "events", (json_int_t)impact->events);
    }
    return json_pack("{s:s, s:s}", "kind", impact->kind, "id", impact->id);
}

/* A NULL on the way is found by the next json_pack, which then is NULL itself. */
void impact_json(struct impact_view *view, const struct qp_impact_thing *thing)
{
    const struct qp_impact *impact = view->impact;
    json_t *object = json_pack("{s:o}", "thing", thing_json(view, thing));
    if ((view->directions & QP_IMPACT_DOWN) != 0) {
        json_t *down = part_json(&impact->down);
        json_t *sold = json_pack("{s:o, s:o, s:o}", "shipments", shipments_json(impact), "buyers",
                                 buyers_json(impact), "forms", forms_json(impact));
        if (json_object_update(down, sold) != 0 ||
            json_object_set(object, "downstream", down) != 0) {
            json_decref(object);
            object = NULL;
        }
        json_decref(down);
        json_decref(sold);
    }
    if ((view->directions & QP_IMPACT_UP) != 0 &&
        json_object_set_new(object, "upstream", part_json(&impact->up)) != 0) {
        json_decref(object);
        object = NULL;
    }
    json_t *others =
        json_pack("{s:o, s:o}", "parties", names_json(impact->parties, impact->party_count),
                  "certificates", names_json(impact->certificates, impact->certificate_count));
    if (json_object_set_new(object, "not_followed", others) != 0) {
        json_decref(object);
        object = NULL;
    }
    cli_json(view->cli, object);
}
