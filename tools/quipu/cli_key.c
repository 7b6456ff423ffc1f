/* Keys, passphrases, journals, and the files that a command writes. */
#include "cli.h"
#include "confine.h"

#include "host/file.h"
#include "host/terminal.h"
#include "wire/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEDGER_JSON_BYTES_MAX 65536

/* ---- Passphrases ---- */

/* The first line of what a descriptor gives; read byte by byte, so that nothing behind it is taken
 * and no copy stays in a buffer. */
static enum qp_code read_line(int fd, const char *path, struct qp_buf *out, struct qp_err *err)
{
    enum qp_code rc = qp_buf_reserve(out, QP_PASSPHRASE_BYTES_MAX + 1, err);
    size_t got = 1;
    while (rc == QP_OK && got == 1) {
        uint8_t byte = 0;
        rc = qp_fd_read(fd, path, &byte, 1, &got, err);
        if (rc != QP_OK || got == 0 || byte == '\n') {
            break;
        }
        if (out->len == QP_PASSPHRASE_BYTES_MAX) {
            return qp_fail(err, QP_E_USAGE, "the passphrase in %.150s is longer than %d bytes",
                           path, QP_PASSPHRASE_BYTES_MAX);
        }
        out->data[out->len++] = byte;
    }
    if (rc == QP_OK && out->len > 0 && out->data[out->len - 1] == '\r') {
        out->len--;
    }
    if (rc == QP_OK && out->len == 0) {
        return qp_fail(err, QP_E_USAGE, "the passphrase in %.150s is empty", path);
    }
    return rc;
}

static enum qp_code read_fd(const char *number, struct qp_buf *out, struct qp_err *err)
{
    char *end = NULL;
    unsigned long fd = strtoul(number, &end, 10);
    if (number[0] < '0' || number[0] > '9' || *end != '\0' || fd > 65535) {
        return qp_fail(err, QP_E_USAGE, "\"%.60s\" is not the number of a file descriptor", number);
    }
    char name[40];
    snprintf(name, sizeof name, "file descriptor %lu", fd);
    return read_line((int)fd, name, out, err);
}

static enum qp_code read_file(const char *path, struct qp_buf *out, struct qp_err *err)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return qp_fail(err, QP_E_IO, "cannot open the passphrase file %.180s", path);
    }
    enum qp_code rc = read_line(fileno(file), path, out, err);
    (void)fclose(file);
    return rc;
}

/* True when a passphrase is to come from somewhere else than the terminal. */
static bool has_source(const struct cli_secret *secret)
{
    return secret->file != NULL || secret->fd != NULL;
}

static enum qp_code read_source(const struct cli_secret *secret, struct qp_buf *out,
                                struct qp_err *err)
{
    if (secret->file != NULL && secret->fd != NULL) {
        return qp_fail(err, QP_E_USAGE,
                       "give the passphrase in a file or on a descriptor, not both");
    }
    return secret->fd != NULL ? read_fd(secret->fd, out, err) : read_file(secret->file, out, err);
}

/* Asks "<what> <path>: ". */
static enum qp_code ask(const char *what, const char *path, struct qp_buf *out, struct qp_err *err)
{
    struct qp_buf safe = {0};
    char prompt[300];
    enum qp_code rc = qp_escape_terminal(&safe, qp_span_text(path), err);
    if (rc == QP_OK) {
        rc = qp_buf_add(&safe, qp_span_of("", 1), err);
    }
    if (rc == QP_OK) {
        snprintf(prompt, sizeof prompt, "%s %.200s: ", what, (const char *)safe.data);
        rc = qp_terminal_passphrase(prompt, out, err);
    }
    qp_buf_wipe(&safe);
    return rc;
}

enum qp_code cli_new_passphrase(const char *path, const struct cli_secret *secret,
                                struct qp_buf *out, struct qp_err *err)
{
    if (has_source(secret)) {
        return read_source(secret, out, err);
    }
    struct qp_buf again = QP_BUF_SECRET;
    enum qp_code rc = ask("New passphrase for", path, out, err);
    if (rc == QP_OK) {
        rc = ask("Once more, the passphrase for", path, &again, err);
    }
    if (rc == QP_OK && !qp_span_eq(qp_span_buf(out), qp_span_buf(&again))) {
        rc = qp_fail(err, QP_E_USAGE, "the two passphrases differ; no key was made");
    }
    qp_buf_wipe(&again);
    return rc;
}

