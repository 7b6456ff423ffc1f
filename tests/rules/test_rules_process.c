/* Processes: mass, forms, by-products, pieces. */
#include "rules/scene.h"
#include "rules/test_rules.h"

#include "core/check.h"

#define PROCESSED "'lot_processed': {'process': 'hulling', 'inputs': [%s], 'outputs': [%s]}"
#define IN(lot, grams) "{'lot': '" lot "', 'quantity': {'grams': " grams "}}"
#define OUT(lot, form, grams, kind)                                                                \
    "{'lot': '" lot "', 'form': '" form "', 'quantity': {'grams': " grams "}, 'kind': '" kind "'}"

struct process {
    const char *code; /* NULL: accepted */
    const char *inputs;
    const char *outputs;
};

static void run(const char *who, const struct process *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cases[i].code != NULL) {
            no(cases[i].code, who, DAY, PROCESSED, cases[i].inputs, cases[i].outputs);
        } else {
            ok(who, DAY, PROCESSED, cases[i].inputs, cases[i].outputs);
        }
    }
}

static void harvest_as(const char *lot, const char *commodity, const char *form, uint64_t grams,
                       uint64_t pieces)
{
    ok("norte", DAY,
       "'lot_harvested': {'lot': '%s', 'commodity': '%s', 'form': '%s', 'quantity': {'grams': "
       "%llu, 'pieces': %llu}, 'origins': [{'plot': 'norte/p1', 'grams': %llu}], 'harvest_from': "
       "'2026-05-01', 'harvest_to': '2026-05-14', 'crop_year': 2026}",
       lot, commodity, form, (unsigned long long)grams, (unsigned long long)pieces,
       (unsigned long long)grams);
}

static void draws_no_more_than_is_left(void **state)
{
    (void)state;
    static const struct process cases[] = {
        {"QP-LOT-UNKNOWN", IN("norte/x", "1"), OUT("norte/b", "cherry", "1", "product")},
        {"QP-MASS-DRAW", IN("norte/a", "1001"), OUT("norte/b", "cherry", "1", "product")},
        {"QP-MASS-DRAW", "{'lot': 'norte/a', 'quantity': {'grams': 1, 'pieces': 1}}",
         OUT("norte/b", "cherry", "1", "product")},
        {"QP-MASS-EMPTY", IN("norte/a", "0"), OUT("norte/b", "cherry", "1", "product")},
        {"QP-MASS-EMPTY", IN("norte/a", "9"), OUT("norte/b", "cherry", "0", "product")},
        {"QP-LOT-TWICE", IN("norte/a", "1") ", " IN("norte/a", "1"),
         OUT("norte/b", "cherry", "1", "product")},
        {"QP-NAME", IN("norte/a", "1"), OUT("sur/b", "cherry", "1", "product")},
        {"QP-LOT-NEW", IN("norte/a", "1"), OUT("norte/a", "cherry", "1", "product")},
        {"QP-LOT-NEW", IN("norte/a", "2"),
         OUT("norte/b", "cherry", "1", "product") ", " OUT("norte/b", "cherry", "1", "product")},
        {NULL, IN("norte/a", "1000"), OUT("norte/b", "cherry", "1000", "product")},
        {"QP-MASS-DRAW", IN("norte/a", "1"), OUT("norte/c", "cherry", "1", "product")},
    };
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    run("norte", cases, QP_COUNT(cases));
    assert_null(scene_lot("norte/a")->balance);
    no("QP-TRANSFER-WEIGHT", "norte", DAY,
       "'lot_transferred': {'lot': 'norte/a', 'to': 'sur', 'kind': 'both', 'quantity': {}}");
    no("QP-ROLE", "carry", DAY, PROCESSED, IN("norte/b", "1"),
       OUT("carry/b", "cherry", "1", "product"));
    no("QP-TIME-ORDER", "norte", "2026-05-12T23:59:59.999Z", PROCESSED, IN("norte/b", "1"),
       OUT("norte/c", "cherry", "1", "product"));
}

