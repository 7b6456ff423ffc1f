/* The lot graph, depth first. What is still to be shown stands on a stack, so that no depth of the
 * graph is too deep. */
#include "trace/source.h"

#include "core/check.h"
#include "rules/rules.h"
#include "trace/visited.h"

#include <string.h>

/* One branch that is still to be shown. */
struct branch {
    enum qp_state_kind kind;
    const char *id;     /* in the arena */
    const char *parent; /* in the arena, or "" */
    unsigned depth;
    bool last;
    Qp__Event__BodyCase body;
    Qp__EventPlace place;
    uint64_t occurred_ms;
    uint64_t drawn_grams;
};

struct branches {
    struct branch *list; /* free with qp_free */
    size_t count;
    size_t room;
};

struct walker {
    const struct qp_trace_source *source;
    const struct qp_trace_sink *sink;
    enum qp_trace_direction direction;
    struct qp_visited visited;
    struct qp_arena arena; /* ids and the set of them */
    struct branches stack;
    struct branches children; /* of the one shown last, in order */
    struct qp_places places;
    struct qp_arena record;  /* state of the one shown last */
    struct qp_arena scratch; /* one event */
    struct qp_buf bytes;
};

/* What the state has on the one that is shown. */
struct subject {
    const Qp__EventPlace *made;
    const char *party;
    const char *status;
    char form[40];
    uint64_t grams;
    uint64_t left_grams;
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to walk the graph");
}

static enum qp_code add_branch(struct branches *branches, const struct branch *branch,
                               struct qp_err *err)
{
    if (branches->count == branches->room) {
        size_t room = branches->room == 0 ? 64 : 2 * branches->room;
        struct branch *grown = qp_realloc(branches->list, room * sizeof *grown);
        if (grown == NULL) {
            return no_memory(err);
        }
        branches->list = grown;
        branches->room = room;
    }
    branches->list[branches->count++] = *branch;
    return QP_OK;
}

/* ---- State ---- */

static const char *lot_status(Qp__LotStatus status)
{
    switch (status) {
    case QP__LOT_STATUS__LOT_STATUS_HANDED:
        return "handed";
    case QP__LOT_STATUS__LOT_STATUS_RECALLED:
        return "recalled";
    case QP__LOT_STATUS__LOT_STATUS_VOIDED:
        return "voided";
    default:
        return "held";
    }
}

static void describe_lot(const Qp__LotState *lot, struct subject *subject)
{
    subject->made = lot->created;
    subject->party = lot->holder;
    subject->status = lot_status(lot->status);
    subject->grams = lot->made->grams;
    subject->left_grams = lot->balance == NULL ? 0 : lot->balance->grams;
    qp_enum_name(subject->form, &qp__form__descriptor, (int)lot->form);
}

static void describe_plot(const Qp__PlotState *plot, struct subject *subject)
{
    subject->made = plot->registered;
    subject->party = plot->party;
    subject->status = plot->withdrawn != NULL ? "withdrawn" : "registered";
}

static void describe_shipment(const Qp__ShipmentState *shipment, struct subject *subject)
{
    subject->made = shipment->dispatched;
    subject->party = shipment->exporter;
    subject->status = shipment->received != NULL ? "received" : "dispatched";
    subject->grams = shipment->quantity->grams;
}

