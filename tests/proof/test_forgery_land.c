/* Forged land: plots that are larger than they are, and assessments that do not say what they seem
 * to. */
#include "judge.h"

/* ---- Land ---- */

static void assess_elsewhere(struct forge *forge)
{
    season_assessed(forge, "assessor",
                    "00000000000000000000000000000000000000000000000000000000000000aa", "no_loss",
                    0);
}

static void an_assessment_of_another_geometry(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.assess = assess_elsewhere});
    expect(&judged, FOREST, QP_FAIL, "QP-PLOT-GEOMETRY");
}

static void assess_with_loss(struct forge *forge)
{
    season_assess(forge);
    season_assessed(forge, "assessor", season_geometry_hex, "loss", 900);
    season_assess(forge); /* and a clean one again: the loss stays */
}

static void a_loss_hidden_between_two_clean_assessments(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.assess = assess_with_loss});
    expect(&judged, FOREST, QP_FAIL, "lost 900 m2");
}

static void friendly_assessor(struct forge *forge)
{
    forge_enrol(forge, "friend", "\"assessor\"");
    forge_sign(forge, "operator");
    season_assessed(forge, "friend", season_geometry_hex, "no_loss", 0);
}

static void an_assessment_by_somebody_the_importer_does_not_trust(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.assess = friendly_assessor});
    expect(&judged, FOREST, QP_NOT_SHOWN, "no assessment by an assessor whom the policy trusts");
}

static void a_plot_without_assessment(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.assess = season_nothing});
    expect(&judged, FOREST, QP_NOT_SHOWN, "has no assessment");
}

static void an_assessment_inconclusive(struct forge *forge)
{
    season_assessed(forge, "assessor", season_geometry_hex, "inconclusive", 0);
}

static void an_inconclusive_assessment_passed_off_as_clean(void **state)
{
    (void)state;
    struct judged judged =
        judge_season(&(struct season_steps){.assess = an_assessment_inconclusive});
    expect(&judged, FOREST, QP_NOT_SHOWN, "inconclusive");
}

static void a_geometry_that_is_withheld(void **state)
{
    (void)state;
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.last = NULL});
    Qp__Bundle *bundle = forge_bundle(&forge, "exporter/S-1");
    bundle->n_sealed = 0;
    struct qp_trust *trust = forge_trust(&forge, "");
    struct judged judged = judge_file(forge_file(&forge, bundle), trust);
    expect(&judged, LOCATED, QP_NOT_SHOWN, "is not disclosed");
    qp_trust_free(trust);
    forge_wipe(&forge);
}

static void settles_on_a_hundred_hectares(struct forge *forge)
{
    season_settle(forge, 1000000);
}

static void harvests_a_hundred_tons(struct forge *forge)
{
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-1\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 100000000}, \"origins\": [{\"plot\": "
                "\"coop/P-1\", \"grams\": 100000000}], \"harvest_from\": \"2026-05-01\", "
                "\"harvest_to\": \"2026-05-20\", \"crop_year\": 2026}");
    forge_sign(forge, "coop");
}

static void a_harvest_of_land_that_the_plot_does_not_have(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){
        .land = settles_on_a_hundred_hectares, .harvest = harvests_a_hundred_tons});
    expect(&judged, CONSERVED, QP_FAIL, "QP-HARVEST-CAP");
}

static void settles_roundly(struct forge *forge)
{
    season_settle(forge, 30000);
}

static void a_round_figure_is_no_forgery(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.land = settles_roundly});
    assert_true(judged.passed);
}

/* ---- One piece of land, two plots ---- */

static void harvests_two_plots(struct forge *forge)
{
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-1\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 1000000}, \"origins\": [{\"plot\": "
                "\"coop/P-1\", \"grams\": 500000}, {\"plot\": \"coop/P-2\", \"grams\": 500000}], "
                "\"harvest_from\": \"2026-05-01\", \"harvest_to\": \"2026-05-20\", "
                "\"crop_year\": 2026}");
    forge_sign(forge, "coop");
}

static void settles_twice_with_one_commitment(struct forge *forge)
{
    season_land(forge);
    season_register(forge, "coop/P-2", 28000, season_geometry_hex, season_geometry_len);
    forge_sign(forge, "coop");
}

static void one_geometry_under_two_plots(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){
        .land = settles_twice_with_one_commitment, .harvest = harvests_two_plots});
    expect(&judged, LOCATED, QP_FAIL, "coop/P-1 and coop/P-2 have the same geometry");
}

static void settles_twice_with_another_salt(struct forge *forge)
{
    season_land(forge);
    struct qp_span plot = season_plot(forge, 0);
    season_register(forge, "coop/P-2", 28000, forge_seal(forge, plot), plot.len);
    forge_sign(forge, "coop");
}

