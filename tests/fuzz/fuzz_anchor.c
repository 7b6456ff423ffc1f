/* The anchor beside a store: what is read is written back byte for byte, and goes on from there. */
#include "fuzz/files.h"

#include "log/anchor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_anchor anchor = {0};
    struct qp_anchor again = {0};
    struct qp_merkle_head head = {.size = 0};
    files_begin();
    const char *path = files_write("anchor", qp_span_of(data, size));
    enum qp_code rc = qp_anchor_read(path, &anchor, NULL);
    HOLDS(rc == QP_OK || rc == QP_E_STORE);
    if (rc == QP_OK) {
        holds_same(qp_span_buf(&anchor.bytes), qp_span_of(data, size));
        /* The same head again is no change of what was promised; a smaller one is refused, and so
         * is every one in a ledger that was restored. */
        head = (struct qp_merkle_head){.size = anchor.intent_size, .root = anchor.intent_root};
        enum qp_code may = anchor.restored ? QP_E_STORE : QP_OK;
        HOLDS(qp_anchor_intend(path, &anchor, &head, NULL) == may);
        HOLDS(qp_anchor_read(path, &again, NULL) == QP_OK);
        holds_same(qp_span_buf(&again.bytes), qp_span_of(data, size));
        if (head.size > 0) {
            head.size--;
            HOLDS(qp_anchor_intend(path, &anchor, &head, NULL) == QP_E_STORE);
            head.size++;
            head.root.bytes[0] ^= 1;
            HOLDS(qp_anchor_intend(path, &anchor, &head, NULL) == QP_E_STORE);
        }
    }
    qp_anchor_wipe(&anchor);
    qp_anchor_wipe(&again);
    return 0;
}
