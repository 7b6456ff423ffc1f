/* Every id in every kind of event is an edge, or stands in the list of those that are not. The ids
 * are found by the descriptors and the marks, not by the code under test. */
#include "test.h"

#include "core/check.h"
#include "rules/graph.h"
#include "wire/generate.h"

#define FOUND_MAX 4096

struct found {
    const void *what[FOUND_MAX]; /* ids: the strings; commitments: the messages */
    const char *field[FOUND_MAX];
    const char *message[FOUND_MAX];
    size_t count;
};

static const struct {
    const char *message;
    const char *field;
} no_edge[] = {
    {"LotTransferred", "to"}, /* graph.h says why */
    {"LotReceived", "from"},
};

static bool is_no_edge(const char *message, const char *field)
{
    for (size_t i = 0; i < QP_COUNT(no_edge); i++) {
        if (strcmp(no_edge[i].message, message) == 0 && strcmp(no_edge[i].field, field) == 0) {
            return true;
        }
    }
    return false;
}

static void add(struct found *found, const void *what, const char *field, const char *message)
{
    assert_true(found->count < FOUND_MAX);
    found->what[found->count] = what;
    found->message[found->count] = message;
    found->field[found->count++] = field;
}

static void find(const struct qp_message_rule *rule, const uint8_t *message, struct found *ids,
                 struct found *sealed);

static void find_value(const struct qp_message_rule *rule, unsigned i, const void *value,
                       struct found *ids, struct found *sealed)
{
    const ProtobufCFieldDescriptor *field = &rule->descriptor->fields[i];
    enum qp_field_class class = rule->fields[i].class;
    const char *name = rule->descriptor->short_name;
    if (value == NULL) {
        return;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (field->descriptor == &qp__sealed__descriptor) {
            add(sealed, value, field->name, name);
        } else {
            find(rule->fields[i].message, value, ids, sealed);
        }
    } else if ((class == QP_CLASS_PARTY || class == QP_CLASS_ID || class == QP_CLASS_NAME) &&
               !is_no_edge(name, field->name)) {
        add(ids, value, field->name, name);
    }
}

static void find(const struct qp_message_rule *rule, const uint8_t *message, struct found *ids,
                 struct found *sealed)
{
    for (unsigned i = 0; i < rule->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &rule->descriptor->fields[i];
        const uint8_t *at = message + field->offset;
        uint32_t chosen = 0;
        size_t count = 0;
        memcpy(&chosen, message + field->quantifier_offset, sizeof chosen);
        if (((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 && chosen != field->id) ||
            (field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING)) {
            continue;
        }
        const void *value = NULL;
        memcpy(&value, at, sizeof value);
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            find_value(rule, i, value, ids, sealed);
            continue;
        }
        memcpy(&count, message + field->quantifier_offset, sizeof count);
        for (size_t k = 0; k < count; k++) {
            find_value(rule, i, ((const void *const *)value)[k], ids, sealed);
        }
    }
}

/* The kind of state that a field's name promises. */
static int kind_of(const Qp__Event *event, const char *field)
{
    static const struct {
        const char *field;
        enum qp_state_kind kind;
    } kinds[] = {{"party", QP_STATE_PARTY},
                 {"holder", QP_STATE_PARTY},
                 {"consignee", QP_STATE_PARTY},
                 {"producer", QP_STATE_PRODUCER},
                 {"plot", QP_STATE_PLOT},
                 {"lot", QP_STATE_LOT},
                 {"certificate", QP_STATE_CERTIFICATE},
                 {"shipment", QP_STATE_SHIPMENT}};
    for (size_t i = 0; i < QP_COUNT(kinds); i++) {
        if (strcmp(kinds[i].field, field) == 0) {
            return (int)kinds[i].kind;
        }
    }
    assert_string_equal(field, "id"); /* of a subject */
    return (int)qp_subject_state(event->document_attached->subject->kind);
}

struct told {
    const Qp__Event *event;
    const struct found *want;
    size_t count;
    bool tagged[FOUND_MAX];
};

static enum qp_code take_edge(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    struct told *told = context;
    (void)err;
    assert_in_range(edge->role, QP_EDGE_CREATES, QP_EDGE_USES);
    for (size_t i = 0; i < told->want->count; i++) {
        if (told->want->what[i] == edge->id) {
            assert_false(told->tagged[i]);
            assert_int_equal((int)edge->kind, kind_of(told->event, told->want->field[i]));
            told->tagged[i] = true;
            told->count++;
            return QP_OK;
        }
    }
    fail_msg("%s is an edge, but no id of the event", edge->id);
    return QP_OK;
}

