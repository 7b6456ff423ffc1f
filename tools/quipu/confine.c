#include "confine.h"

#include "core/check.h"
#include "host/file.h"

#include <quipu/key.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- Secrets ---- */

/* Pages that are locked while a key is opened: each guarded block takes one or two, and there are
 * never more than ten at once. */
#define LOCKED_BYTES ((size_t)16 * 4096)

static bool can_lock(void)
{
    void *pages = aligned_alloc(4096, LOCKED_BYTES);
    bool can = pages != NULL && mlock(pages, LOCKED_BYTES) == 0;
    if (can) {
        (void)munlock(pages, LOCKED_BYTES);
    }
    free(pages);
    return can;
}

enum qp_code confine_secrets(bool *locked, struct qp_err *err)
{
    static bool done;
    if (!done) {
        /* The limit is for files alone: a program that the system pipes cores to gets them all
         * the same, unless the process cannot be dumped. That also ends ptrace and /proc/PID/mem
         * for other processes of the user. */
        const struct rlimit none = {0, 0};
        if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) != 0) {
            return qp_fail_errno(err, errno, "turn off", "core dumps, so no key is opened");
        }
        done = true;
    }
    *locked = can_lock();
    return QP_OK;
}

/* ---- Hostile bytes ---- */

#ifdef QP_CONFINE

#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>

/* Whole calls: none of them reaches anything that the process does not have already. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sysinfo), /* the C library's qsort asks how much memory there is */
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

static int add_rules(scmp_filter_ctx filter)
{
    const struct {
        int call;
        unsigned count;
        struct scmp_arg_cmp args[2];
    } in_part[] = {
        /* Memory, but none that code could run from. */
        {SCMP_SYS(mmap), 1, {{.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC}}},
        {SCMP_SYS(mprotect), 1, {{.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC}}},
        /* Is it a terminal, and how wide. */
        {SCMP_SYS(ioctl), 1, {{.arg = 1, .op = SCMP_CMP_EQ, .datum_a = TCGETS}}},
        {SCMP_SYS(ioctl), 1, {{.arg = 1, .op = SCMP_CMP_EQ, .datum_a = TIOCGWINSZ}}},
        /* An assertion that fails ends the process by its own name. */
        {SCMP_SYS(tgkill),
         2,
         {{.arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid()},
          {.arg = 2, .op = SCMP_CMP_EQ, .datum_a = SIGABRT}}},
    };
    int rc = 0;
    for (size_t i = 0; i < QP_COUNT(allowed) && rc == 0; i++) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    for (size_t i = 0; i < QP_COUNT(in_part) && rc == 0; i++) {
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, in_part[i].call, in_part[i].count,
                                    in_part[i].args);
    }
    return rc;
}

bool confine_to_open_files(void)
{
    static char out[BUFSIZ];
    /* What is asked of the system once, at the first use, is asked now: stdio looks at the file
     * behind stdout, jansson reads a seed against chosen keys. */
    if (setvbuf(stdout, out, isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF, sizeof out) != 0) {
        return false;
    }
    json_object_seed(0);
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return false;
    }
    bool confined = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
                    seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
                    add_rules(filter) == 0 && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return confined;
}

#else

bool confine_to_open_files(void)
{
    return false;
}

#endif
