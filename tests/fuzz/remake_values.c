/* One value of a bundle that is taken apart, changed: taken from elsewhere in the bundle, a little
 * more or less, or anything that the marks allow. */
#include "fuzz/remake_priv.h"

/* Every value of the events of one bundle that may stand in for another: the same class of string,
 * bytes of the same length, a number of the same name. */
struct pool {
    const struct qp_message_rule *rule;
    unsigned field;
    const void *like;
    size_t count;
    size_t wanted; /* the one to be found; SIZE_MAX: count only */
    void *found;
};

static bool is_like(const struct pool *pool, const struct qp_message_rule *rule, unsigned field,
                    const void *at)
{
    const ProtobufCFieldDescriptor *want = &pool->rule->descriptor->fields[pool->field];
    const ProtobufCFieldDescriptor *is = &rule->descriptor->fields[field];
    enum qp_field_class class = pool->rule->fields[pool->field].class;
    if (want->type != is->type) {
        return false;
    }
    if (is->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData one;
        ProtobufCBinaryData two;
        memcpy(&one, at, sizeof one);
        memcpy(&two, pool->like, sizeof two);
        return one.len == two.len;
    }
    if (is->type == PROTOBUF_C_TYPE_STRING) {
        return rule->fields[field].class == class ||
               (class == QP_CLASS_NAME && rule->fields[field].class == QP_CLASS_ID);
    }
    return class == QP_CLASS_TIME ? rule->fields[field].class == class
                                  : strcmp(want->name, is->name) == 0;
}

static void visit_pool(void *context, const struct qp_message_rule *rule, unsigned field, void *at)
{
    struct pool *pool = context;
    if (at != pool->like && is_like(pool, rule, field, at)) {
        if (pool->count == pool->wanted) {
            pool->found = at;
        }
        pool->count++;
    }
}

void remake_walk_events(const struct remake *remake, remake_visit *visit, void *context)
{
    for (size_t i = 0; i < remake->entry_count; i++) {
        for (size_t k = 0; k < remake->entries[i]->event_count; k++) {
            remake_walk(&qp_rule_event, remake->entries[i]->events[k].event, visit, context);
        }
    }
}

/* Copies a value of the pool to `at`; false where there is none. */
bool remake_take(struct mutation *mutation, const struct qp_message_rule *rule, unsigned field,
                 void *at)
{
    struct pool pool = {.rule = rule, .field = field, .like = at, .wanted = SIZE_MAX};
    remake_walk_events(mutation->remake, visit_pool, &pool);
    if (pool.count == 0) {
        return false;
    }
    pool.wanted = (size_t)below(&mutation->random, pool.count);
    pool.count = 0;
    remake_walk_events(mutation->remake, visit_pool, &pool);
    memcpy(at, pool.found, remake_size_of(rule->descriptor->fields[field].type));
    return true;
}

static void change_number(struct mutation *mutation, const struct qp_field_rule *rule,
                          ProtobufCType type, void *at)
{
    bool wide = remake_size_of(type) == 8;
    uint64_t value = 0;
    uint32_t narrow = 0;
    memcpy(wide ? (void *)&value : (void *)&narrow, at, wide ? 8 : 4);
    value = wide ? value : type == PROTOBUF_C_TYPE_SINT32 ? (uint64_t)(int32_t)narrow : narrow;
    switch (below(&mutation->random, 5)) {
    case 0:
        value++;
        break;
    case 1:
        value--;
        break;
    case 2:
        value *= 2;
        break;
    case 3:
        value = value / 2;
        break;
    default:
        value = (uint64_t)number_between(&mutation->random, rule->least, rule->most);
    }
    if ((int64_t)value < rule->least || (int64_t)value > rule->most) {
        value = (uint64_t)(one_in(mutation, 2) ? rule->least : rule->most);
    }
    narrow = (uint32_t)value;
    memcpy(at, wide ? (const void *)&value : (const void *)&narrow, wide ? 8 : 4);
}

