#include "test.h"

#include "core/check.h"
#include "rules/identifier.h"

enum which { RUC, GLN, LEI, EORI, VAT, CONTAINER, TRADE_ITEM, SSCC, HS, HEADING, LOCODE };

static enum qp_code check(enum which which, const char *text, struct qp_err *why)
{
    static enum qp_code (*const checks[])(const char *text, struct qp_err *err) = {
        [RUC] = qp_ruc_check,
        [GLN] = qp_gln_check,
        [LEI] = qp_lei_check,
        [EORI] = qp_eori_check,
        [VAT] = qp_vat_check,
        [CONTAINER] = qp_container_check,
        [TRADE_ITEM] = qp_trade_item_check,
        [SSCC] = qp_sscc_check,
        [LOCODE] = qp_locode_check,
    };
    if (which == HS || which == HEADING) {
        return qp_hs_check(text, which == HS ? 6 : 4, why);
    }
    return checks[which](text, why);
}

/* In public use, or examples of the standards; those with one check digit at the end. */
static const struct {
    enum which which;
    const char *text;
} good[] = {
    {RUC, "20131312955"},           {RUC, "20100070970"},         {GLN, "9521234567899"},
    {GLN, "0614141000012"},         {CONTAINER, "CSQU3054383"}, /* ISO 6346's own example */
    {CONTAINER, "MSKU9070323"},     {CONTAINER, "HLXU2008419"},   {CONTAINER, "QPZU3109773"},
    {TRADE_ITEM, "96385074"},       {TRADE_ITEM, "036000291452"}, {TRADE_ITEM, "4006381333931"},
    {TRADE_ITEM, "09506000134352"},                               /* GS1's own example */
    {TRADE_ITEM, "10614141000415"}, {SSCC, "395011010013000129"}, /* GS1's own examples */
    {SSCC, "106141411234567897"},
};

/* Only their form can be judged, or they have more than one check digit. */
static const struct {
    enum which which;
    const char *text;
} well_formed[] = {
    {LEI, "5493001KJTIIGC8Y1R12"},
    {LEI, "HWUPKR0MPOU8FGXBT394"},
    {LEI, "7LTWFZYICNSX8D621K86"},
    {EORI, "DE1"},
    {EORI, "DE123456789012345"},
    {EORI, "XI123456789000"},
    {VAT, "NL001234567B01"},
    {VAT, "EL123456789"},
    {VAT, "XI123456789"},
    {VAT, "IE1S23456L"},
    {VAT, "IE1+23456L"},
    {VAT, "DE123456789"},
    {TRADE_ITEM, "09506000134352.A"},
    {TRADE_ITEM, "09506000134352.2026/AM-0042_x!"},
    {TRADE_ITEM, "09506000134352.12345678901234567890"},
    {HS, "090111"},
    {HS, "01012100"},
    {HS, "9706100000"},
    {HEADING, "0901"},
    {HEADING, "970600"},
    {LOCODE, "PECLL"},
    {LOCODE, "DEHAM"},
    {LOCODE, "US2ZZ"},
    {LOCODE, "GB9AB"},
};

