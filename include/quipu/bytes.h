/* Bytes: borrowed spans, growing buffers, and their text forms.
 *
 * A span borrows: it never owns and is never freed. A buffer owns its bytes: init, use, wipe.
 * Not thread-safe per object; nothing is shared between objects. */
#ifndef QUIPU_BYTES_H
#define QUIPU_BYTES_H

#include <stdbool.h>
#include <stddef.h>

#include <quipu/err.h>

#ifdef __cplusplus
extern "C" {
#endif

struct qp_span {
    const uint8_t *data; /* may be NULL when len is 0 */
    size_t len;
};

/* Growing byte buffer. All zeros is the empty buffer. */
struct qp_buf {
    uint8_t *data;
    size_t len;
    size_t capacity;
    bool secret; /* its bytes stand in guarded memory */
};

/* An empty buffer for a passphrase or for the bytes of a key: in memory that is kept out of swap
 * and of core dumps, as far as the system lets it (RLIMIT_MEMLOCK), between pages that nobody can
 * touch. Each costs a few pages and system calls. After qp_init only. It stays secret when wiped.
 */
#define QP_BUF_SECRET                                                                              \
    {                                                                                              \
        NULL, 0, 0, true                                                                           \
    }

/* Fixed-size values are structs of one field, so that a hash cannot be passed for a key. */
struct qp_hash {
    uint8_t bytes[32];
};

QP_API struct qp_span qp_span_of(const void *data, size_t len);
QP_API struct qp_span qp_span_text(const char *text); /* without the NUL */
QP_API struct qp_span qp_span_buf(const struct qp_buf *buf);
/* Constant time in the content; false when the lengths differ. */
QP_API bool qp_span_eq(struct qp_span a, struct qp_span b);

QP_API void qp_buf_init(struct qp_buf *buf);
/* Free the bytes, after zeroing them; the buffer is empty and usable again. NULL is allowed. */
QP_API void qp_buf_wipe(struct qp_buf *buf);
/* Make room for `more` bytes behind len. QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_buf_reserve(struct qp_buf *buf, size_t more, struct qp_err *err);
QP_API QP_MUST_USE enum qp_code qp_buf_add(struct qp_buf *buf, struct qp_span bytes,
                                           struct qp_err *err);
QP_API QP_MUST_USE enum qp_code qp_buf_add_text(struct qp_buf *buf, const char *text,
                                                struct qp_err *err);
/* printf into the buffer; no NUL is counted in len, but one stands behind it. */
QP_API QP_MUST_USE enum qp_code qp_buf_addf(struct qp_buf *buf, struct qp_err *err,
                                            const char *format, ...) QP_PRINTF(3, 4);

/* Big-endian numbers at unaligned places. */
QP_API uint32_t qp_load_be32(const uint8_t *at);
QP_API uint64_t qp_load_be64(const uint8_t *at);
QP_API void qp_store_be32(uint8_t *at, uint32_t value);
QP_API void qp_store_be64(uint8_t *at, uint64_t value);

/* Lower-case hexadecimal with a NUL: text has room for 2 * len + 1 characters. */
QP_API void qp_hex_encode(char *text, struct qp_span bytes);
/* Exactly 2 * len hexadecimal digits, either case, nothing else. QP_E_INPUT. */
QP_API QP_MUST_USE enum qp_code qp_hex_decode(uint8_t *bytes, size_t len, struct qp_span text,
                                              struct qp_err *err);

/* Standard base64 with padding (RFC 4648 section 4), appended to out. */
QP_API QP_MUST_USE enum qp_code qp_base64_encode(struct qp_buf *out, struct qp_span bytes,
                                                 struct qp_err *err);
/* Strict: canonical padding and zero trailing bits, no white space; appended to out. QP_E_INPUT. */
QP_API QP_MUST_USE enum qp_code qp_base64_decode(struct qp_buf *out, struct qp_span text,
                                                 struct qp_err *err);

/* True for well-formed UTF-8 (RFC 3629): no surrogates, no overlong forms, at most U+10FFFF. */
QP_API bool qp_utf8_check(struct qp_span text);

/* The bytes made safe for a terminal, appended to out: control characters (C0, DEL, C1), bytes
 * that are not UTF-8, and the bidirectional and line-separator controls of Unicode become \xNN or
 * \u{N}. */
QP_API QP_MUST_USE enum qp_code qp_escape_terminal(struct qp_buf *out, struct qp_span text,
                                                   struct qp_err *err);

/* 64 lower-case digits of a hash. text has room for 65 characters. */
QP_API void qp_hash_hex(char *text, const struct qp_hash *hash);
/* Not in constant time: a hash is no secret. */
QP_API bool qp_hash_eq(const struct qp_hash *a, const struct qp_hash *b);

#ifdef __cplusplus
}
#endif
#endif
