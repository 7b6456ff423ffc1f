#include "test.h"

#include <quipu/hash.h>

static void assert_hex(const struct qp_hash *hash, const char *hex)
{
    char text[65];
    qp_hash_hex(text, hash);
    assert_string_equal(text, hex);
}

/* FIPS 180-2, and the RFC 6962 constants that other logs test with. */
static void gives_the_published_answers(void **state)
{
    (void)state;
    struct qp_hash hash;
    struct qp_hash left;
    struct qp_hash right;
    qp_hash_plain(&hash, qp_span_text("abc"));
    assert_hex(&hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    qp_hash_empty_tree(&hash);
    assert_hex(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    qp_hash_leaf(&hash, qp_span_of(NULL, 0));
    assert_hex(&hash, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    qp_hash_leaf(&hash, qp_span_text("L123456"));
    assert_hex(&hash, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    qp_hash_leaf(&left, qp_span_of("", 1));
    qp_hash_leaf(&right, qp_span_of(NULL, 0));
    qp_hash_node(&hash, &right, &left);
    assert_hex(&hash, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    qp_hash_node(&right, &right, &left); /* in place */
    assert_true(qp_hash_eq(&hash, &right));
}

static void gives_each_use_a_hash_of_its_own(void **state)
{
    (void)state;
    uint8_t bytes[64] = {7};
    struct qp_salt salt;
    struct qp_hash halves[2];
    struct qp_hash made[5];
    memcpy(salt.bytes, bytes, sizeof salt.bytes);
    memcpy(halves, bytes, sizeof halves);
    qp_hash_plain(&made[0], qp_span_of(bytes, sizeof bytes));
    qp_hash_leaf(&made[1], qp_span_of(bytes, sizeof bytes));
    qp_hash_node(&made[2], &halves[0], &halves[1]);
    qp_hash_statement(&made[3], qp_span_of(bytes, sizeof bytes));
    qp_hash_sealed(&made[4], &salt, qp_span_of(bytes + 32, 32));
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = i + 1; j < 5; j++) {
            assert_false(qp_hash_eq(&made[i], &made[j]));
        }
    }
}

static void hashes_pieces_as_the_whole(void **state)
{
    (void)state;
    uint8_t bytes[300];
    struct qp_salt salt;
    memset(salt.bytes, 9, sizeof salt.bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 31);
    }
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        struct qp_span head = qp_span_of(bytes, cut);
        struct qp_span tail = qp_span_of(bytes + cut, sizeof bytes - cut);
        struct qp_span all = qp_span_of(bytes, sizeof bytes);
        struct qp_hasher hasher;
        struct qp_hash pieces;
        struct qp_hash whole;
        qp_hasher_init_tag(&hasher, QP_TAG_STATEMENT);
        qp_hasher_add(&hasher, head);
        qp_hasher_add(&hasher, tail);
        qp_hasher_final(&hasher, &pieces);
        qp_hash_statement(&whole, all);
        assert_true(qp_hash_eq(&pieces, &whole));
        qp_hasher_init_sealed(&hasher, &salt);
        qp_hasher_add(&hasher, head);
        qp_hasher_add(&hasher, tail);
        qp_hasher_final(&hasher, &pieces);
        qp_hash_sealed(&whole, &salt, all);
        assert_true(qp_hash_eq(&pieces, &whole));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_answers),
        cmocka_unit_test(gives_each_use_a_hash_of_its_own),
        cmocka_unit_test(hashes_pieces_as_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
