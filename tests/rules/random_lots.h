/* Random lot events that are mostly possible: about lots that there are, by who has them, of
 * weights that are right or just beside. */
#ifndef QP_TESTS_RULES_RANDOM_LOTS_H
#define QP_TESTS_RULES_RANDOM_LOTS_H

#include "rules/scene.h"

#include "core/check.h"

#define LOTS_MAX 4000
#define HELD QP__LOT_STATUS__LOT_STATUS_HELD
#define HANDED QP__LOT_STATUS__LOT_STATUS_HANDED
#define MILLION UINT64_C(1000000)

__extension__ typedef unsigned __int128 wide;

/* Best that a gram of each form can become in green coffee, in parts per 10^12, under the scene's
 * rule set: cherry to parchment 0.2 and 10 %, parchment to green 0.8 and 5 %, cherry to green 0.18
 * and 2 %. */
static inline uint64_t worth(Qp__Form form)
{
    switch (form) {
    case QP__FORM__FORM_GREEN:
        return MILLION * MILLION;
    case QP__FORM__FORM_PARCHMENT:
        return 840000 * MILLION;
    case QP__FORM__FORM_CHERRY:
        return 184800 * MILLION; /* by parchment, which beats 0.1836 */
    default:
        return 0;
    }
}

static const char *const parties[] = {"norte", "sur", "mill", "store", "export", "carry"};
static const Qp__Form forms[] = {QP__FORM__FORM_CHERRY,  QP__FORM__FORM_PARCHMENT,
                                 QP__FORM__FORM_GREEN,   QP__FORM__FORM_HUSK,
                                 QP__FORM__FORM_DEFECTS, QP__FORM__FORM_RESIDUE};

struct book {
    char lots[LOTS_MAX][32];
    uint64_t drawn[LOTS_MAX]; /* by processes and shipments that stand */
    size_t lot_count;
    wide harvested; /* worth of all harvests that stand */
    uint64_t harvested_grams;
    wide shipped; /* as harvested */
    uint64_t shipped_grams;
    uint64_t seed;
    struct qp_public_key keys[QP_COUNT(parties)];
    size_t accepted;
};

static struct book book;

static inline uint64_t pick(uint64_t limit)
{
    book.seed ^= book.seed << 13;
    book.seed ^= book.seed >> 7;
    book.seed ^= book.seed << 17;
    return (book.seed * UINT64_C(0x2545f4914f6cdd1d) >> 16) % limit;
}

static inline size_t lot_at(const char *id)
{
    for (size_t i = 0; i < book.lot_count; i++) {
        if (strcmp(book.lots[i], id) == 0) {
            return i;
        }
    }
    fail_msg("%s was never made", id);
    return 0;
}

/* ---- Making events, as messages: text would be too slow ---- */

static inline void *make(size_t count, size_t size)
{
    void *made = qp_arena_alloc_zero(&scene.arena, count, size);
    assert_non_null(made);
    return made;
}

static inline char *copy(const char *from)
{
    char *made = qp_arena_text(&scene.arena, qp_span_text(from));
    assert_non_null(made);
    return made;
}

static inline Qp__Quantity *quantity(uint64_t grams)
{
    Qp__Quantity *made = make(1, sizeof *made);
    qp__quantity__init(made);
    made->grams = grams;
    return made;
}

/* A lot of the last few, so that things happen to it. */
static const char *some_lot(void)
{
    if (book.lot_count == 0) {
        return "norte/none";
    }
    size_t back = book.lot_count < 12 ? book.lot_count : 12;
    return book.lots[book.lot_count - 1 - pick(back)];
}

static const char *new_lot(const char *party)
{
    return qp_arena_printf(&scene.arena, "%s/l%zu", party, book.lot_count);
}

/* The right number, or one beside it, or something else. */
static inline uint64_t about(uint64_t right)
{
    switch (pick(8)) {
    case 0:
        return right + 1;
    case 1:
        return right - (right > 0 ? 1 : 0);
    case 2:
        return right + right / 200;
    case 3:
        return right / 2;
    case 4:
        return pick(2) == 0 ? UINT64_C(1000000000000000) : pick(1000);
    default:
        return right;
    }
}

static inline uint64_t balance_of(const Qp__LotState *lot)
{
    return lot == NULL || lot->balance == NULL ? 0 : lot->balance->grams;
}

/* Who may well do it: mostly the holder. */
static inline size_t signer_for(const char *name)
{
    for (size_t i = 0; pick(10) > 0 && i < QP_COUNT(parties); i++) {
        if (strcmp(parties[i], name) == 0) {
            return i;
        }
    }
    return pick(QP_COUNT(parties));
}

