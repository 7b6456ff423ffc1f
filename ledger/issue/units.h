/* Units of mass at the edges: scales and receipts speak of quintals and bags, everything inside is
 * whole grams. One table for tables and drafts alike. */
#ifndef QP_ISSUE_UNITS_H
#define QP_ISSUE_UNITS_H

#include <quipu/bytes.h>
#include <quipu/err.h>

struct qp_unit {
    const char *word;
    uint64_t grams;
    const char *kilograms; /* for people; NULL where the word says it */
};

/* Ended by a word of NULL. */
extern const struct qp_unit qp_units[];

/* The unit of that word. QP_E_INPUT lists those that there are; `quoted` is the word as it may be
 * shown. */
enum qp_code qp_unit_find(struct qp_span word, const char *quoted, const struct qp_unit **unit,
                          struct qp_err *err) QP_MUST_USE;

/* An amount of a unit, whole and millionths below 1,000,000, in grams. `quoted` is the amount as it
 * may be shown. QP_E_INPUT: not a whole number of grams, or more than `most`. */
enum qp_code qp_unit_grams(const struct qp_unit *unit, uint64_t whole, uint64_t millionths,
                           uint64_t most, const char *quoted, uint64_t *grams,
                           struct qp_err *err) QP_MUST_USE;

#endif
