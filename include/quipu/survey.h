/* Survey: what is worth a second look in an outline before it is signed.
 *
 * Advice at intake, not admission. What decides whether a plot is registered, shipped or verified
 * is computed in integers (geo.h) and is the same on every machine; this room works with GEOS, PROJ
 * and floating point, whose last digits may change with their versions, and nothing that it says is
 * stored or signed.
 *
 * A survey takes plots (to be judged) and known plots (only to be compared with), runs once, and
 * then answers: one row for each plot, with findings and, where the outline could be repaired
 * without a doubt about what was meant, the repaired outline.
 *
 * Findings, by code. The number is what was measured.
 *   SV-READ            error    not a plot at all; the words are the reader's
 *   SV-CODE-TWICE      error    the same code for two plots of the file
 *   SV-SWAPPED         error    outside the country, inside it with longitude and latitude changed
 *                               over (can be repaired)
 *   SV-UNCLOSED        error    rings that do not end where they begin (can be repaired); number:
 *                               rings
 *   SV-VERTEX-TWICE    error    the same position twice running, at six decimals too (can be
 *                               repaired); number: vertices
 *   SV-ORIENTATION     fixed    rings against the right-hand rule; turned by every import
 *   SV-ORIGIN          error    at longitude 0, latitude 0, within 0.0001 degree
 *   SV-INTEGER         error    whole degrees
 *   SV-DECIMALS        error    four decimals or fewer; warning: five, or a vertex of three or
 *                               fewer; number: decimals
 *   SV-OUTSIDE-PERU    error    country PE, outside Peru's box
 *   SV-REGION          error    no such department
 *   SV-OUTSIDE-REGION  error    outside the box of its department; warning: further outside its
 *                               border than the border is good for; number: metres
 *   SV-AREA-DECLARED   warning  more than 10 percent from the area on the ellipsoid; number:
 *                               percent
 *   SV-AREA-LARGE      warning  more than 50 ha, or more than 10 times the median of the file's
 *                               plots (of 10 at least); number: hectares
 *   SV-AREA-SMALL      error    less than a square metre, or declared so; number: square metres
 *   SV-AREA-MISSING    warning  a point without an area
 *   SV-AREA-TEXT       warning  the area is written as a text, which TRACES reads as 0
 *   SV-POINT-LARGE     error    a point of more than 4 ha; number: hectares
 *   SV-POINT-INSIDE    warning  a point inside another plot; note: of the same owner
 *   SV-OVERLAP         warning  5 to 95 percent of the smaller of two plots is the other's too;
 *                               note: less; number: percent
 *   SV-SAME            error    95 percent or more, and two owners; warning: one owner, or owners
 *                               that are not named; number: percent
 *   SV-KNOWN           note     it is the known plot of that name; warning: with another outline;
 *                               number: percent in common
 *   SV-REPEATED        error    the same coordinates for three plots or more; number: plots
 *   SV-CROWDED         warning  too many plots in one place to compare all, or areas to tell all;
 *                               number: not compared, or not told
 *   SV-INSIDE          warning  5 percent or more of it lies in an area that was brought, or it is
 * a point in one; note: less; number: percent of the plot SV-NEAR            note     beside such
 * an area, nearer than its line is good for; not told of water and towns; number: metres SV-CIRCLE
 * error    16 vertices or more, all within 1 percent at one distance from the centre; number:
 * radius in metres SV-RECTANGLE       warning  four right angles SV-SPIKE           warning  an
 * angle of less than 10 degrees between sides of 10 m and more; number: degrees SV-HOLE warning  a
 * hole, which TRACES refuses; number: holes SV-PARTS           note     several polygons; number:
 * polygons GEO-…              error    what qp_geometry_check says, of the outline or of the
 * outline at six decimals
 *
 * A handle belongs to one thread at a time; two handles share nothing. Everything handed out lives
 * until qp_survey_free. */
