/* What commands say, and with which status they end. */
#include "cli.h"

#include "host/clock.h"
#include "host/terminal.h"
#include "rules/rules.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_EVERY_MS 100

static bool takes_color(int fd)
{
    const char *none = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    return (none == NULL || none[0] == '\0') && !dumb && isatty(fd) == 1;
}

void cli_init(struct cli *cli, int argc, char **argv)
{
    *cli = (struct cli){.color_out = takes_color(STDOUT_FILENO),
                        .color_err = takes_color(STDERR_FILENO)};
    /* Known before the options are read, so that a wrong option is reported in JSON too. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        cli->json = cli->json || strcmp(argv[i], "--json") == 0;
    }
}

void cli_wipe(struct cli *cli)
{
    for (size_t i = 0; i < CLI_SAFE_TEXTS; i++) {
        qp_buf_wipe(&cli->safe[i]);
    }
}

int cli_exit(enum qp_code code)
{
    switch (code) {
    case QP_OK:
        return 0;
    case QP_E_INVALID:
    case QP_E_REFUSED:
    case QP_E_NOT_FOUND:
        return 1;
    case QP_E_USAGE:
        return 2;
    case QP_E_INPUT:
        return 3;
    case QP_E_STORE:
    case QP_E_IO:
    case QP_E_MEMORY:
    case QP_E_BUSY:
    case QP_E_FULL:
        return 4;
    }
    return 4;
}

static void print_failed(struct cli *cli, enum qp_code code)
{
    if (cli->failed == QP_OK) {
        cli->failed = code;
    }
}

const char *cli_safe_span(struct cli *cli, struct qp_span text)
{
    struct qp_buf *to = &cli->safe[cli->safe_next];
    cli->safe_next = (cli->safe_next + 1) % CLI_SAFE_TEXTS;
    to->len = 0;
    if (qp_escape_terminal(to, text, NULL) != QP_OK ||
        qp_buf_add(to, qp_span_of("", 1), NULL) != QP_OK) {
        print_failed(cli, QP_E_MEMORY);
        return "";
    }
    return (const char *)to->data;
}

const char *cli_safe(struct cli *cli, const char *text)
{
    return cli_safe_span(cli, qp_span_text(text));
}

void cli_json_on(struct cli *cli, FILE *stream, json_t *object)
{
    /* A terminal gets ASCII alone: \u202e and its like must not work there. */
    size_t flags = isatty(fileno(stream)) == 1 ? JSON_ENSURE_ASCII : 0;
    if (object == NULL || json_dumpf(object, stream, flags | JSON_COMPACT) != 0 ||
        fputc('\n', stream) == EOF) {
        print_failed(cli, object == NULL ? QP_E_MEMORY : QP_E_IO);
    }
    json_decref(object);
}

void cli_json(struct cli *cli, json_t *object)
{
    cli_json_on(cli, stdout, object);
}

void cli_refusal(struct cli *cli, const char *rule)
{
    const struct qp_rule_code *code = qp_rule_code_find(rule);
    for (size_t i = 0; code != NULL && i < cli->refusal_count; i++) {
        code = cli->refusals[i] == code->code ? NULL : code;
    }
    if (code != NULL && cli->refusal_count < CLI_REFUSALS) {
        cli->refusals[cli->refusal_count++] = code->code;
    }
}

static void explain_refusals(struct cli *cli)
{
    if (cli->refusal_count == 0) {
        return;
    }
    (void)fflush(stdout);
    fputs("quipu: what to do about it: quipu explain", stderr);
    for (size_t i = 0; i < cli->refusal_count; i++) {
        fprintf(stderr, " %s", cli->refusals[i]);
    }
    fputc('\n', stderr);
}

void cli_error(struct cli *cli, const struct qp_err *err)
{
    cli_progress_end(cli);
    if (err->text[0] == '\0') {
        return;
    }
    (void)fflush(stdout); /* in the order in which things happened, where both are one terminal */
    if (cli->json) {
        cli_json_on(cli, stderr,
                    json_pack("{s:s, s:s, s:s}", "error", qp_code_name(err->code), "rule",
                              err->rule, "text", err->text));
        return;
    }
    fprintf(stderr, "%squipu:%s %s", cli_style(cli, stderr, CLI_RED),
            cli_style(cli, stderr, CLI_RESET), cli_safe(cli, err->text));
    if (err->rule[0] != '\0') {
        fprintf(stderr, " [%s]", err->rule);
        cli_refusal(cli, err->rule);
    }
    fputc('\n', stderr);
}

void cli_note(struct cli *cli, const char *format, ...)
{
    cli_progress_end(cli);
    (void)fflush(stdout);
    va_list arguments;
    va_start(arguments, format);
    fputs("quipu: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

const char *cli_style(const struct cli *cli, FILE *stream, enum cli_style style)
{
    static const char *const sequences[] = {
        [CLI_RESET] = "\033[0m", [CLI_BOLD] = "\033[1m",   [CLI_DIM] = "\033[2m",
        [CLI_RED] = "\033[31m",  [CLI_GREEN] = "\033[32m", [CLI_YELLOW] = "\033[33m",
    };
    bool on = stream == stderr ? cli->color_err : cli->color_out;
    return on ? sequences[style] : "";
}

void cli_progress(struct cli *cli, const char *doing, uint64_t done, uint64_t all)
{
    char so_far[27];
    char in_all[27];
    uint64_t now_ms = qp_ticks_ms();
    if (cli->json || isatty(STDERR_FILENO) != 1 ||
        (cli->progress_shown && now_ms - cli->progress_ms < PROGRESS_EVERY_MS)) {
        return;
    }
    cli->progress_shown = true;
    cli->progress_ms = now_ms;
    fprintf(stderr, "\r\033[K%s %s", doing, cli_number(so_far, done));
    if (all != 0) {
        fprintf(stderr, " of %s", cli_number(in_all, all));
    }
    (void)fflush(stderr);
}

void cli_progress_end(struct cli *cli)
{
    if (cli->progress_shown) {
        fputs("\r\033[K", stderr);
        cli->progress_shown = false;
    }
}

const char *cli_number(char text[27], uint64_t value)
{
    char digits[21];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, value);
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            text[at++] = ',';
        }
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

enum qp_code cli_finish(struct cli *cli, struct qp_err *err)
{
    cli_progress_end(cli);
    explain_refusals(cli);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        return qp_fail(err, QP_E_IO,
                       "cannot write to stdout: is the disk full, or the pipe closed");
    }
    if (cli->failed != QP_OK) {
        return qp_fail(err, cli->failed, "part of the output is missing: %s",
                       cli->failed == QP_E_MEMORY ? "no memory, or a name that is not UTF-8"
                                                  : "it could not be written");
    }
    return QP_OK;
}
