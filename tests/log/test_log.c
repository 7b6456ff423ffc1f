/* Opening, admission, receipts, reading: the log as its users see it. */
#include "log/one_folder.h"

#include "log/view.h"

static void makes_a_ledger_of_one_entry(void **state)
{
    (void)state;
    struct qp_hash id;
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    qp_log_ledger_id(log, &id);
    assert_int_equal(qp_log_size(log), 1);
    assert_string_equal(qp_log_origin(log), SEASON_ORIGIN);
    assert_true(qp_hash_eq(&id, &folder.season.ledger_id));
    qp_log_close(log);
}

static void makes_no_ledger_over_another_one(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_buf opening = {0};
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    folder_create(&folder);
    struct season other;
    season_init(&other);
    season_open(&other, &opening);
    assert_int_equal(qp_log_create(folder.dir, qp_span_buf(&opening), &options, &why), QP_E_IO);
    season_wipe(&other);
    qp_buf_wipe(&opening);
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    qp_log_close(log);
}

static void leaves_nothing_behind_when_the_opening_is_refused(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_buf opening = {0};
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    season_open(&folder.season, &opening);
    opening.data[opening.len - 40] ^= 1;
    assert_int_not_equal(qp_log_create(folder.dir, qp_span_buf(&opening), &options, &why), QP_OK);
    opening.data[opening.len - 40] ^= 1;
    options.log_key = folder.season.coop.key;
    assert_int_equal(qp_log_create(folder.dir, qp_span_buf(&opening), &options, &why),
                     QP_E_INVALID);
    options.log_key = folder.season.log_key;
    assert_ok(qp_log_create(folder.dir, qp_span_buf(&opening), &options, err));
    qp_buf_wipe(&opening);
}

static void admits_a_season_and_proves_each_entry(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct told told = {0};
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(&folder.season, 4, &records);
    season_harvests(&folder.season, 0, 300, 4, &records);
    assert_ok(folder_submit(log, &records, 7777, &told, err));
    assert_int_equal(told.count, 303);
    assert_int_equal(told.ok, 303);
    assert_int_equal(qp_log_size(log), 304);
    assert_int_equal(told.last_index, 303);

    char vkey_text[QP_VKEY_TEXT_BYTES];
    struct qp_vkey vkey;
    struct qp_public_key key;
    struct qp_buf policy_text = {0};
    struct qp_policy *policy = NULL;
    qp_key_public(folder.season.log_key, &key);
    assert_ok(qp_vkey_init(&vkey, qp_span_text(SEASON_ORIGIN), QP_VKEY_NOTE, &key, err));
    qp_vkey_format(&vkey, vkey_text);
    assert_ok(qp_buf_addf(&policy_text, err, "log %s\nquorum none\n", vkey_text));
    assert_ok(qp_policy_new(qp_span_buf(&policy_text), &policy, err));
    for (uint64_t i = 0; i < qp_log_size(log); i += 7) {
        struct qp_buf receipt = {0};
        struct qp_buf extra = {0};
        struct qp_buf entry = {0};
        struct qp_tlog_proof proof;
        struct qp_checkpoint checkpoint;
        struct qp_hash leaf;
        assert_ok(qp_log_receipt(log, i, &receipt, err));
        assert_ok(qp_tlog_proof_decode(qp_span_buf(&receipt), &proof, &extra, err));
        assert_ok(qp_log_entry(log, i, &entry, err));
        assert_true(qp_span_eq(proof.extra, qp_span_buf(&entry)));
        qp_hash_leaf(&leaf, qp_span_buf(&entry));
        assert_int_equal(proof.leaf_index, i);
        assert_ok(qp_tlog_proof_check(&proof, &leaf, policy, &checkpoint, NULL, err));
        qp_buf_wipe(&receipt);
        qp_buf_wipe(&extra);
        qp_buf_wipe(&entry);
    }
    qp_policy_free(policy);
    qp_buf_wipe(&policy_text);
    qp_log_close(log);
    qp_buf_wipe(&told.receipts);
    qp_buf_wipe(&records);
}

