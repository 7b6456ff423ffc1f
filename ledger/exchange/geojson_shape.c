#include "exchange/geojson_shape.h"

#include <string.h>

/* Peru with its margins, in 1e-7 degree. */
#define PERU_WEST INT64_C(-820000000)
#define PERU_EAST INT64_C(-680000000)
#define PERU_SOUTH INT64_C(-190000000)
#define PERU_NORTH INT64_C(1000000)

/* 1e-7 degree of a JSON number; false for other values and numbers beyond any degree. Up to
 * 1000 degrees the product is off by less than 1e-5 of a unit, so what was written with seven
 * decimals comes out exactly, and `rounded` tells of more decimals. */
static bool number_e7(const json_t *value, int64_t *e7, bool *rounded)
{
    if (!json_is_number(value)) {
        return false;
    }
    double degrees = json_number_value(value);
    if (!(degrees >= -1e8 && degrees <= 1e8)) {
        return false;
    }
    /* Below 2^53, so the conversion is exact; it cuts towards zero. */
    double scaled = degrees * 1e7;
    int64_t whole = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    double rest = scaled - (double)whole;
    if (degrees >= -1000 && degrees <= 1000 && (rest > 1e-4 || rest < -1e-4)) {
        *rounded = true;
    }
    *e7 = whole;
    return true;
}

static enum qp_code refuse_range(int64_t longitude, int64_t latitude, struct qp_err *err)
{
    if (longitude > 10000000000 || longitude < -10000000000 || latitude > 10000000000 ||
        latitude < -10000000000) {
        return qp_fail(err, QP_E_INPUT,
                       "coordinates beyond any degree; they look like metres (UTM), export the "
                       "file as WGS 84 (EPSG:4326)");
    }
    return qp_fail(err, QP_E_INPUT,
                   "a coordinate beyond 180 degrees of longitude or 90 of latitude%s",
                   latitude > QP_LATITUDE_MAX_E7 || latitude < -QP_LATITUDE_MAX_E7
                       ? "; GeoJSON writes longitude first, then latitude"
                       : "");
}

/* Longitude first. In Peru no plot has a longitude that could be a latitude of Peru, so a swap is
 * seen without doubt. */
static enum qp_code read_position(const json_t *position, struct qp_coordinates *to,
                                  struct qp_point *point, struct qp_err *err)
{
    size_t count = json_array_size(position);
    int64_t longitude = 0;
    int64_t latitude = 0;
    int64_t height = 0;
    bool height_rounded = false;
    if (!json_is_array(position) || count < 2 || count > 3) {
        return qp_fail(err, QP_E_INPUT, "a position must be [longitude, latitude]");
    }
    if (!number_e7(json_array_get(position, 0), &longitude, &to->rounded) ||
        !number_e7(json_array_get(position, 1), &latitude, &to->rounded) ||
        (count == 3 && !number_e7(json_array_get(position, 2), &height, &height_rounded))) {
        return qp_fail(err, QP_E_INPUT,
                       "a coordinate that is not a number of degrees; write [-76.123456, "
                       "-6.123456] without quotes");
    }
    if (!to->lenient && latitude >= PERU_WEST && latitude <= PERU_EAST && longitude >= PERU_SOUTH &&
        longitude <= PERU_NORTH) {
        return qp_fail(err, QP_E_INPUT,
                       "looks like latitude and longitude are swapped; GeoJSON writes longitude "
                       "(-82 to -68 in Peru) first");
    }
    if (longitude < -QP_LONGITUDE_MAX_E7 || longitude > QP_LONGITUDE_MAX_E7 ||
        latitude < -QP_LATITUDE_MAX_E7 || latitude > QP_LATITUDE_MAX_E7) {
        return refuse_range(longitude, latitude, err);
    }
    *point = (struct qp_point){(int32_t)longitude, (int32_t)latitude};
    return QP_OK;
}

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for a geometry");
}

/* A layer has the limits of its file alone. */
static size_t limit(const struct qp_coordinates *to, size_t of_a_plot)
{
    return to->is_layer ? SIZE_MAX : of_a_plot;
}

