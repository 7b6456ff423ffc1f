/* A folder of this process, in memory where the machine has one for that, for decoders that read
 * from the disk. It goes away with the process. */
#ifndef QP_TESTS_FUZZ_FILES_H
#define QP_TESTS_FUZZ_FILES_H

#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char files_folder[64];

/* Takes away what is in the folder. */
static inline void files_empty(void)
{
    char path[512];
    DIR *dir = opendir(files_folder);
    HOLDS(dir != NULL);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)snprintf(path, sizeof path, "%s/%s", files_folder, entry->d_name);
            HOLDS(unlink(path) == 0);
        }
    }
    closedir(dir);
}

static inline void files_remove(void)
{
    files_empty();
    (void)rmdir(files_folder);
}

static inline void files_begin(void)
{
    struct stat info;
    if (files_folder[0] == '\0') {
        bool in_memory = stat("/dev/shm", &info) == 0 && S_ISDIR(info.st_mode);
        snprintf(files_folder, sizeof files_folder, "%s/quipu-fuzz-XXXXXX",
                 in_memory ? "/dev/shm" : "/tmp");
        HOLDS(mkdtemp(files_folder) != NULL);
        HOLDS(atexit(files_remove) == 0);
    }
    files_empty();
}

/* The path is good until the next call. */
static inline const char *files_write(const char *name, struct qp_span bytes)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", files_folder, name);
    FILE *file = fopen(path, "wb");
    HOLDS(file != NULL);
    HOLDS(fwrite(bytes.data, 1, bytes.len, file) == bytes.len);
    HOLDS(fclose(file) == 0);
    return path;
}

#endif
