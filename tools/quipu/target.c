/* What is never written over: every other file that is there already is. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "target.h"

#include "host/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MARK "quipu secret key v"

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* `there` is of a regular file. */
static bool is_same(const struct stat *there, const char *path)
{
    struct stat info;
    int got = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &info) : stat(path, &info);
    return got == 0 && same_file(there, &info);
}

static bool is_key_file(const char *path)
{
    char front[sizeof KEY_FILE_MARK - 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    ssize_t got = read(fd, front, sizeof front);
    (void)close(fd);
    return got == (ssize_t)sizeof front && memcmp(front, KEY_FILE_MARK, sizeof front) == 0;
}

static bool has(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat info;
    int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    return len > 0 && (size_t)len < sizeof path && stat(path, &info) == 0;
}

/* What the folder is, or NULL. */
static const char *kind_of_folder(const char *folder)
{
    size_t len = strlen(folder);
    if (has(folder, "store/data.mdb")) {
        return "ledger";
    }
    bool journal = len > 8 && strcmp(folder + len - 8, ".journal") == 0 && has(folder, "lock");
    return journal ? "journal" : NULL;
}

/* Of the folder that the path stands in and of all above it. A link is followed first. */
static const char *kind_of_place(const char *path)
{
    char whole[PATH_MAX];
    char part[PATH_MAX];
    const char *kind = NULL;
    if (realpath(path, whole) == NULL) {
        const char *slash = strrchr(path, '/');
        size_t len = slash != NULL ? (size_t)(slash - path) : 0;
        if (len >= sizeof part) {
            return NULL;
        }
        snprintf(part, sizeof part, "%.*s", (int)len, path);
        if (realpath(slash == NULL ? "." : len == 0 ? "/" : part, whole) == NULL) {
            return NULL; /* writing says what is wrong */
        }
        kind = kind_of_folder(whole);
    }
    while (kind == NULL && strrchr(whole, '/') != NULL) {
        *strrchr(whole, '/') = '\0';
        kind = whole[0] != '\0' ? kind_of_folder(whole) : NULL;
    }
    return kind;
}

static bool is_output(const struct cli_option *option)
{
    return strcmp(option->name, "output") == 0 || strcmp(option->name, "skip-bad") == 0;
}

/* Is the option's value a file that is not `path` itself, but the same one? */
static bool reads(const struct cli_option *option, const struct stat *there)
{
    bool text = option->kind == CLI_TEXT || option->kind == CLI_NEEDED;
    if (option->value == NULL || strstr(option->value, "FILE") == NULL) {
        return false;
    }
    if (text) {
        const char *value = *(const char **)option->to;
        return value != NULL && is_same(there, value);
    }
    const struct cli_list *list = option->to;
    for (size_t i = 0; option->kind == CLI_LIST && i < list->count; i++) {
        if (is_same(there, list->items[i])) {
            return true;
        }
    }
    return false;
}

static enum qp_code check_inputs(const struct cli_spec *spec, const struct cli_operands *operands,
                                 const struct cli_option *output, const char *path,
                                 struct qp_err *err)
{
    struct stat there;
    if (stat(path, &there) != 0 || !S_ISREG(there.st_mode)) {
        return QP_OK;
    }
    for (size_t i = 0; i < spec->option_count; i++) {
        if (&spec->options[i] != output && reads(&spec->options[i], &there)) {
            return qp_fail(err, QP_E_USAGE,
                           "%s: --%s and --%s are one file, %.150s, which would be written over; "
                           "choose another name",
                           spec->name, output->name, spec->options[i].name, path);
        }
    }
    for (int i = 0; i < operands->count; i++) {
        if (is_same(&there, operands->list[i])) {
            return qp_fail(err, QP_E_USAGE,
                           "%s: --%s is a file that the command reads, %.150s, and would be "
                           "written over; choose another name",
                           spec->name, output->name, path);
        }
    }
    return QP_OK;
}

static enum qp_code check_output(const struct cli_spec *spec, const struct cli_operands *operands,
                                 const struct cli_option *output, struct qp_err *err)
{
    const char *path = *(const char **)output->to;
    if (path == NULL || strcmp(path, "-") == 0) {
        return QP_OK;
    }
    enum qp_code rc = check_inputs(spec, operands, output, path, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (is_key_file(path)) {
        return qp_fail(err, QP_E_USAGE,
                       "%s: --%s: %.150s is a secret key, and is never written over; choose "
                       "another name",
                       spec->name, output->name, path);
    }
    const char *kind = kind_of_place(path);
    return kind == NULL
               ? QP_OK
               : qp_fail(err, QP_E_USAGE,
                         "%s: --%s: %.150s stands in the folder of a %s, where nothing else is "
                         "written; choose another place",
                         spec->name, output->name, path, kind);
}

enum qp_code target_check(const struct cli_spec *spec, const struct cli_operands *operands,
                          struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < spec->option_count; i++) {
        if (is_output(&spec->options[i])) {
            rc = check_output(spec, operands, &spec->options[i], err);
        }
    }
    return rc;
}
