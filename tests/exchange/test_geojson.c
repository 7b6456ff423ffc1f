#include "test.h"

#include "core/alloc.h"
#include "exchange/geojson.h"

#include <math.h>

#define SEEN_MAX 64

struct seen {
    size_t features;
    size_t faults;
    size_t six_decimals_ok;   /* features sound at six decimals too */
    struct qp_geometry point; /* the last point */
    bool rounded;             /* of the last feature */
    size_t rings;             /* of its first polygon */
    size_t points;            /* of its first ring */
    uint64_t area_m2[SEEN_MAX];
    char code[SEEN_MAX][QP_ERR_RULE_BYTES]; /* what qp_geometry_check said */
    double area_hectares[SEEN_MAX];         /* the property Area */
    char name[64];                          /* the property "name" */
    char fault[QP_ERR_TEXT_BYTES];
    uint64_t fault_index;
};

/* In the file of real plots; 10 and 14 lie in Peru. */
#define PLOT_10 9
#define PLOT_14 13

static enum qp_code note_feature(void *context, const struct qp_geojson_feature *feature,
                                 struct qp_err *err)
{
    struct seen *seen = context;
    struct qp_err why = {0};
    assert_int_equal(feature->index, seen->features + seen->faults);
    seen->rounded = feature->rounded;
    if (feature->geometry->kind == QP_GEOMETRY_POINT) {
        seen->point = *feature->geometry;
    } else {
        seen->rings = feature->geometry->polygons[0].ring_count;
        seen->points = feature->geometry->polygons[0].rings[0].count;
    }
    const char *name = json_string_value(json_object_get(feature->properties, "name"));
    snprintf(seen->name, sizeof seen->name, "%s", name == NULL ? "" : name);
    if (seen->features < SEEN_MAX) {
        enum qp_code rc = qp_geometry_check(feature->geometry, QP_GEOMETRY_AS_IS, NULL, &why);
        snprintf(seen->code[seen->features], sizeof seen->code[0], "%s",
                 rc == QP_OK ? "ok" : why.rule);
        seen->area_hectares[seen->features] =
            json_number_value(json_object_get(feature->properties, "Area"));
        rc = qp_geometry_check(feature->geometry, QP_GEOMETRY_SIX_DECIMALS, NULL, NULL);
        seen->six_decimals_ok += rc == QP_OK;
        rc = qp_geometry_area_m2(feature->geometry, &seen->area_m2[seen->features], err);
        assert_int_equal(rc, QP_OK);
    }
    seen->features++;
    return QP_OK;
}

static enum qp_code note_fault(void *context, uint64_t index, const struct qp_err *reason,
                               struct qp_err *err)
{
    struct seen *seen = context;
    (void)err;
    seen->faults++;
    seen->fault_index = index;
    snprintf(seen->fault, sizeof seen->fault, "%s", reason->text);
    return QP_OK;
}

static enum qp_code read_span(struct qp_span file, struct seen *seen, struct qp_err *err)
{
    const struct qp_geojson_sink sink = {
        .context = seen, .feature = note_feature, .fault = note_fault};
    struct qp_arena arena = {0};
    *seen = (struct seen){0};
    enum qp_code rc = qp_geojson_read(file, &sink, &arena, err);
    qp_arena_wipe(&arena);
    return rc;
}

static enum qp_code read_text(const char *text, struct seen *seen, struct qp_err *err)
{
    return read_span(qp_span_text(text), seen, err);
}

#define POINT(numbers) "{\"type\":\"Point\",\"coordinates\":[" numbers "]}"
#define FEATURE(geometry)                                                                          \
    "{\"type\":\"Feature\",\"properties\":{\"name\":\"ñ\"},\"geometry\":" geometry "}"
#define RING_TEXT "[[-76.1,-6.1],[-76.0,-6.1],[-76.0,-6.0],[-76.1,-6.1]]"
#define POLYGON(rings) "{\"type\":\"Polygon\",\"coordinates\":[" rings "]}"

