#include "proof/evidence.h"
#include "proof/explain.h"
#include "proof/judge_claims.h"

#include "core/check.h"

/* What the caller asks for. */
struct question {
    const struct qp_trust *trust;
    const struct qp_bundle_options *options;
    enum qp_line explain; /* QP_LINE_COUNT: none */
};

/* Nothing is said of a bundle that is not authentic but that. */
static void leave_unjudged(struct qp_verdict *verdict)
{
    for (int line = QP_LINE_AUTHORISED; line < QP_LINE_COUNT; line++) {
        qp_verdict_reason(verdict, (enum qp_line)line, QP_NOT_SHOWN,
                          "not judged: the bundle is not authentic");
    }
}

static void number_authentic(struct qp_verdict *verdict, const struct qp_slice *slice)
{
    qp_verdict_number(verdict, QP_LINE_AUTHENTIC, "entries", slice->entry_count);
    qp_verdict_number(verdict, QP_LINE_AUTHENTIC, "signatures", slice->entry_count);
    qp_verdict_number(verdict, QP_LINE_AUTHENTIC, "events", slice->event_count);
    qp_verdict_number(verdict, QP_LINE_AUTHENTIC, "disclosed", slice->disclosed_count);
    qp_verdict_number(verdict, QP_LINE_AUTHENTIC, "log_size", slice->checkpoint.size);
    qp_verdict_number(verdict, QP_LINE_AUTHENTIC, "witnesses", slice->witnesses.verified_count);
}

static enum qp_code judge(struct qp_judging *judging, const struct question *question)
{
    static enum qp_code (*const lines[])(struct qp_judging *) = {
        qp_judge_facts, qp_judge_authorised, qp_judge_unbroken,      qp_judge_conserved,
        qp_judge_notes, qp_judge_plots,      qp_judge_regulation,    qp_judge_forests,
        qp_judge_legal, qp_judge_current,    qp_judge_contamination, qp_judge_claims};
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < QP_COUNT(lines); i++) {
        rc = lines[i](judging);
    }
    qp_judge_entries(judging);
    if (rc == QP_OK && question->explain != QP_LINE_COUNT) {
        rc = qp_judge_explain(judging, question->options->explain_most);
    }
    return rc == QP_OK && question->options->evidence ? qp_judge_evidence(judging) : rc;
}

/* Plots point into the bundle's bytes, which the caller need not keep. */
static enum qp_code own_geometries(struct qp_verdict *verdict, struct qp_err *err)
{
    for (size_t i = 0; i < verdict->plot_count; i++) {
        struct qp_span *geometry = &verdict->plots[i].geometry;
        if (geometry->len == 0) {
            continue;
        }
        const char *copy = qp_arena_text(&verdict->arena, *geometry);
        if (copy == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory for the plots of the verdict");
        }
        *geometry = qp_span_of(copy, geometry->len);
    }
    return QP_OK;
}

static enum qp_code judge_authentic(struct qp_slice *slice, const struct question *question,
                                    struct qp_verdict *verdict, struct qp_err *err)
{
    struct qp_replay replay;
    struct qp_contamination contamination;
    struct qp_judging judging = {.trust = question->trust,
                                 .slice = slice,
                                 .replay = &replay,
                                 .verdict = verdict,
                                 .contamination = &contamination,
                                 .now_ms = question->options->now_ms,
                                 .err = err};
    number_authentic(verdict, slice);
    enum qp_code rc = qp_verdict_begin(verdict, slice->event_count, question->explain, err);
    if (rc == QP_OK) {
        rc = qp_replay_open(&replay, slice, verdict, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_contamination_init(&contamination, &replay, err);
    if (rc == QP_OK) {
        rc = judge(&judging, question);
    }
    qp_replay_wipe(&replay);
    return rc == QP_OK ? own_geometries(verdict, err) : rc;
}

static void judge_forged(const struct qp_slice *slice, const struct question *question,
                         const char *reason, struct qp_verdict *verdict)
{
    qp_verdict_fact_text(verdict, "shipment", slice->bundle->shipment);
    qp_verdict_reason(verdict, QP_LINE_AUTHENTIC, QP_FAIL, "%s", reason);
    leave_unjudged(verdict);
    if (question->explain != QP_LINE_COUNT) {
        qp_judge_explain_nothing(verdict, question->explain);
    }
}

static enum qp_code verify(struct qp_span bundle, const struct question *question,
                           struct qp_verdict **verdict, struct qp_err *err)
{
    struct qp_slice slice;
    struct qp_verdict *made = NULL;
    struct qp_err reason;
    enum qp_code authentic = QP_OK;
    qp_err_init(&reason);
    enum qp_code rc =
        qp_slice_open(&slice, bundle, question->trust, question->options, &authentic, &reason, err);
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_verdict_new(question->trust, &made, err);
    if (rc == QP_OK && authentic != QP_OK) {
        judge_forged(&slice, question, reason.text, made);
        rc = qp_judge_no_claims(made, question->trust, err);
    } else if (rc == QP_OK) {
        rc = judge_authentic(&slice, question, made, err);
    }
    if (rc == QP_OK && made->out_of_memory) {
        rc = qp_fail(err, QP_E_MEMORY, "no memory for the verdict");
    }
    qp_slice_wipe(&slice);
    if (rc != QP_OK) {
        qp_verdict_free(made);
        return rc;
    }
    *verdict = made;
    return QP_OK;
}

enum qp_code qp_bundle_judge(struct qp_span bundle, const struct qp_trust *trust,
                             const struct qp_bundle_options *options, struct qp_verdict **verdict,
                             struct qp_err *err)
{
    struct question question = {.trust = trust, .options = options, .explain = QP_LINE_COUNT};
    enum qp_code rc =
        options->explain == NULL ? QP_OK : qp_line_find(options->explain, &question.explain, err);
    return rc == QP_OK ? verify(bundle, &question, verdict, err) : rc;
}

enum qp_code qp_bundle_verify(struct qp_span bundle, const struct qp_trust *trust, uint64_t now_ms,
                              struct qp_verdict **verdict, struct qp_err *err)
{
    struct qp_bundle_options options = {.now_ms = now_ms};
    return qp_bundle_judge(bundle, trust, &options, verdict, err);
}

enum qp_code qp_bundle_evidence(struct qp_span bundle, const struct qp_trust *trust,
                                uint64_t now_ms, struct qp_verdict **verdict, struct qp_err *err)
{
    struct qp_bundle_options options = {.now_ms = now_ms, .evidence = true};
    return qp_bundle_judge(bundle, trust, &options, verdict, err);
}

enum qp_code qp_bundle_explain(struct qp_span bundle, const struct qp_trust *trust, uint64_t now_ms,
                               const char *line, size_t most, struct qp_verdict **verdict,
                               struct qp_err *err)
{
    struct qp_bundle_options options = {.now_ms = now_ms, .explain = line, .explain_most = most};
    return qp_bundle_judge(bundle, trust, &options, verdict, err);
}
