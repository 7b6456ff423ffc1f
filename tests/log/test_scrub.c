/* Scrub: a bit that changed in any table is found, and mended from what another copy has. */
#include "log/damage.h"

#include "core/alloc.h"
#include "core/check.h"

#include <quipu/backup.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define HARVESTS 300
#define ENTRIES (4 + HARVESTS)

static struct folder folder;
static char copy[96];
static char second[96];

static int setup(void **state)
{
    struct qp_backup_report report;
    char command[300];
    (void)state;
    folder_init(&folder);
    folder_grow(&folder, HARVESTS);
    struct qp_buf records = {0};
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_harvests(&folder.season, HARVESTS, 2, 4, &records);
    folder_admit(log, &records); /* puts the checkpoint before into the store */
    qp_log_close(log);
    qp_buf_wipe(&records);
    snprintf(copy, sizeof copy, "%s/copy", folder.top);
    snprintf(second, sizeof second, "%s/second", folder.top);
    log = folder_open(&folder, QP_LOG_READ);
    assert_ok(qp_log_backup(log, copy, NULL, &report, err));
    qp_log_close(log);
    snprintf(command, sizeof command, "cp -r %s %s", folder.dir, second);
    return system(command);
}

static int teardown(void **state)
{
    (void)state;
    qp_alloc_fail_after(UINT64_MAX);
    folder_wipe(&folder);
    return 0;
}

static void tell_fault(void *context, const struct qp_fault *fault)
{
    (void)context;
    print_message("%s\n", fault->text);
}

static struct qp_scrub_report scrub(const char *repair_from)
{
    struct qp_log_options open =
        folder_options(&folder, repair_from != NULL ? QP_LOG_REPAIR : QP_LOG_AUDIT);
    struct qp_scrub_options options = {.repair_from = repair_from};
    struct qp_scrub_report report = {0};
    struct qp_log *log = NULL;
    assert_ok(qp_log_open(folder.dir, &open, &log, err));
    assert_ok(qp_log_scrub(log, &options, &report, err));
    qp_log_close(log);
    return report;
}

static void sound(void)
{
    struct qp_scrub_report report = scrub(NULL);
    assert_int_equal(report.faults_all, 0);
    assert_int_equal(report.entries, ENTRIES + 2);
    assert_int_equal(report.sealed, 8);
}

/* One bit of a row's value: found as this kind, mended from both kinds of copy. */
static void found_and_mended(enum qp_table table, unsigned row, size_t from_end,
                             enum qp_fault_kind kind)
{
    const char *const sources[] = {copy, second};
    for (size_t i = 0; i < 2; i++) {
        damage_flip(&folder, table, row, from_end);
        struct qp_scrub_report report = scrub(NULL);
        if (report.faults[kind] == 0 || report.faults_all == 0) {
            fail_msg("table %d, row %u: not found", table, row);
        }
        report = scrub(sources[i]);
        if (report.repaired != report.faults_all) {
            fail_msg("table %d, row %u: %llu of %llu mended", table, row,
                     (unsigned long long)report.repaired, (unsigned long long)report.faults_all);
        }
        sound();
    }
}

static void mends_a_bit_in_each_table(void **state)
{
    (void)state;
    sound();
    for (unsigned row = 0; row < ENTRIES; row += 101) {
        found_and_mended(QP_TABLE_ENTRIES, row, row % 50, QP_FAULT_ENTRY);
        found_and_mended(QP_TABLE_EVENTS, row, row % 20, QP_FAULT_EVENTS);
    }
    for (unsigned row = 0; row < 8; row += 3) {
        found_and_mended(QP_TABLE_VAULT, row, row, QP_FAULT_CONTENT);
    }
    found_and_mended(QP_TABLE_CHECKPOINTS, 0, 5, QP_FAULT_CHECKPOINT);
    found_and_mended(QP_TABLE_CHECKPOINTS, 1, 70, QP_FAULT_CHECKPOINT);
    found_and_mended(QP_TABLE_ISSUERS, 7, 0, QP_FAULT_DERIVED);
    found_and_mended(QP_TABLE_STATE, 5, 1, QP_FAULT_DERIVED);
    found_and_mended(QP_TABLE_EDGES, 11, 0, QP_FAULT_DERIVED);
}

static void mends_the_tree_from_the_entries(void **state)
{
    (void)state;
    for (unsigned row = 0; row < 3; row++) {
        damage_flip(&folder, QP_TABLE_TILES, row, 20);
        struct qp_scrub_report report = scrub(NULL);
        assert_true(report.faults_all > 0);
        report = scrub(copy);
        assert_int_equal(report.repaired, report.faults_all);
        sound();
    }
}

