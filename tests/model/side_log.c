/* A real ledger in a folder: statements are signed, submitted in groups, and the log is closed,
 * opened again and audited. */
#include "model/story.h"

#include "log/view.h"

#include <quipu/log.h>
#include <quipu/merkle.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a key has in the log. */
struct chain {
    uint64_t next; /* the sequence after that of its last statement */
    struct qp_hash link;
};

struct on_disk {
    struct side side;
    char top[64];
    char dir[80];
    unsigned made; /* ledgers */
    struct qp_key *log_key;
    struct qp_log *log; /* NULL: not created yet */
    struct qp_hash ledger_id;
    struct chain chains[QP_COUNT(world_keys)];
    struct qp_arena arena;
    uint64_t now_ms;
    struct answer *answers; /* of the submission that runs */
    struct qp_err errors[STORY_BATCH];
    char fault[QP_ERR_TEXT_BYTES];
};

static void must(enum qp_code rc, const struct qp_err *err)
{
    if (rc != QP_OK) {
        fprintf(stderr, "log: %s %s (%s)\n", err->rule, err->text, qp_code_name(rc));
        abort();
    }
}

static uint64_t clock_of(void *context)
{
    return ((struct on_disk *)context)->now_ms;
}

static struct qp_log_options options_of(struct on_disk *disk, enum qp_log_mode mode)
{
    return (struct qp_log_options){.mode = mode,
                                   .log_key = mode == QP_LOG_WRITE ? disk->log_key : NULL,
                                   .map_bytes_first = 1024 * 1024,
                                   .threads = 1,
                                   .now_ms = clock_of,
                                   .now_context = disk};
}

static void open_log(struct on_disk *disk, enum qp_log_mode mode)
{
    struct qp_err err;
    struct qp_log_options options = options_of(disk, mode);
    must(qp_log_open(disk->dir, &options, &disk->log, &err), &err);
}

