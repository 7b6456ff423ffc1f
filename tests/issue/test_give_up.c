/* Giving up what the ledger refused: the chain, what is signed again, and what crashes leave. */
#include "issue/folder.h"

#include "core/alloc.h"
#include "issue/catalog.h"

static struct qp_key *key;
static struct qp_public_key public_key;
static const struct qp_hash ledger = {.bytes = {4, 5}};
static unsigned serial;
static char dir[128];
static struct qp_journal *journal;

static int set_up(void **state)
{
    struct qp_seed seed = {.bytes = {8}};
    if (make_folder(state) != 0 || qp_key_from_seed(&seed, &key, NULL) != QP_OK) {
        return -1;
    }
    qp_key_public(key, &public_key);
    return 0;
}

static int tear_down(void **state)
{
    qp_key_free(key);
    return remove_folder(state);
}

static void open_again(void)
{
    qp_journal_close(journal);
    journal = NULL;
    assert_ok(qp_journal_open(dir, key, &ledger, &journal, err));
}

static int new_journal(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s/journal-%u", folder, serial++);
    open_again();
    return 0;
}

static int close_journal(void **state)
{
    (void)state;
    qp_journal_close(journal);
    journal = NULL;
    return 0;
}

static void add(struct qp_draft *draft, const char *body)
{
    char text[1024];
    snprintf(text, sizeof text, "{\"occurred\":\"2026-05-14\",%s}", body);
    assert_ok(qp_draft_add_json(draft, qp_span_text(text), NULL, err));
}

/* A statement of producers, each with a name that is sealed: "abc" registers a, b and c. */
static void sign(const char *names)
{
    struct qp_draft *draft = NULL;
    struct qp_buf out = {0};
    assert_ok(qp_draft_new(&draft, err));
    for (; *names != '\0'; names++) {
        char body[256];
        snprintf(
            body, sizeof body,
            "\"producer_registered\":{\"producer\":\"coop/%c\",\"identity\":{\"seal\":{\"kind\":"
            "\"producer\",\"content\":{\"name\":\"Ana %c\"}}}}",
            *names, *names);
        add(draft, body);
    }
    assert_ok(qp_journal_sign(journal, draft, 4096, 1000, &out, NULL, err));
    qp_draft_free(draft);
    qp_buf_wipe(&out);
}

/* The journal as "0:abc 1:de 4-2:e …": sequence, "-" and how many it gives up, and the producers
 * that it registers; v is a voiding. Checks each link and signature on the way. */
struct reading {
    char text[512];
    struct qp_hash links[64];
    uint64_t count;
    struct qp_arena arena;
    struct qp_hash ids[64]; /* of the events last read under each letter */
    Qp__EventReference voided;
};

static void read_event(struct reading *reading, const Qp__Submission *submission, size_t at)
{
    Qp__Event *event = NULL;
    size_t len = strlen(reading->text);
    assert_ok(qp_event_decode(qp_span_bytes(submission->events[at]), &reading->arena, &event, err));
    char letter = 'v';
    if (event->body_case == QP__EVENT__BODY_PRODUCER_REGISTERED) {
        const char *id = event->producer_registered->producer;
        letter = id[strlen(id) - 1];
        struct qp_hash leaf;
        qp_hash_leaf(&leaf, qp_span_bytes(submission->events[at]));
        struct qp_hash *known = &reading->ids[letter - '@'];
        struct qp_hash zero = {{0}};
        /* Signed again, it is the same event. */
        assert_true(qp_hash_eq(known, &zero) || qp_hash_eq(known, &leaf));
        *known = leaf;
    } else {
        reading->voided = *event->event_voided->event;
    }
    snprintf(reading->text + len, sizeof reading->text - len, "%c", letter);
}

