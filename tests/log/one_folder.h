/* The folder that each test of a file begins with: made before it, taken away behind it. */
#ifndef QP_TESTS_LOG_ONE_FOLDER_H
#define QP_TESTS_LOG_ONE_FOLDER_H

#include "log/folder.h"

static struct folder folder;

static int setup(void **state)
{
    (void)state;
    folder_init(&folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_wipe(&folder);
    return 0;
}

#endif
