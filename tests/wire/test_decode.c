#include "test.h"

#include "core/check.h"
#include "wire/generate.h"
#include "wire/wire.h"

#include <jansson.h>

static struct qp_arena arena;
static struct qp_arena scratch;

static int open_arenas(void **state)
{
    (void)state;
    qp_arena_init(&arena, 0);
    qp_arena_init(&scratch, 0);
    return 0;
}

static int close_arenas(void **state)
{
    (void)state;
    qp_arena_wipe(&arena);
    qp_arena_wipe(&scratch);
    return 0;
}

/* What our decoder takes, packing gives back byte for byte, and protobuf-c's own unpacker reads
 * the same. True when it was taken. */
static bool accepts(const struct qp_message_rule *rule, struct qp_span in)
{
    ProtobufCMessage *ours = NULL;
    struct qp_err why;
    qp_err_init(&why);
    enum qp_code rc = qp_wire_decode(rule, in, &scratch, &ours, &why);
    if (rc != QP_OK) {
        assert_int_equal(rc, QP_E_INPUT);
        assert_int_equal(why.code, QP_E_INPUT);
        assert_true(why.offset <= in.len);
        assert_true(strlen(why.text) > 0);
        qp_arena_reset(&scratch);
        return false;
    }
    ProtobufCMessage *theirs = protobuf_c_message_unpack(rule->descriptor, NULL, in.len, in.data);
    assert_non_null(theirs);
    assert_int_equal(theirs->n_unknown_fields, 0);
    ProtobufCMessage *both[] = {ours, theirs};
    uint8_t *packed = malloc(in.len + 1);
    assert_non_null(packed);
    for (size_t i = 0; i < QP_COUNT(both); i++) {
        assert_int_equal(protobuf_c_message_get_packed_size(both[i]), in.len);
        assert_int_equal(protobuf_c_message_pack(both[i], packed), in.len);
        assert_memory_equal(packed, in.data, in.len);
    }
    free(packed);
    protobuf_c_message_free_unpacked(theirs, NULL);
    qp_arena_reset(&scratch);
    return true;
}

static void every_generated_message_comes_back_byte_for_byte(void **state)
{
    (void)state;
    for (size_t i = 0; qp_rules_all[i] != NULL; i++) {
        for (uint64_t seed = 1; seed <= 60; seed++) {
            struct generator generator = {.seed = seed * 7919 + i, .arena = &arena};
            struct qp_buf bytes = {0};
            struct qp_err why;
            void *message = message_of(&generator, qp_rules_all[i], 0);
            if (qp_wire_encode(qp_rules_all[i], message, &arena, &bytes, &why) != QP_OK) {
                fail_msg("%s, seed %llu: %s", qp_rules_all[i]->descriptor->short_name,
                         (unsigned long long)seed, why.text);
            }
            /* A copy of exactly that size, so that the sanitizer sees a read behind it. */
            uint8_t *exact = malloc(bytes.len > 0 ? bytes.len : 1);
            assert_non_null(exact);
            memcpy(exact, bytes.data, bytes.len);
            assert_true(accepts(qp_rules_all[i], qp_span_of(exact, bytes.len)));
            free(exact);
            qp_buf_wipe(&bytes);
            qp_arena_reset(&arena);
        }
    }
}

static void encode_event(uint64_t seed, uint32_t body, struct qp_buf *bytes)
{
    struct generator generator = {.seed = seed, .arena = &arena};
    void *event = message_of(&generator, &qp_rule_event, body);
    assert_ok(qp_wire_encode(&qp_rule_event, event, &arena, bytes, err));
    qp_arena_reset(&arena);
}

static void every_truncation_and_flip_is_refused_or_canonical(void **state)
{
    (void)state;
    size_t taken = 0;
    size_t tried = 0;
    for (unsigned f = 3; f < qp_rule_event.descriptor->n_fields; f++) {
        struct qp_buf bytes = {0};
        encode_event(f * 104729, qp_rule_event.descriptor->fields[f].id, &bytes);
        for (size_t len = 0; len < bytes.len; len++) {
            assert_false(accepts(&qp_rule_event, qp_span_of(bytes.data, len)));
        }
        for (size_t at = 0; at < bytes.len; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                bytes.data[at] ^= (uint8_t)(1U << bit);
                taken += accepts(&qp_rule_event, qp_span_buf(&bytes));
                tried++;
                bytes.data[at] ^= (uint8_t)(1U << bit);
            }
        }
        qp_buf_wipe(&bytes);
    }
    /* Most changes hit free content; but lengths, tags and classes refuse many. */
    assert_true(taken > tried / 20 && taken < tried - tried / 20);
}