static enum qp_code read_one(void *context, const Qp__Submission *submission, struct qp_err *why)
{
    (void)why;
    struct reading *reading = context;
    Qp__Statement *statement = NULL;
    struct qp_signature signature;
    struct qp_span bytes = qp_span_bytes(submission->statement);
    memcpy(signature.bytes, submission->signature.data, 64);
    assert_ok(qp_verify(&public_key, qp_span_text(QP_STATEMENT_DOMAIN), bytes, &signature, err));
    assert_ok(qp_statement_decode(bytes, &reading->arena, &statement, err));
    assert_int_equal(statement->sequence, reading->count);
    assert_true(statement->given_up <= statement->sequence);
    uint64_t first = statement->sequence - statement->given_up;
    struct qp_hash zero = {{0}};
    const struct qp_hash *link = first == 0 ? &zero : &reading->links[first - 1];
    assert_memory_equal(statement->previous.data, link->bytes, 32);
    qp_hash_statement(&reading->links[reading->count++], bytes);
    size_t len = strlen(reading->text);
    len += (size_t)snprintf(reading->text + len, sizeof reading->text - len, "%s%d",
                            len > 0 ? " " : "", (int)statement->sequence);
    if (statement->given_up > 0) {
        len += (size_t)snprintf(reading->text + len, sizeof reading->text - len, "-%d",
                                (int)statement->given_up);
    }
    snprintf(reading->text + len, sizeof reading->text - len, ":");
    size_t sealed = 0;
    for (size_t i = 0; i < submission->n_events; i++) {
        read_event(reading, submission, i);
        sealed += reading->text[strlen(reading->text) - 1] != 'v';
    }
    assert_int_equal(submission->n_sealed, sealed);
    return QP_OK;
}

static struct reading assert_journal(const char *expected)
{
    struct reading reading = {.count = 0};
    qp_arena_init(&reading.arena, 0);
    open_again(); /* and it holds */
    assert_ok(qp_journal_each(journal, read_one, &reading, err));
    qp_arena_wipe(&reading.arena);
    assert_string_equal(reading.text, expected);
    assert_int_equal(reading.count, qp_journal_next_sequence(journal));
    return reading;
}

/* Records as a stranger reads them: sequences as text. */
static void assert_handed_out(const struct qp_buf *out, const char *expected)
{
    char text[128] = "";
    struct qp_arena arena;
    qp_arena_init(&arena, 0);
    for (size_t at = 0; at < out->len;) {
        Qp__Submission *submission = NULL;
        Qp__Statement *statement = NULL;
        size_t used = 0;
        assert_ok(qp_submission_decode(qp_span_of(out->data + at, out->len - at), &arena,
                                       &submission, &used, err));
        assert_ok(
            qp_statement_decode(qp_span_bytes(submission->statement), &arena, &statement, err));
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%d", len > 0 ? " " : "",
                 (int)statement->sequence);
        at += used;
    }
    qp_arena_wipe(&arena);
    assert_string_equal(text, expected);
}

static struct qp_resigned resign(const struct qp_resign *what, const char *handed_out)
{
    struct qp_resigned done = {.first = 0};
    struct qp_buf out = {0};
    assert_ok(qp_journal_resign(journal, what, 2000, &out, &done, err));
    assert_handed_out(&out, handed_out);
    qp_buf_wipe(&out);
    return done;
}

static void signs_again_what_stands_behind_a_refused_statement(void **state)
{
    (void)state;
    static const uint32_t second[] = {1};
    sign("a");
    sign("bcd");
    sign("ef");
    sign("g");
    struct qp_resigned done =
        resign(&(struct qp_resign){.from = 1, .left_out = second, .left_out_count = 1}, "4 5 6");
    assert_int_equal(done.statement_count, 3);
    assert_int_equal(done.first, 4);
    assert_int_equal(done.event_count, 5);
    assert_int_equal(done.left_out_count, 1);
    assert_journal("0:a 1:bcd 2:ef 3:g 4-3:bd 5:ef 6:g");
    sign("h");
    assert_journal("0:a 1:bcd 2:ef 3:g 4-3:bd 5:ef 6:g 7:h");
}

static void signs_again_nothing_that_was_signed_again_before(void **state)
{
    (void)state;
    static const uint32_t first[] = {0, 0};
    sign("a");
    sign("bc");
    sign("de");
    resign(&(struct qp_resign){.from = 1, .leave_out_all = true}, "3");
    assert_journal("0:a 1:bc 2:de 3-2:de");
    sign("f");
    /* The new one is refused as well: what it gave up stays given up. */
    resign(&(struct qp_resign){.from = 3, .left_out = first, .left_out_count = 2}, "5 6");
    assert_journal("0:a 1:bc 2:de 3-2:de 4:f 5-4:e 6:f");
    /* And from further back: statements that were given up are passed over. */
    resign(&(struct qp_resign){.from = 0}, "7 8 9");
    assert_journal("0:a 1:bc 2:de 3-2:de 4:f 5-4:e 6:f 7-7:a 8:e 9:f");
}