static void gives_the_same_receipts_again(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct qp_buf more = {0};
    struct told first = {0};
    struct told second = {0};
    struct told third = {0};
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(&folder.season, 4, &records);
    season_harvests(&folder.season, 0, 20, 4, &records);
    season_harvests(&folder.season, 20, 20, 4, &more);
    assert_ok(folder_submit(log, &records, 0, &first, err));
    assert_ok(folder_submit(log, &records, 0, &second, err));
    assert_int_equal(second.again, 23);
    assert_int_equal(qp_log_size(log), 24);
    assert_true(qp_span_eq(qp_span_buf(&first.receipts), qp_span_buf(&second.receipts)));
    folder_admit(log, &more);
    qp_log_close(log);
    log = folder_open(&folder, QP_LOG_WRITE);
    assert_ok(folder_submit(log, &records, 0, &third, err));
    assert_int_equal(third.again, 23);
    assert_int_equal(qp_log_size(log), 44);
    assert_true(qp_span_eq(qp_span_buf(&first.receipts), qp_span_buf(&third.receipts)));
    qp_log_close(log);
    qp_buf_wipe(&first.receipts);
    qp_buf_wipe(&second.receipts);
    qp_buf_wipe(&third.receipts);
    qp_buf_wipe(&records);
    qp_buf_wipe(&more);
}

static void makes_no_receipts_when_nobody_wants_them(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct qp_buf receipt = {0};
    struct told told = {0};
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(&folder.season, 1, &records);
    struct feed feed = {.bytes = qp_span_buf(&records)};
    struct qp_source source = {.context = &feed, .read = feed_read};
    struct qp_submit_sink sink = {.context = &told, .done = told_done, .no_receipts = true};
    assert_ok(qp_log_submit(log, &source, &sink, err));
    assert_int_equal(told.ok, 3);
    assert_int_equal(told.receipts.len, 0);
    told.count = 0;
    assert_ok(folder_submit(log, &records, 0, &told, err));
    assert_true(told.receipts.len > 0);
    assert_ok(qp_log_receipt(log, 3, &receipt, err));
    qp_log_close(log);
    qp_buf_wipe(&receipt);
    qp_buf_wipe(&told.receipts);
    qp_buf_wipe(&records);
}

static void knows_a_record_that_stands_twice_in_the_input(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct told told = {0};
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(&folder.season, 2, &records);
    size_t from = records.len;
    season_harvests(&folder.season, 0, 1, 2, &records);
    struct qp_buf copy = {0};
    assert_ok(qp_buf_add(&copy, qp_span_of(records.data + from, records.len - from), err));
    assert_ok(qp_buf_add(&records, qp_span_buf(&copy), err));
    assert_ok(folder_submit(log, &records, 0, &told, err));
    assert_int_equal(told.ok, 5);
    assert_int_equal(told.again, 1);
    assert_int_equal(qp_log_size(log), 5);
    qp_log_close(log);
    qp_buf_wipe(&told.receipts);
    qp_buf_wipe(&copy);
    qp_buf_wipe(&records);
}

static void a_refused_statement_costs_no_other_anything(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct told told = {0};
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(&folder.season, 2, &records);
    struct season_issuer before = folder.season.coop;
    season_lot(&folder.season, "coop-norte/A", "coop-norte/P00000", 1000);
    season_lot(&folder.season, "coop-norte/B", "coop-norte/NONE", 1000);
    season_sign(&folder.season, &folder.season.coop, &records);
    folder.season.coop = before; /* its number was not used up */
    season_lot(&folder.season, "coop-norte/A", "coop-norte/P00001", 2000);
    season_sign(&folder.season, &folder.season.coop, &records);
    assert_ok(folder_submit(log, &records, 0, &told, err));
    assert_int_equal(told.ok, 4);
    assert_int_equal(told.refused, 1);
    assert_string_equal(told.first.rule, "QP-PLOT-UNKNOWN");
    assert_non_null(strstr(told.first.text, "event 1 (lot_harvested)"));
    assert_int_equal(qp_log_size(log), 5);
    qp_log_close(log);
    qp_buf_wipe(&told.receipts);
    qp_buf_wipe(&records);
}

