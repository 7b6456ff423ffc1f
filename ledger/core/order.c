#include "core/order.h"

#include <stdlib.h>
#include <string.h>

int qp_order_bytes(struct qp_span a, struct qp_span b)
{
    size_t least = a.len < b.len ? a.len : b.len;
    int by_bytes = least > 0 ? memcmp(a.data, b.data, least) : 0;
    return by_bytes != 0 ? by_bytes : (a.len > b.len) - (a.len < b.len);
}

bool qp_same_bytes(struct qp_span a, struct qp_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

#define WORD_BYTES 8

/* The bytes from `depth` on; behind the key's end stand zeros. */
static uint64_t word_at(const struct qp_order_row *row, size_t depth)
{
    uint8_t bytes[WORD_BYTES] = {0};
    size_t left = row->key_len > depth ? row->key_len - depth : 0;
    if (left >= WORD_BYTES) {
        return qp_load_be64(row->key + depth);
    }
    if (left > 0) {
        memcpy(bytes, row->key + depth, left);
    }
    return qp_load_be64(bytes);
}

static int by_word(const void *a, const void *b)
{
    const struct qp_order_row *one = a;
    const struct qp_order_row *two = b;
    return (one->word > two->word) - (one->word < two->word);
}

/* Put in order what is equal before `depth`. */
static void order_from(struct qp_order_row *rows, size_t count, size_t depth)
{
    bool ordered = true;
    for (size_t i = 0; i < count; i++) {
        rows[i].word = word_at(&rows[i], depth);
        ordered = ordered && (i == 0 || rows[i - 1].word <= rows[i].word);
    }
    if (!ordered) {
        qsort(rows, count, sizeof *rows, by_word);
    }
    for (size_t first = 0, end = 0; first < count; first = end) {
        bool ended = true; /* all of the run; then the zeros behind them may differ from theirs */
        for (end = first; end < count && rows[end].word == rows[first].word; end++) {
            ended = ended && rows[end].key_len <= depth + WORD_BYTES;
        }
        if (end - first > 1 && !ended) {
            order_from(rows + first, end - first, depth + WORD_BYTES);
        } else if (end - first > 1) {
            for (size_t i = first; i < end; i++) {
                rows[i].word = rows[i].key_len;
            }
            qsort(rows + first, end - first, sizeof *rows, by_word);
        }
    }
}

void qp_order(struct qp_order_row *rows, size_t count)
{
    order_from(rows, count, 0);
}
