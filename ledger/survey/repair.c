/* What can be repaired without a doubt about what was meant: coordinates changed over, open rings,
 * a vertex twice, the turn of a ring. */
#include "survey/survey_priv.h"

#include "core/check.h"
#include "geo/plane.h"
#include "survey/peru.h"

#include <quipu/hash.h>

#include <string.h>

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for an outline");
}

/* ---- Copies whose points can be changed ---- */

static struct qp_polygon *copy_polygon(struct qp_arena *arena, const struct qp_polygon *from,
                                       struct qp_polygon *to)
{
    struct qp_ring *rings = qp_arena_alloc_zero(arena, from->ring_count, sizeof *rings);
    for (size_t i = 0; rings != NULL && i < from->ring_count; i++) {
        const struct qp_ring *ring = &from->rings[i];
        struct qp_point *points = qp_arena_alloc_zero(arena, ring->count, sizeof *points);
        if (points == NULL) {
            return NULL;
        }
        memcpy(points, ring->points, ring->count * sizeof *points);
        rings[i] = (struct qp_ring){.points = points, .count = ring->count};
    }
    *to = (struct qp_polygon){.rings = rings, .ring_count = from->ring_count};
    return rings == NULL ? NULL : to;
}

enum qp_code qp_survey_copy(struct qp_arena *arena, const struct qp_geometry *from,
                            const struct qp_geometry **to, struct qp_err *err)
{
    struct qp_geometry *made = qp_arena_alloc(arena, sizeof *made);
    if (made == NULL) {
        return no_memory(err);
    }
    *made = *from;
    if (from->kind == QP_GEOMETRY_POLYGON) {
        struct qp_polygon *polygons =
            qp_arena_alloc_zero(arena, from->polygon_count, sizeof *polygons);
        for (size_t i = 0; polygons != NULL && i < from->polygon_count; i++) {
            if (copy_polygon(arena, &from->polygons[i], &polygons[i]) == NULL) {
                return no_memory(err);
            }
        }
        if (polygons == NULL) {
            return no_memory(err);
        }
        made->polygons = polygons;
    }
    *to = made;
    return QP_OK;
}

/* Rings and points of our own copies, which the arena gave us to write. */
static struct qp_ring *ring_of(const struct qp_geometry *copy, size_t polygon, size_t ring)
{
    return (struct qp_ring *)&copy->polygons[polygon].rings[ring];
}

static struct qp_point *points_of(struct qp_ring *ring)
{
    return (struct qp_point *)ring->points;
}

/* Calls `change` for every ring; the sum of what it returns. */
static size_t each_ring(const struct qp_geometry *copy,
                        size_t (*change)(struct qp_ring *ring, bool exterior))
{
    size_t sum = 0;
    for (size_t i = 0; copy->kind == QP_GEOMETRY_POLYGON && i < copy->polygon_count; i++) {
        for (size_t j = 0; j < copy->polygons[i].ring_count; j++) {
            sum += change(ring_of(copy, i, j), j == 0);
        }
    }
    return sum;
}

/* ---- Repairs ---- */

static size_t turn(struct qp_ring *ring, bool exterior)
{
    struct qp_point *points = points_of(ring);
    if (qp_ring_turn(ring) != (exterior ? -1 : 1)) {
        return 0;
    }
    /* The first vertex stays the first. */
    for (size_t i = 1, j = ring->count - 1; i < j; i++, j--) {
        struct qp_point kept = points[i];
        points[i] = points[j];
        points[j] = kept;
    }
    return 1;
}

static bool is_same(struct qp_point a, struct qp_point b)
{
    return qp_point_compare(qp_point_reduce(a), qp_point_reduce(b)) == 0;
}

