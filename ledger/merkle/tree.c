#include <quipu/merkle.h>

#include "core/check.h"
#include "merkle/split.h"

#include <inttypes.h>

void qp_merkle_frontier_init(struct qp_merkle_frontier *frontier)
{
    *frontier = (struct qp_merkle_frontier){0};
}

/* Adding a leaf is adding 1 to a binary number: each carry joins two perfect subtrees of a level
 * into one of the next. */
enum qp_code qp_merkle_frontier_add(struct qp_merkle_frontier *frontier, const struct qp_hash *leaf,
                                    struct qp_hash *done, size_t *done_count, struct qp_err *err)
{
    if (frontier->size >= QP_MERKLE_SIZE_MAX) {
        return qp_fail(err, QP_E_REFUSED, "the tree is full: it has 2^63 leaves");
    }
    struct qp_hash node = *leaf;
    size_t level = 0;
    if (done != NULL) {
        done[0] = node;
    }
    for (uint64_t bits = frontier->size; (bits & 1) != 0; bits >>= 1) {
        qp_hash_node(&node, &frontier->nodes[level], &node);
        level++;
        if (done != NULL) {
            done[level] = node;
        }
    }
    frontier->nodes[level] = node;
    frontier->size++;
    if (done_count != NULL) {
        *done_count = level + 1;
    }
    return QP_OK;
}

void qp_merkle_frontier_root(const struct qp_merkle_frontier *frontier, struct qp_hash *root)
{
    bool begun = false;
    struct qp_hash node;
    if (frontier->size == 0) {
        qp_hash_empty_tree(&node);
    }
    for (size_t level = 0; level < QP_MERKLE_LEVELS; level++) {
        if ((frontier->size >> level & 1) == 0) {
            continue;
        }
        if (begun) {
            qp_hash_node(&node, &frontier->nodes[level], &node);
        } else {
            node = frontier->nodes[level];
            begun = true;
        }
    }
    *root = node;
}

void qp_merkle_root(const struct qp_hash *leaves, size_t count, struct qp_hash *root)
{
    struct qp_merkle_frontier frontier;
    qp_merkle_frontier_init(&frontier);
    for (size_t i = 0; i < count; i++) {
        enum qp_code rc = qp_merkle_frontier_add(&frontier, &leaves[i], NULL, NULL, NULL);
        QP_ASSERT(rc == QP_OK); /* an array cannot have 2^63 hashes */
    }
    qp_merkle_frontier_root(&frontier, root);
}

static bool range_is_whole(struct qp_merkle_range range)
{
    if (range.start >= range.end || range.end > QP_MERKLE_SIZE_MAX) {
        return false;
    }
    uint64_t length = range.end - range.start;
    uint64_t around = length == 1 ? 1 : 2 * qp_merkle_split(length);
    return (range.start & (around - 1)) == 0;
}

enum qp_code qp_merkle_range_hash(const struct qp_merkle_reader *reader,
                                  struct qp_merkle_range range, struct qp_hash *out,
                                  struct qp_err *err)
{
    struct qp_hash right;
    struct qp_hash left;
    bool begun = false;
    if (!range_is_whole(range)) {
        return qp_fail(err, QP_E_USAGE, "leaves %" PRIu64 " to %" PRIu64 " are no subtree",
                       range.start, range.end);
    }
    /* Perfect subtrees stand in the range by falling size, as the bits of its length. They are
     * joined from the right. */
    uint64_t end = range.end;
    for (uint8_t level = 0; end > range.start; level++) {
        uint64_t size = UINT64_C(1) << level;
        if (((end - range.start) & size) == 0) {
            continue;
        }
        end -= size;
        enum qp_code rc = reader->node(reader->ctx, level, end >> level, &left, err);
        if (rc != QP_OK) {
            return rc;
        }
        if (begun) {
            qp_hash_node(&right, &left, &right);
        } else {
            right = left;
            begun = true;
        }
    }
    *out = right;
    return QP_OK;
}

enum qp_code qp_merkle_frontier_load(struct qp_merkle_frontier *frontier,
                                     const struct qp_merkle_reader *reader, uint64_t tree_size,
                                     struct qp_err *err)
{
    struct qp_merkle_frontier loaded;
    if (tree_size > QP_MERKLE_SIZE_MAX) {
        return qp_fail(err, QP_E_USAGE, "a tree has at most 2^63 leaves");
    }
    qp_merkle_frontier_init(&loaded);
    loaded.size = tree_size;
    for (uint8_t level = 0; level < QP_MERKLE_LEVELS; level++) {
        if ((tree_size >> level & 1) == 0) {
            continue;
        }
        /* To the left of it stand the larger subtrees: their leaves are the higher bits. */
        uint64_t index = (tree_size >> level) - 1;
        enum qp_code rc = reader->node(reader->ctx, level, index, &loaded.nodes[level], err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    *frontier = loaded;
    return QP_OK;
}
