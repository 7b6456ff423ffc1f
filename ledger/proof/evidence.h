/* What a bundle shows beyond the verdict: who was on the way, what was harvested when, who assessed
 * which plot by what data, which documents stand behind each head of legality. */
#ifndef QP_PROOF_EVIDENCE_H
#define QP_PROOF_EVIDENCE_H

#include "proof/judge.h"

/* Adds the fact "evidence", in the form that quipu-export(1) documents. QP_E_MEMORY. */
enum qp_code qp_judge_evidence(struct qp_judging *judging) QP_MUST_USE;

#endif
