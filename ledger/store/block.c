#include "store/block.h"

#include "core/alloc.h"
#include "core/check.h"

#include <string.h>

#define XXH_INLINE_ALL /* keys are short: a call would cost more than the hash */
#include <xxhash.h>

#define HEAD_BYTES ((size_t)8)
#define CHECK_BYTES ((size_t)4)
#define RESTART_AFTER ((size_t)384) /* bytes */
#define RESTART_BYTES ((size_t)2)
#define LENGTH_BYTES_MAX 5

static unsigned load_16(const uint8_t *at)
{
    return (unsigned)at[0] << 8U | at[1];
}

static void store_16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8U);
    at[1] = (uint8_t)value;
}

uint32_t qp_store_check(enum qp_table table, struct qp_span key, struct qp_span bytes)
{
    uint64_t seed = XXH3_64bits_withSeed(key.data, key.len, (uint64_t)table);
    return (uint32_t)XXH3_64bits_withSeed(bytes.data, bytes.len, seed);
}

static uint32_t check_of(enum qp_table table, struct qp_span fence, struct qp_span bytes)
{
    return qp_store_check(table, fence,
                          qp_span_of(bytes.data + CHECK_BYTES, bytes.len - CHECK_BYTES));
}

/* ---- Reading ---- */

bool qp_block_sound(enum qp_table table, struct qp_span fence, struct qp_span bytes)
{
    return bytes.len >= HEAD_BYTES && qp_load_be32(bytes.data) == check_of(table, fence, bytes);
}

bool qp_block_open(struct qp_span bytes, struct qp_block *block)
{
    *block = (struct qp_block){.rows = qp_span_of(bytes.data, 0), .expected = QP_BLOCK_ANYWHERE};
    if (bytes.len < HEAD_BYTES) {
        return false;
    }
    size_t restarts = load_16(bytes.data + 6);
    if (restarts * RESTART_BYTES > bytes.len - HEAD_BYTES) {
        return false;
    }
    size_t rows = bytes.len - HEAD_BYTES - restarts * RESTART_BYTES;
    block->rows = qp_span_of(bytes.data + HEAD_BYTES, rows);
    block->restarts = block->rows.data + rows;
    block->restart_count = restarts;
    block->expected = load_16(bytes.data + 4);
    return true;
}

struct qp_span qp_block_key(const struct qp_block_row *row)
{
    return qp_span_of(row->key, row->key_len);
}

/* What is damaged ends at the next restart, which shares nothing. */
static enum qp_block_step bad_row(const struct qp_block *block, size_t at, struct qp_block_row *row)
{
    row->at = at;
    row->next = block->rows.len;
    row->key_len = 0;
    for (size_t i = block->restart_count; i > 0; i--) {
        size_t place = load_16(block->restarts + (i - 1) * RESTART_BYTES);
        row->next = place > at && place < row->next ? place : row->next;
    }
    return QP_BLOCK_BAD;
}

static enum qp_block_step read_row(const struct qp_block *block, size_t at,
                                   struct qp_block_row *row)
{
    const uint8_t *bytes = block->rows.data + at;
    size_t left = block->rows.len - at;
    size_t len = 0;
    if (left == 0) {
        return QP_BLOCK_END;
    }
    if (left < 3) {
        return bad_row(block, at, row);
    }
    size_t shared = bytes[0];
    size_t rest = bytes[1];
    size_t used = 2;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = bytes[used++];
        len |= (size_t)(byte & 0x7fU) << shift;
        if ((byte & 0x80U) == 0) {
            break;
        }
        if (used == left || used == 2 + LENGTH_BYTES_MAX) {
            return bad_row(block, at, row);
        }
    }
    left -= used;
    if (shared > row->key_len || shared + rest == 0 || shared + rest > QP_BLOCK_KEY_BYTES ||
        rest > left || len > left - rest) {
        return bad_row(block, at, row);
    }
    memcpy(row->key + shared, bytes + used, rest);
    row->key_len = shared + rest;
    row->value = qp_span_of(bytes + used + rest, len);
    row->at = at;
    row->next = at + used + rest + len;
    return QP_BLOCK_ROW;
}

enum qp_block_step qp_block_first(const struct qp_block *block, struct qp_block_row *row)
{
    row->key_len = 0;
    row->at = row->next = 0;
    return read_row(block, 0, row);
}

enum qp_block_step qp_block_next(const struct qp_block *block, struct qp_block_row *row)
{
    return read_row(block, row->next, row);
}

static enum qp_block_step read_restart(const struct qp_block *block, size_t restart,
                                       struct qp_block_row *row)
{
    size_t at = load_16(block->restarts + restart * RESTART_BYTES);
    row->key_len = 0; /* it shares nothing, or is bad */
    return at < block->rows.len ? read_row(block, at, row) : bad_row(block, block->rows.len, row);
}

