/* Links: how an event leads from one thing of the graph to the next. */
#ifndef QP_TRACE_LINK_H
#define QP_TRACE_LINK_H

#include "trace/source.h"

/* Reads events, one after the other. */
struct qp_links {
    const struct qp_trace_source *source;
    struct qp_arena scratch;
    struct qp_buf bytes;
};

/* source: borrowed until wipe. */
void qp_links_init(struct qp_links *links, const struct qp_trace_source *source);
void qp_links_wipe(struct qp_links *links);
/* An event of which a record or an edge tells the place; it lives until the next one is read.
 * QP_E_STORE when it is not there. */
enum qp_code qp_links_event(struct qp_links *links, uint64_t index, uint32_t position,
                            const Qp__Event **event, struct qp_err *err) QP_MUST_USE;
/* The statement of an entry; it lives as an event does. */
enum qp_code qp_links_statement(struct qp_links *links, uint64_t index,
                                const Qp__Statement **statement, struct qp_err *err) QP_MUST_USE;
/* The entry from which on what the key signed is in doubt: because it was reported stolen from
 * there on, or because it told two histories that part there. UINT64_MAX: none. */
enum qp_code qp_links_doubt(struct qp_links *links, const struct qp_public_key *key,
                            const Qp__KeyState *record, uint64_t *since,
                            struct qp_err *err) QP_MUST_USE;

/* What an event connects a thing with. */
struct qp_link {
    enum qp_state_kind kind;
    const char *id;       /* borrowed from the event */
    uint64_t drawn_grams; /* from the one of the two that is nearer the plot */
};
typedef enum qp_code qp_link_each(void *context, const struct qp_link *link, struct qp_err *err);

/* Does the edge of a producer, plot or lot lead to what was made of it? */
bool qp_link_leads_down(const struct qp_edge_place *place);
/* What the event made of the producer, plot or lot `id`. Its parts in the event add up, if it is
 * named twice. */
enum qp_code qp_link_down(const Qp__Event *event, const char *id, qp_link_each *each, void *context,
                          struct qp_err *err) QP_MUST_USE;
/* What the lot or shipment that the event made was made of. */
enum qp_code qp_link_up(const Qp__Event *event, qp_link_each *each, void *context,
                        struct qp_err *err) QP_MUST_USE;

/* Does a certificate speak for goods that were made or sent at this time? Who holds it is not
 * asked. */
bool qp_certificate_covers(const Qp__CertificateState *certificate, Qp__Commodity commodity,
                           uint64_t time_ms);
/* "held", "handed", "recalled", "voided". */
const char *qp_lot_status_name(Qp__LotStatus status);

#endif
