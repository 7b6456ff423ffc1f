/* Backup: copies of a ledger, a ledger from a copy, and the watch over what is stored.
 *
 * A backup is a folder of files. Each brings the entries that came since the file before, with
 * their events and sealed contents, under the checkpoint that the log signed at its end; nothing
 * that is derived is in it. Whoever has the folder has all of the ledger but its log key, and can
 * check it alone. Sealed contents are personal data: a backup is kept like the ledger.
 *
 * A ledger that was restored signs nothing until qp_log_resume has held it against the newest
 * checkpoint that is known anywhere: a log that goes on from an old copy signs a second history
 * (proto/SPEC.md, section 20). */
#ifndef QUIPU_BACKUP_H
#define QUIPU_BACKUP_H

#include <quipu/log.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How far long work has come; both may be NULL. */
struct qp_watch {
    void (*progress)(void *context, uint64_t done, uint64_t all); /* entries */
    void *context;
};

struct qp_backup_report {
    uint64_t files;          /* in the folder, the new one included */
    uint64_t entries;        /* that the backup holds */
    uint64_t entries_added;  /* of these by this call */
    uint64_t contents_added; /* contents that came to the vault after their entries' backup */
    uint64_t bytes_added;    /* 0: there was nothing new, and no file was written */
};

/* Read everything that the folder has, and add a file with what is newer. The log may be open in
 * any mode, and others may write to it meanwhile: the backup ends at the log's newest checkpoint as
 * of this call. Every entry is compared with the tree before it is written.
 *
 * dir     made where it is not there; locked meanwhile: QP_E_BUSY
 * report  out
 * Returns QP_OK; QP_E_INPUT, QP_E_INVALID (a file of the folder is damaged, of another ledger, or
 * contradicts this one); QP_E_STORE (the ledger is damaged); QP_E_IO; QP_E_MEMORY. Durable on
 * return. */
QP_API QP_MUST_USE enum qp_code qp_log_backup(struct qp_log *log, const char *dir,
                                              const struct qp_watch *watch,
                                              struct qp_backup_report *report, struct qp_err *err);

struct qp_restore_report {
    uint64_t files;
    uint64_t entries;
    uint64_t events;
    uint64_t sealed;
    struct qp_hash ledger_id;
    char origin[256];
};

/* Make a ledger of a backup, in a folder that is new or empty. Every signature is checked, every
 * rule applied, every table made anew. The ledger can be read at once; to write it needs
 * qp_log_resume. No key is needed. `options` gives threads and map sizes.
 *
 * Returns QP_OK; QP_E_INPUT, QP_E_INVALID (the backup is damaged; text: which file); QP_E_NOT_FOUND
 * (no backup there); QP_E_IO (the folder holds something); QP_E_FULL; QP_E_MEMORY. On
 * failure the folder is as empty as before. */
QP_API QP_MUST_USE enum qp_code
qp_log_restore(const char *backup, const char *dir, const struct qp_log_options *options,
               const struct qp_watch *watch, struct qp_restore_report *report, struct qp_err *err);

/* Something in which a checkpoint of the log stands: a signed note, a receipt, a bundle, or the
 * anchor of the ledger that was lost. */
struct qp_evidence {
    const char *name; /* for the words of an error */
    struct qp_span bytes;
};

struct qp_resume_report {
    uint64_t entries;
    uint64_t newest;         /* entries under the newest checkpoint that was shown */
    const char *newest_name; /* borrowed from the evidence */
    uint64_t newest_ms;      /* when the last entry under it was admitted */
};

/* Let a ledger sign again that was restored, or whose anchor is lost or damaged: when every
 * checkpoint in the evidence, of which there must be some, is one of this ledger's own history, and
 * none is beyond its end. What nobody shows cannot be seen: the evidence has to be the newest that
 * is known anywhere.
 *
 * options  log_key; mode is not looked at
 * Returns QP_OK; QP_E_INVALID (a checkpoint is beyond the ledger's end: entries are missing; or has
 * another root: two histories; or the log's key is another one); QP_E_INPUT (evidence without a
 * checkpoint in it); QP_E_USAGE (no evidence, or the ledger signs already); QP_E_BUSY; QP_E_STORE;
 * QP_E_IO; QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_log_resume(const char *dir, const struct qp_log_options *options,
                                              const struct qp_evidence *evidence,
                                              size_t evidence_count,
                                              struct qp_resume_report *report, struct qp_err *err);

/* ---- Scrub ---- */

enum qp_fault_kind {
    QP_FAULT_ENTRY,      /* its bytes do not have the hash that the tree has */
    QP_FAULT_EVENTS,     /* not those that the statement was signed over */
    QP_FAULT_CONTENT,    /* a sealed content that opens no commitment */
    QP_FAULT_TILE,       /* hashes of the tree that do not give the ones above them */
    QP_FAULT_CHECKPOINT, /* not signed by the log, or of another tree */
    QP_FAULT_DERIVED,    /* a table that does not follow from the entries */
    QP_FAULT_COUNT
};

struct qp_fault {
    enum qp_fault_kind kind;
    uint64_t index;   /* of the entry; of a checkpoint its size; else QP_NO_ENTRY */
    const char *text; /* what is wrong, a sentence; until the callback returns */
};

struct qp_scrub_options {
    uint64_t bytes_per_second; /* most that is read; 0: as fast as it goes */
    /* A backup's folder, or that of another copy of the ledger, from which damaged entries, events,
     * contents and checkpoints are replaced; derived tables are made anew. NULL: only look. Needs
     * QP_LOG_REPAIR. What is taken is what the log has signed, wherever it comes from. */
    const char *repair_from;
    void (*fault)(void *context, const struct qp_fault *fault); /* may be NULL */
    struct qp_watch watch;
    void *context; /* of fault */
};

struct qp_scrub_report {
    uint64_t entries;
    uint64_t events;
    uint64_t sealed;
    uint64_t checkpoints;
    uint64_t bytes;                  /* of these */
    uint64_t faults[QP_FAULT_COUNT]; /* found */
    uint64_t repaired;               /* of them */
    uint64_t faults_all;
};

/* Read the whole store, and compare everything with its hash: entries with the tree, the tree with
 * itself and with what the log signed, events with their statements, contents with their
 * commitments; where nothing is wrong with these, the tables that are derived from them with a
 * replay (qp_log_audit). Every fault is told, not only the first. Others may write meanwhile.
 *
 * log     QP_LOG_AUDIT, or QP_LOG_REPAIR to repair
 * Returns QP_OK when all was looked at, also where faults were found; QP_E_STORE (cannot be read at
 * all); QP_E_INPUT, QP_E_INVALID, QP_E_NOT_FOUND (repair_from); QP_E_MEMORY; QP_E_IO. */
QP_API QP_MUST_USE enum qp_code qp_log_scrub(struct qp_log *log,
                                             const struct qp_scrub_options *options,
                                             struct qp_scrub_report *report, struct qp_err *err);

#ifdef __cplusplus
}
#endif
#endif
