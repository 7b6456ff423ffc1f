/* Through whose hands it went, and how many kilograms. */
#include "proof/judge.h"

#include "core/check.h"
#include "rules/graph.h"

#include <string.h>

/* ---- What each event carries ---- */

struct custody {
    struct qp_judging *judging;
    struct qp_arena arena;
    size_t *ended; /* by lot of the closure: the event that recalled it or voided its making */
    size_t at;
};

/* The lot's place in the closure, or SIZE_MAX. */
static size_t find_lot(const struct qp_replay *replay, const char *id)
{
    const struct qp_replay_node *lot = qp_replay_find(replay->lots, replay->lot_count, id);
    return lot == NULL ? SIZE_MAX : (size_t)(lot - replay->lots);
}

static enum qp_code end_lot(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    struct custody *custody = context;
    (void)err;
    if (edge->kind == QP_STATE_LOT && edge->role == QP_EDGE_CREATES) {
        size_t lot = find_lot(custody->judging->replay, edge->id);
        if (lot != SIZE_MAX) {
            custody->ended[lot] = custody->at;
        }
    }
    return QP_OK;
}

static enum qp_code carry_voiding(struct custody *custody, const Qp__EventReference *reference)
{
    struct qp_judging *judging = custody->judging;
    size_t voided = qp_slice_find_event(judging->slice, reference);
    Qp__Event *event = NULL;
    if (voided == SIZE_MAX || (judging->replay->marks[voided] & QP_MARK_CLOSURE) == 0) {
        return QP_OK;
    }
    enum qp_code rc = qp_slice_event(judging->slice, voided, &event, judging->err);
    return rc == QP_OK ? qp_event_edges(event, end_lot, custody, judging->err) : rc;
}

static void carry(const struct custody *custody, enum qp_line line, const char *words)
{
    qp_verdict_carry(custody->judging->verdict, line, QP_PASS, custody->at, "%s", words);
}

static void carry_lot(const struct custody *custody, const Qp__Event *event)
{
    const struct qp_replay *replay = custody->judging->replay;
    if (event->body_case == QP__EVENT__BODY_LOT_TRANSFERRED &&
        find_lot(replay, event->lot_transferred->lot) != SIZE_MAX) {
        carry(custody, QP_LINE_UNBROKEN, "the giver's side of a hand-over");
    } else if (event->body_case == QP__EVENT__BODY_LOT_RECEIVED &&
               find_lot(replay, event->lot_received->lot) != SIZE_MAX) {
        carry(custody, QP_LINE_UNBROKEN, "the taker's side of a hand-over");
        carry(custody, QP_LINE_CONSERVED, "what arrived, of what was handed over");
    } else if (event->body_case == QP__EVENT__BODY_LOT_RECALLED) {
        size_t lot = find_lot(replay, event->lot_recalled->lot);
        if (lot != SIZE_MAX) {
            custody->ended[lot] = custody->at;
        }
    }
}

static void carry_port(const struct custody *custody, const Qp__Event *event)
{
    const char *shipment = custody->judging->slice->bundle->shipment;
    if (event->body_case == QP__EVENT__BODY_SHIPMENT_GATED_IN &&
        strcmp(event->shipment_gated_in->shipment, shipment) == 0) {
        carry(custody, QP_LINE_UNBROKEN, "the terminal has taken over a container");
    } else if (event->body_case == QP__EVENT__BODY_SHIPMENT_LOADED &&
               strcmp(event->shipment_loaded->shipment, shipment) == 0) {
        carry(custody, QP_LINE_UNBROKEN, "the containers are on board");
    } else if (event->body_case == QP__EVENT__BODY_SHIPMENT_RECEIVED &&
               strcmp(event->shipment_received->shipment, shipment) == 0) {
        carry(custody, QP_LINE_UNBROKEN, "the consignee has the goods");
    }
}

