/* A season in miniature: keys from fixed seeds, events of every usual kind with sealed contents,
 * and submission records signed over them. Add events, then sign them as one statement.
 *
 * Everything is fixed, so two seasons give the same bytes. Fails the test on any error. */
#ifndef QP_TESTS_SEASON_H
#define QP_TESTS_SEASON_H

#include "test.h"

#include <quipu/key.h>
#include <quipu/merkle.h>

#include "core/alloc.h"
#include "wire/wire.h"

#define SEASON_SEALED_MAX 128
#define SEASON_NOW_MS UINT64_C(1780000000000) /* 2026-05-28 */
#define SEASON_ORIGIN "ledger.example.pe/2026"

struct season_issuer {
    const char *party;
    struct qp_key *key;
    struct qp_public_key public_key;
    uint64_t sequence; /* of the next statement */
    struct qp_hash previous;
};

struct season {
    struct qp_hash ledger_id;
    struct qp_key *log_key;
    struct season_issuer operator_;
    struct season_issuer coop;
    struct season_issuer exporter;
    struct qp_arena arena;
    uint64_t count; /* of nonces and salts */
    ProtobufCBinaryData events[QP_EVENTS_MAX];
    size_t event_count;
    Qp__SealedContent *sealed[SEASON_SEALED_MAX]; /* of the events that wait to be signed */
    size_t sealed_count;
    bool withhold;     /* sign without the sealed contents */
    uint32_t given_up; /* the next statement says so; the test sets the issuer's `previous` */
};

static inline void season_issuer_init(struct season_issuer *issuer, const char *party, uint8_t seed)
{
    struct qp_seed bytes = {{seed, 1}};
    *issuer = (struct season_issuer){.party = party};
    assert_ok(qp_key_from_seed(&bytes, &issuer->key, err));
    qp_key_public(issuer->key, &issuer->public_key);
}

static inline void season_init(struct season *season)
{
    struct qp_seed seed = {{9, 9}};
    *season = (struct season){.count = 0};
    assert_ok(qp_init(err));
    assert_ok(qp_key_from_seed(&seed, &season->log_key, err));
    season_issuer_init(&season->operator_, "ministry", 1);
    season_issuer_init(&season->coop, "coop-norte", 2);
    season_issuer_init(&season->exporter, "cafe-export", 3);
    qp_arena_init(&season->arena, 0);
}

static inline void season_wipe(struct season *season)
{
    qp_key_free(season->log_key);
    qp_key_free(season->operator_.key);
    qp_key_free(season->coop.key);
    qp_key_free(season->exporter.key);
    qp_arena_wipe(&season->arena);
}

/* Bytes of an array as protobuf-c wants them. */
static inline ProtobufCBinaryData season_bytes(const void *bytes, size_t len)
{
    return qp_bytes_span(qp_span_of(bytes, len));
}

static inline void *season_new(struct season *season, size_t size)
{
    void *block = qp_arena_alloc_zero(&season->arena, 1, size);
    assert_non_null(block);
    return block;
}

/* Encode the event and let it wait for season_sign. */
static inline void season_add(struct season *season, Qp__Event *event)
{
    uint8_t nonce[16] = {0};
    struct qp_buf out = {0};
    qp_store_be64(nonce, ++season->count);
    event->nonce = season_bytes(nonce, sizeof nonce);
    if (event->occurred_ms == 0) {
        event->occurred_ms = SEASON_NOW_MS;
    }
    assert_ok(qp_wire_encode(&qp_rule_event, event, &season->arena, &out, err));
    uint8_t *copy = qp_arena_alloc(&season->arena, out.len);
    assert_non_null(copy);
    memcpy(copy, out.data, out.len);
    assert_true(season->event_count < QP_EVENTS_MAX);
    season->events[season->event_count++] = season_bytes(copy, out.len);
    qp_buf_wipe(&out);
}