static void every_value_of_every_byte_is_refused_or_canonical(void **state)
{
    (void)state;
    struct qp_buf bytes = {0};
    encode_event(42, QP__EVENT__BODY_LOT_PROCESSED, &bytes);
    for (size_t at = 0; at < bytes.len; at++) {
        uint8_t was = bytes.data[at];
        for (unsigned value = 0; value < 256; value++) {
            bytes.data[at] = (uint8_t)value;
            bool taken = accepts(&qp_rule_event, qp_span_buf(&bytes));
            assert_true(taken || value != was);
        }
        bytes.data[at] = was;
    }
    qp_buf_wipe(&bytes);
}

/* Cut a piece out, double it, move it: structure that flips of one byte do not reach. */
static void pieces_moved_about_are_refused_or_canonical(void **state)
{
    (void)state;
    uint64_t seed = 20261121;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 2000; round++) {
        struct qp_buf bytes = {0};
        encode_event(1 + (uint64_t)round % 97, 0, &bytes);
        size_t from = next_random(&seed) % bytes.len;
        size_t len = 1 + next_random(&seed) % 40;
        len = len > bytes.len - from ? bytes.len - from : len;
        size_t to = next_random(&seed) % (bytes.len + 1);
        uint8_t *changed = malloc(bytes.len + len);
        assert_non_null(changed);
        memcpy(changed, bytes.data, to);
        memcpy(changed + to, bytes.data + from, len);
        memcpy(changed + to + len, bytes.data + to, bytes.len - to);
        (void)accepts(&qp_rule_event, qp_span_of(changed, bytes.len + len));
        memmove(changed + from, changed + from + len, bytes.len - from);
        (void)accepts(&qp_rule_event, qp_span_of(changed, bytes.len));
        free(changed);
        qp_buf_wipe(&bytes);
    }
}

static size_t from_hex(uint8_t *bytes, size_t room, const char *hex)
{
    size_t len = strlen(hex) / 2;
    assert_true(len <= room);
    assert_ok(qp_hex_decode(bytes, len, qp_span_text(hex), err));
    return len;
}

/* The file is for other implementations too; "reason" is part of our own error's text. */
static void refuses_what_is_not_canonical(void **state)
{
    (void)state;
    json_error_t error;
    json_t *cases = json_load_file(QP_SOURCE_DIR "/tests/vectors/refused.json", 0, &error);
    assert_true(json_array_size(cases) > 70);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        const char *what = json_string_value(json_object_get(one, "what"));
        const char *name = json_string_value(json_object_get(one, "message"));
        uint8_t bytes[512];
        size_t len = from_hex(bytes, sizeof bytes, json_string_value(json_object_get(one, "hex")));
        uint8_t *exact = malloc(len);
        assert_non_null(exact);
        memcpy(exact, bytes, len);
        ProtobufCMessage *message = NULL;
        struct qp_err why;
        qp_err_init(&why);
        enum qp_code rc =
            qp_wire_decode(rule_named(name), qp_span_of(exact, len), &scratch, &message, &why);
        if (rc != QP_E_INPUT ||
            strstr(why.text, json_string_value(json_object_get(one, "reason"))) == NULL) {
            fail_msg("%s: %s, \"%s\"", what, qp_code_name(rc), why.text);
        }
        assert_null(message);
        assert_true(why.offset <= len);
        free(exact);
    }
    json_decref(cases);
    qp_arena_reset(&scratch);
}

/* 32 bytes behind a tag. */
#define B32 "20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* The smallest event, to which bodies are added by hand. */
#define NONCE "0a10000102030405060708090a0b0c0d0e0f"
#define OCCURRED "1001"
#define WITHDRAWN                                                                                  \
    "820209"                                                                                       \
    "0a0461612f61"                                                                                 \
    "120178"
