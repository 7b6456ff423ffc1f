#include "test.h"

#include "core/alloc.h"
#include "core/check.h"
#include "rules/state.h"

static struct qp_span text(const char *from)
{
    return qp_span_text(from);
}

static void put(struct qp_state_map *map, const char *key, const char *value)
{
    struct qp_state state = qp_state_map_state(map);
    assert_ok(state.put(state.context, text(key), text(value), err));
}

static void holds(struct qp_state_map *map, const char *key, const char *value)
{
    struct qp_state state = qp_state_map_state(map);
    struct qp_span found = {0};
    assert_ok(state.get(state.context, text(key), &found, err));
    assert_int_equal(found.len, strlen(value));
    if (found.len > 0) {
        assert_memory_equal(found.data, value, found.len);
    }
}

static enum qp_code add(void *context, struct qp_span key, struct qp_span record,
                        struct qp_err *err)
{
    return qp_buf_addf(context, err, "%.*s=%.*s;", (int)key.len, (const char *)key.data,
                       (int)record.len, record.len > 0 ? (const char *)record.data : "");
}

static void lists(struct qp_state_map *map, const char *want)
{
    struct qp_buf all = {0};
    assert_ok(qp_state_map_each(map, add, &all, err));
    assert_int_equal(all.len, strlen(want));
    if (all.len > 0) {
        assert_memory_equal(all.data, want, all.len);
    }
    qp_buf_wipe(&all);
}

static struct qp_state_map *base;
static struct qp_state base_state;
static struct qp_state_map *map;

static int open_maps(void **state)
{
    (void)state;
    struct qp_err err;
    if (qp_init(&err) != QP_OK || qp_state_map_new(NULL, &base, &err) != QP_OK) {
        return -1;
    }
    base_state = qp_state_map_state(base);
    put(base, "a", "1");
    put(base, "b", "2");
    return qp_state_map_new(&base_state, &map, &err) == QP_OK ? 0 : -1;
}

static int close_maps(void **state)
{
    (void)state;
    qp_state_map_free(map);
    qp_state_map_free(base);
    return 0;
}

static void reads_through_and_writes_above(void **state)
{
    (void)state;
    holds(map, "a", "1");
    holds(map, "x", "");
    put(map, "a", "one");
    put(map, "b", "");
    put(map, "n", "new");
    holds(map, "a", "one");
    holds(map, "b", "");
    holds(map, "n", "new");
    holds(base, "a", "1");
    holds(base, "b", "2");
    holds(base, "n", "");
    lists(map, "a=one;b=;n=new;"); /* what was only read is not among them */
    assert_int_equal(qp_state_map_count(map), 4);
}

static void lists_in_the_order_of_bytes_with_the_shorter_first(void **state)
{
    (void)state;
    put(map, "b", "4");
    put(map, "ab", "2");
    put(map, "\xff", "5");
    put(map, "a", "1");
    put(map, "abc", "3");
    put(map, "ab", "2!");
    lists(map, "a=1;ab=2!;abc=3;b=4;\xff=5;");
    qp_state_map_clear(map);
    lists(map, "");
    assert_int_equal(qp_state_map_count(map), 0);
    holds(map, "a", "1"); /* from below again */
}

static void goes_back_to_the_mark(void **state)
{
    (void)state;
    put(map, "a", "one");
    put(map, "k", "kept");
    qp_state_map_mark(map);
    put(map, "a", "two");
    put(map, "a", "");
    put(map, "a", "three");
    put(map, "b", "");
    put(map, "n", "new");
    put(map, "k", "changed");
    qp_state_map_rollback(map);
    holds(map, "a", "one");
    holds(map, "b", "2");
    holds(map, "n", "");
    holds(map, "k", "kept");
    lists(map, "a=one;k=kept;");
    qp_state_map_rollback(map); /* nothing more to take back */
    lists(map, "a=one;k=kept;");
    put(map, "c", "after");
    qp_state_map_rollback(map); /* the mark still stands */
    lists(map, "a=one;k=kept;");
    put(map, "d", "stays");
    qp_state_map_mark(map);
    qp_state_map_rollback(map);
    lists(map, "a=one;d=stays;k=kept;");
}

