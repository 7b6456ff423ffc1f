/* Geo: points and polygons on integers.
 *
 * A coordinate is a whole number of 1e-7 degree on WGS 84 (about a centimetre). Everything here is
 * computed with integers, so two machines never disagree about a plot. The plane is longitude and
 * latitude taken as they are: a polygon may not cross the 180th meridian or surround a pole.
 *
 * A geometry borrows: it points at polygons, these at rings, these at points; whoever made it (an
 * arena, an array) keeps them alive. Three steps, in this order:
 *   qp_geometry_check      is it a shape at all? Exact; names the rule, the ring and the vertex.
 *   qp_geometry_normalize  one form for every way of drawing it: same plot, same bytes.
 *   qp_geometry_encode     those bytes, which are what the commitment of a plot is made over.
 *
 * Canonical form: the exterior ring is counter-clockwise and holes are clockwise (RFC 7946); a ring
 * begins at its smallest point (by longitude, then latitude); holes are sorted by their first
 * point, polygons by the first point of their exterior. Vertices on a straight side stay: a plot
 * with one more vertex is another content.
 *
 * Bytes (all numbers big-endian, nothing behind the last):
 *   u8 version = 1 · u8 kind
 *   kind 1, point:    i32 longitude · i32 latitude
 *   kind 2, polygons: u16 polygons · each: u16 rings · each: u32 points · each: i32 lon · i32 lat
 *
 * Thread-safe: no shared state. */
#ifndef QUIPU_GEO_H
#define QUIPU_GEO_H

#include <quipu/bytes.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QP_GEO_POINTS_MAX 20000 /* in one geometry, all rings together */
#define QP_GEO_RINGS_MAX 256    /* in one geometry, all polygons together */
#define QP_GEO_POLYGONS_MAX 64
#define QP_GEO_BYTES_MAX                                                                           \
    (4 + 2 * QP_GEO_POLYGONS_MAX + 4 * QP_GEO_RINGS_MAX + 8 * QP_GEO_POINTS_MAX)
#define QP_LONGITUDE_MAX_E7 INT32_C(1800000000)
#define QP_LATITUDE_MAX_E7 INT32_C(900000000)

struct qp_arena; /* core/alloc.h */

struct qp_point {
    int32_t longitude_e7;
    int32_t latitude_e7;
};

/* Open: the first point is not repeated at the end. At least 3 points. */
struct qp_ring {
    const struct qp_point *points;
    size_t count;
};

/* The first ring is the exterior, the others are holes. */
struct qp_polygon {
    const struct qp_ring *rings;
    size_t ring_count;
};

enum qp_geometry_kind { QP_GEOMETRY_POINT = 1, QP_GEOMETRY_POLYGON = 2 /* one or more polygons */ };

struct qp_geometry {
    enum qp_geometry_kind kind;
    struct qp_point point;             /* kind POINT */
    const struct qp_polygon *polygons; /* kind POLYGON */
    size_t polygon_count;
};

/* West may equal east, and south north. */
struct qp_box {
    struct qp_point south_west;
    struct qp_point north_east;
};

enum qp_place { QP_PLACE_OUTSIDE = 0, QP_PLACE_BOUNDARY, QP_PLACE_INSIDE };

/* Where a shape is wrong: a vertex, or the side that begins there. */
struct qp_geometry_spot {
    size_t polygon;
    size_t ring; /* within the polygon; 0 is the exterior */
    size_t vertex;
    struct qp_point point;
};

/* code is one of these, and also stands in err->rule:
 *   GEO-KIND          neither a point nor polygons, or a count below the least
 *   GEO-MANY          more polygons, rings or points than the limits above
 *   GEO-RANGE         a coordinate beyond 180 or 90 degrees
 *   GEO-FEW           fewer than 3 distinct points in a ring
 *   GEO-REPEAT        a point equals the one before it (or the last equals the first)
 *   GEO-FLAT          all points of a ring on one line
 *   GEO-OVERLAP-SIDE  two sides run along each other (a spike, or a border shared by two parts)
 *   GEO-TOUCH         a vertex lies on another vertex or side, of its ring or another one
 *   GEO-CROSS         two sides cross
 *   GEO-HOLE-OUTSIDE  a hole is not inside its exterior ring
 *   GEO-OVERLAP       a hole inside another hole, or a polygon over another polygon */
struct qp_geometry_fault {
    const char *code;              /* static text */
    struct qp_geometry_spot spot;  /* all 0 where the fault is of the geometry as a whole */
    struct qp_geometry_spot other; /* second party of a contact; otherwise equal to spot */
};

