#include "log/scrub.h"

#include "core/check.h"
#include "host/clock.h"
#include "log/audit.h"
#include "log/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Entries between two looks at the clock, and at what is new in the store: a view that is held for
 * hours would keep writers from using its pages again. */
#define STEP_ENTRIES 1024
#define STEP_BYTES ((uint64_t)1024 * 1024)

struct scrub {
    struct qp_log *log;
    const struct qp_scrub_options *options;
    struct qp_scrub_report report;
    bool silent;   /* the second look, after a repair */
    uint64_t size; /* entries that are looked at */
    uint64_t began_ms;
    uint64_t paced; /* bytes when the clock was looked at last */
    uint64_t read;  /* bytes, of both looks and the replay */
    uint64_t replayed;
    struct qp_wanted_list wanted;
    struct qp_bench bench;
    struct qp_hash *ids; /* QP_EVENTS_MAX */
    char text[QP_ERR_TEXT_BYTES];
};

QP_PRINTF(4, 5)
static void found(struct scrub *scrub, enum qp_fault_kind kind, uint64_t index, const char *format,
                  ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(scrub->text, sizeof scrub->text, format, arguments);
    va_end(arguments);
    scrub->report.faults[kind]++;
    scrub->report.faults_all++;
    if (!scrub->silent && scrub->options->fault != NULL) {
        const struct qp_fault fault = {.kind = kind, .index = index, .text = scrub->text};
        scrub->options->fault(scrub->options->context, &fault);
    }
}

/* The place in the list of what a repair has to bring; NULL when that is full. */
static struct qp_wanted *want(struct scrub *scrub, uint64_t index)
{
    struct qp_wanted_list *wanted = &scrub->wanted;
    if (wanted->count > 0 && wanted->list[wanted->count - 1].index == index) {
        return &wanted->list[wanted->count - 1];
    }
    if (wanted->list == NULL || wanted->count == QP_WANTED_MAX) {
        return NULL;
    }
    wanted->list[wanted->count] = (struct qp_wanted){.index = index};
    return &wanted->list[wanted->count++];
}

static void want_body(struct scrub *scrub, uint64_t index)
{
    struct qp_wanted *wanted = want(scrub, index);
    if (wanted != NULL) {
        wanted->body = true;
    }
}

/* Has a row been read since whose bits have changed? */
static bool row_is_damaged(const struct scrub *scrub, uint64_t before)
{
    return qp_store_damaged(scrub->log->store) > before;
}

/* A row, and whether its bits have changed. QP_E_NOT_FOUND. */
static enum qp_code get_row(struct scrub *scrub, enum qp_table table, uint64_t number,
                            struct qp_span *row, bool *damaged, struct qp_err *err)
{
    struct qp_row_key key = qp_key_number(number);
    uint64_t before = qp_store_damaged(scrub->log->store);
    enum qp_code rc = qp_store_get(scrub->log->store, table, qp_row_key_span(&key), row, err);
    *damaged = row_is_damaged(scrub, before);
    return rc;
}

/* ---- Pace ---- */

static void pace(struct scrub *scrub)
{
    uint64_t rate = scrub->options->bytes_per_second;
    if (rate == 0 || scrub->read - scrub->paced < STEP_BYTES) {
        return;
    }
    scrub->paced = scrub->read;
    uint64_t due_ms = scrub->read / rate * 1000 + scrub->read % rate * 1000 / rate;
    uint64_t now_ms = qp_ticks_ms() - scrub->began_ms;
    if (due_ms > now_ms) {
        qp_sleep_ms(due_ms - now_ms);
    }
}

static void progress(struct scrub *scrub, uint64_t done)
{
    const struct qp_watch *watch = &scrub->options->watch;
    if (watch->progress != NULL) {
        watch->progress(watch->context, done, scrub->size);
    }
}

/* ---- Entries, events, contents ---- */

