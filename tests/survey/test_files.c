/* Whole files: the sample's, bad ones, real ones from elsewhere, and the answer as GeoJSON. */
#include "survey/plots.h"

#include "host/file.h"

#include <jansson.h>
#include <math.h>

#define SAMPLE QP_SOURCE_DIR "/tools/sample/"

static struct qp_survey *survey_text(struct qp_span text, const struct qp_survey_options *options)
{
    struct qp_survey *survey = NULL;
    assert_ok(qp_survey_new(options, &survey, err));
    assert_ok(qp_survey_read(survey, text, QP_SURVEY_PLOTS, NULL, err));
    return survey;
}

static struct qp_survey *survey_file(const char *path, const struct qp_survey_options *options)
{
    struct qp_buf file = {0};
    assert_ok(qp_file_read(path, 64000000, &file, err));
    struct qp_survey *survey = survey_text(qp_span_buf(&file), options);
    qp_buf_wipe(&file);
    return survey;
}

static void has_nothing_to_say_of_the_sample(void **state)
{
    (void)state;
    static const char *const files[] = {SAMPLE "plots-alto-mayo.geojson",
                                        SAMPLE "plots-selva-central.geojson"};
    for (size_t i = 0; i < 2; i++) {
        struct qp_survey *survey = survey_file(files[i], NULL);
        run(survey);
        assert_true(qp_survey_count(survey) > 30);
        for (size_t j = 0; j < qp_survey_count(survey); j++) {
            assert_string_equal(codes(qp_survey_row(survey, j)), "");
        }
        qp_survey_free(survey);
    }
}

static void says_what_is_wrong_with_each_bad_file(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *codes; /* of the second plot; what is not of the outline is for the import */
        bool can_fix;
    } cases[] = {
        {"area-as-text", "SV-AREA-TEXT w", false},
        {"duplicate-code", "SV-CODE-TWICE e", false},
        {"four-decimals", "SV-DECIMALS e", false},
        {"linestring", "SV-READ e", false},
        {"missing-code", "", false},
        {"out-of-range", "SV-READ e", false},
        {"outside-department", "SV-OUTSIDE-REGION e", false},
        {"point-over-4-ha", "SV-POINT-LARGE e", false},
        {"repeated-at-six-decimals", "SV-VERTEX-TWICE e", true},
        {"repeated-vertex", "SV-VERTEX-TWICE e", true},
        {"same-outline-twice", "SV-SAME e", false},
        {"self-crossing", "GEO-CROSS e", false},
        {"straight-line", "GEO-FLAT e", false},
        {"swapped-lat-lon", "SV-SWAPPED e", true},
        {"unclosed-ring", "SV-UNCLOSED e", true},
        {"unknown-commodity", "", false},
        {"unknown-producer", "", false},
        {"unknown-tenure", "", false},
        {"zero-zero", "SV-ORIGIN e", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[300];
        snprintf(path, sizeof path, SAMPLE "bad/plot-%s.geojson", cases[i].name);
        for (int fix = 0; fix < 2; fix++) {
            const struct qp_survey_options options = {.fix = fix == 1};
            struct qp_survey *survey = survey_file(path, &options);
            run(survey);
            const struct qp_survey_row *row = qp_survey_row(survey, 1);
            if (fix == 0) {
                assert_string_equal(codes(row), cases[i].codes);
            } else {
                bool fixed = row->worst == QP_SURVEY_FIXED;
                assert_int_equal(fixed, cases[i].can_fix);
            }
            qp_survey_free(survey);
        }
    }
}

static void refuses_files_that_are_no_geojson(void **state)
{
    (void)state;
    static const char *const texts[] = {"[]", "{\"type\":\"FeatureCollection\"}", "", "nothing"};
    for (size_t i = 0; i < 4; i++) {
        struct qp_survey *survey = new_survey(false);
        struct qp_err err;
        for (int role = QP_SURVEY_PLOTS; role <= QP_SURVEY_AREAS; role++) {
            assert_int_equal(qp_survey_read(survey, qp_span_text(texts[i]),
                                            (enum qp_survey_role)role, "x", &err),
                             QP_E_INPUT);
        }
        qp_survey_free(survey);
    }
}

/* ---- Real polygons ---- */

static void finds_the_areas_of_real_plots(void **state)
{
    (void)state;
    char path[512];
    const struct qp_survey_options anywhere = {.country = "XX"};
    if (!test_shared(path, sizeof path, "whisp/tests/fixtures/geojson_example.geojson")) {
        skip();
    }
    struct qp_survey *survey = survey_file(path, &anywhere);
    struct qp_survey_summary summary;
    run(survey);
    qp_survey_summary(survey, &summary);
    assert_int_equal(summary.plots, 50);
    assert_int_equal(summary.errors, 0);
    /* Two are in Peru; one has a hole. */
    assert_true(fabs(qp_survey_row(survey, 9)->area_m2 - 91210) < 10);
    assert_true(fabs(qp_survey_row(survey, 13)->area_m2 - (263780 - 3540)) < 10);
    assert_non_null(finding(qp_survey_row(survey, 13), "SV-HOLE"));
    qp_survey_free(survey);
    survey = survey_file(path, NULL);
    run(survey);
    qp_survey_summary(survey, &summary);
    assert_int_equal(summary.errors, 48);
    assert_string_equal(codes(qp_survey_row(survey, 9)), "");
    qp_survey_free(survey);
}

