/* What the rules cost: every event of single-event statements judged against the state of a ledger,
 * with the rule set that is shipped, against the check of the statement's signature.
 *
 *   bench_rules [LOTS]
 *
 * Each lot is harvested, handed over, received and milled, so four kinds of events are judged, each
 * against records that the ones before it left. What is judged lies over a ledger on the disk, as
 * at admission. Exits 1 when the rules take more than RATIO_MAX of the signature check. */
#include "log/folder.h"

#include "rules/rules.h"
#include "trace/source.h"

#include "bench/figure.h"
#include "bench/events.h"

#define RATIO_MAX 0.25
#define PLOTS 32
#define ROUNDS 5

/* Statements in the order in which they were signed. */
struct signed_event {
    Qp__Statement *statement;
    struct qp_span statement_bytes;
    struct qp_signature signature;
    struct qp_public_key issuer;
    Qp__Event *event;
    struct qp_hash id;
};

struct bench {
    struct folder folder;
    struct qp_arena arena;
    struct signed_event *list;
    size_t count;
};

static void hand_over(struct season *season, const char *lot, uint64_t grams, struct qp_buf *out)
{
    Qp__Event event = QP__EVENT__INIT;
    Qp__LotTransferred given = QP__LOT_TRANSFERRED__INIT;
    Qp__LotReceived taken = QP__LOT_RECEIVED__INIT;
    Qp__Quantity quantity = QP__QUANTITY__INIT;
    quantity.grams = grams;
    given.lot = (char *)(uintptr_t)lot;
    given.to = (char *)(uintptr_t)season->exporter.party;
    given.kind = QP__TRANSFER_KIND__TRANSFER_KIND_BOTH;
    given.quantity = &quantity;
    event.body_case = QP__EVENT__BODY_LOT_TRANSFERRED;
    event.lot_transferred = &given;
    season_add(season, &event);
    season_sign(season, &season->coop, out);
    taken.lot = (char *)(uintptr_t)lot;
    taken.from = (char *)(uintptr_t)season->coop.party;
    taken.quantity = &quantity;
    qp__event__init(&event);
    event.body_case = QP__EVENT__BODY_LOT_RECEIVED;
    event.lot_received = &taken;
    season_add(season, &event);
    season_sign(season, &season->exporter, out);
}

static void mill(struct season *season, const char *lot, unsigned at, uint64_t grams,
                 struct qp_buf *out)
{
    char made[32];
    Qp__Event event = QP__EVENT__INIT;
    Qp__LotProcessed body = QP__LOT_PROCESSED__INIT;
    Qp__LotInput input = QP__LOT_INPUT__INIT;
    Qp__LotOutput output = QP__LOT_OUTPUT__INIT;
    Qp__LotInput *inputs[1] = {&input};
    Qp__LotOutput *outputs[1] = {&output};
    Qp__Quantity drawn = QP__QUANTITY__INIT;
    Qp__Quantity left = QP__QUANTITY__INIT;
    snprintf(made, sizeof made, "cafe-export/G%07u", at);
    drawn.grams = grams;
    left.grams = grams / 5;
    input.lot = (char *)(uintptr_t)lot;
    input.quantity = &drawn;
    output.lot = made;
    output.form = QP__FORM__FORM_PARCHMENT;
    output.quantity = &left;
    output.kind = QP__OUTPUT_KIND__OUTPUT_KIND_PRODUCT;
    body.process = QP__PROCESS__PROCESS_WASHING;
    body.n_inputs = 1;
    body.inputs = inputs;
    body.n_outputs = 1;
    body.outputs = outputs;
    event.body_case = QP__EVENT__BODY_LOT_PROCESSED;
    event.lot_processed = &body;
    season_add(season, &event);
    season_sign(season, &season->exporter, out);
}

static void make_events(struct season *season, unsigned lots, struct qp_buf *out)
{
    for (unsigned i = 0; i < lots; i++) {
        char lot[32];
        uint64_t grams = 50000 + i % 1000;
        snprintf(lot, sizeof lot, "coop-norte/L%07u", i);
        season_harvests(season, i, 1, PLOTS, out);
        hand_over(season, lot, grams, out);
        mill(season, lot, i, grams, out);
    }
}

