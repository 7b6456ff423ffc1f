/* Plots in areas that ask for evidence. */
#include "survey/plots.h"

#include <math.h>

static struct drawn area_drawn;

/* From `west` a kilometre to the east, and as far to the north and south. */
static const struct qp_geometry *land_from(double west)
{
    const double metres[] = {west, -1000, west + 1000, -1000, west + 1000, 1000, west, 1000};
    return draw(&area_drawn, metres, 4);
}

/* A plot of 100 m beside an area whose west border runs through it or past it. */
static struct qp_survey *beside(double west, const char *kind)
{
    const double metres[] = {0, 0, 100, 0, 100, 100, 0, 103};
    struct qp_survey *survey = new_survey(false);
    struct drawn drawn;
    assert_ok(qp_survey_add_area(survey, "Alto Mayo", kind, land_from(west), err));
    add(survey, "C-1", "P-1", draw(&drawn, metres, 4));
    run(survey);
    return survey;
}

static void judges_by_the_share_of_the_plot(void **state)
{
    (void)state;
    static const struct {
        double west;
        const char *codes;
        double number;
    } cases[] = {
        {-500, "SV-INSIDE w", 100},
        {50, "SV-INSIDE w", 49.6},
        {94.8, "SV-INSIDE w", 5.13},
        {95.2, "SV-INSIDE n", 4.74},
        {99, "SV-INSIDE n", 0.99},
        {100, "SV-NEAR n", 0},
        {120, "SV-NEAR n", 20},
        {149, "SV-NEAR n", 49},
        {151, "", 0},
        {5000, "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_survey *survey = beside(cases[i].west, "protected");
        const struct qp_survey_row *row = qp_survey_row(survey, 0);
        assert_string_equal(codes(row), cases[i].codes);
        if (cases[i].codes[0] != '\0') {
            assert_true(row->findings[0].has_number);
            assert_true(fabs(row->findings[0].number - cases[i].number) < 0.5);
            assert_string_equal(row->findings[0].other, "Alto Mayo");
        }
        qp_survey_free(survey);
    }
}

static void says_what_each_kind_needs(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        const char *words;
        const char *near_codes;
    } cases[] = {
        {"protected", "in Alto Mayo (protected): attach evidence", "SV-NEAR n"},
        {"ANP", "heads land_use, environment)", "SV-NEAR n"},
        {"indígena", "in Alto Mayo (indigenous): attach evidence", "SV-NEAR n"},
        {"Indigenous", "heads land_use, consent)", "SV-NEAR n"},
        {"bosque", "(forest): attach evidence that it may be farmed", "SV-NEAR n"},
        {"water", "in Alto Mayo (water): nothing grows on water; look at the outline", ""},
        {"urbano", "in Alto Mayo (urban): little grows in a town; look at the outline", ""},
        {"concesión", "in Alto Mayo (concesión): attach evidence", "SV-NEAR n"},
        {"", "in Alto Mayo: attach evidence", "SV-NEAR n"},
        {NULL, "in Alto Mayo: attach evidence", "SV-NEAR n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_survey *survey = beside(20, cases[i].kind);
        assert_non_null(strstr(qp_survey_row(survey, 0)->findings[0].words, cases[i].words));
        qp_survey_free(survey);
        for (double west = 100; west <= 120; west += 20) {
            survey = beside(west, cases[i].kind);
            assert_string_equal(codes(qp_survey_row(survey, 0)), cases[i].near_codes);
            qp_survey_free(survey);
        }
    }
}

static void takes_a_point_as_a_whole(void **state)
{
    (void)state;
    struct qp_survey *survey = new_survey(false);
    const struct qp_geometry points[] = {point_at(10, 0), point_at(-20, 0), point_at(-70, 0)};
    assert_ok(qp_survey_add_area(survey, NULL, "forest", land_from(0), err));
    for (size_t i = 0; i < 3; i++) {
        const struct qp_survey_plot plot = {.declared_m2 = 900, .geometry = &points[i]};
        assert_ok(qp_survey_add(survey, &plot, err));
    }
    run(survey);
    const struct qp_survey_finding *found = finding(qp_survey_row(survey, 0), "SV-INSIDE");
    assert_true(found->level == QP_SURVEY_WARNING && found->number == 100);
    assert_string_equal(found->other, "area 1");
    assert_string_equal(codes(qp_survey_row(survey, 1)), "SV-NEAR n");
    assert_string_equal(codes(qp_survey_row(survey, 2)), "");
    qp_survey_free(survey);
}

static void takes_another_margin(void **state)
{
    (void)state;
    for (uint32_t margin = 19; margin <= 21; margin += 2) {
        const struct qp_survey_options options = {.area_margin_m = margin};
        struct qp_survey *survey = NULL;
        struct drawn drawn;
        assert_ok(qp_survey_new(&options, &survey, err));
        assert_ok(qp_survey_add_area(survey, "A", "forest", land_from(122.5), err));
        add(survey, "C-1", "P-1", field(&drawn, 0));
        run(survey);
        assert_string_equal(codes(qp_survey_row(survey, 0)), margin == 19 ? "" : "SV-NEAR n");
        qp_survey_free(survey);
    }
}

/* What is in a hole is outside; what two parts cover is inside, though such a shape is not sound.
 */
static void reads_layers_as_they_are_meant(void **state)
{
    (void)state;
    const double hole_metres[] = {300, -200, 300, 200, 700, 200, 700, -200};
    struct drawn outer = {.geometry = {.polygon_count = 0}};
    struct drawn second;
    struct drawn hole;
    struct drawn drawn;
    (void)draw(&hole, hole_metres, 4);
    (void)land_from(0);
    outer = area_drawn;
    outer.ring.points = outer.points;
    const struct qp_ring rings[] = {outer.ring, hole.ring};
    const struct qp_polygon holed = {.rings = rings, .ring_count = 2};
    const struct qp_geometry park = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = &holed, .polygon_count = 1};
    (void)land_from(500);
    second = area_drawn;
    second.ring.points = second.points;
    const struct qp_polygon both[] = {{.rings = &outer.ring, .ring_count = 1},
                                      {.rings = &second.ring, .ring_count = 1}};
    const struct qp_geometry lapping = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = both, .polygon_count = 2};
    const double flat[] = {0, 0, 100, 0, 200, 0};
    struct drawn line;
    struct qp_survey *survey = new_survey(false);
    assert_ok(qp_survey_add_area(survey, "park", "protected", &park, err));
    assert_ok(qp_survey_add_area(survey, "flat", "protected", draw(&line, flat, 3), err));
    add(survey, "in the hole", "P-1", field(&drawn, 450));
    add(survey, "in the park", "P-1", field(&drawn, 100));
    run(survey);
    assert_string_equal(codes(qp_survey_row(survey, 0)), "");
    assert_string_equal(codes(qp_survey_row(survey, 1)), "SV-INSIDE w");
    qp_survey_free(survey);
    survey = new_survey(false);
    assert_ok(qp_survey_add_area(survey, "lapping", "forest", &lapping, err));
    add(survey, "in both", "P-1", field(&drawn, 700));
    run(survey);
    assert_true(finding(qp_survey_row(survey, 0), "SV-INSIDE")->number == 100);
    qp_survey_free(survey);
}

