/* What the tests of the imports share. */
#ifndef QP_TESTS_ISSUE_IMPORTING_H
#define QP_TESTS_ISSUE_IMPORTING_H

#include "issue/folder.h"

#include "issue/import.h"

#include <ctype.h>

#define SAMPLE QP_SOURCE_DIR "/tools/sample/"

/* What the last import said. */
static char said[64][QP_ERR_TEXT_BYTES];
static size_t said_count;
static uint64_t said_place;

static inline void hear(void *context, const struct qp_import_note *note)
{
    (void)context;
    if (said_count < 64) {
        snprintf(said[said_count], sizeof said[0], "%s%s %llu: %.280s",
                 note->warning ? "warning, " : "", note->unit, (unsigned long long)note->place,
                 note->text);
        said_count++;
    }
    if (!note->warning) {
        said_place = note->place;
    }
}

static inline struct qp_import_options options_for(const char *party)
{
    said_count = 0;
    said_place = 0;
    return (struct qp_import_options){
        .party = party, .file = "a file", .occurred_ms = 1767225600000, .tell = hear};
}

typedef enum qp_code import(struct qp_draft *draft, struct qp_span file,
                            const struct qp_import_options *options,
                            struct qp_import_report *report, struct qp_buf *bad_rows,
                            struct qp_err *err);

static inline struct qp_draft *new_draft(void)
{
    struct qp_draft *draft = NULL;
    assert_ok(qp_draft_new(&draft, err));
    return draft;
}

/* The context is a folder, with a '/' behind. */
static inline enum qp_code read_in_folder(void *context, const char *path, struct qp_buf *out,
                                          struct qp_err *err)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", (const char *)context, path);
    return qp_file_read(whole, 4096, out, err);
}

/* What an assessor knows from the file that a cooperative has signed. */
static inline struct qp_catalog *plots_of(const struct qp_draft *draft, const char *journal_name)
{
    struct qp_hash ledger = {.bytes = {7}};
    struct qp_key *key = NULL;
    struct qp_journal *journal = NULL;
    struct qp_catalog *plots = NULL;
    struct qp_buf out = {0};
    assert_ok(qp_key_generate(&key, err));
    assert_ok(qp_journal_open(in_folder(journal_name), key, &ledger, &journal, err));
    assert_ok(qp_journal_sign(journal, draft, 4096, 5, &out, NULL, err));
    assert_ok(qp_catalog_new(&plots, err));
    assert_ok(qp_catalog_add_submissions(plots, qp_span_buf(&out), err));
    qp_journal_close(journal);
    qp_key_free(key);
    qp_buf_wipe(&out);
    return plots;
}

static inline void sample_method(struct qp_arena *arena, const Qp__PlotAssessed **method)
{
    struct qp_buf file = {0};
    assert_ok(qp_file_read(SAMPLE "assessment.json", 10000, &file, err));
    assert_ok(qp_assessment_method_read(qp_span_buf(&file), arena, method, err));
    qp_buf_wipe(&file);
}

static inline bool holds(const char *text, const char *words)
{
    size_t len = strlen(words);
    for (; *text != '\0'; text++) {
        size_t i = 0;
        while (i < len && tolower((unsigned char)text[i]) == tolower((unsigned char)words[i])) {
            i++;
        }
        if (i == len) {
            return true;
        }
    }
    return false;
}

static inline enum qp_code run_text(struct qp_draft *draft, import *run, const char *text,
                                    const struct qp_import_options *options, struct qp_buf *bad)
{
    struct qp_import_report report;
    bad->len = 0;
    return run(draft, qp_span_text(text), options, &report, bad, NULL);
}

static inline Qp__Event *event_of(const struct qp_draft *draft, size_t at, struct qp_arena *arena)
{
    Qp__Event *event = NULL;
    assert_ok(qp_event_decode(qp_draft_event(draft, at), arena, &event, err));
    return event;
}

#endif
