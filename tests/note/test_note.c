#include "test.h"

#include <quipu/note.h>

#include "core/alloc.h"

/* The keys and the note that Go's package for signed notes is tested with. */
#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_SEED "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173"
#define ENOCH "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define TEXT                                                                                       \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define PETER_LINE                                                                                   \
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ" \
    "b6KE6RyyBwJnAM=\n"
#define ENOCH_LINE                                                                                   \
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33" \
    "WWd1RvMc+QQ=\n"

static struct qp_key *peter;
static struct qp_vkey keys[2];

static int begin(void **state)
{
    (void)state;
    struct qp_seed seed;
    return qp_init(NULL) == QP_OK &&
                   qp_hex_decode(seed.bytes, 32, qp_span_text(PETER_SEED), NULL) == QP_OK &&
                   qp_key_from_seed(&seed, &peter, NULL) == QP_OK &&
                   qp_vkey_parse(qp_span_text(PETER), &keys[0], NULL) == QP_OK &&
                   qp_vkey_parse(qp_span_text(ENOCH), &keys[1], NULL) == QP_OK
               ? 0
               : -1;
}

static int end(void **state)
{
    (void)state;
    qp_key_free(peter);
    return 0;
}

static void reads_and_writes_verifier_keys(void **state)
{
    (void)state;
    static const char *const good[] = {
        PETER, ENOCH, "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct qp_vkey vkey;
        struct qp_vkey again;
        char text[QP_VKEY_TEXT_BYTES];
        assert_ok(qp_vkey_parse(qp_span_text(good[i]), &vkey, err));
        qp_vkey_format(&vkey, text);
        assert_string_equal(text, good[i]);
        assert_ok(qp_vkey_init(&again, qp_span_text(vkey.name), vkey.type, &vkey.key, err));
        assert_int_equal(again.key_id, vkey.key_id);
    }
    assert_int_equal(keys[0].key_id, 0xc74f20a3);
    /* The longest name still fits the text form. */
    struct qp_vkey longest;
    char name[QP_KEY_NAME_BYTES_MAX];
    char text[QP_VKEY_TEXT_BYTES];
    memset(name, 'n', sizeof name);
    assert_ok(qp_vkey_init(&longest, qp_span_of(name, sizeof name), QP_VKEY_COSIGNATURE,
                           &keys[0].key, err));
    qp_vkey_format(&longest, text);
    assert_int_equal(strlen(text), QP_VKEY_TEXT_BYTES - 1);
    assert_ok(qp_vkey_parse(qp_span_text(text), &longest, err));
}

static void refuses_every_mangled_verifier_key(void **state)
{
    (void)state;
    char text[] = PETER;
    size_t len = strlen(text);
    struct qp_vkey vkey;
    for (size_t from = 0; from < len; from++) {
        for (size_t to = from; to <= len; to++) {
            if (from != 0 || to != len) {
                assert_int_not_equal(qp_vkey_parse(qp_span_of(text + from, to - from), &vkey, NULL),
                                     QP_OK);
            }
        }
    }
    for (size_t at = 0; at < len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            text[at] = (char)(text[at] ^ (1 << bit));
            assert_int_not_equal(qp_vkey_parse(qp_span_text(text), &vkey, NULL), QP_OK);
            text[at] = (char)(text[at] ^ (1 << bit));
        }
    }
    static const char *const bad[] = {
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+",
        /* low order: the key of 32 zeros */
        "a+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_not_equal(qp_vkey_parse(qp_span_text(bad[i]), &vkey, NULL), QP_OK);
    }
}

static void signs_the_published_note_byte_for_byte(void **state)
{
    (void)state;
    struct qp_buf note = {0};
    assert_ok(qp_note_sign(qp_span_text(TEXT), peter, qp_span_text("PeterNeumann"), &note, err));
    assert_true(qp_span_eq(qp_span_buf(&note), qp_span_text(TEXT "\n" PETER_LINE)));
    note.len = 0;
    assert_ok(
        qp_note_sign_line(qp_span_text(TEXT), peter, qp_span_text("PeterNeumann"), &note, err));
    assert_true(qp_span_eq(qp_span_buf(&note), qp_span_text(PETER_LINE)));
    note.len = 0;
    static const char *const bad[] = {"", "no line end", "bell \a\n", "\xff\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(
            qp_note_sign(qp_span_text(bad[i]), peter, qp_span_text("PeterNeumann"), &note, NULL),
            QP_E_INPUT);
    }
    assert_int_equal(qp_note_sign(qp_span_text(TEXT), peter, qp_span_text("bad name"), &note, NULL),
                     QP_E_INPUT);
    assert_int_equal(note.len, 0);
    qp_buf_wipe(&note);
}

