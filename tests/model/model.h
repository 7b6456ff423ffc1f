/* The rules of SPEC.md, section 16, a second time: slow, small, and written from the text alone.
 *
 * Everything stands in plain arrays that are searched from the front. Nothing of the library's
 * rules is used; of the product only the generated structs of the events. Judging an event first
 * checks all of it and then changes the model, so a refusal changes nothing.
 *
 * Events are borrowed for as long as the model lives: its records point into them. */
#ifndef QP_TESTS_MODEL_MODEL_H
#define QP_TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <quipu/v1/event.pb-c.h>

/* Exact products: 10^15 grams times 10^12. */
__extension__ typedef unsigned __int128 model_wide;

#define MODEL_NUMBER_MAX UINT64_C(9007199254740991)
#define MODEL_DAY_MS UINT64_C(86400000)

struct model_place {
    uint64_t index;
    uint32_t position;
};

struct model_party {
    const Qp__PartyEnrolled *body;
    bool suspended;
    struct model_place enrolled;
};

struct model_key {
    const uint8_t *bytes; /* 32 */
    const char *party;
    struct model_place since;
    bool ended;
    struct model_place until;
    uint64_t doubt_from; /* 0: none */
    bool forked;
    uint64_t forked_sequence;
};

struct model_producer {
    const char *id;
    const char *party;
    struct model_place registered;
};

struct model_plot {
    const Qp__PlotRegistered *body;
    const char *party;
    struct model_place registered;
    bool withdrawn;
    struct model_place withdrawn_at;
    Qp__AssessmentOutcome outcome; /* 0: never assessed */
    struct model_place assessed_at;
    bool lost;
    struct model_place lost_at;
};

struct model_harvest {
    const char *plot;
    Qp__Commodity commodity;
    uint32_t crop_year;
    uint64_t grams; /* in the form of the cap */
};

struct model_amount {
    uint64_t grams;
    uint64_t pieces;
};

enum model_status { MODEL_HELD = 1, MODEL_HANDED, MODEL_RECALLED, MODEL_VOIDED };

struct model_lot {
    const char *id;
    Qp__Commodity commodity;
    Qp__Form form;
    Qp__OutputKind origin; /* UNSPECIFIED: a harvest */
    struct model_amount made;
    struct model_amount balance;
    const char *owner;
    const char *holder;
    enum model_status status;
    const char *handed_to;
    Qp__TransferKind handed_kind;
    struct model_amount handed;
    struct model_place handed_at;
    struct model_place created;
    uint32_t uses;
    uint64_t shrunk_grams;
    uint64_t made_ms;
};

struct model_certificate {
    const Qp__CertificateIssued *body;
    const char *party;
    struct model_place issued;
    bool withdrawn;
    struct model_place withdrawn_at;
};

#define MODEL_CONTAINERS 100

struct model_shipment {
    const Qp__ShipmentDispatched *body;
    const char *exporter;
    struct model_amount sum;
    bool gated[MODEL_CONTAINERS];
    bool loaded[MODEL_CONTAINERS];
    struct model_place dispatched;
    bool received;
    struct model_place received_at;
};

struct model_rule_set {
    const Qp__RuleSetPublished *body;
    struct model_place published;
};

/* An event that was admitted, as a voiding names it. */
struct model_past {
    const uint8_t *issuer; /* 32 */
    uint64_t sequence;
    const uint8_t *id; /* 32 */
    struct model_place place;
    const Qp__Event *event;
};

/* What of a statement a fork proof rests on. */
struct model_statement {
    uint8_t ledger_id[32];
    uint8_t issuer[32];
    uint64_t sequence;
};

#define MODEL_LIST(type, name)                                                                     \
    struct {                                                                                       \
        struct type *at;                                                                           \
        size_t count;                                                                              \
        size_t room;                                                                               \
    } name

struct model {
    MODEL_LIST(model_party, parties);
    MODEL_LIST(model_key, keys);
    MODEL_LIST(model_producer, producers);
    MODEL_LIST(model_plot, plots);
    MODEL_LIST(model_harvest, harvests);
    MODEL_LIST(model_lot, lots);
    MODEL_LIST(model_certificate, certificates);
    MODEL_LIST(model_shipment, shipments);
    MODEL_LIST(model_rule_set, rule_sets);
    MODEL_LIST(model_past, past);
    const uint8_t *ledger_id; /* 32; NULL: not opened */
    unsigned warnings;        /* plots that were taken over what is usual (ledger.proto) */
    /* What is none of the rules' business is asked of others. Can nobody own this key (section 6)?
     */
    bool (*weak)(const uint8_t key[32]);
    /* False when the bytes are no statement. */
    bool (*read_statement)(const uint8_t *bytes, size_t len, struct model_statement *statement);
    bool (*signed_by)(const uint8_t key[32], const uint8_t *bytes, size_t len,
                      const uint8_t signature[64]);
};

/* What the log knows about an event besides the event. */
struct model_context {
    const uint8_t *issuer; /* 32; borrowed as events are */
    uint64_t sequence;     /* of the statement */
    const uint8_t *id;     /* 32; the event's; borrowed */
    struct model_place place;
    uint64_t admitted_ms;
};

/* The three questions are set by the caller. */
void model_init(struct model *model);
void model_free(struct model *model);
/* `to` becomes what `from` is; both were made by model_init. */
void model_copy(struct model *to, const struct model *from);

/* NULL: the event happened. Else the code of the first rule against it. */
const char *model_apply(struct model *model, const struct model_context *context,
                        const Qp__Event *event);

/* Look-ups; NULL where there is none. */
struct model_party *model_find_party(const struct model *model, const char *name);
struct model_key *model_find_key(const struct model *model, const uint8_t key[32]);
struct model_producer *model_find_producer(const struct model *model, const char *id);
struct model_plot *model_find_plot(const struct model *model, const char *id);
struct model_harvest *model_find_harvest(const struct model *model, const char *plot,
                                         Qp__Commodity commodity, uint32_t crop_year);
struct model_lot *model_find_lot(const struct model *model, const char *id);
struct model_certificate *model_find_certificate(const struct model *model, const char *id);
struct model_shipment *model_find_shipment(const struct model *model, const char *id);
/* The rule set in force for an event of that time, of those published before `place`. */
const Qp__RuleSetPublished *model_rules_in_force(const struct model *model, uint64_t occurred_ms,
                                                 const struct model_place *place);
const Qp__YieldCap *model_cap(const Qp__RuleSetPublished *rules, Qp__Commodity commodity);
const Qp__ConversionFactor *model_factor(const Qp__RuleSetPublished *rules, Qp__Commodity commodity,
                                         Qp__Form from, Qp__Form to);
bool model_has_role(const struct model_party *party, Qp__Role role);

#endif
