#include "issue/importing.h"

#include "core/alloc.h"
#include "core/time.h"
#include "exchange/geojson.h"

/* ---- Single rows ---- */

#define PRODUCERS "producer,name,document,sex,district,community\n"
#define DELIVERIES                                                                                 \
    "lot,date,producer,plots,commodity,form,quantity,unit,crop_year,delivery_note,"                \
    "moisture_percent,price_pen_per_kg,harvest_from,harvest_to\n"

static void splits_a_delivery_over_its_plots_to_the_last_gram(void **state)
{
    (void)state;
    static const struct {
        const char *plots;
        const char *quantity; /* with its unit */
        uint64_t grams[4];
    } cases[] = {
        {"C-1", "2.5,qq", {115000}},
        {"C-1", "7.6,arroba", {87400}},
        {"C-1", "0.001,kg", {1}},
        {"C-1", "1.5,t", {1500000}},
        {"C-1", "2,saco69", {138000}},
        {"C-1", "2.5,saco60", {150000}},
        {"C-1", "1.05,caja", {19047}},
        {"C-1|C-2|C-3", "10,g", {4, 3, 3}},
        {"C-1:60|C-2:40", "115,kg", {69000, 46000}},
        {"C-1:33.333|C-2:33.333|C-3:33.334", "100,g", {33, 33, 34}},
        {"C-1:50|C-2:25|C-3:25", "3,g", {1, 1, 1}},
        {" C-1 | other/C-2 ", "0.003,kg", {2, 1}},
        {"C-1:99.999|C-2:0.001", "1000000,t", {999990000000, 10000000}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        struct qp_arena arena;
        struct qp_buf bad = {0};
        struct qp_draft *draft = new_draft();
        struct qp_import_options options = options_for("coop");
        options.others_registered = true;
        qp_arena_init(&arena, 0);
        snprintf(text, sizeof text,
                 DELIVERIES "L-1,2026-06-10,P-1,%s,coffee,cherry,%s,2026,N 1,11.5,3.41,2026-06-08,"
                            "2026-06-09\n",
                 cases[i].plots, cases[i].quantity);
        enum qp_code rc = run_text(draft, qp_import_deliveries, text, &options, &bad);
        if (rc != QP_OK) {
            fail_msg("%s %s: %s", cases[i].plots, cases[i].quantity, said[0]);
        }
        const Qp__Event *event = event_of(draft, 0, &arena);
        const Qp__LotHarvested *lot = event->lot_harvested;
        uint64_t sum = 0;
        for (size_t k = 0; k < lot->n_origins; k++) {
            assert_int_equal(lot->origins[k]->grams, cases[i].grams[k]);
            sum += lot->origins[k]->grams;
        }
        assert_int_equal(sum, lot->quantity->grams);
        qp_arena_wipe(&arena);
        qp_buf_wipe(&bad);
        qp_draft_free(draft);
    }
}

static void reads_every_cell_of_a_delivery(void **state)
{
    (void)state;
    struct qp_arena arena;
    struct qp_buf bad = {0};
    struct qp_draft *draft = new_draft();
    struct qp_import_options options = options_for("coop");
    options.others_registered = true;
    qp_arena_init(&arena, 0);
    assert_int_equal(run_text(draft, qp_import_deliveries,
                              DELIVERIES "L-1,2026-06-10,P-1,K-1,cocoa,wet,171,kg,2026,\"RA, 1\","
                                         "11.5,17.62,2026-06-08,2026-06-09\n",
                              &options, &bad),
                     QP_OK);
    const Qp__Event *event = event_of(draft, 0, &arena);
    const Qp__LotHarvested *lot = event->lot_harvested;
    uint64_t day = 0;
    Qp__Price *price = NULL;
    assert_ok(qp_time_parse(qp_span_text("2026-06-10"), &day, err));
    assert_int_equal(event->occurred_ms, day);
    assert_string_equal(lot->lot, "coop/L-1");
    assert_string_equal(lot->origins[0]->plot, "coop/K-1");
    assert_int_equal(lot->form, QP__FORM__FORM_WET_BEANS);
    assert_int_equal(lot->moisture_ppm, 115000);
    assert_string_equal(lot->delivery_note, "RA, 1");
    assert_int_equal(lot->harvest_to_ms, day - 86400000);
    assert_int_equal(qp_draft_sealed_count(draft), 1);
    assert_ok(qp_wire_decode(&qp_rule_price, draft->sealed[0].content, &arena, &price, err));
    assert_int_equal(price->micro_units, 17620000);
    assert_string_equal(price->currency, "PEN");
    qp_arena_wipe(&arena);
    qp_buf_wipe(&bad);
    qp_draft_free(draft);
}

static void skips_bad_rows_only_when_asked_and_hands_them_back_as_they_are(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf" PRODUCERS "P-1,Ana,12345678,F,,\r\n"
                               "P-2,,12345679,F,,\r\n"
                               "\n"
                               "P-3,\"Two\nlines\",12345670,M,,\n"
                               "P-4,Eva,12345671,F\n"
                               "P-5,Luz,12345672,F,,\n"
                               "P-6,Leo,12345672,M,,";
    static const char expected[] = "\xef\xbb\xbf" PRODUCERS "P-2,,12345679,F,,\r\n"
                                   "\n"
                                   "P-3,\"Two\nlines\",12345670,M,,\n"
                                   "P-4,Eva,12345671,F\n"
                                   "P-6,Leo,12345672,M,,\n";
    struct qp_buf bad = {0};
    struct qp_draft *draft = new_draft();
    struct qp_import_options options = options_for("coop");
    assert_int_equal(run_text(draft, qp_import_producers, text, &options, &bad), QP_E_REFUSED);
    assert_int_equal(qp_draft_event_count(draft), 0);
    assert_int_equal(qp_draft_sealed_count(draft), 0);
    assert_int_equal(said_count, 4);
    assert_string_equal(said[0], "line 3: name is empty");
    assert_int_equal(said_place, 9);
    options = options_for("coop");
    options.skip_bad = true;
    assert_int_equal(run_text(draft, qp_import_producers, text, &options, &bad), QP_OK);
    assert_int_equal(qp_draft_event_count(draft), 2);
    assert_int_equal(bad.len, strlen(expected));
    assert_memory_equal(bad.data, expected, bad.len);
    qp_buf_wipe(&bad);
    qp_draft_free(draft);
}

#define FEATURE(code, x)                                                                           \
    "{\"type\":\"Feature\",\"properties\":{\"plot\":\"" code "\",\"producer\":\"P-1\","            \
    "\"commodities\":[\"cocoa\", \"coffee\"],\"department\":\"PE-SAM\",\"area_ha\":0.9,"           \
    "\"tenure\":\"title\",\"tenure_evidence\":\"declared\"},\"geometry\":{\"type\":\"Point\","     \
    "\"coordinates\":[" x "]}}"

static void keeps_bad_features_as_a_collection_that_can_be_mended(void **state)
{
    (void)state;
    static const char text[] = "{\"type\":\"FeatureCollection\",\"features\":[" FEATURE(
        "C-1",
        "-77.1234567,-6.1234567") ",\n  " FEATURE("C-2",
                                                  "-6.1234567,-77.1234567") "\n, " FEATURE("C 3",
                                                                                           "-77."
                                                                                           "2234567"
                                                                                           ",-6."
                                                                                           "123456"
                                                                                           "7") "]"
                                                                                                "}";
    static const char expected[] = "{\"type\":\"FeatureCollection\",\"features\":[\n" FEATURE(
        "C-2", "-6.1234567,-77.1234567") ",\n" FEATURE("C 3", "-77.2234567,-6.1234567") "\n]}\n";
    struct qp_arena arena;
    struct qp_buf bad = {0};
    struct qp_draft *draft = new_draft();
    struct qp_import_options options = options_for("coop");
    options.others_registered = true;
    qp_arena_init(&arena, 0);
    options.skip_bad = true;
    assert_int_equal(run_text(draft, qp_import_plots, text, &options, &bad), QP_OK);
    assert_int_equal(qp_draft_event_count(draft), 1);
    assert_int_equal(bad.len, strlen(expected));
    assert_memory_equal(bad.data, expected, bad.len);
    const Qp__Event *event = event_of(draft, 0, &arena);
    const Qp__PlotRegistered *plot = event->plot_registered;
    assert_int_equal(event->occurred_ms, options.occurred_ms);
    assert_string_equal(plot->country, "PE");
    assert_string_equal(plot->region, "PE-SAM");
    assert_int_equal(plot->area_m2, 9000);
    assert_int_equal(plot->n_commodities, 2);
    assert_int_equal(plot->commodities[0], QP__COMMODITY__COMMODITY_COFFEE);
    assert_int_equal(plot->geometry_kind, QP__GEOMETRY_KIND__GEOMETRY_KIND_POINT);
    qp_arena_wipe(&arena);
    qp_buf_wipe(&bad);
    qp_draft_free(draft);
}

/* Three folders of a season on one laptop: what was signed before is known when the next comes. */
static void knows_what_the_journal_has_signed(void **state)
{
    (void)state;
    struct qp_hash ledger = {.bytes = {5}};
    struct qp_key *key = NULL;
    struct qp_journal *journal = NULL;
    struct qp_catalog *known = NULL;
    struct qp_buf out = {0};
    struct qp_buf bad = {0};
    struct qp_draft *draft = new_draft();
    struct qp_import_options options = options_for("coop");
    static const char producers[] = PRODUCERS "P-1,Ana,12345678,F,,\n";
    static const char plots[] = "{\"type\":\"FeatureCollection\",\"features\":[" FEATURE(
        "C-1", "-77.1234567,-6.1234567") "]}";
    static const char other_plot[] = FEATURE("C-9", "-77.1234567,-6.1234567");
    static const char delivery[] =
        DELIVERIES "L-1,2026-06-10,P-1,C-2,coffee,cherry,1,kg,2026,,,,2026-06-08,2026-06-09\n";
    assert_int_equal(run_text(draft, qp_import_producers, producers, &options, &bad), QP_OK);
    assert_int_equal(run_text(draft, qp_import_plots, plots, &options, &bad), QP_OK);
    assert_ok(qp_key_generate(&key, err));
    assert_ok(qp_journal_open(in_folder("known"), key, &ledger, &journal, err));
    assert_ok(qp_journal_sign(journal, draft, 1, 5, &out, NULL, err));
    qp_draft_free(draft);
    draft = new_draft();
    assert_ok(qp_catalog_new(&known, err));
    assert_ok(qp_catalog_add_journal(known, journal, err));
    assert_int_equal(qp_catalog_count(known, QP_CATALOG_PRODUCER), 1);
    assert_int_equal(qp_catalog_count(known, QP_CATALOG_PLOT), 1);
    options.known = known;
    said_count = 0;
    assert_int_equal(run_text(draft, qp_import_producers, producers, &options, &bad), QP_E_REFUSED);
    assert_true(holds(said[0], "producer coop/P-1 is used already, in an earlier import"));
    said_count = 0;
    assert_int_equal(
        run_text(draft, qp_import_producers, PRODUCERS "P-2,Eva,12345678,F,,\n", &options, &bad),
        QP_E_REFUSED);
    assert_true(holds(said[0], "document"));
    said_count = 0;
    assert_int_equal(run_text(draft, qp_import_plots, other_plot, &options, &bad), QP_E_REFUSED);
    assert_true(holds(said[0], "same place as plot coop/C-1"));
    said_count = 0;
    assert_int_equal(run_text(draft, qp_import_deliveries, delivery, &options, &bad), QP_E_REFUSED);
    assert_true(holds(said[0], "coop/C-2 is not registered"));
    options.others_registered = true;
    assert_int_equal(run_text(draft, qp_import_deliveries, delivery, &options, &bad), QP_OK);
    qp_catalog_free(known);
    qp_journal_close(journal);
    qp_key_free(key);
    qp_draft_free(draft);
    qp_buf_wipe(&out);
    qp_buf_wipe(&bad);
}

static void warns_when_the_declared_area_is_not_that_of_the_outline(void **state)
{
    (void)state;
    static const char outline[] =
        "{\"type\":\"Feature\",\"properties\":{\"plot\":\"C-1\",\"producer\":\"P-1\","
        "\"commodities\":\"coffee\",\"area_ha\":1.5,\"tenure\":\"title\","
        "\"tenure_evidence\":\"declared\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
        "[[[-77.0001231,-6.0001231],[-77.0001231,-6.0011231],[-76.9991231,-6.0011231],"
        "[-76.9991231,-6.0001231],[-77.0001231,-6.0001231]]]}}";
    struct qp_buf bad = {0};
    struct qp_draft *draft = new_draft();
    struct qp_import_options options = options_for("coop");
    options.others_registered = true;
    assert_int_equal(run_text(draft, qp_import_plots, outline, &options, &bad), QP_OK);
    assert_int_equal(said_count, 1);
    assert_true(holds(said[0], "warning, feature 1: plot coop/C-1: 15000 m2 are declared"));
    qp_draft_free(draft);
    qp_buf_wipe(&bad);
}

static void refuses_a_party_that_is_none_and_files_without_rows(void **state)
{
    (void)state;
    struct qp_buf bad = {0};
    struct qp_draft *draft = new_draft();
    struct qp_import_options options = options_for("Alto Mayo");
    assert_int_equal(
        run_text(draft, qp_import_producers, PRODUCERS "P-1,Ana,,,,\n", &options, &bad),
        QP_E_USAGE);
    options = options_for("coop");
    assert_int_equal(run_text(draft, qp_import_producers, PRODUCERS, &options, &bad), QP_E_INPUT);
    assert_int_equal(run_text(draft, qp_import_plots,
                              "{\"type\":\"FeatureCollection\",\"features\":[]}", &options, &bad),
                     QP_E_INPUT);
    options.latest_ms = 1780272000000; /* 2026-06-01 */
    options.others_registered = true;
    assert_int_equal(run_text(draft, qp_import_deliveries,
                              DELIVERIES "L-1,2026-06-10,P-1,C-2,coffee,cherry,1,kg,2026,,,,"
                                         "2026-06-08,2026-06-09\n",
                              &options, &bad),
                     QP_E_REFUSED);
    assert_true(holds(said[0], "still to come"));
    assert_int_equal(qp_draft_event_count(draft), 0);
    qp_draft_free(draft);
    qp_buf_wipe(&bad);
}

static void survives_a_failure_of_every_allocation(void **state)
{
    (void)state;
    static const struct {
        import *run;
        const char *text;
    } cases[] = {
        {qp_import_producers, PRODUCERS "P-1,Ana,12345678,F,,\nP-2,,,,,\n"},
        {qp_import_plots, FEATURE("C-1", "-77.1234567,-6.1234567")},
        {qp_import_deliveries, DELIVERIES "L-1,2026-06-10,P-1,C-1|C-2,coffee,cherry,1,kg,2026,,,2,"
                                          "2026-06-08,2026-06-09\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum qp_code rc = QP_E_MEMORY;
        for (uint64_t n = 0; rc != QP_OK; n++) {
            struct qp_buf bad = {0};
            struct qp_draft *draft = new_draft();
            struct qp_import_options options = options_for("coop");
            options.others_registered = true;
            options.skip_bad = true;
            assert_true(n < 1000);
            qp_alloc_fail_after(n);
            rc = run_text(draft, cases[i].run, cases[i].text, &options, &bad);
            qp_alloc_fail_after(UINT64_MAX);
            assert_true(rc == QP_OK || rc == QP_E_MEMORY);
            assert_int_equal(qp_draft_event_count(draft), rc == QP_OK);
            qp_draft_free(draft);
            qp_buf_wipe(&bad);
        }
    }
}

/* ---- What a row does not say alone ---- */

static void refuses_what_nobody_registered_even_in_an_empty_journal(void **state)
{
    (void)state;
    struct qp_buf bad = {0};
    struct qp_draft *draft = new_draft();
    struct qp_import_options options = options_for("coop");
    static const char delivery[] =
        DELIVERIES "L-1,2026-06-10,P-1,C-1,coffee,cherry,1,kg,2026,,,,2026-06-08,2026-06-09\n";
    assert_int_equal(run_text(draft, qp_import_deliveries, delivery, &options, &bad), QP_E_REFUSED);
    assert_true(holds(said[0], "producer coop/P-1 is not registered"));
    assert_true(holds(said[0], "--others-registered"));
    qp_draft_free(draft);
    qp_buf_wipe(&bad);
}

static void tells_every_fault_of_a_row(void **state)
{
    (void)state;
    struct qp_buf bad = {0};
    struct qp_draft *draft = new_draft();
    struct qp_import_options options = options_for("coop");
    struct qp_import_report report;
    options.others_registered = true;
    struct qp_span text =
        qp_span_text(DELIVERIES "L 1,2026-13-10,P-1,C-1,coffee,cherry,-1,kg,2026,,120,0,2026-06-08,"
                                "2026-06-09\n");
    assert_int_equal(qp_import_deliveries(draft, text, &options, &report, &bad, NULL),
                     QP_E_REFUSED);
    assert_int_equal(report.bad, 1);
    assert_int_equal(said_count, 5);
    assert_true(holds(said[0], "lot \"L 1\""));
    assert_true(holds(said[1], "date \"2026-13-10\""));
    assert_true(holds(said[2], "quantity \"-1\" is less than zero"));
    assert_true(holds(said[3], "moisture_percent"));
    assert_true(holds(said[4], "price_pen_per_kg"));
    qp_draft_free(draft);
    qp_buf_wipe(&bad);
}

#define SEMICOLONS                                                                                 \
    "lot;date;producer;plots;commodity;form;quantity;unit;crop_year;harvest_from;harvest_to\n"
#define SEMICOLON_ROW(lot, plots, quantity)                                                        \
    lot ";2026-06-10;P-1;" plots ";coffee;cherry;" quantity ";kg;2026;2026-06-08;2026-06-09\n"

static void takes_a_decimal_comma_only_between_semicolons(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words; /* NULL: it is good */
    } cases[] = {
        {SEMICOLONS SEMICOLON_ROW("L-1", "C-1:60,5|C-2:39,5", "212,5"), NULL},
        {SEMICOLONS SEMICOLON_ROW("L-1", "C-1", "212.5"), NULL},
        {SEMICOLONS SEMICOLON_ROW("L-1", "C-1", "1.212,5"), "no thousands"},
        {SEMICOLONS SEMICOLON_ROW("L-1", "C-1", "1,212,5"), "no thousands"},
        {SEMICOLONS SEMICOLON_ROW("L-1", "C-1", "212,"), "no thousands"},
        {SEMICOLONS SEMICOLON_ROW("L-1", "C-1", "12,5") SEMICOLON_ROW("L-2", "C-1", "1.250"),
         "a point, but line 2 has a decimal comma"},
        {DELIVERIES "L-1,2026-06-10,P-1,C-1,coffee,cherry,\"212,5\",kg,2026,,,,2026-06-08,"
                    "2026-06-09\n",
         "a comma could be a decimal sign"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_buf bad = {0};
        struct qp_arena arena;
        struct qp_draft *draft = new_draft();
        struct qp_import_options options = options_for("coop");
        qp_arena_init(&arena, 0);
        options.others_registered = true;
        enum qp_code rc = run_text(draft, qp_import_deliveries, cases[i].text, &options, &bad);
        assert_int_equal(rc, cases[i].words == NULL ? QP_OK : QP_E_REFUSED);
        if (cases[i].words == NULL) {
            const Qp__Event *event = event_of(draft, 0, &arena);
            assert_int_equal(event->lot_harvested->quantity->grams, 212500);
        } else if (!holds(said[0], cases[i].words)) {
            fail_msg("%s", said[0]);
        }
        qp_arena_wipe(&arena);
        qp_draft_free(draft);
        qp_buf_wipe(&bad);
    }
}

static void holds_deliveries_against_what_their_plots_can_give(void **state)
{
    (void)state;
    static const char rules_json[] =
        "{\"occurred\":\"2026-02-02\",\"rule_set_published\":{\"rule_set\":\"pe-2026\","
        "\"version\":1,\"effective_from\":\"2026-01-01\",\"cut_off\":\"2020-12-31\","
        "\"point_area_max_m2\":40000,\"transfer_tolerance_ppm\":0,\"harvest_age_days\":730,\"area_"
        "tolerance_ppm\":100000,\"factors\":[{\"commodity\":"
        "\"coffee\",\"from\":\"cherry\",\"to\":\"green\",\"factor_ppm\":167000}],"
        "\"yield_caps\":[{\"commodity\":\"coffee\",\"form\":\"green\","
        "\"warn_grams_per_ha\":1800000,\"refuse_grams_per_ha\":3500000}]}}";
    static const char plots[] = "{\"type\":\"FeatureCollection\",\"features\":[" FEATURE(
        "C-1", "-77.1234567,-6.1234567") "]}";
    struct qp_buf bad = {0};
    struct qp_arena arena;
    const Qp__RuleSetPublished *rules = NULL;
    qp_arena_init(&arena, 0);
    assert_ok(qp_import_rules_read(qp_span_text(rules_json), &arena, &rules, err));
    assert_int_equal(qp_import_rules_read(qp_span_text("{}"), &arena, &rules, NULL), QP_E_INPUT);
    for (int with_rules = 0; with_rules < 2; with_rules++) {
        struct qp_draft *draft = new_draft();
        struct qp_import_options options = options_for("coop");
        options.rules = with_rules ? rules : NULL;
        assert_int_equal(run_text(draft, qp_import_producers, PRODUCERS "P-1,Ana,12345678,F,,\n",
                                  &options, &bad),
                         QP_OK);
        assert_int_equal(run_text(draft, qp_import_plots, plots, &options, &bad), QP_OK);
        said_count = 0;
        /* 0.9 ha: 1,620 kg are a lot, 3,150 kg are too much; 18,000 kg of cherry are 3,006 kg. */
        assert_int_equal(run_text(draft, qp_import_deliveries,
                                  DELIVERIES "L-1,2026-06-10,P-1,C-1,coffee,cherry,9,t,2026,,,,"
                                             "2026-06-08,2026-06-09\n"
                                             "L-2,2026-06-10,P-1,C-1,coffee,cherry,9,t,2026,,,,"
                                             "2026-06-08,2026-06-09\n"
                                             "L-3,2026-06-10,P-1,C-1,coffee,cherry,9,t,2025,,,,"
                                             "2026-06-08,2026-06-09\n",
                                  &options, &bad),
                         QP_OK);
        assert_int_equal(said_count, 1);
        assert_true(holds(said[0], "warning, line 3: plots: coop/C-1 has given 3006 kg (green) in "
                                   "crop year 2026; for its 0.90 ha more than 1620 kg is a lot"));
        said_count = 0;
        enum qp_code rc = run_text(draft, qp_import_deliveries,
                                   DELIVERIES "L-4,2026-06-10,P-1,C-1,coffee,cherry,1,t,2026,,,,"
                                              "2026-06-08,2026-06-09\n",
                                   &options, &bad);
        assert_int_equal(rc, with_rules ? QP_E_REFUSED : QP_OK);
        assert_int_equal(said_count, 1);
        assert_true(holds(said[0], with_rules ? "would have given 3173 kg (green) in crop year "
                                                "2026; its 0.90 ha can give 3150 kg by rule set"
                                              : "hardly possible"));
        qp_draft_free(draft);
    }
    qp_arena_wipe(&arena);
    qp_buf_wipe(&bad);
}

static void counts_no_harvest_that_was_voided(void **state)
{
    (void)state;
    struct qp_hash ledger = {.bytes = {6}};
    struct qp_key *key = NULL;
    struct qp_public_key public_key;
    struct qp_journal *journal = NULL;
    struct qp_catalog *known = NULL;
    struct qp_buf out = {0};
    struct qp_buf bad = {0};
    struct qp_arena arena;
    char hex[65];
    char text[600];
    struct qp_hash leaf;
    struct qp_draft *draft = new_draft();
    struct qp_import_options options = options_for("coop");
    qp_arena_init(&arena, 0);
    options.others_registered = true;
    assert_int_equal(run_text(draft, qp_import_deliveries,
                              DELIVERIES "L-1,2026-06-10,P-1,C-1,coffee,cherry,10,t,2026,,,,"
                                         "2026-06-08,2026-06-09\n"
                                         "L-2,2026-06-10,P-1,C-1,coffee,cherry,2,t,2026,,,,"
                                         "2026-06-08,2026-06-09\n",
                              &options, &bad),
                     QP_OK);
    const Qp__LotHarvested *harvest = event_of(draft, 0, &arena)->lot_harvested;
    assert_ok(qp_key_generate(&key, err));
    qp_key_public(key, &public_key);
    qp_hex_encode(hex, qp_span_of(public_key.bytes, sizeof public_key.bytes));
    qp_hash_leaf(&leaf, qp_draft_event(draft, 0));
    char event_hex[65];
    qp_hash_hex(event_hex, &leaf);
    assert_ok(qp_journal_open(in_folder("voided"), key, &ledger, &journal, err));
    assert_ok(qp_journal_sign(journal, draft, 2, 5, &out, NULL, err));
    struct qp_draft *voiding = new_draft();
    snprintf(text, sizeof text,
             "{\"occurred\":\"2026-06-11\",\"event_voided\":{\"event\":{\"issuer\":\"%s\","
             "\"sequence\":0,\"position\":0,\"event\":\"%s\"},\"reason\":\"a slip\"}}",
             hex, event_hex);
    assert_ok(qp_draft_add_json(voiding, qp_span_text(text), NULL, err));
    assert_ok(qp_journal_sign(journal, voiding, 1, 6, &out, NULL, err));
    assert_ok(qp_catalog_new(&known, err));
    assert_ok(qp_catalog_add_journal(known, journal, err));
    assert_int_equal(qp_catalog_harvested(known, "coop/C-1", harvest, QP__FORM__FORM_CHERRY),
                     2000000);
    assert_int_equal(qp_catalog_find(known, QP_CATALOG_LOT, "coop/L-1")->statement, 1);
    qp_catalog_free(known);
    qp_journal_close(journal);
    qp_key_free(key);
    qp_draft_free(draft);
    qp_draft_free(voiding);
    qp_arena_wipe(&arena);
    qp_buf_wipe(&out);
    qp_buf_wipe(&bad);
}

static void names_a_workbook_and_a_party_that_is_none_for_what_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *party;
        const char *words; /* NULL: it is good */
    } cases[] = {
        {"coop", NULL},
        {"k", "too short"},
        {"", "too short"},
        {"Camara", "small letters only"},
        {"a-name-of-more-than-thirty-one-x", "too long"},
        {"alto_mayo", "small letters, digits"},
    };
    struct qp_err why;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum qp_code rc = qp_party_name_check(cases[i].party, &why);
        assert_int_equal(rc, cases[i].words == NULL ? QP_OK : QP_E_USAGE);
        assert_true(cases[i].words == NULL || holds(why.text, cases[i].words));
    }
    struct qp_buf bad = {0};
    struct qp_draft *draft = new_draft();
    struct qp_import_options options = options_for("coop");
    struct qp_import_report report;
    struct qp_span book = qp_span_of("PK\x03\x04 and so on", 14);
    assert_int_equal(qp_import_producers(draft, book, &options, &report, &bad, &why), QP_E_INPUT);
    assert_true(holds(why.text, "an Excel workbook"));
    assert_int_equal(qp_import_plots(draft, book, &options, &report, &bad, &why), QP_E_INPUT);
    assert_true(holds(why.text, "an Excel workbook"));
    qp_draft_free(draft);
    qp_buf_wipe(&bad);
}

