/* Identifiers that check themselves: by a check digit, by a list, or at least by their form. Each
 * refusal names the digit or the form that would be right. */
#ifndef QP_RULES_IDENTIFIER_H
#define QP_RULES_IDENTIFIER_H

#include <quipu/err.h>

#include <stdbool.h>

/* ---- Of parties: QP-PARTY-IDENTIFIER ---- */

/* RUC of Peru: 11 digits, weights 5 4 3 2 7 6 5 4 3 2, modulus 11 (SUNAT). */
enum qp_code qp_ruc_check(const char *text, struct qp_err *err) QP_MUST_USE;
/* GLN: 13 digits, weights 1 and 3, modulus 10 (GS1 General Specifications). */
enum qp_code qp_gln_check(const char *text, struct qp_err *err) QP_MUST_USE;
/* LEI: 18 letters and digits, two check digits (ISO 17442; ISO/IEC 7064, MOD 97-10). */
enum qp_code qp_lei_check(const char *text, struct qp_err *err) QP_MUST_USE;
/* EORI: the country, or XI for Northern Ireland, and 1 to 15 letters and digits (Delegated
 * Regulation (EU) 2015/2446, Annex B). A form alone. */
enum qp_code qp_eori_check(const char *text, struct qp_err *err) QP_MUST_USE;
/* VAT number: the country, EL for Greece or XI for Northern Ireland, and 2 to 12 letters and
 * digits, in Ireland also + and * (Directive 2006/112/EC, Art. 215). A form alone. */
enum qp_code qp_vat_check(const char *text, struct qp_err *err) QP_MUST_USE;

/* ---- Of goods ---- */

/* Freight container: owner of three letters, U, J or Z, six digits, check digit (ISO 6346).
 * QP-SHIPMENT-CONTAINER. */
enum qp_code qp_container_check(const char *text, struct qp_err *err) QP_MUST_USE;
/* A kind of goods: GTIN of 8, 12, 13 or 14 digits; or one batch of it, LGTIN: GTIN of 14 digits, a
 * point, the batch in 1 to 20 characters of GS1's (GS1 General Specifications; EPC Tag Data
 * Standard). QP-IDENTIFIER-GTIN. */
enum qp_code qp_trade_item_check(const char *text, struct qp_err *err) QP_MUST_USE;
/* A pallet, box or bag under way: SSCC, 18 digits (GS1 General Specifications).
 * QP-IDENTIFIER-SSCC. */
enum qp_code qp_sscc_check(const char *text, struct qp_err *err) QP_MUST_USE;
/* Tariff code: an even number of digits, `least` (4: a heading, 6: a subheading) to 10, in chapter
 * 01 to 97 but not 77, which is kept free (Harmonized System). QP-IDENTIFIER-HS. */
enum qp_code qp_hs_check(const char *text, unsigned least, struct qp_err *err) QP_MUST_USE;

/* ---- Of places ---- */

/* Is it one of the 249 codes that ISO 3166-1 alpha-2 has assigned? */
bool qp_is_country(const char *text);
/* The same. `what` goes before it into the refusal: "country of plot a/1". QP-PLACE-COUNTRY. */
enum qp_code qp_country_check(const char *what, const char *text, struct qp_err *err) QP_MUST_USE;
/* A part of the country: its code, '-', 1 to 3 letters or digits (ISO 3166-2). QP-PLOT-REGION. */
enum qp_code qp_region_check(const char *text, const char *country, struct qp_err *err) QP_MUST_USE;
/* A port, town or terminal: the country and three of A-Z and 2-9 (UN/LOCODE, UNECE Recommendation
 * 16). QP-PLACE-LOCODE. */
enum qp_code qp_locode_check(const char *text, struct qp_err *err) QP_MUST_USE;

#endif
