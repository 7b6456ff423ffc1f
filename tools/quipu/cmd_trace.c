/* quipu trace: the lot graph, as a tree, for Graphviz, or as JSON. */
#include "reader.h"

#include "core/check.h"
#include "core/time.h"
#include "host/terminal.h"
#include "taint.h"
#include "words.h"

#include <quipu/trace.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_DRAWN 128 /* deeper steps are drawn at this depth */

struct strokes {
    const char *branch;
    const char *last;
    const char *down;
    const char *blank;
};

struct drawing {
    struct cli *cli;
    enum qp_trace_direction direction;
    const struct strokes *strokes;
    bool ended[DEPTH_DRAWN]; /* at this depth, the branch drawn last was the last one */
    size_t width;            /* of the terminal; SIZE_MAX where there is none */
    size_t at;               /* column of the line that is being drawn */
    uint64_t depth_most;     /* what is deeper is left out */
    uint64_t left_out;
    struct taints taints; /* of what is walked from */
};

/* Does the locale say that the terminal reads UTF-8? No locale of the C library is switched on, so
 * that numbers and sorting stay as they are. */
static bool reads_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < QP_COUNT(names); i++) {
        const char *value = getenv(names[i]);
        if (value == NULL || value[0] == '\0') {
            continue;
        }
        for (; *value != '\0'; value++) {
            bool u = tolower((unsigned char)value[0]) == 'u' &&
                     tolower((unsigned char)value[1]) == 't' &&
                     tolower((unsigned char)value[2]) == 'f';
            if (u && (value[3] == '8' || (value[3] == '-' && value[4] == '8'))) {
                return true;
            }
        }
        return false;
    }
    return false;
}

/* ---- Tree ---- */

#define STROKE_COLUMNS 3

static unsigned drawn_depth(const struct qp_trace_step *step)
{
    return step->depth < DEPTH_DRAWN ? step->depth : DEPTH_DRAWN - 1;
}

/* What runs down past a line at these depths. */
static void draw_passing(const struct drawing *drawing, unsigned to_depth)
{
    for (unsigned i = 1; i <= to_depth; i++) {
        fputs(drawing->ended[i] ? drawing->strokes->blank : drawing->strokes->down, stdout);
    }
}

static void draw_stem(struct drawing *drawing, const struct qp_trace_step *step)
{
    unsigned depth = drawn_depth(step);
    if (depth > 0) {
        draw_passing(drawing, depth - 1);
        fputs(step->last ? drawing->strokes->last : drawing->strokes->branch, stdout);
        drawing->ended[depth] = step->last;
    }
    drawing->at = (size_t)depth * STROKE_COLUMNS;
}

/* One more thing to say of the step, behind a comma; below, where the line has no room for it. */
static void draw_item(struct drawing *drawing, const struct qp_trace_step *step,
                      enum cli_style style, const char *text)
{
    struct cli *cli = drawing->cli;
    const char *safe = cli_safe(cli, text);
    size_t width = cli_width(safe);
    unsigned depth = drawn_depth(step);
    if (drawing->at + width + 3 > drawing->width) { /* with the comma behind it */
        printf(",\n");
        draw_passing(drawing, depth);
        printf("    ");
        drawing->at = (size_t)depth * STROKE_COLUMNS + 4;
    } else {
        printf(", ");
        drawing->at += 2;
    }
    printf("%s%s%s", style != CLI_RESET ? cli_style(cli, stdout, style) : "", safe,
           style != CLI_RESET ? cli_style(cli, stdout, CLI_RESET) : "");
    drawing->at += width;
}

/* The party that an id begins with need not be told again. */
static bool is_of_id(const char *party, const char *id)
{
    size_t len = strlen(party);
    return len == 0 || (strncmp(party, id, len) == 0 && id[len] == '/');
}

/* "500 kg wet parchment": the weight where it is not the one drawn, and the form with spaces. */
static void write_made(char text[2 * WORDS_BYTES], const struct qp_trace_step *step)
{
    char mass[WORDS_BYTES] = "";
    bool whole = step->depth > 0 && step->drawn_grams == step->grams;
    if (step->grams > 0 && (!whole || step->form[0] == '\0')) {
        words_mass(mass, step->grams);
    }
    snprintf(text, 2 * (size_t)WORDS_BYTES, "%s%s%.40s", mass,
             mass[0] != '\0' && step->form[0] != '\0' ? " " : "", step->form);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
}