/* A bit of a row in the file, where even what is derived is served with no hash of its own. */
static void flip_in_file(const struct qp_buf *value, size_t from_end)
{
    char path[128];
    struct qp_buf file = {0};
    snprintf(path, sizeof path, "%s/data.mdb", folder.store);
    int fd = open(path, O_RDWR);
    off_t size = lseek(fd, 0, SEEK_END);
    assert_ok(qp_buf_reserve(&file, (size_t)size, err));
    file.len = (size_t)pread(fd, file.data, (size_t)size, 0);
    unsigned found = 0;
    for (size_t at = 0; at + value->len <= file.len; at++) {
        if (memcmp(file.data + at, value->data, value->len) == 0) {
            uint8_t byte = file.data[at + value->len - 1 - from_end] ^ 0x10;
            assert_int_equal(pwrite(fd, &byte, 1, (off_t)(at + value->len - 1 - from_end)), 1);
            found++;
        }
    }
    assert_true(found > 0); /* old pages may have it too */
    close(fd);
    qp_buf_wipe(&file);
}

static void no_read_serves_a_bit_that_changed_in_the_file(void **state)
{
    (void)state;
    /* State stands for all packed tables; values of the others are too short to be found. */
    static const enum qp_table tables[] = {QP_TABLE_ENTRIES, QP_TABLE_EVENTS, QP_TABLE_VAULT,
                                           QP_TABLE_STATE,   QP_TABLE_TILES,  QP_TABLE_CHECKPOINTS};
    for (size_t i = 0; i < QP_COUNT(tables); i++) {
        struct qp_store_options options = {.write = false};
        struct qp_store *store = NULL;
        struct qp_span value;
        struct qp_err why;
        struct damage row = damage_row(&folder, tables[i], 1);
        flip_in_file(&row.value, 5);
        assert_ok(qp_store_open(folder.store, &options, &store, err));
        assert_int_equal(qp_store_get(store, tables[i], qp_span_buf(&row.key), &value, &why),
                         QP_E_STORE);
        assert_non_null(strstr(why.text, "quipu scrub"));
        qp_store_bear_damage(store, true);
        assert_ok(qp_store_get(store, tables[i], qp_span_buf(&row.key), &value, err));
        assert_int_equal(qp_store_damaged(store), 2);
        qp_store_close(store);
        struct qp_scrub_report report = scrub(copy);
        assert_true(report.faults_all > 0);
        assert_int_equal(report.repaired, report.faults_all);
        sound();
        qp_buf_wipe(&row.key);
        qp_buf_wipe(&row.value);
    }
}

