/* A ledger from a backup: its entries are admitted again, as an audit would, into a new store. */
#include <quipu/backup.h>

#include "core/check.h"
#include "log/backup_read.h"
#include "log/keys.h"
#include "log/log_priv.h"
#include "log/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GROUP_BYTES ((uint64_t)16 * 1024 * 1024)
#define CONTENTS_AT_ONCE 256

/* A note that the log signed at a size that the group at hand comes to. */
struct note {
    uint64_t size;
    struct qp_span bytes;
};

struct restore {
    struct qp_log *log;
    const struct qp_watch *watch;
    struct qp_restore_report report;
    struct qp_backup_reader reader;
    struct qp_benches benches;
    struct qp_arena arena;        /* frames of the group */
    struct qp_replay_item *items; /* QP_GROUP_RECORDS_MAX */
    const Qp__BackupEntry **frames;
    size_t count;
    uint64_t group_began; /* bytes of the backup before the group */
    struct note *notes;
    size_t note_count;
    size_t contents; /* that wait to be written */
};

static enum qp_code wrong_entry(const struct restore *restore, uint64_t index,
                                const struct qp_err *why, enum qp_code rc, struct qp_err *err)
{
    if (rc == QP_E_MEMORY || rc == QP_E_IO || rc == QP_E_STORE || rc == QP_E_BUSY ||
        rc == QP_E_FULL) {
        *err = *why;
        return rc;
    }
    return qp_fail(err, QP_E_INVALID, "%.100s: entry %" PRIu64 ": %.180s", restore->reader.dir,
                   index, why->text);
}

/* ---- A group of entries ---- */

static void check_item(void *context, size_t at, unsigned worker)
{
    struct restore *restore = context;
    struct qp_replay_item *item = &restore->items[at];
    qp_replay_check(item, item->index == 0 ? NULL : &restore->reader.ledger_id,
                    &restore->benches.list[worker]);
}

/* It was found to be over the entries so far when it was read. */
static void take_note(struct restore *restore, struct qp_span bytes)
{
    if (bytes.len > 0) {
        restore->notes[restore->note_count++] =
            (struct note){.size = restore->log->book->size, .bytes = bytes};
    }
}

static enum qp_code put_notes(void *context, struct qp_writer *writer, struct qp_err *err)
{
    const struct restore *restore = context;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < restore->note_count && rc == QP_OK; i++) {
        struct qp_row_key key = qp_key_number(restore->notes[i].size);
        rc = qp_write_put(writer, QP_TABLE_CHECKPOINTS, QP_PUT_APPEND, qp_row_key_span(&key),
                          restore->notes[i].bytes, err);
    }
    return rc;
}

static enum qp_code write_book(struct restore *restore, struct qp_err *err)
{
    static const struct qp_book_checkpoint none = {.size = 0};
    struct qp_book *book = restore->log->book;
    enum qp_code rc = QP_OK;
    if (qp_book_pending(book)) {
        rc = qp_book_write(book, &none, err);
        rc = rc == QP_OK ? qp_book_verify(book, err) : rc;
    }
    qp_book_done(book);
    if (rc == QP_OK && restore->note_count > 0) {
        rc = qp_store_write(restore->log->store, put_notes, restore, err);
    }
    restore->note_count = 0;
    restore->count = 0;
    restore->contents = 0;
    restore->group_began = restore->reader.bytes;
    return rc;
}

/* Judge and write what was read. */
static enum qp_code flush(struct restore *restore, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    qp_pool_start(restore->log->pool, check_item, restore, restore->count);
    qp_pool_wait(restore->log->pool);
    for (size_t i = 0; i < restore->count && rc == QP_OK; i++) {
        struct qp_replay_item *item = &restore->items[i];
        rc = qp_replay_judge(restore->log->book, item);
        if (rc != QP_OK) {
            return wrong_entry(restore, item->index, &item->err, rc, err);
        }
        take_note(restore, qp_span_bytes(restore->frames[i]->checkpoint));
        restore->report.events += item->record.event_count;
        restore->report.sealed += item->record.sealed_count;
    }
    rc = write_book(restore, err);
    restore->report.entries = restore->log->book->size;
    if (restore->watch != NULL && restore->watch->progress != NULL) {
        restore->watch->progress(restore->watch->context, restore->report.entries,
                                 restore->reader.file_end);
    }
    qp_benches_reset(&restore->benches);
    return rc;
}

static bool is_full(const struct restore *restore)
{
    return restore->count == QP_GROUP_RECORDS_MAX || restore->contents == CONTENTS_AT_ONCE ||
           restore->reader.bytes - restore->group_began >= GROUP_BYTES;
}

static void add_item(struct restore *restore, const struct qp_backup_item *from)
{
    struct qp_replay_item *item = &restore->items[restore->count];
    restore->frames[restore->count++] = from->entry;
    *item = (struct qp_replay_item){.entry = from->decoded, .index = from->index};
    qp_err_init(&item->err);
    item->record = (struct qp_record){.bytes = qp_span_bytes(from->entry->entry),
                                      .statement_bytes = qp_span_bytes(from->decoded->statement),
                                      .signature = qp_span_bytes(from->decoded->signature),
                                      .event_bytes = from->entry->events,
                                      .event_count = from->entry->n_events,
                                      .sealed = from->entry->sealed,
                                      .sealed_count = from->entry->n_sealed};
}

