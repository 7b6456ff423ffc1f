/* What bad news says about goods that were passed on before it came. */
#include "trace/market.h"

#include "trace/counting.h"

/* Every cause as a line: "recalled lot coop-norte/L2 by lot_recalled, from a b c". */
struct lines {
    struct qp_buf text;
    size_t count;
    size_t stop_after; /* 0: never */
    uint64_t index;    /* of the first one */
};

static enum qp_code write_line(void *context, const struct qp_taint *taint, struct qp_err *err)
{
    struct lines *lines = context;
    if (lines->stop_after != 0 && lines->count == lines->stop_after) {
        return qp_fail(err, QP_E_IO, "enough");
    }
    lines->count++;
    lines->index = lines->count == 1 ? taint->index : lines->index;
    enum qp_code rc = qp_buf_addf(
        &lines->text, err, "%s%s %s %s by %s%s%s, way", taint->cause, taint->note ? " (note)" : "",
        taint->kind, taint->id, taint->event, taint->party[0] != '\0' ? " of " : "", taint->party);
    for (size_t i = 0; rc == QP_OK && i < taint->path_count; i++) {
        rc = qp_buf_addf(&lines->text, err, " %s", taint->path[i]);
    }
    return rc == QP_OK ? qp_buf_addf(&lines->text, err, "\n") : rc;
}

static const char *const no_certificate =
    "certificate (note) certificate cert-pe/c1 by certificate_withdrawn of coop-norte, way";

/* The lines without those of the one withdrawn certificate, which most goods of the market share.
 */
static void expect(struct qp_log *log, const char *id, const char *wanted)
{
    struct lines lines = {0};
    struct qp_buf shown = {0};
    assert_ok(qp_taint(log, NULL, id, write_line, &lines, err));
    assert_ok(qp_buf_addf(&shown, err, "%s", ""));
    for (const char *at = (const char *)lines.text.data; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, "\n") + 1;
        if (strncmp(at, no_certificate, strlen(no_certificate)) != 0) {
            assert_ok(qp_buf_addf(&shown, err, "%.*s", (int)len, at));
        }
        at += len;
    }
    assert_string_equal((const char *)shown.data, wanted);
    qp_buf_wipe(&shown);
    qp_buf_wipe(&lines.text);
}

static void recall(struct qp_log *log, const char *lot, const char *signer)
{
    act(signer, "2026-05-26", text("'lot_recalled':{'lot':'%s','reason':'mould'}", lot));
    sign(signer);
    admit(log);
}

static void a_recall_taints_what_was_made_before_it(void **state)
{
    expect(*state, "cafe-export/s1", "");
    recall(*state, "coop-norte/L2", "coop-norte-2");
    expect(*state, "cafe-export/s1",
           "recalled lot coop-norte/L2 by lot_recalled, way cafe-export/s1 mill/g1 mill/l2a "
           "coop-norte/L2\n");
    expect(*state, "mill/h1",
           "recalled lot coop-norte/L2 by lot_recalled, way mill/h1 mill/l2a coop-norte/L2\n");
    expect(*state, "coop-norte/L2",
           "recalled lot coop-norte/L2 by lot_recalled, way coop-norte/L2\n");
}

static void taint_runs_down_the_graph_and_not_up_or_aside(void **state)
{
    recall(*state, "mill/l2a", "mill");
    expect(*state, "mill/l2b", "");
    expect(*state, "coop-norte/L2", "");
    expect(*state, "coop-norte/L1", "");
    expect(*state, "mill/g3", "");
    expect(*state, "mill/g1", "recalled lot mill/l2a by lot_recalled, way mill/g1 mill/l2a\n");
}

