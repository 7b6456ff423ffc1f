#include "test.h"

#include "rules/rules_priv.h"
#include "wire/json.h"

#define EVENT(body) "{\"occurred\":\"2026-06-10\",\"nonce\":\"" NONCE "\"," body "}"
#define NONCE "00000000000000000000000000000000"
#define KEY "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define HARVEST(from, to, lot_grams, plot_grams)                                                   \
    EVENT("\"lot_harvested\":{\"lot\":\"coop/L-1\",\"commodity\":\"coffee\",\"form\":\"cherry\","  \
          "\"quantity\":{\"grams\":" lot_grams "},\"origins\":[{\"plot\":\"coop/C-1\",\"grams\":"  \
          "" plot_grams "}],\"harvest_from\":\"" from "\",\"harvest_to\":\"" to "\","              \
          "\"crop_year\":2026}")
#define PROCESS(input, output)                                                                     \
    EVENT("\"lot_processed\":{\"process\":\"pulping\",\"inputs\":[{\"lot\":\"coop/L-1\","          \
          "\"quantity\":{\"grams\":100}}" input "],\"outputs\":[{\"lot\":\"coop/M-1\",\"kind\":"   \
          "\"product\",\"form\":\"parchment\",\"quantity\":{" output "}}]}")
#define CERTIFICATE(from, to)                                                                      \
    EVENT(                                                                                         \
        "\"certificate_issued\":{\"certificate\":\"cert/C-1\",\"scheme\":\"eu-organic\","          \
        "\"number\":\"1\",\"holder\":\"coop\",\"commodities\":[\"coffee\"],\"valid_from\":\"" from \
        "\",\"valid_to\":\"" to "\"}")
#define SHIPMENT(containers)                                                                       \
    DISPATCH("{\"lot\":\"coop/M-1\",\"quantity\":{\"grams\":5}}", containers)
#define SHIPPED(lots) DISPATCH(lots, "{\"number\":\"CSQU3054383\",\"seals\":[\"a\"]}")
#define DISPATCH(lots, containers)                                                                 \
    EVENT("\"shipment_dispatched\":{\"shipment\":\"coop/S-1\",\"consignee\":\"buyer\","            \
          "\"lots\":[" lots "],\"commodity\":\"coffee\","                                          \
          "\"hs_code\":\"090111\",\"port_of_loading\":\"PECLL\",\"port_of_discharge\":\"DEHAM\","  \
          "\"destination_country\":\"DE\",\"containers\":[" containers "]}")

