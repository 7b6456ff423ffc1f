/* quipu log: the entries of a ledger, in order. */
#include "reader.h"

#include "core/check.h"
#include "core/time.h"
#include "host/terminal.h"
#include "wire/json.h"
#include "words.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define KINDS_MAX 128
#define KINDS_INDENT 54 /* where the last column begins */

struct log_view {
    struct cli *cli;
    struct reader *reader;
    bool events; /* one line for each */
    bool begun;  /* the head of the table is printed */
    struct qp_err *err;
};

static json_t *event_json(const struct reader *reader, uint32_t position, json_t *event)
{
    struct qp_hash id;
    char hex[65];
    qp_hash_leaf(&id, qp_span_buf(&reader->event_bytes));
    qp_hash_hex(hex, &id);
    return json_pack("{s:i, s:s, s:o}", "position", (int)position, "id", hex, "event", event);
}

static enum qp_code print_json(struct log_view *view, uint64_t index,
                               const struct reader_entry *entry)
{
    json_t *whole = NULL;
    json_t *list = json_array();
    enum qp_code rc = list != NULL ? reader_entry_json(entry, &whole, view->err)
                                   : qp_fail(view->err, QP_E_MEMORY, "no memory for the events");
    uint32_t count = entry->statement->event_count;
    for (uint32_t i = 0; rc == QP_OK && i < count; i++) {
        const Qp__Event *event = NULL;
        json_t *json = NULL;
        rc = reader_event(view->reader, index, i, &event, view->err);
        if (rc == QP_OK) {
            rc = qp_json_encode(&qp_rule_event, event, &json, view->err);
        }
        if (rc == QP_OK && json_array_append_new(list, event_json(view->reader, i, json)) != 0) {
            rc = qp_fail(view->err, QP_E_MEMORY, "no memory for the events");
        }
    }
    if (rc == QP_OK && json_object_set(whole, "events", list) != 0) {
        rc = qp_fail(view->err, QP_E_MEMORY, "no memory for the events");
    }
    json_decref(list);
    if (rc != QP_OK) {
        json_decref(whole);
        return rc;
    }
    cli_json(view->cli, whole);
    return QP_OK;
}

/* "lot_harvested ×96, plot_registered", in the order in which the kinds come. */
struct kinds {
    Qp__Event__BodyCase bodies[KINDS_MAX];
    uint32_t counts[KINDS_MAX];
    size_t count;
};

static void count_kind(struct kinds *kinds, Qp__Event__BodyCase body)
{
    size_t at = 0;
    while (at < kinds->count && kinds->bodies[at] != body) {
        at++;
    }
    if (at == KINDS_MAX) {
        return;
    }
    if (at == kinds->count) {
        kinds->bodies[at] = body;
        kinds->count++;
    }
    kinds->counts[at]++;
}

static enum qp_code write_kinds(const struct kinds *kinds, struct qp_buf *out, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < kinds->count; i++) {
        rc = qp_buf_addf(out, err, "%s%s", i == 0 ? "" : ", ", qp_event_name(kinds->bodies[i]));
        if (rc == QP_OK && kinds->counts[i] > 1) {
            rc = qp_buf_addf(out, err, " x%" PRIu32, kinds->counts[i]);
        }
    }
    return rc;
}

static void print_head(struct log_view *view)
{
    printf("%s%6s  %-20s  %-14s  %6s  %s%s\n", cli_style(view->cli, stdout, CLI_BOLD), "ENTRY",
           "ADMITTED", "ISSUER", "EVENTS", "KINDS", cli_style(view->cli, stdout, CLI_RESET));
    view->begun = true;
}

/* To the second: the milliseconds are in the JSON. */
static void write_time(char text[QP_TIME_TEXT_BYTES], uint64_t time_ms)
{
    qp_time_format(text, time_ms - time_ms % 1000);
}

static void print_event(struct log_view *view, uint32_t position, const Qp__Event *event)
{
    struct words_gist gist = words_gist(event);
    char mass[WORDS_BYTES] = "";
    if (gist.grams > 0) {
        words_mass(mass, gist.grams);
    }
    printf("%6s  %4" PRIu32 "  %-20s  %s%s%s\n", "", position, qp_event_name(event->body_case),
           cli_safe(view->cli, gist.id), mass[0] != '\0' ? "  " : "", mass);
}

