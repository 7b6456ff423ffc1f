/* Opening, rule sets, parties and keys. */
#include "rules/scene.h"
#include "rules/test_rules.h"

#include "core/check.h"

#define OPENED                                                                                     \
    "'ledger_opened': {'origin': 'l.example/1', 'name': 'T', 'operator': {'party': 'op', "         \
    "'legal_name': 'O', 'country': 'PE', 'roles': [%s], 'key': '%s'}, 'log_key': '%s'}"
/* The neutral element: every signature of a kind verifies under it. */
#define WEAK "0100000000000000000000000000000000000000000000000000000000000000"
#define PARTY                                                                                      \
    "'party_enrolled': {'party': '%s', 'legal_name': 'L', 'country': 'PE', 'roles': ['%s'], "      \
    "'key': '%s'}"
#define IDENTIFIED                                                                                 \
    "'party_enrolled': {'party': '%s', 'legal_name': 'L', 'country': 'PE', 'identifiers': "        \
    "[{'scheme': '%s', 'value': '%s'}], 'roles': ['carrier'], 'key': '@%s@'}"
#define PLOT                                                                                       \
    "'plot_registered': {'plot': 'norte/p%d', 'producer': 'norte/u1', 'commodities': "             \
    "['coffee'], 'country': 'PE', 'area_m2': 4, 'geometry_kind': '%s', 'geometry': "               \
    "$geometry, 'tenure': 'title', 'tenure_evidence': 'declared'}"
#define RULE_SET                                                                                   \
    "'rule_set_published': {'rule_set': 'pe', 'version': 2, 'effective_from': '%s', 'cut_off': "   \
    "'2020-12-31', 'point_area_max_m2': 40000, 'harvest_age_days': 730}"

static void opens_once_and_only_by_the_operators_own_key(void **state)
{
    (void)state;
    no("QP-OPEN", "op", DAY, OPENED, "'carrier'", "@op@", "@log@");
    no("QP-OPEN", "other", DAY, OPENED, "'operator'", "@op@", "@log@");
    no("QP-KEY-WEAK", "op", DAY, OPENED, "'operator'", "@op@", "@op@");
    no("QP-KEY-WEAK", "op", DAY, OPENED, "'operator'", "@op@", WEAK);
    no("QP-KEY-UNKNOWN", "op", DAY, PARTY, "norte", "cooperative", "@norte@");
    ok("op", DAY, OPENED, "'operator', 'registrar'", "@op@", "@log@");
    no("QP-OPEN", "op", DAY, OPENED, "'operator'", "@op@", "@log@");
}

static void refuses_what_is_reserved(void **state)
{
    (void)state;
    no("QP-RESERVED", "op", DAY, "'state_committed': {'tree_size': 1, 'root': '%064d'}", 1);
}

static void refuses_a_rule_set_that_does_not_begin_after_the_last(void **state)
{
    (void)state;
    no("QP-RULESET-ORDER", "op", DAY, RULE_SET, "2018-01-01");
    no("QP-RULESET-ORDER", "op", DAY, RULE_SET, "2017-12-31");
    no("QP-ROLE", "reg", DAY, RULE_SET, "2018-01-01T00:00:00.001Z");
    ok("authority", DAY, RULE_SET, "2018-01-01T00:00:00.001Z");
    ok("op", DAY, RULE_SET, "2027-01-01");
}

static void needs_a_rule_set_in_force(void **state)
{
    (void)state;
    char body[512];
    snprintf(body, sizeof body, PLOT, 2, "point");
    no("QP-RULESET-NONE", "norte", "2017-12-31T23:59:59.999Z", "%s", body);
    ok("norte", "2018-01-01", "%s", body);
    snprintf(body, sizeof body, PLOT, 3, "polygon"); /* which no rule set limits */
    ok("norte", "2017-12-31", "%s", body);
}