static void refuses_gaps_forks_and_broken_links(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct told told = {0};
    struct season *season = &folder.season;
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(season, 2, &records);
    folder_admit(log, &records);

    records.len = 0;
    season->coop.sequence += 2;
    season_harvests(season, 0, 1, 2, &records);
    assert_ok(folder_submit(log, &records, 0, &told, err));
    assert_string_equal(told.first.rule, "QP-CHAIN-GAP");
    assert_non_null(strstr(told.first.text, "sequence 4"));

    records.len = 0;
    told = (struct told){0};
    season->coop.sequence -= 3;
    season->coop.previous.bytes[0] ^= 1;
    season_harvests(season, 0, 1, 2, &records);
    assert_ok(folder_submit(log, &records, 0, &told, err));
    assert_string_equal(told.first.rule, "QP-CHAIN-LINK");

    records.len = 0;
    told = (struct told){0};
    season->coop.sequence = 1;
    season_harvests(season, 0, 1, 2, &records);
    assert_ok(folder_submit(log, &records, 0, &told, err));
    assert_string_equal(told.first.rule, "QP-CHAIN-FORK");
    assert_int_equal(qp_log_size(log), 4);
    qp_log_close(log);
    qp_buf_wipe(&records);
}

static void refuses_what_was_changed_after_signing(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct qp_buf changed = {0};
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(&folder.season, 1, &records);
    folder_admit(log, &records);
    records.len = 0;
    season_harvests(&folder.season, 0, 1, 1, &records);
    for (size_t i = QP_SUBMISSION_HEAD_BYTES; i < records.len; i++) {
        struct told told = {0};
        changed.len = 0;
        assert_ok(qp_buf_add(&changed, qp_span_buf(&records), err));
        changed.data[i] ^= 0x04;
        assert_ok(folder_submit(log, &changed, 0, &told, err));
        assert_int_equal(told.refused, 1);
    }
    assert_int_equal(qp_log_size(log), 4);
    qp_log_close(log);
    qp_buf_wipe(&changed);
    qp_buf_wipe(&records);
}

static void refuses_times_ahead_of_the_clock(void **state)
{
    (void)state;
    struct qp_buf records = {0};
    struct told told = {0};
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    Qp__Event event = QP__EVENT__INIT;
    Qp__PartyEnrolled party;
    Qp__Role role = QP__ROLE__ROLE_COOPERATIVE;
    season_party(&party, &folder.season.coop, &role);
    event.body_case = QP__EVENT__BODY_PARTY_ENROLLED;
    event.party_enrolled = &party;
    event.occurred_ms = SEASON_NOW_MS + UINT64_C(2) * 86400000;
    season_add(&folder.season, &event);
    season_sign(&folder.season, &folder.season.operator_, &records);
    assert_ok(folder_submit(log, &records, 0, &told, err));
    assert_string_equal(told.first.rule, "QP-TIME-FUTURE");
    qp_log_close(log);
    qp_buf_wipe(&records);
}

static void takes_sealed_contents_later(void **state)
{
    (void)state;
    struct qp_buf bare = {0};
    struct qp_buf full = {0};
    struct qp_buf content = {0};
    struct qp_err why = {0};
    struct qp_log_stats stats;
    struct season *season = &folder.season;
    struct season twin;
    folder_create(&folder);
    season_init(&twin);
    season_open(&twin, &full); /* brings the twin to the same place */
    full.len = 0;
    season->withhold = true;
    season_begin(season, 2, &bare);
    season_begin(&twin, 2, &full);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    folder_admit(log, &bare);
    assert_ok(qp_log_stats(log, &stats, err));
    assert_int_equal(stats.sealed, 0);
    folder_admit(log, &full);
    folder_admit(log, &full);
    assert_int_equal(qp_log_size(log), 4);
    assert_ok(qp_log_stats(log, &stats, err));
    assert_int_equal(stats.sealed, 4);
    assert_int_equal(stats.entries, 4);
    assert_int_equal(stats.events, 1 + 3 + 2 + 2);
    assert_int_equal(stats.events_by_kind[QP__EVENT__BODY_PLOT_REGISTERED], 2);
    assert_int_equal(stats.issuers, 2);

    struct qp_buf bytes = {0};
    struct qp_arena arena = {0};
    Qp__Event *event = NULL;
    assert_ok(qp_log_event(log, 3, 1, &bytes, err));
    assert_ok(qp_event_decode(qp_span_buf(&bytes), &arena, &event, err));
    struct qp_hash commitment = qp_bytes_hash(event->plot_registered->geometry->commitment);
    assert_ok(qp_log_sealed(log, 3, &commitment, &content, err));
    assert_int_equal(qp_log_sealed(log, 2, &commitment, &content, &why), QP_E_NOT_FOUND);
    qp_log_close(log);
    season_wipe(&twin);
    qp_arena_wipe(&arena);
    qp_buf_wipe(&bytes);
    qp_buf_wipe(&bare);
    qp_buf_wipe(&full);
    qp_buf_wipe(&content);
}

