#include "verdict_text.h"

#include "explain_line.h"

#include "core/check.h"
#include "host/terminal.h"
#include "words.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define NAME_WIDTH 20
#define RESULT_WIDTH 11
#define REASON_INDENT 4
#define OTHER_REASONS_MAX 2 /* of claims that the policy does not require */

const char *verdict_text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

uint64_t verdict_number_of(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static size_t out_width(void)
{
    size_t width = qp_terminal_width(STDOUT_FILENO);
    return width < 60 ? 60 : width;
}

/* ---- What it is about ---- */

/* "name        words", wrapped; safe. */
static void print_fact(struct cli *cli, const char *name, const char *words)
{
    printf("%-12s", name);
    cli_wrap(stdout, cli_safe(cli, words), 12, 12, out_width());
}

static void print_goods(struct cli *cli, const json_t *goods)
{
    char line[1024];
    char mass[WORDS_BYTES];
    char number[WORDS_BYTES];
    if (!json_is_object(goods)) {
        return;
    }
    uint64_t bags = verdict_number_of(goods, "bags");
    int at = snprintf(line, sizeof line, "%s, HS %s, %s net", verdict_text_of(goods, "commodity"),
                      verdict_text_of(goods, "hs_code"),
                      words_mass(mass, verdict_number_of(goods, "net_grams")));
    if (bags > 0 && at > 0 && (size_t)at < sizeof line) {
        snprintf(line + at, sizeof line - (size_t)at, " in %s", words_count(number, bags, "bags"));
    }
    print_fact(cli, "goods", line);
    snprintf(line, sizeof line, "%s to %s, to %s (%s), dispatched %s",
             verdict_text_of(goods, "port_of_loading"), verdict_text_of(goods, "port_of_discharge"),
             verdict_text_of(goods, "consignee"), verdict_text_of(goods, "destination_country"),
             verdict_text_of(goods, "dispatched"));
    print_fact(cli, "route", line);
    const json_t *containers = json_object_get(goods, "containers");
    size_t count = json_array_size(containers);
    size_t used = 0;
    for (size_t i = 0; i < count && used + 16 < sizeof line; i++) {
        const char *container = json_string_value(json_array_get(containers, i));
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%.11s", i == 0 ? "" : ", ",
                                 container != NULL ? container : "");
    }
    print_fact(cli, count == 1 ? "container" : "containers", line);
    if (verdict_text_of(goods, "customs_declaration")[0] != '\0') {
        print_fact(cli, "customs", verdict_text_of(goods, "customs_declaration"));
    }
}

/* By which policy, and who was believed on forests. */
static void print_trust(struct cli *cli, const json_t *verdict)
{
    char line[1024] = "";
    size_t used = 0;
    const json_t *parties = json_object_get(verdict, "assessed_by");
    for (size_t i = 0; i < json_array_size(parties) && used < sizeof line; i++) {
        const char *party = json_string_value(json_array_get(parties, i));
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%.31s", i == 0 ? "" : ", ",
                                 party != NULL ? party : "");
    }
    print_fact(cli, "policy", verdict_text_of(verdict, "policy"));
    print_fact(cli, "assessed by", used > 0 ? line : "nobody whom the policy trusts for that");
}

/* What the law says of the goods, by the rule set that was in force at dispatch. */
static void print_regulation(struct cli *cli, const json_t *regulation)
{
    char line[1024];
    const json_t *applications = json_object_get(regulation, "applications");
    const char *heading = verdict_text_of(regulation, "heading");
    if (!json_is_object(regulation)) {
        print_fact(cli, "regulation", "not known: no rule set was in force at dispatch");
        return;
    }
    if (!json_is_true(json_object_get(regulation, "covered"))) {
        snprintf(line, sizeof line, "does not cover these goods%s%.10s (rule set %.64s)",
                 heading[0] != '\0' ? ": HS " : "", heading,
                 verdict_text_of(regulation, "rule_set"));
        print_fact(cli, "regulation", line);
        return;
    }
    size_t used = (size_t)snprintf(line, sizeof line, "covers HS %.10s (from %.25s)%s", heading,
                                   verdict_text_of(regulation, "effective_from"),
                                   json_array_size(applications) > 0 ? "; applies to " : "");
    for (size_t i = 0; i < json_array_size(applications) && used < sizeof line; i++) {
        const json_t *row = json_array_get(applications, i);
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%.50s from %.25s",
                                 i == 0 ? "" : ", ", verdict_text_of(row, "operators"),
                                 verdict_text_of(row, "from"));
    }
    print_fact(cli, "regulation", line);
}

