/* What the verdict says beyond its lines: footprint, circular use, and when nothing is claimed. */
#include "claimed.h"

/* ---- Footprint ---- */

static void record(struct forge *forge, const char *lot, const char *stage, uint64_t grams)
{
    forge_event(forge,
                "\"footprint_recorded\": {\"lot\": \"%s\", \"stage\": \"%s\", \"grams_co2e\": "
                "%llu, \"method\": \"by hand 1\", \"evidence\": \"declared\"}",
                lot, stage, (unsigned long long)grams);
    forge_sign(forge, "coop");
}

/* After the lot was used up: records come late. */
static void record_both(struct forge *forge)
{
    record(forge, "coop/H-1", "farming", 500000);
    record(forge, "coop/G-1", "hulling", 1000);
}

static void greenhouse_gases_follow_the_mass(void **state)
{
    (void)state;
    struct claimed claimed =
        claims_of(&(struct season_steps){.last = record_both},
                  REQUIRE("\"footprint\"") ", \"footprint_max_g_per_kg\": 507");
    /* 500,000 g over 790,000 g of green and 200,000 g of husk, and 1,000 g more on the green; what
     * the scales lost carries nothing away. */
    assert_true(claimed.passed);
    expect_claim(&claimed, "footprint", "PASS", "");
    expect_number(&claimed, "footprint", "co2e_grams", 398990 + 1000);
    expect_number(&claimed, "footprint", "g_per_kg", 507);
    expect_number(&claimed, "footprint", "records", 2);
    expect_number(&claimed, "footprint", "recorded_ppm", 1000000);
    expect_number(&claimed, "footprint", "farming_ppm", 1000000);
    expect_number(&claimed, "footprint", "evidence", 1);
    claimed_wipe(&claimed);
}

static void a_footprint_above_the_limit_fails(void **state)
{
    (void)state;
    struct claimed claimed =
        claims_of(&(struct season_steps){.last = record_both},
                  REQUIRE("\"footprint\"") ", \"footprint_max_g_per_kg\": 506");
    assert_false(claimed.passed);
    expect_claim(&claimed, "footprint", "FAIL", "the policy allows 506");
    claimed_wipe(&claimed);
}

static void record_hulling(struct forge *forge)
{
    record(forge, "coop/G-1", "hulling", 1000);
}

static void a_footprint_without_farming_is_not_shown(void **state)
{
    (void)state;
    struct claimed claimed =
        claims_of(&(struct season_steps){.last = record_hulling}, REQUIRE("\"footprint\""));
    assert_false(claimed.passed);
    expect_claim(&claimed, "footprint", "NOT SHOWN",
                 "the stage farming is recorded for 0.0000 % of what is shipped");
    expect_number(&claimed, "footprint", "recorded_ppm", 1000000);
    claimed_wipe(&claimed);
    claimed = claims_of(&(struct season_steps){0}, "");
    expect_claim(&claimed, "footprint", "NOT SHOWN", "no footprint is recorded");
    claimed_wipe(&claimed);
}

static void harvest_two(struct forge *forge)
{
    season_harvest(forge);
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-2\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 3000001}, \"origins\": [{\"plot\": "
                "\"coop/P-1\", \"grams\": 3000001}], \"harvest_from\": \"2026-05-01\", "
                "\"harvest_to\": \"2026-05-20\", \"crop_year\": 2026}");
    forge_sign(forge, "coop");
}

static void mill_two(struct forge *forge)
{
    forge_event(
        forge, "\"lot_processed\": {\"process\": \"hulling\", \"inputs\": [{\"lot\": \"coop/H-1\", "
               "\"quantity\": {\"grams\": 1000000}}, {\"lot\": \"coop/H-2\", \"quantity\": "
               "{\"grams\": 1000000}}], \"outputs\": [{\"lot\": \"coop/G-1\", \"form\": \"green\", "
               "\"quantity\": {\"grams\": 790000}, \"kind\": \"product\"}, {\"lot\": \"coop/M-1\", "
               "\"form\": \"residue\", \"quantity\": {\"grams\": 200000}, \"kind\": \"waste\"}]}");
    forge_sign(forge, "coop");
}

