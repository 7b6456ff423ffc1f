/* The journal of a key: 32 bytes of the ledger's id, two of the length of the head file, the head
 * file, the records. What opens goes on signing, and opens again with that. */
#include "fuzz/files.h"

#include <quipu/issue.h>

#include "issue/journal.h"

static enum qp_code count_one(void *context, const Qp__Submission *submission, struct qp_err *err)
{
    size_t *count = context;
    (void)submission;
    (void)err;
    (*count)++;
    return QP_OK;
}

static const struct qp_key *key_of_corpus(void)
{
    static struct qp_key *key;
    struct qp_seed seed = {{2, 1}}; /* of the cooperative in tests/season.h */
    if (key == NULL) {
        HOLDS(qp_init(NULL) == QP_OK);
        HOLDS(qp_key_from_seed(&seed, &key, NULL) == QP_OK);
    }
    return key;
}

/* One more statement, and the journal is as good as before. */
static void holds_on(struct qp_journal *journal, uint64_t next)
{
    struct qp_draft *draft = NULL;
    struct qp_buf out = {0};
    HOLDS(qp_draft_new(&draft, NULL) == QP_OK);
    HOLDS(qp_draft_add_json(draft,
                            qp_span_text("{\"occurred\":\"2026-05-14\",\"lot_recalled\":"
                                         "{\"lot\":\"coop/l-1\",\"reason\":\"none\"}}"),
                            NULL, NULL) == QP_OK);
    HOLDS(qp_journal_sign(journal, draft, 1, UINT64_C(1780000000000), &out, NULL, NULL) == QP_OK);
    HOLDS(journal->head.next_sequence == next + 1);
    qp_draft_free(draft);
    qp_buf_wipe(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_hash ledger_id;
    struct qp_journal *journal = NULL;
    char hex[65];
    char name[80];
    size_t count = 0;
    const struct qp_key *key = key_of_corpus();
    if (size < 34 || (size_t)(data[32] << 8 | data[33]) > size - 34) {
        return 0;
    }
    size_t head_len = (size_t)(data[32] << 8 | data[33]);
    memcpy(ledger_id.bytes, data, sizeof ledger_id.bytes);
    qp_hash_hex(hex, &ledger_id);
    files_begin();
    snprintf(name, sizeof name, "%s.head", hex);
    if (head_len > 0) { /* else there is none yet */
        (void)files_write(name, qp_span_of(data + 34, head_len));
    }
    snprintf(name, sizeof name, "%s.qst", hex);
    (void)files_write(name, qp_span_of(data + 34 + head_len, size - 34 - head_len));
    enum qp_code rc = qp_journal_open(files_folder, key, &ledger_id, &journal, NULL);
    HOLDS((rc == QP_OK) == (journal != NULL));
    HOLDS(rc == QP_OK || rc == QP_E_INVALID || rc == QP_E_INPUT);
    if (rc == QP_OK) {
        uint64_t next = journal->head.next_sequence;
        /* The records' events are checked when they are asked for. */
        enum qp_code all = qp_journal_each(journal, count_one, &count, NULL);
        HOLDS(all != QP_OK || count == next);
        holds_on(journal, next);
        qp_journal_close(journal);
        journal = NULL;
        HOLDS(qp_journal_open(files_folder, key, &ledger_id, &journal, NULL) == QP_OK);
        HOLDS(journal->head.next_sequence == next + 1);
        qp_journal_close(journal);
    }
    return 0;
}
