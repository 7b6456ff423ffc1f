/* What an assessor found about plots that others have registered. */
#include "issue/import_priv.h"

#include "core/check.h"
#include "core/time.h"
#include "wire/json.h"

#include <inttypes.h>
#include <string.h>

enum { PLOT, DATE, OUTCOME, ASSESSED, FOREST, LOSS, NODATA, COLUMNS };

static const struct qp_csv_column columns[COLUMNS] = {
    [PLOT] = {"plot", true},         [DATE] = {"date", true},
    [OUTCOME] = {"outcome", true},   [ASSESSED] = {"assessed_m2", true},
    [FOREST] = {"forest_m2", true},  [LOSS] = {"loss_m2", true},
    [NODATA] = {"nodata_ppm", true},
};

#define AREA_MAX_M2 UINT64_C(1000000000000)
#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)

/* ---- The method ---- */

static enum qp_code check_method(const Qp__PlotAssessed *method, struct qp_err *err)
{
    const char *missing = method->method[0] == '\0'   ? "method"
                          : method->cut_off_ms == 0   ? "cut_off"
                          : method->covers_to_ms == 0 ? "covers_to"
                          : method->n_datasets == 0   ? "datasets"
                                                      : NULL;
    if (missing != NULL) {
        return qp_fail(err, QP_E_INPUT, "%s is missing", missing);
    }
    if (method->plot[0] != '\0' || method->geometry.len > 0 || method->outcome != 0 ||
        method->assessed_m2 != 0 || method->forest_m2 != 0 || method->loss_m2 != 0 ||
        method->nodata_ppm != 0) {
        return qp_fail(err, QP_E_INPUT,
                       "it takes method, cut_off, covers_to and datasets; what was found stands in "
                       "the table");
    }
    if (method->covers_to_ms <= method->cut_off_ms) {
        return qp_fail(err, QP_E_INPUT,
                       "covers_to is not after cut_off, so nothing can have been seen");
    }
    for (size_t i = 0; i < method->n_datasets; i++) {
        const Qp__Dataset *dataset = method->datasets[i];
        if (dataset->name[0] == '\0' || dataset->sha256.len != sizeof(struct qp_hash)) {
            return qp_fail(err, QP_E_INPUT,
                           "datasets[%zu] needs a name and a sha256 of 64 hexadecimal digits", i);
        }
    }
    return QP_OK;
}

enum qp_code qp_assessment_method_read(struct qp_span json, struct qp_arena *arena,
                                       const Qp__PlotAssessed **method, struct qp_err *err)
{
    json_t *parsed = NULL;
    Qp__Event *event = NULL;
    json_t *whole = NULL;
    enum qp_code rc = qp_json_parse(json, &parsed, err);
    if (rc != QP_OK) {
        return rc;
    }
    /* As the body of an event, because that is what the walker knows. */
    whole = json_pack("{s:O}", "plot_assessed", parsed);
    json_decref(parsed);
    if (whole == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to read the method");
    }
    rc = qp_json_decode(&qp_rule_event, whole, arena, &event, err);
    json_decref(whole);
    if (rc == QP_OK) {
        rc = check_method(event->plot_assessed, err);
    }
    if (rc == QP_OK) {
        *method = event->plot_assessed;
    }
    return rc;
}

/* ---- A row ---- */

static enum qp_code take_plot(struct qp_importing *in, struct qp_span cell, Qp__PlotAssessed *body,
                              const struct qp_catalog_item **plot, struct qp_err *why)
{
    enum qp_code rc = qp_cell_text(in, "plot", cell, true, &body->plot, why);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_span id = qp_span_text(body->plot);
    if (!qp_class_check(QP_CLASS_ID, id)) {
        return qp_fail(why, QP_E_INPUT,
                       "plot %s is not a whole id; write the party in front, such as "
                       "alto-mayo/C-0001",
                       qp_import_quote(in, id));
    }
    *plot = qp_catalog_find(in->options->plots, QP_CATALOG_PLOT, body->plot);
    if (*plot == NULL) {
        return qp_refuse(why, "QP-PLOT-UNKNOWN",
                         "plot %s is not in the submission files that were given; ask its "
                         "cooperative for the file that registers it",
                         body->plot);
    }
    body->geometry = qp_hash_bytes(&(*plot)->geometry);
    return QP_OK;
}

static enum qp_code take_time(struct qp_importing *in, struct qp_span cell, Qp__Event *event,
                              struct qp_err *why)
{
    char text[QP_TIME_TEXT_BYTES];
    char covers_to[QP_TIME_TEXT_BYTES];
    uint64_t covers_to_ms = in->options->method->covers_to_ms;
    enum qp_code rc = qp_cell_date(in, "date", cell, &event->occurred_ms, why);
    if (rc != QP_OK) {
        return rc;
    }
    qp_date_format(text, event->occurred_ms);
    qp_date_format(covers_to, covers_to_ms);
    if (in->options->latest_ms != 0 && event->occurred_ms > in->options->latest_ms) {
        return qp_fail(why, QP_E_INPUT, "date %s is still to come", text);
    }
    if (covers_to_ms >= event->occurred_ms + DAY_MS) {
        return qp_fail(why, QP_E_INPUT, "date %s is before %s, up to which the data reach", text,
                       covers_to);
    }
    return QP_OK;
}

/* A polygon has the area of its outline, a point the one that was declared. One percent is for
 * raster cells that reach over the border. */
