/* quipu key: make a key, and look at one. */
#include "cli.h"

#include "core/check.h"
#include "host/file.h"

#include <string.h>

static json_t *key_json(const char *path, const struct qp_vkey *vkey, const char *text,
                        bool encrypted)
{
    char hex[65];
    qp_hex_encode(hex, qp_span_of(vkey->key.bytes, sizeof vkey->key.bytes));
    return json_pack("{s:s, s:s, s:s, s:s, s:b}", "path", path, "name", vkey->name, "public_key",
                     hex, "vkey", text, "encrypted", encrypted ? 1 : 0);
}

static void print_key(struct cli *cli, const char *path, const struct qp_vkey *vkey, bool encrypted)
{
    char hex[65];
    char text[QP_VKEY_TEXT_BYTES];
    qp_vkey_format(vkey, text);
    qp_hex_encode(hex, qp_span_of(vkey->key.bytes, sizeof vkey->key.bytes));
    if (cli->json) {
        cli_json(cli, key_json(path, vkey, text, encrypted));
        return;
    }
    printf("key file    %s\n", cli_safe(cli, path));
    printf("name        %s\n", cli_safe(cli, vkey->name));
    printf("public key  %s\n", hex);
    printf("vkey        %s\n", cli_safe(cli, text));
    printf("passphrase  %s\n", encrypted ? "yes" : "NO: whoever reads the file can sign with it");
}

/* Where what the key signs will be kept. A key without one has signed elsewhere. */
static enum qp_code make_journal(const char *path, struct qp_err *err)
{
    struct qp_buf dir = {0};
    enum qp_code rc = cli_journal_path(path, &dir, err);
    rc = rc == QP_OK ? qp_folder_make((const char *)dir.data, 0700, err) : rc;
    qp_buf_wipe(&dir);
    return rc;
}

static enum qp_code key_new(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const char *name = NULL;
    bool open = false;
    struct cli_secret secret = {0};
    const struct cli_option options[] = {
        {'n', "name", CLI_NEEDED, "NAME", &name,
         "name of the key, without space and \"+\", such as coop.example/2026"},
        {0, "no-passphrase", CLI_FLAG, NULL, &open,
         "keep the secret key in the clear; for tests and for machines that lock it otherwise"},
        CLI_SECRET_OPTIONS(secret),
    };
    const struct cli_spec spec = {
        .name = "key new",
        .operands = "PATH",
        .about = "Make a secret key in the new file PATH, closed with a passphrase, and its public "
                 "half in a file beside it (coop.key, coop.vkey), with an empty journal "
                 "(coop.journal). The passphrase is asked for twice. Nobody can bring back a "
                 "passphrase that is forgotten.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_buf passphrase = QP_BUF_SECRET;
    struct qp_vkey vkey;
    struct qp_public_key public_key;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    if (open && (secret.file != NULL || secret.fd != NULL)) {
        return qp_fail(err, QP_E_USAGE,
                       "key new: --no-passphrase and a passphrase exclude each other");
    }
    rc = qp_key_name_check(qp_span_text(name), err);
    if (rc != QP_OK) {
        return qp_prefix(err, rc, "--name");
    }
    rc = cli_secrets(cli, err);
    if (rc == QP_OK && !open) {
        rc = cli_new_passphrase(operands.list[0], &secret, &passphrase, err);
    }
    struct qp_span span = qp_span_buf(&passphrase);
    if (rc == QP_OK) {
        rc = qp_key_file_new(operands.list[0], name, open ? NULL : &span, &public_key, err);
    }
    qp_buf_wipe(&passphrase);
    if (rc == QP_OK) {
        rc = make_journal(operands.list[0], err);
    }
    if (rc == QP_OK) {
        rc = qp_vkey_init(&vkey, qp_span_text(name), QP_VKEY_NOTE, &public_key, err);
    }
    if (rc == QP_OK) {
        print_key(cli, operands.list[0], &vkey, !open);
    }
    return rc;
}

static enum qp_code key_show(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const struct cli_spec spec = {
        .name = "key show",
        .operands = "PATH",
        .about = "Print what a key file says of itself: its name, the public key in hexadecimal "
                 "(for an enrolment) and as a verifier key (for a policy), and whether it has a "
                 "passphrase. The secret is not opened, so nothing of this is proved.",
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_buf file = QP_BUF_SECRET;
    struct qp_vkey vkey;
    struct qp_public_key public_key;
    char name[QP_KEY_NAME_BYTES_MAX + 1];
    bool encrypted = false;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    const char *path = operands.list[0];
    rc = cli_secrets(cli, err); /* the file may hold the secret in the clear */
    rc = rc == QP_OK ? qp_file_read(path, QP_KEYFILE_BYTES_MAX, &file, err) : rc;
    if (rc == QP_OK) {
        rc = qp_keyfile_peek(qp_span_buf(&file), &encrypted, name, &public_key, err);
        if (rc == QP_OK) {
            rc = qp_vkey_init(&vkey, qp_span_text(name), QP_VKEY_NOTE, &public_key, err);
        }
        if (rc != QP_OK) {
            rc = qp_prefix(err, rc, "%.150s", path);
        }
    }
    qp_buf_wipe(&file);
    if (rc == QP_OK) {
        print_key(cli, path, &vkey, encrypted);
    }
    return rc;
}

enum qp_code cmd_key(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_command commands[] = {
        {"new", "make a secret key and its public half", key_new},
        {"show", "print the public half of a key file", key_show},
    };
    return cli_dispatch(cli, "quipu key", "Keys that sign statements and checkpoints.", commands,
                        QP_COUNT(commands), argc, argv, err);
}
