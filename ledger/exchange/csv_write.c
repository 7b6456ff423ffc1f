#include "exchange/csv.h"

#include "core/check.h"

#include <inttypes.h>
#include <string.h>

enum qp_code qp_csv_begin(struct qp_csv_writer *writer, struct qp_buf *out, char separator,
                          bool bom, struct qp_err *err)
{
    QP_ASSERT(separator == ',' || separator == ';');
    *writer = (struct qp_csv_writer){.out = out, .separator = separator};
    return bom ? qp_buf_add_text(out, "\xef\xbb\xbf", err) : QP_OK;
}

static enum qp_code begin_cell(struct qp_csv_writer *writer, struct qp_err *err)
{
    enum qp_code rc =
        writer->row_begun ? qp_buf_add(writer->out, qp_span_of(&writer->separator, 1), err) : QP_OK;
    writer->row_begun = true;
    return rc;
}

/* Excel and LibreOffice run a cell that begins so. */
static bool is_formula(struct qp_span text)
{
    return text.len > 0 && text.data[0] != '\0' && strchr("=+-@\t\r", text.data[0]) != NULL;
}

static bool needs_quotes(const struct qp_csv_writer *writer, struct qp_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\n' || text.data[i] == '\r' ||
            text.data[i] == (uint8_t)writer->separator) {
            return true;
        }
    }
    return text.len > 0 && (text.data[0] == ' ' || text.data[text.len - 1] == ' ');
}

enum qp_code qp_csv_text(struct qp_csv_writer *writer, struct qp_span text, struct qp_err *err)
{
    if (!qp_utf8_check(text) || (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)) {
        return qp_fail(err, QP_E_USAGE, "a cell that is not UTF-8 text cannot be written as CSV");
    }
    bool quoted = needs_quotes(writer, text);
    enum qp_code rc = begin_cell(writer, err);
    if (rc == QP_OK && quoted) {
        rc = qp_buf_add_text(writer->out, "\"", err);
    }
    if (rc == QP_OK && is_formula(text)) {
        rc = qp_buf_add_text(writer->out, "'", err);
    }
    for (size_t i = 0; i < text.len && rc == QP_OK; i++) {
        rc = text.data[i] == '"' ? qp_buf_add_text(writer->out, "\"\"", err)
                                 : qp_buf_add(writer->out, qp_span_of(text.data + i, 1), err);
    }
    return rc == QP_OK && quoted ? qp_buf_add_text(writer->out, "\"", err) : rc;
}

enum qp_code qp_csv_number(struct qp_csv_writer *writer, int64_t value, unsigned decimals,
                           struct qp_err *err)
{
    QP_ASSERT(decimals <= 9);
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t unit = 1;
    for (unsigned i = 0; i < decimals; i++) {
        unit *= 10;
    }
    enum qp_code rc = begin_cell(writer, err);
    if (rc == QP_OK) {
        rc = qp_buf_addf(writer->out, err, "%s%" PRIu64, value < 0 ? "-" : "", magnitude / unit);
    }
    if (rc == QP_OK && decimals > 0) {
        rc = qp_buf_addf(writer->out, err, ".%0*" PRIu64, (int)decimals, magnitude % unit);
    }
    return rc;
}

enum qp_code qp_csv_end_row(struct qp_csv_writer *writer, struct qp_err *err)
{
    writer->row_begun = false;
    return qp_buf_add_text(writer->out, "\r\n", err);
}