static inline size_t harvest(Qp__Event *event)
{
    size_t who = pick(2);
    Qp__LotHarvested *body = make(1, sizeof *body);
    Qp__HarvestOrigin *origin = make(1, sizeof *origin);
    qp__lot_harvested__init(body);
    qp__harvest_origin__init(origin);
    origin->plot = copy(pick(2) == 0 ? "norte/p1" : "sur/p1");
    origin->grams = 1 + pick(100000);
    body->lot = copy(new_lot(parties[who]));
    body->commodity = QP__COMMODITY__COMMODITY_COFFEE;
    body->form = forms[pick(3)];
    body->quantity = quantity(pick(10) == 0 ? about(origin->grams) : origin->grams);
    body->n_origins = 1;
    body->origins = make(1, sizeof *body->origins);
    body->origins[0] = origin;
    body->harvest_from_ms = event->occurred_ms - 86400000;
    body->harvest_to_ms = event->occurred_ms;
    body->crop_year = 2025 + (uint32_t)pick(2);
    event->body_case = QP__EVENT__BODY_LOT_HARVESTED;
    event->lot_harvested = body;
    return who;
}

static inline uint64_t fitting(Qp__Form from, Qp__Form to, uint64_t grams)
{
    if (from == to || worth(to) == 0) {
        return grams;
    }
    return worth(from) == 0 ? grams : (uint64_t)((wide)grams * worth(from) / worth(to));
}

static inline size_t process(Qp__Event *event)
{
    Qp__LotProcessed *body = make(1, sizeof *body);
    qp__lot_processed__init(body);
    body->process = QP__PROCESS__PROCESS_MIXING;
    body->n_inputs = 1 + pick(3);
    body->inputs = make(body->n_inputs, sizeof *body->inputs);
    const Qp__LotState *first = NULL;
    uint64_t drawn = 0;
    for (size_t i = 0; i < body->n_inputs; i++) {
        body->inputs[i] = make(1, sizeof **body->inputs);
        qp__lot_input__init(body->inputs[i]);
        body->inputs[i]->lot = copy(some_lot());
        const Qp__LotState *lot = scene_lot(body->inputs[i]->lot);
        first = first == NULL ? lot : first;
        uint64_t grams = about(balance_of(lot));
        body->inputs[i]->quantity = quantity(grams > UINT64_C(1000000000000000) ? 1 : grams);
        drawn += body->inputs[i]->quantity->grams;
    }
    size_t who = signer_for(first == NULL ? "mill" : first->holder);
    Qp__Form from = first == NULL ? QP__FORM__FORM_CHERRY : first->form;
    body->n_outputs = 1 + pick(3);
    body->outputs = make(body->n_outputs, sizeof *body->outputs);
    for (size_t i = 0; i < body->n_outputs; i++) {
        Qp__LotOutput *output = make(1, sizeof *output);
        qp__lot_output__init(output);
        output->lot = qp_arena_printf(&scene.arena, "%s/l%zu", parties[who], book.lot_count + i);
        output->form = pick(3) == 0 ? from : forms[pick(QP_COUNT(forms))];
        uint64_t grams = about(fitting(from, output->form, drawn / body->n_outputs));
        output->quantity = quantity(grams > UINT64_C(1000000000000000) ? 1 : grams);
        output->kind = (Qp__OutputKind)(1 + pick(10) / 5 + pick(12) / 11);
        body->outputs[i] = output;
    }
    event->body_case = QP__EVENT__BODY_LOT_PROCESSED;
    event->lot_processed = body;
    return who;
}

static inline size_t transfer(Qp__Event *event)
{
    Qp__LotTransferred *body = make(1, sizeof *body);
    qp__lot_transferred__init(body);
    body->lot = copy(some_lot());
    const Qp__LotState *lot = scene_lot(body->lot);
    body->to = copy(pick(3) == 0 ? "export" : parties[pick(QP_COUNT(parties))]);
    body->kind = (Qp__TransferKind)(pick(2) == 0 ? 3 : 1 + pick(3));
    body->quantity = quantity(pick(10) == 0 ? 1 : balance_of(lot));
    event->body_case = QP__EVENT__BODY_LOT_TRANSFERRED;
    event->lot_transferred = body;
    return signer_for(lot == NULL ? "norte" : lot->holder);
}

