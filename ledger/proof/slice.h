/* The slice of a log that a bundle holds, taken apart and authenticated.
 *
 * Events are kept as spans and decoded when they are looked at, so that memory follows the bundle's
 * size; the first few are kept decoded, for each is looked at some six times, and most bundles have
 * no more. Everything borrows from the bundle's bytes. */
#ifndef QP_PROOF_SLICE_H
#define QP_PROOF_SLICE_H

#include "proof/trust.h"

/* Of decoded events. */
#define QP_SLICE_KEEP_BYTES ((size_t)768 * 1024)

struct qp_slice_entry {
    uint64_t index;
    uint64_t admitted_ms;
    uint64_t sequence;
    uint64_t first; /* of those that the statement gives up; its own sequence where there is none */
    struct qp_public_key issuer;
    struct qp_hash leaf;
    struct qp_hash statement; /* qp_hash_statement */
    struct qp_hash previous;  /* what it names as the key's statement before `first` */
    struct qp_signature signature;
    size_t first_event;    /* in slice->events */
    size_t event_count;    /* shown */
    uint32_t signed_count; /* in the statement */
};

struct qp_slice_event {
    struct qp_span bytes;
    struct qp_hash id;
    size_t entry; /* in slice->entries */
    uint32_t position;
    Qp__Event__BodyCase body;
    Qp__Event *kept; /* decoded; NULL: it is decoded when it is looked at */
};

/* A commitment of an event shown, and what opens it, if that was disclosed. */
struct qp_slice_sealed {
    struct qp_hash commitment;
    Qp__SealedKind kind;
    uint32_t length;
    size_t event; /* in slice->events; the first that holds it */
    const Qp__SealedContent *content;
    bool measured;      /* a geometry: its area has been computed */
    uint64_t area_m2;   /* of polygons that decode; else 0 */
    const char *judged; /* plot whose geometry this is, once it has been judged */
};

struct qp_slice {
    struct qp_arena arena;   /* owns the arrays and the decoded bundle */
    struct qp_arena scratch; /* for one event at a time */
    struct qp_arena keep;    /* for those that are kept */
    const Qp__Bundle *bundle;
    struct qp_checkpoint checkpoint;
    struct qp_policy_result witnesses;
    struct qp_slice_entry *entries;
    size_t entry_count;
    const struct qp_slice_entry **by_key; /* entries, ascending by issuer, then sequence */
    struct qp_slice_event *events;        /* in log order */
    size_t event_count;
    struct qp_slice_sealed *sealed; /* ascending by commitment */
    size_t sealed_count;
    size_t disclosed_count;
};

/* Take a bundle apart. QP_E_INPUT (not a bundle), QP_E_MEMORY. After QP_OK the slice is to be
 * wiped, and *authentic says whether everything holds: QP_OK, or QP_E_INVALID and QP_E_INPUT with
 * the reason in `reason`. */
enum qp_code qp_slice_open(struct qp_slice *slice, struct qp_span file,
                           const struct qp_trust *trust, const struct qp_bundle_options *options,
                           enum qp_code *authentic, struct qp_err *reason,
                           struct qp_err *err) QP_MUST_USE;
void qp_slice_wipe(struct qp_slice *slice);

/* For qp_slice_open: the place of each entry; then signatures and events of all. QP_E_INVALID,
 * QP_E_INPUT, QP_E_MEMORY. known: may be NULL. */
enum qp_code qp_slice_place(struct qp_slice *slice, const struct qp_executor *executor,
                            struct qp_err *err) QP_MUST_USE;
enum qp_code qp_slice_check(struct qp_slice *slice, const struct qp_trust *trust,
                            const struct qp_executor *executor, struct qp_known *known,
                            struct qp_err *err) QP_MUST_USE;
/* Put the statements in the order of their keys and sequences. QP_E_INVALID: one key signed two
 * histories. QP_E_MEMORY. For qp_slice_open. */
enum qp_code qp_slice_order(struct qp_slice *slice, struct qp_err *err) QP_MUST_USE;

/* An event, decoded; it lives until the next call, and nobody changes it. Cannot fail for lack of
 * form: it was decoded once. QP_E_MEMORY. */
enum qp_code qp_slice_event(struct qp_slice *slice, size_t at, Qp__Event **event,
                            struct qp_err *err) QP_MUST_USE;
/* The commitment's row, or NULL: the one row that stands for all that are equal. */
struct qp_slice_sealed *qp_slice_find_sealed(const struct qp_slice *slice,
                                             const struct qp_hash *commitment);
/* An event by its place in the log; SIZE_MAX when it is not shown. */
size_t qp_slice_find_place(const struct qp_slice *slice, uint64_t index, uint32_t position);
/* An event by its issuer's name for it; SIZE_MAX when it is not shown. */
size_t qp_slice_find_event(const struct qp_slice *slice, const Qp__EventReference *reference);

#endif