/* What can be told without looking into the event; false: look. */
static bool carry_mass(const struct custody *custody)
{
    struct qp_judging *judging = custody->judging;
    bool closure = (judging->replay->marks[custody->at] & QP_MARK_CLOSURE) != 0;
    bool side = (judging->replay->marks[custody->at] & QP_MARK_SIDE) != 0;
    switch (judging->slice->events[custody->at].body) {
    case QP__EVENT__BODY_LOT_HARVESTED:
        if (closure) {
            carry(custody, QP_LINE_CONSERVED, "goods come in, no more than the plots can yield");
        }
        return true;
    case QP__EVENT__BODY_LOT_PROCESSED:
        if (closure) {
            carry(custody, QP_LINE_CONSERVED, "no more comes out than the inputs can give");
        } else if (side) {
            carry(custody, QP_LINE_CONSERVED, "draws of goods that went elsewhere");
        }
        return true;
    case QP__EVENT__BODY_SHIPMENT_DISPATCHED:
        if (closure) {
            carry(custody, QP_LINE_CONSERVED, "the lots that were shipped, within what was left");
            carry(custody, QP_LINE_UNBROKEN, "the shipment, its lots and its containers");
        } else if (side) {
            carry(custody, QP_LINE_CONSERVED, "draws of goods that went elsewhere");
        }
        return true;
    case QP__EVENT__BODY_RULE_SET_PUBLISHED:
        carry(custody, QP_LINE_CONSERVED, "factors, tolerances and yields by which it is judged");
        return true;
    default:
        return false;
    }
}

static bool has_custody(Qp__Event__BodyCase body)
{
    return body == QP__EVENT__BODY_LOT_TRANSFERRED || body == QP__EVENT__BODY_LOT_RECEIVED ||
           body == QP__EVENT__BODY_LOT_RECALLED || body == QP__EVENT__BODY_SHIPMENT_GATED_IN ||
           body == QP__EVENT__BODY_SHIPMENT_LOADED || body == QP__EVENT__BODY_SHIPMENT_RECEIVED ||
           body == QP__EVENT__BODY_EVENT_VOIDED;
}

