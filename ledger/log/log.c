#include "log/log_priv.h"

#include "core/check.h"
#include "host/clock.h"
#include "host/file.h"
#include "log/keys.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t qp_log_now(const struct qp_log *log)
{
    return log->options.now_ms != NULL ? log->options.now_ms(log->options.now_context)
                                       : qp_now_ms();
}

char *qp_log_join(const char *dir, const char *name)
{
    size_t size = strlen(dir) + 1 + strlen(name) + 1;
    char *path = qp_alloc(size);
    if (path != NULL) {
        (void)snprintf(path, size, "%s/%s", dir, name);
    }
    return path;
}

enum qp_code qp_log_paths(struct qp_log *log, const char *dir, struct qp_err *err)
{
    log->dir = qp_copy_text(dir);
    log->store_dir = qp_log_join(dir, "store");
    log->anchor_path = qp_log_join(dir, "anchor");
    log->lock_path = qp_log_join(dir, "lock");
    return log->dir != NULL && log->store_dir != NULL && log->anchor_path != NULL &&
                   log->lock_path != NULL
               ? QP_OK
               : qp_fail(err, QP_E_MEMORY, "no memory to open a ledger");
}

enum qp_code qp_log_new(const char *dir, const struct qp_log_options *options, struct qp_log **log,
                        struct qp_err *err)
{
    if (options->mode == QP_LOG_WRITE && options->log_key == NULL) {
        return qp_fail(err, QP_E_USAGE, "writing to a ledger needs the log's key");
    }
    struct qp_log *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to open a ledger");
    }
    made->options = *options;
    made->lock = -1;
    made->tiles = qp_alloc_zero(1, sizeof *made->tiles);
    made->known = qp_alloc_zero(1, sizeof *made->known);
    enum qp_code rc = made->tiles == NULL || made->known == NULL
                          ? qp_fail(err, QP_E_MEMORY, "no memory to open a ledger")
                          : qp_log_paths(made, dir, err);
    if (rc != QP_OK) {
        qp_log_close(made);
        return rc;
    }
    *log = made;
    return QP_OK;
}

void qp_log_close(struct qp_log *log)
{
    if (log == NULL) {
        return;
    }
    qp_pool_free(log->pool);
    qp_book_free(log->book);
    qp_store_close(log->store);
    qp_anchor_wipe(&log->anchor);
    qp_lock_release(&log->lock);
    qp_arena_wipe(&log->arena);
    qp_buf_wipe(&log->borrowed);
    qp_free(log->tiles);
    qp_free(log->known);
    qp_free(log->dir);
    qp_free(log->store_dir);
    qp_free(log->anchor_path);
    qp_free(log->lock_path);
    qp_free(log);
}

enum qp_code qp_log_open_store(struct qp_log *log, bool create, struct qp_err *err)
{
    struct qp_store_options options = {.write = log->options.mode == QP_LOG_WRITE ||
                                                log->options.mode == QP_LOG_REPAIR,
                                       .create = create,
                                       .map_bytes_first = log->options.map_bytes_first,
                                       .map_bytes_max = log->options.map_bytes_max};
    options.alone = !options.write && !create && !qp_store_may_lock(log->store_dir);
    enum qp_code rc = options.alone ? qp_log_keep_writers_out(log, err) : QP_OK;
    rc = rc == QP_OK ? qp_store_open(log->store_dir, &options, &log->store, err) : rc;
    log->tiles->store = log->store;
    if (rc == QP_OK) { /* what looks for damage has to see it */
        qp_store_bear_damage(log->store, log->options.mode == QP_LOG_AUDIT ||
                                             log->options.mode == QP_LOG_REPAIR);
    }
    return rc == QP_E_NOT_FOUND
               ? qp_fail(err, rc, "there is no ledger in %s; name its folder, or make one",
                         log->dir)
               : rc;
}

void qp_log_forget(struct qp_log *log)
{
    memset(log->tiles, 0, sizeof *log->tiles);
    log->tiles->store = log->store;
    log->known->valid = false;
    memset(log->ranges, 0, sizeof log->ranges);
}

/* ---- What the log says of itself ---- */

