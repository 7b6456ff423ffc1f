/* The book's way to disk: one transaction, and the look back at what it left there. */
#include "log/book.h"

#include "core/check.h"
#include "log/keys.h"

#include <string.h>

struct write_job {
    struct qp_book *book;
    const struct qp_book_checkpoint *checkpoint;
    struct qp_writer *writer;
};

static enum qp_code put_record(const struct qp_pending *pending, uint64_t index,
                               struct qp_writer *writer, struct qp_err *err)
{
    const struct qp_record *record = pending->record;
    struct qp_row_key key = qp_key_number(index);
    enum qp_code rc = qp_write_put(writer, QP_TABLE_ENTRIES, QP_PUT_APPEND, qp_row_key_span(&key),
                                   pending->entry, err);
    for (size_t i = 0; i < record->event_count && rc == QP_OK; i++) {
        key = qp_key_event(index, (uint32_t)i);
        rc = qp_write_put(writer, QP_TABLE_EVENTS, QP_PUT_APPEND, qp_row_key_span(&key),
                          qp_span_bytes(record->event_bytes[i]), err);
    }
    return rc;
}

static enum qp_code put_state(void *context, struct qp_span key, struct qp_span record,
                              struct qp_err *err)
{
    struct write_job *job = context;
    return record.len == 0
               ? qp_write_delete(job->writer, QP_TABLE_STATE, key, err)
               : qp_write_put(job->writer, QP_TABLE_STATE, QP_PUT_ANY, key, record, err);
}

static enum qp_code put_rest(struct write_job *job, struct qp_err *err)
{
    struct qp_book *book = job->book;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < book->pending_count && rc == QP_OK; i++) {
        const struct qp_order_row *row = &book->issued[i];
        const uint8_t *index = row->item;
        rc = qp_write_put(job->writer, QP_TABLE_ISSUERS, QP_PUT_NEW,
                          qp_span_of(row->key, row->key_len), qp_span_of(index + 1, index[0]), err);
    }
    for (size_t i = 0; i < book->edge_count && rc == QP_OK; i++) {
        const struct qp_order_row *row = &book->edges[i];
        /* ANY: a voiding may come to a subject twice by way of the event that it voids. */
        rc = qp_write_put(job->writer, QP_TABLE_EDGES, QP_PUT_ANY,
                          qp_span_of(row->key, row->key_len), qp_span_of(row->item, 1), err);
    }
    for (size_t i = 0; i < book->vault_count && rc == QP_OK; i++) {
        const struct qp_vault_row *row = &book->vault[i];
        struct qp_row_key key = qp_key_vault(row->index, &row->commitment);
        rc = qp_write_put(job->writer, QP_TABLE_VAULT, QP_PUT_ANY, qp_row_key_span(&key),
                          row->content, err);
    }
    if (rc == QP_OK && job->checkpoint->note.len > 0) {
        struct qp_row_key key = qp_key_number(job->checkpoint->size);
        rc = qp_write_put(job->writer, QP_TABLE_CHECKPOINTS, QP_PUT_ANY, qp_row_key_span(&key),
                          job->checkpoint->note, err);
    }
    if (rc == QP_OK) {
        uint8_t size[8];
        qp_store_be64(size, book->size);
        rc = qp_write_put(job->writer, QP_TABLE_META, QP_PUT_ANY, qp_span_text(QP_META_SIZE),
                          qp_span_of(size, sizeof size), err);
    }
    return rc;
}

static enum qp_code write_group(void *context, struct qp_writer *writer, struct qp_err *err)
{
    struct write_job *job = context;
    struct qp_book *book = job->book;
    job->writer = writer;
    enum qp_code rc = QP_OK;
    uint64_t first = book->size - book->pending_count;
    bool live = book->store == book->truth; /* an audit's has only what is derived */
    for (size_t i = 0; live && i < book->pending_count && rc == QP_OK; i++) {
        rc = put_record(&book->pending[i], first + i, writer, err);
    }
    if (book->pending_count > 0) {
        rc = rc == QP_OK ? qp_tiles_write(&book->tiles, writer, err) : rc;
        rc = rc == QP_OK ? qp_state_map_each(book->state, put_state, job, err) : rc;
    }
    return rc == QP_OK ? put_rest(job, err) : rc;
}

