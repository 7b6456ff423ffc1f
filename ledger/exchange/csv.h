/* CSV (RFC 4180) in and out, for lists of producers, plots and lots.
 *
 * Reading is strict where a mistake could move a value into another cell, and patient where office
 * programs differ: UTF-8 with or without BOM; LF or CRLF; comma or semicolon, seen from the header
 * line; quoted cells may hold separators, line ends and doubled quotes. Blank lines, and lines
 * whose every cell is empty, are passed over. Cells are handed over as they stand, except that
 * column names lose the spaces around them.
 *
 * Written by hand because every message names a line, and a cell that is half quoted must be
 * refused instead of guessed. */
#ifndef QP_EXCHANGE_CSV_H
#define QP_EXCHANGE_CSV_H

#include <quipu/bytes.h>

#define QP_CSV_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define QP_CSV_ROW_BYTES_MAX ((size_t)1024 * 1024)
#define QP_CSV_COLUMNS_MAX 200

struct qp_csv_column {
    const char *name; /* as in the header line, exactly */
    bool required;
};

struct qp_csv_table {
    const struct qp_csv_column *columns;
    size_t column_count; /* 1 to QP_CSV_COLUMNS_MAX */
    bool allow_others;   /* pass over columns that are not in the list; otherwise refuse them */
};

struct qp_csv_row {
    uint64_t line; /* in the file, 1-based: the record's first line */
    /* One cell per column of the table, in the table's order; data is NULL where the file has no
     * such column. Borrowed during the call. */
    const struct qp_span *cells;
    char separator; /* of the file */
};

struct qp_csv_sink {
    void *context;
    /* Anything but QP_OK ends the read, which returns it with `err` as the callback left it. */
    enum qp_code (*row)(void *context, const struct qp_csv_row *row, struct qp_err *err);
    /* A line that cannot be used, with the reason ("line 7: …"). Same return rule. NULL: the first
     * such line ends the read with that reason. */
    enum qp_code (*fault)(void *context, uint64_t line, const struct qp_err *reason,
                          struct qp_err *err);
};

/* Read a whole file. Encoding, NUL bytes and header are judged before any callback runs.
 * Returns QP_OK; QP_E_INPUT with the offset (not CSV, wrong columns, over a limit); QP_E_MEMORY; or
 * what a callback returned. */
enum qp_code qp_csv_read(struct qp_span file, const struct qp_csv_table *table,
                         const struct qp_csv_sink *sink, struct qp_err *err) QP_MUST_USE;

/* Writing: CRLF, quotes where needed. Text that a spreadsheet would run as a formula (beginning
 * with = + - @ TAB CR) gets a single quote in front, and the reader does not take it off again:
 * such a file is for people, not for reading back. Numbers are written as numbers. */
struct qp_csv_writer {
    struct qp_buf *out;
    char separator;
    bool row_begun;
};

/* `out` is borrowed; separator is ',' or ';'. With `bom`, Excel opens the file as UTF-8. */
enum qp_code qp_csv_begin(struct qp_csv_writer *writer, struct qp_buf *out, char separator,
                          bool bom, struct qp_err *err) QP_MUST_USE;
/* One cell. On failure `out` ends in the middle of a row: throw it away. QP_E_USAGE (not UTF-8, or
 * a NUL), QP_E_MEMORY. */
enum qp_code qp_csv_text(struct qp_csv_writer *writer, struct qp_span text,
                         struct qp_err *err) QP_MUST_USE;
/* value / 10^decimals, with exactly that many decimals (0 to 9) and a decimal point. QP_E_MEMORY.
 */
enum qp_code qp_csv_number(struct qp_csv_writer *writer, int64_t value, unsigned decimals,
                           struct qp_err *err) QP_MUST_USE;
enum qp_code qp_csv_end_row(struct qp_csv_writer *writer, struct qp_err *err) QP_MUST_USE;

#endif
