#include "test.h"

#include <quipu/merkle.h>

#include <jansson.h>

#include <dirent.h>
#include <sys/stat.h>

/* The slow way of RFC 6962, section 2.1, against which everything else is held. */
static struct qp_hash naive_root(const struct qp_hash *leaves, uint64_t start, uint64_t end)
{
    struct qp_hash out;
    if (start == end) {
        qp_hash_plain(&out, qp_span_of(NULL, 0));
        return out;
    }
    if (end - start == 1) {
        return leaves[start];
    }
    uint64_t k = 1;
    while (k * 2 < end - start) {
        k *= 2;
    }
    struct qp_hash left = naive_root(leaves, start, start + k);
    struct qp_hash right = naive_root(leaves, start + k, end);
    qp_hash_node(&out, &left, &right);
    return out;
}

#define LEAVES 300

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

/* Only whole subtrees of a tree of `size` leaves may be asked for. */
struct small_tree {
    uint64_t size;
    size_t asked;
};

static enum qp_code small_node(void *ctx, uint8_t level, uint64_t index, struct qp_hash *out,
                               struct qp_err *err)
{
    struct small_tree *tree = ctx;
    uint64_t start = index << level;
    uint64_t end = (index + 1) << level;
    tree->asked++;
    if (end > tree->size) {
        return qp_fail(err, QP_E_STORE, "asked for a node outside the tree");
    }
    *out = naive_root(leaves, start, end);
    return QP_OK;
}

static void assert_same(const struct qp_hash *a, const struct qp_hash *b)
{
    assert_memory_equal(a->bytes, b->bytes, sizeof a->bytes);
}

static void assert_hex(const struct qp_hash *hash, const char *hex)
{
    char text[65];
    qp_hash_hex(text, hash);
    assert_string_equal(text, hex);
}

static void gives_the_published_answers(void **state)
{
    (void)state;
    /* The eight leaves that Certificate Transparency implementations test with. */
    static const struct {
        const char *bytes;
        size_t len;
        const char *root;
    } cases[] = {
        {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"\x50\x51\x52\x53\x54\x55\x56\x57", 8,
         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}};
    struct qp_merkle_frontier frontier;
    struct qp_hash root;
    struct qp_hash leaf;
    qp_merkle_frontier_init(&frontier);
    qp_merkle_frontier_root(&frontier, &root);
    assert_hex(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qp_hash_leaf(&leaf, qp_span_of(cases[i].bytes, cases[i].len));
        assert_ok(qp_merkle_frontier_add(&frontier, &leaf, NULL, NULL, err));
        qp_merkle_frontier_root(&frontier, &root);
        assert_hex(&root, cases[i].root);
    }
}

static void grows_to_the_same_root_as_the_slow_way(void **state)
{
    (void)state;
    struct qp_merkle_frontier frontier;
    struct qp_merkle_frontier loaded;
    qp_merkle_frontier_init(&frontier);
    for (uint64_t size = 0; size <= LEAVES; size++) {
        struct qp_hash want = naive_root(leaves, 0, size);
        struct qp_hash root;
        qp_merkle_frontier_root(&frontier, &root);
        assert_same(&root, &want);
        qp_merkle_root(leaves, (size_t)size, &root);
        assert_same(&root, &want);
        struct small_tree tree = {size, 0};
        struct qp_merkle_reader reader = {&tree, small_node};
        assert_ok(qp_merkle_frontier_load(&loaded, &reader, size, err));
        qp_merkle_frontier_root(&loaded, &root);
        assert_same(&root, &want);
        if (size < LEAVES) {
            struct qp_hash done[QP_MERKLE_LEVELS];
            size_t done_count = 0;
            assert_ok(qp_merkle_frontier_add(&frontier, &leaves[size], done, &done_count, err));
            assert_int_equal(done_count, __builtin_ctzll(size + 1) + 1);
            for (size_t level = 0; level < done_count; level++) {
                uint64_t start = size >> level << level;
                want = naive_root(leaves, start, start + (UINT64_C(1) << level));
                assert_same(&done[level], &want);
            }
        }
    }
}

