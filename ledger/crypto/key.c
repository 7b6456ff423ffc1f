#include <quipu/key.h>

#include "crypto/key_priv.h"
#include "core/alloc.h"
#include "core/check.h"

#include <sodium.h>

#include <string.h>

_Static_assert(sizeof(struct qp_public_key) == crypto_sign_PUBLICKEYBYTES, "Ed25519 public key");
_Static_assert(sizeof(struct qp_signature) == crypto_sign_BYTES, "Ed25519 signature");
_Static_assert(sizeof(struct qp_seed) == crypto_sign_SEEDBYTES, "Ed25519 seed");

/* libsodium's secret key is the seed followed by the public key. */
struct secret {
    uint8_t bytes[crypto_sign_SECRETKEYBYTES];
};

struct qp_key {
    struct qp_public_key public_key;
    struct secret *secret; /* guarded; no access but during use */
};

enum qp_code qp_init(struct qp_err *err)
{
    if (sodium_init() < 0) {
        return qp_fail(err, QP_E_IO,
                       "the system gives no random bytes; check that /dev/urandom can be read");
    }
    return QP_OK;
}

void qp_random(void *bytes, size_t len)
{
    if (len > 0) {
        randombytes_buf(bytes, len);
    }
}

/* seed NULL: a new one. */
static enum qp_code make_key(const struct qp_seed *seed, struct qp_key **key, struct qp_err *err)
{
    struct qp_key *made = qp_alloc_zero(1, sizeof *made);
    if (made != NULL) {
        made->secret = qp_alloc_secret(sizeof *made->secret);
    }
    if (made == NULL || made->secret == NULL) {
        qp_free(made);
        return qp_fail(err, QP_E_MEMORY,
                       "no guarded memory for a key; close other programs and try again");
    }
    if (seed != NULL) {
        crypto_sign_seed_keypair(made->public_key.bytes, made->secret->bytes, seed->bytes);
    } else {
        crypto_sign_keypair(made->public_key.bytes, made->secret->bytes);
    }
    sodium_mprotect_noaccess(made->secret);
    *key = made;
    return QP_OK;
}

enum qp_code qp_key_from_seed(const struct qp_seed *seed, struct qp_key **key, struct qp_err *err)
{
    return make_key(seed, key, err);
}

enum qp_code qp_key_generate(struct qp_key **key, struct qp_err *err)
{
    return make_key(NULL, key, err);
}

void qp_key_free(struct qp_key *key)
{
    if (key != NULL) {
        qp_free_secret(key->secret);
        qp_free(key);
    }
}

void qp_key_public(const struct qp_key *key, struct qp_public_key *public_key)
{
    *public_key = key->public_key;
}

void qp_key_seed(const struct qp_key *key, struct qp_seed *seed)
{
    sodium_mprotect_readonly(key->secret);
    memcpy(seed->bytes, key->secret->bytes, sizeof seed->bytes);
    sodium_mprotect_noaccess(key->secret);
}

