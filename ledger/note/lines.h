/* Lines, numbers and fixed-size base64: what the text formats of this room are made of. */
#ifndef QP_NOTE_LINES_H
#define QP_NOTE_LINES_H

#include <quipu/bytes.h>

/* Take the next line off `rest`, without its LF. False when no whole line is left. */
bool qp_line_take(struct qp_span *rest, struct qp_span *line);
/* Take `prefix` off the front. False when it does not stand there. */
bool qp_prefix_take(struct qp_span *rest, const char *prefix);
/* Decimal digits without leading zeros, at most `most`; nothing else. */
bool qp_decimal_parse(struct qp_span text, uint64_t most, uint64_t *number);
/* Strict base64 of exactly len bytes. QP_E_INPUT, QP_E_MEMORY. */
enum qp_code qp_base64_exact(struct qp_span text, void *bytes, size_t len,
                             struct qp_err *err) QP_MUST_USE;
/* Append base64 and LF. */
enum qp_code qp_base64_line(struct qp_buf *out, const void *bytes, size_t len,
                            struct qp_err *err) QP_MUST_USE;
/* A name from a text, cut to a length that fits an error: for "%.*s". */
int qp_shown_len(struct qp_span text);

#endif
