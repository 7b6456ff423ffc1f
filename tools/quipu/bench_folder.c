/* The folders of quipu bench: copied, measured, taken away. */
#include "bench.h"

#include "host/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)1024 * 1024)

static enum qp_code copy_bytes(int in, const char *from, int out, const char *to,
                               struct qp_err *err)
{
    uint8_t *piece = qp_alloc(PIECE_BYTES);
    size_t got = PIECE_BYTES;
    enum qp_code rc = piece != NULL ? QP_OK : qp_fail(err, QP_E_MEMORY, "no memory to copy a file");
    while (rc == QP_OK && got == PIECE_BYTES) {
        rc = qp_fd_read(in, from, piece, PIECE_BYTES, &got, err);
        rc = rc == QP_OK ? qp_fd_write(out, to, qp_span_of(piece, got), err) : rc;
    }
    qp_free(piece);
    /* Else a measurement would wait for the disk because of the copy. */
    return rc == QP_OK ? qp_fd_sync(out, to, err) : rc;
}

static enum qp_code copy_file(const char *from, const char *to, struct qp_err *err)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return qp_fail_errno(err, errno, "open", from);
    }
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum qp_code rc =
        out >= 0 ? copy_bytes(in, from, out, to, err) : qp_fail_errno(err, errno, "make", to);
    enum qp_code closed = qp_fd_close(&out, to, err);
    (void)close(in); /* it was only read */
    return rc == QP_OK ? closed : rc;
}

/* Do something with everything in a folder; `context` is passed on. */
static enum qp_code each(const char *dir, void *context,
                         enum qp_code (*visit)(void *context, const char *path, const char *name,
                                               struct qp_err *err),
                         struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    DIR *folder = opendir(dir);
    if (folder == NULL) {
        return qp_fail_errno(err, errno, "open", dir);
    }
    for (const struct dirent *at = readdir(folder); rc == QP_OK && at != NULL;
         at = readdir(folder)) {
        struct qp_buf path = {0};
        if (strcmp(at->d_name, ".") != 0 && strcmp(at->d_name, "..") != 0) {
            rc = qp_buf_addf(&path, err, "%s/%s", dir, at->d_name);
            rc = rc == QP_OK ? visit(context, (const char *)path.data, at->d_name, err) : rc;
        }
        qp_buf_wipe(&path);
    }
    (void)closedir(folder);
    return rc;
}

static enum qp_code look(const char *path, struct stat *info, struct qp_err *err)
{
    return lstat(path, info) == 0 ? QP_OK : qp_fail_errno(err, errno, "look at", path);
}

static enum qp_code copy_one(void *context, const char *path, const char *name, struct qp_err *err)
{
    const char *to = context;
    struct qp_buf there = {0};
    struct stat info;
    enum qp_code rc = qp_buf_addf(&there, err, "%s/%s", to, name);
    rc = rc == QP_OK ? look(path, &info, err) : rc;
    if (rc == QP_OK) {
        const char *target = (const char *)there.data;
        rc = S_ISDIR(info.st_mode) ? bench_copy(path, target, err) : copy_file(path, target, err);
    }
    qp_buf_wipe(&there);
    return rc;
}

enum qp_code bench_copy(const char *from, const char *to, struct qp_err *err)
{
    char *target = qp_copy_text(to);
    enum qp_code rc = target != NULL ? qp_folder_make(to, 0700, err)
                                     : qp_fail(err, QP_E_MEMORY, "no memory to copy a folder");
    rc = rc == QP_OK ? each(from, target, copy_one, err) : rc;
    qp_free(target);
    return rc;
}

static enum qp_code remove_one(void *context, const char *path, const char *name,
                               struct qp_err *err)
{
    (void)context;
    (void)name;
    return bench_remove(path, err);
}

enum qp_code bench_remove(const char *path, struct qp_err *err)
{
    struct stat info;
    enum qp_code rc = look(path, &info, err);
    if (rc == QP_OK && S_ISDIR(info.st_mode)) {
        rc = each(path, NULL, remove_one, err);
    }
    return rc == QP_OK && remove(path) != 0 ? qp_fail_errno(err, errno, "take away", path) : rc;
}

static enum qp_code add_blocks(void *context, const char *path, const char *name,
                               struct qp_err *err)
{
    uint64_t *bytes = context;
    struct stat info;
    (void)name;
    enum qp_code rc = look(path, &info, err);
    if (rc == QP_OK && S_ISDIR(info.st_mode)) {
        return each(path, bytes, add_blocks, err);
    }
    *bytes += rc == QP_OK ? (uint64_t)info.st_blocks * 512 : 0;
    return rc;
}

enum qp_code bench_disk(const char *path, uint64_t *bytes, struct qp_err *err)
{
    *bytes = 0;
    return each(path, bytes, add_blocks, err);
}
