/* The inside of a secret key, for the room that may see it.
 *
 * The seed and libsodium's expanded form stand in one guarded block that is inaccessible
 * between uses. */
#ifndef QP_CRYPTO_KEY_PRIV_H
#define QP_CRYPTO_KEY_PRIV_H

#include <quipu/key.h>

/* Copy out the seed, into guarded memory. */
void qp_key_seed(const struct qp_key *key, struct qp_seed *seed);

#endif
