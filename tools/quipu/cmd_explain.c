/* quipu explain: what a refusal means, and what to do about it. */
#include "advice.h"
#include "cli.h"

#include "core/check.h"
#include "proof/trust.h"
#include "rules/rules.h"

#include <string.h>

#define INDENT 10 /* of the texts behind their titles */
#define WIDTH 80

static const struct cli_column columns[] = {
    {.title = "CODE"}, {.title = "LINE"}, {.title = "REFUSED BECAUSE", .wrap = true}};

/* Codes without advice are found by a test; here they have no texts. */
static const struct advice *advice_of(const struct qp_rule_code *code)
{
    static const struct advice none = {"", "", "", "", ""};
    const struct advice *found = advice_find(code->code);
    return found == NULL ? &none : found;
}

static void print_json(struct cli *cli, const struct qp_rule_code *code)
{
    const struct advice *advice = advice_of(code);
    cli_json(cli,
             json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "code", code->code, "line",
                       qp_line_name(code->line), "meaning", code->meaning, "why", advice->why,
                       "source", advice->source, "next", advice->next, "sample", advice->sample));
}

static void print_text(const char *title, const char *text)
{
    printf("%-*s", INDENT, title);
    cli_wrap(stdout, text, INDENT, INDENT, WIDTH);
}

static void print_page(struct cli *cli, const struct qp_rule_code *code)
{
    const struct advice *advice = advice_of(code);
    char sample[160];
    printf("%s%s%s\n", cli_style(cli, stdout, CLI_BOLD), code->code,
           cli_style(cli, stdout, CLI_RESET));
    (void)snprintf(sample, sizeof sample, "tools/sample/bad/try DIR %s", advice->sample);
    print_text("refused", code->meaning);
    print_text("line", qp_line_name(code->line));
    print_text("why", advice->why);
    print_text("source", advice->source);
    print_text("next", advice->next);
    print_text("shown by", sample);
}

static void list_codes(struct cli *cli)
{
    struct cli_table table = {.columns = columns, .column_count = QP_COUNT(columns)};
    for (const struct qp_rule_code *at = qp_rule_codes; at->code != NULL; at++) {
        cli_cell(cli, &table, at->code);
        cli_cell(cli, &table, qp_line_name(at->line));
        cli_cell(cli, &table, at->meaning);
    }
    cli_table_print(cli, &table, stdout);
}

static enum qp_code find_codes(struct cli *cli, const struct cli_operands *operands,
                               struct qp_err *err)
{
    for (int i = 0; i < operands->count; i++) {
        if (qp_rule_code_find(operands->list[i]) == NULL) {
            return qp_fail(err, QP_E_NOT_FOUND,
                           "no code \"%.60s\"; \"quipu explain\" lists those that there are",
                           cli_safe(cli, operands->list[i]));
        }
    }
    return QP_OK;
}

enum qp_code cmd_explain(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const struct cli_spec spec = {
        .name = "explain",
        .operands = "[CODE...]",
        .about = "List the codes that a refusal can carry. With CODE, such as QP-HARVEST-CAP: what "
                 "was refused, which line of the verdict it speaks to, why the rule is there, and "
                 "what to do next.",
        .operands_least = 0,
        .operands_most = -1,
        .json = true,
    };
    struct cli_operands operands;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = find_codes(cli, &operands, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (operands.count == 0 && !cli->json) {
        list_codes(cli);
        return QP_OK;
    }
    for (const struct qp_rule_code *at = qp_rule_codes; operands.count == 0 && at->code != NULL;
         at++) {
        print_json(cli, at);
    }
    for (int i = 0; i < operands.count; i++) {
        const struct qp_rule_code *code = qp_rule_code_find(operands.list[i]);
        if (cli->json) {
            print_json(cli, code);
        } else {
            printf("%s", i > 0 ? "\n" : "");
            print_page(cli, code);
        }
    }
    return QP_OK;
}
