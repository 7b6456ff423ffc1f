#include "rules/fork.h"

#include "rules/rules_priv.h"

#include <string.h>

static const char code[] = "QP-FORK-PROOF";

static unsigned long long ull(uint64_t value)
{
    return value;
}

static enum qp_code read_half(ProtobufCBinaryData bytes, char which, struct qp_arena *arena,
                              Qp__Statement **statement, struct qp_err *err)
{
    struct qp_err why;
    qp_err_init(&why);
    enum qp_code rc = qp_statement_decode(qp_span_bytes(bytes), arena, statement, &why);
    if (rc == QP_E_INPUT) {
        return qp_refuse(err, code, "statement %c is none: %.180s", which, why.text);
    }
    return rc == QP_OK ? rc : qp_fail(err, rc, "%s", why.text);
}

/* Byte by byte; of two that begin alike, the shorter is the lesser. */
static bool is_less(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order != 0 ? order < 0 : a.len < b.len;
}

enum qp_code qp_fork_read(const Qp__KeyForked *proof, struct qp_arena *arena, struct qp_fork *fork,
                          struct qp_err *err)
{
    Qp__Statement *a = NULL;
    Qp__Statement *b = NULL;
    enum qp_code rc = read_half(proof->statement_a, 'a', arena, &a, err);
    rc = rc == QP_OK ? read_half(proof->statement_b, 'b', arena, &b, err) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    if (!qp_span_eq(qp_span_bytes(a->ledger_id), qp_span_bytes(b->ledger_id))) {
        return qp_refuse(err, code, "the two statements are for two ledgers; a key counts in each");
    }
    if (!qp_span_eq(qp_span_bytes(a->issuer), qp_span_bytes(b->issuer))) {
        return qp_refuse(err, code, "the two statements are by two keys");
    }
    if (a->sequence != b->sequence) {
        return qp_refuse(err, code,
                         "the two statements have the sequences %llu and %llu: one key signs many, "
                         "each under another sequence",
                         ull(a->sequence), ull(b->sequence));
    }
    if (qp_span_eq(qp_span_bytes(proof->statement_a), qp_span_bytes(proof->statement_b))) {
        return qp_refuse(err, code, "it is one statement, twice");
    }
    if (!is_less(proof->statement_a, proof->statement_b)) {
        return qp_refuse(err, code,
                         "statement a is not the lesser of the two, byte by byte: every proof has "
                         "one form");
    }
    memcpy(fork->key.bytes, a->issuer.data, sizeof fork->key.bytes);
    fork->ledger_id = qp_bytes_hash(a->ledger_id);
    fork->sequence = a->sequence;
    fork->a = a;
    fork->b = b;
    return QP_OK;
}

static enum qp_code verify_half(const struct qp_fork *fork, ProtobufCBinaryData statement,
                                ProtobufCBinaryData bytes, char which, struct qp_err *err)
{
    struct qp_signature signature;
    memcpy(signature.bytes, bytes.data, sizeof signature.bytes);
    enum qp_code rc = qp_verify(&fork->key, qp_span_text(QP_STATEMENT_DOMAIN),
                                qp_span_bytes(statement), &signature, err);
    return rc == QP_E_INVALID
               ? qp_refuse(err, code, "the signature of statement %c is not by the key it names",
                           which)
               : rc;
}

enum qp_code qp_fork_verify(const Qp__KeyForked *proof, const struct qp_fork *fork,
                            struct qp_err *err)
{
    if (qp_public_key_check(&fork->key, err) != QP_OK) {
        return qp_refuse(err, code, "nobody can own the key that the statements name");
    }
    enum qp_code rc = verify_half(fork, proof->statement_a, proof->signature_a, 'a', err);
    return rc == QP_OK ? verify_half(fork, proof->statement_b, proof->signature_b, 'b', err) : rc;
}

enum qp_code qp_fork_prove(const Qp__KeyForked *proof, struct qp_err *err)
{
    struct qp_arena arena;
    struct qp_fork fork;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_fork_read(proof, &arena, &fork, err);
    rc = rc == QP_OK ? qp_fork_verify(proof, &fork, err) : rc;
    qp_arena_wipe(&arena);
    return rc;
}

/* Whoever brings the proof: it convicts by itself. A key that has ended may still be shown to have
 * forked, or forked earlier than known; that only ever puts more of what it signed in doubt.
 *
 * The doubt begins at a sequence, not at an entry: that is where the two histories part, wherever
 * the log has put them, and whoever sees a part of the log counts by the same number.
 *
 * Signatures last: they cost most, and a proof that changes nothing should cost little. */
enum qp_code qp_judge_key_forked(struct qp_job *job)
{
    const Qp__KeyForked *proof = job->event->key_forked;
    struct qp_fork fork;
    Qp__KeyState *known = NULL;
    char hex[65];
    enum qp_code rc = qp_fork_read(proof, job->arena, &fork, job->err);
    if (rc != QP_OK) {
        return rc;
    }
    if (!qp_hash_eq(&fork.ledger_id, &job->context->ledger_id)) {
        return qp_refuse(job->err, code, "the two statements are for another ledger");
    }
    struct qp_state_key at = qp_state_key_public(&fork.key);
    qp_hex_encode(hex, qp_span_of(fork.key.bytes, sizeof fork.key.bytes));
    rc = qp_job_get(job, &at, &qp_rule_key_state, &known);
    if (rc == QP_OK && known == NULL) {
        rc =
            qp_refuse(job->err, "QP-KEY-UNKNOWN",
                      "key %.16s… has forked, but is not enrolled in this ledger: there is nothing "
                      "to end",
                      hex);
    }
    if (rc == QP_OK && known->forked && known->forked_sequence <= fork.sequence) {
        rc = qp_refuse(job->err, "QP-KEY-OLD",
                       "key %.16s… of %s is known to have forked at sequence %llu already", hex,
                       known->party, ull(known->forked_sequence));
    }
    rc = rc == QP_OK ? qp_fork_verify(proof, &fork, job->err) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    if (known->until == NULL) {
        known->until = qp_job_place(job);
    }
    known->forked = true;
    known->forked_sequence = fork.sequence;
    return qp_job_put(job, &at, &qp_rule_key_state, known);
}

enum qp_code
qp_forked_edge(const Qp__KeyForked *proof, struct qp_state *state, struct qp_arena *scratch,
               enum qp_code (*edge)(void *context, const struct qp_edge *edge, struct qp_err *err),
               void *context, struct qp_err *err)
{
    struct qp_fork fork;
    Qp__KeyState *known = NULL;
    enum qp_code rc = qp_fork_read(proof, scratch, &fork, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_state_key at = qp_state_key_public(&fork.key);
    rc = qp_state_read(state, &at, &qp_rule_key_state, scratch, &known, err);
    if (rc != QP_OK || known == NULL) {
        return rc;
    }
    struct qp_edge changed = {.kind = QP_STATE_PARTY, .id = known->party, .role = QP_EDGE_CHANGES};
    return edge(context, &changed, err);
}
