/* One plot, lot or key that must not be in the goods is in all that was made of it, wholly. */
#include "told.h"

static const json_t *sources_of(const json_t *verdict)
{
    return json_object_get(json_object_get(verdict, "contamination"), "sources");
}

static const json_t *source_at(const json_t *verdict, size_t at)
{
    const json_t *source = json_array_get(sources_of(verdict), at);
    assert_non_null(source);
    return source;
}

/* What is told of the goods as a whole: sources that are told, more, grams touched and shipped. */
static void all_is(const json_t *verdict, size_t told, long long more, long long touched,
                   long long shipped)
{
    const json_t *all = json_object_get(verdict, "contamination");
    assert_int_equal(json_array_size(sources_of(verdict)), told);
    assert_int_equal(told_number(all, "more"), more);
    assert_int_equal(told_number(all, "touched_grams"), touched);
    assert_int_equal(told_number(all, "shipped_grams"), shipped);
}

/* A season, of one source. */
static void one_source_is(const struct season_steps *steps, const char *want)
{
    json_t *verdict = told_season(steps, NULL, 0);
    assert_int_equal(json_array_size(sources_of(verdict)), 1);
    told_is(source_at(verdict, 0), want);
    assert_string_equal(
        told_text(told_line(verdict, told_text(source_at(verdict, 0), "line")), "result"),
        told_text(source_at(verdict, 0), "result"));
    json_decref(verdict);
}

static void clean_goods_have_no_source(void **state)
{
    (void)state;
    json_t *verdict = told_season(&(struct season_steps){.land = NULL}, NULL, 0);
    assert_string_equal(told_text(verdict, "verdict"), "PASS");
    told_is(json_object_get(verdict, "contamination"),
            "{'sources':[],'more':0,'touched_grams':0,'shipped_grams':789500}");
    json_decref(verdict);
}

static void assess_with_loss(struct forge *forge)
{
    season_assess(forge);
    season_assessed(forge, "assessor", season_geometry_hex, "loss", 900);
}

static void a_plot_with_loss_is_followed_to_the_shipment(void **state)
{
    (void)state;
    one_source_is(&(struct season_steps){.assess = assess_with_loss},
                  "{'cause':'loss','kind':'plot','id':'coop/P-1',"
                  "'reason':'lost 900 m2 of forest after the cut-off',"
                  "'line':'deforestation-free','result':'FAIL','entry':6,"
                  "'path':['coop/P-1','coop/H-1','coop/G-1','exporter/S-1'],'left_out':0,"
                  "'grams':789500}");
}

static void a_plot_without_assessment_is_told_as_not_shown(void **state)
{
    (void)state;
    one_source_is(&(struct season_steps){.assess = season_nothing},
                  "{'cause':'unassessed','kind':'plot','id':'coop/P-1','reason':'no assessment',"
                  "'line':'deforestation-free','result':'NOT SHOWN','entry':2,"
                  "'path':['coop/P-1','coop/H-1','coop/G-1','exporter/S-1'],'left_out':0,"
                  "'grams':789500}");
}

static void assess_inconclusively(struct forge *forge)
{
    season_assessed(forge, "assessor", season_geometry_hex, "inconclusive", 0);
}

static void a_plot_that_is_not_cleanly_assessed_is_told(void **state)
{
    (void)state;
    one_source_is(&(struct season_steps){.assess = assess_inconclusively},
                  "{'cause':'unclear','kind':'plot','id':'coop/P-1',"
                  "'reason':'its assessment is inconclusive or not of the whole',"
                  "'line':'deforestation-free','result':'NOT SHOWN','entry':2,"
                  "'path':['coop/P-1','coop/H-1','coop/G-1','exporter/S-1'],'left_out':0,"
                  "'grams':789500}");
}

/* ---- Little of it, and other lots ---- */

static const char *second_hex;
static size_t second_len;

static void settle_two(struct forge *forge)
{
    season_land(forge);
    struct qp_span plot = season_plot(forge, 40000);
    second_len = plot.len;
    second_hex = forge_seal(forge, plot);
    season_register(forge, "coop/P-2", 28000, second_hex, second_len);
    forge_sign(forge, "coop");
}

static void harvest(struct forge *forge, const char *lot, const char *plot)
{
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"%s\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 100000}, \"origins\": [{\"plot\": "
                "\"%s\", \"grams\": 100000}], \"harvest_from\": \"2026-05-01\", "
                "\"harvest_to\": \"2026-05-20\", \"crop_year\": 2026}",
                lot, plot);
}

