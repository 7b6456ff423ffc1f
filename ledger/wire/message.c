/* The typed doors to the decoder, the encoder, and the framing of files. */
#include "wire/wire.h"

#include "core/check.h"

#include <string.h>

enum qp_code qp_wire_encode(const struct qp_message_rule *rule, const void *message,
                            struct qp_arena *arena, struct qp_buf *out, struct qp_err *err)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    enum qp_code rc = qp_buf_reserve(out, size, err);
    if (rc != QP_OK) {
        return rc;
    }
    uint8_t *at = out->data + out->len;
    size_t written = protobuf_c_message_pack(message, at);
    QP_ASSERT(written == size);
    ProtobufCMessage *again = NULL;
    rc = qp_wire_decode(rule, qp_span_of(at, size), arena, &again, err);
    if (rc == QP_OK) {
        out->len += size;
    }
    return rc;
}

static enum qp_code cap(struct qp_span in, size_t most, const char *what, struct qp_err *err)
{
    if (in.len == 0 || in.len > most) {
        return qp_fail(err, QP_E_INPUT, "%s is %zu bytes; 1 to %zu are allowed", what, in.len,
                       most);
    }
    return QP_OK;
}

enum qp_code qp_event_decode(struct qp_span in, struct qp_arena *arena, Qp__Event **event,
                             struct qp_err *err)
{
    enum qp_code rc = cap(in, QP_EVENT_BYTES_MAX, "event", err);
    return rc == QP_OK ? qp_wire_decode(&qp_rule_event, in, arena, event, err) : rc;
}

enum qp_code qp_statement_decode(struct qp_span in, struct qp_arena *arena,
                                 Qp__Statement **statement, struct qp_err *err)
{
    enum qp_code rc = cap(in, QP_STATEMENT_BYTES_MAX, "statement", err);
    return rc == QP_OK ? qp_wire_decode(&qp_rule_statement, in, arena, statement, err) : rc;
}

enum qp_code qp_entry_decode(struct qp_span in, struct qp_arena *arena, Qp__Entry **entry,
                             struct qp_err *err)
{
    enum qp_code rc = cap(in, QP_ENTRY_BYTES_MAX, "entry", err);
    return rc == QP_OK ? qp_wire_decode(&qp_rule_entry, in, arena, entry, err) : rc;
}

void qp_content_hash(const Qp__SealedContent *content, struct qp_hash *hash)
{
    struct qp_salt salt;
    QP_ASSERT(content->salt.len == sizeof salt.bytes); /* as its mark requires */
    memcpy(salt.bytes, content->salt.data, sizeof salt.bytes);
    qp_hash_sealed(hash, &salt, qp_span_bytes(content->content));
}

_Static_assert(sizeof QP_SUBMISSION_MAGIC - 1 + 4 == QP_SUBMISSION_HEAD_BYTES, "head of a record");

/* The name of the program that packed it, or NULL. Nothing is ever unpacked here: a file of some
 * bytes could unpack to a disk full of them. */
static const char *packed_by(struct qp_span in)
{
    static const struct {
        const char *name;
        const char *begin;
        size_t len;
    } packers[] = {{"gzip", "\x1f\x8b", 2},
                   {"zip", "PK\x03\x04", 4},
                   {"zstd", "\x28\xb5\x2f\xfd", 4},
                   {"xz",
                    "\xfd"
                    "7zXZ",
                    5},
                   {"bzip2", "BZh", 3}};
    for (size_t i = 0; i < QP_COUNT(packers); i++) {
        if (in.len >= packers[i].len && memcmp(in.data, packers[i].begin, packers[i].len) == 0) {
            return packers[i].name;
        }
    }
    return NULL;
}

/* Says whether it is another version of ours, or another file altogether. */
static enum qp_code check_magic(struct qp_span in, const char *magic, const char *what,
                                struct qp_err *err)
{
    size_t len = strlen(magic);
    if (in.len >= len && memcmp(in.data, magic, len) == 0) {
        return QP_OK;
    }
    size_t family = len - 2; /* up to the version's number */
    if (in.len > family && memcmp(in.data, magic, family) == 0) {
        return qp_fail_at(err, QP_E_INPUT, 0,
                          "a %s of a version that this program does not know; version 1 is read "
                          "here, a newer program may read it",
                          what);
    }
    if (packed_by(in) != NULL) {
        return qp_fail_at(err, QP_E_INPUT, 0,
                          "not a %s file but one that %s has packed; unpack it first and give what "
                          "was in it",
                          what, packed_by(in));
    }
    return qp_fail_at(err, QP_E_INPUT, 0, "not a %s file: it does not begin with \"%.*s\"", what,
                      (int)(len - 1), magic);
}

