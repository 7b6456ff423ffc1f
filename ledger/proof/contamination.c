#include "proof/judge.h"

#include "core/check.h"
#include "rules/graph.h"

#include <stdio.h>
#include <string.h>

/* Of a longer path the middle is left out. */
#define IDS_MAX 64

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to follow what is in the goods");
}

static const char *cause_name(enum qp_cause cause)
{
    static const char *const names[] = {
        "loss",     "unassessed", "unclear",         "unknown_origin",
        "recalled", "voided",     "compromised_key", "refused"};
    QP_ASSERT((size_t)cause < QP_COUNT(names));
    return names[cause];
}

/* ---- Naming sources ---- */

enum qp_code qp_contamination_init(struct qp_contamination *contamination, struct qp_replay *replay,
                                   struct qp_err *err)
{
    *contamination = (struct qp_contamination){.count = 0};
    contamination->causes = qp_arena_alloc_zero(&replay->arena, qp_node_shipment(replay) + 1, 1);
    return contamination->causes != NULL ? QP_OK : no_memory(err);
}

void qp_judge_taint(struct qp_judging *judging, const struct qp_taint *source, const char *format,
                    ...)
{
    struct qp_contamination *all = judging->contamination;
    bool failed = source->result == QP_FAIL;
    struct qp_taint *list = failed ? all->failed : all->not_shown;
    size_t *count = failed ? &all->failed_count : &all->not_shown_count;
    uint8_t bit = (uint8_t)(1U << source->cause);
    if ((all->causes[source->node] & bit) != 0) {
        return;
    }
    all->causes[source->node] |= bit;
    all->count++;
    if (*count == QP_REASONS_MAX) {
        return;
    }
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    list[*count] = *source;
    list[*count].reason = qp_arena_text(&judging->replay->arena, qp_span_text(text));
    if (list[*count].reason == NULL) {
        judging->verdict->out_of_memory = true;
        return;
    }
    (*count)++;
}

/* ---- Nodes ---- */

static size_t node_of(const struct qp_judging *judging, const struct qp_edge *edge)
{
    const struct qp_replay *replay = judging->replay;
    const struct qp_replay_node *found = NULL;
    switch (edge->kind) {
    case QP_STATE_PLOT:
        found = qp_replay_find(replay->plots, replay->plot_count, edge->id);
        return found == NULL ? SIZE_MAX : qp_node_plot((size_t)(found - replay->plots));
    case QP_STATE_LOT:
        found = qp_replay_find(replay->lots, replay->lot_count, edge->id);
        return found == NULL ? SIZE_MAX : qp_node_lot(replay, (size_t)(found - replay->lots));
    case QP_STATE_SHIPMENT:
        return strcmp(edge->id, judging->slice->bundle->shipment) == 0 ? qp_node_shipment(replay)
                                                                       : SIZE_MAX;
    default:
        return SIZE_MAX;
    }
}

static const char *node_kind(const struct qp_replay *replay, size_t node)
{
    return node == qp_node_shipment(replay) ? "shipment"
           : node < replay->plot_count      ? "plot"
                                            : "lot";
}

static const char *node_id(const struct qp_judging *judging, size_t node)
{
    const struct qp_replay *replay = judging->replay;
    return node == qp_node_shipment(replay) ? judging->slice->bundle->shipment
           : node < replay->plot_count      ? replay->plots[node].id
                                            : replay->lots[node - replay->plot_count].id;
}

static bool takes(const struct qp_edge *edge)
{
    return (edge->kind == QP_STATE_LOT && edge->role == QP_EDGE_CONSUMES) ||
           (edge->kind == QP_STATE_PLOT && edge->role == QP_EDGE_USES);
}

/* ---- Sources that lie in the events ---- */

struct reading {
    struct qp_judging *judging;
    size_t at;          /* the event */
    uint8_t *unsound;   /* by node: a lot that is not in the state as it seems, or made of one */
    bool fed;           /* something unsound went into the event, or was there before it */
    bool names_goods;   /* a plot, a lot or a shipment */
    const char *reason; /* of the refusal */
    enum qp_line line;
};

