/* Reach: everything that lies up or down the graph from where one starts, each thing once.
 *
 * The things found are the queue of what is still to be looked at. The search goes in rounds: the
 * edges of all things that the round before has found, then the events that those lead to, in log
 * order and each once, so that a statement's events are read together. Time and memory follow what
 * is found. */
#ifndef QP_TRACE_REACH_H
#define QP_TRACE_REACH_H

#include "trace/link.h"
#include "trace/visited.h"

struct qp_reach_thing {
    enum qp_state_kind kind; /* producer, plot, lot or shipment */
    const char *id;
    size_t from; /* number of the thing that led here; SIZE_MAX: one of the starts */
    union {      /* what the state has on it; set once the search is over */
        const void *any;
        const Qp__ProducerState *producer;
        const Qp__PlotState *plot;
        const Qp__LotState *lot;
        const Qp__ShipmentState *shipment;
    } record;
};

struct qp_reach_wanted;

struct qp_reach {
    const struct qp_trace_source *source;
    struct qp_reach_thing *things; /* the starts first, then what is nearer before what is not */
    size_t count;
    /* The rest is the search's own. */
    size_t room;
    bool down;
    struct qp_arena arena;
    struct qp_visited known;  /* things, by their state keys */
    struct qp_visited events; /* that were read */
    struct qp_links links;
    struct qp_places places;
    struct qp_reach_wanted *wanted; /* events of this round */
    size_t wanted_count;
    size_t wanted_room;
};

/* down: from the plots to the ports; else towards the plots and their producers. A lot that was
 * voided leads nowhere down: what was made of it was voided before. */
void qp_reach_init(struct qp_reach *reach, const struct qp_trace_source *source, bool down);
void qp_reach_wipe(struct qp_reach *reach);
/* Begin at this thing too; a second time is none. QP_E_MEMORY, QP_E_STORE (not an id). */
enum qp_code qp_reach_start(struct qp_reach *reach, enum qp_state_kind kind, const char *id,
                            struct qp_err *err) QP_MUST_USE;
/* Once, after the starts. QP_E_STORE: something that is named is not there. */
enum qp_code qp_reach_run(struct qp_reach *reach, struct qp_err *err) QP_MUST_USE;
/* Was it found? *number: its place among the things. */
bool qp_reach_has(const struct qp_reach *reach, enum qp_state_kind kind, const char *id,
                  size_t *number);

#endif