static void record_second(struct forge *forge)
{
    record(forge, "coop/H-2", "farming", 3000);
}

static void what_is_recorded_in_part_is_told_in_part(void **state)
{
    (void)state;
    struct claimed claimed = claims_of(
        &(struct season_steps){.harvest = harvest_two, .mill = mill_two, .last = record_second},
        "");
    expect_claim(&claimed, "footprint", "NOT SHOWN",
                 "the stage farming is recorded for 50.0000 % of what is shipped");
    /* A third of 3,000 g, but for a gram of coffee: rounded up. Waste carries nothing away. */
    expect_number(&claimed, "footprint", "co2e_grams", 1000);
    expect_number(&claimed, "footprint", "farming_ppm", 500000);
    expect_claim(&claimed, "circular", "NOT SHOWN", "all that was left over is waste");
    expect_number(&claimed, "circular", "waste_grams", 200000);
    claimed_wipe(&claimed);
}

static void record_and_void(struct forge *forge)
{
    struct forge_party *coop = forge_party(forge, "coop");
    char id[65];
    record(forge, "coop/H-1", "farming", 500000);
    record(forge, "coop/H-1", "farming", 9000000);
    qp_hash_hex(id, &forge->entries[forge->entry_count - 1].ids[0]);
    forge_event(forge,
                "\"event_voided\": {\"event\": {\"issuer\": \"%s\", \"sequence\": %llu, "
                "\"event\": \"%s\"}, \"reason\": \"typed wrongly\"}",
                coop->hex, (unsigned long long)coop->sequence - 1, id);
    forge_sign(forge, "coop");
}

static void a_record_that_was_voided_does_not_count(void **state)
{
    (void)state;
    struct claimed claimed = claims_of(&(struct season_steps){.last = record_and_void}, "");
    expect_number(&claimed, "footprint", "records", 1);
    expect_number(&claimed, "footprint", "co2e_grams", 398990);
    claimed_wipe(&claimed);
}

/* The greatest numbers that can be written: nothing overflows, and what is beyond JSON is capped.
 */
static void record_the_most(struct forge *forge)
{
    for (unsigned i = 0; i < 8; i++) {
        forge_event(forge, "\"footprint_recorded\": {\"lot\": \"coop/H-1\", \"stage\": "
                           "\"farming\", \"grams_co2e\": 9007199254740991, \"method\": \"m\", "
                           "\"evidence\": \"declared\"}");
    }
    forge_sign(forge, "coop");
}

static void the_greatest_footprint(void **state)
{
    (void)state;
    struct claimed claimed =
        claims_of(&(struct season_steps){.last = record_the_most},
                  REQUIRE("\"footprint\"") ", \"footprint_max_g_per_kg\": 1000000000");
    expect_claim(&claimed, "footprint", "FAIL", "the policy allows 1000000000");
    expect_number(&claimed, "footprint", "co2e_grams", 9007199254740991);
    expect_number(&claimed, "footprint", "g_per_kg", 72831544437361);
    claimed_wipe(&claimed);
}

/* The bags are parted from what is in them: a lot of all the grams, and one of ten pieces. */
static void harvest_bags(struct forge *forge)
{
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-0\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 1000000, \"pieces\": 10}, "
                "\"origins\": [{\"plot\": \"coop/P-1\", \"grams\": 1000000}], "
                "\"harvest_from\": \"2026-05-01\", \"harvest_to\": \"2026-05-20\", "
                "\"crop_year\": 2026}");
    forge_sign(forge, "coop");
    forge_event(forge,
                "\"lot_processed\": {\"process\": \"sorting\", \"inputs\": [{\"lot\": "
                "\"coop/H-0\", \"quantity\": {\"grams\": 1000000, \"pieces\": 10}}], "
                "\"outputs\": [{\"lot\": \"coop/H-1\", \"form\": \"parchment\", \"quantity\": "
                "{\"grams\": 1000000}, \"kind\": \"product\"}, {\"lot\": \"coop/H-2\", "
                "\"form\": \"parchment\", \"quantity\": {\"pieces\": 10}, \"kind\": "
                "\"product\"}]}");
    forge_sign(forge, "coop");
}

