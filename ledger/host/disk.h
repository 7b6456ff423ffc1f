/* Disk: room on it, and where files go that live only as long as a command.
 *
 * Thread-safe, as far as nobody changes the environment meanwhile. */
#ifndef QP_HOST_DISK_H
#define QP_HOST_DISK_H

#include <quipu/bytes.h>

#include <sys/types.h>

/* Bytes that this process may still write where the path is; 0 also where it may not write at all,
 * UINT64_MAX where the file system does not say. A promise of nothing: others write too. QP_E_IO.
 */
enum qp_code qp_disk_room(const char *dir, uint64_t *bytes, struct qp_err *err) QP_MUST_USE;
/* Bytes by which this process may let a file of so many bytes grow (RLIMIT_FSIZE). What ignores
 * SIGXFSZ, as the program does, is told EFBIG by a write beyond; others are killed. */
uint64_t qp_file_room(uint64_t file_bytes);
/* TMPDIR, or /tmp where that is not set; never NULL. */
const char *qp_temp_dir(void);
/* May this process, as the user it acts for, write to what is there under the path? */
bool qp_may_write(const char *path);
/* Give every byte of the file room on the disk: a mapped file that only looks as long as it is
 * kills the process that touches a byte for which the disk has no room. Made where it is not there;
 * grows to `bytes` and never shrinks. Calls nothing but the system's: *error is an errno or 0. */
void qp_disk_reserve(const char *path, mode_t mode, uint64_t bytes, int *error);

#endif
