#include "exchange/traces.h"

#include "core/check.h"
#include "geo/split.h"

#include <stdlib.h>
#include <string.h>

/* "\n]}\n", which ends a collection. */
#define TAIL_BYTES 4

struct taking {
    struct qp_traces *traces;
    void (*fault)(void *context, const struct qp_err *reason);
    void *context;
    size_t room;
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for the plots");
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static struct qp_geojson_place place_of(const struct qp_traces_feature *feature, bool is_commodity)
{
    const struct qp_verdict_plot *plot = feature->plot;
    return (struct qp_geojson_place){
        .geometry = &feature->geometry,
        .producer_name = is_commodity ? or_null(plot->producer_name) : NULL,
        .producer_country = or_null(plot->country),
        .production_place = plot->region[0] != '\0' ? plot->region : plot->plot,
        .area_m2 = feature->area_m2,
    };
}

/* ---- Taking plots ---- */

static enum qp_code add_feature(struct taking *taking, const struct qp_verdict_plot *plot,
                                const struct qp_geometry *geometry, uint64_t area_m2,
                                struct qp_err *err)
{
    struct qp_traces *traces = taking->traces;
    if (traces->feature_count == taking->room) {
        size_t room = taking->room == 0 ? 64 : 2 * taking->room;
        struct qp_traces_feature *longer =
            qp_realloc(traces->features, room * sizeof *traces->features);
        if (longer == NULL) {
            return no_memory(err);
        }
        traces->features = longer;
        taking->room = room;
    }
    struct qp_traces_feature *feature = &traces->features[traces->feature_count];
    *feature = (struct qp_traces_feature){.plot = plot, .area_m2 = area_m2};
    enum qp_code rc = qp_geometry_normalize(geometry, &traces->arena, &feature->geometry, err);
    if (rc == QP_OK) {
        const struct qp_geojson_place place = place_of(feature, true);
        rc = qp_geojson_check(&place, err);
    }
    traces->feature_count += rc == QP_OK;
    return rc;
}

static bool has_hole(const struct qp_geometry *geometry)
{
    for (size_t i = 0; i < geometry->polygon_count; i++) {
        if (geometry->polygons[i].ring_count > 1) {
            return true;
        }
    }
    return false;
}

/* The parts of a plot with holes share their cuts, so they cannot be one MultiPolygon: each is a
 * feature. */
static enum qp_code add_parts(struct taking *taking, const struct qp_verdict_plot *plot,
                              const struct qp_geometry *geometry, struct qp_err *err)
{
    struct qp_geometry *parts = NULL;
    size_t count = 0;
    enum qp_code rc = qp_geometry_split(geometry, &taking->traces->arena, &parts, &count, err);
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        uint64_t area_m2 = 0;
        rc = qp_geometry_area_m2(&parts[i], &area_m2, err);
        if (rc == QP_OK) {
            rc = add_feature(taking, plot, &parts[i], area_m2, err);
        }
    }
    taking->traces->cut_count += rc == QP_OK;
    return rc;
}

static enum qp_code add_plot(struct taking *taking, const struct qp_verdict_plot *plot,
                             struct qp_err *err)
{
    struct qp_traces *traces = taking->traces;
    struct qp_geometry geometry;
    if (plot->geometry.len == 0) {
        return qp_refuse(err, "GEO-NONE", "the geometry is not disclosed, or not accepted");
    }
    enum qp_code rc = qp_geometry_decode(plot->geometry, &traces->arena, &geometry, err);
    if (rc == QP_OK) {
        rc = qp_geometry_check(&geometry, QP_GEOMETRY_SIX_DECIMALS, NULL, err);
    }
    if (rc == QP_OK) {
        rc = qp_geometry_reduce(&geometry, &traces->arena, &geometry, err);
    }
    uint64_t area_m2 = plot->area_m2; /* of a point: as declared */
    if (rc == QP_OK && geometry.kind == QP_GEOMETRY_POLYGON) {
        rc = has_hole(&geometry) ? add_parts(taking, plot, &geometry, err)
                                 : qp_geometry_area_m2(&geometry, &area_m2, err);
    }
    if (rc == QP_OK && !has_hole(&geometry)) {
        rc = add_feature(taking, plot, &geometry, area_m2, err);
    }
    return rc;
}

static enum qp_code leave_out(struct taking *taking, const char *plot, struct qp_err *reason)
{
    if (reason->code == QP_E_MEMORY) {
        return QP_E_MEMORY;
    }
    (void)qp_prefix(reason, reason->code, "plot %s", plot);
    taking->fault(taking->context, reason);
    taking->traces->refused++;
    return QP_OK;
}

