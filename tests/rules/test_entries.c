/* Where an event stands: several in one entry, limits that many entries reach together, and events
 * of which a slice shows only what they draw. */
#include "rules/scene.h"

/* Judge the event at a place of its own choice; the state keeps what a refusal leaves. */
static enum qp_code act_at(const char *signer, uint64_t index, uint32_t position, const char *body,
                           bool voids_draws, struct qp_err *why)
{
    Qp__Event *event = NULL;
    qp_arena_reset(&scene.arena);
    qp_err_init(why);
    struct qp_rule_context context = {.issuer = scene_key(signer),
                                      .index = index,
                                      .position = position,
                                      .voids_draws = voids_draws};
    struct qp_span bytes = scene_event_bytes(DAY, body);
    assert_ok(qp_event_decode(bytes, &scene.arena, &event, err));
    enum qp_code rc = qp_rules_apply(&context, event, &scene.state, &scene.arena, why);
    if (rc == QP_OK && position == 0) {
        scene_keep(&context, bytes);
    }
    return rc;
}

#define HARVEST                                                                                    \
    "'lot_harvested': {'lot': '%s', 'commodity': 'coffee', 'form': 'cherry', 'quantity': "         \
    "{'grams': %llu}, 'origins': [{'plot': '%s', 'grams': %llu}], 'harvest_from': '" DAY           \
    "', 'harvest_to': '" DAY "', 'crop_year': 2026}"
#define RULES                                                                                      \
    "'rule_set_published': {'rule_set': 'pe', 'version': 2, 'effective_from': '%s', 'cut_off': "   \
    "'2020-12-31', 'point_area_max_m2': 40000, 'harvest_age_days': 730%s}"
#define CAP                                                                                        \
    ", 'yield_caps': [{'commodity': 'coffee', 'form': 'cherry', 'warn_grams_per_ha': 1, "          \
    "'refuse_grams_per_ha': 1000000000000}]"
#define VOIDED "'event_voided': {'event': %s, 'reason': 'r'}"

/* The rules of an entry begin behind the event that publishes them, also for what is voided later:
 * else more would be given back than was counted. */
static void rules_do_not_reach_back_within_an_entry(void **state)
{
    (void)state;
    char body[1024];
    struct qp_err why;
    ok("op", "2026-01-01",
       "'party_enrolled': {'party': 'gremio', 'legal_name': 'G', 'country': 'PE', 'roles': "
       "['cooperative', 'authority'], 'key': '@gremio@'}");
    scene_harvested("norte", "norte/a", "norte/p1", 10000);
    assert_int_equal(scene_harvest("norte/p1", 2026), 1800);
    uint64_t index = scene.event_count;
    snprintf(body, sizeof body, HARVEST, "gremio/a", 1000ULL, "norte/p1", 1000ULL);
    assert_ok(act_at("gremio", index, 0, body, false, err));
    char reference[320];
    snprintf(reference, sizeof reference, "%s", scene_last());
    snprintf(body, sizeof body, RULES, "2026-01-01", CAP);
    assert_ok(act_at("gremio", index, 1, body, false, err));
    assert_int_equal(scene_harvest("norte/p1", 2026), 1980);
    snprintf(body, sizeof body, VOIDED, reference);
    if (act_at("gremio", index + 1, 0, body, false, &why) != QP_OK) {
        fail_msg("%s %s", why.rule, why.text);
    }
    assert_int_equal(scene_harvest("norte/p1", 2026), 1800);
}

static void rules_are_in_force_from_the_next_event_of_their_entry(void **state)
{
    (void)state;
    char body[1024];
    ok("op", "2026-01-01",
       "'party_enrolled': {'party': 'gremio', 'legal_name': 'G', 'country': 'PE', 'roles': "
       "['cooperative', 'authority'], 'key': '@gremio@'}");
    uint64_t index = scene.event_count;
    snprintf(body, sizeof body, RULES, "2026-01-01", CAP);
    assert_ok(act_at("gremio", index, 0, body, false, err));
    snprintf(body, sizeof body, HARVEST, "gremio/a", 1000ULL, "norte/p1", 1000ULL);
    assert_ok(act_at("gremio", index, 1, body, false, err));
    assert_int_equal(scene_harvest("norte/p1", 2026), 1000); /* not 180 of green coffee */
}

static void a_harvest_that_no_cap_counted_gives_nothing_back(void **state)
{
    (void)state;
    char reference[320];
    scene_harvested("norte", "norte/a", "norte/p1", 10000);
    ok("op", DAY, RULES, "2026-05-01", "");
    scene_harvested("norte", "norte/b", "norte/p1", 1000);
    snprintf(reference, sizeof reference, "%s", scene_last());
    ok("norte", DAY, VOIDED, reference);
    assert_int_equal(scene_harvest("norte/p1", 2026), 1800);
}

