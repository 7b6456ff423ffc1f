/* What is damaged in the store, put back from another copy of the ledger. */
#include "log/scrub.h"

#include "core/check.h"
#include "log/backup_read.h"
#include "log/keys.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What the other copy has of one entry; copied, in the arena. */
struct spare {
    struct qp_wanted wanted;
    struct qp_hash leaf;
    struct qp_span entry;
    struct qp_span *events;
    size_t event_count;
    struct qp_span *contents; /* encoded SealedContent */
    struct qp_hash *commitments;
    size_t content_count;
    struct qp_span note;
};

struct repair {
    struct qp_log *log;
    const struct qp_wanted_list *wanted;
    bool tiles_hold;
    struct qp_arena arena; /* of the spares */
    struct qp_arena scratch;
    struct spare *spares;
    size_t count;
    size_t capacity;
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to repair");
}

/* ---- Writing ---- */

static enum qp_code put_events(struct qp_writer *writer, const struct spare *spare,
                               struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (uint32_t i = 0; i < QP_EVENTS_MAX && rc == QP_OK; i++) {
        struct qp_row_key key = qp_key_event(spare->wanted.index, i);
        rc = i < spare->event_count
                 ? qp_write_put(writer, QP_TABLE_EVENTS, QP_PUT_ANY, qp_row_key_span(&key),
                                spare->events[i], err)
                 : qp_write_delete(writer, QP_TABLE_EVENTS, qp_row_key_span(&key), err);
    }
    return rc;
}

static enum qp_code put_spare(struct qp_writer *writer, const struct spare *spare,
                              struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    struct qp_row_key key = qp_key_number(spare->wanted.index);
    if (spare->wanted.body) {
        rc = qp_write_put(writer, QP_TABLE_ENTRIES, QP_PUT_ANY, qp_row_key_span(&key), spare->entry,
                          err);
        rc = rc == QP_OK ? put_events(writer, spare, err) : rc;
    }
    for (size_t i = 0; spare->wanted.contents && i < spare->content_count && rc == QP_OK; i++) {
        struct qp_row_key at = qp_key_vault(spare->wanted.index, &spare->commitments[i]);
        rc = qp_write_put(writer, QP_TABLE_VAULT, QP_PUT_ANY, qp_row_key_span(&at),
                          spare->contents[i], err);
    }
    if (rc == QP_OK && spare->wanted.note && spare->note.len > 0) {
        key = qp_key_number(spare->wanted.index + 1);
        rc = qp_write_put(writer, QP_TABLE_CHECKPOINTS, QP_PUT_ANY, qp_row_key_span(&key),
                          spare->note, err);
    }
    return rc;
}

static enum qp_code put_spares(void *context, struct qp_writer *writer, struct qp_err *err)
{
    const struct repair *repair = context;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < repair->count && rc == QP_OK; i++) {
        rc = put_spare(writer, &repair->spares[i], err);
    }
    return rc;
}

/* The spares are authentic: the log signed them. Are they of the history that this ledger has? */
static enum qp_code check_spare(struct repair *repair, const struct spare *spare,
                                struct qp_err *err)
{
    struct qp_hash leaf;
    struct qp_merkle_reader reader = qp_tile_reader(repair->log->tiles);
    if (!repair->tiles_hold) {
        return QP_OK; /* the replay that follows says it */
    }
    enum qp_code rc = reader.node(reader.ctx, 0, spare->wanted.index, &leaf, err);
    return rc == QP_OK && !qp_hash_eq(&leaf, &spare->leaf)
               ? qp_fail(err, QP_E_INVALID,
                         "entry %" PRIu64 " of the other copy is of another history than this "
                         "ledger's; nothing of it was taken",
                         spare->wanted.index)
               : rc;
}