static enum qp_code take(struct taking *taking, struct qp_err *err)
{
    struct qp_traces *traces = taking->traces;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < qp_verdict_plot_count(traces->verdict); i++) {
        const struct qp_verdict_plot *plot = qp_verdict_plot(traces->verdict, i);
        struct qp_err reason;
        size_t before = traces->feature_count;
        qp_err_init(&reason);
        if (add_plot(taking, plot, &reason) != QP_OK) {
            traces->feature_count = before;
            rc = leave_out(taking, plot->plot, &reason);
            if (rc != QP_OK) {
                rc = no_memory(err);
            }
        }
    }
    return rc;
}

/* ---- No polygon twice ---- */

/* One polygon, or the point, of a feature. */
struct outline {
    const struct qp_ring *ring; /* NULL: the point */
    struct qp_point point;
    size_t feature;
};

static int compare_points(const struct qp_point *a, const struct qp_point *b)
{
    int order = (a->longitude_e7 > b->longitude_e7) - (a->longitude_e7 < b->longitude_e7);
    return order != 0 ? order
                      : (a->latitude_e7 > b->latitude_e7) - (a->latitude_e7 < b->latitude_e7);
}

/* Equal for equal outlines: rings in normal form begin at the same point. */
static int compare_shapes(const struct outline *one, const struct outline *two)
{
    size_t count = one->ring != NULL ? one->ring->count : 1;
    size_t other = two->ring != NULL ? two->ring->count : 1;
    const struct qp_point *a = one->ring != NULL ? one->ring->points : &one->point;
    const struct qp_point *b = two->ring != NULL ? two->ring->points : &two->point;
    int order = (count > other) - (count < other);
    for (size_t i = 0; order == 0 && i < count; i++) {
        order = compare_points(&a[i], &b[i]);
    }
    return order;
}

static int compare_outlines(const void *a, const void *b)
{
    const struct outline *one = a;
    const struct outline *two = b;
    int order = compare_shapes(one, two);
    return order != 0 ? order : (one->feature > two->feature) - (one->feature < two->feature);
}

static size_t list_outlines(const struct qp_traces *traces, struct outline *outlines)
{
    size_t count = 0;
    for (size_t i = 0; i < traces->feature_count; i++) {
        const struct qp_geometry *geometry = &traces->features[i].geometry;
        if (geometry->kind == QP_GEOMETRY_POINT) {
            outlines[count++] = (struct outline){.point = geometry->point, .feature = i};
        }
        for (size_t k = 0; k < geometry->polygon_count; k++) {
            outlines[count++] =
                (struct outline){.ring = &geometry->polygons[k].rings[0], .feature = i};
        }
    }
    return count;
}

static size_t plot_index(const struct qp_traces *traces, size_t feature)
{
    return (size_t)(traces->features[feature].plot - qp_verdict_plot(traces->verdict, 0));
}

/* Leaves out the plot of the second of two equal outlines. */
static enum qp_code refuse_twin(struct taking *taking, const struct outline *one,
                                const struct outline *two, bool *left_out, struct qp_err *err)
{
    const struct qp_traces *traces = taking->traces;
    struct qp_err reason;
    if (left_out[plot_index(traces, two->feature)]) {
        return QP_OK;
    }
    left_out[plot_index(traces, two->feature)] = true;
    qp_err_init(&reason);
    (void)qp_refuse(&reason, "GEO-DUPLICATE",
                    "at six decimals the same %s as plot %s, which TRACES refuses; correct one of "
                    "them",
                    two->ring != NULL ? "polygon" : "point",
                    traces->features[one->feature].plot->plot);
    return leave_out(taking, traces->features[two->feature].plot->plot, &reason) == QP_OK
               ? QP_OK
               : no_memory(err);
}

static enum qp_code refuse_twins(struct taking *taking, struct qp_err *err)
{
    struct qp_traces *traces = taking->traces;
    size_t room = 1;
    size_t kept = 0;
    for (size_t i = 0; i < traces->feature_count; i++) {
        room += traces->features[i].geometry.polygon_count + 1;
    }
    struct outline *outlines = qp_arena_alloc_zero(&traces->arena, room, sizeof *outlines);
    bool *left_out = qp_arena_alloc_zero(&traces->arena, qp_verdict_plot_count(traces->verdict) + 1,
                                         sizeof *left_out);
    if (outlines == NULL || left_out == NULL) {
        return no_memory(err);
    }
    size_t count = list_outlines(traces, outlines);
    qsort(outlines, count, sizeof *outlines, compare_outlines);
    enum qp_code rc = QP_OK;
    for (size_t i = 1, first = 0; rc == QP_OK && i < count; i++) {
        if (compare_shapes(&outlines[first], &outlines[i]) != 0) {
            first = i;
        } else {
            rc = refuse_twin(taking, &outlines[first], &outlines[i], left_out, err);
        }
    }
    for (size_t i = 0; i < traces->feature_count; i++) {
        if (!left_out[plot_index(traces, i)]) {
            traces->features[kept++] = traces->features[i];
        }
    }
    traces->feature_count = kept;
    return rc;
}

/* ---- Groups ---- */

