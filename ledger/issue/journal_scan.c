/* Reading a journal back: its chain, and what a crash left behind. */
#include "issue/journal.h"

#include "core/check.h"
#include "host/file.h"

#include <quipu/merkle.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Enough of a record to hold its statement: magic and length, field header, statement. */
#define PEEK_BYTES (QP_SUBMISSION_HEAD_BYTES + 8 + QP_STATEMENT_BYTES_MAX)

static const char *path_of(const struct qp_journal *journal)
{
    return (const char *)journal->path.data;
}

static enum qp_code read_at(const struct qp_journal *journal, uint64_t offset, uint8_t *bytes,
                            size_t len, size_t *got, struct qp_err *err)
{
    if (lseek(journal->fd, (off_t)offset, SEEK_SET) < 0) {
        return qp_fail_errno(err, errno, "read", path_of(journal));
    }
    return qp_fd_read(journal->fd, path_of(journal), bytes, len, got, err);
}

static enum qp_code file_size(const struct qp_journal *journal, uint64_t *size_bytes,
                              struct qp_err *err)
{
    struct stat info;
    if (fstat(journal->fd, &info) != 0) {
        return qp_fail_errno(err, errno, "look at", path_of(journal));
    }
    *size_bytes = (uint64_t)info.st_size;
    return QP_OK;
}

static enum qp_code damaged(const struct qp_journal *journal, uint64_t offset, const char *what,
                            struct qp_err *err)
{
    return qp_fail_at(err, QP_E_INVALID, offset,
                      "%.150s is damaged at byte %" PRIu64
                      ": %s; bring back a good copy before this key signs again",
                      path_of(journal), offset, what);
}

/* ---- The chain ---- */

/* The statement is the first field of a submission, so the front of a record is enough. */
static enum qp_code peek_statement(struct qp_span record, struct qp_span *statement)
{
    const uint8_t *body = record.data + QP_SUBMISSION_HEAD_BYTES;
    size_t left = record.len - QP_SUBMISSION_HEAD_BYTES;
    if (left < 3 || body[0] != 0x0a) {
        return QP_E_INPUT;
    }
    bool two = (body[1] & 0x80U) != 0;
    size_t len = two ? (body[1] & 0x7fU) | ((size_t)body[2] << 7) : body[1];
    size_t front = two ? 3 : 2;
    if (len > QP_STATEMENT_BYTES_MAX || len > left - front) {
        return QP_E_INPUT;
    }
    *statement = qp_span_of(body + front, len);
    return QP_OK;
}

/* The length of the record at an offset, 0 where the file ends inside it. */
static enum qp_code record_at(const struct qp_journal *journal, uint64_t offset, uint64_t end,
                              struct qp_span *front, uint8_t peek[PEEK_BYTES], uint64_t *size_bytes,
                              struct qp_err *err)
{
    size_t got = 0;
    size_t record_bytes = 0;
    size_t want = end - offset < PEEK_BYTES ? (size_t)(end - offset) : PEEK_BYTES;
    enum qp_code rc = read_at(journal, offset, peek, want, &got, err);
    if (rc != QP_OK) {
        return rc;
    }
    *size_bytes = 0;
    if (got < QP_SUBMISSION_HEAD_BYTES) {
        return QP_OK;
    }
    if (qp_submission_head(qp_span_of(peek, got), &record_bytes, NULL) != QP_OK) {
        return damaged(journal, offset, "no submission begins there", err);
    }
    if (record_bytes > end - offset) {
        return QP_OK;
    }
    *front = qp_span_of(peek, record_bytes < got ? record_bytes : got);
    *size_bytes = record_bytes;
    return QP_OK;
}

enum qp_code qp_journal_make_room(struct qp_journal *journal, uint64_t sequence, struct qp_err *err)
{
    if (sequence > (uint64_t)QP_NUMBER_MAX) {
        return qp_fail(err, QP_E_USAGE, "the key has signed all statements that it can");
    }
    if (sequence < journal->mark_capacity) {
        return QP_OK;
    }
    size_t capacity = journal->mark_capacity == 0 ? 64 : 2 * journal->mark_capacity;
    size_t bytes = 0;
    struct qp_journal_mark *larger = NULL;
    if (qp_mul_size(capacity, sizeof *larger, &bytes)) {
        larger = qp_realloc(journal->marks, bytes);
    }
    if (larger == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for the list of the journal's statements");
    }
    journal->marks = larger;
    journal->mark_capacity = capacity;
    return QP_OK;
}

