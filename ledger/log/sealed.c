/* Sealed contents: do they open what an event commits to? */
#include "log/record.h"

#include "core/check.h"
#include "rules/graph.h"

#include <quipu/geo.h>

#include <stdlib.h>
#include <string.h>

static enum qp_code add_one(void *context, const char *field, const Qp__Sealed *sealed,
                            struct qp_err *err)
{
    (void)field;
    struct qp_commitments *commitments = context;
    if (commitments->count == commitments->capacity) {
        size_t capacity = commitments->capacity == 0 ? 16 : 2 * commitments->capacity;
        void *grown = qp_realloc(commitments->list, capacity * sizeof *commitments->list);
        if (grown == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory for commitments");
        }
        commitments->list = grown;
        commitments->capacity = capacity;
    }
    commitments->list[commitments->count++] = (struct qp_commitment){
        .hash = qp_bytes_hash(sealed->commitment), .kind = sealed->kind, .length = sealed->length};
    return QP_OK;
}

enum qp_code qp_commitments_add(struct qp_commitments *commitments, const Qp__Event *event,
                                struct qp_err *err)
{
    return qp_event_sealed(event, add_one, commitments, err);
}

/* Order only: nothing here is secret, so no need for constant time. */
static int by_hash(const void *a, const void *b)
{
    const struct qp_commitment *left = a;
    const struct qp_commitment *right = b;
    return memcmp(left->hash.bytes, right->hash.bytes, sizeof left->hash.bytes);
}

void qp_commitments_sort(struct qp_commitments *commitments)
{
    if (commitments->count > 1) {
        qsort(commitments->list, commitments->count, sizeof commitments->list[0], by_hash);
    }
}

static struct qp_commitment *find(const struct qp_commitments *commitments,
                                  const struct qp_hash *hash)
{
    struct qp_commitment wanted = {.hash = *hash};
    return commitments->count == 0
               ? NULL
               : bsearch(&wanted, commitments->list, commitments->count, sizeof wanted, by_hash);
}

/* The form of the content, where its kind has one. Whether a geometry is a sound shape is for the
 * rules of the trade to say; here it must be readable. */
static enum qp_code check_form(Qp__SealedKind kind, struct qp_span content,
                               struct qp_arena *scratch, struct qp_err *err)
{
    void *message = NULL;
    struct qp_geometry geometry;
    switch (kind) {
    case QP__SEALED_KIND__SEALED_KIND_GEOMETRY:
        return qp_geometry_decode(content, scratch, &geometry, err);
    case QP__SEALED_KIND__SEALED_KIND_PRODUCER:
        return qp_wire_decode(&qp_rule_producer, content, scratch, &message, err);
    case QP__SEALED_KIND__SEALED_KIND_PRICE:
        return qp_wire_decode(&qp_rule_price, content, scratch, &message, err);
    case QP__SEALED_KIND__SEALED_KIND_CONTACT:
        return qp_wire_decode(&qp_rule_contact, content, scratch, &message, err);
    default:
        return QP_OK;
    }
}

enum qp_code qp_sealed_check(struct qp_commitments *commitments, const Qp__SealedContent *content,
                             struct qp_arena *scratch, struct qp_hash *hash, struct qp_err *err)
{
    qp_content_hash(content, hash);
    struct qp_commitment *commitment = find(commitments, hash);
    if (commitment == NULL) {
        return qp_fail(err, QP_E_INVALID, "it opens no commitment of the statement's events");
    }
    if (commitment->given) {
        return qp_fail(err, QP_E_INVALID, "it is there twice");
    }
    if (commitment->length != content->content.len) {
        return qp_fail(err, QP_E_INVALID, "it has %zu bytes, the commitment says %u",
                       content->content.len, commitment->length);
    }
    commitment->given = true;
    enum qp_code rc = check_form(commitment->kind, qp_span_bytes(content->content), scratch, err);
    return rc;
}

struct qp_span qp_sealed_bytes(const Qp__SealedContent *content)
{
    /* 0a 20 salt[32] 12 length content: the salt stands two bytes behind the start. */
    const uint8_t *start = content->salt.data - 2;
    QP_ASSERT(start[0] == 0x0a && start[1] == 0x20);
    return qp_span_of(start, (size_t)(content->content.data - start) + content->content.len);
}
