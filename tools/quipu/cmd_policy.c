/* quipu policy: what an importer trusts and requires, as a file. */
#include "identity.h"
#include "policy_show.h"
#include "trust_file.h"

#include "core/check.h"
#include "host/file.h"
#include "proof/trust.h"
#include "wire/json.h"

#include <string.h>
#include <sys/stat.h>

#define LEDGER_JSON_BYTES_MAX 65536

/* ---- Writing ---- */

/* What there is to choose from. */
struct preset {
    const char *name;
    const char *for_whom;
    uint64_t age_days_max; /* of the checkpoint */
    uint64_t lag_days_max; /* of the assessments; 0: no limit */
    const char *cut_off;
    bool all_heads; /* of legality */
    const char *require[QP_LINE_COUNT + 1];
};

/* eudr-2026: what Art. 3 and 9 of Regulation (EU) 2023/1115 want of an importer and a bundle can
 * show. How strong the evidence of legality has to be the law leaves to the importer's own
 * assessment of risk (Art. 10): all its heads are judged and told, and line 7 is not required.
 * Yearly maps come out months after their year, hence the lag.
 *
 * provenance: goods outside the regulation, such as alpaca, banana and aguaje. Nobody assesses
 * their land. */
static const struct preset presets[] = {
    {.name = "eudr-2026",
     .for_whom = "goods under Regulation (EU) 2023/1115",
     .age_days_max = 90,
     .lag_days_max = 730,
     .cut_off = "2020-12-31T23:59:59.999Z",
     .all_heads = true,
     .require = {"authentic", "authorised", "unbroken", "conserved", "located",
                 "deforestation-free", "current"}},
    {.name = "provenance",
     .for_whom = "goods outside that regulation",
     .age_days_max = 90,
     .require = {"authentic", "authorised", "unbroken", "conserved", "current"}},
};

