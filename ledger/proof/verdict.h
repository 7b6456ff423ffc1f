/* A verdict in the making: the lines, their numbers and reasons, and the plots. */
#ifndef QP_PROOF_VERDICT_H
#define QP_PROOF_VERDICT_H

#include "proof/claims.h"
#include "proof/slice.h"

#include <jansson.h>

/* Reasons kept for one line; the rest is counted. */
#define QP_REASONS_MAX 20

struct qp_verdict_line {
    enum qp_result result;
    json_t *numbers; /* object */
    json_t *reasons; /* list of texts */
    size_t more;     /* reasons that were not kept */
};

struct qp_verdict {
    struct qp_arena arena;
    struct qp_verdict_line lines[QP_LINE_COUNT];
    bool required[QP_LINE_COUNT];
    struct qp_claims claims;
    json_t *facts; /* object: what the bundle is about */
    struct qp_verdict_plot *plots;
    size_t plot_count;
    bool out_of_memory; /* something could not be noted */
};

/* Every line PASS, until a reason says otherwise. */
enum qp_code qp_verdict_new(const struct qp_trust *trust, struct qp_verdict **verdict,
                            struct qp_err *err) QP_MUST_USE;
void qp_verdict_number(struct qp_verdict *verdict, enum qp_line line, const char *name,
                       uint64_t value);
/* A reason makes a line FAIL or, unless it has failed, NOT SHOWN; QP_PASS only adds the text. */
void qp_verdict_reason(struct qp_verdict *verdict, enum qp_line line, enum qp_result result,
                       const char *format, ...) QP_PRINTF(4, 5);
void qp_verdict_fact(struct qp_verdict *verdict, const char *name, json_t *value); /* takes value */
void qp_verdict_fact_text(struct qp_verdict *verdict, const char *name, const char *text);

#endif
