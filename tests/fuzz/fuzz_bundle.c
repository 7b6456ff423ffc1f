/* A bundle file, as far as its form goes; fuzz_verify.c judges it. */
#include "fuzz/fuzz_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_arena arena;
    struct qp_span in = qp_span_of(data, size);
    Qp__Bundle *bundle = NULL;
    qp_arena_init(&arena, 0);
    if (qp_bundle_decode(in, &arena, &bundle, NULL) == QP_OK) {
        struct qp_buf again = {0};
        HOLDS(qp_bundle_encode(bundle, &arena, &again, NULL) == QP_OK);
        holds_same(qp_span_buf(&again), in);
        qp_buf_wipe(&again);
    }
    qp_arena_wipe(&arena);
    return 0;
}
