#include "issue/import_priv.h"

#include "core/check.h"
#include "exchange/geojson.h"
#include "survey/peru.h"

#include <inttypes.h>
#include <string.h>

#define COMMODITIES_MAX 8
#define AREA_MAX_M2 UINT64_C(1000000000000)
/* Art. 2(28) of Regulation (EU) 2023/1115: a larger plot needs an outline. */
#define POINT_AREA_MAX_M2 40000

/* Everything that points into a feature lives in the scratch or here, until the event is added. */
struct plot {
    Qp__Event event;
    Qp__PlotRegistered body;
    Qp__Commodity commodities[COMMODITIES_MAX];
    uint64_t declared_m2; /* 0: not given */
    char outline[65];
};

/* ---- Properties ---- */

static enum qp_code text_property(const json_t *properties, const char *name, bool needed,
                                  struct qp_span *text, struct qp_err *why)
{
    const json_t *value = json_object_get(properties, name);
    if (value == NULL || json_is_null(value)) {
        *text = qp_span_of("", 0);
        return needed ? qp_fail(why, QP_E_INPUT, "the property %s is missing", name) : QP_OK;
    }
    if (!json_is_string(value)) {
        return qp_fail(why, QP_E_INPUT, "%s is not a text; put it in quotes", name);
    }
    *text = qp_span_of(json_string_value(value), json_string_length(value));
    return QP_OK;
}

static enum qp_code add_commodity(struct qp_importing *in, struct qp_span name, struct plot *plot,
                                  struct qp_err *why)
{
    int value = 0;
    enum qp_code rc =
        qp_cell_enum(in, "commodities", name, &qp__commodity__descriptor, &value, why);
    if (rc != QP_OK) {
        return rc;
    }
    size_t at = plot->body.n_commodities;
    for (; at > 0 && (int)plot->commodities[at - 1] >= value; at--) {
        if ((int)plot->commodities[at - 1] == value) {
            return QP_OK; /* named twice */
        }
    }
    if (plot->body.n_commodities == COMMODITIES_MAX) {
        return qp_fail(why, QP_E_INPUT, "commodities: more than %d", COMMODITIES_MAX);
    }
    memmove(&plot->commodities[at + 1], &plot->commodities[at],
            (plot->body.n_commodities - at) * sizeof plot->commodities[0]);
    plot->commodities[at] = (Qp__Commodity)value;
    plot->body.n_commodities++;
    plot->body.commodities = plot->commodities;
    return QP_OK;
}

static enum qp_code take_commodities(struct qp_importing *in, const json_t *properties,
                                     struct plot *plot, struct qp_err *why)
{
    struct qp_span text = {0};
    const json_t *list = json_object_get(properties, "commodities");
    enum qp_code rc = QP_OK;
    if (json_is_array(list)) {
        for (size_t i = 0; rc == QP_OK && i < json_array_size(list); i++) {
            const json_t *one = json_array_get(list, i);
            rc =
                json_is_string(one)
                    ? add_commodity(in, qp_span_of(json_string_value(one), json_string_length(one)),
                                    plot, why)
                    : qp_fail(why, QP_E_INPUT, "commodities is not a list of texts");
        }
    } else {
        rc = text_property(properties, "commodities", true, &text, why);
        for (size_t at = 0; rc == QP_OK && at <= text.len;) {
            const uint8_t *comma =
                at < text.len ? memchr(text.data + at, ',', text.len - at) : NULL;
            size_t end = comma == NULL ? text.len : (size_t)(comma - text.data);
            rc = add_commodity(in, qp_span_of(text.data + at, end - at), plot, why);
            at = end + 1;
        }
    }
    if (rc == QP_OK && plot->body.n_commodities == 0) {
        rc = qp_fail(why, QP_E_INPUT, "commodities is empty");
    }
    return rc;
}

/* Hectares to whole square metres. A declared area is given to a few decimals, which a double
 * holds far more exactly than the half square metre that rounding could cost. */
