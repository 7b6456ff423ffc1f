/* Borders of regions, which the person who runs the survey brings. */
#include "survey/survey_priv.h"

#include "geo/plane.h"

#include <string.h>

struct border {
    const char *region;
    GEOSGeometry *shape;
    const GEOSPreparedGeometry *prepared; /* points into shape */
};

struct qp_borders {
    struct qp_geos *geos;
    struct border *list;
    size_t count;
    size_t capacity;
};

void qp_borders_free(struct qp_borders *borders)
{
    if (borders == NULL) {
        return;
    }
    for (size_t i = 0; i < borders->count; i++) {
        GEOSPreparedGeom_destroy_r(borders->geos->handle, borders->list[i].prepared);
        GEOSGeom_destroy_r(borders->geos->handle, borders->list[i].shape);
    }
    qp_geos_close(borders->geos);
    qp_free(borders->list);
    qp_free(borders);
}

static enum qp_code need_borders(struct qp_survey *survey, struct qp_err *err)
{
    if (survey->borders != NULL) {
        return QP_OK;
    }
    struct qp_borders *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for borders");
    }
    enum qp_code rc = qp_geos_open(&made->geos, err);
    if (rc != QP_OK) {
        qp_free(made);
        return rc;
    }
    survey->borders = made;
    return QP_OK;
}

enum qp_code qp_survey_add_border(struct qp_survey *survey, const char *region,
                                  const struct qp_geometry *border, struct qp_err *err)
{
    if (border->kind != QP_GEOMETRY_POLYGON) {
        return qp_refuse(err, "SV-BORDER", "the border of %.20s is not a polygon", region);
    }
    size_t points = 0;
    size_t rings = 0;
    enum qp_code rc = qp_geometry_check_counts(border, &points, &rings, NULL, err);
    if (rc == QP_OK) {
        rc = need_borders(survey, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_borders *borders = survey->borders;
    rc = qp_survey_grow((void **)&borders->list, &borders->capacity, borders->count,
                        sizeof *borders->list, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct border one = {.region = qp_arena_text(&survey->arena, qp_span_text(region)),
                         .shape = qp_geos_sound_shape(borders->geos, border)};
    if (one.shape != NULL) {
        one.prepared = GEOSPrepare_r(borders->geos->handle, one.shape);
    }
    if (one.region == NULL || one.prepared == NULL) {
        GEOSPreparedGeom_destroy_r(borders->geos->handle, one.prepared);
        GEOSGeom_destroy_r(borders->geos->handle, one.shape);
        return qp_geos_fail(borders->geos, err);
    }
    borders->list[borders->count++] = one;
    return QP_OK;
}

enum qp_code qp_borders_ask(struct qp_borders *borders, const char *region, struct qp_point point,
                            struct qp_border_answer *answer, struct qp_err *err)
{
    *answer = (struct qp_border_answer){.is_known = false};
    if (borders == NULL) {
        return QP_OK;
    }
    GEOSContextHandle_t handle = borders->geos->handle;
    GEOSGeometry *at = qp_geos_point(borders->geos, point);
    bool failed = at == NULL;
    for (size_t i = 0; !failed && i < borders->count; i++) {
        const struct border *one = &borders->list[i];
        double away = 0;
        if (answer->where == NULL && GEOSPreparedIntersects_r(handle, one->prepared, at) == 1) {
            answer->where = one->region;
        }
        if (strcmp(one->region, region) == 0) {
            failed = GEOSPreparedDistance_r(handle, one->prepared, at, &away) == 0;
            away *= QP_E7_METRES;
            /* A region may stand in the file in several features. */
            answer->away_m = answer->is_known && answer->away_m < away ? answer->away_m : away;
            answer->is_known = true;
        }
    }
    GEOSGeom_destroy_r(handle, at);
    return failed ? qp_geos_fail(borders->geos, err) : QP_OK;
}