static enum qp_code taint_signed(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    struct reading *reading = context;
    size_t node = node_of(reading->judging, edge);
    (void)err;
    reading->names_goods = reading->names_goods || edge->kind == QP_STATE_PLOT ||
                           edge->kind == QP_STATE_LOT || edge->kind == QP_STATE_SHIPMENT;
    if (node != SIZE_MAX && edge->role != QP_EDGE_CONSUMES && edge->role != QP_EDGE_USES) {
        struct qp_taint source = {.cause = QP_CAUSE_COMPROMISED_KEY,
                                  .node = node,
                                  .line = QP_LINE_AUTHORISED,
                                  .result = QP_FAIL,
                                  .event = reading->at};
        qp_judge_taint(reading->judging, &source, "signed by a key that is in doubt");
    }
    return QP_OK;
}

/* What a thief's key said of a plot or lot is in it and what was made of it. What it said of
 * parties, keys, rules and the like, all goods rest on. */
static enum qp_code read_signed(struct qp_judging *judging, size_t at)
{
    struct reading reading = {.judging = judging, .at = at};
    Qp__Event *event = NULL;
    enum qp_code rc = qp_slice_event(judging->slice, at, &event, judging->err);
    if (rc == QP_OK) {
        rc = qp_event_edges(event, taint_signed, &reading, judging->err);
    }
    if (rc == QP_OK && !reading.names_goods) {
        struct qp_edge whole = {.kind = QP_STATE_SHIPMENT,
                                .id = judging->slice->bundle->shipment,
                                .role = QP_EDGE_CHANGES};
        rc = taint_signed(&reading, &whole, judging->err);
    }
    return rc;
}

static enum qp_code look_for_unsound(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    struct reading *reading = context;
    size_t node = node_of(reading->judging, edge);
    (void)err;
    reading->fed = reading->fed || (node != SIZE_MAX && reading->unsound[node] != 0);
    return QP_OK;
}

/* The lots that an event of the closure makes, or else those that it moves or draws from. */
static bool is_concerned(const struct reading *reading, const struct qp_edge *edge)
{
    bool closure = (reading->judging->replay->marks[reading->at] & QP_MARK_CLOSURE) != 0;
    return closure ? edge->role == QP_EDGE_CREATES
                   : edge->kind == QP_STATE_LOT &&
                         (edge->role == QP_EDGE_CONSUMES || edge->role == QP_EDGE_CHANGES);
}

static enum qp_code pass_unsound(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    struct reading *reading = context;
    size_t node = node_of(reading->judging, edge);
    (void)err;
    if (node == SIZE_MAX || !is_concerned(reading, edge)) {
        return QP_OK;
    }
    reading->unsound[node] = 1;
    if (!reading->fed) {
        struct qp_taint source = {.cause = QP_CAUSE_REFUSED,
                                  .node = node,
                                  .line = reading->line,
                                  .result = QP_FAIL,
                                  .event = reading->at};
        qp_judge_taint(reading->judging, &source, "refused: %s", reading->reason);
    }
    return QP_OK;
}

/* A refusal that follows from another, or from a lot that is not there, is none of its own. */
static enum qp_code read_refused(struct qp_judging *judging, size_t at, uint8_t *unsound)
{
    struct reading reading = {.judging = judging, .at = at, .unsound = unsound};
    const struct qp_rule_code *code = qp_replay_refusal(judging->replay, at);
    bool refused = (judging->replay->marks[at] & QP_MARK_REFUSED) != 0;
    Qp__Event *event = NULL;
    enum qp_code rc = qp_slice_event(judging->slice, at, &event, judging->err);
    if (rc == QP_OK) {
        rc = qp_event_edges(event, look_for_unsound, &reading, judging->err);
    }
    reading.reason = code == NULL ? "it cannot be judged" : code->meaning;
    reading.line = code == NULL ? QP_LINE_AUTHENTIC : code->line;
    bool closure = (judging->replay->marks[at] & QP_MARK_CLOSURE) != 0;
    if (rc == QP_OK && (refused || (closure && reading.fed))) {
        rc = qp_event_edges(event, pass_unsound, &reading, judging->err);
    }
    return rc;
}

static bool handles_lots(Qp__Event__BodyCase body)
{
    return body == QP__EVENT__BODY_LOT_HARVESTED || body == QP__EVENT__BODY_LOT_PROCESSED ||
           body == QP__EVENT__BODY_LOT_TRANSFERRED || body == QP__EVENT__BODY_LOT_RECEIVED ||
           body == QP__EVENT__BODY_SHIPMENT_DISPATCHED;
}

