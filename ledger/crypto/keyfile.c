#include <quipu/key.h>

#include "crypto/key_priv.h"
#include "core/alloc.h"
#include "core/check.h"

#include <sodium.h>

#include <inttypes.h>
#include <string.h>

#define FIRST_LINE "quipu secret key v1\n"
#define SALT_BYTES crypto_pwhash_SALTBYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEALED_BYTES (sizeof(struct qp_seed) + crypto_aead_xchacha20poly1305_ietf_ABYTES)

_Static_assert(SALT_BYTES == 16 && NONCE_BYTES == 24 && SEALED_BYTES == 48, "as key.h says");

/* A file taken apart, always in guarded memory. `secret` is the seed itself when it is not
 * encrypted. */
struct keyfile {
    struct qp_span name;
    struct qp_public_key public_key;
    bool encrypted;
    struct qp_keyfile_options options;
    uint8_t salt[SALT_BYTES];
    uint8_t nonce[NONCE_BYTES];
    uint8_t secret[SEALED_BYTES];
    struct qp_seed seed; /* on its way between the key and `secret` */
    size_t header_len;   /* bytes before the line "secret: " */
};

static enum qp_code new_keyfile(struct keyfile **file, struct qp_err *err)
{
    struct keyfile *made = qp_alloc_secret(sizeof *made);
    if (made == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no guarded memory for a key file");
    }
    memset(made, 0, sizeof *made);
    *file = made;
    return QP_OK;
}

