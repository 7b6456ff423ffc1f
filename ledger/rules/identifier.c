#include "rules/identifier.h"

#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
/* What may stand in a batch or serial number of GS1: GS1 General Specifications, figure 7.11-1. */
#define GS1_CHARACTERS "!\"%&'()*+,-./:;<=>?_" DIGITS LETTERS "abcdefghijklmnopqrstuvwxyz"

static bool all_digits(const char *text, size_t count)
{
    return strlen(text) == count && strspn(text, DIGITS) == count;
}

/* least to most of these characters, and nothing behind them. */
static bool all_of(const char *text, const char *characters, size_t least, size_t most)
{
    size_t len = strlen(text);
    return len >= least && len <= most && strspn(text, characters) == len;
}

static enum qp_code compare(const char *what, const char *rule, const char *text, int right,
                            struct qp_err *err)
{
    if (text[strlen(text) - 1] - '0' == right) {
        return QP_OK;
    }
    return qp_refuse(err, rule, "%s %s has a wrong check digit; %d would be right", what, text,
                     right);
}

/* Of all of GS1's numbers: weights 3 and 1 from the right, modulus 10. count: with the check digit,
 * which is not read. */
static int gs1_digit(const char *text, size_t count)
{
    int sum = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        sum += ((count - i) % 2 == 0 ? 3 : 1) * (text[i] - '0');
    }
    return (10 - sum % 10) % 10;
}

/* ---- Of parties ---- */

