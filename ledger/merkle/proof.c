#include <quipu/merkle.h>

#include "core/check.h"
#include "merkle/split.h"

#include <inttypes.h>

/* ---- Checking: RFC 9162, sections 2.1.3.2 and 2.1.4.2, with its names fn, sn, fr, sr ---- */

static enum qp_code wrong_length(size_t path_count, struct qp_err *err)
{
    return qp_fail(err, QP_E_INVALID,
                   "the Merkle proof has the wrong length (%zu hashes) for its tree", path_count);
}

enum qp_code qp_merkle_inclusion_check(uint64_t leaf_index, uint64_t tree_size,
                                       const struct qp_hash *leaf, const struct qp_hash *path,
                                       size_t path_count, const struct qp_hash *root,
                                       struct qp_err *err)
{
    if (leaf_index >= tree_size || tree_size > QP_MERKLE_SIZE_MAX) {
        return qp_fail(err, QP_E_INVALID, "leaf %" PRIu64 " is not in a tree of %" PRIu64 " leaves",
                       leaf_index, tree_size);
    }
    uint64_t fn = leaf_index;
    uint64_t sn = tree_size - 1;
    struct qp_hash r = *leaf;
    for (size_t i = 0; i < path_count; i++) {
        if (sn == 0) {
            return wrong_length(path_count, err);
        }
        if ((fn & 1) != 0 || fn == sn) {
            qp_hash_node(&r, &path[i], &r);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            qp_hash_node(&r, &r, &path[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0) {
        return wrong_length(path_count, err);
    }
    if (!qp_hash_eq(&r, root)) {
        return qp_fail(err, QP_E_INVALID,
                       "the Merkle proof of leaf %" PRIu64
                       " does not lead to the root of the tree of %" PRIu64 " leaves",
                       leaf_index, tree_size);
    }
    return QP_OK;
}

static enum qp_code not_consistent(uint64_t older, uint64_t newer, struct qp_err *err)
{
    return qp_fail(err, QP_E_INVALID,
                   "the trees of %" PRIu64 " and %" PRIu64
                   " leaves are not shown to be one log; keep both checkpoints as evidence",
                   older, newer);
}

/* Both sizes are 1 or more, older < newer. */
static enum qp_code consistency(const struct qp_merkle_head *older,
                                const struct qp_merkle_head *newer, const struct qp_hash *path,
                                size_t path_count, struct qp_err *err)
{
    uint64_t fn = older->size - 1;
    uint64_t sn = newer->size - 1;
    bool perfect = (older->size & (older->size - 1)) == 0;
    size_t at = 0;
    if (path_count == 0) {
        return wrong_length(path_count, err);
    }
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    /* The old root is itself the first node when the old tree is one perfect subtree. */
    struct qp_hash fr = perfect ? older->root : path[at++];
    struct qp_hash sr = fr;
    for (; at < path_count; at++) {
        if (sn == 0) {
            return wrong_length(path_count, err);
        }
        if ((fn & 1) != 0 || fn == sn) {
            qp_hash_node(&fr, &path[at], &fr);
            qp_hash_node(&sr, &path[at], &sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            qp_hash_node(&sr, &sr, &path[at]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0) {
        return wrong_length(path_count, err);
    }
    if (!qp_hash_eq(&fr, &older->root) || !qp_hash_eq(&sr, &newer->root)) {
        return not_consistent(older->size, newer->size, err);
    }
    return QP_OK;
}

enum qp_code qp_merkle_consistency_check(const struct qp_merkle_head *older,
                                         const struct qp_merkle_head *newer,
                                         const struct qp_hash *path, size_t path_count,
                                         struct qp_err *err)
{
    if (older->size == 0) {
        return qp_fail(err, QP_E_INVALID,
                       "every tree extends the empty tree: a proof from size 0 shows nothing");
    }
    if (older->size > newer->size || newer->size > QP_MERKLE_SIZE_MAX) {
        return qp_fail(err, QP_E_INVALID,
                       "a tree of %" PRIu64 " leaves does not grow into one of %" PRIu64,
                       older->size, newer->size);
    }
    if (older->size < newer->size) {
        return consistency(older, newer, path, path_count, err);
    }
    if (path_count != 0) {
        return wrong_length(path_count, err);
    }
    return qp_hash_eq(&older->root, &newer->root) ? QP_OK
                                                  : not_consistent(older->size, newer->size, err);
}

/* ---- Making: PATH and SUBPROOF of RFC 6962, as ranges ---- */

/* Ranges are found from the root down and wanted from the leaf up. */
static void turn_round(struct qp_merkle_range *ranges, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct qp_merkle_range range = ranges[i];
        ranges[i] = ranges[count - 1 - i];
        ranges[count - 1 - i] = range;
    }
}

enum qp_code qp_merkle_inclusion_plan(uint64_t leaf_index, uint64_t tree_size,
                                      struct qp_merkle_range *ranges, size_t *range_count,
                                      struct qp_err *err)
{
    if (leaf_index >= tree_size || tree_size > QP_MERKLE_SIZE_MAX) {
        return qp_fail(err, QP_E_NOT_FOUND,
                       "leaf %" PRIu64 " is not in a tree of %" PRIu64 " leaves", leaf_index,
                       tree_size);
    }
    struct qp_merkle_range in = {0, tree_size};
    size_t count = 0;
    while (in.end - in.start > 1) {
        uint64_t middle = in.start + qp_merkle_split(in.end - in.start);
        if (leaf_index < middle) {
            ranges[count++] = (struct qp_merkle_range){middle, in.end};
            in.end = middle;
        } else {
            ranges[count++] = (struct qp_merkle_range){in.start, middle};
            in.start = middle;
        }
    }
    QP_ASSERT(count <= QP_MERKLE_PATH_MAX);
    turn_round(ranges, count);
    *range_count = count;
    return QP_OK;
}

enum qp_code qp_merkle_consistency_plan(uint64_t older_size, uint64_t newer_size,
                                        struct qp_merkle_range *ranges, size_t *range_count,
                                        struct qp_err *err)
{
    if (older_size == 0 || older_size > newer_size || newer_size > QP_MERKLE_SIZE_MAX) {
        return qp_fail(err, QP_E_USAGE,
                       "no consistency proof leads from %" PRIu64 " to %" PRIu64 " leaves",
                       older_size, newer_size);
    }
    struct qp_merkle_range in = {0, newer_size};
    size_t count = 0;
    while (older_size < in.end) {
        uint64_t middle = in.start + qp_merkle_split(in.end - in.start);
        if (older_size <= middle) {
            ranges[count++] = (struct qp_merkle_range){middle, in.end};
            in.end = middle;
        } else {
            ranges[count++] = (struct qp_merkle_range){in.start, middle};
            in.start = middle;
        }
    }
    /* What is left ends the old tree. When it is the whole old tree, the checker has its root. */
    if (in.start != 0) {
        ranges[count++] = in;
    }
    QP_ASSERT(count <= QP_MERKLE_PATH_MAX);
    turn_round(ranges, count);
    *range_count = count;
    return QP_OK;
}

static enum qp_code read_ranges(const struct qp_merkle_reader *reader,
                                const struct qp_merkle_range *ranges, size_t count,
                                struct qp_hash *path, size_t *path_count, struct qp_err *err)
{
    for (size_t i = 0; i < count; i++) {
        enum qp_code rc = qp_merkle_range_hash(reader, ranges[i], &path[i], err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    *path_count = count;
    return QP_OK;
}

enum qp_code qp_merkle_inclusion_proof(const struct qp_merkle_reader *reader, uint64_t leaf_index,
                                       uint64_t tree_size, struct qp_hash *path, size_t *path_count,
                                       struct qp_err *err)
{
    struct qp_merkle_range ranges[QP_MERKLE_PATH_MAX];
    size_t count = 0;
    enum qp_code rc = qp_merkle_inclusion_plan(leaf_index, tree_size, ranges, &count, err);
    return rc == QP_OK ? read_ranges(reader, ranges, count, path, path_count, err) : rc;
}

enum qp_code qp_merkle_consistency_proof(const struct qp_merkle_reader *reader, uint64_t older_size,
                                         uint64_t newer_size, struct qp_hash *path,
                                         size_t *path_count, struct qp_err *err)
{
    struct qp_merkle_range ranges[QP_MERKLE_PATH_MAX];
    size_t count = 0;
    enum qp_code rc = qp_merkle_consistency_plan(older_size, newer_size, ranges, &count, err);
    return rc == QP_OK ? read_ranges(reader, ranges, count, path, path_count, err) : rc;
}
