#include "model/world.h"
#include "model/model_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world_key world_keys[WORLD_KEYS + WORLD_WEAK];

/* ---- Keys ---- */

/* Zero, one (the neutral element), a point of order 8, a number above the field, and a y that is on
 * no point of the curve. */
static const char *const weak_keys[WORLD_WEAK] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0200000000000000000000000000000000000000000000000000000000000000",
};

static void must(enum qp_code rc, const struct qp_err *err)
{
    if (rc != QP_OK) {
        fprintf(stderr, "%s (%s)\n", err->text, qp_code_name(rc));
        abort();
    }
}

void world_keys_open(void)
{
    struct qp_err err;
    must(qp_init(&err), &err);
    for (size_t i = 0; i < WORLD_KEYS; i++) {
        struct qp_seed seed = {{(uint8_t)i, 77}};
        must(qp_key_from_seed(&seed, &world_keys[i].secret, &err), &err);
        qp_key_public(world_keys[i].secret, &world_keys[i].public_key);
    }
    for (size_t i = 0; i < WORLD_WEAK; i++) {
        must(qp_hex_decode(world_keys[WORLD_KEYS + i].public_key.bytes, 32,
                           qp_span_text(weak_keys[i]), &err),
             &err);
    }
}

void world_keys_close(void)
{
    for (size_t i = 0; i < WORLD_KEYS; i++) {
        qp_key_free(world_keys[i].secret);
    }
}

const struct world_key *world_key_find(const uint8_t key[32])
{
    for (size_t i = 0; i < QP_COUNT(world_keys); i++) {
        if (same_key(world_keys[i].public_key.bytes, key)) {
            return &world_keys[i];
        }
    }
    return NULL;
}

bool world_weak(const uint8_t key[32])
{
    const struct world_key *found = world_key_find(key);
    if (found == NULL) {
        abort(); /* every key comes from the pool */
    }
    return found->secret == NULL;
}

static bool read_statement(const uint8_t *bytes, size_t len, struct model_statement *read)
{
    struct qp_arena arena = {0};
    struct qp_err err;
    Qp__Statement *statement = NULL;
    bool good = qp_statement_decode(qp_span_of(bytes, len), &arena, &statement, &err) == QP_OK;
    if (good) {
        memcpy(read->ledger_id, statement->ledger_id.data, 32);
        memcpy(read->issuer, statement->issuer.data, 32);
        read->sequence = statement->sequence;
    }
    qp_arena_wipe(&arena);
    return good;
}

static bool signed_by(const uint8_t key[32], const uint8_t *bytes, size_t len,
                      const uint8_t signature[64])
{
    struct qp_public_key issuer;
    struct qp_signature by;
    struct qp_err err;
    memcpy(issuer.bytes, key, 32);
    memcpy(by.bytes, signature, 64);
    return qp_verify(&issuer, qp_span_text(QP_STATEMENT_DOMAIN), qp_span_of(bytes, len), &by,
                     &err) == QP_OK;
}

void world_model(struct model *model)
{
    model_init(model);
    model->weak = world_weak;
    model->read_statement = read_statement;
    model->signed_by = signed_by;
}

void world_init(struct world *world, uint64_t seed)
{
    *world =
        (struct world){.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1, .now_ms = WORLD_START_MS};
    world_model(&world->model);
    qp_arena_init(&world->arena, 0);
    world->huge = one_in(world, 6);
    world->goods =
        one_in(world, 2) ? QP__COMMODITY__COMMODITY_COFFEE : QP__COMMODITY__COMMODITY_ALPACA;
    world->straight = true;
}

void world_wipe(struct world *world)
{
    model_free(&world->model);
    qp_arena_wipe(&world->arena);
}

/* ---- Chance ---- */