static void remove_all(const char *path)
{
    DIR *dir = opendir(path);
    for (const struct dirent *at = dir == NULL ? NULL : readdir(dir); at != NULL;
         at = readdir(dir)) {
        char below_[512];
        if (strcmp(at->d_name, ".") != 0 && strcmp(at->d_name, "..") != 0) {
            snprintf(below_, sizeof below_, "%s/%s", path, at->d_name);
            remove_all(below_);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    (void)remove(path);
}

static void reset(void *context)
{
    struct on_disk *disk = context;
    qp_log_close(disk->log);
    disk->log = NULL;
    remove_all(disk->dir);
    snprintf(disk->dir, sizeof disk->dir, "%s/%u", disk->top, ++disk->made);
    memset(disk->chains, 0, sizeof disk->chains);
}

/* ---- Signing ---- */

static ProtobufCBinaryData borrow(const void *bytes, size_t len)
{
    return qp_bytes_span(qp_span_of(bytes, len));
}

/* The statement as a submission record. `chain` is as if it were admitted. */
static void sign(struct on_disk *disk, const struct statement *told, struct chain *chain,
                 struct qp_buf *out)
{
    const struct world_key *key = world_key_find(told->issuer);
    struct qp_err err;
    struct qp_hash ids[STORY_EVENTS];
    struct qp_hash root;
    struct qp_signature signature;
    struct qp_buf bytes = {0};
    ProtobufCBinaryData events[STORY_EVENTS];
    Qp__Statement statement = QP__STATEMENT__INIT;
    Qp__Submission submission = QP__SUBMISSION__INIT;
    for (size_t i = 0; i < told->count; i++) {
        ids[i] = told->events[i].id;
        events[i] = qp_bytes_span(told->events[i].bytes);
    }
    qp_merkle_root(ids, told->count, &root);
    statement.format = 1;
    statement.ledger_id = qp_hash_bytes(&disk->ledger_id);
    statement.algorithm = QP__ALGORITHM__ALGORITHM_ED25519;
    statement.issuer = borrow(told->issuer, 32);
    statement.sequence = told->sequence;
    statement.given_up = (uint32_t)(told->sequence - chain->next);
    statement.previous = qp_hash_bytes(&chain->link);
    statement.issued_ms = told->admitted_ms;
    statement.event_count = (uint32_t)told->count;
    statement.event_root = qp_hash_bytes(&root);
    must(qp_wire_encode(&qp_rule_statement, &statement, &disk->arena, &bytes, &err), &err);
    must(qp_sign(key->secret, qp_span_text(QP_STATEMENT_DOMAIN), qp_span_buf(&bytes), &signature,
                 &err),
         &err);
    submission.statement = qp_bytes_span(qp_span_buf(&bytes));
    submission.signature = borrow(signature.bytes, sizeof signature.bytes);
    submission.n_events = told->count;
    submission.events = events;
    must(qp_submission_encode(&submission, &disk->arena, out, &err), &err);
    qp_hash_statement(&chain->link, qp_span_buf(&bytes));
    chain->next = told->sequence + 1;
    qp_buf_wipe(&bytes);
}

/* ---- Submitting ---- */

static void set_answer(struct on_disk *disk, size_t i, enum qp_code rc, const struct qp_err *err)
{
    disk->answers[i] = (struct answer){0};
    if (rc != QP_OK) {
        disk->errors[i] = *err;
        disk->answers[i].code = rc == QP_E_REFUSED ? disk->errors[i].rule : disk->errors[i].text;
    }
}

static void create(struct on_disk *disk, const struct statement *opening)
{
    struct qp_err err;
    struct qp_buf record = {0};
    struct qp_log_options options = options_of(disk, QP_LOG_WRITE);
    struct chain *chain = &disk->chains[world_key_find(opening->issuer) - world_keys];
    const uint8_t *log_key = opening->events[0].event->ledger_opened->log_key.data;
    disk->log_key = world_key_find(log_key)->secret;
    options.log_key = disk->log_key;
    disk->ledger_id = opening->events[0].id;
    sign(disk, opening, chain, &record);
    enum qp_code rc = qp_log_create(disk->dir, qp_span_buf(&record), &options, &err);
    set_answer(disk, 0, rc, &err);
    if (rc == QP_OK) {
        open_log(disk, QP_LOG_WRITE);
    }
    qp_buf_wipe(&record);
}

struct feed {
    struct qp_span left;
};

static enum qp_code feed_read(void *context, uint8_t *bytes, size_t len, size_t *got,
                              struct qp_err *err)
{
    struct feed *feed = context;
    (void)err;
    *got = len < feed->left.len ? len : feed->left.len;
    if (*got > 0) {
        memcpy(bytes, feed->left.data, *got);
        feed->left = qp_span_of(feed->left.data + *got, feed->left.len - *got);
    }
    return QP_OK;
}

static enum qp_code done(void *context, const struct qp_submitted *submitted, struct qp_err *err)
{
    (void)err;
    set_answer(context, submitted->record, submitted->code, submitted->err);
    return QP_OK;
}

static void submit(void *context, const struct statement *const *statements, size_t count,
                   struct answer *answers)
{
    struct on_disk *disk = context;
    struct qp_err err;
    struct qp_buf records = {0};
    qp_arena_reset(&disk->arena);
    disk->answers = answers;
    disk->now_ms = statements[0]->admitted_ms;
    if (disk->log == NULL) {
        bool opening = statements[0]->events[0].event->body_case == QP__EVENT__BODY_LEDGER_OPENED;
        for (size_t i = 0; i < count; i++) {
            answers[i] = (struct answer){.code = "QP-KEY-UNKNOWN"}; /* where there is no ledger */
        }
        if (opening) {
            create(disk, statements[0]);
        }
        return;
    }
    if (statements[0]->index % 16 == 0) {
        qp_log_close(disk->log);
        open_log(disk, QP_LOG_WRITE);
    }
    for (size_t i = 0; i < count; i++) {
        struct chain *chain = &disk->chains[world_key_find(statements[i]->issuer) - world_keys];
        struct chain before = *chain;
        sign(disk, statements[i], chain, &records);
        if (statements[i]->ours.code != NULL) {
            *chain = before; /* what will be refused is given up by the next */
        }
    }
    struct feed feed = {qp_span_buf(&records)};
    struct qp_source source = {.context = &feed, .read = feed_read};
    struct qp_submit_sink sink = {.context = disk, .done = done};
    must(qp_log_submit(disk->log, &source, &sink, &err), &err);
    qp_buf_wipe(&records);
}

/* ---- Looking ---- */

static enum qp_code nothing(void *context, struct qp_span key, struct qp_span *record,
                            struct qp_err *err)
{
    (void)context;
    (void)key;
    (void)err;
    *record = (struct qp_span){0};
    return QP_OK;
}

static struct qp_state state_of(void *context)
{
    struct on_disk *disk = context;
    return disk->log != NULL ? qp_log_state(disk->log) : (struct qp_state){.get = nothing};
}

static size_t record_count(void *context)
{
    (void)context;
    return SIZE_MAX; /* the audit finds what is too much */
}

static const char *finish(void *context)
{
    struct on_disk *disk = context;
    struct qp_err err;
    struct qp_audit_options options = {.temp_dir = disk->top};
    struct qp_audit_report report;
    if (disk->log == NULL) {
        return NULL;
    }
    qp_log_close(disk->log);
    open_log(disk, QP_LOG_AUDIT);
    must(qp_log_audit(disk->log, &options, &report, &err), &err);
    qp_log_close(disk->log);
    disk->log = NULL;
    snprintf(disk->fault, sizeof disk->fault, "%s", report.first);
    return report.faults == 0 ? NULL : disk->fault;
}

struct side *side_log_open(void)
{
    struct on_disk *disk = calloc(1, sizeof *disk);
    if (disk == NULL) {
        abort();
    }
    /* In memory where there is such a folder: what a disk keeps is not asked here. */
    snprintf(disk->top, sizeof disk->top, "%s/quipu-model-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(disk->top) == NULL) {
        abort();
    }
    qp_arena_init(&disk->arena, 0);
    disk->side = (struct side){.context = disk,
                               .reset = reset,
                               .submit = submit,
                               .state = state_of,
                               .record_count = record_count,
                               .finish = finish,
                               .is_log = true};
    return &disk->side;
}

void side_log_close(struct side *side)
{
    struct on_disk *disk = side->context;
    qp_log_close(disk->log);
    remove_all(disk->top);
    qp_arena_wipe(&disk->arena);
    free(disk);
}
