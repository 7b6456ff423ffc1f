#include "proof/judge_claims.h"

#include "core/check.h"

#include <string.h>

/* ---- What the judges of claims share ---- */

bool qp_judge_stands(const struct qp_judging *judging, size_t at)
{
    const uint8_t fallen = QP_MARK_REFUSED | QP_MARK_VOIDED | QP_MARK_COMPROMISED;
    return (judging->replay->marks[at] & fallen) == 0;
}

size_t qp_judge_lot(const struct qp_judging *judging, const char *id)
{
    const struct qp_replay *replay = judging->replay;
    const struct qp_replay_node *node = qp_replay_find(replay->lots, replay->lot_count, id);
    return node == NULL ? SIZE_MAX : (size_t)(node - replay->lots);
}

enum qp_code qp_judge_lot_state(struct qp_judging *judging, const char *id, struct qp_arena *arena,
                                Qp__LotState **lot)
{
    struct qp_state_key at = qp_state_key_text(QP_STATE_LOT, id);
    return qp_state_read(&judging->replay->state, &at, &qp_rule_lot_state, arena, lot,
                         judging->err);
}

enum qp_code qp_judge_rules(struct qp_judging *judging, const Qp__RuleSetPublished **rules)
{
    struct qp_replay *replay = judging->replay;
    Qp__Event *event = NULL;
    *rules = NULL;
    if (replay->dispatch == SIZE_MAX) {
        return QP_OK;
    }
    enum qp_code rc = qp_slice_event(judging->slice, replay->dispatch, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    const struct qp_slice_event *shown = &judging->slice->events[replay->dispatch];
    struct qp_rule_context context = {.index = judging->slice->entries[shown->entry].index,
                                      .position = shown->position,
                                      .memo = &replay->memo};
    return qp_rules_in_force(&context, event->occurred_ms, &replay->state, rules, judging->err);
}

bool qp_judge_requires_scheme(const struct qp_trust *trust, const char *scheme)
{
    for (size_t i = 0; i < trust->required_scheme_count; i++) {
        if (strcmp(trust->required_schemes[i], scheme) == 0) {
            return true;
        }
    }
    return false;
}

enum qp_code qp_certificate_claim(struct qp_verdict *verdict, const char *scheme, bool required,
                                  struct qp_claim **claim, struct qp_err *err)
{
    const char *name = qp_arena_printf(&verdict->arena, "certificate:%s", scheme);
    return name != NULL
               ? qp_claim_add(&verdict->claims, &verdict->arena, name, required, claim, err)
               : qp_fail(err, QP_E_MEMORY, "no memory for a claim");
}

/* ---- All of them ---- */

/* What the policy requires stays unshown, for one reason. */
static enum qp_code leave_out(struct qp_verdict *verdict, const struct qp_trust *trust, bool all,
                              const char *reason, struct qp_err *err)
{
    const struct {
        const char *name;
        bool required;
    } others[] = {{"footprint", trust->require_footprint}, {"circular", trust->require_circular}};
    enum qp_code rc = QP_OK;
    struct qp_claim *claim = NULL;
    for (size_t i = 0; rc == QP_OK && i < trust->required_scheme_count; i++) {
        rc = qp_certificate_claim(verdict, trust->required_schemes[i], true, &claim, err);
        if (rc == QP_OK) {
            qp_claim_reason(claim, QP_NOT_SHOWN, "%s", reason);
        }
    }
    for (size_t i = 0; rc == QP_OK && i < QP_COUNT(others); i++) {
        if (all || others[i].required) {
            rc = qp_claim_add(&verdict->claims, &verdict->arena, others[i].name, others[i].required,
                              &claim, err);
            if (rc == QP_OK) {
                qp_claim_reason(claim, QP_NOT_SHOWN, "%s", reason);
            }
        }
    }
    return rc;
}

enum qp_code qp_judge_no_claims(struct qp_verdict *verdict, const struct qp_trust *trust,
                                struct qp_err *err)
{
    return leave_out(verdict, trust, false, "not judged: the bundle is not authentic", err);
}

/* Nothing can be carried along a graph that is broken. */
static bool is_sound(const struct qp_judging *judging)
{
    const struct qp_replay *replay = judging->replay;
    bool sound = replay->dispatch != SIZE_MAX && replay->lot_count > 0;
    for (size_t i = 0; sound && i < replay->lot_count; i++) {
        sound = replay->lots[i].event != SIZE_MAX;
    }
    for (size_t i = 0; sound && i < judging->slice->event_count; i++) {
        sound = (replay->marks[i] & QP_MARK_CLOSURE) == 0 || qp_judge_stands(judging, i);
    }
    return sound;
}

enum qp_code qp_judge_claims(struct qp_judging *judging)
{
    struct qp_verdict *verdict = judging->verdict;
    const struct qp_trust *trust = judging->trust;
    struct qp_claim *claim = NULL;
    if (!is_sound(judging)) {
        return leave_out(verdict, trust, true,
                         "not judged: the way of the goods is not whole, as the lines above say",
                         judging->err);
    }
    enum qp_code rc = qp_judge_certificates(judging);
    if (rc == QP_OK) {
        rc = qp_claim_add(&verdict->claims, &verdict->arena, "footprint", trust->require_footprint,
                          &claim, judging->err);
    }
    if (rc == QP_OK) {
        rc = qp_judge_footprint(judging, claim);
    }
    if (rc == QP_OK) {
        rc = qp_claim_add(&verdict->claims, &verdict->arena, "circular", trust->require_circular,
                          &claim, judging->err);
    }
    return rc == QP_OK ? qp_judge_circular(judging, claim) : rc;
}
