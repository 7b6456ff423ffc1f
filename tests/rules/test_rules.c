/* A season from the farm to the port, and whether every refusal there is has been seen. */
#include "rules/test_rules.h"
#include "rules/scene.h"

#include "core/check.h"
#include "core/time.h"

#define IN(lot, grams) "{'lot': '" lot "', 'quantity': {'grams': " grams "}}"
#define OUT(lot, form, grams, kind)                                                                \
    "{'lot': '" lot "', 'form': '" form "', 'quantity': {'grams': " grams "}, 'kind': '" kind "'}"

static void hand(const char *lot, const char *from, const char *to, const char *kind, uint64_t sent,
                 uint64_t received)
{
    ok(from, "2026-06-02",
       "'lot_transferred': {'lot': '%s', 'to': '%s', 'kind': '%s', 'quantity': {'grams': %llu}}",
       lot, to, kind, (unsigned long long)sent);
    assert_int_equal(scene_lot(lot)->status, QP__LOT_STATUS__LOT_STATUS_HANDED);
    ok(to, "2026-06-02", "'lot_received': {'lot': '%s', 'from': '%s', 'quantity': {'grams': %llu}}",
       lot, from, (unsigned long long)received);
    assert_int_equal(scene_grams(lot), received);
}

static void a_season_runs_from_the_farm_to_the_port(void **state)
{
    (void)state;
    scene_harvested("norte", "norte/e1", "norte/p1", 6000000);
    scene_harvested("norte", "norte/e2", "norte/p1", 4000000);
    scene_harvested("sur", "sur/e1", "sur/p1", 5000000);
    assert_int_equal(scene_harvest("norte/p1", 2026), 1800000);
    /* Wet mill at the cooperatives. */
    ok("norte", "2026-05-20",
       "'lot_processed': {'process': 'washing', 'inputs': [" IN("norte/e1", "6000000") ", " IN(
           "norte/e2", "3500000") "], 'outputs': [" OUT("norte/w1", "parchment", "1900000",
                                                        "product") ", " OUT("norte/w2", "pulp",
                                                                            "4000000",
                                                                            "by_product") "]}");
    assert_null(scene_lot("norte/e1")->balance);
    assert_int_equal(scene_grams("norte/e2"), 500000);
    assert_int_equal(scene_grams("norte/w1"), 1900000);
    assert_int_equal(scene_lot("norte/w2")->kind,
                     QP__OUTPUT_KIND_OF_LOT__OUTPUT_KIND_OF_LOT_BY_PRODUCT);
    ok("sur", "2026-05-20",
       "'lot_processed': {'process': 'washing', 'inputs': [" IN(
           "sur/e1", "5000000") "], 'outputs': [" OUT("sur/w1", "parchment", "1000000",
                                                      "product") "]}");
    /* By carrier to the dry mill, which hulls for the owners. */
    hand("norte/w1", "norte", "carry", "custody", 1900000, 1900000);
    hand("norte/w1", "carry", "mill", "custody", 1900000, 1898000);
    hand("sur/w1", "sur", "mill", "custody", 1000000, 1000000);
    assert_string_equal(scene_lot("norte/w1")->owner, "norte");
    no("QP-MASS-FORM", "mill", "2026-06-02",
       "'lot_processed': {'process': 'hulling', 'inputs': [" IN("norte/w1", "1") ", " IN(
           "sur/w1", "1") "], 'outputs': [" OUT("mill/o", "green", "1", "product") "]}");
    /* Sold where they lie; now they may be mixed. */
    hand("norte/w1", "norte", "export", "ownership", 1898000, 1898000);
    hand("sur/w1", "sur", "export", "ownership", 1000000, 1000000);
    ok("mill", "2026-06-03",
       "'lot_processed': {'process': 'hulling', 'inputs': [" IN("norte/w1", "1898000") ", " IN(
           "sur/w1", "1000000") "], 'outputs': [" OUT("mill/o", "green", "2300000",
                                                      "product") ", " OUT("mill/h", "husk",
                                                                          "500000",
                                                                          "by_product") "]}");
    assert_string_equal(scene_lot("mill/o")->owner, "export");
    assert_string_equal(scene_lot("mill/o")->holder, "mill");
    hand("mill/o", "mill", "export", "custody", 2300000, 2299000);
    ok("export", "2026-06-05",
       "'lot_processed': {'process': 'mixing', 'inputs': [" IN(
           "mill/o", "2299000") "], 'outputs': [" OUT("export/blend", "green", "2000000",
                                                      "product") ", " OUT("export/rest", "green",
                                                                          "299000",
                                                                          "product") "]}");
    ok("lab", "2026-06-05",
       "'lot_inspected': {'lot': 'export/blend', 'inspection': 'quality', 'outcome': 'passed'}");
    ok("export", "2026-06-06",
       "'shipment_dispatched': {'shipment': 'export/s1', 'consignee': 'import', 'commodity': "
       "'coffee', 'hs_code': '090111', 'lots': [" IN(
           "export/blend",
           "1900000") "], 'containers': [{'number': 'CSQU3054383', 'seals': ['A1']}], "
                      "'port_of_loading': "
                      "'PECLL', 'port_of_discharge': 'DEHAM', 'destination_country': 'DE'}");
    assert_int_equal(scene_grams("export/blend"), 100000);
    ok("port", "2026-06-07",
       "'shipment_gated_in': {'shipment': 'export/s1', 'container': 'CSQU3054383', "
       "'gross_grams': 2100000, 'seals': ['A1']}");
    ok("port", "2026-06-08",
       "'shipment_loaded': {'shipment': 'export/s1', 'containers': ['CSQU3054383'], 'vessel': "
       "'V', 'port': 'PECLL'}");
    ok("import", "2026-07-08",
       "'shipment_received': {'shipment': 'export/s1', 'quantity': {'grams': 1899000}}");
    const Qp__ShipmentState *shipment = scene_shipment("export/s1");
    assert_int_equal(shipment->quantity->grams, 1900000);
    assert_non_null(shipment->received);
    /* A slip at the end is taken back; what the shipment rests on is not. */
    ok("export", "2026-06-05",
       "'lot_processed': {'process': 'splitting', 'inputs': [" IN(
           "export/rest", "99000") "], 'outputs': [" OUT("export/slip", "green", "99000",
                                                         "product") "]}");
    assert_int_equal(scene_grams("export/rest"), 200000);
    ok("export", "2026-06-06", "'event_voided': {'event': %s, 'reason': 'slip'}", scene_last());
    assert_int_equal(scene_grams("export/rest"), 299000);
}

