/* Tiles: the hashes of the log's tree as rows of the store, laid out as tlog-tiles has them: tile t
 * of level l holds up to 256 hashes, the i-th of which is the root of the full subtree over the
 * leaves (256 t + i) 256^l to (256 t + i + 1) 256^l - 1. Level 0 holds the leaf hashes. A row has
 * eight of them: what grows is written in small pieces, and they fill the store's blocks. */
#ifndef QP_LOG_TILES_H
#define QP_LOG_TILES_H

#include "core/alloc.h"
#include "store/store.h"

#include <quipu/merkle.h>

#define QP_TILE_WIDTH 256
#define QP_TILE_PART 8   /* hashes of a row */
#define QP_TILE_LEVELS 8 /* 256^8 leaves: more than a log can have */

/* ---- Reading ---- */

/* The inner nodes of a tile, so that neighbouring proofs do not hash the same subtrees again. */
struct qp_tile_tree {
    uint64_t tile;
    uint64_t used; /* when, by the cache's count; 0: empty */
    uint16_t width;
    uint8_t level;
    struct qp_hash
        nodes[2 * QP_TILE_WIDTH]; /* node n has children 2n and 2n + 1; leaves from 256 */
};

#define QP_TILE_CACHE_SLOTS 8

/* Large: on the heap. All zeros, with the store set, is an empty cache. */
struct qp_tile_cache {
    struct qp_store *store;
    uint64_t uses;
    struct qp_tile_tree slots[QP_TILE_CACHE_SLOTS];
};

/* A reader of perfect subtrees over the store's view. A row is known by its width, so the cache
 * holds across refreshes. */
struct qp_merkle_reader qp_tile_reader(struct qp_tile_cache *cache);

/* ---- Writing ---- */

struct qp_tile_edge {
    uint64_t tile;
    size_t count;
    size_t stored; /* of them, in the store */
    struct qp_hash hashes[QP_TILE_WIDTH];
};

struct qp_full_tile {
    uint8_t level;
    uint64_t tile;
    size_t stored;
    const struct qp_hash *hashes;
};

/* The tree as it grows: its frontier, the last tile of each level, and the tiles that were filled
 * since the last write. */
struct qp_tile_writer {
    struct qp_merkle_frontier frontier;
    struct qp_tile_edge edges[QP_TILE_LEVELS];
    struct qp_full_tile *full;
    size_t full_count;
    size_t full_capacity;
    struct qp_arena arena;
};

/* Take up the work at `size` leaves. */
enum qp_code qp_tiles_load(struct qp_tile_writer *tiles, struct qp_tile_cache *cache, uint64_t size,
                           struct qp_err *err) QP_MUST_USE;
enum qp_code qp_tiles_add(struct qp_tile_writer *tiles, const struct qp_hash *leaf,
                          struct qp_err *err) QP_MUST_USE;
/* Part of a store's job: every row that changed since qp_tiles_written. */
enum qp_code qp_tiles_write(const struct qp_tile_writer *tiles, struct qp_writer *writer,
                            struct qp_err *err) QP_MUST_USE;
void qp_tiles_written(struct qp_tile_writer *tiles);
void qp_tiles_wipe(struct qp_tile_writer *tiles);

#endif
