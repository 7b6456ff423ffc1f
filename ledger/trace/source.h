/* Where this room reads from: an open log, or what a test puts in its place. */
#ifndef QP_TRACE_SOURCE_H
#define QP_TRACE_SOURCE_H

#include <quipu/trace.h>

#include "log/view.h"

struct qp_trace_source {
    void *context;
    uint64_t size;         /* entries under the newest checkpoint */
    struct qp_state state; /* only read */
    struct qp_merkle_reader merkle;
    /* As the functions of log.h and log/view.h that they are named after. `each` reads nothing from
     * the source. */
    enum qp_code (*edges)(void *context, enum qp_state_kind kind, const char *id,
                          enum qp_code (*each)(void *each_context,
                                               const struct qp_edge_place *place,
                                               struct qp_err *err),
                          void *each_context, struct qp_err *err);
    enum qp_code (*entry)(void *context, uint64_t index, struct qp_buf *out, struct qp_err *err);
    enum qp_code (*event)(void *context, uint64_t index, uint32_t position, struct qp_buf *out,
                          struct qp_err *err);
    enum qp_code (*find)(void *context, const struct qp_public_key *issuer, uint64_t sequence,
                         uint64_t *index, struct qp_err *err);
    enum qp_code (*sealed)(void *context, uint64_t index, const struct qp_hash *commitment,
                           struct qp_buf *out, struct qp_err *err);
    enum qp_code (*ids)(void *context, enum qp_state_kind kind, const char *prefix,
                        bool (*each)(void *each_context, struct qp_span id), void *each_context,
                        struct qp_err *err);
    enum qp_code (*signed_by)(void *context, const struct qp_public_key *issuer, uint64_t since,
                              enum qp_code (*each)(void *each_context, uint64_t index,
                                                   struct qp_err *err),
                              void *each_context, struct qp_err *err);
    enum qp_code (*checkpoint)(void *context, struct qp_buf *out, struct qp_err *err);
};

/* The log as a source; valid until the log is refreshed or closed. */
struct qp_trace_source qp_trace_source_log(struct qp_log *log);

/* Edges of one subject, oldest first, appended to an array that grows. */
struct qp_places {
    struct qp_edge_place *list; /* free with qp_free */
    size_t count;
    size_t room;
};
enum qp_code qp_places_read(const struct qp_trace_source *source, enum qp_state_kind kind,
                            const char *id, struct qp_places *places,
                            struct qp_err *err) QP_MUST_USE;

/* Which of these kinds (ended by 0) an id names. QP_E_NOT_FOUND names an id that is near it, or
 * says what else the id is; QP_E_USAGE when it has not the form of an id. */
enum qp_code qp_trace_find(const struct qp_trace_source *source, const enum qp_state_kind *kinds,
                           const char *id, enum qp_state_kind *kind,
                           struct qp_err *err) QP_MUST_USE;
/* An id of these kinds that is near one that names nothing: the same in another case or with other
 * punctuation, or the only one that is one edit away from it, by the same party. near[0] is NUL
 * where there is none. Not more than the first 20,000 ids of the party are looked at. */
enum qp_code qp_trace_near(const struct qp_trace_source *source, const enum qp_state_kind *kinds,
                           const char *id, char near[81], enum qp_state_kind *kind,
                           struct qp_err *err) QP_MUST_USE;
/* "lot", "plot", …; never NULL. */
const char *qp_trace_kind_name(enum qp_state_kind kind);
/* The kind of such a name; 0: it is none. */
enum qp_state_kind qp_trace_kind_of(const char *name);

struct qp_trace_sink {
    void *context;
    enum qp_code (*step)(void *context, const struct qp_trace_step *step, struct qp_err *err);
};

struct qp_taint_sink {
    void *context;
    enum qp_code (*taint)(void *context, const struct qp_taint *taint, struct qp_err *err);
};

/* The public functions, on any source. */
enum qp_code qp_trace_walk_source(const struct qp_trace_source *source, const char *id,
                                  enum qp_trace_direction direction,
                                  const struct qp_trace_sink *sink, struct qp_err *err) QP_MUST_USE;
enum qp_code qp_taint_source(const struct qp_trace_source *source, const char *kind, const char *id,
                             const struct qp_taint_sink *sink, struct qp_err *err) QP_MUST_USE;
enum qp_code qp_impact_source(const struct qp_trace_source *source,
                              const struct qp_impact_thing *thing, unsigned directions,
                              struct qp_impact **impact, struct qp_err *err) QP_MUST_USE;
enum qp_code qp_prove_source(const struct qp_trace_source *source, const char *shipment,
                             unsigned disclose, struct qp_buf *out, struct qp_prove_report *report,
                             struct qp_err *err) QP_MUST_USE;

#endif
