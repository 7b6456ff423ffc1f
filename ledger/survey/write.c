/* The answer as GeoJSON, for a GIS. */
#include "survey/survey_priv.h"

#include "core/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A string between quotes (RFC 8259 section 7); the text is UTF-8. */
static enum qp_code put_text(struct qp_buf *out, const char *text, struct qp_err *err)
{
    size_t plain = 0;
    enum qp_code rc = QP_OK;
    for (size_t at = 0; rc == QP_OK; at++) {
        unsigned char c = (unsigned char)text[at];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        rc = qp_buf_add(out, qp_span_of(text + plain, at - plain), err);
        plain = at + 1;
        if (c == '\0' || rc != QP_OK) {
            break;
        }
        rc = c < 0x20 ? qp_buf_addf(out, err, "\\u%04x", c) : qp_buf_addf(out, err, "\\%c", c);
    }
    return rc;
}

/* ---- Geometry ---- */

static enum qp_code put_position(struct qp_buf *out, struct qp_point point, struct qp_err *err)
{
    char longitude[QP_COORDINATE_TEXT_BYTES];
    char latitude[QP_COORDINATE_TEXT_BYTES];
    qp_coordinate_format(longitude, point.longitude_e7);
    qp_coordinate_format(latitude, point.latitude_e7);
    return qp_buf_addf(out, err, "[%s,%s]", longitude, latitude);
}

static enum qp_code put_ring(struct qp_buf *out, const struct qp_ring *ring, struct qp_err *err)
{
    enum qp_code rc = qp_buf_add_text(out, "[", err);
    for (size_t i = 0; i <= ring->count && rc == QP_OK; i++) {
        rc = i > 0 ? qp_buf_add_text(out, ",", err) : QP_OK;
        if (rc == QP_OK) {
            rc = put_position(out, ring->points[i == ring->count ? 0 : i], err);
        }
    }
    return rc == QP_OK ? qp_buf_add_text(out, "]", err) : rc;
}

static enum qp_code put_polygon(struct qp_buf *out, const struct qp_polygon *polygon,
                                struct qp_err *err)
{
    enum qp_code rc = qp_buf_add_text(out, "[", err);
    for (size_t i = 0; i < polygon->ring_count && rc == QP_OK; i++) {
        rc = i > 0 ? qp_buf_add_text(out, ",", err) : QP_OK;
        if (rc == QP_OK) {
            rc = put_ring(out, &polygon->rings[i], err);
        }
    }
    return rc == QP_OK ? qp_buf_add_text(out, "]", err) : rc;
}

static enum qp_code put_polygons(struct qp_buf *out, const struct qp_geometry *geometry,
                                 struct qp_err *err)
{
    bool multi = geometry->polygon_count > 1;
    enum qp_code rc = qp_buf_addf(out, err, "{\"type\":\"%s\",\"coordinates\":%s",
                                  multi ? "MultiPolygon" : "Polygon", multi ? "[" : "");
    for (size_t i = 0; i < geometry->polygon_count && rc == QP_OK; i++) {
        rc = i > 0 ? qp_buf_add_text(out, ",", err) : QP_OK;
        if (rc == QP_OK) {
            rc = put_polygon(out, &geometry->polygons[i], err);
        }
    }
    return rc == QP_OK ? qp_buf_add_text(out, multi ? "]}" : "}", err) : rc;
}

static enum qp_code put_geometry(struct qp_buf *out, const struct qp_geometry *geometry,
                                 struct qp_err *err)
{
    if (geometry == NULL) {
        return qp_buf_add_text(out, "null", err);
    }
    if (geometry->kind == QP_GEOMETRY_POLYGON) {
        return put_polygons(out, geometry, err);
    }
    enum qp_code rc = qp_buf_add_text(out, "{\"type\":\"Point\",\"coordinates\":", err);
    if (rc == QP_OK) {
        rc = put_position(out, geometry->point, err);
    }
    return rc == QP_OK ? qp_buf_add_text(out, "}", err) : rc;
}

/* ---- Properties ---- */

