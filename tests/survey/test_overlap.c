/* Plots over each other, in one file and against known ones. */
#include "survey/plots.h"

#include "core/alloc.h"

#include <math.h>

/* 100 m wide and high, `east` metres to the east. */
static const struct qp_geometry *box_at(struct drawn *drawn, double east)
{
    const double metres[] = {east, 0, east + 100, 0, east + 100, 100, east, 100};
    return draw(drawn, metres, 4);
}

/* Two plots that have `percent` in common. */
static struct qp_survey *two(double percent, const char *owner, const char *other_owner)
{
    struct qp_survey *survey = new_survey(false);
    struct drawn drawn;
    add(survey, "C-1", owner, box_at(&drawn, 0));
    add(survey, "C-2", other_owner, box_at(&drawn, 100 - percent));
    run(survey);
    return survey;
}

static void judges_an_overlap_by_its_share(void **state)
{
    (void)state;
    static const struct {
        double percent;
        const char *code;
        enum qp_survey_level level;
    } cases[] = {{0.5, "SV-OVERLAP", QP_SURVEY_NOTE},     {4.9, "SV-OVERLAP", QP_SURVEY_NOTE},
                 {5.1, "SV-OVERLAP", QP_SURVEY_WARNING},  {50, "SV-OVERLAP", QP_SURVEY_WARNING},
                 {94.9, "SV-OVERLAP", QP_SURVEY_WARNING}, {95.1, "SV-SAME", QP_SURVEY_ERROR},
                 {99.99, "SV-SAME", QP_SURVEY_ERROR},     {100, "SV-SAME", QP_SURVEY_ERROR}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_survey *survey = two(cases[i].percent, "P-1", "P-2");
        for (size_t j = 0; j < 2; j++) {
            const struct qp_survey_finding *found =
                finding(qp_survey_row(survey, j), cases[i].code);
            assert_non_null(found);
            assert_int_equal(found->level, cases[i].level);
            assert_true(fabs(found->number - cases[i].percent) < 0.02);
            assert_string_equal(found->other, j == 0 ? "C-2" : "C-1");
        }
        qp_survey_free(survey);
    }
}

static void minds_one_owner_less_than_two(void **state)
{
    (void)state;
    static const struct {
        const char *owner;
        const char *other;
        enum qp_survey_level level;
    } cases[] = {{"P-1", "P-1", QP_SURVEY_WARNING},
                 {"P-1", "", QP_SURVEY_WARNING},
                 {"", "", QP_SURVEY_WARNING},
                 {"P-1", "P-2", QP_SURVEY_ERROR}};
    for (size_t i = 0; i < 4; i++) {
        for (double percent = 98; percent <= 100; percent += 2) {
            struct qp_survey *survey = two(percent, cases[i].owner, cases[i].other);
            assert_int_equal(finding(qp_survey_row(survey, 0), "SV-SAME")->level, cases[i].level);
            qp_survey_free(survey);
        }
    }
}

static void lets_neighbours_share_a_border(void **state)
{
    (void)state;
    struct qp_survey *survey = two(0, "P-1", "P-2");
    assert_string_equal(codes(qp_survey_row(survey, 0)), "SV-RECTANGLE w");
    qp_survey_free(survey);
    survey = two(-5, "P-1", "P-2");
    assert_string_equal(codes(qp_survey_row(survey, 1)), "SV-RECTANGLE w");
    qp_survey_free(survey);
}

static void measures_by_the_smaller_plot(void **state)
{
    (void)state;
    const double large[] = {-500, -500, 700, -510, 705, 700, -500, 700};
    struct drawn drawn;
    struct qp_survey *survey = new_survey(false);
    add(survey, "small", "P-1", field(&drawn, 0));
    add(survey, "large", "P-2", draw(&drawn, large, 4));
    run(survey);
    const struct qp_survey_finding *found = finding(qp_survey_row(survey, 0), "SV-SAME");
    assert_int_equal(found->level, QP_SURVEY_ERROR);
    assert_non_null(strstr(found->words, "lies in plot large of P-2, which is larger"));
    found = finding(qp_survey_row(survey, 1), "SV-SAME");
    assert_non_null(strstr(found->words, "of plot small of P-1 lies in it"));
    qp_survey_free(survey);
}