static enum qp_code take_area(const json_t *properties, struct plot *plot, struct qp_err *why)
{
    const json_t *value = json_object_get(properties, "area_ha");
    if (value == NULL || json_is_null(value)) {
        return QP_OK;
    }
    if (!json_is_number(value)) {
        return qp_fail(why, QP_E_INPUT,
                       "area_ha is not a number; write 0.87, without quotes and with a point");
    }
    double hectares = json_number_value(value);
    if (!(hectares > 0) || hectares > (double)AREA_MAX_M2 / 10000) {
        return qp_fail(why, QP_E_INPUT, "area_ha is not an area that a plot can have");
    }
    plot->declared_m2 = (uint64_t)(hectares * 10000 + 0.5);
    if (plot->declared_m2 == 0) {
        return qp_fail(why, QP_E_INPUT, "area_ha is less than a square metre");
    }
    return QP_OK;
}

static enum qp_code take_enum(struct qp_importing *in, const json_t *properties, const char *name,
                              const ProtobufCEnumDescriptor *descriptor, int *value,
                              struct qp_err *why)
{
    struct qp_span text = {0};
    enum qp_code rc = text_property(properties, name, true, &text, why);
    return rc == QP_OK ? qp_cell_enum(in, name, text, descriptor, value, why) : rc;
}

static enum qp_code take_tenure(struct qp_importing *in, const json_t *properties,
                                struct plot *plot, struct qp_err *why)
{
    int tenure = 0;
    int evidence = 0;
    enum qp_code rc =
        take_enum(in, properties, "tenure", &qp__tenure_kind__descriptor, &tenure, why);
    if (rc == QP_OK) {
        rc = take_enum(in, properties, "tenure_evidence", &qp__evidence_level__descriptor,
                       &evidence, why);
    }
    plot->body.tenure = (Qp__TenureKind)tenure;
    plot->body.tenure_evidence = (Qp__EvidenceLevel)evidence;
    return rc;
}

static enum qp_code take_codes(struct qp_importing *in, const json_t *properties, struct plot *plot,
                               struct qp_err *why)
{
    static char peru[] = "PE";
    const struct qp_catalog_item *item = NULL;
    struct qp_span text = {0};
    enum qp_code rc = text_property(properties, "plot", true, &text, why);
    if (rc == QP_OK) {
        rc = qp_cell_new_id(in, "plot", text, QP_CATALOG_PLOT, &plot->body.plot, why);
    }
    if (rc == QP_OK) {
        rc = text_property(properties, "producer", true, &text, why);
    }
    if (rc == QP_OK) {
        rc = qp_cell_known_id(in, "producer", text, QP_CATALOG_PRODUCER, &plot->body.producer,
                              &item, why);
    }
    if (rc == QP_OK) {
        rc = text_property(properties, "country", false, &text, why);
    }
    if (rc == QP_OK) {
        rc = qp_cell_text(in, "country", text, false, &plot->body.country, why);
    }
    if (rc == QP_OK && plot->body.country[0] == '\0') {
        plot->body.country = peru;
    }
    if (rc == QP_OK) {
        rc = text_property(properties, "department", false, &text, why);
    }
    return rc == QP_OK ? qp_cell_text(in, "department", text, false, &plot->body.region, why) : rc;
}

/* ---- The shape ---- */

/* A point in a field cannot be known from fewer decimals (Art. 2(28) wants six), and digits that
 * were cut off show: every coordinate ends in zeros.
 * One point in a hundred ends so at five decimals by chance, one in ten thousand at four. */
