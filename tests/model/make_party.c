/* Events about the ledger, its parties and their keys. */
#include "model/model_priv.h"
#include "model/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define R(name) QP__ROLE__ROLE_##name

/* "nort" is there because ids of "norte" begin with it. */
const struct cast cast[CAST_COUNT] = {
    {"op", {R(OPERATOR)}},
    {"reg", {R(REGISTRAR)}},
    {"authority", {R(AUTHORITY)}},
    {"norte", {R(COOPERATIVE)}},
    {"nort", {R(COOPERATIVE), R(EXPORTER)}},
    {"sur", {R(COOPERATIVE)}},
    {"finca", {R(PRODUCER)}},
    {"mill", {R(PROCESSOR)}},
    {"mill-2", {R(PROCESSOR), R(EXPORTER)}},
    {"carry", {R(CARRIER)}},
    {"store", {R(WAREHOUSE)}},
    {"export", {R(EXPORTER)}},
    {"port", {R(TERMINAL)}},
    {"import", {R(IMPORTER)}},
    {"roaster", {R(WAREHOUSE), R(IMPORTER)}},
    {"cert", {R(CERTIFIER)}},
    {"lab", {R(INSPECTOR)}},
    {"assess", {R(ASSESSOR)}},
    {"late", {R(COOPERATIVE), R(PROCESSOR), R(EXPORTER)}},
};

/* ---- The ledger ---- */

static Qp__PartyIdentifier *identifier(struct world *world)
{
    static const struct {
        Qp__IdentifierScheme scheme;
        const char *right[3];
        const char *wrong[6];
    } values[] = {
        {QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_RUC,
         {"20100070970", "20100070104", "20100070040"},
         {"20100070971", "201000709700", "2010007097", "2010007x970", "20100070960",
          "20100o70970"}},
        {QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_GLN,
         {"7750000000007", "4006381333931", "0000000000000"},
         {"7750000000008", "77500000000007", "775000000007", "4006381333932", "400638133393x",
          "4006381333913"}},
        {QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_LEI,
         {"529900T8BM49AURSDO55", "529900T8BM49AUR01402", "529900T8BM49AUR00E98"},
         {"529900T8BM49AURSDO56", "529900T8BM49AURSD5O5", "529900t8BM49AURSDO55",
          "529900T8BM49AURSDO5", "529900T8BM49AUR00E01", "529900T8BM49AUR0672A"}},
        {QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_EORI,
         {"DE1234567", "XI123456789000", "PE1"},
         {"EL1234567", "DE", "DE1234567890123456", "UK123456789000", "DE123456a", "D1234567"}},
        {QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_VAT,
         {"EL123456789", "IE1234567W+", "XI123456789"},
         {"DE1", "DE1234567890123", "DE12345678*", "UK123456789", "IE1234567-", "EL12345678+"}},
    };
    Qp__PartyIdentifier *made = NULL;
    MAKE(world, made, qp__party_identifier__init);
    size_t at = below(world, QP_COUNT(values));
    made->scheme = values[at].scheme;
    made->value = text(world, slip(world, 3) ? values[at].wrong[below(world, 6)]
                                             : values[at].right[below(world, 3)]);
    return made;
}

static Qp__PartyEnrolled *enrolment(struct world *world, const char *party, const Qp__Role *roles,
                                    size_t role_count, const uint8_t *key)
{
    Qp__PartyEnrolled *body = NULL;
    MAKE(world, body, qp__party_enrolled__init);
    body->party = text(world, party);
    body->legal_name = text(world, one_in(world, 2) ? "A S.A." : "B S.A.C.");
    body->country = country(world);
    body->roles = room(world, 3 * sizeof *body->roles);
    for (size_t i = 0; i < role_count; i++) {
        if (roles[i] != 0) {
            body->roles[body->n_roles++] = roles[i];
        }
    }
    body->key = bytes32(world, key);
    if (one_in(world, 6)) {
        body->identifiers = room(world, sizeof *body->identifiers);
        body->identifiers[body->n_identifiers++] = identifier(world);
    }
    if (one_in(world, 4)) {
        body->contact = sealed(world, QP__SEALED_KIND__SEALED_KIND_CONTACT);
    }
    return body;
}

