/* Random valid messages of every type, made from the rules alone: what the marks in the .proto
 * files allow, weighted towards the edges. The same seed gives the same message. */
#ifndef QP_TESTS_WIRE_GENERATE_H
#define QP_TESTS_WIRE_GENERATE_H

#include "test.h"

#include "core/check.h"
#include "wire/wire.h"

struct generator {
    uint64_t seed; /* not 0 */
    struct qp_arena *arena;
};

static inline uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

static inline uint64_t below(struct generator *generator, uint64_t limit)
{
    return (next_random(&generator->seed) >> 11) % limit;
}

/* least, most, one beside them, or anything between, of any number of digits. */
static inline int64_t number_between(struct generator *generator, int64_t least, int64_t most)
{
    uint64_t span = (uint64_t)most - (uint64_t)least;
    uint64_t add = 0;
    switch (below(generator, 6)) {
    case 0:
        return least;
    case 1:
        return most;
    case 2:
        return least <= 0 && most >= 0 ? 0 : least;
    default:
        add = next_random(&generator->seed) >> below(generator, 64);
        return (int64_t)((uint64_t)least + (span == UINT64_MAX ? add : add % (span + 1)));
    }
}

static inline size_t length_between(struct generator *generator, int64_t least, int64_t most)
{
    int64_t enough = most > least + 300 ? least + 300 : most;
    if (below(generator, 4) == 0) {
        return (size_t)(below(generator, 2) == 0 ? least : enough);
    }
    return (size_t)least + (size_t)below(generator, (uint64_t)(enough - least) + 1);
}

static inline void fill_from(struct generator *generator, char *text, size_t len,
                             const char *alphabet)
{
    size_t count = strlen(alphabet);
    for (size_t i = 0; i < len; i++) {
        text[i] = alphabet[below(generator, count)];
    }
    text[len] = '\0';
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER

static inline void fill_text(struct generator *generator, char *text, size_t len)
{
    /* Two, three and four bytes of UTF-8, a quote, a backslash, and plain letters. */
    static const char *const parts[] = {"é", "ñ", "–", "茶", "🌱", "\"", "\\", " ", "q", "/"};
    size_t at = 0;
    while (at < len) {
        const char *part = parts[below(generator, QP_COUNT(parts))];
        size_t size = strlen(part);
        if (size > len - at) {
            part = "x";
            size = 1;
        }
        memcpy(text + at, part, size);
        at += size;
    }
    text[len] = '\0';
}

static inline void fill_party(struct generator *generator, char *text, size_t len)
{
    fill_from(generator, text, len, LOWER "-");
    text[0] = 'p';
    text[len - 1] = '7';
}

static inline void fill_id(struct generator *generator, char *text, size_t len)
{
    size_t least = len - 1 > 48 + 2 ? len - 1 - 48 : 2;
    size_t most = len - 2 < 31 ? len - 2 : 31;
    size_t party = least + (size_t)below(generator, most - least + 1);
    fill_party(generator, text, party);
    text[party] = '/';
    fill_from(generator, text + party + 1, len - party - 1, LETTERS "._-");
    text[party + 1] = 'L';
}

static inline char *string_of(struct generator *generator, const struct qp_field_rule *rule)
{
    size_t len = length_between(generator, rule->least, rule->most);
    if (len == 1 && (rule->class == QP_CLASS_PARTY || rule->class == QP_CLASS_NAME)) {
        len = 2; /* a party that may be absent has no name of one letter */
    }
    char *text = qp_arena_alloc(generator->arena, len + 1);
    assert_non_null(text);
    if (len == 0) {
        text[0] = '\0';
        return text;
    }
    switch (rule->class) {
    case QP_CLASS_TEXT:
        fill_text(generator, text, len);
        break;
    case QP_CLASS_CODE:
        fill_from(generator, text, len, LETTERS "!\"#+\\/~");
        break;
    case QP_CLASS_ORIGIN:
        fill_from(generator, text, len, LETTERS ".-/!~");
        break;
    case QP_CLASS_DIGITS:
        fill_from(generator, text, len, "0123456789");
        break;
    case QP_CLASS_COUNTRY:
        fill_from(generator, text, len, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        break;
    case QP_CLASS_PARTY:
        fill_party(generator, text, len);
        break;
    case QP_CLASS_NAME:
        if (len < 4 || (len <= 31 && below(generator, 2) == 0)) {
            fill_party(generator, text, len);
        } else {
            fill_id(generator, text, len);
        }
        break;
    case QP_CLASS_ID:
        fill_id(generator, text, len);
        break;
    default:
        fail_msg("a string of class %d", (int)rule->class);
    }
    return text;
}

static inline ProtobufCBinaryData bytes_of(struct generator *generator,
                                           const struct qp_field_rule *rule)
{
    size_t len = length_between(generator, rule->least, rule->most);
    uint8_t *bytes = qp_arena_alloc(generator->arena, len);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)next_random(&generator->seed);
    }
    return (ProtobufCBinaryData){.len = len, .data = bytes};
}

