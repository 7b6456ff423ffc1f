/* Base64, strict to the last byte.
 *
 * libsodium's decoder (seen in 1.0.18) reads every byte from 0x80 on as if it were '/', so that one
 * value would have many texts. What signs or trusts base64 decodes it here. TODO: goes away once
 * qp_base64_decode refuses such bytes itself. */
#ifndef QP_CRYPTO_BASE64_H
#define QP_CRYPTO_BASE64_H

#include <quipu/bytes.h>

/* As qp_base64_decode. */
static inline enum qp_code qp_base64_strict(struct qp_buf *out, struct qp_span text,
                                            struct qp_err *err)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] >= 0x80) {
            return qp_fail_at(err, QP_E_INPUT, i,
                              "not base64 (standard alphabet, padded with '=')");
        }
    }
    return qp_base64_decode(out, text, err);
}

#endif