static void proves_every_leaf_of_every_small_tree(void **state)
{
    (void)state;
    struct qp_hash path[QP_MERKLE_PATH_MAX + 1];
    for (uint64_t size = 1; size <= 70; size++) {
        struct small_tree tree = {size, 0};
        struct qp_merkle_reader reader = {&tree, small_node};
        struct qp_hash root = naive_root(leaves, 0, size);
        for (uint64_t at = 0; at < size; at++) {
            size_t count = 0;
            assert_ok(qp_merkle_inclusion_proof(&reader, at, size, path, &count, err));
            assert_ok(qp_merkle_inclusion_check(at, size, &leaves[at], path, count, &root, err));
            for (uint64_t other = 0; other <= size; other++) {
                if (other != at) {
                    assert_int_equal(qp_merkle_inclusion_check(other, size, &leaves[at], path,
                                                               count, &root, NULL),
                                     QP_E_INVALID);
                }
            }
            path[count] = leaves[0];
            assert_int_equal(
                qp_merkle_inclusion_check(at, size, &leaves[at], path, count + 1, &root, NULL),
                QP_E_INVALID);
            if (count > 0) {
                assert_int_equal(
                    qp_merkle_inclusion_check(at, size, &leaves[at], path, count - 1, &root, NULL),
                    QP_E_INVALID);
            }
        }
        size_t count = 0;
        assert_int_equal(qp_merkle_inclusion_proof(&reader, size, size, path, &count, NULL),
                         QP_E_NOT_FOUND);
    }
}

static void proves_that_every_small_tree_grew(void **state)
{
    (void)state;
    struct qp_hash path[QP_MERKLE_PATH_MAX + 1];
    for (uint64_t newer = 1; newer <= 70; newer++) {
        struct small_tree tree = {newer, 0};
        struct qp_merkle_reader reader = {&tree, small_node};
        struct qp_merkle_head new_head = {newer, naive_root(leaves, 0, newer)};
        for (uint64_t older = 1; older <= newer; older++) {
            struct qp_merkle_head old_head = {older, naive_root(leaves, 0, older)};
            size_t count = 0;
            assert_ok(qp_merkle_consistency_proof(&reader, older, newer, path, &count, err));
            assert_ok(qp_merkle_consistency_check(&old_head, &new_head, path, count, err));
            for (size_t i = 0; i < count; i++) {
                path[i].bytes[i % 32] ^= 0x10;
                assert_int_equal(
                    qp_merkle_consistency_check(&old_head, &new_head, path, count, NULL),
                    QP_E_INVALID);
                path[i].bytes[i % 32] ^= 0x10;
            }
            path[count] = leaves[0];
            assert_int_equal(
                qp_merkle_consistency_check(&old_head, &new_head, path, count + 1, NULL),
                QP_E_INVALID);
            if (count > 0) {
                assert_int_equal(
                    qp_merkle_consistency_check(&old_head, &new_head, path, count - 1, NULL),
                    QP_E_INVALID);
            }
            struct qp_merkle_head forged = old_head;
            forged.root.bytes[31] ^= 1;
            assert_int_equal(qp_merkle_consistency_check(&forged, &new_head, path, count, NULL),
                             QP_E_INVALID);
            forged = new_head;
            forged.root.bytes[0] ^= 0x80;
            assert_int_equal(qp_merkle_consistency_check(&old_head, &forged, path, count, NULL),
                             QP_E_INVALID);
        }
        struct qp_merkle_head empty = {0, naive_root(leaves, 0, 0)};
        assert_int_equal(qp_merkle_consistency_check(&empty, &new_head, NULL, 0, NULL),
                         QP_E_INVALID);
    }
}

/* A tree whose subtrees are made from their place alone: as large as a tree can be. */
static enum qp_code vast_node(void *ctx, uint8_t level, uint64_t index, struct qp_hash *out,
                              struct qp_err *err)
{
    (void)err;
    uint8_t bytes[9];
    bytes[0] = level;
    qp_store_be64(bytes + 1, index);
    ++*(size_t *)ctx;
    qp_hash_plain(out, qp_span_of(bytes, sizeof bytes));
    return QP_OK;
}

