/* A ledger's operator: opens a ledger from opening.qst, appends records.qst, and checks each
 * receipt as a stranger would who has nothing but the log's vkey: ledger VKEY. */
#include <quipu/issue.h>
#include <quipu/log.h>
#include <stdio.h>
#include <stdlib.h>
#define MUST(call) ((call) == QP_OK ? (void)0 : (puts(err.text), exit(EXIT_FAILURE)))
static struct qp_err err;

static enum qp_code feed(void *file, uint8_t *bytes, size_t len, size_t *got, struct qp_err *why)
{
    *got = fread(bytes, 1, len, file);
    return ferror((FILE *)file) ? qp_fail(why, QP_E_IO, "cannot read the records") : QP_OK;
}

static enum qp_code check(void *policy, const struct qp_submitted *told, struct qp_err *why)
{
    if (told->code != QP_OK) {
        return qp_fail(why, told->code, "record %d: %s", (int)told->record, told->err->text);
    }
    struct qp_tlog_proof proof;
    struct qp_checkpoint checkpoint;
    struct qp_hash leaf;
    struct qp_buf entry = {0};
    enum qp_code rc = qp_tlog_proof_decode(told->receipt, &proof, &entry, why);
    if (rc == QP_OK) {
        qp_hash_leaf(&leaf, proof.extra);
        rc = qp_tlog_proof_check(&proof, &leaf, policy, &checkpoint, NULL, why);
    }
    qp_buf_wipe(&entry);
    return rc;
}

int main(int argc, char **argv)
{
    char opening[4096], policy_text[512];
    struct qp_key *key;
    struct qp_policy *policy;
    struct qp_log *log;
    FILE *file = fopen("opening.qst", "rb"), *records = fopen("records.qst", "rb");
    if (argc != 2 || file == NULL || records == NULL) {
        return EXIT_FAILURE;
    }
    struct qp_span first = qp_span_of(opening, fread(opening, 1, sizeof opening, file));
    struct qp_source source = {records, feed, NULL};
    snprintf(policy_text, sizeof policy_text, "log %s\nquorum none\n", argv[1]);
    MUST(qp_init(&err));
    MUST(qp_policy_new(qp_span_text(policy_text), &policy, &err));
    struct qp_submit_sink sink = {.context = policy, .done = check};
    MUST(qp_key_file_open("log.key", NULL, &key, &err));
    struct qp_log_options options = {.mode = QP_LOG_WRITE, .log_key = key};
    MUST(qp_log_create("ledger", first, &options, &err));
    MUST(qp_log_open("ledger", &options, &log, &err));
    MUST(qp_log_submit(log, &source, &sink, &err));
    printf("%d entries, each new one checked\n", (int)qp_log_size(log));
    qp_log_close(log);
    qp_policy_free(policy);
    qp_key_free(key);
}
