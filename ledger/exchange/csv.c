/* Reading CSV: one pass for encoding, one for records. Cells are unquoted into one buffer for each
 * record, which is used again for the next. */
#include "exchange/csv.h"

#include "core/alloc.h"
#include "core/check.h"

#include <inttypes.h>
#include <string.h>

struct cell {
    size_t start; /* in the record's buffer */
    size_t len;
};

struct reader {
    struct qp_span file;
    size_t at;
    uint64_t line; /* of `at`, 1-based */
    char separator;
    const struct qp_csv_table *table;
    const struct qp_csv_sink *sink;
    struct qp_buf record; /* the cells' bytes, one behind the other */
    struct cell cells[QP_CSV_COLUMNS_MAX];
    size_t cell_count;
    uint64_t record_line; /* where the record began */
    size_t record_start;
    size_t header_count;
    size_t place[QP_CSV_COLUMNS_MAX]; /* table column -> file column, or SIZE_MAX */
};

static enum qp_code refuse(const struct reader *in, const char *what, struct qp_err *err)
{
    return qp_fail_at(err, QP_E_INPUT, in->at, "line %" PRIu64 ": %s", in->line, what);
}

/* --- the file as text --- */

static size_t line_end(struct qp_span file, size_t at)
{
    const uint8_t *end = memchr(file.data + at, '\n', file.len - at);
    return end == NULL ? file.len : (size_t)(end - file.data) + 1;
}

/* A line at a time, so that the message can name it. No character of UTF-8 holds a line feed. */
static enum qp_code check_text(struct reader *in, struct qp_err *err)
{
    size_t start = in->at;
    for (; in->at < in->file.len; in->line++) {
        size_t end = line_end(in->file, in->at);
        struct qp_span line = qp_span_of(in->file.data + in->at, end - in->at);
        if (memchr(line.data, '\0', line.len) != NULL) {
            return refuse(in,
                          "a NUL byte; this is not a text file, or it is UTF-16: save it as "
                          "\"CSV UTF-8\"",
                          err);
        }
        if (!qp_utf8_check(line)) {
            return refuse(in,
                          "not UTF-8, so letters like ñ would be lost; the file looks like "
                          "Windows-1252: in Excel choose Save as, \"CSV UTF-8\"",
                          err);
        }
        in->at = end;
    }
    in->at = start;
    in->line = 1;
    return QP_OK;
}

/* Semicolon where the header line has more of them than commas, quoted text apart. */
static char find_separator(const struct reader *in)
{
    size_t end = line_end(in->file, in->at);
    size_t commas = 0;
    size_t semicolons = 0;
    bool quoted = false;
    for (size_t i = in->at; i < end; i++) {
        quoted = quoted != (in->file.data[i] == '"');
        commas += !quoted && in->file.data[i] == ',';
        semicolons += !quoted && in->file.data[i] == ';';
    }
    return semicolons > commas ? ';' : ',';
}

/* --- records --- */

static bool at_separator(const struct reader *in)
{
    return in->at < in->file.len && in->file.data[in->at] == (uint8_t)in->separator;
}

static bool at_line_end(const struct reader *in)
{
    return in->at == in->file.len || in->file.data[in->at] == '\n' ||
           (in->file.data[in->at] == '\r' && in->file.len - in->at > 1 &&
            in->file.data[in->at + 1] == '\n');
}

static enum qp_code add(struct reader *in, size_t from, size_t to, struct qp_err *err)
{
    if (to - in->record_start > QP_CSV_ROW_BYTES_MAX) {
        return qp_fail_at(err, QP_E_INPUT, in->record_start,
                          "line %" PRIu64
                          ": a row of more than %zu bytes; look for a quote that is "
                          "never closed",
                          in->record_line, QP_CSV_ROW_BYTES_MAX);
    }
    return qp_buf_add(&in->record, qp_span_of(in->file.data + from, to - from), err);
}

