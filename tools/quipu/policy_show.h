/* quipu policy show. */
#ifndef QUIPU_POLICY_SHOW_H
#define QUIPU_POLICY_SHOW_H

#include "cli.h"

enum qp_code policy_show(struct cli *cli, int argc, char **argv, struct qp_err *err) QP_MUST_USE;

#endif
