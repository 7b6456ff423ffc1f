/* Drafts from inside: events built as structs, and the parts that a journal signs. */
#ifndef QP_ISSUE_DRAFT_H
#define QP_ISSUE_DRAFT_H

#include <quipu/geo.h>
#include <quipu/issue.h>

#include "wire/wire.h"

#include <jansson.h>

/* One event and the sealed contents that belong to it: a run of the draft's list. */
struct qp_draft_event {
    struct qp_span bytes;
    size_t sealed_at;
    size_t sealed_count;
    size_t size_bytes; /* event and contents as they stand in a submission, a little generously */
};

struct qp_draft_sealed {
    struct qp_salt salt;
    struct qp_hash commitment;
    struct qp_span content;
};

struct qp_draft {
    struct qp_arena arena;   /* event bytes and contents */
    struct qp_arena scratch; /* of one event while it is made */
    struct qp_draft_event *events;
    size_t event_count;
    size_t event_capacity;
    struct qp_draft_sealed
        *sealed; /* [0, sealed_used) belong to events, the rest to the next one */
    size_t sealed_count;
    size_t sealed_used;
    size_t sealed_capacity;
};

/* Seal content with a new salt: it belongs to the event that is added next. *sealed lives until
 * then, or until qp_draft_drop. QP_E_INPUT (empty, or more than QP_SEALED_BYTES_MAX), QP_E_MEMORY.
 */
enum qp_code qp_draft_seal(struct qp_draft *draft, Qp__SealedKind kind, struct qp_span content,
                           Qp__Sealed **sealed, struct qp_err *err) QP_MUST_USE;
/* As above, from a message (Producer, Price, Contact) in its one encoding. */
enum qp_code qp_draft_seal_message(struct qp_draft *draft, Qp__SealedKind kind, const void *message,
                                   Qp__Sealed **sealed, struct qp_err *err) QP_MUST_USE;
/* As above, from a geometry: checked as it is and at six decimals, then in canonical form. The
 * refusal says in plain words what is wrong with the shape. */
enum qp_code qp_draft_seal_geometry(struct qp_draft *draft, const struct qp_geometry *geometry,
                                    Qp__Sealed **sealed, struct qp_err *err) QP_MUST_USE;
/* As above, from the plain content of a JSON text: an object {"kind": …, "content": …}. `expected`
 * is the kind that the field takes, or SEALED_KIND_UNSPECIFIED for any. */
enum qp_code qp_draft_seal_json(struct qp_draft *draft, const json_t *seal, Qp__SealedKind expected,
                                const struct qp_file_reader *read_file, Qp__Sealed **sealed,
                                struct qp_err *err) QP_MUST_USE;

/* Add an event, in its one encoding. event->nonce may be empty: a random one is put there for the
 * call. On failure the contents sealed for it are dropped as well. QP_E_INPUT names the field;
 * QP_E_MEMORY. */
enum qp_code qp_draft_add_event(struct qp_draft *draft, Qp__Event *event,
                                struct qp_err *err) QP_MUST_USE;
/* As qp_draft_seal, a content that was sealed before, with its salt. */
enum qp_code qp_draft_keep_sealed(struct qp_draft *draft, const Qp__SealedContent *content,
                                  struct qp_err *err) QP_MUST_USE;
/* As qp_draft_add_event, an event that was encoded before. */
enum qp_code qp_draft_keep_event(struct qp_draft *draft, struct qp_span bytes,
                                 struct qp_err *err) QP_MUST_USE;
/* Forget what was sealed for an event that is not coming. */
void qp_draft_drop(struct qp_draft *draft);
/* Back to the first event_count events, as they were. */
void qp_draft_cut(struct qp_draft *draft, size_t event_count);

/* The canonical bytes of a geometry that holds, appended to out. */
enum qp_code qp_geometry_content(const struct qp_geometry *geometry, struct qp_arena *arena,
                                 struct qp_buf *out, struct qp_err *err) QP_MUST_USE;

#endif
