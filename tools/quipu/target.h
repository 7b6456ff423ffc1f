/* Files that a command is to write, and what they must not be put over. */
#ifndef QUIPU_TARGET_H
#define QUIPU_TARGET_H

#include "cli.h"

/* Before anything is done: may the outputs of this command line be written? An option called
 * "output" or "skip-bad" names one. QP_E_USAGE when it is a file that the command reads as well, a
 * secret key, or something of a ledger or a journal. */
enum qp_code target_check(const struct cli_spec *spec, const struct cli_operands *operands,
                          struct qp_err *err) QP_MUST_USE;

#endif