static bool lacks_decimals(const struct qp_geometry *geometry)
{
    int32_t step = geometry->kind == QP_GEOMETRY_POINT ? 1000 : 100;
    if (geometry->kind == QP_GEOMETRY_POINT) {
        return geometry->point.longitude_e7 % step == 0 && geometry->point.latitude_e7 % step == 0;
    }
    for (size_t p = 0; p < geometry->polygon_count; p++) {
        const struct qp_ring *ring = &geometry->polygons[p].rings[0];
        for (size_t i = 0; i < ring->count; i++) {
            if (ring->points[i].longitude_e7 % step != 0 ||
                ring->points[i].latitude_e7 % step != 0) {
                return false;
            }
        }
    }
    return true;
}

static struct qp_point one_point(const struct qp_geometry *geometry)
{
    return geometry->kind == QP_GEOMETRY_POINT ? geometry->point
                                               : geometry->polygons[0].rings[0].points[0];
}

static bool boxes_apart(const struct qp_box *a, const struct qp_box *b)
{
    return !qp_box_holds(b, a->south_west) || !qp_box_holds(b, a->north_east);
}

/* Where it cannot be. Boxes only: whether it is inside the border is for the ledger's assessors. */
static enum qp_code check_where(const struct qp_geometry *geometry, const struct plot *plot,
                                struct qp_err *why)
{
    struct qp_box peru = qp_peru_box();
    struct qp_box region = peru;
    struct qp_box box = qp_geometry_box(geometry);
    struct qp_point at = one_point(geometry);
    struct qp_point swapped = {at.latitude_e7, at.longitude_e7};
    char longitude[QP_COORDINATE_TEXT_BYTES];
    char latitude[QP_COORDINATE_TEXT_BYTES];
    qp_coordinate_format(longitude, at.longitude_e7);
    qp_coordinate_format(latitude, at.latitude_e7);
    if (strcmp(plot->body.country, "PE") != 0) {
        return QP_OK;
    }
    if (qp_box_holds(&peru, swapped)) {
        return qp_fail(why, QP_E_INPUT,
                       "longitude and latitude are swapped: GeoJSON writes longitude first, then "
                       "latitude");
    }
    if (boxes_apart(&box, &peru)) {
        return qp_fail(why, QP_E_INPUT,
                       "it lies at longitude %s, latitude %s, which is not in Peru", longitude,
                       latitude);
    }
    if (plot->body.region[0] != '\0' && !qp_peru_region_box(plot->body.region, &region)) {
        return qp_fail(why, QP_E_INPUT,
                       "department %.10s is not an ISO 3166-2 code of Peru, such as PE-SAM",
                       plot->body.region);
    }
    if (boxes_apart(&box, &region)) {
        return qp_fail(why, QP_E_INPUT,
                       "it lies at longitude %s, latitude %s, which is not in department %s",
                       longitude, latitude, plot->body.region);
    }
    return QP_OK;
}

static enum qp_code check_area(struct qp_importing *in, const struct qp_geometry *geometry,
                               struct plot *plot, struct qp_err *why)
{
    uint64_t computed = 0;
    if (geometry->kind == QP_GEOMETRY_POINT) {
        if (plot->declared_m2 == 0) {
            return qp_fail(why, QP_E_INPUT, "area_ha is missing; a point needs it");
        }
        plot->body.area_m2 = plot->declared_m2;
        return plot->declared_m2 <= POINT_AREA_MAX_M2
                   ? QP_OK
                   : qp_refuse(why, "QP-PLOT-POINT",
                               "a point with %" PRIu64 ".%02" PRIu64
                               " ha; a plot of more than 4 ha needs an outline",
                               plot->declared_m2 / 10000, plot->declared_m2 % 10000 / 100);
    }
    enum qp_code rc = qp_geometry_area_m2(geometry, &computed, why);
    if (rc == QP_OK && computed == 0) {
        rc = qp_fail(why, QP_E_INPUT, "the outline has an area of less than a square metre");
    }
    if (rc != QP_OK) {
        return rc;
    }
    plot->body.area_m2 = plot->declared_m2 == 0 ? computed : plot->declared_m2;
    uint64_t apart = computed > plot->body.area_m2 ? computed - plot->body.area_m2
                                                   : plot->body.area_m2 - computed;
    if (apart > plot->body.area_m2 / 10) {
        qp_import_warn(in,
                       "plot %s: %" PRIu64 " m2 are declared, but the outline has %" PRIu64
                       " m2, more than 10 percent apart; look which one is right",
                       plot->body.plot, plot->body.area_m2, computed);
    }
    for (size_t p = 0; p < geometry->polygon_count; p++) {
        if (geometry->polygons[p].ring_count > 1) {
            qp_import_warn(in,
                           "plot %s has a hole, which the EU's information system does not take; "
                           "draw it as two plots around the hole if you can",
                           plot->body.plot);
            break;
        }
    }
    return QP_OK;
}