/* The newest set that had begun when the event happened, of three. */
static void finds_the_rule_set_of_the_day(void **state)
{
    (void)state;
    static const struct {
        const char *day;
        const char *code; /* of a point of 40,001 m2 */
    } cases[] = {{"2026-06-01", "QP-PLOT-POINT"},
                 {"2026-07-01", NULL},
                 {"2026-12-31T23:59:59Z", NULL},
                 {"2027-01-01", "QP-PLOT-POINT"}};
    ok("op", DAY,
       "'rule_set_published': {'rule_set': 'pe', 'version': 2, 'effective_from': '2026-07-01', "
       "'cut_off': '2020-12-31', 'point_area_max_m2': 50000, 'harvest_age_days': 730}");
    ok("op", DAY, RULE_SET, "2027-01-01");
    for (size_t i = 0; i < QP_COUNT(cases); i++) {
        char body[512];
        snprintf(body, sizeof body,
                 "'plot_registered': {'plot': 'norte/q%zu', 'producer': 'norte/u1', 'commodities': "
                 "['coffee'], 'country': 'PE', 'area_m2': 40001, 'geometry_kind': 'point', "
                 "'geometry': $geometry, 'tenure': 'title', 'tenure_evidence': 'declared'}",
                 i);
        if (cases[i].code != NULL) {
            no(cases[i].code, "norte", cases[i].day, "%s", body);
        } else {
            ok("norte", cases[i].day, "%s", body);
        }
    }
}

static void enrols_a_party_once_under_a_key_of_its_own(void **state)
{
    (void)state;
    no("QP-ROLE", "norte", DAY, PARTY, "new", "carrier", "@new@");
    no("QP-KEY-UNKNOWN", "stranger", DAY, PARTY, "new", "carrier", "@new@");
    no("QP-PARTY-NEW", "reg", DAY, PARTY, "norte", "carrier", "@new@");
    no("QP-KEY-REUSE", "reg", DAY, PARTY, "new", "carrier", "@norte@");
    no("QP-KEY-WEAK", "reg", DAY, PARTY, "new", "carrier", WEAK);
    no("QP-SEALED-KIND", "reg", DAY,
       "'party_enrolled': {'party': 'new', 'legal_name': 'L', 'country': 'PE', 'roles': "
       "['carrier'], 'key': '@new@', 'contact': $price}");
    ok("reg", DAY,
       "'party_enrolled': {'party': 'new', 'legal_name': 'L', 'country': 'PE', 'roles': "
       "['carrier'], 'key': '@new@', 'contact': $contact}");
}

static void only_the_operator_makes_registrars_and_authorities(void **state)
{
    (void)state;
    static const char *const powers[] = {"registrar", "authority"};
    no("QP-PARTY-OPERATOR", "op", DAY, PARTY, "second", "operator", "@second@");
    for (size_t i = 0; i < QP_COUNT(powers); i++) {
        no("QP-PARTY-OPERATOR", "reg", DAY, PARTY, "second", powers[i], "@second@");
    }
    ok("op", DAY, PARTY, "second", "authority", "@second@");
    ok("op", DAY, PARTY, "third", "registrar", "@third@");
    ok("reg", DAY, PARTY, "fourth", "certifier", "@fourth@");
}

static void checks_identifiers(void **state)
{
    (void)state;
    static const char *const cases[][3] = {{"ruc", "20131312955", ""},
                                           {"ruc", "20131312954", "QP-PARTY-IDENTIFIER"},
                                           {"gln", "9521234567899", ""},
                                           {"gln", "9521234567890", "QP-PARTY-IDENTIFIER"},
                                           {"gln", "952123456789", "QP-PARTY-IDENTIFIER"},
                                           {"eori", "DE123456789", ""}};
    for (size_t i = 0; i < QP_COUNT(cases); i++) {
        char name[8];
        snprintf(name, sizeof name, "id-%zu", i);
        if (cases[i][2][0] != '\0') {
            no(cases[i][2], "op", DAY, IDENTIFIED, name, cases[i][0], cases[i][1], name);
        } else {
            ok("op", DAY, IDENTIFIED, name, cases[i][0], cases[i][1], name);
        }
    }
}