static enum qp_code write_spares(struct repair *repair, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < repair->count && rc == QP_OK; i++) {
        rc = check_spare(repair, &repair->spares[i], err);
    }
    if (rc == QP_OK && repair->count > 0) {
        rc = qp_store_write(repair->log->store, put_spares, repair, err);
    }
    repair->count = 0;
    qp_arena_reset(&repair->arena);
    return rc;
}

/* ---- Collecting ---- */

static int by_index(const void *key, const void *item)
{
    uint64_t left = *(const uint64_t *)key;
    uint64_t right = ((const struct qp_wanted *)item)->index;
    return (left > right) - (left < right);
}

static const struct qp_wanted *find_wanted(const struct repair *repair, uint64_t index)
{
    return bsearch(&index, repair->wanted->list, repair->wanted->count,
                   sizeof *repair->wanted->list, by_index);
}

static struct spare *new_spare(struct repair *repair, const struct qp_wanted *wanted)
{
    if (repair->count == repair->capacity) {
        size_t capacity = repair->capacity == 0 ? 64 : 2 * repair->capacity;
        void *grown = qp_realloc(repair->spares, capacity * sizeof *repair->spares);
        if (grown == NULL) {
            return NULL;
        }
        repair->spares = grown;
        repair->capacity = capacity;
    }
    struct spare *spare = &repair->spares[repair->count++];
    *spare = (struct spare){.wanted = *wanted};
    return spare;
}

static enum qp_code keep(struct repair *repair, struct qp_span bytes, struct qp_span *kept,
                         struct qp_err *err)
{
    uint8_t *copy = qp_arena_alloc(&repair->arena, bytes.len > 0 ? bytes.len : 1);
    if (copy == NULL) {
        return no_memory(err);
    }
    if (bytes.len > 0) {
        memcpy(copy, bytes.data, bytes.len);
    }
    *kept = qp_span_of(copy, bytes.len);
    return QP_OK;
}

/* Room for what an entry may have. */
static enum qp_code make_room(struct repair *repair, struct spare *spare, size_t events,
                              size_t contents, struct qp_err *err)
{
    spare->events = qp_arena_alloc_zero(&repair->arena, events + 1, sizeof *spare->events);
    spare->contents = qp_arena_alloc_zero(&repair->arena, contents + 1, sizeof *spare->contents);
    spare->commitments =
        qp_arena_alloc_zero(&repair->arena, contents + 1, sizeof *spare->commitments);
    return spare->events != NULL && spare->contents != NULL && spare->commitments != NULL
               ? QP_OK
               : no_memory(err);
}

/* A content is known by what it opens, so that it needs no other witness. */
static enum qp_code keep_content(struct repair *repair, struct spare *spare,
                                 const Qp__SealedContent *content, struct qp_err *err)
{
    qp_content_hash(content, &spare->commitments[spare->content_count]);
    enum qp_code rc =
        keep(repair, qp_sealed_bytes(content), &spare->contents[spare->content_count], err);
    spare->content_count += rc == QP_OK;
    return rc;
}

/* ---- From a backup ---- */

static enum qp_code take_frame(struct repair *repair, const struct qp_backup_item *item,
                               struct qp_err *err)
{
    const struct qp_wanted *wanted = find_wanted(repair, item->index);
    if (wanted == NULL || (item->what == QP_BACKUP_CONTENT && !wanted->contents)) {
        return QP_OK;
    }
    struct spare *spare = new_spare(repair, wanted);
    if (spare == NULL) {
        return no_memory(err);
    }
    if (item->what == QP_BACKUP_CONTENT) {
        struct qp_merkle_reader reader = qp_tile_reader(repair->log->tiles);
        spare->wanted.body = spare->wanted.note = false;
        enum qp_code rc = make_room(repair, spare, 0, 1, err);
        rc = rc == QP_OK && repair->tiles_hold
                 ? reader.node(reader.ctx, 0, item->index, &spare->leaf, err)
                 : rc;
        return rc == QP_OK ? keep_content(repair, spare, item->content, err) : rc;
    }
    spare->leaf = item->leaf;
    enum qp_code rc = make_room(repair, spare, item->entry->n_events, item->entry->n_sealed, err);
    rc = rc == QP_OK ? keep(repair, qp_span_bytes(item->entry->entry), &spare->entry, err) : rc;
    rc = rc == QP_OK ? keep(repair, qp_span_bytes(item->entry->checkpoint), &spare->note, err) : rc;
    for (size_t i = 0; i < item->entry->n_events && rc == QP_OK; i++) {
        rc = keep(repair, qp_span_bytes(item->entry->events[i]), &spare->events[i], err);
        spare->event_count += rc == QP_OK;
    }
    for (size_t i = 0; i < item->entry->n_sealed && rc == QP_OK; i++) {
        rc = keep_content(repair, spare, item->entry->sealed[i], err);
    }
    return rc;
}