static size_t drop_repeats(struct qp_ring *ring, bool exterior)
{
    struct qp_point *points = points_of(ring);
    size_t distinct = 0;
    (void)exterior;
    for (size_t i = 0; i < ring->count; i++) {
        distinct += is_same(points[i], points[i == 0 ? ring->count - 1 : i - 1]) ? 0 : 1;
    }
    if (distinct < 3 || distinct == ring->count) {
        return 0; /* too few would be left: qp_geometry_check has the word */
    }
    size_t kept = 1;
    for (size_t i = 1; i < ring->count; i++) {
        if (!is_same(points[i], points[kept - 1])) {
            points[kept++] = points[i];
        }
    }
    while (kept > 1 && is_same(points[kept - 1], points[0])) {
        kept--;
    }
    size_t dropped = ring->count - kept;
    ring->count = kept;
    return dropped;
}

static size_t swap_ring(struct qp_ring *ring, bool exterior)
{
    struct qp_point *points = points_of(ring);
    (void)exterior;
    for (size_t i = 0; i < ring->count; i++) {
        points[i] = (struct qp_point){points[i].latitude_e7, points[i].longitude_e7};
    }
    return 1;
}

bool qp_survey_is_peru(const struct qp_surveyed *plot)
{
    return strcmp(plot->country, "PE") == 0;
}

struct qp_point qp_survey_one_point(const struct qp_geometry *geometry)
{
    return geometry->kind == QP_GEOMETRY_POINT ? geometry->point
                                               : geometry->polygons[0].rings[0].points[0];
}

static bool lies_in(const struct qp_box *outer, struct qp_box box)
{
    return qp_box_holds(outer, box.south_west) && qp_box_holds(outer, box.north_east);
}

static bool is_swapped(const struct qp_surveyed *plot)
{
    struct qp_box peru = qp_peru_box();
    struct qp_box box = qp_geometry_box(plot->given);
    struct qp_box other = {{box.south_west.latitude_e7, box.south_west.longitude_e7},
                           {box.north_east.latitude_e7, box.north_east.longitude_e7}};
    return qp_survey_is_peru(plot) && !lies_in(&peru, box) && lies_in(&peru, other);
}

static enum qp_code swap(struct qp_survey *survey, struct qp_surveyed *plot,
                         struct qp_geometry *copy, struct qp_err *err)
{
    if (!is_swapped(plot)) {
        return QP_OK;
    }
    copy->point = (struct qp_point){copy->point.latitude_e7, copy->point.longitude_e7};
    (void)each_ring(copy, swap_ring);
    struct qp_remark remark = qp_survey_repairable(survey, "SV-SWAPPED", 0);
    remark.has_number = false;
    return qp_survey_say(survey, plot, &remark, err,
                         "longitude and latitude are changed over (GeoJSON writes longitude "
                         "first)%s",
                         survey->fix ? "; changed back" : "; --fix changes them back");
}

static enum qp_code close_rings(struct qp_survey *survey, struct qp_surveyed *plot,
                                struct qp_err *err)
{
    if (plot->unclosed == 0) {
        return QP_OK;
    }
    const struct qp_remark remark =
        qp_survey_repairable(survey, "SV-UNCLOSED", (double)plot->unclosed);
    return qp_survey_say(survey, plot, &remark, err,
                         "the outline is not closed: its last position is not its first%s",
                         survey->fix ? "; closed" : "; --fix closes it");
}

static enum qp_code repeats(struct qp_survey *survey, struct qp_surveyed *plot,
                            struct qp_geometry *copy, struct qp_err *err)
{
    size_t dropped = each_ring(copy, drop_repeats);
    if (dropped == 0) {
        return QP_OK;
    }
    const struct qp_remark remark =
        qp_survey_repairable(survey, "SV-VERTEX-TWICE", (double)dropped);
    return qp_survey_say(survey, plot, &remark, err,
                         "the same position twice running, at six decimals, %zu time%s%s", dropped,
                         dropped == 1 ? "" : "s",
                         survey->fix ? "; the second one removed" : "; --fix removes the second");
}

/* Of a sound outline: any other has no turn worth a word. */
static enum qp_code right_hand(struct qp_survey *survey, struct qp_surveyed *plot,
                               struct qp_err *err)
{
    size_t turned = each_ring(plot->repaired, turn);
    (void)each_ring(plot->given, turn);
    const struct qp_remark remark = {.code = "SV-ORIENTATION",
                                     .level = QP_SURVEY_FIXED,
                                     .has_number = true,
                                     .number = (double)turned};
    if (turned == 0) {
        return QP_OK;
    }
    return qp_survey_say(survey, plot, &remark, err,
                         "%zu ring%s against the right-hand rule; turned", turned,
                         turned == 1 ? "" : "s");
}

