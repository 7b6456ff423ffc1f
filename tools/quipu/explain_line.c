#include "explain_line.h"

#include "core/alloc.h"
#include "core/check.h"
#include "wire/json.h"
#include "verdict_text.h"
#include "words.h"

#include <inttypes.h>
#include <string.h>

#define LABEL_WIDTH 12
#define NAME_WIDTH 20
#define INDENT 4
#define CONTAINERS_MOST 4
#define SOURCES_MOST 5

/* ---- The events of one line ---- */

/* "  label     words", wrapped; safe. */
static void print_row(struct cli *cli, const char *label, const char *words, size_t width)
{
    printf("  %-*s", LABEL_WIDTH - 2, label);
    cli_wrap(stdout, cli_safe(cli, words), LABEL_WIDTH, LABEL_WIDTH, width);
}

/* The event as a sentence, from its JSON. */
static enum qp_code print_words(struct cli *cli, const json_t *content, size_t width,
                                struct qp_err *err)
{
    struct qp_arena arena;
    Qp__Event *event = NULL;
    struct qp_buf words = {0};
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_json_decode(&qp_rule_event, content, &arena, &event, err);
    if (rc == QP_OK) {
        rc = words_event(event, &words, err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add(&words, qp_span_of("", 1), err);
    }
    if (rc == QP_OK) {
        print_row(cli, "says", (const char *)words.data, width);
    }
    qp_buf_wipe(&words);
    qp_arena_wipe(&arena);
    return rc;
}

static void print_notes(struct cli *cli, const json_t *row, size_t width)
{
    const char *result = verdict_text_of(row, "result");
    const json_t *notes = json_object_get(row, "notes");
    const char *label = strcmp(result, "PASS") == 0   ? "gives"
                        : strcmp(result, "FAIL") == 0 ? "FAILS"
                                                      : "NOT SHOWN";
    for (size_t i = 0; i < json_array_size(notes); i++) {
        print_row(cli, i == 0 ? label : "", json_string_value(json_array_get(notes, i)), width);
    }
}

static enum qp_code print_event(struct cli *cli, const json_t *row, size_t width,
                                struct qp_err *err)
{
    const json_t *content = json_object_get(row, "event");
    char line[200];
    enum qp_code rc = QP_OK;
    printf("\nentry %" PRIu64, verdict_number_of(row, "entry"));
    if (content == NULL) {
        printf(", of which no event is shown\n");
    } else {
        printf(", event %" PRIu64 ": %s, %s\n", verdict_number_of(row, "position"),
               verdict_text_of(row, "kind"), verdict_text_of(row, "occurred"));
        rc = print_words(cli, content, width, err);
    }
    print_notes(cli, row, width);
    snprintf(line, sizeof line, "%.31s, statement %" PRIu64 " of the key",
             verdict_text_of(row, "issuer"), verdict_number_of(row, "sequence"));
    print_row(cli, "issuer", line, width);
    print_row(cli, "key", verdict_text_of(row, "key"), width);
    if (content != NULL) {
        print_row(cli, "event id", verdict_text_of(row, "id"), width);
    }
    print_row(cli, "leaf hash", verdict_text_of(row, "leaf"), width);
    print_row(cli, "checked",
              content != NULL ? "signature; event under its statement; entry under the checkpoint"
                              : "signature; entry under the checkpoint",
              width);
    return rc;
}

/* The line's own member of the verdict. */
static const json_t *find_line(const json_t *verdict, const char *name)
{
    const json_t *lines = json_object_get(verdict, "lines");
    size_t at = 0;
    while (at < json_array_size(lines) &&
           strcmp(verdict_text_of(json_array_get(lines, at), "name"), name) != 0) {
        at++;
    }
    return json_array_get(lines, at);
}

enum qp_code explain_print(struct cli *cli, const json_t *verdict, size_t width, struct qp_err *err)
{
    const json_t *explain = json_object_get(verdict, "explain");
    const json_t *events = json_object_get(explain, "events");
    const char *name = verdict_text_of(explain, "line");
    const json_t *line = find_line(verdict, name);
    uint64_t more = verdict_number_of(explain, "more");
    uint64_t count = verdict_number_of(json_object_get(line, "entries"), "count");
    char words[200];
    char entries[WORDS_BYTES];
    enum qp_code rc = QP_OK;
    if (explain == NULL) {
        return QP_OK;
    }
    snprintf(words, sizeof words, "%s, carried by %s", verdict_text_of(line, "result"),
             count > 0 ? words_count(entries, count, "entries") : "no entry");
    printf("\n%s%s:%s ", cli_style(cli, stdout, CLI_BOLD), name, cli_style(cli, stdout, CLI_RESET));
    cli_wrap(stdout, words, strlen(name) + 2, 0, width);
    for (size_t i = 0; rc == QP_OK && i < json_array_size(events); i++) {
        rc = print_event(cli, json_array_get(events, i), width, err);
    }
    if (rc == QP_OK && more > 0) {
        char left[27];
        printf("\nand %s more; --limit 0 shows all\n", cli_number(left, more));
    }
    return rc;
}

/* ---- What must not be in the goods ---- */

static enum qp_code add_containers(struct qp_buf *text, const json_t *containers,
                                   struct qp_err *err)
{
    size_t count = json_array_size(containers);
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < count && i < CONTAINERS_MOST; i++) {
        const char *number = json_string_value(json_array_get(containers, i));
        rc = qp_buf_addf(text, err, "%s%s", i == 0 ? " in " : ", ", number != NULL ? number : "");
    }
    if (rc == QP_OK && count > CONTAINERS_MOST) {
        rc = qp_buf_addf(text, err, " and %zu more", count - CONTAINERS_MOST);
    }
    return rc;
}

