/* Proof: is this bundle true, and does it satisfy this importer?
 *
 * Bytes and the current time come in, a verdict goes out: no file, clock, network, thread or
 * locale. First everything is authenticated (checkpoint, entries, signatures, events, sealed
 * contents), then the events are replayed under the ledger's own rules and eight lines are judged.
 * A verdict belongs to one thread at a time. */
#ifndef QUIPU_PROOF_H
#define QUIPU_PROOF_H

#include <quipu/note.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the importer trusts and requires: a JSON document, described in quipu-policy(5). */
struct qp_trust;

#define QP_TRUST_BYTES_MAX 1048576

/* Read a policy. Free with qp_trust_free. QP_E_INPUT with the path of what is wrong; QP_E_MEMORY.
 */
QP_API QP_MUST_USE enum qp_code qp_trust_new(struct qp_span json, struct qp_trust **trust,
                                             struct qp_err *err);
QP_API void qp_trust_free(struct qp_trust *trust);

enum qp_result { QP_PASS, QP_FAIL, QP_NOT_SHOWN };

struct qp_verdict;

/* Judge a bundle.
 *
 * bundle   the whole file; read during the call only
 * now_ms   the current time, for the age of the checkpoint; 0: not known
 * verdict  out: free with qp_verdict_free; set whenever the bundle could be read at all, also when
 *          lines fail
 * Returns QP_OK when there is a verdict (look into it!); QP_E_INPUT (not a bundle, or a policy for
 * nothing); QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_bundle_verify(struct qp_span bundle,
                                                 const struct qp_trust *trust, uint64_t now_ms,
                                                 struct qp_verdict **verdict, struct qp_err *err);
/* The same, and the verdict's JSON has "evidence" too: who was on the way, what was harvested when,
 * by what each plot was assessed, which documents there are. It costs memory in step with them. */
QP_API QP_MUST_USE enum qp_code qp_bundle_evidence(struct qp_span bundle,
                                                   const struct qp_trust *trust, uint64_t now_ms,
                                                   struct qp_verdict **verdict, struct qp_err *err);
/* The same, and the verdict's JSON has "explain" too: the events that carry one line, those that
 * fail it first, each with its key, its hashes and what it gives to the line.
 *
 * line  its name, such as "deforestation-free"; QP_E_USAGE names the lines when there is none such
 * most  events told, 0 for all: each costs memory */
QP_API QP_MUST_USE enum qp_code qp_bundle_explain(struct qp_span bundle,
                                                  const struct qp_trust *trust, uint64_t now_ms,
                                                  const char *line, size_t most,
                                                  struct qp_verdict **verdict, struct qp_err *err);

/* ---- The same on all cores, and for many bundles ---- */

/* How checks are spread over threads: the library starts none itself. */
struct qp_executor {
    void *context;
    /* Call `item` for 0 to count - 1, each once, in any order, on any threads; back when all are
     * done. */
    void (*run)(void *context, void (*item)(void *task, size_t at), void *task, size_t count);
};

/* Statements whose signatures were found to hold. Those that stand in several bundles are checked
 * once, where the same memory is given with each. It grows with them, some 130 bytes for one, and
 * belongs to one thread at a time. */
struct qp_known;
QP_API QP_MUST_USE enum qp_code qp_known_new(struct qp_known **known, struct qp_err *err);
QP_API void qp_known_free(struct qp_known *known); /* NULL is allowed */

/* All zeros is a question like that of qp_bundle_verify without a time. */
struct qp_bundle_options {
    uint64_t now_ms;
    bool evidence;
    const char *explain;                /* name of a line; NULL: none */
    size_t explain_most;                /* events told; 0: all */
    const struct qp_executor *executor; /* NULL: the caller's thread does it all */
    struct qp_known *known;             /* NULL: nothing is remembered */
};
/* Judge a bundle as the three above do. The verdict is the same whatever the executor and whatever
 * is known. */
QP_API QP_MUST_USE enum qp_code qp_bundle_judge(struct qp_span bundle, const struct qp_trust *trust,
                                                const struct qp_bundle_options *options,
                                                struct qp_verdict **verdict, struct qp_err *err);

QP_API void qp_verdict_free(struct qp_verdict *verdict);
/* True only when every line that the policy requires passes. */
QP_API bool qp_verdict_passed(const struct qp_verdict *verdict);
/* Append the verdict as one JSON object (one line when indent is 0); the form is in
 * quipu-verify(1). QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_verdict_json(const struct qp_verdict *verdict, unsigned indent,
                                                struct qp_buf *out, struct qp_err *err);

/* A plot of the shipment whose geometry was disclosed and matches its commitment. */
struct qp_verdict_plot {
    const char *plot;          /* id */
    const char *producer;      /* id */
    const char *producer_name; /* as disclosed; "" where not */
    const char *country;       /* ISO 3166-1, two letters */
    const char *region;        /* ISO 3166-2, or "" */
    struct qp_span geometry;   /* bytes as in geo.h; empty where not disclosed */
    uint64_t area_m2;          /* computed where disclosed, else declared */
};
QP_API size_t qp_verdict_plot_count(const struct qp_verdict *verdict);
/* Borrowed until qp_verdict_free; at is below the count. */
QP_API const struct qp_verdict_plot *qp_verdict_plot(const struct qp_verdict *verdict, size_t at);

#ifdef __cplusplus
}
#endif
#endif