/* Take the records apart before any clock runs. */
static void open_records(struct bench *bench, const struct qp_buf *records, size_t count)
{
    struct qp_span left = qp_span_buf(records);
    bench->list = qp_arena_alloc_zero(&bench->arena, count, sizeof *bench->list);
    assert_non_null(bench->list);
    while (left.len > 0) {
        struct signed_event *to = &bench->list[bench->count++];
        Qp__Submission *submission = NULL;
        size_t used = 0;
        assert_ok(qp_submission_decode(left, &bench->arena, &submission, &used, err));
        to->statement_bytes = qp_span_bytes(submission->statement);
        assert_ok(qp_statement_decode(to->statement_bytes, &bench->arena, &to->statement, err));
        memcpy(to->issuer.bytes, to->statement->issuer.data, sizeof to->issuer.bytes);
        memcpy(to->signature.bytes, submission->signature.data, sizeof to->signature.bytes);
        struct qp_span bytes = qp_span_bytes(submission->events[0]);
        assert_ok(qp_event_decode(bytes, &bench->arena, &to->event, err));
        qp_hash_leaf(&to->id, bytes);
        left = qp_span_of(left.data + used, left.len - used);
    }
    assert_int_equal(bench->count, count);
}

static double time_signatures(const struct bench *bench)
{
    double start = figure_seconds();
    for (size_t i = 0; i < bench->count; i++) {
        const struct signed_event *at = &bench->list[i];
        assert_ok(qp_verify(&at->issuer, qp_span_text(QP_STATEMENT_DOMAIN), at->statement_bytes,
                            &at->signature, err));
    }
    return figure_seconds() - start;
}

static double time_rules(const struct bench *bench, const struct qp_state *ledger)
{
    struct qp_state_map *map = NULL;
    struct qp_rule_memo memo;
    struct qp_arena scratch;
    qp_arena_init(&scratch, 0);
    qp_rule_memo_init(&memo);
    assert_ok(qp_state_map_new(ledger, &map, err));
    struct qp_state state = qp_state_map_state(map);
    double start = figure_seconds();
    for (size_t i = 0; i < bench->count; i++) {
        const struct signed_event *at = &bench->list[i];
        struct qp_rule_context context = {.issuer = at->issuer,
                                          .event_id = at->id,
                                          .index = 1000 + i,
                                          .admitted_ms = SEASON_NOW_MS,
                                          .memo = &memo};
        qp_arena_reset(&scratch);
        qp_state_map_mark(map);
        assert_ok(qp_rules_apply(&context, at->event, &state, &scratch, err));
    }
    double took = figure_seconds() - start;
    qp_state_map_free(map);
    qp_rule_memo_wipe(&memo);
    qp_arena_wipe(&scratch);
    return took;
}

int main(int argc, char **argv)
{
    unsigned lots = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2000;
    static struct bench bench;
    struct qp_buf begin = {0};
    struct qp_buf records = {0};
    double ratios[ROUNDS];
    double rules[ROUNDS];
    assert_true(lots > 0);
    folder_init(&bench.folder);
    qp_arena_init(&bench.arena, 0);
    folder_create(&bench.folder);
    struct qp_log *log = folder_open(&bench.folder, QP_LOG_WRITE);
    season_begin(&bench.folder.season, PLOTS, &begin);
    bench_rule_set(&bench.folder.season);
    season_sign(&bench.folder.season, &bench.folder.season.operator_, &begin);
    folder_admit(log, &begin);
    make_events(&bench.folder.season, lots, &records);
    open_records(&bench, &records, (size_t)lots * 4);
    struct qp_trace_source source = qp_trace_source_log(log);
    for (size_t i = 0; i < ROUNDS; i++) {
        double signatures = time_signatures(&bench);
        rules[i] = time_rules(&bench, &source.state);
        ratios[i] = rules[i] / signatures;
    }
    double ratio = figure_median(ratios, ROUNDS);
    figure("rules", (double)bench.count / figure_median(rules, ROUNDS), "events/s");
    figure("rules_over_signature", ratio, "");
    qp_log_close(log);
    qp_arena_wipe(&bench.arena);
    qp_buf_wipe(&begin);
    qp_buf_wipe(&records);
    folder_wipe(&bench.folder);
    return ratio <= RATIO_MAX ? 0 : 1;
}
