#include "trace/closure.h"

#include "rules/rules.h"
#include "trace/shown.h"

#include <stdlib.h>
#include <string.h>

/* Kinds of tasks above those of qp_state_kind: the certificates of a party, which only parties that
 * handle goods or certify need to show. */
#define TASK_CERTIFICATES 64

/* A subject to look at. */
struct task {
    int kind; /* qp_state_kind, or TASK_CERTIFICATES */
    const char *id;
};

/* An event to show, and to follow from what it began to what it began from. */
struct wanted {
    uint64_t index;
    uint32_t position;
    int follow; /* kind of the task that led here; 0: show it only */
};

/* The walk goes in rounds: the edges of all subjects that the round before has met, then all events
 * that those lead to, in log order, so that a statement's events are read together. */
struct collector {
    const struct qp_trace_source *source;
    struct qp_closure *closure;
    struct qp_shown shown;
    struct qp_visited subjects;
    struct task *tasks; /* of the next round */
    size_t task_count;
    size_t task_room;
    struct wanted *wanted; /* of this round */
    size_t wanted_count;
    size_t wanted_room;
    struct qp_places places;
    struct qp_arena scratch; /* one decoded event or record */
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to collect the events of the shipment");
}

/* ---- What is still to be looked at ---- */

/* Look at a subject, unless it was or will be. */
static enum qp_code meet(struct collector *collector, int kind, const char *id, struct qp_err *err)
{
    size_t len = strlen(id);
    size_t number = 0;
    bool fresh = false;
    if (len > 80) {
        return qp_fail(err, QP_E_STORE, "an id has %zu characters; run quipu audit", len);
    }
    struct qp_state_key key = qp_state_key_text((enum qp_state_kind)kind, id);
    enum qp_code rc =
        qp_visited_add(&collector->subjects, qp_state_key_span(&key), &number, &fresh, err);
    if (rc != QP_OK || !fresh) {
        return rc;
    }
    char *copy = qp_arena_text(&collector->closure->arena, qp_span_of(id, len));
    if (copy == NULL) {
        return no_memory(err);
    }
    collector->closure->lot_count += kind == QP_STATE_LOT;
    collector->closure->plot_count += kind == QP_STATE_PLOT;
    rc = qp_grow(&collector->tasks, collector->task_count, &collector->task_room,
                 sizeof *collector->tasks, err);
    if (rc == QP_OK) {
        collector->tasks[collector->task_count++] = (struct task){.kind = kind, .id = copy};
    }
    return rc;
}

static enum qp_code want(struct collector *collector, struct wanted wanted, struct qp_err *err)
{
    enum qp_code rc = qp_grow(&collector->wanted, collector->wanted_count, &collector->wanted_room,
                              sizeof *collector->wanted, err);
    if (rc == QP_OK) {
        collector->wanted[collector->wanted_count++] = wanted;
    }
    return rc;
}

/* ---- Who and what an event names ---- */

