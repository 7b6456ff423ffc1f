#include "issue/importing.h"

#include "core/alloc.h"

#include <quipu/note.h>

#define PARTIES "party,legal_name,country,ruc,gln,roles,vkey_file,address,email,phone\n"

/* Two files with public keys, and a witness's, in the test's folder. */
static void write_keys(struct qp_public_key keys[2])
{
    static const char *const names[] = {"one.vkey", "two.vkey"};
    char text[QP_VKEY_TEXT_BYTES + 1];
    struct qp_vkey vkey;
    for (size_t i = 0; i < 2; i++) {
        struct qp_key *key = NULL;
        assert_ok(qp_key_generate(&key, err));
        qp_key_public(key, &keys[i]);
        qp_key_free(key);
        assert_ok(qp_vkey_init(&vkey, qp_span_text("key"), QP_VKEY_NOTE, &keys[i], err));
        qp_vkey_format(&vkey, text);
        strcat(text, "\n");
        assert_ok(qp_file_replace(in_folder(names[i]), 0644, qp_span_text(text), err));
    }
    assert_ok(qp_vkey_init(&vkey, qp_span_text("witness"), QP_VKEY_COSIGNATURE, &keys[1], err));
    qp_vkey_format(&vkey, text);
    assert_ok(qp_file_replace(in_folder("witness.vkey"), 0644, qp_span_text(text), err));
}

static enum qp_code run_parties(struct qp_draft *draft, const char *rows,
                                const struct qp_catalog *known)
{
    char text[2048];
    char dir[256];
    struct qp_buf bad = {0};
    struct qp_import_options options = options_for(NULL);
    const struct qp_file_reader reader = {.context = dir, .read = read_in_folder};
    snprintf(text, sizeof text, PARTIES "%s", rows);
    snprintf(dir, sizeof dir, "%s", in_folder(""));
    options.read_file = &reader;
    options.known = known;
    enum qp_code rc = run_text(draft, qp_import_parties, text, &options, &bad);
    qp_buf_wipe(&bad);
    return rc;
}

static void reads_every_cell_of_a_party(void **state)
{
    (void)state;
    struct qp_public_key keys[2];
    struct qp_arena arena;
    struct qp_draft *draft = new_draft();
    Qp__Contact *contact = NULL;
    qp_arena_init(&arena, 0);
    write_keys(keys);
    assert_int_equal(run_parties(draft,
                                 "coop,\"Coop, de Prueba\",PE,20990042374,9520000010911,"
                                 "processor|cooperative|processor,one.vkey,Jr. Lima 1,a@b.example,"
                                 "+51 1\n"
                                 "hanse,Hanse GmbH,DE,,,importer,two.vkey,,,\n",
                                 NULL),
                     QP_OK);
    assert_int_equal(qp_draft_event_count(draft), 2);
    const Qp__Event *event = event_of(draft, 0, &arena);
    const Qp__PartyEnrolled *party = event->party_enrolled;
    assert_int_equal(event->occurred_ms, 1767225600000);
    assert_string_equal(party->party, "coop");
    assert_string_equal(party->legal_name, "Coop, de Prueba");
    assert_int_equal(party->n_identifiers, 2);
    assert_string_equal(party->identifiers[0]->value, "20990042374");
    assert_int_equal(party->identifiers[1]->scheme, QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_GLN);
    assert_int_equal(party->n_roles, 2);
    assert_int_equal(party->roles[0], QP__ROLE__ROLE_COOPERATIVE);
    assert_int_equal(party->roles[1], QP__ROLE__ROLE_PROCESSOR);
    assert_memory_equal(party->key.data, keys[0].bytes, 32);
    assert_int_equal(qp_draft_sealed_count(draft), 1);
    assert_ok(qp_wire_decode(&qp_rule_contact, draft->sealed[0].content, &arena, &contact, err));
    assert_string_equal(contact->address, "Jr. Lima 1");
    assert_string_equal(contact->email, "a@b.example");
    assert_string_equal(contact->phone, "+51 1");
    event = event_of(draft, 1, &arena);
    assert_int_equal(event->party_enrolled->n_identifiers, 0);
    assert_null(event->party_enrolled->contact);
    qp_draft_free(draft);
    qp_arena_wipe(&arena);
}

static void refuses_a_key_that_is_none_or_taken(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        const char *words;
    } cases[] = {
        {"coop,C,PE,,,carrier,witness.vkey,,,\n", "a witness's key"},
        {"coop,C,PE,,,carrier,none.vkey,,,\n", "vkey_file: cannot open"},
        {"coop,C,PE,,,carrier,,,,\n", "vkey_file is empty"},
        {"a1,C,PE,,,carrier,one.vkey,,,\nb1,C,PE,,,carrier,one.vkey,,,\n", "a1 has this key"},
    };
    struct qp_public_key keys[2];
    struct qp_draft *draft = new_draft();
    write_keys(keys);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(run_parties(draft, cases[i].row, NULL), QP_E_REFUSED);
        assert_int_equal(said_count, 1);
        if (!holds(said[0], cases[i].words)) {
            fail_msg("\"%s\" does not say \"%s\"", said[0], cases[i].words);
        }
        assert_int_equal(qp_draft_event_count(draft), 0);
    }
    qp_draft_free(draft);
}

static void knows_the_parties_that_were_enrolled_before(void **state)
{
    (void)state;
    struct qp_public_key keys[2];
    struct qp_catalog *known = NULL;
    struct qp_draft *draft = new_draft();
    write_keys(keys);
    assert_int_equal(run_parties(draft, "coop,C,PE,,,carrier,one.vkey,,,\n", NULL), QP_OK);
    assert_ok(qp_catalog_new(&known, err));
    assert_ok(qp_catalog_add_draft(known, draft, err));
    qp_draft_free(draft);
    draft = new_draft();
    assert_int_equal(run_parties(draft, "coop,C,PE,,,carrier,two.vkey,,,\n", known), QP_E_REFUSED);
    assert_true(holds(said[0], "coop is enrolled already, in an earlier import"));
    assert_int_equal(run_parties(draft, "other,C,PE,,,carrier,one.vkey,,,\n", known), QP_E_REFUSED);
    assert_true(holds(said[0], "coop has this key"));
    qp_catalog_free(known);
    qp_draft_free(draft);
}

static void survives_a_failure_of_every_allocation(void **state)
{
    (void)state;
    struct qp_public_key keys[2];
    enum qp_code rc = QP_E_MEMORY;
    write_keys(keys);
    for (uint64_t n = 0; rc != QP_OK; n++) {
        struct qp_draft *draft = new_draft();
        assert_true(n < 1000);
        qp_alloc_fail_after(n);
        rc = run_parties(draft, "coop,C,PE,,,carrier|processor,one.vkey,A,,\n", NULL);
        qp_alloc_fail_after(UINT64_MAX);
        assert_true(rc == QP_OK || rc == QP_E_MEMORY);
        assert_int_equal(qp_draft_event_count(draft), rc == QP_OK);
        qp_draft_free(draft);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_cell_of_a_party),
        cmocka_unit_test(refuses_a_key_that_is_none_or_taken),
        cmocka_unit_test(knows_the_parties_that_were_enrolled_before),
        cmocka_unit_test(survives_a_failure_of_every_allocation),
    };
    return cmocka_run_group_tests_name("issue/import_parties", tests, make_folder, remove_folder);
}
