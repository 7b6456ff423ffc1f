#include "log/anchor.h"

#include "core/check.h"
#include "host/file.h"

#include <inttypes.h>
#include <string.h>

#define FIRST_LINE "quipu anchor v1\n"
#define RESTORED_LINE "restored\n"
#define ANCHOR_BYTES_MAX (QP_NOTE_BYTES_MAX + 512)

void qp_anchor_wipe(struct qp_anchor *anchor)
{
    qp_buf_wipe(&anchor->note);
    qp_buf_wipe(&anchor->bytes);
}

/* ---- Text ---- */

static enum qp_code format(const struct qp_anchor *anchor, struct qp_buf *out, struct qp_err *err)
{
    char instance[2 * QP_INSTANCE_BYTES + 1];
    char root[65];
    qp_hex_encode(instance, qp_span_of(anchor->instance, sizeof anchor->instance));
    qp_hash_hex(root, &anchor->intent_root);
    enum qp_code rc =
        qp_buf_addf(out, err, FIRST_LINE "instance %s\nintent %" PRIu64 " %s\n%s\n", instance,
                    anchor->intent_size, root, anchor->restored ? RESTORED_LINE : "");
    return rc == QP_OK ? qp_buf_add(out, qp_span_buf(&anchor->note), err) : rc;
}

static bool take(struct qp_span *in, const char *text)
{
    size_t len = strlen(text);
    if (in->len < len || memcmp(in->data, text, len) != 0) {
        return false;
    }
    *in = qp_span_of(in->data + len, in->len - len);
    return true;
}

static bool take_hex(struct qp_span *in, uint8_t *bytes, size_t len)
{
    struct qp_err ignored;
    if (in->len < 2 * len ||
        qp_hex_decode(bytes, len, qp_span_of(in->data, 2 * len), &ignored) != QP_OK) {
        return false;
    }
    *in = qp_span_of(in->data + 2 * len, in->len - 2 * len);
    return true;
}

static bool take_number(struct qp_span *in, uint64_t *number)
{
    uint64_t value = 0;
    size_t at = 0;
    while (at < in->len && at < 19 && in->data[at] >= '0' && in->data[at] <= '9') {
        value = 10 * value + (uint64_t)(in->data[at] - '0');
        at++;
    }
    if (at == 0) {
        return false;
    }
    *number = value;
    *in = qp_span_of(in->data + at, in->len - at);
    return true;
}

/* One anchor has one text: anything else was not written here. */
static enum qp_code check_written_so(const struct qp_anchor *anchor, struct qp_span note,
                                     bool *good, struct qp_err *err)
{
    struct qp_buf text = {0};
    enum qp_code rc = format(anchor, &text, err);
    if (rc == QP_OK) {
        *good = text.len == anchor->bytes.len - note.len &&
                memcmp(text.data, anchor->bytes.data, text.len) == 0;
    }
    qp_buf_wipe(&text);
    return rc;
}

static enum qp_code parse(const char *path, struct qp_anchor *anchor, struct qp_err *err)
{
    struct qp_span in = qp_span_buf(&anchor->bytes);
    bool good = take(&in, FIRST_LINE) && take(&in, "instance ") &&
                take_hex(&in, anchor->instance, sizeof anchor->instance) &&
                take(&in, "\nintent ") && take_number(&in, &anchor->intent_size) &&
                take(&in, " ") &&
                take_hex(&in, anchor->intent_root.bytes, sizeof anchor->intent_root.bytes) &&
                take(&in, "\n");
    anchor->restored = good && take(&in, RESTORED_LINE);
    good = good && take(&in, "\n");
    enum qp_code rc = good ? check_written_so(anchor, in, &good, err) : QP_OK;
    if (rc != QP_OK) {
        return rc;
    }
    if (!good) {
        return qp_fail(
            err, QP_E_STORE,
            "%s is damaged or of another version; do not write it anew by hand: quipu resume does, "
            "from the newest checkpoint that was handed out",
            path);
    }
    return qp_buf_add(&anchor->note, in, err);
}

/* ---- File ---- */

enum qp_code qp_anchor_read(const char *path, struct qp_anchor *anchor, struct qp_err *err)
{
    struct qp_anchor made = {0};
    bool there = false;
    enum qp_code rc = qp_file_exists(path, &there, err);
    if (rc == QP_OK && !there) {
        rc = qp_fail(err, QP_E_STORE,
                     "%s is missing: without it nobody knows how far this ledger has gone; quipu "
                     "resume makes it from the newest checkpoint that was handed out",
                     path);
    }
    rc = rc == QP_OK ? qp_file_read(path, ANCHOR_BYTES_MAX, &made.bytes, err) : rc;
    rc = rc == QP_OK ? parse(path, &made, err) : rc;
    if (rc != QP_OK) {
        qp_anchor_wipe(&made);
        return rc == QP_E_INPUT ? QP_E_STORE : rc;
    }
    qp_anchor_wipe(anchor);
    *anchor = made;
    return QP_OK;
}

