#include "issue/folder.h"

#include "core/alloc.h"
#include "issue/draft.h"
#include "rules/graph.h"

static struct qp_draft *draft;

static int new_draft(void **state)
{
    (void)state;
    return qp_draft_new(&draft, NULL) == QP_OK ? 0 : -1;
}

static int free_draft(void **state)
{
    (void)state;
    qp_draft_free(draft);
    draft = NULL;
    return 0;
}

#define RECALL                                                                                     \
    "{\"occurred\":\"2026-05-14\",\"lot_recalled\":{\"lot\":\"coop/L-1\",\"reason\":\"x\"}}"

static enum qp_code add(const char *text, struct qp_err *why)
{
    qp_err_init(why);
    return qp_draft_add_json(draft, qp_span_text(text), NULL, why);
}

static void takes_an_object_a_list_and_lines(void **state)
{
    (void)state;
    struct qp_err why;
    assert_int_equal(add(RECALL, &why), QP_OK);
    assert_int_equal(qp_draft_event_count(draft), 1);
    assert_int_equal(add("{\n \"occurred\": \"2026-05-14T10:00:00-05:00\",\n \"lot_recalled\": {\n"
                         "\"lot\": \"coop/L-1\", \"reason\": \"a } in \\\" text\"}\n}\n",
                         &why),
                     QP_OK);
    assert_int_equal(qp_draft_event_count(draft), 2);
    assert_int_equal(add("[" RECALL "," RECALL "]", &why), QP_OK);
    assert_int_equal(qp_draft_event_count(draft), 4);
    assert_int_equal(add("\xef\xbb\xbf" RECALL "\r\n\n" RECALL "\n", &why), QP_OK);
    assert_int_equal(qp_draft_event_count(draft), 6);
    /* Each has a nonce of its own, so equal facts are different events. */
    assert_false(qp_span_eq(qp_draft_event(draft, 4), qp_draft_event(draft, 5)));
}

static void keeps_a_nonce_that_is_given(void **state)
{
    (void)state;
    struct qp_err why;
    const char *text =
        "{\"nonce\":\"000102030405060708090a0b0c0d0e0f\",\"occurred\":\"2026-05-14\","
        "\"lot_recalled\":{\"lot\":\"coop/L-1\",\"reason\":\"x\"}}";
    assert_int_equal(add(text, &why), QP_OK);
    assert_int_equal(add(text, &why), QP_OK);
    assert_true(qp_span_eq(qp_draft_event(draft, 0), qp_draft_event(draft, 1)));
}

static void names_the_place_of_what_is_wrong_and_keeps_nothing_of_the_text(void **state)
{
    (void)state;
    struct qp_err why;
    assert_int_equal(add(RECALL, &why), QP_OK);
    assert_int_equal(
        add(RECALL "\n\n{\"occurred\":\"2026-05-14\",\"lot_recalled\":{\"lot\":7}}\n", &why),
        QP_E_INPUT);
    assert_says(&why, "line 3: lot_recalled: lot: ");
    assert_int_equal(
        add("[" RECALL ",{\"occurred\":\"2026-05-14\",\"lot_recalled\":{\"lots\":\"\"}}]", &why),
        QP_E_INPUT);
    assert_says(&why, "event 2 of the list: lot_recalled: ");
    assert_int_equal(add(RECALL "\n{\"occurred\":\n", &why), QP_E_INPUT);
    assert_says(&why, "line 2: ");
    assert_int_equal(add("", &why), QP_E_INPUT);
    assert_int_equal(add("[]", &why), QP_E_INPUT);
    assert_int_equal(add("7", &why), QP_E_INPUT);
    assert_int_equal(add("{\"occurred\":\"2026-05-14\"}", &why), QP_E_INPUT);
    assert_int_equal(
        add("{\"occurred\":\"2026-05-14\",\"lot_recalled\":{\"lot\":\"coop/L-1\"}}", &why),
        QP_E_INPUT); /* no reason: the encoder sees that */
    assert_int_equal(add("{\"occurred\":\"2026-05-14\"", &why), QP_E_INPUT);
    assert_int_equal(qp_draft_event_count(draft), 1);
    assert_int_equal(qp_draft_sealed_count(draft), 0);
}

