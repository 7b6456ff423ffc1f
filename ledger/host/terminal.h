/* Host: the terminal of the person at the keyboard. */
#ifndef QP_HOST_TERMINAL_H
#define QP_HOST_TERMINAL_H

#include <quipu/bytes.h>

#define QP_PASSPHRASE_BYTES_MAX 1024

/* Ask on /dev/tty for a passphrase, without showing what is typed, appended to out without its line
 * end; wipe `out` after use. QP_E_USAGE (no terminal, interrupted, empty, too long); QP_E_IO;
 * QP_E_MEMORY. */
enum qp_code qp_terminal_passphrase(const char *prompt, struct qp_buf *out,
                                    struct qp_err *err) QP_MUST_USE;
/* As above, on a terminal that is open already. */
enum qp_code qp_terminal_passphrase_fd(int fd, const char *prompt, struct qp_buf *out,
                                       struct qp_err *err) QP_MUST_USE;
/* Columns of the terminal behind the descriptor, or 80 where there is none. */
unsigned qp_terminal_width(int fd);

#endif
