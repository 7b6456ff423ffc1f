/* Forged goods: kilograms out of nowhere, custody with a gap, dates that make room for more. */
#include "judge.h"

/* ---- Goods out of nowhere ---- */

static void a_lot_of_unknown_origin(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.harvest = season_nothing});
    expect(&judged, CONSERVED, QP_FAIL, "unknown origin");
}

static void draws_twice(struct forge *forge)
{
    season_mill(forge);
    forge_event(
        forge, "\"lot_processed\": {\"process\": \"hulling\", \"inputs\": [{\"lot\": \"coop/H-1\", "
               "\"quantity\": {\"grams\": 1000000}}], \"outputs\": [{\"lot\": \"coop/G-2\", "
               "\"form\": \"green\", \"quantity\": {\"grams\": 790000}, \"kind\": \"product\"}]}");
    forge_sign(forge, "coop");
}

static void inputs_drawn_twice(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.mill = draws_twice});
    expect(&judged, CONSERVED, QP_FAIL, "QP-MASS-DRAW");
}

static void mills_too_much(struct forge *forge)
{
    forge_event(
        forge, "\"lot_processed\": {\"process\": \"hulling\", \"inputs\": [{\"lot\": \"coop/H-1\", "
               "\"quantity\": {\"grams\": 980000}}], \"outputs\": [{\"lot\": \"coop/G-1\", "
               "\"form\": \"green\", \"quantity\": {\"grams\": 790000}, \"kind\": \"product\"}]}");
    forge_sign(forge, "coop");
}

static void a_mill_that_makes_kilograms(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.mill = mills_too_much});
    expect(&judged, CONSERVED, QP_FAIL, "QP-MASS-YIELD");
}

static void receives_more(struct forge *forge)
{
    forge_event(forge, "\"lot_received\": {\"lot\": \"coop/G-1\", \"from\": \"coop\", "
                       "\"quantity\": {\"grams\": 900000}}");
    forge_sign(forge, "exporter");
}

static void a_hand_over_in_which_the_lot_grows(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.receive = receives_more});
    expect(&judged, CONSERVED, QP_FAIL, "QP-TRANSFER-MORE");
}

static void harvests_a_forest(struct forge *forge)
{
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-1\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 20000000}, \"origins\": [{\"plot\": "
                "\"coop/P-1\", \"grams\": 20000000}], \"harvest_from\": \"2026-05-01\", "
                "\"harvest_to\": \"2026-05-20\", \"crop_year\": 2026}");
    forge_sign(forge, "coop");
}

static void a_harvest_that_the_plot_cannot_yield(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.harvest = harvests_a_forest});
    expect(&judged, CONSERVED, QP_FAIL, "QP-HARVEST-CAP");
}

/* ---- Custody ---- */

static void a_hand_over_that_only_the_giver_signed(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.receive = season_nothing});
    expect(&judged, UNBROKEN, QP_FAIL, "QP-LOT-HELD");
}

static void recalls(struct forge *forge)
{
    forge_event(forge, "\"lot_recalled\": {\"lot\": \"coop/H-1\", \"reason\": \"mould\"}");
    forge_sign(forge, "coop");
}

static void a_shipment_of_a_lot_whose_origin_was_recalled(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.last = recalls});
    expect(&judged, UNBROKEN, QP_FAIL, "was recalled");
}

static void a_container_that_no_terminal_saw(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.gate = season_nothing});
    expect(&judged, UNBROKEN, QP_NOT_SHOWN, "no terminal has signed for container CSQU3054383");
}

/* ---- Two hands on one lot ---- */

static void splits(struct forge *forge, const char *what)
{
    forge_event(forge,
                "\"lot_processed\": {\"process\": \"splitting\", \"inputs\": [{\"lot\": "
                "\"coop/H-1\", \"quantity\": {\"grams\": 1000000}}], \"outputs\": [{\"lot\": "
                "\"%s\", \"form\": \"parchment\", \"quantity\": {\"grams\": 1000000}, "
                "\"kind\": \"product\"}]}",
                what);
    forge_sign(forge, "coop");
}