/* A commitment; the content waits for season_sign as well. */
static inline Qp__Sealed *season_seal(struct season *season, Qp__SealedKind kind,
                                      struct qp_span content)
{
    Qp__Sealed *sealed = season_new(season, sizeof *sealed);
    Qp__SealedContent *full = season_new(season, sizeof *full);
    struct qp_salt *salt = season_new(season, sizeof *salt);
    struct qp_hash *commitment = season_new(season, sizeof *commitment);
    qp_store_be64(salt->bytes, ++season->count);
    qp_hash_sealed(commitment, salt, content);
    qp__sealed__init(sealed);
    qp__sealed_content__init(full);
    sealed->commitment = qp_hash_bytes(commitment);
    sealed->kind = kind;
    sealed->length = (uint32_t)content.len;
    full->salt = season_bytes(salt->bytes, sizeof salt->bytes);
    full->content = qp_bytes_span(content);
    assert_true(season->sealed_count < SEASON_SEALED_MAX);
    season->sealed[season->sealed_count++] = full;
    return sealed;
}

/* The waiting events as one statement, its record appended to out. */
static inline void season_sign(struct season *season, struct season_issuer *issuer,
                               struct qp_buf *out)
{
    Qp__Statement statement = QP__STATEMENT__INIT;
    Qp__Submission submission = QP__SUBMISSION__INIT;
    struct qp_hash *ids = qp_arena_alloc_zero(&season->arena, season->event_count, sizeof *ids);
    struct qp_hash root;
    struct qp_signature signature;
    struct qp_buf bytes = {0};
    assert_non_null(ids);
    for (size_t i = 0; i < season->event_count; i++) {
        qp_hash_leaf(&ids[i], qp_span_bytes(season->events[i]));
    }
    qp_merkle_root(ids, season->event_count, &root);
    statement.format = 1;
    statement.ledger_id = qp_hash_bytes(&season->ledger_id);
    statement.algorithm = QP__ALGORITHM__ALGORITHM_ED25519;
    statement.issuer = season_bytes(issuer->public_key.bytes, sizeof issuer->public_key.bytes);
    statement.sequence = issuer->sequence;
    statement.previous = qp_hash_bytes(&issuer->previous);
    statement.issued_ms = SEASON_NOW_MS;
    statement.event_count = (uint32_t)season->event_count;
    statement.event_root = qp_hash_bytes(&root);
    statement.given_up = season->given_up;
    assert_ok(qp_wire_encode(&qp_rule_statement, &statement, &season->arena, &bytes, err));
    assert_ok(qp_sign(issuer->key, qp_span_text(QP_STATEMENT_DOMAIN), qp_span_buf(&bytes),
                      &signature, err));
    submission.statement = qp_bytes_span(qp_span_buf(&bytes));
    submission.signature = season_bytes(signature.bytes, sizeof signature.bytes);
    submission.n_events = season->event_count;
    submission.events = season->events;
    submission.n_sealed = season->withhold ? 0 : season->sealed_count;
    submission.sealed = season->sealed;
    assert_ok(qp_submission_encode(&submission, &season->arena, out, err));
    qp_hash_statement(&issuer->previous, qp_span_buf(&bytes));
    issuer->sequence++;
    season->given_up = 0;
    qp_buf_wipe(&bytes);
    season->event_count = 0;
    season->sealed_count = 0;
    qp_arena_reset(&season->arena);
}

/* ---- Events ---- */

static inline void season_party(Qp__PartyEnrolled *party, const struct season_issuer *issuer,
                                Qp__Role *role)
{
    qp__party_enrolled__init(party);
    party->party = (char *)(uintptr_t)issuer->party;
    party->legal_name = (char *)(uintptr_t) "A Party of the Trade S.A.";
    party->country = (char *)(uintptr_t) "PE";
    party->n_roles = 1;
    party->roles = role;
    party->key = season_bytes(issuer->public_key.bytes, sizeof issuer->public_key.bytes);
}

