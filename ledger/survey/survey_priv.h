/* What the files of this room share. */
#ifndef QP_SURVEY_SURVEY_PRIV_H
#define QP_SURVEY_SURVEY_PRIV_H

#include <quipu/survey.h>

#include "core/alloc.h"

/* Art. 2(28) of Regulation (EU) 2023/1115: a larger plot needs an outline. */
#define QP_SURVEY_POINT_MAX_M2 40000
#define QP_E7_METRES 0.0111319490793 /* 1e-7 degree along a meridian or the equator */
/* A smaller part of a plot in something else may be no more than what receivers are good for. */
#define QP_SURVEY_NOISE_SHARE 0.05

/* Two plots that have ground in common, seen from one of them. */
struct qp_meeting {
    uint32_t other; /* index */
    bool inside;    /* one of the two is a point, inside the other */
    double share;   /* of the smaller one, 0 to 1 */
    double ratio;   /* area of the other one to this one */
};

#define QP_NO_PLOT UINT32_MAX

struct qp_surveyed {
    struct qp_survey_row row;
    const char *owner;
    const char *name;   /* code with the party before it, where one is given; "" without a code */
    const char *holder; /* owner likewise */
    const char *country;
    const char *source;
    const char *properties; /* members as JSON text without braces, or NULL; "" for none */
    const char *reason;     /* why it could not be read, or NULL */
    const struct qp_geometry *given;
    const struct qp_geometry *repaired; /* what is measured and compared; NULL: nothing can be */
    uint64_t declared_m2;
    size_t unclosed;
    bool area_is_text;
    bool area_is_none;
    uint32_t same_code; /* index of another plot of the file with its code; QP_NO_PLOT: none */
    bool is_known;
    bool has_party;         /* name and holder begin with a party */
    bool is_sound;          /* the repaired outline passes qp_geometry_check */
    struct qp_box box;      /* of a sound one */
    struct qp_hash outline; /* of a sound one, the same for the same coordinates */
    uint32_t group;         /* index of the first plot with the same outline */
    uint32_t group_count;   /* how many have it; of that first one only */
    uint32_t group_next;    /* another plot of the group; QP_NO_PLOT: this is the last */
    uint32_t not_compared;
    struct qp_survey_finding *findings;
    size_t finding_capacity;
    struct qp_meeting *meetings; /* at most QP_SURVEY_OTHERS_MAX; NULL: none */
    size_t meeting_count;
};

struct qp_borders; /* border.c */
struct qp_areas;   /* area.c */

struct qp_survey {
    struct qp_arena arena;
    bool fix;
    bool has_run;
    const char *country;
    const char *party;
    double margin_m;
    double area_margin_m;
    struct qp_surveyed *plots; /* the ones to judge and the known ones, in the order of adding */
    size_t plot_count;
    size_t plot_capacity;
    uint32_t *judged; /* indices of those to judge */
    size_t judged_count;
    size_t judged_capacity;
    uint64_t known_count;
    struct qp_borders *borders; /* NULL: none */
    struct qp_areas *areas;     /* NULL: none */
};

/* ---- survey.c ---- */

/* Make room for one more element. QP_E_MEMORY. */
enum qp_code qp_survey_grow(void **array, size_t *capacity, size_t count, size_t size_bytes,
                            struct qp_err *err) QP_MUST_USE;

struct qp_remark {
    const char *code;
    enum qp_survey_level level;
    bool can_fix;
    bool has_number;
    double number;
    const char *other;
};
enum qp_code qp_survey_say(struct qp_survey *survey, struct qp_surveyed *plot,
                           const struct qp_remark *remark, struct qp_err *err, const char *format,
                           ...) QP_PRINTF(5, 6) QP_MUST_USE;
/* As said, but FIXED when the survey repairs, otherwise an error that can be repaired. */
struct qp_remark qp_survey_repairable(const struct qp_survey *survey, const char *code,
                                      double number);
/* A plot is added with its texts and geometry copied. properties: taken as it is; the arena's. */
enum qp_code qp_survey_take(struct qp_survey *survey, const struct qp_survey_plot *plot,
                            bool is_known, const char *properties, const char *reason,
                            struct qp_err *err) QP_MUST_USE;

/* ---- repair.c ---- */

enum qp_code qp_survey_copy(struct qp_arena *arena, const struct qp_geometry *from,
                            const struct qp_geometry **to, struct qp_err *err) QP_MUST_USE;
/* Sets repaired, is_sound, box and outline; says what was wrong, to a plot that is judged. */
enum qp_code qp_survey_repair(struct qp_survey *survey, struct qp_surveyed *plot,
                              struct qp_err *err) QP_MUST_USE;
bool qp_survey_is_peru(const struct qp_surveyed *plot);
/* Any point of it. */
struct qp_point qp_survey_one_point(const struct qp_geometry *geometry);

/* ---- measure.c: a plane of metres around an outline, and what can be seen there ---- */

