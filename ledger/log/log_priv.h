/* What the files of this room share. */
#ifndef QP_LOG_PRIV_H
#define QP_LOG_PRIV_H

#include <quipu/log.h>

#include "log/anchor.h"
#include "log/book.h"
#include "log/pool.h"

/* Hashes of the ranges at a tree's right edge, which are no perfect subtrees and stand in the path
 * of every leaf to their left. */
#define QP_EDGE_RANGES 16
struct qp_edge_range {
    struct qp_merkle_range range; /* end 0: none */
    struct qp_hash hash;
};

/* Ids of the events of one entry that were found to be under its root. */
struct qp_known_ids {
    bool valid;
    uint64_t index;
    size_t count;
    struct qp_hash ids[QP_EVENTS_MAX];
};

struct qp_log {
    struct qp_log_options options;
    char *dir;
    char *store_dir;
    char *anchor_path;
    char *lock_path;
    int lock; /* -1 for readers beside a writer */
    bool failed;
    struct qp_store *store;
    struct qp_tile_cache *tiles;
    struct qp_anchor anchor;
    struct qp_book *book; /* NULL for readers */
    struct qp_pool *pool; /* made when it is needed first */

    /* From entry 0. */
    struct qp_hash ledger_id;
    struct qp_vkey vkey; /* named after the origin */
    /* Under the newest signed checkpoint; nothing beyond it is shown. */
    struct qp_merkle_head head;
    /* Opened for an audit: what was wrong at once, if anything. */
    struct qp_err damage;

    struct qp_arena arena; /* of one call */
    struct qp_known_ids *known;
    struct qp_edge_range ranges[QP_EDGE_RANGES];
    struct qp_buf borrowed; /* what a call of view.h hands out */
};

uint64_t qp_log_now(const struct qp_log *log);
/* "dir/name"; NULL without memory. Free with qp_free. */
char *qp_log_join(const char *dir, const char *name);
/* A handle with nothing open yet. QP_E_USAGE, QP_E_MEMORY. */
enum qp_code qp_log_new(const char *dir, const struct qp_log_options *options, struct qp_log **log,
                        struct qp_err *err) QP_MUST_USE;
enum qp_code qp_log_open_store(struct qp_log *log, bool create, struct qp_err *err) QP_MUST_USE;
/* Do the anchor and the store belong to each other? QP_E_STORE. */
enum qp_code qp_log_check_instance(struct qp_log *log, struct qp_err *err) QP_MUST_USE;
/* Is the key at hand the one that was named when the ledger was opened? QP_E_INVALID. */
enum qp_code qp_log_check_key(const struct qp_log *log, struct qp_err *err) QP_MUST_USE;

/* create.c: a ledger without entries, locked, with a book, in a folder that is new or empty; its
 * anchor says whether it is a restoration. *began: there is something to take away when what
 * follows fails. */
enum qp_code qp_log_make(const char *dir, const struct qp_log_options *options, bool restored,
                         bool *began, struct qp_log **log, struct qp_err *err) QP_MUST_USE;
void qp_log_unmake(const char *dir);

/* Names of the folder's parts. QP_E_MEMORY. */
enum qp_code qp_log_paths(struct qp_log *log, const char *dir, struct qp_err *err) QP_MUST_USE;
/* Id of a ledger and the key that signs for it, from the bytes of its opening. QP_E_INPUT. */
enum qp_code qp_opening_read(struct qp_span bytes, struct qp_arena *arena,
                             struct qp_hash *ledger_id, struct qp_vkey *vkey,
                             struct qp_err *err) QP_MUST_USE;
/* The checkpoint in a signed note: by this key, for its origin. QP_E_INPUT, QP_E_INVALID. */
enum qp_code qp_note_head(const struct qp_vkey *vkey, struct qp_span note,
                          struct qp_checkpoint *checkpoint, struct qp_err *err) QP_MUST_USE;
/* Origin, log key and id of the ledger, from its entry 0. QP_E_STORE. */
enum qp_code qp_log_identify(struct qp_log *log, struct qp_err *err) QP_MUST_USE;
/* Take the anchor's checkpoint for the head, after its signature and its root hold. */
enum qp_code qp_log_adopt(struct qp_log *log, struct qp_err *err) QP_MUST_USE;