static void tells_the_largest_shares_first_and_not_all(void **state)
{
    (void)state;
    struct qp_survey *survey = new_survey(false);
    struct drawn drawn;
    for (size_t i = 0; i < 30; i++) {
        assert_ok(qp_survey_add_area(survey, NULL, "forest", land_from(90 - (double)i), err));
    }
    add(survey, "C-1", "P-1", field(&drawn, 0));
    run(survey);
    const struct qp_survey_row *row = qp_survey_row(survey, 0);
    assert_int_equal(row->finding_count, QP_SURVEY_OTHERS_MAX + 1);
    assert_string_equal(row->findings[0].other, "area 30");
    for (size_t i = 1; i < QP_SURVEY_OTHERS_MAX; i++) {
        assert_true(row->findings[i].number <= row->findings[i - 1].number);
    }
    assert_true(finding(row, "SV-CROWDED")->number == 30 - QP_SURVEY_OTHERS_MAX);
    qp_survey_free(survey);
}

static void refuses_an_area_without_ground(void **state)
{
    (void)state;
    struct qp_survey *survey = new_survey(false);
    struct qp_err why;
    struct qp_survey_summary summary;
    const struct qp_geometry point = point_at(0, 0);
    const struct qp_geometry none = {.kind = QP_GEOMETRY_POLYGON};
    const double line[] = {0, 0, 100, 0};
    struct drawn drawn;
    const struct qp_geometry *const wrong[] = {&point, &none, draw(&drawn, line, 2)};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(qp_survey_add_area(survey, "A", "forest", wrong[i], &why), QP_E_REFUSED);
    }
    assert_ok(qp_survey_add_area(survey, "A", "forest", land_from(0), err));
    run(survey);
    qp_survey_summary(survey, &summary);
    assert_int_equal(summary.areas, 1);
    qp_survey_free(survey);
}

