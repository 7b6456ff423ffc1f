#include <quipu/bytes.h>

#include "core/alloc.h"
#include "core/check.h"
#include "core/tame.h"

#include <sodium.h>

#include <stdio.h>
#include <string.h>

struct qp_span qp_span_of(const void *data, size_t len)
{
    return (struct qp_span){.data = data, .len = len};
}

struct qp_span qp_span_text(const char *text)
{
    return qp_span_of(text, strlen(text));
}

struct qp_span qp_span_buf(const struct qp_buf *buf)
{
    return qp_span_of(buf->data, buf->len);
}

bool qp_span_eq(struct qp_span a, struct qp_span b)
{
    return a.len == b.len && (a.len == 0 || sodium_memcmp(a.data, b.data, a.len) == 0);
}

void qp_buf_init(struct qp_buf *buf)
{
    *buf = (struct qp_buf){0};
}

void qp_buf_wipe(struct qp_buf *buf)
{
    if (buf == NULL) {
        return;
    }
    if (buf->data != NULL && buf->secret) {
        qp_free_secret(buf->data);
    } else if (buf->data != NULL) {
        sodium_memzero(buf->data, buf->capacity);
        qp_free(buf->data);
    }
    *buf = (struct qp_buf){.secret = buf->secret};
}

enum qp_code qp_buf_reserve(struct qp_buf *buf, size_t more, struct qp_err *err)
{
    size_t need = 0;
    if (!qp_add_size(buf->len, more, &need)) {
        return qp_fail(err, QP_E_MEMORY, "a buffer would be larger than memory can be");
    }
    if (need <= buf->capacity && buf->data != NULL) {
        return QP_OK;
    }
    size_t capacity = buf->capacity < 64 ? 64 : buf->capacity;
    while (capacity < need) {
        if (!qp_mul_size(capacity, 2, &capacity)) {
            capacity = need;
        }
    }
    /* Not realloc: the old bytes may be secret, and realloc would leave a copy behind. */
    uint8_t *data = buf->secret ? qp_alloc_secret(capacity) : qp_alloc(capacity);
    if (data == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a buffer of %zu bytes", capacity);
    }
    if (buf->data != NULL) {
        memcpy(data, buf->data, buf->len);
    }
    size_t len = buf->len;
    qp_buf_wipe(buf);
    buf->data = data;
    buf->len = len;
    buf->capacity = capacity;
    return QP_OK;
}

enum qp_code qp_buf_add(struct qp_buf *buf, struct qp_span bytes, struct qp_err *err)
{
    enum qp_code rc = qp_buf_reserve(buf, bytes.len, err);
    if (rc == QP_OK && bytes.len > 0) {
        memcpy(buf->data + buf->len, bytes.data, bytes.len);
        buf->len += bytes.len;
    }
    return rc;
}

enum qp_code qp_buf_add_text(struct qp_buf *buf, const char *text, struct qp_err *err)
{
    return qp_buf_add(buf, qp_span_text(text), err);
}

enum qp_code qp_buf_addf(struct qp_buf *buf, struct qp_err *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    QP_ASSERT(len >= 0);
    enum qp_code rc = qp_buf_reserve(buf, (size_t)len + 1, err);
    if (rc != QP_OK) {
        return rc;
    }
    va_start(arguments, format);
    vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, arguments);
    va_end(arguments);
    buf->len += (size_t)len;
    return QP_OK;
}

uint32_t qp_load_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t qp_load_be64(const uint8_t *at)
{
    return (uint64_t)qp_load_be32(at) << 32 | qp_load_be32(at + 4);
}

void qp_store_be32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

void qp_store_be64(uint8_t *at, uint64_t value)
{
    qp_store_be32(at, (uint32_t)(value >> 32));
    qp_store_be32(at + 4, (uint32_t)value);
}

void qp_hex_encode(char *text, struct qp_span bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        text[2 * i] = digits[bytes.data[i] >> 4];
        text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    text[2 * bytes.len] = '\0';
}

enum qp_code qp_hex_decode(uint8_t *bytes, size_t len, struct qp_span text, struct qp_err *err)
{
    if (text.len != 2 * len) {
        return qp_fail(err, QP_E_INPUT, "%zu characters where %zu hexadecimal digits are needed",
                       text.len, 2 * len);
    }
    size_t done = 0;
    if (len > 0 &&
        (sodium_hex2bin(bytes, len, (const char *)text.data, text.len, NULL, &done, NULL) != 0 ||
         done != len)) {
        return qp_fail(err, QP_E_INPUT, "not a hexadecimal digit among the %zu expected", 2 * len);
    }
    return QP_OK;
}