/* 2^53 - 1: the greatest number of the format. */
static void a_plot_yields_no_more_than_can_be_counted(void **state)
{
    (void)state;
    ok("op", DAY, RULES, "2026-05-01", CAP);
    ok("norte", DAY,
       "'plot_registered': {'plot': 'norte/huge', 'producer': 'norte/u1', 'commodities': "
       "['coffee'], 'country': 'PE', 'area_m2': 1000000000000, 'geometry_kind': 'polygon', "
       "'geometry': $geometry, 'tenure': 'title', 'tenure_evidence': 'declared'}");
    for (unsigned i = 0; i < 9; i++) {
        char lot[32];
        snprintf(lot, sizeof lot, "norte/l%u", i);
        scene_harvested("norte", lot, "norte/huge", UINT64_C(1000000000000000));
    }
    scene_harvested("norte", "norte/last", "norte/huge", UINT64_C(7199254740991));
    no("QP-HARVEST-CAP", "norte", DAY, HARVEST, "norte/more", 1ULL, "norte/huge", 1ULL);
}

/* ---- Slices ---- */

#define PROCESSED                                                                                  \
    "'lot_processed': {'process': 'mixing', 'inputs': [{'lot': 'norte/a', 'quantity': {'grams': "  \
    "400}}, {'lot': 'sur/elsewhere', 'quantity': {'grams': 600}}], 'outputs': [{'lot': "           \
    "'%s/m', 'form': 'cherry', 'kind': 'product', 'quantity': {'grams': 1000}}]}"

/* Take over what the event draws, as a verifier does; the event is kept for its voiding. */
static enum qp_code draw(const char *signer, const char *body, struct qp_err *why)
{
    Qp__Event *event = NULL;
    qp_arena_reset(&scene.arena);
    struct qp_rule_context context = {.issuer = scene_key(signer), .index = scene.event_count};
    struct qp_span bytes = scene_event_bytes(DAY, body);
    assert_ok(qp_event_decode(bytes, &scene.arena, &event, err));
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < event->lot_processed->n_inputs && rc == QP_OK; i++) {
        const Qp__LotInput *input = event->lot_processed->inputs[i];
        rc = qp_rules_draw(&context, event, input->lot, input->quantity, &scene.state, &scene.arena,
                           why);
    }
    if (rc == QP_OK) {
        scene_keep(&context, bytes);
    }
    return rc;
}

static void a_side_event_draws_from_the_lots_there_are_and_gives_back(void **state)
{
    (void)state;
    char body[1024];
    struct qp_err why;
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    snprintf(body, sizeof body, PROCESSED, "norte");
    assert_ok(draw("norte", body, err));
    assert_int_equal(scene_grams("norte/a"), 600);
    assert_null(scene_lot("norte/m"));
    snprintf(body, sizeof body, VOIDED, scene_last());
    if (act_at("norte", scene.event_count, 0, body, true, &why) != QP_OK) {
        fail_msg("%s %s", why.rule, why.text);
    }
    assert_int_equal(scene_grams("norte/a"), 1000);
    assert_null(scene_lot("sur/elsewhere"));
}

static void a_side_event_is_by_who_may_and_draws_what_there_is(void **state)
{
    (void)state;
    char body[1024];
    struct qp_err why;
    scene_harvested("norte", "norte/a", "norte/p1", 399);
    snprintf(body, sizeof body, PROCESSED, "norte");
    assert_int_equal(draw("norte", body, &why), QP_E_REFUSED);
    assert_string_equal(why.rule, "QP-MASS-DRAW");
    assert_int_equal(draw("sur", body, &why), QP_E_REFUSED);
    assert_string_equal(why.rule, "QP-LOT-HELD");
    ok("norte", DAY,
       "'lot_transferred': {'lot': 'norte/a', 'to': 'carry', 'kind': 'custody', 'quantity': "
       "{'grams': 399}}");
    ok("carry", DAY,
       "'lot_received': {'lot': 'norte/a', 'from': 'norte', 'quantity': {'grams': 399}}");
    assert_int_equal(draw("carry", body, &why), QP_E_REFUSED);
    assert_string_equal(why.rule, "QP-ROLE");
    assert_int_equal(draw("nobody", body, &why), QP_E_REFUSED);
    assert_string_equal(why.rule, "QP-KEY-UNKNOWN");
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(rules_do_not_reach_back_within_an_entry),
        SCENE_TEST(rules_are_in_force_from_the_next_event_of_their_entry),
        SCENE_TEST(a_harvest_that_no_cap_counted_gives_nothing_back),
        SCENE_TEST(a_plot_yields_no_more_than_can_be_counted),
        SCENE_TEST(a_side_event_draws_from_the_lots_there_are_and_gives_back),
        SCENE_TEST(a_side_event_is_by_who_may_and_draws_what_there_is),
    };
    return cmocka_run_group_tests_name("rules/entries", tests, NULL, NULL);
}
