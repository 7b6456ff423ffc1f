#include "test.h"

#include "core/alloc.h"
#include "geo/shapes.h"
#include "geo/split.h"

__extension__ typedef __int128 wide;

/* Twice the area, in whole square units. */
static wide ring_area(const struct qp_ring *ring)
{
    wide sum = 0;
    for (size_t i = 0; i < ring->count; i++) {
        struct qp_point a = ring->points[i];
        struct qp_point b = ring->points[(i + 1) % ring->count];
        sum += (wide)a.longitude_e7 * b.latitude_e7 - (wide)b.longitude_e7 * a.latitude_e7;
    }
    return sum < 0 ? -sum : sum;
}

static wide area_of(const struct qp_geometry *geometry)
{
    wide sum = 0;
    for (size_t i = 0; i < geometry->polygon_count; i++) {
        sum += ring_area(&geometry->polygons[i].rings[0]);
        for (size_t k = 1; k < geometry->polygons[i].ring_count; k++) {
            sum -= ring_area(&geometry->polygons[i].rings[k]);
        }
    }
    return sum;
}

/* A point is inside the whole exactly when it is inside one part or on the border of two: nothing
 * is lost, nothing is there twice. */
static void check_point(const struct qp_geometry *whole, const struct qp_geometry *parts,
                        size_t count, struct qp_point point)
{
    size_t inside = 0;
    size_t on_border = 0;
    for (size_t i = 0; i < count; i++) {
        enum qp_place place = qp_geometry_contains(&parts[i], point);
        inside += place == QP_PLACE_INSIDE;
        on_border += place == QP_PLACE_BOUNDARY;
    }
    switch (qp_geometry_contains(whole, point)) {
    case QP_PLACE_OUTSIDE:
        assert_int_equal(inside + on_border, 0);
        break;
    case QP_PLACE_BOUNDARY:
        assert_int_equal(inside, 0);
        assert_true(on_border >= 1);
        break;
    case QP_PLACE_INSIDE:
        assert_true((inside == 1 && on_border == 0) || (inside == 0 && on_border == 2));
        break;
    default:
        fail();
    }
}

static size_t check_split(const struct qp_geometry *whole, uint64_t *seed)
{
    struct qp_arena arena;
    struct qp_geometry *parts = NULL;
    size_t count = 0;
    size_t rings = 0;
    wide area = 0;
    uint64_t whole_m2 = 0;
    uint64_t parts_m2 = 0;
    qp_arena_init(&arena, 0);
    assert_ok(qp_geometry_split(whole, &arena, &parts, &count, err));
    for (size_t i = 0; i < whole->polygon_count; i++) {
        rings += whole->polygons[i].ring_count;
    }
    assert_in_range(count, whole->polygon_count, rings);
    for (size_t i = 0; i < count; i++) {
        uint64_t area_m2 = 0;
        assert_int_equal(parts[i].polygon_count, 1);
        assert_int_equal(parts[i].polygons[0].ring_count, 1);
        assert_ok(qp_geometry_check(&parts[i], QP_GEOMETRY_AS_IS, NULL, err));
        assert_ok(qp_geometry_area_m2(&parts[i], &area_m2, err));
        area += area_of(&parts[i]);
        parts_m2 += area_m2;
    }
    assert_true(area == area_of(whole));
    assert_ok(qp_geometry_area_m2(whole, &whole_m2, err));
    assert_true(parts_m2 <= whole_m2 + count && whole_m2 <= parts_m2 + count);
    struct qp_box box = qp_geometry_box(whole);
    uint32_t width = (uint32_t)(box.north_east.longitude_e7 - box.south_west.longitude_e7) + 1;
    uint32_t height = (uint32_t)(box.north_east.latitude_e7 - box.south_west.latitude_e7) + 1;
    for (int i = 0; i < 60; i++) {
        struct qp_point point = {
            box.south_west.longitude_e7 + (int32_t)(shape_random(seed) % width),
            box.south_west.latitude_e7 + (int32_t)(shape_random(seed) % height)};
        check_point(whole, parts, count, point);
    }
    qp_arena_wipe(&arena);
    return count;
}

