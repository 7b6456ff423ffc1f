#include "log/tiles.h"

#include "core/check.h"
#include "core/order.h"
#include "log/keys.h"

#include <string.h>

/* ---- Reading ---- */

static struct qp_tile_tree *slot_of(struct qp_tile_cache *cache, uint8_t level, uint64_t tile)
{
    struct qp_tile_tree *oldest = &cache->slots[0];
    for (size_t i = 0; i < QP_TILE_CACHE_SLOTS; i++) {
        struct qp_tile_tree *at = &cache->slots[i];
        if (at->used != 0 && at->level == level && at->tile == tile) {
            return at;
        }
        oldest = at->used < oldest->used ? at : oldest;
    }
    oldest->used = 0;
    return oldest;
}

/* Fill the inner nodes whose subtrees are complete. */
static void fold(struct qp_tile_tree *tree)
{
    for (size_t first = QP_TILE_WIDTH / 2, span = 2; first >= 1; first /= 2, span *= 2) {
        for (size_t i = 0; i < tree->width / span; i++) {
            size_t node = first + i;
            qp_hash_node(&tree->nodes[node], &tree->nodes[2 * node], &tree->nodes[2 * node + 1]);
        }
    }
}

/* The rows of a tile, as far as they go. */
static enum qp_code read_rows(struct qp_tile_cache *cache, uint8_t level, uint64_t tile,
                              struct qp_hash *hashes, size_t *width, struct qp_err *err)
{
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    struct qp_row_key key = qp_key_tile(level, tile, 0);
    size_t count = 0;
    enum qp_code rc = qp_cursor_open(cache->store, QP_TABLE_TILES, &cursor, err);
    rc = rc == QP_OK ? qp_cursor_seek(cursor, qp_row_key_span(&key), &row, err) : rc;
    while (rc == QP_OK && row.found && qp_same_bytes(row.key, qp_row_key_span(&key)) &&
           row.value.len % sizeof *hashes == 0 && row.value.len <= QP_TILE_PART * sizeof *hashes) {
        memcpy(hashes + count, row.value.data, row.value.len);
        count += row.value.len / sizeof *hashes;
        if (count % QP_TILE_PART != 0 || count == QP_TILE_WIDTH) {
            break;
        }
        key = qp_key_tile(level, tile, count / QP_TILE_PART);
        rc = qp_cursor_next(cursor, &row, err);
    }
    qp_cursor_close(cursor);
    *width = count;
    return rc;
}

static enum qp_code load(struct qp_tile_cache *cache, uint8_t level, uint64_t tile, size_t need,
                         struct qp_tile_tree **tree, struct qp_err *err)
{
    struct qp_tile_tree *slot = slot_of(cache, level, tile);
    if (slot->used == 0 || slot->width < need) {
        size_t width = 0;
        slot->used = 0;
        enum qp_code rc = read_rows(cache, level, tile, &slot->nodes[QP_TILE_WIDTH], &width, err);
        if (rc != QP_OK) {
            return rc;
        }
        if (width < need) {
            return qp_fail(err, QP_E_STORE,
                           "tile %llu of level %u is missing or short; run an audit that rebuilds "
                           "the derived tables",
                           (unsigned long long)tile, level);
        }
        slot->level = level;
        slot->tile = tile;
        slot->width = (uint16_t)width;
        fold(slot);
    }
    slot->used = ++cache->uses;
    *tree = slot;
    return QP_OK;
}

static enum qp_code read_node(void *ctx, uint8_t level, uint64_t index, struct qp_hash *out,
                              struct qp_err *err)
{
    struct qp_tile_cache *cache = ctx;
    unsigned inside = level % 8U; /* levels above the tile's own hashes */
    uint64_t first = index << inside;
    size_t at = (size_t)(first % QP_TILE_WIDTH);
    struct qp_tile_tree *tree = NULL;
    enum qp_code rc = load(cache, (uint8_t)(level / 8U), first / QP_TILE_WIDTH,
                           at + ((size_t)1 << inside), &tree, err);
    if (rc == QP_OK) {
        *out = tree->nodes[(QP_TILE_WIDTH + at) >> inside];
    }
    return rc;
}

struct qp_merkle_reader qp_tile_reader(struct qp_tile_cache *cache)
{
    return (struct qp_merkle_reader){.ctx = cache, .node = read_node};
}

/* ---- Writing ---- */

