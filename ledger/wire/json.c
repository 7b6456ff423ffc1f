#include "wire/json.h"

#include "core/check.h"
#include "core/time.h"

#include <stdio.h>
#include <string.h>

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for JSON");
}

/* Does another field of the message have this name? */
static bool is_taken(const struct qp_message_rule *rule, const char *name, size_t len)
{
    for (unsigned i = 0; i < rule->descriptor->n_fields; i++) {
        if (strlen(rule->fields[i].name) == len && memcmp(rule->fields[i].name, name, len) == 0) {
            return true;
        }
    }
    return false;
}

void qp_json_name(char name[QP_JSON_NAME_BYTES], const struct qp_message_rule *rule, unsigned i)
{
    const struct qp_field_rule *field = &rule->fields[i];
    size_t len = strlen(field->name);
    if (field->class == QP_CLASS_TIME && len > 3 && strcmp(field->name + len - 3, "_ms") == 0 &&
        !is_taken(rule, field->name, len - 3)) {
        len -= 3;
    }
    QP_ASSERT(len < QP_JSON_NAME_BYTES);
    memcpy(name, field->name, len);
    name[len] = '\0';
}

void qp_enum_name(char name[40], const ProtobufCEnumDescriptor *descriptor, int value)
{
    const ProtobufCEnumValue *zero = protobuf_c_enum_descriptor_get_value(descriptor, 0);
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(descriptor, value);
    QP_ASSERT(zero != NULL);
    if (found == NULL) {
        found = zero;
    }
    size_t prefix = strlen(zero->name) - strlen("UNSPECIFIED");
    size_t i = 0;
    for (const char *at = found->name + prefix; *at != '\0' && i < 39; at++) {
        name[i++] = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    }
    name[i] = '\0';
}

enum qp_code qp_enum_value(const ProtobufCEnumDescriptor *descriptor, const char *name, int *value,
                           struct qp_err *err)
{
    char known[200] = "";
    size_t used = 0;
    bool cut = false;
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        int candidate = descriptor->values[i].value;
        char text[40];
        qp_enum_name(text, descriptor, candidate);
        if (candidate == 0) {
            continue;
        }
        if (strcmp(text, name) == 0) {
            *value = candidate;
            return QP_OK;
        }
        size_t len = strlen(text) + (used > 0 ? 2 : 0);
        cut = cut || len >= sizeof known - used;
        if (!cut) {
            (void)snprintf(known + used, sizeof known - used, "%s%s", used > 0 ? ", " : "", text);
            used += len;
        }
    }
    return qp_fail(err, QP_E_INPUT, "\"%.40s\" is not a %s; there are: %s%s", name,
                   descriptor->short_name, known, cut ? ", …" : "");
}

const char *qp_event_name(Qp__Event__BodyCase body)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(&qp__event__descriptor, (unsigned)body);
    return field != NULL && body != QP__EVENT__BODY__NOT_SET ? field->name : "no body";
}

/* Out. */

static json_t *bytes_to_json(ProtobufCBinaryData bytes, enum qp_field_class class,
                             struct qp_err *err)
{
    struct qp_buf text = {0};
    json_t *json = NULL;
    if (class == QP_CLASS_HEX) {
        if (qp_buf_reserve(&text, 2 * bytes.len + 1, err) == QP_OK) {
            qp_hex_encode((char *)text.data, qp_span_bytes(bytes));
            json = json_stringn((const char *)text.data, 2 * bytes.len);
        }
    } else if (qp_base64_encode(&text, qp_span_bytes(bytes), err) == QP_OK) {
        json = json_stringn((const char *)text.data, text.len);
    }
    qp_buf_wipe(&text);
    return json;
}

static json_t *time_to_json(uint64_t time_ms)
{
    char text[QP_TIME_TEXT_BYTES];
    qp_time_format(text, time_ms);
    return json_string(text);
}

