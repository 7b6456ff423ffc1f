/* Takes a bundle apart, down to every message in it, and makes it again: hashed, signed, chained,
 * with new proofs and a new checkpoint. What is changed in between gets past the cryptography and
 * meets the rules and the judges.
 *
 * The secret keys are those of tests/proof/forge.h, which come from fixed seeds; a statement of any
 * other key keeps the signature it has. References to events, and commitments to sealed contents,
 * follow what they stand for. Everything lives in the caller's arena. */
#ifndef QP_TESTS_FUZZ_REMAKE_H
#define QP_TESTS_FUZZ_REMAKE_H

#include <quipu/key.h>

#include "wire/wire.h"

#define REMAKE_ORIGIN "forge.example/log"
#define REMAKE_EVENTS_MAX 128   /* in a statement */
#define REMAKE_ENTRIES_MAX 128  /* in a bundle */
#define REMAKE_LEAVES_MAX 65536 /* in a tree */

/* The keys that remake_key knows: of the parties, in the order in which they came. */
#define REMAKE_PARTIES 12
#define REMAKE_LOG REMAKE_PARTIES
#define REMAKE_STRANGER (REMAKE_PARTIES + 1) /* never enrolled by a seed */
#define REMAKE_KEYS (REMAKE_PARTIES + 2)

/* What a forger does instead of signing as he should. */
enum remake_lie {
    REMAKE_HONEST,
    REMAKE_STALE,  /* the statement changes, its signature does not */
    REMAKE_OTHER,  /* signed by somebody else than it says */
    REMAKE_FLIPPED /* one bit of the signature */
};

struct remake_event {
    Qp__Event *event;
    struct qp_hash id; /* as it came; then as it is made */
    bool hidden;       /* counted and signed for, but not shown */
};

struct remake_entry {
    Qp__Entry *entry;
    Qp__Statement *statement;
    struct remake_event events[REMAKE_EVENTS_MAX];
    uint32_t positions[REMAKE_EVENTS_MAX]; /* ascending */
    size_t event_count;
    enum remake_lie lie;
};

struct remake {
    struct qp_arena *arena;
    Qp__Bundle *bundle; /* shipment and sealed count; the rest is made */
    struct remake_entry *entries[REMAKE_ENTRIES_MAX];
    size_t entry_count;
    uint64_t tree_size;
    bool keep_places; /* sequences, indexes and positions stay as they are, gaps and all */
    enum remake_lie checkpoint_lie;
};

struct qp_key *remake_key(size_t at);
/* Its place among the keys, or REMAKE_KEYS. */
size_t remake_key_at(ProtobufCBinaryData public_key);

/* False where the file is no bundle, or one larger than is taken apart here. */
bool remake_apart(struct qp_span file, struct qp_arena *arena, struct remake **remake);
/* False where what it became has no encoding any more. Changes the messages in place; once only. */
bool remake_together(struct remake *remake, struct qp_buf *file);

/* Called for every field that has a value; `at` points to the value in its struct, or to the
 * element of a list. Messages come before what is in them. */
typedef void remake_visit(void *context, const struct qp_message_rule *rule, unsigned field,
                          void *at);
void remake_walk(const struct qp_message_rule *rule, void *message, remake_visit *visit,
                 void *context);
size_t remake_size_of(ProtobufCType type);

/* What became of the inputs of fuzz_remade.c so far. */
struct remade_count {
    uint64_t runs;
    uint64_t read;
    uint64_t judged; /* past the cryptography */
    uint64_t passed;
    uint64_t made;
    uint64_t unmade; /* changes of which nothing came */
};
struct remade_count remade_count(void);

/* One bundle changed in one to three places, or with something of another one in it (NULL: none).
 * False where nothing came of it. */
bool remake_mutate(struct qp_span file, const struct qp_span *other, uint64_t seed,
                   struct qp_buf *out);

#endif
