#include "test.h"

#include <quipu/bytes.h>

#include "core/alloc.h"
#include "core/order.h"
#include "core/time.h"

static void reads_back_what_base64_wrote_and_refuses_loose_forms(void **state)
{
    (void)state;
    static const char *const bad[] = {"QQ",    "QQ=",  "QR==", "Q Q==",  "QQ==\n",
                                      "QQ===", "Q===", "-_8=", "QQ\x80="};
    struct qp_buf text = {0};
    struct qp_buf back = {0};
    for (size_t len = 0; len < 70; len++) {
        uint8_t bytes[70];
        memset(bytes, (int)(len * 37 + 1), sizeof bytes);
        text.len = 0;
        back.len = 0;
        assert_ok(qp_base64_encode(&text, qp_span_of(bytes, len), err));
        assert_ok(qp_base64_decode(&back, qp_span_buf(&text), err));
        assert_int_equal(back.len, len);
        assert_true(qp_span_eq(qp_span_buf(&back), qp_span_of(bytes, len)));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(qp_base64_decode(&back, qp_span_text(bad[i]), NULL), QP_E_INPUT);
    }
    qp_buf_wipe(&text);
    qp_buf_wipe(&back);
}

static void refuses_text_that_is_not_utf8(void **state)
{
    (void)state;
    assert_true(qp_utf8_check(qp_span_text("Ñahui, café, 가")));
    static const char *const bad[] = {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xe2\x82", "\x80",         "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(qp_utf8_check(qp_span_text(bad[i])));
    }
}

static void keeps_hostile_text_from_moving_the_cursor(void **state)
{
    (void)state;
    struct qp_buf out = {0};
    assert_ok(qp_escape_terminal(&out, qp_span_text("Flor\x1b[2J\r\n\xff ñ \xe2\x80\xae"), err));
    assert_ok(qp_buf_add(&out, qp_span_of("", 1), err));
    assert_string_equal((char *)out.data, "Flor\\x1b[2J\\x0d\\x0a\\xff ñ \\u{202e}");
    qp_buf_wipe(&out);
}

static void no_message_carries_hostile_text(void **state)
{
    (void)state;
    struct qp_err err;
    char longest[2 * QP_ERR_TEXT_BYTES];
    assert_int_equal(qp_fail(&err, QP_E_INPUT, "lot %s",
                             "a\x1b[2J\xe2\x80\xae"
                             "b\xc2\x9b\xff ñ"),
                     QP_E_INPUT);
    assert_string_equal(err.text, "lot a?[2J\\u{202e}b\\u{9b}\\xff ñ");
    assert_int_equal(qp_prefix(&err, QP_E_INPUT, "file %s", "\xef\xbb\xbf"), QP_E_INPUT);
    assert_string_equal(err.text, "file \\u{feff}: lot a?[2J\\u{202e}b\\u{9b}\\xff ñ");
    /* Escapes make a text longer: it is cut, and never inside one. */
    for (size_t i = 0; i + 3 < sizeof longest; i += 3) {
        memcpy(longest + i, "\xe2\x80\xae", 4);
    }
    assert_int_equal(qp_fail(&err, QP_E_INPUT, "%s", longest), QP_E_INPUT);
    assert_true(strlen(err.text) % 8 == 0 && strlen(err.text) > QP_ERR_TEXT_BYTES - 10);
}

static void reads_and_writes_times(void **state)
{
    (void)state;
    uint64_t ms = 0;
    char text[QP_TIME_TEXT_BYTES];
    assert_ok(qp_time_parse(qp_span_text("2026-05-14T08:05:00-05:00"), &ms, err));
    qp_time_format(text, ms);
    assert_string_equal(text, "2026-05-14T13:05:00Z");
    assert_ok(qp_time_parse(qp_span_text("2024-02-29"), &ms, err));
    assert_int_equal(ms, UINT64_C(1709164800000));
    assert_ok(qp_time_parse(qp_span_text("9999-12-31T23:59:59.999Z"), &ms, err));
    assert_int_equal(ms, QP_TIME_MAX_MS);
    for (uint64_t day = 0; day < 47482; day++) {
        uint64_t back = 0;
        qp_date_format(text, day * 86400000);
        assert_ok(qp_time_parse(qp_span_text(text), &back, err));
        assert_int_equal(back, day * 86400000);
        assert_int_equal(qp_time_year(day * 86400000 + 86399999), strtoul(text, NULL, 10));
    }
    static const char *const bad[] = {"2026-02-29",
                                      "2026-5-14",
                                      "26-05-14",
                                      "2026-05-14T25:00Z",
                                      "2026-05-14T10:00",
                                      "2026-05-14Z",
                                      "1969-12-31",
                                      "2026-05-14T10:00:00.1Z",
                                      "",
                                      "2026-05-14 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(qp_time_parse(qp_span_text(bad[i]), &ms, NULL), QP_E_INPUT);
    }
}

