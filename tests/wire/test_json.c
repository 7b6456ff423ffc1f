#include "test.h"

#include "core/check.h"
#include "wire/generate.h"
#include "wire/json.h"

static struct qp_arena arena;

static int open_arena(void **state)
{
    (void)state;
    qp_arena_init(&arena, 0);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    qp_arena_wipe(&arena);
    return 0;
}

static void every_generated_message_survives_json(void **state)
{
    (void)state;
    for (size_t i = 0; qp_rules_all[i] != NULL; i++) {
        const struct qp_message_rule *rule = qp_rules_all[i];
        for (uint64_t seed = 1; seed <= 40; seed++) {
            struct generator generator = {.seed = seed * 6700417 + i, .arena = &arena};
            struct qp_buf bytes = {0};
            struct qp_buf text = {0};
            struct qp_buf again = {0};
            json_t *json = NULL;
            json_t *parsed = NULL;
            void *message = message_of(&generator, rule, 0);
            void *decoded = NULL;
            assert_ok(qp_wire_encode(rule, message, &arena, &bytes, err));
            assert_ok(qp_wire_decode(rule, qp_span_buf(&bytes), &arena, &decoded, err));
            assert_ok(qp_json_encode(rule, decoded, &json, err));
            assert_ok(qp_json_print(json, seed % 2 == 0 ? 2 : 0, &text, err));
            assert_true(seed % 2 == 0 || memchr(text.data, '\n', text.len) == NULL);
            assert_ok(qp_json_parse(qp_span_buf(&text), &parsed, err));
            struct qp_err why;
            if (qp_json_decode(rule, parsed, &arena, &decoded, &why) != QP_OK ||
                qp_wire_encode(rule, decoded, &arena, &again, &why) != QP_OK) {
                fail_msg("%s, seed %llu: %s", rule->descriptor->short_name,
                         (unsigned long long)seed, why.text);
            }
            assert_int_equal(again.len, bytes.len);
            assert_memory_equal(again.data, bytes.data, bytes.len);
            json_decref(json);
            json_decref(parsed);
            qp_buf_wipe(&bytes);
            qp_buf_wipe(&text);
            qp_buf_wipe(&again);
            qp_arena_reset(&arena);
        }
    }
}

/* Through text and JSON to bytes. */
static enum qp_code event_of(const char *text, struct qp_buf *bytes, struct qp_err *err)
{
    json_t *json = NULL;
    void *event = NULL;
    enum qp_code rc = qp_json_parse(qp_span_text(text), &json, err);
    if (rc == QP_OK) {
        rc = qp_json_decode(&qp_rule_event, json, &arena, &event, err);
    }
    if (rc == QP_OK) {
        rc = qp_wire_encode(&qp_rule_event, event, &arena, bytes, err);
    }
    json_decref(json);
    return rc;
}

#define HEAD                                                                                       \
    "{\"nonce\":\"000102030405060708090a0b0c0d0e0f\",\"occurred\":\"2026-05-14T10:00:00Z\","

static void an_event_reads_as_people_write_it(void **state)
{
    (void)state;
    static const char text[] =
        HEAD "\"place\":{\"longitude_e7\":-769000000,\"latitude_e7\":-60000000,"
             "\"name\":\"Acopio \\\"Soritor\\\" ñ\"},"
             "\"lot_received\":{\"lot\":\"coop/l-1\",\"from\":\"finca\","
             "\"quantity\":{\"grams\":9007199254740}}}";
    struct qp_buf bytes = {0};
    struct qp_buf printed = {0};
    Qp__Event *event = NULL;
    json_t *json = NULL;
    assert_ok(event_of(text, &bytes, err));
    assert_ok(qp_event_decode(qp_span_buf(&bytes), &arena, &event, err));
    assert_int_equal(event->occurred_ms, UINT64_C(1778752800000));
    assert_string_equal(event->place->name, "Acopio \"Soritor\" ñ");
    assert_ok(qp_json_encode(&qp_rule_event, event, &json, err));
    assert_ok(qp_json_print(json, 0, &printed, err));
    assert_int_equal(printed.len, strlen(text));
    assert_memory_equal(printed.data, text, printed.len);
    json_decref(json);
    qp_buf_wipe(&printed);
    qp_buf_wipe(&bytes);
    qp_arena_reset(&arena);
}

