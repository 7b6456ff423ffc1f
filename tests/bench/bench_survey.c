/* What does one new plot cost, compared with a hundred thousand known ones, and with a layer of ten
 * thousand areas of three thousand vertices?
 *
 * bench_survey [KNOWN [NEW [AREAS]]]: outlines of about 20 vertices on a grid, each overlapping its
 * neighbours a little; and districts with plots all over them. Prints the time to build everything
 * and the time for each new plot. */
#include "survey/plots.h"

#include <math.h>
#include <time.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A round field of 20 vertices, wavy so that it is no circle. */
static const struct qp_geometry *wavy(struct drawn *drawn, double east, double north)
{
    double metres[40];
    for (size_t i = 0; i < 20; i++) {
        double angle = 2 * 3.14159265358979 * (double)i / 20;
        double radius = 52 + 8 * sin(3 * angle + east);
        metres[2 * i] = east + radius * cos(angle);
        metres[2 * i + 1] = north + radius * sin(angle);
    }
    return draw(drawn, metres, 20);
}

static double run_one(size_t known, size_t judged)
{
    struct qp_survey *survey = new_survey(false);
    struct drawn drawn;
    char name[32];
    for (size_t i = 0; i < known; i++) {
        snprintf(name, sizeof name, "K-%zu", i);
        add_known(survey, name, "P-1",
                  wavy(&drawn, 100 * (double)(i % 400), 100 * (double)(i / 400)));
    }
    for (size_t i = 0; i < judged; i++) {
        snprintf(name, sizeof name, "N-%zu", i);
        size_t at = i * 7919 % (known + 1);
        add(survey, name, "P-2",
            wavy(&drawn, 100 * (double)(at % 400) + 37, 100 * (double)(at / 400) + 41));
    }
    double begun = seconds();
    run(survey);
    double taken = seconds() - begun;
    size_t findings = 0;
    for (size_t i = 0; i < qp_survey_count(survey); i++) {
        findings += qp_survey_row(survey, i)->finding_count;
    }
    printf("%zu known, %zu new: %.3f s, %zu findings\n", known, judged, taken, findings);
    qp_survey_free(survey);
    return taken;
}

#define AREA_VERTICES 3000
#define DISTRICT_M 2000

/* A district around a place, with a ragged line that never crosses itself. */
static void add_district(struct qp_survey *survey, double east, double north, double radius)
{
    static struct qp_point points[AREA_VERTICES];
    for (size_t i = 0; i < AREA_VERTICES; i++) {
        double angle = 2 * 3.14159265358979 * (double)i / AREA_VERTICES;
        double out = radius * (1 + 0.05 * sin(37 * angle) + 0.01 * sin(911 * angle));
        points[i] = place(east + out * cos(angle), north + out * sin(angle));
    }
    const struct qp_ring ring = {.points = points, .count = AREA_VERTICES};
    const struct qp_polygon polygon = {.rings = &ring, .ring_count = 1};
    const struct qp_geometry area = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = &polygon, .polygon_count = 1};
    assert_ok(qp_survey_add_area(survey, NULL, "protected", &area, err));
}

/* Districts in a square, and plots all over them: with as many plots as districts, most plots are
 * the first to come to theirs, which costs the most. */
static double run_areas(size_t areas, size_t judged)
{
    struct qp_survey *survey = new_survey(false);
    struct drawn drawn;
    char name[32];
    size_t side = (size_t)ceil(sqrt((double)areas));
    for (size_t i = 0; i < areas; i++) {
        add_district(survey, DISTRICT_M * ((double)(i % side) + 0.5),
                     DISTRICT_M * ((double)(i / side) + 0.5), 0.45 * DISTRICT_M);
    }
    for (size_t i = 0; i < judged; i++) {
        snprintf(name, sizeof name, "N-%zu", i);
        double along = (double)(i * 7919 % judged) / (double)judged;
        double up = (double)i / (double)judged;
        add(survey, name, "P-2",
            wavy(&drawn, along * DISTRICT_M * (double)side, up * DISTRICT_M * (double)side));
    }
    double begun = seconds();
    run(survey);
    double taken = seconds() - begun;
    size_t inside = 0;
    size_t across = 0;
    for (size_t i = 0; i < qp_survey_count(survey); i++) {
        const struct qp_survey_finding *found = finding(qp_survey_row(survey, i), "SV-INSIDE");
        inside += found != NULL ? 1 : 0;
        across += found != NULL && found->number < 100 ? 1 : 0;
    }
    printf("%zu areas, %zu plots: %.3f s, %zu plots inside, %zu of them across a line\n", areas,
           judged, taken, inside, across);
    qp_survey_free(survey);
    return taken;
}

int main(int argc, char **argv)
{
    size_t known = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    size_t judged = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
    double base = run_one(known, 0);
    double all = run_one(known, judged);
    printf("index of %zu plots %.2f s; each new plot %.3f ms\n", known, base,
           (all - base) / (double)judged * 1000);
    size_t areas = argc > 3 ? strtoul(argv[3], NULL, 10) : 10000;
    all = run_areas(areas, judged);
    printf("%zu areas of %d vertices: each new plot %.3f ms\n", areas, AREA_VERTICES,
           all / (double)judged * 1000);
    return 0;
}
