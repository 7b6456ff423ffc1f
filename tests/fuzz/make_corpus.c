/* Writes the seeds of the fuzz targets: small, sound inputs of every kind. Not part of any test;
 * run it when a format changes: make_corpus tests/fuzz/corpus */
#include "vectors/example.h"
#include "season.h"
#include "store/block.h"
#include "wire/generate.h"
#include "wire/json.h"

#include <sys/stat.h>

static const char *root;

static void seed(const char *target, const char *name, struct qp_span bytes)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", root, target);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/%s/%s", root, target, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.len, file) != bytes.len || fclose(file) != 0) {
        fprintf(stderr, "%s cannot be written\n", path);
        exit(1);
    }
}

static void seed_event(const char *name, struct qp_span bytes, struct qp_arena *arena)
{
    Qp__Event *event = NULL;
    json_t *json = NULL;
    struct qp_buf text = {0};
    assert_ok(qp_event_decode(bytes, arena, &event, err));
    assert_ok(qp_json_encode(&qp_rule_event, event, &json, err));
    assert_ok(qp_json_print(json, 0, &text, err));
    seed("event", name, bytes);
    seed("json_events", name, qp_span_buf(&text));
    json_decref(json);
    qp_buf_wipe(&text);
}

/* One of each kind, of random content, and those of the example. */
static void seed_events(const struct example *example)
{
    struct qp_arena arena;
    qp_arena_init(&arena, 0);
    for (unsigned f = 3; f < qp_rule_event.descriptor->n_fields; f++) {
        struct generator generator = {.seed = f, .arena = &arena};
        struct qp_buf bytes = {0};
        void *event =
            message_of(&generator, &qp_rule_event, qp_rule_event.descriptor->fields[f].id);
        assert_ok(qp_wire_encode(&qp_rule_event, event, &arena, &bytes, err));
        seed_event(qp_rule_event.descriptor->fields[f].name, qp_span_buf(&bytes), &arena);
        qp_buf_wipe(&bytes);
    }
    for (size_t i = 0; i < EXAMPLE_EVENTS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "example-%zu", i);
        seed_event(name, qp_span_buf(&example->events[i].bytes), &arena);
    }
    qp_arena_wipe(&arena);
}

static void seed_records(const struct example *example)
{
    struct qp_buf two = {0};
    seed("statement", "opening", qp_span_buf(&example->statements[0].bytes));
    seed("statement", "next", qp_span_buf(&example->statements[2].bytes));
    seed("entry", "opening", qp_span_buf(&example->statements[0].entry));
    seed("entry", "next", qp_span_buf(&example->statements[5].entry));
    seed("submission", "one", qp_span_buf(&example->submission));
    assert_ok(qp_buf_add(&two, qp_span_buf(&example->submission), err));
    assert_ok(qp_buf_add(&two, qp_span_buf(&example->submission), err));
    seed("submission", "two", qp_span_buf(&two));
    seed("bundle", "example", qp_span_buf(&example->bundle));
    seed("verify", "example", qp_span_buf(&example->bundle));
    seed("note", "checkpoint", qp_span_buf(&example->checkpoint));
    seed("tlog_proof", "receipt", qp_span_buf(&example->receipt));
    qp_buf_wipe(&two);
}

