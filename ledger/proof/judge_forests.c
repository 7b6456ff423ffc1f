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

/* What an assessment is worth. */
enum worth { CLEAN, LOSS, UNCLEAR, UNTRUSTED };

/* One assessment of an origin, kept to be told whether it decided. */
struct assessed {
    size_t event;
    size_t plot; /* in replay->plots */
    enum worth worth;
};

/* What the trusted assessments say of one plot. */
struct assessments {
    size_t clean;
    size_t loss;
    size_t unclear;
    size_t untrusted;
    uint64_t loss_m2;
    uint64_t covers_to_ms; /* newest view of the clean ones */
    uint64_t picked_ms;    /* when the last harvest of the closure ended there */
    size_t loss_event;     /* the first with loss */
};

struct forests {
    struct qp_judging *judging;
    struct assessments *plots; /* by replay->plots */
    struct assessed *all;
    size_t count;
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

static enum worth count_trusted(const struct qp_judging *judging, const Qp__PlotAssessed *body,
                                struct assessments *found)
{
    if (!is_clean(judging, body)) {
        found->unclear++;
        return UNCLEAR;
    }
    found->clean++;
    found->covers_to_ms =
        body->covers_to_ms > found->covers_to_ms ? body->covers_to_ms : found->covers_to_ms;
    return CLEAN;
}

static enum worth count_loss(const Qp__PlotAssessed *body, size_t at, struct assessments *found)
{
    found->loss_event = found->loss == 0 ? at : found->loss_event;
    found->loss++;
    found->loss_m2 = body->loss_m2 > found->loss_m2 ? body->loss_m2 : found->loss_m2;
    return LOSS;
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
static enum qp_code count_assessment(struct forests *forests, size_t at)
{
    struct qp_judging *judging = forests->judging;
    const struct qp_slice_event *shown = &judging->slice->events[at];
    const struct qp_slice_entry *entry = &judging->slice->entries[shown->entry];
    const struct qp_trusted_list *trusted = &judging->trust->assessors;
    const struct qp_replay *replay = judging->replay;
    bool in_doubt = (replay->marks[at] & QP_MARK_COMPROMISED) != 0;
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
    size_t plot_at = (size_t)(plot - replay->plots);
    struct assessments *found = &forests->plots[plot_at];
    qp_arena_init(&arena, 0);
    rc = qp_judge_party(judging, &entry->issuer, &arena, &party);
    if (rc == QP_OK) {
        const struct qp_trusted *assessor = qp_judge_trusted(trusted, party, &entry->issuer);
        enum worth worth = UNTRUSTED;
        if (body->outcome == QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_LOSS &&
            is_assessor(trusted, party)) {
            worth = count_loss(body, at, found);
        } else if (assessor == NULL || in_doubt || !qp_judge_names_all(assessor, body)) {
            found->untrusted++;
        } else {
            worth = count_trusted(judging, body, found);
        }
        if (worth != UNTRUSTED) {
            note_assessor(judging->verdict, party);
        }
        forests->all[forests->count++] =
            (struct assessed){.event = at, .plot = plot_at, .worth = worth};
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

static bool is_blind(const struct qp_judging *judging, const struct assessments *found)
{
    uint64_t most_ms = judging->trust->assessment_lag_ms_max;
    return most_ms > 0 && blind_ms(found) > most_ms;
}

static void judge_forest(struct qp_judging *judging, size_t at, const struct assessments *found)
{
    struct qp_verdict *verdict = judging->verdict;
    const char *id = judging->replay->plots[at].id;
    struct qp_taint source = {.cause = QP_CAUSE_UNCLEAR,
                              .node = qp_node_plot(at),
                              .line = QP_LINE_DEFORESTATION_FREE,
                              .result = QP_NOT_SHOWN,
                              .event = judging->replay->plots[at].event};
    if (found->loss > 0) {
        source.cause = QP_CAUSE_LOSS;
        source.result = QP_FAIL;
        source.event = found->loss_event;
        qp_verdict_reason(verdict, QP_LINE_DEFORESTATION_FREE, QP_FAIL,
                          "plot %s lost %llu m2 of forest after the cut-off", id,
                          ull(found->loss_m2));
        qp_judge_taint(judging, &source, "lost %llu m2 of forest after the cut-off",
                       ull(found->loss_m2));
    } else if (found->clean > 0 && is_blind(judging, found)) {
        qp_verdict_reason(verdict, QP_LINE_DEFORESTATION_FREE, QP_NOT_SHOWN,
                          "plot %s was harvested %llu days after its newest assessment stopped "
                          "looking; the policy allows %llu",
                          id, ull(blind_ms(found) / DAY_MS),
                          ull(judging->trust->assessment_lag_ms_max / DAY_MS));
        qp_judge_taint(judging, &source, "harvested %llu days after its newest assessment",
                       ull(blind_ms(found) / DAY_MS));
    } else if (found->clean == 0 && found->unclear > 0) {
        qp_verdict_reason(verdict, QP_LINE_DEFORESTATION_FREE, QP_NOT_SHOWN,
                          "plot %s: the assessment is inconclusive, does not reach from the "
                          "policy's cut-off to after it, or is of less than the plot",
                          id);
        qp_judge_taint(judging, &source, "its assessment is inconclusive or not of the whole");
    } else if (found->clean == 0) {
        source.cause = QP_CAUSE_UNASSESSED;
        qp_verdict_reason(verdict, QP_LINE_DEFORESTATION_FREE, QP_NOT_SHOWN,
                          found->untrusted > 0
                              ? "plot %s: no assessment by an assessor whom the policy trusts"
                              : "plot %s has no assessment",
                          id);
        qp_judge_taint(judging, &source, "%s",
                       found->untrusted > 0 ? "no assessment by an assessor whom the policy trusts"
                                            : "no assessment");
    }
}

/* The assessments that decided for their plot: those with loss; else the clean ones; where there is
 * none, those that fall short. */
static void carry_assessment(struct forests *forests, const struct assessed *one)
{
    struct qp_judging *judging = forests->judging;
    const struct assessments *found = &forests->plots[one->plot];
    const char *id = judging->replay->plots[one->plot].id;
    enum qp_result result = QP_NOT_SHOWN;
    const char *words = "falls short: inconclusive, of another time or of less than the plot";
    if (found->loss > 0) {
        result = QP_FAIL;
        words = one->worth == LOSS ? "counts, and is of loss after the cut-off" : NULL;
    } else if (found->clean > 0 && one->worth == CLEAN) {
        bool blind = is_blind(judging, found);
        result = blind ? QP_NOT_SHOWN : QP_PASS;
        words = blind ? "counts, but looked too long before the harvest"
                      : "counts: no loss after the cut-off";
    } else if (found->clean > 0) {
        words = NULL;
    } else if (one->worth == UNTRUSTED) {
        words = "does not count: the policy does not trust this assessor, key or data";
    }
    if (words != NULL) {
        qp_verdict_carry(judging->verdict, QP_LINE_DEFORESTATION_FREE, result, one->event,
                         "of plot %s; %s", id, words);
    }
}

static bool is_assessment(const struct qp_judging *judging, size_t at)
{
    return judging->slice->events[at].body == QP__EVENT__BODY_PLOT_ASSESSED &&
           (judging->replay->marks[at] & (QP_MARK_REFUSED | QP_MARK_VOIDED)) == 0;
}

static enum qp_code open_forests(struct forests *forests, struct qp_judging *judging)
{
    struct qp_arena *arena = &judging->replay->arena;
    size_t count = 0;
    for (size_t i = 0; i < judging->slice->event_count; i++) {
        count += is_assessment(judging, i);
    }
    *forests = (struct forests){.judging = judging};
    forests->plots =
        qp_arena_alloc_zero(arena, judging->replay->plot_count + 1, sizeof *forests->plots);
    forests->all = qp_arena_alloc_zero(arena, count + 1, sizeof *forests->all);
    return forests->plots != NULL && forests->all != NULL
               ? QP_OK
               : qp_fail(judging->err, QP_E_MEMORY, "no memory to judge the plots");
}

enum qp_code qp_judge_forests(struct qp_judging *judging)
{
    const struct qp_replay *replay = judging->replay;
    struct qp_verdict *verdict = judging->verdict;
    struct forests forests;
    enum qp_code rc = open_forests(&forests, judging);
    qp_verdict_fact(verdict, "assessed_by", json_array());
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        if (is_assessment(judging, i)) {
            rc = count_assessment(&forests, i);
        } else if (judging->slice->events[i].body == QP__EVENT__BODY_LOT_HARVESTED &&
                   (replay->marks[i] & QP_MARK_CLOSURE) != 0) {
            rc = note_harvest(judging, i, forests.plots);
        }
    }
    uint64_t clean = 0;
    uint64_t loss = 0;
    uint64_t blind_days = 0;
    for (size_t i = 0; rc == QP_OK && i < replay->plot_count; i++) {
        const struct assessments *found = &forests.plots[i];
        judge_forest(judging, i, found);
        clean += found->clean > 0 && found->loss == 0;
        loss += found->loss > 0;
        uint64_t days = blind_ms(found) / DAY_MS;
        blind_days = days > blind_days ? days : blind_days;
    }
    for (size_t i = 0; i < forests.count; i++) {
        carry_assessment(&forests, &forests.all[i]);
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