static enum qp_code check_areas(const Qp__PlotAssessed *body, const struct qp_catalog_item *plot,
                                struct qp_err *why)
{
    uint64_t area_m2 = plot->outline_m2 > 0 ? plot->outline_m2 : plot->declared_m2;
    bool loss = body->outcome == QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_LOSS;
    bool none = body->outcome == QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_NO_LOSS;
    if (body->assessed_m2 == 0) {
        return qp_fail(why, QP_E_INPUT, "assessed_m2 is 0, so nothing was assessed");
    }
    if (body->assessed_m2 > area_m2 && body->assessed_m2 - area_m2 > area_m2 / 100) {
        return qp_fail(why, QP_E_REFUSED,
                       "assessed_m2 %" PRIu64 " is more than plot %s has (%" PRIu64
                       " m2); was another outline assessed?",
                       body->assessed_m2, body->plot, area_m2);
    }
    if (body->forest_m2 > body->assessed_m2 || body->loss_m2 > body->assessed_m2) {
        return qp_fail(why, QP_E_INPUT, "%s %" PRIu64 " is more than assessed_m2 %" PRIu64,
                       body->forest_m2 > body->assessed_m2 ? "forest_m2" : "loss_m2",
                       body->forest_m2 > body->assessed_m2 ? body->forest_m2 : body->loss_m2,
                       body->assessed_m2);
    }
    if (none && body->loss_m2 > 0) {
        return qp_fail(why, QP_E_INPUT, "outcome no_loss, but loss_m2 is %" PRIu64, body->loss_m2);
    }
    if (loss && body->loss_m2 == 0) {
        return qp_fail(why, QP_E_INPUT, "outcome loss, but loss_m2 is 0");
    }
    return QP_OK;
}

static enum qp_code take_findings(struct qp_importing *in, const struct qp_span *cells,
                                  Qp__PlotAssessed *body, struct qp_err *why)
{
    int outcome = 0;
    uint64_t ppm = 0;
    enum qp_code rc = qp_cell_enum(in, "outcome", cells[OUTCOME],
                                   &qp__assessment_outcome__descriptor, &outcome, why);
    body->outcome = (Qp__AssessmentOutcome)outcome;
    if (rc == QP_OK) {
        rc = qp_cell_decimal(in, "assessed_m2", cells[ASSESSED], 0, AREA_MAX_M2, &body->assessed_m2,
                             why);
    }
    if (rc == QP_OK) {
        rc = qp_cell_decimal(in, "forest_m2", cells[FOREST], 0, AREA_MAX_M2, &body->forest_m2, why);
    }
    if (rc == QP_OK) {
        rc = qp_cell_decimal(in, "loss_m2", cells[LOSS], 0, AREA_MAX_M2, &body->loss_m2, why);
    }
    if (rc == QP_OK) {
        rc = qp_cell_decimal(in, "nodata_ppm", cells[NODATA], 0, 1000000, &ppm, why);
    }
    body->nodata_ppm = (uint32_t)ppm;
    return rc;
}

static enum qp_code check_new(struct qp_importing *in, const Qp__Event *event, char **id,
                              struct qp_err *why)
{
    *id = qp_catalog_assessed(&in->scratch, event);
    if (*id == NULL) {
        return qp_fail(why, QP_E_MEMORY, "no memory to import");
    }
    const struct qp_catalog_item *item = qp_import_find(in, QP_CATALOG_ASSESSED, *id);
    if (item != NULL) {
        return qp_fail(why, QP_E_REFUSED,
                       "plot %s was assessed already on this day with data up to the same day, in "
                       "%s",
                       event->plot_assessed->plot, qp_import_where(in, item));
    }
    return QP_OK;
}

static enum qp_code take(struct qp_importing *in, const struct qp_span *cells, struct qp_err *why)
{
    const struct qp_catalog_item *plot = NULL;
    char *id = NULL;
    Qp__PlotAssessed body = *in->options->method;
    Qp__Event event;
    qp__event__init(&event);
    event.body_case = QP__EVENT__BODY_PLOT_ASSESSED;
    event.plot_assessed = &body;
    enum qp_code rc = take_plot(in, cells[PLOT], &body, &plot, why);
    if (rc == QP_OK) {
        rc = take_time(in, cells[DATE], &event, why);
    }
    if (rc == QP_OK) {
        rc = take_findings(in, cells, &body, why);
    }
    if (rc == QP_OK) {
        rc = check_areas(&body, plot, why);
    }
    if (rc == QP_OK) {
        rc = check_new(in, &event, &id, why);
    }
    if (rc == QP_OK) {
        rc = qp_import_event(in, &event, why);
    }
    struct qp_catalog_item item = {.kind = QP_CATALOG_ASSESSED, .id = id, .place = in->place};
    return rc == QP_OK ? qp_catalog_add(in->local, &item, why) : rc;
}

enum qp_code qp_import_assessments(struct qp_draft *draft, struct qp_span file,
                                   const struct qp_import_options *options,
                                   struct qp_import_report *report, struct qp_buf *bad_rows,
                                   struct qp_err *err)
{
    static const struct qp_import_csv csv = {
        .columns = columns, .column_count = COLUMNS, .take = take};
    struct qp_importing in = {.options = options,
                              .draft = draft,
                              .report = report,
                              .bad_rows = bad_rows,
                              .file = file,
                              .whole_ids = true};
    QP_ASSERT(options->method != NULL);
    return qp_import_csv_run(&in, &csv, err);
}