static enum qp_code read_ring(const json_t *array, struct qp_coordinates *to, struct qp_ring *ring,
                              struct qp_err *err)
{
    size_t count = json_array_size(array);
    if (!json_is_array(array) || count < (to->lenient ? 3 : 4)) {
        return qp_fail(err, QP_E_INPUT,
                       "a ring needs four positions at least, the last equal to the first");
    }
    if (count - 1 > limit(to, QP_GEO_POINTS_MAX) - to->point_count) {
        return qp_fail(err, QP_E_INPUT, "more than %d points; simplify the boundary",
                       QP_GEO_POINTS_MAX);
    }
    to->point_count += count - 1;
    struct qp_point *points = qp_arena_alloc_zero(to->arena, count, sizeof *points);
    if (points == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        enum qp_code rc = read_position(json_array_get(array, i), to, &points[i], err);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "vertex %zu", i + 1);
        }
    }
    bool closed = points[0].longitude_e7 == points[count - 1].longitude_e7 &&
                  points[0].latitude_e7 == points[count - 1].latitude_e7;
    if (!closed && !to->lenient) {
        return qp_fail(err, QP_E_INPUT,
                       "a ring that is not closed; repeat its first position at the end");
    }
    to->unclosed += closed ? 0 : 1;
    *ring = (struct qp_ring){.points = points, .count = closed ? count - 1 : count};
    return QP_OK;
}

static enum qp_code read_polygon(const json_t *array, struct qp_coordinates *to,
                                 struct qp_polygon *polygon, struct qp_err *err)
{
    size_t count = json_array_size(array);
    if (!json_is_array(array) || count == 0 || count > limit(to, QP_GEO_RINGS_MAX)) {
        return qp_fail(err, QP_E_INPUT, "a polygon must be an array of 1 to %d rings",
                       QP_GEO_RINGS_MAX);
    }
    struct qp_ring *rings = qp_arena_alloc_zero(to->arena, count, sizeof *rings);
    if (rings == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        enum qp_code rc = read_ring(json_array_get(array, i), to, &rings[i], err);
        if (rc != QP_OK) {
            return count > 1 ? qp_prefix(err, rc, "ring %zu", i + 1) : rc;
        }
    }
    *polygon = (struct qp_polygon){.rings = rings, .ring_count = count};
    return QP_OK;
}

/* `array` holds `count` polygons, or is itself the only one. */
static enum qp_code read_polygons(const json_t *array, bool is_multi, struct qp_coordinates *to,
                                  struct qp_geometry *geometry, struct qp_err *err)
{
    size_t count = is_multi ? json_array_size(array) : 1;
    if (!json_is_array(array) || count == 0 || count > limit(to, QP_GEO_POLYGONS_MAX)) {
        return qp_fail(err, QP_E_INPUT, "coordinates must be an array of 1 to %d polygons",
                       QP_GEO_POLYGONS_MAX);
    }
    struct qp_polygon *polygons = qp_arena_alloc_zero(to->arena, count, sizeof *polygons);
    if (polygons == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *one = is_multi ? json_array_get(array, i) : array;
        enum qp_code rc = read_polygon(one, to, &polygons[i], err);
        if (rc != QP_OK) {
            return count > 1 ? qp_prefix(err, rc, "polygon %zu", i + 1) : rc;
        }
    }
    *geometry = (struct qp_geometry){
        .kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = count};
    return QP_OK;
}

static bool is(const char *type, const char *name)
{
    return strcmp(type, name) == 0;
}

static enum qp_code refuse_type(const char *type, struct qp_err *err)
{
    if (is(type, "LineString") || is(type, "MultiLineString")) {
        return qp_fail(err, QP_E_INPUT,
                       "a line has no area; close it and save it as Polygon, or save a Point");
    }
    if (is(type, "MultiPoint")) {
        return qp_fail(err, QP_E_INPUT, "several points in one feature; write one feature a point");
    }
    if (is(type, "GeometryCollection")) {
        return qp_fail(err, QP_E_INPUT,
                       "a collection of geometries in one feature; write one feature a geometry");
    }
    return qp_fail(err, QP_E_INPUT,
                   "an unknown geometry type; Point, Polygon and MultiPolygon are read");
}

enum qp_code qp_geojson_shape(const json_t *object, struct qp_coordinates *to,
                              struct qp_geometry *geometry, struct qp_err *err)
{
    if (!json_is_object(object)) {
        return qp_fail(err, QP_E_INPUT, "no geometry; draw the plot or remove the feature");
    }
    const char *type = json_string_value(json_object_get(object, "type"));
    const json_t *coordinates = json_object_get(object, "coordinates");
    if (type == NULL) {
        return qp_fail(err, QP_E_INPUT, "a geometry without a type");
    }
    if (is(type, "Polygon") || is(type, "MultiPolygon")) {
        return read_polygons(coordinates, is(type, "MultiPolygon"), to, geometry, err);
    }
    if (!is(type, "Point")) {
        return refuse_type(type, err);
    }
    struct qp_point point = {0};
    enum qp_code rc = read_position(coordinates, to, &point, err);
    if (rc == QP_OK) {
        *geometry = (struct qp_geometry){.kind = QP_GEOMETRY_POINT, .point = point};
    }
    return rc;
}
