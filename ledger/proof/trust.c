#include "proof/trust.h"

#include "core/check.h"
#include "core/time.h"
#include "wire/json.h"

#include <string.h>

#define LIST_MAX 1000
#define DAY_MS UINT64_C(86400000)
#define SCHEMES_MAX 64           /* as many as a rule set lists */
#define SCHEME_CHARACTERS_MAX 50 /* certificate.proto */
#define FOOTPRINT_MAX 1000000000
#define CERTIFICATE "certificate:"

const char *qp_line_name(enum qp_line line)
{
    static const char *const names[QP_LINE_COUNT] = {
        "authentic", "authorised",         "unbroken", "conserved",
        "located",   "deforestation-free", "legal",    "current"};
    QP_ASSERT(line < QP_LINE_COUNT);
    return names[line];
}

struct reading {
    struct qp_trust *trust;
    const json_t *json;
    struct qp_err *err;
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for the policy");
}

static enum qp_code refuse(struct reading *reading, const char *name, const char *what)
{
    return qp_fail(reading->err, QP_E_INPUT, "policy: %s: %s", name, what);
}

static enum qp_code copy_text(struct reading *reading, const json_t *value, const char *name,
                              const char **text)
{
    if (!json_is_string(value) || json_string_length(value) == 0 ||
        strlen(json_string_value(value)) != json_string_length(value)) {
        return refuse(reading, name, "a text is needed");
    }
    *text = qp_arena_text(&reading->trust->arena, qp_span_text(json_string_value(value)));
    return *text != NULL ? QP_OK : no_memory(reading->err);
}

/* A list of texts; absent is empty. */
static enum qp_code read_texts(struct reading *reading, const json_t *list, const char *name,
                               const char *const **texts, size_t *count)
{
    if (list == NULL) {
        return QP_OK;
    }
    if (!json_is_array(list) || json_array_size(list) > LIST_MAX) {
        return refuse(reading, name, "a list of texts is needed");
    }
    size_t n = json_array_size(list);
    const char **made = qp_arena_alloc_zero(&reading->trust->arena, n, sizeof *made);
    enum qp_code rc = made != NULL ? QP_OK : no_memory(reading->err);
    for (size_t i = 0; rc == QP_OK && i < n; i++) {
        rc = copy_text(reading, json_array_get(list, i), name, &made[i]);
    }
    if (rc == QP_OK) {
        *texts = made;
        *count = n;
    }
    return rc;
}

static enum qp_code read_log(struct reading *reading)
{
    const char *const *lines = NULL;
    size_t count = 0;
    struct qp_buf text = {0};
    enum qp_code rc =
        read_texts(reading, json_object_get(reading->json, "log"), "log", &lines, &count);
    if (rc == QP_OK && count == 0) {
        rc = refuse(reading, "log",
                    "the lines of a C2SP log policy are needed, such as \"log VKEY\"");
    }
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        rc = qp_buf_addf(&text, reading->err, "%s\n", lines[i]);
    }
    if (rc == QP_OK) {
        rc = qp_policy_new(qp_span_buf(&text), &reading->trust->log, reading->err);
        if (rc != QP_OK) {
            rc = qp_prefix(reading->err, rc, "policy: log");
        }
    }
    qp_buf_wipe(&text);
    return rc;
}

static enum qp_code read_ledger_id(struct reading *reading)
{
    const json_t *value = json_object_get(reading->json, "ledger_id");
    if (!json_is_string(value) ||
        qp_hex_decode(reading->trust->ledger_id.bytes, 32,
                      qp_span_of(json_string_value(value), json_string_length(value)),
                      NULL) != QP_OK) {
        return refuse(reading, "ledger_id", "64 hexadecimal digits are needed");
    }
    return QP_OK;
}

static enum qp_code check_names(struct reading *reading, const json_t *object, const char *where,
                                const char *const *names, size_t count)
{
    for (void *it = json_object_iter((json_t *)(uintptr_t)object); it != NULL;
         it = json_object_iter_next((json_t *)(uintptr_t)object, it)) {
        const char *key = json_object_iter_key(it);
        bool known = false;
        for (size_t i = 0; i < count; i++) {
            known = known || strcmp(names[i], key) == 0;
        }
        if (!known) {
            return qp_fail(reading->err, QP_E_INPUT, "policy: %s: \"%.40s\" is not a known name",
                           where, key);
        }
    }
    return QP_OK;
}

