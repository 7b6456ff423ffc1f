/* The byte form of a geometry; drawn in quipu/geo.h. */
#include <quipu/geo.h>

#include "core/alloc.h"
#include "core/check.h"
#include "geo/plane.h"

#include <inttypes.h>

#define FORM_VERSION 1

/* Why a geometry of sound counts is not canonical, or NULL. */
static const char *why_not_canonical(const struct qp_geometry *geometry)
{
    for (size_t i = 0; i < geometry->polygon_count; i++) {
        const struct qp_polygon *polygon = &geometry->polygons[i];
        for (size_t j = 0; j < polygon->ring_count; j++) {
            const struct qp_ring *ring = &polygon->rings[j];
            for (size_t k = 1; k < ring->count; k++) {
                if (qp_point_compare(ring->points[0], ring->points[k]) >= 0) {
                    return "a ring does not begin at its smallest point";
                }
            }
            if (qp_ring_turn(ring) != (j == 0 ? 1 : -1)) {
                return "a ring turns the wrong way round";
            }
            if (j > 1 && qp_point_compare(polygon->rings[j - 1].points[0], ring->points[0]) >= 0) {
                return "holes are not in order";
            }
        }
        if (i > 0 && qp_point_compare(geometry->polygons[i - 1].rings[0].points[0],
                                      polygon->rings[0].points[0]) >= 0) {
            return "polygons are not in order";
        }
    }
    return NULL;
}

static uint8_t *put_u16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put_point(uint8_t *at, struct qp_point point)
{
    qp_store_be32(at, (uint32_t)point.longitude_e7);
    qp_store_be32(at + 4, (uint32_t)point.latitude_e7);
    return at + 8;
}

enum qp_code qp_geometry_encode(const struct qp_geometry *geometry, struct qp_buf *out,
                                struct qp_err *err)
{
    size_t point_count = 0;
    size_t ring_count = 0;
    enum qp_code rc = qp_geometry_check_counts(geometry, &point_count, &ring_count, NULL, err);
    if (rc != QP_OK) {
        return rc;
    }
    bool is_point = geometry->kind == QP_GEOMETRY_POINT;
    const char *why = is_point ? NULL : why_not_canonical(geometry);
    if (why != NULL) {
        return qp_fail(err, QP_E_USAGE, "%s; normalize the geometry before encoding it", why);
    }
    size_t size =
        is_point ? 10 : 4 + 2 * geometry->polygon_count + 4 * ring_count + 8 * point_count;
    rc = qp_buf_reserve(out, size, err);
    if (rc != QP_OK) {
        return rc;
    }
    uint8_t *at = out->data + out->len;
    *at++ = FORM_VERSION;
    *at++ = (uint8_t)geometry->kind;
    if (is_point) {
        at = put_point(at, geometry->point);
    } else {
        at = put_u16(at, geometry->polygon_count);
        for (size_t i = 0; i < geometry->polygon_count; i++) {
            const struct qp_polygon *polygon = &geometry->polygons[i];
            at = put_u16(at, polygon->ring_count);
            for (size_t j = 0; j < polygon->ring_count; j++) {
                qp_store_be32(at, (uint32_t)polygon->rings[j].count);
                at += 4;
                for (size_t k = 0; k < polygon->rings[j].count; k++) {
                    at = put_point(at, polygon->rings[j].points[k]);
                }
            }
        }
    }
    QP_ASSERT((size_t)(at - (out->data + out->len)) == size);
    out->len += size;
    return QP_OK;
}

struct reader {
    struct qp_span bytes;
    size_t at;
    size_t ring_count; /* so far, over all polygons */
    size_t point_count;
    struct qp_arena *arena;
};

/* One number of `size` bytes. */
static enum qp_code get(struct reader *in, size_t size, uint32_t *value, struct qp_err *err)
{
    if (in->bytes.len - in->at < size) {
        return qp_fail_at(err, QP_E_INPUT, in->at, "a geometry ends after %zu bytes, too early",
                          in->bytes.len);
    }
    uint32_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | in->bytes.data[in->at + i];
    }
    in->at += size;
    *value = number;
    return QP_OK;
}

