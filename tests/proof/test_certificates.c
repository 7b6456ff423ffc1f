/* The claim "certificate:…": whether every step of the way was certified on its day. */
#include "claimed.h"

#define ORGANIC REQUIRE("\"certificate:eu-organic\"")

static void harvest_in_may(struct forge *forge)
{
    forge->date = "2026-05-25";
    season_harvest(forge);
    forge->date = NULL;
}

static void every_step_is_covered(void **state)
{
    (void)state;
    struct claimed claimed =
        claims_of(&(struct season_steps){.harvest = harvest_in_may, .last = certify_both}, ORGANIC);
    assert_true(claimed.passed);
    expect_claim(&claimed, "certificate:eu-organic", "PASS",
                 "coop holds certifier/C-1 by certifier, 2026-01-01 to 2026-12-31: Café en "
                 "pergamino");
    expect_number(&claimed, "certificate:eu-organic", "events", 3);
    expect_number(&claimed, "certificate:eu-organic", "covered", 3);
    expect_number(&claimed, "certificate:eu-organic", "harvested_grams", 1000000);
    expect_number(&claimed, "certificate:eu-organic", "covered_grams", 1000000);
    expect_number(&claimed, "certificate:eu-organic", "certificates", 2);
    claimed_wipe(&claimed);
}

/* The cooperative's certificate, which is what the test is about; the exporter's is good. */
static struct {
    const char *commodity;
    const char *from;
    const char *to;
    const char *withdrawn; /* NULL: never */
    const char *policy;    /* NULL: the usual one */
    bool followed;         /* by another that begins in June */
} paper;

static void certify_coop(struct forge *forge)
{
    certifier(forge);
    certify(forge, 2, "exporter", "coffee", "2026-01-01", "2026-12-31");
    certify(forge, 1, "coop", paper.commodity != NULL ? paper.commodity : "coffee",
            paper.from != NULL ? paper.from : "2026-01-01",
            paper.to != NULL ? paper.to : "2026-12-31");
    if (paper.followed) {
        certify(forge, 3, "coop", "coffee", "2026-06-01", "2026-12-31");
    }
    if (paper.withdrawn != NULL) {
        forge_event(forge,
                    "\"certificate_withdrawn\": {\"certificate\": \"certifier/C-1\", \"from\": "
                    "\"%s\", \"reason\": \"residues\"}",
                    paper.withdrawn);
        forge_sign(forge, "certifier");
    }
}

/* Steps of the cooperative: harvest on 2026-05-25, process in June. */
static void expect_organic(const char *result, const char *words, uint64_t covered)
{
    struct claimed claimed =
        claims_of(&(struct season_steps){.harvest = harvest_in_may, .last = certify_coop},
                  paper.policy != NULL ? paper.policy : ORGANIC);
    expect_claim(&claimed, "certificate:eu-organic", result, words);
    expect_number(&claimed, "certificate:eu-organic", "covered", covered);
    assert_int_equal(claimed.passed, strcmp(result, "PASS") == 0);
    claimed_wipe(&claimed);
    memset(&paper, 0, sizeof paper);
}

static void a_certificate_that_ended_the_day_before_the_harvest(void **state)
{
    (void)state;
    paper.to = "2026-05-24";
    paper.followed = true;
    expect_organic("NOT SHOWN",
                   "harvest of lot coop/H-1 by coop on 2026-05-25: certificate certifier/C-1 had "
                   "ended on 2026-05-24",
                   2);
}

static void a_certificate_is_valid_to_its_last_moment(void **state)
{
    (void)state;
    paper.from = "2026-05-25T12:00:00Z"; /* the very moment of the harvest */
    paper.to = "2026-05-25T12:00:00Z";
    paper.followed = true;
    expect_organic("PASS", "certifier/C-1", 3);
    paper.to = "2026-05-25T11:59:59.999Z";
    paper.followed = true;
    expect_organic("NOT SHOWN", "had ended on 2026-05-25", 2);
}

static void a_certificate_that_begins_after_the_harvest(void **state)
{
    (void)state;
    paper.from = "2026-05-26";
    expect_organic("NOT SHOWN", "certificate certifier/C-1 begins on 2026-05-26 only", 2);
}

static void an_early_certificate_that_ends_late_covers(void **state)
{
    (void)state;
    paper.followed = true; /* the newest to begin is not the only one that counts */
    paper.to = "2026-12-31";
    expect_organic("PASS", "", 3);
}