static void mill_bags(struct forge *forge)
{
    forge_event(
        forge, "\"lot_processed\": {\"process\": \"hulling\", \"inputs\": [{\"lot\": \"coop/H-1\", "
               "\"quantity\": {\"grams\": 1000000}}, {\"lot\": \"coop/H-2\", \"quantity\": "
               "{\"pieces\": 10}}], \"outputs\": [{\"lot\": \"coop/G-1\", \"form\": \"green\", "
               "\"quantity\": {\"grams\": 790000}, \"kind\": \"product\"}]}");
    forge_sign(forge, "coop");
}

static void record_bags(struct forge *forge)
{
    record(forge, "coop/H-1", "farming", 790000);
    record(forge, "coop/H-2", "farming", 7900000);
}

static void what_is_recorded_for_goods_without_weight_is_not_lost(void **state)
{
    (void)state;
    struct claimed claimed = claims_of(
        &(struct season_steps){.harvest = harvest_bags, .mill = mill_bags, .last = record_bags},
        REQUIRE("\"footprint\"") ", \"footprint_max_g_per_kg\": 10999");
    expect_claim(&claimed, "footprint", "FAIL", "is 11007 g CO2e per kg");
    claimed_wipe(&claimed);
}

static void a_robbed_hand_recorded(struct forge *forge)
{
    certifier(forge);
    record_both(forge);
    forge_event(forge, "\"footprint_recorded\": {\"lot\": \"coop/G-1\", \"stage\": \"transport\", "
                       "\"grams_co2e\": 790000, \"method\": \"m\", \"evidence\": \"declared\"}");
    forge_sign(forge, "certifier");
    forge_event(forge,
                "\"key_revoked\": {\"party\": \"certifier\", \"key\": \"%s\", "
                "\"compromised_since_index\": 1, \"reason\": \"laptop stolen\"}",
                forge_party(forge, "certifier")->hex);
    forge_sign(forge, "operator");
}

/* Its grams stay in the sum, so that ending a key makes nothing cleaner; it is no record besides.
 */
static void what_a_stolen_key_recorded_is_counted_and_covers_nothing(void **state)
{
    (void)state;
    struct claimed claimed =
        claims_of(&(struct season_steps){.last = a_robbed_hand_recorded}, REQUIRE("\"footprint\""));
    expect_number(&claimed, "footprint", "co2e_grams", 398990 + 1000 + 790000);
    expect_number(&claimed, "footprint", "records", 2);
    claimed_wipe(&claimed);
}

/* ---- Circular use ---- */

static void sell_the_husk(struct forge *forge)
{
    forge_event(forge, "\"lot_transferred\": {\"lot\": \"coop/K-1\", \"to\": \"exporter\", "
                       "\"kind\": \"both\", \"quantity\": {\"grams\": 200000}}");
    forge_sign(forge, "coop");
}

static void use_half_of_the_husk(struct forge *forge)
{
    forge_event(forge,
                "\"lot_processed\": {\"process\": \"splitting\", \"inputs\": [{\"lot\": "
                "\"coop/K-1\", \"quantity\": {\"grams\": 100000}}], \"outputs\": [{\"lot\": "
                "\"coop/K-2\", \"form\": \"husk\", \"quantity\": {\"grams\": 100000}, \"kind\": "
                "\"by_product\"}]}");
    forge_sign(forge, "coop");
}

static void by_products_count_as_used_where_that_is_shown(void **state)
{
    (void)state;
    struct claimed claimed = claims_of(&(struct season_steps){0}, REQUIRE("\"circular\""));
    assert_false(claimed.passed);
    expect_claim(&claimed, "circular", "NOT SHOWN",
                 "what became of 200 kg of by-products is not shown");
    expect_number(&claimed, "circular", "by_product_grams", 200000);
    expect_number(&claimed, "circular", "recovered_ppm", 1000000);
    expect_number(&claimed, "circular", "used_ppm", 0);
    claimed_wipe(&claimed);
    claimed = claims_of(&(struct season_steps){.last = sell_the_husk}, REQUIRE("\"circular\""));
    assert_true(claimed.passed);
    expect_claim(&claimed, "circular", "PASS", "");
    expect_number(&claimed, "circular", "used_ppm", 1000000);
    claimed_wipe(&claimed);
}

