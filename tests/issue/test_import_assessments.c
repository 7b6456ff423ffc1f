#include "issue/importing.h"

#include "core/alloc.h"
#include "core/time.h"

#define FINDINGS "plot,date,outcome,assessed_m2,forest_m2,loss_m2,nodata_ppm\n"

/* What a cooperative has signed: a square of 12,326 m2, which declares 1.3 ha, and a point. */
static const char land[] =
    "{\"type\":\"FeatureCollection\",\"features\":["
    "{\"type\":\"Feature\",\"properties\":{\"plot\":\"C-1\",\"producer\":\"P-1\","
    "\"commodities\":\"coffee\",\"area_ha\":1.3,\"tenure\":\"title\","
    "\"tenure_evidence\":\"declared\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
    "[[[-77.0001231,-6.0001231],[-77.0001231,-6.0011231],[-76.9991231,-6.0011231],"
    "[-76.9991231,-6.0001231],[-77.0001231,-6.0001231]]]}},"
    "{\"type\":\"Feature\",\"properties\":{\"plot\":\"C-2\",\"producer\":\"P-1\","
    "\"commodities\":\"coffee\",\"area_ha\":0.9,\"tenure\":\"title\","
    "\"tenure_evidence\":\"declared\"},\"geometry\":{\"type\":\"Point\",\"coordinates\":"
    "[-77.1234567,-6.1234567]}}]}";

static struct qp_draft *draft_land(void)
{
    struct qp_buf bad = {0};
    struct qp_draft *draft = new_draft();
    struct qp_import_options options = options_for("coop");
    options.others_registered = true;
    assert_int_equal(run_text(draft, qp_import_plots, land, &options, &bad), QP_OK);
    qp_buf_wipe(&bad);
    return draft;
}

struct desk {
    struct qp_draft *land;
    struct qp_catalog *plots;
    struct qp_arena arena;
    const Qp__PlotAssessed *method;
};

static int open_desk(void **state)
{
    static struct desk desk;
    memset(&desk, 0, sizeof desk);
    if (make_folder(state) != 0) {
        return -1;
    }
    qp_arena_init(&desk.arena, 0);
    desk.land = draft_land();
    desk.plots = plots_of(desk.land, "coop.journal");
    sample_method(&desk.arena, &desk.method);
    *state = &desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    qp_draft_free(desk->land);
    qp_catalog_free(desk->plots);
    qp_arena_wipe(&desk->arena);
    return remove_folder(state);
}

static enum qp_code run_findings(const struct desk *desk, struct qp_draft *draft, const char *rows,
                                 const struct qp_catalog *known)
{
    char text[2048];
    struct qp_buf bad = {0};
    struct qp_import_options options = options_for(NULL);
    options.plots = desk->plots;
    options.method = desk->method;
    options.known = known;
    snprintf(text, sizeof text, FINDINGS "%s", rows);
    enum qp_code rc = run_text(draft, qp_import_assessments, text, &options, &bad);
    qp_buf_wipe(&bad);
    return rc;
}

static void assesses_the_geometry_that_the_cooperative_has_signed(void **state)
{
    const struct desk *desk = *state;
    struct qp_arena arena;
    struct qp_draft *draft = new_draft();
    uint64_t day = 0;
    qp_arena_init(&arena, 0);
    assert_int_equal(run_findings(desk, draft,
                                  "coop/C-1,2026-09-29,loss,12400,500,300,3500\n"
                                  "coop/C-2,2026-09-30,no_loss,9000,0,0,0\n",
                                  NULL),
                     QP_OK);
    assert_int_equal(qp_draft_event_count(draft), 2);
    const Qp__Event *event = event_of(draft, 0, &arena);
    const Qp__PlotAssessed *body = event->plot_assessed;
    const Qp__Event *registered = event_of(desk->land, 0, &arena);
    assert_ok(qp_time_parse(qp_span_text("2026-09-29"), &day, err));
    assert_int_equal(event->occurred_ms, day);
    assert_string_equal(body->plot, "coop/C-1");
    assert_memory_equal(body->geometry.data, registered->plot_registered->geometry->commitment.data,
                        32);
    assert_int_equal(body->outcome, QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_LOSS);
    assert_int_equal(body->assessed_m2, 12400);
    assert_int_equal(body->forest_m2, 500);
    assert_int_equal(body->loss_m2, 300);
    assert_int_equal(body->nodata_ppm, 3500);
    assert_int_equal(body->n_datasets, 3);
    assert_string_equal(body->datasets[2]->name, "RADD");
    assert_string_equal(body->method, desk->method->method);
    assert_int_equal(body->cut_off_ms, 1609459199000);
    assert_int_equal(body->covers_to_ms, desk->method->covers_to_ms);
    qp_draft_free(draft);
    qp_arena_wipe(&arena);
}

/* One percent over the outline is the raster's; a point has the area that was declared. */
static void refuses_an_area_that_the_plot_does_not_have(void **state)
{
    const struct desk *desk = *state;
    struct qp_draft *draft = new_draft();
    assert_int_equal(run_findings(desk, draft, "coop/C-1,2026-09-29,no_loss,12700,0,0,0\n", NULL),
                     QP_E_REFUSED);
    assert_true(holds(said[0], "assessed_m2 12700 is more than plot coop/C-1 has"));
    assert_int_equal(run_findings(desk, draft, "coop/C-2,2026-09-29,no_loss,9091,0,0,0\n", NULL),
                     QP_E_REFUSED);
    assert_int_equal(run_findings(desk, draft, "coop/C-2,2026-09-29,no_loss,9090,0,0,0\n", NULL),
                     QP_OK);
    qp_draft_free(draft);
}

