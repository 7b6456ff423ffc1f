/* Who may look at a ledger and who may write: permissions, copies that are read-only, full disks.
 */
#define _GNU_SOURCE /* unshare, setgroups */

#include "log/folder.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define SKIPPED 77
#define NOBODY 65534

static struct folder folder;

static int setup(void **state)
{
    (void)state;
    umask(022);
    folder_init(&folder);
    folder_grow(&folder, 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_wipe(&folder);
    return 0;
}

/* Run the job in a process of its own; 0: as it must be. */
static void in_child(int (*job)(void))
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(job());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFSIGNALED(status));
    if (WEXITSTATUS(status) == SKIPPED) {
        printf("skipped: this user may not mount a file system, or nobody may not enter /\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static mode_t mode_of(const char *name)
{
    char path[256];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", folder.dir, name);
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static void set_mode(const char *name, mode_t mode)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder.dir, name);
    assert_int_equal(chmod(path, mode), 0);
}

static void set_modes(mode_t folders, mode_t files)
{
    set_mode("store/data.mdb", files);
    set_mode("store/lock.mdb", files);
    set_mode("anchor", files);
    set_mode("lock", files);
    set_mode("store", folders);
    set_mode("", folders);
    assert_int_equal(chmod(folder.top, 0755), 0);
}

static void is_made_for_its_owner_alone(void **state)
{
    (void)state;
    assert_int_equal(mode_of(""), 0700);
    assert_int_equal(mode_of("store"), 0700);
    assert_int_equal(mode_of("store/data.mdb"), 0600);
    assert_int_equal(mode_of("store/lock.mdb"), 0600);
    assert_int_equal(mode_of("anchor"), 0600);
    assert_int_equal(mode_of("lock"), 0600);
}

static void leaves_what_an_operator_granted(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    set_modes(0750, 0640);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_harvests(&folder.season, 20, 3, 4, &records);
    folder_admit(log, &records);
    qp_log_close(log);
    qp_buf_wipe(&records);
    assert_int_equal(mode_of(""), 0750);
    assert_int_equal(mode_of("store/data.mdb"), 0640);
    assert_int_equal(mode_of("anchor"), 0640);
}

static int become_nobody(void)
{
    if (geteuid() != 0) {
        return 0;
    }
    if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0) {
        return -1;
    }
    return access("/", X_OK); /* some sandboxes have a root that is root's alone */
}

static int nobody_walks(void)
{
    return become_nobody() != 0 ? SKIPPED : 0;
}

static enum qp_code open_for(enum qp_log_mode mode, struct qp_log **log, struct qp_err *err)
{
    struct qp_log_options options = folder_options(&folder, mode);
    return qp_log_open(folder.dir, &options, log, err);
}

/* 0: it can be read and audited. */
static int read_and_audit(const char *temp_dir)
{
    struct qp_audit_options options = {.temp_dir = temp_dir};
    struct qp_audit_report report = {0};
    struct qp_log *log = NULL;
    struct qp_buf out = {0};
    struct qp_err why = {0};
    enum qp_code rc = open_for(QP_LOG_READ, &log, &why);
    rc = rc == QP_OK ? qp_log_receipt(log, 7, &out, &why) : rc;
    rc = rc == QP_OK ? qp_log_audit(log, &options, &report, &why) : rc;
    qp_log_close(log);
    qp_buf_wipe(&out);
    if (rc != QP_OK || report.faults > 0) {
        printf("%s%s\n", why.text, report.first);
        return 1;
    }
    return 0;
}

static int read_as_nobody(void)
{
    return become_nobody() != 0 ? SKIPPED : read_and_audit(NULL);
}

static void is_read_by_one_who_may_not_write(void **state)
{
    (void)state;
    set_modes(0555, 0444);
    in_child(read_as_nobody);
    set_modes(0755, 0644);
}

static int is_busy_for_nobody(void)
{
    struct qp_log *log = NULL;
    struct qp_err why = {0};
    if (become_nobody() != 0) {
        return SKIPPED;
    }
    return open_for(QP_LOG_READ, &log, &why) == QP_E_BUSY && strstr(why.text, "lock.mdb") != NULL
               ? 0
               : 1;
}

static void does_not_read_unseen_beside_a_writer(void **state)
{
    (void)state;
    in_child(nobody_walks);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    set_modes(0555, 0444);
    in_child(is_busy_for_nobody);
    qp_log_close(log);
    in_child(read_as_nobody);
    set_modes(0755, 0644);
}

