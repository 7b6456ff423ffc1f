/* What the files of this room share: the job of judging one event, and small helpers on it. */
#ifndef QP_RULES_RULES_PRIV_H
#define QP_RULES_RULES_PRIV_H

#include "rules/rules.h"

#define QP_ROLE(name) (1U << QP__ROLE__ROLE_##name)

/* Who can take goods into their hands. */
#define QP_ROLES_HANDS                                                                             \
    (QP_ROLE(COOPERATIVE) | QP_ROLE(PRODUCER) | QP_ROLE(PROCESSOR) | QP_ROLE(CARRIER) |            \
     QP_ROLE(WAREHOUSE) | QP_ROLE(EXPORTER) | QP_ROLE(TERMINAL) | QP_ROLE(IMPORTER))

/* Clocks at the first mile are off by hours, and dates are often whole days: an event may be dated
 * up to this much before the one it rests on. */
#define QP_RULES_SLACK_MS (UINT64_C(24) * 60 * 60 * 1000)

/* One event under judgement. */
struct qp_job {
    const struct qp_rule_context *context;
    const Qp__Event *event;
    struct qp_state *state;
    struct qp_arena *arena;
    struct qp_err *err;
    char party[32];               /* the issuer's */
    const Qp__PartyState *issuer; /* its record */
    Qp__EventPlace place;         /* of this event */
};

/* Names that stand in one list of an event, as many as the longest may have. Each is compared with
 * all before it, by a mark first: a list of 512 has 131,000 pairs. Set `count` to 0. */
#define QP_NAMES_MAX 512
struct qp_names {
    size_t count;
    uint32_t marks[QP_NAMES_MAX];
    const char *names[QP_NAMES_MAX];
};
/* False: it stands there already. */
bool qp_names_add(struct qp_names *names, const char *name);

/* Reading: *record is NULL where there is none. `kind` and `id` name the record. */
enum qp_code qp_job_get(struct qp_job *job, const struct qp_state_key *key,
                        const struct qp_message_rule *rule, void *record) QP_MUST_USE;
enum qp_code qp_job_put(struct qp_job *job, const struct qp_state_key *key,
                        const struct qp_message_rule *rule, const void *record) QP_MUST_USE;

/* Refuse unless the id begins with the issuer's party and '/': QP-NAME. */
enum qp_code qp_job_own_name(struct qp_job *job, const char *id) QP_MUST_USE;
bool qp_job_has_role(const struct qp_job *job, uint32_t roles);
uint32_t qp_party_roles(const Qp__PartyState *party);
/* Both zero is QP-MASS-EMPTY. */
enum qp_code qp_job_quantity(struct qp_job *job, const Qp__Quantity *quantity,
                             const char *what) QP_MUST_USE;
/* The event's identifiers from outside, each by itself: QP-PARTY-IDENTIFIER, QP-IDENTIFIER-GTIN,
 * QP-IDENTIFIER-SSCC, QP-IDENTIFIER-HS, QP-PLACE-COUNTRY, QP-PLACE-LOCODE, QP-PLOT-REGION. */
enum qp_code qp_job_forms(struct qp_job *job) QP_MUST_USE;
/* What of an event holds or not whatever the state is: QP-SHIPMENT-CONTAINER, QP-HARVEST-TIME. */
enum qp_code qp_job_containers(struct qp_job *job, const Qp__ShipmentDispatched *body) QP_MUST_USE;
enum qp_code qp_job_harvest_times(struct qp_job *job, const Qp__LotHarvested *body) QP_MUST_USE;
/* A commitment of another kind than the field is for: QP-SEALED-KIND. sealed may be NULL. */
enum qp_code qp_job_sealed(struct qp_job *job, const Qp__Sealed *sealed, Qp__SealedKind kind,
                           const char *field) QP_MUST_USE;
/* A party that is enrolled; QP-PARTY-UNKNOWN. */
enum qp_code qp_job_party(struct qp_job *job, const char *party,
                          Qp__PartyState **record) QP_MUST_USE;
/* The rule set in force when the event occurred, of those published before the job's place;
 * QP-RULESET-NONE. */
enum qp_code qp_job_rule_set(struct qp_job *job, const Qp__RuleSetPublished **rules) QP_MUST_USE;
/* The lot, which must exist; QP-LOT-UNKNOWN. */
enum qp_code qp_job_lot(struct qp_job *job, const char *id, Qp__LotState **lot) QP_MUST_USE;
/* The id of a new lot: named by the issuer (QP-NAME), and not there yet (QP-LOT-NEW). */
enum qp_code qp_job_new_lot(struct qp_job *job, const char *id) QP_MUST_USE;
/* The lot, held and free to use by the issuer: QP-LOT-HELD, QP-LOT-RECALLED, QP-LOT-VOIDED,
 * QP-TIME-ORDER. */
enum qp_code qp_job_held_lot(struct qp_job *job, const char *id, Qp__LotState **lot) QP_MUST_USE;
/* Draw a quantity from a held lot: QP-MASS-DRAW. Changes *lot; the caller puts it. */
enum qp_code qp_job_draw(struct qp_job *job, const char *id, Qp__LotState *lot,
                         const Qp__Quantity *quantity) QP_MUST_USE;
enum qp_code qp_job_put_lot(struct qp_job *job, const char *id,
                            const Qp__LotState *lot) QP_MUST_USE;
Qp__EventPlace *qp_job_place(struct qp_job *job);
void *qp_job_alloc(struct qp_job *job, size_t count,
                   size_t size_bytes); /* zeroed; NULL: no memory */
enum qp_code qp_job_no_memory(struct qp_job *job);

/* How the grams of a harvest count against the cap of its plots. */
struct qp_yield {
    const Qp__YieldCap *cap; /* NULL: the rule set has none for the commodity */
    uint64_t factor_ppm;
};
/* By the rule set in force; QP-RULESET-NONE, QP-MASS-FACTOR. */
enum qp_code qp_job_yield(struct qp_job *job, const Qp__LotHarvested *body,
                          struct qp_yield *yield) QP_MUST_USE;
/* In the form of the cap, rounded up: grains of sand must not pass uncounted. */
uint64_t qp_yield_grams(const struct qp_yield *yield, uint64_t grams);
/* Waste is no goods: QP-LOT-WASTE. */
enum qp_code qp_job_goods(struct qp_job *job, const char *id, const Qp__LotState *lot) QP_MUST_USE;

/* "green" for FORM_GREEN; text has room for 40. */
void qp_form_name(char text[40], Qp__Form form);

/* One function for each kind of event, in the table of rules.c. */
enum qp_code qp_judge_ledger_opened(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_rule_set_published(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_state_committed(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_party_enrolled(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_party_suspended(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_key_added(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_key_rotated(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_key_revoked(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_key_forked(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_producer_registered(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_plot_registered(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_plot_assessed(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_plot_withdrawn(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_lot_harvested(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_lot_processed(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_lot_transferred(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_lot_received(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_lot_inspected(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_lot_recalled(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_certificate_issued(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_certificate_withdrawn(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_footprint_recorded(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_shipment_dispatched(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_shipment_gated_in(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_shipment_loaded(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_shipment_received(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_document_attached(struct qp_job *job) QP_MUST_USE;
enum qp_code qp_judge_event_voided(struct qp_job *job) QP_MUST_USE;

#endif
