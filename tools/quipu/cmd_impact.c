/* quipu impact: what is touched if a thing turns out bad. */
#include "impact.h"

#include "core/check.h"
#include "host/file.h"
#include "record.h"
#include "words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- What is asked for ---- */

struct question {
    struct qp_impact_thing thing;
    struct qp_public_key key;
    char kind[16];
};

static bool is_vkey_file(const char *text)
{
    struct stat info;
    size_t len = strlen(text);
    return len > 5 && strcmp(text + len - 5, ".vkey") == 0 && stat(text, &info) == 0 &&
           S_ISREG(info.st_mode);
}

static enum qp_code read_vkey(const char *path, struct qp_public_key *key, struct qp_err *err)
{
    struct qp_buf file = {0};
    struct qp_vkey vkey;
    enum qp_code rc = qp_file_read(path, 4096, &file, err);
    if (rc == QP_OK && file.len > 0 && file.data[file.len - 1] == '\n') {
        file.len--;
    }
    rc = rc == QP_OK ? qp_vkey_parse(qp_span_buf(&file), &vkey, err) : rc;
    if (rc == QP_OK) {
        *key = vkey.key;
    }
    qp_buf_wipe(&file);
    return rc;
}

static bool read_digits(const char **at, uint64_t *value)
{
    size_t len = strspn(*at, "0123456789");
    if (len == 0 || len > 18) {
        return false;
    }
    *value = strtoull(*at, NULL, 10);
    *at += len;
    return true;
}

/* "12:3" */
static bool read_event(const char *text, struct qp_impact_thing *thing)
{
    uint64_t position = 0;
    if (!read_digits(&text, &thing->index) || *text++ != ':' || !read_digits(&text, &position)) {
        return false;
    }
    thing->position = position < UINT32_MAX ? (uint32_t)position : UINT32_MAX;
    return *text == '\0';
}

static enum qp_code read_thing(const char *text, struct question *question, struct qp_err *err)
{
    struct qp_impact_thing *thing = &question->thing;
    struct qp_span span = qp_span_text(text);
    if (is_vkey_file(text)) {
        thing->key = &question->key;
        return read_vkey(text, &question->key, err);
    }
    if (span.len == 64 &&
        qp_hex_decode(question->key.bytes, sizeof question->key.bytes, span, NULL) == QP_OK) {
        thing->key = &question->key;
        return QP_OK;
    }
    if (read_event(text, thing)) {
        return QP_OK;
    }
    const char *colon = strchr(text, ':');
    thing->id = text;
    if (colon != NULL && (size_t)(colon - text) < sizeof question->kind) {
        snprintf(question->kind, sizeof question->kind, "%.*s", (int)(colon - text), text);
        thing->kind = question->kind;
        thing->id = colon + 1;
    }
    return QP_OK;
}

/* "key 0123456789abcdef… of mill", "event 12:3, lot_processed", "lot mill/G-1" */
static enum qp_code name_thing(struct impact_view *view, struct reader *reader,
                               const struct qp_impact_thing *thing, struct qp_err *err)
{
    char hex[65];
    char party[32];
    const Qp__Event *event = NULL;
    enum qp_code rc = QP_OK;
    if (thing->key != NULL) {
        qp_hex_encode(hex, qp_span_of(thing->key->bytes, sizeof thing->key->bytes));
        rc = reader_issuer(reader, thing->key, party, err);
        snprintf(view->thing, sizeof view->thing, "key %s of %.31s", hex, rc == QP_OK ? party : "");
    } else if (thing->id == NULL) {
        rc = reader_event(reader, thing->index, thing->position, &event, err);
        snprintf(view->thing, sizeof view->thing, "event %" PRIu64 ":%" PRIu32 ", %s", thing->index,
                 thing->position, rc == QP_OK ? qp_event_name(event->body_case) : "");
    } else {
        snprintf(view->thing, sizeof view->thing, "%s %.80s", view->impact->kind, view->impact->id);
    }
    return rc;
}

/* ---- Words ---- */

struct summary {
    char text[600]; /* of one row; what is counted is few */
    size_t used;
};

static void add_text(struct summary *row, const char *before, const char *text)
{
    int n = snprintf(row->text + row->used, sizeof row->text - row->used, "%s%s",
                     row->used > 0 ? before : "", text);
    row->used += n > 0 && row->used + (size_t)n < sizeof row->text ? (size_t)n : 0;
}

