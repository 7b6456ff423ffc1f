/* Identifiers that an event brings from outside: "Identifiers" of section 16. */
#include "model/model_priv.h"

#include <string.h>

#define DIGITS "0123456789"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* ISO 3166-1 alpha-2. */
static const char countries[] =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ "
    "BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ "
    "TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU "
    "WF WS YE YT ZA ZM ZW ";

/* Does the text begin with one of the codes, each of two letters and a space? */
static bool begins_with(const char *text, const char *codes)
{
    for (const char *at = codes; *at != '\0'; at += 3) {
        if (strncmp(text, at, 2) == 0) {
            return true;
        }
    }
    return false;
}

/* `least` to `most` of these characters, and nothing else. */
static bool made_of(const char *text, const char *characters, size_t least, size_t most)
{
    size_t len = strlen(text);
    return strspn(text, characters) == len && len >= least && len <= most;
}

static unsigned value_of(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10;
}

static bool right_ruc(const char *text)
{
    static const unsigned weights[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    unsigned sum = 0;
    for (size_t i = 0; i < 10 && text[i] != '\0'; i++) {
        sum += value_of(text[i]) * weights[i];
    }
    return made_of(text, DIGITS, 11, 11) && value_of(text[10]) == (11 - sum % 11) % 10;
}

/* The last of `len` digits, by GS1. */
static bool right_gs1(const char *text, size_t len)
{
    unsigned sum = 0;
    for (size_t i = 0; i + 1 < len; i++) {
        sum += value_of(text[len - 2 - i]) * (i % 2 == 0 ? 3 : 1);
    }
    return value_of(text[len - 1]) == (10 - sum % 10) % 10;
}

static bool right_lei(const char *text)
{
    unsigned rest = 0;
    if (!made_of(text, DIGITS CAPITALS, 20, 20) || !made_of(text + 18, DIGITS, 2, 2)) {
        return false;
    }
    for (size_t i = 0; i < 20; i++) {
        unsigned value = value_of(text[i]);
        rest = (rest * (value < 10 ? 10 : 100) + value) % 97;
    }
    unsigned check = value_of(text[18]) * 10 + value_of(text[19]);
    return rest == 1 && check >= 2 && check <= 98;
}

static bool right_eori(const char *text)
{
    return (begins_with(text, countries) || begins_with(text, "XI ")) &&
           made_of(text + 2, DIGITS CAPITALS, 1, 15);
}

static bool right_vat(const char *text)
{
    bool irish = begins_with(text, "IE ");
    return (begins_with(text, countries) || begins_with(text, "EL XI ")) &&
           made_of(text + 2, irish ? DIGITS CAPITALS "+*" : DIGITS CAPITALS, 2, 12);
}

static bool right_identifier(const Qp__PartyIdentifier *identifier)
{
    const char *text = identifier->value;
    switch (identifier->scheme) {
    case QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_RUC:
        return right_ruc(text);
    case QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_GLN:
        return made_of(text, DIGITS, 13, 13) && right_gs1(text, 13);
    case QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_LEI:
        return right_lei(text);
    case QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_EORI:
        return right_eori(text);
    case QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_VAT:
        return right_vat(text);
    default:
        return true;
    }
}

static bool right_locode(const char *text)
{
    return begins_with(text, countries) && made_of(text + 2, CAPITALS "23456789", 3, 3);
}

static bool right_gtin(const char *text)
{
    size_t len = strspn(text, DIGITS);
    if (text[len] == '.') {
        const char *characters = DIGITS CAPITALS "abcdefghijklmnopqrstuvwxyz!\"%&'()*+,-./:;<=>?_";
        return len == 14 && right_gs1(text, 14) && made_of(text + 15, characters, 1, 20);
    }
    return text[len] == '\0' && (len == 8 || len == 12 || len == 13 || len == 14) &&
           right_gs1(text, len);
}

/* A tariff code of 6, 8 or 10 digits, or of `also`. */
static bool right_hs(const char *text, size_t also)
{
    size_t len = strlen(text);
    unsigned chapter = value_of(text[0]) * 10 + value_of(text[1]);
    return made_of(text, DIGITS, 4, 10) && (len == 6 || len == 8 || len == 10 || len == also) &&
           chapter >= 1 && chapter <= 97 && chapter != 77;
}

/* ---- By event ---- */

static bool forms_of_party(struct judged *job, const Qp__PartyEnrolled *body)
{
    if (!begins_with(body->country, countries)) {
        return refuse(job, "QP-PLACE-COUNTRY");
    }
    for (size_t i = 0; i < body->n_identifiers; i++) {
        if (!right_identifier(body->identifiers[i])) {
            return refuse(job, "QP-PARTY-IDENTIFIER");
        }
    }
    return true;
}

static bool forms_of_rule_set(struct judged *job, const Qp__RuleSetPublished *body)
{
    for (size_t i = 0; i < body->n_headings; i++) {
        if (!right_hs(body->headings[i]->hs_code, 4)) {
            return refuse(job, "QP-IDENTIFIER-HS");
        }
    }
    for (size_t i = 0; i < body->n_risks; i++) {
        if (!begins_with(body->risks[i]->country, countries)) {
            return refuse(job, "QP-PLACE-COUNTRY");
        }
    }
    return true;
}

static bool forms_of_plot(struct judged *job, const Qp__PlotRegistered *body)
{
    const char *region = body->region;
    if (!begins_with(body->country, countries)) {
        return refuse(job, "QP-PLACE-COUNTRY");
    }
    if (region[0] != '\0' && (strncmp(region, body->country, 2) != 0 || region[2] != '-' ||
                              !made_of(region + 3, DIGITS CAPITALS, 1, 3))) {
        return refuse(job, "QP-PLOT-REGION");
    }
    return true;
}

static bool forms_of_outputs(struct judged *job, const Qp__LotProcessed *body)
{
    for (size_t i = 0; i < body->n_outputs; i++) {
        const char *item = body->outputs[i]->trade_item;
        if (item[0] != '\0' && !right_gtin(item)) {
            return refuse(job, "QP-IDENTIFIER-GTIN");
        }
    }
    return true;
}

static bool forms_of_shipment(struct judged *job, const Qp__ShipmentDispatched *body)
{
    if (!right_hs(body->hs_code, 6)) {
        return refuse(job, "QP-IDENTIFIER-HS");
    }
    if (!right_locode(body->port_of_loading) || !right_locode(body->port_of_discharge)) {
        return refuse(job, "QP-PLACE-LOCODE");
    }
    if (!begins_with(body->destination_country, countries)) {
        return refuse(job, "QP-PLACE-COUNTRY");
    }
    for (size_t i = 0; i < body->n_sscc; i++) {
        if (!right_gs1(body->sscc[i], 18) ||
            (i > 0 && strcmp(body->sscc[i - 1], body->sscc[i]) >= 0)) {
            return refuse(job, "QP-IDENTIFIER-SSCC");
        }
    }
    return true;
}

bool forms_hold(struct judged *job)
{
    const Qp__Event *event = job->event;
    if (event->place != NULL && event->place->locode[0] != '\0' &&
        !right_locode(event->place->locode)) {
        return refuse(job, "QP-PLACE-LOCODE");
    }
    switch (event->body_case) {
    case QP__EVENT__BODY_LEDGER_OPENED:
        return forms_of_party(job, event->ledger_opened->operator_);
    case QP__EVENT__BODY_RULE_SET_PUBLISHED:
        return forms_of_rule_set(job, event->rule_set_published);
    case QP__EVENT__BODY_PARTY_ENROLLED:
        return forms_of_party(job, event->party_enrolled);
    case QP__EVENT__BODY_PLOT_REGISTERED:
        return forms_of_plot(job, event->plot_registered);
    case QP__EVENT__BODY_LOT_HARVESTED:
        return event->lot_harvested->trade_item[0] == '\0' ||
               right_gtin(event->lot_harvested->trade_item) || refuse(job, "QP-IDENTIFIER-GTIN");
    case QP__EVENT__BODY_LOT_PROCESSED:
        return forms_of_outputs(job, event->lot_processed);
    case QP__EVENT__BODY_SHIPMENT_DISPATCHED:
        return forms_of_shipment(job, event->shipment_dispatched);
    case QP__EVENT__BODY_SHIPMENT_LOADED:
        return right_locode(event->shipment_loaded->port) || refuse(job, "QP-PLACE-LOCODE");
    default:
        return true;
    }
}