static enum qp_code look_at_events(struct scrub *scrub, uint64_t index, struct qp_err *err)
{
    struct qp_record record;
    Qp__Entry *entry = NULL;
    Qp__Statement *statement = NULL;
    struct qp_err why;
    uint64_t before = qp_store_damaged(scrub->log->store);
    enum qp_code rc =
        qp_record_load(&record, scrub->log->store, index, &scrub->bench, &entry, &why);
    rc = rc == QP_OK
             ? qp_statement_decode(record.statement_bytes, &scrub->bench.keep, &statement, &why)
             : rc;
    if (rc == QP_E_MEMORY) {
        *err = why;
        return rc;
    }
    struct qp_hash root = {{0}};
    bool good = rc == QP_OK && record.event_count == statement->event_count;
    for (size_t i = 0; good && i < record.event_count; i++) {
        struct qp_span bytes = qp_span_bytes(record.event_bytes[i]);
        qp_hash_leaf(&scrub->ids[i], bytes);
        scrub->report.bytes += bytes.len;
    }
    if (good) {
        struct qp_hash named = qp_bytes_hash(statement->event_root);
        qp_merkle_root(scrub->ids, record.event_count, &root);
        good = qp_hash_eq(&root, &named);
    }
    if (!good || row_is_damaged(scrub, before)) {
        found(scrub, QP_FAULT_EVENTS, index, "entry %" PRIu64 ": its events are not those signed",
              index);
        want_body(scrub, index);
    } else {
        scrub->report.events += record.event_count;
    }
    return QP_OK;
}

static enum qp_code look_at_entry(struct scrub *scrub, uint64_t index, struct qp_err *err)
{
    struct qp_span row = {0};
    bool damaged = false;
    struct qp_hash leaf;
    struct qp_hash in_tree;
    struct qp_err why;
    struct qp_merkle_reader reader = qp_tile_reader(scrub->log->tiles);
    enum qp_code rc = get_row(scrub, QP_TABLE_ENTRIES, index, &row, &damaged, err);
    if (rc != QP_OK && rc != QP_E_NOT_FOUND) {
        return rc;
    }
    if (rc == QP_E_NOT_FOUND) {
        found(scrub, QP_FAULT_ENTRY, index, "entry %" PRIu64 " is missing", index);
        want_body(scrub, index);
        return QP_OK;
    }
    scrub->report.entries++;
    scrub->report.bytes += row.len;
    rc = reader.node(reader.ctx, 0, index, &in_tree, &why);
    if (rc == QP_E_MEMORY) {
        *err = why;
        return rc;
    }
    qp_hash_leaf(&leaf, row);
    if (rc == QP_OK && qp_hash_eq(&leaf, &in_tree) && !damaged) {
        return look_at_events(scrub, index, err);
    }
    if (rc != QP_OK) { /* the tile is told of with the tiles */
        return QP_OK;
    }
    found(scrub, QP_FAULT_ENTRY, index,
          "entry %" PRIu64 ": its bytes do not have the hash that the tree has", index);
    want_body(scrub, index);
    return QP_OK;
}

static bool content_opens(struct scrub *scrub, const struct qp_row *row)
{
    Qp__SealedContent *content = NULL;
    struct qp_hash hash;
    struct qp_err why;
    qp_arena_reset(&scrub->bench.scratch);
    if (row->key.len != 40 || qp_wire_decode(&qp_rule_sealed_content, row->value,
                                             &scrub->bench.scratch, &content, &why) != QP_OK) {
        return false;
    }
    qp_content_hash(content, &hash);
    return memcmp(row->key.data + 8, hash.bytes, sizeof hash.bytes) == 0;
}

