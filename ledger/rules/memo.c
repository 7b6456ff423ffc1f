#include "rules/memo.h"

#include "core/check.h"

#include <string.h>

static void init(struct qp_memo *memo)
{
    for (size_t i = 0; i < QP_RULE_MEMO_SLOTS; i++) {
        qp_arena_init(&memo->slots[i].arena, 0);
    }
}

void qp_rule_memo_init(struct qp_rule_memo *memo)
{
    memset(memo, 0, sizeof *memo);
    init(&memo->rule_sets);
    init(&memo->keys);
    init(&memo->parties);
}

static void wipe(struct qp_memo *memo)
{
    for (size_t i = 0; i < QP_RULE_MEMO_SLOTS; i++) {
        qp_arena_wipe(&memo->slots[i].arena);
        memo->slots[i].bytes = (struct qp_span){0};
    }
}

void qp_rule_memo_wipe(struct qp_rule_memo *memo)
{
    wipe(&memo->rule_sets);
    wipe(&memo->keys);
    wipe(&memo->parties);
}

static struct qp_memo_slot *find(struct qp_memo *memo, struct qp_span bytes)
{
    for (size_t i = 0; i < QP_RULE_MEMO_SLOTS; i++) {
        const struct qp_span known = memo->slots[i].bytes;
        if (known.len == bytes.len && memcmp(known.data, bytes.data, bytes.len) == 0) {
            return &memo->slots[i];
        }
    }
    return NULL;
}

/* The slots are filled in turn: a ledger has few rule sets, and a bundle with many is no quicker
 * for being clever here. */
static enum qp_code fill(struct qp_memo *memo, struct qp_span bytes,
                         const struct qp_message_rule *rule, struct qp_memo_slot **filled,
                         struct qp_err *err)
{
    struct qp_memo_slot *slot = &memo->slots[memo->turn];
    slot->bytes = (struct qp_span){0};
    qp_arena_reset(&slot->arena);
    uint8_t *copy = qp_arena_alloc(&slot->arena, bytes.len);
    if (copy == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a record of the state");
    }
    memcpy(copy, bytes.data, bytes.len);
    enum qp_code rc =
        qp_wire_decode(rule, qp_span_of(copy, bytes.len), &slot->arena, &slot->record, err);
    if (rc == QP_E_INPUT) {
        return qp_fail(err, QP_E_STORE,
                       "a record of the ledger's state is damaged; run quipu audit --rebuild");
    }
    if (rc == QP_OK) {
        slot->bytes = qp_span_of(copy, bytes.len);
        memo->turn = (memo->turn + 1) % QP_RULE_MEMO_SLOTS;
        *filled = slot;
    }
    return rc;
}

enum qp_code qp_memo_read(struct qp_memo *memo, struct qp_state *state,
                          const struct qp_state_key *key, const struct qp_message_rule *rule,
                          void *record, struct qp_err *err)
{
    struct qp_span bytes = {0};
    void *found = NULL;
    enum qp_code rc = state->get(state->context, qp_state_key_span(key), &bytes, err);
    if (rc == QP_OK && bytes.len > 0) {
        struct qp_memo_slot *slot = find(memo, bytes);
        rc = slot == NULL ? fill(memo, bytes, rule, &slot, err) : QP_OK;
        found = rc == QP_OK ? slot->record : NULL;
    }
    if (rc == QP_OK) {
        memcpy(record, &found, sizeof found);
    }
    return rc;
}