static void harvest_three(struct forge *forge)
{
    season_harvest(forge);
    harvest(forge, "coop/H-2", "coop/P-1");
    harvest(forge, "coop/H-3", "coop/P-2");
    forge_sign(forge, "coop");
}

/* One kilogram in a hundred of the second lot grew on the second plot. */
static void mill_two(struct forge *forge)
{
    season_mill(forge);
    forge_event(
        forge, "\"lot_processed\": {\"process\": \"hulling\", \"inputs\": [{\"lot\": \"coop/H-2\", "
               "\"quantity\": {\"grams\": 99000}}, {\"lot\": \"coop/H-3\", \"quantity\": "
               "{\"grams\": 1000}}], \"outputs\": [{\"lot\": \"coop/G-2\", \"form\": \"green\", "
               "\"quantity\": {\"grams\": 80000}, \"kind\": \"product\"}]}");
    forge_sign(forge, "coop");
}

static void receive_two(struct forge *forge)
{
    season_receive(forge);
    forge_event(forge, "\"lot_transferred\": {\"lot\": \"coop/G-2\", \"to\": \"exporter\", "
                       "\"kind\": \"both\", \"quantity\": {\"grams\": 80000}}");
    forge_sign(forge, "coop");
    forge_event(forge, "\"lot_received\": {\"lot\": \"coop/G-2\", \"from\": \"coop\", "
                       "\"quantity\": {\"grams\": 80000}}");
    forge_sign(forge, "exporter");
}

static void ship_two(struct forge *forge)
{
    forge_event(forge,
                "\"shipment_dispatched\": {\"shipment\": \"exporter/S-1\", \"consignee\": "
                "\"importer\", \"commodity\": \"coffee\", \"hs_code\": \"090111\", \"lots\": "
                "[{\"lot\": \"coop/G-1\", \"quantity\": {\"grams\": 789500}}, {\"lot\": "
                "\"coop/G-2\", \"quantity\": {\"grams\": 50000}}], \"containers\": "
                "[{\"number\": \"CSQU3054383\"}], \"port_of_loading\": \"PECLL\", "
                "\"port_of_discharge\": \"DEHAM\", \"destination_country\": \"DE\"}");
    forge_sign(forge, "exporter");
}

static void assess_both(struct forge *forge)
{
    season_assess(forge);
    forge_event(
        forge,
        "\"plot_assessed\": {\"plot\": \"coop/P-2\", \"geometry\": \"%s\", \"datasets\": "
        "[{\"name\": \"JRC GFC2020 V3\", \"sha256\": \"%064x\"}], \"method\": \"overlay 1\", "
        "\"cut_off\": \"2020-12-31T23:59:59.999Z\", \"covers_to\": \"2026-05-30\", "
        "\"outcome\": \"no_loss\", \"assessed_m2\": 28000}",
        second_hex, 7U);
    forge_sign(forge, "assessor");
}

static struct season_steps two_plots(void (*assess)(struct forge *))
{
    return (struct season_steps){.land = settle_two,
                                 .harvest = harvest_three,
                                 .mill = mill_two,
                                 .receive = receive_two,
                                 .ship = ship_two,
                                 .assess = assess};
}

static void more_plots_than_needed_pass_only_when_each_is_clean(void **state)
{
    (void)state;
    struct season_steps steps = two_plots(assess_both);
    json_t *verdict = told_season(&steps, NULL, 0);
    assert_string_equal(told_text(verdict, "verdict"), "PASS");
    assert_int_equal(
        told_number(json_object_get(told_line(verdict, "deforestation-free"), "numbers"), "clean"),
        2);
    all_is(verdict, 0, 0, 0, 839500);
    json_decref(verdict);
    steps.assess = NULL; /* the first plot alone */
    verdict = told_season(&steps, NULL, 0);
    assert_string_equal(told_text(verdict, "verdict"), "FAIL");
    json_decref(verdict);
}

static void a_little_of_a_harvest_counts_wholly_and_only_where_it_went(void **state)
{
    (void)state;
    struct season_steps steps = two_plots(NULL);
    json_t *verdict = told_season(&steps, NULL, 0);
    all_is(verdict, 1, 0, 50000, 839500); /* not one in a hundred, and not the first lot */
    told_is(json_object_get(source_at(verdict, 0), "path"),
            "['coop/P-2','coop/H-3','coop/G-2','exporter/S-1']");
    assert_int_equal(told_number(source_at(verdict, 0), "grams"), 50000);
    json_decref(verdict);
}

