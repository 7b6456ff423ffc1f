/* Signing, and the way back from a crash: the same steps in the same order.
 *
 * A crash leaves the store at most one group ahead of the anchor; whatever the anchor intends, the
 * store has, because the intent is written only after the commit. So every crash is finished by
 * signing what the store holds, once it is checked as on the day it was admitted; and a store that
 * has less than the anchor, or another tree, was not left by a crash: nothing is signed for it. */
#include "log/log_priv.h"

#include "log/keys.h"

#include <inttypes.h>

#ifdef QP_TESTING
void (*qp_log_step_hook)(enum qp_log_step step);
#endif

/* ---- Signing ---- */

static enum qp_code sign_head(struct qp_log *log, const struct qp_merkle_head *head,
                              struct qp_buf *note, struct qp_err *err)
{
    struct qp_checkpoint checkpoint = {.size = head->size, .root = head->root};
    struct qp_buf text = {0};
    memcpy(checkpoint.origin, log->vkey.name, sizeof checkpoint.origin);
    enum qp_code rc = qp_checkpoint_format(&checkpoint, &text, err);
    rc = rc == QP_OK ? qp_note_sign(qp_span_buf(&text), log->options.log_key,
                                    qp_span_text(log->vkey.name), note, err)
                     : rc;
    /* What a faulty machine signed must not get out. */
    rc = rc == QP_OK ? qp_log_note_check(log, qp_span_buf(note), &checkpoint, err) : rc;
    qp_buf_wipe(&text);
    return rc;
}

enum qp_code qp_log_sign(struct qp_log *log, struct qp_err *err)
{
    struct qp_merkle_head head = {.size = log->book->size};
    struct qp_buf note = {0};
    qp_merkle_frontier_root(&log->book->tiles.frontier, &head.root);
    enum qp_code rc = qp_anchor_intend(log->anchor_path, &log->anchor, &head, err);
    QP_LOG_STEP(QP_STEP_INTENDED);
    rc = rc == QP_OK ? sign_head(log, &head, &note, err) : rc;
    QP_LOG_STEP(QP_STEP_SIGNED);
    rc = rc == QP_OK ? qp_anchor_sign(log->anchor_path, &log->anchor, qp_span_buf(&note), err) : rc;
    QP_LOG_STEP(QP_STEP_ANCHORED);
    if (rc == QP_OK) {
        log->head = head;
    }
    qp_buf_wipe(&note);
    return rc;
}

enum qp_code qp_log_unstored(struct qp_log *log, struct qp_book_checkpoint *checkpoint,
                             struct qp_err *err)
{
    struct qp_row_key key = qp_key_number(log->head.size);
    struct qp_span row = {0};
    enum qp_code rc =
        qp_store_get(log->store, QP_TABLE_CHECKPOINTS, qp_row_key_span(&key), &row, err);
    *checkpoint = (struct qp_book_checkpoint){.size = log->head.size};
    if (rc == QP_E_NOT_FOUND) {
        checkpoint->note = qp_span_buf(&log->anchor.note);
        rc = QP_OK;
    }
    return rc;
}

/* ---- Recovery ---- */

enum qp_code qp_entry_follows(const Qp__Entry *entry, uint64_t index,
                              const struct qp_hash *last_leaf, uint64_t last_ms, struct qp_err *err)
{
    struct qp_hash previous = qp_bytes_hash(entry->previous);
    if (entry->index != index) {
        return qp_fail(err, QP_E_INVALID, "it says it is entry %" PRIu64, entry->index);
    }
    if (!qp_hash_eq(&previous, last_leaf)) {
        return qp_fail(err, QP_E_INVALID, "its link is not the hash of the entry before it");
    }
    if (entry->admitted_ms < last_ms) {
        return qp_fail(err, QP_E_INVALID, "it was admitted before the entry before it");
    }
    return QP_OK;
}

/* One entry that is in the store and not yet under a checkpoint, as strictly as at admission; the
 * rules alone are not asked again: their answer is in the same transaction. */
static enum qp_code check_unsigned(struct qp_log *log, uint64_t index, struct qp_hash *last_leaf,
                                   uint64_t *last_ms, struct qp_bench *bench, struct qp_err *err)
{
    struct qp_record record;
    Qp__Entry *entry = NULL;
    struct qp_hash leaf;
    struct qp_hash in_tree;
    struct qp_merkle_reader reader = qp_tile_reader(log->tiles);
    enum qp_code rc = qp_record_load(&record, log->store, index, bench, &entry, err);
    rc = rc == QP_OK ? qp_entry_follows(entry, index, last_leaf, *last_ms, err) : rc;
    rc = rc == QP_OK ? qp_record_check(&record, &log->ledger_id, bench, err) : rc;
    rc = rc == QP_OK ? reader.node(reader.ctx, 0, index, &in_tree, err) : rc;
    if (rc == QP_OK) {
        qp_hash_leaf(&leaf, record.bytes);
        if (!qp_hash_eq(&leaf, &in_tree)) {
            rc = qp_fail(err, QP_E_INVALID, "the tree has another hash for it");
        }
    }
    if (rc == QP_OK) {
        *last_leaf = leaf;
        *last_ms = entry->admitted_ms;
        return QP_OK;
    }
    if (rc != QP_E_MEMORY) {
        qp_prefix(err, rc, "entry %" PRIu64 ", which is not yet signed, does not hold", index);
        rc = QP_E_STORE;
    }
    return rc;
}