static enum qp_code from_backup(struct repair *repair, struct qp_backup_reader *reader,
                                struct qp_err *err)
{
    struct qp_backup_item item = {.what = QP_BACKUP_HEAD};
    enum qp_code rc = QP_OK;
    while (rc == QP_OK && item.what != QP_BACKUP_END) {
        qp_arena_reset(&repair->scratch);
        rc = qp_backup_next(reader, &repair->scratch, &item, err);
        if (rc == QP_OK && item.what == QP_BACKUP_HEAD &&
            repair->log->vkey.name[0] != '\0' && /* else nobody knows which ledger this is */
            !qp_hash_eq(&reader->ledger_id, &repair->log->ledger_id)) {
            rc = qp_fail(err, QP_E_INVALID, "the backup in %.200s is of another ledger",
                         reader->dir);
        }
        if (rc == QP_OK && (item.what == QP_BACKUP_ENTRY || item.what == QP_BACKUP_CONTENT)) {
            rc = take_frame(repair, &item, err);
        }
        if (rc == QP_OK && item.what == QP_BACKUP_FILE_END) {
            rc = write_spares(repair, err);
        }
    }
    return rc;
}

/* ---- From another copy of the ledger ---- */

/* Its root was held against the log's signature when it was opened; this entry against the root. */
static enum qp_code check_under_root(struct qp_log *other, uint64_t index,
                                     const struct qp_hash *leaf, struct qp_err *err)
{
    struct qp_hash path[QP_MERKLE_PATH_MAX];
    size_t count = 0;
    struct qp_merkle_reader reader = qp_tile_reader(other->tiles);
    enum qp_code rc =
        qp_merkle_inclusion_proof(&reader, index, other->head.size, path, &count, err);
    return rc == QP_OK ? qp_merkle_inclusion_check(index, other->head.size, leaf, path, count,
                                                   &other->head.root, err)
                       : rc;
}

static enum qp_code copy_body(struct repair *repair, struct qp_log *other, struct spare *spare,
                              struct qp_err *err)
{
    struct qp_buf bytes = {0};
    uint64_t index = spare->wanted.index;
    enum qp_code rc = qp_log_entry(other, index, &bytes, err);
    if (rc == QP_OK) {
        qp_hash_leaf(&spare->leaf, qp_span_buf(&bytes));
        rc = check_under_root(other, index, &spare->leaf, err);
    }
    rc = rc == QP_OK ? keep(repair, qp_span_buf(&bytes), &spare->entry, err) : rc;
    for (size_t i = 0; i < spare->event_count && rc == QP_OK; i++) {
        bytes.len = 0;
        rc = qp_log_event(other, index, (uint32_t)i, &bytes, err);
        rc = rc == QP_OK ? keep(repair, qp_span_buf(&bytes), &spare->events[i], err) : rc;
    }
    qp_buf_wipe(&bytes);
    return rc;
}