enum qp_geometry_check_flags {
    QP_GEOMETRY_AS_IS = 0,
    /* Judge the shape as it reads once rounded to six decimals, which is how it is filed with
     * TRACES: points that differ only in the seventh decimal fall together. */
    QP_GEOMETRY_SIX_DECIMALS = 1
};

/* Is this a sound shape? Exact. No contact of any kind is allowed between sides that are not
 * neighbours in their ring: parts that share a border are one polygon, or two plots.
 *
 * flags   QP_GEOMETRY_AS_IS or QP_GEOMETRY_SIX_DECIMALS
 * fault   out, may be NULL: written only with QP_E_REFUSED; the first fault found, the same one on
 *         every machine
 * Returns QP_OK; QP_E_REFUSED; QP_E_MEMORY.
 * Cost: a sweep over the vertices; at most 16 orientations per vertex to find a place among the
 * open sides and 3 pair tests, plus moving at most 4 * QP_GEO_POINTS_MAX bytes per vertex. Hostile
 * input of 20,000 points stays below a tenth of a second in an optimised build. */
QP_API QP_MUST_USE enum qp_code qp_geometry_check(const struct qp_geometry *geometry,
                                                  unsigned flags, struct qp_geometry_fault *fault,
                                                  struct qp_err *err);

/* The canonical form of a geometry that qp_geometry_check accepts. `out` and what it points at
 * live in the arena; `out` may be `geometry`.
 * Returns QP_OK; QP_E_REFUSED (the shape is not sound; not every fault is found here); QP_E_MEMORY.
 */
QP_API QP_MUST_USE enum qp_code qp_geometry_normalize(const struct qp_geometry *geometry,
                                                      struct qp_arena *arena,
                                                      struct qp_geometry *out, struct qp_err *err);

/* The geometry with each coordinate rounded to six decimals, half away from zero; nothing else
 * changes, so check and normalize it again. As above for `out`. QP_E_REFUSED (counts), QP_E_MEMORY.
 */
QP_API QP_MUST_USE enum qp_code qp_geometry_reduce(const struct qp_geometry *geometry,
                                                   struct qp_arena *arena, struct qp_geometry *out,
                                                   struct qp_err *err);

/* Append the bytes of a geometry in canonical form. QP_E_USAGE (not in canonical form: normalize
 * first), QP_E_REFUSED (counts, range), QP_E_MEMORY; on failure `out` is as before. */
QP_API QP_MUST_USE enum qp_code qp_geometry_encode(const struct qp_geometry *geometry,
                                                   struct qp_buf *out, struct qp_err *err);

/* Read those bytes, strictly: exact length, counts, ranges and canonical form; so every geometry
 * has one encoding. Whether the shape is sound is for qp_geometry_check to say.
 * Returns QP_OK; QP_E_INPUT with the offset; QP_E_MEMORY. `out` lives in the arena. */
QP_API QP_MUST_USE enum qp_code qp_geometry_decode(struct qp_span bytes, struct qp_arena *arena,
                                                   struct qp_geometry *out, struct qp_err *err);

/* Area in square metres, holes subtracted, rounded to the nearest; 0 for a point.
 *
 * Spherical polygon with R = 6,378,137 m: R²/2 · |Σ (λ[i+1] − λ[i−1]) · sin φ[i]|, the formula that
 * gives the areas printed in the European Commission's examples. It is 0.4 to 0.7 % larger than
 * the area on the WGS 84 ellipsoid, so a limit of hectares judged by it is judged strictly.
 * The sine is our own, in fixed point, good to 1e-17.
 * Returns QP_OK; QP_E_REFUSED (counts, range, or holes larger than the exterior). */
QP_API QP_MUST_USE enum qp_code qp_geometry_area_m2(const struct qp_geometry *geometry,
                                                    uint64_t *area_m2, struct qp_err *err);

/* Where the point lies, exactly, for a geometry that qp_geometry_check accepts. For a point:
 * BOUNDARY where equal. */
QP_API enum qp_place qp_geometry_contains(const struct qp_geometry *geometry,
                                          struct qp_point point);

/* Smallest box around a geometry that qp_geometry_check accepts. */
QP_API struct qp_box qp_geometry_box(const struct qp_geometry *geometry);

#define QP_COORDINATE_TEXT_BYTES 16
/* "-76.1234567": always seven decimals. text has room for QP_COORDINATE_TEXT_BYTES. */
QP_API void qp_coordinate_format(char *text, int32_t value_e7);

#ifdef __cplusplus
}
#endif
#endif
