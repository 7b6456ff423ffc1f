/* The inside of a secret key, for the room that may see it.
 *
 * The seed and libsodium's expanded form stand in one sodium_malloc block that is inaccessible
 * between uses. */
#ifndef QP_CRYPTO_KEY_PRIV_H
#define QP_CRYPTO_KEY_PRIV_H

#include <quipu/key.h>

/* Copy out the seed; the caller wipes it. */
void qp_key_seed(const struct qp_key *key, struct qp_seed *seed);

#endif
