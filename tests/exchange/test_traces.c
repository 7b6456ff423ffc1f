#include "test.h"

#include "core/alloc.h"
#include "exchange/dds.h"
#include "exchange/traces.h"
#include "exchange/xml_write.h"
#include "geo/shapes.h"
#include "host/file.h"

#define PLOTS_MAX 40

/* A verdict that has plots and nothing else. */
struct scene {
    struct qp_verdict verdict;
    struct qp_verdict_plot plots[PLOTS_MAX];
    struct qp_buf bytes[PLOTS_MAX];
    char names[PLOTS_MAX][3][32];
    char faults[4096];
    double said[PLOTS_MAX];
};

static void add_geometry(struct scene *scene, const char *producer, const char *name,
                         const char *country, const struct qp_geometry *geometry)
{
    size_t at = scene->verdict.plot_count++;
    struct qp_arena arena;
    struct qp_geometry normal;
    uint64_t area_m2 = 0;
    assert_in_range(at, 0, PLOTS_MAX - 1);
    qp_arena_init(&arena, 0);
    assert_ok(qp_geometry_normalize(geometry, &arena, &normal, err));
    assert_ok(qp_geometry_encode(&normal, &scene->bytes[at], err));
    assert_ok(qp_geometry_area_m2(&normal, &area_m2, err));
    qp_arena_wipe(&arena);
    snprintf(scene->names[at][0], sizeof scene->names[at][0], "coop/C-%02zu", at);
    snprintf(scene->names[at][1], sizeof scene->names[at][1], "coop/%s", producer);
    snprintf(scene->names[at][2], sizeof scene->names[at][2], "%s", name);
    scene->plots[at] = (struct qp_verdict_plot){
        .plot = scene->names[at][0],
        .producer = scene->names[at][1],
        .producer_name = scene->names[at][2],
        .country = country,
        .region = "",
        .geometry = qp_span_buf(&scene->bytes[at]),
        .area_m2 = geometry->kind == QP_GEOMETRY_POINT ? 10000 : area_m2,
    };
    scene->verdict.plots = scene->plots;
}

static void add_square(struct scene *scene, const char *producer, const char *name,
                       const char *country, int32_t x)
{
    const struct qp_point points[] = {
        {x, -60000000}, {x + 1000, -60000000}, {x + 1000, -59999000}, {x, -59999000}};
    const struct qp_ring ring = RING(points);
    struct shape shape;
    add_geometry(scene, producer, name, country, shape_of(&shape, &ring, 1));
}

static void wipe(struct scene *scene)
{
    for (size_t i = 0; i < PLOTS_MAX; i++) {
        qp_buf_wipe(&scene->bytes[i]);
    }
    json_decref(scene->verdict.facts);
}

static void note_fault(void *context, const struct qp_err *reason)
{
    struct scene *scene = context;
    size_t used = strlen(scene->faults);
    snprintf(scene->faults + used, sizeof scene->faults - used, "%s [%s]\n", reason->text,
             reason->rule);
}

static json_t *parse(const struct qp_buf *text)
{
    json_t *json = json_loadb((const char *)text->data, text->len, 0, NULL);
    assert_non_null(json);
    return json;
}

static const char *property(const json_t *collection, size_t at, const char *name)
{
    const json_t *feature = json_array_get(json_object_get(collection, "features"), at);
    return json_string_value(json_object_get(json_object_get(feature, "properties"), name));
}

static void groups_by_the_name_and_the_country(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct qp_traces traces;
    struct qp_buf out = {0};
    size_t next = 0;
    add_square(&scene, "P-3", "Zoila", "PE", 0);
    add_square(&scene, "P-1", "Ana", "PE", 5000);
    add_square(&scene, "P-3", "Zoila", "PE", 10000);
    add_square(&scene, "P-1", "Ana", "EC", 15000);
    add_square(&scene, "P-2", "Ana", "PE", 20000);
    assert_ok(qp_traces_init(&traces, &scene.verdict, note_fault, &scene, err));
    assert_string_equal(scene.faults, "");
    assert_int_equal(traces.group_count, 4);
    assert_int_equal(traces.plot_count, 5);
    assert_string_equal(traces.groups[0].country, "EC");
    assert_string_equal(traces.groups[2].producer, "coop/P-2");
    assert_int_equal(traces.groups[3].count, 2);
    assert_ok(qp_traces_commodity(&traces, 0, SIZE_MAX, &out, &next, err));
    assert_int_equal(next, 4);
    json_t *all = parse(&out);
    assert_int_equal(json_array_size(json_object_get(all, "features")), 5);
    assert_string_equal(property(all, 0, "ProducerCountry"), "EC");
    assert_string_equal(property(all, 4, "ProducerName"), "Zoila");
    json_decref(all);
    out.len = 0;
    assert_ok(qp_traces_producer(&traces, 3, &out, err));
    all = parse(&out);
    assert_int_equal(json_array_size(json_object_get(all, "features")), 2);
    assert_null(property(all, 0, "ProducerName"));
    json_decref(all);
    qp_buf_wipe(&out);
    qp_traces_wipe(&traces);
    wipe(&scene);
}

