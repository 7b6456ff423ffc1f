#include "test.h"

#include <quipu/key.h>

#include "core/alloc.h"

static int begin(void **state)
{
    (void)state;
    return qp_init(NULL) == QP_OK ? 0 : -1;
}

static struct qp_key *key_of(const char *seed_hex)
{
    struct qp_seed seed;
    struct qp_key *key = NULL;
    assert_ok(qp_hex_decode(seed.bytes, sizeof seed.bytes, qp_span_text(seed_hex), err));
    assert_ok(qp_key_from_seed(&seed, &key, err));
    return key;
}

/* RFC 8032, section 7.1, tests 1 and 2. */
static void signs_as_rfc_8032_says(void **state)
{
    (void)state;
    static const struct {
        const char *seed;
        const char *public_key;
        const char *message;
        const char *signature;
    } cases[] = {{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
                  "c61e39701c"
                  "f9b46bd25bf5f0595bbe24655141438e7a100b"},
                 {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "r",
                  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
                  "458f3613d0"
                  "f11d8c387b2eaeb4302aeeb00d291612bb0c00"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_key *key = key_of(cases[i].seed);
        struct qp_public_key public_key;
        struct qp_signature signature;
        char hex[129];
        qp_key_public(key, &public_key);
        qp_hex_encode(hex, qp_span_of(public_key.bytes, sizeof public_key.bytes));
        assert_string_equal(hex, cases[i].public_key);
        struct qp_span none = {0};
        struct qp_span message = qp_span_text(cases[i].message);
        assert_ok(qp_sign(key, none, message, &signature, err));
        qp_hex_encode(hex, qp_span_of(signature.bytes, sizeof signature.bytes));
        assert_string_equal(hex, cases[i].signature);
        assert_ok(qp_verify(&public_key, none, message, &signature, err));
        assert_ok(qp_sign(key, message, none, &signature, err)); /* only the whole counts */
        assert_ok(qp_verify(&public_key, none, message, &signature, err));
        qp_key_free(key);
    }
}

static void refuses_every_changed_bit(void **state)
{
    (void)state;
    struct qp_key *key = NULL;
    struct qp_public_key public_key;
    struct qp_signature signature;
    char text[] = "twelve sacks of parchment";
    struct qp_span message = qp_span_text(text);
    struct qp_span domain = qp_span_text(QP_STATEMENT_DOMAIN);
    assert_ok(qp_key_generate(&key, err));
    qp_key_public(key, &public_key);
    assert_ok(qp_sign(key, domain, message, &signature, err));
    assert_ok(qp_verify(&public_key, domain, message, &signature, err));
    for (size_t bit = 0; bit < 8 * sizeof signature.bytes; bit++) {
        signature.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(qp_verify(&public_key, domain, message, &signature, NULL), QP_E_INVALID);
        signature.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof public_key.bytes; bit++) {
        public_key.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(qp_verify(&public_key, domain, message, &signature, NULL), QP_E_INVALID);
        public_key.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    text[3] ^= 1;
    assert_int_equal(qp_verify(&public_key, domain, message, &signature, NULL), QP_E_INVALID);
    text[3] ^= 1;
    assert_int_equal(
        qp_verify(&public_key, qp_span_text("quipu/other/v1\n"), message, &signature, NULL),
        QP_E_INVALID);
    qp_key_free(key);
    qp_key_free(NULL);
}

static void signs_short_and_long_messages_alike(void **state)
{
    (void)state;
    static uint8_t bytes[70000];
    struct qp_key *key = NULL;
    struct qp_public_key public_key;
    struct qp_signature signature;
    struct qp_span domain = qp_span_text(QP_STATEMENT_DOMAIN);
    assert_ok(qp_key_generate(&key, err));
    qp_key_public(key, &public_key);
    static const size_t sizes[] = {0, 1, 4096 - 19, 4096 - 18, 4096, sizeof bytes};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct qp_span message = qp_span_of(bytes, sizes[i]);
        assert_ok(qp_sign(key, domain, message, &signature, err));
        assert_ok(qp_verify(&public_key, domain, message, &signature, err));
    }
    uint64_t before = qp_alloc_count();
    assert_ok(qp_verify(&public_key, domain, qp_span_of(bytes, sizeof bytes), &signature, err));
    assert_int_equal(qp_alloc_count(), before + 1);
    qp_alloc_fail_after(0);
    assert_int_equal(qp_sign(key, domain, qp_span_of(bytes, sizeof bytes), &signature, NULL),
                     QP_E_MEMORY);
    assert_int_equal(
        qp_verify(&public_key, domain, qp_span_of(bytes, sizeof bytes), &signature, NULL),
        QP_E_MEMORY);
    assert_ok(qp_sign(key, domain, qp_span_of(bytes, 4000), &signature, err));
    struct qp_key *none = NULL;
    assert_int_equal(qp_key_generate(&none, NULL), QP_E_MEMORY);
    assert_null(none);
    qp_alloc_fail_after(UINT64_MAX);
    qp_key_free(key);
}

static void says_why_a_public_key_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *word;
    } bad[] = {{"0000000000000000000000000000000000000000000000000000000000000000", "low order"},
               {"0000000000000000000000000000000000000000000000000000000000000080", "low order"},
               {"0100000000000000000000000000000000000000000000000000000000000000", "low order"},
               {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "low order"},
               {"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "low order"},
               {"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", "low order"},
               {"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "low order"},
               {"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", "low order"},
               /* x is 0 and its sign is written as if it were not */
               {"0100000000000000000000000000000000000000000000000000000000000080", "low order"},
               {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "low order"},
               {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "canonical"},
               {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "canonical"},
               {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "canonical"},
               {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "canonical"},
               {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "canonical"},
               {"0200000000000000000000000000000000000000000000000000000000000000", "not a point"},
               /* the base point and the point of order 2: on the curve, outside the group */
               {"9599999999999999999999999999999999999999999999999999999999999999", "not a point"}};
    struct qp_public_key key;
    struct qp_err err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(qp_hex_decode(key.bytes, sizeof key.bytes, qp_span_text(bad[i].hex), NULL),
                         QP_OK);
        assert_int_equal(qp_public_key_check(&key, &err), QP_E_INVALID);
        assert_non_null(strstr(err.text, bad[i].word));
    }
    for (int i = 0; i < 50; i++) {
        struct qp_key *good = NULL;
        assert_int_equal(qp_key_generate(&good, NULL), QP_OK);
        qp_key_public(good, &key);
        assert_int_equal(qp_public_key_check(&key, NULL), QP_OK);
        qp_key_free(good);
    }
}

