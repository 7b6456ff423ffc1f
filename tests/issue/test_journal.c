#include "issue/folder.h"

#include "core/alloc.h"
#include "issue/draft.h"
#include "issue/journal.h"

#include <sys/wait.h>
#include <time.h>

static struct qp_key *key;
static const struct qp_hash ledger = {.bytes = {1, 2, 3}};
static unsigned serial;
static char dir[128];

static int set_up(void **state)
{
    struct qp_seed seed = {.bytes = {7}};
    if (make_folder(state) != 0 || qp_key_from_seed(&seed, &key, NULL) != QP_OK) {
        return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    qp_key_free(key);
    return remove_folder(state);
}

static int new_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s/journal-%u", folder, serial++);
    return 0;
}

static const char *records_path(const char *suffix)
{
    static char path[2][256];
    static unsigned at;
    char hex[65];
    at = (at + 1) % 2;
    qp_hash_hex(hex, &ledger);
    snprintf(path[at], sizeof path[at], "%s/%s%s", dir, hex, suffix);
    return path[at];
}

static struct qp_draft *draft_of(size_t events)
{
    struct qp_draft *draft = NULL;
    assert_ok(qp_draft_new(&draft, err));
    for (size_t i = 0; i < events; i++) {
        assert_ok(qp_draft_add_json(
            draft,
            qp_span_text("{\"occurred\":\"2026-05-14\",\"producer_registered\":{\"producer\":"
                         "\"coop/P-1\",\"identity\":{\"seal\":{\"kind\":\"producer\",\"content\":"
                         "{\"name\":\"Ana\"}}}}}"),
            NULL, err));
    }
    return draft;
}

static void sign(size_t events, uint32_t each, struct qp_buf *out)
{
    struct qp_journal *journal = NULL;
    struct qp_draft *draft = draft_of(events);
    size_t count = 0;
    assert_ok(qp_journal_open(dir, key, &ledger, &journal, err));
    assert_ok(qp_journal_sign(journal, draft, each, 1000, out, &count, err));
    assert_int_equal(count, (events + each - 1) / each);
    qp_journal_close(journal);
    qp_draft_free(draft);
}

/* Reads submission records as a stranger would; returns how many, all chained from 0. */
static uint64_t assert_chained(struct qp_span in, uint64_t *events)
{
    struct qp_arena arena;
    struct qp_public_key public_key;
    struct qp_hash link = {0};
    uint64_t sequence = 0;
    qp_key_public(key, &public_key);
    qp_arena_init(&arena, 0);
    *events = 0;
    while (in.len > 0) {
        Qp__Submission *submission = NULL;
        Qp__Statement *statement = NULL;
        struct qp_signature signature;
        size_t used = 0;
        qp_arena_reset(&arena);
        assert_ok(qp_submission_decode(in, &arena, &submission, &used, err));
        struct qp_span bytes = qp_span_bytes(submission->statement);
        memcpy(signature.bytes, submission->signature.data, 64);
        assert_ok(
            qp_verify(&public_key, qp_span_text(QP_STATEMENT_DOMAIN), bytes, &signature, err));
        assert_ok(qp_statement_decode(bytes, &arena, &statement, err));
        assert_int_equal(statement->sequence, sequence);
        assert_memory_equal(statement->previous.data, link.bytes, 32);
        assert_memory_equal(statement->ledger_id.data, ledger.bytes, 32);
        assert_int_equal(statement->event_count, submission->n_events);
        assert_int_equal(submission->n_sealed, submission->n_events);
        qp_hash_statement(&link, bytes);
        *events += submission->n_events;
        sequence++;
        in = qp_span_of(in.data + used, in.len - used);
    }
    qp_arena_wipe(&arena);
    return sequence;
}

