#include "trace/link.h"

#include "trace/shown.h"

#include <string.h>

void qp_links_init(struct qp_links *links, const struct qp_trace_source *source)
{
    *links = (struct qp_links){.source = source};
    qp_arena_init(&links->scratch, 0);
}

void qp_links_wipe(struct qp_links *links)
{
    qp_arena_wipe(&links->scratch);
    qp_buf_wipe(&links->bytes);
}

enum qp_code qp_links_event(struct qp_links *links, uint64_t index, uint32_t position,
                            const Qp__Event **event, struct qp_err *err)
{
    Qp__Event *decoded = NULL;
    links->bytes.len = 0;
    qp_arena_reset(&links->scratch);
    enum qp_code rc =
        links->source->event(links->source->context, index, position, &links->bytes, err);
    if (rc == QP_OK) {
        rc = qp_event_decode(qp_span_buf(&links->bytes), &links->scratch, &decoded, err);
    }
    if (rc == QP_E_NOT_FOUND || rc == QP_E_INPUT) {
        return qp_fail(err, QP_E_STORE, "event %u of entry %llu cannot be read; run quipu audit",
                       position, (unsigned long long)index);
    }
    *event = decoded;
    return rc;
}

enum qp_code qp_links_statement(struct qp_links *links, uint64_t index,
                                const Qp__Statement **statement, struct qp_err *err)
{
    Qp__Entry *entry = NULL;
    Qp__Statement *decoded = NULL;
    links->bytes.len = 0;
    qp_arena_reset(&links->scratch);
    enum qp_code rc = links->source->entry(links->source->context, index, &links->bytes, err);
    rc = rc == QP_OK ? qp_entry_decode(qp_span_buf(&links->bytes), &links->scratch, &entry, err)
                     : rc;
    rc = rc == QP_OK
             ? qp_statement_decode(qp_span_bytes(entry->statement), &links->scratch, &decoded, err)
             : rc;
    if (rc == QP_E_NOT_FOUND || rc == QP_E_INPUT) {
        return qp_fail(err, QP_E_STORE, "entry %llu cannot be read; run quipu audit",
                       (unsigned long long)index);
    }
    *statement = decoded;
    return rc;
}

/* ---- Keys in doubt ---- */

struct signed_list {
    uint64_t *list; /* free with qp_free */
    size_t count;
    size_t room;
};

static enum qp_code keep_signed(void *context, uint64_t index, struct qp_err *err)
{
    struct signed_list *entries = context;
    enum qp_code rc =
        qp_grow(&entries->list, entries->count, &entries->room, sizeof *entries->list, err);
    if (rc == QP_OK) {
        entries->list[entries->count++] = index;
    }
    return rc;
}

/* The first entry of the key whose statement has this sequence or a later one; what has it may have
 * been given up or never admitted. A key's entries stand in the order of their sequences. */
static enum qp_code find_sequence(struct qp_links *links, const struct qp_public_key *key,
                                  uint64_t sequence, uint64_t *index, struct qp_err *err)
{
    struct signed_list entries = {0};
    enum qp_code rc =
        links->source->signed_by(links->source->context, key, 0, keep_signed, &entries, err);
    size_t low = 0;
    size_t high = entries.count;
    while (rc == QP_OK && low < high) {
        const Qp__Statement *statement = NULL;
        size_t middle = low + (high - low) / 2;
        rc = qp_links_statement(links, entries.list[middle], &statement, err);
        if (rc == QP_OK && statement->sequence < sequence) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (rc == QP_OK) {
        *index = low < entries.count ? entries.list[low] : UINT64_MAX;
    }
    qp_free(entries.list);
    return rc;
}

enum qp_code qp_links_doubt(struct qp_links *links, const struct qp_public_key *key,
                            const Qp__KeyState *record, uint64_t *since, struct qp_err *err)
{
    uint64_t stolen = record->compromised_since_index;
    uint64_t forked = UINT64_MAX;
    enum qp_code rc = QP_OK;
    stolen = stolen == 0 ? UINT64_MAX : stolen;
    if (record->forked) {
        rc = find_sequence(links, key, record->forked_sequence, &forked, err);
    }
    if (rc == QP_OK) {
        *since = stolen < forked ? stolen : forked;
    }
    return rc;
}

/* ---- Down ---- */

bool qp_link_leads_down(const struct qp_edge_place *place)
{
    return (place->role == QP_EDGE_USES && (place->body == QP__EVENT__BODY_PLOT_REGISTERED ||
                                            place->body == QP__EVENT__BODY_LOT_HARVESTED)) ||
           (place->role == QP_EDGE_CONSUMES &&
            (place->body == QP__EVENT__BODY_LOT_PROCESSED ||
             place->body == QP__EVENT__BODY_SHIPMENT_DISPATCHED));
}

static enum qp_code down_process(const Qp__LotProcessed *body, const char *id, qp_link_each *each,
                                 void *context, struct qp_err *err)
{
    struct qp_link link = {.kind = QP_STATE_LOT};
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < body->n_inputs; i++) {
        bool same = strcmp(body->inputs[i]->lot, id) == 0;
        link.drawn_grams += same ? body->inputs[i]->quantity->grams : 0;
    }
    for (size_t i = 0; rc == QP_OK && i < body->n_outputs; i++) {
        link.id = body->outputs[i]->lot;
        rc = each(context, &link, err);
    }
    return rc;
}