/* The key that the passphrase gives, in guarded memory, which the caller frees. */
static enum qp_code stretch(struct qp_span passphrase, const struct qp_keyfile_options *options,
                            const uint8_t *salt, uint8_t **made, struct qp_err *err)
{
    uint8_t *key = qp_alloc_secret(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    if (key == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no guarded memory for the key of a passphrase");
    }
    if (crypto_pwhash(key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
                      (const char *)passphrase.data, passphrase.len, salt, options->opslimit,
                      (size_t)options->memlimit_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        qp_free_secret(key);
        return qp_fail(err, QP_E_MEMORY,
                       "no memory to work on the passphrase: %" PRIu64
                       " MiB are needed; close other programs and try again",
                       options->memlimit_bytes >> 20);
    }
    *made = key;
    return QP_OK;
}

static bool limits_are_ours(const struct qp_keyfile_options *options)
{
    return options->opslimit >= 1 && options->opslimit <= QP_KEYFILE_OPSLIMIT_MAX &&
           options->memlimit_bytes >= QP_KEYFILE_MEMLIMIT_MIN &&
           options->memlimit_bytes <= QP_KEYFILE_MEMLIMIT_MAX &&
           options->memlimit_bytes % 1024 == 0;
}

/* ---- Writing ---- */

static enum qp_code add_base64_line(struct qp_buf *out, struct qp_span bytes, struct qp_err *err)
{
    enum qp_code rc = qp_base64_encode(out, bytes, err);
    return rc == QP_OK ? qp_buf_add_text(out, "\n", err) : rc;
}

static enum qp_code add_header(const struct keyfile *file, struct qp_buf *out, struct qp_err *err)
{
    enum qp_code rc = qp_buf_add_text(out, FIRST_LINE "name: ", err);
    if (rc == QP_OK) {
        rc = qp_buf_add(out, file->name, err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add_text(out, "\npublic: ", err);
    }
    if (rc == QP_OK) {
        rc = add_base64_line(out, qp_span_of(file->public_key.bytes, sizeof file->public_key.bytes),
                             err);
    }
    if (rc == QP_OK && !file->encrypted) {
        return qp_buf_add_text(out, "kdf: none\ncipher: none\n", err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_addf(out, err, "kdf: argon2id13 %" PRIu64 " %" PRIu64 " ",
                         file->options.opslimit, file->options.memlimit_bytes);
    }
    if (rc == QP_OK) {
        rc = add_base64_line(out, qp_span_of(file->salt, sizeof file->salt), err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add_text(out, "cipher: xchacha20-poly1305-ietf ", err);
    }
    return rc == QP_OK ? add_base64_line(out, qp_span_of(file->nonce, sizeof file->nonce), err)
                       : rc;
}

/* Put the last line's bytes into file->secret: the seed, or the seed sealed under the header. */
static enum qp_code fill_secret(struct keyfile *file, const struct qp_key *key,
                                const struct qp_span *passphrase, struct qp_span header,
                                struct qp_err *err)
{
    uint8_t *sealing = NULL;
    qp_key_seed(key, &file->seed);
    if (passphrase == NULL) {
        memcpy(file->secret, file->seed.bytes, sizeof file->seed.bytes);
        return QP_OK;
    }
    enum qp_code rc = stretch(*passphrase, &file->options, file->salt, &sealing, err);
    if (rc != QP_OK) {
        return rc;
    }
    crypto_aead_xchacha20poly1305_ietf_encrypt(file->secret, NULL, file->seed.bytes,
                                               sizeof file->seed.bytes, header.data, header.len,
                                               NULL, file->nonce, sealing);
    qp_free_secret(sealing);
    return QP_OK;
}

enum qp_code qp_keyfile_encode(const struct qp_key *key, struct qp_span name,
                               const struct qp_span *passphrase,
                               const struct qp_keyfile_options *options, struct qp_buf *out,
                               struct qp_err *err)
{
    static const struct qp_keyfile_options usual = QP_KEYFILE_OPTIONS_INIT;
    struct keyfile *file = NULL;
    struct qp_buf text = QP_BUF_SECRET;
    const struct qp_keyfile_options *limits = options != NULL ? options : &usual;
    enum qp_code rc = qp_key_name_check(name, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (passphrase != NULL && passphrase->len == 0) {
        return qp_fail(err, QP_E_USAGE, "the passphrase is empty; give one, or ask for none");
    }
    if (passphrase != NULL && !limits_are_ours(limits)) {
        return qp_fail(err, QP_E_USAGE,
                       "a key file takes 1 to %d passes over 8 to 1024 MiB of memory",
                       QP_KEYFILE_OPSLIMIT_MAX);
    }
    rc = new_keyfile(&file, err);
    if (rc != QP_OK) {
        return rc;
    }
    file->name = name;
    file->encrypted = passphrase != NULL;
    file->options = *limits;
    qp_key_public(key, &file->public_key);
    qp_random(file->salt, sizeof file->salt);
    qp_random(file->nonce, sizeof file->nonce);
    rc = add_header(file, &text, err);
    if (rc == QP_OK) {
        rc = fill_secret(file, key, passphrase, qp_span_buf(&text), err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add_text(&text, "secret: ", err);
    }
    if (rc == QP_OK) {
        size_t secret_len = file->encrypted ? SEALED_BYTES : sizeof(struct qp_seed);
        rc = add_base64_line(&text, qp_span_of(file->secret, secret_len), err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add(out, qp_span_buf(&text), err);
    }
    qp_buf_wipe(&text);
    qp_free_secret(file);
    return rc;
}

/* ---- Reading ---- */

struct cursor {
    struct qp_span file;
    size_t at;
};

/* Step over `text` when it stands next. */
static bool take_text(struct cursor *cursor, const char *text)
{
    size_t len = strlen(text);
    if (len > cursor->file.len - cursor->at ||
        memcmp(cursor->file.data + cursor->at, text, len) != 0) {
        return false;
    }
    cursor->at += len;
    return true;
}

/* Step over the bytes up to and with the next `end`. */
static bool take_until(struct cursor *cursor, char end, struct qp_span *field)
{
    size_t left = cursor->file.len - cursor->at;
    const uint8_t *from = cursor->file.data + cursor->at;
    const uint8_t *stop = left == 0 ? NULL : memchr(from, end, left);
    if (stop == NULL) {
        return false;
    }
    *field = qp_span_of(from, (size_t)(stop - from));
    cursor->at += field->len + 1;
    return true;
}

/* A decimal number without leading zeros, then a space. */
static bool take_number(struct cursor *cursor, uint64_t *number)
{
    struct qp_span digits;
    uint64_t value = 0;
    if (!take_until(cursor, ' ', &digits) || digits.len == 0 || digits.len > 12 ||
        (digits.data[0] == '0' && digits.len > 1)) {
        return false;
    }
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(digits.data[i] - '0');
    }
    *number = value;
    return true;
}

/* Base64 of exactly len bytes, then LF. *rc tells a lack of memory from a wrong form. */
static bool take_base64(struct cursor *cursor, void *bytes, size_t len, enum qp_code *rc,
                        struct qp_err *err)
{
    struct qp_span text;
    struct qp_buf decoded = QP_BUF_SECRET;
    if (!take_until(cursor, '\n', &text)) {
        return false;
    }
    enum qp_code decode = qp_base64_decode(&decoded, text, err);
    bool good = decode == QP_OK && decoded.len == len;
    if (decode == QP_E_MEMORY) {
        *rc = decode;
    } else if (good) {
        memcpy(bytes, decoded.data, len);
    }
    qp_buf_wipe(&decoded);
    return good;
}

static bool take_kdf_and_cipher(struct cursor *cursor, struct keyfile *file, enum qp_code *rc,
                                struct qp_err *err)
{
    if (take_text(cursor, "kdf: none\n")) {
        return take_text(cursor, "cipher: none\n");
    }
    file->encrypted = true;
    return take_text(cursor, "kdf: argon2id13 ") && take_number(cursor, &file->options.opslimit) &&
           take_number(cursor, &file->options.memlimit_bytes) &&
           take_base64(cursor, file->salt, sizeof file->salt, rc, err) &&
           take_text(cursor, "cipher: xchacha20-poly1305-ietf ") &&
           take_base64(cursor, file->nonce, sizeof file->nonce, rc, err);
}

static bool take_lines(struct cursor *cursor, struct keyfile *file, enum qp_code *rc,
                       struct qp_err *err)
{
    if (!take_text(cursor, "name: ") || !take_until(cursor, '\n', &file->name) ||
        !take_text(cursor, "public: ") ||
        !take_base64(cursor, file->public_key.bytes, sizeof file->public_key.bytes, rc, err) ||
        !take_kdf_and_cipher(cursor, file, rc, err)) {
        return false;
    }
    file->header_len = cursor->at;
    return take_text(cursor, "secret: ") &&
           take_base64(cursor, file->secret,
                       file->encrypted ? SEALED_BYTES : sizeof(struct qp_seed), rc, err);
}

static enum qp_code parse(struct qp_span bytes, struct keyfile *file, struct qp_err *err)
{
    struct cursor cursor = {.file = bytes};
    enum qp_code rc = QP_E_INPUT;
    if (bytes.len == 0 || bytes.len > QP_KEYFILE_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "a key file has 1 to %d bytes; this one has %zu",
                       QP_KEYFILE_BYTES_MAX, bytes.len);
    }
    if (!take_text(&cursor, FIRST_LINE)) {
        bool other_version = take_text(&cursor, "quipu secret key v");
        return qp_fail(err, QP_E_INPUT, "%s",
                       other_version
                           ? "the key file is of another version than 1; use a newer quipu"
                           : "not a key file: it does not begin with 'quipu secret key v1'");
    }
    if (!take_lines(&cursor, file, &rc, err)) {
        if (rc == QP_E_MEMORY) {
            return rc;
        }
        return bytes.data[bytes.len - 1] != '\n'
                   ? qp_fail(err, QP_E_INPUT,
                             "the key file is cut short: its last line has no end; use the backup")
                   : qp_fail_at(err, QP_E_INPUT, cursor.at,
                                "the key file is damaged near byte %zu; use the backup", cursor.at);
    }
    if (cursor.at != bytes.len) {
        return qp_fail_at(err, QP_E_INPUT, cursor.at,
                          "the key file has %zu bytes too many at its end", bytes.len - cursor.at);
    }
    if (file->encrypted && !limits_are_ours(&file->options)) {
        return qp_fail(err, QP_E_INPUT,
                       "the key file asks for %" PRIu64 " passes over %" PRIu64
                       " bytes of memory; 1 to %d passes over 8 to 1024 MiB are allowed",
                       file->options.opslimit, file->options.memlimit_bytes,
                       QP_KEYFILE_OPSLIMIT_MAX);
    }
    rc = qp_key_name_check(file->name, err);
    return rc == QP_OK ? QP_OK : qp_prefix(err, rc, "key file");
}

static void copy_name(char *to, struct qp_span name)
{
    if (to != NULL) {
        memcpy(to, name.data, name.len);
        to[name.len] = '\0';
    }
}

/* Open file->secret into file->seed. */
static enum qp_code unseal(struct keyfile *file, const struct qp_span *passphrase,
                           struct qp_span header, struct qp_err *err)
{
    uint8_t *sealing = NULL;
    if (!file->encrypted) {
        memcpy(file->seed.bytes, file->secret, sizeof file->seed.bytes);
        return QP_OK;
    }
    enum qp_code rc = stretch(*passphrase, &file->options, file->salt, &sealing, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(file->seed.bytes, NULL, NULL, file->secret,
                                                   SEALED_BYTES, header.data, header.len,
                                                   file->nonce, sealing) != 0) {
        rc = qp_fail(err, QP_E_INVALID,
                     "the passphrase is wrong, or the key file was changed; type it again, then "
                     "try the backup of the file");
    }
    qp_free_secret(sealing);
    return rc;
}

enum qp_code qp_keyfile_decode(struct qp_span bytes, const struct qp_span *passphrase,
                               struct qp_key **key, char *name, struct qp_err *err)
{
    struct keyfile *file = NULL;
    struct qp_key *made = NULL;
    struct qp_public_key follows;
    enum qp_code rc = new_keyfile(&file, err);
    if (rc == QP_OK) {
        rc = parse(bytes, file, err);
    }
    if (rc != QP_OK) {
        goto out;
    }
    if (file->encrypted != (passphrase != NULL)) {
        rc = qp_fail(err, QP_E_USAGE, "%s",
                     file->encrypted ? "the key file is encrypted; give its passphrase"
                                     : "a passphrase was given, but the key file is not encrypted; "
                                       "make sure that it is the file you mean");
        goto out;
    }
    rc = unseal(file, passphrase, qp_span_of(bytes.data, file->header_len), err);
    if (rc == QP_OK) {
        rc = qp_key_from_seed(&file->seed, &made, err);
    }
    if (rc != QP_OK) {
        goto out;
    }
    qp_key_public(made, &follows);
    if (!qp_public_key_eq(&follows, &file->public_key)) {
        rc = qp_fail(err, QP_E_INVALID,
                     "the key file was changed: its secret does not give its public key; use the "
                     "backup");
        goto out;
    }
    copy_name(name, file->name);
    *key = made;
    made = NULL;
out:
    qp_key_free(made);
    qp_free_secret(file);
    return rc;
}

enum qp_code qp_keyfile_peek(struct qp_span bytes, bool *encrypted, char *name,
                             struct qp_public_key *public_key, struct qp_err *err)
{
    struct keyfile *file = NULL;
    enum qp_code rc = new_keyfile(&file, err);
    if (rc == QP_OK) {
        rc = parse(bytes, file, err);
    }
    if (rc == QP_OK) {
        copy_name(name, file->name);
        if (encrypted != NULL) {
            *encrypted = file->encrypted;
        }
        if (public_key != NULL) {
            *public_key = file->public_key;
        }
    }
    qp_free_secret(file);
    return rc;
}

enum qp_code qp_keyfile_is_encrypted(struct qp_span bytes, bool *encrypted, struct qp_err *err)
{
    return qp_keyfile_peek(bytes, encrypted, NULL, NULL, err);
}