/* What was refused or voided carries nothing. */
static enum qp_code carry_goods(struct custody *custody)
{
    struct qp_judging *judging = custody->judging;
    Qp__Event *event = NULL;
    if ((judging->replay->marks[custody->at] & (QP_MARK_REFUSED | QP_MARK_VOIDED)) != 0 ||
        carry_mass(custody) || !has_custody(judging->slice->events[custody->at].body)) {
        return QP_OK;
    }
    enum qp_code rc = qp_slice_event(judging->slice, custody->at, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    if (event->body_case == QP__EVENT__BODY_EVENT_VOIDED) {
        return carry_voiding(custody, event->event_voided->event);
    }
    carry_lot(custody, event);
    carry_port(custody, event);
    return QP_OK;
}

/* ---- Line 3 ---- */

static enum qp_code check_port(struct qp_judging *judging, struct qp_arena *arena)
{
    struct qp_verdict *verdict = judging->verdict;
    struct qp_state_key at = qp_state_key_text(QP_STATE_SHIPMENT, judging->slice->bundle->shipment);
    Qp__ShipmentState *shipment = NULL;
    enum qp_code rc = qp_state_read(&judging->replay->state, &at, &qp_rule_shipment_state, arena,
                                    &shipment, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    if (shipment == NULL) {
        qp_verdict_reason(verdict, QP_LINE_UNBROKEN, QP_FAIL,
                          "the bundle does not show the dispatch of shipment %s",
                          judging->slice->bundle->shipment);
        return QP_OK;
    }
    qp_verdict_number(verdict, QP_LINE_UNBROKEN, "containers", shipment->n_containers);
    qp_verdict_number(verdict, QP_LINE_UNBROKEN, "gated_in", shipment->n_gated);
    qp_verdict_number(verdict, QP_LINE_UNBROKEN, "loaded", shipment->n_loaded);
    for (size_t i = 0; i < shipment->n_containers; i++) {
        bool gated = false;
        for (size_t k = 0; k < shipment->n_gated; k++) {
            gated = gated || shipment->gated[k] == i;
        }
        if (!gated) {
            qp_verdict_reason(verdict, QP_LINE_UNBROKEN, QP_NOT_SHOWN,
                              "no terminal has signed for container %s at its gate",
                              shipment->containers[i]);
        }
    }
    return QP_OK;
}

/* A lot that was recalled or voided; `event` did it, where that can be told. */
static void fail_lot(struct qp_judging *judging, size_t lot, size_t event, bool recalled)
{
    const char *id = judging->replay->lots[lot].id;
    const char *what = recalled ? "recalled" : "voided";
    struct qp_taint source = {.cause = recalled ? QP_CAUSE_RECALLED : QP_CAUSE_VOIDED,
                              .node = qp_node_lot(judging->replay, lot),
                              .line = QP_LINE_UNBROKEN,
                              .result = QP_FAIL,
                              .event = event};
    qp_verdict_blame(judging->verdict, QP_LINE_UNBROKEN, QP_FAIL, event, "lot %s was %s", id, what);
    qp_judge_taint(judging, &source, "%s", what);
}

static enum qp_code check_lot(struct custody *custody, size_t at)
{
    struct qp_judging *judging = custody->judging;
    struct qp_state_key key = qp_state_key_text(QP_STATE_LOT, judging->replay->lots[at].id);
    Qp__LotState *lot = NULL;
    qp_arena_reset(&custody->arena);
    enum qp_code rc = qp_state_read(&judging->replay->state, &key, &qp_rule_lot_state,
                                    &custody->arena, &lot, judging->err);
    if (rc == QP_OK && lot != NULL &&
        (lot->status == QP__LOT_STATUS__LOT_STATUS_RECALLED ||
         lot->status == QP__LOT_STATUS__LOT_STATUS_VOIDED)) {
        fail_lot(judging, at, custody->ended[at],
                 lot->status == QP__LOT_STATUS__LOT_STATUS_RECALLED);
    }
    return rc;
}

enum qp_code qp_judge_unbroken(struct qp_judging *judging)
{
    struct qp_replay *replay = judging->replay;
    struct custody custody = {.judging = judging};
    uint64_t handovers = 0;
    qp_arena_init(&custody.arena, 0);
    custody.ended = qp_arena_alloc(&replay->arena, (replay->lot_count + 1) * sizeof(size_t));
    if (custody.ended == NULL) {
        return qp_fail(judging->err, QP_E_MEMORY, "no memory to judge the lots");
    }
    for (size_t i = 0; i < replay->lot_count; i++) {
        custody.ended[i] = SIZE_MAX;
    }
    enum qp_code rc = check_port(judging, &custody.arena);
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        handovers += judging->slice->events[i].body == QP__EVENT__BODY_LOT_RECEIVED;
        custody.at = i;
        rc = carry_goods(&custody);
    }
    for (size_t i = 0; rc == QP_OK && i < replay->lot_count; i++) {
        rc = check_lot(&custody, i);
    }
    qp_verdict_number(judging->verdict, QP_LINE_UNBROKEN, "lots", replay->lot_count);
    qp_verdict_number(judging->verdict, QP_LINE_UNBROKEN, "hand_overs", handovers);
    qp_arena_wipe(&custody.arena);
    return rc;
}

/* ---- Line 4 ---- */

/* A lot that nothing shown made, or whose making was voided. */
static void check_origin(struct qp_judging *judging, size_t at)
{
    const struct qp_replay *replay = judging->replay;
    const struct qp_replay_node *lot = &replay->lots[at];
    struct qp_taint source = {.node = qp_node_lot(replay, at),
                              .line = QP_LINE_CONSERVED,
                              .result = QP_FAIL,
                              .event = lot->event};
    if (lot->event == SIZE_MAX) {
        qp_verdict_reason(judging->verdict, QP_LINE_CONSERVED, QP_FAIL,
                          "lot %s is of unknown origin: nothing shown made it", lot->id);
        source.cause = QP_CAUSE_UNKNOWN_ORIGIN;
        qp_judge_taint(judging, &source, "of unknown origin: nothing shown made it");
    } else if ((replay->marks[lot->event] & QP_MARK_VOIDED) != 0) {
        qp_verdict_blame(judging->verdict, QP_LINE_CONSERVED, QP_FAIL, lot->event,
                         "lot %s comes from an event that was voided", lot->id);
        source.cause = QP_CAUSE_VOIDED;
        qp_judge_taint(judging, &source, "voided");
    }
}

enum qp_code qp_judge_conserved(struct qp_judging *judging)
{
    struct qp_replay *replay = judging->replay;
    Qp__Event *event = NULL;
    uint64_t side = 0;
    for (size_t i = 0; i < replay->lot_count; i++) {
        check_origin(judging, i);
    }
    for (size_t i = 0; i < judging->slice->event_count; i++) {
        side += (replay->marks[i] & QP_MARK_SIDE) != 0;
    }
    if (replay->dispatch == SIZE_MAX || replay->lot_count == 0) {
        qp_verdict_reason(judging->verdict, QP_LINE_CONSERVED, QP_FAIL,
                          "the bundle shows no goods of the shipment");
        return QP_OK;
    }
    enum qp_code rc = qp_slice_event(judging->slice, replay->dispatch, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    qp_verdict_number(judging->verdict, QP_LINE_CONSERVED, "harvested_grams",
                      replay->harvested_grams);
    qp_verdict_number(judging->verdict, QP_LINE_CONSERVED, "shipped_grams",
                      qp_judge_shipped_grams(event->shipment_dispatched));
    qp_verdict_number(judging->verdict, QP_LINE_CONSERVED, "lots", replay->lot_count);
    qp_verdict_number(judging->verdict, QP_LINE_CONSERVED, "draws_elsewhere", side);
    return QP_OK;
}
