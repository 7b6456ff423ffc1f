#include "trace/reach.h"

#include "core/check.h"
#include "rules/rules.h"
#include "trace/shown.h"

#include <stdlib.h>
#include <string.h>

struct qp_reach_wanted {
    uint64_t index;
    uint32_t position;
    size_t from; /* number of the thing whose event it is */
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to walk the graph");
}

void qp_reach_init(struct qp_reach *reach, const struct qp_trace_source *source, bool down)
{
    *reach = (struct qp_reach){.source = source, .down = down};
    qp_arena_init(&reach->arena, 0);
    qp_visited_init(&reach->known, &reach->arena);
    qp_visited_init(&reach->events, &reach->arena);
    qp_links_init(&reach->links, source);
}

void qp_reach_wipe(struct qp_reach *reach)
{
    qp_visited_wipe(&reach->known);
    qp_visited_wipe(&reach->events);
    qp_links_wipe(&reach->links);
    qp_free(reach->things);
    qp_free(reach->places.list);
    qp_free(reach->wanted);
    qp_arena_wipe(&reach->arena);
    *reach = (struct qp_reach){0};
}

/* ---- Things ---- */

static enum qp_code find(struct qp_reach *reach, enum qp_state_kind kind, const char *id,
                         size_t from, struct qp_err *err)
{
    size_t len = strlen(id);
    size_t number = 0;
    bool fresh = false;
    if (len > 80) {
        return qp_fail(err, QP_E_STORE, "an id has %zu characters; run quipu audit", len);
    }
    struct qp_state_key key = qp_state_key_text(kind, id);
    enum qp_code rc = qp_visited_add(&reach->known, qp_state_key_span(&key), &number, &fresh, err);
    if (rc != QP_OK || !fresh) {
        return rc;
    }
    char *copy = qp_arena_text(&reach->arena, qp_span_of(id, len));
    if (copy == NULL) {
        return no_memory(err);
    }
    rc = qp_grow(&reach->things, reach->count, &reach->room, sizeof *reach->things, err);
    if (rc == QP_OK) {
        QP_ASSERT(number == reach->count);
        reach->things[reach->count++] =
            (struct qp_reach_thing){.kind = kind, .id = copy, .from = from};
    }
    return rc;
}

enum qp_code qp_reach_start(struct qp_reach *reach, enum qp_state_kind kind, const char *id,
                            struct qp_err *err)
{
    return find(reach, kind, id, SIZE_MAX, err);
}

bool qp_reach_has(const struct qp_reach *reach, enum qp_state_kind kind, const char *id,
                  size_t *number)
{
    struct qp_state_key key = qp_state_key_text(kind, id);
    return qp_visited_has(&reach->known, qp_state_key_span(&key), number);
}

static const struct qp_message_rule *rule_of(enum qp_state_kind kind)
{
    switch (kind) {
    case QP_STATE_PRODUCER:
        return &qp_rule_producer_state;
    case QP_STATE_PLOT:
        return &qp_rule_plot_state;
    case QP_STATE_LOT:
        return &qp_rule_lot_state;
    default:
        return &qp_rule_shipment_state;
    }
}

static enum qp_code describe(struct qp_reach *reach, size_t number, struct qp_err *err)
{
    struct qp_state state = reach->source->state;
    struct qp_reach_thing *thing = &reach->things[number];
    struct qp_state_key key = qp_state_key_text(thing->kind, thing->id);
    void *record = NULL;
    enum qp_code rc =
        qp_state_read(&state, &key, rule_of(thing->kind), &reach->arena, &record, err);
    if (rc == QP_OK && record == NULL) {
        rc = qp_fail(err, QP_E_STORE, "the ledger's state lacks %s %s; run quipu audit --rebuild",
                     qp_trace_kind_name(thing->kind), thing->id);
    }
    thing->record.any = record;
    return rc;
}

/* ---- From things to events ---- */

static enum qp_code want(struct qp_reach *reach, uint64_t index, uint32_t position, size_t from,
                         struct qp_err *err)
{
    enum qp_code rc = qp_grow(&reach->wanted, reach->wanted_count, &reach->wanted_room,
                              sizeof *reach->wanted, err);
    if (rc == QP_OK) {
        reach->wanted[reach->wanted_count++] =
            (struct qp_reach_wanted){.index = index, .position = position, .from = from};
    }
    return rc;
}

