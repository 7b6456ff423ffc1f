/* Events of every kind with everything that the marks allow, made to name what there is: an event
 * is admitted or refused with a code, and nothing else; no record is ever left that does not
 * decode. */
#include "rules/scene.h"

#include "core/check.h"
#include "wire/generate.h"

#define STEPS 12000

static const char *const parties[] = {"op",     "reg",    "norte",    "sur",  "mill",
                                      "store",  "export", "carry",    "port", "import",
                                      "assess", "cert",   "authority"};
static const char *const ids[] = {"norte/u1", "norte/p1", "sur/p1",   "norte/a",  "norte/b",
                                  "sur/a",    "export/s", "export/l", "cert/c",   "mill/a",
                                  "norte/n1", "norte/n2", "sur/n1",   "export/n", "norte/p2"};
static struct qp_public_key keys[QP_COUNT(parties)];

/* Names of what there is, in place of random ones; most quantities within reason. */
static void aim(struct generator *generator, const struct qp_message_rule *rule, uint8_t *message);

static void aim_value(struct generator *generator, const struct qp_message_rule *rule, unsigned i,
                      uint8_t *at)
{
    const ProtobufCFieldDescriptor *field = &rule->descriptor->fields[i];
    enum qp_field_class class = rule->fields[i].class;
    uint8_t *child = NULL;
    const char *text = NULL;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        memcpy(&child, at, sizeof child);
        if (child != NULL) {
            aim(generator, rule->fields[i].message, child);
        }
    } else if (class == QP_CLASS_PARTY) {
        text = parties[below(generator, QP_COUNT(parties))];
        memcpy(at, &text, sizeof text);
    } else if (class == QP_CLASS_ID || class == QP_CLASS_NAME) {
        text = ids[below(generator, QP_COUNT(ids))];
        memcpy(at, &text, sizeof text);
    } else if (strstr(field->name, "key") != NULL && field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData key =
            qp_bytes_span(qp_span_of(keys[below(generator, QP_COUNT(keys))].bytes, 32));
        memcpy(at, &key, sizeof key);
    } else if (strcmp(field->name, "grams") == 0 && below(generator, 4) > 0) {
        uint64_t grams = below(generator, 3) == 0 ? 1000 : 1 + below(generator, 1000);
        memcpy(at, &grams, sizeof grams);
    } else if (strcmp(field->name, "commodity") == 0 && below(generator, 4) > 0) {
        int32_t coffee = QP__COMMODITY__COMMODITY_COFFEE;
        memcpy(at, &coffee, sizeof coffee);
    } else if (class == QP_CLASS_TIME && below(generator, 4) > 0) {
        uint64_t when = UINT64_C(1778716800000) + below(generator, 3) * 43200000;
        memcpy(at, &when, sizeof when);
    }
}

static void aim(struct generator *generator, const struct qp_message_rule *rule, uint8_t *message)
{
    for (unsigned i = 0; i < rule->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &rule->descriptor->fields[i];
        uint32_t chosen = 0;
        memcpy(&chosen, message + field->quantifier_offset, sizeof chosen);
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 && chosen != field->id) {
            continue;
        }
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            aim_value(generator, rule, i, message + field->offset);
            continue;
        }
        size_t count = 0;
        uint8_t *elements = NULL;
        memcpy(&count, message + field->quantifier_offset, sizeof count);
        memcpy(&elements, message + field->offset, sizeof elements);
        for (size_t k = 0; k < count && field->type == PROTOBUF_C_TYPE_MESSAGE; k++) {
            aim_value(generator, rule, i, elements + k * size_of(field->type));
        }
    }
}

static const struct qp_message_rule *rule_of(uint8_t kind)
{
    static const struct qp_message_rule *const rules[] = {
        [QP_STATE_PARTY] = &qp_rule_party_state,
        [QP_STATE_KEY] = &qp_rule_key_state,
        [QP_STATE_PRODUCER] = &qp_rule_producer_state,
        [QP_STATE_PLOT] = &qp_rule_plot_state,
        [QP_STATE_HARVEST] = &qp_rule_harvest_state,
        [QP_STATE_LOT] = &qp_rule_lot_state,
        [QP_STATE_CERTIFICATE] = &qp_rule_certificate_state,
        [QP_STATE_SHIPMENT] = &qp_rule_shipment_state,
        [QP_STATE_RULE_SET] = &qp_rule_rule_set_state,
    };
    assert_true(kind > 0 && kind < QP_COUNT(rules));
    return rules[kind];
}

static enum qp_code decode_record(void *context, struct qp_span key, struct qp_span record,
                                  struct qp_err *err)
{
    void *decoded = NULL;
    (void)context;
    assert_true(record.len > 0); /* the rules take no record away */
    return qp_wire_decode(rule_of(key.data[0]), record, &scene.arena, &decoded, err);
}

