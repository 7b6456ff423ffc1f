/* A new file that is written piece by piece and gets its name when it is whole: until then it is
 * NAME.part beside it, and after a crash that is all that can be left of it. */
#ifndef QP_HOST_NEW_FILE_H
#define QP_HOST_NEW_FILE_H

#include <quipu/bytes.h>

#include <sys/types.h>

struct qp_new_file {
    int fd;
    char *path;
    char *part;
    bool unfinished;       /* the part is there, and has not got its name */
    struct qp_buf waiting; /* bytes that are not yet written */
    uint64_t bytes;        /* all that were added */
};

/* A NAME.part that is there is taken away: the caller holds the lock of the folder. QP_E_IO, also
 * when the file itself is there already. Drop it, whatever happens later. */
enum qp_code qp_new_file_open(struct qp_new_file *file, const char *path, mode_t mode,
                              struct qp_err *err) QP_MUST_USE;
enum qp_code qp_new_file_add(struct qp_new_file *file, struct qp_span bytes,
                             struct qp_err *err) QP_MUST_USE;
/* Durable, and under its name. Never over a file that came there meanwhile. */
enum qp_code qp_new_file_finish(struct qp_new_file *file, struct qp_err *err) QP_MUST_USE;
/* Take away what is not finished; afterwards nothing is held. */
void qp_new_file_drop(struct qp_new_file *file);

#endif