static void agrees_with_the_published_examples(void **state)
{
    (void)state;
    static const double hectares[] = {20687.08, 20545.34, 9488.90, 6904.40};
    char path[512];
    if (!test_shared(path, sizeof path, "eudr-traces/geojson/official_type_I.geojson")) {
        skip();
    }
    struct qp_survey *survey = survey_file(path, NULL);
    run(survey);
    assert_string_equal(codes(qp_survey_row(survey, 0)), "");
    assert_string_equal(codes(qp_survey_row(survey, 1)), "");
    assert_string_equal(qp_survey_row(survey, 0)->plot, "FAZENDA TABOAO I");
    assert_true(fabs(qp_survey_row(survey, 0)->area_m2 - 236100) < 100);
    qp_survey_free(survey);
    if (!test_shared(path, sizeof path, "eudr-traces/geojson/official_type_II.geojson")) {
        skip();
    }
    survey = survey_file(path, NULL);
    run(survey);
    for (size_t i = 0; i < 4; i++) {
        const struct qp_survey_row *row = qp_survey_row(survey, i);
        /* Four thousand times the sides of a plot: how sides run between vertices shows. */
        assert_true(fabs(row->area_m2 / 1e4 / hectares[i] - 1) < 1e-5);
        assert_int_equal(row->worst, QP_SURVEY_WARNING);
        assert_non_null(finding(row, "SV-AREA-LARGE"));
    }
    qp_survey_free(survey);
}

/* Departments as their file has them, with the code that ours wants. */
static void read_departments(struct qp_survey *survey, const char *path)
{
    static const struct {
        const char *name;
        const char *code;
    } departments[] = {{"SAN MARTIN", "PE-SAM"}, {"AMAZONAS", "PE-AMA"}, {"JUNIN", "PE-JUN"}};
    json_error_t error;
    json_t *file = json_load_file(path, 0, &error);
    json_t *wanted = json_array();
    size_t at = 0;
    json_t *feature = NULL;
    assert_non_null(file);
    json_array_foreach(json_object_get(file, "features"), at, feature)
    {
        json_t *properties = json_object_get(feature, "properties");
        const char *name = json_string_value(json_object_get(properties, "NOMBDEP"));
        for (size_t i = 0; name != NULL && i < 3; i++) {
            if (strcmp(name, departments[i].name) == 0) {
                json_object_set_new(properties, "iso_3166_2", json_string(departments[i].code));
                json_array_append(wanted, feature);
            }
        }
    }
    assert_int_equal(json_array_size(wanted), 3);
    json_object_set_new(file, "features", wanted);
    char *text = json_dumps(file, 0);
    json_decref(file);
    assert_ok(qp_survey_read(survey, qp_span_text(text), QP_SURVEY_BORDERS, NULL, err));
    free(text);
}

static void finds_the_sample_inside_its_departments(void **state)
{
    (void)state;
    char path[512];
    if (!test_shared(path, sizeof path, "peru-admin/peru_departamental_simple.geojson")) {
        skip();
    }
    struct qp_survey *survey = survey_file(SAMPLE "plots-alto-mayo.geojson", NULL);
    struct qp_buf file = {0};
    read_departments(survey, path);
    assert_ok(qp_file_read(SAMPLE "plots-selva-central.geojson", 64000000, &file, err));
    assert_ok(qp_survey_read(survey, qp_span_buf(&file), QP_SURVEY_PLOTS, NULL, err));
    /* In San Martín, inside the box of Amazonas, and said to be there. */
    struct drawn drawn;
    const struct qp_survey_plot lost = {
        .name = "lost", .region = "PE-AMA", .geometry = field(&drawn, 0)};
    assert_ok(qp_survey_add(survey, &lost, err));
    run(survey);
    size_t last = qp_survey_count(survey) - 1;
    for (size_t i = 0; i < last; i++) {
        /* Two cooperatives have the same codes, which one file may not. */
        assert_null(finding(qp_survey_row(survey, i), "SV-OUTSIDE-REGION"));
    }
    assert_string_equal(codes(qp_survey_row(survey, last)), "SV-OUTSIDE-REGION w");
    assert_non_null(strstr(qp_survey_row(survey, last)->findings[0].words, "in PE-SAM"));
    qp_buf_wipe(&file);
    qp_survey_free(survey);
}

