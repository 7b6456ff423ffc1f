/* Forgeries with valid signatures: each is named for what the forger did. */
#include "judge.h"

static void the_honest_season_passes(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.last = NULL});
    for (size_t line = AUTHENTIC; line <= FOREST; line++) {
        expect(&judged, line, QP_PASS, "");
    }
    assert_true(judged.passed);
    assert_non_null(strstr(judged.text, "\"shipped_grams\":789500"));
    assert_non_null(strstr(judged.text, "\"harvested_grams\":1000000"));
}

/* ---- Signed by the wrong one ---- */

static void terminal_harvests(struct forge *forge)
{
    season_harvest(forge);
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"terminal/H-1\", \"commodity\": \"coffee\", "
                "\"form\": \"parchment\", \"quantity\": {\"grams\": 1000}, \"origins\": "
                "[{\"plot\": \"coop/P-1\", \"grams\": 1000}], \"harvest_from\": \"2026-05-01\", "
                "\"harvest_to\": \"2026-05-20\", \"crop_year\": 2026}");
    forge_sign(forge, "terminal");
}

static void an_event_signed_in_a_role_that_may_not_issue_it(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.harvest = terminal_harvests});
    expect(&judged, AUTHORISED, QP_FAIL, "QP-ROLE");
}

static void stranger_gates_in(struct forge *forge)
{
    forge_event(forge, "\"shipment_gated_in\": {\"shipment\": \"exporter/S-1\", \"container\": "
                       "\"CSQU3054383\"}");
    forge_sign(forge, "stranger");
}

static void an_event_by_a_key_that_was_never_enrolled(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.gate = stranger_gates_in});
    expect(&judged, AUTHORISED, QP_FAIL, "QP-KEY-UNKNOWN");
    expect(&judged, UNBROKEN, QP_NOT_SHOWN, "no terminal has signed");
}

static void revoke_exporter_first(struct forge *forge)
{
    forge_event(forge,
                "\"key_revoked\": {\"party\": \"exporter\", \"key\": \"%s\", \"reason\": "
                "\"stolen\"}",
                forge_party(forge, "exporter")->hex);
    forge_sign(forge, "operator");
    season_ship(forge);
}

static void a_shipment_signed_with_a_revoked_key(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.ship = revoke_exporter_first});
    expect(&judged, AUTHORISED, QP_FAIL, "QP-KEY-OLD");
}

static void compromised_before(struct forge *forge)
{
    forge_event(forge,
                "\"key_revoked\": {\"party\": \"coop\", \"key\": \"%s\", "
                "\"compromised_since_index\": 2, \"reason\": \"laptop stolen\"}",
                forge_party(forge, "coop")->hex);
    forge_sign(forge, "operator");
}

static void statements_by_a_key_that_is_later_reported_stolen(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.last = compromised_before});
    expect(&judged, AUTHORISED, QP_FAIL, "reported compromised since");
}

static void second_registrar(struct forge *forge)
{
    season_assess(forge);
    forge_enrol(forge, "friend", "\"registrar\"");
    forge_sign(forge, "operator");
    forge_enrol(forge, "straw-man", "\"exporter\"");
    forge_sign(forge, "friend");
}

static void an_enrolment_by_a_registrar_the_importer_does_not_trust(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.assess = second_registrar});
    expect(&judged, AUTHORISED, QP_FAIL, "was given a key");
}

static void key_for_assessor(struct forge *forge)
{
    forge_enrol(forge, "friend", "\"registrar\"");
    forge_sign(forge, "operator");
    forge_event(forge, "\"key_added\": {\"party\": \"assessor\", \"key\": \"%s\"}",
                forge_party(forge, "straw-man")->hex);
    forge_sign(forge, "friend");
    season_assessed(forge, "straw-man", season_geometry_hex, "no_loss", 0);
}

