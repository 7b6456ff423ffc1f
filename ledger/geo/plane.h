/* The exact predicates on which this room stands.
 *
 * Why 64 bits are enough: within range, a difference of longitudes is at most 3.6e9 and one of
 * latitudes 1.8e9, so each product of the cross product is at most 6.48e18 and fits; their
 * difference would not, and is never formed: only its sign is wanted, and comparing gives it. */
#ifndef QP_GEO_PLANE_H
#define QP_GEO_PLANE_H

#include <quipu/geo.h>

/* By longitude, then latitude: -1, 0, 1. */
static inline int qp_point_compare(struct qp_point a, struct qp_point b)
{
    if (a.longitude_e7 != b.longitude_e7) {
        return a.longitude_e7 < b.longitude_e7 ? -1 : 1;
    }
    return (a.latitude_e7 > b.latitude_e7) - (a.latitude_e7 < b.latitude_e7);
}

static inline bool qp_point_in_range(struct qp_point a)
{
    return a.longitude_e7 >= -QP_LONGITUDE_MAX_E7 && a.longitude_e7 <= QP_LONGITUDE_MAX_E7 &&
           a.latitude_e7 >= -QP_LATITUDE_MAX_E7 && a.latitude_e7 <= QP_LATITUDE_MAX_E7;
}

/* Where c lies, seen from a towards b: 1 left, -1 right, 0 on the line. All in range. */
static inline int qp_point_side(struct qp_point a, struct qp_point b, struct qp_point c)
{
    int64_t left =
        ((int64_t)b.longitude_e7 - a.longitude_e7) * ((int64_t)c.latitude_e7 - a.latitude_e7);
    int64_t right =
        ((int64_t)b.latitude_e7 - a.latitude_e7) * ((int64_t)c.longitude_e7 - a.longitude_e7);
    return (left > right) - (left < right);
}

/* For points on one line: is c within the side from a to b, ends included? */
static inline bool qp_point_between(struct qp_point a, struct qp_point b, struct qp_point c)
{
    int from_a = qp_point_compare(a, c);
    int to_b = qp_point_compare(c, b);
    return from_a == 0 || to_b == 0 || from_a == to_b;
}

/* Place of a point in relation to one sound ring. */
enum qp_place qp_ring_place(const struct qp_ring *ring, struct qp_point point);

/* Index of the smallest point. */
size_t qp_ring_smallest(const struct qp_ring *ring);

/* 1 counter-clockwise, -1 clockwise; 0 where the ring folds back on itself at its smallest point,
 * which no sound ring does. The turn at an extreme point is the turn of the whole ring. */
int qp_ring_turn(const struct qp_ring *ring);

/* Kind, counts and range, nothing of the shape: GEO-KIND, GEO-MANY, GEO-FEW, GEO-RANGE. On QP_OK
 * *point_count and *ring_count are the totals (both 0 for a point). `fault` may be NULL. */
enum qp_code qp_geometry_check_counts(const struct qp_geometry *geometry, size_t *point_count,
                                      size_t *ring_count, struct qp_geometry_fault *fault,
                                      struct qp_err *err) QP_MUST_USE;

/* Six decimals, half away from zero. */
struct qp_point qp_point_reduce(struct qp_point point);

#endif
