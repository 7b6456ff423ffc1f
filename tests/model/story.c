#include "model/story.h"
#include "rules/rules.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* States are compared after so many statements, and at the end. */
#define COMPARE_EVERY 25

static void must(enum qp_code rc, const struct qp_err *err)
{
    if (rc != QP_OK) {
        fprintf(stderr, "story: %s (%s)\n", err->text, qp_code_name(rc));
        abort();
    }
}

size_t code_row(const char *code)
{
    for (size_t i = 0; qp_rule_codes[i].code != NULL; i++) {
        if (strcmp(qp_rule_codes[i].code, code) == 0) {
            return i;
        }
    }
    fprintf(stderr, "%s is not in qp_rule_codes\n", code);
    abort();
}

/* ---- One statement, judged by the model ---- */

/* Section 9 (6), where the side has a clock. A second opening is refused whatever its date. */
static const char *judge_time(const struct side *side, const struct statement *statement,
                              const Qp__Event *event)
{
    bool ahead = event->occurred_ms > statement->admitted_ms + MODEL_DAY_MS;
    bool opens = event->body_case == QP__EVENT__BODY_LEDGER_OPENED;
    return side->is_log && ahead && !opens ? "QP-TIME-FUTURE" : NULL;
}

static const char *judge_event(const struct side *side, struct model *model,
                               const struct statement *statement, size_t position)
{
    const struct told_event *told = &statement->events[position];
    struct model_context context = {.issuer = statement->issuer,
                                    .sequence = statement->sequence,
                                    .id = told->id.bytes,
                                    .place = {statement->index, (uint32_t)position},
                                    .admitted_ms = statement->admitted_ms};
    const char *code = judge_time(side, statement, told->event);
    return code != NULL ? code : model_apply(model, &context, told->event);
}

static bool same_answer(const struct side *side, const struct answer *a, const struct answer *b)
{
    if (a->code == NULL || b->code == NULL) {
        return a->code == b->code && (!side->knows_position || a->warnings == b->warnings);
    }
    return strcmp(a->code, b->code) == 0 && (!side->knows_position || a->position == b->position);
}

static const char *answer_text(const struct answer *answer)
{
    return answer->code == NULL ? "admitted" : answer->code;
}

static char difference[8192];

/* The side's answers to the statements that wait. *until: the first that is answered otherwise than
 * by the model. */
static bool answers_agree(struct side *side, const struct story *story, const size_t *waiting,
                          size_t count, size_t *until)
{
    const struct statement *statements[STORY_BATCH] = {NULL};
    struct answer theirs[STORY_BATCH];
    for (size_t i = 0; i < count; i++) {
        statements[i] = &story->statements[waiting[i]];
    }
    side->submit(side->context, statements, count, theirs);
    for (size_t i = 0; i < count; i++) {
        const struct answer *ours = &statements[i]->ours;
        if (!same_answer(side, ours, &theirs[i])) {
            snprintf(difference, sizeof difference,
                     "the library says %s (event %zu, %u warnings), the model %s (event %zu, %u "
                     "warnings)",
                     answer_text(&theirs[i]), theirs[i].position, theirs[i].warnings,
                     answer_text(ours), ours->position, ours->warnings);
            *until = waiting[i];
            return false;
        }
    }
    return true;
}

static bool states_agree(struct side *side, const struct model *model)
{
    struct qp_state state = side->state(side->context);
    const char *found = compare_state(model, &state, side->record_count(side->context));
    if (found != NULL) {
        snprintf(difference, sizeof difference, "%s", found);
    }
    return found == NULL;
}

static bool ended_well(struct side *side)
{
    const char *found = side->finish(side->context);
    if (found != NULL) {
        snprintf(difference, sizeof difference, "%s", found);
    }
    return found == NULL;
}

/* ---- A known story, told again ---- */

static void judge_again(struct side *side, struct model *model, struct model *saved,
                        struct statement *statement, uint64_t *index)
{
    if (side->is_log) {
        statement->index = *index; /* a log numbers its entries itself */
    }
    statement->ours = (struct answer){0};
    model->warnings = 0;
    model_copy(saved, model);
    for (size_t at = 0; at < statement->count && statement->ours.code == NULL; at++) {
        statement->ours.position = at;
        statement->ours.code = judge_event(side, model, statement, at);
    }
    statement->ours.warnings = model->warnings;
    if (statement->ours.code != NULL) {
        model_copy(model, saved);
    } else {
        (*index)++;
    }
}

