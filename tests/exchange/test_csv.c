#include "test.h"

#include "core/alloc.h"
#include "exchange/csv.h"

static const struct qp_csv_column columns[] = {{"name", true}, {"dni", true}, {"hectares", false}};
static const struct qp_csv_table table = {.columns = columns, .column_count = 3};
static const struct qp_csv_table loose = {
    .columns = columns, .column_count = 3, .allow_others = true};

/* Writes down what the reader hands over: "<line>|cell|cell|-" and a line feed, "-" for a column
 * that is absent; "<line>!" for a fault. */
static enum qp_code note_row(void *context, const struct qp_csv_row *row, struct qp_err *err)
{
    struct qp_buf *seen = context;
    enum qp_code rc = qp_buf_addf(seen, err, "%u", (unsigned)row->line);
    for (size_t i = 0; i < 3 && rc == QP_OK; i++) {
        rc = qp_buf_add_text(seen, "|", err);
        if (rc == QP_OK) {
            rc = row->cells[i].data == NULL ? qp_buf_add_text(seen, "-", err)
                                            : qp_buf_add(seen, row->cells[i], err);
        }
    }
    return rc == QP_OK ? qp_buf_add_text(seen, "\n", err) : rc;
}

static enum qp_code note_fault(void *context, uint64_t line, const struct qp_err *reason,
                               struct qp_err *err)
{
    (void)reason;
    return qp_buf_addf(context, err, "%u!\n", (unsigned)line);
}

static enum qp_code read_with(const struct qp_csv_table *with, const char *text, size_t len,
                              struct qp_buf *seen, struct qp_err *why)
{
    const struct qp_csv_sink sink = {.context = seen, .row = note_row, .fault = note_fault};
    seen->len = 0;
    enum qp_code rc = qp_csv_read(qp_span_of(text, len), with, &sink, why);
    assert_ok(qp_buf_add(seen, qp_span_of("", 1), err));
    return rc;
}

static void reads_what_office_programs_write(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *seen;
    } cases[] = {
        {"name,dni\nFlor,01\nJosé,02\n", "2|Flor|01|-\n3|José|02|-\n"},
        {"name,dni\r\nFlor,01", "2|Flor|01|-\n"},
        {"\xef\xbb\xbfname;dni;hectares\r\nFlor;01;3,5\r\n", "2|Flor|01|3,5\n"},
        {"hectares, dni ,\tname\n3.5,01,Flor\n", "2|Flor|01|3.5\n"},
        {"\"name\",\"dni\"\n\"Ñahui, Flor\",\"say \"\"x\"\"\"\n", "2|Ñahui, Flor|say \"x\"|-\n"},
        {"name,dni\n\"two\nlines\r\n\",1\nnext,2\n", "2|two\nlines\r\n|1|-\n5|next|2|-\n"},
        {"name,dni\n\n,\n\r\na,1\n\"\",\n", "5|a|1|-\n"},
        {"name,dni\n,1\na,\n", "2||1|-\n3|a||-\n"},
        {"name,dni\n a , 1 \n", "2| a | 1 |-\n"},
        {"name,dni\na\nb,1\nc,2,3\nd,4\n", "2!\n3|b|1|-\n4!\n5|d|4|-\n"},
        {"name,\"dni\"", ""},
        {"name;dni\na,b;1\n", "2|a,b|1|-\n"},
    };
    struct qp_buf seen = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_ok(read_with(&table, cases[i].text, strlen(cases[i].text), &seen, err));
        assert_string_equal((const char *)seen.data, cases[i].seen);
    }
    const char *others = "id,name,note,dni\n7,a,x,1\n";
    assert_ok(read_with(&loose, others, strlen(others), &seen, err));
    assert_string_equal((const char *)seen.data, "2|a|1|-\n");
    qp_buf_wipe(&seen);
}

