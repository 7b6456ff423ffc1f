/* The switch in the rules that mutate.awk has changed. */
#ifndef QP_TESTS_MODEL_MUTANT_H
#define QP_TESTS_MODEL_MUTANT_H

#include <stdbool.h>

/* Is this place switched? One is at most: the number in QP_MUTANT, or what was set. */
bool qp_mutant(unsigned site);
void qp_mutant_set(unsigned site);

#endif