enum qp_code qp_tiles_load(struct qp_tile_writer *tiles, struct qp_tile_cache *cache, uint64_t size,
                           struct qp_err *err)
{
    struct qp_merkle_reader reader = qp_tile_reader(cache);
    qp_tiles_written(tiles);
    enum qp_code rc = qp_merkle_frontier_load(&tiles->frontier, &reader, size, err);
    uint64_t hashes = size; /* at this level */
    for (uint8_t level = 0; level < QP_TILE_LEVELS && rc == QP_OK; level++) {
        struct qp_tile_edge *edge = &tiles->edges[level];
        edge->tile = hashes / QP_TILE_WIDTH;
        edge->count = (size_t)(hashes % QP_TILE_WIDTH);
        edge->stored = edge->count;
        if (edge->count > 0) {
            struct qp_tile_tree *tree = NULL;
            rc = load(cache, level, edge->tile, edge->count, &tree, err);
            if (rc == QP_OK) {
                QP_ASSERT(tree != NULL);
                memcpy(edge->hashes, &tree->nodes[QP_TILE_WIDTH],
                       edge->count * sizeof edge->hashes[0]);
            }
        }
        hashes /= QP_TILE_WIDTH;
    }
    return rc;
}

/* A tile is full: it is kept as a row to be written, and the next one begins. */
static enum qp_code put_full(struct qp_tile_writer *tiles, uint8_t level, struct qp_err *err)
{
    struct qp_tile_edge *edge = &tiles->edges[level];
    if (tiles->full_count == tiles->full_capacity) {
        size_t capacity = tiles->full_capacity == 0 ? 32 : 2 * tiles->full_capacity;
        void *grown = qp_realloc(tiles->full, capacity * sizeof *tiles->full);
        if (grown == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory for tiles");
        }
        tiles->full = grown;
        tiles->full_capacity = capacity;
    }
    struct qp_hash *copy = qp_arena_alloc(&tiles->arena, sizeof edge->hashes);
    if (copy == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for tiles");
    }
    memcpy(copy, edge->hashes, sizeof edge->hashes);
    tiles->full[tiles->full_count++] = (struct qp_full_tile){
        .level = level, .tile = edge->tile, .stored = edge->stored, .hashes = copy};
    edge->tile++;
    edge->count = 0;
    edge->stored = 0;
    return QP_OK;
}

enum qp_code qp_tiles_add(struct qp_tile_writer *tiles, const struct qp_hash *leaf,
                          struct qp_err *err)
{
    struct qp_hash done[QP_MERKLE_LEVELS];
    size_t done_count = 0;
    enum qp_code rc = qp_merkle_frontier_add(&tiles->frontier, leaf, done, &done_count, err);
    for (uint8_t level = 0; rc == QP_OK && (size_t)8 * level < done_count; level++) {
        struct qp_tile_edge *edge = &tiles->edges[level];
        edge->hashes[edge->count++] = done[(size_t)8 * level];
        if (edge->count == QP_TILE_WIDTH) {
            rc = put_full(tiles, level, err);
        }
    }
    return rc;
}

/* The rows of a tile in which there is something new. */
static enum qp_code write_rows(struct qp_writer *writer, uint8_t level, uint64_t tile,
                               const struct qp_hash *hashes, size_t count, size_t stored,
                               struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t part = stored / QP_TILE_PART; rc == QP_OK && part * QP_TILE_PART < count; part++) {
        struct qp_row_key key = qp_key_tile(level, tile, part);
        size_t left = count - part * QP_TILE_PART;
        size_t width = left < QP_TILE_PART ? left : QP_TILE_PART;
        rc = qp_write_put(writer, QP_TABLE_TILES, QP_PUT_ANY, qp_row_key_span(&key),
                          qp_span_of(hashes + part * QP_TILE_PART, width * sizeof *hashes), err);
    }
    return rc;
}

/* In the order of their keys: full tiles of each level stand before its last one. */
enum qp_code qp_tiles_write(const struct qp_tile_writer *tiles, struct qp_writer *writer,
                            struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (uint8_t level = 0; level < QP_TILE_LEVELS && rc == QP_OK; level++) {
        const struct qp_tile_edge *edge = &tiles->edges[level];
        for (size_t i = 0; i < tiles->full_count && rc == QP_OK; i++) {
            const struct qp_full_tile *full = &tiles->full[i];
            if (full->level == level) {
                rc = write_rows(writer, level, full->tile, full->hashes, QP_TILE_WIDTH,
                                full->stored, err);
            }
        }
        if (rc == QP_OK && edge->count > edge->stored) {
            rc =
                write_rows(writer, level, edge->tile, edge->hashes, edge->count, edge->stored, err);
        }
    }
    return rc;
}

void qp_tiles_written(struct qp_tile_writer *tiles)
{
    for (size_t level = 0; level < QP_TILE_LEVELS; level++) {
        tiles->edges[level].stored = tiles->edges[level].count;
    }
    tiles->full_count = 0;
    qp_arena_reset(&tiles->arena);
}

void qp_tiles_wipe(struct qp_tile_writer *tiles)
{
    qp_free(tiles->full);
    tiles->full = NULL;
    tiles->full_count = tiles->full_capacity = 0;
    qp_arena_wipe(&tiles->arena);
}