static void sees_points_inside_plots(void **state)
{
    (void)state;
    struct drawn drawn;
    struct qp_survey *survey = new_survey(false);
    const struct qp_geometry inside = point_at(50, 50);
    const struct qp_geometry outside = point_at(150, 50);
    add(survey, "C-1", "P-1", field(&drawn, 0));
    const struct qp_survey_plot points[] = {
        {.name = "C-2", .owner = "P-2", .declared_m2 = 900, .geometry = &inside},
        {.name = "C-3", .owner = "P-2", .declared_m2 = 900, .geometry = &outside},
        {.name = "C-4", .owner = "P-2", .declared_m2 = 900, .geometry = &outside}};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(qp_survey_add(survey, &points[i], err));
    }
    run(survey);
    assert_string_equal(codes(qp_survey_row(survey, 0)), "SV-POINT-INSIDE w");
    assert_string_equal(codes(qp_survey_row(survey, 1)), "SV-POINT-INSIDE w");
    assert_string_equal(qp_survey_row(survey, 1)->findings[0].other, "C-1");
    assert_string_equal(codes(qp_survey_row(survey, 2)), "SV-SAME w");
    qp_survey_free(survey);
}

static void tells_coordinates_that_three_plots_have(void **state)
{
    (void)state;
    for (size_t count = 2; count <= 100; count += 49) {
        struct qp_survey *survey = new_survey(false);
        const struct qp_geometry point = point_at(0, 0);
        for (size_t i = 0; i < count; i++) {
            char owner[16];
            snprintf(owner, sizeof owner, "P-%zu", i);
            const struct qp_survey_plot plot = {
                .owner = owner, .declared_m2 = 900, .geometry = &point};
            assert_ok(qp_survey_add(survey, &plot, err));
        }
        run(survey);
        for (size_t i = 0; i < count; i++) {
            const struct qp_survey_row *row = qp_survey_row(survey, i);
            assert_string_equal(codes(row), count == 2 ? "SV-SAME e" : "SV-REPEATED e");
            assert_true(row->findings[0].number == (count == 2 ? 100 : (double)count));
            assert_string_not_equal(row->findings[0].other, row->plot);
        }
        qp_survey_free(survey);
    }
}

/* The same ring from another vertex and the other way round is the same outline. */
static void knows_an_outline_however_it_is_drawn(void **state)
{
    (void)state;
    struct drawn drawn;
    struct drawn other;
    (void)field(&drawn, 0);
    (void)field(&other, 0);
    for (size_t i = 0; i < 4; i++) {
        other.points[i] = drawn.points[(6 - i) % 4];
    }
    struct qp_survey *survey = new_survey(false);
    add(survey, "C-1", "P-1", &drawn.geometry);
    add(survey, "C-2", "P-1", &other.geometry);
    add(survey, "C-3", "P-1", &drawn.geometry);
    run(survey);
    assert_string_equal(codes(qp_survey_row(survey, 0)), "SV-REPEATED e");
    assert_string_equal(codes(qp_survey_row(survey, 1)), "SV-ORIENTATION f, SV-REPEATED e");
    qp_survey_free(survey);
}

static void compares_with_known_plots_and_not_known_ones_with_each_other(void **state)
{
    (void)state;
    struct drawn drawn;
    struct qp_survey *survey = new_survey(false);
    struct qp_survey_summary summary;
    add_known(survey, "K-1", "P-9", field(&drawn, 0));
    add_known(survey, "K-2", "P-8", field(&drawn, 30));
    add(survey, "C-1", "P-1", field(&drawn, -60));
    add(survey, "C-2", "P-1", field(&drawn, 1000));
    run(survey);
    const struct qp_survey_row *row = qp_survey_row(survey, 0);
    assert_int_equal(qp_survey_count(survey), 2);
    assert_string_equal(codes(row), "SV-OVERLAP w, SV-OVERLAP w");
    assert_string_equal(row->findings[0].other, "K-1"); /* the larger share first */
    assert_non_null(strstr(row->findings[0].words, "plot K-1 of P-9 in old"));
    assert_string_equal(codes(qp_survey_row(survey, 1)), "");
    qp_survey_summary(survey, &summary);
    assert_int_equal(summary.known, 2);
    assert_int_equal(summary.plots, 2);
    qp_survey_free(survey);
}