#ifndef QUIPU_SURVEY_H
#define QUIPU_SURVEY_H

#include <quipu/geo.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QP_SURVEY_PLOTS_MAX 1000000
/* Of another plot, in one row: the findings with the largest shares are kept. */
#define QP_SURVEY_OTHERS_MAX 20
#define QP_SURVEY_AREAS_MAX 1000000
/* Plots that a plot is compared with, those nearest to it in the file first. */
#define QP_SURVEY_COMPARED_MAX 256

struct qp_survey;

/* In ascending order: the worst of a row is its largest. */
enum qp_survey_level {
    QP_SURVEY_FINE = 0, /* no finding */
    QP_SURVEY_NOTE,
    QP_SURVEY_FIXED, /* it was so; the outline of the row is repaired */
    QP_SURVEY_WARNING,
    QP_SURVEY_ERROR
};

struct qp_survey_options {
    /* Repair what can be: such findings are FIXED. Otherwise they are errors that say so; either
     * way the other checks look at the repaired outline. */
    bool fix;
    const char *country;      /* two letters, where a plot does not say; NULL: PE. Copied */
    const char *party;        /* put before the codes of plots and owners, with '/', when they are
                                 compared with known ones of a ledger; NULL: as they are. Copied */
    uint32_t border_margin_m; /* how good the borders are; 0: 5,000 m */
    uint32_t area_margin_m;   /* how good the lines of areas are; 0: 50 m */
};

struct qp_survey_plot {
    const char *name;     /* code, its own in the file; NULL or "": none */
    const char *label;    /* how to call it without a code; NULL or "": "feature 3" */
    const char *owner;    /* producer; NULL or "": not known */
    const char *country;  /* two letters; NULL or "": the option's */
    const char *region;   /* ISO 3166-2, such as PE-SAM; NULL or "": not said */
    const char *source;   /* of a known plot, where it is from; NULL or "": nothing is said */
    uint64_t declared_m2; /* 0: not given */
    const struct qp_geometry *geometry;
    size_t unclosed;   /* rings that were closed by the reader */
    bool area_is_text; /* an area was given, but not as a number */
    bool area_is_none; /* an area was given, of less than a square metre; declared_m2 is 0 */
    bool is_of_ledger; /* of a known plot: its codes have their party before them */
};

struct qp_survey_finding {
    const char *code; /* static text */
    enum qp_survey_level level;
    bool can_fix; /* with the option `fix` it would have been repaired */
    bool has_number;
    double number;
    const char *words; /* what, and what to do; names of plots in it are as given: escape them */
    const char *other; /* the other plot, or the area; or "" */
};

struct qp_survey_row {
    const char *plot;   /* its code or label, or "feature 3" */
    const char *region; /* or "" */
    uint64_t feature;   /* 1-based, in the order of adding */
    enum qp_survey_level worst;
    /* NULL: it could not be read. Repaired only with the option `fix`, but for rings that were not
     * closed. */
    const struct qp_geometry *geometry;
    double area_m2; /* on the ellipsoid; of a point the declared one; 0: none */
    unsigned decimals;
    const struct qp_survey_finding *findings;
    size_t finding_count;
};

struct qp_survey_summary {
    uint64_t plots;
    uint64_t known;
    uint64_t areas;
    uint64_t errors; /* plots whose worst finding is of that level */
    uint64_t warnings;
    uint64_t fixed;
    uint64_t notes;
    uint64_t fine;
    double area_m2;
};

/* options: may be NULL. QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_survey_new(const struct qp_survey_options *options,
                                              struct qp_survey **survey, struct qp_err *err);
QP_API void qp_survey_free(struct qp_survey *survey); /* NULL is allowed */

/* ---- What is looked at; everything is copied ---- */