/* One value of a field's type; NULL when there is no memory. */
static json_t *value_to_json(const ProtobufCFieldDescriptor *field,
                             const struct qp_field_rule *rule, const void *at, struct qp_err *err)
{
    char name[40];
    json_t *json = NULL;
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_ENUM:
        qp_enum_name(name, field->descriptor, *(const int32_t *)at);
        return json_string(name);
    case PROTOBUF_C_TYPE_SINT32:
        return json_integer(*(const int32_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
        return json_integer(*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_SINT64:
        return json_integer(*(const int64_t *)at);
    case PROTOBUF_C_TYPE_UINT64:
        if (rule->class == QP_CLASS_TIME) {
            return time_to_json(*(const uint64_t *)at);
        }
        return json_integer((json_int_t) * (const uint64_t *)at);
    case PROTOBUF_C_TYPE_STRING:
        return json_string(*(char *const *)at);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_to_json(*(const ProtobufCBinaryData *)at, rule->class, err);
    case PROTOBUF_C_TYPE_MESSAGE:
        return qp_json_encode(rule->message, *(void *const *)at, &json, err) == QP_OK ? json : NULL;
    default:
        QP_ASSERT(false); /* a type that the format does not use */
        return NULL;
    }
}

static size_t value_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return sizeof(uint32_t);
    }
}

static bool is_empty(const ProtobufCFieldDescriptor *field, const uint8_t *message)
{
    const void *at = message + field->offset;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t chosen = 0;
        memcpy(&chosen, message + field->quantifier_offset, sizeof chosen);
        return chosen != field->id;
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return *(const size_t *)(const void *)(message + field->quantifier_offset) == 0;
    }
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return **(char *const *)at == '\0';
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)at)->len == 0;
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(void *const *)at == NULL;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        return *(const uint64_t *)at == 0;
    default:
        return *(const uint32_t *)at == 0;
    }
}