/* Without memory an event is neither admitted nor refused, and the state is what it was. */
static void a_want_of_memory_changes_nothing(void **state)
{
    (void)state;
    struct qp_buf before = {0};
    struct qp_buf after = {0};
    struct qp_err why;
    Qp__Event *event = NULL;
    struct qp_rule_context context = {.issuer = scene_key("norte"), .index = 90};
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    scene_snapshot(&before);
    struct qp_span bytes =
        scene_event_bytes(DAY, "'lot_processed': {'process': 'washing', 'inputs': [" IN(
                                   "norte/a", "1000") "], 'outputs': [" OUT("norte/b", "parchment",
                                                                            "100", "product") "]}");
    assert_ok(qp_event_decode(bytes, &scene.arena, &event, err));
    enum qp_code rc = QP_E_MEMORY;
    for (uint64_t nth = 0; rc == QP_E_MEMORY; nth++) {
        struct qp_arena scratch;
        assert_true(nth < 1000);
        qp_arena_init(&scratch, 0);
        qp_state_map_mark(scene.map);
        qp_alloc_fail_after(nth);
        rc = qp_rules_apply(&context, event, &scene.state, &scratch, &why);
        qp_alloc_fail_after(UINT64_MAX);
        qp_state_map_rollback(scene.map);
        qp_arena_wipe(&scratch);
        after.len = 0;
        scene_snapshot(&after);
        assert_int_equal(after.len, before.len);
        assert_memory_equal(after.data, before.data, before.len);
    }
    assert_int_equal(rc, QP_OK);
    qp_buf_wipe(&before);
    qp_buf_wipe(&after);
}

/* Codes of the statements' chain and of the log's clock: the log gives them, not the rules. */
static bool is_the_logs(const char *code)
{
    return strncmp(code, "QP-CHAIN-", 9) == 0 || strcmp(code, "QP-TIME-FUTURE") == 0;
}

static void every_code_has_been_seen(void **state)
{
    (void)state;
    for (size_t i = 0; qp_rule_codes[i].code != NULL; i++) {
        const struct qp_rule_code *at = &qp_rule_codes[i];
        assert_ptr_equal(qp_rule_code_find(at->code), at); /* none stands twice */
        assert_true(strlen(at->code) < QP_ERR_RULE_BYTES);
        assert_true(at->line < QP_LINE_COUNT);
        assert_true(at->meaning[0] != '\0' && at->meaning[strlen(at->meaning) - 1] != '.');
        if (!is_the_logs(at->code) && !scene_seen(at->code)) {
            fail_msg("no test saw %s", at->code);
        }
    }
    assert_null(qp_rule_code_find("QP-NONE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(a_season_runs_from_the_farm_to_the_port),
        SCENE_TEST(a_want_of_memory_changes_nothing),
    };
    const struct CMUnitTest last[] = {
        cmocka_unit_test(every_code_has_been_seen),
    };
    int failed = rules_party_tests();
    failed += rules_fork_tests();
    failed += rules_forms_tests();
    failed += rules_land_tests();
    failed += rules_lot_tests();
    failed += rules_process_tests();
    failed += rules_trade_tests();
    failed += cmocka_run_group_tests_name("season", tests, NULL, NULL);
    return failed + cmocka_run_group_tests_name("codes", last, NULL, NULL);
}
