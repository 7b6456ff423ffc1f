/* quipu verify: judge bundles offline. Files are read first; then everything is computed from the
 * bytes, the policy and the time, by functions of libquipu-verify alone. */
#include "explain_line.h"
#include "identity.h"
#include "trust_file.h"

#include "core/check.h"
#include "core/time.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/terminal.h"
#include "proof/explain.h"
#include "wire/json.h"
#include "words.h"

#include <quipu/proof.h>

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define NAME_WIDTH 20
#define RESULT_WIDTH 11
#define REASON_INDENT 4
#define OTHER_REASONS_MAX 2 /* of claims that the policy does not require */
#define EXPLAIN_MOST 40

static size_t out_width(void)
{
    size_t width = qp_terminal_width(STDOUT_FILENO);
    return width < 60 ? 60 : width;
}

/* ---- What it is about ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static uint64_t number_of(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

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
    uint64_t bags = number_of(goods, "bags");
    int at = snprintf(line, sizeof line, "%s, HS %s, %s net", text_of(goods, "commodity"),
                      text_of(goods, "hs_code"), words_mass(mass, number_of(goods, "net_grams")));
    if (bags > 0 && at > 0 && (size_t)at < sizeof line) {
        snprintf(line + at, sizeof line - (size_t)at, " in %s", words_count(number, bags, "bags"));
    }
    print_fact(cli, "goods", line);
    snprintf(line, sizeof line, "%s to %s, to %s (%s), dispatched %s",
             text_of(goods, "port_of_loading"), text_of(goods, "port_of_discharge"),
             text_of(goods, "consignee"), text_of(goods, "destination_country"),
             text_of(goods, "dispatched"));
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
    if (text_of(goods, "customs_declaration")[0] != '\0') {
        print_fact(cli, "customs", text_of(goods, "customs_declaration"));
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
    print_fact(cli, "policy", text_of(verdict, "policy"));
    print_fact(cli, "assessed by", used > 0 ? line : "nobody whom the policy trusts for that");
}

/* What the law says of the goods, by the rule set that was in force at dispatch. */
static void print_regulation(struct cli *cli, const json_t *regulation)
{
    char line[1024];
    const json_t *applications = json_object_get(regulation, "applications");
    const char *heading = text_of(regulation, "heading");
    if (!json_is_object(regulation)) {
        print_fact(cli, "regulation", "not known: no rule set was in force at dispatch");
        return;
    }
    if (!json_is_true(json_object_get(regulation, "covered"))) {
        snprintf(line, sizeof line, "does not cover these goods%s%.10s (rule set %.64s)",
                 heading[0] != '\0' ? ": HS " : "", heading, text_of(regulation, "rule_set"));
        print_fact(cli, "regulation", line);
        return;
    }
    size_t used = (size_t)snprintf(line, sizeof line, "covers HS %.10s (from %.25s)%s", heading,
                                   text_of(regulation, "effective_from"),
                                   json_array_size(applications) > 0 ? "; applies to " : "");
    for (size_t i = 0; i < json_array_size(applications) && used < sizeof line; i++) {
        const json_t *row = json_array_get(applications, i);
        used +=
            (size_t)snprintf(line + used, sizeof line - used, "%s%.50s from %.25s",
                             i == 0 ? "" : ", ", text_of(row, "operators"), text_of(row, "from"));
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
                             text_of(row, "country"), text_of(row, "level"));
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
    print_fact(cli, "shipment", text_of(verdict, "shipment"));
    if (checkpoint == NULL) {
        return;
    }
    snprintf(line, sizeof line, "%s, id %s", text_of(checkpoint, "origin"),
             text_of(verdict, "ledger_id"));
    print_fact(cli, "ledger", line);
    snprintf(line, sizeof line, "at %s, %s",
             words_count(number, number_of(checkpoint, "size"), "entries"),
             text_of(checkpoint, "time"));
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
    bool legal = strcmp(text_of(line, "name"), "legal") == 0;
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
    const char *result = text_of(line, "result");
    const json_t *reasons = json_object_get(line, "reasons");
    bool numbers = json_object_size(json_object_get(line, "numbers")) > 0 ||
                   !json_is_true(json_object_get(line, "required"));
    const char *name = cli_safe(cli, text_of(line, "name"));
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
        sum += number_of(json_object_get(claim, "numbers"), names[i]);
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
    bool passed = strcmp(text_of(verdict, "verdict"), "PASS") == 0;
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
        const char *result = text_of(line, "result");
        if (json_is_true(json_object_get(line, "required")) != passed &&
            strcmp(result, "PASS") != 0) {
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%s%s%s",
                                     used == 0 ? begin : ", ", text_of(line, "name"),
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

static enum qp_code print_verdict(struct cli *cli, const char *path, uint64_t size_bytes,
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

/* A bundle of another ledger cannot be authentic; that is then the reason to tell, in the place of
 * what failed first. Which ledger it is of is the bundle's own word. */
static enum qp_code tell_other_ledger(struct qp_span bytes, const struct qp_trust *trust,
                                      const json_t *verdict)
{
    struct identity identity;
    struct qp_arena arena;
    Qp__Bundle *bundle = NULL;
    char its[65];
    char ours[65];
    json_t *authentic = json_array_get(json_object_get(verdict, "lines"), 0);
    json_t *reasons = json_object_get(authentic, "reasons");
    if (json_object_get(verdict, "checkpoint") != NULL || qp_policy_log_count(trust->log) == 0) {
        return QP_OK;
    }
    qp_arena_init(&arena, 0);
    bool other = qp_bundle_decode(bytes, &arena, &bundle, NULL) == QP_OK &&
                 identity_of_bundle(bundle, &identity, NULL) == QP_OK &&
                 !qp_hash_eq(&identity.ledger_id, &trust->ledger_id);
    qp_arena_wipe(&arena);
    if (!other) {
        return QP_OK;
    }
    qp_hash_hex(its, &identity.ledger_id);
    qp_hash_hex(ours, &trust->ledger_id);
    (void)json_array_clear(reasons);
    json_t *reason =
        json_sprintf("this bundle is of ledger %s (id %s); the policy trusts %s (id %s)",
                     identity.origin, its, qp_policy_log(trust->log, 0)->name, ours);
    return json_array_append_new(reasons, reason) == 0 ? QP_OK : QP_E_MEMORY;
}

/* What is printed, for people and for programs, is what the library says of the verdict. */
static enum qp_code tell(struct cli *cli, const char *path, struct qp_span bytes,
                         const struct qp_trust *trust, const struct qp_verdict *verdict,
                         struct qp_err *err)
{
    uint64_t size_bytes = bytes.len;
    struct qp_buf text = {0};
    json_t *json = NULL;
    enum qp_code rc = qp_verdict_json(verdict, 0, &text, err);
    if (rc == QP_OK) {
        rc = qp_json_parse(qp_span_buf(&text), &json, err);
    }
    if (rc == QP_OK && tell_other_ledger(bytes, trust, json) != QP_OK) {
        rc = qp_fail(err, QP_E_MEMORY, "no memory for the verdict");
    }
    if (rc == QP_OK && cli->json) {
        cli_json(cli, json_incref(json));
    } else if (rc == QP_OK) {
        rc = print_verdict(cli, path, size_bytes, json, err);
    }
    json_decref(json);
    qp_buf_wipe(&text);
    return rc;
}

/* ---- The command ---- */

struct request {
    const struct qp_trust *trust;
    uint64_t now_ms;
    const char *explain; /* name of a line; NULL: none */
    size_t most;         /* events of it; 0: all */
};

/* QP_E_INVALID without a text: judged, and the answer is no. */
static enum qp_code verify_one(struct cli *cli, const char *path, const struct request *request,
                               struct qp_err *err)
{
    const struct qp_trust *trust = request->trust;
    uint64_t now_ms = request->now_ms;
    struct qp_buf bundle = {0};
    struct qp_verdict *verdict = NULL;
    enum qp_code rc = qp_file_read(path, QP_BUNDLE_BYTES_MAX, &bundle, err);
    if (rc == QP_OK) {
        rc = request->explain == NULL
                 ? qp_bundle_verify(qp_span_buf(&bundle), trust, now_ms, &verdict, err)
                 : qp_bundle_explain(qp_span_buf(&bundle), trust, now_ms, request->explain,
                                     request->most, &verdict, err);
        if (rc != QP_OK) {
            rc = bundle_failed(path, qp_span_buf(&bundle), rc, err);
        }
    }
    if (rc == QP_OK) {
        rc = tell(cli, path, qp_span_buf(&bundle), trust, verdict, err);
    }
    if (rc == QP_OK && !qp_verdict_passed(verdict)) {
        qp_err_init(err);
        rc = QP_E_INVALID;
    }
    qp_verdict_free(verdict);
    qp_buf_wipe(&bundle);
    return rc;
}

/* The worse of two outcomes: a machine that failed, then a file that is no bundle, then a no. */
static enum qp_code worse(enum qp_code a, enum qp_code b)
{
    return cli_exit(b) > cli_exit(a) ? b : a;
}

/* A line that is none is told before any file is read. */
static enum qp_code check_explain(const char *explain, uint64_t limit, struct qp_err *err)
{
    enum qp_line line = QP_LINE_COUNT;
    if (explain == NULL) {
        return limit == UINT64_MAX
                   ? QP_OK
                   : qp_fail(err, QP_E_USAGE,
                             "verify: --limit is of the events that --explain LINE shows");
    }
    enum qp_code rc = qp_line_find(explain, &line, err);
    return rc == QP_OK ? rc : qp_prefix(err, rc, "verify: --explain");
}

enum qp_code cmd_verify(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const char *policy = NULL;
    const char *now = NULL;
    const char *explain = NULL;
    uint64_t limit = UINT64_MAX;
    const struct cli_option options[] = {
        {'p', "policy", CLI_NEEDED, "FILE", &policy,
         "what the importer trusts and requires; see \"quipu policy new\""},
        {0, "now", CLI_TEXT, "TIME", &now,
         "judge as of TIME, such as 2026-11-30T12:00:00Z, in place of this machine's clock"},
        {0, "explain", CLI_TEXT, "LINE", &explain,
         "walk one line, such as unbroken, down to the events that carry it: their keys, hashes "
         "and what each gives to it; those that fail it first"},
        {0, "limit", CLI_NUMBER, "N", &limit,
         "explain by N events at most, 0 for all; 40 without it, or all with --json"},
    };
    const struct cli_spec spec = {
        .name = "verify",
        .operands = "BUNDLE...",
        .about = "Judge bundles offline by the importer's own policy, in eight lines, each PASS, "
                 "FAIL or NOT SHOWN with its numbers and reasons; what must not be in the goods "
                 "is told with its way to the shipment, and beyond the lines stand claims: "
                 "certificates, footprint, circular use. The exit status is 0 only when every line "
                 "and claim that the policy requires passes, for every bundle; 1 when the answer "
                 "is no; 3 when a file is not a bundle or not a policy.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 1,
        .operands_most = -1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_trust *trust = NULL;
    uint64_t now_ms = qp_now_ms();
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    if (now != NULL && qp_time_parse(qp_span_text(now), &now_ms, err) != QP_OK) {
        return qp_fail(err, QP_E_USAGE,
                       "verify: --now takes a time such as 2026-11-30T12:00:00Z, not \"%.60s\"",
                       now);
    }
    rc = check_explain(explain, limit, err);
    if (rc == QP_OK) {
        rc = trust_file_read(policy, &trust, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    uint64_t usual = cli->json ? 0 : EXPLAIN_MOST;
    struct request request = {.trust = trust,
                              .now_ms = now_ms,
                              .explain = explain,
                              .most = (size_t)(limit == UINT64_MAX ? usual : limit)};
    for (int i = 0; i < operands.count; i++) {
        if (i > 0 && !cli->json) {
            printf("\n");
        }
        qp_err_init(err);
        enum qp_code one = verify_one(cli, operands.list[i], &request, err);
        cli_error(cli, err); /* silent when there is nothing to say */
        rc = worse(rc, one);
    }
    qp_err_init(err);
    qp_trust_free(trust);
    return rc;
}
