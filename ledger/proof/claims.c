#include "proof/verdict.h"

#include "core/check.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

enum qp_code qp_claim_add(struct qp_claims *claims, struct qp_arena *arena, const char *name,
                          bool required, struct qp_claim **claim, struct qp_err *err)
{
    struct qp_claim *made = qp_arena_alloc_zero(arena, 1, sizeof *made);
    const char *copy = qp_arena_text(arena, qp_span_text(name));
    if (made == NULL || copy == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a claim");
    }
    *made = (struct qp_claim){.name = copy,
                              .required = required,
                              .result = QP_PASS,
                              .numbers = json_object(),
                              .reasons = json_array()};
    made->incomplete = made->numbers == NULL || made->reasons == NULL;
    *(claims->last != NULL ? &claims->last->next : &claims->first) = made;
    claims->last = made;
    *claim = made;
    return QP_OK;
}

void qp_claim_number(struct qp_claim *claim, const char *name, uint64_t value)
{
    json_int_t told = value < (uint64_t)QP_NUMBER_MAX ? (json_int_t)value : QP_NUMBER_MAX;
    if (json_object_set_new(claim->numbers, name, json_integer(told)) != 0) {
        claim->incomplete = true;
    }
}

void qp_claim_reason(struct qp_claim *claim, enum qp_result result, const char *format, ...)
{
    char text[512];
    va_list arguments;
    if (result == QP_FAIL || (result == QP_NOT_SHOWN && claim->result == QP_PASS)) {
        claim->result = result;
    }
    if (json_array_size(claim->reasons) >= QP_REASONS_MAX) {
        claim->more++;
        return;
    }
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0) {
        text[0] = '\0';
    }
    va_end(arguments);
    size_t len = strlen(text); /* a cut inside a character would not be JSON */
    while (len > 0 && !qp_utf8_check(qp_span_of(text, len))) {
        len--;
    }
    if (json_array_append_new(claim->reasons, json_stringn(text, len)) != 0) {
        claim->incomplete = true;
    }
}

bool qp_claims_passed(const struct qp_claims *claims)
{
    for (const struct qp_claim *claim = claims->first; claim != NULL; claim = claim->next) {
        if (claim->incomplete || (claim->required && claim->result != QP_PASS)) {
            return false;
        }
    }
    return true;
}

static json_t *claim_to_json(const struct qp_claim *claim)
{
    static const char *const results[] = {"PASS", "FAIL", "NOT SHOWN"};
    json_t *reasons = claim->incomplete ? NULL : json_copy(claim->reasons);
    if (reasons != NULL && claim->more > 0 &&
        json_array_append_new(reasons, json_sprintf("and %zu more", claim->more)) != 0) {
        json_decref(reasons);
        reasons = NULL;
    }
    return json_pack("{s:s, s:s, s:b, s:O, s:o}", "name", claim->name, "result",
                     results[claim->result], "required", claim->required ? 1 : 0, "numbers",
                     claim->numbers, "reasons", reasons);
}

json_t *qp_claims_json(const struct qp_claims *claims)
{
    json_t *list = json_array();
    for (const struct qp_claim *claim = claims->first; list != NULL && claim != NULL;
         claim = claim->next) {
        if (json_array_append_new(list, claim_to_json(claim)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

void qp_claims_wipe(struct qp_claims *claims)
{
    for (struct qp_claim *claim = claims->first; claim != NULL; claim = claim->next) {
        json_decref(claim->numbers);
        json_decref(claim->reasons);
    }
    *claims = (struct qp_claims){0};
}
