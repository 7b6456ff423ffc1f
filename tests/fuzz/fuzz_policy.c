/* A C2SP policy: every key in it is a key that can be written and read again. */
#include "fuzz/fuzz.h"

#include <quipu/note.h>

static void holds_vkey(const struct qp_vkey *vkey)
{
    char text[QP_VKEY_TEXT_BYTES];
    char again_text[QP_VKEY_TEXT_BYTES];
    struct qp_vkey again;
    qp_vkey_format(vkey, text);
    HOLDS(qp_vkey_parse(qp_span_text(text), &again, NULL) == QP_OK);
    qp_vkey_format(&again, again_text);
    HOLDS(strcmp(text, again_text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char note[] = "ledger.example/1\n1\n"
                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
                               "\u2014 ledger.example/1 AAAAAAAA\n";
    struct qp_policy *policy = NULL;
    struct qp_checkpoint checkpoint;
    HOLDS(qp_init(NULL) == QP_OK);
    if (qp_policy_new(qp_span_of(data, size), &policy, NULL) != QP_OK) {
        HOLDS(policy == NULL);
        return 0;
    }
    HOLDS(qp_policy_log_count(policy) <= QP_POLICY_LOGS_MAX);
    HOLDS(qp_policy_witness_count(policy) <= QP_POLICY_WITNESSES_MAX);
    for (size_t i = 0; i < qp_policy_log_count(policy); i++) {
        holds_vkey(qp_policy_log(policy, i));
        HOLDS(qp_policy_log_url(policy, i) != NULL);
    }
    for (size_t i = 0; i < qp_policy_witness_count(policy); i++) {
        holds_vkey(qp_policy_witness(policy, i));
        HOLDS(strlen(qp_policy_witness_name(policy, i)) > 0);
        HOLDS(qp_policy_witness_url(policy, i) != NULL);
    }
    /* No policy accepts a note that nobody signed. */
    HOLDS(qp_policy_check(policy, qp_span_text(note), &checkpoint, NULL, NULL) != QP_OK);
    qp_policy_free(policy);
    return 0;
}
