/* Goods outside the regulation: a season of alpaca, from the pasture to the garment, under the
 * policy of the preset provenance (quipu policy new). */
#include "claimed.h"

#define PROVENANCE                                                                                 \
    ", \"assessors\": [], \"certifiers\": [\"certifier\"], \"checkpoint_age_days_max\": 90, "      \
    "\"require\": [\"authentic\", \"authorised\", \"unbroken\", \"conserved\", \"current\", "      \
    "\"certificate:responsible-alpaca\"]"

static void parties(struct forge *forge)
{
    forge_enrol(forge, "coop", "\"cooperative\"");
    forge_enrol(forge, "mill", "\"processor\"");
    forge_enrol(forge, "exporter", "\"processor\", \"exporter\"");
    forge_enrol(forge, "terminal", "\"terminal\"");
    forge_enrol(forge, "importer", "\"importer\"");
    forge_enrol(forge, "certifier", "\"certifier\"");
    forge_event(
        forge,
        "\"rule_set_published\": {\"rule_set\": \"alpaca\", \"version\": 1, \"effective_from\": "
        "\"2026-01-01\", \"cut_off\": \"2020-12-31T23:59:59.999Z\", \"point_area_max_m2\": 40000, "
        "\"transfer_tolerance_ppm\": 5000, \"harvest_age_days\": 730, \"area_tolerance_ppm\": "
        "100000, \"factors\": [{\"commodity\": \"alpaca\", \"from\": \"fibre\", \"to\": \"tops\", "
        "\"factor_ppm\": 850000}, {\"commodity\": \"alpaca\", \"from\": \"tops\", \"to\": "
        "\"yarn\", \"factor_ppm\": 960000}, {\"commodity\": \"alpaca\", \"from\": \"yarn\", "
        "\"to\": \"garment\", \"factor_ppm\": 950000}], \"yield_caps\": [{\"commodity\": "
        "\"alpaca\", \"form\": \"fibre\", \"warn_grams_per_ha\": 6000, \"refuse_grams_per_ha\": "
        "20000}], \"headings\": [{\"commodity\": \"alpaca\", \"hs_code\": \"6110\", "
        "\"effective_from\": \"2023-06-29\"}], \"schemes\": [{\"scheme\": "
        "\"responsible-alpaca\", \"name\": \"Responsible Alpaca\", \"steps\": [\"harvest\", "
        "\"processing\"]}]}");
    forge_sign(forge, "operator");
}

/* A pasture whose outline nobody discloses, and which nobody assesses. */
static void shear(struct forge *forge)
{
    static const char hidden[] = "abababababababababababababababababababababababababababababababab";
    forge_event(forge,
                "\"producer_registered\": {\"producer\": \"coop/R-1\", \"identity\": "
                "{\"commitment\": \"%s\", \"kind\": \"producer\", \"length\": 40}}",
                hidden);
    forge_event(forge,
                "\"plot_registered\": {\"plot\": \"coop/P-1\", \"producer\": \"coop/R-1\", "
                "\"commodities\": [\"alpaca\"], \"country\": \"PE\", \"region\": \"PE-PUN\", "
                "\"area_m2\": 2000000, \"geometry_kind\": \"polygon\", \"geometry\": "
                "{\"commitment\": \"%.63sc\", \"kind\": \"geometry\", \"length\": 50}, \"tenure\": "
                "\"communal\", \"tenure_evidence\": \"declared\"}",
                hidden);
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/F-1\", \"commodity\": \"alpaca\", \"form\": "
                "\"fibre\", \"quantity\": {\"grams\": 100000}, \"origins\": [{\"plot\": "
                "\"coop/P-1\", \"grams\": 100000}], \"harvest_from\": \"2026-05-01\", "
                "\"harvest_to\": \"2026-05-20\", \"crop_year\": 2026}");
    forge_sign(forge, "coop");
}

static void make(struct forge *forge, const char *party, const char *process, const char *from,
                 unsigned drawn, const char *to, const char *form, const char *quantity)
{
    forge_event(forge,
                "\"lot_processed\": {\"process\": \"%s\", \"inputs\": [{\"lot\": \"%s\", "
                "\"quantity\": {\"grams\": %u}}], \"outputs\": [{\"lot\": \"%s\", \"form\": "
                "\"%s\", \"quantity\": {%s}, \"kind\": \"product\"}]}",
                process, from, drawn, to, form, quantity);
    forge_sign(forge, party);
}

