/* Backups: what comes back is the ledger to the byte, whatever is damaged is refused, and nothing
 * signs that could sign twice. */
#include "log/damage.h"

#include "core/alloc.h"
#include "log/backup_read.h"

#include <quipu/backup.h>

#include <sys/wait.h>

static struct folder folder;
static char copy[96];
static char again[96];

static int setup(void **state)
{
    (void)state;
    folder_init(&folder);
    snprintf(copy, sizeof copy, "%s/copy", folder.top);
    snprintf(again, sizeof again, "%s/again", folder.top);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    qp_alloc_fail_after(UINT64_MAX);
    folder_wipe(&folder);
    return 0;
}

static struct qp_backup_report back_up(void)
{
    struct qp_backup_report report = {0};
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    assert_ok(qp_log_backup(log, copy, NULL, &report, err));
    qp_log_close(log);
    return report;
}

static struct qp_restore_report restore(void)
{
    struct qp_restore_report report = {0};
    struct qp_log_options options = folder_options(&folder, QP_LOG_REPAIR);
    assert_ok(qp_log_restore(copy, again, &options, NULL, &report, err));
    return report;
}

/* Every row of a store but those that are its own (the instance). */
static void dump(const char *dir, struct qp_buf *out)
{
    struct qp_store_options options = {.write = false};
    struct qp_store *store = NULL;
    assert_ok(qp_store_open(dir, &options, &store, err));
    for (int table = QP_TABLE_ENTRIES; table < QP_TABLE_COUNT; table++) {
        struct qp_cursor *cursor = NULL;
        struct qp_row row;
        assert_ok(qp_cursor_open(store, (enum qp_table)table, &cursor, err));
        assert_ok(qp_cursor_seek(cursor, qp_span_of(NULL, 0), &row, err));
        while (row.found) {
            assert_ok(qp_buf_addf(out, err, "\n%d:", table));
            assert_ok(qp_buf_add(out, row.key, err));
            assert_ok(qp_buf_add_text(out, "=", err));
            assert_ok(qp_buf_add(out, row.value, err));
            assert_ok(qp_cursor_next(cursor, &row, err));
        }
        qp_cursor_close(cursor);
    }
    qp_store_close(store);
}

/* The stores agree; the newest checkpoint may still stand in the anchor alone of one. */
static void same_stores(void)
{
    char other[112];
    struct qp_buf ours = {0};
    struct qp_buf theirs = {0};
    snprintf(other, sizeof other, "%s/store", again);
    dump(folder.store, &ours);
    dump(other, &theirs);
    if (qp_span_eq(qp_span_buf(&ours), qp_span_buf(&theirs))) {
        goto out;
    }
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    assert_ok(qp_buf_addf(&ours, err, "\n%d:", QP_TABLE_CHECKPOINTS));
    uint8_t size[8];
    qp_store_be64(size, qp_log_size(log));
    assert_ok(qp_buf_add(&ours, qp_span_of(size, sizeof size), err));
    assert_ok(qp_buf_add_text(&ours, "=", err));
    assert_ok(qp_log_checkpoint(log, &ours, err));
    qp_log_close(log);
    assert_true(qp_span_eq(qp_span_buf(&ours), qp_span_buf(&theirs)));
out:
    qp_buf_wipe(&ours);
    qp_buf_wipe(&theirs);
}

static void admit(unsigned first, unsigned count)
{
    struct qp_buf records = {0};
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_harvests(&folder.season, first, count, 4, &records);
    folder_admit(log, &records);
    qp_log_close(log);
    qp_buf_wipe(&records);
}

static void restores_every_row(void **state)
{
    (void)state;
    folder_grow(&folder, 40);
    struct qp_backup_report first = back_up();
    assert_int_equal(first.files, 1);
    assert_int_equal(first.entries_added, 44);
    admit(40, 5);
    admit(45, 5000); /* more than a group of the restoration */
    struct qp_backup_report second = back_up();
    assert_int_equal(second.files, 2);
    assert_int_equal(second.entries, 5049);
    assert_int_equal(second.entries_added, 5005);
    struct qp_backup_report third = back_up();
    assert_int_equal(third.files, 2);
    assert_int_equal(third.bytes_added, 0);
    struct qp_restore_report report = restore();
    assert_int_equal(report.entries, 5049);
    assert_int_equal(report.sealed, 8);
    same_stores();
}