/* Whole producers in each file, nobody twice, nobody lost; one alone that is too large is named. */
static void fills_files_up_to_the_limit(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct qp_traces traces;
    struct qp_buf out = {0};
    for (int32_t i = 0; i < 30; i++) {
        char producer[16];
        snprintf(producer, sizeof producer, "P-%02d", (int)i / 3);
        add_square(&scene, producer, producer, "PE", i * 5000);
    }
    assert_ok(qp_traces_init(&traces, &scene.verdict, note_fault, &scene, err));
    assert_int_equal(traces.group_count, 10);
    size_t files = 0;
    size_t features = 0;
    for (size_t next = 0; next < traces.group_count; files++) {
        size_t first = next;
        out.len = 0;
        assert_ok(qp_traces_commodity(&traces, first, 3000, &out, &next, err));
        assert_true(next > first);
        assert_true(out.len <= 3000);
        json_t *one = parse(&out);
        size_t count = json_array_size(json_object_get(one, "features"));
        assert_int_equal(count, 3 * (next - first));
        assert_string_equal(property(one, 0, "ProducerName"), traces.groups[first].producer_name);
        features += count;
        json_decref(one);
    }
    assert_int_equal(features, 30);
    assert_in_range(files, 2, 10);
    struct qp_err why;
    size_t next = 77;
    assert_int_equal(qp_traces_commodity(&traces, 4, 300, &out, &next, &why), QP_E_REFUSED);
    assert_string_equal(why.rule, "GEO-FILE");
    assert_non_null(strstr(why.text, "coop/P-04"));
    assert_int_equal(next, 77);
    qp_buf_wipe(&out);
    qp_traces_wipe(&traces);
    wipe(&scene);
}

/* What differs only in the seventh decimal is one outline, also as part of several. */
static void refuses_an_outline_twice(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct qp_traces traces;
    static const struct qp_point one[] = {{10, 0}, {1010, 0}, {1010, 1000}};
    static const struct qp_point same[] = {{1012, 998}, {12, 4}, {1008, 1}};
    static const struct qp_point other[] = {{9000, 0}, {9900, 0}, {9900, 900}};
    const struct qp_ring ring = RING(one);
    const struct qp_ring rings[] = {RING(other), RING(same)};
    const struct qp_polygon two[] = {{&rings[0], 1}, {&rings[1], 1}};
    const struct qp_geometry multi = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = two, .polygon_count = 2};
    const struct qp_geometry point = {.kind = QP_GEOMETRY_POINT, .point = {5, 5}};
    const struct qp_geometry near = {.kind = QP_GEOMETRY_POINT, .point = {14, 6}};
    const struct qp_geometry far = {.kind = QP_GEOMETRY_POINT, .point = {15, 6}};
    struct shape shape;
    add_geometry(&scene, "P-1", "Ana", "PE", shape_of(&shape, &ring, 1));
    add_geometry(&scene, "P-2", "Bea", "PE", &multi);
    add_geometry(&scene, "P-3", "Cleo", "PE", &point);
    add_geometry(&scene, "P-4", "Dora", "PE", &near);
    add_geometry(&scene, "P-5", "Elsa", "PE", &far);
    assert_ok(qp_traces_init(&traces, &scene.verdict, note_fault, &scene, err));
    assert_non_null(strstr(scene.faults, "plot coop/C-01: at six decimals the same polygon as plot "
                                         "coop/C-00"));
    assert_non_null(strstr(scene.faults, "plot coop/C-03: at six decimals the same point as plot "
                                         "coop/C-02"));
    assert_int_equal(traces.refused, 2);
    assert_int_equal(traces.plot_count, 3);
    assert_int_equal(traces.feature_count, 3);
    qp_traces_wipe(&traces);
    wipe(&scene);
}

