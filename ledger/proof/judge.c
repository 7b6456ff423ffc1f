/* What it is about, who signed, and how fresh it is. */
#include "proof/judge.h"

#include "core/check.h"
#include "core/time.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)

static unsigned long long ull(uint64_t value)
{
    return value;
}

const struct qp_trusted *qp_judge_trusted(const struct qp_trusted_list *list, const char *party,
                                          const struct qp_public_key *key)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct qp_trusted *item = &list->items[i];
        if (strcmp(item->party, party) == 0 &&
            (!item->has_key || qp_public_key_eq(&item->key, key))) {
            return item;
        }
    }
    return NULL;
}

/* Until the next ones are read. */
static enum qp_code read_key(struct qp_judging *judging, const struct qp_public_key *key,
                             const Qp__KeyState **state)
{
    struct qp_replay *replay = judging->replay;
    struct qp_state_key at = qp_state_key_public(key);
    return qp_memo_read(&replay->memo.keys, &replay->state, &at, &qp_rule_key_state, state,
                        judging->err);
}

enum qp_code qp_judge_party(struct qp_judging *judging, const struct qp_public_key *key,
                            struct qp_arena *arena, const char **party)
{
    const Qp__KeyState *state = NULL;
    enum qp_code rc = read_key(judging, key, &state);
    if (rc == QP_OK) {
        *party = state == NULL ? "" : qp_arena_text(arena, qp_span_text(state->party));
    }
    return rc == QP_OK && *party == NULL
               ? qp_fail(judging->err, QP_E_MEMORY, "no memory for the name of a party")
               : rc;
}

/* ---- What it is about ---- */