static void cuts_an_error_between_characters_and_keeps_it_on_one_line(void **state)
{
    (void)state;
    struct qp_err err;
    char name[2 * QP_ERR_TEXT_BYTES];
    for (size_t i = 0; i + 2 < sizeof name; i += 2) {
        memcpy(name + i, "\xc3\xb1", 3);
    }
    assert_int_equal(qp_fail(&err, QP_E_INPUT, "x%s", name), QP_E_INPUT);
    assert_true(qp_utf8_check(qp_span_text(err.text)));
    assert_int_equal(qp_fail(&err, QP_E_INPUT, "a\nb\x1b%s", "c"), QP_E_INPUT);
    assert_string_equal(err.text, "a?b?c");
    assert_int_equal(qp_prefix(&err, QP_E_IO, "row %d", 7), QP_E_INPUT);
    assert_string_equal(err.text, "row 7: a?b?c");
}

static void a_large_block_does_not_swell_an_arena(void **state)
{
    (void)state;
    struct qp_arena arena;
    qp_arena_init(&arena, 0);
    uint8_t *small = qp_arena_alloc(&arena, 16);
    uint8_t *large = qp_arena_alloc_zero(&arena, 1, 1000000);
    assert_non_null(small);
    assert_non_null(large);
    /* The next stands behind the small one, in no new chunk twice as large as the large one. */
    assert_ptr_equal(qp_arena_alloc(&arena, 16), small + 16);
    large[999999] = 1;
    qp_arena_wipe(&arena);
    /* A large one that comes first is no measure either. */
    assert_non_null(qp_arena_alloc(&arena, 1000000));
    uint64_t before = qp_alloc_count();
    for (unsigned i = 0; i < 1000; i++) {
        assert_non_null(qp_arena_alloc(&arena, 1000));
    }
    assert_int_equal(qp_alloc_count() - before, 6); /* of 16 to 512 KiB */
    qp_arena_wipe(&arena);
}

static void an_arena_holds_to_its_limit_and_forgets_on_reset(void **state)
{
    (void)state;
    struct qp_arena arena;
    qp_arena_init(&arena, 100000);
    assert_non_null(qp_arena_alloc(&arena, 60000));
    assert_null(qp_arena_alloc(&arena, 60000));
    assert_non_null(qp_arena_alloc(&arena, 30000));
    qp_arena_reset(&arena);
    assert_non_null(qp_arena_alloc(&arena, 99000));
    assert_null(qp_arena_alloc(&arena, SIZE_MAX));
    assert_null(qp_arena_alloc_zero(&arena, SIZE_MAX / 2, 4));
    qp_arena_wipe(&arena);
}

static int by_bytes(const void *a, const void *b)
{
    const struct qp_order_row *one = a;
    const struct qp_order_row *two = b;
    size_t least = one->key_len < two->key_len ? one->key_len : two->key_len;
    int order = memcmp(one->key, two->key, least);
    return order != 0 ? order : (one->key_len > two->key_len) - (one->key_len < two->key_len);
}

/* Against a plain sort: keys of few different bytes, zeros among them, that begin each other. */
static void puts_byte_strings_in_order(void **state)
{
    (void)state;
    enum { COUNT = 500, KEY = 40 };
    static uint8_t keys[COUNT][KEY];
    struct qp_order_row ours[COUNT];
    struct qp_order_row plain[COUNT];
    uint32_t dice = 1;
    for (unsigned round = 0; round < 40; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            for (size_t k = 0; k < KEY; k++) {
                dice = dice * 1664525 + 1013904223;
                keys[i][k] = k < round ? 7 : (uint8_t)((dice >> 24) % 3 == 0 ? dice >> 16 & 1 : 0);
            }
            ours[i] = (struct qp_order_row){
                .key = keys[i], .key_len = 1 + (dice >> 20) % KEY, .item = keys[i]};
            plain[i] = ours[i];
        }
        qp_order(ours, COUNT);
        qsort(plain, COUNT, sizeof plain[0], by_bytes);
        for (size_t i = 0; i < COUNT; i++) {
            assert_int_equal(by_bytes(&ours[i], &plain[i]), 0);
            assert_ptr_equal(ours[i].key, ours[i].item);
        }
    }
    qp_order(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_base64_wrote_and_refuses_loose_forms),
        cmocka_unit_test(refuses_text_that_is_not_utf8),
        cmocka_unit_test(keeps_hostile_text_from_moving_the_cursor),
        cmocka_unit_test(no_message_carries_hostile_text),
        cmocka_unit_test(reads_and_writes_times),
        cmocka_unit_test(puts_byte_strings_in_order),
        cmocka_unit_test(cuts_an_error_between_characters_and_keeps_it_on_one_line),
        cmocka_unit_test(a_large_block_does_not_swell_an_arena),
        cmocka_unit_test(an_arena_holds_to_its_limit_and_forgets_on_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