enum qp_code qp_opening_read(struct qp_span bytes, struct qp_arena *arena,
                             struct qp_hash *ledger_id, struct qp_vkey *vkey, struct qp_err *err)
{
    Qp__Event *event = NULL;
    enum qp_code rc = qp_event_decode(bytes, arena, &event, err);
    if (rc == QP_OK && event->body_case != QP__EVENT__BODY_LEDGER_OPENED) {
        rc = qp_fail(err, QP_E_INPUT, "event 0 of entry 0 is no opening of a ledger");
    }
    if (rc != QP_OK) {
        return rc;
    }
    qp_hash_leaf(ledger_id, bytes);
    struct qp_public_key log_key;
    memcpy(log_key.bytes, event->ledger_opened->log_key.data, sizeof log_key.bytes);
    return qp_vkey_init(vkey, qp_span_text(event->ledger_opened->origin), QP_VKEY_NOTE, &log_key,
                        err);
}

enum qp_code qp_log_identify(struct qp_log *log, struct qp_err *err)
{
    struct qp_row_key key = qp_key_event(0, 0);
    struct qp_span row = {0};
    qp_arena_reset(&log->arena);
    enum qp_code rc = qp_store_get(log->store, QP_TABLE_EVENTS, qp_row_key_span(&key), &row, err);
    if (rc == QP_E_NOT_FOUND) {
        return qp_fail(err, QP_E_STORE,
                       "the ledger %s was never opened: its creation was cut short; nothing was "
                       "acknowledged, so remove the folder and make it again",
                       log->dir);
    }
    rc = rc == QP_OK ? qp_opening_read(row, &log->arena, &log->ledger_id, &log->vkey, err) : rc;
    return rc == QP_E_INPUT ? qp_fail(err, QP_E_STORE,
                                      "event 0 of entry 0 of %s is no opening of a ledger; the "
                                      "store is damaged",
                                      log->dir)
                            : rc;
}

enum qp_code qp_note_head(const struct qp_vkey *vkey, struct qp_span bytes,
                          struct qp_checkpoint *checkpoint, struct qp_err *err)
{
    struct qp_note *note = qp_alloc(sizeof *note);
    struct qp_note_verdict verdict;
    if (note == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to check a checkpoint");
    }
    enum qp_code rc = qp_note_parse(bytes, note, err);
    rc = rc == QP_OK ? qp_note_check(note, vkey, 1, &verdict, err) : rc;
    rc = rc == QP_OK ? qp_checkpoint_parse(note->text, checkpoint, err) : rc;
    qp_free(note);
    if (rc == QP_OK && strcmp(checkpoint->origin, vkey->name) != 0) {
        rc = qp_fail(err, QP_E_INVALID, "it is of another origin");
    }
    return rc;
}

enum qp_code qp_log_note_check(const struct qp_log *log, struct qp_span bytes,
                               struct qp_checkpoint *checkpoint, struct qp_err *err)
{
    enum qp_code rc = qp_note_head(&log->vkey, bytes, checkpoint, err);
    if (rc == QP_E_INPUT || rc == QP_E_INVALID) {
        qp_prefix(err, rc, "a stored checkpoint does not hold");
        return QP_E_STORE;
    }
    return rc;
}

/* A reader meets a writer between commit and signature: its view is one group ahead of the anchor
 * then. It looks again rather than show a state that is not signed; a writer that died in between
 * leaves it no choice. */
#define LOOKS 40

static void wait_a_little(int look)
{
    struct timespec pause = {.tv_sec = 0, .tv_nsec = look < LOOKS / 2 ? 1000000 : 10000000};
    nanosleep(&pause, NULL);
}

