/* What the program denies itself, for the case that it is not its own master any more.
 *
 * Both are of the whole process and last until it ends, so that they are the program's to decide;
 * the libraries change nothing that is of the process. */
#ifndef QUIPU_CONFINE_H
#define QUIPU_CONFINE_H

#include <quipu/err.h>

#include <stdbool.h>

/* Before the first byte of a key or of a passphrase is read: no core dump is written from here on,
 * and no other process of the same user can look into this one. May be called again.
 *
 * locked  out: false when the system lets so little memory be locked that secrets may reach swap
 * Returns QP_OK; QP_E_IO: the system refused, and no key should be opened. */
enum qp_code confine_secrets(bool *locked, struct qp_err *err) QP_MUST_USE;

/* Before the bytes of a stranger are read: what this process has open it may read, write and
 * close; it may have and give back memory, look at the clock, and end. Anything else it asks of
 * the system kills it with SIGSYS: a file, a socket, a process, a thread, memory to run code from.
 * Threads that run already are confined as well, and none can be begun.
 *
 * Says whether it is so: false where the system has no seccomp filters or forbids them, and in
 * builds with a sanitizer (QP_CONFINE). Then nothing has changed, and the work goes on as it did:
 * the answer is the same, with one wall fewer around it. */
bool confine_to_open_files(void);

#endif
