/* The store below the log: rows, growth, refusals, one opening at a time. */
#define _GNU_SOURCE /* unshare */

#include "log/folder.h"

#include "store/store.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char dir[64];

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/quipu-store-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static struct qp_store *make(uint64_t first, uint64_t most)
{
    struct qp_store_options options = {
        .create = true, .map_bytes_first = first, .map_bytes_max = most};
    struct qp_store *store = NULL;
    assert_ok(qp_store_open(dir, &options, &store, err));
    return store;
}

static struct qp_store *open_again(bool write)
{
    struct qp_store_options options = {.write = write};
    struct qp_store *store = NULL;
    assert_ok(qp_store_open(dir, &options, &store, err));
    return store;
}

/* A job that writes rows of 1000 bytes under the numbers first to first + count - 1. */
struct rows {
    uint64_t first;
    uint64_t count;
    unsigned runs;
    enum qp_put how;
    enum qp_code end; /* what the job returns when all is written */
};

static enum qp_code put_rows(void *context, struct qp_writer *writer, struct qp_err *err)
{
    struct rows *rows = context;
    uint8_t value[1000];
    enum qp_code rc = QP_OK;
    rows->runs++;
    for (uint64_t i = rows->first; i < rows->first + rows->count && rc == QP_OK; i++) {
        uint8_t key[8];
        qp_store_be64(key, i);
        memset(value, (int)(i & 0xff), sizeof value);
        rc = qp_write_put(writer, QP_TABLE_ENTRIES, rows->how, qp_span_of(key, sizeof key),
                          qp_span_of(value, sizeof value), err);
    }
    return rc == QP_OK ? rows->end : rc;
}

static void holds(struct qp_store *store, uint64_t count)
{
    uint64_t there = 0;
    assert_ok(qp_store_count(store, QP_TABLE_ENTRIES, &there, err));
    assert_int_equal(there, count);
    for (uint64_t i = 0; i < count; i++) {
        uint8_t key[8];
        struct qp_span value = {0};
        qp_store_be64(key, i);
        assert_ok(qp_store_get(store, QP_TABLE_ENTRIES, qp_span_of(key, sizeof key), &value, err));
        assert_int_equal(value.len, 1000);
        assert_int_equal(value.data[999], i & 0xff);
    }
}

static void grows_from_a_tiny_map(void **state)
{
    (void)state;
    struct qp_store *store = make(64 * 1024, 0);
    struct rows rows = {.count = 2000, .how = QP_PUT_APPEND};
    assert_ok(qp_store_write(store, put_rows, &rows, err));
    assert_true(rows.runs > 3); /* it was full several times over */
    holds(store, 2000);
    qp_store_close(store);
    store = open_again(true);
    rows = (struct rows){.first = 2000, .count = 3000, .how = QP_PUT_APPEND};
    assert_ok(qp_store_write(store, put_rows, &rows, err));
    holds(store, 5000);
    qp_store_close(store);
}

static void survives_a_full_map_at_any_size(void **state)
{
    (void)state;
    for (uint64_t first = 16; first < 48; first += 5) {
        struct qp_store *store = make(first * 4096, 0);
        for (uint64_t i = 0; i < 60; i++) {
            struct rows rows = {.first = i, .count = 1, .how = QP_PUT_APPEND};
            assert_ok(qp_store_write(store, put_rows, &rows, err));
        }
        holds(store, 60);
        qp_store_close(store);
        teardown(NULL);
        assert_int_equal(setup(NULL), 0);
    }
}

static void says_which_limit_was_reached_and_loses_nothing(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_store *store = make(64 * 1024, 1024 * 1024);
    struct rows rows = {.count = 100, .how = QP_PUT_APPEND};
    assert_ok(qp_store_write(store, put_rows, &rows, err));
    rows = (struct rows){.first = 100, .count = 5000, .how = QP_PUT_APPEND};
    assert_int_equal(qp_store_write(store, put_rows, &rows, &why), QP_E_FULL);
    assert_non_null(strstr(why.text, "limit of 1048576 bytes"));
    rows.count = 1; /* the handle does nothing more */
    assert_int_equal(qp_store_write(store, put_rows, &rows, &why), QP_E_STORE);
    qp_store_close(store);
    store = open_again(true);
    holds(store, 100);
    rows = (struct rows){.first = 100, .count = 5000, .how = QP_PUT_APPEND};
    assert_ok(qp_store_write(store, put_rows, &rows, err));
    holds(store, 5100);
    qp_store_close(store);
}