static enum qp_code read_subject(struct walker *walker, const struct branch *branch,
                                 struct subject *subject, struct qp_err *err)
{
    struct qp_state state = walker->source->state;
    struct qp_state_key key = qp_state_key_text(branch->kind, branch->id);
    const struct qp_message_rule *rule = branch->kind == QP_STATE_LOT    ? &qp_rule_lot_state
                                         : branch->kind == QP_STATE_PLOT ? &qp_rule_plot_state
                                                                         : &qp_rule_shipment_state;
    void *record = NULL;
    *subject = (struct subject){.party = ""};
    qp_arena_reset(&walker->record);
    enum qp_code rc = qp_state_read(&state, &key, rule, &walker->record, &record, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (record == NULL) {
        return qp_fail(err, QP_E_STORE, "the ledger's state lacks %s %s; run quipu audit --rebuild",
                       qp_trace_kind_name(branch->kind), branch->id);
    }
    if (branch->kind == QP_STATE_LOT) {
        describe_lot(record, subject);
    } else if (branch->kind == QP_STATE_PLOT) {
        describe_plot(record, subject);
    } else {
        describe_shipment(record, subject);
    }
    return QP_OK;
}

static enum qp_code read_event(struct walker *walker, const Qp__EventPlace *place,
                               Qp__Event **event, struct qp_err *err)
{
    const struct qp_trace_source *source = walker->source;
    QP_ASSERT(place != NULL); /* the decoder requires it of every record */
    walker->bytes.len = 0;
    qp_arena_reset(&walker->scratch);
    enum qp_code rc =
        source->event(source->context, place->index, place->position, &walker->bytes, err);
    if (rc == QP_OK) {
        rc = qp_event_decode(qp_span_buf(&walker->bytes), &walker->scratch, event, err);
    }
    if (rc == QP_E_NOT_FOUND || rc == QP_E_INPUT) {
        return qp_fail(err, QP_E_STORE, "event %u of entry %llu cannot be read; run quipu audit",
                       place->position, (unsigned long long)place->index);
    }
    return rc;
}

/* ---- Branches ---- */

/* A child by the event that the walker has read. */
static enum qp_code add_child(struct walker *walker, const struct branch *like, const char *id,
                              struct qp_err *err)
{
    struct branch child = *like;
    child.id = qp_arena_text(&walker->arena, qp_span_text(id));
    return child.id == NULL ? no_memory(err) : add_branch(&walker->children, &child, err);
}

/* What a lot or shipment was made of. */
static enum qp_code branch_up(struct walker *walker, const Qp__Event *event, struct branch *like,
                              struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    like->kind = QP_STATE_LOT;
    if (event->body_case == QP__EVENT__BODY_LOT_HARVESTED) {
        const Qp__LotHarvested *body = event->lot_harvested;
        like->kind = QP_STATE_PLOT;
        for (size_t i = 0; rc == QP_OK && i < body->n_origins; i++) {
            like->drawn_grams = body->origins[i]->grams;
            rc = add_child(walker, like, body->origins[i]->plot, err);
        }
    } else if (event->body_case == QP__EVENT__BODY_LOT_PROCESSED) {
        const Qp__LotProcessed *body = event->lot_processed;
        for (size_t i = 0; rc == QP_OK && i < body->n_inputs; i++) {
            like->drawn_grams = body->inputs[i]->quantity->grams;
            rc = add_child(walker, like, body->inputs[i]->lot, err);
        }
    } else if (event->body_case == QP__EVENT__BODY_SHIPMENT_DISPATCHED) {
        const Qp__ShipmentDispatched *body = event->shipment_dispatched;
        for (size_t i = 0; rc == QP_OK && i < body->n_lots; i++) {
            like->drawn_grams = body->lots[i]->quantity->grams;
            rc = add_child(walker, like, body->lots[i]->lot, err);
        }
    }
    return rc;
}

/* What one event made of a plot or lot. Its parts in the event add up, if it is named twice. */
static enum qp_code branch_down(struct walker *walker, const Qp__Event *event, const char *id,
                                struct branch *like, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    like->kind = QP_STATE_LOT;
    like->drawn_grams = 0;
    if (event->body_case == QP__EVENT__BODY_LOT_HARVESTED) {
        const Qp__LotHarvested *body = event->lot_harvested;
        for (size_t i = 0; i < body->n_origins; i++) {
            bool same = strcmp(body->origins[i]->plot, id) == 0;
            like->drawn_grams += same ? body->origins[i]->grams : 0;
        }
        return add_child(walker, like, body->lot, err);
    }
    if (event->body_case == QP__EVENT__BODY_LOT_PROCESSED) {
        const Qp__LotProcessed *body = event->lot_processed;
        for (size_t i = 0; i < body->n_inputs; i++) {
            bool same = strcmp(body->inputs[i]->lot, id) == 0;
            like->drawn_grams += same ? body->inputs[i]->quantity->grams : 0;
        }
        for (size_t i = 0; rc == QP_OK && i < body->n_outputs; i++) {
            rc = add_child(walker, like, body->outputs[i]->lot, err);
        }
        return rc;
    }
    const Qp__ShipmentDispatched *body = event->shipment_dispatched;
    for (size_t i = 0; i < body->n_lots; i++) {
        bool same = strcmp(body->lots[i]->lot, id) == 0;
        like->drawn_grams += same ? body->lots[i]->quantity->grams : 0;
    }
    like->kind = QP_STATE_SHIPMENT;
    return add_child(walker, like, body->shipment, err);
}

static bool leads_down(const struct qp_edge_place *place)
{
    return (place->role == QP_EDGE_USES && place->body == QP__EVENT__BODY_LOT_HARVESTED) ||
           (place->role == QP_EDGE_CONSUMES &&
            (place->body == QP__EVENT__BODY_LOT_PROCESSED ||
             place->body == QP__EVENT__BODY_SHIPMENT_DISPATCHED));
}

static void take_event(struct branch *like, const Qp__Event *event, const Qp__EventPlace *place)
{
    QP_ASSERT(event != NULL && place != NULL);
    like->body = event->body_case;
    like->place = *place;
    like->occurred_ms = event->occurred_ms;
}

static enum qp_code expand_down(struct walker *walker, const struct branch *branch,
                                struct branch *like, struct qp_err *err)
{
    enum qp_code rc =
        branch->kind == QP_STATE_SHIPMENT
            ? QP_OK
            : qp_places_read(walker->source, branch->kind, branch->id, &walker->places, err);
    size_t count = branch->kind == QP_STATE_SHIPMENT ? 0 : walker->places.count;
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        const struct qp_edge_place *at = &walker->places.list[i];
        Qp__Event *event = NULL;
        Qp__EventPlace place = QP__EVENT_PLACE__INIT;
        place.index = at->index;
        place.position = at->position;
        if (!leads_down(at)) {
            continue;
        }
        rc = read_event(walker, &place, &event, err);
        if (rc == QP_OK) {
            take_event(like, event, &place);
            rc = branch_down(walker, event, branch->id, like, err);
        }
    }
    return rc;
}

