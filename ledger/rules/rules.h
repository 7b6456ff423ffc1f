/* What may happen to a party, plot, lot, certificate or shipment.
 *
 * One table, one row for each kind of event: which roles may issue it, and the function that checks
 * it against the state and changes the state. Pure: the same events in the same order give the same
 * state and the same refusals, at admission, at audit and in the verifier.
 *
 * A refusal is QP_E_REFUSED with a stable code in err->rule, listed in qp_rules_codes with the line
 * of the verdict that it speaks to. */
#ifndef QP_RULES_RULES_H
#define QP_RULES_RULES_H

#include "rules/memo.h"

/* Lines of the verdict (DESIGN of the bundle, SPEC.md "Verdict"). */
enum qp_line {
    QP_LINE_AUTHENTIC,
    QP_LINE_AUTHORISED,
    QP_LINE_UNBROKEN,
    QP_LINE_CONSERVED,
    QP_LINE_LOCATED,
    QP_LINE_DEFORESTATION_FREE,
    QP_LINE_LEGAL,
    QP_LINE_CURRENT,
    QP_LINE_COUNT
};

struct qp_rule_context {
    struct qp_hash ledger_id; /* not read for the opening, which makes it */
    struct qp_public_key issuer;
    struct qp_hash event_id;
    uint64_t index;       /* of the entry */
    uint32_t position;    /* of the event in its statement */
    uint64_t admitted_ms; /* of the entry */
    /* Of a voiding, in a slice: of the voided event only the draws were taken over (qp_rules_draw),
     * so only they are given back; its other lots are not in the state. */
    bool voids_draws;
    /* Of a plot's registration, where its geometry is at hand: what that measures. A plot yields on
     * no more land than it has. 0: not known, the declared area counts. */
    uint64_t measured_m2;
    /* Kept by the caller from event to event, so that rule sets and issuers are decoded once. NULL:
     * each time. */
    struct qp_rule_memo *memo;
    /* Told of what is no reason to refuse, and worth a look. May be NULL. */
    void (*warn)(void *warn_context, const char *text);
    void *warn_context;
};

/* Judge one event and, if it may happen, change the state. On a refusal the state may hold part of
 * the change: the caller takes it back (qp_state_map_rollback).
 * Returns QP_OK; QP_E_REFUSED; QP_E_MEMORY; what the state returns. */
enum qp_code qp_rules_apply(const struct qp_rule_context *context, const Qp__Event *event,
                            struct qp_state *state, struct qp_arena *scratch,
                            struct qp_err *err) QP_MUST_USE;

/* What can be judged of an event where no ledger is at hand: identifiers, containers, weights that
 * are nothing or do not add up, times, and that new ids begin with the issuer's party. No refusal
 * does not mean that the ledger takes it; what is refused here, every ledger refuses.
 *
 * party  the issuer's, or NULL where it is not known: then ids and hand-overs to itself pass
 * Returns QP_OK; QP_E_REFUSED, as qp_rules_apply. */
enum qp_code qp_rules_check_alone(const Qp__Event *event, const char *party,
                                  struct qp_err *err) QP_MUST_USE;

/* Only what an event draws from one lot: for the verifier, which sees of some events no more than
 * the lots it follows. A lot that the state does not know is passed over. Returns as
 * qp_rules_apply. */
enum qp_code qp_rules_draw(const struct qp_rule_context *context, const Qp__Event *event,
                           const char *lot, const Qp__Quantity *quantity, struct qp_state *state,
                           struct qp_arena *scratch, struct qp_err *err) QP_MUST_USE;

/* The party that a key speaks for at this entry, written to `party` (32 bytes of room).
 * QP_E_REFUSED: unknown, rotated away, revoked, or the party is suspended. */
enum qp_code qp_rules_party(const struct qp_public_key *key, uint64_t index, struct qp_state *state,
                            struct qp_arena *scratch, char party[32],
                            struct qp_err *err) QP_MUST_USE;

/* The rule set by which an event of this time is judged that stands at the context's place. *found
 * is NULL where none is in force, else as long-lived as the context's memo, which is needed.
 * QP_E_MEMORY; what the state returns. */
enum qp_code qp_rules_in_force(const struct qp_rule_context *context, uint64_t occurred_ms,
                               struct qp_state *state, const Qp__RuleSetPublished **found,
                               struct qp_err *err) QP_MUST_USE;

/* The factor from one form to another, or NULL. Equal forms have none. */
const Qp__ConversionFactor *qp_rules_factor(const Qp__RuleSetPublished *rules,
                                            Qp__Commodity commodity, Qp__Form from, Qp__Form to);
/* The cap that counts for the commodity: the first. NULL: none. */
const Qp__YieldCap *qp_rules_yield_cap(const Qp__RuleSetPublished *rules, Qp__Commodity commodity);

struct qp_rule_code {
    const char *code; /* "QP-…" */
    enum qp_line line;
    const char *meaning; /* one sentence */
};
/* Every code that a refusal can carry, ended by a row of NULL. */
extern const struct qp_rule_code qp_rule_codes[];
/* The row of a code, or NULL. */
const struct qp_rule_code *qp_rule_code_find(const char *code);

/* Read a record of the state. *record is NULL where there is none. */
enum qp_code qp_state_read(struct qp_state *state, const struct qp_state_key *key,
                           const struct qp_message_rule *rule, struct qp_arena *arena, void *record,
                           struct qp_err *err) QP_MUST_USE;

#endif
