/* Shipments, documents, and the voiding of events. */
#include "rules/scene.h"
#include "rules/test_rules.h"

#include "core/check.h"

#define DISPATCHED                                                                                 \
    "'shipment_dispatched': {'shipment': '%s', 'consignee': '%s', 'commodity': '%s', 'hs_code': "  \
    "'%s', 'lots': [%s], 'containers': [%s], 'port_of_loading': 'PECLL', 'port_of_discharge': "    \
    "'DEHAM', 'destination_country': 'DE'}"
#define BOX "{'number': 'CSQU3054383'}"
#define BOX2 "{'number': 'MSKU9070323'}"
#define LOT(lot, grams) "{'lot': '" lot "', 'quantity': {'grams': " grams "}}"

static void give(const char *lot, const char *from, const char *to, const char *kind,
                 uint64_t grams)
{
    ok(from, DAY,
       "'lot_transferred': {'lot': '%s', 'to': '%s', 'kind': '%s', 'quantity': "
       "{'grams': %llu}}",
       lot, to, kind, (unsigned long long)grams);
    ok(to, DAY, "'lot_received': {'lot': '%s', 'from': '%s', 'quantity': {'grams': %llu}}", lot,
       from, (unsigned long long)grams);
}

static void lots_for_export(void)
{
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    scene_harvested("norte", "norte/b", "norte/p1", 1000);
    scene_harvested("norte", "norte/w", "norte/p1", 1000);
    give("norte/a", "norte", "export", "both", 1000);
    give("norte/b", "norte", "export", "custody", 1000);
    give("norte/w", "norte", "export", "both", 1000);
    ok("export", DAY,
       "'lot_processed': {'process': 'sorting', 'inputs': [" LOT(
           "norte/w", "1000") "], 'outputs': [{'lot': 'export/w', 'form': 'residue', 'quantity': "
                              "{'grams': 1000}, "
                              "'kind': 'waste'}]}");
}

static void an_exporter_ships_what_it_has_to_an_importer_once(void **state)
{
    (void)state;
    static const struct {
        const char *code, *shipment, *consignee, *commodity, *hs, *lots, *boxes;
    } cases[] = {
        {"QP-NAME", "norte/s", "import", "coffee", "090111", LOT("norte/a", "1"), BOX},
        {"QP-PARTY-UNKNOWN", "export/s", "nobody", "coffee", "090111", LOT("norte/a", "1"), BOX},
        {"QP-SHIPMENT-CONSIGNEE", "export/s", "mill", "coffee", "090111", LOT("norte/a", "1"), BOX},
        {"QP-SHIPMENT-CONTAINER", "export/s", "import", "coffee", "090111", LOT("norte/a", "1"),
         "{'number': 'CSQU3054384'}"},
        {"QP-SHIPMENT-CONTAINER", "export/s", "import", "coffee", "090111", LOT("norte/a", "1"),
         BOX ", " BOX},
        {"QP-SHIPMENT-HS", "export/s", "import", "coffee", "210111", LOT("norte/a", "1"), BOX},
        {"QP-MASS-FORM", "export/s", "import", "cocoa", "180100", LOT("norte/a", "1"), BOX},
        {"QP-LOT-UNKNOWN", "export/s", "import", "coffee", "090111", LOT("norte/x", "1"), BOX},
        {"QP-LOT-OWNER", "export/s", "import", "coffee", "090111", LOT("norte/b", "1"), BOX},
        {"QP-LOT-WASTE", "export/s", "import", "coffee", "090190", LOT("export/w", "1"), BOX},
        {"QP-LOT-TWICE", "export/s", "import", "coffee", "090111",
         LOT("norte/a", "1") ", " LOT("norte/a", "1"), BOX},
        {"QP-MASS-DRAW", "export/s", "import", "coffee", "090111", LOT("norte/a", "1001"), BOX},
        {"QP-MASS-EMPTY", "export/s", "import", "coffee", "090111", LOT("norte/a", "0"), BOX},
        {NULL, "export/s", "import", "coffee", "090111", LOT("norte/a", "400"), BOX ", " BOX2},
        {"QP-SHIPMENT-NEW", "export/s", "import", "coffee", "090111", LOT("norte/a", "1"), BOX},
        {"QP-MASS-DRAW", "export/s2", "import", "coffee", "090111", LOT("norte/a", "601"), BOX},
        {NULL, "export/s2", "import", "coffee", "090111", LOT("norte/a", "600"), BOX},
    };
    lots_for_export();
    for (size_t i = 0; i < QP_COUNT(cases); i++) {
        if (cases[i].code != NULL) {
            no(cases[i].code, "export", DAY, DISPATCHED, cases[i].shipment, cases[i].consignee,
               cases[i].commodity, cases[i].hs, cases[i].lots, cases[i].boxes);
        } else {
            ok("export", DAY, DISPATCHED, cases[i].shipment, cases[i].consignee, cases[i].commodity,
               cases[i].hs, cases[i].lots, cases[i].boxes);
        }
    }
    no("QP-ROLE", "norte", DAY, DISPATCHED, "norte/s", "import", "coffee", "090111",
       LOT("norte/b", "1"), BOX);
    scene_harvested("norte", "norte/c", "norte/p1", 1000);
    no("QP-LOT-HELD", "export", DAY, DISPATCHED, "export/s3", "import", "coffee", "090111",
       LOT("norte/c", "1"), BOX);
}