enum qp_code qp_submission_head(struct qp_span head, size_t *record_bytes, struct qp_err *err)
{
    enum qp_code rc = check_magic(head, QP_SUBMISSION_MAGIC, "submission", err);
    if (rc != QP_OK) {
        return rc;
    }
    if (head.len < QP_SUBMISSION_HEAD_BYTES) {
        return qp_fail_at(err, QP_E_INPUT, head.len, "submission ends inside its first bytes");
    }
    uint32_t len = qp_load_be32(head.data + sizeof QP_SUBMISSION_MAGIC - 1);
    if (len == 0 || len > QP_SUBMISSION_BYTES_MAX) {
        return qp_fail_at(err, QP_E_INPUT, sizeof QP_SUBMISSION_MAGIC - 1,
                          "submission says it has %u bytes; 1 to %d are allowed", len,
                          QP_SUBMISSION_BYTES_MAX);
    }
    *record_bytes = QP_SUBMISSION_HEAD_BYTES + (size_t)len;
    return QP_OK;
}

enum qp_code qp_submission_decode(struct qp_span in, struct qp_arena *arena,
                                  Qp__Submission **submission, size_t *used, struct qp_err *err)
{
    size_t size = 0;
    enum qp_code rc = qp_submission_head(in, &size, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (size > in.len) {
        return qp_fail_at(err, QP_E_INPUT, in.len,
                          "submission is cut off: %zu bytes are there of %zu", in.len, size);
    }
    struct qp_span body =
        qp_span_of(in.data + QP_SUBMISSION_HEAD_BYTES, size - QP_SUBMISSION_HEAD_BYTES);
    rc = qp_wire_decode(&qp_rule_submission, body, arena, submission, err);
    if (rc == QP_OK) {
        *used = size;
    }
    return rc;
}

enum qp_code qp_submission_encode(const Qp__Submission *submission, struct qp_arena *arena,
                                  struct qp_buf *out, struct qp_err *err)
{
    uint8_t head[QP_SUBMISSION_HEAD_BYTES] = QP_SUBMISSION_MAGIC;
    size_t start = out->len;
    enum qp_code rc = qp_buf_add(out, qp_span_of(head, sizeof head), err);
    if (rc == QP_OK) {
        rc = qp_wire_encode(&qp_rule_submission, submission, arena, out, err);
    }
    size_t len = out->len - start - sizeof head;
    if (rc == QP_OK && len > QP_SUBMISSION_BYTES_MAX) {
        rc = qp_fail(err, QP_E_INPUT, "submission would be %zu bytes; %d are allowed", len,
                     QP_SUBMISSION_BYTES_MAX);
    }
    if (rc != QP_OK) {
        out->len = start;
        return rc;
    }
    qp_store_be32(out->data + start + sizeof QP_SUBMISSION_MAGIC - 1, (uint32_t)len);
    return QP_OK;
}

/* A file that is its magic and one message, to its end. */
static enum qp_code file_decode(struct qp_span in, const char *magic, size_t most, const char *what,
                                const struct qp_message_rule *rule, struct qp_arena *arena,
                                void *message, struct qp_err *err)
{
    enum qp_code rc = cap(in, most, what, err);
    if (rc == QP_OK) {
        rc = check_magic(in, magic, what, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    size_t head = strlen(magic);
    return qp_wire_decode(rule, qp_span_of(in.data + head, in.len - head), arena, message, err);
}

static enum qp_code file_encode(const char *magic, const struct qp_message_rule *rule,
                                const void *message, struct qp_arena *arena, struct qp_buf *out,
                                struct qp_err *err)
{
    size_t start = out->len;
    enum qp_code rc = qp_buf_add_text(out, magic, err);
    if (rc == QP_OK) {
        rc = qp_wire_encode(rule, message, arena, out, err);
    }
    if (rc != QP_OK) {
        out->len = start;
    }
    return rc;
}

enum qp_code qp_bundle_decode(struct qp_span in, struct qp_arena *arena, Qp__Bundle **bundle,
                              struct qp_err *err)
{
    return file_decode(in, QP_BUNDLE_MAGIC, QP_BUNDLE_BYTES_MAX, "bundle", &qp_rule_bundle, arena,
                       bundle, err);
}

enum qp_code qp_bundle_encode(const Qp__Bundle *bundle, struct qp_arena *arena, struct qp_buf *out,
                              struct qp_err *err)
{
    return file_encode(QP_BUNDLE_MAGIC, &qp_rule_bundle, bundle, arena, out, err);
}

enum qp_code qp_fork_decode(struct qp_span in, struct qp_arena *arena, Qp__KeyForked **proof,
                            struct qp_err *err)
{
    return file_decode(in, QP_FORK_MAGIC, QP_FORK_BYTES_MAX, "fork proof", &qp_rule_key_forked,
                       arena, proof, err);
}

enum qp_code qp_fork_encode(const Qp__KeyForked *proof, struct qp_arena *arena, struct qp_buf *out,
                            struct qp_err *err)
{
    return file_encode(QP_FORK_MAGIC, &qp_rule_key_forked, proof, arena, out, err);
}

bool qp_fork_is(struct qp_span in)
{
    static const char family[] = "quipu/fork/v";
    return in.len >= sizeof family - 1 && memcmp(in.data, family, sizeof family - 1) == 0;
}
