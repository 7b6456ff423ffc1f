#include "test.h"

#include "geo/shapes.h"

#include <quipu/geo.h>

#include "core/alloc.h"

static const struct qp_point square[] = {{0, 0}, {100, 0}, {100, 100}, {0, 100}};
static const struct qp_point hole[] = {{20, 20}, {20, 40}, {40, 40}, {40, 20}};
static const struct qp_point hole_two[] = {{60, 60}, {60, 80}, {80, 80}};
static const struct qp_point far_square[] = {{200, 0}, {300, 0}, {300, 100}};

/* What encode makes of a geometry after normalize. */
static void bytes_of(const struct qp_geometry *geometry, struct qp_buf *out)
{
    struct qp_arena arena = {0};
    struct qp_geometry normal;
    out->len = 0;
    assert_ok(qp_geometry_normalize(geometry, &arena, &normal, err));
    assert_ok(qp_geometry_encode(&normal, out, err));
    qp_arena_wipe(&arena);
}

static void a_point_has_ten_bytes(void **state)
{
    (void)state;
    struct qp_geometry point = {.kind = QP_GEOMETRY_POINT, .point = {-761234567, -61234567}};
    struct qp_buf out = {0};
    char hex[64];
    bytes_of(&point, &out);
    qp_hex_encode(hex, qp_span_buf(&out));
    assert_string_equal(hex, "0101d2a07b79fc59a279");
    struct qp_arena arena = {0};
    struct qp_geometry back;
    assert_ok(qp_geometry_decode(qp_span_buf(&out), &arena, &back, err));
    assert_int_equal(back.kind, QP_GEOMETRY_POINT);
    assert_int_equal(back.point.longitude_e7, -761234567);
    assert_int_equal(back.point.latitude_e7, -61234567);
    qp_arena_wipe(&arena);
    qp_buf_wipe(&out);
}

static void a_triangle_has_these_bytes(void **state)
{
    (void)state;
    static const struct qp_point points[] = {{5, 1}, {1, 2}, {-1, -1}};
    const struct qp_ring ring = RING(points);
    struct shape shape;
    struct qp_buf out = {0};
    char hex[128];
    bytes_of(shape_of(&shape, &ring, 1), &out);
    qp_hex_encode(hex, qp_span_buf(&out));
    assert_string_equal(hex, "010200010001"
                             "00000003"
                             "ffffffffffffffff"
                             "0000000500000001"
                             "0000000100000002");
    qp_buf_wipe(&out);
}

static void one_plot_drawn_in_any_way_has_one_form(void **state)
{
    (void)state;
    struct qp_buf first = {0};
    struct qp_buf other = {0};
    for (size_t turn = 0; turn < 2; turn++) {
        for (size_t start = 0; start < 4; start++) {
            struct qp_point exterior[4];
            struct qp_point inner[4];
            struct qp_point inner_two[3];
            for (size_t i = 0; i < 4; i++) {
                size_t at = turn == 0 ? start + i : start + 4 - i;
                exterior[i] = square[at % 4];
                inner[i] = hole[at % 4];
            }
            for (size_t i = 0; i < 3; i++) {
                inner_two[i] = hole_two[(turn == 0 ? start + i : start + 3 - i) % 3];
            }
            struct qp_ring one[] = {RING(exterior), RING(inner), RING(inner_two)};
            struct qp_ring swapped[] = {RING(exterior), RING(inner_two), RING(inner)};
            struct qp_ring apart = RING(far_square);
            struct qp_polygon polygons[2] = {{start % 2 == 0 ? one : swapped, 3}, {&apart, 1}};
            if (turn == 1) {
                struct qp_polygon swap = polygons[0];
                polygons[0] = polygons[1];
                polygons[1] = swap;
            }
            struct qp_geometry geometry = {
                .kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = 2};
            assert_ok(qp_geometry_check(&geometry, QP_GEOMETRY_AS_IS, NULL, err));
            bytes_of(&geometry, turn == 0 && start == 0 ? &first : &other);
            if (turn != 0 || start != 0) {
                assert_true(qp_span_eq(qp_span_buf(&first), qp_span_buf(&other)));
            }
        }
    }
    qp_buf_wipe(&first);
    qp_buf_wipe(&other);
}

