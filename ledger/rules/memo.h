/* Rule sets as they were decoded last: nearly every event is judged by one, and a set has hundreds
 * of rows. A set is known again by its record's bytes, so a record that was replaced or rolled back
 * is never taken for another. */
#ifndef QP_RULES_MEMO_H
#define QP_RULES_MEMO_H

#include "rules/state.h"

#define QP_RULE_MEMO_SLOTS 8

struct qp_rule_memo_slot {
    struct qp_arena arena; /* owns the two below */
    struct qp_span bytes;  /* of the record; empty: a free slot */
    Qp__RuleSetState *record;
};

struct qp_rule_memo {
    struct qp_rule_memo_slot slots[QP_RULE_MEMO_SLOTS];
    size_t turn; /* slot that is filled next */
};

void qp_rule_memo_init(struct qp_rule_memo *memo);
void qp_rule_memo_wipe(struct qp_rule_memo *memo);
/* The record of a rule set; NULL where there is none. It lives until QP_RULE_MEMO_SLOTS others have
 * been read. QP_E_MEMORY; QP_E_STORE (damaged); what the state returns. */
enum qp_code qp_rule_memo_read(struct qp_rule_memo *memo, struct qp_state *state, uint32_t ordinal,
                               Qp__RuleSetState **record, struct qp_err *err) QP_MUST_USE;

#endif