static void a_certificate_of_other_goods(void **state)
{
    (void)state;
    paper.commodity = "cocoa";
    expect_organic("NOT SHOWN", "certificate certifier/C-1 does not cover coffee", 1);
}

static void a_certifier_whom_the_policy_does_not_trust(void **state)
{
    (void)state;
    paper.policy = ", \"certifiers\": [{\"party\": \"certifier\", \"schemes\": [\"fairtrade\"]}], "
                   "\"require\": [\"authentic\", \"certificate:eu-organic\"]";
    expect_organic("NOT SHOWN",
                   "certificate certifier/C-1 is by certifier, whom the policy does "
                   "not trust for eu-organic",
                   0);
    paper.policy = ", \"require\": [\"authentic\", \"certificate:eu-organic\"]"; /* nobody */
    expect_organic("NOT SHOWN", "whom the policy does not trust for eu-organic", 0);
    paper.policy = ", \"certifiers\": [{\"party\": \"certifier\", \"key\": "
                   "\"0000000000000000000000000000000000000000000000000000000000000001\"}], "
                   "\"require\": [\"authentic\", \"certificate:eu-organic\"]";
    expect_organic("NOT SHOWN", "whom the policy does not trust for eu-organic", 0);
}

static void a_certificate_that_was_withdrawn_before_the_harvest(void **state)
{
    (void)state;
    paper.withdrawn = "2026-05-25T12:00:00Z";
    expect_organic("FAIL",
                   "harvest of lot coop/H-1 by coop on 2026-05-25: certificate certifier/C-1 was "
                   "withdrawn from 2026-05-25 on",
                   1);
    paper.withdrawn = "2026-05-25T12:00:00.001Z"; /* after the harvest, before the process */
    expect_organic("FAIL", "process of lot coop/G-1 by coop", 2);
    paper.withdrawn = "2026-11-01"; /* when all was done */
    expect_organic("PASS", "", 3);
}

static void a_party_without_a_certificate(void **state)
{
    (void)state;
    struct claimed claimed = claims_of(&(struct season_steps){0}, ORGANIC);
    assert_false(claimed.passed);
    expect_claim(&claimed, "certificate:eu-organic", "NOT SHOWN",
                 "no certificate of eu-organic is shown that exporter holds");
    claimed_wipe(&claimed);
    /* Where it is not required and none is shown, there is nothing to say. */
    claimed = claims_of(&(struct season_steps){0}, "");
    assert_true(claimed.passed);
    assert_null(find_claim(&claimed, "certificate:eu-organic"));
    claimed_wipe(&claimed);
}

/* A scheme of which a party on the way holds a certificate is judged although nobody asks. */
static void what_nobody_asks_for_does_not_count(void **state)
{
    (void)state;
    struct claimed claimed = claims_of(&(struct season_steps){.last = certify_both}, "");
    assert_true(claimed.passed);
    expect_claim(&claimed, "certificate:eu-organic", "NOT SHOWN", "does not trust");
    assert_true(
        json_is_false(json_object_get(find_claim(&claimed, "certificate:eu-organic"), "required")));
    claimed_wipe(&claimed);
}

static void only_steps_that_the_scheme_covers_count(void **state)
{
    (void)state;
    paper.commodity = "cocoa"; /* the cooperative has none for coffee */
    struct claimed claimed = claims_of(
        &(struct season_steps){.land = rules_with_schemes, .last = certify_coop}, ORGANIC);
    expect_claim(&claimed, "certificate:eu-organic", "PASS", "exporter holds certifier/C-2");
    expect_number(&claimed, "certificate:eu-organic", "events", 1);
    memset(&paper, 0, sizeof paper);
    claimed_wipe(&claimed);
}

/* The mill works for the cooperative, which keeps owning the goods. */
static void mill_for_coop(struct forge *forge)
{
    forge_enrol(forge, "mill", "\"processor\"");
    forge_sign(forge, "operator");
    hand(forge, "coop/H-1", "coop", "mill", "custody", 1000000);
    forge_event(forge,
                "\"lot_processed\": {\"process\": \"hulling\", \"inputs\": [{\"lot\": "
                "\"coop/H-1\", \"quantity\": {\"grams\": 1000000}}], \"outputs\": [{\"lot\": "
                "\"mill/G-1\", \"form\": \"green\", \"quantity\": {\"grams\": 790000}, \"kind\": "
                "\"product\"}]}");
    forge_sign(forge, "mill");
    hand(forge, "mill/G-1", "mill", "coop", "custody", 790000);
    forge_event(forge,
                "\"lot_processed\": {\"process\": \"packing\", \"inputs\": [{\"lot\": "
                "\"mill/G-1\", \"quantity\": {\"grams\": 790000}}], \"outputs\": [{\"lot\": "
                "\"coop/G-1\", \"form\": \"green\", \"quantity\": {\"grams\": 790000}, \"kind\": "
                "\"product\"}]}");
    forge_sign(forge, "coop");
}

