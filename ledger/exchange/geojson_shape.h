/* One GeoJSON geometry object, as jansson parsed it, to integers. */
#ifndef QP_EXCHANGE_GEOJSON_SHAPE_H
#define QP_EXCHANGE_GEOJSON_SHAPE_H

#include <quipu/geo.h>

#include "core/alloc.h"

#include <jansson.h>

/* All zeros but for the arena, lenient and is_layer, before the call. */
struct qp_coordinates {
    struct qp_arena *arena; /* where rings and points go */
    size_t point_count;     /* so far */
    bool rounded;           /* some number had more than seven decimals */
    bool lenient;           /* before the call: see struct qp_geojson_sink */
    bool is_layer;          /* likewise */
    size_t unclosed;        /* rings that were not closed, when lenient */
};

/* Point, Polygon or MultiPolygon; closed rings, counts and range are checked. QP_E_INPUT,
 * QP_E_MEMORY. */
enum qp_code qp_geojson_shape(const json_t *object, struct qp_coordinates *to,
                              struct qp_geometry *geometry, struct qp_err *err) QP_MUST_USE;

#endif
