#include "issue/draft.h"

#include "core/check.h"
#include "wire/wire.h"

#include <string.h>

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for a draft");
}

enum qp_code qp_draft_new(struct qp_draft **draft, struct qp_err *err)
{
    struct qp_draft *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return no_memory(err);
    }
    qp_arena_init(&made->arena, 0);
    qp_arena_init(&made->scratch, 0);
    *draft = made;
    return QP_OK;
}

void qp_draft_free(struct qp_draft *draft)
{
    if (draft == NULL) {
        return;
    }
    qp_arena_wipe(&draft->arena);
    qp_arena_wipe(&draft->scratch);
    qp_free(draft->events);
    qp_free(draft->sealed);
    qp_free(draft);
}

size_t qp_draft_event_count(const struct qp_draft *draft)
{
    return draft->event_count;
}

size_t qp_draft_sealed_count(const struct qp_draft *draft)
{
    return draft->sealed_used;
}

struct qp_span qp_draft_event(const struct qp_draft *draft, size_t at)
{
    QP_ASSERT(at < draft->event_count);
    return draft->events[at].bytes;
}

enum qp_code qp_draft_ledger_id(const struct qp_draft *draft, struct qp_hash *ledger_id,
                                struct qp_err *err)
{
    if (draft->event_count != 1) {
        return qp_fail(
            err, QP_E_USAGE,
            "a ledger is opened by a draft of one event, ledger_opened; this one has %zu",
            draft->event_count);
    }
    struct qp_arena arena;
    qp_arena_init(&arena, 0);
    Qp__Event *event = NULL;
    enum qp_code rc = qp_event_decode(draft->events[0].bytes, &arena, &event, err);
    if (rc == QP_OK && event->body_case != QP__EVENT__BODY_LEDGER_OPENED) {
        rc = qp_fail(err, QP_E_USAGE, "a ledger is opened by the event ledger_opened, not by %s",
                     qp_event_name(event->body_case));
    }
    if (rc == QP_OK) {
        qp_hash_leaf(ledger_id, draft->events[0].bytes);
    }
    qp_arena_wipe(&arena);
    return rc;
}

/* Room for one more element of a growing array. */
static enum qp_code grow(void **array, size_t count, size_t *capacity, size_t size_bytes,
                         struct qp_err *err)
{
    if (count < *capacity) {
        return QP_OK;
    }
    size_t want = *capacity == 0 ? 64 : 2 * *capacity;
    size_t bytes = 0;
    if (!qp_mul_size(want, size_bytes, &bytes)) {
        return no_memory(err);
    }
    void *larger = qp_realloc(*array, bytes);
    if (larger == NULL) {
        return no_memory(err);
    }
    *array = larger;
    *capacity = want;
    return QP_OK;
}

static enum qp_code keep(struct qp_draft *draft, struct qp_span bytes, struct qp_span *kept,
                         struct qp_err *err)
{
    uint8_t *copy = qp_arena_alloc(&draft->arena, bytes.len);
    if (copy == NULL) {
        return no_memory(err);
    }
    if (bytes.len > 0) {
        memcpy(copy, bytes.data, bytes.len);
    }
    *kept = qp_span_of(copy, bytes.len);
    return QP_OK;
}

/* Room for one more sealed content. */
static enum qp_code grow_sealed(struct qp_draft *draft, struct qp_err *err)
{
    void *list = draft->sealed;
    enum qp_code rc =
        grow(&list, draft->sealed_count, &draft->sealed_capacity, sizeof *draft->sealed, err);
    draft->sealed = list;
    return rc;
}

