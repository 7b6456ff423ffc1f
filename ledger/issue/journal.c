#include "issue/journal.h"

#include "core/check.h"
#include "host/file.h"
#include "issue/draft.h"

#include <quipu/merkle.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Statement, signature and frames around the events of a submission. */
#define SUBMISSION_FRAME_BYTES ((size_t)4096)
#define SUBMISSION_SEALED_MAX ((size_t)8192)

/* ---- Opening and closing ---- */

static enum qp_code check_folder(const char *dir, struct qp_err *err)
{
    struct stat info;
    if (stat(dir, &info) != 0) {
        return qp_fail_errno(err, errno, "look at", dir);
    }
    if (info.st_uid != geteuid() || (info.st_mode & 022) != 0) {
        return qp_fail(err, QP_E_IO,
                       "other users can write into the journal %.120s; make it your own and close "
                       "it: chmod 700 %.120s",
                       dir, dir);
    }
    return QP_OK;
}

static bool is_records_name(const char *name)
{
    static const char digits[] = "0123456789abcdef";
    return strlen(name) == 68 && strspn(name, digits) == 64 && strcmp(name + 64, ".qst") == 0;
}

/* The one ledger that a folder has. */
static enum qp_code find_ledger(const char *dir, struct qp_hash *ledger_id, struct qp_err *err)
{
    char found[65] = "";
    size_t count = 0;
    DIR *folder = opendir(dir);
    if (folder == NULL) {
        return qp_fail_errno(err, errno, "read the folder", dir);
    }
    errno = 0;
    for (struct dirent *at = readdir(folder); at != NULL; at = readdir(folder)) {
        if (is_records_name(at->d_name)) {
            memcpy(found, at->d_name, 64);
            count++;
        }
    }
    int error = errno;
    (void)closedir(folder);
    if (error != 0) {
        return qp_fail_errno(err, error, "read the folder", dir);
    }
    if (count != 1) {
        return qp_fail(err, QP_E_USAGE, "the journal %.120s holds %s; say for which ledger to sign",
                       dir, count == 0 ? "no ledger yet" : "several ledgers");
    }
    return qp_hex_decode(ledger_id->bytes, sizeof ledger_id->bytes, qp_span_text(found), err);
}

static enum qp_code name_files(struct qp_journal *journal, const char *dir, struct qp_err *err)
{
    char hex[65];
    qp_hash_hex(hex, &journal->ledger_id);
    enum qp_code rc = qp_buf_addf(&journal->path, err, "%s/%s.qst", dir, hex);
    return rc == QP_OK ? qp_buf_addf(&journal->head_path, err, "%s/%s.head", dir, hex) : rc;
}

static enum qp_code take_lock(struct qp_journal *journal, const char *dir, struct qp_err *err)
{
    struct qp_buf path = {0};
    enum qp_code rc = qp_buf_addf(&path, err, "%s/lock", dir);
    if (rc == QP_OK) {
        rc = qp_lock_take((const char *)path.data, &journal->lock, err);
    }
    qp_buf_wipe(&path);
    return rc;
}

static enum qp_code open_records(struct qp_journal *journal, const char *dir, struct qp_err *err)
{
    const char *path = (const char *)journal->path.data;
    journal->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (journal->fd < 0) {
        return qp_fail_errno(err, errno, "open the journal", path);
    }
    enum qp_code rc = qp_folder_sync(dir, err); /* it may have been made just now */
    return rc == QP_OK ? qp_journal_recover(journal, err) : rc;
}

enum qp_code qp_journal_open(const char *dir, const struct qp_key *key,
                             const struct qp_hash *ledger_id, struct qp_journal **journal,
                             struct qp_err *err)
{
    struct qp_journal *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a journal");
    }
    made->fd = -1;
    made->lock = -1;
    made->key = key;
    qp_key_public(key, &made->public_key);
    enum qp_code rc = qp_folder_make(dir, 0700, err);
    if (rc == QP_OK) {
        rc = check_folder(dir, err);
    }
    if (rc == QP_OK) {
        rc = take_lock(made, dir, err);
    }
    if (rc == QP_OK && ledger_id == NULL) {
        rc = find_ledger(dir, &made->ledger_id, err);
    } else if (rc == QP_OK) {
        made->ledger_id = *ledger_id;
    }
    if (rc == QP_OK) {
        rc = name_files(made, dir, err);
    }
    if (rc == QP_OK) {
        rc = open_records(made, dir, err);
    }
    if (rc != QP_OK) {
        qp_journal_close(made);
        return rc;
    }
    *journal = made;
    return QP_OK;
}

