/* Imports: the files that people already have, turned into events of a draft.
 *
 * Of a cooperative:
 *   producers    CSV: producer,name,document,sex,district,community
 *   plots        GeoJSON features with the properties plot, producer, commodities ("coffee,cocoa"
 *                or a list), country (PE where absent), department (ISO 3166-2, such as PE-SAM),
 *                area_ha, tenure, tenure_evidence; others are passed over
 *   deliveries   CSV: lot,date,producer,plots,commodity,form,quantity,unit,crop_year,
 *                delivery_note,moisture_percent,price_pen_per_kg,harvest_from,harvest_to
 * Of a registrar:
 *   parties      CSV: party,legal_name,country,ruc,gln,roles,vkey_file,address,email,phone
 * Of an assessor:
 *   assessments  CSV: plot,date,outcome,assessed_m2,forest_m2,loss_m2,nodata_ppm
 *
 * A cooperative's codes are its own; the party and '/' are put in front. Elsewhere ids are written
 * whole. `plots` of a delivery is C-0001, or several with '|' between them and shares in percent
 * behind ':' (C-0001:60|C-0002:40; without shares they are equal); `roles` of a party is
 * cooperative|processor. Numbers are written with a decimal point, or, where semicolons separate
 * the cells, with one decimal comma; never both in one file.
 *
 * Every row is judged and every fault is told, also several of one row. What a plot gives in a crop
 * year, over the journal and the file, is held against its area. A row that is good alone but names
 * what the issuer's own statements do not know is bad too. Nothing goes into the draft unless all
 * rows are good, or bad ones are to be skipped; then they are handed back as a file of their own.
 */
#ifndef QP_ISSUE_IMPORT_H
#define QP_ISSUE_IMPORT_H

#include "issue/catalog.h"

/* Largest single delivery, which keeps shares in 64 bits: a million tonnes. */
#define QP_IMPORT_GRAMS_MAX UINT64_C(1000000000000)

struct qp_import_note {
    const char *file;
    const char *unit; /* "line" or "feature" */
    uint64_t place;   /* 1-based */
    bool warning;     /* the row is taken all the same */
    const char *rule; /* the code that a ledger would refuse it with; "": none */
    const char *text; /* what is wrong and what to do; safe for a terminal */
};

struct qp_import_options {
    const char *party;              /* of producers, plots and deliveries */
    const char *file;               /* its name, for the notes; may be NULL */
    uint64_t occurred_ms;           /* when producers, plots and parties were registered */
    uint64_t latest_ms;             /* no delivery or assessment after this; 0: any */
    const struct qp_catalog *known; /* what the journal holds; NULL: nothing is known */
    bool others_registered;         /* producers and plots may be unknown here */
    bool skip_bad;
    const Qp__RuleSetPublished *rules; /* of deliveries: qp_import_rules_read; NULL: suggestions, by
                                          which nothing is refused */
    const struct qp_file_reader *read_file; /* of parties: reads a vkey_file */
    const struct qp_catalog *plots;         /* of assessments: qp_catalog_add_submissions */
    const Qp__PlotAssessed *method;         /* of assessments: qp_assessment_method_read */
    void (*tell)(void *context, const struct qp_import_note *note); /* may be NULL */
    void *context;
};

struct qp_import_report {
    uint64_t rows;
    uint64_t good;
    uint64_t bad;
    uint64_t warnings;
    uint64_t signed_before; /* rows whose code an earlier statement has */
    uint64_t statement;     /* sequence of the first such statement */
};

/* Each reads a whole file into the draft.
 *
 * bad_rows  out: the bad rows as they stand in the file, as a file of the same kind; appended,
 *           nothing when all are good
 * Returns QP_OK; QP_E_INPUT (not such a file, or one without rows); QP_E_REFUSED (bad rows);
 * QP_E_USAGE (party); QP_E_MEMORY. On failure the draft is as it was; the report is filled also
 * with QP_E_REFUSED. */
enum qp_code qp_import_producers(struct qp_draft *draft, struct qp_span file,
                                 const struct qp_import_options *options,
                                 struct qp_import_report *report, struct qp_buf *bad_rows,
                                 struct qp_err *err) QP_MUST_USE;
enum qp_code qp_import_plots(struct qp_draft *draft, struct qp_span file,
                             const struct qp_import_options *options,
                             struct qp_import_report *report, struct qp_buf *bad_rows,
                             struct qp_err *err) QP_MUST_USE;
enum qp_code qp_import_deliveries(struct qp_draft *draft, struct qp_span file,
                                  const struct qp_import_options *options,
                                  struct qp_import_report *report, struct qp_buf *bad_rows,
                                  struct qp_err *err) QP_MUST_USE;
enum qp_code qp_import_parties(struct qp_draft *draft, struct qp_span file,
                               const struct qp_import_options *options,
                               struct qp_import_report *report, struct qp_buf *bad_rows,
                               struct qp_err *err) QP_MUST_USE;
enum qp_code qp_import_assessments(struct qp_draft *draft, struct qp_span file,
                                   const struct qp_import_options *options,
                                   struct qp_import_report *report, struct qp_buf *bad_rows,
                                   struct qp_err *err) QP_MUST_USE;

/* The rule set of an event {"rule_set_published": {…}} in JSON, as it is given to be signed. *rules
 * lives in the arena. QP_E_INPUT, QP_E_MEMORY. */
enum qp_code qp_import_rules_read(struct qp_span json, struct qp_arena *arena,
                                  const Qp__RuleSetPublished **rules,
                                  struct qp_err *err) QP_MUST_USE;

/* What is wrong with the short name of a party: QP_E_USAGE, or QP_OK. NULL is "". */
enum qp_code qp_party_name_check(const char *party, struct qp_err *err) QP_MUST_USE;

/* What all assessments of a file have in common, from JSON: {"method": "name and version",
 * "cut_off": "2020-12-31T23:59:59Z", "covers_to": "2026-09-27", "datasets": [{"name": …,
 * "sha256": …}]}. *method lives in the arena. QP_E_INPUT, QP_E_MEMORY. */
enum qp_code qp_assessment_method_read(struct qp_span json, struct qp_arena *arena,
                                       const Qp__PlotAssessed **method,
                                       struct qp_err *err) QP_MUST_USE;

#endif