static void by_products_used_in_part_are_not_used(void **state)
{
    (void)state;
    struct claimed claimed =
        claims_of(&(struct season_steps){.last = use_half_of_the_husk}, REQUIRE("\"circular\""));
    expect_claim(&claimed, "circular", "NOT SHOWN",
                 "what became of 100 kg of by-products is not shown");
    claimed_wipe(&claimed);
}

/* ---- What nothing can be claimed of ---- */

static void mill_too_much(struct forge *forge)
{
    forge_event(
        forge, "\"lot_processed\": {\"process\": \"hulling\", \"inputs\": [{\"lot\": \"coop/H-1\", "
               "\"quantity\": {\"grams\": 1000000}}], \"outputs\": [{\"lot\": \"coop/G-1\", "
               "\"form\": \"green\", \"quantity\": {\"grams\": 990000}, \"kind\": \"product\"}]}");
    forge_sign(forge, "coop");
}

static void nothing_is_claimed_along_a_broken_way(void **state)
{
    (void)state;
    struct claimed claimed =
        claims_of(&(struct season_steps){.mill = mill_too_much, .last = certify_both},
                  REQUIRE("\"certificate:eu-organic\", \"footprint\""));
    assert_false(claimed.passed);
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"certificate:eu-organic", "footprint", "circular"};
        expect_claim(&claimed, names[i], "NOT SHOWN", "the way of the goods is not whole");
    }
    claimed_wipe(&claimed);
}

static void nothing_is_claimed_of_a_forgery(void **state)
{
    (void)state;
    struct claimed claimed = claims_of_forgery(&(struct season_steps){.last = certify_both},
                                               REQUIRE("\"certificate:eu-organic\""));
    assert_false(claimed.passed);
    expect_claim(&claimed, "certificate:eu-organic", "NOT SHOWN", "the bundle is not authentic");
    assert_int_equal(json_array_size(json_object_get(claimed.json, "claims")), 1);
    claimed_wipe(&claimed);
}

/* ---- What the rule set says, and what the lines tell ---- */

static void the_rule_set_says_what_the_regulation_covers(void **state)
{
    (void)state;
    struct claimed claimed = claims_of(&(struct season_steps){.land = rules_with_schemes}, "");
    json_t *wanted =
        json_pack("{s:s, s:b, s:s, s:s, s:[{s:s, s:s}]}", "rule_set", "schemes", "covered", 1,
                  "heading", "0901", "effective_from", "2026-01-01", "applications", "operators",
                  "large-and-medium", "from", "2026-12-30");
    assert_true(json_equal(json_object_get(claimed.json, "regulation"), wanted));
    json_decref(wanted);
    wanted = json_pack("[{s:s, s:s, s:s}]", "country", "PE", "level", "standard", "effective_from",
                       "2025-05-22");
    assert_true(json_equal(json_object_get(claimed.json, "country_risk"), wanted));
    json_decref(wanted);
    claimed_wipe(&claimed);
}

static void receive_little(struct forge *forge)
{
    forge_event(forge, "\"lot_received\": {\"lot\": \"coop/G-1\", \"from\": \"coop\", "
                       "\"quantity\": {\"grams\": 700000}}");
    forge_sign(forge, "exporter");
}

static void ship_little(struct forge *forge)
{
    forge_event(forge,
                "\"shipment_dispatched\": {\"shipment\": \"exporter/S-1\", \"consignee\": "
                "\"importer\", \"commodity\": \"coffee\", \"hs_code\": \"090111\", \"lots\": "
                "[{\"lot\": \"coop/G-1\", \"quantity\": {\"grams\": 700000}}], \"containers\": "
                "[{\"number\": \"CSQU3054383\"}], \"port_of_loading\": \"PECLL\", "
                "\"port_of_discharge\": \"DEHAM\", \"destination_country\": \"DE\"}");
    forge_sign(forge, "exporter");
}