static void accepts_known_good_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < QP_COUNT(good); i++) {
        assert_ok(check(good[i].which, good[i].text, err));
    }
    for (size_t i = 0; i < QP_COUNT(well_formed); i++) {
        assert_ok(check(well_formed[i].which, well_formed[i].text, err));
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
            char text[32];
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
                char text[32];
                struct qp_err why;
                bool number = good[i].text[at] >= '0' && good[i].text[at] <= '9';
                if (!number || digit == good[i].text[at]) {
                    continue;
                }
                snprintf(text, sizeof text, "%s", good[i].text);
                text[at] = digit;
                bool found = check(good[i].which, text, &why) == QP_E_REFUSED;
                assert_true(found || good[i].which == RUC || good[i].which == CONTAINER);
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
        {LEI, "", "QP-PARTY-IDENTIFIER"},
        {LEI, "5493001KJTIIGC8Y1R1", "QP-PARTY-IDENTIFIER"},
        {LEI, "5493001KJTIIGC8Y1R122", "QP-PARTY-IDENTIFIER"},
        {LEI, "5493001kjtiigc8y1r12", "QP-PARTY-IDENTIFIER"},
        {LEI, "5493001KJTIIGC8Y1RA2", "QP-PARTY-IDENTIFIER"},
        {EORI, "", "QP-PARTY-IDENTIFIER"},
        {EORI, "D", "QP-PARTY-IDENTIFIER"},
        {EORI, "DE", "QP-PARTY-IDENTIFIER"},
        {EORI, "DE1234567890123456", "QP-PARTY-IDENTIFIER"},
        {EORI, "ZZ123", "QP-PARTY-IDENTIFIER"},
        {EORI, "EL123", "QP-PARTY-IDENTIFIER"},
        {EORI, "DE12 3", "QP-PARTY-IDENTIFIER"},
        {EORI, "DEabc", "QP-PARTY-IDENTIFIER"},
        {VAT, "", "QP-PARTY-IDENTIFIER"},
        {VAT, "NL1", "QP-PARTY-IDENTIFIER"},
        {VAT, "NL1234567890123", "QP-PARTY-IDENTIFIER"},
        {VAT, "12345678", "QP-PARTY-IDENTIFIER"},
        {VAT, "NL12+45", "QP-PARTY-IDENTIFIER"},
        {TRADE_ITEM, "", "QP-IDENTIFIER-GTIN"},
        {TRADE_ITEM, "4006381", "QP-IDENTIFIER-GTIN"},
        {TRADE_ITEM, "400638133", "QP-IDENTIFIER-GTIN"},
        {TRADE_ITEM, "40063813339", "QP-IDENTIFIER-GTIN"},
        {TRADE_ITEM, "095060001343520", "QP-IDENTIFIER-GTIN"},
        {TRADE_ITEM, "4006381333931.A", "QP-IDENTIFIER-GTIN"}, /* a batch wants 14 digits */
        {TRADE_ITEM, "09506000134352.", "QP-IDENTIFIER-GTIN"},
        {TRADE_ITEM, "09506000134352A", "QP-IDENTIFIER-GTIN"},
        {TRADE_ITEM, "09506000134352.123456789012345678901", "QP-IDENTIFIER-GTIN"},
        {TRADE_ITEM, "09506000134352.a~b", "QP-IDENTIFIER-GTIN"},
        {TRADE_ITEM, "coffee", "QP-IDENTIFIER-GTIN"},
        {SSCC, "", "QP-IDENTIFIER-SSCC"},
        {SSCC, "39501101001300012", "QP-IDENTIFIER-SSCC"},
        {SSCC, "0395011010013000129", "QP-IDENTIFIER-SSCC"},
        {SSCC, "39501101001300012X", "QP-IDENTIFIER-SSCC"},
        {SSCC, "3950110100130001299", "QP-IDENTIFIER-SSCC"}, /* the 18th digit is right */
        {HS, "0901", "QP-IDENTIFIER-HS"},
        {HS, "0901110", "QP-IDENTIFIER-HS"},
        {HS, "090111000000", "QP-IDENTIFIER-HS"},
        {HS, "0901.11", "QP-IDENTIFIER-HS"},
        {HS, "000111", "QP-IDENTIFIER-HS"},
        {HS, "770111", "QP-IDENTIFIER-HS"},
        {HS, "980111", "QP-IDENTIFIER-HS"},
        {HEADING, "", "QP-IDENTIFIER-HS"},
        {HEADING, "09", "QP-IDENTIFIER-HS"},
        {HEADING, "09011", "QP-IDENTIFIER-HS"},
        {LOCODE, "", "QP-PLACE-LOCODE"},
        {LOCODE, "P", "QP-PLACE-LOCODE"},
        {LOCODE, "PECL", "QP-PLACE-LOCODE"},
        {LOCODE, "PECLLA", "QP-PLACE-LOCODE"},
        {LOCODE, "PECL1", "QP-PLACE-LOCODE"},
        {LOCODE, "PECL0", "QP-PLACE-LOCODE"},
        {LOCODE, "pecll", "QP-PLACE-LOCODE"},
        {LOCODE, "ZZCLL", "QP-PLACE-LOCODE"},
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

/* A small generator, so that a failure comes again: numbers of Knuth's MMIX. */
static unsigned next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*seed >> 33);
}

/* GS1's weights 1 and 3 are prime to 10, so no slip of one digit passes; RUC, LEI and containers
 * have one right end as well. */
