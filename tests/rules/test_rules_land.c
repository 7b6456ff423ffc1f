/* Producers, plots, assessments, harvests and certificates. */
#include "rules/scene.h"
#include "rules/test_rules.h"

#include "core/check.h"

#define WITHDRAWN "'plot_withdrawn': {'plot': '%s', 'reason': 'r'}"

#define PRODUCER "'producer_registered': {'producer': '%s', 'identity': $%s}"
#define PLOT                                                                                       \
    "'plot_registered': {'plot': '%s', 'producer': '%s', 'commodities': ['coffee'], 'country': "   \
    "'PE', 'area_m2': %d, 'geometry_kind': '%s', 'geometry': $%s, 'tenure': 'title', "             \
    "'tenure_evidence': 'declared', 'tenure_document': $%s}"
#define GEOMETRY "0000000000000000000000000000000000000000000000000000000000000007"
#define ASSESSED                                                                                   \
    "'plot_assessed': {'plot': '%s', 'geometry': '%s', 'datasets': [{'name': 'd', 'sha256': "      \
    "'" GEOMETRY "'}], 'method': 'm', 'cut_off': '2020-12-31', 'covers_to': '2026-01-01', "        \
    "'outcome': '%s', 'assessed_m2': 100, 'forest_m2': %d, 'loss_m2': %d}"

static void registers_producers_and_plots_once_under_their_party(void **state)
{
    (void)state;
    no("QP-ROLE", "carry", DAY, PRODUCER, "carry/u2", "producer");
    no("QP-NAME", "norte", DAY, PRODUCER, "sur/u2", "producer");
    no("QP-NAME", "norte", DAY, PRODUCER, "norte-2/u2", "producer");
    no("QP-SEALED-KIND", "norte", DAY, PRODUCER, "norte/u2", "document");
    no("QP-PRODUCER-NEW", "norte", DAY, PRODUCER, "norte/u1", "producer");
    ok("norte", DAY, PRODUCER, "norte/u2", "producer");

    no("QP-NAME", "norte", DAY, PLOT, "sur/p2", "norte/u1", 1, "point", "geometry", "document");
    no("QP-SEALED-KIND", "norte", DAY, PLOT, "norte/p2", "norte/u1", 1, "point", "document",
       "document");
    no("QP-SEALED-KIND", "norte", DAY, PLOT, "norte/p2", "norte/u1", 1, "point", "geometry",
       "geometry");
    no("QP-PLOT-NEW", "norte", DAY, PLOT, "norte/p1", "norte/u1", 1, "point", "geometry",
       "document");
    no("QP-PRODUCER-UNKNOWN", "norte", DAY, PLOT, "norte/p2", "norte/u9", 1, "point", "geometry",
       "document");
    no("QP-PLOT-POINT", "norte", DAY, PLOT, "norte/p2", "norte/u1", 40001, "point", "geometry",
       "document");
    ok("norte", DAY, PLOT, "norte/p2", "norte/u1", 40000, "point", "geometry", "document");
    ok("norte", DAY, PLOT, "norte/p3", "norte/u1", 40001, "polygon", "geometry", "document");
    no("QP-PLOT-NEW", "norte", DAY, PLOT, "norte/p2", "norte/u1", 1, "point", "geometry",
       "document");
}

static void an_assessment_is_of_the_registered_geometry_and_fits_together(void **state)
{
    (void)state;
    static const struct {
        const char *plot, *geometry, *outcome;
        int forest, loss;
        const char *code;
    } cases[] = {
        {"norte/p9", GEOMETRY, "no_loss", 0, 0, "QP-PLOT-UNKNOWN"},
        {"norte/p1", "1000000000000000000000000000000000000000000000000000000000000007", "no_loss",
         0, 0, "QP-PLOT-GEOMETRY"},
        {"norte/p1", GEOMETRY, "no_loss", 101, 0, "QP-PLOT-AREA"},
        {"norte/p1", GEOMETRY, "no_loss", 100, 1, "QP-PLOT-AREA"},
        {"norte/p1", GEOMETRY, "loss", 100, 0, "QP-PLOT-AREA"},
        {"norte/p1", GEOMETRY, "loss", 100, 101, "QP-PLOT-AREA"},
        {"norte/p1", GEOMETRY, "loss", 100, 100, NULL},
        {"norte/p1", GEOMETRY, "inconclusive", 100, 1, NULL},
        {"norte/p1", GEOMETRY, "no_loss", 100, 0, NULL},
    };
    for (size_t i = 0; i < QP_COUNT(cases); i++) {
        if (cases[i].code != NULL) {
            no(cases[i].code, "assess", DAY, ASSESSED, cases[i].plot, cases[i].geometry,
               cases[i].outcome, cases[i].forest, cases[i].loss);
        } else {
            ok("assess", DAY, ASSESSED, cases[i].plot, cases[i].geometry, cases[i].outcome,
               cases[i].forest, cases[i].loss);
        }
    }
    no("QP-ROLE", "norte", DAY, ASSESSED, "norte/p1", GEOMETRY, "no_loss", 0, 0);
    /* A later good word does not hide the loss that was found. */
    const Qp__PlotState *plot = scene_plot("norte/p1");
    assert_int_equal(plot->outcome, QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_NO_LOSS);
    assert_int_equal(plot->loss->index, scene.event_count - 3);
    assert_int_equal(plot->assessed->index, scene.event_count - 1);
}

