/* What can be said of one plot by itself. */
#include "survey/survey_priv.h"

#include "core/check.h"
#include "survey/peru.h"

#include <inttypes.h>
#include <math.h>

#define ORIGIN_E7 1000 /* 0.0001 degree, 11 m */
#define DEGREE_E7 10000000
#define LARGE_M2 500000.0
#define LARGE_MEDIANS 10
#define DECLARED_PERCENT 10
#define HECTARE_M2 10000.0

/* A remark with a number. */
static struct qp_remark measured(const char *code, enum qp_survey_level level, double number)
{
    return (struct qp_remark){.code = code, .level = level, .has_number = true, .number = number};
}

/* ---- Numbers that no receiver gives ---- */

typedef bool point_test(struct qp_point point);

static bool is_origin(struct qp_point point)
{
    return point.longitude_e7 >= -ORIGIN_E7 && point.longitude_e7 <= ORIGIN_E7 &&
           point.latitude_e7 >= -ORIGIN_E7 && point.latitude_e7 <= ORIGIN_E7;
}

static bool is_integer(struct qp_point point)
{
    return point.longitude_e7 % DEGREE_E7 == 0 && point.latitude_e7 % DEGREE_E7 == 0;
}

/* How many points of the exteriors pass the test, and how many there are. */
static size_t count_points(const struct qp_geometry *geometry, point_test *test, size_t *all)
{
    size_t count = 0;
    *all = 0;
    if (geometry->kind == QP_GEOMETRY_POINT) {
        *all = 1;
        return test(geometry->point) ? 1 : 0;
    }
    for (size_t i = 0; i < geometry->polygon_count; i++) {
        const struct qp_ring *ring = &geometry->polygons[i].rings[0];
        for (size_t j = 0; j < ring->count; j++) {
            count += test(ring->points[j]) ? 1 : 0;
        }
        *all += ring->count;
    }
    return count;
}

/* *made_up: nothing more can be said of where it lies. */
static enum qp_code check_made_up(struct qp_survey *survey, struct qp_surveyed *plot, bool *made_up,
                                  struct qp_err *err)
{
    static const struct qp_remark origin = {.code = "SV-ORIGIN", .level = QP_SURVEY_ERROR};
    static const struct qp_remark integer = {.code = "SV-INTEGER", .level = QP_SURVEY_ERROR};
    size_t all = 0;
    if (count_points(plot->given, is_origin, &all) > 0) {
        *made_up = true;
        return qp_survey_say(survey, plot, &origin, err,
                             "a position at longitude 0, latitude 0, which a receiver without a "
                             "fix writes; measure it again");
    }
    if (count_points(plot->given, is_integer, &all) == all) {
        *made_up = true;
        return qp_survey_say(survey, plot, &integer, err,
                             "whole degrees are no measurement; measure it again");
    }
    return QP_OK;
}

static enum qp_code check_decimals(struct qp_survey *survey, struct qp_surveyed *plot,
                                   struct qp_err *err)
{
    unsigned least = 0;
    unsigned most = qp_survey_decimals(plot->given, &least);
    if (most < 6) {
        const struct qp_remark remark =
            measured("SV-DECIMALS", most < 5 ? QP_SURVEY_ERROR : QP_SURVEY_WARNING, most);
        return qp_survey_say(survey, plot, &remark, err,
                             "coordinates of %u decimal%s, zeros at the end not counted; six are "
                             "wanted (a tenth of a metre), so export it anew",
                             most, most == 1 ? "" : "s");
    }
    if (least <= 3) {
        const struct qp_remark remark = measured("SV-DECIMALS", QP_SURVEY_WARNING, least);
        return qp_survey_say(survey, plot, &remark, err,
                             "a vertex of %u decimal%s among others of %u; was it typed by hand?",
                             least, least == 1 ? "" : "s", most);
    }
    return QP_OK;
}

/* ---- Where it cannot be ---- */

static bool lies_in(const struct qp_box *outer, const struct qp_box *box)
{
    return qp_box_holds(outer, box->south_west) && qp_box_holds(outer, box->north_east);
}

static enum qp_code check_border(struct qp_survey *survey, struct qp_surveyed *plot,
                                 struct qp_err *err)
{
    struct qp_border_answer answer;
    enum qp_code rc = qp_borders_ask(survey->borders, plot->row.region,
                                     qp_survey_one_point(plot->repaired), &answer, err);
    if (rc != QP_OK || !answer.is_known || answer.away_m <= survey->margin_m) {
        return rc;
    }
    const struct qp_remark remark = measured("SV-OUTSIDE-REGION", QP_SURVEY_WARNING, answer.away_m);
    return qp_survey_say(survey, plot, &remark, err,
                         "it lies %.1f km outside the border of %s%s%s; look which one is right",
                         answer.away_m / 1000, plot->row.region,
                         answer.where != NULL ? ", in " : "",
                         answer.where != NULL ? answer.where : "");
}