static void draw_rest(struct drawing *drawing, const struct qp_trace_step *step)
{
    char made[2 * WORDS_BYTES];
    char mass[WORDS_BYTES];
    char left[WORDS_BYTES + 8];
    bool usual = strcmp(step->status, "held") == 0 || strcmp(step->status, "registered") == 0;
    bool bad = strcmp(step->status, "recalled") == 0 || strcmp(step->status, "voided") == 0;
    write_made(made, step);
    if (made[0] != '\0') {
        draw_item(drawing, step, CLI_RESET, made);
    }
    if (step->left_grams > 0) {
        snprintf(left, sizeof left, "%s left", words_mass(mass, step->left_grams));
        draw_item(drawing, step, CLI_RESET, left);
    }
    if (!is_of_id(step->party, step->id)) {
        draw_item(drawing, step, CLI_RESET, step->party);
    }
    if (!usual && step->status[0] != '\0') {
        draw_item(drawing, step, bad ? CLI_RED : CLI_RESET, step->status);
    }
    printf("\n");
}

static enum qp_code draw_step(void *context, const struct qp_trace_step *step, struct qp_err *err)
{
    struct drawing *drawing = context;
    struct cli *cli = drawing->cli;
    char mass[WORDS_BYTES];
    (void)err;
    if (step->depth > drawing->depth_most) {
        drawing->left_out++;
        return QP_OK;
    }
    draw_stem(drawing, step);
    const char *id = cli_safe(cli, step->id);
    if (step->depth > 0 && step->drawn_grams > 0) {
        printf("%s: ", words_mass(mass, step->drawn_grams));
        drawing->at += strlen(mass) + 2;
    }
    printf("%s%s %s%s", cli_style(cli, stdout, CLI_BOLD), step->kind, id,
           cli_style(cli, stdout, CLI_RESET));
    drawing->at += strlen(step->kind) + 1 + cli_width(id);
    if (step->seen) {
        printf(" %s(above)%s\n", cli_style(cli, stdout, CLI_DIM),
               cli_style(cli, stdout, CLI_RESET));
    } else {
        draw_rest(drawing, step);
    }
    return QP_OK;
}

/* ---- Graphviz ---- */

/* A quoted string of the DOT language: only the quote and the backslash are special in it. A line
 * feed of ours begins a new line of a label; one from outside cannot be in an id. */
static void put_quoted(const char *text)
{
    fputc('"', stdout);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            fputc('\\', stdout);
        }
        if (*at == '\n') {
            fputs("\\n", stdout);
        } else if ((unsigned char)*at >= ' ' && *at != 0x7f) {
            fputc(*at, stdout);
        }
    }
    fputc('"', stdout);
}

static void put_node(const struct qp_trace_step *step)
{
    static const char *const shapes[][2] = {
        {"lot", "box"}, {"plot", "ellipse"}, {"shipment", "house"}};
    char label[400];
    char mass[WORDS_BYTES];
    const char *shape = "box";
    for (size_t i = 0; i < QP_COUNT(shapes); i++) {
        shape = strcmp(shapes[i][0], step->kind) == 0 ? shapes[i][1] : shape;
    }
    int used = snprintf(label, sizeof label, "%.100s", step->id);
    if (step->grams > 0) {
        used +=
            snprintf(label + used, sizeof label - (size_t)used, "\n%.80s%s%.40s",
                     words_mass(mass, step->grams), step->form[0] != '\0' ? " " : "", step->form);
    }
    if (step->party[0] != '\0') {
        snprintf(label + used, sizeof label - (size_t)used, "\n%.40s", step->party);
    }
    printf("  ");
    put_quoted(step->id);
    printf(" [shape=%s, label=", shape);
    put_quoted(label);
    printf("];\n");
}

static enum qp_code dot_step(void *context, const struct qp_trace_step *step, struct qp_err *err)
{
    struct drawing *drawing = context;
    bool up = drawing->direction == QP_TRACE_UPSTREAM;
    char mass[WORDS_BYTES];
    (void)err;
    if (step->depth > drawing->depth_most) {
        drawing->left_out++;
        return QP_OK;
    }
    if (!step->seen) {
        put_node(step);
    }
    if (step->depth > 0) { /* arrows run as the goods do: from the plot to the port */
        printf("  ");
        put_quoted(up ? step->id : step->parent);
        printf(" -> ");
        put_quoted(up ? step->parent : step->id);
        printf(" [label=");
        put_quoted(step->drawn_grams > 0 ? words_mass(mass, step->drawn_grams) : "");
        printf("];\n");
    }
    return QP_OK;
}

/* ---- JSON ---- */

