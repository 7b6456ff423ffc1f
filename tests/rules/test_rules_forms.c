/* Identifiers from outside: the same refusal before signing, where no ledger is, and at admission.
 */
#include "rules/scene.h"
#include "rules/test_rules.h"

#include "core/check.h"
#include "wire/json.h"

#define PARTY(country, scheme, value)                                                              \
    "'party_enrolled': {'party': 'new', 'legal_name': 'N', 'country': '" country "', 'roles': "    \
    "['exporter'], 'key': '@new@', 'identifiers': [{'scheme': '" scheme "', 'value': '" value      \
    "'}]}"
#define PLOT(country, region)                                                                      \
    "'plot_registered': {'plot': 'norte/p9', 'producer': 'norte/u1', 'commodities': ['coffee'], "  \
    "'country': '" country "', 'region': '" region "', 'area_m2': 1, 'geometry_kind': 'point', "   \
    "'geometry': $geometry, 'tenure': 'title', 'tenure_evidence': 'declared'}"
#define HARVEST(trade_item)                                                                        \
    "'lot_harvested': {'lot': 'norte/h', 'commodity': 'coffee', 'form': 'cherry', 'quantity': "    \
    "{'grams': 9}, 'origins': [{'plot': 'norte/p1', 'grams': 9}], 'harvest_from': '2026-05-01', "  \
    "'harvest_to': '2026-05-14', 'crop_year': 2026, 'trade_item': '" trade_item "'}"
#define PROCESS(trade_item)                                                                        \
    "'lot_processed': {'process': 'washing', 'inputs': [{'lot': 'norte/a', 'quantity': {'grams': " \
    "100}}], 'outputs': [{'lot': 'norte/o', 'kind': 'product', 'form': 'parchment', 'quantity': "  \
    "{'grams': 20}, 'trade_item': '" trade_item "'}]}"
#define DISPATCH(hs, from, to, country, sscc)                                                      \
    "'shipment_dispatched': {'shipment': 'export/s', 'consignee': 'import', 'commodity': "         \
    "'coffee', 'hs_code': '" hs "', 'lots': [{'lot': 'norte/e', 'quantity': {'grams': 1}}], "      \
    "'containers': [{'number': 'CSQU3054383'}], 'port_of_loading': '" from "', "                   \
    "'port_of_discharge': '" to "', 'destination_country': '" country "', 'sscc': [" sscc "]}"
#define LOADED(port)                                                                               \
    "'shipment_loaded': {'shipment': 'export/s', 'containers': ['CSQU3054383'], 'vessel': 'V', "   \
    "'port': '" port "'}"
#define RULES(heading, country)                                                                    \
    "'rule_set_published': {'rule_set': 'r', 'version': 2, 'effective_from': '2026-05-10', "       \
    "'cut_off': '2020-12-31', 'point_area_max_m2': 40000, 'harvest_age_days': 730, 'headings': "   \
    "[{'commodity': 'coffee', "                                                                    \
    "'hs_code': '" heading "', 'effective_from': '2023-06-29'}], 'risks': [{'country': "           \
    "'" country "', 'level': 'low', 'effective_from': '2025-05-22'}]}"
#define PLACED(locode)                                                                             \
    "'place': {'longitude_e7': 1, 'locode': '" locode "'}, 'document_attached': {'subject': "      \
    "{'kind': 'party', 'id': 'norte'}, 'title': 't', 'evidence': 'declared'}"

