/* Blocks of packed tables: what is built is read again, no bit changes unseen, and bytes that
 * anybody can have written do no harm. */
#include "log/folder.h"

#include "core/check.h"
#include "store/block.h"

#define TABLE QP_TABLE_STATE
#define ROWS 40
#define KEY_BYTES 16

static struct qp_span fence_first(void)
{
    return qp_span_of("\0", 1);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static struct qp_span number_key(char *room, unsigned number)
{
    return qp_span_of(room, (size_t)snprintf(room, KEY_BYTES, "\6coop/%03u", number));
}

/* Of every length up to 199, so that some take two bytes to say. */
static struct qp_span number_value(unsigned number)
{
    static const uint8_t value[200] = {1, 2, 3};
    return qp_span_of(value, number * 37 % 200);
}

/* The bytes of the builder's only block, exactly as many on the heap. */
static struct qp_span only_block(struct qp_builder *builder)
{
    assert_ok(qp_builder_end(builder, err));
    const struct qp_built *built = (const void *)builder->done.data;
    assert_int_equal(builder->done.len, sizeof *built);
    size_t len = qp_built_bytes(built);
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    qp_built_write(builder, built, TABLE, bytes);
    return qp_span_of(bytes, len);
}

/* Rows 1, 3, 5, ... */
static struct qp_span odd_block(void)
{
    struct qp_builder builder = {.most = 0};
    qp_builder_begin(&builder, fence_first(), 2 * QP_BLOCK_BYTES);
    for (unsigned i = 0; i < ROWS; i++) {
        char key[KEY_BYTES];
        assert_ok(
            qp_builder_add(&builder, number_key(key, 2 * i + 1), number_value(2 * i + 1), err));
    }
    struct qp_span bytes = only_block(&builder);
    qp_builder_wipe(&builder);
    return bytes;
}

static void free_span(struct qp_span bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

static void is_number(enum qp_block_step step, const struct qp_block_row *row, unsigned number)
{
    char room[KEY_BYTES];
    struct qp_span key = number_key(room, number);
    assert_int_equal(step, QP_BLOCK_ROW);
    assert_int_equal(qp_order_bytes(qp_block_key(row), key), 0);
    assert_int_equal(qp_order_bytes(row->value, number_value(number)), 0);
}

static void finds_every_row_and_what_is_beside_it(void **state)
{
    (void)state;
    struct qp_span bytes = odd_block();
    struct qp_block block;
    struct qp_block_row row;
    uint8_t before[QP_BLOCK_KEY_BYTES];
    size_t before_len = 0;
    assert_true(qp_block_sound(TABLE, fence_first(), bytes));
    assert_true(qp_block_open(bytes, &block));
    assert_true(block.restart_count > 3);
    enum qp_block_step step = qp_block_first(&block, &row);
    for (unsigned i = 0; i < ROWS; i++, step = qp_block_next(&block, &row)) {
        is_number(step, &row, 2 * i + 1);
    }
    assert_int_equal(step, QP_BLOCK_END);
    for (unsigned number = 0; number <= 2 * ROWS; number++) {
        char room[KEY_BYTES];
        struct qp_span key = number_key(room, number);
        unsigned up = number | 1U;
        step = qp_block_seek(&block, key, &row);
        if (up < 2 * ROWS) {
            is_number(step, &row, up);
        } else {
            assert_int_equal(step, QP_BLOCK_END);
        }
        assert_int_equal(qp_block_seek_past(&block, key, &row, before, &before_len), step);
        assert_true(before_len == 0 || qp_order_bytes(qp_span_of(before, before_len), key) < 0);
        assert_int_equal(before_len == 0, number <= 1);
        step = qp_block_below(&block, key, &row);
        if (number >= 2) {
            is_number(step, &row, up - 2);
        } else {
            assert_int_equal(step, QP_BLOCK_END);
        }
    }
    is_number(qp_block_below(&block, qp_span_of(NULL, 0), &row), &row, 2 * ROWS - 1);
    free_span(bytes);
}

/* Every way of reading bytes that may be anything; a walk ends, and no row stands outside. */
static void read_all(struct qp_span bytes)
{
    struct qp_block block;
    struct qp_block_row row;
    uint8_t before[QP_BLOCK_KEY_BYTES];
    size_t before_len = 0;
    size_t rows = 0;
    if (!qp_block_open(bytes, &block)) {
        return;
    }
    enum qp_block_step step = qp_block_first(&block, &row);
    for (; step == QP_BLOCK_ROW; step = qp_block_next(&block, &row)) {
        assert_true(row.value.data >= bytes.data &&
                    row.value.len <= (size_t)(bytes.data + bytes.len - row.value.data));
        assert_true(++rows <= bytes.len / 3);
    }
    for (unsigned number = 0; number <= 2 * ROWS; number += ROWS / 2) {
        char room[KEY_BYTES];
        struct qp_span key = number_key(room, number);
        (void)qp_block_seek(&block, key, &row);
        (void)qp_block_seek_past(&block, key, &row, before, &before_len);
        (void)qp_block_below(&block, key, &row);
    }
    (void)qp_block_below(&block, qp_span_of(NULL, 0), &row);
}

static void no_bit_changes_unseen(void **state)
{
    (void)state;
    struct qp_span bytes = odd_block();
    uint8_t *at = (void *)(uintptr_t)bytes.data;
    uint8_t fence = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            at[i] ^= (uint8_t)(1U << bit);
            assert_false(qp_block_sound(TABLE, fence_first(), bytes));
            read_all(bytes);
            at[i] ^= (uint8_t)(1U << bit);
        }
    }
    for (unsigned bit = 0; bit < 8; bit++) {
        fence = (uint8_t)(1U << bit);
        assert_false(qp_block_sound(TABLE, qp_span_of(&fence, 1), bytes));
    }
    assert_false(qp_block_sound(QP_TABLE_EDGES, fence_first(), bytes));
    assert_true(qp_block_sound(TABLE, fence_first(), bytes));
    free_span(bytes);
}