/* ---- Real plots from many countries ---- */

struct whisp {
    struct qp_draft *draft;
    size_t taken;
    size_t refused;
};

static enum qp_code seal_real(void *context, const struct qp_geojson_feature *feature,
                              struct qp_err *err)
{
    struct whisp *whisp = context;
    struct qp_err why;
    Qp__Sealed *sealed = NULL;
    (void)err;
    qp_err_init(&why);
    enum qp_code rc = qp_draft_seal_geometry(whisp->draft, feature->geometry, &sealed, &why);
    assert_true(rc == QP_OK || rc == QP_E_REFUSED);
    assert_int_equal(rc == QP_OK, strlen(why.rule) == 0);
    assert_int_equal(rc == QP_OK, strlen(why.text) == 0);
    whisp->taken += rc == QP_OK;
    whisp->refused += rc != QP_OK;
    return QP_OK;
}

static enum qp_code count_fault(void *context, uint64_t index, const struct qp_err *reason,
                                struct qp_err *err)
{
    struct whisp *whisp = context;
    (void)index;
    (void)err;
    assert_true(strlen(reason->text) > 0);
    whisp->refused++;
    return QP_OK;
}

static void takes_real_outlines_or_says_what_is_wrong_with_them(void **state)
{
    (void)state;
    char path[512];
    if (!test_shared(path, sizeof path, "whisp/tests/fixtures/geojson_example.geojson")) {
        skip();
    }
    struct qp_buf file = {0};
    struct qp_arena arena;
    struct whisp whisp = {.draft = new_draft()};
    struct qp_geojson_sink sink = {.context = &whisp, .feature = seal_real, .fault = count_fault};
    qp_arena_init(&arena, 0);
    assert_ok(qp_file_read(path, 10000000, &file, err));
    assert_ok(qp_geojson_read(qp_span_buf(&file), &sink, &arena, err));
    assert_int_equal(whisp.taken + whisp.refused, 50);
    assert_true(whisp.taken >= 45);
    qp_arena_wipe(&arena);
    qp_buf_wipe(&file);
    qp_draft_free(whisp.draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_a_delivery_over_its_plots_to_the_last_gram),
        cmocka_unit_test(reads_every_cell_of_a_delivery),
        cmocka_unit_test(skips_bad_rows_only_when_asked_and_hands_them_back_as_they_are),
        cmocka_unit_test(keeps_bad_features_as_a_collection_that_can_be_mended),
        cmocka_unit_test(knows_what_the_journal_has_signed),
        cmocka_unit_test(warns_when_the_declared_area_is_not_that_of_the_outline),
        cmocka_unit_test(refuses_a_party_that_is_none_and_files_without_rows),
        cmocka_unit_test(refuses_what_nobody_registered_even_in_an_empty_journal),
        cmocka_unit_test(tells_every_fault_of_a_row),
        cmocka_unit_test(takes_a_decimal_comma_only_between_semicolons),
        cmocka_unit_test(holds_deliveries_against_what_their_plots_can_give),
        cmocka_unit_test(counts_no_harvest_that_was_voided),
        cmocka_unit_test(names_a_workbook_and_a_party_that_is_none_for_what_they_are),
        cmocka_unit_test(takes_real_outlines_or_says_what_is_wrong_with_them),
        cmocka_unit_test(survives_a_failure_of_every_allocation),
    };
    return cmocka_run_group_tests_name("issue/import", tests, make_folder, remove_folder);
}
