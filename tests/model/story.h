/* A story: statements told to the model and to the library at once, and what each answered. */
#ifndef QP_TESTS_MODEL_STORY_H
#define QP_TESTS_MODEL_STORY_H

#include "model/world.h"
#include "rules/state.h"

#define STORY_EVENTS 4 /* in a statement, at most */
#define STORY_BATCH 8  /* statements that are submitted together, at most */

struct told_event {
    struct qp_span bytes; /* in the world's arena */
    Qp__Event *event;     /* decoded from them */
    struct qp_hash id;
};

/* What became of a statement. */
struct answer {
    const char *code;  /* of the refusal; NULL: admitted */
    size_t position;   /* of the event that was refused */
    unsigned warnings; /* of a statement that was admitted */
};

struct statement {
    const uint8_t *issuer; /* in the pool */
    uint64_t sequence;
    uint64_t index; /* of the entry, should it be admitted */
    uint64_t admitted_ms;
    size_t count;
    struct told_event events[STORY_EVENTS];
    struct answer ours; /* the model's */
    bool waits;         /* is submitted together with the one behind it */
    bool left_out;      /* while a difference is made shorter */
};

struct story {
    uint64_t seed;
    struct statement *statements;
    size_t count;
    size_t room;
};

/* Someone who admits statements: the library, in memory or on disk. */
struct side {
    void *context;
    /* A new ledger; whatever there was before is gone. */
    void (*reset)(void *context);
    /* Statements that come at the same time, and an answer to each. A code is good until the next
     * call. */
    void (*submit)(void *context, const struct statement *const *statements, size_t count,
                   struct answer *answers);
    struct qp_state (*state)(void *context);
    /* Records that the state has, or SIZE_MAX where it cannot count them. */
    size_t (*record_count)(void *context);
    /* At the end of a story: what else is not as it should be, or NULL. */
    const char *(*finish)(void *context);
    bool knows_position; /* its answers say which event was refused, and count warnings */
    bool is_log;         /* it takes several statements at once, and none that is dated ahead of its
                            clock (section 9); it is opened as it should be */
};

struct side *side_memory_open(void);
void side_memory_close(struct side *side);
struct side *side_log_open(void);
void side_log_close(struct side *side);

/* NULL where model and state are alike, or the first difference as a text that is good until the
 * next call. */
const char *compare_state(const struct model *model, struct qp_state *state, size_t record_count);

/* What was met, over all stories. */
struct counts {
    uint64_t stories;
    uint64_t statements;
    uint64_t admitted[128]; /* events, by the field number of the body */
    uint64_t refused[128];
    uint64_t codes[128]; /* refusals, in the order of qp_rule_codes */
};

struct teller {
    struct side *side;
    struct counts counts;
    size_t length; /* statements after the ledger is set up */
    bool quiet;    /* count, do not print */
};

/* Tell the story of a seed. False where the two differ: the shortest version of it that still shows
 * a difference is printed. */
bool tell(struct teller *teller, uint64_t seed);
/* The row of a code in qp_rule_codes; aborts where there is none. */
size_t code_row(const char *code);

#endif
