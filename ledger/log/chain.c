#include "log/chain.h"

#include "core/check.h"
#include "log/keys.h"

#include <string.h>

void qp_chains_clear(struct qp_chains *chains)
{
    if (chains->count > 0) {
        memset(chains, 0, sizeof *chains);
    }
}

#define ROW_BYTES 40 /* index ‖ statement hash */

static enum qp_code read_row(struct qp_span row, uint64_t *index, struct qp_hash *hash,
                             struct qp_err *err)
{
    if (row.len != ROW_BYTES) {
        return qp_fail(err, QP_E_STORE,
                       "a row of the issuers is damaged; run an audit that rebuilds the derived "
                       "tables");
    }
    *index = qp_load_be64(row.data);
    memcpy(hash->bytes, row.data + 8, sizeof hash->bytes);
    return QP_OK;
}

enum qp_code qp_chain_get(struct qp_store *store, const struct qp_public_key *issuer,
                          uint64_t sequence, uint64_t *index, struct qp_hash *hash,
                          struct qp_err *err)
{
    struct qp_row_key key = qp_key_issuer(issuer, sequence);
    struct qp_span row = {0};
    enum qp_code rc = qp_store_get(store, QP_TABLE_ISSUERS, qp_row_key_span(&key), &row, err);
    return rc == QP_OK ? read_row(row, index, hash, err) : rc;
}

enum qp_code qp_chain_last(struct qp_store *store, const struct qp_public_key *issuer,
                           uint64_t *sequence, struct qp_hash *hash, struct qp_err *err)
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
    uint64_t index = 0;
    rc = rc == QP_OK ? read_row(row.value, &index, hash, err) : rc;
    if (rc == QP_OK) {
        *sequence = qp_load_be64(row.key.data + sizeof issuer->bytes);
    }
    qp_cursor_close(cursor);
    return rc;
}

enum qp_code qp_chains_find(struct qp_chains *chains, struct qp_store *store,
                            const struct qp_public_key *issuer, struct qp_chain **chain,
                            struct qp_err *err)
{
    /* Keys that signed something cannot be chosen to collide at will. */
    size_t at = (size_t)(qp_load_be64(issuer->bytes) % QP_CHAIN_SLOTS);
    while (chains->slots[at].used && !qp_public_key_eq(&chains->slots[at].issuer, issuer)) {
        at = (at + 1) % QP_CHAIN_SLOTS;
    }
    struct qp_chain *slot = &chains->slots[at];
    if (!slot->used) {
        uint64_t sequence = 0;
        struct qp_hash last = {{0}};
        enum qp_code rc = qp_chain_last(store, issuer, &sequence, &last, err);
        if (rc != QP_OK && rc != QP_E_NOT_FOUND) {
            return rc;
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

enum qp_code qp_chain_follow(const struct qp_chain *chain, const struct qp_record *record,
                             struct qp_err *err)
{
    uint64_t sequence = record->statement->sequence;
    char key[65];
    qp_hex_encode(key, qp_span_of(record->issuer.bytes, sizeof record->issuer.bytes));
    if (sequence > chain->next) {
        if (sequence == chain->next + 1) {
            return qp_refuse(err, "QP-CHAIN-GAP",
                             "sequence %llu of key %.16s… comes before %llu is here; submit the "
                             "key's journal from %llu on",
                             (unsigned long long)sequence, key, (unsigned long long)chain->next,
                             (unsigned long long)chain->next);
        }
        return qp_refuse(err, "QP-CHAIN-GAP",
                         "sequence %llu of key %.16s… comes before %llu to %llu are here; submit "
                         "the key's journal from %llu on",
                         (unsigned long long)sequence, key, (unsigned long long)chain->next,
                         (unsigned long long)sequence - 1, (unsigned long long)chain->next);
    }
    QP_ASSERT(sequence == chain->next);
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

enum qp_code qp_chain_fork(const struct qp_record *record, const struct qp_hash *hash,
                           uint64_t index, struct qp_err *err)
{
    char key[65];
    char theirs[65];
    char ours[65];
    qp_hex_encode(key, qp_span_of(record->issuer.bytes, sizeof record->issuer.bytes));
    qp_hash_hex(theirs, &record->statement_hash);
    qp_hash_hex(ours, hash);
    return qp_refuse(err, "QP-CHAIN-FORK",
                     "key %.16s… has signed two statements with sequence %llu: %.16s… is entry "
                     "%llu, and now %.16s…; keep both, together they prove it",
                     key, (unsigned long long)record->statement->sequence, ours,
                     (unsigned long long)index, theirs);
}
