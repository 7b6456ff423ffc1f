#include "log/log_priv.h"

#include "core/check.h"
#include "log/keys.h"
#include "note/tlog_proof.h"

#include <inttypes.h>
#include <string.h>

/* What is stored may have rotted since it was written: nothing is handed out that does not have the
 * hash that the tree has. */

static enum qp_code damaged(uint64_t index, const char *what, struct qp_err *err)
{
    return qp_fail(err, QP_E_STORE,
                   "entry %" PRIu64 ": %s is missing or damaged in the store; restore it from a "
                   "backup or a mirror",
                   index, what);
}

static enum qp_code check_index(const struct qp_log *log, uint64_t index, struct qp_err *err)
{
    if (index >= log->head.size) {
        return qp_fail(err, QP_E_NOT_FOUND, "there is no entry %" PRIu64 "; the log has %" PRIu64,
                       index, log->head.size);
    }
    return QP_OK;
}

/* The entry's bytes in the store's view, checked against the tree. */
static enum qp_code get_entry(struct qp_log *log, uint64_t index, struct qp_span *bytes,
                              struct qp_err *err)
{
    struct qp_row_key key = qp_key_number(index);
    struct qp_merkle_reader reader = qp_tile_reader(log->tiles);
    struct qp_hash leaf;
    struct qp_hash in_tree;
    enum qp_code rc = check_index(log, index, err);
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_store_get(log->store, QP_TABLE_ENTRIES, qp_row_key_span(&key), bytes, err);
    if (rc == QP_E_NOT_FOUND) {
        return damaged(index, "it", err);
    }
    rc = rc == QP_OK ? reader.node(reader.ctx, 0, index, &in_tree, err) : rc;
    if (rc == QP_OK) {
        qp_hash_leaf(&leaf, *bytes);
        rc = qp_hash_eq(&leaf, &in_tree) ? QP_OK : damaged(index, "it", err);
    }
    return rc;
}

enum qp_code qp_log_entry(struct qp_log *log, uint64_t index, struct qp_buf *out,
                          struct qp_err *err)
{
    struct qp_span bytes = {0};
    enum qp_code rc = get_entry(log, index, &bytes, err);
    return rc == QP_OK ? qp_buf_add(out, bytes, err) : rc;
}

static enum qp_code get_event(struct qp_log *log, uint64_t index, uint32_t position,
                              struct qp_span *bytes, struct qp_hash *id, struct qp_err *err)
{
    struct qp_row_key key = qp_key_event(index, position);
    enum qp_code rc = qp_store_get(log->store, QP_TABLE_EVENTS, qp_row_key_span(&key), bytes, err);
    if (rc == QP_OK) {
        qp_hash_leaf(id, *bytes);
    }
    return rc == QP_E_NOT_FOUND ? damaged(index, "an event of it", err) : rc;
}

/* Learn the ids of an entry's events, all of them, and check them against its event root; *wanted
 * is the one at `position`, if there is one. */
static enum qp_code learn_events(struct qp_log *log, uint64_t index, uint32_t position,
                                 struct qp_span *wanted, struct qp_err *err)
{
    struct qp_known_ids *known = log->known;
    struct qp_span bytes = {0};
    Qp__Entry *entry = NULL;
    Qp__Statement *statement = NULL;
    known->valid = false;
    qp_arena_reset(&log->arena);
    enum qp_code rc = get_entry(log, index, &bytes, err);
    rc = rc == QP_OK ? qp_entry_decode(bytes, &log->arena, &entry, err) : rc;
    rc = rc == QP_OK
             ? qp_statement_decode(qp_span_bytes(entry->statement), &log->arena, &statement, err)
             : rc;
    if (rc != QP_OK) {
        return rc == QP_E_INPUT ? damaged(index, "it", err) : rc;
    }
    for (uint32_t i = 0; i < statement->event_count && rc == QP_OK; i++) {
        rc = get_event(log, index, i, &bytes, &known->ids[i], err);
        *wanted = i == position ? bytes : *wanted;
    }
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_hash root;
    struct qp_hash named = qp_bytes_hash(statement->event_root);
    qp_merkle_root(known->ids, statement->event_count, &root);
    if (!qp_hash_eq(&root, &named)) {
        return damaged(index, "an event of it", err);
    }
    known->valid = true;
    known->index = index;
    known->count = statement->event_count;
    return QP_OK;
}

static bool is_known(const struct qp_log *log, uint64_t index)
{
    return log->known->valid && log->known->index == index;
}

enum qp_code qp_log_event_count(struct qp_log *log, uint64_t index, size_t *count,
                                struct qp_err *err)
{
    struct qp_span first = {0};
    enum qp_code rc = is_known(log, index) ? QP_OK : learn_events(log, index, 0, &first, err);
    if (rc == QP_OK) {
        *count = log->known->count;
    }
    return rc;
}

