#include "test.h"

#include <quipu/key.h>

#include "core/alloc.h"

/* The least work that a file may ask for, so that the tests are quick. */
static const struct qp_keyfile_options quick = {1, QP_KEYFILE_MEMLIMIT_MIN};

static struct qp_key *key;
static struct qp_public_key public_key;

static int begin(void **state)
{
    (void)state;
    struct qp_seed seed;
    memset(seed.bytes, 0x42, sizeof seed.bytes);
    if (qp_init(NULL) != QP_OK || qp_key_from_seed(&seed, &key, NULL) != QP_OK) {
        return -1;
    }
    qp_key_public(key, &public_key);
    return 0;
}

static int end(void **state)
{
    (void)state;
    qp_key_free(key);
    return 0;
}

static void write_file(struct qp_buf *file, const struct qp_span *passphrase)
{
    file->len = 0;
    assert_ok(
        qp_keyfile_encode(key, qp_span_text("finca.example/coop"), passphrase, &quick, file, err));
}

static void assert_opens(struct qp_span file, const struct qp_span *passphrase)
{
    struct qp_key *read = NULL;
    struct qp_public_key found;
    char name[QP_KEY_NAME_BYTES_MAX + 1];
    assert_ok(qp_keyfile_decode(file, passphrase, &read, name, err));
    assert_string_equal(name, "finca.example/coop");
    qp_key_public(read, &found);
    assert_true(qp_public_key_eq(&found, &public_key));
    struct qp_signature signature;
    assert_ok(qp_sign(read, qp_span_text("d"), qp_span_text("m"), &signature, err));
    assert_ok(qp_verify(&public_key, qp_span_text("d"), qp_span_text("m"), &signature, err));
    qp_key_free(read);
}

static void reads_back_what_it_wrote(void **state)
{
    (void)state;
    struct qp_span passphrase = qp_span_text("quinua y kiwicha");
    const struct qp_span *both[] = {NULL, &passphrase};
    struct qp_buf file = {0};
    for (size_t i = 0; i < 2; i++) {
        bool encrypted = i == 0;
        char name[QP_KEY_NAME_BYTES_MAX + 1];
        struct qp_public_key found;
        write_file(&file, both[i]);
        assert_opens(qp_span_buf(&file), both[i]);
        assert_ok(qp_keyfile_is_encrypted(qp_span_buf(&file), &encrypted, err));
        assert_int_equal(encrypted, i == 1);
        assert_ok(qp_keyfile_peek(qp_span_buf(&file), NULL, name, &found, err));
        assert_string_equal(name, "finca.example/coop");
        assert_true(qp_public_key_eq(&found, &public_key));
    }
    qp_buf_wipe(&file);
}

/* The open form has nothing random in it: another program can be held against these bytes. */
static void writes_the_open_form_byte_for_byte(void **state)
{
    (void)state;
    struct qp_buf file = {0};
    write_file(&file, NULL);
    assert_ok(qp_buf_add(&file, qp_span_of("", 1), err));
    assert_string_equal((char *)file.data,
                        "quipu secret key v1\n"
                        "name: finca.example/coop\n"
                        "public: IVL40Zt5HSRFMkLhXy6rbLfP+ntqXtMAl5YOBpiB2xI=\n"
                        "kdf: none\n"
                        "cipher: none\n"
                        "secret: QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=\n");
    qp_buf_wipe(&file);
}

static void tells_a_wrong_passphrase_from_none(void **state)
{
    (void)state;
    struct qp_span right = qp_span_text("right");
    struct qp_span wrong = qp_span_text("wrong");
    struct qp_span empty = qp_span_text("");
    struct qp_buf file = {0};
    struct qp_key *read = NULL;
    struct qp_err err;
    write_file(&file, &right);
    assert_int_equal(qp_keyfile_decode(qp_span_buf(&file), &wrong, &read, NULL, &err),
                     QP_E_INVALID);
    assert_non_null(strstr(err.text, "the passphrase is wrong, or the key file was changed"));
    assert_int_equal(qp_keyfile_decode(qp_span_buf(&file), NULL, &read, NULL, &err), QP_E_USAGE);
    assert_non_null(strstr(err.text, "give its passphrase"));
    write_file(&file, NULL);
    assert_int_equal(qp_keyfile_decode(qp_span_buf(&file), &right, &read, NULL, &err), QP_E_USAGE);
    assert_non_null(strstr(err.text, "not encrypted"));
    assert_null(read);
    assert_int_equal(qp_keyfile_encode(key, qp_span_text("n"), &empty, &quick, &file, NULL),
                     QP_E_USAGE);
    assert_int_equal(qp_keyfile_encode(key, qp_span_text("n m"), &right, &quick, &file, NULL),
                     QP_E_INPUT);
    qp_buf_wipe(&file);
}

