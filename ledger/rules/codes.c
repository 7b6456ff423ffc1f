#include "rules/rules.h"

#include <string.h>

const struct qp_rule_code qp_rule_codes[] = {
    {"QP-CHAIN-FORK", QP_LINE_AUTHENTIC, "a key signed two statements with one sequence number"},
    {"QP-CHAIN-GAP", QP_LINE_AUTHENTIC, "statements of this key are missing before this one"},
    {"QP-CHAIN-LINK", QP_LINE_AUTHENTIC, "the statement does not follow from the key's last one"},
    {"QP-TIME-FUTURE", QP_LINE_AUTHENTIC, "a time lies ahead of the log's clock by over a day"},
    {"QP-OPEN", QP_LINE_AUTHENTIC, "a ledger is opened once, by its first statement"},
    {"QP-RESERVED", QP_LINE_AUTHENTIC, "this kind of event is reserved for a later version"},
    {"QP-KEY-UNKNOWN", QP_LINE_AUTHORISED, "the key is not enrolled in this ledger"},
    {"QP-KEY-OLD", QP_LINE_AUTHORISED, "the key was rotated away or revoked before this entry"},
    {"QP-KEY-REUSE", QP_LINE_AUTHORISED, "the key is enrolled already"},
    {"QP-KEY-WEAK", QP_LINE_AUTHORISED, "nobody can own this key"},
    {"QP-KEY-OWNER", QP_LINE_AUTHORISED, "the key is not one of this party's"},
    {"QP-PARTY-NEW", QP_LINE_AUTHORISED, "a party of this name is enrolled already"},
    {"QP-PARTY-UNKNOWN", QP_LINE_AUTHORISED, "no party of this name is enrolled"},
    {"QP-PARTY-SUSPENDED", QP_LINE_AUTHORISED, "the party is suspended"},
    {"QP-PARTY-OPERATOR", QP_LINE_AUTHORISED, "this cannot be done to or by the ledger's operator"},
    {"QP-PARTY-IDENTIFIER", QP_LINE_AUTHORISED, "an identifier's check digit is wrong"},
    {"QP-ROLE", QP_LINE_AUTHORISED, "the issuer's roles do not allow this kind of event"},
    {"QP-NAME", QP_LINE_AUTHORISED, "a new id begins with the party that names it"},
    {"QP-RULESET-NONE", QP_LINE_CONSERVED, "no rule set is in force at the time of the event"},
    {"QP-RULESET-ORDER", QP_LINE_AUTHORISED, "rule sets are published in order of their dates"},
    {"QP-SEALED-KIND", QP_LINE_AUTHENTIC, "a commitment is of another kind than its field is for"},
    {"QP-PRODUCER-NEW", QP_LINE_LOCATED, "a producer of this id is registered already"},
    {"QP-PRODUCER-UNKNOWN", QP_LINE_LOCATED, "no producer of this id is registered"},
    {"QP-PLOT-NEW", QP_LINE_LOCATED, "a plot of this id is registered already"},
    {"QP-PLOT-UNKNOWN", QP_LINE_LOCATED, "no plot of this id is registered"},
    {"QP-PLOT-WITHDRAWN", QP_LINE_LOCATED, "the plot was withdrawn"},
    {"QP-PLOT-COMMODITY", QP_LINE_LOCATED, "the plot is not registered for this commodity"},
    {"QP-PLOT-POINT", QP_LINE_LOCATED, "a plot of this size needs a polygon"},
    {"QP-PLOT-GEOMETRY", QP_LINE_DEFORESTATION_FREE, "the assessment is of another geometry"},
    {"QP-PLOT-AREA", QP_LINE_DEFORESTATION_FREE, "areas of the assessment contradict each other"},
    {"QP-HARVEST-TIME", QP_LINE_LOCATED, "harvest and delivery are not in a possible order"},
    {"QP-HARVEST-CAP", QP_LINE_CONSERVED, "more than the plot can yield in a crop year"},
    {"QP-LOT-NEW", QP_LINE_CONSERVED, "a lot of this id exists already"},
    {"QP-LOT-UNKNOWN", QP_LINE_CONSERVED, "no lot of this id exists: its origin is unknown"},
    {"QP-LOT-HELD", QP_LINE_UNBROKEN, "the issuer does not hold the lot"},
    {"QP-LOT-OWNER", QP_LINE_UNBROKEN, "the issuer does not own the lot"},
    {"QP-LOT-RECALLED", QP_LINE_UNBROKEN, "the lot was recalled"},
    {"QP-LOT-VOIDED", QP_LINE_UNBROKEN, "the lot was voided"},
    {"QP-LOT-TWICE", QP_LINE_CONSERVED, "one lot stands twice in the event"},
    {"QP-TIME-ORDER", QP_LINE_UNBROKEN, "the event is dated before what it rests on"},
    {"QP-MASS-EMPTY", QP_LINE_CONSERVED, "a quantity has neither grams nor pieces"},
    {"QP-MASS-SUM", QP_LINE_CONSERVED, "parts do not add up to the whole"},
    {"QP-MASS-DRAW", QP_LINE_CONSERVED, "more is drawn than the lot has left"},
    {"QP-MASS-FORM", QP_LINE_CONSERVED, "inputs differ in commodity, form or owner"},
    {"QP-MASS-FACTOR", QP_LINE_CONSERVED, "no conversion factor between the two forms"},
    {"QP-MASS-YIELD", QP_LINE_CONSERVED, "the outputs need more input than was drawn"},
    {"QP-MASS-TOTAL", QP_LINE_CONSERVED, "the outputs weigh more than the inputs"},
    {"QP-TRANSFER-TO", QP_LINE_UNBROKEN, "the receiver is not one that can take the lot"},
    {"QP-TRANSFER-WEIGHT", QP_LINE_UNBROKEN, "only whole lots change hands"},
    {"QP-TRANSFER-NONE", QP_LINE_UNBROKEN, "the lot was not handed to this receiver"},
    {"QP-TRANSFER-MORE", QP_LINE_CONSERVED, "more was received than was handed over"},
    {"QP-CERTIFICATE-NEW", QP_LINE_LEGAL, "a certificate of this id exists already"},
    {"QP-CERTIFICATE-UNKNOWN", QP_LINE_LEGAL, "no certificate of this id exists"},
    {"QP-CERTIFICATE-TIME", QP_LINE_LEGAL, "the certificate ends before it begins"},
    {"QP-CERTIFICATE-WITHDRAWN", QP_LINE_LEGAL, "the certificate is withdrawn already"},
    {"QP-SHIPMENT-NEW", QP_LINE_UNBROKEN, "a shipment of this id exists already"},
    {"QP-SHIPMENT-UNKNOWN", QP_LINE_UNBROKEN, "no shipment of this id exists"},
    {"QP-SHIPMENT-CONTAINER", QP_LINE_UNBROKEN, "the container is wrong or not of this shipment"},
    {"QP-SHIPMENT-ORDER", QP_LINE_UNBROKEN, "a container is gated in, then loaded, each once"},
    {"QP-SHIPMENT-PORT", QP_LINE_UNBROKEN, "another port than the shipment's"},
    {"QP-SHIPMENT-CONSIGNEE", QP_LINE_UNBROKEN, "another party than the shipment's consignee"},
    {"QP-SHIPMENT-HS", QP_LINE_CONSERVED, "the tariff heading is not one of this commodity"},
    {"QP-VOID-UNKNOWN", QP_LINE_AUTHENTIC, "the event to be voided is not in the ledger"},
    {"QP-VOID-OWNER", QP_LINE_AUTHORISED, "an event is voided by the party that issued it"},
    {"QP-VOID-KIND", QP_LINE_AUTHORISED, "this kind of event cannot be voided"},
    {"QP-VOID-USED", QP_LINE_CONSERVED, "something rests on the event: recall the lot instead"},
    {"QP-SUBJECT-UNKNOWN", QP_LINE_LEGAL, "the document's subject is not in the ledger"},
    {NULL, QP_LINE_COUNT, NULL},
};

const struct qp_rule_code *qp_rule_code_find(const char *code)
{
    for (const struct qp_rule_code *at = qp_rule_codes; at->code != NULL; at++) {
        if (strcmp(at->code, code) == 0) {
            return at;
        }
    }
    return NULL;
}