static void the_union_counts_each_lot_once(void **state)
{
    (void)state;
    struct season_steps steps = two_plots(season_nothing);
    json_t *verdict = told_season(&steps, NULL, 0);
    all_is(verdict, 2, 0, 839500, 839500);
    assert_int_equal(told_number(source_at(verdict, 0), "grams"), 839500); /* P-1: both lots */
    assert_int_equal(told_number(source_at(verdict, 1), "grams"), 50000);
    json_decref(verdict);
}

/* ---- Lots ---- */

static void a_lot_of_unknown_origin_is_the_source_of_what_it_makes_impossible(void **state)
{
    (void)state;
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.land = NULL});
    forge.entries[3].hidden = 1; /* the harvest */
    json_t *verdict = told_of(&forge, forge_bundle(&forge, "exporter/S-1"), "", NULL, 0);
    all_is(verdict, 1, 0, 789500, 789500);
    told_is(source_at(verdict, 0),
            "{'cause':'unknown_origin','kind':'lot','id':'coop/H-1',"
            "'reason':'of unknown origin: nothing shown made it','line':'conserved',"
            "'result':'FAIL','entry':4,'path':['coop/H-1','coop/G-1','exporter/S-1'],'left_out':0,"
            "'grams':789500}");
    json_decref(verdict);
}

static void mill_too_much(struct forge *forge)
{
    forge_event(
        forge, "\"lot_processed\": {\"process\": \"hulling\", \"inputs\": [{\"lot\": \"coop/H-1\", "
               "\"quantity\": {\"grams\": 900000}}], \"outputs\": [{\"lot\": \"coop/G-1\", "
               "\"form\": \"green\", \"quantity\": {\"grams\": 790000}, \"kind\": \"product\"}]}");
    forge_sign(forge, "coop");
}

static void what_a_rule_refuses_is_a_source_and_what_follows_is_none(void **state)
{
    (void)state;
    one_source_is(&(struct season_steps){.mill = mill_too_much},
                  "{'cause':'refused','kind':'lot','id':'coop/G-1',"
                  "'reason':'refused: the outputs need more input than was drawn',"
                  "'line':'conserved','result':'FAIL','entry':4,"
                  "'path':['coop/G-1','exporter/S-1'],'left_out':0,'grams':789500}");
}

static void recall(struct forge *forge)
{
    forge_event(forge, "\"lot_recalled\": {\"lot\": \"coop/H-1\", \"reason\": \"ochratoxin\"}");
    forge_sign(forge, "coop");
}

static void a_recalled_lot_is_followed_to_the_shipment(void **state)
{
    (void)state;
    one_source_is(&(struct season_steps){.last = recall},
                  "{'cause':'recalled','kind':'lot','id':'coop/H-1','reason':'recalled',"
                  "'line':'unbroken','result':'FAIL','entry':10,"
                  "'path':['coop/H-1','coop/G-1','exporter/S-1'],'left_out':0,'grams':789500}");
}

static void harvest_and_void(struct forge *forge)
{
    char id[65];
    season_harvest(forge);
    qp_hash_hex(id, &forge->entries[forge->entry_count - 1].ids[0]);
    forge_event(forge,
                "\"event_voided\": {\"event\": {\"issuer\": \"%s\", \"sequence\": %u, "
                "\"position\": 0, \"event\": \"%s\"}, \"reason\": \"typing error\"}",
                forge_party(forge, "coop")->hex,
                (unsigned)(forge_party(forge, "coop")->sequence - 1), id);
    forge_sign(forge, "coop");
}

static void a_voided_lot_is_told_once_with_the_entry_that_voided_it(void **state)
{
    (void)state;
    one_source_is(&(struct season_steps){.harvest = harvest_and_void},
                  "{'cause':'voided','kind':'lot','id':'coop/H-1','reason':'voided',"
                  "'line':'unbroken','result':'FAIL','entry':4,"
                  "'path':['coop/H-1','coop/G-1','exporter/S-1'],'left_out':0,'grams':789500}");
}

/* ---- Keys ---- */

static const char *stolen_from;
static unsigned stolen_since;

static void report_stolen(struct forge *forge)
{
    forge_event(forge,
                "\"key_revoked\": {\"party\": \"%s\", \"key\": \"%s\", "
                "\"compromised_since_index\": %u, \"reason\": \"laptop stolen\"}",
                stolen_from, forge_party(forge, stolen_from)->hex, stolen_since);
    forge_sign(forge, "operator");
}

static json_t *told_stolen(const char *party, unsigned since)
{
    stolen_from = party;
    stolen_since = since;
    return told_season(&(struct season_steps){.last = report_stolen}, NULL, 0);
}

