/* What it costs to judge the bundle of a large shipment: time and memory.
 *
 *   bench_verify [HARVESTS] [PLOTS] [ROUNDS]   in statements of 100 events
 *
 * Makes a ledger in a temporary folder, with the rule set that is shipped, where all harvests are
 * in one shipment: harvests, milled, sold, shipped through Callao; proves the shipment; and judges
 * the bundle, on one core. Memory is what the library takes at most at one time, and the bundle
 * itself. Exits 1 when the median of the rounds is above its limit. */
#include "log/folder.h"

#include <quipu/geo.h>
#include <quipu/proof.h>
#include <quipu/trace.h>

#include "wire/json.h"

#include "bench/figure.h"
#include "bench/heap.h"
#include "bench/events.h"

#include <math.h>

#define SHIPMENT_SECONDS_MAX 1.0
#define MEMORY_OVER_BUNDLE_MAX 4.0
#define CORNERS 40
#define PLOTS_MAX 10000
#define INPUTS 500 /* of one milling */
#define ROUNDS_MAX 99
#define LOT_GRAMS 50000

#define OUTPUT_GRAMS(inputs) ((uint64_t)(inputs)*LOT_GRAMS / 6)

/* What a season is made of. */
struct shape {
    unsigned harvests;
    unsigned plots;  /* each with a producer, an outline and an assessment */
    unsigned events; /* of a statement, at most */
};

/* ---- The season ---- */

/* Those that are not in every season. */
struct others {
    struct season_issuer assessor;
    struct season_issuer terminal;
    struct season_issuer importer;
};

static void enrol(struct season *season, const struct season_issuer *issuer, const char *roles)
{
    char key[65];
    qp_hex_encode(key, qp_span_of(issuer->public_key.bytes, sizeof issuer->public_key.bytes));
    add_json(season,
             "\"party_enrolled\": {\"party\": \"%s\", \"legal_name\": \"A Party of the Trade "
             "S.A.\", \"country\": \"PE\", \"roles\": [%s], \"key\": \"%s\"}",
             issuer->party, roles, key);
}

static void add_parties(struct season *season, const struct others *others)
{
    enrol(season, &others->importer, "\"importer\"");
    enrol(season, &others->terminal, "\"terminal\"");
    enrol(season, &others->assessor, "\"assessor\"");
    enrol(season, &season->coop, "\"cooperative\", \"processor\"");
    enrol(season, &season->exporter, "\"exporter\"");
    bench_rule_set(season);
}

/* The outline of a field of some nine hectares, with the corners that a walk around it gives. */
static struct qp_span outline(struct season *season, unsigned at)
{
    struct qp_point points[CORNERS];
    struct qp_ring ring = {.points = points, .count = CORNERS};
    struct qp_polygon polygon = {.rings = &ring, .ring_count = 1};
    struct qp_geometry geometry = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = &polygon, .polygon_count = 1};
    struct qp_buf bytes = {0};
    for (unsigned i = 0; i < CORNERS; i++) {
        double angle = 6.283185307179586 * i / CORNERS;
        double radius = 15000 + 1500 * sin(7 * angle);
        points[i].longitude_e7 = -769000003 + 40000 * (int32_t)at + (int32_t)(radius * cos(angle));
        points[i].latitude_e7 = -60000007 + (int32_t)(radius * sin(angle));
    }
    assert_ok(qp_geometry_normalize(&geometry, &season->arena, &geometry, err));
    assert_ok(qp_geometry_encode(&geometry, &bytes, err));
    uint8_t *copy = qp_arena_alloc(&season->arena, bytes.len);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.len);
    struct qp_span kept = qp_span_of(copy, bytes.len);
    qp_buf_wipe(&bytes);
    return kept;
}

static void add_plot(struct season *season, unsigned at, char hex[static 65])
{
    struct qp_span shape = outline(season, at);
    Qp__Sealed *sealed = season_seal(season, QP__SEALED_KIND__SEALED_KIND_GEOMETRY, shape);
    qp_hex_encode(hex, qp_span_bytes(sealed->commitment));
    add_json(season,
             "\"plot_registered\": {\"plot\": \"coop-norte/P%05u\", \"producer\": "
             "\"coop-norte/F%05u\", \"commodities\": [\"coffee\"], \"country\": \"PE\", "
             "\"region\": \"PE-SAM\", \"area_m2\": 88000, \"geometry_kind\": \"polygon\", "
             "\"geometry\": {\"commitment\": \"%s\", \"kind\": \"geometry\", \"length\": %zu}, "
             "\"tenure\": \"title\", \"tenure_evidence\": \"documented\"}",
             at, at, hex, shape.len);
}

/* A statement ends with the event that fills it, and with the last. */
static void sign_when_full(struct season *season, struct season_issuer *issuer, unsigned at,
                           unsigned count, unsigned events, struct qp_buf *out)
{
    if ((at + 1) % events == 0 || at + 1 == count) {
        season_sign(season, issuer, out);
    }
}