static enum qp_code check(const char *bytes, const struct qp_vkey *trusted, size_t count,
                          struct qp_note_verdict *verdicts)
{
    struct qp_note note;
    enum qp_code rc = qp_note_parse(qp_span_text(bytes), &note, NULL);
    return rc == QP_OK ? qp_note_check(&note, trusted, count, verdicts, NULL) : rc;
}

static void believes_known_keys_and_ignores_unknown_ones(void **state)
{
    (void)state;
    struct qp_note_verdict verdicts[3];
    static const char both[] = TEXT "\n" PETER_LINE ENOCH_LINE;
    assert_int_equal(check(both, keys, 2, verdicts), QP_OK);
    assert_true(verdicts[0].verified && verdicts[1].verified);
    assert_int_equal(check(both, keys, 1, verdicts), QP_OK);
    assert_int_equal(check(both, keys + 1, 1, verdicts), QP_OK);
    assert_int_equal(check(TEXT "\n" PETER_LINE, keys, 2, verdicts), QP_OK);
    assert_true(verdicts[0].verified && !verdicts[1].verified);
    assert_int_equal(check(both, keys, 0, verdicts), QP_E_INVALID);
    assert_int_equal(check(TEXT "\n" PETER_LINE, keys + 1, 1, verdicts), QP_E_INVALID);
    /* The same name with another id, and the same id with another name, are other keys. */
    struct qp_vkey near[2] = {keys[0], keys[0]};
    near[0].key_id++;
    near[1].name[0] = 'p';
    assert_int_equal(check(TEXT "\n" PETER_LINE, near, 2, verdicts), QP_E_INVALID);
    struct qp_vkey twice[3] = {keys[1], keys[0], keys[1]};
    assert_int_equal(check(both, twice, 3, verdicts), QP_E_USAGE);
    struct qp_vkey gaps[3] = {{.type = QP_VKEY_NOTE}, {.type = QP_VKEY_NOTE}, keys[0]};
    assert_int_equal(check(both, gaps, 3, verdicts), QP_OK);
    assert_true(verdicts[2].verified && !verdicts[0].verified);
}

static void rejects_the_note_when_a_known_signature_fails(void **state)
{
    (void)state;
    /* Both signed another text. */
    static const char forged[] = "other\n\n" PETER_LINE ENOCH_LINE;
    struct qp_note_verdict verdicts[2];
    assert_int_equal(check(forged, keys, 2, verdicts), QP_E_INVALID);
    char text[] = TEXT "\n" PETER_LINE ENOCH_LINE;
    char *at = strstr(text, "Zb6KE6");
    assert_non_null(at);
    *at = 'Y';
    assert_int_equal(check(text, keys, 2, verdicts), QP_E_INVALID);
    assert_false(verdicts[0].verified || verdicts[1].verified);
    assert_int_equal(check(text, keys + 1, 1, verdicts), QP_OK); /* Peter is not known here */
    /* A good line does not make up for a bad one of the same key. */
    static const char good_and_bad[] =
        TEXT "\n" PETER_LINE "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQ\n";
    assert_int_equal(check(good_and_bad, keys, 1, verdicts), QP_E_INVALID);
}

static void splits_at_the_last_empty_line(void **state)
{
    (void)state;
    static const char *const texts[] = {"one\n", "one\n\ntwo\n", "one\n\n— a AAAAAAA=\n",
                                        "\n",    "one\n\n\n",    "è subito sera.\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct qp_buf bytes = {0};
        struct qp_note note;
        struct qp_note_verdict verdict;
        assert_ok(
            qp_note_sign(qp_span_text(texts[i]), peter, qp_span_text("PeterNeumann"), &bytes, err));
        assert_ok(qp_note_parse(qp_span_buf(&bytes), &note, err));
        assert_true(qp_span_eq(note.text, qp_span_text(texts[i])));
        assert_int_equal(note.line_count, 1);
        assert_ok(qp_note_check(&note, keys, 1, &verdict, err));
        qp_buf_wipe(&bytes);
    }
}