struct wrong {
    const char *text;
    const char *says;
};

#define RECEIVED(quantity)                                                                         \
    HEAD "\"lot_received\":{\"lot\":\"coop/l-1\",\"from\":\"finca\",\"quantity\":" quantity "}}"

static const struct wrong table[] = {
    {"[]", "an object is needed"},
    {"{\"nonce\":\"00\"} {}", "not JSON"},
    {"{\"nonce\":\"00\",\"nonce\":\"00\"}", "duplicate"},
    {"{\"nonce\":\"\\u0000\"}", "not JSON"},
    {"{\"nonce\":\"\xff\"}", "not JSON"},
    {"{nonce:1}", "not JSON at line 1"},
    {"", "not JSON"},
    {"{\"nonce\":5}", "nonce: hexadecimal text is needed"},
    {"{\"nonce\":null}", "nonce: hexadecimal text is needed"},
    {"{\"nonce\":\"0g\"}", "nonce: "},
    {"{\"nonce\":\"000\"}", "nonce: "},
    {"{\"nonce\":\"00\",\"occurred\":\"2026-05-14T10:00:00Z\",\"event_voided\":{}}", "nonce is 1"},
    {HEAD "\"occurred_ms\":5}", "\"occurred_ms\" is not a name in Event"},
    {HEAD "\"colour\":5}", "\"colour\" is not a name in Event"},
    {HEAD "\"place\":{\"height\":5}}", "place: \"height\" is not a name in Place"},
    {HEAD "\"place\":[]}", "place: an object is needed"},
    {HEAD "\"place\":{\"longitude_e7\":1.5}}", "place: longitude_e7: a whole number"},
    {HEAD "\"place\":{\"longitude_e7\":1800000001}}", "1800000001 is given"},
    {HEAD "\"place\":{\"longitude_e7\":99999999999999999999}}", "not JSON"},
    {HEAD "\"place\":{\"name\":true}}", "place: name: a text"},
    {"{\"occurred\":1778752800000}", "occurred: a time such as"},
    {"{\"occurred\":\"yesterday\"}", "occurred: "},
    {RECEIVED("{\"grams\":-1}"), "lot_received: quantity: grams: -1 is given"},
    {RECEIVED("{\"grams\":\"5\"}"), "lot_received: quantity: grams: a whole number"},
    {RECEIVED("{\"grams\":1000000000000001}"), "1000000000000000 are allowed"},
    {HEAD "\"lot_received\":{},\"event_voided\":{}}", "stands beside another body"},
    {HEAD "\"lot_received\":null}", "lot_received: an object is needed"},
    {HEAD "\"plot_registered\":{\"commodities\":[\"coffee\",\"tea\"]}}",
     "plot_registered: commodities: 1: \"tea\" is not a Commodity; there are: coffee, cocoa"},
    {HEAD "\"plot_registered\":{\"commodities\":[\"unspecified\"]}}", "\"unspecified\" is not a"},
    {HEAD "\"plot_registered\":{\"commodities\":[\"COFFEE\"]}}", "\"COFFEE\" is not a"},
    {HEAD "\"plot_registered\":{\"commodities\":\"coffee\"}}", "a list is needed"},
    {HEAD "\"plot_registered\":{\"commodities\":[\"coffee\",\"coffee\",\"coffee\",\"coffee\","
          "\"coffee\",\"coffee\",\"coffee\",\"coffee\",\"coffee\"]}}",
     "9 are given; at most 8"},
    {HEAD "\"event_voided\":{\"reason\":\"x\"}}", "event_voided: event is missing"},
    {"{\"nonce\":\"000102030405060708090a0b0c0d0e0f\"}", "occurred_ms is missing"},
};

