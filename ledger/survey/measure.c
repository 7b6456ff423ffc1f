/* Measures of one outline, in floating point. */
#include "survey/survey_priv.h"

#include "core/check.h"

#include <geodesic.h>
#include <math.h>
#include <stdlib.h>

#define RADIANS (3.14159265358979323846 / 180)
#define CIRCLE_VERTICES 16
#define CIRCLE_PART 0.01
#define RIGHT_ANGLE_DEGREES 0.5
#define STRAIGHT_DEGREES 0.5
#define SPIKE_DEGREES 10.0
#define SPIKE_ARM_METRES 10.0

/* ---- Area ---- */

static double ring_area(const struct geod_geodesic *ellipsoid, const struct qp_ring *ring)
{
    struct geod_polygon polygon;
    double area = 0;
    geod_polygon_init(&polygon, 0);
    for (size_t i = 0; i < ring->count; i++) {
        geod_polygon_addpoint(ellipsoid, &polygon, ring->points[i].latitude_e7 / 1e7,
                              ring->points[i].longitude_e7 / 1e7);
    }
    (void)geod_polygon_compute(ellipsoid, &polygon, 0, 1, &area, NULL);
    return fabs(area);
}

double qp_survey_area_m2(const struct qp_geometry *geometry)
{
    struct geod_geodesic ellipsoid;
    double area = 0;
    if (geometry->kind == QP_GEOMETRY_POINT) {
        return 0;
    }
    geod_init(&ellipsoid, 6378137.0, 1 / 298.257223563);
    for (size_t i = 0; i < geometry->polygon_count; i++) {
        const struct qp_polygon *polygon = &geometry->polygons[i];
        for (size_t j = 0; j < polygon->ring_count; j++) {
            double one = ring_area(&ellipsoid, &polygon->rings[j]);
            area += j == 0 ? one : -one;
        }
    }
    return area > 0 ? area : 0;
}

/* ---- Decimals ---- */

static unsigned decimals_of(int32_t value)
{
    unsigned decimals = 7;
    while (decimals > 0 && value % 10 == 0) {
        value /= 10;
        decimals--;
    }
    return decimals;
}

static void count_point(struct qp_point point, unsigned *most, unsigned *least)
{
    unsigned longitude = decimals_of(point.longitude_e7);
    unsigned latitude = decimals_of(point.latitude_e7);
    unsigned both = longitude > latitude ? longitude : latitude;
    *most = both > *most ? both : *most;
    *least = both < *least ? both : *least;
}

/* Zeros at the end of one number say nothing (writers of files drop them, one vertex in a hundred
 * ends so by chance); zeros at the end of every number say that no more was known. So what counts
 * is the number with the most, and it does not matter how many zeros were written. */
unsigned qp_survey_decimals(const struct qp_geometry *geometry, unsigned *least)
{
    unsigned most = 0;
    *least = 7;
    if (geometry->kind == QP_GEOMETRY_POINT) {
        count_point(geometry->point, &most, least);
        return most;
    }
    for (size_t i = 0; i < geometry->polygon_count; i++) {
        const struct qp_polygon *polygon = &geometry->polygons[i];
        for (size_t j = 0; j < polygon->ring_count; j++) {
            for (size_t k = 0; k < polygon->rings[j].count; k++) {
                count_point(polygon->rings[j].points[k], &most, least);
            }
        }
    }
    return most;
}

/* ---- A plane ---- */

struct spot {
    double x; /* metres, or units of a degree */
    double y;
};

static double scale_x(const struct qp_ring *ring)
{
    return cos(ring->points[0].latitude_e7 / 1e7 * RADIANS) * QP_E7_METRES;
}

static struct spot spot_at(const struct qp_ring *ring, size_t at, double x_metres)
{
    struct qp_point point = ring->points[at % ring->count];
    struct qp_point origin = ring->points[0];
    return (struct spot){((double)point.longitude_e7 - origin.longitude_e7) * x_metres,
                         ((double)point.latitude_e7 - origin.latitude_e7) * QP_E7_METRES};
}

/* Degrees between the sides that meet at b, 0 to 180. */
static double angle_at(struct spot a, struct spot b, struct spot c)
{
    double ax = a.x - b.x;
    double ay = a.y - b.y;
    double cx = c.x - b.x;
    double cy = c.y - b.y;
    return fabs(atan2(ax * cy - ay * cx, ax * cx + ay * cy)) / RADIANS;
}

