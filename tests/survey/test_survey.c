/* One plot at a time: each code just inside and just outside its limit. */
#include "survey/plots.h"

#include <math.h>

#define PI 3.14159265358979323846

/* The codes of one plot, alone in its survey. */
static const char *codes_of(const struct qp_survey_plot *plot)
{
    struct qp_survey *survey = new_survey(false);
    static char kept[1024];
    assert_ok(qp_survey_add(survey, plot, err));
    run(survey);
    snprintf(kept, sizeof kept, "%s", codes(qp_survey_row(survey, 0)));
    qp_survey_free(survey);
    return kept;
}

static const char *codes_of_shape(const struct qp_geometry *geometry)
{
    const struct qp_survey_plot plot = {.name = "C-1", .owner = "P-1", .geometry = geometry};
    return codes_of(&plot);
}

static const char *codes_of_drawing(const double *metres, size_t count)
{
    struct drawn drawn;
    return codes_of_shape(draw(&drawn, metres, count));
}

static const char *codes_of_point(int32_t longitude_e7, int32_t latitude_e7)
{
    const struct qp_geometry point = {.kind = QP_GEOMETRY_POINT,
                                      .point = {longitude_e7, latitude_e7}};
    const struct qp_survey_plot plot = {.geometry = &point, .declared_m2 = 10000};
    return codes_of(&plot);
}

static void has_nothing_to_say_of_a_plot_that_was_walked(void **state)
{
    (void)state;
    struct drawn drawn;
    struct qp_survey *survey = new_survey(false);
    const struct qp_survey_plot plot = {.name = "C-1",
                                        .owner = "P-1",
                                        .country = "PE",
                                        .region = "PE-SAM",
                                        .declared_m2 = 10000,
                                        .geometry = field(&drawn, 0)};
    struct qp_survey_summary summary;
    assert_ok(qp_survey_add(survey, &plot, err));
    run(survey);
    const struct qp_survey_row *row = qp_survey_row(survey, 0);
    assert_int_equal(qp_survey_count(survey), 1);
    assert_string_equal(codes(row), "");
    assert_string_equal(row->plot, "C-1");
    assert_int_equal(row->worst, QP_SURVEY_FINE);
    assert_true(fabs(row->area_m2 - 9935) < 10); /* a sphere is larger than the ellipsoid here */
    qp_survey_summary(survey, &summary);
    assert_int_equal(summary.fine, 1);
    assert_int_equal(summary.plots, 1);
    qp_survey_free(survey);
    assert_string_equal(codes_of_point(-770961237, -61234563), "");
}

/* ---- Repairs ---- */

static void swap_all(struct drawn *drawn)
{
    for (size_t i = 0; i < drawn->ring.count; i++) {
        drawn->points[i] =
            (struct qp_point){drawn->points[i].latitude_e7, drawn->points[i].longitude_e7};
    }
}

static void tells_swapped_coordinates_and_changes_them_back_when_asked(void **state)
{
    (void)state;
    struct drawn drawn;
    for (int fix = 0; fix < 2; fix++) {
        struct qp_survey *survey = new_survey(fix == 1);
        (void)field(&drawn, 0);
        struct qp_point first = drawn.points[0];
        swap_all(&drawn);
        add(survey, "C-1", "P-1", &drawn.geometry);
        struct qp_geometry point = {.kind = QP_GEOMETRY_POINT, .point = {-61234563, -770961237}};
        const struct qp_survey_plot two = {.declared_m2 = 100, .geometry = &point};
        assert_ok(qp_survey_add(survey, &two, err));
        run(survey);
        const struct qp_survey_row *row = qp_survey_row(survey, 0);
        assert_string_equal(codes(row), fix == 1 ? "SV-SWAPPED f" : "SV-SWAPPED e");
        assert_true(finding(row, "SV-SWAPPED")->can_fix);
        struct qp_point now = row->geometry->polygons[0].rings[0].points[0];
        assert_int_equal(now.longitude_e7, fix == 1 ? first.longitude_e7 : first.latitude_e7);
        now = qp_survey_row(survey, 1)->geometry->point;
        assert_int_equal(now.longitude_e7, fix == 1 ? -770961237 : -61234563);
        assert_true(fabs(row->area_m2 - 9935) < 10);
        qp_survey_free(survey);
    }
}

