/* What stands behind a verdict, in words: the events that carry one line, and what must not be in
 * the goods with its way to the shipment. Both from the verdict's JSON. */
#ifndef QUIPU_EXPLAIN_LINE_H
#define QUIPU_EXPLAIN_LINE_H

#include "cli.h"

/* The member "explain"; nothing where there is none. QP_E_MEMORY. */
enum qp_code explain_print(struct cli *cli, const json_t *verdict, size_t width,
                           struct qp_err *err) QP_MUST_USE;
/* The member "contamination"; nothing where there is no source. QP_E_MEMORY. */
enum qp_code explain_contamination(struct cli *cli, const json_t *verdict, size_t width,
                                   struct qp_err *err) QP_MUST_USE;

#endif