static void a_loss_of_forest_taints_what_grew_there(void **state)
{
    const char *geometry = NULL;
    farm("coop-sur", "coop-sur/F2", "coop-sur/S2", &geometry);
    harvest("coop-sur", "coop-sur/L2", "coop-sur/S2", 100);
    sign("coop-sur");
    act("geo-andes", "2026-05-20",
        text("'plot_assessed':{'plot':'coop-sur/S2','geometry':'%s','datasets':[{'name':'Forest "
             "2020','sha256':'%s'}],'method':'overlay v1','cut_off':'2020-12-31',"
             "'covers_to':'2025-12-31','outcome':'loss','assessed_m2':20000,'loss_m2':900}",
             geometry, hex("0123456789abcdef0123456789abcdef", 32)));
    sign("geo-andes");
    admit(*state);
    expect(*state, "coop-sur/S2", "loss plot coop-sur/S2 by plot_assessed, way coop-sur/S2\n");
    expect(*state, "coop-sur/L2",
           "loss plot coop-sur/S2 by plot_assessed, way coop-sur/L2 coop-sur/S2\n");
    expect(*state, "coop-sur/L1", "");
}

static void a_voided_lot_taints_itself_and_not_what_it_was_drawn_from(void **state)
{
    expect(*state, "mill/x1", "voided lot mill/x1 by event_voided, way mill/x1\n");
    expect(*state, "coop-norte/L1", "");
    expect(*state, "mill/g1", "");
}

/* A later correction of a word about the lot is not the one that voided it. */
static void names_the_voiding_that_took_the_lot_back(void **state)
{
    const char *made =
        act("mill", "2026-05-18",
            "'lot_processed':{'process':'splitting','inputs':[{'lot':'mill/l2b','quantity':"
            "{'grams':1000}}],'outputs':[{'lot':'mill/x2','form':'parchment','quantity':"
            "{'grams':1000},'kind':'product'}]}");
    const char *said =
        act("mill", "2026-05-18",
            "'lot_inspected':{'lot':'mill/x2','inspection':'quality','outcome':'passed'}");
    sign("mill");
    act("mill", "2026-05-19", text("'event_voided':{'event':%s,'reason':'mistake'}", made));
    sign("mill");
    act("mill", "2026-05-19", text("'event_voided':{'event':%s,'reason':'mistake'}", said));
    sign("mill");
    admit(*state);
    struct lines lines = {0};
    assert_ok(qp_taint(*state, "lot", "mill/x2", write_line, &lines, err));
    assert_non_null(strstr((const char *)lines.text.data, "voided lot mill/x2 by event_voided"));
    assert_int_equal(lines.index, qp_log_size(*state) - 2);
    qp_buf_wipe(&lines.text);
}

static void revoke(struct qp_log *log, const char *party, const char *name, uint64_t since)
{
    act("ministry", "2026-05-27",
        text("'key_revoked':{'party':'%s','key':'%s','compromised_since_index':%llu,"
             "'reason':'stolen'}",
             party, hex(who(name)->public_key.bytes, 32), (unsigned long long)since));
    sign("ministry");
    admit(log);
}

static void a_key_in_doubt_taints_what_it_made_handed_and_drew_from(void **state)
{
    revoke(*state, "mill", "mill", made_at(*state, "mill/g1"));
    expect(*state, "mill/g1",
           "key lot mill/g1 by lot_processed of mill, way mill/g1\n"
           "key lot coop-norte/L1 by event_voided of mill, way mill/g1 coop-norte/L1\n"
           "key lot mill/l2a by lot_processed of mill, way mill/g1 mill/l2a\n"
           "key lot coop-norte/L2 by lot_processed of mill, way mill/g1 mill/l2a "
           "coop-norte/L2\n");
    expect(*state, "coop-norte/L3",
           "key lot coop-norte/L3 by lot_processed of mill, way coop-norte/L3\n");
    expect(*state, "coop-sur/L1", "");
}

static void a_key_taints_only_from_the_entry_on_that_is_named(void **state)
{
    uint64_t made = made_at(*state, "mill/g1");
    revoke(*state, "mill", "mill", made + 1);
    expect(*state, "cafe-export/s1", "");
    revoke(*state, "mill", "mill", made);
    struct lines lines = {0};
    assert_ok(qp_taint(*state, NULL, "cafe-export/s1", write_line, &lines, err));
    assert_true(lines.count > 1);
    qp_buf_wipe(&lines.text);
}

