#include "issue/identity.h"

#include <string.h>

static bool is_dni(const char *text)
{
    return strlen(text) == 8 && strspn(text, "0123456789") == 8;
}

enum qp_code qp_identity_check(const char *document, bool strictly, const char *quoted,
                               struct qp_err *err)
{
    size_t len = strlen(document);
    size_t digits = strspn(document, "0123456789");
    size_t letters = strspn(document, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    bool has_kind = letters >= 2 && document[letters] == '-' && document[letters + 1] != '\0';
    bool says_dni = strncmp(document, "DNI-", 4) == 0;
    if (len == 0 || is_dni(document) || (says_dni ? is_dni(document + 4) : has_kind)) {
        return QP_OK;
    }
    if (digits == len && digits < 8) {
        return qp_fail(err, QP_E_INPUT,
                       "document %s has %zu digits and a DNI has 8; did a spreadsheet take off the "
                       "zeros in front? Write another document with its kind in front, such as "
                       "CE-001234567",
                       quoted, digits);
    }
    if (!strictly && !says_dni) {
        return QP_OK;
    }
    return qp_fail(err, QP_E_INPUT,
                   "document %s is not a DNI of 8 digits; write another document with its kind in "
                   "front, such as CE-001234567",
                   quoted);
}
