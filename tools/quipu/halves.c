#include "halves.h"

#include "core/check.h"
#include "host/file.h"
#include "wire/wire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RECEIPT_MARK "c2sp.org/tlog-proof@"

void halves_init(struct halves *halves)
{
    *halves = (struct halves){0};
    qp_arena_init(&halves->arena, 0);
}

void halves_wipe(struct halves *halves)
{
    qp_free(halves->list);
    qp_arena_wipe(&halves->arena);
    *halves = (struct halves){0};
}

/* ---- Reading ---- */

static enum qp_code keep(struct halves *halves, struct qp_span bytes, struct qp_span *kept,
                         struct qp_err *err)
{
    uint8_t *copy = qp_arena_alloc(&halves->arena, bytes.len);
    if (copy == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for the statements of a file");
    }
    memcpy(copy, bytes.data, bytes.len);
    *kept = qp_span_of(copy, bytes.len);
    return QP_OK;
}

/* scratch: for the statement, decoded. */
static enum qp_code add(struct halves *halves, ProtobufCBinaryData bytes,
                        ProtobufCBinaryData signature, struct qp_arena *scratch, struct qp_err *err)
{
    Qp__Statement *statement = NULL;
    struct half half = {.sequence = 0};
    enum qp_code rc = qp_statement_decode(qp_span_bytes(bytes), scratch, &statement, err);
    rc = rc == QP_OK ? keep(halves, qp_span_bytes(bytes), &half.statement, err) : rc;
    rc = rc == QP_OK ? keep(halves, qp_span_bytes(signature), &half.signature, err) : rc;
    if (rc == QP_OK && halves->count == halves->room) {
        size_t room = halves->room == 0 ? 64 : 2 * halves->room;
        struct half *longer = qp_realloc(halves->list, room * sizeof *longer);
        if (longer == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory for the statements of a file");
        }
        halves->list = longer;
        halves->room = room;
    }
    if (rc != QP_OK) {
        return rc;
    }
    half.ledger_id = qp_bytes_hash(statement->ledger_id);
    memcpy(half.key.bytes, statement->issuer.data, sizeof half.key.bytes);
    half.sequence = statement->sequence;
    halves->list[halves->count++] = half;
    return QP_OK;
}

static enum qp_code add_entry(struct halves *halves, struct qp_span bytes, struct qp_arena *scratch,
                              struct qp_err *err)
{
    Qp__Entry *entry = NULL;
    enum qp_code rc = qp_entry_decode(bytes, scratch, &entry, err);
    return rc == QP_OK ? add(halves, entry->statement, entry->signature, scratch, err) : rc;
}

static enum qp_code read_submissions(struct halves *halves, struct qp_span file,
                                     struct qp_arena *scratch, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t at = 0; rc == QP_OK && at < file.len;) {
        Qp__Submission *submission = NULL;
        size_t used = 0;
        qp_arena_reset(scratch);
        rc = qp_submission_decode(qp_span_of(file.data + at, file.len - at), scratch, &submission,
                                  &used, err);
        rc = rc == QP_OK ? add(halves, submission->statement, submission->signature, scratch, err)
                         : rc;
        at += used;
    }
    return rc;
}

static enum qp_code read_receipt(struct halves *halves, struct qp_span file,
                                 struct qp_arena *scratch, struct qp_err *err)
{
    struct qp_tlog_proof proof;
    struct qp_buf extra = {0};
    enum qp_code rc = qp_tlog_proof_decode(file, &proof, &extra, err);
    rc = rc == QP_OK ? add_entry(halves, proof.extra, scratch, err) : rc;
    qp_buf_wipe(&extra);
    return rc;
}

static enum qp_code read_bundle(struct halves *halves, struct qp_span file,
                                struct qp_arena *scratch, struct qp_err *err)
{
    Qp__Bundle *bundle = NULL;
    enum qp_code rc = qp_bundle_decode(file, scratch, &bundle, err);
    for (size_t i = 0; rc == QP_OK && i < bundle->n_entries; i++) {
        rc = add_entry(halves, qp_span_bytes(bundle->entries[i]->entry), scratch, err);
    }
    return rc;
}

static bool begins(struct qp_span file, const char *with)
{
    size_t len = strlen(with);
    return file.len >= len && memcmp(file.data, with, len) == 0;
}

enum qp_code halves_read(struct halves *halves, const char *path, struct qp_err *err)
{
    struct qp_buf bytes = {0};
    struct qp_arena scratch;
    qp_arena_init(&scratch, 0);
    enum qp_code rc = qp_file_read(path, QP_BUNDLE_BYTES_MAX, &bytes, err);
    struct qp_span file = qp_span_buf(&bytes);
    if (rc != QP_OK) {
        qp_arena_wipe(&scratch);
        return rc;
    }
    if (begins(file, "quipu/submission/")) {
        rc = read_submissions(halves, file, &scratch, err);
    } else if (begins(file, "quipu/bundle/")) {
        rc = read_bundle(halves, file, &scratch, err);
    } else if (begins(file, RECEIPT_MARK)) {
        rc = read_receipt(halves, file, &scratch, err);
    } else if (qp_fork_is(file)) {
        rc = qp_fail(err, QP_E_INPUT, "it is a proof already; look at it with --check");
    } else {
        rc = qp_fail(err, QP_E_INPUT,
                     "no statements in it: it is neither a submission file, nor a receipt, nor a "
                     "bundle");
    }
    if (rc != QP_OK) {
        rc = qp_prefix(err, rc, "%.150s", strcmp(path, "-") == 0 ? "stdin" : path);
    }
    qp_arena_wipe(&scratch);
    qp_buf_wipe(&bytes);
    return rc;
}

