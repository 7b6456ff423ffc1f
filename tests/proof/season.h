/* The smallest whole story: one producer, one plot, one harvest, hulled, sold, shipped through
 * Callao. */
#ifndef QP_TESTS_PROOF_SEASON_H
#define QP_TESTS_PROOF_SEASON_H

#include "forge.h"

/* Where a forger may put a hand in. Each is called, when it is not NULL, in place of the step. */
struct season_steps {
    void (*land)(struct forge *forge);
    void (*harvest)(struct forge *forge);
    void (*mill)(struct forge *forge);
    void (*assess)(struct forge *forge);
    void (*receive)(struct forge *forge);
    void (*ship)(struct forge *forge);
    void (*gate)(struct forge *forge);
    void (*last)(struct forge *forge); /* at the end, where there is nothing otherwise */
};

static const char *season_geometry_hex;
static size_t season_geometry_len;

static inline struct qp_span season_plot(struct forge *forge, int32_t east)
{
    struct qp_point points[] = {{-769000000 + east, -60000000},
                                {-768985000 + east, -60003000},
                                {-768980000 + east, -59988000},
                                {-768997000 + east, -59985000}};
    struct qp_ring ring = {.points = points, .count = 4};
    struct qp_polygon polygon = {.rings = &ring, .ring_count = 1};
    struct qp_geometry geometry = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = &polygon, .polygon_count = 1};
    struct qp_buf bytes = {0};
    assert_ok(qp_geometry_normalize(&geometry, &forge->arena, &geometry, err));
    assert_ok(qp_geometry_encode(&geometry, &bytes, err));
    struct qp_span kept = forge_keep(forge, qp_span_buf(&bytes));
    qp_buf_wipe(&bytes);
    return kept;
}

static inline void season_harvest(struct forge *forge)
{
    forge_event(forge,
                "\"lot_harvested\": {\"lot\": \"coop/H-1\", \"commodity\": \"coffee\", \"form\": "
                "\"parchment\", \"quantity\": {\"grams\": 1000000}, \"origins\": [{\"plot\": "
                "\"coop/P-1\", \"grams\": 1000000}], \"harvest_from\": \"2026-05-01\", "
                "\"harvest_to\": \"2026-05-20\", \"crop_year\": 2026}");
    forge_sign(forge, "coop");
}

static inline void season_mill(struct forge *forge)
{
    forge_event(
        forge, "\"lot_processed\": {\"process\": \"hulling\", \"inputs\": [{\"lot\": \"coop/H-1\", "
               "\"quantity\": {\"grams\": 1000000}}], \"outputs\": [{\"lot\": \"coop/G-1\", "
               "\"form\": \"green\", \"quantity\": {\"grams\": 790000}, \"kind\": \"product\"}, "
               "{\"lot\": \"coop/K-1\", \"form\": \"husk\", \"quantity\": {\"grams\": 200000}, "
               "\"kind\": \"by_product\"}]}");
    forge_sign(forge, "coop");
}

static inline void season_assessed(struct forge *forge, const char *issuer, const char *geometry,
                                   const char *outcome, unsigned loss_m2)
{
    forge_event(
        forge,
        "\"plot_assessed\": {\"plot\": \"coop/P-1\", \"geometry\": \"%s\", \"datasets\": "
        "[{\"name\": \"JRC GFC2020 V3\", \"sha256\": \"%064x\"}], \"method\": \"overlay 1\", "
        "\"cut_off\": \"2020-12-31T23:59:59.999Z\", \"covers_to\": \"2026-05-30\", "
        "\"outcome\": \"%s\", \"assessed_m2\": 28000%s%.0u}",
        geometry, 7U, outcome, loss_m2 > 0 ? ", \"loss_m2\": " : "", loss_m2);
    forge_sign(forge, issuer);
}

static inline void season_assess(struct forge *forge)
{
    season_assessed(forge, "assessor", season_geometry_hex, "no_loss", 0);
}

static inline void season_receive(struct forge *forge)
{
    forge_event(forge, "\"lot_received\": {\"lot\": \"coop/G-1\", \"from\": \"coop\", "
                       "\"quantity\": {\"grams\": 789500}}");
    forge_sign(forge, "exporter");
}

static inline void season_ship(struct forge *forge)
{
    forge_event(forge,
                "\"shipment_dispatched\": {\"shipment\": \"exporter/S-1\", \"consignee\": "
                "\"importer\", \"commodity\": \"coffee\", \"hs_code\": \"090111\", \"lots\": "
                "[{\"lot\": \"coop/G-1\", \"quantity\": {\"grams\": 789500}}], \"containers\": "
                "[{\"number\": \"CSQU3054383\"}], \"port_of_loading\": \"PECLL\", "
                "\"port_of_discharge\": \"DEHAM\", \"destination_country\": \"DE\"}");
    forge_sign(forge, "exporter");
}

