#include <quipu/note.h>

#include "note/lines.h"
#include "note/note_priv.h"

#include <inttypes.h>
#include <string.h>

/* Zero or more lines, none of them empty. */
static enum qp_code check_extensions(struct qp_span extensions, struct qp_err *err)
{
    struct qp_span rest = extensions;
    struct qp_span line;
    while (rest.len > 0) {
        if (!qp_line_take(&rest, &line) || line.len == 0) {
            return qp_fail(err, QP_E_INPUT, "a checkpoint has no empty or unfinished lines");
        }
    }
    return QP_OK;
}

static enum qp_code check_empty(const struct qp_checkpoint *checkpoint, struct qp_err *err)
{
    struct qp_hash empty;
    qp_hash_empty_tree(&empty);
    if (checkpoint->size == 0 && !qp_hash_eq(&checkpoint->root, &empty)) {
        return qp_fail(err, QP_E_INVALID,
                       "the checkpoint is of an empty log, but its root is not the empty tree's");
    }
    return QP_OK;
}

enum qp_code qp_checkpoint_parse(struct qp_span text, struct qp_checkpoint *checkpoint,
                                 struct qp_err *err)
{
    struct qp_checkpoint parsed = {{0}, 0, {{0}}, {NULL, 0}};
    struct qp_span rest = text;
    struct qp_span origin;
    struct qp_span size;
    struct qp_span root;
    enum qp_code rc = qp_note_text_check(text, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (!qp_line_take(&rest, &origin) || !qp_line_take(&rest, &size) ||
        !qp_line_take(&rest, &root)) {
        return qp_fail(err, QP_E_INPUT, "not a checkpoint: it has less than three lines");
    }
    if (origin.len == 0 || origin.len > QP_KEY_NAME_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT,
                       "the origin of a checkpoint has 1 to %d bytes; this one has %zu",
                       QP_KEY_NAME_BYTES_MAX, origin.len);
    }
    if (!qp_decimal_parse(size, QP_MERKLE_SIZE_MAX, &parsed.size)) {
        return qp_fail(err, QP_E_INPUT, "the second line of a checkpoint is not a tree size");
    }
    rc = qp_base64_exact(root, parsed.root.bytes, sizeof parsed.root.bytes, err);
    if (rc != QP_OK) {
        return qp_prefix(err, rc, "root of a checkpoint");
    }
    rc = check_extensions(rest, err);
    if (rc == QP_OK) {
        rc = check_empty(&parsed, err);
    }
    if (rc == QP_OK) {
        memcpy(parsed.origin, origin.data, origin.len);
        parsed.extensions = rest;
        *checkpoint = parsed;
    }
    return rc;
}

enum qp_code qp_checkpoint_format(const struct qp_checkpoint *checkpoint, struct qp_buf *out,
                                  struct qp_err *err)
{
    struct qp_buf text = {0};
    struct qp_checkpoint back;
    enum qp_code rc = qp_key_name_check(qp_span_text(checkpoint->origin), err);
    if (rc == QP_OK) {
        rc = qp_buf_addf(&text, err, "%s\n%" PRIu64 "\n", checkpoint->origin, checkpoint->size);
    }
    if (rc == QP_OK) {
        rc = qp_base64_line(&text, checkpoint->root.bytes, sizeof checkpoint->root.bytes, err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add(&text, checkpoint->extensions, err);
    }
    if (rc == QP_OK) {
        rc = qp_checkpoint_parse(qp_span_buf(&text), &back, err); /* nothing that we would refuse */
    }
    if (rc == QP_OK) {
        rc = qp_buf_add(out, qp_span_buf(&text), err);
    }
    qp_buf_wipe(&text);
    return rc;
}
