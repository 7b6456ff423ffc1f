/* Memory that runs out at every possible moment of walking, proving and judging: what comes back is
 * the answer that it is otherwise, or that there was no memory; never another answer. */
#include "trace/market.h"

#include <quipu/proof.h>

#include "core/alloc.h"

#include <jansson.h>

/* JSON asks the system for memory by functions that a program may set. */
static void *json_alloc(size_t size_bytes)
{
    return qp_alloc(size_bytes);
}

static int open_market(void **state)
{
    json_set_alloc_funcs(json_alloc, qp_free);
    return market_open(state);
}

static int close_market(void **state)
{
    qp_alloc_fail_after(UINT64_MAX);
    return market_close(state);
}

/* Do a job with more and more memory, until it has all it asks for. */
static void starve(const char *what, enum qp_code (*job)(void *context, struct qp_err *err),
                   void *context, uint64_t failures_least)
{
    uint64_t failures = 0;
    /* One by one at the start, where each way is new, and behind that some of many like these. */
    for (uint64_t n = 0;; n += n < 120 ? 1 : 1 + n / 25) {
        struct qp_err why = {0};
        uint64_t before = qp_alloc_count();
        qp_alloc_fail_after(n);
        enum qp_code rc = job(context, &why);
        qp_alloc_fail_after(UINT64_MAX);
        if (rc == QP_OK && qp_alloc_count() - before <= n) {
            break;
        }
        /* A string that jansson had no memory for is to it a token that is none. */
        bool is_token = rc == QP_E_INPUT && strstr(why.text, "not JSON at") != NULL;
        if (rc != QP_OK && rc != QP_E_MEMORY && !is_token) {
            fail_msg("%s after %llu allocations: %s (%s)", what, (unsigned long long)n, why.text,
                     qp_code_name(rc));
        }
        assert_true(rc == QP_OK || why.text[0] != '\0');
        failures += rc == QP_OK ? 0 : 1;
    }
    if (failures < failures_least) {
        fail_msg("%s ran out of memory %llu times only", what, (unsigned long long)failures);
    }
}

/* ---- Proving ---- */

struct proving {
    struct qp_log *log;
    struct qp_buf whole; /* the bundle with memory enough */
};

static enum qp_code prove(void *context, struct qp_err *err)
{
    const struct proving *proving = context;
    struct qp_buf out = {0};
    struct qp_prove_report report;
    enum qp_code rc =
        qp_prove(proving->log, "cafe-export/s1", QP_DISCLOSE_EUDR, &out, &report, err);
    if (rc == QP_OK) {
        assert_true(qp_span_eq(qp_span_buf(&out), qp_span_buf(&proving->whole)));
    } else {
        assert_int_equal(out.len, 0);
    }
    qp_buf_wipe(&out);
    return rc;
}

static void a_bundle_is_whole_or_is_not(void **state)
{
    struct proving proving = {.log = *state};
    struct qp_prove_report report;
    assert_ok(qp_prove(*state, "cafe-export/s1", QP_DISCLOSE_EUDR, &proving.whole, &report, err));
    starve("prove", prove, &proving, 50);
    qp_buf_wipe(&proving.whole);
}

/* ---- Walking ---- */

static enum qp_code count_step(void *context, const struct qp_trace_step *step, struct qp_err *err)
{
    (void)step;
    (void)err;
    (*(size_t *)context)++;
    return QP_OK;
}

static enum qp_code count_taint(void *context, const struct qp_taint *taint, struct qp_err *err)
{
    (void)taint;
    (void)err;
    (*(size_t *)context)++;
    return QP_OK;
}

struct walking {
    struct qp_log *log;
    size_t steps[3];
};

static enum qp_code walk(void *context, struct qp_err *err)
{
    struct walking *walking = context;
    size_t steps[3] = {0};
    enum qp_code rc = qp_trace_walk(walking->log, "cafe-export/s1", QP_TRACE_UPSTREAM, count_step,
                                    &steps[0], err);
    rc = rc == QP_OK ? qp_trace_walk(walking->log, "coop-norte/P1", QP_TRACE_DOWNSTREAM, count_step,
                                     &steps[1], err)
                     : rc;
    rc = rc == QP_OK ? qp_taint(walking->log, NULL, "cafe-export/s1", count_taint, &steps[2], err)
                     : rc;
    if (rc == QP_OK && walking->steps[0] == 0) {
        memcpy(walking->steps, steps, sizeof steps);
    }
    if (rc == QP_OK) {
        assert_memory_equal(steps, walking->steps, sizeof steps);
    }
    return rc;
}