/* A draw from a lot that is not there yet takes nothing; its voiding would give a million grams. */
static void draws_before_the_harvest(struct forge *forge)
{
    char id[65];
    splits(forge, "coop/X-1");
    const struct forge_entry *drawn = &forge->entries[forge->entry_count - 1];
    uint64_t sequence = forge_party(forge, "coop")->sequence - 1;
    season_harvest(forge);
    qp_hash_hex(id, &drawn->ids[0]);
    forge_event(forge,
                "\"event_voided\": {\"event\": {\"issuer\": \"%s\", \"sequence\": %u, "
                "\"position\": 0, \"event\": \"%s\"}, \"reason\": \"typing error\"}",
                forge_party(forge, "coop")->hex, (unsigned)sequence, id);
    forge_sign(forge, "coop");
}

static void a_draw_before_the_lot_that_is_voided_after_it(void **state)
{
    (void)state;
    struct judged judged =
        judge_season(&(struct season_steps){.harvest = draws_before_the_harvest});
    expect(&judged, CONSERVED, QP_FAIL, "QP-LOT-UNKNOWN");
}

/* Goods of another origin join a lot under its own name. */
static void makes_the_lot_again(struct forge *forge)
{
    season_mill(forge);
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-2\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 5000}, \"origins\": [{\"plot\": "
                "\"coop/P-1\", \"grams\": 5000}], \"harvest_from\": \"2026-05-01\", "
                "\"harvest_to\": \"2026-05-20\", \"crop_year\": 2026}");
    forge_event(
        forge, "\"lot_processed\": {\"process\": \"hulling\", \"inputs\": [{\"lot\": \"coop/H-2\", "
               "\"quantity\": {\"grams\": 5000}}], \"outputs\": [{\"lot\": \"coop/G-1\", "
               "\"form\": \"green\", \"quantity\": {\"grams\": 4000}, \"kind\": \"product\"}]}");
    forge_sign(forge, "coop");
}

static void a_lot_that_two_processes_make(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.mill = makes_the_lot_again});
    expect(&judged, CONSERVED, QP_FAIL, "QP-LOT-NEW");
}

static void ships_twice(struct forge *forge)
{
    season_ship(forge);
    forge_event(forge,
                "\"shipment_dispatched\": {\"shipment\": \"exporter/S-1\", \"consignee\": "
                "\"importer\", \"commodity\": \"coffee\", \"hs_code\": \"090111\", \"lots\": "
                "[{\"lot\": \"coop/G-9\", \"quantity\": {\"grams\": 5}}], \"containers\": "
                "[{\"number\": \"CSQU3054383\"}], \"port_of_loading\": \"PECLL\", "
                "\"port_of_discharge\": \"DEHAM\", \"destination_country\": \"DE\"}");
    forge_sign(forge, "exporter");
}

static void a_shipment_dispatched_twice(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.ship = ships_twice});
    expect(&judged, UNBROKEN, QP_FAIL, "QP-SHIPMENT-NEW");
}

/* ---- Counted, not weighed ---- */

static void harvests_in_pieces(struct forge *forge)
{
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-1\", \"commodity\": \"coffee\", \"form\": "
                "\"green\", \"quantity\": {\"grams\": 1, \"pieces\": 300}, \"origins\": "
                "[{\"plot\": \"coop/P-1\", \"grams\": 1}], \"harvest_from\": \"2026-05-01\", "
                "\"harvest_to\": \"2026-05-20\", \"crop_year\": 2026}");
    forge_sign(forge, "coop");
}

