/* Halves of a fork: signed statements from whatever files hold them, and the two among them that
 * one key signed under one sequence. */
#ifndef QUIPU_HALVES_H
#define QUIPU_HALVES_H

#include "reader.h"
#include "rules/fork.h"

struct half {
    struct qp_hash ledger_id;
    struct qp_public_key key;
    uint64_t sequence;
    struct qp_span statement;
    struct qp_span signature;
};

/* All zeros is an empty one. */
struct halves {
    struct half *list;
    size_t count;
    size_t room;
    struct qp_arena arena; /* what the spans are in */
};

void halves_init(struct halves *halves);
void halves_wipe(struct halves *halves);
/* Every statement of a submission file, a receipt or a bundle. QP_E_INPUT: it is none of these. */
enum qp_code halves_read(struct halves *halves, const char *path, struct qp_err *err) QP_MUST_USE;
/* For each statement so far, the one that the ledger has of that key under that sequence. */
enum qp_code halves_read_ledger(struct halves *halves, const char *dir,
                                struct qp_err *err) QP_MUST_USE;
/* The first two that fork, signatures checked: of several, the one with the least sequence of the
 * least key. The proof borrows from the halves. QP_E_NOT_FOUND says why none do. */
enum qp_code halves_find(struct halves *halves, Qp__KeyForked *proof,
                         struct qp_err *err) QP_MUST_USE;

#endif
