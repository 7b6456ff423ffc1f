#include "note/lines.h"

#include "core/check.h"

#include <string.h>

bool qp_line_take(struct qp_span *rest, struct qp_span *line)
{
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->data, '\n', rest->len);
    if (end == NULL) {
        return false;
    }
    *line = qp_span_of(rest->data, (size_t)(end - rest->data));
    *rest = qp_span_of(end + 1, rest->len - line->len - 1);
    return true;
}

bool qp_prefix_take(struct qp_span *rest, const char *prefix)
{
    size_t len = strlen(prefix);
    if (rest->len < len || memcmp(rest->data, prefix, len) != 0) {
        return false;
    }
    *rest = qp_span_of(rest->data + len, rest->len - len);
    return true;
}

bool qp_decimal_parse(struct qp_span text, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;
    if (text.len == 0 || (text.len > 1 && text.data[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(text.data[i] - '0');
        if (digit > most || value > (most - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

enum qp_code qp_base64_exact(struct qp_span text, void *bytes, size_t len, struct qp_err *err)
{
    struct qp_buf decoded = {0};
    if (text.len != (len + 2) / 3 * 4) {
        return qp_fail(err, QP_E_INPUT, "%zu characters where the base64 of %zu bytes is needed",
                       text.len, len);
    }
    enum qp_code rc = qp_base64_decode(&decoded, text, err);
    if (rc == QP_OK && (decoded.data == NULL || decoded.len != len)) {
        rc = qp_fail(err, QP_E_INPUT, "base64 of %zu bytes where %zu are needed", decoded.len, len);
    }
    if (rc == QP_OK) {
        memcpy(bytes, decoded.data, len);
    }
    qp_buf_wipe(&decoded);
    return rc;
}

/* Notes hold no secrets, so this is a plain table: libsodium's encoder, which tells nothing of what
 * it encodes by its time, takes eight times as long, and was half of what a receipt cost. */
enum qp_code qp_base64_line(struct qp_buf *out, const void *bytes, size_t len, struct qp_err *err)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = 0;
    if (!qp_mul_size(len / 3 + 1, 4, &size)) {
        return qp_fail(err, QP_E_MEMORY, "too large for base64");
    }
    enum qp_code rc = qp_buf_reserve(out, size + 1, err);
    if (rc != QP_OK) {
        return rc;
    }
    const uint8_t *from = bytes;
    uint8_t *to = out->data + out->len;
    for (size_t at = 0; at < len; at += 3) {
        size_t left = len - at;
        uint32_t three = (uint32_t)from[at] << 16 | (left > 1 ? (uint32_t)from[at + 1] << 8 : 0) |
                         (left > 2 ? (uint32_t)from[at + 2] : 0);
        *to++ = (uint8_t)digits[three >> 18];
        *to++ = (uint8_t)digits[three >> 12 & 63];
        *to++ = left > 1 ? (uint8_t)digits[three >> 6 & 63] : '=';
        *to++ = left > 2 ? (uint8_t)digits[three & 63] : '=';
    }
    *to++ = '\n';
    out->len = (size_t)(to - out->data);
    return QP_OK;
}

int qp_shown_len(struct qp_span text)
{
    size_t len = text.len < 80 ? text.len : 80;
    /* Not in the middle of a character. */
    while (len < text.len && len > 0 && (text.data[len] & 0xc0) == 0x80) {
        len--;
    }
    return (int)len;
}
