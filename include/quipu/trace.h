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
    uint64_t drawn_grams; /* what the connecting event draws from the one of the two that is nearer
                             the plot, for all that it makes; 0 at depth 0 */
    const char *form;     /* of the lot, or "" */
    uint64_t grams;       /* of the lot when it was made, or of the shipment; 0 for a plot */
    uint64_t left_grams;  /* of the lot now */
    const char *party;    /* who holds the lot now, registered the plot, or sent the shipment */
    const char *status;   /* "held", "handed", "recalled", "voided"; "registered", "withdrawn";
                             "dispatched", "received" */
};

/* Walk from a lot, plot or shipment, depth first: upstream to the plots that it comes from,
 * downstream to all that was made of it and the shipments that it left in. Branches come in the
 * order of the event that names them, or oldest first. What was voided is walked too: look at
 * `status`. Where an id names several things, a lot goes before a shipment, that before a plot.
 *
 * step  called for each; a failure of it ends the walk and is passed on
 * Returns QP_OK; QP_E_NOT_FOUND, naming an id near it if there is one; QP_E_USAGE (not an id);
 * QP_E_STORE; QP_E_MEMORY. */
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

/* Make the bundle of a shipment under the log's newest checkpoint; appended to out.
 *
 * It holds every event of the shipment and of all lots that it is made of, also those that draw
 * from them for others; the origin plots with their producers and assessments; everybody who signed
 * or is named, with their keys and those who enrolled them; certificates, rule sets, corrections;
 * the ledger's opening and its newest entry. The same log and options give the same bytes.
 *
 * disclose  bits of qp_disclose; sealed contents outside them stay sealed
 * Returns QP_OK; QP_E_NOT_FOUND, QP_E_USAGE as qp_trace_walk; QP_E_STORE (what is stored does not
 * have the hashes that were signed); QP_E_INPUT (larger than a bundle may be); QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_prove(struct qp_log *log, const char *shipment,
                                         unsigned disclose, struct qp_buf *out,
                                         struct qp_prove_report *report, struct qp_err *err);

#ifdef __cplusplus
}
#endif
#endif
