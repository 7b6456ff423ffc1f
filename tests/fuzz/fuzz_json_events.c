/* An event as people write it: what becomes bytes becomes JSON again, and that the same bytes. */
#include "fuzz/fuzz_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_arena arena;
    struct qp_buf bytes = {0};
    json_t *json = NULL;
    void *event = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_json_parse(qp_span_of(data, size), &json, NULL);
    if (rc == QP_OK) {
        rc = qp_json_decode(&qp_rule_event, json, &arena, &event, NULL);
    }
    if (rc == QP_OK) {
        rc = qp_wire_encode(&qp_rule_event, event, &arena, &bytes, NULL);
    }
    HOLDS(rc == QP_OK || rc == QP_E_INPUT);
    if (rc == QP_OK) {
        (void)fuzz_wire(&qp_rule_event, bytes.data, bytes.len);
    }
    json_decref(json);
    qp_buf_wipe(&bytes);
    qp_arena_wipe(&arena);
    return 0;
}