static enum qp_code check_where(struct qp_survey *survey, struct qp_surveyed *plot,
                                struct qp_err *err)
{
    static const struct qp_remark peru_remark = {.code = "SV-OUTSIDE-PERU",
                                                 .level = QP_SURVEY_ERROR};
    static const struct qp_remark code_remark = {.code = "SV-REGION", .level = QP_SURVEY_ERROR};
    static const struct qp_remark region_remark = {.code = "SV-OUTSIDE-REGION",
                                                   .level = QP_SURVEY_ERROR};
    struct qp_box peru = qp_peru_box();
    struct qp_box box = qp_geometry_box(plot->repaired);
    struct qp_box region;
    struct qp_point at = qp_survey_one_point(plot->repaired);
    char longitude[QP_COORDINATE_TEXT_BYTES];
    char latitude[QP_COORDINATE_TEXT_BYTES];
    qp_coordinate_format(longitude, at.longitude_e7);
    qp_coordinate_format(latitude, at.latitude_e7);
    if (qp_survey_is_peru(plot)) {
        if (!lies_in(&peru, &box)) {
            return qp_survey_say(survey, plot, &peru_remark, err,
                                 "it lies at longitude %s, latitude %s, which is not in Peru",
                                 longitude, latitude);
        }
        if (plot->row.region[0] != '\0' && !qp_peru_region_box(plot->row.region, &region)) {
            return qp_survey_say(survey, plot, &code_remark, err,
                                 "department %s is not an ISO 3166-2 code of Peru, such as "
                                 "PE-SAM",
                                 plot->row.region);
        }
        if (plot->row.region[0] != '\0' && !lies_in(&region, &box)) {
            return qp_survey_say(survey, plot, &region_remark, err,
                                 "it lies at longitude %s, latitude %s, which is not in %s",
                                 longitude, latitude, plot->row.region);
        }
    }
    return plot->row.region[0] != '\0' ? check_border(survey, plot, err) : QP_OK;
}

/* ---- How large it is ---- */

static enum qp_code check_point_area(struct qp_survey *survey, struct qp_surveyed *plot,
                                     struct qp_err *err)
{
    static const struct qp_remark missing = {.code = "SV-AREA-MISSING", .level = QP_SURVEY_WARNING};
    double hectares = (double)plot->declared_m2 / HECTARE_M2;
    if (plot->declared_m2 == 0 && !plot->area_is_none && !plot->area_is_text) {
        return qp_survey_say(survey, plot, &missing, err,
                             "a point without an area; an import needs it, and TRACES would count "
                             "it as 4 ha");
    }
    if (plot->declared_m2 > QP_SURVEY_POINT_MAX_M2) {
        const struct qp_remark remark = measured("SV-POINT-LARGE", QP_SURVEY_ERROR, hectares);
        return qp_survey_say(survey, plot, &remark, err,
                             "a point of %.4f ha; a plot of more than 4 ha needs an outline",
                             hectares);
    }
    return QP_OK;
}

static enum qp_code check_declared(struct qp_survey *survey, struct qp_surveyed *plot,
                                   struct qp_err *err)
{
    double declared = (double)plot->declared_m2;
    double percent = declared > 0 ? (plot->row.area_m2 - declared) / declared * 100 : 0;
    if (fabs(percent) <= DECLARED_PERCENT) {
        return QP_OK;
    }
    const struct qp_remark remark = measured("SV-AREA-DECLARED", QP_SURVEY_WARNING, percent);
    return qp_survey_say(survey, plot, &remark, err,
                         "%.2f ha are declared, the outline has %.2f ha (%+.1f %%); look which one "
                         "is right",
                         declared / HECTARE_M2, plot->row.area_m2 / HECTARE_M2, percent);
}

static enum qp_code check_large(struct qp_survey *survey, struct qp_surveyed *plot,
                                double median_m2, struct qp_err *err)
{
    double hectares = plot->row.area_m2 / HECTARE_M2;
    const struct qp_remark remark = measured("SV-AREA-LARGE", QP_SURVEY_WARNING, hectares);
    if (plot->row.area_m2 > LARGE_M2) {
        return qp_survey_say(survey, plot, &remark, err,
                             "%.2f ha is much for a smallholder; one polygon must be one plot",
                             hectares);
    }
    if (median_m2 > 0 && plot->row.area_m2 > LARGE_MEDIANS * median_m2) {
        return qp_survey_say(survey, plot, &remark, err,
                             "%.2f ha, more than %d times the middle plot of this file (%.2f ha)",
                             hectares, LARGE_MEDIANS, median_m2 / HECTARE_M2);
    }
    return QP_OK;
}