static enum qp_code seal_shape(struct qp_importing *in, const struct qp_geometry *geometry,
                               struct plot *plot, struct qp_err *why)
{
    enum qp_code rc = qp_draft_seal_geometry(in->draft, geometry, &plot->body.geometry, why);
    if (rc != QP_OK) {
        return rc;
    }
    const struct qp_draft_sealed *sealed = &in->draft->sealed[in->draft->sealed_count - 1];
    qp_catalog_outline(plot->outline, sealed->content);
    const struct qp_catalog_item *item = qp_import_find(in, QP_CATALOG_OUTLINE, plot->outline);
    if (item != NULL) {
        return qp_fail(why, QP_E_REFUSED, "it is the same place as plot %s, in %s", item->owner,
                       qp_import_where(in, item));
    }
    plot->body.geometry_kind = geometry->kind == QP_GEOMETRY_POINT
                                   ? QP__GEOMETRY_KIND__GEOMETRY_KIND_POINT
                                   : QP__GEOMETRY_KIND__GEOMETRY_KIND_POLYGON;
    return QP_OK;
}

static enum qp_code take_shape(struct qp_importing *in, const struct qp_geometry *geometry,
                               struct plot *plot, struct qp_err *why)
{
    enum qp_code rc = check_where(geometry, plot, why);
    if (rc == QP_OK && lacks_decimals(geometry)) {
        rc = qp_fail(why, QP_E_INPUT,
                     "the coordinates have too few decimals: all of them end in zeros beyond %d, "
                     "and zeros at "
                     "the end do not count; the law wants six (a tenth of a metre)",
                     geometry->kind == QP_GEOMETRY_POINT ? 4 : 5);
    }
    if (rc == QP_OK) {
        rc = seal_shape(in, geometry, plot, why);
    }
    return rc == QP_OK ? check_area(in, geometry, plot, why) : rc;
}

/* ---- A feature ---- */

static enum qp_code note_new(struct qp_importing *in, const struct plot *plot, struct qp_err *why)
{
    struct qp_catalog_item item = {.kind = QP_CATALOG_PLOT,
                                   .id = plot->body.plot,
                                   .owner = plot->body.producer,
                                   .declared_m2 = plot->body.area_m2,
                                   .place = in->place};
    for (size_t i = 0; i < plot->body.n_commodities; i++) {
        item.commodities |= UINT64_C(1) << ((unsigned)plot->commodities[i] & 63U);
    }
    enum qp_code rc = qp_catalog_add(in->local, &item, why);
    if (rc == QP_OK) {
        item = (struct qp_catalog_item){.kind = QP_CATALOG_OUTLINE,
                                        .id = plot->outline,
                                        .owner = plot->body.plot,
                                        .place = in->place};
        rc = qp_catalog_add(in->local, &item, why);
    }
    return rc;
}