static void keeps_a_giving_up_until_something_is_signed(void **state)
{
    (void)state;
    sign("a");
    sign("b");
    sign("c");
    struct qp_resigned done = resign(&(struct qp_resign){.from = 2, .leave_out_all = true}, "");
    assert_int_equal(done.statement_count, 0);
    assert_int_equal(done.left_out_count, 1);
    open_again();
    assert_ok(qp_journal_give_up(journal, 1, NULL, err)); /* one more */
    assert_journal("0:a 1:b 2:c");
    sign("d");
    assert_journal("0:a 1:b 2:c 3-2:d");
    sign("e");
    assert_journal("0:a 1:b 2:c 3-2:d 4:e");
    assert_ok(qp_journal_give_up(journal, 0, NULL, err));
    sign("f");
    assert_journal("0:a 1:b 2:c 3-2:d 4:e 5-5:f");
}

static void goes_back_to_what_the_ledger_had_all_the_same(void **state)
{
    (void)state;
    struct qp_err why;
    uint64_t has = 2;
    uint64_t not_before = 4;
    sign("a");
    sign("b");
    sign("c");
    resign(&(struct qp_resign){.from = 1}, "3 4"); /* but the ledger had 1 and 2 */
    assert_int_equal(qp_journal_give_up(journal, 4, &not_before, &why), QP_E_USAGE);
    assert_says(&why, "cannot be the newest");
    resign(&(struct qp_resign){.from = 3, .admitted = &has, .leave_out_all = true}, "5");
    assert_journal("0:a 1:b 2:c 3-2:b 4:c 5-2:c");
    /* A giving up that nothing has said yet is taken back. */
    has = 5;
    assert_ok(qp_journal_give_up(journal, 5, NULL, err));
    assert_ok(qp_journal_give_up(journal, 6, &has, err));
    sign("d");
    assert_journal("0:a 1:b 2:c 3-2:b 4:c 5-2:c 6:d");
}

static void refuses_to_give_up_what_cannot_be(void **state)
{
    (void)state;
    static const uint32_t third[] = {0, 2};
    struct qp_err why;
    struct qp_buf out = {0};
    sign("a");
    sign("bc");
    struct qp_resign what = {.from = 2};
    assert_int_equal(qp_journal_resign(journal, &what, 5, &out, NULL, &why), QP_E_NOT_FOUND);
    assert_says(&why, "the next is 2");
    what = (struct qp_resign){.from = 1, .left_out = third, .left_out_count = 2};
    assert_int_equal(qp_journal_resign(journal, &what, 5, &out, NULL, &why), QP_E_USAGE);
    assert_says(&why, "has no event 2");
    what = (struct qp_resign){.from = 1};
    assert_int_equal(qp_journal_resign(journal, &what, UINT64_MAX, &out, NULL, &why), QP_E_INPUT);
    assert_journal("0:a 1:bc");
    resign(&what, "2");
    assert_int_equal(qp_journal_resign(journal, &what, 5, &out, NULL, &why), QP_E_USAGE);
    assert_says(&why, "was given up before, by statement 2");
    assert_ok(qp_journal_give_up(journal, 2, NULL, err));
    assert_int_equal(qp_journal_give_up(journal, 2, NULL, &why), QP_E_USAGE);
    assert_says(&why, "given up already");
    assert_int_equal(out.len, 0);
    assert_journal("0:a 1:bc 2-1:bc");
}