/* One that proves a fork, and one whose signatures do not hold. */
static void seed_forks(const struct example *example)
{
    struct qp_arena arena;
    struct qp_buf other = {0};
    struct qp_buf file = {0};
    struct qp_signature signatures[2];
    Qp__Statement *statement = NULL;
    Qp__KeyForked proof = QP__KEY_FORKED__INIT;
    struct qp_span domain = qp_span_text(QP_STATEMENT_DOMAIN);
    struct qp_span first = qp_span_buf(&example->statements[2].bytes);
    const struct qp_key *key = NULL;
    qp_arena_init(&arena, 0);
    assert_ok(qp_statement_decode(first, &arena, &statement, err));
    for (size_t i = 0; i < QP_COUNT(example->keys); i++) {
        if (memcmp(example->keys[i].public_key.bytes, statement->issuer.data, 32) == 0) {
            key = example->keys[i].key;
        }
    }
    statement->issued_ms++; /* one byte greater, so that the first stays the lesser */
    assert_ok(qp_wire_encode(&qp_rule_statement, statement, &arena, &other, err));
    assert_ok(qp_sign(key, domain, first, &signatures[0], err));
    assert_ok(qp_sign(key, domain, qp_span_buf(&other), &signatures[1], err));
    proof.statement_a = qp_bytes_span(first);
    proof.signature_a = qp_bytes_span(qp_span_of(signatures[0].bytes, 64));
    proof.statement_b = qp_bytes_span(qp_span_buf(&other));
    proof.signature_b = qp_bytes_span(qp_span_of(signatures[1].bytes, 64));
    assert_ok(qp_fork_encode(&proof, &arena, &file, err));
    seed("fork", "proved", qp_span_buf(&file));
    proof.signature_b = proof.signature_a;
    file.len = 0;
    assert_ok(qp_fork_encode(&proof, &arena, &file, err));
    seed("fork", "forged", qp_span_buf(&file));
    qp_buf_wipe(&other);
    qp_buf_wipe(&file);
    qp_arena_wipe(&arena);
}

static void seed_geometries(const struct example *example)
{
    static const struct qp_point outer[] = {
        {-770000000, -60000000}, {-769000000, -60000000}, {-769000000, -59000000}};
    static const struct qp_point hole[] = {
        {-769500000, -59900000}, {-769400000, -59800000}, {-769300000, -59900000}};
    static const struct qp_point apart[] = {
        {-760000000, -60000000}, {-759000000, -60000000}, {-759500000, -59000000}};
    const struct qp_ring rings[] = {{outer, 3}, {hole, 3}, {apart, 3}};
    const struct qp_polygon polygons[] = {{rings, 2}, {rings + 2, 1}};
    struct qp_geometry shapes[] = {
        {.kind = QP_GEOMETRY_POINT, .point = {-770000000, -60000000}},
        {.kind = QP_GEOMETRY_POLYGON, .polygons = polygons, .polygon_count = 2}};
    struct qp_arena arena;
    qp_arena_init(&arena, 0);
    for (size_t i = 0; i < QP_COUNT(shapes); i++) {
        struct qp_buf bytes = {0};
        assert_ok(qp_geometry_normalize(&shapes[i], &arena, &shapes[i], err));
        assert_ok(qp_geometry_encode(&shapes[i], &bytes, err));
        seed("geometry", i == 0 ? "point" : "parts", qp_span_buf(&bytes));
        qp_buf_wipe(&bytes);
    }
    seed("geometry", "field", qp_span_buf(&example->contents[EXAMPLE_GEOMETRY].content));
    qp_arena_wipe(&arena);
}

static void seed_keys(const struct example *example)
{
    struct qp_keyfile_options cheap = {1, QP_KEYFILE_MEMLIMIT_MIN};
    const struct qp_span passphrase = qp_span_text("correct horse");
    const struct example_key *log = &example->keys[EXAMPLE_LOG];
    const struct example_key *witness = &example->keys[EXAMPLE_WITNESS];
    struct qp_buf file = {0};
    struct qp_vkey vkey;
    char log_text[QP_VKEY_TEXT_BYTES];
    char witness_text[QP_VKEY_TEXT_BYTES];
    char policy[2048];
    assert_ok(qp_keyfile_encode(log->key, qp_span_text(EXAMPLE_ORIGIN), NULL, NULL, &file, err));
    seed("keyfile", "open", qp_span_buf(&file));
    qp_buf_wipe(&file);
    assert_ok(
        qp_keyfile_encode(log->key, qp_span_text(EXAMPLE_ORIGIN), &passphrase, &cheap, &file, err));
    seed("keyfile", "sealed", qp_span_buf(&file));
    qp_buf_wipe(&file);
    assert_ok(
        qp_vkey_init(&vkey, qp_span_text(EXAMPLE_ORIGIN), QP_VKEY_NOTE, &log->public_key, err));
    qp_vkey_format(&vkey, log_text);
    assert_ok(qp_vkey_init(&vkey, qp_span_text(EXAMPLE_WITNESS_NAME), QP_VKEY_COSIGNATURE,
                           &witness->public_key, err));
    qp_vkey_format(&vkey, witness_text);
    seed("note", "vkey", qp_span_text(log_text));
    (void)snprintf(policy, sizeof policy,
                   "# example\nlog %s https://ledger.example/2026\nwitness W1 %s\n"
                   "group g 1 W1\nquorum g\n",
                   log_text, witness_text);
    seed("policy", "group", qp_span_text(policy));
    (void)snprintf(policy, sizeof policy, "log %s\nquorum none\n", log_text);
    seed("policy", "none", qp_span_text(policy));
}

