/* A key file. What opens without a passphrase writes the same file again; what peek reads, decode
 * reads as well. Deriving a key from a passphrase is tried only where the file asks for the least
 * work there is. */
#include "fuzz/fuzz.h"

#include <quipu/key.h>

static void open_file(struct qp_span in, const char *name, const struct qp_public_key *said)
{
    struct qp_key *key = NULL;
    char own[QP_KEY_NAME_BYTES_MAX + 1];
    if (qp_keyfile_decode(in, NULL, &key, own, NULL) != QP_OK) {
        return;
    }
    struct qp_buf again = {0};
    struct qp_public_key public_key;
    qp_key_public(key, &public_key);
    HOLDS(qp_public_key_eq(&public_key, said));
    HOLDS(strcmp(own, name) == 0);
    HOLDS(qp_keyfile_encode(key, qp_span_text(own), NULL, NULL, &again, NULL) == QP_OK);
    holds_same(qp_span_buf(&again), in);
    qp_buf_wipe(&again);
    qp_key_free(key);
}

static void open_sealed_file(struct qp_span in)
{
    static const char cheap[] = "\nkdf: argon2id13 1 8388608 ";
    const struct qp_span passphrase = qp_span_text("correct horse");
    struct qp_key *key = NULL;
    for (size_t i = 0; i + sizeof cheap - 1 < in.len; i++) {
        if (memcmp(in.data + i, cheap, sizeof cheap - 1) == 0) {
            if (qp_keyfile_decode(in, &passphrase, &key, NULL, NULL) == QP_OK) {
                qp_key_free(key);
            }
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_span in = qp_span_of(data, size);
    char name[QP_KEY_NAME_BYTES_MAX + 1];
    struct qp_public_key said;
    struct qp_key *key = NULL;
    bool sealed = false;
    HOLDS(qp_init(NULL) == QP_OK);
    if (qp_keyfile_peek(in, &sealed, name, &said, NULL) != QP_OK) {
        HOLDS(qp_keyfile_decode(in, NULL, &key, NULL, NULL) == QP_E_INPUT);
        return 0;
    }
    HOLDS(qp_key_name_check(qp_span_text(name), NULL) == QP_OK);
    if (sealed) {
        HOLDS(qp_keyfile_decode(in, NULL, &key, NULL, NULL) == QP_E_USAGE);
        open_sealed_file(in);
    } else {
        open_file(in, name, &said);
    }
    return 0;
}
