/* What the rule set in force at dispatch says of the goods and of where they come from. */
#include "proof/judge_claims.h"

#include "core/time.h"

#include <string.h>

/* The heading of the goods: the longest that their code begins with, and of several rows for it the
 * newest that has begun. NULL: none. */
static const Qp__HsHeading *find_heading(const Qp__RuleSetPublished *rules,
                                         const Qp__ShipmentDispatched *body, uint64_t when_ms)
{
    const Qp__HsHeading *best = NULL;
    for (size_t i = 0; i < rules->n_headings; i++) {
        const Qp__HsHeading *row = rules->headings[i];
        size_t len = strlen(row->hs_code);
        if (row->commodity != body->commodity || row->effective_from_ms > when_ms ||
            strncmp(row->hs_code, body->hs_code, len) != 0) {
            continue;
        }
        size_t longest = best == NULL ? 0 : strlen(best->hs_code);
        if (best == NULL || len > longest ||
            (len == longest && row->effective_from_ms > best->effective_from_ms)) {
            best = row;
        }
    }
    return best;
}

static json_t *date_of(uint64_t time_ms)
{
    char date[QP_TIME_TEXT_BYTES];
    qp_date_format(date, time_ms);
    return json_string(date);
}

static json_t *list_applications(const Qp__RuleSetPublished *rules)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < rules->n_applications; i++) {
        json_t *row = json_pack("{s:s, s:o}", "operators", rules->applications[i]->operators,
                                "from", date_of(rules->applications[i]->from_ms));
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

/* The newest benchmark of the country that has begun, or NULL. */
static const Qp__CountryRisk *find_risk(const Qp__RuleSetPublished *rules, const char *country,
                                        uint64_t when_ms)
{
    const Qp__CountryRisk *best = NULL;
    for (size_t i = 0; i < rules->n_risks; i++) {
        const Qp__CountryRisk *row = rules->risks[i];
        if (strcmp(row->country, country) == 0 && row->effective_from_ms <= when_ms &&
            (best == NULL || row->effective_from_ms > best->effective_from_ms)) {
            best = row;
        }
    }
    return best;
}

static json_t *list_risk(const Qp__RuleSetPublished *rules, const char *country, uint64_t when_ms)
{
    const Qp__CountryRisk *risk = find_risk(rules, country, when_ms);
    char level[40] = "unlisted";
    if (risk == NULL) {
        return json_pack("{s:s, s:s}", "country", country, "level", level);
    }
    qp_enum_name(level, &qp__risk_level__descriptor, (int)risk->level);
    return json_pack("{s:s, s:s, s:o}", "country", country, "level", level, "effective_from",
                     date_of(risk->effective_from_ms));
}

/* Each country of origin once, in the order of the alphabet. */
static json_t *list_risks(const struct qp_verdict *verdict, const Qp__RuleSetPublished *rules,
                          uint64_t when_ms)
{
    bool seen[26][26] = {{false}};
    json_t *list = json_array();
    for (size_t i = 0; i < verdict->plot_count; i++) {
        const char *country = verdict->plots[i].country;
        if (strlen(country) == 2) { /* two letters A to Z, where the registration is shown */
            seen[country[0] - 'A'][country[1] - 'A'] = true;
        }
    }
    for (size_t i = 0; list != NULL && i < (size_t)26 * 26; i++) {
        char country[3] = {(char)('A' + i / 26), (char)('A' + i % 26), '\0'};
        if (seen[i / 26][i % 26] &&
            json_array_append_new(list, list_risk(rules, country, when_ms)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

enum qp_code qp_judge_regulation(struct qp_judging *judging)
{
    const Qp__RuleSetPublished *rules = NULL;
    Qp__Event *event = NULL;
    enum qp_code rc = qp_judge_rules(judging, &rules);
    if (rc != QP_OK || rules == NULL) {
        return rc;
    }
    rc = qp_slice_event(judging->slice, judging->replay->dispatch, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    const Qp__HsHeading *heading =
        find_heading(rules, event->shipment_dispatched, event->occurred_ms);
    json_t *fact = json_pack("{s:s, s:b, s:s}", "rule_set", rules->rule_set, "covered",
                             heading != NULL && heading->covered ? 1 : 0, "heading",
                             heading != NULL ? heading->hs_code : "");
    if (heading != NULL &&
        json_object_set_new(fact, "effective_from", date_of(heading->effective_from_ms)) != 0) {
        judging->verdict->out_of_memory = true;
    }
    if (json_object_set_new(fact, "applications", list_applications(rules)) != 0) {
        judging->verdict->out_of_memory = true;
    }
    qp_verdict_fact(judging->verdict, "regulation", fact);
    qp_verdict_fact(judging->verdict, "country_risk",
                    list_risks(judging->verdict, rules, event->occurred_ms));
    return QP_OK;
}