/* On the WGS 84 ellipsoid, holes taken off; 0 for a point. */
double qp_survey_area_m2(const struct qp_geometry *geometry);
/* Decimals in which all coordinates can be written. `least`: of the vertex with the fewest. */
unsigned qp_survey_decimals(const struct qp_geometry *geometry, unsigned *least);
struct qp_spike {
    size_t vertex; /* 1-based, in the exterior of its polygon */
    double degrees;
};
/* The sharpest angle below the limit between two sides of 10 m at least. */
bool qp_survey_spike(const struct qp_geometry *geometry, struct qp_spike *spike);
bool qp_survey_circle(const struct qp_geometry *geometry, double *radius_m);
bool qp_survey_rectangle(const struct qp_geometry *geometry);

/* ---- checks.c ---- */

/* Everything that one plot alone, the borders and the median of the file can say. */
enum qp_code qp_survey_check(struct qp_survey *survey, struct qp_surveyed *plot, double median_m2,
                             struct qp_err *err) QP_MUST_USE;

/* ---- overlap.c, meeting.c ---- */

/* Groups of the same outline, the index, all pairs: fills group, group_count, meetings and
 * not_compared. */
enum qp_code qp_survey_compare(struct qp_survey *survey, struct qp_err *err) QP_MUST_USE;
/* Findings of what was compared. */
enum qp_code qp_survey_tell_meetings(struct qp_survey *survey, struct qp_surveyed *plot,
                                     struct qp_err *err) QP_MUST_USE;

/* ---- border.c ---- */

void qp_borders_free(struct qp_borders *borders); /* NULL is allowed */
struct qp_border_answer {
    bool is_known;     /* there is a border of the region */
    double away_m;     /* from it; 0: inside */
    const char *where; /* region that the point lies in; NULL: none of them */
};
enum qp_code qp_borders_ask(struct qp_borders *borders, const char *region, struct qp_point point,
                            struct qp_border_answer *answer, struct qp_err *err) QP_MUST_USE;

/* ---- area.c ---- */

void qp_areas_free(struct qp_areas *areas);           /* NULL is allowed */
size_t qp_areas_count(const struct qp_areas *areas);  /* NULL: 0 */
bool qp_survey_is_word(const char *a, const char *b); /* the same, A to Z being a to z */
bool qp_survey_is_kind(const char *name);             /* of area; the words say more of those */
/* Findings of the areas that a sound plot lies in, or near. */
enum qp_code qp_survey_tell_areas(struct qp_survey *survey, struct qp_surveyed *plot,
                                  struct qp_err *err) QP_MUST_USE;

/* ---- shape.c: GEOS and our geometries; one unit is 1e-7 degree ---- */

#define GEOS_USE_ONLY_R_API
#include <geos_c.h>

struct qp_geos {
    GEOSContextHandle_t handle;
    char message[160]; /* the last one */
};

enum qp_code qp_geos_open(struct qp_geos **geos, struct qp_err *err) QP_MUST_USE;
void qp_geos_close(struct qp_geos *geos); /* NULL is allowed */
/* NULL: no memory. The caller destroys it. */
GEOSGeometry *qp_geos_shape(const struct qp_geos *geos, const struct qp_geometry *geometry);
/* Of outlines of others, which may cross themselves: what they mean, made of their pieces. It may
 * be empty. */
GEOSGeometry *qp_geos_sound_shape(const struct qp_geos *geos, const struct qp_geometry *geometry);
GEOSGeometry *qp_geos_point(const struct qp_geos *geos, struct qp_point point);
/* Something with this envelope. */
GEOSGeometry *qp_geos_box(const struct qp_geos *geos, const struct qp_box *box);
/* Area that two shapes have in common, in square units; negative: it cannot be known. */
double qp_geos_common(const struct qp_geos *geos, const GEOSGeometry *a, const GEOSGeometry *b);
/* So little in common (about a square metre, and no part worth a word) is a shared border. */
bool qp_survey_is_touch(double common, double share);
enum qp_code qp_geos_fail(const struct qp_geos *geos, struct qp_err *err);

/* ---- boxes.c: which of many boxes meet one ---- */

struct qp_boxes;
/* capacity: boxes that will be added. The index borrows geos. */
enum qp_code qp_boxes_new(const struct qp_geos *geos, size_t capacity, struct qp_boxes **boxes,
                          struct qp_err *err) QP_MUST_USE;
void qp_boxes_free(struct qp_boxes *boxes); /* NULL is allowed */
/* Before the first search. */
enum qp_code qp_boxes_add(struct qp_boxes *boxes, const struct qp_box *box, uint32_t id,
                          struct qp_err *err) QP_MUST_USE;
/* In ascending order; they live until the next search. */
enum qp_code qp_boxes_find(struct qp_boxes *boxes, const struct qp_box *box, const uint32_t **ids,
                           size_t *count, struct qp_err *err) QP_MUST_USE;

#endif