static void no_piece_passes_for_the_whole(void **state)
{
    (void)state;
    struct qp_span bytes = odd_block();
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *piece = malloc(len + (len == 0));
        assert_non_null(piece);
        memcpy(piece, bytes.data, len);
        assert_false(qp_block_sound(TABLE, fence_first(), qp_span_of(piece, len)));
        read_all(qp_span_of(piece, len));
        free(piece);
    }
    free_span(bytes);
}

static void reads_any_bytes_without_harm(void **state)
{
    (void)state;
    struct qp_span good = odd_block();
    uint64_t seed = UINT64_C(88172645463325252);
    uint8_t *bytes = malloc(good.len);
    assert_non_null(bytes);
    for (unsigned round = 0; round < 20000; round++) {
        memcpy(bytes, good.data, good.len);
        for (uint64_t left = 1 + next_random(&seed) % 8; left > 0; left--) {
            /* Half of them where numbers stand: in the head, and among the restarts. */
            size_t at = next_random(&seed) % good.len;
            at = next_random(&seed) % 2 == 0 ? at : at % 4 == 0 ? at % 8 : good.len - 1 - at % 24;
            bytes[at] = (uint8_t)next_random(&seed);
        }
        read_all(qp_span_of(bytes, good.len));
    }
    free(bytes);
    free_span(good);
}

