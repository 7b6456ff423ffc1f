#include "test.h"

#include "core/check.h"
#include "rules/identifier.h"

enum which { RUC, GLN, CONTAINER };

static enum qp_code check(enum which which, const char *text, struct qp_err *why)
{
    switch (which) {
    case RUC:
        return qp_ruc_check(text, why);
    case GLN:
        return qp_gln_check(text, why);
    default:
        return qp_container_check(text, why);
    }
}

/* In public use, or examples of the standards. */
static const struct {
    enum which which;
    const char *text;
} good[] = {
    {RUC, "20131312955"},       {RUC, "20100070970"},       {GLN, "9521234567899"},
    {GLN, "0614141000012"},     {CONTAINER, "CSQU3054383"}, /* ISO 6346's own example */
    {CONTAINER, "MSKU9070323"}, {CONTAINER, "HLXU2008419"}, {CONTAINER, "QPZU3109773"},
};

static void accepts_known_good_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < QP_COUNT(good); i++) {
        assert_ok(check(good[i].which, good[i].text, err));
    }
}

static void every_wrong_last_digit_is_told_the_right_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < QP_COUNT(good); i++) {
        size_t last = strlen(good[i].text) - 1;
        char want[40];
        snprintf(want, sizeof want, "; %c would be right", good[i].text[last]);
        for (char digit = '0'; digit <= '9'; digit++) {
            char text[16];
            struct qp_err why;
            if (digit == good[i].text[last]) {
                continue;
            }
            snprintf(text, sizeof text, "%s", good[i].text);
            text[last] = digit;
            assert_int_equal(check(good[i].which, text, &why), QP_E_REFUSED);
            assert_non_null(strstr(why.text, want));
            assert_non_null(strstr(why.text, text));
        }
    }
}

/* What the check digits are for. RUC and container share one gap: a sum of 10 and one of 0 (11 - 10
 * and 11 - 0 in RUC: 1 and 11) get one digit, so that a slip between the two passes. */
static void one_wrong_digit_is_nearly_always_found(void **state)
{
    (void)state;
    unsigned missed = 0;
    unsigned tried = 0;
    for (size_t i = 0; i < QP_COUNT(good); i++) {
        for (size_t at = 0; good[i].text[at] != '\0'; at++) {
            for (char digit = '0'; digit <= '9'; digit++) {
                char text[16];
                struct qp_err why;
                bool number = good[i].text[at] >= '0' && good[i].text[at] <= '9';
                if (!number || digit == good[i].text[at]) {
                    continue;
                }
                snprintf(text, sizeof text, "%s", good[i].text);
                text[at] = digit;
                bool found = check(good[i].which, text, &why) == QP_E_REFUSED;
                assert_true(found || good[i].which != GLN);
                missed += found ? 0 : 1;
                tried++;
            }
        }
    }
    assert_true(missed * 50 < tried);
}

static void refuses_what_has_another_form(void **state)
{
    (void)state;
    static const struct {
        enum which which;
        const char *text;
        const char *rule;
    } cases[] = {
        {RUC, "", "QP-PARTY-IDENTIFIER"},
        {RUC, "2013131295", "QP-PARTY-IDENTIFIER"},
        {RUC, "201313129555", "QP-PARTY-IDENTIFIER"},
        {RUC, "2013131295X", "QP-PARTY-IDENTIFIER"},
        {GLN, "", "QP-PARTY-IDENTIFIER"},
        {GLN, "95212345678999", "QP-PARTY-IDENTIFIER"},
        {GLN, "952123456789-", "QP-PARTY-IDENTIFIER"},
        {CONTAINER, "", "QP-SHIPMENT-CONTAINER"},
        {CONTAINER, "CSQU305438", "QP-SHIPMENT-CONTAINER"},
        {CONTAINER, "CSQU30543830", "QP-SHIPMENT-CONTAINER"},
        {CONTAINER, "csqu3054383", "QP-SHIPMENT-CONTAINER"},
        {CONTAINER, "CSQA3054383", "QP-SHIPMENT-CONTAINER"},
        {CONTAINER, "CSQUU054383", "QP-SHIPMENT-CONTAINER"},
        {CONTAINER, "CS1U3054383", "QP-SHIPMENT-CONTAINER"},
    };
    for (size_t i = 0; i < QP_COUNT(cases); i++) {
        struct qp_err why;
        assert_int_equal(check(cases[i].which, cases[i].text, &why), QP_E_REFUSED);
        assert_string_equal(why.rule, cases[i].rule);
    }
}

/* ISO 6346, table 1: letters leave out the multiples of 11. One digit is right for each. */
static void exactly_one_check_digit_fits_every_owner_code(void **state)
{
    (void)state;
    static const int values[] = {10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24,
                                 25, 26, 27, 28, 29, 30, 31, 32, 34, 35, 36, 37, 38};
    for (int letter = 0; letter < 26; letter++) {
        char text[32];
        struct qp_err why;
        int sum =
            values[letter] + 2 * values['B' - 'A'] + 4 * values['C' - 'A'] + 8 * values['U' - 'A'];
        snprintf(text, sizeof text, "%cBCU000000%d", 'A' + letter, sum % 11 % 10);
        assert_int_equal(check(CONTAINER, text, &why), QP_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_known_good_numbers),
        cmocka_unit_test(every_wrong_last_digit_is_told_the_right_one),
        cmocka_unit_test(one_wrong_digit_is_nearly_always_found),
        cmocka_unit_test(refuses_what_has_another_form),
        cmocka_unit_test(exactly_one_check_digit_fits_every_owner_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
