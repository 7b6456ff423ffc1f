/* What every test needs: cmocka with its includes in the order it wants, and the path of the
 * optional folder of outside data. */
#ifndef QP_TESTS_TEST_H
#define QP_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <quipu/err.h>

/* Fails the test with the error's own text. */
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        struct qp_err err_ = {0};                                                                  \
        struct qp_err *err = &err_;                                                                \
        if ((call) != QP_OK) {                                                                     \
            fail_msg("%s: %s (%s)", #call, err->text, qp_code_name(err->code));                    \
        }                                                                                          \
    } while (0)

/* Path of a file in the outside data folder; false (after saying so) where the folder is absent.
 * The folder is $QP_SHARED, else ../shared beside the source tree. */
static inline int test_shared(char *path, size_t size, const char *name)
{
    const char *root = getenv("QP_SHARED");
    int n = root != NULL ? snprintf(path, size, "%s/data/%s", root, name)
                         : snprintf(path, size, "%s/../shared/data/%s", QP_SOURCE_DIR, name);
    FILE *file = n > 0 && (size_t)n < size ? fopen(path, "rb") : NULL;
    if (file == NULL) {
        printf("skipped: %s is not there\n", name);
        return 0;
    }
    fclose(file);
    return 1;
}

#endif