static void refuses_to_encode_what_is_not_normal(void **state)
{
    (void)state;
    static const struct qp_point turned[] = {{0, 0}, {0, 100}, {100, 100}, {100, 0}};
    static const struct qp_point late[] = {{100, 0}, {100, 100}, {0, 100}, {0, 0}};
    const struct qp_ring rings[] = {RING(turned), RING(late)};
    struct qp_buf out = {0};
    for (size_t i = 0; i < 2; i++) {
        struct shape shape;
        assert_int_equal(qp_geometry_encode(shape_of(&shape, &rings[i], 1), &out, NULL),
                         QP_E_USAGE);
    }
    const struct qp_ring out_of_order[] = {RING(square), RING(hole_two), RING(hole)};
    struct shape shape;
    assert_int_equal(qp_geometry_encode(shape_of(&shape, out_of_order, 3), &out, NULL), QP_E_USAGE);
    const struct qp_ring first = RING(square);
    const struct qp_ring second = RING(far_square);
    const struct qp_polygon swapped[] = {{&second, 1}, {&first, 1}};
    const struct qp_polygon twice[] = {{&first, 1}, {&first, 1}};
    const struct qp_polygon *const pairs[] = {swapped, twice};
    for (size_t i = 0; i < 2; i++) {
        const struct qp_geometry pair = {
            .kind = QP_GEOMETRY_POLYGON, .polygons = pairs[i], .polygon_count = 2};
        assert_int_equal(qp_geometry_encode(&pair, &out, NULL), QP_E_USAGE);
    }
    assert_int_equal(out.len, 0);
    qp_buf_wipe(&out);
}

/* The bytes of a polygon with two holes, and one more polygon. */
static void good_bytes(struct qp_buf *out)
{
    const struct qp_ring rings[] = {RING(square), RING(hole), RING(hole_two)};
    const struct qp_ring apart = RING(far_square);
    const struct qp_polygon polygons[] = {{rings, 3}, {&apart, 1}};
    const struct qp_geometry geometry = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = 2};
    bytes_of(&geometry, out);
}

static void every_truncation_and_addition_is_refused(void **state)
{
    (void)state;
    struct qp_buf good = {0};
    struct qp_arena arena = {0};
    struct qp_geometry back;
    good_bytes(&good);
    assert_ok(qp_geometry_decode(qp_span_buf(&good), &arena, &back, err));
    for (size_t len = 0; len < good.len; len++) {
        /* A copy of exactly that size, so that reading one byte too far is seen. */
        uint8_t *cut = malloc(len + (len == 0));
        assert_non_null(cut);
        memcpy(cut, good.data, len);
        assert_int_equal(qp_geometry_decode(qp_span_of(cut, len), &arena, &back, NULL), QP_E_INPUT);
        free(cut);
    }
    assert_ok(qp_buf_add(&good, qp_span_of("", 1), err));
    assert_int_equal(qp_geometry_decode(qp_span_buf(&good), &arena, &back, NULL), QP_E_INPUT);
    qp_arena_wipe(&arena);
    qp_buf_wipe(&good);
}

/* Changed bytes are either refused or mean another geometry, which encodes to the same bytes. */
static void whatever_decodes_encodes_to_the_same_bytes(void **state)
{
    (void)state;
    struct qp_buf good = {0};
    struct qp_buf again = {0};
    struct qp_arena arena = {0};
    uint64_t random = 7;
    size_t accepted = 0;
    good_bytes(&good);
    for (size_t round = 0; round < 60000; round++) {
        uint8_t bytes[160];
        size_t len = good.len;
        assert_in_range(len, 1, sizeof bytes);
        memcpy(bytes, good.data, len);
        if (round % 3 == 0) {
            len = shape_random(&random) % sizeof bytes;
            for (size_t i = 0; i < len; i++) {
                bytes[i] = (uint8_t)shape_random(&random);
            }
            bytes[0] = 1;
            bytes[1] = (uint8_t)(1 + round % 2);
        } else {
            for (size_t i = 0; i <= round % 3; i++) {
                bytes[shape_random(&random) % len] ^= (uint8_t)(1U << shape_random(&random) % 8);
            }
        }
        struct qp_geometry back;
        qp_arena_reset(&arena);
        if (qp_geometry_decode(qp_span_of(bytes, len), &arena, &back, NULL) == QP_OK) {
            accepted++;
            again.len = 0;
            assert_ok(qp_geometry_encode(&back, &again, err));
            assert_true(qp_span_eq(qp_span_of(bytes, len), qp_span_buf(&again)));
            uint64_t area = 0;
            (void)!qp_geometry_area_m2(&back, &area, NULL);
            (void)!qp_geometry_check(&back, QP_GEOMETRY_AS_IS, NULL, NULL);
            (void)!qp_geometry_contains(&back, (struct qp_point){30, 30});
            (void)qp_geometry_box(&back);
        }
    }
    assert_true(accepted > 1000);
    qp_arena_wipe(&arena);
    qp_buf_wipe(&again);
    qp_buf_wipe(&good);
}

