/* A statement that the log refuses, and the ways on that it leaves to the key. */
#include "log/damage.h"

#include "log/view.h"

static struct folder folder;
static struct season_issuer admitted; /* the coop behind its last admitted statement */
static struct qp_buf refused;         /* statements 2, which is refused, 3 and 4 */
static struct qp_buf instead;         /* statement 5, which gives the three up, and 6 */

static void sign_lot(const char *lot, const char *plot, struct qp_buf *out)
{
    season_lot(&folder.season, lot, plot, 1000);
    season_sign(&folder.season, &folder.season.coop, out);
}

static int setup(void **state)
{
    (void)state;
    struct season *season = &folder.season;
    struct qp_buf records = {0};
    folder_init(&folder);
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(season, 2, &records);
    folder_admit(log, &records);
    qp_log_close(log);
    qp_buf_wipe(&records);
    admitted = season->coop;
    season_lot(season, "coop-norte/A", "coop-norte/P00000", 1000);
    sign_lot("coop-norte/BAD", "coop-norte/NONE", &refused);
    sign_lot("coop-norte/B", "coop-norte/P00001", &refused);
    sign_lot("coop-norte/C", "coop-norte/P00000", &refused);
    season->coop.previous = admitted.previous;
    season->given_up = 3;
    sign_lot("coop-norte/A", "coop-norte/P00000", &instead);
    season_lot(season, "coop-norte/B", "coop-norte/P00001", 1000);
    sign_lot("coop-norte/C", "coop-norte/P00000", &instead);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_wipe(&folder);
    qp_buf_wipe(&refused);
    qp_buf_wipe(&instead);
    return 0;
}

static void submit(struct qp_log *log, const struct qp_buf *records, struct told *told)
{
    *told = (struct told){0};
    assert_ok(folder_submit(log, records, 0, told, err));
    qp_buf_wipe(&told->receipts);
}

static void assert_sound(void)
{
    struct qp_audit_options options = {.rebuild = false};
    struct qp_audit_report report = {0};
    struct qp_log *log = folder_open(&folder, QP_LOG_AUDIT);
    assert_ok(qp_log_audit(log, &options, &report, err));
    if (report.faults > 0) {
        fail_msg("%s", report.first);
    }
    qp_log_close(log);
}

static void a_refused_statement_keeps_back_what_follows_it(void **state)
{
    (void)state;
    struct told told;
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    submit(log, &refused, &told);
    assert_int_equal(told.refused, 3);
    assert_string_equal(told.first.rule, "QP-PLOT-UNKNOWN");
    size_t first = 0;
    assert_ok(qp_submission_head(qp_span_buf(&refused), &first, err));
    struct qp_buf rest = {0};
    assert_ok(qp_buf_add(&rest, qp_span_of(refused.data + first, refused.len - first), err));
    submit(log, &rest, &told);
    assert_int_equal(told.refused, 2);
    assert_string_equal(told.first.rule, "QP-CHAIN-GAP");
    assert_non_null(strstr(told.first.text, "--give-up 2"));
    assert_int_equal(qp_log_size(log), 4);
    qp_buf_wipe(&rest);
    qp_log_close(log);
}

static void the_key_goes_on_when_it_gives_up_what_was_refused(void **state)
{
    (void)state;
    struct told told;
    uint64_t sequence = 0;
    uint64_t index = 0;
    struct qp_err why;
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    submit(log, &refused, &told);
    submit(log, &instead, &told);
    assert_int_equal(told.ok, 2);
    assert_int_equal(told.again, 0);
    submit(log, &instead, &told);
    assert_int_equal(told.again, 2);
    assert_ok(qp_log_last_sequence(log, &folder.season.coop.public_key, &sequence, err));
    assert_int_equal(sequence, 6);
    assert_ok(qp_log_find(log, &folder.season.coop.public_key, 5, &index, err));
    assert_int_equal(index, 4);
    assert_int_equal(qp_log_find(log, &folder.season.coop.public_key, 3, &index, &why),
                     QP_E_NOT_FOUND);
    /* And further, as always. */
    struct qp_buf more = {0};
    sign_lot("coop-norte/D", "coop-norte/P00000", &more);
    folder_admit(log, &more);
    qp_buf_wipe(&more);
    qp_log_close(log);
    assert_sound();
}

