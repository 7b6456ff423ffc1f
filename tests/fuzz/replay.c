/* Runs a fuzz target over the files of its corpus and over every truncation of the small ones:
 * what the fuzzer once found stays found, without clang. */
#define _POSIX_C_SOURCE 200809L

#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#define TRUNCATED_BYTES_MAX 1024

/* Each length in a block of its own, so that the sanitizer sees a read behind the end. */
static void run_exact(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    HOLDS(exact != NULL);
    memcpy(exact, data, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        fprintf(stderr, "%s cannot be read\n", path);
        if (file != NULL) {
            fclose(file);
        }
        return 1;
    }
    size_t size = (size_t)status.st_size;
    uint8_t *data = malloc(size + 1);
    HOLDS(data != NULL);
    size_t got = fread(data, 1, size, file);
    fclose(file);
    if (got == size) {
        run_exact(data, size);
        for (size_t len = 0; size <= TRUNCATED_BYTES_MAX && len < size; len++) {
            run_exact(data, len);
        }
    }
    free(data);
    return got != size;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (dir == NULL) {
            fprintf(stderr, "%s is not a folder\n", argv[i]);
            return 1;
        }
        for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            char path[4096];
            int n = snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            if (entry->d_name[0] == '.') {
                continue;
            }
            if (n < 0 || (size_t)n >= sizeof path || run_file(path) != 0) {
                closedir(dir);
                return 1;
            }
            count++;
        }
        closedir(dir);
    }
    printf("%zu files\n", count);
    return count > 0 ? 0 : 1;
}
