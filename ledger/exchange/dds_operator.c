/* The operator's file: which members there are, and what each may hold. */
#include "exchange/dds.h"

#include "core/check.h"

#include <string.h>

enum kind { TEXT, DIGITS, CHOICE, NUMBER, TRUTH, OBJECT, OBJECTS, TEXTS };

/* Rows read like the field tree. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct member {
    const char *name;
    enum kind kind;
    size_t most; /* characters of a text, elements of a list, or the greatest number */
    const char *const *choices;
    const struct member *members; /* of an object */
};

static const char *const roles[] = {"OPERATOR", "REPRESENTATIVE_OPERATOR", NULL};
static const char *const activities[] = {"DOMESTIC", "IMPORT", "EXPORT", NULL};
static const char *const identifiers[] = {"eori", "vat",      "gln",      "tin", "cbr", "cin",
                                          "duns", "comp_num", "comp_reg", "oni", NULL};
static const char *const members_of_the_union[] = {
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", NULL};

static const struct member reference[] = {
    {"identifierType", CHOICE, 0, identifiers, NULL},
    {"identifierValue", TEXT, 80, NULL, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};
static const struct member address[] = {
    {"country", TEXT, 2, NULL, NULL},        {"street", TEXT, 500, NULL, NULL},
    {"postalCode", TEXT, 50, NULL, NULL},    {"city", TEXT, 200, NULL, NULL},
    {"fullAddress", TEXT, 1000, NULL, NULL}, {NULL, TEXT, 0, NULL, NULL},
};
static const struct member represented[] = {
    {"operatorReferenceNumber", OBJECT, 0, NULL, reference},
    {"operatorAddress", OBJECT, 0, NULL, address},
    {"operatorEmail", TEXT, 254, NULL, NULL},
    {"operatorPhone", TEXT, 50, NULL, NULL},
    {"operatorName", TEXT, 200, NULL, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};
static const struct member species[] = {
    {"scientificName", TEXT, 200, NULL, NULL},
    {"commonName", TEXT, 200, NULL, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};
static const struct member statement[] = {
    {"operatorRole", CHOICE, 0, roles, NULL},
    {"internalReferenceNumber", TEXT, 35, NULL, NULL},
    {"activityType", CHOICE, 0, activities, NULL},
    {"representedOperator", OBJECT, 0, NULL, represented},
    {"countryOfActivity", CHOICE, 0, members_of_the_union, NULL},
    {"borderCrossCountry", CHOICE, 0, members_of_the_union, NULL},
    {"comment", TEXT, 2000, NULL, NULL},
    {"descriptionOfGoods", TEXT, 150, NULL, NULL},
    {"percentageEstimationOrDeviation", NUMBER, 100, NULL, NULL},
    {"supplementaryUnit", NUMBER, 9999999999, NULL, NULL},
    {"supplementaryUnitQualifier", TEXT, 10, NULL, NULL},
    {"hsHeading", DIGITS, 6, NULL, NULL},
    {"speciesInfo", OBJECTS, 500, NULL, species},
    {"geoLocationConfidential", TRUTH, 0, NULL, NULL},
    {"groupedDeclarations", TEXTS, 2000, NULL, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

static enum qp_code check_text(const struct member *member, const json_t *value, size_t most,
                               struct qp_err *err)
{
    const char *text = json_string_value(value);
    if (text == NULL || text[0] == '\0' || characters(text) > most ||
        strlen(text) != json_string_length(value)) {
        return qp_fail(err, QP_E_INPUT, "\"%s\" must be a text of 1 to %zu characters",
                       member->name, most);
    }
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return qp_fail(err, QP_E_INPUT, "\"%s\" has a control character", member->name);
        }
    }
    return QP_OK;
}

static enum qp_code check_choice(const struct member *member, const json_t *value,
                                 struct qp_err *err)
{
    const char *text = json_string_value(value);
    char list[160] = "";
    for (size_t i = 0; member->choices[i] != NULL; i++) {
        if (text != NULL && strcmp(text, member->choices[i]) == 0) {
            return QP_OK;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : " ", member->choices[i]);
    }
    return qp_fail(err, QP_E_INPUT, "\"%s\" must be one of: %s", member->name, list);
}

static enum qp_code check_digits(const struct member *member, const json_t *value,
                                 struct qp_err *err)
{
    const char *text = json_string_value(value);
    size_t count = text != NULL ? strspn(text, "0123456789") : 0;
    if (count < 2 || count > member->most || text[count] != '\0') {
        return qp_fail(err, QP_E_INPUT, "\"%s\" must be 2 to %zu digits, as a text", member->name,
                       member->most);
    }
    return QP_OK;
}

static enum qp_code check_object(const json_t *object, const struct member *members,
                                 const char *where, struct qp_err *err);

static enum qp_code check_list(const struct member *member, const json_t *value, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    if (!json_is_array(value) || json_array_size(value) > member->most) {
        return qp_fail(err, QP_E_INPUT, "\"%s\" must be a list of at most %zu", member->name,
                       member->most);
    }
    for (size_t i = 0; rc == QP_OK && i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        rc = member->kind == OBJECTS ? check_object(item, member->members, member->name, err)
                                     : check_text(member, item, 14, err);
    }
    return rc;
}

static enum qp_code check_member(const struct member *member, const json_t *value,
                                 struct qp_err *err)
{
    switch (member->kind) {
    case TEXT:
        return check_text(member, value, member->most, err);
    case DIGITS:
        return check_digits(member, value, err);
    case CHOICE:
        return check_choice(member, value, err);
    case NUMBER:
        return json_is_integer(value) && json_integer_value(value) >= 0 &&
                       (uint64_t)json_integer_value(value) <= member->most
                   ? QP_OK
                   : qp_fail(err, QP_E_INPUT, "\"%s\" must be a whole number, 0 to %zu",
                             member->name, member->most);
    case TRUTH:
        return json_is_boolean(value)
                   ? QP_OK
                   : qp_fail(err, QP_E_INPUT, "\"%s\" must be true or false", member->name);
    case OBJECT:
        return check_object(value, member->members, member->name, err);
    case OBJECTS:
    case TEXTS:
    default:
        return check_list(member, value, err);
    }
}

/* Objects stand at most three deep, by the tables above. NOLINTNEXTLINE(misc-no-recursion) */
static enum qp_code check_object(const json_t *object, const struct member *members,
                                 const char *where, struct qp_err *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    if (!json_is_object(object)) {
        return qp_fail(err, QP_E_INPUT, "\"%s\" must be an object", where);
    }
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const struct member *member = members;
        while (member->name != NULL && strcmp(member->name, name) != 0) {
            member++;
        }
        if (member->name == NULL) {
            return qp_fail(err, QP_E_INPUT, "there is no member \"%.60s\" in \"%s\"", name, where);
        }
        enum qp_code rc = check_member(member, value, err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    return QP_OK;
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

enum qp_code qp_dds_check_operator(const json_t *object, struct qp_err *err)
{
    enum qp_code rc = check_object(object, statement, "the operator's file", err);
    if (rc != QP_OK) {
        return rc;
    }
    const char *identifier = text_at(
        json_object_get(json_object_get(object, "representedOperator"), "operatorReferenceNumber"),
        "identifierType");
    if (identifier[0] != '\0' && strcmp(identifier, "eori") != 0 &&
        strcmp(text_at(object, "activityType"), "DOMESTIC") != 0) {
        return qp_fail(err, QP_E_INPUT,
                       "\"identifierType\" must be eori: import and export want the EORI number");
    }
    if ((json_object_get(object, "supplementaryUnit") == NULL) !=
        (json_object_get(object, "supplementaryUnitQualifier") == NULL)) {
        return qp_fail(err, QP_E_INPUT,
                       "\"supplementaryUnit\" and \"supplementaryUnitQualifier\" go together");
    }
    return QP_OK;
}