#define CELLS 4
#define HOLE_POINTS 7

struct drawing {
    struct qp_point points[1 + CELLS * CELLS][4 * CELLS + HOLE_POINTS];
    struct qp_ring rings[1 + CELLS * CELLS];
};

/* A jagged outline around cells of `size`, and in some of the cells a hole. Coordinates are small,
 * so that many vertices stand above one another. */
static size_t draw(struct drawing *drawing, int32_t size, uint64_t *seed)
{
    struct qp_point *outline = drawing->points[0];
    size_t count = 0;
    for (int side = 0; side < 4; side++) {
        for (int32_t i = 0; i < CELLS; i++) {
            int32_t along = i * size;
            int32_t out = -1 - (int32_t)(shape_random(seed) % (uint32_t)size);
            int32_t full = CELLS * size;
            static const int turn[4][4] = {
                {1, 0, 0, 1}, {0, -1, 1, 0}, {-1, 0, 0, -1}, {0, 1, -1, 0}};
            int32_t x = turn[side][0] * along + turn[side][1] * out;
            int32_t y = turn[side][2] * along + turn[side][3] * out;
            outline[count++] = (struct qp_point){x + (side == 1 || side == 2 ? full : 0),
                                                 y + (side >= 2 ? full : 0)};
        }
    }
    drawing->rings[0] = (struct qp_ring){outline, count};
    size_t rings = 1;
    for (int32_t cell = 0; cell < CELLS * CELLS; cell++) {
        if (shape_random(seed) % 3 == 0) {
            continue;
        }
        struct qp_point *hole = drawing->points[rings];
        size_t corners = 3 + shape_random(seed) % (HOLE_POINTS - 2);
        for (size_t i = 0; i < corners; i++) {
            hole[i].longitude_e7 =
                cell % CELLS * size + (int32_t)(shape_random(seed) % (uint32_t)size);
            hole[i].latitude_e7 =
                cell / CELLS * size + (int32_t)(shape_random(seed) % (uint32_t)size);
        }
        drawing->rings[rings] = (struct qp_ring){hole, corners};
        struct shape alone;
        if (qp_geometry_check(shape_of(&alone, &drawing->rings[rings], 1), 0, NULL, NULL) ==
            QP_OK) {
            rings++;
        }
    }
    return rings;
}

static void cuts_random_polygons_without_loss(void **state)
{
    (void)state;
    uint64_t seed = 20261121;
    size_t tried = 0;
    size_t most = 0;
    static const int32_t sizes[] = {5, 8, 20, 300, 40000};
    for (int i = 0; i < 4000; i++) {
        struct drawing drawing;
        struct shape shape;
        size_t rings = draw(&drawing, sizes[i % 5], &seed);
        const struct qp_geometry *whole = shape_of(&shape, drawing.rings, rings);
        if (qp_geometry_check(whole, QP_GEOMETRY_AS_IS, NULL, NULL) != QP_OK) {
            continue;
        }
        size_t count = check_split(whole, &seed);
        tried++;
        most = count > most ? count : most;
    }
    print_message("%zu polygons cut, into %zu parts at most\n", tried, most);
    assert_in_range(tried, 1000, 4000);
    assert_in_range(most, 8, 1 + CELLS * CELLS);
}

/* One hole in the arms of another: what lies left of it and right of it is the same ring. */
static void cuts_a_hole_that_another_embraces(void **state)
{
    (void)state;
    static const struct qp_point outline[] = {{0, 0}, {100, 0}, {100, 100}, {0, 100}};
    static const struct qp_point arms[] = {{10, 10}, {90, 10}, {90, 90}, {80, 90},
                                           {80, 20}, {20, 20}, {20, 90}, {10, 90}};
    static const struct qp_point inner[] = {{40, 40}, {60, 40}, {50, 60}};
    const struct qp_ring rings[] = {RING(outline), RING(arms), RING(inner)};
    struct shape shape;
    uint64_t seed = 7;
    assert_in_range(check_split(shape_of(&shape, rings, 3), &seed), 2, 3);
}

