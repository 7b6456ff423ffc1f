#include "wire/wire.h"

#include "core/check.h"
#include "core/time.h"

#include <string.h>

/* One pass over the bytes, in the order of the descriptor's fields. Since a canonical message has
 * its fields in ascending order and each at most once (repeated ones side by side), a cursor into
 * the descriptor's fields moves only forward. */

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

struct reader {
    const uint8_t *start; /* of the outermost message, for offsets in errors */
    const uint8_t *at;
    const uint8_t *end;
    struct qp_arena *arena;
    struct qp_err *err;
};

static enum qp_code decode_message(struct reader *reader, const struct qp_message_rule *rule,
                                   size_t len, ProtobufCMessage **out);

#define REFUSE(reader, ...)                                                                        \
    qp_fail_at((reader)->err, QP_E_INPUT, (uint64_t)((reader)->at - (reader)->start), __VA_ARGS__)

static enum qp_code out_of_memory(struct reader *reader)
{
    return qp_fail(reader->err, QP_E_MEMORY, "no memory to decode a message");
}

static enum qp_code read_varint(struct reader *reader, uint64_t *value)
{
    uint64_t result = 0;
    if (reader->at < reader->end && *reader->at < 0x80) { /* as most are */
        *value = *reader->at++;
        return QP_OK;
    }
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (reader->at == reader->end) {
            return REFUSE(reader, "ends inside a number");
        }
        uint8_t byte = *reader->at++;
        if (shift == 63 && byte > 1) {
            return REFUSE(reader, "a number of more than 64 bits");
        }
        result |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            if (byte == 0 && shift > 0) {
                return REFUSE(reader, "a number with needless bytes");
            }
            *value = result;
            return QP_OK;
        }
    }
    return REFUSE(reader, "a number of more than ten bytes");
}

static enum qp_code read_length(struct reader *reader, size_t *len)
{
    uint64_t value = 0;
    enum qp_code rc = read_varint(reader, &value);
    if (rc != QP_OK) {
        return rc;
    }
    if (value > (uint64_t)(reader->end - reader->at)) {
        return REFUSE(reader, "says %llu bytes follow, but %zu are left", (unsigned long long)value,
                      (size_t)(reader->end - reader->at));
    }
    *len = (size_t)value;
    return QP_OK;
}

/* True when *at starts with the tag of one or two bytes; moves behind it. */
static bool take_tag(struct reader *reader, const uint8_t *tag, size_t tag_len)
{
    const uint8_t *at = reader->at;
    if ((size_t)(reader->end - at) < tag_len || at[0] != tag[0] ||
        at[tag_len - 1] != tag[tag_len - 1]) {
        return false;
    }
    reader->at += tag_len;
    return true;
}

static bool is_varint(ProtobufCType type)
{
    return type != PROTOBUF_C_TYPE_STRING && type != PROTOBUF_C_TYPE_BYTES &&
           type != PROTOBUF_C_TYPE_MESSAGE;
}

/* Field numbers are below 2048, so a tag is one or two bytes. */
static size_t make_tag(uint8_t tag[2], uint32_t number, unsigned wire_type)
{
    uint32_t value = number << 3 | wire_type;
    QP_ASSERT(value < 1U << 14);
    if (value < 0x80) {
        tag[0] = (uint8_t)value;
        return 1;
    }
    tag[0] = (uint8_t)(value | 0x80);
    tag[1] = (uint8_t)(value >> 7);
    return 2;
}

/* Place of the field whose tag stands here, from `from` on; moves behind the tag. The number of
 * fields, and does not move, where no tag of ours stands. */