/* ---- Contents that came later ---- */

/* They go the way that they went in the log: with their statement, which is there already. */
static enum qp_code add_content(struct restore *restore, const struct qp_backup_item *from,
                                struct qp_err *err)
{
    struct qp_log *log = restore->log;
    struct qp_bench *bench = &restore->benches.list[0];
    struct qp_record *record = qp_arena_alloc_zero(&restore->arena, 1, sizeof *record);
    Qp__SealedContent **content = qp_arena_alloc_zero(&restore->arena, 1, sizeof *content);
    Qp__Entry *entry = NULL;
    struct qp_admitted admitted;
    struct qp_err why;
    if (record == NULL || content == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to restore");
    }
    *content = (Qp__SealedContent *)(uintptr_t)from->content;
    enum qp_code rc = qp_record_load(record, log->store, from->index, bench, &entry, &why);
    record->sealed = content;
    record->sealed_count = 1;
    rc = rc == QP_OK ? qp_record_check(record, &restore->reader.ledger_id, bench, &why) : rc;
    rc = rc == QP_OK ? qp_book_admit(log->book, record, log->book->last_ms, &admitted, &why) : rc;
    if (rc != QP_OK) {
        return wrong_entry(restore, from->index, &why, rc, err);
    }
    restore->report.sealed++;
    restore->contents++;
    return QP_OK;
}

/* ---- All of it ---- */

static enum qp_code take(struct restore *restore, const struct qp_backup_item *item,
                         struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    if (item->what == QP_BACKUP_ENTRY) {
        add_item(restore, item);
    } else if (restore->count > 0) {
        rc = flush(restore, err); /* a content is looked up in the store */
    }
    if (rc == QP_OK && item->what == QP_BACKUP_CONTENT) {
        rc = add_content(restore, item, err);
    }
    if (rc == QP_OK && (is_full(restore) || item->what == QP_BACKUP_FILE_END)) {
        rc = flush(restore, err);
        qp_arena_reset(&restore->arena);
    }
    return rc;
}

static enum qp_code begin(struct restore *restore, struct qp_err *err)
{
    restore->items = qp_alloc_zero(QP_GROUP_RECORDS_MAX, sizeof *restore->items);
    restore->frames = qp_alloc_zero(QP_GROUP_RECORDS_MAX, sizeof(void *));
    restore->notes = qp_alloc_zero(QP_GROUP_RECORDS_MAX, sizeof *restore->notes);
    return restore->items == NULL || restore->frames == NULL || restore->notes == NULL
               ? qp_fail(err, QP_E_MEMORY, "no memory to restore")
               : qp_log_benches(restore->log, &restore->benches, err);
}

/* The anchor last: until then the ledger says that its restoration was cut short. */
static enum qp_code settle(struct restore *restore, struct qp_err *err)
{
    struct qp_log *log = restore->log;
    struct qp_merkle_head head = {.size = log->book->size};
    qp_merkle_frontier_root(&log->book->tiles.frontier, &head.root);
    return qp_anchor_settle(log->anchor_path, &log->anchor, true, &head,
                            qp_span_buf(&restore->reader.checkpoint), err);
}

static enum qp_code run(struct restore *restore, struct qp_err *err)
{
    struct qp_backup_item item = {.what = QP_BACKUP_HEAD};
    enum qp_code rc = begin(restore, err);
    while (rc == QP_OK && item.what != QP_BACKUP_END) {
        rc = qp_backup_next(&restore->reader, &restore->arena, &item, err);
        rc = rc == QP_OK ? take(restore, &item, err) : rc;
    }
    rc = rc == QP_OK ? settle(restore, err) : rc;
    if (rc == QP_OK) {
        struct qp_restore_report *report = &restore->report;
        report->files = restore->reader.files;
        report->ledger_id = restore->reader.ledger_id;
        (void)snprintf(report->origin, sizeof report->origin, "%s", restore->reader.vkey.name);
    }
    return rc;
}

enum qp_code qp_log_restore(const char *backup, const char *dir,
                            const struct qp_log_options *options, const struct qp_watch *watch,
                            struct qp_restore_report *report, struct qp_err *err)
{
    struct restore restore = {.watch = watch, .reader.fd = -1};
    struct qp_log_options repairing = *options;
    bool began = false;
    repairing.mode = QP_LOG_REPAIR; /* writes, and signs nothing */
    repairing.log_key = NULL;
    enum qp_code rc = qp_backup_open(&restore.reader, backup, err);
    if (rc == QP_OK && restore.reader.files == 0) {
        rc = qp_fail(err, QP_E_NOT_FOUND,
                     "there is no backup in %.200s; it has no backup-000001.qbk", backup);
    }
    rc = rc == QP_OK ? qp_log_make(dir, &repairing, true, &began, &restore.log, err) : rc;
    rc = rc == QP_OK ? run(&restore, err) : rc;
    qp_log_close(restore.log); /* before the arena: the book borrows from it */
    if (rc != QP_OK && began) {
        qp_log_unmake(dir);
    }
    if (rc == QP_OK) {
        *report = restore.report;
    }
    qp_backup_close(&restore.reader);
    qp_benches_wipe(&restore.benches);
    qp_arena_wipe(&restore.arena);
    qp_free(restore.items);
    qp_free(restore.frames);
    qp_free(restore.notes);
    return rc;
}
