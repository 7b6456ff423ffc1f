/* Rules of the ledger's own events, of parties and of keys.
 *
 * What may surprise: a key's end takes effect at once, so a rotation is the last event that its
 * statement can hold under the old key. A rule set cannot be replaced or taken back, and the next
 * one begins after it: one that begins in the year 3000 by a slip is the last one for long. */
#include "rules/rules_priv.h"

#include <string.h>

/* Those who can do harm to everybody: they answer to the operator, not to each other. */
#define OVERSEERS (QP_ROLE(REGISTRAR) | QP_ROLE(AUTHORITY))

static struct qp_public_key key_of(ProtobufCBinaryData bytes)
{
    struct qp_public_key key;
    memcpy(key.bytes, bytes.data, sizeof key.bytes); /* the decoder checked 32 */
    return key;
}

/* A key that nobody has yet, and that somebody can own, begins here. */
static enum qp_code enrol_key(struct qp_job *job, ProtobufCBinaryData bytes, char *party)
{
    struct qp_public_key key = key_of(bytes);
    struct qp_state_key at = qp_state_key_public(&key);
    char hex[65];
    qp_hex_encode(hex, qp_span_bytes(bytes));
    if (qp_public_key_check(&key, job->err) != QP_OK) {
        return qp_refuse(job->err, "QP-KEY-WEAK",
                         "key %.16s… of %s is not a key that one person can own; make a new one "
                         "with quipu key new",
                         hex, party);
    }
    Qp__KeyState *known = NULL;
    enum qp_code rc = qp_job_get(job, &at, &qp_rule_key_state, &known);
    if (rc == QP_OK && known != NULL) {
        rc = qp_refuse(job->err, "QP-KEY-REUSE",
                       "key %.16s… belongs to %s already; every key is enrolled once", hex,
                       known->party);
    }
    if (rc != QP_OK) {
        return rc;
    }
    Qp__KeyState state = QP__KEY_STATE__INIT;
    state.party = party;
    state.since = qp_job_place(job);
    return qp_job_put(job, &at, &qp_rule_key_state, &state);
}

/* The record of a new party and its first key. */
static enum qp_code enrol(struct qp_job *job, const Qp__PartyEnrolled *body)
{
    struct qp_state_key at = qp_state_key_text(QP_STATE_PARTY, body->party);
    Qp__PartyState *known = NULL;
    enum qp_code rc = qp_job_get(job, &at, &qp_rule_party_state, &known);
    if (rc == QP_OK && known != NULL) {
        rc = qp_refuse(job->err, "QP-PARTY-NEW",
                       "a party %s is enrolled already (entry %llu); choose another short name",
                       body->party, (unsigned long long)known->enrolled->index);
    }
    if (rc == QP_OK) {
        rc = qp_job_sealed(job, body->contact, QP__SEALED_KIND__SEALED_KIND_CONTACT, "contact");
    }
    if (rc == QP_OK) {
        rc = enrol_key(job, body->key, body->party);
    }
    if (rc != QP_OK) {
        return rc;
    }
    Qp__PartyState state = QP__PARTY_STATE__INIT;
    state.n_roles = body->n_roles;
    state.roles = body->roles;
    state.country = body->country;
    state.legal_name = body->legal_name;
    state.enrolled = qp_job_place(job);
    return qp_job_put(job, &at, &qp_rule_party_state, &state);
}

static uint32_t roles_of(const Qp__PartyEnrolled *body)
{
    uint32_t roles = 0;
    for (size_t i = 0; i < body->n_roles; i++) {
        roles |= 1U << body->roles[i];
    }
    return roles;
}