static enum qp_code read_events(struct qp_judging *judging)
{
    const struct qp_replay *replay = judging->replay;
    const uint8_t no_lot =
        1U << QP_CAUSE_UNKNOWN_ORIGIN | 1U << QP_CAUSE_RECALLED | 1U << QP_CAUSE_VOIDED;
    size_t node_count = qp_node_shipment(replay) + 1;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        if ((replay->marks[i] & QP_MARK_COMPROMISED) != 0) {
            rc = read_signed(judging, i);
        }
    }
    if (rc != QP_OK || replay->refused == 0) {
        return rc;
    }
    uint8_t *unsound = qp_arena_alloc_zero(&judging->replay->arena, node_count, 1);
    if (unsound == NULL) {
        return no_memory(judging->err);
    }
    for (size_t i = 0; i < node_count; i++) {
        unsound[i] = (judging->contamination->causes[i] & no_lot) != 0;
    }
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        if (handles_lots(judging->slice->events[i].body) &&
            (replay->marks[i] & (QP_MARK_CLOSURE | QP_MARK_REFUSED)) != 0) {
            rc = read_refused(judging, i, unsound);
        }
    }
    return rc;
}

/* ---- The closure as a graph: nodes, and steps that take some and make others ---- */

struct graph {
    struct qp_judging *judging;
    struct qp_arena arena; /* owns all below, and is gone before the claims are judged */
    size_t node_count;
    size_t step_count;
    size_t *steps;       /* events of the closure, in log order */
    size_t *taker_first; /* by node, and one more: its part of `takers` */
    size_t *takers;      /* steps */
    size_t *made_first;  /* by step, and one more: its part of `made` */
    size_t *made;        /* nodes */
    uint64_t *grams;     /* by node: what of it was shipped */
    uint64_t shipped_grams;
    /* Of one walk: */
    uint8_t *node_met;
    uint8_t *step_met;
    size_t *queue;
    size_t *before; /* by node: the one that it was met from */
};

struct filling {
    struct graph *graph;
    size_t step;
    size_t *taker_next; /* by node; NULL: count, do not fill */
    size_t made_next;
};

static enum qp_code fill_edge(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    struct filling *filling = context;
    struct graph *graph = filling->graph;
    size_t node = node_of(graph->judging, edge);
    (void)err;
    if (node == SIZE_MAX) {
        return QP_OK;
    }
    if (takes(edge)) {
        if (filling->taker_next != NULL) {
            graph->takers[filling->taker_next[node]++] = filling->step;
        } else {
            graph->taker_first[node + 1]++;
        }
    } else if (edge->role == QP_EDGE_CREATES) {
        if (filling->taker_next != NULL) {
            graph->made[filling->made_next] = node;
        }
        filling->made_next++;
    }
    return QP_OK;
}

static enum qp_code fill(struct graph *graph, struct filling *filling)
{
    struct qp_judging *judging = graph->judging;
    enum qp_code rc = QP_OK;
    filling->made_next = 0;
    for (size_t i = 0; rc == QP_OK && i < graph->step_count; i++) {
        Qp__Event *event = NULL;
        rc = qp_slice_event(judging->slice, graph->steps[i], &event, judging->err);
        filling->step = i;
        graph->made_first[i] = filling->made_next;
        if (rc == QP_OK) {
            rc = qp_event_edges(event, fill_edge, filling, judging->err);
        }
    }
    graph->made_first[graph->step_count] = filling->made_next;
    return rc;
}

static size_t *new_numbers(struct graph *graph, size_t count)
{
    return qp_arena_alloc_zero(&graph->arena, count + 1, sizeof(size_t));
}

static enum qp_code make_room(struct graph *graph)
{
    graph->steps = new_numbers(graph, graph->step_count);
    graph->taker_first = new_numbers(graph, graph->node_count);
    graph->made_first = new_numbers(graph, graph->step_count);
    graph->queue = new_numbers(graph, graph->node_count);
    graph->before = new_numbers(graph, graph->node_count);
    graph->grams = qp_arena_alloc_zero(&graph->arena, graph->node_count, sizeof *graph->grams);
    graph->node_met = qp_arena_alloc_zero(&graph->arena, graph->node_count, 1);
    graph->step_met = qp_arena_alloc_zero(&graph->arena, graph->step_count + 1, 1);
    return graph->steps != NULL && graph->taker_first != NULL && graph->made_first != NULL &&
                   graph->queue != NULL && graph->before != NULL && graph->grams != NULL &&
                   graph->node_met != NULL && graph->step_met != NULL
               ? QP_OK
               : no_memory(graph->judging->err);
}

