/* What an import says of rows: lined up, and the same fault of many rows only so often. */
#ifndef QUIPU_IMPORT_NOTES_H
#define QUIPU_IMPORT_NOTES_H

#include "cli.h"

#include "issue/import.h"

#define NOTES_REASONS_MAX 64
#define NOTES_ALIKE_MAX 20

struct import_notes {
    struct cli *cli;
    struct cli_table table;
    struct {
        uint64_t key;
        uint64_t count;
        char text[120]; /* of the first row */
    } reasons[NOTES_REASONS_MAX];
    size_t reason_count;
};

void import_notes_begin(struct import_notes *notes, struct cli *cli);
/* The `tell` of an import, with the notes as context. With --json every row is told. */
void import_notes_tell(void *context, const struct qp_import_note *note);
/* Print what is left, and how many rows were passed over. */
void import_notes_end(struct import_notes *notes);
void import_notes_wipe(struct import_notes *notes);

#endif
