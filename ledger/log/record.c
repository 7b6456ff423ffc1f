#include "log/record.h"

#include "core/check.h"
#include "log/keys.h"

#include <quipu/merkle.h>

#include <string.h>

enum qp_code qp_record_open(struct qp_record *record, struct qp_bench *bench, struct qp_err *err)
{
    Qp__Submission *submission = NULL;
    size_t used = 0;
    enum qp_code rc = qp_submission_decode(record->bytes, &bench->keep, &submission, &used, err);
    if (rc != QP_OK) {
        return rc;
    }
    QP_ASSERT(used == record->bytes.len);
    record->statement_bytes = qp_span_bytes(submission->statement);
    record->signature = qp_span_bytes(submission->signature);
    record->event_bytes = submission->events;
    record->event_count = submission->n_events;
    record->sealed = submission->sealed;
    record->sealed_count = submission->n_sealed;
    return QP_OK;
}

/* Every event row of the entry, in order; none may be missing in between. */
static enum qp_code load_events(struct qp_record *record, struct qp_store *store, uint64_t index,
                                struct qp_arena *arena, struct qp_err *err)
{
    ProtobufCBinaryData *events = NULL;
    size_t count = 0;
    size_t capacity = 0;
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    struct qp_row_key first = qp_key_event(index, 0);
    enum qp_code rc = qp_cursor_open(store, QP_TABLE_EVENTS, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_seek(cursor, qp_row_key_span(&first), &row, err) : rc;
    while (rc == QP_OK && row.found && row.key.len == first.len &&
           qp_load_be64(row.key.data) == index) {
        struct qp_row_key key = qp_key_event(index, (uint32_t)count);
        if (count == QP_EVENTS_MAX || memcmp(row.key.data, key.bytes, key.len) != 0) {
            rc = qp_fail(err, QP_E_STORE, "entry %llu: event %zu is missing in the store",
                         (unsigned long long)index, count);
            break;
        }
        if (count == capacity) {
            capacity = capacity == 0 ? 4 : 2 * capacity;
            ProtobufCBinaryData *grown = qp_arena_alloc_zero(arena, capacity, sizeof *grown);
            if (grown == NULL) {
                rc = qp_fail(err, QP_E_MEMORY, "no memory to read events");
                break;
            }
            if (count > 0) {
                memcpy(grown, events, count * sizeof *grown);
            }
            events = grown;
        }
        events[count++] = qp_bytes_span(row.value);
        rc = qp_cursor_next(cursor, &row, err);
    }
    qp_cursor_close(cursor);
    record->event_bytes = events;
    record->event_count = count;
    return rc;
}

enum qp_code qp_record_load(struct qp_record *record, struct qp_store *store, uint64_t index,
                            struct qp_bench *bench, Qp__Entry **entry, struct qp_err *err)
{
    *record = (struct qp_record){.offset = 0};
    struct qp_row_key key = qp_key_number(index);
    struct qp_span row = {0};
    enum qp_code rc = qp_store_get(store, QP_TABLE_ENTRIES, qp_row_key_span(&key), &row, err);
    if (rc == QP_OK) {
        rc = qp_entry_decode(row, &bench->keep, entry, err);
    }
    if (rc == QP_E_NOT_FOUND || rc == QP_E_INPUT) {
        return qp_fail(err, QP_E_STORE, "entry %llu is missing in the store, or not in our format",
                       (unsigned long long)index);
    }
    if (rc != QP_OK) {
        return rc;
    }
    record->bytes = row;
    record->statement_bytes = qp_span_bytes((*entry)->statement);
    record->signature = qp_span_bytes((*entry)->signature);
    return load_events(record, store, index, &bench->keep, err);
}

/* ---- Checking ---- */

static enum qp_code check_statement(struct qp_record *record, const struct qp_hash *ledger_id,
                                    struct qp_arena *arena, struct qp_err *err)
{
    Qp__Statement *statement = NULL;
    enum qp_code rc = qp_statement_decode(record->statement_bytes, arena, &statement, err);
    if (rc != QP_OK) {
        return qp_prefix(err, rc, "statement");
    }
    record->statement = statement;
    /* Hashed before the signature is looked at: what is stored later must have this hash, so bits
     * that change in memory after the check do not go unseen. */
    qp_hash_statement(&record->statement_hash, record->statement_bytes);
    memcpy(record->issuer.bytes, statement->issuer.data, sizeof record->issuer.bytes);
    struct qp_hash named = qp_bytes_hash(statement->ledger_id);
    if (ledger_id != NULL && !qp_hash_eq(&named, ledger_id)) {
        char theirs[65];
        char ours[65];
        qp_hash_hex(theirs, &named);
        qp_hash_hex(ours, ledger_id);
        return qp_fail(err, QP_E_INVALID,
                       "the statement is for ledger %.16s…, this one is %.16s…; submit it there",
                       theirs, ours);
    }
    if (statement->event_count != record->event_count) {
        return qp_fail(err, QP_E_INVALID, "the statement is over %u events, but %zu came with it",
                       statement->event_count, record->event_count);
    }
    struct qp_signature signature;
    QP_ASSERT(record->signature.len == sizeof signature.bytes);
    memcpy(signature.bytes, record->signature.data, sizeof signature.bytes);
    rc = qp_verify(&record->issuer, qp_span_text(QP_STATEMENT_DOMAIN), record->statement_bytes,
                   &signature, err);
    return rc == QP_OK ? rc : qp_prefix(err, rc, "statement");
}

static enum qp_code check_event(struct qp_record *record, size_t position, struct qp_hash *ids,
                                Qp__Event **events, struct qp_commitments *commitments,
                                struct qp_bench *bench, struct qp_err *err)
{
    size_t before = bench->keep.total_bytes;
    bool keep = (bench->kept != NULL ? *bench->kept : before) < QP_KEEP_BYTES;
    struct qp_span bytes = qp_span_bytes(record->event_bytes[position]);
    Qp__Event *event = NULL;
    qp_arena_reset(&bench->scratch);
    enum qp_code rc = qp_event_decode(bytes, keep ? &bench->keep : &bench->scratch, &event, err);
    if (rc != QP_OK) {
        return qp_prefix(err, rc, "event %zu", position);
    }
    if (bench->kept != NULL) {
        *bench->kept += bench->keep.total_bytes - before;
    }
    qp_hash_leaf(&ids[position], bytes);
    events[position] = keep ? event : NULL;
    return record->sealed_count > 0 ? qp_commitments_add(commitments, event, err) : QP_OK;
}

static enum qp_code check_sealed(struct qp_record *record, struct qp_commitments *commitments,
                                 struct qp_bench *bench, struct qp_err *err)
{
    if (record->sealed_count == 0) {
        return QP_OK;
    }
    struct qp_hash *hashes =
        qp_arena_alloc_zero(&bench->keep, record->sealed_count, sizeof *hashes);
    if (hashes == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to check sealed contents");
    }
    qp_commitments_sort(commitments);
    for (size_t i = 0; i < record->sealed_count; i++) {
        qp_arena_reset(&bench->scratch);
        enum qp_code rc =
            qp_sealed_check(commitments, record->sealed[i], &bench->scratch, &hashes[i], err);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "sealed content %zu", i);
        }
    }
    record->commitments = hashes;
    return QP_OK;
}

