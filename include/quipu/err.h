/* Errors: what a function returns and what it says.
 *
 * A function that can fail returns enum qp_code and fills the caller's struct qp_err. There is no
 * global "last error". On failure, outputs are untouched unless a function says otherwise.
 * Thread-safe: nothing here is shared. */
#ifndef QUIPU_ERR_H
#define QUIPU_ERR_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define QP_API __attribute__((visibility("default")))
#define QP_MUST_USE __attribute__((warn_unused_result))
#define QP_PRINTF(at, first) __attribute__((format(printf, at, first)))
#define QP_NORETURN __attribute__((noreturn))
#else
#define QP_API
#define QP_MUST_USE
#define QP_PRINTF(at, first)
#define QP_NORETURN
#endif

/* One code for each thing that a caller does differently; the detail is in the text. */
enum qp_code {
    QP_OK = 0,
    QP_E_USAGE,     /* the caller asked for something that makes no sense (exit 2) */
    QP_E_INPUT,     /* the bytes are not in our format (exit 3) */
    QP_E_INVALID,   /* well formed, but a signature, hash, proof or chain does not hold (exit 1) */
    QP_E_REFUSED,   /* well formed and authentic, but a rule of the ledger forbids it (exit 1) */
    QP_E_NOT_FOUND, /* the thing asked for is not there (exit 1) */
    QP_E_STORE,     /* the ledger's store failed or is damaged (exit 4) */
    QP_E_IO,        /* a file could not be read or written (exit 4) */
    QP_E_MEMORY,    /* no memory (exit 4) */
    QP_E_BUSY,      /* another process holds the lock (exit 4) */
    QP_E_FULL /* no room: disk, quota, limit of file sizes or of the store; nothing is broken, and
                 the same goes through once there is room (exit 4) */
};

#define QP_ERR_TEXT_BYTES 320
#define QP_ERR_RULE_BYTES 32
#define QP_NO_OFFSET UINT64_MAX

struct qp_err {
    enum qp_code code;
    uint64_t offset;              /* byte in the input, or QP_NO_OFFSET */
    char rule[QP_ERR_RULE_BYTES]; /* stable code of the rule that refused, such as "QP-LOT-NEW"; may
                                     be "" */
    char text[QP_ERR_TEXT_BYTES]; /* one line: what, which one, what to do next */
};

/* Fill err (which may be NULL) and return code. The text is cut at QP_ERR_TEXT_BYTES - 1 on a
 * UTF-8 boundary; control characters in it are replaced by '?'. */
QP_API enum qp_code qp_fail(struct qp_err *err, enum qp_code code, const char *format, ...)
    QP_PRINTF(3, 4);

/* As qp_fail, with the byte of the input at which it went wrong. */
QP_API enum qp_code qp_fail_at(struct qp_err *err, enum qp_code code, uint64_t offset,
                               const char *format, ...) QP_PRINTF(4, 5);

/* QP_E_REFUSED with the stable code of the rule, at most QP_ERR_RULE_BYTES - 1 characters. */
QP_API enum qp_code qp_refuse(struct qp_err *err, const char *rule, const char *format, ...)
    QP_PRINTF(3, 4);

/* Put "prefix: " before the text that err already holds; code, offset and rule stay. Returns
 * err->code, or code when err is NULL. */
QP_API enum qp_code qp_prefix(struct qp_err *err, enum qp_code code, const char *format, ...)
    QP_PRINTF(3, 4);

/* Set err (may be NULL) to QP_OK and an empty text. */
QP_API void qp_err_init(struct qp_err *err);

/* Short stable name of a code, such as "refused"; never NULL. */
QP_API const char *qp_code_name(enum qp_code code);

#ifdef __cplusplus
}
#endif
#endif