static void cuts_a_plot_with_a_hole_into_features(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct qp_traces traces;
    struct qp_buf out = {0};
    static const struct qp_point outline[] = {{0, 0}, {100000, 10}, {100003, 100000}, {0, 100000}};
    static const struct qp_point hole[] = {{40000, 40000}, {60000, 40000}, {50000, 60000}};
    const struct qp_ring rings[] = {RING(outline), RING(hole)};
    struct shape shape;
    uint64_t area_m2 = 0;
    add_geometry(&scene, "P-1", "Ana", "PE", shape_of(&shape, rings, 2));
    assert_ok(qp_traces_init(&traces, &scene.verdict, note_fault, &scene, err));
    assert_int_equal(traces.cut_count, 1);
    assert_int_equal(traces.plot_count, 1);
    assert_int_equal(traces.feature_count, 2);
    for (size_t i = 0; i < 2; i++) {
        area_m2 += traces.features[i].area_m2;
    }
    /* Six decimals move a corner by half a decimetre at most. */
    assert_in_range(area_m2, scene.plots[0].area_m2 - 200, scene.plots[0].area_m2 + 200);
    assert_ok(qp_traces_producer(&traces, 0, &out, err));
    qp_buf_wipe(&out);
    qp_traces_wipe(&traces);
    wipe(&scene);
}

static void leaves_out_what_is_not_disclosed_with_a_word(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct qp_traces traces;
    struct qp_buf out = {0};
    size_t next = 0;
    add_square(&scene, "P-1", "Ana", "PE", 0);
    scene.plots[0].geometry.len = 0;
    assert_ok(qp_traces_init(&traces, &scene.verdict, note_fault, &scene, err));
    assert_non_null(strstr(scene.faults, "plot coop/C-00: "));
    assert_non_null(strstr(scene.faults, "[GEO-NONE]"));
    assert_int_equal(traces.feature_count, 0);
    assert_ok(qp_traces_commodity(&traces, 0, SIZE_MAX, &out, &next, err));
    qp_buf_wipe(&out);
    qp_traces_wipe(&traces);
    wipe(&scene);
}

static enum qp_code take_feature(void *context, const struct qp_geojson_feature *feature,
                                 struct qp_err *err)
{
    (void)err;
    add_geometry(context, "P-1", "", "BR", feature->geometry);
    /* What the Commission's file says, in hectares with two decimals. */
    const json_t *area = json_object_get(feature->properties, "Area");
    struct scene *scene = context;
    scene->said[scene->verdict.plot_count - 1] = json_number_value(area);
    return QP_OK;
}

/* The Commission's own examples, read, written and read again: the areas that they print. */
static void keeps_the_areas_of_the_official_examples(void **state)
{
    (void)state;
    static const char *const files[] = {"eudr-traces/geojson/official_type_I.geojson",
                                        "eudr-traces/geojson/official_type_II.geojson"};
    struct scene scene = {0};
    struct scene again = {0};
    struct qp_arena arena;
    const struct qp_geojson_sink sinks[] = {{.context = &scene, .feature = take_feature},
                                            {.context = &again, .feature = take_feature}};
    struct qp_traces traces;
    struct qp_buf out = {0};
    qp_arena_init(&arena, 0);
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        struct qp_buf file = {0};
        if (!test_shared(path, sizeof path, files[i])) {
            skip();
        }
        assert_ok(qp_file_read(path, QP_GEOJSON_BYTES_MAX, &file, err));
        assert_ok(qp_geojson_read(qp_span_buf(&file), &sinks[0], &arena, err));
        qp_buf_wipe(&file);
    }
    assert_int_equal(scene.verdict.plot_count, 6);
    size_t next = 0;
    assert_ok(qp_traces_init(&traces, &scene.verdict, note_fault, &scene, err));
    assert_string_equal(scene.faults, "");
    assert_ok(qp_traces_commodity(&traces, 0, SIZE_MAX, &out, &next, err));
    assert_ok(qp_geojson_read(qp_span_buf(&out), &sinks[1], &arena, err));
    assert_int_equal(again.verdict.plot_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_true(again.plots[i].area_m2 == scene.plots[i].area_m2);
        double off = (double)again.plots[i].area_m2 / 10000 - scene.said[i];
        assert_true(off < 0.0051 && off > -0.0051);
        off = again.said[i] - (double)again.plots[i].area_m2 / 10000;
        assert_true(off < 0.00001 && off > -0.00001);
    }
    qp_traces_wipe(&traces);
    qp_buf_wipe(&out);
    qp_arena_wipe(&arena);
    wipe(&scene);
    wipe(&again);
}

static void count_missing(void *context, const char *path, const char *what)
{
    size_t *count = context;
    assert_true(path[0] != '\0' && what[0] != '\0');
    ++*count;
}

