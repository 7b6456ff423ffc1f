/* quipu verify: judge bundles offline. Files are opened first; then the process is confined to them
 * (confine.h), and everything is computed from the bytes, the policy and the time, by functions of
 * libquipu-verify alone. */
#include "confine.h"
#include "cores.h"
#include "identity.h"
#include "trust_file.h"
#include "verdict_text.h"

#include "core/alloc.h"
#include "core/check.h"
#include "core/time.h"
#include "host/clock.h"
#include "host/file.h"
#include "proof/explain.h"
#include "wire/json.h"

#include <quipu/proof.h>

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define EXPLAIN_MOST 40

/* A bundle of another ledger cannot be authentic; that is then the reason to tell, in the place of
 * what failed first. Which ledger it is of is the bundle's own word. */
static enum qp_code tell_other_ledger(struct qp_span bytes, const struct qp_trust *trust,
                                      const json_t *verdict)
{
    struct identity identity;
    struct qp_arena arena;
    Qp__Bundle *bundle = NULL;
    char its[65];
    char ours[65];
    json_t *authentic = json_array_get(json_object_get(verdict, "lines"), 0);
    json_t *reasons = json_object_get(authentic, "reasons");
    if (json_object_get(verdict, "checkpoint") != NULL || qp_policy_log_count(trust->log) == 0) {
        return QP_OK;
    }
    qp_arena_init(&arena, 0);
    bool other = qp_bundle_decode(bytes, &arena, &bundle, NULL) == QP_OK &&
                 identity_of_bundle(bundle, &identity, NULL) == QP_OK &&
                 !qp_hash_eq(&identity.ledger_id, &trust->ledger_id);
    qp_arena_wipe(&arena);
    if (!other) {
        return QP_OK;
    }
    qp_hash_hex(its, &identity.ledger_id);
    qp_hash_hex(ours, &trust->ledger_id);
    (void)json_array_clear(reasons);
    json_t *reason =
        json_sprintf("this bundle is of ledger %s (id %s); the policy trusts %s (id %s)",
                     identity.origin, its, qp_policy_log(trust->log, 0)->name, ours);
    return json_array_append_new(reasons, reason) == 0 ? QP_OK : QP_E_MEMORY;
}

/* What is printed, for people and for programs, is what the library says of the verdict. */
static enum qp_code tell(struct cli *cli, const char *path, struct qp_span bytes,
                         const struct qp_trust *trust, const struct qp_verdict *verdict,
                         struct qp_err *err)
{
    uint64_t size_bytes = bytes.len;
    struct qp_buf text = {0};
    json_t *json = NULL;
    enum qp_code rc = qp_verdict_json(verdict, 0, &text, err);
    if (rc == QP_OK) {
        rc = qp_json_parse(qp_span_buf(&text), &json, err);
    }
    if (rc == QP_OK && tell_other_ledger(bytes, trust, json) != QP_OK) {
        rc = qp_fail(err, QP_E_MEMORY, "no memory for the verdict");
    }
    if (rc == QP_OK && cli->json) {
        cli_json(cli, json_incref(json));
    } else if (rc == QP_OK) {
        rc = verdict_print(cli, path, size_bytes, json, err);
    }
    json_decref(json);
    qp_buf_wipe(&text);
    return rc;
}

/* ---- The command ---- */

struct request {
    const struct qp_trust *trust;
    struct qp_bundle_options options;
    unsigned threads;
};

/* A bundle, opened or not. */
struct input {
    const char *path;
    int fd;
    enum qp_code code;
    struct qp_err why; /* it was not */
};

/* Every file is opened before the first is read. */
static void open_inputs(struct input *inputs, const struct cli_operands *files)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max; /* as many as there may be; more are told of, one by one */
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (int i = 0; i < files->count; i++) {
        struct input *input = &inputs[i];
        *input = (struct input){.path = files->list[i], .fd = -1};
        input->code = qp_file_open(input->path, &input->fd, &input->why);
        if (input->code == QP_OK) { /* what is confined may no longer ask */
            input->code = qp_fd_fits(input->fd, input->path, QP_BUNDLE_BYTES_MAX, &input->why);
        }
    }
}

/* Bytes of one, which is closed. */
static enum qp_code read_input(struct input *input, struct qp_buf *bundle, struct qp_err *err)
{
    enum qp_code rc = input->code;
    if (rc == QP_OK) {
        rc = qp_fd_read_all(input->fd, input->path, QP_BUNDLE_BYTES_MAX, bundle, err);
    } else {
        *err = input->why;
    }
    if (input->fd > STDIN_FILENO) {
        (void)close(input->fd); /* it was only read */
    }
    return rc;
}

/* QP_E_INVALID without a text: judged, and the answer is no. */
static enum qp_code verify_one(struct cli *cli, struct input *input, const struct request *request,
                               struct qp_err *err)
{
    const char *path = input->path;
    const struct qp_trust *trust = request->trust;
    struct qp_buf bundle = {0};
    struct qp_verdict *verdict = NULL;
    enum qp_code rc = read_input(input, &bundle, err);
    if (rc == QP_OK) {
        rc = qp_bundle_judge(qp_span_buf(&bundle), trust, &request->options, &verdict, err);
        if (rc != QP_OK) {
            rc = bundle_failed(path, qp_span_buf(&bundle), rc, err);
        }
    }
    if (rc == QP_OK) {
        rc = tell(cli, path, qp_span_buf(&bundle), trust, verdict, err);
    }
    if (rc == QP_OK && !qp_verdict_passed(verdict)) {
        qp_err_init(err);
        rc = QP_E_INVALID;
    }
    qp_verdict_free(verdict);
    qp_buf_wipe(&bundle);
    return rc;
}

