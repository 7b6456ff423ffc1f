/* Key files on disk: made once, opened only where nobody else can have touched them. */
#include <quipu/issue.h>
#include <quipu/note.h>

#include "core/alloc.h"
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* coop.key -> coop.vkey; any other name gets ".vkey" behind it. */
static enum qp_code vkey_path(const char *path, struct qp_buf *out, struct qp_err *err)
{
    size_t len = strlen(path);
    bool has = len > 4 && strcmp(path + len - 4, ".key") == 0;
    return qp_buf_addf(out, err, "%.*s.vkey", (int)(has ? len - 4 : len), path);
}

static enum qp_code vkey_line(const struct qp_key *key, const char *name, struct qp_buf *out,
                              struct qp_err *err)
{
    struct qp_public_key public_key;
    struct qp_vkey vkey;
    char text[QP_VKEY_TEXT_BYTES];
    qp_key_public(key, &public_key);
    enum qp_code rc = qp_vkey_init(&vkey, qp_span_text(name), QP_VKEY_NOTE, &public_key, err);
    if (rc != QP_OK) {
        return rc;
    }
    qp_vkey_format(&vkey, text);
    return qp_buf_addf(out, err, "%s\n", text);
}

/* The key file comes last: once it is there, its other half is there too. */
static enum qp_code write_pair(const char *path, struct qp_span file, const char *other_path,
                               struct qp_span vkey, struct qp_err *err)
{
    bool exists = false;
    enum qp_code rc = qp_file_exists(path, &exists, err);
    if (rc == QP_OK && exists) {
        rc = qp_fail(err, QP_E_IO,
                     "%.180s is there already; a key is never written over, choose another name",
                     path);
    }
    if (rc == QP_OK) {
        rc = qp_file_create(other_path, 0644, vkey, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_file_create(path, 0600, file, err);
    if (rc != QP_OK) {
        (void)unlink(other_path);
    }
    return rc;
}

enum qp_code qp_key_file_new(const char *path, const char *name, const struct qp_span *passphrase,
                             struct qp_public_key *public_key, struct qp_err *err)
{
    struct qp_key *key = NULL;
    struct qp_buf file = QP_BUF_SECRET;
    struct qp_buf vkey = {0};
    struct qp_buf other_path = {0};
    enum qp_code rc = qp_key_generate(&key, err);
    if (rc != QP_OK) {
        goto out;
    }
    rc = vkey_line(key, name, &vkey, err);
    if (rc != QP_OK) {
        goto out;
    }
    rc = vkey_path(path, &other_path, err);
    if (rc != QP_OK) {
        goto out;
    }
    rc = qp_keyfile_encode(key, qp_span_text(name), passphrase, NULL, &file, err);
    if (rc != QP_OK) {
        goto out;
    }
    rc = write_pair(path, qp_span_buf(&file), (const char *)other_path.data, qp_span_buf(&vkey),
                    err);
    if (rc == QP_OK && public_key != NULL) {
        qp_key_public(key, public_key);
    }
out:
    qp_key_free(key);
    qp_buf_wipe(&file);
    qp_buf_wipe(&vkey);
    qp_buf_wipe(&other_path);
    return rc;
}

/* Asked of the open file, so that nobody can swap it in between. */
static enum qp_code check_owner_and_mode(int fd, const char *path, struct qp_err *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return qp_fail_errno(err, errno, "look at", path);
    }
    if (!S_ISREG(info.st_mode)) {
        return qp_fail(err, QP_E_IO, "%.180s is not a file; a key is kept in a plain file", path);
    }
    if (info.st_uid != geteuid()) {
        return qp_fail(err, QP_E_IO,
                       "%.160s belongs to another user (uid %lu); a key is used by its owner alone",
                       path, (unsigned long)info.st_uid);
    }
    if ((info.st_mode & 077) != 0) {
        return qp_fail(err, QP_E_IO,
                       "other users can reach the secret key (mode %03o); close it: chmod 600 "
                       "%.120s, or where that does not last (a USB stick), copy it to a folder of "
                       "your own",
                       (unsigned)(info.st_mode & 0777), path);
    }
    return QP_OK;
}

static enum qp_code read_guarded(const char *path, struct qp_buf *out, struct qp_err *err)
{
    /* Not blocking: a pipe in the key's place must not hang the program. */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return errno == ELOOP ? qp_fail(err, QP_E_IO,
                                        "%.180s is a symbolic link; name the key file itself", path)
                              : qp_fail_errno(err, errno, "open the key", path);
    }
    size_t got = 0;
    enum qp_code rc = check_owner_and_mode(fd, path, err);
    if (rc == QP_OK) {
        rc = qp_buf_reserve(out, QP_KEYFILE_BYTES_MAX + 1, err);
    }
    if (rc == QP_OK) {
        rc = qp_fd_read(fd, path, out->data, QP_KEYFILE_BYTES_MAX + 1, &got, err);
    }
    if (rc == QP_OK) {
        out->len = got;
    }
    (void)close(fd);
    return rc;
}

enum qp_code qp_key_file_open(const char *path, const struct qp_span *passphrase,
                              struct qp_key **key, struct qp_err *err)
{
    struct qp_buf file = QP_BUF_SECRET;
    bool encrypted = false;
    enum qp_code rc = read_guarded(path, &file, err);
    if (rc != QP_OK) {
        goto out;
    }
    rc = qp_keyfile_is_encrypted(qp_span_buf(&file), &encrypted, err);
    /* A passphrase that is at hand is no reason to refuse a key that needs none. */
    if (rc == QP_OK) {
        rc = qp_keyfile_decode(qp_span_buf(&file), encrypted ? passphrase : NULL, key, NULL, err);
    }
    if (rc != QP_OK) {
        rc = qp_prefix(err, rc, "%.120s", path);
    }
out:
    qp_buf_wipe(&file);
    return rc;
}
