/* Which plots have ground in common: same outlines by their hash, the others by an index of boxes
 * and one intersection for each pair that it finds. */
#include "survey/survey_priv.h"

#include "core/check.h"

#include <stdlib.h>
#include <string.h>

#define GROUP_COMPARED 8 /* larger groups of one outline stand in the index once */

struct compare {
    struct qp_survey *survey;
    struct qp_geos *geos;
    struct qp_boxes *boxes;
};

/* ---- The same outline ---- */

struct hashed {
    const struct qp_hash *outline;
    uint32_t index;
};

static int by_outline(const void *a, const void *b)
{
    const struct hashed *left = a;
    const struct hashed *right = b;
    int order = memcmp(left->outline->bytes, right->outline->bytes, sizeof left->outline->bytes);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static enum qp_code find_groups(struct qp_survey *survey, struct qp_err *err)
{
    struct hashed *list = qp_alloc_zero(survey->plot_count + 1, sizeof *list);
    size_t count = 0;
    if (list == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to compare plots");
    }
    for (size_t i = 0; i < survey->plot_count; i++) {
        survey->plots[i].group = (uint32_t)i;
        survey->plots[i].group_next = QP_NO_PLOT;
        if (survey->plots[i].is_sound) {
            list[count++] =
                (struct hashed){.outline = &survey->plots[i].outline, .index = (uint32_t)i};
        }
    }
    qsort(list, count, sizeof *list, by_outline);
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count &&
               memcmp(list[i].outline, list[end].outline, sizeof(struct qp_hash)) == 0) {
            survey->plots[list[end].index].group = list[i].index;
            survey->plots[list[end - 1].index].group_next = list[end].index;
            end++;
        }
        survey->plots[list[i].index].group_count = (uint32_t)(end - i);
        i = end;
    }
    qp_free(list);
    return QP_OK;
}

/* ---- Pairs ---- */

/* Keeps the largest shares. */
static enum qp_code meet(struct qp_surveyed *plot, const struct qp_meeting *meeting,
                         struct qp_err *err)
{
    if (plot->meetings == NULL) {
        plot->meetings = qp_alloc_zero(QP_SURVEY_OTHERS_MAX, sizeof *plot->meetings);
        if (plot->meetings == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory to compare plots");
        }
    }
    size_t at = plot->meeting_count;
    if (at == QP_SURVEY_OTHERS_MAX) {
        plot->not_compared++;
        if (plot->meetings[at - 1].share >= meeting->share) {
            return QP_OK;
        }
        at--;
    } else {
        plot->meeting_count++;
    }
    for (; at > 0 && plot->meetings[at - 1].share < meeting->share; at--) {
        plot->meetings[at] = plot->meetings[at - 1];
    }
    plot->meetings[at] = *meeting;
    return QP_OK;
}

/* Both plots get to know, as far as they are judged. */
static enum qp_code tell_both(struct qp_survey *survey, uint32_t a, uint32_t b,
                              struct qp_meeting seen_from_a, struct qp_err *err)
{
    struct qp_meeting seen_from_b = seen_from_a;
    seen_from_a.other = b;
    seen_from_b.other = a;
    seen_from_b.ratio = seen_from_a.ratio > 0 ? 1 / seen_from_a.ratio : 0;
    enum qp_code rc = QP_OK;
    if (!survey->plots[a].is_known) {
        rc = meet(&survey->plots[a], &seen_from_a, err);
    }
    if (rc == QP_OK && !survey->plots[b].is_known) {
        rc = meet(&survey->plots[b], &seen_from_b, err);
    }
    return rc;
}

static bool is_point(const struct qp_surveyed *plot)
{
    return plot->repaired->kind == QP_GEOMETRY_POINT;
}

/* A point and a polygon, or two points. */
static enum qp_code compare_points(struct compare *work, uint32_t a, uint32_t b, struct qp_err *err)
{
    const struct qp_surveyed *one = &work->survey->plots[a];
    const struct qp_surveyed *other = &work->survey->plots[b];
    if (!is_point(one)) {
        const struct qp_surveyed *kept = one;
        one = other;
        other = kept;
    }
    if (qp_geometry_contains(other->repaired, one->repaired->point) != QP_PLACE_INSIDE) {
        return QP_OK;
    }
    return tell_both(work->survey, a, b, (struct qp_meeting){.inside = true, .share = 1}, err);
}