static enum qp_code check_scheme(struct reading *reading, const char *name, const char *scheme)
{
    size_t len = strlen(scheme);
    return len > 0 && len <= SCHEME_CHARACTERS_MAX &&
                   qp_class_check(QP_CLASS_CODE, qp_span_of(scheme, len))
               ? QP_OK
               : qp_fail(reading->err, QP_E_INPUT,
                         "policy: %s: \"%.60s\" is not the code of a scheme, such as eu-organic",
                         name, scheme);
}

/* The schemes for which a certifier is trusted. */
static enum qp_code read_schemes(struct reading *reading, const json_t *list, const char *name,
                                 struct qp_trusted *trusted)
{
    enum qp_code rc = read_texts(reading, list, name, &trusted->schemes, &trusted->scheme_count);
    if (rc == QP_OK && list != NULL &&
        (trusted->scheme_count == 0 || trusted->scheme_count > SCHEMES_MAX)) {
        return refuse(reading, name,
                      "1 to 64 schemes are allowed; leave them out to trust for any");
    }
    for (size_t i = 0; rc == QP_OK && i < trusted->scheme_count; i++) {
        rc = check_scheme(reading, name, trusted->schemes[i]);
    }
    return rc;
}

static enum qp_code read_one_trusted(struct reading *reading, const json_t *item, const char *name,
                                     struct qp_trusted *trusted)
{
    /* What the party is trusted with: the third name is another one for certifiers. */
    bool certifies = strcmp(name, "certifiers") == 0;
    const char *const names[] = {"party", "key", certifies ? "schemes" : "datasets"};
    if (json_is_string(item)) { /* the short form: just the party */
        return copy_text(reading, item, name, &trusted->party);
    }
    if (!json_is_object(item)) {
        return refuse(reading, name, "a party, or {\"party\": …, \"key\": …} is needed");
    }
    const json_t *key = json_object_get(item, "key");
    enum qp_code rc = check_names(reading, item, name, names, QP_COUNT(names));
    if (rc == QP_OK) {
        rc = copy_text(reading, json_object_get(item, "party"), name, &trusted->party);
    }
    if (rc == QP_OK && key != NULL) {
        trusted->has_key = true;
        if (!json_is_string(key) ||
            qp_hex_decode(trusted->key.bytes, 32,
                          qp_span_of(json_string_value(key), json_string_length(key)),
                          NULL) != QP_OK) {
            rc = refuse(reading, name, "a key is 64 hexadecimal digits");
        }
    }
    if (rc == QP_OK && certifies) {
        return read_schemes(reading, json_object_get(item, "schemes"), name, trusted);
    }
    return rc == QP_OK ? read_texts(reading, json_object_get(item, "datasets"), name,
                                    &trusted->datasets, &trusted->dataset_count)
                       : rc;
}

static enum qp_code read_trusted(struct reading *reading, const char *name,
                                 struct qp_trusted_list *list)
{
    const json_t *value = json_object_get(reading->json, name);
    if (value == NULL) {
        return QP_OK;
    }
    if (!json_is_array(value) || json_array_size(value) > LIST_MAX) {
        return refuse(reading, name, "a list is needed");
    }
    size_t count = json_array_size(value);
    struct qp_trusted *items = qp_arena_alloc_zero(&reading->trust->arena, count, sizeof *items);
    enum qp_code rc = items != NULL ? QP_OK : no_memory(reading->err);
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        rc = read_one_trusted(reading, json_array_get(value, i), name, &items[i]);
    }
    if (rc == QP_OK) {
        *list = (struct qp_trusted_list){.items = items, .count = count};
    }
    return rc;
}