#define SEAL(kind, content) "{\"seal\":{\"kind\":\"" kind "\",\"content\":" content "}}"
#define PRODUCER(identity)                                                                         \
    "{\"occurred\":\"2026-05-14\",\"producer_registered\":{\"producer\":\"coop/P-1\","             \
    "\"identity\":" identity "}}"
#define SQUARE                                                                                     \
    "{\"type\":\"Polygon\",\"coordinates\":[[[-77.0001231,-6.0001231],[-77.0001231,-6.0011231],"   \
    "[-76.9991231,-6.0011231],[-76.9991231,-6.0001231],[-77.0001231,-6.0001231]]]}"
#define PLOT(geometry, document)                                                                   \
    "{\"occurred\":\"2026-05-14\",\"plot_registered\":{\"plot\":\"coop/C-1\",\"producer\":"        \
    "\"coop/P-1\",\"commodities\":[\"coffee\"],\"country\":\"PE\",\"area_m2\":12000,"              \
    "\"geometry_kind\":\"polygon\",\"geometry\":" geometry ",\"tenure\":\"title\","                \
    "\"tenure_evidence\":\"documented\",\"tenure_document\":" document "}}"
#define ENROLLED(contact)                                                                          \
    "{\"occurred\":\"2026-05-14\",\"party_enrolled\":{\"party\":\"coop\",\"legal_name\":\"Coop\"," \
    "\"country\":\"PE\",\"roles\":[\"cooperative\"],\"key\":"                                      \
    "\"0000000000000000000000000000000000000000000000000000000000000001\",\"contact\":" contact    \
    "}}"
#define TRANSFER(price)                                                                            \
    "{\"occurred\":\"2026-05-14\",\"lot_transferred\":{\"lot\":\"coop/L-1\",\"to\":\"mill\","      \
    "\"kind\":\"both\",\"quantity\":{\"grams\":5},\"price\":" price "}}"

static enum qp_code check_commitment(void *context, const char *field, const Qp__Sealed *sealed,
                                     struct qp_err *err)
{
    size_t *at = context;
    const struct qp_draft_sealed *one = &draft->sealed[*at];
    struct qp_hash hash;
    (void)field;
    (void)err;
    qp_hash_sealed(&hash, &one->salt, one->content);
    assert_memory_equal(hash.bytes, sealed->commitment.data, 32);
    assert_int_equal(sealed->length, one->content.len);
    (*at)++;
    return QP_OK;
}

/* Every content of the draft opens a commitment of its own event, in order. */
static void assert_commitments(void)
{
    struct qp_arena arena;
    size_t at = 0;
    qp_arena_init(&arena, 0);
    for (size_t i = 0; i < draft->event_count; i++) {
        Qp__Event *event = NULL;
        assert_int_equal(draft->events[i].sealed_at, at);
        assert_ok(qp_event_decode(draft->events[i].bytes, &arena, &event, err));
        assert_ok(qp_event_sealed(event, check_commitment, &at, err));
        assert_int_equal(draft->events[i].sealed_at + draft->events[i].sealed_count, at);
    }
    assert_int_equal(at, qp_draft_sealed_count(draft));
    qp_arena_wipe(&arena);
}

static enum qp_code read_test_file(void *context, const char *path, struct qp_buf *out,
                                   struct qp_err *err)
{
    (void)context;
    return strcmp(path, "title.pdf") == 0 ? qp_buf_add_text(out, "%PDF", err)
                                          : qp_fail(err, QP_E_IO, "no %s here", path);
}

static const struct qp_file_reader reader = {.read = read_test_file};

