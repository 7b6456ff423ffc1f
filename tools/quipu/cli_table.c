/* Columns that line up, and words that wrap. */
#include "cli.h"

#include "core/check.h"
#include "host/terminal.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define GAP 2
#define WRAP_LEAST 16

/* Bytes of the character at the front of a UTF-8 text that is not empty. */
static size_t character_bytes(const char *text)
{
    size_t len = 1;
    while (((unsigned char)text[len] & 0xc0U) == 0x80U) {
        len++;
    }
    return len;
}

/* The combining marks that Latin scripts use (U+0300 to U+036F) stand on the letter before. */
static bool is_mark(const char *text)
{
    unsigned char a = (unsigned char)text[0];
    unsigned char b = (unsigned char)text[1];
    return a == 0xcc || (a == 0xcd && b < 0xb0);
}

static size_t width_of(const char *text, size_t len)
{
    size_t width = 0;
    for (size_t i = 0; i < len; i += character_bytes(text + i)) {
        width += is_mark(text + i) ? 0 : 1;
    }
    return width;
}

size_t cli_width(const char *text)
{
    return width_of(text, strlen(text));
}

/* The bytes of the longest front of `text` that fits into `width` columns and ends with a word; a
 * word that is too long by itself is cut. *skip: bytes up to where the next line begins. */
static size_t line_bytes(const char *text, size_t width, size_t *skip)
{
    size_t at = 0;
    size_t used = 0;
    size_t word_end = 0;
    while (text[at] != '\0' && text[at] != '\n') {
        if (text[at] == ' ' && at > 0) {
            word_end = at;
        }
        size_t more = is_mark(text + at) ? 0 : 1;
        if (used + more > width && (text[at] != ' ' || word_end != at)) {
            break;
        }
        if (used + more > width) {
            break;
        }
        used += more;
        at += character_bytes(text + at);
    }
    bool whole = text[at] == '\0' || text[at] == '\n' || text[at] == ' ';
    size_t len = whole || word_end == 0 ? at : word_end;
    *skip = len + (text[len] == ' ' || text[len] == '\n' ? 1 : 0);
    return len;
}

void cli_wrap(FILE *stream, const char *text, size_t at, size_t indent, size_t width)
{
    size_t room = width > at ? width - at : 1;
    do {
        size_t skip = 0;
        size_t len = line_bytes(text, room, &skip);
        fprintf(stream, "%.*s\n", (int)len, text);
        text += skip;
        room = width > indent ? width - indent : 1;
        if (*text != '\0' && *text != '\n') {
            fprintf(stream, "%*s", (int)indent, "");
        }
    } while (*text != '\0');
}

/* ---- Tables ---- */

void cli_cell(struct cli *cli, struct cli_table *table, const char *text)
{
    struct qp_buf *cells = &table->cells;
    if (qp_escape_terminal(cells, qp_span_text(text != NULL ? text : ""), NULL) != QP_OK ||
        qp_buf_add(cells, qp_span_of("", 1), NULL) != QP_OK) {
        cli->failed = QP_E_MEMORY;
        return;
    }
    table->cell_count++;
}

void cli_cellf(struct cli *cli, struct cli_table *table, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0) {
        text[0] = '\0';
    }
    va_end(arguments);
    cli_cell(cli, table, text);
}

static void measure(const struct cli_table *table, size_t widths[CLI_COLUMNS_MAX], size_t most)
{
    const char *cell = (const char *)table->cells.data;
    QP_ASSERT(table->column_count > 0 && table->column_count <= CLI_COLUMNS_MAX);
    size_t wrap = table->column_count;
    size_t others = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = cli_width(table->columns[i].title);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t width = cli_width(cell);
        size_t column = i % table->column_count;
        widths[column] = width > widths[column] ? width : widths[column];
        cell += strlen(cell) + 1;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].wrap) {
            wrap = i;
        } else {
            others += widths[i] + GAP;
        }
    }
    if (wrap < table->column_count && others + widths[wrap] > most) {
        widths[wrap] = most > others + WRAP_LEAST ? most - others : WRAP_LEAST;
    }
}

/* One line of a row: `rest` holds what is left of each cell, and goes on. True when some is. */
static bool print_line(const struct cli_table *table, const char *rest[CLI_COLUMNS_MAX],
                       const size_t widths[CLI_COLUMNS_MAX], FILE *stream)
{
    bool more = false;
    size_t pad = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t skip = 0;
        bool wrap = table->columns[i].wrap;
        size_t len = wrap ? line_bytes(rest[i], widths[i], &skip) : strlen(rest[i]);
        size_t used = width_of(rest[i], len);
        size_t left = widths[i] > used ? widths[i] - used : 0;
        if (len > 0) { /* spaces only in front of something, none at the end of a line */
            pad += table->columns[i].right ? left : 0;
            fprintf(stream, "%*s%.*s", (int)pad, "", (int)len, rest[i]);
            pad = table->columns[i].right ? GAP : left + GAP;
        } else {
            pad += widths[i] + GAP;
        }
        rest[i] += wrap ? skip : len;
        more = more || *rest[i] != '\0';
    }
    fputc('\n', stream);
    return more;
}

void cli_table_print(struct cli *cli, struct cli_table *table, FILE *stream)
{
    size_t widths[CLI_COLUMNS_MAX];
    const char *row[CLI_COLUMNS_MAX];
    unsigned columns = qp_terminal_width(stream == stderr ? STDERR_FILENO : STDOUT_FILENO);
    const char *cell = (const char *)table->cells.data;
    QP_ASSERT(table->column_count > 0);
    measure(table, widths, columns < 40 ? 40 : columns);
    for (size_t i = 0; i < table->column_count; i++) {
        row[i] = table->columns[i].title;
    }
    fputs(cli_style(cli, stream, CLI_BOLD), stream);
    while (print_line(table, row, widths, stream)) {
    }
    fputs(cli_style(cli, stream, CLI_RESET), stream);
    for (size_t i = 0; i < table->cell_count; i++) {
        row[i % table->column_count] = cell;
        cell += strlen(cell) + 1;
        if ((i + 1) % table->column_count == 0) {
            while (print_line(table, row, widths, stream)) {
            }
        }
    }
    qp_buf_wipe(&table->cells);
    table->cell_count = 0;
}
