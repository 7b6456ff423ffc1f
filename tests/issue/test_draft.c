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

static void survives_a_failure_of_every_allocation(void **state)
{
    (void)state;
    struct qp_err why;
    static const char text[] = PRODUCER(SEAL("producer", "{\"name\":\"Ana\"}")) "\n" PLOT(
        SEAL("geometry", SQUARE), SEAL("document", "{\"base64\":\"JVBERg==\"}"));
    for (uint64_t n = 0; n < 2000; n++) {
        qp_alloc_fail_after(n);
        enum qp_code rc = add(text, &why);
        qp_alloc_fail_after(UINT64_MAX);
        if (rc == QP_OK) {
            assert_int_equal(qp_draft_event_count(draft), 2);
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
    };
    return cmocka_run_group_tests_name("issue/draft", tests, make_folder, remove_folder);
}