bool make_ledger_opened(struct world *world, Qp__Event *event)
{
    static const Qp__Role operator_[] = {R(OPERATOR), R(EXPORTER)};
    static const Qp__Role other[] = {R(REGISTRAR)};
    Qp__LedgerOpened *body = NULL;
    MAKE(world, body, qp__ledger_opened__init);
    const uint8_t *key = world->speaker != NULL && one_in(world, 2)
                             ? world->signer
                             : world_keys[below(world, WORLD_KEYS)].public_key.bytes;
    const uint8_t *log_key = world_keys[below(world, WORLD_KEYS)].public_key.bytes;
    if (slip(world, 10)) {
        log_key = key;
    } else if (slip(world, 10)) {
        log_key = world_keys[WORLD_KEYS].public_key.bytes;
    } else if (world->straight && log_key == key) {
        return false;
    }
    if (slip(world, 10)) {
        key = world_keys[WORLD_KEYS + below(world, WORLD_WEAK)].public_key.bytes;
    }
    body->origin = text(world, "ledger.example.pe/2026");
    body->name = text(world, "Model");
    body->operator_ = slip(world, 10)
                          ? enrolment(world, "op", other, 1, key)
                          : enrolment(world, "op", operator_, 1 + one_in(world, 4), key);
    body->log_key = bytes32(world, log_key);
    if (world->speaker == NULL) {
        world->speaker = "op";
        world->signer = slip(world, 10) ? log_key : key;
        if (world_weak(world->signer)) { /* nobody can sign with it */
            world->signer = world_keys[below(world, WORLD_KEYS)].public_key.bytes;
        }
    }
    event->body_case = QP__EVENT__BODY_LEDGER_OPENED;
    event->ledger_opened = body;
    return true;
}

bool make_state_committed(struct world *world, Qp__Event *event)
{
    Qp__StateCommitted *body = NULL;
    MAKE(world, body, qp__state_committed__init);
    body->tree_size = 1;
    body->root = bytes32(world, NULL);
    event->body_case = QP__EVENT__BODY_STATE_COMMITTED;
    event->state_committed = body;
    return speak_as(world, ROLE(OPERATOR));
}

/* ---- Parties ---- */

bool make_enrolment_of(struct world *world, Qp__Event *event, const struct cast *who)
{
    event->body_case = QP__EVENT__BODY_PARTY_ENROLLED;
    event->party_enrolled = enrolment(world, who->name, who->roles, 3, fresh_key(world));
    return speak_as(world, ROLE(OPERATOR));
}

bool make_party_enrolled(struct world *world, Qp__Event *event)
{
    Qp__Role roles[3] = {0};
    const char *party = any_party(world);
    for (size_t i = 0; i < CAST_COUNT && model_find_party(&world->model, party) != NULL; i++) {
        party = cast[i].name; /* one that is not enrolled yet, where there is one */
    }
    char name[32];
    if (model_find_party(&world->model, party) != NULL && !slip(world, 4)) {
        snprintf(name, sizeof name, "new-%u", ++world->names);
        party = name;
    }
    roles[0] = (Qp__Role)(1 + below(world, 14));
    if (roles[0] == R(OPERATOR) && !slip(world, 3)) {
        roles[0] = R(EXPORTER);
    }
    if (roles[0] < R(AUTHORITY) && one_in(world, 2)) {
        roles[1] = (Qp__Role)(roles[0] + 1 + below(world, (size_t)(R(AUTHORITY) - roles[0])));
    }
    event->body_case = QP__EVENT__BODY_PARTY_ENROLLED;
    event->party_enrolled = enrolment(world, party, roles, 3, fresh_key(world));
    return speak_as(world, one_in(world, 2) ? ROLE(OPERATOR) : ROLE(REGISTRAR));
}

