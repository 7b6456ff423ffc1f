/* The sweep of Shamos and Hoey (1976), with exact predicates.
 *
 * Vertices are visited by longitude, then latitude: a sweep line tilted by less than any
 * difference, so that a vertical side has a left end like any other. The sides that the line
 * meets are kept in order from below to above. Before the first contact, in sweep order, that order
 * is right, and the two sides that meet there were neighbours in it or a vertex lies on a side; so
 * testing each pair when it becomes neighbours, and each vertex when it is placed, finds a contact
 * if there is any.
 *
 * The open sides stand in a plain sorted array. Finding a place takes log2(n) orientations; opening
 * or closing moves at most 4 * n bytes. With n at most 20,000 that is far below what a balanced
 * tree would have to cost to be worth its code, and no input can make it worse. */
#include "geo/sweep.h"

#include "core/alloc.h"
#include "core/check.h"

#include <stdlib.h>
#include <string.h>

struct vertex {
    struct qp_point point;
    uint32_t index;
};

struct sweep {
    const struct qp_sides *sides;
    struct vertex *order;
    uint32_t *open;
    size_t open_count;
    enum qp_contact kind;
    uint32_t a;
    uint32_t b;
};

static struct qp_point start_of(const struct qp_sides *sides, uint32_t side)
{
    return sides->points[side];
}

static struct qp_point end_of(const struct qp_sides *sides, uint32_t side)
{
    return sides->points[sides->next[side]];
}

/* Where a point lies in relation to a side taken from left to right: 1 above, -1 below. */
static int height(const struct qp_sides *sides, uint32_t side, struct qp_point point)
{
    struct qp_point start = start_of(sides, side);
    struct qp_point end = end_of(sides, side);
    return qp_point_compare(start, end) < 0 ? qp_point_side(start, end, point)
                                            : qp_point_side(end, start, point);
}

/* What two sides have in common, ends included. */
static enum qp_contact contact(const struct qp_sides *sides, uint32_t one, uint32_t two)
{
    struct qp_point a = start_of(sides, one);
    struct qp_point b = end_of(sides, one);
    struct qp_point c = start_of(sides, two);
    struct qp_point d = end_of(sides, two);
    int c_side = qp_point_side(a, b, c);
    int d_side = qp_point_side(a, b, d);
    int a_side = qp_point_side(c, d, a);
    int b_side = qp_point_side(c, d, b);
    if (c_side * d_side < 0 && a_side * b_side < 0) {
        return QP_CONTACT_CROSS;
    }
    if (c_side == 0 && d_side == 0) {
        /* One line: order both by their ends, then see how the two stretches overlap. */
        struct qp_point low = qp_point_compare(a, b) < 0 ? a : b;
        struct qp_point high = qp_point_compare(a, b) < 0 ? b : a;
        struct qp_point from = qp_point_compare(c, d) < 0 ? c : d;
        struct qp_point to = qp_point_compare(c, d) < 0 ? d : c;
        struct qp_point begin = qp_point_compare(low, from) > 0 ? low : from;
        struct qp_point end = qp_point_compare(high, to) < 0 ? high : to;
        int order = qp_point_compare(begin, end);
        return order < 0 ? QP_CONTACT_ALONG : order == 0 ? QP_CONTACT_TOUCH : QP_CONTACT_NONE;
    }
    if ((c_side == 0 && qp_point_between(a, b, c)) || (d_side == 0 && qp_point_between(a, b, d)) ||
        (a_side == 0 && qp_point_between(c, d, a)) || (b_side == 0 && qp_point_between(c, d, b))) {
        return QP_CONTACT_TOUCH;
    }
    return QP_CONTACT_NONE;
}

static bool found(struct sweep *sweep, enum qp_contact kind, uint32_t a, uint32_t b)
{
    sweep->kind = kind;
    sweep->a = a < b ? a : b;
    sweep->b = a < b ? b : a;
    return true;
}

/* Tests the open sides at `lower` and above it, unless they are neighbours in their ring. */
static bool test_pair(struct sweep *sweep, size_t lower)
{
    if (lower + 1 >= sweep->open_count) {
        return false;
    }
    uint32_t a = sweep->open[lower];
    uint32_t b = sweep->open[lower + 1];
    if (sweep->sides->next[a] == b || sweep->sides->next[b] == a) {
        return false;
    }
    enum qp_contact kind = contact(sweep->sides, a, b);
    return kind != QP_CONTACT_NONE && found(sweep, kind, a, b);
}

/* A vertex lies on an open side, of which it is no end: say which of the two sides at the vertex is
 * the worse offender. */
static bool found_on_side(struct sweep *sweep, uint32_t vertex, uint32_t side)
{
    uint32_t before = sweep->sides->previous[vertex];
    enum qp_contact kind = contact(sweep->sides, before, side);
    if (before != side && kind == QP_CONTACT_ALONG) {
        return found(sweep, kind, before, side);
    }
    kind = contact(sweep->sides, vertex, side);
    return found(sweep, kind == QP_CONTACT_ALONG ? kind : QP_CONTACT_TOUCH, vertex, side);
}

