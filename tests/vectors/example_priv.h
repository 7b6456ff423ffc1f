/* What the two halves of the worked example share. */
#ifndef QP_TESTS_VECTORS_EXAMPLE_PRIV_H
#define QP_TESTS_VECTORS_EXAMPLE_PRIV_H

#include "vectors/example.h"

#include <stdio.h>
#include <stdlib.h>

/* The example is the same every time: a failure is a mistake in it. */
#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct qp_err err_;                                                                        \
        struct qp_err *err = &err_;                                                                \
        if ((call) != QP_OK) {                                                                     \
            fprintf(stderr, "%s: %s\n", #call, err->text);                                         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The sealed contents, the events and the ledger id. */
void example_make_events(struct example *example);

#endif