static const struct {
    const char *rule; /* NULL: admitted */
    const char *signer;
    const char *body;
} cases[] = {
    {"QP-PLACE-COUNTRY", "op", PARTY("UK", "eori", "GB1")},
    {"QP-PARTY-IDENTIFIER", "op", PARTY("NL", "ruc", "20131312954")},
    {"QP-PARTY-IDENTIFIER", "op", PARTY("NL", "gln", "9521234567890")},
    {"QP-PARTY-IDENTIFIER", "op", PARTY("NL", "lei", "5493001KJTIIGC8Y1R21")},
    {"QP-PARTY-IDENTIFIER", "op", PARTY("NL", "eori", "anything")},
    {"QP-PARTY-IDENTIFIER", "op", PARTY("NL", "vat", "001234567B01")},
    {NULL, "op", PARTY("NL", "vat", "NL001234567B01")},
    {"QP-IDENTIFIER-HS", "op", RULES("0900000", "PE")},
    {"QP-IDENTIFIER-HS", "op", RULES("7701", "PE")},
    {"QP-PLACE-COUNTRY", "op", RULES("0901", "XX")},
    {"QP-PLACE-COUNTRY", "norte", PLOT("PX", "")},
    {"QP-PLOT-REGION", "norte", PLOT("PE", "EC-SAM")},
    {"QP-PLOT-REGION", "norte", PLOT("PE", "San-Mart.")},
    {NULL, "norte", PLOT("PE", "PE-SAM")},
    {"QP-IDENTIFIER-GTIN", "norte", HARVEST("4006381333932")},
    {NULL, "norte", HARVEST("09506000134352.2026-42")},
    {"QP-IDENTIFIER-GTIN", "norte", PROCESS("09506000134353.2026-42")},
    {NULL, "norte", PROCESS("4006381333931")},
    {"QP-IDENTIFIER-HS", "export", DISPATCH("0901110", "PECLL", "DEHAM", "DE", "")},
    {"QP-PLACE-LOCODE", "export", DISPATCH("090111", "PECL0", "DEHAM", "DE", "")},
    {"QP-PLACE-LOCODE", "export", DISPATCH("090111", "PECLL", "HAMBG", "DE", "")},
    {"QP-PLACE-COUNTRY", "export", DISPATCH("090111", "PECLL", "DEHAM", "EU", "")},
    {"QP-IDENTIFIER-SSCC", "export",
     DISPATCH("090111", "PECLL", "DEHAM", "DE", "'395011010013000128'")},
    {"QP-IDENTIFIER-SSCC", "export",
     DISPATCH("090111", "PECLL", "DEHAM", "DE", "'395011010013000129', '106141411234567897'")},
    {"QP-IDENTIFIER-SSCC", "export",
     DISPATCH("090111", "PECLL", "DEHAM", "DE", "'395011010013000129', '395011010013000129'")},
    {NULL, "export",
     DISPATCH("090111", "PECLL", "DEHAM", "DE", "'106141411234567897', '395011010013000129'")},
    {"QP-PLACE-LOCODE", "port", LOADED("PECL1")},
    {"QP-PLACE-LOCODE", "norte", PLACED("RIOJA")},
    {NULL, "norte", PLACED("PETPP")},
};

static void alone(const char *rule, const char *body)
{
    struct qp_err why;
    Qp__Event *event = NULL;
    struct qp_span bytes = scene_event_bytes(DAY, body);
    qp_err_init(&why);
    assert_ok(qp_event_decode(bytes, &scene.arena, &event, err));
    enum qp_code rc = qp_rules_check_alone(event, NULL, &why);
    if (strcmp(why.rule, rule == NULL ? "" : rule) != 0) {
        fail_msg("alone: \"%s\" instead of \"%s\" for %s", why.rule, rule, body);
    }
    assert_int_equal(rc, rule == NULL ? QP_OK : QP_E_REFUSED);
}

static void identifiers_are_judged_alike_alone_and_at_admission(void **state)
{
    (void)state;
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    scene_harvested("norte", "norte/e", "norte/p1", 1000);
    ok("norte", DAY,
       "'lot_transferred': {'lot': 'norte/e', 'to': 'export', 'kind': 'both', 'quantity': "
       "{'grams': 1000}}");
    ok("export", DAY,
       "'lot_received': {'lot': 'norte/e', 'from': 'norte', 'quantity': {'grams': 1000}}");
    for (size_t i = 0; i < QP_COUNT(cases); i++) {
        alone(cases[i].rule, cases[i].body);
        if (cases[i].rule != NULL) {
            no(cases[i].rule, cases[i].signer, DAY, "%s", cases[i].body);
        } else {
            ok(cases[i].signer, DAY, "%s", cases[i].body);
        }
    }
}

int rules_forms_tests(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(identifiers_are_judged_alike_alone_and_at_admission),
    };
    return cmocka_run_group_tests_name("identifiers", tests, NULL, NULL);
}
