/* Writing GeoJSON as TRACES reads it. */
#include "exchange/geojson.h"

#include <inttypes.h>
#include <string.h>

#define POINT_AREA_MAX_M2 40000

static enum qp_code put_number(struct qp_buf *out, int32_t value_e7, struct qp_err *err)
{
    int64_t value = value_e7 / 10;
    uint64_t whole = (uint64_t)(value < 0 ? -value : value);
    return qp_buf_addf(out, err, "%s%" PRIu64 ".%06" PRIu64, value < 0 ? "-" : "", whole / 1000000,
                       whole % 1000000);
}

static enum qp_code put_position(struct qp_buf *out, struct qp_point point, struct qp_err *err)
{
    enum qp_code rc = qp_buf_add_text(out, "[", err);
    if (rc == QP_OK) {
        rc = put_number(out, point.longitude_e7, err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add_text(out, ",", err);
    }
    if (rc == QP_OK) {
        rc = put_number(out, point.latitude_e7, err);
    }
    return rc == QP_OK ? qp_buf_add_text(out, "]", err) : rc;
}

static enum qp_code put_ring(struct qp_buf *out, const struct qp_ring *ring, struct qp_err *err)
{
    enum qp_code rc = qp_buf_add_text(out, "[", err);
    for (size_t i = 0; i < ring->count && rc == QP_OK; i++) {
        rc = put_position(out, ring->points[i], err);
        if (rc == QP_OK) {
            rc = qp_buf_add_text(out, ",", err);
        }
    }
    if (rc == QP_OK) { /* closed */
        rc = put_position(out, ring->points[0], err);
    }
    return rc == QP_OK ? qp_buf_add_text(out, "]", err) : rc;
}

static enum qp_code put_polygon(struct qp_buf *out, const struct qp_polygon *polygon,
                                struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < polygon->ring_count && rc == QP_OK; i++) {
        rc = qp_buf_add_text(out, i == 0 ? "[" : ",", err);
        if (rc == QP_OK) {
            rc = put_ring(out, &polygon->rings[i], err);
        }
    }
    return rc == QP_OK ? qp_buf_add_text(out, "]", err) : rc;
}

enum qp_code qp_geojson_geometry(struct qp_buf *out, const struct qp_geometry *geometry,
                                 struct qp_err *err)
{
    bool is_point = geometry->kind == QP_GEOMETRY_POINT;
    bool is_multi = geometry->polygon_count > 1;
    enum qp_code rc = qp_buf_addf(out, err, "{\"type\":\"%s\",\"coordinates\":%s",
                                  is_point   ? "Point"
                                  : is_multi ? "MultiPolygon"
                                             : "Polygon",
                                  is_multi ? "[" : "");
    if (rc == QP_OK && is_point) {
        rc = put_position(out, geometry->point, err);
    }
    for (size_t i = 0; i < geometry->polygon_count && rc == QP_OK; i++) {
        if (i > 0) {
            rc = qp_buf_add_text(out, ",", err);
        }
        if (rc == QP_OK) {
            rc = put_polygon(out, &geometry->polygons[i], err);
        }
    }
    return rc == QP_OK ? qp_buf_add_text(out, is_multi ? "]}" : "}", err) : rc;
}

/* A string of UTF-8 between quotes (RFC 8259 section 7). */
static enum qp_code put_string(struct qp_buf *out, const char *text, struct qp_err *err)
{
    enum qp_code rc = qp_buf_add_text(out, "\"", err);
    for (const char *at = text; *at != '\0' && rc == QP_OK; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c == 0x7f) {
            rc = qp_buf_addf(out, err, "\\u%04x", c);
        } else if (c == '"' || c == '\\') {
            rc = qp_buf_addf(out, err, "\\%c", c);
        } else {
            rc = qp_buf_add(out, qp_span_of(at, 1), err);
        }
    }
    return rc == QP_OK ? qp_buf_add_text(out, "\"", err) : rc;
}

static enum qp_code put_property(struct qp_buf *out, const char *name, const char *value,
                                 bool *is_first, struct qp_err *err)
{
    if (value == NULL) {
        return QP_OK;
    }
    enum qp_code rc = qp_buf_addf(out, err, "%s\"%s\":", *is_first ? "" : ",", name);
    *is_first = false;
    return rc == QP_OK ? put_string(out, value, err) : rc;
}