static void cuts_one_hole_into_two_halves(void **state)
{
    (void)state;
    static const struct qp_point outline[] = {{-771001000, -62001000},
                                              {-770961000, -62002000},
                                              {-770962000, -61961000},
                                              {-771002000, -61962000}};
    static const struct qp_point hole[] = {{-770991000, -61991000},
                                           {-770992000, -61981000},
                                           {-770981000, -61982000},
                                           {-770982000, -61992000}};
    const struct qp_ring rings[] = {RING(outline), RING(hole)};
    struct shape shape;
    uint64_t seed = 8;
    assert_int_equal(check_split(shape_of(&shape, rings, 2), &seed), 2);
}

static void leaves_a_polygon_without_holes_as_it_is(void **state)
{
    (void)state;
    static const struct qp_point one[] = {{0, 0}, {10, 0}, {0, 10}};
    static const struct qp_point two[] = {{20, 0}, {20, 10}, {30, 0}};
    const struct qp_ring rings[] = {RING(one), RING(two)};
    const struct qp_polygon polygons[] = {{&rings[0], 1}, {&rings[1], 1}};
    const struct qp_geometry multi = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = 2};
    const struct qp_geometry point = {.kind = QP_GEOMETRY_POINT};
    struct qp_arena arena;
    struct qp_geometry *parts = NULL;
    size_t count = 0;
    uint64_t seed = 9;
    struct qp_err why;
    assert_int_equal(check_split(&multi, &seed), 2);
    qp_arena_init(&arena, 0);
    assert_ok(qp_geometry_split(&multi, &arena, &parts, &count, err));
    assert_memory_equal(parts[0].polygons[0].rings[0].points, one, sizeof one);
    assert_int_equal(qp_geometry_split(&point, &arena, &parts, &count, &why), QP_E_REFUSED);
    assert_string_equal(why.rule, "GEO-KIND");
    qp_arena_wipe(&arena);
}

/* What no check has accepted ends in a refusal, or in something; never in a loop or a crash. */
static void survives_rings_that_are_not_sound(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int i = 0; i < 3000; i++) {
        struct qp_point points[3][6];
        struct qp_ring rings[3];
        struct shape shape;
        struct qp_arena arena;
        struct qp_geometry *parts = NULL;
        size_t count = 0;
        for (size_t k = 0; k < 3; k++) {
            for (size_t j = 0; j < 6; j++) {
                points[k][j] = (struct qp_point){(int32_t)(shape_random(&seed) % 6),
                                                 (int32_t)(shape_random(&seed) % 6)};
            }
            rings[k] = (struct qp_ring){points[k], 6};
        }
        qp_arena_init(&arena, 0);
        enum qp_code rc =
            qp_geometry_split(shape_of(&shape, rings, 3), &arena, &parts, &count, NULL);
        assert_true(rc == QP_OK || rc == QP_E_REFUSED);
        qp_arena_wipe(&arena);
    }
}

static void survives_when_memory_ends(void **state)
{
    (void)state;
    static const struct qp_point outline[] = {{0, 0}, {100, 0}, {100, 100}, {0, 100}};
    static const struct qp_point hole[] = {{40, 40}, {60, 40}, {50, 60}};
    const struct qp_ring rings[] = {RING(outline), RING(hole)};
    struct shape shape;
    const struct qp_geometry *whole = shape_of(&shape, rings, 2);
    for (size_t limit = 1;; limit += 16) {
        struct qp_arena arena;
        struct qp_geometry *parts = NULL;
        size_t count = 0;
        assert_in_range(limit, 1, 100000);
        qp_arena_init(&arena, limit);
        enum qp_code rc = qp_geometry_split(whole, &arena, &parts, &count, NULL);
        qp_arena_wipe(&arena);
        if (rc == QP_OK) {
            assert_true(limit > 100);
            break;
        }
        assert_int_equal(rc, QP_E_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_random_polygons_without_loss),
        cmocka_unit_test(cuts_a_hole_that_another_embraces),
        cmocka_unit_test(cuts_one_hole_into_two_halves),
        cmocka_unit_test(leaves_a_polygon_without_holes_as_it_is),
        cmocka_unit_test(survives_rings_that_are_not_sound),
        cmocka_unit_test(survives_when_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
