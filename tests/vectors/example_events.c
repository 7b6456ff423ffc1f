/* The facts of the worked example: who, where, what. */
#include "vectors/example_priv.h"

#include "core/check.h"
#include "wire/json.h"

#include <string.h>

static void make_content(struct example *example, enum example_sealed at, const char *name,
                         Qp__SealedKind kind)
{
    struct example_content *content = &example->contents[at];
    content->name = name;
    content->kind = kind;
    memset(content->salt.bytes, 0x51 + (int)at, sizeof content->salt.bytes);
    qp_hash_sealed(&content->commitment, &content->salt, qp_span_buf(&content->content));
}

static void make_producer(struct example *example, enum example_sealed at, const char *name,
                          const char *person, const char *document)
{
    Qp__Producer producer = QP__PRODUCER__INIT;
    producer.name = qp_arena_text(&example->arena, qp_span_text(person));
    producer.document = qp_arena_text(&example->arena, qp_span_text(document));
    producer.sex = qp_arena_text(&example->arena, qp_span_text("F"));
    producer.district = qp_arena_text(&example->arena, qp_span_text("Soritor"));
    MUST(qp_wire_encode(&qp_rule_producer, &producer, &example->arena,
                        &example->contents[at].content, err));
    make_content(example, at, name, QP__SEALED_KIND__SEALED_KIND_PRODUCER);
}

static uint64_t make_geometry(struct example *example, enum example_sealed at, const char *name,
                              const struct qp_point *points, size_t count)
{
    struct qp_ring ring = {.points = points, .count = count};
    struct qp_polygon polygon = {.rings = &ring, .ring_count = 1};
    struct qp_geometry geometry = {
        .kind = QP_GEOMETRY_POLYGON, .polygons = &polygon, .polygon_count = 1};
    struct qp_geometry normal;
    uint64_t area_m2 = 0;
    MUST(qp_geometry_check(&geometry, QP_GEOMETRY_SIX_DECIMALS, NULL, err));
    MUST(qp_geometry_normalize(&geometry, &example->arena, &normal, err));
    MUST(qp_geometry_encode(&normal, &example->contents[at].content, err));
    MUST(qp_geometry_area_m2(&normal, &area_m2, err));
    make_content(example, at, name, QP__SEALED_KIND__SEALED_KIND_GEOMETRY);
    return area_m2;
}

/* Text of a JSON object, without the nonce. */
static void make_event(struct example *example, size_t at, const char *title, bool shown,
                       const char *text)
{
    struct example_event *event = &example->events[at];
    json_t *json = NULL;
    Qp__Event *decoded = NULL;
    uint8_t nonce[16];
    MUST(qp_json_parse(qp_span_text(text), &json, err));
    MUST(qp_json_decode(&qp_rule_event, json, &example->arena, &decoded, err));
    memset(nonce, 0xa0 + (int)at, sizeof nonce);
    decoded->nonce = qp_bytes_span(qp_span_of(nonce, sizeof nonce));
    MUST(qp_wire_encode(&qp_rule_event, decoded, &example->arena, &event->bytes, err));
    json_decref(json);
    event->title = title;
    event->shown = shown;
    qp_hash_leaf(&event->id, qp_span_buf(&event->bytes));
}

static const char *hex_of(struct example *example, const uint8_t *bytes, size_t len)
{
    char *text = qp_arena_alloc(&example->arena, 2 * len + 1);
    QP_ASSERT(text != NULL);
    qp_hex_encode(text, qp_span_of(bytes, len));
    return text;
}

static const char *key_of(struct example *example, enum example_party at)
{
    return hex_of(example, example->keys[at].public_key.bytes, 32);
}

static const char *sealed_of(struct example *example, enum example_sealed at)
{
    static const char *const kinds[] = {"", "geometry", "producer"};
    const struct example_content *content = &example->contents[at];
    return qp_arena_printf(
        &example->arena, "{\"commitment\":\"%s\",\"kind\":\"%s\",\"length\":%zu}",
        hex_of(example, content->commitment.bytes, 32), kinds[content->kind], content->content.len);
}

static const char *enrolment(struct example *example, const char *day, const char *party,
                             const char *rest, enum example_party key)
{
    return qp_arena_printf(&example->arena,
                           "{\"occurred\":\"%s\",\"party_enrolled\":{\"party\":\"%s\",%s,"
                           "\"key\":\"%s\"}}",
                           day, party, rest, key_of(example, key));
}

