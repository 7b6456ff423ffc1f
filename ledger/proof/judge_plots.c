/* Where it grew. */
#include "proof/judge.h"

#include "core/check.h"
#include "core/time.h"

#include <quipu/geo.h>

#include <stdlib.h>
#include <string.h>

static unsigned long long ull(uint64_t value)
{
    return value;
}

static char *keep(struct qp_judging *judging, const char *text)
{
    char *copy = qp_arena_text(&judging->verdict->arena, qp_span_text(text));
    if (copy == NULL) {
        judging->verdict->out_of_memory = true;
        return (char *)(uintptr_t) "";
    }
    return copy;
}

/* One piece of land under two ids would have two harvests. */
static void fail_twin(struct qp_verdict *verdict, const char *one, const char *two, size_t event)
{
    qp_verdict_blame(verdict, QP_LINE_LOCATED, QP_FAIL, event,
                     "plots %s and %s have the same geometry: one piece of land under two ids", one,
                     two);
}

/* The geometry as disclosed. One that was judged for another plot is not judged again, so that its
 * corners cost time once. */
static enum qp_code judge_geometry(struct qp_judging *judging, const char *id, size_t at,
                                   const Qp__PlotRegistered *body, uint64_t point_max_m2,
                                   struct qp_verdict_plot *row)
{
    struct qp_verdict *verdict = judging->verdict;
    struct qp_hash commitment = qp_bytes_hash(body->geometry->commitment);
    struct qp_slice_sealed *sealed = qp_slice_find_sealed(judging->slice, &commitment);
    struct qp_geometry geometry;
    struct qp_arena arena;
    struct qp_err reason;
    uint64_t area_m2 = 0;
    bool point = body->geometry_kind == QP__GEOMETRY_KIND__GEOMETRY_KIND_POINT;
    if (sealed == NULL || sealed->content == NULL) {
        qp_verdict_blame(verdict, QP_LINE_LOCATED, QP_NOT_SHOWN, at,
                         "the geometry of plot %s is not disclosed", id);
        return QP_OK;
    }
    if (sealed->judged != NULL) {
        fail_twin(verdict, sealed->judged, id, at);
        return QP_OK;
    }
    sealed->judged = row->plot;
    qp_arena_init(&arena, 0);
    qp_err_init(&reason);
    struct qp_span bytes = qp_span_bytes(sealed->content->content);
    enum qp_code rc = qp_geometry_decode(bytes, &arena, &geometry, &reason);
    if (rc == QP_OK) {
        rc = qp_geometry_check(&geometry, QP_GEOMETRY_SIX_DECIMALS, NULL, &reason);
    }
    if (rc == QP_OK) {
        rc = qp_geometry_area_m2(&geometry, &area_m2, &reason);
    }
    if (rc == QP_E_MEMORY) {
        qp_arena_wipe(&arena);
        return qp_fail(judging->err, QP_E_MEMORY, "no memory to judge a plot");
    }
    if (rc != QP_OK) {
        qp_verdict_blame(verdict, QP_LINE_LOCATED, QP_FAIL, at, "plot %s: %s", id, reason.text);
    } else if (point != (geometry.kind == QP_GEOMETRY_POINT)) {
        qp_verdict_blame(verdict, QP_LINE_LOCATED, QP_FAIL, at,
                         "plot %s was registered as another kind of geometry than it has", id);
    } else if (point && body->area_m2 > point_max_m2) {
        qp_verdict_blame(verdict, QP_LINE_LOCATED, QP_FAIL, at,
                         "plot %s has %llu m2 and is given as a point; above %llu m2 the law wants "
                         "a polygon",
                         id, ull(body->area_m2), ull(point_max_m2));
    } else {
        row->geometry = bytes;
        row->area_m2 = point ? body->area_m2 : area_m2;
        qp_verdict_carry(verdict, QP_LINE_LOCATED, QP_PASS, at,
                         "the geometry of plot %s is disclosed and sound: %llu m2", id,
                         ull(row->area_m2));
    }
    qp_arena_wipe(&arena);
    return QP_OK;
}

