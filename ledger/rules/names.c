#include "rules/rules_priv.h"

#include "core/check.h"

#include <string.h>

/* Names of a list mostly differ in their length or in their last letters. */
static uint32_t mark_of(const char *name)
{
    size_t len = strlen(name);
    size_t most = len < 3 ? len : 3;
    uint32_t mark = (uint32_t)len;
    for (size_t i = 0; i < most; i++) {
        mark = mark << 8U | (uint8_t)name[len - 1 - i];
    }
    return mark;
}

bool qp_names_add(struct qp_names *names, const char *name)
{
    uint32_t mark = mark_of(name);
    for (size_t i = 0; i < names->count; i++) {
        if (names->marks[i] == mark && strcmp(names->names[i], name) == 0) {
            return false;
        }
    }
    QP_ASSERT(names->count < QP_NAMES_MAX); /* the decoder caps every list */
    names->marks[names->count] = mark;
    names->names[names->count++] = name;
    return true;
}