static void add_land(struct season *season, struct season_issuer *assessor,
                     const struct shape *shape, struct qp_buf *out)
{
    static char outlines[PLOTS_MAX][65];
    char producer[32];
    assert_true(shape->plots <= PLOTS_MAX);
    for (unsigned i = 0; i < shape->plots; i++) {
        snprintf(producer, sizeof producer, "coop-norte/F%05u", i);
        season_producer(season, producer);
        sign_when_full(season, &season->coop, i, shape->plots, 100, out);
    }
    for (unsigned i = 0; i < shape->plots; i++) {
        add_plot(season, i, outlines[i]);
        sign_when_full(season, &season->coop, i, shape->plots, 100, out);
    }
    for (unsigned i = 0; i < shape->plots; i++) {
        add_json(season,
                 "\"plot_assessed\": {\"plot\": \"coop-norte/P%05u\", \"geometry\": \"%s\", "
                 "\"datasets\": [{\"name\": \"JRC GFC2020 V3\", \"sha256\": \"%064x\"}], "
                 "\"method\": \"overlay 1\", \"cut_off\": \"2020-12-31T23:59:59.999Z\", "
                 "\"covers_to\": \"2026-05-20\", \"outcome\": \"no_loss\", \"assessed_m2\": 88000}",
                 i, outlines[i], 7U);
        sign_when_full(season, assessor, i, shape->plots, 100, out);
    }
}

/* All harvests into as many milled lots as it takes, those to the exporter and onto the ship. */
static void add_trade(struct season *season, struct season_issuer *terminal, unsigned count,
                      struct qp_buf *out)
{
    static char list[QP_EVENT_BYTES_MAX];
    struct qp_buf shipped = {0};
    for (unsigned first = 0, lot = 0; first < count; first += INPUTS, lot++) {
        unsigned inputs = count - first < INPUTS ? count - first : INPUTS;
        unsigned long long grams = OUTPUT_GRAMS(inputs);
        size_t len = 0;
        for (unsigned i = first; i < first + inputs; i++) {
            len += (size_t)snprintf(list + len, sizeof list - len,
                                    "%s{\"lot\": \"coop-norte/L%07u\", \"quantity\": {\"grams\": "
                                    "%d}}",
                                    i == first ? "" : ", ", i, LOT_GRAMS);
            assert_true(len < sizeof list);
        }
        add_json(season,
                 "\"lot_processed\": {\"process\": \"hulling\", \"inputs\": [%s], \"outputs\": "
                 "[{\"lot\": \"coop-norte/G%03u\", \"form\": \"green\", \"quantity\": {\"grams\": "
                 "%llu}, \"kind\": \"product\"}]}",
                 list, lot, grams);
        season_sign(season, &season->coop, out);
        add_json(season,
                 "\"lot_transferred\": {\"lot\": \"coop-norte/G%03u\", \"to\": \"cafe-export\", "
                 "\"kind\": \"both\", \"quantity\": {\"grams\": %llu}}",
                 lot, grams);
        season_sign(season, &season->coop, out);
        add_json(season,
                 "\"lot_received\": {\"lot\": \"coop-norte/G%03u\", \"from\": \"coop-norte\", "
                 "\"quantity\": {\"grams\": %llu}}",
                 lot, grams);
        season_sign(season, &season->exporter, out);
        len = (size_t)snprintf(list, sizeof list,
                               "%s{\"lot\": \"coop-norte/G%03u\", \"quantity\": {\"grams\": %llu}}",
                               lot == 0 ? "" : ", ", lot, grams);
        assert_ok(qp_buf_add(&shipped, qp_span_of(list, len), err));
    }
    add_json(season,
             "\"shipment_dispatched\": {\"shipment\": \"cafe-export/S-1\", \"consignee\": "
             "\"importer\", \"commodity\": \"coffee\", \"hs_code\": \"090111\", \"lots\": "
             "[%.*s], \"containers\": [{\"number\": \"CSQU3054383\"}], \"port_of_loading\": "
             "\"PECLL\", \"port_of_discharge\": \"DEHAM\", \"destination_country\": \"DE\"}",
             (int)shipped.len, (const char *)shipped.data);
    season_sign(season, &season->exporter, out);
    add_json(season, "\"shipment_gated_in\": {\"shipment\": \"cafe-export/S-1\", \"container\": "
                     "\"CSQU3054383\"}");
    season_sign(season, terminal, out);
    qp_buf_wipe(&shipped);
}

static void add_harvests(struct season *season, const struct shape *shape, struct qp_buf *out)
{
    for (unsigned i = 0; i < shape->harvests; i++) {
        char lot[32];
        char plot[32];
        snprintf(lot, sizeof lot, "coop-norte/L%07u", i);
        snprintf(plot, sizeof plot, "coop-norte/P%05u", i % shape->plots);
        season_lot(season, lot, plot, LOT_GRAMS);
        sign_when_full(season, &season->coop, i, shape->harvests, shape->events, out);
    }
}

