/* Ledger, rule sets, parties and keys. */
#include "model/model_priv.h"

#include <string.h>

static bool new_key(struct judged *job, const uint8_t *key)
{
    if (job->model->weak(key)) {
        return refuse(job, "QP-KEY-WEAK");
    }
    if (model_find_key(job->model, key) != NULL) {
        return refuse(job, "QP-KEY-REUSE");
    }
    return true;
}

static void add_key(struct judged *job, const char *party, const uint8_t *bytes)
{
    struct model_key *key = ADD(job->model->keys);
    key->bytes = bytes;
    key->party = party;
    key->since = job->context->place;
}

static bool enrol(struct judged *job, const Qp__PartyEnrolled *body)
{
    if (model_find_party(job->model, body->party) != NULL) {
        return refuse(job, "QP-PARTY-NEW");
    }
    if (!sealed_as(job, body->contact, QP__SEALED_KIND__SEALED_KIND_CONTACT)) {
        return false;
    }
    if (!new_key(job, body->key.data)) {
        return false;
    }
    struct model_party *party = ADD(job->model->parties);
    party->body = body;
    party->enrolled = job->context->place;
    add_key(job, body->party, body->key.data);
    return true;
}

static bool lists_role(const Qp__PartyEnrolled *body, Qp__Role role)
{
    for (size_t i = 0; i < body->n_roles; i++) {
        if (body->roles[i] == role) {
            return true;
        }
    }
    return false;
}

bool row_ledger_opened(struct judged *job)
{
    const Qp__LedgerOpened *body = job->event->ledger_opened;
    const Qp__PartyEnrolled *operator_ = body->operator_;
    if (job->context->place.index != 0 || job->context->place.position != 0) {
        return refuse(job, "QP-OPEN");
    }
    if (!same_key(job->context->issuer, operator_->key.data)) {
        return refuse(job, "QP-OPEN");
    }
    if (!lists_role(operator_, QP__ROLE__ROLE_OPERATOR)) {
        return refuse(job, "QP-OPEN");
    }
    if (job->model->weak(body->log_key.data)) {
        return refuse(job, "QP-KEY-WEAK");
    }
    if (same_key(body->log_key.data, operator_->key.data)) {
        return refuse(job, "QP-KEY-WEAK");
    }
    if (!forms_hold(job)) {
        return false;
    }
    job->model->ledger_id = job->context->id;
    return enrol(job, operator_);
}

bool row_rule_set_published(struct judged *job)
{
    const Qp__RuleSetPublished *body = job->event->rule_set_published;
    size_t count = job->model->rule_sets.count;
    if (count > 0 &&
        body->effective_from_ms <= job->model->rule_sets.at[count - 1].body->effective_from_ms) {
        return refuse(job, "QP-RULESET-ORDER");
    }
    struct model_rule_set *rules = ADD(job->model->rule_sets);
    rules->body = body;
    rules->published = job->context->place;
    return true;
}

bool row_party_enrolled(struct judged *job)
{
    const Qp__PartyEnrolled *body = job->event->party_enrolled;
    if (lists_role(body, QP__ROLE__ROLE_OPERATOR)) {
        return refuse(job, "QP-PARTY-OPERATOR");
    }
    if ((lists_role(body, QP__ROLE__ROLE_REGISTRAR) ||
         lists_role(body, QP__ROLE__ROLE_AUTHORITY)) &&
        !has_any(job->issuer, ROLE(OPERATOR))) {
        return refuse(job, "QP-PARTY-OPERATOR");
    }
    return enrol(job, body);
}

bool row_party_suspended(struct judged *job)
{
    const Qp__PartySuspended *body = job->event->party_suspended;
    struct model_party *party = model_find_party(job->model, body->party);
    if (party == NULL) {
        return refuse(job, "QP-PARTY-UNKNOWN");
    }
    if (has_any(party, ROLE(OPERATOR))) {
        return refuse(job, "QP-PARTY-OPERATOR");
    }
    if (has_any(party, ROLE(REGISTRAR) | ROLE(AUTHORITY)) &&
        !has_any(job->issuer, ROLE(OPERATOR) | ROLE(AUTHORITY))) {
        return refuse(job, "QP-ROLE");
    }
    party->suspended = body->state == QP__SUSPENSION_STATE__SUSPENSION_STATE_SUSPENDED;
    return true;
}

