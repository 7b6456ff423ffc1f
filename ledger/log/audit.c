#include "log/audit.h"

#include "core/check.h"
#include "host/disk.h"
#include "host/file.h"
#include "log/keys.h"
#include "log/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the replay's tables beyond what the log's own take: an empty store, and the pages of a group
 * that are written before the old ones are free. */
#define TEMP_BYTES_LEAST ((uint64_t)1024 * 1024)

void qp_audit_fault(struct qp_audit *audit, uint64_t entry, const char *format, ...)
{
    if (audit->report.faults++ == 0) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(audit->report.first, sizeof audit->report.first, format, arguments);
        va_end(arguments);
        audit->report.first_entry = entry;
    }
}

static bool is_machine(enum qp_code code)
{
    return code == QP_E_MEMORY || code == QP_E_IO || code == QP_E_BUSY || code == QP_E_FULL;
}

/* An entry that is wrong ends the replay. */
static void break_off(struct qp_audit *audit, uint64_t index, const struct qp_err *why)
{
    qp_audit_fault(audit, index, "entry %" PRIu64 ": %.200s; what comes after it was not audited",
                   index, why->text);
    audit->broken = true;
}

/* ---- Tables walked beside the replay ---- */

static enum qp_code walk_begin(struct qp_audit *audit, enum qp_table table, struct qp_walk *walk,
                               struct qp_err *err)
{
    enum qp_code rc = qp_cursor_open(audit->log->store, table, &walk->cursor, err);
    return rc == QP_OK ? qp_cursor_seek(walk->cursor, qp_span_of(NULL, 0), &walk->row, err) : rc;
}

/* The number that a row's key begins with. */
static uint64_t row_number(const struct qp_walk *walk)
{
    return walk->row.key.len >= 8 ? qp_load_be64(walk->row.key.data) : 0;
}

static enum qp_code check_note(struct qp_audit *audit, const struct qp_merkle_head *head,
                               struct qp_span note, struct qp_err *err)
{
    struct qp_checkpoint checkpoint;
    struct qp_err why;
    enum qp_code rc = qp_log_note_check(audit->log, note, &checkpoint, &why);
    if (is_machine(rc)) {
        *err = why;
        return rc;
    }
    if (rc != QP_OK) {
        qp_audit_fault(audit, QP_NO_ENTRY, "checkpoint of size %" PRIu64 ": %.200s", head->size,
                       why.text);
    } else if (checkpoint.size != head->size || !qp_hash_eq(&checkpoint.root, &head->root)) {
        qp_audit_fault(audit, QP_NO_ENTRY,
                       "checkpoint of size %" PRIu64 ": its root is not that of the entries",
                       head->size);
    }
    return QP_OK;
}

/* Checkpoints of this size, when the replay has come to it. */
static enum qp_code check_checkpoints(struct qp_audit *audit, struct qp_err *err)
{
    struct qp_merkle_head head = {.size = audit->book->size};
    struct qp_walk *walk = &audit->checkpoints;
    bool newest = head.size == audit->log->head.size;
    bool stored = walk->row.found && row_number(walk) <= head.size;
    if (!newest && !stored) {
        return QP_OK;
    }
    qp_merkle_frontier_root(&audit->book->tiles.frontier, &head.root);
    if (newest && !qp_hash_eq(&head.root, &audit->log->head.root)) {
        qp_audit_fault(audit, QP_NO_ENTRY,
                       "the newest checkpoint, of size %" PRIu64
                       ", has another root than the entries",
                       head.size);
    }
    enum qp_code rc = QP_OK;
    while (rc == QP_OK && walk->row.found && row_number(walk) <= head.size) {
        if (walk->row.key.len != 8 || row_number(walk) != head.size) {
            qp_audit_fault(audit, QP_NO_ENTRY, "a row of the checkpoints has no size");
        } else {
            rc = check_note(audit, &head, walk->row.value, err);
        }
        rc = rc == QP_OK ? qp_cursor_next(walk->cursor, &walk->row, err) : rc;
    }
    return rc;
}

static enum qp_code check_content(struct qp_audit *audit, struct qp_commitments *commitments,
                                  uint64_t index, struct qp_err *err)
{
    const struct qp_row *row = &audit->vault.row;
    struct qp_arena *scratch = &audit->scratch;
    Qp__SealedContent *content = NULL;
    struct qp_hash hash;
    struct qp_err why;
    qp_arena_reset(scratch);
    enum qp_code rc = qp_wire_decode(&qp_rule_sealed_content, row->value, scratch, &content, &why);
    rc = rc == QP_OK ? qp_sealed_check(commitments, content, scratch, &hash, &why) : rc;
    if (is_machine(rc)) {
        *err = why;
        return rc;
    }
    if (rc != QP_OK || row->key.len != 40 ||
        memcmp(row->key.data + 8, hash.bytes, sizeof hash.bytes) != 0) {
        qp_audit_fault(audit, index,
                       "entry %" PRIu64 ": a sealed content in the vault does not open its "
                       "commitment",
                       index);
    } else {
        audit->report.sealed++;
    }
    return QP_OK;
}

