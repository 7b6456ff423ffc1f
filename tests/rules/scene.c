#include "rules/scene.h"

#include "core/check.h"
#include "core/time.h"
#include "wire/json.h"

struct scene scene;
static const char *seen[128];
static size_t seen_count;

struct qp_key *scene_secret(const char *name)
{
    struct qp_seed seed = {{0}};
    struct qp_key *key = NULL;
    assert_true(strlen(name) < sizeof seed.bytes);
    memcpy(seed.bytes, name, strlen(name));
    assert_ok(qp_key_from_seed(&seed, &key, err));
    return key;
}

struct qp_public_key scene_key(const char *name)
{
    struct qp_key *key = scene_secret(name);
    struct qp_public_key public_key;
    qp_key_public(key, &public_key);
    qp_key_free(key);
    return public_key;
}

static enum qp_code find_event(void *context, const Qp__EventReference *reference,
                               struct qp_span *event, Qp__EventPlace *place, struct qp_err *err)
{
    struct scene *at = context;
    if (reference->sequence >= at->event_count || reference->position != 0 ||
        memcmp(at->events[reference->sequence].issuer.bytes, reference->issuer.data, 32) != 0) {
        return qp_fail(err, QP_E_NOT_FOUND, "no such event");
    }
    *event = qp_span_of(at->events[reference->sequence].bytes, at->events[reference->sequence].len);
    qp__event_place__init(place);
    place->index = reference->sequence;
    return QP_OK;
}

static enum qp_code nothing(void *context, struct qp_span key, struct qp_span *record,
                            struct qp_err *err)
{
    (void)context;
    (void)key;
    (void)err;
    *record = (struct qp_span){0};
    return QP_OK;
}

int scene_open_empty(void **state)
{
    (void)state;
    struct qp_err err;
    if (qp_init(&err) != QP_OK) {
        return -1;
    }
    scene = (struct scene){.below = {.get = nothing, .event = find_event}};
    scene.below.context = &scene;
    qp_arena_init(&scene.arena, 0);
    qp_rule_memo_init(&scene.memo);
    if (qp_state_map_new(&scene.below, &scene.map, &err) != QP_OK) {
        return -1;
    }
    scene.state = qp_state_map_state(scene.map);
    return 0;
}

int scene_close(void **state)
{
    (void)state;
    qp_state_map_free(scene.map);
    qp_rule_memo_wipe(&scene.memo);
    qp_arena_wipe(&scene.arena);
    for (size_t i = 0; i < scene.event_count; i++) {
        free(scene.events[i].bytes);
    }
    free(scene.events);
    return 0;
}

/* The shorthands written out. */
static void expand(struct qp_buf *out, const char *text)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "'@$");
        assert_ok(qp_buf_add(out, qp_span_of(text, plain), err));
        text += plain;
        if (*text == '\'') {
            assert_ok(qp_buf_add_text(out, "\"", err));
            text++;
        } else if (*text == '@') {
            char name[32] = {0};
            char hex[65];
            size_t len = strcspn(text + 1, "@");
            assert_true(len < sizeof name && text[1 + len] == '@');
            memcpy(name, text + 1, len);
            struct qp_public_key key = scene_key(name);
            qp_hex_encode(hex, qp_span_of(key.bytes, sizeof key.bytes));
            assert_ok(qp_buf_add_text(out, hex, err));
            text += len + 2;
        } else if (*text == '$') {
            size_t len = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz");
            assert_ok(qp_buf_addf(out, err,
                                  "{\"commitment\": \"%064d\", \"kind\": \"%.*s\", \"length\": 9}",
                                  7, (int)len, text + 1));
            text += len + 1;
        }
    }
}

struct qp_span scene_event_bytes(const char *when, const char *body)
{
    static uint64_t nonce;
    struct qp_buf text = {0};
    struct qp_buf bytes = {0};
    struct qp_err why;
    json_t *json = NULL;
    Qp__Event *event = NULL;
    assert_ok(qp_buf_addf(&text, err, "{\"nonce\": \"%032llx\", \"occurred\": \"%s\", ",
                          (unsigned long long)++nonce, when));
    expand(&text, body);
    assert_ok(qp_buf_add_text(&text, "}", err));
    if (qp_json_parse(qp_span_buf(&text), &json, &why) != QP_OK ||
        qp_json_decode(&qp_rule_event, json, &scene.arena, &event, &why) != QP_OK ||
        qp_wire_encode(&qp_rule_event, event, &scene.arena, &bytes, &why) != QP_OK) {
        fail_msg("%.*s: %s", (int)text.len, (const char *)text.data, why.text);
    }
    uint8_t *copy = qp_arena_alloc(&scene.arena, bytes.len);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.len);
    struct qp_span made = qp_span_of(copy, bytes.len);
    json_decref(json);
    qp_buf_wipe(&text);
    qp_buf_wipe(&bytes);
    return made;
}

