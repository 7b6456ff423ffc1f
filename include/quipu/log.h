/* Log: the ledger itself, a folder with an LMDB store and an anchor.
 *
 *   DIR/lock     held by the one writer
 *   DIR/store/   LMDB: entries and events are the truth, the rest is derived from them
 *   DIR/anchor   the newest signed checkpoint, and the size and root that may be signed next; it
 *                stands outside the store so that a store restored from a backup is noticed
 *
 * One writer process at a time (the folder is locked), any number of readers beside it, which need
 * to write to DIR/store/lock.mdb; a reader that may not (a read-only copy) keeps writers out while
 * it has the ledger open, and is QP_E_BUSY while there is one. What is made is for its owner alone;
 * what an operator grants to a group afterwards stays granted. One process opens a ledger once. A
 * handle belongs to one thread at a time and is not for use after fork(). Everything acknowledged
 * is durable. A handle that returned QP_E_STORE while writing does nothing more: close it and open
 * the ledger again, which is also how it recovers. After QP_E_FULL as well, once there is room;
 * what reads needs none. A process with a limit of file sizes (RLIMIT_FSIZE) should ignore SIGXFSZ.
 */
#ifndef QUIPU_LOG_H
#define QUIPU_LOG_H

#include <quipu/note.h>

#ifdef __cplusplus
extern "C" {
#endif

struct qp_log;

enum qp_log_mode {
    QP_LOG_READ,
    QP_LOG_WRITE,
    /* For qp_log_audit: opens a ledger that is damaged too, and does not recover it. */
    QP_LOG_AUDIT, /* beside a writer */
    QP_LOG_REPAIR /* as the writer; without the log's key, since nothing is signed */
};

struct qp_log_options {
    enum qp_log_mode mode;
    const struct qp_key *log_key; /* signs checkpoints; needed to write; borrowed until close */
    uint64_t map_bytes_max;   /* the store grows by itself up to this; 0: as far as the disk goes */
    uint64_t map_bytes_first; /* a new store's first size; 0: 64 MiB */
    unsigned threads;         /* that check signatures; 0: one for each processor */
    uint64_t (*now_ms)(void *context); /* the log's clock; NULL: the system's */
    void *now_context;
};

/* Make a ledger in a folder that is new or empty, and admit its opening: one submission record
 * whose statement has ledger_id = event_root = the id of its one event, a LedgerOpened. QP_E_IO
 * when the folder holds anything. */
QP_API QP_MUST_USE enum qp_code qp_log_create(const char *dir, struct qp_span opening,
                                              const struct qp_log_options *options,
                                              struct qp_err *err);
/* Open a ledger; with QP_LOG_WRITE this is also recovery: QP_E_BUSY (another writer), QP_E_STORE
 * (store behind the anchor, roots that differ), QP_E_INVALID (not the log's key). */
QP_API QP_MUST_USE enum qp_code qp_log_open(const char *dir, const struct qp_log_options *options,
                                            struct qp_log **log, struct qp_err *err);
QP_API void qp_log_close(struct qp_log *log);

QP_API uint64_t qp_log_size(const struct qp_log *log); /* entries under the newest checkpoint */
QP_API void qp_log_ledger_id(const struct qp_log *log, struct qp_hash *ledger_id);
QP_API const char *qp_log_origin(const struct qp_log *log);
/* The newest checkpoint, a signed note; appended to out. */
QP_API QP_MUST_USE enum qp_code qp_log_checkpoint(struct qp_log *log, struct qp_buf *out,
                                                  struct qp_err *err);
/* See what other processes have written since the log was opened or refreshed (readers). Between
 * the two a reader's view stands still; the store cannot use the space of what was replaced since,
 * so refresh or close a log that is kept open. */
QP_API QP_MUST_USE enum qp_code qp_log_refresh(struct qp_log *log, struct qp_err *err);

/* ---- Admission ---- */

#define QP_WARNINGS_MAX 8 /* texts for one record */

/* What became of one submission record of the input. */
struct qp_submitted {
    uint64_t record;      /* 0-based in the input */
    uint64_t offset;      /* its first byte in the input */
    enum qp_code code;    /* QP_OK: admitted, or there already; else why not */
    bool again;           /* it was there before */
    uint64_t index;       /* entry, when QP_OK */
    uint32_t event_count; /* when QP_OK */
    struct qp_span
        receipt;          /* a tlog-proof whose extra is the entry's bytes, when QP_OK; borrowed */
    struct qp_span bytes; /* the record itself; borrowed */
    const struct qp_err *err; /* when not QP_OK: rule, and the event in the text */
    /* When it was admitted now: what is no reason to refuse it and worth a look, such as a plot
     * that yields more than is usual; one text each, borrowed. */
    const char *const *warnings;
    size_t warning_count; /* of these QP_WARNINGS_MAX at most have a text */
};

/* Where records come from. */
struct qp_source {
    void *context;
    /* Fill `bytes` with 1 to len bytes, waiting for them if need be; *got = 0 at the end. */
    enum qp_code (*read)(void *context, uint8_t *bytes, size_t len, size_t *got,
                         struct qp_err *err);
    /* Would `read` return at once? When it would not, what has come so far is admitted and
     * acknowledged first. NULL: it always would, as from a file. */
    bool (*ready)(void *context);
};
/* Called in order of the records, after they are durable and under a signed checkpoint. A failure
 * stops the submission; what was reported stays admitted. */
struct qp_submit_sink {
    void *context;
    enum qp_code (*done)(void *context, const struct qp_submitted *submitted, struct qp_err *err);
    bool no_receipts; /* leave `receipt` empty: nobody looks at it, and making it takes time */
};

/* Admit a stream of submission records in groups. A record that is refused costs no other record
 * anything; bytes that are not a record end the stream with QP_E_INPUT after what came before is
 * admitted. Memory is bounded, whatever the stream's length. */
QP_API QP_MUST_USE enum qp_code qp_log_submit(struct qp_log *log, const struct qp_source *source,
                                              const struct qp_submit_sink *sink,
                                              struct qp_err *err);

/* ---- Reading ---- */

/* All append to `out`. QP_E_NOT_FOUND; QP_E_STORE when stored bytes do not have the hash that the
 * tree has. */
QP_API QP_MUST_USE enum qp_code qp_log_entry(struct qp_log *log, uint64_t index, struct qp_buf *out,
                                             struct qp_err *err);
QP_API QP_MUST_USE enum qp_code qp_log_event(struct qp_log *log, uint64_t index, uint32_t position,
                                             struct qp_buf *out, struct qp_err *err);
QP_API QP_MUST_USE enum qp_code qp_log_receipt(struct qp_log *log, uint64_t index,
                                               struct qp_buf *out, struct qp_err *err);
/* Sealed content as an encoded SealedContent message. index: of the entry whose event holds the
 * commitment. QP_E_NOT_FOUND: never handed in, or erased. */
QP_API QP_MUST_USE enum qp_code qp_log_sealed(struct qp_log *log, uint64_t index,
                                              const struct qp_hash *commitment, struct qp_buf *out,
                                              struct qp_err *err);

/* ---- Watching over it ---- */

struct qp_audit_report {
    uint64_t entries;
    uint64_t events;
    uint64_t signatures;
    uint64_t sealed;      /* contents that match their commitments */
    uint64_t faults;      /* things that are wrong; 0: all is well */
    uint64_t first_entry; /* the first entry that is wrong; QP_NO_ENTRY: none, or not an entry's */
    bool rebuilt;         /* the derived tables were written anew */
    char first[QP_ERR_TEXT_BYTES]; /* what is wrong there; "" when nothing is */
};
#define QP_NO_ENTRY UINT64_MAX

struct qp_audit_options {
    /* Write the derived tables anew, when entries and events are sound. Needs QP_LOG_REPAIR or
     * QP_LOG_WRITE. */
    bool rebuild;
    /* Where the replay keeps its tables meanwhile. NULL: the ledger's folder; or TMPDIR, or /tmp,
     * where that has no room or may not be written. */
    const char *temp_dir;
    void (*progress)(void *context, uint64_t done, uint64_t all); /* may be NULL */
    void *context;
};

/* Replay everything from the entries and events alone and compare: chain, signatures, event roots,
 * rules, tiles, checkpoints, issuers, state, edges, vault. An entry that is wrong ends the audit,
 * since what follows rests on it. QP_OK when the audit could be made: look at report->faults.
 * QP_E_FULL also where there is no room for the replay's tables.
 * Memory is bounded: the replay's tables are a store in a temporary folder, removed at the end; its
 * groups are those of qp_log_submit. */
QP_API QP_MUST_USE enum qp_code qp_log_audit(struct qp_log *log,
                                             const struct qp_audit_options *options,
                                             struct qp_audit_report *report, struct qp_err *err);

struct qp_log_stats {
    uint64_t entries;
    uint64_t events;
    uint64_t events_by_kind[128]; /* by the field number of the body in Event */
    uint64_t issuers;
    uint64_t sealed;
    uint64_t bytes_entries;
    uint64_t bytes_events;
    uint64_t bytes_sealed;
    uint64_t bytes_on_disk;
};
QP_API QP_MUST_USE enum qp_code qp_log_stats(struct qp_log *log, struct qp_log_stats *stats,
                                             struct qp_err *err);

#ifdef __cplusplus
}
#endif
#endif