/* Vault rows of this entry. */
static enum qp_code check_vault(struct qp_audit *audit, const struct qp_record *record,
                                uint64_t index, struct qp_err *err)
{
    struct qp_walk *walk = &audit->vault;
    struct qp_arena *scratch = &audit->scratch;
    struct qp_commitments commitments = {0};
    enum qp_code rc = QP_OK;
    if (!walk->row.found || row_number(walk) > index) {
        return QP_OK;
    }
    for (size_t i = 0; i < record->event_count && rc == QP_OK; i++) {
        const Qp__Event *event = NULL;
        qp_arena_reset(scratch);
        rc = qp_record_event(record, i, scratch, &event, err);
        rc = rc == QP_OK ? qp_commitments_add(&commitments, event, err) : rc;
    }
    qp_commitments_sort(&commitments);
    while (rc == QP_OK && walk->row.found && row_number(walk) <= index) {
        rc = check_content(audit, &commitments, index, err);
        rc = rc == QP_OK ? qp_cursor_next(walk->cursor, &walk->row, err) : rc;
    }
    qp_free(commitments.list);
    return rc;
}

/* ---- Replay ---- */

static void check_item(void *context, size_t at, unsigned worker)
{
    struct qp_audit_group *group = context;
    const struct qp_log *log = group->audit->log;
    struct qp_replay_item *item = &group->items[at];
    /* Entry 0 says which ledger this is, if its event is sound. */
    bool names_itself = item->index == 0 || log->vkey.name[0] == '\0';
    qp_replay_check(item, names_itself ? NULL : &log->ledger_id, &group->benches.list[worker]);
}

/* The entries that come next. Nothing is loaded behind one that cannot be. */
static void load_group(struct qp_audit *audit, struct qp_audit_group *group)
{
    size_t bytes = 0;
    group->count = 0;
    qp_benches_reset(&group->benches);
    while (group->count < QP_GROUP_RECORDS_MAX && bytes < QP_GROUP_BYTES &&
           audit->loaded < audit->size && !audit->cut_short) {
        struct qp_replay_item *item = &group->items[group->count++];
        Qp__Entry *entry = NULL;
        qp_err_init(&item->err);
        item->index = audit->loaded++;
        item->code = qp_record_load(&item->record, audit->log->store, item->index,
                                    &group->benches.list[0], &entry, &item->err);
        item->entry = entry;
        audit->cut_short = item->code != QP_OK;
        bytes += item->record.bytes.len;
        for (size_t i = 0; i < item->record.event_count; i++) {
            bytes += item->record.event_bytes[i].len;
        }
    }
}

static enum qp_code judge_group(struct qp_audit *audit, struct qp_audit_group *group,
                                struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < group->count && rc == QP_OK && !audit->broken; i++) {
        struct qp_replay_item *item = &group->items[i];
        uint64_t index = audit->book->size;
        rc = qp_replay_judge(audit->book, item);
        if (is_machine(rc)) {
            *err = item->err;
        } else if (rc != QP_OK) {
            break_off(audit, index, &item->err);
            rc = QP_OK;
        } else {
            audit->report.entries++;
            audit->report.signatures++;
            audit->report.events += item->record.event_count;
            rc = check_vault(audit, &item->record, index, err);
            rc = rc == QP_OK ? check_checkpoints(audit, err) : rc;
        }
    }
    struct qp_book_checkpoint none = {.size = 0};
    if (rc == QP_OK && !audit->broken) {
        rc = qp_book_write(audit->book, &none, err);
        qp_book_done(audit->book);
    }
    if (audit->options->progress != NULL) {
        audit->options->progress(audit->options->context, audit->report.entries, audit->size);
    }
    return rc;
}

/* While one group is checked by the pool, the one before it is judged, and the one behind it is
 * loaded into its place. */
static enum qp_code replay(struct qp_audit *audit, struct qp_err *err)
{
    struct qp_audit_group *now = &audit->groups[0]; /* checked */
    struct qp_audit_group *next = &audit->groups[1];
    enum qp_code rc = QP_OK;
    load_group(audit, next);
    while (rc == QP_OK && !audit->broken && (now->count > 0 || next->count > 0)) {
        struct qp_audit_group *judged = now;
        qp_pool_start(audit->log->pool, check_item, next, next->count);
        rc = now->count > 0 ? judge_group(audit, now, err) : QP_OK;
        if (rc == QP_OK && !audit->broken) {
            load_group(audit, now);
        }
        qp_pool_wait(audit->log->pool);
        now = next;
        next = judged;
    }
    return rc;
}