/* Number of open sides that lie wholly below the point. */
static size_t place_of(const struct sweep *sweep, struct qp_point point)
{
    size_t low = 0;
    size_t high = sweep->open_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (height(sweep->sides, sweep->open[middle], point) > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool on_open_side(const struct sweep *sweep, size_t at, struct qp_point point)
{
    return at < sweep->open_count && height(sweep->sides, sweep->open[at], point) == 0;
}

/* The open side at a place, or the topmost: for the branches that a right order never takes. A side
 * that ends at the vertex at hand is open, so there is one. */
static uint32_t open_near(const struct sweep *sweep, size_t at)
{
    QP_ASSERT(sweep->open_count > 0);
    return sweep->open[at < sweep->open_count ? at : sweep->open_count - 1];
}

/* Both sides of the vertex begin here. */
static bool open_two(struct sweep *sweep, uint32_t vertex, size_t at)
{
    const struct qp_sides *sides = sweep->sides;
    struct qp_point point = sides->points[vertex];
    if (on_open_side(sweep, at, point)) {
        return found_on_side(sweep, vertex, sweep->open[at]);
    }
    uint32_t before = sides->previous[vertex];
    struct qp_point back = sides->points[before];
    struct qp_point ahead = sides->points[sides->next[vertex]];
    bool before_is_upper = qp_point_side(point, ahead, back) > 0;
    uint32_t *gap = sweep->open + at;
    memmove(gap + 2, gap, (sweep->open_count - at) * sizeof *gap);
    gap[0] = before_is_upper ? vertex : before;
    gap[1] = before_is_upper ? before : vertex;
    sweep->open_count += 2;
    return (at > 0 && test_pair(sweep, at - 1)) || test_pair(sweep, at + 1);
}

/* One side of the vertex ends here and the other begins. */
static bool replace_one(struct sweep *sweep, uint32_t vertex, size_t at, uint32_t ending,
                        uint32_t beginning)
{
    struct qp_point point = sweep->sides->points[vertex];
    if (!on_open_side(sweep, at, point) || sweep->open[at] != ending) {
        return found_on_side(sweep, vertex, open_near(sweep, at));
    }
    if (on_open_side(sweep, at + 1, point)) {
        return found_on_side(sweep, vertex, sweep->open[at + 1]);
    }
    sweep->open[at] = beginning;
    return (at > 0 && test_pair(sweep, at - 1)) || test_pair(sweep, at);
}

/* Both sides of the vertex end here. */
static bool close_two(struct sweep *sweep, uint32_t vertex, size_t at)
{
    uint32_t before = sweep->sides->previous[vertex];
    struct qp_point point = sweep->sides->points[vertex];
    for (size_t i = at; i < at + 2; i++) {
        if (!on_open_side(sweep, i, point) ||
            (sweep->open[i] != before && sweep->open[i] != vertex)) {
            return found_on_side(sweep, vertex, open_near(sweep, i));
        }
    }
    if (on_open_side(sweep, at + 2, point)) {
        return found_on_side(sweep, vertex, sweep->open[at + 2]);
    }
    uint32_t *gap = sweep->open + at;
    memmove(gap, gap + 2, (sweep->open_count - at - 2) * sizeof *gap);
    sweep->open_count -= 2;
    return at > 0 && test_pair(sweep, at - 1);
}

static bool visit(struct sweep *sweep, uint32_t vertex)
{
    const struct qp_sides *sides = sweep->sides;
    struct qp_point point = sides->points[vertex];
    uint32_t before = sides->previous[vertex];
    bool back_opens = qp_point_compare(point, sides->points[before]) < 0;
    bool ahead_opens = qp_point_compare(point, sides->points[sides->next[vertex]]) < 0;
    size_t at = place_of(sweep, point);
    if (back_opens && ahead_opens) {
        return open_two(sweep, vertex, at);
    }
    if (!back_opens && !ahead_opens) {
        return close_two(sweep, vertex, at);
    }
    return replace_one(sweep, vertex, at, back_opens ? vertex : before,
                       back_opens ? before : vertex);
}

/* Two vertices at one point: the sides there may also run along each other, which says more. */
static bool found_twin(struct sweep *sweep, uint32_t a, uint32_t b)
{
    const uint32_t at_a[2] = {sweep->sides->previous[a], a};
    const uint32_t at_b[2] = {sweep->sides->previous[b], b};
    for (size_t i = 0; i < 4; i++) {
        uint32_t one = at_a[i / 2];
        uint32_t two = at_b[i % 2];
        if (one != two && contact(sweep->sides, one, two) == QP_CONTACT_ALONG) {
            return found(sweep, QP_CONTACT_ALONG, one, two);
        }
    }
    return found(sweep, QP_CONTACT_TOUCH, a, b);
}

static int compare_vertices(const void *a, const void *b)
{
    const struct vertex *left = a;
    const struct vertex *right = b;
    int order = qp_point_compare(left->point, right->point);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static void run(struct sweep *sweep)
{
    size_t count = sweep->sides->count;
    for (size_t i = 0; i < count; i++) {
        sweep->order[i] = (struct vertex){sweep->sides->points[i], (uint32_t)i};
    }
    qsort(sweep->order, count, sizeof *sweep->order, compare_vertices);
    for (size_t i = 1; i < count; i++) {
        if (qp_point_compare(sweep->order[i - 1].point, sweep->order[i].point) == 0) {
            (void)found_twin(sweep, sweep->order[i - 1].index, sweep->order[i].index);
            return;
        }
    }
    for (size_t i = 0; i < count && !visit(sweep, sweep->order[i].index); i++) {
    }
}

enum qp_code qp_sides_first_contact(const struct qp_sides *sides, enum qp_contact *kind,
                                    uint32_t *a, uint32_t *b, struct qp_err *err)
{
    struct sweep sweep = {.sides = sides};
    enum qp_code rc = QP_OK;
    sweep.order = qp_alloc_zero(sides->count, sizeof *sweep.order);
    sweep.open = qp_alloc_zero(sides->count, sizeof *sweep.open);
    if (sweep.order == NULL || sweep.open == NULL) {
        rc = qp_fail(err, QP_E_MEMORY, "no memory to check %zu sides", sides->count);
        goto out;
    }
    run(&sweep);
    *kind = sweep.kind;
    *a = sweep.a;
    *b = sweep.b;
out:
    qp_free(sweep.open);
    qp_free(sweep.order);
    return rc;
}