enum qp_code qp_base64_encode(struct qp_buf *out, struct qp_span bytes, struct qp_err *err)
{
    if (bytes.len > SIZE_MAX / 2) {
        return qp_fail(err, QP_E_MEMORY, "too large for base64");
    }
    size_t size = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    enum qp_code rc = qp_buf_reserve(out, size, err);
    if (rc != QP_OK) {
        return rc;
    }
    sodium_bin2base64((char *)out->data + out->len, size, bytes.data, bytes.len,
                      sodium_base64_VARIANT_ORIGINAL);
    out->len += size - 1;
    return QP_OK;
}

enum qp_code qp_base64_decode(struct qp_buf *out, struct qp_span text, struct qp_err *err)
{
    size_t room = text.len / 4 * 3 + 3;
    enum qp_code rc = qp_buf_reserve(out, room, err);
    if (rc != QP_OK) {
        return rc;
    }
    size_t done = 0;
    const char *end = NULL;
    bool ascii = true; /* libsodium 1.0.18 reads every byte from 0x80 up as '/' */
    for (size_t i = 0; i < text.len; i++) {
        ascii = ascii && text.data[i] < 0x80;
    }
    if (!ascii ||
        sodium_base642bin(out->data + out->len, room, (const char *)text.data, text.len, NULL,
                          &done, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != (const char *)text.data + text.len) {
        return qp_fail(err, QP_E_INPUT, "not base64 (standard alphabet, padded with '=')");
    }
    out->len += done;
    return QP_OK;
}

/* Length of the character at `at`, and its code point; 0 when it is not UTF-8. */
static size_t utf8_next(struct qp_span text, size_t at, uint32_t *code_point)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.data[at];
    size_t len = first < 0x80             ? 1
                 : (first & 0xe0) == 0xc0 ? 2
                 : (first & 0xf0) == 0xe0 ? 3
                 : (first & 0xf8) == 0xf0 ? 4
                                          : 0;
    if (len == 0 || len > text.len - at) {
        return 0;
    }
    uint32_t point = len == 1 ? first : first & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((text.data[at + i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (text.data[at + i] & 0x3fU);
    }
    if (point < least[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return 0;
    }
    *code_point = point;
    return len;
}

bool qp_utf8_check(struct qp_span text)
{
    for (size_t at = 0; at < text.len;) {
        if (text.data[at] < 0x80) {
            at++;
            continue;
        }
        uint32_t point = 0;
        size_t len = utf8_next(text, at, &point);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

static bool moves_text_about(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c ||
           (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
           (point >= 0xfff9 && point <= 0xfffb) || (point >= 0xe0000 && point <= 0xe007f);
}

enum qp_code qp_escape_terminal(struct qp_buf *out, struct qp_span text, struct qp_err *err)
{
    enum qp_code rc = qp_buf_reserve(out, text.len, err);
    for (size_t at = 0; rc == QP_OK && at < text.len;) {
        uint32_t point = 0;
        size_t len = utf8_next(text, at, &point);
        if (len == 0) {
            rc = qp_buf_addf(out, err, "\\x%02x", text.data[at]);
            len = 1;
        } else if (!moves_text_about(point)) {
            rc = qp_buf_add(out, qp_span_of(text.data + at, len), err);
        } else if (point < 0x80) {
            rc = qp_buf_addf(out, err, "\\x%02x", point);
        } else {
            rc = qp_buf_addf(out, err, "\\u{%x}", point);
        }
        at += len;
    }
    return rc;
}

void qp_text_tame(char *out, size_t room, const char *text)
{
    struct qp_span in = qp_span_text(text);
    size_t used = 0;
    for (size_t at = 0; at < in.len;) {
        char part[16];
        uint32_t point = 0;
        size_t len = utf8_next(in, at, &point);
        int n = 0;
        if (len == 0) {
            n = snprintf(part, sizeof part, "\\x%02x", in.data[at]);
            len = 1;
        } else if (!moves_text_about(point)) {
            n = snprintf(part, sizeof part, "%.*s", (int)len, text + at);
        } else {
            n = snprintf(part, sizeof part, point < 0x80 ? "?" : "\\u{%x}", (unsigned)point);
        }
        if (n < 0 || (size_t)n >= room - used) {
            break;
        }
        memcpy(out + used, part, (size_t)n);
        used += (size_t)n;
        at += len;
    }
    out[used] = '\0';
}

void qp_hash_hex(char *text, const struct qp_hash *hash)
{
    qp_hex_encode(text, qp_span_of(hash->bytes, sizeof hash->bytes));
}

bool qp_hash_eq(const struct qp_hash *a, const struct qp_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
