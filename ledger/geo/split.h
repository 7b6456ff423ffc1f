/* Polygons with holes, cut into polygons without.
 *
 * TRACES takes no holes. Every hole is tied to what lies left of it and to what lies right of it by
 * a straight cut between two vertices, and the polygon falls apart along the cuts. No vertex is
 * made and none is moved, so the parts have the exact area of the whole, share nothing but their
 * cuts, and each is a sound shape when the whole was one. */
#ifndef QP_GEO_SPLIT_H
#define QP_GEO_SPLIT_H

#include <quipu/geo.h>

/* Cut every polygon of a geometry that qp_geometry_check accepts.
 *
 * parts   out: in the arena; each is one polygon of one ring, counter-clockwise. A polygon without
 *         holes is one part; one with n holes is 2 to n + 1.
 * count   out
 * Returns QP_OK; QP_E_REFUSED (a point, counts, or a shape that is not sound; not every fault is
 * found here); QP_E_MEMORY.
 * Cost: vertices times holes. */
enum qp_code qp_geometry_split(const struct qp_geometry *geometry, struct qp_arena *arena,
                               struct qp_geometry **parts, size_t *count,
                               struct qp_err *err) QP_MUST_USE;

#endif
