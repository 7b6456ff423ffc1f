/* What Article 9 of Regulation (EU) 2023/1115 has an operator keep for five years, gathered from a
 * verdict with evidence (qp_bundle_evidence): products and quantity, country of production, plots,
 * time of production, suppliers and customers, what shows that the goods are free of deforestation
 * and legally made. As one JSON object, and as tables. The forms are in quipu-export(1). */
#ifndef QP_EXCHANGE_ART9_H
#define QP_EXCHANGE_ART9_H

#include "proof/verdict.h"

/* The object; free with json_decref. bundle: the hash of the file, so that the record and its proof
 * find each other. QP_E_INPUT (a plot's geometry), QP_E_MEMORY. */
enum qp_code qp_art9_new(const struct qp_verdict *verdict, const struct qp_hash *bundle,
                         json_t **object, struct qp_err *err) QP_MUST_USE;
/* Append it as text, indented; coordinates to six decimals. QP_E_MEMORY. */
enum qp_code qp_art9_json(const json_t *object, struct qp_buf *out, struct qp_err *err) QP_MUST_USE;

/* The tables, one file each. */
size_t qp_art9_table_count(void);
const char *qp_art9_table_name(size_t at); /* "parties.csv" */
/* Append one, UTF-8 with BOM: formulas are made harmless (exchange/csv.h). QP_E_MEMORY. */
enum qp_code qp_art9_table(const json_t *object, size_t at, struct qp_buf *out,
                           struct qp_err *err) QP_MUST_USE;

#endif
