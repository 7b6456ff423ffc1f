#include "issue/importing.h"

#include "core/alloc.h"

static void import_sample(struct qp_draft *draft, import *run, const char *name, const char *party,
                          struct qp_import_report *report)
{
    char path[256];
    struct qp_buf file = {0};
    struct qp_buf bad = {0};
    struct qp_err why;
    struct qp_import_options options = options_for(party);
    snprintf(path, sizeof path, SAMPLE "%s", name);
    assert_ok(qp_file_read(path, 10000000, &file, err));
    enum qp_code rc = run(draft, qp_span_buf(&file), &options, report, &bad, &why);
    if (rc != QP_OK) {
        fail_msg("%s: %s; first: %s", name, why.text, said_count > 0 ? said[0] : "");
    }
    assert_int_equal(bad.len, 0);
    assert_int_equal(report->bad, 0);
    assert_int_equal(report->good, report->rows);
    qp_buf_wipe(&file);
    qp_buf_wipe(&bad);
}

static void takes_the_whole_sample_season(void **state)
{
    (void)state;
    static const char *const parties[] = {"alto-mayo", "selva-central"};
    struct qp_import_report report;
    uint64_t producers = 0;
    uint64_t plots = 0;
    uint64_t deliveries = 0;
    for (size_t i = 0; i < 2; i++) {
        char name[64];
        struct qp_draft *draft = new_draft();
        snprintf(name, sizeof name, "producers-%s.csv", parties[i]);
        import_sample(draft, qp_import_producers, name, parties[i], &report);
        producers += report.good;
        snprintf(name, sizeof name, "plots-%s.geojson", parties[i]);
        import_sample(draft, qp_import_plots, name, parties[i], &report);
        plots += report.good;
        assert_int_equal(report.warnings, 0);
        snprintf(name, sizeof name, "deliveries-%s.csv", parties[i]);
        import_sample(draft, qp_import_deliveries, name, parties[i], &report);
        deliveries += report.good;
        qp_draft_free(draft);
    }
    assert_int_equal(producers, 60);
    assert_int_equal(plots, 75);
    assert_int_equal(deliveries, 1201);
}

/* ---- The folder of bad files and its table ---- */

static char *next_cell(char **at)
{
    char *start = *at + 2; /* "| " */
    char *end = strstr(start, " |");
    assert_non_null(end);
    *end = '\0';
    *at = end + 1;
    return start;
}

static import *import_named(const char *kind)
{
    static const struct {
        const char *kind;
        import *run;
    } list[] = {
        {"producers", qp_import_producers},     {"plots", qp_import_plots},
        {"deliveries", qp_import_deliveries},   {"parties", qp_import_parties},
        {"assessments", qp_import_assessments},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (strcmp(list[i].kind, kind) == 0) {
            return list[i].run;
        }
    }
    fail_msg("no import of %s", kind);
    return NULL;
}

static void refuses_each_bad_file_of_the_sample_with_its_words(void **state)
{
    (void)state;
    struct qp_buf table = {0};
    struct qp_draft *draft = new_draft();
    struct qp_catalog *plots = NULL;
    const Qp__PlotAssessed *method = NULL;
    struct qp_arena arena;
    char folder_of_keys[] = SAMPLE "bad/";
    const struct qp_file_reader reader = {.context = folder_of_keys, .read = read_in_folder};
    qp_arena_init(&arena, 0);
    struct qp_import_report report;
    size_t files = 0;
    size_t wrong = 0;
    import_sample(draft, qp_import_producers, "producers-alto-mayo.csv", "alto-mayo", &report);
    import_sample(draft, qp_import_plots, "plots-alto-mayo.geojson", "alto-mayo", &report);
    size_t before = qp_draft_event_count(draft);
    plots = plots_of(draft, "bad");
    sample_method(&arena, &method);
    assert_ok(qp_file_read(SAMPLE "bad/README.md", 1000000, &table, err));
    assert_ok(qp_buf_add(&table, qp_span_of("", 1), err));
    char *save = NULL;
    for (char *line = strtok_r((char *)table.data, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, "| ", 2) != 0 || strncmp(line, "| file", 6) == 0) {
            continue;
        }
        char path[256];
        char *at = line;
        const char *name = next_cell(&at);
        const char *kind = next_cell(&at);
        next_cell(&at);
        const char *words = next_cell(&at);
        struct qp_buf file = {0};
        struct qp_buf bad = {0};
        struct qp_err why;
        struct qp_import_options options = options_for("alto-mayo");
        options.read_file = &reader;
        options.plots = plots;
        options.method = method;
        snprintf(path, sizeof path, SAMPLE "bad/%s", name);
        assert_ok(qp_file_read(path, 1000000, &file, err));
        enum qp_code rc =
            import_named(kind)(draft, qp_span_buf(&file), &options, &report, &bad, &why);
        bool found = rc == QP_E_INPUT && holds(why.text, words);
        for (size_t i = 0; i < said_count && rc == QP_E_REFUSED; i++) {
            found = found || holds(said[i], words);
        }
        if (!found) {
            wrong++;
            printf("%s should say \"%s\", but: %s; %s\n", name, words,
                   rc == QP_OK ? "it is taken" : why.text, said_count > 0 ? said[0] : "");
        }
        assert_int_equal(qp_draft_event_count(draft), before);
        qp_buf_wipe(&file);
        qp_buf_wipe(&bad);
        files++;
    }
    assert_true(files > 70);
    assert_int_equal(wrong, 0);
    qp_buf_wipe(&table);
    qp_catalog_free(plots);
    qp_arena_wipe(&arena);
    qp_draft_free(draft);
}

static void takes_semicolons_as_a_spanish_spreadsheet_saves_them(void **state)
{
    (void)state;
    struct qp_import_report report;
    struct qp_draft *draft = new_draft();
    import_sample(draft, qp_import_producers, "producers-alto-mayo.csv", "alto-mayo", &report);
    import_sample(draft, qp_import_plots, "plots-alto-mayo.geojson", "alto-mayo", &report);
    import_sample(draft, qp_import_deliveries, "deliveries-semicolons.csv", "alto-mayo", &report);
    assert_int_equal(report.good, 2);
    qp_draft_free(draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_whole_sample_season),
        cmocka_unit_test(refuses_each_bad_file_of_the_sample_with_its_words),
        cmocka_unit_test(takes_semicolons_as_a_spanish_spreadsheet_saves_them),
    };
    return cmocka_run_group_tests_name("issue/import_sample", tests, make_folder, remove_folder);
}