static enum qp_code copy_contents(struct repair *repair, struct qp_log *other, struct spare *spare,
                                  size_t most, struct qp_err *err)
{
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    struct qp_row_key first = qp_key_number(spare->wanted.index);
    enum qp_code rc = qp_cursor_open(other->store, QP_TABLE_VAULT, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_seek(cursor, qp_row_key_span(&first), &row, err) : rc;
    while (rc == QP_OK && row.found && row.key.len == 40 &&
           qp_load_be64(row.key.data) == spare->wanted.index && spare->content_count < most) {
        Qp__SealedContent *content = NULL;
        qp_arena_reset(&repair->scratch);
        rc = qp_wire_decode(&qp_rule_sealed_content, row.value, &repair->scratch, &content, err);
        rc = rc == QP_OK ? keep_content(repair, spare, content, err) : rc;
        rc = rc == QP_OK ? qp_cursor_next(cursor, &row, err) : rc;
    }
    qp_cursor_close(cursor);
    return rc;
}

static enum qp_code copy_note(struct repair *repair, struct qp_log *other, struct spare *spare,
                              struct qp_err *err)
{
    struct qp_row_key key = qp_key_number(spare->wanted.index + 1);
    struct qp_span row = {0};
    struct qp_checkpoint checkpoint;
    enum qp_code rc =
        qp_store_get(other->store, QP_TABLE_CHECKPOINTS, qp_row_key_span(&key), &row, err);
    if (rc == QP_E_NOT_FOUND) {
        return QP_OK;
    }
    rc = rc == QP_OK ? qp_note_head(&other->vkey, row, &checkpoint, err) : rc;
    return rc == QP_OK ? keep(repair, row, &spare->note, err) : rc;
}

#define CONTENTS_MAX 65536

static enum qp_code from_ledger(struct repair *repair, struct qp_log *other, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    if (repair->log->vkey.name[0] != '\0' &&
        !qp_hash_eq(&other->ledger_id, &repair->log->ledger_id)) {
        return qp_fail(err, QP_E_INVALID, "%.200s is another ledger", other->dir);
    }
    for (size_t i = 0; i < repair->wanted->count && rc == QP_OK; i++) {
        const struct qp_wanted *wanted = &repair->wanted->list[i];
        if (wanted->index >= other->head.size) {
            break; /* the other copy is older */
        }
        size_t events = 0;
        struct spare *spare = new_spare(repair, wanted);
        rc =
            spare == NULL ? no_memory(err) : qp_log_event_count(other, wanted->index, &events, err);
        rc = rc == QP_OK ? make_room(repair, spare, events, CONTENTS_MAX, err) : rc;
        if (rc == QP_OK) {
            spare->event_count = events;
            rc = copy_body(repair, other, spare, err);
        }
        rc = rc == QP_OK && wanted->contents
                 ? copy_contents(repair, other, spare, CONTENTS_MAX, err)
                 : rc;
        rc = rc == QP_OK && wanted->note ? copy_note(repair, other, spare, err) : rc;
        rc = rc == QP_OK ? write_spares(repair, err) : rc;
    }
    return rc;
}

static enum qp_code open_other(struct repair *repair, const char *path, struct qp_err *err)
{
    const struct qp_log_options options = {.mode = QP_LOG_READ};
    struct qp_log *other = NULL;
    enum qp_code rc = qp_log_open(path, &options, &other, err);
    rc = rc == QP_OK ? from_ledger(repair, other, err) : rc;
    qp_log_close(other);
    return rc;
}

enum qp_code qp_repair_from(struct qp_log *log, const char *path,
                            const struct qp_wanted_list *wanted, bool tiles_hold,
                            struct qp_err *err)
{
    struct repair repair = {.log = log, .wanted = wanted, .tiles_hold = tiles_hold};
    struct qp_backup_reader reader;
    enum qp_code rc = qp_backup_open(&reader, path, err);
    if (rc == QP_OK) {
        rc = reader.files > 0 ? from_backup(&repair, &reader, err) : open_other(&repair, path, err);
    }
    qp_backup_close(&reader);
    qp_arena_wipe(&repair.arena);
    qp_arena_wipe(&repair.scratch);
    qp_free(repair.spares);
    return rc;
}
