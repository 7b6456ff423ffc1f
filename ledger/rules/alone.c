/* What an event says of itself, judged without the state: the part of the rules that an issuer can
 * apply before it signs. */
#include "rules/fork.h"
#include "rules/rules_priv.h"

#include <string.h>

static unsigned long long ull(uint64_t value)
{
    return value;
}

static enum qp_code own_name(struct qp_job *job, const char *id)
{
    return job->party[0] == '\0' ? QP_OK : qp_job_own_name(job, id);
}

static enum qp_code check_harvest(struct qp_job *job, const Qp__LotHarvested *body)
{
    struct qp_names names;
    uint64_t sum = 0;
    names.count = 0;
    enum qp_code rc = own_name(job, body->lot);
    rc = rc == QP_OK ? qp_job_quantity(job, body->quantity, body->lot) : rc;
    rc = rc == QP_OK ? qp_job_harvest_times(job, body) : rc;
    for (size_t i = 0; rc == QP_OK && i < body->n_origins; i++) {
        sum += body->origins[i]->grams; /* 64 of at most 1e15 */
        if (!qp_names_add(&names, body->origins[i]->plot)) {
            return qp_refuse(job->err, "QP-LOT-TWICE", "plot %s stands twice in lot %s",
                             body->origins[i]->plot, body->lot);
        }
    }
    if (rc == QP_OK && sum != body->quantity->grams) {
        rc = qp_refuse(job->err, "QP-MASS-SUM",
                       "lot %s has %llu g, but its plots give %llu g together", body->lot,
                       ull(body->quantity->grams), ull(sum));
    }
    return rc;
}

static enum qp_code check_process(struct qp_job *job, const Qp__LotProcessed *body)
{
    struct qp_names names;
    uint64_t drawn = 0;
    names.count = 0;
    uint64_t made = 0;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < body->n_inputs; i++) {
        rc = qp_job_quantity(job, body->inputs[i]->quantity, body->inputs[i]->lot);
        drawn += body->inputs[i]->quantity->grams; /* 512 of at most 1e15 */
        if (rc == QP_OK && !qp_names_add(&names, body->inputs[i]->lot)) {
            rc = qp_refuse(job->err, "QP-LOT-TWICE", "lot %s is drawn twice in one process",
                           body->inputs[i]->lot);
        }
    }
    for (size_t i = 0; rc == QP_OK && i < body->n_outputs; i++) {
        rc = own_name(job, body->outputs[i]->lot);
        rc = rc == QP_OK ? qp_job_quantity(job, body->outputs[i]->quantity, body->outputs[i]->lot)
                         : rc;
        made += body->outputs[i]->quantity->grams;
    }
    if (rc == QP_OK && made > drawn) {
        rc = qp_refuse(job->err, "QP-MASS-TOTAL",
                       "the outputs weigh %llu g together, more than the %llu g that went in",
                       ull(made), ull(drawn));
    }
    return rc;
}

static enum qp_code check_transfer(struct qp_job *job, const Qp__LotTransferred *body)
{
    enum qp_code rc = qp_job_quantity(job, body->quantity, body->lot);
    if (rc == QP_OK && strcmp(body->to, job->party) == 0) {
        rc = qp_refuse(job->err, "QP-TRANSFER-TO", "%s hands lot %s to itself", job->party,
                       body->lot);
    }
    return rc;
}

static enum qp_code check_shipment(struct qp_job *job, const Qp__ShipmentDispatched *body)
{
    struct qp_names names;
    enum qp_code rc = own_name(job, body->shipment);
    names.count = 0;
    rc = rc == QP_OK ? qp_job_containers(job, body) : rc;
    for (size_t i = 0; rc == QP_OK && i < body->n_lots; i++) {
        rc = qp_job_quantity(job, body->lots[i]->quantity, body->lots[i]->lot);
        if (rc == QP_OK && !qp_names_add(&names, body->lots[i]->lot)) {
            rc = qp_refuse(job->err, "QP-LOT-TWICE", "lot %s stands twice in shipment %s",
                           body->lots[i]->lot, body->shipment);
        }
    }
    return rc;
}

static enum qp_code check_certificate(struct qp_job *job, const Qp__CertificateIssued *body)
{
    enum qp_code rc = own_name(job, body->certificate);
    if (rc == QP_OK && body->valid_from_ms > body->valid_to_ms) {
        rc = qp_refuse(job->err, "QP-CERTIFICATE-TIME", "certificate %s ends before it begins",
                       body->certificate);
    }
    return rc;
}

enum qp_code qp_rules_check_alone(const Qp__Event *event, const char *party, struct qp_err *err)
{
    struct qp_job job = {.event = event, .err = err};
    if (party != NULL && strlen(party) < sizeof job.party) {
        memcpy(job.party, party, strlen(party) + 1);
    }
    enum qp_code rc = qp_job_forms(&job);
    if (rc != QP_OK) {
        return rc;
    }
    switch (event->body_case) {
    case QP__EVENT__BODY_KEY_FORKED:
        return qp_fork_prove(event->key_forked, err);
    case QP__EVENT__BODY_PRODUCER_REGISTERED:
        return own_name(&job, event->producer_registered->producer);
    case QP__EVENT__BODY_PLOT_REGISTERED:
        return own_name(&job, event->plot_registered->plot);
    case QP__EVENT__BODY_LOT_HARVESTED:
        return check_harvest(&job, event->lot_harvested);
    case QP__EVENT__BODY_LOT_PROCESSED:
        return check_process(&job, event->lot_processed);
    case QP__EVENT__BODY_LOT_TRANSFERRED:
        return check_transfer(&job, event->lot_transferred);
    case QP__EVENT__BODY_LOT_RECEIVED:
        return qp_job_quantity(&job, event->lot_received->quantity, event->lot_received->lot);
    case QP__EVENT__BODY_SHIPMENT_DISPATCHED:
        return check_shipment(&job, event->shipment_dispatched);
    case QP__EVENT__BODY_CERTIFICATE_ISSUED:
        return check_certificate(&job, event->certificate_issued);
    default:
        return QP_OK;
    }
}