/* The rule set lists no heading of alpaca, so any code will do; and no sum is past what a quantity
 * can hold. */
static void a_shipment_holds_no_more_than_a_quantity_can_say(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        char lot[16];
        snprintf(lot, sizeof lot, "norte/m%d", i);
        ok("norte", DAY,
           "'lot_harvested': {'lot': '%s', 'commodity': 'alpaca', 'form': 'fibre', 'quantity': "
           "{'grams': 1000000000000000}, 'origins': [{'plot': 'norte/p1', 'grams': "
           "1000000000000000}], 'harvest_from': '2026-05-01', 'harvest_to': '2026-05-14', "
           "'crop_year': 2026}",
           lot);
        give(lot, "norte", "export", "both", UINT64_C(1000000000000000));
    }
    no("QP-MASS-LIMIT", "export", DAY, DISPATCHED, "export/s", "import", "alpaca", "510539",
       LOT("norte/m0", "1000000000000000") ", " LOT("norte/m1", "1"), BOX);
    ok("export", DAY, DISPATCHED, "export/s", "import", "alpaca", "510539",
       LOT("norte/m0", "999999999999999") ", " LOT("norte/m1", "1"), BOX);
}

#define PIECES(lot, pieces) "{'lot': '" lot "', 'quantity': {'grams': 1, 'pieces': " pieces "}}"

static void a_shipment_holds_no_more_pieces_than_a_quantity_can_say(void **state)
{
    (void)state;
    static const char *const lots[] = {"export/n0", "export/n1"};
    for (size_t i = 0; i < QP_COUNT(lots); i++) {
        ok("export", DAY,
           "'lot_harvested': {'lot': '%s', 'commodity': 'alpaca', 'form': 'garment', 'quantity': "
           "{'grams': 1, 'pieces': 1000000000}, 'origins': [{'plot': 'norte/p1', 'grams': 1}], "
           "'harvest_from': '2026-05-01', 'harvest_to': '2026-05-14', 'crop_year': 2026}",
           lots[i]);
    }
    no("QP-MASS-LIMIT", "export", DAY, DISPATCHED, "export/s", "import", "alpaca", "510539",
       PIECES("export/n0", "1000000000") ", " PIECES("export/n1", "1"), BOX);
    ok("export", DAY, DISPATCHED, "export/s", "import", "alpaca", "510539",
       PIECES("export/n0", "999999999") ", " PIECES("export/n1", "1"), BOX);
}