static enum qp_code take(struct qp_importing *in, const struct qp_geojson_feature *feature,
                         struct qp_err *why)
{
    struct plot plot = {.event.occurred_ms = 0};
    qp__event__init(&plot.event);
    qp__plot_registered__init(&plot.body);
    if (feature->properties == NULL) {
        return qp_fail(why, QP_E_INPUT, "the feature has no properties, so the plot has no code");
    }
    struct qp_err part;
    qp_err_init(&part);
    enum qp_code rc = take_codes(in, feature->properties, &plot, &part);
    rc = qp_import_part(in, QP_OK, rc, &part, why);
    rc =
        qp_import_part(in, rc, take_commodities(in, feature->properties, &plot, &part), &part, why);
    rc = qp_import_part(in, rc, take_area(feature->properties, &plot, &part), &part, why);
    rc = qp_import_part(in, rc, take_tenure(in, feature->properties, &plot, &part), &part, why);
    if (rc == QP_OK) {
        rc = take_shape(in, feature->geometry, &plot, why);
    }
    if (rc != QP_OK) {
        return rc;
    }
    plot.event.occurred_ms = in->options->occurred_ms;
    plot.event.body_case = QP__EVENT__BODY_PLOT_REGISTERED;
    plot.event.plot_registered = &plot.body;
    rc = qp_import_event(in, &plot.event, why);
    return rc == QP_OK ? note_new(in, &plot, why) : rc;
}

/* ---- The file ---- */

/* One feature as it stands in the file. */
static enum qp_code keep_feature(struct qp_importing *in, uint64_t offset, struct qp_err *err)
{
    json_error_t error;
    struct qp_span rest = qp_span_of(in->file.data + offset, in->file.len - (size_t)offset);
    json_t *value = json_loadb((const char *)rest.data, rest.len,
                               JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &error);
    if (value == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to keep a bad feature");
    }
    json_decref(value);
    size_t len = error.position > 0 ? (size_t)error.position : 0;
    enum qp_code rc = qp_buf_add_text(
        in->bad_rows,
        in->report->bad == 1 ? "{\"type\":\"FeatureCollection\",\"features\":[\n" : ",\n", err);
    return rc == QP_OK ? qp_buf_add(in->bad_rows, qp_span_of(rest.data, len), err) : rc;
}

static enum qp_code judge(struct qp_importing *in, uint64_t offset, enum qp_code rc,
                          const struct qp_err *why, struct qp_err *err)
{
    bool bad = false;
    rc = qp_import_judge(in, rc, why, &bad, err);
    return rc == QP_OK && bad ? keep_feature(in, offset, err) : rc;
}

static enum qp_code take_feature(void *context, const struct qp_geojson_feature *feature,
                                 struct qp_err *err)
{
    struct qp_importing *in = context;
    struct qp_err why;
    qp_err_init(&why);
    in->place = feature->index + 1;
    return judge(in, feature->offset, take(in, feature, &why), &why, err);
}

static enum qp_code take_fault(void *context, uint64_t index, const struct qp_err *reason,
                               struct qp_err *err)
{
    struct qp_importing *in = context;
    in->place = index + 1;
    return judge(in, reason->offset, reason->code, reason, err);
}

enum qp_code qp_import_plots(struct qp_draft *draft, struct qp_span file,
                             const struct qp_import_options *options,
                             struct qp_import_report *report, struct qp_buf *bad_rows,
                             struct qp_err *err)
{
    struct qp_importing in = {.options = options,
                              .draft = draft,
                              .report = report,
                              .bad_rows = bad_rows,
                              .file = file,
                              .unit = "feature"};
    struct qp_geojson_sink sink = {.context = &in, .feature = take_feature, .fault = take_fault};
    struct qp_arena shapes;
    qp_arena_init(&shapes, 0);
    enum qp_code rc = qp_import_begin(&in, err);
    if (rc == QP_OK) {
        rc = qp_geojson_read(file, &sink, &shapes, err);
        if (rc == QP_E_INPUT) {
            rc = qp_prefix(err, rc, "not a GeoJSON FeatureCollection of plots");
        }
    }
    if (rc == QP_OK && report->bad > 0) {
        rc = qp_buf_add_text(bad_rows, "\n]}\n", err);
    }
    qp_arena_wipe(&shapes);
    return qp_import_end(&in, rc, err);
}
