/* Byte strings put in order: by their bytes, and a string before those that it begins. */
#ifndef QP_CORE_ORDER_H
#define QP_CORE_ORDER_H

#include <quipu/bytes.h>

/* <0, 0, >0. */
int qp_order_bytes(struct qp_span a, struct qp_span b);
/* Are they the same? Sooner than qp_span_eq, which does not tell by its time what is in them: for
 * what is no secret. */
bool qp_same_bytes(struct qp_span a, struct qp_span b);

struct qp_order_row {
    uint64_t word; /* for the sort */
    const uint8_t *key;
    uint32_t key_len;
    void *item; /* whatever belongs to the key */
};

/* Keys share long beginnings (a kind, a party): eight bytes are compared at a time, as a number,
 * and what all rows of a run share is looked at once. */
void qp_order(struct qp_order_row *rows, size_t count);

#endif