#define MANY_POINTS 1050000

/* A triangle with a corner at `west` whose south side has very many points. */
static struct qp_geometry *large_from(double west, struct drawn *drawn, struct qp_point *points)
{
    struct qp_point corner = place(west, -300);
    for (int32_t i = 0; i < MANY_POINTS - 1; i++) {
        points[i] = (struct qp_point){corner.longitude_e7 + i, corner.latitude_e7};
    }
    points[MANY_POINTS - 1] = place(west, 9000);
    drawn->ring = (struct qp_ring){.points = points, .count = MANY_POINTS};
    drawn->polygon = (struct qp_polygon){.rings = &drawn->ring, .ring_count = 1};
    drawn->geometry = (struct qp_geometry){
        .kind = QP_GEOMETRY_POLYGON, .polygons = &drawn->polygon, .polygon_count = 1};
    return &drawn->geometry;
}

/* Two layers of which the memory for shapes holds one at a time. */
static void answers_the_same_when_shapes_are_made_anew(void **state)
{
    (void)state;
    struct qp_survey *survey = new_survey(false);
    struct qp_point *points = malloc(MANY_POINTS * sizeof *points);
    struct drawn drawn;
    assert_non_null(points);
    for (int i = 0; i < 2; i++) {
        assert_ok(qp_survey_add_area(survey, i == 0 ? "A" : "B", "forest",
                                     large_from(20000 * i, &drawn, points), err));
    }
    free(points);
    const double east[] = {50, 20050, 500};
    for (size_t i = 0; i < 3; i++) {
        add(survey, "", "P-1", field(&drawn, east[i]));
    }
    run(survey);
    for (size_t i = 0; i < 3; i++) {
        const struct qp_survey_row *row = qp_survey_row(survey, i);
        assert_string_equal(codes(row), "SV-INSIDE w");
        assert_string_equal(row->findings[0].other, i == 1 ? "B" : "A");
    }
    qp_survey_free(survey);
}

/* ---- Files ---- */

#define GROUND                                                                                     \
    "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[-77.1,-6.2],[-77.0,-6.2],"              \
    "[-77.0,-6.0],[-77.1,-6.0],[-77.1,-6.2]]]}"
#define FEATURE(properties) "{\"type\":\"Feature\",\"properties\":" properties "," GROUND "}"

static void finds_name_and_kind_in_a_layer(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *source;
        const char *words;
    } cases[] = {
        {FEATURE("{\"name\":\"A\",\"nombre\":\"B\",\"kind\":\"water\"}"), "x.geojson",
         "lies in A (water):"},
        {FEATURE("{\"ANP_NOMB\":\"Alto Mayo\",\"anp_cate\":\"Bosque\"}"), "protected.geojson",
         "lies in Alto Mayo (protected):"},
        {FEATURE("{\"nomcom\":\"Yarau\",\"tipo\":\"Comunidad\"}"), "indigenous.json",
         "lies in Yarau (indigenous):"},
        {FEATURE("{\"NOM_COM\":\"Yarau\",\"TIPO\":\"Indígena\"}"), "a.b.json",
         "lies in Yarau (indigenous):"},
        {FEATURE("{\"name\":\"A\",\"kind\":\"forest\",\"tipo\":\"water\"}"), "x", "A (forest):"},
        {FEATURE("{\"name\":\"\",\"nombre\":7}"), "zonas.geojson",
         "lies in feature 1 of zonas.geojson (zonas):"},
        {FEATURE("null"), NULL, "lies in feature 1:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_survey *survey = new_survey(false);
        struct drawn drawn;
        assert_ok(qp_survey_read(survey, qp_span_text(cases[i].text), QP_SURVEY_AREAS,
                                 cases[i].source, err));
        add(survey, "C-1", "P-1", field(&drawn, 0));
        run(survey);
        assert_non_null(strstr(qp_survey_row(survey, 0)->findings[0].words, cases[i].words));
        qp_survey_free(survey);
    }
}

