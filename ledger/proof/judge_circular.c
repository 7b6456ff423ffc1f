/* The claim "circular": what came out beside the product and was put to use, against what was
 * thrown away. A bundle follows the goods that are shipped, so of by-products it often shows no
 * more than that there are some; what is not shown is not counted as used. */
#include "proof/judge_claims.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define MILLION UINT64_C(1000000)

static unsigned long long ull(uint64_t value)
{
    return value;
}

struct left_over {
    uint64_t by_product_grams;
    uint64_t waste_grams;
    uint64_t used_grams; /* of the by-products: drawn from, or in other hands */
};

static void sum(uint64_t *to, uint64_t grams)
{
    uint64_t room = (uint64_t)QP_NUMBER_MAX - *to;
    *to += grams < room ? grams : room;
}

/* Rounded down: what is not whole never looks whole. */
static uint64_t ppm(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (uint64_t)((wide)part * MILLION / whole);
}

/* A lot is named by who made it. */
static bool is_elsewhere(const char *id, const Qp__LotState *lot)
{
    size_t len = strlen(lot->holder);
    return lot->status == QP__LOT_STATUS__LOT_STATUS_HANDED || strncmp(id, lot->holder, len) != 0 ||
           id[len] != '/';
}

static enum qp_code count_use(struct qp_judging *judging, const char *id, struct left_over *all)
{
    struct qp_arena arena;
    Qp__LotState *lot = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_judge_lot_state(judging, id, &arena, &lot);
    if (rc == QP_OK && lot != NULL) {
        uint64_t left = (lot->balance == NULL ? 0 : lot->balance->grams) + lot->shrunk_grams;
        uint64_t made = lot->made->grams;
        sum(&all->used_grams, is_elsewhere(id, lot) ? made : made > left ? made - left : 0);
    }
    qp_arena_wipe(&arena);
    return rc;
}

static enum qp_code count_outputs(struct qp_judging *judging, size_t at, struct left_over *all)
{
    Qp__Event *event = NULL;
    enum qp_code rc = qp_slice_event(judging->slice, at, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    const Qp__LotProcessed *body = event->lot_processed;
    for (size_t i = 0; rc == QP_OK && i < body->n_outputs; i++) {
        const Qp__LotOutput *output = body->outputs[i];
        if (output->kind == QP__OUTPUT_KIND__OUTPUT_KIND_WASTE) {
            sum(&all->waste_grams, output->quantity->grams);
        } else if (output->kind == QP__OUTPUT_KIND__OUTPUT_KIND_BY_PRODUCT) {
            sum(&all->by_product_grams, output->quantity->grams);
            rc = count_use(judging, output->lot, all);
        }
    }
    return rc;
}

enum qp_code qp_judge_circular(struct qp_judging *judging, struct qp_claim *claim)
{
    struct left_over all = {0};
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        if ((judging->replay->marks[i] & QP_MARK_CLOSURE) != 0 &&
            judging->slice->events[i].body == QP__EVENT__BODY_LOT_PROCESSED) {
            rc = count_outputs(judging, i, &all);
        }
    }
    if (rc != QP_OK) {
        return rc;
    }
    uint64_t whole = all.by_product_grams + all.waste_grams;
    qp_claim_number(claim, "by_product_grams", all.by_product_grams);
    qp_claim_number(claim, "waste_grams", all.waste_grams);
    qp_claim_number(claim, "used_grams", all.used_grams);
    qp_claim_number(claim, "recovered_ppm", ppm(all.by_product_grams, whole));
    qp_claim_number(claim, "used_ppm", ppm(all.used_grams, whole));
    if (whole == 0) {
        qp_claim_reason(claim, QP_NOT_SHOWN, "no process on the way names by-products or waste");
    } else if (all.by_product_grams == 0) {
        qp_claim_reason(claim, QP_NOT_SHOWN, "all that was left over is waste");
    } else if (all.used_grams < all.by_product_grams) {
        qp_claim_reason(claim, QP_NOT_SHOWN, "what became of %llu kg of by-products is not shown",
                        ull((all.by_product_grams - all.used_grams + 999) / 1000));
    }
    return QP_OK;
}