static void does_not_take_a_plot_far_away_for_a_swapped_one(void **state)
{
    (void)state;
    assert_string_equal(codes_of_point(-600961237, -31234563), "SV-OUTSIDE-PERU e");
    const struct qp_geometry point = {.kind = QP_GEOMETRY_POINT, .point = {-61234563, -770961237}};
    const struct qp_survey_plot elsewhere = {
        .country = "AQ", .declared_m2 = 10000, .geometry = &point};
    assert_string_equal(codes_of(&elsewhere), "");
}

static void closes_rings_and_says_so(void **state)
{
    (void)state;
    struct drawn drawn;
    const struct qp_survey_plot plot = {.geometry = field(&drawn, 0), .unclosed = 1};
    assert_string_equal(codes_of(&plot), "SV-UNCLOSED e");
    struct qp_survey *survey = new_survey(true);
    assert_ok(qp_survey_add(survey, &plot, err));
    run(survey);
    assert_string_equal(codes(qp_survey_row(survey, 0)), "SV-UNCLOSED f");
    qp_survey_free(survey);
}

static void drops_a_vertex_that_stands_there_twice(void **state)
{
    (void)state;
    struct drawn drawn;
    (void)field(&drawn, 0);
    /* The second one differs in the seventh decimal alone: .1237 and .1239 round to one place. */
    drawn.points[4] = (struct qp_point){-770961237, -61234563};
    drawn.points[5] = (struct qp_point){-770961239, -61234562};
    drawn.ring.count = 6;
    assert_string_equal(codes_of_shape(&drawn.geometry), "SV-VERTEX-TWICE e");
    struct qp_survey *survey = new_survey(true);
    add(survey, "C-1", "P-1", &drawn.geometry);
    run(survey);
    const struct qp_survey_row *row = qp_survey_row(survey, 0);
    assert_string_equal(codes(row), "SV-VERTEX-TWICE f");
    assert_true(finding(row, "SV-VERTEX-TWICE")->number == 1);
    assert_int_equal(row->geometry->polygons[0].rings[0].count, 5);
    qp_survey_free(survey);
    /* One more unit and they are two places. */
    drawn.points[5] = (struct qp_point){-770961247, -61234562};
    assert_null(strstr(codes_of_shape(&drawn.geometry), "SV-VERTEX-TWICE"));
    /* The last one and the first one are neighbours too. */
    drawn.points[4] = drawn.points[0];
    drawn.ring.count = 5;
    assert_string_equal(codes_of_shape(&drawn.geometry), "SV-VERTEX-TWICE e");
}

static void leaves_to_the_check_what_would_be_no_ring_without_the_repeats(void **state)
{
    (void)state;
    const double line[] = {0, 0, 100, 0, 100, 0, 0, 0};
    const char *said = codes_of_drawing(line, 4);
    assert_non_null(strstr(said, "GEO-"));
    assert_null(strstr(said, "SV-VERTEX-TWICE"));
    assert_string_equal(codes_of_drawing(line, 2), "GEO-FEW e");
}

static void turns_rings_to_the_right_hand_rule(void **state)
{
    (void)state;
    const double clockwise[] = {0, 0, -3, 100, 104, 100, 98, 0};
    struct drawn drawn;
    struct qp_survey *survey = new_survey(false);
    add(survey, "C-1", "P-1", draw(&drawn, clockwise, 4));
    run(survey);
    const struct qp_survey_row *row = qp_survey_row(survey, 0);
    assert_string_equal(codes(row), "SV-ORIENTATION f");
    assert_int_equal(row->worst, QP_SURVEY_FIXED);
    const struct qp_ring *ring = &row->geometry->polygons[0].rings[0];
    assert_memory_equal(&ring->points[0], &drawn.points[0], sizeof drawn.points[0]);
    assert_memory_equal(&ring->points[1], &drawn.points[3], sizeof drawn.points[0]);
    qp_survey_free(survey);
}

static void passes_on_what_the_exact_check_says(void **state)
{
    (void)state;
    const double bow_tie[] = {0, 0, 100, 103, 100, 0, 0, 97};
    const double flat[] = {0, 0, 50, 0, 100, 0};
    assert_non_null(strstr(codes_of_drawing(bow_tie, 4), "GEO-CROSS e"));
    assert_string_equal(codes_of_drawing(flat, 3), "GEO-FLAT e");
    /* Whichever way round it is drawn: what crosses itself has no turn. */
    const double back[] = {0, 97, 100, 0, 100, 103, 0, 0};
    assert_null(strstr(codes_of_drawing(bow_tie, 4), "SV-ORIENTATION"));
    assert_null(strstr(codes_of_drawing(back, 4), "SV-ORIENTATION"));
}

/* ---- Numbers that no receiver gives ---- */

