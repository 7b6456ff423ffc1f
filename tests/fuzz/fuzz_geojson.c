/* GeoJSON: every feature handed out is within the limits, and a sound one survives its bytes. */
#include "exchange/geojson.h"
#include "fuzz/fuzz.h"

static enum qp_code feature(void *context, const struct qp_geojson_feature *feature,
                            struct qp_err *err)
{
    uint64_t *next = context;
    (void)err;
    HOLDS(feature->index >= *next);
    *next = feature->index + 1;
    HOLDS(feature->geometry != NULL);
    HOLDS(feature->properties == NULL || json_is_object(feature->properties));
    if (qp_geometry_check(feature->geometry, QP_GEOMETRY_AS_IS, NULL, NULL) != QP_OK) {
        return QP_OK;
    }
    struct qp_arena arena;
    struct qp_geometry normal;
    struct qp_geometry again;
    struct qp_buf bytes = {0};
    qp_arena_init(&arena, 0);
    HOLDS(qp_geometry_normalize(feature->geometry, &arena, &normal, NULL) == QP_OK);
    HOLDS(qp_geometry_check(&normal, QP_GEOMETRY_AS_IS, NULL, NULL) == QP_OK);
    HOLDS(qp_geometry_encode(&normal, &bytes, NULL) == QP_OK);
    HOLDS(qp_geometry_decode(qp_span_buf(&bytes), &arena, &again, NULL) == QP_OK);
    qp_buf_wipe(&bytes);
    qp_arena_wipe(&arena);
    return QP_OK;
}

static enum qp_code fault(void *context, uint64_t index, const struct qp_err *reason,
                          struct qp_err *err)
{
    (void)err;
    (void)index;
    (void)context;
    HOLDS(reason->text[0] != '\0');
    return QP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_arena arena;
    uint64_t next = 0;
    struct qp_geojson_sink patient = {.context = &next, .feature = feature, .fault = fault};
    struct qp_geojson_sink strict = {.context = &next, .feature = feature};
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_geojson_read(qp_span_of(data, size), &patient, &arena, NULL);
    HOLDS(rc == QP_OK || rc == QP_E_INPUT);
    next = 0;
    enum qp_code strictly = qp_geojson_read(qp_span_of(data, size), &strict, &arena, NULL);
    HOLDS(strictly == QP_OK || strictly == QP_E_INPUT);
    HOLDS(rc == QP_OK || strictly != QP_OK);
    strict.lenient = true;
    next = 0;
    enum qp_code leniently = qp_geojson_read(qp_span_of(data, size), &strict, &arena, NULL);
    HOLDS(leniently == QP_OK || strictly != QP_OK);
    qp_arena_wipe(&arena);
    return 0;
}