static void containers_pass_the_gate_then_the_rail_each_once(void **state)
{
    (void)state;
    static const char *const gated = "'shipment_gated_in': {'shipment': '%s', 'container': '%s'}";
    static const char *const loaded = "'shipment_loaded': {'shipment': '%s', 'containers': ['%s', "
                                      "'%s'], 'vessel': 'V', 'port': '%s'}";
    char body[400];
    lots_for_export();
    ok("export", DAY, DISPATCHED, "export/s", "import", "coffee", "090111", LOT("norte/a", "1"),
       BOX ", " BOX2);
    const struct {
        const char *code, *shipment, *one, *two, *port;
    } cases[] = {
        {"QP-SHIPMENT-UNKNOWN", "export/x", "MSKU9070323", NULL, NULL},
        {"QP-SHIPMENT-CONTAINER", "export/s", "MSKU9070322", NULL, NULL},
        {"QP-SHIPMENT-ORDER", "export/s", "MSKU9070323", "CSQU3054383", "PECLL"},
        {NULL, "export/s", "MSKU9070323", NULL, NULL},
        {"QP-SHIPMENT-ORDER", "export/s", "MSKU9070323", NULL, NULL},
        {"QP-SHIPMENT-ORDER", "export/s", "MSKU9070323", "CSQU3054383", "PECLL"},
        {NULL, "export/s", "CSQU3054383", NULL, NULL},
        {"QP-SHIPMENT-UNKNOWN", "export/x", "MSKU9070323", "CSQU3054383", "PECLL"},
        {"QP-SHIPMENT-PORT", "export/s", "MSKU9070323", "CSQU3054383", "PEPAI"},
        {"QP-SHIPMENT-CONTAINER", "export/s", "MSKU9070323", "MSKU9070322", "PECLL"},
        {"QP-SHIPMENT-ORDER", "export/s", "MSKU9070323", "MSKU9070323", "PECLL"},
        {NULL, "export/s", "MSKU9070323", "CSQU3054383", "PECLL"},
        {"QP-SHIPMENT-ORDER", "export/s", "MSKU9070323", "CSQU3054383", "PECLL"},
    };
    for (size_t i = 0; i < QP_COUNT(cases); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(body, sizeof body, cases[i].port == NULL ? gated : loaded, cases[i].shipment,
                 cases[i].one, cases[i].two, cases[i].port);
#pragma GCC diagnostic pop
        if (cases[i].code != NULL) {
            no(cases[i].code, "port", DAY, "%s", body);
        } else {
            ok("port", DAY, "%s", body);
        }
    }
    const Qp__ShipmentState *shipment = scene_shipment("export/s");
    assert_int_equal(shipment->n_gated, 2);
    assert_int_equal(shipment->gated[0], 0);
    assert_int_equal(shipment->n_loaded, 2);
    static const char *const received =
        "'shipment_received': {'shipment': 'export/s', 'quantity': {'grams': 1}}";
    ok("op", DAY,
       "'party_enrolled': {'party': 'import2', 'legal_name': 'L', 'country': 'DE', 'roles': "
       "['importer'], 'key': '@import2@'}");
    no("QP-SHIPMENT-CONSIGNEE", "import2", DAY, "%s", received);
    no("QP-SHIPMENT-UNKNOWN", "import", DAY,
       "'shipment_received': {'shipment': 'export/x', 'quantity': {'grams': 1}}");
    no("QP-MASS-EMPTY", "import", DAY,
       "'shipment_received': {'shipment': 'export/s', 'quantity': {}}");
    ok("import", DAY, "%s", received);
    no("QP-SHIPMENT-ORDER", "import", DAY, "%s", received);
}