static void refuses_limits_outside_the_bounds(void **state)
{
    (void)state;
    static const struct qp_keyfile_options bad[] = {{0, QP_KEYFILE_MEMLIMIT_MIN},
                                                    {11, QP_KEYFILE_MEMLIMIT_MIN},
                                                    {1, QP_KEYFILE_MEMLIMIT_MIN - 1024},
                                                    {1, QP_KEYFILE_MEMLIMIT_MAX + 1024},
                                                    {1, QP_KEYFILE_MEMLIMIT_MIN + 1}};
    struct qp_span passphrase = qp_span_text("p");
    struct qp_buf file = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(
            qp_keyfile_encode(key, qp_span_text("n"), &passphrase, &bad[i], &file, NULL),
            QP_E_USAGE);
        assert_int_equal(file.len, 0);
    }
    /* A hostile file is refused before any work is done for it. */
    static const char *const limits[] = {"9 1099511627776", "11 8388608",
                                         "0 8388608",       "1 8387584",
                                         "1 8388609",       "01 8388608",
                                         "1 08388608",      "+1 8388608",
                                         "1  8388608",      "18446744073709551617 8388608"};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct qp_key *read = NULL;
        struct qp_buf hostile = {0};
        write_file(&file, &passphrase);
        assert_ok(qp_buf_add(&file, qp_span_of("", 1), err));
        char *at = strstr((char *)file.data, "1 8388608");
        assert_non_null(at);
        *at = '\0';
        assert_ok(qp_buf_add_text(&hostile, (char *)file.data, err));
        assert_ok(qp_buf_add_text(&hostile, limits[i], err));
        assert_ok(qp_buf_add_text(&hostile, at + strlen("1 8388608"), err));
        assert_int_equal(qp_keyfile_decode(qp_span_buf(&hostile), &passphrase, &read, NULL, NULL),
                         QP_E_INPUT);
        qp_buf_wipe(&hostile);
    }
    qp_buf_wipe(&file);
}

static void refuses_every_truncation_and_trailing_bytes(void **state)
{
    (void)state;
    struct qp_span passphrase = qp_span_text("p");
    const struct qp_span *both[] = {NULL, &passphrase};
    struct qp_buf file = {0};
    struct qp_key *read = NULL;
    struct qp_err err;
    for (size_t i = 0; i < 2; i++) {
        write_file(&file, both[i]);
        for (size_t len = 0; len < file.len; len++) {
            assert_int_equal(
                qp_keyfile_decode(qp_span_of(file.data, len), both[i], &read, NULL, &err),
                QP_E_INPUT);
        }
        assert_non_null(strstr(err.text, "cut short"));
        assert_int_equal(qp_buf_add_text(&file, "\n", NULL), QP_OK);
        assert_int_equal(qp_keyfile_decode(qp_span_buf(&file), both[i], &read, NULL, &err),
                         QP_E_INPUT);
        assert_non_null(strstr(err.text, "too many"));
    }
    assert_int_equal(
        qp_keyfile_decode(qp_span_text("quipu secret key v2\n"), NULL, &read, NULL, &err),
        QP_E_INPUT);
    assert_non_null(strstr(err.text, "another version"));
    assert_null(read);
    qp_buf_wipe(&file);
}

/* Of the open form, only the name is not bound: it is a label, and the seed has no room for it. */
static void refuses_every_changed_byte(void **state)
{
    (void)state;
    struct qp_span passphrase = qp_span_text("p");
    const struct qp_span *both[] = {NULL, &passphrase};
    struct qp_buf file = {0};
    for (size_t i = 0; i < 2; i++) {
        write_file(&file, both[i]);
        size_t name_at = strlen("quipu secret key v1\nname: ");
        size_t name_end = name_at + strlen("finca.example/coop");
        for (size_t at = 0; at < file.len; at++) {
            if (i == 0 && at >= name_at && at < name_end) {
                continue;
            }
            for (unsigned round = i == 0 ? 0 : 5; round < 8; round++) {
                struct qp_key *read = NULL;
                uint8_t flip = (uint8_t)(1U << round);
                file.data[at] ^= flip;
                enum qp_code rc = qp_keyfile_decode(qp_span_buf(&file), both[i], &read, NULL, NULL);
                assert_true(rc == QP_E_INPUT || rc == QP_E_INVALID);
                assert_null(read);
                file.data[at] ^= flip;
            }
        }
    }
    qp_buf_wipe(&file);
}

static void survives_a_lack_of_memory(void **state)
{
    (void)state;
    struct qp_span passphrase = qp_span_text("p");
    struct qp_buf file = {0};
    write_file(&file, &passphrase);
    for (uint64_t n = 0;; n++) {
        struct qp_key *read = NULL;
        struct qp_buf again = {0};
        qp_alloc_fail_after(n);
        enum qp_code wrote = qp_keyfile_encode(key, qp_span_text("n"), NULL, NULL, &again, NULL);
        enum qp_code rc = qp_keyfile_decode(qp_span_buf(&file), &passphrase, &read, NULL, NULL);
        qp_alloc_fail_after(UINT64_MAX);
        assert_true(wrote == QP_OK || (wrote == QP_E_MEMORY && again.len == 0));
        assert_true(rc == QP_OK || (rc == QP_E_MEMORY && read == NULL));
        qp_key_free(read);
        qp_buf_wipe(&again);
        if (rc == QP_OK && wrote == QP_OK) {
            break;
        }
    }
    qp_buf_wipe(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_it_wrote),
        cmocka_unit_test(writes_the_open_form_byte_for_byte),
        cmocka_unit_test(tells_a_wrong_passphrase_from_none),
        cmocka_unit_test(refuses_limits_outside_the_bounds),
        cmocka_unit_test(refuses_every_truncation_and_trailing_bytes),
        cmocka_unit_test(refuses_every_changed_byte),
        cmocka_unit_test(survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
