/* What is said of two plots that have ground in common. */
#include "survey/survey_priv.h"

#include <inttypes.h>
#include <string.h>

#define SAME_SHARE 0.95
#define SAME_SIZE 1.25   /* up to this ratio of areas, two outlines of one plot */
#define KNOWN_SIZE 1.10  /* up to this one, the outline that was registered */
#define GROUP_WALKED 64  /* in larger groups nobody is looked at by name */
#define REPEATED_PLOTS 3 /* the same coordinates for so many are no chance and no error of two */

/* "C-0002 of P-0007 in old.geojson"; NULL: no memory. */
static const char *name_of(struct qp_survey *survey, const struct qp_surveyed *plot)
{
    return qp_arena_printf(&survey->arena, "%s%s%s%s%s", plot->row.plot,
                           plot->owner[0] != '\0' ? " of " : "", plot->owner,
                           plot->source[0] != '\0' ? " in " : "", plot->source);
}

static bool is_itself(const struct qp_surveyed *plot, const struct qp_surveyed *other)
{
    return other->is_known && plot->name[0] != '\0' && strcmp(plot->name, other->name) == 0;
}

/* Two outlines for one ground matter more when two persons sell its harvest. */
static bool has_two_owners(const struct qp_surveyed *plot, const struct qp_surveyed *other)
{
    return plot->holder[0] != '\0' && other->holder[0] != '\0' &&
           plot->has_party == other->has_party && /* else two names may be of one person */
           strcmp(plot->holder, other->holder) != 0;
}

static bool is_one_owner(const struct qp_surveyed *plot, const struct qp_surveyed *other)
{
    return plot->holder[0] != '\0' && strcmp(plot->holder, other->holder) == 0;
}

static struct qp_remark about(const char *code, enum qp_survey_level level, double number,
                              const struct qp_surveyed *other)
{
    return (struct qp_remark){.code = code,
                              .level = level,
                              .has_number = true,
                              .number = number,
                              .other = other->row.plot};
}

static enum qp_code tell_inside(struct qp_survey *survey, struct qp_surveyed *plot,
                                const struct qp_surveyed *other, const char *name,
                                struct qp_err *err)
{
    struct qp_remark remark =
        about("SV-POINT-INSIDE", is_one_owner(plot, other) ? QP_SURVEY_NOTE : QP_SURVEY_WARNING, 0,
              other);
    remark.has_number = false;
    return qp_survey_say(survey, plot, &remark, err,
                         plot->repaired->kind == QP_GEOMETRY_POINT
                             ? "the point lies inside plot %s"
                             : "plot %s, a point, lies inside it",
                         name);
}

static bool is_like(double ratio, double limit)
{
    return ratio <= limit && ratio * limit >= 1;
}

static enum qp_code tell_known(struct qp_survey *survey, struct qp_surveyed *plot,
                               const struct qp_surveyed *other, const struct qp_meeting *meeting,
                               const char *name, struct qp_err *err)
{
    bool same = meeting->share >= SAME_SHARE && is_like(meeting->ratio, KNOWN_SIZE);
    const struct qp_remark remark =
        about("SV-KNOWN", same ? QP_SURVEY_NOTE : QP_SURVEY_WARNING, meeting->share * 100, other);
    return same ? qp_survey_say(survey, plot, &remark, err, "it is there already: plot %s", name)
                : qp_survey_say(survey, plot, &remark, err,
                                "plot %s is there already with another outline: %.1f %% of the "
                                "smaller one in common, %.2f times the area",
                                name, meeting->share * 100, meeting->ratio);
}

static enum qp_code tell_same(struct qp_survey *survey, struct qp_surveyed *plot,
                              const struct qp_surveyed *other, const struct qp_meeting *meeting,
                              const char *name, struct qp_err *err)
{
    double percent = meeting->share * 100;
    bool two = has_two_owners(plot, other);
    const struct qp_remark remark =
        about("SV-SAME", two ? QP_SURVEY_ERROR : QP_SURVEY_WARNING, percent, other);
    const char *advice = two ? "two owners; find out whose it is" : "keep one of them";
    if (is_like(meeting->ratio, SAME_SIZE)) {
        return qp_survey_say(survey, plot, &remark, err, "the same ground as plot %s (%.1f %%): %s",
                             name, percent, advice);
    }
    return meeting->ratio > 1 ? qp_survey_say(survey, plot, &remark, err,
                                              "%.1f %% of it lies in plot %s, which is larger: %s",
                                              percent, name, advice)
                              : qp_survey_say(survey, plot, &remark, err,
                                              "%.1f %% of plot %s lies in it, which is larger: %s",
                                              percent, name, advice);
}

