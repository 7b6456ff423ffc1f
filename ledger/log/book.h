/* Book: the sequencer. It takes checked records in order, judges each against the state that the
 * ones before it left, and collects what one transaction writes.
 *
 * The live log and the audit keep the same book: the first writes entries and events and everything
 * derived from them, the second only what is derived, into a store of its own. */
#ifndef QP_LOG_BOOK_H
#define QP_LOG_BOOK_H

#include "log/chain.h"
#include "log/record.h"
#include "log/tiles.h"

#include "core/order.h"
#include "rules/rules.h"

/* Records that one transaction writes. */
#define QP_GROUP_RECORDS_MAX 4096
_Static_assert(QP_GROUP_RECORDS_MAX <= QP_CHAIN_SLOTS / 2, "chains of a group");

/* A record that was admitted and waits to be written. */
struct qp_pending {
    const struct qp_record *record; /* borrowed until the group is written */
    struct qp_span entry;
    struct qp_hash leaf;
};

struct qp_vault_row {
    uint64_t index;
    struct qp_hash commitment;
    struct qp_span content;
};

struct qp_book {
    struct qp_store *store; /* takes what is derived */
    struct qp_store *truth; /* has the entries and events; the same one in a live log */
    struct qp_tile_cache *cache;
    struct qp_hash ledger_id; /* once there is an entry */

    /* With what is pending. */
    uint64_t size;
    struct qp_hash last_leaf; /* zeros when size is 0 */
    uint64_t last_ms;
    struct qp_tile_writer tiles;
    struct qp_chains *chains;
    struct qp_state below;
    struct qp_state_map *state;

    struct qp_rule_memo memo;
    struct qp_arena arena;   /* of the group */
    struct qp_arena scratch; /* of one event */
    struct qp_pending *pending;
    size_t pending_count;
    struct qp_order_row *issued; /* one for each pending record; item: its index, a length and a
                                    short number */
    struct qp_order_row *edges;  /* item: the body, one byte */
    size_t edge_count;
    size_t edge_capacity;
    const char **warnings; /* of the record that is judged */
    size_t warning_count;
    struct qp_vault_row *vault;
    size_t vault_count;
    size_t vault_capacity;
};

/* What became of a record. */
struct qp_admitted {
    uint64_t index;
    bool again;
    const char *const *warnings; /* the first QP_WARNINGS_MAX; until qp_book_done */
    size_t warning_count;
};

/* The book of a store, at its size. Free with qp_book_free. */
enum qp_code qp_book_new(struct qp_store *store, struct qp_store *truth,
                         struct qp_tile_cache *cache, struct qp_book **book,
                         struct qp_err *err) QP_MUST_USE;
void qp_book_free(struct qp_book *book); /* NULL is allowed */
/* Forget what is pending and take up what the store has. */
enum qp_code qp_book_reload(struct qp_book *book, struct qp_err *err) QP_MUST_USE;

/* Admit a record at this time, or say that it is there already.
 *
 * Returns QP_OK; QP_E_REFUSED, QP_E_INVALID, QP_E_INPUT: the record may not come in, and the book
 * is as before; QP_E_MEMORY, QP_E_STORE: the book is broken, reload it. */
enum qp_code qp_book_admit(struct qp_book *book, const struct qp_record *record,
                           uint64_t admitted_ms, struct qp_admitted *admitted,
                           struct qp_err *err) QP_MUST_USE;
/* True when there is something to write. */
bool qp_book_pending(const struct qp_book *book);

/* A signed checkpoint on its way into the store; an empty note: none. */
struct qp_book_checkpoint {
    uint64_t size;
    struct qp_span note;
};
/* Write what is pending in one durable transaction. It stands until qp_book_done, so that it can be
 * compared with what was stored. */
enum qp_code qp_book_write(struct qp_book *book, const struct qp_book_checkpoint *checkpoint,
                           struct qp_err *err) QP_MUST_USE;
/* Read what was written back and compare it with what was checked: entry and event bytes by their
 * hashes, the root by two ways. QP_E_STORE. */
enum qp_code qp_book_verify(struct qp_book *book, struct qp_err *err) QP_MUST_USE;
void qp_book_done(struct qp_book *book);

/* State records of a store as a state; `context` is the book. Also finds events that are pending.
 */
enum qp_code qp_book_event(struct qp_book *book, const Qp__EventReference *reference,
                           struct qp_span *event, Qp__EventPlace *place,
                           struct qp_err *err) QP_MUST_USE;
/* Number of entries in a store's view. */
enum qp_code qp_store_entries(struct qp_store *store, uint64_t *size,
                              struct qp_err *err) QP_MUST_USE;

#define QP_META_INSTANCE "instance"
#define QP_META_SIZE "size"

#endif
