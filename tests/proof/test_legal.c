/* The line "legal": which documents count, and for how much of the shipment. */
#include "claimed.h"

#define LEGAL_LINE 6
#define POLICY                                                                                     \
    ", \"legal\": {\"heads\": [\"land_use\", \"labour\", \"consent\"], \"level\": \"documented\"}"

/* A document that is committed to, about a subject. */
static void attach(struct forge *forge, const char *kind, const char *id, const char *heads)
{
    const char *content = "a document";
    const char *commitment = forge_seal(forge, qp_span_text(content));
    forge_event(forge,
                "\"document_attached\": {\"subject\": {\"kind\": \"%s\", \"id\": \"%s\"}, "
                "\"title\": \"Document\", \"heads\": [%s], \"evidence\": \"documented\", "
                "\"document\": {\"commitment\": \"%s\", \"kind\": \"document\", \"length\": %zu}}",
                kind, id, heads, commitment, strlen(content));
    forge_sign(forge, "coop");
}

static void attach_to_parties(struct forge *forge)
{
    forge_enrol(forge, "stranger", "\"cooperative\"");
    forge_sign(forge, "operator");
    attach(forge, "party", "coop", "\"labour\"");
    attach(forge, "party", "stranger", "\"consent\"");
    attach(forge, "lot", "coop/K-1",
           "\"human_rights\""); /* husk: of the way, not of the shipment */
    attach(forge, "lot", "coop/H-1", "\"environment\"");
    attach(forge, "shipment", "exporter/S-1", "\"tax_trade\"");
}

static void a_document_of_somebody_else_is_none_of_the_shipment(void **state)
{
    (void)state;
    struct claimed claimed = claims_of(&(struct season_steps){.last = attach_to_parties}, POLICY);
    expect_line(&claimed, LEGAL_LINE, "NOT SHOWN",
                "consent: evidence is not shown; the policy wants documented");
    expect_line_number(&claimed, LEGAL_LINE, "labour", 2);
    expect_line_number(&claimed, LEGAL_LINE, "consent", 0);
    expect_line_number(&claimed, LEGAL_LINE, "human_rights", 0);
    expect_line_number(&claimed, LEGAL_LINE, "environment", 2);
    expect_line_number(&claimed, LEGAL_LINE, "tax_trade", 2);
    claimed_wipe(&claimed);
}

/* ---- Plot by plot ---- */

static void second_plot(struct forge *forge)
{
    struct qp_span plot = season_plot(forge, 100000);
    season_land(forge);
    season_register(forge, "coop/P-2", 28000, forge_seal(forge, plot), plot.len);
    forge_sign(forge, "coop");
}

static void harvest_both(struct forge *forge)
{
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-1\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 1000000}, \"origins\": [{\"plot\": "
                "\"coop/P-1\", \"grams\": 600000}, {\"plot\": \"coop/P-2\", \"grams\": 400000}], "
                "\"harvest_from\": \"2026-05-01\", \"harvest_to\": \"2026-05-20\", \"crop_year\": "
                "2026}");
    forge_sign(forge, "coop");
}

static void attach_to_one_plot(struct forge *forge)
{
    attach(forge, "plot", "coop/P-1", "\"consent\"");
}

static void attach_to_the_producer(struct forge *forge)
{
    attach(forge, "producer", "coop/R-1", "\"consent\"");
}

static void the_shipment_has_what_its_weakest_plot_has(void **state)
{
    (void)state;
    struct season_steps steps = {
        .land = second_plot, .harvest = harvest_both, .last = attach_to_one_plot};
    struct claimed claimed = claims_of(&steps, POLICY);
    expect_line_number(&claimed, LEGAL_LINE, "consent", 0);
    expect_line_number(&claimed, LEGAL_LINE, "consent_plots", 1);
    expect_line_number(&claimed, LEGAL_LINE, "land_use", 2); /* the tenure of both */
    expect_line_number(&claimed, LEGAL_LINE, "land_use_plots", 2);
    claimed_wipe(&claimed);
    steps.last = attach_to_the_producer; /* both plots are hers */
    claimed = claims_of(&steps, POLICY);
    expect_line_number(&claimed, LEGAL_LINE, "consent", 2);
    expect_line_number(&claimed, LEGAL_LINE, "consent_plots", 2);
    claimed_wipe(&claimed);
}

