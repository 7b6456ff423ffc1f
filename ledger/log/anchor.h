/* Anchor: a small file beside the store that says how far the log has promised to go.
 *
 *   quipu anchor v1
 *   instance <32 hexadecimal digits: the store it belongs to>
 *   intent <size> <root, 64 hexadecimal digits: what may be signed next, or was signed last>
 *   restored                           <only in a ledger that came out of a backup>
 *
 *   <the newest signed checkpoint, verbatim; nothing before the first>
 *
 * The store and the anchor fail apart: a store that was restored from a backup is behind its
 * anchor, and that is seen before anything is signed. Every change is a compare-and-swap, durable
 * when it returns. */
#ifndef QP_LOG_ANCHOR_H
#define QP_LOG_ANCHOR_H

#include <quipu/note.h>

#define QP_INSTANCE_BYTES 16

struct qp_anchor {
    uint8_t instance[QP_INSTANCE_BYTES];
    uint64_t intent_size;
    struct qp_hash intent_root;
    bool restored;       /* nothing is signed until somebody has looked for newer checkpoints */
    struct qp_buf note;  /* may be empty */
    struct qp_buf bytes; /* the file as it was read or written last */
};

void qp_anchor_wipe(struct qp_anchor *anchor);
/* QP_E_STORE: missing, or not in our format. */
enum qp_code qp_anchor_read(const char *path, struct qp_anchor *anchor,
                            struct qp_err *err) QP_MUST_USE;
/* Read one that may be of another ledger, from its bytes. QP_E_STORE; `path` is for the words. */
enum qp_code qp_anchor_parse(const char *path, struct qp_span bytes, struct qp_anchor *anchor,
                             struct qp_err *err) QP_MUST_USE;
/* The first anchor of a new ledger; never over another one. */
enum qp_code qp_anchor_create(const char *path, const uint8_t instance[static QP_INSTANCE_BYTES],
                              bool restored, struct qp_anchor *anchor,
                              struct qp_err *err) QP_MUST_USE;
/* Stand at this head, whose checkpoint is the note: what a restoration has come to, or what a
 * ledger goes on from. Not a step of signing. The compare-and-swap is as below; without bytes in
 * `anchor` the file may be damaged or missing, and is put in place. */
enum qp_code qp_anchor_settle(const char *path, struct qp_anchor *anchor, bool restored,
                              const struct qp_merkle_head *head, struct qp_span note,
                              struct qp_err *err) QP_MUST_USE;
/* Write down that this head is the one to be signed. QP_E_STORE when the file is not the one that
 * `anchor` holds, or the size would go back, or another root stands there for the size, or it is of
 * a ledger that was restored. */
enum qp_code qp_anchor_intend(const char *path, struct qp_anchor *anchor,
                              const struct qp_merkle_head *head, struct qp_err *err) QP_MUST_USE;
/* Write down the signed checkpoint of the head that was intended. */
enum qp_code qp_anchor_sign(const char *path, struct qp_anchor *anchor, struct qp_span note,
                            struct qp_err *err) QP_MUST_USE;

#endif
