/* Issuing: from facts to signed statements, with no ledger at hand.
 *
 * A draft collects events and seals contents. A journal signs drafts: it is a folder beside the key
 * file, holds every statement the key ever signed in one append-only file for each ledger, and is
 * fsynced before a statement is handed out; so sequence and link are never guessed or used twice,
 * and everything can be submitted again (the file is itself a submission file).
 *
 * A statement that the ledger refuses for good would keep back all that its key signs after it. The
 * issuer then gives it up: the next statement says that it does, and what stood behind the refused
 * one is signed again. The journal keeps what was given up.
 *
 * A journal is locked while open: a second process waits for nothing and is told so.
 * Handles belong to one thread at a time. qp_init (key.h) must have run.
 *
 * The folder of a journal, mode 0700:
 *   lock                   held while the journal is open
 *   <ledger id>.qst        submission records, one behind the other
 *   <ledger id>.head       how many bytes of that file were handed out, the next sequence, the link
 *                          to the last statement and what the next one gives up; replaced after
 *                          each signing
 *   <ledger id>.party      the short name of the party, one line; the program's, which refuses
 *                          another one after the first signing
 *   <ledger id>.torn-<n>   bytes behind that length: a signing that a crash cut off, its signatures
 *                          blanked, since its sequence is used again */
#ifndef QUIPU_ISSUE_H
#define QUIPU_ISSUE_H

#include <quipu/key.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Key files on disk ---- */

/* Write a new key file, mode 0600, never over an existing file, and PATH.vkey beside it (without
 * ".key" in its name: coop.key and coop.vkey). passphrase NULL: in the clear. QP_E_IO (exists …).
 */
QP_API QP_MUST_USE enum qp_code qp_key_file_new(const char *path, const char *name,
                                                const struct qp_span *passphrase,
                                                struct qp_public_key *public_key,
                                                struct qp_err *err);
/* Open a key file. Refuses a file that others can read or write, a symbolic link, and one that
 * belongs to another user. QP_E_USAGE when the file needs a passphrase and none is given. */
QP_API QP_MUST_USE enum qp_code qp_key_file_open(const char *path, const struct qp_span *passphrase,
                                                 struct qp_key **key, struct qp_err *err);

/* ---- Drafts ---- */

struct qp_draft;

QP_API QP_MUST_USE enum qp_code qp_draft_new(struct qp_draft **draft, struct qp_err *err);
QP_API void qp_draft_free(struct qp_draft *draft); /* NULL is allowed */
/* Add the events of a JSON text: one object, a list of objects, or one object a line. An event is
 * {"occurred": "2026-05-14T10:00:00-05:00", "place": {…}?, "<body>": {…}}; a nonce is made where it
 * is absent. Where a body holds sealed content, the plain content is given as {"seal": {"kind":
 * "producer", "content": {…}}} (an object for producer, price and contact; GeoJSON for geometry;
 * {"file": "path"} or {"base64": "…"} for a document), and sealed here; {"file": …} is read through
 * `read_file`, which may be NULL: then such a document is refused.
 * All or nothing: on failure no event of the text is in the draft. QP_E_INPUT names line and path.
 */
struct qp_file_reader {
    void *context;
    enum qp_code (*read)(void *context, const char *path, struct qp_buf *out, struct qp_err *err);
};
QP_API QP_MUST_USE enum qp_code qp_draft_add_json(struct qp_draft *draft, struct qp_span json,
                                                  const struct qp_file_reader *read_file,
                                                  struct qp_err *err);
QP_API size_t qp_draft_event_count(const struct qp_draft *draft);
QP_API size_t qp_draft_sealed_count(const struct qp_draft *draft);
/* Borrowed until the draft is changed; at is below the event count. */
QP_API struct qp_span qp_draft_event(const struct qp_draft *draft, size_t at);
/* The id of the ledger that the draft opens: the id of its one event, a LedgerOpened. QP_E_USAGE
 * when the draft is anything else. */
QP_API QP_MUST_USE enum qp_code qp_draft_ledger_id(const struct qp_draft *draft,
                                                   struct qp_hash *ledger_id, struct qp_err *err);