enum qp_code qp_judge_ledger_opened(struct qp_job *job)
{
    const Qp__LedgerOpened *body = job->event->ledger_opened;
    const Qp__PartyEnrolled *operator= body->operator_;
    struct qp_public_key key = key_of(operator->key);
    if (job->context->index != 0 || job->context->position != 0) {
        return qp_refuse(job->err, "QP-OPEN",
                         "a ledger is opened by entry 0 alone; this one is open already");
    }
    if (!qp_public_key_eq(&key, &job->context->issuer)) {
        return qp_refuse(job->err, "QP-OPEN",
                         "the opening is not signed by the operator's own key");
    }
    if ((roles_of(operator) & QP_ROLE(OPERATOR)) == 0) {
        return qp_refuse(job->err, "QP-OPEN",
                         "the operator %s does not have the role operator", operator->party);
    }
    struct qp_public_key log_key = key_of(body->log_key);
    if (qp_public_key_check(&log_key, job->err) != QP_OK || qp_public_key_eq(&log_key, &key)) {
        return qp_refuse(job->err, "QP-KEY-WEAK",
                         "the log's key must be a key of its own, other than the operator's");
    }
    enum qp_code rc = qp_job_forms(job);
    return rc == QP_OK ? enrol(job, operator) : rc;
}

enum qp_code qp_judge_rule_set_published(struct qp_job *job)
{
    const Qp__RuleSetPublished *body = job->event->rule_set_published;
    struct qp_state_key newest = qp_state_key_rule_set(0);
    Qp__RuleSetState *known = NULL;
    enum qp_code rc = qp_job_get(job, &newest, &qp_rule_rule_set_state, &known);
    if (rc != QP_OK) {
        return rc;
    }
    if (known != NULL && known->rules->effective_from_ms >= body->effective_from_ms) {
        return qp_refuse(job->err, "QP-RULESET-ORDER",
                         "rule set %s version %u does not begin after %s version %u, which is the "
                         "newest; what has been judged is not judged again",
                         body->rule_set, body->version, known->rules->rule_set,
                         known->rules->version);
    }
    Qp__RuleSetState state = QP__RULE_SET_STATE__INIT;
    state.rules = job->event->rule_set_published;
    state.published = qp_job_place(job);
    state.ordinal = known == NULL ? 1 : known->ordinal + 1;
    struct qp_state_key own = qp_state_key_rule_set(state.ordinal);
    rc = qp_job_put(job, &own, &qp_rule_rule_set_state, &state);
    return rc == QP_OK ? qp_job_put(job, &newest, &qp_rule_rule_set_state, &state) : rc;
}

enum qp_code qp_judge_state_committed(struct qp_job *job)
{
    return qp_refuse(job->err, "QP-RESERVED",
                     "state_committed is reserved: ledgers of version 1 do not admit it");
}

enum qp_code qp_judge_party_enrolled(struct qp_job *job)
{
    const Qp__PartyEnrolled *body = job->event->party_enrolled;
    uint32_t roles = roles_of(body);
    if ((roles & QP_ROLE(OPERATOR)) != 0) {
        return qp_refuse(job->err, "QP-PARTY-OPERATOR",
                         "%s cannot be enrolled as operator: a ledger has the one that opened it",
                         body->party);
    }
    if ((roles & OVERSEERS) != 0 && !qp_job_has_role(job, QP_ROLE(OPERATOR))) {
        return qp_refuse(job->err, "QP-PARTY-OPERATOR",
                         "%s cannot be enrolled as registrar or authority by %s: only the operator "
                         "does that",
                         body->party, job->party);
    }
    return enrol(job, body);
}

enum qp_code qp_judge_party_suspended(struct qp_job *job)
{
    const Qp__PartySuspended *body = job->event->party_suspended;
    Qp__PartyState *party = NULL;
    enum qp_code rc = qp_job_party(job, body->party, &party);
    if (rc == QP_OK && (qp_party_roles(party) & QP_ROLE(OPERATOR)) != 0) {
        rc = qp_refuse(job->err, "QP-PARTY-OPERATOR", "%s is the operator: it cannot be suspended",
                       body->party);
    }
    if (rc == QP_OK && (qp_party_roles(party) & OVERSEERS) != 0 &&
        !qp_job_has_role(job, QP_ROLE(OPERATOR) | QP_ROLE(AUTHORITY))) {
        rc = qp_refuse(job->err, "QP-ROLE",
                       "%s may not suspend %s or lift it: for a registrar or an authority the "
                       "operator or an authority does that",
                       job->party, body->party);
    }
    if (rc != QP_OK) {
        return rc;
    }
    party->suspended = body->state == QP__SUSPENSION_STATE__SUSPENSION_STATE_SUSPENDED;
    struct qp_state_key at = qp_state_key_text(QP_STATE_PARTY, body->party);
    return qp_job_put(job, &at, &qp_rule_party_state, party);
}

