#include "issuer.h"

#include "host/file.h"
#include "issue/import.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define PARTY_FILE_BYTES_MAX ((size_t)64)

static const char *text_of(const struct qp_buf *path)
{
    return (const char *)path->data;
}

static enum qp_code name_file(struct qp_buf *path, const char *dir, const struct qp_hash *ledger_id,
                              const char *ending, struct qp_err *err)
{
    char hex[65];
    qp_hash_hex(hex, ledger_id);
    return qp_buf_addf(path, err, "%s/%s.%s", dir, hex, ending);
}

/* ---- The party ---- */

enum qp_code issuer_remember(const char *dir, const struct qp_hash *ledger_id, const char *party,
                             struct qp_err *err)
{
    struct qp_buf path = {0};
    struct qp_buf text = {0};
    enum qp_code rc = name_file(&path, dir, ledger_id, "party", err);
    rc = rc == QP_OK ? qp_buf_addf(&text, err, "%s\n", party) : rc;
    rc = rc == QP_OK ? qp_file_replace(text_of(&path), 0600, qp_span_buf(&text), err) : rc;
    qp_buf_wipe(&path);
    qp_buf_wipe(&text);
    return rc;
}

static enum qp_code read_party(const char *path, char party[32], struct qp_err *err)
{
    struct qp_buf text = {0};
    bool there = false;
    enum qp_code rc = qp_file_exists(path, &there, err);
    if (rc != QP_OK || !there) {
        return rc;
    }
    rc = qp_file_read(path, PARTY_FILE_BYTES_MAX, &text, err);
    if (rc == QP_OK && text.len > 0 && text.data[text.len - 1] == '\n') {
        text.len--;
    }
    char name[PARTY_FILE_BYTES_MAX + 1];
    if (rc == QP_OK) {
        snprintf(name, sizeof name, "%.*s", (int)text.len,
                 text.len == 0 ? "" : (const char *)text.data);
        rc = qp_party_name_check(name, err);
        rc = rc == QP_OK ? rc : qp_prefix(err, rc, "%.150s", path);
    }
    if (rc == QP_OK) {
        snprintf(party, 32, "%.31s", name);
    }
    qp_buf_wipe(&text);
    return rc;
}

static void warn(struct cli *cli, const char *text)
{
    if (cli->json) {
        cli_json_on(cli, stderr, json_pack("{s:b, s:s}", "warning", 1, "text", text));
    } else {
        cli_note(cli, "%s", text);
    }
}

/* People name keys after their party: alto-mayo, or alto-mayo/2026. */
static void warn_of_key_name(struct cli *cli, const struct issuer *issuer)
{
    struct qp_buf file = QP_BUF_SECRET;
    char name[QP_KEY_NAME_BYTES_MAX + 1] = "";
    if (qp_file_read(issuer->key_path, QP_KEYFILE_BYTES_MAX, &file, NULL) == QP_OK &&
        qp_keyfile_peek(qp_span_buf(&file), NULL, name, NULL, NULL) == QP_OK) {
        name[strcspn(name, "/")] = '\0';
        if (qp_party_name_check(name, NULL) == QP_OK && strcmp(name, issuer->party) != 0) {
            char text[200];
            snprintf(text, sizeof text,
                     "the key is named %.31s, but --party is %.31s; see that the key is enrolled "
                     "for %.31s",
                     name, issuer->party, issuer->party);
            warn(cli, text);
        }
    }
    qp_buf_wipe(&file);
}

static enum qp_code check_party(struct cli *cli, struct issuer *issuer, struct qp_err *err)
{
    struct qp_buf path = {0};
    enum qp_code rc = issuer->party == NULL ? QP_OK : qp_party_name_check(issuer->party, err);
    rc = rc == QP_OK ? name_file(&path, text_of(&issuer->dir), &issuer->ledger_id, "party", err)
                     : rc;
    rc = rc == QP_OK ? read_party(text_of(&path), issuer->remembered, err) : rc;
    if (rc == QP_OK && issuer->party != NULL && issuer->remembered[0] == '\0') {
        warn_of_key_name(cli, issuer);
    } else if (rc == QP_OK && issuer->party != NULL &&
               strcmp(issuer->party, issuer->remembered) != 0) {
        rc = qp_fail(err, QP_E_USAGE,
                     "--party is %.31s, but this key has signed as %.31s; if that was the slip, "
                     "give up what it signed (quipu journal) and remove %.160s",
                     issuer->party, issuer->remembered, text_of(&path));
    }
    qp_buf_wipe(&path);
    return rc;
}

