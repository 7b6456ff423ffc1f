/* The library's rules over the state in memory, with marks and rollback as admission uses them. */
#include "model/story.h"

#include "rules/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept {
    const uint8_t *issuer;
    uint64_t sequence;
    uint32_t position;
    uint64_t index;
    struct qp_span bytes;
};

struct memory {
    struct side side;
    struct qp_state_map *map;
    struct qp_state below;
    struct qp_hash ledger_id; /* of the first event */
    struct qp_arena scratch;
    struct qp_rule_memo memo; /* of rule sets; used for every other entry */
    struct qp_err err;
    struct kept *events;
    size_t event_count;
    size_t event_room;
};

static enum qp_code nothing(void *context, struct qp_span key, struct qp_span *record,
                            struct qp_err *err)
{
    (void)context;
    (void)key;
    (void)err;
    *record = (struct qp_span){0};
    return QP_OK;
}

static enum qp_code find_event(void *context, const Qp__EventReference *reference,
                               struct qp_span *event, Qp__EventPlace *place, struct qp_err *err)
{
    const struct memory *memory = context;
    for (size_t i = 0; i < memory->event_count; i++) {
        const struct kept *kept = &memory->events[i];
        if (kept->sequence == reference->sequence && kept->position == reference->position &&
            memcmp(kept->issuer, reference->issuer.data, 32) == 0) {
            *event = kept->bytes;
            qp__event_place__init(place);
            place->index = kept->index;
            place->position = kept->position;
            return QP_OK;
        }
    }
    return qp_fail(err, QP_E_NOT_FOUND, "no such event");
}

static void keep(struct memory *memory, const struct statement *statement, size_t position)
{
    if (memory->event_count == memory->event_room) {
        memory->event_room = memory->event_room == 0 ? 256 : memory->event_room * 2;
        memory->events = realloc(memory->events, memory->event_room * sizeof *memory->events);
        if (memory->events == NULL) {
            abort();
        }
    }
    memory->events[memory->event_count++] = (struct kept){
        .issuer = statement->issuer,
        .sequence = statement->sequence,
        .position = (uint32_t)position,
        .index = statement->index,
        .bytes = statement->events[position].bytes,
    };
}

static void reset(void *context)
{
    struct memory *memory = context;
    qp_state_map_clear(memory->map);
    memory->event_count = 0;
}

/* What no ledger is needed to refuse, no ledger admits. */
static bool holds_alone(struct memory *memory, const struct told_event *told,
                        const struct qp_public_key *issuer, uint64_t index)
{
    char party[32];
    struct qp_err why;
    struct qp_state state = qp_state_map_state(memory->map);
    qp_arena_reset(&memory->scratch);
    bool known = qp_rules_party(issuer, index, &state, &memory->scratch, party, &why) == QP_OK;
    return qp_rules_check_alone(told->event, known ? party : NULL, &why) == QP_OK;
}

static void count_warning(void *context, const char *text)
{
    (void)text;
    ++*(unsigned *)context;
}

static void submit_one(void *context, const struct statement *statement, struct answer *answer)
{
    struct memory *memory = context;
    struct qp_state state = qp_state_map_state(memory->map);
    size_t before = memory->event_count;
    *answer = (struct answer){0};
    qp_state_map_mark(memory->map);
    for (size_t i = 0; i < statement->count; i++) {
        const struct told_event *told = &statement->events[i];
        struct qp_rule_context at = {.event_id = told->id,
                                     .ledger_id = memory->ledger_id,
                                     .index = statement->index,
                                     .position = (uint32_t)i,
                                     .admitted_ms = statement->admitted_ms,
                                     .warn = count_warning,
                                     .warn_context = &answer->warnings,
                                     .memo = statement->index % 2 == 0 ? &memory->memo : NULL};
        memcpy(at.issuer.bytes, statement->issuer, 32);
        qp_arena_reset(&memory->scratch);
        qp_err_init(&memory->err);
        enum qp_code rc = qp_rules_apply(&at, told->event, &state, &memory->scratch, &memory->err);
        if (rc == QP_OK && holds_alone(memory, told, &at.issuer, at.index)) {
            keep(memory, statement, i);
            if (told->event->body_case == QP__EVENT__BODY_LEDGER_OPENED) {
                memory->ledger_id = told->id;
            }
            continue;
        }
        qp_state_map_rollback(memory->map);
        memory->event_count = before;
        answer->position = i;
        answer->code = memory->err.rule;
        if (rc == QP_OK) {
            answer->code = "admitted, but refused where no ledger is at hand";
        } else if (rc != QP_E_REFUSED) {
            answer->code = memory->err.text;
        }
        return;
    }
}

static void submit(void *context, const struct statement *const *statements, size_t count,
                   struct answer *answers)
{
    for (size_t i = 0; i < count; i++) {
        submit_one(context, statements[i], &answers[i]);
    }
}

static struct qp_state state_of(void *context)
{
    return qp_state_map_state(((struct memory *)context)->map);
}

static enum qp_code count_one(void *context, struct qp_span key, struct qp_span record,
                              struct qp_err *err)
{
    (void)key;
    (void)err;
    *(size_t *)context += record.len > 0;
    return QP_OK;
}

static size_t record_count(void *context)
{
    struct qp_err err;
    size_t count = 0;
    if (qp_state_map_each(((struct memory *)context)->map, count_one, &count, &err) != QP_OK) {
        abort();
    }
    return count;
}

static const char *finish(void *context)
{
    (void)context;
    return NULL;
}

struct side *side_memory_open(void)
{
    struct qp_err err;
    struct memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL) {
        abort();
    }
    memory->below = (struct qp_state){.context = memory, .get = nothing, .event = find_event};
    qp_arena_init(&memory->scratch, 0);
    qp_rule_memo_init(&memory->memo);
    if (qp_state_map_new(&memory->below, &memory->map, &err) != QP_OK) {
        abort();
    }
    memory->side = (struct side){.context = memory,
                                 .reset = reset,
                                 .submit = submit,
                                 .state = state_of,
                                 .record_count = record_count,
                                 .finish = finish,
                                 .knows_position = true};
    return &memory->side;
}

void side_memory_close(struct side *side)
{
    struct memory *memory = side->context;
    qp_state_map_free(memory->map);
    qp_arena_wipe(&memory->scratch);
    qp_rule_memo_wipe(&memory->memo);
    free(memory->events);
    free(memory);
}
