/* The only file that makes GEOS's geometries. Coordinates go in as whole numbers of 1e-7 degree,
 * which doubles hold exactly; shares of areas do not depend on the unit. */
#include "survey/survey_priv.h"

#include <stdio.h>

#define TOUCH_UNITS 8000.0 /* a square metre */

/* GEOS may call from any place where it throws; the text is kept for qp_geos_fail. */
static void note_message(const char *message, void *context)
{
    struct qp_geos *geos = context;
    snprintf(geos->message, sizeof geos->message, "%.*s", (int)sizeof geos->message - 1, message);
}

enum qp_code qp_geos_open(struct qp_geos **geos, struct qp_err *err)
{
    struct qp_geos *made = qp_alloc_zero(1, sizeof *made);
    if (made != NULL) {
        made->handle = GEOS_init_r();
    }
    if (made == NULL || made->handle == NULL) {
        qp_free(made);
        return qp_fail(err, QP_E_MEMORY, "no memory to compare plots");
    }
    (void)GEOSContext_setErrorMessageHandler_r(made->handle, note_message, made);
    *geos = made;
    return QP_OK;
}

void qp_geos_close(struct qp_geos *geos)
{
    if (geos != NULL) {
        GEOS_finish_r(geos->handle);
        qp_free(geos);
    }
}

enum qp_code qp_geos_fail(const struct qp_geos *geos, struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "GEOS could not work on a plot: %s",
                   geos->message[0] != '\0' ? geos->message : "no memory");
}

static GEOSCoordSequence *sequence(const struct qp_geos *geos, const struct qp_point *points,
                                   size_t count, bool closed)
{
    GEOSContextHandle_t handle = geos->handle;
    size_t all = count + (closed ? 1 : 0);
    GEOSCoordSequence *made = GEOSCoordSeq_create_r(handle, (unsigned)all, 2);
    for (size_t i = 0; made != NULL && i < all; i++) {
        struct qp_point at = points[i == count ? 0 : i];
        if (GEOSCoordSeq_setXY_r(handle, made, (unsigned)i, at.longitude_e7, at.latitude_e7) == 0) {
            GEOSCoordSeq_destroy_r(handle, made);
            made = NULL;
        }
    }
    return made;
}

/* The list and what is in it belong to the caller. */
static void destroy_all(const struct qp_geos *geos, GEOSGeometry **list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        GEOSGeom_destroy_r(geos->handle, list[i]);
    }
}

static GEOSGeometry *ring_shape(const struct qp_geos *geos, const struct qp_ring *ring)
{
    GEOSCoordSequence *points = sequence(geos, ring->points, ring->count, true);
    return points == NULL ? NULL : GEOSGeom_createLinearRing_r(geos->handle, points);
}

static GEOSGeometry *polygon_shape(const struct qp_geos *geos, const struct qp_polygon *polygon)
{
    GEOSGeometry **rings = qp_alloc_zero(polygon->ring_count, sizeof(GEOSGeometry *));
    GEOSGeometry *made = NULL;
    size_t count = 0;
    if (rings == NULL) {
        return NULL;
    }
    while (count < polygon->ring_count) {
        rings[count] = ring_shape(geos, &polygon->rings[count]);
        if (rings[count] == NULL) {
            destroy_all(geos, rings, count);
            goto out;
        }
        count++;
    }
    /* Takes the rings, also when it fails. */
    made = GEOSGeom_createPolygon_r(geos->handle, rings[0], rings + 1, (unsigned)count - 1);
out:
    qp_free(rings);
    return made;
}

GEOSGeometry *qp_geos_shape(const struct qp_geos *geos, const struct qp_geometry *geometry)
{
    if (geometry->kind == QP_GEOMETRY_POINT) {
        return qp_geos_point(geos, geometry->point);
    }
    if (geometry->polygon_count == 1) {
        return polygon_shape(geos, &geometry->polygons[0]);
    }
    GEOSGeometry **parts = qp_alloc_zero(geometry->polygon_count, sizeof(GEOSGeometry *));
    GEOSGeometry *made = NULL;
    size_t count = 0;
    if (parts == NULL) {
        return NULL;
    }
    while (count < geometry->polygon_count) {
        parts[count] = polygon_shape(geos, &geometry->polygons[count]);
        if (parts[count] == NULL) {
            destroy_all(geos, parts, count);
            goto out;
        }
        count++;
    }
    made = GEOSGeom_createCollection_r(geos->handle, GEOS_MULTIPOLYGON, parts, (unsigned)count);
out:
    qp_free(parts);
    return made;
}

GEOSGeometry *qp_geos_sound_shape(const struct qp_geos *geos, const struct qp_geometry *geometry)
{
    GEOSContextHandle_t handle = geos->handle;
    GEOSGeometry *shape = qp_geos_shape(geos, geometry);
    if (shape == NULL || GEOSisValid_r(handle, shape) == 1) {
        return shape;
    }
    GEOSGeometry *made = NULL;
    GEOSMakeValidParams *how = GEOSMakeValidParams_create_r(handle);
    /* Exteriors together, holes taken off: what overlaps is inside, not outside. */
    if (how != NULL &&
        GEOSMakeValidParams_setMethod_r(handle, how, GEOS_MAKE_VALID_STRUCTURE) != 0 &&
        GEOSMakeValidParams_setKeepCollapsed_r(handle, how, 0) != 0) {
        made = GEOSMakeValidWithParams_r(handle, shape, how);
    }
    if (how != NULL) {
        GEOSMakeValidParams_destroy_r(handle, how);
    }
    GEOSGeom_destroy_r(handle, shape);
    return made;
}

GEOSGeometry *qp_geos_point(const struct qp_geos *geos, struct qp_point point)
{
    return GEOSGeom_createPointFromXY_r(geos->handle, point.longitude_e7, point.latitude_e7);
}

GEOSGeometry *qp_geos_box(const struct qp_geos *geos, const struct qp_box *box)
{
    const struct qp_point corners[] = {box->south_west, box->north_east};
    GEOSCoordSequence *points = sequence(geos, corners, 2, false);
    return points == NULL ? NULL : GEOSGeom_createLineString_r(geos->handle, points);
}

double qp_geos_common(const struct qp_geos *geos, const GEOSGeometry *a, const GEOSGeometry *b)
{
    GEOSContextHandle_t handle = geos->handle;
    double area = -1;
    GEOSGeometry *common = GEOSIntersection_r(handle, a, b);
    if (common == NULL) {
        /* Floating point met a case that it cannot order; on the grid of whole units it can. */
        common = GEOSIntersectionPrec_r(handle, a, b, 1.0);
    }
    if (common == NULL || GEOSArea_r(handle, common, &area) == 0) {
        area = -1;
    }
    GEOSGeom_destroy_r(handle, common);
    return area;
}

bool qp_survey_is_touch(double common, double share)
{
    return common < TOUCH_UNITS && share < QP_SURVEY_NOISE_SHARE;
}