static int compare_groups(const struct qp_verdict_plot *one, const struct qp_verdict_plot *two)
{
    int order = strcmp(one->producer_name, two->producer_name);
    order = order != 0 ? order : strcmp(one->country, two->country);
    return order != 0 ? order : strcmp(one->producer, two->producer);
}

static int compare_features(const void *a, const void *b)
{
    const struct qp_traces_feature *one = a;
    const struct qp_traces_feature *two = b;
    int order = compare_groups(one->plot, two->plot);
    order = order != 0 ? order : strcmp(one->plot->plot, two->plot->plot);
    if (order != 0 || one->geometry.kind == QP_GEOMETRY_POINT) {
        return order;
    }
    return compare_points(one->geometry.polygons[0].rings[0].points,
                          two->geometry.polygons[0].rings[0].points);
}

static enum qp_code group(struct qp_traces *traces, struct qp_err *err)
{
    if (traces->feature_count == 0) {
        return QP_OK;
    }
    qsort(traces->features, traces->feature_count, sizeof *traces->features, compare_features);
    traces->groups =
        qp_arena_alloc_zero(&traces->arena, traces->feature_count, sizeof *traces->groups);
    if (traces->groups == NULL) {
        return no_memory(err);
    }
    const struct qp_verdict_plot *before = NULL;
    for (size_t i = 0; i < traces->feature_count; i++) {
        const struct qp_verdict_plot *plot = traces->features[i].plot;
        if (before == NULL || compare_groups(before, plot) != 0) {
            traces->groups[traces->group_count++] =
                (struct qp_traces_group){.producer = plot->producer,
                                         .producer_name = plot->producer_name,
                                         .country = plot->country,
                                         .first = i};
        }
        if (plot != before) {
            traces->plot_count++;
            traces->area_m2 += plot->area_m2;
        }
        traces->groups[traces->group_count - 1].count++;
        before = plot;
    }
    return QP_OK;
}

enum qp_code qp_traces_init(struct qp_traces *traces, const struct qp_verdict *verdict,
                            void (*fault)(void *context, const struct qp_err *reason),
                            void *context, struct qp_err *err)
{
    struct taking taking = {.traces = traces, .fault = fault, .context = context};
    *traces = (struct qp_traces){.verdict = verdict};
    qp_arena_init(&traces->arena, 0);
    enum qp_code rc = take(&taking, err);
    if (rc == QP_OK) {
        rc = refuse_twins(&taking, err);
    }
    if (rc == QP_OK) {
        rc = group(traces, err);
    }
    if (rc != QP_OK) {
        qp_traces_wipe(traces);
    }
    return rc;
}

void qp_traces_wipe(struct qp_traces *traces)
{
    qp_free(traces->features);
    qp_arena_wipe(&traces->arena);
    *traces = (struct qp_traces){0};
}

/* ---- Writing ---- */

static enum qp_code put_group(const struct qp_traces *traces, const struct qp_traces_group *from,
                              bool is_commodity, struct qp_geojson_writer *writer,
                              struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = from->first; rc == QP_OK && i < from->first + from->count; i++) {
        const struct qp_geojson_place place = place_of(&traces->features[i], is_commodity);
        rc = qp_geojson_add(writer, &place, err);
    }
    return rc;
}

enum qp_code qp_traces_producer(const struct qp_traces *traces, size_t at, struct qp_buf *out,
                                struct qp_err *err)
{
    struct qp_geojson_writer writer;
    QP_ASSERT(at < traces->group_count);
    enum qp_code rc = qp_geojson_begin(&writer, out, err);
    if (rc == QP_OK) {
        rc = put_group(traces, &traces->groups[at], false, &writer, err);
    }
    return rc == QP_OK ? qp_geojson_end(&writer, err) : rc;
}

enum qp_code qp_traces_commodity(const struct qp_traces *traces, size_t first, size_t most_bytes,
                                 struct qp_buf *out, size_t *next, struct qp_err *err)
{
    struct qp_geojson_writer writer;
    size_t at = first;
    enum qp_code rc = qp_geojson_begin(&writer, out, err);
    for (; rc == QP_OK && at < traces->group_count; at++) {
        size_t before = out->len;
        uint64_t count = writer.feature_count;
        rc = put_group(traces, &traces->groups[at], true, &writer, err);
        if (rc != QP_OK || out->len - writer.start + TAIL_BYTES <= most_bytes) {
            continue;
        }
        if (at == first) {
            return qp_refuse(err, "GEO-FILE",
                             "the plots of producer %s alone take %zu bytes; TRACES takes %zu at "
                             "most, simplify their boundaries",
                             traces->groups[at].producer, out->len - writer.start + TAIL_BYTES,
                             most_bytes);
        }
        out->len = before;
        writer.feature_count = count;
        break;
    }
    if (rc == QP_OK) {
        rc = qp_geojson_end(&writer, err);
    }
    if (rc == QP_OK) {
        *next = at;
    }
    return rc;
}