static void sign_voiding(uint64_t sequence, uint32_t position, const struct qp_hash *id)
{
    struct qp_draft *draft = NULL;
    struct qp_buf out = {0};
    char body[512];
    char hex[65];
    char issuer[65];
    qp_hash_hex(hex, id);
    qp_hex_encode(issuer, qp_span_of(public_key.bytes, 32));
    snprintf(body, sizeof body,
             "\"event_voided\":{\"event\":{\"issuer\":\"%s\",\"sequence\":%d,\"position\":%d,"
             "\"event\":\"%s\"},\"reason\":\"typed twice\"}",
             issuer, (int)sequence, (int)position, hex);
    assert_ok(qp_draft_new(&draft, err));
    add(draft, body);
    assert_ok(qp_journal_sign(journal, draft, 4096, 1000, &out, NULL, err));
    qp_draft_free(draft);
    qp_buf_wipe(&out);
}

static void a_voiding_follows_the_event_that_it_names(void **state)
{
    (void)state;
    static const uint32_t first[] = {0};
    sign("ab");
    sign("cde");
    struct reading before = assert_journal("0:ab 1:cde");
    sign_voiding(1, 2, &before.ids['e' - '@']);
    sign_voiding(0, 1, &before.ids['b' - '@']);
    resign(&(struct qp_resign){.from = 1, .left_out = first, .left_out_count = 1}, "4 5 6");
    struct reading after = assert_journal("0:ab 1:cde 2:v 3:v 4-3:de 5:v 6:v");
    assert_int_equal(after.voided.sequence, 0); /* not given up: as it was */
    assert_int_equal(after.voided.position, 1);
    /* e stands in statement 4, at 1; the voiding of it is the last one now. */
    resign(&(struct qp_resign){.from = 6, .leave_out_all = true}, "");
    assert_ok(qp_journal_give_up(journal, 5, NULL, err));
    sign_voiding(4, 1, &before.ids['e' - '@']);
    resign(&(struct qp_resign){.from = 4}, "8 9");
    after = assert_journal("0:ab 1:cde 2:v 3:v 4-3:de 5:v 6:v 7-2:v 8-7:de 9:v");
    assert_int_equal(after.voided.sequence, 8);
    assert_int_equal(after.voided.position, 1);
    /* When the event is left out, so is its voiding. */
    static const uint32_t second[] = {1};
    struct qp_resigned done =
        resign(&(struct qp_resign){.from = 8, .left_out = second, .left_out_count = 1}, "10");
    assert_int_equal(done.left_out_count, 2);
    assert_journal("0:ab 1:cde 2:v 3:v 4-3:de 5:v 6:v 7-2:v 8-7:de 9:v 10-9:d");
}

static enum qp_code hear(void *context, uint64_t sequence, uint32_t position, struct qp_span event,
                         struct qp_err *why)
{
    struct qp_buf *heard = context;
    assert_true(event.len > 0);
    return qp_buf_addf(heard, why, "%d.%d ", (int)sequence, (int)position);
}

static enum qp_code refuse_to_hear(void *context, uint64_t sequence, uint32_t position,
                                   struct qp_span event, struct qp_err *why)
{
    (void)context;
    (void)sequence;
    (void)position;
    (void)event;
    return qp_fail(why, QP_E_IO, "the printer is on fire");
}

static void tells_each_event_that_is_left_out(void **state)
{
    (void)state;
    static const uint32_t some[] = {2, 0};
    struct qp_buf heard = {0};
    struct qp_buf out = {0};
    struct qp_err why;
    struct qp_resign what = {
        .from = 0, .left_out = some, .left_out_count = 2, .tell = refuse_to_hear};
    sign("abc");
    sign("d");
    assert_int_equal(qp_journal_resign(journal, &what, 5, &out, NULL, &why), QP_E_IO);
    assert_int_equal(out.len, 0);
    assert_journal("0:abc 1:d");
    what.tell = hear;
    what.context = &heard;
    resign(&what, "2 3");
    assert_string_equal((const char *)heard.data, "0.0 0.2 ");
    assert_journal("0:abc 1:d 2-2:b 3:d");
    qp_buf_wipe(&heard);
    qp_buf_wipe(&out);
}

