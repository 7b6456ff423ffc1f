/* An offline proof: what is accepted is written the same again. */
#include "fuzz/fuzz.h"

#include <quipu/note.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct qp_tlog_proof proof;
    struct qp_span in = qp_span_of(data, size);
    struct qp_buf extra = {0};
    struct qp_buf again = {0};
    HOLDS(qp_init(NULL) == QP_OK);
    if (qp_tlog_proof_decode(in, &proof, &extra, NULL) == QP_OK) {
        HOLDS(proof.path_count <= QP_MERKLE_PATH_MAX);
        HOLDS(qp_tlog_proof_encode(&proof, &again, NULL) == QP_OK);
        holds_same(qp_span_buf(&again), in);
    }
    qp_buf_wipe(&again);
    qp_buf_wipe(&extra);
    return 0;
}
