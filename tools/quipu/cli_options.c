/* Options: one table gives usage line, help text and what is accepted. */
#include "target.h"

#include "core/check.h"
#include "core/time.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HELP_WIDTH 80
#define HELP_INDENT 30
#define HELP_OPTION 1000 /* getopt's values: above every letter */
#define HELP_JSON 1001
#define HELP_TABLE 1002

/* ---- The nearest word, for those who mistype ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits that make one word of the other; words longer than the row are never near. */
static size_t distance(const char *a, const char *b)
{
    size_t row[40];
    size_t width = strlen(b);
    if (width >= QP_COUNT(row) || strlen(a) >= QP_COUNT(row)) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t above = row[j];
            row[j] = least(least(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
            diagonal = above;
        }
    }
    return row[width];
}

static bool is_nearer(const char *typed, const char *word, size_t *best)
{
    size_t now = distance(typed, word);
    if (now >= *best || now > 3 || now >= strlen(word)) {
        return false;
    }
    *best = now;
    return true;
}

/* ---- Help ---- */

static bool is_needed(const struct cli_option *option)
{
    return option->kind == CLI_NEEDED;
}

static void print_usage(const struct cli_spec *spec)
{
    char line[400] = "";
    size_t at = 0;
    bool more = spec->json;
    for (size_t i = 0; i < spec->option_count; i++) {
        const struct cli_option *option = &spec->options[i];
        if (is_needed(option) && at < sizeof line) {
            at += (size_t)snprintf(line + at, sizeof line - at, "--%s %s ", option->name,
                                   option->value);
        }
        more = more || !is_needed(option);
    }
    if (at < sizeof line) {
        snprintf(line + at, sizeof line - at, "%s%s", more ? "[options] " : "", spec->operands);
    }
    size_t len = strlen(line);
    while (len > 0 && line[len - 1] == ' ') {
        line[--len] = '\0';
    }
    int begun = printf("Usage: quipu %s%s", spec->name, len > 0 ? " " : "");
    cli_wrap(stdout, line, (size_t)begun, (size_t)begun, HELP_WIDTH);
}

static void print_option(const struct cli_option *option)
{
    char head[80];
    char letter[5] = "    ";
    if (option->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    snprintf(head, sizeof head, "  %s--%s%s%s", letter, option->name,
             option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    int width = printf("%s", head);
    if (width >= HELP_INDENT) {
        printf("\n");
        width = 0;
    }
    printf("%*s", HELP_INDENT - width, "");
    cli_wrap(stdout, option->help, HELP_INDENT, HELP_INDENT, HELP_WIDTH);
}

static void print_help(const struct cli_spec *spec)
{
    static const struct cli_option json = {
        0, "json", CLI_FLAG, NULL, NULL, "print JSON, one object a line; errors too"};
    static const struct cli_option help = {'h', "help", CLI_FLAG, NULL, NULL, "print this text"};
    print_usage(spec);
    printf("\n");
    cli_wrap(stdout, spec->about, 0, 0, HELP_WIDTH);
    printf("\nOptions:\n");
    for (size_t i = 0; i < spec->option_count; i++) {
        print_option(&spec->options[i]);
    }
    if (spec->json) {
        print_option(&json);
    }
    print_option(&help);
}

/* ---- Reading ---- */

static enum qp_code fail_usage(const struct cli_spec *spec, const char *what, const char *which,
                               struct qp_err *err)
{
    return qp_fail(err, QP_E_USAGE, "%s: %.100s%s; \"quipu %s --help\" shows what there is",
                   spec->name, which, what, spec->name);
}

/* What getopt takes from the tables. */
struct parser {
    struct option longs[CLI_OPTIONS_MAX + 3];
    char letters[2 * CLI_OPTIONS_MAX + 4];
};

static void make_parser(const struct cli_spec *spec, struct parser *parser)
{
    size_t count = 0;
    size_t at = 0;
    QP_ASSERT(spec->option_count <= CLI_OPTIONS_MAX);
    parser->letters[at++] = ':'; /* tell a missing value from an unknown option */
    for (size_t i = 0; i < spec->option_count; i++) {
        const struct cli_option *option = &spec->options[i];
        int has_value = option->kind == CLI_FLAG ? no_argument : required_argument;
        parser->longs[count++] =
            (struct option){option->name, has_value, NULL, HELP_TABLE + (int)i};
        if (option->letter != 0) {
            parser->letters[at++] = option->letter;
            if (has_value == required_argument) {
                parser->letters[at++] = ':';
            }
        }
    }
    parser->longs[count++] = (struct option){"help", no_argument, NULL, HELP_OPTION};
    if (spec->json) {
        parser->longs[count++] = (struct option){"json", no_argument, NULL, HELP_JSON};
    }
    parser->longs[count] = (struct option){0};
    parser->letters[at++] = 'h';
    parser->letters[at] = '\0';
}

static const struct cli_option *option_of(const struct cli_spec *spec, int got)
{
    if (got >= HELP_TABLE) {
        return &spec->options[got - HELP_TABLE];
    }
    for (size_t i = 0; i < spec->option_count; i++) {
        if (spec->options[i].letter == got) {
            return &spec->options[i];
        }
    }
    return NULL;
}

static enum qp_code read_number(const struct cli_spec *spec, const struct cli_option *option,
                                const char *text, struct qp_err *err)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        return qp_fail(err, QP_E_USAGE, "%s: --%s takes a number, not \"%.60s\"", spec->name,
                       option->name, text);
    }
    *(uint64_t *)option->to = value;
    return QP_OK;
}