static void documents_stand_by_a_subject_that_there_is(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"party", "norte"},        {"producer", "norte/u1"},
                                           {"plot", "norte/p1"},      {"lot", "norte/a"},
                                           {"certificate", "cert/c"}, {"shipment", "export/s"}};
    lots_for_export();
    ok("cert", DAY,
       "'certificate_issued': {'certificate': 'cert/c', 'scheme': 's', 'number': '1', 'holder': "
       "'norte', 'commodities': ['coffee'], 'valid_from': '" DAY "', 'valid_to': '" DAY "'}");
    ok("export", DAY, DISPATCHED, "export/s", "import", "coffee", "090111", LOT("norte/a", "1"),
       BOX);
    for (size_t i = 0; i < QP_COUNT(cases); i++) {
        static const char *const attached =
            "'document_attached': {'subject': {'kind': '%s', 'id': '%s%s'}, 'title': 't', "
            "'evidence': 'declared', 'document': $%s}";
        char body[3][300];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(body[0], sizeof body[0], attached, cases[i][0], cases[i][1], "", "document");
        snprintf(body[1], sizeof body[1], attached, cases[i][0], cases[i][1], "x", "document");
        snprintf(body[2], sizeof body[2], attached, cases[i][0], cases[i][1], "", "price");
#pragma GCC diagnostic pop
        ok("lab", DAY, "%s", body[0]);
        no("QP-SUBJECT-UNKNOWN", "lab", DAY, "%s", body[1]);
        no("QP-SEALED-KIND", "lab", DAY, "%s", body[2]);
    }
}

#define VOIDED "'event_voided': {'event': %s, 'reason': 'r'}"

static void keep_last(char reference[320])
{
    snprintf(reference, 320, "%s", scene_last());
}

static void a_voided_harvest_gives_the_plot_its_room_back(void **state)
{
    (void)state;
    char first[320];
    char other[320];
    scene_harvested("norte", "norte/a", "norte/p1", 38888888);
    keep_last(first);
    no("QP-VOID-OWNER", "sur", DAY, VOIDED, first);
    ok("norte", DAY, "'key_added': {'party': 'norte', 'key': '@n2@'}");
    keep_last(other);
    no("QP-VOID-KIND", "norte", DAY, VOIDED, other);
    memcpy(strstr(other, "'event': '") + 10, "0000", 4);
    no("QP-VOID-UNKNOWN", "norte", DAY, VOIDED, other);
    memcpy(strstr(other, "'sequence': ") + 12, "9", 1);
    no("QP-VOID-UNKNOWN", "norte", DAY, VOIDED, other);
    ok("n2", DAY, VOIDED, first); /* another key of the same party */
    assert_int_equal(scene_harvest("norte/p1", 2026), 0);
    assert_int_equal(scene_lot("norte/a")->status, QP__LOT_STATUS__LOT_STATUS_VOIDED);
    no("QP-VOID-USED", "norte", DAY, VOIDED, first);
    no("QP-LOT-VOIDED", "norte", DAY,
       "'lot_transferred': {'lot': 'norte/a', 'to': 'sur', 'kind': 'both', 'quantity': {'grams': "
       "38888888}}");
    no("QP-LOT-NEW", "norte", DAY,
       "'lot_harvested': {'lot': 'norte/a', 'commodity': 'coffee', 'form': 'cherry', 'quantity': "
       "{'grams': 5}, 'origins': [{'plot': 'norte/p1', 'grams': 5}], 'harvest_from': '" DAY
       "', 'harvest_to': '" DAY "', 'crop_year': 2026}");
    scene_harvested("norte", "norte/b", "norte/p1", 38888888);
    keep_last(first);
    give("norte/b", "norte", "sur", "both", 38888888);
    give("norte/b", "sur", "norte", "both", 38888888);
    no("QP-VOID-USED", "norte", DAY, VOIDED, first);
}

/* The log does not have the event before it has the statement, and a verifier must say what the log
 * says. */