static void stage(void)
{
    scene_harvested("norte", "norte/a", "norte/p1", 1000);
    scene_harvested("norte", "norte/b", "norte/p1", 1000);
    scene_harvested("sur", "sur/a", "sur/p1", 1000);
    scene_harvested("norte", "norte/l", "norte/p1", 1000);
    ok("norte", DAY,
       "'lot_transferred': {'lot': 'norte/l', 'to': 'export', 'kind': 'both', 'quantity': "
       "{'grams': 1000}}");
    ok("export", DAY,
       "'lot_received': {'lot': 'norte/l', 'from': 'norte', 'quantity': {'grams': 1000}}");
    ok("export", DAY,
       "'shipment_dispatched': {'shipment': 'export/s', 'consignee': 'import', 'commodity': "
       "'coffee', 'hs_code': '090111', 'lots': [{'lot': 'norte/l', 'quantity': {'grams': 9}}], "
       "'containers': [{'number': 'CSQU3054383'}], 'port_of_loading': 'PECLL', "
       "'port_of_discharge': 'DEHAM', 'destination_country': 'DE'}");
    for (size_t i = 0; i < QP_COUNT(parties); i++) {
        keys[i] = scene_key(parties[i]);
    }
}

/* Point a voiding at an event that there is. */
static void aim_voiding(struct generator *generator, Qp__Event *event, struct qp_hash *hash)
{
    const struct scene_event *at = &scene.events[below(generator, scene.event_count)];
    Qp__EventReference *reference = event->event_voided->event;
    qp_hash_leaf(hash, qp_span_of(at->bytes, at->len));
    reference->issuer = qp_bytes_span(qp_span_of(at->issuer.bytes, 32));
    reference->sequence = at->sequence;
    reference->position = 0;
    reference->event = qp_hash_bytes(hash);
}

static void step(struct generator *generator, size_t number, size_t *admitted)
{
    struct qp_buf bytes = {0};
    struct qp_buf before = {0};
    struct qp_buf after = {0};
    struct qp_err why = {.rule = ""};
    struct qp_hash hash;
    Qp__Event *event = message_of(generator, &qp_rule_event, 0);
    aim(generator, &qp_rule_event, (uint8_t *)event);
    if (event->body_case == QP__EVENT__BODY_EVENT_VOIDED) {
        aim_voiding(generator, event, &hash);
    }
    assert_ok(qp_wire_encode(&qp_rule_event, event, &scene.arena, &bytes, err));
    assert_ok(qp_event_decode(qp_span_buf(&bytes), &scene.arena, &event, err));
    struct qp_rule_context context = {.issuer = keys[below(generator, QP_COUNT(keys))],
                                      .index = scene.event_count};
    bool look = number % 64 == 0;
    if (look) {
        scene_snapshot(&before);
    }
    qp_state_map_mark(scene.map);
    enum qp_code rc = qp_rules_apply(&context, event, &scene.state, &scene.arena, &why);
    if (rc == QP_OK && below(generator, 3) == 0 && event->body_case >= 30) {
        scene_keep(&context, qp_span_buf(&bytes));
        (*admitted)++;
    } else {
        /* Parties and keys stay as they are, or everybody is soon suspended. */
        *admitted += rc == QP_OK ? 1 : 0;
        qp_state_map_rollback(scene.map);
        if (look) {
            scene_snapshot(&after);
            assert_true(qp_span_eq(qp_span_buf(&before), qp_span_buf(&after)));
        }
    }
    if (rc != QP_OK && (rc != QP_E_REFUSED || qp_rule_code_find(why.rule) == NULL)) {
        fail_msg("event %zu (%s): %s %s (%s)", number, qp_event_name(event->body_case), why.rule,
                 why.text, qp_code_name(rc));
    }
    qp_buf_wipe(&bytes);
    qp_buf_wipe(&before);
    qp_buf_wipe(&after);
}

static void every_event_is_admitted_or_refused_and_every_record_decodes(void **state)
{
    (void)state;
    struct generator generator = {.seed = 20261121, .arena = &scene.arena};
    size_t admitted = 0;
    stage();
    for (size_t i = 0; i < STEPS; i++) {
        qp_arena_reset(&scene.arena);
        step(&generator, i, &admitted);
        if (i % 500 == 0) {
            qp_arena_reset(&scene.arena);
            assert_ok(qp_state_map_each(scene.map, decode_record, NULL, err));
        }
    }
    print_message("%zu of %d events admitted\n", admitted, STEPS);
    assert_true(admitted > STEPS / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_event_is_admitted_or_refused_and_every_record_decodes,
                                        scene_open, scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
