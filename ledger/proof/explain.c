#include "proof/explain.h"

#include "core/check.h"
#include "core/time.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

enum qp_code qp_line_find(const char *name, enum qp_line *line, struct qp_err *err)
{
    char names[160];
    size_t used = 0;
    for (int i = 0; i < QP_LINE_COUNT; i++) {
        const char *known = qp_line_name((enum qp_line)i);
        if (strcmp(name, known) == 0) {
            *line = (enum qp_line)i;
            return QP_OK;
        }
        int put = snprintf(names + used, sizeof names - used, "%s%s", i == 0 ? "" : ", ", known);
        used += put > 0 && used + (size_t)put < sizeof names ? (size_t)put : 0;
    }
    return qp_fail(err, QP_E_USAGE, "\"%.40s\" is not a line of the verdict; there are %s", name,
                   names);
}

/* Authenticity is of every entry, and how fresh it is of the newest one, whatever they show. */
static unsigned lines_of(const struct qp_slice *slice, const struct qp_verdict *verdict,
                         size_t entry_at)
{
    const struct qp_slice_entry *entry = &slice->entries[entry_at];
    unsigned lines = 1U << QP_LINE_AUTHENTIC;
    if (entry_at == slice->entry_count - 1) {
        lines |= 1U << QP_LINE_CURRENT;
    }
    for (size_t i = 0; i < entry->event_count; i++) {
        lines |= verdict->carries[entry->first_event + i];
    }
    return lines;
}

/* ---- Entries ---- */

struct range {
    uint64_t first;
    uint64_t last;
    bool open;
};

static void close_range(struct qp_verdict *verdict, int line, struct range *range)
{
    if (range->open && json_array_append_new(verdict->lines[line].ranges,
                                             json_pack("[I, I]", (json_int_t)range->first,
                                                       (json_int_t)range->last)) != 0) {
        verdict->out_of_memory = true;
    }
    range->open = false;
}

void qp_judge_entries(struct qp_judging *judging)
{
    struct qp_verdict *verdict = judging->verdict;
    const struct qp_slice *slice = judging->slice;
    struct range ranges[QP_LINE_COUNT] = {{0}};
    for (size_t i = 0; i < slice->entry_count; i++) {
        uint64_t index = slice->entries[i].index;
        unsigned lines = lines_of(slice, verdict, i);
        for (int line = 0; line < QP_LINE_COUNT; line++) {
            if ((lines >> line & 1U) == 0) {
                continue;
            }
            if (!ranges[line].open || ranges[line].last + 1 != index) {
                close_range(verdict, line, &ranges[line]);
                ranges[line] = (struct range){.first = index, .open = true};
            }
            ranges[line].last = index;
            verdict->lines[line].entries++;
        }
    }
    for (int line = 0; line < QP_LINE_COUNT; line++) {
        close_range(verdict, line, &ranges[line]);
    }
}

/* ---- One line ---- */

struct explaining {
    struct qp_judging *judging;
    struct qp_arena arena; /* for one row */
    json_t *rows;
    size_t most;
    size_t count; /* of all that carry the line */
};

static enum qp_code no_memory(const struct explaining *explaining)
{
    return qp_fail(explaining->judging->err, QP_E_MEMORY, "no memory to explain a line");
}

