/* Rules of producers, plots and assessments. */
#include "rules/rules_priv.h"

#include <string.h>

#define MILLION UINT64_C(1000000)

enum qp_code qp_judge_producer_registered(struct qp_job *job)
{
    const Qp__ProducerRegistered *body = job->event->producer_registered;
    struct qp_state_key at = qp_state_key_text(QP_STATE_PRODUCER, body->producer);
    Qp__ProducerState *known = NULL;
    enum qp_code rc = qp_job_own_name(job, body->producer);
    if (rc == QP_OK) {
        rc = qp_job_sealed(job, body->identity, QP__SEALED_KIND__SEALED_KIND_PRODUCER, "identity");
    }
    if (rc == QP_OK) {
        rc = qp_job_get(job, &at, &qp_rule_producer_state, &known);
    }
    if (rc == QP_OK && known != NULL) {
        rc =
            qp_refuse(job->err, "QP-PRODUCER-NEW", "producer %s is registered already (entry %llu)",
                      body->producer, (unsigned long long)known->registered->index);
    }
    if (rc != QP_OK) {
        return rc;
    }
    Qp__ProducerState state = QP__PRODUCER_STATE__INIT;
    state.party = job->party;
    state.registered = qp_job_place(job);
    return qp_job_put(job, &at, &qp_rule_producer_state, &state);
}

/* More than 4 ha (or what the rule set says) needs a polygon: Art. 2(28) of Regulation (EU)
 * 2023/1115. Without a rule set in force there is no such limit yet. */
static enum qp_code check_point(struct qp_job *job, const Qp__PlotRegistered *body)
{
    if (body->geometry_kind != QP__GEOMETRY_KIND__GEOMETRY_KIND_POINT) {
        return QP_OK;
    }
    const Qp__RuleSetPublished *rules = NULL;
    enum qp_code rc = qp_job_rule_set(job, &rules);
    if (rc == QP_OK && body->area_m2 > rules->point_area_max_m2) {
        rc = qp_refuse(job->err, "QP-PLOT-POINT",
                       "plot %s has %llu m2 and is given as a point; above %llu m2 it needs a "
                       "polygon",
                       body->plot, (unsigned long long)body->area_m2,
                       (unsigned long long)rules->point_area_max_m2);
    }
    return rc;
}

static enum qp_code check_new_plot(struct qp_job *job, const Qp__PlotRegistered *body,
                                   const struct qp_state_key *at)
{
    Qp__ProducerState *producer = NULL;
    Qp__PlotState *known = NULL;
    struct qp_state_key producer_at = qp_state_key_text(QP_STATE_PRODUCER, body->producer);
    enum qp_code rc = qp_job_own_name(job, body->plot);
    if (rc == QP_OK) {
        rc = qp_job_sealed(job, body->geometry, QP__SEALED_KIND__SEALED_KIND_GEOMETRY, "geometry");
    }
    if (rc == QP_OK) {
        rc = qp_job_sealed(job, body->tenure_document, QP__SEALED_KIND__SEALED_KIND_DOCUMENT,
                           "tenure_document");
    }
    if (rc == QP_OK) {
        rc = qp_job_get(job, at, &qp_rule_plot_state, &known);
    }
    if (rc == QP_OK && known != NULL) {
        rc = qp_refuse(job->err, "QP-PLOT-NEW", "plot %s is registered already (entry %llu)",
                       body->plot, (unsigned long long)known->registered->index);
    }
    if (rc == QP_OK) {
        rc = qp_job_get(job, &producer_at, &qp_rule_producer_state, &producer);
    }
    if (rc == QP_OK && producer == NULL) {
        rc = qp_refuse(job->err, "QP-PRODUCER-UNKNOWN",
                       "plot %s is of producer %s, who is not registered; register producers first",
                       body->plot, body->producer);
    }
    return rc == QP_OK ? check_point(job, body) : rc;
}

/* Farmers declare round figures, so somewhat more than the geometry measures is still believed. */
static enum qp_code believe_area(struct qp_job *job, const Qp__PlotRegistered *body, uint64_t *area)
{
    uint64_t measured_m2 = job->context->measured_m2;
    *area = body->area_m2;
    if (measured_m2 == 0 || body->area_m2 <= measured_m2) {
        return QP_OK;
    }
    const Qp__RuleSetPublished *rules = NULL;
    enum qp_code rc = qp_job_rule_set(job, &rules);
    uint64_t ppm = rc == QP_OK ? rules->area_tolerance_ppm : 0;
    uint64_t most =
        measured_m2 + measured_m2 / MILLION * ppm + measured_m2 % MILLION * ppm / MILLION;
    *area = body->area_m2 <= most ? body->area_m2 : measured_m2;
    return rc == QP_E_REFUSED ? QP_OK : rc; /* without a rule set nothing is tolerated */
}

