/* A source that counts the rows that are read through it: every record, edge, id, statement of a
 * key, entry and event. What is asked for and not there counts as well. */
#ifndef QP_TESTS_TRACE_COUNTING_H
#define QP_TESTS_TRACE_COUNTING_H

#include "trace/source.h"

struct counting {
    struct qp_trace_source below;
    size_t rows;
};

struct counting_edges {
    struct counting *counting;
    enum qp_code (*each)(void *context, const struct qp_edge_place *place, struct qp_err *err);
    bool (*id)(void *context, struct qp_span id);
    enum qp_code (*index)(void *context, uint64_t index, struct qp_err *err);
    void *context;
};

static inline enum qp_code counting_edge(void *context, const struct qp_edge_place *place,
                                         struct qp_err *err)
{
    const struct counting_edges *edges = context;
    edges->counting->rows++;
    return edges->each(edges->context, place, err);
}

static inline enum qp_code counting_edges(void *context, enum qp_state_kind kind, const char *id,
                                          enum qp_code (*each)(void *each_context,
                                                               const struct qp_edge_place *place,
                                                               struct qp_err *err),
                                          void *each_context, struct qp_err *err)
{
    struct counting *counting = context;
    struct counting_edges edges = {.counting = counting, .each = each, .context = each_context};
    counting->rows++;
    return counting->below.edges(counting->below.context, kind, id, counting_edge, &edges, err);
}

static inline enum qp_code counting_entry(void *context, uint64_t index, struct qp_buf *out,
                                          struct qp_err *err)
{
    struct counting *counting = context;
    counting->rows++;
    return counting->below.entry(counting->below.context, index, out, err);
}

static inline enum qp_code counting_event(void *context, uint64_t index, uint32_t position,
                                          struct qp_buf *out, struct qp_err *err)
{
    struct counting *counting = context;
    counting->rows++;
    return counting->below.event(counting->below.context, index, position, out, err);
}

static inline enum qp_code counting_find(void *context, const struct qp_public_key *issuer,
                                         uint64_t sequence, uint64_t *index, struct qp_err *err)
{
    struct counting *counting = context;
    counting->rows++;
    return counting->below.find(counting->below.context, issuer, sequence, index, err);
}

static inline bool counting_id(void *context, struct qp_span id)
{
    const struct counting_edges *edges = context;
    edges->counting->rows++;
    return edges->id(edges->context, id);
}

static inline enum qp_code counting_ids(void *context, enum qp_state_kind kind, const char *prefix,
                                        bool (*each)(void *each_context, struct qp_span id),
                                        void *each_context, struct qp_err *err)
{
    struct counting *counting = context;
    struct counting_edges edges = {.counting = counting, .id = each, .context = each_context};
    counting->rows++;
    return counting->below.ids(counting->below.context, kind, prefix, counting_id, &edges, err);
}

static inline enum qp_code counting_index(void *context, uint64_t index, struct qp_err *err)
{
    const struct counting_edges *edges = context;
    edges->counting->rows++;
    return edges->index(edges->context, index, err);
}

static inline enum qp_code
counting_signed_by(void *context, const struct qp_public_key *issuer, uint64_t since,
                   enum qp_code (*each)(void *each_context, uint64_t index, struct qp_err *err),
                   void *each_context, struct qp_err *err)
{
    struct counting *counting = context;
    struct counting_edges edges = {.counting = counting, .index = each, .context = each_context};
    counting->rows++;
    return counting->below.signed_by(counting->below.context, issuer, since, counting_index, &edges,
                                     err);
}

static inline enum qp_code counting_get(void *context, struct qp_span key, struct qp_span *record,
                                        struct qp_err *err)
{
    struct counting *counting = context;
    counting->rows++;
    return counting->below.state.get(counting->below.state.context, key, record, err);
}

static inline enum qp_code counting_state_event(void *context, const Qp__EventReference *reference,
                                                struct qp_span *event, Qp__EventPlace *place,
                                                struct qp_err *err)
{
    struct counting *counting = context;
    counting->rows++;
    return counting->below.state.event(counting->below.state.context, reference, event, place, err);
}

/* The source of a log, counted; `counting` outlives it. */
static inline struct qp_trace_source counting_source(struct counting *counting, struct qp_log *log)
{
    *counting = (struct counting){.below = qp_trace_source_log(log)};
    struct qp_trace_source source = counting->below;
    source.context = counting;
    source.state.context = counting;
    source.state.get = counting_get;
    source.state.event = counting_state_event;
    source.edges = counting_edges;
    source.entry = counting_entry;
    source.event = counting_event;
    source.find = counting_find;
    source.ids = counting_ids;
    source.signed_by = counting_signed_by;
    return source;
}

#endif
