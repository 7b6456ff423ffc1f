/* Reading GeoJSON. The walker below knows just enough JSON to find the elements of "features"; each
 * element, and every other member, is handed to jansson by itself. */
#include "exchange/geojson.h"

#include "core/check.h"
#include "exchange/geojson_shape.h"

#include <inttypes.h>
#include <string.h>

struct walk {
    struct qp_span file;
    size_t at;
    const struct qp_geojson_sink *sink; /* NULL: only look whether it is GeoJSON */
    struct qp_arena *arena;
    uint64_t feature_count;
    bool is_collection; /* "type" is "FeatureCollection" */
    bool has_features;
};

static bool is_type(const char *type, const char *name)
{
    return strcmp(type, name) == 0;
}

static enum qp_code tell_fault(struct walk *walk, const struct qp_err *reason, struct qp_err *err)
{
    if (walk->sink->fault != NULL) {
        return walk->sink->fault(walk->sink->context, walk->feature_count, reason, err);
    }
    if (err != NULL) {
        *err = *reason;
    }
    return reason->code;
}

/* Reads one Feature, or a geometry standing alone, and tells the sink. */
static enum qp_code deliver(struct walk *walk, const json_t *object, size_t offset,
                            struct qp_err *err)
{
    struct qp_err reason;
    struct qp_geometry geometry = {0};
    json_t *properties = NULL;
    enum qp_code rc = QP_OK;
    qp_arena_reset(walk->arena);
    qp_err_init(&reason);
    struct qp_coordinates to = {
        .arena = walk->arena, .lenient = walk->sink->lenient, .is_layer = walk->sink->is_layer};
    const char *type = json_string_value(json_object_get(object, "type"));
    bool is_feature = type != NULL && is_type(type, "Feature");
    if (is_feature) {
        properties = json_object_get(object, "properties");
        rc = qp_geojson_shape(json_object_get(object, "geometry"), &to, &geometry, &reason);
    } else if (walk->has_features) {
        rc = qp_fail(&reason, QP_E_INPUT, "an element that is not a Feature");
    } else {
        rc = qp_geojson_shape(object, &to, &geometry, &reason);
    }
    if (rc == QP_OK && properties != NULL && !json_is_object(properties) &&
        !json_is_null(properties)) {
        rc = qp_fail(&reason, QP_E_INPUT, "properties that are not an object");
    }
    if (rc == QP_E_MEMORY) {
        return qp_fail(err, rc, "%s", reason.text);
    }
    if (rc != QP_OK) {
        (void)qp_prefix(&reason, rc, "feature %" PRIu64, walk->feature_count + 1);
        reason.offset = offset;
        return tell_fault(walk, &reason, err);
    }
    struct qp_geojson_feature feature = {
        .index = walk->feature_count,
        .offset = offset,
        .rounded = to.rounded,
        .unclosed = to.unclosed,
        .geometry = &geometry,
        .properties = json_is_object(properties) ? properties : NULL,
    };
    return walk->sink->feature(walk->sink->context, &feature, err);
}

static void skip_space(struct walk *walk)
{
    while (walk->at < walk->file.len && strchr(" \t\r\n", walk->file.data[walk->at]) != NULL &&
           walk->file.data[walk->at] != '\0') {
        walk->at++;
    }
}

/* Takes the mark if it stands next, after white space. */
static bool take(struct walk *walk, char mark)
{
    skip_space(walk);
    if (walk->at >= walk->file.len || walk->file.data[walk->at] != (uint8_t)mark) {
        return false;
    }
    walk->at++;
    return true;
}

static enum qp_code refuse_json(const struct walk *walk, const char *what, struct qp_err *err)
{
    return qp_fail_at(err, QP_E_INPUT, walk->at, "not JSON at byte %zu: %s", walk->at, what);
}

/* One value by jansson, at most QP_GEOJSON_FEATURE_BYTES_MAX bytes of it. Caller: json_decref. */
static enum qp_code take_value(struct walk *walk, json_t **value, struct qp_err *err)
{
    skip_space(walk);
    size_t left = walk->file.len - walk->at;
    size_t len = left < QP_GEOJSON_FEATURE_BYTES_MAX ? left : QP_GEOJSON_FEATURE_BYTES_MAX;
    json_error_t why;
    json_t *made =
        json_loadb((const char *)walk->file.data + walk->at, len,
                   JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &why);
    if (made == NULL && json_error_code(&why) == json_error_out_of_memory) {
        return qp_fail(err, QP_E_MEMORY, "no memory to read JSON");
    }
    size_t used = why.position > 0 ? (size_t)why.position : 0;
    if (made == NULL && len < left && used >= len) {
        return qp_fail_at(err, QP_E_INPUT, walk->at,
                          "a feature or member of more than %zu bytes at byte %zu",
                          QP_GEOJSON_FEATURE_BYTES_MAX, walk->at);
    }
    walk->at += used < len ? used : len;
    if (made == NULL) {
        return refuse_json(walk, why.text, err);
    }
    *value = made;
    return QP_OK;
}