static void a_record_may_be_put_from_what_was_got(void **state)
{
    (void)state;
    struct qp_state s = qp_state_map_state(map);
    struct qp_span found = {0};
    assert_ok(s.get(s.context, text("a"), &found, err));
    assert_ok(s.put(s.context, text("a"), found, err)); /* its own bytes */
    holds(map, "a", "1");
    qp_state_map_mark(map);
    assert_ok(s.get(s.context, text("a"), &found, err));
    assert_ok(s.put(s.context, text("c"), found, err));
    holds(map, "c", "1");
}

/* Against a plain array: thousands of keys through several growths, with marks and rollbacks. */
static void keeps_many_records_right(void **state)
{
    (void)state;
    enum { KEYS = 3000 };
    static int now[KEYS];
    static int marked[KEYS];
    uint64_t seed = 88172645463325252U;
    memset(now, 0, sizeof now);
    memset(marked, 0, sizeof marked);
    qp_state_map_mark(map);
    for (int step = 0; step < 30000; step++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        int key = (int)(seed % KEYS);
        char name[16];
        char value[16] = "";
        snprintf(name, sizeof name, "key-%d", key);
        if ((seed >> 32) % 1000 == 0) {
            qp_state_map_rollback(map);
            memcpy(now, marked, sizeof now);
        } else if ((seed >> 32) % 1000 == 1) {
            qp_state_map_mark(map);
            memcpy(marked, now, sizeof now);
        }
        if (now[key] != 0) {
            snprintf(value, sizeof value, "%d", now[key]);
        }
        holds(map, name, value);
        now[key] = (seed >> 40) % 4 == 0 ? 0 : step + 1;
        snprintf(value, sizeof value, "%d", now[key]);
        put(map, name, now[key] == 0 ? "" : value);
    }
    assert_in_range(qp_state_map_count(map), KEYS - 50, KEYS);
}

/* Every allocation that can fail fails once; the map stays as it was and still works. */
static void stays_whole_without_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 0;; nth++) {
        struct qp_state s = qp_state_map_state(map);
        struct qp_err why;
        struct qp_span found = {0};
        enum qp_code codes[300];
        size_t done = 0;
        uint64_t before = qp_alloc_count();
        put(map, "a", "one");
        qp_state_map_mark(map);
        qp_alloc_fail_after(nth);
        codes[done++] = s.put(s.context, text("a"), text("two"), &why);
        codes[done++] = s.put(s.context, text("b"), text("two"), &why);
        codes[done++] = s.get(s.context, text("x"), &found, &why);
        for (int i = 0; i < 280; i++) { /* past the first growth of table and undo list */
            char name[16];
            snprintf(name, sizeof name, "n-%d", i);
            codes[done++] = s.put(s.context, text(name), text("new"), &why);
        }
        qp_alloc_fail_after(UINT64_MAX);
        bool failed = false;
        for (size_t i = 0; i < done; i++) {
            assert_true(codes[i] == QP_OK || codes[i] == QP_E_MEMORY);
            failed = failed || codes[i] != QP_OK;
        }
        holds(map, "a", codes[0] == QP_OK ? "two" : "one");
        holds(map, "b", codes[1] == QP_OK ? "two" : "2");
        holds(map, "n-279", codes[done - 1] == QP_OK ? "new" : "");
        qp_state_map_rollback(map);
        lists(map, "a=one;");
        holds(map, "b", "2");
        holds(map, "n-5", "");
        qp_state_map_clear(map);
        assert_true(nth < 2000);
        /* Growing may fail unseen, so the last word is the count of allocations. */
        if (!failed && qp_alloc_count() - before < nth) {
            break;
        }
    }
}

static void a_new_map_without_memory_is_none(void **state)
{
    (void)state;
    for (uint64_t nth = 0; nth < 2; nth++) {
        struct qp_state_map *none = NULL;
        struct qp_err why;
        qp_alloc_fail_after(nth);
        enum qp_code rc = qp_state_map_new(NULL, &none, &why);
        qp_alloc_fail_after(UINT64_MAX);
        assert_int_equal(rc, QP_E_MEMORY);
        assert_null(none);
    }
    qp_state_map_free(NULL);
    struct qp_err why;
    put(map, "k", "v");
    qp_alloc_fail_after(0);
    enum qp_code rc = qp_state_map_each(map, add, NULL, &why);
    qp_alloc_fail_after(UINT64_MAX);
    assert_int_equal(rc, QP_E_MEMORY);
}