static void inputs_are_of_one_commodity_form_and_owner(void **state)
{
    (void)state;
    static const struct process cases[] = {
        {"QP-MASS-FORM", IN("norte/cherry", "1") ", " IN("norte/green", "1"),
         OUT("norte/b", "cherry", "1", "product")},
        {"QP-MASS-FORM", IN("norte/cherry", "1") ", " IN("norte/fibre", "1"),
         OUT("norte/b", "cherry", "1", "product")},
        {"QP-MASS-FORM", IN("norte/cherry", "1") ", " IN("sur/cherry", "1"),
         OUT("norte/b", "cherry", "1", "product")},
        {NULL, IN("sur/cherry", "1"), OUT("norte/b", "cherry", "1", "product")},
        {NULL, IN("norte/cherry", "1") ", " IN("norte/cherry2", "1"),
         OUT("norte/c", "cherry", "2", "product")},
    };
    harvest_as("norte/cherry", "coffee", "cherry", 1000, 0);
    harvest_as("norte/cherry2", "coffee", "cherry", 1000, 0);
    harvest_as("norte/green", "coffee", "green", 1000, 0);
    harvest_as("norte/fibre", "alpaca", "fibre", 1000, 0);
    scene_harvested("sur", "sur/cherry", "sur/p1", 1000);
    ok("sur", DAY,
       "'lot_transferred': {'lot': 'sur/cherry', 'to': 'norte', 'kind': 'custody', 'quantity': "
       "{'grams': 1000}}");
    ok("norte", DAY,
       "'lot_received': {'lot': 'sur/cherry', 'from': 'sur', 'quantity': {'grams': 1000}}");
    run("norte", cases, QP_COUNT(cases));
    assert_string_equal(scene_lot("norte/b")->owner, "sur"); /* the mill does not come to own it */
    assert_string_equal(scene_lot("norte/b")->holder, "norte");
}

/* Cherry to parchment: 0.2 and 10 %, so 1,000,000 g give at most 220,000 g. */
static void outputs_stay_within_the_factors(void **state)
{
    (void)state;
    static const struct process cases[] = {
        {"QP-MASS-FACTOR", IN("norte/a", "1000000"), OUT("norte/b", "roasted", "1", "product")},
        {"QP-MASS-FACTOR", IN("norte/a", "1000000"), OUT("norte/b", "husk", "1", "product")},
        {"QP-MASS-FACTOR", IN("norte/a", "1000000"), OUT("norte/b", "roasted", "1", "by_product")},
        {"QP-MASS-YIELD", IN("norte/a", "1000000"),
         OUT("norte/b", "parchment", "220001", "product")},
        {"QP-MASS-YIELD", IN("norte/a", "1000000"), OUT("norte/b", "parchment", "220001", "waste")},
        {"QP-MASS-YIELD", IN("norte/a", "4"), OUT("norte/b", "parchment", "1", "product")},
        {"QP-MASS-YIELD", IN("norte/a", "999999"),
         OUT("norte/b", "parchment", "220000", "product")},
        {"QP-MASS-YIELD", IN("norte/a", "1000000"),
         OUT("norte/b", "parchment", "110000", "product") ", " OUT("norte/c", "parchment", "110001",
                                                                   "product")},
        {"QP-MASS-YIELD", IN("norte/a", "1000000"),
         OUT("norte/b", "parchment", "220000", "product") ", " OUT("norte/c", "cherry", "1",
                                                                   "product")},
        {"QP-MASS-YIELD", IN("norte/a", "1000000"), OUT("norte/b", "cherry", "1000001", "product")},
        {"QP-MASS-TOTAL", IN("norte/a", "1000000"),
         OUT("norte/b", "parchment", "220000", "product") ", " OUT("norte/c", "pulp", "780001",
                                                                   "by_product")},
        {NULL, IN("norte/a", "1000000"),
         OUT("norte/b", "parchment", "220000", "product") ", " OUT("norte/c", "pulp", "780000",
                                                                   "by_product")},
    };
    scene_harvested("norte", "norte/a", "norte/p1", 1000000);
    run("norte", cases, QP_COUNT(cases));
}

