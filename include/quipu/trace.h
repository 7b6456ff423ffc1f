/* Trace: the lot graph of an open log, and bundles made from it.
 *
 * Cost follows the part of the graph that is asked for, not the size of the log. */
#ifndef QUIPU_TRACE_H
#define QUIPU_TRACE_H

#include <quipu/log.h>

#ifdef __cplusplus
extern "C" {
#endif

enum qp_trace_direction { QP_TRACE_UPSTREAM, QP_TRACE_DOWNSTREAM };

/* One step of a depth-first walk. Texts are borrowed during the call. */
struct qp_trace_step {
    unsigned depth;   /* 0: the lot asked for */
    bool last;        /* last of its siblings */
    bool seen;        /* shown before: its own branches are not walked again */
    const char *kind; /* "lot", "plot" or "shipment" */
    const char *id;
    const char *parent; /* id of the step above, or "" */
    const char *event;  /* name of the event that connects the two, or that made the lot */
    uint64_t index;     /* of that event's entry */
    uint32_t position;
    uint64_t occurred_ms;
    uint64_t drawn_grams; /* what flows along this edge; 0: not known */
    const char *form;     /* of the lot, or "" */
    uint64_t grams;       /* of the lot when it was made */
    const char *party;    /* who holds it now, or who registered the plot */
};

/* Walk from a lot, plot or shipment. QP_E_NOT_FOUND names the nearest id there is. */
QP_API QP_MUST_USE enum qp_code qp_trace_walk(
    struct qp_log *log, const char *id, enum qp_trace_direction direction,
    enum qp_code (*step)(void *context, const struct qp_trace_step *step, struct qp_err *err),
    void *context, struct qp_err *err);

/* What an exporter may show. */
enum qp_disclose {
    QP_DISCLOSE_GEOMETRY = 1,
    QP_DISCLOSE_PRODUCER_NAME = 2, /* the whole sealed identity of the producer */
    QP_DISCLOSE_PRICE = 4,
    QP_DISCLOSE_DOCUMENT = 8,
    QP_DISCLOSE_CONTACT = 16
};
#define QP_DISCLOSE_EUDR (QP_DISCLOSE_GEOMETRY | QP_DISCLOSE_PRODUCER_NAME)

struct qp_prove_report {
    size_t entries;
    size_t events;
    size_t sealed;         /* disclosed */
    size_t sealed_missing; /* asked for, but not in the vault */
    size_t plots;
    size_t lots;
    uint64_t bytes_content; /* of entries, events and disclosed contents */
    size_t hashes;          /* in all multi-proofs */
};

/* Make the bundle of a shipment under the log's newest checkpoint; appended to out. */
QP_API QP_MUST_USE enum qp_code qp_prove(struct qp_log *log, const char *shipment,
                                         unsigned disclose, struct qp_buf *out,
                                         struct qp_prove_report *report, struct qp_err *err);

#ifdef __cplusplus
}
#endif
#endif
