/* Amounts in units of a scale, in the JSON of a draft. */
#ifndef QP_ISSUE_AMOUNTS_H
#define QP_ISSUE_AMOUNTS_H

#include "wire/wire.h"

#include <jansson.h>

/* Wherever a Quantity stands in the JSON of the message, or the part of a plot in a harvest, write
 * {"amount": "12.5", "unit": "qq"} as {"grams": 575000}. What stands there already in grams stays.
 * Changes the JSON. QP_E_INPUT names the place: grams as well, an unknown unit, no decimal number,
 * no whole number of grams. QP_E_MEMORY. */
enum qp_code qp_amounts_to_grams(const struct qp_message_rule *rule, json_t *json,
                                 struct qp_err *err) QP_MUST_USE;

#endif