static enum qp_code want_up(struct qp_reach *reach, size_t number, struct qp_err *err)
{
    const struct qp_reach_thing *thing = &reach->things[number];
    const Qp__EventPlace *made = NULL;
    switch (thing->kind) {
    case QP_STATE_PLOT:
        return find(reach, QP_STATE_PRODUCER, thing->record.plot->producer, number, err);
    case QP_STATE_LOT:
        made = thing->record.lot->created;
        break;
    case QP_STATE_SHIPMENT:
        made = thing->record.shipment->dispatched;
        break;
    default:
        return QP_OK;
    }
    QP_ASSERT(made != NULL); /* the decoder requires it */
    return want(reach, made->index, made->position, number, err);
}

static enum qp_code want_down(struct qp_reach *reach, size_t number, struct qp_err *err)
{
    const struct qp_reach_thing *thing = &reach->things[number];
    bool voided = thing->kind == QP_STATE_LOT &&
                  thing->record.lot->status == QP__LOT_STATUS__LOT_STATUS_VOIDED;
    if (voided || thing->kind == QP_STATE_SHIPMENT) {
        return QP_OK;
    }
    enum qp_code rc = qp_places_read(reach->source, thing->kind, thing->id, &reach->places, err);
    for (size_t i = 0; rc == QP_OK && i < reach->places.count; i++) {
        const struct qp_edge_place *place = &reach->places.list[i];
        if (qp_link_leads_down(place)) {
            rc = want(reach, place->index, place->position, number, err);
        }
    }
    return rc;
}

/* ---- From events to things ---- */

struct following {
    struct qp_reach *reach;
    size_t from;
};

static enum qp_code follow(void *context, const struct qp_link *link, struct qp_err *err)
{
    const struct following *following = context;
    return find(following->reach, link->kind, link->id, following->from, err);
}

static enum qp_code follow_event(struct qp_reach *reach, const struct qp_reach_wanted *wanted,
                                 struct qp_err *err)
{
    struct following following = {.reach = reach, .from = wanted->from};
    const Qp__Event *event = NULL;
    uint8_t key[12];
    size_t number = 0;
    bool fresh = false;
    qp_store_be64(key, wanted->index);
    qp_store_be32(key + 8, wanted->position);
    enum qp_code rc =
        qp_visited_add(&reach->events, qp_span_of(key, sizeof key), &number, &fresh, err);
    if (rc != QP_OK || !fresh) {
        return rc;
    }
    rc = qp_links_event(&reach->links, wanted->index, wanted->position, &event, err);
    if (rc != QP_OK) {
        return rc;
    }
    const char *id = reach->things[wanted->from].id;
    return reach->down ? qp_link_down(event, id, follow, &following, err)
                       : qp_link_up(event, follow, &following, err);
}

/* In log order; of the things that an event belongs to, the first leads on. */
static int by_place(const void *a, const void *b)
{
    const struct qp_reach_wanted *one = a;
    const struct qp_reach_wanted *two = b;
    int order = (one->index > two->index) - (one->index < two->index);
    if (order == 0) {
        order = (one->position > two->position) - (one->position < two->position);
    }
    return order != 0 ? order : (one->from > two->from) - (one->from < two->from);
}

enum qp_code qp_reach_run(struct qp_reach *reach, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t begin = 0; rc == QP_OK && begin < reach->count;) {
        size_t end = reach->count;
        reach->wanted_count = 0;
        for (; rc == QP_OK && begin < end; begin++) {
            rc = describe(reach, begin, err);
            if (rc == QP_OK) {
                rc = reach->down ? want_down(reach, begin, err) : want_up(reach, begin, err);
            }
        }
        if (reach->wanted_count > 1) {
            qsort(reach->wanted, reach->wanted_count, sizeof *reach->wanted, by_place);
        }
        for (size_t i = 0; rc == QP_OK && i < reach->wanted_count; i++) {
            rc = follow_event(reach, &reach->wanted[i], err);
        }
    }
    return rc;
}