#define KEY_ADDED                                                                                  \
    "b20126"                                                                                       \
    "0a027065"                                                                                     \
    "12" B32

static void an_event_has_one_body(void **state)
{
    (void)state;
    uint8_t bytes[256];
    size_t len = from_hex(bytes, sizeof bytes, NONCE OCCURRED WITHDRAWN);
    Qp__Event *event = NULL;
    struct qp_err why;
    assert_ok(qp_event_decode(qp_span_of(bytes, len), &scratch, &event, err));
    assert_int_equal(event->body_case, QP__EVENT__BODY_PLOT_WITHDRAWN);
    assert_string_equal(event->plot_withdrawn->plot, "aa/a");
    len = from_hex(bytes, sizeof bytes, NONCE OCCURRED);
    assert_int_equal(qp_event_decode(qp_span_of(bytes, len), &scratch, &event, &why), QP_E_INPUT);
    assert_non_null(strstr(why.text, "no body"));
    len = from_hex(bytes, sizeof bytes, NONCE OCCURRED KEY_ADDED WITHDRAWN);
    assert_int_equal(qp_event_decode(qp_span_of(bytes, len), &scratch, &event, &why), QP_E_INPUT);
    assert_non_null(strstr(why.text, "beside another body"));
    len = from_hex(bytes, sizeof bytes, NONCE OCCURRED WITHDRAWN WITHDRAWN);
    assert_int_equal(qp_event_decode(qp_span_of(bytes, len), &scratch, &event, &why), QP_E_INPUT);
    len = from_hex(bytes, sizeof bytes, NONCE WITHDRAWN);
    assert_int_equal(qp_event_decode(qp_span_of(bytes, len), &scratch, &event, &why), QP_E_INPUT);
    assert_non_null(strstr(why.text, "occurred_ms is missing"));
    qp_arena_reset(&scratch);
}

/* A list of one more than its mark allows. */
static void refuses_more_than_the_mark_of_a_list_allows(void **state)
{
    (void)state;
    struct qp_buf bytes = {0};
    struct qp_err why;
    void *message = NULL;
    char shortest[249];
    memset(shortest, 'e', sizeof shortest);
    assert_ok(qp_buf_add_text(&bytes, "\x0a\xf9\x01", err));
    assert_ok(qp_buf_add(&bytes, qp_span_of(shortest, 249), err));
    for (int i = 0; i <= QP_EVENTS_MAX; i++) {
        if (i == QP_EVENTS_MAX) {
            assert_true(accepts(&qp_rule_bundle_entry, qp_span_buf(&bytes)));
        }
        assert_ok(qp_buf_add_text(&bytes, "\x1a\x20", err));
        assert_ok(qp_buf_add(&bytes, qp_span_of(shortest, 32), err));
    }
    assert_int_equal(
        qp_wire_decode(&qp_rule_bundle_entry, qp_span_buf(&bytes), &scratch, &message, &why),
        QP_E_INPUT);
    assert_non_null(strstr(why.text, "more than 4096 events"));
    qp_buf_wipe(&bytes);
    qp_arena_reset(&scratch);
}

/* Memory follows the input, whatever the counts in it promise. */
static void memory_stays_in_proportion_to_the_input(void **state)
{
    (void)state;
    struct qp_buf bytes = {0};
    struct qp_arena small;
    void *message = NULL;
    qp_arena_init(&small, 0);
    assert_ok(qp_buf_add_text(&bytes,
                              "\x0a\x04"
                              "aa/a"
                              "\x12\x01"
                              "c",
                              err));
    for (int i = 0; i < 200000; i++) {
        assert_ok(qp_buf_add(&bytes, qp_span_of("\x1a\x00", 2), err));
    }
    assert_int_equal(qp_wire_decode(&qp_rule_bundle, qp_span_buf(&bytes), &small, &message, NULL),
                     QP_E_INPUT);
    assert_true(small.total_bytes < 8 * bytes.len);
    qp_arena_wipe(&small);
    qp_buf_wipe(&bytes);
}

