/* Events about producers, plots and harvests. */
#include "model/model_priv.h"
#include "model/world.h"

#include <stdio.h>

#define C(name) QP__COMMODITY__COMMODITY_##name
#define F(name) QP__FORM__FORM_##name

bool make_producer_registered(struct world *world, Qp__Event *event)
{
    Qp__ProducerRegistered *body = NULL;
    size_t producers = world->model.producers.count;
    if (!speak_as(world, BUYERS)) {
        return false;
    }
    MAKE(world, body, qp__producer_registered__init);
    body->producer = slip(world, 8) && producers > 0
                         ? text(world, world->model.producers.at[below(world, producers)].id)
                         : new_id(world, "f");
    body->identity = sealed(world, QP__SEALED_KIND__SEALED_KIND_PRODUCER);
    event->body_case = QP__EVENT__BODY_PRODUCER_REGISTERED;
    event->producer_registered = body;
    return true;
}

static uint64_t some_area(struct world *world)
{
    static const uint64_t areas[] = {1,     9999,  10000, 10001,  20000, 20000,
                                     39999, 40000, 40001, 123456, 5000,  UINT64_C(1000000000000)};
    size_t count = world->model.rule_sets.count;
    if (world->huge && !one_in(world, 4)) {
        return areas[QP_COUNT(areas) - 1];
    }
    if (count > 0 && one_in(world, 4)) {
        uint64_t area = near(world, world->model.rule_sets.at[count - 1].body->point_area_max_m2);
        return area == 0                           ? 1
               : area < areas[QP_COUNT(areas) - 1] ? area
                                                   : areas[QP_COUNT(areas) - 1];
    }
    return areas[below(world, QP_COUNT(areas))];
}

bool make_plot_registered(struct world *world, Qp__Event *event)
{
    Qp__PlotRegistered *body = NULL;
    size_t producers = world->model.producers.count;
    if (producers == 0 || !speak_as(world, BUYERS)) {
        return false;
    }
    MAKE(world, body, qp__plot_registered__init);
    body->plot = new_id(world, "p");
    body->producer = slip(world, 15)
                         ? new_id(world, "f")
                         : text(world, world->model.producers.at[below(world, producers)].id);
    body->commodities = room(world, 4 * sizeof *body->commodities);
    for (int commodity = C(COFFEE); commodity <= C(ALPACA); commodity++) {
        if (world->huge ? commodity == (int)world->goods
                        : commodity != C(BANANA) && !one_in(world, 3)) {
            body->commodities[body->n_commodities++] = (Qp__Commodity)commodity;
        }
    }
    if (body->n_commodities == 0) {
        body->commodities[body->n_commodities++] = C(COFFEE);
    }
    body->country = country(world);
    if (one_in(world, 3)) {
        static const char *const wrong[] = {"PE",     "PE-",    "PE-ABCD", "PESAM",
                                            "PE-sam", "XX-SAM", "DE-BY",   "PE-S_M"};
        char region[16];
        snprintf(region, sizeof region, "%s-SAM", body->country);
        region[3 + below(world, 4)] = '\0';
        body->region = text(world, slip(world, 4) ? wrong[below(world, QP_COUNT(wrong))] : region);
    }
    body->area_m2 = some_area(world);
    body->geometry_kind = one_in(world, 3) ? QP__GEOMETRY_KIND__GEOMETRY_KIND_POINT
                                           : QP__GEOMETRY_KIND__GEOMETRY_KIND_POLYGON;
    body->geometry = sealed(world, QP__SEALED_KIND__SEALED_KIND_GEOMETRY);
    body->tenure = QP__TENURE_KIND__TENURE_KIND_TITLE;
    body->tenure_evidence = QP__EVIDENCE_LEVEL__EVIDENCE_LEVEL_DECLARED;
    if (one_in(world, 3)) {
        body->tenure_document = sealed(world, QP__SEALED_KIND__SEALED_KIND_DOCUMENT);
    }
    event->body_case = QP__EVENT__BODY_PLOT_REGISTERED;
    event->plot_registered = body;
    return true;
}