enum qp_code qp_draft_seal(struct qp_draft *draft, Qp__SealedKind kind, struct qp_span content,
                           Qp__Sealed **sealed, struct qp_err *err)
{
    if (content.len == 0 || content.len > QP_SEALED_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "content of %zu bytes to seal; 1 to %d are allowed",
                       content.len, QP_SEALED_BYTES_MAX);
    }
    enum qp_code rc = grow_sealed(draft, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_draft_sealed *one = &draft->sealed[draft->sealed_count];
    rc = keep(draft, content, &one->content, err);
    if (rc != QP_OK) {
        return rc;
    }
    qp_random(one->salt.bytes, sizeof one->salt.bytes);
    qp_hash_sealed(&one->commitment, &one->salt, one->content);
    /* The list may move, so the event points at a copy of the commitment. */
    struct qp_hash *commitment = qp_arena_alloc(&draft->scratch, sizeof *commitment);
    Qp__Sealed *made = qp_arena_alloc(&draft->scratch, sizeof *made);
    if (commitment == NULL || made == NULL) {
        return no_memory(err);
    }
    *commitment = one->commitment;
    qp__sealed__init(made);
    made->commitment = qp_hash_bytes(commitment);
    made->kind = kind;
    made->length = (uint32_t)content.len;
    draft->sealed_count++;
    *sealed = made;
    return QP_OK;
}

enum qp_code qp_draft_keep_sealed(struct qp_draft *draft, const Qp__SealedContent *content,
                                  struct qp_err *err)
{
    enum qp_code rc = grow_sealed(draft, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_draft_sealed *one = &draft->sealed[draft->sealed_count];
    rc = keep(draft, qp_span_bytes(content->content), &one->content, err);
    if (rc == QP_OK) {
        memcpy(one->salt.bytes, content->salt.data, sizeof one->salt.bytes);
        qp_hash_sealed(&one->commitment, &one->salt, one->content);
        draft->sealed_count++;
    }
    return rc;
}

void qp_draft_drop(struct qp_draft *draft)
{
    draft->sealed_count = draft->sealed_used;
    qp_arena_reset(&draft->scratch);
}

void qp_draft_cut(struct qp_draft *draft, size_t event_count)
{
    QP_ASSERT(event_count <= draft->event_count);
    if (event_count < draft->event_count) {
        draft->sealed_used = draft->events[event_count].sealed_at;
        draft->event_count = event_count;
    }
    qp_draft_drop(draft);
}

/* Field headers and lengths of protobuf around an event or a content; salt included. */
#define EVENT_FRAME_BYTES 8
#define SEALED_FRAME_BYTES 64

static enum qp_code put_event(struct qp_draft *draft, struct qp_span bytes, struct qp_err *err)
{
    void *list = draft->events;
    enum qp_code rc =
        grow(&list, draft->event_count, &draft->event_capacity, sizeof *draft->events, err);
    draft->events = list;
    struct qp_draft_event one = {
        .sealed_at = draft->sealed_used,
        .sealed_count = draft->sealed_count - draft->sealed_used,
        .size_bytes = bytes.len + EVENT_FRAME_BYTES,
    };
    for (size_t i = draft->sealed_used; i < draft->sealed_count; i++) {
        one.size_bytes += draft->sealed[i].content.len + SEALED_FRAME_BYTES;
    }
    if (rc == QP_OK) {
        rc = keep(draft, bytes, &one.bytes, err);
    }
    if (rc == QP_OK) {
        draft->events[draft->event_count] = one;
        draft->event_count++;
        draft->sealed_used = draft->sealed_count;
    }
    return rc;
}

enum qp_code qp_draft_add_event(struct qp_draft *draft, Qp__Event *event, struct qp_err *err)
{
    uint8_t nonce[16];
    ProtobufCBinaryData given = event->nonce;
    if (given.len == 0) {
        qp_random(nonce, sizeof nonce);
        event->nonce = (ProtobufCBinaryData){.len = sizeof nonce, .data = nonce};
    }
    struct qp_buf bytes = {0};
    enum qp_code rc = qp_wire_encode(&qp_rule_event, event, &draft->scratch, &bytes, err);
    event->nonce = given;
    if (rc == QP_OK && bytes.len > QP_EVENT_BYTES_MAX) {
        rc = qp_fail(err, QP_E_INPUT, "event would be %zu bytes; %d are allowed", bytes.len,
                     QP_EVENT_BYTES_MAX);
    }
    if (rc == QP_OK) {
        rc = put_event(draft, qp_span_buf(&bytes), err);
    }
    qp_buf_wipe(&bytes);
    qp_draft_drop(draft); /* what the event has taken stays */
    return rc;
}

enum qp_code qp_draft_keep_event(struct qp_draft *draft, struct qp_span bytes, struct qp_err *err)
{
    enum qp_code rc = put_event(draft, bytes, err);
    qp_draft_drop(draft);
    return rc;
}