static void mills_pieces(struct forge *forge)
{
    forge_event(
        forge, "\"lot_processed\": {\"process\": \"packing\", \"inputs\": [{\"lot\": \"coop/H-1\", "
               "\"quantity\": {\"pieces\": 300}}], \"outputs\": [{\"lot\": \"coop/G-1\", "
               "\"form\": \"green\", \"quantity\": {\"pieces\": 300}, \"kind\": \"product\"}]}");
    forge_event(forge, "\"lot_transferred\": {\"lot\": \"coop/G-1\", \"to\": \"exporter\", "
                       "\"kind\": \"both\", \"quantity\": {\"pieces\": 300}}");
    forge_sign(forge, "coop");
    forge_event(forge, "\"lot_received\": {\"lot\": \"coop/G-1\", \"from\": \"coop\", "
                       "\"quantity\": {\"pieces\": 300}}");
    forge_sign(forge, "exporter");
}

static void ships_pieces(struct forge *forge)
{
    forge_event(
        forge, "\"shipment_dispatched\": {\"shipment\": \"exporter/S-1\", \"consignee\": "
               "\"importer\", \"commodity\": \"coffee\", \"hs_code\": \"090111\", \"lots\": "
               "[{\"lot\": \"coop/G-1\", \"quantity\": {\"pieces\": 300}}], \"containers\": "
               "[{\"number\": \"CSQU3054383\"}], \"port_of_loading\": \"PECLL\", "
               "\"port_of_discharge\": \"DEHAM\", \"destination_country\": \"DE\", \"bags\": 300}");
    forge_sign(forge, "exporter");
}

static void three_hundred_bags_that_weigh_nothing(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){
        .harvest = harvests_in_pieces, .mill = mills_pieces, .ship = ships_pieces});
    expect(&judged, CONSERVED, QP_FAIL, "QP-MASS-EMPTY");
}

/* ---- Years that are over, years to come ---- */

static void harvests_in(struct forge *forge, const char *year, const char *date)
{
    forge->date = date;
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-1\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 1000000}, \"origins\": [{\"plot\": "
                "\"coop/P-1\", \"grams\": 1000000}], \"harvest_from\": \"%s-05-01\", "
                "\"harvest_to\": \"%s-05-20\", \"crop_year\": %s}",
                year, year, year);
    forge->date = NULL;
    forge_sign(forge, "coop");
}

static void harvests_long_ago(struct forge *forge)
{
    harvests_in(forge, "2022", "2022-06-01");
}

static void this_years_goods_dated_years_ago(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.harvest = harvests_long_ago});
    expect(&judged, LOCATED, QP_FAIL, "QP-HARVEST-TIME");
}

static void harvests_in_time_to_come(struct forge *forge)
{
    harvests_in(forge, "2031", "2031-06-01");
}

static void a_harvest_of_a_year_to_come_under_a_log_that_admits_it(void **state)
{
    (void)state;
    struct judged judged =
        judge_season(&(struct season_steps){.harvest = harvests_in_time_to_come});
    expect(&judged, AUTHENTIC, QP_FAIL, "QP-TIME-FUTURE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lot_of_unknown_origin),
        cmocka_unit_test(inputs_drawn_twice),
        cmocka_unit_test(a_mill_that_makes_kilograms),
        cmocka_unit_test(a_hand_over_in_which_the_lot_grows),
        cmocka_unit_test(a_harvest_that_the_plot_cannot_yield),
        cmocka_unit_test(a_hand_over_that_only_the_giver_signed),
        cmocka_unit_test(a_shipment_of_a_lot_whose_origin_was_recalled),
        cmocka_unit_test(a_container_that_no_terminal_saw),
        cmocka_unit_test(a_draw_before_the_lot_that_is_voided_after_it),
        cmocka_unit_test(a_lot_that_two_processes_make),
        cmocka_unit_test(a_shipment_dispatched_twice),
        cmocka_unit_test(three_hundred_bags_that_weigh_nothing),
        cmocka_unit_test(this_years_goods_dated_years_ago),
        cmocka_unit_test(a_harvest_of_a_year_to_come_under_a_log_that_admits_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
