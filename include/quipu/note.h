/* Notes: the text formats of C2SP: signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy
 * and tlog-proof. Text in, values out, and back.
 *
 * Pure: no file, no clock. Spans in results borrow from the bytes that were parsed: keep those.
 * Thread-safe: nothing is shared; a policy may be read by several threads at once.
 * Two kinds of keys: Ed25519 over the note's text (a log's), and timestamped Ed25519 cosignatures
 * (a witness's). Signatures of other kinds are unknown keys, and unknown keys are ignored. */
#ifndef QUIPU_NOTE_H
#define QUIPU_NOTE_H

#include <quipu/key.h>
#include <quipu/merkle.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Verifier keys: "name+1234abcd+base64(type || public key)" ---- */

enum qp_vkey_type {
    QP_VKEY_NOTE = 1,       /* Ed25519 over the text */
    QP_VKEY_COSIGNATURE = 4 /* Ed25519 over "cosignature/v1", a time, and the text */
};

struct qp_vkey {
    char name[QP_KEY_NAME_BYTES_MAX + 1];
    uint32_t key_id; /* first 4 bytes of SHA-256(name || LF || type || public key) */
    enum qp_vkey_type type;
    struct qp_public_key key;
};

/* Name, '+', 8 digits, '+', base64 of 33 bytes, NUL. */
#define QP_VKEY_TEXT_BYTES (QP_KEY_NAME_BYTES_MAX + 1 + 8 + 1 + 44 + 1)

/* Computes the key id. QP_E_INPUT (name); QP_E_INVALID (qp_public_key_check). */
QP_API QP_MUST_USE enum qp_code qp_vkey_init(struct qp_vkey *vkey, struct qp_span name,
                                             enum qp_vkey_type type,
                                             const struct qp_public_key *key, struct qp_err *err);
/* Strict. QP_E_INPUT (form, or a type other than the two); QP_E_INVALID (the id is not that of the
 * key, or nobody can own the key). */
QP_API QP_MUST_USE enum qp_code qp_vkey_parse(struct qp_span text, struct qp_vkey *vkey,
                                              struct qp_err *err);
/* text has room for QP_VKEY_TEXT_BYTES characters. */
QP_API void qp_vkey_format(const struct qp_vkey *vkey, char *text);

/* ---- Signed notes ---- */

#define QP_NOTE_BYTES_MAX 65536
#define QP_NOTE_SIGNATURES_MAX 64

struct qp_note_line {
    struct qp_span name; /* who signed, or says so */
    uint32_t key_id;
    struct qp_span base64; /* key id and signature bytes, known to be strict base64 */
};

struct qp_note {
    struct qp_span text; /* what is signed, with its last LF */
    size_t line_count;
    struct qp_note_line lines[QP_NOTE_SIGNATURES_MAX];
};

/* Take a note apart: text, empty line, 1 to 64 signature lines. Checks form only. QP_E_INPUT. */
QP_API QP_MUST_USE enum qp_code qp_note_parse(struct qp_span bytes, struct qp_note *note,
                                              struct qp_err *err);

/* What one key has signed. */
struct qp_note_verdict {
    bool verified;
    uint64_t time_s; /* of a cosignature, seconds since 1970: the latest, if there are several */
};

/* Check the signatures of the keys that the caller trusts; lines of other keys are ignored.
 *
 * keys      a key whose name is empty is passed over
 * verdicts  out: one for each key; all false on failure
 * Returns QP_OK when at least one key verified and none failed; QP_E_INVALID when a line of a known
 * key does not hold (the whole note is then refused), or when no line is by a known key;
 * QP_E_USAGE when two keys share name and id. */
QP_API QP_MUST_USE enum qp_code qp_note_check(const struct qp_note *note,
                                              const struct qp_vkey *keys, size_t key_count,
                                              struct qp_note_verdict *verdicts, struct qp_err *err);

/* Append a whole note to out: the text, an empty line, and one signature line.
 *
 * text  ends with LF, valid UTF-8 without control characters, else QP_E_INPUT
 * name  key name, without NUL inside */
QP_API QP_MUST_USE enum qp_code qp_note_sign(struct qp_span text, const struct qp_key *key,
                                             struct qp_span name, struct qp_buf *out,
                                             struct qp_err *err);
/* Append only the signature line: for a note that already has one. */
QP_API QP_MUST_USE enum qp_code qp_note_sign_line(struct qp_span text, const struct qp_key *key,
                                                  struct qp_span name, struct qp_buf *out,
                                                  struct qp_err *err);

#define QP_COSIGN_TIME_MAX ((uint64_t)INT64_MAX)

/* Append a witness's signature line. text is a checkpoint's (qp_note.text), else QP_E_INPUT;
 * time_s is seconds since 1970, at most QP_COSIGN_TIME_MAX, else QP_E_USAGE. */
QP_API QP_MUST_USE enum qp_code qp_cosign_line(struct qp_span text, const struct qp_key *key,
                                               struct qp_span name, uint64_t time_s,
                                               struct qp_buf *out, struct qp_err *err);

/* ---- Checkpoints: the text of a note that says how large a log is, and its root ---- */