static enum qp_code print_events(struct log_view *view, uint64_t index, uint32_t count)
{
    enum qp_code rc = QP_OK;
    for (uint32_t i = 0; rc == QP_OK && i < count; i++) {
        const Qp__Event *event = NULL;
        rc = reader_event(view->reader, index, i, &event, view->err);
        if (rc == QP_OK) {
            print_event(view, i, event);
        }
    }
    return rc;
}

static enum qp_code print_words(struct log_view *view, uint64_t index,
                                const struct reader_entry *entry)
{
    struct kinds kinds = {.count = 0};
    struct qp_buf text = {0};
    char admitted[QP_TIME_TEXT_BYTES];
    uint32_t count = entry->statement->event_count;
    enum qp_code rc = QP_OK;
    for (uint32_t i = 0; rc == QP_OK && i < count; i++) {
        const Qp__Event *event = NULL;
        rc = reader_event(view->reader, index, i, &event, view->err);
        if (rc == QP_OK) {
            count_kind(&kinds, event->body_case);
        }
    }
    if (rc == QP_OK) {
        rc = write_kinds(&kinds, &text, view->err);
    }
    if (rc == QP_OK) {
        if (!view->begun) {
            print_head(view);
        }
        write_time(admitted, entry->entry->admitted_ms);
        int at = printf("%6" PRIu64 "  %s  %-14s  %6" PRIu32 "  ", index, admitted, entry->issuer,
                        count);
        size_t width = qp_terminal_width(STDOUT_FILENO);
        cli_wrap(stdout, (const char *)text.data, (size_t)at, KINDS_INDENT,
                 width < 80 ? 80 : width);
    }
    qp_buf_wipe(&text);
    return rc == QP_OK && view->events ? print_events(view, index, count) : rc;
}

static enum qp_code print_entries(struct log_view *view, uint64_t from, uint64_t to)
{
    enum qp_code rc = QP_OK;
    for (uint64_t i = from; rc == QP_OK && i < to && ferror(stdout) == 0; i++) {
        struct reader_entry entry;
        rc = reader_entry(view->reader, i, &entry, view->err);
        if (rc == QP_OK) {
            rc = view->cli->json ? print_json(view, i, &entry) : print_words(view, i, &entry);
        }
    }
    return rc;
}

static enum qp_code follow(struct log_view *view, uint64_t from)
{
    bool more = true;
    enum qp_code rc = QP_OK;
    while (rc == QP_OK && more) {
        rc = reader_follow(view->cli, view->reader, from, &more, view->err);
        uint64_t size = qp_log_size(view->reader->log);
        if (rc == QP_OK && more) {
            rc = print_entries(view, from, size);
            from = size;
        }
    }
    return rc;
}

enum qp_code cmd_log(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    uint64_t from = 0;
    uint64_t limit = UINT64_MAX;
    bool events = false;
    bool following = false;
    const struct cli_option options[] = {
        {0, "from", CLI_NUMBER, "N", &from, "begin at entry N; the first entry is 0"},
        {'n', "limit", CLI_NUMBER, "N", &limit, "print N entries at most"},
        {'e', "events", CLI_FLAG, NULL, &events,
         "print each event on a line of its own: its position, kind, what it is about, kilograms"},
        {'f', "follow", CLI_FLAG, NULL, &following,
         "then wait and print what is admitted, until interrupted"},
    };
    const struct cli_spec spec = {
        .name = "log",
        .operands = "LEDGER",
        .about = "Print the entries of a ledger in order: when each was admitted, whose statement "
                 "it is, and which kinds of events stand in it. With --json, the whole entry with "
                 "its statement and its events.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    struct reader reader;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    if (following && limit != UINT64_MAX) {
        return qp_fail(err, QP_E_USAGE, "log: --limit and --follow exclude each other");
    }
    rc = reader_open(&reader, operands.list[0], err);
    if (rc != QP_OK) {
        return rc;
    }
    struct log_view view = {.cli = cli, .reader = &reader, .events = events, .err = err};
    uint64_t size = qp_log_size(reader.log);
    uint64_t to = from < size && limit < size - from ? from + limit : size;
    rc = following ? reader_follow_begin(err) : QP_OK;
    rc = rc == QP_OK ? print_entries(&view, from, to) : rc;
    if (rc == QP_OK && following) {
        rc = follow(&view, from > size ? from : size);
    }
    reader_close(&reader);
    return rc;
}
