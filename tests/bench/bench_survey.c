/* What does one new plot cost, compared with a hundred thousand known ones?
 *
 * bench_survey [KNOWN [NEW]]: outlines of about 20 vertices on a grid, each overlapping its
 * neighbours a little. Prints the time to build everything and the time for each new plot. */
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

int main(int argc, char **argv)
{
    size_t known = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    size_t judged = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
    double base = run_one(known, 0);
    double all = run_one(known, judged);
    printf("index of %zu plots %.2f s; each new plot %.3f ms\n", known, base,
           (all - base) / (double)judged * 1000);
    return 0;
}
