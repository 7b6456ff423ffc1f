/* Hashes: SHA-256 under one-byte domain tags, so that bytes hashed as one thing can never stand
 * for another.
 *
 * Nothing here fails, allocates or keeps state between calls. qp_init (key.h) need not have run.
 * Thread-safe; a hasher belongs to one thread at a time. */
#ifndef QUIPU_HASH_H
#define QUIPU_HASH_H

#include <quipu/bytes.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The byte in front of everything that we hash. Values are part of the format: never reused. */
enum qp_tag {
    QP_TAG_LEAF = 0,      /* RFC 6962 leaf: an event in a statement, an entry in the log */
    QP_TAG_NODE = 1,      /* RFC 6962 inner node */
    QP_TAG_STATEMENT = 2, /* statement bytes: the link of an issuer's chain */
    QP_TAG_SEALED = 3     /* commitment to sealed content: tag, salt, content */
};

/* 32 random bytes, kept beside sealed content and erased with it. */
struct qp_salt {
    uint8_t bytes[32];
};

/* SHA-256(00 || content). */
QP_API void qp_hash_leaf(struct qp_hash *out, struct qp_span content);
/* SHA-256(01 || left || right). out may be left or right. */
QP_API void qp_hash_node(struct qp_hash *out, const struct qp_hash *left,
                         const struct qp_hash *right);
/* SHA-256(02 || statement bytes). */
QP_API void qp_hash_statement(struct qp_hash *out, struct qp_span statement);
/* SHA-256(03 || salt || content). */
QP_API void qp_hash_sealed(struct qp_hash *out, const struct qp_salt *salt, struct qp_span content);
/* SHA-256(content), for formats that are not ours: key ids of notes, digests of files. */
QP_API void qp_hash_plain(struct qp_hash *out, struct qp_span content);
/* Root of the tree without leaves: SHA-256 of nothing. */
QP_API void qp_hash_empty_tree(struct qp_hash *out);

/* SipHash-2-4 under a secret of 16 bytes: for tables in memory whose keys strangers choose. Never
 * signed, and stored only against bits that change by themselves, under a secret that is none. */
QP_API uint64_t qp_hash_short(const uint8_t *secret, struct qp_span bytes);

/* The same hashes of content that comes in pieces. After final, call an init again before use. */
struct qp_hasher {
    uint64_t state[16]; /* opaque */
};

QP_API void qp_hasher_init(struct qp_hasher *hasher);                      /* no tag */
QP_API void qp_hasher_init_tag(struct qp_hasher *hasher, enum qp_tag tag); /* tag byte first */
QP_API void qp_hasher_init_sealed(struct qp_hasher *hasher, const struct qp_salt *salt);
QP_API void qp_hasher_add(struct qp_hasher *hasher, struct qp_span bytes);
/* Writes the hash and wipes the hasher. */
QP_API void qp_hasher_final(struct qp_hasher *hasher, struct qp_hash *out);

#ifdef __cplusplus
}
#endif
#endif
