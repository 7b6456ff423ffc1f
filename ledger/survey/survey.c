/* A survey from its first plot to its answer. */
#include "survey/survey_priv.h"

#include "core/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BORDER_MARGIN_M 5000
#define AREA_MARGIN_M 50 /* half a millimetre on a map of 1:100,000 */
#define MEDIAN_PLOTS 10

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for a survey");
}

enum qp_code qp_survey_new(const struct qp_survey_options *options, struct qp_survey **survey,
                           struct qp_err *err)
{
    static const struct qp_survey_options none = {.fix = false};
    struct qp_survey *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return no_memory(err);
    }
    options = options == NULL ? &none : options;
    qp_arena_init(&made->arena, 0);
    made->fix = options->fix;
    made->margin_m = options->border_margin_m == 0 ? BORDER_MARGIN_M : options->border_margin_m;
    made->area_margin_m = options->area_margin_m == 0 ? AREA_MARGIN_M : options->area_margin_m;
    made->country = qp_arena_text(&made->arena,
                                  qp_span_text(options->country != NULL ? options->country : "PE"));
    made->party =
        qp_arena_text(&made->arena, qp_span_text(options->party != NULL ? options->party : ""));
    if (made->country == NULL || made->party == NULL) {
        qp_survey_free(made);
        return no_memory(err);
    }
    *survey = made;
    return QP_OK;
}

void qp_survey_free(struct qp_survey *survey)
{
    if (survey == NULL) {
        return;
    }
    for (size_t i = 0; i < survey->plot_count; i++) {
        qp_free(survey->plots[i].findings);
        qp_free(survey->plots[i].meetings);
    }
    qp_borders_free(survey->borders);
    qp_areas_free(survey->areas);
    qp_free(survey->plots);
    qp_free(survey->judged);
    qp_arena_wipe(&survey->arena);
    qp_free(survey);
}

enum qp_code qp_survey_grow(void **array, size_t *capacity, size_t count, size_t size_bytes,
                            struct qp_err *err)
{
    size_t bytes = 0;
    if (count < *capacity) {
        return QP_OK;
    }
    size_t wanted = *capacity < 4 ? 4 : 2 * *capacity;
    void *grown = qp_mul_size(wanted, size_bytes, &bytes) ? qp_realloc(*array, bytes) : NULL;
    if (grown == NULL) {
        return no_memory(err);
    }
    *array = grown;
    *capacity = wanted;
    return QP_OK;
}

/* ---- Adding ---- */

static const char *keep(struct qp_survey *survey, const char *text)
{
    return qp_arena_text(&survey->arena, qp_span_text(text != NULL ? text : ""));
}

/* A code as the ledger writes it, where there is one. */
static const char *keep_code(struct qp_survey *survey, const char *code)
{
    bool bare = code != NULL && code[0] != '\0';
    return bare && survey->party[0] != '\0'
               ? qp_arena_printf(&survey->arena, "%s/%s", survey->party, code)
               : keep(survey, code);
}

static bool keep_texts(struct qp_survey *survey, const struct qp_survey_plot *from,
                       struct qp_surveyed *to)
{
    const char *name = from->name != NULL && from->name[0] != '\0' ? from->name : from->label;
    bool has_name = name != NULL && name[0] != '\0';
    bool has_country = from->country != NULL && from->country[0] != '\0';
    to->row.plot = has_name ? keep(survey, name)
                            : qp_arena_printf(&survey->arena, "feature %" PRIu64, to->row.feature);
    to->row.region = keep(survey, from->region);
    to->owner = keep(survey, from->owner);
    to->country = has_country ? keep(survey, from->country) : survey->country;
    to->source = keep(survey, from->source);
    to->name = from->is_of_ledger ? keep(survey, from->name) : keep_code(survey, from->name);
    to->holder = from->is_of_ledger ? to->owner : keep_code(survey, from->owner);
    return to->row.plot != NULL && to->row.region != NULL && to->owner != NULL &&
           to->country != NULL && to->source != NULL && to->name != NULL && to->holder != NULL;
}

