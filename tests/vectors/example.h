/* The worked example of proto/SPEC.md: a whole ledger of ten entries and one bundle, made from
 * fixed seeds, salts, nonces and times, so that it comes out the same on every machine. */
#ifndef QP_TESTS_VECTORS_EXAMPLE_H
#define QP_TESTS_VECTORS_EXAMPLE_H

#include <quipu/geo.h>
#include <quipu/note.h>

#include "core/alloc.h"
#include "wire/wire.h"

enum example_party {
    EXAMPLE_OPERATOR,
    EXAMPLE_COOPERATIVE,
    EXAMPLE_ASSESSOR,
    EXAMPLE_TERMINAL,
    EXAMPLE_IMPORTER,
    EXAMPLE_LOG,
    EXAMPLE_WITNESS,
    EXAMPLE_PARTY_COUNT
};

enum example_sealed {
    EXAMPLE_PRODUCER,
    EXAMPLE_GEOMETRY,
    EXAMPLE_PRODUCER_2,
    EXAMPLE_GEOMETRY_2,
    EXAMPLE_SEALED_COUNT
};

struct example_key {
    const char *name;
    struct qp_seed seed;
    struct qp_key *key;
    struct qp_public_key public_key;
};

struct example_content {
    const char *name;
    Qp__SealedKind kind;
    struct qp_salt salt;
    struct qp_buf content;
    struct qp_hash commitment;
};

struct example_event {
    const char *title;
    bool shown; /* in the bundle */
    struct qp_buf bytes;
    struct qp_hash id;
};

struct example_statement {
    enum example_party issuer;
    size_t first_event;
    size_t event_count;
    struct qp_hash event_root;
    struct qp_buf bytes;
    struct qp_hash link; /* what the issuer's next statement has as previous */
    struct qp_signature signature;
    struct qp_buf entry;
    struct qp_hash leaf;
};

#define EXAMPLE_EVENTS 18
#define EXAMPLE_STATEMENTS 10
#define EXAMPLE_ORIGIN "ledger.example/2026"
#define EXAMPLE_WITNESS_NAME "witness.example/callao"
#define EXAMPLE_SHIPMENT "coop-norte/s-1"
#define EXAMPLE_COSIGNED_S UINT64_C(1785600000)

struct example {
    struct qp_arena arena;
    struct example_key keys[EXAMPLE_PARTY_COUNT];
    struct example_content contents[EXAMPLE_SEALED_COUNT];
    struct example_event events[EXAMPLE_EVENTS];
    struct example_statement statements[EXAMPLE_STATEMENTS];
    struct qp_hash ledger_id;
    struct qp_hash root;
    struct qp_buf checkpoint; /* signed and cosigned note */
    struct qp_buf submission; /* of statement 2 */
    struct qp_buf receipt;    /* of entry 4 */
    struct qp_buf tree_proof;
    struct qp_buf bundle;
};

/* Ends the program with a word when anything fails: it is the same every time. */
void example_make(struct example *example);
void example_free(struct example *example);
/* The multi-proof of the listed leaves of a tree, as one run of bytes. */
struct qp_buf example_multi_proof(const struct qp_hash *leaves, uint64_t size,
                                  const uint64_t *indexes, size_t count);

#endif
