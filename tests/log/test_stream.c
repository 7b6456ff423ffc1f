/* Submission records as a stream: cut into groups, read while others are written, and what came
 * before something went wrong. */
#include "log/one_folder.h"

static void ends_at_bytes_that_are_no_record_after_admitting_what_came_before(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct told told = {0};
    struct qp_err why = {0};
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(&folder.season, 2, &records);
    size_t good = records.len;
    assert_ok(qp_buf_add_text(&records, "and now something completely different", err));
    assert_int_equal(folder_submit(log, &records, 10, &told, &why), QP_E_INPUT);
    assert_int_equal(why.offset, good);
    assert_int_equal(told.ok, 3);
    assert_int_equal(qp_log_size(log), 4);
    records.len = good - 1;
    told.receipts.len = 0;
    struct told cut = {0};
    assert_int_equal(folder_submit(log, &records, 0, &cut, &why), QP_E_INPUT);
    assert_int_equal(cut.again, 2);
    qp_log_close(log);
    qp_buf_wipe(&told.receipts);
    qp_buf_wipe(&cut.receipts);
    qp_buf_wipe(&records);
}

/* A source that has one record at a time, and looks how many were acknowledged when it is asked for
 * the next. */
struct slow {
    struct feed feed;
    struct told *told;
    size_t reads;
};

static enum qp_code slow_read(void *context, uint8_t *bytes, size_t len, size_t *got,
                              struct qp_err *err)
{
    struct slow *slow = context;
    size_t whole = 0;
    struct qp_span left =
        qp_span_of(slow->feed.bytes.data + slow->feed.at, slow->feed.bytes.len - slow->feed.at);
    assert_int_equal(slow->told->count, slow->reads);
    if (left.len > 0) {
        assert_int_equal(qp_submission_head(left, &whole, err), QP_OK);
        slow->reads++;
    }
    slow->feed.piece = whole;
    return feed_read(&slow->feed, bytes, len, got, err);
}

static bool slow_ready(void *context)
{
    (void)context;
    return false;
}

static void acknowledges_what_came_before_it_waits_for_more(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct told told = {0};
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(&folder.season, 1, &records);
    season_harvests(&folder.season, 0, 3, 1, &records);
    struct slow slow = {.feed = {.bytes = qp_span_buf(&records)}, .told = &told};
    struct qp_source source = {.context = &slow, .read = slow_read, .ready = slow_ready};
    struct qp_submit_sink sink = {.context = &told, .done = told_done};
    assert_ok(qp_log_submit(log, &source, &sink, err));
    assert_int_equal(told.ok, 6);
    qp_log_close(log);
    qp_buf_wipe(&told.receipts);
    qp_buf_wipe(&records);
}

/* Groups one behind the other, whose records are cut wherever reading ends; a statement that is
 * refused in the middle costs its neighbours nothing, and the answers come in order. */
static void admits_group_after_group(void **state)
{
    (void)state;
    enum { PLOTS = 30, HARVESTS = 9000 };
    struct qp_buf records = {0};
    struct told told = {0};
    struct season *season = &folder.season;
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(season, PLOTS, &records);
    season_harvests(season, 0, HARVESTS / 2, PLOTS, &records);
    struct season_issuer before = season->coop;
    season_lot(season, "coop-norte/X", "coop-norte/nowhere", 50000);
    season_sign(season, &season->coop, &records);
    season->coop.sequence = before.sequence;
    season->coop.previous = before.previous;
    season_harvests(season, HARVESTS / 2, HARVESTS / 2, PLOTS, &records);
    assert_ok(folder_submit(log, &records, 0, &told, err));
    assert_int_equal(told.count, 3 + HARVESTS + 1);
    assert_int_equal(told.refused, 1);
    assert_string_equal(told.first.rule, "QP-PLOT-UNKNOWN");
    assert_int_equal(told.last_index, 3 + HARVESTS);
    assert_int_equal(qp_log_size(log), 1 + 3 + HARVESTS);
    struct told pieces = {0};
    assert_ok(folder_submit(log, &records, 7777, &pieces, err));
    assert_int_equal(pieces.again, 3 + HARVESTS);
    /* It has the number of another one by now. */
    assert_string_equal(pieces.first.rule, "QP-CHAIN-FORK");
    qp_log_close(log);
    qp_buf_wipe(&told.receipts);
    qp_buf_wipe(&pieces.receipts);
    qp_buf_wipe(&records);
}

/* Records that are too large to be read beside a group, between small ones. */
static void admits_large_records_between_small_ones(void **state)
{
    (void)state;
    static uint8_t content[3 * 1024 * 1024];
    struct qp_buf records = {0};
    struct qp_log_stats stats;
    struct season *season = &folder.season;
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(season, 1, &records);
    for (unsigned i = 0; i < 3; i++) {
        season_harvests(season, 2 * i, 2, 1, &records);
        for (unsigned k = 0; k <= i; k++) { /* 3, 6 and 9 MiB */
            season_document(season, "coop-norte/P00000", qp_span_of(content, sizeof content));
        }
        season_sign(season, &season->coop, &records);
    }
    season_harvests(season, 6, 1, 1, &records);
    folder_admit(log, &records);
    folder_admit(log, &records);
    assert_int_equal(qp_log_size(log), 1 + 3 + 3 * 3 + 1);
    assert_ok(qp_log_stats(log, &stats, err));
    assert_int_equal(stats.sealed, 2 + 6);
    qp_log_close(log);
    qp_buf_wipe(&records);
}

/* A source that breaks off: what was read whole before is acknowledged, nothing else. */
struct breaking {
    struct feed feed;
    size_t most;
};

static enum qp_code breaking_read(void *context, uint8_t *bytes, size_t len, size_t *got,
                                  struct qp_err *err)
{
    struct breaking *breaking = context;
    if (breaking->feed.at >= breaking->most) {
        return qp_fail(err, QP_E_IO, "the line is dead");
    }
    return feed_read(&breaking->feed, bytes, len, got, err);
}

static void acknowledges_what_came_before_a_source_that_fails(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct told told = {0};
    struct qp_err why = {0};
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(&folder.season, 30, &records);
    season_harvests(&folder.season, 0, 9000, 30, &records);
    struct breaking breaking = {.feed = {.bytes = qp_span_buf(&records)},
                                .most = records.len / 10 * 9};
    struct qp_source source = {.context = &breaking, .read = breaking_read};
    struct qp_submit_sink sink = {.context = &told, .done = told_done};
    assert_int_equal(qp_log_submit(log, &source, &sink, &why), QP_E_IO);
    assert_string_equal(why.text, "the line is dead");
    assert_true(told.count >= 4096);
    assert_int_equal(told.count, told.ok);
    assert_int_equal(qp_log_size(log), 1 + told.ok);
    qp_log_close(log);
    qp_buf_wipe(&told.receipts);
    qp_buf_wipe(&records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(ends_at_bytes_that_are_no_record_after_admitting_what_came_before),
        T(acknowledges_what_came_before_it_waits_for_more),
        T(admits_group_after_group),
        T(admits_large_records_between_small_ones),
        T(acknowledges_what_came_before_a_source_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
