/* An importer's policy. */
#include "fuzz/fuzz.h"

#include <quipu/proof.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_trust *trust = NULL;
    HOLDS(qp_init(NULL) == QP_OK);
    if (qp_trust_new(qp_span_of(data, size), &trust, NULL) == QP_OK) {
        struct qp_verdict *verdict = NULL;
        HOLDS(trust != NULL);
        HOLDS(qp_bundle_verify(qp_span_text("no bundle"), trust, 0, &verdict, NULL) == QP_E_INPUT);
        HOLDS(verdict == NULL);
        qp_trust_free(trust);
    } else {
        HOLDS(trust == NULL);
    }
    return 0;
}