static void one_end_fits_every_number_and_one_slip_of_gs1_is_always_found(void **state)
{
    (void)state;
    static const struct {
        enum which which;
        size_t digits;
        bool gs1;
    } kinds[] = {{RUC, 11, false},       {GLN, 13, true},        {TRADE_ITEM, 8, true},
                 {TRADE_ITEM, 12, true}, {TRADE_ITEM, 13, true}, {TRADE_ITEM, 14, true},
                 {SSCC, 18, true}};
    uint64_t seed = 2026;
    for (size_t round = 0; round < 200 * QP_COUNT(kinds); round++) {
        size_t kind = round % QP_COUNT(kinds);
        size_t last = kinds[kind].digits - 1;
        char text[32] = "";
        struct qp_err why;
        int fits = 0;
        char right = '?';
        for (size_t i = 0; i < last; i++) {
            text[i] = (char)('0' + next_random(&seed) % 10);
        }
        for (char digit = '0'; digit <= '9'; digit++) {
            text[last] = digit;
            bool good_end = check(kinds[kind].which, text, &why) == QP_OK;
            fits += good_end ? 1 : 0;
            right = good_end ? digit : right;
        }
        assert_int_equal(fits, 1);
        text[last] = right;
        size_t at = next_random(&seed) % kinds[kind].digits;
        char was = text[at];
        text[at] = (char)('0' + (was - '0' + 1 + (int)(next_random(&seed) % 9)) % 10);
        assert_true(!kinds[kind].gs1 || check(kinds[kind].which, text, &why) == QP_E_REFUSED);
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* MOD 97-10 sees every slip of a digit for a digit or a letter for a letter, and every swap of two
 * such neighbours; and says which two digits would have been right. */
static void a_slip_or_a_swap_in_an_lei_is_found(void **state)
{
    (void)state;
    static const char characters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint64_t seed = 17442;
    for (int round = 0; round < 500; round++) {
        char text[21] = "";
        char slip[21];
        struct qp_err why;
        for (size_t i = 0; i < 18; i++) {
            text[i] = characters[next_random(&seed) % 36];
        }
        memcpy(text + 18, "00", 3); /* never right: the check is 2 to 98 */
        assert_int_equal(check(LEI, text, &why), QP_E_REFUSED);
        const char *told = strstr(why.text, " would be right");
        assert_non_null(told);
        memcpy(text + 18, told - 2, 2);
        assert_ok(check(LEI, text, err));
        for (size_t at = 0; at < 18; at++) {
            memcpy(slip, text, sizeof slip);
            slip[at] = characters[next_random(&seed) % 36];
            if (slip[at] != text[at] && is_digit(slip[at]) == is_digit(text[at])) {
                assert_int_equal(check(LEI, slip, &why), QP_E_REFUSED);
            }
            memcpy(slip, text, sizeof slip);
            slip[at] = text[at + 1];
            slip[at + 1] = text[at];
            if (slip[at] != text[at] && is_digit(slip[at]) == is_digit(text[at])) {
                assert_int_equal(check(LEI, slip, &why), QP_E_REFUSED);
            }
        }
    }
}

static void there_are_249_countries(void **state)
{
    (void)state;
    static const char *const no[] = {"EU", "UK", "XK", "XI", "EL", "ZZ", "AA", "QQ", "SU", "AN"};
    static const char *const yes[] = {"PE", "DE", "NL", "SS", "BQ", "CW", "SX", "ZW", "AD", "AX"};
    int count = 0;
    struct qp_err why;
    for (char one = 'A'; one <= 'Z'; one++) {
        for (char two = 'A'; two <= 'Z'; two++) {
            const char text[3] = {one, two, '\0'};
            count += qp_is_country(text) ? 1 : 0;
        }
    }
    assert_int_equal(count, 249);
    for (size_t i = 0; i < QP_COUNT(no); i++) {
        assert_false(qp_is_country(no[i]));
        assert_int_equal(qp_country_check("country of party a", no[i], &why), QP_E_REFUSED);
        assert_string_equal(why.rule, "QP-PLACE-COUNTRY");
        assert_non_null(strstr(why.text, no[i]));
    }
    for (size_t i = 0; i < QP_COUNT(yes); i++) {
        assert_ok(qp_country_check("country", yes[i], err));
    }
    assert_false(qp_is_country(""));
    assert_false(qp_is_country("P"));
    assert_false(qp_is_country("pe"));
    assert_int_equal(qp_country_check("country", "PER", &why), QP_E_REFUSED);
}

static void a_region_is_a_part_of_its_country(void **state)
{
    (void)state;
    static const char *const no[] = {"",       "PE",      "PE-",   "PE-SAMA", "PE-sam",
                                     "EC-SAM", "PE SAM",  "PESAM", "PE-S M",  "-SAM",
                                     "SAM",    "PE--SAM", "PE-ÑAM"};
    struct qp_err why;
    assert_ok(qp_region_check("PE-SAM", "PE", err));
    assert_ok(qp_region_check("FR-2A", "FR", err));
    assert_ok(qp_region_check("CI-1", "CI", err));
    for (size_t i = 0; i < QP_COUNT(no); i++) {
        assert_int_equal(qp_region_check(no[i], "PE", &why), QP_E_REFUSED);
        assert_string_equal(why.rule, "QP-PLOT-REGION");
        assert_non_null(strstr(why.text, "PE-"));
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
        cmocka_unit_test(one_end_fits_every_number_and_one_slip_of_gs1_is_always_found),
        cmocka_unit_test(a_slip_or_a_swap_in_an_lei_is_found),
        cmocka_unit_test(there_are_249_countries),
        cmocka_unit_test(a_region_is_a_part_of_its_country),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