static void a_key_slipped_to_a_trusted_assessor_by_an_untrusted_registrar(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.assess = key_for_assessor});
    expect(&judged, AUTHORISED, QP_FAIL, "assessor was given a key");
}

static void vouch_for_oneself(struct forge *forge)
{
    forge_event(forge, "\"document_attached\": {\"subject\": {\"kind\": \"party\", \"id\": "
                       "\"coop\"}, \"title\": \"labour\", \"heads\": [\"labour\"], "
                       "\"evidence\": \"verified\"}");
    forge_sign(forge, "coop");
}

static void evidence_that_its_beneficiary_calls_verified(void **state)
{
    (void)state;
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.last = vouch_for_oneself});
    struct qp_trust *trust =
        forge_trust(&forge, ", \"legal\": {\"heads\": [\"labour\"], \"level\": \"documented\"}");
    struct judged judged =
        judge_file(forge_file(&forge, forge_bundle(&forge, "exporter/S-1")), trust);
    expect(&judged, LEGAL, QP_NOT_SHOWN, "labour: evidence is declared");
    qp_trust_free(trust);
    forge_wipe(&forge);
}

/* ---- The log's own lies ---- */

static struct judged judge_altered(void (*alter)(struct forge *forge, Qp__Bundle *bundle))
{
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.last = NULL});
    Qp__Bundle *bundle = forge_bundle(&forge, "exporter/S-1");
    struct qp_trust *trust = forge_trust(&forge, "");
    alter(&forge, bundle);
    struct judged judged = judge_file(forge_file(&forge, bundle), trust);
    qp_trust_free(trust);
    forge_wipe(&forge);
    return judged;
}

static void sign_by_stranger(struct forge *forge, Qp__Bundle *bundle)
{
    bundle->checkpoint =
        qp_bytes_span(forge_checkpoint(forge, forge_party(forge, "stranger")->key));
}

static void a_checkpoint_by_an_unknown_key(void **state)
{
    (void)state;
    struct judged judged = judge_altered(sign_by_stranger);
    expect(&judged, AUTHENTIC, QP_FAIL, "checkpoint");
    expect(&judged, CONSERVED, QP_NOT_SHOWN, "not judged");
}

static void swap_events(struct forge *forge, Qp__Bundle *bundle)
{
    (void)forge;
    ProtobufCBinaryData event = bundle->entries[3]->events[0];
    bundle->entries[3]->events[0] = bundle->entries[4]->events[0];
    bundle->entries[4]->events[0] = event;
}

static void an_event_under_the_wrong_statement(void **state)
{
    (void)state;
    struct judged judged = judge_altered(swap_events);
    expect(&judged, AUTHENTIC, QP_FAIL, "do not belong under the statement");
}

static void drop_entry(struct forge *forge, Qp__Bundle *bundle)
{
    (void)forge;
    for (size_t i = 4; i + 1 < bundle->n_entries; i++) {
        bundle->entries[i] = bundle->entries[i + 1];
    }
    bundle->n_entries--;
}

static void an_entry_left_out_without_a_proof(void **state)
{
    (void)state;
    struct judged judged = judge_altered(drop_entry);
    expect(&judged, AUTHENTIC, QP_FAIL, "proof");
}

static void double_sealed(struct forge *forge, Qp__Bundle *bundle)
{
    (void)forge;
    bundle->sealed[bundle->n_sealed] = bundle->sealed[bundle->n_sealed - 1];
    bundle->n_sealed++;
}

static void a_sealed_content_shown_twice(void **state)
{
    (void)state;
    struct judged judged = judge_altered(double_sealed);
    expect(&judged, AUTHENTIC, QP_FAIL, "stand twice");
}

static void foreign_sealed(struct forge *forge, Qp__Bundle *bundle)
{
    Qp__SealedContent *content = qp_arena_alloc(&forge->arena, sizeof *content);
    *content = *bundle->sealed[0];
    content->content = qp_bytes_span(season_plot(forge, 100000));
    bundle->sealed[0] = content;
}