static void reads_every_form_of_file(void **state)
{
    (void)state;
    static const char *const texts[] = {
        POINT("-76.1234567,-6.1"),
        POLYGON(RING_TEXT),
        "{\"type\":\"MultiPolygon\",\"coordinates\":[[" RING_TEXT "]]}",
        FEATURE(POINT("-76.1234567,-6.1,812.5")),
        "{\"type\":\"FeatureCollection\",\"features\":[" FEATURE(POINT("-76,-6")) "]}",
        "\xef\xbb\xbf {\"features\" : [ " FEATURE(
            POLYGON(RING_TEXT)) " ] ,\n"
                                "\"name\":\"x\",\"type\":\"FeatureCollection\"} \r\n",
        "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":"
        "\"urn:ogc:def:crs:OGC:1.3:CRS84\"}},\"features\":[" FEATURE(POINT("-76,-6")) "]}",
        "{\"geometry\":" POINT("-76,-6") ",\"properties\":null,\"type\":\"Feature\",\"id\":4}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct seen seen;
        assert_ok(read_text(texts[i], &seen, err));
        assert_int_equal(seen.features, 1);
        assert_int_equal(seen.faults, 0);
        assert_string_equal(seen.code[0], "ok");
    }
    struct seen seen;
    assert_ok(read_text("{\"type\":\"FeatureCollection\",\"features\":[]}", &seen, err));
    assert_int_equal(seen.features, 0);
    assert_ok(read_text(FEATURE(POLYGON(RING_TEXT)), &seen, err));
    assert_string_equal(seen.name, "ñ");
    assert_int_equal(seen.points, 3);
}

