#include "test.h"

#include <quipu/note.h>

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define ORIGIN "example.com/behind-the-sofa"
#define TEXT ORIGIN "\n20852163\n" ROOT "\n"
#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define WITNESS "witness.example/w1+cc9a7044+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
/* Made with OpenSSL from the seed below, over the text above, at 1679315147. */
#define WITNESS_LINE                                                                               \
    "— witness.example/w1 "                                                                      \
    "zJpwRAAAAABkGFDLJeR//pqzhnEKVvEm2wWbh2RJ6oru5+cUUfm5X9NnlaGr8aSH9QE5RVZD4QGlxl2F5UpVIIi94p17" \
    "8KLfqPPsAA==\n"
#define SEED "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173"

static struct qp_key *witness;
static struct qp_key *log_key;
static struct qp_vkey keys[2]; /* log, witness */

static int begin(void **state)
{
    (void)state;
    struct qp_seed seed;
    struct qp_public_key public_key;
    if (qp_init(NULL) != QP_OK ||
        qp_hex_decode(seed.bytes, 32, qp_span_text(SEED), NULL) != QP_OK ||
        qp_key_from_seed(&seed, &witness, NULL) != QP_OK) {
        return -1;
    }
    seed.bytes[0] ^= 1;
    if (qp_key_from_seed(&seed, &log_key, NULL) != QP_OK) {
        return -1;
    }
    qp_key_public(log_key, &public_key);
    return qp_vkey_init(&keys[0], qp_span_text(ORIGIN), QP_VKEY_NOTE, &public_key, NULL) == QP_OK &&
                   qp_vkey_parse(qp_span_text(WITNESS), &keys[1], NULL) == QP_OK
               ? 0
               : -1;
}

static int end(void **state)
{
    (void)state;
    qp_key_free(witness);
    qp_key_free(log_key);
    return 0;
}

static void reads_and_writes_checkpoints(void **state)
{
    (void)state;
    static const char *const good[] = {TEXT, "o\n0\n" EMPTY_ROOT "\n",
                                       "o\n1\n" ROOT "\nmore\nlines\n",
                                       "o\n9223372036854775808\n" ROOT "\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct qp_checkpoint checkpoint;
        struct qp_buf text = {0};
        assert_ok(qp_checkpoint_parse(qp_span_text(good[i]), &checkpoint, err));
        assert_ok(qp_checkpoint_format(&checkpoint, &text, err));
        assert_true(qp_span_eq(qp_span_buf(&text), qp_span_text(good[i])));
        qp_buf_wipe(&text);
    }
    struct qp_checkpoint checkpoint;
    assert_ok(qp_checkpoint_parse(qp_span_text(TEXT), &checkpoint, err));
    assert_string_equal(checkpoint.origin, ORIGIN);
    assert_int_equal(checkpoint.size, 20852163);
    assert_int_equal(checkpoint.extensions.len, 0);
    assert_int_equal(checkpoint.root.bytes[0], 0x0a);
}

static void refuses_malformed_checkpoints(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "o\n",
                                      "o\n1\n",
                                      "o\n1\n" ROOT,
                                      "\n1\n" ROOT "\n",
                                      "o\n01\n" ROOT "\n",
                                      "o\n-1\n" ROOT "\n",
                                      "o\n+1\n" ROOT "\n",
                                      "o\n 1\n" ROOT "\n",
                                      "o\n\n" ROOT "\n",
                                      "o\n1x\n" ROOT "\n",
                                      "o\n9223372036854775809\n" ROOT "\n",
                                      "o\n18446744073709551617\n" ROOT "\n",
                                      "o\n1\n" ROOT "=\n",
                                      "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
                                      "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n",
                                      "o\n1\nAAAA\n",
                                      "o\n1\n" ROOT "\n\n",
                                      "o\n1\n" ROOT "\nmore\n\nlines\n",
                                      "o\r\n1\r\n" ROOT "\r\n",
                                      "o\n0\n" ROOT "\n"};
    struct qp_checkpoint checkpoint;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (qp_checkpoint_parse(qp_span_text(bad[i]), &checkpoint, NULL) == QP_OK) {
            fail_msg("malformed checkpoint %zu was accepted", i);
        }
    }
    struct qp_checkpoint made = {.origin = "has space", .size = 1};
    struct qp_buf text = {0};
    assert_int_equal(qp_checkpoint_format(&made, &text, NULL), QP_E_INPUT);
    made = (struct qp_checkpoint){.origin = "o", .size = 0};
    assert_int_equal(qp_checkpoint_format(&made, &text, NULL), QP_E_INVALID);
    made = (struct qp_checkpoint){.origin = "o", .size = 1, .extensions = qp_span_text("cut")};
    assert_int_equal(qp_checkpoint_format(&made, &text, NULL), QP_E_INPUT);
    assert_int_equal(text.len, 0);
}

