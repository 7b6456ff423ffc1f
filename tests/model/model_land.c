/* Producers, plots and harvests. */
#include "model/model_priv.h"

bool row_producer_registered(struct judged *job)
{
    const Qp__ProducerRegistered *body = job->event->producer_registered;
    if (!own_name(job, body->producer)) {
        return false;
    }
    if (!sealed_as(job, body->identity, QP__SEALED_KIND__SEALED_KIND_PRODUCER)) {
        return false;
    }
    if (model_find_producer(job->model, body->producer) != NULL) {
        return refuse(job, "QP-PRODUCER-NEW");
    }
    struct model_producer *producer = ADD(job->model->producers);
    producer->id = body->producer;
    producer->party = job->party;
    producer->registered = job->context->place;
    return true;
}

bool row_plot_registered(struct judged *job)
{
    const Qp__PlotRegistered *body = job->event->plot_registered;
    if (!own_name(job, body->plot)) {
        return false;
    }
    if (!sealed_as(job, body->geometry, QP__SEALED_KIND__SEALED_KIND_GEOMETRY)) {
        return false;
    }
    if (!sealed_as(job, body->tenure_document, QP__SEALED_KIND__SEALED_KIND_DOCUMENT)) {
        return false;
    }
    if (model_find_plot(job->model, body->plot) != NULL) {
        return refuse(job, "QP-PLOT-NEW");
    }
    if (model_find_producer(job->model, body->producer) == NULL) {
        return refuse(job, "QP-PRODUCER-UNKNOWN");
    }
    if (body->geometry_kind == QP__GEOMETRY_KIND__GEOMETRY_KIND_POINT) {
        const Qp__RuleSetPublished *rules = NULL;
        if (!rules_now(job, &rules)) {
            return false;
        }
        if (body->area_m2 > rules->point_area_max_m2) {
            return refuse(job, "QP-PLOT-POINT");
        }
    }
    struct model_plot *plot = ADD(job->model->plots);
    plot->body = body;
    plot->party = job->party;
    plot->registered = job->context->place;
    return true;
}

bool row_plot_assessed(struct judged *job)
{
    const Qp__PlotAssessed *body = job->event->plot_assessed;
    struct model_plot *plot = model_find_plot(job->model, body->plot);
    bool loss = body->outcome == QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_LOSS;
    bool no_loss = body->outcome == QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_NO_LOSS;
    if (plot == NULL) {
        return refuse(job, "QP-PLOT-UNKNOWN");
    }
    if (!same_key(body->geometry.data, plot->body->geometry->commitment.data)) {
        return refuse(job, "QP-PLOT-GEOMETRY");
    }
    if (body->forest_m2 > body->assessed_m2 || body->loss_m2 > body->assessed_m2) {
        return refuse(job, "QP-PLOT-AREA");
    }
    if (no_loss && (body->loss_m2 > 0 || body->nodata_ppm == 1000000)) {
        return refuse(job, "QP-PLOT-AREA");
    }
    if (loss && body->loss_m2 == 0) {
        return refuse(job, "QP-PLOT-AREA");
    }
    if (no_loss && body->nodata_ppm > 0) {
        const Qp__RuleSetPublished *rules = NULL;
        if (!rules_now(job, &rules)) {
            return false;
        }
        if (body->nodata_ppm > rules->nodata_max_ppm) {
            return refuse(job, "QP-PLOT-AREA");
        }
    }
    plot->outcome = body->outcome;
    plot->assessed_at = job->context->place;
    if (loss && !plot->lost) {
        plot->lost = true;
        plot->lost_at = job->context->place;
    }
    return true;
}

bool row_plot_withdrawn(struct judged *job)
{
    const Qp__PlotWithdrawn *body = job->event->plot_withdrawn;
    struct model_plot *plot = model_find_plot(job->model, body->plot);
    if (plot == NULL) {
        return refuse(job, "QP-PLOT-UNKNOWN");
    }
    if (!same(plot->party, job->party) && !has_any(job->issuer, ROLE(AUTHORITY))) {
        return refuse(job, "QP-ROLE");
    }
    if (plot->withdrawn) {
        return refuse(job, "QP-PLOT-WITHDRAWN");
    }
    plot->withdrawn = true;
    plot->withdrawn_at = job->context->place;
    return true;
}

/* The year of a time, by UTC: years are counted off one by one. */
static uint32_t year_of(uint64_t ms)
{
    uint64_t days = ms / MODEL_DAY_MS;
    uint32_t year = 1970;
    for (;;) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        uint64_t length = leap ? 366 : 365;
        if (days < length) {
            return year;
        }
        days -= length;
        year++;
    }
}

#define PICKED_BEFORE_DAYS 3650

static bool picked_in_time(struct judged *job, const Qp__LotHarvested *body)
{
    uint64_t from = body->harvest_from_ms;
    uint64_t oldest = PICKED_BEFORE_DAYS * MODEL_DAY_MS;
    uint32_t year = year_of(from);
    if (body->harvest_to_ms < from) {
        return refuse(job, "QP-HARVEST-TIME");
    }
    if (body->harvest_to_ms > job->event->occurred_ms + MODEL_DAY_MS) {
        return refuse(job, "QP-HARVEST-TIME");
    }
    if (year != body->crop_year && year != body->crop_year + 1) {
        return refuse(job, "QP-HARVEST-TIME");
    }
    if (from + oldest < job->event->occurred_ms) {
        return refuse(job, "QP-HARVEST-TIME");
    }
    return true;
}