enum qp_code qp_log_adopt(struct qp_log *log, struct qp_err *err)
{
    struct qp_checkpoint checkpoint = {.size = 0};
    enum qp_code rc = qp_log_note_check(log, qp_span_buf(&log->anchor.note), &checkpoint, err);
    if (rc != QP_OK) {
        return rc;
    }
    uint64_t size = 0;
    rc = qp_store_entries(log->store, &size, err);
    if (rc == QP_OK && checkpoint.size > size) {
        rc = qp_fail(err, QP_E_STORE,
                     "the store of %s has %" PRIu64 " entries, but %" PRIu64
                     " were signed: it is an older copy, or damaged; restore the newest one",
                     log->dir, size, checkpoint.size);
    }
    struct qp_hash root;
    struct qp_merkle_reader reader = qp_tile_reader(log->tiles);
    rc = rc == QP_OK
             ? qp_merkle_range_hash(&reader,
                                    (struct qp_merkle_range){.start = 0, .end = checkpoint.size},
                                    &root, err)
             : rc;
    if (rc == QP_OK && !qp_hash_eq(&root, &checkpoint.root)) {
        rc = qp_fail(err, QP_E_STORE,
                     "the tree of %s at size %" PRIu64
                     " has another root than the checkpoint that was signed; run an audit",
                     log->dir, checkpoint.size);
    }
    if (rc == QP_OK) {
        log->head = (struct qp_merkle_head){.size = checkpoint.size, .root = checkpoint.root};
    }
    return rc;
}

enum qp_code qp_log_refresh(struct qp_log *log, struct qp_err *err)
{
    if (log->options.mode != QP_LOG_READ) {
        return QP_OK; /* a writer sees what it wrote, an audit what it opened */
    }
    enum qp_code rc = QP_OK;
    for (int look = 0; look < LOOKS && rc == QP_OK; look++) {
        uint64_t size = 0;
        rc = qp_anchor_read(log->anchor_path, &log->anchor, err);
        rc = rc == QP_OK ? qp_store_refresh(log->store, err) : rc;
        rc = rc == QP_OK ? qp_store_entries(log->store, &size, err) : rc;
        struct qp_checkpoint checkpoint = {.size = 0};
        if (rc == QP_OK && size == 0) {
            return qp_log_identify(log, err); /* says so */
        }
        if (rc == QP_OK && log->anchor.note.len > 0) {
            rc = qp_log_note_check(log, qp_span_buf(&log->anchor.note), &checkpoint, err);
        }
        if (rc == QP_OK && checkpoint.size == size) {
            break;
        }
        wait_a_little(look);
    }
    if (rc == QP_OK && log->anchor.note.len == 0) {
        rc =
            qp_fail(err, QP_E_STORE,
                    "the ledger %s has no checkpoint yet: its creation was cut short; open it once "
                    "for writing",
                    log->dir);
    }
    return rc == QP_OK ? qp_log_adopt(log, err) : rc;
}

/* ---- Opening ---- */

enum qp_code qp_log_check_instance(struct qp_log *log, struct qp_err *err)
{
    struct qp_span instance = {0};
    enum qp_code rc =
        qp_store_get(log->store, QP_TABLE_META, qp_span_text(QP_META_INSTANCE), &instance, err);
    if (rc != QP_OK && rc != QP_E_NOT_FOUND) {
        return rc;
    }
    if (rc == QP_E_NOT_FOUND ||
        !qp_span_eq(instance, qp_span_of(log->anchor.instance, sizeof log->anchor.instance))) {
        return qp_fail(err, QP_E_STORE,
                       "%s is not the anchor of the store beside it; put back the one that is",
                       log->anchor_path);
    }
    return QP_OK;
}

enum qp_code qp_log_check_key(const struct qp_log *log, struct qp_err *err)
{
    struct qp_public_key mine;
    qp_key_public(log->options.log_key, &mine);
    return qp_public_key_eq(&mine, &log->vkey.key)
               ? QP_OK
               : qp_fail(err, QP_E_INVALID,
                         "this is not the log key of %s; give the one that was named when the "
                         "ledger was opened",
                         log->vkey.name);
}

static enum qp_code check_restored(const struct qp_log *log, struct qp_err *err)
{
    if (!log->anchor.restored) {
        return QP_OK;
    }
    return log->anchor.note.len == 0
               ? qp_fail(err, QP_E_STORE,
                         "the restoration of %s was cut short; remove the folder and restore again",
                         log->dir)
               : qp_fail(err, QP_E_STORE,
                         "%s came out of a backup and signs nothing yet: quipu resume holds it "
                         "against the newest checkpoint that was handed out",
                         log->dir);
}