static void checks_key_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "finca.example/coop-norte", "Ñahui.pe/café", "가"};
    static const char *const bad[] = {
        "",           "a b",          "a+b",          "a\nb", "a\tb",         "a\x7f",
        "a\xc2\xa0z", "\xe2\x80\x83", "\xe3\x80\x80", "\xff", "a\xe1\x9a\x80"};
    char longest[QP_KEY_NAME_BYTES_MAX + 2];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(qp_key_name_check(qp_span_text(good[i]), err));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(qp_key_name_check(qp_span_text(bad[i]), NULL), QP_E_INPUT);
    }
    assert_int_equal(qp_key_name_check(qp_span_of("a", 2), NULL), QP_E_INPUT); /* NUL inside */
    memset(longest, 'n', sizeof longest);
    assert_ok(qp_key_name_check(qp_span_of(longest, QP_KEY_NAME_BYTES_MAX), err));
    assert_int_equal(qp_key_name_check(qp_span_of(longest, QP_KEY_NAME_BYTES_MAX + 1), NULL),
                     QP_E_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_rfc_8032_says),
        cmocka_unit_test(refuses_every_changed_bit),
        cmocka_unit_test(signs_short_and_long_messages_alike),
        cmocka_unit_test(says_why_a_public_key_is_refused),
        cmocka_unit_test(checks_key_names),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
