/* What a verdict says beyond its eight lines: claims, each with a result, numbers and reasons.
 *
 * A claim is PASS only where what is shown carries it whole, and counts for the verdict only where
 * the policy requires it. */
#ifndef QP_PROOF_CLAIMS_H
#define QP_PROOF_CLAIMS_H

#include "proof/trust.h"

#include <jansson.h>

struct qp_claim {
    struct qp_claim *next;
    const char *name; /* "certificate:eu-organic", "footprint", "circular" */
    bool required;
    enum qp_result result;
    json_t *numbers; /* object */
    json_t *reasons; /* list of texts */
    size_t more;     /* reasons that were not kept */
    bool incomplete; /* something could not be noted: no memory */
};

struct qp_claims {
    struct qp_claim *first;
    struct qp_claim *last;
};

/* A claim that passes until a reason says otherwise. It lives as long as the arena; its texts until
 * qp_claims_wipe. QP_E_MEMORY. */
enum qp_code qp_claim_add(struct qp_claims *claims, struct qp_arena *arena, const char *name,
                          bool required, struct qp_claim **claim, struct qp_err *err) QP_MUST_USE;
/* A value above QP_NUMBER_MAX is told as that. */
void qp_claim_number(struct qp_claim *claim, const char *name, uint64_t value);
/* As qp_verdict_reason. */
void qp_claim_reason(struct qp_claim *claim, enum qp_result result, const char *format, ...)
    QP_PRINTF(3, 4);
/* Every required claim passes. */
bool qp_claims_passed(const struct qp_claims *claims);
/* A list for the verdict's JSON; NULL: no memory, now or when something was noted. */
json_t *qp_claims_json(const struct qp_claims *claims);
void qp_claims_wipe(struct qp_claims *claims);

#endif