/* Two rows or fewer, the last of them bad. */
static void refuses_what_is_no_row(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        size_t zeros; /* behind them */
    } bad[] = {
#define BAD(text, zeros) {text, sizeof text - 1, zeros}
        BAD("\0", 0),                       /* cut short */
        BAD("\0\1", 0),                     /* before its length */
        BAD("\0\1\x80", 0),                 /* within it */
        BAD("\0\1\x80\x80\x80\x80\x80", 9), /* a length of six bytes */
        BAD("\0\1\xff\xff\xff\xff\x0f", 9), /* a value of 4 GiB */
        BAD("\0\1\2a", 1),                  /* value, */
        BAD("\0\2\0a", 0),                  /* key that reach behind the end */
        BAD("\1\1\0a", 0),                  /* shares with none */
        BAD("\0\1\0a\2\1\0b", 0),           /* shares more than there is */
        BAD("\0\1\0a\1\xff\0", 255),        /* a key of 256 bytes */
#undef BAD
    };
    for (size_t i = 0; i < QP_COUNT(bad); i++) {
        struct qp_block block;
        struct qp_block_row row;
        size_t len = 8 + bad[i].len + bad[i].zeros;
        uint8_t *bytes = calloc(1, len);
        assert_non_null(bytes);
        memcpy(bytes + 8, bad[i].bytes, bad[i].len);
        assert_true(qp_block_open(qp_span_of(bytes, len), &block));
        enum qp_block_step step = qp_block_first(&block, &row);
        step = step == QP_BLOCK_ROW ? qp_block_next(&block, &row) : step;
        assert_int_equal(step, QP_BLOCK_BAD);
        free(bytes);
    }
}

static void parts_no_rows_that_are_out_of_order(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"b", "a"}, {"ba", "b"}, {"b", "b"}, {"bb", "ba"}};
    static const uint8_t value[100] = {0};
    for (size_t i = 0; i < QP_COUNT(pairs); i++) {
        struct qp_builder builder = {.most = 0};
        struct qp_err why = {0};
        struct qp_span more = qp_span_of(value, sizeof value);
        qp_builder_begin(&builder, fence_first(), 150);
        assert_ok(qp_builder_add(&builder, qp_span_text(pairs[i][0]), more, err));
        assert_int_equal(qp_builder_add(&builder, qp_span_text(pairs[i][1]), more, &why),
                         QP_E_STORE);
        assert_non_null(strstr(why.text, "not in order"));
        qp_builder_wipe(&builder);
    }
}

/* ---- In a store ---- */

static char dir[64];

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/quipu-block-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static struct qp_store *open_store(bool create)
{
    struct qp_store_options options = {.write = true, .create = create};
    struct qp_store *store = NULL;
    assert_ok(qp_store_open(dir, &options, &store, err));
    return store;
}

/* Keys that share nothing, so that blocks of them are as long in any order. */
static struct qp_span lone_key(uint8_t *room, unsigned place)
{
    room[0] = (uint8_t)(2 * place + 1);
    room[1] = (uint8_t)place;
    return qp_span_of(room, 2);
}

/* The block that a store makes of these rows when they come in one transaction. */
static struct qp_span lone_block(const unsigned *places)
{
    static const uint8_t value[90] = {0};
    struct qp_builder builder = {.most = 0};
    qp_builder_begin(&builder, fence_first(), QP_BLOCK_BYTES);
    for (unsigned i = 0; i < ROWS; i++) {
        uint8_t key[2];
        assert_ok(qp_builder_add(&builder, lone_key(key, places[i]),
                                 qp_span_of(value, sizeof value), err));
    }
    builder.now.expected = qp_builder_place(&builder);
    struct qp_span bytes = only_block(&builder);
    qp_builder_wipe(&builder);
    return bytes;
}

/* Rows 0 to `count`; those between, too, with `between`. */
struct lone {
    unsigned count;
    bool between;
};

static enum qp_code put_lone(void *context, struct qp_writer *writer, struct qp_err *err)
{
    static const uint8_t value[90] = {0};
    const struct lone *lone = context;
    enum qp_code rc = QP_OK;
    for (unsigned i = 0; i < lone->count && rc == QP_OK; i++) {
        uint8_t key[2];
        struct qp_span lower = lone_key(key, i);
        key[0] = (uint8_t)(key[0] + lone->between);
        rc = qp_write_put(writer, TABLE, QP_PUT_ANY, lower, qp_span_of(value, sizeof value), err);
    }
    return rc;
}