static void make_ledger_events(struct example *example)
{
    struct qp_arena *arena = &example->arena;
    make_event(
        example, 0, "the ledger opens", true,
        qp_arena_printf(
            arena,
            "{\"occurred\":\"2026-01-05T14:00:00Z\",\"ledger_opened\":{\"origin\":\"%s\","
            "\"name\":\"Example ledger\",\"operator\":{\"party\":\"operator\","
            "\"legal_name\":\"Example Operator\",\"country\":\"PE\",\"roles\":[\"operator\"],"
            "\"key\":\"%s\"},\"log_key\":\"%s\"}}",
            EXAMPLE_ORIGIN, key_of(example, EXAMPLE_OPERATOR), key_of(example, EXAMPLE_LOG)));
    make_event(example, 1, "the rules", true,
               "{\"occurred\":\"2026-01-05T14:10:00Z\",\"rule_set_published\":{"
               "\"rule_set\":\"pe-2026\",\"version\":1,\"effective_from\":\"2025-01-01\","
               "\"cut_off\":\"2020-12-31\",\"point_area_max_m2\":40000,"
               "\"transfer_tolerance_ppm\":5000,\"harvest_age_days\":730,\"area_tolerance_ppm\":"
               "100000,\"factors\":[{\"commodity\":\"coffee\","
               "\"from\":\"parchment\",\"to\":\"green\",\"factor_ppm\":800000,"
               "\"tolerance_ppm\":50000}],\"yield_caps\":[{\"commodity\":\"coffee\","
               "\"form\":\"parchment\",\"warn_grams_per_ha\":2000000,"
               "\"refuse_grams_per_ha\":4000000}],\"headings\":[{\"commodity\":\"coffee\","
               "\"hs_code\":\"0901\",\"effective_from\":\"2025-01-01\"}],"
               "\"risks\":[{\"country\":\"PE\",\"level\":\"standard\","
               "\"effective_from\":\"2025-05-22\"}]}}");
    make_event(example, 2, "a cooperative that mills and exports is enrolled", true,
               enrolment(example, "2026-01-05T14:20:00Z", "coop-norte",
                         "\"legal_name\":\"Cooperativa Norte\",\"country\":\"PE\","
                         "\"identifiers\":[{\"scheme\":\"ruc\",\"value\":\"20100000009\"}],"
                         "\"roles\":[\"cooperative\",\"processor\",\"exporter\"]",
                         EXAMPLE_COOPERATIVE));
    make_event(example, 3, "an assessor is enrolled", true,
               enrolment(example, "2026-01-05T14:20:00Z", "geo-andes",
                         "\"legal_name\":\"Geo Andes\",\"country\":\"PE\","
                         "\"roles\":[\"assessor\"]",
                         EXAMPLE_ASSESSOR));
    make_event(example, 4, "a port terminal is enrolled", true,
               enrolment(example, "2026-01-05T14:20:00Z", "terminal-sur",
                         "\"legal_name\":\"Terminal Sur Callao\",\"country\":\"PE\","
                         "\"roles\":[\"terminal\"]",
                         EXAMPLE_TERMINAL));
    make_event(example, 5, "an importer is enrolled", true,
               enrolment(example, "2026-01-05T14:20:00Z", "kaffee-nord",
                         "\"legal_name\":\"Kaffee Nord GmbH\",\"country\":\"DE\","
                         "\"roles\":[\"importer\"]",
                         EXAMPLE_IMPORTER));
}

static const char *plot(struct example *example, const char *local, uint64_t area_m2,
                        enum example_sealed geometry)
{
    return qp_arena_printf(
        &example->arena,
        "{\"occurred\":\"2026-02-10T15:30:00Z\",\"plot_registered\":{\"plot\":\"coop-norte/%s\","
        "\"producer\":\"coop-norte/p-%c\",\"commodities\":[\"coffee\"],\"country\":\"PE\","
        "\"region\":\"PE-SAM\",\"area_m2\":%llu,\"geometry_kind\":\"polygon\",\"geometry\":%s,"
        "\"tenure\":\"possession\",\"tenure_evidence\":\"declared\"}}",
        local, local[strlen(local) - 1], (unsigned long long)area_m2, sealed_of(example, geometry));
}

static const char *producer(struct example *example, const char *id, enum example_sealed identity)
{
    return qp_arena_printf(&example->arena,
                           "{\"occurred\":\"2026-02-10T15:00:00Z\",\"producer_registered\":{"
                           "\"producer\":\"%s\",\"identity\":%s}}",
                           id, sealed_of(example, identity));
}

static const char *assessment(struct example *example, const char *id, uint64_t area_m2,
                              enum example_sealed geometry)
{
    return qp_arena_printf(
        &example->arena,
        "{\"occurred\":\"2026-03-02T16:00:00Z\",\"plot_assessed\":{\"plot\":\"%s\","
        "\"geometry\":\"%s\",\"datasets\":[{\"name\":\"Example forest map 2020\",\"sha256\":"
        "\"4141414141414141414141414141414141414141414141414141414141414141\"}],"
        "\"method\":\"overlay v1\",\"cut_off\":\"2020-12-31\",\"covers_to\":\"2025-12-31\","
        "\"outcome\":\"no_loss\",\"assessed_m2\":%llu}}",
        id, hex_of(example, example->contents[geometry].commitment.bytes, 32),
        (unsigned long long)area_m2);
}

static const char *harvest(struct example *example, const char *lot, const char *from_plot)
{
    return qp_arena_printf(
        &example->arena,
        "{\"occurred\":\"2026-06-20T18:00:00Z\",\"place\":{\"longitude_e7\":-771000000,"
        "\"latitude_e7\":-61400000,\"name\":\"Acopio Soritor\"},\"lot_harvested\":{"
        "\"lot\":\"%s\",\"commodity\":\"coffee\",\"form\":\"parchment\","
        "\"quantity\":{\"grams\":750000},\"origins\":[{\"plot\":\"%s\",\"grams\":750000}],"
        "\"harvest_from\":\"2026-05-02\",\"harvest_to\":\"2026-06-18\",\"crop_year\":2026}}",
        lot, from_plot);
}

