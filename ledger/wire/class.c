#include "wire/wire.h"

#include "core/check.h"

#include <string.h>

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_text(struct qp_span text)
{
    if (!qp_utf8_check(text)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool c1 = text.data[i] == 0xc2 && i + 1 < text.len && text.data[i + 1] < 0xa0;
        if (text.data[i] < 0x20 || text.data[i] == 0x7f || c1) {
            return false;
        }
    }
    return true;
}

static bool is_party(struct qp_span text)
{
    if (text.len < 2 || text.len > 31 || text.data[0] == '-' || text.data[text.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (!is_lower(c) && !is_digit(c) && c != '-') {
            return false;
        }
    }
    return true;
}

static bool is_id(struct qp_span text)
{
    const uint8_t *slash = text.len > 0 ? memchr(text.data, '/', text.len) : NULL;
    if (slash == NULL || !is_party(qp_span_of(text.data, (size_t)(slash - text.data)))) {
        return false;
    }
    struct qp_span local = qp_span_of(slash + 1, text.len - (size_t)(slash - text.data) - 1);
    if (local.len < 1 || local.len > 48) {
        return false;
    }
    for (size_t i = 0; i < local.len; i++) {
        uint8_t c = local.data[i];
        bool plain = is_lower(c) || is_upper(c) || is_digit(c);
        if (!plain && (i == 0 || (c != '.' && c != '_' && c != '-'))) {
            return false;
        }
    }
    return true;
}

static bool all(struct qp_span text, uint8_t least, uint8_t most, uint8_t but)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < least || text.data[i] > most || text.data[i] == but) {
            return false;
        }
    }
    return true;
}

bool qp_class_check(enum qp_field_class class, struct qp_span text)
{
    switch (class) {
    case QP_CLASS_TEXT:
        return is_text(text);
    case QP_CLASS_CODE:
        return all(text, 0x21, 0x7e, 0);
    case QP_CLASS_DIGITS:
        return all(text, '0', '9', 0);
    case QP_CLASS_COUNTRY:
        return text.len == 2 && all(text, 'A', 'Z', 0);
    case QP_CLASS_PARTY:
        return text.len == 0 || is_party(text);
    case QP_CLASS_ID:
        return is_id(text);
    case QP_CLASS_NAME:
        return is_id(text) || is_party(text);
    case QP_CLASS_ORIGIN:
        return all(text, 0x21, 0x7e, '+');
    case QP_CLASS_NONE:
    case QP_CLASS_TIME:
    case QP_CLASS_HEX:
    case QP_CLASS_BASE64:
        break;
    }
    return false;
}

struct qp_span qp_span_bytes(ProtobufCBinaryData bytes)
{
    return qp_span_of(bytes.data, bytes.len);
}

ProtobufCBinaryData qp_bytes_span(struct qp_span span)
{
    /* protobuf-c's struct has no const; nobody writes through it. */
    union {
        const uint8_t *in;
        uint8_t *out;
    } data = {.in = span.data};
    return (ProtobufCBinaryData){.len = span.len, .data = data.out};
}

struct qp_hash qp_bytes_hash(ProtobufCBinaryData bytes)
{
    struct qp_hash hash;
    QP_ASSERT(bytes.len == sizeof hash.bytes);
    memcpy(hash.bytes, bytes.data, sizeof hash.bytes);
    return hash;
}

ProtobufCBinaryData qp_hash_bytes(const struct qp_hash *hash)
{
    return qp_bytes_span(qp_span_of(hash->bytes, sizeof hash->bytes));
}