/* The record that opens the ledger; sets ledger_id. */
static inline void season_open(struct season *season, struct qp_buf *out)
{
    Qp__Event event = QP__EVENT__INIT;
    Qp__LedgerOpened body = QP__LEDGER_OPENED__INIT;
    Qp__PartyEnrolled party;
    Qp__Role role = QP__ROLE__ROLE_OPERATOR;
    struct qp_public_key log_key;
    qp_key_public(season->log_key, &log_key);
    season_party(&party, &season->operator_, &role);
    body.origin = (char *)(uintptr_t)SEASON_ORIGIN;
    body.name = (char *)(uintptr_t) "Season of the tests";
    body.operator_ = &party;
    body.log_key = season_bytes(log_key.bytes, sizeof log_key.bytes);
    event.body_case = QP__EVENT__BODY_LEDGER_OPENED;
    event.ledger_opened = &body;
    season_add(season, &event);
    qp_hash_leaf(&season->ledger_id, qp_span_bytes(season->events[0]));
    season_sign(season, &season->operator_, out);
}

static inline void season_enrol(struct season *season, const struct season_issuer *issuer,
                                Qp__Role role)
{
    Qp__Event event = QP__EVENT__INIT;
    Qp__PartyEnrolled party;
    season_party(&party, issuer, &role);
    event.body_case = QP__EVENT__BODY_PARTY_ENROLLED;
    event.party_enrolled = &party;
    season_add(season, &event);
}

static inline void season_rules(struct season *season)
{
    Qp__Event event = QP__EVENT__INIT;
    Qp__RuleSetPublished body = QP__RULE_SET_PUBLISHED__INIT;
    body.rule_set = (char *)(uintptr_t) "pe-2026";
    body.version = 1;
    body.effective_from_ms = SEASON_NOW_MS - UINT64_C(86400000) * 365;
    body.cut_off_ms = UINT64_C(1609459199000);
    body.point_area_max_m2 = 40000;
    body.transfer_tolerance_ppm = 5000;
    body.harvest_age_days = 730;
    body.area_tolerance_ppm = 100000;
    event.body_case = QP__EVENT__BODY_RULE_SET_PUBLISHED;
    event.rule_set_published = &body;
    season_add(season, &event);
}

static inline void season_producer(struct season *season, const char *id)
{
    Qp__Event event = QP__EVENT__INIT;
    Qp__ProducerRegistered body = QP__PRODUCER_REGISTERED__INIT;
    Qp__Producer person = QP__PRODUCER__INIT;
    struct qp_buf *content = season_new(season, sizeof *content);
    person.name = (char *)(uintptr_t) "Rosa Quispe";
    person.document = (char *)(uintptr_t) "12345678";
    assert_ok(qp_wire_encode(&qp_rule_producer, &person, &season->arena, content, err));
    uint8_t *copy = qp_arena_alloc(&season->arena, content->len);
    assert_non_null(copy);
    memcpy(copy, content->data, content->len);
    body.producer = (char *)(uintptr_t)id;
    body.identity =
        season_seal(season, QP__SEALED_KIND__SEALED_KIND_PRODUCER, qp_span_of(copy, content->len));
    qp_buf_wipe(content);
    event.body_case = QP__EVENT__BODY_PRODUCER_REGISTERED;
    event.producer_registered = &body;
    season_add(season, &event);
}

static inline void season_plot(struct season *season, const char *id, const char *producer)
{
    static const uint8_t point[10] = {1, 1, 0xd2, 0x4a, 0x6f, 0x80, 0xfc, 0x74, 0x4a, 0x00};
    Qp__Event event = QP__EVENT__INIT;
    Qp__PlotRegistered body = QP__PLOT_REGISTERED__INIT;
    Qp__Commodity coffee = QP__COMMODITY__COMMODITY_COFFEE;
    body.plot = (char *)(uintptr_t)id;
    body.producer = (char *)(uintptr_t)producer;
    body.n_commodities = 1;
    body.commodities = &coffee;
    body.country = (char *)(uintptr_t) "PE";
    body.region = (char *)(uintptr_t) "PE-SAM";
    body.area_m2 = 20000;
    body.geometry_kind = QP__GEOMETRY_KIND__GEOMETRY_KIND_POINT;
    body.geometry =
        season_seal(season, QP__SEALED_KIND__SEALED_KIND_GEOMETRY, qp_span_of(point, sizeof point));
    body.tenure = QP__TENURE_KIND__TENURE_KIND_POSSESSION;
    body.tenure_evidence = QP__EVIDENCE_LEVEL__EVIDENCE_LEVEL_DECLARED;
    event.body_case = QP__EVENT__BODY_PLOT_REGISTERED;
    event.plot_registered = &body;
    season_add(season, &event);
}

