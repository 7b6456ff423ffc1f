#include "trace/shown.h"

#include <stdlib.h>
#include <string.h>

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to collect the events of the shipment");
}

void qp_shown_init(struct qp_shown *shown, const struct qp_trace_source *source,
                   struct qp_closure *closure)
{
    *shown = (struct qp_shown){.source = source, .closure = closure};
    qp_visited_init(&shown->events, &closure->arena);
    qp_visited_init(&shown->entries, &closure->arena);
    qp_arena_init(&shown->scratch, 0);
}

void qp_shown_wipe(struct qp_shown *shown)
{
    qp_visited_wipe(&shown->events);
    qp_visited_wipe(&shown->entries);
    qp_arena_wipe(&shown->scratch);
    qp_buf_wipe(&shown->bytes);
}

enum qp_code qp_grow(void *array, size_t count, size_t *room, size_t size, struct qp_err *err)
{
    void *block = NULL;
    if (count < *room) {
        return QP_OK;
    }
    memcpy(&block, array, sizeof block);
    size_t more = *room == 0 ? 64 : 2 * *room;
    block = qp_realloc(block, more * size);
    if (block == NULL) {
        return no_memory(err);
    }
    memcpy(array, &block, sizeof block);
    *room = more;
    return QP_OK;
}

static enum qp_code keep(struct qp_shown *shown, struct qp_span *kept, struct qp_err *err)
{
    uint8_t *copy = qp_arena_alloc(&shown->closure->arena, shown->bytes.len);
    if (copy == NULL) {
        return no_memory(err);
    }
    if (shown->bytes.len > 0) {
        memcpy(copy, shown->bytes.data, shown->bytes.len);
    }
    *kept = qp_span_of(copy, shown->bytes.len);
    return QP_OK;
}

static enum qp_code read_entry(struct qp_shown *shown, uint64_t index, struct qp_shown_entry *entry,
                               struct qp_err *err)
{
    Qp__Entry *decoded = NULL;
    Qp__Statement *statement = NULL;
    *entry = (struct qp_shown_entry){.index = index};
    shown->bytes.len = 0;
    qp_arena_reset(&shown->scratch);
    enum qp_code rc = shown->source->entry(shown->source->context, index, &shown->bytes, err);
    rc = rc == QP_OK ? keep(shown, &entry->bytes, err) : rc;
    rc = rc == QP_OK ? qp_entry_decode(entry->bytes, &shown->scratch, &decoded, err) : rc;
    rc = rc == QP_OK ? qp_statement_decode(qp_span_bytes(decoded->statement), &shown->scratch,
                                           &statement, err)
                     : rc;
    if (rc == QP_E_INPUT || rc == QP_E_NOT_FOUND) {
        return qp_fail(err, QP_E_STORE, "entry %llu cannot be read; run quipu audit",
                       (unsigned long long)index);
    }
    if (rc == QP_OK) {
        memcpy(entry->issuer.bytes, statement->issuer.data, sizeof entry->issuer.bytes);
        entry->event_count = statement->event_count;
        entry->event_root = qp_bytes_hash(statement->event_root);
    }
    return rc;
}

enum qp_code qp_shown_entry(struct qp_shown *shown, uint64_t index, size_t *number,
                            struct qp_err *err)
{
    struct qp_closure *closure = shown->closure;
    uint8_t key[8];
    bool fresh = false;
    qp_store_be64(key, index);
    enum qp_code rc =
        qp_visited_add(&shown->entries, qp_span_of(key, sizeof key), number, &fresh, err);
    if (rc != QP_OK || !fresh) {
        return rc;
    }
    rc = qp_grow(&closure->entries, closure->entry_count, &shown->entry_room,
                 sizeof *closure->entries, err);
    if (rc == QP_OK) {
        rc = read_entry(shown, index, &closure->entries[closure->entry_count], err);
    }
    closure->entry_count += rc == QP_OK;
    return rc;
}

/* ---- Events ---- */

enum qp_code qp_shown_decode(const struct qp_shown_event *event, struct qp_arena *arena,
                             Qp__Event **decoded, struct qp_err *err)
{
    enum qp_code rc = qp_event_decode(event->bytes, arena, decoded, err);
    if (rc == QP_E_INPUT) {
        rc = qp_fail(err, QP_E_STORE, "event %u of entry %llu cannot be read; run quipu audit",
                     event->position, (unsigned long long)event->index);
    }
    return rc;
}

static enum qp_code read_event(struct qp_shown *shown, struct qp_shown_event *event,
                               struct qp_err *err)
{
    const struct qp_trace_source *source = shown->source;
    Qp__Event *decoded = NULL;
    shown->bytes.len = 0;
    enum qp_code rc =
        source->event(source->context, event->index, event->position, &shown->bytes, err);
    if (rc == QP_E_NOT_FOUND) {
        rc = qp_fail(err, QP_E_STORE, "event %u of entry %llu is not there; run quipu audit",
                     event->position, (unsigned long long)event->index);
    }
    rc = rc == QP_OK ? keep(shown, &event->bytes, err) : rc;
    qp_arena_reset(&shown->scratch);
    rc = rc == QP_OK ? qp_shown_decode(event, &shown->scratch, &decoded, err) : rc;
    if (rc == QP_OK) {
        event->body = decoded->body_case;
    }
    return rc;
}

enum qp_code qp_shown_event(struct qp_shown *shown, uint64_t index, uint32_t position,
                            struct qp_shown_place *place, struct qp_err *err)
{
    struct qp_closure *closure = shown->closure;
    uint8_t key[12];
    *place = (struct qp_shown_place){0};
    qp_store_be64(key, index);
    qp_store_be32(key + 8, position);
    enum qp_code rc = qp_visited_add(&shown->events, qp_span_of(key, sizeof key), &place->event,
                                     &place->fresh, err);
    if (rc != QP_OK || !place->fresh) {
        return rc;
    }
    rc = qp_grow(&closure->events, closure->event_count, &shown->event_room,
                 sizeof *closure->events, err);
    rc = rc == QP_OK ? qp_shown_entry(shown, index, &place->entry, err) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_shown_event *event = &closure->events[closure->event_count];
    *event = (struct qp_shown_event){.index = index, .position = position};
    rc = read_event(shown, event, err);
    closure->event_count += rc == QP_OK;
    return rc;
}

/* ---- Order ---- */

static int by_place(const void *a, const void *b)
{
    const struct qp_shown_event *one = a;
    const struct qp_shown_event *two = b;
    int order = (one->index > two->index) - (one->index < two->index);
    return order != 0 ? order : (one->position > two->position) - (one->position < two->position);
}

static int by_index(const void *a, const void *b)
{
    const struct qp_shown_entry *one = a;
    const struct qp_shown_entry *two = b;
    return (one->index > two->index) - (one->index < two->index);
}

void qp_shown_sort(struct qp_closure *closure)
{
    qsort(closure->events, closure->event_count, sizeof *closure->events, by_place);
    qsort(closure->entries, closure->entry_count, sizeof *closure->entries, by_index);
}
