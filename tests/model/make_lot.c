/* Events about lots: processed, handed over, received, checked, recalled. */
#include "model/model_priv.h"
#include "model/world.h"

#define F(name) QP__FORM__FORM_##name
#define K(name) QP__OUTPUT_KIND__OUTPUT_KIND_##name

/* Now and then the event is dated just a day before the lot was made, or a moment earlier. */
static void date_by(struct world *world, Qp__Event *event, const struct model_lot *lot)
{
    if (slip(world, 15) && lot != NULL) {
        event->occurred_ms = lot->made_ms - MODEL_DAY_MS - below(world, 2);
    }
}

static bool speaks_for(struct world *world, const char *party)
{
    return world->speaker == NULL || same(world->speaker, party);
}

static bool full(const struct model_lot *lot)
{
    return lot->balance.grams > 0 || lot->balance.pieces > 0;
}

static bool in_hand(struct world *world, const struct model_lot *lot)
{
    const struct model_party *holder = model_find_party(&world->model, lot->holder);
    return lot->status == MODEL_HELD && full(lot) && speaks_for(world, lot->holder) &&
           has_any(holder, BUYERS | ROLE(WAREHOUSE)) && !holder->suspended;
}

/* ---- Processes ---- */

/* Lots that go together with the first. */
static void add_inputs(struct world *world, Qp__LotProcessed *body, const struct model_lot *first)
{
    body->inputs = room(world, 4 * sizeof *body->inputs);
    bool all = one_in(world, 3);
    for (size_t i = 0; i < world->model.lots.count && body->n_inputs < 4; i++) {
        const struct model_lot *lot = &world->model.lots.at[i];
        bool fits = lot->status == MODEL_HELD && full(lot) && lot->commodity == first->commodity &&
                    lot->form == first->form && same(lot->owner, first->owner) &&
                    same(lot->holder, first->holder);
        if (lot != first && !(fits && one_in(world, 3)) && !slip(world, 300)) {
            continue;
        }
        Qp__LotInput *input = NULL;
        MAKE(world, input, qp__lot_input__init);
        input->lot = text(world, lot->id);
        input->quantity =
            quantity(world, all ? lot->balance.grams : part(world, lot->balance.grams),
                     all ? lot->balance.pieces : part(world, lot->balance.pieces));
        body->inputs[body->n_inputs++] = input;
    }
    if (slip(world, 30) && body->n_inputs < 4) {
        body->inputs[body->n_inputs] = body->inputs[below(world, body->n_inputs)];
        body->n_inputs++;
    }
    if (slip(world, 60)) {
        body->inputs[0]->lot = new_id(world, "l");
    }
}

static Qp__Form output_form(struct world *world, const Qp__RuleSetPublished *rules,
                            const struct model_lot *input)
{
    static const Qp__Form residues[] = {F(HUSK), F(PULP), F(SHELL), F(DEFECTS), F(RESIDUE)};
    if (slip(world, 25)) {
        return (Qp__Form)(1 + below(world, 27));
    }
    if (one_in(world, 4)) {
        return residues[below(world, QP_COUNT(residues))];
    }
    for (size_t i = 0; rules != NULL && i < rules->n_factors && !one_in(world, 4); i++) {
        const Qp__ConversionFactor *factor = rules->factors[i];
        if (factor->commodity == input->commodity && factor->from == input->form) {
            return factor->to;
        }
    }
    return input->form;
}

static bool is_residue(Qp__Form form)
{
    return form == F(HUSK) || form == F(PULP) || form == F(SHELL) || form == F(DEFECTS) ||
           form == F(RESIDUE);
}

/* The most grams of the form that so much input gives. */
static uint64_t most_of(const Qp__RuleSetPublished *rules, const struct model_lot *input,
                        Qp__Form form, uint64_t grams)
{
    const Qp__ConversionFactor *factor =
        rules == NULL || form == input->form
            ? NULL
            : model_factor(rules, input->commodity, input->form, form);
    if (factor == NULL) {
        return grams;
    }
    model_wide by = (model_wide)factor->factor_ppm * (1000000 + factor->tolerance_ppm);
    model_wide most = grams * by / 1000000 / 1000000;
    return most < grams ? (uint64_t)most : grams;
}

