/* Is a geometry a sound shape? Counts and range, then each ring by itself, then every contact among
 * all sides (sweep.c), then, once no two rings meet, which ring lies inside which: one point of a
 * ring answers for the whole ring. */
#include <quipu/geo.h>

#include "core/alloc.h"
#include "core/check.h"
#include "geo/plane.h"
#include "geo/sweep.h"

#include <stdio.h>

/* A vertex in words: "vertex 4 at -76.1234567, -6.1234567", with its ring where there are several.
 * People count from 1. */
static void describe(char *text, size_t size, const struct qp_geometry *geometry,
                     const struct qp_geometry_spot *spot)
{
    char longitude[QP_COORDINATE_TEXT_BYTES];
    char latitude[QP_COORDINATE_TEXT_BYTES];
    char where[64] = "";
    qp_coordinate_format(longitude, spot->point.longitude_e7);
    qp_coordinate_format(latitude, spot->point.latitude_e7);
    if (geometry->polygon_count > 1) {
        snprintf(where, sizeof where, "polygon %zu, ring %zu, ", spot->polygon + 1, spot->ring + 1);
    } else if (spot->polygon < geometry->polygon_count &&
               geometry->polygons[spot->polygon].ring_count > 1) {
        snprintf(where, sizeof where, "ring %zu, ", spot->ring + 1);
    }
    snprintf(text, size, "%svertex %zu at %s, %s", where, spot->vertex + 1, longitude, latitude);
}

/* "<where>: <what>". */
static enum qp_code refuse_at(const struct qp_geometry *geometry, const char *code,
                              const struct qp_geometry_spot *spot, const char *what,
                              struct qp_geometry_fault *fault, struct qp_err *err)
{
    char where[160];
    describe(where, sizeof where, geometry, spot);
    if (fault != NULL) {
        *fault = (struct qp_geometry_fault){.code = code, .spot = *spot, .other = *spot};
    }
    return qp_refuse(err, code, "%s: %s", where, what);
}

static enum qp_code refuse_whole(const char *code, const char *what, size_t count, size_t most,
                                 struct qp_geometry_fault *fault, struct qp_err *err)
{
    if (fault != NULL) {
        *fault = (struct qp_geometry_fault){.code = code};
    }
    return qp_refuse(err, code, "a geometry with %zu %s; 1 to %zu are possible", count, what, most);
}

static enum qp_code check_range(const struct qp_geometry *geometry, struct qp_geometry_spot spot,
                                struct qp_geometry_fault *fault, struct qp_err *err)
{
    if (qp_point_in_range(spot.point)) {
        return QP_OK;
    }
    return refuse_at(geometry, "GEO-RANGE", &spot,
                     "beyond 180 degrees of longitude or 90 of latitude", fault, err);
}