/* Who may change a party's keys. */
static bool keeper(struct judged *job, const char *name)
{
    const struct model_party *party = model_find_party(job->model, name);
    if (party == NULL) {
        return refuse(job, "QP-PARTY-UNKNOWN");
    }
    if (same(job->party, name)) {
        return true;
    }
    if (has_any(job->issuer, ROLE(OPERATOR) | ROLE(REGISTRAR)) &&
        !has_any(party, ROLE(OPERATOR) | ROLE(REGISTRAR) | ROLE(AUTHORITY))) {
        return true;
    }
    if (has_any(job->issuer, ROLE(OPERATOR)) && !has_any(party, ROLE(OPERATOR))) {
        return true;
    }
    return refuse(job, "QP-ROLE");
}

bool row_key_added(struct judged *job)
{
    const Qp__KeyAdded *body = job->event->key_added;
    if (!keeper(job, body->party)) {
        return false;
    }
    if (!new_key(job, body->key.data)) {
        return false;
    }
    add_key(job, body->party, body->key.data);
    return true;
}

bool row_key_rotated(struct judged *job)
{
    const Qp__KeyRotated *body = job->event->key_rotated;
    if (!keeper(job, body->party)) {
        return false;
    }
    struct model_key *old = model_find_key(job->model, body->old_key.data);
    if (old == NULL || !same(old->party, body->party)) {
        return refuse(job, "QP-KEY-OWNER");
    }
    if (old->ended) {
        return refuse(job, "QP-KEY-OLD");
    }
    if (!new_key(job, body->new_key.data)) {
        return false;
    }
    old->ended = true;
    old->until = job->context->place;
    add_key(job, body->party, body->new_key.data);
    return true;
}

bool row_key_revoked(struct judged *job)
{
    const Qp__KeyRevoked *body = job->event->key_revoked;
    uint64_t doubt = body->compromised_since_index;
    if (!keeper(job, body->party)) {
        return false;
    }
    if (doubt > job->context->place.index) {
        return refuse(job, "QP-KEY-OWNER");
    }
    struct model_key *key = model_find_key(job->model, body->key.data);
    if (key == NULL || !same(key->party, body->party)) {
        return refuse(job, "QP-KEY-OWNER");
    }
    bool worse = doubt != 0 && (key->doubt_from == 0 || doubt < key->doubt_from);
    if (key->ended && !worse) {
        return refuse(job, "QP-KEY-OLD");
    }
    if (!key->ended) {
        key->ended = true;
        key->until = job->context->place;
    }
    key->doubt_from = doubt;
    return true;
}

/* Section 8, 1 to 3, and for this ledger. */
static bool two_histories(const struct model *model, const Qp__KeyForked *body,
                          struct model_statement *statement)
{
    const ProtobufCBinaryData *a = &body->statement_a;
    const ProtobufCBinaryData *b = &body->statement_b;
    struct model_statement other;
    int order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);
    return model->read_statement(a->data, a->len, statement) &&
           model->read_statement(b->data, b->len, &other) &&
           same_key(statement->ledger_id, other.ledger_id) &&
           same_key(statement->issuer, other.issuer) && statement->sequence == other.sequence &&
           (order < 0 || (order == 0 && a->len < b->len)) &&
           same_key(statement->ledger_id, model->ledger_id);
}

/* Section 8, 4. */
static bool both_signed(const struct model *model, const Qp__KeyForked *body, const uint8_t *issuer)
{
    return !model->weak(issuer) &&
           model->signed_by(issuer, body->statement_a.data, body->statement_a.len,
                            body->signature_a.data) &&
           model->signed_by(issuer, body->statement_b.data, body->statement_b.len,
                            body->signature_b.data);
}

bool row_key_forked(struct judged *job)
{
    const Qp__KeyForked *body = job->event->key_forked;
    struct model_statement statement;
    if (!two_histories(job->model, body, &statement)) {
        return refuse(job, "QP-FORK-PROOF");
    }
    struct model_key *key = model_find_key(job->model, statement.issuer);
    if (key == NULL) {
        return refuse(job, "QP-KEY-UNKNOWN");
    }
    if (key->forked && key->forked_sequence <= statement.sequence) {
        return refuse(job, "QP-KEY-OLD");
    }
    if (!both_signed(job->model, body, statement.issuer)) {
        return refuse(job, "QP-FORK-PROOF");
    }
    if (!key->ended) {
        key->ended = true;
        key->until = job->context->place;
    }
    key->forked = true;
    key->forked_sequence = statement.sequence;
    return true;
}
