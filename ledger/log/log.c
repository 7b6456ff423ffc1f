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

static char *join(const char *dir, const char *name)
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
    log->store_dir = join(dir, "store");
    log->anchor_path = join(dir, "anchor");
    log->lock_path = join(dir, "lock");
    return log->dir != NULL && log->store_dir != NULL && log->anchor_path != NULL &&
                   log->lock_path != NULL
               ? QP_OK
               : qp_fail(err, QP_E_MEMORY, "no memory to open a ledger");
}

static enum qp_code new_log(const char *dir, const struct qp_log_options *options,
                            struct qp_log **log, struct qp_err *err)
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

static enum qp_code open_store(struct qp_log *log, bool create, struct qp_err *err)
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
    return rc == QP_E_NOT_FOUND
               ? qp_fail(err, rc, "there is no ledger in %s; name its folder, or make one",
                         log->dir)
               : rc;
}

/* ---- What the log says of itself ---- */

enum qp_code qp_log_identify(struct qp_log *log, struct qp_err *err)
{
    struct qp_row_key key = qp_key_event(0, 0);
    struct qp_span row = {0};
    Qp__Event *event = NULL;
    qp_arena_reset(&log->arena);
    enum qp_code rc = qp_store_get(log->store, QP_TABLE_EVENTS, qp_row_key_span(&key), &row, err);
    if (rc == QP_E_NOT_FOUND) {
        return qp_fail(err, QP_E_STORE,
                       "the ledger %s was never opened: its creation was cut short; nothing was "
                       "acknowledged, so remove the folder and make it again",
                       log->dir);
    }
    rc = rc == QP_OK ? qp_event_decode(row, &log->arena, &event, err) : rc;
    if (rc == QP_E_INPUT || (rc == QP_OK && event->body_case != QP__EVENT__BODY_LEDGER_OPENED)) {
        return qp_fail(err, QP_E_STORE,
                       "event 0 of entry 0 of %s is no opening of a ledger; the "
                       "store is damaged",
                       log->dir);
    }
    if (rc != QP_OK) {
        return rc;
    }
    qp_hash_leaf(&log->ledger_id, row);
    struct qp_public_key log_key;
    memcpy(log_key.bytes, event->ledger_opened->log_key.data, sizeof log_key.bytes);
    return qp_vkey_init(&log->vkey, qp_span_text(event->ledger_opened->origin), QP_VKEY_NOTE,
                        &log_key, err);
}