static enum qp_code check_ring_counts(const struct qp_geometry *geometry, size_t polygon,
                                      size_t ring, size_t *point_count,
                                      struct qp_geometry_fault *fault, struct qp_err *err)
{
    const struct qp_ring *at = &geometry->polygons[polygon].rings[ring];
    struct qp_geometry_spot spot = {.polygon = polygon, .ring = ring};
    if (at->count == 0) {
        return refuse_whole("GEO-KIND", "points in a ring", 0, QP_GEO_POINTS_MAX, fault, err);
    }
    if (at->count > QP_GEO_POINTS_MAX - *point_count) {
        return refuse_whole("GEO-MANY", "points or more", *point_count + at->count,
                            QP_GEO_POINTS_MAX, fault, err);
    }
    *point_count += at->count;
    for (size_t i = 0; i < at->count; i++) {
        spot.vertex = i;
        spot.point = at->points[i];
        enum qp_code rc = check_range(geometry, spot, fault, err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    if (at->count < 3) {
        return refuse_at(geometry, "GEO-FEW", &spot, "a ring needs three different points at least",
                         fault, err);
    }
    return QP_OK;
}

enum qp_code qp_geometry_check_counts(const struct qp_geometry *geometry, size_t *point_count,
                                      size_t *ring_count, struct qp_geometry_fault *fault,
                                      struct qp_err *err)
{
    size_t points = 0;
    size_t rings = 0;
    enum qp_code rc = QP_OK;
    if (geometry->kind == QP_GEOMETRY_POINT) {
        *point_count = 0;
        *ring_count = 0;
        return check_range(geometry, (struct qp_geometry_spot){.point = geometry->point}, fault,
                           err);
    }
    if (geometry->kind != QP_GEOMETRY_POLYGON || geometry->polygon_count == 0) {
        return refuse_whole("GEO-KIND", "points or polygons", 0, QP_GEO_POLYGONS_MAX, fault, err);
    }
    if (geometry->polygon_count > QP_GEO_POLYGONS_MAX) {
        return refuse_whole("GEO-MANY", "polygons", geometry->polygon_count, QP_GEO_POLYGONS_MAX,
                            fault, err);
    }
    for (size_t i = 0; i < geometry->polygon_count; i++) {
        size_t count = geometry->polygons[i].ring_count;
        if (count == 0) {
            return refuse_whole("GEO-KIND", "rings in a polygon", 0, QP_GEO_RINGS_MAX, fault, err);
        }
        if (count > QP_GEO_RINGS_MAX - rings) {
            return refuse_whole("GEO-MANY", "rings or more", rings + count, QP_GEO_RINGS_MAX, fault,
                                err);
        }
        rings += count;
        for (size_t j = 0; j < count && rc == QP_OK; j++) {
            rc = check_ring_counts(geometry, i, j, &points, fault, err);
        }
        if (rc != QP_OK) {
            return rc;
        }
    }
    *point_count = points;
    *ring_count = rings;
    return QP_OK;
}

/* Everything the checks work on: all vertices in one array, each with its place in the geometry. */
struct work {
    const struct qp_geometry *geometry;
    struct qp_point *points;
    uint32_t *next;
    uint32_t *previous;
    struct qp_ring *rings; /* over `points`, in the geometry's order */
    size_t *polygon_first; /* index into rings of each polygon's exterior, and the end */
    size_t point_count;
    size_t ring_count;
};

static void wipe(struct work *work)
{
    qp_free(work->points);
    qp_free(work->next);
    qp_free(work->previous);
    qp_free(work->rings);
    qp_free(work->polygon_first);
}

static enum qp_code fill(struct work *work, unsigned flags, struct qp_err *err)
{
    const struct qp_geometry *geometry = work->geometry;
    work->points = qp_alloc_zero(work->point_count, sizeof *work->points);
    work->next = qp_alloc_zero(work->point_count, sizeof *work->next);
    work->previous = qp_alloc_zero(work->point_count, sizeof *work->previous);
    work->rings = qp_alloc_zero(work->ring_count, sizeof *work->rings);
    work->polygon_first = qp_alloc_zero(geometry->polygon_count + 1, sizeof *work->polygon_first);
    if (work->points == NULL || work->next == NULL || work->previous == NULL ||
        work->rings == NULL || work->polygon_first == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to check a geometry of %zu points",
                       work->point_count);
    }
    size_t at = 0;
    size_t ring = 0;
    for (size_t i = 0; i < geometry->polygon_count; i++) {
        work->polygon_first[i] = ring;
        for (size_t j = 0; j < geometry->polygons[i].ring_count; j++) {
            const struct qp_ring *from = &geometry->polygons[i].rings[j];
            work->rings[ring] = (struct qp_ring){.points = work->points + at, .count = from->count};
            ring++;
            for (size_t k = 0; k < from->count; k++) {
                work->points[at + k] = (flags & QP_GEOMETRY_SIX_DECIMALS) != 0
                                           ? qp_point_reduce(from->points[k])
                                           : from->points[k];
                work->next[at + k] = (uint32_t)(at + (k + 1) % from->count);
                work->previous[at + k] = (uint32_t)(at + (k + from->count - 1) % from->count);
            }
            at += from->count;
        }
    }
    work->polygon_first[geometry->polygon_count] = ring;
    return QP_OK;
}

static struct qp_geometry_spot spot_of(const struct work *work, size_t vertex)
{
    struct qp_geometry_spot spot = {.point = work->points[vertex]};
    size_t ring = 0;
    while (vertex >= work->rings[ring].count) {
        vertex -= work->rings[ring].count;
        ring++;
    }
    while (ring >= work->polygon_first[spot.polygon + 1]) {
        spot.polygon++;
    }
    spot.ring = ring - work->polygon_first[spot.polygon];
    spot.vertex = vertex;
    return spot;
}

static enum qp_code refuse_vertex(const struct work *work, const char *code, size_t vertex,
                                  const char *what, struct qp_geometry_fault *fault,
                                  struct qp_err *err)
{
    struct qp_geometry_spot spot = spot_of(work, vertex);
    return refuse_at(work->geometry, code, &spot, what, fault, err);
}

/* Both spots are vertices, or the sides that begin there. */
static enum qp_code refuse_pair(const struct work *work, const char *code, size_t one, size_t two,
                                const char *what, struct qp_geometry_fault *fault,
                                struct qp_err *err)
{
    char first[160];
    char second[160];
    struct qp_geometry_spot spot = spot_of(work, one);
    struct qp_geometry_spot other = spot_of(work, two);
    describe(first, sizeof first, work->geometry, &spot);
    describe(second, sizeof second, work->geometry, &other);
    if (fault != NULL) {
        *fault = (struct qp_geometry_fault){.code = code, .spot = spot, .other = other};
    }
    return qp_refuse(err, code, "%s and %s: %s", first, second, what);
}

/* Fewer than three different points: every point equals the first or one other. */
static bool has_three(const struct qp_ring *ring)
{
    struct qp_point first = ring->points[0];
    struct qp_point second = first;
    for (size_t i = 1; i < ring->count; i++) {
        if (qp_point_compare(ring->points[i], first) == 0 ||
            qp_point_compare(ring->points[i], second) == 0) {
            continue;
        }
        if (qp_point_compare(second, first) != 0) {
            return true;
        }
        second = ring->points[i];
    }
    return false;
}

static bool is_flat(const struct qp_ring *ring)
{
    struct qp_point first = ring->points[0];
    struct qp_point second = first;
    for (size_t i = 1; i < ring->count; i++) {
        if (qp_point_compare(second, first) == 0) {
            second = ring->points[i];
        } else if (qp_point_side(first, second, ring->points[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* One ring by itself; `first` is the index of its first vertex among all. */
static enum qp_code check_ring(const struct work *work, const struct qp_ring *ring, size_t first,
                               struct qp_geometry_fault *fault, struct qp_err *err)
{
    if (!has_three(ring)) {
        return refuse_vertex(work, "GEO-FEW", first, "a ring needs three different points at least",
                             fault, err);
    }
    for (size_t i = first; i < first + ring->count; i++) {
        if (qp_point_compare(work->points[i], work->points[work->next[i]]) == 0) {
            return refuse_vertex(work, "GEO-REPEAT", work->next[i],
                                 "the same point as the one before it; remove one of the two",
                                 fault, err);
        }
    }
    if (is_flat(ring)) {
        return refuse_vertex(work, "GEO-FLAT", first,
                             "all points of the ring lie on one line; it has no area", fault, err);
    }
    for (size_t i = first; i < first + ring->count; i++) {
        struct qp_point before = work->points[work->previous[i]];
        struct qp_point here = work->points[i];
        struct qp_point after = work->points[work->next[i]];
        bool straight = qp_point_side(before, here, after) == 0;
        if (straight && qp_point_compare(before, here) != qp_point_compare(here, after)) {
            return refuse_vertex(work, "GEO-OVERLAP-SIDE", i,
                                 "the boundary turns back on itself here; remove the spike", fault,
                                 err);
        }
    }
    return QP_OK;
}

static enum qp_code check_contacts(const struct work *work, struct qp_geometry_fault *fault,
                                   struct qp_err *err)
{
    struct qp_sides sides = {.points = work->points,
                             .next = work->next,
                             .previous = work->previous,
                             .count = work->point_count};
    enum qp_contact kind = QP_CONTACT_NONE;
    uint32_t a = 0;
    uint32_t b = 0;
    enum qp_code rc = qp_sides_first_contact(&sides, &kind, &a, &b, err);
    if (rc != QP_OK) {
        return rc;
    }
    switch (kind) {
    case QP_CONTACT_NONE:
        return QP_OK;
    case QP_CONTACT_TOUCH:
        return refuse_pair(work, "GEO-TOUCH", a, b,
                           "the boundary touches itself here; move a vertex apart", fault, err);
    case QP_CONTACT_CROSS:
        return refuse_pair(work, "GEO-CROSS", a, b,
                           "the sides that begin here cross; put the vertices in walking order",
                           fault, err);
    case QP_CONTACT_ALONG:
        break;
    }
    return refuse_pair(work, "GEO-OVERLAP-SIDE", a, b,
                       "the sides that begin here run along each other; join the parts or draw one "
                       "border",
                       fault, err);
}

static bool ring_inside(const struct work *work, size_t inner, size_t outer)
{
    return qp_ring_place(&work->rings[outer], work->rings[inner].points[0]) == QP_PLACE_INSIDE;
}

static size_t first_vertex(const struct work *work, size_t ring)
{
    return (size_t)(work->rings[ring].points - work->points);
}

static enum qp_code check_holes(const struct work *work, size_t polygon,
                                struct qp_geometry_fault *fault, struct qp_err *err)
{
    size_t exterior = work->polygon_first[polygon];
    size_t end = work->polygon_first[polygon + 1];
    for (size_t i = exterior + 1; i < end; i++) {
        if (!ring_inside(work, i, exterior)) {
            return refuse_vertex(work, "GEO-HOLE-OUTSIDE", first_vertex(work, i),
                                 "this hole lies outside the polygon it is cut from", fault, err);
        }
        for (size_t j = exterior + 1; j < end; j++) {
            if (j != i && ring_inside(work, i, j)) {
                return refuse_pair(work, "GEO-OVERLAP", first_vertex(work, i),
                                   first_vertex(work, j), "one hole lies inside another", fault,
                                   err);
            }
        }
    }
    return QP_OK;
}

/* Does the exterior of `inner` lie in the ground of `outer`, and not in one of its holes? */
static bool polygon_over(const struct work *work, size_t inner, size_t outer)
{
    size_t exterior = work->polygon_first[inner];
    bool inside = ring_inside(work, exterior, work->polygon_first[outer]);
    for (size_t i = work->polygon_first[outer] + 1; i < work->polygon_first[outer + 1] && inside;
         i++) {
        inside = !ring_inside(work, exterior, i);
    }
    return inside;
}

static enum qp_code check_nesting(const struct work *work, struct qp_geometry_fault *fault,
                                  struct qp_err *err)
{
    size_t count = work->geometry->polygon_count;
    for (size_t i = 0; i < count; i++) {
        enum qp_code rc = check_holes(work, i, fault, err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (i != j && polygon_over(work, i, j)) {
                return refuse_pair(work, "GEO-OVERLAP", first_vertex(work, work->polygon_first[i]),
                                   first_vertex(work, work->polygon_first[j]),
                                   "one polygon lies over another", fault, err);
            }
        }
    }
    return QP_OK;
}

enum qp_code qp_geometry_check(const struct qp_geometry *geometry, unsigned flags,
                               struct qp_geometry_fault *fault, struct qp_err *err)
{
    struct work work = {.geometry = geometry};
    enum qp_code rc =
        qp_geometry_check_counts(geometry, &work.point_count, &work.ring_count, fault, err);
    if (rc != QP_OK || geometry->kind == QP_GEOMETRY_POINT) {
        return rc;
    }
    rc = fill(&work, flags, err);
    if (rc != QP_OK) {
        goto out;
    }
    for (size_t i = 0; i < work.ring_count; i++) {
        rc = check_ring(&work, &work.rings[i], first_vertex(&work, i), fault, err);
        if (rc != QP_OK) {
            goto out;
        }
    }
    rc = check_contacts(&work, fault, err);
    if (rc == QP_OK) {
        rc = check_nesting(&work, fault, err);
    }
out:
    wipe(&work);
    return rc;
}