/* Backups one after the other, while a child writes group after group. */
static void takes_whole_groups_while_a_writer_writes(void **state)
{
    (void)state;
    struct qp_buf records[12] = {{0}};
    int status = 0;
    unsigned grown = 0;
    folder_grow(&folder, 0);
    for (unsigned i = 0; i < 12; i++) {
        season_harvests(&folder.season, i * 50, 50, 4, &records[i]);
    }
    pid_t child = folder_admit_in_child(&folder, records, 12);
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    while (waitpid(child, &status, WNOHANG) == 0) {
        struct qp_backup_report report;
        assert_ok(qp_log_refresh(log, err));
        assert_ok(qp_log_backup(log, copy, NULL, &report, err));
        assert_int_equal((report.entries - 4) % 50, 0);
        grown += report.entries_added > 0;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    qp_log_close(log);
    assert_int_equal(back_up().entries, 604);
    print_message("%u backups had something new meanwhile\n", grown);
    assert_int_equal(restore().entries, 604);
    same_stores();
    for (unsigned i = 0; i < 12; i++) {
        qp_buf_wipe(&records[i]);
    }
}

static void carries_contents_that_came_after_their_entry(void **state)
{
    (void)state;
    struct season twin;
    struct qp_buf withheld = {0};
    struct qp_buf whole = {0};
    struct told told = {0};
    folder_create(&folder);
    season_init(&twin); /* the same keys: signs the same statements, with the contents */
    season_open(&twin, &whole);
    whole.len = 0;
    folder.season.withhold = true;
    season_begin(&folder.season, 4, &withheld);
    season_begin(&twin, 4, &whole);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    folder_admit(log, &withheld);
    qp_log_close(log);
    assert_int_equal(back_up().contents_added, 0);
    log = folder_open(&folder, QP_LOG_WRITE);
    assert_ok(folder_submit(log, &whole, 0, &told, err));
    assert_int_equal(told.again, told.count);
    qp_log_close(log);
    struct qp_backup_report later = back_up();
    assert_int_equal(later.files, 2);
    assert_int_equal(later.entries_added, 0);
    assert_int_equal(later.contents_added, 8);
    assert_int_equal(back_up().bytes_added, 0);
    assert_int_equal(restore().sealed, 8);
    same_stores();
    season_wipe(&twin);
    qp_buf_wipe(&told.receipts);
    qp_buf_wipe(&withheld);
    qp_buf_wipe(&whole);
}

static enum qp_code read_whole(struct qp_err *err)
{
    struct qp_backup_reader reader;
    struct qp_backup_item item = {.what = QP_BACKUP_HEAD};
    struct qp_arena arena = {0};
    enum qp_code rc = qp_backup_open(&reader, copy, err);
    while (rc == QP_OK && item.what != QP_BACKUP_END) {
        qp_arena_reset(&arena);
        rc = qp_backup_next(&reader, &arena, &item, err);
    }
    qp_backup_close(&reader);
    qp_arena_wipe(&arena);
    return rc;
}

/* Contents are bound to an entry's commitments only where they are used: a restoration. */
static void refuses_every_changed_byte_and_every_cut(void **state)
{
    (void)state;
    char path[128];
    struct qp_buf bytes = {0};
    struct qp_err why = {0};
    folder.season.withhold = true;
    folder_grow(&folder, 2);
    back_up();
    snprintf(path, sizeof path, "%s/backup-000001.qbk", copy);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_ok(qp_buf_reserve(&bytes, 1 << 20, err));
    bytes.len = fread(bytes.data, 1, 1 << 20, file);
    assert_true(bytes.len > 2000);
    assert_ok(read_whole(&why));
    for (size_t at = 0; at < bytes.len; at++) {
        uint8_t changed = bytes.data[at] ^ (uint8_t)(1 << at % 8);
        assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
        assert_int_equal(fwrite(&changed, 1, 1, file), 1);
        assert_int_equal(fflush(file), 0);
        enum qp_code rc = read_whole(&why);
        if (rc != QP_E_INPUT && rc != QP_E_INVALID) {
            fail_msg("byte %zu: %s", at, qp_code_name(rc));
        }
        assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
        assert_int_equal(fwrite(&bytes.data[at], 1, 1, file), 1);
        assert_int_equal(fflush(file), 0);
    }
    for (size_t len = bytes.len - 1;; len -= len > 64 ? 37 : 1) {
        assert_int_equal(ftruncate(fileno(file), (off_t)len), 0);
        enum qp_code rc = read_whole(&why);
        assert_true(rc == QP_E_INPUT || rc == QP_E_INVALID);
        if (len == 0) {
            break;
        }
    }
    fclose(file);
    qp_buf_wipe(&bytes);
}

static enum qp_code resume_with(struct qp_span bytes, struct qp_err *err)
{
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    struct qp_evidence evidence = {.name = "evidence", .bytes = bytes};
    struct qp_resume_report report;
    return qp_log_resume(again, &options, &evidence, 1, &report, err);
}

/* What the anchor was about to sign counts as signed: nobody knows whether it was. */
static void an_intent_beyond_the_end_stops_a_resumption(void **state)
{
    (void)state;
    struct qp_buf anchor = {0};
    struct qp_err why = {0};
    folder_grow(&folder, 3);
    back_up();
    restore();
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    assert_ok(qp_buf_addf(&anchor, err,
                          "quipu anchor v1\ninstance 00112233445566778899aabbccddeeff\n"
                          "intent 8 %064d\n\n",
                          0));
    assert_ok(qp_log_checkpoint(log, &anchor, err));
    qp_log_close(log);
    assert_int_equal(resume_with(qp_span_buf(&anchor), &why), QP_E_INVALID);
    assert_non_null(strstr(why.text, "8 entries were signed, this ledger has 7"));
    anchor.data[strlen("quipu anchor v1\ninstance 00112233445566778899aabbccddeeff\nintent ")] =
        '7';
    assert_int_equal(resume_with(qp_span_buf(&anchor), &why), QP_E_INVALID);
    assert_non_null(strstr(why.text, "another history"));
    qp_buf_wipe(&anchor);
}

static void a_restoration_that_was_cut_short_says_so(void **state)
{
    (void)state;
    char path[112];
    struct qp_err why = {0};
    struct qp_log *log = NULL;
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    struct qp_buf note = {0};
    folder_grow(&folder, 3);
    back_up();
    restore();
    log = folder_open(&folder, QP_LOG_READ);
    assert_ok(qp_log_checkpoint(log, &note, err));
    qp_log_close(log);
    /* The anchor as it is until the last step. */
    snprintf(path, sizeof path, "%s/anchor", again);
    FILE *file = fopen(path, "r+");
    char text[256];
    size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    char *end = strstr(text, "restored\n\n");
    assert_non_null(end);
    assert_int_equal(ftruncate(fileno(file), end - text + 10), 0);
    fclose(file);
    for (int mode = QP_LOG_READ; mode <= QP_LOG_WRITE; mode++) {
        options.mode = (enum qp_log_mode)mode;
        assert_int_equal(qp_log_open(again, &options, &log, &why), QP_E_STORE);
        assert_non_null(strstr(why.text, "cut short"));
    }
    assert_int_equal(resume_with(qp_span_buf(&note), &why), QP_E_STORE);
    assert_non_null(strstr(why.text, "cut short"));
    qp_buf_wipe(&note);
}

static enum qp_code all_of_it(struct qp_err *err)
{
    struct qp_log_options options = folder_options(&folder, QP_LOG_READ);
    struct qp_backup_report backup;
    struct qp_restore_report restored;
    struct qp_buf note = {0};
    struct qp_log *log = NULL;
    options.threads = 1;
    enum qp_code rc = qp_log_open(folder.dir, &options, &log, err);
    rc = rc == QP_OK ? qp_log_backup(log, copy, NULL, &backup, err) : rc;
    rc = rc == QP_OK ? qp_log_checkpoint(log, &note, err) : rc;
    qp_log_close(log);
    options.mode = QP_LOG_REPAIR;
    rc = rc == QP_OK ? qp_log_restore(copy, again, &options, NULL, &restored, err) : rc;
    rc = rc == QP_OK ? resume_with(qp_span_buf(&note), err) : rc;
    qp_buf_wipe(&note);
    return rc;
}

static void memory_may_run_out_at_any_moment(void **state)
{
    (void)state;
    char command[300];
    size_t refused = 0;
    folder_grow(&folder, 2);
    snprintf(command, sizeof command, "rm -rf %s %s", copy, again);
    for (uint64_t n = 0;; n += n < 100 ? 1 : 7) {
        struct qp_err why = {0};
        uint64_t before = qp_alloc_count();
        qp_alloc_fail_after(n);
        enum qp_code rc = all_of_it(&why);
        qp_alloc_fail_after(UINT64_MAX);
        if (rc == QP_OK && qp_alloc_count() - before <= n) {
            break;
        }
        if (rc != QP_E_MEMORY) {
            fail_msg("after %llu allocations: %s (%s)", (unsigned long long)n, why.text,
                     qp_code_name(rc));
        }
        refused++;
        assert_int_equal(system(command), 0);
    }
    assert_true(refused > 100);
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    struct qp_log *log = NULL;
    assert_ok(qp_log_open(again, &options, &log, err));
    qp_log_close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(restores_every_row),
        T(takes_whole_groups_while_a_writer_writes),
        T(carries_contents_that_came_after_their_entry),
        T(refuses_every_changed_byte_and_every_cut),
        T(an_intent_beyond_the_end_stops_a_resumption),
        T(a_restoration_that_was_cut_short_says_so),
        T(memory_may_run_out_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
