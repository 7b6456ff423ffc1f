#include "geo/split.h"

#include "core/alloc.h"
#include "core/check.h"
#include "geo/plane.h"

#include <string.h>

/* How it works.
 *
 * Order all vertices by longitude, then latitude ("left" is smaller). A vertical line through every
 * vertex divides the polygon into trapezoids between an upper and a lower side, each with one
 * vertex on its left wall and one on its right. Left of a hole's smallest vertex lies one
 * trapezoid, and the straight line from there to that trapezoid's left vertex runs inside it: a
 * cut. The same to the right of the hole's largest vertex. Two cuts never meet but at their ends,
 * because no two lie in one trapezoid, unless they are the same.
 *
 * Why the parts are simple rings: following cuts to the left leads from any hole to the exterior
 * over vertices that are ever smaller, and to the right over vertices that are ever larger. So no
 * single vertex holds the drawing together, and every face of such a drawing is bounded by a ring
 * that meets no vertex twice. */

/* A ring of the polygon, turned so that the inside is on the left: the exterior counter-clockwise,
 * holes clockwise. Its vertices are first to first + count - 1. */
struct loop {
    size_t first;
    size_t count;
};

struct cut {
    size_t from;
    size_t to;
};

struct cutting {
    struct qp_arena *arena;
    struct qp_point *points; /* all rings of one polygon */
    size_t *next;            /* of each vertex, along its ring */
    bool *has_cut;
    size_t point_count;
    struct loop *loops;
    size_t loop_count;
    struct cut *cuts;
    size_t cut_count;
    struct qp_point *part; /* the one that is being traced: no vertex comes twice */
    bool *used;            /* by a part: the side of a ring that begins at the vertex */
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to cut a polygon along its holes");
}

static enum qp_code unsound(struct qp_err *err)
{
    return qp_refuse(err, "GEO-HOLE",
                     "a polygon that cannot be cut along its holes; check the shape first");
}

static enum qp_code fill(struct cutting *work, const struct qp_polygon *polygon, struct qp_err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < polygon->ring_count; i++) {
        count += polygon->rings[i].count;
    }
    work->points = qp_arena_alloc_zero(work->arena, count, sizeof *work->points);
    work->next = qp_arena_alloc_zero(work->arena, count, sizeof *work->next);
    work->has_cut = qp_arena_alloc_zero(work->arena, count, sizeof *work->has_cut);
    work->loops = qp_arena_alloc_zero(work->arena, polygon->ring_count, sizeof *work->loops);
    work->cuts = qp_arena_alloc_zero(work->arena, 2 * polygon->ring_count, sizeof *work->cuts);
    work->part = qp_arena_alloc_zero(work->arena, count, sizeof *work->part);
    work->used = qp_arena_alloc_zero(work->arena, count, sizeof *work->used);
    if (work->points == NULL || work->next == NULL || work->has_cut == NULL ||
        work->loops == NULL || work->cuts == NULL || work->part == NULL || work->used == NULL) {
        return no_memory(err);
    }
    work->point_count = count;
    work->loop_count = polygon->ring_count;
    size_t at = 0;
    for (size_t i = 0; i < polygon->ring_count; i++) {
        const struct qp_ring *ring = &polygon->rings[i];
        bool turn = qp_ring_turn(ring) != (i == 0 ? 1 : -1);
        work->loops[i] = (struct loop){.first = at, .count = ring->count};
        for (size_t k = 0; k < ring->count; k++) {
            work->points[at + k] = ring->points[turn ? ring->count - 1 - k : k];
            work->next[at + k] = at + (k + 1) % ring->count;
        }
        at += ring->count;
    }
    return QP_OK;
}

/* ---- Cuts ---- */

/* For sides that pass over or under a vertex: the smaller end first. */
static void ordered(const struct cutting *work, size_t side, size_t *small, size_t *large)
{
    size_t other = work->next[side];
    bool forward = qp_point_compare(work->points[side], work->points[other]) < 0;
    *small = forward ? side : other;
    *large = forward ? other : side;
}

/* Of two sides that both pass `at` on the same hand of it: is `one` nearer? They do not cross, so
 * the end that begins further right decides. */
static bool is_nearer(const struct cutting *work, size_t one, size_t two, bool above)
{
    size_t a = 0;
    size_t b = 0;
    size_t c = 0;
    size_t d = 0;
    ordered(work, one, &a, &b);
    ordered(work, two, &c, &d);
    bool one_later = qp_point_compare(work->points[a], work->points[c]) > 0;
    int side = one_later ? qp_point_side(work->points[c], work->points[d], work->points[a])
                         : -qp_point_side(work->points[a], work->points[b], work->points[c]);
    if (side == 0) { /* they begin at one vertex, or one begins on the other's line */
        side = one_later ? qp_point_side(work->points[c], work->points[d], work->points[b])
                         : -qp_point_side(work->points[a], work->points[b], work->points[d]);
    }
    return above ? side < 0 : side > 0;
}