static void read_identity(struct qp_judging *judging, size_t at, const Qp__ProducerRegistered *body,
                          struct qp_arena *arena, struct qp_verdict_plot *row)
{
    struct qp_hash commitment = qp_bytes_hash(body->identity->commitment);
    const struct qp_slice_sealed *sealed = qp_slice_find_sealed(judging->slice, &commitment);
    Qp__Producer *identity = NULL;
    struct qp_err reason;
    if (sealed == NULL || sealed->content == NULL) {
        qp_verdict_carry(judging->verdict, QP_LINE_LOCATED, QP_PASS, at,
                         "producer %s, whose name is not disclosed", body->producer);
    } else if (qp_wire_decode(&qp_rule_producer, qp_span_bytes(sealed->content->content), arena,
                              &identity, &reason) == QP_OK) {
        row->producer_name = keep(judging, identity->name);
        qp_verdict_carry(judging->verdict, QP_LINE_LOCATED, QP_PASS, at,
                         "producer %s, whose name is disclosed", body->producer);
    } else {
        qp_verdict_blame(judging->verdict, QP_LINE_LOCATED, QP_FAIL, at,
                         "the identity of producer %s cannot be read: %s", body->producer,
                         reason.text);
    }
}

/* The name that the sealed identity of the plot's producer gives, where it is disclosed. */
static enum qp_code find_producer_name(struct qp_judging *judging, const char *producer,
                                       struct qp_verdict_plot *row)
{
    struct qp_arena arena;
    struct qp_state_key key = qp_state_key_text(QP_STATE_PRODUCER, producer);
    Qp__ProducerState *state = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_state_read(&judging->replay->state, &key, &qp_rule_producer_state, &arena,
                                    &state, judging->err);
    size_t at = rc == QP_OK && state != NULL
                    ? qp_slice_find_place(judging->slice, state->registered->index,
                                          state->registered->position)
                    : SIZE_MAX;
    Qp__Event *event = NULL;
    if (at != SIZE_MAX) {
        rc = qp_slice_event(judging->slice, at, &event, judging->err);
    }
    if (rc == QP_OK && event != NULL && event->body_case == QP__EVENT__BODY_PRODUCER_REGISTERED) {
        read_identity(judging, at, event->producer_registered, &arena, row);
    }
    qp_arena_wipe(&arena);
    return rc;
}

/* ---- Plot by plot ---- */

static enum qp_code find_registration(struct qp_judging *judging, const char *id, size_t *at)
{
    struct qp_arena arena;
    struct qp_state_key key = qp_state_key_text(QP_STATE_PLOT, id);
    Qp__PlotState *state = NULL;
    *at = SIZE_MAX;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_state_read(&judging->replay->state, &key, &qp_rule_plot_state, &arena,
                                    &state, judging->err);
    if (rc == QP_OK && state != NULL && state->withdrawn != NULL) {
        qp_verdict_blame(judging->verdict, QP_LINE_LOCATED, QP_NOT_SHOWN,
                         qp_slice_find_place(judging->slice, state->withdrawn->index,
                                             state->withdrawn->position),
                         "plot %s was withdrawn at entry %llu, after it was harvested", id,
                         ull(state->withdrawn->index));
    }
    size_t found = rc == QP_OK && state != NULL
                       ? qp_slice_find_place(judging->slice, state->registered->index,
                                             state->registered->position)
                       : SIZE_MAX;
    if (found != SIZE_MAX &&
        judging->slice->events[found].body == QP__EVENT__BODY_PLOT_REGISTERED) {
        *at = found;
    }
    qp_arena_wipe(&arena);
    return rc;
}

/* The largest plot that may be a point, by the newest rule set shown; 4 ha without one. */
static enum qp_code point_limit(struct qp_judging *judging, uint64_t *limit_m2)
{
    struct qp_arena arena;
    struct qp_state_key key = qp_state_key_rule_set(0);
    Qp__RuleSetState *rules = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_state_read(&judging->replay->state, &key, &qp_rule_rule_set_state, &arena,
                                    &rules, judging->err);
    *limit_m2 = rc == QP_OK && rules != NULL ? rules->rules->point_area_max_m2 : 40000;
    qp_arena_wipe(&arena);
    return rc;
}

