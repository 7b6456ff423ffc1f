/* Events from JSON text: one object, a list of objects, or one object a line. */
#include "issue/draft.h"

#include "core/check.h"
#include "issue/amounts.h"
#include "wire/json.h"

#include <inttypes.h>
#include <string.h>

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for JSON");
}

/* What a field takes, by its name: the .proto files say it behind each of them. */
static Qp__SealedKind expected_kind(const char *field)
{
    static const struct {
        const char *field;
        Qp__SealedKind kind;
    } list[] = {
        {"geometry", QP__SEALED_KIND__SEALED_KIND_GEOMETRY},
        {"identity", QP__SEALED_KIND__SEALED_KIND_PRODUCER},
        {"price", QP__SEALED_KIND__SEALED_KIND_PRICE},
        {"document", QP__SEALED_KIND__SEALED_KIND_DOCUMENT},
        {"report", QP__SEALED_KIND__SEALED_KIND_DOCUMENT},
        {"tenure_document", QP__SEALED_KIND__SEALED_KIND_DOCUMENT},
        {"contact", QP__SEALED_KIND__SEALED_KIND_CONTACT},
    };
    for (size_t i = 0; i < QP_COUNT(list); i++) {
        if (strcmp(list[i].field, field) == 0) {
            return list[i].kind;
        }
    }
    return QP__SEALED_KIND__SEALED_KIND_UNSPECIFIED;
}

struct reading {
    struct qp_draft *draft;
    const struct qp_file_reader *read_file;
};

/* The Sealed message in JSON that takes the place of {"seal": …}. */
static enum qp_code seal_here(const struct reading *reading, const char *field, const json_t *seal,
                              json_t **made, struct qp_err *err)
{
    Qp__Sealed *sealed = NULL;
    enum qp_code rc = qp_draft_seal_json(reading->draft, seal, expected_kind(field),
                                         reading->read_file, &sealed, err);
    return rc == QP_OK ? qp_json_encode(&qp_rule_sealed, sealed, made, err) : rc;
}

/* No message has a field called "seal", so an object with that name is always content to seal.
 * Nothing nests deeper than QP_JSON_DEPTH_MAX, which the parser has seen to. Lists hold no sealed
 * content in any message. */
static enum qp_code seal_inside(const struct reading *reading, json_t *object, struct qp_err *err)
{
    const char *field = NULL;
    json_t *value = NULL;
    void *next = NULL;
    json_object_foreach_safe(object, next, field, value)
    {
        const json_t *seal = json_object_get(value, "seal");
        json_t *made = NULL;
        enum qp_code rc = QP_OK;
        if (seal != NULL && json_object_size(value) != 1) {
            rc = qp_fail(err, QP_E_INPUT, "\"seal\" stands alone in its object");
        } else if (seal != NULL) {
            rc = seal_here(reading, field, seal, &made, err);
        } else if (json_is_object(value)) {
            rc = seal_inside(reading, value, err);
        }
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "%.60s", field);
        }
        if (made != NULL && json_object_set_new(object, field, made) != 0) {
            return no_memory(err);
        }
    }
    return QP_OK;
}

/* Changes the JSON. */
static enum qp_code add_one(const struct reading *reading, json_t *json, struct qp_err *err)
{
    struct qp_draft *draft = reading->draft;
    Qp__Event *event = NULL;
    if (!json_is_object(json)) {
        return qp_fail(err, QP_E_INPUT,
                       "an event is an object, such as "
                       "{\"occurred\": \"2026-05-14\", \"lot_harvested\": {…}}");
    }
    if (json_object_get(json, "nonce") == NULL) {
        uint8_t nonce[16];
        char text[2 * sizeof nonce + 1];
        qp_random(nonce, sizeof nonce);
        qp_hex_encode(text, qp_span_of(nonce, sizeof nonce));
        if (json_object_set_new(json, "nonce", json_string(text)) != 0) {
            return no_memory(err);
        }
    }
    enum qp_code rc = qp_amounts_to_grams(&qp_rule_event, json, err);
    if (rc == QP_OK) {
        rc = seal_inside(reading, json, err);
    }
    if (rc == QP_OK) {
        rc = qp_json_decode(&qp_rule_event, json, &draft->scratch, &event, err);
    }
    if (rc == QP_OK) {
        return qp_draft_add_event(draft, event, err);
    }
    qp_draft_drop(draft);
    return rc;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct qp_span trim(struct qp_span text)
{
    while (text.len > 0 && is_space(text.data[0])) {
        text = qp_span_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && is_space(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* Bytes up to the end of the first object, by counting braces outside of texts; all of them where
 * the object does not end. The parser judges what is inside. */
static size_t first_object(struct qp_span text)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (quoted) {
            i += byte == '\\' ? 1 : 0;
            quoted = byte != '"';
        } else if (byte == '"') {
            quoted = true;
        } else if (byte == '{') {
            depth++;
        } else if (byte == '}' && depth > 0 && --depth == 0) {
            return i + 1;
        }
    }
    return text.len;
}

static enum qp_code add_text(const struct reading *reading, struct qp_span text, struct qp_err *err)
{
    json_t *json = NULL;
    enum qp_code rc = qp_json_parse(text, &json, err);
    if (rc == QP_OK && json_is_array(json)) {
        if (json_array_size(json) == 0) {
            rc = qp_fail(err, QP_E_INPUT, "an empty list: there is no event in it");
        }
        for (size_t i = 0; rc == QP_OK && i < json_array_size(json); i++) {
            rc = add_one(reading, json_array_get(json, i), err);
            if (rc != QP_OK) {
                rc = qp_prefix(err, rc, "event %zu of the list", i + 1);
            }
        }
    } else if (rc == QP_OK) {
        rc = add_one(reading, json, err);
    }
    json_decref(json);
    return rc;
}

static enum qp_code add_lines(const struct reading *reading, struct qp_span text,
                              struct qp_err *err)
{
    uint64_t line = 0;
    for (size_t at = 0; at < text.len;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end == NULL ? text.len - at : (size_t)(end - text.data) - at;
        struct qp_span one = trim(qp_span_of(text.data + at, len));
        at += end == NULL ? len : len + 1;
        line++;
        if (one.len == 0) {
            continue;
        }
        json_t *json = NULL;
        enum qp_code rc = qp_json_parse(one, &json, err);
        if (rc == QP_OK) {
            rc = add_one(reading, json, err);
        }
        json_decref(json);
        if (rc != QP_OK) {
            return qp_prefix(err, rc, "line %" PRIu64, line);
        }
    }
    return QP_OK;
}

enum qp_code qp_draft_add_json(struct qp_draft *draft, struct qp_span json,
                               const struct qp_file_reader *read_file, struct qp_err *err)
{
    struct reading reading = {.draft = draft, .read_file = read_file};
    size_t before = draft->event_count;
    if (json.len >= 3 && memcmp(json.data, "\xef\xbb\xbf", 3) == 0) {
        json = qp_span_of(json.data + 3, json.len - 3);
    }
    struct qp_span text = trim(json);
    enum qp_code rc = QP_OK;
    if (text.len == 0) {
        rc = qp_fail(err, QP_E_INPUT, "no events: the text is empty");
    } else if (text.data[0] == '{' && first_object(text) < text.len) {
        rc = add_lines(&reading, json, err);
    } else {
        rc = add_text(&reading, text, err);
    }
    if (rc != QP_OK) {
        qp_draft_cut(draft, before);
    }
    return rc;
}