static enum qp_code fail_below(void *context, struct qp_span key, struct qp_span *record,
                               struct qp_err *err)
{
    (void)context;
    (void)key;
    (void)record;
    return qp_fail(err, QP_E_STORE, "the disk is gone");
}

static void passes_on_what_fails_below(void **state)
{
    (void)state;
    struct qp_state broken = {.get = fail_below};
    struct qp_state_map *over = NULL;
    struct qp_span found = {0};
    struct qp_err why;
    Qp__EventPlace place = QP__EVENT_PLACE__INIT;
    Qp__EventReference reference = QP__EVENT_REFERENCE__INIT;
    assert_ok(qp_state_map_new(&broken, &over, err));
    struct qp_state s = qp_state_map_state(over);
    assert_int_equal(s.get(s.context, text("a"), &found, &why), QP_E_STORE);
    assert_int_equal(s.put(s.context, text("a"), text("1"), &why), QP_E_STORE);
    assert_int_equal(qp_state_map_count(over), 0);
    qp_state_map_free(over);
    s = qp_state_map_state(map); /* two maps, and nothing below the lower one */
    assert_int_equal(s.event(s.context, &reference, &found, &place, &why), QP_E_NOT_FOUND);
}

static enum qp_code stop(void *context, struct qp_span key, struct qp_span record,
                         struct qp_err *err)
{
    size_t *count = context;
    (void)key;
    (void)record;
    (*count)++;
    return qp_fail(err, QP_E_STORE, "enough");
}

static void a_failure_ends_the_list(void **state)
{
    (void)state;
    size_t count = 0;
    struct qp_err why;
    put(map, "a", "1");
    put(map, "b", "1");
    assert_int_equal(qp_state_map_each(map, stop, &count, &why), QP_E_STORE);
    assert_int_equal(count, 1);
}

static void keys_of_different_subjects_never_meet(void **state)
{
    (void)state;
    struct qp_public_key key = {{0}};
    const struct qp_state_key keys[] = {
        qp_state_key_text(QP_STATE_PARTY, "norte"),
        qp_state_key_text(QP_STATE_PLOT, "norte/p1"),
        qp_state_key_text(QP_STATE_PLOT, "norte/p11"),
        qp_state_key_text(QP_STATE_LOT, "norte/p1"),
        qp_state_key_harvest("norte/p1", QP__COMMODITY__COMMODITY_COFFEE, 2026),
        qp_state_key_harvest("norte/p1", QP__COMMODITY__COMMODITY_COFFEE, 2025),
        qp_state_key_harvest("norte/p1", QP__COMMODITY__COMMODITY_COCOA, 2026),
        qp_state_key_harvest("norte/p11", QP__COMMODITY__COMMODITY_COFFEE, 2026),
        qp_state_key_rule_set(0),
        qp_state_key_rule_set(1),
        qp_state_key_rule_set(256),
        qp_state_key_public(&key),
    };
    for (size_t i = 0; i < QP_COUNT(keys); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(qp_span_eq(qp_state_key_span(&keys[i]), qp_state_key_span(&keys[k])));
        }
    }
    char longest[81];
    memset(longest, 'x', 80);
    longest[80] = '\0';
    assert_true(qp_state_key_harvest(longest, QP__COMMODITY__COMMODITY_COFFEE, 2999).len <=
                QP_STATE_KEY_BYTES_MAX);
}

#define MAP_TEST(test) cmocka_unit_test_setup_teardown(test, open_maps, close_maps)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAP_TEST(reads_through_and_writes_above),
        MAP_TEST(lists_in_the_order_of_bytes_with_the_shorter_first),
        MAP_TEST(goes_back_to_the_mark),
        MAP_TEST(a_record_may_be_put_from_what_was_got),
        MAP_TEST(keeps_many_records_right),
        MAP_TEST(stays_whole_without_memory),
        MAP_TEST(a_new_map_without_memory_is_none),
        MAP_TEST(passes_on_what_fails_below),
        MAP_TEST(a_failure_ends_the_list),
        MAP_TEST(keys_of_different_subjects_never_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