static void a_geometry_that_does_not_open_its_commitment(void **state)
{
    (void)state;
    struct judged judged = judge_altered(foreign_sealed);
    expect(&judged, AUTHENTIC, QP_FAIL, "opens no commitment");
}

static void harvest_for_other_ledger(struct forge *forge)
{
    forge->other_ledger = (struct qp_hash){{9}};
    season_harvest(forge);
    forge->other_ledger = (struct qp_hash){{0}};
}

static void a_statement_made_for_another_ledger(void **state)
{
    (void)state;
    struct judged judged =
        judge_season(&(struct season_steps){.harvest = harvest_for_other_ledger});
    expect(&judged, AUTHENTIC, QP_FAIL, "for another ledger");
}

static void fork_history(struct forge *forge)
{
    struct forge_party before = *forge_party(forge, "coop");
    season_harvest(forge);
    *forge_party(forge, "coop") = before; /* signs a second statement of the same number */
    forge_event(forge, "\"document_attached\": {\"subject\": {\"kind\": \"party\", \"id\": "
                       "\"coop\"}, \"title\": \"other\", \"evidence\": \"declared\"}");
    forge_sign(forge, "coop");
}

static void a_key_that_signs_two_histories(void **state)
{
    (void)state;
    struct judged judged = judge_season(&(struct season_steps){.harvest = fork_history});
    expect(&judged, AUTHENTIC, QP_FAIL, "two histories");
}

static void a_bundle_for_another_shipment(void **state)
{
    (void)state;
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.last = NULL});
    struct qp_trust *trust = forge_trust(&forge, "");
    struct judged judged =
        judge_file(forge_file(&forge, forge_bundle(&forge, "exporter/S-2")), trust);
    expect(&judged, CONSERVED, QP_FAIL, "no goods");
    qp_trust_free(trust);
    forge_wipe(&forge);
}

static void recalls(struct forge *forge)
{
    forge_event(forge, "\"lot_recalled\": {\"lot\": \"coop/H-1\", \"reason\": \"mould\"}");
    forge_sign(forge, "coop");
}

static void a_whole_ledger_of_the_forgers_own(void **state)
{
    (void)state;
    static struct forge honest;
    static struct forge forged;
    season_make(&honest, &(struct season_steps){.last = NULL});
    struct qp_trust *trust = forge_trust(&honest, "");
    season_make(&forged, &(struct season_steps){.last = recalls});
    honest.ledger_id.bytes[0] ^= 1; /* the same log key and origin, another opening */
    struct qp_trust *other = forge_trust(&honest, "");
    struct judged judged =
        judge_file(forge_file(&forged, forge_bundle(&forged, "exporter/S-1")), other);
    expect(&judged, AUTHENTIC, QP_FAIL, "ledger");
    qp_trust_free(trust);
    qp_trust_free(other);
    forge_wipe(&honest);
    forge_wipe(&forged);
}

static void an_old_checkpoint(void **state)
{
    (void)state;
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.last = NULL});
    struct qp_trust *strict = forge_trust(&forge, ", \"checkpoint_age_days_max\": 5");
    struct qp_trust *loose = forge_trust(&forge, ", \"checkpoint_age_days_max\": 50");
    struct qp_span file = forge_file(&forge, forge_bundle(&forge, "exporter/S-1"));
    struct judged judged = judge_file(file, strict);
    assert_int_equal(judged.results[CURRENT], QP_FAIL);
    judged = judge_file(file, loose);
    assert_int_equal(judged.results[CURRENT], QP_PASS);
    qp_trust_free(strict);
    qp_trust_free(loose);
    forge_wipe(&forge);
}

/* ---- The policy turned against its owner ---- */