QP_API QP_MUST_USE enum qp_code
qp_survey_add(struct qp_survey *survey, const struct qp_survey_plot *plot, struct qp_err *err);
/* A plot to compare with. One whose shape is not sound is passed over. */
QP_API QP_MUST_USE enum qp_code qp_survey_add_known(struct qp_survey *survey,
                                                    const struct qp_survey_plot *plot,
                                                    struct qp_err *err);
/* The border of a region: its ISO 3166-2 code and polygons. QP_E_REFUSED (a point), QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_survey_add_border(struct qp_survey *survey, const char *region,
                                                     const struct qp_geometry *border,
                                                     struct qp_err *err);

/* An area that asks for evidence: a protected area, indigenous land, permanent production forest;
 * or where nothing grows. Its polygons may cross themselves, and have more points than a plot may.
 * name  NULL or "": "area 3", in the order of adding
 * kind  protected, indigenous, forest, water or urban (or protegida, anp, indígena, bosque, bpp,
 *       agua, urbano, urbana, which become those), on which the words depend; any other; NULL or
 * "": none QP_E_REFUSED (not polygons of three points), QP_E_INPUT (QP_SURVEY_AREAS_MAX),
 * QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_survey_add_area(struct qp_survey *survey, const char *name,
                                                   const char *kind, const struct qp_geometry *area,
                                                   struct qp_err *err);

enum qp_survey_role { QP_SURVEY_PLOTS, QP_SURVEY_KNOWN, QP_SURVEY_BORDERS, QP_SURVEY_AREAS };
/* All features of a GeoJSON file. Properties of plots, each under its first name that is there:
 *   code plot · label ProductionPlace, name, id · owner producer, ProducerName · country country,
 *   ProducerCountry · region department, region · area area_ha, Area (hectares)
 * and of borders iso_3166_2, ISO_3166_2, iso_code, department, region or code, which must be an
 * ISO 3166-2 code; and of areas, in capitals or not, as the layers of SERNANP and SERFOR have them,
 *   name name, nombre, anp_nomb, nomcom, nom_com · kind kind, tipo, if it is one of those above;
 *   otherwise the file's name without its ending
 * source  its name, for the words about known plots and for areas; may be NULL
 * A plot that cannot be read becomes a row with SV-READ; a known one is passed over; a border or an
 * area is QP_E_INPUT, as is a file without an area. Otherwise QP_E_INPUT when the file is not
 * GeoJSON, QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_survey_read(struct qp_survey *survey, struct qp_span geojson,
                                               enum qp_survey_role role, const char *source,
                                               struct qp_err *err);

/* ---- The answer ---- */

/* Once, after everything is added. Cost: a sort of all plots, an index over them, and for each plot
 * one intersection with each plot whose box meets its own. QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_survey_run(struct qp_survey *survey, struct qp_err *err);
/* Plots added, known ones left out; the rows stand in the order of adding. */
QP_API size_t qp_survey_count(const struct qp_survey *survey);
/* at is below the count; after qp_survey_run. */
QP_API const struct qp_survey_row *qp_survey_row(const struct qp_survey *survey, size_t at);
QP_API void qp_survey_summary(const struct qp_survey *survey, struct qp_survey_summary *summary);
/* "error", "warning", "fixed", "note"; "fine" for no finding. */
QP_API const char *qp_survey_level_name(enum qp_survey_level level);

/* Append the plots as a GeoJSON FeatureCollection, one feature a line, to be opened in a GIS: the
 * properties that they came with, and behind them
 *   worst      the name of the worst level
 *   findings   "SV-SPIKE warning: …; …"
 *   area_m2    on the ellipsoid
 *   <code>     for each finding: its number, or true
 * Properties of these names that came with a plot are left out, so a file can go round. Coordinates
 * have seven decimals; rings are closed and follow the right-hand rule. QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_survey_geojson(const struct qp_survey *survey,
                                                  struct qp_buf *out, struct qp_err *err);

#ifdef __cplusplus
}
#endif
#endif