static json_t *field_to_json(const ProtobufCFieldDescriptor *field,
                             const struct qp_field_rule *rule, const uint8_t *message,
                             struct qp_err *err)
{
    const uint8_t *at = message + field->offset;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return value_to_json(field, rule, at, err);
    }
    json_t *list = json_array();
    size_t count = *(const size_t *)(const void *)(message + field->quantifier_offset);
    const uint8_t *elements = *(const uint8_t *const *)(const void *)at;
    for (size_t i = 0; list != NULL && i < count; i++) {
        json_t *value = value_to_json(field, rule, elements + i * value_size(field), err);
        if (value == NULL || json_array_append_new(list, value) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

enum qp_code qp_json_encode(const struct qp_message_rule *rule, const void *message, json_t **json,
                            struct qp_err *err)
{
    json_t *object = json_object();
    bool ok = object != NULL;
    for (unsigned i = 0; ok && i < rule->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &rule->descriptor->fields[i];
        if (is_empty(field, message)) {
            continue;
        }
        char name[QP_JSON_NAME_BYTES];
        qp_json_name(name, rule, i);
        json_t *value = field_to_json(field, &rule->fields[i], message, err);
        ok = value != NULL && json_object_set_new(object, name, value) == 0;
    }
    if (!ok) {
        json_decref(object);
        return no_memory(err);
    }
    *json = object;
    return QP_OK;
}

/* In. */

static enum qp_code wrong_type(const char *want, struct qp_err *err)
{
    return qp_fail(err, QP_E_INPUT, "%s is needed", want);
}

static enum qp_code json_to_bytes(const json_t *json, const struct qp_field_rule *rule,
                                  struct qp_arena *arena, ProtobufCBinaryData *bytes,
                                  struct qp_err *err)
{
    if (!json_is_string(json)) {
        return wrong_type(rule->class == QP_CLASS_HEX ? "hexadecimal text" : "base64 text", err);
    }
    struct qp_span text = qp_span_of(json_string_value(json), json_string_length(json));
    struct qp_buf out = {0};
    enum qp_code rc = QP_OK;
    if (rule->class == QP_CLASS_HEX) {
        rc = qp_buf_reserve(&out, text.len / 2 + 1, err);
        out.len = text.len / 2;
        if (rc == QP_OK) {
            rc = qp_hex_decode(out.data, out.len, text, err);
        }
    } else {
        rc = qp_base64_decode(&out, text, err);
    }
    uint8_t *copy = rc == QP_OK ? qp_arena_alloc(arena, out.len) : NULL;
    if (rc == QP_OK && copy == NULL) {
        rc = no_memory(err);
    }
    if (copy != NULL) {
        if (out.len > 0) {
            memcpy(copy, out.data, out.len);
        }
        *bytes = (ProtobufCBinaryData){.len = out.len, .data = copy};
    }
    qp_buf_wipe(&out);
    return rc;
}

static enum qp_code json_to_text(const json_t *json, struct qp_arena *arena, char **text,
                                 struct qp_err *err)
{
    if (!json_is_string(json)) {
        return wrong_type("a text", err);
    }
    if (strlen(json_string_value(json)) != json_string_length(json)) {
        return qp_fail(err, QP_E_INPUT, "a text with a NUL character");
    }
    *text = qp_arena_text(arena, qp_span_text(json_string_value(json)));
    return *text != NULL ? QP_OK : no_memory(err);
}

static enum qp_code json_to_number(const json_t *json, const ProtobufCFieldDescriptor *field,
                                   const struct qp_field_rule *rule, void *to, struct qp_err *err)
{
    if (rule->class == QP_CLASS_TIME) {
        if (!json_is_string(json)) {
            return wrong_type("a time such as \"2026-05-14T13:05:00Z\"", err);
        }
        return qp_time_parse(qp_span_of(json_string_value(json), json_string_length(json)), to,
                             err);
    }
    if (!json_is_integer(json)) {
        return wrong_type("a whole number", err);
    }
    json_int_t value = json_integer_value(json);
    if (value < rule->least || value > rule->most) {
        return qp_fail(err, QP_E_INPUT, "%lld is given; %lld to %lld are allowed", (long long)value,
                       (long long)rule->least, (long long)rule->most);
    }
    if (field->type == PROTOBUF_C_TYPE_UINT32) {
        *(uint32_t *)to = (uint32_t)value;
    } else if (field->type == PROTOBUF_C_TYPE_SINT32) {
        *(int32_t *)to = (int32_t)value;
    } else if (field->type == PROTOBUF_C_TYPE_UINT64) {
        *(uint64_t *)to = (uint64_t)value;
    } else {
        *(int64_t *)to = (int64_t)value;
    }
    return QP_OK;
}

static enum qp_code json_to_value(const json_t *json, const ProtobufCFieldDescriptor *field,
                                  const struct qp_field_rule *rule, struct qp_arena *arena,
                                  void *to, struct qp_err *err)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(json)) {
            return wrong_type("true or false", err);
        }
        *(protobuf_c_boolean *)to = json_is_true(json);
        return QP_OK;
    case PROTOBUF_C_TYPE_ENUM:
        if (!json_is_string(json)) {
            return wrong_type("a name", err);
        }
        return qp_enum_value(field->descriptor, json_string_value(json), to, err);
    case PROTOBUF_C_TYPE_STRING:
        return json_to_text(json, arena, to, err);
    case PROTOBUF_C_TYPE_BYTES:
        return json_to_bytes(json, rule, arena, to, err);
    case PROTOBUF_C_TYPE_MESSAGE:
        return qp_json_decode(rule->message, json, arena, to, err);
    default:
        return json_to_number(json, field, rule, to, err);
    }
}

static enum qp_code json_to_list(const json_t *json, const ProtobufCFieldDescriptor *field,
                                 const struct qp_field_rule *rule, struct qp_arena *arena,
                                 uint8_t *message, struct qp_err *err)
{
    if (!json_is_array(json)) {
        return wrong_type("a list", err);
    }
    size_t count = json_array_size(json);
    if (count > rule->count_most) {
        return qp_fail(err, QP_E_INPUT, "%zu are given; at most %u are allowed", count,
                       rule->count_most);
    }
    size_t size = value_size(field);
    uint8_t *elements = qp_arena_alloc_zero(arena, count, size);
    if (elements == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        enum qp_code rc =
            json_to_value(json_array_get(json, i), field, rule, arena, elements + i * size, err);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "%zu", i);
        }
    }
    memcpy(message + field->offset, &elements, sizeof elements);
    memcpy(message + field->quantifier_offset, &count, sizeof count);
    return QP_OK;
}

