/* A bundle, judged under a fixed policy: there is a verdict or a refusal, and only the example
 * itself can pass as authentic. */
#include "fuzz/fuzz.h"

#include <quipu/proof.h>

#include <stdio.h>

#define NOW_MS UINT64_C(1785686400000)

static struct qp_buf read_file(const char *path)
{
    struct qp_buf buf = {0};
    FILE *file = fopen(path, "rb");
    uint8_t part[4096];
    HOLDS(file != NULL);
    for (size_t got = 1; got > 0;) {
        got = fread(part, 1, sizeof part, file);
        HOLDS(qp_buf_add(&buf, qp_span_of(part, got), NULL) == QP_OK);
    }
    fclose(file);
    return buf;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct qp_trust *trust;
    static struct qp_buf good;
    static const char *const lines[] = {"authentic", "authorised",         "unbroken", "conserved",
                                        "located",   "deforestation-free", "legal",    "current"};
    struct qp_verdict *verdict = NULL;
    struct qp_span in = qp_span_of(data, size);
    if (trust == NULL) {
        struct qp_buf policy = read_file(QP_SOURCE_DIR "/tests/vectors/policy.json");
        HOLDS(qp_init(NULL) == QP_OK);
        HOLDS(qp_trust_new(qp_span_buf(&policy), &trust, NULL) == QP_OK);
        qp_buf_wipe(&policy);
        good = read_file(QP_SOURCE_DIR "/tests/fuzz/corpus/verify/example");
    }
    enum qp_code rc = qp_bundle_verify(in, trust, NOW_MS, &verdict, NULL);
    HOLDS(rc == QP_OK || rc == QP_E_INPUT);
    HOLDS((rc == QP_OK) == (verdict != NULL));
    if (rc == QP_OK) {
        struct qp_buf text = {0};
        HOLDS(qp_verdict_json(verdict, 0, &text, NULL) == QP_OK && text.len > 0);
        HOLDS(!qp_verdict_passed(verdict) || qp_span_eq(in, qp_span_buf(&good)));
        for (size_t i = 0; i < qp_verdict_plot_count(verdict); i++) {
            HOLDS(qp_verdict_plot(verdict, i) != NULL);
        }
        qp_buf_wipe(&text);
    }
    qp_verdict_free(verdict);
    verdict = NULL;
    HOLDS(qp_bundle_explain(in, trust, NOW_MS, lines[size % 8], 0, &verdict, NULL) == rc);
    qp_verdict_free(verdict);
    return 0;
}