/* A layer that is not read whole would say of plots that they lie nowhere. */
static void refuses_a_layer_that_it_cannot_read_whole(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"type\":\"FeatureCollection\",\"features\":[]}",
        "{\"type\":\"FeatureCollection\",\"features\":[" FEATURE(
            "null") ",{\"type\":\"Feature\",\"properties\":null,\"geometry\":{\"type\":\"Point\","
                    "\"coordinates\":[-77,-6]}}]}",
        "{\"type\":\"LineString\",\"coordinates\":[[-77,-6],[-76,-6]]}",
        "{\"type\":\"Polygon\",\"coordinates\":[[[-77,-6],[-76,-6],[-76,-5]]]}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct qp_survey *survey = new_survey(false);
        struct qp_err why;
        assert_int_equal(qp_survey_read(survey, qp_span_text(texts[i]), QP_SURVEY_AREAS, "x", &why),
                         QP_E_INPUT);
        qp_survey_free(survey);
    }
}

/* A park has more vertices, and more islands, than a plot may have. */
static void reads_more_than_a_plot_may_have(void **state)
{
    (void)state;
    struct qp_buf text = {0};
    struct qp_survey *survey = new_survey(false);
    struct qp_err why;
    struct drawn drawn;
    assert_ok(qp_buf_add_text(&text, "{\"type\":\"MultiPolygon\",\"coordinates\":[[[", err));
    for (int i = 0; i < QP_GEO_POINTS_MAX + 10; i++) {
        double angle = 6.283185307 * i / (QP_GEO_POINTS_MAX + 10);
        assert_ok(qp_buf_addf(&text, err, "[%.6f,%.6f],", -77.1 + 0.2 * cos(angle),
                              -6.1 + 0.2 * sin(angle)));
    }
    assert_ok(qp_buf_add_text(&text, "[-76.9,-6.1]]]", err));
    for (int i = 0; i < QP_GEO_POLYGONS_MAX; i++) {
        assert_ok(qp_buf_addf(&text, err,
                              ",[[[-75.%d,-8],[-75.%d1,-8],[-75.%d,-7.99],[-75.%d,-8]]]", 100 + i,
                              100 + i, 100 + i, 100 + i));
    }
    assert_ok(qp_buf_add_text(&text, "]}", err));
    assert_int_equal(qp_survey_read(survey, qp_span_buf(&text), QP_SURVEY_BORDERS, "park", &why),
                     QP_E_INPUT);
    assert_ok(qp_survey_read(survey, qp_span_buf(&text), QP_SURVEY_AREAS, "park", err));
    add(survey, "C-1", "P-1", field(&drawn, 0));
    run(survey);
    assert_string_equal(codes(qp_survey_row(survey, 0)), "SV-INSIDE w");
    qp_survey_free(survey);
    qp_buf_wipe(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_by_the_share_of_the_plot),
        cmocka_unit_test(says_what_each_kind_needs),
        cmocka_unit_test(takes_a_point_as_a_whole),
        cmocka_unit_test(takes_another_margin),
        cmocka_unit_test(reads_layers_as_they_are_meant),
        cmocka_unit_test(tells_the_largest_shares_first_and_not_all),
        cmocka_unit_test(answers_the_same_when_shapes_are_made_anew),
        cmocka_unit_test(refuses_an_area_without_ground),
        cmocka_unit_test(finds_name_and_kind_in_a_layer),
        cmocka_unit_test(refuses_a_layer_that_it_cannot_read_whole),
        cmocka_unit_test(reads_more_than_a_plot_may_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
