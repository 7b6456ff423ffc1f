/* The edges of Ed25519, as tests/vectors/ed25519.json has them: what a second verifier, written
 * from SPEC.md alone, says of each is what ours says. */
#include "test.h"

#include <quipu/key.h>

#include <jansson.h>

static json_t *vectors;

static int read_vectors(void **state)
{
    (void)state;
    vectors = json_load_file(QP_SOURCE_DIR "/tests/vectors/ed25519.json", 0, NULL);
    return vectors != NULL && qp_init(NULL) == QP_OK ? 0 : -1;
}

static int free_vectors(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    assert_non_null(text);
    return text;
}

static size_t bytes_of(const json_t *row, const char *name, uint8_t *bytes, size_t room)
{
    struct qp_span hex = qp_span_text(text_of(row, name));
    assert_true(hex.len / 2 <= room);
    assert_ok(qp_hex_decode(bytes, hex.len / 2, hex, err));
    return hex.len / 2;
}

static void judges_every_signature_as_the_table_says(void **state)
{
    (void)state;
    size_t at = 0;
    size_t accepted = 0;
    size_t with_cofactor_alone = 0;
    json_t *row = NULL;
    json_array_foreach(json_object_get(vectors, "signatures"), at, row)
    {
        struct qp_public_key key;
        struct qp_signature signature;
        uint8_t message[64];
        size_t len = bytes_of(row, "message", message, sizeof message);
        assert_int_equal(bytes_of(row, "key", key.bytes, sizeof key.bytes), 32);
        assert_int_equal(bytes_of(row, "signature", signature.bytes, sizeof signature.bytes), 64);
        bool good = strcmp(text_of(row, "verdict"), "accept") == 0;
        struct qp_span none = {0};
        enum qp_code rc = qp_verify(&key, none, qp_span_of(message, len), &signature, NULL);
        if (rc != (good ? QP_OK : QP_E_INVALID)) {
            fail_msg("%s: to %s, but the verifier says %s", text_of(row, "what"),
                     text_of(row, "verdict"), qp_code_name(rc));
        }
        accepted += good;
        with_cofactor_alone += json_integer_value(json_object_get(row, "rule")) == 4 &&
                               json_is_true(json_object_get(row, "holds_with_cofactor"));
    }
    /* A verifier that refuses everything, or takes the cofactor, must not get by. */
    assert_true(accepted >= 4);
    assert_true(with_cofactor_alone >= 4);
}

static void lets_in_the_keys_that_the_table_lets_in(void **state)
{
    (void)state;
    size_t at = 0;
    size_t accepted = 0;
    json_t *row = NULL;
    json_array_foreach(json_object_get(vectors, "keys"), at, row)
    {
        struct qp_public_key key;
        struct qp_err err;
        assert_int_equal(bytes_of(row, "key", key.bytes, sizeof key.bytes), 32);
        bool good = strcmp(text_of(row, "verdict"), "accept") == 0;
        if (qp_public_key_check(&key, &err) != (good ? QP_OK : QP_E_INVALID)) {
            fail_msg("%s: to %s", text_of(row, "what"), text_of(row, "verdict"));
        }
        accepted += good;
    }
    assert_int_equal(accepted, 2);
    assert_true(at > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_signature_as_the_table_says),
        cmocka_unit_test(lets_in_the_keys_that_the_table_lets_in),
    };
    return cmocka_run_group_tests(tests, read_vectors, free_vectors);
}