static void add_count(struct summary *row, const char *before, uint64_t count, const char *words)
{
    char number[WORDS_BYTES];
    if (count > 0) {
        add_text(row, before, words_count(number, count, words));
    }
}

static void print_counts(struct impact_view *view, const char *name, const struct summary *row)
{
    record_row(view->cli, name, "%s", row->used > 0 ? row->text : "nothing");
}

static void print_signed(struct impact_view *view)
{
    const struct qp_impact *impact = view->impact;
    char entries[WORDS_BYTES];
    char events[WORDS_BYTES];
    char from[40] = "";
    if (strcmp(impact->kind, "key") != 0 && strcmp(impact->kind, "party") != 0) {
        return;
    }
    if (impact->since > 0) {
        snprintf(from, sizeof from, ", from entry %" PRIu64 " on", impact->since);
    }
    record_row(view->cli, "signed", "%s, %s%s", words_count(entries, impact->entries, "entries"),
               words_count(events, impact->events, "events"), from);
}

static void print_summary(struct impact_view *view)
{
    const struct qp_impact *impact = view->impact;
    record_row(view->cli, "impact of", "%s", view->thing);
    print_signed(view);
    if ((view->directions & QP_IMPACT_DOWN) != 0) {
        const struct qp_impact_part *down = &impact->down;
        struct summary row = {.used = 0};
        add_count(&row, ", ", down->producer_count, "producers");
        add_count(&row, ", ", down->plot_count, "plots");
        add_count(&row, ", ", down->lot_count - down->voided_count, "lots");
        add_count(&row, ", ", impact->shipment_count, "shipments");
        add_count(&row, " to ", impact->consignee_count, "buyers");
        add_count(&row, ", ", down->voided_count, "voided lots");
        print_counts(view, "touches", &row);
    }
    if ((view->directions & QP_IMPACT_UP) != 0) {
        struct summary row = {.used = 0};
        add_count(&row, ", ", impact->up.lot_count, "lots");
        add_count(&row, ", ", impact->up.plot_count, "plots");
        add_count(&row, ", ", impact->up.producer_count, "producers");
        print_counts(view, "comes from", &row);
    }
}

/* ---- Tables ---- */

static void kilograms_cell(struct impact_view *view, struct cli_table *table, uint64_t grams)
{
    char text[WORDS_BYTES];
    words_mass(text, grams);
    *strrchr(text, ' ') = '\0'; /* the head of the column has the unit */
    cli_cell(view->cli, table, text);
}

static void name_cell(struct impact_view *view, struct cli_table *table, const char *name)
{
    char text[40];
    snprintf(text, sizeof text, "%.39s", name);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
    cli_cell(view->cli, table, text);
}

/* Rows of a list that are shown. */
static size_t rows_of(const struct impact_view *view, size_t count)
{
    return view->limit != 0 && count > view->limit ? (size_t)view->limit : count;
}

static void end_table(struct impact_view *view, struct cli_table *table, size_t count)
{
    char number[27];
    size_t shown = rows_of(view, count);
    printf("\n");
    cli_table_print(view->cli, table, stdout);
    if (shown < count) {
        printf("and %s more; --limit 0 shows all\n", cli_number(number, count - shown));
    }
}

static void print_forms(struct impact_view *view)
{
    static const struct cli_column columns[] = {{.title = "FORM"},
                                                {.title = "LOTS", .right = true},
                                                {.title = "KG LEFT", .right = true},
                                                {.title = "KG SHIPPED", .right = true}};
    struct cli_table table = {.columns = columns, .column_count = QP_COUNT(columns)};
    const struct qp_impact *impact = view->impact;
    char number[27];
    for (size_t i = 0; i < impact->form_count; i++) {
        const struct qp_impact_form *form = &impact->forms[i];
        name_cell(view, &table, form->form);
        cli_cell(view->cli, &table, cli_number(number, form->lots));
        kilograms_cell(view, &table, form->left_grams);
        kilograms_cell(view, &table, form->shipped_grams);
    }
    if (impact->form_count > 0) {
        printf("\n");
        cli_table_print(view->cli, &table, stdout);
    }
}