bool qp_public_key_eq(const struct qp_public_key *a, const struct qp_public_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Domain and message in one piece. Ed25519 reads its message twice, so it cannot be fed in parts;
 * what fits goes through the caller's small buffer, and only long messages cost an allocation. */
#define SMALL_BYTES 4096

struct joined {
    struct qp_span bytes;
    uint8_t *owned; /* NULL, or to be freed */
    uint8_t small[SMALL_BYTES];
};

static enum qp_code join(struct joined *joined, struct qp_span domain, struct qp_span message,
                         struct qp_err *err)
{
    joined->owned = NULL;
    joined->bytes = message;
    if (domain.len == 0) {
        return QP_OK;
    }
    size_t len = 0;
    uint8_t *to = joined->small;
    if (!qp_add_size(domain.len, message.len, &len)) {
        return qp_fail(err, QP_E_MEMORY, "a message to sign is larger than memory can be");
    }
    if (len > sizeof joined->small) {
        joined->owned = qp_alloc(len);
        to = joined->owned;
        if (to == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory for a message of %zu bytes", len);
        }
    }
    memcpy(to, domain.data, domain.len);
    if (message.len > 0) {
        memcpy(to + domain.len, message.data, message.len);
    }
    joined->bytes = qp_span_of(to, len);
    return QP_OK;
}

enum qp_code qp_sign(const struct qp_key *key, struct qp_span domain, struct qp_span message,
                     struct qp_signature *signature, struct qp_err *err)
{
    struct joined joined;
    enum qp_code rc = join(&joined, domain, message, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (sodium_mprotect_readonly(key->secret) == 0) {
        crypto_sign_detached(signature->bytes, NULL, joined.bytes.data, joined.bytes.len,
                             key->secret->bytes);
        sodium_mprotect_noaccess(key->secret);
    } else { /* as when a process has as many mappings as it may have */
        rc = qp_fail(err, QP_E_MEMORY, "no memory to open a key for signing; end other work first");
    }
    qp_free(joined.owned);
    return rc;
}

enum qp_code qp_verify(const struct qp_public_key *public_key, struct qp_span domain,
                       struct qp_span message, const struct qp_signature *signature,
                       struct qp_err *err)
{
    struct joined joined;
    enum qp_code rc = join(&joined, domain, message, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (crypto_sign_verify_detached(signature->bytes, joined.bytes.data, joined.bytes.len,
                                    public_key->bytes) != 0) {
        rc = qp_fail(err, QP_E_INVALID, "the signature is not by this key over these bytes");
    }
    qp_free(joined.owned);
    return rc;
}

/* The y coordinate, little-endian without the sign bit, is below p = 2^255 - 19. */
static bool is_canonical(const struct qp_public_key *public_key)
{
    const uint8_t *y = public_key->bytes;
    bool top = (y[31] & 0x7f) == 0x7f;
    for (size_t i = 30; i > 0; i--) {
        top = top && y[i] == 0xff;
    }
    return !top || y[0] < 0xed;
}

/* The identity and the seven other points whose order divides 8, by their y coordinate: 1, -1, 0
 * and the two roots of order 8. libsodium refuses them as well; they are told apart only for the
 * words of the refusal. */
static bool is_low_order(const struct qp_public_key *public_key)
{
    static const uint8_t order_8[2][32] = {
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
         0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
         0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
         0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
         0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}};
    uint8_t y[32];
    memcpy(y, public_key->bytes, sizeof y);
    y[31] &= 0x7f;
    if (memcmp(y, order_8[0], sizeof y) == 0 || memcmp(y, order_8[1], sizeof y) == 0) {
        return true;
    }
    static const uint8_t minus_one[2] = {0xec, 0x7f};
    bool middle_zero = true;
    bool middle_full = true;
    for (size_t i = 1; i < 31; i++) {
        middle_zero = middle_zero && y[i] == 0;
        middle_full = middle_full && y[i] == 0xff;
    }
    return (middle_zero && y[31] == 0 && y[0] <= 1) ||
           (middle_full && y[31] == minus_one[1] && y[0] == minus_one[0]);
}

enum qp_code qp_public_key_check(const struct qp_public_key *public_key, struct qp_err *err)
{
    if (!is_canonical(public_key)) {
        return qp_fail(err, QP_E_INVALID,
                       "the public key is not in canonical form (its number is 2^255 - 19 or "
                       "more); ask the owner for the key again");
    }
    if (is_low_order(public_key)) {
        return qp_fail(err, QP_E_INVALID,
                       "the public key has low order: one signature would fit every message; "
                       "nobody can own it, so do not trust it");
    }
    if (!crypto_core_ed25519_is_valid_point(public_key->bytes)) {
        return qp_fail(err, QP_E_INVALID,
                       "the public key is not a point of the Ed25519 group; bytes may have been "
                       "lost or changed on the way, so ask the owner for the key again");
    }
    return QP_OK;
}

/* Length of the Unicode space that the text begins with (the property White_Space), or 0. */
static size_t space_len(const uint8_t *at, size_t len)
{
    static const char *const spaces[] = {" ",
                                         "\xc2\x85",
                                         "\xc2\xa0",
                                         "\xe1\x9a\x80",
                                         "\xe2\x80\x80",
                                         "\xe2\x80\x81",
                                         "\xe2\x80\x82",
                                         "\xe2\x80\x83",
                                         "\xe2\x80\x84",
                                         "\xe2\x80\x85",
                                         "\xe2\x80\x86",
                                         "\xe2\x80\x87",
                                         "\xe2\x80\x88",
                                         "\xe2\x80\x89",
                                         "\xe2\x80\x8a",
                                         "\xe2\x80\xa8",
                                         "\xe2\x80\xa9",
                                         "\xe2\x80\xaf",
                                         "\xe2\x81\x9f",
                                         "\xe3\x80\x80"};
    for (size_t i = 0; i < QP_COUNT(spaces); i++) {
        size_t n = strlen(spaces[i]);
        if (n <= len && memcmp(at, spaces[i], n) == 0) {
            return n;
        }
    }
    return 0;
}

enum qp_code qp_key_name_check(struct qp_span name, struct qp_err *err)
{
    if (name.len == 0 || name.len > QP_KEY_NAME_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "a key name has 1 to %d bytes; this one has %zu",
                       QP_KEY_NAME_BYTES_MAX, name.len);
    }
    if (!qp_utf8_check(name)) {
        return qp_fail(err, QP_E_INPUT, "a key name must be UTF-8");
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] < 0x20 || name.data[i] == 0x7f) {
            return qp_fail_at(err, QP_E_INPUT, i, "a key name has no control characters");
        }
        if (name.data[i] == '+') {
            return qp_fail_at(err, QP_E_INPUT, i, "a key name has no '+'");
        }
        if (space_len(name.data + i, name.len - i) > 0) {
            return qp_fail_at(err, QP_E_INPUT, i,
                              "a key name has no spaces; write it like example.com/coop-norte");
        }
    }
    return QP_OK;
}