static const struct {
    const char *json;
    const char *party;
    const char *rule; /* "": nothing to refuse */
} cases[] = {
    {HARVEST("2026-06-08", "2026-06-09", "100", "100"), "coop", ""},
    {HARVEST("2026-06-08", "2026-06-09", "100", "100"), NULL, ""},
    {HARVEST("2026-06-08", "2026-06-09", "100", "100"), "other", "QP-NAME"},
    {HARVEST("2026-06-09", "2026-06-08", "100", "100"), "coop", "QP-HARVEST-TIME"},
    {HARVEST("2026-06-08", "2026-06-19", "100", "100"), "coop", "QP-HARVEST-TIME"},
    {HARVEST("2026-06-08", "2026-06-09", "100", "99"), "coop", "QP-MASS-SUM"},
    {HARVEST("2026-06-08", "2026-06-09", "0", "1"), "coop", "QP-MASS-EMPTY"},
    {PROCESS("", "\"grams\":20"), "coop", ""},
    {PROCESS("", "\"grams\":101"), "coop", "QP-MASS-TOTAL"},
    {PROCESS("", "\"grams\":0"), "coop", "QP-MASS-EMPTY"},
    {PROCESS("", "\"grams\":20"), "mill", "QP-NAME"},
    {PROCESS(",{\"lot\":\"coop/L-1\",\"quantity\":{\"grams\":1}}", "\"grams\":20"), "coop",
     "QP-LOT-TWICE"},
    {SHIPMENT("{\"number\":\"CSQU3054383\",\"seals\":[\"a\"]}"), "coop", ""},
    {SHIPMENT("{\"number\":\"CSQU3054384\",\"seals\":[\"a\"]}"), "coop", "QP-SHIPMENT-CONTAINER"},
    {SHIPMENT("{\"number\":\"CSQU3054383\",\"seals\":[\"a\"]}"), "mill", "QP-NAME"},
    {EVENT("\"lot_transferred\":{\"lot\":\"coop/L-1\",\"to\":\"coop\",\"kind\":\"both\","
           "\"quantity\":{\"grams\":1}}"),
     "coop", "QP-TRANSFER-TO"},
    {EVENT("\"lot_received\":{\"lot\":\"coop/L-1\",\"from\":\"coop\",\"quantity\":{\"grams\":0}}"),
     "mill", "QP-MASS-EMPTY"},
    {EVENT("\"party_enrolled\":{\"party\":\"coop\",\"legal_name\":\"C\",\"country\":\"PE\","
           "\"roles\":[\"cooperative\"],\"key\":\"" KEY "\",\"identifiers\":[{\"scheme\":\"ruc\","
           "\"value\":\"20131312956\"}]}"),
     NULL, "QP-PARTY-IDENTIFIER"},
    {EVENT("\"lot_recalled\":{\"lot\":\"coop/L-1\",\"reason\":\"r\"}"), "mill", ""},
    {EVENT("\"lot_harvested\":{\"lot\":\"coop/"
           "L-1\",\"commodity\":\"coffee\",\"form\":\"cherry\",\"quantity\":{\"grams\":2},"
           "\"origins\":[{\"plot\":\"coop/C-1\",\"grams\":1},{\"plot\":\"coop/"
           "C-1\",\"grams\":1}],\"harvest_from\":\"2026-06-08\",\"harvest_to\":\"2026-06-09\","
           "\"crop_year\":2026}"),
     "coop", "QP-LOT-TWICE"},
    {EVENT("\"lot_harvested\":{\"lot\":\"coop/"
           "L-1\",\"commodity\":\"coffee\",\"form\":\"cherry\",\"quantity\":{\"grams\":1},"
           "\"origins\":[{\"plot\":\"coop/"
           "C-1\",\"grams\":1}],\"harvest_from\":\"2016-06-12\",\"harvest_to\":\"2026-06-09\","
           "\"crop_year\":2016}"),
     "coop", ""}, /* 3,650 days before */
    {EVENT("\"lot_harvested\":{\"lot\":\"coop/"
           "L-1\",\"commodity\":\"coffee\",\"form\":\"cherry\",\"quantity\":{\"grams\":1},"
           "\"origins\":[{\"plot\":\"coop/"
           "C-1\",\"grams\":1}],\"harvest_from\":\"2016-06-11\",\"harvest_to\":\"2026-06-09\","
           "\"crop_year\":2016}"),
     "coop", "QP-HARVEST-TIME"},
    {PROCESS(",{\"lot\":\"coop/L-2\",\"quantity\":{\"grams\":0}}", "\"grams\":20"), "coop",
     "QP-MASS-EMPTY"},
    {EVENT("\"lot_transferred\":{\"lot\":\"coop/"
           "L-1\",\"to\":\"mill\",\"kind\":\"both\",\"quantity\":{\"grams\":0}}"),
     "coop", "QP-MASS-EMPTY"},
    {SHIPPED("{\"lot\":\"coop/M-1\",\"quantity\":{\"grams\":0}}"), "coop", "QP-MASS-EMPTY"},
    {SHIPPED("{\"lot\":\"coop/M-1\",\"quantity\":{\"grams\":5}},{\"lot\":\"coop/"
             "M-1\",\"quantity\":{\"grams\":5}}"),
     "coop", "QP-LOT-TWICE"},
    {CERTIFICATE("2026-06-01", "2026-06-01"), "cert", ""},
    {CERTIFICATE("2026-06-02", "2026-06-01"), "cert", "QP-CERTIFICATE-TIME"},
    {CERTIFICATE("2026-06-01", "2026-06-01"), "coop", "QP-NAME"},
    {EVENT("\"ledger_opened\":{\"origin\":\"l.example\",\"name\":\"L\",\"log_key\":\"" KEY
           "\",\"operator\":{\"party\":\"op\",\"legal_name\":\"O\",\"country\":\"PE\",\"roles\":["
           "\"operator\"],\"key\":\"" KEY
           "\",\"identifiers\":[{\"scheme\":\"gln\",\"value\":\"7750000000008\"}]}}"),
     NULL, "QP-PARTY-IDENTIFIER"},
    {EVENT("\"producer_registered\":{\"producer\":\"coop/F-1\",\"identity\":{\"commitment\":\"" KEY
           "\",\"kind\":\"producer\",\"length\":9}}"),
     "mill", "QP-NAME"},
    {EVENT("\"plot_registered\":{\"plot\":\"coop/P-1\",\"producer\":\"coop/"
           "F-1\",\"commodities\":[\"coffee\"],\"country\":\"PE\",\"area_m2\":1,\"geometry_kind\":"
           "\"point\",\"geometry\":{\"commitment\":\"" KEY
           "\",\"kind\":\"geometry\",\"length\":9},\"tenure\":\"title\",\"tenure_evidence\":"
           "\"declared\"}"),
     "mill", "QP-NAME"},
};

static void judges_what_needs_no_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_arena arena;
        json_t *json = NULL;
        Qp__Event *event = NULL;
        struct qp_err why;
        qp_arena_init(&arena, 0);
        qp_err_init(&why);
        assert_ok(qp_json_parse(qp_span_text(cases[i].json), &json, err));
        if (qp_json_decode(&qp_rule_event, json, &arena, &event, &why) != QP_OK) {
            fail_msg("case %zu: %s", i, why.text);
        }
        enum qp_code rc = qp_rules_check_alone(event, cases[i].party, &why);
        if (strcmp(why.rule, cases[i].rule) != 0) {
            fail_msg("case %zu: \"%s\" instead of \"%s\"; %s", i, why.rule, cases[i].rule,
                     why.text);
        }
        assert_int_equal(rc, cases[i].rule[0] == '\0' ? QP_OK : QP_E_REFUSED);
        json_decref(json);
        qp_arena_wipe(&arena);
    }
}

/* As many as a list may have, of the same length and with the same last letters, so that no mark
 * tells them apart; and each of them a second time. */
static void tells_names_apart_that_end_alike(void **state)
{
    (void)state;
    static char list[QP_NAMES_MAX][16];
    static struct qp_names names;
    for (unsigned i = 0; i < QP_NAMES_MAX; i++) {
        snprintf(list[i], sizeof list[i], "coop/%03u-LOT", i);
        assert_true(qp_names_add(&names, list[i]));
        assert_false(qp_names_add(&names, list[i]));
        assert_false(qp_names_add(&names, list[i / 2]));
    }
    names.count = 0;
    assert_true(qp_names_add(&names, "LOT"));
    assert_true(qp_names_add(&names, "T"));
    assert_true(qp_names_add(&names, ""));
    assert_false(qp_names_add(&names, "T"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(judges_what_needs_no_state),
                                       cmocka_unit_test(tells_names_apart_that_end_alike)};
    return cmocka_run_group_tests_name("rules/alone", tests, NULL, NULL);
}