static void a_walk_is_complete_or_fails(void **state)
{
    struct walking walking = {.log = *state};
    assert_ok(walk(&walking, err));
    assert_true(walking.steps[0] > 5 && walking.steps[1] > 5);
    starve("walk", walk, &walking, 10);
}

/* ---- Judging ---- */

struct judging {
    struct qp_buf bundle;
    struct qp_buf policy;
    struct qp_trust *trust;
    struct qp_buf verdict; /* as JSON, with memory enough */
    const char *line;      /* to explain; NULL: evidence */
};

static enum qp_code judge(void *context, struct qp_err *err)
{
    struct judging *judging = context;
    const struct qp_trust *trust = judging->trust;
    struct qp_verdict *verdict = NULL;
    struct qp_buf text_out = {0};
    struct qp_span bundle = qp_span_buf(&judging->bundle);
    enum qp_code rc =
        judging->line == NULL
            ? qp_bundle_evidence(bundle, trust, SEASON_NOW_MS, &verdict, err)
            : qp_bundle_explain(bundle, trust, SEASON_NOW_MS, judging->line, 0, &verdict, err);
    assert_true((rc == QP_OK) == (verdict != NULL));
    rc = rc == QP_OK ? qp_verdict_json(verdict, 0, &text_out, err) : rc;
    if (rc == QP_OK && judging->verdict.len == 0) {
        rc = qp_buf_add(&judging->verdict, qp_span_buf(&text_out), err);
    }
    if (rc == QP_OK && !qp_span_eq(qp_span_buf(&text_out), qp_span_buf(&judging->verdict))) {
        fail_msg("another verdict: %.*s", (int)text_out.len, (const char *)text_out.data);
    }
    qp_buf_wipe(&text_out);
    qp_verdict_free(verdict);
    return rc;
}

static enum qp_code read_policy(void *context, struct qp_err *err)
{
    const struct judging *judging = context;
    struct qp_trust *trust = NULL;
    enum qp_code rc = qp_trust_new(qp_span_buf(&judging->policy), &trust, err);
    assert_true((rc == QP_OK) == (trust != NULL));
    qp_trust_free(trust);
    return rc;
}

/* A policy that asks for everything that a policy can, so that everything is judged. */
static void write_policy(struct qp_buf *policy)
{
    char vkey_text[QP_VKEY_TEXT_BYTES];
    struct qp_vkey vkey;
    struct qp_public_key key;
    qp_key_public(market.folder.season.log_key, &key);
    assert_ok(qp_vkey_init(&vkey, qp_span_text(SEASON_ORIGIN), QP_VKEY_NOTE, &key, err));
    qp_vkey_format(&vkey, vkey_text);
    assert_ok(qp_buf_addf(
        policy, err,
        "{\"policy\":\"quipu/policy/v1\",\"ledger_id\":\"%s\",\"log\":[\"log %s\",\"quorum none\"],"
        "\"assessors\":[{\"party\":\"geo-andes\"}],\"cut_off\":\"2020-12-31\","
        "\"require\":[\"authentic\",\"authorised\",\"unbroken\",\"conserved\",\"located\","
        "\"deforestation-free\",\"legal\",\"current\",\"footprint\",\"circular\","
        "\"certificate:eu-organic\"]}",
        hex(market.folder.season.ledger_id.bytes, 32), vkey_text));
}

static void a_verdict_is_the_same_or_is_not(void **state)
{
    static const char *const lines[] = {NULL,      "authentic",          "unbroken", "conserved",
                                        "located", "deforestation-free", "legal"};
    struct judging judging = {0};
    struct qp_prove_report report;
    assert_ok(qp_prove(*state, "cafe-export/s1", QP_DISCLOSE_EUDR, &judging.bundle, &report, err));
    write_policy(&judging.policy);
    starve("policy", read_policy, &judging, 50);
    assert_ok(qp_trust_new(qp_span_buf(&judging.policy), &judging.trust, err));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        judging.line = lines[i];
        judging.verdict.len = 0;
        assert_ok(judge(&judging, err));
        assert_true(judging.verdict.len > 500);
        starve(lines[i] != NULL ? lines[i] : "evidence", judge, &judging, 150);
    }
    qp_trust_free(judging.trust);
    qp_buf_wipe(&judging.bundle);
    qp_buf_wipe(&judging.policy);
    qp_buf_wipe(&judging.verdict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_is_whole_or_is_not),
        cmocka_unit_test(a_walk_is_complete_or_fails),
        cmocka_unit_test(a_verdict_is_the_same_or_is_not),
    };
    return cmocka_run_group_tests(tests, open_market, close_market);
}
