/* An issuer, offline: makes keys, signs what opens a ledger (opening.qst) and what is then
 * submitted to it (records.qst). */
#include <quipu/issue.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#define MUST(call) ((call) == QP_OK ? (void)0 : (puts(err.text), exit(EXIT_FAILURE)))
#define OPENED                                                                                     \
    "{\"occurred\":\"2026-05-14\",\"ledger_opened\":{\"origin\":\"example.pe/"                     \
    "log\",\"name\":\"E\","                                                                        \
    "\"operator\":{\"party\":\"op\",\"legal_name\":\"Op\",\"country\":\"PE\",\"roles\":"           \
    "[\"operator\"],\"key\":\"%s\"},\"log_key\":\"%s\"}}"
#define ADDED "{\"occurred\": \"2026-05-14\", \"key_added\": {\"party\": \"op\", \"key\": \"%s\"}}"
static struct qp_err err;
static struct qp_journal *journal;

static void new_key(const char *path, const char *name, char *hex)
{
    struct qp_public_key public_key;
    MUST(qp_key_file_new(path, name, NULL, &public_key, &err));
    qp_hex_encode(hex, qp_span_of(public_key.bytes, sizeof public_key.bytes));
}

/* Sign one event into a submission file. The first opens the journal of the ledger it opens. */
static void sign(const char *json, const struct qp_key *key, const char *path)
{
    struct qp_draft *draft;
    struct qp_hash ledger_id;
    struct qp_buf record = {0};
    size_t count;
    MUST(qp_draft_new(&draft, &err));
    MUST(qp_draft_add_json(draft, qp_span_text(json), NULL, &err));
    if (journal == NULL) {
        MUST(qp_draft_ledger_id(draft, &ledger_id, &err));
        MUST(qp_journal_open("operator.journal", key, &ledger_id, &journal, &err));
    }
    MUST(qp_journal_sign(journal, draft, 1, (uint64_t)time(NULL) * 1000, &record, &count, &err));
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(record.data, record.len, 1, file) != 1 || fclose(file) != 0) {
        exit(EXIT_FAILURE);
    }
    qp_buf_wipe(&record);
    qp_draft_free(draft);
}

int main(void)
{
    char operator_hex[65], log_hex[65], spare_hex[65], json[1024];
    struct qp_key *key;
    MUST(qp_init(&err));
    new_key("operator.key", "op", operator_hex);
    new_key("log.key", "example.pe/log", log_hex);
    new_key("spare.key", "op", spare_hex);
    MUST(qp_key_file_open("operator.key", NULL, &key, &err));
    snprintf(json, sizeof json, OPENED, operator_hex, log_hex);
    sign(json, key, "opening.qst");
    snprintf(json, sizeof json, ADDED, spare_hex);
    sign(json, key, "records.qst");
    qp_journal_close(journal);
    qp_key_free(key);
}
