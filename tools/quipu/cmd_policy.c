/* quipu policy: what an importer trusts and requires, as a file. */
#include "identity.h"
#include "trust_file.h"

#include "core/check.h"
#include "core/time.h"
#include "host/file.h"
#include "proof/trust.h"
#include "wire/json.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define LEDGER_JSON_BYTES_MAX 65536
#define AGE_DAYS_DEFAULT 90
#define LAG_DAYS_DEFAULT 730 /* yearly maps come out months after their year */
#define DAY_MS UINT64_C(86400000)

/* ---- Writing ---- */

struct request {
    const char *ledger;
    const char *bundle;
    const char *out;
    const char *name;
    bool eudr; /* else provenance */
    uint64_t age_days;
    struct cli_list assessors;
    struct cli_list registrars;
    const Qp__Bundle *shown; /* of --bundle */
    struct reader *reader;   /* of --ledger with a folder */
    struct identity identity;
};

static json_t *texts(const char *const *items, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < count; i++) {
        if (json_array_append_new(list, json_string(items[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *make_policy(const struct request *request)
{
    const struct identity *identity = &request->identity;
    static const char *const require[] = {"authentic", "authorised", "unbroken",
                                          "conserved", "located",    "deforestation-free",
                                          "current"};
    char id[65];
    qp_hash_hex(id, &identity->ledger_id);
    json_t *policy = json_pack(
        "{s:s, s:s, s:s, s:[o, s], s:o}", "policy", "quipu/policy/v1", "name", request->name,
        "ledger_id", id, "log", json_sprintf("log %s", identity->log_key), "quorum none",
        "assessors", texts(request->assessors.items, request->assessors.count));
    if (policy == NULL) {
        return NULL;
    }
    bool ok = json_object_set_new(policy, "cut_off", json_string("2020-12-31T23:59:59.999Z")) == 0;
    if (request->registrars.count > 0) { /* without: any that the ledger has */
        ok = ok &&
             json_object_set_new(policy, "registrars",
                                 texts(request->registrars.items, request->registrars.count)) == 0;
    }
    if (request->eudr) {
        ok = ok && json_object_set_new(policy, "assessment_lag_days_max",
                                       json_integer(LAG_DAYS_DEFAULT)) == 0;
    }
    if (request->age_days > 0) {
        ok = ok && json_object_set_new(policy, "checkpoint_age_days_max",
                                       json_integer((json_int_t)request->age_days)) == 0;
    }
    ok = ok && json_object_set_new(policy, "require",
                                   texts(require, request->eudr ? QP_COUNT(require) : 4)) == 0;
    ok = ok && json_object_set_new(policy, "legal",
                                   json_pack("{s:[], s:s}", "heads", "level", "documented")) == 0;
    if (!ok) {
        json_decref(policy);
        return NULL;
    }
    return policy;
}

/* The bundle vouches for itself here, which is worth nothing. */
static void warn_of_bundle(struct cli *cli, const struct identity *identity)
{
    char id[65];
    qp_hash_hex(id, &identity->ledger_id);
    cli_note(cli, "the ledger id and the log key of this policy come from the bundle itself: "
                  "whoever made the bundle chose them.");
    cli_note(cli, "before you rely on it, compare both with what the operator of the ledger "
                  "publishes:");
    cli_note(cli, "  ledger id  %s", id);
    cli_note(cli, "  log key    %s", cli_safe(cli, identity->log_key));
}

/* Whoever is named but may not do what the policy trusts him for: then nothing ever passes. */
static enum qp_code warn_of_parties(struct cli *cli, const struct request *request,
                                    const struct cli_list *list, Qp__Role role, struct qp_err *err)
{
    const char *where = request->shown != NULL ? "in what the bundle shows" : "in the ledger";
    const char *what = role == QP__ROLE__ROLE_ASSESSOR ? "assessor" : "registrar";
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < list->count; i++) {
        const char *party = list->items[i];
        uint32_t roles = 0;
        rc = request->shown != NULL ? identity_roles_in_bundle(request->shown, party, &roles, err)
                                    : identity_roles(request->reader, party, &roles, err);
        if (rc == QP_OK && roles == 0) {
            cli_note(cli, "--%s %s: no such party is enrolled %s", what, cli_safe(cli, party),
                     where);
        } else if (rc == QP_OK && (roles & UINT32_C(1) << (int)role) == 0) {
            cli_note(cli, "--%s %s: the party has not the role of %s %s", what,
                     cli_safe(cli, party), what, where);
        }
    }
    return rc;
}

static enum qp_code warn_of_all(struct cli *cli, const struct request *request, struct qp_err *err)
{
    if (request->shown == NULL && request->reader == NULL) {
        return QP_OK; /* a ledger.json names no parties */
    }
    enum qp_code rc =
        warn_of_parties(cli, request, &request->assessors, QP__ROLE__ROLE_ASSESSOR, err);
    return rc == QP_OK
               ? warn_of_parties(cli, request, &request->registrars, QP__ROLE__ROLE_REGISTRAR, err)
               : rc;
}

static void warn_of_no_assessor(struct cli *cli, const struct request *request)
{
    if (request->eudr && request->assessors.count == 0) {
        cli_note(cli, "no --assessor is named, and deforestation-free is required: nothing passes "
                      "until the policy names one");
    }
}

/* With --json the policy stands on one line, or what was written is told. */
static enum qp_code hand_out(struct cli *cli, const struct request *request, json_t *policy,
                             struct qp_span text, struct qp_err *err)
{
    if (cli->json && cli_is_stdout(request->out)) {
        cli_json(cli, json_incref(policy));
        return QP_OK;
    }
    enum qp_code rc = cli_output(cli, request->out, text, false, err);
    if (rc == QP_OK && cli->json) {
        cli_json(cli, json_pack("{s:s, s:s, s:O, s:s}", "file", request->out, "name", request->name,
                                "ledger_id", json_object_get(policy, "ledger_id"), "log_key",
                                request->identity.log_key));
    }
    return rc;
}

static enum qp_code write_policy(struct cli *cli, const struct request *request, struct qp_err *err)
{
    struct qp_buf text = {0};
    struct qp_trust *trust = NULL;
    json_t *policy = make_policy(request);
    enum qp_code rc = policy != NULL ? qp_json_print(policy, 2, &text, err)
                                     : qp_fail(err, QP_E_MEMORY, "no memory for the policy");
    if (rc == QP_OK) {
        rc = qp_buf_add_text(&text, "\n", err);
    }
    if (rc == QP_OK) { /* what is written is what verify will read */
        rc = qp_trust_new(qp_span_buf(&text), &trust, err);
    }
    if (rc == QP_OK) {
        rc = hand_out(cli, request, policy, qp_span_buf(&text), err);
    }
    qp_trust_free(trust);
    json_decref(policy);
    qp_buf_wipe(&text);
    if (rc == QP_OK && request->shown != NULL) {
        warn_of_bundle(cli, &request->identity);
    }
    if (rc == QP_OK) {
        warn_of_no_assessor(cli, request);
        rc = warn_of_all(cli, request, err);
    }
    return rc;
}

/* ---- For which ledger ---- */

static enum qp_code for_folder(struct cli *cli, struct request *request, struct qp_err *err)
{
    struct reader reader;
    enum qp_code rc = reader_open(&reader, request->ledger, err);
    if (rc != QP_OK) {
        return rc;
    }
    request->reader = &reader;
    rc = identity_of_log(&reader, &request->identity, err);
    if (rc == QP_OK) {
        rc = write_policy(cli, request, err);
    }
    request->reader = NULL;
    reader_close(&reader);
    return rc;
}

static enum qp_code for_json(struct cli *cli, struct request *request, struct qp_err *err)
{
    struct qp_buf file = {0};
    enum qp_code rc = qp_file_read(request->ledger, LEDGER_JSON_BYTES_MAX, &file, err);
    if (rc == QP_OK) {
        rc = identity_of_json(qp_span_buf(&file), &request->identity, err);
        rc = rc == QP_OK ? rc : qp_prefix(err, rc, "%.150s", request->ledger);
    }
    qp_buf_wipe(&file);
    return rc == QP_OK ? write_policy(cli, request, err) : rc;
}

static enum qp_code for_bundle(struct cli *cli, struct request *request, struct qp_err *err)
{
    struct qp_buf file = {0};
    struct qp_arena arena;
    Qp__Bundle *bundle = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_file_read(request->bundle, QP_BUNDLE_BYTES_MAX, &file, err);
    if (rc == QP_OK) {
        rc = qp_bundle_decode(qp_span_buf(&file), &arena, &bundle, err);
        rc = rc == QP_OK ? identity_of_bundle(bundle, &request->identity, err) : rc;
        rc = rc == QP_OK ? rc : bundle_failed(request->bundle, qp_span_buf(&file), rc, err);
    }
    if (rc == QP_OK) {
        request->shown = bundle;
        rc = write_policy(cli, request, err);
        request->shown = NULL;
    }
    qp_arena_wipe(&arena);
    qp_buf_wipe(&file);
    return rc;
}

static enum qp_code check_parties(const struct cli_list *list, const char *option,
                                  struct qp_err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t len = strlen(list->items[i]);
        if (len < 2 || len > 31 || !qp_class_check(QP_CLASS_PARTY, qp_span_text(list->items[i]))) {
            return qp_fail(err, QP_E_USAGE, "policy new: --%s: \"%.60s\" is not a party", option,
                           list->items[i]);
        }
    }
    return QP_OK;
}

static enum qp_code check_request(struct request *request, const char *preset, struct qp_err *err)
{
    if ((request->ledger == NULL) == (request->bundle == NULL)) {
        return qp_fail(err, QP_E_USAGE, "policy new: give --ledger DIR|FILE or --bundle FILE");
    }
    request->eudr = strcmp(preset, "eudr-2026") == 0;
    if (!request->eudr && strcmp(preset, "provenance") != 0) {
        return qp_fail(err, QP_E_USAGE,
                       "policy new: there is no preset \"%.40s\"; there are eudr-2026 and "
                       "provenance",
                       preset);
    }
    if (request->age_days == UINT64_MAX) {
        request->age_days = request->eudr ? AGE_DAYS_DEFAULT : 0;
    } else if (request->age_days < 1 || request->age_days > 36500) {
        return qp_fail(err, QP_E_USAGE, "policy new: --max-age takes 1 to 36500 days");
    }
    if (request->name == NULL) {
        request->name = preset;
    }
    enum qp_code rc = check_parties(&request->assessors, "assessor", err);
    return rc == QP_OK ? check_parties(&request->registrars, "registrar", err) : rc;
}

static enum qp_code policy_new(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    struct request request = {.age_days = UINT64_MAX};
    struct stat info;
    const char *preset = "eudr-2026";
    const struct cli_option options[] = {
        {0, "ledger", CLI_TEXT, "DIR|FILE", &request.ledger,
         "for the bundles of this ledger: its folder, or the ledger.json that its operator "
         "publishes"},
        {0, "bundle", CLI_TEXT, "FILE", &request.bundle,
         "for the ledger that this bundle says it is of; compare its id and key with what the "
         "operator publishes"},
        {'o', "output", CLI_TEXT, "FILE", &request.out, "write it to FILE; else to stdout"},
        {0, "preset", CLI_TEXT, "NAME", &preset,
         "which lines are required: eudr-2026 (all but legal; a checkpoint of 90 days at most), "
         "or provenance (authentic, authorised, unbroken, conserved)"},
        {0, "assessor", CLI_LIST, "PARTY", &request.assessors,
         "whose assessments of deforestation count; may be given again"},
        {0, "registrar", CLI_LIST, "PARTY", &request.registrars,
         "whose enrolments count; may be given again; none: any registrar of the ledger"},
        {0, "max-age", CLI_NUMBER, "DAYS", &request.age_days, "oldest checkpoint that is current"},
        {0, "name", CLI_TEXT, "TEXT", &request.name, "name of the policy, shown in verdicts"},
    };
    const struct cli_spec spec = {
        .name = "policy new",
        .operands = "",
        .about = "Write a policy: which ledger and log key an importer trusts, whose assessments "
                 "and enrolments count, and which lines of a verdict must pass. The file is JSON, "
                 "described in quipu-policy(5), and is meant to be edited.",
        .options = options,
        .option_count = QP_COUNT(options),
        .json = true,
    };
    struct cli_operands operands;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = check_request(&request, preset, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (request.bundle != NULL) {
        return for_bundle(cli, &request, err);
    }
    bool is_file = stat(request.ledger, &info) == 0 && !S_ISDIR(info.st_mode);
    return is_file ? for_json(cli, &request, err) : for_folder(cli, &request, err);
}

/* ---- Showing ---- */

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
    char level[40];
    bool first = true;
    qp_enum_name(level, &qp__evidence_level__descriptor, (int)trust->legal_level);
    printf("%-16s", "legality");
    for (int head = 1; head < 32; head++) {
        if ((trust->legal_heads & (1U << head)) != 0) {
            char name[40];
            qp_enum_name(name, &qp__legality_head__descriptor, head);
            printf("%s%s", first ? "" : ", ", name);
            first = false;
        }
    }
    if (first) {
        printf("no heads are asked for\n");
    } else {
        printf("; evidence at least %s\n", level);
    }
}

static void print_required(const struct qp_trust *trust)
{
    char text[200];
    size_t used = 0;
    for (int line = 0; line < QP_LINE_COUNT && used < sizeof text; line++) {
        if (trust->required[line]) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used == 0 ? "" : ", ",
                                     qp_line_name((enum qp_line)line));
        }
    }
    printf("%-16s", "required");
    cli_wrap(stdout, text, 16, 16, 80);
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
    printf("%-16s%s\n", "cut-off", trust->cut_off_ms == 0 ? "none" : time);
    print_days("assessment lag", trust->assessment_lag_ms_max);
    print_days("checkpoint age", trust->checkpoint_age_ms_max);
    printf("%-16s", "rule sets");
    for (size_t i = 0; i < trust->rule_set_count; i++) {
        printf("%s%s", i == 0 ? "" : ", ", cli_safe(cli, trust->rule_sets[i]));
    }
    printf("%s\n", trust->rule_set_count == 0 ? "any that the ledger has published" : "");
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

static enum qp_code policy_show(struct cli *cli, int argc, char **argv, struct qp_err *err)
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

enum qp_code cmd_policy(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_command commands[] = {
        {"new", "write a policy for the bundles of a ledger", policy_new},
        {"show", "print a policy in words", policy_show},
    };
    return cli_dispatch(cli, "quipu policy", "What an importer trusts and requires.", commands,
                        QP_COUNT(commands), argc, argv, err);
}