/* Every number of seven decimals, written and read, is itself. */
static void seven_decimals_come_through_exactly(void **state)
{
    (void)state;
    struct seen seen;
    uint64_t random = 5;
    char text[128];
    for (size_t round = 0; round < 20000; round++) {
        char longitude[QP_COORDINATE_TEXT_BYTES];
        char latitude[QP_COORDINATE_TEXT_BYTES];
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
        int32_t x = (int32_t)((random >> 20) % 1790000000) + 10000001;
        int32_t y = (int32_t)((random >> 11) % 1800000001) - 900000000;
        if (y > -680000000) { /* otherwise taken for a swap in Peru */
            x = -x;
        }
        qp_coordinate_format(longitude, x);
        qp_coordinate_format(latitude, y);
        snprintf(text, sizeof text, POINT("%s,%s"), longitude, latitude);
        assert_ok(read_text(text, &seen, err));
        assert_int_equal(seen.features, 1);
        assert_false(seen.rounded);
        assert_int_equal(seen.point.point.longitude_e7, x);
        assert_int_equal(seen.point.point.latitude_e7, y);
    }
    static const struct {
        const char *numbers;
        int32_t x;
        int rounded;
    } cases[] = {
        {POINT("-76.12345674,0"), -761234567, 1},   {POINT("-76.12345676,0"), -761234568, 1},
        {POINT("-7.61e1,0"), -761000000, 0},        {POINT("180,0"), 1800000000, 0},
        {POINT("-180.00000000,0"), -1800000000, 0}, {POINT("-76.10000000000001,0"), -761000000, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_ok(read_text(cases[i].numbers, &seen, err));
        assert_int_equal(seen.point.point.longitude_e7, cases[i].x);
        assert_int_equal(seen.rounded, cases[i].rounded);
    }
}

static void names_each_feature_that_cannot_be_used_and_reads_on(void **state)
{
    (void)state;
    static const struct {
        const char *geometry;
        const char *word;
    } cases[] = {
        {POLYGON("[[-76.1,-6.1],[-76.0,-6.1],[-76.0,-6.0],[-76.1,-6.0]]"), "not closed; repeat"},
        {POLYGON("[[-76.1,-6.1],[-76.0,-6.1],[-76.1,-6.1]]"), "four positions"},
        {POLYGON(""), "1 to 256 rings"},
        {POLYGON("5"), "four positions"},
        {POLYGON(RING_TEXT ",[]"), "ring 2: a ring needs"},
        {"{\"type\":\"MultiPolygon\",\"coordinates\":[]}", "1 to 64 polygons"},
        {"{\"type\":\"MultiPolygon\",\"coordinates\":[[" RING_TEXT "],[]]}", "polygon 2: "},
        {"{\"type\":\"LineString\",\"coordinates\":[[-76,-6],[-75,-6]]}", "a line has no area"},
        {"{\"type\":\"MultiPoint\",\"coordinates\":[[-76,-6],[-75,-6]]}", "several points"},
        {"{\"type\":\"GeometryCollection\",\"geometries\":[]}", "one feature a geometry"},
        {"{\"type\":\"Circle\",\"coordinates\":[0,0]}", "unknown geometry type"},
        {"{\"coordinates\":[0,0]}", "without a type"},
        {"null", "no geometry"},
        {"[]", "no geometry"},
        {"{\"type\":\"Point\"}", "must be [longitude, latitude]"},
        {POINT("[-76,-6]"), "must be [longitude, latitude]"},
        {POINT("-76"), "must be [longitude, latitude]"},
        {POINT("-76,-6,1,1"), "must be [longitude, latitude]"},
        {POINT("\"-76\",\"-6\""), "not a number of degrees"},
        {POINT("-76,null"), "not a number of degrees"},
        {POINT("-76,-6,\"x\""), "not a number of degrees"},
        {POINT("1e308,-6"), "not a number of degrees"},
        {POINT("9223372036854775807,-6"), "not a number of degrees"},
        {POINT("-6.123,-76.5"), "looks like latitude and longitude are swapped"},
        {POINT("-76.5,-96"), "longitude first"},
        {POINT("181,-6"), "beyond 180"},
        {POINT("180.00000006,-6"), "beyond 180"},
        {POINT("281234.5,9321234.1"), "look like metres (UTM)"},
        {POLYGON("[[-76.1,-6.1],[-76.0,-6.1],[-6.0,-76.0],[-76.1,-6.1]]"), "vertex 3: looks like"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        struct seen seen;
        snprintf(text, sizeof text,
                 "{\"type\":\"FeatureCollection\",\"features\":[%s,{\"type\":\"Feature\","
                 "\"properties\":null,\"geometry\":%s},%s]}",
                 FEATURE(POINT("-76,-6")), cases[i].geometry, FEATURE(POINT("-76,-7")));
        assert_ok(read_text(text, &seen, err));
        assert_int_equal(seen.features, 2);
        assert_int_equal(seen.faults, 1);
        assert_int_equal(seen.fault_index, 1);
        assert_int_equal(seen.point.point.latitude_e7, -70000000);
        if (strstr(seen.fault, cases[i].word) == NULL ||
            strncmp(seen.fault, "feature 2: ", 11) != 0) {
            fail_msg("case %zu: %s", i, seen.fault);
        }
    }
}

static void a_broken_file_is_refused_before_any_feature(void **state)
{
    (void)state;
#define TWO "{\"type\":\"FeatureCollection\",\"features\":[" FEATURE(POINT("-76,-6"))
    static const struct {
        const char *text;
        const char *word;
    } cases[] = {
        {"", "begins with {"},
        {"[]", "begins with {"},
        {"null", "begins with {"},
        {"{", "not JSON"},
        {"{}x", "behind the end"},
        {"{\"type\"}", "':' expected"},
        {"{1:2}", "member's name"},
        {TWO, "',' or ']' expected"},
        {TWO "]", "',' or '}' expected"},
        {TWO ",]}", "feature 2: not JSON"},
        {TWO "]}}", "behind the end"},
        {TWO "],}", "not JSON"},
        {TWO "],\"features\":[]}", "twice"},
        {TWO ",{\"type\":\"Feature\",\"type\":\"Feature\"}]}", "feature 2: not JSON"},
        {TWO ",{\"a\":NaN}]}", "feature 2: not JSON"},
        {TWO ",{\"a\":1e999}]}", "feature 2: not JSON"},
        {TWO ",{\"a\":Infinity}]}", "feature 2: not JSON"},
        {TWO ",{\"a\":99999999999999999999}]}", "feature 2: not JSON"},
        {TWO ",{\"a\":\"\xff\"}]}", "feature 2: not JSON"},
        {TWO ",{\"a\":\"\\u0000\"}]}", "feature 2: not JSON"},
        {"{\"type\":\"FeatureCollection\",\"features\":{}}", "must be an array"},
        {"{\"type\":\"FeatureCollection\"}", "needs"},
        {"{\"type\":\"Feature\",\"features\":[]}", "needs"},
        {"{\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"EPSG:32718\"}},"
         "\"type\":\"FeatureCollection\",\"features\":[]}",
         "EPSG:4326"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct seen seen;
        struct qp_err why;
        enum qp_code rc = read_text(cases[i].text, &seen, &why);
        if (rc != QP_E_INPUT || strstr(why.text, cases[i].word) == NULL || seen.features != 0 ||
            seen.faults != 0) {
            fail_msg("case %zu: %s (%s)", i, why.text, qp_code_name(rc));
        }
    }
}

/* 100,000 brackets, as a geometry and as the whole file. */
static void deep_nesting_is_refused(void **state)
{
    (void)state;
    struct qp_buf text = {0};
    struct seen seen;
    for (size_t i = 0; i < 3; i++) {
        text.len = 0;
        assert_ok(qp_buf_add_text(&text,
                                  i == 0   ? ""
                                  : i == 1 ? "{\"type\":\"Polygon\",\"coordinates\":"
                                           : "{\"type\":\"FeatureCollection\",\"features\":[",
                                  err));
        for (size_t k = 0; k < 100000; k++) {
            assert_ok(qp_buf_add_text(&text, "[", err));
        }
        assert_int_equal(read_span(qp_span_buf(&text), &seen, NULL), QP_E_INPUT);
    }
    qp_buf_wipe(&text);
}

static void holds_to_its_limits(void **state)
{
    (void)state;
    struct qp_buf text = {0};
    struct seen seen;
    struct qp_err why;
    assert_int_equal(read_span(qp_span_of("{", QP_GEOJSON_BYTES_MAX + 1), &seen, &why), QP_E_INPUT);
    /* One feature over 4 MiB. */
    assert_ok(
        qp_buf_add_text(&text, "{\"type\":\"FeatureCollection\",\"features\":[{\"a\":\"", err));
    assert_ok(qp_buf_reserve(&text, QP_GEOJSON_FEATURE_BYTES_MAX + 16, err));
    memset(text.data + text.len, 'x', QP_GEOJSON_FEATURE_BYTES_MAX);
    text.len += QP_GEOJSON_FEATURE_BYTES_MAX;
    assert_ok(qp_buf_add_text(&text, "\"}]}", err));
    assert_int_equal(read_span(qp_span_buf(&text), &seen, &why), QP_E_INPUT);
    assert_non_null(strstr(why.text, "feature 1: a feature or member of more than"));
    /* One feature too many. */
    text.len = 0;
    assert_ok(qp_buf_add_text(&text, "{\"type\":\"FeatureCollection\",\"features\":[0", err));
    for (size_t i = 1; i <= QP_GEOJSON_FEATURES_MAX; i++) {
        assert_ok(qp_buf_add(&text, qp_span_of(",0", 2), err));
    }
    assert_ok(qp_buf_add_text(&text, "]}", err));
    assert_int_equal(read_span(qp_span_buf(&text), &seen, &why), QP_E_INPUT);
    assert_non_null(strstr(why.text, "more than 200000 features"));
    /* One point too many in a ring. */
    text.len = 0;
    assert_ok(qp_buf_add_text(&text, "{\"type\":\"Polygon\",\"coordinates\":[[[0,0]", err));
    for (size_t i = 0; i < QP_GEO_POINTS_MAX + 1; i++) {
        assert_ok(qp_buf_add_text(&text, ",[0,0]", err));
    }
    assert_ok(qp_buf_add_text(&text, "]]}", err));
    assert_ok(read_span(qp_span_buf(&text), &seen, err));
    assert_int_equal(seen.faults, 1);
    assert_non_null(strstr(seen.fault, "more than 20000 points"));
    qp_buf_wipe(&text);
}

static void survives_any_bytes(void **state)
{
    (void)state;
    static const char good[] =
        "{\"type\":\"FeatureCollection\",\"features\":[" FEATURE(POLYGON(RING_TEXT)) "]}";
    uint64_t random = 9;
    size_t refused = 0;
    for (size_t round = 0; round < 30000; round++) {
        size_t len = sizeof good - 1;
        char *text = malloc(len);
        assert_non_null(text);
        memcpy(text, good, len);
        for (size_t i = 0; i <= round % 3; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
            text[(random >> 33) % len] = "{}[],:\"0-e.x\0\xff"[(random >> 20) % 14];
        }
        if (round % 5 == 0) {
            len = (random >> 40) % len;
        }
        char *exact = malloc(len + (len == 0));
        assert_non_null(exact);
        memcpy(exact, text, len);
        struct seen seen;
        refused += read_span(qp_span_of(exact, len), &seen, NULL) != QP_OK;
        free(exact);
        free(text);
    }
    assert_true(refused > 1000);
}

static bool load(const char *name, struct qp_buf *out)
{
    char path[512];
    if (!test_shared(path, sizeof path, name)) {
        return false;
    }
    FILE *file = fopen(path, "rb");
    char chunk[4096];
    size_t n = 0;
    assert_non_null(file);
    out->len = 0;
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0) {
        assert_ok(qp_buf_add(out, qp_span_of(chunk, n), err));
    }
    fclose(file);
    return true;
}

static void gives_the_areas_that_the_commission_printed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t count;
        double hectares[4];
    } files[] = {
        {"eudr-traces/geojson/official_type_I.geojson", 2, {0}},
        {"eudr-traces/geojson/official_type_II.geojson", 4, {0}},
    };
    static const double printed[] = {23.72, 2.39, 20813.59, 20670.76, 9551.97, 6950.29};
    struct qp_buf text = {0};
    size_t at = 0;
    for (size_t i = 0; i < 2; i++) {
        if (!load(files[i].name, &text)) {
            skip();
        }
        struct seen seen;
        assert_ok(read_span(qp_span_buf(&text), &seen, err));
        assert_int_equal(seen.faults, 0);
        for (size_t k = 0; k < seen.features; k++) {
            double ours = (double)seen.area_m2[k] / 10000;
            printf("  %s %zu: %.4f ha, printed %.2f, %s\n", strrchr(files[i].name, '/') + 1, k + 1,
                   ours, seen.area_hectares[k], seen.code[k]);
            assert_true(at < 6);
            assert_true(fabs(ours - printed[at]) < 0.005);
            assert_true(fabs(seen.area_hectares[k] - printed[at]) < 1e-9);
            at++;
        }
    }
    assert_int_equal(at, 6);
    qp_buf_wipe(&text);
}

