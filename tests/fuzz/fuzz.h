/* What every fuzz target needs. A target is one file with LLVMFuzzerTestOneInput; libFuzzer drives
 * it in the fuzz preset, replay.c drives it over its corpus everywhere else. Besides not crashing,
 * each target holds something: mostly that what is accepted has one form only. */
#ifndef QP_TESTS_FUZZ_FUZZ_H
#define QP_TESTS_FUZZ_FUZZ_H

#include "core/alloc.h"
#include "core/check.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts, which is how a finding is told. */
#define HOLDS(condition) QP_ASSERT(condition)

static inline void holds_same(struct qp_span a, struct qp_span b)
{
    HOLDS(a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0));
}

#endif
