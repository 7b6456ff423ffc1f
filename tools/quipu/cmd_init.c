/* quipu init: open a ledger. */
#include "handout.h"
#include "issuer.h"
#include "reader.h"

#include "core/alloc.h"
#include "core/check.h"
#include "core/time.h"
#include "host/clock.h"
#include "host/file.h"
#include "wire/json.h"

#include <quipu/note.h>

#include <dirent.h>
#include <errno.h>
#include <string.h>

struct init {
    const char *dir;
    const char *origin;
    const char *name;
    const char *operator_party;
    const char *legal_name;
    const char *country;
    const char *ruc;
    const char *gln;
    const char *at;
    const char *key_path;
    const char *log_key_path;
    const char *predecessor; /* folder of the ledger that this one goes on from */
    bool registrar;
    struct cli_secret secret;
    struct cli_secret log_secret;
    struct qp_key *key;
    struct qp_key *log_key;
};

static void hex_of_key(const struct qp_key *key, char hex[65])
{
    struct qp_public_key public_key;
    qp_key_public(key, &public_key);
    qp_hex_encode(hex, qp_span_of(public_key.bytes, sizeof public_key.bytes));
}

static json_t *identifiers(const struct init *init)
{
    json_t *list = json_array();
    if (init->ruc != NULL) {
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:s}", "scheme", "ruc", "value", init->ruc));
    }
    if (init->gln != NULL) {
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:s}", "scheme", "gln", "value", init->gln));
    }
    return list;
}

/* Where the earlier ledger ended, by its own newest checkpoint. */
static enum qp_code find_predecessor(const struct init *init, json_t **predecessor,
                                     struct qp_err *err)
{
    struct reader reader;
    struct qp_hash id;
    struct qp_buf note = {0};
    struct qp_note *parsed = qp_alloc(sizeof *parsed);
    struct qp_checkpoint checkpoint;
    char id_hex[65];
    char root_hex[65];
    if (parsed == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to read a checkpoint");
    }
    enum qp_code rc = reader_open(&reader, init->predecessor, err);
    if (rc == QP_OK) {
        qp_log_ledger_id(reader.log, &id);
        qp_hash_hex(id_hex, &id);
        rc = qp_log_checkpoint(reader.log, &note, err);
        rc = rc == QP_OK ? qp_note_parse(qp_span_buf(&note), parsed, err) : rc;
        rc = rc == QP_OK ? qp_checkpoint_parse(parsed->text, &checkpoint, err) : rc;
        reader_close(&reader);
    }
    if (rc == QP_OK) {
        qp_hash_hex(root_hex, &checkpoint.root);
        *predecessor =
            json_pack("{s:s, s:s, s:I, s:s}", "ledger_id", id_hex, "origin", checkpoint.origin,
                      "tree_size", (json_int_t)checkpoint.size, "root", root_hex);
        rc = strcmp(checkpoint.origin, init->origin) == 0
                 ? qp_fail(err, QP_E_USAGE,
                           "the origin %.150s is that of the ledger before; a log that goes on "
                           "from it needs one of its own",
                           init->origin)
                 : QP_OK;
    }
    qp_buf_wipe(&note);
    qp_free(parsed);
    return rc;
}

/* The opening as JSON, so that it passes the same door as every other event. */
static enum qp_code draft_opening(const struct init *init, struct qp_draft *draft,
                                  struct qp_err *err)
{
    char key[65];
    char log_key[65];
    char when[QP_TIME_TEXT_BYTES];
    uint64_t at_ms = qp_now_ms();
    struct qp_buf text = {0};
    json_t *predecessor = NULL;
    enum qp_code rc = init->at != NULL ? cli_time("at", init->at, &at_ms, err) : QP_OK;
    rc = rc == QP_OK && init->predecessor != NULL ? find_predecessor(init, &predecessor, err) : rc;
    if (rc != QP_OK) {
        json_decref(predecessor);
        return rc;
    }
    qp_time_format(when, at_ms);
    hex_of_key(init->key, key);
    hex_of_key(init->log_key, log_key);
    json_t *roles = init->registrar ? json_pack("[s, s]", "operator", "registrar")
                                    : json_pack("[s]", "operator");
    json_t *json = json_pack(
        "{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s, s:s, s:o, s:o, s:s}, s:o*}}", "occurred", when,
        "ledger_opened", "origin", init->origin, "name", init->name, "log_key", log_key, "operator",
        "party", init->operator_party, "legal_name", init->legal_name, "country", init->country,
        "identifiers", identifiers(init), "roles", roles, "key", key, "predecessor", predecessor);
    if (json == NULL) {
        return qp_fail(err, QP_E_INPUT, "the texts of the options are not all UTF-8");
    }
    rc = qp_json_print(json, 0, &text, err);
    json_decref(json);
    if (rc == QP_OK) {
        rc = qp_draft_add_json(draft, qp_span_buf(&text), NULL, err);
    }
    qp_buf_wipe(&text);
    return rc;
}

/* The opening is the operator's first statement in this ledger, and stands in its journal. */
static enum qp_code sign_opening(const struct init *init, const struct qp_draft *draft,
                                 struct qp_hash *ledger_id, struct qp_buf *opening,
                                 struct qp_err *err)
{
    struct qp_journal *journal = NULL;
    struct qp_buf dir = {0};
    size_t count = 0;
    enum qp_code rc = qp_draft_ledger_id(draft, ledger_id, err);
    rc = rc == QP_OK ? cli_journal_path(init->key_path, &dir, err) : rc;
    rc = rc == QP_OK ? qp_journal_open((const char *)dir.data, init->key, ledger_id, &journal, err)
                     : rc;
    rc = rc == QP_OK ? qp_journal_sign(journal, draft, 1, qp_now_ms(), opening, &count, err) : rc;
    rc = rc == QP_OK ? issuer_remember((const char *)dir.data, ledger_id, init->operator_party, err)
                     : rc;
    qp_journal_close(journal);
    qp_buf_wipe(&dir);
    return rc;
}