static enum qp_code connect(struct graph *graph)
{
    struct filling filling = {.graph = graph};
    enum qp_code rc = fill(graph, &filling); /* counts */
    if (rc != QP_OK) {
        return rc;
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        graph->taker_first[i + 1] += graph->taker_first[i];
    }
    graph->takers = new_numbers(graph, graph->taker_first[graph->node_count]);
    graph->made = new_numbers(graph, filling.made_next);
    filling.taker_next = new_numbers(graph, graph->node_count);
    if (graph->takers == NULL || graph->made == NULL || filling.taker_next == NULL) {
        return no_memory(graph->judging->err);
    }
    memcpy(filling.taker_next, graph->taker_first, graph->node_count * sizeof(size_t));
    return fill(graph, &filling);
}

/* What was shipped of each lot; of no lot where there is no graph yet. */
static enum qp_code weigh(struct graph *graph)
{
    struct qp_judging *judging = graph->judging;
    Qp__Event *event = NULL;
    enum qp_code rc =
        qp_slice_event(judging->slice, judging->replay->dispatch, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    const Qp__ShipmentDispatched *body = event->shipment_dispatched;
    graph->shipped_grams = qp_judge_shipped_grams(body);
    for (size_t i = 0; graph->grams != NULL && i < body->n_lots; i++) {
        struct qp_edge edge = {.kind = QP_STATE_LOT, .id = body->lots[i]->lot};
        size_t node = node_of(judging, &edge);
        QP_ASSERT(node != SIZE_MAX); /* the closure begins with them */
        graph->grams[node] += body->lots[i]->quantity->grams;
    }
    return QP_OK;
}

static enum qp_code make_graph(struct graph *graph, struct qp_judging *judging)
{
    const struct qp_replay *replay = judging->replay;
    graph->node_count = qp_node_shipment(replay) + 1;
    for (size_t i = 0; i < judging->slice->event_count; i++) {
        graph->step_count += (replay->marks[i] & QP_MARK_CLOSURE) != 0;
    }
    enum qp_code rc = make_room(graph);
    for (size_t i = 0, step = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        if ((replay->marks[i] & QP_MARK_CLOSURE) != 0) {
            graph->steps[step++] = i;
        }
    }
    if (rc == QP_OK) {
        rc = weigh(graph);
    }
    return rc == QP_OK ? connect(graph) : rc;
}

/* ---- Walks ---- */

static void begin_walk(struct graph *graph)
{
    memset(graph->node_met, 0, graph->node_count);
    memset(graph->step_met, 0, graph->step_count);
}

static void meet(struct graph *graph, size_t node, size_t before, size_t *count)
{
    if (!graph->node_met[node]) {
        graph->node_met[node] = 1;
        graph->before[node] = before;
        graph->queue[(*count)++] = node;
    }
}

/* From the first `count` of the queue to all that was made of them; breadth first, so that each is
 * met by a shortest path. Each node and step counts once: the time is that of the bundle. */
static void walk(struct graph *graph, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t node = graph->queue[i];
        for (size_t k = graph->taker_first[node]; k < graph->taker_first[node + 1]; k++) {
            size_t step = graph->takers[k];
            if (graph->step_met[step]) {
                continue;
            }
            graph->step_met[step] = 1;
            for (size_t m = graph->made_first[step]; m < graph->made_first[step + 1]; m++) {
                meet(graph, graph->made[m], node, &count);
            }
        }
    }
}

/* Of the shipped lots that were met, each wholly; of all where the shipment itself is the source.
 */
static uint64_t touched_grams(const struct graph *graph, bool whole)
{
    uint64_t grams = 0;
    for (size_t i = 0; !whole && i < graph->node_count; i++) {
        grams += graph->node_met[i] ? graph->grams[i] : 0;
    }
    return whole ? graph->shipped_grams : grams;
}

