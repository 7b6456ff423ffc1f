#include "rules/identifier.h"

#include <stdbool.h>
#include <string.h>

static bool all_digits(const char *text, size_t count)
{
    return strlen(text) == count && strspn(text, "0123456789") == count;
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
    int sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += (i % 2 == 0 ? 1 : 3) * (text[i] - '0');
    }
    return compare("GLN", "QP-PARTY-IDENTIFIER", text, (10 - sum % 10) % 10, err);
}

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
    bool formed = strlen(text) == 11 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 4 &&
                  strchr("UJZ", text[3]) != NULL && strspn(text + 4, "0123456789") == 7;
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