static enum qp_code open_writer(struct qp_log *log, struct qp_err *err)
{
    enum qp_code rc = qp_anchor_read(log->anchor_path, &log->anchor, err);
    rc = rc == QP_OK ? check_restored(log, err) : rc;
    rc = rc == QP_OK ? qp_log_open_store(log, false, err) : rc;
    rc = rc == QP_OK ? qp_log_check_instance(log, err) : rc;
    rc = rc == QP_OK ? qp_log_identify(log, err) : rc;
    rc = rc == QP_OK ? qp_log_check_key(log, err) : rc;
    return rc == QP_OK ? qp_log_recover(log, err) : rc;
}

static enum qp_code open_reader(struct qp_log *log, struct qp_err *err)
{
    enum qp_code rc = qp_log_open_store(log, false, err);
    rc = rc == QP_OK ? qp_anchor_read(log->anchor_path, &log->anchor, err) : rc;
    if (rc == QP_OK && log->anchor.restored && log->anchor.note.len == 0) {
        rc = check_restored(log, err);
    }
    rc = rc == QP_OK ? qp_log_check_instance(log, err) : rc;
    rc = rc == QP_OK ? qp_log_identify(log, err) : rc;
    return rc == QP_OK ? qp_log_refresh(log, err) : rc;
}

enum qp_code qp_log_look(struct qp_log *log, struct qp_err *err)
{
    struct qp_checkpoint checkpoint;
    qp_err_init(&log->damage);
    enum qp_code rc = qp_anchor_read(log->anchor_path, &log->anchor, &log->damage);
    rc = rc == QP_OK ? qp_log_check_instance(log, &log->damage) : rc;
    rc = rc == QP_OK ? qp_log_identify(log, &log->damage) : rc;
    rc = rc == QP_OK
             ? qp_log_note_check(log, qp_span_buf(&log->anchor.note), &checkpoint, &log->damage)
             : rc;
    if (rc == QP_OK) {
        log->head = (struct qp_merkle_head){.size = checkpoint.size, .root = checkpoint.root};
    }
    /* What could not be read is not damaged for that. */
    bool machine = rc == QP_E_MEMORY || rc == QP_E_IO || rc == QP_E_BUSY || rc == QP_E_FULL;
    return machine ? qp_fail(err, rc, "%s", log->damage.text) : QP_OK;
}

static enum qp_code open_audit(struct qp_log *log, struct qp_err *err)
{
    enum qp_code rc = log->options.mode == QP_LOG_REPAIR ? qp_log_lock(log, err) : QP_OK;
    rc = rc == QP_OK ? qp_log_open_store(log, false, err) : rc;
    return rc == QP_OK ? qp_log_look(log, err) : rc;
}

enum qp_code qp_log_open(const char *dir, const struct qp_log_options *options, struct qp_log **log,
                         struct qp_err *err)
{
    struct qp_log *made = NULL;
    enum qp_code rc = qp_log_new(dir, options, &made, err);
    if (rc != QP_OK) {
        return rc;
    }
    QP_ASSERT(made != NULL);
    bool there = false;
    rc = qp_file_exists(made->store_dir, &there, err);
    if (rc == QP_OK && !there) {
        rc = qp_fail(err, QP_E_NOT_FOUND, "there is no ledger in %s; name its folder, or make one",
                     dir);
    }
    if (rc == QP_OK && options->mode == QP_LOG_WRITE) {
        rc = qp_log_lock(made, err);
        rc = rc == QP_OK ? open_writer(made, err) : rc;
    } else if (rc == QP_OK && options->mode == QP_LOG_READ) {
        rc = open_reader(made, err);
    } else if (rc == QP_OK) {
        rc = open_audit(made, err);
    }
    if (rc != QP_OK) {
        qp_log_close(made);
        return rc;
    }
    *log = made;
    return QP_OK;
}

/* ---- Asking ---- */

uint64_t qp_log_size(const struct qp_log *log)
{
    return log->head.size;
}

void qp_log_ledger_id(const struct qp_log *log, struct qp_hash *ledger_id)
{
    *ledger_id = log->ledger_id;
}

const char *qp_log_origin(const struct qp_log *log)
{
    return log->vkey.name;
}

enum qp_code qp_log_checkpoint(struct qp_log *log, struct qp_buf *out, struct qp_err *err)
{
    return qp_buf_add(out, qp_span_buf(&log->anchor.note), err);
}