static void ship(struct forge *forge)
{
    forge_event(forge,
                "\"shipment_dispatched\": {\"shipment\": \"exporter/S-1\", \"consignee\": "
                "\"importer\", \"commodity\": \"alpaca\", \"hs_code\": \"611019\", \"lots\": "
                "[{\"lot\": \"exporter/G-1\", \"quantity\": {\"grams\": 72000, \"pieces\": 200}}], "
                "\"containers\": [{\"number\": \"CSQU3054383\"}], \"port_of_loading\": \"PECLL\", "
                "\"port_of_discharge\": \"DEHAM\", \"destination_country\": \"DE\"}");
    forge_sign(forge, "exporter");
    season_gate(forge);
}

static void certify_goods(struct forge *forge, const char *holder, const char *to)
{
    forge_event(forge,
                "\"certificate_issued\": {\"certificate\": \"certifier/%s\", \"scheme\": "
                "\"responsible-alpaca\", \"number\": \"1\", \"holder\": \"%s\", \"commodities\": "
                "[\"alpaca\"], \"valid_from\": \"2026-01-01\", \"valid_to\": \"%s\"}",
                holder, holder, to);
    forge_sign(forge, "certifier");
}

/* coop_to: the last day of the cooperative's certificate. */
static struct claimed claims_of_garments(const char *coop_to)
{
    static struct forge forge;
    forge_init(&forge);
    parties(&forge);
    shear(&forge);
    hand(&forge, "coop/F-1", "coop", "mill", "both", 100000);
    make(&forge, "mill", "combing", "coop/F-1", 100000, "mill/T-1", "tops", "\"grams\": 84000");
    make(&forge, "mill", "spinning", "mill/T-1", 84000, "mill/Y-1", "yarn", "\"grams\": 80000");
    hand(&forge, "mill/Y-1", "mill", "exporter", "both", 80000);
    make(&forge, "exporter", "sewing", "mill/Y-1", 80000, "exporter/G-1", "garment",
         "\"grams\": 72000, \"pieces\": 200");
    ship(&forge);
    certify_goods(&forge, "coop", coop_to);
    certify_goods(&forge, "mill", "2026-12-31");
    certify_goods(&forge, "exporter", "2026-12-31");
    struct qp_trust *trust = forge_trust(&forge, PROVENANCE);
    struct claimed claimed =
        claim_all(forge_file(&forge, forge_bundle(&forge, "exporter/S-1")), trust);
    qp_trust_free(trust);
    forge_wipe(&forge);
    return claimed;
}

static void garments_pass_without_plots_and_forests(void **state)
{
    (void)state;
    struct claimed claimed = claims_of_garments("2026-12-31");
    if (!claimed.passed) {
        fail_msg("%s", claimed.text);
    }
    expect_line(&claimed, 4, "NOT SHOWN", "the geometry of plot coop/P-1 is not disclosed");
    expect_line(&claimed, 5, "NOT SHOWN", "plot coop/P-1 has no assessment");
    expect_claim(&claimed, "certificate:responsible-alpaca", "PASS", "mill holds certifier/mill");
    expect_number(&claimed, "certificate:responsible-alpaca", "events", 4);
    const json_t *regulation = json_object_get(claimed.json, "regulation");
    assert_true(json_is_false(json_object_get(regulation, "covered")));
    claimed_wipe(&claimed);
}

static void a_certificate_that_had_ended_keeps_the_garments_back(void **state)
{
    (void)state;
    struct claimed claimed = claims_of_garments("2026-05-31");
    assert_false(claimed.passed);
    expect_claim(&claimed, "certificate:responsible-alpaca", "NOT SHOWN",
                 "harvest of lot coop/F-1 by coop on 2026-06-02: certificate certifier/coop had "
                 "ended on 2026-05-31");
    claimed_wipe(&claimed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garments_pass_without_plots_and_forests),
        cmocka_unit_test(a_certificate_that_had_ended_keeps_the_garments_back),
    };
    return cmocka_run_group_tests_name("proof/provenance", tests, NULL, NULL);
}