void scene_keep(const struct qp_rule_context *context, struct qp_span bytes)
{
    scene.events = realloc(scene.events, (scene.event_count + 1) * sizeof *scene.events);
    assert_non_null(scene.events);
    struct scene_event *at = &scene.events[scene.event_count];
    *at = (struct scene_event){
        .issuer = context->issuer, .sequence = scene.event_count, .len = bytes.len};
    at->bytes = malloc(bytes.len);
    assert_non_null(at->bytes);
    memcpy(at->bytes, bytes.data, bytes.len);
    if (scene.event_count == 0) {
        qp_hash_leaf(&scene.ledger_id, bytes);
    }
    scene.event_count++;
}

enum qp_code scene_act(const char *signer, const char *when, const char *body, struct qp_err *why)
{
    qp_arena_reset(&scene.arena);
    qp_err_init(why);
    struct qp_rule_context context = {.ledger_id = scene.ledger_id,
                                      .issuer = scene_key(signer),
                                      .index = scene.event_count,
                                      .memo = &scene.memo};
    Qp__Event *event = NULL;
    struct qp_span bytes = scene_event_bytes(when, body);
    const char *admitted = scene.admitted != NULL ? scene.admitted : when;
    assert_ok(qp_time_parse(qp_span_text(admitted), &context.admitted_ms, err));
    assert_ok(qp_event_decode(bytes, &scene.arena, &event, err));
    qp_hash_leaf(&context.event_id, bytes);
    qp_state_map_mark(scene.map);
    enum qp_code rc = qp_rules_apply(&context, event, &scene.state, &scene.arena, why);
    if (rc == QP_OK) {
        scene_keep(&context, bytes);
    } else {
        qp_state_map_rollback(scene.map);
    }
    return rc;
}

static enum qp_code add_record(void *context, struct qp_span key, struct qp_span record,
                               struct qp_err *err)
{
    struct qp_buf *out = context;
    enum qp_code rc = qp_buf_addf(out, err, "%zu %zu ", key.len, record.len);
    if (rc == QP_OK) {
        rc = qp_buf_add(out, key, err);
    }
    return rc == QP_OK ? qp_buf_add(out, record, err) : rc;
}

void scene_snapshot(struct qp_buf *out)
{
    assert_ok(qp_state_map_each(scene.map, add_record, out, err));
}

void ok(const char *signer, const char *when, const char *format, ...)
{
    char body[65536];
    struct qp_err err;
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(body, sizeof body, format, arguments);
    va_end(arguments);
    assert_true(len > 0 && (size_t)len < sizeof body);
    if (scene_act(signer, when, body, &err) != QP_OK) {
        fail_msg("%.300s: %s %s (%s)", body, err.rule, err.text, qp_code_name(err.code));
    }
}

void no(const char *code, const char *signer, const char *when, const char *format, ...)
{
    char body[65536];
    struct qp_err err;
    struct qp_buf before = {0};
    struct qp_buf after = {0};
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(body, sizeof body, format, arguments);
    va_end(arguments);
    assert_true(len > 0 && (size_t)len < sizeof body);
    scene_snapshot(&before);
    enum qp_code rc = scene_act(signer, when, body, &err);
    scene_snapshot(&after);
    if (rc != QP_E_REFUSED || strcmp(err.rule, code) != 0) {
        fail_msg("%s expected for %.300s: %s %s (%s)", code, body, err.rule, err.text,
                 qp_code_name(rc));
    }
    if (!qp_span_eq(qp_span_buf(&before), qp_span_buf(&after))) {
        fail_msg("%s: the refusal of %.300s changed the state", code, body);
    }
    assert_non_null(qp_rule_code_find(code));
    assert_true(err.text[0] != '\0' && err.text[strlen(err.text) - 1] != '.');
    qp_buf_wipe(&before);
    qp_buf_wipe(&after);
    scene.refused_count++;
    if (!scene_seen(code)) {
        assert_true(seen_count < QP_COUNT(seen));
        seen[seen_count++] = code;
    }
}

bool scene_seen(const char *code)
{
    for (size_t i = 0; i < seen_count; i++) {
        if (strcmp(seen[i], code) == 0) {
            return true;
        }
    }
    return false;
}

static void *read_record(struct qp_state_key key, const struct qp_message_rule *rule)
{
    void *record = NULL;
    assert_ok(qp_state_read(&scene.state, &key, rule, &scene.arena, &record, err));
    return record;
}

Qp__LotState *scene_lot(const char *id)
{
    return read_record(qp_state_key_text(QP_STATE_LOT, id), &qp_rule_lot_state);
}

Qp__PlotState *scene_plot(const char *id)
{
    return read_record(qp_state_key_text(QP_STATE_PLOT, id), &qp_rule_plot_state);
}

Qp__ShipmentState *scene_shipment(const char *id)
{
    return read_record(qp_state_key_text(QP_STATE_SHIPMENT, id), &qp_rule_shipment_state);
}

uint64_t scene_harvest(const char *plot, uint32_t crop_year)
{
    Qp__HarvestState *found =
        read_record(qp_state_key_harvest(plot, QP__COMMODITY__COMMODITY_COFFEE, crop_year),
                    &qp_rule_harvest_state);
    return found == NULL ? 0 : found->grams;
}

