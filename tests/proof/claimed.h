/* What a verdict claims, for tests. */
#ifndef QP_TESTS_PROOF_CLAIMED_H
#define QP_TESTS_PROOF_CLAIMED_H

#include "season.h"

struct claimed {
    bool passed;
    json_t *json; /* the verdict */
    char *text;
};

static inline struct claimed claim_all(struct qp_span file, const struct qp_trust *trust)
{
    struct claimed claimed = {0};
    struct qp_verdict *verdict = NULL;
    struct qp_buf text = {0};
    assert_ok(qp_bundle_verify(file, trust, FORGE_NOW_MS, &verdict, err));
    assert_ok(qp_verdict_json(verdict, 0, &text, err));
    assert_ok(qp_json_parse(qp_span_buf(&text), &claimed.json, err));
    claimed.passed = qp_verdict_passed(verdict);
    claimed.text = json_dumps(claimed.json, JSON_COMPACT);
    assert_non_null(claimed.text);
    qp_buf_wipe(&text);
    qp_verdict_free(verdict);
    return claimed;
}

static inline void claimed_wipe(struct claimed *claimed)
{
    free(claimed->text);
    json_decref(claimed->json);
}

/* The season under a policy with further members (forge_trust). */
static inline struct claimed claims_of(const struct season_steps *steps, const char *more)
{
    static struct forge forge;
    season_make(&forge, steps);
    struct qp_trust *trust = forge_trust(&forge, more);
    struct claimed claimed =
        claim_all(forge_file(&forge, forge_bundle(&forge, "exporter/S-1")), trust);
    qp_trust_free(trust);
    forge_wipe(&forge);
    return claimed;
}

/* The same, under a checkpoint that somebody else than the log signed. */
static inline struct claimed claims_of_forgery(const struct season_steps *steps, const char *more)
{
    static struct forge forge;
    season_make(&forge, steps);
    struct qp_trust *trust = forge_trust(&forge, more);
    Qp__Bundle *bundle = forge_bundle(&forge, "exporter/S-1");
    bundle->checkpoint = qp_bytes_span(forge_checkpoint(&forge, forge_party(&forge, "coop")->key));
    struct claimed claimed = claim_all(forge_file(&forge, bundle), trust);
    qp_trust_free(trust);
    forge_wipe(&forge);
    return claimed;
}

/* The claim, or NULL. */
static inline json_t *find_claim(const struct claimed *claimed, const char *name)
{
    size_t at = 0;
    json_t *claim = NULL;
    json_array_foreach(json_object_get(claimed->json, "claims"), at, claim)
    {
        if (strcmp(json_string_value(json_object_get(claim, "name")), name) == 0) {
            return claim;
        }
    }
    return NULL;
}

/* It has this result, and one of its reasons these words. */
static inline void expect_said(const struct claimed *claimed, const json_t *of, const char *result,
                               const char *words)
{
    bool said = words[0] == '\0';
    size_t at = 0;
    json_t *reason = NULL;
    json_array_foreach(json_object_get(of, "reasons"), at, reason)
    {
        said = said || strstr(json_string_value(reason), words) != NULL;
    }
    if (of == NULL || !said ||
        strcmp(json_string_value(json_object_get(of, "result")), result) != 0) {
        fail_msg("%s, \"%s\" wanted: %s", result, words, strstr(claimed->text, "\"claims\""));
    }
}

static inline void expect_claim(const struct claimed *claimed, const char *name, const char *result,
                                const char *words)
{
    expect_said(claimed, find_claim(claimed, name), result, words);
}

static inline void expect_line(const struct claimed *claimed, size_t line, const char *result,
                               const char *words)
{
    expect_said(claimed, json_array_get(json_object_get(claimed->json, "lines"), line), result,
                words);
}

static inline void expect_amount(const struct claimed *claimed, const json_t *of, const char *name,
                                 uint64_t value)
{
    const json_t *number = json_object_get(json_object_get(of, "numbers"), name);
    if (!json_is_integer(number) || (uint64_t)json_integer_value(number) != value) {
        fail_msg("%s %llu wanted: %s", name, (unsigned long long)value, claimed->text);
    }
}

static inline void expect_number(const struct claimed *claimed, const char *claim, const char *name,
                                 uint64_t value)
{
    expect_amount(claimed, find_claim(claimed, claim), name, value);
}

