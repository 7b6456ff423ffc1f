#include "note/tlog_proof.h"

#include "note/lines.h"

#include <inttypes.h>
#include <string.h>

#define FIRST_LINE "c2sp.org/tlog-proof@v1"

static enum qp_code check_checkpoint(struct qp_span bytes, struct qp_err *err)
{
    struct qp_note note;
    struct qp_checkpoint checkpoint;
    enum qp_code rc = qp_note_parse(bytes, &note, err);
    if (rc == QP_OK) {
        rc = qp_checkpoint_parse(note.text, &checkpoint, err);
    }
    return rc == QP_OK ? QP_OK : qp_prefix(err, rc, "checkpoint of a proof");
}

static enum qp_code add_lines(const struct qp_tlog_proof *proof, struct qp_buf *out,
                              struct qp_err *err)
{
    enum qp_code rc = qp_buf_add_text(out, FIRST_LINE "\n", err);
    if (rc == QP_OK && proof->extra.len > 0) {
        rc = qp_buf_add_text(out, "extra ", err);
        rc = rc == QP_OK ? qp_base64_line(out, proof->extra.data, proof->extra.len, err) : rc;
    }
    rc = rc == QP_OK ? qp_buf_addf(out, err, "index %" PRIu64 "\n", proof->leaf_index) : rc;
    for (size_t i = 0; rc == QP_OK && i < proof->path_count; i++) {
        rc = qp_base64_line(out, proof->path[i].bytes, sizeof proof->path[i].bytes, err);
    }
    rc = rc == QP_OK ? qp_buf_add_text(out, "\n", err) : rc;
    return rc == QP_OK ? qp_buf_add(out, proof->checkpoint, err) : rc;
}

enum qp_code qp_tlog_proof_write(const struct qp_tlog_proof *proof, struct qp_buf *out,
                                 struct qp_err *err)
{
    size_t before = out->len;
    if (proof->path_count > QP_MERKLE_PATH_MAX || proof->leaf_index >= QP_MERKLE_SIZE_MAX ||
        proof->extra.len > QP_TLOG_EXTRA_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "the proof's path, index or extra is out of bounds");
    }
    enum qp_code rc = add_lines(proof, out, err);
    if (rc != QP_OK) {
        out->len = before;
    }
    return rc;
}

enum qp_code qp_tlog_proof_encode(const struct qp_tlog_proof *proof, struct qp_buf *out,
                                  struct qp_err *err)
{
    enum qp_code rc = check_checkpoint(proof->checkpoint, err);
    return rc == QP_OK ? qp_tlog_proof_write(proof, out, err) : rc;
}

/* `line` is the one behind the first. When it holds extra, the next is taken in its place. */
static enum qp_code take_extra(struct qp_span *rest, struct qp_span *line, struct qp_buf *extra,
                               struct qp_err *err)
{
    struct qp_span base64 = *line;
    if (!qp_prefix_take(&base64, "extra ")) {
        return QP_OK;
    }
    enum qp_code rc = qp_base64_decode(extra, base64, err);
    if (rc != QP_OK) {
        return qp_prefix(err, rc, "extra of a proof");
    }
    if (extra->len == 0 || extra->len > QP_TLOG_EXTRA_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "the extra of a proof has 1 to %d bytes; this one has %zu",
                       QP_TLOG_EXTRA_BYTES_MAX, extra->len);
    }
    if (!qp_line_take(rest, line)) {
        return qp_fail(err, QP_E_INPUT, "the proof is cut short behind its extra");
    }
    return QP_OK;
}

/* Up to and with the empty line. */
static enum qp_code take_path(struct qp_span *rest, struct qp_tlog_proof *proof, struct qp_err *err)
{
    struct qp_span line;
    while (qp_line_take(rest, &line)) {
        if (line.len == 0) {
            return QP_OK;
        }
        if (proof->path_count == QP_MERKLE_PATH_MAX) {
            return qp_fail(err, QP_E_INPUT, "a proof has at most %d hashes", QP_MERKLE_PATH_MAX);
        }
        struct qp_hash *hash = &proof->path[proof->path_count];
        enum qp_code rc = qp_base64_exact(line, hash->bytes, sizeof hash->bytes, err);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "hash %zu of a proof", proof->path_count + 1);
        }
        proof->path_count++;
    }
    return qp_fail(err, QP_E_INPUT, "the proof is cut short: no empty line before its checkpoint");
}

enum qp_code qp_tlog_proof_decode(struct qp_span text, struct qp_tlog_proof *proof,
                                  struct qp_buf *extra_bytes, struct qp_err *err)
{
    struct qp_tlog_proof read = {.path_count = 0};
    struct qp_buf extra = {0};
    struct qp_span rest = text;
    struct qp_span line;
    if (text.len > QP_TLOG_PROOF_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "a proof has at most %zu bytes; this one has %zu",
                       QP_TLOG_PROOF_BYTES_MAX, text.len);
    }
    if (!qp_line_take(&rest, &line) || !qp_span_eq(line, qp_span_text(FIRST_LINE))) {
        return qp_fail(err, QP_E_INPUT, "not a log proof: it does not begin with " FIRST_LINE);
    }
    if (!qp_line_take(&rest, &line)) {
        return qp_fail(err, QP_E_INPUT, "the proof is cut short behind its first line");
    }
    enum qp_code rc = take_extra(&rest, &line, &extra, err);
    if (rc == QP_OK && (!qp_prefix_take(&line, "index ") ||
                        !qp_decimal_parse(line, QP_MERKLE_SIZE_MAX - 1, &read.leaf_index))) {
        rc = qp_fail(err, QP_E_INPUT, "the proof has no line of the form: index NUMBER");
    }
    if (rc == QP_OK) {
        rc = take_path(&rest, &read, err);
    }
    if (rc == QP_OK) {
        rc = check_checkpoint(rest, err);
    }
    if (rc != QP_OK) {
        qp_buf_wipe(&extra);
        return rc;
    }
    qp_buf_wipe(extra_bytes);
    *extra_bytes = extra;
    read.extra = qp_span_buf(extra_bytes);
    read.checkpoint = rest;
    *proof = read;
    return QP_OK;
}

enum qp_code qp_tlog_proof_check(const struct qp_tlog_proof *proof, const struct qp_hash *leaf,
                                 const struct qp_policy *policy, struct qp_checkpoint *checkpoint,
                                 struct qp_policy_result *result, struct qp_err *err)
{
    struct qp_checkpoint head;
    struct qp_policy_result found;
    enum qp_code rc = qp_policy_check(policy, proof->checkpoint, &head, &found, err);
    if (rc == QP_OK) {
        rc = qp_merkle_inclusion_check(proof->leaf_index, head.size, leaf, proof->path,
                                       proof->path_count, &head.root, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    *checkpoint = head;
    if (result != NULL) {
        *result = found;
    }
    return QP_OK;
}
