#include <quipu/hash.h>

#include <nettle/sha2.h>
#include <sodium.h>

#include <string.h>

/* SHA-256 is nettle's, which has the processor's own instructions for it where there are any;
 * libsodium's is portable C (ledger/README.md has the figures). */

/* The header hides nettle's state behind plain words, so that users need no header of it. */
_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct qp_hasher),
               "struct qp_hasher has room for nettle's state");
_Static_assert(_Alignof(struct sha256_ctx) <= _Alignof(struct qp_hasher),
               "struct qp_hasher is aligned for nettle's state");
_Static_assert(sizeof(struct qp_hash) == SHA256_DIGEST_SIZE, "a hash is a SHA-256");
_Static_assert(QP_TAG_LEAF == 0 && QP_TAG_NODE == 1, "the tags of RFC 6962");
_Static_assert(QP_TAG_STATEMENT == 2 && QP_TAG_SEALED == 3, "tags never change");

/* The state is copied in and out, because one object may not be read through two types. */
static struct sha256_ctx load(const struct qp_hasher *hasher)
{
    struct sha256_ctx state;
    memcpy(&state, hasher->state, sizeof state);
    return state;
}

static void add(struct sha256_ctx *state, const void *bytes, size_t len)
{
    if (len > 0) {
        sha256_update(state, len, bytes);
    }
}

static void hash_tagged(struct qp_hash *out, enum qp_tag tag, struct qp_span content)
{
    struct sha256_ctx state;
    uint8_t byte = (uint8_t)tag;
    sha256_init(&state);
    add(&state, &byte, 1);
    add(&state, content.data, content.len);
    sha256_digest(&state, sizeof out->bytes, out->bytes);
}

void qp_hash_leaf(struct qp_hash *out, struct qp_span content)
{
    hash_tagged(out, QP_TAG_LEAF, content);
}

void qp_hash_node(struct qp_hash *out, const struct qp_hash *left, const struct qp_hash *right)
{
    uint8_t bytes[1 + 2 * sizeof(struct qp_hash)] = {QP_TAG_NODE};
    memcpy(bytes + 1, left->bytes, sizeof left->bytes);
    memcpy(bytes + 1 + sizeof left->bytes, right->bytes, sizeof right->bytes);
    struct sha256_ctx state;
    sha256_init(&state);
    add(&state, bytes, sizeof bytes);
    sha256_digest(&state, sizeof out->bytes, out->bytes);
}

void qp_hash_statement(struct qp_hash *out, struct qp_span statement)
{
    hash_tagged(out, QP_TAG_STATEMENT, statement);
}

void qp_hash_sealed(struct qp_hash *out, const struct qp_salt *salt, struct qp_span content)
{
    struct qp_hasher hasher;
    qp_hasher_init_sealed(&hasher, salt);
    qp_hasher_add(&hasher, content);
    qp_hasher_final(&hasher, out);
}

void qp_hash_plain(struct qp_hash *out, struct qp_span content)
{
    struct qp_hasher hasher;
    qp_hasher_init(&hasher);
    qp_hasher_add(&hasher, content);
    qp_hasher_final(&hasher, out);
}

void qp_hash_empty_tree(struct qp_hash *out)
{
    qp_hash_plain(out, qp_span_of(NULL, 0));
}

void qp_hasher_init(struct qp_hasher *hasher)
{
    struct sha256_ctx state;
    sha256_init(&state);
    memset(hasher, 0, sizeof *hasher);
    memcpy(hasher->state, &state, sizeof state);
}

void qp_hasher_init_tag(struct qp_hasher *hasher, enum qp_tag tag)
{
    uint8_t byte = (uint8_t)tag;
    qp_hasher_init(hasher);
    qp_hasher_add(hasher, qp_span_of(&byte, 1));
}

void qp_hasher_init_sealed(struct qp_hasher *hasher, const struct qp_salt *salt)
{
    qp_hasher_init_tag(hasher, QP_TAG_SEALED);
    qp_hasher_add(hasher, qp_span_of(salt->bytes, sizeof salt->bytes));
}

void qp_hasher_add(struct qp_hasher *hasher, struct qp_span bytes)
{
    struct sha256_ctx state = load(hasher);
    add(&state, bytes.data, bytes.len);
    memcpy(hasher->state, &state, sizeof state);
    sodium_memzero(&state, sizeof state);
}

void qp_hasher_final(struct qp_hasher *hasher, struct qp_hash *out)
{
    struct sha256_ctx state = load(hasher);
    sha256_digest(&state, sizeof out->bytes, out->bytes);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(hasher, sizeof *hasher);
}

uint64_t qp_hash_short(const uint8_t *secret, struct qp_span bytes)
{
    _Static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8, "SipHash-2-4");
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, bytes.data, bytes.len, secret);
    return qp_load_be64(hash);
}