struct qp_checkpoint {
    char origin[QP_KEY_NAME_BYTES_MAX + 1];
    uint64_t size;
    struct qp_hash root;
    struct qp_span extensions; /* further lines, each with its LF; empty in our own checkpoints */
};

/* text is a note's text. QP_E_INPUT (form); QP_E_INVALID (size 0 with a root that is not that of
 * the empty tree). */
QP_API QP_MUST_USE enum qp_code
qp_checkpoint_parse(struct qp_span text, struct qp_checkpoint *checkpoint, struct qp_err *err);
/* Append the text. The origin must be a key name, because it names the log's key as well; the
 * extensions must be whole lines. QP_E_INPUT, QP_E_INVALID as for parse. */
QP_API QP_MUST_USE enum qp_code qp_checkpoint_format(const struct qp_checkpoint *checkpoint,
                                                     struct qp_buf *out, struct qp_err *err);

/* ---- Policies: which logs, which witnesses, how many of them ---- */

#define QP_POLICY_BYTES_MAX 65536
#define QP_POLICY_LOGS_MAX 64
#define QP_POLICY_WITNESSES_MAX 64
#define QP_POLICY_GROUPS_MAX 64

struct qp_policy;

/* Read the text of a policy. Free with qp_policy_free. QP_E_INPUT with the line; QP_E_INVALID (a
 * key that nobody can own, or an id that is not its key's); QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_policy_new(struct qp_span text, struct qp_policy **policy,
                                              struct qp_err *err);
QP_API void qp_policy_free(struct qp_policy *policy); /* NULL is allowed */
QP_API size_t qp_policy_log_count(const struct qp_policy *policy);
QP_API size_t qp_policy_witness_count(const struct qp_policy *policy);
/* Borrowed until qp_policy_free; at is below the count. URL and name are never NULL; a URL that the
 * policy does not give is "". */
QP_API const struct qp_vkey *qp_policy_log(const struct qp_policy *policy, size_t at);
QP_API const char *qp_policy_log_url(const struct qp_policy *policy, size_t at);
QP_API const struct qp_vkey *qp_policy_witness(const struct qp_policy *policy, size_t at);
QP_API const char *qp_policy_witness_name(const struct qp_policy *policy, size_t at);
QP_API const char *qp_policy_witness_url(const struct qp_policy *policy, size_t at);

struct qp_policy_result {
    size_t log_at;                                             /* which log signed, qp_policy_log */
    size_t verified_count;                                     /* witnesses that cosigned */
    struct qp_note_verdict witnesses[QP_POLICY_WITNESSES_MAX]; /* by qp_policy_witness */
    /* The latest time t such that the cosignatures of time t or later still meet the quorum: so
     * fresh is the checkpoint, if the witnesses that the policy relies on are honest. 0 when the
     * quorum is none. */
    uint64_t quorum_time_s;
};

/* Is this note a checkpoint that the policy accepts?
 *
 * note        bytes of the whole note
 * checkpoint  out: its extensions borrow from note
 * result      out: may be NULL
 * Returns QP_OK; QP_E_INPUT (form); QP_E_INVALID: no signature by a log of the policy whose key
 * name is the origin, a signature of a known key that does not hold, or no quorum. A policy without
 * logs accepts nothing. */
QP_API QP_MUST_USE enum qp_code qp_policy_check(const struct qp_policy *policy, struct qp_span note,
                                                struct qp_checkpoint *checkpoint,
                                                struct qp_policy_result *result,
                                                struct qp_err *err);

/* ---- Offline proofs of one entry: "c2sp.org/tlog-proof@v1" ---- */

#define QP_TLOG_PROOF_BYTES_MAX ((size_t)4 * 65536)
#define QP_TLOG_EXTRA_BYTES_MAX 65536

struct qp_tlog_proof {
    struct qp_span extra; /* not authenticated; may be empty */
    uint64_t leaf_index;
    size_t path_count;
    struct qp_hash path[QP_MERKLE_PATH_MAX];
    struct qp_span checkpoint; /* the whole note */
};

/* Append the text. QP_E_INPUT when a part breaks its limit or the checkpoint is not a note. */
QP_API QP_MUST_USE enum qp_code qp_tlog_proof_encode(const struct qp_tlog_proof *proof,
                                                     struct qp_buf *out, struct qp_err *err);
/* Read the text; strict. extra_bytes takes the decoded extra, from which proof->extra borrows; what
 * it held before is wiped. proof->checkpoint borrows from text. QP_E_INPUT. */
QP_API QP_MUST_USE enum qp_code qp_tlog_proof_decode(struct qp_span text,
                                                     struct qp_tlog_proof *proof,
                                                     struct qp_buf *extra_bytes,
                                                     struct qp_err *err);
/* The whole check: the policy accepts the checkpoint, and the leaf is in its tree at leaf_index.
 * Outputs as qp_policy_check. */
QP_API QP_MUST_USE enum qp_code
qp_tlog_proof_check(const struct qp_tlog_proof *proof, const struct qp_hash *leaf,
                    const struct qp_policy *policy, struct qp_checkpoint *checkpoint,
                    struct qp_policy_result *result, struct qp_err *err);

#ifdef __cplusplus
}
#endif
#endif