enum qp_code qp_journal_link(const struct qp_journal *journal, uint64_t count, struct qp_hash *link,
                             struct qp_err *err)
{
    uint8_t peek[PEEK_BYTES];
    struct qp_span front = {0};
    struct qp_span statement = {0};
    uint64_t record_bytes = 0;
    if (count == 0) {
        *link = (struct qp_hash){{0}};
        return QP_OK;
    }
    uint64_t offset = journal->marks[count - 1].offset;
    enum qp_code rc = record_at(journal, offset, UINT64_MAX, &front, peek, &record_bytes, err);
    if (rc == QP_OK && (record_bytes == 0 || peek_statement(front, &statement) != QP_OK)) {
        rc = damaged(journal, offset, "no statement begins there", err);
    }
    if (rc == QP_OK) {
        qp_hash_statement(link, statement);
    }
    return rc;
}

/* Does this statement go on from the head? Moves the head behind it; there is room for its mark. */
static enum qp_code follow(struct qp_journal *journal, struct qp_span bytes, struct qp_arena *arena,
                           struct qp_journal_head *head, struct qp_err *err)
{
    Qp__Statement *statement = NULL;
    uint64_t offset = head->size_bytes;
    enum qp_code rc = qp_statement_decode(bytes, arena, &statement, err);
    if (rc != QP_OK) {
        return rc == QP_E_MEMORY ? rc : damaged(journal, offset, "not a statement", err);
    }
    struct qp_span issuer = qp_span_bytes(statement->issuer);
    if (!qp_span_eq(issuer, qp_span_of(journal->public_key.bytes, 32))) {
        return qp_fail(err, QP_E_INVALID,
                       "%.180s is the journal of another key; each key has a journal of its own",
                       path_of(journal));
    }
    struct qp_hash ledger_id = qp_bytes_hash(statement->ledger_id);
    struct qp_hash previous = qp_bytes_hash(statement->previous);
    if (!qp_hash_eq(&ledger_id, &journal->ledger_id)) {
        return damaged(journal, offset, "a statement for another ledger", err);
    }
    bool follows =
        statement->sequence == head->next_sequence && statement->given_up <= statement->sequence;
    struct qp_hash link = head->link;
    if (follows && statement->given_up > 0) {
        rc = qp_journal_link(journal, statement->sequence - statement->given_up, &link, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (!follows || !qp_hash_eq(&previous, &link)) {
        return damaged(journal, offset, "a statement that does not follow the one before it", err);
    }
    journal->marks[head->next_sequence] =
        (struct qp_journal_mark){.offset = offset, .given_up = statement->given_up};
    qp_hash_statement(&head->link, bytes);
    head->next_sequence++;
    return QP_OK;
}

/* Walk the records up to `end`. *last: where the last whole one begins. */
static enum qp_code walk_chain(struct qp_journal *journal, uint64_t end,
                               struct qp_journal_head *head, uint64_t *last, struct qp_err *err)
{
    struct qp_arena arena;
    uint8_t peek[PEEK_BYTES];
    struct qp_span front = {0};
    struct qp_span statement = {0};
    enum qp_code rc = QP_OK;
    qp_arena_init(&arena, 0);
    *head = (struct qp_journal_head){0};
    while (rc == QP_OK && head->size_bytes < end) {
        uint64_t record_bytes = 0;
        rc = record_at(journal, head->size_bytes, end, &front, peek, &record_bytes, err);
        if (rc != QP_OK || record_bytes == 0) {
            break;
        }
        qp_arena_reset(&arena);
        rc = qp_journal_make_room(journal, head->next_sequence, err);
        if (rc != QP_OK) {
            break;
        }
        rc = peek_statement(front, &statement) != QP_OK
                 ? damaged(journal, head->size_bytes, "no statement begins there", err)
                 : follow(journal, statement, &arena, head, err);
        if (rc == QP_OK) {
            *last = head->size_bytes;
            head->size_bytes += record_bytes;
        }
    }
    qp_arena_wipe(&arena);
    return rc;
}

/* ---- The last record, in full ---- */

static enum qp_code check_submission(const struct qp_journal *journal,
                                     const Qp__Submission *submission, struct qp_arena *arena,
                                     struct qp_err *err)
{
    struct qp_signature signature;
    struct qp_merkle_frontier frontier;
    struct qp_hash hash;
    Qp__Statement *statement = NULL;
    struct qp_span bytes = qp_span_bytes(submission->statement);
    memcpy(signature.bytes, submission->signature.data, sizeof signature.bytes);
    enum qp_code rc =
        qp_verify(&journal->public_key, qp_span_text(QP_STATEMENT_DOMAIN), bytes, &signature, err);
    if (rc == QP_OK) {
        rc = qp_statement_decode(bytes, arena, &statement, err);
    }
    qp_merkle_frontier_init(&frontier);
    for (size_t i = 0; rc == QP_OK && i < submission->n_events; i++) {
        qp_hash_leaf(&hash, qp_span_bytes(submission->events[i]));
        rc = qp_merkle_frontier_add(&frontier, &hash, NULL, NULL, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_hash root = qp_bytes_hash(statement->event_root);
    qp_merkle_frontier_root(&frontier, &hash);
    if (statement->event_count != submission->n_events || !qp_hash_eq(&root, &hash)) {
        return qp_fail(err, QP_E_INVALID, "events that are not those of their statement");
    }
    return QP_OK;
}

/* One record as a submission; `bytes` holds it. */
static enum qp_code read_record(const struct qp_journal *journal, uint64_t offset,
                                struct qp_arena *arena, struct qp_buf *bytes,
                                Qp__Submission **submission, struct qp_err *err)
{
    uint8_t front[QP_SUBMISSION_HEAD_BYTES];
    size_t got = 0;
    size_t size = 0;
    size_t used = 0;
    enum qp_code rc = read_at(journal, offset, front, sizeof front, &got, err);
    if (rc == QP_OK) {
        rc = qp_submission_head(qp_span_of(front, got), &size, err);
    }
    bytes->len = 0;
    if (rc == QP_OK) {
        rc = qp_buf_reserve(bytes, size, err);
    }
    if (rc == QP_OK) {
        rc = read_at(journal, offset, bytes->data, size, &bytes->len, err);
    }
    return rc == QP_OK ? qp_submission_decode(qp_span_buf(bytes), arena, submission, &used, err)
                       : rc;
}

static enum qp_code check_last(const struct qp_journal *journal, uint64_t offset,
                               struct qp_err *err)
{
    struct qp_arena arena;
    struct qp_buf bytes = {0};
    Qp__Submission *submission = NULL;
    struct qp_err why;
    qp_err_init(&why);
    qp_arena_init(&arena, 0);
    enum qp_code rc = read_record(journal, offset, &arena, &bytes, &submission, &why);
    if (rc == QP_OK) {
        rc = check_submission(journal, submission, &arena, &why);
    }
    if (rc == QP_E_INPUT || rc == QP_E_INVALID) {
        rc = damaged(journal, offset, why.text, err);
    } else if (rc != QP_OK) {
        rc = qp_fail(err, rc, "%s", why.text);
    }
    qp_buf_wipe(&bytes);
    qp_arena_wipe(&arena);
    return rc;
}

/* ---- Recovery ---- */

/* A signature that was never handed out must not outlive its signing: the sequence is used again,
 * and the two statements together would convict the key (rules/fork.h). After a crash any part of
 * what was written may be there, so records are looked for at every byte. */
static void blank_signatures(struct qp_buf *bytes)
{
    static const char magic[] = QP_SUBMISSION_MAGIC;
    static const uint8_t field[2] = {0x12, sizeof(struct qp_signature)};
    for (size_t at = 0; bytes->len - at > QP_SUBMISSION_HEAD_BYTES; at++) {
        struct qp_span statement = {0};
        if (memcmp(bytes->data + at, magic, sizeof magic - 1) != 0 ||
            peek_statement(qp_span_of(bytes->data + at, bytes->len - at), &statement) != QP_OK) {
            continue;
        }
        size_t end = (size_t)(statement.data - bytes->data) + statement.len;
        uint8_t *behind = bytes->data + end;
        size_t left = bytes->len - end;
        if (left > sizeof field && memcmp(behind, field, sizeof field) == 0) {
            left -= sizeof field;
            memset(behind + sizeof field, 0,
                   left < sizeof(struct qp_signature) ? left : sizeof(struct qp_signature));
        }
    }
}

static enum qp_code keep_torn(const struct qp_journal *journal, struct qp_span bytes,
                              struct qp_err *err)
{
    struct qp_buf path = {0};
    bool taken = true;
    enum qp_code rc = QP_OK;
    for (unsigned n = 1; rc == QP_OK && taken; n++) {
        qp_buf_wipe(&path);
        rc = qp_buf_addf(&path, err, "%.*s.torn-%u", (int)(journal->path.len - 4), path_of(journal),
                         n);
        if (rc == QP_OK) {
            rc = qp_file_exists((const char *)path.data, &taken, err);
        }
    }
    if (rc == QP_OK) {
        rc = qp_file_create((const char *)path.data, 0600, bytes, err);
    }
    qp_buf_wipe(&path);
    return rc;
}

/* Bytes behind what was handed out: kept in a file of their own, without signatures, then cut off.
 */
static enum qp_code move_torn(const struct qp_journal *journal, uint64_t from, uint64_t end,
                              struct qp_err *err)
{
    struct qp_buf bytes = {0};
    enum qp_code rc = qp_buf_reserve(&bytes, (size_t)(end - from), err);
    if (rc == QP_OK) {
        rc = read_at(journal, from, bytes.data, (size_t)(end - from), &bytes.len, err);
    }
    if (rc == QP_OK) {
        blank_signatures(&bytes);
        rc = keep_torn(journal, qp_span_buf(&bytes), err);
    }
    if (rc == QP_OK && ftruncate(journal->fd, (off_t)from) != 0) {
        rc = qp_fail_errno(err, errno, "cut", path_of(journal));
    }
    if (rc == QP_OK) {
        rc = qp_fd_sync(journal->fd, path_of(journal), err);
    }
    qp_buf_wipe(&bytes);
    return rc;
}

/* Where the handed-out records end: as the head says; without a head, at the last whole record. */
static enum qp_code handed_out(const struct qp_journal *journal, struct qp_span head_text,
                               bool has_head, uint64_t end, uint64_t *handed, struct qp_err *err)
{
    *handed = end;
    if (!has_head) {
        return QP_OK;
    }
    if (!qp_journal_head_size(head_text, handed)) {
        return qp_fail(err, QP_E_INVALID,
                       "%.180s is damaged; bring back a good copy of the journal",
                       (const char *)journal->head_path.data);
    }
    if (*handed > end) {
        return qp_fail(err, QP_E_INVALID,
                       "%.150s has %" PRIu64 " bytes, but %" PRIu64
                       " were handed out; bring back the newest copy before this key signs again",
                       path_of(journal), end, *handed);
    }
    return QP_OK;
}

enum qp_code qp_journal_recover(struct qp_journal *journal, struct qp_err *err)
{
    struct qp_buf text = {0};
    struct qp_journal_head head = {0};
    bool has_head = false;
    uint64_t end = 0;
    uint64_t handed = 0;
    uint64_t last = 0;
    enum qp_code rc = file_size(journal, &end, err);
    if (rc == QP_OK) {
        rc = qp_journal_read_head(journal, &text, &has_head, err);
    }
    if (rc == QP_OK) {
        rc = handed_out(journal, qp_span_buf(&text), has_head, end, &handed, err);
    }
    if (rc == QP_OK) {
        rc = walk_chain(journal, handed, &head, &last, err);
    }
    if (rc == QP_OK && has_head) {
        rc = qp_journal_check_head(journal, qp_span_buf(&text), &head, err);
    }
    if (rc == QP_OK && head.size_bytes > 0) {
        rc = check_last(journal, last, err);
    }
    if (rc == QP_OK && head.size_bytes < end) {
        rc = move_torn(journal, head.size_bytes, end, err);
    }
    if (rc == QP_OK && !has_head) {
        rc = qp_journal_write_head(journal, &head, err);
    }
    if (rc == QP_OK) {
        journal->head = head;
    }
    qp_buf_wipe(&text);
    return rc;
}

enum qp_code qp_journal_read(const struct qp_journal *journal, uint64_t sequence,
                             struct qp_arena *arena, struct qp_buf *bytes,
                             Qp__Submission **submission, struct qp_err *err)
{
    QP_ASSERT(sequence < journal->head.next_sequence);
    return read_record(journal, journal->marks[sequence].offset, arena, bytes, submission, err);
}

enum qp_code qp_journal_each(const struct qp_journal *journal,
                             enum qp_code (*each)(void *context, const Qp__Submission *submission,
                                                  struct qp_err *err),
                             void *context, struct qp_err *err)
{
    struct qp_arena arena;
    struct qp_buf bytes = {0};
    enum qp_code rc = QP_OK;
    qp_arena_init(&arena, 0);
    for (uint64_t at = 0; rc == QP_OK && at < journal->head.size_bytes;) {
        Qp__Submission *submission = NULL;
        qp_arena_reset(&arena);
        rc = read_record(journal, at, &arena, &bytes, &submission, err);
        if (rc == QP_OK) {
            at += bytes.len;
            rc = each(context, submission, err);
        }
    }
    qp_buf_wipe(&bytes);
    qp_arena_wipe(&arena);
    return rc;
}