/* On a file system of its own, where the system lets the test make one. */
static void says_that_the_disk_is_full_and_loses_nothing(void **state)
{
    (void)state;
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct qp_err why = {0};
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("none", dir, "tmpfs", 0, "size=1m") != 0) {
            _exit(77);
        }
        struct qp_store *store = make(0, 0);
        struct rows rows = {.count = 100, .how = QP_PUT_APPEND};
        assert_ok(qp_store_write(store, put_rows, &rows, err));
        rows = (struct rows){.first = 100, .count = 5000, .how = QP_PUT_APPEND};
        if (qp_store_write(store, put_rows, &rows, &why) != QP_E_FULL ||
            strstr(why.text, "disk is full") == NULL) {
            printf("%s\n", why.text);
            _exit(1);
        }
        qp_store_close(store);
        store = open_again(true);
        holds(store, 100);
        qp_store_close(store);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 77) {
        printf("skipped: this user may not mount a file system\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* LMDB's lock file has room before it is mapped: a reader on a full disk is refused, not killed. */
static void says_that_a_full_disk_has_no_room_for_locks(void **state)
{
    (void)state;
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static uint8_t block[4096];
        char path[96];
        struct qp_err why = {0};
        struct qp_store_options options = {.write = false};
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("none", dir, "tmpfs", 0, "size=1m") != 0) {
            _exit(77);
        }
        qp_store_close(make(0, 0));
        snprintf(path, sizeof path, "%s/filling", dir);
        FILE *file = fopen(path, "w");
        while (file != NULL && fwrite(block, sizeof block, 1, file) == 1 && fflush(file) == 0) {
        }
        qp_store_close(open_again(false)); /* its room was taken when the store was made */
        snprintf(path, sizeof path, "%s/lock.mdb", dir);
        if (truncate(path, 0) != 0 || file == NULL || fwrite(block, sizeof block, 1, file) == 0) {
            _exit(3);
        }
        while (fflush(file) == 0 && fwrite(block, sizeof block, 1, file) == 1) {
        }
        struct qp_store *store = NULL;
        _exit(qp_store_open(dir, &options, &store, &why) == QP_E_FULL &&
                      strstr(why.text, "disk is full") != NULL
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        printf("skipped: this user may not mount a file system\n");
        skip();
    }
    assert_int_equal(status, 0);
}

/* A file size limit: the write fails in the middle. */
static void loses_nothing_when_a_write_is_cut_short(void **state)
{
    (void)state;
    struct qp_store *store = make(64 * 1024, 0);
    struct rows rows = {.count = 100, .how = QP_PUT_APPEND};
    int status = 0;
    assert_ok(qp_store_write(store, put_rows, &rows, err));
    qp_store_close(store);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 600 * 1024, .rlim_max = 600 * 1024};
        struct qp_err why = {0};
        signal(SIGXFSZ, SIG_IGN);
        store = open_again(true);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
            _exit(3);
        }
        rows = (struct rows){.first = 100, .count = 5000, .how = QP_PUT_APPEND};
        _exit(qp_store_write(store, put_rows, &rows, &why) == QP_E_FULL &&
                      strstr(why.text, "limit of file sizes") != NULL
                  ? 0
                  : 4);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
    store = open_again(true);
    holds(store, 100);
    qp_store_close(store);
}

static void says_whether_there_is_room(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_store *store = make(64 * 1024, 0);
    int status = 0;
    assert_ok(qp_store_room(store, 1, err));
    assert_int_equal(qp_store_room(store, UINT64_MAX / 2, &why), QP_E_FULL);
    assert_non_null(strstr(why.text, "disk is full"));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* a limit that ends with it; nothing is asked of the store but its size */
        struct rlimit limit = {.rlim_cur = 300 * 1024, .rlim_max = 300 * 1024};
        bool good = setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                    qp_store_room(store, 100 * 1024, &why) == QP_OK &&
                    qp_store_room(store, 300 * 1024, &why) == QP_E_FULL &&
                    strstr(why.text, "limit of file sizes") != NULL;
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    qp_store_close(store);
}

static void settles_what_it_found(void **state)
{
    (void)state;
    struct rows rows = {.count = 10, .how = QP_PUT_APPEND};
    struct qp_store *store = make(0, 0);
    assert_ok(qp_store_write(store, put_rows, &rows, err));
    qp_store_close(store);
    store = open_again(true);
    assert_ok(qp_store_settle(store, err));
    holds(store, 10);
    qp_store_close(store);
    store = open_again(false);
    holds(store, 10);
    qp_store_close(store);
}

