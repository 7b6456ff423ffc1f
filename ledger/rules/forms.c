/* The identifiers that an event brings from outside: of parties, goods, ports and countries. Each
 * is judged by itself, without the state, so the answer is the same before signing and at
 * admission. */
#include "rules/rules_priv.h"

#include "rules/identifier.h"

#include <stdio.h>
#include <string.h>

static enum qp_code check_country(struct qp_job *job, const char *of, const char *id,
                                  const char *country)
{
    char what[128];
    (void)snprintf(what, sizeof what, "country of %s %s", of, id);
    return qp_country_check(what, country, job->err);
}

static enum qp_code check_party(struct qp_job *job, const Qp__PartyEnrolled *body)
{
    enum qp_code rc = check_country(job, "party", body->party, body->country);
    for (size_t i = 0; rc == QP_OK && i < body->n_identifiers; i++) {
        const char *value = body->identifiers[i]->value;
        switch (body->identifiers[i]->scheme) {
        case QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_RUC:
            rc = qp_ruc_check(value, job->err);
            break;
        case QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_GLN:
            rc = qp_gln_check(value, job->err);
            break;
        case QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_EORI:
            rc = qp_eori_check(value, job->err);
            break;
        case QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_VAT:
            rc = qp_vat_check(value, job->err);
            break;
        case QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_LEI:
            rc = qp_lei_check(value, job->err);
            break;
        default:
            break;
        }
    }
    return rc;
}

static enum qp_code check_rule_set(struct qp_job *job, const Qp__RuleSetPublished *body)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < body->n_headings; i++) {
        rc = qp_hs_check(body->headings[i]->hs_code, 4, job->err);
    }
    for (size_t i = 0; rc == QP_OK && i < body->n_risks; i++) {
        rc = check_country(job, "a risk in rule set", body->rule_set, body->risks[i]->country);
    }
    return rc;
}

static enum qp_code check_plot(struct qp_job *job, const Qp__PlotRegistered *body)
{
    enum qp_code rc = check_country(job, "plot", body->plot, body->country);
    if (rc == QP_OK && body->region[0] != '\0') {
        rc = qp_region_check(body->region, body->country, job->err);
    }
    return rc;
}

static enum qp_code check_trade_item(struct qp_job *job, const char *lot, const char *trade_item)
{
    if (trade_item[0] == '\0') {
        return QP_OK;
    }
    enum qp_code rc = qp_trade_item_check(trade_item, job->err);
    return rc == QP_OK ? QP_OK : qp_prefix(job->err, rc, "lot %s", lot);
}

static enum qp_code check_outputs(struct qp_job *job, const Qp__LotProcessed *body)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < body->n_outputs; i++) {
        rc = check_trade_item(job, body->outputs[i]->lot, body->outputs[i]->trade_item);
    }
    return rc;
}

/* In ascending order, so that a number that stands twice is seen at once. */
static enum qp_code check_ssccs(struct qp_job *job, const Qp__ShipmentDispatched *body)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < body->n_sscc; i++) {
        rc = qp_sscc_check(body->sscc[i], job->err);
        if (rc == QP_OK && i > 0 && strcmp(body->sscc[i - 1], body->sscc[i]) >= 0) {
            rc = qp_refuse(job->err, "QP-IDENTIFIER-SSCC",
                           "SSCC %s of shipment %s does not come after %s; list them in ascending "
                           "order, each once",
                           body->sscc[i], body->shipment, body->sscc[i - 1]);
        }
    }
    return rc;
}

static enum qp_code check_dispatch(struct qp_job *job, const Qp__ShipmentDispatched *body)
{
    enum qp_code rc = qp_hs_check(body->hs_code, 6, job->err);
    rc = rc == QP_OK ? qp_locode_check(body->port_of_loading, job->err) : rc;
    rc = rc == QP_OK ? qp_locode_check(body->port_of_discharge, job->err) : rc;
    rc = rc == QP_OK ? check_country(job, "destination of shipment", body->shipment,
                                     body->destination_country)
                     : rc;
    return rc == QP_OK ? check_ssccs(job, body) : rc;
}

enum qp_code qp_job_forms(struct qp_job *job)
{
    const Qp__Event *event = job->event;
    if (event->place != NULL && event->place->locode[0] != '\0') {
        enum qp_code rc = qp_locode_check(event->place->locode, job->err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    switch (event->body_case) {
    case QP__EVENT__BODY_LEDGER_OPENED:
        return check_party(job, event->ledger_opened->operator_);
    case QP__EVENT__BODY_RULE_SET_PUBLISHED:
        return check_rule_set(job, event->rule_set_published);
    case QP__EVENT__BODY_PARTY_ENROLLED:
        return check_party(job, event->party_enrolled);
    case QP__EVENT__BODY_PLOT_REGISTERED:
        return check_plot(job, event->plot_registered);
    case QP__EVENT__BODY_LOT_HARVESTED:
        return check_trade_item(job, event->lot_harvested->lot, event->lot_harvested->trade_item);
    case QP__EVENT__BODY_LOT_PROCESSED:
        return check_outputs(job, event->lot_processed);
    case QP__EVENT__BODY_SHIPMENT_DISPATCHED:
        return check_dispatch(job, event->shipment_dispatched);
    case QP__EVENT__BODY_SHIPMENT_LOADED:
        return qp_locode_check(event->shipment_loaded->port, job->err);
    default:
        return QP_OK;
    }
}