enum qp_code qp_book_write(struct qp_book *book, const struct qp_book_checkpoint *checkpoint,
                           struct qp_err *err)
{
    qp_order(book->edges, book->edge_count); /* so that each page is touched once */
    qp_order(book->issued, book->pending_count);
    struct write_job job = {.book = book, .checkpoint = checkpoint};
    return qp_store_write(book->store, write_group, &job, err);
}

/* ---- Looking back ---- */

static enum qp_code differs(uint64_t index, const char *what, struct qp_err *err)
{
    return qp_fail(err, QP_E_STORE,
                   "entry %llu: %s read back from the store is not what was checked; nothing was "
                   "signed; test this machine's memory and disk",
                   (unsigned long long)index, what);
}

/* The statement's hash was taken before its signature was checked, the event ids were taken when
 * the events were checked: what is stored must still have them. */
static enum qp_code verify_record(struct qp_book *book, const struct qp_pending *pending,
                                  uint64_t index, struct qp_err *err)
{
    const struct qp_record *record = pending->record;
    struct qp_row_key key = qp_key_number(index);
    struct qp_span row = {0};
    Qp__Entry *entry = NULL;
    struct qp_hash hash;
    qp_arena_reset(&book->scratch);
    enum qp_code rc = qp_store_get(book->store, QP_TABLE_ENTRIES, qp_row_key_span(&key), &row, err);
    if (rc == QP_OK) {
        qp_hash_leaf(&hash, row);
        rc = qp_hash_eq(&hash, &pending->leaf) ? qp_entry_decode(row, &book->scratch, &entry, err)
                                               : QP_E_INPUT;
    }
    if (rc == QP_OK) {
        qp_hash_statement(&hash, qp_span_bytes(entry->statement));
        rc = qp_hash_eq(&hash, &record->statement_hash) &&
                     qp_same_bytes(qp_span_bytes(entry->signature), record->signature)
                 ? QP_OK
                 : QP_E_INPUT;
    }
    if (rc == QP_E_INPUT || rc == QP_E_NOT_FOUND) {
        return differs(index, "its bytes", err);
    }
    for (size_t i = 0; i < record->event_count && rc == QP_OK; i++) {
        key = qp_key_event(index, (uint32_t)i);
        rc = qp_store_get(book->store, QP_TABLE_EVENTS, qp_row_key_span(&key), &row, err);
        if (rc == QP_OK) {
            qp_hash_leaf(&hash, row);
        }
        if (rc == QP_E_NOT_FOUND || (rc == QP_OK && !qp_hash_eq(&hash, &record->event_ids[i]))) {
            return differs(index, "an event", err);
        }
    }
    return rc;
}

enum qp_code qp_book_verify(struct qp_book *book, struct qp_err *err)
{
    uint64_t first = book->size - book->pending_count;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < book->pending_count && rc == QP_OK; i++) {
        rc = verify_record(book, &book->pending[i], first + i, err);
    }
    if (rc != QP_OK || book->size == 0) {
        return rc;
    }
    struct qp_hash by_frontier;
    struct qp_hash by_tiles;
    struct qp_merkle_reader reader = qp_tile_reader(book->cache);
    qp_merkle_frontier_root(&book->tiles.frontier, &by_frontier);
    rc = qp_merkle_range_hash(&reader, (struct qp_merkle_range){.start = 0, .end = book->size},
                              &by_tiles, err);
    return rc == QP_OK && !qp_hash_eq(&by_frontier, &by_tiles)
               ? differs(book->size - 1, "the tree", err)
               : rc;
}
