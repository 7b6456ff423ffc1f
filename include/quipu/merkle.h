/* Merkle trees: the arithmetic of RFC 6962 and RFC 9162, section 2.1.
 *
 * Pure: no I/O, no allocation, no state but the caller's. Works on leaf hashes (qp_hash_leaf).
 * A tree of n leaves is split at the largest power of two below n; the empty tree has the root
 * SHA-256(""). A tree has at most 2^63 leaves. Every recursion is at most 64 deep.
 * Functions that make proofs ask a reader for perfect subtrees, so that they know no store. */
#ifndef QUIPU_MERKLE_H
#define QUIPU_MERKLE_H

#include <quipu/hash.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QP_MERKLE_LEVELS 64
#define QP_MERKLE_SIZE_MAX (UINT64_C(1) << 63)
/* Hashes that an inclusion or consistency proof can have. */
#define QP_MERKLE_PATH_MAX 64

/* ---- Frontier: the roots of the perfect subtrees that make up the tree, left to right ---- */

struct qp_merkle_frontier {
    uint64_t size;                          /* leaves so far */
    struct qp_hash nodes[QP_MERKLE_LEVELS]; /* [level] holds a hash when that bit of size is 1 */
};

QP_API void qp_merkle_frontier_init(struct qp_merkle_frontier *frontier);
/* Add one leaf.
 *
 * done        out, may be NULL: room for QP_MERKLE_LEVELS hashes; the perfect subtrees that this
 *             leaf completes: done[level] is node (level, leaf_index >> level), done[0] the leaf
 * done_count  out, may be NULL when done is: how many, 1 or more
 * Returns QP_OK; QP_E_REFUSED when the tree is full (2^63 leaves). */
QP_API QP_MUST_USE enum qp_code qp_merkle_frontier_add(struct qp_merkle_frontier *frontier,
                                                       const struct qp_hash *leaf,
                                                       struct qp_hash *done, size_t *done_count,
                                                       struct qp_err *err);
QP_API void qp_merkle_frontier_root(const struct qp_merkle_frontier *frontier,
                                    struct qp_hash *root);

/* Root over an array of leaf hashes; count may be 0. */
QP_API void qp_merkle_root(const struct qp_hash *leaves, size_t count, struct qp_hash *root);

/* ---- Checking ---- */

/* QP_OK when the leaf is at leaf_index of the tree with this size and root; else QP_E_INVALID. */
QP_API QP_MUST_USE enum qp_code
qp_merkle_inclusion_check(uint64_t leaf_index, uint64_t tree_size, const struct qp_hash *leaf,
                          const struct qp_hash *path, size_t path_count, const struct qp_hash *root,
                          struct qp_err *err);
/* One version of a tree: how many leaves, which root. */
struct qp_merkle_head {
    uint64_t size;
    struct qp_hash root;
};
/* QP_OK when the newer tree begins with the leaves of the older; else QP_E_INVALID. Equal sizes
 * need equal roots and an empty path. An older size of 0 is refused: everything extends the empty
 * tree, so there is nothing to prove, and a caller that means it must say so itself. */
QP_API QP_MUST_USE enum qp_code qp_merkle_consistency_check(const struct qp_merkle_head *older,
                                                            const struct qp_merkle_head *newer,
                                                            const struct qp_hash *path,
                                                            size_t path_count, struct qp_err *err);

/* ---- Making ---- */

/* Gives the hash of the perfect subtree of 2^level leaves that starts at leaf index << level. It
 * is asked only for subtrees that lie wholly inside the tree. Its failures are passed on. */
struct qp_merkle_reader {
    void *ctx;
    enum qp_code (*node)(void *ctx, uint8_t level, uint64_t index, struct qp_hash *out,
                         struct qp_err *err);
};

/* The leaves start to end - 1; their hash is MTH(D[start:end]) of RFC 6962. */
struct qp_merkle_range {
    uint64_t start;
    uint64_t end;
};

/* Which ranges an inclusion proof is made of, from the leaf upwards; room for QP_MERKLE_PATH_MAX.
 * QP_E_NOT_FOUND when leaf_index is not below tree_size. */
QP_API QP_MUST_USE enum qp_code qp_merkle_inclusion_plan(uint64_t leaf_index, uint64_t tree_size,
                                                         struct qp_merkle_range *ranges,
                                                         size_t *range_count, struct qp_err *err);