static void refuses_contents_that_open_nothing(void **state)
{
    (void)state;
    static const uint8_t point[10] = {1, 1};
    struct qp_buf records = {0};
    struct told told = {0};
    struct season *season = &folder.season;
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    season_begin(season, 1, &records);
    folder_admit(log, &records);
    struct season_issuer before = season->coop;
    records.len = 0;
    season_producer(season, "coop-norte/F1");
    (void)season_seal(season, QP__SEALED_KIND__SEALED_KIND_GEOMETRY,
                      qp_span_of(point, sizeof point));
    season_sign(season, &season->coop, &records);
    assert_ok(folder_submit(log, &records, 0, &told, err));
    assert_int_equal(told.refused, 1);
    assert_int_equal(told.first.code, QP_E_INVALID);

    records.len = 0;
    told = (struct told){0};
    season->coop = before;
    season_producer(season, "coop-norte/F1");
    season->sealed[season->sealed_count] = season->sealed[0];
    season->sealed_count++;
    season_sign(season, &season->coop, &records);
    assert_ok(folder_submit(log, &records, 0, &told, err));
    assert_int_equal(told.refused, 1);
    assert_non_null(strstr(told.first.text, "twice"));
    qp_log_close(log);
    qp_buf_wipe(&records);
}

static enum qp_code count_edge(void *context, const struct qp_edge_place *place, struct qp_err *err)
{
    size_t *count = context;
    (void)place;
    (void)err;
    (*count)++;
    return QP_OK;
}

static void finds_every_event_that_names_a_plot(void **state)
{
    (void)state;
    struct qp_err why = {0};
    folder_grow(&folder, 40);
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    size_t count = 0;
    assert_ok(qp_log_edges(log, QP_STATE_PLOT, "coop-norte/P00001", count_edge, &count, err));
    assert_int_equal(count, 1 + 10);
    count = 0;
    assert_ok(qp_log_edges(log, QP_STATE_PLOT, "coop-norte/P0000", count_edge, &count, err));
    assert_int_equal(count, 0);
    uint64_t sequence = 0;
    uint64_t index = 0;
    assert_ok(qp_log_last_sequence(log, &folder.season.coop.public_key, &sequence, err));
    assert_int_equal(sequence, 41);
    assert_ok(qp_log_find(log, &folder.season.coop.public_key, 41, &index, err));
    assert_int_equal(index, 43);
    assert_int_equal(qp_log_find(log, &folder.season.coop.public_key, 42, &index, &why),
                     QP_E_NOT_FOUND);
    qp_log_close(log);
}

static void has_one_writer_at_a_time(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_log *second = NULL;
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    folder_create(&folder);
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    assert_int_equal(qp_log_open(folder.dir, &options, &second, &why), QP_E_BUSY);
    qp_log_close(log);
    log = folder_open(&folder, QP_LOG_WRITE);
    qp_log_close(log);
}

static void refuses_the_wrong_log_key(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_log *log = NULL;
    struct qp_log_options options = folder_options(&folder, QP_LOG_WRITE);
    folder_create(&folder);
    options.log_key = folder.season.coop.key;
    assert_int_equal(qp_log_open(folder.dir, &options, &log, &why), QP_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(makes_a_ledger_of_one_entry),
        T(makes_no_ledger_over_another_one),
        T(leaves_nothing_behind_when_the_opening_is_refused),
        T(admits_a_season_and_proves_each_entry),
        T(gives_the_same_receipts_again),
        T(makes_no_receipts_when_nobody_wants_them),
        T(knows_a_record_that_stands_twice_in_the_input),
        T(a_refused_statement_costs_no_other_anything),
        T(refuses_gaps_forks_and_broken_links),
        T(refuses_what_was_changed_after_signing),
        T(refuses_times_ahead_of_the_clock),
        T(takes_sealed_contents_later),
        T(refuses_contents_that_open_nothing),
        T(finds_every_event_that_names_a_plot),
        T(has_one_writer_at_a_time),
        T(refuses_the_wrong_log_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
