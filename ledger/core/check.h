/* Checked integers and assertions for programmer errors.
 *
 * QP_ASSERT stays on in release builds. Data is never asserted: it is checked and refused. */
#ifndef QP_CORE_CHECK_H
#define QP_CORE_CHECK_H

#include <quipu/err.h>

#include <stdbool.h>

/* Print the place and abort. */
QP_NORETURN void qp_assert_failed(const char *what, const char *file, int line);

#define QP_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : qp_assert_failed(#condition, __FILE__, __LINE__))

#define QP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Each returns false, and leaves *out alone, when the result does not fit. */
static inline bool qp_add_size(size_t a, size_t b, size_t *out)
{
    size_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

static inline bool qp_mul_size(size_t a, size_t b, size_t *out)
{
    size_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) {
        return false;
    }
    *out = product;
    return true;
}

static inline bool qp_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

static inline bool qp_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) {
        return false;
    }
    *out = product;
    return true;
}

#endif