static unsigned take_field(struct reader *reader, const ProtobufCMessageDescriptor *descriptor,
                           unsigned from)
{
    size_t left = (size_t)(reader->end - reader->at);
    size_t tag_len = 1;
    uint32_t tag = left > 0 ? reader->at[0] : 0;
    if (tag >= 0x80) { /* two bytes, and not where one would do */
        tag_len = 2;
        tag = left > 1 && reader->at[1] < 0x80 && reader->at[1] > 0
                  ? (uint32_t)reader->at[1] << 7 | (tag & 0x7f)
                  : 0;
    }
    for (unsigned i = 0; i < descriptor->n_field_ranges; i++) {
        const ProtobufCIntRange *range = &descriptor->field_ranges[i];
        unsigned first = range->orig_index;
        unsigned count = range[1].orig_index - first;            /* behind the last stands an end */
        uint32_t at = (tag >> 3) - (uint32_t)range->start_value; /* wraps below the range */
        if (at < count) {
            const ProtobufCFieldDescriptor *field = &descriptor->fields[first + at];
            bool number = is_varint(field->type) && field->label != PROTOBUF_C_LABEL_REPEATED;
            bool ours = first + at >= from && (tag & 7U) == (number ? WIRE_VARINT : WIRE_BYTES);
            reader->at += ours ? tag_len : 0;
            return ours ? first + at : descriptor->n_fields;
        }
    }
    return descriptor->n_fields;
}

/* Store a number of the field's type at `to`, after its checks. */
static enum qp_code store_number(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                 const struct qp_field_rule *rule, uint64_t raw, void *to)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        if (raw > 1) {
            return REFUSE(reader, "%s is neither true nor false", field->name);
        }
        *(protobuf_c_boolean *)to = (protobuf_c_boolean)raw;
        return QP_OK;
    case PROTOBUF_C_TYPE_ENUM:
        if (raw > INT32_MAX ||
            protobuf_c_enum_descriptor_get_value(field->descriptor, (int)raw) == NULL) {
            return REFUSE(reader, "%s has no value %llu", field->name, (unsigned long long)raw);
        }
        *(int32_t *)to = (int32_t)raw;
        return QP_OK;
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SINT64: {
        int64_t value = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1); /* zigzag */
        if (value < rule->least || value > rule->most) {
            return REFUSE(reader, "%s is %lld; %lld to %lld are allowed", field->name,
                          (long long)value, (long long)rule->least, (long long)rule->most);
        }
        if (field->type == PROTOBUF_C_TYPE_SINT32) {
            *(int32_t *)to = (int32_t)value;
        } else {
            *(int64_t *)to = value;
        }
        return QP_OK;
    }
    default:
        break;
    }
    QP_ASSERT(field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_UINT64);
    if (raw < (uint64_t)rule->least || raw > (uint64_t)rule->most) {
        return REFUSE(reader, "%s is %llu; %lld to %lld are allowed", field->name,
                      (unsigned long long)raw, (long long)rule->least, (long long)rule->most);
    }
    if (field->type == PROTOBUF_C_TYPE_UINT32) {
        *(uint32_t *)to = (uint32_t)raw;
    } else {
        *(uint64_t *)to = raw;
    }
    return QP_OK;
}

static enum qp_code refuse_length(struct reader *reader, const char *name, size_t len,
                                  const struct qp_field_rule *rule)
{
    if (rule->least == rule->most) {
        return REFUSE(reader, "%s is %zu bytes; it has %lld", name, len, (long long)rule->most);
    }
    return REFUSE(reader, "%s is %zu bytes; %lld to %lld are allowed", name, len,
                  (long long)rule->least, (long long)rule->most);
}

/* Nothing of the text goes into the message: it may hold anything. */
static enum qp_code refuse_class(struct reader *reader, const char *name,
                                 const struct qp_field_rule *rule, struct qp_span text)
{
    bool slash = text.len > 0 && memchr(text.data, '/', text.len) != NULL;
    if (rule->class == QP_CLASS_ID && !slash) {
        return REFUSE(reader,
                      "%s is a code without its party; write PARTY/CODE, such as alto-mayo/E-1",
                      name);
    }
    if (rule->class == QP_CLASS_PARTY) {
        return REFUSE(reader,
                      "%s is not the short name of a party: small letters, digits and '-', such as "
                      "alto-mayo",
                      name);
    }
    return REFUSE(reader, "%s holds a character that does not belong there", name);
}