static void seals_every_kind_of_content(void **state)
{
    (void)state;
    struct qp_span all = qp_span_text(PRODUCER(SEAL(
        "producer",
        "{\"name\":\"Ana "
        "Ñahui\",\"document\":\"12345678\"}")) "\n" PLOT(SEAL("geometry", SQUARE),
                                                         SEAL(
                                                             "document",
                                                             "{\"file\":\"title."
                                                             "pdf\"}")) "\n" PLOT(SEAL("geometry",
                                                                                       "{\"type\":"
                                                                                       "\"Feature\""
                                                                                       ",\"properti"
                                                                                       "es\":{},"
                                                                                       "\"geometry"
                                                                                       "\":" SQUARE
                                                                                       "}"),
                                                                                  SEAL(
                                                                                      "document",
                                                                                      "{\"base64\":"
                                                                                      "\"JVBERg=="
                                                                                      "\"}")) "\n" ENROLLED(SEAL("contact",
                                                                                                                 "{\"email\":\"a@coop."
                                                                                                                 "example\"}")) "\n" TRANSFER(SEAL("price",
                                                                                                                                                   "{\"currency\":\"PEN\",\"micro_units\":3410000}")) "\n");
    assert_ok(qp_draft_add_json(draft, all, &reader, err));
    assert_int_equal(qp_draft_event_count(draft), 5);
    assert_int_equal(qp_draft_sealed_count(draft), 7);
    assert_commitments();
    /* Documents in the clear, the same outline from both forms. */
    assert_memory_equal(draft->sealed[2].content.data, "%PDF", 4);
    assert_true(qp_span_eq(draft->sealed[1].content, draft->sealed[3].content));
    assert_true(qp_span_eq(draft->sealed[2].content, draft->sealed[4].content));
    assert_false(qp_hash_eq(&draft->sealed[2].commitment, &draft->sealed[4].commitment));
}