static void a_key_that_ended_without_harm_taints_nothing(void **state)
{
    revoke(*state, "mill", "mill", 0);
    expect(*state, "cafe-export/s1", "");
}

static void words_under_a_key_in_doubt_are_a_note(void **state)
{
    enrol("ministry", "lab", "'inspector'");
    sign("ministry");
    act("lab", "2026-05-24",
        "'lot_inspected':{'lot':'mill/g1','inspection':'quality','outcome':'passed'}");
    sign("lab");
    admit(*state);
    revoke(*state, "lab", "lab", 1);
    expect(*state, "cafe-export/s1",
           "key (note) lot mill/g1 by lot_inspected of lab, way cafe-export/s1 mill/g1\n");
}

static void an_assessment_under_a_key_in_doubt_taints(void **state)
{
    revoke(*state, "geo-andes", "geo-andes", 1);
    expect(*state, "coop-norte/L3",
           "key plot coop-norte/P3 by plot_assessed of geo-andes, way coop-norte/L3 "
           "coop-norte/P3\n");
}

static void a_withdrawn_certificate_is_a_note_told_once(void **state)
{
    struct lines lines = {0};
    assert_ok(qp_taint(*state, NULL, "cafe-export/s2", write_line, &lines, err));
    assert_int_equal(lines.count, 1);
    assert_string_equal((const char *)lines.text.data,
                        "certificate (note) certificate cert-pe/c1 by certificate_withdrawn of "
                        "coop-norte, way cafe-export/s2 mill/g1 coop-norte/L1\n");
    qp_buf_wipe(&lines.text);
    /* One that is not of the time of the goods is none of theirs. */
    act("cert-pe", "2026-05-27",
        "'certificate_issued':{'certificate':'cert-pe/c3','scheme':'eu-organic','number':'19',"
        "'holder':'coop-sur','commodities':['coffee'],'valid_from':'2027-01-01',"
        "'valid_to':'2027-12-31'}");
    act("cert-pe", "2026-05-27",
        "'certificate_withdrawn':{'certificate':'cert-pe/c3','from':'2026-11-01',"
        "'reason':'audit'}");
    sign("cert-pe");
    admit(*state);
    memset(&lines, 0, sizeof lines);
    assert_ok(qp_taint(*state, NULL, "coop-sur/L1", write_line, &lines, err));
    assert_int_equal(lines.count, 0);
}

static void tells_a_cause_once_where_ways_meet_again(void **state)
{
    split_and_mix(*state);
    recall(*state, "coop-norte/L2", "coop-norte-2");
    expect(*state, "mill/c",
           "recalled lot coop-norte/L2 by lot_recalled, way mill/c mill/a mill/l2b "
           "coop-norte/L2\n");
}

static void leaves_out_a_way_that_is_too_long(void **state)
{
    const char *from = "coop-sur/L1";
    for (unsigned i = 0; i < 2 * QP_TAINT_PATH_MAX; i++) {
        const char *to = text("coop-sur/C%u", i);
        act("coop-sur", "2026-05-20",
            text("'lot_processed':{'process':'sorting','inputs':[{'lot':'%s','quantity':"
                 "{'grams':300000}}],'outputs':[{'lot':'%s','form':'parchment','quantity':"
                 "{'grams':300000},'kind':'product'}]}",
                 from, to));
        from = to;
    }
    sign("coop-sur");
    admit(*state);
    recall(*state, "coop-sur/L1", "coop-sur");
    expect(*state, from, "recalled lot coop-sur/L1 by lot_recalled, way\n");
    expect(*state, text("coop-sur/C%u", QP_TAINT_PATH_MAX), /* and its ancestor are one too many */
           "recalled lot coop-sur/L1 by lot_recalled, way\n");
    struct lines lines = {0};
    assert_ok(qp_taint(*state, "lot", text("coop-sur/C%u", QP_TAINT_PATH_MAX - 2), write_line,
                       &lines, err));
    assert_non_null(strstr((const char *)lines.text.data, " coop-sur/C0 coop-sur/L1\n"));
    qp_buf_wipe(&lines.text);
}