/* The nearest side above and below a vertex; SIZE_MAX where there is none. A side passes when one
 * end is smaller than the vertex and the other one larger. */
static void find_sides(const struct cutting *work, size_t at, size_t *above, size_t *below)
{
    *above = SIZE_MAX;
    *below = SIZE_MAX;
    for (size_t side = 0; side < work->point_count; side++) {
        size_t small = 0;
        size_t large = 0;
        ordered(work, side, &small, &large);
        if (qp_point_compare(work->points[small], work->points[at]) >= 0 ||
            qp_point_compare(work->points[large], work->points[at]) <= 0) {
            continue;
        }
        int hand = qp_point_side(work->points[small], work->points[large], work->points[at]);
        size_t *best = hand < 0 ? above : below;
        if (*best == SIZE_MAX || is_nearer(work, side, *best, hand < 0)) {
            *best = side;
        }
    }
}

static bool is_between(const struct cutting *work, size_t above, size_t below, size_t vertex)
{
    size_t small = 0;
    size_t large = 0;
    ordered(work, above, &small, &large);
    bool under = vertex == small || vertex == large ||
                 qp_point_side(work->points[small], work->points[large], work->points[vertex]) < 0;
    ordered(work, below, &small, &large);
    bool over = vertex == small || vertex == large ||
                qp_point_side(work->points[small], work->points[large], work->points[vertex]) > 0;
    return under && over;
}

/* The vertex on the far wall of the trapezoid beside `at`: of those between the two sides, the
 * nearest on that hand. An end of a side is on the trapezoid's corner. */
static size_t find_far(const struct cutting *work, size_t at, bool to_left)
{
    size_t above = SIZE_MAX;
    size_t below = SIZE_MAX;
    size_t far = SIZE_MAX;
    find_sides(work, at, &above, &below);
    if (above == SIZE_MAX || below == SIZE_MAX) {
        return SIZE_MAX;
    }
    for (size_t i = 0; i < work->point_count; i++) {
        int order = qp_point_compare(work->points[i], work->points[at]);
        if ((to_left ? order >= 0 : order <= 0) || !is_between(work, above, below, i)) {
            continue;
        }
        int nearer = far == SIZE_MAX ? 1 : qp_point_compare(work->points[i], work->points[far]);
        if (far == SIZE_MAX || (to_left ? nearer > 0 : nearer < 0)) {
            far = i;
        }
    }
    return far;
}

static enum qp_code add_cut(struct cutting *work, size_t from, bool to_left, struct qp_err *err)
{
    size_t to = find_far(work, from, to_left);
    if (to == SIZE_MAX) {
        return unsound(err);
    }
    for (size_t i = 0; i < work->cut_count; i++) {
        if ((work->cuts[i].from == from && work->cuts[i].to == to) ||
            (work->cuts[i].from == to && work->cuts[i].to == from)) {
            return QP_OK; /* two holes that look at each other */
        }
    }
    work->cuts[work->cut_count++] = (struct cut){from, to};
    work->has_cut[from] = true;
    work->has_cut[to] = true;
    return QP_OK;
}

static enum qp_code cut_holes(struct cutting *work, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 1; rc == QP_OK && i < work->loop_count; i++) {
        size_t smallest = work->loops[i].first;
        size_t largest = smallest;
        for (size_t k = smallest; k < work->loops[i].first + work->loops[i].count; k++) {
            smallest = qp_point_compare(work->points[k], work->points[smallest]) < 0 ? k : smallest;
            largest = qp_point_compare(work->points[k], work->points[largest]) > 0 ? k : largest;
        }
        rc = add_cut(work, smallest, true, err);
        if (rc == QP_OK) {
            rc = add_cut(work, largest, false, err);
        }
    }
    return rc;
}

/* ---- Faces ---- */

/* In which half of the full turn that begins at direction a -> b does c lie? 0: on it or to its
 * right by less than half a turn, clockwise; 1: the rest. */
static int half(struct qp_point a, struct qp_point b, struct qp_point c)
{
    int side = qp_point_side(a, b, c);
    if (side != 0) {
        return side < 0 ? 0 : 1;
    }
    /* On the line: straight ahead counts as a full turn, straight back as half of one. */
    int ahead = qp_point_compare(a, b) == qp_point_compare(a, c);
    return ahead ? 1 : 0;
}

