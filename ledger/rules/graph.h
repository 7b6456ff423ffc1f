/* What an event has to do with each subject that it names: the edges of the ledger's graph. One
 * walk over an event serves the store's index, the trace and the verifier. */
#ifndef QP_RULES_GRAPH_H
#define QP_RULES_GRAPH_H

#include "rules/state.h"

/* Values are stored: never reused. */
enum qp_edge_role {
    QP_EDGE_CREATES = 1,   /* the subject begins with this event */
    QP_EDGE_CONSUMES = 2,  /* goods are drawn from the lot */
    QP_EDGE_CHANGES = 3,   /* custody, recall, withdrawal, voiding, arrival … */
    QP_EDGE_DESCRIBES = 4, /* assessment, inspection, footprint, document */
    QP_EDGE_USES = 5       /* the event rests on the subject: plot of a harvest, producer of a plot,
                              holder of a certificate, consignee of a shipment */
};

struct qp_edge {
    enum qp_state_kind kind; /* QP_STATE_PARTY, PRODUCER, PLOT, LOT, CERTIFICATE, SHIPMENT */
    const char *id;          /* borrowed from the event */
    enum qp_edge_role role;
};

/* Call `edge` for every subject the event names, each subject at most once per role, in the order
 * in which they stand in the event. Passes a failure on.
 *
 * Three are not among them: the issuer, and giver and taker of a hand-over. A party's list would
 * grow with all that it ever handled, and who handled a lot is found from the lot. Nor is the event
 * that a voiding names: qp_voided_edges tells its lots. Nor the party of a key that forked, which
 * the event does not name: qp_forked_edge (fork.h). */
enum qp_code qp_event_edges(const Qp__Event *event,
                            enum qp_code (*edge)(void *context, const struct qp_edge *edge,
                                                 struct qp_err *err),
                            void *context, struct qp_err *err) QP_MUST_USE;

/* The edges of a voiding: every subject that the voided event made, drew from, changed or described
 * is told, as QP_EDGE_CHANGES; what it merely rested on is not. */
enum qp_code qp_voided_edges(const Qp__Event *voided,
                             enum qp_code (*edge)(void *context, const struct qp_edge *edge,
                                                  struct qp_err *err),
                             void *context, struct qp_err *err) QP_MUST_USE;

/* Call `sealed` for every commitment in the event, with the name of the field ("geometry",
 * "identity", "price", "document", …). Not looked for in lists: no event has one there. */
enum qp_code qp_event_sealed(const Qp__Event *event,
                             enum qp_code (*sealed)(void *context, const char *field,
                                                    const Qp__Sealed *sealed, struct qp_err *err),
                             void *context, struct qp_err *err) QP_MUST_USE;

/* The kind of state that a Subject's kind means. */
enum qp_state_kind qp_subject_state(Qp__SubjectKind kind);

#endif
