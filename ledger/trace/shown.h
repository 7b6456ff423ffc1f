/* Shown: the events and entries that a closure has come upon so far, each read once. */
#ifndef QP_TRACE_SHOWN_H
#define QP_TRACE_SHOWN_H

#include "trace/closure.h"
#include "trace/visited.h"

struct qp_shown {
    const struct qp_trace_source *source;
    struct qp_closure *closure; /* takes them, in the order in which they come */
    struct qp_visited events;
    struct qp_visited entries;
    size_t event_room;
    size_t entry_room;
    struct qp_arena scratch;
    struct qp_buf bytes;
};

/* source and closure (whose arena is made): borrowed until wipe. */
void qp_shown_init(struct qp_shown *shown, const struct qp_trace_source *source,
                   struct qp_closure *closure);
void qp_shown_wipe(struct qp_shown *shown);

/* *number: its place in closure->entries. QP_E_STORE, QP_E_MEMORY: the closure is of no use. */
enum qp_code qp_shown_entry(struct qp_shown *shown, uint64_t index, size_t *number,
                            struct qp_err *err) QP_MUST_USE;

struct qp_shown_place {
    size_t event; /* in closure->events */
    size_t entry; /* in closure->entries; only set when fresh */
    bool fresh;   /* it was not shown before */
};
/* The event, and its entry with it. Failures as above. */
enum qp_code qp_shown_event(struct qp_shown *shown, uint64_t index, uint32_t position,
                            struct qp_shown_place *place, struct qp_err *err) QP_MUST_USE;
/* An event that is shown, decoded in an arena of the caller's. */
enum qp_code qp_shown_decode(const struct qp_shown_event *event, struct qp_arena *arena,
                             Qp__Event **decoded, struct qp_err *err) QP_MUST_USE;
/* Both into log order; the places that were given out end with this. */
void qp_shown_sort(struct qp_closure *closure);

/* Room for one more element in the qp_free-able array that *array points to. */
enum qp_code qp_grow(void *array, size_t count, size_t *room, size_t size,
                     struct qp_err *err) QP_MUST_USE;

#endif