enum qp_code qp_record_check(struct qp_record *record, const struct qp_hash *ledger_id,
                             struct qp_bench *bench, struct qp_err *err)
{
    enum qp_code rc = check_statement(record, ledger_id, &bench->keep, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_hash *ids = qp_arena_alloc_zero(&bench->keep, record->event_count, sizeof *ids);
    Qp__Event **events = qp_arena_alloc_zero(&bench->keep, record->event_count, sizeof *events);
    if (ids == NULL || events == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to check events");
    }
    struct qp_commitments commitments = {0};
    for (size_t i = 0; i < record->event_count && rc == QP_OK; i++) {
        rc = check_event(record, i, ids, events, &commitments, bench, err);
    }
    if (rc == QP_OK) {
        struct qp_hash root;
        struct qp_hash named = qp_bytes_hash(record->statement->event_root);
        qp_merkle_root(ids, record->event_count, &root);
        if (!qp_hash_eq(&root, &named)) {
            rc = qp_fail(err, QP_E_INVALID,
                         "the events are not those that the statement was signed over: their root "
                         "differs");
        }
    }
    record->event_ids = ids;
    record->events = events;
    rc = rc == QP_OK ? check_sealed(record, &commitments, bench, err) : rc;
    qp_free(commitments.list);
    return rc;
}

enum qp_code qp_record_event(const struct qp_record *record, size_t position,
                             struct qp_arena *scratch, const Qp__Event **event, struct qp_err *err)
{
    if (record->events[position] != NULL) {
        *event = record->events[position];
        return QP_OK;
    }
    Qp__Event *decoded = NULL;
    enum qp_code rc =
        qp_event_decode(qp_span_bytes(record->event_bytes[position]), scratch, &decoded, err);
    *event = decoded;
    return rc;
}