static void one_geometry_sealed_twice_under_two_plots(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){
        .land = settles_twice_with_another_salt, .harvest = harvests_two_plots});
    expect(&judged, LOCATED, QP_FAIL, "coop/P-1 and coop/P-2 have the same geometry");
}

/* ---- Assessments that looked away ---- */

struct look {
    const char *covers_to;
    const char *outcome;
    unsigned assessed_m2;
    unsigned loss_m2;
    unsigned nodata_ppm;
};

static struct look look;

static void look_and_tell(struct forge *forge)
{
    forge_event(forge,
                "\"plot_assessed\": {\"plot\": \"coop/P-1\", \"geometry\": \"%s\", \"datasets\": "
                "[{\"name\": \"other map\", \"sha256\": \"%064x\"}], \"method\": \"overlay 1\", "
                "\"cut_off\": \"2020-12-31T23:59:59.999Z\", \"covers_to\": \"%s\", "
                "\"outcome\": \"%s\", \"assessed_m2\": %u%s%.0u%s%.0u}",
                season_geometry_hex, 8U, look.covers_to, look.outcome, look.assessed_m2,
                look.loss_m2 > 0 ? ", \"loss_m2\": " : "", look.loss_m2,
                look.nodata_ppm > 0 ? ", \"nodata_ppm\": " : "", look.nodata_ppm);
    forge_sign(forge, "assessor");
}

static struct judged judge_look(struct look how, const char *more)
{
    look = how;
    return judge_under(&(struct season_steps){.assess = look_and_tell}, more);
}

static void an_assessment_that_ends_before_the_cut_off(void **state)
{
    (void)state;
    struct judged judged = judge_look((struct look){"2020-06-30", "no_loss", 28000, 0, 0}, "");
    expect(&judged, FOREST, QP_NOT_SHOWN, "to after it");
}

static void an_assessment_that_saw_nothing(void **state)
{
    (void)state;
    struct judged judged =
        judge_look((struct look){"2026-05-30", "no_loss", 28000, 0, 1000000}, "");
    expect(&judged, FOREST, QP_FAIL, "QP-PLOT-AREA");
}

static void an_assessment_of_a_corner_of_the_plot(void **state)
{
    (void)state;
    struct judged judged = judge_look((struct look){"2026-05-30", "no_loss", 100, 0, 0}, "");
    expect(&judged, FOREST, QP_NOT_SHOWN, "of less than the plot");
}

static void an_assessment_from_years_before_the_harvest(void **state)
{
    (void)state;
    struct look old = {"2022-01-01", "no_loss", 28000, 0, 0};
    struct judged judged = judge_look(old, ", \"assessment_lag_days_max\": 730");
    expect(&judged, FOREST, QP_NOT_SHOWN, "days after its newest assessment stopped looking");
    judged = judge_look(old, ", \"assessment_lag_days_max\": 3650");
    assert_true(judged.passed);
    judged = judge_look(old, "");
    expect(&judged, FOREST, QP_PASS, "\"lag_days\":1600");
}

static void finds_loss_on_another_map(struct forge *forge)
{
    season_assess(forge);
    look = (struct look){"2026-05-30", "loss", 28000, 700, 0};
    look_and_tell(forge);
}

static void a_loss_found_on_a_map_that_the_policy_does_not_ask_for(void **state)
{
    (void)state;
    struct judged judged = judge_under(
        &(struct season_steps){.assess = finds_loss_on_another_map},
        ", \"assessors\": [{\"party\": \"assessor\", \"datasets\": [\"JRC GFC2020 V3\"]}]");
    expect(&judged, FOREST, QP_FAIL, "lost 700 m2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assessment_of_another_geometry),
        cmocka_unit_test(a_loss_hidden_between_two_clean_assessments),
        cmocka_unit_test(an_assessment_by_somebody_the_importer_does_not_trust),
        cmocka_unit_test(a_plot_without_assessment),
        cmocka_unit_test(an_inconclusive_assessment_passed_off_as_clean),
        cmocka_unit_test(a_geometry_that_is_withheld),
        cmocka_unit_test(a_harvest_of_land_that_the_plot_does_not_have),
        cmocka_unit_test(a_round_figure_is_no_forgery),
        cmocka_unit_test(one_geometry_under_two_plots),
        cmocka_unit_test(one_geometry_sealed_twice_under_two_plots),
        cmocka_unit_test(an_assessment_that_ends_before_the_cut_off),
        cmocka_unit_test(an_assessment_that_saw_nothing),
        cmocka_unit_test(an_assessment_of_a_corner_of_the_plot),
        cmocka_unit_test(an_assessment_from_years_before_the_harvest),
        cmocka_unit_test(a_loss_found_on_a_map_that_the_policy_does_not_ask_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