void qp_journal_close(struct qp_journal *journal)
{
    if (journal == NULL) {
        return;
    }
    if (journal->fd >= 0) {
        (void)close(journal->fd); /* what counts was synced before it was handed out */
    }
    qp_lock_release(&journal->lock);
    qp_buf_wipe(&journal->path);
    qp_buf_wipe(&journal->head_path);
    qp_free(journal->marks);
    qp_free(journal);
}

uint64_t qp_journal_next_sequence(const struct qp_journal *journal)
{
    return journal->head.next_sequence;
}

void qp_journal_ledger_id(const struct qp_journal *journal, struct qp_hash *ledger_id)
{
    *ledger_id = journal->ledger_id;
}

/* ---- Signing ---- */

/* A run of the draft's events that goes under one statement. */
struct batch {
    const struct qp_draft *draft;
    size_t start;
    size_t count;
};

/* How many events from `start` fit. At least one: whatever an event may hold fits a submission. */
static struct batch next_batch(const struct qp_draft *draft, size_t start, uint32_t most)
{
    struct batch batch = {.draft = draft, .start = start};
    size_t size = SUBMISSION_FRAME_BYTES;
    size_t sealed = 0;
    while (start + batch.count < draft->event_count && batch.count < most) {
        const struct qp_draft_event *event = &draft->events[start + batch.count];
        bool fits = event->size_bytes <= QP_SUBMISSION_BYTES_MAX - size &&
                    event->sealed_count <= SUBMISSION_SEALED_MAX - sealed;
        if (!fits && batch.count > 0) {
            break;
        }
        size += fits ? event->size_bytes : 0;
        sealed += event->sealed_count;
        batch.count++;
    }
    return batch;
}