static inline void season_lot(struct season *season, const char *id, const char *plot,
                              uint64_t grams)
{
    Qp__Event event = QP__EVENT__INIT;
    Qp__LotHarvested body = QP__LOT_HARVESTED__INIT;
    Qp__Quantity quantity = QP__QUANTITY__INIT;
    Qp__HarvestOrigin origin = QP__HARVEST_ORIGIN__INIT;
    Qp__HarvestOrigin *origins[1] = {&origin};
    quantity.grams = grams;
    origin.plot = (char *)(uintptr_t)plot;
    origin.grams = grams;
    body.lot = (char *)(uintptr_t)id;
    body.commodity = QP__COMMODITY__COMMODITY_COFFEE;
    body.form = QP__FORM__FORM_CHERRY;
    body.quantity = &quantity;
    body.n_origins = 1;
    body.origins = origins;
    body.harvest_from_ms = SEASON_NOW_MS - UINT64_C(86400000) * 3;
    body.harvest_to_ms = SEASON_NOW_MS - UINT64_C(86400000);
    body.crop_year = 2026;
    event.body_case = QP__EVENT__BODY_LOT_HARVESTED;
    event.lot_harvested = &body;
    season_add(season, &event);
}

/* A paper about a plot, sealed. content: borrowed until it is signed. */
static inline void season_document(struct season *season, const char *plot, struct qp_span content)
{
    Qp__Event event = QP__EVENT__INIT;
    Qp__DocumentAttached body = QP__DOCUMENT_ATTACHED__INIT;
    Qp__Subject subject = QP__SUBJECT__INIT;
    subject.kind = QP__SUBJECT_KIND__SUBJECT_KIND_PLOT;
    subject.id = (char *)(uintptr_t)plot;
    body.subject = &subject;
    body.title = (char *)(uintptr_t) "A paper, scanned";
    body.evidence = QP__EVIDENCE_LEVEL__EVIDENCE_LEVEL_DOCUMENTED;
    body.document = season_seal(season, QP__SEALED_KIND__SEALED_KIND_DOCUMENT, content);
    event.body_case = QP__EVENT__BODY_DOCUMENT_ATTACHED;
    event.document_attached = &body;
    season_add(season, &event);
}

/* What comes before the first harvest, as three records: parties and rules; producers; plots. */
static inline void season_begin(struct season *season, unsigned plots, struct qp_buf *out)
{
    char producer[32];
    char plot[32];
    season_enrol(season, &season->coop, QP__ROLE__ROLE_COOPERATIVE);
    season_enrol(season, &season->exporter, QP__ROLE__ROLE_EXPORTER);
    season_rules(season);
    season_sign(season, &season->operator_, out);
    for (unsigned i = 0; i < plots; i++) {
        snprintf(producer, sizeof producer, "coop-norte/F%05u", i);
        season_producer(season, producer);
    }
    season_sign(season, &season->coop, out);
    for (unsigned i = 0; i < plots; i++) {
        snprintf(producer, sizeof producer, "coop-norte/F%05u", i);
        snprintf(plot, sizeof plot, "coop-norte/P%05u", i);
        season_plot(season, plot, producer);
    }
    season_sign(season, &season->coop, out);
}

/* `count` statements of one harvest each, lots numbered from `first`; plots as in season_begin. */
static inline void season_harvests(struct season *season, unsigned first, unsigned count,
                                   unsigned plots, struct qp_buf *out)
{
    char lot[32];
    char plot[32];
    for (unsigned i = first; i < first + count; i++) {
        snprintf(lot, sizeof lot, "coop-norte/L%07u", i);
        snprintf(plot, sizeof plot, "coop-norte/P%05u", i % plots);
        season_lot(season, lot, plot, 50000 + i % 1000);
        season_sign(season, &season->coop, out);
    }
}

#endif
