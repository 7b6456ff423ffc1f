/* An importer's program that links the verifier alone: verify BUNDLE POLICY. Exits 0 when every
 * line that the policy requires passes. */
#include <quipu/proof.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct qp_err err;

static enum qp_code read_file(const char *path, struct qp_buf *out)
{
    uint8_t bytes[65536];
    FILE *file = fopen(path, "rb");
    enum qp_code rc = file != NULL ? QP_OK : qp_fail(&err, QP_E_IO, "cannot open %s", path);
    while (rc == QP_OK && !feof(file)) {
        rc = qp_buf_add(out, qp_span_of(bytes, fread(bytes, 1, sizeof bytes, file)), &err);
        if (rc == QP_OK && ferror(file)) {
            rc = qp_fail(&err, QP_E_IO, "cannot read %s", path);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct qp_buf bundle = {0}, policy = {0}, json = {0};
    struct qp_trust *trust = NULL;
    struct qp_verdict *verdict = NULL;
    enum qp_code rc = argc == 3 ? qp_init(&err) : qp_fail(&err, QP_E_USAGE, "verify BUNDLE POLICY");
    if (rc == QP_OK && (rc = read_file(argv[1], &bundle)) == QP_OK &&
        (rc = read_file(argv[2], &policy)) == QP_OK &&
        (rc = qp_trust_new(qp_span_buf(&policy), &trust, &err)) == QP_OK &&
        (rc = qp_bundle_verify(qp_span_buf(&bundle), trust, (uint64_t)time(NULL) * 1000, &verdict,
                               &err)) == QP_OK) {
        rc = qp_verdict_json(verdict, 2, &json, &err);
    }
    if (rc == QP_OK) {
        printf("%.*s\n", (int)json.len, (const char *)json.data);
    } else {
        fprintf(stderr, "%s: %s\n", qp_code_name(rc), err.text);
    }
    bool passed = rc == QP_OK && qp_verdict_passed(verdict);
    qp_verdict_free(verdict);
    qp_trust_free(trust);
    qp_buf_wipe(&bundle);
    qp_buf_wipe(&policy);
    qp_buf_wipe(&json);
    return passed ? EXIT_SUCCESS : rc == QP_E_INPUT ? 3 : EXIT_FAILURE;
}
