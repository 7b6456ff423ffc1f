/* A file of a backup: read whole, it is that of some ledger, or it is refused with its name. */
#include "fuzz.h"

#include "core/alloc.h"
#include "log/backup_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In memory where the system has such a folder: a file is written for each input. */
static const char *folder(void)
{
    static char path[64];
    if (path[0] == '\0') {
        const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        (void)snprintf(path, sizeof path, "%s/quipu-fuzz-XXXXXX", base);
        if (mkdtemp(path) == NULL) {
            abort();
        }
    }
    return path;
}

static char file_path[96];

static void clean_up(void)
{
    (void)unlink(file_path);
    (void)rmdir(folder());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_backup_reader reader;
    struct qp_backup_item item = {.what = QP_BACKUP_HEAD};
    struct qp_arena arena = {0};
    struct qp_err err;
    uint64_t entries = 0;
    qp_err_init(&err);
    if (file_path[0] == '\0') {
        (void)snprintf(file_path, sizeof file_path, "%s/backup-000001.qbk", folder());
        (void)atexit(clean_up);
    }
    FILE *file = fopen(file_path, "w");
    if (file == NULL || (size > 0 && fwrite(data, 1, size, file) != size) || fclose(file) != 0) {
        abort();
    }
    enum qp_code rc = qp_backup_open(&reader, folder(), &err);
    HOLDS(rc == QP_OK && reader.files == 1);
    while (rc == QP_OK && item.what != QP_BACKUP_END) {
        qp_arena_reset(&arena);
        rc = qp_backup_next(&reader, &arena, &item, &err);
        HOLDS(rc != QP_OK || item.what != QP_BACKUP_ENTRY || item.index == entries++);
    }
    if (rc == QP_OK) {
        HOLDS(entries > 0 && reader.frontier.size == entries && reader.named);
    } else {
        HOLDS(rc == QP_E_INPUT || rc == QP_E_INVALID);
        HOLDS(strstr(err.text, "backup-000001.qbk") != NULL);
    }
    qp_backup_close(&reader);
    qp_arena_wipe(&arena);
    return 0;
}
