#include "log/backup_read.h"

#include "core/check.h"
#include "host/file.h"
#include "log/log_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- The folder ---- */

void qp_backup_name(char name[static QP_BACKUP_NAME_BYTES], uint64_t number)
{
    (void)snprintf(name, QP_BACKUP_NAME_BYTES, "backup-%06" PRIu64 ".qbk", number);
}

/* 0: it is no file of a backup. */
static uint64_t number_of(const char *name)
{
    char made[QP_BACKUP_NAME_BYTES];
    uint64_t number = 0;
    for (const char *at = name + strcspn(name, "0123456789"); *at >= '0' && *at <= '9'; at++) {
        if (number > QP_BACKUP_FILES_MAX) {
            return 0;
        }
        number = 10 * number + (uint64_t)(*at - '0');
    }
    qp_backup_name(made, number);
    return number <= QP_BACKUP_FILES_MAX && strcmp(made, name) == 0 ? number : 0;
}

static enum qp_code count_files(struct qp_backup_reader *reader, struct qp_err *err)
{
    uint64_t highest = 0;
    DIR *folder = opendir(reader->dir);
    if (folder == NULL) {
        return errno == ENOENT ? QP_OK : qp_fail_errno(err, errno, "open", reader->dir);
    }
    const char *name = NULL;
    enum qp_code rc = qp_folder_next(folder, reader->dir, &name, err);
    while (rc == QP_OK && name != NULL) {
        uint64_t number = number_of(name);
        reader->files += number > 0;
        highest = number > highest ? number : highest;
        rc = qp_folder_next(folder, reader->dir, &name, err);
    }
    closedir(folder);
    if (rc != QP_OK) {
        return rc;
    }
    return highest == reader->files
               ? QP_OK
               : qp_fail(err, QP_E_INVALID,
                         "%.150s holds %" PRIu64 " files of a backup, but the last is number "
                         "%" PRIu64 "; put back the one that is missing",
                         reader->dir, reader->files, highest);
}

enum qp_code qp_backup_open(struct qp_backup_reader *reader, const char *dir, struct qp_err *err)
{
    *reader = (struct qp_backup_reader){.fd = -1, .dir = qp_copy_text(dir)};
    qp_merkle_frontier_init(&reader->frontier);
    reader->ids = qp_alloc(QP_EVENTS_MAX * sizeof *reader->ids);
    reader->path = qp_alloc(strlen(dir) + 1 + QP_BACKUP_NAME_BYTES);
    return reader->dir == NULL || reader->ids == NULL || reader->path == NULL
               ? qp_fail(err, QP_E_MEMORY, "no memory to read a backup")
               : count_files(reader, err);
}

void qp_backup_close(struct qp_backup_reader *reader)
{
    if (reader->fd >= 0) {
        (void)close(reader->fd);
    }
    reader->fd = -1;
    qp_free(reader->dir);
    qp_free(reader->path);
    qp_free(reader->ids);
    qp_buf_wipe(&reader->checkpoint);
    reader->dir = reader->path = NULL;
    reader->ids = NULL;
}

/* ---- Frames ---- */

/* Everything that is wrong with a file is said with its name and the frame. */
static enum qp_code wrong(const struct qp_backup_reader *reader, enum qp_code code,
                          struct qp_err *err)
{
    return code == QP_E_MEMORY || code == QP_E_IO
               ? code
               : qp_prefix(err, code, "%.120s, frame %" PRIu64, reader->path, reader->frame);
}

static enum qp_code read_exactly(struct qp_backup_reader *reader, uint8_t *bytes, size_t len,
                                 bool *ended, struct qp_err *err)
{
    size_t got = 0;
    enum qp_code rc = qp_fd_read(reader->fd, reader->path, bytes, len, &got, err);
    reader->bytes += got;
    if (rc == QP_OK && got == 0 && ended != NULL) {
        *ended = true;
        return QP_OK;
    }
    return rc == QP_OK && got < len ? qp_fail(err, QP_E_INPUT, "the file is cut off") : rc;
}

