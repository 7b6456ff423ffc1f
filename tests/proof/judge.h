/* What the verifier says of a bundle, for tests. */
#ifndef QP_TESTS_PROOF_JUDGE_H
#define QP_TESTS_PROOF_JUDGE_H

#include "season.h"

struct judged {
    enum qp_code code; /* not QP_OK: no verdict at all */
    bool passed;
    enum qp_result results[8];
    char text[16384]; /* the verdict as JSON, or the error */
};

static inline struct judged judge_with(struct qp_span file, const struct qp_trust *trust,
                                       const struct qp_bundle_options *options)
{
    static const char *const names[] = {"PASS", "FAIL", "NOT SHOWN"};
    struct judged judged = {.code = QP_OK};
    struct qp_verdict *verdict = NULL;
    struct qp_err why;
    struct qp_buf text = {0};
    json_t *json = NULL;
    qp_err_init(&why);
    judged.code = qp_bundle_judge(file, trust, options, &verdict, &why);
    if (judged.code != QP_OK) {
        assert_true(why.text[0] != '\0');
        snprintf(judged.text, sizeof judged.text, "%s", why.text);
        return judged;
    }
    assert_ok(qp_verdict_json(verdict, 0, &text, err));
    assert_ok(qp_json_parse(qp_span_buf(&text), &json, err));
    json_t *lines = json_object_get(json, "lines");
    assert_int_equal(json_array_size(lines), 8);
    for (size_t i = 0; i < 8; i++) {
        const char *result = json_string_value(json_object_get(json_array_get(lines, i), "result"));
        for (int k = 0; k < 3; k++) {
            if (strcmp(result, names[k]) == 0) {
                judged.results[i] = (enum qp_result)k;
            }
        }
        if (judged.results[i] != QP_PASS) { /* whatever does not pass says why */
            assert_true(json_array_size(json_object_get(json_array_get(lines, i), "reasons")) > 0);
        }
    }
    judged.passed = qp_verdict_passed(verdict);
    assert_int_equal(judged.passed,
                     strcmp(json_string_value(json_object_get(json, "verdict")), "PASS") == 0);
    snprintf(judged.text, sizeof judged.text, "%.*s", (int)text.len, (const char *)text.data);
    json_decref(json);
    qp_buf_wipe(&text);
    qp_verdict_free(verdict);
    return judged;
}

/* Threads end in any order; this is the least likely one. */
static inline void run_backwards(void *context, void (*item)(void *task, size_t at), void *task,
                                 size_t count)
{
    (void)context;
    while (count > 0) {
        item(task, --count);
    }
}

/* Judged alone, and with checks that are spread and statements that are known: the verdict is the
 * same, whatever was judged before. */
static inline struct judged judge_file(struct qp_span file, const struct qp_trust *trust)
{
    static struct qp_known *known; /* by all tests of a program */
    const struct qp_executor executor = {.run = run_backwards};
    struct qp_bundle_options options = {.now_ms = FORGE_NOW_MS};
    struct judged alone = judge_with(file, trust, &options);
    if (known == NULL) {
        assert_ok(qp_known_new(&known, err));
    }
    options.executor = &executor;
    options.known = known;
    struct judged spread = judge_with(file, trust, &options);
    assert_int_equal(spread.code, alone.code);
    assert_string_equal(spread.text, alone.text);
    return alone;
}

/* The line has this result, and the verdict's text holds these words. */
static inline void expect(const struct judged *judged, size_t line, enum qp_result result,
                          const char *words)
{
    if (judged->code != QP_OK || judged->results[line] != result ||
        strstr(judged->text, words) == NULL) {
        fail_msg("line %zu, \"%s\" wanted: %s", line, words, judged->text);
    }
    if (result != QP_PASS && line < 6) {
        assert_false(judged->passed);
    }
}

/* Lines of the verdict. */
enum { AUTHENTIC, AUTHORISED, UNBROKEN, CONSERVED, LOCATED, FOREST, LEGAL, CURRENT };

/* The season with a forger's hand in it, under a policy with further members (forge_trust). */
static inline struct judged judge_under(const struct season_steps *steps, const char *more)
{
    static struct forge forge;
    season_make(&forge, steps);
    struct qp_trust *trust = forge_trust(&forge, more);
    struct judged judged =
        judge_file(forge_file(&forge, forge_bundle(&forge, "exporter/S-1")), trust);
    qp_trust_free(trust);
    forge_wipe(&forge);
    return judged;
}

static inline struct judged judge_season(const struct season_steps *steps)
{
    return judge_under(steps, "");
}

#endif