/* The last restart whose key is below this one, or the first restart; an empty key: the last. */
static enum qp_block_step near_restart(const struct qp_block *block, struct qp_span key,
                                       struct qp_block_row *row)
{
    size_t low = 0; /* it is not before this one */
    size_t high = block->restart_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        enum qp_block_step step = read_restart(block, middle, row);
        if (step != QP_BLOCK_ROW) {
            return step;
        }
        if (key.len == 0 || qp_order_bytes(qp_block_key(row), key) < 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return block->restart_count > 0 ? read_restart(block, low, row) : qp_block_first(block, row);
}

enum qp_block_step qp_block_seek(const struct qp_block *block, struct qp_span key,
                                 struct qp_block_row *row)
{
    enum qp_block_step step = near_restart(block, key, row);
    while (step == QP_BLOCK_ROW && qp_order_bytes(qp_block_key(row), key) < 0) {
        step = qp_block_next(block, row);
    }
    return step;
}

enum qp_block_step qp_block_seek_past(const struct qp_block *block, struct qp_span key,
                                      struct qp_block_row *row, uint8_t *before, size_t *before_len)
{
    enum qp_block_step step = near_restart(block, key, row);
    *before_len = 0;
    while (step == QP_BLOCK_ROW && qp_order_bytes(qp_block_key(row), key) < 0) {
        memcpy(before, row->key, row->key_len);
        *before_len = row->key_len;
        step = qp_block_next(block, row);
    }
    if (step == QP_BLOCK_END) {
        row->at = row->next = block->rows.len;
    }
    return step;
}

enum qp_block_step qp_block_below(const struct qp_block *block, struct qp_span key,
                                  struct qp_block_row *row)
{
    struct qp_block_row next;
    enum qp_block_step step = near_restart(block, key, &next);
    bool found = false;
    while (step == QP_BLOCK_ROW && (key.len == 0 || qp_order_bytes(qp_block_key(&next), key) < 0)) {
        *row = next;
        found = true;
        step = qp_block_next(block, &next);
    }
    if (step == QP_BLOCK_BAD) {
        return step;
    }
    return found ? QP_BLOCK_ROW : QP_BLOCK_END;
}

/* ---- Building ---- */

void qp_builder_begin(struct qp_builder *builder, struct qp_span fence, size_t most)
{
    builder->most = most;
    builder->rows.len = builder->restarts.len = builder->done.len = 0;
    builder->last_len = 0;
    builder->now = (struct qp_built){.expected = QP_BLOCK_ANYWHERE, .fence_len = fence.len};
    QP_ASSERT(fence.len <= sizeof builder->now.fence);
    memcpy(builder->now.fence, fence.data, fence.len);
}

void qp_builder_wipe(struct qp_builder *builder)
{
    qp_free(builder->rows.data);
    qp_free(builder->restarts.data);
    qp_free(builder->done.data);
    *builder = (struct qp_builder){.most = 0};
}

static size_t restart_count(const struct qp_builder *builder)
{
    return builder->restarts.len / sizeof(size_t);
}

size_t qp_builder_bytes(const struct qp_builder *builder)
{
    return HEAD_BYTES + builder->rows.len - builder->now.rows_from +
           (restart_count(builder) - builder->now.restarts_from) * RESTART_BYTES;
}

unsigned qp_builder_place(const struct qp_builder *builder)
{
    size_t place = builder->rows.len - builder->now.rows_from;
    return place < QP_BLOCK_ANYWHERE ? (unsigned)place : QP_BLOCK_ANYWHERE;
}

static size_t shared_bytes(struct qp_span a, struct qp_span b)
{
    size_t least = a.len < b.len ? a.len : b.len;
    size_t at = 0;
    while (at < least && a.data[at] == b.data[at]) {
        at++;
    }
    return at;
}

static struct qp_span last_key(const struct qp_builder *builder)
{
    return qp_span_of(builder->last, builder->last_len);
}

static bool is_empty(const struct qp_builder *builder)
{
    return builder->rows.len == builder->now.rows_from;
}

enum qp_code qp_builder_end(struct qp_builder *builder, struct qp_err *err)
{
    struct qp_built *now = &builder->now;
    if (is_empty(builder)) {
        return QP_OK;
    }
    now->rows_to = builder->rows.len;
    now->restarts_to = restart_count(builder);
    enum qp_code rc = qp_buf_add(&builder->done, qp_span_of(now, sizeof *now), err);
    now->rows_from = now->rows_to;
    now->restarts_from = now->restarts_to;
    now->expected = QP_BLOCK_ANYWHERE;
    return rc;
}

enum qp_code qp_builder_cut(struct qp_builder *builder, struct qp_span key, struct qp_err *err)
{
    size_t shared = shared_bytes(last_key(builder), key);
    enum qp_code rc = qp_builder_end(builder, err);
    if (qp_order_bytes(key, last_key(builder)) <= 0) {
        return qp_fail(err, QP_E_STORE,
                       "rows of a packed table are not in order; run an audit "
                       "that rebuilds the derived tables");
    }
    /* The shortest fence that parts the two. */
    builder->now.fence_len = shared + 1;
    memcpy(builder->now.fence, key.data, shared + 1);
    return rc;
}

void qp_builder_drop(struct qp_builder *builder)
{
    struct qp_built *now = &builder->now;
    size_t *places = (void *)builder->restarts.data;
    size_t restarts = restart_count(builder) - now->restarts_from;
    for (size_t i = 0; i < restarts; i++) {
        places[i] = places[now->restarts_from + i] - now->rows_from;
    }
    builder->rows.len -= now->rows_from;
    memmove(builder->rows.data, builder->rows.data + now->rows_from, builder->rows.len);
    builder->restarts.len = restarts * sizeof *places;
    builder->done.len = 0;
    now->rows_from = now->restarts_from = 0;
}

static bool wants_restart(const struct qp_builder *builder)
{
    size_t count = restart_count(builder);
    const size_t *places = (const void *)builder->restarts.data;
    return count == builder->now.restarts_from ||
           builder->rows.len - places[count - 1] >= RESTART_AFTER;
}

static size_t row_bytes(size_t shared, struct qp_span key, struct qp_span value)
{
    size_t length = 1;
    for (size_t len = value.len; len > 0x7f; len >>= 7U) {
        length++;
    }
    return 2 + length + key.len - shared + value.len;
}

static void write_row(struct qp_buf *rows, size_t shared, struct qp_span key, struct qp_span value)
{
    uint8_t *at = rows->data + rows->len;
    size_t len = value.len;
    *at++ = (uint8_t)shared;
    *at++ = (uint8_t)(key.len - shared);
    for (; len > 0x7f; len >>= 7U) {
        *at++ = (uint8_t)(0x80U | (len & 0x7fU));
    }
    *at++ = (uint8_t)len;
    memcpy(at, key.data + shared, key.len - shared);
    at += key.len - shared;
    if (value.len > 0) {
        memcpy(at, value.data, value.len);
        at += value.len;
    }
    rows->len = (size_t)(at - rows->data);
}

enum qp_code qp_builder_add(struct qp_builder *builder, struct qp_span key, struct qp_span value,
                            struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    QP_ASSERT(key.len > 0 && key.len <= QP_BLOCK_KEY_BYTES && value.len <= UINT32_MAX);
    bool restart = wants_restart(builder);
    size_t shared = restart ? 0 : shared_bytes(last_key(builder), key);
    size_t more = row_bytes(shared, key, value) + (restart ? RESTART_BYTES : 0);
    if (!is_empty(builder) && qp_builder_bytes(builder) + more > builder->most) {
        rc = qp_builder_cut(builder, key, err);
        restart = true;
        shared = 0;
    }
    rc = rc == QP_OK ? qp_buf_reserve(&builder->rows, row_bytes(shared, key, value), err) : rc;
    if (rc == QP_OK && restart) {
        size_t place = builder->rows.len;
        rc = qp_buf_add(&builder->restarts, qp_span_of(&place, sizeof place), err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    write_row(&builder->rows, shared, key, value);
    memcpy(builder->last + shared, key.data + shared, key.len - shared);
    builder->last_len = key.len;
    return QP_OK;
}

enum qp_code qp_builder_copy(struct qp_builder *builder, const struct qp_block *block, size_t from,
                             size_t to, struct qp_span last, struct qp_err *err)
{
    size_t start = builder->rows.len;
    enum qp_code rc =
        qp_buf_add(&builder->rows, qp_span_of(block->rows.data + from, to - from), err);
    for (size_t i = 0; rc == QP_OK && i < block->restart_count; i++) {
        size_t place = load_16(block->restarts + i * RESTART_BYTES);
        if (place >= from && place < to) {
            place = place - from + start;
            rc = qp_buf_add(&builder->restarts, qp_span_of(&place, sizeof place), err);
        }
    }
    memcpy(builder->last, last.data, last.len);
    builder->last_len = last.len;
    return rc;
}

size_t qp_built_bytes(const struct qp_built *built)
{
    return HEAD_BYTES + built->rows_to - built->rows_from +
           (built->restarts_to - built->restarts_from) * RESTART_BYTES;
}

void qp_built_write(const struct qp_builder *builder, const struct qp_built *built,
                    enum qp_table table, uint8_t *to)
{
    size_t rows = built->rows_to - built->rows_from;
    size_t restarts = built->restarts_to - built->restarts_from;
    const size_t *places = (const void *)builder->restarts.data;
    uint8_t *at = to + HEAD_BYTES + rows;
    store_16(to + 4, built->expected);
    store_16(to + 6, restarts);
    memcpy(to + HEAD_BYTES, builder->rows.data + built->rows_from, rows);
    for (size_t i = 0; i < restarts; i++, at += RESTART_BYTES) {
        size_t place = places[built->restarts_from + i] - built->rows_from;
        QP_ASSERT(place <= 0xffff);
        store_16(at, place);
    }
    qp_store_be32(to, check_of(table, qp_span_of(built->fence, built->fence_len),
                               qp_span_of(to, qp_built_bytes(built))));
}

struct qp_block qp_built_block(const struct qp_builder *builder, const struct qp_built *built)
{
    return (struct qp_block){.rows = qp_span_of(builder->rows.data + built->rows_from,
                                                built->rows_to - built->rows_from),
                             .expected = built->expected};
}
