/* A trade in miniature on a real ledger: two cooperatives, a mill, an exporter, two shipments that
 * share a lot, corrections, a key that was rotated, certificates, documents.
 *
 *   P1 ── L1 ──┬────────────────────────┐
 *              └─ mill/x1 (voided)      ├─ mill/g1 ──┬─ cafe-export/s1   (600 kg)
 *   P2 ── L2 ──┬─ mill/l2a ─────────────┘  mill/h1   └─ cafe-export/s2   (200 kg)
 *              └─ mill/l2b                              │
 *   P3 ── L3 ──── mill/g3 ──────────────────────────────┘
 *   S1 ── coop-sur/L1
 */
#ifndef QP_TESTS_TRACE_MARKET_H
#define QP_TESTS_TRACE_MARKET_H

#include "log/folder.h"

#include "trace/source.h"
#include "wire/json.h"

#define MARKET_ISSUERS 14

struct market {
    struct folder folder;
    struct season_issuer issuers[MARKET_ISSUERS]; /* [0] is not used: the season has the operator */
    size_t issuer_count;
    struct qp_arena texts;
    struct qp_buf records;
};

static struct market market;

static inline struct season_issuer *who(const char *name)
{
    if (strcmp(name, "ministry") == 0) {
        return &market.folder.season.operator_;
    }
    for (size_t i = 0; i < market.issuer_count; i++) {
        if (strcmp(market.issuers[i].party, name) == 0) {
            return &market.issuers[i];
        }
    }
    assert_true(market.issuer_count < MARKET_ISSUERS);
    struct season_issuer *made = &market.issuers[market.issuer_count++];
    season_issuer_init(made, name, (uint8_t)(0x40 + market.issuer_count));
    return made;
}

static inline const char *text(const char *format, ...) QP_PRINTF(1, 2);
static inline const char *text(const char *format, ...)
{
    char line[4096];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    assert_true(n >= 0 && (size_t)n < sizeof line);
    char *copy = qp_arena_text(&market.texts, qp_span_text(line));
    assert_non_null(copy);
    return copy;
}

static inline const char *hex(const void *bytes, size_t len)
{
    char digits[129];
    assert_true(2 * len < sizeof digits);
    qp_hex_encode(digits, qp_span_of(bytes, len));
    return text("%s", digits);
}

