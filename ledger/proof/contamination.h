/* What must not be in the goods, and how far it has got.
 *
 * A plot with loss, a lot of unknown origin and the like are sources. Whatever was made of a source
 * has it, wholly: a closure, never a share. The judges name the sources as they find them; then the
 * closure's graph is walked downwards, from each source that is told to the shipment. */
#ifndef QP_PROOF_CONTAMINATION_H
#define QP_PROOF_CONTAMINATION_H

#include "proof/replay.h"

struct qp_judging;

enum qp_cause {
    QP_CAUSE_LOSS,       /* forest was lost on the plot */
    QP_CAUSE_UNASSESSED, /* the plot has no assessment that counts */
    QP_CAUSE_UNCLEAR,    /* it has one that does not say enough */
    QP_CAUSE_UNKNOWN_ORIGIN,
    QP_CAUSE_RECALLED,
    QP_CAUSE_VOIDED,
    QP_CAUSE_COMPROMISED_KEY, /* signed by a key that was in a thief's hands */
    QP_CAUSE_REFUSED          /* by a rule, in an event that nothing contaminated went into */
};

struct qp_taint {
    enum qp_cause cause;
    size_t node; /* qp_node_plot, qp_node_lot, qp_node_shipment */
    enum qp_line line;
    enum qp_result result;
    size_t event; /* by which it is known; SIZE_MAX: by what is not shown */
    const char *reason;
};

struct qp_contamination {
    uint8_t *causes; /* bits of enum qp_cause, one byte for each node */
    struct qp_taint failed[QP_REASONS_MAX];
    struct qp_taint not_shown[QP_REASONS_MAX];
    size_t failed_count; /* in the list */
    size_t not_shown_count;
    size_t count; /* of all sources */
};

/* Nodes of the graph: plots and lots of the replay, in its order, and the shipment. */
static inline size_t qp_node_plot(size_t at)
{
    return at;
}
static inline size_t qp_node_lot(const struct qp_replay *replay, size_t at)
{
    return replay->plot_count + at;
}
static inline size_t qp_node_shipment(const struct qp_replay *replay)
{
    return replay->plot_count + replay->lot_count;
}

/* None yet; in the replay's arena. QP_E_MEMORY. */
enum qp_code qp_contamination_init(struct qp_contamination *contamination, struct qp_replay *replay,
                                   struct qp_err *err) QP_MUST_USE;
/* Name a source; its reason is written from the format. One node is told once for one cause. */
void qp_judge_taint(struct qp_judging *judging, const struct qp_taint *source, const char *format,
                    ...) QP_PRINTF(3, 4);
/* Add those that lie in the events, and the fact "contamination", in the form of
 * quipu-verify(1). After the judges of lines. QP_E_MEMORY. */
enum qp_code qp_judge_contamination(struct qp_judging *judging) QP_MUST_USE;

#endif