static void the_owner_of_the_goods_may_hold_the_certificate(void **state)
{
    (void)state;
    struct claimed claimed =
        claims_of(&(struct season_steps){.mill = mill_for_coop, .last = certify_both}, ORGANIC);
    expect_claim(&claimed, "certificate:eu-organic", "PASS", "");
    expect_number(&claimed, "certificate:eu-organic", "events", 4);
    claimed_wipe(&claimed);
    claimed = claims_of(&(struct season_steps){.mill = mill_for_coop}, ORGANIC);
    expect_claim(&claimed, "certificate:eu-organic", "NOT SHOWN",
                 "process of lot mill/G-1 by mill for coop, who has none that counts either, on");
    claimed_wipe(&claimed);
}

static void certify_many_schemes(struct forge *forge)
{
    certifier(forge);
    for (unsigned i = 0; i < 18; i++) {
        forge_event(forge,
                    "\"certificate_issued\": {\"certificate\": \"certifier/C-%u\", \"scheme\": "
                    "\"scheme-%02u\", \"number\": \"1\", \"holder\": \"%s\", \"commodities\": "
                    "[\"coffee\"], \"valid_from\": \"2026-01-01\", \"valid_to\": \"2026-12-31\"}",
                    i, i, i == 3 ? "importer" : "coop");
    }
    forge_sign(forge, "certifier");
}

static void a_bundle_cannot_ask_for_too_many_schemes(void **state)
{
    (void)state;
    struct claimed claimed = claims_of(&(struct season_steps){.last = certify_many_schemes}, "");
    assert_int_equal(json_array_size(json_object_get(claimed.json, "claims")), 16 + 2);
    assert_int_equal(json_integer_value(json_object_get(claimed.json, "schemes_left_off")), 1);
    assert_non_null(find_claim(&claimed, "certificate:scheme-00"));
    assert_null(find_claim(&claimed, "certificate:scheme-03")); /* of one who takes no step */
    assert_null(find_claim(&claimed, "certificate:scheme-17"));
    claimed_wipe(&claimed);
}

/* ---- Stolen keys ---- */

static void certifier_was_robbed(struct forge *forge)
{
    certify_both(forge);
    forge_event(forge,
                "\"key_revoked\": {\"party\": \"certifier\", \"key\": \"%s\", "
                "\"compromised_since_index\": 1, \"reason\": \"laptop stolen\"}",
                forge_party(forge, "certifier")->hex);
    forge_sign(forge, "operator");
}

/* The claim may be required without the line that says so. */
static void a_stolen_key_certifies_nobody(void **state)
{
    (void)state;
    struct claimed claimed =
        claims_of(&(struct season_steps){.last = certifier_was_robbed},
                  ", \"certifiers\": [\"certifier\"], \"require\": [\"authentic\", "
                  "\"certificate:eu-organic\"]");
    assert_false(claimed.passed);
    expect_claim(&claimed, "certificate:eu-organic", "NOT SHOWN", "no certificate of eu-organic");
    claimed_wipe(&claimed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_covered),
        cmocka_unit_test(a_certificate_that_ended_the_day_before_the_harvest),
        cmocka_unit_test(a_certificate_is_valid_to_its_last_moment),
        cmocka_unit_test(a_certificate_that_begins_after_the_harvest),
        cmocka_unit_test(an_early_certificate_that_ends_late_covers),
        cmocka_unit_test(a_certificate_of_other_goods),
        cmocka_unit_test(a_certifier_whom_the_policy_does_not_trust),
        cmocka_unit_test(a_certificate_that_was_withdrawn_before_the_harvest),
        cmocka_unit_test(a_party_without_a_certificate),
        cmocka_unit_test(what_nobody_asks_for_does_not_count),
        cmocka_unit_test(only_steps_that_the_scheme_covers_count),
        cmocka_unit_test(the_owner_of_the_goods_may_hold_the_certificate),
        cmocka_unit_test(a_bundle_cannot_ask_for_too_many_schemes),
        cmocka_unit_test(a_stolen_key_certifies_nobody),
    };
    return cmocka_run_group_tests_name("proof/certificates", tests, NULL, NULL);
}