static enum qp_code take_sealed(void *context, const char *field, const Qp__Sealed *sealed,
                                struct qp_err *err)
{
    struct told *told = context;
    (void)err;
    assert_true(told->count < told->want->count);
    assert_ptr_equal(sealed, told->want->what[told->count]);
    assert_string_equal(field, told->want->field[told->count]);
    told->count++;
    return QP_OK;
}

static void every_id_is_an_edge_and_every_commitment_is_found(void **state)
{
    (void)state;
    static struct found ids;
    static struct found sealed;
    struct qp_arena arena;
    unsigned sealed_kinds = 0;
    qp_arena_init(&arena, 0);
    for (unsigned i = 0; i < qp__event__descriptor.n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &qp__event__descriptor.fields[i];
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
            continue;
        }
        bool any = false;
        for (uint64_t seed = 1; seed <= 30; seed++) {
            struct generator generator = {.seed = seed * 7919 + i, .arena = &arena};
            const Qp__Event *event = message_of(&generator, &qp_rule_event, field->id);
            struct told told = {.event = event, .want = &ids};
            ids.count = 0;
            sealed.count = 0;
            find(&qp_rule_event, (const uint8_t *)event, &ids, &sealed);
            assert_ok(qp_event_edges(event, take_edge, &told, err));
            for (size_t k = 0; k < ids.count; k++) {
                if (!told.tagged[k]) {
                    fail_msg("%s.%s of %s is no edge", ids.message[k], ids.field[k], field->name);
                }
            }
            told = (struct told){.event = event, .want = &sealed};
            assert_ok(qp_event_sealed(event, take_sealed, &told, err));
            assert_int_equal(told.count, sealed.count);
            any = any || sealed.count > 0;
            qp_arena_reset(&arena);
        }
        sealed_kinds += any ? 1 : 0;
    }
    assert_int_equal(sealed_kinds, 10); /* of 28 */
    qp_arena_wipe(&arena);
}

static enum qp_code take_voided(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    size_t *count = context;
    (void)err;
    assert_int_equal(edge->kind, QP_STATE_LOT);
    assert_int_equal(edge->role, QP_EDGE_CHANGES);
    (*count)++;
    return QP_OK;
}

static void a_voiding_tells_every_lot_of_the_voided_event(void **state)
{
    (void)state;
    struct qp_arena arena;
    qp_arena_init(&arena, 0);
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct generator generator = {.seed = seed, .arena = &arena};
        const Qp__Event *event =
            message_of(&generator, &qp_rule_event, QP__EVENT__BODY_LOT_PROCESSED);
        size_t count = 0;
        assert_ok(qp_voided_edges(event, take_voided, &count, err));
        assert_int_equal(count, event->lot_processed->n_inputs + event->lot_processed->n_outputs);
        qp_arena_reset(&arena);
    }
    qp_arena_wipe(&arena);
}

static enum qp_code stop(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    size_t *count = context;
    (void)edge;
    (*count)++;
    return qp_fail(err, QP_E_STORE, "enough");
}

static void a_failure_ends_the_walk(void **state)
{
    (void)state;
    struct qp_arena arena;
    struct qp_err why;
    size_t count = 0;
    qp_arena_init(&arena, 0);
    struct generator generator = {.seed = 5, .arena = &arena};
    const Qp__Event *event = message_of(&generator, &qp_rule_event, QP__EVENT__BODY_LOT_PROCESSED);
    assert_int_equal(qp_event_edges(event, stop, &count, &why), QP_E_STORE);
    assert_int_equal(count, 1);
    qp_arena_wipe(&arena);
}

static void roles_are_those_of_the_trade(void **state)
{
    (void)state;
    struct qp_arena arena;
    qp_arena_init(&arena, 0);
    assert_int_equal(qp_subject_state(QP__SUBJECT_KIND__SUBJECT_KIND_PARTY), QP_STATE_PARTY);
    assert_int_equal(qp_subject_state(QP__SUBJECT_KIND__SUBJECT_KIND_PRODUCER), QP_STATE_PRODUCER);
    assert_int_equal(qp_subject_state(QP__SUBJECT_KIND__SUBJECT_KIND_PLOT), QP_STATE_PLOT);
    assert_int_equal(qp_subject_state(QP__SUBJECT_KIND__SUBJECT_KIND_LOT), QP_STATE_LOT);
    assert_int_equal(qp_subject_state(QP__SUBJECT_KIND__SUBJECT_KIND_CERTIFICATE),
                     QP_STATE_CERTIFICATE);
    assert_int_equal(qp_subject_state(QP__SUBJECT_KIND__SUBJECT_KIND_SHIPMENT), QP_STATE_SHIPMENT);
    qp_arena_wipe(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_id_is_an_edge_and_every_commitment_is_found),
        cmocka_unit_test(a_voiding_tells_every_lot_of_the_voided_event),
        cmocka_unit_test(a_failure_ends_the_walk),
        cmocka_unit_test(roles_are_those_of_the_trade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