static enum qp_code encode_statement(const struct qp_journal *journal, const struct batch *batch,
                                     const struct qp_journal_head *head, uint64_t issued_ms,
                                     struct qp_arena *arena, struct qp_buf *out, struct qp_err *err)
{
    struct qp_merkle_frontier frontier;
    struct qp_hash leaf;
    struct qp_hash root;
    qp_merkle_frontier_init(&frontier);
    for (size_t i = 0; i < batch->count; i++) {
        qp_hash_leaf(&leaf, batch->draft->events[batch->start + i].bytes);
        enum qp_code rc = qp_merkle_frontier_add(&frontier, &leaf, NULL, NULL, err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    qp_merkle_frontier_root(&frontier, &root);
    Qp__Statement statement;
    qp__statement__init(&statement);
    statement.format = 1;
    statement.ledger_id = qp_hash_bytes(&journal->ledger_id);
    statement.algorithm = QP__ALGORITHM__ALGORITHM_ED25519;
    statement.issuer =
        qp_bytes_span(qp_span_of(journal->public_key.bytes, sizeof journal->public_key.bytes));
    statement.sequence = head->next_sequence;
    statement.previous = qp_hash_bytes(head->given_up > 0 ? &head->base : &head->link);
    statement.given_up = (uint32_t)head->given_up;
    statement.issued_ms = issued_ms;
    statement.event_count = (uint32_t)batch->count;
    statement.event_root = qp_hash_bytes(&root);
    return qp_wire_encode(&qp_rule_statement, &statement, arena, out, err);
}

/* Events and contents of a batch as the lists of a submission; all borrowed from the draft. */
static enum qp_code fill_lists(const struct batch *batch, struct qp_arena *arena,
                               Qp__Submission *submission, struct qp_err *err)
{
    const struct qp_draft *draft = batch->draft;
    const struct qp_draft_event *first = &draft->events[batch->start];
    const struct qp_draft_event *last = first + batch->count - 1;
    size_t sealed_count = last->sealed_at + last->sealed_count - first->sealed_at;
    submission->events = qp_arena_alloc_zero(arena, batch->count, sizeof *submission->events);
    submission->sealed = qp_arena_alloc_zero(arena, sealed_count, sizeof *submission->sealed);
    Qp__SealedContent *contents =
        qp_arena_alloc_zero(arena, sealed_count, sizeof(Qp__SealedContent));
    if (submission->events == NULL || submission->sealed == NULL || contents == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to sign");
    }
    for (size_t i = 0; i < batch->count; i++) {
        submission->events[i] = qp_bytes_span(first[i].bytes);
    }
    for (size_t i = 0; i < sealed_count; i++) {
        const struct qp_draft_sealed *one = &draft->sealed[first->sealed_at + i];
        qp__sealed_content__init(&contents[i]);
        contents[i].salt = qp_bytes_span(qp_span_of(one->salt.bytes, sizeof one->salt.bytes));
        contents[i].content = qp_bytes_span(one->content);
        submission->sealed[i] = &contents[i];
    }
    submission->n_events = batch->count;
    submission->n_sealed = sealed_count;
    return QP_OK;
}

enum qp_code qp_journal_sign_one(struct qp_journal *journal, const struct qp_draft *draft,
                                 size_t start, size_t count, struct qp_journal_signing *signing,
                                 struct qp_err *err)
{
    struct batch batch = {.draft = draft, .start = start, .count = count};
    struct qp_journal_head *head = &signing->head;
    struct qp_arena arena;
    struct qp_buf statement = {0};
    struct qp_signature signature;
    Qp__Submission submission;
    struct qp_span domain = qp_span_text(QP_STATEMENT_DOMAIN);
    size_t before = signing->records.len;
    qp_arena_init(&arena, 0);
    qp__submission__init(&submission);
    enum qp_code rc = qp_journal_make_room(journal, head->next_sequence, err);
    if (rc != QP_OK) {
        goto out;
    }
    rc = encode_statement(journal, &batch, head, signing->issued_ms, &arena, &statement, err);
    if (rc != QP_OK) {
        goto out;
    }
    rc = qp_sign(journal->key, domain, qp_span_buf(&statement), &signature, err);
    if (rc != QP_OK) {
        goto out;
    }
    /* A faulty machine that makes a wrong signature would give away the key with it. */
    rc = qp_verify(&journal->public_key, domain, qp_span_buf(&statement), &signature, err);
    if (rc != QP_OK) {
        goto out;
    }
    submission.statement = qp_bytes_span(qp_span_buf(&statement));
    submission.signature = qp_bytes_span(qp_span_of(signature.bytes, sizeof signature.bytes));
    rc = fill_lists(&batch, &arena, &submission, err);
    if (rc != QP_OK) {
        goto out;
    }
    rc = qp_submission_encode(&submission, &arena, &signing->records, err);
    if (rc != QP_OK) {
        goto out;
    }
    qp_hash_statement(&head->link, qp_span_buf(&statement));
    journal->marks[head->next_sequence] =
        (struct qp_journal_mark){.offset = head->size_bytes, .given_up = head->given_up};
    head->next_sequence++;
    head->size_bytes += signing->records.len - before;
    head->given_up = 0;
out:
    qp_buf_wipe(&statement);
    qp_arena_wipe(&arena);
    return rc;
}

/* Records first, then the head: only what the head counts was handed out. */
enum qp_code qp_journal_commit(struct qp_journal *journal, const struct qp_journal_signing *signing,
                               struct qp_buf *out, struct qp_err *err)
{
    struct qp_span records = qp_span_buf(&signing->records);
    /* All room before the first byte is written: behind that point nothing may fail here. */
    enum qp_code rc = qp_buf_reserve(out, records.len, err);
    if (rc != QP_OK) {
        return rc;
    }
    journal->broken = true;
    if (records.len > 0) {
        rc = qp_fd_append(journal->fd, (const char *)journal->path.data, records, err);
    }
    if (rc == QP_OK) {
        rc = qp_journal_write_head(journal, &signing->head, err);
    }
    if (rc == QP_OK) {
        journal->head = signing->head;
        journal->broken = false;
        rc = qp_buf_add(out, records, err);
    }
    return rc;
}

static enum qp_code check_call(const struct qp_journal *journal, const struct qp_draft *draft,
                               uint32_t events_per_statement, struct qp_err *err)
{
    if (journal->broken) {
        return qp_fail(err, QP_E_IO, "the journal could not be written before; open it again");
    }
    if (draft->event_count == 0) {
        return qp_fail(err, QP_E_USAGE, "there is nothing to sign: the draft has no events");
    }
    if (events_per_statement == 0 || events_per_statement > QP_EVENTS_MAX) {
        return qp_fail(err, QP_E_USAGE, "%u events a statement; 1 to %d are allowed",
                       events_per_statement, QP_EVENTS_MAX);
    }
    return QP_OK;
}

enum qp_code qp_journal_sign(struct qp_journal *journal, const struct qp_draft *draft,
                             uint32_t events_per_statement, uint64_t issued_ms, struct qp_buf *out,
                             size_t *statement_count, struct qp_err *err)
{
    struct qp_journal_signing signing = {.issued_ms = issued_ms, .head = journal->head};
    size_t statements = 0;
    enum qp_code rc = check_call(journal, draft, events_per_statement, err);
    for (size_t at = 0; rc == QP_OK && at < draft->event_count;) {
        struct batch batch = next_batch(draft, at, events_per_statement);
        rc = qp_journal_sign_one(journal, draft, at, batch.count, &signing, err);
        at += batch.count;
        statements++;
    }
    rc = rc == QP_OK ? qp_journal_commit(journal, &signing, out, err) : rc;
    if (rc == QP_OK && statement_count != NULL) {
        *statement_count = statements;
    }
    qp_buf_wipe(&signing.records);
    return rc;
}
