/* The chain of one key's statements in a bundle, where some were given up. */
#include "judge.h"

static struct judged judge_last(void (*last)(struct forge *forge))
{
    static struct forge forge;
    season_make(&forge, &(struct season_steps){.last = last});
    struct qp_trust *trust = forge_trust(&forge, "");
    struct judged judged =
        judge_file(forge_file(&forge, forge_bundle(&forge, "exporter/S-1")), trust);
    qp_trust_free(trust);
    forge_wipe(&forge);
    return judged;
}

static void attach(struct forge *forge, const char *title)
{
    forge_event(forge,
                "\"document_attached\": {\"subject\": {\"kind\": \"party\", \"id\": "
                "\"coop\"}, \"title\": \"%s\", \"evidence\": \"declared\"}",
                title);
    forge_sign(forge, "coop");
}

static void gives_up_two(struct forge *forge)
{
    attach(forge, "before");
    forge_party(forge, "coop")->sequence += 2; /* signed, and refused by the log */
    forge->given_up = 2;
    attach(forge, "instead");
    attach(forge, "behind");
}

static void statements_that_were_given_up_leave_no_hole(void **state)
{
    (void)state;
    struct judged judged = judge_last(gives_up_two);
    expect(&judged, AUTHENTIC, QP_PASS, "");
    assert_true(judged.passed);
}

static void shows_one_given_up(struct forge *forge)
{
    attach(forge, "before");
    struct qp_hash last = forge_party(forge, "coop")->previous;
    attach(forge, "admitted all the same");
    forge_party(forge, "coop")->previous = last;
    forge->given_up = 1;
    attach(forge, "instead");
}

static void a_given_up_statement_that_was_admitted(void **state)
{
    (void)state;
    struct judged judged = judge_last(shows_one_given_up);
    expect(&judged, AUTHENTIC, QP_FAIL, "two histories");
}

static void shows_one_later(struct forge *forge)
{
    attach(forge, "before");
    struct forge_party before = *forge_party(forge, "coop");
    forge_party(forge, "coop")->sequence++;
    forge->given_up = 1;
    attach(forge, "instead");
    *forge_party(forge, "coop") = before;
    attach(forge, "given up, and admitted after that");
}

static void a_given_up_statement_that_was_admitted_afterwards(void **state)
{
    (void)state;
    struct judged judged = judge_last(shows_one_later);
    expect(&judged, AUTHENTIC, QP_FAIL, "two histories");
}

static void links_elsewhere(struct forge *forge)
{
    attach(forge, "before");
    forge_party(forge, "coop")->sequence++;
    forge_party(forge, "coop")->previous.bytes[5] ^= 1;
    forge->given_up = 1;
    attach(forge, "instead");
}

static void a_statement_that_gives_up_one_and_links_elsewhere(void **state)
{
    (void)state;
    struct judged judged = judge_last(links_elsewhere);
    expect(&judged, AUTHENTIC, QP_FAIL, "two histories");
}

static void gives_up_too_many(struct forge *forge)
{
    forge->given_up = 100000;
    attach(forge, "instead");
}

static void a_statement_that_gives_up_more_than_there_was(void **state)
{
    (void)state;
    struct judged judged = judge_last(gives_up_too_many);
    expect(&judged, AUTHENTIC, QP_FAIL, "more than there was");
}

static void first_of_a_key(struct forge *forge, bool linked)
{
    struct forge_party *friend_ = forge_party(forge, "friend");
    forge_enrol(forge, "friend", "\"cooperative\"");
    forge_sign(forge, "operator");
    friend_->sequence = 3;
    friend_->previous.bytes[0] = linked ? 1 : 0;
    forge->given_up = 3;
    forge_event(forge, "\"document_attached\": {\"subject\": {\"kind\": \"party\", \"id\": "
                       "\"coop\"}, \"title\": \"first\", \"evidence\": \"declared\"}");
    forge_sign(forge, "friend");
}

static void first_unlinked(struct forge *forge)
{
    first_of_a_key(forge, false);
}

static void first_linked(struct forge *forge)
{
    first_of_a_key(forge, true);
}

static void a_key_may_give_up_its_first_statements(void **state)
{
    (void)state;
    struct judged judged = judge_last(first_unlinked);
    expect(&judged, AUTHENTIC, QP_PASS, "");
}

static void a_first_statement_that_follows_another(void **state)
{
    (void)state;
    struct judged judged = judge_last(first_linked);
    expect(&judged, AUTHENTIC, QP_FAIL, "a first statement that follows another");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_that_were_given_up_leave_no_hole),
        cmocka_unit_test(a_given_up_statement_that_was_admitted),
        cmocka_unit_test(a_given_up_statement_that_was_admitted_afterwards),
        cmocka_unit_test(a_statement_that_gives_up_one_and_links_elsewhere),
        cmocka_unit_test(a_statement_that_gives_up_more_than_there_was),
        cmocka_unit_test(a_key_may_give_up_its_first_statements),
        cmocka_unit_test(a_first_statement_that_follows_another),
    };
    return cmocka_run_group_tests_name("proof/chain", tests, NULL, NULL);
}