static void takes_back_a_job_that_fails(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_store *store = make(0, 0);
    struct rows rows = {.count = 10, .how = QP_PUT_APPEND, .end = QP_E_MEMORY};
    assert_int_equal(qp_store_write(store, put_rows, &rows, &why), QP_E_MEMORY);
    qp_store_close(store);
    store = open_again(false);
    holds(store, 0);
    qp_store_close(store);
}

static void appends_only_behind_the_last_row(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_store *store = make(0, 0);
    struct rows rows = {.first = 0, .count = 10, .how = QP_PUT_APPEND};
    assert_ok(qp_store_write(store, put_rows, &rows, err));
    rows = (struct rows){.first = 9, .count = 1, .how = QP_PUT_APPEND};
    assert_int_equal(qp_store_write(store, put_rows, &rows, &why), QP_E_STORE);
    qp_store_close(store);
}

static void is_opened_once_in_a_process(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_store *second = NULL;
    struct qp_store_options options = {.write = false};
    struct qp_store *store = make(0, 0);
    assert_int_equal(qp_store_open(dir, &options, &second, &why), QP_E_BUSY);
    qp_store_close(store);
    store = open_again(false);
    qp_store_close(store);
}

static void refuses_to_write_when_open_for_reading(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct rows rows = {.count = 1};
    qp_store_close(make(0, 0));
    struct qp_store *store = open_again(false);
    assert_int_equal(qp_store_write(store, put_rows, &rows, &why), QP_E_USAGE);
    qp_store_close(store);
}

static enum qp_code put_version(void *context, struct qp_writer *writer, struct qp_err *err)
{
    uint8_t version[4];
    (void)context;
    qp_store_be32(version, 77);
    return qp_write_put(writer, QP_TABLE_META, QP_PUT_ANY, qp_span_text("version"),
                        qp_span_of(version, sizeof version), err);
}

static void refuses_a_version_it_does_not_know(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_store_options options = {.write = true};
    struct qp_store *store = make(0, 0);
    assert_ok(qp_store_write(store, put_version, NULL, err));
    qp_store_close(store);
    assert_int_equal(qp_store_open(dir, &options, &store, &why), QP_E_STORE);
    assert_non_null(strstr(why.text, "version 77"));
}

static void refuses_a_file_that_was_cut(void **state)
{
    (void)state;
    struct qp_err why = {0};
    char path[96];
    struct qp_store_options options = {.write = false};
    struct qp_store *store = make(0, 0);
    struct rows rows = {.count = 200, .how = QP_PUT_APPEND};
    assert_ok(qp_store_write(store, put_rows, &rows, err));
    qp_store_close(store);
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    assert_int_equal(truncate(path, 5 * 4096), 0);
    assert_int_equal(qp_store_open(dir, &options, &store, &why), QP_E_STORE);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_not_equal(qp_store_open(dir, &options, &store, &why), QP_OK);
}

static void walks_to_the_next_and_to_the_one_below(void **state)
{
    (void)state;
    struct qp_store *store = make(0, 0);
    struct qp_cursor *cursor = NULL;
    struct qp_row row;
    uint8_t key[8];
    struct rows rows = {.first = 5, .count = 3, .how = QP_PUT_APPEND};
    assert_ok(qp_store_write(store, put_rows, &rows, err));
    assert_ok(qp_cursor_open(store, QP_TABLE_ENTRIES, &cursor, err));
    qp_store_be64(key, 6);
    assert_ok(qp_cursor_below(cursor, qp_span_of(key, sizeof key), &row, err));
    assert_true(row.found && qp_load_be64(row.key.data) == 5);
    qp_store_be64(key, 100);
    assert_ok(qp_cursor_below(cursor, qp_span_of(key, sizeof key), &row, err));
    assert_true(row.found && qp_load_be64(row.key.data) == 7);
    assert_ok(qp_cursor_below(cursor, qp_span_of(NULL, 0), &row, err));
    assert_true(row.found && qp_load_be64(row.key.data) == 7);
    qp_store_be64(key, 5);
    assert_ok(qp_cursor_below(cursor, qp_span_of(key, sizeof key), &row, err));
    assert_false(row.found);
    qp_store_be64(key, 7);
    assert_ok(qp_cursor_seek(cursor, qp_span_of(key, sizeof key), &row, err));
    assert_true(row.found);
    assert_ok(qp_cursor_next(cursor, &row, err));
    assert_false(row.found);
    qp_cursor_close(cursor);
    qp_store_close(store);
}