enum qp_code qp_log_note_check(const struct qp_log *log, struct qp_span bytes,
                               struct qp_checkpoint *checkpoint, struct qp_err *err)
{
    struct qp_note *note = qp_alloc(sizeof *note);
    struct qp_note_verdict verdict;
    if (note == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to check a checkpoint");
    }
    enum qp_code rc = qp_note_parse(bytes, note, err);
    rc = rc == QP_OK ? qp_note_check(note, &log->vkey, 1, &verdict, err) : rc;
    rc = rc == QP_OK ? qp_checkpoint_parse(note->text, checkpoint, err) : rc;
    qp_free(note);
    if (rc == QP_OK && strcmp(checkpoint->origin, log->vkey.name) != 0) {
        rc = qp_fail(err, QP_E_INVALID, "it is of another origin");
    }
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

static enum qp_code check_instance(struct qp_log *log, struct qp_err *err)
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

static enum qp_code check_key(const struct qp_log *log, struct qp_err *err)
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

static enum qp_code open_writer(struct qp_log *log, struct qp_err *err)
{
    enum qp_code rc = qp_anchor_read(log->anchor_path, &log->anchor, err);
    rc = rc == QP_OK ? open_store(log, false, err) : rc;
    rc = rc == QP_OK ? check_instance(log, err) : rc;
    rc = rc == QP_OK ? qp_log_identify(log, err) : rc;
    rc = rc == QP_OK ? check_key(log, err) : rc;
    return rc == QP_OK ? qp_log_recover(log, err) : rc;
}

static enum qp_code open_reader(struct qp_log *log, struct qp_err *err)
{
    enum qp_code rc = open_store(log, false, err);
    rc = rc == QP_OK ? qp_anchor_read(log->anchor_path, &log->anchor, err) : rc;
    rc = rc == QP_OK ? check_instance(log, err) : rc;
    rc = rc == QP_OK ? qp_log_identify(log, err) : rc;
    return rc == QP_OK ? qp_log_refresh(log, err) : rc;
}

/* What is wrong here is for the audit to report, as far as a store can be opened at all. */
static enum qp_code open_audit(struct qp_log *log, struct qp_err *err)
{
    struct qp_checkpoint checkpoint;
    enum qp_code rc = log->options.mode == QP_LOG_REPAIR ? qp_log_lock(log, err) : QP_OK;
    rc = rc == QP_OK ? open_store(log, false, err) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_anchor_read(log->anchor_path, &log->anchor, &log->damage);
    rc = rc == QP_OK ? check_instance(log, &log->damage) : rc;
    rc = rc == QP_OK ? qp_log_identify(log, &log->damage) : rc;
    rc = rc == QP_OK
             ? qp_log_note_check(log, qp_span_buf(&log->anchor.note), &checkpoint, &log->damage)
             : rc;
    if (rc == QP_OK) {
        log->head = (struct qp_merkle_head){.size = checkpoint.size, .root = checkpoint.root};
    } else if (rc == QP_E_MEMORY) {
        return qp_fail(err, rc, "%s", log->damage.text);
    }
    return QP_OK;
}

enum qp_code qp_log_open(const char *dir, const struct qp_log_options *options, struct qp_log **log,
                         struct qp_err *err)
{
    struct qp_log *made = NULL;
    enum qp_code rc = new_log(dir, options, &made, err);
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

/* ---- Creating ---- */

static enum qp_code check_empty(const char *dir, struct qp_err *err)
{
    DIR *folder = opendir(dir);
    if (folder == NULL) {
        return qp_fail_errno(err, errno, "open", dir);
    }
    enum qp_code rc = QP_OK;
    for (const struct dirent *at = readdir(folder); at != NULL && rc == QP_OK;
         at = readdir(folder)) {
        if (strcmp(at->d_name, ".") != 0 && strcmp(at->d_name, "..") != 0) {
            rc = qp_fail(err, QP_E_IO,
                         "%s is not empty (it holds %s); a ledger is made in a folder of its own",
                         dir, at->d_name);
        }
    }
    closedir(folder);
    return rc;
}

static enum qp_code put_instance(void *context, struct qp_writer *writer, struct qp_err *err)
{
    const struct qp_log *log = context;
    return qp_write_put(writer, QP_TABLE_META, QP_PUT_NEW, qp_span_text(QP_META_INSTANCE),
                        qp_span_of(log->anchor.instance, sizeof log->anchor.instance), err);
}

/* The log key of the opening must be the one at hand, or no checkpoint would ever hold. */
static enum qp_code check_opening_key(struct qp_log *log, const struct qp_record *record,
                                      struct qp_err *err)
{
    const Qp__Event *event = record->events[0];
    struct qp_public_key mine;
    qp_key_public(log->options.log_key, &mine);
    if (event == NULL || event->body_case != QP__EVENT__BODY_LEDGER_OPENED) {
        return QP_OK; /* the book says what is wrong with it */
    }
    struct qp_span named = qp_span_bytes(event->ledger_opened->log_key);
    if (!qp_span_eq(named, qp_span_of(mine.bytes, sizeof mine.bytes))) {
        return qp_fail(err, QP_E_INVALID, "the opening names another log key than the one given");
    }
    return qp_key_name_check(qp_span_text(event->ledger_opened->origin), err);
}

static enum qp_code admit_opening(struct qp_log *log, struct qp_span opening,
                                  struct qp_bench *bench, bool *committed, struct qp_err *err)
{
    struct qp_record record = {.bytes = opening};
    struct qp_admitted admitted;
    size_t whole = 0;
    enum qp_code rc = qp_submission_head(opening, &whole, err);
    if (rc == QP_OK && whole != opening.len) {
        rc = qp_fail(err, QP_E_INPUT, "the opening is one submission record and nothing else");
    }
    rc = rc == QP_OK ? qp_record_open(&record, bench, err) : rc;
    rc = rc == QP_OK ? qp_record_check(&record, NULL, bench, err) : rc;
    rc = rc == QP_OK ? check_opening_key(log, &record, err) : rc;
    rc = rc == QP_OK ? qp_book_admit(log->book, &record, qp_log_now(log), &admitted, err) : rc;
    struct qp_book_checkpoint none = {.size = 0};
    QP_LOG_STEP(QP_STEP_BEGIN);
    *committed = rc == QP_OK; /* or it may be */
    rc = rc == QP_OK ? qp_book_write(log->book, &none, err) : rc;
    QP_LOG_STEP(QP_STEP_COMMITTED);
    rc = rc == QP_OK ? qp_book_verify(log->book, err) : rc;
    rc = rc == QP_OK ? qp_log_identify(log, err) : rc;
    return rc == QP_OK ? qp_log_sign(log, err) : rc;
}

/* Take away what creating has made before it was refused, so that it can be tried again. */
static void remove_made(const char *dir)
{
    static const char *const made[] = {"store/data.mdb", "store/lock.mdb", "store", "anchor",
                                       "lock"};
    for (size_t i = 0; i < QP_COUNT(made); i++) {
        char *path = join(dir, made[i]);
        if (path != NULL) {
            (void)remove(path); /* what cannot be removed is named when it is tried again */
        }
        qp_free(path);
    }
}

enum qp_code qp_log_create(const char *dir, struct qp_span opening,
                           const struct qp_log_options *options, struct qp_err *err)
{
    bool began = false;
    bool committed = false;
    struct qp_log *log = NULL;
    struct qp_bench bench = {0};
    uint8_t instance[QP_INSTANCE_BYTES];
    struct qp_log_options writing = *options;
    writing.mode = QP_LOG_WRITE;
    enum qp_code rc = new_log(dir, &writing, &log, err);
    if (rc != QP_OK) {
        return rc;
    }
    QP_ASSERT(log != NULL);
    qp_random(instance, sizeof instance);
    rc = qp_folder_make(dir, 0700, err);
    rc = rc == QP_OK ? check_empty(dir, err) : rc;
    rc = rc == QP_OK ? qp_log_lock(log, err) : rc;
    began = rc == QP_OK;
    /* The anchor first: a store without one is never taken for a new ledger. */
    rc = rc == QP_OK ? qp_anchor_create(log->anchor_path, instance, &log->anchor, err) : rc;
    rc = rc == QP_OK ? qp_folder_make(log->store_dir, 0700, err) : rc;
    rc = rc == QP_OK ? open_store(log, true, err) : rc;
    rc = rc == QP_OK ? qp_store_write(log->store, put_instance, log, err) : rc;
    rc = rc == QP_OK ? qp_book_new(log->store, log->store, log->tiles, &log->book, err) : rc;
    rc = rc == QP_OK ? admit_opening(log, opening, &bench, &committed, err) : rc;
    qp_log_close(log); /* before the bench: the book borrows from it */
    if (rc != QP_OK && began && !committed) {
        remove_made(dir);
    }
    qp_arena_wipe(&bench.keep);
    qp_arena_wipe(&bench.scratch);
    return rc;
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