static void seed_texts(void)
{
    seed("csv", "commas", qp_span_text("plot,grams,name\ncoop/f-1,1000,Rosa\n"));
    seed("csv", "quotes",
         qp_span_text(
             "\xef\xbb\xbfname;plot;other\r\n\"a;\"\"b\"\"\r\nc\";coop/f-1;=1+2\r\n;;\r\n"));
    seed("geojson", "collection",
         qp_span_text(
             "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\","
             "\"properties\":{\"plot\":\"f-1\"},\"geometry\":{\"type\":\"Polygon\","
             "\"coordinates\":[[[-77.1,-6.1],[-77.0,-6.1],[-77.0,-6.0],[-77.1,-6.1]]]}},"
             "{\"type\":\"Feature\",\"properties\":null,\"geometry\":{\"type\":\"MultiPolygon\","
             "\"coordinates\":[[[[-76.1,-6.1],[-76.0,-6.1],[-76.0,-6.0],[-76.1,-6.1]]]]}}]}"));
    seed("geojson", "point",
         qp_span_text("{\"type\":\"Point\",\"coordinates\":[-77.1234567,-6.12345678,900]}"));
    seed("draft", "seal",
         qp_span_text("{\"occurred\":\"2026-05-14\",\"producer_registered\":{\"producer\":"
                      "\"coop/p-1\",\"identity\":{\"seal\":{\"kind\":\"producer\",\"content\":"
                      "{\"name\":\"Rosa\"}}}}}\n"));
    seed("draft", "geometry",
         qp_span_text("[{\"occurred\":\"2026-05-14\",\"plot_registered\":{\"plot\":\"coop/f-1\","
                      "\"producer\":\"coop/p-1\",\"commodities\":[\"coffee\"],\"country\":\"PE\","
                      "\"area_m2\":10000,\"geometry_kind\":\"point\",\"geometry\":{\"seal\":"
                      "{\"kind\":\"geometry\",\"content\":{\"type\":\"Point\",\"coordinates\":"
                      "[-77.1,-6.1]}}},\"tenure\":\"title\",\"tenure_evidence\":\"declared\"}}]"));
}

/* The policy of the worked example. */
static void seed_trust(void)
{
    uint8_t text[4096] = {0};
    FILE *file = fopen(QP_SOURCE_DIR "/tests/vectors/policy.json", "rb");
    if (file == NULL) {
        fprintf(stderr, "run make_example first\n");
        exit(1);
    }
    size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    seed("trust", "example", qp_span_of(text, len));
    /* And one that asks for claims, of the same ledger and log. */
    const char *head = strstr((const char *)text, "\"assessors\"");
    struct qp_buf claims = {0};
    if (len == sizeof text || head == NULL ||
        qp_buf_add(&claims, qp_span_of(text, (size_t)(head - (const char *)text)), NULL) != QP_OK ||
        qp_buf_add_text(&claims,
                        "\"registrars\":[\"operator\"],\"certifiers\":[\"certi-andes\",{\"party\":"
                        "\"certi-sur\",\"key\":\"01010101010101010101010101010101010101010101010101"
                        "01010101010101\",\"schemes\":[\"eu-organic\",\"fairtrade\"]}],"
                        "\"footprint_max_g_per_kg\":1500,\"legal\":{\"heads\":[\"land_use\","
                        "\"labour\"],\"level\":\"verified\"},\"require\":[\"authentic\","
                        "\"certificate:eu-organic\",\"footprint\",\"circular\"]}",
                        NULL) != QP_OK) {
        fprintf(stderr, "no seed of claims\n");
        exit(1);
    }
    seed("trust", "claims", qp_span_buf(&claims));
    qp_buf_wipe(&claims);
}

