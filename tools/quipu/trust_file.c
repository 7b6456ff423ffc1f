/* A policy file, read whole. */
#include "trust_file.h"

#include "host/file.h"

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
