/* Identity documents of persons: what can be seen without asking the registry. */
#ifndef QP_ISSUE_IDENTITY_H
#define QP_ISSUE_IDENTITY_H

#include <quipu/err.h>

#include <stdbool.h>

/* A DNI of Peru has eight digits; any other document says what it is, "CE-001234567". `strictly`: a
 * document that does neither is refused, as in a table that somebody types. Otherwise only what is
 * meant as a DNI and is none: fewer digits than eight, or "DNI-" before something else. "" passes.
 * `quoted` is the document as it may be shown. QP_E_INPUT. */
enum qp_code qp_identity_check(const char *document, bool strictly, const char *quoted,
                               struct qp_err *err) QP_MUST_USE;

#endif
