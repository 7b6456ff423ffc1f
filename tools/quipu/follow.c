/* Waiting for what a ledger admits next. */
#include "reader.h"

#include "host/file.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define POLL_EVERY_MS 200

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

enum qp_code reader_follow_begin(struct qp_err *err)
{
    struct sigaction stop = {.sa_handler = on_interrupt};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&stop.sa_mask);
    (void)sigemptyset(&ignore.sa_mask);
    if (sigaction(SIGINT, &stop, NULL) != 0 || sigaction(SIGTERM, &stop, NULL) != 0 ||
        sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return qp_fail_errno(err, errno, "handle signals for", "--follow");
    }
    return QP_OK;
}

/* Has whoever read stdout gone? Waits for that up to the time. */
static bool reader_has_gone(int wait_ms)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, wait_ms) > 0 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

/* What is still to be written then goes nowhere, and neither that nor what could not be written
 * before is a failure. */
static enum qp_code leave_stdout(struct cli *cli, bool *more, struct qp_err *err)
{
    *more = false;
    if (cli->failed == QP_E_IO) {
        cli->failed = QP_OK;
    }
    if (freopen("/dev/null", "w", stdout) == NULL) {
        return qp_fail_errno(err, errno, "open", "/dev/null");
    }
    return QP_OK;
}

enum qp_code reader_follow(struct cli *cli, struct reader *reader, uint64_t size, bool *more,
                           struct qp_err *err)
{
    *more = true;
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        return reader_has_gone(0)
                   ? leave_stdout(cli, more, err)
                   : qp_fail(err, QP_E_IO, "cannot write to stdout: is the disk full");
    }
    while (interrupted == 0) {
        enum qp_code rc = qp_log_refresh(reader->log, err);
        if (rc != QP_OK || qp_log_size(reader->log) > size) {
            return rc;
        }
        if (reader_has_gone(POLL_EVERY_MS)) {
            return leave_stdout(cli, more, err);
        }
    }
    *more = false;
    return QP_OK;
}
