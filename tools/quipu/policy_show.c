/* quipu policy show: a policy in words. */
#include "policy_show.h"

#include "confine.h"

#include "core/check.h"
#include "core/time.h"
#include "host/file.h"
#include "proof/trust.h"
#include "wire/json.h"

#include <inttypes.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)

static void print_trusted(struct cli *cli, const char *name, const struct qp_trusted_list *list,
                          const char *none)
{
    if (list->count == 0) {
        printf("%-16s%s\n", name, none);
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct qp_trusted *item = &list->items[i];
        printf("%-16s%s", i == 0 ? name : "", cli_safe(cli, item->party));
        if (item->has_key) {
            char hex[65];
            qp_hex_encode(hex, qp_span_of(item->key.bytes, sizeof item->key.bytes));
            printf(", only with key %s", hex);
        }
        for (size_t k = 0; k < item->dataset_count; k++) {
            printf("%s%s", k == 0 ? ", with " : " and ", cli_safe(cli, item->datasets[k]));
        }
        for (size_t k = 0; k < item->scheme_count; k++) {
            printf("%s%s", k == 0 ? ", for " : " and ", cli_safe(cli, item->schemes[k]));
        }
        printf("\n");
    }
}

static void print_log_keys(struct cli *cli, const struct qp_policy *log)
{
    for (size_t i = 0; i < qp_policy_log_count(log); i++) {
        char vkey[QP_VKEY_TEXT_BYTES];
        qp_vkey_format(qp_policy_log(log, i), vkey);
        printf("%-16s%s\n", i == 0 ? "log key" : "", cli_safe(cli, vkey));
    }
    for (size_t i = 0; i < qp_policy_witness_count(log); i++) {
        printf("%-16s%s\n", i == 0 ? "witnesses" : "",
               cli_safe(cli, qp_policy_witness_name(log, i)));
    }
    if (qp_policy_witness_count(log) == 0) {
        printf("%-16snone: the log's own signature is enough\n", "witnesses");
    }
}

static void print_legal(const struct qp_trust *trust)
{
    char text[300] = "";
    char level[40];
    size_t used = 0;
    qp_enum_name(level, &qp__evidence_level__descriptor, (int)trust->legal_level);
    for (int head = 1; head < 32 && used < sizeof text; head++) {
        if ((trust->legal_heads & (1U << head)) != 0) {
            char name[40];
            qp_enum_name(name, &qp__legality_head__descriptor, head);
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? ", " : "",
                                     name);
        }
    }
    if (used == 0) {
        (void)snprintf(text, sizeof text, "no heads are asked for");
    } else if (used < sizeof text) {
        (void)snprintf(text + used, sizeof text - used, "; evidence at least %s", level);
    }
    printf("%-16s", "legality");
    cli_wrap(stdout, text, 16, 16, 80);
}

static void print_required(const struct qp_trust *trust)
{
    char text[4608]; /* 8 lines and 66 claims of 62 characters */
    size_t used = 0;
    for (int line = 0; line < QP_LINE_COUNT && used < sizeof text; line++) {
        if (trust->required[line]) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used == 0 ? "" : ", ",
                                     qp_line_name((enum qp_line)line));
        }
    }
    for (size_t i = 0; i < trust->required_scheme_count && used < sizeof text; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, ", certificate:%s",
                                 trust->required_schemes[i]);
    }
    if (used < sizeof text) {
        (void)snprintf(text + used, sizeof text - used, "%s%s",
                       trust->require_footprint ? ", footprint" : "",
                       trust->require_circular ? ", circular" : "");
    }
    printf("%-16s", "required");
    cli_wrap(stdout, text, 16, 16, 80);
}

static void print_footprint(const struct qp_trust *trust)
{
    if (trust->has_footprint_max) {
        printf("%-16sat most %" PRIu64 " g CO2e per kg at the container\n", "footprint",
               trust->footprint_max_g_per_kg);
    } else {
        printf("%-16sno limit\n", "footprint");
    }
}

static void print_days(const char *name, uint64_t most_ms)
{
    if (most_ms == 0) {
        printf("%-16sno limit\n", name);
    } else {
        printf("%-16sat most %" PRIu64 " days\n", name, most_ms / DAY_MS);
    }
}

static void print_trust(struct cli *cli, const struct qp_trust *trust)
{
    char hex[65];
    char time[QP_TIME_TEXT_BYTES];
    qp_hash_hex(hex, &trust->ledger_id);
    qp_time_format(time, trust->cut_off_ms);
    printf("%-16s%s\n", "policy", cli_safe(cli, trust->name));
    printf("%-16s%s\n", "ledger id", hex);
    print_log_keys(cli, trust->log);
    print_trusted(cli, "registrars", &trust->registrars, "any that the ledger has enrolled");
    print_trusted(cli, "assessors", &trust->assessors, "none: no assessment counts");
    print_trusted(cli, "certifiers", &trust->certifiers, "none: no certificate counts");
    printf("%-16s%s\n", "cut-off", trust->cut_off_ms == 0 ? "none" : time);
    print_days("assessment lag", trust->assessment_lag_ms_max);
    print_days("checkpoint age", trust->checkpoint_age_ms_max);
    printf("%-16s", "rule sets");
    for (size_t i = 0; i < trust->rule_set_count; i++) {
        printf("%s%s", i == 0 ? "" : ", ", cli_safe(cli, trust->rule_sets[i]));
    }
    printf("%s\n", trust->rule_set_count == 0 ? "any that the ledger has published" : "");
    print_footprint(trust);
    print_required(trust);
    print_legal(trust);
}

/* The policy as its file has it, once it is known to be one. */
static enum qp_code show_json(struct cli *cli, struct qp_span text, struct qp_err *err)
{
    json_t *json = NULL;
    enum qp_code rc = qp_json_parse(text, &json, err);
    if (rc == QP_OK) {
        cli_json(cli, json);
    }
    return rc;
}

enum qp_code policy_show(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const struct cli_spec spec = {
        .name = "policy show",
        .operands = "FILE",
        .about = "Print in words what a policy trusts and requires.",
        .operands_least = 1,
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_trust *trust = NULL;
    struct qp_buf file = {0};
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = qp_file_read(operands.list[0], QP_TRUST_BYTES_MAX, &file, err);
    (void)confine_to_open_files();
    if (rc == QP_OK) {
        rc = qp_trust_new(qp_span_buf(&file), &trust, err);
        rc = rc == QP_OK ? rc : qp_prefix(err, rc, "%.150s", operands.list[0]);
    }
    if (rc == QP_OK && cli->json) {
        rc = show_json(cli, qp_span_buf(&file), err);
    } else if (rc == QP_OK) {
        print_trust(cli, trust);
    }
    qp_trust_free(trust);
    qp_buf_wipe(&file);
    return rc;
}
