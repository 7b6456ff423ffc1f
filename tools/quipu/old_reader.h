/* Telling whoever writes to a ledger that somebody reads an old state of it and does not let go. */
#ifndef QUIPU_OLD_READER_H
#define QUIPU_OLD_READER_H

#include "cli.h"

#include "store/store.h"

/* All zeros at first. */
struct old_readers {
    struct qp_old_reader seen; /* at the last look */
    uint64_t since_ms;         /* when that was seen first */
    uint64_t looked_ms;
    long told; /* the process that was told of */
};

/* Look, once in a second at most, and say so once of each process that is far behind and has not
 * moved for a while. `last`: this is the end; look at once, and wait for that while if need be. */
void old_readers_look(struct cli *cli, struct old_readers *readers, struct qp_log *log, bool last);

#endif
