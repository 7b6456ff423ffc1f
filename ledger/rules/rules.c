#include "rules/rules_priv.h"

#include "core/check.h"
#include "core/time.h"

#include <string.h>

/* Who may issue what. 0: the function decides alone. */
#define HANDS QP_ROLES_HANDS
#define BUYERS (QP_ROLE(COOPERATIVE) | QP_ROLE(PRODUCER) | QP_ROLE(PROCESSOR) | QP_ROLE(EXPORTER))
#define CHECKERS (QP_ROLE(INSPECTOR) | QP_ROLE(CERTIFIER) | QP_ROLE(AUTHORITY))
#define REGISTRARS (QP_ROLE(OPERATOR) | QP_ROLE(REGISTRAR))

struct rule {
    Qp__Event__BodyCase body;
    uint32_t roles;
    enum qp_code (*judge)(struct qp_job *job);
};

static const struct rule rules[] = {
    {QP__EVENT__BODY_LEDGER_OPENED, QP_ROLE(OPERATOR), qp_judge_ledger_opened},
    {QP__EVENT__BODY_RULE_SET_PUBLISHED, QP_ROLE(OPERATOR) | QP_ROLE(AUTHORITY),
     qp_judge_rule_set_published},
    {QP__EVENT__BODY_STATE_COMMITTED, QP_ROLE(OPERATOR), qp_judge_state_committed},
    {QP__EVENT__BODY_PARTY_ENROLLED, REGISTRARS, qp_judge_party_enrolled},
    {QP__EVENT__BODY_PARTY_SUSPENDED, REGISTRARS | QP_ROLE(AUTHORITY), qp_judge_party_suspended},
    {QP__EVENT__BODY_KEY_ADDED, 0, qp_judge_key_added},
    {QP__EVENT__BODY_KEY_ROTATED, 0, qp_judge_key_rotated},
    {QP__EVENT__BODY_KEY_REVOKED, 0, qp_judge_key_revoked},
    {QP__EVENT__BODY_KEY_FORKED, 0, qp_judge_key_forked},
    {QP__EVENT__BODY_PRODUCER_REGISTERED, BUYERS, qp_judge_producer_registered},
    {QP__EVENT__BODY_PLOT_REGISTERED, BUYERS, qp_judge_plot_registered},
    {QP__EVENT__BODY_PLOT_ASSESSED, QP_ROLE(ASSESSOR) | QP_ROLE(AUTHORITY), qp_judge_plot_assessed},
    {QP__EVENT__BODY_PLOT_WITHDRAWN, BUYERS | QP_ROLE(AUTHORITY), qp_judge_plot_withdrawn},
    {QP__EVENT__BODY_LOT_HARVESTED, BUYERS, qp_judge_lot_harvested},
    {QP__EVENT__BODY_LOT_PROCESSED, BUYERS | QP_ROLE(WAREHOUSE), qp_judge_lot_processed},
    {QP__EVENT__BODY_LOT_TRANSFERRED, HANDS, qp_judge_lot_transferred},
    {QP__EVENT__BODY_LOT_RECEIVED, HANDS, qp_judge_lot_received},
    {QP__EVENT__BODY_LOT_INSPECTED, HANDS | CHECKERS, qp_judge_lot_inspected},
    {QP__EVENT__BODY_LOT_RECALLED, HANDS | QP_ROLE(AUTHORITY), qp_judge_lot_recalled},
    {QP__EVENT__BODY_CERTIFICATE_ISSUED, QP_ROLE(CERTIFIER) | QP_ROLE(AUTHORITY),
     qp_judge_certificate_issued},
    {QP__EVENT__BODY_CERTIFICATE_WITHDRAWN, QP_ROLE(CERTIFIER) | QP_ROLE(AUTHORITY),
     qp_judge_certificate_withdrawn},
    {QP__EVENT__BODY_FOOTPRINT_RECORDED, HANDS | CHECKERS | QP_ROLE(ASSESSOR),
     qp_judge_footprint_recorded},
    {QP__EVENT__BODY_SHIPMENT_DISPATCHED, QP_ROLE(EXPORTER), qp_judge_shipment_dispatched},
    {QP__EVENT__BODY_SHIPMENT_GATED_IN, QP_ROLE(TERMINAL), qp_judge_shipment_gated_in},
    {QP__EVENT__BODY_SHIPMENT_LOADED, QP_ROLE(TERMINAL) | QP_ROLE(CARRIER),
     qp_judge_shipment_loaded},
    {QP__EVENT__BODY_SHIPMENT_RECEIVED, QP_ROLE(IMPORTER), qp_judge_shipment_received},
    {QP__EVENT__BODY_DOCUMENT_ATTACHED, 0, qp_judge_document_attached},
    {QP__EVENT__BODY_EVENT_VOIDED, 0, qp_judge_event_voided},
};

