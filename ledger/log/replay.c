#include "log/replay.h"

#include "log/log_priv.h"

#include <inttypes.h>

void qp_replay_check(struct qp_replay_item *item, const struct qp_hash *ledger_id,
                     struct qp_bench *bench)
{
    if (item->code == QP_OK) {
        item->code = qp_record_check(&item->record, ledger_id, bench, &item->err);
    }
}

enum qp_code qp_replay_judge(struct qp_book *book, struct qp_replay_item *item)
{
    struct qp_admitted admitted = {0};
    enum qp_code rc = item->code;
    rc = rc == QP_OK ? qp_entry_follows(item->entry, book->size, &book->last_leaf, book->last_ms,
                                        &item->err)
                     : rc;
    rc = rc == QP_OK
             ? qp_book_admit(book, &item->record, item->entry->admitted_ms, &admitted, &item->err)
             : rc;
    if (rc == QP_OK && admitted.again) {
        return qp_fail(&item->err, QP_E_INVALID, "its statement is entry %" PRIu64 " already",
                       admitted.index);
    }
    if (rc == QP_OK &&
        !qp_same_bytes(book->pending[book->pending_count - 1].entry, item->record.bytes)) {
        rc = qp_fail(&item->err, QP_E_INVALID, "its bytes are not those of an entry");
    }
    return rc;
}