static enum qp_code tell_overlap(struct qp_survey *survey, struct qp_surveyed *plot,
                                 const struct qp_surveyed *other, const struct qp_meeting *meeting,
                                 const char *name, struct qp_err *err)
{
    double percent = meeting->share * 100;
    bool more = meeting->share >= QP_SURVEY_NOISE_SHARE;
    const struct qp_remark remark =
        about("SV-OVERLAP", more ? QP_SURVEY_WARNING : QP_SURVEY_NOTE, percent, other);
    const char *advice = more ? "; walk the border between them again" : ", as receivers are";
    return meeting->ratio >= 1
               ? qp_survey_say(survey, plot, &remark, err, "%.1f %% of it lies in plot %s%s",
                               percent, name, advice)
               : qp_survey_say(survey, plot, &remark, err, "%.1f %% of plot %s lies in it%s",
                               percent, name, advice);
}

static enum qp_code tell_one(struct qp_survey *survey, struct qp_surveyed *plot,
                             const struct qp_meeting *meeting, struct qp_err *err)
{
    const struct qp_surveyed *other = &survey->plots[meeting->other];
    const char *name = name_of(survey, other);
    if (name == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a finding");
    }
    if (meeting->inside) {
        return tell_inside(survey, plot, other, name, err);
    }
    if (is_itself(plot, other)) {
        return tell_known(survey, plot, other, meeting, name, err);
    }
    return meeting->share >= SAME_SHARE ? tell_same(survey, plot, other, meeting, name, err)
                                        : tell_overlap(survey, plot, other, meeting, name, err);
}

static enum qp_code tell_repeated(struct qp_survey *survey, struct qp_surveyed *plot,
                                  uint32_t first, size_t count, struct qp_err *err)
{
    const struct qp_surveyed *other = &survey->plots[first];
    const char *name = name_of(survey, other);
    const struct qp_remark remark = about("SV-REPEATED", QP_SURVEY_ERROR, (double)count, other);
    return name == NULL ? qp_fail(err, QP_E_MEMORY, "no memory for a finding")
                        : qp_survey_say(survey, plot, &remark, err,
                                        "%zu plots have these coordinates, plot %s among them; "
                                        "measure each where it is",
                                        count, name);
}

/* Plots of exactly the same outline, which are not compared by area. */
static enum qp_code tell_group(struct qp_survey *survey, struct qp_surveyed *plot,
                               struct qp_err *err)
{
    const struct qp_surveyed *first = &survey->plots[plot->group];
    const struct qp_meeting whole = {.share = 1, .ratio = 1};
    size_t others = 0;
    uint32_t one = QP_NO_PLOT;
    enum qp_code rc = QP_OK;
    if (first->group_count > GROUP_WALKED) {
        return tell_repeated(survey, plot, first == plot ? first->group_next : plot->group,
                             first->group_count, err);
    }
    for (uint32_t i = plot->group; i != QP_NO_PLOT && rc == QP_OK;
         i = survey->plots[i].group_next) {
        struct qp_meeting meeting = whole;
        meeting.other = i;
        if (&survey->plots[i] == plot) {
            continue;
        }
        if (is_itself(plot, &survey->plots[i])) {
            rc = tell_one(survey, plot, &meeting, err);
        } else {
            one = others == 0 ? i : one;
            others++;
        }
    }
    if (rc == QP_OK && others + 1 >= REPEATED_PLOTS) {
        return tell_repeated(survey, plot, one, others + 1, err);
    }
    struct qp_meeting meeting = whole;
    meeting.other = one;
    return rc == QP_OK && others == 1 ? tell_one(survey, plot, &meeting, err) : rc;
}

enum qp_code qp_survey_tell_meetings(struct qp_survey *survey, struct qp_surveyed *plot,
                                     struct qp_err *err)
{
    enum qp_code rc = tell_group(survey, plot, err);
    for (size_t i = 0; i < plot->meeting_count && rc == QP_OK; i++) {
        rc = tell_one(survey, plot, &plot->meetings[i], err);
    }
    if (rc != QP_OK || plot->not_compared == 0) {
        return rc;
    }
    const struct qp_remark remark = {.code = "SV-CROWDED",
                                     .level = QP_SURVEY_WARNING,
                                     .has_number = true,
                                     .number = plot->not_compared};
    return qp_survey_say(survey, plot, &remark, err,
                         "many plots lie here: %" PRIu32 " more were not compared, or are not told",
                         plot->not_compared);
}