static void refuses_counts_and_places_out_of_range(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "01",
        "0001d2a0737900000000",
        "0201d2a0737900000000",
        "0100d2a0737900000000",
        "0103d2a0737900000000",
        "01016b49d20100000000", /* 180.0000001 east */
        "010194b62dff00000000", /* 180.0000001 west */
        "01010000000035a4e901", /* 90.0000001 north */
        "010100000000ca5b16ff",
        "01020000",
        "01020041",
        "010200010000",
        "010200010101",
        "01020001000100000000",
        "010200010001000000020000000000000000ffffffffffffffff",
        "01020001000100004e21",
        "010200010001ffffffff",
    };
    struct qp_arena arena = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t bytes[64];
        struct qp_geometry back;
        struct qp_err why;
        assert_ok(qp_hex_decode(bytes, strlen(bad[i]) / 2, qp_span_text(bad[i]), err));
        assert_int_equal(
            qp_geometry_decode(qp_span_of(bytes, strlen(bad[i]) / 2), &arena, &back, &why),
            QP_E_INPUT);
    }
    static const char *const edges[] = {"01016b49d20035a4e900", "010194b62e00ca5b1700"};
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[10];
        struct qp_geometry back;
        assert_ok(qp_hex_decode(bytes, 10, qp_span_text(edges[i]), err));
        assert_ok(qp_geometry_decode(qp_span_of(bytes, 10), &arena, &back, err));
    }
    qp_arena_wipe(&arena);
}

static void knows_inside_from_outside_to_the_last_digit(void **state)
{
    (void)state;
    const struct qp_ring rings[] = {RING(square), RING(hole)};
    struct shape shape;
    const struct qp_geometry *geometry = shape_of(&shape, rings, 2);
    static const struct {
        struct qp_point point;
        enum qp_place place;
    } cases[] = {
        {{0, 0}, QP_PLACE_BOUNDARY},     {{50, 0}, QP_PLACE_BOUNDARY},
        {{100, 100}, QP_PLACE_BOUNDARY}, {{50, -1}, QP_PLACE_OUTSIDE},
        {{-1, 50}, QP_PLACE_OUTSIDE},    {{-1, 0}, QP_PLACE_OUTSIDE},
        {{-1, 100}, QP_PLACE_OUTSIDE},   {{101, 0}, QP_PLACE_OUTSIDE},
        {{1, 1}, QP_PLACE_INSIDE},       {{99, 99}, QP_PLACE_INSIDE},
        {{30, 30}, QP_PLACE_OUTSIDE},    {{20, 30}, QP_PLACE_BOUNDARY},
        {{40, 40}, QP_PLACE_BOUNDARY},   {{10, 20}, QP_PLACE_INSIDE},
        {{10, 40}, QP_PLACE_INSIDE},     {{INT32_MAX, INT32_MIN}, QP_PLACE_OUTSIDE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(qp_geometry_contains(geometry, cases[i].point), cases[i].place);
    }
    /* A side over half the world: the nearest grid points on both sides of it. */
    static const struct qp_point wide[] = {
        {-1800000000, -900000000}, {1799999999, -900000000}, {1800000000, 900000000}};
    const struct qp_ring wide_ring = RING(wide);
    geometry = shape_of(&shape, &wide_ring, 1);
    assert_int_equal(qp_geometry_contains(geometry, (struct qp_point){0, 0}), QP_PLACE_BOUNDARY);
    assert_int_equal(qp_geometry_contains(geometry, (struct qp_point){0, 1}), QP_PLACE_OUTSIDE);
    assert_int_equal(qp_geometry_contains(geometry, (struct qp_point){0, -1}), QP_PLACE_INSIDE);
    struct qp_geometry point = {.kind = QP_GEOMETRY_POINT, .point = {1, 2}};
    assert_int_equal(qp_geometry_contains(&point, (struct qp_point){1, 2}), QP_PLACE_BOUNDARY);
    assert_int_equal(qp_geometry_contains(&point, (struct qp_point){2, 1}), QP_PLACE_OUTSIDE);
}

/* A side over the whole world, and points beside it for which both products of the cross product
 * are near 6.48e18 and differ by one: no double could tell. */
static void knows_the_nearest_point_beside_the_longest_side(void **state)
{
    (void)state;
    static const struct qp_point above[] = {
        {-1800000000, -900000000}, {1799999999, 899999999}, {-1800000000, 900000000}};
    static const struct qp_point below[] = {
        {-1800000000, -900000000}, {1800000000, -900000000}, {1799999999, 899999999}};
    static const struct qp_point right = {1799999997, 899999998};
    static const struct qp_point left = {-1799999998, -899999999};
    const struct qp_ring rings[] = {RING(above), RING(below)};
    struct shape shape;
    const struct qp_geometry *geometry = shape_of(&shape, &rings[0], 1);
    assert_int_equal(qp_geometry_contains(geometry, right), QP_PLACE_OUTSIDE);
    assert_int_equal(qp_geometry_contains(geometry, left), QP_PLACE_INSIDE);
    geometry = shape_of(&shape, &rings[1], 1);
    assert_int_equal(qp_geometry_contains(geometry, right), QP_PLACE_INSIDE);
    assert_int_equal(qp_geometry_contains(geometry, left), QP_PLACE_OUTSIDE);
    /* Area of half a square unit, yet not flat. */
    const struct qp_point sliver[] = {above[0], right, above[1]};
    const struct qp_ring thin = RING(sliver);
    assert_ok(qp_geometry_check(shape_of(&shape, &thin, 1), QP_GEOMETRY_AS_IS, NULL, err));
}

static void the_box_holds_every_polygon(void **state)
{
    (void)state;
    const struct qp_ring one = RING(square);
    const struct qp_ring two = RING(far_square);
    const struct qp_polygon polygons[] = {{&one, 1}, {&two, 1}};
    const struct qp_geometry geometry = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = 2};
    struct qp_box box = qp_geometry_box(&geometry);
    assert_int_equal(box.south_west.longitude_e7, 0);
    assert_int_equal(box.south_west.latitude_e7, 0);
    assert_int_equal(box.north_east.longitude_e7, 300);
    assert_int_equal(box.north_east.latitude_e7, 100);
}