/* "plot a (lost 900 m2) -> lot b -> shipment c in CONTAINER" */
static enum qp_code add_path(struct qp_buf *text, const json_t *source, const json_t *containers,
                             struct qp_err *err)
{
    const json_t *path = json_object_get(source, "path");
    size_t count = json_array_size(path);
    uint64_t left_out = verdict_number_of(source, "left_out");
    bool failed = strcmp(verdict_text_of(source, "result"), "FAIL") == 0;
    enum qp_code rc = qp_buf_addf(text, err, "%s %s (%s%s)", verdict_text_of(source, "kind"),
                                  verdict_text_of(source, "id"),
                                  failed ? "" : "NOT SHOWN: ", verdict_text_of(source, "reason"));
    for (size_t i = 1; rc == QP_OK && i < count; i++) {
        const char *id = json_string_value(json_array_get(path, i));
        if (left_out > 0 && i == count / 2) {
            rc = qp_buf_addf(text, err, " -> %" PRIu64 " more lots", left_out);
        }
        if (rc == QP_OK) {
            rc = qp_buf_addf(text, err, " -> %s %s", i + 1 < count ? "lot" : "shipment",
                             id != NULL ? id : "");
        }
    }
    return rc == QP_OK ? add_containers(text, containers, err) : rc;
}

static enum qp_code print_source(struct cli *cli, const json_t *source, const json_t *verdict,
                                 size_t width, struct qp_err *err)
{
    const json_t *containers = json_object_get(json_object_get(verdict, "goods"), "containers");
    const json_t *all = json_object_get(verdict, "contamination");
    struct qp_buf text = {0};
    char part[WORDS_BYTES];
    char whole[WORDS_BYTES];
    enum qp_code rc = add_path(&text, source, containers, err);
    if (rc == QP_OK) {
        rc = qp_buf_addf(&text, err, ": %s of %s",
                         words_mass(part, verdict_number_of(source, "grams")),
                         words_mass(whole, verdict_number_of(all, "shipped_grams")));
    }
    if (rc == QP_OK) {
        rc = qp_buf_add(&text, qp_span_of("", 1), err);
    }
    if (rc == QP_OK) {
        printf("%*s", INDENT, "");
        cli_wrap(stdout, cli_safe(cli, (const char *)text.data), INDENT, INDENT + 2, width);
    }
    qp_buf_wipe(&text);
    return rc;
}

enum qp_code explain_contamination(struct cli *cli, const json_t *verdict, size_t width,
                                   struct qp_err *err)
{
    const json_t *all = json_object_get(verdict, "contamination");
    const json_t *sources = json_object_get(all, "sources");
    size_t count = json_array_size(sources);
    size_t told = count < SOURCES_MOST ? count : SOURCES_MOST;
    uint64_t more = verdict_number_of(all, "more") + (count - told);
    char words[200];
    char part[WORDS_BYTES];
    char whole[WORDS_BYTES];
    enum qp_code rc = QP_OK;
    if (count == 0) {
        return QP_OK;
    }
    snprintf(words, sizeof words, "in %s of the %s shipped, by what they were made of:",
             words_mass(part, verdict_number_of(all, "touched_grams")),
             words_mass(whole, verdict_number_of(all, "shipped_grams")));
    printf("%-*s", NAME_WIDTH, "contamination");
    cli_wrap(stdout, words, NAME_WIDTH, NAME_WIDTH, width);
    for (size_t i = 0; rc == QP_OK && i < told; i++) {
        rc = print_source(cli, json_array_get(sources, i), verdict, width, err);
    }
    if (rc == QP_OK && more > 0) {
        char left[27];
        printf("%*sand %s more\n", INDENT, "", cli_number(left, more));
    }
    return rc;
}
