#include "old_reader.h"

#include "host/clock.h"
#include "log/view.h"

#include <inttypes.h>
#include <poll.h>

/* Whoever follows the log moves five times a second, and who lists or proves something is done
 * before so many writes. */
#define BEHIND_LEAST 16
#define STANDS_MS 400
#define LOOK_EVERY_MS 1000

static void tell(struct cli *cli, const struct qp_old_reader *oldest)
{
    char text[320];
    snprintf(text, sizeof text,
             "process %ld has been reading the ledger as it stood %" PRIu64 " writes ago and holds "
             "on to that; until it goes on or ends, the ledger's file grows with every write: see "
             "what it is (ps -p %ld), and end it if nobody needs it",
             oldest->process, oldest->behind, oldest->process);
    if (cli->json) {
        cli_json_on(cli, stderr, json_pack("{s:b, s:s}", "warning", 1, "text", text));
    } else {
        cli_note(cli, "%s", text);
    }
}

static bool is_same(const struct qp_old_reader *a, const struct qp_old_reader *b)
{
    return a->process == b->process && a->view == b->view;
}

void old_readers_look(struct cli *cli, struct old_readers *readers, struct qp_log *log, bool last)
{
    uint64_t now_ms = qp_ticks_ms();
    struct qp_old_reader oldest = {0};
    if (!last && now_ms - readers->looked_ms < LOOK_EVERY_MS) {
        return;
    }
    readers->looked_ms = now_ms;
    /* A look that fails is no reason to stop: whatever is wrong, the next write tells. */
    if (qp_log_oldest_reader(log, &oldest, NULL) != QP_OK || oldest.behind < BEHIND_LEAST ||
        oldest.process == readers->told) {
        readers->seen = (struct qp_old_reader){0};
        return;
    }
    if (!is_same(&readers->seen, &oldest)) {
        readers->since_ms = now_ms;
    }
    readers->seen = oldest;
    if (last && now_ms - readers->since_ms < STANDS_MS) {
        (void)poll(NULL, 0, STANDS_MS);
        now_ms = qp_ticks_ms();
        if (qp_log_oldest_reader(log, &oldest, NULL) != QP_OK ||
            !is_same(&readers->seen, &oldest)) {
            return; /* it moved */
        }
    }
    if (now_ms - readers->since_ms >= STANDS_MS) {
        tell(cli, &oldest);
        readers->told = oldest.process;
    }
}