/* Change the bytes in the file, wherever they stand; true: they do. */
static bool replace(struct qp_span from, struct qp_span to)
{
    char path[96];
    bool found = false;
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(from.len, to.len);
    uint8_t *page = malloc(from.len);
    assert_non_null(page);
    /* It stands behind the head of a page of its own. */
    for (long at = 16; fseek(file, at, SEEK_SET) == 0 && fread(page, from.len, 1, file) == 1;
         at += 4096) {
        if (memcmp(page, from.data, from.len) == 0) {
            assert_int_equal(fseek(file, at, SEEK_SET), 0);
            assert_int_equal(fwrite(to.data, to.len, 1, file), 1);
            found = true;
        }
    }
    free(page);
    assert_int_equal(fclose(file), 0);
    return found;
}

/* Every answer may be wrong, none may take for ever. */
static void ask_all(struct qp_store *store)
{
    struct qp_cursor *cursor = NULL;
    struct qp_row row = {0};
    unsigned steps = 0;
    assert_ok(qp_cursor_open(store, TABLE, &cursor, err));
    enum qp_code rc = qp_cursor_seek(cursor, qp_span_of(NULL, 0), &row, NULL);
    while (rc == QP_OK && row.found) {
        assert_true(++steps <= 4 * ROWS);
        rc = qp_cursor_next(cursor, &row, NULL);
    }
    for (unsigned i = 0; i < ROWS; i++) {
        uint8_t room[2];
        struct qp_span value;
        struct qp_span key = lone_key(room, i);
        rc = qp_store_get(store, TABLE, key, &value, NULL);
        assert_true(rc == QP_OK || rc == QP_E_NOT_FOUND || rc == QP_E_STORE);
        rc = qp_cursor_seek(cursor, key, &row, NULL);
        assert_true(rc == QP_OK || rc == QP_E_STORE);
        rc = qp_cursor_below(cursor, key, &row, NULL);
        assert_true(rc == QP_OK || rc == QP_E_STORE);
    }
    qp_cursor_close(cursor);
}

static void bears_a_store_whose_rows_are_out_of_order(void **state)
{
    (void)state;
    unsigned places[ROWS];
    unsigned refused = 0;
    for (uint64_t round = 1; round <= 40; round++) {
        uint64_t seed = round * UINT64_C(6364136223846793005);
        struct lone rows = {.count = ROWS};
        struct qp_err why = {0};
        for (unsigned i = 0; i < ROWS; i++) {
            places[i] = i;
        }
        struct qp_span ordered = lone_block(places);
        for (uint64_t swaps = round % 2 == 0 ? 1 : ROWS; swaps > 0; swaps--) {
            unsigned a = (unsigned)(next_random(&seed) % ROWS);
            unsigned b = (unsigned)(next_random(&seed) % ROWS);
            unsigned moved = places[a];
            places[a] = places[b];
            places[b] = moved;
        }
        struct qp_span mixed = lone_block(places);
        struct qp_store *store = open_store(true);
        assert_ok(qp_store_write(store, put_lone, &rows, err));
        qp_store_close(store);
        assert_true(replace(ordered, mixed));
        store = open_store(false);
        ask_all(store);
        rows = (struct lone){.count = ROWS, .between = true};
        enum qp_code rc = qp_store_write(store, put_lone, &rows, &why);
        assert_true(rc == QP_OK || rc == QP_E_STORE);
        refused += rc == QP_E_STORE;
        qp_store_close(store);
        store = open_store(false);
        ask_all(store);
        qp_store_close(store);
        free_span(ordered);
        free_span(mixed);
        teardown(NULL);
        assert_int_equal(setup(NULL), 0);
    }
    assert_true(refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(finds_every_row_and_what_is_beside_it),
        T(no_bit_changes_unseen),
        T(no_piece_passes_for_the_whole),
        T(reads_any_bytes_without_harm),
        T(refuses_what_is_no_row),
        T(parts_no_rows_that_are_out_of_order),
        T(bears_a_store_whose_rows_are_out_of_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
