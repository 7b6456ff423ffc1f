/* Keys of the store's rows, as store/store.h lays them out. */
#ifndef QP_LOG_KEYS_H
#define QP_LOG_KEYS_H

#include <quipu/key.h>

#include "core/check.h"
#include "rules/graph.h"

#include <string.h>

#define QP_ROW_KEY_BYTES_MAX 128

struct qp_row_key {
    uint8_t bytes[QP_ROW_KEY_BYTES_MAX];
    size_t len;
};

static inline struct qp_span qp_row_key_span(const struct qp_row_key *key)
{
    return qp_span_of(key->bytes, key->len);
}

/* entries, checkpoints */
static inline struct qp_row_key qp_key_number(uint64_t number)
{
    struct qp_row_key key = {.len = 8};
    qp_store_be64(key.bytes, number);
    return key;
}

static inline struct qp_row_key qp_key_event(uint64_t index, uint32_t position)
{
    struct qp_row_key key = {.len = 10};
    qp_store_be64(key.bytes, index);
    key.bytes[8] = (uint8_t)(position >> 8);
    key.bytes[9] = (uint8_t)position;
    return key;
}

static inline struct qp_row_key qp_key_tile(uint8_t level, uint64_t tile)
{
    struct qp_row_key key = {.len = 9};
    key.bytes[0] = level;
    qp_store_be64(key.bytes + 1, tile);
    return key;
}

static inline struct qp_row_key qp_key_issuer(const struct qp_public_key *issuer, uint64_t sequence)
{
    struct qp_row_key key = {.len = 40};
    memcpy(key.bytes, issuer->bytes, sizeof issuer->bytes);
    qp_store_be64(key.bytes + 32, sequence);
    return key;
}

static inline struct qp_row_key qp_key_vault(uint64_t index, const struct qp_hash *commitment)
{
    struct qp_row_key key = {.len = 40};
    qp_store_be64(key.bytes, index);
    memcpy(key.bytes + 8, commitment->bytes, sizeof commitment->bytes);
    return key;
}

/* The rows of one subject begin with this. id: at most 80 bytes, as the decoder caps them. */
static inline struct qp_row_key qp_key_edges(enum qp_state_kind kind, const char *id)
{
    struct qp_row_key key = {.len = 0};
    size_t len = strlen(id);
    QP_ASSERT(len <= 80);
    key.bytes[0] = (uint8_t)kind;
    memcpy(key.bytes + 1, id, len);
    key.bytes[1 + len] = 0;
    key.len = len + 2;
    return key;
}

#define QP_EDGE_TAIL_BYTES 11 /* i ‖ position ‖ role */

static inline struct qp_row_key qp_key_edge(const struct qp_edge *edge, uint64_t index,
                                            uint32_t position)
{
    struct qp_row_key key = qp_key_edges(edge->kind, edge->id);
    struct qp_row_key place = qp_key_event(index, position);
    memcpy(key.bytes + key.len, place.bytes, place.len);
    key.bytes[key.len + place.len] = (uint8_t)edge->role;
    key.len += QP_EDGE_TAIL_BYTES;
    return key;
}

#endif
