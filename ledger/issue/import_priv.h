/* What the imports share: one row after the other, judged, counted and told. */
#ifndef QP_ISSUE_IMPORT_PRIV_H
#define QP_ISSUE_IMPORT_PRIV_H

#include "issue/import.h"

#include "exchange/csv.h"

struct qp_importing {
    const struct qp_import_options *options;
    struct qp_draft *draft;
    struct qp_import_report *report;
    struct qp_buf *bad_rows;
    struct qp_span file;
    struct qp_catalog *local; /* what the draft and this file have named */
    struct qp_arena scratch;  /* of one row */
    size_t events_before;
    bool whole_ids; /* no party is put in front of ids */
    char separator; /* of the row's cells; 0: it has none */
    char decimal;   /* sign of the first number with decimals in the file; 0: none yet */
    uint64_t decimal_place;
    size_t faults;               /* of the row, told already */
    struct qp_arena rules_arena; /* the suggested rules */
    const Qp__RuleSetPublished *rules;
    const char *unit;
    uint64_t place;
};

/* Begin with an empty report; always ended by qp_import_end, which returns the import's result. */
enum qp_code qp_import_begin(struct qp_importing *in, struct qp_err *err) QP_MUST_USE;
enum qp_code qp_import_end(struct qp_importing *in, enum qp_code rc,
                           struct qp_err *err) QP_MUST_USE;
/* Count a row. rc and why are what became of it; a failure that is not the row's fault is handed
 * back in err. *bad: the row is to be kept aside. */
enum qp_code qp_import_judge(struct qp_importing *in, enum qp_code rc, const struct qp_err *why,
                             bool *bad, struct qp_err *err) QP_MUST_USE;
/* One part of a row, of which the others are looked at all the same: its fault is told at once.
 * Returns what holds for the row so far; the code of a machine that fails is kept, with its text in
 * why. */
enum qp_code qp_import_part(struct qp_importing *in, enum qp_code so_far, enum qp_code rc,
                            const struct qp_err *part, struct qp_err *why) QP_MUST_USE;
/* The event of a row, if no rule refuses it that needs no ledger. As qp_draft_add_event; also
 * QP_E_REFUSED with the code. */
enum qp_code qp_import_event(struct qp_importing *in, Qp__Event *event,
                             struct qp_err *why) QP_MUST_USE;
/* Hold what the plots of a delivery gave against what their areas can give. */
enum qp_code qp_import_check_yield(struct qp_importing *in, const Qp__LotHarvested *harvest,
                                   struct qp_err *why) QP_MUST_USE;
/* The row is taken, but the reader should know. */
void qp_import_warn(struct qp_importing *in, const char *format, ...) QP_PRINTF(2, 3);

/* A CSV import from one function for a row. */
struct qp_import_csv {
    const struct qp_csv_column *columns;
    size_t column_count;
    enum qp_code (*take)(struct qp_importing *in, const struct qp_span *cells, struct qp_err *why);
};
/* The whole import, from qp_import_begin to qp_import_end. */
enum qp_code qp_import_csv_run(struct qp_importing *in, const struct qp_import_csv *csv,
                               struct qp_err *err) QP_MUST_USE;

/* ---- Cells; the name of the column goes into the refusal ---- */

/* The cell without spaces around it. */
struct qp_span qp_cell_trim(struct qp_span cell);
/* As a NUL-terminated text in the scratch. QP_E_INPUT (empty though needed), QP_E_MEMORY. */
enum qp_code qp_cell_text(struct qp_importing *in, const char *name, struct qp_span cell,
                          bool needed, char **text, struct qp_err *why) QP_MUST_USE;
/* A number of at most `decimals` decimals, times 10^decimals; at most `most`. */
enum qp_code qp_cell_decimal(struct qp_importing *in, const char *name, struct qp_span cell,
                             unsigned decimals, uint64_t most, uint64_t *value,
                             struct qp_err *why) QP_MUST_USE;
/* YYYY-MM-DD, midnight UTC. */
enum qp_code qp_cell_date(struct qp_importing *in, const char *name, struct qp_span cell,
                          uint64_t *time_ms, struct qp_err *why) QP_MUST_USE;
/* One of an enum's names. */
enum qp_code qp_cell_enum(struct qp_importing *in, const char *name, struct qp_span cell,
                          const ProtobufCEnumDescriptor *descriptor, int *value,
                          struct qp_err *why) QP_MUST_USE;
/* A code of the cooperative as an id: "alto-mayo/" in front, unless a party stands there. */
enum qp_code qp_cell_id(struct qp_importing *in, const char *name, struct qp_span cell, char **id,
                        struct qp_err *why) QP_MUST_USE;
/* An id that this row gives to something new: the party's own, and used by nothing else. It is not
 * noted yet: qp_import_note_new does that once the row is good. */
enum qp_code qp_cell_new_id(struct qp_importing *in, const char *name, struct qp_span cell,
                            enum qp_catalog_kind kind, char **id, struct qp_err *why) QP_MUST_USE;
/* An id of something that must be known, as far as that can be judged here. *item is NULL where it
 * cannot. */
enum qp_code qp_cell_known_id(struct qp_importing *in, const char *name, struct qp_span cell,
                              enum qp_catalog_kind kind, char **id,
                              const struct qp_catalog_item **item, struct qp_err *why) QP_MUST_USE;
/* In what was imported before or in this file. */
const struct qp_catalog_item *qp_import_find(const struct qp_importing *in,
                                             enum qp_catalog_kind kind, const char *id);
/* Where an item was named: "line 7 of this file", or "an earlier statement". */
const char *qp_import_where(struct qp_importing *in, const struct qp_catalog_item *item);
/* Input for a message: escaped, cut, in the scratch. */
const char *qp_import_quote(struct qp_importing *in, struct qp_span text);

#endif