static void writes_coordinates_with_seven_decimals(void **state)
{
    (void)state;
    static const struct {
        int32_t value;
        const char *text;
    } cases[] = {{0, "0.0000000"},
                 {-1, "-0.0000001"},
                 {-761234567, "-76.1234567"},
                 {1800000000, "180.0000000"},
                 {INT32_MIN, "-214.7483648"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[QP_COORDINATE_TEXT_BYTES];
        qp_coordinate_format(text, cases[i].value);
        assert_string_equal(text, cases[i].text);
    }
}

static void rounds_to_six_decimals_away_from_zero(void **state)
{
    (void)state;
    struct qp_arena arena = {0};
    struct qp_geometry point = {.kind = QP_GEOMETRY_POINT, .point = {-761234565, 61234564}};
    assert_ok(qp_geometry_reduce(&point, &arena, &point, err));
    assert_int_equal(point.point.longitude_e7, -761234570);
    assert_int_equal(point.point.latitude_e7, 61234560);
    qp_arena_wipe(&arena);
}

/* Each allocation fails in turn: an error, no leak, no crash. */
static void survives_when_memory_ends(void **state)
{
    (void)state;
    const struct qp_ring rings[] = {RING(square), RING(hole), RING(hole_two)};
    struct shape shape;
    const struct qp_geometry *geometry = shape_of(&shape, rings, 3);
    struct qp_arena arena = {0};
    struct qp_buf out = {0};
    for (uint64_t count = 0; count < 9; count++) {
        struct qp_geometry normal;
        qp_alloc_fail_after(count);
        enum qp_code rc = qp_geometry_check(geometry, QP_GEOMETRY_AS_IS, NULL, NULL);
        if (rc == QP_OK) {
            rc = qp_geometry_normalize(geometry, &arena, &normal, NULL);
        }
        if (rc == QP_OK) {
            rc = qp_geometry_encode(&normal, &out, NULL);
        }
        qp_alloc_fail_after(UINT64_MAX);
        assert_int_equal(rc, QP_E_MEMORY);
        qp_arena_wipe(&arena);
        qp_buf_wipe(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_has_ten_bytes),
        cmocka_unit_test(a_triangle_has_these_bytes),
        cmocka_unit_test(one_plot_drawn_in_any_way_has_one_form),
        cmocka_unit_test(refuses_to_encode_what_is_not_normal),
        cmocka_unit_test(every_truncation_and_addition_is_refused),
        cmocka_unit_test(whatever_decodes_encodes_to_the_same_bytes),
        cmocka_unit_test(refuses_counts_and_places_out_of_range),
        cmocka_unit_test(knows_inside_from_outside_to_the_last_digit),
        cmocka_unit_test(knows_the_nearest_point_beside_the_longest_side),
        cmocka_unit_test(the_box_holds_every_polygon),
        cmocka_unit_test(writes_coordinates_with_seven_decimals),
        cmocka_unit_test(rounds_to_six_decimals_away_from_zero),
        cmocka_unit_test(survives_when_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
