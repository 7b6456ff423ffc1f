/* The frame of every import: rows are judged one by one, and kept or put aside as they stand. */
#include "issue/import_priv.h"

#include "core/check.h"
#include "core/tame.h"
#include "rules/rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum qp_code qp_party_name_check(const char *party, struct qp_err *err)
{
    const char *name = party == NULL ? "" : party;
    size_t len = strlen(name);
    struct qp_span span = qp_span_text(name);
    if (len >= 2 && len <= 31 && qp_class_check(QP_CLASS_PARTY, span)) {
        return QP_OK;
    }
    struct qp_buf safe = {0};
    if (qp_escape_terminal(&safe, qp_span_of(name, len < 40 ? len : 40), err) != QP_OK) {
        return qp_fail(err, QP_E_MEMORY, "no memory to look at the name of a party");
    }
    bool upper = strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL;
    enum qp_code rc = qp_fail(err, QP_E_USAGE, "\"%.*s\" is not the short name of a party: %s",
                              (int)safe.len, safe.len == 0 ? "" : (const char *)safe.data,
                              len < 2    ? "it is too short, 2 to 31 characters are allowed"
                              : len > 31 ? "it is too long, 2 to 31 characters are allowed"
                              : upper    ? "small letters only, such as alto-mayo"
                                      : "small letters, digits and '-' inside, such as alto-mayo");
    qp_buf_wipe(&safe);
    return rc;
}

/* What people save by mistake instead of a table as text. */
static enum qp_code check_kind(struct qp_span file, struct qp_err *err)
{
    bool zipped = file.len >= 4 && memcmp(file.data, "PK\x03\x04", 4) == 0;
    bool old = file.len >= 4 && memcmp(file.data, "\xd0\xcf\x11\xe0", 4) == 0;
    return !zipped && !old
               ? QP_OK
               : qp_fail(err, QP_E_INPUT,
                         "this is an Excel workbook or another file of an office program; save "
                         "it as CSV UTF-8");
}

enum qp_code qp_import_begin(struct qp_importing *in, struct qp_err *err)
{
    *in->report = (struct qp_import_report){0};
    in->events_before = in->draft->event_count;
    qp_arena_init(&in->scratch, 0);
    qp_arena_init(&in->rules_arena, 0);
    enum qp_code rc = in->whole_ids ? QP_OK : qp_party_name_check(in->options->party, err);
    rc = rc == QP_OK ? check_kind(in->file, err) : rc;
    rc = rc == QP_OK ? qp_catalog_new(&in->local, err) : rc;
    return rc == QP_OK ? qp_catalog_add_draft(in->local, in->draft, err) : rc;
}

enum qp_code qp_import_end(struct qp_importing *in, enum qp_code rc, struct qp_err *err)
{
    const struct qp_import_report *report = in->report;
    qp_catalog_free(in->local);
    in->local = NULL;
    qp_arena_wipe(&in->scratch);
    qp_arena_wipe(&in->rules_arena);
    if (rc == QP_OK && report->rows == 0) {
        rc = qp_fail(err, QP_E_INPUT, "nothing to import: the file has no %s",
                     strcmp(in->unit, "line") == 0 ? "rows" : "features");
    }
    if (rc == QP_OK && report->bad > 0 && !in->options->skip_bad) {
        rc = qp_fail(err, QP_E_REFUSED,
                     "%" PRIu64 " of %" PRIu64
                     " rows are bad, so none is taken; mend them, or ask to skip bad rows",
                     report->bad, report->rows);
    }
    if (rc != QP_OK) {
        qp_draft_cut(in->draft, in->events_before);
    }
    return rc;
}

static void tell(struct qp_importing *in, bool warning, const char *rule, const char *text)
{
    struct qp_import_note note = {
        .file = in->options->file == NULL ? "" : in->options->file,
        .unit = in->unit,
        .place = in->place,
        .warning = warning,
        .rule = rule,
        .text = text,
    };
    if (in->options->tell != NULL) {
        in->options->tell(in->options->context, &note);
    }
}

void qp_import_warn(struct qp_importing *in, const char *format, ...)
{
    char text[QP_ERR_TEXT_BYTES];
    char tame[QP_ERR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0) {
        text[0] = '\0';
    }
    va_end(arguments);
    qp_text_tame(tame, sizeof tame, text);
    in->report->warnings++;
    tell(in, true, "", tame);
}

