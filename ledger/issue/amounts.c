#include "issue/amounts.h"

#include "core/check.h"
#include "issue/units.h"

#include <stdio.h>
#include <string.h>

#define GRAMS_MAX UINT64_C(1000000000000000) /* as common.proto marks a quantity */
#define MILLION UINT64_C(1000000)

static enum qp_code not_a_number(struct qp_err *err)
{
    return qp_fail(
        err, QP_E_INPUT,
        "amount is a decimal number of at most six decimals in a text, such as \"12.5\"");
}

/* "12.5": digits, at most one point between digits, at most six decimals. */
static enum qp_code read_amount(const char *text, size_t len, uint64_t *whole, uint64_t *millionths,
                                struct qp_err *err)
{
    uint64_t unit = MILLION; /* of the last decimal read */
    bool point = false;
    *whole = 0;
    *millionths = 0;
    if (len == 0) {
        return not_a_number(err);
    }
    for (size_t i = 0; i < len; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (text[i] == '.' && !point && i > 0 && i + 1 < len) {
            point = true;
            continue;
        }
        if (!digit || unit == 1) {
            return not_a_number(err);
        }
        if (point) {
            unit /= 10;
            *millionths += (uint64_t)(text[i] - '0') * unit;
        } else if (*whole <= GRAMS_MAX) { /* more is too much, however much more */
            *whole = 10 * *whole + (uint64_t)(text[i] - '0');
        }
    }
    return QP_OK;
}

static enum qp_code convert(json_t *json, struct qp_err *err)
{
    const json_t *amount = json_object_get(json, "amount");
    const json_t *word = json_object_get(json, "unit");
    const struct qp_unit *unit = NULL;
    char quoted[64];
    char shown[24];
    uint64_t whole = 0;
    uint64_t millionths = 0;
    uint64_t grams = 0;
    if (amount == NULL && word == NULL) {
        return QP_OK;
    }
    if (json_object_get(json, "grams") != NULL) {
        return qp_fail(err, QP_E_INPUT, "grams and an amount say the same thing; give one of them");
    }
    if (amount == NULL || !json_is_string(word)) {
        return qp_fail(err, QP_E_INPUT,
                       "an amount has a unit beside it: {\"amount\": \"12.5\", \"unit\": \"qq\"}");
    }
    if (!json_is_string(amount)) {
        return not_a_number(err);
    }
    const char *text = json_string_value(amount);
    enum qp_code rc = read_amount(text, json_string_length(amount), &whole, &millionths, err);
    if (rc == QP_OK) {
        struct qp_span span = qp_span_of(json_string_value(word), json_string_length(word));
        bool plain = span.len < sizeof shown - 2 && qp_class_check(QP_CLASS_CODE, span);
        (void)snprintf(shown, sizeof shown, plain ? "\"%s\"" : "given", json_string_value(word));
        rc = qp_unit_find(span, shown, &unit, err);
    }
    if (rc == QP_OK) {
        (void)snprintf(quoted, sizeof quoted, "amount %.30s %s", text, unit->word);
        rc = qp_unit_grams(unit, whole, millionths, GRAMS_MAX, quoted, &grams, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    (void)json_object_del(json, "amount");
    (void)json_object_del(json, "unit");
    return json_object_set_new(json, "grams", json_integer((json_int_t)grams)) == 0
               ? QP_OK
               : qp_fail(err, QP_E_MEMORY, "no memory for JSON");
}

static enum qp_code convert_list(const struct qp_message_rule *rule, json_t *list,
                                 struct qp_err *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        enum qp_code rc = qp_amounts_to_grams(rule, json_array_get(list, i), err);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "%zu", i);
        }
    }
    return QP_OK;
}

/* No deeper than the messages are nested: at most four. */
enum qp_code qp_amounts_to_grams(const struct qp_message_rule *rule, json_t *json,
                                 struct qp_err *err)
{
    if (!json_is_object(json)) {
        return QP_OK; /* the decoder says what is wrong with it */
    }
    if (rule == &qp_rule_quantity || rule == &qp_rule_harvest_origin) {
        return convert(json, err);
    }
    for (unsigned i = 0; i < rule->descriptor->n_fields; i++) {
        const struct qp_field_rule *field = &rule->fields[i];
        json_t *child = json_object_get(json, field->name);
        if (field->message == NULL || child == NULL) {
            continue;
        }
        enum qp_code rc = json_is_array(child) ? convert_list(field->message, child, err)
                                               : qp_amounts_to_grams(field->message, child, err);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "%s", field->name);
        }
    }
    return QP_OK;
}
