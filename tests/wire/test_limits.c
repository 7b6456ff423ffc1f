/* The table that limits.awk makes from the marks, against the descriptors that protoc-c makes from
 * the same files; and what the format promises of every message. */
#include "test.h"

#include "core/check.h"
#include "wire/wire.h"

typedef void each_field(const struct qp_message_rule *rule, const ProtobufCFieldDescriptor *field,
                        const struct qp_field_rule *mark);

static void for_each_field(each_field *check)
{
    size_t count = 0;
    for (size_t i = 0; qp_rules_all[i] != NULL; i++) {
        const struct qp_message_rule *rule = qp_rules_all[i];
        for (unsigned f = 0; f < rule->descriptor->n_fields; f++) {
            check(rule, &rule->descriptor->fields[f], &rule->fields[f]);
            count++;
        }
    }
    assert_true(count > 200);
}

static void same_name(const struct qp_message_rule *rule, const ProtobufCFieldDescriptor *field,
                      const struct qp_field_rule *mark)
{
    (void)rule;
    assert_non_null(mark->name);
    assert_string_equal(mark->name, field->name);
}

static void every_field_has_a_rule_of_its_name(void **state)
{
    (void)state;
    for_each_field(same_name);
}

static bool is_listed(const struct qp_message_rule *rule)
{
    for (size_t i = 0; qp_rules_all[i] != NULL; i++) {
        if (qp_rules_all[i] == rule) {
            return true;
        }
    }
    return false;
}

static void child_fits(const struct qp_message_rule *rule, const ProtobufCFieldDescriptor *field,
                       const struct qp_field_rule *mark)
{
    (void)rule;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
        assert_null(mark->message);
        return;
    }
    assert_non_null(mark->message);
    assert_ptr_equal(mark->message->descriptor, field->descriptor);
    assert_true(is_listed(mark->message));
}

static void every_message_field_leads_to_the_rule_of_its_type(void **state)
{
    (void)state;
    for_each_field(child_fits);
}

/* Depth of the nesting below; fails when it does not end. */
static unsigned depth_of(const struct qp_message_rule *rule, unsigned above)
{
    unsigned deepest = 0;
    assert_true(above < 8);
    for (unsigned f = 0; f < rule->descriptor->n_fields; f++) {
        if (rule->fields[f].message != NULL) {
            unsigned depth = depth_of(rule->fields[f].message, above + 1);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    return deepest + 1;
}

static void no_message_contains_itself(void **state)
{
    (void)state;
    for (size_t i = 0; qp_rules_all[i] != NULL; i++) {
        assert_in_range(depth_of(qp_rules_all[i], 0), 1, 4); /* SPEC.md says 4 */
    }
}

static void type_is_ours(const struct qp_message_rule *rule, const ProtobufCFieldDescriptor *field,
                         const struct qp_field_rule *mark)
{
    static const ProtobufCType types[] = {
        PROTOBUF_C_TYPE_BOOL,   PROTOBUF_C_TYPE_ENUM,   PROTOBUF_C_TYPE_UINT32,
        PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SINT64,
        PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES,  PROTOBUF_C_TYPE_MESSAGE};
    bool ours = false;
    for (size_t i = 0; i < QP_COUNT(types); i++) {
        ours = ours || field->type == types[i];
    }
    (void)mark;
    if (!ours) {
        fail_msg("%s.%s: type %d is not in the format", rule->descriptor->name, field->name,
                 (int)field->type);
    }
    /* proto3 without presence: a field is there when it is not its default. */
    assert_true(field->label == PROTOBUF_C_LABEL_NONE || field->label == PROTOBUF_C_LABEL_REPEATED);
}

/* A map would be a nested message type; there are none. */
static void no_floats_no_maps_no_optional(void **state)
{
    (void)state;
    for_each_field(type_is_ours);
    for (size_t i = 0; qp_rules_all[i] != NULL; i++) {
        const char *name = qp_rules_all[i]->descriptor->name;
        assert_memory_equal(name, "qp.", 3);
        assert_null(strchr(name + 3, '.'));
    }
}

static void is_bounded(const struct qp_message_rule *rule, const ProtobufCFieldDescriptor *field,
                       const struct qp_field_rule *mark)
{
    int64_t most = 0;
    int64_t least = 0;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        assert_in_range(mark->count_most, 1, 1000000);
        assert_true(mark->count_least <= mark->count_most);
    }
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        assert_in_range(mark->class, QP_CLASS_TEXT, QP_CLASS_ORIGIN);
        most = 1000;
        break;
    case PROTOBUF_C_TYPE_BYTES:
        assert_in_range(mark->class, QP_CLASS_HEX, QP_CLASS_BASE64);
        most = INT64_C(64) * 1024 * 1024;
        break;
    case PROTOBUF_C_TYPE_UINT32:
        most = UINT32_MAX;
        break;
    case PROTOBUF_C_TYPE_UINT64:
        most = QP_NUMBER_MAX;
        break;
    case PROTOBUF_C_TYPE_SINT32:
        most = INT32_MAX;
        least = INT32_MIN;
        break;
    case PROTOBUF_C_TYPE_SINT64:
        most = QP_NUMBER_MAX;
        least = -QP_NUMBER_MAX;
        break;
    default:
        assert_int_equal(mark->most, 0);
        return;
    }
    if (mark->most <= 0 || mark->most > most || mark->least < least || mark->least > mark->most) {
        fail_msg("%s.%s: %lld..%lld", rule->descriptor->name, field->name, (long long)mark->least,
                 (long long)mark->most);
    }
    /* 0 is what is not written; a range that begins below must hold it, or it could not be. */
    assert_true(mark->least >= 0 || mark->most >= 0);
    if (field->label == PROTOBUF_C_LABEL_REPEATED &&
        (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES)) {
        assert_true(mark->least >= 1);
    }
    assert_true(!mark->ascending || field->label == PROTOBUF_C_LABEL_REPEATED);
}

