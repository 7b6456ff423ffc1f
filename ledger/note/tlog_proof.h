#ifndef QP_NOTE_TLOG_PROOF_H
#define QP_NOTE_TLOG_PROOF_H

#include <quipu/note.h>

/* As qp_tlog_proof_encode, for a checkpoint that was checked before: the same one stands under the
 * receipts of thousands of entries. */
enum qp_code qp_tlog_proof_write(const struct qp_tlog_proof *proof, struct qp_buf *out,
                                 struct qp_err *err) QP_MUST_USE;

#endif
