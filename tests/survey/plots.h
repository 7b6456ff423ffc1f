/* Drawn plots for the tests of a survey: positions in metres from a corner near Soritor, San
 * Martín, so that a test can say what it means. */
#ifndef QP_TESTS_SURVEY_PLOTS_H
#define QP_TESTS_SURVEY_PLOTS_H

#include "test.h"

#include <quipu/survey.h>

#define CORNER_LONGITUDE_E7 (-770961237)
#define CORNER_LATITUDE_E7 (-61234563)
/* 1e-7 degree for a metre, at this latitude, on a sphere of 6,378,137 m. */
#define EAST_E7 90.3465
#define NORTH_E7 89.8315

#define DRAWN_MAX 512

struct drawn {
    struct qp_point points[DRAWN_MAX];
    struct qp_ring ring;
    struct qp_polygon polygon;
    struct qp_geometry geometry;
};

static inline struct qp_point place(double east_m, double north_m)
{
    double east = east_m * EAST_E7;
    double north = north_m * NORTH_E7;
    return (struct qp_point){CORNER_LONGITUDE_E7 + (int32_t)(east < 0 ? east - 0.5 : east + 0.5),
                             CORNER_LATITUDE_E7 + (int32_t)(north < 0 ? north - 0.5 : north + 0.5)};
}

/* Positions in metres, east and north one after the other. */
static inline const struct qp_geometry *draw(struct drawn *drawn, const double *metres,
                                             size_t count)
{
    assert_true(count <= DRAWN_MAX);
    for (size_t i = 0; i < count; i++) {
        drawn->points[i] = place(metres[2 * i], metres[2 * i + 1]);
    }
    drawn->ring = (struct qp_ring){.points = drawn->points, .count = count};
    drawn->polygon = (struct qp_polygon){.rings = &drawn->ring, .ring_count = 1};
    drawn->geometry = (struct qp_geometry){
        .kind = QP_GEOMETRY_POLYGON, .polygons = &drawn->polygon, .polygon_count = 1};
    return &drawn->geometry;
}

/* A hectare that is no rectangle, `east` metres to the east: a trapezium of 95 and 105 m. */
static inline const struct qp_geometry *field(struct drawn *drawn, double east)
{
    const double metres[] = {east + 2.5, 0, east + 97.5, 0, east + 102.5, 100, east - 2.5, 100};
    return draw(drawn, metres, 4);
}

static inline struct qp_geometry point_at(double east_m, double north_m)
{
    return (struct qp_geometry){.kind = QP_GEOMETRY_POINT, .point = place(east_m, north_m)};
}

/* The finding of a row, or NULL. */
static inline const struct qp_survey_finding *finding(const struct qp_survey_row *row,
                                                      const char *code)
{
    for (size_t i = 0; i < row->finding_count; i++) {
        if (strcmp(row->findings[i].code, code) == 0) {
            return &row->findings[i];
        }
    }
    return NULL;
}

/* All codes of a row with the first letter of their levels: "SV-SPIKE w, SV-HOLE w". */
static inline const char *codes(const struct qp_survey_row *row)
{
    static char text[1024];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < row->finding_count; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %c", i > 0 ? ", " : "",
                                 row->findings[i].code,
                                 qp_survey_level_name(row->findings[i].level)[0]);
        assert_true(used < sizeof text);
    }
    return text;
}

static inline struct qp_survey *new_survey(bool fix)
{
    struct qp_survey *survey = NULL;
    const struct qp_survey_options options = {.fix = fix};
    assert_ok(qp_survey_new(&options, &survey, err));
    return survey;
}

static inline void add(struct qp_survey *survey, const char *name, const char *owner,
                       const struct qp_geometry *geometry)
{
    const struct qp_survey_plot plot = {.name = name, .owner = owner, .geometry = geometry};
    assert_ok(qp_survey_add(survey, &plot, err));
}

static inline void add_known(struct qp_survey *survey, const char *name, const char *owner,
                             const struct qp_geometry *geometry)
{
    const struct qp_survey_plot plot = {
        .name = name, .owner = owner, .source = "old", .geometry = geometry};
    assert_ok(qp_survey_add_known(survey, &plot, err));
}

static inline void run(struct qp_survey *survey)
{
    assert_ok(qp_survey_run(survey, err));
}

#endif
