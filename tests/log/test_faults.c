/* Memory that runs out at every possible moment, and a map that is full at every possible moment:
 * nothing is lost, nothing is half done, and the next try goes through. */
#include "log/folder.h"

#include "core/alloc.h"

static struct folder folder;

static int setup(void **state)
{
    (void)state;
    folder_init(&folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    qp_alloc_fail_after(UINT64_MAX);
    folder_wipe(&folder);
    return 0;
}

static enum qp_code told_only(void *context, const struct qp_submitted *submitted,
                              struct qp_err *err)
{
    size_t *admitted = context;
    (void)err;
    if (submitted->code == QP_OK) {
        (*admitted)++;
    }
    return QP_OK;
}

/* Open, submit, ask, audit: what comes back first that is not QP_OK. */
static enum qp_code try_all(const struct qp_buf *records, size_t *admitted, struct qp_err *err)
{
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    struct feed feed = {.bytes = qp_span_buf(records)};
    struct qp_source source = {.context = &feed, .read = feed_read};
    struct qp_submit_sink sink = {.context = admitted, .done = told_only};
    struct qp_log *log = NULL;
    struct qp_buf out = {0};
    struct qp_log_stats stats;
    options.threads = 1;
    enum qp_code rc = qp_log_open(folder.dir, &options, &log, err);
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_log_submit(log, &source, &sink, err);
    rc = rc == QP_OK ? qp_log_receipt(log, 2, &out, err) : rc;
    rc = rc == QP_OK ? qp_log_event(log, 2, 1, &out, err) : rc;
    rc = rc == QP_OK ? qp_log_stats(log, &stats, err) : rc;
    qp_log_close(log);
    qp_buf_wipe(&out);
    return rc;
}

static enum qp_code try_audit(struct qp_audit_report *report, struct qp_err *err)
{
    struct qp_log_options options = folder_options(&folder, QP_LOG_REPAIR);
    struct qp_audit_options audit = {.rebuild = true};
    struct qp_log *log = NULL;
    options.threads = 1;
    enum qp_code rc = qp_log_open(folder.dir, &options, &log, err);
    rc = rc == QP_OK ? qp_log_audit(log, &audit, report, err) : rc;
    qp_log_close(log);
    return rc;
}

static void an_audit_finds_no_faults_that_are_only_lack_of_memory(void **state)
{
    (void)state;
    folder_grow(&folder, 2);
    for (uint64_t n = 0;; n += n < 60 ? 1 : 7) {
        struct qp_err why = {0};
        struct qp_audit_report report = {0};
        uint64_t before = qp_alloc_count();
        qp_alloc_fail_after(n);
        enum qp_code rc = try_audit(&report, &why);
        qp_alloc_fail_after(UINT64_MAX);
        if (rc == QP_OK) {
            assert_int_equal(report.faults, 0);
            if (qp_alloc_count() - before <= n) {
                break;
            }
        } else if (rc != QP_E_MEMORY) {
            fail_msg("after %llu allocations: %s (%s)", (unsigned long long)n, why.text,
                     qp_code_name(rc));
        }
    }
}

static void memory_may_run_out_at_any_moment(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    unsigned next = 0;
    size_t refused = 0;
    folder_grow(&folder, 2);
    season_harvests(&folder.season, 100 + next++, 1, 4, &records);
    for (uint64_t n = 0;; n += n < 40 ? 1 : 5) {
        struct qp_err why = {0};
        size_t admitted = 0;
        uint64_t before = qp_alloc_count();
        qp_alloc_fail_after(n);
        enum qp_code rc = try_all(&records, &admitted, &why);
        qp_alloc_fail_after(UINT64_MAX);
        if (rc == QP_OK && qp_alloc_count() - before <= n) {
            break; /* it had all it asked for */
        }
        if (rc != QP_E_MEMORY) {
            fail_msg("after %llu allocations: %s (%s)", (unsigned long long)n, why.text,
                     qp_code_name(rc));
        }
        refused++;
        /* What was acknowledged is there, and what was not can be submitted again. */
        struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
        struct told told = {0};
        assert_ok(folder_submit(log, &records, 0, &told, err));
        assert_int_equal(told.ok, 1);
        assert_true(admitted == 0 || told.again == 1);
        qp_log_close(log);
        qp_buf_wipe(&told.receipts);
        records.len = 0;
        season_harvests(&folder.season, 100 + next++, 1, 4, &records);
    }
    assert_true(refused > 50);
    qp_buf_wipe(&records);
}

static void a_tiny_map_grows_under_the_log(void **state)
{
    (void)state;
    struct qp_buf opening = {0};
    struct qp_buf records = {0};
    struct qp_log *log = NULL;
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    options.map_bytes_first = 128 * 1024;
    season_open(&folder.season, &opening);
    assert_ok(qp_log_create(folder.dir, qp_span_buf(&opening), &options, err));
    assert_ok(qp_log_open(folder.dir, &options, &log, err));
    season_begin(&folder.season, 4, &records);
    season_harvests(&folder.season, 0, 600, 4, &records);
    folder_admit(log, &records);
    qp_log_close(log);
    log = folder_open(&folder, QP_LOG_READ);
    assert_int_equal(qp_log_size(log), 604);
    qp_log_close(log);
    qp_buf_wipe(&opening);
    qp_buf_wipe(&records);
}

static void a_full_store_says_so_and_takes_the_file_later(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct told told = {0};
    struct qp_err why = {0};
    struct qp_log *log = NULL;
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    folder_grow(&folder, 2);
    options.map_bytes_max = 1024 * 1024;
    season_harvests(&folder.season, 2, 3000, 4, &records);
    assert_ok(qp_log_open(folder.dir, &options, &log, err));
    assert_int_equal(folder_submit(log, &records, 0, &told, &why), QP_E_FULL);
    assert_non_null(strstr(why.text, "limit"));
    assert_true(told.ok < 3000 && told.ok == told.count);
    assert_int_equal(folder_submit(log, &records, 0, &told, &why), QP_E_STORE);
    qp_log_close(log);
    log = folder_open(&folder, QP_LOG_WRITE);
    assert_int_equal(qp_log_size(log), 6 + told.ok);
    folder_admit(log, &records);
    assert_int_equal(qp_log_size(log), 3006);
    qp_log_close(log);
    qp_buf_wipe(&told.receipts);
    qp_buf_wipe(&records);
}

/* While the group behind it is being checked already. */
static void nothing_is_acknowledged_after_a_write_that_failed(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct told told = {0};
    struct qp_err why = {0};
    struct qp_log *log = NULL;
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    folder_grow(&folder, 2);
    options.map_bytes_max = 5 * 1024 * 1024;
    season_harvests(&folder.season, 2, 12000, 4, &records);
    assert_ok(qp_log_open(folder.dir, &options, &log, err));
    assert_int_equal(folder_submit(log, &records, 0, &told, &why), QP_E_FULL);
    assert_non_null(strstr(why.text, "limit"));
    assert_true(told.ok > 0 && told.ok < 12000);
    assert_int_equal(qp_log_size(log), 6 + told.ok);
    assert_int_equal(folder_submit(log, &records, 0, &told, &why), QP_E_STORE);
    qp_log_close(log);
    log = folder_open(&folder, QP_LOG_WRITE);
    assert_int_equal(qp_log_size(log), 6 + told.ok);
    folder_admit(log, &records);
    assert_int_equal(qp_log_size(log), 12006);
    qp_log_close(log);
    qp_buf_wipe(&told.receipts);
    qp_buf_wipe(&records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(memory_may_run_out_at_any_moment),
        T(an_audit_finds_no_faults_that_are_only_lack_of_memory),
        T(a_tiny_map_grows_under_the_log),
        T(a_full_store_says_so_and_takes_the_file_later),
        T(nothing_is_acknowledged_after_a_write_that_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