/* Turning clockwise at `at` from `back`: is `one` met before `two`? */
static bool met_before(const struct cutting *work, size_t at, size_t back, size_t one, size_t two)
{
    const struct qp_point *p = work->points;
    int half_one = half(p[at], p[back], p[one]);
    int half_two = half(p[at], p[back], p[two]);
    if (half_one != half_two) {
        return half_one < half_two;
    }
    return qp_point_side(p[at], p[one], p[two]) < 0;
}

/* The inside is on the left: at each vertex the next side is the first one met clockwise from
 * where we came. */
static size_t turn_at(const struct cutting *work, size_t came_from, size_t at)
{
    size_t best = work->next[at] == came_from ? SIZE_MAX : work->next[at];
    for (size_t i = 0; work->has_cut[at] && i < work->cut_count; i++) {
        size_t other = work->cuts[i].from == at ? work->cuts[i].to
                       : work->cuts[i].to == at ? work->cuts[i].from
                                                : SIZE_MAX;
        if (other != SIZE_MAX && other != came_from &&
            (best == SIZE_MAX || met_before(work, at, came_from, other, best))) {
            best = other;
        }
    }
    return best;
}

/* The face left of the ring's side that begins at `start`. Every face has such a side (one between
 * cuts alone would have no vertex where it could turn back), and each side belongs to one face. */
static enum qp_code trace(struct cutting *work, size_t start, size_t *count, struct qp_err *err)
{
    size_t made = 0;
    size_t at = start;
    size_t then = work->next[start];
    do {
        if (made == work->point_count) {
            return unsound(err);
        }
        work->part[made++] = work->points[at];
        if (work->next[at] == then) {
            work->used[at] = true;
        }
        size_t after = turn_at(work, at, then);
        if (after == SIZE_MAX) {
            return unsound(err);
        }
        at = then;
        then = after;
    } while (at != start);
    *count = made;
    return QP_OK;
}

static enum qp_code keep_part(const struct cutting *work, size_t count, struct qp_geometry *part,
                              struct qp_err *err)
{
    struct qp_point *points = qp_arena_alloc_zero(work->arena, count, sizeof *points);
    struct qp_ring *ring = qp_arena_alloc_zero(work->arena, 1, sizeof *ring);
    struct qp_polygon *polygon = qp_arena_alloc_zero(work->arena, 1, sizeof *polygon);
    if (points == NULL || ring == NULL || polygon == NULL) {
        return no_memory(err);
    }
    memcpy(points, work->part, count * sizeof *points);
    *ring = (struct qp_ring){.points = points, .count = count};
    *polygon = (struct qp_polygon){.rings = ring, .ring_count = 1};
    *part =
        (struct qp_geometry){.kind = QP_GEOMETRY_POLYGON, .polygons = polygon, .polygon_count = 1};
    return QP_OK;
}

static enum qp_code split_polygon(const struct qp_polygon *polygon, struct qp_arena *arena,
                                  struct qp_geometry *parts, size_t *count, struct qp_err *err)
{
    struct cutting work = {.arena = arena};
    size_t made = 0;
    enum qp_code rc = fill(&work, polygon, err);
    if (rc == QP_OK) {
        rc = cut_holes(&work, err);
    }
    for (size_t i = 0; rc == QP_OK && i < work.point_count; i++) {
        size_t part_count = 0;
        if (work.used[i]) {
            continue;
        }
        rc = made < polygon->ring_count ? trace(&work, i, &part_count, err) : unsound(err);
        if (rc == QP_OK) {
            rc = keep_part(&work, part_count, &parts[made], err);
            made += rc == QP_OK;
        }
    }
    *count = made;
    return rc;
}

enum qp_code qp_geometry_split(const struct qp_geometry *geometry, struct qp_arena *arena,
                               struct qp_geometry **parts, size_t *count, struct qp_err *err)
{
    size_t point_count = 0;
    size_t ring_count = 0;
    enum qp_code rc = qp_geometry_check_counts(geometry, &point_count, &ring_count, NULL, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (geometry->kind == QP_GEOMETRY_POINT) {
        return qp_refuse(err, "GEO-KIND", "a point cannot be cut");
    }
    struct qp_geometry *all = qp_arena_alloc_zero(arena, ring_count, sizeof *all);
    size_t made = 0;
    if (all == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; rc == QP_OK && i < geometry->polygon_count; i++) {
        size_t more = 0;
        rc = split_polygon(&geometry->polygons[i], arena, all + made, &more, err);
        made += more;
    }
    if (rc == QP_OK) {
        *parts = all;
        *count = made;
    }
    return rc;
}
