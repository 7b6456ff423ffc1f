#include <quipu/geo.h>

#include "core/alloc.h"
#include "core/check.h"
#include "geo/plane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void qp_coordinate_format(char *text, int32_t value_e7)
{
    int64_t value = value_e7;
    uint64_t whole = (uint64_t)(value < 0 ? -value : value);
    snprintf(text, QP_COORDINATE_TEXT_BYTES, "%s%u.%07u", value < 0 ? "-" : "",
             (unsigned)(whole / 10000000), (unsigned)(whole % 10000000));
}

static int32_t reduce(int32_t value)
{
    return (value >= 0 ? value + 5 : value - 5) / 10 * 10;
}

struct qp_point qp_point_reduce(struct qp_point point)
{
    return (struct qp_point){reduce(point.longitude_e7), reduce(point.latitude_e7)};
}

size_t qp_ring_smallest(const struct qp_ring *ring)
{
    size_t smallest = 0;
    for (size_t i = 1; i < ring->count; i++) {
        if (qp_point_compare(ring->points[i], ring->points[smallest]) < 0) {
            smallest = i;
        }
    }
    return smallest;
}

int qp_ring_turn(const struct qp_ring *ring)
{
    size_t at = qp_ring_smallest(ring);
    return qp_point_side(ring->points[(at + ring->count - 1) % ring->count], ring->points[at],
                         ring->points[(at + 1) % ring->count]);
}

/* Counts the sides that a ray to the east crosses. A side owns its lower end and not its upper, so
 * that a ray through a vertex counts once where the ring passes and twice or never where it turns.
 */
enum qp_place qp_ring_place(const struct qp_ring *ring, struct qp_point point)
{
    bool inside = false;
    for (size_t i = 0; i < ring->count; i++) {
        struct qp_point a = ring->points[i];
        struct qp_point b = ring->points[i + 1 == ring->count ? 0 : i + 1];
        int side = qp_point_side(a, b, point);
        if (side == 0 && qp_point_between(a, b, point)) {
            return QP_PLACE_BOUNDARY;
        }
        bool a_above = a.latitude_e7 > point.latitude_e7;
        bool b_above = b.latitude_e7 > point.latitude_e7;
        if (a_above != b_above && (side > 0) == b_above) {
            inside = !inside;
        }
    }
    return inside ? QP_PLACE_INSIDE : QP_PLACE_OUTSIDE;
}

static enum qp_place polygon_place(const struct qp_polygon *polygon, struct qp_point point)
{
    enum qp_place place = qp_ring_place(&polygon->rings[0], point);
    for (size_t i = 1; i < polygon->ring_count && place == QP_PLACE_INSIDE; i++) {
        enum qp_place in_hole = qp_ring_place(&polygon->rings[i], point);
        if (in_hole != QP_PLACE_OUTSIDE) {
            place = in_hole == QP_PLACE_BOUNDARY ? QP_PLACE_BOUNDARY : QP_PLACE_OUTSIDE;
        }
    }
    return place;
}

enum qp_place qp_geometry_contains(const struct qp_geometry *geometry, struct qp_point point)
{
    if (!qp_point_in_range(point)) {
        return QP_PLACE_OUTSIDE;
    }
    if (geometry->kind == QP_GEOMETRY_POINT) {
        return qp_point_compare(geometry->point, point) == 0 ? QP_PLACE_BOUNDARY : QP_PLACE_OUTSIDE;
    }
    enum qp_place place = QP_PLACE_OUTSIDE;
    for (size_t i = 0; i < geometry->polygon_count && place == QP_PLACE_OUTSIDE; i++) {
        place = polygon_place(&geometry->polygons[i], point);
    }
    return place;
}

static void stretch(struct qp_box *box, struct qp_point point)
{
    if (point.longitude_e7 < box->south_west.longitude_e7) {
        box->south_west.longitude_e7 = point.longitude_e7;
    }
    if (point.latitude_e7 < box->south_west.latitude_e7) {
        box->south_west.latitude_e7 = point.latitude_e7;
    }
    if (point.longitude_e7 > box->north_east.longitude_e7) {
        box->north_east.longitude_e7 = point.longitude_e7;
    }
    if (point.latitude_e7 > box->north_east.latitude_e7) {
        box->north_east.latitude_e7 = point.latitude_e7;
    }
}

struct qp_box qp_geometry_box(const struct qp_geometry *geometry)
{
    if (geometry->kind == QP_GEOMETRY_POINT) {
        return (struct qp_box){geometry->point, geometry->point};
    }
    struct qp_point first = geometry->polygons[0].rings[0].points[0];
    struct qp_box box = {first, first};
    for (size_t i = 0; i < geometry->polygon_count; i++) {
        const struct qp_ring *exterior = &geometry->polygons[i].rings[0];
        for (size_t j = 0; j < exterior->count; j++) {
            stretch(&box, exterior->points[j]);
        }
    }
    return box;
}