/* ---- Keys and journals ---- */

static bool is_sealed(const char *path)
{
    struct qp_buf file = QP_BUF_SECRET;
    bool sealed = false;
    if (qp_file_read(path, QP_KEYFILE_BYTES_MAX, &file, NULL) != QP_OK ||
        qp_keyfile_is_encrypted(qp_span_buf(&file), &sealed, NULL) != QP_OK) {
        sealed = false; /* opening it says what is wrong */
    }
    qp_buf_wipe(&file);
    return sealed;
}

/* The public half, which stands beside the key under nearly the same name? */
static bool is_vkey(const char *path)
{
    struct qp_buf file = QP_BUF_SECRET;
    struct qp_vkey vkey;
    struct stat info;
    bool is = stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
              qp_file_read(path, QP_KEYFILE_BYTES_MAX, &file, NULL) == QP_OK;
    if (is && file.len > 0 && file.data[file.len - 1] == '\n') {
        file.len--;
    }
    is = is && qp_vkey_parse(qp_span_buf(&file), &vkey, NULL) == QP_OK;
    qp_buf_wipe(&file);
    return is;
}

enum qp_code cli_secrets(struct cli *cli, struct qp_err *err)
{
    bool locked = true;
    enum qp_code rc = confine_secrets(&locked, err);
    if (rc == QP_OK && !locked && !cli->secrets_told && !cli->json) {
        cli_note(cli, "keys may reach swap: too little memory may be locked here; raise the limit "
                      "(ulimit -l 64), or keep swap off or encrypted");
    }
    cli->secrets_told = true;
    return rc;
}