static void refuse_policy(const char *more, const char *words)
{
    static struct forge forge;
    struct qp_trust *trust = NULL;
    struct qp_err why;
    char id[65];
    char vkey[QP_VKEY_TEXT_BYTES];
    char text[2048];
    season_make(&forge, &(struct season_steps){.last = NULL});
    qp_hash_hex(id, &forge.ledger_id);
    qp_vkey_format(&forge.log_vkey, vkey);
    snprintf(text, sizeof text,
             "{\"policy\": \"quipu/policy/v1\", \"ledger_id\": \"%s\", \"log\": [\"log %s\", "
             "\"quorum none\"], \"require\": [\"authentic\"]%s}",
             id, vkey, more);
    qp_err_init(&why);
    assert_int_equal(qp_trust_new(qp_span_text(text), &trust, &why), QP_E_INPUT);
    assert_non_null(strstr(why.text, words));
    forge_wipe(&forge);
}

static void an_empty_list_that_would_trust_anybody(void **state)
{
    (void)state;
    refuse_policy(", \"registrars\": []", "registrars");
    refuse_policy(", \"rule_sets\": []", "rule_sets");
}

/* A law of the forger's making under the name of the real one. */
static void a_rule_set_published_again_with_other_numbers(void **state)
{
    (void)state;
    static struct forge forge;
    char more[128];
    char id[65];
    season_make(&forge, &(struct season_steps){.last = NULL});
    qp_hash_hex(id, &forge.entries[1].ids[5]);
    assert_int_equal(forge.entries[1].event_count, 6);
    snprintf(more, sizeof more, ", \"rule_sets\": [\"%s\"]", id);
    struct judged judged = judge_under(&(struct season_steps){.last = NULL}, more);
    assert_true(judged.passed);
    more[17] = more[17] == '0' ? '1' : '0'; /* the importer knows another one */
    judged = judge_under(&(struct season_steps){.last = NULL}, more);
    expect(&judged, AUTHORISED, QP_FAIL, "rule set test is not one that the policy accepts");
    forge_wipe(&forge);
}

static void a_law_left_out_of_the_bundle(void **state)
{
    (void)state;
    struct judged judged = judge_under(&(struct season_steps){.last = NULL},
                                       ", \"rule_sets\": [\"test\", \"stricter\"]");
    expect(&judged, AUTHORISED, QP_NOT_SHOWN, "rule set stricter, which the policy lists");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_honest_season_passes),
        cmocka_unit_test(an_event_signed_in_a_role_that_may_not_issue_it),
        cmocka_unit_test(an_event_by_a_key_that_was_never_enrolled),
        cmocka_unit_test(a_shipment_signed_with_a_revoked_key),
        cmocka_unit_test(statements_by_a_key_that_is_later_reported_stolen),
        cmocka_unit_test(an_enrolment_by_a_registrar_the_importer_does_not_trust),
        cmocka_unit_test(a_key_slipped_to_a_trusted_assessor_by_an_untrusted_registrar),
        cmocka_unit_test(evidence_that_its_beneficiary_calls_verified),
        cmocka_unit_test(a_checkpoint_by_an_unknown_key),
        cmocka_unit_test(an_event_under_the_wrong_statement),
        cmocka_unit_test(an_entry_left_out_without_a_proof),
        cmocka_unit_test(a_sealed_content_shown_twice),
        cmocka_unit_test(a_geometry_that_does_not_open_its_commitment),
        cmocka_unit_test(a_statement_made_for_another_ledger),
        cmocka_unit_test(a_key_that_signs_two_histories),
        cmocka_unit_test(a_bundle_for_another_shipment),
        cmocka_unit_test(a_whole_ledger_of_the_forgers_own),
        cmocka_unit_test(an_old_checkpoint),
        cmocka_unit_test(an_empty_list_that_would_trust_anybody),
        cmocka_unit_test(a_rule_set_published_again_with_other_numbers),
        cmocka_unit_test(a_law_left_out_of_the_bundle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
