/* The importer's files: a policy, and bundles that cannot be read. */
#ifndef QUIPU_TRUST_FILE_H
#define QUIPU_TRUST_FILE_H

#include "cli.h"

#include <quipu/proof.h>

/* Free with qp_trust_free. "-" is stdin. QP_E_IO; QP_E_INPUT; QP_E_MEMORY. */
enum qp_code trust_file_read(const char *path, struct qp_trust **trust,
                             struct qp_err *err) QP_MUST_USE;
/* What a failure to read these bytes of a bundle means to whoever got the file. Returns rc. */
enum qp_code bundle_failed(const char *path, struct qp_span bytes, enum qp_code rc,
                           struct qp_err *err);

#endif