static void make_field_events(struct example *example, uint64_t area_m2, uint64_t area_2_m2)
{
    make_event(example, 6, "a producer is registered", true,
               producer(example, "coop-norte/p-1", EXAMPLE_PRODUCER));
    make_event(example, 7, "her plot is registered", true,
               plot(example, "f-1", area_m2, EXAMPLE_GEOMETRY));
    make_event(example, 8, "another producer: not of this shipment", false,
               producer(example, "coop-norte/p-2", EXAMPLE_PRODUCER_2));
    make_event(example, 9, "her plot: not of this shipment", false,
               plot(example, "f-2", area_2_m2, EXAMPLE_GEOMETRY_2));
    make_event(example, 10, "the plot is assessed", true,
               assessment(example, "coop-norte/f-1", area_m2, EXAMPLE_GEOMETRY));
    make_event(example, 11, "coffee is harvested and delivered", true,
               harvest(example, "coop-norte/l-1", "coop-norte/f-1"));
    make_event(example, 12, "another delivery: not of this shipment", false,
               harvest(example, "coop-norte/l-2", "coop-norte/f-2"));
    make_event(example, 13, "the other plot is assessed: not of this shipment", false,
               assessment(example, "coop-norte/f-2", area_2_m2, EXAMPLE_GEOMETRY_2));
}

static void make_trade_events(struct example *example)
{
    make_event(example, 14, "the coffee is hulled", true,
               "{\"occurred\":\"2026-07-06T13:00:00Z\",\"lot_processed\":{\"process\":\"hulling\","
               "\"inputs\":[{\"lot\":\"coop-norte/l-1\",\"quantity\":{\"grams\":750000}}],"
               "\"outputs\":[{\"lot\":\"coop-norte/g-1\",\"form\":\"green\","
               "\"quantity\":{\"grams\":600000},\"kind\":\"product\"},"
               "{\"lot\":\"coop-norte/h-1\",\"form\":\"husk\",\"quantity\":{\"grams\":140000},"
               "\"kind\":\"by_product\"}],\"site\":\"Planta Moyobamba\"}}");
    make_event(example, 15, "the importer attaches a contract: not of this shipment", false,
               "{\"occurred\":\"2026-07-10T09:00:00Z\",\"document_attached\":{\"subject\":{"
               "\"kind\":\"party\",\"id\":\"coop-norte\"},\"title\":\"Frame contract\","
               "\"evidence\":\"declared\"}}");
    make_event(example, 16, "the shipment is dispatched", true,
               "{\"occurred\":\"2026-07-14T17:00:00Z\",\"shipment_dispatched\":{"
               "\"shipment\":\"" EXAMPLE_SHIPMENT "\",\"consignee\":\"kaffee-nord\","
               "\"commodity\":\"coffee\",\"hs_code\":\"090111\",\"lots\":[{"
               "\"lot\":\"coop-norte/g-1\",\"quantity\":{\"grams\":600000}}],\"containers\":[{"
               "\"number\":\"CSQU3054383\",\"seals\":[\"PE-000123\"]}],"
               "\"port_of_loading\":\"PECLL\",\"port_of_discharge\":\"DEHAM\","
               "\"destination_country\":\"DE\",\"bags\":10}}");
    make_event(example, 17, "the container passes the terminal's gate", true,
               "{\"occurred\":\"2026-07-16T11:30:00Z\",\"place\":{\"name\":\"Callao\","
               "\"locode\":\"PECLL\"},\"shipment_gated_in\":{\"shipment\":\"" EXAMPLE_SHIPMENT
               "\",\"container\":\"CSQU3054383\",\"gross_grams\":3100000,"
               "\"seals\":[\"PE-000123\"]}}");
}

void example_make_events(struct example *example)
{
    static const struct qp_point field[] = {{-771012345, -61404321},
                                            {-771001122, -61405210},
                                            {-770999870, -61396650},
                                            {-771005436, -61393018},
                                            {-771011904, -61395127}};
    static const struct qp_point field_2[] = {{-770990100, -61380300},
                                              {-770981200, -61381700},
                                              {-770982500, -61373400},
                                              {-770989900, -61374100}};
    make_producer(example, EXAMPLE_PRODUCER, "producer-1", "Rosa Huamán Díaz", "01234567");
    make_producer(example, EXAMPLE_PRODUCER_2, "producer-2", "Elsa Chota Ríos", "07654321");
    uint64_t area_m2 = make_geometry(example, EXAMPLE_GEOMETRY, "geometry-1", field, 5);
    uint64_t area_2_m2 = make_geometry(example, EXAMPLE_GEOMETRY_2, "geometry-2", field_2, 4);
    make_ledger_events(example);
    make_field_events(example, area_m2, area_2_m2);
    make_trade_events(example);
    example->ledger_id = example->events[0].id;
}
