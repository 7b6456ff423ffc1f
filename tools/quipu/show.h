/* What the parts of quipu show share. */
#ifndef QUIPU_SHOW_H
#define QUIPU_SHOW_H

#include "reader.h"

struct show {
    struct cli *cli;
    struct reader *reader;
    struct qp_err *err;
};

/* THING as the command takes it: a number, ENTRY:EVENT, a party, an id. */
enum qp_code show_thing(struct show *show, const char *thing, bool following) QP_MUST_USE;
enum qp_code show_entry(struct show *show, uint64_t index) QP_MUST_USE;
enum qp_code show_event(struct show *show, uint64_t index, uint64_t position) QP_MUST_USE;
/* A line whose first words begin at column `at` and which goes on below at `indent`; made safe. */
void show_hanging(struct show *show, size_t at, size_t indent, const char *text);

#endif
