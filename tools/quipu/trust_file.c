/* A policy file, read whole, and what is wrong with a bundle. */
#include "trust_file.h"

#include "host/file.h"
#include "wire/wire.h"

#include <string.h>

enum qp_code trust_file_read(const char *path, struct qp_trust **trust, struct qp_err *err)
{
    struct qp_buf file = {0};
    enum qp_code rc = qp_file_read(path, QP_TRUST_BYTES_MAX, &file, err);
    if (rc == QP_OK) {
        rc = qp_trust_new(qp_span_buf(&file), trust, err);
        if (rc != QP_OK) {
            rc = qp_prefix(err, rc, "%.150s", path);
        }
    }
    qp_buf_wipe(&file);
    return rc;
}

/* What begins like a bundle, as far as it goes, was one once. */
enum qp_code bundle_failed(const char *path, struct qp_span bytes, enum qp_code rc,
                           struct qp_err *err)
{
    const size_t mark = sizeof QP_BUNDLE_MAGIC - 1;
    size_t len = bytes.len < mark ? bytes.len : mark;
    if (rc != QP_E_INPUT || (len > 0 && memcmp(bytes.data, QP_BUNDLE_MAGIC, len) != 0)) {
        return qp_prefix(err, rc, "%.150s", path);
    }
    struct qp_err why = *err;
    return qp_fail(err, rc, "%.80s: %.90s; the file is cut off or damaged: ask for it again", path,
                   why.text);
}
