/* The bytes of a geometry: accepted bytes are the only ones of that geometry, and a sound shape is
 * its own canonical form. */
#include "fuzz/fuzz.h"

#include <quipu/geo.h>

static void holds_bytes(const struct qp_geometry *geometry, struct qp_span in)
{
    struct qp_buf again = {0};
    HOLDS(qp_geometry_encode(geometry, &again, NULL) == QP_OK);
    holds_same(qp_span_buf(&again), in);
    qp_buf_wipe(&again);
}

static void holds_sound(const struct qp_geometry *geometry, struct qp_span in,
                        struct qp_arena *arena)
{
    struct qp_geometry same;
    struct qp_point corner = geometry->kind == QP_GEOMETRY_POINT
                                 ? geometry->point
                                 : geometry->polygons[0].rings[0].points[0];
    struct qp_box box = qp_geometry_box(geometry);
    HOLDS(qp_geometry_normalize(geometry, arena, &same, NULL) == QP_OK);
    holds_bytes(&same, in);
    HOLDS(qp_geometry_contains(geometry, corner) == QP_PLACE_BOUNDARY);
    HOLDS(box.south_west.longitude_e7 <= corner.longitude_e7 &&
          corner.longitude_e7 <= box.north_east.longitude_e7);
    HOLDS(box.south_west.latitude_e7 <= corner.latitude_e7 &&
          corner.latitude_e7 <= box.north_east.latitude_e7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_arena arena;
    struct qp_span in = qp_span_of(data, size);
    struct qp_geometry geometry;
    struct qp_geometry reduced;
    struct qp_geometry_fault fault = {0};
    uint64_t area_m2 = 0;
    qp_arena_init(&arena, 0);
    if (qp_geometry_decode(in, &arena, &geometry, NULL) == QP_OK) {
        holds_bytes(&geometry, in);
        enum qp_code rc = qp_geometry_check(&geometry, QP_GEOMETRY_AS_IS, &fault, NULL);
        HOLDS(rc == QP_OK || (rc == QP_E_REFUSED && fault.code != NULL));
        if (rc == QP_OK) {
            holds_sound(&geometry, in, &arena);
            HOLDS(qp_geometry_area_m2(&geometry, &area_m2, NULL) == QP_OK);
            HOLDS(geometry.kind == QP_GEOMETRY_POLYGON || area_m2 == 0);
        }
        HOLDS(qp_geometry_reduce(&geometry, &arena, &reduced, NULL) == QP_OK);
        rc = qp_geometry_check(&geometry, QP_GEOMETRY_SIX_DECIMALS, NULL, NULL);
        HOLDS(rc == qp_geometry_check(&reduced, QP_GEOMETRY_AS_IS, NULL, NULL));
    }
    qp_arena_wipe(&arena);
    return 0;
}