static enum qp_code take(const struct cli_spec *spec, const struct cli_option *option,
                         const char *value, struct qp_err *err)
{
    struct cli_list *list = option->to;
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)option->to = true;
        return QP_OK;
    case CLI_TEXT:
    case CLI_NEEDED:
        if (value[0] == '\0') {
            return qp_fail(err, QP_E_USAGE, "%s: the value of --%s is empty", spec->name,
                           option->name);
        }
        *(const char **)option->to = value;
        return QP_OK;
    case CLI_NUMBER:
        return read_number(spec, option, value, err);
    case CLI_LIST:
        if (list->count == CLI_LIST_MAX) {
            return qp_fail(err, QP_E_USAGE, "%s: --%s is given more than %d times", spec->name,
                           option->name, CLI_LIST_MAX);
        }
        list->items[list->count++] = value;
        return QP_OK;
    }
    return QP_OK;
}

static enum qp_code fail_unknown(const struct cli_spec *spec, const char *typed, struct qp_err *err)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    const char *word = strncmp(typed, "--", 2) == 0 ? typed + 2 : typed;
    for (size_t i = 0; i < spec->option_count; i++) {
        if (is_nearer(word, spec->options[i].name, &best)) {
            nearest = spec->options[i].name;
        }
    }
    if (nearest != NULL) {
        return qp_fail(err, QP_E_USAGE, "%s: unknown option %.60s; did you mean --%s", spec->name,
                       typed, nearest);
    }
    return qp_fail(err, QP_E_USAGE,
                   "%s: unknown option %.60s; \"quipu %s --help\" shows what there is", spec->name,
                   typed, spec->name);
}

/* Is everything there that the command cannot do without? */
static enum qp_code check_complete(const struct cli_spec *spec, int count, struct qp_err *err)
{
    for (size_t i = 0; i < spec->option_count; i++) {
        const struct cli_option *option = &spec->options[i];
        if (is_needed(option) && *(const char **)option->to == NULL) {
            return qp_fail(err, QP_E_USAGE, "%s: --%s %s is missing: %.150s", spec->name,
                           option->name, option->value, option->help);
        }
    }
    if (count < spec->operands_least) {
        return qp_fail(err, QP_E_USAGE, "usage: quipu %s %s; \"quipu %s --help\" says more",
                       spec->name, spec->operands, spec->name);
    }
    if (spec->operands_most >= 0 && count > spec->operands_most) {
        return fail_usage(spec, "", "there are more arguments than the command takes", err);
    }
    return QP_OK;
}

/* "quipu submit FILE LEDGER": what comes first is a folder, and a file was given. */
static enum qp_code check_order(const struct cli_spec *spec, const struct cli_operands *operands,
                                struct qp_err *err)
{
    struct stat info;
    if (strncmp(spec->operands, "LEDGER", 6) != 0 || operands->count == 0 ||
        stat(operands->list[0], &info) != 0 || S_ISDIR(info.st_mode)) {
        return QP_OK;
    }
    return qp_fail(err, QP_E_USAGE,
                   "usage: quipu %s %s; %.150s is a file, and LEDGER is the folder of a ledger",
                   spec->name, spec->operands, operands->list[0]);
}

