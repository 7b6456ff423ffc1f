#include "log/view.h"

#include "core/check.h"
#include "log/chain.h"
#include "log/keys.h"
#include "log/log_priv.h"

#include <string.h>

static enum qp_code view_get(void *context, struct qp_span key, struct qp_span *record,
                             struct qp_err *err)
{
    struct qp_log *log = context;
    enum qp_code rc = qp_store_get(log->store, QP_TABLE_STATE, key, record, err);
    if (rc == QP_E_NOT_FOUND) {
        *record = qp_span_of(NULL, 0);
        return QP_OK;
    }
    return rc;
}

static enum qp_code view_put(void *context, struct qp_span key, struct qp_span record,
                             struct qp_err *err)
{
    (void)context;
    (void)key;
    (void)record;
    return qp_fail(err, QP_E_USAGE, "the state of a log changes by its entries only");
}

static enum qp_code view_event(void *context, const Qp__EventReference *reference,
                               struct qp_span *event, Qp__EventPlace *place, struct qp_err *err)
{
    struct qp_log *log = context;
    struct qp_public_key issuer;
    struct qp_hash named = qp_bytes_hash(reference->event);
    struct qp_hash id;
    uint64_t index = 0;
    memcpy(issuer.bytes, reference->issuer.data, sizeof issuer.bytes);
    enum qp_code rc = qp_log_find(log, &issuer, reference->sequence, &index, err);
    log->borrowed.len = 0;
    rc = rc == QP_OK ? qp_log_event(log, index, reference->position, &log->borrowed, err) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    qp_hash_leaf(&id, qp_span_buf(&log->borrowed));
    if (!qp_hash_eq(&id, &named)) {
        return qp_fail(err, QP_E_NOT_FOUND, "the event in that place is another one");
    }
    *event = qp_span_buf(&log->borrowed);
    place->index = index;
    place->position = reference->position;
    return QP_OK;
}

struct qp_state qp_log_state(struct qp_log *log)
{
    return (struct qp_state){.context = log, .get = view_get, .put = view_put, .event = view_event};
}

static bool read_place(const struct qp_row *row, size_t prefix_len, struct qp_edge_place *place)
{
    struct qp_span tail = qp_span_of(row->key.data + prefix_len, row->key.len - prefix_len);
    uint64_t index = 0;
    uint64_t position = 0;
    uint8_t role = 0;
    if (row->value.len != 1 || !qp_edge_tail(tail, &index, &position, &role)) {
        return false;
    }
    *place = (struct qp_edge_place){.index = index,
                                    .position = (uint32_t)position,
                                    .role = (enum qp_edge_role)role,
                                    .body = (Qp__Event__BodyCase)row->value.data[0]};
    return true;
}

enum qp_code qp_log_edges(struct qp_log *log, enum qp_state_kind kind, const char *id,
                          enum qp_code (*each)(void *context, const struct qp_edge_place *place,
                                               struct qp_err *err),
                          void *context, struct qp_err *err)
{
    if (strlen(id) > 80) { /* no subject has such an id */
        return QP_OK;
    }
    struct qp_row_key prefix = qp_key_edges(kind, id);
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    enum qp_code rc = qp_cursor_open(log->store, QP_TABLE_EDGES, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_seek(cursor, qp_row_key_span(&prefix), &row, err) : rc;
    while (rc == QP_OK && row.found && row.key.len >= prefix.len &&
           memcmp(row.key.data, prefix.bytes, prefix.len) == 0) {
        struct qp_edge_place place;
        if (!read_place(&row, prefix.len, &place)) {
            rc = qp_fail(err, QP_E_STORE,
                         "a row of the edges is damaged; run an audit that rebuilds the derived "
                         "tables");
            break;
        }
        if (place.index >= log->head.size) {
            break; /* not yet signed */
        }
        rc = each(context, &place, err);
        rc = rc == QP_OK ? qp_cursor_next(cursor, &row, err) : rc;
    }
    qp_cursor_close(cursor);
    return rc;
}

enum qp_code qp_log_ids(struct qp_log *log, enum qp_state_kind kind, const char *prefix,
                        bool (*each)(void *context, struct qp_span id), void *context,
                        struct qp_err *err)
{
    if (strlen(prefix) > 80) { /* no subject has such an id */
        return QP_OK;
    }
    struct qp_state_key front = qp_state_key_text(kind, prefix);
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    enum qp_code rc = qp_cursor_open(log->store, QP_TABLE_STATE, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_seek(cursor, qp_state_key_span(&front), &row, err) : rc;
    while (rc == QP_OK && row.found && row.key.len >= front.len &&
           memcmp(row.key.data, front.bytes, front.len) == 0 &&
           each(context, qp_span_of(row.key.data + 1, row.key.len - 1))) {
        rc = qp_cursor_next(cursor, &row, err);
    }
    qp_cursor_close(cursor);
    return rc;
}

struct qp_merkle_reader qp_log_merkle(struct qp_log *log)
{
    return qp_tile_reader(log->tiles);
}

enum qp_code qp_log_find(struct qp_log *log, const struct qp_public_key *issuer, uint64_t sequence,
                         uint64_t *index, struct qp_err *err)
{
    uint64_t found = 0;
    enum qp_code rc = qp_chain_get(log->store, issuer, sequence, &found, err);
    if (rc == QP_E_NOT_FOUND || (rc == QP_OK && found >= log->head.size)) {
        char key[65];
        qp_hex_encode(key, qp_span_of(issuer->bytes, sizeof issuer->bytes));
        return qp_fail(err, QP_E_NOT_FOUND, "statement %llu of key %.16s… is not in the ledger",
                       (unsigned long long)sequence, key);
    }
    if (rc == QP_OK) {
        *index = found;
    }
    return rc;
}

struct signed_walk {
    uint64_t size;
    enum qp_code (*each)(void *context, uint64_t index, struct qp_err *err);
    void *context;
};

/* What is in the store may be more than what is signed for. */
static enum qp_code tell_signed(void *context, uint64_t index, struct qp_err *err)
{
    const struct signed_walk *walk = context;
    return index < walk->size ? walk->each(walk->context, index, err) : QP_OK;
}

enum qp_code qp_log_signed(struct qp_log *log, const struct qp_public_key *issuer, uint64_t since,
                           enum qp_code (*each)(void *context, uint64_t index, struct qp_err *err),
                           void *context, struct qp_err *err)
{
    struct signed_walk walk = {.size = log->head.size, .each = each, .context = context};
    return qp_chain_each(log->store, issuer, since, tell_signed, &walk, err);
}

enum qp_code qp_log_last_sequence(struct qp_log *log, const struct qp_public_key *issuer,
                                  uint64_t *sequence, struct qp_err *err)
{
    uint64_t index = 0;
    return qp_chain_last(log->store, issuer, sequence, &index, err);
}