/* ---- Whose word ---- */

/* A plot of which its cooperative says itself that others have verified its title. */
static void praise_own_title(struct forge *forge)
{
    struct qp_span plot = season_plot(forge, 100000);
    const char *geometry = forge_seal(forge, plot);
    season_land(forge);
    forge_event(
        forge,
        "\"plot_registered\": {\"plot\": \"coop/P-2\", \"producer\": \"coop/R-1\", "
        "\"commodities\": [\"coffee\"], \"country\": \"PE\", \"region\": \"PE-SAM\", "
        "\"area_m2\": 28000, \"geometry_kind\": \"polygon\", \"geometry\": {\"commitment\": "
        "\"%s\", \"kind\": \"geometry\", \"length\": %zu}, \"tenure\": \"title\", "
        "\"tenure_evidence\": \"verified\"}",
        geometry, plot.len);
    forge_sign(forge, "coop");
}

static void harvest_the_second(struct forge *forge)
{
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-1\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 1000000}, \"origins\": [{\"plot\": "
                "\"coop/P-2\", \"grams\": 1000000}], \"harvest_from\": \"2026-05-01\", "
                "\"harvest_to\": \"2026-05-20\", \"crop_year\": 2026}");
    forge_sign(forge, "coop");
}

static void nobody_verifies_a_title_by_saying_so(void **state)
{
    (void)state;
    struct claimed claimed = claims_of(
        &(struct season_steps){.land = praise_own_title, .harvest = harvest_the_second}, POLICY);
    expect_line_number(&claimed, LEGAL_LINE, "land_use", 2);
    claimed_wipe(&claimed);
}

static void attach_with_a_stolen_key(struct forge *forge)
{
    attach(forge, "shipment", "exporter/S-1", "\"consent\"");
    forge_event(forge,
                "\"key_revoked\": {\"party\": \"coop\", \"key\": \"%s\", "
                "\"compromised_since_index\": %zu, \"reason\": \"laptop stolen\"}",
                forge_party(forge, "coop")->hex, forge->entry_count - 1);
    forge_sign(forge, "operator");
}

static void a_document_by_a_stolen_key_is_no_evidence(void **state)
{
    (void)state;
    struct claimed claimed =
        claims_of(&(struct season_steps){.last = attach_with_a_stolen_key}, POLICY);
    expect_line_number(&claimed, LEGAL_LINE, "consent", 0);
    claimed_wipe(&claimed);
}

static bool is_withdrawn;

static void attach_to_certificate(struct forge *forge)
{
    forge_enrol(forge, "certifier", "\"certifier\"");
    forge_sign(forge, "operator");
    forge_event(forge,
                "\"certificate_issued\": {\"certificate\": \"certifier/C-1\", \"scheme\": "
                "\"fairtrade\", \"number\": \"1\", \"holder\": \"coop\", \"commodities\": "
                "[\"coffee\"], \"valid_from\": \"2026-01-01\", \"valid_to\": \"2026-12-31\"}");
    forge_sign(forge, "certifier");
    attach(forge, "certificate", "certifier/C-1", "\"labour\"");
    if (is_withdrawn) {
        forge_event(forge, "\"certificate_withdrawn\": {\"certificate\": \"certifier/C-1\", "
                           "\"from\": \"2026-01-01\", \"reason\": \"children at work\"}");
        forge_sign(forge, "certifier");
    }
}

static void a_document_about_a_withdrawn_certificate_is_no_evidence(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        is_withdrawn = i == 1;
        struct claimed claimed =
            claims_of(&(struct season_steps){.last = attach_to_certificate}, POLICY);
        expect_line_number(&claimed, LEGAL_LINE, "labour", is_withdrawn ? 0 : 2);
        claimed_wipe(&claimed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_of_somebody_else_is_none_of_the_shipment),
        cmocka_unit_test(the_shipment_has_what_its_weakest_plot_has),
        cmocka_unit_test(nobody_verifies_a_title_by_saying_so),
        cmocka_unit_test(a_document_about_a_withdrawn_certificate_is_no_evidence),
        cmocka_unit_test(a_document_by_a_stolen_key_is_no_evidence),
    };
    return cmocka_run_group_tests_name("proof/legal", tests, NULL, NULL);
}
