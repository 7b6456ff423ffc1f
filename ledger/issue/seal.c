/* Plain content into the bytes that a commitment is made over. */
#include "issue/draft.h"

#include "core/check.h"
#include "exchange/geojson_shape.h"
#include "issue/identity.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

static const struct qp_message_rule *rule_of(Qp__SealedKind kind)
{
    switch (kind) {
    case QP__SEALED_KIND__SEALED_KIND_PRODUCER:
        return &qp_rule_producer;
    case QP__SEALED_KIND__SEALED_KIND_PRICE:
        return &qp_rule_price;
    case QP__SEALED_KIND__SEALED_KIND_CONTACT:
        return &qp_rule_contact;
    default:
        return NULL;
    }
}

enum qp_code qp_draft_seal_message(struct qp_draft *draft, Qp__SealedKind kind, const void *message,
                                   Qp__Sealed **sealed, struct qp_err *err)
{
    const struct qp_message_rule *rule = rule_of(kind);
    QP_ASSERT(rule != NULL);
    struct qp_buf content = {0};
    enum qp_code rc = qp_wire_encode(rule, message, &draft->scratch, &content, err);
    if (rc == QP_OK) {
        rc = qp_draft_seal(draft, kind, qp_span_buf(&content), sealed, err);
    }
    qp_buf_wipe(&content);
    return rc;
}

/* The codes of geo.h in the words of somebody who walked around a field with a GPS. */
static const char *plain_words(const char *code)
{
    static const struct {
        const char *code;
        const char *words;
    } list[] = {
        {"GEO-FEW", "the outline has fewer than three different points, so it has no area"},
        {"GEO-REPEAT", "a point is repeated twice running; take one of them out"},
        {"GEO-FLAT", "all points lie on one line, so the outline has no area"},
        {"GEO-OVERLAP-SIDE", "the outline runs back along itself (a spike); redraw that part"},
        {"GEO-TOUCH", "the outline touches itself; move the point off"},
        {"GEO-CROSS", "the outline crosses itself; put its points in the order of the walk"},
        {"GEO-HOLE-OUTSIDE", "a hole is not inside the outline"},
        {"GEO-OVERLAP", "two parts of the plot, or two holes, overlap; draw them as one"},
    };
    for (size_t i = 0; i < QP_COUNT(list); i++) {
        if (strcmp(list[i].code, code) == 0) {
            return list[i].words;
        }
    }
    return NULL;
}

static enum qp_code check_at(const struct qp_geometry *geometry, unsigned flags, struct qp_err *err)
{
    struct qp_geometry_fault fault = {0};
    enum qp_code rc = qp_geometry_check(geometry, flags, &fault, err);
    const char *words = rc == QP_E_REFUSED ? plain_words(fault.code) : NULL;
    if (words == NULL) {
        return rc;
    }
    char longitude[QP_COORDINATE_TEXT_BYTES];
    char latitude[QP_COORDINATE_TEXT_BYTES];
    qp_coordinate_format(longitude, fault.spot.point.longitude_e7);
    qp_coordinate_format(latitude, fault.spot.point.latitude_e7);
    return qp_refuse(err, fault.code, "%s (point %zu of ring %zu, at %s,%s%s)", words,
                     fault.spot.vertex + 1, fault.spot.ring + 1, longitude, latitude,
                     flags == QP_GEOMETRY_SIX_DECIMALS
                         ? "; seen at six decimals, which is how it is filed with the EU"
                         : "");
}

enum qp_code qp_geometry_content(const struct qp_geometry *geometry, struct qp_arena *arena,
                                 struct qp_buf *out, struct qp_err *err)
{
    struct qp_geometry canonical;
    enum qp_code rc = check_at(geometry, QP_GEOMETRY_AS_IS, err);
    if (rc == QP_OK) {
        rc = check_at(geometry, QP_GEOMETRY_SIX_DECIMALS, err);
    }
    if (rc == QP_OK) {
        rc = qp_geometry_normalize(geometry, arena, &canonical, err);
    }
    if (rc == QP_OK) {
        rc = qp_geometry_encode(&canonical, out, err);
    }
    return rc;
}

enum qp_code qp_draft_seal_geometry(struct qp_draft *draft, const struct qp_geometry *geometry,
                                    Qp__Sealed **sealed, struct qp_err *err)
{
    struct qp_buf content = {0};
    enum qp_code rc = qp_geometry_content(geometry, &draft->scratch, &content, err);
    if (rc == QP_OK) {
        rc = qp_draft_seal(draft, QP__SEALED_KIND__SEALED_KIND_GEOMETRY, qp_span_buf(&content),
                           sealed, err);
    }
    qp_buf_wipe(&content);
    return rc;
}

/* ---- From JSON ---- */

static enum qp_code seal_json_geometry(struct qp_draft *draft, const json_t *content,
                                       Qp__Sealed **sealed, struct qp_err *err)
{
    const char *type = json_string_value(json_object_get(content, "type"));
    const json_t *shape = content;
    if (type != NULL && strcmp(type, "Feature") == 0) {
        shape = json_object_get(content, "geometry");
    }
    struct qp_coordinates to = {.arena = &draft->scratch};
    struct qp_geometry geometry = {0};
    enum qp_code rc = qp_geojson_shape(shape, &to, &geometry, err);
    return rc == QP_OK ? qp_draft_seal_geometry(draft, &geometry, sealed, err) : rc;
}

