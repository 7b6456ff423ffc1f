/* Read by clang-tidy before every file of ledger/ and tools/ but core/err.c, never by a compiler.
 *
 * The analyzer sees one file at a time, so it believes that qp_fail may return QP_OK and follows
 * paths that cannot be. core/err.c asserts that the code is a failure; this says so here. */
#include <quipu/err.h>

#define qp_fail(err, code, ...) (qp_fail(err, code, __VA_ARGS__), (code))
#define qp_fail_at(err, code, offset, ...) (qp_fail_at(err, code, offset, __VA_ARGS__), (code))
#define qp_refuse(err, rule, ...) (qp_refuse(err, rule, __VA_ARGS__), QP_E_REFUSED)