static double distance(struct spot a, struct spot b)
{
    return hypot(a.x - b.x, a.y - b.y);
}

static struct spot centre_of(const struct qp_ring *ring, double x_metres)
{
    double area = 0;
    struct spot sum = {0, 0};
    for (size_t i = 0; i < ring->count; i++) {
        struct spot a = spot_at(ring, i, x_metres);
        struct spot b = spot_at(ring, i + 1, x_metres);
        double cross = a.x * b.y - b.x * a.y;
        area += cross;
        sum.x += (a.x + b.x) * cross;
        sum.y += (a.y + b.y) * cross;
    }
    if (area == 0) {
        return sum;
    }
    return (struct spot){sum.x / (3 * area), sum.y / (3 * area)};
}

/* ---- Shapes that nobody walks ---- */

static bool is_circle(const struct qp_ring *ring, double x_metres, double *radius)
{
    struct spot centre = centre_of(ring, x_metres);
    double sum = 0;
    for (size_t i = 0; i < ring->count; i++) {
        sum += distance(centre, spot_at(ring, i, x_metres));
    }
    *radius = sum / (double)ring->count;
    for (size_t i = 0; i < ring->count; i++) {
        double apart = distance(centre, spot_at(ring, i, x_metres)) - *radius;
        if (fabs(apart) > *radius * CIRCLE_PART) {
            return false;
        }
    }
    return true;
}

/* Drawn in metres it is a circle on the ground; drawn in degrees it is one on the screen. */
bool qp_survey_circle(const struct qp_geometry *geometry, double *radius_m)
{
    for (size_t i = 0; geometry->kind == QP_GEOMETRY_POLYGON && i < geometry->polygon_count; i++) {
        const struct qp_ring *ring = &geometry->polygons[i].rings[0];
        if (ring->count >= CIRCLE_VERTICES &&
            (is_circle(ring, scale_x(ring), radius_m) || is_circle(ring, QP_E7_METRES, radius_m))) {
            return true;
        }
    }
    return false;
}

/* Corners of a ring, at most 5: vertices on a straight side are none. */
static size_t corners_of(const struct qp_ring *ring, double x_metres, struct spot corners[5])
{
    size_t count = 0;
    for (size_t i = 0; i < ring->count && count < 5; i++) {
        struct spot before = spot_at(ring, i + ring->count - 1, x_metres);
        struct spot here = spot_at(ring, i, x_metres);
        struct spot after = spot_at(ring, i + 1, x_metres);
        if (angle_at(before, here, after) < 180 - STRAIGHT_DEGREES) {
            corners[count++] = here;
        }
    }
    return count;
}

static bool is_rectangle(const struct qp_ring *ring, double x_metres)
{
    struct spot corners[5];
    if (corners_of(ring, x_metres, corners) != 4) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        double angle = angle_at(corners[(i + 3) % 4], corners[i], corners[(i + 1) % 4]);
        if (fabs(angle - 90) > RIGHT_ANGLE_DEGREES) {
            return false;
        }
    }
    return true;
}

bool qp_survey_rectangle(const struct qp_geometry *geometry)
{
    for (size_t i = 0; geometry->kind == QP_GEOMETRY_POLYGON && i < geometry->polygon_count; i++) {
        const struct qp_ring *ring = &geometry->polygons[i].rings[0];
        if (is_rectangle(ring, scale_x(ring)) || is_rectangle(ring, QP_E7_METRES)) {
            return true;
        }
    }
    return false;
}

bool qp_survey_spike(const struct qp_geometry *geometry, struct qp_spike *spike)
{
    spike->degrees = SPIKE_DEGREES;
    for (size_t i = 0; geometry->kind == QP_GEOMETRY_POLYGON && i < geometry->polygon_count; i++) {
        const struct qp_ring *ring = &geometry->polygons[i].rings[0];
        double x_metres = scale_x(ring);
        for (size_t j = 0; j < ring->count; j++) {
            struct spot before = spot_at(ring, j + ring->count - 1, x_metres);
            struct spot here = spot_at(ring, j, x_metres);
            struct spot after = spot_at(ring, j + 1, x_metres);
            double degrees = angle_at(before, here, after);
            if (degrees < spike->degrees && distance(here, before) >= SPIKE_ARM_METRES &&
                distance(here, after) >= SPIKE_ARM_METRES) {
                *spike = (struct qp_spike){.vertex = j + 1, .degrees = degrees};
            }
        }
    }
    return spike->degrees < SPIKE_DEGREES;
}