static void tells_the_origin_whole_degrees_and_few_decimals(void **state)
{
    (void)state;
    assert_string_equal(codes_of_point(0, 0), "SV-ORIGIN e");
    assert_string_equal(codes_of_point(-1000, 1000), "SV-ORIGIN e");
    assert_string_equal(codes_of_point(-1001, 1000), "SV-OUTSIDE-PERU e");
    assert_string_equal(codes_of_point(-770000000, -60000000), "SV-INTEGER e");
    assert_string_equal(codes_of_point(-771000000, -60000000), "SV-DECIMALS e");
    assert_string_equal(codes_of_point(-770961000, -61235000), "SV-DECIMALS e");
    assert_string_equal(codes_of_point(-770961200, -61235000), "SV-DECIMALS w");
    assert_string_equal(codes_of_point(-770961230, -61235000), "");
    struct drawn drawn;
    (void)field(&drawn, 0);
    drawn.points[1] = (struct qp_point){-770951000, -61234000}; /* four decimals: by chance */
    assert_string_equal(codes_of_shape(&drawn.geometry), "");
    drawn.points[1] = (struct qp_point){-770950000, -61230000}; /* three: no chance */
    assert_string_equal(codes_of_shape(&drawn.geometry), "SV-DECIMALS w");
    drawn.points[1] = (struct qp_point){0, 0};
    assert_non_null(strstr(codes_of_shape(&drawn.geometry), "SV-ORIGIN e"));
}

/* ---- Where ---- */