static inline void *message_of(struct generator *generator, const struct qp_message_rule *rule,
                               uint32_t body);

static inline void generate_value(struct generator *generator,
                                  const ProtobufCFieldDescriptor *field,
                                  const struct qp_field_rule *rule, void *to)
{
    const ProtobufCEnumDescriptor *names = NULL;
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)to = (protobuf_c_boolean)below(generator, 2);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        names = field->descriptor;
        *(int32_t *)to = names->values[1 + below(generator, names->n_values - 1)].value;
        break;
    case PROTOBUF_C_TYPE_SINT32:
        *(int32_t *)to = (int32_t)number_between(generator, rule->least, rule->most);
        break;
    case PROTOBUF_C_TYPE_UINT32:
        *(uint32_t *)to = (uint32_t)number_between(generator, rule->least, rule->most);
        break;
    case PROTOBUF_C_TYPE_SINT64:
        *(int64_t *)to = number_between(generator, rule->least, rule->most);
        break;
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)to = (uint64_t)number_between(
            generator, rule->class == QP_CLASS_TIME && rule->required ? 1 : rule->least,
            rule->most);
        break;
    case PROTOBUF_C_TYPE_STRING:
        *(char **)to = string_of(generator, rule);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)to = bytes_of(generator, rule);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(void **)to = message_of(generator, rule->message, 0);
        break;
    default:
        fail_msg("%s: a type that the format does not use", field->name);
    }
}

static inline size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        return 8;
    default:
        return 4;
    }
}

static inline void generate_list(struct generator *generator, const ProtobufCFieldDescriptor *field,
                                 const struct qp_field_rule *rule, uint8_t *message)
{
    uint64_t enough = rule->count_least + (below(generator, 20) == 0 ? 40 : 3);
    uint64_t most = rule->count_most < enough ? rule->count_most : enough;
    size_t count = (size_t)(rule->count_least + below(generator, most - rule->count_least + 1));
    size_t size = size_of(field->type);
    if (count == 0) {
        return;
    }
    uint8_t *elements = qp_arena_alloc_zero(generator->arena, count, size);
    assert_non_null(elements);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t *to = elements + kept * size;
        generate_value(generator, field, rule, to);
        if (rule->ascending) {
            uint32_t last = 0;
            uint32_t this = 0;
            memcpy(&this, to, sizeof this);
            if (kept > 0) {
                memcpy(&last, to - size, sizeof last);
            }
            if (kept > 0 && this <= last) {
                continue;
            }
        }
        kept++;
    }
    memcpy(message + field->offset, &elements, sizeof elements);
    memcpy(message + field->quantifier_offset, &kept, sizeof kept);
}

/* May the field be left out? */
static inline bool may_be_absent(const ProtobufCFieldDescriptor *field,
                                 const struct qp_field_rule *rule)
{
    if (rule->required) {
        return false;
    }
    return field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_MESSAGE ||
           field->type == PROTOBUF_C_TYPE_BOOL || rule->least <= 0;
}

/* body: field number of the oneof's member; 0: any */
static inline void *message_of(struct generator *generator, const struct qp_message_rule *rule,
                               uint32_t body)
{
    const ProtobufCMessageDescriptor *descriptor = rule->descriptor;
    uint8_t *message = qp_arena_alloc_zero(generator->arena, 1, descriptor->sizeof_message);
    assert_non_null(message);
    descriptor->message_init((ProtobufCMessage *)(void *)message);
    unsigned first_choice = descriptor->n_fields;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
            first_choice = i < first_choice ? i : first_choice;
        } else if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            generate_list(generator, field, &rule->fields[i], message);
        } else if (!may_be_absent(field, &rule->fields[i]) || below(generator, 3) > 0) {
            generate_value(generator, field, &rule->fields[i], message + field->offset);
        }
    }
    if (first_choice < descriptor->n_fields) {
        unsigned at =
            first_choice + (unsigned)below(generator, descriptor->n_fields - first_choice);
        for (unsigned i = first_choice; body != 0 && i < descriptor->n_fields; i++) {
            at = descriptor->fields[i].id == body ? i : at;
        }
        const ProtobufCFieldDescriptor *field = &descriptor->fields[at];
        generate_value(generator, field, &rule->fields[at], message + field->offset);
        memcpy(message + field->quantifier_offset, &field->id, sizeof field->id);
    }
    return message;
}

/* The rule of a message by its name in the .proto files. */
static inline const struct qp_message_rule *rule_named(const char *name)
{
    for (size_t i = 0; qp_rules_all[i] != NULL; i++) {
        if (strcmp(qp_rules_all[i]->descriptor->short_name, name) == 0) {
            return qp_rules_all[i];
        }
    }
    fail_msg("no rule for %s", name);
    return NULL;
}

#endif