bool make_party_suspended(struct world *world, Qp__Event *event)
{
    Qp__PartySuspended *body = NULL;
    const char *party = slip(world, 3) ? any_party(world) : pick_party(world, ~ROLE(OPERATOR));
    bool lift = one_in(world, 4);
    for (size_t i = 0; i < world->model.parties.count; i++) {
        if (world->model.parties.at[i].suspended && !one_in(world, 4)) {
            party = world->model.parties.at[i].body->party;
            lift = true;
        }
    }
    if (party == NULL) {
        return false;
    }
    MAKE(world, body, qp__party_suspended__init);
    body->party = text(world, party);
    body->state = lift ? QP__SUSPENSION_STATE__SUSPENSION_STATE_LIFTED
                       : QP__SUSPENSION_STATE__SUSPENSION_STATE_SUSPENDED;
    body->reason = text(world, "r");
    event->body_case = QP__EVENT__BODY_PARTY_SUSPENDED;
    event->party_suspended = body;
    return speak_as(world, ROLE(OPERATOR) | ROLE(REGISTRAR) | ROLE(AUTHORITY));
}

/* ---- Keys ---- */

/* A party whose keys are to change, and somebody who may. */
static const char *keys_of(struct world *world)
{
    const char *party = slip(world, 12) ? any_party(world) : pick_party(world, UINT32_MAX);
    if (party == NULL) {
        return NULL;
    }
    const char *keeper =
        one_in(world, 2) ? party : pick_party(world, ROLE(OPERATOR) | ROLE(REGISTRAR));
    if (slip(world, 12)) {
        keeper = any_party(world);
    }
    return keeper != NULL && speak(world, keeper) ? party : NULL;
}

/* An old key of the party: live, ended, or somebody else's. */
static const uint8_t *old_key(struct world *world, const char *party)
{
    if (slip(world, 8)) {
        return world->model.keys.at[below(world, world->model.keys.count)].bytes;
    }
    if (slip(world, 20)) {
        return world_keys[below(world, QP_COUNT(world_keys))].public_key.bytes;
    }
    const struct model_key *found = NULL;
    for (size_t i = 0; i < world->model.keys.count; i++) {
        const struct model_key *key = &world->model.keys.at[i];
        if (same(key->party, party) && (found == NULL || found->ended || !one_in(world, 3))) {
            found = key;
        }
    }
    return found == NULL ? NULL : found->bytes;
}

bool make_key_added(struct world *world, Qp__Event *event)
{
    Qp__KeyAdded *body = NULL;
    const char *party = keys_of(world);
    for (size_t i = 0; i < world->model.parties.count && party != NULL; i++) {
        const char *other = world->model.parties.at[i].body->party;
        if (one_in(world, 2) && live_key(world, other) == NULL) {
            party = other; /* it has none left */
        }
    }
    if (party == NULL) {
        return false;
    }
    MAKE(world, body, qp__key_added__init);
    body->party = text(world, party);
    body->key = bytes32(world, fresh_key(world));
    event->body_case = QP__EVENT__BODY_KEY_ADDED;
    event->key_added = body;
    return true;
}

bool make_key_rotated(struct world *world, Qp__Event *event)
{
    Qp__KeyRotated *body = NULL;
    const char *party = keys_of(world);
    const uint8_t *old = party == NULL ? NULL : old_key(world, party);
    if (old == NULL) {
        return false;
    }
    MAKE(world, body, qp__key_rotated__init);
    body->party = text(world, party);
    body->old_key = bytes32(world, old);
    body->new_key = bytes32(world, slip(world, 30) ? old : fresh_key(world));
    event->body_case = QP__EVENT__BODY_KEY_ROTATED;
    event->key_rotated = body;
    return true;
}

bool make_key_revoked(struct world *world, Qp__Event *event)
{
    Qp__KeyRevoked *body = NULL;
    const char *party = keys_of(world);
    const uint8_t *old = party == NULL ? NULL : old_key(world, party);
    if (old == NULL) {
        return false;
    }
    const struct model_key *key = model_find_key(&world->model, old);
    MAKE(world, body, qp__key_revoked__init);
    body->party = text(world, party);
    body->key = bytes32(world, old);
    if (!one_in(world, 3)) {
        body->compromised_since_index = near(world, world->index);
    }
    if (key != NULL && key->doubt_from != 0 && !one_in(world, 3)) {
        body->compromised_since_index = near(world, key->doubt_from);
    }
    body->reason = text(world, "r");
    event->body_case = QP__EVENT__BODY_KEY_REVOKED;
    event->key_revoked = body;
    return true;
}