static void a_plot_is_withdrawn_once_by_who_registered_it_or_an_authority(void **state)
{
    (void)state;
    char body[128];
    snprintf(body, sizeof body, WITHDRAWN, "norte/p1");
    no("QP-ROLE", "sur", DAY, "%s", body);
    ok("norte", DAY, "%s", body);
    no("QP-PLOT-WITHDRAWN", "norte", DAY, "%s", body);
    snprintf(body, sizeof body, WITHDRAWN, "norte/p9");
    no("QP-PLOT-UNKNOWN", "authority", DAY, "%s", body);
    snprintf(body, sizeof body, WITHDRAWN, "sur/p1");
    ok("authority", DAY, "%s", body);
    no("QP-PLOT-WITHDRAWN", "norte", DAY,
       "'lot_harvested': {'lot': 'norte/a', 'commodity': 'coffee', 'form': 'cherry', 'quantity': "
       "{'grams': 5}, 'origins': [{'plot': 'norte/p1', 'grams': 5}], 'harvest_from': "
       "'2026-05-01', 'harvest_to': '2026-05-14', 'crop_year': 2026}");
}

#define HARVESTED                                                                                  \
    "'lot_harvested': {'lot': '%s', 'commodity': '%s', 'form': '%s', 'quantity': {'grams': %llu, " \
    "'pieces': %d}, 'origins': [%s], 'harvest_from': '%s', 'harvest_to': '%s', 'crop_year': %d, "  \
    "'price': $%s}"

struct harvest {
    const char *code; /* NULL: accepted */
    const char *lot, *commodity, *form;
    unsigned long long grams;
    const char *origins, *from, *to;
    int crop_year;
    const char *price;
};