static void a_view_stands_still_until_it_is_moved(void **state)
{
    (void)state;
    int status = 0;
    qp_store_close(make(64 * 1024, 0));
    pid_t child = 0;
    int go[2];
    assert_int_equal(pipe(go), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char byte = 0;
        ssize_t got = read(go[0], &byte, 1);
        struct qp_store *writer = open_again(true);
        struct rows rows = {.count = 2000, .how = QP_PUT_APPEND}; /* the map grows, too */
        assert_ok(qp_store_write(writer, put_rows, &rows, err));
        qp_store_close(writer);
        _exit(got == 1 ? 0 : 1);
    }
    struct qp_store *reader = open_again(false);
    assert_int_equal(write(go[1], "g", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
    holds(reader, 0);
    assert_ok(qp_store_refresh(reader, err));
    holds(reader, 2000);
    qp_store_close(reader);
    close(go[0]);
    close(go[1]);
}

/* The same rows over and over: a store whose pages are used again stays as large as it is. */
static uint64_t grown_by_rewriting(struct qp_store *writer, unsigned times)
{
    uint64_t before = 0;
    uint64_t after = 0;
    struct rows rows = {.count = 20, .how = QP_PUT_ANY};
    assert_ok(qp_store_size(writer, &before, err));
    for (unsigned i = 0; i < times; i++) {
        assert_ok(qp_store_write(writer, put_rows, &rows, err));
    }
    assert_ok(qp_store_size(writer, &after, err));
    return after - before;
}

/* A process of its own that holds a view and does nothing. */
static pid_t idle_reader(void)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct qp_store *reader = open_again(false);
        holds(reader, 20);
        if (write(ready[1], "r", 1) == 1) {
            pause();
        }
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void end_reader(pid_t child)
{
    int status = 0;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static struct qp_store *settled_writer(void)
{
    qp_store_close(make(64 * 1024, 0));
    struct qp_store *writer = open_again(true);
    (void)grown_by_rewriting(writer, 10);
    assert_int_equal(grown_by_rewriting(writer, 100), 0);
    return writer;
}

static void a_reader_that_was_killed_makes_nothing_grow(void **state)
{
    (void)state;
    struct qp_old_reader oldest = {.process = 1};
    struct qp_store *writer = settled_writer();
    for (unsigned i = 0; i < 5; i++) {
        end_reader(idle_reader());
        /* A view that nobody clears costs ten pages at each write; two writes are in flight. */
        assert_true(grown_by_rewriting(writer, 60) <= (uint64_t)(i == 0 ? 40 : 0) * 4096);
    }
    assert_ok(qp_store_oldest_reader(writer, &oldest, err));
    assert_int_equal(oldest.process, 0);
    qp_store_close(writer);
}

static void a_reader_that_stands_still_is_told_of(void **state)
{
    (void)state;
    struct qp_old_reader oldest = {0};
    struct qp_store *writer = settled_writer();
    pid_t child = idle_reader();
    assert_int_equal(kill(child, SIGSTOP), 0);
    assert_ok(qp_store_oldest_reader(writer, &oldest, err));
    assert_int_equal(oldest.process, 0); /* it reads what is newest */
    assert_true(grown_by_rewriting(writer, 100) > (uint64_t)100 * 4096);
    assert_ok(qp_store_oldest_reader(writer, &oldest, err));
    assert_int_equal(oldest.process, child);
    assert_int_equal(oldest.behind, 100);
    end_reader(child);
    assert_int_equal(grown_by_rewriting(writer, 100), 0); /* there is room now for long */
    assert_ok(qp_store_oldest_reader(writer, &oldest, err));
    assert_int_equal(oldest.process, 0);
    qp_store_close(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(grows_from_a_tiny_map),
        T(survives_a_full_map_at_any_size),
        T(says_which_limit_was_reached_and_loses_nothing),
        T(says_that_the_disk_is_full_and_loses_nothing),
        T(says_that_a_full_disk_has_no_room_for_locks),
        T(loses_nothing_when_a_write_is_cut_short),
        T(says_whether_there_is_room),
        T(settles_what_it_found),
        T(takes_back_a_job_that_fails),
        T(appends_only_behind_the_last_row),
        T(is_opened_once_in_a_process),
        T(refuses_to_write_when_open_for_reading),
        T(refuses_a_version_it_does_not_know),
        T(refuses_a_file_that_was_cut),
        T(walks_to_the_next_and_to_the_one_below),
        T(a_view_stands_still_until_it_is_moved),
        T(a_reader_that_was_killed_makes_nothing_grow),
        T(a_reader_that_stands_still_is_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
