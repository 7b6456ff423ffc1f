#include "test.h"

#include "geo/shapes.h"

#include <quipu/geo.h>

#include <time.h>

static const char *code_of(const struct qp_geometry *geometry, unsigned flags)
{
    static struct qp_geometry_fault fault;
    struct qp_err err;
    enum qp_code rc = qp_geometry_check(geometry, flags, &fault, &err);
    if (rc == QP_OK) {
        return "ok";
    }
    assert_int_equal(rc, QP_E_REFUSED);
    assert_string_equal(err.rule, fault.code);
    return fault.code;
}

#define POINTS_MAX 9

static void names_what_is_wrong_with_a_ring(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        size_t count;
        struct qp_point points[POINTS_MAX];
    } cases[] = {
        {"ok", 3, {{0, 0}, {10, 0}, {0, 10}}},
        {"ok", 3, {{0, 10}, {10, 0}, {0, 0}}},
        {"ok", 5, {{0, 0}, {5, 0}, {10, 0}, {10, 10}, {0, 10}}},
        {"ok", 6, {{0, 0}, {10, 0}, {10, 10}, {6, 10}, {5, 1}, {4, 10}}},
        {"ok", 3, {{-1800000000, -900000000}, {1800000000, -900000000}, {1800000000, 900000000}}},
        {"GEO-FEW", 1, {{0, 0}}},
        {"GEO-FEW", 2, {{0, 0}, {1, 1}}},
        {"GEO-FEW", 4, {{0, 0}, {1, 1}, {0, 0}, {1, 1}}},
        {"GEO-FEW", 3, {{5, 5}, {5, 5}, {5, 5}}},
        {"GEO-REPEAT", 4, {{0, 0}, {10, 0}, {10, 0}, {0, 10}}},
        {"GEO-REPEAT", 4, {{0, 0}, {10, 0}, {0, 10}, {0, 0}}},
        {"GEO-FLAT", 3, {{0, 0}, {5, 5}, {10, 10}}},
        {"GEO-FLAT", 4, {{0, 3}, {0, 9}, {0, 1}, {0, 5}}},
        {"GEO-OVERLAP-SIDE", 4, {{0, 0}, {10, 0}, {5, 0}, {5, 10}}},
        {"GEO-OVERLAP-SIDE", 5, {{0, 0}, {10, 0}, {10, 10}, {20, 10}, {10, 10}}},
        {"GEO-OVERLAP-SIDE",
         8,
         {{0, 0}, {10, 0}, {10, 5}, {2, 5}, {2, 0}, {8, 0}, {8, -3}, {0, -3}}},
        {"GEO-OVERLAP-SIDE", 6, {{0, 0}, {10, 0}, {10, 10}, {0, 10}, {10, 10}, {10, 0}}},
        {"GEO-TOUCH", 6, {{0, 0}, {10, 0}, {5, 5}, {10, 10}, {0, 10}, {5, 5}}},
        {"GEO-TOUCH", 5, {{0, 0}, {10, 0}, {10, 10}, {5, 0}, {0, 10}}},
        {"GEO-TOUCH", 6, {{0, 0}, {10, 0}, {10, 10}, {0, 5}, {-5, 9}, {0, 9}}},
        {"GEO-CROSS", 4, {{0, 0}, {10, 10}, {10, 0}, {0, 10}}},
        {"GEO-CROSS", 5, {{0, 0}, {4, 10}, {8, 0}, {-1, 6}, {9, 6}}},
        {"GEO-CROSS",
         4,
         {{-1800000000, -900000000}, {1800000000, 900000000}, {1800000000, -900000000}, {0, 1}}},
        {"GEO-RANGE", 3, {{0, 0}, {1800000001, 0}, {0, 10}}},
        {"GEO-RANGE", 3, {{0, 0}, {10, 0}, {0, -900000001}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        /* From each first vertex, and both ways round. */
        for (size_t start = 0; start < 2 * cases[i].count; start++) {
            struct qp_point points[POINTS_MAX];
            for (size_t k = 0; k < cases[i].count; k++) {
                size_t at = start < cases[i].count ? start + k : start + cases[i].count - k;
                points[k] = cases[i].points[at % cases[i].count];
            }
            struct qp_ring ring = {points, cases[i].count};
            struct shape shape;
            const char *code = code_of(shape_of(&shape, &ring, 1), QP_GEOMETRY_AS_IS);
            if (strcmp(code, cases[i].code) != 0) {
                fail_msg("case %zu from %zu: %s, not %s", i, start, code, cases[i].code);
            }
        }
    }
}

static void names_the_vertex_and_where_it_is(void **state)
{
    (void)state;
    static const struct qp_point points[] = {{-761234567, -61234567},
                                             {-761234000, -61234000},
                                             {-761234000, -61234567},
                                             {-761234567, -61234000}};
    const struct qp_ring ring = RING(points);
    struct shape shape;
    struct qp_geometry_fault fault;
    struct qp_err err;
    assert_int_equal(qp_geometry_check(shape_of(&shape, &ring, 1), 0, &fault, &err), QP_E_REFUSED);
    assert_string_equal(fault.code, "GEO-CROSS");
    assert_int_equal(fault.spot.vertex, 0);
    assert_int_equal(fault.other.vertex, 2);
    assert_int_equal(fault.other.point.longitude_e7, -761234000);
    assert_string_equal(err.text,
                        "vertex 1 at -76.1234567, -6.1234567 and vertex 3 at -76.1234000, "
                        "-6.1234567: the sides that begin here cross; put the vertices in walking "
                        "order");
}

static void judges_six_decimals_when_asked(void **state)
{
    (void)state;
    static const struct qp_point near[] = {{0, 0}, {1000, 0}, {1003, 1}, {0, 1000}};
    static const struct qp_point thin[] = {{0, 0}, {1000, 0}, {1000, 4}, {500, 3}, {0, 4}};
    static const struct qp_point apart[] = {{0, 0}, {1000, 0}, {1006, 1}, {0, 1000}};
    const struct qp_ring rings[] = {RING(near), RING(thin), RING(apart)};
    static const char *const codes[] = {"GEO-REPEAT", "GEO-REPEAT", "ok"};
    for (size_t i = 0; i < 3; i++) {
        struct shape shape;
        const struct qp_geometry *geometry = shape_of(&shape, &rings[i], 1);
        assert_string_equal(code_of(geometry, QP_GEOMETRY_AS_IS), "ok");
        assert_string_equal(code_of(geometry, QP_GEOMETRY_SIX_DECIMALS), codes[i]);
    }
}

/* A square of side `size` with its lower left corner at x, y. */
static void put_square(struct qp_point points[4], int32_t x, int32_t y, int32_t size)
{
    points[0] = (struct qp_point){x, y};
    points[1] = (struct qp_point){x + size, y};
    points[2] = (struct qp_point){x + size, y + size};
    points[3] = (struct qp_point){x, y + size};
}

static void knows_which_ring_lies_inside_which(void **state)
{
    (void)state;
    /* Exterior, two holes; x, y, size. */
    static const struct {
        const char *code;
        int32_t squares[3][3];
    } cases[] = {
        {"ok", {{0, 0, 100}, {10, 10, 20}, {50, 50, 20}}},
        {"GEO-HOLE-OUTSIDE", {{0, 0, 100}, {10, 10, 20}, {150, 50, 20}}},
        {"GEO-HOLE-OUTSIDE", {{30, 30, 10}, {0, 0, 100}, {150, 50, 20}}},
        {"GEO-OVERLAP", {{0, 0, 100}, {10, 10, 50}, {20, 20, 20}}},
        {"GEO-OVERLAP", {{0, 0, 100}, {20, 20, 20}, {10, 10, 50}}},
        {"GEO-CROSS", {{0, 0, 100}, {90, 90, 20}, {50, 50, 20}}},
        {"GEO-CROSS", {{0, 0, 100}, {10, 10, 20}, {20, 20, 20}}},
        {"GEO-TOUCH", {{0, 0, 100}, {10, 10, 20}, {30, 30, 20}}},
        {"GEO-OVERLAP-SIDE", {{0, 0, 100}, {10, 10, 20}, {30, 10, 20}}},
        {"GEO-OVERLAP-SIDE", {{0, 0, 100}, {0, 10, 20}, {50, 50, 20}}},
        {"GEO-OVERLAP-SIDE", {{0, 0, 100}, {0, 0, 100}, {50, 50, 20}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_point points[3][4];
        struct qp_ring rings[3];
        for (size_t k = 0; k < 3; k++) {
            const int32_t *at = cases[i].squares[k];
            put_square(points[k], at[0], at[1], at[2]);
            rings[k] = (struct qp_ring){points[k], 4};
        }
        struct shape shape;
        assert_string_equal(code_of(shape_of(&shape, rings, 3), 0), cases[i].code);
    }
}

static void polygons_of_one_geometry_keep_apart(void **state)
{
    (void)state;
    struct qp_point points[4][4];
    put_square(points[0], 0, 0, 100);
    put_square(points[1], 20, 20, 60); /* hole of the first */
    const struct qp_ring with_hole[] = {{points[0], 4}, {points[1], 4}};
    static const struct {
        const char *code;
        int32_t square[3];
    } cases[] = {
        {"ok", {200, 0, 10}},          {"ok", {30, 30, 10}},
        {"GEO-OVERLAP", {5, 5, 10}},   {"GEO-OVERLAP", {-5, -5, 200}},
        {"GEO-OVERLAP", {10, 10, 80}}, {"GEO-CROSS", {90, 90, 50}},
        {"GEO-TOUCH", {100, 100, 50}}, {"GEO-OVERLAP-SIDE", {100, 0, 100}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int32_t *at = cases[i].square;
        put_square(points[2], at[0], at[1], at[2]);
        const struct qp_ring alone = {points[2], 4};
        for (size_t swap = 0; swap < 2; swap++) {
            struct qp_polygon polygons[2] = {{with_hole, 2}, {&alone, 1}};
            if (swap == 1) {
                polygons[0] = (struct qp_polygon){&alone, 1};
                polygons[1] = (struct qp_polygon){with_hole, 2};
            }
            struct qp_geometry geometry = {
                .kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = 2};
            assert_string_equal(code_of(&geometry, 0), cases[i].code);
        }
    }
}

static void refuses_counts_over_the_limits(void **state)
{
    (void)state;
    struct qp_geometry none = {.kind = QP_GEOMETRY_POLYGON};
    assert_string_equal(code_of(&none, 0), "GEO-KIND");
    none.kind = (enum qp_geometry_kind)3;
    assert_string_equal(code_of(&none, 0), "GEO-KIND");
    struct qp_point points[4];
    put_square(points, 0, 0, 10);
    struct qp_ring ring = {points, 4};
    struct qp_polygon polygons[QP_GEO_POLYGONS_MAX + 1];
    struct qp_ring rings[QP_GEO_RINGS_MAX + 1];
    for (size_t i = 0; i <= QP_GEO_POLYGONS_MAX; i++) {
        polygons[i] = (struct qp_polygon){&ring, 1};
    }
    for (size_t i = 0; i <= QP_GEO_RINGS_MAX; i++) {
        rings[i] = ring;
    }
    struct qp_geometry many = {.kind = QP_GEOMETRY_POLYGON,
                               .polygons = polygons,
                               .polygon_count = QP_GEO_POLYGONS_MAX + 1};
    assert_string_equal(code_of(&many, 0), "GEO-MANY");
    struct shape shape;
    assert_string_equal(code_of(shape_of(&shape, rings, QP_GEO_RINGS_MAX + 1), 0), "GEO-MANY");
    struct qp_point *crowd = calloc(QP_GEO_POINTS_MAX + 1, sizeof *crowd);
    assert_non_null(crowd);
    ring = (struct qp_ring){crowd, QP_GEO_POINTS_MAX + 1};
    assert_string_equal(code_of(shape_of(&shape, &ring, 1), 0), "GEO-MANY");
    free(crowd);
}

/* An independent judge: every pair of sides, by solving for the point where they meet. */
static int64_t cross(struct qp_point o, struct qp_point a, struct qp_point b)
{
    return ((int64_t)a.longitude_e7 - o.longitude_e7) * ((int64_t)b.latitude_e7 - o.latitude_e7) -
           ((int64_t)a.latitude_e7 - o.latitude_e7) * ((int64_t)b.longitude_e7 - o.longitude_e7);
}

static int overlap_1d(int64_t a, int64_t b, int64_t c, int64_t d)
{
    int64_t low = (a < b ? a : b) > (c < d ? c : d) ? (a < b ? a : b) : (c < d ? c : d);
    int64_t high = (a < b ? b : a) < (c < d ? d : c) ? (a < b ? b : a) : (c < d ? d : c);
    return low <= high;
}

static int meet(struct qp_point a, struct qp_point b, struct qp_point c, struct qp_point d)
{
    /* a + t (b - a) = c + u (d - c) */
    int64_t rx = (int64_t)b.longitude_e7 - a.longitude_e7;
    int64_t ry = (int64_t)b.latitude_e7 - a.latitude_e7;
    int64_t sx = (int64_t)d.longitude_e7 - c.longitude_e7;
    int64_t sy = (int64_t)d.latitude_e7 - c.latitude_e7;
    int64_t qx = (int64_t)c.longitude_e7 - a.longitude_e7;
    int64_t qy = (int64_t)c.latitude_e7 - a.latitude_e7;
    int64_t bottom = rx * sy - ry * sx;
    int64_t t = qx * sy - qy * sx;
    int64_t u = qx * ry - qy * rx;
    if (bottom < 0) {
        bottom = -bottom;
        t = -t;
        u = -u;
    }
    if (bottom != 0) {
        return t >= 0 && t <= bottom && u >= 0 && u <= bottom;
    }
    return cross(a, b, c) == 0 &&
           overlap_1d(a.longitude_e7, b.longitude_e7, c.longitude_e7, d.longitude_e7) &&
           overlap_1d(a.latitude_e7, b.latitude_e7, c.latitude_e7, d.latitude_e7);
}

static int is_simple(const struct qp_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct qp_point a = points[i];
        struct qp_point b = points[(i + 1) % count];
        struct qp_point after = points[(i + 2) % count];
        int64_t turn = cross(a, b, after);
        int64_t ahead =
            ((int64_t)b.longitude_e7 - a.longitude_e7) *
                ((int64_t)after.longitude_e7 - b.longitude_e7) +
            ((int64_t)b.latitude_e7 - a.latitude_e7) * ((int64_t)after.latitude_e7 - b.latitude_e7);
        if (turn == 0 && ahead <= 0) {
            return 0;
        }
        for (size_t k = i + 2; k < count; k++) {
            if ((k + 1) % count != i && meet(a, b, points[k], points[(k + 1) % count])) {
                return 0;
            }
        }
    }
    return 1;
}

/* Rings on a small grid, where every kind of contact is common. */
static void agrees_with_a_plain_judge_on_random_rings(void **state)
{
    (void)state;
    uint64_t random = 42;
    size_t sound = 0;
    for (size_t round = 0; round < 60000; round++) {
        struct qp_point points[12];
        size_t count = 3 + shape_random(&random) % 10;
        uint32_t grid = 3 + shape_random(&random) % 12;
        for (size_t i = 0; i < count; i++) {
            points[i].longitude_e7 = (int32_t)(shape_random(&random) % grid);
            points[i].latitude_e7 = (int32_t)(shape_random(&random) % grid);
        }
        struct qp_ring ring = {points, count};
        struct shape shape;
        int ok = strcmp(code_of(shape_of(&shape, &ring, 1), 0), "ok") == 0;
        if (ok != is_simple(points, count)) {
            for (size_t i = 0; i < count; i++) {
                printf("{%d, %d}, ", points[i].longitude_e7, points[i].latitude_e7);
            }
            fail_msg("round %zu: we say %d", round, ok);
        }
        sound += (size_t)ok;
    }
    assert_true(sound > 2000);
}

/* Two rings as polygons of one geometry: sound when no sides meet and neither lies in the other. */
static void agrees_with_a_plain_judge_on_random_pairs(void **state)
{
    (void)state;
    uint64_t random = 4711;
    size_t sound = 0;
    for (size_t round = 0; round < 60000; round++) {
        struct qp_point points[2][5];
        struct qp_ring rings[2];
        int expect = 1;
        for (size_t r = 0; r < 2; r++) {
            size_t count = 3 + shape_random(&random) % 3;
            uint32_t grid = r == 0 ? 12 : 5;
            for (size_t i = 0; i < count; i++) {
                points[r][i].longitude_e7 = (int32_t)(shape_random(&random) % grid);
                points[r][i].latitude_e7 = (int32_t)(shape_random(&random) % grid);
            }
            rings[r] = (struct qp_ring){points[r], count};
            expect = expect && is_simple(points[r], count);
        }
        for (size_t i = 0; i < rings[0].count && expect; i++) {
            for (size_t k = 0; k < rings[1].count && expect; k++) {
                expect = !meet(points[0][i], points[0][(i + 1) % rings[0].count], points[1][k],
                               points[1][(k + 1) % rings[1].count]);
            }
        }
        int nested = 0;
        if (expect) {
            /* A long ray, slanted so that it passes no grid point, from each ring's first vertex.
             */
            for (size_t r = 0; r < 2; r++) {
                struct qp_point from = points[r][0];
                struct qp_point to = {from.longitude_e7 + 1000003, from.latitude_e7 + 1000};
                const struct qp_ring *other = &rings[1 - r];
                size_t hits = 0;
                for (size_t i = 0; i < other->count; i++) {
                    hits += (size_t)meet(from, to, other->points[i],
                                         other->points[(i + 1) % other->count]);
                }
                nested += hits % 2 == 1;
            }
        }
        struct qp_polygon polygons[2] = {{&rings[0], 1}, {&rings[1], 1}};
        struct qp_geometry geometry = {
            .kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = 2};
        int ok = strcmp(code_of(&geometry, 0), "ok") == 0;
        assert_int_equal(ok, expect && nested == 0);
        sound += (size_t)ok;
        /* The second as a hole of the first: sound when it lies inside. */
        struct shape shape;
        ok = strcmp(code_of(shape_of(&shape, rings, 2), 0), "ok") == 0;
        if (ok) {
            assert_true(expect && nested == 1);
        }
    }
    assert_true(sound > 300);
}

/* Long teeth side by side: every side reaches over all the others in both directions. */
static void put_comb(struct qp_point *points, size_t count, int32_t slope)
{
    for (size_t i = 0; i < count; i++) {
        int32_t tooth = (int32_t)i * 1000;
        int32_t far = i % 2 == 0 ? 0 : 500000000;
        points[i] = (struct qp_point){far, tooth + far / 1000 * slope};
    }
    points[count - 1] = (struct qp_point){-100000000, -1000};
}

static void put_round(struct qp_point *points, size_t count)
{
    /* Rational points of a circle, so that no floating point is needed: t from -1 to 1 gives the
     * right half, its mirror image the left. */
    size_t half = count / 2;
    for (size_t i = 0; i < half; i++) {
        int64_t t = 2 * (int64_t)i - (int64_t)half + 1;
        int64_t n = (int64_t)half;
        int64_t bottom = n * n + t * t;
        points[i] = (struct qp_point){(int32_t)(400000000 * (n * n - t * t) / bottom),
                                      (int32_t)(400000000 * 2 * n * t / bottom)};
        points[count - 1 - i] =
            (struct qp_point){-points[i].longitude_e7 - 1, points[i].latitude_e7};
    }
}

static void twenty_thousand_points_take_no_time_even_when_hostile(void **state)
{
    (void)state;
    static struct qp_point points[QP_GEO_POINTS_MAX];
    static const char *const names[] = {"round", "level comb", "slanted comb", "steep comb",
                                        "upright comb"};
    for (size_t shape_index = 0; shape_index < 5; shape_index++) {
        switch (shape_index) {
        case 0:
            put_round(points, QP_GEO_POINTS_MAX);
            break;
        case 4:
            put_comb(points, QP_GEO_POINTS_MAX, 0);
            for (size_t i = 0; i < QP_GEO_POINTS_MAX; i++) {
                int32_t swap = points[i].longitude_e7;
                points[i].longitude_e7 = points[i].latitude_e7;
                points[i].latitude_e7 = swap;
            }
            break;
        default:
            put_comb(points, QP_GEO_POINTS_MAX, ((int32_t)shape_index - 1) * 700);
            break;
        }
        struct qp_ring ring = {points, QP_GEO_POINTS_MAX};
        struct shape shape;
        const struct qp_geometry *geometry = shape_of(&shape, &ring, 1);
        clock_t begin = clock();
        const char *code = code_of(geometry, 0);
        double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
        printf("  %s: %s, %.3f s\n", names[shape_index], code, seconds);
        assert_string_equal(code, "ok");
        /* Under sanitizers; a test of each pair of sides would take longer by far. */
        assert_true(seconds < 1.5);
        /* One vertex put on a far one: found just as fast. */
        struct qp_point kept = points[QP_GEO_POINTS_MAX / 2];
        points[QP_GEO_POINTS_MAX / 2] = points[QP_GEO_POINTS_MAX / 4];
        assert_string_not_equal(code_of(geometry, 0), "ok");
        points[QP_GEO_POINTS_MAX / 2] = kept;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_is_wrong_with_a_ring),
        cmocka_unit_test(names_the_vertex_and_where_it_is),
        cmocka_unit_test(judges_six_decimals_when_asked),
        cmocka_unit_test(knows_which_ring_lies_inside_which),
        cmocka_unit_test(polygons_of_one_geometry_keep_apart),
        cmocka_unit_test(refuses_counts_over_the_limits),
        cmocka_unit_test(agrees_with_a_plain_judge_on_random_rings),
        cmocka_unit_test(agrees_with_a_plain_judge_on_random_pairs),
        cmocka_unit_test(twenty_thousand_points_take_no_time_even_when_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