/* The readers name the place in front; the note has it beside the text. */
static void tell_fault(struct qp_importing *in, const struct qp_err *fault)
{
    const char *text = fault->text;
    char front[48];
    int len = snprintf(front, sizeof front, "%s %" PRIu64 ": ", in->unit, in->place);
    bool named = len > 0 && strncmp(text, front, (size_t)len) == 0;
    tell(in, false, fault->rule, named ? text + len : text);
}

static bool is_of_row(enum qp_code rc)
{
    return rc == QP_E_INPUT || rc == QP_E_REFUSED || rc == QP_E_INVALID;
}

enum qp_code qp_import_part(struct qp_importing *in, enum qp_code so_far, enum qp_code rc,
                            const struct qp_err *part, struct qp_err *why)
{
    if (rc == QP_OK || (so_far != QP_OK && !is_of_row(so_far))) {
        return so_far;
    }
    if (!is_of_row(rc)) {
        return qp_fail(why, rc, "%s", part->text);
    }
    tell_fault(in, part);
    in->faults++;
    return so_far == QP_OK ? qp_fail(why, rc, "%s", part->text) : so_far;
}

enum qp_code qp_import_judge(struct qp_importing *in, enum qp_code rc, const struct qp_err *why,
                             bool *bad, struct qp_err *err)
{
    size_t told = in->faults;
    *bad = false;
    in->faults = 0;
    qp_draft_drop(in->draft);
    qp_arena_reset(&in->scratch);
    if (rc != QP_OK && !is_of_row(rc)) {
        return qp_fail(err, rc, "%s", why->text);
    }
    in->report->rows++;
    if (rc == QP_OK) {
        in->report->good++;
        return QP_OK;
    }
    in->report->bad++;
    *bad = true;
    if (told == 0) {
        tell_fault(in, why);
    }
    return QP_OK;
}

enum qp_code qp_import_event(struct qp_importing *in, Qp__Event *event, struct qp_err *why)
{
    enum qp_code rc = qp_rules_check_alone(event, in->options->party, why);
    return rc == QP_OK ? qp_draft_add_event(in->draft, event, why) : rc;
}

const struct qp_catalog_item *qp_import_find(const struct qp_importing *in,
                                             enum qp_catalog_kind kind, const char *id)
{
    const struct qp_catalog_item *item = qp_catalog_find(in->local, kind, id);
    return item != NULL ? item : qp_catalog_find(in->options->known, kind, id);
}

const char *qp_import_where(struct qp_importing *in, const struct qp_catalog_item *item)
{
    const char *text = NULL;
    if (item->place != 0) {
        text = qp_arena_printf(&in->scratch, "%s %" PRIu64, in->unit, item->place);
    }
    return text != NULL ? text : "an earlier import";
}

const char *qp_import_quote(struct qp_importing *in, struct qp_span text)
{
    enum { MOST = 40 };
    struct qp_buf safe = {0};
    const char *quoted = NULL;
    size_t len = text.len < MOST ? text.len : MOST;
    while (len < text.len && len > 0 && (text.data[len] & 0xc0U) == 0x80U) {
        len--; /* not inside a character */
    }
    if (qp_escape_terminal(&safe, qp_span_of(text.data, len), NULL) == QP_OK) {
        quoted = qp_arena_printf(&in->scratch, "\"%.*s%s\"", (int)safe.len,
                                 safe.len == 0 ? "" : (const char *)safe.data,
                                 len < text.len ? "…" : "");
    }
    qp_buf_wipe(&safe);
    return quoted == NULL ? "\"…\"" : quoted;
}

/* ---- CSV ---- */

/* The reader gives the line of each row; a row reaches from there to the next one's line. */
struct walk {
    struct qp_importing *in;
    const struct qp_import_csv *csv;
    uint64_t line; /* of `at`, 1-based */
    size_t at;
    size_t row_at;       /* where the row before began */
    size_t header_bytes; /* what stands before the first row */
    bool row_bad;
};

