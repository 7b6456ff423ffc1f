#include "test.h"

#include "core/alloc.h"
#include "exchange/geojson.h"
#include "geo/shapes.h"

/* Clockwise, and not from its smallest point. */
static const struct qp_point turned[] = {{-760000000, -60000004},
                                         {-760000000, -61000005},
                                         {-761000005, -61000005},
                                         {-761000005, -60000004}};
static const struct qp_point inner[] = {
    {-760500000, -60500000}, {-760500000, -60600000}, {-760600000, -60600000}};
static const struct qp_point apart[] = {{10, 10}, {1000, 10}, {1000, 1000}};

static const char *written(struct qp_buf *out, const struct qp_geojson_place *places, size_t count)
{
    struct qp_geojson_writer writer;
    out->len = 0;
    assert_ok(qp_geojson_begin(&writer, out, err));
    for (size_t i = 0; i < count; i++) {
        assert_ok(qp_geojson_add(&writer, &places[i], err));
    }
    assert_ok(qp_geojson_end(&writer, err));
    assert_ok(qp_buf_add(out, qp_span_of("", 1), err));
    return (const char *)out->data;
}

static void writes_what_traces_reads(void **state)
{
    (void)state;
    const struct qp_ring ring = RING(turned);
    const struct qp_ring other = RING(apart);
    struct shape shape;
    const struct qp_polygon polygons[] = {{&ring, 1}, {&other, 1}};
    const struct qp_geometry point = {.kind = QP_GEOMETRY_POINT, .point = {-761234565, 4}};
    const struct qp_geometry multi = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = 2};
    const struct qp_geojson_place places[] = {
        {.geometry = &point,
         .producer_name = "Flor \"la\" Ñahui\\\n",
         .producer_country = "PE",
         .production_place = "Alto Perú",
         .area_m2 = 40000},
        {.geometry = shape_of(&shape, &ring, 1), .area_m2 = 1},
        {.geometry = &multi, .producer_country = "PE"},
    };
    struct qp_buf out = {0};
#define SQUARE                                                                                     \
    "[[[-76.100001,-6.100001],[-76.000000,-6.100001],[-76.000000,-6.000000],[-76.100001,-6."       \
    "000000]"                                                                                      \
    ",[-76.100001,-6.100001]]]"
    assert_string_equal(
        written(&out, places, 3),
        "{\"type\":\"FeatureCollection\",\"features\":[\n"
        "{\"type\":\"Feature\",\"properties\":{\"ProducerName\":\"Flor \\\"la\\\" "
        "Ñahui\\\\\\u000a\","
        "\"ProducerCountry\":\"PE\",\"ProductionPlace\":\"Alto Perú\",\"Area\":4.0000},"
        "\"geometry\":{\"type\":\"Point\",\"coordinates\":[-76.123457,0.000000]}},\n"
        "{\"type\":\"Feature\",\"properties\":{\"Area\":0.0001},"
        "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":" SQUARE "}},\n"
        "{\"type\":\"Feature\",\"properties\":{\"ProducerCountry\":\"PE\"},"
        "\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":[" SQUARE
        ",[[[0.000001,0.000001],[0.000100,0.000001],[0.000100,0.000100],[0.000001,0.000001]]]]}}\n"
        "]}\n");
    json_error_t why;
    json_t *back = json_loads((const char *)out.data, JSON_REJECT_DUPLICATES, &why);
    assert_non_null(back);
    const json_t *properties =
        json_object_get(json_array_get(json_object_get(back, "features"), 0), "properties");
    assert_string_equal(json_string_value(json_object_get(properties, "ProducerName")),
                        "Flor \"la\" Ñahui\\\n");
    json_decref(back);
    assert_non_null(strstr(written(&out, NULL, 0), "\"features\":[\n]}"));
    qp_buf_wipe(&out);
}

static void no_coordinate_is_minus_zero(void **state)
{
    (void)state;
    const struct qp_geometry point = {.kind = QP_GEOMETRY_POINT, .point = {-4, -4}};
    const struct qp_geojson_place place = {.geometry = &point, .area_m2 = 1};
    struct qp_buf out = {0};
    assert_non_null(strstr(written(&out, &place, 1), "[0.000000,0.000000]"));
    qp_buf_wipe(&out);
}

