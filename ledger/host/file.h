/* Host: files, folders and locks, the durable way.
 *
 * Every failure names the path and what the system said. Interrupted calls go on, short writes are
 * completed, and a failed close is a failed write. Nothing here is specific to a format.
 * Thread-safe, except that a lock is of the process that took it. */
#ifndef QP_HOST_FILE_H
#define QP_HOST_FILE_H

#include <quipu/bytes.h>

#include <dirent.h>
#include <sys/types.h>

/* ---- Whole files ---- */

/* Append the bytes of a file, or of stdin when path is "-", to out; at most most_bytes.
 * QP_E_INPUT (more than that), QP_E_IO, QP_E_MEMORY; on failure `out` is as before. */
enum qp_code qp_file_read(const char *path, size_t most_bytes, struct qp_buf *out,
                          struct qp_err *err) QP_MUST_USE;
/* The two steps of that, for whoever opens before it reads: a descriptor to read the file from,
 * which the caller closes unless it is STDIN_FILENO; and the bytes of one. The path is for the
 * words. */
enum qp_code qp_file_open(const char *path, int *fd, struct qp_err *err) QP_MUST_USE;
/* An early word on a file that is larger than may be read of it. What a file says of its size is
 * good for no more, and a pipe says nothing. QP_E_INPUT. */
enum qp_code qp_fd_fits(int fd, const char *path, size_t most_bytes,
                        struct qp_err *err) QP_MUST_USE;
enum qp_code qp_fd_read_all(int fd, const char *path, size_t most_bytes, struct qp_buf *out,
                            struct qp_err *err) QP_MUST_USE;
/* Write a new file, durably. Never over a file that is there, nor through a symbolic link: QP_E_IO.
 * On failure the file is not there. */
enum qp_code qp_file_create(const char *path, mode_t mode, struct qp_span bytes,
                            struct qp_err *err) QP_MUST_USE;
/* Put a file in the place of another one, or of none: whoever reads the path sees the old bytes or
 * the new ones, also after a power cut. QP_E_IO. */
enum qp_code qp_file_replace(const char *path, mode_t mode, struct qp_span bytes,
                             struct qp_err *err) QP_MUST_USE;
/* The same for a file that must be there, and whose group and permissions the new one has: what an
 * operator granted lasts. QP_E_IO. */
enum qp_code qp_file_renew(const char *path, struct qp_span bytes, struct qp_err *err) QP_MUST_USE;
/* The bytes to a path that a person named for them: a file is replaced as above, the one that a
 * symbolic link leads to and not the link; what is no regular file (a device, a pipe) is written
 * into. QP_E_IO; QP_E_USAGE when it is a folder. */
enum qp_code qp_file_put(const char *path, mode_t mode, struct qp_span bytes,
                         struct qp_err *err) QP_MUST_USE;
/* Is something there under the path (a dangling symbolic link is something)? QP_E_IO when that
 * cannot be known. */
enum qp_code qp_file_exists(const char *path, bool *exists, struct qp_err *err) QP_MUST_USE;

/* ---- Open files; path is for the words of an error ---- */

/* All bytes at the file's position, or QP_E_IO, QP_E_FULL; then some of them may be there. */
enum qp_code qp_fd_write(int fd, const char *path, struct qp_span bytes,
                         struct qp_err *err) QP_MUST_USE;
/* Up to len bytes; *got is less only at the end of the file. */
enum qp_code qp_fd_read(int fd, const char *path, uint8_t *bytes, size_t len, size_t *got,
                        struct qp_err *err) QP_MUST_USE;
/* Durable from here on. */
enum qp_code qp_fd_sync(int fd, const char *path, struct qp_err *err) QP_MUST_USE;
/* Bytes behind the last one of a file opened for appending, durably: the file ends with all of
 * them, or is cut back to the length it had. */
enum qp_code qp_fd_append(int fd, const char *path, struct qp_span bytes,
                          struct qp_err *err) QP_MUST_USE;
/* *fd becomes -1 whatever happens; -1 is allowed. */
enum qp_code qp_fd_close(int *fd, const char *path, struct qp_err *err) QP_MUST_USE;

/* ---- Folders and locks ---- */

/* Make a folder, durably; one that is there already is left as it is. QP_E_IO. */
enum qp_code qp_folder_make(const char *path, mode_t mode, struct qp_err *err) QP_MUST_USE;
/* The next name in an open folder, NULL behind the last: what cannot be read is not an empty
 * folder. path is for the words of QP_E_IO. */
enum qp_code qp_folder_next(DIR *folder, const char *path, const char **name,
                            struct qp_err *err) QP_MUST_USE;

/* Durable names: call it after files were made, renamed or taken away in the folder. */
enum qp_code qp_folder_sync(const char *path, struct qp_err *err) QP_MUST_USE;
/* The same for the folder that the path's last name stands in. */
enum qp_code qp_parent_sync(const char *path, struct qp_err *err) QP_MUST_USE;

/* Lock a file (made where it is not there) against every other process and against other locks of
 * this one. Waits for nothing: QP_E_BUSY. Ends with qp_lock_release, or with the process. */
enum qp_code qp_lock_take(const char *path, int *lock, struct qp_err *err) QP_MUST_USE;
/* Together with others who share it, and against who takes it. The file is only read, so this works
 * without write permission. QP_E_NOT_FOUND, QP_E_BUSY. Ends as the other one does. */
enum qp_code qp_lock_share(const char *path, int *lock, struct qp_err *err) QP_MUST_USE;
void qp_lock_release(int *lock); /* becomes -1; -1 is allowed */

/* QP_E_IO, or QP_E_FULL, with "cannot <doing> <path>: <what errno says>". error is the errno. */
enum qp_code qp_fail_errno(struct qp_err *err, int error, const char *doing, const char *path);

#endif