static void refuses_more_producers_than_a_statement_takes(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct qp_traces traces;
    struct qp_buf out = {0};
    struct qp_err why;
    size_t missing = 0;
    add_square(&scene, "P-1", "Ana", "PE", 0);
    scene.verdict.facts = json_pack("{s:{s:s, s:s, s:i}}", "goods", "commodity", "cocoa", "hs_code",
                                    "180100", "net_grams", 12480500);
    assert_ok(qp_traces_init(&traces, &scene.verdict, note_fault, &scene, err));
    assert_ok(qp_dds_write(&traces, NULL, true, count_missing, &missing, &out, err));
    assert_int_equal(missing, 5);
    assert_ok(qp_buf_add(&out, qp_span_of("", 1), err));
    assert_non_null(strstr((const char *)out.data, "<eudrCommon:netWeight>12480.5<"));
    assert_non_null(strstr((const char *)out.data, "Theobroma cacao"));
    out.len = 0;
    traces.group_count = QP_DDS_PRODUCERS_MAX + 1;
    assert_int_equal(qp_dds_write(&traces, NULL, true, count_missing, &missing, &out, &why),
                     QP_E_REFUSED);
    assert_string_equal(why.rule, "DDS-PRODUCERS");
    traces.group_count = 0;
    assert_int_equal(qp_dds_write(&traces, NULL, true, count_missing, &missing, &out, &why),
                     QP_E_REFUSED);
    assert_int_equal(out.len, 0);
    qp_buf_wipe(&out);
    qp_traces_wipe(&traces);
    wipe(&scene);
}

static void writes_xml_that_cannot_be_broken_out_of(void **state)
{
    (void)state;
    struct qp_buf out = {0};
    struct qp_xml xml;
    struct qp_err why;
    qp_xml_begin(&xml, &out, &why);
    qp_xml_open(&xml, "a", " xmlns=\"urn:x\"");
    qp_xml_text(&xml, "b", "<&>]]>\r\"Ñ\"");
    qp_xml_text(&xml, "c", NULL);
    qp_xml_comment(&xml, "a--b---");
    qp_xml_close(&xml, "a");
    assert_int_equal(xml.code, QP_OK);
    assert_ok(qp_buf_add(&out, qp_span_of("", 1), err));
    assert_string_equal((const char *)out.data,
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a xmlns=\"urn:x\">\n"
                        "  <b>&lt;&amp;&gt;]]&gt;&#13;\"Ñ\"</b>\n  <!-- a- -b- - - -->\n</a>\n");
    static const char *const wrong[] = {"\x01", "\xff", "\xef\xbf\xbf", "a\x1b"};
    for (size_t i = 0; i < 4; i++) {
        out.len = 0;
        qp_xml_begin(&xml, &out, &why);
        qp_xml_text(&xml, "b", wrong[i]);
        assert_int_equal(xml.code, QP_E_USAGE);
    }
    qp_buf_wipe(&out);
}

/* Each allocation fails in turn: an error, and nothing is left behind. */
static void survives_when_memory_ends(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct qp_buf out = {0};
    enum qp_code rc = QP_E_MEMORY;
    uint64_t count = 0;
    add_square(&scene, "P-1", "Ana", "PE", 0);
    add_square(&scene, "P-1", "Ana", "PE", 0);
    for (; rc != QP_OK && count < 300; count++) {
        struct qp_traces traces = {0};
        size_t next = 0;
        qp_alloc_fail_after(count);
        rc = qp_traces_init(&traces, &scene.verdict, note_fault, &scene, NULL);
        if (rc == QP_OK) {
            rc = qp_traces_commodity(&traces, 0, SIZE_MAX, &out, &next, NULL);
            qp_traces_wipe(&traces);
        }
        qp_alloc_fail_after(UINT64_MAX);
        assert_true(rc == QP_OK || rc == QP_E_MEMORY);
        qp_buf_wipe(&out);
    }
    assert_in_range(count, 5, 299);
    wipe(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_by_the_name_and_the_country),
        cmocka_unit_test(fills_files_up_to_the_limit),
        cmocka_unit_test(refuses_an_outline_twice),
        cmocka_unit_test(cuts_a_plot_with_a_hole_into_features),
        cmocka_unit_test(leaves_out_what_is_not_disclosed_with_a_word),
        cmocka_unit_test(keeps_the_areas_of_the_official_examples),
        cmocka_unit_test(refuses_more_producers_than_a_statement_takes),
        cmocka_unit_test(writes_xml_that_cannot_be_broken_out_of),
        cmocka_unit_test(survives_when_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