static void knows_a_plot_again_that_is_registered(void **state)
{
    (void)state;
    static const struct {
        const char *party; /* of the survey */
        const char *name;  /* of the known plot */
        double east;
        const char *codes;
    } cases[] = {
        {NULL, "C-1", 0, "SV-KNOWN n"},        {NULL, "C-1", 2, "SV-KNOWN n"},
        {NULL, "C-1", 30, "SV-KNOWN w"},       {NULL, "C-2", 0, "SV-SAME w"},
        {"coop", "coop/C-1", 0, "SV-KNOWN n"}, {"coop", "coop/C-1", 30, "SV-KNOWN w"},
        {"other", "coop/C-1", 0, "SV-SAME e"}, {NULL, "C-1", 500, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_survey *survey = NULL;
        struct drawn drawn;
        const struct qp_survey_options options = {.party = cases[i].party};
        assert_ok(qp_survey_new(&options, &survey, err));
        bool is_of_ledger = cases[i].party != NULL;
        const struct qp_survey_plot known = {.name = cases[i].name,
                                             .owner = is_of_ledger ? "coop/P-1" : "P-1",
                                             .geometry = field(&drawn, cases[i].east),
                                             .is_of_ledger = is_of_ledger};
        assert_ok(qp_survey_add_known(survey, &known, err));
        add(survey, "C-1", "P-1", field(&drawn, 0));
        run(survey);
        assert_string_equal(codes(qp_survey_row(survey, 0)), cases[i].codes);
        qp_survey_free(survey);
    }
}

/* Twenty findings of others at most, and no more comparisons than are good for anybody. */
static void says_when_a_place_is_crowded(void **state)
{
    (void)state;
    struct qp_survey *survey = new_survey(false);
    struct drawn drawn;
    for (size_t i = 0; i < 400; i++) {
        add_known(survey, "K", "P-1", field(&drawn, 0.1 * (double)i));
    }
    add(survey, "C-1", "P-1", field(&drawn, -20));
    run(survey);
    const struct qp_survey_row *row = qp_survey_row(survey, 0);
    assert_int_equal(row->finding_count, QP_SURVEY_OTHERS_MAX + 1);
    assert_true(finding(row, "SV-CROWDED")->number == 400 - QP_SURVEY_OTHERS_MAX);
    for (size_t i = 1; i < QP_SURVEY_OTHERS_MAX; i++) {
        assert_true(row->findings[i].number <= row->findings[i - 1].number);
    }
    qp_survey_free(survey);
}

static void passes_over_shapes_that_are_not_sound(void **state)
{
    (void)state;
    const double bow_tie[] = {0, 0, 100, 103, 100, 0, 0, 97};
    struct drawn drawn;
    struct qp_survey *survey = new_survey(false);
    add_known(survey, "K-1", "P-1", draw(&drawn, bow_tie, 4));
    add(survey, "C-1", "P-2", draw(&drawn, bow_tie, 4));
    add(survey, "C-2", "P-1", field(&drawn, 0));
    run(survey);
    assert_string_equal(codes(qp_survey_row(survey, 1)), "");
    qp_survey_free(survey);
}

static void answers_of_nothing_with_nothing(void **state)
{
    (void)state;
    struct qp_survey *survey = new_survey(false);
    struct qp_survey_summary summary;
    run(survey);
    qp_survey_summary(survey, &summary);
    assert_int_equal(summary.plots + summary.known, 0);
    qp_survey_free(survey);
    qp_survey_free(NULL);
}

/* Each allocation of ours in turn fails: an error, and nothing is lost or freed twice. */
static void survives_having_no_memory(void **state)
{
    (void)state;
    enum qp_code rc = QP_E_MEMORY;
    for (uint64_t after = 0; rc != QP_OK; after++) {
        struct qp_survey *survey = NULL;
        struct qp_buf out = {0};
        struct drawn drawn;
        struct drawn border;
        struct qp_err err;
        assert_true(after < 10000);
        const struct qp_survey_plot known = {.name = "K-1", .geometry = field(&drawn, 50)};
        struct drawn new;
        const struct qp_survey_plot plot = {
            .name = "C-1", .region = "PE-SAM", .geometry = field(&new, 0)};
        qp_alloc_fail_after(after);
        rc = qp_survey_new(NULL, &survey, &err);
        rc = rc == QP_OK ? qp_survey_add_known(survey, &known, &err) : rc;
        rc = rc == QP_OK ? qp_survey_add(survey, &plot, &err) : rc;
        rc = rc == QP_OK ? qp_survey_add_border(survey, "PE-SAM", field(&border, 300), &err) : rc;
        rc = rc == QP_OK ? qp_survey_add_area(survey, "", "x", field(&border, 30), &err) : rc;
        rc = rc == QP_OK ? qp_survey_run(survey, &err) : rc;
        rc = rc == QP_OK ? qp_survey_geojson(survey, &out, &err) : rc;
        qp_alloc_fail_after(UINT64_MAX);
        assert_true(rc == QP_OK || rc == QP_E_MEMORY);
        qp_survey_free(survey);
        qp_buf_wipe(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_an_overlap_by_its_share),
        cmocka_unit_test(minds_one_owner_less_than_two),
        cmocka_unit_test(lets_neighbours_share_a_border),
        cmocka_unit_test(measures_by_the_smaller_plot),
        cmocka_unit_test(sees_points_inside_plots),
        cmocka_unit_test(tells_coordinates_that_three_plots_have),
        cmocka_unit_test(knows_an_outline_however_it_is_drawn),
        cmocka_unit_test(compares_with_known_plots_and_not_known_ones_with_each_other),
        cmocka_unit_test(knows_a_plot_again_that_is_registered),
        cmocka_unit_test(says_when_a_place_is_crowded),
        cmocka_unit_test(passes_over_shapes_that_are_not_sound),
        cmocka_unit_test(answers_of_nothing_with_nothing),
        cmocka_unit_test(survives_having_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
