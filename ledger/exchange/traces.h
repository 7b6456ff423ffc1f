/* The plots of a verdict as TRACES takes them: every coordinate at six decimals, holes cut away
 * (geo/split.h), no polygon twice, in order of the producer's name and country.
 *
 * By the GeoJSON file description of the EUDR Information System as of 29 May 2026. Two kinds of
 * files: type I holds the plots of one producer, whom the message around it names; type II holds
 * those of a commodity, and each feature names its producer and country. */
#ifndef QP_EXCHANGE_TRACES_H
#define QP_EXCHANGE_TRACES_H

#include "exchange/geojson.h"
#include "proof/verdict.h"

struct qp_traces_feature {
    const struct qp_verdict_plot *plot;
    struct qp_geometry geometry; /* at six decimals, in normal form */
    uint64_t area_m2;            /* of this feature at six decimals; of a point, as declared */
};

/* The features of one producer in one country. */
struct qp_traces_group {
    const char *producer;      /* id */
    const char *producer_name; /* "" where not disclosed */
    const char *country;
    size_t first; /* in features */
    size_t count;
};

struct qp_traces {
    struct qp_arena arena;
    const struct qp_verdict *verdict; /* borrowed: it outlives this */
    struct qp_traces_feature *features;
    size_t feature_count;
    struct qp_traces_group *groups;
    size_t group_count;
    size_t plot_count; /* plots in it; the verdict may have more */
    size_t cut_count;  /* plots with holes, which became several features */
    size_t refused;    /* plots left out */
    uint64_t area_m2;  /* of the plots in it */
};

/* Take the plots of a verdict.
 *
 * fault   called for each plot that is left out, with the reason: no geometry, what
 *         qp_geojson_check says, GEO-DUPLICATE (the same polygon or point, at six decimals, as
 *         another plot's; both are named, the second is left out)
 * Returns QP_OK, also when plots were left out; QP_E_MEMORY. After QP_OK, wipe. */
enum qp_code qp_traces_init(struct qp_traces *traces, const struct qp_verdict *verdict,
                            void (*fault)(void *context, const struct qp_err *reason),
                            void *context, struct qp_err *err) QP_MUST_USE;
void qp_traces_wipe(struct qp_traces *traces);

/* Append a type I collection: one group. QP_E_REFUSED (GEO-FILE: more than 25 MB), QP_E_MEMORY. */
enum qp_code qp_traces_producer(const struct qp_traces *traces, size_t group, struct qp_buf *out,
                                struct qp_err *err) QP_MUST_USE;
/* Append a type II collection from group `first` on: as many whole groups as fit into most_bytes.
 *
 * next   out: the first group that is not in it; the group count when all are
 * Returns QP_OK; QP_E_REFUSED (GEO-FILE: one producer alone is larger); QP_E_MEMORY. */
enum qp_code qp_traces_commodity(const struct qp_traces *traces, size_t first, size_t most_bytes,
                                 struct qp_buf *out, size_t *next, struct qp_err *err) QP_MUST_USE;

#endif