static enum qp_code document_bytes(const json_t *content, const struct qp_file_reader *read_file,
                                   struct qp_buf *out, struct qp_err *err)
{
    const json_t *path = json_object_get(content, "file");
    const json_t *base64 = json_object_get(content, "base64");
    if (json_object_size(content) != 1 || (!json_is_string(path) && !json_is_string(base64))) {
        return qp_fail(err, QP_E_INPUT,
                       "a document is {\"file\": \"its path\"} or {\"base64\": \"its bytes\"}");
    }
    if (base64 != NULL) {
        return qp_base64_decode(
            out, qp_span_of(json_string_value(base64), json_string_length(base64)), err);
    }
    if (read_file == NULL || read_file->read == NULL) {
        return qp_fail(err, QP_E_INPUT,
                       "documents are not read from files here; give the bytes in base64");
    }
    if (strlen(json_string_value(path)) != json_string_length(path)) {
        return qp_fail(err, QP_E_INPUT, "a path with a NUL character");
    }
    return read_file->read(read_file->context, json_string_value(path), out, err);
}

static enum qp_code seal_json_document(struct qp_draft *draft, const json_t *content,
                                       const struct qp_file_reader *read_file, Qp__Sealed **sealed,
                                       struct qp_err *err)
{
    struct qp_buf bytes = {0};
    enum qp_code rc = document_bytes(content, read_file, &bytes, err);
    if (rc == QP_OK) {
        rc = qp_draft_seal(draft, QP__SEALED_KIND__SEALED_KIND_DOCUMENT, qp_span_buf(&bytes),
                           sealed, err);
    }
    qp_buf_wipe(&bytes);
    return rc;
}

static enum qp_code seal_json_message(struct qp_draft *draft, Qp__SealedKind kind,
                                      const json_t *content, Qp__Sealed **sealed,
                                      struct qp_err *err)
{
    void *message = NULL;
    enum qp_code rc = qp_json_decode(rule_of(kind), content, &draft->scratch, &message, err);
    if (rc == QP_OK && kind == QP__SEALED_KIND__SEALED_KIND_PRODUCER) {
        const char *document = ((const Qp__Producer *)message)->document;
        char quoted[24];
        bool plain = strlen(document) < sizeof quoted - 2 &&
                     qp_class_check(QP_CLASS_CODE, qp_span_text(document));
        (void)snprintf(quoted, sizeof quoted, plain ? "\"%s\"" : "given", document);
        rc = qp_identity_check(document, false, quoted, err);
    }
    return rc == QP_OK ? qp_draft_seal_message(draft, kind, message, sealed, err) : rc;
}

static enum qp_code read_kind(const json_t *seal, Qp__SealedKind expected, Qp__SealedKind *kind,
                              struct qp_err *err)
{
    if (!json_is_object(seal) || json_object_size(seal) != 2 ||
        !json_is_string(json_object_get(seal, "kind")) ||
        json_object_get(seal, "content") == NULL) {
        return qp_fail(err, QP_E_INPUT,
                       "\"seal\" takes an object of two, \"kind\" and \"content\"");
    }
    int value = 0;
    enum qp_code rc = qp_enum_value(&qp__sealed_kind__descriptor,
                                    json_string_value(json_object_get(seal, "kind")), &value, err);
    if (rc != QP_OK) {
        return qp_prefix(err, rc, "kind");
    }
    if (expected != QP__SEALED_KIND__SEALED_KIND_UNSPECIFIED && value != (int)expected) {
        char name[40];
        qp_enum_name(name, &qp__sealed_kind__descriptor, (int)expected);
        return qp_fail(err, QP_E_INPUT, "kind: this field takes sealed content of kind %s", name);
    }
    *kind = (Qp__SealedKind)value;
    return QP_OK;
}

enum qp_code qp_draft_seal_json(struct qp_draft *draft, const json_t *seal, Qp__SealedKind expected,
                                const struct qp_file_reader *read_file, Qp__Sealed **sealed,
                                struct qp_err *err)
{
    Qp__SealedKind kind = QP__SEALED_KIND__SEALED_KIND_UNSPECIFIED;
    enum qp_code rc = read_kind(seal, expected, &kind, err);
    if (rc != QP_OK) {
        return rc;
    }
    const json_t *content = json_object_get(seal, "content");
    if (kind == QP__SEALED_KIND__SEALED_KIND_GEOMETRY) {
        rc = seal_json_geometry(draft, content, sealed, err);
    } else if (kind == QP__SEALED_KIND__SEALED_KIND_DOCUMENT) {
        rc = seal_json_document(draft, content, read_file, sealed, err);
    } else {
        rc = seal_json_message(draft, kind, content, sealed, err);
    }
    return rc == QP_OK ? QP_OK : qp_prefix(err, rc, "content");
}
