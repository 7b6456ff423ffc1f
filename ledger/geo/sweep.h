/* Finding the first contact among the sides of a geometry, in one sweep. */
#ifndef QP_GEO_SWEEP_H
#define QP_GEO_SWEEP_H

#include "geo/plane.h"

/* All vertices of a geometry in one array; side i goes from vertex i to vertex next[i]. */
struct qp_sides {
    const struct qp_point *points;
    const uint32_t *next;
    const uint32_t *previous;
    size_t count;
};

enum qp_contact { QP_CONTACT_NONE = 0, QP_CONTACT_TOUCH, QP_CONTACT_CROSS, QP_CONTACT_ALONG };

/* First contact between two sides that are not neighbours in their ring, or between two vertices.
 * No vertex may equal the next of its ring, and no two neighbouring sides may fold onto each other:
 * check that first.
 *
 * sides  at most QP_GEO_POINTS_MAX vertices, in range
 * kind   out: what was found; a and b, out: the two sides (or vertices) by index
 * Returns QP_OK or QP_E_MEMORY. */
enum qp_code qp_sides_first_contact(const struct qp_sides *sides, enum qp_contact *kind,
                                    uint32_t *a, uint32_t *b, struct qp_err *err) QP_MUST_USE;

#endif