static void print_risk(struct cli *cli, const json_t *risks)
{
    char line[1024] = "";
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(risks) && used < sizeof line; i++) {
        const json_t *row = json_array_get(risks, i);
        used +=
            (size_t)snprintf(line + used, sizeof line - used, "%s%.2s %.20s", i == 0 ? "" : ", ",
                             verdict_text_of(row, "country"), verdict_text_of(row, "level"));
    }
    if (used > 0) {
        print_fact(cli, "risk", line);
    }
}

static void print_facts(struct cli *cli, const char *path, uint64_t size_bytes,
                        const json_t *verdict)
{
    char line[1024];
    char size[WORDS_BYTES];
    char number[WORDS_BYTES];
    const json_t *checkpoint = json_object_get(verdict, "checkpoint");
    snprintf(line, sizeof line, "%.900s, %s", path, words_size(size, size_bytes));
    print_fact(cli, "bundle", line);
    print_fact(cli, "shipment", verdict_text_of(verdict, "shipment"));
    if (checkpoint == NULL) {
        return;
    }
    snprintf(line, sizeof line, "%s, id %s", verdict_text_of(checkpoint, "origin"),
             verdict_text_of(verdict, "ledger_id"));
    print_fact(cli, "ledger", line);
    snprintf(line, sizeof line, "at %s, %s",
             words_count(number, verdict_number_of(checkpoint, "size"), "entries"),
             verdict_text_of(checkpoint, "time"));
    print_fact(cli, "checkpoint", line);
    print_goods(cli, json_object_get(verdict, "goods"));
    if (json_object_get(verdict, "goods") != NULL) {
        print_regulation(cli, json_object_get(verdict, "regulation"));
        print_risk(cli, json_object_get(verdict, "country_risk"));
    }
    print_trust(cli, verdict);
}

/* ---- The lines ---- */

static const char *level_name(uint64_t level)
{
    static const char *const names[] = {"none", "declared", "documented", "verified"};
    return names[level < QP_COUNT(names) ? level : 0];
}