/* Again and again, while a child writes group after group. */
static void finds_nothing_while_a_writer_writes(void **state)
{
    (void)state;
    struct qp_buf records[10] = {{0}};
    int status = 0;
    for (unsigned i = 0; i < 10; i++) {
        season_harvests(&folder.season, HARVESTS + 2 + i * 50, 50, 4, &records[i]);
    }
    pid_t child = folder_admit_in_child(&folder, records, 10);
    while (waitpid(child, &status, WNOHANG) == 0) {
        struct qp_log_options open = folder_options(&folder, QP_LOG_AUDIT);
        struct qp_scrub_options options = {.fault = tell_fault};
        struct qp_scrub_report report = {0};
        struct qp_log *log = NULL;
        assert_ok(qp_log_open(folder.dir, &open, &log, err));
        assert_ok(qp_log_scrub(log, &options, &report, err));
        assert_int_equal(report.faults_all, 0);
        qp_log_close(log);
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    for (unsigned i = 0; i < 10; i++) {
        qp_buf_wipe(&records[i]);
    }
}

static void mends_many_at_once(void **state)
{
    (void)state;
    for (unsigned row = 3; row < 250; row += 7) {
        damage_flip(&folder, QP_TABLE_ENTRIES, row, 3);
        damage_remove(&folder, QP_TABLE_EVENTS, 100);
    }
    damage_flip(&folder, QP_TABLE_TILES, 0, 40);
    damage_flip(&folder, QP_TABLE_VAULT, 2, 3);
    struct qp_scrub_report report = scrub(copy);
    assert_true(report.faults_all > 60);
    assert_int_equal(report.repaired, report.faults_all);
    sound();
}

/* Bits of the file itself, in a child: whatever LMDB makes of a page that is wrong, it must not
 * pass for sound when what the tables say has changed. */
enum { SAME = 10, CHANGED, REFUSED };

static uint64_t rows_of(enum qp_table table, struct qp_hasher *hasher, struct qp_store *store)
{
    struct qp_cursor *cursor = NULL;
    struct qp_row row;
    uint64_t count = 0;
    struct qp_err why;
    bool good = qp_cursor_open(store, table, &cursor, &why) == QP_OK &&
                qp_cursor_seek(cursor, qp_span_of(NULL, 0), &row, &why) == QP_OK;
    while (good && row.found) {
        qp_hasher_add(hasher, row.key);
        qp_hasher_add(hasher, row.value);
        count++;
        good = qp_cursor_next(cursor, &row, &why) == QP_OK;
    }
    qp_cursor_close(cursor);
    return good ? count : UINT64_MAX;
}

static struct qp_hash everything(void)
{
    struct qp_store_options options = {.write = false};
    struct qp_store *store = NULL;
    struct qp_hasher hasher;
    struct qp_hash hash = {{0}};
    struct qp_err why;
    if (qp_store_open(folder.store, &options, &store, &why) != QP_OK) {
        _exit(REFUSED);
    }
    qp_hasher_init(&hasher);
    for (int table = QP_TABLE_META; table < QP_TABLE_COUNT; table++) {
        uint64_t count = rows_of((enum qp_table)table, &hasher, store);
        qp_hasher_add(&hasher, qp_span_of(&count, sizeof count));
    }
    qp_hasher_final(&hasher, &hash);
    qp_store_close(store);
    return hash;
}

static int look_in_a_child(const struct qp_hash *before)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int quiet = open("/dev/null", O_WRONLY);
        signal(SIGSEGV, SIG_DFL); /* not the test's own handler */
        signal(SIGBUS, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        (void)dup2(quiet, 2);
        struct qp_hash after = everything();
        struct qp_log_options open = folder_options(&folder, QP_LOG_AUDIT);
        struct qp_scrub_options options = {0};
        struct qp_scrub_report report = {0};
        struct qp_log *log = NULL;
        struct qp_err why;
        if (qp_log_open(folder.dir, &open, &log, &why) != QP_OK ||
            qp_log_scrub(log, &options, &report, &why) != QP_OK || report.faults_all > 0) {
            _exit(REFUSED);
        }
        _exit(qp_hash_eq(&after, before) ? SAME : CHANGED);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void a_bit_of_the_file_never_passes_for_sound(void **state)
{
    (void)state;
    char path[128];
    unsigned told = 0;
    unsigned died = 0;
    uint32_t random = 12345;
    snprintf(path, sizeof path, "%s/data.mdb", folder.store);
    struct qp_hash before = everything();
    int fd = open(path, O_RDWR);
    off_t size = lseek(fd, 0, SEEK_END);
    for (off_t page = 0; page < size; page += 4096) {
        uint8_t byte = 0;
        random = random * 1103515245 + 12345;
        off_t at = page + (off_t)(random >> 8) % 4096;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        uint8_t flipped = byte ^ (uint8_t)(1 << (random >> 4) % 8);
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        int end = look_in_a_child(&before);
        told += end == REFUSED;
        died += end != REFUSED && end != SAME && end != CHANGED;
        if (end == CHANGED) {
            fail_msg("byte %lld changed a table, and nobody said so", (long long)at);
        }
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
    assert_true(told > 20);
    print_message("%lld pages: %u told, %u stopped the process\n", (long long)(size / 4096), told,
                  died);
    sound();
}

static void memory_may_run_out_at_any_moment(void **state)
{
    (void)state;
    size_t refused = 0;
    for (uint64_t n = 0;; n += n < 40 ? 1 : 37) {
        struct qp_log_options open = folder_options(&folder, QP_LOG_REPAIR);
        struct qp_scrub_options options = {.repair_from = n % 2 == 0 ? copy : second};
        struct qp_scrub_report report = {0};
        struct qp_log *log = NULL;
        struct qp_err why = {0};
        if (refused % 8 == 0) {
            damage_flip(&folder, QP_TABLE_ENTRIES, 40, 3);
        }
        uint64_t before = qp_alloc_count();
        open.threads = 1;
        qp_alloc_fail_after(n);
        enum qp_code rc = qp_log_open(folder.dir, &open, &log, &why);
        rc = rc == QP_OK ? qp_log_scrub(log, &options, &report, &why) : rc;
        qp_alloc_fail_after(UINT64_MAX);
        qp_log_close(log);
        if (rc == QP_OK && qp_alloc_count() - before <= n) {
            break;
        }
        if (rc != QP_E_MEMORY && rc != QP_OK) {
            fail_msg("after %llu allocations: %s (%s)", (unsigned long long)n, why.text,
                     qp_code_name(rc));
        }
        refused++;
    }
    assert_true(refused > 50);
    (void)scrub(copy);
    sound();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(mends_a_bit_in_each_table),
        T(mends_the_tree_from_the_entries),
        T(no_read_serves_a_bit_that_changed_in_the_file),
        T(finds_nothing_while_a_writer_writes),
        T(mends_many_at_once),
        T(a_bit_of_the_file_never_passes_for_sound),
        T(memory_may_run_out_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
