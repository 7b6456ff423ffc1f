/* Keys: Ed25519 signatures, and the file form of a secret key.
 *
 * Call qp_init once before anything else here. A secret key lives in guarded memory: no access
 * except during a signature, wiped on free. A key belongs to one thread at a time.
 * Every signature is over a domain followed by the message, so that a signature made for one
 * purpose is no signature for another. */
#ifndef QUIPU_KEY_H
#define QUIPU_KEY_H

#include <quipu/hash.h>

#ifdef __cplusplus
extern "C" {
#endif

struct qp_public_key {
    uint8_t bytes[32];
};

struct qp_signature {
    uint8_t bytes[64];
};

/* The 32 bytes of RFC 8032 from which a key pair follows. Secret: wipe it after use. */
struct qp_seed {
    uint8_t bytes[32];
};

struct qp_key; /* secret */

/* What a statement's signature is over: this domain, then the statement bytes. */
#define QP_STATEMENT_DOMAIN "quipu/statement/v1\n"

/* Make the random source ready. May be called again; thread-safe. QP_E_IO: the system gives no
 * random bytes. */
QP_API QP_MUST_USE enum qp_code qp_init(struct qp_err *err);

/* Fill with unpredictable bytes. */
QP_API void qp_random(void *bytes, size_t len);

/* A new key; free it with qp_key_free. QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_key_generate(struct qp_key **key, struct qp_err *err);
/* The key of a seed, for test vectors and for keys kept elsewhere. QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_key_from_seed(const struct qp_seed *seed, struct qp_key **key,
                                                 struct qp_err *err);
/* Wipe and free; NULL is allowed. */
QP_API void qp_key_free(struct qp_key *key);
QP_API void qp_key_public(const struct qp_key *key, struct qp_public_key *public_key);
/* Not in constant time: it is no secret. */
QP_API bool qp_public_key_eq(const struct qp_public_key *a, const struct qp_public_key *b);

/* Sign domain || message.
 *
 * domain  may be empty, for formats that bring their own separation
 * Returns QP_OK; QP_E_MEMORY (domain and message together exceed 4 KiB, or the system does not let
 * the key's guarded memory be read). */
QP_API QP_MUST_USE enum qp_code qp_sign(const struct qp_key *key, struct qp_span domain,
                                        struct qp_span message, struct qp_signature *signature,
                                        struct qp_err *err);
/* QP_OK when the signature is by this key over domain || message; QP_E_INVALID when it is not;
 * QP_E_MEMORY as qp_sign. Canonical encodings only: no bit of a good signature can be changed. */
QP_API QP_MUST_USE enum qp_code qp_verify(const struct qp_public_key *public_key,
                                          struct qp_span domain, struct qp_span message,
                                          const struct qp_signature *signature, struct qp_err *err);

/* Is this a key that somebody can own? Refuses (QP_E_INVALID, with the reason) bytes that are not
 * a canonical point of the curve's main subgroup, among them the low-order points, under which
 * one signature fits every message. Ask before a key is enrolled or trusted. */
QP_API QP_MUST_USE enum qp_code qp_public_key_check(const struct qp_public_key *public_key,
                                                    struct qp_err *err);

/* Key names, as in signed notes: UTF-8, 1 to 255 bytes, no control characters, no Unicode spaces,
 * no '+'. QP_E_INPUT. */
#define QP_KEY_NAME_BYTES_MAX 255
QP_API QP_MUST_USE enum qp_code qp_key_name_check(struct qp_span name, struct qp_err *err);

/* ---- Key files: bytes in, bytes out; no file is touched here ----
 *
 * Six lines, each ended by LF, in this order, and nothing else; one space between fields:
 *
 *   quipu secret key v1
 *   name: finca.example/coop-norte
 *   public: <base64 of the 32-byte public key>
 *   kdf: argon2id13 <opslimit> <memlimit in bytes> <base64 of 16 bytes of salt>   or  kdf: none
 *   cipher: xchacha20-poly1305-ietf <base64 of 24 bytes of nonce>                 or  cipher: none
 *   secret: <base64 of the sealed seed, 48 bytes>            or, for none, of the seed, 32 bytes
 *
 * The bytes of the first five lines are authenticated together with the sealed seed. The public
 * key that follows from the seed must be the one written; this binds an open file as well. */
#define QP_KEYFILE_BYTES_MAX 1024
#define QP_KEYFILE_OPSLIMIT_MAX 10
#define QP_KEYFILE_MEMLIMIT_MIN ((uint64_t)8 * 1024 * 1024)
#define QP_KEYFILE_MEMLIMIT_MAX ((uint64_t)1024 * 1024 * 1024)
/* 64 MiB and three passes: keys are opened offline on old laptops, where the 256 MiB that
 * libsodium calls moderate may not be free; it costs such a machine under a second, and a guesser
 * still pays 64 MiB for each guess. */
#define QP_KEYFILE_OPTIONS_INIT                                                                    \
    {                                                                                              \
        3, (uint64_t)64 * 1024 * 1024                                                              \
    }

struct qp_keyfile_options {
    uint64_t opslimit;       /* passes, 1 to QP_KEYFILE_OPSLIMIT_MAX */
    uint64_t memlimit_bytes; /* multiple of 1024 between the two limits above */
};

/* Append the file of a key to out.
 *
 * name        a key name (qp_key_name_check)
 * passphrase  NULL: the seed is written in the clear; else 1 byte or more
 * options     NULL: QP_KEYFILE_OPTIONS_INIT; not read without a passphrase
 * Returns QP_OK; QP_E_INPUT (name); QP_E_USAGE (empty passphrase, limits); QP_E_MEMORY.
 * out then holds secrets: qp_buf_wipe zeroes it. */
QP_API QP_MUST_USE enum qp_code qp_keyfile_encode(const struct qp_key *key, struct qp_span name,
                                                  const struct qp_span *passphrase,
                                                  const struct qp_keyfile_options *options,
                                                  struct qp_buf *out, struct qp_err *err);
/* Read the file of a key.
 *
 * passphrase  NULL when there is none
 * key         out: free with qp_key_free
 * name        out: room for QP_KEY_NAME_BYTES_MAX + 1 characters; may be NULL
 * Returns QP_OK; QP_E_INPUT (not the canonical form, unknown version, limits that no file of ours
 * has, cut short); QP_E_USAGE (passphrase missing, or given for an open file); QP_E_INVALID (wrong
 * passphrase or changed file); QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_keyfile_decode(struct qp_span file,
                                                  const struct qp_span *passphrase,
                                                  struct qp_key **key, char *name,
                                                  struct qp_err *err);
/* What the file says of itself, without opening it: is it sealed, whose name, which public key.
 * Nothing of it is authenticated. Each out may be NULL; name as above. QP_E_INPUT. */
QP_API QP_MUST_USE enum qp_code qp_keyfile_peek(struct qp_span file, bool *encrypted, char *name,
                                                struct qp_public_key *public_key,
                                                struct qp_err *err);
QP_API QP_MUST_USE enum qp_code qp_keyfile_is_encrypted(struct qp_span file, bool *encrypted,
                                                        struct qp_err *err);

#ifdef __cplusplus
}
#endif
#endif
