/* The season of quipu bench: cooperatives with plots, harvests, mills and shipments, signed as
 * parties sign, in any length. Everything is invented. */
#include "bench.h"

#include "core/check.h"
#include "core/time.h"
#include "issue/suggested.h"
#include "wire/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)
#define PLOTS 60 /* of a chapter, each with a producer, an outline and an assessment */
#define MILLINGS 2
#define HARVESTS 802 /* of a shipment: with its plots, mills and hand-overs, 1,000 ancestors */
#define SHIPPED (3 * PLOTS + HARVESTS + 3 * MILLINGS + 2) /* events of the shipment */
#define LOOSE (BENCH_CHAPTER_EVENTS - SHIPPED)
#define LOT_GRAMS 50000
#define LOOSE_GRAMS 5000 /* little, so that no plot yields too much however many are measured */
#define CORNERS 12
#define AREA_M2 18900 /* of the outlines, within a few per cent */

/* What the parties are called, and what they may do. */
static const struct {
    const char *party;
    const char *roles;
} parties[BENCH_ISSUERS] = {
    {"coop-1", "\"cooperative\", \"processor\""},
    {"coop-2", "\"cooperative\", \"processor\""},
    {"coop-3", "\"cooperative\", \"processor\""},
    {"coop-4", "\"cooperative\", \"processor\""},
    {"coop-5", "\"cooperative\", \"processor\""},
    {"coop-6", "\"cooperative\", \"processor\""},
    {"coop-7", "\"cooperative\", \"processor\""},
    {"coop-8", "\"cooperative\", \"processor\""},
    [BENCH_OPERATOR] = {"ministry", "\"operator\""},
    [BENCH_EXPORTER] = {"exporter", "\"exporter\""},
    [BENCH_ASSESSOR] = {"assessor", "\"assessor\""},
    [BENCH_TERMINAL] = {"terminal", "\"terminal\""},
    [BENCH_IMPORTER] = {"importer", "\"importer\""},
};

enum qp_code bench_season_init(struct bench_season *season, struct qp_key *log_key, uint64_t now_ms,
                               struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    *season = (struct bench_season){.log_key = log_key, .now_ms = now_ms};
    for (size_t i = 0; rc == QP_OK && i < BENCH_ISSUERS; i++) {
        struct bench_issuer *issuer = &season->issuers[i];
        issuer->party = parties[i].party;
        rc = qp_key_generate(&issuer->key, err);
        if (rc == QP_OK) {
            issuer->journal = (struct qp_journal){.key = issuer->key, .fd = -1, .lock = -1};
            qp_key_public(issuer->key, &issuer->journal.public_key);
        }
    }
    return rc;
}

void bench_season_wipe(struct bench_season *season)
{
    for (size_t i = 0; i < BENCH_ISSUERS; i++) {
        qp_free(season->issuers[i].journal.marks);
        qp_key_free(season->issuers[i].key);
    }
    *season = (struct bench_season){0};
}

/* Everything in the draft, in statements of so many events; the draft is empty then. */
static enum qp_code sign(struct bench_season *season, size_t issuer, struct qp_draft **draft,
                         size_t events_per_statement, struct qp_buf *out, struct qp_err *err)
{
    struct qp_journal *journal = &season->issuers[issuer].journal;
    struct qp_journal_signing signing = {
        .issued_ms = season->now_ms - DAY_MS, .head = season->place.heads[issuer], .records = *out};
    enum qp_code rc = QP_OK;
    journal->ledger_id = season->ledger_id;
    for (size_t at = 0; rc == QP_OK && at < (*draft)->event_count;) {
        size_t left = (*draft)->event_count - at;
        size_t count = left < events_per_statement ? left : events_per_statement;
        rc = qp_journal_sign_one(journal, *draft, at, count, &signing, err);
        at += count;
    }
    *out = signing.records;
    season->place.heads[issuer] = signing.head;
    qp_draft_free(*draft);
    *draft = NULL;
    return rc == QP_OK ? qp_draft_new(draft, err) : rc;
}

