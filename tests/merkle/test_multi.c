#include "test.h"

#include <quipu/merkle.h>

#define LEAVES 70

static struct qp_hash leaves[LEAVES];

static int make_leaves(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < LEAVES; i++) {
        uint8_t bytes[4];
        qp_store_be32(bytes, i);
        qp_hash_leaf(&leaves[i], qp_span_of(bytes, sizeof bytes));
    }
    return 0;
}

static enum qp_code node(void *ctx, uint8_t level, uint64_t index, struct qp_hash *out,
                         struct qp_err *err)
{
    uint64_t size = *(uint64_t *)ctx;
    if ((index + 1) << level > size) {
        return qp_fail(err, QP_E_STORE, "asked for a node outside the tree");
    }
    qp_merkle_root(leaves + (index << level), (size_t)1 << level, out);
    return QP_OK;
}

/* Largest subtrees of RFC 6962 without a proven leaf, found by trying: a subtree counts when it
 * has no proven leaf and the one around it has. This is the least number of hashes. */
static size_t least_count(const bool *proven, uint64_t start, uint64_t end, bool around_has)
{
    bool has = false;
    for (uint64_t i = start; i < end; i++) {
        has = has || proven[i];
    }
    size_t count = !has && around_has ? 1 : 0;
    if (end - start > 1) {
        uint64_t k = 1;
        while (k * 2 < end - start) {
            k *= 2;
        }
        count += least_count(proven, start, start + k, has);
        count += least_count(proven, start + k, end, has);
    }
    return count;
}

struct chosen {
    uint64_t indexes[LEAVES];
    struct qp_hash hashes[LEAVES];
    bool proven[LEAVES];
    struct qp_merkle_multi multi;
};

static void choose(struct chosen *chosen, uint64_t size, const bool *proven)
{
    size_t count = 0;
    memcpy(chosen->proven, proven, LEAVES * sizeof *proven);
    for (uint64_t i = 0; i < size; i++) {
        if (proven[i]) {
            chosen->indexes[count] = i;
            chosen->hashes[count] = leaves[i];
            count++;
        }
    }
    chosen->multi = (struct qp_merkle_multi){chosen->indexes, count, size};
}

/* Makes the proof of the chosen leaves and sees that it holds, that it is the least, and that it
 * breaks when touched. `thorough` flips every bit; otherwise one bit of each hash. */