static void add_outputs(struct world *world, Qp__LotProcessed *body, const struct model_lot *first)
{
    const struct model_place now = {UINT64_MAX, 0};
    const Qp__RuleSetPublished *rules =
        model_rules_in_force(&world->model, world->occurred_ms, &now);
    uint64_t total = 0;
    uint64_t pieces = 0;
    for (size_t i = 0; i < body->n_inputs; i++) {
        total += body->inputs[i]->quantity->grams;
        pieces += body->inputs[i]->quantity->pieces;
    }
    uint64_t left = total; /* of all outputs together */
    uint64_t use = total;  /* of the inputs, for what is no residue */
    body->outputs = room(world, 5 * sizeof *body->outputs);
    for (size_t count = 1 + below(world, 4); count > 0; count--) {
        Qp__LotOutput *output = NULL;
        MAKE(world, output, qp__lot_output__init);
        output->lot = new_id(world, "l");
        output->trade_item = trade_item(world);
        output->form = output_form(world, rules, first);
        bool other_residue = is_residue(output->form) && output->form != first->form;
        uint64_t bound = most_of(rules, first, output->form, other_residue ? total : use);
        bound = bound < left || slip(world, 10) ? bound : left;
        uint64_t grams =
            one_in(world, 2) && bound > 0 ? 1 + world_random(world) % bound : near(world, bound);
        if (grams > bound && !slip(world, 2)) {
            grams = bound;
        }
        if (!other_residue && bound > 0) {
            uint64_t whole = most_of(rules, first, output->form, 1000000);
            uint64_t need = whole == 0 ? use : (uint64_t)((model_wide)grams * 1000000 / whole) + 1;
            need = output->form == first->form ? grams : need;
            use = need < use ? use - need : 0;
        }
        left = grams < left ? left - grams : 0;
        uint64_t some_pieces = output->form != first->form ? below(world, 2) : part(world, pieces);
        pieces -= output->form == first->form && some_pieces <= pieces ? some_pieces : 0;
        output->quantity = quantity(world, slip(world, 40) ? 0 : grams, some_pieces);
        output->kind = one_in(world, 6)           ? (Qp__OutputKind)(1 + below(world, 3))
                       : is_residue(output->form) ? (one_in(world, 2) ? K(WASTE) : K(BY_PRODUCT))
                       : one_in(world, 8)         ? K(BY_PRODUCT)
                                                  : K(PRODUCT);
        if (waste(first) && !slip(world, 6)) {
            output->kind = K(WASTE);
        }
        if ((output->quantity->grams == 0 && output->quantity->pieces == 0 && !slip(world, 6)) ||
            (output->quantity->grams == 0 && output->form != first->form && !slip(world, 3))) {
            continue;
        }
        body->outputs[body->n_outputs++] = output;
    }
    if (slip(world, 40) && body->n_outputs > 0) {
        body->outputs[body->n_outputs] = body->outputs[below(world, body->n_outputs)];
        body->n_outputs++;
    }
}

bool make_lot_processed(struct world *world, Qp__Event *event)
{
    Qp__LotProcessed *body = NULL;
    const struct model_lot *first = pick_lot(world, in_hand);
    if (first == NULL || !speak(world, slip(world, 25) ? any_party(world) : first->holder)) {
        return false;
    }
    MAKE(world, body, qp__lot_processed__init);
    body->process = (Qp__Process)(1 + below(world, 17));
    date_by(world, event, first);
    add_inputs(world, body, first);
    add_outputs(world, body, first);
    event->body_case = QP__EVENT__BODY_LOT_PROCESSED;
    event->lot_processed = body;
    return body->n_inputs > 0 && body->n_outputs > 0;
}