/* A line of the verdict, or a claim. A scheme goes to `schemes`, which has room. */
static enum qp_code require(struct reading *reading, const char *name, const char **schemes)
{
    struct qp_trust *trust = reading->trust;
    for (int line = 0; line < QP_LINE_COUNT; line++) {
        if (strcmp(name, qp_line_name((enum qp_line)line)) == 0) {
            trust->required[line] = true;
            return QP_OK;
        }
    }
    if (strcmp(name, "footprint") == 0) {
        trust->require_footprint = true;
        return QP_OK;
    }
    if (strcmp(name, "circular") == 0) {
        trust->require_circular = true;
        return QP_OK;
    }
    if (strncmp(name, CERTIFICATE, strlen(CERTIFICATE)) == 0) {
        const char *scheme = name + strlen(CERTIFICATE);
        enum qp_code rc = check_scheme(reading, "require", scheme);
        for (size_t i = 0; i < trust->required_scheme_count; i++) {
            if (strcmp(schemes[i], scheme) == 0) {
                return rc;
            }
        }
        if (rc == QP_OK && trust->required_scheme_count == SCHEMES_MAX) {
            return refuse(reading, "require", "at most 64 schemes can be required");
        }
        if (rc == QP_OK) {
            schemes[trust->required_scheme_count++] = scheme;
        }
        return rc;
    }
    return qp_fail(
        reading->err, QP_E_INPUT,
        "policy: require: \"%.40s\" is neither a line nor a claim; there are "
        "authentic, authorised, unbroken, conserved, located, deforestation-free, legal, "
        "current, footprint, circular and certificate:SCHEME",
        name);
}

static enum qp_code read_required(struct reading *reading)
{
    const char *const *names = NULL;
    size_t count = 0;
    const char **schemes =
        qp_arena_alloc_zero(&reading->trust->arena, SCHEMES_MAX, sizeof *schemes);
    enum qp_code rc = schemes != NULL
                          ? read_texts(reading, json_object_get(reading->json, "require"),
                                       "require", &names, &count)
                          : no_memory(reading->err);
    if (rc == QP_OK && count == 0) {
        rc = refuse(reading, "require", "at least one line of the verdict is needed");
    }
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        rc = require(reading, names[i], schemes);
    }
    reading->trust->required_schemes = schemes;
    /* What is not authentic is nothing at all. */
    reading->trust->required[QP_LINE_AUTHENTIC] = true;
    return rc;
}

static enum qp_code read_footprint(struct reading *reading)
{
    const json_t *most = json_object_get(reading->json, "footprint_max_g_per_kg");
    if (most == NULL) {
        return QP_OK;
    }
    if (!json_is_integer(most) || json_integer_value(most) < 0 ||
        json_integer_value(most) > FOOTPRINT_MAX) {
        return refuse(reading, "footprint_max_g_per_kg", "0 to 1000000000 grams are allowed");
    }
    reading->trust->has_footprint_max = true;
    reading->trust->footprint_max_g_per_kg = (uint64_t)json_integer_value(most);
    return QP_OK;
}

static enum qp_code read_legal(struct reading *reading)
{
    static const char *const known[] = {"heads", "level"};
    const json_t *legal = json_object_get(reading->json, "legal");
    const char *const *heads = NULL;
    size_t count = 0;
    int level = QP__EVIDENCE_LEVEL__EVIDENCE_LEVEL_DOCUMENTED;
    enum qp_code rc = QP_OK;
    if (legal != NULL && !json_is_object(legal)) {
        return refuse(reading, "legal", "{\"heads\": […], \"level\": …} is needed");
    }
    if (legal != NULL) {
        rc = check_names(reading, legal, "legal", known, QP_COUNT(known));
    }
    const json_t *named = json_object_get(legal, "level");
    if (rc == QP_OK && named != NULL) {
        rc = json_is_string(named) ? qp_enum_value(&qp__evidence_level__descriptor,
                                                   json_string_value(named), &level, reading->err)
                                   : refuse(reading, "legal", "a level is a text");
    }
    if (rc == QP_OK) {
        rc = read_texts(reading, json_object_get(legal, "heads"), "legal", &heads, &count);
    }
    uint32_t bits = 0;
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        int head = 0;
        rc = qp_enum_value(&qp__legality_head__descriptor, heads[i], &head, reading->err);
        bits |= 1U << head;
    }
    if (rc == QP_OK) {
        reading->trust->legal_heads = bits;
        reading->trust->legal_level = (Qp__EvidenceLevel)level;
    }
    return rc;
}

static enum qp_code read_days(struct reading *reading, const char *name, uint64_t *time_ms)
{
    const json_t *days = json_object_get(reading->json, name);
    if (days == NULL) {
        return QP_OK;
    }
    if (!json_is_integer(days) || json_integer_value(days) < 1 ||
        json_integer_value(days) > 36500) {
        return refuse(reading, name, "1 to 36500 days are allowed");
    }
    *time_ms = (uint64_t)json_integer_value(days) * DAY_MS;
    return QP_OK;
}

