/* A verdict in the making: the lines, their numbers and reasons, the events that carry each of
 * them, and the plots. */
#ifndef QP_PROOF_VERDICT_H
#define QP_PROOF_VERDICT_H

#include "proof/claims.h"
#include "proof/slice.h"

#include <jansson.h>

/* Reasons kept for one line; the rest is counted. */
#define QP_REASONS_MAX 20

struct qp_verdict_line {
    enum qp_result result;
    json_t *numbers; /* object */
    json_t *reasons; /* list of texts */
    size_t more;     /* reasons that were not kept */
    json_t *ranges;  /* list of [first, last]: entries that carry the line */
    uint64_t entries;
};

/* What an event gives to the line that is explained, or why it fails it. */
struct qp_verdict_note {
    struct qp_verdict_note *next;
    const char *text;
};

/* Of one event, for the line that is explained. */
struct qp_verdict_told {
    struct qp_verdict_note *first;
    struct qp_verdict_note *last;
    enum qp_result result; /* the worst that was said of it */
};

struct qp_verdict {
    struct qp_arena arena;
    struct qp_verdict_line lines[QP_LINE_COUNT];
    bool required[QP_LINE_COUNT];
    struct qp_claims claims;
    json_t *facts; /* object: what the bundle is about */
    struct qp_verdict_plot *plots;
    size_t plot_count;
    size_t event_count; /* of the slice; 0 until qp_verdict_begin */
    uint8_t *carries;   /* bits of lines, one byte for each event */
    enum qp_line explained;
    struct qp_verdict_told *told; /* one for each event; NULL when no line is explained */
    bool out_of_memory;           /* something could not be noted */
};

/* "PASS", "FAIL", "NOT SHOWN". */
const char *qp_result_name(enum qp_result result);

/* Every line PASS, until a reason says otherwise. */
enum qp_code qp_verdict_new(const struct qp_trust *trust, struct qp_verdict **verdict,
                            struct qp_err *err) QP_MUST_USE;
void qp_verdict_number(struct qp_verdict *verdict, enum qp_line line, const char *name,
                       uint64_t value);
/* A reason makes a line FAIL or, unless it has failed, NOT SHOWN; QP_PASS only adds the text. */
void qp_verdict_reason(struct qp_verdict *verdict, enum qp_line line, enum qp_result result,
                       const char *format, ...) QP_PRINTF(4, 5);
/* From here on events are known by their number in the slice. explained: QP_LINE_COUNT for none. */
enum qp_code qp_verdict_begin(struct qp_verdict *verdict, size_t event_count,
                              enum qp_line explained, struct qp_err *err) QP_MUST_USE;
/* The event carries the line: the line rests on it. The words are kept where the line is explained:
 * what the event gives to it, or why it fails it. */
void qp_verdict_carry(struct qp_verdict *verdict, enum qp_line line, enum qp_result result,
                      size_t event, const char *format, ...) QP_PRINTF(5, 6);
/* A reason that is this event's: qp_verdict_reason and qp_verdict_carry. SIZE_MAX: of none. */
void qp_verdict_blame(struct qp_verdict *verdict, enum qp_line line, enum qp_result result,
                      size_t event, const char *format, ...) QP_PRINTF(5, 6);
bool qp_verdict_carries(const struct qp_verdict *verdict, enum qp_line line, size_t event);

void qp_verdict_fact(struct qp_verdict *verdict, const char *name, json_t *value); /* takes value */
void qp_verdict_fact_text(struct qp_verdict *verdict, const char *name, const char *text);

#endif