/* A journal of two statements, with its head and without; and the anchor of the example's log. */
static void seed_disk(const struct example *example)
{
    static struct season season;
    struct qp_buf records = {0};
    struct qp_buf journal = {0};
    struct qp_buf anchor = {0};
    char head[256];
    char hex[65];
    season_init(&season);
    season_open(&season, &records);
    records.len = 0;
    season_producer(&season, "coop-norte/F1");
    season_sign(&season, &season.coop, &records);
    season_plot(&season, "coop-norte/P1", "coop-norte/F1");
    season_sign(&season, &season.coop, &records);
    qp_hash_hex(hex, &season.coop.previous);
    int len = snprintf(head, sizeof head, "quipu journal v1\nbytes: %zu\nnext: 2\nlink: %s\n",
                       records.len, hex);
    for (int with = 0; with < 2; with++) {
        const uint8_t size[2] = {0, with == 0 ? 0 : (uint8_t)len};
        journal.len = 0;
        assert_ok(qp_buf_add(&journal, qp_span_of(season.ledger_id.bytes, 32), err));
        assert_ok(qp_buf_add(&journal, qp_span_of(size, 2), err));
        assert_ok(qp_buf_add(&journal, qp_span_of(head, size[1]), err));
        assert_ok(qp_buf_add(&journal, qp_span_buf(&records), err));
        seed("journal", with == 0 ? "new" : "head", qp_span_buf(&journal));
    }
    qp_hash_hex(hex, &example->root);
    assert_ok(qp_buf_addf(&anchor, NULL, "quipu anchor v1\ninstance %032d\nintent %d %s\n\n", 7,
                          EXAMPLE_STATEMENTS, hex));
    seed("anchor", "intent", qp_span_buf(&anchor));
    assert_ok(qp_buf_add(&anchor, qp_span_buf(&example->checkpoint), err));
    seed("anchor", "signed", qp_span_buf(&anchor));
    qp_buf_wipe(&records);
    qp_buf_wipe(&journal);
    qp_buf_wipe(&anchor);
    season_wipe(&season);
}

/* One message of each type, behind the byte that chooses it. */
static void seed_messages(void)
{
    for (size_t i = 0; qp_rules_all[i] != NULL; i++) {
        struct qp_arena arena;
        struct qp_buf bytes = {0};
        const uint8_t at = (uint8_t)i;
        qp_arena_init(&arena, 0);
        struct generator generator = {.seed = i + 1, .arena = &arena};
        void *message = message_of(&generator, qp_rules_all[i], 0);
        assert_ok(qp_buf_add(&bytes, qp_span_of(&at, 1), err));
        if (qp_wire_encode(qp_rules_all[i], message, &arena, &bytes, NULL) == QP_OK &&
            bytes.len < 2048) {
            seed("message", qp_rules_all[i]->descriptor->short_name, qp_span_buf(&bytes));
        }
        qp_buf_wipe(&bytes);
        qp_arena_wipe(&arena);
    }
}