static void signs_in_chained_statements_and_keeps_what_it_hands_out(void **state)
{
    (void)state;
    struct qp_buf out = {0};
    struct qp_buf kept = {0};
    uint64_t events = 0;
    sign(5, 2, &out);
    sign(3, 4096, &out);
    assert_int_equal(assert_chained(qp_span_buf(&out), &events), 4);
    assert_int_equal(events, 8);
    assert_ok(qp_file_read(records_path(".qst"), 1000000, &kept, err));
    assert_true(qp_span_eq(qp_span_buf(&out), qp_span_buf(&kept)));
    struct stat info;
    assert_int_equal(stat(dir, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(stat(records_path(".qst"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* The only ledger of the folder needs no name. */
    struct qp_journal *journal = NULL;
    struct qp_hash id;
    assert_ok(qp_journal_open(dir, key, NULL, &journal, err));
    qp_journal_ledger_id(journal, &id);
    assert_true(qp_hash_eq(&id, &ledger));
    assert_int_equal(qp_journal_next_sequence(journal), 4);
    qp_journal_close(journal);
    qp_buf_wipe(&out);
    qp_buf_wipe(&kept);
}

static void needs_a_ledger_when_it_cannot_know_it(void **state)
{
    (void)state;
    struct qp_err why;
    struct qp_journal *journal = NULL;
    struct qp_hash other = {.bytes = {9}};
    assert_int_equal(qp_journal_open(dir, key, NULL, &journal, &why), QP_E_USAGE);
    assert_says(&why, "no ledger yet");
    assert_ok(qp_journal_open(dir, key, &ledger, &journal, err));
    qp_journal_close(journal);
    assert_ok(qp_journal_open(dir, key, &other, &journal, err));
    qp_journal_close(journal);
    assert_int_equal(qp_journal_open(dir, key, NULL, &journal, &why), QP_E_USAGE);
    assert_says(&why, "several");
}

static void refuses_an_empty_draft_and_impossible_sizes(void **state)
{
    (void)state;
    struct qp_err why;
    struct qp_buf out = {0};
    struct qp_journal *journal = NULL;
    struct qp_draft *draft = draft_of(0);
    assert_ok(qp_journal_open(dir, key, &ledger, &journal, err));
    assert_int_equal(qp_journal_sign(journal, draft, 1, 1, &out, NULL, &why), QP_E_USAGE);
    qp_draft_free(draft);
    draft = draft_of(1);
    assert_int_equal(qp_journal_sign(journal, draft, 0, 1, &out, NULL, &why), QP_E_USAGE);
    assert_int_equal(qp_journal_sign(journal, draft, 4097, 1, &out, NULL, &why), QP_E_USAGE);
    assert_int_equal(qp_journal_sign(journal, draft, 1, UINT64_MAX, &out, NULL, &why), QP_E_INPUT);
    assert_int_equal(out.len, 0);
    assert_int_equal(qp_journal_next_sequence(journal), 0);
    qp_journal_close(journal);
    qp_draft_free(draft);
}

static void append_bytes(const char *path, struct qp_span bytes)
{
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static struct qp_buf without_signatures(struct qp_span records)
{
    struct qp_buf blank = {0};
    struct qp_arena arena;
    qp_arena_init(&arena, 0);
    assert_ok(qp_buf_add(&blank, records, err));
    for (size_t at = 0, used = 0; at < records.len; at += used) {
        Qp__Submission *submission = NULL;
        assert_ok(qp_submission_decode(qp_span_of(records.data + at, records.len - at), &arena,
                                       &submission, &used, err));
        memset(blank.data + (submission->signature.data - records.data), 0, 64);
    }
    qp_arena_wipe(&arena);
    return blank;
}

/* A crash anywhere in the middle of an append: the file ends after any number of its bytes, and
 * the head does not know of them. */
static void moves_away_what_a_crash_left_behind(void **state)
{
    (void)state;
    struct qp_buf first = {0};
    struct qp_buf second = {0};
    struct qp_buf kept = {0};
    uint64_t events = 0;
    sign(2, 1, &first);
    /* What the crashed signing would have written. */
    struct qp_journal *journal = NULL;
    char command[512];
    snprintf(command, sizeof command, "cp -a '%s' '%s.copy'", dir, dir);
    assert_int_equal(system(command), 0);
    sign(2, 1, &second);
    unsigned torn = 0;
    /* What is kept of it has no signature: together with the next one it would be a fork. */
    struct qp_buf blank = without_signatures(qp_span_buf(&second));
    for (size_t len = 0; len <= second.len; len += len < 40 ? 1 : 37) {
        snprintf(command, sizeof command, "rm -rf '%s' && cp -a '%s.copy' '%s'", dir, dir, dir);
        assert_int_equal(system(command), 0);
        append_bytes(records_path(".qst"), qp_span_of(second.data, len));
        assert_ok(qp_journal_open(dir, key, &ledger, &journal, err));
        assert_int_equal(qp_journal_next_sequence(journal), 2);
        qp_journal_close(journal);
        kept.len = 0;
        assert_ok(qp_file_read(records_path(".qst"), 1000000, &kept, err));
        assert_true(qp_span_eq(qp_span_buf(&first), qp_span_buf(&kept)));
        bool exists = false;
        assert_ok(qp_file_exists(records_path(".torn-1"), &exists, err));
        assert_int_equal(exists, len > 0);
        if (len > 0) {
            kept.len = 0;
            assert_ok(qp_file_read(records_path(".torn-1"), 1000000, &kept, err));
            assert_true(qp_span_eq(qp_span_of(blank.data, len), qp_span_buf(&kept)));
            torn++;
        }
    }
    assert_true(torn > 40);
    /* And again: the next torn bytes get the next name, and signing goes on. */
    append_bytes(records_path(".qst"), qp_span_text("torn"));
    sign(1, 1, &first);
    bool exists = false;
    assert_ok(qp_file_exists(records_path(".torn-2"), &exists, err));
    assert_true(exists);
    assert_int_equal(assert_chained(qp_span_buf(&first), &events), 3);
    qp_buf_wipe(&first);
    qp_buf_wipe(&second);
    qp_buf_wipe(&blank);
    qp_buf_wipe(&kept);
}

static void refuses_to_sign_on_when_handed_out_bytes_are_gone_or_changed(void **state)
{
    (void)state;
    struct qp_err why;
    struct qp_buf out = {0};
    struct qp_buf head = {0};
    struct qp_journal *journal = NULL;
    sign(3, 1, &out);
    assert_ok(qp_file_read(records_path(".head"), 1000, &head, err));
    /* An older copy of the records: signing on would use a sequence twice. */
    for (size_t len = 0; len < out.len; len += 61) {
        assert_ok(qp_file_replace(records_path(".qst"), 0600, qp_span_of(out.data, len), err));
        assert_int_equal(qp_journal_open(dir, key, &ledger, &journal, &why), QP_E_INVALID);
        assert_says(&why, "handed out");
    }
    /* Any byte of any statement, and of the last record's signature and events as well. */
    size_t record = out.len / 3;
    for (size_t at = 0; at < out.len; at += 3) {
        size_t within = at < 2 * record ? at % record : at - 2 * record;
        if (within > (at < 2 * record ? 150 : 280)) {
            continue;
        }
        out.data[at] ^= 1;
        assert_ok(qp_file_replace(records_path(".qst"), 0600, qp_span_buf(&out), err));
        out.data[at] ^= 1;
        assert_int_equal(qp_journal_open(dir, key, &ledger, &journal, &why), QP_E_INVALID);
    }
    assert_ok(qp_file_replace(records_path(".qst"), 0600, qp_span_buf(&out), err));
    for (size_t at = 0; at < head.len; at += 5) {
        head.data[at] ^= 1;
        assert_ok(qp_file_replace(records_path(".head"), 0600, qp_span_buf(&head), err));
        head.data[at] ^= 1;
        assert_int_equal(qp_journal_open(dir, key, &ledger, &journal, &why), QP_E_INVALID);
    }
    /* Without its head a journal is what its records say. */
    assert_int_equal(unlink(records_path(".head")), 0);
    assert_ok(qp_journal_open(dir, key, &ledger, &journal, err));
    assert_int_equal(qp_journal_next_sequence(journal), 3);
    qp_journal_close(journal);
    qp_buf_wipe(&out);
    qp_buf_wipe(&head);
}

static void refuses_another_key_and_an_open_folder(void **state)
{
    (void)state;
    struct qp_err why;
    struct qp_buf out = {0};
    struct qp_journal *journal = NULL;
    struct qp_key *other = NULL;
    assert_ok(qp_key_generate(&other, err));
    sign(1, 1, &out);
    assert_int_equal(qp_journal_open(dir, other, &ledger, &journal, &why), QP_E_INVALID);
    assert_says(&why, "another key");
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(qp_journal_open(dir, key, &ledger, &journal, &why), QP_E_IO);
    assert_says(&why, "chmod 700");
    qp_key_free(other);
    qp_buf_wipe(&out);
}

static void locks_out_a_second_one(void **state)
{
    (void)state;
    struct qp_err why;
    struct qp_journal *journal = NULL;
    struct qp_journal *second = NULL;
    assert_ok(qp_journal_open(dir, key, &ledger, &journal, err));
    assert_int_equal(qp_journal_open(dir, key, &ledger, &second, &why), QP_E_BUSY);
    qp_journal_close(journal);
    assert_ok(qp_journal_open(dir, key, &ledger, &second, err));
    qp_journal_close(second);
    qp_journal_close(NULL);
}

/* A process of its own: signs `rounds` times, whenever it gets hold of the journal. There is no
 * number of tries that a busy machine could not use up, so only the test's own time limit ends it.
 */
static int sign_in_turns(int rounds)
{
    struct qp_draft *draft = draft_of(1);
    int done = 0;
    while (done < rounds) {
        struct qp_journal *journal = NULL;
        struct qp_buf out = {0};
        struct qp_err why;
        qp_err_init(&why);
        enum qp_code rc = qp_journal_open(dir, key, &ledger, &journal, &why);
        if (rc == QP_E_BUSY) {
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
            continue;
        }
        if (rc == QP_OK) {
            rc = qp_journal_sign(journal, draft, 1, 5, &out, NULL, &why);
        }
        qp_journal_close(journal);
        qp_buf_wipe(&out);
        if (rc != QP_OK) {
            print_error("round %d: %s\n", done, why.text);
            return 1;
        }
        done++;
    }
    qp_draft_free(draft);
    return 0;
}

/* Two processes in a race, again and again, each opening, signing and closing. */
static void never_signs_a_sequence_twice_in_two_processes(void **state)
{
    (void)state;
    enum { ROUNDS = 25, PROCESSES = 2 };
    pid_t children[PROCESSES];
    for (int p = 0; p < PROCESSES; p++) {
        children[p] = fork();
        assert_true(children[p] >= 0);
        if (children[p] == 0) {
            _exit(sign_in_turns(ROUNDS));
        }
    }
    for (int p = 0; p < PROCESSES; p++) {
        int status = -1;
        assert_int_equal(waitpid(children[p], &status, 0), children[p]);
        assert_int_equal(status, 0);
    }
    struct qp_buf all = {0};
    uint64_t events = 0;
    assert_ok(qp_file_read(records_path(".qst"), 10000000, &all, err));
    assert_int_equal(assert_chained(qp_span_buf(&all), &events), PROCESSES * ROUNDS);
    qp_buf_wipe(&all);
}

static void signs_whole_or_not_at_all_when_memory_runs_out(void **state)
{
    (void)state;
    struct qp_buf out = {0};
    uint64_t events = 0;
    struct qp_draft *draft = draft_of(3);
    uint64_t signings = 0;
    for (uint64_t n = 0; n < 500 && signings < 2; n++) {
        struct qp_journal *journal = NULL;
        size_t before = out.len;
        qp_alloc_fail_after(n);
        enum qp_code rc = qp_journal_open(dir, key, &ledger, &journal, NULL);
        if (rc == QP_OK) {
            rc = qp_journal_sign(journal, draft, 2, 5, &out, NULL, NULL);
        }
        qp_alloc_fail_after(UINT64_MAX);
        qp_journal_close(journal);
        assert_true(rc == QP_OK || rc == QP_E_MEMORY);
        assert_int_equal(out.len == before, rc != QP_OK);
        signings += rc == QP_OK;
    }
    assert_int_equal(signings, 2);
    assert_int_equal(assert_chained(qp_span_buf(&out), &events), 4);
    qp_buf_wipe(&out);
    qp_draft_free(draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(signs_in_chained_statements_and_keeps_what_it_hands_out, new_dir),
        cmocka_unit_test_setup(needs_a_ledger_when_it_cannot_know_it, new_dir),
        cmocka_unit_test_setup(refuses_an_empty_draft_and_impossible_sizes, new_dir),
        cmocka_unit_test_setup(moves_away_what_a_crash_left_behind, new_dir),
        cmocka_unit_test_setup(refuses_to_sign_on_when_handed_out_bytes_are_gone_or_changed,
                               new_dir),
        cmocka_unit_test_setup(refuses_another_key_and_an_open_folder, new_dir),
        cmocka_unit_test_setup(locks_out_a_second_one, new_dir),
        cmocka_unit_test_setup(never_signs_a_sequence_twice_in_two_processes, new_dir),
        cmocka_unit_test_setup(signs_whole_or_not_at_all_when_memory_runs_out, new_dir),
    };
    return cmocka_run_group_tests_name("issue/journal", tests, set_up, tear_down);
}