#define SUSPENDED "'party_suspended': {'party': '%s', 'state': '%s', 'reason': 'r'}"

static void silences_a_suspended_party_until_lifted(void **state)
{
    (void)state;
    no("QP-ROLE", "norte", DAY, SUSPENDED, "sur", "suspended");
    no("QP-PARTY-UNKNOWN", "reg", DAY, SUSPENDED, "nobody", "suspended");
    no("QP-PARTY-OPERATOR", "authority", DAY, SUSPENDED, "op", "suspended");
    ok("reg", DAY, SUSPENDED, "norte", "suspended");
    no("QP-PARTY-SUSPENDED", "norte", DAY, "'key_added': {'party': 'norte', 'key': '@n2@'}");
    ok("authority", DAY, SUSPENDED, "norte", "lifted");
    ok("norte", DAY, "'key_added': {'party': 'norte', 'key': '@n2@'}");
    ok("op", DAY, SUSPENDED, "norte", "suspended");
    no("QP-PARTY-SUSPENDED", "n2", DAY, "'key_added': {'party': 'norte', 'key': '@n3@'}");
}

static void a_registrar_does_not_silence_its_overseers(void **state)
{
    (void)state;
    ok("op", DAY, PARTY, "reg2", "registrar", "@reg2@");
    no("QP-ROLE", "reg", DAY, SUSPENDED, "reg2", "suspended");
    no("QP-ROLE", "reg", DAY, SUSPENDED, "authority", "suspended");
    ok("authority", DAY, SUSPENDED, "reg2", "suspended");
    no("QP-ROLE", "reg", DAY, SUSPENDED, "reg2", "lifted");
    ok("op", DAY, SUSPENDED, "reg2", "lifted");
}

static void keys_begin_and_end(void **state)
{
    (void)state;
    no("QP-KEY-REUSE", "norte", DAY, "'key_added': {'party': 'norte', 'key': '@sur@'}");
    ok("norte", DAY, "'key_added': {'party': 'norte', 'key': '@n2@'}");
    no("QP-KEY-OWNER", "norte", DAY,
       "'key_rotated': {'party': 'norte', 'old_key': '@sur@', 'new_key': '@n3@'}");
    no("QP-KEY-OWNER", "norte", DAY,
       "'key_rotated': {'party': 'norte', 'old_key': '@none@', 'new_key': '@n3@'}");
    no("QP-KEY-REUSE", "norte", DAY,
       "'key_rotated': {'party': 'norte', 'old_key': '@norte@', 'new_key': '@norte@'}");
    ok("norte", DAY, "'key_rotated': {'party': 'norte', 'old_key': '@norte@', 'new_key': '@n3@'}");
    no("QP-KEY-OLD", "norte", DAY, "'key_added': {'party': 'norte', 'key': '@n4@'}");
    no("QP-KEY-OLD", "n2", DAY,
       "'key_rotated': {'party': 'norte', 'old_key': '@norte@', 'new_key': '@n4@'}");
    no("QP-KEY-REUSE", "n2", DAY, "'key_added': {'party': 'norte', 'key': '@norte@'}");
    ok("n2", DAY, "'key_revoked': {'party': 'norte', 'key': '@n2@', 'reason': 'lost'}");
    no("QP-KEY-OLD", "n2", DAY, "'key_added': {'party': 'norte', 'key': '@n4@'}");
    ok("n3", DAY, "'key_added': {'party': 'norte', 'key': '@n4@'}");
}

#define REVOKED                                                                                    \
    "'key_revoked': {'party': 'norte', 'key': '@%s@', 'compromised_since_index': %llu, "           \
    "'reason': 'stolen'}"

