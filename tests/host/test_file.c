#define _XOPEN_SOURCE 700 /* pseudo-terminals */
#include "test.h"

#include "core/alloc.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/new_file.h"
#include "host/terminal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/quipu-test-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command); /* NOLINT(cert-env33-c): a test's own folder */
}

static const char *in_folder(const char *name)
{
    static char path[4][160];
    static unsigned at;
    at = (at + 1) % 4;
    snprintf(path[at], sizeof path[at], "%s/%s", folder, name);
    return path[at];
}

static void assert_content(const char *path, const char *text)
{
    struct qp_buf content = {0};
    assert_ok(qp_file_read(path, 1000000, &content, err));
    assert_int_equal(content.len, strlen(text));
    assert_memory_equal(content.data, text, content.len);
    qp_buf_wipe(&content);
}

static void creates_with_mode_and_never_over_a_file(void **state)
{
    (void)state;
    struct qp_err why;
    const char *path = in_folder("made");
    assert_ok(qp_file_create(path, 0600, qp_span_text("one"), err));
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(qp_file_create(path, 0600, qp_span_text("two"), &why), QP_E_IO);
    assert_non_null(strstr(why.text, "made"));
    assert_non_null(strstr(why.text, "already"));
    assert_content(path, "one");
    const char *link = in_folder("dangling");
    assert_int_equal(symlink("nowhere", link), 0);
    assert_int_equal(qp_file_create(link, 0600, qp_span_text("x"), &why), QP_E_IO);
    bool exists = true;
    assert_ok(qp_file_exists(in_folder("nowhere"), &exists, err));
    assert_false(exists);
}

static void replaces_and_leaves_nothing_else_behind(void **state)
{
    (void)state;
    const char *path = in_folder("sub/replaced");
    assert_ok(qp_folder_make(in_folder("sub"), 0700, err));
    assert_ok(qp_folder_make(in_folder("sub"), 0700, err)); /* again is fine */
    assert_ok(qp_file_replace(path, 0644, qp_span_text("one"), err));
    assert_ok(qp_file_replace(path, 0644, qp_span_text("two"), err));
    assert_content(path, "two");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(in_folder("sub")), 0); /* only an empty folder goes */
}

static void a_new_file_has_its_name_when_it_is_whole(void **state)
{
    (void)state;
    struct qp_new_file file;
    struct qp_err why = {0};
    assert_ok(qp_new_file_open(&file, in_folder("whole"), 0600, err));
    assert_ok(qp_new_file_add(&file, qp_span_text("all of it"), err));
    assert_int_equal(access(in_folder("whole"), F_OK), -1);
    assert_ok(qp_new_file_finish(&file, err));
    qp_new_file_drop(&file);
    assert_content(in_folder("whole"), "all of it");
    assert_int_equal(access(in_folder("whole.part"), F_OK), -1);
    /* Nothing is left of one that is given up, nor of one whose name was taken meanwhile. */
    assert_ok(qp_new_file_open(&file, in_folder("half"), 0600, err));
    qp_new_file_drop(&file);
    assert_int_equal(access(in_folder("half.part"), F_OK), -1);
    assert_ok(qp_new_file_open(&file, in_folder("taken"), 0600, err));
    assert_ok(qp_file_create(in_folder("taken"), 0600, qp_span_text("theirs"), err));
    assert_int_equal(qp_new_file_finish(&file, &why), QP_E_IO);
    qp_new_file_drop(&file);
    assert_content(in_folder("taken"), "theirs");
    assert_int_equal(access(in_folder("taken.part"), F_OK), -1);
}

static void says_what_cannot_be_read(void **state)
{
    (void)state;
    struct qp_err why;
    struct qp_buf out = {0};
    assert_int_equal(qp_file_read(in_folder("absent"), 10, &out, &why), QP_E_IO);
    assert_non_null(strstr(why.text, "absent: No such file"));
    assert_int_equal(qp_file_read(folder, 10, &out, &why), QP_E_IO);
    assert_ok(qp_file_create(in_folder("ten"), 0600, qp_span_text("0123456789"), err));
    assert_int_equal(qp_file_read(in_folder("ten"), 9, &out, &why), QP_E_INPUT);
    assert_int_equal(out.len, 0);
    assert_ok(qp_file_read(in_folder("ten"), 10, &out, err));
    assert_int_equal(out.len, 10);
    qp_buf_wipe(&out);
    assert_int_equal(qp_file_create(in_folder("no/such/folder"), 0600, qp_span_text(""), &why),
                     QP_E_IO);
    assert_int_equal(qp_folder_make(in_folder("ten"), 0700, &why), QP_E_IO);
    assert_non_null(strstr(why.text, "not a folder"));
}

static void cuts_an_append_back_that_does_not_fit(void **state)
{
    (void)state;
    struct qp_err why;
    int fd = open("/dev/full", O_RDWR);
    if (fd >= 0) {
        assert_int_equal(qp_fd_write(fd, "/dev/full", qp_span_text("x"), &why), QP_E_FULL);
        assert_non_null(strstr(why.text, "free some space"));
        assert_ok(qp_fd_close(&fd, "/dev/full", err));
    }
    const char *path = in_folder("appended");
    fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_ok(qp_fd_append(fd, path, qp_span_text("one"), err));
    assert_ok(qp_fd_append(fd, path, qp_span_text("two"), err));
    assert_ok(qp_fd_close(&fd, path, err));
    assert_int_equal(fd, -1);
    assert_ok(qp_fd_close(&fd, path, err));
    assert_content(path, "onetwo");
    fd = open(path, O_RDONLY);
    assert_int_equal(qp_fd_append(fd, path, qp_span_text("three"), &why), QP_E_IO);
    assert_ok(qp_fd_close(&fd, path, err));
    assert_content(path, "onetwo");
}

