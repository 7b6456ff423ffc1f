/* A due-diligence statement for the EUDR Information System: the element SubmitDdsRequest of the
 * third version of its interface (API reference of 29 May 2026), without the SOAP envelope that
 * carries the importer's credentials.
 *
 * There is no public copy of the schema, so what is written follows our reading of that reference:
 * order, names, namespaces and limits. It is never said to be schema-valid.
 *
 * What the bundle knows is filled in from the verdict; what only the importer knows comes from a
 * small JSON file, described in quipu-export(1). */
#ifndef QP_EXCHANGE_DDS_H
#define QP_EXCHANGE_DDS_H

#include "exchange/traces.h"

#define QP_DDS_OPERATOR_BYTES_MAX ((size_t)1024 * 1024)
#define QP_DDS_PRODUCERS_MAX 1000 /* of one commodity, and a shipment is one */

/* Is the operator's file of the right form? Every name must be known, every value within its
 * limits. What is missing is no fault here. QP_E_INPUT names the member. */
enum qp_code qp_dds_check_operator(const json_t *object, struct qp_err *err) QP_MUST_USE;

/* Append the statement.
 *
 * object   the operator's file, checked; NULL: there is none
 * draft    leave what is missing as comments; otherwise it is refused
 * missing  called for each field that is missing, with its path and what it is
 * Returns QP_OK; QP_E_REFUSED with a rule: DDS-MISSING, DDS-COMMODITY (not of Annex I),
 * DDS-PRODUCERS (too many, or none), GEO-FILE (more than 25 MB of geolocation); QP_E_MEMORY. */
enum qp_code qp_dds_write(const struct qp_traces *traces, const json_t *object, bool draft,
                          void (*missing)(void *context, const char *path, const char *what),
                          void *context, struct qp_buf *out, struct qp_err *err) QP_MUST_USE;

#endif