static inline void season_gate(struct forge *forge)
{
    forge_event(forge, "\"shipment_gated_in\": {\"shipment\": \"exporter/S-1\", \"container\": "
                       "\"CSQU3054383\"}");
    forge_sign(forge, "terminal");
}

static inline void season_parties(struct forge *forge)
{
    forge_enrol(forge, "coop", "\"cooperative\", \"processor\"");
    forge_enrol(forge, "exporter", "\"exporter\"");
    forge_enrol(forge, "terminal", "\"terminal\"");
    forge_enrol(forge, "importer", "\"importer\"");
    forge_enrol(forge, "assessor", "\"assessor\"");
    forge_event(forge,
                "\"rule_set_published\": {\"rule_set\": \"test\", \"version\": 1, "
                "\"effective_from\": \"2021-01-01\", \"cut_off\": \"2020-12-31T23:59:59.999Z\", "
                "\"point_area_max_m2\": 40000, \"transfer_tolerance_ppm\": 5000, "
                "\"harvest_age_days\": 730, \"area_tolerance_ppm\": 100000, \"factors\": "
                "[{\"commodity\": \"coffee\", \"from\": \"parchment\", \"to\": \"green\", "
                "\"factor_ppm\": 800000, \"tolerance_ppm\": 0}], \"yield_caps\": [{\"commodity\": "
                "\"coffee\", \"form\": \"green\", \"warn_grams_per_ha\": 1800000, "
                "\"refuse_grams_per_ha\": 3500000}], \"headings\": [{\"commodity\": \"coffee\", "
                "\"hs_code\": \"0901\", \"effective_from\": \"2023-06-29\"}]}");
    forge_sign(forge, "operator");
}

static inline void season_register(struct forge *forge, const char *id, unsigned area_m2,
                                   const char *geometry_hex, size_t length)
{
    forge_event(forge,
                "\"plot_registered\": {\"plot\": \"%s\", \"producer\": \"coop/R-1\", "
                "\"commodities\": [\"coffee\"], \"country\": \"PE\", \"region\": \"PE-SAM\", "
                "\"area_m2\": %u, \"geometry_kind\": \"polygon\", \"geometry\": {\"commitment\": "
                "\"%s\", \"kind\": \"geometry\", \"length\": %zu}, \"tenure\": \"title\", "
                "\"tenure_evidence\": \"documented\"}",
                id, area_m2, geometry_hex, length);
}

/* The producer and the plot, of which it is declared that it has this area. */
static inline void season_settle(struct forge *forge, unsigned area_m2)
{
    struct qp_span plot = season_plot(forge, 0);
    Qp__Producer producer = QP__PRODUCER__INIT;
    char name[] = "Rosa Ñahui";
    struct qp_buf bytes = {0};
    producer.name = name;
    assert_ok(qp_wire_encode(&qp_rule_producer, &producer, &forge->arena, &bytes, err));
    const char *identity = forge_seal(forge, qp_span_buf(&bytes));
    season_geometry_hex = forge_seal(forge, plot);
    season_geometry_len = plot.len;
    forge_event(forge,
                "\"producer_registered\": {\"producer\": \"coop/R-1\", \"identity\": "
                "{\"commitment\": \"%s\", \"kind\": \"producer\", \"length\": %zu}}",
                identity, bytes.len);
    season_register(forge, "coop/P-1", area_m2, season_geometry_hex, plot.len);
    forge_sign(forge, "coop");
    qp_buf_wipe(&bytes);
}

static inline void season_land(struct forge *forge)
{
    season_settle(forge, 28000);
}

static inline void season_step(void (*step)(struct forge *), void (*usual)(struct forge *),
                               struct forge *forge)
{
    (step != NULL ? step : usual)(forge);
}

static inline void season_nothing(struct forge *forge)
{
    (void)forge;
}

static inline void season_make(struct forge *forge, const struct season_steps *steps)
{
    forge_init(forge);
    season_parties(forge);
    season_step(steps->land, season_land, forge);
    season_step(steps->harvest, season_harvest, forge);
    season_step(steps->mill, season_mill, forge);
    season_step(steps->assess, season_assess, forge);
    forge_event(forge, "\"lot_transferred\": {\"lot\": \"coop/G-1\", \"to\": \"exporter\", "
                       "\"kind\": \"both\", \"quantity\": {\"grams\": 790000}}");
    forge_sign(forge, "coop");
    season_step(steps->receive, season_receive, forge);
    season_step(steps->ship, season_ship, forge);
    season_step(steps->gate, season_gate, forge);
    season_step(steps->last, season_nothing, forge);
}

#endif
