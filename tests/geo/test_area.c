#include "test.h"

#include "geo/shapes.h"

#include <quipu/geo.h>

#include <math.h>

#define RADIUS_M 6378137.0
#define PI 3.14159265358979323846

/* The same formula in double precision, with each longitude taken from the first so that little
 * is lost. */
static double area_in_doubles(const struct qp_ring *ring)
{
    double sum = 0;
    for (size_t i = 0; i < ring->count; i++) {
        struct qp_point before = ring->points[(i + ring->count - 1) % ring->count];
        struct qp_point after = ring->points[(i + 1) % ring->count];
        double difference = (double)after.longitude_e7 - (double)before.longitude_e7;
        sum += difference * (sin(ring->points[i].latitude_e7 * (PI / 180e7)) -
                             sin(ring->points[0].latitude_e7 * (PI / 180e7)));
    }
    return fabs(sum) * (PI / 180e7) * RADIUS_M * RADIUS_M / 2;
}

static uint64_t area_of(const struct qp_ring *rings, size_t count)
{
    struct shape shape;
    uint64_t area = 0;
    assert_ok(qp_geometry_area_m2(shape_of(&shape, rings, count), &area, err));
    return area;
}

static void agrees_with_doubles_from_a_garden_to_a_continent(void **state)
{
    (void)state;
    uint64_t random = 11;
    for (size_t round = 0; round < 20000; round++) {
        /* A triangle or a quadrangle around a centre, up to 30 degrees wide. */
        int32_t reach = (int32_t)(100 + (shape_random(&random) % 300000000 >> (round % 20)));
        int32_t x = (int32_t)(shape_random(&random) % 3000000000U) - 1500000000;
        int32_t y = (int32_t)(shape_random(&random) % 1000000000U) - 500000000;
        struct qp_point points[4] = {
            {x, y - reach},
            {x + reach / 2 + (int32_t)(shape_random(&random) % (uint32_t)reach) / 2, y},
            {x, y + reach},
            {x - reach, y + (int32_t)(shape_random(&random) % (uint32_t)reach) / 3}};
        struct qp_ring ring = {points, 3 + round % 2};
        double expected = area_in_doubles(&ring);
        double got = (double)area_of(&ring, 1);
        double allowed = 0.51 + expected * 1e-11;
        if (fabs(got - expected) > allowed) {
            fail_msg("round %zu: %.3f m2, doubles say %.3f", round, got, expected);
        }
    }
}

/* One degree by one degree on the equator: R² · (π/180) · sin 1°. A quarter of the northern half:
 * π/2 · R²; 30 by 30 degrees: π/12 · R². The last digits computed with 60 decimals. */
static void gives_known_areas(void **state)
{
    (void)state;
    static const struct qp_point degree[] = {
        {0, 0}, {10000000, 0}, {10000000, 10000000}, {0, 10000000}};
    static const struct qp_point octant[] = {
        {0, 0}, {900000000, 0}, {900000000, 900000000}, {0, 900000000}};
    static const struct qp_point wide[] = {
        {0, 0}, {300000000, 0}, {300000000, 300000000}, {0, 300000000}};
    static const struct qp_point speck[] = {{0, 0}, {100, 0}, {100, 100}, {0, 100}};
    const struct qp_ring rings[] = {RING(degree), RING(octant), RING(speck), RING(wide)};
    assert_int_equal(area_of(&rings[0], 1), UINT64_C(12391399902));
    assert_int_equal(area_of(&rings[1], 1), UINT64_C(63900986674476));
    assert_int_equal(area_of(&rings[2], 1), 1);
    assert_int_equal(area_of(&rings[3], 1), UINT64_C(10650164445746));
}

static void subtracts_holes_and_adds_polygons(void **state)
{
    (void)state;
    static const struct qp_point outer[] = {{-760000000, -60000000},
                                            {-759000000, -60000000},
                                            {-759000000, -59000000},
                                            {-760000000, -59000000}};
    static const struct qp_point inner[] = {{-759800000, -59800000},
                                            {-759800000, -59200000},
                                            {-759200000, -59200000},
                                            {-759200000, -59800000}};
    static const struct qp_point apart[] = {{0, 0}, {1000000, 0}, {1000000, 1000000}};
    const struct qp_ring rings[] = {RING(outer), RING(inner)};
    const struct qp_ring alone = RING(apart);
    uint64_t whole = area_of(&rings[0], 1);
    uint64_t hole = area_of(&rings[1], 1);
    uint64_t other = area_of(&alone, 1);
    uint64_t net = area_of(rings, 2);
    assert_in_range(net, whole - hole - 1, whole - hole + 1);
    const struct qp_polygon polygons[] = {{rings, 2}, {&alone, 1}};
    const struct qp_geometry both = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = 2};
    uint64_t sum = 0;
    assert_ok(qp_geometry_area_m2(&both, &sum, err));
    assert_in_range(sum, net + other - 1, net + other + 1);
    const struct qp_ring inside_out[] = {RING(inner), RING(outer)};
    struct shape shape;
    assert_int_equal(qp_geometry_area_m2(shape_of(&shape, inside_out, 2), &sum, NULL),
                     QP_E_REFUSED);
}

static void a_point_has_no_area(void **state)
{
    (void)state;
    const struct qp_geometry point = {.kind = QP_GEOMETRY_POINT, .point = {-760000000, 0}};
    uint64_t area = 7;
    assert_ok(qp_geometry_area_m2(&point, &area, err));
    assert_int_equal(area, 0);
}

/* The largest sum there can be, from a ring that no check would pass. */
static void does_not_overflow_on_the_worst_ring(void **state)
{
    (void)state;
    static struct qp_point points[QP_GEO_POINTS_MAX];
    for (size_t i = 0; i < QP_GEO_POINTS_MAX; i++) {
        static const struct qp_point corners[] = {{-1800000000, 900000000},
                                                  {-1800000000, -900000000},
                                                  {1800000000, -900000000},
                                                  {1800000000, 900000000}};
        points[i] = corners[i % 4];
    }
    struct qp_ring ring = {points, QP_GEO_POINTS_MAX};
    double expected = area_in_doubles(&ring);
    double got = (double)area_of(&ring, 1);
    assert_true(fabs(got / expected - 1) < 1e-10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_doubles_from_a_garden_to_a_continent),
        cmocka_unit_test(gives_known_areas),
        cmocka_unit_test(subtracts_holes_and_adds_polygons),
        cmocka_unit_test(a_point_has_no_area),
        cmocka_unit_test(does_not_overflow_on_the_worst_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