/* A rule set may bound a by-product, as the sample's does: that husk weighs 0.22 of the parchment
 * takes nothing away from the beans that come out beside it. */
static void a_by_product_is_bounded_beside_the_product_not_against_it(void **state)
{
    (void)state;
    static const struct process cases[] = {
        {"QP-MASS-YIELD", IN("norte/a", "1000"),
         OUT("norte/b", "green", "700", "product") ", " OUT("norte/c", "husk", "232",
                                                            "by_product")},
        {"QP-MASS-YIELD", IN("norte/a", "1000"),
         OUT("norte/b", "husk", "116", "by_product") ", " OUT("norte/c", "husk", "116", "waste")},
        {"QP-MASS-YIELD", IN("norte/a", "1000"),
         OUT("norte/b", "green", "817", "product") ", " OUT("norte/c", "husk", "1", "by_product")},
        {NULL, IN("norte/a", "1000"),
         OUT("norte/b", "green", "769", "product") ", " OUT("norte/c", "husk", "231",
                                                            "by_product")},
        {NULL, IN("norte/a2", "17268500"),
         OUT("norte/o", "green", "13296000",
             "product") ", " OUT("norte/d", "defects", "354500",
                                 "by_product") ", " OUT("norte/h", "husk", "3181500",
                                                        "by_product") ", " OUT("norte/m", "residue",
                                                                               "266500", "waste")},
    };
    ok("op", DAY,
       "'rule_set_published': {'rule_set': 'pe', 'version': 2, 'effective_from': '2026-01-01', "
       "'cut_off': '2020-12-31', 'point_area_max_m2': 40000, 'harvest_age_days': 730, 'factors': "
       "[{'commodity': 'coffee', "
       "'from': 'parchment', 'to': 'green', 'factor_ppm': 800000, 'tolerance_ppm': 20000}, "
       "{'commodity': 'coffee', 'from': 'parchment', 'to': 'defects', 'factor_ppm': 50000}, "
       "{'commodity': 'coffee', 'from': 'parchment', 'to': 'husk', 'factor_ppm': 220000, "
       "'tolerance_ppm': 50000}]}");
    harvest_as("norte/a", "coffee", "parchment", 1000, 0);
    harvest_as("norte/a2", "coffee", "parchment", 17268500, 0);
    run("norte", cases, QP_COUNT(cases));
}

/* Butter and powder are pressed out of the same paste: each is bound by its own factor and both by
 * the total, while what is not said to come beside others competes with its like. */
static void joint_products_come_out_of_the_same_input(void **state)
{
    (void)state;
    static const struct process cases[] = {
        {"QP-MASS-YIELD", IN("norte/a", "1000"), OUT("norte/b", "butter", "501", "product")},
        {"QP-MASS-YIELD", IN("norte/a", "1000"),
         OUT("norte/b", "butter", "300", "product") ", " OUT("norte/c", "butter", "201",
                                                             "product")},
        {"QP-MASS-YIELD", IN("norte/a", "1000"),
         OUT("norte/b", "butter", "440", "product") ", " OUT("norte/c", "powder", "561",
                                                             "product")},
        {"QP-MASS-TOTAL", IN("norte/a", "1000"),
         OUT("norte/b", "butter", "450", "product") ", " OUT("norte/c", "powder", "551",
                                                             "product")},
        {"QP-MASS-YIELD", IN("norte/a", "1000"),
         OUT("norte/b", "green", "500", "product") ", " OUT("norte/c", "parchment", "400",
                                                            "product")},
        {NULL, IN("norte/a", "1000"),
         OUT("norte/b", "butter", "460", "product") ", " OUT("norte/c", "powder", "540",
                                                             "product")},
    };
    ok("op", DAY,
       "'rule_set_published': {'rule_set': 'pe', 'version': 2, 'effective_from': '2026-01-01', "
       "'cut_off': '2020-12-31', 'point_area_max_m2': 40000, 'harvest_age_days': 730, 'factors': "
       "[{'commodity': 'coffee', 'from': 'parchment', 'to': 'green', 'factor_ppm': 800000}, "
       "{'commodity': 'coffee', 'from': 'parchment', 'to': 'butter', 'factor_ppm': 500000, "
       "'beside': true}, {'commodity': 'coffee', 'from': 'parchment', 'to': 'powder', "
       "'factor_ppm': 560000, 'beside': true}]}");
    harvest_as("norte/a", "coffee", "parchment", 1000, 0);
    run("norte", cases, QP_COUNT(cases));
}