/* What is left over when the last entry is done. */
static enum qp_code check_rest(struct qp_audit *audit, struct qp_err *err)
{
    uint64_t entries = 0;
    uint64_t events = 0;
    struct qp_span size = {0};
    struct qp_log *log = audit->log;
    enum qp_code rc = qp_store_count(log->store, QP_TABLE_ENTRIES, &entries, err);
    rc = rc == QP_OK ? qp_store_count(log->store, QP_TABLE_EVENTS, &events, err) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    if (log->head.size > audit->size) {
        qp_audit_fault(audit, audit->size,
                       "entry %" PRIu64 " is missing: %" PRIu64 " entries were signed", audit->size,
                       log->head.size);
    }
    if (entries != audit->report.entries || events != audit->report.events) {
        qp_audit_fault(audit, QP_NO_ENTRY, "there are entries or events that belong to nothing");
    }
    if (audit->checkpoints.row.found) {
        qp_audit_fault(audit, QP_NO_ENTRY,
                       "a checkpoint is of a size that the log has not reached");
    }
    if (audit->vault.row.found) {
        qp_audit_fault(audit, QP_NO_ENTRY, "the vault holds a content that belongs to no entry");
    }
    rc = qp_store_get(log->store, QP_TABLE_META, qp_span_text(QP_META_SIZE), &size, err);
    if (rc == QP_E_NOT_FOUND ||
        (rc == QP_OK && (size.len != 8 || qp_load_be64(size.data) != audit->size))) {
        qp_audit_fault(audit, QP_NO_ENTRY, "the size that the store has noted is not its size");
        rc = QP_OK;
    }
    return rc;
}

/* ---- Beginning and end ---- */

/* The log's derived tables are the measure, with as much again for pages that are half full. Tables
 * that lost rows make it too small; then the disk says so when it is full. */
static enum qp_code need_room(struct qp_audit *audit, uint64_t *bytes, struct qp_err *err)
{
    static const enum qp_table kept[] = {QP_TABLE_TILES, QP_TABLE_ISSUERS, QP_TABLE_STATE,
                                         QP_TABLE_EDGES};
    uint64_t all = TEMP_BYTES_LEAST;
    for (size_t i = 0; i < QP_COUNT(kept); i++) {
        uint64_t table = 0;
        enum qp_code rc = qp_store_table_bytes(audit->log->store, kept[i], &table, err);
        if (rc != QP_OK) {
            return rc;
        }
        all += 2 * table;
    }
    *bytes = all;
    return QP_OK;
}

/* The folder that was named, and no other; else the ledger's, whose disk is the one that was made
 * large enough; else the one for such files. */