static void locks_out_a_second_process_until_the_first_ends(void **state)
{
    (void)state;
    int ready[2];
    int done[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    const char *path = in_folder("lock");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int lock = -1;
        char byte = qp_lock_take(path, &lock, NULL) == QP_OK ? 'y' : 'n';
        if (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1) {
            _exit(1);
        }
        _exit(0); /* without releasing */
    }
    char byte = 0;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    struct qp_err why;
    int lock = -1;
    assert_int_equal(qp_lock_take(path, &lock, &why), QP_E_BUSY);
    assert_non_null(strstr(why.text, "another process"));
    assert_int_equal(write(done[1], "x", 1), 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_ok(qp_lock_take(path, &lock, err));
    int second = -1;
    assert_int_equal(qp_lock_take(path, &second, &why), QP_E_BUSY);
    qp_lock_release(&lock);
    assert_int_equal(lock, -1);
    assert_ok(qp_lock_take(path, &second, err));
    qp_lock_release(&second);
    qp_lock_release(&second);
}

static void tells_a_time_of_this_century(void **state)
{
    (void)state;
    assert_true(qp_now_ms() > UINT64_C(1700000000000));
    uint64_t before = qp_ticks_ms();
    assert_true(qp_ticks_ms() >= before);
}

static void survives_a_failure_of_every_allocation(void **state)
{
    (void)state;
    assert_ok(qp_file_create(in_folder("alloc"), 0600, qp_span_text("0123456789"), err));
    for (uint64_t n = 0; n < 20; n++) {
        struct qp_buf out = {0};
        qp_alloc_fail_after(n);
        enum qp_code read = qp_file_read(in_folder("alloc"), 100, &out, NULL);
        enum qp_code replaced =
            qp_file_replace(in_folder("alloc"), 0600, qp_span_text("0123456789"), NULL);
        qp_alloc_fail_after(UINT64_MAX);
        assert_true(read == QP_OK || read == QP_E_MEMORY);
        assert_true(replaced == QP_OK || replaced == QP_E_MEMORY);
        qp_buf_wipe(&out);
        assert_content(in_folder("alloc"), "0123456789");
        if (read == QP_OK && replaced == QP_OK) {
            return;
        }
    }
    fail_msg("never without a failure");
}

/* A pseudo-terminal with keys already typed. */
static int typed(const char *keys, int *other)
{
    *other = posix_openpt(O_RDWR | O_NOCTTY);
    if (*other < 0) {
        printf("skipped: no pseudo-terminal can be had here\n");
        skip();
    }
    assert_int_equal(grantpt(*other), 0);
    assert_int_equal(unlockpt(*other), 0);
    int fd = open(ptsname(*other), O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    pid_t child = fork();
    if (child == 0) {
        /* After the question, for what is typed before it is thrown away. */
        char prompt[16];
        if (read(*other, prompt, sizeof prompt) <= 0 ||
            write(*other, keys, strlen(keys)) != (ssize_t)strlen(keys)) {
            _exit(1);
        }
        sleep(5); /* keep the terminal alive; the parent ends this child */
        _exit(0);
    }
    return fd;
}

static void asks_without_showing_what_is_typed(void **state)
{
    (void)state;
    int other = -1;
    struct qp_err why;
    struct qp_buf out = {0};
    int fd = typed("secx\x7fret \xc3\xb1z\x7f\n", &other);
    struct termios before;
    struct termios after;
    assert_int_equal(tcgetattr(fd, &before), 0);
    assert_ok(qp_terminal_passphrase_fd(fd, "word: ", &out, err));
    assert_int_equal(tcgetattr(fd, &after), 0);
    assert_int_equal(before.c_lflag, after.c_lflag);
    assert_int_equal(out.len, 9);
    assert_memory_equal(out.data, "secret \xc3\xb1", 9);
    close(fd);
    close(other);
    out.len = 0;
    fd = typed("abc\x03", &other);
    assert_int_equal(qp_terminal_passphrase_fd(fd, "word: ", &out, &why), QP_E_USAGE);
    assert_int_equal(out.len, 0);
    assert_non_null(strstr(why.text, "interrupted"));
    close(fd);
    close(other);
    qp_buf_wipe(&out);
    fd = open("/dev/null", O_RDWR);
    assert_int_equal(qp_terminal_passphrase_fd(fd, "word: ", &out, &why), QP_E_USAGE);
    assert_int_equal(qp_terminal_width(fd), 80);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creates_with_mode_and_never_over_a_file),
        cmocka_unit_test(replaces_and_leaves_nothing_else_behind),
        cmocka_unit_test(a_new_file_has_its_name_when_it_is_whole),
        cmocka_unit_test(says_what_cannot_be_read),
        cmocka_unit_test(cuts_an_append_back_that_does_not_fit),
        cmocka_unit_test(locks_out_a_second_process_until_the_first_ends),
        cmocka_unit_test(tells_a_time_of_this_century),
        cmocka_unit_test(survives_a_failure_of_every_allocation),
        cmocka_unit_test(asks_without_showing_what_is_typed),
    };
    return cmocka_run_group_tests_name("host/file", tests, make_folder, remove_folder);
}