static enum qp_code compare_shapes(struct compare *work, uint32_t a, const GEOSGeometry *shape,
                                   uint32_t b, struct qp_err *err)
{
    GEOSContextHandle_t handle = work->geos->handle;
    GEOSGeometry *other = qp_geos_shape(work->geos, work->survey->plots[b].repaired);
    double area_a = 0;
    double area_b = 0;
    if (other == NULL || GEOSArea_r(handle, shape, &area_a) == 0 ||
        GEOSArea_r(handle, other, &area_b) == 0) {
        GEOSGeom_destroy_r(handle, other);
        return qp_geos_fail(work->geos, err);
    }
    double common = qp_geos_common(work->geos, shape, other);
    double smaller = area_a < area_b ? area_a : area_b;
    GEOSGeom_destroy_r(handle, other);
    if (common < 0) {
        return qp_geos_fail(work->geos, err);
    }
    double share = smaller > 0 ? common / smaller : 0;
    if (qp_survey_is_touch(common, share)) {
        return QP_OK;
    }
    return tell_both(work->survey, a, b,
                     (struct qp_meeting){.share = share < 1 ? share : 1,
                                         .ratio = area_a > 0 ? area_b / area_a : 0},
                     err);
}

/* Each pair once: a judged plot looks at known ones and at judged ones behind it. */
static bool is_ours(const struct compare *work, uint32_t a, uint32_t b)
{
    const struct qp_surveyed *one = &work->survey->plots[a];
    const struct qp_surveyed *other = &work->survey->plots[b];
    return one->group != other->group && (other->is_known || b > a);
}

static enum qp_code compare_one(struct compare *work, uint32_t at, struct qp_err *err)
{
    struct qp_surveyed *plot = &work->survey->plots[at];
    GEOSGeometry *shape = NULL;
    const uint32_t *found = NULL;
    size_t found_count = 0;
    size_t compared = 0;
    enum qp_code rc = qp_boxes_find(work->boxes, &plot->box, &found, &found_count, err);
    for (size_t i = 0; i < found_count && rc == QP_OK; i++) {
        uint32_t other = found[i];
        if (!is_ours(work, at, other)) {
            continue;
        }
        if (compared == QP_SURVEY_COMPARED_MAX) {
            plot->not_compared++;
        } else if (is_point(plot) || is_point(&work->survey->plots[other])) {
            rc = compare_points(work, at, other, err);
            compared++;
        } else {
            shape = shape != NULL ? shape : qp_geos_shape(work->geos, plot->repaired);
            rc = shape == NULL ? qp_geos_fail(work->geos, err)
                               : compare_shapes(work, at, shape, other, err);
            compared++;
        }
    }
    GEOSGeom_destroy_r(work->geos->handle, shape);
    return rc;
}

/* ---- The index ---- */

static bool stands_in_index(const struct qp_survey *survey, size_t at)
{
    const struct qp_surveyed *plot = &survey->plots[at];
    return plot->is_sound &&
           (plot->group == at || survey->plots[plot->group].group_count <= GROUP_COMPARED);
}

static enum qp_code build_index(struct compare *work, struct qp_err *err)
{
    const struct qp_survey *survey = work->survey;
    enum qp_code rc = qp_boxes_new(work->geos, survey->plot_count, &work->boxes, err);
    for (size_t i = 0; i < survey->plot_count && rc == QP_OK; i++) {
        if (stands_in_index(survey, i)) {
            rc = qp_boxes_add(work->boxes, &survey->plots[i].box, (uint32_t)i, err);
        }
    }
    return rc;
}

enum qp_code qp_survey_compare(struct qp_survey *survey, struct qp_err *err)
{
    struct compare work = {.survey = survey};
    enum qp_code rc = find_groups(survey, err);
    if (rc == QP_OK) {
        rc = qp_geos_open(&work.geos, err);
    }
    if (rc == QP_OK) {
        rc = build_index(&work, err);
    }
    for (size_t i = 0; i < survey->judged_count && rc == QP_OK; i++) {
        if (stands_in_index(survey, survey->judged[i])) {
            rc = compare_one(&work, survey->judged[i], err);
        }
    }
    qp_boxes_free(work.boxes);
    qp_geos_close(work.geos);
    return rc;
}
