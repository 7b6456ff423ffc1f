/* A world to act in: keys and parties to choose from, a clock, chance from a seed, and a picture of
 * what the ledger holds, which is the model itself. The makers draw events from it that are nearly
 * valid: of two numbers that a rule compares, one is often exactly the other, or one more. */
#ifndef QP_TESTS_MODEL_WORLD_H
#define QP_TESTS_MODEL_WORLD_H

#include <quipu/key.h>

#include "core/alloc.h"
#include "core/check.h"
#include "wire/wire.h"
#include "model/model.h"

#define WORLD_KEYS 96                          /* that somebody can own */
#define WORLD_WEAK 5                           /* that nobody can */
#define WORLD_START_MS UINT64_C(1780000000000) /* 2026-05-28 */

struct world_key {
    struct qp_public_key public_key;
    struct qp_key *secret; /* NULL: a weak one */
};
extern struct world_key world_keys[WORLD_KEYS + WORLD_WEAK];
void world_keys_open(void);
void world_keys_close(void);
bool world_weak(const uint8_t key[32]);
/* An empty model, which asks the library about keys, statements and signatures. */
void world_model(struct model *model);
const struct world_key *world_key_find(const uint8_t key[32]);

struct world {
    uint64_t random;
    struct model model;
    struct qp_arena arena; /* events, for as long as the world */
    uint64_t now_ms;       /* the log's clock */
    uint64_t occurred_ms;  /* of the event that is being made */
    uint64_t index;        /* of the entry that is being made */
    unsigned names;        /* given so far */
    bool straight;         /* make no mistake */
    bool huge;             /* like the largest numbers, and much of one kind of goods */
    Qp__Commodity goods;   /* which, where it is huge */
    const char *speaker;   /* the party whose statement it is; NULL: nobody's yet */
    const uint8_t *signer; /* its key */
};

void world_init(struct world *world, uint64_t seed);
void world_wipe(struct world *world);

/* ---- Chance ---- */
uint64_t world_random(struct world *world);
size_t below(struct world *world, size_t count); /* 0 to count - 1; count above 0 */
bool one_in(struct world *world, size_t count);
/* A mistake on purpose, once in `count` times. */
bool slip(struct world *world, size_t count);
/* A number at or about the bound: often the bound itself, one more or one less. */
uint64_t near(struct world *world, uint64_t bound);
/* The bound, one more or one less. */
uint64_t edge(struct world *world, uint64_t bound);
/* Some of what there is: all, a part, a bit too much. */
uint64_t part(struct world *world, uint64_t all);
uint64_t some_grams(struct world *world);

/* ---- Picks from the picture; NULL where nothing fits ---- */
const char *pick_party(struct world *world, uint32_t roles); /* any of the roles, not suspended */
const char *any_party(struct world *world);                  /* also one that is not enrolled */
struct model_lot *pick_lot(struct world *world,
                           bool (*fits)(struct world *world, const struct model_lot *lot));
struct model_plot *pick_plot(struct world *world);
struct model_shipment *pick_shipment(struct world *world);
/* The party will speak; false when another one has the word. Its key is chosen with it. */
bool speak(struct world *world, const char *party);
/* A party of these roles will speak. */
bool speak_as(struct world *world, uint32_t roles);
/* An enrolled key of the party that has not ended, or NULL. */
const uint8_t *live_key(struct world *world, const char *party);
/* A key of the pool that nobody has enrolled. */
const uint8_t *fresh_key(struct world *world);

/* ---- Parts of events, in the world's arena ---- */
void *room(struct world *world, size_t size);
char *text(struct world *world, const char *chars);
/* PE or DE, or any two letters by mistake. */
char *country(struct world *world);
char *locode(struct world *world, const char *right);
/* A GTIN or LGTIN, mostly none. */
char *trade_item(struct world *world);
/* "party/prefix-17": new, by the speaker, unless by mistake. */
char *new_id(struct world *world, const char *prefix);
ProtobufCBinaryData bytes32(struct world *world, const uint8_t *bytes);
Qp__Sealed *sealed(struct world *world, Qp__SealedKind kind);
Qp__Quantity *quantity(struct world *world, uint64_t grams, uint64_t pieces);

#define MAKE(world, pointer, init) ((pointer) = room((world), sizeof *(pointer)), init(pointer))

/* ---- Makers ---- */

/* A kind of event: how often, who may, and how it is made. make fills the body and lets somebody
 * speak; false when there is nothing to make it of. */
struct maker {
    Qp__Event__BodyCase body;
    unsigned weight;
    uint32_t roles; /* 0: any */
    bool (*make)(struct world *world, Qp__Event *event);
};
extern const struct maker makers[];
extern const size_t maker_count;

bool make_ledger_opened(struct world *world, Qp__Event *event);
bool make_rule_set_published(struct world *world, Qp__Event *event);
bool make_state_committed(struct world *world, Qp__Event *event);
bool make_party_enrolled(struct world *world, Qp__Event *event);
bool make_party_suspended(struct world *world, Qp__Event *event);
bool make_key_added(struct world *world, Qp__Event *event);
bool make_key_rotated(struct world *world, Qp__Event *event);
bool make_key_revoked(struct world *world, Qp__Event *event);
bool make_key_forked(struct world *world, Qp__Event *event);
bool make_producer_registered(struct world *world, Qp__Event *event);
bool make_plot_registered(struct world *world, Qp__Event *event);
bool make_plot_assessed(struct world *world, Qp__Event *event);
bool make_plot_withdrawn(struct world *world, Qp__Event *event);
bool make_lot_harvested(struct world *world, Qp__Event *event);
bool make_lot_processed(struct world *world, Qp__Event *event);
bool make_lot_transferred(struct world *world, Qp__Event *event);
bool make_lot_received(struct world *world, Qp__Event *event);
bool make_lot_inspected(struct world *world, Qp__Event *event);
bool make_lot_recalled(struct world *world, Qp__Event *event);
bool make_certificate_issued(struct world *world, Qp__Event *event);
bool make_certificate_withdrawn(struct world *world, Qp__Event *event);
bool make_footprint_recorded(struct world *world, Qp__Event *event);
bool make_shipment_dispatched(struct world *world, Qp__Event *event);
bool make_shipment_gated_in(struct world *world, Qp__Event *event);
bool make_shipment_loaded(struct world *world, Qp__Event *event);
bool make_shipment_received(struct world *world, Qp__Event *event);
bool make_document_attached(struct world *world, Qp__Event *event);
bool make_event_voided(struct world *world, Qp__Event *event);

/* Parties that the makers know, with the roles that they are first enrolled with. */
struct cast {
    const char *name;
    Qp__Role roles[3];
};
#define CAST_COUNT 19
extern const struct cast cast[CAST_COUNT];
/* Enrol this one next, as the cast has it. */
bool make_enrolment_of(struct world *world, Qp__Event *event, const struct cast *who);

#endif