enum qp_code qp_log_event(struct qp_log *log, uint64_t index, uint32_t position, struct qp_buf *out,
                          struct qp_err *err)
{
    struct qp_span bytes = {0};
    struct qp_hash id;
    bool known = is_known(log, index);
    enum qp_code rc = known ? QP_OK : learn_events(log, index, position, &bytes, err);
    if (rc == QP_OK && position >= log->known->count) {
        return qp_fail(err, QP_E_NOT_FOUND,
                       "entry %" PRIu64 " has %zu events; there is no event %u", index,
                       log->known->count, position);
    }
    if (known) {
        rc = get_event(log, index, position, &bytes, &id, err);
        if (rc == QP_OK && !qp_hash_eq(&id, &log->known->ids[position])) {
            rc = damaged(index, "an event of it", err);
        }
    }
    return rc == QP_OK ? qp_buf_add(out, bytes, err) : rc;
}

/* The checkpoint under which the receipt of an entry is made: the first one over it, always the
 * same. signed_here: it is the newest, which this handle has signed or checked. */
static enum qp_code checkpoint_over(struct qp_log *log, uint64_t index, uint64_t *size,
                                    struct qp_span *note, bool *signed_here, struct qp_err *err)
{
    *signed_here = false;
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    struct qp_row_key key = qp_key_number(index + 1);
    enum qp_code rc = qp_cursor_open(log->store, QP_TABLE_CHECKPOINTS, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_seek(cursor, qp_row_key_span(&key), &row, err) : rc;
    if (rc == QP_OK && row.found && row.key.len == 8 &&
        qp_load_be64(row.key.data) <= log->head.size) {
        *size = qp_load_be64(row.key.data);
        *note = row.value;
    } else { /* the newest one comes into the store with the next group */
        *size = log->head.size;
        *note = qp_span_buf(&log->anchor.note);
        *signed_here = true;
    }
    qp_cursor_close(cursor);
    return rc;
}

/* Hash of a range of an inclusion plan. Perfect subtrees come from the tiles; of the others there
 * are few, and each is asked for by every leaf to its left. */
static enum qp_code range_hash(struct qp_log *log, struct qp_merkle_range range,
                               struct qp_hash *hash, struct qp_err *err)
{
    struct qp_merkle_reader reader = qp_tile_reader(log->tiles);
    uint64_t count = range.end - range.start;
    if ((count & (count - 1)) == 0) {
        return qp_merkle_range_hash(&reader, range, hash, err);
    }
    struct qp_edge_range *there = &log->ranges[(range.start * 31 + range.end) % QP_EDGE_RANGES];
    if (there->range.start != range.start || there->range.end != range.end) {
        struct qp_hash made;
        enum qp_code rc = qp_merkle_range_hash(&reader, range, &made, err);
        if (rc != QP_OK) {
            return rc;
        }
        *there = (struct qp_edge_range){.range = range, .hash = made};
    }
    *hash = there->hash;
    return QP_OK;
}

enum qp_code qp_log_receipt_of(struct qp_log *log, uint64_t index, struct qp_span entry,
                               struct qp_buf *out, struct qp_err *err)
{
    struct qp_tlog_proof proof = {.leaf_index = index, .extra = entry};
    struct qp_merkle_range ranges[QP_MERKLE_PATH_MAX];
    uint64_t size = 0;
    bool signed_here = false;
    enum qp_code rc = checkpoint_over(log, index, &size, &proof.checkpoint, &signed_here, err);
    rc = rc == QP_OK ? qp_merkle_inclusion_plan(index, size, ranges, &proof.path_count, err) : rc;
    for (size_t i = 0; rc == QP_OK && i < proof.path_count; i++) {
        rc = range_hash(log, ranges[i], &proof.path[i], err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    return signed_here ? qp_tlog_proof_write(&proof, out, err)
                       : qp_tlog_proof_encode(&proof, out, err);
}

enum qp_code qp_log_receipt(struct qp_log *log, uint64_t index, struct qp_buf *out,
                            struct qp_err *err)
{
    struct qp_span entry = {0};
    enum qp_code rc = get_entry(log, index, &entry, err);
    return rc == QP_OK ? qp_log_receipt_of(log, index, entry, out, err) : rc;
}

enum qp_code qp_log_sealed(struct qp_log *log, uint64_t index, const struct qp_hash *commitment,
                           struct qp_buf *out, struct qp_err *err)
{
    struct qp_row_key key = qp_key_vault(index, commitment);
    struct qp_span bytes = {0};
    Qp__SealedContent *content = NULL;
    enum qp_code rc = check_index(log, index, err);
    rc = rc == QP_OK ? qp_store_get(log->store, QP_TABLE_VAULT, qp_row_key_span(&key), &bytes, err)
                     : rc;
    if (rc == QP_E_NOT_FOUND) {
        char hex[65];
        qp_hash_hex(hex, commitment);
        return qp_fail(err, rc,
                       "the content of commitment %.16s… of entry %" PRIu64 " is not in the vault",
                       hex, index);
    }
    qp_arena_reset(&log->arena);
    rc = rc == QP_OK ? qp_wire_decode(&qp_rule_sealed_content, bytes, &log->arena, &content, err)
                     : rc;
    struct qp_hash hash;
    if (rc == QP_OK) {
        qp_content_hash(content, &hash);
    }
    if (rc == QP_E_INPUT || (rc == QP_OK && !qp_hash_eq(&hash, commitment))) {
        return damaged(index, "a sealed content of it", err);
    }
    return rc == QP_OK ? qp_buf_add(out, bytes, err) : rc;
}
