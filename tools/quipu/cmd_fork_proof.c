/* quipu fork-proof: two statements of one key under one sequence, made into a file that convicts
 * the key wherever it is read. */
#include "confine.h"
#include "halves.h"

#include "core/check.h"
#include "core/time.h"
#include "host/file.h"

#include <inttypes.h>
#include <string.h>

struct fork_options {
    const char *ledger;
    const char *output;
    bool check;
};

/* ---- Showing ---- */

/* Names of the fields in which the two differ; the root always does, unless only the frame of the
 * statement does. */
static size_t list_differences(const struct qp_fork *fork, const char *names[5])
{
    const Qp__Statement *a = fork->a;
    const Qp__Statement *b = fork->b;
    size_t count = 0;
    if (!qp_span_eq(qp_span_bytes(a->event_root), qp_span_bytes(b->event_root))) {
        names[count++] = "events";
    }
    if (a->event_count != b->event_count) {
        names[count++] = "event_count";
    }
    if (!qp_span_eq(qp_span_bytes(a->previous), qp_span_bytes(b->previous))) {
        names[count++] = "previous";
    }
    if (a->issued_ms != b->issued_ms) {
        names[count++] = "issued";
    }
    if (a->given_up != b->given_up) {
        names[count++] = "given_up";
    }
    return count;
}

static json_t *statement_json(const Qp__Statement *statement, ProtobufCBinaryData bytes)
{
    char hash[65];
    char root[65];
    char previous[65];
    char issued[QP_TIME_TEXT_BYTES];
    struct qp_hash value;
    qp_hash_statement(&value, qp_span_bytes(bytes));
    qp_hash_hex(hash, &value);
    value = qp_bytes_hash(statement->event_root);
    qp_hash_hex(root, &value);
    value = qp_bytes_hash(statement->previous);
    qp_hash_hex(previous, &value);
    qp_time_format(issued, statement->issued_ms);
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:I}", "hash", hash, "issued", issued,
                     "event_count", (json_int_t)statement->event_count, "event_root", root,
                     "previous", previous, "given_up", (json_int_t)statement->given_up);
}

static void print_statement(FILE *stream, const Qp__Statement *statement, ProtobufCBinaryData bytes)
{
    char hash[65];
    char issued[QP_TIME_TEXT_BYTES];
    struct qp_hash value;
    qp_hash_statement(&value, qp_span_bytes(bytes));
    qp_hash_hex(hash, &value);
    qp_time_format(issued, statement->issued_ms);
    fprintf(stream, "statement  %s\n           %" PRIu32 " event%s, issued %s\n", hash,
            statement->event_count, statement->event_count == 1 ? "" : "s", issued);
}