static void refuses_malformed_notes(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "\n",
                                      "\n\n",
                                      TEXT,
                                      TEXT "\n",
                                      TEXT "\n\n",
                                      TEXT PETER_LINE,
                                      "\n" PETER_LINE,
                                      TEXT "\n" PETER_LINE "\n",
                                      TEXT "\n" PETER_LINE "Unexpected line.\n",
                                      TEXT "\nUnexpected line.\n" PETER_LINE,
                                      "\x01" TEXT "\n" PETER_LINE,
                                      "\xff" TEXT "\n" PETER_LINE,
                                      "tab\t" TEXT "\n" PETER_LINE,
                                      "cr\r\n\n" PETER_LINE,
                                      TEXT "\n— Bad Name x08go/ZJkuBS9UG/SffcvIAQ\n",
                                      TEXT "\n— a+b x08go/ZJkuBS9UG/SffcvIAQ\n",
                                      TEXT "\n—  x08go/ZJkuBS9UG/SffcvIAQ\n",
                                      TEXT "\n— name\n",
                                      TEXT "\n— name \n",
                                      TEXT "\n—name x08go/ZJkuBS9UG/SffcvIAQ\n",
                                      TEXT "\n- name x08go/ZJkuBS9UG/SffcvIAQ\n",
                                      TEXT "\n— name x08go/ZJkuBS9UG/SffcvIAQ \n",
                                      TEXT "\n— name x08go/ZJkuBS9UG/SffcvIA\n",
                                      TEXT "\n— name x08gow==\n", /* an id and nothing behind it */
                                      TEXT "\n— name x08goy1=\n", /* bits behind the last byte */
                                      TEXT "\n— name x08go_ZJkuBS9UG-\n", /* the other alphabet */
                                      TEXT "\n— na\xc2\xa0me x08go/ZJkuBS9UG/SffcvIAQ\n"};
    struct qp_note note;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (qp_note_parse(qp_span_text(bad[i]), &note, NULL) != QP_E_INPUT) {
            fail_msg("malformed note %zu was accepted", i);
        }
    }
    struct qp_span cut = qp_span_text(TEXT "\n" PETER_LINE);
    for (size_t len = 0; len < cut.len; len++) {
        assert_int_equal(qp_note_parse(qp_span_of(cut.data, len), &note, NULL), QP_E_INPUT);
    }
}

static void bounds_signatures_and_size(void **state)
{
    (void)state;
    struct qp_buf bytes = {0};
    struct qp_note note;
    assert_ok(qp_buf_add_text(&bytes, TEXT "\n", err));
    for (int i = 0; i < QP_NOTE_SIGNATURES_MAX; i++) {
        assert_ok(qp_buf_add_text(&bytes, PETER_LINE, err));
    }
    struct qp_note_verdict verdict;
    assert_ok(qp_note_parse(qp_span_buf(&bytes), &note, err));
    assert_int_equal(note.line_count, QP_NOTE_SIGNATURES_MAX);
    assert_ok(qp_note_check(&note, keys, 1, &verdict, err));
    assert_ok(qp_buf_add_text(&bytes, PETER_LINE, err));
    assert_int_equal(qp_note_parse(qp_span_buf(&bytes), &note, NULL), QP_E_INPUT);
    bytes.len = 0;
    while (bytes.len < QP_NOTE_BYTES_MAX) {
        assert_ok(qp_buf_add_text(&bytes, TEXT, err));
    }
    bytes.len = QP_NOTE_BYTES_MAX;
    bytes.data[bytes.len - 1] = '\n';
    struct qp_buf out = {0};
    assert_int_equal(
        qp_note_sign(qp_span_buf(&bytes), peter, qp_span_text("PeterNeumann"), &out, NULL),
        QP_E_INPUT);
    qp_buf_wipe(&bytes);
    qp_buf_wipe(&out);
}

static void survives_a_lack_of_memory(void **state)
{
    (void)state;
    enum qp_code rc = QP_E_MEMORY;
    for (uint64_t n = 0; rc != QP_OK; n++) {
        struct qp_buf out = {0};
        struct qp_note_verdict verdict;
        qp_alloc_fail_after(n);
        rc = qp_note_sign(qp_span_text(TEXT), peter, qp_span_text("PeterNeumann"), &out, NULL);
        if (rc == QP_OK) {
            rc = check(TEXT "\n" PETER_LINE, keys, 1, &verdict);
        } else {
            assert_int_equal(out.len, 0);
        }
        qp_alloc_fail_after(UINT64_MAX);
        assert_true(rc == QP_OK || rc == QP_E_MEMORY);
        qp_buf_wipe(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_verifier_keys),
        cmocka_unit_test(refuses_every_mangled_verifier_key),
        cmocka_unit_test(signs_the_published_note_byte_for_byte),
        cmocka_unit_test(believes_known_keys_and_ignores_unknown_ones),
        cmocka_unit_test(rejects_the_note_when_a_known_signature_fails),
        cmocka_unit_test(splits_at_the_last_empty_line),
        cmocka_unit_test(refuses_malformed_notes),
        cmocka_unit_test(bounds_signatures_and_size),
        cmocka_unit_test(survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