static json_t *list_notes(const struct qp_verdict_told *told)
{
    json_t *list = json_array();
    for (const struct qp_verdict_note *note = told != NULL ? told->first : NULL;
         list != NULL && note != NULL; note = note->next) {
        if (json_array_append_new(list, json_string(note->text)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *describe_entry(const struct qp_slice_entry *entry, const char *party)
{
    char key[65];
    char leaf[65];
    qp_hex_encode(key, qp_span_of(entry->issuer.bytes, sizeof entry->issuer.bytes));
    qp_hash_hex(leaf, &entry->leaf);
    return json_pack("{s:I, s:s, s:s, s:I, s:s}", "entry", (json_int_t)entry->index, "issuer",
                     party, "key", key, "sequence", (json_int_t)entry->sequence, "leaf", leaf);
}

/* What was checked, without which nothing is judged. */
static json_t *list_checks(bool event)
{
    return event ? json_pack("[s, s, s]", "signature", "event_proof", "entry_proof")
                 : json_pack("[s, s]", "signature", "entry_proof");
}

static enum qp_code describe_event(struct explaining *explaining, size_t at, json_t *row)
{
    struct qp_judging *judging = explaining->judging;
    const struct qp_slice_event *shown = &judging->slice->events[at];
    Qp__Event *event = NULL;
    json_t *content = NULL;
    char id[65];
    char time[QP_TIME_TEXT_BYTES];
    enum qp_code rc = qp_slice_event(judging->slice, at, &event, judging->err);
    if (rc == QP_OK) {
        rc = qp_json_encode(&qp_rule_event, event, &content, judging->err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    qp_hash_hex(id, &shown->id);
    qp_time_format(time, event->occurred_ms);
    json_t *more =
        json_pack("{s:i, s:s, s:s, s:s, s:o}", "position", (int)shown->position, "kind",
                  qp_event_name(shown->body), "occurred", time, "id", id, "event", content);
    bool ok = more != NULL && json_object_update(row, more) == 0;
    json_decref(more);
    return ok ? QP_OK : no_memory(explaining);
}

/* event: SIZE_MAX for an entry that shows none. */
static enum qp_code add_row(struct explaining *explaining, const struct qp_slice_entry *entry,
                            size_t event, enum qp_result result)
{
    struct qp_judging *judging = explaining->judging;
    const struct qp_verdict_told *told = event != SIZE_MAX ? &judging->verdict->told[event] : NULL;
    const char *party = "";
    explaining->count++;
    if (explaining->most > 0 && explaining->count > explaining->most) {
        return QP_OK;
    }
    qp_arena_reset(&explaining->arena);
    enum qp_code rc = qp_judge_party(judging, &entry->issuer, &explaining->arena, &party);
    json_t *row = rc == QP_OK ? describe_entry(entry, party) : NULL;
    if (rc == QP_OK &&
        (row == NULL || json_object_set_new(row, "checked", list_checks(event != SIZE_MAX)) != 0 ||
         json_object_set_new(row, "result", json_string(qp_result_name(result))) != 0 ||
         json_object_set_new(row, "notes", list_notes(told)) != 0)) {
        rc = no_memory(explaining);
    }
    if (rc == QP_OK && event != SIZE_MAX) {
        rc = describe_event(explaining, event, row);
    }
    if (rc == QP_OK && json_array_append(explaining->rows, row) != 0) {
        rc = no_memory(explaining);
    }
    json_decref(row);
    return rc;
}

/* The rows of one entry that have this result. */
static enum qp_code explain_entry(struct explaining *explaining, size_t entry_at,
                                  enum qp_result result)
{
    const struct qp_judging *judging = explaining->judging;
    const struct qp_verdict *verdict = judging->verdict;
    const struct qp_slice_entry *entry = &judging->slice->entries[entry_at];
    enum qp_line line = verdict->explained;
    enum qp_code rc = QP_OK;
    bool all = line == QP_LINE_AUTHENTIC;
    bool whole = all || (line == QP_LINE_CURRENT && entry_at == judging->slice->entry_count - 1);
    if (entry->event_count == 0 && whole) {
        enum qp_result its = all ? QP_PASS : verdict->lines[line].result;
        return its == result ? add_row(explaining, entry, SIZE_MAX, its) : QP_OK;
    }
    for (size_t i = 0; rc == QP_OK && i < entry->event_count; i++) {
        size_t event = entry->first_event + i;
        if ((all || qp_verdict_carries(verdict, line, event)) &&
            verdict->told[event].result == result) {
            rc = add_row(explaining, entry, event, result);
        }
    }
    return rc;
}

enum qp_code qp_judge_explain(struct qp_judging *judging, size_t most)
{
    static const enum qp_result order[] = {QP_FAIL, QP_NOT_SHOWN, QP_PASS};
    struct qp_verdict *verdict = judging->verdict;
    struct explaining explaining = {.judging = judging, .rows = json_array(), .most = most};
    enum qp_code rc = explaining.rows != NULL ? QP_OK : no_memory(&explaining);
    qp_arena_init(&explaining.arena, 0);
    for (size_t k = 0; k < QP_COUNT(order); k++) {
        for (size_t i = 0; rc == QP_OK && i < judging->slice->entry_count; i++) {
            rc = explain_entry(&explaining, i, order[k]);
        }
    }
    qp_arena_wipe(&explaining.arena);
    if (rc != QP_OK) {
        json_decref(explaining.rows);
        return rc;
    }
    size_t told = json_array_size(explaining.rows);
    qp_verdict_fact(verdict, "explain",
                    json_pack("{s:s, s:o, s:I}", "line", qp_line_name(verdict->explained), "events",
                              explaining.rows, "more", (json_int_t)(explaining.count - told)));
    return QP_OK;
}

void qp_judge_explain_nothing(struct qp_verdict *verdict, enum qp_line line)
{
    qp_verdict_fact(verdict, "explain",
                    json_pack("{s:s, s:[], s:i}", "line", qp_line_name(line), "events", "more", 0));
}