static void names_that_were_given_up_are_free_again(void **state)
{
    (void)state;
    struct qp_catalog *catalog = NULL;
    static const uint32_t second[] = {1};
    sign("a");
    sign("bc");
    sign("d");
    resign(&(struct qp_resign){.from = 1, .left_out = second, .left_out_count = 1}, "3 4");
    assert_ok(qp_catalog_new(&catalog, err));
    assert_ok(qp_catalog_add_journal(catalog, journal, err));
    assert_int_equal(qp_catalog_count(catalog, QP_CATALOG_PRODUCER), 3);
    assert_null(qp_catalog_find(catalog, QP_CATALOG_PRODUCER, "coop/c"));
    assert_non_null(qp_catalog_find(catalog, QP_CATALOG_PRODUCER, "coop/d"));
    qp_catalog_free(catalog);
    /* Also before anything is signed that says so. */
    assert_ok(qp_journal_give_up(journal, 4, NULL, err));
    assert_ok(qp_catalog_new(&catalog, err));
    assert_ok(qp_catalog_add_journal(catalog, journal, err));
    assert_int_equal(qp_catalog_count(catalog, QP_CATALOG_PRODUCER), 2);
    assert_null(qp_catalog_find(catalog, QP_CATALOG_PRODUCER, "coop/d"));
    qp_catalog_free(catalog);
}

/* The bytes of a signing that a crash cut off, behind a journal that gives up: the giving up stays,
 * nothing was signed, and the next signing says it. */
static void a_crash_leaves_either_state(void **state)
{
    (void)state;
    struct qp_buf out = {0};
    char command[512];
    char hex[65];
    char path[256];
    qp_hash_hex(hex, &ledger);
    snprintf(path, sizeof path, "%s/%s.qst", dir, hex);
    sign("a");
    sign("b");
    sign("c");
    assert_ok(qp_journal_give_up(journal, 1, NULL, err));
    qp_journal_close(journal);
    journal = NULL;
    snprintf(command, sizeof command, "cp -a '%s' '%s.copy'", dir, dir);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own folder */
    open_again();
    assert_ok(qp_journal_resign(journal, &(struct qp_resign){.from = 0}, 5, &out, NULL, err));
    for (size_t len = 0; len <= out.len; len += 41) {
        qp_journal_close(journal);
        journal = NULL;
        snprintf(command, sizeof command, "rm -rf '%s' && cp -a '%s.copy' '%s'", dir, dir, dir);
        assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own folder */
        FILE *file = fopen(path, "ab");
        assert_non_null(file);
        assert_int_equal(fwrite(out.data, 1, len, file), len);
        assert_int_equal(fclose(file), 0);
        assert_journal("0:a 1:b 2:c");
        sign("d");
        assert_journal("0:a 1:b 2:c 3-2:d");
    }
    qp_buf_wipe(&out);
}

static void signs_again_whole_or_not_at_all_when_memory_runs_out(void **state)
{
    (void)state;
    static const uint32_t second[] = {1};
    struct qp_resign what = {.from = 1, .left_out = second, .left_out_count = 1};
    struct qp_buf out = {0};
    enum qp_code rc = QP_E_MEMORY;
    sign("a");
    sign("bcd");
    sign("e");
    for (uint64_t n = 0; n < 500 && rc != QP_OK; n++) {
        qp_alloc_fail_after(n);
        rc = qp_journal_resign(journal, &what, 5, &out, NULL, NULL);
        qp_alloc_fail_after(UINT64_MAX);
        assert_true(rc == QP_OK || rc == QP_E_MEMORY);
        if (rc != QP_OK) {
            assert_int_equal(out.len, 0);
            assert_journal("0:a 1:bcd 2:e");
        }
    }
    assert_int_equal(rc, QP_OK);
    assert_handed_out(&out, "3 4");
    assert_journal("0:a 1:bcd 2:e 3-2:bd 4:e");
    qp_buf_wipe(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_journal, close_journal)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(signs_again_what_stands_behind_a_refused_statement),
        TEST(signs_again_nothing_that_was_signed_again_before),
        TEST(keeps_a_giving_up_until_something_is_signed),
        TEST(goes_back_to_what_the_ledger_had_all_the_same),
        TEST(refuses_to_give_up_what_cannot_be),
        TEST(a_voiding_follows_the_event_that_it_names),
        TEST(tells_each_event_that_is_left_out),
        TEST(names_that_were_given_up_are_free_again),
        TEST(a_crash_leaves_either_state),
        TEST(signs_again_whole_or_not_at_all_when_memory_runs_out),
    };
    return cmocka_run_group_tests_name("issue/give_up", tests, set_up, tear_down);
}
