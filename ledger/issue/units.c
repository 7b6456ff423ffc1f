#include "issue/units.h"

#include "core/check.h"

#include <stdio.h>
#include <string.h>

const struct qp_unit qp_units[] = {
    {"kg", 1000, NULL},        {"g", 1, NULL}, {"t", 1000000, NULL},
    {"qq", 46000, "46"},       /* quintal: 100 Spanish pounds, as the coffee trade of Peru weighs */
    {"arroba", 11500, "11.5"}, /* a quarter of it */
    {"saco69", 69000, "69"},   /* export bag of coffee of Peru */
    {"saco60", 60000, "60"},   /* bag of the International Coffee Organization */
    {"caja", 18140, "18.14"},  /* export box of bananas: 40 pounds */
    {NULL, 0, NULL},
};

enum qp_code qp_unit_find(struct qp_span word, const char *quoted, const struct qp_unit **unit,
                          struct qp_err *err)
{
    char list[160] = "";
    size_t used = 0;
    for (const struct qp_unit *at = qp_units; at->word != NULL; at++) {
        if (qp_span_eq(word, qp_span_text(at->word))) {
            *unit = at;
            return QP_OK;
        }
        bool named = at->kilograms != NULL;
        int n =
            snprintf(list + used, sizeof list - used, "%s%s%s%s%s", used > 0 ? ", " : "", at->word,
                     named ? " (" : "", named ? at->kilograms : "", named ? " kg)" : "");
        QP_ASSERT(n > 0 && (size_t)n < sizeof list - used);
        used += (size_t)n;
    }
    return qp_fail(err, QP_E_INPUT, "unit %s is not known; there are: %s", quoted, list);
}

enum qp_code qp_unit_grams(const struct qp_unit *unit, uint64_t whole, uint64_t millionths,
                           uint64_t most, const char *quoted, uint64_t *grams, struct qp_err *err)
{
    QP_ASSERT(millionths < 1000000);
    uint64_t sum = 0;
    uint64_t part = millionths * unit->grams; /* below 10^12 */
    if (!qp_mul_u64(whole, unit->grams, &sum) || !qp_add_u64(sum, part / 1000000, &sum) ||
        sum > most) {
        return qp_fail(err, QP_E_INPUT, "%s is too large to be true", quoted);
    }
    if (part % 1000000 != 0) {
        return qp_fail(err, QP_E_INPUT, "%s is not a whole number of grams", quoted);
    }
    *grams = sum;
    return QP_OK;
}