/* All fifty are sound, and stay so at six decimals: a plain test of every pair of sides, written
 * apart from this project, says the same. */
static void judges_fifty_real_plots(void **state)
{
    (void)state;
    struct qp_buf text = {0};
    struct seen seen;
    if (!load("whisp/tests/fixtures/geojson_example.geojson", &text)) {
        skip();
    }
    assert_ok(read_span(qp_span_buf(&text), &seen, err));
    assert_int_equal(seen.features, 50);
    assert_int_equal(seen.faults, 0);
    assert_int_equal(seen.six_decimals_ok, 50);
    for (size_t i = 0; i < seen.features; i++) {
        printf("  plot %zu: %.4f ha, %s\n", i + 1, (double)seen.area_m2[i] / 10000, seen.code[i]);
        assert_string_equal(seen.code[i], "ok");
    }
    /* Known: 9.160 ha on the sphere of 6,371,007.181 m, and 9.121 ha on the ellipsoid; plot 14 has
     * 26.378 ha on the ellipsoid, less a hole of 0.354 ha. */
    double ten = (double)seen.area_m2[PLOT_10] / 10000;
    double fourteen = (double)seen.area_m2[PLOT_14] / 10000;
    assert_true(fabs(ten - 9.160 * pow(6378137 / 6371007.181, 2)) < 0.0006);
    assert_true(fabs(fourteen - (26.378 - 0.354) * ten / 9.121) < 0.005);
    qp_buf_wipe(&text);
}