bool yield_grams(struct judged *job, const Qp__RuleSetPublished *rules,
                 const Qp__LotHarvested *body, uint64_t grams, uint64_t *counted)
{
    const Qp__YieldCap *cap = model_cap(rules, body->commodity);
    *counted = grams;
    if (cap == NULL || cap->form == body->form) {
        return true;
    }
    const Qp__ConversionFactor *factor =
        model_factor(rules, body->commodity, body->form, cap->form);
    if (factor == NULL) {
        return refuse(job, "QP-MASS-FACTOR");
    }
    *counted = (uint64_t)(((model_wide)grams * factor->factor_ppm + 999999) / 1000000);
    return true;
}

static bool for_commodity(const struct model_plot *plot, Qp__Commodity commodity)
{
    for (size_t i = 0; i < plot->body->n_commodities; i++) {
        if (plot->body->commodities[i] == commodity) {
            return true;
        }
    }
    return false;
}

/* One origin: may the plot yield these grams? counted: what they are in the form of the cap. */
static bool origin_holds(struct judged *job, const Qp__RuleSetPublished *rules,
                         const Qp__LotHarvested *body, size_t at, uint64_t counted)
{
    const Qp__HarvestOrigin *origin = body->origins[at];
    for (size_t i = 0; i < at; i++) {
        if (same(body->origins[i]->plot, origin->plot)) {
            return refuse(job, "QP-LOT-TWICE");
        }
    }
    const struct model_plot *plot = model_find_plot(job->model, origin->plot);
    if (plot == NULL) {
        return refuse(job, "QP-PLOT-UNKNOWN");
    }
    if (plot->withdrawn) {
        return refuse(job, "QP-PLOT-WITHDRAWN");
    }
    if (!for_commodity(plot, body->commodity)) {
        return refuse(job, "QP-PLOT-COMMODITY");
    }
    const Qp__YieldCap *cap = model_cap(rules, body->commodity);
    if (cap != NULL) {
        const struct model_harvest *so_far =
            model_find_harvest(job->model, origin->plot, body->commodity, body->crop_year);
        model_wide most = (model_wide)cap->refuse_grams_per_ha * plot->body->area_m2 / 10000;
        uint64_t sum = (so_far == NULL ? 0 : so_far->grams) + counted;
        if (sum > most || sum > MODEL_NUMBER_MAX) {
            return refuse(job, "QP-HARVEST-CAP");
        }
    }
    return true;
}

bool row_lot_harvested(struct judged *job)
{
    const Qp__LotHarvested *body = job->event->lot_harvested;
    const Qp__RuleSetPublished *rules = NULL;
    uint64_t counted[64];
    uint64_t sum = 0;
    if (!own_name(job, body->lot)) {
        return false;
    }
    if (model_find_lot(job->model, body->lot) != NULL) {
        return refuse(job, "QP-LOT-NEW");
    }
    if (!sealed_as(job, body->price, QP__SEALED_KIND__SEALED_KIND_PRICE)) {
        return false;
    }
    if (!not_empty(job, body->quantity)) {
        return false;
    }
    if (!picked_in_time(job, body)) {
        return false;
    }
    if (!rules_now(job, &rules)) {
        return false;
    }
    if (body->harvest_from_ms + rules->harvest_age_days * MODEL_DAY_MS <
        job->context->admitted_ms) {
        return refuse(job, "QP-HARVEST-TIME");
    }
    for (size_t i = 0; i < body->n_origins; i++) {
        if (!yield_grams(job, rules, body, body->origins[i]->grams, &counted[i]) ||
            !origin_holds(job, rules, body, i, counted[i])) {
            return false;
        }
        sum += body->origins[i]->grams;
    }
    if (sum != body->quantity->grams) {
        return refuse(job, "QP-MASS-SUM");
    }
    for (size_t i = 0; i < body->n_origins && model_cap(rules, body->commodity) != NULL; i++) {
        struct model_harvest *harvest = model_find_harvest(job->model, body->origins[i]->plot,
                                                           body->commodity, body->crop_year);
        if (harvest == NULL) {
            harvest = ADD(job->model->harvests);
            harvest->plot = body->origins[i]->plot;
            harvest->commodity = body->commodity;
            harvest->crop_year = body->crop_year;
        }
        model_wide usual = (model_wide)model_cap(rules, body->commodity)->warn_grams_per_ha *
                           model_find_plot(job->model, harvest->plot)->body->area_m2 / 10000;
        bool was_usual = harvest->grams <= usual;
        harvest->grams += counted[i];
        job->model->warnings += was_usual && harvest->grams > usual;
    }
    struct model_lot *lot = ADD(job->model->lots);
    lot->id = body->lot;
    lot->commodity = body->commodity;
    lot->form = body->form;
    lot->made = lot->balance = amount(body->quantity);
    lot->owner = lot->holder = job->party;
    lot->status = MODEL_HELD;
    lot->created = job->context->place;
    lot->made_ms = job->event->occurred_ms;
    return true;
}
