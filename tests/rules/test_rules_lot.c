/* Custody, ownership, recall, and what is said about lots. */
#include "rules/scene.h"
#include "rules/test_rules.h"

#include "core/check.h"

#define GIVEN                                                                                      \
    "'lot_transferred': {'lot': '%s', 'to': '%s', 'kind': '%s', 'quantity': {'grams': %llu}}"
#define TAKEN "'lot_received': {'lot': '%s', 'from': '%s', 'quantity': {'grams': %llu}}"
#define SPLIT                                                                                      \
    "'lot_processed': {'process': 'splitting', 'inputs': [{'lot': '%s', 'quantity': {'grams': "    \
    "%llu}}], 'outputs': [{'lot': '%s', 'form': 'cherry', 'quantity': {'grams': %llu}, 'kind': "   \
    "'product'}]}"

static void give_and_take(const char *lot, const char *from, const char *to, const char *kind,
                          uint64_t sent, uint64_t received)
{
    ok(from, DAY, GIVEN, lot, to, kind, (unsigned long long)sent);
    ok(to, DAY, TAKEN, lot, from, (unsigned long long)received);
}

static void only_a_whole_lot_changes_hands_and_only_from_who_has_it(void **state)
{
    (void)state;
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    no("QP-ROLE", "cert", DAY, GIVEN, "norte/a", "mill", "both", 1000ULL);
    no("QP-LOT-UNKNOWN", "norte", DAY, GIVEN, "norte/x", "mill", "both", 1000ULL);
    no("QP-LOT-HELD", "sur", DAY, GIVEN, "norte/a", "mill", "custody", 1000ULL);
    no("QP-LOT-OWNER", "sur", DAY, GIVEN, "norte/a", "mill", "ownership", 1000ULL);
    no("QP-PARTY-UNKNOWN", "norte", DAY, GIVEN, "norte/a", "nobody", "both", 1000ULL);
    no("QP-TRANSFER-TO", "norte", DAY, GIVEN, "norte/a", "norte", "both", 1000ULL);
    no("QP-TRANSFER-TO", "norte", DAY, GIVEN, "norte/a", "cert", "both", 1000ULL);
    no("QP-TRANSFER-WEIGHT", "norte", DAY, GIVEN, "norte/a", "mill", "both", 999ULL);
    no("QP-TRANSFER-WEIGHT", "norte", DAY, GIVEN, "norte/a", "mill", "both", 1001ULL);
    no("QP-TIME-ORDER", "norte", "2026-05-12T23:59:59.999Z", GIVEN, "norte/a", "mill", "both",
       1000ULL);
    no("QP-SEALED-KIND", "norte", DAY,
       "'lot_transferred': {'lot': 'norte/a', 'to': 'mill', 'kind': 'both', 'quantity': {'grams': "
       "1000}, 'price': $document}");
    ok("reg", DAY, "'party_suspended': {'party': 'mill', 'state': 'suspended', 'reason': 'r'}");
    no("QP-TRANSFER-TO", "norte", DAY, GIVEN, "norte/a", "mill", "both", 1000ULL);
    ok("reg", DAY, "'party_suspended': {'party': 'mill', 'state': 'lifted', 'reason': 'r'}");
    ok("norte", "2026-05-13", GIVEN, "norte/a", "mill", "both", 1000ULL);
}