enum qp_code qp_ruc_check(const char *text, struct qp_err *err)
{
    static const int weights[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    if (!all_digits(text, 11)) {
        return qp_refuse(err, "QP-PARTY-IDENTIFIER", "RUC %.40s is not 11 digits", text);
    }
    int sum = 0;
    for (int i = 0; i < 10; i++) {
        sum += weights[i] * (text[i] - '0');
    }
    return compare("RUC", "QP-PARTY-IDENTIFIER", text, (11 - sum % 11) % 10, err);
}

enum qp_code qp_gln_check(const char *text, struct qp_err *err)
{
    if (!all_digits(text, 13)) {
        return qp_refuse(err, "QP-PARTY-IDENTIFIER", "GLN %.40s is not 13 digits", text);
    }
    return compare("GLN", "QP-PARTY-IDENTIFIER", text, gs1_digit(text, 13), err);
}

/* A letter is two digits, A 10 to Z 35: what the whole number leaves of 97. */
static int mod_97(const char *text, size_t count)
{
    int left = 0;
    for (size_t i = 0; i < count; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        left = digit ? 10 * left + (text[i] - '0') : 100 * left + 10 + (text[i] - 'A');
        left %= 97;
    }
    return left;
}

enum qp_code qp_lei_check(const char *text, struct qp_err *err)
{
    if (!all_of(text, DIGITS LETTERS, 20, 20) || strspn(text + 18, DIGITS) != 2) {
        return qp_refuse(err, "QP-PARTY-IDENTIFIER",
                         "LEI %.40s is not 18 digits and capital letters and two check digits",
                         text);
    }
    int right = 98 - mod_97(text, 18) * 100 % 97;
    int given = 10 * (text[18] - '0') + (text[19] - '0');
    if (given == right) {
        return QP_OK;
    }
    return qp_refuse(err, "QP-PARTY-IDENTIFIER",
                     "LEI %s has wrong check digits; %02d would be right", text, right);
}

enum qp_code qp_eori_check(const char *text, struct qp_err *err)
{
    bool country = qp_is_country(text) || strncmp(text, "XI", 2) == 0;
    if (!country || !all_of(text + 2, DIGITS LETTERS, 1, 15)) {
        return qp_refuse(err, "QP-PARTY-IDENTIFIER",
                         "EORI %.40s is not a country and 1 to 15 digits and capital letters, such "
                         "as DE123456789012345",
                         text);
    }
    return QP_OK;
}

enum qp_code qp_vat_check(const char *text, struct qp_err *err)
{
    bool country =
        qp_is_country(text) || strncmp(text, "EL", 2) == 0 || strncmp(text, "XI", 2) == 0;
    bool ireland = strncmp(text, "IE", 2) == 0;
    if (!country || !all_of(text + 2, ireland ? DIGITS LETTERS "+*" : DIGITS LETTERS, 2, 12)) {
        return qp_refuse(err, "QP-PARTY-IDENTIFIER",
                         "VAT number %.40s is not a country and 2 to 12 digits and capital "
                         "letters, such as NL001234567B01",
                         text);
    }
    return QP_OK;
}

/* ---- Of goods ---- */

/* A is 10, then up, leaving out the multiples of 11. */
static int letter_value(char c)
{
    int value = 10 + (c - 'A');
    for (int skip = 11; skip <= 33; skip += 11) {
        value += value >= skip ? 1 : 0;
    }
    return value;
}

enum qp_code qp_container_check(const char *text, struct qp_err *err)
{
    bool formed = strlen(text) == 11 && strspn(text, LETTERS) == 4 &&
                  strchr("UJZ", text[3]) != NULL && strspn(text + 4, DIGITS) == 7;
    if (!formed) {
        return qp_refuse(err, "QP-SHIPMENT-CONTAINER",
                         "container %.20s is not three letters, U, J or Z, and seven digits", text);
    }
    int sum = 0;
    for (int i = 0; i < 10; i++) {
        int value = i < 4 ? letter_value(text[i]) : text[i] - '0';
        sum += value << i;
    }
    return compare("container", "QP-SHIPMENT-CONTAINER", text, sum % 11 % 10, err);
}

enum qp_code qp_trade_item_check(const char *text, struct qp_err *err)
{
    size_t digits = strspn(text, DIGITS);
    const char *batch = text + digits;
    bool gtin = *batch == '\0' && (digits == 8 || digits == 12 || digits == 13 || digits == 14);
    bool lgtin = digits == 14 && *batch == '.' && all_of(batch + 1, GS1_CHARACTERS, 1, 20);
    if (!gtin && !lgtin) {
        return qp_refuse(err, "QP-IDENTIFIER-GTIN",
                         "trade item %.40s is neither a GTIN of 8, 12, 13 or 14 digits nor one of "
                         "14 digits with a point and a batch of at most 20 characters behind it",
                         text);
    }
    int right = gs1_digit(text, digits);
    if (text[digits - 1] - '0' == right) {
        return QP_OK;
    }
    return qp_refuse(err, "QP-IDENTIFIER-GTIN",
                     "GTIN %.*s has a wrong check digit; %d would be right", (int)digits, text,
                     right);
}

enum qp_code qp_sscc_check(const char *text, struct qp_err *err)
{
    if (!all_digits(text, 18)) {
        return qp_refuse(err, "QP-IDENTIFIER-SSCC", "SSCC %.40s is not 18 digits", text);
    }
    return compare("SSCC", "QP-IDENTIFIER-SSCC", text, gs1_digit(text, 18), err);
}

enum qp_code qp_hs_check(const char *text, unsigned least, struct qp_err *err)
{
    size_t len = strlen(text);
    if (!all_of(text, DIGITS, least, 10) || len % 2 != 0) {
        return qp_refuse(err, "QP-IDENTIFIER-HS", "tariff code %.40s is not %s digits", text,
                         least == 4 ? "4, 6, 8 or 10" : "6, 8 or 10");
    }
    int chapter = 10 * (text[0] - '0') + (text[1] - '0');
    if (chapter == 0 || chapter == 77 || chapter > 97) {
        return qp_refuse(err, "QP-IDENTIFIER-HS",
                         "tariff code %s is of chapter %02d; the Harmonized System has 01 to 97 "
                         "without 77",
                         text, chapter);
    }
    return QP_OK;
}

/* ---- Of places ---- */

bool qp_is_country(const char *text)
{
    /* The second letters behind each first one: ISO 3166-1, officially assigned. */
    static const char *const second[26] = {"DEFGILMOQRSTUWXZ",
                                           "ABDEFGHIJLMNOQRSTVWYZ",
                                           "ACDFGHIKLMNORUVWXYZ",
                                           "EJKMOZ",
                                           "CEGHRST",
                                           "IJKMOR",
                                           "ABDEFGHILMNPQRSTUWY",
                                           "KMNRTU",
                                           "DELMNOQRST",
                                           "EMOP",
                                           "EGHIMNPRWYZ",
                                           "ABCIKRSTUVY",
                                           "ACDEFGHKLMNOPQRSTUVWXYZ",
                                           "ACEFGILOPRUZ",
                                           "M",
                                           "AEFGHKLMNRSTWY",
                                           "A",
                                           "EOSUW",
                                           "ABCDEGHIJKLMNORSTVXYZ",
                                           "CDFGHJKLMNORTVWZ",
                                           "AGMSYZ",
                                           "ACEGINU",
                                           "FS",
                                           "",
                                           "ET",
                                           "AMW"};
    return text[0] >= 'A' && text[0] <= 'Z' && text[1] != '\0' &&
           strchr(second[text[0] - 'A'], text[1]) != NULL;
}

enum qp_code qp_country_check(const char *what, const char *text, struct qp_err *err)
{
    if (strlen(text) == 2 && qp_is_country(text)) {
        return QP_OK;
    }
    return qp_refuse(err, "QP-PLACE-COUNTRY",
                     "%s: no country has the code %.8s; it is one of ISO 3166-1, such as PE or DE",
                     what, text);
}

enum qp_code qp_region_check(const char *text, const char *country, struct qp_err *err)
{
    bool behind = strlen(text) > 3 && strncmp(text, country, 2) == 0 && text[2] == '-';
    if (!behind || !all_of(text + 3, DIGITS LETTERS, 1, 3)) {
        return qp_refuse(err, "QP-PLOT-REGION",
                         "region %.20s is not %s- and one to three letters or digits, as ISO "
                         "3166-2 has them (PE-SAM is San Martin)",
                         text, country);
    }
    return QP_OK;
}

enum qp_code qp_locode_check(const char *text, struct qp_err *err)
{
    if (strlen(text) != 5 || !qp_is_country(text) || !all_of(text + 2, LETTERS "23456789", 3, 3)) {
        return qp_refuse(err, "QP-PLACE-LOCODE",
                         "%.20s is not a UN/LOCODE: a country and three of A-Z and 2-9, such as "
                         "PECLL for Callao",
                         text);
    }
    return QP_OK;
}