/* One element of a string, bytes or message field. */
static enum qp_code read_element(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                 const struct qp_field_rule *rule, void *to)
{
    size_t len = 0;
    enum qp_code rc = read_length(reader, &len);
    if (rc != QP_OK) {
        return rc;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        QP_ASSERT(rule->message != NULL);
        return decode_message(reader, rule->message, len, to);
    }
    struct qp_span bytes = qp_span_of(reader->at, len);
    if (len < (uint64_t)rule->least || len > (uint64_t)rule->most) {
        bool alone = rule->class == QP_CLASS_ID && len > 0 && memchr(bytes.data, '/', len) == NULL;
        return alone ? refuse_class(reader, field->name, rule, bytes)
                     : refuse_length(reader, field->name, len, rule);
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        *(ProtobufCBinaryData *)to = qp_bytes_span(bytes);
    } else {
        if (!qp_class_check(rule->class, bytes)) {
            return refuse_class(reader, field->name, rule, bytes);
        }
        char *text = qp_arena_text(reader->arena, bytes);
        if (text == NULL) {
            return out_of_memory(reader);
        }
        *(char **)to = text;
    }
    reader->at += len;
    return QP_OK;
}

static size_t element_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        return 8;
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return sizeof(void *);
    }
}

static enum qp_code check_count(struct reader *reader, const char *name, size_t count,
                                const struct qp_field_rule *rule)
{
    if (count > rule->count_most) {
        return REFUSE(reader, "more than %u %s", rule->count_most, name);
    }
    return QP_OK;
}

/* Numbers side by side under one length. */
static enum qp_code read_packed(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                const struct qp_field_rule *rule, void **array, size_t *count)
{
    size_t len = 0;
    enum qp_code rc = read_length(reader, &len);
    if (rc != QP_OK) {
        return rc;
    }
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        n += (reader->at[i] & 0x80) == 0;
    }
    if (len == 0 || (reader->at[len - 1] & 0x80) != 0) {
        return REFUSE(reader, "%s: a list that is empty or ends inside a number", field->name);
    }
    rc = check_count(reader, field->name, n, rule);
    if (rc != QP_OK) {
        return rc;
    }
    size_t size = element_size(field->type);
    uint8_t *elements = qp_arena_alloc_zero(reader->arena, n, size);
    if (elements == NULL) {
        return out_of_memory(reader);
    }
    uint64_t last = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t raw = 0;
        rc = read_varint(reader, &raw);
        if (rc == QP_OK) {
            rc = store_number(reader, field, rule, raw, elements + i * size);
        }
        if (rc != QP_OK) {
            return rc;
        }
        if (field->type == PROTOBUF_C_TYPE_ENUM && raw == 0) {
            return REFUSE(reader, "%s holds an unspecified value", field->name);
        }
        if (rule->ascending && i > 0 && raw <= last) {
            return REFUSE(reader, "%s is not in ascending order", field->name);
        }
        last = raw;
    }
    *array = elements;
    *count = n;
    return QP_OK;
}

/* How many elements with this tag stand side by side from here, the first tag already taken. */
static size_t count_elements(struct reader ahead, const uint8_t *tag, size_t tag_len, size_t most)
{
    size_t count = 0;
    struct qp_err ignored;
    ahead.err = &ignored;
    do {
        size_t len = 0;
        count++;
        if (read_length(&ahead, &len) != QP_OK) {
            break; /* the second pass meets it again and says so */
        }
        ahead.at += len;
    } while (count <= most && take_tag(&ahead, tag, tag_len));
    return count;
}