static void passes_on_what_the_caller_says(void **state)
{
    struct lines lines = {.stop_after = 1};
    struct qp_err err = {0};
    revoke(*state, "mill", "mill", 1);
    assert_int_equal(qp_taint(*state, NULL, "cafe-export/s1", write_line, &lines, &err), QP_E_IO);
    assert_string_equal(err.text, "enough");
    qp_buf_wipe(&lines.text);
    memset(&lines, 0, sizeof lines);
    assert_int_equal(qp_taint(*state, NULL, "mill/l1", write_line, &lines, &err), QP_E_NOT_FOUND);
    assert_int_equal(qp_taint(*state, "shipment", "mill/g1", write_line, &lines, &err),
                     QP_E_NOT_FOUND);
    assert_int_equal(qp_taint(*state, "party", "mill", write_line, &lines, &err), QP_E_USAGE);
    assert_int_equal(lines.count, 0);
}

static size_t rows_of(struct qp_log *log)
{
    struct counting counting;
    struct lines lines = {0};
    struct qp_trace_source source = counting_source(&counting, log);
    struct qp_taint_sink sink = {.context = &lines, .taint = write_line};
    assert_ok(qp_taint_source(&source, NULL, "cafe-export/s1", &sink, err));
    qp_buf_wipe(&lines.text);
    return counting.rows;
}

static void reads_no_more_when_the_log_is_longer(void **state)
{
    size_t before = rows_of(*state);
    for (unsigned i = 0; i < 2000; i++) {
        harvest("coop-sur", text("coop-sur/M%u", i), "coop-sur/S1", 1);
        sign("coop-sur");
        qp_arena_reset(&market.texts);
    }
    admit(*state);
    assert_int_equal(rows_of(*state), before);
    assert_true(before < 150);
}

static void fails_cleanly_without_memory(void **state)
{
    struct qp_trace_source source = qp_trace_source_log(*state);
    enum qp_code rc = QP_E_MEMORY;
    uint64_t limit = 0;
    revoke(*state, "mill", "mill", 1);
    for (; rc != QP_OK; limit++) {
        struct lines lines = {0};
        struct qp_taint_sink sink = {.context = &lines, .taint = write_line};
        struct qp_err err = {0};
        qp_alloc_fail_after(limit);
        rc = qp_taint_source(&source, NULL, "cafe-export/s1", &sink, &err);
        qp_alloc_fail_after(UINT64_MAX);
        if (rc != QP_OK && rc != QP_E_MEMORY) {
            fail_msg("after %llu allocations: %s", (unsigned long long)limit, err.text);
        }
        qp_buf_wipe(&lines.text);
    }
    assert_true(limit > 20);
}

int main(void)
{
#define ON_MARKET(test) cmocka_unit_test_setup_teardown(test, market_open, market_close)
    const struct CMUnitTest tests[] = {
        ON_MARKET(a_recall_taints_what_was_made_before_it),
        ON_MARKET(taint_runs_down_the_graph_and_not_up_or_aside),
        ON_MARKET(a_loss_of_forest_taints_what_grew_there),
        ON_MARKET(a_voided_lot_taints_itself_and_not_what_it_was_drawn_from),
        ON_MARKET(names_the_voiding_that_took_the_lot_back),
        ON_MARKET(a_key_in_doubt_taints_what_it_made_handed_and_drew_from),
        ON_MARKET(a_key_taints_only_from_the_entry_on_that_is_named),
        ON_MARKET(a_key_that_ended_without_harm_taints_nothing),
        ON_MARKET(words_under_a_key_in_doubt_are_a_note),
        ON_MARKET(an_assessment_under_a_key_in_doubt_taints),
        ON_MARKET(a_withdrawn_certificate_is_a_note_told_once),
        ON_MARKET(tells_a_cause_once_where_ways_meet_again),
        ON_MARKET(leaves_out_a_way_that_is_too_long),
        ON_MARKET(passes_on_what_the_caller_says),
        ON_MARKET(reads_no_more_when_the_log_is_longer),
        ON_MARKET(fails_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