static inline void expect_line_number(const struct claimed *claimed, size_t line, const char *name,
                                      uint64_t value)
{
    expect_amount(claimed, json_array_get(json_object_get(claimed->json, "lines"), line), name,
                  value);
}

/* A lot from one hand into another. */
static inline void hand(struct forge *forge, const char *lot, const char *from, const char *to,
                        const char *kind, unsigned grams)
{
    forge_event(forge,
                "\"lot_transferred\": {\"lot\": \"%s\", \"to\": \"%s\", \"kind\": \"%s\", "
                "\"quantity\": {\"grams\": %u}}",
                lot, to, kind, grams);
    forge_sign(forge, from);
    forge_event(forge,
                "\"lot_received\": {\"lot\": \"%s\", \"from\": \"%s\", \"quantity\": {\"grams\": "
                "%u}}",
                lot, from, grams);
    forge_sign(forge, to);
}

/* ---- Certificates ---- */

static inline void certifier(struct forge *forge)
{
    forge_enrol(forge, "certifier", "\"certifier\"");
    forge_sign(forge, "operator");
}

/* An organic certificate; n is its number. */
static inline void certify(struct forge *forge, unsigned n, const char *holder,
                           const char *commodity, const char *from, const char *to)
{
    forge_event(forge,
                "\"certificate_issued\": {\"certificate\": \"certifier/C-%u\", \"scheme\": "
                "\"eu-organic\", \"number\": \"%u\", \"holder\": \"%s\", \"commodities\": "
                "[\"%s\"], \"scope\": \"Café en pergamino\", \"valid_from\": \"%s\", "
                "\"valid_to\": \"%s\"}",
                n, n, holder, commodity, from, to);
    forge_sign(forge, "certifier");
}

static inline void certify_both(struct forge *forge)
{
    certifier(forge);
    certify(forge, 1, "coop", "coffee", "2026-01-01", "2026-12-31");
    certify(forge, 2, "exporter", "coffee", "2026-01-01", "2026-12-31");
}

#define REQUIRE(claims)                                                                            \
    ", \"certifiers\": [\"certifier\"], \"require\": [\"authentic\", \"authorised\", "             \
    "\"unbroken\", \"conserved\", " claims "]"

static inline void rules_with_schemes(struct forge *forge)
{
    forge_event(forge,
                "\"rule_set_published\": {\"rule_set\": \"schemes\", \"version\": 1, "
                "\"effective_from\": \"2026-05-01\", \"cut_off\": \"2020-12-31T23:59:59.999Z\", "
                "\"point_area_max_m2\": 40000, \"transfer_tolerance_ppm\": 5000, "
                "\"harvest_age_days\": 730, \"area_tolerance_ppm\": 100000, \"factors\": "
                "[{\"commodity\": \"coffee\", \"from\": \"parchment\", \"to\": \"green\", "
                "\"factor_ppm\": 800000, \"tolerance_ppm\": 0}], \"yield_caps\": [{\"commodity\": "
                "\"coffee\", \"form\": \"green\", \"warn_grams_per_ha\": 280000, "
                "\"refuse_grams_per_ha\": 3500000}], \"headings\": ["
                "{\"commodity\": \"coffee\", \"hs_code\": \"0901\", \"effective_from\": "
                "\"2023-06-29\"}, {\"commodity\": \"coffee\", \"hs_code\": \"0901\", "
                "\"effective_from\": \"2026-01-01\", \"covered\": true}, {\"commodity\": "
                "\"coffee\", \"hs_code\": \"0901\", \"effective_from\": \"2027-01-01\"}], "
                "\"risks\": [{\"country\": \"PE\", \"level\": \"standard\", \"effective_from\": "
                "\"2025-05-22\"}, {\"country\": \"PE\", \"level\": \"high\", \"effective_from\": "
                "\"2026-12-01\"}], \"transfer_loss_ppm\": 20000, \"schemes\": [{\"scheme\": "
                "\"eu-organic\", \"name\": \"Organic\", \"steps\": [\"trade\"]}], "
                "\"applications\": [{\"operators\": \"large-and-medium\", \"from\": "
                "\"2026-12-30\"}]}");
    forge_sign(forge, "operator");
    season_land(forge);
}

#endif
