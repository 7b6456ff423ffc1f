#include "proof/known.h"

#include "core/alloc.h"

#include <string.h>

struct row {
    struct qp_hash statement;
    struct qp_signature signature;
    bool used;
};

/* Open addressing; statements choose their hashes, so their places hang on a secret. */
struct qp_known {
    uint8_t secret[16];
    struct row *rows;
    size_t room; /* a power of two; 0 at first */
    size_t count;
};

enum qp_code qp_known_new(struct qp_known **known, struct qp_err *err)
{
    struct qp_known *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to remember statements");
    }
    qp_random(made->secret, sizeof made->secret);
    *known = made;
    return QP_OK;
}

void qp_known_free(struct qp_known *known)
{
    if (known != NULL) {
        qp_free(known->rows);
        qp_free(known);
    }
}

/* The row of the statement, or the free one where it belongs; there is always one. */
static struct row *find(const struct qp_known *known, struct row *rows, size_t room,
                        const struct qp_hash *statement)
{
    struct qp_span bytes = qp_span_of(statement->bytes, sizeof statement->bytes);
    size_t at = (size_t)qp_hash_short(known->secret, bytes) & (room - 1);
    while (rows[at].used && !qp_hash_eq(&rows[at].statement, statement)) {
        at = (at + 1) & (room - 1);
    }
    return &rows[at];
}

bool qp_known_has(const struct qp_known *known, const struct qp_hash *statement,
                  const struct qp_signature *signature)
{
    if (known->room == 0) {
        return false;
    }
    const struct row *row = find(known, known->rows, known->room, statement);
    return row->used &&
           memcmp(row->signature.bytes, signature->bytes, sizeof signature->bytes) == 0;
}

static bool grow(struct qp_known *known)
{
    size_t room = known->room == 0 ? 1024 : 2 * known->room;
    struct row *rows = qp_alloc_zero(room, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    for (size_t i = 0; i < known->room; i++) {
        if (known->rows[i].used) {
            *find(known, rows, room, &known->rows[i].statement) = known->rows[i];
        }
    }
    qp_free(known->rows);
    known->rows = rows;
    known->room = room;
    return true;
}

void qp_known_add(struct qp_known *known, const struct qp_hash *statement,
                  const struct qp_signature *signature)
{
    if (known->count >= known->room / 4 * 3 && !grow(known)) {
        return;
    }
    struct row *row = find(known, known->rows, known->room, statement);
    if (!row->used) { /* of two signatures under one statement the first is kept */
        *row = (struct row){.statement = *statement, .signature = *signature, .used = true};
        known->count++;
    }
}