static void refuses_content_that_does_not_belong_where_it_stands(void **state)
{
    (void)state;
    struct qp_err why;
    static const struct {
        const char *text;
        const char *words;
    } bad[] = {
        {PRODUCER(SEAL("price", "{\"currency\":\"PEN\",\"micro_units\":1}")), "kind producer"},
        {PRODUCER(SEAL("producer", "{\"nombre\":\"Ana\"}")), "identity: content: "},
        {PRODUCER(SEAL("producer", "{\"name\":\"\"}")), "identity: content: "},
        {PRODUCER(SEAL("secret", "{}")), "secret"},
        {PRODUCER("{\"seal\":{\"kind\":\"producer\"}}"), "\"kind\" and \"content\""},
        {PRODUCER("{\"seal\":{},\"x\":1}"), "alone"},
        {PLOT(SEAL("geometry", "{\"type\":\"LineString\",\"coordinates\":[]}"), "null"), "no area"},
        {PLOT(SEAL("geometry", "{\"type\":\"Polygon\",\"coordinates\":[[[-77,-6],[-76.9,-6.1],"
                               "[-77,-6.1],[-76.9,-6],[-77,-6]]]}"),
              "null"),
         "crosses itself"},
        {PLOT(SEAL("geometry", SQUARE), SEAL("document", "{\"file\":\"title.pdf\"}")), "base64"},
        {PLOT(SEAL("geometry", SQUARE), SEAL("document", "{\"base64\":\"!\"}")),
         "tenure_document: content: "},
        {PLOT(SEAL("geometry", SQUARE), SEAL("document", "{\"base64\":\"\"}")), "0 bytes"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        enum qp_code rc = add(bad[i].text, &why);
        assert_true(rc == QP_E_INPUT || rc == QP_E_REFUSED);
        assert_says(&why, bad[i].words);
        assert_int_equal(qp_draft_event_count(draft), 0);
        assert_int_equal(draft->sealed_count, 0);
    }
}

#define OPENED                                                                                     \
    "{\"occurred\":\"2026-01-01\",\"ledger_opened\":{\"origin\":\"ledger.example/"                 \
    "1\",\"name\":\"L\","                                                                          \
    "\"operator\":{\"party\":\"op\",\"legal_name\":\"Op\",\"country\":\"PE\",\"roles\":["          \
    "\"operator\"],\"key\":\"0000000000000000000000000000000000000000000000000000000000000001\"}," \
    "\"log_key\":\"0000000000000000000000000000000000000000000000000000000000000002\"}}"

static void names_a_ledger_by_its_opening_alone(void **state)
{
    (void)state;
    struct qp_err why;
    struct qp_hash id;
    struct qp_hash leaf;
    assert_int_equal(qp_draft_ledger_id(draft, &id, &why), QP_E_USAGE);
    assert_int_equal(add(OPENED, &why), QP_OK);
    assert_ok(qp_draft_ledger_id(draft, &id, err));
    qp_hash_leaf(&leaf, qp_draft_event(draft, 0));
    assert_true(qp_hash_eq(&id, &leaf));
    assert_int_equal(add(RECALL, &why), QP_OK);
    assert_int_equal(qp_draft_ledger_id(draft, &id, &why), QP_E_USAGE);
    qp_draft_cut(draft, 0);
    assert_int_equal(add(RECALL, &why), QP_OK);
    assert_int_equal(qp_draft_ledger_id(draft, &id, &why), QP_E_USAGE);
    assert_says(&why, "lot_recalled");
}

#define HARVEST(quantity, origin)                                                                  \
    "{\"occurred\":\"2026-05-14\",\"lot_harvested\":{\"lot\":\"coop/L-1\",\"commodity\":"          \
    "\"coffee\",\"form\":\"cherry\",\"quantity\":{" quantity "},\"origins\":[{\"plot\":"           \
    "\"coop/C-1\"," origin "}],\"harvest_from\":\"2026-05-01\",\"harvest_to\":\"2026-05-02\","     \
    "\"crop_year\":2026}}"
#define AMOUNT(amount, unit) "\"amount\":" amount ",\"unit\":" unit

static void survives_a_failure_of_every_allocation(void **state)
{
    (void)state;
    struct qp_err why;
    static const char text[] = PRODUCER(SEAL("producer", "{\"name\":\"Ana\"}")) "\n" PLOT(
        SEAL("geometry", SQUARE),
        SEAL("document", "{\"base64\":\"JVBERg==\"}")) "\n" HARVEST(AMOUNT("\"1\"", "\"qq\""),
                                                                    AMOUNT("\"1\"", "\"qq\""));
    for (uint64_t n = 0; n < 2000; n++) {
        qp_alloc_fail_after(n);
        enum qp_code rc = add(text, &why);
        qp_alloc_fail_after(UINT64_MAX);
        if (rc == QP_OK) {
            assert_int_equal(qp_draft_event_count(draft), 3);
            assert_commitments();
            assert_true(n > 5);
            return;
        }
        assert_int_equal(rc, QP_E_MEMORY);
        assert_int_equal(qp_draft_event_count(draft), 0);
        assert_int_equal(draft->sealed_count, 0);
    }
    fail_msg("never without a failure");
}

static void takes_amounts_in_units_of_a_scale(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t grams;
    } cases[] = {
        {HARVEST("\"grams\":7", "\"grams\":7"), 7},
        {HARVEST(AMOUNT("\"12.5\"", "\"qq\""), AMOUNT("\"12.5\"", "\"qq\"")), 575000},
        {HARVEST(AMOUNT("\"3\"", "\"arroba\""), "\"grams\":34500"), 34500},
        {HARVEST("\"grams\":138000", AMOUNT("\"2\"", "\"saco69\"")), 138000},
        {HARVEST(AMOUNT("\"0.000001\"", "\"t\""), "\"grams\":1"), 1},
        {HARVEST(AMOUNT("\"1000000000\"", "\"t\""), "\"grams\":1000000000000000"),
         UINT64_C(1000000000000000)},
        {HARVEST(AMOUNT("\"0.25\"", "\"saco60\"") ",\"pieces\":3", "\"grams\":15000"), 15000},
        {HARVEST(AMOUNT("\"10.00\"", "\"caja\""), "\"grams\":181400"), 181400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_err why;
        struct qp_arena arena;
        Qp__Event *event = NULL;
        if (add(cases[i].text, &why) != QP_OK) {
            fail_msg("case %zu: %s", i, why.text);
        }
        qp_arena_init(&arena, 0);
        assert_ok(qp_event_decode(qp_draft_event(draft, i), &arena, &event, err));
        assert_int_equal(event->lot_harvested->quantity->grams, cases[i].grams);
        assert_int_equal(event->lot_harvested->origins[0]->grams, cases[i].grams);
        qp_arena_wipe(&arena);
    }
}

static void refuses_amounts_that_are_no_whole_grams(void **state)
{
    (void)state;
    static const struct {
        const char *quantity;
        const char *says;
    } cases[] = {
        {AMOUNT("\"12.5\"", "\"qq\"") ",\"grams\":575000", "say the same thing"},
        {AMOUNT("\"12.5\"", "\"lata\""),
         "unit \"lata\" is not known; there are: kg, g, t, qq (46 kg)"},
        {AMOUNT("\"12.5\"", "\"un saco de los grandes\""), "unit given is not known"},
        {AMOUNT("\"12.5\"", "7"), "has a unit beside it"},
        {"\"amount\":\"12.5\"", "has a unit beside it"},
        {"\"unit\":\"qq\"", "has a unit beside it"},
        {AMOUNT("12.5", "\"qq\""), "in a text"},
        {AMOUNT("12", "\"qq\""), "in a text"},
        {AMOUNT("\"\"", "\"qq\""), "decimal number"},
        {AMOUNT("\"12,5\"", "\"qq\""), "decimal number"},
        {AMOUNT("\"-1\"", "\"qq\""), "decimal number"},
        {AMOUNT("\".5\"", "\"qq\""), "decimal number"},
        {AMOUNT("\"5.\"", "\"qq\""), "decimal number"},
        {AMOUNT("\"1.2.3\"", "\"qq\""), "decimal number"},
        {AMOUNT("\"1e3\"", "\"qq\""), "decimal number"},
        {AMOUNT("\"0.1234567\"", "\"t\""), "decimal number"},
        {AMOUNT("\"0.0005\"", "\"kg\""), "0.0005 kg is not a whole number of grams"},
        {AMOUNT("\"1.001\"", "\"caja\""), "not a whole number of grams"},
        {AMOUNT("\"1000000001\"", "\"t\""), "too large to be true"},
        {AMOUNT("\"99999999999999999999999999999999\"", "\"t\""), "too large to be true"},
    };
    char text[600];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_err why;
        snprintf(text, sizeof text, HARVEST("%s", "\"grams\":5"), cases[i].quantity);
        assert_int_equal(add(text, &why), QP_E_INPUT);
        assert_says(&why, "lot_harvested: quantity: ");
        if (strstr(why.text, cases[i].says) == NULL) {
            fail_msg("case %zu: %s", i, why.text);
        }
        snprintf(text, sizeof text, HARVEST("\"grams\":5", "%s"), cases[i].quantity);
        assert_int_equal(add(text, &why), QP_E_INPUT);
        assert_says(&why, "lot_harvested: origins: 0: ");
    }
    assert_int_equal(qp_draft_event_count(draft), 0);
}