static enum qp_code read_frame(struct qp_backup_reader *reader, struct qp_arena *arena,
                               Qp__BackupFrame **frame, bool *ended, struct qp_err *err)
{
    uint8_t head[4];
    enum qp_code rc = read_exactly(reader, head, sizeof head, ended, err);
    if (rc != QP_OK || *ended) {
        return rc;
    }
    uint32_t len = qp_load_be32(head);
    if (len == 0 || len > QP_FRAME_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "it says it has %u bytes; 1 to %d are allowed", len,
                       QP_FRAME_BYTES_MAX);
    }
    uint8_t *bytes = qp_arena_alloc(arena, len);
    if (bytes == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to read a backup");
    }
    rc = read_exactly(reader, bytes, len, NULL, err);
    return rc == QP_OK
               ? qp_wire_decode(&qp_rule_backup_frame, qp_span_of(bytes, len), arena, frame, err)
               : rc;
}

static enum qp_code begin_file(struct qp_backup_reader *reader, struct qp_err *err)
{
    char name[QP_BACKUP_NAME_BYTES];
    char magic[sizeof QP_BACKUP_MAGIC - 1];
    qp_backup_name(name, ++reader->number);
    (void)snprintf(reader->path, strlen(reader->dir) + 1 + sizeof name, "%s/%s", reader->dir, name);
    reader->frame = 0;
    do {
        reader->fd = open(reader->path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    } while (reader->fd < 0 && errno == EINTR);
    if (reader->fd < 0) {
        return qp_fail_errno(err, errno, "open", reader->path);
    }
    enum qp_code rc = read_exactly(reader, (uint8_t *)magic, sizeof magic, NULL, err);
    return rc == QP_OK && memcmp(magic, QP_BACKUP_MAGIC, sizeof magic) != 0
               ? qp_fail(err, QP_E_INPUT, "it is no file of a backup, or of another version")
               : rc;
}

/* ---- What the frames say ---- */

static enum qp_code take_head(struct qp_backup_reader *reader, const Qp__BackupHead *head,
                              struct qp_err *err)
{
    struct qp_hash ledger_id = qp_bytes_hash(head->ledger_id);
    if (head->first != reader->frontier.size || head->size < head->first) {
        return qp_fail(err, QP_E_INVALID,
                       "it begins at entry %" PRIu64 ", and the files before it have %" PRIu64,
                       (uint64_t)head->first, reader->frontier.size);
    }
    if (reader->number > 1 && !qp_hash_eq(&ledger_id, &reader->ledger_id)) {
        return qp_fail(err, QP_E_INVALID, "it is of another ledger than the files before it");
    }
    reader->ledger_id = ledger_id;
    reader->file_end = head->size;
    reader->checkpoint.len = 0;
    return qp_buf_add(&reader->checkpoint, qp_span_bytes(head->checkpoint), err);
}

/* Entry 0 names the ledger and the key that signs for it. */
static enum qp_code take_opening(struct qp_backup_reader *reader, const Qp__BackupEntry *entry,
                                 struct qp_arena *arena, struct qp_err *err)
{
    struct qp_hash id;
    enum qp_code rc =
        qp_opening_read(qp_span_bytes(entry->events[0]), arena, &id, &reader->vkey, err);
    if (rc == QP_OK && !qp_hash_eq(&id, &reader->ledger_id)) {
        rc = qp_fail(err, QP_E_INVALID, "its entry 0 does not open the ledger that it names");
    }
    reader->named = rc == QP_OK;
    return rc;
}

static enum qp_code check_events(struct qp_backup_reader *reader, const Qp__BackupEntry *entry,
                                 const Qp__Entry *decoded, struct qp_arena *arena,
                                 struct qp_err *err)
{
    Qp__Statement *statement = NULL;
    struct qp_hash root;
    enum qp_code rc =
        qp_statement_decode(qp_span_bytes(decoded->statement), arena, &statement, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_hash named = qp_bytes_hash(statement->event_root);
    for (size_t i = 0; i < entry->n_events; i++) {
        qp_hash_leaf(&reader->ids[i], qp_span_bytes(entry->events[i]));
    }
    qp_merkle_root(reader->ids, entry->n_events, &root);
    return statement->event_count == entry->n_events && qp_hash_eq(&root, &named)
               ? QP_OK
               : qp_fail(err, QP_E_INVALID, "the events are not those of the statement");
}

/* A note that the log signed must be over the entries so far. */
static enum qp_code check_note(const struct qp_backup_reader *reader, struct qp_span note,
                               struct qp_err *err)
{
    struct qp_checkpoint checkpoint;
    struct qp_hash root;
    enum qp_code rc = qp_note_head(&reader->vkey, note, &checkpoint, err);
    qp_merkle_frontier_root(&reader->frontier, &root);
    return rc == QP_OK && (checkpoint.size != reader->frontier.size ||
                           !qp_hash_eq(&checkpoint.root, &root))
               ? qp_fail(err, QP_E_INVALID,
                         "the entries are not those that the log signed in its checkpoint")
               : rc;
}

static enum qp_code take_entry(struct qp_backup_reader *reader, const Qp__BackupEntry *entry,
                               struct qp_arena *arena, struct qp_backup_item *item,
                               struct qp_err *err)
{
    Qp__Entry *decoded = NULL;
    uint64_t index = reader->frontier.size;
    struct qp_span bytes = qp_span_bytes(entry->entry);
    if (index >= reader->file_end) {
        return qp_fail(err, QP_E_INVALID, "it holds more entries than its head says");
    }
    enum qp_code rc = qp_entry_decode(bytes, arena, &decoded, err);
    rc = rc == QP_OK ? qp_entry_follows(decoded, index, &reader->last_leaf, reader->last_ms, err)
                     : rc;
    rc = rc == QP_OK ? check_events(reader, entry, decoded, arena, err) : rc;
    rc = rc == QP_OK && index == 0 ? take_opening(reader, entry, arena, err) : rc;
    qp_hash_leaf(&item->leaf, bytes);
    rc = rc == QP_OK ? qp_merkle_frontier_add(&reader->frontier, &item->leaf, NULL, NULL, err) : rc;
    if (rc == QP_OK && entry->checkpoint.len > 0) {
        rc = check_note(reader, qp_span_bytes(entry->checkpoint), err);
    }
    if (rc == QP_OK) {
        reader->last_leaf = item->leaf;
        reader->last_ms = decoded->admitted_ms;
        item->what = QP_BACKUP_ENTRY;
        item->index = index;
        item->entry = entry;
        item->decoded = decoded;
    }
    return rc;
}

static enum qp_code end_file(struct qp_backup_reader *reader, struct qp_err *err)
{
    if (reader->frame == 0 || reader->frontier.size < reader->file_end) {
        return qp_fail(err, QP_E_INVALID, "the file is cut off: entry %" PRIu64 " is not in it",
                       reader->frontier.size);
    }
    enum qp_code rc = check_note(reader, qp_span_buf(&reader->checkpoint), err);
    return rc == QP_OK ? qp_fd_close(&reader->fd, reader->path, err) : rc;
}

static enum qp_code take(struct qp_backup_reader *reader, const Qp__BackupFrame *frame,
                         struct qp_arena *arena, struct qp_backup_item *item, struct qp_err *err)
{
    if ((reader->frame == 0) != (frame->body_case == QP__BACKUP_FRAME__BODY_HEAD)) {
        return qp_fail(err, QP_E_INPUT, "a file begins with its one head");
    }
    switch (frame->body_case) {
    case QP__BACKUP_FRAME__BODY_HEAD:
        item->what = QP_BACKUP_HEAD;
        return take_head(reader, frame->head, err);
    case QP__BACKUP_FRAME__BODY_ENTRY:
        return take_entry(reader, frame->entry, arena, item, err);
    default:
        if (reader->frontier.size < reader->file_end ||
            frame->content->index >= reader->frontier.size) {
            return qp_fail(err, QP_E_INPUT, "a content stands before its entry");
        }
        item->what = QP_BACKUP_CONTENT;
        item->index = frame->content->index;
        item->content = frame->content->content;
        return QP_OK;
    }
}

enum qp_code qp_backup_next(struct qp_backup_reader *reader, struct qp_arena *arena,
                            struct qp_backup_item *item, struct qp_err *err)
{
    Qp__BackupFrame *frame = NULL;
    bool ended = false;
    enum qp_code rc = QP_OK;
    *item = (struct qp_backup_item){.what = QP_BACKUP_END};
    if (reader->fd < 0) {
        if (reader->number == reader->files) {
            return QP_OK;
        }
        rc = begin_file(reader, err);
    }
    rc = rc == QP_OK ? read_frame(reader, arena, &frame, &ended, err) : rc;
    if (rc == QP_OK && ended) {
        item->what = QP_BACKUP_FILE_END;
        rc = end_file(reader, err);
    } else if (rc == QP_OK) {
        rc = take(reader, frame, arena, item, err);
    }
    if (rc != QP_OK) {
        return wrong(reader, rc, err);
    }
    reader->frame++;
    return QP_OK;
}
