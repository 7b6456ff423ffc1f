#include "model/mutant.h"

#include <stdlib.h>

static unsigned chosen;
static bool known;

void qp_mutant_set(unsigned site)
{
    chosen = site;
    known = true;
}

bool qp_mutant(unsigned site)
{
    if (!known) {
        const char *number = getenv("QP_MUTANT");
        qp_mutant_set(number == NULL ? 0 : (unsigned)strtoul(number, NULL, 10));
    }
    return chosen == site;
}