/* A party looks after its own keys; a registrar after those of every ordinary party, for keys get
 * lost; the operator also after those of registrars and authorities; nobody else after the
 * operator's. A registrar that adds a key to a party can sign as that party: the event that did it
 * stands in the log under the registrar's name, and that is the whole protection. */
static enum qp_code check_keeper(struct qp_job *job, const char *party)
{
    Qp__PartyState *record = NULL;
    enum qp_code rc = qp_job_party(job, party, &record);
    if (rc != QP_OK || strcmp(party, job->party) == 0) {
        return rc;
    }
    uint32_t roles = qp_party_roles(record);
    uint32_t keepers = (roles & QP_ROLE(OPERATOR)) != 0 ? 0
                       : (roles & OVERSEERS) != 0       ? QP_ROLE(OPERATOR)
                                                        : QP_ROLE(OPERATOR) | QP_ROLE(REGISTRAR);
    if (!qp_job_has_role(job, keepers)) {
        return qp_refuse(job->err, "QP-ROLE",
                         "%s may not change the keys of %s: the party itself does, or for a "
                         "registrar or authority the operator, or for all others a registrar",
                         job->party, party);
    }
    return QP_OK;
}

enum qp_code qp_judge_key_added(struct qp_job *job)
{
    const Qp__KeyAdded *body = job->event->key_added;
    enum qp_code rc = check_keeper(job, body->party);
    return rc == QP_OK ? enrol_key(job, body->key, body->party) : rc;
}

/* A key that has ended may still turn out to have been stolen, or stolen earlier than known; that
 * only ever puts more of what it signed in doubt. */
static bool worsens(const Qp__KeyState *known, uint64_t compromised_since_index)
{
    return compromised_since_index != 0 &&
           (known->compromised_since_index == 0 ||
            compromised_since_index < known->compromised_since_index);
}

/* The key's record ends here. */
static enum qp_code end_key(struct qp_job *job, ProtobufCBinaryData bytes, const char *party,
                            uint64_t compromised_since_index)
{
    struct qp_public_key key = key_of(bytes);
    struct qp_state_key at = qp_state_key_public(&key);
    Qp__KeyState *known = NULL;
    char hex[65];
    qp_hex_encode(hex, qp_span_bytes(bytes));
    enum qp_code rc = qp_job_get(job, &at, &qp_rule_key_state, &known);
    if (rc == QP_OK && (known == NULL || strcmp(known->party, party) != 0)) {
        rc = qp_refuse(job->err, "QP-KEY-OWNER", "key %.16s… is not a key of %s", hex, party);
    }
    if (rc == QP_OK && known->until != NULL && !worsens(known, compromised_since_index)) {
        rc = qp_refuse(job->err, "QP-KEY-OLD", "key %.16s… of %s has ended already, at entry %llu",
                       hex, party, (unsigned long long)known->until->index);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (known->until == NULL) {
        known->until = qp_job_place(job);
    }
    known->compromised_since_index = compromised_since_index;
    return qp_job_put(job, &at, &qp_rule_key_state, known);
}

enum qp_code qp_judge_key_rotated(struct qp_job *job)
{
    const Qp__KeyRotated *body = job->event->key_rotated;
    enum qp_code rc = check_keeper(job, body->party);
    if (rc == QP_OK) {
        rc = end_key(job, body->old_key, body->party, 0);
    }
    return rc == QP_OK ? enrol_key(job, body->new_key, body->party) : rc;
}

enum qp_code qp_judge_key_revoked(struct qp_job *job)
{
    const Qp__KeyRevoked *body = job->event->key_revoked;
    enum qp_code rc = check_keeper(job, body->party);
    if (rc == QP_OK && body->compromised_since_index > job->context->index) {
        rc = qp_refuse(job->err, "QP-KEY-OWNER",
                       "a key cannot be compromised from entry %llu on, which is still to come",
                       (unsigned long long)body->compromised_since_index);
    }
    return rc == QP_OK ? end_key(job, body->key, body->party, body->compromised_since_index) : rc;
}
