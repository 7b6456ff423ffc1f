/* quipu stats: how much a ledger holds. */
#include "reader.h"

#include "core/check.h"
#include "words.h"

#include <inttypes.h>

static void print_json(struct cli *cli, struct qp_log *log, const struct qp_log_stats *stats)
{
    json_t *kinds = json_object();
    for (size_t i = 0; kinds != NULL && i < QP_COUNT(stats->events_by_kind); i++) {
        if (stats->events_by_kind[i] > 0 &&
            json_object_set_new(kinds, qp_event_name((Qp__Event__BodyCase)i),
                                json_integer((json_int_t)stats->events_by_kind[i])) != 0) {
            json_decref(kinds);
            kinds = NULL;
        }
    }
    struct qp_hash id;
    char hex[65];
    qp_log_ledger_id(log, &id);
    qp_hash_hex(hex, &id);
    cli_json(cli, json_pack(
                      "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "ledger_id", hex,
                      "origin", qp_log_origin(log), "entries", (json_int_t)stats->entries, "events",
                      (json_int_t)stats->events, "issuers", (json_int_t)stats->issuers, "sealed",
                      (json_int_t)stats->sealed, "bytes_entries", (json_int_t)stats->bytes_entries,
                      "bytes_events", (json_int_t)stats->bytes_events, "bytes_sealed",
                      (json_int_t)stats->bytes_sealed, "bytes_on_disk",
                      (json_int_t)stats->bytes_on_disk, "events_by_kind", kinds));
}

static void add_row(struct cli *cli, struct cli_table *table, const char *name, uint64_t count,
                    const char *size)
{
    char number[27];
    cli_cell(cli, table, name);
    cli_cell(cli, table, cli_number(number, count));
    cli_cell(cli, table, size);
}

static void print_table(struct cli *cli, struct qp_log *log, const struct qp_log_stats *stats)
{
    static const struct cli_column columns[] = {
        {.title = ""}, {.title = "COUNT", .right = true}, {.title = "SIZE", .right = true}};
    struct cli_table table = {.columns = columns, .column_count = QP_COUNT(columns)};
    struct qp_hash id;
    char hex[65];
    char size[WORDS_BYTES];
    char name[60];
    qp_log_ledger_id(log, &id);
    qp_hash_hex(hex, &id);
    printf("ledger   %s\nid       %s\n", cli_safe(cli, qp_log_origin(log)), hex);
    printf("on disk  %s\n\n", words_size(size, stats->bytes_on_disk));
    add_row(cli, &table, "entries", stats->entries, words_size(size, stats->bytes_entries));
    add_row(cli, &table, "issuers", stats->issuers, "");
    add_row(cli, &table, "sealed contents", stats->sealed, words_size(size, stats->bytes_sealed));
    add_row(cli, &table, "events", stats->events, words_size(size, stats->bytes_events));
    for (size_t i = 0; i < QP_COUNT(stats->events_by_kind); i++) {
        if (stats->events_by_kind[i] > 0) {
            snprintf(name, sizeof name, "  %s", qp_event_name((Qp__Event__BodyCase)i));
            add_row(cli, &table, name, stats->events_by_kind[i], "");
        }
    }
    cli_table_print(cli, &table, stdout);
}

enum qp_code cmd_stats(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const struct cli_spec spec = {
        .name = "stats",
        .operands = "LEDGER",
        .about = "Print how many entries, events, issuers and sealed contents a ledger holds, and "
                 "how much room they take.",
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    struct reader reader;
    struct qp_log_stats stats = {0};
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = reader_open(&reader, operands.list[0], err);
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_log_stats(reader.log, &stats, err);
    if (rc == QP_OK && cli->json) {
        print_json(cli, reader.log, &stats);
    } else if (rc == QP_OK) {
        print_table(cli, reader.log, &stats);
    }
    reader_close(&reader);
    return rc;
}
