/* A small ledger to act on: a state in memory, keys from fixed seeds, and events written as text.
 *
 * An event's body is JSON with three shorthands: ' stands for ", @name@ for the hexadecimal public
 * key of that name, and $kind for a whole Sealed of that kind. Every event goes the whole way:
 * JSON, message, bytes, strict decoder, rules. What is refused must leave the state as it was. */
#ifndef QP_TESTS_RULES_SCENE_H
#define QP_TESTS_RULES_SCENE_H

#include "test.h"

#include "rules/rules.h"
#include "rules/rules_priv.h"

struct scene_event {
    struct qp_public_key issuer;
    uint64_t sequence; /* the index of its entry: one event a statement here */
    uint8_t *bytes;
    size_t len;
};

struct scene {
    struct qp_state_map *map;
    struct qp_state state; /* the map, with the events beside it */
    struct qp_state below; /* of the map */
    struct qp_arena arena;
    struct qp_rule_memo memo;
    struct scene_event *events; /* by index */
    size_t event_count;
    struct qp_hash ledger_id; /* of the first event */
    uint64_t refused_count;
    const char *admitted; /* the log's clock; NULL: as the event is dated */
};

extern struct scene scene;

/* cmocka setup and teardown: a ledger that is opened, with parties, a rule set and plots. */
int scene_open(void **state);
int scene_close(void **state);
/* Empty: not even opened. */
int scene_open_empty(void **state);

struct qp_public_key scene_key(const char *name);
struct qp_key *scene_secret(const char *name); /* free it with qp_key_free */

/* Sign the body as `signer` (the name of a key), dated `when`; QP_OK or what the rules say. Fails
 * the test when the text is not an event. */
enum qp_code scene_act(const char *signer, const char *when, const char *body, struct qp_err *why);
/* Body bytes of an event made by the text, in the scene's arena until the next act. */
struct qp_span scene_event_bytes(const char *when, const char *body);

/* Remember an event that was accepted, so that it can be voided. */
void scene_keep(const struct qp_rule_context *context, struct qp_span bytes);

/* Accepted, or the test fails. */
void ok(const char *signer, const char *when, const char *format, ...) QP_PRINTF(3, 4);
/* Refused with exactly this code, and the state is what it was, or the test fails. */
void no(const char *code, const char *signer, const char *when, const char *format, ...)
    QP_PRINTF(4, 5);
/* Codes that no() has seen in this run. */
bool scene_seen(const char *code);

/* Everything in the state, one record after the other. */
void scene_snapshot(struct qp_buf *out);

/* The record, or NULL. Good until the next act. */
Qp__LotState *scene_lot(const char *id);
Qp__PlotState *scene_plot(const char *id);
Qp__ShipmentState *scene_shipment(const char *id);
/* Grams that the plot has yielded in the crop year, in the form of the cap. */
uint64_t scene_harvest(const char *plot, uint32_t crop_year);
uint64_t scene_grams(const char *lot);  /* left */
uint64_t scene_pieces(const char *lot); /* left */

/* The reference of the event accepted last, as JSON (with " for '). */
const char *scene_last(void);
/* A harvest by the party, of the plot, in cherry. */
void scene_harvested(const char *party, const char *lot, const char *plot, uint64_t grams);

#define DAY "2026-05-14"

#endif