/* An event's body, with ' for ", waits to be signed. Returns the reference to it, as JSON. */
static inline const char *act(const char *signer, const char *when, const char *body)
{
    struct season *season = &market.folder.season;
    struct season_issuer *issuer = who(signer);
    char *line =
        qp_arena_text(&market.texts, qp_span_text(text("{'occurred':'%s',%s}", when, body)));
    json_t *json = NULL;
    Qp__Event *event = NULL;
    struct qp_hash id;
    for (char *at = line; *at != '\0'; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    assert_ok(qp_json_parse(qp_span_text(line), &json, err));
    assert_ok(qp_json_decode(&qp_rule_event, json, &season->arena, &event, err));
    season_add(season, event);
    json_decref(json);
    qp_hash_leaf(&id, qp_span_bytes(season->events[season->event_count - 1]));
    return text("{'issuer':'%s','sequence':%llu,'position':%zu,'event':'%s'}",
                hex(issuer->public_key.bytes, 32), (unsigned long long)issuer->sequence,
                season->event_count - 1, hex(id.bytes, 32));
}

/* What waits becomes one statement. */
static inline void sign(const char *signer)
{
    season_sign(&market.folder.season, who(signer), &market.records);
}

static inline void admit(struct qp_log *log)
{
    folder_admit(log, &market.records);
    qp_buf_wipe(&market.records);
}

/* A Sealed as JSON; `content` lasts. */
static inline const char *seal(const char *kind, Qp__SealedKind value, struct qp_span content)
{
    const Qp__Sealed *sealed = season_seal(&market.folder.season, value, content);
    return text("{'commitment':'%s','kind':'%s','length':%u}", hex(sealed->commitment.data, 32),
                kind, sealed->length);
}

static inline void enrol(const char *signer, const char *party, const char *roles)
{
    act(signer, "2026-01-05",
        text("'party_enrolled':{'party':'%s','legal_name':'%s','country':'PE','roles':[%s],"
             "'key':'%s'}",
             party, party, roles, hex(who(party)->public_key.bytes, 32)));
}

static inline void rules(const char *name, const char *from)
{
    act("ministry", from,
        text("'rule_set_published':{'rule_set':'%s','version':1,'effective_from':'%s',"
             "'cut_off':'2020-12-31','point_area_max_m2':40000,'transfer_tolerance_ppm':5000,'"
             "harvest_age_days':730,'area_tolerance_ppm':100000,"
             "'factors':[{'commodity':'coffee','from':'parchment','to':'green',"
             "'factor_ppm':800000,'tolerance_ppm':50000}]}",
             name, from));
}

/* A producer with one plot; *geometry: its commitment. */
static inline void farm(const char *coop, const char *producer, const char *plot,
                        const char **geometry)
{
    static const uint8_t point[10] = {1, 1, 0xd2, 0x4a, 0x6f, 0x80, 0xfc, 0x74, 0x4a, 0x00};
    static const uint8_t person[] = {0x0a, 4, 'R', 'o', 's', 'a'};
    act(coop, "2026-02-10",
        text("'producer_registered':{'producer':'%s','identity':%s}", producer,
             seal("producer", QP__SEALED_KIND__SEALED_KIND_PRODUCER,
                  qp_span_of(person, sizeof person))));
    const char *sealed =
        seal("geometry", QP__SEALED_KIND__SEALED_KIND_GEOMETRY, qp_span_of(point, sizeof point));
    *geometry = text("%.64s", sealed + strlen("{'commitment':'"));
    act(coop, "2026-02-10",
        text("'plot_registered':{'plot':'%s','producer':'%s','commodities':['coffee'],"
             "'country':'PE','region':'PE-SAM','area_m2':20000,'geometry_kind':'point',"
             "'geometry':%s,'tenure':'possession','tenure_evidence':'declared'}",
             plot, producer, sealed));
}

static inline void assess(const char *plot, const char *geometry)
{
    act("geo-andes", "2026-03-02",
        text("'plot_assessed':{'plot':'%s','geometry':'%s','datasets':[{'name':'Forest 2020',"
             "'sha256':'%s'}],'method':'overlay v1','cut_off':'2020-12-31',"
             "'covers_to':'2025-12-31','outcome':'no_loss','assessed_m2':20000}",
             plot, geometry, hex("0123456789abcdef0123456789abcdef", 32)));
}

static inline void harvest(const char *coop, const char *lot, const char *plot, unsigned kilograms)
{
    static const uint8_t price[] = {0x0a, 3, 'P', 'E', 'N', 0x10, 0x80, 0xad, 0xe2, 0x04};
    act(coop, "2026-05-10",
        text("'lot_harvested':{'lot':'%s','commodity':'coffee','form':'parchment',"
             "'quantity':{'grams':%u000},'origins':[{'plot':'%s','grams':%u000}],"
             "'harvest_from':'2026-05-01','harvest_to':'2026-05-09','crop_year':2026,'price':%s}",
             lot, kilograms, plot, kilograms,
             seal("price", QP__SEALED_KIND__SEALED_KIND_PRICE, qp_span_of(price, sizeof price))));
}

static inline void hand_over(const char *lot, const char *from, const char *to, unsigned kilograms)
{
    act(from, "2026-05-16",
        text("'lot_transferred':{'lot':'%s','to':'%s','kind':'both','quantity':{'grams':%u000}}",
             lot, to, kilograms));
}

static inline void take_over(const char *lot, const char *from, const char *to, unsigned kilograms)
{
    act(to, "2026-05-17",
        text("'lot_received':{'lot':'%s','from':'%s','quantity':{'grams':%u000}}", lot, from,
             kilograms));
}

static inline void dispatch(const char *shipment, const char *consignee, const char *container,
                            const char *lots)
{
    act("cafe-export", "2026-05-20",
        text("'shipment_dispatched':{'shipment':'%s','consignee':'%s','commodity':'coffee',"
             "'hs_code':'090111','lots':[%s],'containers':[{'number':'%s'}],"
             "'port_of_loading':'PECLL','port_of_discharge':'DEHAM','destination_country':'DE'}",
             shipment, consignee, lots, container));
}

static inline void gate_in(const char *shipment, const char *container)
{
    act("terminal", "2026-05-21",
        text("'shipment_gated_in':{'shipment':'%s','container':'%s'}", shipment, container));
    act("terminal", "2026-05-22",
        text("'shipment_loaded':{'shipment':'%s','containers':['%s'],'vessel':'Andes',"
             "'port':'PECLL'}",
             shipment, container));
}

static inline void market_parties(void)
{
    enrol("ministry", "reg-uno", "'registrar'");
    enrol("ministry", "coop-norte", "'cooperative'");
    enrol("ministry", "coop-sur", "'cooperative'");
    enrol("ministry", "mill", "'processor'");
    enrol("ministry", "cafe-export", "'exporter'");
    enrol("ministry", "geo-andes", "'assessor'");
    enrol("ministry", "cert-pe", "'certifier'");
    rules("pe-2026", "2025-01-01");
    sign("ministry");
    enrol("reg-uno", "terminal", "'terminal'");
    enrol("reg-uno", "kaffee-nord", "'importer'");
    enrol("reg-uno", "tee-sued", "'importer'");
    enrol("reg-uno", "carrier-uno", "'carrier'");
    sign("reg-uno");
}

static inline void market_land(void)
{
    const char *geometry[4];
    farm("coop-norte", "coop-norte/F1", "coop-norte/P1", &geometry[0]);
    farm("coop-norte", "coop-norte/F2", "coop-norte/P2", &geometry[1]);
    farm("coop-norte", "coop-norte/F3", "coop-norte/P3", &geometry[2]);
    sign("coop-norte");
    farm("coop-sur", "coop-sur/F1", "coop-sur/S1", &geometry[3]);
    sign("coop-sur");
    assess("coop-norte/P1", geometry[0]);
    assess("coop-norte/P2", geometry[1]);
    assess("coop-norte/P3", geometry[2]);
    sign("geo-andes");
    harvest("coop-norte", "coop-norte/L1", "coop-norte/P1", 1000);
    harvest("coop-norte", "coop-norte/L2", "coop-norte/P2", 500);
    harvest("coop-norte", "coop-norte/L3", "coop-norte/P3", 400);
    sign("coop-norte");
}

static inline void market_papers(void)
{
    act("cert-pe", "2026-03-10",
        "'certificate_issued':{'certificate':'cert-pe/c1','scheme':'eu-organic','number':'17',"
        "'holder':'coop-norte','commodities':['coffee'],'valid_from':'2026-01-01',"
        "'valid_to':'2026-12-31'}");
    act("cert-pe", "2026-03-10",
        "'certificate_issued':{'certificate':'cert-pe/c2','scheme':'eu-organic','number':'18',"
        "'holder':'tee-sued','commodities':['coffee'],'valid_from':'2026-01-01',"
        "'valid_to':'2026-12-31'}");
    sign("cert-pe");
    act("cert-pe", "2026-04-10",
        "'certificate_withdrawn':{'certificate':'cert-pe/c1','from':'2026-11-01',"
        "'reason':'audit'}");
    sign("cert-pe");
    act("coop-norte", "2026-05-10",
        "'document_attached':{'subject':{'kind':'plot','id':'coop-norte/P1'},'title':'Title',"
        "'evidence':'declared'}");
    act("coop-norte", "2026-05-10",
        "'document_attached':{'subject':{'kind':'plot','id':'coop-norte/P3'},'title':'Title',"
        "'evidence':'declared'}");
    const char *inspection =
        act("coop-norte", "2026-05-10",
            "'lot_inspected':{'lot':'coop-norte/L1','inspection':'quality','outcome':'passed'}");
    sign("coop-norte");
    act("coop-norte", "2026-05-11",
        text("'event_voided':{'event':%s,'reason':'wrong lot'}", inspection));
    act("coop-norte", "2026-05-11",
        text("'key_rotated':{'party':'coop-norte','old_key':'%s','new_key':'%s'}",
             hex(who("coop-norte")->public_key.bytes, 32),
             hex(who("coop-norte-2")->public_key.bytes, 32)));
    sign("coop-norte");
}

/* A split of L1 that was none. Returns the reference to it. */
static inline const char *market_mistake(void)
{
    return act("mill", "2026-05-16",
               "'lot_processed':{'process':'splitting','inputs':[{'lot':'coop-norte/L1',"
               "'quantity':{'grams':200000}}],'outputs':[{'lot':'mill/x1','form':'parchment',"
               "'quantity':{'grams':200000},'kind':'product'}]}");
}

static inline void market_mill(bool mistaken)
{
    hand_over("coop-norte/L1", "coop-norte-2", "mill", 1000);
    hand_over("coop-norte/L2", "coop-norte-2", "mill", 500);
    hand_over("coop-norte/L3", "coop-norte-2", "mill", 400);
    sign("coop-norte-2");
    take_over("coop-norte/L1", "coop-norte", "mill", 1000);
    take_over("coop-norte/L2", "coop-norte", "mill", 500);
    take_over("coop-norte/L3", "coop-norte", "mill", 400);
    const char *mistake = mistaken ? market_mistake() : NULL;
    sign("mill");
    if (mistaken) {
        act("mill", "2026-05-16", text("'event_voided':{'event':%s,'reason':'mistake'}", mistake));
    }
    act("mill", "2026-05-16",
        "'lot_processed':{'process':'splitting','inputs':[{'lot':'coop-norte/L2',"
        "'quantity':{'grams':500000}}],'outputs':[{'lot':'mill/l2a','form':'parchment',"
        "'quantity':{'grams':100000},'kind':'product'},{'lot':'mill/l2b','form':'parchment',"
        "'quantity':{'grams':400000},'kind':'product'}]}");
    act("mill", "2026-05-16",
        "'lot_processed':{'process':'hulling','inputs':[{'lot':'coop-norte/L1',"
        "'quantity':{'grams':1000000}},{'lot':'mill/l2a','quantity':{'grams':100000}}],"
        "'outputs':[{'lot':'mill/g1','form':'green','quantity':{'grams':800000},"
        "'kind':'product'},{'lot':'mill/h1','form':'husk','quantity':{'grams':200000},"
        "'kind':'by_product'}]}");
    act("mill", "2026-05-16",
        "'lot_processed':{'process':'hulling','inputs':[{'lot':'coop-norte/L3',"
        "'quantity':{'grams':400000}}],'outputs':[{'lot':'mill/g3','form':'green',"
        "'quantity':{'grams':320000},'kind':'product'}]}");
    hand_over("mill/g1", "mill", "cafe-export", 800);
    hand_over("mill/g3", "mill", "cafe-export", 320);
    sign("mill");
    take_over("mill/g1", "mill", "cafe-export", 800);
    take_over("mill/g3", "mill", "cafe-export", 320);
    sign("cafe-export");
}

static inline void market_port(void)
{
    dispatch("cafe-export/s1", "kaffee-nord", "CSQU3054383",
             "{'lot':'mill/g1','quantity':{'grams':600000}}");
    dispatch("cafe-export/s2", "tee-sued", "MSCU6639870",
             "{'lot':'mill/g1','quantity':{'grams':200000}},"
             "{'lot':'mill/g3','quantity':{'grams':320000}}");
    sign("cafe-export");
    gate_in("cafe-export/s1", "CSQU3054383");
    gate_in("cafe-export/s2", "MSCU6639870");
    sign("terminal");
    rules("pe-2027", "2026-05-25");
    sign("ministry");
    harvest("coop-sur", "coop-sur/L1", "coop-sur/S1", 300);
    sign("coop-sur");
}

static inline int market_open_with(void **state, bool mistaken)
{
    memset(&market, 0, sizeof market);
    qp_arena_init(&market.texts, 0);
    folder_init(&market.folder);
    folder_create(&market.folder);
    struct qp_log *log = folder_open(&market.folder, QP_LOG_WRITE);
    market_parties();
    market_land();
    market_papers();
    market_mill(mistaken);
    market_port();
    admit(log);
    *state = log;
    return 0;
}

/* cmocka setup: everything above, admitted; the log is open for writing in *state. */
static inline int market_open(void **state)
{
    return market_open_with(state, true);
}

/* The same without the mistaken split and its correction. */
static inline int market_open_plain(void **state)
{
    return market_open_with(state, false);
}

static inline int market_close(void **state)
{
    qp_log_close(*state);
    for (size_t i = 0; i < market.issuer_count; i++) {
        qp_key_free(market.issuers[i].key);
    }
    qp_arena_wipe(&market.texts);
    qp_buf_wipe(&market.records);
    folder_wipe(&market.folder);
    return 0;
}

/* The entry in which a lot was made. */
static inline uint64_t made_at(struct qp_log *log, const char *lot)
{
    struct qp_state source = qp_log_state(log);
    struct qp_state_key key = qp_state_key_text(QP_STATE_LOT, lot);
    struct qp_span record = {0};
    struct qp_arena arena;
    Qp__LotState *decoded = NULL;
    qp_arena_init(&arena, 0);
    assert_ok(source.get(source.context, qp_state_key_span(&key), &record, err));
    assert_ok(qp_wire_decode(&qp_rule_lot_state, record, &arena, &decoded, err));
    uint64_t index = decoded->created->index;
    qp_arena_wipe(&arena);
    return index;
}

/* mill/c, of what was split off mill/l2b in two parts: two ways that meet again. */
static inline void split_and_mix(struct qp_log *log)
{
    act("mill", "2026-05-17",
        "'lot_processed':{'process':'splitting','inputs':[{'lot':'mill/l2b','quantity':"
        "{'grams':400000}}],'outputs':[{'lot':'mill/a','form':'parchment','quantity':"
        "{'grams':100000},'kind':'product'},{'lot':'mill/b','form':'parchment','quantity':"
        "{'grams':300000},'kind':'product'}]}");
    act("mill", "2026-05-17",
        "'lot_processed':{'process':'mixing','inputs':[{'lot':'mill/a','quantity':"
        "{'grams':100000}},{'lot':'mill/b','quantity':{'grams':300000}}],'outputs':[{"
        "'lot':'mill/c','form':'parchment','quantity':{'grams':400000},'kind':'product'}]}");
    sign("mill");
    admit(log);
}

#endif
