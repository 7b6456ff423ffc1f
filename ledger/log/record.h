/* Records: one signed statement with its events, on its way into the log or out of it again for an
 * audit. The same checks serve both.
 *
 * A record borrows from the bytes it was made of (a submission, or rows of the store). */
#ifndef QP_LOG_RECORD_H
#define QP_LOG_RECORD_H

#include "core/alloc.h"
#include "store/store.h"
#include "wire/wire.h"

#include <quipu/key.h>

struct qp_record {
    struct qp_span bytes; /* the submission record; empty for one from the store */
    uint64_t offset;      /* of it in the input */
    struct qp_span statement_bytes;
    struct qp_span signature;
    const ProtobufCBinaryData *event_bytes;
    size_t event_count;
    Qp__SealedContent *const *sealed;
    size_t sealed_count;

    /* What the check fills in. */
    const Qp__Statement *statement;
    struct qp_public_key issuer;
    struct qp_hash statement_hash;
    const struct qp_hash *event_ids;
    Qp__Event *const *events;          /* an entry is NULL where there was no room to keep it */
    const struct qp_hash *commitments; /* of the sealed contents, in their order */
};

/* Memory of one thread that checks records of a group. Bounded: decoded events, which take four
 * times their bytes, are kept only until those of all threads have QP_KEEP_BYTES; after that each
 * is decoded again when it is judged. */
#define QP_KEEP_BYTES ((size_t)16 * 1024 * 1024)

struct qp_bench {
    _Atomic size_t *kept;    /* bytes of decoded events, by all threads; NULL: no other thread */
    struct qp_arena keep;    /* until the group is done */
    struct qp_arena scratch; /* for one event */
};

/* Take a submission record apart. QP_E_INPUT. */
enum qp_code qp_record_open(struct qp_record *record, struct qp_bench *bench,
                            struct qp_err *err) QP_MUST_USE;
/* Take entry `index` of the store's view with its events. entry: out. QP_E_STORE when something is
 * missing or not in our format. */
enum qp_code qp_record_load(struct qp_record *record, struct qp_store *store, uint64_t index,
                            struct qp_bench *bench, Qp__Entry **entry,
                            struct qp_err *err) QP_MUST_USE;
/* Everything that can be said of a record without knowing the log: strict decoding, signature,
 * count and root of the events, sealed contents.
 *
 * ledger_id  NULL for the record that opens a ledger
 * Returns QP_OK; QP_E_INPUT; QP_E_INVALID; QP_E_MEMORY. */
enum qp_code qp_record_check(struct qp_record *record, const struct qp_hash *ledger_id,
                             struct qp_bench *bench, struct qp_err *err) QP_MUST_USE;
/* The event, decoded now when it was not kept; then valid until `scratch` is reset. */
enum qp_code qp_record_event(const struct qp_record *record, size_t position,
                             struct qp_arena *scratch, const Qp__Event **event,
                             struct qp_err *err) QP_MUST_USE;

/* ---- Sealed contents ---- */

/* A commitment as an event holds it. */
struct qp_commitment {
    struct qp_hash hash;
    Qp__SealedKind kind;
    uint32_t length;
    bool given;
};

/* The commitments of a record's events, sorted by hash. */
struct qp_commitments {
    struct qp_commitment *list; /* qp_free */
    size_t count;
    size_t capacity;
};
enum qp_code qp_commitments_add(struct qp_commitments *commitments, const Qp__Event *event,
                                struct qp_err *err) QP_MUST_USE;
void qp_commitments_sort(struct qp_commitments *commitments);
/* Does the content open a commitment, in length and in form? Marks it as given. QP_E_INVALID. */
enum qp_code qp_sealed_check(struct qp_commitments *commitments, const Qp__SealedContent *content,
                             struct qp_arena *scratch, struct qp_hash *hash,
                             struct qp_err *err) QP_MUST_USE;

/* The encoded message that a decoded content was read from. The strict decoder takes one encoding
 * only, so its place in the input follows from its fields. */
struct qp_span qp_sealed_bytes(const Qp__SealedContent *content);

#endif
