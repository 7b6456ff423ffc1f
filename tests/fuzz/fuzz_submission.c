/* A stream of submission records. */
#include "fuzz/fuzz_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_arena arena;
    struct qp_buf again = {0};
    qp_arena_init(&arena, 0);
    size_t at = 0;
    while (at < size) {
        struct qp_span rest = qp_span_of(data + at, size - at);
        Qp__Submission *submission = NULL;
        size_t used = 0;
        size_t head = 0;
        if (qp_submission_decode(rest, &arena, &submission, &used, NULL) != QP_OK) {
            break;
        }
        HOLDS(qp_submission_head(rest, &head, NULL) == QP_OK);
        HOLDS(used == head && used > QP_SUBMISSION_HEAD_BYTES && used <= rest.len);
        again.len = 0;
        HOLDS(qp_submission_encode(submission, &arena, &again, NULL) == QP_OK);
        holds_same(qp_span_buf(&again), qp_span_of(rest.data, used));
        at += used;
    }
    qp_buf_wipe(&again);
    qp_arena_wipe(&arena);
    return 0;
}
