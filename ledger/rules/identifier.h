/* Identifiers that check themselves. Each refusal names the digit that would be right. */
#ifndef QP_RULES_IDENTIFIER_H
#define QP_RULES_IDENTIFIER_H

#include <quipu/err.h>

/* RUC of Peru: 11 digits, weights 5 4 3 2 7 6 5 4 3 2, modulus 11 (SUNAT). QP-PARTY-IDENTIFIER. */
enum qp_code qp_ruc_check(const char *text, struct qp_err *err) QP_MUST_USE;
/* GLN: 13 digits, weights 1 and 3, modulus 10 (GS1 General Specifications). QP-PARTY-IDENTIFIER. */
enum qp_code qp_gln_check(const char *text, struct qp_err *err) QP_MUST_USE;
/* Freight container: owner of three letters, U, J or Z, six digits, check digit (ISO 6346).
 * QP-SHIPMENT-CONTAINER. */
enum qp_code qp_container_check(const char *text, struct qp_err *err) QP_MUST_USE;

#endif