static void works_at_once_on_the_largest_trees(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {UINT64_C(1) << 62, (UINT64_C(1) << 62) + 1,
                                     QP_MERKLE_SIZE_MAX - 1, QP_MERKLE_SIZE_MAX};
    struct qp_hash path[QP_MERKLE_PATH_MAX];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t asked = 0;
        size_t count = 0;
        struct qp_merkle_reader reader = {&asked, vast_node};
        struct qp_hash leaf;
        struct qp_hash root;
        assert_ok(qp_merkle_inclusion_proof(&reader, sizes[i] / 3, sizes[i], path, &count, err));
        assert_in_range(count, 62, 64);
        assert_true(asked < 200);
        qp_hash_leaf(&leaf, qp_span_of("x", 1));
        qp_hash_empty_tree(&root);
        assert_int_equal(
            qp_merkle_inclusion_check(sizes[i] / 3, sizes[i], &leaf, path, count, &root, NULL),
            QP_E_INVALID);
        assert_ok(qp_merkle_consistency_proof(&reader, sizes[i] / 3, sizes[i], path, &count, err));
        assert_true(count <= 64);
        assert_ok(qp_merkle_range_hash(&reader, (struct qp_merkle_range){0, sizes[i]}, &root, err));
        uint64_t indexes[3] = {0, sizes[i] / 2, sizes[i] - 1};
        struct qp_merkle_multi multi = {indexes, 3, sizes[i]};
        struct qp_hash hashes[3 * QP_MERKLE_PATH_MAX];
        struct qp_hash three[3] = {leaf, leaf, leaf};
        assert_ok(qp_merkle_multi_proof(&reader, &multi, hashes, 192, &count, err));
        assert_ok(qp_merkle_multi_root(&multi, three, hashes, count, &root, err));
        assert_int_equal(qp_merkle_multi_root(&multi, three, hashes, count - 1, &root, NULL),
                         QP_E_INVALID);
    }
    struct qp_merkle_frontier full = {.size = QP_MERKLE_SIZE_MAX};
    assert_int_equal(qp_merkle_frontier_add(&full, &path[0], NULL, NULL, NULL), QP_E_REFUSED);
    size_t count = 0;
    struct qp_merkle_range ranges[QP_MERKLE_PATH_MAX];
    assert_int_equal(qp_merkle_inclusion_plan(0, QP_MERKLE_SIZE_MAX + 1, ranges, &count, NULL),
                     QP_E_NOT_FOUND);
    assert_int_equal(qp_merkle_consistency_plan(1, UINT64_MAX, ranges, &count, NULL), QP_E_USAGE);
}

static void refuses_ranges_that_are_no_subtree(void **state)
{
    (void)state;
    struct small_tree tree = {LEAVES, 0};
    struct qp_merkle_reader reader = {&tree, small_node};
    static const struct qp_merkle_range bad[] = {{0, 0}, {3, 2}, {1, 3},
                                                 {2, 5}, {4, 9}, {0, UINT64_MAX}};
    struct qp_hash out;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(qp_merkle_range_hash(&reader, bad[i], &out, NULL), QP_E_USAGE);
    }
    assert_ok(qp_merkle_range_hash(&reader, (struct qp_merkle_range){4, 7}, &out, err));
    struct qp_hash want = naive_root(leaves, 4, 7);
    assert_same(&out, &want);
    tree.size = 6; /* the reader's own refusal comes through */
    assert_int_equal(qp_merkle_range_hash(&reader, (struct qp_merkle_range){4, 7}, &out, NULL),
                     QP_E_STORE);
}

/* ---- The published proofs of transparency-dev/merkle, where they are at hand ---- */

struct tally {
    size_t seen;
    size_t wrong;
};

static struct qp_span decode(const json_t *value, struct qp_buf *into)
{
    into->len = 0;
    if (json_is_string(value)) {
        assert_ok(qp_base64_decode(into, qp_span_text(json_string_value(value)), err));
    }
    return qp_span_buf(into);
}

