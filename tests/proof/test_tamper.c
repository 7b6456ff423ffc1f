/* Every byte of a bundle is held by something. */
#include "judge.h"

static struct forge forge;
static struct qp_trust *trust;
static struct qp_span file;
/* Judged alone, and after every statement of the sound bundle has become known. */
static struct qp_bundle_options alone = {.now_ms = FORGE_NOW_MS};
static struct qp_bundle_options knowing = {.now_ms = FORGE_NOW_MS};

static int make(void **state)
{
    (void)state;
    season_make(&forge, &(struct season_steps){.last = NULL});
    trust = forge_trust(&forge, "");
    file = forge_file(&forge, forge_bundle(&forge, "exporter/S-1"));
    assert_ok(qp_known_new(&knowing.known, err));
    struct judged judged = judge_with(file, trust, &knowing);
    assert_true(judged.passed);
    judged = judge_file(file, trust);
    assert_true(judged.passed);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    qp_known_free(knowing.known);
    qp_trust_free(trust);
    forge_wipe(&forge);
    return 0;
}

static void refuses_every_single_byte_change(void **state)
{
    (void)state;
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    uint8_t *copy = malloc(file.len);
    assert_non_null(copy);
    for (size_t i = 0; i < file.len; i++) {
        for (size_t k = 0; k < sizeof flips; k++) {
            memcpy(copy, file.data, file.len);
            copy[i] ^= flips[k];
            struct judged judged =
                judge_with(qp_span_of(copy, file.len), trust, k == 1 ? &knowing : &alone);
            if (judged.code == QP_OK && judged.passed) {
                fail_msg("byte %zu with %02x flipped still passes", i, flips[k]);
            }
        }
    }
    free(copy);
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    for (size_t len = 0; len < file.len; len++) {
        /* A copy of its own, so that reading past the end is seen. */
        uint8_t *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, file.data, len);
        struct judged judged = judge_with(qp_span_of(copy, len), trust, &alone);
        assert_true(judged.code != QP_OK || !judged.passed);
        free(copy);
    }
}

static void refuses_appended_bytes(void **state)
{
    (void)state;
    uint8_t *longer = malloc(file.len + 64);
    assert_non_null(longer);
    memcpy(longer, file.data, file.len);
    for (size_t more = 1; more <= 64; more++) {
        for (int value = 0; value < 256; value += 51) {
            memset(longer + file.len, value, more);
            struct judged judged = judge_with(qp_span_of(longer, file.len + more), trust, &knowing);
            assert_true(judged.code != QP_OK || !judged.passed);
        }
    }
    free(longer);
}

static void says_when_memory_runs_out_and_leaks_nothing(void **state)
{
    (void)state;
    for (uint64_t n = 0;; n++) {
        struct qp_verdict *verdict = NULL;
        struct qp_err err;
        qp_alloc_fail_after(n);
        enum qp_code rc = qp_bundle_verify(file, trust, FORGE_NOW_MS, &verdict, &err);
        qp_alloc_fail_after(UINT64_MAX);
        if (rc == QP_OK) {
            assert_true(qp_verdict_passed(verdict));
            qp_verdict_free(verdict);
            break;
        }
        assert_int_equal(rc, QP_E_MEMORY);
        assert_null(verdict);
        assert_true(n < 100000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_every_single_byte_change),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_appended_bytes),
        cmocka_unit_test(says_when_memory_runs_out_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
