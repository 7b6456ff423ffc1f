/* What the ledger knows of each subject: records (state.proto) under keys, behind a small interface
 * with two backends: the store of a ledger, and a map in memory.
 *
 * The rules read and write through it and never know which one it is, so admission and verification
 * decide by the same code. */
#ifndef QP_RULES_STATE_H
#define QP_RULES_STATE_H

#include "wire/wire.h"

#include <quipu/key.h>

/* First byte of a state key. Values are stored: never reused. */
enum qp_state_kind {
    QP_STATE_PARTY = 1,    /* ‖ party */
    QP_STATE_KEY = 2,      /* ‖ public key */
    QP_STATE_PRODUCER = 3, /* ‖ id */
    QP_STATE_PLOT = 4,     /* ‖ id */
    QP_STATE_HARVEST = 5,  /* ‖ plot id ‖ 00 ‖ commodity (1 byte) ‖ crop year (2 bytes) */
    QP_STATE_LOT = 6,      /* ‖ id */
    QP_STATE_CERTIFICATE = 7, /* ‖ id */
    QP_STATE_SHIPMENT = 8,    /* ‖ id */
    QP_STATE_RULE_SET = 9     /* alone: the newest; ‖ ordinal (4 bytes): each */
};

#define QP_STATE_KEY_BYTES_MAX 96

struct qp_state_key {
    uint8_t bytes[QP_STATE_KEY_BYTES_MAX];
    size_t len;
};

/* text: 80 bytes at most (longer ones are a programmer's error: the decoder has capped them). */
struct qp_state_key qp_state_key_text(enum qp_state_kind kind, const char *text);
struct qp_state_key qp_state_key_public(const struct qp_public_key *key);
struct qp_state_key qp_state_key_harvest(const char *plot, Qp__Commodity commodity,
                                         uint32_t crop_year);
struct qp_state_key qp_state_key_rule_set(uint32_t ordinal); /* 0: the newest; else 1, 2, … */
struct qp_span qp_state_key_span(const struct qp_state_key *key);

struct qp_state {
    void *context;
    /* The record under the key, or an empty span. Borrowed until the next call on this state. */
    enum qp_code (*get)(void *context, struct qp_span key, struct qp_span *record,
                        struct qp_err *err);
    /* Copies. An empty record takes the key away. */
    enum qp_code (*put)(void *context, struct qp_span key, struct qp_span record,
                        struct qp_err *err);
    /* The bytes of an event that was admitted before, by its issuer's name for it, and its place.
     * QP_E_NOT_FOUND. Borrowed as above. */
    enum qp_code (*event)(void *context, const Qp__EventReference *reference, struct qp_span *event,
                          Qp__EventPlace *place, struct qp_err *err);
};

/* Map in memory, over another state or over nothing: what is not in the map is read from below,
 * what is put stays in the map. It serves the verifier as its only state, and the ledger as the
 * overlay of a group of statements. */
struct qp_state_map;

/* below: may be NULL; borrowed. QP_E_MEMORY. */
enum qp_code qp_state_map_new(const struct qp_state *below, struct qp_state_map **map,
                              struct qp_err *err) QP_MUST_USE;
void qp_state_map_free(struct qp_state_map *map); /* NULL is allowed */
/* The map as a state; valid as long as the map. */
struct qp_state qp_state_map_state(struct qp_state_map *map);
/* From here on changes can be taken back. Marks do not nest. */
void qp_state_map_mark(struct qp_state_map *map);
/* Back to the mark. Cannot fail. */
void qp_state_map_rollback(struct qp_state_map *map);
/* Records in the map, changed or read through. */
size_t qp_state_map_count(const struct qp_state_map *map);
/* Every record that was put since the map was made or cleared, in ascending order of keys; a record
 * that was taken away comes empty. */
enum qp_code qp_state_map_each(struct qp_state_map *map,
                               enum qp_code (*each)(void *context, struct qp_span key,
                                                    struct qp_span record, struct qp_err *err),
                               void *context, struct qp_err *err) QP_MUST_USE;
/* Empty again. */
void qp_state_map_clear(struct qp_state_map *map);

#endif