static void refuses_what_could_move_a_value_and_says_where(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *word; /* in the message */
    } cases[] = {
        {"", "empty"},
        {"\xef\xbb\xbf", "empty"},
        {"\nname,dni\n", "line 1: no column names"},
        {"name\na\n", "line 1: the column \"dni\" is missing"},
        {"name,dni,name\n", "line 1: the column \"name\" stands there twice"},
        {"name,dni, name\n", "twice"},
        {"name,dni,age\n", "line 1: the column \"age\" is not known here"},
        {"name,dni,\x1b[2J\n", "\\x1b[2J"},
        {"name,dni,\n", "line 1: column 3 has no name"},
        {"name,dni\na,b\"c\n", "line 2: a quote in the middle"},
        {"name,dni\na,\"b\"c\n", "line 2: something stands behind"},
        {"name,dni\na,1\nb,\"never\nclosed\n", "line 3: a quoted cell"},
        {"name,dni\na,1\rb,2\r", "line 2: a carriage return alone"},
        {"name,dni\na,1\nJos\xe9,2\n", "line 3: not UTF-8"},
        {"name,dni\n\xed\xa0\x80,2\n", "line 2: not UTF-8"},
    };
    struct qp_buf seen = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qp_err why;
        assert_int_equal(read_with(&table, cases[i].text, strlen(cases[i].text), &seen, &why),
                         QP_E_INPUT);
        if (strstr(why.text, cases[i].word) == NULL) {
            fail_msg("case %zu: %s", i, why.text);
        }
    }
    struct qp_err why;
    static const char nul[] = "name,dni\na\0b,1\n";
    assert_int_equal(read_with(&table, nul, sizeof nul - 1, &seen, &why), QP_E_INPUT);
    assert_non_null(strstr(why.text, "line 2: a NUL byte"));
    assert_int_equal(why.offset, 9);
    qp_buf_wipe(&seen);
}

static void encoding_is_judged_before_the_first_row(void **state)
{
    (void)state;
    struct qp_buf seen = {0};
    struct qp_err why;
    const char *text = "name,dni\na,1\nJos\xe9,2\n";
    assert_int_equal(read_with(&table, text, strlen(text), &seen, &why), QP_E_INPUT);
    assert_string_equal((const char *)seen.data, "");
    qp_buf_wipe(&seen);
}

static void holds_to_its_limits(void **state)
{
    (void)state;
    struct qp_buf text = {0};
    struct qp_buf seen = {0};
    struct qp_err why;
    /* A row of 1 MiB with a quote that nobody closes, and one just long enough. */
    for (size_t extra = 0; extra < 2; extra++) {
        text.len = 0;
        assert_ok(qp_buf_add_text(&text, "name,dni\n\"", err));
        size_t fill = QP_CSV_ROW_BYTES_MAX - 4 + extra;
        assert_ok(qp_buf_reserve(&text, fill, err));
        memset(text.data + text.len, 'x', fill);
        text.len += fill;
        assert_ok(qp_buf_add_text(&text, "\",1\n", err));
        enum qp_code rc = read_with(&table, (const char *)text.data, text.len, &seen, &why);
        assert_int_equal(rc, extra == 0 ? QP_OK : QP_E_INPUT);
    }
    assert_non_null(strstr(why.text, "line 2: a row of more than"));
    for (size_t more = 0; more < 2; more++) {
        text.len = 0;
        assert_ok(qp_buf_add_text(&text, "name,dni", err));
        for (size_t i = 0; i < QP_CSV_COLUMNS_MAX - 2 + more; i++) {
            assert_ok(qp_buf_addf(&text, err, ",c%zu", i));
        }
        enum qp_code rc = read_with(&loose, (const char *)text.data, text.len, &seen, &why);
        assert_int_equal(rc, more == 0 ? QP_OK : QP_E_INPUT);
    }
    qp_buf_wipe(&text);
    qp_buf_wipe(&seen);
    const struct qp_csv_sink sink = {.context = &seen, .row = note_row};
    assert_int_equal(qp_csv_read(qp_span_of("x", QP_CSV_BYTES_MAX + 1), &table, &sink, &why),
                     QP_E_INPUT);
}

static enum qp_code stop_at_once(void *context, const struct qp_csv_row *row, struct qp_err *err)
{
    ++*(int *)context;
    return qp_fail(err, QP_E_REFUSED, "stopped at line %u", (unsigned)row->line);
}

static void a_callback_ends_the_read_with_its_own_word(void **state)
{
    (void)state;
    int calls = 0;
    struct qp_err why;
    const struct qp_csv_sink sink = {.context = &calls, .row = stop_at_once};
    const char *text = "name,dni\na,1\nb,2\n";
    assert_int_equal(qp_csv_read(qp_span_text(text), &table, &sink, &why), QP_E_REFUSED);
    assert_string_equal(why.text, "stopped at line 2");
    assert_int_equal(calls, 1);
    /* Without a place to tell faults, the first one ends the read. */
    text = "name,dni\na\n";
    assert_int_equal(qp_csv_read(qp_span_text(text), &table, &sink, &why), QP_E_INPUT);
    assert_non_null(strstr(why.text, "line 2: 1 cells where the header has 2"));
}

