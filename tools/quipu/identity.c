#include "identity.h"

#include "rules/rules.h"
#include "wire/json.h"

#include <string.h>

static enum qp_code identify(struct qp_span opening, struct identity *identity, struct qp_err *err)
{
    struct qp_arena arena;
    Qp__Event *event = NULL;
    struct qp_vkey vkey;
    struct qp_public_key key;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_event_decode(opening, &arena, &event, err);
    if (rc == QP_OK && event->body_case != QP__EVENT__BODY_LEDGER_OPENED) {
        rc = qp_fail(err, QP_E_INVALID, "the first event is not the opening of a ledger");
    }
    if (rc == QP_OK) {
        memcpy(key.bytes, event->ledger_opened->log_key.data, sizeof key.bytes);
        rc = qp_vkey_init(&vkey, qp_span_text(event->ledger_opened->origin), QP_VKEY_NOTE, &key,
                          err);
    }
    if (rc == QP_OK) {
        qp_hash_leaf(&identity->ledger_id, opening);
        snprintf(identity->origin, sizeof identity->origin, "%s", vkey.name);
        qp_vkey_format(&vkey, identity->log_key);
    }
    qp_arena_wipe(&arena);
    return rc;
}

enum qp_code identity_of_log(struct reader *reader, struct identity *identity, struct qp_err *err)
{
    struct qp_buf event = {0};
    enum qp_code rc = qp_log_event(reader->log, 0, 0, &event, err);
    if (rc == QP_OK) {
        rc = identify(qp_span_buf(&event), identity, err);
    }
    qp_buf_wipe(&event);
    return rc;
}

enum qp_code identity_of_bundle(const Qp__Bundle *bundle, struct identity *identity,
                                struct qp_err *err)
{
    if (bundle->n_entries == 0 || bundle->entries[0]->n_events == 0) {
        return qp_fail(err, QP_E_INVALID, "the bundle does not show the opening of its ledger");
    }
    return identify(qp_span_bytes(bundle->entries[0]->events[0]), identity, err);
}

/* ---- ledger.json ---- */

static enum qp_code text_of(const json_t *json, const char *name, const char **text,
                            struct qp_err *err)
{
    *text = json_string_value(json_object_get(json, name));
    return *text != NULL
               ? QP_OK
               : qp_fail(err, QP_E_INPUT, "there is no \"%s\" in it; is it a ledger.json", name);
}

static enum qp_code read_members(const json_t *json, struct identity *identity, struct qp_err *err)
{
    const char *id = NULL;
    const char *origin = NULL;
    const char *key = NULL;
    struct qp_vkey vkey;
    enum qp_code rc = text_of(json, "ledger_id", &id, err);
    rc = rc == QP_OK ? text_of(json, "origin", &origin, err) : rc;
    rc = rc == QP_OK ? text_of(json, "log_vkey", &key, err) : rc;
    rc = rc == QP_OK ? qp_hex_decode(identity->ledger_id.bytes, sizeof identity->ledger_id.bytes,
                                     qp_span_text(id), err)
                     : rc;
    rc = rc == QP_OK ? qp_vkey_parse(qp_span_text(key), &vkey, err) : rc;
    if (rc == QP_OK && strcmp(vkey.name, origin) != 0) {
        rc = qp_fail(err, QP_E_INPUT,
                     "\"log_vkey\" is the key of %.80s, not of the \"origin\", %.80s", vkey.name,
                     origin);
    }
    if (rc == QP_OK) {
        snprintf(identity->origin, sizeof identity->origin, "%s", vkey.name);
        qp_vkey_format(&vkey, identity->log_key);
    }
    return rc;
}

enum qp_code identity_of_json(struct qp_span text, struct identity *identity, struct qp_err *err)
{
    json_t *json = NULL;
    enum qp_code rc = qp_json_parse(text, &json, err);
    if (rc == QP_OK) {
        rc = read_members(json, identity, err);
    }
    json_decref(json);
    return rc;
}

/* ---- Roles ---- */

static uint32_t role_bits(const Qp__Role *roles, size_t count)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        bits |= roles[i] > 0 && (int)roles[i] < 32 ? UINT32_C(1) << (int)roles[i] : 0;
    }
    return bits;
}

enum qp_code identity_roles(struct reader *reader, const char *party, uint32_t *roles,
                            struct qp_err *err)
{
    struct qp_state_key key = qp_state_key_text(QP_STATE_PARTY, party);
    Qp__PartyState *state = NULL;
    enum qp_code rc = reader_state(reader, &key, &qp_rule_party_state, &state, err);
    if (rc == QP_OK) {
        bool there = state != NULL && !state->suspended;
        *roles = there ? role_bits(state->roles, state->n_roles) : 0;
    }
    return rc;
}

static const Qp__PartyEnrolled *enrolment_of(const Qp__Event *event)
{
    return event->body_case == QP__EVENT__BODY_PARTY_ENROLLED  ? event->party_enrolled
           : event->body_case == QP__EVENT__BODY_LEDGER_OPENED ? event->ledger_opened->operator_
                                                               : NULL;
}

enum qp_code identity_roles_in_bundle(const Qp__Bundle *bundle, const char *party, uint32_t *roles,
                                      struct qp_err *err)
{
    struct qp_arena arena;
    uint32_t found = 0;
    enum qp_code rc = QP_OK;
    qp_arena_init(&arena, 0);
    for (size_t i = 0; rc == QP_OK && i < bundle->n_entries; i++) {
        for (size_t k = 0; rc == QP_OK && k < bundle->entries[i]->n_events; k++) {
            Qp__Event *event = NULL;
            qp_arena_reset(&arena);
            rc = qp_event_decode(qp_span_bytes(bundle->entries[i]->events[k]), &arena, &event, err);
            const Qp__PartyEnrolled *body = rc == QP_OK ? enrolment_of(event) : NULL;
            if (body != NULL && strcmp(body->party, party) == 0) {
                found |= role_bits(body->roles, body->n_roles);
            }
        }
    }
    qp_arena_wipe(&arena);
    if (rc == QP_OK) {
        *roles = found;
    }
    return rc;
}
