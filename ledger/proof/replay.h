/* The events of a slice in order, under the ledger's own rules.
 *
 * First the closure: from the shipment, through the events that made its lots, up to the plots.
 * Every event of the closure, and every event that is not about lots, is judged as at admission. An
 * event that only draws from a lot of the closure (a part that went elsewhere) has that draw and
 * nothing else: its other lots are not in the slice. */
#ifndef QP_PROOF_REPLAY_H
#define QP_PROOF_REPLAY_H

#include "proof/verdict.h"

#include "rules/state.h"

/* A lot or plot of the closure. */
struct qp_replay_node {
    const char *id;
    size_t event; /* that made it, in slice->events; SIZE_MAX: not shown, origin unknown */
};

struct qp_replay {
    struct qp_slice *slice;
    struct qp_arena arena;
    struct qp_state below; /* finds events of the slice for voidings */
    struct qp_state_map *map;
    struct qp_state state;
    struct qp_rule_memo memo;
    struct qp_replay_node *lots; /* of the closure, ascending by id */
    size_t lot_count;
    struct qp_replay_node *plots; /* origins, ascending by id */
    size_t plot_count;
    size_t dispatch;   /* event of the shipment's dispatch; SIZE_MAX */
    uint8_t *marks;    /* one for each event of the slice */
    uint8_t *refusals; /* one for each event: 1 and its code's place in qp_rule_codes, or 0 */
    uint64_t harvested_grams; /* from the plots, in the forms as picked */
    size_t refused;
};

/* Marks of events. */
#define QP_MARK_CLOSURE 1 /* made a lot of the closure, or is the shipment's dispatch */
#define QP_MARK_REFUSED 2
#define QP_MARK_VOIDED 4
#define QP_MARK_SIDE 8 /* only its draws were taken over */
#define QP_MARK_COMPROMISED                                                                        \
    16 /* by a key that was in a thief's hands; set by the judge of keys                           \
        */

/* Refusals go to the verdict's lines by their codes. QP_E_MEMORY. After QP_OK, wipe. */
enum qp_code qp_replay_open(struct qp_replay *replay, struct qp_slice *slice,
                            struct qp_verdict *verdict, struct qp_err *err) QP_MUST_USE;
void qp_replay_wipe(struct qp_replay *replay);

/* Why an event was refused; NULL where it was not. */
const struct qp_rule_code *qp_replay_refusal(const struct qp_replay *replay, size_t at);
/* The first node of that id in an ascending list, or NULL. */
struct qp_replay_node *qp_replay_find(struct qp_replay_node *nodes, size_t count, const char *id);

#endif
