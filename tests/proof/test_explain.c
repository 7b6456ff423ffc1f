/* Which entries carry each line, and a line walked down to its events. */
#include "told.h"

static void entries_are(const json_t *verdict, const char *line, const char *want)
{
    told_is(json_object_get(told_line(verdict, line), "entries"), want);
}

/* Entries: 0 opening, 1 parties and rules, 2 land, 3 harvest, 4 mill, 5 assessment, 6 and 7
 * hand-over, 8 dispatch, 9 gate. */
static void every_line_knows_the_entries_that_carry_it(void **state)
{
    (void)state;
    json_t *verdict = told_season(&(struct season_steps){.land = NULL}, NULL, 0);
    entries_are(verdict, "authentic", "{'count':10,'ranges':[[0,9]]}");
    entries_are(verdict, "authorised", "{'count':2,'ranges':[[0,1]]}");
    entries_are(verdict, "unbroken", "{'count':4,'ranges':[[6,9]]}");
    entries_are(verdict, "conserved", "{'count':5,'ranges':[[1,1],[3,4],[7,8]]}");
    entries_are(verdict, "located", "{'count':1,'ranges':[[2,2]]}");
    entries_are(verdict, "deforestation-free", "{'count':1,'ranges':[[5,5]]}");
    entries_are(verdict, "legal", "{'count':1,'ranges':[[2,2]]}");
    entries_are(verdict, "current", "{'count':1,'ranges':[[9,9]]}");
    json_decref(verdict);
}

static void draws_elsewhere(struct forge *forge)
{
    forge_event(forge,
                "\"lot_processed\": {\"process\": \"mixing\", \"inputs\": [{\"lot\": \"coop/K-1\", "
                "\"quantity\": {\"grams\": 1000}}], \"outputs\": [{\"lot\": \"coop/K-2\", "
                "\"form\": \"husk\", \"quantity\": {\"grams\": 1000}, \"kind\": \"by_product\"}]}");
    forge_event(forge,
                "\"lot_processed\": {\"process\": \"mixing\", \"inputs\": [{\"lot\": \"coop/G-1\", "
                "\"quantity\": {\"grams\": 500}}], \"outputs\": [{\"lot\": \"exporter/G-9\", "
                "\"form\": \"green\", \"quantity\": {\"grams\": 500}, \"kind\": \"product\"}]}");
    forge_sign(forge, "exporter");
}

static void what_a_rule_refuses_carries_the_line_that_it_fails(void **state)
{
    (void)state;
    json_t *verdict = told_season(&(struct season_steps){.last = draws_elsewhere}, NULL, 0);
    assert_string_equal(told_text(told_line(verdict, "conserved"), "result"), "FAIL");
    entries_are(verdict, "conserved", "{'count':6,'ranges':[[1,1],[3,4],[7,8],[10,10]]}");
    json_decref(verdict);
}

static void assess_with_loss(struct forge *forge)
{
    season_assess(forge);
    season_assessed(forge, "assessor", season_geometry_hex, "loss", 900);
    season_assessed(forge, "exporter", season_geometry_hex, "no_loss", 0); /* no assessor */
}

static void only_the_assessments_that_decide_carry_the_line(void **state)
{
    (void)state;
    json_t *verdict = told_season(&(struct season_steps){.assess = assess_with_loss}, NULL, 0);
    entries_are(verdict, "deforestation-free", "{'count':1,'ranges':[[6,6]]}");
    json_decref(verdict);
}

static void a_line_is_walked_down_to_events_keys_and_hashes(void **state)
{
    (void)state;
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.land = NULL});
    char hashes[3][65];
    qp_hash_hex(hashes[0], &forge.entries[7].ids[0]);
    qp_hash_hex(hashes[1], &forge.entries[7].leaf);
    snprintf(hashes[2], 65, "%s", forge_party(&forge, "exporter")->hex);
    json_t *verdict = told_of(&forge, forge_bundle(&forge, "exporter/S-1"), "", "unbroken", 0);
    const json_t *explain = json_object_get(verdict, "explain");
    const json_t *events = json_object_get(explain, "events");
    assert_string_equal(told_text(explain, "line"), "unbroken");
    assert_int_equal(told_number(explain, "more"), 0);
    assert_int_equal(json_array_size(events), 4);
    const json_t *row = json_array_get(events, 1);
    assert_int_equal(told_number(row, "entry"), 7);
    assert_int_equal(told_number(row, "position"), 0);
    assert_int_equal(told_number(row, "sequence"), 0);
    assert_string_equal(told_text(row, "kind"), "lot_received");
    assert_string_equal(told_text(row, "issuer"), "exporter");
    assert_string_equal(told_text(row, "id"), hashes[0]);
    assert_string_equal(told_text(row, "leaf"), hashes[1]);
    assert_string_equal(told_text(row, "key"), hashes[2]);
    assert_string_equal(told_text(row, "result"), "PASS");
    assert_string_equal(json_string_value(json_array_get(json_object_get(row, "notes"), 0)),
                        "the taker's side of a hand-over");
    told_is(json_object_get(row, "checked"), "['signature','event_proof','entry_proof']");
    const json_t *content = json_object_get(json_object_get(row, "event"), "lot_received");
    assert_string_equal(told_text(content, "lot"), "coop/G-1");
    json_decref(verdict);
}