/* From behind the opening quote to behind the closing one. */
static enum qp_code take_quoted(struct reader *in, struct qp_err *err)
{
    for (;;) {
        const uint8_t *quote = memchr(in->file.data + in->at, '"', in->file.len - in->at);
        if (quote == NULL) {
            return qp_fail_at(err, QP_E_INPUT, in->at,
                              "line %" PRIu64 ": a quoted cell in this row is never closed",
                              in->record_line);
        }
        size_t end = (size_t)(quote - in->file.data);
        bool doubled = in->file.len - end > 1 && in->file.data[end + 1] == '"';
        enum qp_code rc = add(in, in->at, doubled ? end + 1 : end, err);
        if (rc != QP_OK) {
            return rc;
        }
        for (size_t i = in->at; i < end; i++) {
            in->line += in->file.data[i] == '\n';
        }
        in->at = doubled ? end + 2 : end + 1;
        if (!doubled) {
            return QP_OK;
        }
    }
}

static enum qp_code take_plain(struct reader *in, struct qp_err *err)
{
    size_t start = in->at;
    while (!at_line_end(in) && !at_separator(in)) {
        if (in->file.data[in->at] == '"') {
            return refuse(
                in,
                "a quote in the middle of a cell; put the whole cell in quotes and double "
                "the quote inside",
                err);
        }
        if (in->file.data[in->at] == '\r') {
            return refuse(in, "a carriage return alone; save the file with LF or CRLF line ends",
                          err);
        }
        in->at++;
    }
    return add(in, start, in->at, err);
}

static enum qp_code take_cell(struct reader *in, struct qp_err *err)
{
    if (in->cell_count == QP_CSV_COLUMNS_MAX) {
        return qp_fail_at(err, QP_E_INPUT, in->at, "line %" PRIu64 ": more than %d columns",
                          in->line, QP_CSV_COLUMNS_MAX);
    }
    bool quoted = in->at < in->file.len && in->file.data[in->at] == '"';
    struct cell *cell = &in->cells[in->cell_count];
    cell->start = in->record.len;
    in->at += quoted ? 1 : 0;
    enum qp_code rc = quoted ? take_quoted(in, err) : take_plain(in, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (!at_separator(in) && !at_line_end(in)) {
        return refuse(in, "something stands behind the closing quote of a cell", err);
    }
    cell->len = in->record.len - cell->start;
    in->cell_count++;
    return QP_OK;
}

/* One record with its line end. */
static enum qp_code take_record(struct reader *in, struct qp_err *err)
{
    in->record.len = 0;
    in->cell_count = 0;
    in->record_line = in->line;
    in->record_start = in->at;
    for (;;) {
        enum qp_code rc = take_cell(in, err);
        if (rc != QP_OK) {
            return rc;
        }
        if (!at_separator(in)) {
            break;
        }
        in->at++;
    }
    if (in->at < in->file.len) {
        in->at += in->file.data[in->at] == '\r' ? 2 : 1;
    }
    in->line++;
    return QP_OK;
}

static bool is_blank(const struct reader *in)
{
    return in->record.len == 0;
}

static struct qp_span cell_of(const struct reader *in, size_t column)
{
    static const uint8_t nothing[1];
    const struct cell *cell = &in->cells[column];
    return cell->len == 0 ? qp_span_of(nothing, 0)
                          : qp_span_of(in->record.data + cell->start, cell->len);
}

/* --- the header --- */

static struct qp_span trim(struct qp_span text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = qp_span_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

/* A name from the file, safe and short for a message. */
static enum qp_code refuse_name(const struct reader *in, struct qp_span name, const char *what,
                                struct qp_err *err)
{
    struct qp_buf text = {0};
    enum qp_code rc =
        qp_escape_terminal(&text, qp_span_of(name.data, name.len < 80 ? name.len : 80), err);
    if (rc == QP_OK) {
        rc = qp_fail_at(err, QP_E_INPUT, in->record_start,
                        "line %" PRIu64 ": the column \"%.*s\" %s", in->record_line, (int)text.len,
                        (const char *)text.data, what);
    }
    qp_buf_wipe(&text);
    return rc;
}

static size_t find_column(const struct qp_csv_table *table, struct qp_span name)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (qp_span_eq(name, qp_span_text(table->columns[i].name))) {
            return i;
        }
    }
    return SIZE_MAX;
}