/* Of a ledger that may be damaged: identity and head, as far as they can be known; what is wrong
 * stands in log->damage, for an audit to report. QP_E_MEMORY. */
enum qp_code qp_log_look(struct qp_log *log, struct qp_err *err) QP_MUST_USE;
/* Nothing that was read is kept: the store was mended below. */
void qp_log_forget(struct qp_log *log);

/* lock.c: as the one writer, QP_E_BUSY; or as a reader that cannot be seen, so that no writer
 * comes: QP_E_BUSY while there is one. */
enum qp_code qp_log_lock(struct qp_log *log, struct qp_err *err) QP_MUST_USE;
enum qp_code qp_log_keep_writers_out(struct qp_log *log, struct qp_err *err) QP_MUST_USE;

/* recover.c: from a store that may be ahead of its anchor to one that is signed up to its end. */
enum qp_code qp_log_recover(struct qp_log *log, struct qp_err *err) QP_MUST_USE;
/* Intent, signature, signed checkpoint in the anchor: for the size that the book has. */
enum qp_code qp_log_sign(struct qp_log *log, struct qp_err *err) QP_MUST_USE;
/* The anchor's checkpoint, when the store does not have it yet; else an empty note. */
enum qp_code qp_log_unstored(struct qp_log *log, struct qp_book_checkpoint *checkpoint,
                             struct qp_err *err) QP_MUST_USE;
/* qp_note_head of a note that the ledger itself keeps. QP_E_STORE. */
enum qp_code qp_log_note_check(const struct qp_log *log, struct qp_span note,
                               struct qp_checkpoint *checkpoint, struct qp_err *err) QP_MUST_USE;

/* Is the entry at its place: index, link to the entry before it, time? last_leaf and last_ms are of
 * the entry before, zeros at index 0. QP_E_INVALID. */
enum qp_code qp_entry_follows(const Qp__Entry *entry, uint64_t index,
                              const struct qp_hash *last_leaf, uint64_t last_ms,
                              struct qp_err *err) QP_MUST_USE;

/* compare.c: the tables of a replay against the log's own. */
struct qp_audit;
enum qp_code qp_audit_compare(struct qp_audit *audit, struct qp_err *err) QP_MUST_USE;
/* Write the log's derived tables anew from the replay's. */
enum qp_code qp_audit_rebuild(struct qp_audit *audit, struct qp_err *err) QP_MUST_USE;

/* submit.c: write and sign what the book holds; the caller is to call qp_book_done. */
enum qp_code qp_log_settle(struct qp_log *log, struct qp_err *err) QP_MUST_USE;
/* A pool and a bench for each of its workers. */
struct qp_benches {
    struct qp_bench *list;
    unsigned count;
    _Atomic size_t kept; /* bytes, by all of them */
};
enum qp_code qp_log_benches(struct qp_log *log, struct qp_benches *benches,
                            struct qp_err *err) QP_MUST_USE;
void qp_benches_reset(struct qp_benches *benches);
void qp_benches_wipe(struct qp_benches *benches);

/* read.c: how many events an entry has, all of them sound. As qp_log_event. */
enum qp_code qp_log_event_count(struct qp_log *log, uint64_t index, size_t *count,
                                struct qp_err *err) QP_MUST_USE;
/* The receipt of an entry whose bytes are known to be the tree's. */
enum qp_code qp_log_receipt_of(struct qp_log *log, uint64_t index, struct qp_span entry,
                               struct qp_buf *out, struct qp_err *err) QP_MUST_USE;

/* Steps of an admission, between which a process may die. */
enum qp_log_step {
    QP_STEP_BEGIN,     /* judged, nothing written */
    QP_STEP_COMMITTED, /* in the store */
    QP_STEP_VERIFIED,
    QP_STEP_INTENDED, /* in the anchor */
    QP_STEP_SIGNED,   /* in memory only */
    QP_STEP_ANCHORED,
    QP_STEP_COUNT
};
#ifdef QP_TESTING
/* Called at each step of every log of the process; NULL: not. */
extern void (*qp_log_step_hook)(enum qp_log_step step);
#define QP_LOG_STEP(step)                                                                          \
    do {                                                                                           \
        if (qp_log_step_hook != NULL) {                                                            \
            qp_log_step_hook(step);                                                                \
        }                                                                                          \
    } while (0)
#else
#define QP_LOG_STEP(step) ((void)0)
#endif

#endif