static uint64_t touched_by_all(struct graph *graph)
{
    const uint8_t *causes = graph->judging->contamination->causes;
    size_t count = 0;
    begin_walk(graph);
    for (size_t i = 0; i < graph->node_count; i++) {
        if (causes[i] != 0) {
            meet(graph, i, i, &count);
        }
    }
    walk(graph, count);
    return touched_grams(graph, causes[graph->node_count - 1] != 0);
}

/* ---- As JSON ---- */

/* The ids from the source to the shipment; *left_out of the middle. The queue is free again. */
static json_t *list_path(struct graph *graph, size_t source, size_t *left_out)
{
    json_t *path = json_array();
    size_t *nodes = graph->queue;
    size_t count = 0;
    size_t node = graph->node_met[graph->node_count - 1] ? graph->node_count - 1 : source;
    nodes[count++] = node;
    while (node != source) { /* no node is met twice: it ends */
        node = graph->before[node];
        nodes[count++] = node;
    }
    *left_out = count > IDS_MAX ? count - IDS_MAX : 0;
    for (size_t i = 0; path != NULL && i < count; i++) {
        if (i >= IDS_MAX / 2 && i < IDS_MAX / 2 + *left_out) {
            continue;
        }
        json_t *id = json_string(node_id(graph->judging, nodes[count - 1 - i]));
        if (json_array_append_new(path, id) != 0) {
            json_decref(path);
            path = NULL;
        }
    }
    return path;
}

/* The entry by which it is known, or else the first that took of it. */
static size_t source_event(const struct graph *graph, const struct qp_taint *source)
{
    size_t first = graph->taker_first[source->node];
    return source->event != SIZE_MAX                      ? source->event
           : first < graph->taker_first[source->node + 1] ? graph->steps[graph->takers[first]]
                                                          : graph->judging->replay->dispatch;
}

static json_t *source_to_json(struct graph *graph, const struct qp_taint *source)
{
    const struct qp_slice *slice = graph->judging->slice;
    bool whole = source->node == graph->node_count - 1;
    size_t left_out = 0;
    size_t count = 0;
    begin_walk(graph);
    meet(graph, source->node, source->node, &count);
    walk(graph, count);
    uint64_t grams = touched_grams(graph, whole);
    json_t *path = list_path(graph, source->node, &left_out);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:I, s:I}", "cause", cause_name(source->cause),
        "kind", node_kind(graph->judging->replay, source->node), "id",
        node_id(graph->judging, source->node), "reason", source->reason, "line",
        qp_line_name(source->line), "result", qp_result_name(source->result), "entry",
        (json_int_t)slice->entries[slice->events[source_event(graph, source)].entry].index, "path",
        path, "left_out", (json_int_t)left_out, "grams", (json_int_t)grams);
}

static json_t *list_sources(struct graph *graph)
{
    const struct qp_contamination *all = graph->judging->contamination;
    json_t *list = json_array();
    for (size_t i = 0;
         list != NULL && i < all->failed_count + all->not_shown_count && i < QP_REASONS_MAX; i++) {
        const struct qp_taint *source =
            i < all->failed_count ? &all->failed[i] : &all->not_shown[i - all->failed_count];
        if (json_array_append_new(list, source_to_json(graph, source)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

enum qp_code qp_judge_contamination(struct qp_judging *judging)
{
    struct qp_contamination *all = judging->contamination;
    struct graph graph = {.judging = judging};
    json_t *sources = NULL;
    uint64_t touched = 0;
    if (judging->replay->dispatch == SIZE_MAX) { /* no goods, and no lot that could have it */
        return QP_OK;
    }
    enum qp_code rc = read_events(judging);
    if (rc == QP_OK && all->count == 0) {
        sources = json_array();
        rc = weigh(&graph);
    } else if (rc == QP_OK) {
        rc = make_graph(&graph, judging);
    }
    if (rc == QP_OK && all->count > 0) {
        touched = touched_by_all(&graph);
        sources = list_sources(&graph);
    }
    qp_arena_wipe(&graph.arena);
    if (rc != QP_OK) {
        json_decref(sources);
        return rc;
    }
    size_t told = json_array_size(sources);
    qp_verdict_fact(judging->verdict, "contamination",
                    json_pack("{s:o, s:I, s:I, s:I}", "sources", sources, "more",
                              (json_int_t)(all->count - told), "touched_grams", (json_int_t)touched,
                              "shipped_grams", (json_int_t)graph.shipped_grams));
    return QP_OK;
}