struct request {
    const char *ledger;
    const char *bundle;
    const char *out;
    const char *name;
    const struct preset *preset;
    uint64_t age_days;
    uint64_t footprint_max_g_per_kg; /* UINT64_MAX: none */
    struct cli_list assessors;
    struct cli_list registrars;
    struct cli_list certifiers;
    struct cli_list claims;  /* to require */
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

static json_t *list_heads(const struct preset *preset)
{
    json_t *list = json_array();
    for (int head = 1; list != NULL && preset->all_heads && head <= 8; head++) {
        char name[40];
        qp_enum_name(name, &qp__legality_head__descriptor, head);
        if (json_array_append_new(list, json_string(name)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *list_required(const struct request *request)
{
    size_t count = 0;
    while (request->preset->require[count] != NULL) {
        count++;
    }
    json_t *list = texts(request->preset->require, count);
    json_t *claims = texts(request->claims.items, request->claims.count);
    if (list != NULL && json_array_extend(list, claims) != 0) {
        json_decref(list);
        list = NULL;
    }
    json_decref(claims);
    return list;
}

/* Takes the value. */
static void add(json_t **policy, const char *name, json_t *value)
{
    if (*policy == NULL) {
        json_decref(value);
    } else if (json_object_set_new(*policy, name, value) != 0) {
        json_decref(*policy);
        *policy = NULL;
    }
}

static void add_parties(json_t **policy, const char *name, const struct cli_list *parties)
{
    if (parties->count > 0) {
        add(policy, name, texts(parties->items, parties->count));
    }
}

static json_t *make_policy(const struct request *request)
{
    const struct identity *identity = &request->identity;
    const struct preset *preset = request->preset;
    char id[65];
    qp_hash_hex(id, &identity->ledger_id);
    json_t *policy = json_pack(
        "{s:s, s:s, s:s, s:[o, s], s:o}", "policy", "quipu/policy/v1", "name", request->name,
        "ledger_id", id, "log", json_sprintf("log %s", identity->log_key), "quorum none",
        "assessors", texts(request->assessors.items, request->assessors.count));
    if (preset->cut_off != NULL) {
        add(&policy, "cut_off", json_string(preset->cut_off));
    }
    add_parties(&policy, "registrars", &request->registrars); /* without: any of the ledger */
    add_parties(&policy, "certifiers", &request->certifiers);
    if (preset->lag_days_max > 0) {
        add(&policy, "assessment_lag_days_max", json_integer((json_int_t)preset->lag_days_max));
    }
    add(&policy, "checkpoint_age_days_max", json_integer((json_int_t)request->age_days));
    if (request->footprint_max_g_per_kg != UINT64_MAX) {
        add(&policy, "footprint_max_g_per_kg",
            json_integer((json_int_t)request->footprint_max_g_per_kg));
    }
    add(&policy, "require", list_required(request));
    add(&policy, "legal",
        json_pack("{s:o, s:s}", "heads", list_heads(preset), "level", "documented"));
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
    const char *what = role == QP__ROLE__ROLE_ASSESSOR    ? "assessor"
                       : role == QP__ROLE__ROLE_CERTIFIER ? "certifier"
                                                          : "registrar";
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
    rc = rc == QP_OK
             ? warn_of_parties(cli, request, &request->registrars, QP__ROLE__ROLE_REGISTRAR, err)
             : rc;
    return rc == QP_OK
               ? warn_of_parties(cli, request, &request->certifiers, QP__ROLE__ROLE_CERTIFIER, err)
               : rc;
}

/* What is required of somebody, and nobody is named. */
static void warn_of_nobody(struct cli *cli, const struct request *request,
                           const struct qp_trust *trust)
{
    if (trust->required[QP_LINE_DEFORESTATION_FREE] && request->assessors.count == 0) {
        cli_note(cli, "no --assessor is named, and deforestation-free is required: nothing passes "
                      "until the policy names one");
    }
    if (trust->required_scheme_count > 0 && request->certifiers.count == 0) {
        cli_note(cli, "no --certifier is named, and a certificate is required: nothing passes "
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
    json_decref(policy);
    qp_buf_wipe(&text);
    if (rc == QP_OK && request->shown != NULL) {
        warn_of_bundle(cli, &request->identity);
    }
    if (rc == QP_OK) {
        warn_of_nobody(cli, request, trust);
        rc = warn_of_all(cli, request, err);
    }
    qp_trust_free(trust);
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

static enum qp_code find_preset(const char *name, const struct preset **preset, struct qp_err *err)
{
    char known[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < QP_COUNT(presets) && used < sizeof known; i++) {
        if (strcmp(name, presets[i].name) == 0) {
            *preset = &presets[i];
            return QP_OK;
        }
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s (%s)", i == 0 ? "" : ", ",
                                 presets[i].name, presets[i].for_whom);
    }
    return qp_fail(err, QP_E_USAGE, "policy new: there is no preset \"%.40s\"; there are %s", name,
                   known);
}

static enum qp_code check_request(struct request *request, const char *preset, struct qp_err *err)
{
    if ((request->ledger == NULL) == (request->bundle == NULL)) {
        return qp_fail(err, QP_E_USAGE, "policy new: give --ledger DIR|FILE or --bundle FILE");
    }
    enum qp_code rc = find_preset(preset, &request->preset, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (request->age_days == UINT64_MAX) {
        request->age_days = request->preset->age_days_max;
    } else if (request->age_days < 1 || request->age_days > 36500) {
        return qp_fail(err, QP_E_USAGE, "policy new: --max-age takes 1 to 36500 days");
    }
    if (request->name == NULL) {
        request->name = preset;
    }
    rc = check_parties(&request->assessors, "assessor", err);
    rc = rc == QP_OK ? check_parties(&request->registrars, "registrar", err) : rc;
    return rc == QP_OK ? check_parties(&request->certifiers, "certifier", err) : rc;
}

static enum qp_code policy_new(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    struct request request = {.age_days = UINT64_MAX, .footprint_max_g_per_kg = UINT64_MAX};
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
         "for which goods: eudr-2026, under Regulation (EU) 2023/1115 (all lines but legal are "
         "required), or provenance, outside it (not located and deforestation-free either)"},
        {0, "assessor", CLI_LIST, "PARTY", &request.assessors,
         "whose assessments of deforestation count; may be given again"},
        {0, "registrar", CLI_LIST, "PARTY", &request.registrars,
         "whose enrolments count; may be given again; none: any registrar of the ledger"},
        {0, "certifier", CLI_LIST, "PARTY", &request.certifiers,
         "whose certificates count, of whatever scheme; may be given again"},
        {0, "require", CLI_LIST, "CLAIM", &request.claims,
         "a claim, or a further line, that must pass: certificate:SCHEME, footprint, circular, "
         "legal; may be given again"},
        {0, "footprint-max", CLI_NUMBER, "GRAMS", &request.footprint_max_g_per_kg,
         "most grams of CO2 equivalent for a kilogram at the container"},
        {0, "max-age", CLI_NUMBER, "DAYS", &request.age_days,
         "oldest checkpoint that is current; 90 if absent"},
        {0, "name", CLI_TEXT, "TEXT", &request.name, "name of the policy, shown in verdicts"},
    };
    const struct cli_spec spec = {
        .name = "policy new",
        .operands = "",
        .about = "Write a policy: which ledger and log key an importer trusts, whose assessments, "
                 "enrolments and certificates count, and which lines and claims of a verdict must "
                 "pass. The file is JSON, "
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

enum qp_code cmd_policy(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_command commands[] = {
        {"new", "write a policy for the bundles of a ledger", policy_new},
        {"show", "print a policy in words", policy_show},
    };
    return cli_dispatch(cli, "quipu policy", "What an importer trusts and requires.", commands,
                        QP_COUNT(commands), argc, argv, err);
}