const char *issuer_party(const struct issuer *issuer)
{
    if (issuer->party != NULL) {
        return issuer->party;
    }
    return issuer->remembered[0] != '\0' ? issuer->remembered : NULL;
}

/* ---- The journal ---- */

/* Has the folder records of any ledger? */
static enum qp_code has_any(const char *dir, bool *any, struct qp_err *err)
{
    DIR *folder = opendir(dir);
    *any = false;
    if (folder == NULL) {
        return errno == ENOENT ? QP_OK : qp_fail_errno(err, errno, "read the folder", dir);
    }
    const char *name = NULL;
    enum qp_code rc = qp_folder_next(folder, dir, &name, err);
    while (rc == QP_OK && name != NULL) {
        *any = *any || (strlen(name) == 68 && strcmp(name + 64, ".qst") == 0);
        rc = qp_folder_next(folder, dir, &name, err);
    }
    (void)closedir(folder);
    return rc;
}

static enum qp_code has_ledger(const struct issuer *issuer, bool *there, struct qp_err *err)
{
    struct qp_buf path = {0};
    enum qp_code rc = name_file(&path, text_of(&issuer->dir), &issuer->ledger_id, "qst", err);
    rc = rc == QP_OK ? qp_file_exists(text_of(&path), there, err) : rc;
    qp_buf_wipe(&path);
    return rc;
}

static enum qp_code check_folder(const struct issuer *issuer, struct qp_err *err)
{
    bool there = false;
    enum qp_code rc = qp_file_exists(text_of(&issuer->dir), &there, err);
    if (rc == QP_OK && !there && !issuer->new_journal && !issuer->dry_run) {
        rc = qp_fail(err, QP_E_USAGE,
                     "the key's journal %.140s is not there; this key has signed elsewhere, "
                     "perhaps: bring its journal, or say --new-journal if it has never signed",
                     text_of(&issuer->dir));
    }
    return rc;
}

static enum qp_code open_journal(struct issuer *issuer, struct qp_err *err)
{
    bool there = false;
    enum qp_code rc = issuer->ledger != NULL ? has_ledger(issuer, &there, err)
                                             : has_any(text_of(&issuer->dir), &there, err);
    if (rc == QP_OK && there) {
        rc = qp_journal_open(text_of(&issuer->dir), issuer->key,
                             issuer->ledger != NULL ? &issuer->ledger_id : NULL, &issuer->journal,
                             err);
    } else if (rc == QP_OK && issuer->ledger == NULL && !issuer->dry_run) {
        rc = qp_fail(err, QP_E_USAGE,
                     "the journal %.120s holds no ledger yet; say for which to sign",
                     text_of(&issuer->dir));
    }
    if (rc == QP_OK && issuer->journal != NULL) {
        qp_journal_ledger_id(issuer->journal, &issuer->ledger_id);
    }
    return rc == QP_E_USAGE && issuer->ledger == NULL ? qp_prefix(err, rc, "--ledger is missing")
                                                      : rc;
}

enum qp_code issuer_open(struct cli *cli, struct issuer *issuer, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    if (issuer->ledger != NULL) {
        rc = cli_ledger_id(issuer->ledger, &issuer->ledger_id, err);
    }
    rc = rc == QP_OK ? cli_journal_path(issuer->key_path, &issuer->dir, err) : rc;
    rc = rc == QP_OK ? cli_key_open(cli, issuer->key_path, &issuer->secret, &issuer->key, err) : rc;
    rc = rc == QP_OK ? check_folder(issuer, err) : rc;
    rc = rc == QP_OK ? open_journal(issuer, err) : rc;
    return rc == QP_OK ? check_party(cli, issuer, err) : rc;
}

enum qp_code issuer_begin(struct issuer *issuer, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    if (issuer->journal == NULL) {
        rc = qp_journal_open(text_of(&issuer->dir), issuer->key, &issuer->ledger_id,
                             &issuer->journal, err);
        if (rc == QP_OK && qp_journal_next_sequence(issuer->journal) > 0) {
            rc = qp_fail(err, QP_E_BUSY,
                         "another process has begun the journal %.150s meanwhile; try again",
                         text_of(&issuer->dir));
        }
    }
    if (rc == QP_OK && issuer->party != NULL && issuer->remembered[0] == '\0') {
        rc = issuer_remember(text_of(&issuer->dir), &issuer->ledger_id, issuer->party, err);
    }
    return rc;
}

void issuer_close(struct issuer *issuer)
{
    qp_journal_close(issuer->journal);
    qp_key_free(issuer->key);
    qp_buf_wipe(&issuer->dir);
    issuer->journal = NULL;
    issuer->key = NULL;
}
