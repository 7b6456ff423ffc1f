/* May a ledger sign again that came out of a backup, or that has lost its anchor? */
#include <quipu/backup.h>

#include "core/check.h"
#include "host/file.h"
#include "log/keys.h"
#include "log/log_priv.h"

#include <inttypes.h>
#include <string.h>

#define ANCHOR_FAMILY "quipu anchor "
#define PROOF_FAMILY "c2sp.org/tlog-proof@"
#define BUNDLE_FAMILY "quipu/bundle/v"

/* What a piece of evidence says was signed, or was about to be. */
struct shown {
    struct qp_checkpoint signed_head;
    struct qp_span note;
    bool has_intent;
    struct qp_merkle_head intent;
    /* What the note may be borrowed from. */
    struct qp_anchor anchor;
    struct qp_buf extra;
    struct qp_arena arena;
};

struct resume {
    struct qp_log *log;
    uint64_t size; /* entries in the store */
    struct qp_merkle_head newest;
    struct qp_buf newest_note;
    struct qp_resume_report report;
};

static void shown_wipe(struct shown *shown)
{
    qp_anchor_wipe(&shown->anchor);
    qp_buf_wipe(&shown->extra);
    qp_arena_wipe(&shown->arena);
}

static bool begins(struct qp_span bytes, const char *text)
{
    size_t len = strlen(text);
    return bytes.len >= len && memcmp(bytes.data, text, len) == 0;
}

/* ---- Evidence ---- */

static enum qp_code find_note(const struct qp_evidence *evidence, struct shown *shown,
                              struct qp_err *err)
{
    struct qp_span bytes = evidence->bytes;
    enum qp_code rc = QP_OK;
    if (begins(bytes, ANCHOR_FAMILY)) {
        rc = qp_anchor_parse(evidence->name, bytes, &shown->anchor, err);
        if (rc == QP_OK) {
            shown->note = qp_span_buf(&shown->anchor.note);
            shown->intent = (struct qp_merkle_head){.size = shown->anchor.intent_size,
                                                    .root = shown->anchor.intent_root};
            shown->has_intent = true;
        }
    } else if (begins(bytes, PROOF_FAMILY)) {
        struct qp_tlog_proof *proof = qp_alloc(sizeof *proof);
        rc = proof != NULL ? qp_tlog_proof_decode(bytes, proof, &shown->extra, err)
                           : qp_fail(err, QP_E_MEMORY, "no memory to read a receipt");
        if (rc == QP_OK) {
            shown->note = proof->checkpoint;
        }
        qp_free(proof);
    } else if (begins(bytes, BUNDLE_FAMILY)) {
        Qp__Bundle *bundle = NULL;
        rc = qp_bundle_decode(bytes, &shown->arena, &bundle, err);
        if (rc == QP_OK) {
            shown->note = qp_span_bytes(bundle->checkpoint);
        }
    } else {
        shown->note = bytes;
    }
    return rc == QP_E_STORE ? QP_E_INPUT : rc;
}

static enum qp_code beyond(const struct resume *resume, const char *name, uint64_t size,
                           struct qp_err *err)
{
    return qp_fail(err, QP_E_INVALID,
                   "%.80s: %" PRIu64 " entries were signed, this ledger has %" PRIu64
                   "; restore a newer backup, or open a new ledger that goes on from this one",
                   name, size, resume->size);
}

/* Is the head one of this ledger's own history? */
static enum qp_code check_head(struct resume *resume, const char *name,
                               const struct qp_merkle_head *head, struct qp_err *err)
{
    struct qp_hash root;
    struct qp_merkle_reader reader = qp_tile_reader(resume->log->tiles);
    if (head->size > resume->size) {
        return beyond(resume, name, head->size, err);
    }
    enum qp_code rc = qp_merkle_range_hash(
        &reader, (struct qp_merkle_range){.start = 0, .end = head->size}, &root, err);
    if (rc == QP_OK && !qp_hash_eq(&root, &head->root)) {
        rc = qp_fail(err, QP_E_INVALID,
                     "%.80s: another history was signed at size %" PRIu64
                     "; this ledger must never sign again: open a new one that goes on from the "
                     "true one",
                     name, head->size);
    }
    return rc;
}

static enum qp_code take_note(struct resume *resume, const char *name, struct qp_span note,
                              struct qp_err *err)
{
    struct qp_checkpoint checkpoint;
    enum qp_code rc = qp_note_head(&resume->log->vkey, note, &checkpoint, err);
    if (rc == QP_E_INPUT || rc == QP_E_INVALID) {
        return qp_prefix(err, rc, "%.80s shows no checkpoint of this ledger", name);
    }
    struct qp_merkle_head head = {.size = checkpoint.size, .root = checkpoint.root};
    rc = rc == QP_OK ? check_head(resume, name, &head, err) : rc;
    if (rc == QP_OK && head.size > resume->newest.size) {
        resume->newest = head;
        resume->newest_note.len = 0;
        rc = qp_buf_add(&resume->newest_note, note, err);
    }
    return rc;
}

static enum qp_code take_evidence(struct resume *resume, const struct qp_evidence *evidence,
                                  struct qp_err *err)
{
    struct shown shown = {.has_intent = false};
    enum qp_code rc = find_note(evidence, &shown, err);
    rc = rc == QP_OK ? take_note(resume, evidence->name, shown.note, err) : rc;
    if (rc == QP_OK && shown.has_intent) {
        rc = check_head(resume, evidence->name, &shown.intent, err);
    }
    shown_wipe(&shown);
    if (rc == QP_OK &&
        (resume->report.newest_name == NULL || resume->newest.size > resume->report.newest)) {
        resume->report.newest = resume->newest.size;
        resume->report.newest_name = evidence->name;
    }
    return rc;
}