static void a_harvest_fits_its_plots_and_its_dates(void **state)
{
    (void)state;
    static const char *const one = "{'plot': 'norte/p1', 'grams': 5}";
    const struct harvest cases[] = {
        {"QP-NAME", "sur/a", "coffee", "cherry", 5, one, "2026-05-01", DAY, 2026, "price"},
        {"QP-SEALED-KIND", "norte/a", "coffee", "cherry", 5, one, "2026-05-01", DAY, 2026,
         "document"},
        {"QP-MASS-EMPTY", "norte/a", "coffee", "cherry", 0, one, "2026-05-01", DAY, 2026, "price"},
        {"QP-HARVEST-TIME", "norte/a", "coffee", "cherry", 5, one, "2026-05-15", DAY, 2026,
         "price"},
        {"QP-HARVEST-TIME", "norte/a", "coffee", "cherry", 5, one, "2026-05-01",
         "2026-05-15T00:00:00.001Z", 2026, "price"},
        {"QP-HARVEST-TIME", "norte/a", "coffee", "cherry", 5, one, "2026-05-01", DAY, 2027,
         "price"},
        {"QP-HARVEST-TIME", "norte/a", "coffee", "cherry", 5, one, "2026-05-01", DAY, 2024,
         "price"},
        {"QP-HARVEST-TIME", "norte/a", "coffee", "cherry", 5, one, "2024-05-13T23:59:59.999Z", DAY,
         2024, "price"},
        {"QP-PLOT-UNKNOWN", "norte/a", "coffee", "cherry", 5, "{'plot': 'norte/p9', 'grams': 5}",
         "2026-05-01", DAY, 2026, "price"},
        {"QP-PLOT-COMMODITY", "norte/a", "cocoa", "dry_beans", 5, one, "2026-05-01", DAY, 2026,
         "price"},
        {"QP-LOT-TWICE", "norte/a", "coffee", "cherry", 10,
         "{'plot': 'norte/p1', 'grams': 5}, {'plot': 'norte/p1', 'grams': 5}", "2026-05-01", DAY,
         2026, "price"},
        {"QP-MASS-SUM", "norte/a", "coffee", "cherry", 6, one, "2026-05-01", DAY, 2026, "price"},
        {"QP-MASS-SUM", "norte/a", "coffee", "cherry", 4, one, "2026-05-01", DAY, 2026, "price"},
        {"QP-MASS-FACTOR", "norte/a", "coffee", "roasted", 5, one, "2026-05-01", DAY, 2026,
         "price"},
        {NULL, "norte/a", "coffee", "cherry", 5, one, "2026-05-14", DAY, 2026, "price"},
        {"QP-LOT-NEW", "norte/a", "coffee", "cherry", 5, one, "2026-05-14", DAY, 2026, "price"},
        {NULL, "norte/b", "coffee", "parchment", 5, one, "2026-05-01", "2026-05-15", 2025, "price"},
        {NULL, "norte/c", "coffee", "green", 5, one, "2024-05-14", DAY, 2024, "price"},
        {NULL, "norte/d", "coffee", "cherry", 10,
         "{'plot': 'norte/p1', 'grams': 5}, {'plot': 'sur/p1', 'grams': 5}", "2026-05-01", DAY,
         2026, "price"},
    };
    for (size_t i = 0; i < QP_COUNT(cases); i++) {
        const struct harvest *at = &cases[i];
        char body[800];
        snprintf(body, sizeof body, HARVESTED, at->lot, at->commodity, at->form, at->grams, 0,
                 at->origins, at->from, at->to, at->crop_year, at->price);
        if (at->code != NULL) {
            no(at->code, "norte", DAY, "%s", body);
        } else {
            ok("norte", DAY, "%s", body);
        }
    }
    scene.admitted = "2028-05-13"; /* a day before it is too late to tell the ledger */
    no("QP-HARVEST-TIME", "norte", DAY, HARVESTED, "norte/late", "coffee", "cherry", 5ULL, 0, one,
       "2026-05-12", DAY, 2026, "price");
    ok("norte", DAY, HARVESTED, "norte/late", "coffee", "cherry", 5ULL, 0, one, DAY, DAY, 2026,
       "price");
    scene.admitted = NULL;
    no("QP-ROLE", "carry", DAY, HARVESTED, "carry/a", "coffee", "cherry", 5ULL, 0, one, DAY, DAY,
       2026, "price");
}

/* 2 ha at 3,500 kg of green a hectare: 7,000,000 g; cherry counts 0.18. */
static void a_plot_yields_its_cap_in_a_crop_year_over_all_buyers(void **state)
{
    (void)state;
    scene_harvested("norte", "norte/a", "norte/p1", 38888888);
    assert_int_equal(scene_harvest("norte/p1", 2026), 7000000);
    no("QP-HARVEST-CAP", "norte", DAY, HARVESTED, "norte/b", "coffee", "green", 1ULL, 0,
       "{'plot': 'norte/p1', 'grams': 1}", DAY, DAY, 2026, "price");
    no("QP-HARVEST-CAP", "sur", DAY, HARVESTED, "sur/b", "coffee", "cherry", 1ULL, 0,
       "{'plot': 'norte/p1', 'grams': 1}", DAY, DAY, 2026, "price");
    /* Another year and another plot have their own. */
    ok("sur", DAY, HARVESTED, "sur/b", "coffee", "green", 7000000ULL, 0,
       "{'plot': 'norte/p1', 'grams': 7000000}", DAY, DAY, 2025, "price");
    ok("sur", DAY, HARVESTED, "sur/c", "coffee", "green", 7000000ULL, 0,
       "{'plot': 'sur/p1', 'grams': 7000000}", DAY, DAY, 2026, "price");
    no("QP-HARVEST-CAP", "sur", DAY, HARVESTED, "sur/d", "coffee", "green", 1000000000000000ULL, 0,
       "{'plot': 'sur/p1', 'grams': 1000000000000000}", DAY, DAY, 2024 + 1, "price");
}

/* One gram of cherry is 0.18 g of green: rounded down, any number of them would count nothing. */
/* Laundering: a plot of two hectares sells 1,500 kg to each of five buyers, who do not know of each
 * other. No delivery is remarkable; the fifth takes the plot over the 7,000 kg that it can give. */
