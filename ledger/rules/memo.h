/* Records as they were decoded last: nearly every event is judged by one rule set, which has
 * hundreds of rows, and issuers sign one statement after the other. A record is known again by its
 * bytes, so one that was replaced or rolled back is never taken for another. */
#ifndef QP_RULES_MEMO_H
#define QP_RULES_MEMO_H

#include "rules/state.h"

#define QP_RULE_MEMO_SLOTS 8

struct qp_memo_slot {
    struct qp_arena arena; /* owns the two below */
    struct qp_span bytes;  /* of the record; empty: a free slot */
    void *record;
};

/* Records of one kind. */
struct qp_memo {
    struct qp_memo_slot slots[QP_RULE_MEMO_SLOTS];
    size_t turn; /* slot that is filled next */
};

struct qp_rule_memo {
    struct qp_memo rule_sets;
    struct qp_memo keys;
    struct qp_memo parties;
};

void qp_rule_memo_init(struct qp_rule_memo *memo);
void qp_rule_memo_wipe(struct qp_rule_memo *memo);
/* As qp_state_read, for records of one kind; *record is changed by nobody, and lives until
 * QP_RULE_MEMO_SLOTS others have been read by way of the memo. */
enum qp_code qp_memo_read(struct qp_memo *memo, struct qp_state *state,
                          const struct qp_state_key *key, const struct qp_message_rule *rule,
                          void *record, struct qp_err *err) QP_MUST_USE;

#endif