enum qp_code halves_read_ledger(struct halves *halves, const char *dir, struct qp_err *err)
{
    struct reader reader;
    struct qp_hash ledger_id;
    size_t count = halves->count;
    enum qp_code rc = reader_open(&reader, dir, err);
    if (rc != QP_OK) {
        return rc;
    }
    qp_log_ledger_id(reader.log, &ledger_id);
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        const struct half *half = &halves->list[i]; /* good until the next is added */
        uint64_t index = 0;
        struct reader_entry entry;
        if (!qp_hash_eq(&half->ledger_id, &ledger_id)) {
            continue;
        }
        rc = qp_log_find(reader.log, &half->key, half->sequence, &index, err);
        if (rc == QP_E_NOT_FOUND) {
            rc = QP_OK;
            continue;
        }
        rc = rc == QP_OK ? reader_entry(&reader, index, &entry, err) : rc;
        rc = rc == QP_OK
                 ? add(halves, entry.entry->statement, entry.entry->signature, &reader.scratch, err)
                 : rc;
    }
    reader_close(&reader);
    return rc;
}

/* ---- Finding ---- */

static int compare_place(const struct half *one, const struct half *two)
{
    int order = memcmp(one->ledger_id.bytes, two->ledger_id.bytes, sizeof one->ledger_id.bytes);
    if (order == 0) {
        order = memcmp(one->key.bytes, two->key.bytes, sizeof one->key.bytes);
    }
    return order != 0 ? order : (one->sequence > two->sequence) - (one->sequence < two->sequence);
}

/* The order of a proof's two statements as well. */
static int compare(const void *a, const void *b)
{
    const struct half *one = a;
    const struct half *two = b;
    size_t least =
        one->statement.len < two->statement.len ? one->statement.len : two->statement.len;
    int order = compare_place(one, two);
    if (order == 0) {
        order = memcmp(one->statement.data, two->statement.data, least);
    }
    return order != 0 ? order
                      : (one->statement.len > two->statement.len) -
                            (one->statement.len < two->statement.len);
}

static enum qp_code is_signed(const struct half *half, bool *good)
{
    struct qp_signature signature;
    memcpy(signature.bytes, half->signature.data, sizeof signature.bytes);
    enum qp_code rc = qp_public_key_check(&half->key, NULL);
    rc = rc == QP_OK ? qp_verify(&half->key, qp_span_text(QP_STATEMENT_DOMAIN), half->statement,
                                 &signature, NULL)
                     : rc;
    *good = rc == QP_OK;
    return rc == QP_E_INVALID ? QP_OK : rc;
}

/* Why a pile of statements proves nothing. */
struct reasons {
    const struct half *same;   /* there twice, the same */
    const struct half *forged; /* there in two forms, not both of them signed */
};

/* Two of a run of one key's statements under one sequence that differ and are signed. */
static enum qp_code find_two(const struct half *run, size_t count, struct reasons *reasons,
                             const struct half *two[2], struct qp_err *err)
{
    size_t found = 0;
    two[1] = NULL;
    for (size_t i = 0; i < count && found < 2; i++) {
        bool good = false;
        if (i > 0 && compare(&run[i - 1], &run[i]) != 0) {
            reasons->forged = run;
        } else if (i > 0) {
            reasons->same = run;
        }
        if (found > 0 && compare(two[0], &run[i]) == 0) {
            continue;
        }
        if (is_signed(&run[i], &good) != QP_OK) {
            return qp_fail(err, QP_E_MEMORY, "no memory to check signatures");
        }
        if (good) {
            two[found++] = &run[i];
        }
    }
    return QP_OK;
}

static enum qp_code explain(const struct halves *halves, const struct reasons *reasons,
                            struct qp_err *err)
{
    const struct half *half = reasons->forged != NULL ? reasons->forged : reasons->same;
    char key[65] = "";
    if (half != NULL) {
        qp_hex_encode(key, qp_span_of(half->key.bytes, sizeof half->key.bytes));
    }
    if (reasons->forged != NULL) {
        return qp_fail(err, QP_E_NOT_FOUND,
                       "no fork: there are two statements with sequence %" PRIu64
                       " under the name of key %.16s…, but that key has not signed both",
                       half->sequence, key);
    }
    if (reasons->same != NULL) {
        return qp_fail(err, QP_E_NOT_FOUND,
                       "no fork: the statement with sequence %" PRIu64
                       " of key %.16s… is there twice, and is the same",
                       half->sequence, key);
    }
    return qp_fail(err, QP_E_NOT_FOUND,
                   "no fork: of %zu statement%s there, no two have one key and one sequence; the "
                   "other half may be in a ledger: --ledger",
                   halves->count, halves->count == 1 ? "" : "s");
}

enum qp_code halves_find(struct halves *halves, Qp__KeyForked *proof, struct qp_err *err)
{
    struct reasons reasons = {.same = NULL};
    if (halves->count > 1) {
        qsort(halves->list, halves->count, sizeof *halves->list, compare);
    }
    for (size_t start = 0, end = 0; start < halves->count; start = end) {
        const struct half *two[2] = {NULL, NULL};
        for (end = start + 1; end < halves->count; end++) {
            if (compare_place(&halves->list[start], &halves->list[end]) != 0) {
                break;
            }
        }
        enum qp_code rc = find_two(&halves->list[start], end - start, &reasons, two, err);
        if (rc != QP_OK) {
            return rc;
        }
        if (two[1] != NULL) {
            qp__key_forked__init(proof);
            proof->statement_a = qp_bytes_span(two[0]->statement);
            proof->signature_a = qp_bytes_span(two[0]->signature);
            proof->statement_b = qp_bytes_span(two[1]->statement);
            proof->signature_b = qp_bytes_span(two[1]->signature);
            return QP_OK;
        }
    }
    return explain(halves, &reasons, err);
}