static void a_plot_that_sells_a_little_to_each_of_five_buyers_is_found_out(void **state)
{
    (void)state;
    static const char *const buyers[] = {"norte", "sur", "este", "oeste", "centro"};
    for (size_t i = 2; i < QP_COUNT(buyers); i++) {
        ok("op", DAY,
           "'party_enrolled': {'party': '%s', 'legal_name': 'L', 'country': 'PE', 'roles': "
           "['cooperative'], 'key': '@%s@'}",
           buyers[i], buyers[i]);
    }
    for (size_t i = 0; i < QP_COUNT(buyers); i++) {
        char lot[32];
        snprintf(lot, sizeof lot, "%s/laundered", buyers[i]);
        if (i < 4) {
            ok(buyers[i], DAY, HARVESTED, lot, "coffee", "green", 1500000ULL, 0,
               "{'plot': 'norte/p1', 'grams': 1500000}", DAY, DAY, 2026, "price");
        } else {
            no("QP-HARVEST-CAP", buyers[i], DAY, HARVESTED, lot, "coffee", "green", 1500000ULL, 0,
               "{'plot': 'norte/p1', 'grams': 1500000}", DAY, DAY, 2026, "price");
        }
    }
    assert_int_equal(scene_harvest("norte/p1", 2026), 6000000);
}

static void small_deliveries_count_against_the_cap(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        char lot[16];
        snprintf(lot, sizeof lot, "norte/g%d", i);
        scene_harvested("norte", lot, "norte/p1", 1);
    }
    assert_in_range(scene_harvest("norte/p1", 2026), 2, 10);
}

#define CERTIFIED                                                                                  \
    "'certificate_issued': {'certificate': '%s', 'scheme': 'eu-organic', 'number': '1', "          \
    "'holder': '%s', 'commodities': ['coffee'], 'valid_from': '%s', 'valid_to': '%s', "            \
    "'document': $%s}"
#define UNCERTIFIED                                                                                \
    "'certificate_withdrawn': {'certificate': '%s', 'from': '2026-06-01', 'reason': 'r'}"

static void certificates_are_issued_and_withdrawn_once(void **state)
{
    (void)state;
    no("QP-ROLE", "norte", DAY, CERTIFIED, "norte/c", "norte", DAY, DAY, "document");
    no("QP-NAME", "cert", DAY, CERTIFIED, "norte/c", "norte", DAY, DAY, "document");
    no("QP-SEALED-KIND", "cert", DAY, CERTIFIED, "cert/c", "norte", DAY, DAY, "price");
    no("QP-PARTY-UNKNOWN", "cert", DAY, CERTIFIED, "cert/c", "nobody", DAY, DAY, "document");
    no("QP-CERTIFICATE-TIME", "cert", DAY, CERTIFIED, "cert/c", "norte", "2026-05-15", DAY,
       "document");
    ok("cert", DAY, CERTIFIED, "cert/c", "norte", DAY, DAY, "document");
    no("QP-CERTIFICATE-NEW", "cert", DAY, CERTIFIED, "cert/c", "norte", DAY, DAY, "document");
    ok("cert", DAY, CERTIFIED, "cert/d", "sur", "2026-01-01", DAY, "document");
    ok("op", DAY,
       "'party_enrolled': {'party': 'cert2', 'legal_name': 'L', 'country': 'PE', 'roles': "
       "['certifier'], 'key': '@cert2@'}");
    no("QP-CERTIFICATE-UNKNOWN", "cert", DAY, UNCERTIFIED, "cert/x");
    no("QP-ROLE", "cert2", DAY, UNCERTIFIED, "cert/c");
    ok("cert", DAY, UNCERTIFIED, "cert/c");
    no("QP-CERTIFICATE-WITHDRAWN", "cert", DAY, UNCERTIFIED, "cert/c");
    ok("authority", DAY, UNCERTIFIED, "cert/d");
}

#define RULES_FROM(from, more)                                                                     \
    "'rule_set_published': {'rule_set': 'pe', 'version': 2, 'effective_from': '" from              \
    "', 'cut_off': '2020-12-31', 'point_area_max_m2': 40000, " more "}"

