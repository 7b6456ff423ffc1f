/* The plots of a ledger, for a survey to compare with. */
#ifndef QUIPU_SURVEY_LEDGER_H
#define QUIPU_SURVEY_LEDGER_H

#include "cli.h"

#include <quipu/survey.h>

/* Every plot that was registered and not withdrawn. *without: how many of them have no outline in
 * this ledger's vault, so that nothing can be compared. */
enum qp_code survey_ledger(struct cli *cli, const char *dir, struct qp_survey *survey,
                           uint64_t *without, struct qp_err *err) QP_MUST_USE;

#endif