enum qp_code qp_judge_plot_registered(struct qp_job *job)
{
    const Qp__PlotRegistered *body = job->event->plot_registered;
    struct qp_state_key at = qp_state_key_text(QP_STATE_PLOT, body->plot);
    enum qp_code rc = check_new_plot(job, body, &at);
    if (rc != QP_OK) {
        return rc;
    }
    Qp__PlotState state = QP__PLOT_STATE__INIT;
    rc = believe_area(job, body, &state.area_m2);
    if (rc != QP_OK) {
        return rc;
    }
    state.party = job->party;
    state.producer = body->producer;
    state.n_commodities = body->n_commodities;
    state.commodities = body->commodities;
    state.geometry_kind = body->geometry_kind;
    state.geometry = body->geometry->commitment;
    state.registered = qp_job_place(job);
    return qp_job_put(job, &at, &qp_rule_plot_state, &state);
}

static enum qp_code get_plot(struct qp_job *job, const char *id, const struct qp_state_key *at,
                             Qp__PlotState **plot)
{
    enum qp_code rc = qp_job_get(job, at, &qp_rule_plot_state, plot);
    if (rc == QP_OK && *plot == NULL) {
        rc = qp_refuse(job->err, "QP-PLOT-UNKNOWN", "no plot %s is registered", id);
    }
    return rc;
}

/* Who has not seen enough of the plot says that it is inconclusive. */
static enum qp_code check_seen(struct qp_job *job, const Qp__PlotAssessed *body)
{
    const Qp__RuleSetPublished *rules = NULL;
    if (body->outcome != QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_NO_LOSS ||
        body->nodata_ppm == 0) {
        return QP_OK;
    }
    enum qp_code rc = qp_job_rule_set(job, &rules);
    if (rc == QP_OK && body->nodata_ppm > rules->nodata_max_ppm) {
        rc = qp_refuse(job->err, "QP-PLOT-AREA",
                       "the assessment of plot %s finds no loss with %u ppm of it without data; "
                       "above %u ppm it is inconclusive",
                       body->plot, body->nodata_ppm, rules->nodata_max_ppm);
    }
    return rc;
}

enum qp_code qp_judge_plot_assessed(struct qp_job *job)
{
    const Qp__PlotAssessed *body = job->event->plot_assessed;
    struct qp_state_key at = qp_state_key_text(QP_STATE_PLOT, body->plot);
    Qp__PlotState *plot = NULL;
    enum qp_code rc = get_plot(job, body->plot, &at, &plot);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_hash assessed = qp_bytes_hash(body->geometry);
    struct qp_hash registered = qp_bytes_hash(plot->geometry);
    if (!qp_hash_eq(&assessed, &registered)) {
        return qp_refuse(job->err, "QP-PLOT-GEOMETRY",
                         "the assessment of plot %s is of another geometry than the registered one",
                         body->plot);
    }
    bool loss = body->outcome == QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_LOSS;
    bool none = body->outcome == QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_NO_LOSS;
    if (body->forest_m2 > body->assessed_m2 || body->loss_m2 > body->assessed_m2 ||
        (none && body->loss_m2 > 0) || (none && body->nodata_ppm == 1000000) ||
        (loss && body->loss_m2 == 0)) {
        return qp_refuse(job->err, "QP-PLOT-AREA",
                         "the assessment of plot %s contradicts itself: %llu m2 assessed, %llu m2 "
                         "forest, %llu m2 lost, %u ppm without data",
                         body->plot, (unsigned long long)body->assessed_m2,
                         (unsigned long long)body->forest_m2, (unsigned long long)body->loss_m2,
                         body->nodata_ppm);
    }
    rc = check_seen(job, body);
    if (rc != QP_OK) {
        return rc;
    }
    plot->assessed = qp_job_place(job);
    plot->outcome = body->outcome;
    if (loss && plot->loss == NULL) {
        plot->loss = qp_job_place(job);
    }
    return qp_job_put(job, &at, &qp_rule_plot_state, plot);
}

enum qp_code qp_judge_plot_withdrawn(struct qp_job *job)
{
    const Qp__PlotWithdrawn *body = job->event->plot_withdrawn;
    struct qp_state_key at = qp_state_key_text(QP_STATE_PLOT, body->plot);
    Qp__PlotState *plot = NULL;
    enum qp_code rc = get_plot(job, body->plot, &at, &plot);
    if (rc == QP_OK && strcmp(plot->party, job->party) != 0 &&
        !qp_job_has_role(job, QP_ROLE(AUTHORITY))) {
        rc = qp_refuse(job->err, "QP-ROLE", "%s did not register plot %s and may not withdraw it",
                       job->party, body->plot);
    }
    if (rc == QP_OK && plot->withdrawn != NULL) {
        rc = qp_refuse(job->err, "QP-PLOT-WITHDRAWN", "plot %s is withdrawn already (entry %llu)",
                       body->plot, (unsigned long long)plot->withdrawn->index);
    }
    if (rc != QP_OK) {
        return rc;
    }
    plot->withdrawn = qp_job_place(job);
    return qp_job_put(job, &at, &qp_rule_plot_state, plot);
}