enum qp_code qp_link_down(const Qp__Event *event, const char *id, qp_link_each *each, void *context,
                          struct qp_err *err)
{
    struct qp_link link = {.kind = QP_STATE_LOT};
    if (event->body_case == QP__EVENT__BODY_LOT_PROCESSED) {
        return down_process(event->lot_processed, id, each, context, err);
    }
    if (event->body_case == QP__EVENT__BODY_PLOT_REGISTERED) {
        link.kind = QP_STATE_PLOT;
        link.id = event->plot_registered->plot;
    } else if (event->body_case == QP__EVENT__BODY_LOT_HARVESTED) {
        const Qp__LotHarvested *body = event->lot_harvested;
        for (size_t i = 0; i < body->n_origins; i++) {
            bool same = strcmp(body->origins[i]->plot, id) == 0;
            link.drawn_grams += same ? body->origins[i]->grams : 0;
        }
        link.id = body->lot;
    } else if (event->body_case == QP__EVENT__BODY_SHIPMENT_DISPATCHED) {
        const Qp__ShipmentDispatched *body = event->shipment_dispatched;
        for (size_t i = 0; i < body->n_lots; i++) {
            bool same = strcmp(body->lots[i]->lot, id) == 0;
            link.drawn_grams += same ? body->lots[i]->quantity->grams : 0;
        }
        link.kind = QP_STATE_SHIPMENT;
        link.id = body->shipment;
    } else {
        return QP_OK;
    }
    return each(context, &link, err);
}

/* ---- Up ---- */

enum qp_code qp_link_up(const Qp__Event *event, qp_link_each *each, void *context,
                        struct qp_err *err)
{
    struct qp_link link = {.kind = QP_STATE_LOT};
    enum qp_code rc = QP_OK;
    if (event->body_case == QP__EVENT__BODY_LOT_HARVESTED) {
        const Qp__LotHarvested *body = event->lot_harvested;
        link.kind = QP_STATE_PLOT;
        for (size_t i = 0; rc == QP_OK && i < body->n_origins; i++) {
            link.id = body->origins[i]->plot;
            link.drawn_grams = body->origins[i]->grams;
            rc = each(context, &link, err);
        }
    } else if (event->body_case == QP__EVENT__BODY_LOT_PROCESSED) {
        const Qp__LotProcessed *body = event->lot_processed;
        for (size_t i = 0; rc == QP_OK && i < body->n_inputs; i++) {
            link.id = body->inputs[i]->lot;
            link.drawn_grams = body->inputs[i]->quantity->grams;
            rc = each(context, &link, err);
        }
    } else if (event->body_case == QP__EVENT__BODY_SHIPMENT_DISPATCHED) {
        const Qp__ShipmentDispatched *body = event->shipment_dispatched;
        for (size_t i = 0; rc == QP_OK && i < body->n_lots; i++) {
            link.id = body->lots[i]->lot;
            link.drawn_grams = body->lots[i]->quantity->grams;
            rc = each(context, &link, err);
        }
    }
    return rc;
}

bool qp_certificate_covers(const Qp__CertificateState *certificate, Qp__Commodity commodity,
                           uint64_t time_ms)
{
    if (time_ms < certificate->valid_from_ms || time_ms > certificate->valid_to_ms) {
        return false;
    }
    for (size_t i = 0; i < certificate->n_commodities; i++) {
        if (certificate->commodities[i] == commodity) {
            return true;
        }
    }
    return false;
}

/* ---- Words ---- */

const char *qp_lot_status_name(Qp__LotStatus status)
{
    switch (status) {
    case QP__LOT_STATUS__LOT_STATUS_HANDED:
        return "handed";
    case QP__LOT_STATUS__LOT_STATUS_RECALLED:
        return "recalled";
    case QP__LOT_STATUS__LOT_STATUS_VOIDED:
        return "voided";
    default:
        return "held";
    }
}