/* ---- Is it a shape? ---- */

static enum qp_code check_shape(struct qp_survey *survey, struct qp_surveyed *plot,
                                struct qp_err *err)
{
    struct qp_err why;
    qp_err_init(&why);
    const char *before = "";
    enum qp_code rc = qp_geometry_check(plot->repaired, QP_GEOMETRY_AS_IS, NULL, &why);
    plot->is_sound = rc == QP_OK;
    if (rc == QP_OK) {
        before = "at six decimals, as TRACES reads it, ";
        rc = qp_geometry_check(plot->repaired, QP_GEOMETRY_SIX_DECIMALS, NULL, &why);
    }
    if (rc == QP_OK) {
        return QP_OK;
    }
    if (rc != QP_E_REFUSED) {
        return qp_fail(err, rc, "%s", why.text);
    }
    const char *code = qp_arena_text(&survey->arena, qp_span_text(why.rule));
    if (code == NULL) {
        return no_memory(err);
    }
    const struct qp_remark remark = {.code = code, .level = QP_SURVEY_ERROR};
    return qp_survey_say(survey, plot, &remark, err, "%s%s", before, why.text);
}

/* One hash for one outline, however it was drawn. */
static enum qp_code hash_outline(struct qp_surveyed *plot, struct qp_err *err)
{
    struct qp_arena scratch;
    struct qp_geometry normal;
    struct qp_buf bytes = {0};
    qp_arena_init(&scratch, 0);
    enum qp_code rc = qp_geometry_normalize(plot->repaired, &scratch, &normal, err);
    if (rc == QP_OK) {
        rc = qp_geometry_encode(&normal, &bytes, err);
    }
    if (rc == QP_OK) {
        qp_hash_plain(&plot->outline, qp_span_buf(&bytes));
        plot->box = qp_geometry_box(plot->repaired);
    }
    qp_buf_wipe(&bytes);
    qp_arena_wipe(&scratch);
    return rc;
}

static enum qp_code repair_polygons(struct qp_survey *survey, struct qp_surveyed *plot,
                                    struct qp_err *err)
{
    const struct qp_geometry *copy = NULL;
    enum qp_code rc = qp_survey_copy(&survey->arena, plot->given, &copy, err);
    struct qp_geometry *mine = (struct qp_geometry *)copy;
    if (rc == QP_OK) {
        rc = swap(survey, plot, mine, err);
    }
    if (rc == QP_OK) {
        rc = close_rings(survey, plot, err);
    }
    if (rc == QP_OK) {
        rc = repeats(survey, plot, mine, err);
    }
    if (rc == QP_OK) {
        plot->repaired = copy;
    }
    return rc;
}

enum qp_code qp_survey_repair(struct qp_survey *survey, struct qp_surveyed *plot,
                              struct qp_err *err)
{
    size_t points = 0;
    size_t rings = 0;
    struct qp_err why;
    qp_err_init(&why);
    enum qp_code rc = qp_geometry_check_counts(plot->given, &points, &rings, NULL, &why);
    if (rc != QP_OK) {
        const char *code = qp_arena_text(&survey->arena, qp_span_text(why.rule));
        const struct qp_remark remark = {.code = code, .level = QP_SURVEY_ERROR};
        return code == NULL ? no_memory(err)
                            : qp_survey_say(survey, plot, &remark, err, "%s", why.text);
    }
    rc = repair_polygons(survey, plot, err);
    if (rc == QP_OK) {
        rc = check_shape(survey, plot, err);
    }
    if (rc == QP_OK && plot->is_sound) {
        rc = right_hand(survey, plot, err);
    }
    if (rc == QP_OK && plot->is_sound) {
        rc = hash_outline(plot, err);
    }
    return rc;
}
