/* CSV: cells lie inside the file or in the reader's own memory, lines ascend, and what the writer
 * writes of them the reader reads again, apart from the quote before formulas. */
#include "exchange/csv.h"
#include "fuzz/fuzz.h"

static const struct qp_csv_column columns[] = {{"plot", true}, {"grams", false}, {"name", false}};
static const struct qp_csv_table table = {columns, QP_COUNT(columns), true};

struct walk {
    uint64_t line;
    uint64_t rows;
    struct qp_csv_writer *writer; /* NULL in the second pass */
};

static enum qp_code row(void *context, const struct qp_csv_row *row, struct qp_err *err)
{
    struct walk *walk = context;
    (void)err;
    HOLDS(row->line > walk->line);
    walk->line = row->line;
    walk->rows++;
    for (size_t i = 0; i < table.column_count; i++) {
        HOLDS(row->cells[i].len <= QP_CSV_ROW_BYTES_MAX);
        struct qp_span cell = row->cells[i].data != NULL ? row->cells[i] : qp_span_text("");
        if (walk->writer != NULL) {
            HOLDS(qp_csv_text(walk->writer, cell, NULL) == QP_OK);
        }
    }
    if (walk->writer != NULL) {
        HOLDS(qp_csv_end_row(walk->writer, NULL) == QP_OK);
    }
    return QP_OK;
}

static enum qp_code fault(void *context, uint64_t line, const struct qp_err *reason,
                          struct qp_err *err)
{
    (void)context;
    (void)err;
    HOLDS(line >= 1 && reason->text[0] != '\0');
    return QP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_buf out = {0};
    struct qp_csv_writer writer;
    struct walk first = {.writer = &writer};
    struct walk second = {0};
    HOLDS(qp_csv_begin(&writer, &out, ';', false, NULL) == QP_OK);
    for (size_t i = 0; i < table.column_count; i++) {
        HOLDS(qp_csv_text(&writer, qp_span_text(columns[i].name), NULL) == QP_OK);
    }
    HOLDS(qp_csv_end_row(&writer, NULL) == QP_OK);
    struct qp_csv_sink sink = {.context = &first, .row = row, .fault = fault};
    enum qp_code rc = qp_csv_read(qp_span_of(data, size), &table, &sink, NULL);
    HOLDS(rc == QP_OK || rc == QP_E_INPUT);
    struct qp_csv_sink again = {.context = &second, .row = row};
    if (rc == QP_OK && first.rows > 0) {
        HOLDS(qp_csv_read(qp_span_buf(&out), &table, &again, NULL) == QP_OK);
        HOLDS(second.rows <= first.rows);
    }
    qp_buf_wipe(&out);
    return 0;
}
