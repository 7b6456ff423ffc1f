/* The verdict as JSON, to be looked into. */
#ifndef QP_TESTS_PROOF_TOLD_H
#define QP_TESTS_PROOF_TOLD_H

#include "season.h"

/* Of a finished workshop, which is taken apart; line NULL: nothing is explained. */
static inline json_t *told_of(struct forge *forge, const Qp__Bundle *bundle, const char *more,
                              const char *line, size_t most)
{
    struct qp_trust *trust = forge_trust(forge, more);
    struct qp_span file = forge_file(forge, bundle);
    struct qp_verdict *verdict = NULL;
    struct qp_buf text = {0};
    json_t *json = NULL;
    assert_ok(line == NULL
                  ? qp_bundle_verify(file, trust, FORGE_NOW_MS, &verdict, err)
                  : qp_bundle_explain(file, trust, FORGE_NOW_MS, line, most, &verdict, err));
    assert_ok(qp_verdict_json(verdict, 0, &text, err));
    assert_ok(qp_json_parse(qp_span_buf(&text), &json, err));
    qp_buf_wipe(&text);
    qp_verdict_free(verdict);
    qp_trust_free(trust);
    forge_wipe(forge);
    return json;
}

static inline json_t *told_season(const struct season_steps *steps, const char *line, size_t most)
{
    static struct forge forge;
    season_make(&forge, steps);
    return told_of(&forge, forge_bundle(&forge, "exporter/S-1"), "", line, most);
}

static inline const char *told_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

static inline long long told_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_integer(value));
    return (long long)json_integer_value(value);
}

static inline const json_t *told_line(const json_t *verdict, const char *name)
{
    json_t *lines = json_object_get(verdict, "lines");
    for (size_t i = 0; i < json_array_size(lines); i++) {
        if (strcmp(told_text(json_array_get(lines, i), "name"), name) == 0) {
            return json_array_get(lines, i);
        }
    }
    fail_msg("no line %s", name);
    return NULL;
}

/* The value as compact JSON is this text, in which ' stands for ". */
static inline void told_is(const json_t *value, const char *text)
{
    char want[1024];
    snprintf(want, sizeof want, "%s", text);
    for (char *at = want; *at != '\0'; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(dump);
    assert_string_equal(dump, want);
    free(dump);
}

#endif