static enum qp_code keep_lines(struct qp_importing *in, size_t from, size_t to, struct qp_err *err)
{
    struct qp_span lines = qp_span_of(in->file.data + from, to - from);
    enum qp_code rc = qp_buf_add(in->bad_rows, lines, err);
    if (rc == QP_OK && lines.len > 0 && lines.data[lines.len - 1] != '\n') {
        rc = qp_buf_add_text(in->bad_rows, "\n", err);
    }
    return rc;
}

/* A row ends where the next begins: only now can it be kept whole. */
static enum qp_code end_row(struct walk *walk, size_t to, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    if (walk->row_bad) {
        rc = keep_lines(walk->in, walk->row_at, to, err);
    }
    walk->row_bad = false;
    return rc;
}

static enum qp_code begin_row(struct walk *walk, uint64_t line, struct qp_err *err)
{
    struct qp_span file = walk->in->file;
    while (walk->line < line && walk->at < file.len) {
        const uint8_t *end = memchr(file.data + walk->at, '\n', file.len - walk->at);
        walk->at = end == NULL ? file.len : (size_t)(end - file.data) + 1;
        walk->line++;
    }
    enum qp_code rc = end_row(walk, walk->at, err);
    walk->row_at = walk->at;
    if (walk->in->report->rows == 0) {
        walk->header_bytes = walk->at;
    }
    walk->in->place = line;
    return rc;
}

static enum qp_code judge_row(struct walk *walk, enum qp_code rc, const struct qp_err *why,
                              struct qp_err *err)
{
    struct qp_importing *in = walk->in;
    bool had_header = in->report->bad > 0;
    rc = qp_import_judge(in, rc, why, &walk->row_bad, err);
    if (rc == QP_OK && walk->row_bad && !had_header) {
        rc = keep_lines(in, 0, walk->header_bytes, err);
    }
    return rc;
}

static enum qp_code take_row(void *context, const struct qp_csv_row *row, struct qp_err *err)
{
    struct walk *walk = context;
    struct qp_err why;
    qp_err_init(&why);
    enum qp_code rc = begin_row(walk, row->line, err);
    if (rc != QP_OK) {
        return rc;
    }
    walk->in->separator = row->separator;
    return judge_row(walk, walk->csv->take(walk->in, row->cells, &why), &why, err);
}

static enum qp_code take_fault(void *context, uint64_t line, const struct qp_err *reason,
                               struct qp_err *err)
{
    struct walk *walk = context;
    enum qp_code rc = begin_row(walk, line, err);
    return rc == QP_OK ? judge_row(walk, reason->code, reason, err) : rc;
}

/* A header that does not fit is told with the one that does. */
static enum qp_code explain_header(const struct qp_import_csv *csv, enum qp_code rc,
                                   struct qp_err *err)
{
    char names[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < csv->column_count; i++) {
        int n = snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? "," : "",
                         csv->columns[i].name);
        used += n > 0 && (size_t)n < sizeof names - used ? (size_t)n : 0;
    }
    return qp_prefix(err, rc, "the header is not %s", names);
}

static enum qp_code read_rows(struct qp_importing *in, const struct qp_import_csv *csv,
                              struct qp_err *err)
{
    struct qp_err why;
    qp_err_init(&why);
    struct walk walk = {.in = in, .csv = csv, .line = 1};
    struct qp_csv_table table = {.columns = csv->columns, .column_count = csv->column_count};
    struct qp_csv_sink sink = {.context = &walk, .row = take_row, .fault = take_fault};
    enum qp_code rc = qp_csv_read(in->file, &table, &sink, &why);
    if (rc == QP_OK) {
        return end_row(&walk, in->file.len, err);
    }
    if (rc == QP_E_INPUT && in->report->rows == 0 && strstr(why.text, "column") != NULL) {
        rc = explain_header(csv, rc, &why);
    }
    if (err != NULL) {
        *err = why;
    }
    return rc;
}

enum qp_code qp_import_csv_run(struct qp_importing *in, const struct qp_import_csv *csv,
                               struct qp_err *err)
{
    in->unit = "line";
    enum qp_code rc = qp_import_begin(in, err);
    rc = rc == QP_OK ? read_rows(in, csv, err) : rc;
    return qp_import_end(in, rc, err);
}
