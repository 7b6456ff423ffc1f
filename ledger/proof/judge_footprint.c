/* The claim "footprint": greenhouse gases, carried by mass from where they were recorded to the
 * container.
 *
 * What was recorded for a lot is shared over what is drawn from it by mass, each share rounded up,
 * so that the whole is never told smaller than it was recorded. Parents come before children in the
 * log, so one pass carries everything. */
#include "proof/judge_claims.h"

#include "core/check.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define MILLION UINT64_C(1000000)
/* The stage that counts what the land emitted up to the harvest. */
#define FARMING "farming"
/* No bundle records as much: 2^23 records of 2^53. Times grams, which are below 2^50, it fits. */
#define CO2E_MAX ((wide)1 << 77)

/* A lot of the closure. */
struct carried {
    wide co2e;             /* recorded for it and, once it is made, brought in by its inputs */
    uint64_t grams;        /* that can be drawn: made, without what was lost between scales */
    uint64_t recorded_ppm; /* of its mass: with a record on the way, its own or one before */
    uint64_t farming_ppm;  /* likewise, with one of the stage farming */
    bool recorded;
    bool farming;
};

struct footprint {
    struct qp_judging *judging;
    struct carried *lots; /* one for each of replay->lots */
    uint64_t records;
    int weakest; /* Qp__EvidenceLevel of the records; 0: there is none */
    wide shipped_co2e;
    uint64_t shipped_grams;
    wide recorded; /* shipped grams times ppm */
    wide farming;
};

static unsigned long long ull(uint64_t value)
{
    return value;
}

static wide add(wide a, wide b)
{
    return a + b < CO2E_MAX ? a + b : CO2E_MAX;
}

/* whole * part / of, rounded up. What has no weight cannot be shared by it: each part brings it
 * all.
 */
static wide share(wide whole, uint64_t part, uint64_t of)
{
    return of == 0 ? whole : (whole * part + of - 1) / of;
}

/* ---- What was recorded ---- */

static enum qp_code read_record(struct footprint *all, size_t at)
{
    struct qp_judging *judging = all->judging;
    Qp__Event *event = NULL;
    int level = 0;
    enum qp_code rc = qp_slice_event(judging->slice, at, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    const Qp__FootprintRecorded *body = event->footprint_recorded;
    size_t lot = qp_judge_lot(judging, body->lot);
    if (lot == SIZE_MAX) {
        return QP_OK;
    }
    struct carried *to = &all->lots[lot];
    to->co2e = add(to->co2e, body->grams_co2e);
    if (!qp_judge_stands(judging, at)) { /* ending a key must not make goods cleaner */
        return QP_OK;
    }
    to->recorded = true;
    to->farming = to->farming || strcmp(body->stage, FARMING) == 0;
    all->records++;
    rc = qp_judge_level(judging, at, (int)body->evidence, body->report != NULL, &level);
    all->weakest = all->weakest == 0 || level < all->weakest ? level : all->weakest;
    return rc;
}

static enum qp_code read_masses(struct footprint *all)
{
    struct qp_judging *judging = all->judging;
    struct qp_arena arena;
    enum qp_code rc = QP_OK;
    qp_arena_init(&arena, 0);
    for (size_t i = 0; rc == QP_OK && i < judging->replay->lot_count; i++) {
        Qp__LotState *lot = NULL;
        qp_arena_reset(&arena);
        rc = qp_judge_lot_state(judging, judging->replay->lots[i].id, &arena, &lot);
        if (rc == QP_OK && lot != NULL && lot->made->grams > lot->shrunk_grams) {
            all->lots[i].grams = lot->made->grams - lot->shrunk_grams;
        }
    }
    qp_arena_wipe(&arena);
    return rc;
}

/* ---- Along the graph ---- */

/* Draws of one event together. */
struct drawn {
    wide co2e;
    uint64_t grams;
    wide recorded; /* grams times ppm */
    wide farming;
};

static void draw(const struct footprint *all, const char *id, uint64_t grams, struct drawn *drawn)
{
    size_t lot = qp_judge_lot(all->judging, id);
    if (lot == SIZE_MAX) {
        return;
    }
    const struct carried *from = &all->lots[lot];
    drawn->co2e = add(drawn->co2e, share(from->co2e, grams, from->grams));
    drawn->grams += grams; /* 512 of at most 1e15 */
    drawn->recorded += (wide)grams * from->recorded_ppm;
    drawn->farming += (wide)grams * from->farming_ppm;
}

/* Rounded down: what is not whole never looks whole. */
static uint64_t mean_ppm(wide weighted, uint64_t grams)
{
    return grams == 0 ? 0 : (uint64_t)(weighted / grams);
}

/* A lot is made: to what was recorded for itself comes what its inputs bring. */
static void make(struct footprint *all, const char *id, const struct drawn *drawn, wide part)
{
    size_t at = qp_judge_lot(all->judging, id);
    if (at == SIZE_MAX) {
        return;
    }
    struct carried *lot = &all->lots[at];
    lot->co2e = add(lot->co2e, part);
    lot->recorded_ppm = lot->recorded ? MILLION : mean_ppm(drawn->recorded, drawn->grams);
    lot->farming_ppm = lot->farming ? MILLION : mean_ppm(drawn->farming, drawn->grams);
}

/* Products and by-products share by mass; what is waste carries nothing away. */
static void process(struct footprint *all, const Qp__LotProcessed *body)
{
    struct drawn drawn = {0};
    uint64_t goods = 0;
    for (size_t i = 0; i < body->n_inputs; i++) {
        draw(all, body->inputs[i]->lot, body->inputs[i]->quantity->grams, &drawn);
    }
    for (size_t i = 0; i < body->n_outputs; i++) {
        bool waste = body->outputs[i]->kind == QP__OUTPUT_KIND__OUTPUT_KIND_WASTE;
        goods += waste ? 0 : body->outputs[i]->quantity->grams;
    }
    for (size_t i = 0; i < body->n_outputs; i++) {
        const Qp__LotOutput *output = body->outputs[i];
        bool waste = output->kind == QP__OUTPUT_KIND__OUTPUT_KIND_WASTE;
        make(all, output->lot, &drawn,
             waste ? 0 : share(drawn.co2e, output->quantity->grams, goods));
    }
}

static void ship(struct footprint *all, const Qp__ShipmentDispatched *body)
{
    struct drawn drawn = {0};
    for (size_t i = 0; i < body->n_lots; i++) {
        draw(all, body->lots[i]->lot, body->lots[i]->quantity->grams, &drawn);
    }
    all->shipped_co2e = drawn.co2e;
    all->shipped_grams = drawn.grams;
    all->recorded = drawn.recorded;
    all->farming = drawn.farming;
}

static enum qp_code carry(struct footprint *all)
{
    struct qp_judging *judging = all->judging;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        Qp__Event *event = NULL;
        if ((judging->replay->marks[i] & QP_MARK_CLOSURE) == 0) {
            continue;
        }
        rc = qp_slice_event(judging->slice, i, &event, judging->err);
        if (rc != QP_OK) {
            return rc;
        }
        const struct drawn nothing = {0};
        switch (event->body_case) {
        case QP__EVENT__BODY_LOT_HARVESTED:
            make(all, event->lot_harvested->lot, &nothing, 0);
            break;
        case QP__EVENT__BODY_LOT_PROCESSED:
            process(all, event->lot_processed);
            break;
        case QP__EVENT__BODY_SHIPMENT_DISPATCHED:
            ship(all, event->shipment_dispatched);
            break;
        default:
            break;
        }
    }
    return rc;
}

