/* Events with content to be sealed, as `quipu sign` reads them: all or nothing. */
#include "fuzz/fuzz.h"

#include <quipu/issue.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_draft *draft = NULL;
    HOLDS(qp_init(NULL) == QP_OK);
    HOLDS(qp_draft_new(&draft, NULL) == QP_OK);
    if (qp_draft_add_json(draft, qp_span_of(data, size), NULL, NULL) != QP_OK) {
        HOLDS(qp_draft_event_count(draft) == 0);
    }
    qp_draft_free(draft);
    return 0;
}
