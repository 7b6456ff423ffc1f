#include <quipu/note.h>

#include "core/check.h"
#include "note/note_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What an Ed25519 cosignature is over: this heading, then the text of the checkpoint. The heading
 * is the domain of qp_sign; two lines, the second with the time. */
struct heading {
    char text[64];
    size_t len;
};

static struct heading heading_of(uint64_t time_s)
{
    struct heading heading = {{0}, 0};
    int len =
        snprintf(heading.text, sizeof heading.text, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
    QP_ASSERT(len > 0 && (size_t)len < sizeof heading.text);
    heading.len = (size_t)len;
    return heading;
}

enum qp_code qp_cosignature_check(const struct qp_public_key *key, struct qp_span text,
                                  const uint8_t *cosignature, uint64_t *time_s, struct qp_err *err)
{
    struct qp_signature signature;
    uint64_t time = qp_load_be64(cosignature);
    if (time > QP_COSIGN_TIME_MAX) {
        return qp_fail(err, QP_E_INVALID, "the time of a cosignature is out of range");
    }
    struct heading heading = heading_of(time);
    memcpy(signature.bytes, cosignature + 8, sizeof signature.bytes);
    enum qp_code rc = qp_verify(key, qp_span_of(heading.text, heading.len), text, &signature, err);
    if (rc == QP_OK) {
        *time_s = time;
    }
    return rc;
}

enum qp_code qp_cosign_line(struct qp_span text, const struct qp_key *key, struct qp_span name,
                            uint64_t time_s, struct qp_buf *out, struct qp_err *err)
{
    struct qp_checkpoint checkpoint;
    struct qp_public_key public_key;
    struct qp_vkey vkey;
    struct qp_signature signature;
    uint8_t bytes[QP_COSIGNATURE_BYTES];
    if (time_s > QP_COSIGN_TIME_MAX) {
        return qp_fail(err, QP_E_USAGE, "the time %" PRIu64 " of a cosignature is out of range",
                       time_s);
    }
    enum qp_code rc = qp_checkpoint_parse(text, &checkpoint, err);
    if (rc != QP_OK) {
        return rc;
    }
    qp_key_public(key, &public_key);
    rc = qp_vkey_init(&vkey, name, QP_VKEY_COSIGNATURE, &public_key, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct heading heading = heading_of(time_s);
    rc = qp_sign(key, qp_span_of(heading.text, heading.len), text, &signature, err);
    if (rc != QP_OK) {
        return rc;
    }
    qp_store_be64(bytes, time_s);
    memcpy(bytes + 8, signature.bytes, sizeof signature.bytes);
    return qp_note_add_line(&vkey, qp_span_of(bytes, sizeof bytes), out, err);
}
