#include "host/disk.h"

#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

bool qp_may_write(const char *path)
{
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

enum qp_code qp_disk_room(const char *dir, uint64_t *bytes, struct qp_err *err)
{
    struct statvfs status;
    int rc = 0;
    do {
        rc = statvfs(dir, &status);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0) {
        return qp_fail_errno(err, errno, "look for room in", dir);
    }
    /* Every change of a file here is a new file that takes its place. */
    bool no_files = status.f_files != 0 && status.f_favail == 0;
    if (no_files || !qp_may_write(dir)) {
        *bytes = 0;
    } else {
        *bytes = status.f_blocks == 0 ? UINT64_MAX : (uint64_t)status.f_bavail * status.f_frsize;
    }
    return QP_OK;
}

uint64_t qp_file_room(uint64_t file_bytes)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return UINT64_MAX;
    }
    return limit.rlim_cur > file_bytes ? (uint64_t)limit.rlim_cur - file_bytes : 0;
}

const char *qp_temp_dir(void)
{
    const char *named = getenv("TMPDIR");
    return named != NULL && named[0] != '\0' ? named : "/tmp";
}

void qp_disk_reserve(const char *path, mode_t mode, uint64_t bytes, int *error)
{
    struct stat info;
    int fd = -1;
    do {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0 || fstat(fd, &info) != 0) {
        *error = errno;
    } else {
        off_t len = info.st_size > (off_t)bytes ? info.st_size : (off_t)bytes;
        do {
            *error = posix_fallocate(fd, 0, len);
        } while (*error == EINTR);
    }
    if (fd >= 0) {
        (void)close(fd); /* it was not written to */
    }
}
