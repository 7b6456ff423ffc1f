/* One message of a type: what is accepted packs to the same bytes, protobuf-c reads the same, and
 * it survives JSON. */
#ifndef QP_TESTS_FUZZ_FUZZ_WIRE_H
#define QP_TESTS_FUZZ_FUZZ_WIRE_H

#include "fuzz/fuzz.h"
#include "wire/json.h"
#include "wire/wire.h"

static inline void holds_packed(const ProtobufCMessage *message, struct qp_span in)
{
    uint8_t *packed = malloc(in.len + 1);
    HOLDS(packed != NULL);
    HOLDS(protobuf_c_message_get_packed_size(message) == in.len);
    HOLDS(protobuf_c_message_pack(message, packed) == in.len);
    holds_same(qp_span_of(packed, in.len), in);
    free(packed);
}

static inline void holds_json(const struct qp_message_rule *rule, const void *message,
                              struct qp_span in, struct qp_arena *arena)
{
    struct qp_buf text = {0};
    struct qp_buf bytes = {0};
    json_t *json = NULL;
    json_t *parsed = NULL;
    void *again = NULL;
    HOLDS(qp_json_encode(rule, message, &json, NULL) == QP_OK);
    HOLDS(qp_json_print(json, 0, &text, NULL) == QP_OK);
    HOLDS(qp_json_parse(qp_span_buf(&text), &parsed, NULL) == QP_OK);
    HOLDS(json_equal(json, parsed));
    HOLDS(qp_json_decode(rule, parsed, arena, &again, NULL) == QP_OK);
    HOLDS(qp_wire_encode(rule, again, arena, &bytes, NULL) == QP_OK);
    holds_same(qp_span_buf(&bytes), in);
    json_decref(json);
    json_decref(parsed);
    qp_buf_wipe(&text);
    qp_buf_wipe(&bytes);
}

static inline int fuzz_wire(const struct qp_message_rule *rule, const uint8_t *data, size_t size)
{
    struct qp_span in = qp_span_of(data, size);
    struct qp_arena arena;
    ProtobufCMessage *message = NULL;
    struct qp_err err;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_wire_decode(rule, in, &arena, &message, &err);
    if (rc == QP_OK) {
        holds_packed(message, in);
        ProtobufCMessage *theirs = protobuf_c_message_unpack(rule->descriptor, NULL, size, data);
        HOLDS(theirs != NULL);
        holds_packed(theirs, in);
        protobuf_c_message_free_unpacked(theirs, NULL);
        holds_json(rule, message, in, &arena);
    } else {
        HOLDS(rc == QP_E_INPUT && err.code == rc && err.offset <= size);
    }
    qp_arena_wipe(&arena);
    return 0;
}

#endif
