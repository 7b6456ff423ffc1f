/* Small geometries for tests: rings as arrays of { longitude, latitude } in 1e-7 degree. */
#ifndef QP_TESTS_GEO_SHAPES_H
#define QP_TESTS_GEO_SHAPES_H

#include <quipu/geo.h>

#define RING(array)                                                                                \
    {                                                                                              \
        .points = (array), .count = sizeof(array) / sizeof((array)[0])                             \
    }

/* A geometry of one polygon over rings that the caller keeps. */
struct shape {
    struct qp_polygon polygon;
    struct qp_geometry geometry;
};

static inline const struct qp_geometry *shape_of(struct shape *shape, const struct qp_ring *rings,
                                                 size_t ring_count)
{
    shape->polygon = (struct qp_polygon){.rings = rings, .ring_count = ring_count};
    shape->geometry = (struct qp_geometry){
        .kind = QP_GEOMETRY_POLYGON, .polygons = &shape->polygon, .polygon_count = 1};
    return &shape->geometry;
}

/* The same numbers on every machine. */
static inline uint32_t shape_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

#endif