static enum qp_code put_properties(struct qp_buf *out, const struct qp_geojson_place *place,
                                   struct qp_err *err)
{
    bool is_first = true;
    enum qp_code rc = qp_buf_add_text(out, "\"properties\":{", err);
    if (rc == QP_OK) {
        rc = put_property(out, "ProducerName", place->producer_name, &is_first, err);
    }
    if (rc == QP_OK) {
        rc = put_property(out, "ProducerCountry", place->producer_country, &is_first, err);
    }
    if (rc == QP_OK) {
        rc = put_property(out, "ProductionPlace", place->production_place, &is_first, err);
    }
    if (rc == QP_OK && place->area_m2 > 0) {
        /* Hectares with four decimals are whole square metres. A number: a string is read as 0. */
        rc = qp_buf_addf(out, err, "%s\"Area\":%" PRIu64 ".%04" PRIu64, is_first ? "" : ",",
                         place->area_m2 / 10000, place->area_m2 % 10000);
    }
    return rc == QP_OK ? qp_buf_add_text(out, "},", err) : rc;
}

static enum qp_code check_text(const char *what, const char *text, struct qp_err *err)
{
    if (text != NULL && !qp_utf8_check(qp_span_text(text))) {
        return qp_fail(err, QP_E_USAGE, "the %s is not UTF-8", what);
    }
    return QP_OK;
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

enum qp_code qp_geojson_check(const struct qp_geojson_place *place, struct qp_err *err)
{
    const char *country = place->producer_country;
    enum qp_code rc = check_text("producer's name", place->producer_name, err);
    if (rc == QP_OK) {
        rc = check_text("name of the place", place->production_place, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (country != NULL &&
        !(strlen(country) == 2 && is_capital(country[0]) && is_capital(country[1]))) {
        return qp_fail(err, QP_E_USAGE,
                       "a producer's country must be two capital letters, such as PE");
    }
    if (place->geometry->kind == QP_GEOMETRY_POINT &&
        (place->area_m2 == 0 || place->area_m2 > POINT_AREA_MAX_M2)) {
        return qp_refuse(err, "GEO-AREA",
                         "a point of %" PRIu64 " m2; a point needs an area, of 4 hectares at most, "
                         "otherwise draw the plot as a polygon",
                         place->area_m2);
    }
    for (size_t i = 0;
         place->geometry->kind == QP_GEOMETRY_POLYGON && i < place->geometry->polygon_count; i++) {
        if (place->geometry->polygons[i].ring_count > 1) {
            return qp_refuse(err, "GEO-HOLE",
                             "polygon %zu has a hole, which TRACES does not take; cut the polygon "
                             "in two along the hole",
                             i + 1);
        }
    }
    return qp_geometry_check(place->geometry, QP_GEOMETRY_SIX_DECIMALS, NULL, err);
}

enum qp_code qp_geojson_begin(struct qp_geojson_writer *writer, struct qp_buf *out,
                              struct qp_err *err)
{
    *writer = (struct qp_geojson_writer){.out = out, .start = out->len};
    return qp_buf_add_text(out, "{\"type\":\"FeatureCollection\",\"features\":[", err);
}

enum qp_code qp_geojson_add(struct qp_geojson_writer *writer, const struct qp_geojson_place *place,
                            struct qp_err *err)
{
    struct qp_arena arena;
    struct qp_geometry reduced;
    struct qp_buf *out = writer->out;
    size_t before = out->len;
    enum qp_code rc = qp_geojson_check(place, err);
    if (rc != QP_OK) {
        return rc;
    }
    qp_arena_init(&arena, 0);
    rc = qp_geometry_reduce(place->geometry, &arena, &reduced, err);
    if (rc == QP_OK) {
        rc = qp_geometry_normalize(&reduced, &arena, &reduced, err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_addf(out, err, "%s\n{\"type\":\"Feature\",",
                         writer->feature_count == 0 ? "" : ",");
    }
    if (rc == QP_OK) {
        rc = put_properties(out, place, err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add_text(out, "\"geometry\":", err);
    }
    if (rc == QP_OK) {
        rc = qp_geojson_geometry(out, &reduced, err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add_text(out, "}", err);
    }
    if (rc == QP_OK) {
        writer->feature_count++;
    } else {
        out->len = before;
    }
    qp_arena_wipe(&arena);
    return rc;
}

enum qp_code qp_geojson_end(struct qp_geojson_writer *writer, struct qp_err *err)
{
    enum qp_code rc = qp_buf_add_text(writer->out, "\n]}\n", err);
    size_t size = writer->out->len - writer->start;
    if (rc == QP_OK && size > QP_TRACES_GEOJSON_BYTES_MAX) {
        return qp_refuse(err, "GEO-FILE",
                         "a file of %zu bytes; TRACES takes %zu at most, split the statement", size,
                         QP_TRACES_GEOJSON_BYTES_MAX);
    }
    return rc;
}