static void says_what_is_wrong_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < QP_COUNT(table); i++) {
        struct qp_buf bytes = {0};
        struct qp_err why;
        qp_err_init(&why);
        enum qp_code rc = event_of(table[i].text, &bytes, &why);
        if (rc != QP_E_INPUT || strstr(why.text, table[i].says) == NULL) {
            fail_msg("%s: %s, \"%s\"", table[i].text, qp_code_name(rc), why.text);
        }
        assert_int_equal(bytes.len, 0);
        qp_buf_wipe(&bytes);
    }
    qp_arena_reset(&arena);
}

static void a_bad_enum_lists_every_name_or_says_that_there_are_more(void **state)
{
    (void)state;
    struct qp_buf bytes = {0};
    struct qp_err why;
    assert_int_equal(event_of(HEAD "\"lot_harvested\":{\"form\":\"beans\"}}", &bytes, &why),
                     QP_E_INPUT);
    assert_non_null(strstr(why.text, "cherry, dried_cherry"));
    assert_true(strstr(why.text, "soluble") != NULL || strstr(why.text, "…") != NULL);
    qp_buf_wipe(&bytes);
    qp_arena_reset(&arena);
}

static void json_may_be_32_deep_and_no_deeper(void **state)
{
    (void)state;
    char text[80];
    json_t *json = NULL;
    for (size_t depth = 30; depth < 36; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        enum qp_code rc = qp_json_parse(qp_span_of(text, 2 * depth), &json, NULL);
        assert_int_equal(rc, depth <= QP_JSON_DEPTH_MAX ? QP_OK : QP_E_INPUT);
        if (rc == QP_OK) {
            json_decref(json);
        }
    }
    /* Brackets inside a text do not count. */
    static const char quoted[] = "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"";
    assert_ok(qp_json_parse(qp_span_text(quoted), &json, err));
    json_decref(json);
}

static void an_event_has_the_name_of_its_body(void **state)
{
    (void)state;
    assert_string_equal(qp_event_name(QP__EVENT__BODY_LOT_HARVESTED), "lot_harvested");
    assert_string_equal(qp_event_name(QP__EVENT__BODY_EVENT_VOIDED), "event_voided");
    assert_string_equal(qp_event_name(QP__EVENT__BODY__NOT_SET), "no body");
    char name[40];
    qp_enum_name(name, &qp__form__descriptor, QP__FORM__FORM_WET_PARCHMENT);
    assert_string_equal(name, "wet_parchment");
    qp_enum_name(name, &qp__form__descriptor, 9999);
    assert_string_equal(name, "unspecified");
}

/* The arena and the buffers fail; jansson has its own memory. */
static void without_memory_it_says_so(void **state)
{
    (void)state;
    bool done = false;
    for (uint64_t count = 0; !done; count++) {
        struct qp_arena fresh;
        struct qp_buf bytes = {0};
        struct qp_buf text = {0};
        json_t *json = NULL;
        json_t *out = NULL;
        void *event = NULL;
        qp_arena_init(&fresh, 0);
        assert_ok(qp_json_parse(qp_span_text(RECEIVED("{\"grams\":5}")), &json, err));
        qp_alloc_fail_after(count);
        enum qp_code rc = qp_json_decode(&qp_rule_event, json, &fresh, &event, NULL);
        if (rc == QP_OK) {
            rc = qp_wire_encode(&qp_rule_event, event, &fresh, &bytes, NULL);
        }
        if (rc == QP_OK) {
            rc = qp_json_encode(&qp_rule_event, event, &out, NULL);
        }
        if (rc == QP_OK) {
            rc = qp_json_print(out, 0, &text, NULL);
        }
        qp_alloc_fail_after(UINT64_MAX);
        done = rc == QP_OK;
        assert_true(done || rc == QP_E_MEMORY);
        assert_true(count < 1000);
        json_decref(out);
        json_decref(json);
        qp_buf_wipe(&text);
        qp_buf_wipe(&bytes);
        qp_arena_wipe(&fresh);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_generated_message_survives_json),
        cmocka_unit_test(an_event_reads_as_people_write_it),
        cmocka_unit_test(says_what_is_wrong_and_where),
        cmocka_unit_test(a_bad_enum_lists_every_name_or_says_that_there_are_more),
        cmocka_unit_test(json_may_be_32_deep_and_no_deeper),
        cmocka_unit_test(an_event_has_the_name_of_its_body),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