static enum qp_code hand_out(struct cli *cli, const struct init *init,
                             const struct qp_hash *ledger_id, struct qp_err *err)
{
    struct handout handout = {
        .dir = init->dir, .ledger_id = *ledger_id, .origin = init->origin, .name = init->name};
    json_t *json = NULL;
    qp_key_public(init->log_key, &handout.log_key);
    enum qp_code rc = handout_write(&handout, &json, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (cli->json) {
        cli_json(cli, json_incref(json));
    } else {
        printf("ledger    %s\n", json_string_value(json_object_get(json, "ledger_id")));
        printf("log key   %s\n",
               cli_safe(cli, json_string_value(json_object_get(json, "log_vkey"))));
        printf("for the parties: %s/ledger.json\n", cli_safe(cli, init->dir));
    }
    json_decref(json);
    return QP_OK;
}

/* Before the operator's key signs anything: could the ledger be made there at all? */
static enum qp_code check_place(const char *dir, struct qp_err *err)
{
    DIR *folder = opendir(dir);
    const char *name = NULL;
    enum qp_code rc = QP_OK;
    if (folder == NULL) {
        return errno == ENOENT ? QP_OK : qp_fail_errno(err, errno, "open", dir);
    }
    rc = qp_folder_next(folder, dir, &name, err);
    while (rc == QP_OK && name != NULL) {
        rc = strcmp(name, ".") == 0 || strcmp(name, "..") == 0
                 ? qp_folder_next(folder, dir, &name, err)
                 : qp_fail(err, QP_E_IO,
                           "%.150s holds something already (%.60s); a ledger is opened in a new "
                           "folder",
                           dir, name);
    }
    (void)closedir(folder);
    return rc;
}

static enum qp_code open_ledger(struct cli *cli, struct init *init, struct qp_err *err)
{
    struct qp_draft *draft = NULL;
    struct qp_buf opening = {0};
    struct qp_hash ledger_id;
    struct qp_log_options options = {.mode = QP_LOG_WRITE};
    enum qp_code rc = check_place(init->dir, err);
    rc = rc == QP_OK ? cli_key_open(cli, init->key_path, &init->secret, &init->key, err) : rc;
    rc = rc == QP_OK ? cli_key_open(cli, init->log_key_path, &init->log_secret, &init->log_key, err)
                     : rc;
    rc = rc == QP_OK ? qp_draft_new(&draft, err) : rc;
    rc = rc == QP_OK ? draft_opening(init, draft, err) : rc;
    rc = rc == QP_OK ? sign_opening(init, draft, &ledger_id, &opening, err) : rc;
    options.log_key = init->log_key;
    rc = rc == QP_OK ? qp_log_create(init->dir, qp_span_buf(&opening), &options, err) : rc;
    rc = rc == QP_OK ? hand_out(cli, init, &ledger_id, err) : rc;
    qp_key_free(init->key);
    qp_key_free(init->log_key);
    qp_draft_free(draft);
    qp_buf_wipe(&opening);
    return rc;
}

enum qp_code cmd_init(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    struct init init = {.country = "PE", .log_secret.of = "log-"};
    const struct cli_option options[] = {
        {0, "origin", CLI_NEEDED, "ORIGIN", &init.origin,
         "name of the log for ever, as in its checkpoints, such as ledger.example.pe/2026"},
        {'n', "name", CLI_NEEDED, "TEXT", &init.name, "name for people"},
        {0, "operator", CLI_NEEDED, "PARTY", &init.operator_party,
         "short name of the party that runs the ledger: a-z, 0-9 and \"-\""},
        {0, "legal-name", CLI_NEEDED, "TEXT", &init.legal_name, "its legal name"},
        {0, "country", CLI_TEXT, "CC", &init.country, "its country, ISO 3166-1 (PE)"},
        {0, "ruc", CLI_TEXT, "NUMBER", &init.ruc, "its RUC, 11 digits"},
        {0, "gln", CLI_TEXT, "NUMBER", &init.gln, "its GLN, 13 digits"},
        {0, "predecessor", CLI_TEXT, "LEDGER", &init.predecessor,
         "folder of the ledger that this one goes on from, under a new origin"},
        {0, "registrar", CLI_FLAG, NULL, &init.registrar,
         "give it the role of registrar as well as that of operator"},
        {0, "at", CLI_TEXT, "TIME", &init.at, "when the ledger was opened; now if absent"},
        {'k', "key", CLI_NEEDED, "FILE", &init.key_path,
         "the operator's secret key: signs the opening and the operator's later statements"},
        CLI_SECRET_OPTIONS(init.secret),
        {0, "log-key", CLI_NEEDED, "FILE", &init.log_key_path,
         "the log's secret key: signs checkpoints, and nothing else"},
        {0, "log-passphrase-file", CLI_TEXT, "FILE", &init.log_secret.file,
         "the same for the log's key"},
        {0, "log-passphrase-fd", CLI_TEXT, "N", &init.log_secret.fd, "the same for the log's key"},
    };
    const struct cli_spec spec = {
        .name = "init",
        .operands = "LEDGER",
        .about = "Open a ledger in the new folder LEDGER. Its first entry says who runs it and "
                 "with which keys; the id of the ledger follows from it. LEDGER/ledger.json is for "
                 "the parties: with it they sign for this ledger.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    init.dir = operands.list[0];
    return open_ledger(cli, &init, err);
}