static void does_not_assess_the_same_again(void **state)
{
    const struct desk *desk = *state;
    static const char row[] = "coop/C-1,2026-09-29,no_loss,12000,0,0,0\n";
    struct qp_catalog *known = NULL;
    struct qp_draft *draft = new_draft();
    assert_int_equal(run_findings(desk, draft, row, NULL), QP_OK);
    assert_ok(qp_catalog_new(&known, err));
    assert_ok(qp_catalog_add_draft(known, draft, err));
    qp_draft_free(draft);
    draft = new_draft();
    assert_int_equal(run_findings(desk, draft, row, known), QP_E_REFUSED);
    assert_true(holds(said[0], "assessed already"));
    /* A later look at the same data, after a visit to the field, is another assessment. */
    assert_int_equal(run_findings(desk, draft, "coop/C-1,2026-10-02,no_loss,12000,0,0,0\n", known),
                     QP_OK);
    qp_catalog_free(known);
    qp_draft_free(draft);
}

static void refuses_a_plot_that_was_signed_in_two_shapes(void **state)
{
    struct desk *desk = *state;
    struct qp_draft *again = draft_land(); /* another salt, so another commitment */
    struct qp_hash ledger = {.bytes = {8}};
    struct qp_key *key = NULL;
    struct qp_journal *journal = NULL;
    struct qp_buf out = {0};
    struct qp_err why;
    qp_err_init(&why);
    assert_ok(qp_key_generate(&key, err));
    assert_ok(qp_journal_open(in_folder("again.journal"), key, &ledger, &journal, err));
    assert_ok(qp_journal_sign(journal, again, 4096, 5, &out, NULL, err));
    assert_int_equal(qp_catalog_add_submissions(desk->plots, qp_span_buf(&out), &why), QP_E_INPUT);
    assert_says(&why, "coop/C-1 is registered twice");
    assert_int_equal(qp_catalog_add_submissions(desk->plots, qp_span_text("plots"), &why),
                     QP_E_INPUT);
    qp_journal_close(journal);
    qp_key_free(key);
    qp_buf_wipe(&out);
    qp_draft_free(again);
}

static void reads_a_method_strictly(void **state)
{
    struct desk *desk = *state;
#define SHA "abababababababababababababababababababababababababababababababab"
#define METHOD(more)                                                                               \
    "{\"method\":\"m\",\"cut_off\":\"2020-12-31\",\"covers_to\":\"2026-01-01\"," more "}"
    static const struct {
        const char *json;
        const char *words;
    } cases[] = {
        {"[]", ""},
        {"{}", "method is missing"},
        {METHOD("\"datasets\":[]"), "datasets is missing"},
        {METHOD("\"datasets\":[{\"name\":\"x\"}]"), "datasets[0] needs"},
        {METHOD("\"datasets\":[{\"name\":\"x\",\"sha256\":\"ab\"}]"), "datasets[0] needs"},
        {METHOD("\"datasets\":[{\"name\":\"x\",\"sha256\":\"" SHA "\"}],\"loss_m2\":1"),
         "stands in the table"},
        {METHOD("\"datasets\":[{\"name\":\"x\",\"sha256\":\"" SHA "\"}],\"colour\":1"), "colour"},
        {"{\"method\":\"m\",\"cut_off\":\"2026-12-31\",\"covers_to\":\"2026-01-01\","
         "\"datasets\":[{\"name\":\"x\",\"sha256\":\"" SHA "\"}]}",
         "not after cut_off"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const Qp__PlotAssessed *method = NULL;
        struct qp_err why;
        qp_err_init(&why);
        assert_int_equal(
            qp_assessment_method_read(qp_span_text(cases[i].json), &desk->arena, &method, &why),
            QP_E_INPUT);
        assert_says(&why, cases[i].words);
        assert_null(method);
    }
}

static void survives_a_failure_of_every_allocation(void **state)
{
    const struct desk *desk = *state;
    enum qp_code rc = QP_E_MEMORY;
    for (uint64_t n = 0; rc != QP_OK; n++) {
        struct qp_draft *draft = new_draft();
        assert_true(n < 1000);
        qp_alloc_fail_after(n);
        rc = run_findings(desk, draft, "coop/C-1,2026-09-29,no_loss,12000,0,0,0\n", NULL);
        qp_alloc_fail_after(UINT64_MAX);
        assert_true(rc == QP_OK || rc == QP_E_MEMORY);
        assert_int_equal(qp_draft_event_count(draft), rc == QP_OK);
        qp_draft_free(draft);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assesses_the_geometry_that_the_cooperative_has_signed),
        cmocka_unit_test(refuses_an_area_that_the_plot_does_not_have),
        cmocka_unit_test(does_not_assess_the_same_again),
        cmocka_unit_test(refuses_a_plot_that_was_signed_in_two_shapes),
        cmocka_unit_test(reads_a_method_strictly),
        cmocka_unit_test(survives_a_failure_of_every_allocation),
    };
    return cmocka_run_group_tests_name("issue/import_assessments", tests, open_desk, close_desk);
}
