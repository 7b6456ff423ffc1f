/* JSON: one walker over the descriptors for every message, both ways.
 *
 * Names are the .proto files' own. Bytes are hexadecimal or base64 as the field's mark says; enums
 * are lower-case names without their prefix ("parchment"); times are RFC 3339 under the field's
 * name without "_ms" (with it, where another field has that name); every number fits in 53 bits and
 * is written as a number. Empty fields are left out. The body of an event stands under its name:
 * {"occurred": …, "lot_harvested": {…}}. */
#ifndef QP_WIRE_JSON_H
#define QP_WIRE_JSON_H

#include "wire/wire.h"

#include <jansson.h>

/* Deepest nesting of JSON that is read. */
#define QP_JSON_DEPTH_MAX 32

#define QP_JSON_NAME_BYTES 64
/* The name of field i of the message in JSON: "occurred" for the field occurred_ms of class time,
 * the field's own name otherwise. */
void qp_json_name(char name[QP_JSON_NAME_BYTES], const struct qp_message_rule *rule, unsigned i);

/* A message as a new JSON object. QP_E_MEMORY. */
enum qp_code qp_json_encode(const struct qp_message_rule *rule, const void *message, json_t **json,
                            struct qp_err *err) QP_MUST_USE;

/* A JSON object as a message in the arena. Unknown names, wrong types and texts that are not in the
 * field's form are refused with the path; ranges and required fields are for qp_wire_encode, which
 * the caller runs next. QP_E_INPUT, QP_E_MEMORY. */
enum qp_code qp_json_decode(const struct qp_message_rule *rule, const json_t *json,
                            struct qp_arena *arena, void *message, struct qp_err *err) QP_MUST_USE;

/* Text to JSON, strict: UTF-8, no name twice in an object, nothing behind the end, at most
 * QP_JSON_DEPTH_MAX deep. The error names line and column. Free with json_decref. */
enum qp_code qp_json_parse(struct qp_span text, json_t **json, struct qp_err *err) QP_MUST_USE;

/* One line (indent 0) or indented, appended to out, keys in the order they were set. */
enum qp_code qp_json_print(const json_t *json, size_t indent, struct qp_buf *out,
                           struct qp_err *err) QP_MUST_USE;

#endif