static void make_bundle(struct folder *folder, const struct shape *shape, struct qp_buf *bundle,
                        struct qp_prove_report *report)
{
    struct season *season = &folder->season;
    struct others others;
    struct qp_buf records = {0};
    folder_create(folder);
    struct qp_log *log = folder_open(folder, QP_LOG_WRITE);
    season_issuer_init(&others.assessor, "assessor", 4);
    season_issuer_init(&others.terminal, "terminal", 5);
    season_issuer_init(&others.importer, "importer", 6);
    add_parties(season, &others);
    season_sign(season, &season->operator_, &records);
    add_land(season, &others.assessor, shape, &records);
    add_harvests(season, shape, &records);
    add_trade(season, &others.terminal, shape->harvests, &records);
    folder_admit(log, &records);
    assert_ok(qp_prove(log, "cafe-export/S-1", QP_DISCLOSE_EUDR, bundle, report, err));
    qp_log_close(log);
    qp_key_free(others.assessor.key);
    qp_key_free(others.terminal.key);
    qp_key_free(others.importer.key);
    qp_buf_wipe(&records);
}

static struct qp_trust *trust_in(const struct season *season)
{
    struct qp_trust *trust = NULL;
    struct qp_public_key key;
    struct qp_vkey vkey;
    char vkey_text[QP_VKEY_TEXT_BYTES];
    char id[65];
    char text[2048];
    qp_key_public(season->log_key, &key);
    assert_ok(qp_vkey_init(&vkey, qp_span_text(SEASON_ORIGIN), QP_VKEY_NOTE, &key, err));
    qp_vkey_format(&vkey, vkey_text);
    qp_hash_hex(id, &season->ledger_id);
    snprintf(text, sizeof text,
             "{\"policy\": \"quipu/policy/v1\", \"ledger_id\": \"%s\", \"log\": [\"log %s\", "
             "\"quorum none\"], \"registrars\": [\"ministry\"], \"assessors\": [\"assessor\"], "
             "\"cut_off\": \"2020-12-31T23:59:59.999Z\", \"require\": [\"authentic\", "
             "\"authorised\", \"unbroken\", \"conserved\", \"located\", \"deforestation-free\"]}",
             id, vkey_text);
    assert_ok(qp_trust_new(qp_span_text(text), &trust, err));
    return trust;
}

/* ---- The clocks ---- */

static double time_verify(struct qp_span bundle, const struct qp_trust *trust)
{
    struct qp_verdict *verdict = NULL;
    double start = figure_seconds();
    assert_ok(qp_bundle_verify(bundle, trust, SEASON_NOW_MS, &verdict, err));
    double took = figure_seconds() - start;
    if (!qp_verdict_passed(verdict)) {
        struct qp_buf text = {0};
        assert_ok(qp_verdict_json(verdict, 2, &text, err));
        fprintf(stderr, "%.*s\n", (int)text.len, (const char *)text.data);
        fail_msg("the shipment does not pass");
    }
    qp_verdict_free(verdict);
    return took;
}

/* A whole shipment: how long a buyer waits, and how much memory it takes. */
static int judge_shipment(const struct shape *shape, size_t rounds)
{
    double times[ROUNDS_MAX];
    struct folder folder;
    struct qp_buf bundle = {0};
    struct qp_prove_report report;
    folder_init(&folder);
    make_bundle(&folder, shape, &bundle, &report);
    struct qp_trust *trust = trust_in(&folder.season);
    heap_begin();
    for (size_t i = 0; i < rounds; i++) {
        times[i] = time_verify(qp_span_buf(&bundle), trust);
    }
    double memory = (double)(heap_peak() + bundle.len) / (double)bundle.len;
    double seconds = figure_median(times, rounds);
    fprintf(stderr,
            "shipment: %zu entries, %zu events, %zu plots, %zu bytes in %.0f ms, memory %.2f of "
            "the bundle\n",
            report.entries, report.events, report.plots, bundle.len, seconds * 1000, memory);
    figure("shipment", seconds * 1000, "ms");
    figure("shipment_memory_over_bundle", memory, "");
    qp_trust_free(trust);
    qp_buf_wipe(&bundle);
    folder_wipe(&folder);
    return seconds <= SHIPMENT_SECONDS_MAX && memory <= MEMORY_OVER_BUNDLE_MAX ? 0 : 1;
}

static unsigned number(int argc, char **argv, int at, unsigned otherwise)
{
    return argc > at ? (unsigned)strtoul(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    struct shape shape = {.harvests = number(argc, argv, 1, 10000),
                          .plots = number(argc, argv, 2, 2000),
                          .events = 100};
    unsigned rounds = number(argc, argv, 3, 5);
    assert_true(shape.harvests > 0 && shape.plots > 0 && rounds > 0 && rounds <= ROUNDS_MAX);
    return judge_shipment(&shape, rounds);
}