static enum qp_code json_step(void *context, const struct qp_trace_step *step, struct qp_err *err)
{
    struct drawing *drawing = context;
    char time[QP_TIME_TEXT_BYTES];
    if (step->depth > drawing->depth_most) {
        drawing->left_out++;
        return QP_OK;
    }
    qp_time_format(time, step->occurred_ms);
    json_t *object = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:I, s:i, s:s, s:I, s:s, s:I, s:I, s:s, s:s, s:b}", "depth",
        (int)step->depth, "kind", step->kind, "id", step->id, "parent", step->parent, "event",
        step->event, "entry", (json_int_t)step->index, "position", (int)step->position, "occurred",
        time, "drawn_grams", (json_int_t)step->drawn_grams, "form", step->form, "grams",
        (json_int_t)step->grams, "left_grams", (json_int_t)step->left_grams, "party", step->party,
        "status", step->status, "seen", step->seen ? 1 : 0);
    if (step->depth == 0) {
        enum qp_code rc = taints_json(&drawing->taints, object, err);
        if (rc != QP_OK) {
            json_decref(object);
            return rc;
        }
    }
    cli_json(drawing->cli, object);
    return QP_OK;
}

/* ---- Taint ---- */

static void print_taint(void *context, const char *name, const char *sentence)
{
    const struct drawing *drawing = context;
    struct cli *cli = drawing->cli;
    bool red = strcmp(name, "note") != 0;
    printf("%s%s:%s ", red ? cli_style(cli, stdout, CLI_RED) : "", name,
           red ? cli_style(cli, stdout, CLI_RESET) : "");
    cli_wrap(stdout, cli_safe(cli, sentence), strlen(name) + 2, 4, drawing->width);
}

/* The graph has no place for it. */
static void note_taint(void *context, const char *name, const char *sentence)
{
    const struct drawing *drawing = context;
    cli_note(drawing->cli, "%s: %s", name, cli_safe(drawing->cli, sentence));
}

static enum qp_code walk(struct drawing *drawing, const char *dir, const char *id, bool dot,
                         struct qp_err *err)
{
    struct reader reader;
    enum qp_code rc = reader_open(&reader, dir, err);
    if (rc != QP_OK) {
        return rc;
    }
    rc = taints_find(&drawing->taints, reader.log, NULL, id, err);
    if (rc != QP_OK) {
        goto out;
    }
    if (dot) {
        printf("digraph quipu {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    }
    rc = qp_trace_walk(reader.log, id, drawing->direction,
                       dot                  ? dot_step
                       : drawing->cli->json ? json_step
                                            : draw_step,
                       drawing, err);
    if (dot) {
        printf("}\n");
    }
    if (rc == QP_OK && !drawing->cli->json) {
        taints_each(&drawing->taints, dot ? note_taint : print_taint, drawing);
    }
    if (rc == QP_OK && drawing->left_out > 0 && !drawing->cli->json) {
        char steps[WORDS_BYTES];
        cli_note(drawing->cli, "%s deeper than --depth %" PRIu64 " left out",
                 words_count(steps, drawing->left_out, "steps"), drawing->depth_most);
    }
out:
    taints_wipe(&drawing->taints);
    reader_close(&reader);
    return rc;
}

enum qp_code cmd_trace(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct strokes lines = {"\u251c\u2500 ", "\u2514\u2500 ", "\u2502  ", "   "};
    static const struct strokes ascii = {"|- ", "`- ", "|  ", "   "};
    bool down = false;
    bool dot = false;
    uint64_t depth = UINT64_MAX;
    const struct cli_option options[] = {
        {'d', "down", CLI_FLAG, NULL, &down,
         "walk downstream: to all that was made of it and the shipments that it left in"},
        {0, "depth", CLI_NUMBER, "N", &depth, "leave out what is more than N steps away"},
        {0, "dot", CLI_FLAG, NULL, &dot, "print the graph for Graphviz, arrows as the goods go"},
    };
    const struct cli_spec spec = {
        .name = "trace",
        .operands = "LEDGER LOT|PLOT|SHIPMENT",
        .about = "Draw where a lot or a shipment comes from, up to the plots, or with --down what "
                 "became of a plot or a lot. Kilograms before a name are what was drawn from it; "
                 "behind it stands what it weighed when it was made, where that is more, its form, "
                 "and who holds it, where that is not who named it. \"(above)\" marks what was "
                 "drawn before. Below it stands what taints the one that was asked for.",
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
    if (dot && cli->json) {
        return qp_fail(err, QP_E_USAGE, "trace: --dot and --json exclude each other");
    }
    struct drawing drawing = {.cli = cli,
                              .direction = down ? QP_TRACE_DOWNSTREAM : QP_TRACE_UPSTREAM,
                              .depth_most = depth,
                              .width = isatty(STDOUT_FILENO) == 1 ? qp_terminal_width(STDOUT_FILENO)
                                                                  : SIZE_MAX,
                              .strokes = reads_utf8() ? &lines : &ascii};
    return walk(&drawing, operands.list[0], operands.list[1], dot, err);
}
