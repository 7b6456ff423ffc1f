#include <quipu/note.h>

#include "core/check.h"
#include "note/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MATERIAL_BYTES (1 + sizeof(struct qp_public_key)) /* type, public key */

enum qp_code qp_vkey_init(struct qp_vkey *vkey, struct qp_span name, enum qp_vkey_type type,
                          const struct qp_public_key *key, struct qp_err *err)
{
    QP_ASSERT(type == QP_VKEY_NOTE || type == QP_VKEY_COSIGNATURE);
    enum qp_code rc = qp_key_name_check(name, err);
    if (rc == QP_OK) {
        rc = qp_public_key_check(key, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_vkey made = {.type = type, .key = *key};
    memcpy(made.name, name.data, name.len);
    uint8_t between[2] = {'\n', (uint8_t)type};
    struct qp_hasher hasher;
    struct qp_hash hash;
    qp_hasher_init(&hasher);
    qp_hasher_add(&hasher, name);
    qp_hasher_add(&hasher, qp_span_of(between, sizeof between));
    qp_hasher_add(&hasher, qp_span_of(key->bytes, sizeof key->bytes));
    qp_hasher_final(&hasher, &hash);
    made.key_id = qp_load_be32(hash.bytes);
    *vkey = made;
    return QP_OK;
}

/* Up to the next '+', which is taken off. */
static bool take_field(struct qp_span *rest, struct qp_span *field)
{
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->data, '+', rest->len);
    if (end == NULL) {
        return false;
    }
    *field = qp_span_of(rest->data, (size_t)(end - rest->data));
    *rest = qp_span_of(end + 1, rest->len - field->len - 1);
    return true;
}

static bool parse_id(struct qp_span digits, uint32_t *id)
{
    uint8_t bytes[4];
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] >= 'A' && digits.data[i] <= 'F') {
            return false;
        }
    }
    if (qp_hex_decode(bytes, sizeof bytes, digits, NULL) != QP_OK) {
        return false;
    }
    *id = qp_load_be32(bytes);
    return true;
}

/* Type and key out of the base64, with a word for the types that we know of but do not check. */
static enum qp_code parse_material(struct qp_span base64, enum qp_vkey_type *type,
                                   struct qp_public_key *key, struct qp_err *err)
{
    struct qp_buf bytes = {0};
    enum qp_code rc = qp_base64_decode(&bytes, base64, err);
    if (rc != QP_OK) {
        goto out;
    }
    if (bytes.len == 0) {
        rc = qp_fail(err, QP_E_INPUT, "a verifier key ends with nothing behind its last '+'");
        goto out;
    }
    if (bytes.data[0] != QP_VKEY_NOTE && bytes.data[0] != QP_VKEY_COSIGNATURE) {
        rc = qp_fail(err, QP_E_INPUT,
                     "a verifier key is of type 0x%02x; only 0x01 (Ed25519) and 0x04 (Ed25519 "
                     "cosignature) are checked here",
                     bytes.data[0]);
        goto out;
    }
    if (bytes.len != MATERIAL_BYTES) {
        rc = qp_fail(err, QP_E_INPUT, "a verifier key holds %zu bytes; %zu are needed", bytes.len,
                     MATERIAL_BYTES);
        goto out;
    }
    *type = bytes.data[0] == QP_VKEY_NOTE ? QP_VKEY_NOTE : QP_VKEY_COSIGNATURE;
    memcpy(key->bytes, bytes.data + 1, sizeof key->bytes);
out:
    qp_buf_wipe(&bytes);
    return rc;
}

enum qp_code qp_vkey_parse(struct qp_span text, struct qp_vkey *vkey, struct qp_err *err)
{
    struct qp_span rest = text;
    struct qp_span name;
    struct qp_span digits;
    struct qp_public_key key;
    enum qp_vkey_type type = QP_VKEY_NOTE;
    struct qp_vkey made;
    uint32_t id = 0;
    if (text.len >= (size_t)QP_VKEY_TEXT_BYTES * 16) {
        return qp_fail(err, QP_E_INPUT, "a verifier key of %zu bytes is too long", text.len);
    }
    if (!take_field(&rest, &name) || !take_field(&rest, &digits) || !parse_id(digits, &id)) {
        return qp_fail(err, QP_E_INPUT,
                       "a verifier key has the form name+id+key, the id of eight digits 0-9a-f");
    }
    enum qp_code rc = parse_material(rest, &type, &key, err);
    if (rc == QP_OK) {
        rc = qp_vkey_init(&made, name, type, &key, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (made.key_id != id) {
        return qp_fail(err, QP_E_INVALID,
                       "verifier key %.*s has the id %08" PRIx32
                       ", but its name and key give %08" PRIx32
                       "; it was changed on the way, so ask its owner again",
                       qp_shown_len(name), (const char *)name.data, id, made.key_id);
    }
    *vkey = made;
    return QP_OK;
}

/* base64 without an allocation, for the one length that is needed. */
static void format_material(const uint8_t *bytes, char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    _Static_assert(MATERIAL_BYTES % 3 == 0, "no padding");
    for (size_t i = 0; i < MATERIAL_BYTES; i += 3) {
        uint32_t three =
            (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6) {
            *text++ = alphabet[three >> shift & 63];
        }
    }
    *text = '\0';
}

void qp_vkey_format(const struct qp_vkey *vkey, char *text)
{
    uint8_t material[MATERIAL_BYTES];
    char base64[MATERIAL_BYTES / 3 * 4 + 1];
    material[0] = (uint8_t)vkey->type;
    memcpy(material + 1, vkey->key.bytes, sizeof vkey->key.bytes);
    format_material(material, base64);
    int len =
        snprintf(text, QP_VKEY_TEXT_BYTES, "%s+%08" PRIx32 "+%s", vkey->name, vkey->key_id, base64);
    QP_ASSERT(len > 0 && len < QP_VKEY_TEXT_BYTES);
}