/* ---- Forks ---- */

/* One statement of the key, with its signature. */
static void sign_history(struct world *world, const struct world_key *key, uint64_t sequence,
                         ProtobufCBinaryData *bytes, ProtobufCBinaryData *signature)
{
    struct qp_err err;
    struct qp_buf out = {0};
    struct qp_signature made = {{0}};
    Qp__Statement statement = QP__STATEMENT__INIT;
    statement.format = 1;
    statement.ledger_id = bytes32(world, slip(world, 20) ? NULL : world->model.ledger_id);
    statement.algorithm = QP__ALGORITHM__ALGORITHM_ED25519;
    statement.issuer = bytes32(world, key->public_key.bytes);
    statement.sequence = sequence;
    statement.previous = bytes32(world, NULL);
    statement.issued_ms = world->now_ms >> below(world, 8); /* of several lengths */
    statement.event_count = 1 + (uint32_t)below(world, 200);
    statement.event_root = bytes32(world, NULL);
    if (qp_wire_encode(&qp_rule_statement, &statement, &world->arena, &out, &err) != QP_OK ||
        (key->secret != NULL && qp_sign(key->secret, qp_span_text(QP_STATEMENT_DOMAIN),
                                        qp_span_buf(&out), &made, &err) != QP_OK)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    *bytes = (ProtobufCBinaryData){out.len, room(world, out.len)};
    memcpy(bytes->data, out.data, out.len);
    *signature = (ProtobufCBinaryData){64, room(world, 64)};
    memcpy(signature->data, made.bytes, 64);
    qp_buf_wipe(&out);
}

/* Two that are as they should not be. */
static void spoil(struct world *world, Qp__KeyForked *body)
{
    switch (below(world, 5)) {
    case 0:
        body->statement_b = body->statement_a;
        body->signature_b = body->signature_a;
        break;
    case 1:
        body->signature_a.data[below(world, 64)] ^= 1;
        break;
    case 2:
        body->signature_b.data[below(world, 64)] ^= 1;
        break;
    case 3:
        body->statement_a.len--;
        break;
    default:
        body->statement_b.data[below(world, body->statement_b.len)] ^= 4;
        break;
    }
}

static bool in_order(const Qp__KeyForked *body)
{
    size_t a = body->statement_a.len;
    size_t b = body->statement_b.len;
    int order = memcmp(body->statement_a.data, body->statement_b.data, a < b ? a : b);
    return order < 0 || (order == 0 && a < b);
}

bool make_key_forked(struct world *world, Qp__Event *event)
{
    Qp__KeyForked *body = NULL;
    if (world->model.ledger_id == NULL || !speak_as(world, UINT32_MAX)) {
        return false;
    }
    const struct model_key *known = &world->model.keys.at[below(world, world->model.keys.count)];
    const uint8_t *bytes = slip(world, 12) ? fresh_key(world) : known->bytes;
    const struct world_key *key = world_key_find(bytes);
    uint64_t sequence =
        known->forked && !one_in(world, 3) ? near(world, known->forked_sequence) : below(world, 60);
    MAKE(world, body, qp__key_forked__init);
    sign_history(world, key, sequence, &body->statement_a, &body->signature_a);
    key = slip(world, 20) ? &world_keys[below(world, WORLD_KEYS)] : key;
    sequence += slip(world, 20);
    sign_history(world, key, sequence, &body->statement_b, &body->signature_b);
    if (in_order(body) == slip(world, 15)) {
        ProtobufCBinaryData statement = body->statement_a;
        ProtobufCBinaryData signature = body->signature_a;
        body->statement_a = body->statement_b;
        body->signature_a = body->signature_b;
        body->statement_b = statement;
        body->signature_b = signature;
    }
    if (slip(world, 8)) {
        spoil(world, body);
    }
    event->body_case = QP__EVENT__BODY_KEY_FORKED;
    event->key_forked = body;
    return true;
}