/* ---- Hand-overs ---- */

static bool to_hand_over(struct world *world, const struct model_lot *lot)
{
    const struct model_party *holder = model_find_party(&world->model, lot->holder);
    return lot->status == MODEL_HELD && full(lot) && !holder->suspended &&
           (speaks_for(world, lot->holder) || speaks_for(world, lot->owner));
}

bool make_lot_transferred(struct world *world, Qp__Event *event)
{
    Qp__LotTransferred *body = NULL;
    const struct model_lot *lot = pick_lot(world, to_hand_over);
    if (lot == NULL) {
        return false;
    }
    const char *giver = one_in(world, 4) ? lot->owner : lot->holder;
    if (!speak(world, slip(world, 25) ? any_party(world) : giver)) {
        return false;
    }
    const char *to = pick_party(world, HANDS);
    if (slip(world, 20)) {
        to = one_in(world, 3) ? world->speaker : pick_party(world, UINT32_MAX);
    }
    if (to == NULL || (same(to, world->speaker) && !slip(world, 5))) {
        return false;
    }
    MAKE(world, body, qp__lot_transferred__init);
    body->lot = slip(world, 40) ? new_id(world, "l") : text(world, lot->id);
    body->to = text(world, to);
    bool owns = same(lot->owner, world->speaker);
    bool holds = same(lot->holder, world->speaker);
    body->kind = owns && holds ? (Qp__TransferKind)(1 + below(world, 3))
                 : owns        ? QP__TRANSFER_KIND__TRANSFER_KIND_OWNERSHIP
                               : QP__TRANSFER_KIND__TRANSFER_KIND_CUSTODY;
    if (slip(world, 15)) {
        body->kind = (Qp__TransferKind)(1 + below(world, 3));
    }
    body->quantity =
        quantity(world, slip(world, 12) ? near(world, lot->balance.grams) : lot->balance.grams,
                 slip(world, 20) ? near(world, lot->balance.pieces) : lot->balance.pieces);
    if (one_in(world, 4)) {
        body->price = sealed(world, QP__SEALED_KIND__SEALED_KIND_PRICE);
    }
    date_by(world, event, lot);
    event->body_case = QP__EVENT__BODY_LOT_TRANSFERRED;
    event->lot_transferred = body;
    return true;
}

static bool under_way(struct world *world, const struct model_lot *lot)
{
    return lot->status == MODEL_HANDED && speaks_for(world, lot->handed_to) &&
           live_key(world, lot->handed_to) != NULL;
}

bool make_lot_received(struct world *world, Qp__Event *event)
{
    const struct model_place now = {UINT64_MAX, 0};
    Qp__LotReceived *body = NULL;
    const struct model_lot *lot = pick_lot(world, under_way);
    if (lot == NULL) {
        return false;
    }
    const char *taker = lot->handed_to != NULL ? lot->handed_to : lot->holder;
    if (!speak(world, slip(world, 20) ? any_party(world) : taker)) {
        return false;
    }
    MAKE(world, body, qp__lot_received__init);
    body->lot = slip(world, 40) ? new_id(world, "l") : text(world, lot->id);
    bool ownership = lot->handed_kind == QP__TRANSFER_KIND__TRANSFER_KIND_OWNERSHIP;
    body->from = text(world, ownership != slip(world, 12) ? lot->owner : lot->holder);
    if (slip(world, 40)) {
        body->from = text(world, any_party(world));
    }
    const Qp__RuleSetPublished *rules =
        model_rules_in_force(&world->model, world->occurred_ms, &now);
    uint64_t tolerance = rules == NULL ? 0 : rules->transfer_tolerance_ppm;
    uint64_t most =
        lot->handed.grams + (uint64_t)((model_wide)lot->handed.grams * tolerance / 1000000);
    uint64_t grams = one_in(world, 3)   ? near(world, most)
                     : one_in(world, 2) ? lot->handed.grams - lot->handed.grams / 50
                                        : near(world, lot->handed.grams);
    if (lot->shrunk_grams > 0 && one_in(world, 2)) {
        grams = near(world, lot->handed.grams + lot->shrunk_grams);
    }
    if (grams > most && !slip(world, 5)) {
        grams = most;
    }
    uint64_t pieces = one_in(world, 3) ? part(world, lot->handed.pieces) : lot->handed.pieces;
    if (grams == 0 && pieces == 0 && !slip(world, 5)) {
        return false;
    }
    body->quantity = quantity(world, grams, pieces);
    date_by(world, event, lot);
    event->body_case = QP__EVENT__BODY_LOT_RECEIVED;
    event->lot_received = body;
    return true;
}