static void what_a_stolen_key_said_of_lots_is_in_them(void **state)
{
    (void)state;
    json_t *verdict = told_stolen("coop", 3); /* harvested and milled */
    all_is(verdict, 2, 0, 789500, 789500);
    told_is(source_at(verdict, 1),
            "{'cause':'compromised_key','kind':'lot','id':'coop/G-1',"
            "'reason':'signed by a key that is in doubt','line':'authorised',"
            "'result':'FAIL','entry':4,'path':['coop/G-1','exporter/S-1'],'left_out':0,"
            "'grams':789500}");
    json_decref(verdict);
}

static void what_a_stolen_key_said_of_the_shipment_is_in_all_of_it(void **state)
{
    (void)state;
    json_t *verdict = told_stolen("terminal", 1);
    all_is(verdict, 1, 0, 789500, 789500);
    told_is(json_object_get(source_at(verdict, 0), "path"), "['exporter/S-1']");
    assert_string_equal(told_text(source_at(verdict, 0), "kind"), "shipment");
    json_decref(verdict);
}

static void what_a_stolen_key_said_of_a_plot_is_in_its_harvests(void **state)
{
    (void)state;
    json_t *verdict = told_stolen("assessor", 5);
    all_is(verdict, 2, 0, 789500, 789500);
    told_is(json_object_get(source_at(verdict, 0), "path"),
            "['coop/P-1','coop/H-1','coop/G-1','exporter/S-1']");
    /* That there was no loss is the thief's word, too: it counts for nothing. */
    assert_string_equal(told_text(source_at(verdict, 1), "cause"), "unassessed");
    json_decref(verdict);
}

/* ---- Many ---- */

static void harvest_of_many(struct forge *forge)
{
    static char origins[2048];
    size_t used = 0;
    for (unsigned i = 1; i <= 25; i++) {
        used += (size_t)snprintf(origins + used, sizeof origins - used,
                                 "%s{\"plot\": \"coop/P-%u\", \"grams\": 40000}",
                                 i == 1 ? "" : ", ", i);
    }
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-1\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 1000000}, \"origins\": [%s], "
                "\"harvest_from\": \"2026-05-01\", \"harvest_to\": \"2026-05-20\", "
                "\"crop_year\": 2026}",
                origins);
    forge_sign(forge, "coop");
}

static void settle_many(struct forge *forge)
{
    char id[16];
    season_land(forge);
    for (unsigned i = 2; i <= 25; i++) {
        snprintf(id, sizeof id, "coop/P-%u", i);
        season_register(forge, id, 28000, season_geometry_hex, season_geometry_len);
    }
    forge_sign(forge, "coop");
}

static void of_many_sources_the_failed_are_told_first_and_the_rest_is_counted(void **state)
{
    (void)state;
    struct season_steps steps = {
        .land = settle_many, .harvest = harvest_of_many, .assess = season_nothing, .last = recall};
    json_t *verdict = told_season(&steps, NULL, 0);
    all_is(verdict, 20, 6, 789500, 789500);
    assert_string_equal(told_text(source_at(verdict, 0), "cause"), "recalled");
    assert_string_equal(told_text(source_at(verdict, 1), "cause"), "unassessed");
    json_decref(verdict);
}

/* ---- Hostile ---- */

static void blend(struct forge *forge, const char *from, const char *to)
{
    forge_event(forge,
                "\"lot_processed\": {\"process\": \"mixing\", \"inputs\": [{\"lot\": \"%s\", "
                "\"quantity\": {\"grams\": 790000}}], \"outputs\": [{\"lot\": \"%s\", "
                "\"form\": \"green\", \"quantity\": {\"grams\": 790000}, \"kind\": \"product\"}]}",
                from, to);
}

static void mill_in_circles(struct forge *forge)
{
    blend(forge, "coop/A-1", "coop/B-1");
    blend(forge, "coop/B-1", "coop/A-1");
    blend(forge, "coop/B-1", "coop/G-1");
    forge_sign(forge, "coop");
}

static void lots_made_of_each_other_end_somewhere(void **state)
{
    (void)state;
    json_t *verdict = told_season(&(struct season_steps){.mill = mill_in_circles}, NULL, 0);
    all_is(verdict, 1, 0, 789500, 789500);
    told_is(json_object_get(source_at(verdict, 0), "path"),
            "['coop/B-1','coop/G-1','exporter/S-1']");
    json_decref(verdict);
}

