/* What the benchmarks share: clocks, and lines that tests/bench/run reads.
 *
 * A benchmark prints each figure as "name<tab>value<tab>unit" on stdout, and words for people on
 * stderr. Its exit status says whether the figures are within their limits. */
#ifndef QP_TESTS_BENCH_FIGURE_H
#define QP_TESTS_BENCH_FIGURE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline void figure(const char *name, double value, const char *unit)
{
    printf("%s\t%.6g\t%s\n", name, value, unit);
}

static inline double figure_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline int figure_compare(const void *a, const void *b)
{
    const double *one = a;
    const double *two = b;
    return (*one > *two) - (*one < *two);
}

/* Sorts them. */
static inline double figure_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, figure_compare);
    return values[count / 2];
}

#endif