static enum qp_code map_column(struct reader *in, size_t column, struct qp_err *err)
{
    struct qp_span name = trim(cell_of(in, column));
    if (name.len == 0) {
        return qp_fail_at(err, QP_E_INPUT, in->record_start,
                          "line %" PRIu64 ": column %zu has no name", in->record_line, column + 1);
    }
    for (size_t i = 0; i < column; i++) {
        if (qp_span_eq(name, trim(cell_of(in, i)))) {
            return refuse_name(in, name, "stands there twice; remove or rename one", err);
        }
    }
    size_t known = find_column(in->table, name);
    if (known == SIZE_MAX) {
        return in->table->allow_others
                   ? QP_OK
                   : refuse_name(in, name,
                                 "is not known here; remove it, or look for a misspelling", err);
    }
    in->place[known] = column;
    return QP_OK;
}

static enum qp_code take_header(struct reader *in, struct qp_err *err)
{
    const struct qp_csv_table *table = in->table;
    enum qp_code rc = take_record(in, err);
    if (rc == QP_OK && is_blank(in)) {
        return qp_fail_at(err, QP_E_INPUT, in->record_start,
                          "line 1: no column names; the first line must name the columns");
    }
    for (size_t i = 0; i < table->column_count; i++) {
        in->place[i] = SIZE_MAX;
    }
    in->header_count = in->cell_count;
    for (size_t i = 0; i < in->header_count && rc == QP_OK; i++) {
        rc = map_column(in, i, err);
    }
    for (size_t i = 0; i < table->column_count && rc == QP_OK; i++) {
        if (table->columns[i].required && in->place[i] == SIZE_MAX) {
            rc = qp_fail_at(err, QP_E_INPUT, in->record_start,
                            "line 1: the column \"%s\" is missing (columns are separated by '%c' "
                            "here)",
                            table->columns[i].name, in->separator);
        }
    }
    return rc;
}

/* --- rows --- */

static enum qp_code deliver(struct reader *in, struct qp_err *err)
{
    struct qp_span cells[QP_CSV_COLUMNS_MAX];
    if (in->cell_count != in->header_count) {
        struct qp_err reason;
        enum qp_code rc =
            qp_fail_at(&reason, QP_E_INPUT, in->record_start,
                       "line %" PRIu64 ": %zu cells where the header has %zu; a cell "
                       "that holds '%c' must stand in quotes",
                       in->record_line, in->cell_count, in->header_count, in->separator);
        if (in->sink->fault != NULL) {
            return in->sink->fault(in->sink->context, in->record_line, &reason, err);
        }
        if (err != NULL) {
            *err = reason;
        }
        return rc;
    }
    for (size_t i = 0; i < in->table->column_count; i++) {
        cells[i] = in->place[i] == SIZE_MAX ? qp_span_of(NULL, 0) : cell_of(in, in->place[i]);
    }
    struct qp_csv_row row = {.line = in->record_line, .cells = cells, .separator = in->separator};
    return in->sink->row(in->sink->context, &row, err);
}

static enum qp_code read_all(struct reader *in, struct qp_err *err)
{
    enum qp_code rc = check_text(in, err);
    if (rc != QP_OK) {
        return rc;
    }
    in->separator = find_separator(in);
    rc = take_header(in, err);
    while (rc == QP_OK && in->at < in->file.len) {
        rc = take_record(in, err);
        if (rc == QP_OK && !is_blank(in)) {
            rc = deliver(in, err);
        }
    }
    return rc;
}

enum qp_code qp_csv_read(struct qp_span file, const struct qp_csv_table *table,
                         const struct qp_csv_sink *sink, struct qp_err *err)
{
    QP_ASSERT(table->column_count > 0 && table->column_count <= QP_CSV_COLUMNS_MAX);
    if (file.len > QP_CSV_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "a CSV file of %zu bytes; at most %zu are read", file.len,
                       QP_CSV_BYTES_MAX);
    }
    size_t start = file.len >= 3 && memcmp(file.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (file.len == start) {
        return qp_fail(err, QP_E_INPUT, "an empty file; the first line must name the columns");
    }
    struct reader *in = qp_alloc_zero(1, sizeof *in);
    if (in == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to read CSV");
    }
    in->file = file;
    in->at = start;
    in->line = 1;
    in->table = table;
    in->sink = sink;
    enum qp_code rc = read_all(in, err);
    qp_buf_wipe(&in->record);
    qp_free(in);
    return rc;
}
