/* quipu receipt: the proof that a ledger has admitted a statement. */
#include "reader.h"
#include "confine.h"
#include "trust_file.h"

#include "core/check.h"
#include "core/time.h"
#include "host/file.h"
#include "proof/trust.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static enum qp_code read_index(const char *text, uint64_t *index, struct qp_err *err)
{
    char *end = NULL;
    size_t len = strlen(text);
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || len > 19) {
        return qp_fail(err, QP_E_USAGE, "receipt: \"%.60s\" is not the number of an entry", text);
    }
    *index = value;
    return QP_OK;
}

static enum qp_code receipt_get(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const char *out = NULL;
    uint64_t index = 0;
    const struct cli_option options[] = {
        {'o', "output", CLI_TEXT, "FILE", &out, "write it to FILE; else to stdout"},
    };
    const struct cli_spec spec = {
        .name = "receipt get",
        .operands = "LEDGER ENTRY",
        .about = "Print the receipt of an entry again. A receipt is the entry, its place in the "
                 "log's tree, and a signed checkpoint: the log cannot deny the statement any more.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 2,
        .operands_most = 2,
        .json = true,
    };
    struct cli_operands operands;
    struct reader reader;
    struct qp_buf receipt = {0};
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = read_index(operands.list[1], &index, err);
    if (rc == QP_OK) {
        rc = reader_open(&reader, operands.list[0], err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_log_receipt(reader.log, index, &receipt, err);
    reader_close(&reader);
    if (rc == QP_OK && !(cli->json && cli_is_stdout(out))) {
        rc = cli_output(cli, out, qp_span_buf(&receipt), false, err);
    }
    if (rc == QP_OK && cli->json) {
        bool to_stdout = cli_is_stdout(out);
        cli_json(cli, json_pack("{s:I, s:s#}", "entry", (json_int_t)index,
                                to_stdout ? "receipt" : "file",
                                to_stdout ? (const char *)receipt.data : out,
                                to_stdout ? (int)receipt.len : (int)strlen(out)));
    }
    qp_buf_wipe(&receipt);
    return rc;
}

/* ---- Checking ---- */

struct checked {
    struct qp_tlog_proof proof;
    struct qp_buf extra;
    struct qp_arena arena;
    Qp__Entry *entry;
    Qp__Statement *statement;
    struct qp_checkpoint checkpoint;
};

static enum qp_code check_statement(const struct checked *checked, const struct qp_trust *trust,
                                    struct qp_err *err)
{
    struct qp_public_key issuer;
    struct qp_signature signature;
    struct qp_hash ledger_id = qp_bytes_hash(checked->statement->ledger_id);
    memcpy(issuer.bytes, checked->statement->issuer.data, sizeof issuer.bytes);
    memcpy(signature.bytes, checked->entry->signature.data, sizeof signature.bytes);
    if (checked->entry->index != checked->proof.leaf_index) {
        return qp_fail(err, QP_E_INVALID,
                       "the entry says that it is number %" PRIu64
                       ", the proof puts it at %" PRIu64,
                       checked->entry->index, checked->proof.leaf_index);
    }
    if (!qp_hash_eq(&ledger_id, &trust->ledger_id)) {
        return qp_fail(err, QP_E_INVALID, "the statement is for another ledger than the policy's");
    }
    return qp_verify(&issuer, qp_span_text(QP_STATEMENT_DOMAIN),
                     qp_span_bytes(checked->entry->statement), &signature, err);
}

/* Proof first, meaning second. */
static enum qp_code check_receipt(struct qp_span file, const struct qp_trust *trust,
                                  struct checked *checked, struct qp_err *err)
{
    struct qp_hash leaf;
    enum qp_code rc = qp_tlog_proof_decode(file, &checked->proof, &checked->extra, err);
    if (rc == QP_OK) {
        qp_hash_leaf(&leaf, checked->proof.extra);
        rc = qp_tlog_proof_check(&checked->proof, &leaf, trust->log, &checked->checkpoint, NULL,
                                 err);
    }
    if (rc == QP_OK) {
        rc = qp_entry_decode(checked->proof.extra, &checked->arena, &checked->entry, err);
    }
    if (rc == QP_OK) {
        rc = qp_statement_decode(qp_span_bytes(checked->entry->statement), &checked->arena,
                                 &checked->statement, err);
    }
    return rc == QP_OK ? check_statement(checked, trust, err) : rc;
}

static void print_checked(struct cli *cli, const struct checked *checked)
{
    char issuer[65];
    char admitted[QP_TIME_TEXT_BYTES];
    char issued[QP_TIME_TEXT_BYTES];
    struct qp_hash key = qp_bytes_hash(checked->statement->issuer);
    qp_hash_hex(issuer, &key);
    qp_time_format(admitted, checked->entry->admitted_ms);
    qp_time_format(issued, checked->statement->issued_ms);
    if (cli->json) {
        cli_json(cli,
                 json_pack("{s:b, s:I, s:s, s:s, s:I, s:s, s:I, s:s, s:I}", "valid", 1, "entry",
                           (json_int_t)checked->entry->index, "admitted", admitted, "issuer",
                           issuer, "sequence", (json_int_t)checked->statement->sequence, "issued",
                           issued, "event_count", (json_int_t)checked->statement->event_count,
                           "origin", checked->checkpoint.origin, "log_size",
                           (json_int_t)checked->checkpoint.size));
        return;
    }
    printf("%sVALID%s\n", cli_style(cli, stdout, CLI_GREEN), cli_style(cli, stdout, CLI_RESET));
    printf("entry      %" PRIu64 ", admitted %s\n", checked->entry->index, admitted);
    printf("issuer     %s\n", issuer);
    printf("statement  sequence %" PRIu64 ", %" PRIu32 " events, issued %s\n",
           checked->statement->sequence, checked->statement->event_count, issued);
    printf("log        %s, checkpoint of %" PRIu64 " entries\n",
           cli_safe(cli, checked->checkpoint.origin), checked->checkpoint.size);
}

static enum qp_code receipt_check(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const char *policy = NULL;
    const struct cli_option options[] = {
        {'p', "policy", CLI_NEEDED, "FILE", &policy,
         "which ledger and log key are trusted; see \"quipu policy new\""},
    };
    const struct cli_spec spec = {
        .name = "receipt check",
        .operands = "FILE",
        .about = "Verify a receipt offline: the statement is signed by its issuer, and stands at "
                 "its place in the log under a checkpoint that the policy accepts. Exit status 0: "
                 "it is; 1: it is not; 3: the file is not a receipt.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_trust *trust = NULL;
    struct qp_buf file = {0};
    struct checked checked = {0};
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    qp_arena_init(&checked.arena, 0);
    rc = trust_file_read(policy, &trust, err);
    if (rc == QP_OK) {
        rc = qp_file_read(operands.list[0], QP_TLOG_PROOF_BYTES_MAX, &file, err);
    }
    (void)confine_to_open_files();
    if (rc == QP_OK) {
        rc = check_receipt(qp_span_buf(&file), trust, &checked, err);
        if (rc != QP_OK) {
            rc = qp_prefix(err, rc, "%.150s", operands.list[0]);
        }
    }
    if (rc == QP_OK) {
        print_checked(cli, &checked);
    }
    qp_arena_wipe(&checked.arena);
    qp_buf_wipe(&checked.extra);
    qp_buf_wipe(&file);
    qp_trust_free(trust);
    return rc;
}

enum qp_code cmd_receipt(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_command commands[] = {
        {"get", "print the receipt of an entry again", receipt_get},
        {"check", "verify a receipt offline", receipt_check},
    };
    return cli_dispatch(cli, "quipu receipt", "Proofs that a ledger has admitted a statement.",
                        commands, QP_COUNT(commands), argc, argv, err);
}
