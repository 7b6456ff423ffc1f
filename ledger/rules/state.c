#include "rules/rules.h"

#include "core/check.h"

#include <string.h>

static void add(struct qp_state_key *key, const void *bytes, size_t len)
{
    QP_ASSERT(len <= QP_STATE_KEY_BYTES_MAX - key->len);
    memcpy(key->bytes + key->len, bytes, len);
    key->len += len;
}

struct qp_state_key qp_state_key_text(enum qp_state_kind kind, const char *text)
{
    struct qp_state_key key = {.bytes = {(uint8_t)kind}, .len = 1};
    add(&key, text, strlen(text));
    return key;
}

struct qp_state_key qp_state_key_public(const struct qp_public_key *public_key)
{
    struct qp_state_key key = {.bytes = {QP_STATE_KEY}, .len = 1};
    add(&key, public_key->bytes, sizeof public_key->bytes);
    return key;
}

struct qp_state_key qp_state_key_harvest(const char *plot, Qp__Commodity commodity,
                                         uint32_t crop_year)
{
    struct qp_state_key key = qp_state_key_text(QP_STATE_HARVEST, plot);
    uint8_t tail[4] = {0, (uint8_t)commodity, (uint8_t)(crop_year >> 8), (uint8_t)crop_year};
    add(&key, tail, sizeof tail);
    return key;
}

struct qp_state_key qp_state_key_rule_set(uint32_t ordinal)
{
    struct qp_state_key key = {.bytes = {QP_STATE_RULE_SET}, .len = 1};
    if (ordinal > 0) {
        uint8_t number[4];
        qp_store_be32(number, ordinal);
        add(&key, number, sizeof number);
    }
    return key;
}

struct qp_span qp_state_key_span(const struct qp_state_key *key)
{
    return qp_span_of(key->bytes, key->len);
}

enum qp_code qp_state_read(struct qp_state *state, const struct qp_state_key *key,
                           const struct qp_message_rule *rule, struct qp_arena *arena, void *record,
                           struct qp_err *err)
{
    struct qp_span bytes = {0};
    enum qp_code rc = state->get(state->context, qp_state_key_span(key), &bytes, err);
    if (rc != QP_OK) {
        return rc;
    }
    void *none = NULL;
    if (bytes.len == 0) {
        memcpy(record, &none, sizeof none);
        return QP_OK;
    }
    /* The decoder borrows, and the state's bytes do not last: they move into the arena first. */
    uint8_t *copy = qp_arena_alloc(arena, bytes.len);
    if (copy == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for a record of the state");
    }
    memcpy(copy, bytes.data, bytes.len);
    rc = qp_wire_decode(rule, qp_span_of(copy, bytes.len), arena, record, err);
    if (rc == QP_E_INPUT) {
        rc = qp_fail(err, QP_E_STORE,
                     "a record of the ledger's state is damaged; run quipu audit --rebuild");
    }
    return rc;
}