/* False where a difference shows; *until: the statement that shows it. */
static bool tell_again(struct side *side, struct story *story, size_t *until)
{
    struct model model;
    struct model saved;
    size_t waiting[STORY_BATCH];
    size_t count = 0;
    uint64_t index = 0;
    bool good = true;
    world_model(&model);
    world_model(&saved);
    side->reset(side->context);
    for (size_t i = 0; i < story->count && good; i++) {
        struct statement *statement = &story->statements[i];
        if (!statement->left_out) {
            judge_again(side, &model, &saved, statement, &index);
            waiting[count++] = i;
            *until = i;
        }
        if (count > 0 && (count == STORY_BATCH || !statement->waits || i + 1 == story->count)) {
            good = answers_agree(side, story, waiting, count, until) && states_agree(side, &model);
            count = 0;
        }
    }
    good = good && ended_well(side);
    model_free(&model);
    model_free(&saved);
    return good;
}

/* ---- A difference, made shorter and printed ---- */

/* Leave out the statement, or else some of its events. False where all of it is needed. */
static bool shorten_at(struct side *side, struct story *story, size_t at)
{
    struct statement *statement = &story->statements[at];
    size_t until = 0;
    bool shorter = false;
    statement->left_out = true;
    if (!tell_again(side, story, &until)) {
        story->count = until + 1;
        return true;
    }
    statement->left_out = false;
    for (size_t i = statement->count; i > 0 && statement->count > 1; i--) {
        struct statement whole = *statement;
        memmove(&statement->events[i - 1], &statement->events[i],
                (statement->count - i) * sizeof statement->events[0]);
        statement->count--;
        if (tell_again(side, story, &until)) {
            *statement = whole;
        } else {
            story->count = until + 1;
            shorter = true;
        }
    }
    return shorter;
}

static void shorten(struct side *side, struct story *story)
{
    size_t until = 0;
    for (bool shorter = true; shorter;) {
        shorter = false;
        for (size_t i = story->count; i > 0; i--) {
            if (i <= story->count && !story->statements[i - 1].left_out) {
                shorter = shorten_at(side, story, i - 1) || shorter;
            }
        }
    }
    (void)tell_again(side, story, &until); /* for the text of the difference */
}

static void print_event(const struct told_event *told)
{
    struct qp_err err;
    struct qp_buf out = {0};
    json_t *json = NULL;
    must(qp_json_encode(&qp_rule_event, told->event, &json, &err), &err);
    must(qp_json_print(json, 0, &out, &err), &err);
    printf("  %.*s\n", (int)out.len, (const char *)out.data);
    json_decref(json);
    qp_buf_wipe(&out);
}

static void print_story(struct side *side, struct story *story)
{
    size_t until = 0;
    printf("seed %llu: model and library differ\n", (unsigned long long)story->seed);
    if (tell_again(side, story, &until)) {
        printf("%s\n(told again, they agree)\n", difference);
        return;
    }
    story->count = until + 1;
    shorten(side, story);
    for (size_t i = 0; i < story->count; i++) {
        const struct statement *statement = &story->statements[i];
        char issuer[65];
        if (statement->left_out) {
            continue;
        }
        qp_hex_encode(issuer, qp_span_of(statement->issuer, 32));
        printf("entry %llu, %s sequence %llu, at %llu:\n", (unsigned long long)statement->index,
               issuer, (unsigned long long)statement->sequence,
               (unsigned long long)statement->admitted_ms);
        for (size_t at = 0; at < statement->count; at++) {
            print_event(&statement->events[at]);
        }
    }
    printf("%s\n", difference);
}

/* ---- A new story ---- */

struct telling {
    struct teller *teller;
    struct world world;
    struct story story;
    struct model saved;
    uint64_t sequences[QP_COUNT(world_keys)]; /* next, of each key of the pool */
    size_t waiting[STORY_BATCH];              /* statements that are to be submitted */
    size_t waiting_count;
};