static enum qp_code check_tail(struct qp_log *log, uint64_t from, uint64_t to, struct qp_err *err)
{
    struct qp_merkle_reader reader = qp_tile_reader(log->tiles);
    struct qp_hash last_leaf = {{0}};
    struct qp_hash by_leaves;
    struct qp_hash by_tiles;
    struct qp_merkle_frontier frontier;
    struct qp_bench bench = {0};
    uint64_t last_ms = 0;
    enum qp_code rc = qp_merkle_frontier_load(&frontier, &reader, from, err);
    rc = rc == QP_OK && from > 0 ? reader.node(reader.ctx, 0, from - 1, &last_leaf, err) : rc;
    for (uint64_t index = from; index < to && rc == QP_OK; index++) {
        qp_arena_reset(&bench.keep);
        rc = check_unsigned(log, index, &last_leaf, &last_ms, &bench, err);
        rc = rc == QP_OK ? qp_merkle_frontier_add(&frontier, &last_leaf, NULL, NULL, err) : rc;
    }
    rc = rc == QP_OK ? qp_merkle_range_hash(
                           &reader, (struct qp_merkle_range){.start = 0, .end = to}, &by_tiles, err)
                     : rc;
    if (rc == QP_OK) {
        qp_merkle_frontier_root(&frontier, &by_leaves);
        if (!qp_hash_eq(&by_leaves, &by_tiles)) {
            rc = qp_fail(err, QP_E_STORE,
                         "the tree of %s is not the one of its entries; run an audit that rebuilds "
                         "the derived tables",
                         log->dir);
        }
    }
    qp_arena_wipe(&bench.keep);
    qp_arena_wipe(&bench.scratch);
    return rc;
}

/* The store must have what the anchor was ready to sign. */
static enum qp_code check_intent(struct qp_log *log, uint64_t size, struct qp_err *err)
{
    const struct qp_anchor *anchor = &log->anchor;
    if (anchor->intent_size > size) {
        return qp_fail(err, QP_E_STORE,
                       "the store of %s has %" PRIu64 " entries, but its anchor stands at %" PRIu64
                       ": it is an older copy, or damaged; restore the newest one",
                       log->dir, size, anchor->intent_size);
    }
    if (anchor->intent_size == 0) {
        return QP_OK;
    }
    struct qp_hash root;
    struct qp_merkle_reader reader = qp_tile_reader(log->tiles);
    enum qp_code rc = qp_merkle_range_hash(
        &reader, (struct qp_merkle_range){.start = 0, .end = anchor->intent_size}, &root, err);
    if (rc == QP_OK && !qp_hash_eq(&root, &anchor->intent_root)) {
        rc = qp_fail(err, QP_E_STORE,
                     "the tree of %s at size %" PRIu64
                     " has another root than its anchor; nothing is signed, run an audit",
                     log->dir, anchor->intent_size);
    }
    return rc;
}

static enum qp_code put_checkpoint(void *context, struct qp_writer *writer, struct qp_err *err)
{
    const struct qp_book_checkpoint *checkpoint = context;
    struct qp_row_key key = qp_key_number(checkpoint->size);
    return qp_write_put(writer, QP_TABLE_CHECKPOINTS, QP_PUT_ANY, qp_row_key_span(&key),
                        checkpoint->note, err);
}

/* The checkpoint that the anchor has and the store does not, before anything is put over it. */
static enum qp_code store_checkpoint(struct qp_log *log, struct qp_err *err)
{
    struct qp_book_checkpoint checkpoint;
    enum qp_code rc = qp_log_unstored(log, &checkpoint, err);
    if (rc == QP_OK && checkpoint.note.len > 0 && checkpoint.size > 0) {
        rc = qp_store_write(log->store, put_checkpoint, &checkpoint, err);
    }
    return rc;
}

enum qp_code qp_log_recover(struct qp_log *log, struct qp_err *err)
{
    uint64_t size = 0;
    enum qp_code rc = qp_store_entries(log->store, &size, err);
    rc = rc == QP_OK ? check_intent(log, size, err) : rc;
    if (rc == QP_OK && log->anchor.note.len > 0) {
        rc = qp_log_adopt(log, err);
        rc = rc == QP_OK ? store_checkpoint(log, err) : rc;
    }
    if (rc == QP_OK && size > log->head.size) {
        /* Whoever wrote it may have died before the disk had it all. */
        rc = qp_store_settle(log->store, err);
        rc = rc == QP_OK ? check_tail(log, log->head.size, size, err) : rc;
    }
    rc = rc == QP_OK ? qp_book_new(log->store, log->store, log->tiles, &log->book, err) : rc;
    if (rc == QP_OK && size > log->head.size) {
        rc = qp_log_sign(log, err);
        rc = rc == QP_OK ? store_checkpoint(log, err) : rc;
    }
    return rc;
}
