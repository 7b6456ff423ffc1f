/* The head file of a journal: how far it was handed out, and what the next statement builds on. */
#include "issue/journal.h"

#include "core/check.h"
#include "host/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GIVEN_UP_FROM "given up from: "

static int format_head(char text[QP_JOURNAL_HEAD_BYTES_MAX], const struct qp_journal_head *head)
{
    char link[65];
    qp_hash_hex(link, &head->link);
    int len = snprintf(text, QP_JOURNAL_HEAD_BYTES_MAX,
                       "quipu journal v1\nbytes: %" PRIu64 "\nnext: %" PRIu64 "\nlink: %s\n",
                       head->size_bytes, head->next_sequence, link);
    if (head->given_up > 0) {
        len += snprintf(text + len, QP_JOURNAL_HEAD_BYTES_MAX - (size_t)len, "%s%" PRIu64 "\n",
                        GIVEN_UP_FROM, head->next_sequence - head->given_up);
    }
    return len;
}

enum qp_code qp_journal_write_head(const struct qp_journal *journal,
                                   const struct qp_journal_head *head, struct qp_err *err)
{
    char text[QP_JOURNAL_HEAD_BYTES_MAX];
    int len = format_head(text, head);
    QP_ASSERT(len > 0 && len < QP_JOURNAL_HEAD_BYTES_MAX);
    return qp_file_replace((const char *)journal->head_path.data, 0600,
                           qp_span_of(text, (size_t)len), err);
}

enum qp_code qp_journal_read_head(const struct qp_journal *journal, struct qp_buf *text,
                                  bool *there, struct qp_err *err)
{
    const char *path = (const char *)journal->head_path.data;
    enum qp_code rc = qp_file_exists(path, there, err);
    return rc == QP_OK && *there ? qp_file_read(path, QP_JOURNAL_HEAD_BYTES_MAX, text, err) : rc;
}

/* The digits at `at`. */
static bool read_number(struct qp_span text, size_t at, uint64_t *number)
{
    uint64_t value = 0;
    for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
        if (!qp_mul_u64(value, 10, &value) ||
            !qp_add_u64(value, (uint64_t)(text.data[at] - '0'), &value)) {
            return false;
        }
    }
    *number = value;
    return true;
}

bool qp_journal_head_size(struct qp_span text, uint64_t *size_bytes)
{
    static const char front[] = "quipu journal v1\nbytes: ";
    size_t at = sizeof front - 1;
    return text.len > at && memcmp(text.data, front, at) == 0 && read_number(text, at, size_bytes);
}

/* What the next statement gives up, where the head file says so. Whether its text holds is found by
 * comparing it whole. */
static enum qp_code take_given_up(const struct qp_journal *journal, struct qp_span text,
                                  struct qp_journal_head *head, struct qp_err *err)
{
    char line[QP_JOURNAL_HEAD_BYTES_MAX];
    size_t at = (size_t)format_head(line, head);
    size_t front = sizeof GIVEN_UP_FROM - 1;
    uint64_t from = 0;
    if (text.len <= at || text.len - at <= front ||
        memcmp(text.data + at, GIVEN_UP_FROM, front) != 0 ||
        !read_number(text, at + front, &from) || from >= head->next_sequence) {
        return QP_OK;
    }
    head->given_up = head->next_sequence - from;
    return qp_journal_link(journal, from, &head->base, err);
}

/* The head file's other lines must say what the records say. */
static enum qp_code compare(const struct qp_journal *journal, struct qp_span text,
                            const struct qp_journal_head *head, struct qp_err *err)
{
    char expected[QP_JOURNAL_HEAD_BYTES_MAX];
    int len = format_head(expected, head);
    if (!qp_span_eq(text, qp_span_of(expected, (size_t)len))) {
        return qp_fail(err, QP_E_INVALID,
                       "%.150s does not say what the records beside it say; bring back the newest "
                       "copy of both before this key signs again",
                       (const char *)journal->head_path.data);
    }
    return QP_OK;
}

enum qp_code qp_journal_check_head(const struct qp_journal *journal, struct qp_span text,
                                   struct qp_journal_head *head, struct qp_err *err)
{
    enum qp_code rc = take_given_up(journal, text, head, err);
    return rc == QP_OK ? compare(journal, text, head, err) : rc;
}