static enum qp_code json_to_field(const json_t *json, const struct qp_message_rule *rule,
                                  unsigned i, struct qp_arena *arena, uint8_t *message,
                                  struct qp_err *err)
{
    const ProtobufCFieldDescriptor *field = &rule->descriptor->fields[i];
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return json_to_list(json, field, &rule->fields[i], arena, message, err);
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t chosen = 0;
        memcpy(&chosen, message + field->quantifier_offset, sizeof chosen);
        if (chosen != 0) {
            return qp_fail(err, QP_E_INPUT, "stands beside another body; an event has one");
        }
        memcpy(message + field->quantifier_offset, &field->id, sizeof field->id);
    }
    return json_to_value(json, field, &rule->fields[i], arena, message + field->offset, err);
}

enum qp_code qp_json_decode(const struct qp_message_rule *rule, const json_t *json,
                            struct qp_arena *arena, void *message, struct qp_err *err)
{
    const ProtobufCMessageDescriptor *descriptor = rule->descriptor;
    if (!json_is_object(json)) {
        return wrong_type("an object", err);
    }
    uint8_t *made = qp_arena_alloc(arena, descriptor->sizeof_message);
    if (made == NULL) {
        return no_memory(err);
    }
    descriptor->message_init((ProtobufCMessage *)(void *)made);
    size_t found = 0;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        char name[QP_JSON_NAME_BYTES];
        qp_json_name(name, rule, i);
        const json_t *value = json_object_get(json, name);
        if (value == NULL) {
            continue;
        }
        found++;
        enum qp_code rc = json_to_field(value, rule, i, arena, made, err);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "%s", name);
        }
    }
    if (found != json_object_size(json)) {
        for (void *it = json_object_iter((json_t *)(uintptr_t)json); it != NULL;
             it = json_object_iter_next((json_t *)(uintptr_t)json, it)) {
            const char *key = json_object_iter_key(it);
            bool known = false;
            for (unsigned i = 0; i < descriptor->n_fields; i++) {
                char name[QP_JSON_NAME_BYTES];
                qp_json_name(name, rule, i);
                known = known || strcmp(name, key) == 0;
            }
            if (!known) {
                return qp_fail(err, QP_E_INPUT, "\"%.60s\" is not a name in %s", key,
                               descriptor->short_name);
            }
        }
    }
    memcpy(message, &made, sizeof made);
    return QP_OK;
}

/* Text. */

/* jansson nests as deep as its own limit of 2,048; ours is checked on the text, before it. */
static bool too_deep(struct qp_span text)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (quoted) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                quoted = false;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > QP_JSON_DEPTH_MAX) {
                return true;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

enum qp_code qp_json_parse(struct qp_span text, json_t **json, struct qp_err *err)
{
    if (too_deep(text)) {
        return qp_fail(err, QP_E_INPUT, "JSON nested more than %d deep", QP_JSON_DEPTH_MAX);
    }
    json_error_t error;
    json_t *parsed = json_loadb((const char *)text.data, text.len,
                                JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (parsed == NULL) {
        /* Without a text: it failed where nothing was wrong. A string that found no memory is an
         * invalid token to jansson, and cannot be told from one. */
        if (json_error_code(&error) == json_error_out_of_memory || error.text[0] == '\0') {
            return no_memory(err);
        }
        return qp_fail_at(err, QP_E_INPUT, error.position < 0 ? 0 : (uint64_t)error.position,
                          "not JSON at line %d, column %d: %s", error.line, error.column,
                          error.text);
    }
    *json = parsed;
    return QP_OK;
}

struct printing {
    struct qp_buf *out;
    struct qp_err *err;
    enum qp_code rc;
};

static int print_part(const char *part, size_t size, void *context)
{
    struct printing *printing = context;
    printing->rc = qp_buf_add(printing->out, qp_span_of(part, size), printing->err);
    return printing->rc == QP_OK ? 0 : -1;
}

enum qp_code qp_json_print(const json_t *json, size_t indent, struct qp_buf *out,
                           struct qp_err *err)
{
    struct printing printing = {.out = out, .err = err, .rc = QP_OK};
    size_t flags = (indent > 0 ? JSON_INDENT(indent) : JSON_COMPACT) | JSON_ENCODE_ANY |
                   JSON_REAL_PRECISION(12);
    if (json_dump_callback(json, print_part, &printing, flags) != 0) {
        return printing.rc != QP_OK ? printing.rc : no_memory(err);
    }
    return QP_OK;
}
