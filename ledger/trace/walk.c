/* The lot graph, depth first. What is still to be shown stands on a stack, so that no depth of the
 * graph is too deep. */
#include "trace/source.h"

#include "core/check.h"
#include "rules/rules.h"
#include "trace/link.h"
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
    uint64_t index; /* of the event that connects it, or that made it */
    uint32_t position;
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
    struct qp_arena record; /* state of the one shown last */
    struct qp_links links;
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

static void describe_lot(const Qp__LotState *lot, struct subject *subject)
{
    subject->made = lot->created;
    subject->party = lot->holder;
    subject->status = qp_lot_status_name(lot->status);
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

/* ---- Branches ---- */

struct branching {
    struct walker *walker;
    struct branch like; /* what the branches of one event have in common */
};

static enum qp_code add_child(void *context, const struct qp_link *link, struct qp_err *err)
{
    struct branching *branching = context;
    struct branch child = branching->like;
    child.kind = link->kind;
    child.drawn_grams = link->drawn_grams;
    child.id = qp_arena_text(&branching->walker->arena, qp_span_text(link->id));
    return child.id == NULL ? no_memory(err)
                            : add_branch(&branching->walker->children, &child, err);
}

static void take_event(struct branch *like, const Qp__Event *event, uint64_t index,
                       uint32_t position)
{
    like->body = event->body_case;
    like->index = index;
    like->position = position;
    like->occurred_ms = event->occurred_ms;
}

/* The event that made a thing. */
static enum qp_code take_made(struct walker *walker, const struct subject *subject,
                              struct branch *like, const Qp__Event **event, struct qp_err *err)
{
    const Qp__EventPlace *made = subject->made;
    QP_ASSERT(made != NULL); /* the decoder requires it of every record */
    enum qp_code rc = qp_links_event(&walker->links, made->index, made->position, event, err);
    if (rc == QP_OK) {
        take_event(like, *event, made->index, made->position);
    }
    return rc;
}

static enum qp_code expand_down(struct branching *branching, const struct branch *branch,
                                struct qp_err *err)
{
    struct walker *walker = branching->walker;
    enum qp_code rc =
        branch->kind == QP_STATE_SHIPMENT
            ? QP_OK
            : qp_places_read(walker->source, branch->kind, branch->id, &walker->places, err);
    size_t count = branch->kind == QP_STATE_SHIPMENT ? 0 : walker->places.count;
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        const struct qp_edge_place *at = &walker->places.list[i];
        const Qp__Event *event = NULL;
        if (!qp_link_leads_down(at)) {
            continue;
        }
        rc = qp_links_event(&walker->links, at->index, at->position, &event, err);
        if (rc == QP_OK) {
            take_event(&branching->like, event, at->index, at->position);
            rc = qp_link_down(event, branch->id, add_child, branching, err);
        }
    }
    return rc;
}

static enum qp_code expand_up(struct branching *branching, const struct branch *branch,
                              const struct subject *subject, struct qp_err *err)
{
    const Qp__Event *event = NULL;
    if (branch->kind == QP_STATE_PLOT) {
        return QP_OK;
    }
    enum qp_code rc = take_made(branching->walker, subject, &branching->like, &event, err);
    return rc == QP_OK ? qp_link_up(event, add_child, branching, err) : rc;
}

/* Put the children on the stack, the first on top. */
static enum qp_code expand(struct walker *walker, const struct branch *branch,
                           const struct subject *subject, struct qp_err *err)
{
    struct branching branching = {.walker = walker,
                                  .like = {.parent = branch->id, .depth = branch->depth + 1}};
    walker->children.count = 0;
    enum qp_code rc = walker->direction == QP_TRACE_UPSTREAM
                          ? expand_up(&branching, branch, subject, err)
                          : expand_down(&branching, branch, err);
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
                                 .index = branch->index,
                                 .position = branch->position,
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
        const Qp__Event *event = NULL;
        rc = take_made(walker, &subject, branch, &event, err);
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
    qp_links_init(&walker.links, source);
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
    qp_links_wipe(&walker.links);
    qp_arena_wipe(&walker.arena);
    qp_arena_wipe(&walker.record);
    return rc;
}
