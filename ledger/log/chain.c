#include "log/chain.h"

#include "core/check.h"
#include "log/keys.h"

#include <stdio.h>
#include <string.h>

void qp_chains_clear(struct qp_chains *chains)
{
    if (chains->count > 0) {
        memset(chains, 0, sizeof *chains);
    }
}

static enum qp_code read_row(struct qp_span row, uint64_t *index, struct qp_err *err)
{
    if (!qp_load_short(row, index)) {
        return qp_fail(err, QP_E_STORE,
                       "a row of the issuers is damaged; run an audit that rebuilds the derived "
                       "tables");
    }
    return QP_OK;
}

enum qp_code qp_chain_get(struct qp_store *store, const struct qp_public_key *issuer,
                          uint64_t sequence, uint64_t *index, struct qp_err *err)
{
    struct qp_row_key key = qp_key_issuer(issuer, sequence);
    struct qp_span row = {0};
    enum qp_code rc = qp_store_get(store, QP_TABLE_ISSUERS, qp_row_key_span(&key), &row, err);
    return rc == QP_OK ? read_row(row, index, err) : rc;
}

enum qp_code qp_chain_last(struct qp_store *store, const struct qp_public_key *issuer,
                           uint64_t *sequence, uint64_t *index, struct qp_err *err)
{
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    struct qp_row_key behind = qp_key_issuer(issuer, UINT64_MAX);
    enum qp_code rc = qp_cursor_open(store, QP_TABLE_ISSUERS, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_below(cursor, qp_row_key_span(&behind), &row, err) : rc;
    if (rc == QP_OK && (!row.found || row.key.len != behind.len ||
                        memcmp(row.key.data, issuer->bytes, sizeof issuer->bytes) != 0)) {
        rc = qp_fail(err, QP_E_NOT_FOUND, "the key has signed nothing in this ledger");
    }
    rc = rc == QP_OK ? read_row(row.value, index, err) : rc;
    if (rc == QP_OK) {
        *sequence = qp_load_be64(row.key.data + sizeof issuer->bytes);
    }
    qp_cursor_close(cursor);
    return rc;
}

/* The statement of an entry that is in the store; borrowed from its view, and from the arena. */
static enum qp_code read_statement(struct qp_store *truth, uint64_t index, struct qp_arena *scratch,
                                   struct qp_span *bytes, Qp__Statement **statement,
                                   struct qp_err *err)
{
    struct qp_row_key key = qp_key_number(index);
    struct qp_span row = {0};
    Qp__Entry *entry = NULL;
    enum qp_code rc = qp_store_get(truth, QP_TABLE_ENTRIES, qp_row_key_span(&key), &row, err);
    rc = rc == QP_OK ? qp_entry_decode(row, scratch, &entry, err) : rc;
    if (rc == QP_OK) {
        *bytes = qp_span_bytes(entry->statement);
        rc = qp_statement_decode(*bytes, scratch, statement, err);
    }
    return rc == QP_E_NOT_FOUND || rc == QP_E_INPUT
               ? qp_fail(err, QP_E_STORE, "entry %llu cannot be read; run quipu scrub",
                         (unsigned long long)index)
               : rc;
}

enum qp_code qp_chain_hash(struct qp_store *truth, uint64_t index, struct qp_arena *scratch,
                           struct qp_hash *hash, struct qp_err *err)
{
    Qp__Statement *statement = NULL;
    struct qp_span bytes = {0};
    enum qp_code rc = read_statement(truth, index, scratch, &bytes, &statement, err);
    if (rc == QP_OK) {
        qp_hash_statement(hash, bytes);
    }
    return rc;
}

/* One statement under a cursor. found: false behind the issuer's last one. */
struct chain_row {
    bool found;
    uint64_t sequence;
    uint64_t index;
};

static enum qp_code read_chain_row(const struct qp_public_key *issuer, const struct qp_row *row,
                                   struct chain_row *at, struct qp_err *err)
{
    *at = (struct chain_row){.found = false};
    if (!row->found || row->key.len != sizeof issuer->bytes + 8 ||
        memcmp(row->key.data, issuer->bytes, sizeof issuer->bytes) != 0) {
        return QP_OK;
    }
    at->found = true;
    at->sequence = qp_load_be64(row->key.data + sizeof issuer->bytes);
    return read_row(row->value, &at->index, err);
}

/* The first statement of the issuer whose sequence is not below this one. */
static enum qp_code seek_chain(struct qp_cursor *cursor, const struct qp_public_key *issuer,
                               uint64_t sequence, struct chain_row *at, struct qp_err *err)
{
    struct qp_row_key key = qp_key_issuer(issuer, sequence);
    struct qp_row row = {0};
    enum qp_code rc = qp_cursor_seek(cursor, qp_row_key_span(&key), &row, err);
    return rc == QP_OK ? read_chain_row(issuer, &row, at, err) : rc;
}

/* Sequences and entries rise together, with gaps where statements were given up. */
static enum qp_code seek_since(struct qp_cursor *cursor, const struct qp_public_key *issuer,
                               uint64_t since, struct chain_row *at, struct qp_err *err)
{
    uint64_t low = 0;
    uint64_t high = since == 0 ? 0 : QP_NUMBER_MAX;
    enum qp_code rc = QP_OK;
    while (rc == QP_OK && low < high) {
        uint64_t middle = low + (high - low) / 2;
        rc = seek_chain(cursor, issuer, middle, at, err);
        if (at->found && at->index < since) {
            low = at->sequence + 1;
        } else {
            high = middle;
        }
    }
    return rc == QP_OK ? seek_chain(cursor, issuer, low, at, err) : rc;
}

enum qp_code qp_chain_each(struct qp_store *store, const struct qp_public_key *issuer,
                           uint64_t since,
                           enum qp_code (*each)(void *context, uint64_t index, struct qp_err *err),
                           void *context, struct qp_err *err)
{
    struct qp_cursor *cursor = NULL;
    struct chain_row at = {0};
    enum qp_code rc = qp_cursor_open(store, QP_TABLE_ISSUERS, &cursor, err);
    rc = rc == QP_OK ? seek_since(cursor, issuer, since, &at, err) : rc;
    while (rc == QP_OK && at.found) {
        struct qp_row row = {0};
        rc = each(context, at.index, err);
        rc = rc == QP_OK ? qp_cursor_next(cursor, &row, err) : rc;
        rc = rc == QP_OK ? read_chain_row(issuer, &row, &at, err) : rc;
    }
    qp_cursor_close(cursor);
    return rc;
}

enum qp_code qp_chains_find(struct qp_chains *chains, struct qp_store *store,
                            struct qp_store *truth, const struct qp_public_key *issuer,
                            struct qp_arena *scratch, struct qp_chain **chain, struct qp_err *err)
{
    /* Keys that signed something cannot be chosen to collide at will. */
    size_t at = (size_t)(qp_load_be64(issuer->bytes) % QP_CHAIN_SLOTS);
    while (chains->slots[at].used && !qp_public_key_eq(&chains->slots[at].issuer, issuer)) {
        at = (at + 1) % QP_CHAIN_SLOTS;
    }
    struct qp_chain *slot = &chains->slots[at];
    if (!slot->used) {
        uint64_t sequence = 0;
        uint64_t index = 0;
        struct qp_hash last = {{0}};
        enum qp_code rc = qp_chain_last(store, issuer, &sequence, &index, err);
        enum qp_code read = rc == QP_OK ? qp_chain_hash(truth, index, scratch, &last, err) : QP_OK;
        if ((rc != QP_OK && rc != QP_E_NOT_FOUND) || read != QP_OK) {
            return read != QP_OK ? read : rc;
        }
        QP_ASSERT(chains->count < QP_CHAIN_SLOTS - 1); /* a group has fewer records than that */
        chains->count++;
        slot->used = true;
        slot->issuer = *issuer;
        slot->next = rc == QP_OK ? sequence + 1 : 0;
        slot->next_written = slot->next;
        slot->last = last;
    }
    *chain = slot;
    return QP_OK;
}

static enum qp_code refuse_gap(const struct qp_chain *chain, uint64_t sequence, uint64_t first,
                               const char *key, struct qp_err *err)
{
    char last[32] = "";
    if (first > chain->next + 1) {
        (void)snprintf(last, sizeof last, " to %llu", (unsigned long long)first - 1);
    }
    return qp_refuse(err, "QP-CHAIN-GAP",
                     "sequence %llu of key %.16s… waits for %llu%s: submit the key's journal from "
                     "there; where that is refused, mend what it lacks and submit again, or give "
                     "it up: quipu journal KEY --give-up %llu",
                     (unsigned long long)sequence, key, (unsigned long long)chain->next, last,
                     (unsigned long long)chain->next);
}

enum qp_code qp_chain_follow(const struct qp_chain *chain, const struct qp_record *record,
                             struct qp_err *err)
{
    uint64_t sequence = record->statement->sequence;
    uint64_t given_up = record->statement->given_up;
    char key[65];
    qp_hex_encode(key, qp_span_of(record->issuer.bytes, sizeof record->issuer.bytes));
    QP_ASSERT(sequence >= chain->next);
    if (given_up > sequence) {
        return qp_refuse(err, "QP-CHAIN-LINK",
                         "sequence %llu of key %.16s… gives up %llu statements; there cannot be "
                         "so many before it",
                         (unsigned long long)sequence, key, (unsigned long long)given_up);
    }
    uint64_t first = sequence - given_up; /* that is given up; this one when none is */
    if (first > chain->next) {
        return refuse_gap(chain, sequence, first, key, err);
    }
    if (first < chain->next) {
        return qp_refuse(err, "QP-CHAIN-LINK",
                         "sequence %llu of key %.16s… gives up %llu, but the ledger has the key's "
                         "statements up to %llu; only what was refused can be given up: quipu "
                         "journal KEY --give-up %llu --admitted %llu",
                         (unsigned long long)sequence, key, (unsigned long long)first,
                         (unsigned long long)chain->next - 1, (unsigned long long)sequence,
                         (unsigned long long)chain->next - 1);
    }
    struct qp_hash previous = qp_bytes_hash(record->statement->previous);
    if (!qp_hash_eq(&previous, &chain->last)) {
        char theirs[65];
        char ours[65];
        qp_hash_hex(theirs, &previous);
        qp_hash_hex(ours, &chain->last);
        return qp_refuse(err, "QP-CHAIN-LINK",
                         "sequence %llu of key %.16s… names %.16s… as the statement before it, "
                         "but %.16s… is here; it was signed from another journal",
                         (unsigned long long)sequence, key, theirs, ours);
    }
    return QP_OK;
}

/* Has the key's next statement in the store given the record up? `truth` has the entries. */
static enum qp_code is_given_up(struct qp_store *store, struct qp_store *truth,
                                const struct qp_record *record, struct qp_arena *scratch,
                                bool *given_up, struct qp_err *err)
{
    uint64_t sequence = record->statement->sequence;
    struct qp_cursor *cursor = NULL;
    struct chain_row next = {.found = false};
    Qp__Statement *statement = NULL;
    struct qp_span bytes = {0};
    enum qp_code rc = qp_cursor_open(store, QP_TABLE_ISSUERS, &cursor, err);
    rc = rc == QP_OK ? seek_chain(cursor, &record->issuer, sequence, &next, err) : rc;
    qp_cursor_close(cursor);
    *given_up = false;
    if (rc == QP_OK && next.found) {
        rc = read_statement(truth, next.index, scratch, &bytes, &statement, err);
        *given_up = rc == QP_OK && statement->sequence > sequence &&
                    statement->sequence - sequence <= statement->given_up;
    }
    return rc;
}

enum qp_code qp_chain_given_up(const struct qp_chain *chain, const struct qp_record *record,
                               struct qp_store *store, struct qp_store *truth,
                               struct qp_arena *scratch, struct qp_err *err)
{
    char key[65];
    bool given_up = true; /* by one that is pending */
    uint64_t sequence = record->statement->sequence;
    enum qp_code rc = sequence < chain->next_written
                          ? is_given_up(store, truth, record, scratch, &given_up, err)
                          : QP_OK;
    if (rc != QP_OK) {
        return rc;
    }
    if (!given_up) {
        return qp_fail(err, QP_E_STORE,
                       "the issuers' table has a gap; run an audit that rebuilds the derived "
                       "tables");
    }
    qp_hex_encode(key, qp_span_of(record->issuer.bytes, sizeof record->issuer.bytes));
    return qp_refuse(err, "QP-CHAIN-GIVEN-UP",
                     "sequence %llu of key %.16s… was given up: the key has gone on without it; "
                     "sign its events again",
                     (unsigned long long)sequence, key);
}

enum qp_code qp_chain_fork(const struct qp_record *record, const struct qp_hash *hash,
                           uint64_t index, struct qp_err *err)
{
    char key[65];
    char theirs[65];
    char ours[65];
    qp_hex_encode(key, qp_span_of(record->issuer.bytes, sizeof record->issuer.bytes));
    qp_hash_hex(theirs, &record->statement_hash);
    qp_hash_hex(ours, hash);
    return qp_refuse(
        err, "QP-CHAIN-FORK",
        "key %.16s… has signed two statements with sequence %llu: %.16s… is entry "
        "%llu, and now %.16s…; keep both, they prove it: quipu fork-proof --ledger LEDGER "
        "FILE",
        key, (unsigned long long)record->statement->sequence, ours, (unsigned long long)index,
        theirs);
}