/* The body of an event that was so many days ago. */
static enum qp_code add(const struct bench_season *season, struct qp_draft *draft, unsigned days,
                        struct qp_err *err, const char *format, ...) QP_PRINTF(5, 6);
static enum qp_code add(const struct bench_season *season, struct qp_draft *draft, unsigned days,
                        struct qp_err *err, const char *format, ...)
{
    struct qp_buf text = {0};
    char body[1200];
    char when[QP_TIME_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(body, sizeof body, format, arguments);
    va_end(arguments);
    QP_ASSERT(len > 0 && (size_t)len < sizeof body);
    qp_time_format(when, season->now_ms - days * DAY_MS);
    enum qp_code rc = qp_buf_addf(&text, err, "{\"occurred\": \"%s\", %s}", when, body);
    rc = rc == QP_OK ? qp_draft_add_json(draft, qp_span_buf(&text), NULL, err) : rc;
    qp_buf_wipe(&text);
    return rc;
}

/* ---- Before the first harvest ---- */

static void party_json(const struct bench_season *season, size_t at, char *text, size_t size)
{
    char key[65];
    const struct qp_public_key *public_key = &season->issuers[at].journal.public_key;
    qp_hex_encode(key, qp_span_of(public_key->bytes, sizeof public_key->bytes));
    int len = snprintf(text, size,
                       "{\"party\": \"%s\", \"legal_name\": \"A Party of the Trade S.A.\", "
                       "\"country\": \"PE\", \"roles\": [%s], \"key\": \"%s\"}",
                       parties[at].party, parties[at].roles, key);
    QP_ASSERT(len > 0 && (size_t)len < size);
}

enum qp_code bench_season_open(struct bench_season *season, struct qp_buf *out, struct qp_err *err)
{
    struct qp_draft *draft = NULL;
    struct qp_public_key log_key;
    char party[300];
    char key[65];
    qp_key_public(season->log_key, &log_key);
    qp_hex_encode(key, qp_span_of(log_key.bytes, sizeof log_key.bytes));
    party_json(season, BENCH_OPERATOR, party, sizeof party);
    enum qp_code rc = qp_draft_new(&draft, err);
    rc = rc == QP_OK ? add(season, draft, 30, err,
                           "\"ledger_opened\": {\"origin\": \"" BENCH_ORIGIN "\", \"name\": "
                           "\"A season to measure\", \"operator\": %s, \"log_key\": \"%s\"}",
                           party, key)
                     : rc;
    rc = rc == QP_OK ? qp_draft_ledger_id(draft, &season->ledger_id, err) : rc;
    rc = rc == QP_OK ? sign(season, BENCH_OPERATOR, &draft, 1, out, err) : rc;
    qp_draft_free(draft);
    return rc;
}

/* The rule set that is shipped, in force since a year ago whatever the clock says. */
static enum qp_code add_rules(const struct bench_season *season, struct qp_draft *draft,
                              struct qp_err *err)
{
    struct qp_buf text = {0};
    json_t *json = NULL;
    char occurred[QP_TIME_TEXT_BYTES];
    char effective[QP_TIME_TEXT_BYTES];
    qp_time_format(occurred, season->now_ms - 30 * DAY_MS);
    qp_time_format(effective, season->now_ms - 365 * DAY_MS);
    enum qp_code rc = qp_json_parse(qp_span_of(suggested, sizeof suggested), &json, err);
    if (rc == QP_OK && (json_object_set_new(json, "occurred", json_string(occurred)) != 0 ||
                        json_object_set_new(json_object_get(json, "rule_set_published"),
                                            "effective_from", json_string(effective)) != 0)) {
        rc = qp_fail(err, QP_E_MEMORY, "no memory for a rule set");
    }
    rc = rc == QP_OK ? qp_json_print(json, 0, &text, err) : rc;
    rc = rc == QP_OK ? qp_draft_add_json(draft, qp_span_buf(&text), NULL, err) : rc;
    json_decref(json);
    qp_buf_wipe(&text);
    return rc;
}

enum qp_code bench_season_begin(struct bench_season *season, struct qp_buf *out, struct qp_err *err)
{
    struct qp_draft *draft = NULL;
    enum qp_code rc = qp_draft_new(&draft, err);
    for (size_t i = 0; rc == QP_OK && i < BENCH_ISSUERS; i++) {
        char party[300];
        if (i != BENCH_OPERATOR) {
            party_json(season, i, party, sizeof party);
            rc = add(season, draft, 30, err, "\"party_enrolled\": %s", party);
        }
    }
    rc = rc == QP_OK ? add_rules(season, draft, err) : rc;
    rc = rc == QP_OK ? sign(season, BENCH_OPERATOR, &draft, 1, out, err) : rc;
    qp_draft_free(draft);
    return rc;
}

/* ---- A chapter ---- */

static const char *coop_of(uint64_t chapter)
{
    return parties[chapter % BENCH_CLIENTS].party;
}

void bench_shipment_id(char id[BENCH_ID_BYTES], uint64_t chapter)
{
    (void)snprintf(id, BENCH_ID_BYTES, "exporter/S-%" PRIu64, chapter);
}

void bench_plot_id(char id[BENCH_ID_BYTES], uint64_t chapter, uint64_t plot)
{
    (void)snprintf(id, BENCH_ID_BYTES, "%s/P-%" PRIu64 "-%" PRIu64, coop_of(chapter), chapter,
                   plot);
}

void bench_lot_id(char id[BENCH_ID_BYTES], uint64_t chapter, uint64_t lot)
{
    (void)snprintf(id, BENCH_ID_BYTES, "%s/L-%" PRIu64 "-%" PRIu64, coop_of(chapter), chapter, lot);
}

static enum qp_code add_producers(const struct bench_season *season, struct qp_draft *draft,
                                  uint64_t chapter, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (unsigned i = 0; rc == QP_OK && i < PLOTS; i++) {
        rc = add(season, draft, 20, err,
                 "\"producer_registered\": {\"producer\": \"%s/F-%" PRIu64 "-%u\", \"identity\": "
                 "{\"seal\": {\"kind\": \"producer\", \"content\": {\"name\": \"Rosa Quispe\", "
                 "\"document\": \"%08u\"}}}}",
                 coop_of(chapter), chapter, i, i);
    }
    return rc;
}

/* A field of some 160 metres across, on a grid of fields. */
static void outline_json(uint64_t number, char *text, size_t size)
{
    double longitude = -76.9 + 0.004 * (double)(number % 1000);
    double latitude = -6.0 - 0.004 * (double)(number / 1000 % 1000);
    size_t len = 0;
    for (unsigned i = 0; i <= CORNERS; i++) {
        double angle = 6.283185307179586 * (i % CORNERS) / CORNERS;
        int more = snprintf(text + len, size - len, "%s[%.6f, %.6f]", i == 0 ? "" : ", ",
                            longitude + 0.00072 * cos(angle), latitude + 0.00072 * sin(angle));
        QP_ASSERT(more > 0 && (size_t)more < size - len);
        len += (size_t)more;
    }
}

static enum qp_code add_plots(const struct bench_season *season, struct qp_draft *draft,
                              uint64_t chapter, struct qp_err *err)
{
    char outline[CORNERS * 32];
    char id[BENCH_ID_BYTES];
    enum qp_code rc = QP_OK;
    for (unsigned i = 0; rc == QP_OK && i < PLOTS; i++) {
        outline_json(chapter * PLOTS + i, outline, sizeof outline);
        bench_plot_id(id, chapter, i);
        rc = add(season, draft, 20, err,
                 "\"plot_registered\": {\"plot\": \"%s\", \"producer\": \"%s/F-%" PRIu64 "-%u\", "
                 "\"commodities\": [\"coffee\"], \"country\": \"PE\", \"region\": \"PE-SAM\", "
                 "\"area_m2\": %d, \"geometry_kind\": \"polygon\", \"geometry\": {\"seal\": "
                 "{\"kind\": \"geometry\", \"content\": {\"type\": \"Polygon\", \"coordinates\": "
                 "[[%s]]}}}, \"tenure\": \"title\", \"tenure_evidence\": \"documented\"}",
                 id, coop_of(chapter), chapter, i, AREA_M2, outline);
    }
    return rc;
}

/* Of the plots that the draft `plots` registers. */
static enum qp_code add_assessments(const struct bench_season *season, struct qp_draft *draft,
                                    const struct qp_draft *plots, uint64_t chapter,
                                    struct qp_err *err)
{
    char id[BENCH_ID_BYTES];
    char geometry[65];
    char covers_to[QP_TIME_TEXT_BYTES];
    enum qp_code rc = QP_OK;
    qp_date_format(covers_to, season->now_ms - 8 * DAY_MS);
    for (unsigned i = 0; rc == QP_OK && i < PLOTS; i++) {
        bench_plot_id(id, chapter, i);
        qp_hash_hex(geometry, &plots->sealed[plots->events[i].sealed_at].commitment);
        rc = add(season, draft, 7, err,
                 "\"plot_assessed\": {\"plot\": \"%s\", \"geometry\": \"%s\", \"datasets\": "
                 "[{\"name\": \"JRC GFC2020 V3\", \"sha256\": \"%064x\"}], \"method\": \"overlay "
                 "1\", \"cut_off\": \"2020-12-31T23:59:59.999Z\", \"covers_to\": \"%s\", "
                 "\"outcome\": \"no_loss\", \"assessed_m2\": %d}",
                 id, geometry, 7U, covers_to, AREA_M2);
    }
    return rc;
}

static enum qp_code add_land(struct bench_season *season, struct qp_draft **draft, uint64_t chapter,
                             struct qp_buf *out, struct qp_err *err)
{
    size_t coop = chapter % BENCH_CLIENTS;
    struct qp_draft *assessed = NULL;
    enum qp_code rc = add_producers(season, *draft, chapter, err);
    rc = rc == QP_OK ? sign(season, coop, draft, 1, out, err) : rc;
    rc = rc == QP_OK ? qp_draft_new(&assessed, err) : rc;
    rc = rc == QP_OK ? add_plots(season, *draft, chapter, err) : rc;
    rc = rc == QP_OK ? add_assessments(season, assessed, *draft, chapter, err) : rc;
    rc = rc == QP_OK ? sign(season, coop, draft, 1, out, err) : rc;
    rc = rc == QP_OK ? sign(season, BENCH_ASSESSOR, &assessed, 1, out, err) : rc;
    qp_draft_free(assessed);
    return rc;
}

/* Not by way of JSON: it is most of what is signed. */
static enum qp_code add_harvest(const struct bench_season *season, struct qp_draft *draft,
                                char *lot, char *plot, uint64_t grams, struct qp_err *err)
{
    Qp__Event event = QP__EVENT__INIT;
    Qp__LotHarvested body = QP__LOT_HARVESTED__INIT;
    Qp__Quantity quantity = QP__QUANTITY__INIT;
    Qp__HarvestOrigin origin = QP__HARVEST_ORIGIN__INIT;
    Qp__HarvestOrigin *origins[1] = {&origin};
    char from[QP_TIME_TEXT_BYTES];
    event.occurred_ms = season->now_ms - 2 * DAY_MS;
    event.body_case = QP__EVENT__BODY_LOT_HARVESTED;
    event.lot_harvested = &body;
    quantity.grams = grams;
    origin.plot = plot;
    origin.grams = grams;
    body.lot = lot;
    body.commodity = QP__COMMODITY__COMMODITY_COFFEE;
    body.form = QP__FORM__FORM_CHERRY;
    body.quantity = &quantity;
    body.n_origins = 1;
    body.origins = origins;
    body.harvest_from_ms = season->now_ms - 5 * DAY_MS;
    body.harvest_to_ms = season->now_ms - 3 * DAY_MS;
    qp_date_format(from, body.harvest_from_ms);
    body.crop_year = (uint32_t)strtoul(from, NULL, 10);
    return qp_draft_add_event(draft, &event, err);
}

static enum qp_code add_milling(const struct bench_season *season, struct qp_draft *draft,
                                uint64_t chapter, unsigned milling, struct qp_err *err)
{
    struct qp_buf text = {0};
    char when[QP_TIME_TEXT_BYTES];
    char id[BENCH_ID_BYTES];
    unsigned inputs = HARVESTS / MILLINGS;
    unsigned long long grams = (unsigned long long)inputs * LOT_GRAMS / 6;
    qp_time_format(when, season->now_ms - 2 * DAY_MS);
    enum qp_code rc = qp_buf_addf(&text, err,
                                  "{\"occurred\": \"%s\", \"lot_processed\": {\"process\": "
                                  "\"hulling\", \"outputs\": [{\"lot\": \"%s/G-%" PRIu64
                                  "-%u\", \"form\": \"green\", \"quantity\": {\"grams\": %llu}, "
                                  "\"kind\": \"product\"}], \"inputs\": [",
                                  when, coop_of(chapter), chapter, milling, grams);
    for (unsigned i = 0; rc == QP_OK && i < inputs; i++) {
        bench_lot_id(id, chapter, milling * inputs + i);
        rc = qp_buf_addf(&text, err, "%s{\"lot\": \"%s\", \"quantity\": {\"grams\": %d}}",
                         i == 0 ? "" : ", ", id, LOT_GRAMS);
    }
    rc = rc == QP_OK ? qp_buf_addf(&text, err, "]}}") : rc;
    rc = rc == QP_OK ? qp_draft_add_json(draft, qp_span_buf(&text), NULL, err) : rc;
    rc = rc == QP_OK ? add(season, draft, 2, err,
                           "\"lot_transferred\": {\"lot\": \"%s/G-%" PRIu64 "-%u\", \"to\": "
                           "\"exporter\", \"kind\": \"both\", \"quantity\": {\"grams\": %llu}}",
                           coop_of(chapter), chapter, milling, grams)
                     : rc;
    qp_buf_wipe(&text);
    return rc;
}

static enum qp_code add_shipment(const struct bench_season *season, struct qp_draft *draft,
                                 uint64_t chapter, struct qp_err *err)
{
    char lots[MILLINGS * 120];
    char id[BENCH_ID_BYTES];
    size_t len = 0;
    enum qp_code rc = QP_OK;
    for (unsigned i = 0; rc == QP_OK && i < MILLINGS; i++) {
        unsigned long long grams = (unsigned long long)(HARVESTS / MILLINGS) * LOT_GRAMS / 6;
        int more = snprintf(lots + len, sizeof lots - len,
                            "%s{\"lot\": \"%s/G-%" PRIu64 "-%u\", \"quantity\": {\"grams\": %llu}}",
                            i == 0 ? "" : ", ", coop_of(chapter), chapter, i, grams);
        QP_ASSERT(more > 0 && (size_t)more < sizeof lots - len);
        len += (size_t)more;
        rc = add(season, draft, 1, err,
                 "\"lot_received\": {\"lot\": \"%s/G-%" PRIu64 "-%u\", \"from\": \"%s\", "
                 "\"quantity\": {\"grams\": %llu}}",
                 coop_of(chapter), chapter, i, coop_of(chapter), grams);
    }
    bench_shipment_id(id, chapter);
    return rc == QP_OK ? add(season, draft, 1, err,
                             "\"shipment_dispatched\": {\"shipment\": \"%s\", \"consignee\": "
                             "\"importer\", \"commodity\": \"coffee\", \"hs_code\": \"090111\", "
                             "\"lots\": [%s], \"containers\": [{\"number\": \"CSQU3054383\"}], "
                             "\"port_of_loading\": \"PECLL\", \"port_of_discharge\": \"DEHAM\", "
                             "\"destination_country\": \"DE\"}",
                             id, lots)
                       : rc;
}

static enum qp_code add_goods(struct bench_season *season, struct qp_draft **draft,
                              uint64_t chapter, struct qp_buf *out, struct qp_err *err)
{
    size_t coop = chapter % BENCH_CLIENTS;
    char lot[BENCH_ID_BYTES];
    char plot[BENCH_ID_BYTES];
    enum qp_code rc = QP_OK;
    for (unsigned i = 0; rc == QP_OK && i < HARVESTS; i++) {
        bench_lot_id(lot, chapter, i);
        bench_plot_id(plot, chapter, i % PLOTS);
        rc = add_harvest(season, *draft, lot, plot, LOT_GRAMS, err);
    }
    for (unsigned i = 0; rc == QP_OK && i < MILLINGS; i++) {
        rc = add_milling(season, *draft, chapter, i, err);
    }
    rc = rc == QP_OK ? sign(season, coop, draft, 1, out, err) : rc;
    rc = rc == QP_OK ? add_shipment(season, *draft, chapter, err) : rc;
    rc = rc == QP_OK ? sign(season, BENCH_EXPORTER, draft, 1, out, err) : rc;
    bench_shipment_id(lot, chapter);
    rc = rc == QP_OK ? add(season, *draft, 1, err,
                           "\"shipment_gated_in\": {\"shipment\": \"%s\", \"container\": "
                           "\"CSQU3054383\"}",
                           lot)
                     : rc;
    return rc == QP_OK ? sign(season, BENCH_TERMINAL, draft, 1, out, err) : rc;
}

enum qp_code bench_season_chapter(struct bench_season *season, struct qp_buf *out,
                                  struct qp_err *err)
{
    struct qp_draft *draft = NULL;
    uint64_t chapter = season->place.chapters;
    enum qp_code rc = qp_draft_new(&draft, err);
    rc = rc == QP_OK ? add_land(season, &draft, chapter, out, err) : rc;
    rc = rc == QP_OK ? add_goods(season, &draft, chapter, out, err) : rc;
    season->place.chapters++;
    unsigned coop = (unsigned)(chapter % BENCH_CLIENTS);
    rc = rc == QP_OK ? bench_season_lots(season, coop, (size_t)LOOSE, 1, out, err) : rc;
    qp_draft_free(draft);
    return rc;
}

enum qp_code bench_season_lots(struct bench_season *season, unsigned client, size_t count,
                               size_t events_per_statement, struct qp_buf *out, struct qp_err *err)
{
    struct qp_draft *draft = NULL;
    char lot[BENCH_ID_BYTES];
    char plot[BENCH_ID_BYTES];
    enum qp_code rc = qp_draft_new(&draft, err);
    QP_ASSERT(client < BENCH_CLIENTS && season->place.chapters > 0);
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        uint64_t number = season->place.lots++;
        (void)snprintf(lot, sizeof lot, "%s/X-%" PRIu64, parties[client].party, number);
        bench_plot_id(plot, number % season->place.chapters,
                      number / season->place.chapters % PLOTS);
        rc = add_harvest(season, draft, lot, plot, LOOSE_GRAMS, err);
    }
    rc = rc == QP_OK ? sign(season, client, &draft, events_per_statement, out, err) : rc;
    qp_draft_free(draft);
    return rc;
}