static void mill_at_length(struct forge *forge)
{
    char from[16];
    char to[16];
    season_mill(forge);
    for (unsigned i = 0; i < 60; i++) {
        snprintf(from, sizeof from, i == 0 ? "coop/G-1" : "coop/L-%u", i);
        snprintf(to, sizeof to, "coop/L-%u", i + 1);
        blend(forge, from, to);
    }
    forge_sign(forge, "coop");
    for (unsigned i = 60; i < 90; i++) {
        snprintf(from, sizeof from, "coop/L-%u", i);
        snprintf(to, sizeof to, "coop/L-%u", i + 1);
        blend(forge, from, to);
    }
    forge_sign(forge, "coop");
}

static void ship_the_last(struct forge *forge)
{
    forge_event(forge,
                "\"shipment_dispatched\": {\"shipment\": \"exporter/S-1\", \"consignee\": "
                "\"importer\", \"commodity\": \"coffee\", \"hs_code\": \"090111\", \"lots\": "
                "[{\"lot\": \"coop/L-90\", \"quantity\": {\"grams\": 1000}}], \"containers\": "
                "[{\"number\": \"CSQU3054383\"}], \"port_of_loading\": \"PECLL\", "
                "\"port_of_discharge\": \"DEHAM\", \"destination_country\": \"DE\"}");
    forge_sign(forge, "exporter");
}

static void the_middle_of_a_long_path_is_left_out(void **state)
{
    (void)state;
    struct season_steps steps = {
        .mill = mill_at_length, .ship = ship_the_last, .assess = season_nothing};
    json_t *verdict = told_season(&steps, NULL, 0);
    const json_t *source =
        json_array_get(sources_of(verdict), json_array_size(sources_of(verdict)) - 1);
    const json_t *path = json_object_get(source, "path");
    assert_string_equal(told_text(source, "cause"), "unassessed");
    assert_int_equal(json_array_size(path), 64);
    assert_int_equal(told_number(source, "left_out"), 94 - 64);
    assert_string_equal(json_string_value(json_array_get(path, 0)), "coop/P-1");
    assert_string_equal(json_string_value(json_array_get(path, 31)), "coop/L-29");
    assert_string_equal(json_string_value(json_array_get(path, 32)), "coop/L-60");
    assert_string_equal(json_string_value(json_array_get(path, 63)), "exporter/S-1");
    json_decref(verdict);
}

static void says_when_memory_runs_out_and_leaks_nothing(void **state)
{
    (void)state;
    static struct forge forge;
    struct season_steps steps = two_plots(season_nothing);
    steps.last = report_stolen;
    stolen_from = "coop";
    stolen_since = 4;
    season_make(&forge, &steps);
    forge.entries[3].hidden = 1;
    struct qp_trust *trust = forge_trust(&forge, "");
    struct qp_span file = forge_file(&forge, forge_bundle(&forge, "exporter/S-1"));
    for (uint64_t n = 0;; n++) {
        struct qp_verdict *verdict = NULL;
        struct qp_err why;
        qp_alloc_fail_after(n);
        enum qp_code rc = qp_bundle_verify(file, trust, FORGE_NOW_MS, &verdict, &why);
        qp_alloc_fail_after(UINT64_MAX);
        if (rc == QP_OK) {
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
        cmocka_unit_test(clean_goods_have_no_source),
        cmocka_unit_test(a_plot_with_loss_is_followed_to_the_shipment),
        cmocka_unit_test(a_plot_without_assessment_is_told_as_not_shown),
        cmocka_unit_test(a_plot_that_is_not_cleanly_assessed_is_told),
        cmocka_unit_test(more_plots_than_needed_pass_only_when_each_is_clean),
        cmocka_unit_test(a_little_of_a_harvest_counts_wholly_and_only_where_it_went),
        cmocka_unit_test(the_union_counts_each_lot_once),
        cmocka_unit_test(a_lot_of_unknown_origin_is_the_source_of_what_it_makes_impossible),
        cmocka_unit_test(what_a_rule_refuses_is_a_source_and_what_follows_is_none),
        cmocka_unit_test(a_recalled_lot_is_followed_to_the_shipment),
        cmocka_unit_test(a_voided_lot_is_told_once_with_the_entry_that_voided_it),
        cmocka_unit_test(what_a_stolen_key_said_of_lots_is_in_them),
        cmocka_unit_test(what_a_stolen_key_said_of_the_shipment_is_in_all_of_it),
        cmocka_unit_test(what_a_stolen_key_said_of_a_plot_is_in_its_harvests),
        cmocka_unit_test(of_many_sources_the_failed_are_told_first_and_the_rest_is_counted),
        cmocka_unit_test(lots_made_of_each_other_end_somewhere),
        cmocka_unit_test(the_middle_of_a_long_path_is_left_out),
        cmocka_unit_test(says_when_memory_runs_out_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
