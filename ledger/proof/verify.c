#include "proof/evidence.h"
#include "proof/judge_claims.h"

#include "core/check.h"

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

static enum qp_code judge(struct qp_judging *judging)
{
    static enum qp_code (*const lines[])(struct qp_judging *) = {
        qp_judge_facts, qp_judge_authorised, qp_judge_unbroken,   qp_judge_conserved,
        qp_judge_notes, qp_judge_plots,      qp_judge_regulation, qp_judge_forests,
        qp_judge_legal, qp_judge_current,    qp_judge_claims};
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < QP_COUNT(lines); i++) {
        rc = lines[i](judging);
    }
    return rc;
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

static enum qp_code verify(struct qp_span bundle, const struct qp_trust *trust, uint64_t now_ms,
                           bool with_evidence, struct qp_verdict **verdict, struct qp_err *err)
{
    struct qp_slice slice;
    struct qp_replay replay = {0};
    struct qp_verdict *made = NULL;
    struct qp_err reason;
    enum qp_code authentic = QP_OK;
    qp_err_init(&reason);
    enum qp_code rc = qp_slice_open(&slice, bundle, trust, &authentic, &reason, err);
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_verdict_new(trust, &made, err);
    if (rc == QP_OK && authentic != QP_OK) {
        qp_verdict_fact_text(made, "shipment", slice.bundle->shipment);
        qp_verdict_reason(made, QP_LINE_AUTHENTIC, QP_FAIL, "%s", reason.text);
        leave_unjudged(made);
        rc = qp_judge_no_claims(made, trust, err);
    } else if (rc == QP_OK) {
        number_authentic(made, &slice);
        rc = qp_replay_open(&replay, &slice, made, err);
        if (rc == QP_OK) {
            struct qp_judging judging = {.trust = trust,
                                         .slice = &slice,
                                         .replay = &replay,
                                         .verdict = made,
                                         .now_ms = now_ms,
                                         .err = err};
            rc = judge(&judging);
            if (rc == QP_OK && with_evidence) {
                rc = qp_judge_evidence(&judging);
            }
            qp_replay_wipe(&replay);
        }
        if (rc == QP_OK) {
            rc = own_geometries(made, err);
        }
    }
    qp_slice_wipe(&slice);
    if (rc != QP_OK) {
        qp_verdict_free(made);
        return rc;
    }
    *verdict = made;
    return QP_OK;
}

enum qp_code qp_bundle_verify(struct qp_span bundle, const struct qp_trust *trust, uint64_t now_ms,
                              struct qp_verdict **verdict, struct qp_err *err)
{
    return verify(bundle, trust, now_ms, false, verdict, err);
}

enum qp_code qp_bundle_evidence(struct qp_span bundle, const struct qp_trust *trust,
                                uint64_t now_ms, struct qp_verdict **verdict, struct qp_err *err)
{
    return verify(bundle, trust, now_ms, true, verdict, err);
}