static void print_buyers(struct impact_view *view)
{
    static const struct cli_column columns[] = {{.title = "BUYER"},
                                                {.title = "FORM"},
                                                {.title = "SHIPMENTS", .right = true},
                                                {.title = "KG", .right = true}};
    struct cli_table table = {.columns = columns, .column_count = QP_COUNT(columns)};
    const struct qp_impact *impact = view->impact;
    char number[27];
    for (size_t i = 0; i < rows_of(view, impact->buyer_count); i++) {
        const struct qp_impact_buyer *buyer = &impact->buyers[i];
        cli_cell(view->cli, &table, buyer->party);
        name_cell(view, &table, buyer->form);
        cli_cell(view->cli, &table, cli_number(number, buyer->shipments));
        kilograms_cell(view, &table, buyer->grams);
    }
    if (impact->buyer_count > 0) {
        end_table(view, &table, impact->buyer_count);
    }
}

static void print_shipments(struct impact_view *view)
{
    static const struct cli_column columns[] = {{.title = "SHIPMENT", .wrap = true},
                                                {.title = "FORM"},
                                                {.title = "KG OF IT", .right = true},
                                                {.title = "KG NET", .right = true},
                                                {.title = "STATUS"}};
    struct cli_table table = {.columns = columns, .column_count = QP_COUNT(columns)};
    const struct qp_impact *impact = view->impact;
    for (size_t i = 0; i < rows_of(view, impact->shipment_count); i++) {
        const struct qp_impact_shipment *shipment = &impact->shipments[i];
        cli_cellf(view->cli, &table, "%.80s to %.31s", shipment->id, shipment->consignee);
        name_cell(view, &table, shipment->form);
        kilograms_cell(view, &table, shipment->grams);
        kilograms_cell(view, &table, shipment->net_grams);
        cli_cell(view->cli, &table, shipment->status);
    }
    if (impact->shipment_count > 0) {
        end_table(view, &table, impact->shipment_count);
    }
}

/* The party that an id begins with need not be told again. */
static bool is_of_id(const char *party, const char *id)
{
    size_t len = strlen(party);
    return strncmp(party, id, len) == 0 && id[len] == '/';
}

static void print_lots(struct impact_view *view, const struct qp_impact_part *part,
                       const char *title)
{
    const struct cli_column columns[] = {{.title = title, .wrap = true},
                                         {.title = "FORM"},
                                         {.title = "KG MADE", .right = true},
                                         {.title = "KG LEFT", .right = true},
                                         {.title = "STATUS"}};
    struct cli_table table = {.columns = columns, .column_count = QP_COUNT(columns)};
    for (size_t i = 0; i < rows_of(view, part->lot_count); i++) {
        const struct qp_impact_lot *lot = &part->lots[i];
        bool own = is_of_id(lot->holder, lot->id);
        cli_cellf(view->cli, &table, "%.80s%s%.31s%s%.31s", lot->id, own ? "" : " at ",
                  own ? "" : lot->holder, lot->handed_to[0] != '\0' ? ", on its way to " : "",
                  lot->handed_to);
        name_cell(view, &table, lot->form);
        kilograms_cell(view, &table, lot->grams);
        kilograms_cell(view, &table, lot->left_grams);
        cli_cell(view->cli, &table, lot->status);
    }
    if (part->lot_count > 0) {
        end_table(view, &table, part->lot_count);
    }
}

static void print_plots(struct impact_view *view, const struct qp_impact_part *part,
                        const char *title)
{
    const struct cli_column columns[] = {{.title = title, .wrap = true}, {.title = "STATUS"}};
    struct cli_table table = {.columns = columns, .column_count = QP_COUNT(columns)};
    for (size_t i = 0; i < rows_of(view, part->plot_count); i++) {
        const struct qp_impact_plot *plot = &part->plots[i];
        cli_cellf(view->cli, &table, "%.80s of %.80s", plot->id, plot->producer);
        cli_cellf(view->cli, &table, "%s%s", plot->withdrawn ? "withdrawn" : "registered",
                  plot->loss ? ", forest lost" : "");
    }
    if (part->plot_count > 0) {
        end_table(view, &table, part->plot_count);
    }
}

/* Names that nothing more is said of. */
static void print_names(struct impact_view *view, const char *title, const char *const *names,
                        size_t count)
{
    const struct cli_column columns[] = {{.title = title, .wrap = true}};
    struct cli_table table = {.columns = columns, .column_count = QP_COUNT(columns)};
    for (size_t i = 0; i < rows_of(view, count); i++) {
        cli_cell(view->cli, &table, names[i]);
    }
    if (count > 0) {
        end_table(view, &table, count);
    }
}