/* Who signed with this key. It may have ended since. */
static enum qp_code meet_issuer(struct collector *collector, const struct qp_public_key *issuer,
                                Qp__Event__BodyCase body, struct qp_err *err)
{
    struct qp_state state = collector->source->state;
    struct qp_state_key key = qp_state_key_public(issuer);
    Qp__KeyState *known = NULL;
    qp_arena_reset(&collector->scratch);
    enum qp_code rc =
        qp_state_read(&state, &key, &qp_rule_key_state, &collector->scratch, &known, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (known == NULL) {
        return qp_fail(err, QP_E_STORE,
                       "the ledger's state lacks a key that signed an entry; run quipu audit "
                       "--rebuild");
    }
    rc = meet(collector, QP_STATE_PARTY, known->party, err);
    switch (body) {
    case QP__EVENT__BODY_LOT_HARVESTED:
    case QP__EVENT__BODY_LOT_PROCESSED:
    case QP__EVENT__BODY_LOT_TRANSFERRED:
    case QP__EVENT__BODY_LOT_RECEIVED:
    case QP__EVENT__BODY_SHIPMENT_DISPATCHED:
    case QP__EVENT__BODY_CERTIFICATE_ISSUED:
        return rc == QP_OK ? meet(collector, TASK_CERTIFICATES, known->party, err) : rc;
    default:
        return rc;
    }
}

/* The event that a correction voids stands beside it. */
static enum qp_code meet_voided(struct collector *collector, const Qp__EventReference *reference,
                                struct qp_err *err)
{
    const struct qp_trace_source *source = collector->source;
    struct qp_public_key issuer;
    uint64_t index = 0;
    memcpy(issuer.bytes, reference->issuer.data, sizeof issuer.bytes);
    uint32_t position = reference->position;
    enum qp_code rc = source->find(source->context, &issuer, reference->sequence, &index, err);
    if (rc == QP_E_NOT_FOUND) {
        return qp_fail(err, QP_E_STORE,
                       "a statement whose event was voided cannot be found; run "
                       "quipu audit --rebuild");
    }
    return rc == QP_OK ? want(collector, (struct wanted){.index = index, .position = position}, err)
                       : rc;
}

/* Parties and events that an event names, besides its subjects. */
static enum qp_code meet_named(struct collector *collector, const Qp__Event *event,
                               struct qp_err *err)
{
    switch (event->body_case) {
    case QP__EVENT__BODY_LOT_TRANSFERRED:
        return meet(collector, QP_STATE_PARTY, event->lot_transferred->to, err);
    case QP__EVENT__BODY_LOT_RECEIVED:
        return meet(collector, QP_STATE_PARTY, event->lot_received->from, err);
    case QP__EVENT__BODY_SHIPMENT_DISPATCHED:
        return meet(collector, QP_STATE_PARTY, event->shipment_dispatched->consignee, err);
    case QP__EVENT__BODY_CERTIFICATE_ISSUED:
        return meet(collector, QP_STATE_PARTY, event->certificate_issued->holder, err);
    case QP__EVENT__BODY_EVENT_VOIDED:
        return meet_voided(collector, event->event_voided->event, err);
    default:
        return QP_OK;
    }
}

/* The event is shown, with everybody who has to do with it. *number: its place among those shown.
 */
static enum qp_code show_event(struct collector *collector, uint64_t index, uint32_t position,
                               size_t *number, struct qp_err *err)
{
    const struct qp_closure *closure = collector->closure;
    struct qp_shown_place place;
    Qp__Event *event = NULL;
    enum qp_code rc = qp_shown_event(&collector->shown, index, position, &place, err);
    if (rc != QP_OK) {
        return rc;
    }
    *number = place.event;
    if (!place.fresh) {
        return QP_OK;
    }
    const struct qp_shown_event *shown = &closure->events[place.event];
    qp_arena_reset(&collector->scratch);
    rc = qp_shown_decode(shown, &collector->scratch, &event, err);
    rc = rc == QP_OK ? meet_named(collector, event, err) : rc;
    return rc == QP_OK
               ? meet_issuer(collector, &closure->entries[place.entry].issuer, shown->body, err)
               : rc;
}

/* ---- Subjects ---- */

/* Does a subject's edge lead to an event that belongs into the bundle? */
static bool belongs(int kind, const struct qp_edge_place *place)
{
    switch (kind) {
    case QP_STATE_SHIPMENT:
    case QP_STATE_LOT:
    case QP_STATE_CERTIFICATE:
        return true;
    case TASK_CERTIFICATES:
        return place->role == QP_EDGE_USES && place->body == QP__EVENT__BODY_CERTIFICATE_ISSUED;
    default: /* harvests of a plot, plots of a producer, shipments to a party: not of this shipment
              */
        return place->role != QP_EDGE_USES;
    }
}

struct follow {
    struct collector *collector;
    int kind; /* of the task */
};

/* From what an event began to what it began from. */
static enum qp_code follow_edge(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    const struct follow *follow = context;
    bool up = false;
    switch (follow->kind) {
    case QP_STATE_SHIPMENT:
    case QP_STATE_LOT:
        up = (edge->kind == QP_STATE_LOT && edge->role == QP_EDGE_CONSUMES) ||
             (edge->kind == QP_STATE_PLOT && edge->role == QP_EDGE_USES);
        break;
    case QP_STATE_PLOT:
        up = edge->kind == QP_STATE_PRODUCER;
        break;
    default: /* TASK_CERTIFICATES */
        up = edge->kind == QP_STATE_CERTIFICATE;
        break;
    }
    return up ? meet(follow->collector, (int)edge->kind, edge->id, err) : QP_OK;
}

static bool leads_on(int kind, const struct qp_edge_place *place)
{
    bool begins = kind == QP_STATE_SHIPMENT || kind == QP_STATE_LOT || kind == QP_STATE_PLOT;
    return kind == TASK_CERTIFICATES || (begins && place->role == QP_EDGE_CREATES);
}

static enum qp_code look_at(struct collector *collector, const struct task *task,
                            struct qp_err *err)
{
    int kind = task->kind == TASK_CERTIFICATES ? QP_STATE_PARTY : task->kind;
    enum qp_code rc = qp_places_read(collector->source, (enum qp_state_kind)kind, task->id,
                                     &collector->places, err);
    for (size_t i = 0; rc == QP_OK && i < collector->places.count; i++) {
        const struct qp_edge_place *place = &collector->places.list[i];
        if (belongs(task->kind, place)) {
            struct wanted wanted = {.index = place->index,
                                    .position = place->position,
                                    .follow = leads_on(task->kind, place) ? task->kind : 0};
            rc = want(collector, wanted, err);
        }
    }
    return rc;
}

static enum qp_code show_wanted(struct collector *collector, const struct wanted *wanted,
                                struct qp_err *err)
{
    size_t number = 0;
    Qp__Event *event = NULL;
    enum qp_code rc = show_event(collector, wanted->index, wanted->position, &number, err);
    if (rc != QP_OK || wanted->follow == 0) {
        return rc;
    }
    struct follow follow = {.collector = collector, .kind = wanted->follow};
    qp_arena_reset(&collector->scratch);
    rc = qp_shown_decode(&collector->closure->events[number], &collector->scratch, &event, err);
    return rc == QP_OK ? qp_event_edges(event, follow_edge, &follow, err) : rc;
}

static int by_want(const void *a, const void *b)
{
    const struct wanted *one = a;
    const struct wanted *two = b;
    int order = (one->index > two->index) - (one->index < two->index);
    if (order == 0) {
        order = (one->position > two->position) - (one->position < two->position);
    }
    return order != 0 ? order : (one->follow > two->follow) - (one->follow < two->follow);
}

/* A correction may ask for its event while the round runs: that is shown in the next one. */
static enum qp_code run_round(struct collector *collector, struct qp_err *err)
{
    struct task *tasks = collector->tasks;
    size_t task_count = collector->task_count;
    enum qp_code rc = QP_OK;
    collector->tasks = NULL;
    collector->task_count = 0;
    collector->task_room = 0;
    for (size_t i = 0; rc == QP_OK && i < task_count; i++) {
        rc = look_at(collector, &tasks[i], err);
    }
    qp_free(tasks);
    struct wanted *wanted = collector->wanted;
    size_t wanted_count = collector->wanted_count;
    collector->wanted = NULL;
    collector->wanted_count = 0;
    collector->wanted_room = 0;
    if (wanted_count > 1) {
        qsort(wanted, wanted_count, sizeof *wanted, by_want);
    }
    for (size_t i = 0; rc == QP_OK && i < wanted_count; i++) {
        bool again = i > 0 && by_want(&wanted[i - 1], &wanted[i]) == 0;
        rc = again ? QP_OK : show_wanted(collector, &wanted[i], err);
    }
    qp_free(wanted);
    return rc;
}

/* ---- The whole ---- */

/* Every rule set there was: the events are judged by those of their day. */
static enum qp_code meet_rule_sets(struct collector *collector, struct qp_err *err)
{
    struct qp_state state = collector->source->state;
    uint32_t count = 0;
    enum qp_code rc = QP_OK;
    for (uint32_t ordinal = 0; rc == QP_OK && ordinal <= count; ordinal++) {
        struct qp_state_key key = qp_state_key_rule_set(ordinal);
        Qp__RuleSetState *known = NULL;
        qp_arena_reset(&collector->scratch);
        rc = qp_state_read(&state, &key, &qp_rule_rule_set_state, &collector->scratch, &known, err);
        if (rc == QP_OK && known != NULL) {
            count = ordinal == 0 ? known->ordinal : count; /* 0: the newest */
            rc = want(collector,
                      (struct wanted){.index = known->published->index,
                                      .position = known->published->position},
                      err);
        }
    }
    return rc;
}

static enum qp_code collect(struct collector *collector, const char *shipment, struct qp_err *err)
{
    size_t number = 0;
    enum qp_code rc = show_event(collector, 0, 0, &number, err);
    rc = rc == QP_OK ? qp_shown_entry(&collector->shown, collector->source->size - 1, &number, err)
                     : rc;
    rc = rc == QP_OK ? meet_rule_sets(collector, err) : rc;
    rc = rc == QP_OK ? meet(collector, QP_STATE_SHIPMENT, shipment, err) : rc;
    while (rc == QP_OK && (collector->task_count > 0 || collector->wanted_count > 0)) {
        rc = run_round(collector, err);
    }
    return rc;
}

enum qp_code qp_closure_collect(const struct qp_trace_source *source, const char *shipment,
                                struct qp_closure *closure, struct qp_err *err)
{
    static const enum qp_state_kind wanted[] = {QP_STATE_SHIPMENT, 0};
    enum qp_state_kind kind = 0;
    *closure = (struct qp_closure){0};
    if (source->size == 0) {
        return qp_fail(err, QP_E_NOT_FOUND, "the ledger has no entry under a checkpoint yet");
    }
    enum qp_code rc = qp_trace_find(source, wanted, shipment, &kind, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct collector collector = {.source = source, .closure = closure};
    qp_arena_init(&closure->arena, 0);
    qp_arena_init(&collector.scratch, 0);
    qp_visited_init(&collector.subjects, &closure->arena);
    qp_shown_init(&collector.shown, source, closure);
    rc = collect(&collector, shipment, err);
    if (rc == QP_OK) {
        qp_shown_sort(closure);
    } else {
        qp_closure_wipe(closure);
    }
    qp_visited_wipe(&collector.subjects);
    qp_shown_wipe(&collector.shown);
    qp_free(collector.tasks);
    qp_free(collector.wanted);
    qp_free(collector.places.list);
    qp_arena_wipe(&collector.scratch);
    return rc;
}

void qp_closure_wipe(struct qp_closure *closure)
{
    qp_free(closure->events);
    qp_free(closure->entries);
    qp_arena_wipe(&closure->arena);
    *closure = (struct qp_closure){0};
}
