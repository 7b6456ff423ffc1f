/* Closure: which events a stranger needs to judge one shipment, and their entries.
 *
 * The walk keeps what is still to be looked at on a stack of its own; each subject and each event
 * is looked at once. Memory and time follow what is found, not the size of the log. */
#ifndef QP_TRACE_CLOSURE_H
#define QP_TRACE_CLOSURE_H

#include "trace/source.h"

struct qp_shown_event {
    uint64_t index;
    uint32_t position;
    Qp__Event__BodyCase body;
    struct qp_span bytes;
};

struct qp_shown_entry {
    uint64_t index;
    struct qp_span bytes;
    struct qp_public_key issuer;
    uint32_t event_count; /* of the statement */
    struct qp_hash event_root;
};

struct qp_closure {
    struct qp_arena arena;         /* owns everything */
    struct qp_shown_event *events; /* in log order */
    size_t event_count;
    struct qp_shown_entry *entries; /* ascending; the first is entry 0, the last the newest */
    size_t entry_count;
    size_t lot_count;  /* that the shipment is made of */
    size_t plot_count; /* that it comes from */
};

/* QP_E_NOT_FOUND and QP_E_USAGE as qp_trace_find; QP_E_STORE; QP_E_MEMORY. After QP_OK, wipe. */
enum qp_code qp_closure_collect(const struct qp_trace_source *source, const char *shipment,
                                struct qp_closure *closure, struct qp_err *err) QP_MUST_USE;
void qp_closure_wipe(struct qp_closure *closure);

#endif