static const struct maker *pick_maker(struct world *world, uint32_t roles)
{
    static unsigned all;
    for (size_t i = 0; i < maker_count && all == 0; i++) {
        for (size_t j = 0; j < maker_count; j++) {
            all += makers[j].weight;
        }
    }
    for (;;) {
        size_t at = below(world, all);
        size_t i = 0;
        for (; at >= makers[i].weight; i++) {
            at -= makers[i].weight;
        }
        if (makers[i].roles == 0 || (makers[i].roles & roles) != 0 || slip(world, 20)) {
            return &makers[i];
        }
    }
}

static uint32_t roles_of(const struct world *world)
{
    const struct model_party *party =
        world->speaker == NULL ? NULL : model_find_party(&world->model, world->speaker);
    uint32_t roles = 0;
    for (size_t i = 0; party != NULL && i < party->body->n_roles; i++) {
        roles |= 1U << party->body->roles[i];
    }
    return party == NULL ? UINT32_MAX : roles;
}

/* Give the event its bytes. */
static void write_event(struct world *world, Qp__Event *event, struct told_event *told)
{
    struct qp_err err;
    struct qp_buf bytes = {0};
    uint8_t *nonce = room(world, 16);
    qp_store_be64(nonce, world_random(world));
    event->nonce = (ProtobufCBinaryData){16, nonce};
    must(qp_wire_encode(&qp_rule_event, event, &world->arena, &bytes, &err), &err);
    uint8_t *copy = room(world, bytes.len);
    memcpy(copy, bytes.data, bytes.len);
    told->bytes = qp_span_of(copy, bytes.len);
    qp_buf_wipe(&bytes);
    must(qp_event_decode(told->bytes, &world->arena, &told->event, &err), &err);
    qp_hash_leaf(&told->id, told->bytes);
}

/* One more event of the statement; `who`: enrol this one, else whatever chance says. */
static void make_event(struct world *world, struct told_event *told, const struct cast *who,
                       bool (*make)(struct world *world, Qp__Event *event))
{
    bool first = world->speaker == NULL;
    Qp__Event event;
    for (;;) {
        qp__event__init(&event);
        world->occurred_ms = world->now_ms - below(world, 3) * below(world, 86400000);
        if (slip(world, 30)) {
            world->occurred_ms = edge(world, world->now_ms + MODEL_DAY_MS);
        }
        size_t count = world->model.rule_sets.count;
        if (count > 0 && slip(world, 60)) { /* just when a rule set begins, or just before */
            uint64_t begins =
                world->model.rule_sets.at[below(world, count)].body->effective_from_ms;
            if (begins > WORLD_START_MS - 10 * MODEL_DAY_MS || one_in(world, 6)) {
                world->occurred_ms = begins - below(world, 2);
            }
        }
        event.occurred_ms = world->occurred_ms;
        if (one_in(world, 8)) {
            MAKE(world, event.place, qp__place__init);
            event.place->locode = locode(world, one_in(world, 2) ? "PECLL" : "");
        }
        bool made = who != NULL    ? make_enrolment_of(world, &event, who)
                    : make != NULL ? make(world, &event)
                                   : pick_maker(world, roles_of(world))->make(world, &event);
        if (made) {
            break;
        }
        if (first) {
            world->speaker = NULL;
        }
    }
    write_event(world, &event, told);
}

static struct statement *new_statement(struct story *story)
{
    if (story->count == story->room) {
        story->room = story->room == 0 ? 256 : story->room * 2;
        story->statements = realloc(story->statements, story->room * sizeof *story->statements);
        if (story->statements == NULL) {
            abort();
        }
    }
    memset(&story->statements[story->count], 0, sizeof *story->statements);
    return &story->statements[story->count++];
}

static void count_event(struct teller *teller, const Qp__Event *event, const char *code)
{
    if (code == NULL) {
        teller->counts.admitted[event->body_case]++;
        return;
    }
    teller->counts.refused[event->body_case]++;
    teller->counts.codes[code_row(code)]++;
}