/* The same for a consistency proof; 1 <= older_size <= newer_size, else QP_E_USAGE. */
QP_API QP_MUST_USE enum qp_code qp_merkle_consistency_plan(uint64_t older_size, uint64_t newer_size,
                                                           struct qp_merkle_range *ranges,
                                                           size_t *range_count, struct qp_err *err);
/* Hash of a range, folded from perfect subtrees. The range must not be empty, and start must be a
 * multiple of the smallest power of two that is not below its length (all ranges of a plan are);
 * else QP_E_USAGE. {0, size} gives the root. */
QP_API QP_MUST_USE enum qp_code qp_merkle_range_hash(const struct qp_merkle_reader *reader,
                                                     struct qp_merkle_range range,
                                                     struct qp_hash *out, struct qp_err *err);
/* Fill a frontier from a reader: how a log takes up its work again. */
QP_API QP_MUST_USE enum qp_code qp_merkle_frontier_load(struct qp_merkle_frontier *frontier,
                                                        const struct qp_merkle_reader *reader,
                                                        uint64_t tree_size, struct qp_err *err);
/* path has room for QP_MERKLE_PATH_MAX hashes. Errors as for the plans, and the reader's. */
QP_API QP_MUST_USE enum qp_code qp_merkle_inclusion_proof(const struct qp_merkle_reader *reader,
                                                          uint64_t leaf_index, uint64_t tree_size,
                                                          struct qp_hash *path, size_t *path_count,
                                                          struct qp_err *err);
QP_API QP_MUST_USE enum qp_code qp_merkle_consistency_proof(const struct qp_merkle_reader *reader,
                                                            uint64_t older_size,
                                                            uint64_t newer_size,
                                                            struct qp_hash *path,
                                                            size_t *path_count, struct qp_err *err);

/* ---- Multi-proofs: one proof for many leaves, each shared hash once ----
 *
 * Given tree_size and a non-empty, strictly ascending list of leaf indexes, all below tree_size.
 * Call the listed leaves proven. The proof is the list of hashes that P(0, tree_size) emits, where
 * P(start, end) is:
 *   1. if no proven leaf lies in start <= index < end: emit MTH(D[start:end]); done;
 *   2. if end - start = 1: emit nothing; done (the leaf is proven, its hash is known);
 *   3. else let k be the largest power of two below end - start;
 *      do P(start, start + k), then P(start + k, end).
 * To check: R(start, end) gives a hash:
 *   1. if no proven leaf lies in the range: the next hash of the proof, which must be there;
 *   2. if end - start = 1: the hash of that proven leaf;
 *   3. else SHA-256(01 || R(start, start + k) || R(start + k, end)), in this order, same k.
 * R(0, tree_size) is the root; the proof is refused if a hash of it is left over.
 * This is the least number of hashes: each one covers a largest range without a proven leaf, and
 * none can be computed from the others. For one leaf it holds the hashes of the RFC 6962 path, in
 * the order left to right instead of leaf to root. Cost: number of leaves times log2(tree_size). */

/* Which leaves of which tree. */
struct qp_merkle_multi {
    const uint64_t *leaf_indexes; /* strictly ascending */
    size_t leaf_count;            /* 1 or more */
    uint64_t tree_size;
};

/* How many hashes the proof has. QP_E_USAGE when the list is empty, not strictly ascending, or not
 * below tree_size. */
QP_API QP_MUST_USE enum qp_code qp_merkle_multi_count(const struct qp_merkle_multi *multi,
                                                      size_t *hash_count, struct qp_err *err);
/* hashes has room for `capacity`, at least what qp_merkle_multi_count says (else QP_E_USAGE);
 * hash_count: out, how many were written. */
QP_API QP_MUST_USE enum qp_code qp_merkle_multi_proof(const struct qp_merkle_reader *reader,
                                                      const struct qp_merkle_multi *multi,
                                                      struct qp_hash *hashes, size_t capacity,
                                                      size_t *hash_count, struct qp_err *err);
/* The root that the proof leads to; compare it with a trusted one (qp_hash_eq).
 *
 * leaves  hash of each listed leaf, in the same order
 * Returns QP_OK; QP_E_INVALID: the list is empty, not ascending or not below tree_size, or the
 * proof has too few or too many hashes. */
QP_API QP_MUST_USE enum qp_code qp_merkle_multi_root(const struct qp_merkle_multi *multi,
                                                     const struct qp_hash *leaves,
                                                     const struct qp_hash *hashes,
                                                     size_t hash_count, struct qp_hash *root,
                                                     struct qp_err *err);

#ifdef __cplusplus
}
#endif
#endif