enum qp_code cli_key_open(struct cli *cli, const char *path, const struct cli_secret *secret,
                          struct qp_key **key, struct qp_err *err)
{
    struct qp_buf passphrase = QP_BUF_SECRET;
    bool given = has_source(secret);
    const char *of = secret->of != NULL ? secret->of : "";
    enum qp_code rc = cli_secrets(cli, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (given) {
        rc = read_source(secret, &passphrase, err);
    } else if (is_sealed(path)) {
        given = true;
        rc = ask("Passphrase for", path, &passphrase, err);
        if (rc == QP_E_USAGE && isatty(STDIN_FILENO) != 1) {
            rc = qp_fail(err, QP_E_USAGE,
                         "%.140s has a passphrase, and there is no terminal to ask for it; use "
                         "--%spassphrase-file or --%spassphrase-fd",
                         path, of, of);
        }
    }
    if (rc == QP_OK) {
        struct qp_span span = qp_span_buf(&passphrase);
        rc = qp_key_file_open(path, given ? &span : NULL, key, err);
    }
    qp_buf_wipe(&passphrase);
    if (rc != QP_OK && is_vkey(path)) {
        return qp_fail(err, QP_E_INPUT,
                       "%.150s is the public half of a key (a verifier key); give the secret one, "
                       "the .key file",
                       path);
    }
    return rc;
}

enum qp_code cli_journal_path(const char *key_path, struct qp_buf *out, struct qp_err *err)
{
    size_t len = strlen(key_path);
    bool has = len > 4 && strcmp(key_path + len - 4, ".key") == 0;
    return qp_buf_addf(out, err, "%.*s.journal", (int)(has ? len - 4 : len), key_path);
}

static enum qp_code id_from_json(struct qp_span text, const char *path, struct qp_hash *ledger_id,
                                 struct qp_err *err)
{
    json_t *json = NULL;
    enum qp_code rc = qp_json_parse(text, &json, err);
    if (rc == QP_OK) {
        const char *id = json_string_value(json_object_get(json, "ledger_id"));
        rc = id == NULL
                 ? qp_fail(err, QP_E_INPUT, "there is no \"ledger_id\" in it")
                 : qp_hex_decode(ledger_id->bytes, sizeof ledger_id->bytes, qp_span_text(id), err);
    }
    json_decref(json);
    return rc == QP_OK ? rc : qp_prefix(err, rc, "%.150s", path);
}

enum qp_code cli_ledger_id(const char *text, struct qp_hash *ledger_id, struct qp_err *err)
{
    struct stat info;
    struct qp_buf path = {0};
    struct qp_buf file = {0};
    struct qp_hash id;
    if (qp_hex_decode(id.bytes, sizeof id.bytes, qp_span_text(text), NULL) == QP_OK) {
        *ledger_id = id;
        return QP_OK;
    }
    bool there = stat(text, &info) == 0;
    if (!there) {
        return qp_fail(
            err, QP_E_USAGE,
            "\"%.120s\" is neither a ledger id (64 hexadecimal digits) nor a ledger.json "
            "nor a ledger's folder",
            text);
    }
    enum qp_code rc =
        qp_buf_addf(&path, err, "%s%s", text, S_ISDIR(info.st_mode) ? "/ledger.json" : "");
    if (rc == QP_OK) {
        rc = qp_file_read((const char *)path.data, LEDGER_JSON_BYTES_MAX, &file, err);
    }
    if (rc == QP_OK) {
        rc = id_from_json(qp_span_buf(&file), (const char *)path.data, &id, err);
    }
    if (rc == QP_OK) {
        *ledger_id = id;
    }
    qp_buf_wipe(&path);
    qp_buf_wipe(&file);
    return rc;
}

enum qp_code cli_journal_open(struct cli *cli, const char *key_path,
                              const struct cli_secret *secret, const char *ledger,
                              struct qp_key **key, struct qp_journal **journal, struct qp_err *err)
{
    struct qp_key *opened = NULL;
    struct qp_hash ledger_id;
    struct qp_buf dir = {0};
    enum qp_code rc = QP_OK;
    if (ledger != NULL) {
        rc = cli_ledger_id(ledger, &ledger_id, err);
    }
    if (rc == QP_OK) {
        rc = cli_journal_path(key_path, &dir, err);
    }
    if (rc == QP_OK) {
        rc = cli_key_open(cli, key_path, secret, &opened, err);
    }
    bool there = true;
    if (rc == QP_OK) {
        rc = qp_file_exists((const char *)dir.data, &there, err);
    }
    if (rc == QP_OK && !there) {
        rc = qp_fail(err, QP_E_NOT_FOUND,
                     "the key's journal %.150s is not there; this key has signed elsewhere, or "
                     "nothing",
                     (const char *)dir.data);
    }
    if (rc == QP_OK) {
        rc = qp_journal_open((const char *)dir.data, opened, ledger != NULL ? &ledger_id : NULL,
                             journal, err);
    }
    if (rc == QP_E_USAGE && ledger == NULL && opened != NULL) {
        rc = qp_prefix(err, rc, "--ledger is missing");
    }
    if (rc != QP_OK) {
        qp_key_free(opened);
    } else {
        *key = opened;
    }
    qp_buf_wipe(&dir);
    return rc;
}

/* ---- Files ---- */

bool cli_is_stdout(const char *path)
{
    struct stat out;
    struct stat there;
    return path == NULL || strcmp(path, "-") == 0 ||
           (fstat(STDOUT_FILENO, &out) == 0 && stat(path, &there) == 0 &&
            out.st_dev == there.st_dev && out.st_ino == there.st_ino);
}

enum qp_code cli_output(struct cli *cli, const char *path, struct qp_span bytes, bool binary,
                        struct qp_err *err)
{
    if (!cli_is_stdout(path)) {
        /* What is no text is a submission or a bundle, and may hold personal data. */
        return qp_file_put(path, binary ? 0600 : 0644, bytes, err);
    }
    if (binary && isatty(STDOUT_FILENO) == 1) {
        return qp_fail(err, QP_E_USAGE, "this is no text for a terminal; give -o FILE");
    }
    (void)cli;
    if (bytes.len > 0 && fwrite(bytes.data, 1, bytes.len, stdout) != bytes.len) {
        return qp_fail(err, QP_E_IO, "cannot write to stdout");
    }
    return QP_OK;
}
