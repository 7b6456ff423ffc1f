#include "proof/replay.h"

#include "core/check.h"
#include "core/time.h"
#include "rules/graph.h"

#include <quipu/geo.h>

#include <stdlib.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to replay the bundle");
}

/* ---- Which event made which lot ---- */

struct makers {
    struct qp_replay_node *nodes; /* ascending by id */
    size_t count;
    size_t room;
    struct qp_arena *arena;
    size_t event;
};

static enum qp_code add_maker(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    struct makers *makers = context;
    if (edge->kind != QP_STATE_LOT || edge->role != QP_EDGE_CREATES) {
        return QP_OK;
    }
    if (makers->count == makers->room) {
        size_t room = makers->room == 0 ? 256 : 2 * makers->room;
        struct qp_replay_node *longer = qp_arena_alloc(makers->arena, room * sizeof *longer);
        if (longer == NULL) {
            return no_memory(err);
        }
        if (makers->count > 0) {
            memcpy(longer, makers->nodes, makers->count * sizeof *longer);
        }
        makers->nodes = longer;
        makers->room = room;
    }
    const char *id = qp_arena_text(makers->arena, qp_span_text(edge->id));
    if (id == NULL) {
        return no_memory(err);
    }
    makers->nodes[makers->count++] = (struct qp_replay_node){.id = id, .event = makers->event};
    return QP_OK;
}

static int compare_nodes(const void *a, const void *b)
{
    const struct qp_replay_node *one = a;
    const struct qp_replay_node *two = b;
    int order = strcmp(one->id, two->id);
    return order != 0 ? order : (one->event > two->event) - (one->event < two->event);
}

struct qp_replay_node *qp_replay_find(struct qp_replay_node *nodes, size_t count, const char *id)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(nodes[middle].id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && strcmp(nodes[low].id, id) == 0 ? &nodes[low] : NULL;
}

static enum qp_code find_makers(struct qp_replay *replay, struct makers *makers, struct qp_err *err)
{
    for (size_t i = 0; i < replay->slice->event_count; i++) {
        const struct qp_slice_event *at = &replay->slice->events[i];
        Qp__Event *event = NULL;
        if (at->body != QP__EVENT__BODY_LOT_HARVESTED &&
            at->body != QP__EVENT__BODY_LOT_PROCESSED) {
            continue;
        }
        enum qp_code rc = qp_slice_event(replay->slice, i, &event, err);
        makers->event = i;
        if (rc == QP_OK) {
            rc = qp_event_edges(event, add_maker, makers, err);
        }
        if (rc != QP_OK) {
            return rc;
        }
    }
    if (makers->count > 0) {
        qsort(makers->nodes, makers->count, sizeof *makers->nodes, compare_nodes);
    }
    return QP_OK;
}

/* ---- The closure ---- */

struct closure {
    struct qp_replay *replay;
    struct makers *makers;
    struct qp_state_map *seen; /* lots and plots met so far */
    struct qp_replay_node *lots;
    size_t lot_count;
    size_t lot_room;
    struct qp_replay_node *plots;
    size_t plot_count;
    size_t plot_room;
};

static enum qp_code push(struct qp_arena *arena, struct qp_replay_node **list, size_t *count,
                         size_t *room, struct qp_replay_node node, struct qp_err *err)
{
    if (*count == *room) {
        size_t more = *room == 0 ? 64 : 2 * *room;
        struct qp_replay_node *longer = qp_arena_alloc(arena, more * sizeof *longer);
        if (longer == NULL) {
            return no_memory(err);
        }
        if (*count > 0) {
            memcpy(longer, *list, *count * sizeof *longer);
        }
        *list = longer;
        *room = more;
    }
    (*list)[(*count)++] = node;
    return QP_OK;
}

