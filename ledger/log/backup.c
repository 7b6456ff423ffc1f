/* The backup of a ledger: what is in the folder is read whole, and one file is added. */
#include <quipu/backup.h>

#include "core/check.h"
#include "host/file.h"
#include "host/new_file.h"
#include "log/backup_read.h"
#include "log/keys.h"
#include "log/log_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Entries between two looks for what is new, so that the log's view grows not too old. */
#define STEP_ENTRIES 4096
#define CONTENTS_MAX 8192     /* beside an entry; backup.proto */
#define CONTENT_HEAD_BYTES 64 /* at most, in a frame, of an event or a content */

/* A content, by what it opens. */
struct known {
    uint64_t index;
    struct qp_hash commitment;
};

struct known_list {
    struct known *list;
    size_t count;
    size_t capacity;
};

struct backup {
    struct qp_log *log;
    const char *dir;
    const struct qp_watch *watch;
    struct qp_backup_report report;
    uint64_t size; /* the checkpoint's at which this backup ends */
    struct qp_buf note;
    struct qp_backup_reader reader;
    struct qp_new_file file;
    struct qp_arena arena;
    struct qp_buf bytes;       /* of one frame */
    struct known_list missing; /* in the vault, and not with its entry in the backup */
    struct known_list late;    /* that the backup has behind its entries */
};

static enum qp_code know(struct known_list *list, uint64_t index, const struct qp_hash *commitment,
                         struct qp_err *err)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        void *grown = qp_realloc(list->list, capacity * sizeof *list->list);
        if (grown == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory for a backup");
        }
        list->list = grown;
        list->capacity = capacity;
    }
    list->list[list->count++] = (struct known){.index = index, .commitment = *commitment};
    return QP_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct known *left = a;
    const struct known *right = b;
    return left->index != right->index
               ? (left->index > right->index) - (left->index < right->index)
               : memcmp(left->commitment.bytes, right->commitment.bytes, sizeof(struct qp_hash));
}

static void tell(const struct backup *backup, uint64_t done)
{
    if (backup->watch != NULL && backup->watch->progress != NULL) {
        backup->watch->progress(backup->watch->context, done, backup->size);
    }
}

/* ---- What the vault has ---- */

