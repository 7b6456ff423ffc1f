#define _XOPEN_SOURCE 700 /* realpath */
#include "host/file.h"

#include "core/alloc.h"
#include "core/check.h"

#include <quipu/key.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP_BYTES ((size_t)64 * 1024)
/* Linux moves at most 2 GiB in one call. */
#define WRITE_STEP_BYTES ((size_t)64 * 1024 * 1024)

enum qp_code qp_fail_errno(struct qp_err *err, int error, const char *doing, const char *path)
{
    char what[128] = "unknown error";
    if (strerror_r(error, what, sizeof what) != 0) {
        snprintf(what, sizeof what, "error %d", error);
    }
    bool full = error == ENOSPC || error == EDQUOT;
    const char *next = full ? "; free some space and try again"
                       : error == EFBIG
                           ? "; raise the limit of file sizes (ulimit -f) and try again"
                           : "";
    return qp_fail(err, full || error == EFBIG ? QP_E_FULL : QP_E_IO, "cannot %s %.180s: %s%s",
                   doing, path, what, next);
}

/* ---- Open files ---- */

enum qp_code qp_fd_write(int fd, const char *path, struct qp_span bytes, struct qp_err *err)
{
    for (size_t at = 0; at < bytes.len;) {
        size_t step = bytes.len - at < WRITE_STEP_BYTES ? bytes.len - at : WRITE_STEP_BYTES;
        ssize_t n = write(fd, bytes.data + at, step);
        if (n < 0 && errno != EINTR) {
            return qp_fail_errno(err, errno, "write", path);
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return QP_OK;
}

enum qp_code qp_fd_read(int fd, const char *path, uint8_t *bytes, size_t len, size_t *got,
                        struct qp_err *err)
{
    size_t at = 0;
    while (at < len) {
        size_t step = len - at < WRITE_STEP_BYTES ? len - at : WRITE_STEP_BYTES;
        ssize_t n = read(fd, bytes + at, step);
        if (n < 0 && errno != EINTR) {
            return qp_fail_errno(err, errno, "read", path);
        }
        if (n == 0) {
            break;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    *got = at;
    return QP_OK;
}

enum qp_code qp_fd_sync(int fd, const char *path, struct qp_err *err)
{
    while (fsync(fd) != 0) {
        if (errno != EINTR) {
            return qp_fail_errno(err, errno, "make durable", path);
        }
    }
    return QP_OK;
}

enum qp_code qp_fd_append(int fd, const char *path, struct qp_span bytes, struct qp_err *err)
{
    off_t end = lseek(fd, 0, SEEK_END);
    if (end < 0) {
        return qp_fail_errno(err, errno, "find the end of", path);
    }
    enum qp_code rc = qp_fd_write(fd, path, bytes, err);
    if (rc == QP_OK) {
        rc = qp_fd_sync(fd, path, err);
    }
    if (rc != QP_OK && (ftruncate(fd, end) != 0 || fsync(fd) != 0)) {
        /* What stays behind the end is for the reader to recognise; the first failure is what the
         * caller needs to know. */
        return rc;
    }
    return rc;
}

enum qp_code qp_fd_close(int *fd, const char *path, struct qp_err *err)
{
    int closing = *fd;
    *fd = -1;
    /* After EINTR Linux has closed it all the same. */
    if (closing >= 0 && close(closing) != 0 && errno != EINTR) {
        return qp_fail_errno(err, errno, "close", path);
    }
    return QP_OK;
}

static int open_again(const char *path, int flags, mode_t mode)
{
    int fd = -1;
    do {
        fd = open(path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* Close after a failure that has been told already. */
static void drop(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

/* ---- Whole files ---- */

static enum qp_code too_large(const char *path, size_t most_bytes, struct qp_err *err)
{
    return qp_fail(err, QP_E_INPUT, "%.180s is larger than %zu bytes, the most that is read here",
                   path, most_bytes);
}

static enum qp_code read_all(int fd, const char *path, size_t most_bytes, struct qp_buf *out,
                             struct qp_err *err)
{
    size_t before = out->len;
    for (;;) {
        /* One more than may be, to see whether there is more; a key is small, and its buffer dear.
         */
        size_t left = most_bytes - (out->len - before);
        enum qp_code rc =
            qp_buf_reserve(out, left < READ_STEP_BYTES ? left + 1 : READ_STEP_BYTES, err);
        if (rc != QP_OK) {
            return rc;
        }
        size_t got = 0;
        rc = qp_fd_read(fd, path, out->data + out->len, out->capacity - out->len, &got, err);
        if (rc != QP_OK) {
            return rc;
        }
        out->len += got;
        if (out->len - before > most_bytes) {
            return too_large(path, most_bytes, err);
        }
        if (got == 0) {
            return QP_OK;
        }
    }
}

enum qp_code qp_file_open(const char *path, int *fd, struct qp_err *err)
{
    int opened = strcmp(path, "-") == 0 ? STDIN_FILENO : open_again(path, O_RDONLY | O_NOCTTY, 0);
    if (opened < 0) {
        return qp_fail_errno(err, errno, "open", path);
    }
    *fd = opened;
    return QP_OK;
}

enum qp_code qp_fd_fits(int fd, const char *path, size_t most_bytes, struct qp_err *err)
{
    struct stat info;
    bool larger = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 &&
                  (uint64_t)info.st_size > most_bytes && lseek(fd, 0, SEEK_CUR) == 0;
    return larger ? too_large(strcmp(path, "-") == 0 ? "standard input" : path, most_bytes, err)
                  : QP_OK;
}

enum qp_code qp_fd_read_all(int fd, const char *path, size_t most_bytes, struct qp_buf *out,
                            struct qp_err *err)
{
    size_t before = out->len;
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    enum qp_code rc = read_all(fd, name, most_bytes, out, err);
    out->len = rc == QP_OK ? out->len : before;
    return rc;
}

enum qp_code qp_file_read(const char *path, size_t most_bytes, struct qp_buf *out,
                          struct qp_err *err)
{
    int fd = -1;
    enum qp_code rc = qp_file_open(path, &fd, err);
    rc = rc == QP_OK ? qp_fd_fits(fd, path, most_bytes, err) : rc;
    rc = rc == QP_OK ? qp_fd_read_all(fd, path, most_bytes, out, err) : rc;
    if (fd != STDIN_FILENO) {
        drop(&fd);
    }
    return rc;
}

/* The folder that a path's last name stands in; QP_E_MEMORY. Free with qp_free. */
static enum qp_code parent_of(const char *path, char **parent, struct qp_err *err)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    char *copy = qp_alloc(len + 2);
    if (copy == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for the name of a folder");
    }
    memcpy(copy, len == 0 ? "." : path, len == 0 ? 1 : len);
    copy[len == 0 ? 1 : len] = '\0';
    *parent = copy;
    return QP_OK;
}

enum qp_code qp_parent_sync(const char *path, struct qp_err *err)
{
    char *parent = NULL;
    enum qp_code rc = parent_of(path, &parent, err);
    if (rc == QP_OK) {
        rc = qp_folder_sync(parent, err);
    }
    qp_free(parent);
    return rc;
}

/* A new file with its bytes on the disk, but its name not yet. */
static enum qp_code write_new(const char *path, mode_t mode, struct qp_span bytes,
                              struct qp_err *err)
{
    int fd = open_again(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    if (fd < 0) {
        return errno == EEXIST ? qp_fail(err, QP_E_IO,
                                         "%.180s is there already and is never written over; "
                                         "choose another name or move it away",
                                         path)
                               : qp_fail_errno(err, errno, "create", path);
    }
    enum qp_code rc = qp_fd_write(fd, path, bytes, err);
    if (rc == QP_OK) {
        rc = qp_fd_sync(fd, path, err);
    }
    if (rc == QP_OK) {
        rc = qp_fd_close(&fd, path, err);
    }
    drop(&fd);
    if (rc != QP_OK) {
        (void)unlink(path);
    }
    return rc;
}

enum qp_code qp_file_create(const char *path, mode_t mode, struct qp_span bytes, struct qp_err *err)
{
    enum qp_code rc = write_new(path, mode, bytes, err);
    if (rc == QP_OK) {
        rc = qp_parent_sync(path, err);
        if (rc != QP_OK) {
            (void)unlink(path);
        }
    }
    return rc;
}

/* Also with the group and permissions of `like`, when that is not NULL. */
static enum qp_code replace(const char *path, mode_t mode, const struct stat *like,
                            struct qp_span bytes, struct qp_err *err)
{
    uint8_t random[8];
    char suffix[2 * sizeof random + 1];
    qp_random(random, sizeof random);
    qp_hex_encode(suffix, qp_span_of(random, sizeof random));
    struct qp_buf temporary = {0};
    enum qp_code rc = qp_buf_addf(&temporary, err, "%s.%s.tmp", path, suffix);
    if (rc != QP_OK) {
        goto out;
    }
    const char *name = (const char *)temporary.data;
    rc = write_new(name, mode, bytes, err);
    if (rc != QP_OK) {
        goto out;
    }
    if (like != NULL) {
        /* Where the group cannot be given, what was meant for it is not given to another one. */
        mode_t all = S_IRWXU | S_IRWXG | S_IRWXO;
        bool given = chown(name, (uid_t)-1, like->st_gid) == 0;
        if (chmod(name, like->st_mode & (given ? all : all & ~(mode_t)S_IRWXG)) != 0) {
            rc = qp_fail_errno(err, errno, "give permissions to", path);
            (void)unlink(name);
            goto out;
        }
    }
    if (rename(name, path) != 0) {
        rc = qp_fail_errno(err, errno, "replace", path);
        (void)unlink(name);
        goto out;
    }
    rc = qp_parent_sync(path, err);
out:
    qp_buf_wipe(&temporary);
    return rc;
}

enum qp_code qp_file_replace(const char *path, mode_t mode, struct qp_span bytes,
                             struct qp_err *err)
{
    return replace(path, mode, NULL, bytes, err);
}

enum qp_code qp_file_renew(const char *path, struct qp_span bytes, struct qp_err *err)
{
    struct stat info;
    return lstat(path, &info) == 0 ? replace(path, 0600, &info, bytes, err)
                                   : qp_fail_errno(err, errno, "look at", path);
}

/* Into what is there, or what a link leads to; nothing is put in its place. */
static enum qp_code write_into(const char *path, int flags, mode_t mode, struct qp_span bytes,
                               struct qp_err *err)
{
    int fd = open_again(path, O_WRONLY | O_NOCTTY | flags, mode);
    if (fd < 0) {
        return qp_fail_errno(err, errno, "open", path);
    }
    enum qp_code rc = qp_fd_write(fd, path, bytes, err);
    if (rc == QP_OK) {
        rc = qp_fd_close(&fd, path, err);
    }
    drop(&fd);
    return rc;
}

enum qp_code qp_file_put(const char *path, mode_t mode, struct qp_span bytes, struct qp_err *err)
{
    struct stat info;
    char whole[PATH_MAX];
    if (stat(path, &info) != 0) {
        bool dangling = errno == ENOENT && lstat(path, &info) == 0;
        return dangling ? write_into(path, O_CREAT | O_TRUNC, mode, bytes, err)
                        : qp_file_replace(path, mode, bytes, err);
    }
    if (S_ISDIR(info.st_mode)) {
        return qp_fail(err, QP_E_USAGE, "%.180s is a folder; name a file in it", path);
    }
    if (!S_ISREG(info.st_mode)) {
        return write_into(path, 0, mode, bytes, err);
    }
    return realpath(path, whole) != NULL ? qp_file_replace(whole, mode, bytes, err)
                                         : qp_fail_errno(err, errno, "find", path);
}

enum qp_code qp_file_exists(const char *path, bool *exists, struct qp_err *err)
{
    struct stat info;
    if (lstat(path, &info) == 0) {
        *exists = true;
        return QP_OK;
    }
    if (errno != ENOENT) {
        return qp_fail_errno(err, errno, "look at", path);
    }
    *exists = false;
    return QP_OK;
}

/* ---- Folders and locks ---- */

enum qp_code qp_folder_make(const char *path, mode_t mode, struct qp_err *err)
{
    if (mkdir(path, mode) == 0) {
        return qp_parent_sync(path, err);
    }
    int error = errno;
    struct stat info;
    if (error == EEXIST && stat(path, &info) == 0) {
        return S_ISDIR(info.st_mode)
                   ? QP_OK
                   : qp_fail(err, QP_E_IO, "%.180s is there already and is not a folder", path);
    }
    return qp_fail_errno(err, error, "make the folder", path);
}

enum qp_code qp_folder_next(DIR *folder, const char *path, const char **name, struct qp_err *err)
{
    errno = 0;
    const struct dirent *at = readdir(folder);
    *name = at != NULL ? at->d_name : NULL;
    return at != NULL || errno == 0 ? QP_OK : qp_fail_errno(err, errno, "list", path);
}

enum qp_code qp_folder_sync(const char *path, struct qp_err *err)
{
    int fd = open_again(path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return qp_fail_errno(err, errno, "open the folder", path);
    }
    enum qp_code rc = qp_fd_sync(fd, path, err);
    drop(&fd);
    return rc;
}

static enum qp_code take(int fd, int how, const char *path, int *lock, struct qp_err *err)
{
    while (flock(fd, how | LOCK_NB) != 0) {
        int error = errno;
        if (error == EINTR) {
            continue;
        }
        drop(&fd);
        return error == EWOULDBLOCK ? qp_fail(err, QP_E_BUSY,
                                              "%.180s is locked: another process is at work there; "
                                              "wait until it is done and try again",
                                              path)
                                    : qp_fail_errno(err, error, "lock", path);
    }
    *lock = fd;
    return QP_OK;
}

enum qp_code qp_lock_take(const char *path, int *lock, struct qp_err *err)
{
    int fd = open_again(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    return fd >= 0 ? take(fd, LOCK_EX, path, lock, err)
                   : qp_fail_errno(err, errno, "open the lock", path);
}

enum qp_code qp_lock_share(const char *path, int *lock, struct qp_err *err)
{
    int fd = open_again(path, O_RDONLY | O_NOFOLLOW, 0);
    if (fd < 0) {
        return errno == ENOENT ? qp_fail(err, QP_E_NOT_FOUND, "there is no lock at %.180s", path)
                               : qp_fail_errno(err, errno, "open the lock", path);
    }
    return take(fd, LOCK_SH, path, lock, err);
}

void qp_lock_release(int *lock)
{
    drop(lock); /* closing ends the lock */
}