static enum qp_code expand_up(struct walker *walker, const struct branch *branch,
                              const struct subject *subject, struct branch *like,
                              struct qp_err *err)
{
    Qp__Event *event = NULL;
    if (branch->kind == QP_STATE_PLOT) {
        return QP_OK;
    }
    enum qp_code rc = read_event(walker, subject->made, &event, err);
    if (rc == QP_OK) {
        take_event(like, event, subject->made);
        rc = branch_up(walker, event, like, err);
    }
    return rc;
}

/* Put the children on the stack, the first on top. */
static enum qp_code expand(struct walker *walker, const struct branch *branch,
                           const struct subject *subject, struct qp_err *err)
{
    struct branch like = {.parent = branch->id, .depth = branch->depth + 1};
    walker->children.count = 0;
    enum qp_code rc = walker->direction == QP_TRACE_UPSTREAM
                          ? expand_up(walker, branch, subject, &like, err)
                          : expand_down(walker, branch, &like, err);
    size_t count = walker->children.count;
    for (size_t i = count; rc == QP_OK && i-- > 0;) {
        walker->children.list[i].last = i + 1 == count;
        rc = add_branch(&walker->stack, &walker->children.list[i], err);
    }
    return rc;
}

/* ---- The walk ---- */

static enum qp_code show(struct walker *walker, const struct branch *branch,
                         const struct subject *subject, bool seen, struct qp_err *err)
{
    struct qp_trace_step step = {.depth = branch->depth,
                                 .last = branch->last,
                                 .seen = seen,
                                 .kind = qp_trace_kind_name(branch->kind),
                                 .id = branch->id,
                                 .parent = branch->parent,
                                 .event = qp_event_name(branch->body),
                                 .index = branch->place.index,
                                 .position = branch->place.position,
                                 .occurred_ms = branch->occurred_ms,
                                 .drawn_grams = branch->drawn_grams,
                                 .form = subject->form,
                                 .grams = subject->grams,
                                 .left_grams = subject->left_grams,
                                 .party = subject->party,
                                 .status = subject->status};
    return walker->sink->step(walker->sink->context, &step, err);
}

static enum qp_code visit(struct walker *walker, struct branch *branch, struct qp_err *err)
{
    struct qp_state_key key = qp_state_key_text(branch->kind, branch->id);
    struct subject subject;
    size_t number = 0;
    bool fresh = false;
    enum qp_code rc =
        qp_visited_add(&walker->visited, qp_state_key_span(&key), &number, &fresh, err);
    rc = rc == QP_OK ? read_subject(walker, branch, &subject, err) : rc;
    if (rc == QP_OK && branch->depth == 0) {
        Qp__Event *event = NULL;
        rc = read_event(walker, subject.made, &event, err);
        if (rc == QP_OK) {
            take_event(branch, event, subject.made);
        }
    }
    rc = rc == QP_OK ? show(walker, branch, &subject, !fresh, err) : rc;
    return rc == QP_OK && fresh ? expand(walker, branch, &subject, err) : rc;
}

enum qp_code qp_trace_walk_source(const struct qp_trace_source *source, const char *id,
                                  enum qp_trace_direction direction,
                                  const struct qp_trace_sink *sink, struct qp_err *err)
{
    static const enum qp_state_kind wanted[] = {QP_STATE_LOT, QP_STATE_SHIPMENT, QP_STATE_PLOT, 0};
    struct branch root = {.id = id, .parent = "", .last = true};
    enum qp_code rc = qp_trace_find(source, wanted, id, &root.kind, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct walker walker = {.source = source, .sink = sink, .direction = direction};
    qp_arena_init(&walker.arena, 0);
    qp_arena_init(&walker.record, 0);
    qp_arena_init(&walker.scratch, 0);
    qp_visited_init(&walker.visited, &walker.arena);
    rc = add_branch(&walker.stack, &root, err);
    while (rc == QP_OK && walker.stack.count > 0) {
        struct branch branch = walker.stack.list[--walker.stack.count];
        rc = visit(&walker, &branch, err);
    }
    qp_visited_wipe(&walker.visited);
    qp_free(walker.stack.list);
    qp_free(walker.children.list);
    qp_free(walker.places.list);
    qp_buf_wipe(&walker.bytes);
    qp_arena_wipe(&walker.arena);
    qp_arena_wipe(&walker.record);
    qp_arena_wipe(&walker.scratch);
    return rc;
}
