/* Audit: every kind of damage is found, and what is derived can be rebuilt. */
#include "log/damage.h"
#include "log/tiles.h"

static struct folder folder;

#define HARVESTS 300
#define ENTRIES (1 + 3 + HARVESTS)

static int setup(void **state)
{
    (void)state;
    folder_init(&folder);
    folder_grow(&folder, HARVESTS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_wipe(&folder);
    return 0;
}

static struct qp_audit_report audit(bool rebuild)
{
    struct qp_audit_options options = {.rebuild = rebuild};
    struct qp_audit_report report = {0};
    struct qp_log_options open = folder_options(&folder, rebuild ? QP_LOG_REPAIR : QP_LOG_AUDIT);
    struct qp_log *log = NULL;
    assert_ok(qp_log_open(folder.dir, &open, &log, err));
    assert_ok(qp_log_audit(log, &options, &report, err));
    qp_log_close(log);
    return report;
}

static void wrong_at(uint64_t entry)
{
    struct qp_audit_report report = audit(false);
    assert_true(report.faults > 0);
    assert_true(report.first[0] != '\0');
    if (report.first_entry != entry) {
        fail_msg("entry %llu, not %llu: %s", (unsigned long long)report.first_entry,
                 (unsigned long long)entry, report.first);
    }
}

/* The damage is derived: a rebuild makes it good. */
static void rebuilds(void)
{
    struct qp_audit_report report = audit(true);
    assert_true(report.faults > 0);
    assert_true(report.rebuilt);
    report = audit(false);
    if (report.faults > 0) {
        fail_msg("%s", report.first);
    }
    struct qp_log *log = folder_open(&folder, QP_LOG_WRITE);
    struct qp_buf records = {0};
    season_harvests(&folder.season, HARVESTS, 3, 4, &records);
    folder_admit(log, &records);
    qp_log_close(log);
    qp_buf_wipe(&records);
    assert_int_equal(audit(false).faults, 0);
}

static void finds_nothing_wrong_in_a_sound_ledger(void **state)
{
    (void)state;
    struct qp_audit_report report = audit(false);
    if (report.faults > 0) {
        fail_msg("%s", report.first);
    }
    assert_int_equal(report.entries, ENTRIES);
    assert_int_equal(report.signatures, ENTRIES);
    assert_int_equal(report.events, 1 + 3 + 4 + 4 + HARVESTS);
    assert_int_equal(report.sealed, 8);
    assert_true(report.first_entry == QP_NO_ENTRY);
}

static void finds_each_flipped_byte_of_an_entry(void **state)
{
    (void)state;
    struct damage row = damage_row(&folder, QP_TABLE_ENTRIES, 20);
    size_t len = row.value.len;
    qp_buf_wipe(&row.key);
    qp_buf_wipe(&row.value);
    for (size_t i = 0; i < len; i += 23) {
        damage_flip(&folder, QP_TABLE_ENTRIES, 20, i);
        wrong_at(20);
        damage_flip(&folder, QP_TABLE_ENTRIES, 20, i);
    }
    assert_int_equal(audit(false).faults, 0);
}

static void finds_a_flipped_byte_of_an_event(void **state)
{
    (void)state;
    damage_flip(&folder, QP_TABLE_EVENTS, 12 + 30, 3); /* twelve events stand in entries 0 to 3 */
    wrong_at(4 + 30);
}

static void finds_an_opening_that_was_changed(void **state)
{
    (void)state;
    struct damage row = damage_row(&folder, QP_TABLE_EVENTS, 0);
    size_t len = row.value.len;
    qp_buf_wipe(&row.key);
    qp_buf_wipe(&row.value);
    for (size_t i = 0; i < len; i += 11) {
        damage_flip(&folder, QP_TABLE_EVENTS, 0, i);
        wrong_at(0);
        damage_flip(&folder, QP_TABLE_EVENTS, 0, i);
    }
}

static void finds_a_missing_anchor(void **state)
{
    (void)state;
    assert_int_equal(remove(folder.anchor), 0);
    wrong_at(QP_NO_ENTRY);
}

static void finds_a_missing_event(void **state)
{
    (void)state;
    damage_remove(&folder, QP_TABLE_EVENTS, 12);
    wrong_at(4);
}

static void finds_an_event_too_many(void **state)
{
    (void)state;
    damage_add(&folder, QP_TABLE_EVENTS, 12);
    wrong_at(4);
}

static void finds_missing_entries_at_the_end(void **state)
{
    (void)state;
    damage_remove(&folder, QP_TABLE_ENTRIES, ENTRIES - 1);
    wrong_at(ENTRIES - 1);
}

static void finds_a_missing_entry_in_between(void **state)
{
    (void)state;
    damage_remove(&folder, QP_TABLE_ENTRIES, 9);
    wrong_at(9);
}

#define TILE_ROWS ((ENTRIES + QP_TILE_PART - 1) / QP_TILE_PART) /* of level 0 */

static void finds_and_rebuilds_a_tile(void **state)
{
    (void)state;
    damage_flip(&folder, QP_TABLE_TILES, TILE_ROWS - 1, 0); /* the last hash of the second tile */
    wrong_at(ENTRIES - 1);
    rebuilds();
}

static void finds_and_rebuilds_an_inner_tile(void **state)
{
    (void)state;
    damage_flip(&folder, QP_TABLE_TILES, TILE_ROWS, 0);
    wrong_at(0);
    rebuilds();
}

static void finds_and_rebuilds_a_missing_tile(void **state)
{
    (void)state;
    damage_remove(&folder, QP_TABLE_TILES, 0);
    wrong_at(0);
    rebuilds();
}

static void finds_and_rebuilds_an_issuer(void **state)
{
    (void)state;
    damage_flip(&folder, QP_TABLE_ISSUERS, 7, 0);
    assert_true(audit(false).faults == 1);
    rebuilds();
}

static void finds_and_rebuilds_a_state_record(void **state)
{
    (void)state;
    damage_flip(&folder, QP_TABLE_STATE, 30, 0);
    wrong_at(QP_NO_ENTRY);
    rebuilds();
}

static void finds_and_rebuilds_a_missing_state_record(void **state)
{
    (void)state;
    damage_remove(&folder, QP_TABLE_STATE, 5);
    wrong_at(QP_NO_ENTRY);
    rebuilds();
}

static void finds_and_rebuilds_an_edge_too_many(void **state)
{
    (void)state;
    damage_add(&folder, QP_TABLE_EDGES, 11);
    assert_int_equal(audit(false).faults, 1);
    rebuilds();
}

static void finds_and_rebuilds_a_changed_edge(void **state)
{
    (void)state;
    damage_flip(&folder, QP_TABLE_EDGES, 17, 0);
    assert_int_equal(audit(false).faults, 1);
    rebuilds();
}

static void finds_a_changed_checkpoint(void **state)
{
    (void)state;
    damage_flip(&folder, QP_TABLE_CHECKPOINTS, 0, 5);
    wrong_at(QP_NO_ENTRY);
}

static void finds_a_checkpoint_of_another_size(void **state)
{
    (void)state;
    damage_add(&folder, QP_TABLE_CHECKPOINTS, 0);
    wrong_at(QP_NO_ENTRY);
}

static void finds_a_changed_content_in_the_vault(void **state)
{
    (void)state;
    damage_flip(&folder, QP_TABLE_VAULT, 1, 0);
    wrong_at(2);
    assert_int_equal(audit(false).sealed, 7);
}

static void finds_a_content_of_nothing_in_the_vault(void **state)
{
    (void)state;
    damage_add(&folder, QP_TABLE_VAULT, 5);
    wrong_at(3);
}

static void misses_no_content_that_was_erased(void **state)
{
    (void)state;
    damage_remove(&folder, QP_TABLE_VAULT, 5); /* erasing is allowed */
    assert_int_equal(audit(false).faults, 0);
}

static void finds_a_changed_anchor(void **state)
{
    (void)state;
    FILE *file = fopen(folder.anchor, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -4, SEEK_END), 0);
    assert_int_equal(fputs("AA", file), 1);
    assert_int_equal(fclose(file), 0);
    wrong_at(QP_NO_ENTRY);
}