static void a_lot_under_way_waits_for_its_receiver(void **state)
{
    (void)state;
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    no("QP-TRANSFER-NONE", "mill", DAY, TAKEN, "norte/a", "norte", 1000ULL);
    ok("norte", DAY, GIVEN, "norte/a", "mill", "both", 1000ULL);
    no("QP-LOT-HELD", "norte", DAY, SPLIT, "norte/a", 1ULL, "norte/b", 1ULL);
    no("QP-LOT-HELD", "norte", DAY, GIVEN, "norte/a", "sur", "both", 1000ULL);
    no("QP-TRANSFER-NONE", "sur", DAY, TAKEN, "norte/a", "norte", 1000ULL);
    no("QP-TRANSFER-NONE", "mill", DAY, TAKEN, "norte/a", "sur", 1000ULL);
    no("QP-LOT-UNKNOWN", "mill", DAY, TAKEN, "norte/x", "norte", 1000ULL);
    no("QP-MASS-EMPTY", "mill", DAY, TAKEN, "norte/a", "norte", 0ULL);
    no("QP-TIME-ORDER", "mill", "2026-05-12", TAKEN, "norte/a", "norte", 1000ULL);
    no("QP-TRANSFER-MORE", "mill", DAY, TAKEN, "norte/a", "norte", 1006ULL);
    no("QP-TRANSFER-MORE", "mill", DAY,
       "'lot_received': {'lot': 'norte/a', 'from': 'norte', 'quantity': {'grams': 1, 'pieces': "
       "1}}");
    ok("mill", DAY, TAKEN, "norte/a", "norte", 1005ULL);
    no("QP-TRANSFER-NONE", "mill", DAY, TAKEN, "norte/a", "norte", 1000ULL);
    no("QP-LOT-HELD", "norte", DAY, SPLIT, "norte/a", 1ULL, "norte/b", 1ULL);
}

static void custody_and_ownership_move_apart(void **state)
{
    (void)state;
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    give_and_take("norte/a", "norte", "store", "custody", 1000, 990);
    const Qp__LotState *lot = scene_lot("norte/a");
    assert_string_equal(lot->owner, "norte");
    assert_string_equal(lot->holder, "store");
    assert_int_equal(lot->balance->grams, 990);
    assert_int_equal(lot->shrunk_grams, 10);
    no("QP-LOT-HELD", "norte", DAY, GIVEN, "norte/a", "export", "both", 990ULL);
    no("QP-LOT-OWNER", "store", DAY, GIVEN, "norte/a", "export", "both", 990ULL);
    give_and_take("norte/a", "norte", "export", "ownership", 990, 990);
    lot = scene_lot("norte/a");
    assert_string_equal(lot->owner, "export");
    assert_string_equal(lot->holder, "store");
    no("QP-LOT-OWNER", "norte", DAY, GIVEN, "norte/a", "sur", "ownership", 990ULL);
    give_and_take("norte/a", "store", "export", "custody", 990, 990);
    lot = scene_lot("norte/a");
    assert_string_equal(lot->owner, "export");
    assert_string_equal(lot->holder, "export");
    assert_int_equal(lot->status, QP__LOT_STATUS__LOT_STATUS_HELD);
    assert_string_equal(lot->handed_to, "");
    assert_null(lot->handed);
}

/* Within the tolerance the taker may weigh more, but a lot never grows past what it was made with:
 * otherwise two friends could hand it to and fro and gain half a percent each time. */
static void handing_to_and_fro_gains_nothing(void **state)
{
    (void)state;
    scene_harvested("norte", "norte/a", "norte/p1", 1000000);
    give_and_take("norte/a", "norte", "sur", "both", 1000000, 1005000);
    assert_int_equal(scene_grams("norte/a"), 1000000);
    /* What a scale lost the next one may find again. */
    give_and_take("norte/a", "sur", "norte", "both", 1000000, 998000);
    assert_int_equal(scene_lot("norte/a")->shrunk_grams, 2000);
    give_and_take("norte/a", "norte", "sur", "both", 998000, 999000);
    assert_int_equal(scene_grams("norte/a"), 999000);
    assert_int_equal(scene_lot("norte/a")->shrunk_grams, 1000);
    /* What was drawn stays drawn. */
    ok("sur", DAY, SPLIT, "norte/a", 500000ULL, "sur/b", 500000ULL);
    give_and_take("norte/a", "sur", "norte", "both", 499000, 501000);
    assert_int_equal(scene_grams("norte/a"), 500000);
    for (int i = 0; i < 3; i++) {
        give_and_take("norte/a", "norte", "sur", "both", 500000, 502500);
        give_and_take("norte/a", "sur", "norte", "both", 500000, 502500);
    }
    assert_int_equal(scene_grams("norte/a"), 500000);
}

