#include "host/terminal.h"

#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* What the keys send when the terminal passes them through. */
enum { KEY_INTERRUPT = 3, KEY_END = 4, KEY_BACK = 8, KEY_KILL = 21, KEY_DELETE = 127 };

static void erase_character(struct qp_buf *out, size_t start)
{
    while (out->len > start) {
        out->len--;
        uint8_t byte = out->data[out->len];
        out->data[out->len] = 0;
        if ((byte & 0xc0U) != 0x80U) {
            return; /* first byte of a UTF-8 character */
        }
    }
}

/* One line, byte by byte, so that nothing stays behind in a buffer that we do not own. */
static enum qp_code read_hidden(int fd, struct qp_buf *out, struct qp_err *err)
{
    size_t start = out->len;
    for (;;) {
        uint8_t byte = 0;
        size_t got = 0;
        enum qp_code rc = qp_fd_read(fd, "the terminal", &byte, 1, &got, err);
        if (rc != QP_OK) {
            return rc;
        }
        if (byte == KEY_INTERRUPT) {
            return qp_fail(err, QP_E_USAGE, "interrupted at the question for the passphrase");
        }
        if (got == 0 || byte == '\n' || byte == '\r' || byte == KEY_END) {
            break;
        }
        if (byte == KEY_BACK || byte == KEY_DELETE) {
            erase_character(out, start);
        } else if (byte == KEY_KILL) {
            memset(out->data + start, 0, out->len - start);
            out->len = start;
        } else if (out->len - start == QP_PASSPHRASE_BYTES_MAX) {
            return qp_fail(err, QP_E_USAGE, "the passphrase is longer than %d bytes",
                           QP_PASSPHRASE_BYTES_MAX);
        } else {
            out->data[out->len++] = byte;
        }
    }
    return out->len > start ? QP_OK
                            : qp_fail(err, QP_E_USAGE,
                                      "the passphrase is empty; type at least one "
                                      "character");
}

enum qp_code qp_terminal_passphrase_fd(int fd, const char *prompt, struct qp_buf *out,
                                       struct qp_err *err)
{
    struct termios before;
    if (tcgetattr(fd, &before) != 0) {
        return qp_fail(err, QP_E_USAGE,
                       "there is no terminal to ask for the passphrase; give it in "
                       "a file or on a descriptor");
    }
    /* All room at once: a buffer that grows would leave a copy behind. */
    enum qp_code rc = qp_buf_reserve(out, QP_PASSPHRASE_BYTES_MAX + 1, err);
    if (rc != QP_OK) {
        return rc;
    }
    size_t start = out->len;
    /* Signals of the keyboard are off as well: Ctrl-C comes as a byte, and the terminal is put back
     * before anything else happens. */
    struct termios hidden = before;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
    hidden.c_cc[VMIN] = 1;
    hidden.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSAFLUSH, &hidden) != 0) {
        return qp_fail_errno(err, errno, "turn off the echo of", "the terminal");
    }
    rc = qp_fd_write(fd, "the terminal", qp_span_text(prompt), err);
    if (rc == QP_OK) {
        rc = read_hidden(fd, out, err);
    }
    if (rc != QP_OK) {
        memset(out->data + start, 0, out->len - start);
        out->len = start;
    }
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    /* The line end that the person typed was not shown. */
    enum qp_code shown = qp_fd_write(fd, "the terminal", qp_span_text("\n"), NULL);
    (void)shown;
    return rc;
}

enum qp_code qp_terminal_passphrase(const char *prompt, struct qp_buf *out, struct qp_err *err)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return qp_fail(err, QP_E_USAGE,
                       "there is no terminal to ask for the passphrase; give it in "
                       "a file or on a descriptor");
    }
    enum qp_code rc = qp_terminal_passphrase_fd(fd, prompt, out, err);
    (void)close(fd);
    return rc;
}

unsigned qp_terminal_width(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return 80;
    }
    return size.ws_col;
}