static void keeps_writers_out_while_it_reads_unseen(void **state)
{
    (void)state;
    int ready[2];
    int done[2];
    char byte = 0;
    int status = 0;
    struct qp_log *log = NULL;
    struct qp_err why = {0};
    in_child(nobody_walks);
    set_modes(0555, 0444);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(done[1]);
        int rc = become_nobody() != 0 || open_for(QP_LOG_READ, &log, &why) != QP_OK;
        rc = write(ready[1], &byte, 1) != 1 || rc != 0;
        rc = read(done[0], &byte, 1) != 0 || rc != 0;
        _exit(rc);
    }
    close(done[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    set_modes(0755, 0644);
    assert_int_equal(open_for(QP_LOG_WRITE, &log, &why), QP_E_BUSY);
    close(done[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_ok(open_for(QP_LOG_WRITE, &log, err));
    qp_log_close(log);
    close(ready[0]);
    close(ready[1]);
}

static int mounts_of_its_own(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
               ? 0
               : -1;
}

static int read_on_a_read_only_disk(void)
{
    if (mounts_of_its_own() != 0 || mount(folder.dir, folder.dir, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, folder.dir, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0) {
        return SKIPPED;
    }
    return read_and_audit(NULL);
}

static void is_read_on_a_read_only_file_system(void **state)
{
    (void)state;
    in_child(read_on_a_read_only_disk);
}

static void fill(const char *dir)
{
    static char block[4096];
    char path[256];
    snprintf(path, sizeof path, "%s/filling", dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    while (fd >= 0 && write(fd, block, sizeof block) > 0) {
    }
    close(fd);
}

static int audit_without_room(void)
{
    char small[96];
    snprintf(small, sizeof small, "%s/small", folder.top);
    if (mkdir(small, 0700) != 0 || mounts_of_its_own() != 0 ||
        mount("none", small, "tmpfs", 0, "size=400k") != 0) {
        return SKIPPED;
    }
    struct qp_audit_options options = {.temp_dir = small};
    struct qp_audit_report report = {0};
    struct qp_log *log = NULL;
    struct qp_err why = {0};
    if (open_for(QP_LOG_AUDIT, &log, &why) != QP_OK ||
        qp_log_audit(log, &options, &report, &why) != QP_E_FULL ||
        strstr(why.text, "has room for") == NULL) {
        printf("%s\n", why.text);
        return 1;
    }
    qp_log_close(log);
    return 0;
}

static void audit_refuses_where_there_is_no_room(void **state)
{
    (void)state;
    in_child(audit_without_room);
}

/* A copy of the ledger on a disk that is full. */
static int audit_on_a_full_disk(void)
{
    char small[70];
    char command[512];
    snprintf(small, sizeof small, "%.60s/small", folder.top);
    if (mkdir(small, 0700) != 0 || mounts_of_its_own() != 0 ||
        mount("none", small, "tmpfs", 0, "size=4m") != 0) {
        return SKIPPED;
    }
    snprintf(command, sizeof command, "cp -a %s %s/ledger", folder.dir, small);
    if (system(command) != 0) { /* NOLINT: names of our own */
        return 2;
    }
    snprintf(folder.dir, sizeof folder.dir, "%.70s/ledger", small);
    fill(small);
    struct qp_audit_options options = {.rebuild = false};
    struct qp_audit_report report = {0};
    struct qp_log *log = NULL;
    struct qp_err why = {0};
    setenv("TMPDIR", small, 1);
    if (open_for(QP_LOG_AUDIT, &log, &why) != QP_OK ||
        qp_log_audit(log, &options, &report, &why) != QP_E_FULL ||
        strstr(why.text, "TMPDIR") == NULL) {
        printf("%s\n", why.text);
        return 1;
    }
    qp_log_close(log);
    unsetenv("TMPDIR");
    return read_and_audit(NULL);
}

static void audit_finds_room_elsewhere_or_says_so(void **state)
{
    (void)state;
    in_child(audit_on_a_full_disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(is_made_for_its_owner_alone),
        T(leaves_what_an_operator_granted),
        T(is_read_by_one_who_may_not_write),
        T(does_not_read_unseen_beside_a_writer),
        T(keeps_writers_out_while_it_reads_unseen),
        T(is_read_on_a_read_only_file_system),
        T(audit_refuses_where_there_is_no_room),
        T(audit_finds_room_elsewhere_or_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