static void prove(struct chosen *chosen, bool thorough)
{
    uint64_t size = chosen->multi.tree_size;
    struct qp_merkle_reader reader = {&size, node};
    struct qp_hash proof[LEAVES + 1];
    struct qp_hash want;
    struct qp_hash root;
    size_t count = 0;
    size_t planned = 0;
    qp_merkle_root(leaves, (size_t)size, &want);
    assert_ok(qp_merkle_multi_count(&chosen->multi, &planned, err));
    assert_ok(qp_merkle_multi_proof(&reader, &chosen->multi, proof, LEAVES, &count, err));
    assert_int_equal(count, planned);
    assert_int_equal(count, least_count(chosen->proven, 0, size, false));
    assert_ok(qp_merkle_multi_root(&chosen->multi, chosen->hashes, proof, count, &root, err));
    assert_true(qp_hash_eq(&root, &want));
    if (count > 0) {
        assert_int_equal(
            qp_merkle_multi_proof(&reader, &chosen->multi, proof, count - 1, &planned, NULL),
            QP_E_USAGE);
        assert_int_equal(
            qp_merkle_multi_root(&chosen->multi, chosen->hashes, proof, count - 1, &root, NULL),
            QP_E_INVALID);
    }
    proof[count] = leaves[0];
    assert_int_equal(
        qp_merkle_multi_root(&chosen->multi, chosen->hashes, proof, count + 1, &root, NULL),
        QP_E_INVALID);
    for (size_t bit = 0; bit < count * 256; bit += thorough ? 1 : 256 - 7) {
        proof[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1U << bit % 8);
        assert_ok(qp_merkle_multi_root(&chosen->multi, chosen->hashes, proof, count, &root, err));
        assert_false(qp_hash_eq(&root, &want));
        proof[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t i = 0; i < chosen->multi.leaf_count; i++) {
        chosen->hashes[i].bytes[i % 32] ^= 1;
        assert_ok(qp_merkle_multi_root(&chosen->multi, chosen->hashes, proof, count, &root, err));
        assert_false(qp_hash_eq(&root, &want));
        chosen->hashes[i].bytes[i % 32] ^= 1;
    }
}

static void proves_every_set_of_leaves_of_small_trees(void **state)
{
    (void)state;
    struct chosen chosen;
    for (uint64_t size = 1; size <= 9; size++) {
        for (uint32_t set = 1; set < 1U << size; set++) {
            bool proven[LEAVES] = {false};
            for (uint64_t i = 0; i < size; i++) {
                proven[i] = (set >> i & 1) != 0;
            }
            choose(&chosen, size, proven);
            prove(&chosen, size == 7);
        }
    }
}

/* A fixed sequence, so that a failure can be seen again. */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void proves_random_sets_of_leaves(void **state)
{
    (void)state;
    struct chosen chosen;
    uint64_t seed = UINT64_C(88172645463325252);
    for (uint64_t size = 1; size <= LEAVES; size++) {
        for (int round = 0; round < 12; round++) {
            bool proven[LEAVES] = {false};
            proven[next_random(&seed) % size] = true;
            for (uint64_t i = 0; i < size; i++) {
                proven[i] = proven[i] || next_random(&seed) % 12 < (uint64_t)round;
            }
            choose(&chosen, size, proven);
            prove(&chosen, false);
        }
    }
}

static void proves_one_leaf_with_the_hashes_of_its_path(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct qp_merkle_reader reader = {&size, node};
        for (uint64_t at = 0; at < size; at++) {
            struct qp_merkle_multi multi = {&at, 1, size};
            struct qp_hash path[QP_MERKLE_PATH_MAX];
            struct qp_hash proof[QP_MERKLE_PATH_MAX];
            size_t path_count = 0;
            size_t count = 0;
            assert_ok(qp_merkle_inclusion_proof(&reader, at, size, path, &path_count, err));
            assert_ok(qp_merkle_multi_proof(&reader, &multi, proof, 64, &count, err));
            assert_int_equal(count, path_count);
            for (size_t i = 0; i < count; i++) {
                bool found = false;
                for (size_t j = 0; j < count; j++) {
                    found = found || qp_hash_eq(&path[i], &proof[j]);
                }
                assert_true(found);
            }
        }
    }
}

static void refuses_a_wrong_list_of_leaves(void **state)
{
    (void)state;
    uint64_t size = 10;
    struct qp_merkle_reader reader = {&size, node};
    uint64_t twice[] = {3, 3};
    uint64_t falling[] = {4, 3};
    uint64_t outside[] = {3, 10};
    const struct qp_merkle_multi bad[] = {{twice, 0, 10},   {twice, 2, 10},
                                          {falling, 2, 10}, {outside, 2, 10},
                                          {twice, 1, 0},    {twice, 1, QP_MERKLE_SIZE_MAX + 1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct qp_hash proof[64] = {{{0}}};
        struct qp_hash root;
        size_t count = 0;
        assert_int_equal(qp_merkle_multi_count(&bad[i], &count, NULL), QP_E_USAGE);
        assert_int_equal(qp_merkle_multi_proof(&reader, &bad[i], proof, 64, &count, NULL),
                         QP_E_USAGE);
        assert_int_equal(qp_merkle_multi_root(&bad[i], leaves, proof, 64, &root, NULL),
                         QP_E_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proves_every_set_of_leaves_of_small_trees),
        cmocka_unit_test(proves_random_sets_of_leaves),
        cmocka_unit_test(proves_one_leaf_with_the_hashes_of_its_path),
        cmocka_unit_test(refuses_a_wrong_list_of_leaves),
    };
    return cmocka_run_group_tests(tests, make_leaves, NULL);
}