bool make_plot_assessed(struct world *world, Qp__Event *event)
{
    Qp__PlotAssessed *body = NULL;
    const struct model_plot *plot = pick_plot(world);
    if (plot == NULL || !speak_as(world, ROLE(ASSESSOR) | ROLE(AUTHORITY))) {
        return false;
    }
    MAKE(world, body, qp__plot_assessed__init);
    body->plot = slip(world, 12) ? new_id(world, "p") : text(world, plot->body->plot);
    body->geometry = bytes32(world, slip(world, 12) ? NULL : plot->body->geometry->commitment.data);
    body->datasets = room(world, sizeof *body->datasets);
    MAKE(world, body->datasets[0], qp__dataset__init);
    body->n_datasets = 1;
    body->datasets[0]->name = text(world, "d");
    body->datasets[0]->sha256 = bytes32(world, NULL);
    body->method = text(world, "m");
    body->cut_off_ms = UINT64_C(1609459199000);
    body->covers_to_ms = world->now_ms;
    body->outcome = (Qp__AssessmentOutcome)(1 + below(world, 3));
    body->assessed_m2 = 1 + below(world, 20000);
    bool loss = body->outcome == QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_LOSS;
    body->forest_m2 = one_in(world, 2) ? near(world, body->assessed_m2) : 0;
    body->loss_m2 = loss != slip(world, 5) ? near(world, body->assessed_m2) : 0;
    if (one_in(world, 2)) {
        size_t rule_sets = world->model.rule_sets.count;
        uint64_t most = one_in(world, 2) || rule_sets == 0
                            ? 1000000
                            : world->model.rule_sets.at[rule_sets - 1].body->nodata_max_ppm;
        body->nodata_ppm = (uint32_t)near(world, most);
        body->nodata_ppm = body->nodata_ppm > 1000000 ? 1000000 : body->nodata_ppm;
    }
    if (slip(world, 10) && world->model.rule_sets.count > 0) { /* before there was any law */
        event->occurred_ms = world->model.rule_sets.at[0].body->effective_from_ms - 1;
    }
    event->body_case = QP__EVENT__BODY_PLOT_ASSESSED;
    event->plot_assessed = body;
    return true;
}

bool make_plot_withdrawn(struct world *world, Qp__Event *event)
{
    Qp__PlotWithdrawn *body = NULL;
    const struct model_plot *plot = pick_plot(world);
    if (plot == NULL) {
        return false;
    }
    const char *party = one_in(world, 4) ? pick_party(world, ROLE(AUTHORITY))
                        : slip(world, 4) ? any_party(world)
                                         : plot->party;
    if (!speak(world, party)) {
        return false;
    }
    MAKE(world, body, qp__plot_withdrawn__init);
    body->plot = slip(world, 12) ? new_id(world, "p") : text(world, plot->body->plot);
    body->reason = text(world, "r");
    event->body_case = QP__EVENT__BODY_PLOT_WITHDRAWN;
    event->plot_withdrawn = body;
    return true;
}

/* ---- Harvests ---- */

/* About when a year begins: some days early. */
#define ABOUT_YEAR_MS(year) (((year)-UINT64_C(1970)) * 365 * MODEL_DAY_MS)

static Qp__Form picked_form(struct world *world, Qp__Commodity commodity)
{
    if (slip(world, 15)) {
        return (Qp__Form)(1 + below(world, 27));
    }
    const struct model_place now = {UINT64_MAX, 0};
    const Qp__RuleSetPublished *rules =
        model_rules_in_force(&world->model, world->occurred_ms, &now);
    const Qp__YieldCap *cap = rules == NULL ? NULL : model_cap(rules, commodity);
    if (cap != NULL && !slip(world, 6)) { /* a form that the cap can be told in */
        for (size_t i = 0; i < rules->n_factors && !one_in(world, 3); i++) {
            if (rules->factors[i]->commodity == commodity && rules->factors[i]->to == cap->form) {
                return rules->factors[i]->from;
            }
        }
        return cap->form;
    }
    switch (commodity) {
    case C(COFFEE):
        return one_in(world, 2) ? F(CHERRY) : one_in(world, 2) ? F(PARCHMENT) : F(GREEN);
    case C(COCOA):
        return one_in(world, 2) ? F(WET_BEANS) : F(DRY_BEANS);
    case C(ALPACA):
        return one_in(world, 3) ? F(FIBRE) : F(GARMENT);
    default:
        return F(FRUIT);
    }
}

/* Grams that bring the plot to its cap, or a little over, or some grams. */
static uint64_t grams_from(struct world *world, const Qp__LotHarvested *body, const char *id)
{
    const struct model_place now = {UINT64_MAX, 0};
    const struct model_plot *plot = model_find_plot(&world->model, id);
    const Qp__RuleSetPublished *rules =
        model_rules_in_force(&world->model, world->occurred_ms, &now);
    const Qp__YieldCap *cap = rules == NULL ? NULL : model_cap(rules, body->commodity);
    if (plot == NULL || cap == NULL) {
        return some_grams(world);
    }
    const struct model_harvest *so_far =
        model_find_harvest(&world->model, id, body->commodity, body->crop_year);
    uint64_t used = so_far == NULL ? 0 : so_far->grams;
    model_wide left = (model_wide)cap->refuse_grams_per_ha * plot->body->area_m2 / 10000 - used;
    model_wide usual = (model_wide)cap->warn_grams_per_ha * plot->body->area_m2 / 10000;
    if (one_in(world, 4) && usual > used) {
        left = usual - used;
    }
    const Qp__ConversionFactor *factor =
        model_factor(rules, body->commodity, body->form, cap->form);
    if (cap->form != body->form && factor != NULL) {
        left = left * 1000000 / factor->factor_ppm;
    }
    if (left > UINT64_C(1000000000000000)) {
        left = UINT64_C(1000000000000000);
    }
    uint64_t grams = one_in(world, 3)   ? near(world, (uint64_t)left)
                     : one_in(world, 2) ? some_grams(world)
                                        : part(world, (uint64_t)left);
    return grams > left && !slip(world, 3) ? (uint64_t)left : grams;
}

