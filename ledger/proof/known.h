/* Statements whose signatures were found to hold, by the hash of the statement and the signature: a
 * statement that stands in several bundles is checked once. */
#ifndef QP_PROOF_KNOWN_H
#define QP_PROOF_KNOWN_H

#include <quipu/proof.h>

bool qp_known_has(const struct qp_known *known, const struct qp_hash *statement,
                  const struct qp_signature *signature);
/* Where memory fails it is not remembered, and will be checked again. */
void qp_known_add(struct qp_known *known, const struct qp_hash *statement,
                  const struct qp_signature *signature);

#endif
