/* Which entries carry each line, and one line walked down to its events, keys and hashes. */
#ifndef QP_PROOF_EXPLAIN_H
#define QP_PROOF_EXPLAIN_H

#include "proof/judge.h"

/* A line by its name. QP_E_USAGE names them all when there is none such. */
enum qp_code qp_line_find(const char *name, enum qp_line *line, struct qp_err *err) QP_MUST_USE;

/* Fill in the entries of every line, from the events that carry it. */
void qp_judge_entries(struct qp_judging *judging);
/* Add the fact "explain" of the line that is explained, in the form of quipu-verify(1); at most
 * `most` events, 0 for all. QP_E_MEMORY. */
enum qp_code qp_judge_explain(struct qp_judging *judging, size_t most) QP_MUST_USE;
/* The same of a bundle that is not authentic: nothing can be said. */
void qp_judge_explain_nothing(struct qp_verdict *verdict, enum qp_line line);

#endif
