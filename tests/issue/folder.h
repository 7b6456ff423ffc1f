/* A folder of a test's own under /tmp, and small helpers around it. */
#ifndef QP_TESTS_ISSUE_FOLDER_H
#define QP_TESTS_ISSUE_FOLDER_H

#include "test.h"

#include <quipu/issue.h>

#include "host/file.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static inline int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/quipu-test-XXXXXX");
    return qp_init(NULL) == QP_OK && mkdtemp(folder) != NULL ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command); /* NOLINT(cert-env33-c): a test's own folder */
}

static inline const char *in_folder(const char *name)
{
    static char path[8][256];
    static unsigned at;
    at = (at + 1) % 8;
    snprintf(path[at], sizeof path[at], "%s/%s", folder, name);
    return path[at];
}

static inline void assert_says(const struct qp_err *why, const char *words)
{
    if (strstr(why->text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", why->text, words);
    }
}

#endif
