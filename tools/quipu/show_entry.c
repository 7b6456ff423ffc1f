/* An entry and an event in words. */
#include "show.h"

#include "core/time.h"
#include "host/terminal.h"
#include "record.h"
#include "wire/json.h"
#include "words.h"

#include <inttypes.h>
#include <unistd.h>

static enum qp_code sentence_of(struct show *show, const Qp__Event *event, struct qp_buf *text)
{
    text->len = 0;
    enum qp_code rc = words_event(event, text, show->err);
    return rc == QP_OK ? qp_buf_add(text, qp_span_of("", 1), show->err) : rc;
}

void show_hanging(struct show *show, size_t at, size_t indent, const char *text)
{
    size_t width = qp_terminal_width(STDOUT_FILENO);
    cli_wrap(stdout, cli_safe(show->cli, text), at, indent, width < 60 ? 60 : width);
}

/* ---- Entry ---- */

static enum qp_code print_entry_words(struct show *show, const struct reader_entry *entry)
{
    char hex[65];
    char time[QP_TIME_TEXT_BYTES];
    struct qp_hash hash = qp_bytes_hash(entry->statement->issuer);
    struct qp_buf text = {0};
    uint64_t index = entry->entry->index;
    enum qp_code rc = QP_OK;
    qp_time_format(time, entry->entry->admitted_ms);
    record_row(show->cli, "entry", "%" PRIu64 ", admitted %s", index, time);
    qp_hash_hex(hex, &entry->leaf);
    record_row(show->cli, "leaf hash", "%s", hex);
    record_row(show->cli, "issuer", "%s", entry->issuer);
    qp_hash_hex(hex, &hash);
    record_row(show->cli, "key", "%s", hex);
    qp_time_format(time, entry->statement->issued_ms);
    record_row(show->cli, "statement", "sequence %" PRIu64 ", %" PRIu32 " events, issued %s",
               entry->statement->sequence, entry->statement->event_count, time);
    if (entry->statement->given_up > 0) {
        record_row(show->cli, "given up", "the %" PRIu32 " before it, which the log refused",
                   entry->statement->given_up);
    }
    hash = qp_bytes_hash(entry->statement->event_root);
    qp_hash_hex(hex, &hash);
    record_row(show->cli, "event root", "%s", hex);
    printf("\n");
    uint32_t count = entry->statement->event_count;
    for (uint32_t i = 0; rc == QP_OK && i < count; i++) {
        const Qp__Event *event = NULL;
        rc = reader_event(show->reader, index, i, &event, show->err);
        if (rc == QP_OK) {
            rc = sentence_of(show, event, &text);
        }
        if (rc == QP_OK) {
            printf("%4" PRIu32 "  ", i);
            show_hanging(show, 6, 6, (const char *)text.data);
        }
    }
    qp_buf_wipe(&text);
    return rc;
}

enum qp_code show_entry(struct show *show, uint64_t index)
{
    struct reader_entry entry;
    json_t *json = NULL;
    enum qp_code rc = reader_entry(show->reader, index, &entry, show->err);
    if (rc == QP_OK && !show->cli->json) {
        return print_entry_words(show, &entry);
    }
    if (rc == QP_OK) {
        rc = reader_entry_json(&entry, &json, show->err);
    }
    if (rc == QP_OK) {
        cli_json(show->cli, json);
    }
    return rc;
}

/* ---- Event ---- */

/* Every field on a line, under the names that JSON has. */
static void print_fields(struct show *show, const char *path, const json_t *value)
{
    char name[200];
    const char *key = NULL;
    json_t *child = NULL;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, key, child)
        {
            snprintf(name, sizeof name, "%.150s%s%.40s", path, path[0] != '\0' ? "." : "", key);
            print_fields(show, name, child);
        }
    } else if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            snprintf(name, sizeof name, "%.150s[%zu]", path, i);
            print_fields(show, name, json_array_get(value, i));
        }
    } else {
        int at = printf("  %s  ", path);
        if (json_is_string(value)) {
            show_hanging(show, (size_t)at, 6, json_string_value(value));
        } else if (json_is_boolean(value)) {
            printf("%s\n", json_is_true(value) ? "true" : "false");
        } else {
            printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
        }
    }
}

static enum qp_code print_event_words(struct show *show, const struct reader_entry *entry,
                                      uint32_t position, const Qp__Event *event, const json_t *json)
{
    struct qp_buf text = {0};
    struct qp_hash id;
    char hex[65];
    char time[QP_TIME_TEXT_BYTES];
    enum qp_code rc = sentence_of(show, event, &text);
    if (rc == QP_OK) {
        qp_hash_leaf(&id, qp_span_buf(&show->reader->event_bytes));
        qp_hash_hex(hex, &id);
        qp_time_format(time, event->occurred_ms);
        record_row(show->cli, "event", "%" PRIu64 ":%" PRIu32 ", %s", entry->entry->index, position,
                   qp_event_name(event->body_case));
        record_row(show->cli, "id", "%s", hex);
        record_row(show->cli, "issuer", "%s", entry->issuer);
        record_row(show->cli, "occurred", "%s", time);
        record_row(show->cli, "in words", "%s", (const char *)text.data);
        printf("\n");
        print_fields(show, "", json);
    }
    qp_buf_wipe(&text);
    return rc;
}

enum qp_code show_event(struct show *show, uint64_t index, uint64_t position)
{
    struct reader_entry entry;
    const Qp__Event *event = NULL;
    json_t *json = NULL;
    enum qp_code rc = reader_entry(show->reader, index, &entry, show->err);
    if (rc == QP_OK && position >= entry.statement->event_count) {
        return qp_fail(show->err, QP_E_NOT_FOUND,
                       "entry %" PRIu64 " has events 0 to %" PRIu32 ", and no event %" PRIu64,
                       index, entry.statement->event_count - 1, position);
    }
    if (rc == QP_OK) {
        rc = reader_event(show->reader, index, (uint32_t)position, &event, show->err);
    }
    if (rc == QP_OK) {
        rc = qp_json_encode(&qp_rule_event, event, &json, show->err);
    }
    if (rc == QP_OK && show->cli->json) {
        cli_json(show->cli,
                 json_pack("{s:I, s:i, s:s, s:O}", "entry", (json_int_t)index, "position",
                           (int)position, "party", entry.issuer, "event", json));
    } else if (rc == QP_OK) {
        rc = print_event_words(show, &entry, (uint32_t)position, event, json);
    }
    json_decref(json);
    return rc;
}