/* False when the value cannot be a hash: no verifier of ours can even be asked. Some cases stand in
 * short words for roots; they are filled up with zeros, which keeps different ones different. */
static bool decode_hash(const json_t *value, struct qp_hash *hash)
{
    struct qp_buf bytes = {0};
    struct qp_span span = decode(value, &bytes);
    bool good = span.len > 0 && span.len <= sizeof hash->bytes;
    if (good) {
        memset(hash->bytes, 0, sizeof hash->bytes);
        memcpy(hash->bytes, span.data, span.len);
    }
    qp_buf_wipe(&bytes);
    return good;
}

static bool decode_path(const json_t *list, struct qp_hash *path, size_t *count)
{
    *count = json_array_size(list);
    assert_true(*count <= 80);
    for (size_t i = 0; i < *count; i++) {
        if (!decode_hash(json_array_get(list, i), &path[i])) {
            return false;
        }
    }
    return true;
}

/* The files hold 2^64 - 1 as well, which only fits jansson as a real. */
static uint64_t number(const json_t *json, const char *name)
{
    double value = json_real_value(json_object_get(json, name));
    return value < 9e15 ? (uint64_t)value : UINT64_MAX;
}

static bool holds(const json_t *json)
{
    struct qp_hash path[80];
    size_t count = 0;
    if (!decode_path(json_object_get(json, "proof"), path, &count)) {
        return false;
    }
    if (json_object_get(json, "leafHash") != NULL) {
        struct qp_hash leaf;
        struct qp_hash root;
        return decode_hash(json_object_get(json, "leafHash"), &leaf) &&
               decode_hash(json_object_get(json, "root"), &root) &&
               qp_merkle_inclusion_check(number(json, "leafIdx"), number(json, "treeSize"), &leaf,
                                         path, count, &root, NULL) == QP_OK;
    }
    struct qp_merkle_head older = {.size = number(json, "size1")};
    struct qp_merkle_head newer = {.size = number(json, "size2")};
    return decode_hash(json_object_get(json, "root1"), &older.root) &&
           decode_hash(json_object_get(json, "root2"), &newer.root) &&
           qp_merkle_consistency_check(&older, &newer, path, count, NULL) == QP_OK;
}

static void walk(const char *folder, struct tally *tally)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[1024];
        struct stat about;
        if (entry->d_name[0] == '.') {
            continue;
        }
        int n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        assert_in_range(n, 1, sizeof path - 1);
        assert_int_equal(stat(path, &about), 0);
        if (S_ISDIR(about.st_mode)) {
            walk(path, tally);
            continue;
        }
        json_t *json = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
        assert_non_null(json);
        bool expected = !json_is_true(json_object_get(json, "wantErr"));
        tally->seen++;
        if (holds(json) != expected) {
            tally->wrong++;
            print_message("%s: expected %s\n", path, expected ? "good" : "refused");
        }
        json_decref(json);
    }
    closedir(dir);
}

static void judges_the_published_proofs_as_expected(void **state)
{
    (void)state;
    char path[1024];
    if (!test_shared(path, sizeof path, "merkle/LICENSE")) {
        skip();
    }
    memcpy(strrchr(path, '/'), "/testdata", sizeof "/testdata");
    struct tally tally = {0, 0};
    walk(path, &tally);
    assert_int_equal(tally.seen, 196);
    assert_int_equal(tally.wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_answers),
        cmocka_unit_test(grows_to_the_same_root_as_the_slow_way),
        cmocka_unit_test(proves_every_leaf_of_every_small_tree),
        cmocka_unit_test(proves_that_every_small_tree_grew),
        cmocka_unit_test(works_at_once_on_the_largest_trees),
        cmocka_unit_test(refuses_ranges_that_are_no_subtree),
        cmocka_unit_test(judges_the_published_proofs_as_expected),
    };
    return cmocka_run_group_tests(tests, make_leaves, NULL);
}