static void cosigns_as_another_program_does(void **state)
{
    (void)state;
    struct qp_buf line = {0};
    struct qp_span name = qp_span_text("witness.example/w1");
    assert_ok(qp_cosign_line(qp_span_text(TEXT), witness, name, 1679315147, &line, err));
    assert_true(qp_span_eq(qp_span_buf(&line), qp_span_text(WITNESS_LINE)));
    line.len = 0;
    assert_int_equal(qp_cosign_line(qp_span_text("no checkpoint\n"), witness, name, 1, &line, NULL),
                     QP_E_INPUT);
    assert_int_equal(
        qp_cosign_line(qp_span_text(TEXT), witness, name, QP_COSIGN_TIME_MAX + 1, &line, NULL),
        QP_E_USAGE);
    assert_int_equal(line.len, 0);
    qp_buf_wipe(&line);
}

static void tells_the_time_of_a_cosignature(void **state)
{
    (void)state;
    struct qp_buf bytes = {0};
    struct qp_note note;
    struct qp_note_verdict verdicts[2];
    assert_ok(qp_note_sign(qp_span_text(TEXT), log_key, qp_span_text(ORIGIN), &bytes, err));
    assert_ok(qp_buf_add_text(&bytes, WITNESS_LINE, err));
    assert_ok(qp_note_parse(qp_span_buf(&bytes), &note, err));
    assert_ok(qp_note_check(&note, keys, 2, verdicts, err));
    assert_true(verdicts[0].verified && verdicts[1].verified);
    assert_int_equal(verdicts[0].time_s, 0);
    assert_int_equal(verdicts[1].time_s, 1679315147);
    /* Of two cosignatures of one witness the later time counts. */
    assert_ok(qp_cosign_line(qp_span_text(TEXT), witness, qp_span_text("witness.example/w1"),
                             1679315140, &bytes, err));
    assert_ok(qp_note_parse(qp_span_buf(&bytes), &note, err));
    assert_ok(qp_note_check(&note, keys, 2, verdicts, err));
    assert_int_equal(verdicts[1].time_s, 1679315147);
    qp_buf_wipe(&bytes);
}

static void a_log_signature_is_no_cosignature(void **state)
{
    (void)state;
    /* The witness's key signs the text as a log would, and the line bears the cosignature's id. */
    struct qp_buf bytes = {0};
    struct qp_note note;
    struct qp_note_verdict verdict;
    struct qp_vkey as_log = keys[1];
    assert_ok(
        qp_vkey_init(&as_log, qp_span_text("witness.example/w1"), QP_VKEY_NOTE, &keys[1].key, err));
    assert_int_not_equal(as_log.key_id, keys[1].key_id);
    assert_ok(
        qp_note_sign(qp_span_text(TEXT), witness, qp_span_text("witness.example/w1"), &bytes, err));
    assert_ok(qp_note_parse(qp_span_buf(&bytes), &note, err));
    assert_int_equal(qp_note_check(&note, &keys[1], 1, &verdict, NULL), QP_E_INVALID);
    assert_ok(qp_note_check(&note, &as_log, 1, &verdict, err));
    as_log.type = QP_VKEY_COSIGNATURE; /* a confusion of the types cannot make it pass */
    assert_int_equal(qp_note_check(&note, &as_log, 1, &verdict, NULL), QP_E_INVALID);
    qp_buf_wipe(&bytes);
}

/* No byte of a note lies outside what is checked: with its one signature known, each change of a
 * byte is refused, by the form or by the signature. */
static void refuses_every_changed_bit_of_a_signed_checkpoint(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct qp_buf bytes = {0};
        if (kind == 0) {
            assert_ok(qp_note_sign(qp_span_text(TEXT), log_key, qp_span_text(ORIGIN), &bytes, err));
        } else {
            assert_ok(qp_buf_add_text(&bytes, TEXT "\n" WITNESS_LINE, err));
        }
        for (size_t at = 0; at <= 8 * bytes.len; at++) {
            struct qp_note note;
            struct qp_note_verdict verdict;
            uint8_t flip = (uint8_t)(1U << at % 8);
            bool changed = at < 8 * bytes.len;
            if (changed) {
                bytes.data[at / 8] ^= flip;
            }
            enum qp_code rc = qp_note_parse(qp_span_buf(&bytes), &note, NULL);
            if (rc == QP_OK) {
                rc = qp_note_check(&note, &keys[kind], 1, &verdict, NULL);
            }
            assert_int_equal(rc == QP_OK, !changed);
            if (changed) {
                bytes.data[at / 8] ^= flip;
            }
        }
        qp_buf_wipe(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_checkpoints),
        cmocka_unit_test(refuses_malformed_checkpoints),
        cmocka_unit_test(cosigns_as_another_program_does),
        cmocka_unit_test(tells_the_time_of_a_cosignature),
        cmocka_unit_test(a_log_signature_is_no_cosignature),
        cmocka_unit_test(refuses_every_changed_bit_of_a_signed_checkpoint),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
