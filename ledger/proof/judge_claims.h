/* The claims of a verdict, judged after its lines, and what the lines leave to be told. */
#ifndef QP_PROOF_JUDGE_CLAIMS_H
#define QP_PROOF_JUDGE_CLAIMS_H

#include "proof/judge.h"

/* All claims, in their order: certificates, footprint, circular use. QP_E_MEMORY. */
enum qp_code qp_judge_claims(struct qp_judging *judging) QP_MUST_USE;
/* Of a bundle that is not authentic: what the policy requires is NOT SHOWN. QP_E_MEMORY. */
enum qp_code qp_judge_no_claims(struct qp_verdict *verdict, const struct qp_trust *trust,
                                struct qp_err *err) QP_MUST_USE;

/* The facts "regulation" and "country_risk", by the rule set in force at dispatch; after the plots.
 * QP_E_MEMORY. */
enum qp_code qp_judge_regulation(struct qp_judging *judging) QP_MUST_USE;
/* What the line "conserved" tells without failing: lost in hand-overs, plots that yielded much.
 * QP_E_MEMORY. */
enum qp_code qp_judge_notes(struct qp_judging *judging) QP_MUST_USE;

/* ---- For the judges of claims ---- */

/* Each judges claims on a sound graph. QP_E_MEMORY. */
enum qp_code qp_judge_certificates(struct qp_judging *judging) QP_MUST_USE;
enum qp_code qp_judge_footprint(struct qp_judging *judging, struct qp_claim *claim) QP_MUST_USE;
enum qp_code qp_judge_circular(struct qp_judging *judging, struct qp_claim *claim) QP_MUST_USE;

/* "certificate:eu-organic" as a claim. QP_E_MEMORY. */
enum qp_code qp_certificate_claim(struct qp_verdict *verdict, const char *scheme, bool required,
                                  struct qp_claim **claim, struct qp_err *err) QP_MUST_USE;
/* Does the policy require certificates of this scheme? */
bool qp_judge_requires_scheme(const struct qp_trust *trust, const char *scheme);
/* The rule set in force when the shipment was dispatched; NULL: none, or no dispatch. It lives
 * until rule sets are read again. */
enum qp_code qp_judge_rules(struct qp_judging *judging,
                            const Qp__RuleSetPublished **rules) QP_MUST_USE;
/* Neither refused nor voided, nor signed by a key that is in doubt. After the line "authorised". */
bool qp_judge_stands(const struct qp_judging *judging, size_t at);
/* A lot of the closure, as its number in replay->lots; SIZE_MAX: it is none. */
size_t qp_judge_lot(const struct qp_judging *judging, const char *id);
/* A lot's record in the state after the last event shown; NULL: none. */
enum qp_code qp_judge_lot_state(struct qp_judging *judging, const char *id, struct qp_arena *arena,
                                Qp__LotState **lot) QP_MUST_USE;

#endif