/* ---- The claim ---- */

static void tell(const struct footprint *all, struct qp_claim *claim)
{
    const struct qp_trust *trust = all->judging->trust;
    uint64_t farming_ppm = mean_ppm(all->farming, all->shipped_grams);
    wide per_kg = share(all->shipped_co2e, 1000, all->shipped_grams);
    uint64_t capped = per_kg < (wide)QP_NUMBER_MAX ? (uint64_t)per_kg : (uint64_t)QP_NUMBER_MAX;
    uint64_t whole = all->shipped_co2e < (wide)QP_NUMBER_MAX ? (uint64_t)all->shipped_co2e
                                                             : (uint64_t)QP_NUMBER_MAX;
    if (all->records > 0) {
        qp_claim_number(claim, "g_per_kg", capped);
        qp_claim_number(claim, "co2e_grams", whole);
    }
    qp_claim_number(claim, "records", all->records);
    qp_claim_number(claim, "recorded_ppm", mean_ppm(all->recorded, all->shipped_grams));
    qp_claim_number(claim, "farming_ppm", farming_ppm);
    qp_claim_number(claim, "evidence", (uint64_t)all->weakest);
    if (trust->has_footprint_max && per_kg > trust->footprint_max_g_per_kg) {
        qp_claim_reason(
            claim, QP_FAIL,
            "what is recorded is %llu g CO2e per kg at the container; the policy allows "
            "%llu",
            ull(capped), ull(trust->footprint_max_g_per_kg));
    }
    if (all->records == 0) {
        qp_claim_reason(claim, QP_NOT_SHOWN, "no footprint is recorded on the way of the goods");
    } else if (farming_ppm < MILLION) {
        qp_claim_reason(claim, QP_NOT_SHOWN,
                        "the stage farming is recorded for %llu.%04llu %% of what is shipped; what "
                        "is not recorded is not in the number",
                        ull(farming_ppm / 10000), ull(farming_ppm % 10000));
    }
}

static bool is_record(const struct qp_judging *judging, size_t at)
{
    return judging->slice->events[at].body == QP__EVENT__BODY_FOOTPRINT_RECORDED &&
           (judging->replay->marks[at] & (QP_MARK_REFUSED | QP_MARK_VOIDED)) == 0;
}

enum qp_code qp_judge_footprint(struct qp_judging *judging, struct qp_claim *claim)
{
    struct footprint all = {.judging = judging};
    struct qp_arena arena;
    bool any = false;
    for (size_t i = 0; !any && i < judging->slice->event_count; i++) {
        any = is_record(judging, i);
    }
    if (!any) { /* then there is nothing to carry */
        tell(&all, claim);
        return QP_OK;
    }
    qp_arena_init(&arena, 0);
    all.lots = qp_arena_alloc_zero(&arena, judging->replay->lot_count + 1, sizeof *all.lots);
    enum qp_code rc = all.lots != NULL
                          ? read_masses(&all)
                          : qp_fail(judging->err, QP_E_MEMORY, "no memory to judge the footprint");
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        rc = is_record(judging, i) ? read_record(&all, i) : QP_OK;
    }
    rc = rc == QP_OK ? carry(&all) : rc;
    if (rc == QP_OK) {
        tell(&all, claim);
    }
    qp_arena_wipe(&arena);
    return rc;
}