/* Copy of the polygons, with arrays of its own that may be written to. */
static enum qp_code copy(const struct qp_geometry *geometry, struct qp_arena *arena,
                         struct qp_geometry *out, struct qp_err *err)
{
    size_t point_count = 0;
    size_t ring_count = 0;
    enum qp_code rc = qp_geometry_check_counts(geometry, &point_count, &ring_count, NULL, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (geometry->kind == QP_GEOMETRY_POINT) {
        *out = (struct qp_geometry){.kind = QP_GEOMETRY_POINT, .point = geometry->point};
        return QP_OK;
    }
    struct qp_polygon *polygons =
        qp_arena_alloc_zero(arena, geometry->polygon_count, sizeof *polygons);
    struct qp_ring *rings = qp_arena_alloc_zero(arena, ring_count, sizeof *rings);
    struct qp_point *points = qp_arena_alloc_zero(arena, point_count, sizeof *points);
    if (polygons == NULL || rings == NULL || points == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a geometry of %zu points", point_count);
    }
    for (size_t i = 0; i < geometry->polygon_count; i++) {
        const struct qp_polygon *from = &geometry->polygons[i];
        polygons[i] = (struct qp_polygon){.rings = rings, .ring_count = from->ring_count};
        for (size_t j = 0; j < from->ring_count; j++) {
            memcpy(points, from->rings[j].points, from->rings[j].count * sizeof *points);
            *rings = (struct qp_ring){.points = points, .count = from->rings[j].count};
            rings++;
            points += from->rings[j].count;
        }
    }
    *out = (struct qp_geometry){.kind = QP_GEOMETRY_POLYGON,
                                .polygons = polygons,
                                .polygon_count = geometry->polygon_count};
    return QP_OK;
}

/* The arrays behind a geometry that copy() made: ours to write. */
static struct qp_point *points_of(const struct qp_ring *ring)
{
    return (struct qp_point *)(uintptr_t)ring->points;
}

static void reverse(struct qp_point *points, size_t from, size_t to)
{
    while (from + 1 < to) {
        to--;
        struct qp_point swap = points[from];
        points[from] = points[to];
        points[to] = swap;
        from++;
    }
}

/* Turns a ring the right way round and lets it begin at its smallest point. */
static enum qp_code normalize_ring(const struct qp_ring *ring, int turn, struct qp_err *err)
{
    struct qp_point *points = points_of(ring);
    int now = qp_ring_turn(ring);
    if (now == 0) {
        return qp_refuse(err, "GEO-FLAT", "a ring folds back on itself; check the shape first");
    }
    if (now != turn) {
        reverse(points, 0, ring->count);
    }
    /* Rotation by three reversals. */
    size_t first = qp_ring_smallest(ring);
    reverse(points, 0, first);
    reverse(points, first, ring->count);
    reverse(points, 0, ring->count);
    return QP_OK;
}

static int compare_rings(const void *a, const void *b)
{
    const struct qp_ring *left = a;
    const struct qp_ring *right = b;
    return qp_point_compare(left->points[0], right->points[0]);
}

static int compare_polygons(const void *a, const void *b)
{
    const struct qp_polygon *left = a;
    const struct qp_polygon *right = b;
    return qp_point_compare(left->rings[0].points[0], right->rings[0].points[0]);
}

enum qp_code qp_geometry_normalize(const struct qp_geometry *geometry, struct qp_arena *arena,
                                   struct qp_geometry *out, struct qp_err *err)
{
    struct qp_geometry made = {.kind = QP_GEOMETRY_POINT};
    enum qp_code rc = copy(geometry, arena, &made, err);
    if (rc != QP_OK) {
        return rc;
    }
    for (size_t i = 0; i < made.polygon_count; i++) {
        const struct qp_polygon *polygon = &made.polygons[i];
        for (size_t j = 0; j < polygon->ring_count; j++) {
            rc = normalize_ring(&polygon->rings[j], j == 0 ? 1 : -1, err);
            if (rc != QP_OK) {
                return rc;
            }
        }
        qsort((struct qp_ring *)(uintptr_t)polygon->rings + 1, polygon->ring_count - 1,
              sizeof *polygon->rings, compare_rings);
    }
    if (made.polygon_count > 1) {
        qsort((struct qp_polygon *)(uintptr_t)made.polygons, made.polygon_count,
              sizeof *made.polygons, compare_polygons);
    }
    *out = made;
    return QP_OK;
}

enum qp_code qp_geometry_reduce(const struct qp_geometry *geometry, struct qp_arena *arena,
                                struct qp_geometry *out, struct qp_err *err)
{
    struct qp_geometry made = {.kind = QP_GEOMETRY_POINT};
    enum qp_code rc = copy(geometry, arena, &made, err);
    if (rc != QP_OK) {
        return rc;
    }
    made.point = qp_point_reduce(made.point);
    for (size_t i = 0; i < made.polygon_count; i++) {
        for (size_t j = 0; j < made.polygons[i].ring_count; j++) {
            const struct qp_ring *ring = &made.polygons[i].rings[j];
            struct qp_point *points = points_of(ring);
            for (size_t k = 0; k < ring->count; k++) {
                points[k] = qp_point_reduce(points[k]);
            }
        }
    }
    *out = made;
    return QP_OK;
}
