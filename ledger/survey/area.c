/* Areas that ask for evidence, which the person who runs the survey brings: protected, indigenous
 * and forest land, water, towns. A layer may have ten thousand of them with thousands of vertices
 * each, and few are near a plot: one is made a shape when the first plot comes near it. */
#include "survey/survey_priv.h"

#include "core/check.h"

#include <inttypes.h>
#include <string.h>

#define SHAPED_POINTS_MAX 2000000 /* some 300 MB with their indexes */

struct kind {
    const char *name;
    const char *other_names[2]; /* as the layers of Peru would say; NULL: no more */
    const char *advice;
    bool no_margin; /* a plot may well lie at its border */
};

static const struct kind kinds[] = {
    {.name = "protected",
     .other_names = {"protegida", "anp"},
     .advice = "attach evidence that its use is allowed (document_attached, heads land_use, "
               "environment)"},
    {.name = "indigenous",
     .other_names = {"indigena", "indígena"},
     .advice = "attach evidence of the community's right or consent (document_attached, heads "
               "land_use, consent)"},
    {.name = "forest",
     .other_names = {"bosque", "bpp"},
     .advice = "attach evidence that it may be farmed (document_attached, heads land_use, forest)"},
    {.name = "water",
     .other_names = {"agua"},
     .advice = "nothing grows on water; look at the outline",
     .no_margin = true},
    {.name = "urban",
     .other_names = {"urbana", "urbano"},
     .advice = "little grows in a town; look at the outline",
     .no_margin = true},
};
static const struct kind other_kind = {
    .name = "",
    .advice = "attach evidence that its use is allowed (document_attached, head land_use)"};

struct area {
    const char *name;
    const char *kind_name;
    const struct kind *kind;
    const struct qp_geometry *geometry;
    struct qp_box box;
    bool is_shaped;
    GEOSGeometry *shape;
    const GEOSPreparedGeometry *prepared; /* points into shape; NULL: no ground in it */
};

struct qp_areas {
    struct qp_geos *geos;
    struct qp_boxes *boxes; /* NULL: nothing was asked yet */
    struct area *list;
    size_t count;
    size_t capacity;
    size_t shaped_points;
};

/* A plot in an area, or beside it. */
struct encounter {
    const struct area *area;
    double share; /* of the plot; 0: beside it */
    double away_m;
};

struct encounters {
    struct encounter list[QP_SURVEY_OTHERS_MAX];
    size_t count;
    uint32_t not_told;
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for areas");
}

static void drop_shapes(struct qp_areas *areas)
{
    for (size_t i = 0; i < areas->count; i++) {
        struct area *area = &areas->list[i];
        GEOSPreparedGeom_destroy_r(areas->geos->handle, area->prepared);
        GEOSGeom_destroy_r(areas->geos->handle, area->shape);
        area->prepared = NULL;
        area->shape = NULL;
        area->is_shaped = false;
    }
    areas->shaped_points = 0;
}

void qp_areas_free(struct qp_areas *areas)
{
    if (areas == NULL) {
        return;
    }
    drop_shapes(areas);
    qp_boxes_free(areas->boxes);
    qp_geos_close(areas->geos);
    qp_free(areas->list);
    qp_free(areas);
}

size_t qp_areas_count(const struct qp_areas *areas)
{
    return areas == NULL ? 0 : areas->count;
}

/* ---- Kinds ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool qp_survey_is_word(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < QP_COUNT(kinds); i++) {
        const struct kind *kind = &kinds[i];
        if (qp_survey_is_word(name, kind->name)) {
            return kind;
        }
        for (size_t j = 0; j < QP_COUNT(kind->other_names); j++) {
            if (kind->other_names[j] != NULL && qp_survey_is_word(name, kind->other_names[j])) {
                return kind;
            }
        }
    }
    return NULL;
}

bool qp_survey_is_kind(const char *name)
{
    return find_kind(name) != NULL;
}

/* ---- Adding ---- */