static void every_string_list_and_number_has_a_maximum(void **state)
{
    (void)state;
    for_each_field(is_bounded);
}

static void enum_begins_with_unspecified(const struct qp_message_rule *rule,
                                         const ProtobufCFieldDescriptor *field,
                                         const struct qp_field_rule *mark)
{
    (void)rule;
    (void)mark;
    if (field->type != PROTOBUF_C_TYPE_ENUM) {
        return;
    }
    const ProtobufCEnumDescriptor *names = field->descriptor;
    assert_true(names->n_values > 1);
    assert_int_equal(names->values[0].value, 0);
    const char *zero = names->values[0].name;
    size_t prefix = strlen(zero) - strlen("UNSPECIFIED");
    assert_string_equal(zero + prefix, "UNSPECIFIED");
    for (unsigned i = 1; i < names->n_values; i++) {
        /* One prefix for all names; values go up from 1 and none is an alias. */
        assert_memory_equal(names->values[i].name, zero, prefix);
        assert_true(names->values[i].value > names->values[i - 1].value);
        char text[40];
        int value = 0;
        qp_enum_name(text, names, names->values[i].value);
        assert_true(strlen(text) < 39);
        assert_ok(qp_enum_value(names, text, &value, err));
        assert_int_equal(value, names->values[i].value);
    }
}

static void every_enum_has_zero_unspecified(void **state)
{
    (void)state;
    for_each_field(enum_begins_with_unspecified);
}

static void tags_ascend_and_take_two_bytes_at_most(void **state)
{
    (void)state;
    for (size_t i = 0; qp_rules_all[i] != NULL; i++) {
        const ProtobufCMessageDescriptor *descriptor = qp_rules_all[i]->descriptor;
        bool chosen = false;
        for (unsigned f = 0; f < descriptor->n_fields; f++) {
            assert_in_range(descriptor->fields[f].id, f == 0 ? 1 : descriptor->fields[f - 1].id + 1,
                            2047);
            /* A oneof stands at the end and has messages only. */
            bool choice = (descriptor->fields[f].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
            assert_true(choice || !chosen);
            assert_true(!choice || descriptor->fields[f].type == PROTOBUF_C_TYPE_MESSAGE);
            chosen = choice;
        }
    }
}

static const struct qp_field_rule *mark_of(const struct qp_message_rule *rule, const char *name)
{
    for (unsigned f = 0; f < rule->descriptor->n_fields; f++) {
        if (strcmp(rule->fields[f].name, name) == 0) {
            return &rule->fields[f];
        }
    }
    fail_msg("no field %s", name);
    return NULL;
}

static void the_constants_say_what_the_marks_say(void **state)
{
    (void)state;
    const struct qp_field_rule *events = mark_of(&qp_rule_submission, "events");
    const struct qp_field_rule *positions = mark_of(&qp_rule_bundle_entry, "positions");
    assert_int_equal(events->most, QP_EVENT_BYTES_MAX);
    assert_int_equal(events->count_most, QP_EVENTS_MAX);
    assert_int_equal(positions->most, QP_EVENTS_MAX - 1);
    assert_int_equal(positions->count_most, QP_EVENTS_MAX);
    assert_int_equal(mark_of(&qp_rule_bundle_entry, "events")->most, QP_EVENT_BYTES_MAX);
    assert_int_equal(mark_of(&qp_rule_bundle_entry, "entry")->most, QP_ENTRY_BYTES_MAX);
    assert_int_equal(mark_of(&qp_rule_statement, "event_count")->most, QP_EVENTS_MAX);
    assert_int_equal(mark_of(&qp_rule_entry, "statement")->most, QP_STATEMENT_BYTES_MAX);
    assert_int_equal(mark_of(&qp_rule_submission, "statement")->most, QP_STATEMENT_BYTES_MAX);
    assert_int_equal(mark_of(&qp_rule_sealed, "length")->most, QP_SEALED_BYTES_MAX);
    assert_int_equal(mark_of(&qp_rule_sealed_content, "content")->most, QP_SEALED_BYTES_MAX);
    assert_int_equal(mark_of(&qp_rule_entry, "index")->most, QP_NUMBER_MAX);
}

static bool is_choice(const ProtobufCMessageDescriptor *descriptor, unsigned field)
{
    return (descriptor->fields[field].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* The decoder passes over them at once. */
static void the_members_of_a_oneof_stand_side_by_side(void **state)
{
    (void)state;
    unsigned with = 0;
    for (size_t i = 0; qp_rules_all[i] != NULL; i++) {
        const ProtobufCMessageDescriptor *descriptor = qp_rules_all[i]->descriptor;
        unsigned runs = 0;
        for (unsigned f = 0; f < descriptor->n_fields; f++) {
            runs += is_choice(descriptor, f) && (f == 0 || !is_choice(descriptor, f - 1));
        }
        assert_true(runs <= 1);
        with += runs;
    }
    assert_true(with >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_has_a_rule_of_its_name),
        cmocka_unit_test(the_members_of_a_oneof_stand_side_by_side),
        cmocka_unit_test(every_message_field_leads_to_the_rule_of_its_type),
        cmocka_unit_test(no_message_contains_itself),
        cmocka_unit_test(no_floats_no_maps_no_optional),
        cmocka_unit_test(every_string_list_and_number_has_a_maximum),
        cmocka_unit_test(every_enum_has_zero_unspecified),
        cmocka_unit_test(tags_ascend_and_take_two_bytes_at_most),
        cmocka_unit_test(the_constants_say_what_the_marks_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
