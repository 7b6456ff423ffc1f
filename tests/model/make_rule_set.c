/* Rule sets that are nearly sound. */
#include "model/model_priv.h"
#include "model/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Forms of one kind of goods, and the ways between them. */
struct way {
    Qp__Commodity commodity;
    Qp__Form from;
    Qp__Form to;
};
#define C(name) QP__COMMODITY__COMMODITY_##name
#define F(name) QP__FORM__FORM_##name
static const struct way ways[] = {
    {C(COFFEE), F(CHERRY), F(PARCHMENT)},   {C(COFFEE), F(PARCHMENT), F(GREEN)},
    {C(COFFEE), F(CHERRY), F(GREEN)},       {C(COFFEE), F(GREEN), F(ROASTED)},
    {C(COFFEE), F(PARCHMENT), F(CHERRY)},   {C(COFFEE), F(PARCHMENT), F(HUSK)},
    {C(COFFEE), F(CHERRY), F(PULP)},        {C(COCOA), F(WET_BEANS), F(DRY_BEANS)},
    {C(COCOA), F(DRY_BEANS), F(BUTTER)},    {C(COCOA), F(DRY_BEANS), F(NIBS)},
    {C(COCOA), F(DRY_BEANS), F(WET_BEANS)}, {C(AGUAJE), F(FRUIT), F(PULP)},
    {C(AGUAJE), F(PULP), F(OIL)},           {C(ALPACA), F(FIBRE), F(GARMENT)},
};
static const Qp__Commodity goods[] = {C(COFFEE), C(COCOA), C(AGUAJE), C(ALPACA)};

static void add_factors(struct world *world, Qp__RuleSetPublished *body)
{
    static const uint32_t factors[] = {1, 200000, 333333, 800000, 999999, 1000000, 500000};
    static const uint32_t tolerances[] = {0, 0, 50000, 100000, 999999, 1000000};
    body->factors = room(world, 2 * QP_COUNT(ways) * sizeof *body->factors);
    for (size_t i = 0; i < 2 * QP_COUNT(ways); i++) {
        if (i < QP_COUNT(ways) ? one_in(world, 6) : !one_in(world, 9)) {
            continue; /* some are missing, some stand twice */
        }
        const struct way *way = &ways[i % QP_COUNT(ways)];
        Qp__ConversionFactor *factor = NULL;
        MAKE(world, factor, qp__conversion_factor__init);
        factor->commodity = way->commodity;
        factor->from = way->from;
        factor->to = way->to;
        factor->factor_ppm = factors[below(world, QP_COUNT(factors))];
        factor->tolerance_ppm = tolerances[below(world, QP_COUNT(tolerances))];
        factor->beside = one_in(world, 4);
        body->factors[body->n_factors++] = factor;
    }
}

static void add_caps(struct world *world, Qp__RuleSetPublished *body)
{
    static const uint64_t caps[] = {
        1, 1000, 12345, 2000000, 7654321, UINT64_C(1000000000), 1000000000000};
    body->yield_caps = room(world, 2 * QP_COUNT(goods) * sizeof *body->yield_caps);
    for (size_t i = 0; i < 2 * QP_COUNT(goods); i++) {
        if (i < QP_COUNT(goods) ? one_in(world, 4) : !one_in(world, 8)) {
            continue;
        }
        Qp__YieldCap *cap = NULL;
        MAKE(world, cap, qp__yield_cap__init);
        cap->commodity = goods[i % QP_COUNT(goods)];
        do {
            cap->form = ways[below(world, QP_COUNT(ways))].from;
        } while (cap->form == F(HUSK));
        for (size_t j = 0; j < QP_COUNT(ways) && !one_in(world, 20); j++) {
            if (ways[j].commodity == cap->commodity) { /* mostly a form of this commodity */
                cap->form = one_in(world, 2) ? ways[j].from : ways[j].to;
                break;
            }
        }
        cap->refuse_grams_per_ha = caps[below(world, QP_COUNT(caps))];
        if (world->huge && !one_in(world, 4)) {
            cap->refuse_grams_per_ha = caps[QP_COUNT(caps) - 1];
        }
        cap->warn_grams_per_ha = 1 + (cap->refuse_grams_per_ha - 1) / (1 + below(world, 8));
        body->yield_caps[body->n_yield_caps++] = cap;
    }
}

