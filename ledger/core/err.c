#include <quipu/err.h>

#include "core/check.h"
#include "core/tame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void qp_assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "quipu: internal error: %s does not hold (%s:%d)\n", what, file, line);
    abort();
}

/* Take out what vsnprintf may have left of a character that it cut, and make harmless what could
 * move a cursor or turn text around: words of others are in it. */
static void keep_tame(char out[QP_ERR_TEXT_BYTES], char *text)
{
    size_t len = strlen(text);
    if (len == QP_ERR_TEXT_BYTES - 1) {
        size_t back = len;
        while (back > 0 && ((unsigned char)text[back - 1] & 0xc0U) == 0x80U) {
            back--;
        }
        if (back > 0 && (unsigned char)text[back - 1] >= 0xc0U) {
            text[back - 1] = '\0';
        }
    }
    qp_text_tame(out, QP_ERR_TEXT_BYTES, text);
}

QP_PRINTF(5, 0)
static enum qp_code fill(struct qp_err *err, enum qp_code code, uint64_t offset, const char *rule,
                         const char *format, va_list arguments)
{
    QP_ASSERT(code != QP_OK);
    if (err == NULL) {
        return code;
    }
    /* The arguments may point into err itself, so the text is made aside first. */
    char text[QP_ERR_TEXT_BYTES];
    if (vsnprintf(text, sizeof text, format, arguments) < 0) {
        text[0] = '\0';
    }
    err->code = code;
    err->offset = offset;
    snprintf(err->rule, sizeof err->rule, "%s", rule);
    keep_tame(err->text, text);
    return code;
}

enum qp_code qp_fail(struct qp_err *err, enum qp_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(err, code, QP_NO_OFFSET, "", format, arguments);
    va_end(arguments);
    return code;
}

enum qp_code qp_fail_at(struct qp_err *err, enum qp_code code, uint64_t offset, const char *format,
                        ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(err, code, offset, "", format, arguments);
    va_end(arguments);
    return code;
}

enum qp_code qp_refuse(struct qp_err *err, const char *rule, const char *format, ...)
{
    QP_ASSERT(strlen(rule) < QP_ERR_RULE_BYTES);
    va_list arguments;
    va_start(arguments, format);
    fill(err, QP_E_REFUSED, QP_NO_OFFSET, rule, format, arguments);
    va_end(arguments);
    return QP_E_REFUSED;
}

enum qp_code qp_prefix(struct qp_err *err, enum qp_code code, const char *format, ...)
{
    if (err == NULL) {
        return code;
    }
    char prefix[QP_ERR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(prefix, sizeof prefix, format, arguments) < 0) {
        prefix[0] = '\0';
    }
    va_end(arguments);
    char text[2 * QP_ERR_TEXT_BYTES + 2];
    snprintf(text, sizeof text, "%s: %s", prefix, err->text);
    text[QP_ERR_TEXT_BYTES - 1] = '\0';
    keep_tame(err->text, text);
    return err->code == QP_OK ? code : err->code;
}

void qp_err_init(struct qp_err *err)
{
    if (err != NULL) {
        *err = (struct qp_err){.code = QP_OK, .offset = QP_NO_OFFSET};
    }
}

const char *qp_code_name(enum qp_code code)
{
    switch (code) {
    case QP_OK:
        return "ok";
    case QP_E_USAGE:
        return "usage";
    case QP_E_INPUT:
        return "input";
    case QP_E_INVALID:
        return "invalid";
    case QP_E_REFUSED:
        return "refused";
    case QP_E_NOT_FOUND:
        return "not-found";
    case QP_E_STORE:
        return "store";
    case QP_E_IO:
        return "io";
    case QP_E_MEMORY:
        return "memory";
    case QP_E_BUSY:
        return "busy";
    case QP_E_FULL:
        return "full";
    }
    return "unknown";
}