/* ---- What is said of a lot ---- */

static bool living(struct world *world, const struct model_lot *lot)
{
    (void)world;
    return lot->status == MODEL_HELD || lot->status == MODEL_HANDED;
}

/* NULL where there is no lot yet. */
static char *lot_id(struct world *world, Qp__Event *event)
{
    const struct model_lot *lot = pick_lot(world, living);
    if (slip(world, 20)) {
        return new_id(world, "l");
    }
    if (lot == NULL) {
        return NULL;
    }
    date_by(world, event, lot);
    return text(world, lot->id);
}

bool make_lot_inspected(struct world *world, Qp__Event *event)
{
    Qp__LotInspected *body = NULL;
    if (!speak_as(world, HANDS | CHECKERS)) {
        return false;
    }
    MAKE(world, body, qp__lot_inspected__init);
    body->lot = lot_id(world, event);
    body->inspection = text(world, "i");
    body->outcome = QP__INSPECTION_OUTCOME__INSPECTION_OUTCOME_PASSED;
    if (one_in(world, 3)) {
        body->report = sealed(world, QP__SEALED_KIND__SEALED_KIND_DOCUMENT);
    }
    event->body_case = QP__EVENT__BODY_LOT_INSPECTED;
    event->lot_inspected = body;
    return body->lot != NULL;
}

bool make_footprint_recorded(struct world *world, Qp__Event *event)
{
    Qp__FootprintRecorded *body = NULL;
    if (!speak_as(world, HANDS | CHECKERS | ROLE(ASSESSOR))) {
        return false;
    }
    MAKE(world, body, qp__footprint_recorded__init);
    body->lot = lot_id(world, event);
    body->stage = text(world, "s");
    body->grams_co2e = below(world, 3);
    body->method = text(world, "m");
    body->evidence = QP__EVIDENCE_LEVEL__EVIDENCE_LEVEL_DECLARED;
    if (one_in(world, 3)) {
        body->report = sealed(world, QP__SEALED_KIND__SEALED_KIND_DOCUMENT);
    }
    event->body_case = QP__EVENT__BODY_FOOTPRINT_RECORDED;
    event->footprint_recorded = body;
    return body->lot != NULL;
}

bool make_lot_recalled(struct world *world, Qp__Event *event)
{
    Qp__LotRecalled *body = NULL;
    const struct model_lot *lot = pick_lot(world, living);
    if (lot == NULL) {
        return false;
    }
    const char *party = one_in(world, 3)   ? lot->owner
                        : one_in(world, 3) ? pick_party(world, ROLE(AUTHORITY))
                        : slip(world, 3)   ? any_party(world)
                                           : lot->holder;
    for (size_t i = 0; i < CAST_COUNT && one_in(world, 2); i++) {
        if (named_by(lot->id, cast[i].name)) {
            party = cast[i].name;
        }
    }
    if (!speak(world, party)) {
        return false;
    }
    MAKE(world, body, qp__lot_recalled__init);
    body->lot = slip(world, 15) ? new_id(world, "l") : text(world, lot->id);
    body->reason = text(world, "r");
    date_by(world, event, lot);
    event->body_case = QP__EVENT__BODY_LOT_RECALLED;
    event->lot_recalled = body;
    return true;
}