static enum qp_code look_at_contents(struct scrub *scrub, uint64_t index, struct qp_err *err)
{
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    struct qp_row_key first = qp_key_number(index);
    uint64_t before = qp_store_damaged(scrub->log->store);
    enum qp_code rc = qp_cursor_open(scrub->log->store, QP_TABLE_VAULT, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_seek(cursor, qp_row_key_span(&first), &row, err) : rc;
    while (rc == QP_OK && row.found && row.key.len >= 8 && qp_load_be64(row.key.data) == index) {
        scrub->report.sealed++;
        scrub->report.bytes += row.value.len;
        if (!content_opens(scrub, &row) || row_is_damaged(scrub, before)) {
            found(scrub, QP_FAULT_CONTENT, index,
                  "entry %" PRIu64 ": a sealed content does not open its commitment", index);
            struct qp_wanted *wanted = want(scrub, index);
            if (wanted != NULL) {
                wanted->contents = true;
            }
        }
        before = qp_store_damaged(scrub->log->store);
        rc = qp_cursor_next(cursor, &row, err);
    }
    qp_cursor_close(cursor);
    return rc;
}

/* ---- Checkpoints and tree ---- */

/* What the log signed when its size was `size`, if it did. */
static enum qp_code look_at_note(struct scrub *scrub, uint64_t size, struct qp_err *err)
{
    struct qp_span row = {0};
    bool damaged = false;
    struct qp_checkpoint checkpoint;
    struct qp_hash root;
    struct qp_err why;
    struct qp_merkle_reader reader = qp_tile_reader(scrub->log->tiles);
    enum qp_code rc = get_row(scrub, QP_TABLE_CHECKPOINTS, size, &row, &damaged, err);
    if (rc != QP_OK) {
        return rc == QP_E_NOT_FOUND ? QP_OK : rc;
    }
    scrub->report.checkpoints++;
    scrub->report.bytes += row.len;
    rc = qp_note_head(&scrub->log->vkey, row, &checkpoint, &why);
    bool good = rc == QP_OK && checkpoint.size == size && !damaged;
    if (good) {
        rc = qp_merkle_range_hash(&reader, (struct qp_merkle_range){.start = 0, .end = size}, &root,
                                  &why);
        /* A tile that cannot be read is told of with the tiles. */
        good = rc != QP_OK || qp_hash_eq(&root, &checkpoint.root);
    }
    if (rc == QP_E_MEMORY) {
        *err = why;
        return rc;
    }
    if (!good) {
        found(scrub, QP_FAULT_CHECKPOINT, size,
              "the checkpoint of size %" PRIu64 " is not what the log signed", size);
        struct qp_wanted *wanted = want(scrub, size - 1);
        if (wanted != NULL) {
            wanted->note = true;
        }
    }
    return QP_OK;
}

/* The hashes of a full tile give the one above them. */
static bool tile_holds(const struct qp_merkle_reader *reader, uint8_t level, uint64_t tile)
{
    struct qp_hash left;
    struct qp_hash right;
    struct qp_hash above;
    struct qp_err why;
    uint8_t half = (uint8_t)(8 * level + 7);
    if (reader->node(reader->ctx, half, 2 * tile, &left, &why) != QP_OK ||
        reader->node(reader->ctx, half, 2 * tile + 1, &right, &why) != QP_OK ||
        reader->node(reader->ctx, (uint8_t)(half + 1), tile, &above, &why) != QP_OK) {
        return false;
    }
    qp_hash_node(&left, &left, &right);
    return qp_hash_eq(&left, &above);
}

static void look_at_tiles(struct scrub *scrub)
{
    struct qp_merkle_reader reader = qp_tile_reader(scrub->log->tiles);
    struct qp_hash root;
    struct qp_err why;
    uint64_t count = scrub->size / QP_TILE_WIDTH;
    for (uint8_t level = 0; level + 1 < QP_TILE_LEVELS && count > 0; level++) {
        for (uint64_t tile = 0; tile < count; tile++) {
            if (!tile_holds(&reader, level, tile)) {
                found(scrub, QP_FAULT_TILE, QP_NO_ENTRY,
                      "tile %" PRIu64 " of level %u is damaged or missing", tile, level);
            }
            scrub->read += QP_TILE_WIDTH * sizeof root;
            pace(scrub);
        }
        count /= QP_TILE_WIDTH;
    }
    if (scrub->log->head.size == 0) {
        return;
    }
    enum qp_code rc = qp_merkle_range_hash(
        &reader, (struct qp_merkle_range){.start = 0, .end = scrub->log->head.size}, &root, &why);
    if (rc != QP_OK || !qp_hash_eq(&root, &scrub->log->head.root)) {
        found(scrub, QP_FAULT_TILE, QP_NO_ENTRY,
              "the tree does not have the root that the log signed last");
    }
}

/* ---- All of it ---- */

static enum qp_code look(struct scrub *scrub, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    memset(&scrub->report, 0, sizeof scrub->report);
    if (scrub->log->damage.code != QP_OK) {
        found(scrub, QP_FAULT_CHECKPOINT, QP_NO_ENTRY, "%s", scrub->log->damage.text);
    }
    for (uint64_t index = 0; index < scrub->size && rc == QP_OK; index++) {
        uint64_t before = scrub->report.bytes;
        if (index % STEP_ENTRIES == 0) {
            progress(scrub, index);
            rc = qp_store_refresh(scrub->log->store, err);
        }
        qp_arena_reset(&scrub->bench.keep);
        rc = rc == QP_OK ? look_at_entry(scrub, index, err) : rc;
        rc = rc == QP_OK ? look_at_contents(scrub, index, err) : rc;
        rc = rc == QP_OK ? look_at_note(scrub, index + 1, err) : rc;
        scrub->read += scrub->report.bytes - before;
        pace(scrub);
    }
    if (rc == QP_OK) {
        progress(scrub, scrub->size);
        look_at_tiles(scrub);
    }
    return rc;
}

static void pace_audit(void *context, uint64_t done, uint64_t all)
{
    struct scrub *scrub = context;
    uint64_t share = all > 0 ? scrub->report.bytes / all : 0; /* of one entry */
    scrub->read += share * (done - scrub->replayed);
    scrub->replayed = done;
    pace(scrub);
}

static enum qp_code look_at_derived(struct scrub *scrub, bool rebuild, struct qp_err *err)
{
    const struct qp_audit_options options = {
        .rebuild = rebuild, .progress = pace_audit, .context = scrub};
    struct qp_audit_report report = {0};
    scrub->replayed = 0;
    enum qp_code rc = qp_log_audit(scrub->log, &options, &report, err);
    if (rc == QP_OK && report.faults > 0) {
        found(scrub, QP_FAULT_DERIVED, report.first_entry, "%.250s", report.first);
        scrub->report.faults[QP_FAULT_DERIVED] += report.faults - 1;
        scrub->report.faults_all += report.faults - 1;
    }
    return rc;
}

static enum qp_code look_at_all(struct scrub *scrub, struct qp_err *err)
{
    enum qp_code rc = look(scrub, err);
    /* Faults of the tree and of checkpoints the audit would only say again. */
    return rc == QP_OK && scrub->report.faults_all == 0 ? look_at_derived(scrub, false, err) : rc;
}

static enum qp_code find_size(struct scrub *scrub, struct qp_err *err)
{
    /* What is not yet signed is the next open's to check. */
    scrub->size = scrub->log->head.size;
    return scrub->size > 0 ? QP_OK : qp_store_entries(scrub->log->store, &scrub->size, err);
}

static enum qp_code repair(struct scrub *scrub, struct qp_err *err)
{
    struct qp_scrub_report before = scrub->report;
    struct qp_log *log = scrub->log;
    enum qp_code rc = QP_OK;
    if (scrub->wanted.count > 0) {
        rc = qp_repair_from(log, scrub->options->repair_from, &scrub->wanted,
                            before.faults[QP_FAULT_TILE] == 0, err);
        qp_log_forget(log);
        rc = rc == QP_OK ? qp_log_look(log, err) : rc; /* entry 0 may be among them */
        rc = rc == QP_OK ? find_size(scrub, err) : rc;
    }
    scrub->silent = true;
    scrub->wanted.count = 0;
    /* It makes nothing anew while an entry is wrong. */
    rc = rc == QP_OK ? look_at_derived(scrub, true, err) : rc;
    qp_log_forget(log);
    rc = rc == QP_OK ? look_at_all(scrub, err) : rc;
    uint64_t left = scrub->report.faults_all;
    scrub->report = before;
    scrub->report.repaired = left < before.faults_all ? before.faults_all - left : 0;
    return rc;
}

enum qp_code qp_log_scrub(struct qp_log *log, const struct qp_scrub_options *options,
                          struct qp_scrub_report *report, struct qp_err *err)
{
    struct scrub scrub = {.log = log, .options = options, .began_ms = qp_ticks_ms()};
    bool may = log->options.mode == QP_LOG_REPAIR || log->options.mode == QP_LOG_AUDIT;
    if (!may || (options->repair_from != NULL && log->options.mode != QP_LOG_REPAIR)) {
        return qp_fail(err, QP_E_USAGE,
                       "scrubbing needs the ledger open for an audit, repairing "
                       "for repair");
    }
    scrub.ids = qp_alloc(QP_EVENTS_MAX * sizeof *scrub.ids);
    scrub.wanted.list =
        options->repair_from != NULL ? qp_alloc(QP_WANTED_MAX * sizeof *scrub.wanted.list) : NULL;
    enum qp_code rc =
        scrub.ids == NULL || (options->repair_from != NULL && scrub.wanted.list == NULL)
            ? qp_fail(err, QP_E_MEMORY, "no memory to scrub")
            : find_size(&scrub, err);
    rc = rc == QP_OK ? look_at_all(&scrub, err) : rc;
    if (rc == QP_OK && options->repair_from != NULL && scrub.report.faults_all > 0) {
        rc = repair(&scrub, err);
    }
    if (rc == QP_OK) {
        *report = scrub.report;
    }
    qp_arena_wipe(&scrub.bench.keep);
    qp_arena_wipe(&scrub.bench.scratch);
    qp_free(scrub.wanted.list);
    qp_free(scrub.ids);
    return rc;
}