/* Make one more statement, and have the model judge it. */
static bool make_statement(struct telling *at, const struct cast *who,
                           bool (*make)(struct world *world, Qp__Event *event))
{
    struct world *world = &at->world;
    struct statement *statement = new_statement(&at->story);
    struct answer *ours = &statement->ours;
    size_t events = 1;
    if (make == NULL && who == NULL && one_in(world, 4)) {
        events = 2 + below(world, STORY_EVENTS - 1);
    } else if (make == make_ledger_opened && slip(world, 3)) {
        events = 2; /* once too often */
    }
    world->speaker = NULL;
    world->signer = NULL;
    statement->index = world->index;
    statement->admitted_ms = world->now_ms;
    world->model.warnings = 0;
    if (events > 1) {
        model_copy(&at->saved, &world->model);
    }
    while (statement->count < events && ours->code == NULL) {
        ours->position = statement->count;
        make_event(world, &statement->events[statement->count], who, make);
        if (statement->count == 0) {
            const struct world_key *key = world_key_find(world->signer);
            statement->issuer = key->public_key.bytes;
            statement->sequence = at->sequences[key - world_keys]++;
        }
        statement->count++;
        ours->code = judge_event(at->teller->side, &world->model, statement, ours->position);
        count_event(at->teller, statement->events[ours->position].event, ours->code);
    }
    ours->warnings = world->model.warnings;
    if (ours->code != NULL && events > 1) {
        model_copy(&world->model, &at->saved);
    }
    world->index += ours->code == NULL;
    at->teller->counts.statements++;
    return ours->code == NULL;
}

/* Tell one more statement. False where the answers differ. */
static bool tell_one(struct telling *at, const struct cast *who,
                     bool (*make)(struct world *world, Qp__Event *event), bool *admitted)
{
    struct world *world = &at->world;
    struct side *side = at->teller->side;
    size_t until = 0;
    *admitted = make_statement(at, who, make);
    struct statement *statement = &at->story.statements[at->story.count - 1];
    at->waiting[at->waiting_count++] = at->story.count - 1;
    statement->waits =
        side->is_log && at->waiting_count < STORY_BATCH && at->story.count > 1 && !one_in(world, 3);
    if (statement->waits) {
        return true;
    }
    size_t count = at->waiting_count;
    at->waiting_count = 0;
    if (!answers_agree(side, &at->story, at->waiting, count, &until) ||
        (at->story.count % COMPARE_EVERY == 0 && !states_agree(side, &world->model))) {
        return false;
    }
    world->now_ms += below(world, 4) == 0 ? 0 : below(world, 6 * 3600 * 1000);
    return true;
}

/* A ledger with its parties, a rule set, producers and plots, mostly as they should be. */
static bool set_up(struct telling *at)
{
    bool admitted = false;
    at->world.straight = !one_in(&at->world, 6) || at->teller->side->is_log;
    do {
        if (!tell_one(at, NULL, make_ledger_opened, &admitted)) {
            return false;
        }
    } while (!admitted);
    for (size_t i = 1; i < CAST_COUNT; i++) {
        if (!one_in(&at->world, 12) && !tell_one(at, &cast[i], NULL, &admitted)) {
            return false;
        }
    }
    bool lawless = one_in(&at->world, 12); /* the rules come later */
    static bool (*const steps[])(struct world * world, Qp__Event * event) = {
        make_rule_set_published, make_producer_registered, make_producer_registered,
        make_plot_registered,    make_plot_registered,     make_plot_registered,
        make_plot_registered,
    };
    for (size_t i = 0; i < QP_COUNT(steps); i++) {
        if (lawless && steps[i] == make_rule_set_published) {
            continue;
        }
        if (at->world.straight && !tell_one(at, NULL, steps[i], &admitted)) {
            return false;
        }
    }
    at->world.straight = false;
    return true;
}

bool tell(struct teller *teller, uint64_t seed)
{
    struct telling at = {.teller = teller, .story = {.seed = seed}};
    bool admitted = false;
    world_init(&at.world, seed);
    world_model(&at.saved);
    teller->counts.stories++;
    teller->side->reset(teller->side->context);
    bool good = set_up(&at);
    for (size_t i = 0; i < teller->length && good; i++) {
        good = tell_one(&at, NULL, NULL, &admitted);
    }
    size_t until = 0;
    good = good &&
           (at.waiting_count == 0 ||
            answers_agree(teller->side, &at.story, at.waiting, at.waiting_count, &until)) &&
           states_agree(teller->side, &at.world.model) && ended_well(teller->side);
    if (!good && !teller->quiet) {
        print_story(teller->side, &at.story);
    }
    free(at.story.statements);
    model_free(&at.saved);
    world_wipe(&at.world);
    return good;
}