/* Just as old as a harvest may be when it is dated, or when it comes to the ledger. */
static void old_picking(struct world *world, Qp__LotHarvested *body)
{
    const struct model_place now = {UINT64_MAX, 0};
    const Qp__RuleSetPublished *rules =
        model_rules_in_force(&world->model, world->occurred_ms, &now);
    uint64_t days = rules == NULL ? 730 : rules->harvest_age_days;
    bool by_date = one_in(world, 3);
    days = by_date ? 3650 : days;
    uint64_t newest = by_date ? world->occurred_ms : world->now_ms;
    body->harvest_from_ms = newest - days * MODEL_DAY_MS - below(world, 2);
    body->crop_year = 2026;
    while (body->crop_year > 2000 && ABOUT_YEAR_MS(body->crop_year) > body->harvest_from_ms) {
        body->crop_year--;
    }
}

static void picking_times(struct world *world, Qp__LotHarvested *body)
{
    uint64_t base = world->occurred_ms;
    body->harvest_to_ms = base - below(world, 40) * MODEL_DAY_MS;
    body->harvest_from_ms = body->harvest_to_ms - below(world, 200) * MODEL_DAY_MS;
    /* 2026 by UTC begins at 1767225600000. */
    body->crop_year = body->harvest_from_ms < UINT64_C(1767225600000) ? 2025 : 2026;
    if (one_in(world, 6)) {
        body->crop_year--; /* "the year after" */
    }
    switch (slip(world, 8) ? below(world, 6) : 6) {
    case 0:
        body->harvest_to_ms = edge(world, base + MODEL_DAY_MS);
        break;
    case 1:
        body->harvest_from_ms = edge(world, body->harvest_to_ms);
        break;
    case 2:
        old_picking(world, body);
        break;
    case 3:
        body->crop_year = 2023 + (uint32_t)below(world, 6);
        break;
    case 4: /* the last moment of a year, or the first of the next */
        body->harvest_from_ms = UINT64_C(1767225600000) - below(world, 2);
        body->crop_year = 2024 + (uint32_t)below(world, 3);
        break;
    case 5: /* a leap year's end */
        body->harvest_from_ms = UINT64_C(1735689600000) - below(world, 2);
        body->crop_year = 2023 + (uint32_t)below(world, 3);
        break;
    default:
        break;
    }
}

bool make_lot_harvested(struct world *world, Qp__Event *event)
{
    Qp__LotHarvested *body = NULL;
    const struct model_plot *first = pick_plot(world);
    bool shipper = world->huge && world->speaker == NULL && !one_in(world, 4) &&
                   live_key(world, "nort") != NULL;
    if (first == NULL || !(shipper ? speak(world, "nort") : speak_as(world, BUYERS))) {
        return false;
    }
    MAKE(world, body, qp__lot_harvested__init);
    body->lot = new_id(world, "l");
    body->commodity = slip(world, 25)
                          ? C(BANANA)
                          : first->body->commodities[below(world, first->body->n_commodities)];
    body->form = picked_form(world, body->commodity);
    body->trade_item = trade_item(world);
    picking_times(world, body);
    body->origins = room(world, 4 * sizeof *body->origins);
    uint64_t sum = 0;
    for (size_t count = one_in(world, 3) ? 1 + below(world, 4) : 1; count > 0; count--) {
        const struct model_plot *plot = body->n_origins == 0 ? first : pick_plot(world);
        plot = plot == NULL ? first : plot;
        bool twice = false;
        for (size_t i = 0; i < body->n_origins; i++) {
            twice = twice || same(body->origins[i]->plot, plot->body->plot);
        }
        if (twice && !slip(world, 4)) {
            continue;
        }
        Qp__HarvestOrigin *origin = NULL;
        MAKE(world, origin, qp__harvest_origin__init);
        origin->plot = slip(world, 40) ? new_id(world, "p") : text(world, plot->body->plot);
        origin->grams = grams_from(world, body, origin->plot);
        origin->grams = origin->grams == 0 ? 1 : origin->grams;
        if (body->form == F(GARMENT) && one_in(world, 2)) {
            origin->grams = 1 + below(world, 1000); /* light, and many pieces */
        }
        if (origin->grams > UINT64_C(1000000000000000)) {
            origin->grams = UINT64_C(1000000000000000);
        }
        sum += origin->grams;
        body->origins[body->n_origins++] = origin;
    }
    uint64_t pieces = body->form == F(GARMENT) ? 1 + below(world, 100) : 0;
    if (world->huge && pieces > 0 && one_in(world, 2)) {
        pieces = 1000000000;
    }
    body->quantity = quantity(world, slip(world, 15) ? near(world, sum) : sum, pieces);
    if (slip(world, 60)) {
        body->quantity = quantity(world, 0, below(world, 2));
    }
    if (one_in(world, 3)) {
        body->price = sealed(world, QP__SEALED_KIND__SEALED_KIND_PRICE);
    }
    event->body_case = QP__EVENT__BODY_LOT_HARVESTED;
    event->lot_harvested = body;
    return true;
}