uint32_t qp_party_roles(const Qp__PartyState *party)
{
    uint32_t roles = 0;
    for (size_t i = 0; i < party->n_roles; i++) {
        roles |= 1U << party->roles[i];
    }
    return roles;
}

bool qp_job_has_role(const struct qp_job *job, uint32_t roles)
{
    return (qp_party_roles(job->issuer) & roles) != 0;
}

static enum qp_code refuse_key(const struct qp_public_key *key, const Qp__KeyState *known,
                               struct qp_err *err)
{
    char hex[65];
    qp_hex_encode(hex, qp_span_of(key->bytes, sizeof key->bytes));
    if (known == NULL) {
        return qp_refuse(err, "QP-KEY-UNKNOWN",
                         "key %.16s… is not enrolled in this ledger; its registrar has to enrol it",
                         hex);
    }
    if (known->until != NULL) {
        return qp_refuse(
            err, "QP-KEY-OLD",
            "key %.16s… of %s was rotated away, revoked or shown to have forked at entry "
            "%llu; sign with the party's present key",
            hex, known->party, (unsigned long long)known->until->index);
    }
    return qp_refuse(err, "QP-PARTY-UNKNOWN", "party %s of key %.16s… is not enrolled",
                     known->party, hex);
}

/* The key's record, its party, and why it may not sign, if it may not. */
static enum qp_code find_issuer(const struct qp_public_key *key, struct qp_state *state,
                                struct qp_rule_memo *memo, struct qp_arena *scratch, char party[32],
                                Qp__PartyState **record, struct qp_err *err)
{
    struct qp_state_key at = qp_state_key_public(key);
    Qp__KeyState *known = NULL;
    enum qp_code rc = memo != NULL
                          ? qp_memo_read(&memo->keys, state, &at, &qp_rule_key_state, &known, err)
                          : qp_state_read(state, &at, &qp_rule_key_state, scratch, &known, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (known == NULL || known->until != NULL) {
        return refuse_key(key, known, err);
    }
    at = qp_state_key_text(QP_STATE_PARTY, known->party);
    rc = memo != NULL ? qp_memo_read(&memo->parties, state, &at, &qp_rule_party_state, record, err)
                      : qp_state_read(state, &at, &qp_rule_party_state, scratch, record, err);
    if (rc == QP_OK && *record == NULL) {
        rc = refuse_key(key, known, err);
    }
    if (rc == QP_OK && (*record)->suspended) {
        rc = qp_refuse(err, "QP-PARTY-SUSPENDED", "party %s is suspended", known->party);
    }
    if (rc == QP_OK) {
        QP_ASSERT(strlen(known->party) < 32);
        memcpy(party, known->party, strlen(known->party) + 1);
    }
    return rc;
}

enum qp_code qp_rules_party(const struct qp_public_key *key, uint64_t index, struct qp_state *state,
                            struct qp_arena *scratch, char party[32], struct qp_err *err)
{
    Qp__PartyState *record = NULL;
    (void)index; /* the state is the one before this entry, so its keys are those of this index */
    return find_issuer(key, state, NULL, scratch, party, &record, err);
}

static const struct rule *find_rule(Qp__Event__BodyCase body)
{
    for (size_t i = 0; i < QP_COUNT(rules); i++) {
        if (rules[i].body == body) {
            return &rules[i];
        }
    }
    return NULL;
}

static void list_roles(char *text, size_t size, uint32_t roles)
{
    size_t used = 0;
    text[0] = '\0';
    for (int role = 1; role < 32; role++) {
        char name[40];
        if ((roles & (1U << role)) == 0) {
            continue;
        }
        qp_enum_name(name, &qp__role__descriptor, role);
        size_t len = strlen(name);
        if (used + len + 3 > size) {
            return;
        }
        if (used > 0) {
            text[used++] = ',';
            text[used++] = ' ';
        }
        memcpy(text + used, name, len + 1);
        used += len;
    }
}

static enum qp_code check_role(struct qp_job *job, const struct rule *rule)
{
    if (rule->roles == 0 || qp_job_has_role(job, rule->roles)) {
        return QP_OK;
    }
    char has[96];
    char may[160];
    list_roles(has, sizeof has, qp_party_roles(job->issuer));
    list_roles(may, sizeof may, rule->roles);
    return qp_refuse(job->err, "QP-ROLE", "%s is %s and may not issue %s; these may: %s",
                     job->party, has, qp_event_name(job->event->body_case), may);
}

static struct qp_job make_job(const struct qp_rule_context *context, const Qp__Event *event,
                              struct qp_state *state, struct qp_arena *scratch, struct qp_err *err)
{
    struct qp_job job = {
        .context = context, .event = event, .state = state, .arena = scratch, .err = err};
    qp__event_place__init(&job.place);
    job.place.index = context->index;
    job.place.position = context->position;
    return job;
}

enum qp_code qp_rules_apply(const struct qp_rule_context *context, const Qp__Event *event,
                            struct qp_state *state, struct qp_arena *scratch, struct qp_err *err)
{
    const struct rule *rule = find_rule(event->body_case);
    QP_ASSERT(rule != NULL); /* the decoder lets no event without a body through */
    struct qp_job job = make_job(context, event, state, scratch, err);
    if (event->body_case == QP__EVENT__BODY_LEDGER_OPENED) {
        return qp_judge_ledger_opened(&job); /* there is no party before it */
    }
    Qp__PartyState *issuer = NULL;
    enum qp_code rc =
        find_issuer(&context->issuer, state, context->memo, scratch, job.party, &issuer, err);
    job.issuer = issuer;
    if (rc == QP_OK) {
        rc = check_role(&job, rule);
    }
    if (rc == QP_OK) {
        rc = qp_job_forms(&job);
    }
    return rc == QP_OK ? rule->judge(&job) : rc;
}

enum qp_code qp_rules_draw(const struct qp_rule_context *context, const Qp__Event *event,
                           const char *lot, const Qp__Quantity *quantity, struct qp_state *state,
                           struct qp_arena *scratch, struct qp_err *err)
{
    struct qp_job job = make_job(context, event, state, scratch, err);
    struct qp_state_key at = qp_state_key_text(QP_STATE_LOT, lot);
    Qp__LotState *record = NULL;
    enum qp_code rc = qp_job_get(&job, &at, &qp_rule_lot_state, &record);
    if (rc != QP_OK || record == NULL) {
        return rc;
    }
    Qp__PartyState *issuer = NULL;
    rc = find_issuer(&context->issuer, state, context->memo, scratch, job.party, &issuer, err);
    job.issuer = issuer;
    if (rc == QP_OK) {
        rc = check_role(&job, find_rule(event->body_case));
    }
    if (rc == QP_OK) {
        rc = qp_job_held_lot(&job, lot, &record);
    }
    if (rc == QP_OK) {
        rc = qp_job_draw(&job, lot, record, quantity);
    }
    return rc == QP_OK ? qp_job_put_lot(&job, lot, record) : rc;
}

/* Helpers of the whole room. */

enum qp_code qp_job_get(struct qp_job *job, const struct qp_state_key *key,
                        const struct qp_message_rule *rule, void *record)
{
    return qp_state_read(job->state, key, rule, job->arena, record, job->err);
}

enum qp_code qp_job_put(struct qp_job *job, const struct qp_state_key *key,
                        const struct qp_message_rule *rule, const void *record)
{
    struct qp_buf bytes = {0};
    enum qp_code rc = qp_wire_encode(rule, record, job->arena, &bytes, job->err);
    if (rc == QP_OK) {
        rc = job->state->put(job->state->context, qp_state_key_span(key), qp_span_buf(&bytes),
                             job->err);
    }
    qp_buf_wipe(&bytes);
    return rc;
}

Qp__EventPlace *qp_job_place(struct qp_job *job)
{
    return &job->place;
}

void *qp_job_alloc(struct qp_job *job, size_t count, size_t size_bytes)
{
    return qp_arena_alloc_zero(job->arena, count, size_bytes);
}

enum qp_code qp_job_no_memory(struct qp_job *job)
{
    return qp_fail(job->err, QP_E_MEMORY, "no memory to judge an event");
}

enum qp_code qp_job_own_name(struct qp_job *job, const char *id)
{
    size_t len = strlen(job->party);
    if (strncmp(id, job->party, len) != 0 || id[len] != '/') {
        return qp_refuse(job->err, "QP-NAME", "%s names %s, but its new ids begin with \"%s/\"",
                         job->party, id, job->party);
    }
    return QP_OK;
}

enum qp_code qp_job_quantity(struct qp_job *job, const Qp__Quantity *quantity, const char *what)
{
    if (quantity->grams == 0 && quantity->pieces == 0) {
        return qp_refuse(job->err, "QP-MASS-EMPTY", "%s has neither grams nor pieces", what);
    }
    return QP_OK;
}

enum qp_code qp_job_sealed(struct qp_job *job, const Qp__Sealed *sealed, Qp__SealedKind kind,
                           const char *field)
{
    if (sealed == NULL || sealed->kind == kind) {
        return QP_OK;
    }
    char want[40];
    char have[40];
    qp_enum_name(want, &qp__sealed_kind__descriptor, (int)kind);
    qp_enum_name(have, &qp__sealed_kind__descriptor, (int)sealed->kind);
    return qp_refuse(job->err, "QP-SEALED-KIND", "%s holds a sealed %s; it is for a %s", field,
                     have, want);
}

enum qp_code qp_job_party(struct qp_job *job, const char *party, Qp__PartyState **record)
{
    struct qp_state_key key = qp_state_key_text(QP_STATE_PARTY, party);
    enum qp_code rc = qp_job_get(job, &key, &qp_rule_party_state, record);
    if (rc == QP_OK && *record == NULL) {
        return qp_refuse(job->err, "QP-PARTY-UNKNOWN", "no party %s is enrolled", party);
    }
    return rc;
}

/* Does one come before two in the log? */
static bool place_before(const Qp__EventPlace *one, const Qp__EventPlace *two)
{
    return one->index < two->index || (one->index == two->index && one->position < two->position);
}

static enum qp_code get_rule_set(struct qp_job *job, uint32_t ordinal, Qp__RuleSetState **record)
{
    struct qp_rule_memo *memo = job->context->memo;
    struct qp_state_key key = qp_state_key_rule_set(ordinal);
    return memo != NULL ? qp_memo_read(&memo->rule_sets, job->state, &key, &qp_rule_rule_set_state,
                                       record, job->err)
                        : qp_job_get(job, &key, &qp_rule_rule_set_state, record);
}

static bool is_in_force(const struct qp_job *job, const Qp__RuleSetState *record)
{
    return record->rules->effective_from_ms <= job->event->occurred_ms &&
           place_before(record->published, &job->place);
}

/* A rule set may begin in the past, and an event is judged only once, so the past is judged by what
 * was published when it was admitted: voiding takes back exactly what was counted.
 *
 * Both halves of is_in_force hold for every rule set before one for which they hold, since each
 * begins after the one before it. So the newest is found by halving. */
enum qp_code qp_job_rule_set(struct qp_job *job, const Qp__RuleSetPublished **found)
{
    Qp__RuleSetState *record = NULL;
    enum qp_code rc = get_rule_set(job, 0, &record);
    if (rc != QP_OK) {
        return rc;
    }
    uint32_t best = 0;
    uint32_t low = 1;
    uint32_t high = record == NULL ? 0 : record->ordinal;
    if (record != NULL && is_in_force(job, record)) {
        *found = record->rules;
        return QP_OK;
    }
    while (low < high) { /* ordinals below low are in force, those from high on are not */
        uint32_t middle = low + (high - low) / 2;
        rc = get_rule_set(job, middle, &record);
        if (rc != QP_OK) {
            return rc;
        }
        if (record != NULL && is_in_force(job, record)) {
            best = middle;
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (best == 0) {
        char when[QP_TIME_TEXT_BYTES];
        qp_date_format(when, job->event->occurred_ms);
        return qp_refuse(job->err, "QP-RULESET-NONE",
                         "no rule set is in force on %s; the operator publishes one", when);
    }
    rc = get_rule_set(job, best, &record); /* what was read before it may be gone */
    if (rc == QP_OK) {
        *found = record->rules;
    }
    return rc;
}

enum qp_code qp_rules_in_force(const struct qp_rule_context *context, uint64_t occurred_ms,
                               struct qp_state *state, const Qp__RuleSetPublished **found,
                               struct qp_err *err)
{
    Qp__Event event = QP__EVENT__INIT;
    struct qp_err reason;
    qp_err_init(&reason);
    event.occurred_ms = occurred_ms;
    QP_ASSERT(context->memo != NULL);
    struct qp_job job = make_job(context, &event, state, NULL, &reason);
    *found = NULL;
    enum qp_code rc = qp_job_rule_set(&job, found);
    if (rc == QP_E_REFUSED) {
        return QP_OK;
    }
    if (rc != QP_OK && err != NULL) {
        *err = reason;
    }
    return rc;
}

const Qp__ConversionFactor *qp_rules_factor(const Qp__RuleSetPublished *published,
                                            Qp__Commodity commodity, Qp__Form from, Qp__Form to)
{
    for (size_t i = 0; i < published->n_factors; i++) {
        const Qp__ConversionFactor *factor = published->factors[i];
        if (factor->commodity == commodity && factor->from == from && factor->to == to) {
            return factor;
        }
    }
    return NULL;
}

const Qp__YieldCap *qp_rules_yield_cap(const Qp__RuleSetPublished *published,
                                       Qp__Commodity commodity)
{
    for (size_t i = 0; i < published->n_yield_caps; i++) {
        if (published->yield_caps[i]->commodity == commodity) {
            return published->yield_caps[i];
        }
    }
    return NULL;
}

void qp_form_name(char text[40], Qp__Form form)
{
    qp_enum_name(text, &qp__form__descriptor, (int)form);
}
