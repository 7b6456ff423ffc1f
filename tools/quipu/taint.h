/* What taints a thing, gathered for whoever shows it: sentences for people, lists for programs. */
#ifndef QUIPU_TAINT_H
#define QUIPU_TAINT_H

#include "cli.h"

struct taints {
    struct qp_buf causes; /* sentences, each with a NUL behind; not made safe */
    struct qp_buf notes;  /* the same, of what is weaker */
    size_t cause_count;
    size_t note_count;
    json_t *cause_list;
    json_t *note_list;
};

#define TAINTS_SHOWN 20 /* sentences of one kind that are printed */

/* As qp_taint. Wipe afterwards, whatever it returns. */
enum qp_code taints_find(struct taints *taints, struct qp_log *log, const char *kind,
                         const char *id, struct qp_err *err) QP_MUST_USE;
void taints_wipe(struct taints *taints);
/* Call `line` for the sentences of both, the causes first; where there are more than TAINTS_SHOWN
 * of one kind, the last line says how many more. name: "tainted by" or "note". */
void taints_each(const struct taints *taints,
                 void (*line)(void *context, const char *name, const char *sentence),
                 void *context);
/* Put "taint" and "notes" into an object. QP_E_MEMORY. */
enum qp_code taints_json(const struct taints *taints, json_t *object,
                         struct qp_err *err) QP_MUST_USE;

#endif
