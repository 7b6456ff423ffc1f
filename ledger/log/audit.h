/* Audit: what its two halves share. audit.c replays entry by entry, compare.c holds the tables that
 * came of it against the log's own. */
#ifndef QP_LOG_AUDIT_H
#define QP_LOG_AUDIT_H

#include "log/log_priv.h"
#include "log/replay.h"

/* A table of the log walked beside the replay: its next row. */
struct qp_walk {
    struct qp_cursor *cursor;
    struct qp_row row;
};

/* Entries that are loaded and checked together, while the group before them is judged. */
struct qp_audit_group {
    struct qp_audit *audit;
    struct qp_benches benches;
    struct qp_replay_item *items;
    size_t count;
};

struct qp_audit {
    struct qp_log *log;
    const struct qp_audit_options *options;
    struct qp_audit_report report;
    bool broken;   /* an entry is wrong: the replay ended there */
    uint64_t size; /* entries in the store */
    /* The replay's own store and book. */
    char *folder;
    struct qp_store *temp;
    struct qp_tile_cache *tiles;
    struct qp_book *book;
    struct qp_audit_group groups[2];
    uint64_t loaded; /* entries that were taken into groups */
    bool cut_short;  /* the last of them could not be loaded */
    struct qp_arena scratch;
    struct qp_walk checkpoints;
    struct qp_walk vault;
};

/* Count a fault. entry may be QP_NO_ENTRY. The first one is described. */
void qp_audit_fault(struct qp_audit *audit, uint64_t entry, const char *format, ...)
    QP_PRINTF(3, 4);

#endif