enum qp_code bench_season_trust(const struct bench_season *season, struct qp_trust **trust,
                                struct qp_err *err)
{
    struct qp_public_key key;
    struct qp_vkey vkey;
    char vkey_text[QP_VKEY_TEXT_BYTES];
    char id[65];
    struct qp_buf text = {0};
    qp_key_public(season->log_key, &key);
    enum qp_code rc = qp_vkey_init(&vkey, qp_span_text(BENCH_ORIGIN), QP_VKEY_NOTE, &key, err);
    if (rc == QP_OK) {
        qp_vkey_format(&vkey, vkey_text);
        qp_hash_hex(id, &season->ledger_id);
        rc = qp_buf_addf(
            &text, err,
            "{\"policy\": \"quipu/policy/v1\", \"ledger_id\": \"%s\", \"log\": [\"log %s\", "
            "\"quorum none\"], \"registrars\": [\"ministry\"], \"assessors\": [\"assessor\"], "
            "\"cut_off\": \"2020-12-31T23:59:59.999Z\", \"require\": [\"authentic\", "
            "\"authorised\", \"unbroken\", \"conserved\", \"located\", \"deforestation-free\"]}",
            id, vkey_text);
    }
    rc = rc == QP_OK ? qp_trust_new(qp_span_buf(&text), trust, err) : rc;
    qp_buf_wipe(&text);
    return rc;
}