static void a_statement_voids_no_part_of_itself(void **state)
{
    (void)state;
    char body[512];
    char reference[320];
    Qp__Event *event = NULL;
    struct qp_err why;
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    keep_last(reference);
    snprintf(body, sizeof body, VOIDED, reference);
    struct qp_rule_context context = {.issuer = scene_key("norte"), .position = 1};
    assert_ok(qp_event_decode(scene_event_bytes(DAY, body), &scene.arena, &event, err));
    context.index = scene.event_count - 1; /* in the harvest's own entry */
    assert_int_equal(qp_rules_apply(&context, event, &scene.state, &scene.arena, &why),
                     QP_E_REFUSED);
    assert_string_equal(why.rule, "QP-VOID-UNKNOWN");
    context.index++;
    context.position = 0;
    assert_ok(qp_rules_apply(&context, event, &scene.state, &scene.arena, err));
}

/* A rule set that begins in the past must not give back more than was counted, or voiding would
 * make room for goods from elsewhere. */
static void voiding_counts_as_the_harvest_was_counted(void **state)
{
    (void)state;
    char mine[320];
    scene_harvested("norte", "norte/a", "norte/p1", 1000000);
    scene_harvested("norte", "norte/b", "norte/p1", 1000000);
    keep_last(mine);
    assert_int_equal(scene_harvest("norte/p1", 2026), 360000);
    ok("op", DAY,
       "'rule_set_published': {'rule_set': 'pe', 'version': 2, 'effective_from': '2026-05-01', "
       "'cut_off': '2020-12-31', 'point_area_max_m2': 40000, 'harvest_age_days': 730, 'factors': "
       "[{'commodity': 'coffee', "
       "'from': 'cherry', 'to': 'green', 'factor_ppm': 300000}], 'yield_caps': [{'commodity': "
       "'coffee', 'form': 'green', 'warn_grams_per_ha': 1800000, 'refuse_grams_per_ha': "
       "3500000}]}");
    ok("norte", DAY, VOIDED, mine);
    assert_int_equal(scene_harvest("norte/p1", 2026), 180000);
}

static void a_voided_process_gives_back_what_it_drew(void **state)
{
    (void)state;
    char process[320];
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    ok("norte", DAY,
       "'lot_processed': {'process': 'splitting', 'inputs': [" LOT(
           "norte/a", "600") "], 'outputs': [{'lot': 'norte/b', 'form': 'cherry', 'quantity': "
                             "{'grams': 300}, 'kind': "
                             "'product'}, {'lot': 'norte/c', 'form': 'cherry', 'quantity': "
                             "{'grams': 300}, 'kind': "
                             "'product'}]}");
    keep_last(process);
    give("norte/a", "norte", "sur", "both", 400);
    no("QP-LOT-HELD", "norte", DAY, VOIDED, process); /* the rest of its input has gone */
    give("norte/a", "sur", "norte", "both", 400);
    ok("norte", DAY, VOIDED, process);
    assert_int_equal(scene_grams("norte/a"), 1000);
    assert_int_equal(scene_lot("norte/b")->status, QP__LOT_STATUS__LOT_STATUS_VOIDED);
    assert_null(scene_lot("norte/c")->balance);
    no("QP-VOID-USED", "norte", DAY, VOIDED, process);
    assert_int_equal(scene_grams("norte/a"), 1000);
}

