/* GeoJSON (RFC 7946) in and out.
 *
 * Reading. A FeatureCollection, one Feature, or a bare geometry; Point, Polygon and MultiPolygon.
 * Features are parsed one at a time, so that memory follows the largest feature and not the file.
 * The file is read twice: a file that is not JSON, or not GeoJSON, is refused before any callback
 * runs. What is wrong with a single feature is told to the sink, and reading goes on: an import
 * reports every bad row.
 *
 * Decimals. jansson hands out doubles, not the digits that stood in the file. Up to 180 degrees a
 * double carries 13 decimals, so a number written with seven or fewer decimals becomes exactly its
 * whole number of 1e-7 degree; one written with more is rounded to the nearest, and the feature
 * says so (`rounded`). A third number of a position (height) is checked and dropped.
 *
 * The shape is not judged here (qp_geometry_check): only closed rings, counts and range are. A
 * lenient sink also gets what can be repaired: rings that are not closed, and coordinates of Peru
 * that are swapped. */
#ifndef QP_EXCHANGE_GEOJSON_H
#define QP_EXCHANGE_GEOJSON_H

#include <quipu/geo.h>

#include "core/alloc.h"

#include <jansson.h>

#define QP_GEOJSON_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define QP_GEOJSON_FEATURE_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define QP_GEOJSON_FEATURES_MAX 200000

struct qp_geojson_feature {
    uint64_t index;  /* 0-based place in the file */
    uint64_t offset; /* its first byte in the file */
    bool rounded;    /* some coordinate had more than seven decimals */
    size_t unclosed; /* rings whose last position was not the first; 0 unless lenient */
    const struct qp_geometry *geometry;
    json_t *properties; /* borrowed during the call; NULL where absent or null */
};

struct qp_geojson_sink {
    void *context;
    /* A feature; the geometry lives until the callback returns. Anything but QP_OK ends the read,
     * which returns it with `err` as the callback left it. */
    enum qp_code (*feature)(void *context, const struct qp_geojson_feature *feature,
                            struct qp_err *err);
    /* A feature that cannot be used, with the reason ("feature 3: …", counted from 1). Same return
     * rule. NULL: the first such feature ends the read with that reason. */
    enum qp_code (*fault)(void *context, uint64_t index, const struct qp_err *reason,
                          struct qp_err *err);
    bool lenient;  /* take open rings, closing them, and swapped coordinates as they stand */
    bool is_layer; /* as many points, rings and polygons as a feature's bytes can hold, which may be
                      more than a plot can have (geo.h) */
};

/* Read a whole file.
 *
 * arena   used for the geometries; reset before each feature and at the end
 * Returns QP_OK; QP_E_INPUT with the offset (not JSON, not GeoJSON, over a limit, or a `crs` other
 * than WGS 84); QP_E_MEMORY; or what a callback returned. */
enum qp_code qp_geojson_read(struct qp_span file, const struct qp_geojson_sink *sink,
                             struct qp_arena *arena, struct qp_err *err) QP_MUST_USE;

/* Writing, in the form that TRACES reads (GeoJSON file description of the EUDR Information System):
 * exactly six decimals, rounded half away from zero; closed rings; right-hand rule. */
#define QP_TRACES_GEOJSON_BYTES_MAX ((size_t)25000000)

struct qp_geojson_place {
    const struct qp_geometry *geometry;
    const char *producer_name;    /* UTF-8; NULL: left out */
    const char *producer_country; /* two capital letters; NULL: left out */
    const char *production_place; /* UTF-8; NULL: left out */
    uint64_t area_m2;             /* written in hectares; 0: left out. A point needs 1 to 40,000 */
};

/* Can it be written? QP_E_REFUSED with a rule: what qp_geometry_check says of the shape at six
 * decimals, GEO-HOLE (TRACES takes no holes: geo/split.h cuts them), GEO-AREA (point without area,
 * or of more than 4 ha); QP_E_USAGE (text not UTF-8, country not two capital letters);
 * QP_E_MEMORY. */
enum qp_code qp_geojson_check(const struct qp_geojson_place *place, struct qp_err *err) QP_MUST_USE;
/* Append a geometry object, holes and all, the coordinates as they are cut to six decimals: reduce
 * and normalize it first. QP_E_MEMORY. */
enum qp_code qp_geojson_geometry(struct qp_buf *out, const struct qp_geometry *geometry,
                                 struct qp_err *err) QP_MUST_USE;

struct qp_geojson_writer {
    size_t start; /* where the collection begins in out */
    struct qp_buf *out;
    uint64_t feature_count;
};

/* Begin a FeatureCollection at the end of `out`, which the writer borrows. QP_E_MEMORY. */
enum qp_code qp_geojson_begin(struct qp_geojson_writer *writer, struct qp_buf *out,
                              struct qp_err *err) QP_MUST_USE;
/* Append one Feature. On failure `out` is as before the call.
 * Returns QP_OK; what qp_geojson_check returns; QP_E_MEMORY. */
enum qp_code qp_geojson_add(struct qp_geojson_writer *writer, const struct qp_geojson_place *place,
                            struct qp_err *err) QP_MUST_USE;
/* Close it. QP_E_REFUSED (rule GEO-FILE: more than 25 MB, split the consignment), QP_E_MEMORY. */
enum qp_code qp_geojson_end(struct qp_geojson_writer *writer, struct qp_err *err) QP_MUST_USE;

#endif