static void what_was_given_up_stays_out(void **state)
{
    (void)state;
    struct told told;
    struct qp_buf all = {0};
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    assert_ok(qp_buf_add(&all, qp_span_buf(&instead), err));
    assert_ok(qp_buf_add(&all, qp_span_buf(&refused), err));
    /* In the same group, while the one that gives them up waits to be written; then from the
     * store; then after it was opened again. */
    for (int i = 0; i < 3; i++) {
        submit(log, &all, &told);
        assert_int_equal(told.ok, 2);
        assert_int_equal(told.again, i == 0 ? 0 : 2);
        assert_int_equal(told.refused, 3);
        assert_string_equal(told.first.rule, "QP-CHAIN-GIVEN-UP");
        assert_non_null(strstr(told.first.text, "sequence 2"));
        if (i == 1) {
            qp_log_close(log);
            log = folder_open(&folder, QP_LOG_WRITE);
        }
    }
    assert_int_equal(qp_log_size(log), 6);
    qp_buf_wipe(&all);
    qp_log_close(log);
    assert_sound();
}

/* A statement that gives up `given_up` before it, refused with `rule`. */
static void refuses(struct qp_log *log, uint64_t sequence, uint32_t given_up, const char *rule)
{
    struct qp_buf records = {0};
    struct told told;
    folder.season.coop = admitted;
    folder.season.coop.sequence = sequence;
    folder.season.given_up = given_up;
    sign_lot("coop-norte/A", "coop-norte/P00000", &records);
    submit(log, &records, &told);
    assert_int_equal(told.refused, 1);
    assert_string_equal(told.first.rule, rule);
    qp_buf_wipe(&records);
}

static void counts_what_is_given_up(void **state)
{
    (void)state;
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    refuses(log, 5, 0, "QP-CHAIN-GAP");
    refuses(log, 5, 2, "QP-CHAIN-GAP");
    refuses(log, 5, 4, "QP-CHAIN-LINK"); /* the ledger has statement 1 */
    refuses(log, 5, 5, "QP-CHAIN-LINK");
    refuses(log, 5, 6, "QP-CHAIN-LINK"); /* there cannot be so many */
    refuses(log, 2, UINT32_MAX, "QP-CHAIN-LINK");
    admitted.previous.bytes[3] ^= 1;
    refuses(log, 5, 3, "QP-CHAIN-LINK");
    admitted.previous.bytes[3] ^= 1;
    refuses(log, 1, 1, "QP-CHAIN-FORK");
    assert_int_equal(qp_log_size(log), 4);
    qp_log_close(log);
}

static void a_key_may_give_up_its_first_statements(void **state)
{
    (void)state;
    struct season *season = &folder.season;
    struct told told;
    struct qp_buf records = {0};
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season->exporter.sequence = 2;
    season->given_up = 2;
    season_lot(season, "cafe-export/A", "coop-norte/P00000", 1000);
    season_sign(season, &season->exporter, &records);
    submit(log, &records, &told);
    assert_int_equal(told.ok, 1);
    qp_buf_wipe(&records);
    qp_log_close(log);
    assert_sound();
}

static void tells_what_was_given_up_from_a_lost_row(void **state)
{
    (void)state;
    struct told told = {0};
    struct qp_err why = {0};
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    folder_admit(log, &instead);
    struct qp_buf more = {0};
    sign_lot("coop-norte/D", "coop-norte/P00000", &more);
    folder_admit(log, &more);
    qp_log_close(log);
    /* The row of statement 6, which nothing has given up. */
    struct damage damage = {.table = QP_TABLE_ISSUERS, .take_away = true};
    for (unsigned skip = 0; damage.key.len == 0; skip++) {
        struct damage row = damage_row(&folder, QP_TABLE_ISSUERS, skip);
        if (memcmp(row.key.data, folder.season.coop.public_key.bytes, 32) == 0 &&
            row.key.data[row.key.len - 1] == 6) {
            damage.key = row.key;
        } else {
            qp_buf_wipe(&row.key);
        }
        qp_buf_wipe(&row.value);
    }
    damage_store(&folder, &damage);
    log = folder_open(&folder, QP_LOG_WRITE);
    assert_int_equal(folder_submit(log, &instead, 0, &told, &why), QP_E_STORE);
    assert_non_null(strstr(why.text, "gap"));
    qp_log_close(log);
    qp_buf_wipe(&more);
    qp_buf_wipe(&told.receipts);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_refused_statement_keeps_back_what_follows_it),
        TEST(the_key_goes_on_when_it_gives_up_what_was_refused),
        TEST(what_was_given_up_stays_out),
        TEST(counts_what_is_given_up),
        TEST(a_key_may_give_up_its_first_statements),
        TEST(tells_what_was_given_up_from_a_lost_row),
    };
    return cmocka_run_group_tests_name("log/given_up", tests, NULL, NULL);
}
