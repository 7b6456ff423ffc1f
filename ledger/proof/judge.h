/* The lines of the verdict, judged on an authentic slice and its replay. */
#ifndef QP_PROOF_JUDGE_H
#define QP_PROOF_JUDGE_H

#include "proof/contamination.h"

struct qp_judging {
    const struct qp_trust *trust;
    struct qp_slice *slice;
    struct qp_replay *replay;
    struct qp_verdict *verdict;
    struct qp_contamination *contamination;
    uint64_t now_ms; /* 0: not known */
    struct qp_err *err;
};

/* Each writes one line; QP_E_MEMORY is the only failure. */
enum qp_code qp_judge_facts(struct qp_judging *judging) QP_MUST_USE;
enum qp_code qp_judge_authorised(struct qp_judging *judging) QP_MUST_USE;
enum qp_code qp_judge_unbroken(struct qp_judging *judging) QP_MUST_USE;
enum qp_code qp_judge_conserved(struct qp_judging *judging) QP_MUST_USE;
enum qp_code qp_judge_plots(struct qp_judging *judging) QP_MUST_USE;   /* located */
enum qp_code qp_judge_forests(struct qp_judging *judging) QP_MUST_USE; /* deforestation-free */
enum qp_code qp_judge_legal(struct qp_judging *judging) QP_MUST_USE;
enum qp_code qp_judge_current(struct qp_judging *judging) QP_MUST_USE;

/* Is this issuer, whose party is given, among the trusted ones? The item, or NULL. */
const struct qp_trusted *qp_judge_trusted(const struct qp_trusted_list *list, const char *party,
                                          const struct qp_public_key *key);
/* The party of a key in the replayed state; "" where there is none. Lives in the arena. */
enum qp_code qp_judge_party(struct qp_judging *judging, const struct qp_public_key *key,
                            struct qp_arena *arena, const char **party) QP_MUST_USE;
/* What a dispatch says that it ships. */
uint64_t qp_judge_shipped_grams(const Qp__ShipmentDispatched *body);
/* Does an assessment name every dataset that the policy wants of this assessor? */
bool qp_judge_names_all(const struct qp_trusted *assessor, const Qp__PlotAssessed *body);
/* How far the word of an event goes, as a Qp__EvidenceLevel.
 *
 * at        the event, in slice->events
 * evidence  the level that it gives itself
 * document  it commits to a document */
enum qp_code qp_judge_level(struct qp_judging *judging, size_t at, int evidence, bool document,
                            int *level) QP_MUST_USE;

#endif
