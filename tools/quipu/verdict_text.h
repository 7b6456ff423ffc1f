/* A verdict as people read it, from the JSON that programs get: what the bundle is about, the
 * lines, the claims, and the outcome. */
#ifndef QUIPU_VERDICT_TEXT_H
#define QUIPU_VERDICT_TEXT_H

#include "cli.h"

/* path, size_bytes: of the bundle. QP_E_MEMORY. */
enum qp_code verdict_print(struct cli *cli, const char *path, uint64_t size_bytes,
                           const json_t *verdict, struct qp_err *err) QP_MUST_USE;

/* Members of an object in it; "" and 0 where there is none. */
const char *verdict_text_of(const json_t *object, const char *name);
uint64_t verdict_number_of(const json_t *object, const char *name);

#endif
