/* The verdict with evidence: tell_evidence BUNDLE POLICY. */
#include <quipu/proof.h>

#include <stdio.h>
#include <stdlib.h>

static struct qp_buf read_file(const char *path)
{
    struct qp_buf buf = {0};
    char part[4096];
    FILE *file = fopen(path, "rb");
    for (size_t got = 1; file != NULL && got > 0;) {
        got = fread(part, 1, sizeof part, file);
        if (qp_buf_add(&buf, qp_span_of(part, got), NULL) != QP_OK) {
            abort();
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return buf;
}

int main(int argc, char **argv)
{
    struct qp_err err;
    struct qp_trust *trust = NULL;
    struct qp_verdict *verdict = NULL;
    struct qp_buf json = {0};
    struct qp_buf bundle = read_file(argc == 3 ? argv[1] : "");
    struct qp_buf policy = read_file(argc == 3 ? argv[2] : "");
    enum qp_code rc = qp_init(&err);
    if (rc == QP_OK) {
        rc = qp_trust_new(qp_span_buf(&policy), &trust, &err);
    }
    if (rc == QP_OK) {
        rc = qp_bundle_evidence(qp_span_buf(&bundle), trust, 0, &verdict, &err);
    }
    if (rc == QP_OK) {
        rc = qp_verdict_json(verdict, 0, &json, &err);
    }
    if (rc == QP_OK) {
        printf("%.*s\n", (int)json.len, (const char *)json.data);
    } else {
        fprintf(stderr, "%s\n", err.text);
    }
    qp_verdict_free(verdict);
    qp_trust_free(trust);
    qp_buf_wipe(&json);
    qp_buf_wipe(&policy);
    qp_buf_wipe(&bundle);
    return rc == QP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
