/* What the model's files share: the event under judgement, and the tests on it that several rows of
 * the table need. Each is false when it has refused
 * the event. */
#ifndef QP_TESTS_MODEL_MODEL_PRIV_H
#define QP_TESTS_MODEL_MODEL_PRIV_H

#include "model/model.h"

#define ROLE(name) (1U << QP__ROLE__ROLE_##name)
#define BUYERS (ROLE(COOPERATIVE) | ROLE(PRODUCER) | ROLE(PROCESSOR) | ROLE(EXPORTER))
#define HANDS (BUYERS | ROLE(CARRIER) | ROLE(WAREHOUSE) | ROLE(TERMINAL) | ROLE(IMPORTER))
#define CHECKERS (ROLE(INSPECTOR) | ROLE(CERTIFIER) | ROLE(AUTHORITY))

struct judged {
    struct model *model;
    const struct model_context *context;
    const Qp__Event *event;
    const struct model_party *issuer;
    const char *party; /* the issuer's name */
    const char *code;  /* of the refusal */
};

/* The rule with this code forbids the event: false, so that a row can end with it. */
bool refuse(struct judged *job, const char *code);

/* A new element at the end, zeroed. */
#define ADD(list)                                                                                  \
    (model_grow((void **)&(list).at, &(list).count, &(list).room, sizeof *(list).at),              \
     &(list).at[(list).count - 1])
void model_grow(void **at, size_t *count, size_t *room, size_t size);

bool same(const char *a, const char *b);
bool same_key(const uint8_t *a, const uint8_t *b);
bool before(const struct model_place *a, const struct model_place *b);
bool has_any(const struct model_party *party, uint32_t roles);
struct model_amount amount(const Qp__Quantity *quantity);

bool named_by(const char *id, const char *party);

bool own_name(struct judged *job, const char *id);
bool not_empty(struct judged *job, const Qp__Quantity *quantity);
bool sealed_as(struct judged *job, const Qp__Sealed *sealed, Qp__SealedKind kind);
/* As "Lots" of section 16 defines them; *lot is set when they are true. */
bool alive(struct judged *job, const char *id, struct model_lot **lot);
bool free_(struct judged *job, const char *id, struct model_lot **lot);
bool free_and_held(struct judged *job, const char *id, struct model_lot **lot);
/* Whatever stands in the event from outside has its form. */
bool forms_hold(struct judged *job);
bool waste(const struct model_lot *lot);
bool rules_now(struct judged *job, const Qp__RuleSetPublished **rules);
/* Grams of a harvest as they count against the cap. */
bool yield_grams(struct judged *job, const Qp__RuleSetPublished *rules,
                 const Qp__LotHarvested *body, uint64_t grams, uint64_t *counted);

/* The rows. */
bool row_ledger_opened(struct judged *job);
bool row_rule_set_published(struct judged *job);
bool row_party_enrolled(struct judged *job);
bool row_party_suspended(struct judged *job);
bool row_key_added(struct judged *job);
bool row_key_rotated(struct judged *job);
bool row_key_revoked(struct judged *job);
bool row_key_forked(struct judged *job);
bool row_producer_registered(struct judged *job);
bool row_plot_registered(struct judged *job);
bool row_plot_assessed(struct judged *job);
bool row_plot_withdrawn(struct judged *job);
bool row_lot_harvested(struct judged *job);
bool row_lot_processed(struct judged *job);
bool row_lot_transferred(struct judged *job);
bool row_lot_received(struct judged *job);
bool row_lot_inspected(struct judged *job);
bool row_lot_recalled(struct judged *job);
bool row_certificate_issued(struct judged *job);
bool row_certificate_withdrawn(struct judged *job);
bool row_footprint_recorded(struct judged *job);
bool row_shipment_dispatched(struct judged *job);
bool row_shipment_gated_in(struct judged *job);
bool row_shipment_loaded(struct judged *job);
bool row_shipment_received(struct judged *job);
bool row_document_attached(struct judged *job);
bool row_event_voided(struct judged *job);

#endif