/* Before the first rule set nothing is known about factors, not even that a split makes nothing. */
static void a_process_needs_a_rule_set_in_force(void **state)
{
    (void)state;
    static const char *const split = "'lot_processed': {'process': 'splitting', 'inputs': [" IN(
        "norte/a", "5") "], 'outputs': [" OUT("norte/b", "cherry", "5", "product") "]}";
    ok("norte", "2018-01-01",
       "'lot_harvested': {'lot': 'norte/a', 'commodity': 'coffee', 'form': 'cherry', 'quantity': "
       "{'grams': 5}, 'origins': [{'plot': 'norte/p1', 'grams': 5}], 'harvest_from': "
       "'2018-01-01', 'harvest_to': '2018-01-01', 'crop_year': 2018}");
    no("QP-RULESET-NONE", "norte", "2017-12-31T23:59:59.999Z", "%s", split);
    ok("norte", "2018-01-01", "%s", split);
}

static void by_products_and_waste_do_not_turn_back_into_goods(void **state)
{
    (void)state;
    static const struct process cases[] = {
        {NULL, IN("norte/a", "1000"),
         OUT("norte/husk", "husk", "400", "by_product") ", " OUT("norte/w", "parchment", "500",
                                                                 "waste")},
        /* Husk is not what defects are sorted out of. */
        {"QP-MASS-FACTOR", IN("norte/husk", "100"), OUT("norte/b", "defects", "100", "by_product")},
        {"QP-MASS-FACTOR", IN("norte/husk", "100"), OUT("norte/b", "green", "1", "product")},
        {NULL, IN("norte/husk", "100"), OUT("norte/h1", "husk", "100", "product")},
        {NULL, IN("norte/husk", "100"), OUT("norte/h2", "residue", "100", "waste")},
        /* Thrown away is thrown away. */
        {"QP-LOT-WASTE", IN("norte/w", "100"), OUT("norte/b", "parchment", "100", "product")},
        {"QP-LOT-WASTE", IN("norte/w", "100"), OUT("norte/b", "green", "80", "by_product")},
        {"QP-LOT-WASTE", IN("norte/a2", "100") ", " IN("norte/w", "1"),
         OUT("norte/b", "parchment", "101", "product")},
        {NULL, IN("norte/w", "100"), OUT("norte/w2", "parchment", "100", "waste")},
    };
    harvest_as("norte/a", "coffee", "parchment", 1000, 0);
    harvest_as("norte/a2", "coffee", "parchment", 1000, 0);
    run("norte", cases, QP_COUNT(cases));
}

#define PIECES_IN(lot, grams, pieces)                                                              \
    "{'lot': '" lot "', 'quantity': {'grams': " grams ", 'pieces': " pieces "}}"
#define PIECES_OUT(lot, form, grams, pieces)                                                       \
    "{'lot': '" lot "', 'form': '" form "', 'quantity': {'grams': " grams ", 'pieces': " pieces    \
    "}, 'kind': 'product'}"