/* ---- The ledger ---- */

/* The newest checkpoint that the ledger itself still has; where there is none, the evidence is all.
 */
static enum qp_code take_own(struct resume *resume, struct qp_err *err)
{
    struct qp_log *log = resume->log;
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    enum qp_code rc = qp_cursor_open(log->store, QP_TABLE_CHECKPOINTS, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_below(cursor, qp_span_of(NULL, 0), &row, err) : rc;
    if (rc == QP_OK && row.found) {
        rc = take_note(resume, log->store_dir, row.value, err);
    }
    qp_cursor_close(cursor);
    return rc == QP_OK && log->anchor.note.len > 0
               ? take_note(resume, log->anchor_path, qp_span_buf(&log->anchor.note), err)
               : rc;
}

static enum qp_code open_it(struct resume *resume, struct qp_err *err)
{
    struct qp_log *log = resume->log;
    struct qp_err why;
    enum qp_code rc = qp_log_lock(log, err);
    rc = rc == QP_OK ? qp_log_open_store(log, false, err) : rc;
    rc = rc == QP_OK ? qp_log_identify(log, err) : rc;
    rc = rc == QP_OK ? qp_log_check_key(log, err) : rc;
    rc = rc == QP_OK ? qp_store_entries(log->store, &resume->size, err) : rc;
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_anchor_read(log->anchor_path, &log->anchor, &why);
    if (rc == QP_OK) {
        rc = qp_log_check_instance(log, err);
        if (rc == QP_OK && !log->anchor.restored) {
            rc = qp_fail(err, QP_E_USAGE, "%.200s signs already; there is nothing to resume",
                         log->dir);
        }
        return rc == QP_OK && log->anchor.note.len == 0
                   ? qp_fail(err, QP_E_STORE,
                             "the restoration of %.150s was cut short; remove the folder and "
                             "restore again",
                             log->dir)
                   : rc;
    }
    if (rc != QP_E_STORE) { /* it cannot be read; whether it is good is not known */
        *err = why;
        return rc;
    }
    /* Lost or damaged: the store knows whose it is. */
    struct qp_span instance = {0};
    rc = qp_store_get(log->store, QP_TABLE_META, qp_span_text(QP_META_INSTANCE), &instance, err);
    if (rc != QP_OK || instance.len != sizeof log->anchor.instance) {
        return rc == QP_OK || rc == QP_E_NOT_FOUND
                   ? qp_fail(err, QP_E_STORE, "the store of %.200s is damaged; restore a backup",
                             log->dir)
                   : rc;
    }
    memcpy(log->anchor.instance, instance.data, instance.len);
    return QP_OK;
}

/* When the last entry under the newest checkpoint came. */
static enum qp_code find_time(struct resume *resume, struct qp_err *err)
{
    struct qp_bench bench = {0};
    struct qp_record record;
    Qp__Entry *entry = NULL;
    enum qp_code rc = resume->report.newest == 0
                          ? QP_OK
                          : qp_record_load(&record, resume->log->store, resume->report.newest - 1,
                                           &bench, &entry, err);
    if (rc == QP_OK && entry != NULL) {
        resume->report.newest_ms = entry->admitted_ms;
    }
    qp_arena_wipe(&bench.keep);
    qp_arena_wipe(&bench.scratch);
    return rc;
}

static enum qp_code run(struct resume *resume, const struct qp_evidence *evidence, size_t count,
                        struct qp_err *err)
{
    struct qp_log *log = resume->log;
    enum qp_code rc = open_it(resume, err);
    for (size_t i = 0; i < count && rc == QP_OK; i++) {
        rc = take_evidence(resume, &evidence[i], err);
    }
    rc = rc == QP_OK ? find_time(resume, err) : rc;
    rc = rc == QP_OK ? take_own(resume, err) : rc;
    return rc == QP_OK ? qp_anchor_settle(log->anchor_path, &log->anchor, false, &resume->newest,
                                          qp_span_buf(&resume->newest_note), err)
                       : rc;
}

enum qp_code qp_log_resume(const char *dir, const struct qp_log_options *options,
                           const struct qp_evidence *evidence, size_t evidence_count,
                           struct qp_resume_report *report, struct qp_err *err)
{
    struct resume resume = {.size = 0};
    struct qp_log_options writing = *options;
    struct qp_log *opened = NULL;
    writing.mode = QP_LOG_WRITE;
    if (evidence_count == 0) {
        return qp_fail(err, QP_E_USAGE,
                       "show the newest checkpoint that is known anywhere: the lost ledger's "
                       "anchor, a checkpoint, a receipt or a bundle");
    }
    enum qp_code rc = qp_log_new(dir, &writing, &resume.log, err);
    rc = rc == QP_OK ? run(&resume, evidence, evidence_count, err) : rc;
    qp_log_close(resume.log);
    qp_buf_wipe(&resume.newest_note);
    /* The rest is what happens at every open: the one way of recovery. */
    rc = rc == QP_OK ? qp_log_open(dir, &writing, &opened, err) : rc;
    if (rc == QP_OK) {
        *report = resume.report;
        report->entries = qp_log_size(opened);
    }
    qp_log_close(opened);
    return rc;
}