static enum qp_code note_lenient(void *context, const struct qp_geojson_feature *feature,
                                 struct qp_err *err)
{
    size_t *unclosed = context;
    (void)err;
    *unclosed = feature->unclosed;
    return QP_OK;
}

static void takes_what_can_be_repaired_only_when_asked(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t unclosed;
        bool strictly;
    } cases[] = {
        {POLYGON("[[-76.1,-6.1],[-76.0,-6.1],[-76.0,-6.0]]"), 1, false},
        {POLYGON("[[-76.1,-6.1],[-76.0,-6.1],[-76.0,-6.0],[-76.1,-6.0]]"), 1, false},
        {POLYGON(RING_TEXT ",[[-76.02,-6.08],[-76.01,-6.08],[-76.01,-6.07],[-76.02,-6.07]]"), 1,
         false},
        {POINT("-6.123456,-76.123456"), 0, false},
        {POLYGON(RING_TEXT), 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_span text = qp_span_text(cases[i].text);
        struct qp_arena arena = {0};
        size_t unclosed = 99;
        struct qp_geojson_sink sink = {
            .context = &unclosed, .feature = note_lenient, .lenient = true};
        assert_ok(qp_geojson_read(text, &sink, &arena, err));
        assert_int_equal(unclosed, cases[i].unclosed);
        sink.lenient = false;
        assert_int_equal(qp_geojson_read(text, &sink, &arena, NULL) == QP_OK, cases[i].strictly);
        qp_arena_wipe(&arena);
    }
    struct qp_arena arena = {0};
    size_t unclosed = 0;
    const struct qp_geojson_sink sink = {
        .context = &unclosed, .feature = note_lenient, .lenient = true};
    assert_int_equal(
        qp_geojson_read(qp_span_text(POLYGON("[[-76.1,-6.1],[-76.0,-6.1]]")), &sink, &arena, NULL),
        QP_E_INPUT);
    assert_int_equal(qp_geojson_read(qp_span_text(POINT("-190.5,-6.1")), &sink, &arena, NULL),
                     QP_E_INPUT);
    qp_arena_wipe(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form_of_file),
        cmocka_unit_test(seven_decimals_come_through_exactly),
        cmocka_unit_test(names_each_feature_that_cannot_be_used_and_reads_on),
        cmocka_unit_test(a_broken_file_is_refused_before_any_feature),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(holds_to_its_limits),
        cmocka_unit_test(survives_any_bytes),
        cmocka_unit_test(gives_the_areas_that_the_commission_printed),
        cmocka_unit_test(judges_fifty_real_plots),
        cmocka_unit_test(takes_what_can_be_repaired_only_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
