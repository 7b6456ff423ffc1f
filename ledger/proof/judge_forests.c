/* Whether forest was lost where it grew. */
#include "proof/judge.h"

#include "core/check.h"
#include "core/time.h"

#include <string.h>

#define DAY_MS UINT64_C(86400000)

static unsigned long long ull(uint64_t value)
{
    return value;
}

bool qp_judge_names_all(const struct qp_trusted *assessor, const Qp__PlotAssessed *body)
{
    for (size_t i = 0; i < assessor->dataset_count; i++) {
        bool found = false;
        for (size_t k = 0; k < body->n_datasets; k++) {
            found = found || strcmp(assessor->datasets[i], body->datasets[k]->name) == 0;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* A loss counts against the plot whichever key of a trusted assessor signed it and whatever it was
 * found on: what the policy asks for is for those who say that there is none. */
static bool is_assessor(const struct qp_trusted_list *list, const char *party)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].party, party) == 0) {
            return true;
        }
    }
    return false;
}

/* What the trusted assessments say of one plot. */
struct assessments {
    size_t clean;
    size_t loss;
    size_t unclear;
    size_t untrusted;
    uint64_t loss_m2;
    uint64_t covers_to_ms; /* newest view of the clean ones */
    uint64_t picked_ms;    /* when the last harvest of the closure ended there */
};

/* The whole period after the policy's cut-off, and the whole of the plot but for a tenth. */
static bool is_clean(const struct qp_judging *judging, const Qp__PlotAssessed *body)
{
    struct qp_hash commitment = qp_bytes_hash(body->geometry);
    const struct qp_slice_sealed *sealed = qp_slice_find_sealed(judging->slice, &commitment);
    uint64_t area_m2 = sealed != NULL && sealed->measured ? sealed->area_m2 : 0;
    uint64_t cut_off_ms = judging->trust->cut_off_ms;
    return body->outcome == QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_NO_LOSS &&
           body->cut_off_ms <= cut_off_ms && body->covers_to_ms > cut_off_ms &&
           body->assessed_m2 >= area_m2 - area_m2 / 10;
}

static void count_trusted(const struct qp_judging *judging, const Qp__PlotAssessed *body,
                          struct assessments *found)
{
    if (is_clean(judging, body)) {
        found->clean++;
        found->covers_to_ms =
            body->covers_to_ms > found->covers_to_ms ? body->covers_to_ms : found->covers_to_ms;
    } else {
        found->unclear++;
    }
}

/* The parties whose assessments counted, each once. */
static void note_assessor(struct qp_verdict *verdict, const char *party)
{
    json_t *list = json_object_get(verdict->facts, "assessed_by");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *known = json_string_value(json_array_get(list, i));
        if (known != NULL && strcmp(known, party) == 0) {
            return;
        }
    }
    if (json_array_append_new(list, json_string(party)) != 0) {
        verdict->out_of_memory = true;
    }
}

