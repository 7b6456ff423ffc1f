/* The importer's policy as a file. */
#ifndef QUIPU_TRUST_FILE_H
#define QUIPU_TRUST_FILE_H

#include "cli.h"

#include <quipu/proof.h>

/* Free with qp_trust_free. "-" is stdin. QP_E_IO; QP_E_INPUT; QP_E_MEMORY. */
enum qp_code trust_file_read(const char *path, struct qp_trust **trust,
                             struct qp_err *err) QP_MUST_USE;

#endif