static void print_producers(struct impact_view *view, const struct qp_impact_part *part,
                            const char *title)
{
    const struct cli_column columns[] = {{.title = title, .wrap = true}};
    struct cli_table table = {.columns = columns, .column_count = QP_COUNT(columns)};
    for (size_t i = 0; i < rows_of(view, part->producer_count); i++) {
        cli_cell(view->cli, &table, part->producers[i].id);
    }
    if (part->producer_count > 0) {
        end_table(view, &table, part->producer_count);
    }
}

static void print_words(struct impact_view *view)
{
    const struct qp_impact *impact = view->impact;
    print_summary(view);
    print_forms(view);
    print_buyers(view);
    print_shipments(view);
    print_lots(view, &impact->down, "LOT");
    print_plots(view, &impact->down, "PLOT");
    print_producers(view, &impact->down, "PRODUCER");
    print_names(view, "PARTY, NOT FOLLOWED", impact->parties, impact->party_count);
    print_names(view, "CERTIFICATE, NOT FOLLOWED", impact->certificates, impact->certificate_count);
    print_lots(view, &impact->up, "FROM LOT");
    print_plots(view, &impact->up, "FROM PLOT");
    print_producers(view, &impact->up, "FROM PRODUCER");
}

/* ---- The command ---- */

static enum qp_code show_impact(struct impact_view *view, const char *dir,
                                const struct qp_impact_thing *thing, struct qp_err *err)
{
    struct reader reader;
    struct qp_impact *impact = NULL;
    enum qp_code rc = reader_open(&reader, dir, err);
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_impact_new(reader.log, thing, view->directions, &impact, err);
    view->impact = impact;
    rc = rc == QP_OK ? name_thing(view, &reader, thing, err) : rc;
    if (rc == QP_OK && view->cli->json) {
        impact_json(view, thing);
    } else if (rc == QP_OK) {
        print_words(view);
    }
    qp_impact_free(impact);
    reader_close(&reader);
    return rc;
}

enum qp_code cmd_impact(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    bool up = false;
    bool down = false;
    struct question question = {.thing = {.since = UINT64_MAX}};
    struct impact_view view = {.cli = cli, .limit = 20};
    const struct cli_option options[] = {
        {'d', "downstream", CLI_FLAG, NULL, &down,
         "only what is touched: lots, shipments, buyers, kilograms"},
        {'u', "upstream", CLI_FLAG, NULL, &up, "only what it comes from: lots, plots, producers"},
        {0, "since", CLI_NUMBER, "ENTRY", &question.thing.since,
         "of a key or a party: only what it signed from this entry on; of a key that is in doubt, "
         "from there on if nothing is said"},
        {0, "limit", CLI_NUMBER, "N", &view.limit,
         "rows of a table that are printed; 20 if nothing is said, 0 for all; JSON has all"},
    };
    const struct cli_spec spec = {
        .name = "impact",
        .operands = "LEDGER THING",
        .about =
            "List what is touched if a thing turns out bad: which lots, shipments and buyers, how "
            "many kilograms in which form, and where it comes from. THING is the id of a lot, "
            "shipment, plot, producer or certificate, a party, an event as ENTRY:POSITION, or a "
            "public key: 64 hexadecimal digits, or a .vkey file. A certificate stands for what its "
            "holder harvested, processed and dispatched in its time, a key or a party for all that "
            "it signed. Where an id names several things, put the kind before it, as "
            "plot:coop/A-1.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 2,
        .operands_most = 2,
        .json = true,
    };
    struct cli_operands operands;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    question.thing.since_given = question.thing.since != UINT64_MAX;
    view.directions = up == down ? QP_IMPACT_UP | QP_IMPACT_DOWN
                      : up       ? QP_IMPACT_UP
                                 : QP_IMPACT_DOWN;
    rc = read_thing(operands.list[1], &question, err);
    if (rc == QP_OK && question.thing.since_given && question.thing.id == NULL &&
        question.thing.key == NULL) {
        rc = qp_fail(err, QP_E_USAGE, "impact: --since is for a key or a party, not for an event");
    }
    return rc == QP_OK ? show_impact(&view, operands.list[0], &question.thing, err) : rc;
}