/* ---- Journals ---- */

struct qp_journal;

/* Open the journal of a key for one ledger, and create it where it is not yet there.
 *
 * dir        folder of the journal, such as coop.journal
 * key        borrowed until close
 * ledger_id  NULL: the only ledger that the folder has; QP_E_USAGE when there is none or several
 * Returns QP_OK; QP_E_BUSY (another process has it open); QP_E_INVALID (a statement is not by this
 * key, the chain does not hold, or bytes that were handed out are missing); QP_E_IO. What a crash
 * cut off was never handed out: it is moved to a file of its own beside the journal. */
QP_API QP_MUST_USE enum qp_code qp_journal_open(const char *dir, const struct qp_key *key,
                                                const struct qp_hash *ledger_id,
                                                struct qp_journal **journal, struct qp_err *err);
QP_API void qp_journal_close(struct qp_journal *journal); /* NULL is allowed */
QP_API uint64_t qp_journal_next_sequence(const struct qp_journal *journal);
QP_API void qp_journal_ledger_id(const struct qp_journal *journal, struct qp_hash *ledger_id);
/* Sign what the draft holds, in statements of at most events_per_statement (1 to 4096) events each
 * and as many bytes as a submission may have, append them to the journal durably, then to `out`
 * as submission records. Whole or not at all.
 * Returns QP_OK; QP_E_USAGE (empty draft, events_per_statement); QP_E_INPUT (issued_ms); QP_E_IO:
 * then the journal must be closed, and opening it again says what was kept; QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_journal_sign(struct qp_journal *journal,
                                                const struct qp_draft *draft,
                                                uint32_t events_per_statement, uint64_t issued_ms,
                                                struct qp_buf *out, size_t *statement_count,
                                                struct qp_err *err);

/* ---- Giving up what the ledger refused ---- */

/* Give up the statements from `from` to the newest: the next one that is signed says so, and links
 * to the one that `from` followed. Nothing is signed. Durable on return.
 *
 * admitted  NULL; or the newest statement that the ledger has, where that is not the one that
 *           `from` followed: a statement had been given up although the ledger had admitted it.
 *           Then `from` may also be the next sequence: nothing more is given up
 * Returns QP_OK; QP_E_NOT_FOUND (no such statement); QP_E_USAGE (it was given up before; `admitted`
 * is not before `from`); QP_E_IO: then the journal must be closed; QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_journal_give_up(struct qp_journal *journal, uint64_t from,
                                                   const uint64_t *admitted, struct qp_err *err);

struct qp_resign {
    uint64_t from;            /* sequence of the statement that was refused */
    const uint64_t *admitted; /* as above */
    const uint32_t *left_out; /* positions of its events that are not signed again, in any order */
    size_t left_out_count;
    bool leave_out_all; /* none of its events is signed again */
    /* Told of each event that is left out; may be NULL. A failure ends it, and nothing is signed.
     */
    void *context;
    enum qp_code (*tell)(void *context, uint64_t sequence, uint32_t position, struct qp_span event,
                         struct qp_err *err);
};

struct qp_resigned {
    size_t statement_count; /* signed again; may be 0 */
    uint64_t first;         /* sequence of the first of these */
    size_t event_count;     /* signed again */
    size_t left_out_count;
};

/* Give up the statements from what->from to the newest, as above, and sign their events again: a
 * new statement for each, the same events in the same order, with what they seal, but for those
 * that are left out. A voiding of an event that is signed again names it in its new place; a
 * voiding of one that is left out is left out as well. Appended to `out` as submission records.
 * Whole or not at all.
 *
 * resigned  out: may be NULL
 * Returns as qp_journal_give_up; QP_E_USAGE also for a position that the statement does not have.
 */
QP_API QP_MUST_USE enum qp_code qp_journal_resign(struct qp_journal *journal,
                                                  const struct qp_resign *what, uint64_t issued_ms,
                                                  struct qp_buf *out, struct qp_resigned *resigned,
                                                  struct qp_err *err);

#ifdef __cplusplus
}
#endif
#endif