static void wants_the_code_of_each_border(void **state)
{
    (void)state;
    struct qp_survey *survey = new_survey(false);
    struct qp_err err;
    static const char *const texts[] = {
        "{\"type\":\"Feature\",\"properties\":{\"code\":\"San Martín\"},\"geometry\":{\"type\":"
        "\"Polygon\",\"coordinates\":[[[-77,-6],[-76,-6],[-76,-5],[-77,-6]]]}}",
        "{\"type\":\"Feature\",\"properties\":{\"code\":\"PE-SAM\"},\"geometry\":{\"type\":"
        "\"Point\",\"coordinates\":[-77,-6]}}",
        "{\"type\":\"Feature\",\"properties\":{\"code\":\"PE-SAM\"},\"geometry\":{\"type\":"
        "\"Polygon\",\"coordinates\":[[[-77,-6],[-76,-6],[-76,-5]]]}}"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            qp_survey_read(survey, qp_span_text(texts[i]), QP_SURVEY_BORDERS, NULL, &err),
            QP_E_INPUT);
    }
    qp_survey_free(survey);
}

/* ---- The answer as GeoJSON ---- */

static const char faulty[] =
    "{\"type\":\"FeatureCollection\",\"features\":["
    "{\"type\":\"Feature\",\"properties\":{\"plot\":\"C-\\\"1\\\"\",\"shade\":[1,{\"a\":null}],"
    "\"worst\":\"old\",\"SV-SPIKE\":3},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
    "[[[-6.1234563,-77.0961237],[-6.1234561,-77.0951238],[-6.1224563,-77.0951233],"
    "[-6.1224569,-77.0961738]]]}},"
    "{\"type\":\"Feature\",\"properties\":{\"plot\":\"C-2\"},\"geometry\":{\"type\":"
    "\"LineString\",\"coordinates\":[[1,2],[3,4]]}},"
    "{\"type\":\"Feature\",\"properties\":null,\"geometry\":{\"type\":\"Point\",\"coordinates\":"
    "[-77.0961237,-6.2234563]}}]}";

static json_t *answer_of(struct qp_survey *survey, struct qp_buf *out)
{
    json_error_t error;
    assert_ok(qp_survey_geojson(survey, out, err));
    json_t *file = json_loadb((const char *)out->data, out->len, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(file);
    return file;
}

static void writes_repaired_plots_with_their_findings(void **state)
{
    (void)state;
    const struct qp_survey_options options = {.fix = true};
    struct qp_survey *survey = survey_text(qp_span_text(faulty), &options);
    struct qp_buf out = {0};
    run(survey);
    json_t *file = answer_of(survey, &out);
    json_t *features = json_object_get(file, "features");
    assert_int_equal(json_array_size(features), 3);
    json_t *first = json_array_get(features, 0);
    json_t *properties = json_object_get(first, "properties");
    assert_string_equal(json_string_value(json_object_get(properties, "plot")), "C-\"1\"");
    assert_string_equal(json_string_value(json_object_get(properties, "worst")), "fixed");
    assert_int_equal(json_array_size(json_object_get(properties, "shade")), 2);
    assert_true(json_is_true(json_object_get(properties, "SV-SWAPPED")));
    assert_true(json_number_value(json_object_get(properties, "SV-UNCLOSED")) == 1);
    assert_null(json_object_get(properties, "SV-SPIKE"));
    assert_non_null(strstr(json_string_value(json_object_get(properties, "findings")),
                           "SV-SWAPPED fixed: longitude"));
    json_t *ring =
        json_array_get(json_object_get(json_object_get(first, "geometry"), "coordinates"), 0);
    assert_int_equal(json_array_size(ring), 5);
    assert_true(json_equal(json_array_get(ring, 0), json_array_get(ring, 4)));
    assert_true(json_number_value(json_array_get(json_array_get(ring, 0), 0)) == -77.0961237);
    json_t *second = json_array_get(features, 1);
    assert_true(json_is_null(json_object_get(second, "geometry")));
    properties = json_object_get(second, "properties");
    assert_string_equal(json_string_value(json_object_get(properties, "plot")), "C-2");
    assert_true(json_is_true(json_object_get(properties, "SV-READ")));
    json_decref(file);
    /* Surveyed again there is nothing left to repair. */
    struct qp_survey *again = survey_text(qp_span_buf(&out), &options);
    run(again);
    assert_string_equal(codes(qp_survey_row(again, 0)), "");
    assert_string_equal(codes(qp_survey_row(again, 1)), "SV-READ e");
    assert_string_equal(codes(qp_survey_row(again, 2)), "SV-AREA-MISSING w");
    assert_string_equal(qp_survey_row(again, 2)->plot, "feature 3");
    qp_survey_free(again);
    qp_survey_free(survey);
    qp_buf_wipe(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_nothing_to_say_of_the_sample),
        cmocka_unit_test(says_what_is_wrong_with_each_bad_file),
        cmocka_unit_test(refuses_files_that_are_no_geojson),
        cmocka_unit_test(finds_the_areas_of_real_plots),
        cmocka_unit_test(agrees_with_the_published_examples),
        cmocka_unit_test(finds_the_sample_inside_its_departments),
        cmocka_unit_test(wants_the_code_of_each_border),
        cmocka_unit_test(writes_repaired_plots_with_their_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
