/* Impact: a search for what is touched, while it runs. */
#ifndef QP_TRACE_IMPACT_H
#define QP_TRACE_IMPACT_H

#include "trace/reach.h"

struct qp_impact_search {
    struct qp_impact shown; /* first: the public part, whose texts live in what follows */
    const struct qp_trace_source *source;
    unsigned directions;
    struct qp_arena arena;
    struct qp_reach up;
    struct qp_reach down;
    struct qp_visited names; /* parties and certificates that are told and not followed */
    size_t party_room;
    size_t certificate_room;
};

/* Find what the thing stands for, and begin the walks that were asked for there. */
enum qp_code qp_impact_start(struct qp_impact_search *search, const struct qp_impact_thing *thing,
                             struct qp_err *err) QP_MUST_USE;

#endif