static void refuses_what_traces_would_refuse(void **state)
{
    (void)state;
    static const struct qp_point thin[] = {{0, 0}, {1000, 0}, {1003, 1}, {0, 1000}};
    static const struct qp_point crossed[] = {{0, 0}, {1000, 1000}, {1000, 0}, {0, 1000}};
    const struct qp_ring with_hole[] = {RING(turned), RING(inner)};
    const struct qp_ring thin_ring = RING(thin);
    const struct qp_ring crossed_ring = RING(crossed);
    const struct qp_ring good_ring = RING(turned);
    struct shape shapes[4];
    const struct qp_geometry point = {.kind = QP_GEOMETRY_POINT, .point = {-760000000, -60000000}};
    const struct qp_geometry *good = shape_of(&shapes[3], &good_ring, 1);
    const struct {
        struct qp_geojson_place place;
        enum qp_code code;
        const char *rule;
    } cases[] = {
        {{.geometry = shape_of(&shapes[0], with_hole, 2)}, QP_E_REFUSED, "GEO-HOLE"},
        {{.geometry = shape_of(&shapes[1], &thin_ring, 1)}, QP_E_REFUSED, "GEO-REPEAT"},
        {{.geometry = shape_of(&shapes[2], &crossed_ring, 1)}, QP_E_REFUSED, "GEO-CROSS"},
        {{.geometry = &point}, QP_E_REFUSED, "GEO-AREA"},
        {{.geometry = &point, .area_m2 = 40001}, QP_E_REFUSED, "GEO-AREA"},
        {{.geometry = good, .producer_country = "pe"}, QP_E_USAGE, ""},
        {{.geometry = good, .producer_country = "PER"}, QP_E_USAGE, ""},
        {{.geometry = good, .producer_name = "\xff"}, QP_E_USAGE, ""},
        {{.geometry = good, .production_place = "\xc3"}, QP_E_USAGE, ""},
    };
    struct qp_buf out = {0};
    struct qp_geojson_writer writer;
    assert_ok(qp_geojson_begin(&writer, &out, err));
    size_t before = out.len;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_err why;
        assert_int_equal(qp_geojson_add(&writer, &cases[i].place, &why), cases[i].code);
        assert_string_equal(why.rule, cases[i].rule);
        assert_int_equal(out.len, before);
        assert_int_equal(writer.feature_count, 0);
    }
    qp_buf_wipe(&out);
}

static void refuses_a_file_that_is_too_large_for_traces(void **state)
{
    (void)state;
    struct qp_buf out = {0};
    struct qp_geojson_writer writer;
    struct qp_err why;
    assert_ok(qp_geojson_begin(&writer, &out, err));
    assert_ok(qp_buf_reserve(&out, QP_TRACES_GEOJSON_BYTES_MAX, err));
    memset(out.data + out.len, ' ', QP_TRACES_GEOJSON_BYTES_MAX - out.len - 4);
    out.len = QP_TRACES_GEOJSON_BYTES_MAX - 4;
    assert_ok(qp_geojson_end(&writer, err));
    assert_int_equal(qp_geojson_end(&writer, &why), QP_E_REFUSED);
    assert_string_equal(why.rule, "GEO-FILE");
    qp_buf_wipe(&out);
}

/* Each allocation fails in turn: an error, and the buffer as it was. */
static void survives_when_memory_ends(void **state)
{
    (void)state;
    const struct qp_ring ring = RING(turned);
    struct shape shape;
    const struct qp_geojson_place place = {.geometry = shape_of(&shape, &ring, 1),
                                           .producer_name = "Flor"};
    uint64_t count = 0;
    enum qp_code rc = QP_E_MEMORY;
    for (; rc != QP_OK && count < 100; count++) {
        struct qp_buf out = {0};
        struct qp_geojson_writer writer;
        assert_ok(qp_geojson_begin(&writer, &out, err));
        size_t before = out.len;
        qp_alloc_fail_after(count);
        rc = qp_geojson_add(&writer, &place, NULL);
        qp_alloc_fail_after(UINT64_MAX);
        assert_true(rc == QP_OK || (rc == QP_E_MEMORY && out.len == before));
        qp_buf_wipe(&out);
    }
    assert_in_range(count, 5, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_traces_reads),
        cmocka_unit_test(no_coordinate_is_minus_zero),
        cmocka_unit_test(refuses_what_traces_would_refuse),
        cmocka_unit_test(refuses_a_file_that_is_too_large_for_traces),
        cmocka_unit_test(survives_when_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
