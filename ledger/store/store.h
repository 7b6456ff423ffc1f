/* Store: named tables of rows, durable and atomic, in one folder. The only room that knows LMDB.
 *
 * A store has one view: a snapshot from which everything is read. Rows that a read hands out are
 * borrowed from the view, unaligned, and live until the next refresh, write or close; keys from a
 * cursor live until its next step. Writing is
 * one job, run in one transaction and durable when qp_store_write returns; the map behind the file
 * grows by itself, and then the job is run again, so a job must give the same writes each time and
 * change nothing else.
 *
 * One process opens a path once (LMDB's locks would break otherwise): QP_E_BUSY. A store that
 * failed to write does nothing more: close it. A handle belongs to one thread at a time and is not
 * for use after fork(). */
#ifndef QP_STORE_STORE_H
#define QP_STORE_STORE_H

#include <quipu/bytes.h>

/* Names on disk stand in store.c. Numbers in keys are big-endian, so that byte order is their
 * order. `i` is the index of an entry, 8 bytes. */
enum qp_table {
    QP_TABLE_META,    /* name → version, instance, size */
    QP_TABLE_ENTRIES, /* i → entry bytes */
    QP_TABLE_EVENTS,  /* i ‖ position (2) → event bytes */
    QP_TABLE_TILES,   /* level (1) ‖ tile (8) ‖ part (1) → up to 8 hashes; packed (block.h) */
    QP_TABLE_ISSUERS, /* public key (32) ‖ sequence (8) → i, short; packed */
    QP_TABLE_STATE,   /* state key → record; packed */
    QP_TABLE_EDGES, /* kind (1) ‖ id ‖ 00 ‖ i ‖ position (2) ‖ role (1) → body (1); packed */
    QP_TABLE_VAULT,       /* i ‖ commitment (32) → SealedContent bytes */
    QP_TABLE_CHECKPOINTS, /* size (8) → signed note */
    QP_TABLE_COUNT
};

/* As people know the table. */
const char *qp_table_name(enum qp_table table);

struct qp_store;

struct qp_store_options {
    bool write;
    bool create; /* the folder is there and empty; implies write */
    bool alone;  /* only to read, while the caller knows that nobody writes: no locks */
    uint64_t map_bytes_first; /* of a new store; 0: 64 MiB */
    uint64_t map_bytes_max;   /* 0: no limit but the disk's */
};

/* QP_E_STORE (damaged, of another version); QP_E_NOT_FOUND (no store there); QP_E_BUSY; QP_E_IO. */
enum qp_code qp_store_open(const char *dir, const struct qp_store_options *options,
                           struct qp_store **store, struct qp_err *err) QP_MUST_USE;
/* May this process lock the store, as it must unless it is alone? */
bool qp_store_may_lock(const char *dir);
void qp_store_close(struct qp_store *store); /* NULL is allowed; no cursor may be open */
/* Move the view to what is newest. No cursor may be open. */
enum qp_code qp_store_refresh(struct qp_store *store, struct qp_err *err) QP_MUST_USE;

/* ---- Other readers ---- */

/* Pages that a view needs are not used again while it lasts, so that a reader who never moves makes
 * the file grow with each write. Readers that died are cleared before every write; those that live
 * can only be told of. */
struct qp_old_reader {
    long process;    /* 0: there is none */
    uint64_t view;   /* number of the write whose outcome it reads */
    uint64_t behind; /* writes since */
};
/* The other process with the oldest view. QP_E_STORE. */
enum qp_code qp_store_oldest_reader(struct qp_store *store, struct qp_old_reader *oldest,
                                    struct qp_err *err) QP_MUST_USE;

/* ---- Reading ----
 *
 * Each row carries a check of its key and its value, since LMDB has none, or its block carries one
 * for all of its rows: what has changed on the disk is QP_E_STORE, and nobody sees it. (Rows of the
 * table meta have none: they are compared with what stands elsewhere.) */

/* For whoever looks for damage, and compares everything by itself: such rows are read all the same,
 * and counted. */