enum qp_code cli_parse(struct cli *cli, const struct cli_spec *spec, int argc, char **argv,
                       struct cli_operands *operands, struct qp_err *err)
{
    struct parser parser;
    *operands = (struct cli_operands){0};
    make_parser(spec, &parser);
    opterr = 0;
    optind = 0; /* glibc and musl: begin anew */
    for (;;) {
        int got = getopt_long(argc, argv, parser.letters, parser.longs, NULL);
        if (got == -1) {
            break;
        }
        if (got == HELP_OPTION || got == 'h') {
            print_help(spec);
            operands->help = true;
            return QP_OK;
        }
        if (got == HELP_JSON) {
            cli->json = true;
            continue;
        }
        if (got == ':') {
            return fail_usage(spec, " needs a value", argv[optind - 1], err);
        }
        const struct cli_option *option = got == '?' ? NULL : option_of(spec, got);
        if (option == NULL && optopt >= HELP_OPTION) {
            return fail_usage(spec, " takes no value", argv[optind - 1], err);
        }
        if (option == NULL) {
            /* getopt gives the letter of a short option, and 0 for a long one. */
            char letter[3] = {'-', (char)optopt, '\0'};
            const char *typed = optopt == 0 || optind >= argc ? argv[optind - 1] : argv[optind];
            return fail_unknown(spec, optopt > ' ' && optopt < 0x7f ? letter : typed, err);
        }
        enum qp_code rc = take(spec, option, optarg, err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    operands->count = argc - optind;
    operands->list = argv + optind;
    enum qp_code rc = check_complete(spec, operands->count, err);
    if (rc == QP_OK) {
        rc = check_order(spec, operands, err);
    }
    return rc == QP_OK ? target_check(spec, operands, err) : rc;
}

enum qp_code cli_time(const char *option, const char *text, uint64_t *time_ms, struct qp_err *err)
{
    struct qp_err why;
    qp_err_init(&why);
    return qp_time_parse(qp_span_text(text), time_ms, &why) == QP_OK
               ? QP_OK
               : qp_fail(err, QP_E_USAGE, "--%s: %s", option, why.text);
}

/* ---- Tables of commands ---- */

static void print_commands(const char *name, const char *about, const struct cli_command *commands,
                           size_t count)
{
    size_t widest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t width = commands[i].run != NULL ? strlen(commands[i].name) : 0;
        widest = width > widest ? width : widest;
    }
    printf("Usage: %s COMMAND [options] [arguments]\n\n", name);
    cli_wrap(stdout, about, 0, 0, HELP_WIDTH);
    if (commands[0].run != NULL) {
        printf("\nCommands:\n");
    }
    for (size_t i = 0; i < count; i++) {
        if (commands[i].run == NULL) {
            printf("\n%s:\n", commands[i].help);
            continue;
        }
        printf("  %-*s  ", (int)widest, commands[i].name);
        cli_wrap(stdout, commands[i].help, widest + 4, widest + 4, HELP_WIDTH);
    }
    printf("\n\"%s COMMAND --help\" says more about a command.\n", name);
}

static const struct cli_command *find_command(const struct cli_command *commands, size_t count,
                                              const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (commands[i].run != NULL && strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static enum qp_code fail_command(const char *name, const struct cli_command *commands, size_t count,
                                 const char *typed, struct qp_err *err)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        if (commands[i].run != NULL && is_nearer(typed, commands[i].name, &best)) {
            nearest = commands[i].name;
        }
    }
    if (nearest == NULL) {
        return qp_fail(err, QP_E_USAGE,
                       "there is no command \"%s %.60s\"; \"%s --help\" lists them", name, typed,
                       name);
    }
    return qp_fail(err, QP_E_USAGE, "there is no command \"%s %.60s\"; did you mean \"%s %s\"",
                   name, typed, name, nearest);
}

/* `quipu help key new` is `quipu key new --help`. argv[at] names the command. */
static enum qp_code help_on(struct cli *cli, const struct cli_command *command, int argc,
                            char **argv, int at, struct qp_err *err)
{
    static char help[] = "--help";
    char *list[4] = {argv[at], help, NULL, NULL};
    if (at + 1 < argc) {
        list[1] = argv[at + 1];
        list[2] = help;
    }
    return command->run(cli, at + 1 < argc ? 3 : 2, list, err);
}

enum qp_code cli_dispatch(struct cli *cli, const char *name, const char *about,
                          const struct cli_command *commands, size_t count, int argc, char **argv,
                          struct qp_err *err)
{
    if (argc < 2) {
        return qp_fail(err, QP_E_USAGE, "say what to do: \"%s --help\" lists the commands", name);
    }
    const char *word = argv[1];
    bool help = strcmp(word, "help") == 0;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || (help && argc == 2)) {
        print_commands(name, about, commands, count);
        return QP_OK;
    }
    int at = help ? 2 : 1;
    const struct cli_command *command = find_command(commands, count, argv[at]);
    if (command == NULL) {
        return fail_command(name, commands, count, argv[at], err);
    }
    return help ? help_on(cli, command, argc, argv, at, err)
                : command->run(cli, argc - 1, argv + 1, err);
}