static void a_process_whose_output_was_used_is_not_voided(void **state)
{
    (void)state;
    static const char *const uses[] = {
        "'lot_transferred': {'lot': 'norte/c', 'to': 'sur', 'kind': 'both', 'quantity': {'grams': "
        "300}}",
        "'lot_recalled': {'lot': 'norte/c', 'reason': 'r'}",
        "'lot_processed': {'process': 'drying', 'inputs': [" LOT(
            "norte/c", "1") "], 'outputs': [{'lot': 'norte/d', 'form': 'cherry', 'quantity': "
                            "{'grams': 1}, 'kind': "
                            "'product'}]}"};
    for (size_t i = 0; i < QP_COUNT(uses); i++) {
        char process[320];
        if (i > 0) {
            assert_int_equal(scene_close(state), 0);
            assert_int_equal(scene_open(state), 0);
        }
        scene_harvested("norte", "norte/a", "norte/p1", 1000);
        ok("norte", DAY,
           "'lot_processed': {'process': 'splitting', 'inputs': [" LOT(
               "norte/a", "600") "], 'outputs': [{'lot': 'norte/b', 'form': 'cherry', 'quantity': "
                                 "{'grams': 300}, 'kind': 'product'}, {'lot': 'norte/c', 'form': "
                                 "'cherry', 'quantity': "
                                 "{'grams': 300}, 'kind': 'product'}]}");
        keep_last(process);
        ok("norte", DAY, "%s", uses[i]);
        no("QP-VOID-USED", "norte", DAY, VOIDED, process);
    }
}

static void a_hand_over_is_voided_until_it_is_received(void **state)
{
    (void)state;
    static const char *const given =
        "'lot_transferred': {'lot': 'norte/a', 'to': 'sur', 'kind': 'both', 'quantity': {'grams': "
        "1000}}";
    char transfer[320];
    char harvest[320];
    char custody[320];
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    keep_last(harvest);
    ok("norte", DAY,
       "'lot_transferred': {'lot': 'norte/a', 'to': 'sur', 'kind': 'custody', "
       "'quantity': {'grams': 1000}}");
    keep_last(custody);
    no("QP-VOID-USED", "norte", DAY, VOIDED, harvest);
    ok("norte", DAY, VOIDED, custody);
    no("QP-VOID-USED", "norte", DAY, VOIDED, custody);
    ok("norte", DAY, "%s", given);
    keep_last(transfer);
    no("QP-VOID-USED", "norte", DAY, VOIDED, custody); /* that is another hand-over */
    ok("norte", DAY, VOIDED, transfer);
    ok("norte", DAY, "%s", given); /* word for word the same once more */
    memcpy(custody, transfer, sizeof custody);
    keep_last(transfer);
    no("QP-VOID-USED", "norte", DAY, VOIDED, custody);
    ok("norte", DAY, VOIDED, transfer);
    no("QP-TRANSFER-NONE", "sur", DAY,
       "'lot_received': {'lot': 'norte/a', 'from': 'norte', 'quantity': {'grams': 1000}}");
    ok("norte", DAY, "%s", given);
    keep_last(transfer);
    ok("sur", DAY,
       "'lot_received': {'lot': 'norte/a', 'from': 'norte', 'quantity': {'grams': "
       "1000}}");
    no("QP-VOID-USED", "norte", DAY, VOIDED, transfer);
    keep_last(transfer);
    no("QP-VOID-KIND", "sur", DAY, VOIDED, transfer); /* a receipt is handed back instead */
}

int rules_trade_tests(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(an_exporter_ships_what_it_has_to_an_importer_once),
        SCENE_TEST(a_shipment_holds_no_more_than_a_quantity_can_say),
        SCENE_TEST(a_shipment_holds_no_more_pieces_than_a_quantity_can_say),
        SCENE_TEST(containers_pass_the_gate_then_the_rail_each_once),
        SCENE_TEST(documents_stand_by_a_subject_that_there_is),
        SCENE_TEST(a_voided_harvest_gives_the_plot_its_room_back),
        SCENE_TEST(a_statement_voids_no_part_of_itself),
        SCENE_TEST(voiding_counts_as_the_harvest_was_counted),
        SCENE_TEST(a_voided_process_gives_back_what_it_drew),
        SCENE_TEST(a_process_whose_output_was_used_is_not_voided),
        SCENE_TEST(a_hand_over_is_voided_until_it_is_received),
    };
    return cmocka_run_group_tests_name("trade", tests, NULL, NULL);
}
