/* What the files of this room share. */
#ifndef QP_NOTE_PRIV_H
#define QP_NOTE_PRIV_H

#include <quipu/note.h>

#define QP_COSIGNATURE_BYTES (8 + sizeof(struct qp_signature)) /* time, signature */

/* Is this the text of a note: not empty, ends with LF, UTF-8, no other control characters below
 * U+0020? QP_E_INPUT. */
enum qp_code qp_note_text_check(struct qp_span text, struct qp_err *err) QP_MUST_USE;

/* Append "— name base64(key id || bytes)". */
enum qp_code qp_note_add_line(const struct qp_vkey *vkey, struct qp_span bytes, struct qp_buf *out,
                              struct qp_err *err) QP_MUST_USE;

/* Does this cosignature (QP_COSIGNATURE_BYTES) hold over the text? QP_E_INVALID, QP_E_MEMORY. */
enum qp_code qp_cosignature_check(const struct qp_public_key *key, struct qp_span text,
                                  const uint8_t *cosignature, uint64_t *time_s,
                                  struct qp_err *err) QP_MUST_USE;

#endif
