/* Which ledger is it? From its folder, from the ledger.json that its operator publishes, or from a
 * bundle, which says it of itself. And which roles the ledger gave to a party. */
#ifndef QUIPU_IDENTITY_H
#define QUIPU_IDENTITY_H

#include "cli.h"
#include "reader.h"

struct identity {
    struct qp_hash ledger_id;
    char origin[QP_KEY_NAME_BYTES_MAX + 1];
    char log_key[QP_VKEY_TEXT_BYTES];
};

enum qp_code identity_of_log(struct reader *reader, struct identity *identity,
                             struct qp_err *err) QP_MUST_USE;
/* The text of a ledger.json. QP_E_INPUT. */
enum qp_code identity_of_json(struct qp_span text, struct identity *identity,
                              struct qp_err *err) QP_MUST_USE;
/* What the bundle says, and nobody has checked. QP_E_INPUT, QP_E_INVALID: it does not say it. */
enum qp_code identity_of_bundle(const Qp__Bundle *bundle, struct identity *identity,
                                struct qp_err *err) QP_MUST_USE;

/* The roles of a party: a bit (1 << role) for each; 0: it is not enrolled, or suspended. */
enum qp_code identity_roles(struct reader *reader, const char *party, uint32_t *roles,
                            struct qp_err *err) QP_MUST_USE;
enum qp_code identity_roles_in_bundle(const Qp__Bundle *bundle, const char *party, uint32_t *roles,
                                      struct qp_err *err) QP_MUST_USE;

#endif