/* Every content of one entry: `each` gets its commitment and its bytes. */
static enum qp_code vault_each(struct backup *backup, uint64_t index,
                               enum qp_code (*each)(struct backup *backup, uint64_t index,
                                                    const struct qp_hash *commitment, void *context,
                                                    struct qp_err *err),
                               void *context, struct qp_err *err)
{
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    struct qp_row_key first = qp_key_number(index);
    enum qp_code rc = qp_cursor_open(backup->log->store, QP_TABLE_VAULT, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_seek(cursor, qp_row_key_span(&first), &row, err) : rc;
    while (rc == QP_OK && row.found && row.key.len == 40 && qp_load_be64(row.key.data) == index) {
        struct qp_hash commitment;
        memcpy(commitment.bytes, row.key.data + 8, sizeof commitment.bytes);
        rc = each(backup, index, &commitment, context, err);
        rc = rc == QP_OK ? qp_cursor_next(cursor, &row, err) : rc;
    }
    qp_cursor_close(cursor);
    return rc;
}

/* ---- Reading what is there ---- */

static enum qp_code note_missing(struct backup *backup, uint64_t index,
                                 const struct qp_hash *commitment, void *context,
                                 struct qp_err *err)
{
    const Qp__BackupEntry *entry = context;
    for (size_t i = 0; i < entry->n_sealed; i++) {
        struct qp_hash hash;
        qp_content_hash(entry->sealed[i], &hash);
        if (qp_hash_eq(&hash, commitment)) {
            return QP_OK;
        }
    }
    return know(&backup->missing, index, commitment, err);
}

/* An entry of the backup must be the log's own. */
static enum qp_code compare(struct backup *backup, const struct qp_backup_item *item,
                            struct qp_err *err)
{
    struct qp_hash leaf;
    struct qp_merkle_reader reader = qp_tile_reader(backup->log->tiles);
    if (item->index >= backup->size) {
        return qp_fail(err, QP_E_INVALID,
                       "the backup in %.120s has more entries than the ledger, which has %" PRIu64
                       "; is the ledger an old copy?",
                       backup->dir, backup->size);
    }
    enum qp_code rc = reader.node(reader.ctx, 0, item->index, &leaf, err);
    if (rc == QP_OK && !qp_hash_eq(&leaf, &item->leaf)) {
        rc = qp_fail(err, QP_E_INVALID,
                     "entry %" PRIu64 " of the backup in %.120s is another one than the ledger's",
                     item->index, backup->dir);
    }
    if (rc == QP_OK && item->index % STEP_ENTRIES == 0) {
        tell(backup, item->index);
    }
    return rc == QP_OK
               ? vault_each(backup, item->index, note_missing, (void *)(uintptr_t)item->entry, err)
               : rc;
}

static enum qp_code read_backup(struct backup *backup, struct qp_err *err)
{
    struct qp_backup_item item = {.what = QP_BACKUP_HEAD};
    enum qp_code rc = qp_backup_open(&backup->reader, backup->dir, err);
    while (rc == QP_OK && item.what != QP_BACKUP_END) {
        qp_arena_reset(&backup->arena);
        rc = qp_backup_next(&backup->reader, &backup->arena, &item, err);
        if (rc == QP_OK && item.what == QP_BACKUP_HEAD &&
            !qp_hash_eq(&backup->reader.ledger_id, &backup->log->ledger_id)) {
            rc = qp_fail(err, QP_E_INVALID,
                         "the backup in %.180s is of another ledger; choose another folder",
                         backup->dir);
        } else if (rc == QP_OK && item.what == QP_BACKUP_ENTRY) {
            rc = compare(backup, &item, err);
        } else if (rc == QP_OK && item.what == QP_BACKUP_CONTENT) {
            struct qp_hash hash;
            qp_content_hash(item.content, &hash);
            rc = know(&backup->late, item.index, &hash, err);
        }
    }
    if (backup->late.count > 1) {
        qsort(backup->late.list, backup->late.count, sizeof backup->late.list[0], by_place);
    }
    return rc;
}

/* ---- Writing what is new ---- */

static enum qp_code put_frame(struct backup *backup, const Qp__BackupFrame *frame,
                              struct qp_err *err)
{
    uint8_t head[4];
    backup->bytes.len = 0;
    enum qp_code rc =
        qp_wire_encode(&qp_rule_backup_frame, frame, &backup->arena, &backup->bytes, err);
    if (rc == QP_OK && backup->bytes.len > QP_FRAME_BYTES_MAX) {
        rc = qp_fail(err, QP_E_STORE, "an entry is larger than a backup can hold");
    }
    qp_store_be32(head, (uint32_t)backup->bytes.len);
    rc = rc == QP_OK ? qp_new_file_add(&backup->file, qp_span_of(head, sizeof head), err) : rc;
    return rc == QP_OK ? qp_new_file_add(&backup->file, qp_span_buf(&backup->bytes), err) : rc;
}

static enum qp_code put_head(struct backup *backup, uint64_t first, struct qp_err *err)
{
    Qp__BackupHead head = QP__BACKUP_HEAD__INIT;
    Qp__BackupFrame frame = QP__BACKUP_FRAME__INIT;
    struct qp_hash *ledger_id = &backup->log->ledger_id;
    head.ledger_id = qp_bytes_span(qp_span_of(ledger_id->bytes, sizeof ledger_id->bytes));
    head.first = first;
    head.size = backup->size;
    head.checkpoint = qp_bytes_span(qp_span_buf(&backup->note));
    frame.body_case = QP__BACKUP_FRAME__BODY_HEAD;
    frame.head = &head;
    qp_arena_reset(&backup->arena);
    return put_frame(backup, &frame, err);
}

/* A content of the vault, checked, in the arena. */
static enum qp_code get_content(struct backup *backup, uint64_t index,
                                const struct qp_hash *commitment, Qp__SealedContent **content,
                                struct qp_err *err)
{
    struct qp_buf bytes = {0};
    enum qp_code rc = qp_log_sealed(backup->log, index, commitment, &bytes, err);
    uint8_t *copy = rc == QP_OK ? qp_arena_alloc(&backup->arena, bytes.len) : NULL;
    if (rc == QP_OK && copy == NULL) {
        rc = qp_fail(err, QP_E_MEMORY, "no memory for a backup");
    }
    if (rc == QP_OK) {
        memcpy(copy, bytes.data, bytes.len);
        rc = qp_wire_decode(&qp_rule_sealed_content, qp_span_of(copy, bytes.len), &backup->arena,
                            content, err);
    }
    qp_buf_wipe(&bytes);
    return rc;
}

static enum qp_code list_content(struct backup *backup, uint64_t index,
                                 const struct qp_hash *commitment, void *context,
                                 struct qp_err *err)
{
    (void)backup;
    return know(context, index, commitment, err);
}

/* What fits beside the events; the rest, which came to the vault later, stands behind the entries.
 */
static enum qp_code add_contents(struct backup *backup, uint64_t index, Qp__BackupEntry *entry,
                                 size_t events_bytes, struct qp_err *err)
{
    struct known_list known = {0};
    size_t bytes = events_bytes + entry->n_events * CONTENT_HEAD_BYTES;
    enum qp_code rc = vault_each(backup, index, list_content, &known, err);
    if (rc == QP_OK && known.count > 0) {
        entry->sealed = qp_arena_alloc_zero(&backup->arena, known.count, sizeof *entry->sealed);
        rc = entry->sealed == NULL ? qp_fail(err, QP_E_MEMORY, "no memory for a backup") : QP_OK;
    }
    for (size_t i = 0; i < known.count && rc == QP_OK; i++) {
        const struct qp_hash *commitment = &known.list[i].commitment;
        Qp__SealedContent *content = NULL;
        rc = get_content(backup, index, commitment, &content, err);
        if (rc != QP_OK) {
            break;
        }
        bytes += content->content.len + CONTENT_HEAD_BYTES;
        if (bytes > QP_SUBMISSION_BYTES_MAX || entry->n_sealed == CONTENTS_MAX) {
            rc = know(&backup->missing, index, commitment, err);
        } else {
            entry->sealed[entry->n_sealed++] = content;
        }
    }
    qp_free(known.list);
    return rc;
}

static enum qp_code add_events(struct backup *backup, uint64_t index, Qp__BackupEntry *entry,
                               struct qp_buf *bytes, struct qp_err *err)
{
    size_t count = 0;
    enum qp_code rc = qp_log_event_count(backup->log, index, &count, err);
    size_t *ends = rc == QP_OK ? qp_arena_alloc_zero(&backup->arena, count, sizeof *ends) : NULL;
    entry->events =
        rc == QP_OK ? qp_arena_alloc_zero(&backup->arena, count, sizeof *entry->events) : NULL;
    if (rc == QP_OK && (ends == NULL || entry->events == NULL)) {
        rc = qp_fail(err, QP_E_MEMORY, "no memory for a backup");
    }
    for (size_t i = 0; i < count && rc == QP_OK; i++) {
        rc = qp_log_event(backup->log, index, (uint32_t)i, bytes, err);
        ends[i] = bytes->len;
    }
    for (size_t i = 0; i < count && rc == QP_OK; i++) { /* the bytes move no more */
        size_t from = i == 0 ? 0 : ends[i - 1];
        entry->events[i] = qp_bytes_span(qp_span_of(bytes->data + from, ends[i] - from));
    }
    entry->n_events = count;
    return rc;
}

/* The note that the log signed when this entry was the last one. */
static enum qp_code add_note(struct backup *backup, uint64_t index, Qp__BackupEntry *entry,
                             struct qp_err *err)
{
    struct qp_row_key key = qp_key_number(index + 1);
    struct qp_span row = {0};
    if (index + 1 == backup->size) { /* it comes into the store with the next group */
        entry->checkpoint = qp_bytes_span(qp_span_buf(&backup->note));
        return QP_OK;
    }
    enum qp_code rc =
        qp_store_get(backup->log->store, QP_TABLE_CHECKPOINTS, qp_row_key_span(&key), &row, err);
    if (rc == QP_OK) {
        entry->checkpoint = qp_bytes_span(row);
    }
    return rc == QP_E_NOT_FOUND ? QP_OK : rc;
}

static enum qp_code put_entry(struct backup *backup, uint64_t index, struct qp_buf *bytes,
                              struct qp_buf *events, struct qp_err *err)
{
    Qp__BackupEntry entry = QP__BACKUP_ENTRY__INIT;
    Qp__BackupFrame frame = QP__BACKUP_FRAME__INIT;
    qp_arena_reset(&backup->arena);
    bytes->len = events->len = 0;
    enum qp_code rc = qp_log_entry(backup->log, index, bytes, err);
    entry.entry = qp_bytes_span(qp_span_buf(bytes));
    rc = rc == QP_OK ? add_events(backup, index, &entry, events, err) : rc;
    rc = rc == QP_OK ? add_contents(backup, index, &entry, events->len, err) : rc;
    rc = rc == QP_OK ? add_note(backup, index, &entry, err) : rc;
    frame.body_case = QP__BACKUP_FRAME__BODY_ENTRY;
    frame.entry = &entry;
    return rc == QP_OK ? put_frame(backup, &frame, err) : rc;
}

static enum qp_code put_late(struct backup *backup, const struct known *known, struct qp_err *err)
{
    Qp__BackupContent content = QP__BACKUP_CONTENT__INIT;
    Qp__BackupFrame frame = QP__BACKUP_FRAME__INIT;
    qp_arena_reset(&backup->arena);
    content.index = known->index;
    enum qp_code rc = get_content(backup, known->index, &known->commitment, &content.content, err);
    frame.body_case = QP__BACKUP_FRAME__BODY_CONTENT;
    frame.content = &content;
    return rc == QP_OK ? put_frame(backup, &frame, err) : rc;
}

static bool is_late(const struct backup *backup, const struct known *known)
{
    return backup->late.count > 0 &&
           bsearch(known, backup->late.list, backup->late.count, sizeof *known, by_place) != NULL;
}

static enum qp_code put_all(struct backup *backup, uint64_t first, struct qp_err *err)
{
    struct qp_buf bytes = {0};
    struct qp_buf events = {0};
    enum qp_code rc = qp_new_file_add(&backup->file, qp_span_text(QP_BACKUP_MAGIC), err);
    rc = rc == QP_OK ? put_head(backup, first, err) : rc;
    for (uint64_t index = first; index < backup->size && rc == QP_OK; index++) {
        if (index % STEP_ENTRIES == 0) {
            tell(backup, index);
            rc = qp_log_refresh(backup->log, err);
        }
        rc = rc == QP_OK ? put_entry(backup, index, &bytes, &events, err) : rc;
        backup->report.entries_added += rc == QP_OK;
    }
    for (size_t i = 0; i < backup->missing.count && rc == QP_OK; i++) {
        if (!is_late(backup, &backup->missing.list[i])) {
            rc = put_late(backup, &backup->missing.list[i], err);
            backup->report.contents_added += rc == QP_OK;
        }
    }
    qp_buf_wipe(&bytes);
    qp_buf_wipe(&events);
    return rc;
}

static bool has_news(const struct backup *backup)
{
    bool news = backup->reader.frontier.size < backup->size;
    for (size_t i = 0; i < backup->missing.count && !news; i++) {
        news = !is_late(backup, &backup->missing.list[i]);
    }
    return news;
}

static enum qp_code write_file(struct backup *backup, struct qp_err *err)
{
    char name[QP_BACKUP_NAME_BYTES];
    struct qp_buf path = {0};
    if (backup->report.files == QP_BACKUP_FILES_MAX) {
        return qp_fail(err, QP_E_IO, "%.180s has as many files as a backup can have; begin another",
                       backup->dir);
    }
    qp_backup_name(name, backup->report.files + 1);
    enum qp_code rc = qp_buf_addf(&path, err, "%s/%s", backup->dir, name);
    rc = rc == QP_OK ? qp_new_file_open(&backup->file, (const char *)path.data, 0600, err) : rc;
    rc = rc == QP_OK ? put_all(backup, backup->reader.frontier.size, err) : rc;
    rc = rc == QP_OK ? qp_new_file_finish(&backup->file, err) : rc;
    if (rc == QP_OK) {
        backup->report.files++;
        backup->report.bytes_added = backup->file.bytes;
    }
    qp_new_file_drop(&backup->file);
    qp_buf_wipe(&path);
    return rc;
}

static enum qp_code run(struct backup *backup, struct qp_err *err)
{
    struct qp_log *log = backup->log;
    backup->size = log->head.size;
    enum qp_code rc = qp_buf_add(&backup->note, qp_span_buf(&log->anchor.note), err);
    rc = rc == QP_OK ? read_backup(backup, err) : rc;
    backup->report.files = backup->reader.files;
    if (rc == QP_OK && has_news(backup)) {
        rc = write_file(backup, err);
    }
    backup->report.entries = backup->size;
    return rc;
}

enum qp_code qp_log_backup(struct qp_log *log, const char *dir, const struct qp_watch *watch,
                           struct qp_backup_report *report, struct qp_err *err)
{
    struct backup backup = {.log = log, .dir = dir, .watch = watch, .file.fd = -1, .reader.fd = -1};
    struct qp_buf lock_path = {0};
    int lock = -1;
    if (log->damage.code != QP_OK) {
        return qp_fail(err, QP_E_STORE, "%s", log->damage.text);
    }
    enum qp_code rc = qp_folder_make(dir, 0700, err);
    rc = rc == QP_OK ? qp_buf_addf(&lock_path, err, "%s/lock", dir) : rc;
    rc = rc == QP_OK ? qp_lock_take((const char *)lock_path.data, &lock, err) : rc;
    rc = rc == QP_OK ? run(&backup, err) : rc;
    if (rc == QP_OK) {
        tell(&backup, backup.size);
        *report = backup.report;
    }
    qp_backup_close(&backup.reader);
    qp_arena_wipe(&backup.arena);
    qp_buf_wipe(&backup.note);
    qp_buf_wipe(&backup.bytes);
    qp_buf_wipe(&lock_path);
    qp_free(backup.missing.list);
    qp_free(backup.late.list);
    qp_lock_release(&lock);
    return rc;
}