static void a_compromise_is_recorded_also_after_the_rotation(void **state)
{
    (void)state;
    unsigned long long now = scene.event_count;
    no("QP-KEY-OWNER", "norte", DAY, REVOKED, "norte", now + 1);
    ok("norte", DAY, "'key_rotated': {'party': 'norte', 'old_key': '@norte@', 'new_key': '@n2@'}");
    no("QP-KEY-OLD", "n2", DAY, REVOKED, "norte", 0ULL);
    no("QP-KEY-OWNER", "n2", DAY, REVOKED, "norte", now + 2);
    ok("n2", DAY, REVOKED, "norte", now);
    no("QP-KEY-OLD", "n2", DAY, REVOKED, "norte", now);
    ok("n2", DAY, REVOKED, "norte", now - 1); /* it was worse than thought */
    no("QP-KEY-OLD", "n2", DAY, REVOKED, "norte", now);
    no("QP-KEY-OLD", "norte", DAY, "'key_added': {'party': 'norte', 'key': '@n4@'}");
}

/* Every encoding of a point whose order divides 8, canonical or not, and one point that has a part
 * of such an order: under these, one signature fits many messages. */
static void no_door_lets_a_weak_key_in(void **state)
{
    (void)state;
    static const char *const weak[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "9599999999999999999999999999999999999999999999999999999999999999"};
    for (size_t i = 0; i < QP_COUNT(weak); i++) {
        no("QP-KEY-WEAK", "reg", DAY, PARTY, "new", "carrier", weak[i]);
        no("QP-KEY-WEAK", "norte", DAY, "'key_added': {'party': 'norte', 'key': '%s'}", weak[i]);
        no("QP-KEY-WEAK", "norte", DAY,
           "'key_rotated': {'party': 'norte', 'old_key': '@norte@', 'new_key': '%s'}", weak[i]);
    }
    scene_close(NULL);
    assert_int_equal(scene_open_empty(NULL), 0);
    for (size_t i = 0; i < QP_COUNT(weak); i++) {
        no("QP-KEY-WEAK", "op", DAY, OPENED, "'operator'", "@op@", weak[i]);
    }
}

/* Each row: who changes whose keys. */
static void keys_are_kept_by_the_party_or_its_registrar(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"sur", "norte", "QP-ROLE"},     {"authority", "norte", "QP-ROLE"},
        {"reg", "op", "QP-ROLE"},        {"reg", "authority", "QP-ROLE"},
        {"reg", "reg2", "QP-ROLE"},      {"reg", "nobody", "QP-PARTY-UNKNOWN"},
        {"norte", "norte", NULL},        {"reg", "norte", NULL},
        {"op", "authority", NULL},       {"op", "reg2", NULL},
        {"authority", "authority", NULL}};
    ok("op", DAY, PARTY, "reg2", "registrar", "@reg2@");
    for (size_t i = 0; i < QP_COUNT(cases); i++) {
        char body[160];
        snprintf(body, sizeof body, "'key_added': {'party': '%s', 'key': '@k%zu@'}", cases[i][1],
                 i);
        if (cases[i][2] != NULL) {
            no(cases[i][2], cases[i][0], DAY, "%s", body);
        } else {
            ok(cases[i][0], DAY, "%s", body);
        }
    }
}

int rules_party_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opens_once_and_only_by_the_operators_own_key,
                                        scene_open_empty, scene_close),
        SCENE_TEST(refuses_what_is_reserved),
        SCENE_TEST(refuses_a_rule_set_that_does_not_begin_after_the_last),
        SCENE_TEST(needs_a_rule_set_in_force),
        SCENE_TEST(finds_the_rule_set_of_the_day),
        SCENE_TEST(enrols_a_party_once_under_a_key_of_its_own),
        SCENE_TEST(only_the_operator_makes_registrars_and_authorities),
        SCENE_TEST(checks_identifiers),
        SCENE_TEST(silences_a_suspended_party_until_lifted),
        SCENE_TEST(a_registrar_does_not_silence_its_overseers),
        SCENE_TEST(keys_begin_and_end),
        SCENE_TEST(a_compromise_is_recorded_also_after_the_rotation),
        SCENE_TEST(no_door_lets_a_weak_key_in),
        SCENE_TEST(keys_are_kept_by_the_party_or_its_registrar),
    };
    return cmocka_run_group_tests_name("parties", tests, NULL, NULL);
}
