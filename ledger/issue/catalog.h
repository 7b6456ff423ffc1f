/* What an issuer's own statements have named so far, so that an import far from the ledger already
 * sees an unknown producer, a code used twice, or a file imported a second time. */
#ifndef QP_ISSUE_CATALOG_H
#define QP_ISSUE_CATALOG_H

#include "issue/draft.h"
#include "issue/journal.h"

enum qp_catalog_kind {
    QP_CATALOG_PRODUCER,
    QP_CATALOG_PLOT,     /* owner: the producer */
    QP_CATALOG_LOT,      /* harvested or made */
    QP_CATALOG_DOCUMENT, /* of identity; owner: the producer who has it */
    QP_CATALOG_OUTLINE,  /* hash of a plot's canonical geometry, in hex; owner: the plot */
    QP_CATALOG_PARTY,
    QP_CATALOG_KEY,      /* a party's public key, in hex; owner: the party */
    QP_CATALOG_ASSESSED, /* qp_catalog_assessed */
    QP_CATALOG_HARVEST,  /* what a plot gave in a crop year, in one form: qp_catalog_harvested */
    QP_CATALOG_KINDS
};

struct qp_catalog_item {
    enum qp_catalog_kind kind;
    const char *id;
    const char *owner;    /* as above, or "" */
    uint64_t commodities; /* of a plot: bit 1 << Commodity */
    uint64_t place;       /* line or feature of a file; 0: in an earlier statement */
    uint64_t statement;   /* 1 + the sequence of the statement in the journal that named it; or 0 */
    uint64_t declared_m2; /* of a plot: the area that it was registered with */
    uint64_t grams;       /* of a harvest */
    /* Of a plot, filled by qp_catalog_add_submissions alone. */
    struct qp_hash geometry; /* commitment */
    uint64_t outline_m2;     /* computed; 0: a point, or the outline is not in the file */
};

struct qp_catalog;

enum qp_code qp_catalog_new(struct qp_catalog **catalog, struct qp_err *err) QP_MUST_USE;
void qp_catalog_free(struct qp_catalog *catalog); /* NULL is allowed */
/* Everything in the journal but what was given up. Memory follows what was named, not the bytes of
 * the journal. */
enum qp_code qp_catalog_add_journal(struct qp_catalog *catalog, const struct qp_journal *journal,
                                    struct qp_err *err) QP_MUST_USE;
enum qp_code qp_catalog_add_draft(struct qp_catalog *catalog, const struct qp_draft *draft,
                                  struct qp_err *err) QP_MUST_USE;
/* The plots of submission files that others have signed, with their commitments and areas. The
 * statements are not verified: what an issuer builds on them, the ledger judges.
 * QP_E_INPUT (not submissions, or a plot in two shapes), QP_E_MEMORY. */
enum qp_code qp_catalog_add_submissions(struct qp_catalog *catalog, struct qp_span records,
                                        struct qp_err *err) QP_MUST_USE;
/* Copies the item. One that is there already stays as it is. */
enum qp_code qp_catalog_add(struct qp_catalog *catalog, const struct qp_catalog_item *item,
                            struct qp_err *err) QP_MUST_USE;
/* NULL when it is not there. catalog may be NULL: empty. */
const struct qp_catalog_item *qp_catalog_find(const struct qp_catalog *catalog,
                                              enum qp_catalog_kind kind, const char *id);
/* As above, to be changed by this room. */
struct qp_catalog_item *qp_catalog_change(struct qp_catalog *catalog, enum qp_catalog_kind kind,
                                          const char *id);
/* Add what the plots of a harvest gave. QP_E_MEMORY. */
enum qp_code qp_catalog_add_harvest(struct qp_catalog *catalog, const Qp__LotHarvested *harvest,
                                    struct qp_err *err) QP_MUST_USE;
/* Take it away again: the harvest was voided. */
void qp_catalog_take_back(struct qp_catalog *catalog, const Qp__LotHarvested *harvest);
/* Grams that a plot gave in a crop year, in one form; 0 where nothing is known. */
uint64_t qp_catalog_harvested(const struct qp_catalog *catalog, const char *plot,
                              const Qp__LotHarvested *harvest, Qp__Form form);
size_t qp_catalog_count(const struct qp_catalog *catalog, enum qp_catalog_kind kind);
/* The id of an outline. */
void qp_catalog_outline(char hex[65], struct qp_span content);
/* The id of an assessment: the plot, the day it is of, and the day up to which its data reach.
 * NULL: no memory. */
char *qp_catalog_assessed(struct qp_arena *arena, const Qp__Event *event);

#endif