static void every_line_can_be_explained(void **state)
{
    static const struct {
        const char *line;
        const char *kinds;
    } rows[] = {
        {"authentic", "ledger_opened party_enrolled party_enrolled party_enrolled party_enrolled "
                      "party_enrolled rule_set_published producer_registered plot_registered "
                      "lot_harvested lot_processed plot_assessed lot_transferred lot_received "
                      "shipment_dispatched shipment_gated_in"},
        {"authorised", "ledger_opened party_enrolled party_enrolled party_enrolled party_enrolled "
                       "party_enrolled rule_set_published"},
        {"unbroken", "lot_transferred lot_received shipment_dispatched shipment_gated_in"},
        {"conserved",
         "rule_set_published lot_harvested lot_processed lot_received shipment_dispatched"},
        {"located", "producer_registered plot_registered"},
        {"deforestation-free", "plot_assessed"},
        {"legal", "plot_registered"},
        {"current", "shipment_gated_in"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *verdict = told_season(&(struct season_steps){.land = NULL}, rows[i].line, 0);
        const json_t *events = json_object_get(json_object_get(verdict, "explain"), "events");
        char kinds[1024] = "";
        for (size_t k = 0; k < json_array_size(events); k++) {
            const json_t *row = json_array_get(events, k);
            size_t used = strlen(kinds);
            snprintf(kinds + used, sizeof kinds - used, "%s%s", k == 0 ? "" : " ",
                     told_text(row, "kind"));
        }
        assert_string_equal(kinds, rows[i].kinds);
        json_decref(verdict);
    }
}

static void what_fails_the_line_comes_first_and_says_why(void **state)
{
    (void)state;
    json_t *verdict = told_season(&(struct season_steps){.last = draws_elsewhere}, "conserved", 1);
    const json_t *explain = json_object_get(verdict, "explain");
    const json_t *row = json_array_get(json_object_get(explain, "events"), 0);
    assert_int_equal(json_array_size(json_object_get(explain, "events")), 1);
    assert_true(told_number(explain, "more") >= 5);
    assert_int_equal(told_number(row, "entry"), 10);
    assert_string_equal(told_text(row, "result"), "FAIL");
    const char *note = json_string_value(json_array_get(json_object_get(row, "notes"), 0));
    assert_non_null(strstr(note, "[QP-MASS-DRAW]"));
    json_decref(verdict);
}

static void an_entry_that_shows_no_event_is_told_as_one(void **state)
{
    (void)state;
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.land = NULL});
    forge.entries[9].hidden = 1;
    json_t *verdict = told_of(&forge, forge_bundle(&forge, "exporter/S-1"), "", "current", 0);
    const json_t *events = json_object_get(json_object_get(verdict, "explain"), "events");
    assert_int_equal(json_array_size(events), 1);
    const json_t *row = json_array_get(events, 0);
    assert_int_equal(told_number(row, "entry"), 9);
    assert_string_equal(told_text(row, "issuer"), "terminal");
    assert_null(json_object_get(row, "event"));
    entries_are(verdict, "authentic", "{'count':10,'ranges':[[0,9]]}");
    json_decref(verdict);
}

static void nothing_of_a_forgery_is_explained(void **state)
{
    (void)state;
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.land = NULL});
    Qp__Bundle *bundle = forge_bundle(&forge, "exporter/S-1");
    bundle->n_entries--;
    json_t *verdict = told_of(&forge, bundle, "", "located", 0);
    told_is(json_object_get(verdict, "explain"), "{'line':'located','events':[],'more':0}");
    entries_are(verdict, "authentic", "{'count':0,'ranges':[]}");
    assert_null(json_object_get(verdict, "contamination"));
    json_decref(verdict);
}

static void a_line_that_is_none_is_refused_by_name(void **state)
{
    (void)state;
    static struct forge forge;
    struct qp_verdict *verdict = NULL;
    struct qp_err why;
    season_make(&forge, &(struct season_steps){.land = NULL});
    struct qp_trust *trust = forge_trust(&forge, "");
    struct qp_span file = forge_file(&forge, forge_bundle(&forge, "exporter/S-1"));
    assert_int_equal(qp_bundle_explain(file, trust, FORGE_NOW_MS, "forest", 0, &verdict, &why),
                     QP_E_USAGE);
    assert_string_equal(why.text,
                        "\"forest\" is not a line of the verdict; there are authentic, authorised, "
                        "unbroken, conserved, located, deforestation-free, legal, current");
    assert_null(verdict);
    qp_trust_free(trust);
    forge_wipe(&forge);
}

static void says_when_memory_runs_out_and_leaks_nothing(void **state)
{
    (void)state;
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.assess = assess_with_loss});
    struct qp_trust *trust = forge_trust(&forge, "");
    struct qp_span file = forge_file(&forge, forge_bundle(&forge, "exporter/S-1"));
    for (uint64_t n = 0;; n++) {
        struct qp_verdict *verdict = NULL;
        struct qp_err why;
        qp_alloc_fail_after(n);
        enum qp_code rc =
            qp_bundle_explain(file, trust, FORGE_NOW_MS, "authentic", 0, &verdict, &why);
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
        cmocka_unit_test(every_line_knows_the_entries_that_carry_it),
        cmocka_unit_test(what_a_rule_refuses_carries_the_line_that_it_fails),
        cmocka_unit_test(only_the_assessments_that_decide_carry_the_line),
        cmocka_unit_test(a_line_is_walked_down_to_events_keys_and_hashes),
        cmocka_unit_test(every_line_can_be_explained),
        cmocka_unit_test(what_fails_the_line_comes_first_and_says_why),
        cmocka_unit_test(an_entry_that_shows_no_event_is_told_as_one),
        cmocka_unit_test(nothing_of_a_forgery_is_explained),
        cmocka_unit_test(a_line_that_is_none_is_refused_by_name),
        cmocka_unit_test(says_when_memory_runs_out_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