static enum qp_code check_area(struct qp_survey *survey, struct qp_surveyed *plot, double median_m2,
                               struct qp_err *err)
{
    if (plot->area_is_none) {
        static const struct qp_remark none = {
            .code = "SV-AREA-SMALL", .level = QP_SURVEY_ERROR, .has_number = true};
        enum qp_code rc = qp_survey_say(survey, plot, &none, err,
                                        "an area of less than a square metre (0.0001 ha) is "
                                        "declared; write the area in hectares");
        if (rc != QP_OK) {
            return rc;
        }
    }
    if (plot->repaired->kind == QP_GEOMETRY_POINT) {
        enum qp_code rc = check_point_area(survey, plot, err);
        return rc == QP_OK ? check_large(survey, plot, median_m2, err) : rc;
    }
    if (!plot->is_sound) {
        return QP_OK; /* an outline that crosses itself has no area worth a word */
    }
    if (plot->row.area_m2 < 1) {
        const struct qp_remark remark =
            measured("SV-AREA-SMALL", QP_SURVEY_ERROR, plot->row.area_m2);
        return qp_survey_say(survey, plot, &remark, err,
                             "an area of less than a square metre (0.0001 ha)");
    }
    enum qp_code rc = check_declared(survey, plot, err);
    return rc == QP_OK ? check_large(survey, plot, median_m2, err) : rc;
}

/* ---- How it is drawn ---- */

static enum qp_code check_pieces(struct qp_survey *survey, struct qp_surveyed *plot,
                                 struct qp_err *err)
{
    size_t holes = 0;
    size_t parts = plot->repaired->polygon_count;
    for (size_t i = 0; i < parts; i++) {
        holes += plot->repaired->polygons[i].ring_count - 1;
    }
    if (holes > 0) {
        const struct qp_remark remark = measured("SV-HOLE", QP_SURVEY_WARNING, (double)holes);
        enum qp_code rc = qp_survey_say(survey, plot, &remark, err,
                                        "%zu hole%s, which TRACES refuses; cut the plot in two "
                                        "along the hole",
                                        holes, holes == 1 ? "" : "s");
        if (rc != QP_OK) {
            return rc;
        }
    }
    if (parts > 1) {
        const struct qp_remark remark = measured("SV-PARTS", QP_SURVEY_NOTE, (double)parts);
        return qp_survey_say(survey, plot, &remark, err,
                             "%zu polygons in one plot; one polygon should be one plot", parts);
    }
    return QP_OK;
}

static enum qp_code check_drawing(struct qp_survey *survey, struct qp_surveyed *plot,
                                  struct qp_err *err)
{
    static const struct qp_remark rectangle = {.code = "SV-RECTANGLE", .level = QP_SURVEY_WARNING};
    double radius = 0;
    struct qp_spike spike;
    if (qp_survey_circle(plot->repaired, &radius)) {
        const struct qp_remark remark = measured("SV-CIRCLE", QP_SURVEY_ERROR, radius);
        return qp_survey_say(survey, plot, &remark, err,
                             "a circle of %.0f m around a point, which is not accepted as an "
                             "outline; walk the border, or give the point",
                             radius);
    }
    if (qp_survey_rectangle(plot->repaired)) {
        return qp_survey_say(survey, plot, &rectangle, err,
                             "four right angles; was it drawn at a desk?");
    }
    if (qp_survey_spike(plot->repaired, &spike)) {
        const struct qp_remark remark = measured("SV-SPIKE", QP_SURVEY_WARNING, spike.degrees);
        return qp_survey_say(survey, plot, &remark, err,
                             "a spike of %.1f degrees at vertex %zu; look whether the receiver "
                             "jumped there",
                             spike.degrees, spike.vertex);
    }
    return QP_OK;
}

enum qp_code qp_survey_check(struct qp_survey *survey, struct qp_surveyed *plot, double median_m2,
                             struct qp_err *err)
{
    static const struct qp_remark text = {.code = "SV-AREA-TEXT", .level = QP_SURVEY_WARNING};
    bool made_up = false;
    bool is_polygon = plot->repaired->kind == QP_GEOMETRY_POLYGON;
    enum qp_code rc = check_made_up(survey, plot, &made_up, err);
    if (rc == QP_OK && plot->area_is_text) {
        rc = qp_survey_say(survey, plot, &text, err,
                           "the area is written as a text, which TRACES reads as 0; write the "
                           "number without quotes");
    }
    if (rc == QP_OK && !made_up) {
        rc = check_decimals(survey, plot, err);
    }
    if (rc == QP_OK && !made_up) {
        rc = check_where(survey, plot, err);
    }
    if (rc == QP_OK) {
        rc = check_area(survey, plot, median_m2, err);
    }
    if (rc == QP_OK && is_polygon) {
        rc = check_pieces(survey, plot, err);
    }
    if (rc == QP_OK && is_polygon && plot->is_sound) {
        rc = check_drawing(survey, plot, err);
    }
    return rc;
}
