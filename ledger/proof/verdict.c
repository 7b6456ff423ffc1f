#include "proof/verdict.h"

#include "core/check.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

enum qp_code qp_verdict_new(const struct qp_trust *trust, struct qp_verdict **verdict,
                            struct qp_err *err)
{
    struct qp_verdict *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a verdict");
    }
    qp_arena_init(&made->arena, 0);
    made->explained = QP_LINE_COUNT;
    made->facts = json_object();
    bool ok = made->facts != NULL;
    for (int i = 0; i < QP_LINE_COUNT; i++) {
        made->required[i] = trust->required[i];
        made->lines[i] = (struct qp_verdict_line){.result = QP_PASS,
                                                  .numbers = json_object(),
                                                  .reasons = json_array(),
                                                  .ranges = json_array()};
        ok = ok && made->lines[i].numbers != NULL && made->lines[i].reasons != NULL &&
             made->lines[i].ranges != NULL;
    }
    if (!ok) {
        qp_verdict_free(made);
        return qp_fail(err, QP_E_MEMORY, "no memory for a verdict");
    }
    *verdict = made;
    return QP_OK;
}

void qp_verdict_free(struct qp_verdict *verdict)
{
    if (verdict == NULL) {
        return;
    }
    for (int i = 0; i < QP_LINE_COUNT; i++) {
        json_decref(verdict->lines[i].numbers);
        json_decref(verdict->lines[i].reasons);
        json_decref(verdict->lines[i].ranges);
    }
    json_decref(verdict->facts);
    qp_claims_wipe(&verdict->claims);
    qp_arena_wipe(&verdict->arena);
    qp_free(verdict);
}

void qp_verdict_number(struct qp_verdict *verdict, enum qp_line line, const char *name,
                       uint64_t value)
{
    if (json_object_set_new(verdict->lines[line].numbers, name, json_integer((json_int_t)value)) !=
        0) {
        verdict->out_of_memory = true;
    }
}

/* ---- Reasons, and the events that they are about ---- */

/* A text as it can stand in JSON: a cut inside a character would not be. */
static size_t write_words(char text[512], const char *format, va_list arguments) QP_PRINTF(2, 0);
static size_t write_words(char text[512], const char *format, va_list arguments)
{
    if (vsnprintf(text, 512, format, arguments) < 0) {
        text[0] = '\0';
    }
    size_t len = strlen(text);
    while (len > 0 && !qp_utf8_check(qp_span_of(text, len))) {
        len--;
    }
    text[len] = '\0';
    return len;
}

static void add_reason(struct qp_verdict *verdict, enum qp_line line, enum qp_result result,
                       const char *format, va_list arguments) QP_PRINTF(4, 0);
static void add_reason(struct qp_verdict *verdict, enum qp_line line, enum qp_result result,
                       const char *format, va_list arguments)
{
    struct qp_verdict_line *to = &verdict->lines[line];
    if (result == QP_FAIL || (result == QP_NOT_SHOWN && to->result == QP_PASS)) {
        to->result = result;
    }
    if (json_array_size(to->reasons) >= QP_REASONS_MAX) {
        to->more++;
        return;
    }
    char text[512];
    size_t len = write_words(text, format, arguments);
    if (json_array_append_new(to->reasons, json_stringn(text, len)) != 0) {
        verdict->out_of_memory = true;
    }
}

void qp_verdict_reason(struct qp_verdict *verdict, enum qp_line line, enum qp_result result,
                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_reason(verdict, line, result, format, arguments);
    va_end(arguments);
}

enum qp_code qp_verdict_begin(struct qp_verdict *verdict, size_t event_count,
                              enum qp_line explained, struct qp_err *err)
{
    _Static_assert(QP_LINE_COUNT <= 8, "a byte holds a bit of each line");
    verdict->explained = explained;
    verdict->carries = qp_arena_alloc_zero(&verdict->arena, event_count + 1, 1);
    if (explained != QP_LINE_COUNT) {
        verdict->told =
            qp_arena_alloc_zero(&verdict->arena, event_count + 1, sizeof *verdict->told);
    }
    if (verdict->carries == NULL || (explained != QP_LINE_COUNT && verdict->told == NULL)) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a verdict");
    }
    verdict->event_count = event_count;
    return QP_OK;
}

static void tell(struct qp_verdict *verdict, enum qp_result result, size_t event,
                 const char *format, va_list arguments) QP_PRINTF(4, 0);
static void tell(struct qp_verdict *verdict, enum qp_result result, size_t event,
                 const char *format, va_list arguments)
{
    struct qp_verdict_told *told = &verdict->told[event];
    struct qp_verdict_note *note = qp_arena_alloc(&verdict->arena, sizeof *note);
    char text[512];
    size_t len = write_words(text, format, arguments);
    const char *copy = qp_arena_text(&verdict->arena, qp_span_of(text, len));
    if (note == NULL || copy == NULL) {
        verdict->out_of_memory = true;
        return;
    }
    *note = (struct qp_verdict_note){.text = copy};
    *(told->last != NULL ? &told->last->next : &told->first) = note;
    told->last = note;
    if (result == QP_FAIL || (result == QP_NOT_SHOWN && told->result == QP_PASS)) {
        told->result = result;
    }
}

