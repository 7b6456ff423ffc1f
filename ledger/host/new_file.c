#include "host/new_file.h"

#include "core/alloc.h"
#include "core/check.h"
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WRITE_BYTES ((size_t)1024 * 1024)
#define PART ".part"

enum qp_code qp_new_file_open(struct qp_new_file *file, const char *path, mode_t mode,
                              struct qp_err *err)
{
    *file = (struct qp_new_file){.fd = -1, .path = qp_copy_text(path)};
    size_t size = strlen(path) + sizeof PART;
    file->part = qp_alloc(size);
    if (file->path == NULL || file->part == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for the name of a file");
    }
    (void)snprintf(file->part, size, "%s" PART, path);
    bool there = false;
    enum qp_code rc = qp_file_exists(path, &there, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (there) {
        return qp_fail(err, QP_E_IO, "%.180s is there already and is never written over", path);
    }
    if (unlink(file->part) != 0 && errno != ENOENT) {
        return qp_fail_errno(err, errno, "remove", file->part);
    }
    do {
        file->fd = open(file->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    } while (file->fd < 0 && errno == EINTR);
    file->unfinished = file->fd >= 0;
    return file->unfinished ? QP_OK : qp_fail_errno(err, errno, "create", file->part);
}

static enum qp_code flush(struct qp_new_file *file, struct qp_err *err)
{
    enum qp_code rc = qp_fd_write(file->fd, file->part, qp_span_buf(&file->waiting), err);
    file->waiting.len = 0;
    return rc;
}

enum qp_code qp_new_file_add(struct qp_new_file *file, struct qp_span bytes, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    file->bytes += bytes.len;
    if (file->waiting.len + bytes.len > WRITE_BYTES) {
        rc = flush(file, err);
        if (rc == QP_OK && bytes.len > WRITE_BYTES) {
            return qp_fd_write(file->fd, file->part, bytes, err);
        }
    }
    return rc == QP_OK ? qp_buf_add(&file->waiting, bytes, err) : rc;
}

enum qp_code qp_new_file_finish(struct qp_new_file *file, struct qp_err *err)
{
    enum qp_code rc = flush(file, err);
    rc = rc == QP_OK ? qp_fd_sync(file->fd, file->part, err) : rc;
    rc = rc == QP_OK ? qp_fd_close(&file->fd, file->part, err) : rc;
    if (rc == QP_OK) {
        /* A link is refused where the name is taken; file systems without links (FAT on a stick)
         * get a rename, over which the caller's lock watches. */
        bool linked = link(file->part, file->path) == 0;
        if (!linked && errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) {
            return qp_fail_errno(err, errno, "give its name to", file->path);
        }
        if (linked ? unlink(file->part) != 0 : rename(file->part, file->path) != 0) {
            return qp_fail_errno(err, errno, "give its name to", file->path);
        }
        file->unfinished = false;
        rc = qp_parent_sync(file->path, err);
    }
    return rc;
}

void qp_new_file_drop(struct qp_new_file *file)
{
    if (file->fd >= 0) {
        (void)close(file->fd);
    }
    if (file->unfinished) {
        (void)unlink(file->part);
    }
    file->fd = -1;
    file->unfinished = false;
    qp_buf_wipe(&file->waiting);
    qp_free(file->path);
    qp_free(file->part);
    file->path = file->part = NULL;
}