static void a_recalled_lot_goes_nowhere(void **state)
{
    (void)state;
    static const char *const recalled = "'lot_recalled': {'lot': 'norte/a', 'reason': 'r'}";
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    no("QP-LOT-OWNER", "sur", DAY, "%s", recalled);
    no("QP-ROLE", "lab", DAY, "%s", recalled);
    no("QP-LOT-UNKNOWN", "sur", DAY, "'lot_recalled': {'lot': 'norte/x', 'reason': 'r'}");
    give_and_take("norte/a", "norte", "sur", "both", 1000, 1000);
    ok("sur", DAY, GIVEN, "norte/a", "mill", "both", 1000ULL);
    ok("norte", DAY, "%s", recalled); /* who made it may, wherever it is */
    no("QP-LOT-RECALLED", "norte", DAY, "%s", recalled);
    no("QP-LOT-RECALLED", "mill", DAY, TAKEN, "norte/a", "sur", 1000ULL);
    no("QP-LOT-RECALLED", "sur", DAY, GIVEN, "norte/a", "mill", "both", 1000ULL);
    no("QP-LOT-RECALLED", "sur", DAY, SPLIT, "norte/a", 1ULL, "sur/b", 1ULL);
    scene_harvested("norte", "norte/b", "norte/p1", 1000);
    ok("authority", DAY, "'lot_recalled': {'lot': 'norte/b', 'reason': 'r'}");
}

static void inspections_and_footprints_are_of_living_lots(void **state)
{
    (void)state;
    static const char *const inspected =
        "'lot_inspected': {'lot': '%s', 'inspection': 'quality', 'measurements': [{'name': "
        "'moisture', 'micro_units': -5, 'unit': 'percent'}], 'outcome': 'recorded', 'report': $%s}";
    static const char *const footprint =
        "'footprint_recorded': {'lot': '%s', 'stage': 'farming', 'grams_co2e': 5, 'method': 'm', "
        "'evidence': 'declared', 'report': $%s}";
    static const char *const bodies[] = {inspected, footprint};
    for (size_t i = 0; i < QP_COUNT(bodies); i++) {
        const struct {
            const char *code, *lot, *kind, *when;
        } cases[] = {{"QP-LOT-UNKNOWN", "norte/x", "document", DAY},
                     {"QP-SEALED-KIND", "norte/a", "price", DAY},
                     {"QP-TIME-ORDER", "norte/a", "document", "2026-05-12"},
                     {NULL, "norte/a", "document", "2026-05-13"},
                     {"QP-LOT-RECALLED", "norte/b", "document", DAY}};
        if (i == 0) {
            scene_harvested("norte", "norte/a", "norte/p1", 1000);
            scene_harvested("norte", "norte/b", "norte/p1", 1000);
            ok("norte", DAY, "'lot_recalled': {'lot': 'norte/b', 'reason': 'r'}");
        }
        for (size_t k = 0; k < QP_COUNT(cases); k++) {
            char body[400];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(body, sizeof body, bodies[i], cases[k].lot, cases[k].kind);
#pragma GCC diagnostic pop
            if (cases[k].code != NULL) {
                no(cases[k].code, "lab", cases[k].when, "%s", body);
            } else {
                ok("lab", cases[k].when, "%s", body);
            }
        }
    }
    assert_int_equal(scene_lot("norte/a")->uses, 0);
}

int rules_lot_tests(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(only_a_whole_lot_changes_hands_and_only_from_who_has_it),
        SCENE_TEST(a_lot_under_way_waits_for_its_receiver),
        SCENE_TEST(custody_and_ownership_move_apart),
        SCENE_TEST(handing_to_and_fro_gains_nothing),
        SCENE_TEST(a_recalled_lot_goes_nowhere),
        SCENE_TEST(inspections_and_footprints_are_of_living_lots),
    };
    return cmocka_run_group_tests_name("lots", tests, NULL, NULL);
}