/* The worse of two outcomes: a machine that failed, then a file that is no bundle, then a no. */
static enum qp_code worse(enum qp_code a, enum qp_code b)
{
    return cli_exit(b) > cli_exit(a) ? b : a;
}

static enum qp_code verify_all(struct cli *cli, struct input *inputs, int count,
                               const struct request *request, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (int i = 0; i < count; i++) {
        if (i > 0 && !cli->json) {
            printf("\n");
        }
        qp_err_init(err);
        enum qp_code one = verify_one(cli, &inputs[i], request, err);
        cli_error(cli, err); /* silent when there is nothing to say */
        rc = worse(rc, one);
    }
    qp_err_init(err);
    return rc;
}

/* Threads share the checks of a bundle; a statement that stands in several is checked once. All
 * that is asked of the system is asked before the first byte of a bundle is read. */
static enum qp_code verify_on_all_cores(struct cli *cli, const struct cli_operands *files,
                                        struct request *request, struct qp_err *err)
{
    struct qp_pool *pool = NULL;
    struct qp_known *known = NULL;
    struct input *inputs = qp_alloc_zero((size_t)files->count, sizeof *inputs);
    enum qp_code rc =
        inputs == NULL ? qp_fail(err, QP_E_MEMORY, "no memory for a list of %d files", files->count)
                       : qp_pool_new(request->threads, &pool, err);
    if (rc == QP_OK && files->count > 1) {
        rc = qp_known_new(&known, err);
    }
    if (rc == QP_OK) {
        struct qp_executor executor = cores_executor(pool);
        request->options.executor = &executor;
        request->options.known = known;
        open_inputs(inputs, files);
        qp_pool_begin(pool);
        (void)confine_to_open_files();
        rc = verify_all(cli, inputs, files->count, request, err);
        request->options.executor = NULL; /* both end here */
        request->options.known = NULL;
    }
    qp_known_free(known);
    qp_pool_free(pool);
    qp_free(inputs);
    return rc;
}

/* A line that is none is told before any file is read. */
static enum qp_code check_explain(const char *explain, uint64_t limit, struct qp_err *err)
{
    enum qp_line line = QP_LINE_COUNT;
    if (explain == NULL) {
        return limit == UINT64_MAX
                   ? QP_OK
                   : qp_fail(err, QP_E_USAGE,
                             "verify: --limit is of the events that --explain LINE shows");
    }
    enum qp_code rc = qp_line_find(explain, &line, err);
    return rc == QP_OK ? rc : qp_prefix(err, rc, "verify: --explain");
}

enum qp_code cmd_verify(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const char *policy = NULL;
    const char *now = NULL;
    const char *explain = NULL;
    uint64_t limit = UINT64_MAX;
    uint64_t threads = 0;
    const struct cli_option options[] = {
        {'p', "policy", CLI_NEEDED, "FILE", &policy,
         "what the importer trusts and requires; see \"quipu policy new\""},
        {0, "now", CLI_TEXT, "TIME", &now,
         "judge as of TIME, such as 2026-11-30T12:00:00Z, in place of this machine's clock"},
        {0, "explain", CLI_TEXT, "LINE", &explain,
         "walk one line, such as unbroken, down to the events that carry it: their keys, hashes "
         "and what each gives to it; those that fail it first"},
        {0, "limit", CLI_NUMBER, "N", &limit,
         "explain by N events at most, 0 for all; 40 without it"},
        CORES_OPTION(threads),
    };
    const struct cli_spec spec = {
        .name = "verify",
        .operands = "BUNDLE...",
        .about = "Judge bundles offline by the importer's own policy, in eight lines, each PASS, "
                 "FAIL or NOT SHOWN with its numbers and reasons; what must not be in the goods "
                 "is told with its way to the shipment, and beyond the lines stand claims: "
                 "certificates, footprint, circular use. The exit status is 0 only when every line "
                 "and claim that the policy requires passes, for every bundle; 1 when the answer "
                 "is no; 3 when a file is not a bundle or not a policy.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = -1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_trust *trust = NULL;
    uint64_t now_ms = qp_now_ms();
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    if (now != NULL && qp_time_parse(qp_span_text(now), &now_ms, err) != QP_OK) {
        return qp_fail(err, QP_E_USAGE,
                       "verify: --now takes a time such as 2026-11-30T12:00:00Z, not \"%.60s\"",
                       now);
    }
    struct request request = {.options = {.now_ms = now_ms, .explain = explain}};
    rc = check_explain(explain, limit, err);
    rc = rc == QP_OK ? cores_threads(threads, &request.threads, err) : rc;
    if (rc == QP_OK) {
        rc = trust_file_read(policy, &trust, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    request.trust = trust;
    request.options.explain_most = (size_t)(limit == UINT64_MAX ? EXPLAIN_MOST : limit);
    rc = verify_on_all_cores(cli, &operands, &request, err);
    qp_trust_free(trust);
    return rc;
}
