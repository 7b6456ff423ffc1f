/* The one rule of the tree's shape, shared by the files of this room. */
#ifndef QP_MERKLE_SPLIT_H
#define QP_MERKLE_SPLIT_H

#include <stdint.h>

/* Largest power of two below n; n is 2 or more. */
static inline uint64_t qp_merkle_split(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

#endif