static enum qp_code need_areas(struct qp_survey *survey, struct qp_err *err)
{
    if (survey->areas != NULL) {
        return QP_OK;
    }
    struct qp_areas *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return no_memory(err);
    }
    enum qp_code rc = qp_geos_open(&made->geos, err);
    if (rc != QP_OK) {
        qp_free(made);
        return rc;
    }
    survey->areas = made;
    return QP_OK;
}

/* The limits of a plot do not hold for a national park. */
static bool has_rings(const struct qp_geometry *area)
{
    bool good = area->kind == QP_GEOMETRY_POLYGON && area->polygon_count > 0;
    for (size_t i = 0; good && i < area->polygon_count; i++) {
        const struct qp_polygon *polygon = &area->polygons[i];
        good = polygon->ring_count > 0;
        for (size_t j = 0; good && j < polygon->ring_count; j++) {
            good = polygon->rings[j].count >= 3;
        }
    }
    return good;
}

enum qp_code qp_survey_add_area(struct qp_survey *survey, const char *name, const char *kind,
                                const struct qp_geometry *area, struct qp_err *err)
{
    QP_ASSERT(!survey->has_run);
    bool has_name = name != NULL && name[0] != '\0';
    kind = kind != NULL ? kind : "";
    if (!has_rings(area)) {
        return qp_refuse(err, "SV-AREA", "an area is not a polygon");
    }
    if (qp_areas_count(survey->areas) == QP_SURVEY_AREAS_MAX) {
        return qp_fail(err, QP_E_INPUT, "more than %d areas; leave out those far from the plots",
                       QP_SURVEY_AREAS_MAX);
    }
    enum qp_code rc = need_areas(survey, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_areas *areas = survey->areas;
    rc = qp_survey_grow((void **)&areas->list, &areas->capacity, areas->count, sizeof *areas->list,
                        err);
    if (rc != QP_OK) {
        return rc;
    }
    struct area one = {.kind = find_kind(kind), .box = qp_geometry_box(area)};
    one.kind = one.kind != NULL ? one.kind : &other_kind;
    one.kind_name = one.kind != &other_kind ? one.kind->name
                                            : qp_arena_text(&survey->arena, qp_span_text(kind));
    one.name = has_name ? qp_arena_text(&survey->arena, qp_span_text(name))
                        : qp_arena_printf(&survey->arena, "area %zu", areas->count + 1);
    if (one.name == NULL || one.kind_name == NULL) {
        return no_memory(err);
    }
    rc = qp_survey_copy(&survey->arena, area, &one.geometry, err);
    if (rc == QP_OK) {
        areas->list[areas->count++] = one;
    }
    return rc;
}

/* ---- Asking ---- */

static enum qp_code need_index(struct qp_areas *areas, struct qp_err *err)
{
    if (areas->boxes != NULL) {
        return QP_OK;
    }
    struct qp_boxes *boxes = NULL;
    enum qp_code rc = qp_boxes_new(areas->geos, areas->count, &boxes, err);
    for (size_t i = 0; i < areas->count && rc == QP_OK; i++) {
        rc = qp_boxes_add(boxes, &areas->list[i].box, (uint32_t)i, err);
    }
    if (rc != QP_OK) {
        qp_boxes_free(boxes);
        return rc;
    }
    areas->boxes = boxes;
    return QP_OK;
}

static size_t count_points(const struct qp_geometry *area)
{
    size_t count = 0;
    for (size_t i = 0; i < area->polygon_count; i++) {
        for (size_t j = 0; j < area->polygons[i].ring_count; j++) {
            count += area->polygons[i].rings[j].count;
        }
    }
    return count;
}

static enum qp_code need_shape(struct qp_areas *areas, struct area *area, struct qp_err *err)
{
    GEOSContextHandle_t handle = areas->geos->handle;
    if (area->is_shaped) {
        return QP_OK;
    }
    size_t points = count_points(area->geometry);
    if (areas->shaped_points > 0 && points > SHAPED_POINTS_MAX - areas->shaped_points) {
        drop_shapes(areas); /* plots come by neighbourhood: most are not asked for again */
    }
    areas->shaped_points += points < SHAPED_POINTS_MAX ? points : SHAPED_POINTS_MAX;
    area->shape = qp_geos_sound_shape(areas->geos, area->geometry);
    if (area->shape == NULL) {
        return qp_geos_fail(areas->geos, err);
    }
    if (GEOSisEmpty_r(handle, area->shape) == 0) {
        area->prepared = GEOSPrepare_r(handle, area->shape);
        if (area->prepared == NULL) {
            return qp_geos_fail(areas->geos, err);
        }
    }
    area->is_shaped = true;
    return QP_OK;
}

static int32_t clamp(int64_t value)
{
    return value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

static struct qp_box widen(struct qp_box box, double by_m)
{
    int64_t by = (int64_t)(by_m / QP_E7_METRES) + 1;
    return (struct qp_box){{clamp((int64_t)box.south_west.longitude_e7 - by),
                            clamp((int64_t)box.south_west.latitude_e7 - by)},
                           {clamp((int64_t)box.north_east.longitude_e7 + by),
                            clamp((int64_t)box.north_east.latitude_e7 + by)}};
}

/* Share of the shape, which is known to meet the area; 0 where they only touch. */
static enum qp_code measure_share(const struct qp_areas *areas, const struct area *area,
                                  const GEOSGeometry *shape, double *share, struct qp_err *err)
{
    GEOSContextHandle_t handle = areas->geos->handle;
    char whole = GEOSPreparedCovers_r(handle, area->prepared, shape);
    double size = 0;
    *share = 1;
    if (whole == 1) {
        return QP_OK;
    }
    double common = qp_geos_common(areas->geos, shape, area->shape);
    if (whole == 2 || common < 0 || GEOSArea_r(handle, shape, &size) == 0) {
        return qp_geos_fail(areas->geos, err);
    }
    *share = size > common ? common / size : 1;
    if (qp_survey_is_touch(common, *share)) {
        *share = 0;
    }
    return QP_OK;
}

/* *is_near: there is something to say of it. */
static enum qp_code meet(struct qp_survey *survey, struct area *area, const GEOSGeometry *shape,
                         struct encounter *met, bool *is_near, struct qp_err *err)
{
    struct qp_areas *areas = survey->areas;
    GEOSContextHandle_t handle = areas->geos->handle;
    *met = (struct encounter){.area = area};
    *is_near = false;
    enum qp_code rc = need_shape(areas, area, err);
    if (rc != QP_OK || area->prepared == NULL) {
        return rc;
    }
    char meets = GEOSPreparedIntersects_r(handle, area->prepared, shape);
    if (meets == 2) {
        return qp_geos_fail(areas->geos, err);
    }
    if (meets == 1) {
        rc = measure_share(areas, area, shape, &met->share, err);
        *is_near = met->share > 0 || !area->kind->no_margin;
        return rc;
    }
    if (area->kind->no_margin) {
        return QP_OK;
    }
    if (GEOSPreparedDistance_r(handle, area->prepared, shape, &met->away_m) == 0) {
        return qp_geos_fail(areas->geos, err);
    }
    met->away_m *= QP_E7_METRES;
    *is_near = met->away_m <= survey->area_margin_m;
    return QP_OK;
}

static bool matters_more(const struct encounter *a, const struct encounter *b)
{
    return a->share != b->share ? a->share > b->share : a->away_m < b->away_m;
}

/* Keeps those that matter most, in their order. */
static void keep(struct encounters *met, const struct encounter *one)
{
    size_t at = met->count;
    if (at == QP_COUNT(met->list)) {
        met->not_told++;
        if (!matters_more(one, &met->list[at - 1])) {
            return;
        }
        at--;
    } else {
        met->count++;
    }
    for (; at > 0 && matters_more(one, &met->list[at - 1]); at--) {
        met->list[at] = met->list[at - 1];
    }
    met->list[at] = *one;
}

static enum qp_code meet_all(struct qp_survey *survey, const struct qp_surveyed *plot,
                             struct encounters *met, struct qp_err *err)
{
    struct qp_areas *areas = survey->areas;
    struct qp_box box = widen(plot->box, survey->area_margin_m);
    const uint32_t *found = NULL;
    size_t found_count = 0;
    enum qp_code rc = qp_boxes_find(areas->boxes, &box, &found, &found_count, err);
    if (rc != QP_OK || found_count == 0) {
        return rc;
    }
    GEOSGeometry *shape = qp_geos_shape(areas->geos, plot->repaired);
    rc = shape == NULL ? qp_geos_fail(areas->geos, err) : QP_OK;
    for (size_t i = 0; i < found_count && rc == QP_OK; i++) {
        struct encounter one;
        bool is_near = false;
        rc = meet(survey, &areas->list[found[i]], shape, &one, &is_near, err);
        if (rc == QP_OK && is_near) {
            keep(met, &one);
        }
    }
    GEOSGeom_destroy_r(areas->geos->handle, shape);
    return rc;
}

/* ---- Telling ---- */

static enum qp_code tell_near(struct qp_survey *survey, struct qp_surveyed *plot,
                              const struct encounter *met, const char *name, struct qp_err *err)
{
    const struct qp_remark remark = {.code = "SV-NEAR",
                                     .level = QP_SURVEY_NOTE,
                                     .has_number = true,
                                     .number = met->away_m,
                                     .other = met->area->name};
    return qp_survey_say(survey, plot, &remark, err,
                         "it lies %.0f m from %s; the line of a layer is seldom good to %.0f m",
                         met->away_m, name, survey->area_margin_m);
}

static enum qp_code tell_one(struct qp_survey *survey, struct qp_surveyed *plot,
                             const struct encounter *met, struct qp_err *err)
{
    const struct area *area = met->area;
    bool has_kind = area->kind_name[0] != '\0';
    const char *name = qp_arena_printf(&survey->arena, "%s%s%s%s", area->name, has_kind ? " (" : "",
                                       area->kind_name, has_kind ? ")" : "");
    if (name == NULL) {
        return no_memory(err);
    }
    if (met->share <= 0) {
        return tell_near(survey, plot, met, name, err);
    }
    bool more = met->share >= QP_SURVEY_NOISE_SHARE;
    const struct qp_remark remark = {.code = "SV-INSIDE",
                                     .level = more ? QP_SURVEY_WARNING : QP_SURVEY_NOTE,
                                     .has_number = true,
                                     .number = met->share * 100,
                                     .other = area->name};
    if (plot->repaired->kind == QP_GEOMETRY_POINT) {
        return qp_survey_say(survey, plot, &remark, err, "the point lies in %s: %s", name,
                             area->kind->advice);
    }
    return more ? qp_survey_say(survey, plot, &remark, err, "%.1f %% of it lies in %s: %s",
                                remark.number, name, area->kind->advice)
                : qp_survey_say(survey, plot, &remark, err,
                                "%.1f %% of it lies in %s, as receivers and layers are",
                                remark.number, name);
}

enum qp_code qp_survey_tell_areas(struct qp_survey *survey, struct qp_surveyed *plot,
                                  struct qp_err *err)
{
    struct encounters met = {.count = 0};
    if (qp_areas_count(survey->areas) == 0) {
        return QP_OK;
    }
    enum qp_code rc = need_index(survey->areas, err);
    if (rc == QP_OK) {
        rc = meet_all(survey, plot, &met, err);
    }
    for (size_t i = 0; i < met.count && rc == QP_OK; i++) {
        rc = tell_one(survey, plot, &met.list[i], err);
    }
    if (rc != QP_OK || met.not_told == 0) {
        return rc;
    }
    const struct qp_remark remark = {.code = "SV-CROWDED",
                                     .level = QP_SURVEY_WARNING,
                                     .has_number = true,
                                     .number = met.not_told};
    return qp_survey_say(survey, plot, &remark, err,
                         "many areas lie here: %" PRIu32 " more are not told", met.not_told);
}