static inline size_t receive(Qp__Event *event)
{
    Qp__LotReceived *body = make(1, sizeof *body);
    qp__lot_received__init(body);
    body->lot = copy(some_lot());
    for (int tries = 0; tries < 12; tries++) { /* one that is under way */
        const Qp__LotState *at = scene_lot(body->lot);
        if (at != NULL && at->status == HANDED) {
            break;
        }
        body->lot = copy(some_lot());
    }
    const Qp__LotState *lot = scene_lot(body->lot);
    bool ownership = lot != NULL && lot->handed_kind == QP__TRANSFER_KIND__TRANSFER_KIND_OWNERSHIP;
    body->from = copy(lot == NULL ? "norte" : ownership ? lot->owner : lot->holder);
    uint64_t grams = about(balance_of(lot));
    body->quantity = quantity(grams > UINT64_C(1000000000000000) ? 1 : grams);
    event->body_case = QP__EVENT__BODY_LOT_RECEIVED;
    event->lot_received = body;
    return signer_for(lot == NULL ? "norte" : lot->handed_to);
}

static inline size_t dispatch(Qp__Event *event)
{
    Qp__ShipmentDispatched *body = make(1, sizeof *body);
    Qp__ShipmentLot *part = make(1, sizeof *part);
    Qp__Container *box = make(1, sizeof *box);
    qp__shipment_dispatched__init(body);
    qp__shipment_lot__init(part);
    qp__container__init(box);
    part->lot = copy(some_lot());
    for (int tries = 0; tries < 12; tries++) { /* one that the exporter has */
        const Qp__LotState *at = scene_lot(part->lot);
        if (at != NULL && strcmp(at->owner, "export") == 0 && strcmp(at->holder, "export") == 0) {
            break;
        }
        part->lot = copy(some_lot());
    }
    uint64_t grams = about(balance_of(scene_lot(part->lot)) / 3);
    part->quantity = quantity(grams > UINT64_C(1000000000000000) ? 1 : grams);
    box->number = copy("CSQU3054383");
    body->shipment = qp_arena_printf(&scene.arena, "export/s%zu", scene.event_count);
    body->consignee = copy("import");
    body->commodity = QP__COMMODITY__COMMODITY_COFFEE;
    body->hs_code = copy("090111");
    body->n_lots = 1;
    body->lots = make(1, sizeof *body->lots);
    body->lots[0] = part;
    body->n_containers = 1;
    body->containers = make(1, sizeof *body->containers);
    body->containers[0] = box;
    body->port_of_loading = copy("PECLL");
    body->port_of_discharge = copy("DEHAM");
    body->destination_country = copy("DE");
    event->body_case = QP__EVENT__BODY_SHIPMENT_DISPATCHED;
    event->shipment_dispatched = body;
    return signer_for("export");
}

static inline size_t void_one(Qp__Event *event)
{
    Qp__EventVoided *body = make(1, sizeof *body);
    Qp__EventReference *reference = make(1, sizeof *reference);
    struct qp_hash *hash = make(1, sizeof *hash);
    qp__event_voided__init(body);
    qp__event_reference__init(reference);
    size_t back = scene.event_count < 15 ? scene.event_count : 15;
    const struct scene_event *at = &scene.events[scene.event_count - 1 - pick(back)];
    qp_hash_leaf(hash, qp_span_of(at->bytes, at->len));
    reference->issuer = qp_bytes_span(qp_span_of(at->issuer.bytes, 32));
    reference->sequence = at->sequence;
    reference->event = qp_hash_bytes(hash);
    body->event = reference;
    body->reason = copy("r");
    event->body_case = QP__EVENT__BODY_EVENT_VOIDED;
    event->event_voided = body;
    size_t who = pick(QP_COUNT(parties));
    for (size_t i = 0; i < QP_COUNT(parties) && pick(10) > 0; i++) {
        who = qp_public_key_eq(&book.keys[i], &at->issuer) ? i : who;
    }
    return who;
}

static inline size_t recall(Qp__Event *event)
{
    Qp__LotRecalled *body = make(1, sizeof *body);
    qp__lot_recalled__init(body);
    body->lot = copy(some_lot());
    body->reason = copy("r");
    event->body_case = QP__EVENT__BODY_LOT_RECALLED;
    event->lot_recalled = body;
    return pick(QP_COUNT(parties));
}

static inline size_t random_event(Qp__Event *event)
{
    uint64_t what = pick(100);
    qp__event__init(event);
    uint8_t *nonce = make(1, 16);
    for (size_t i = 0; i < 16; i++) {
        nonce[i] = (uint8_t)pick(256);
    }
    event->nonce = qp_bytes_span(qp_span_of(nonce, 16));
    /* 2026-05-01 and now and then a day or two later: the order of things is mostly possible. */
    event->occurred_ms = UINT64_C(1777593600000) + pick(20) / 18 * (1 + pick(2)) * 86400000;
    return what < 20   ? harvest(event)
           : what < 50 ? process(event)
           : what < 65 ? transfer(event)
           : what < 85 ? receive(event)
           : what < 94 ? dispatch(event)
           : what < 99 ? void_one(event)
                       : recall(event);
}

#endif