/* One number of a line as people say it. */
static void write_number(char text[WORDS_BYTES], const char *name, uint64_t value)
{
    char unit[WORDS_BYTES];
    char words[41];
    snprintf(words, sizeof words, "%.40s", name);
    for (char *at = words; *at != '\0'; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
    size_t len = strlen(words);
    if (strcmp(words, "co2e grams") == 0) {
        snprintf(text, WORDS_BYTES, "%.30s CO2e", words_mass(unit, value));
    } else if (len > 6 && strcmp(words + len - 6, " grams") == 0) {
        words_mass(unit, value);
        snprintf(text, WORDS_BYTES, "%.30s %.*s", unit, (int)(len - 6), words);
    } else if (len > 3 && strcmp(words + len - 3, " m2") == 0) {
        words_area(text, value);
    } else if (len > 4 && strcmp(words + len - 4, " ppm") == 0) {
        snprintf(text, WORDS_BYTES, "%" PRIu64 ".%" PRIu64 " %% %.*s", value / 10000,
                 value / 1000 % 10, (int)(len - 4), words);
    } else if (strcmp(words, "plots over warn") == 0) {
        words_count(text, value, "plots over the usual yield");
    } else if (strcmp(words, "g per kg") == 0) {
        words_count(text, value, "g CO2e per kg");
    } else if (strcmp(words, "evidence") == 0) {
        snprintf(text, WORDS_BYTES, "evidence %s", level_name(value));
    } else if (strcmp(words, "age days") == 0) {
        words_count(text, value, "days old");
    } else if (strcmp(words, "log size") == 0) {
        words_count(text, value, "entries in the log");
    } else {
        words_count(text, value, words);
    }
}

/* The levels of evidence that are shown, by head. */
static void write_level(char text[WORDS_BYTES], const char *name, uint64_t value)
{
    size_t len = strlen(name);
    if (len > 6 && strcmp(name + len - 6, "_plots") == 0) { /* behind the level of its head */
        snprintf(text, WORDS_BYTES, "%.*s of %" PRIu64 " plot%s", (int)(len - 6), name, value,
                 value == 1 ? "" : "s");
    } else {
        snprintf(text, WORDS_BYTES, "%.30s %s", name, level_name(value));
    }
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
}

/* Numbers never break in the middle, only between each other. */
static void print_item(const char *item, const char *between, size_t *at)
{
    size_t len = strlen(between) + strlen(item);
    if (*at > NAME_WIDTH + RESULT_WIDTH && *at + len + 1 > out_width()) {
        printf("%s\n%*s", between[0] == ',' ? "," : "", NAME_WIDTH + RESULT_WIDTH, "");
        *at = NAME_WIDTH + RESULT_WIDTH;
        between = "";
        len = strlen(item);
    }
    printf("%s%s", between, item);
    *at += len;
}

/* Is there anything to say of this number? There are as many signatures as entries, always. */
static bool is_told(const char *name, uint64_t value, bool legal)
{
    return legal || strcmp(name, "plots_over_warn") == 0 ? value > 0
                                                         : strcmp(name, "signatures") != 0;
}

static void print_numbers(const json_t *line)
{
    bool legal = strcmp(verdict_text_of(line, "name"), "legal") == 0;
    json_t *numbers = json_object_get(line, "numbers");
    const char *between = "";
    const char *name = NULL;
    json_t *value = NULL;
    size_t at = NAME_WIDTH + RESULT_WIDTH;
    json_object_foreach(numbers, name, value)
    {
        char text[WORDS_BYTES];
        uint64_t number = (uint64_t)json_integer_value(value);
        if (!is_told(name, number, legal)) {
            continue;
        }
        if (legal) {
            write_level(text, name, number);
        } else {
            write_number(text, name, number);
        }
        print_item(text, between, &at);
        between = ", ";
    }
    if (!json_is_true(json_object_get(line, "required"))) {
        print_item("(not required)", between[0] != '\0' ? " " : "", &at);
    }
    printf("\n");
}

static enum cli_style style_of(const char *result)
{
    return strcmp(result, "PASS") == 0   ? CLI_GREEN
           : strcmp(result, "FAIL") == 0 ? CLI_RED
                                         : CLI_YELLOW;
}

/* With its first reasons, `most` of them. */
static void print_line(struct cli *cli, const json_t *line, size_t most)
{
    const char *result = verdict_text_of(line, "result");
    const json_t *reasons = json_object_get(line, "reasons");
    bool numbers = json_object_size(json_object_get(line, "numbers")) > 0 ||
                   !json_is_true(json_object_get(line, "required"));
    const char *name = cli_safe(cli, verdict_text_of(line, "name"));
    if (strlen(name) >= NAME_WIDTH) { /* of a certificate's scheme: on a row of its own */
        printf("%s\n", name);
        name = "";
    }
    printf("%-*s%s%-*s%s", NAME_WIDTH, name, cli_style(cli, stdout, style_of(result)),
           numbers ? RESULT_WIDTH : 0, result, cli_style(cli, stdout, CLI_RESET));
    print_numbers(line);
    size_t count = json_array_size(reasons);
    for (size_t i = 0; i < count && i < most; i++) {
        const char *reason = json_string_value(json_array_get(reasons, i));
        printf("%*s", REASON_INDENT, "");
        cli_wrap(stdout, cli_safe(cli, reason != NULL ? reason : ""), REASON_INDENT,
                 REASON_INDENT + 2, out_width());
    }
    if (count > most) {
        printf("%*s%zu more: with --json\n", REASON_INDENT, "", count - most);
    }
}

/* Is there anything behind a claim that nobody asked for? */
static bool is_shown(const json_t *claim)
{
    static const char *const names[] = {"events", "records", "by_product_grams", "waste_grams"};
    uint64_t sum = 0;
    for (size_t i = 0; i < QP_COUNT(names); i++) {
        sum += verdict_number_of(json_object_get(claim, "numbers"), names[i]);
    }
    return sum > 0;
}

/* What stands beyond the lines; what was not asked for is told in short. */
static void print_claims(struct cli *cli, const json_t *claims)
{
    bool first = true;
    for (size_t i = 0; i < json_array_size(claims); i++) {
        const json_t *claim = json_array_get(claims, i);
        bool required = json_is_true(json_object_get(claim, "required"));
        if (required || is_shown(claim)) {
            printf("%s", first ? "\n" : "");
            print_line(cli, claim, required ? SIZE_MAX : OTHER_REASONS_MAX);
            first = false;
        }
    }
}

/* Why it failed; or, so that nobody reads PASS as more than it is, what was not asked for. */
static void print_outcome(struct cli *cli, const json_t *verdict)
{
    bool passed = strcmp(verdict_text_of(verdict, "verdict"), "PASS") == 0;
    const char *begin = passed ? " (not asked for by this policy: " : " (required: ";
    const json_t *lines = json_object_get(verdict, "lines");
    char missing[4608]; /* 8 lines and 66 claims of 62 characters */
    size_t used = 0;
    printf("\n%s%sVERDICT: %s%s", cli_style(cli, stdout, CLI_BOLD),
           cli_style(cli, stdout, passed ? CLI_GREEN : CLI_RED), passed ? "PASS" : "FAIL",
           cli_style(cli, stdout, CLI_RESET));
    const json_t *claims = passed ? NULL : json_object_get(verdict, "claims");
    size_t line_count = json_array_size(lines);
    for (size_t i = 0; i < line_count + json_array_size(claims) && used < sizeof missing; i++) {
        const json_t *line =
            i < line_count ? json_array_get(lines, i) : json_array_get(claims, i - line_count);
        const char *result = verdict_text_of(line, "result");
        if (json_is_true(json_object_get(line, "required")) != passed &&
            strcmp(result, "PASS") != 0) {
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%s%s%s",
                                     used == 0 ? begin : ", ", verdict_text_of(line, "name"),
                                     passed ? " " : "", passed ? result : "");
        }
    }
    if (used > 0 && used + 2 < sizeof missing) {
        missing[used] = ')';
        missing[used + 1] = '\0';
        cli_wrap(stdout, missing, 13, 14, out_width());
    } else {
        printf("\n");
    }
}

enum qp_code verdict_print(struct cli *cli, const char *path, uint64_t size_bytes,
                           const json_t *verdict, struct qp_err *err)
{
    const json_t *lines = json_object_get(verdict, "lines");
    print_facts(cli, path, size_bytes, verdict);
    printf("\n");
    bool authentic = json_object_get(verdict, "checkpoint") != NULL;
    for (size_t i = 0; i < (authentic ? json_array_size(lines) : 1); i++) {
        print_line(cli, json_array_get(lines, i), SIZE_MAX);
    }
    if (!authentic) { /* then the other seven have all the same to say */
        printf("%-*s%sNOT SHOWN%s  not judged\n", NAME_WIDTH, "all others",
               cli_style(cli, stdout, CLI_YELLOW), cli_style(cli, stdout, CLI_RESET));
    }
    enum qp_code rc = explain_contamination(cli, verdict, out_width(), err);
    if (rc == QP_OK && authentic) {
        print_claims(cli, json_object_get(verdict, "claims"));
    }
    if (rc == QP_OK) {
        rc = explain_print(cli, verdict, out_width(), err);
    }
    print_outcome(cli, verdict);
    return rc;
}
