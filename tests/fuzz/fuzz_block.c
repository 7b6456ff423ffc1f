/* A block of a packed table: any bytes are read without harm, and rows that ascend can be found one
 * by one, packed anew, and read the same again. */
#include "fuzz/fuzz.h"

#include "store/block.h"

/* Every question, with a key of the input; true: rows ascend and none is bad. */
static bool read_all(const struct qp_block *block, struct qp_span key)
{
    struct qp_block_row row;
    struct qp_block_row last = {.key_len = 0};
    uint8_t before[QP_BLOCK_KEY_BYTES];
    size_t before_len = 0;
    bool ascend = true;
    (void)qp_block_seek(block, key, &row);
    (void)qp_block_seek_past(block, key, &row, before, &before_len);
    HOLDS(before_len <= sizeof before);
    (void)qp_block_below(block, key, &row);
    (void)qp_block_below(block, qp_span_of(NULL, 0), &row);
    enum qp_block_step step = qp_block_first(block, &row);
    for (; step == QP_BLOCK_ROW; step = qp_block_next(block, &row)) {
        HOLDS(row.next > row.at && row.next <= block->rows.len);
        ascend = ascend && row.key_len > 0 &&
                 qp_order_bytes(qp_block_key(&last), qp_block_key(&row)) < 0;
        last = row;
    }
    return ascend && step == QP_BLOCK_END;
}

static void pack(const struct qp_block *block, size_t most, struct qp_builder *builder)
{
    struct qp_block_row row;
    enum qp_block_step step = qp_block_first(block, &row);
    qp_builder_begin(builder, qp_span_of("\0", 1), most);
    for (; step == QP_BLOCK_ROW; step = qp_block_next(block, &row)) {
        HOLDS(qp_builder_add(builder, qp_block_key(&row), row.value, NULL) == QP_OK);
    }
    HOLDS(qp_builder_end(builder, NULL) == QP_OK);
}

/* The rows of this built block are those from `row` on, each is found, and so is the one below it.
 */
static enum qp_block_step same_rows(const struct qp_block *block, const struct qp_block *built,
                                    enum qp_block_step step, struct qp_block_row *row)
{
    struct qp_block_row again;
    struct qp_block_row found;
    struct qp_block_row below = {.key_len = 0};
    enum qp_block_step here = qp_block_first(built, &again);
    for (; here == QP_BLOCK_ROW; here = qp_block_next(built, &again)) {
        struct qp_span key = qp_block_key(&again);
        HOLDS(step == QP_BLOCK_ROW);
        holds_same(key, qp_block_key(row));
        holds_same(again.value, row->value);
        HOLDS(qp_block_seek(built, key, &found) == QP_BLOCK_ROW && found.at == again.at);
        enum qp_block_step under = qp_block_below(built, key, &found);
        HOLDS(under == (below.key_len > 0 ? QP_BLOCK_ROW : QP_BLOCK_END));
        HOLDS(under == QP_BLOCK_END || found.at == below.at);
        below = again;
        step = qp_block_next(block, row);
    }
    HOLDS(here == QP_BLOCK_END);
    return step;
}

/* The first byte says how long a key at the end is; between them stands the block. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_builder builder = {.most = 0};
    struct qp_block block;
    struct qp_block_row row;
    if (size == 0 || size - 1 < data[0] ||
        !qp_block_open(qp_span_of(data + 1, size - 1 - data[0]), &block)) {
        return 0;
    }
    if (!read_all(&block, qp_span_of(data + size - data[0], data[0]))) {
        return 0;
    }
    pack(&block, QP_BLOCK_BYTES >> (data[0] % 4), &builder);
    const struct qp_built *list = (const void *)builder.done.data;
    enum qp_block_step step = qp_block_first(&block, &row);
    for (size_t i = 0; i < builder.done.len / sizeof *list; i++) {
        size_t len = qp_built_bytes(&list[i]);
        struct qp_span fence = qp_span_of(list[i].fence, list[i].fence_len);
        struct qp_block built;
        uint8_t *bytes = malloc(len);
        HOLDS(bytes != NULL);
        qp_built_write(&builder, &list[i], QP_TABLE_EDGES, bytes);
        HOLDS(qp_block_sound(QP_TABLE_EDGES, fence, qp_span_of(bytes, len)));
        HOLDS(qp_block_open(qp_span_of(bytes, len), &built));
        HOLDS(step == QP_BLOCK_ROW && qp_order_bytes(fence, qp_block_key(&row)) <= 0);
        step = same_rows(&block, &built, step, &row);
        free(bytes);
    }
    HOLDS(step == QP_BLOCK_END);
    qp_builder_wipe(&builder);
    return 0;
}