static void add_carrier(struct qp_verdict *verdict, enum qp_line line, enum qp_result result,
                        size_t event, const char *format, va_list arguments) QP_PRINTF(5, 0);
static void add_carrier(struct qp_verdict *verdict, enum qp_line line, enum qp_result result,
                        size_t event, const char *format, va_list arguments)
{
    QP_ASSERT(event < verdict->event_count);
    verdict->carries[event] |= (uint8_t)(1U << line);
    if (line == verdict->explained) {
        tell(verdict, result, event, format, arguments);
    }
}

void qp_verdict_carry(struct qp_verdict *verdict, enum qp_line line, enum qp_result result,
                      size_t event, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_carrier(verdict, line, result, event, format, arguments);
    va_end(arguments);
}

void qp_verdict_blame(struct qp_verdict *verdict, enum qp_line line, enum qp_result result,
                      size_t event, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_reason(verdict, line, result, format, arguments);
    va_end(arguments);
    if (event != SIZE_MAX) {
        va_start(arguments, format);
        add_carrier(verdict, line, result, event, format, arguments);
        va_end(arguments);
    }
}

bool qp_verdict_carries(const struct qp_verdict *verdict, enum qp_line line, size_t event)
{
    return (verdict->carries[event] & 1U << line) != 0;
}

/* ---- Facts ---- */

void qp_verdict_fact(struct qp_verdict *verdict, const char *name, json_t *value)
{
    if (json_object_set_new(verdict->facts, name, value) != 0) {
        verdict->out_of_memory = true;
    }
}

void qp_verdict_fact_text(struct qp_verdict *verdict, const char *name, const char *text)
{
    qp_verdict_fact(verdict, name, json_string(text));
}

bool qp_verdict_passed(const struct qp_verdict *verdict)
{
    bool passed = !verdict->out_of_memory && qp_claims_passed(&verdict->claims);
    for (int i = 0; i < QP_LINE_COUNT; i++) {
        passed = passed && (!verdict->required[i] || verdict->lines[i].result == QP_PASS);
    }
    return passed;
}

const char *qp_result_name(enum qp_result result)
{
    static const char *const names[] = {"PASS", "FAIL", "NOT SHOWN"};
    QP_ASSERT((size_t)result < QP_COUNT(names));
    return names[result];
}

static json_t *line_to_json(const struct qp_verdict *verdict, enum qp_line line)
{
    const struct qp_verdict_line *from = &verdict->lines[line];
    json_t *reasons = json_copy(from->reasons);
    if (reasons != NULL && from->more > 0) {
        json_t *more = json_sprintf("and %zu more", from->more);
        if (json_array_append_new(reasons, more) != 0) {
            json_decref(reasons);
            reasons = NULL;
        }
    }
    return json_pack("{s:s, s:s, s:b, s:O, s:o, s:{s:I, s:O}}", "name", qp_line_name(line),
                     "result", qp_result_name(from->result), "required",
                     verdict->required[line] ? 1 : 0, "numbers", from->numbers, "reasons", reasons,
                     "entries", "count", (json_int_t)from->entries, "ranges", from->ranges);
}

enum qp_code qp_verdict_json(const struct qp_verdict *verdict, unsigned indent, struct qp_buf *out,
                             struct qp_err *err)
{
    json_t *lines = json_array();
    bool ok = lines != NULL && !verdict->out_of_memory;
    for (int i = 0; ok && i < QP_LINE_COUNT; i++) {
        ok = json_array_append_new(lines, line_to_json(verdict, (enum qp_line)i)) == 0;
    }
    json_t *whole = ok ? json_object() : NULL;
    ok = whole != NULL &&
         json_object_set_new(whole, "verdict",
                             json_string(qp_verdict_passed(verdict) ? "PASS" : "FAIL")) == 0 &&
         json_object_update(whole, verdict->facts) == 0 &&
         json_object_set(whole, "lines", lines) == 0 &&
         json_object_set_new(whole, "claims", qp_claims_json(&verdict->claims)) == 0;
    enum qp_code rc = ok ? qp_json_print(whole, indent, out, err)
                         : qp_fail(err, QP_E_MEMORY, "no memory to write the verdict");
    json_decref(lines);
    json_decref(whole);
    return rc;
}

size_t qp_verdict_plot_count(const struct qp_verdict *verdict)
{
    return verdict->plot_count;
}

const struct qp_verdict_plot *qp_verdict_plot(const struct qp_verdict *verdict, size_t at)
{
    QP_ASSERT(at < verdict->plot_count);
    return &verdict->plots[at];
}