static enum qp_code put_findings(struct qp_buf *out, const struct qp_survey_row *row,
                                 struct qp_err *err)
{
    enum qp_code rc = qp_buf_add_text(out, ",\"findings\":\"", err);
    for (size_t i = 0; i < row->finding_count && rc == QP_OK; i++) {
        const struct qp_survey_finding *finding = &row->findings[i];
        rc = qp_buf_addf(out, err, "%s%s %s: ", i > 0 ? "; " : "", finding->code,
                         qp_survey_level_name(finding->level));
        if (rc == QP_OK) {
            rc = put_text(out, finding->words, err);
        }
    }
    return rc == QP_OK ? qp_buf_add_text(out, "\"", err) : rc;
}

/* The first finding of a code is the one with the most to say: the largest share. */
static bool is_first(const struct qp_survey_row *row, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(row->findings[i].code, row->findings[at].code) == 0) {
            return false;
        }
    }
    return true;
}

/* Three decimals; the locale's sign for them must not get into JSON. */
static enum qp_code put_number(struct qp_buf *out, double number, struct qp_err *err)
{
    double whole = number < 0 ? -number : number;
    if (!(whole < 1e15)) {
        return qp_buf_add_text(out, "null", err);
    }
    uint64_t thousandths = (uint64_t)(whole * 1000 + 0.5);
    return qp_buf_addf(out, err, "%s%" PRIu64 ".%03" PRIu64, number < 0 ? "-" : "",
                       thousandths / 1000, thousandths % 1000);
}

static enum qp_code put_codes(struct qp_buf *out, const struct qp_survey_row *row,
                              struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < row->finding_count && rc == QP_OK; i++) {
        const struct qp_survey_finding *finding = &row->findings[i];
        if (!is_first(row, i)) {
            continue;
        }
        rc = qp_buf_addf(out, err, ",\"%s\":", finding->code);
        if (rc == QP_OK) {
            rc = finding->has_number ? put_number(out, finding->number, err)
                                     : qp_buf_add_text(out, "true", err);
        }
    }
    return rc;
}

static enum qp_code put_given(struct qp_buf *out, const struct qp_surveyed *plot,
                              struct qp_err *err)
{
    if (plot->properties != NULL) {
        return qp_buf_addf(out, err, "%s%s", plot->properties,
                           plot->properties[0] != '\0' ? "," : "");
    }
    enum qp_code rc = qp_buf_add_text(out, "\"plot\":\"", err);
    if (rc == QP_OK) {
        rc = put_text(out, plot->row.plot, err);
    }
    return rc == QP_OK ? qp_buf_add_text(out, "\",", err) : rc;
}

static enum qp_code put_feature(struct qp_buf *out, const struct qp_surveyed *plot,
                                struct qp_err *err)
{
    const struct qp_survey_row *row = &plot->row;
    enum qp_code rc = qp_buf_add_text(out, "\n{\"type\":\"Feature\",\"properties\":{", err);
    if (rc == QP_OK) {
        rc = put_given(out, plot, err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_addf(out, err, "\"worst\":\"%s\"", qp_survey_level_name(row->worst));
    }
    if (rc == QP_OK) {
        rc = put_findings(out, row, err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add_text(out, ",\"area_m2\":", err);
    }
    if (rc == QP_OK) {
        rc = put_number(out, row->area_m2, err);
    }
    if (rc == QP_OK) {
        rc = put_codes(out, row, err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add_text(out, "},\"geometry\":", err);
    }
    if (rc == QP_OK) {
        rc = put_geometry(out, row->geometry, err);
    }
    return rc == QP_OK ? qp_buf_add_text(out, "}", err) : rc;
}

enum qp_code qp_survey_geojson(const struct qp_survey *survey, struct qp_buf *out,
                               struct qp_err *err)
{
    QP_ASSERT(survey->has_run);
    size_t before = out->len;
    enum qp_code rc = qp_buf_add_text(out, "{\"type\":\"FeatureCollection\",\"features\":[", err);
    for (size_t i = 0; i < survey->judged_count && rc == QP_OK; i++) {
        rc = i > 0 ? qp_buf_add_text(out, ",", err) : QP_OK;
        if (rc == QP_OK) {
            rc = put_feature(out, &survey->plots[survey->judged[i]], err);
        }
    }
    if (rc == QP_OK) {
        rc = qp_buf_add_text(out, "\n]}\n", err);
    }
    if (rc != QP_OK) {
        out->len = before;
    }
    return rc;
}
