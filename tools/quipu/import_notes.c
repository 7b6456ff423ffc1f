#include "import_notes.h"

#include "core/check.h"

#include <inttypes.h>
#include <string.h>

#define NOTES_AT_ONCE 400 /* rows of the table that are lined up together */

void import_notes_begin(struct import_notes *notes, struct cli *cli)
{
    static const struct cli_column columns[] = {
        {.title = "file"}, {.title = "where"}, {.title = "what is wrong", .wrap = true}};
    *notes = (struct import_notes){
        .cli = cli, .table = {.columns = columns, .column_count = QP_COUNT(columns)}};
}

/* Words with a digit, a quote or a slash are the row's own: codes, numbers, cells. What is left
 * says whether two rows have the same fault. FNV-1a. */
static uint64_t key_of(const struct qp_import_note *note)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)note->warning;
    for (const char *at = note->text; *at != '\0';) {
        size_t len = strcspn(at, " ");
        bool own = false;
        for (size_t i = 0; i < len; i++) {
            own = own || strchr("0123456789\"/", at[i]) != NULL;
        }
        for (size_t i = 0; !own && i < len; i++) {
            hash = (hash ^ (uint8_t)at[i]) * UINT64_C(1099511628211);
        }
        at += len;
        at += strspn(at, " ");
    }
    return hash;
}

/* Has this been said often enough? */
static bool is_enough(struct import_notes *notes, const struct qp_import_note *note)
{
    uint64_t key = key_of(note);
    size_t at = 0;
    while (at < notes->reason_count && notes->reasons[at].key != key) {
        at++;
    }
    if (at == NOTES_REASONS_MAX) {
        return false;
    }
    if (at == notes->reason_count) {
        notes->reason_count++;
        notes->reasons[at].key = key;
        snprintf(notes->reasons[at].text, sizeof notes->reasons[at].text, "%.100s%s", note->text,
                 strlen(note->text) > 100 ? " ..." : "");
    }
    return ++notes->reasons[at].count > NOTES_ALIKE_MAX;
}

void import_notes_tell(void *context, const struct qp_import_note *note)
{
    struct import_notes *notes = context;
    struct cli *cli = notes->cli;
    if (cli->json) {
        cli_json_on(cli, stderr,
                    json_pack("{s:s, s:s, s:I, s:b, s:s, s:s}", "file", note->file, "unit",
                              note->unit, "place", (json_int_t)note->place, "warning",
                              note->warning ? 1 : 0, "rule", note->rule, "text", note->text));
        return;
    }
    cli_refusal(cli, note->rule);
    if (is_enough(notes, note)) {
        return;
    }
    const char *slash = strrchr(note->file, '/');
    cli_cell(cli, &notes->table, slash != NULL ? slash + 1 : note->file);
    cli_cellf(cli, &notes->table, "%s %" PRIu64, note->unit, note->place);
    bool coded = note->rule[0] != '\0';
    cli_cellf(cli, &notes->table, "%s%s%s%s%s", note->warning ? "(taken) " : "", note->text,
              coded ? " [" : "", note->rule, coded ? "]" : "");
    if (notes->table.cell_count >= (size_t)NOTES_AT_ONCE * notes->table.column_count) {
        cli_table_print(cli, &notes->table, stderr);
    }
}

void import_notes_end(struct import_notes *notes)
{
    if (notes->table.cell_count > 0) {
        cli_table_print(notes->cli, &notes->table, stderr);
    }
    for (size_t i = 0; i < notes->reason_count; i++) {
        if (notes->reasons[i].count > NOTES_ALIKE_MAX) {
            cli_note(notes->cli, "and %" PRIu64 " more rows like: %s",
                     notes->reasons[i].count - NOTES_ALIKE_MAX,
                     cli_safe(notes->cli, notes->reasons[i].text));
        }
    }
}

void import_notes_wipe(struct import_notes *notes)
{
    qp_buf_wipe(&notes->table.cells);
}
