/* What the ledger knows of one subject now: the record of its state, in words and as JSON. */
#ifndef QUIPU_RECORD_H
#define QUIPU_RECORD_H

#include "reader.h"

struct record_kind {
    enum qp_state_kind kind;
    const char *name; /* "lot" */
    const struct qp_message_rule *rule;
    enum qp_code (*print)(struct cli *cli, struct reader *reader, const char *id,
                          const void *record, struct qp_err *err);
};

#define RECORD_KINDS 6
extern const struct record_kind record_kinds[RECORD_KINDS];

/* A row of a record: name, then words that wrap below each other; made safe here. */
void record_row(struct cli *cli, const char *name, const char *format, ...) QP_PRINTF(3, 4);

#endif