static enum qp_code read_repeated(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                  const struct qp_field_rule *rule, uint8_t *message)
{
    void *array = NULL;
    size_t count = 0;
    enum qp_code rc = QP_OK;
    if (is_varint(field->type)) {
        rc = read_packed(reader, field, rule, &array, &count);
    } else {
        uint8_t tag[2];
        size_t tag_len = make_tag(tag, field->id, WIRE_BYTES);
        size_t n = count_elements(*reader, tag, tag_len, rule->count_most);
        rc = check_count(reader, field->name, n, rule);
        if (rc != QP_OK) {
            return rc;
        }
        size_t size = element_size(field->type);
        uint8_t *elements = qp_arena_alloc_zero(reader->arena, n, size);
        if (elements == NULL) {
            return out_of_memory(reader);
        }
        while (rc == QP_OK) {
            rc = read_element(reader, field, rule, elements + count * size);
            if (rc != QP_OK) {
                return qp_prefix(reader->err, rc, "%s[%zu]", field->name, count);
            }
            count++;
            if (count == n || !take_tag(reader, tag, tag_len)) {
                break;
            }
        }
        array = elements;
    }
    if (rc == QP_OK) {
        memcpy(message + field->offset, &array, sizeof array);
        memcpy(message + field->quantifier_offset, &count, sizeof count);
    }
    return rc;
}

/* An empty string or empty bytes have one encoding: none. */
static enum qp_code refuse_empty(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                 const void *value)
{
    size_t len = 1;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        len = strlen(*(char *const *)value);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        len = ((const ProtobufCBinaryData *)value)->len;
    }
    return len > 0 ? QP_OK : REFUSE(reader, "%s is written out although it is empty", field->name);
}

static enum qp_code read_singular(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                  const struct qp_field_rule *rule, uint8_t *message)
{
    if (!is_varint(field->type)) {
        enum qp_code rc = read_element(reader, field, rule, message + field->offset);
        if (rc != QP_OK) {
            return field->type == PROTOBUF_C_TYPE_MESSAGE
                       ? qp_prefix(reader->err, rc, "%s", field->name)
                       : rc;
        }
        return refuse_empty(reader, field, message + field->offset);
    }
    uint64_t raw = 0;
    enum qp_code rc = read_varint(reader, &raw);
    if (rc != QP_OK) {
        return rc;
    }
    if (raw == 0) {
        return REFUSE(reader, "%s is written out although it is 0", field->name);
    }
    return store_number(reader, field, rule, raw, message + field->offset);
}

/* One of the members of the oneof. */
static enum qp_code read_choice(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                const struct qp_field_rule *rule, uint8_t *message)
{
    uint32_t chosen = 0;
    memcpy(&chosen, message + field->quantifier_offset, sizeof chosen);
    if (chosen != 0) {
        return REFUSE(reader, "%s stands beside another body", field->name);
    }
    QP_ASSERT(field->type == PROTOBUF_C_TYPE_MESSAGE);
    enum qp_code rc = read_element(reader, field, rule, message + field->offset);
    if (rc != QP_OK) {
        return qp_prefix(reader->err, rc, "%s", field->name);
    }
    memcpy(message + field->quantifier_offset, &field->id, sizeof field->id);
    return QP_OK;
}

/* What the rule wants of a field that was not there. */
static enum qp_code check_absent(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                 const struct qp_field_rule *rule)
{
    bool missing = rule->required;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        missing = rule->count_least > 0;
    } else if (field->type != PROTOBUF_C_TYPE_ENUM && field->type != PROTOBUF_C_TYPE_MESSAGE &&
               field->type != PROTOBUF_C_TYPE_BOOL) {
        missing = rule->least > 0 || (rule->class == QP_CLASS_TIME && rule->required);
    }
    return missing ? REFUSE(reader, "%s is missing", field->name) : QP_OK;
}