static void the_typed_doors_cap_sizes(void **state)
{
    (void)state;
    static const uint8_t zeros[QP_ENTRY_BYTES_MAX + 1];
    Qp__Event *event = NULL;
    Qp__Entry *entry = NULL;
    Qp__Statement *statement = NULL;
    const size_t sizes[] = {0, sizeof zeros};
    for (size_t i = 0; i < QP_COUNT(sizes); i++) {
        struct qp_span in = qp_span_of(zeros, sizes[i]);
        struct qp_err why;
        assert_int_equal(qp_event_decode(in, &scratch, &event, &why), QP_E_INPUT);
        assert_non_null(strstr(why.text, "65535 are allowed"));
        assert_int_equal(qp_entry_decode(in, &scratch, &entry, &why), QP_E_INPUT);
        assert_non_null(strstr(why.text, "65535 are allowed"));
        in.len = in.len > 0 ? QP_STATEMENT_BYTES_MAX + 1 : 0;
        assert_int_equal(qp_statement_decode(in, &scratch, &statement, &why), QP_E_INPUT);
        assert_non_null(strstr(why.text, "1024 are allowed"));
    }
}

static void encoding_refuses_what_decoding_would(void **state)
{
    (void)state;
    struct generator generator = {.seed = 5, .arena = &arena};
    Qp__Event *event = message_of(&generator, &qp_rule_event, QP__EVENT__BODY_LOT_HARVESTED);
    struct qp_buf out = {0};
    struct qp_err why;
    assert_ok(qp_buf_add_text(&out, "before", err));
    event->lot_harvested->crop_year = 1999;
    assert_int_equal(qp_wire_encode(&qp_rule_event, event, &arena, &out, &why), QP_E_INPUT);
    assert_string_equal(why.text, "lot_harvested: crop_year is 1999; 2000 to 2999 are allowed");
    assert_int_equal(out.len, strlen("before"));
    qp_buf_wipe(&out);
    qp_arena_reset(&arena);
}

static struct qp_buf encode_submissions(size_t count)
{
    struct qp_buf file = {0};
    for (size_t i = 0; i < count; i++) {
        struct generator generator = {.seed = 77 + i, .arena = &arena};
        Qp__Submission *submission = message_of(&generator, &qp_rule_submission, 0);
        assert_ok(qp_submission_encode(submission, &arena, &file, err));
    }
    qp_arena_reset(&arena);
    return file;
}

static void several_submissions_stand_in_one_file(void **state)
{
    (void)state;
    struct qp_buf file = encode_submissions(3);
    struct qp_span rest = qp_span_buf(&file);
    size_t count = 0;
    while (rest.len > 0) {
        Qp__Submission *submission = NULL;
        size_t used = 0;
        size_t head = 0;
        assert_ok(qp_submission_head(rest, &head, err));
        assert_ok(qp_submission_decode(rest, &scratch, &submission, &used, err));
        assert_int_equal(used, head);
        assert_true(submission->n_events >= 1);
        rest = qp_span_of(rest.data + used, rest.len - used);
        count++;
    }
    assert_int_equal(count, 3);
    qp_buf_wipe(&file);
    qp_arena_reset(&scratch);
}

static void a_submission_cut_off_or_of_another_kind_is_refused(void **state)
{
    (void)state;
    struct qp_buf file = encode_submissions(1);
    struct qp_err why;
    Qp__Submission *submission = NULL;
    size_t used = 99;
    for (size_t len = 0; len < file.len; len++) {
        uint8_t *exact = malloc(len > 0 ? len : 1);
        assert_non_null(exact);
        memcpy(exact, file.data, len);
        assert_int_equal(
            qp_submission_decode(qp_span_of(exact, len), &scratch, &submission, &used, &why),
            QP_E_INPUT);
        free(exact);
    }
    assert_int_equal(used, 99);
    file.data[18] = '2'; /* the version */
    assert_int_equal(qp_submission_decode(qp_span_buf(&file), &scratch, &submission, &used, &why),
                     QP_E_INPUT);
    assert_non_null(strstr(why.text, "version"));
    file.data[0] = 'Q';
    assert_int_equal(qp_submission_decode(qp_span_buf(&file), &scratch, &submission, &used, &why),
                     QP_E_INPUT);
    assert_non_null(strstr(why.text, "not a submission file"));
    qp_buf_wipe(&file);
    qp_arena_reset(&scratch);
}

