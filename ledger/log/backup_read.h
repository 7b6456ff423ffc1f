/* A backup as it is read: its files in their order, frame by frame, and everything that can be said
 * of them without a ledger at hand. A file is sound when its entries follow each other, their
 * events are those that were signed over, and the tree over all entries so far has the root that
 * the log signed in the file's checkpoint, and in those of the entries; the log's key is that of
 * entry 0, whose event is the ledger's id. Statement signatures are not checked here: the log's own
 * signature stands over them, and a restoration checks each one.
 *
 *   file   = "quipu/backup/v1\n" frame...
 *   frame  = u32 length || message BackupFrame
 *   frames = head, entries `first` to `size` - 1, contents of earlier entries */
#ifndef QP_LOG_BACKUP_READ_H
#define QP_LOG_BACKUP_READ_H

#include "wire/wire.h"

#include <quipu/merkle.h>
#include <quipu/note.h>

#define QP_BACKUP_NAME_BYTES 32 /* of a file in the folder, with its NUL */
#define QP_BACKUP_FILES_MAX 999999

enum qp_backup_what {
    QP_BACKUP_HEAD,
    QP_BACKUP_ENTRY,
    QP_BACKUP_CONTENT,
    QP_BACKUP_FILE_END, /* what came of this file is authentic */
    QP_BACKUP_END
};

struct qp_backup_item {
    enum qp_backup_what what;
    uint64_t index;               /* of the entry, also of a content's */
    struct qp_hash leaf;          /* of the entry */
    const Qp__BackupEntry *entry; /* with ENTRY */
    const Qp__Entry *decoded;
    const Qp__SealedContent *content; /* with CONTENT */
};

struct qp_backup_reader {
    char *dir;
    uint64_t files;  /* in the folder */
    uint64_t number; /* of the file at hand, from 1; 0 before the first */
    int fd;
    char *path;
    uint64_t frame;    /* in the file, from 0 */
    uint64_t bytes;    /* read so far, of all files */
    uint64_t file_end; /* entries with this file */
    /* What the backup says of itself, from entry 0 on. */
    bool named;
    struct qp_hash ledger_id;
    struct qp_vkey vkey;
    struct qp_merkle_frontier frontier; /* over the entries so far */
    struct qp_hash last_leaf;
    uint64_t last_ms;
    struct qp_buf checkpoint; /* of the newest file */
    struct qp_hash *ids;      /* room for QP_EVENTS_MAX */
};

/* Look at the folder: its files are backup-000001.qbk and so on, none missing in between. A folder
 * that is not there, or has none, has 0 files. QP_E_INVALID, QP_E_IO. Close it whatever happens. */
enum qp_code qp_backup_open(struct qp_backup_reader *reader, const char *dir,
                            struct qp_err *err) QP_MUST_USE;
void qp_backup_close(struct qp_backup_reader *reader);
/* The next item, in the arena until that is reset. QP_E_INVALID, QP_E_INPUT: the file is damaged,
 * cut off, or does not go on from the one before; the text names it. */
enum qp_code qp_backup_next(struct qp_backup_reader *reader, struct qp_arena *arena,
                            struct qp_backup_item *item, struct qp_err *err) QP_MUST_USE;

/* "backup-000001.qbk" */
void qp_backup_name(char name[static QP_BACKUP_NAME_BYTES], uint64_t number);

#endif