static bool is_choice(const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

static enum qp_code read_field(struct reader *reader, const ProtobufCFieldDescriptor *field,
                               const struct qp_field_rule *rule, uint8_t *message)
{
    if (is_choice(field)) {
        return read_choice(reader, field, rule, message);
    }
    return field->label == PROTOBUF_C_LABEL_REPEATED ? read_repeated(reader, field, rule, message)
                                                     : read_singular(reader, field, rule, message);
}

/* Fields that are passed over. The members of a oneof stand side by side
 * (tests/wire/test_limits.c), and are passed over at once. */
static enum qp_code pass_fields(struct reader *reader, const struct qp_message_rule *rule,
                                unsigned from, unsigned to)
{
    const ProtobufCFieldDescriptor *fields = rule->descriptor->fields;
    for (unsigned i = from; i < to; i++) {
        if (is_choice(&fields[i])) {
            i = is_choice(&fields[to - 1]) ? to - 1 : i;
            continue;
        }
        enum qp_code rc = check_absent(reader, &fields[i], &rule->fields[i]);
        if (rc != QP_OK) {
            return rc;
        }
    }
    return QP_OK;
}

/* The message may have no bytes left, and its oneof, if it has one, must have been chosen. */
static enum qp_code check_end(struct reader *reader, const struct qp_message_rule *rule,
                              const uint8_t *message)
{
    const ProtobufCMessageDescriptor *descriptor = rule->descriptor;
    if (reader->at != reader->end) {
        uint64_t tag = 0;
        const uint8_t *at = reader->at;
        enum qp_code rc = read_varint(reader, &tag);
        reader->at = at;
        if (rc != QP_OK) {
            return rc;
        }
        return REFUSE(reader,
                      "field %llu of %s is unknown, repeated, out of order or of another type",
                      (unsigned long long)(tag >> 3), descriptor->short_name);
    }
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        if (is_choice(&descriptor->fields[i])) {
            uint32_t chosen = 0;
            memcpy(&chosen, message + descriptor->fields[i].quantifier_offset, sizeof chosen);
            return chosen != 0 ? QP_OK : REFUSE(reader, "%s has no body", descriptor->short_name);
        }
    }
    return QP_OK;
}

static enum qp_code read_fields(struct reader *reader, const struct qp_message_rule *rule,
                                uint8_t *message)
{
    const ProtobufCMessageDescriptor *descriptor = rule->descriptor;
    unsigned passed = 0; /* fields before this one */
    enum qp_code rc = QP_OK;
    while (rc == QP_OK && reader->at < reader->end) {
        const uint8_t *tag = reader->at;
        unsigned i = take_field(reader, descriptor, passed);
        if (i == descriptor->n_fields) {
            break;
        }
        if (i > passed) {
            const uint8_t *behind = reader->at;
            reader->at = tag; /* what is missing is missing before it */
            rc = pass_fields(reader, rule, passed, i);
            reader->at = behind;
        }
        rc = rc == QP_OK ? read_field(reader, &descriptor->fields[i], &rule->fields[i], message)
                         : rc;
        passed = i + 1;
    }
    return rc == QP_OK ? pass_fields(reader, rule, passed, descriptor->n_fields) : rc;
}

static enum qp_code decode_message(struct reader *reader, const struct qp_message_rule *rule,
                                   size_t len, ProtobufCMessage **out)
{
    const ProtobufCMessageDescriptor *descriptor = rule->descriptor;
    ProtobufCMessage *message = qp_arena_alloc(reader->arena, descriptor->sizeof_message);
    if (message == NULL) {
        return out_of_memory(reader);
    }
    descriptor->message_init(message);
    const uint8_t *outer_end = reader->end;
    reader->end = reader->at + len;
    enum qp_code rc = read_fields(reader, rule, (uint8_t *)message);
    if (rc == QP_OK) {
        rc = check_end(reader, rule, (const uint8_t *)message);
    }
    reader->end = outer_end;
    if (rc == QP_OK) {
        *out = message;
    }
    return rc;
}

enum qp_code qp_wire_decode(const struct qp_message_rule *rule, struct qp_span in,
                            struct qp_arena *arena, void *message, struct qp_err *err)
{
    static const uint8_t nothing[1] = {0};
    const uint8_t *data = in.len > 0 ? in.data : nothing;
    struct reader reader = {
        .start = data, .at = data, .end = data + in.len, .arena = arena, .err = err};
    ProtobufCMessage *decoded = NULL;
    enum qp_code rc = decode_message(&reader, rule, in.len, &decoded);
    if (rc == QP_OK) {
        memcpy(message, &decoded, sizeof decoded);
    }
    return rc;
}