static void a_submission_may_not_announce_too_much(void **state)
{
    (void)state;
    uint8_t head[QP_SUBMISSION_HEAD_BYTES] = QP_SUBMISSION_MAGIC;
    const uint32_t sizes[] = {0, QP_SUBMISSION_BYTES_MAX + 1, UINT32_MAX};
    size_t record = 0;
    for (size_t i = 0; i < QP_COUNT(sizes); i++) {
        qp_store_be32(head + QP_SUBMISSION_HEAD_BYTES - 4, sizes[i]);
        assert_int_equal(qp_submission_head(qp_span_of(head, sizeof head), &record, NULL),
                         QP_E_INPUT);
    }
    qp_store_be32(head + QP_SUBMISSION_HEAD_BYTES - 4, QP_SUBMISSION_BYTES_MAX);
    assert_ok(qp_submission_head(qp_span_of(head, sizeof head), &record, err));
    assert_int_equal(record, QP_SUBMISSION_HEAD_BYTES + QP_SUBMISSION_BYTES_MAX);
}

static void a_bundle_file_has_nothing_before_or_behind(void **state)
{
    (void)state;
    struct generator generator = {.seed = 31, .arena = &arena};
    Qp__Bundle *bundle = message_of(&generator, &qp_rule_bundle, 0);
    struct qp_buf file = {0};
    struct qp_err why;
    assert_ok(qp_bundle_encode(bundle, &arena, &file, err));
    Qp__Bundle *again = NULL;
    assert_ok(qp_bundle_decode(qp_span_buf(&file), &scratch, &again, err));
    assert_int_equal(again->n_entries, bundle->n_entries);
    assert_ok(qp_buf_add_text(&file, "\n", err));
    assert_int_equal(qp_bundle_decode(qp_span_buf(&file), &scratch, &again, &why), QP_E_INPUT);
    assert_int_equal(
        qp_bundle_decode(qp_span_of(file.data + 1, file.len - 2), &scratch, &again, &why),
        QP_E_INPUT);
    assert_non_null(strstr(why.text, "not a bundle file"));
    qp_buf_wipe(&file);
    qp_arena_reset(&arena);
    qp_arena_reset(&scratch);
}

static void decoding_without_memory_says_so(void **state)
{
    (void)state;
    struct qp_buf bytes = {0};
    encode_event(9, QP__EVENT__BODY_SHIPMENT_DISPATCHED, &bytes);
    bool done = false;
    for (size_t limit = 16; !done; limit += 16) {
        struct qp_arena tight;
        qp_arena_init(&tight, limit);
        Qp__Event *event = NULL;
        enum qp_code rc = qp_event_decode(qp_span_buf(&bytes), &tight, &event, NULL);
        done = rc == QP_OK;
        assert_true(done || (rc == QP_E_MEMORY && event == NULL));
        assert_true(limit < 1000000);
        qp_arena_wipe(&tight);
    }
    qp_buf_wipe(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_generated_message_comes_back_byte_for_byte),
        cmocka_unit_test(every_truncation_and_flip_is_refused_or_canonical),
        cmocka_unit_test(every_value_of_every_byte_is_refused_or_canonical),
        cmocka_unit_test(pieces_moved_about_are_refused_or_canonical),
        cmocka_unit_test(refuses_what_is_not_canonical),
        cmocka_unit_test(an_event_has_one_body),
        cmocka_unit_test(refuses_more_than_the_mark_of_a_list_allows),
        cmocka_unit_test(memory_stays_in_proportion_to_the_input),
        cmocka_unit_test(the_typed_doors_cap_sizes),
        cmocka_unit_test(encoding_refuses_what_decoding_would),
        cmocka_unit_test(several_submissions_stand_in_one_file),
        cmocka_unit_test(a_submission_cut_off_or_of_another_kind_is_refused),
        cmocka_unit_test(a_submission_may_not_announce_too_much),
        cmocka_unit_test(a_bundle_file_has_nothing_before_or_behind),
        cmocka_unit_test(decoding_without_memory_says_so),
    };
    return cmocka_run_group_tests(tests, open_arenas, close_arenas);
}