static void add_headings(struct world *world, Qp__RuleSetPublished *body)
{
    static const char *const headings[] = {"0901", "090111", "1801", "180100", "0901110000"};
    static const char *const wrong[] = {"09011", "0001", "9801", "7701", "090111000"};
    body->headings = room(world, 3 * sizeof *body->headings);
    for (size_t i = below(world, 4); i > 0; i--) {
        Qp__HsHeading *heading = NULL;
        MAKE(world, heading, qp__hs_heading__init);
        heading->commodity = one_in(world, 2) ? C(COFFEE) : C(COCOA);
        heading->hs_code =
            text(world, slip(world, 30) ? wrong[below(world, QP_COUNT(wrong))]
                                        : headings[below(world, QP_COUNT(headings))]);
        heading->effective_from_ms =
            world->now_ms - MODEL_DAY_MS + below(world, 2) * 2 * MODEL_DAY_MS;
        body->headings[body->n_headings++] = heading;
    }
    if (one_in(world, 4)) {
        body->risks = room(world, sizeof *body->risks);
        MAKE(world, body->risks[0], qp__country_risk__init);
        body->n_risks = 1;
        body->risks[0]->country = country(world);
        body->risks[0]->level = QP__RISK_LEVEL__RISK_LEVEL_LOW;
        body->risks[0]->effective_from_ms = world->now_ms;
    }
}

static void add_schemes(struct world *world, Qp__RuleSetPublished *body)
{
    static const char *const schemes[] = {"organic", "organic", "fairtrade"};
    body->schemes = room(world, 2 * sizeof *body->schemes);
    for (size_t count = below(world, 3); count > 0; count--) {
        Qp__CertificateScheme *scheme = NULL;
        MAKE(world, scheme, qp__certificate_scheme__init);
        scheme->scheme = text(world, schemes[below(world, QP_COUNT(schemes))]);
        scheme->name = text(world, "n");
        scheme->steps = room(world, sizeof *scheme->steps);
        scheme->steps[scheme->n_steps++] = QP__CERTIFIED_STEP__CERTIFIED_STEP_HARVEST;
        body->schemes[body->n_schemes++] = scheme;
    }
}

bool make_rule_set_published(struct world *world, Qp__Event *event)
{
    static const uint32_t tolerances[] = {0, 1, 5000, 5000, 100000, 1000000};
    static const uint32_t ages[] = {730, 730, 730, 365, 1, 3650};
    static const uint32_t unseen[] = {0, 50000, 50000, 999999, 1000000};
    static const uint64_t areas[] = {1, 40000, 40000, 40000, UINT64_C(1000000000000)};
    Qp__RuleSetPublished *body = NULL;
    MAKE(world, body, qp__rule_set_published__init);
    size_t count = world->model.rule_sets.count;
    body->rule_set = text(world, "pe");
    body->version = 1;
    if (count == 0) {
        body->effective_from_ms = world->now_ms - (world->straight ? 900 : 3) * MODEL_DAY_MS;
    } else {
        uint64_t last = world->model.rule_sets.at[count - 1].body->effective_from_ms;
        uint64_t soon = world->now_ms - 2 * MODEL_DAY_MS + below(world, 4) * MODEL_DAY_MS;
        body->effective_from_ms = soon > last ? soon : last + 1 + below(world, 3) * MODEL_DAY_MS;
        if (slip(world, 4)) {
            body->effective_from_ms = last - below(world, 2);
        }
    }
    body->cut_off_ms = UINT64_C(1609459199000);
    body->point_area_max_m2 = areas[below(world, QP_COUNT(areas))];
    body->transfer_tolerance_ppm = tolerances[below(world, QP_COUNT(tolerances))];
    body->harvest_age_days = world->straight ? 730 : ages[below(world, QP_COUNT(ages))];
    body->nodata_max_ppm = unseen[below(world, QP_COUNT(unseen))];
    add_factors(world, body);
    add_schemes(world, body);
    add_caps(world, body);
    add_headings(world, body);
    event->body_case = QP__EVENT__BODY_RULE_SET_PUBLISHED;
    event->rule_set_published = body;
    return speak_as(world, ROLE(OPERATOR) | ROLE(AUTHORITY));
}
