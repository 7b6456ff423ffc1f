#include <quipu/geo.h>

#include "geo/plane.h"

/* The only place that needs more than 64 bits. */
__extension__ typedef __int128 wide;

/* Fixed point with 60 bits behind the point. */
#define FRACTION_BITS 60
#define ONE (INT64_C(1) << FRACTION_BITS)

/* pi / 1.8e9, the radians in 1e-7 degree, times 2^92. */
#define RADIAN_E7_Q92 INT64_C(8642451851119134904)

/* R² / 2 · pi / 1.8e9 with R = 6,378,137 m, times 2^32: the square metres of a unit of the sum. */
#define UNIT_M2_Q32 INT64_C(152473693305004)

/* sin of a whole number of 1e-7 degree within ±90°, times 2^60. Taylor's series in Horner form up
 * to x^25, whose rest at 90° is below 2^-70; each step rounds down once, so the error is some units
 * of 2^-60. */
static int64_t sine(int32_t angle_e7)
{
    int64_t magnitude = angle_e7 < 0 ? -(int64_t)angle_e7 : angle_e7;
    int64_t x = (int64_t)(((wide)magnitude * RADIAN_E7_Q92) >> (92 - FRACTION_BITS));
    int64_t square = (int64_t)(((wide)x * x) >> FRACTION_BITS);
    int64_t series = ONE;
    for (int64_t k = 12; k >= 1; k--) {
        int64_t term = (int64_t)(((wide)square * series) >> FRACTION_BITS);
        series = ONE - term / (2 * k * (2 * k + 1));
    }
    int64_t value = (int64_t)(((wide)x * series) >> FRACTION_BITS);
    return angle_e7 < 0 ? -value : value;
}

/* |Σ (λ[i+1] − λ[i−1]) · sin φ[i]| in 1e-7 degree times 2^60. At most 20,000 · 2^32 · 2^60 < 2^107.
 */
static wide ring_sum(const struct qp_ring *ring)
{
    wide sum = 0;
    for (size_t i = 0; i < ring->count; i++) {
        int64_t before = ring->points[i == 0 ? ring->count - 1 : i - 1].longitude_e7;
        int64_t after = ring->points[i + 1 == ring->count ? 0 : i + 1].longitude_e7;
        sum += (wide)(after - before) * sine(ring->points[i].latitude_e7);
    }
    return sum < 0 ? -sum : sum;
}

enum qp_code qp_geometry_area_m2(const struct qp_geometry *geometry, uint64_t *area_m2,
                                 struct qp_err *err)
{
    size_t point_count = 0;
    size_t ring_count = 0;
    enum qp_code rc = qp_geometry_check_counts(geometry, &point_count, &ring_count, NULL, err);
    if (rc != QP_OK) {
        return rc;
    }
    wide sum = 0;
    for (size_t i = 0; i < geometry->polygon_count && geometry->kind == QP_GEOMETRY_POLYGON; i++) {
        const struct qp_polygon *polygon = &geometry->polygons[i];
        wide net = ring_sum(&polygon->rings[0]);
        for (size_t j = 1; j < polygon->ring_count; j++) {
            net -= ring_sum(&polygon->rings[j]);
        }
        if (net < 0) {
            return qp_refuse(err, "GEO-HOLE-OUTSIDE",
                             "polygon %zu: its holes are larger than its exterior ring", i + 1);
        }
        sum += net;
    }
    /* 30 bits go, which are worth 4e-5 m² at most, so that the product stays below 2^125. */
    wide short_sum = (sum + ((wide)1 << 29)) >> 30;
    int shift = FRACTION_BITS - 30 + 32;
    *area_m2 = (uint64_t)((short_sum * UNIT_M2_Q32 + ((wide)1 << (shift - 1))) >> shift);
    return QP_OK;
}