/* A DNI without its zeros is noticed; a document of another country is its own affair. */
static void refuses_a_document_that_is_meant_as_a_dni_and_is_none(void **state)
{
    (void)state;
    static const char *const good[] = {"",          "01234567",  "DNI-01234567", "CE-001234567",
                                       "001234567", "AB1234567", "CC-52123456",  "G20931"};
    static const char *const bad[] = {"1234567", "7", "DNI-1234567", "DNI-O1234567", "DNI-"};
    char text[400];
    struct qp_err why;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(text, sizeof text,
                 PRODUCER(SEAL("producer", "{\"name\":\"Rosa\",\"document\":\"%s\"}")), good[i]);
        assert_int_equal(add(text, &why), QP_OK);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text,
                 PRODUCER(SEAL("producer", "{\"name\":\"Rosa\",\"document\":\"%s\"}")), bad[i]);
        assert_int_equal(add(text, &why), QP_E_INPUT);
        assert_says(&why, "DNI");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_an_object_a_list_and_lines, new_draft, free_draft),
        cmocka_unit_test_setup_teardown(keeps_a_nonce_that_is_given, new_draft, free_draft),
        cmocka_unit_test_setup_teardown(
            names_the_place_of_what_is_wrong_and_keeps_nothing_of_the_text, new_draft, free_draft),
        cmocka_unit_test_setup_teardown(seals_every_kind_of_content, new_draft, free_draft),
        cmocka_unit_test_setup_teardown(refuses_content_that_does_not_belong_where_it_stands,
                                        new_draft, free_draft),
        cmocka_unit_test_setup_teardown(names_a_ledger_by_its_opening_alone, new_draft, free_draft),
        cmocka_unit_test_setup_teardown(survives_a_failure_of_every_allocation, new_draft,
                                        free_draft),
        cmocka_unit_test_setup_teardown(takes_amounts_in_units_of_a_scale, new_draft, free_draft),
        cmocka_unit_test_setup_teardown(refuses_amounts_that_are_no_whole_grams, new_draft,
                                        free_draft),
        cmocka_unit_test_setup_teardown(refuses_a_document_that_is_meant_as_a_dni_and_is_none,
                                        new_draft, free_draft),
    };
    return cmocka_run_group_tests_name("issue/draft", tests, make_folder, remove_folder);
}
