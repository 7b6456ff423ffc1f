/* Crashes between the steps of an admission, restored backups, readers beside a writer. */
#include "log/damage.h"

#include "log/log_priv.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static struct folder folder;
static enum qp_log_step die_at;

static int setup(void **state)
{
    (void)state;
    folder_init(&folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_wipe(&folder);
    return 0;
}

static void die(enum qp_log_step step)
{
    if (step == die_at) {
        _exit(9);
    }
}

/* Submit in a child that dies at a step; its exit status. */
static int submit_and_die(enum qp_log_step step, const struct qp_buf *records)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
        struct qp_log *log = NULL;
        struct told told = {0};
        struct qp_err err;
        if (qp_log_open(folder.dir, &options, &log, &err) != QP_OK) {
            _exit(1);
        }
        die_at = step;
        qp_log_step_hook = die;
        _exit(folder_submit(log, records, 0, &told, &err) == QP_OK ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void sound(uint64_t entries)
{
    struct qp_audit_options options = {.rebuild = false};
    struct qp_audit_report report = {0};
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    assert_int_equal(qp_log_size(log), entries);
    assert_ok(qp_log_audit(log, &options, &report, err));
    if (report.faults > 0) {
        fail_msg("%s", report.first);
    }
    qp_log_close(log);
}

static void goes_on_after_a_death_at_each_step(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    uint64_t size = 4;
    folder_grow(&folder, 0);
    for (int step = QP_STEP_BEGIN; step < QP_STEP_COUNT; step++) {
        records.len = 0;
        season_harvests(&folder.season, (unsigned)step * 10, 10, 4, &records);
        assert_int_equal(submit_and_die((enum qp_log_step)step, &records), 9);
        struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
        bool written = step >= QP_STEP_COMMITTED;
        assert_int_equal(qp_log_size(log), written ? size + 10 : size);
        struct told told = {0};
        assert_ok(folder_submit(log, &records, 0, &told, err));
        assert_int_equal(told.ok, 10);
        assert_int_equal(told.again, written ? 10 : 0);
        qp_buf_wipe(&told.receipts);
        qp_log_close(log);
        size += 10;
        sound(size);
    }
    qp_buf_wipe(&records);
}

static void a_reader_shows_only_what_is_signed(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct qp_buf out = {0};
    struct qp_err why = {0};
    folder_grow(&folder, 5);
    season_harvests(&folder.season, 5, 10, 4, &records);
    assert_int_equal(submit_and_die(QP_STEP_COMMITTED, &records), 9);
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    assert_int_equal(qp_log_size(log), 9);
    assert_int_equal(qp_log_entry(log, 9, &out, &why), QP_E_NOT_FOUND);
    qp_log_close(log);
    qp_buf_wipe(&out);
    qp_buf_wipe(&records);
}

static void finishes_a_creation_that_was_cut_short(void **state)
{
    (void)state;
    for (int step = QP_STEP_COMMITTED; step < QP_STEP_COUNT; step++) {
        int status = 0;
        if (step == QP_STEP_VERIFIED) {
            continue; /* creation has no such step of its own */
        }
        struct folder made;
        folder_init(&made);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            die_at = (enum qp_log_step)step;
            qp_log_step_hook = die;
            folder_create(&made);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(WEXITSTATUS(status), 9);
        struct qp_log *log = folder_open(&made, QP_LOG_WRITE);
        assert_int_equal(qp_log_size(log), 1);
        qp_log_close(log);
        folder_wipe(&made);
    }
}

static void refuses_a_store_that_is_behind_its_anchor(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_log *log = NULL;
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    char command[400];
    folder_grow(&folder, 5);
    snprintf(command, sizeof command, "cp -r %s %s.old", folder.store, folder.store);
    assert_int_equal(system(command), 0);
    struct qp_buf records = {0};
    season_harvests(&folder.season, 5, 5, 4, &records);
    log = folder_open(&folder, QP_LOG_WRITE);
    folder_admit(log, &records);
    qp_log_close(log);
    snprintf(command, sizeof command, "rm -r %s && mv %s.old %s", folder.store, folder.store,
             folder.store);
    assert_int_equal(system(command), 0);
    assert_int_equal(qp_log_open(folder.dir, &options, &log, &why), QP_E_STORE);
    assert_non_null(strstr(why.text, "older copy"));
    options.mode = QP_LOG_READ;
    assert_int_equal(qp_log_open(folder.dir, &options, &log, &why), QP_E_STORE);
    qp_buf_wipe(&records);
}

static void refuses_a_missing_or_foreign_anchor(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_log *log = NULL;
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    struct folder other;
    char command[400];
    folder_grow(&folder, 5);
    folder_init(&other);
    folder_grow(&other, 5);
    snprintf(command, sizeof command, "cp %s %s", other.anchor, folder.anchor);
    assert_int_equal(system(command), 0);
    assert_int_equal(qp_log_open(folder.dir, &options, &log, &why), QP_E_STORE);
    assert_int_equal(remove(folder.anchor), 0);
    assert_int_equal(qp_log_open(folder.dir, &options, &log, &why), QP_E_STORE);
    assert_non_null(strstr(why.text, "missing"));
    folder_wipe(&other);
}

static void signs_nothing_when_the_unsigned_end_is_damaged(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_log *log = NULL;
    struct qp_buf records = {0};
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    folder_grow(&folder, 5);
    season_harvests(&folder.season, 5, 5, 4, &records);
    assert_int_equal(submit_and_die(QP_STEP_COMMITTED, &records), 9);
    damage_flip(&folder, QP_TABLE_EVENTS, 12 + 7, 2);
    assert_int_equal(qp_log_open(folder.dir, &options, &log, &why), QP_E_STORE);
    assert_non_null(strstr(why.text, "entry 11"));
    qp_buf_wipe(&records);
}

/* A reader that looks all the time while a child writes group after group. */
static void a_reader_sees_whole_groups_while_a_writer_writes(void **state)
{
    (void)state;
    struct qp_buf records[12] = {{0}};
    int status = 0;
    folder_grow(&folder, 0);
    for (unsigned i = 0; i < 12; i++) {
        season_harvests(&folder.season, i * 20, 20, 4, &records[i]);
    }
    pid_t child = folder_admit_in_child(&folder, records, 12);
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    uint64_t last = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        struct qp_buf out = {0};
        assert_ok(qp_log_refresh(log, err));
        uint64_t size = qp_log_size(log);
        assert_true(size >= last && (size - 4) % 20 == 0);
        assert_ok(qp_log_receipt(log, size - 1, &out, err));
        assert_ok(qp_log_event(log, size - 1, 0, &out, err));
        last = size;
        qp_buf_wipe(&out);
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_ok(qp_log_refresh(log, err));
    assert_int_equal(qp_log_size(log), 244);
    qp_log_close(log);
    for (unsigned i = 0; i < 12; i++) {
        qp_buf_wipe(&records[i]);
    }
    sound(244);
}

/* kill -9 at any moment, many times. */
static void loses_nothing_it_acknowledged_when_killed(void **state)
{
    (void)state;
    struct qp_buf records[8] = {{0}};
    folder_grow(&folder, 0);
    for (unsigned i = 0; i < 8; i++) {
        int told[2];
        int status = 0;
        uint64_t acknowledged = 0;
        season_harvests(&folder.season, i * 40, 40, 4, &records[i]);
        assert_int_equal(pipe(told), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
            for (unsigned k = 0; k <= i; k++) {
                folder_admit(log, &records[k]);
                uint64_t size = qp_log_size(log);
                if (write(told[1], &size, sizeof size) != (ssize_t)sizeof size) {
                    _exit(1);
                }
            }
            _exit(0);
        }
        close(told[1]);
        nanosleep(&(struct timespec){.tv_nsec = 1000000L * (long)(i * 7 + 3)}, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        uint64_t size = 0;
        while (read(told[0], &size, sizeof size) == (ssize_t)sizeof size) {
            acknowledged = size;
        }
        close(told[0]);
        struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
        assert_true(qp_log_size(log) >= acknowledged);
        qp_log_close(log);
    }
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    for (unsigned i = 0; i < 8; i++) {
        folder_admit(log, &records[i]);
        qp_buf_wipe(&records[i]);
    }
    qp_log_close(log);
    sound(4 + 8 * 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(goes_on_after_a_death_at_each_step),
        T(a_reader_shows_only_what_is_signed),
        T(finishes_a_creation_that_was_cut_short),
        T(refuses_a_store_that_is_behind_its_anchor),
        T(refuses_a_missing_or_foreign_anchor),
        T(signs_nothing_when_the_unsigned_end_is_damaged),
        T(a_reader_sees_whole_groups_while_a_writer_writes),
        T(loses_nothing_it_acknowledged_when_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