static enum qp_code find_base(struct qp_audit *audit, const char **base, struct qp_err *err)
{
    const char *named = audit->options->temp_dir;
    const char *const places[] = {named != NULL ? named : audit->log->dir,
                                  named != NULL ? named : qp_temp_dir()};
    uint64_t need = 0;
    uint64_t room[QP_COUNT(places)] = {0};
    enum qp_code rc = need_room(audit, &need, err);
    for (size_t i = 0; i < QP_COUNT(places) && rc == QP_OK; i++) {
        rc = qp_disk_room(places[i], &room[i], err);
        if (rc == QP_OK && room[i] >= need) {
            *base = places[i];
            return QP_OK;
        }
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (named != NULL) {
        return qp_fail(err, QP_E_FULL,
                       "the audit needs %" PRIu64 " KiB for a while, and %.120s has room for "
                       "%" PRIu64 "; free some space or name another folder",
                       need / 1024, named, room[0] / 1024);
    }
    return qp_fail(err, QP_E_FULL,
                   "the audit needs %" PRIu64 " KiB for a while; %.70s has room for %" PRIu64
                   ", %.70s for %" PRIu64 "; set TMPDIR to a folder with more",
                   need / 1024, places[0], room[0] / 1024, places[1], room[1] / 1024);
}

static enum qp_code make_folder(struct qp_audit *audit, struct qp_err *err)
{
    const char *base = NULL;
    enum qp_code rc = find_base(audit, &base, err);
    if (rc != QP_OK) {
        return rc;
    }
    size_t size = strlen(base) + sizeof "/audit-XXXXXX";
    char *path = qp_alloc(size);
    if (path == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to audit");
    }
    (void)snprintf(path, size, "%s/audit-XXXXXX", base);
    if (mkdtemp(path) == NULL) {
        int error = errno;
        qp_free(path);
        return qp_fail_errno(err, error, "make a folder for the audit in", base);
    }
    audit->folder = path;
    return QP_OK;
}

static void remove_folder(struct qp_audit *audit)
{
    static const char *const made[] = {"/data.mdb", "/lock.mdb", ""};
    for (size_t i = 0; audit->folder != NULL && i < QP_COUNT(made); i++) {
        size_t size = strlen(audit->folder) + strlen(made[i]) + 1;
        char *path = qp_alloc(size);
        if (path != NULL) {
            (void)snprintf(path, size, "%s%s", audit->folder, made[i]);
            (void)remove(path);
        }
        qp_free(path);
    }
    qp_free(audit->folder);
}

static enum qp_code begin(struct qp_audit *audit, struct qp_err *err)
{
    struct qp_store_options options = {.create = true};
    audit->tiles = qp_alloc_zero(1, sizeof *audit->tiles);
    enum qp_code rc = audit->tiles == NULL ? qp_fail(err, QP_E_MEMORY, "no memory to audit")
                                           : make_folder(audit, err);
    rc = rc == QP_OK ? qp_store_open(audit->folder, &options, &audit->temp, err) : rc;
    if (rc == QP_OK) {
        audit->tiles->store = audit->temp;
        rc = qp_book_new(audit->temp, audit->log->store, audit->tiles, &audit->book, err);
    }
    for (size_t i = 0; i < QP_COUNT(audit->groups) && rc == QP_OK; i++) {
        struct qp_audit_group *group = &audit->groups[i];
        group->audit = audit;
        group->items = qp_alloc_zero(QP_GROUP_RECORDS_MAX, sizeof *group->items);
        rc = group->items == NULL ? qp_fail(err, QP_E_MEMORY, "no memory to audit")
                                  : qp_log_benches(audit->log, &group->benches, err);
    }
    rc = rc == QP_OK ? qp_store_entries(audit->log->store, &audit->size, err) : rc;
    rc = rc == QP_OK ? walk_begin(audit, QP_TABLE_CHECKPOINTS, &audit->checkpoints, err) : rc;
    return rc == QP_OK ? walk_begin(audit, QP_TABLE_VAULT, &audit->vault, err) : rc;
}

static void end_walks(struct qp_audit *audit)
{
    qp_cursor_close(audit->checkpoints.cursor);
    qp_cursor_close(audit->vault.cursor);
    audit->checkpoints.cursor = NULL;
    audit->vault.cursor = NULL;
}

static void end(struct qp_audit *audit)
{
    end_walks(audit);
    qp_book_free(audit->book);
    for (size_t i = 0; i < QP_COUNT(audit->groups); i++) {
        qp_benches_wipe(&audit->groups[i].benches);
        qp_free(audit->groups[i].items);
    }
    qp_store_close(audit->temp);
    remove_folder(audit);
    qp_arena_wipe(&audit->scratch);
    qp_free(audit->tiles);
}

static enum qp_code run(struct qp_audit *audit, struct qp_err *err)
{
    enum qp_code rc = begin(audit, err);
    rc = rc == QP_OK ? replay(audit, err) : rc;
    if (rc == QP_OK && !audit->broken) {
        rc = check_rest(audit, err);
        rc = rc == QP_OK ? qp_audit_compare(audit, err) : rc;
    }
    if (rc == QP_OK && !audit->broken && audit->options->rebuild) {
        end_walks(audit);
        rc = qp_audit_rebuild(audit, err);
    }
    return rc;
}

enum qp_code qp_log_audit(struct qp_log *log, const struct qp_audit_options *options,
                          struct qp_audit_report *report, struct qp_err *err)
{
    struct qp_audit audit = {.log = log, .options = options};
    audit.report.first_entry = QP_NO_ENTRY;
    if (options->rebuild && log->options.mode != QP_LOG_WRITE &&
        log->options.mode != QP_LOG_REPAIR) {
        return qp_fail(err, QP_E_USAGE, "rebuilding needs the ledger open for repair");
    }
    /* It compares everything by itself, and says more of what is wrong. */
    uint64_t before = qp_store_damaged(log->store);
    qp_store_bear_damage(log->store, true);
    enum qp_code rc = run(&audit, err);
    if (rc == QP_OK && qp_store_damaged(log->store) > before) {
        qp_audit_fault(&audit, QP_NO_ENTRY,
                       "rows of the store do not hold their check; run a scrub");
    }
    qp_store_bear_damage(log->store,
                         log->options.mode == QP_LOG_AUDIT || log->options.mode == QP_LOG_REPAIR);
    end(&audit);
    if (log->damage.code != QP_OK) { /* an entry that is wrong says it better */
        qp_audit_fault(&audit, QP_NO_ENTRY, "%s", log->damage.text);
    }
    if (rc == QP_OK) {
        *report = audit.report;
    }
    return rc;
}
