/* A fork proof: its form, and whether it proves anything. */
#include "fuzz/fuzz_wire.h"

#include "rules/fork.h"

static void holds_judged(const Qp__KeyForked *proof)
{
    struct qp_err err;
    enum qp_code rc = qp_fork_prove(proof, &err);
    HOLDS(rc == QP_OK || (rc == QP_E_REFUSED && strcmp(err.rule, "QP-FORK-PROOF") == 0));
    HOLDS(rc != QP_OK ||
          !qp_span_eq(qp_span_bytes(proof->statement_a), qp_span_bytes(proof->statement_b)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_arena arena;
    struct qp_span in = qp_span_of(data, size);
    Qp__KeyForked *proof = NULL;
    qp_arena_init(&arena, 0);
    if (qp_fork_decode(in, &arena, &proof, NULL) == QP_OK) {
        struct qp_buf again = {0};
        HOLDS(qp_fork_encode(proof, &arena, &again, NULL) == QP_OK);
        holds_same(qp_span_buf(&again), in);
        qp_buf_wipe(&again);
        holds_judged(proof);
    }
    qp_arena_wipe(&arena);
    return 0;
}
