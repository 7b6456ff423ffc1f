/* What a process can still do after it has confined itself, each in a child of its own. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, syscall */
#include "test.h"

#include "confine.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int ends[2]; /* a pipe that the children have open */

/* Status of a child that confines itself and does this: what it exits with, or minus the signal. */
static int confined(int (*job)(void))
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(confine_to_open_files() ? job() : 99);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

#define KILLED (-SIGSYS)

static int do_open(void)
{
    return open("/dev/null", O_RDONLY) >= 0 ? 1 : 2;
}

static int do_write_a_file(void)
{
    return open("/tmp/quipu-confined", O_WRONLY | O_CREAT, 0600) >= 0 ? 1 : 2;
}

static int do_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 1 : 2;
}

static int do_unix_socket(void)
{
    return socket(AF_UNIX, SOCK_DGRAM, 0) >= 0 ? 1 : 2;
}

static int do_stat(void)
{
    struct stat info;
    return stat("/etc/passwd", &info) == 0 ? 1 : 2;
}

static int do_fork(void)
{
    return fork() >= 0 ? 0 : 2;
}

static int do_exec(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}

static void *nothing(void *context)
{
    return context;
}

static int do_thread(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, nothing, NULL) == 0 ? 1 : 2;
}

static int do_kill(void)
{
    return kill(getppid(), 0) == 0 ? 1 : 2;
}

static int do_ptrace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 1 : 2;
}

static int do_unlink(void)
{
    return unlink("/tmp/quipu-confined") == 0 ? 1 : 2;
}

static int do_code(void)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED ? 1 : 2;
}

static int do_make_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? 1 : 2;
}

static int do_type_ahead(void) /* push bytes into the terminal of whoever runs the program */
{
    char byte = 'x';
    return (int)syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, &byte);
}

static int do_signal_others(void)
{
    return (int)syscall(SYS_tgkill, getppid(), getppid(), SIGABRT);
}

/* In a child too: it lasts until the process ends. */
static void a_process_with_secrets_cannot_be_dumped(void **state)
{
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {1, 1};
        bool locked = false;
        bool good = prctl(PR_GET_DUMPABLE) == 1 && confine_secrets(&locked, NULL) == QP_OK &&
                    confine_secrets(&locked, NULL) == QP_OK && prctl(PR_GET_DUMPABLE) == 0 &&
                    getrlimit(RLIMIT_CORE, &limit) == 0;
        _exit(good && limit.rlim_cur == 0 && limit.rlim_max == 0 ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void everything_else_kills(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int (*job)(void);
    } jobs[] = {
        {"open", do_open},
        {"open to write", do_write_a_file},
        {"socket", do_socket},
        {"socket on the machine", do_unix_socket},
        {"stat", do_stat},
        {"fork", do_fork},
        {"exec", do_exec},
        {"a thread", do_thread},
        {"kill", do_kill},
        {"tgkill of another", do_signal_others},
        {"ptrace", do_ptrace},
        {"unlink", do_unlink},
        {"memory for code", do_code},
        {"memory made code", do_make_code},
        {"ioctl TIOCSTI", do_type_ahead},
    };
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        int got = confined(jobs[i].job);
        if (got != KILLED) {
            fail_msg("%s: the child ended with %d", jobs[i].name, got);
        }
    }
}

static int do_nothing(void)
{
    return 0;
}

static int do_work(void)
{
    char byte = 0;
    struct timespec now;
    void *blocks[64];
    for (size_t i = 0; i < 64; i++) {
        blocks[i] = malloc((size_t)1 << (i % 24));
        if (blocks[i] == NULL) {
            return 3;
        }
        memset(blocks[i], 1, (size_t)1 << (i % 24));
    }
    for (size_t i = 0; i < 64; i++) {
        blocks[i] = realloc(blocks[i], (size_t)3 << (i % 22));
        free(blocks[i]);
    }
    if (write(ends[1], "x", 1) != 1 || read(ends[0], &byte, 1) != 1 || byte != 'x') {
        return 4;
    }
    printf("a confined child writes to stdout\n");
    fprintf(stderr, "and to stderr\n");
    return clock_gettime(CLOCK_REALTIME, &now) == 0 && fflush(stdout) == 0 && close(ends[0]) == 0
               ? 0
               : 5;
}

static void what_is_open_can_be_worked_with(void **state)
{
    (void)state;
    assert_int_equal(confined(do_work), 0);
}

static int do_abort(void)
{
    abort();
}

static void an_assertion_still_ends_by_its_own_name(void **state)
{
    (void)state;
    assert_int_equal(confined(do_abort), -SIGABRT);
}

static int told[2];

static void *open_when_told(void *context)
{
    char byte = 0;
    (void)context;
    if (read(told[0], &byte, 1) == 1) {
        (void)open("/dev/null", O_RDONLY);
    }
    return NULL;
}

/* A thread that was there before is not the way out. */
static void threads_that_run_are_confined_too(void **state)
{
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        if (pipe(told) != 0 || pthread_create(&thread, NULL, open_when_told, NULL) != 0 ||
            !confine_to_open_files() || write(told[1], "x", 1) != 1) {
            _exit(98);
        }
        (void)pthread_join(thread, NULL);
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

int main(void)
{
    const struct CMUnitTest secrets[] = {
        cmocka_unit_test(a_process_with_secrets_cannot_be_dumped),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_else_kills),
        cmocka_unit_test(what_is_open_can_be_worked_with),
        cmocka_unit_test(an_assertion_still_ends_by_its_own_name),
        cmocka_unit_test(threads_that_run_are_confined_too),
    };
    struct rlimit none = {0, 0}; /* the killed leave no cores */
    if (pipe(ends) != 0 || setrlimit(RLIMIT_CORE, &none) != 0 ||
        cmocka_run_group_tests(secrets, NULL, NULL) != 0) {
        return 1;
    }
    if (confined(do_nothing) == 99) {
        printf("the rest is skipped: no seccomp filter can be set here, or this build has none\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