enum qp_code qp_survey_take(struct qp_survey *survey, const struct qp_survey_plot *plot,
                            bool is_known, const char *properties, const char *reason,
                            struct qp_err *err)
{
    QP_ASSERT(!survey->has_run);
    if (survey->plot_count == QP_SURVEY_PLOTS_MAX) {
        return qp_fail(err, QP_E_INPUT, "more than %d plots; survey them in parts",
                       QP_SURVEY_PLOTS_MAX);
    }
    enum qp_code rc = qp_survey_grow((void **)&survey->plots, &survey->plot_capacity,
                                     survey->plot_count, sizeof *survey->plots, err);
    if (rc == QP_OK && !is_known) {
        rc = qp_survey_grow((void **)&survey->judged, &survey->judged_capacity,
                            survey->judged_count, sizeof *survey->judged, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_surveyed taken = {
        .row.feature = is_known ? survey->known_count + 1 : survey->judged_count + 1,
        .properties = properties,
        .declared_m2 = plot->declared_m2,
        .unclosed = plot->unclosed,
        .area_is_text = plot->area_is_text,
        .area_is_none = plot->area_is_none,
        .same_code = QP_NO_PLOT,
        .is_known = is_known,
        .has_party = plot->is_of_ledger || survey->party[0] != '\0',
    };
    if (!keep_texts(survey, plot, &taken)) {
        return no_memory(err);
    }
    if (reason != NULL) {
        taken.reason = keep(survey, reason);
        rc = taken.reason == NULL ? no_memory(err) : QP_OK;
    } else {
        rc = qp_survey_copy(&survey->arena, plot->geometry, &taken.given, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (is_known) {
        survey->known_count++;
    } else {
        survey->judged[survey->judged_count++] = (uint32_t)survey->plot_count;
    }
    survey->plots[survey->plot_count++] = taken;
    return QP_OK;
}

enum qp_code qp_survey_add(struct qp_survey *survey, const struct qp_survey_plot *plot,
                           struct qp_err *err)
{
    return qp_survey_take(survey, plot, false, NULL, NULL, err);
}

enum qp_code qp_survey_add_known(struct qp_survey *survey, const struct qp_survey_plot *plot,
                                 struct qp_err *err)
{
    return qp_survey_take(survey, plot, true, NULL, NULL, err);
}

/* ---- Saying ---- */

static char *print_words(struct qp_arena *arena, const char *format, va_list arguments)
    QP_PRINTF(2, 0);

static char *print_words(struct qp_arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = len < 0 ? NULL : qp_arena_alloc(arena, (size_t)len + 1);
    if (text != NULL && vsnprintf(text, (size_t)len + 1, format, arguments) != len) {
        return NULL;
    }
    return text;
}

enum qp_code qp_survey_say(struct qp_survey *survey, struct qp_surveyed *plot,
                           const struct qp_remark *remark, struct qp_err *err, const char *format,
                           ...)
{
    if (plot->is_known) {
        return QP_OK;
    }
    struct qp_survey_row *row = &plot->row;
    enum qp_code rc = qp_survey_grow((void **)&plot->findings, &plot->finding_capacity,
                                     row->finding_count, sizeof *plot->findings, err);
    if (rc != QP_OK) {
        return rc;
    }
    va_list arguments;
    va_start(arguments, format);
    const char *words = print_words(&survey->arena, format, arguments);
    va_end(arguments);
    if (words == NULL) {
        return no_memory(err);
    }
    plot->findings[row->finding_count++] = (struct qp_survey_finding){
        .code = remark->code,
        .level = remark->level,
        .can_fix = remark->can_fix,
        .has_number = remark->has_number,
        .number = remark->number,
        .words = words,
        .other = remark->other != NULL ? remark->other : "",
    };
    row->findings = plot->findings;
    row->worst = remark->level > row->worst ? remark->level : row->worst;
    return QP_OK;
}

struct qp_remark qp_survey_repairable(const struct qp_survey *survey, const char *code,
                                      double number)
{
    return (struct qp_remark){.code = code,
                              .level = survey->fix ? QP_SURVEY_FIXED : QP_SURVEY_ERROR,
                              .can_fix = true,
                              .has_number = true,
                              .number = number};
}

/* ---- Codes ---- */

static int by_name(const void *a, const void *b)
{
    const struct qp_surveyed *left = *(struct qp_surveyed *const *)a;
    const struct qp_surveyed *right = *(struct qp_surveyed *const *)b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order
                      : (left->row.feature > right->row.feature) -
                            (left->row.feature < right->row.feature);
}

static enum qp_code find_same_codes(struct qp_survey *survey, struct qp_err *err)
{
    struct qp_surveyed **list = qp_alloc_zero(survey->judged_count + 1, sizeof(void *));
    size_t count = 0;
    if (list == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < survey->judged_count; i++) {
        struct qp_surveyed *plot = &survey->plots[survey->judged[i]];
        if (plot->name[0] != '\0') {
            list[count++] = plot;
        }
    }
    qsort(list, count, sizeof(void *), by_name);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(list[i - 1]->name, list[i]->name) == 0) {
            list[i]->same_code = (uint32_t)(list[i - 1] - survey->plots);
            if (list[i - 1]->same_code == QP_NO_PLOT) {
                list[i - 1]->same_code = (uint32_t)(list[i] - survey->plots);
            }
        }
    }
    qp_free(list);
    return QP_OK;
}

static enum qp_code tell_same_code(struct qp_survey *survey, struct qp_surveyed *plot,
                                   struct qp_err *err)
{
    static const struct qp_remark twice = {.code = "SV-CODE-TWICE", .level = QP_SURVEY_ERROR};
    return plot->same_code == QP_NO_PLOT
               ? QP_OK
               : qp_survey_say(survey, plot, &twice, err,
                               "feature %" PRIu64 " has this code too; each plot needs its own",
                               survey->plots[plot->same_code].row.feature);
}

/* ---- The run ---- */

static int by_number(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* The median area of the plots that have one; 0 where they are too few to say anything. */
static enum qp_code median_area(const struct qp_survey *survey, double *median, struct qp_err *err)
{
    size_t count = 0;
    double *areas = qp_alloc_zero(survey->judged_count + 1, sizeof *areas);
    if (areas == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < survey->judged_count; i++) {
        double area = survey->plots[survey->judged[i]].row.area_m2;
        if (area > 0) {
            areas[count++] = area;
        }
    }
    qsort(areas, count, sizeof *areas, by_number);
    *median = count < MEDIAN_PLOTS ? 0 : (areas[(count - 1) / 2] + areas[count / 2]) / 2;
    qp_free(areas);
    return QP_OK;
}

static enum qp_code repair_one(struct qp_survey *survey, struct qp_surveyed *plot,
                               struct qp_err *err)
{
    static const struct qp_remark unreadable = {.code = "SV-READ", .level = QP_SURVEY_ERROR};
    unsigned least = 0;
    if (plot->reason != NULL) {
        return qp_survey_say(survey, plot, &unreadable, err, "%s", plot->reason);
    }
    enum qp_code rc = qp_survey_repair(survey, plot, err);
    if (rc == QP_OK) {
        rc = tell_same_code(survey, plot, err);
    }
    if (rc != QP_OK || plot->is_known || plot->repaired == NULL) {
        return rc;
    }
    plot->row.geometry = survey->fix ? plot->repaired : plot->given;
    plot->row.decimals = qp_survey_decimals(plot->given, &least);
    plot->row.area_m2 = plot->repaired->kind == QP_GEOMETRY_POINT
                            ? (double)plot->declared_m2
                            : qp_survey_area_m2(plot->repaired);
    return QP_OK;
}

enum qp_code qp_survey_run(struct qp_survey *survey, struct qp_err *err)
{
    double median = 0;
    QP_ASSERT(!survey->has_run);
    survey->has_run = true;
    enum qp_code rc = find_same_codes(survey, err);
    for (size_t i = 0; i < survey->plot_count && rc == QP_OK; i++) {
        rc = repair_one(survey, &survey->plots[i], err);
    }
    if (rc == QP_OK) {
        rc = median_area(survey, &median, err);
    }
    if (rc == QP_OK) {
        rc = qp_survey_compare(survey, err);
    }
    for (size_t i = 0; i < survey->judged_count && rc == QP_OK; i++) {
        struct qp_surveyed *plot = &survey->plots[survey->judged[i]];
        if (plot->repaired != NULL) {
            rc = qp_survey_check(survey, plot, median, err);
        }
        if (rc == QP_OK && plot->is_sound) {
            rc = qp_survey_tell_meetings(survey, plot, err);
        }
        if (rc == QP_OK && plot->is_sound) {
            rc = qp_survey_tell_areas(survey, plot, err);
        }
    }
    return rc;
}

/* ---- The answer ---- */

size_t qp_survey_count(const struct qp_survey *survey)
{
    return survey->judged_count;
}

const struct qp_survey_row *qp_survey_row(const struct qp_survey *survey, size_t at)
{
    QP_ASSERT(at < survey->judged_count && survey->has_run);
    return &survey->plots[survey->judged[at]].row;
}

void qp_survey_summary(const struct qp_survey *survey, struct qp_survey_summary *summary)
{
    *summary = (struct qp_survey_summary){.plots = survey->judged_count,
                                          .known = survey->known_count,
                                          .areas = qp_areas_count(survey->areas)};
    for (size_t i = 0; i < survey->judged_count; i++) {
        const struct qp_survey_row *row = &survey->plots[survey->judged[i]].row;
        summary->area_m2 += row->area_m2;
        summary->errors += row->worst == QP_SURVEY_ERROR;
        summary->warnings += row->worst == QP_SURVEY_WARNING;
        summary->fixed += row->worst == QP_SURVEY_FIXED;
        summary->notes += row->worst == QP_SURVEY_NOTE;
        summary->fine += row->worst == QP_SURVEY_FINE;
    }
}

const char *qp_survey_level_name(enum qp_survey_level level)
{
    switch (level) {
    case QP_SURVEY_ERROR:
        return "error";
    case QP_SURVEY_WARNING:
        return "warning";
    case QP_SURVEY_FIXED:
        return "fixed";
    case QP_SURVEY_NOTE:
        return "note";
    case QP_SURVEY_FINE:
        break;
    }
    return "fine";
}