/* One assessment, to the counts of its plot. */
static enum qp_code count_assessment(struct qp_judging *judging, size_t at, struct assessments *all)
{
    const struct qp_slice_event *shown = &judging->slice->events[at];
    const struct qp_slice_entry *entry = &judging->slice->entries[shown->entry];
    const struct qp_trusted_list *trusted = &judging->trust->assessors;
    const struct qp_replay *replay = judging->replay;
    Qp__Event *event = NULL;
    const char *party = "";
    struct qp_arena arena;
    enum qp_code rc = qp_slice_event(judging->slice, at, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    const Qp__PlotAssessed *body = event->plot_assessed;
    const struct qp_replay_node *plot =
        qp_replay_find(replay->plots, replay->plot_count, body->plot);
    if (plot == NULL) {
        return QP_OK; /* of a plot that is no origin here */
    }
    struct assessments *found = &all[plot - replay->plots];
    qp_arena_init(&arena, 0);
    rc = qp_judge_party(judging, &entry->issuer, &arena, &party);
    if (rc == QP_OK) {
        const struct qp_trusted *assessor = qp_judge_trusted(trusted, party, &entry->issuer);
        if (body->outcome == QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_LOSS &&
            is_assessor(trusted, party)) {
            found->loss++;
            found->loss_m2 = body->loss_m2 > found->loss_m2 ? body->loss_m2 : found->loss_m2;
            note_assessor(judging->verdict, party);
        } else if (assessor == NULL || !qp_judge_names_all(assessor, body)) {
            found->untrusted++;
        } else {
            count_trusted(judging, body, found);
            note_assessor(judging->verdict, party);
        }
    }
    qp_arena_wipe(&arena);
    return rc;
}

/* When the plots of one harvest were picked. */
static enum qp_code note_harvest(struct qp_judging *judging, size_t at, struct assessments *all)
{
    const struct qp_replay *replay = judging->replay;
    Qp__Event *event = NULL;
    enum qp_code rc = qp_slice_event(judging->slice, at, &event, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    const Qp__LotHarvested *body = event->lot_harvested;
    for (size_t i = 0; i < body->n_origins; i++) {
        const struct qp_replay_node *plot =
            qp_replay_find(replay->plots, replay->plot_count, body->origins[i]->plot);
        if (plot != NULL && all[plot - replay->plots].picked_ms < body->harvest_to_ms) {
            all[plot - replay->plots].picked_ms = body->harvest_to_ms;
        }
    }
    return QP_OK;
}

/* How long before the end of the harvest the newest clean assessment stopped looking. */
static uint64_t blind_ms(const struct assessments *found)
{
    return found->clean > 0 && found->picked_ms > found->covers_to_ms
               ? found->picked_ms - found->covers_to_ms
               : 0;
}

static void judge_forest(struct qp_judging *judging, const char *id,
                         const struct assessments *found)
{
    struct qp_verdict *verdict = judging->verdict;
    uint64_t most_ms = judging->trust->assessment_lag_ms_max;
    if (found->loss > 0) {
        qp_verdict_reason(verdict, QP_LINE_DEFORESTATION_FREE, QP_FAIL,
                          "plot %s lost %llu m2 of forest after the cut-off", id,
                          ull(found->loss_m2));
    } else if (found->clean > 0 && most_ms > 0 && blind_ms(found) > most_ms) {
        qp_verdict_reason(verdict, QP_LINE_DEFORESTATION_FREE, QP_NOT_SHOWN,
                          "plot %s was harvested %llu days after its newest assessment stopped "
                          "looking; the policy allows %llu",
                          id, ull(blind_ms(found) / DAY_MS), ull(most_ms / DAY_MS));
    } else if (found->clean == 0 && found->unclear > 0) {
        qp_verdict_reason(verdict, QP_LINE_DEFORESTATION_FREE, QP_NOT_SHOWN,
                          "plot %s: the assessment is inconclusive, does not reach from the "
                          "policy's cut-off to after it, or is of less than the plot",
                          id);
    } else if (found->clean == 0) {
        qp_verdict_reason(verdict, QP_LINE_DEFORESTATION_FREE, QP_NOT_SHOWN,
                          found->untrusted > 0
                              ? "plot %s: no assessment by an assessor whom the policy trusts"
                              : "plot %s has no assessment",
                          id);
    }
}

enum qp_code qp_judge_forests(struct qp_judging *judging)
{
    const struct qp_replay *replay = judging->replay;
    struct qp_verdict *verdict = judging->verdict;
    struct assessments *all =
        qp_arena_alloc_zero(&verdict->arena, replay->plot_count + 1, sizeof *all);
    enum qp_code rc =
        all != NULL ? QP_OK : qp_fail(judging->err, QP_E_MEMORY, "no memory to judge the plots");
    qp_verdict_fact(verdict, "assessed_by", json_array());
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        Qp__Event__BodyCase body = judging->slice->events[i].body;
        if (body == QP__EVENT__BODY_PLOT_ASSESSED &&
            (replay->marks[i] & (QP_MARK_REFUSED | QP_MARK_VOIDED)) == 0) {
            rc = count_assessment(judging, i, all);
        } else if (body == QP__EVENT__BODY_LOT_HARVESTED &&
                   (replay->marks[i] & QP_MARK_CLOSURE) != 0) {
            rc = note_harvest(judging, i, all);
        }
    }
    uint64_t clean = 0;
    uint64_t loss = 0;
    uint64_t blind_days = 0;
    for (size_t i = 0; rc == QP_OK && i < replay->plot_count; i++) {
        judge_forest(judging, replay->plots[i].id, &all[i]);
        clean += all[i].clean > 0 && all[i].loss == 0;
        loss += all[i].loss > 0;
        uint64_t days = blind_ms(&all[i]) / DAY_MS;
        blind_days = days > blind_days ? days : blind_days;
    }
    if (replay->plot_count == 0) {
        qp_verdict_reason(verdict, QP_LINE_DEFORESTATION_FREE, QP_FAIL,
                          "no plot is shown to be the origin");
    }
    qp_verdict_number(verdict, QP_LINE_DEFORESTATION_FREE, "plots", replay->plot_count);
    qp_verdict_number(verdict, QP_LINE_DEFORESTATION_FREE, "clean", clean);
    qp_verdict_number(verdict, QP_LINE_DEFORESTATION_FREE, "with_loss", loss);
    qp_verdict_number(verdict, QP_LINE_DEFORESTATION_FREE, "lag_days", blind_days);
    return rc;
}
