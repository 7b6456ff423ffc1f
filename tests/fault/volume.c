/* What a test does to a mounted file system: volume shutdown|freeze|thaw DIR [FLAGS]
 *
 * shutdown  as if the power went: nothing more reaches the disk. FLAGS as in the kernel's
 *           EXT4_GOING_FLAGS_*: 0 writes everything first, 1 the journal, 2 nothing.
 * freeze    wait until the disk holds one state, and let nobody change it before thaw.
 *
 * Exits 0, 1 (the system refuses), 2 (usage). */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Not in the headers for programs: EXT4_IOC_SHUTDOWN, the same number for XFS and F2FS. */
#define SHUTDOWN _IOR('X', 125, uint32_t)

int main(int argc, char **argv)
{
    uint32_t flags = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 2;
    int fd = argc > 2 ? open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int status = 0;
    if (argc < 3) {
        fputs("usage: volume shutdown|freeze|thaw DIR [FLAGS]\n", stderr);
        return 2;
    }
    if (fd < 0) {
        fprintf(stderr, "volume: %s: %s\n", argv[2], strerror(errno));
        return 1;
    }
    if (strcmp(argv[1], "shutdown") == 0) {
        status = ioctl(fd, SHUTDOWN, &flags);
    } else if (strcmp(argv[1], "freeze") == 0) {
        status = ioctl(fd, FIFREEZE, 0);
    } else if (strcmp(argv[1], "thaw") == 0) {
        status = ioctl(fd, FITHAW, 0);
    } else {
        status = 2;
    }
    if (status == -1) {
        fprintf(stderr, "volume: cannot %s %s: %s\n", argv[1], argv[2], strerror(errno));
        status = 1;
    }
    (void)close(fd);
    return status;
}