static enum qp_code get_count(struct reader *in, size_t size, size_t least, size_t most,
                              const char *what, size_t *count, struct qp_err *err)
{
    uint32_t value = 0;
    size_t start = in->at;
    enum qp_code rc = get(in, size, &value, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (value < least || value > most) {
        return qp_fail_at(err, QP_E_INPUT, start,
                          "a geometry with %" PRIu32 " %s here; %zu to %zu are possible", value,
                          what, least, most);
    }
    *count = value;
    return QP_OK;
}

/* Two's complement, without asking the compiler what a conversion out of range does. */
static int32_t signed_of(uint32_t value)
{
    return value <= INT32_MAX ? (int32_t)value : -(int32_t)(UINT32_MAX - value) - 1;
}

static enum qp_code get_point(struct reader *in, struct qp_point *point, struct qp_err *err)
{
    uint32_t longitude = 0;
    uint32_t latitude = 0;
    size_t start = in->at;
    enum qp_code rc = get(in, 4, &longitude, err);
    if (rc == QP_OK) {
        rc = get(in, 4, &latitude, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_point got = {signed_of(longitude), signed_of(latitude)};
    if (!qp_point_in_range(got)) {
        return qp_fail_at(err, QP_E_INPUT, start,
                          "a geometry with a point beyond 180 or 90 degrees");
    }
    *point = got;
    return QP_OK;
}

static enum qp_code get_ring(struct reader *in, struct qp_ring *ring, struct qp_err *err)
{
    size_t count = 0;
    enum qp_code rc =
        get_count(in, 4, 3, QP_GEO_POINTS_MAX - in->point_count, "points", &count, err);
    if (rc != QP_OK) {
        return rc;
    }
    if ((in->bytes.len - in->at) / 8 < count) {
        return qp_fail_at(err, QP_E_INPUT, in->at,
                          "a geometry ends before the %zu points of a ring", count);
    }
    struct qp_point *points = qp_arena_alloc_zero(in->arena, count, sizeof *points);
    if (points == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a ring of %zu points", count);
    }
    for (size_t i = 0; i < count && rc == QP_OK; i++) {
        rc = get_point(in, &points[i], err);
    }
    in->point_count += count;
    *ring = (struct qp_ring){.points = points, .count = count};
    return rc;
}

static enum qp_code get_polygon(struct reader *in, struct qp_polygon *polygon, struct qp_err *err)
{
    size_t count = 0;
    enum qp_code rc = get_count(in, 2, 1, QP_GEO_RINGS_MAX - in->ring_count, "rings", &count, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_ring *rings = qp_arena_alloc_zero(in->arena, count, sizeof *rings);
    if (rings == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a polygon of %zu rings", count);
    }
    for (size_t i = 0; i < count && rc == QP_OK; i++) {
        rc = get_ring(in, &rings[i], err);
    }
    in->ring_count += count;
    *polygon = (struct qp_polygon){.rings = rings, .ring_count = count};
    return rc;
}

static enum qp_code get_polygons(struct reader *in, struct qp_geometry *geometry,
                                 struct qp_err *err)
{
    size_t count = 0;
    enum qp_code rc = get_count(in, 2, 1, QP_GEO_POLYGONS_MAX, "polygons", &count, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_polygon *polygons = qp_arena_alloc_zero(in->arena, count, sizeof *polygons);
    if (polygons == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a geometry of %zu polygons", count);
    }
    for (size_t i = 0; i < count && rc == QP_OK; i++) {
        rc = get_polygon(in, &polygons[i], err);
    }
    geometry->polygons = polygons;
    geometry->polygon_count = count;
    return rc;
}

enum qp_code qp_geometry_decode(struct qp_span bytes, struct qp_arena *arena,
                                struct qp_geometry *out, struct qp_err *err)
{
    struct reader in = {.bytes = bytes, .arena = arena};
    struct qp_geometry made = {.kind = QP_GEOMETRY_POINT};
    if (bytes.len < 2 || bytes.len > QP_GEO_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "a geometry of %zu bytes; 10 to %d are possible", bytes.len,
                       QP_GEO_BYTES_MAX);
    }
    if (bytes.data[0] != FORM_VERSION) {
        return qp_fail_at(err, QP_E_INPUT, 0, "a geometry in form %u; this version reads form %d",
                          bytes.data[0], FORM_VERSION);
    }
    if (bytes.data[1] != QP_GEOMETRY_POINT && bytes.data[1] != QP_GEOMETRY_POLYGON) {
        return qp_fail_at(err, QP_E_INPUT, 1, "a geometry of unknown kind %u", bytes.data[1]);
    }
    made.kind = (enum qp_geometry_kind)bytes.data[1];
    in.at = 2;
    enum qp_code rc = made.kind == QP_GEOMETRY_POINT ? get_point(&in, &made.point, err)
                                                     : get_polygons(&in, &made, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (in.at != bytes.len) {
        return qp_fail_at(err, QP_E_INPUT, in.at, "%zu bytes too many behind a geometry",
                          bytes.len - in.at);
    }
    const char *why = made.kind == QP_GEOMETRY_POINT ? NULL : why_not_canonical(&made);
    if (why != NULL) {
        return qp_fail(err, QP_E_INPUT, "a geometry not in canonical form: %s", why);
    }
    *out = made;
    return QP_OK;
}