static void print_fork(struct cli *cli, FILE *stream, const Qp__KeyForked *proof,
                       const struct qp_fork *fork, const char *file)
{
    char key[65];
    char ledger[65];
    const char *names[5];
    size_t count = list_differences(fork, names);
    qp_hex_encode(key, qp_span_of(fork->key.bytes, sizeof fork->key.bytes));
    qp_hash_hex(ledger, &fork->ledger_id);
    if (cli->json) {
        json_t *differ = json_array();
        for (size_t i = 0; i < count; i++) {
            (void)json_array_append_new(differ, json_string(names[i]));
        }
        cli_json_on(cli, stream,
                    json_pack("{s:b, s:s, s:s, s:s, s:I, s:[o, o], s:o}", "proved", 1, "file", file,
                              "key", key, "ledger_id", ledger, "sequence",
                              (json_int_t)fork->sequence, "statements",
                              statement_json(fork->a, proof->statement_a),
                              statement_json(fork->b, proof->statement_b), "differ", differ));
        return;
    }
    fprintf(stream, "%sFORK PROVED%s\n", cli_style(cli, stream, CLI_RED),
            cli_style(cli, stream, CLI_RESET));
    fprintf(stream, "key        %s\nledger     %s\n", key, ledger);
    fprintf(stream, "sequence   %" PRIu64 ", signed twice\n", fork->sequence);
    print_statement(stream, fork->a, proof->statement_a);
    print_statement(stream, fork->b, proof->statement_b);
    fprintf(stream, "differ in  ");
    for (size_t i = 0; i < count; i++) {
        fprintf(stream, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    fputc('\n', stream);
}

/* ---- Making and checking ---- */

static enum qp_code write_proof(struct cli *cli, const Qp__KeyForked *proof, const char *output,
                                struct qp_err *err)
{
    struct qp_arena arena;
    struct qp_fork fork;
    struct qp_buf file = {0};
    bool to_stdout = cli_is_stdout(output);
    qp_arena_init(&arena, 0);
    /* What was found is held against what everybody else will hold it against. */
    enum qp_code rc = qp_fork_read(proof, &arena, &fork, err);
    rc = rc == QP_OK ? qp_fork_verify(proof, &fork, err) : rc;
    rc = rc == QP_OK ? qp_fork_encode(proof, &arena, &file, err) : rc;
    rc = rc == QP_OK ? cli_output(cli, output, qp_span_buf(&file), true, err) : rc;
    if (rc == QP_OK) {
        print_fork(cli, to_stdout ? stderr : stdout, proof, &fork, to_stdout ? "-" : output);
    }
    qp_buf_wipe(&file);
    qp_arena_wipe(&arena);
    return rc;
}

static enum qp_code make(struct cli *cli, const struct fork_options *options,
                         const struct cli_operands *files, struct qp_err *err)
{
    struct halves halves;
    Qp__KeyForked proof = QP__KEY_FORKED__INIT;
    enum qp_code rc = QP_OK;
    halves_init(&halves);
    for (int i = 0; rc == QP_OK && i < files->count; i++) {
        rc = halves_read(&halves, files->list[i], err);
    }
    rc = rc == QP_OK && options->ledger != NULL ? halves_read_ledger(&halves, options->ledger, err)
                                                : rc;
    rc = rc == QP_OK ? halves_find(&halves, &proof, err) : rc;
    rc = rc == QP_OK ? write_proof(cli, &proof, options->output, err) : rc;
    halves_wipe(&halves);
    return rc;
}

static enum qp_code check(struct cli *cli, const char *path, struct qp_err *err)
{
    struct qp_arena arena;
    struct qp_fork fork;
    struct qp_buf file = {0};
    Qp__KeyForked *proof = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_file_read(path, QP_FORK_BYTES_MAX, &file, err);
    (void)confine_to_open_files();
    rc = rc == QP_OK ? qp_fork_decode(qp_span_buf(&file), &arena, &proof, err) : rc;
    rc = rc == QP_OK ? qp_fork_read(proof, &arena, &fork, err) : rc;
    rc = rc == QP_OK ? qp_fork_verify(proof, &fork, err) : rc;
    if (rc == QP_OK) {
        print_fork(cli, stdout, proof, &fork, path);
    } else if (rc != QP_E_IO) {
        rc = qp_prefix(err, rc, "%.150s", strcmp(path, "-") == 0 ? "stdin" : path);
    }
    qp_buf_wipe(&file);
    qp_arena_wipe(&arena);
    return rc;
}

enum qp_code cmd_fork_proof(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    struct fork_options how = {.check = false};
    const struct cli_option options[] = {
        {'l', "ledger", CLI_TEXT, "LEDGER", &how.ledger,
         "the other half is in this ledger: its folder"},
        {'o', "output", CLI_TEXT, "FILE", &how.output,
         "where the proof goes; stdout if absent, or -"},
        {0, "check", CLI_FLAG, NULL, &how.check,
         "FILE is a proof: verify it, with no ledger at hand"},
    };
    const struct cli_spec spec = {
        .name = "fork-proof",
        .operands = "FILE...",
        .about =
            "Prove that a key signed two statements with one sequence: that its holder told two "
            "histories, or that it is in other hands. The two are found in submission files, "
            "receipts and bundles; the proof is a small file that convinces whoever reads it. "
            "\"quipu sign\" makes a statement of it, with which a ledger ends the key. Exit "
            "status 0: proved; 1: not; 3: a file is none of these.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = -1,
        .json = true,
    };
    struct cli_operands operands;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    if (how.check) {
        if (operands.count > 1 || how.ledger != NULL || how.output != NULL) {
            return qp_fail(err, QP_E_USAGE, "--check takes one proof, and nothing beside it");
        }
        return check(cli, operands.list[0], err);
    }
    rc = cli_check_output(how.output, err);
    return rc == QP_OK ? make(cli, &how, &operands, err) : rc;
}