static void seed_tables(void)
{
    seed("import", "producers",
         qp_span_text("\x05producer,name,document,sex,district,community\n"
                      "F-1,Rosa Quispe,12345678,F,Soritor,\n"));
    seed("import", "plots",
         qp_span_text("\x01{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\","
                      "\"properties\":{\"plot\":\"C-1\",\"producer\":\"F-1\",\"commodities\":"
                      "\"coffee\",\"area_ha\":1.5,\"tenure\":\"title\",\"tenure_evidence\":"
                      "\"declared\"},\"geometry\":{\"type\":\"Point\",\"coordinates\":"
                      "[-77.1,-6.1]}}]}"));
    seed("import", "deliveries",
         qp_span_text("\x02lot;date;producer;plots;commodity;form;quantity;unit;crop_year;"
                      "delivery_note;moisture_percent;price_pen_per_kg;harvest_from;harvest_to\n"
                      "E-1;2026-06-05;F-1;C-1:60|C-2:40;coffee;parchment;7,5;qq;2026;RA-1;11,5;"
                      "17,50;2026-05-20;2026-05-28\n"));
    seed("import", "parties",
         qp_span_text("\x03party,legal_name,country,ruc,gln,roles,vkey_file,address,email,phone\n"
                      "geo,Geo SAC,PE,20100070970,,assessor|carrier,geo.vkey,,,\n"));
    seed("import", "assessments",
         qp_span_text("\x04plot,date,outcome,assessed_m2,forest_m2,loss_m2,nodata_ppm\n"
                      "coop/C-1,2026-02-20,no_loss,5400,0,0,0\n"));
    seed("import", "method",
         qp_span_text("\x04{\"method\":\"overlay 1\",\"cut_off\":\"2020-12-31T23:59:59Z\","
                      "\"covers_to\":\"2026-09-27\",\"datasets\":[{\"name\":\"Map\",\"sha256\":"
                      "\"0101010101010101010101010101010101010101010101010101010101010101\"}]}"));
    static const char *const texts[] = {"2026-05-14T13:05:00.123-05:00",
                                        "20100070970",
                                        "4006381333931",
                                        "529900T8BM49AURSDO55",
                                        "DE123456789012",
                                        "CSQU3054383",
                                        "09506000134352.L-9",
                                        "106141411928374657",
                                        "090111",
                                        "qq",
                                        "YWJj",
                                        "Flor\x1b[2J\xe2\x80\xae"};
    for (size_t i = 0; i < QP_COUNT(texts); i++) {
        char name[16];
        snprintf(name, sizeof name, "%zu", i);
        seed("texts", name, qp_span_text(texts[i]));
    }
}

/* Blocks of a packed table, with the length of a key before them and the key behind. */
static void seed_blocks(void)
{
    static const struct {
        const char *name;
        unsigned rows;
        size_t value_len; /* of the greatest */
    } kinds[] = {{"none", 0, 0}, {"edges", 60, 2}, {"long", 4, 400}, {"restarts", 30, 60}};
    static const uint8_t value[400] = {1, 2, 3};
    for (size_t i = 0; i < QP_COUNT(kinds); i++) {
        struct qp_builder builder = {.most = 0};
        struct qp_buf file = {0};
        char key[32];
        int len = 0;
        qp_builder_begin(&builder, qp_span_of("\0", 1), QP_BLOCK_BYTES);
        for (unsigned n = 0; n < kinds[i].rows; n++) {
            len = snprintf(key, sizeof key, "\6coop/%05u", 7 * n);
            assert_ok(qp_builder_add(&builder, qp_span_of(key, (size_t)len),
                                     qp_span_of(value, n * 131 % (kinds[i].value_len + 1)), err));
        }
        assert_ok(qp_builder_end(&builder, err));
        const uint8_t first = (uint8_t)len;
        assert_ok(qp_buf_add(&file, qp_span_of(&first, 1), err));
        if (builder.done.len > 0) {
            const struct qp_built *built = (const void *)builder.done.data;
            size_t bytes = qp_built_bytes(built);
            assert_ok(qp_buf_reserve(&file, bytes, err));
            qp_built_write(&builder, built, QP_TABLE_EDGES, file.data + file.len);
            file.len += bytes;
        } else {
            static const uint8_t head[8] = {0};
            assert_ok(qp_buf_add(&file, qp_span_of(head, sizeof head), err));
        }
        assert_ok(qp_buf_add(&file, qp_span_of(key, (size_t)len), err));
        seed("block", kinds[i].name, qp_span_buf(&file));
        qp_buf_wipe(&file);
        qp_builder_wipe(&builder);
    }
}

int main(int argc, char **argv)
{
    static struct example example;
    if (argc != 2) {
        fprintf(stderr, "usage: make_corpus FOLDER\n");
        return 2;
    }
    root = argv[1];
    (void)mkdir(root, 0755);
    example_make(&example);
    seed_events(&example);
    seed_records(&example);
    seed_forks(&example);
    seed_geometries(&example);
    seed_keys(&example);
    seed_texts();
    seed_trust();
    seed_disk(&example);
    seed_messages();
    seed_tables();
    seed_blocks();
    example_free(&example);
    return 0;
}