static void pieces_are_not_made_of_nothing(void **state)
{
    (void)state;
    static const struct process cases[] = {
        {"QP-MASS-YIELD", PIECES_IN("norte/a", "500", "5"),
         PIECES_OUT("norte/b", "fabric", "500", "6")},
        {"QP-MASS-YIELD", PIECES_IN("norte/a", "500", "5"),
         PIECES_OUT("norte/b", "fabric", "1", "5") ", " PIECES_OUT("norte/c", "fabric", "1", "1")},
        {"QP-MASS-EMPTY", PIECES_IN("norte/a", "500", "5"),
         PIECES_OUT("norte/b", "garment", "0", "1000000000")},
        {"QP-MASS-YIELD", PIECES_IN("norte/a", "0", "5"),
         PIECES_OUT("norte/b", "garment", "1", "1")},
        {NULL, PIECES_IN("norte/a", "0", "5"), PIECES_OUT("norte/b", "fabric", "0", "5")},
        {NULL, PIECES_IN("norte/a", "500", "5"), PIECES_OUT("norte/c", "garment", "500", "20")},
    };
    harvest_as("norte/a", "alpaca", "fabric", 1000, 10);
    run("norte", cases, QP_COUNT(cases));
    assert_int_equal(scene_grams("norte/a"), 500);
    assert_int_equal(scene_pieces("norte/a"), 0);
    assert_int_equal(scene_pieces("norte/c"), 20);
}

/* Each step may be dated a day before its inputs; many steps must not add up to a way back. */
static void steps_do_not_walk_back_in_time(void **state)
{
    (void)state;
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    ok("norte", "2026-05-13", PROCESSED, IN("norte/a", "1000"),
       OUT("norte/b", "cherry", "1000", "product"));
    no("QP-TIME-ORDER", "norte", "2026-05-12", PROCESSED, IN("norte/b", "1000"),
       OUT("norte/c", "cherry", "1000", "product"));
    ok("norte", "2026-05-13", PROCESSED, IN("norte/b", "1000"),
       OUT("norte/c", "cherry", "1000", "product"));
}

/* At the very limits of the marks nothing wraps around. */
static void holds_at_the_greatest_quantities(void **state)
{
    (void)state;
    static char inputs[60000];
    size_t used = 0;
    for (int i = 0; i < 512; i++) {
        char lot[24];
        snprintf(lot, sizeof lot, "norte/m%d", i);
        harvest_as(lot, "alpaca", "fabric", UINT64_C(1000000000000000), 1000000000);
        used += (size_t)snprintf(inputs + used, sizeof inputs - used,
                                 "%s{'lot': '%s', 'quantity': {'grams': 1000000000000000, "
                                 "'pieces': 1000000000}}",
                                 i == 0 ? "" : ", ", lot);
    }
    no("QP-MASS-YIELD", "norte", DAY, PROCESSED, IN("norte/m1", "999999999999999"),
       OUT("norte/b", "garment", "1000000000000000", "product"));
    no("QP-MASS-YIELD", "norte", DAY, PROCESSED, IN("norte/m1", "1"),
       PIECES_OUT("norte/b", "fabric", "1", "1000000000"));
    ok("norte", DAY, PROCESSED, inputs,
       OUT("norte/b", "garment", "1000000000000000",
           "product") ", " PIECES_OUT("norte/c", "fabric", "1000000000000000", "1000000000"));
    assert_int_equal(scene_grams("norte/c"), UINT64_C(1000000000000000));
    assert_null(scene_lot("norte/m511")->balance);
}

int rules_process_tests(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(draws_no_more_than_is_left),
        SCENE_TEST(inputs_are_of_one_commodity_form_and_owner),
        SCENE_TEST(outputs_stay_within_the_factors),
        SCENE_TEST(a_by_product_is_bounded_beside_the_product_not_against_it),
        SCENE_TEST(joint_products_come_out_of_the_same_input),
        SCENE_TEST(a_process_needs_a_rule_set_in_force),
        SCENE_TEST(by_products_and_waste_do_not_turn_back_into_goods),
        SCENE_TEST(pieces_are_not_made_of_nothing),
        SCENE_TEST(steps_do_not_walk_back_in_time),
        SCENE_TEST(holds_at_the_greatest_quantities),
    };
    return cmocka_run_group_tests_name("processes", tests, NULL, NULL);
}