enum qp_code qp_anchor_parse(const char *path, struct qp_span bytes, struct qp_anchor *anchor,
                             struct qp_err *err)
{
    struct qp_anchor made = {0};
    enum qp_code rc = qp_buf_add(&made.bytes, bytes, err);
    rc = rc == QP_OK ? parse(path, &made, err) : rc;
    if (rc != QP_OK) {
        qp_anchor_wipe(&made);
        return rc;
    }
    qp_anchor_wipe(anchor);
    *anchor = made;
    return QP_OK;
}

enum qp_code qp_anchor_create(const char *path, const uint8_t instance[static QP_INSTANCE_BYTES],
                              bool restored, struct qp_anchor *anchor, struct qp_err *err)
{
    struct qp_anchor made = {.restored = restored};
    memcpy(made.instance, instance, sizeof made.instance);
    qp_hash_empty_tree(&made.intent_root);
    enum qp_code rc = format(&made, &made.bytes, err);
    rc = rc == QP_OK ? qp_file_create(path, 0600, qp_span_buf(&made.bytes), err) : rc;
    if (rc != QP_OK) {
        qp_anchor_wipe(&made);
        return rc;
    }
    qp_anchor_wipe(anchor);
    *anchor = made;
    return QP_OK;
}

static enum qp_code check_unchanged(const char *path, const struct qp_anchor *anchor,
                                    struct qp_err *err)
{
    struct qp_buf there = {0};
    enum qp_code rc = qp_file_read(path, ANCHOR_BYTES_MAX, &there, err);
    if (rc == QP_OK && !qp_span_eq(qp_span_buf(&there), qp_span_buf(&anchor->bytes))) {
        rc = qp_fail(err, QP_E_STORE,
                     "%s was changed by somebody else; stop every other writer of this ledger",
                     path);
    }
    qp_buf_wipe(&there);
    return rc;
}

/* Put `next` in the place of `anchor`, when the file still is what `anchor` was read from. The
 * fields of next are taken over; its bytes are made here. */
static enum qp_code swap(const char *path, struct qp_anchor *anchor, struct qp_anchor *next,
                         struct qp_err *err)
{
    bool none = anchor->bytes.len == 0;
    enum qp_code rc = none ? QP_OK : check_unchanged(path, anchor, err);
    rc = rc == QP_OK ? format(next, &next->bytes, err) : rc;
    if (rc == QP_OK) {
        rc = none ? qp_file_replace(path, 0600, qp_span_buf(&next->bytes), err)
                  : qp_file_renew(path, qp_span_buf(&next->bytes), err);
    }
    if (rc != QP_OK) {
        qp_anchor_wipe(next);
        return rc;
    }
    qp_anchor_wipe(anchor);
    *anchor = *next;
    return QP_OK;
}

enum qp_code qp_anchor_intend(const char *path, struct qp_anchor *anchor,
                              const struct qp_merkle_head *head, struct qp_err *err)
{
    if (anchor->restored) {
        return qp_fail(err, QP_E_STORE, "%s is of a restored ledger; nothing is signed", path);
    }
    if (head->size < anchor->intent_size ||
        (head->size == anchor->intent_size && !qp_hash_eq(&head->root, &anchor->intent_root))) {
        return qp_fail(err, QP_E_STORE,
                       "%s already stands at size %" PRIu64 " with another root; nothing is signed",
                       path, anchor->intent_size);
    }
    struct qp_anchor next = {.intent_size = head->size, .intent_root = head->root};
    memcpy(next.instance, anchor->instance, sizeof next.instance);
    enum qp_code rc = qp_buf_add(&next.note, qp_span_buf(&anchor->note), err);
    return rc == QP_OK ? swap(path, anchor, &next, err) : rc;
}

enum qp_code qp_anchor_sign(const char *path, struct qp_anchor *anchor, struct qp_span note,
                            struct qp_err *err)
{
    struct qp_anchor next = {.intent_size = anchor->intent_size,
                             .intent_root = anchor->intent_root};
    memcpy(next.instance, anchor->instance, sizeof next.instance);
    enum qp_code rc = qp_buf_add(&next.note, note, err);
    return rc == QP_OK ? swap(path, anchor, &next, err) : rc;
}

enum qp_code qp_anchor_settle(const char *path, struct qp_anchor *anchor, bool restored,
                              const struct qp_merkle_head *head, struct qp_span note,
                              struct qp_err *err)
{
    struct qp_anchor next = {
        .intent_size = head->size, .intent_root = head->root, .restored = restored};
    memcpy(next.instance, anchor->instance, sizeof next.instance);
    enum qp_code rc = qp_buf_add(&next.note, note, err);
    return rc == QP_OK ? swap(path, anchor, &next, err) : rc;
}
