#include <quipu/merkle.h>

#include "core/check.h"
#include "merkle/split.h"

#include <inttypes.h>
#include <string.h>

/* One walk serves counting, making and checking (P and R of merkle.h). The range is the subtree at
 * hand; first and count say which of the listed leaves lie in it. Each level halves the range, so
 * the depth is at most 64. */
struct part {
    struct qp_merkle_range range;
    size_t first;
    size_t count;
};

static void split_part(const uint64_t *leaf_indexes, const struct part *whole, struct part *left,
                       struct part *right)
{
    uint64_t middle = whole->range.start + qp_merkle_split(whole->range.end - whole->range.start);
    /* Binary search for the first listed leaf at or behind the middle. */
    size_t low = whole->first;
    size_t high = whole->first + whole->count;
    while (low < high) {
        size_t at = low + (high - low) / 2;
        if (leaf_indexes[at] < middle) {
            low = at + 1;
        } else {
            high = at;
        }
    }
    *left = (struct part){{whole->range.start, middle}, whole->first, low - whole->first};
    *right = (struct part){{middle, whole->range.end}, low, whole->count - left->count};
}

static enum qp_code check_list(const struct qp_merkle_multi *multi, enum qp_code code,
                               struct qp_err *err)
{
    if (multi->leaf_count == 0) {
        return qp_fail(err, code, "a proof of no leaf proves nothing");
    }
    if (multi->tree_size > QP_MERKLE_SIZE_MAX) {
        return qp_fail(err, code, "a tree has at most 2^63 leaves");
    }
    for (size_t i = 0; i < multi->leaf_count; i++) {
        if (multi->leaf_indexes[i] >= multi->tree_size) {
            return qp_fail(err, code, "leaf %" PRIu64 " is not in a tree of %" PRIu64 " leaves",
                           multi->leaf_indexes[i], multi->tree_size);
        }
        if (i > 0 && multi->leaf_indexes[i] <= multi->leaf_indexes[i - 1]) {
            return qp_fail(err, code,
                           "the leaves of a proof must ascend, but %" PRIu64 " follows %" PRIu64,
                           multi->leaf_indexes[i], multi->leaf_indexes[i - 1]);
        }
    }
    return QP_OK;
}

/* ---- Counting ---- */

static size_t count_part(const uint64_t *leaf_indexes, const struct part *part)
{
    struct part left;
    struct part right;
    if (part->count == 0) {
        return 1;
    }
    if (part->range.end - part->range.start == 1) {
        return 0;
    }
    split_part(leaf_indexes, part, &left, &right);
    return count_part(leaf_indexes, &left) + count_part(leaf_indexes, &right);
}

enum qp_code qp_merkle_multi_count(const struct qp_merkle_multi *multi, size_t *hash_count,
                                   struct qp_err *err)
{
    enum qp_code rc = check_list(multi, QP_E_USAGE, err);
    if (rc == QP_OK) {
        struct part whole = {{0, multi->tree_size}, 0, multi->leaf_count};
        *hash_count = count_part(multi->leaf_indexes, &whole);
    }
    return rc;
}

/* ---- Making ---- */

struct maker {
    const struct qp_merkle_reader *reader;
    const uint64_t *leaf_indexes;
    struct qp_hash *hashes;
    size_t hash_count;
};

static enum qp_code make_part(struct maker *maker, const struct part *part, struct qp_err *err)
{
    struct part left;
    struct part right;
    if (part->count == 0) {
        return qp_merkle_range_hash(maker->reader, part->range, &maker->hashes[maker->hash_count++],
                                    err);
    }
    if (part->range.end - part->range.start == 1) {
        return QP_OK;
    }
    split_part(maker->leaf_indexes, part, &left, &right);
    enum qp_code rc = make_part(maker, &left, err);
    return rc == QP_OK ? make_part(maker, &right, err) : rc;
}

enum qp_code qp_merkle_multi_proof(const struct qp_merkle_reader *reader,
                                   const struct qp_merkle_multi *multi, struct qp_hash *hashes,
                                   size_t capacity, size_t *hash_count, struct qp_err *err)
{
    size_t need = 0;
    enum qp_code rc = qp_merkle_multi_count(multi, &need, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (need > capacity) {
        return qp_fail(err, QP_E_USAGE, "the proof has %zu hashes; there is room for %zu", need,
                       capacity);
    }
    struct maker maker = {reader, multi->leaf_indexes, hashes, 0};
    struct part whole = {{0, multi->tree_size}, 0, multi->leaf_count};
    rc = make_part(&maker, &whole, err);
    if (rc == QP_OK) {
        QP_ASSERT(maker.hash_count == need);
        *hash_count = need;
    }
    return rc;
}

/* ---- Checking ---- */

struct checker {
    const uint64_t *leaf_indexes;
    const struct qp_hash *leaves;
    const struct qp_hash *hashes;
    size_t hash_count;
    size_t used;
};

/* False when the proof has too few hashes. */
static bool root_of_part(struct checker *checker, const struct part *part, struct qp_hash *out)
{
    struct part left;
    struct part right;
    struct qp_hash left_hash;
    struct qp_hash right_hash;
    if (part->count == 0) {
        if (checker->used == checker->hash_count) {
            return false;
        }
        *out = checker->hashes[checker->used++];
        return true;
    }
    if (part->range.end - part->range.start == 1) {
        *out = checker->leaves[part->first];
        return true;
    }
    split_part(checker->leaf_indexes, part, &left, &right);
    if (!root_of_part(checker, &left, &left_hash) || !root_of_part(checker, &right, &right_hash)) {
        return false;
    }
    qp_hash_node(out, &left_hash, &right_hash);
    return true;
}

enum qp_code qp_merkle_multi_root(const struct qp_merkle_multi *multi, const struct qp_hash *leaves,
                                  const struct qp_hash *hashes, size_t hash_count,
                                  struct qp_hash *root, struct qp_err *err)
{
    struct qp_hash made;
    enum qp_code rc = check_list(multi, QP_E_INVALID, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct checker checker = {multi->leaf_indexes, leaves, hashes, hash_count, 0};
    struct part whole = {{0, multi->tree_size}, 0, multi->leaf_count};
    if (!root_of_part(&checker, &whole, &made)) {
        return qp_fail(err, QP_E_INVALID,
                       "the Merkle proof of %zu leaves is too short: %zu hashes are not enough",
                       multi->leaf_count, hash_count);
    }
    if (checker.used != hash_count) {
        return qp_fail(err, QP_E_INVALID,
                       "the Merkle proof of %zu leaves is too long: it has %zu hashes, %zu are "
                       "needed",
                       multi->leaf_count, hash_count, checker.used);
    }
    *root = made;
    return QP_OK;
}