static json_t *list_containers(const Qp__ShipmentDispatched *body)
{
    json_t *list = json_array();
    for (size_t i = 0; i < body->n_containers; i++) {
        if (json_array_append_new(list, json_string(body->containers[i]->number)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

uint64_t qp_judge_shipped_grams(const Qp__ShipmentDispatched *body)
{
    uint64_t grams = 0;
    for (size_t i = 0; i < body->n_lots; i++) {
        grams += body->lots[i]->quantity->grams; /* 512 of at most 1e15 */
    }
    return grams;
}

enum qp_code qp_judge_facts(struct qp_judging *judging)
{
    struct qp_verdict *verdict = judging->verdict;
    const struct qp_slice *slice = judging->slice;
    char hex[65];
    char time[QP_TIME_TEXT_BYTES];
    qp_verdict_fact_text(verdict, "shipment", slice->bundle->shipment);
    qp_hash_hex(hex, &judging->trust->ledger_id);
    qp_verdict_fact_text(verdict, "ledger_id", hex);
    qp_hash_hex(hex, &slice->checkpoint.root);
    qp_time_format(time, slice->entries[slice->entry_count - 1].admitted_ms);
    qp_verdict_fact(verdict, "checkpoint",
                    json_pack("{s:s, s:I, s:s, s:s}", "origin", slice->checkpoint.origin, "size",
                              (json_int_t)slice->checkpoint.size, "root", hex, "time", time));
    qp_verdict_fact_text(verdict, "policy", judging->trust->name);
    if (judging->replay->dispatch == SIZE_MAX) {
        return QP_OK;
    }
    Qp__Event *event = NULL;
    enum qp_code rc =
        qp_slice_event(judging->slice, judging->replay->dispatch, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    const Qp__ShipmentDispatched *body = event->shipment_dispatched;
    char commodity[40];
    qp_enum_name(commodity, &qp__commodity__descriptor, (int)body->commodity);
    qp_time_format(time, event->occurred_ms);
    qp_verdict_fact(verdict, "goods",
                    json_pack("{s:s, s:s, s:I, s:I, s:s, s:o, s:s, s:s, s:s, s:s, s:s}",
                              "commodity", commodity, "hs_code", body->hs_code, "net_grams",
                              (json_int_t)qp_judge_shipped_grams(body), "bags",
                              (json_int_t)body->bags, "consignee", body->consignee, "containers",
                              list_containers(body), "port_of_loading", body->port_of_loading,
                              "port_of_discharge", body->port_of_discharge, "destination_country",
                              body->destination_country, "customs_declaration",
                              body->customs_declaration, "dispatched", time));
    return QP_OK;
}

/* ---- Line 2 ---- */

/* The party that an event gives a key to, or NULL when it gives none. */
static const char *key_receiver(const Qp__Event *event)
{
    switch (event->body_case) {
    case QP__EVENT__BODY_PARTY_ENROLLED:
        return event->party_enrolled->party;
    case QP__EVENT__BODY_KEY_ADDED:
        return event->key_added->party;
    case QP__EVENT__BODY_KEY_ROTATED:
        return event->key_rotated->party;
    default:
        return NULL;
    }
}

/* Keys count when a registrar whom the importer trusts gave them, or the party itself changed its
 * own. */
static enum qp_code check_registrar(struct qp_judging *judging, size_t at)
{
    const struct qp_slice_event *shown = &judging->slice->events[at];
    const struct qp_slice_entry *entry = &judging->slice->entries[shown->entry];
    struct qp_arena arena;
    Qp__Event *event = NULL;
    const char *party = "";
    if (judging->trust->registrars.count == 0 ||
        (shown->body != QP__EVENT__BODY_PARTY_ENROLLED &&
         shown->body != QP__EVENT__BODY_KEY_ADDED && shown->body != QP__EVENT__BODY_KEY_ROTATED)) {
        return QP_OK;
    }
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_judge_party(judging, &entry->issuer, &arena, &party);
    if (rc == QP_OK) {
        rc = qp_slice_event(judging->slice, at, &event, judging->err);
    }
    if (rc == QP_OK && strcmp(key_receiver(event), party) != 0 &&
        qp_judge_trusted(&judging->trust->registrars, party, &entry->issuer) == NULL) {
        qp_verdict_blame(
            judging->verdict, QP_LINE_AUTHORISED, QP_FAIL, at,
            "%s was given a key at entry %llu by %s, whom the policy does not trust as "
            "registrar",
            key_receiver(event), ull(entry->index), party);
    }
    qp_arena_wipe(&arena);
    return rc;
}

/* Nothing of the entry counts as its key's word. */
static void doubt_entry(struct qp_judging *judging, const struct qp_slice_entry *entry,
                        const char *party, const char *what)
{
    qp_verdict_reason(judging->verdict, QP_LINE_AUTHORISED, QP_FAIL,
                      "entry %llu was signed by a key of %s that %s", ull(entry->index), party,
                      what);
    for (size_t i = 0; i < entry->event_count; i++) {
        judging->replay->marks[entry->first_event + i] |= QP_MARK_COMPROMISED;
        qp_verdict_carry(judging->verdict, QP_LINE_AUTHORISED, QP_FAIL, entry->first_event + i,
                         "signed by a key that %s", what);
    }
}

/* A key that was in a thief's hands from some entry on speaks for nobody from there on, nor does
 * one that told two histories, from where they part. */
static enum qp_code check_compromise(struct qp_judging *judging, size_t entry_at)
{
    const struct qp_slice_entry *entry = &judging->slice->entries[entry_at];
    const Qp__KeyState *key = NULL;
    enum qp_code rc = read_key(judging, &entry->issuer, &key);
    if (rc != QP_OK || key == NULL || entry->event_count == 0) {
        return rc;
    }
    if (key->compromised_since_index > 0 && entry->index >= key->compromised_since_index) {
        char what[120];
        snprintf(what, sizeof what, "is reported compromised since entry %llu",
                 ull(key->compromised_since_index));
        doubt_entry(judging, entry, key->party, what);
    }
    if (key->forked && entry->sequence >= key->forked_sequence) {
        char what[120];
        snprintf(what, sizeof what, "has forked: it signed two statements with sequence %llu",
                 ull(key->forked_sequence));
        doubt_entry(judging, entry, key->party, what);
    }
    return rc;
}

/* The item of the policy that stands for a rule set: by its name, or by the id of the event that
 * published it, which nobody can publish again with other numbers. */
static size_t find_rule_set(const struct qp_trust *trust, const struct qp_slice_event *shown,
                            const Qp__RuleSetPublished *body)
{
    char hex[65];
    qp_hash_hex(hex, &shown->id);
    for (size_t i = 0; i < trust->rule_set_count; i++) {
        if (strcmp(trust->rule_sets[i], body->rule_set) == 0 ||
            strcmp(trust->rule_sets[i], hex) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Those shown are listed and those listed are shown: an exporter could choose among the laws of the
 * ledger by leaving one out. */
static enum qp_code check_rule_sets(struct qp_judging *judging, struct qp_arena *arena)
{
    const struct qp_trust *trust = judging->trust;
    bool *seen = qp_arena_alloc_zero(arena, trust->rule_set_count + 1, sizeof *seen);
    if (seen == NULL) {
        return qp_fail(judging->err, QP_E_MEMORY, "no memory to judge the rule sets");
    }
    for (size_t i = 0; trust->rule_set_count > 0 && i < judging->slice->event_count; i++) {
        const struct qp_slice_event *shown = &judging->slice->events[i];
        Qp__Event *event = NULL;
        if (shown->body != QP__EVENT__BODY_RULE_SET_PUBLISHED) {
            continue;
        }
        enum qp_code rc = qp_slice_event(judging->slice, i, &event, judging->err);
        if (rc != QP_OK) {
            return rc;
        }
        size_t at = find_rule_set(trust, shown, event->rule_set_published);
        if (at == SIZE_MAX) {
            qp_verdict_blame(judging->verdict, QP_LINE_AUTHORISED, QP_FAIL, i,
                             "rule set %s is not one that the policy accepts",
                             event->rule_set_published->rule_set);
        } else {
            seen[at] = true;
        }
    }
    for (size_t i = 0; i < trust->rule_set_count; i++) {
        if (!seen[i]) {
            qp_verdict_reason(judging->verdict, QP_LINE_AUTHORISED, QP_NOT_SHOWN,
                              "rule set %s, which the policy lists, is not in the bundle",
                              trust->rule_sets[i]);
        }
    }
    return QP_OK;
}

/* What an event of this kind gives to who may sign what; NULL: nothing. */
static const char *authority(Qp__Event__BodyCase body)
{
    switch (body) {
    case QP__EVENT__BODY_LEDGER_OPENED:
        return "the operator's first key and roles, which all others come from";
    case QP__EVENT__BODY_PARTY_ENROLLED:
        return "a party's roles and first key";
    case QP__EVENT__BODY_KEY_ADDED:
        return "a further key of a party";
    case QP__EVENT__BODY_KEY_ROTATED:
        return "a party's key in the place of one that ends here";
    case QP__EVENT__BODY_KEY_REVOKED:
        return "the end of a key";
    case QP__EVENT__BODY_PARTY_SUSPENDED:
        return "when a party may not sign";
    case QP__EVENT__BODY_RULE_SET_PUBLISHED:
        return "a rule set in force";
    default:
        return NULL;
    }
}

static void carry_authority(struct qp_judging *judging, size_t at)
{
    const char *words = authority(judging->slice->events[at].body);
    if (words != NULL && (judging->replay->marks[at] & QP_MARK_REFUSED) == 0) {
        qp_verdict_carry(judging->verdict, QP_LINE_AUTHORISED, QP_PASS, at, "%s", words);
    }
}

enum qp_code qp_judge_authorised(struct qp_judging *judging)
{
    uint64_t parties = 0;
    struct qp_arena arena;
    qp_arena_init(&arena, 0);
    enum qp_code rc = check_rule_sets(judging, &arena);
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        Qp__Event__BodyCase body = judging->slice->events[i].body;
        parties += body == QP__EVENT__BODY_PARTY_ENROLLED || body == QP__EVENT__BODY_LEDGER_OPENED;
        carry_authority(judging, i);
        rc = check_registrar(judging, i);
    }
    for (size_t i = 0; rc == QP_OK && i < judging->slice->entry_count; i++) {
        rc = check_compromise(judging, i);
    }
    qp_arena_wipe(&arena);
    qp_verdict_number(judging->verdict, QP_LINE_AUTHORISED, "parties", parties);
    qp_verdict_number(judging->verdict, QP_LINE_AUTHORISED, "statements",
                      judging->slice->entry_count);
    return rc;
}

/* ---- Line 8 ---- */

/* An entry that shows no event carries the line all the same: it is in the line's entries. */
static void carry_newest(struct qp_judging *judging)
{
    const struct qp_slice_entry *newest = &judging->slice->entries[judging->slice->entry_count - 1];
    char time[QP_TIME_TEXT_BYTES];
    qp_time_format(time, newest->admitted_ms);
    for (size_t i = 0; i < newest->event_count; i++) {
        qp_verdict_carry(judging->verdict, QP_LINE_CURRENT,
                         judging->verdict->lines[QP_LINE_CURRENT].result, newest->first_event + i,
                         "in the newest entry of the checkpoint, admitted %s", time);
    }
}

enum qp_code qp_judge_current(struct qp_judging *judging)
{
    struct qp_verdict *verdict = judging->verdict;
    const struct qp_slice *slice = judging->slice;
    uint64_t admitted_ms = slice->entries[slice->entry_count - 1].admitted_ms;
    uint64_t time_ms = admitted_ms;
    uint64_t witnessed_ms = slice->witnesses.quorum_time_s > QP_TIME_MAX_MS / 1000
                                ? QP_TIME_MAX_MS
                                : slice->witnesses.quorum_time_s * 1000;
    const char *clock = "the log's own clock";
    char text[QP_TIME_TEXT_BYTES];
    if (slice->witnesses.quorum_time_s > 0) {
        time_ms = witnessed_ms;
        clock = "its witnesses";
    }
    qp_time_format(text, time_ms);
    if (judging->now_ms == 0) {
        qp_verdict_reason(verdict, QP_LINE_CURRENT, QP_NOT_SHOWN,
                          "the checkpoint is of %s by %s; the present time is not known", text,
                          clock);
    } else if (time_ms > judging->now_ms + DAY_MS || admitted_ms > judging->now_ms + DAY_MS) {
        qp_time_format(text, time_ms > admitted_ms ? time_ms : admitted_ms);
        qp_verdict_reason(verdict, QP_LINE_CURRENT, QP_FAIL,
                          "the log or a witness says %s, which is still to come", text);
    } else {
        uint64_t age_ms = judging->now_ms > time_ms ? judging->now_ms - time_ms : 0;
        uint64_t most = judging->trust->checkpoint_age_ms_max;
        qp_verdict_number(verdict, QP_LINE_CURRENT, "age_days", age_ms / DAY_MS);
        if (most == 0) {
            qp_verdict_reason(verdict, QP_LINE_CURRENT, QP_NOT_SHOWN,
                              "the checkpoint is of %s by %s; the policy sets no limit", text,
                              clock);
        } else if (age_ms > most) {
            qp_verdict_reason(verdict, QP_LINE_CURRENT, QP_FAIL,
                              "the checkpoint is %llu days old; the policy allows %llu; ask for a "
                              "newer bundle",
                              ull(age_ms / DAY_MS), ull(most / DAY_MS));
        }
    }
    qp_verdict_reason(verdict, QP_LINE_CURRENT, QP_PASS,
                      "cannot be known offline: what was logged after entry %llu (revocations, "
                      "recalls, further draws), and what the exporter left out",
                      ull(slice->checkpoint.size - 1));
    carry_newest(judging);
    return QP_OK;
}