static void change_value(struct mutation *mutation, const struct qp_message_rule *rule,
                         unsigned field, void *at)
{
    const ProtobufCFieldDescriptor *is = &rule->descriptor->fields[field];
    if (is->type == PROTOBUF_C_TYPE_MESSAGE) {
        void *made = message_of(&mutation->random, rule->fields[field].message, 0);
        memcpy(at, &made, sizeof made);
        return;
    }
    if (!one_in(mutation, 3) && remake_take(mutation, rule, field, at)) {
        return;
    }
    if (is->type == PROTOBUF_C_TYPE_BYTES && one_in(mutation, 2)) {
        struct qp_public_key key;
        qp_key_public(remake_key((size_t)below(&mutation->random, REMAKE_KEYS)), &key);
        uint8_t *copy = qp_arena_alloc(mutation->remake->arena, sizeof key.bytes);
        HOLDS(copy != NULL);
        memcpy(copy, key.bytes, sizeof key.bytes);
        ProtobufCBinaryData bytes = qp_bytes_span(qp_span_of(copy, sizeof key.bytes));
        memcpy(at, &bytes, sizeof bytes);
    } else if (is->type == PROTOBUF_C_TYPE_UINT32 || is->type == PROTOBUF_C_TYPE_UINT64 ||
               is->type == PROTOBUF_C_TYPE_SINT32 || is->type == PROTOBUF_C_TYPE_SINT64) {
        change_number(mutation, &rule->fields[field], is->type, at);
    } else {
        generate_value(&mutation->random, is, &rule->fields[field], at);
    }
}

/* One more or one less of a list, or two the other way round. */
static void change_list(struct mutation *mutation, const struct qp_message_rule *rule,
                        unsigned field, uint8_t *message)
{
    const ProtobufCFieldDescriptor *is = &rule->descriptor->fields[field];
    size_t size = remake_size_of(is->type);
    size_t count = 0;
    uint8_t *elements = NULL;
    memcpy(&count, message + is->quantifier_offset, sizeof count);
    memcpy(&elements, message + is->offset, sizeof elements);
    if (count == 0 || rule->fields[field].ascending || one_in(mutation, 8)) {
        generate_list(&mutation->random, is, &rule->fields[field], message);
        return;
    }
    uint8_t *copy = qp_arena_alloc(mutation->remake->arena, (count + 1) * size);
    HOLDS(copy != NULL);
    memcpy(copy, elements, count * size);
    size_t a = (size_t)below(&mutation->random, count);
    size_t b = (size_t)below(&mutation->random, count);
    uint64_t what = below(&mutation->random, 3);
    what = (what == 0 && count == rule->fields[field].count_least) ||
                   (what == 1 && count == rule->fields[field].count_most)
               ? 2
               : what;
    switch (what) {
    case 0:
        count--;
        memmove(copy + a * size, copy + (a + 1) * size, (count - a) * size);
        break;
    case 1:
        memcpy(copy + count * size, copy + a * size, size);
        count++;
        break;
    default:
        memcpy(copy + a * size, elements + b * size, size);
        memcpy(copy + b * size, elements + a * size, size);
    }
    memcpy(message + is->quantifier_offset, &count, sizeof count);
    memcpy(message + is->offset, &copy, sizeof copy);
}

struct choice {
    size_t wanted; /* SIZE_MAX: count only */
    size_t count;
    const struct qp_message_rule *rule;
    unsigned field;
    void *at;
};

static void visit_choice(void *context, const struct qp_message_rule *rule, unsigned field,
                         void *at)
{
    struct choice *choice = context;
    if (choice->count++ == choice->wanted) {
        choice->rule = rule;
        choice->field = field;
        choice->at = at;
    }
}

/* Some field of a message, at any depth; lists of that message now and then as a whole. */
void remake_change_field(struct mutation *mutation, const struct qp_message_rule *rule,
                         void *message)
{
    struct choice choice = {.wanted = SIZE_MAX};
    remake_walk(rule, message, visit_choice, &choice);
    if (choice.count == 0) {
        return;
    }
    choice.wanted = (size_t)below(&mutation->random, choice.count);
    choice.count = 0;
    remake_walk(rule, message, visit_choice, &choice);
    const ProtobufCFieldDescriptor *is = &choice.rule->descriptor->fields[choice.field];
    void *child = NULL;
    if (is->type == PROTOBUF_C_TYPE_MESSAGE) {
        memcpy(&child, choice.at, sizeof child);
    }
    if (child == NULL) {
        change_value(mutation, choice.rule, choice.field, choice.at);
        return;
    }
    /* A message: one of its lists, or of the messages that it may have or not. */
    const struct qp_message_rule *inner = choice.rule->fields[choice.field].message;
    unsigned at = (unsigned)below(&mutation->random, inner->descriptor->n_fields);
    const ProtobufCFieldDescriptor *part = &inner->descriptor->fields[at];
    uint8_t *base = child;
    if (part->label == PROTOBUF_C_LABEL_REPEATED) {
        change_list(mutation, inner, at, base);
    } else if (part->type == PROTOBUF_C_TYPE_MESSAGE &&
               (part->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
        void *made = one_in(mutation, 2) || inner->fields[at].required
                         ? message_of(&mutation->random, inner->fields[at].message, 0)
                         : NULL;
        memcpy(base + part->offset, &made, sizeof made);
    } else if ((part->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
        change_value(mutation, inner, at, base + part->offset);
    }
}
