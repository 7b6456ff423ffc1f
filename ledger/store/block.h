/* Block: rows of a packed table that follow each other, as one value of LMDB.
 *
 *   check (4) ‖ expected (2) ‖ number of restarts (2) ‖ rows ‖ places of the restarts (2 each)
 *   row: bytes of the key shared with the row before (1) ‖ bytes of it that follow (1)
 *        ‖ length of the value (1 to 5: 7 bits in each byte, low ones first) ‖ key ‖ value
 *
 * Keys ascend. Some rows are restarts: they share nothing, so that a search goes to the nearest one
 * in steps and reads on from there. The check is over the table, the key under which the block
 * stands (its fence), and everything behind the check itself.
 *
 * Why not a row of LMDB for each: keys of neighbours are nearly the same, what LMDB adds to a row
 * is as much as many a row holds, and where rows come in order at many places of a table at once it
 * leaves its pages half empty. */
#ifndef QP_STORE_BLOCK_H
#define QP_STORE_BLOCK_H

#include "core/order.h"
#include "store/store.h"

/* A page of LMDB, less its header. A row that is longer has a block of its own. */
#define QP_BLOCK_BYTES ((size_t)4080)
#define QP_BLOCK_KEY_BYTES 255 /* at most */
/* `expected`: nothing is. */
#define QP_BLOCK_ANYWHERE 0xffffU

struct qp_block {
    struct qp_span rows;
    const uint8_t *restarts;
    size_t restart_count;
    /* Where in `rows` the next one will come, when keys come in order here. A guess: it only
     * decides where a full block is parted. */
    unsigned expected;
};

struct qp_block_row {
    size_t at;   /* its place in `rows` */
    size_t next; /* of the row behind it */
    struct qp_span value;
    size_t key_len;
    uint8_t key[QP_BLOCK_KEY_BYTES];
};

enum qp_block_step {
    QP_BLOCK_ROW,
    QP_BLOCK_END,
    QP_BLOCK_BAD /* the bytes are no row; the next step goes to the next restart */
};

/* The check of what stands under a key of LMDB, a block or a row: XXH3. Not against people, who can
 * write checks too: against bits that change by themselves. */
uint32_t qp_store_check(enum qp_table table, struct qp_span key, struct qp_span bytes);

/* Does the block hold its check? */
bool qp_block_sound(enum qp_table table, struct qp_span fence, struct qp_span bytes);
/* Borrows the bytes. False: they are no block. */
bool qp_block_open(struct qp_span bytes, struct qp_block *block);
enum qp_block_step qp_block_first(const struct qp_block *block, struct qp_block_row *row);
/* The row behind. */
enum qp_block_step qp_block_next(const struct qp_block *block, struct qp_block_row *row);
/* The first row whose key is not below this one. */
enum qp_block_step qp_block_seek(const struct qp_block *block, struct qp_span key,
                                 struct qp_block_row *row);
/* As qp_block_seek; `before` gets the key of the row before it, as far as one was passed: it has
 * room for QP_BLOCK_KEY_BYTES, and *before_len is 0 where none was. */
enum qp_block_step qp_block_seek_past(const struct qp_block *block, struct qp_span key,
                                      struct qp_block_row *row, uint8_t *before,
                                      size_t *before_len);
/* The last row whose key is below this one; an empty key: the last of all. */
enum qp_block_step qp_block_below(const struct qp_block *block, struct qp_span key,
                                  struct qp_block_row *row);
struct qp_span qp_block_key(const struct qp_block_row *row);

/* ---- Building ---- */

/* A block that is built, as parts of the builder's buffers. */
struct qp_built {
    size_t rows_from, rows_to;         /* bytes */
    size_t restarts_from, restarts_to; /* numbers */
    unsigned expected;
    size_t fence_len;
    uint8_t fence[QP_BLOCK_KEY_BYTES];
};

/* Rows in ascending order become blocks: one is filled, then the next begins. All zeros is empty;
 * begin it before use, wipe it at the end. */
struct qp_builder {
    size_t most;            /* bytes of a block, unless one row is more */
    struct qp_buf rows;     /* of all blocks */
    struct qp_buf restarts; /* size_t: places in `rows` */
    struct qp_buf done;     /* struct qp_built */
    struct qp_built now;
    size_t last_len;
    uint8_t last[QP_BLOCK_KEY_BYTES]; /* key */
};

void qp_builder_begin(struct qp_builder *builder, struct qp_span fence, size_t most);
void qp_builder_wipe(struct qp_builder *builder);
/* Bytes of the block that is built. */
size_t qp_builder_bytes(const struct qp_builder *builder);
/* Where its next row will be, as `expected` has it. */
unsigned qp_builder_place(const struct qp_builder *builder);
enum qp_code qp_builder_add(struct qp_builder *builder, struct qp_span key, struct qp_span value,
                            struct qp_err *err) QP_MUST_USE;
/* Rows of a block as they stand there, `from` a place in its rows `to` another one, which fit; the
 * first of them follows the key it follows there. last: the key of the last of them. */
enum qp_code qp_builder_copy(struct qp_builder *builder, const struct qp_block *block, size_t from,
                             size_t to, struct qp_span last, struct qp_err *err) QP_MUST_USE;
/* The block is done; the next one begins with this key. QP_E_STORE: it is not above the last one.
 */
enum qp_code qp_builder_cut(struct qp_builder *builder, struct qp_span key,
                            struct qp_err *err) QP_MUST_USE;
/* The last block is done, if there is one. */
enum qp_code qp_builder_end(struct qp_builder *builder, struct qp_err *err) QP_MUST_USE;
/* Forget the blocks that are done. */
void qp_builder_drop(struct qp_builder *builder);

/* A block of a builder as bytes to be stored. */
size_t qp_built_bytes(const struct qp_built *built);
void qp_built_write(const struct qp_builder *builder, const struct qp_built *built,
                    enum qp_table table, uint8_t *to);
/* As a block that can be read. */
struct qp_block qp_built_block(const struct qp_builder *builder, const struct qp_built *built);

#endif