static enum qp_code judge_plot(struct qp_judging *judging, struct qp_replay_node *plot,
                               uint64_t point_max_m2)
{
    const char *id = plot->id;
    Qp__Event *event = NULL;
    enum qp_code rc = find_registration(judging, id, &plot->event);
    if (rc != QP_OK) {
        return rc;
    }
    size_t at = plot->event;
    struct qp_verdict_plot *row = &judging->verdict->plots[judging->verdict->plot_count++];
    *row = (struct qp_verdict_plot){.plot = keep(judging, id),
                                    .producer = "",
                                    .producer_name = "",
                                    .country = "",
                                    .region = ""};
    if (at == SIZE_MAX) {
        qp_verdict_reason(judging->verdict, QP_LINE_LOCATED, QP_FAIL,
                          "the registration of plot %s is not shown", id);
    } else {
        rc = qp_slice_event(judging->slice, at, &event, judging->err);
        if (rc != QP_OK) {
            return rc;
        }
        const Qp__PlotRegistered *body = event->plot_registered;
        row->producer = keep(judging, body->producer);
        row->country = keep(judging, body->country);
        row->region = keep(judging, body->region);
        row->area_m2 = body->area_m2;
        rc = judge_geometry(judging, id, at, body, point_max_m2, row);
        if (rc == QP_OK) { /* decodes another event: body is gone after it */
            rc = find_producer_name(judging, row->producer, row);
        }
    }
    return rc;
}

static int compare_geometries(const void *a, const void *b)
{
    const struct qp_verdict_plot *one = *(const struct qp_verdict_plot *const *)a;
    const struct qp_verdict_plot *two = *(const struct qp_verdict_plot *const *)b;
    struct qp_span left = one->geometry;
    struct qp_span right = two->geometry;
    size_t len = left.len < right.len ? left.len : right.len;
    int order = len > 0 ? memcmp(left.data, right.data, len) : 0;
    order = order != 0 ? order : (left.len > right.len) - (left.len < right.len);
    return order != 0 ? order : strcmp(one->plot, two->plot);
}

/* The same bytes under another salt. */
static enum qp_code find_twins(struct qp_judging *judging)
{
    struct qp_verdict *verdict = judging->verdict;
    size_t count = verdict->plot_count;
    if (count < 2) {
        return QP_OK;
    }
    const struct qp_verdict_plot **sorted = qp_alloc(count * sizeof *sorted);
    if (sorted == NULL) {
        return qp_fail(judging->err, QP_E_MEMORY, "no memory to compare the plots");
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &verdict->plots[i];
    }
    qsort(sorted, count, sizeof *sorted, compare_geometries);
    for (size_t i = 1; i < count; i++) {
        if (sorted[i]->geometry.len > 0 &&
            qp_span_eq(sorted[i - 1]->geometry, sorted[i]->geometry)) {
            fail_twin(verdict, sorted[i - 1]->plot, sorted[i]->plot,
                      judging->replay->plots[sorted[i] - verdict->plots].event);
        }
    }
    qp_free(sorted);
    return QP_OK;
}

enum qp_code qp_judge_plots(struct qp_judging *judging)
{
    struct qp_verdict *verdict = judging->verdict;
    struct qp_replay *replay = judging->replay;
    uint64_t limit_m2 = 0;
    uint64_t area_m2 = 0;
    uint64_t disclosed = 0;
    verdict->plots =
        qp_arena_alloc_zero(&verdict->arena, replay->plot_count + 1, sizeof *verdict->plots);
    if (verdict->plots == NULL) {
        return qp_fail(judging->err, QP_E_MEMORY, "no memory to judge the plots");
    }
    enum qp_code rc = point_limit(judging, &limit_m2);
    for (size_t i = 0; rc == QP_OK && i < replay->plot_count; i++) {
        rc = judge_plot(judging, &replay->plots[i], limit_m2);
    }
    if (rc == QP_OK) {
        rc = find_twins(judging);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (replay->plot_count == 0) {
        qp_verdict_reason(verdict, QP_LINE_LOCATED, QP_FAIL, "no plot is shown to be the origin");
    }
    for (size_t i = 0; i < verdict->plot_count; i++) {
        area_m2 += verdict->plots[i].area_m2;
        disclosed += verdict->plots[i].geometry.len > 0;
    }
    qp_verdict_number(verdict, QP_LINE_LOCATED, "plots", verdict->plot_count);
    qp_verdict_number(verdict, QP_LINE_LOCATED, "disclosed", disclosed);
    qp_verdict_number(verdict, QP_LINE_LOCATED, "area_m2", area_m2);
    return QP_OK;
}