static void holds_the_boxes_of_the_country_and_its_departments(void **state)
{
    (void)state;
    assert_string_equal(codes_of_point(-813999999, -41234567), "");
    assert_string_equal(codes_of_point(-814000001, -41234567), "SV-OUTSIDE-PERU e");
    assert_string_equal(codes_of_point(-701234567, 499999), "");
    assert_string_equal(codes_of_point(-701234567, 500001), "SV-OUTSIDE-PERU e");
    static const struct {
        const char *country;
        const char *region;
        const char *codes;
    } cases[] = {{"PE", "PE-SAM", ""},
                 {"", "PE-SAM", ""},
                 {"PE", "PE-JUN", "SV-OUTSIDE-REGION e"},
                 {"PE", "San Martín", "SV-REGION e"},
                 {"EC", "EC-L", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct drawn drawn;
        const struct qp_survey_plot plot = {
            .country = cases[i].country, .region = cases[i].region, .geometry = field(&drawn, 0)};
        assert_string_equal(codes_of(&plot), cases[i].codes);
    }
}

static void measures_how_far_outside_a_border_a_plot_lies(void **state)
{
    (void)state;
    const double square[] = {1000, -20000, 30000, -20000, 30000, 20000, 1000, 20000};
    struct drawn border;
    struct drawn drawn;
    for (uint32_t margin = 800; margin <= 1100; margin += 300) {
        const struct qp_survey_options options = {.border_margin_m = margin};
        struct qp_survey *survey = NULL;
        assert_ok(qp_survey_new(&options, &survey, err));
        assert_ok(qp_survey_add_border(survey, "PE-SAM", draw(&border, square, 4), err));
        const struct qp_survey_plot outside = {.region = "PE-SAM", .geometry = field(&drawn, 0)};
        assert_ok(qp_survey_add(survey, &outside, err));
        const struct qp_survey_plot inside = {.region = "PE-SAM", .geometry = field(&drawn, 2000)};
        assert_ok(qp_survey_add(survey, &inside, err));
        const struct qp_survey_plot no_border = {.region = "PE-CAJ",
                                                 .geometry = field(&drawn, 5000)};
        assert_ok(qp_survey_add(survey, &no_border, err));
        run(survey);
        const struct qp_survey_row *row = qp_survey_row(survey, 0);
        assert_string_equal(codes(row), margin == 800 ? "SV-OUTSIDE-REGION w" : "");
        if (margin == 800) {
            assert_true(fabs(row->findings[0].number - 997.5) < 10);
        }
        assert_string_equal(codes(qp_survey_row(survey, 1)), "");
        assert_null(strstr(codes(qp_survey_row(survey, 2)), "SV-OUTSIDE-REGION w"));
        qp_survey_free(survey);
    }
    struct qp_survey *survey = new_survey(false);
    const struct qp_geometry point = point_at(0, 0);
    struct qp_err err;
    assert_int_equal(qp_survey_add_border(survey, "PE-SAM", &point, &err), QP_E_REFUSED);
    qp_survey_free(survey);
}

/* ---- Areas ---- */

static void compares_the_declared_area_with_the_ellipsoid(void **state)
{
    (void)state;
    static const struct {
        uint64_t declared_m2; /* the outline has 9,935 */
        const char *codes;
    } cases[] = {{0, ""},
                 {9045, ""},
                 {9020, "SV-AREA-DECLARED w"},
                 {11020, ""},
                 {11060, "SV-AREA-DECLARED w"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct drawn drawn;
        const struct qp_survey_plot plot = {.declared_m2 = cases[i].declared_m2,
                                            .geometry = field(&drawn, 0)};
        assert_string_equal(codes_of(&plot), cases[i].codes);
    }
}

static const char *codes_of_trapezium(double side)
{
    const double metres[] = {side * 0.05, 0, side, 0, side, side, 0, side};
    return codes_of_drawing(metres, 4);
}

static void refuses_a_declared_area_of_nothing(void **state)
{
    (void)state;
    struct drawn drawn;
    const struct qp_geometry point = point_at(0, 0);
    const struct qp_survey_plot plots[] = {{.geometry = field(&drawn, 0), .area_is_none = true},
                                           {.geometry = &point, .area_is_none = true}};
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(codes_of(&plots[i]), "SV-AREA-SMALL e");
    }
}

static void knows_when_a_plot_is_large_or_small(void **state)
{
    (void)state;
    assert_string_equal(codes_of_trapezium(715), "");
    assert_string_equal(codes_of_trapezium(720), "SV-AREA-LARGE w");
    assert_string_equal(codes_of_trapezium(1.05), "");
    assert_string_equal(codes_of_trapezium(0.98), "SV-AREA-SMALL e");
    static const struct {
        uint64_t declared_m2;
        const char *codes;
    } points[] = {{40000, ""}, {40001, "SV-POINT-LARGE e"}, {0, "SV-AREA-MISSING w"}};
    for (size_t i = 0; i < 3; i++) {
        const struct qp_geometry point = point_at(0, 0);
        const struct qp_survey_plot plot = {.declared_m2 = points[i].declared_m2,
                                            .geometry = &point};
        assert_string_equal(codes_of(&plot), points[i].codes);
    }
}

/* Plots of one hectare, and one of `times` as much. */
static const char *codes_beside(size_t others, double times)
{
    static char kept[200];
    struct qp_survey *survey = new_survey(false);
    struct drawn drawn;
    const double height = 100 * times;
    const double metres[] = {-300, 0, -200, 0, -200, height, -300, height + 10};
    add(survey, "large", "P-1", draw(&drawn, metres, 4));
    for (size_t i = 0; i < others; i++) {
        add(survey, "", "P-2", field(&drawn, 200 * (double)i));
    }
    run(survey);
    snprintf(kept, sizeof kept, "%s", codes(qp_survey_row(survey, 0)));
    qp_survey_free(survey);
    return kept;
}

static void compares_a_plot_with_the_middle_one_of_its_file(void **state)
{
    (void)state;
    assert_string_equal(codes_beside(12, 9.8), "");
    assert_string_equal(codes_beside(12, 10.2), "SV-AREA-LARGE w");
    assert_string_equal(codes_beside(9, 10.2), "SV-AREA-LARGE w");
    assert_string_equal(codes_beside(8, 10.2), ""); /* nine plots have no middle to go by */
}

/* ---- Drawings ---- */

/* `wave` is how far each second vertex stands out, as a part of the radius. */
static const char *codes_of_circle(size_t vertices, double wave, double east_scale)
{
    double metres[2 * DRAWN_MAX];
    for (size_t i = 0; i < vertices; i++) {
        double angle = 2 * PI * ((double)i + 0.3) / (double)vertices;
        double radius = 50 * (1 + (i % 2 == 0 ? wave : -wave));
        metres[2 * i] = east_scale * radius * cos(angle);
        metres[2 * i + 1] = radius * sin(angle);
    }
    return codes_of_drawing(metres, vertices);
}

static void tells_a_circle_around_a_point(void **state)
{
    (void)state;
    assert_string_equal(codes_of_circle(64, 0, 1), "SV-CIRCLE e");
    assert_string_equal(codes_of_circle(16, 0, 1), "SV-CIRCLE e");
    assert_string_equal(codes_of_circle(15, 0, 1), "");
    assert_string_equal(codes_of_circle(32, 0.008, 1), "SV-CIRCLE e");
    assert_string_equal(codes_of_circle(32, 0.014, 1), "");
    assert_string_equal(codes_of_circle(32, 0, 1.04), "");
}

static const char *codes_of_turned(const double *metres, size_t count, double degrees)
{
    double turned[2 * DRAWN_MAX];
    double angle = degrees * PI / 180;
    for (size_t i = 0; i < count; i++) {
        turned[2 * i] = metres[2 * i] * cos(angle) - metres[2 * i + 1] * sin(angle);
        turned[2 * i + 1] = metres[2 * i] * sin(angle) + metres[2 * i + 1] * cos(angle);
    }
    return codes_of_drawing(turned, count);
}

static void tells_four_right_angles(void **state)
{
    (void)state;
    const double plain[] = {0, 0, 80, 0, 80, 50, 0, 50};
    const double more[] = {0, 0, 40, 0, 80, 0, 80, 50, 0, 50, 0, 20};
    const double skewed[] = {0, 0, 80, 0, 80.9, 50, 0.9, 50}; /* one degree */
    const double dented[] = {0, 0, 40, 2, 80, 0, 80, 50, 0, 50};
    assert_string_equal(codes_of_turned(plain, 4, 0), "SV-RECTANGLE w");
    assert_string_equal(codes_of_turned(plain, 4, 33), "SV-RECTANGLE w");
    assert_string_equal(codes_of_turned(more, 6, 10), "SV-RECTANGLE w");
    assert_string_equal(codes_of_turned(skewed, 4, 33), "");
    assert_string_equal(codes_of_turned(dented, 5, 0), "");
}

static const char *codes_of_spike(double half_width, double length)
{
    const double metres[] = {
        0,   0, 100, 0, 105, 100, 50 + half_width, 100, 50, 100 + length, 50 - half_width,
        100, 0, 100};
    return codes_of_drawing(metres, 7);
}

static void tells_a_spike_with_long_sides(void **state)
{
    (void)state;
    assert_string_equal(codes_of_spike(8.6, 100), "SV-SPIKE w"); /* 9.8 degrees */
    assert_string_equal(codes_of_spike(8.9, 100), "");           /* 10.2 */
    assert_string_equal(codes_of_spike(0.6, 10.2), "SV-SPIKE w");
    assert_string_equal(codes_of_spike(0.6, 9.8), "");
    assert_string_equal(codes_of_spike(4, -80), "SV-SPIKE w"); /* inwards */
}

static void counts_holes_and_parts(void **state)
{
    (void)state;
    struct drawn outer;
    struct drawn hole;
    struct drawn other;
    const double inside[] = {40, 40, 42, 60, 60, 58, 61, 40};
    (void)field(&outer, 0);
    (void)draw(&hole, inside, 4);
    (void)field(&other, 300);
    const struct qp_ring rings[] = {outer.ring, hole.ring};
    const struct qp_polygon polygons[] = {{.rings = rings, .ring_count = 2}, other.polygon};
    const struct qp_geometry holed = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = 1};
    const struct qp_geometry both = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = 2};
    assert_string_equal(codes_of_shape(&holed), "SV-HOLE w");
    assert_string_equal(codes_of_shape(&both), "SV-HOLE w, SV-PARTS n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_nothing_to_say_of_a_plot_that_was_walked),
        cmocka_unit_test(tells_swapped_coordinates_and_changes_them_back_when_asked),
        cmocka_unit_test(does_not_take_a_plot_far_away_for_a_swapped_one),
        cmocka_unit_test(closes_rings_and_says_so),
        cmocka_unit_test(drops_a_vertex_that_stands_there_twice),
        cmocka_unit_test(leaves_to_the_check_what_would_be_no_ring_without_the_repeats),
        cmocka_unit_test(turns_rings_to_the_right_hand_rule),
        cmocka_unit_test(passes_on_what_the_exact_check_says),
        cmocka_unit_test(tells_the_origin_whole_degrees_and_few_decimals),
        cmocka_unit_test(holds_the_boxes_of_the_country_and_its_departments),
        cmocka_unit_test(measures_how_far_outside_a_border_a_plot_lies),
        cmocka_unit_test(compares_the_declared_area_with_the_ellipsoid),
        cmocka_unit_test(refuses_a_declared_area_of_nothing),
        cmocka_unit_test(knows_when_a_plot_is_large_or_small),
        cmocka_unit_test(compares_a_plot_with_the_middle_one_of_its_file),
        cmocka_unit_test(tells_a_circle_around_a_point),
        cmocka_unit_test(tells_four_right_angles),
        cmocka_unit_test(tells_a_spike_with_long_sides),
        cmocka_unit_test(counts_holes_and_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