static enum qp_code meet(struct closure *closure, enum qp_state_kind kind, const char *id,
                         struct qp_err *err)
{
    struct qp_state seen = qp_state_map_state(closure->seen);
    struct qp_state_key key = qp_state_key_text(kind, id);
    struct qp_span record = {0};
    struct qp_arena *arena = &closure->replay->arena;
    enum qp_code rc = seen.get(seen.context, qp_state_key_span(&key), &record, err);
    if (rc != QP_OK || record.len > 0) {
        return rc;
    }
    rc = seen.put(seen.context, qp_state_key_span(&key), qp_span_text("x"), err);
    const char *copy = rc == QP_OK ? qp_arena_text(arena, qp_span_text(id)) : NULL;
    if (rc == QP_OK && copy == NULL) {
        rc = no_memory(err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (kind == QP_STATE_PLOT) {
        struct qp_replay_node node = {.id = copy, .event = SIZE_MAX};
        return push(arena, &closure->plots, &closure->plot_count, &closure->plot_room, node, err);
    }
    const struct qp_replay_node *maker =
        qp_replay_find(closure->makers->nodes, closure->makers->count, id);
    struct qp_replay_node node = {.id = copy, .event = maker == NULL ? SIZE_MAX : maker->event};
    return push(arena, &closure->lots, &closure->lot_count, &closure->lot_room, node, err);
}

static enum qp_code meet_edge(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    bool up = (edge->kind == QP_STATE_LOT && edge->role == QP_EDGE_CONSUMES) ||
              (edge->kind == QP_STATE_PLOT && edge->role == QP_EDGE_USES);
    return up ? meet(context, edge->kind, edge->id, err) : QP_OK;
}

static enum qp_code expand(struct closure *closure, size_t at, struct qp_err *err)
{
    struct qp_replay *replay = closure->replay;
    if ((replay->marks[at] & QP_MARK_CLOSURE) != 0) {
        return QP_OK;
    }
    replay->marks[at] |= QP_MARK_CLOSURE;
    Qp__Event *event = NULL;
    enum qp_code rc = qp_slice_event(replay->slice, at, &event, err);
    if (rc == QP_OK && event->body_case == QP__EVENT__BODY_LOT_HARVESTED) {
        uint64_t grams = event->lot_harvested->quantity->grams; /* at most 1e15 */
        uint64_t room = (uint64_t)QP_NUMBER_MAX - replay->harvested_grams;
        replay->harvested_grams += grams < room ? grams : room;
    }
    return rc == QP_OK ? qp_event_edges(event, meet_edge, closure, err) : rc;
}

/* The shipment's dispatch. A second one under its id is none of another shipment: it is judged with
 * the first, and refused. */
static enum qp_code expand_dispatches(struct closure *closure, struct qp_err *err)
{
    struct qp_replay *replay = closure->replay;
    enum qp_code rc = QP_OK;
    replay->dispatch = SIZE_MAX;
    for (size_t i = 0; rc == QP_OK && i < replay->slice->event_count; i++) {
        Qp__Event *event = NULL;
        if (replay->slice->events[i].body != QP__EVENT__BODY_SHIPMENT_DISPATCHED) {
            continue;
        }
        rc = qp_slice_event(replay->slice, i, &event, err);
        if (rc == QP_OK &&
            strcmp(event->shipment_dispatched->shipment, replay->slice->bundle->shipment) == 0) {
            replay->dispatch = replay->dispatch == SIZE_MAX ? i : replay->dispatch;
            rc = expand(closure, i, err);
        }
    }
    return rc;
}

/* Every event that makes the lot: where two claim it, none of them may pass for one that went
 * elsewhere. */
static enum qp_code expand_makers(struct closure *closure, const char *id, struct qp_err *err)
{
    const struct makers *makers = closure->makers;
    const struct qp_replay_node *maker = qp_replay_find(makers->nodes, makers->count, id);
    /* A bundle may make no lot at all; then there are no nodes to be at the end of. */
    const struct qp_replay_node *end = maker != NULL ? makers->nodes + makers->count : NULL;
    enum qp_code rc = QP_OK;
    for (; rc == QP_OK && maker != NULL && maker < end && strcmp(maker->id, id) == 0; maker++) {
        rc = expand(closure, maker->event, err);
    }
    return rc;
}

static enum qp_code close_over(struct qp_replay *replay, struct qp_err *err)
{
    struct qp_arena passing; /* as large as the closure itself, and done with after it */
    struct makers makers = {.arena = &passing};
    struct closure closure = {.replay = replay, .makers = &makers};
    qp_arena_init(&passing, 0);
    enum qp_code rc = find_makers(replay, &makers, err);
    if (rc == QP_OK) {
        rc = qp_state_map_new(NULL, &closure.seen, err);
    }
    if (rc == QP_OK) {
        rc = expand_dispatches(&closure, err);
    }
    /* The list grows while it is walked: a breadth-first search without recursion. */
    for (size_t i = 0; rc == QP_OK && i < closure.lot_count; i++) {
        rc = expand_makers(&closure, closure.lots[i].id, err);
    }
    qp_state_map_free(closure.seen);
    qp_arena_wipe(&passing);
    if (rc != QP_OK) {
        return rc;
    }
    replay->lots = closure.lots;
    replay->lot_count = closure.lot_count;
    replay->plots = closure.plots;
    replay->plot_count = closure.plot_count;
    if (replay->lot_count > 0) {
        qsort(replay->lots, replay->lot_count, sizeof *replay->lots, compare_nodes);
    }
    if (replay->plot_count > 0) {
        qsort(replay->plots, replay->plot_count, sizeof *replay->plots, compare_nodes);
    }
    return QP_OK;
}

/* ---- Replay ---- */

static enum qp_code below_get(void *context, struct qp_span key, struct qp_span *record,
                              struct qp_err *err)
{
    (void)context;
    (void)key;
    (void)err;
    *record = (struct qp_span){0};
    return QP_OK;
}

static enum qp_code below_put(void *context, struct qp_span key, struct qp_span record,
                              struct qp_err *err)
{
    (void)context;
    (void)key;
    (void)record;
    return qp_fail(err, QP_E_USAGE, "the state below a slice is not written");
}

static enum qp_code below_event(void *context, const Qp__EventReference *reference,
                                struct qp_span *event, Qp__EventPlace *place, struct qp_err *err)
{
    struct qp_replay *replay = context;
    size_t at = qp_slice_find_event(replay->slice, reference);
    if (at == SIZE_MAX) {
        return qp_fail(err, QP_E_NOT_FOUND, "the event that is referred to is not in the bundle");
    }
    const struct qp_slice_event *found = &replay->slice->events[at];
    *event = found->bytes;
    place->index = replay->slice->entries[found->entry].index;
    place->position = found->position;
    return QP_OK;
}

/* A draw from a lot of the closure before it was made would be given back by its voiding. */
static enum qp_code draw_one(struct qp_replay *replay, const struct qp_rule_context *context,
                             const Qp__Event *event, const char *lot, const Qp__Quantity *quantity,
                             struct qp_arena *scratch, struct qp_err *err)
{
    struct qp_state_key at = qp_state_key_text(QP_STATE_LOT, lot);
    struct qp_span record = {0};
    enum qp_code rc =
        replay->state.get(replay->state.context, qp_state_key_span(&at), &record, err);
    if (rc == QP_OK && record.len == 0 &&
        qp_replay_find(replay->lots, replay->lot_count, lot) != NULL) {
        rc = qp_refuse(err, "QP-LOT-UNKNOWN", "lot %s is drawn from before it was made", lot);
    }
    return rc == QP_OK ? qp_rules_draw(context, event, lot, quantity, &replay->state, scratch, err)
                       : rc;
}

/* Take over what a side event draws from the lots of the closure. */
static enum qp_code draw_aside(struct qp_replay *replay, const struct qp_rule_context *context,
                               const Qp__Event *event, struct qp_arena *scratch, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    if (event->body_case == QP__EVENT__BODY_LOT_PROCESSED) {
        const Qp__LotProcessed *body = event->lot_processed;
        for (size_t i = 0; rc == QP_OK && i < body->n_inputs; i++) {
            rc = draw_one(replay, context, event, body->inputs[i]->lot, body->inputs[i]->quantity,
                          scratch, err);
        }
        return rc;
    }
    const Qp__ShipmentDispatched *body = event->shipment_dispatched;
    for (size_t i = 0; rc == QP_OK && i < body->n_lots; i++) {
        rc = draw_one(replay, context, event, body->lots[i]->lot, body->lots[i]->quantity, scratch,
                      err);
    }
    return rc;
}

static bool is_side(const struct qp_replay *replay, size_t at)
{
    Qp__Event__BodyCase body = replay->slice->events[at].body;
    return (body == QP__EVENT__BODY_LOT_PROCESSED || body == QP__EVENT__BODY_SHIPMENT_DISPATCHED) &&
           (replay->marks[at] & QP_MARK_CLOSURE) == 0;
}

/* The area of a plot's polygons where they are disclosed; whether they are sound is for line 5. */
static enum qp_code measure(struct qp_replay *replay, const Qp__PlotRegistered *body,
                            uint64_t *area_m2, struct qp_err *err)
{
    struct qp_hash commitment = qp_bytes_hash(body->geometry->commitment);
    struct qp_slice_sealed *sealed = qp_slice_find_sealed(replay->slice, &commitment);
    if (sealed == NULL || sealed->content == NULL) {
        return QP_OK;
    }
    if (!sealed->measured) { /* once, whatever the number of plots that share it */
        struct qp_geometry geometry;
        struct qp_arena arena;
        struct qp_err ignored;
        uint64_t measured_m2 = 0;
        qp_arena_init(&arena, 0);
        qp_err_init(&ignored);
        enum qp_code rc = qp_geometry_decode(qp_span_bytes(sealed->content->content), &arena,
                                             &geometry, &ignored);
        if (rc == QP_OK) {
            rc = qp_geometry_area_m2(&geometry, &measured_m2, &ignored);
        }
        qp_arena_wipe(&arena);
        if (rc == QP_E_MEMORY) {
            return no_memory(err);
        }
        sealed->measured = true;
        sealed->area_m2 = rc == QP_OK ? measured_m2 : 0;
    }
    *area_m2 = sealed->area_m2;
    return QP_OK;
}

/* As the log holds it against its clock at admission. */
static enum qp_code check_time(const Qp__Event *event, uint64_t admitted_ms, struct qp_err *err)
{
    if (event->occurred_ms > admitted_ms && event->occurred_ms - admitted_ms > DAY_MS) {
        char when[QP_TIME_TEXT_BYTES];
        qp_time_format(when, event->occurred_ms);
        return qp_refuse(err, "QP-TIME-FUTURE", "it is dated %s, over a day after its entry", when);
    }
    return QP_OK;
}

static enum qp_code apply(struct qp_replay *replay, size_t at, struct qp_arena *scratch,
                          struct qp_err *reason)
{
    const struct qp_slice_event *shown = &replay->slice->events[at];
    const struct qp_slice_entry *entry = &replay->slice->entries[shown->entry];
    struct qp_rule_context context = {.ledger_id = replay->slice->events[0].id, /* the opening */
                                      .issuer = entry->issuer,
                                      .event_id = shown->id,
                                      .index = entry->index,
                                      .position = shown->position,
                                      .admitted_ms = entry->admitted_ms,
                                      .memo = &replay->memo};
    Qp__Event *event = NULL;
    enum qp_code rc = qp_slice_event(replay->slice, at, &event, reason);
    if (rc == QP_OK) {
        rc = check_time(event, entry->admitted_ms, reason);
    }
    if (rc == QP_OK && event->body_case == QP__EVENT__BODY_PLOT_REGISTERED) {
        rc = measure(replay, event->plot_registered, &context.measured_m2, reason);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (is_side(replay, at)) {
        replay->marks[at] |= QP_MARK_SIDE;
        return draw_aside(replay, &context, event, scratch, reason);
    }
    size_t voided = event->body_case == QP__EVENT__BODY_EVENT_VOIDED
                        ? qp_slice_find_event(replay->slice, event->event_voided->event)
                        : SIZE_MAX;
    context.voids_draws = voided != SIZE_MAX && (replay->marks[voided] & QP_MARK_SIDE) != 0;
    if (context.voids_draws && (replay->marks[voided] & QP_MARK_VOIDED) != 0) {
        return qp_refuse(reason, "QP-VOID-USED", "the event was voided before");
    }
    rc = qp_rules_apply(&context, event, &replay->state, scratch, reason);
    if (rc == QP_OK && voided != SIZE_MAX) {
        replay->marks[voided] |= QP_MARK_VOIDED;
    }
    return rc;
}

static void note_refusal(struct qp_replay *replay, size_t at, const struct qp_rule_code *code)
{
    replay->marks[at] |= QP_MARK_REFUSED;
    replay->refused++;
    if (code != NULL) {
        QP_ASSERT(code - qp_rule_codes < UINT8_MAX);
        replay->refusals[at] = (uint8_t)(code - qp_rule_codes + 1);
    }
}

const struct qp_rule_code *qp_replay_refusal(const struct qp_replay *replay, size_t at)
{
    return replay->refusals[at] == 0 ? NULL : &qp_rule_codes[replay->refusals[at] - 1];
}

static enum qp_code run(struct qp_replay *replay, struct qp_verdict *verdict, struct qp_err *err)
{
    struct qp_arena scratch;
    qp_arena_init(&scratch, 0);
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < replay->slice->event_count; i++) {
        const struct qp_slice_event *shown = &replay->slice->events[i];
        struct qp_err reason;
        qp_err_init(&reason);
        qp_arena_reset(&scratch);
        qp_state_map_mark(replay->map);
        enum qp_code judged = apply(replay, i, &scratch, &reason);
        if (judged == QP_OK) {
            continue;
        }
        if (judged == QP_E_MEMORY) {
            rc = no_memory(err);
            break;
        }
        qp_state_map_rollback(replay->map);
        const struct qp_rule_code *code = qp_rule_code_find(reason.rule);
        note_refusal(replay, i, code);
        qp_verdict_blame(verdict, code == NULL ? QP_LINE_AUTHENTIC : code->line, QP_FAIL, i,
                         "entry %llu, event %u (%s): %s [%s]",
                         (unsigned long long)replay->slice->entries[shown->entry].index,
                         shown->position, qp_event_name(shown->body), reason.text, reason.rule);
    }
    qp_arena_wipe(&scratch);
    return rc;
}

enum qp_code qp_replay_open(struct qp_replay *replay, struct qp_slice *slice,
                            struct qp_verdict *verdict, struct qp_err *err)
{
    *replay = (struct qp_replay){.slice = slice};
    qp_arena_init(&replay->arena, 0);
    qp_rule_memo_init(&replay->memo);
    replay->below = (struct qp_state){
        .context = replay, .get = below_get, .put = below_put, .event = below_event};
    replay->marks = qp_arena_alloc_zero(&replay->arena, slice->event_count + 1, 1);
    replay->refusals = qp_arena_alloc_zero(&replay->arena, slice->event_count + 1, 1);
    enum qp_code rc = replay->marks != NULL && replay->refusals != NULL ? QP_OK : no_memory(err);
    if (rc == QP_OK) {
        rc = qp_state_map_new(&replay->below, &replay->map, err);
    }
    if (rc == QP_OK) {
        replay->state = qp_state_map_state(replay->map);
        rc = close_over(replay, err);
    }
    if (rc == QP_OK) {
        rc = run(replay, verdict, err);
    }
    if (rc != QP_OK) {
        qp_replay_wipe(replay);
    }
    return rc;
}

void qp_replay_wipe(struct qp_replay *replay)
{
    qp_state_map_free(replay->map);
    replay->map = NULL;
    qp_rule_memo_wipe(&replay->memo);
    qp_arena_wipe(&replay->arena);
}
