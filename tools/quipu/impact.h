/* What the parts of quipu impact share. */
#ifndef QUIPU_IMPACT_H
#define QUIPU_IMPACT_H

#include "reader.h"

#include <quipu/trace.h>

struct impact_view {
    struct cli *cli;
    const struct qp_impact *impact;
    char thing[160]; /* what was asked for, in words */
    unsigned directions;
    uint64_t limit; /* rows of a table; 0: all */
};

/* Print the whole of it. */
void impact_json(struct impact_view *view, const struct qp_impact_thing *thing);

#endif