static enum qp_code take_features(struct walk *walk, struct qp_err *err)
{
    walk->feature_count = 0;
    if (take(walk, ']')) {
        return QP_OK;
    }
    do {
        json_t *feature = NULL;
        skip_space(walk);
        size_t offset = walk->at;
        if (walk->feature_count == QP_GEOJSON_FEATURES_MAX) {
            return qp_fail_at(err, QP_E_INPUT, offset, "more than %d features; split the file",
                              QP_GEOJSON_FEATURES_MAX);
        }
        enum qp_code rc = take_value(walk, &feature, err);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "feature %" PRIu64, walk->feature_count + 1);
        }
        rc = walk->sink == NULL ? QP_OK : deliver(walk, feature, offset, err);
        json_decref(feature);
        if (rc != QP_OK) {
            return rc;
        }
        walk->feature_count++;
    } while (take(walk, ','));
    return take(walk, ']') ? QP_OK : refuse_json(walk, "',' or ']' expected", err);
}

/* Coordinates in another system would be taken for degrees in the wrong place. */
static enum qp_code check_crs(const json_t *crs, struct qp_err *err)
{
    const json_t *properties = json_object_get(crs, "properties");
    const char *name = json_string_value(json_object_get(properties, "name"));
    static const char *const known[] = {"urn:ogc:def:crs:OGC:1.3:CRS84",
                                        "urn:ogc:def:crs:OGC::CRS84",
                                        "urn:ogc:def:crs:EPSG::4326",
                                        "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
                                        "EPSG:4326",
                                        "OGC:CRS84"};
    if (json_is_null(crs)) {
        return QP_OK;
    }
    for (size_t i = 0; name != NULL && i < QP_COUNT(known); i++) {
        if (strcmp(name, known[i]) == 0) {
            return QP_OK;
        }
    }
    return qp_fail(err, QP_E_INPUT,
                   "the file names a coordinate system other than WGS 84; export it as EPSG:4326");
}

/* Any member but "features". */
static enum qp_code take_member(struct walk *walk, const char *key, struct qp_err *err)
{
    json_t *value = NULL;
    enum qp_code rc = take_value(walk, &value, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (is_type(key, "type")) {
        walk->is_collection =
            json_is_string(value) && is_type(json_string_value(value), "FeatureCollection");
    } else if (is_type(key, "crs")) {
        rc = check_crs(value, err);
    }
    json_decref(value);
    return rc;
}

static enum qp_code take_key_and_value(struct walk *walk, struct qp_err *err)
{
    json_t *key = NULL;
    enum qp_code rc = take_value(walk, &key, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (!json_is_string(key)) {
        rc = refuse_json(walk, "a member's name expected", err);
    } else if (!take(walk, ':')) {
        rc = refuse_json(walk, "':' expected", err);
    } else if (!is_type(json_string_value(key), "features")) {
        rc = take_member(walk, json_string_value(key), err);
    } else if (walk->has_features) {
        rc = refuse_json(walk, "\"features\" stands there twice", err);
    } else if (!take(walk, '[')) {
        rc = refuse_json(walk, "\"features\" must be an array", err);
    } else {
        walk->has_features = true;
        rc = take_features(walk, err);
    }
    json_decref(key);
    return rc;
}

static enum qp_code take_object(struct walk *walk, struct qp_err *err)
{
    walk->has_features = false;
    walk->is_collection = false;
    if (!take(walk, '{')) {
        return refuse_json(walk, "GeoJSON begins with {", err);
    }
    if (!take(walk, '}')) {
        do {
            skip_space(walk);
            enum qp_code rc = take_key_and_value(walk, err);
            if (rc != QP_OK) {
                return rc;
            }
        } while (take(walk, ','));
        if (!take(walk, '}')) {
            return refuse_json(walk, "',' or '}' expected", err);
        }
    }
    skip_space(walk);
    if (walk->at != walk->file.len) {
        return refuse_json(walk, "something stands behind the end", err);
    }
    if (walk->has_features != walk->is_collection) {
        return qp_fail(err, QP_E_INPUT,
                       "a FeatureCollection needs \"type\": \"FeatureCollection\" and an array "
                       "\"features\"");
    }
    return QP_OK;
}

enum qp_code qp_geojson_read(struct qp_span file, const struct qp_geojson_sink *sink,
                             struct qp_arena *arena, struct qp_err *err)
{
    if (file.len > QP_GEOJSON_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "a GeoJSON file of %zu bytes; at most %zu are read",
                       file.len, QP_GEOJSON_BYTES_MAX);
    }
    size_t start = file.len >= 3 && memcmp(file.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    struct walk walk = {.file = file, .at = start, .arena = arena};
    enum qp_code rc = take_object(&walk, err);
    if (rc != QP_OK) {
        return rc;
    }
    walk.sink = sink;
    walk.at = start;
    walk.feature_count = 0;
    if (walk.has_features) {
        rc = take_object(&walk, err);
    } else {
        json_t *object = NULL;
        rc = take_value(&walk, &object, err);
        if (rc == QP_OK) {
            rc = deliver(&walk, object, start, err);
        }
        json_decref(object);
    }
    qp_arena_reset(arena);
    return rc;
}