static enum qp_code read_times(struct reading *reading)
{
    const json_t *cut_off = json_object_get(reading->json, "cut_off");
    if (cut_off != NULL &&
        (!json_is_string(cut_off) ||
         qp_time_parse(qp_span_of(json_string_value(cut_off), json_string_length(cut_off)),
                       &reading->trust->cut_off_ms, NULL) != QP_OK)) {
        return refuse(reading, "cut_off", "a time such as \"2020-12-31T23:59:59.999Z\" is needed");
    }
    enum qp_code rc =
        read_days(reading, "checkpoint_age_days_max", &reading->trust->checkpoint_age_ms_max);
    return rc == QP_OK ? read_days(reading, "assessment_lag_days_max",
                                   &reading->trust->assessment_lag_ms_max)
                       : rc;
}

static enum qp_code refuse_empty(struct reading *reading, const char *name, const char *what)
{
    const json_t *list = json_object_get(reading->json, name);
    return list != NULL && json_array_size(list) == 0 ? refuse(reading, name, what) : QP_OK;
}

static enum qp_code read_policy(struct reading *reading)
{
    static const char *const names[] = {"policy",     "name",
                                        "ledger_id",  "log",
                                        "registrars", "assessors",
                                        "cut_off",    "checkpoint_age_days_max",
                                        "rule_sets",  "require",
                                        "legal",      "assessment_lag_days_max",
                                        "certifiers", "footprint_max_g_per_kg"};
    if (!json_is_object(reading->json)) {
        return refuse(reading, "file", "a JSON object is needed");
    }
    const json_t *version = json_object_get(reading->json, "policy");
    if (!json_is_string(version) || strcmp(json_string_value(version), "quipu/policy/v1") != 0) {
        return refuse(reading, "policy",
                      "\"quipu/policy/v1\" is needed; quipu policy new writes one");
    }
    enum qp_code rc = check_names(reading, reading->json, "file", names, QP_COUNT(names));
    if (rc == QP_OK && json_object_get(reading->json, "name") != NULL) {
        rc = copy_text(reading, json_object_get(reading->json, "name"), "name",
                       &reading->trust->name);
    }
    if (rc == QP_OK) {
        rc = read_ledger_id(reading);
    }
    if (rc == QP_OK) {
        rc = read_log(reading);
    }
    if (rc == QP_OK) {
        rc = read_trusted(reading, "registrars", &reading->trust->registrars);
    }
    if (rc == QP_OK) { /* an empty list would not say that nobody is trusted */
        rc = refuse_empty(reading, "registrars", "name one, or leave it out to trust any");
    }
    if (rc == QP_OK) {
        rc = read_trusted(reading, "assessors", &reading->trust->assessors);
    }
    if (rc == QP_OK) {
        rc = read_trusted(reading, "certifiers", &reading->trust->certifiers);
    }
    if (rc == QP_OK) {
        rc = read_footprint(reading);
    }
    if (rc == QP_OK) {
        rc = read_times(reading);
    }
    if (rc == QP_OK) {
        rc = read_texts(reading, json_object_get(reading->json, "rule_sets"), "rule_sets",
                        &reading->trust->rule_sets, &reading->trust->rule_set_count);
    }
    if (rc == QP_OK) {
        rc = refuse_empty(reading, "rule_sets", "name one, or leave it out to accept any");
    }
    if (rc == QP_OK) {
        rc = read_required(reading);
    }
    return rc == QP_OK ? read_legal(reading) : rc;
}

enum qp_code qp_trust_new(struct qp_span json, struct qp_trust **trust, struct qp_err *err)
{
    if (json.len == 0 || json.len > QP_TRUST_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "policy is %zu bytes; 1 to %d are allowed", json.len,
                       QP_TRUST_BYTES_MAX);
    }
    json_t *parsed = NULL;
    struct qp_trust *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return no_memory(err);
    }
    qp_arena_init(&made->arena, 0);
    made->name = "";
    enum qp_code rc = qp_json_parse(json, &parsed, err);
    if (rc != QP_OK) {
        rc = qp_prefix(err, rc, "policy");
    } else {
        struct reading reading = {.trust = made, .json = parsed, .err = err};
        rc = read_policy(&reading);
    }
    json_decref(parsed);
    if (rc != QP_OK) {
        qp_trust_free(made);
        return rc;
    }
    *trust = made;
    return QP_OK;
}

void qp_trust_free(struct qp_trust *trust)
{
    if (trust == NULL) {
        return;
    }
    qp_policy_free(trust->log);
    qp_arena_wipe(&trust->arena);
    qp_free(trust);
}
