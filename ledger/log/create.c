/* Making a ledger: its folder, its store, its anchor; and the opening of a new one. */
#include "log/log_priv.h"

#include "core/check.h"
#include "host/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum qp_code check_empty(const char *dir, struct qp_err *err)
{
    DIR *folder = opendir(dir);
    if (folder == NULL) {
        return qp_fail_errno(err, errno, "open", dir);
    }
    const char *name = NULL;
    enum qp_code rc = qp_folder_next(folder, dir, &name, err);
    while (rc == QP_OK && name != NULL) {
        rc = strcmp(name, ".") == 0 || strcmp(name, "..") == 0
                 ? qp_folder_next(folder, dir, &name, err)
                 : qp_fail(err, QP_E_IO,
                           "%s is not empty (it holds %s); a ledger is made in a folder of its own",
                           dir, name);
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

/* Take away what making has made before it failed, so that it can be tried again. */
void qp_log_unmake(const char *dir)
{
    static const char *const made[] = {"store/data.mdb", "store/lock.mdb", "store", "anchor",
                                       "lock"};
    for (size_t i = 0; i < QP_COUNT(made); i++) {
        char *path = qp_log_join(dir, made[i]);
        if (path != NULL) {
            (void)remove(path); /* what cannot be removed is named when it is tried again */
        }
        qp_free(path);
    }
}

enum qp_code qp_log_make(const char *dir, const struct qp_log_options *options, bool restored,
                         bool *began, struct qp_log **log, struct qp_err *err)
{
    struct qp_log *made = NULL;
    uint8_t instance[QP_INSTANCE_BYTES];
    *began = false;
    enum qp_code rc = qp_log_new(dir, options, &made, err);
    if (rc != QP_OK) {
        return rc;
    }
    QP_ASSERT(made != NULL);
    qp_random(instance, sizeof instance);
    rc = qp_folder_make(dir, 0700, err);
    rc = rc == QP_OK ? check_empty(dir, err) : rc;
    bool empty = rc == QP_OK;
    rc = empty ? qp_log_lock(made, err) : rc;
    /* What is there now is ours, the lock's file too when the system would not lock it. */
    *began = empty && rc != QP_E_BUSY;
    /* The anchor first: a store without one is never taken for a new ledger. */
    rc = rc == QP_OK ? qp_anchor_create(made->anchor_path, instance, restored, &made->anchor, err)
                     : rc;
    rc = rc == QP_OK ? qp_folder_make(made->store_dir, 0700, err) : rc;
    rc = rc == QP_OK ? qp_log_open_store(made, true, err) : rc;
    rc = rc == QP_OK ? qp_store_write(made->store, put_instance, made, err) : rc;
    rc = rc == QP_OK ? qp_book_new(made->store, made->store, made->tiles, &made->book, err) : rc;
    if (rc != QP_OK) {
        qp_log_close(made);
        return rc;
    }
    *log = made;
    return QP_OK;
}

enum qp_code qp_log_create(const char *dir, struct qp_span opening,
                           const struct qp_log_options *options, struct qp_err *err)
{
    bool began = false;
    bool committed = false;
    struct qp_log *log = NULL;
    struct qp_bench bench = {0};
    struct qp_log_options writing = *options;
    writing.mode = QP_LOG_WRITE;
    enum qp_code rc = qp_log_make(dir, &writing, false, &began, &log, err);
    rc = rc == QP_OK ? admit_opening(log, opening, &bench, &committed, err) : rc;
    qp_log_close(log); /* before the bench: the book borrows from it */
    if (rc != QP_OK && began && !committed) {
        qp_log_unmake(dir);
    }
    qp_arena_wipe(&bench.keep);
    qp_arena_wipe(&bench.scratch);
    return rc;
}