/* A scheme that is written in two ways would count under neither. */
static void a_certificate_is_of_a_scheme_that_the_rule_set_lists(void **state)
{
    (void)state;
    ok("cert", DAY, CERTIFIED, "cert/a", "norte", DAY, DAY, "document"); /* no list: any */
    ok("op", DAY,
       RULES_FROM("2026-05-14", "'harvest_age_days': 730, 'schemes': [{'scheme': 'fairtrade', "
                                "'name': 'F', 'steps': ['trade']}]"));
    no("QP-CERTIFICATE-SCHEME", "cert", DAY, CERTIFIED, "cert/b", "norte", DAY, DAY, "document");
    ok("cert", "2026-05-13", CERTIFIED, "cert/c", "norte", DAY, DAY, "document");
    ok("op", "2026-05-15",
       RULES_FROM("2026-05-15", "'harvest_age_days': 730, 'schemes': [{'scheme': 'fairtrade', "
                                "'name': 'F', 'steps': ['trade']}, {'scheme': 'eu-organic', "
                                "'name': 'O', 'steps': ['harvest', 'trade']}]"));
    ok("cert", "2026-05-15", CERTIFIED, "cert/b", "norte", DAY, DAY, "document");
}

#define SEEN                                                                                       \
    "'plot_assessed': {'plot': 'norte/p1', 'geometry': '" GEOMETRY "', 'datasets': [{'name': "     \
    "'d', 'sha256': '" GEOMETRY "'}], 'method': 'm', 'cut_off': '2020-12-31', 'covers_to': "       \
    "'2026-01-01', 'outcome': '%s', 'assessed_m2': 100, 'nodata_ppm': %d}"

/* Who has not seen the plot cannot say that nothing was lost on it. */
static void an_assessment_without_loss_has_seen_the_plot(void **state)
{
    (void)state;
    no("QP-PLOT-AREA", "assess", DAY, SEEN, "no_loss", 1); /* this rule set allows none */
    ok("assess", DAY, SEEN, "inconclusive", 1);
    ok("op", DAY, RULES_FROM("2026-05-14", "'harvest_age_days': 730, 'nodata_max_ppm': 100000"));
    ok("assess", DAY, SEEN, "no_loss", 100000);
    no("QP-PLOT-AREA", "assess", DAY, SEEN, "no_loss", 100001);
}

#define PICKED                                                                                     \
    "'lot_harvested': {'lot': 'norte/%c', 'commodity': 'coffee', 'form': 'cherry', 'quantity': "   \
    "{'grams': 5}, 'origins': [{'plot': 'norte/p1', 'grams': 5}], 'harvest_from': '%s', "          \
    "'harvest_to': '%s', 'crop_year': 2026}"

/* How old a harvest may be is the rule set's to say, and counts to the ledger's clock. */
static void a_harvest_is_as_fresh_as_the_rule_set_says(void **state)
{
    (void)state;
    scene.admitted = "2026-05-14";
    ok("op", "2026-05-14", RULES_FROM("2026-03-01", "'harvest_age_days': 30"));
    no("QP-HARVEST-TIME", "norte", "2026-05-01", PICKED, 'a', "2026-04-13T23:59:59.999Z",
       "2026-05-01");
    ok("norte", "2026-05-01", PICKED, 'b', "2026-04-14", "2026-05-01");
    /* dated under the rule set before it, which allows two years */
    ok("norte", "2026-02-28", PICKED, 'c', "2026-02-01", "2026-02-28");
    scene.admitted = NULL;
}

int rules_land_tests(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(registers_producers_and_plots_once_under_their_party),
        SCENE_TEST(an_assessment_is_of_the_registered_geometry_and_fits_together),
        SCENE_TEST(a_plot_is_withdrawn_once_by_who_registered_it_or_an_authority),
        SCENE_TEST(a_harvest_fits_its_plots_and_its_dates),
        SCENE_TEST(a_plot_yields_its_cap_in_a_crop_year_over_all_buyers),
        SCENE_TEST(a_plot_that_sells_a_little_to_each_of_five_buyers_is_found_out),
        SCENE_TEST(small_deliveries_count_against_the_cap),
        SCENE_TEST(certificates_are_issued_and_withdrawn_once),
        SCENE_TEST(a_certificate_is_of_a_scheme_that_the_rule_set_lists),
        SCENE_TEST(an_assessment_without_loss_has_seen_the_plot),
        SCENE_TEST(a_harvest_is_as_fresh_as_the_rule_set_says),
    };
    return cmocka_run_group_tests_name("land", tests, NULL, NULL);
}