void qp_store_bear_damage(struct qp_store *store, bool bear);
/* Rows that were read so far and did not hold their check. */
uint64_t qp_store_damaged(const struct qp_store *store);

/* QP_E_NOT_FOUND has no text: the caller knows what it looked for. */
enum qp_code qp_store_get(struct qp_store *store, enum qp_table table, struct qp_span key,
                          struct qp_span *value, struct qp_err *err) QP_MUST_USE;
/* Rows of a table that is not packed. */
enum qp_code qp_store_count(struct qp_store *store, enum qp_table table, uint64_t *count,
                            struct qp_err *err) QP_MUST_USE;
/* Bytes of the file. */
enum qp_code qp_store_size(const struct qp_store *store, uint64_t *bytes,
                           struct qp_err *err) QP_MUST_USE;

/* Bytes of the pages that a table fills; those of another table of the same rows can be twice as
 * many. */
enum qp_code qp_store_table_bytes(struct qp_store *store, enum qp_table table, uint64_t *bytes,
                                  struct qp_err *err) QP_MUST_USE;

/* A walk through a table. Each step fills key and value, or sets `found` to false. Close it before
 * the view ends. */
struct qp_cursor;
struct qp_row {
    bool found;
    struct qp_span key;
    struct qp_span value;
};
enum qp_code qp_cursor_open(struct qp_store *store, enum qp_table table, struct qp_cursor **cursor,
                            struct qp_err *err) QP_MUST_USE;
void qp_cursor_close(struct qp_cursor *cursor); /* NULL is allowed */
/* The first row whose key is not below `key`; an empty key finds the first row. */
enum qp_code qp_cursor_seek(struct qp_cursor *cursor, struct qp_span key, struct qp_row *row,
                            struct qp_err *err) QP_MUST_USE;
/* The row behind the one found last. */
enum qp_code qp_cursor_next(struct qp_cursor *cursor, struct qp_row *row,
                            struct qp_err *err) QP_MUST_USE;
/* The last row whose key is below `key`; an empty key finds the last row of all. */
enum qp_code qp_cursor_below(struct qp_cursor *cursor, struct qp_span key, struct qp_row *row,
                             struct qp_err *err) QP_MUST_USE;

/* ---- Writing ---- */

/* QP_E_FULL, in words, when the file may not grow by so many bytes: disk, limit of file sizes. */
enum qp_code qp_store_room(const struct qp_store *store, uint64_t bytes,
                           struct qp_err *err) QP_MUST_USE;
struct qp_writer;

enum qp_put {
    QP_PUT_ANY,   /* new, or in the place of the old row */
    QP_PUT_NEW,   /* QP_E_STORE when the key is there */
    QP_PUT_APPEND /* QP_E_STORE unless the key is above every other */
};

/* Run the job and make its writes durable, all or none; the view is then the newest. The job passes
 * failures of qp_write_* on. Returns what the job returned; QP_E_FULL (disk, limits of the file and
 * of the map); QP_E_STORE (failed, damaged); QP_E_USAGE when the store is open for reading. */
enum qp_code qp_store_write(struct qp_store *store,
                            enum qp_code (*job)(void *context, struct qp_writer *writer,
                                                struct qp_err *err),
                            void *context, struct qp_err *err) QP_MUST_USE;
/* Make what is in the view durable, when a process that died, or whose write failed, may have left
 * it in the system's memory alone. A commit of its own: a sync may be told that there is nothing to
 * do for pages that the system has given up to write. */
enum qp_code qp_store_settle(struct qp_store *store, struct qp_err *err) QP_MUST_USE;

enum qp_code qp_write_put(struct qp_writer *writer, enum qp_table table, enum qp_put how,
                          struct qp_span key, struct qp_span value, struct qp_err *err) QP_MUST_USE;
/* Taking away what is not there is no failure. */
enum qp_code qp_write_delete(struct qp_writer *writer, enum qp_table table, struct qp_span key,
                             struct qp_err *err) QP_MUST_USE;
/* Every row of the table. */
enum qp_code qp_write_clear(struct qp_writer *writer, enum qp_table table,
                            struct qp_err *err) QP_MUST_USE;

#endif