static void reads_give_no_damaged_bytes(void **state)
{
    (void)state;
    struct qp_err why = {0};
    struct qp_buf out = {0};
    damage_flip(&folder, QP_TABLE_ENTRIES, 20, 9);
    damage_flip(&folder, QP_TABLE_EVENTS, 12 + 30, 3);
    struct qp_log *log = folder_open(&folder, QP_LOG_READ);
    assert_int_equal(qp_log_entry(log, 20, &out, &why), QP_E_STORE);
    assert_int_equal(qp_log_receipt(log, 20, &out, &why), QP_E_STORE);
    assert_int_equal(qp_log_event(log, 34, 0, &out, &why), QP_E_STORE);
    assert_int_equal(out.len, 0);
    assert_ok(qp_log_event(log, 35, 0, &out, err));
    qp_log_close(log);
    qp_buf_wipe(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(finds_nothing_wrong_in_a_sound_ledger),
        T(finds_each_flipped_byte_of_an_entry),
        T(finds_a_flipped_byte_of_an_event),
        T(finds_an_opening_that_was_changed),
        T(finds_a_missing_anchor),
        T(finds_a_missing_event),
        T(finds_an_event_too_many),
        T(finds_missing_entries_at_the_end),
        T(finds_a_missing_entry_in_between),
        T(finds_and_rebuilds_a_tile),
        T(finds_and_rebuilds_an_inner_tile),
        T(finds_and_rebuilds_a_missing_tile),
        T(finds_and_rebuilds_an_issuer),
        T(finds_and_rebuilds_a_state_record),
        T(finds_and_rebuilds_a_missing_state_record),
        T(finds_and_rebuilds_an_edge_too_many),
        T(finds_and_rebuilds_a_changed_edge),
        T(finds_a_changed_checkpoint),
        T(finds_a_checkpoint_of_another_size),
        T(finds_a_changed_content_in_the_vault),
        T(finds_a_content_of_nothing_in_the_vault),
        T(misses_no_content_that_was_erased),
        T(finds_a_changed_anchor),
        T(reads_give_no_damaged_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