static void writes_text_that_no_spreadsheet_runs(void **state)
{
    (void)state;
    static const char *const cells[] = {"plain", "=1+1", "+51 999", "-5",        "@x",
                                        "\tx",   "a,b",  "a;b",     "say \"x\"", "two\nlines",
                                        "",      " pad", "ñ"};
    struct qp_buf out = {0};
    struct qp_csv_writer writer;
    assert_ok(qp_csv_begin(&writer, &out, ',', true, err));
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        assert_ok(qp_csv_text(&writer, qp_span_text(cells[i]), err));
    }
    assert_ok(qp_csv_end_row(&writer, err));
    assert_ok(qp_csv_number(&writer, -5, 0, err));
    assert_ok(qp_csv_number(&writer, 91803, 4, err));
    assert_ok(qp_csv_number(&writer, -761234567, 7, err));
    assert_ok(qp_csv_number(&writer, INT64_MIN, 9, err));
    assert_ok(qp_csv_end_row(&writer, err));
    assert_ok(qp_buf_add(&out, qp_span_of("", 1), err));
    assert_string_equal((const char *)out.data,
                        "\xef\xbb\xbfplain,'=1+1,'+51 999,'-5,'@x,'\tx,\"a,b\",a;b,\"say "
                        "\"\"x\"\"\",\"two\nlines\",,\" pad\",ñ\r\n"
                        "-5,9.1803,-76.1234567,-9223372036.854775808\r\n");
    assert_int_equal(qp_csv_text(&writer, qp_span_of("a\0b", 3), NULL), QP_E_USAGE);
    assert_int_equal(qp_csv_text(&writer, qp_span_text("\xff"), NULL), QP_E_USAGE);
    qp_buf_wipe(&out);
}

static void reads_back_what_it_wrote(void **state)
{
    (void)state;
    struct qp_buf out = {0};
    struct qp_buf seen = {0};
    struct qp_csv_writer writer;
    static const char *const rows[][2] = {
        {"name", "dni"}, {"Ñahui; Flor", "a\"b\r\nc"}, {"x", "1"}};
    assert_ok(qp_csv_begin(&writer, &out, ';', true, err));
    for (size_t i = 0; i < 3; i++) {
        assert_ok(qp_csv_text(&writer, qp_span_text(rows[i][0]), err));
        assert_ok(qp_csv_text(&writer, qp_span_text(rows[i][1]), err));
        assert_ok(qp_csv_end_row(&writer, err));
    }
    assert_ok(read_with(&table, (const char *)out.data, out.len, &seen, err));
    assert_string_equal((const char *)seen.data, "2|Ñahui; Flor|a\"b\r\nc|-\n4|x|1|-\n");
    qp_buf_wipe(&out);
    qp_buf_wipe(&seen);
}

/* Any bytes: an answer, and no step beyond the end (the sanitizers watch). */
static void survives_any_bytes(void **state)
{
    (void)state;
    static const char alphabet[] = "\"\"\"\",,;;\n\n\r\na1\xc3\xb1 name dni";
    struct qp_buf seen = {0};
    uint64_t random = 3;
    size_t accepted = 0;
    for (size_t round = 0; round < 60000; round++) {
        char text[64];
        size_t len = 0;
        const char *head = "name,dni\n";
        memcpy(text, head, 9);
        len = 9;
        size_t want = 9 + round % 50;
        while (len < want) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
            text[len++] = alphabet[(random >> 33) % (sizeof alphabet - 1)];
        }
        char *exact = malloc(len);
        assert_non_null(exact);
        memcpy(exact, text, len);
        accepted += read_with(&loose, exact, len, &seen, NULL) == QP_OK;
        free(exact);
    }
    assert_true(accepted > 1000);
    qp_buf_wipe(&seen);
}

static void survives_when_memory_ends(void **state)
{
    (void)state;
    struct qp_buf seen = {0};
    const char *text = "name,dni\na,1\n";
    const struct qp_csv_sink sink = {.context = &seen, .row = note_row};
    for (uint64_t count = 0; count < 3; count++) {
        qp_alloc_fail_after(count);
        enum qp_code rc = qp_csv_read(qp_span_text(text), &table, &sink, NULL);
        qp_alloc_fail_after(UINT64_MAX);
        assert_int_equal(rc, QP_E_MEMORY);
        qp_buf_wipe(&seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_office_programs_write),
        cmocka_unit_test(refuses_what_could_move_a_value_and_says_where),
        cmocka_unit_test(encoding_is_judged_before_the_first_row),
        cmocka_unit_test(holds_to_its_limits),
        cmocka_unit_test(a_callback_ends_the_read_with_its_own_word),
        cmocka_unit_test(writes_text_that_no_spreadsheet_runs),
        cmocka_unit_test(reads_back_what_it_wrote),
        cmocka_unit_test(survives_any_bytes),
        cmocka_unit_test(survives_when_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
