/* The certificates that a bundle shows, in an order in which the right one is found by halving. */
#ifndef QP_PROOF_PAPERS_H
#define QP_PROOF_PAPERS_H

#include "proof/judge_claims.h"

/* What has to be put aside to let a certificate pass: each filter lets through what the one before
 * it does, and more. */
enum qp_paper_filter {
    QP_PAPER_GOOD,      /* nothing */
    QP_PAPER_WITHDRAWN, /* that it was withdrawn */
    QP_PAPER_UNTRUSTED, /* also by whom it is */
    QP_PAPER_OF_OTHERS, /* also of which goods */
    QP_PAPER_FILTERS
};

#define QP_NO_PAPER SIZE_MAX

struct qp_paper {
    const char *id;
    const char *scheme;
    const char *holder;
    const char *by;
    size_t event;
    uint64_t from_ms;
    uint64_t to_ms;
    uint64_t withdrawn_ms; /* UINT64_MAX: never */
    bool trusted;
    bool covers; /* the goods */
    bool used;
    /* Of this and the holder's earlier ones of the scheme that pass the filter: the one that ends
     * last. */
    size_t last[QP_PAPER_FILTERS];
};

struct qp_papers {
    struct qp_paper *list; /* ascending by scheme, holder, begin */
    size_t count;
};

/* Those for goods of this commodity cover. Everything lives in the arena. QP_E_MEMORY. */
enum qp_code qp_papers_read(struct qp_judging *judging, Qp__Commodity commodity,
                            struct qp_arena *arena, struct qp_papers *papers) QP_MUST_USE;
/* The papers of a scheme: from *first, as many as are returned. */
size_t qp_papers_of_scheme(const struct qp_papers *papers, const char *scheme, size_t *first);
/* What this holder's certificates, of these of one scheme, lack at this time. *paper: the one that
 * passes, or, for QP_PAPER_FILTERS, the one that is nearest in time; QP_NO_PAPER: it holds none. */
enum qp_paper_filter qp_papers_look_up(const struct qp_papers *papers, size_t first, size_t count,
                                       const char *holder, uint64_t when_ms, size_t *paper);

#endif
