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

#define QP_TILE_KEY_BYTES 10

static inline struct qp_row_key qp_key_tile(uint8_t level, uint64_t tile, size_t part)
{
    struct qp_row_key key = {.len = QP_TILE_KEY_BYTES};
    key.bytes[0] = level;
    qp_store_be64(key.bytes + 1, tile);
    key.bytes[9] = (uint8_t)part;
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

/* A number in as few bytes as it needs, high ones first: none for 0. */
static inline size_t qp_store_short(uint8_t *at, uint64_t number)
{
    size_t len = 0;
    for (uint64_t rest = number; rest > 0; rest >>= 8U) {
        len++;
    }
    for (size_t i = 0; i < len; i++) {
        at[i] = (uint8_t)(number >> (8 * (len - 1 - i)));
    }
    return len;
}

/* False: it is none. */
static inline bool qp_load_short(struct qp_span bytes, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < bytes.len && bytes.len <= 8; i++) {
        *number = *number << 8U | bytes.data[i];
    }
    return bytes.len == 0 || (bytes.len <= 8 && bytes.data[0] != 0);
}

/* The tail of an edge's key: entry and position, each as a length and a short number, so that they
 * stay in order, and the role. */
#define QP_EDGE_TAIL_BYTES_MAX (1 + 8 + 1 + 2 + 1)

static inline struct qp_row_key qp_key_edge(const struct qp_edge *edge, uint64_t index,
                                            uint32_t position)
{
    struct qp_row_key key = qp_key_edges(edge->kind, edge->id);
    const uint64_t numbers[] = {index, position};
    for (size_t i = 0; i < QP_COUNT(numbers); i++) {
        size_t len = qp_store_short(key.bytes + key.len + 1, numbers[i]);
        key.bytes[key.len] = (uint8_t)len;
        key.len += 1 + len;
    }
    key.bytes[key.len++] = (uint8_t)edge->role;
    return key;
}

/* The tail taken apart. False: it is none. */
static inline bool qp_edge_tail(struct qp_span tail, uint64_t *index, uint64_t *position,
                                uint8_t *role)
{
    uint64_t *const numbers[] = {index, position};
    for (size_t i = 0; i < QP_COUNT(numbers); i++) {
        size_t len = tail.len > 0 ? tail.data[0] : SIZE_MAX;
        if (len >= tail.len || !qp_load_short(qp_span_of(tail.data + 1, len), numbers[i])) {
            return false;
        }
        tail = qp_span_of(tail.data + 1 + len, tail.len - 1 - len);
    }
    *role = tail.len == 1 ? tail.data[0] : 0;
    return tail.len == 1 && *position <= UINT16_MAX;
}

#endif