/* SplitMix64. */
uint64_t world_random(struct world *world)
{
    uint64_t z = world->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

size_t below(struct world *world, size_t count)
{
    return (size_t)(world_random(world) % count);
}

bool one_in(struct world *world, size_t count)
{
    return below(world, count) == 0;
}

bool slip(struct world *world, size_t count)
{
    return !world->straight && one_in(world, count);
}

uint64_t near(struct world *world, uint64_t bound)
{
    if (world->straight) {
        return bound;
    }
    switch (below(world, 8)) {
    case 0:
        return bound + 1;
    case 1:
        return bound > 0 ? bound - 1 : 0;
    case 2:
        return bound / 2;
    case 3:
        return bound + 1 + below(world, 5000);
    default:
        return bound;
    }
}

uint64_t edge(struct world *world, uint64_t bound)
{
    return world->straight ? bound : bound + below(world, 3) - 1;
}

uint64_t part(struct world *world, uint64_t all)
{
    switch (below(world, 10)) {
    case 0:
        return slip(world, 2) ? all + 1 : all;
    case 1:
        return slip(world, 2) ? 0 : all / 2;
    case 2:
        return all > 0 ? all - 1 : 0;
    case 3:
    case 4:
        return all;
    default:
        return all == 0 ? 0 : 1 + world_random(world) % all;
    }
}

uint64_t some_grams(struct world *world)
{
    static const uint64_t sizes[] = {1,      2,       7,        1000,
                                     60000,  999999,  12345678, UINT64_C(1000000000),
                                     600000, 1000000, 50000,    UINT64_C(1000000000000)};
    if (world->huge && one_in(world, 2)) {
        return UINT64_C(1000000000000000) - below(world, 3);
    }
    uint64_t size = sizes[below(world, QP_COUNT(sizes))];
    return one_in(world, 2) ? size : 1 + world_random(world) % size;
}

/* ---- Picks ---- */

/* Is this one it? Asked of each that fits, all have the same chance; the last yes counts. */
static bool chosen(struct world *world, size_t *seen)
{
    return one_in(world, ++*seen);
}

const char *any_party(struct world *world)
{
    return cast[below(world, CAST_COUNT)].name;
}

const char *pick_party(struct world *world, uint32_t roles)
{
    struct model_party *party = NULL;
    size_t seen = 0;
    if (slip(world, 25)) {
        return any_party(world);
    }
    for (size_t i = 0; i < world->model.parties.count; i++) {
        if ((has_any(&world->model.parties.at[i], roles) &&
             (!world->model.parties.at[i].suspended || slip(world, 12))) &&
            chosen(world, &seen)) {
            party = &world->model.parties.at[i];
        }
    }
    return party == NULL ? NULL : party->body->party;
}

struct model_lot *pick_lot(struct world *world,
                           bool (*fits)(struct world *world, const struct model_lot *lot))
{
    struct model_lot *lot = NULL;
    size_t seen = 0;
    bool any = slip(world, 20);
    for (size_t i = 0; i < world->model.lots.count; i++) {
        if ((any || fits(world, &world->model.lots.at[i])) && chosen(world, &seen)) {
            lot = &world->model.lots.at[i];
        }
    }
    return lot;
}

struct model_plot *pick_plot(struct world *world)
{
    struct model_plot *plot = NULL;
    size_t seen = 0;
    bool any = slip(world, 20);
    for (size_t i = 0; i < world->model.plots.count; i++) {
        if ((any || !world->model.plots.at[i].withdrawn) && chosen(world, &seen)) {
            plot = &world->model.plots.at[i];
        }
    }
    return plot;
}

struct model_shipment *pick_shipment(struct world *world)
{
    struct model_shipment *shipment = NULL;
    size_t seen = 0;
    for (size_t i = 0; i < world->model.shipments.count; i++) {
        if (chosen(world, &seen)) {
            shipment = &world->model.shipments.at[i];
        }
    }
    return shipment;
}

const uint8_t *live_key(struct world *world, const char *party)
{
    struct model_key *key = NULL;
    size_t seen = 0;
    bool any = slip(world, 40);
    for (size_t i = 0; i < world->model.keys.count; i++) {
        if ((same(world->model.keys.at[i].party, party) &&
             (any || !world->model.keys.at[i].ended)) &&
            chosen(world, &seen)) {
            key = &world->model.keys.at[i];
        }
    }
    return key == NULL ? NULL : key->bytes;
}

const uint8_t *fresh_key(struct world *world)
{
    if (slip(world, 30)) {
        return world_keys[WORLD_KEYS + below(world, WORLD_WEAK)].public_key.bytes;
    }
    if (slip(world, 30)) {
        return world->model.keys.at[below(world, world->model.keys.count)].bytes;
    }
    for (size_t tries = 0; tries < 20; tries++) {
        const uint8_t *key = world_keys[below(world, WORLD_KEYS)].public_key.bytes;
        if (model_find_key(&world->model, key) == NULL) {
            return key;
        }
    }
    return world_keys[below(world, WORLD_KEYS)].public_key.bytes;
}

bool speak(struct world *world, const char *party)
{
    if (party == NULL) {
        return false;
    }
    if (world->speaker != NULL) {
        return same(world->speaker, party) || one_in(world, 30);
    }
    const uint8_t *key = live_key(world, party);
    if (key == NULL && !slip(world, 10)) {
        return false;
    }
    if (key == NULL || slip(world, 200)) {
        key = world_keys[below(world, WORLD_KEYS)].public_key.bytes;
    }
    world->speaker = party;
    world->signer = key;
    return true;
}

bool speak_as(struct world *world, uint32_t roles)
{
    if (world->speaker != NULL) {
        return true;
    }
    return speak(world, pick_party(world, roles));
}

/* ---- Parts of events ---- */

void *room(struct world *world, size_t size)
{
    void *block = qp_arena_alloc_zero(&world->arena, 1, size);
    if (block == NULL) {
        abort();
    }
    return block;
}

char *text(struct world *world, const char *chars)
{
    char *copy = room(world, strlen(chars) + 1);
    memcpy(copy, chars, strlen(chars));
    return copy;
}

struct taken {
    const char *id;
    size_t seen;
};

static void consider(struct world *world, struct taken *taken, const char *id)
{
    if (named_by(id, world->speaker) && chosen(world, &taken->seen)) {
        taken->id = id;
    }
}

/* An id of the speaker's that begins so and is taken already; NULL where there is none. */
static const char *taken_id(struct world *world, char prefix)
{
    const struct model *model = &world->model;
    struct taken taken = {0};
    for (size_t i = 0; i < model->producers.count && prefix == 'f'; i++) {
        consider(world, &taken, model->producers.at[i].id);
    }
    for (size_t i = 0; i < model->plots.count && prefix == 'p'; i++) {
        consider(world, &taken, model->plots.at[i].body->plot);
    }
    for (size_t i = 0; i < model->lots.count && prefix == 'l'; i++) {
        consider(world, &taken, model->lots.at[i].id);
    }
    for (size_t i = 0; i < model->certificates.count && prefix == 'c'; i++) {
        consider(world, &taken, model->certificates.at[i].body->certificate);
    }
    for (size_t i = 0; i < model->shipments.count && prefix == 's'; i++) {
        consider(world, &taken, model->shipments.at[i].body->shipment);
    }
    return taken.id;
}

char *new_id(struct world *world, const char *prefix)
{
    const char *party = slip(world, 40) ? any_party(world) : world->speaker;
    const char *taken = slip(world, 15) ? taken_id(world, prefix[0]) : NULL;
    char id[80];
    if (taken != NULL) {
        return text(world, taken);
    }
    snprintf(id, sizeof id, "%s/%s-%u", party, prefix, ++world->names);
    return text(world, id);
}

char *country(struct world *world)
{
    char code[3] = {(char)('A' + below(world, 26)), (char)('A' + below(world, 26)), '\0'};
    if (!slip(world, 16)) {
        return text(world, one_in(world, 2) ? "PE" : "DE");
    }
    return text(world, code);
}

char *locode(struct world *world, const char *right)
{
    static const char *const others[] = {"PE2CL", "PE1CL", "PE0CL", "XXCLL", "PEcll",
                                         "XZAAA", "PEC-L", "DEHAM", "NLRTM"};
    return text(world, slip(world, 20) ? others[below(world, QP_COUNT(others))] : right);
}

char *trade_item(struct world *world)
{
    static const char *const right[] = {
        "96385074",       "036000291452",       "4006381333931",
        "00012345600012", "00012345600012.L-1", "00012345600012.abcdefghij!\"%&'()_/?"};
    static const char *const wrong[] = {"96385075",
                                        "4006381333930",
                                        "6385074",
                                        "00012345600012.",
                                        "00012345600013.L",
                                        "4006381333931.L",
                                        "00012345600012.a#",
                                        "00012345600012.abcdefghijklmnopqrstu",
                                        "40063813339310",
                                        "00036000291452x",
                                        "0"};
    if (!one_in(world, 6)) {
        return text(world, "");
    }
    return text(world, slip(world, 4) ? wrong[below(world, QP_COUNT(wrong))]
                                      : right[below(world, QP_COUNT(right))]);
}

ProtobufCBinaryData bytes32(struct world *world, const uint8_t *bytes)
{
    ProtobufCBinaryData data = {32, room(world, 32)};
    for (size_t i = 0; i < 32; i++) {
        data.data[i] = bytes != NULL ? bytes[i] : (uint8_t)world_random(world);
    }
    return data;
}

Qp__Sealed *sealed(struct world *world, Qp__SealedKind kind)
{
    Qp__Sealed *made = NULL;
    MAKE(world, made, qp__sealed__init);
    made->commitment = bytes32(world, NULL);
    made->kind = slip(world, 20) ? (Qp__SealedKind)(1 + below(world, 5)) : kind;
    made->length = 10;
    return made;
}

Qp__Quantity *quantity(struct world *world, uint64_t grams, uint64_t pieces)
{
    Qp__Quantity *made = NULL;
    MAKE(world, made, qp__quantity__init);
    made->grams = grams < UINT64_C(1000000000000000) ? grams : UINT64_C(1000000000000000);
    made->pieces = pieces < 1000000000 ? pieces : 1000000000;
    return made;
}