uint64_t scene_grams(const char *lot)
{
    const Qp__LotState *found = scene_lot(lot);
    assert_non_null(found);
    return found->balance == NULL ? 0 : found->balance->grams;
}

uint64_t scene_pieces(const char *lot)
{
    const Qp__LotState *found = scene_lot(lot);
    assert_non_null(found);
    return found->balance == NULL ? 0 : found->balance->pieces;
}

const char *scene_last(void)
{
    static char text[320];
    char issuer[65];
    char id[65];
    struct qp_hash hash;
    assert_true(scene.event_count > 0);
    const struct scene_event *at = &scene.events[scene.event_count - 1];
    qp_hash_leaf(&hash, qp_span_of(at->bytes, at->len));
    qp_hash_hex(id, &hash);
    qp_hex_encode(issuer, qp_span_of(at->issuer.bytes, sizeof at->issuer.bytes));
    snprintf(text, sizeof text, "{'issuer': '%s', 'sequence': %llu, 'event': '%s'}", issuer,
             (unsigned long long)at->sequence, id);
    return text;
}

void scene_harvested(const char *party, const char *lot, const char *plot, uint64_t grams)
{
    ok(party, DAY,
       "'lot_harvested': {'lot': '%s', 'commodity': 'coffee', 'form': 'cherry', 'quantity': "
       "{'grams': %llu}, 'origins': [{'plot': '%s', 'grams': %llu}], 'harvest_from': "
       "'2026-05-01', 'harvest_to': '2026-05-14', 'crop_year': 2026}",
       lot, (unsigned long long)grams, plot, (unsigned long long)grams);
}

static const char *const parties[][2] = {
    {"reg", "'registrar'"},       {"norte", "'cooperative'"}, {"sur", "'cooperative'"},
    {"mill", "'processor'"},      {"carry", "'carrier'"},     {"store", "'warehouse'"},
    {"export", "'exporter'"},     {"port", "'terminal'"},     {"import", "'importer'"},
    {"cert", "'certifier'"},      {"lab", "'inspector'"},     {"assess", "'assessor'"},
    {"authority", "'authority'"},
};

int scene_open(void **state)
{
    if (scene_open_empty(state) != 0) {
        return -1;
    }
    ok("op", "2026-01-01",
       "'ledger_opened': {'origin': 'ledger.example.pe/2026', 'name': 'Test', 'operator': "
       "{'party': 'op', 'legal_name': 'Operator', 'country': 'PE', 'roles': ['operator'], 'key': "
       "'@op@'}, 'log_key': '@log@'}");
    for (size_t i = 0; i < QP_COUNT(parties); i++) {
        ok("op", "2026-01-01",
           "'party_enrolled': {'party': '%s', 'legal_name': 'L', 'country': 'PE', 'roles': [%s], "
           "'key': '@%s@'}",
           parties[i][0], parties[i][1], parties[i][0]);
    }
    ok("op", "2026-01-01",
       "'rule_set_published': {'rule_set': 'pe', 'version': 1, 'effective_from': '2018-01-01', "
       "'cut_off': '2020-12-31', 'point_area_max_m2': 40000, "
       "'transfer_tolerance_ppm': 5000, "
       "'harvest_age_days': 730, 'area_tolerance_ppm': 100000, "
       "'factors': [{'commodity': 'coffee', 'from': 'cherry', 'to': 'parchment', 'factor_ppm': "
       "200000, 'tolerance_ppm': 100000}, {'commodity': 'coffee', 'from': 'parchment', 'to': "
       "'green', 'factor_ppm': 800000, 'tolerance_ppm': 50000}, {'commodity': 'coffee', 'from': "
       "'cherry', 'to': 'green', 'factor_ppm': 180000, 'tolerance_ppm': 20000}, {'commodity': "
       "'alpaca', 'from': 'fabric', 'to': 'garment', 'factor_ppm': 1000000}], 'yield_caps': "
       "[{'commodity': 'coffee', 'form': 'green', 'warn_grams_per_ha': 1800000, "
       "'refuse_grams_per_ha': 3500000}], 'headings': [{'commodity': 'coffee', 'hs_code': '0901', "
       "'effective_from': '2018-01-01'}]}");
    static const char *const coops[] = {"norte", "sur"};
    for (size_t i = 0; i < QP_COUNT(coops); i++) {
        ok(coops[i], "2026-01-02",
           "'producer_registered': {'producer': '%s/u1', 'identity': "
           "$producer}",
           coops[i]);
        ok(coops[i], "2026-01-02",
           "'plot_registered': {'plot': '%s/p1', 'producer': '%s/u1', 'commodities': ['coffee', "
           "'alpaca'], 'country': 'PE', 'area_m2': 20000, 'geometry_kind': 'point', 'geometry': "
           "$geometry, 'tenure': 'title', 'tenure_evidence': 'declared'}",
           coops[i], coops[i]);
    }
    return 0;
}