static void a_great_loss_on_the_way_is_told(void **state)
{
    (void)state;
    struct claimed claimed = claims_of(&(struct season_steps){.land = rules_with_schemes,
                                                              .receive = receive_little,
                                                              .ship = ship_little},
                                       "");
    assert_true(claimed.passed);
    expect_line(&claimed, 3, "PASS", "lot coop/G-1 lost 90000 g of 790000 g on its way from coop");
    expect_line_number(&claimed, 3, "lost_grams", 90000);
    claimed_wipe(&claimed);
    /* 500 g of 790 kg are less than the 2 % of the rule set. */
    claimed = claims_of(&(struct season_steps){.land = rules_with_schemes}, "");
    expect_line_number(&claimed, 3, "lost_grams", 500);
    assert_null(strstr(claimed.text, "on its way from"));
    claimed_wipe(&claimed);
}

static void a_plot_that_yields_much_is_told(void **state)
{
    (void)state;
    /* 800 kg of green from 2.8 ha, and 280 kg/ha are usual: 784 kg. */
    struct claimed claimed = claims_of(&(struct season_steps){.land = rules_with_schemes}, "");
    assert_true(claimed.passed);
    expect_line(&claimed, 3, "PASS",
                "plot coop/P-1 yielded 800 kg in crop year 2026, more than is usual: above 784 kg");
    expect_line_number(&claimed, 3, "plots_over_warn", 1);
    claimed_wipe(&claimed);
    claimed = claims_of(&(struct season_steps){0}, "");
    expect_line_number(&claimed, 3, "plots_over_warn", 0);
    claimed_wipe(&claimed);
}

/* ---- Memory ---- */

static void certify_and_record(struct forge *forge)
{
    certify_both(forge);
    record_both(forge);
}

static void says_when_memory_runs_out_and_leaks_nothing(void **state)
{
    (void)state;
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.last = certify_and_record});
    struct qp_trust *trust = forge_trust(&forge, REQUIRE("\"footprint\""));
    struct qp_span file = forge_file(&forge, forge_bundle(&forge, "exporter/S-1"));
    for (uint64_t n = 0;; n++) {
        struct qp_verdict *verdict = NULL;
        struct qp_err why;
        qp_alloc_fail_after(n);
        enum qp_code rc = qp_bundle_verify(file, trust, FORGE_NOW_MS, &verdict, &why);
        qp_alloc_fail_after(UINT64_MAX);
        if (rc == QP_OK) {
            assert_true(qp_verdict_passed(verdict));
            qp_verdict_free(verdict);
            break;
        }
        assert_int_equal(rc, QP_E_MEMORY);
        assert_null(verdict);
        assert_true(n < 100000);
    }
    qp_trust_free(trust);
    forge_wipe(&forge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greenhouse_gases_follow_the_mass),
        cmocka_unit_test(a_footprint_above_the_limit_fails),
        cmocka_unit_test(a_footprint_without_farming_is_not_shown),
        cmocka_unit_test(what_is_recorded_in_part_is_told_in_part),
        cmocka_unit_test(a_record_that_was_voided_does_not_count),
        cmocka_unit_test(the_greatest_footprint),
        cmocka_unit_test(what_is_recorded_for_goods_without_weight_is_not_lost),
        cmocka_unit_test(what_a_stolen_key_recorded_is_counted_and_covers_nothing),
        cmocka_unit_test(by_products_count_as_used_where_that_is_shown),
        cmocka_unit_test(by_products_used_in_part_are_not_used),
        cmocka_unit_test(nothing_is_claimed_along_a_broken_way),
        cmocka_unit_test(nothing_is_claimed_of_a_forgery),
        cmocka_unit_test(the_rule_set_says_what_the_regulation_covers),
        cmocka_unit_test(a_great_loss_on_the_way_is_told),
        cmocka_unit_test(a_plot_that_yields_much_is_told),
        cmocka_unit_test(says_when_memory_runs_out_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("proof/claims", tests, NULL, NULL);
}
