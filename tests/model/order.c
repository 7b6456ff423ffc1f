/* The order on disk as a model: every interleaving of two writers with deaths at every step, and
 * with what is done to a ledger's files while nobody writes. For each step of an admission
 * (ledger/log/log_priv.h) and of recovery the model has one step that is atomic and durable, since
 * a death within it leaves it done or not done.
 *
 * What must never happen:
 *   fork   what is signed does not go on from everything that was signed before: two roots for one
 *          size, or for two sizes roots of different histories
 *   lost   what is signed leaves out an acknowledged entry
 *   stuck  nobody has touched the files, and the ledger does not open
 *
 * The search is exhaustive up to LENGTH entries, so "nothing" is a proof for the model. Then
 * defences are left out, and the search must find what they are there for: a check that cannot fail
 * shows nothing. Some stand behind others, and are only missed when those are left out as well.
 *
 *   order            every search, as a table; exit status 0 when each ended as it must
 *   order --show     also the shortest way to what each has found */
#include "core/alloc.h"
#include "core/check.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH 3 /* entries that a log of the model can have */
#define WRITERS 2
#define KINDS 2  /* of entries */
#define COPIES 2 /* of the store, made at some time and put back at another */

/* A log: which entries it has, oldest first. The list is its root as well: two logs have the same
 * root when they have the same entries. A commit may bring an entry of each kind, so that what is
 * written at one place at two times may differ. */
struct list {
    uint8_t size;
    uint8_t entries[LENGTH];
};

enum step {
    DEAD,
    READ,      /* has the lock; has read anchor and store */
    COMMITTED, /* the store has the new entry, or recovery has found it there */
    VERIFIED,
    INTENDED,
    SIGNED,
    ANCHORED /* the next step acknowledges */
};

struct anchor {
    struct list intent;
    struct list signed_list;
    bool restored;
};

struct writer {
    uint8_t step;
    struct list mine;     /* what it believes the log to be */
    struct anchor anchor; /* as it has read or written it last */
};

/* Compared and hashed as bytes: zeroed before use, and without padding, as all fields are bytes. */
struct world {
    struct list store;
    struct anchor anchor;
    struct list copies[COPIES];
    uint8_t has_copy[COPIES];
    uint8_t touched; /* somebody put another file in the place of the ledger's */
    struct writer writers[WRITERS];
    /* What the world outside knows; not in any file. */
    struct list signed_for[LENGTH + 1]; /* by size; size 0: nothing yet */
    struct list acknowledged;           /* the longest */
};

/* Defences; all of them stand in ledger/log. */
enum {
    LOCK = 1 << 0,             /* lock.c: one writer */
    COMPARE_AND_SWAP = 1 << 1, /* anchor.c: the file is what was read */
    INTENT = 1 << 2,           /* anchor.c: written before a signature is made */
    NOT_BACK = 1 << 3,         /* anchor.c: nor smaller than the one before, nor another root */
    INTENT_CHECK = 1 << 4,     /* recover.c: the store has what the intent says */
    ROOT_CHECK = 1 << 5,       /* recover.c: and it is the same */
    STORE_FIRST = 1 << 6,      /* submit.c: durable before it is signed */
    ANCHOR_FIRST = 1 << 7,     /* submit.c: the checkpoint is durable before the receipt is given */
    APPEND = 1 << 8,           /* book_write.c: an entry's place is taken once */
    READ_ONLY = 1 << 9,        /* log.c: a restored ledger signs nothing */
    EVIDENCE = 1 << 10         /* resume.c: the newest checkpoint known is in the ledger */
};

static const struct search_case {
    const char *left_out;
    unsigned without;
    const char *found;
} cases[] = {
    {"none", 0, NULL},
    {"the lock", LOCK, NULL},
    {"compare-and-swap of the anchor", COMPARE_AND_SWAP, NULL},
    {"both", LOCK | COMPARE_AND_SWAP, "fork"},
    {"appending only", APPEND, NULL},
    {"that and the lock", LOCK | APPEND, "stuck"},
    {"the intent before the signature", INTENT, "fork"},
    {"store against intent, at open", INTENT_CHECK, NULL},
    {"no smaller intent than before", NOT_BACK, NULL},
    {"both", INTENT_CHECK | NOT_BACK, "fork"},
    {"roots compared at open", ROOT_CHECK, "fork"},
    {"the store before the signature", STORE_FIRST, "stuck"},
    {"the anchor before the receipt", ANCHOR_FIRST, NULL},
    {"that and the intent", ANCHOR_FIRST | INTENT, "fork"},
    {"a restored ledger is read-only", READ_ONLY, "fork"},
    {"the newest checkpoint, to resume", EVIDENCE, "fork"},
};

/* ---- Lists ---- */

static bool same(const struct list *a, const struct list *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Does the list begin with the other one? */
static bool begins(const struct list *list, const struct list *with)
{
    return with->size <= list->size && memcmp(list->entries, with->entries, with->size) == 0;
}

static struct list grown(struct list list, uint8_t entry)
{
    list.entries[list.size++] = entry;
    return list;
}

/* ---- The search ---- */

struct search {
    unsigned without;
    struct world *seen; /* every state that was reached, in that order */
    size_t *from;       /* and the one from which it was reached first */
    size_t at;          /* the one that is followed */
    size_t count;
    size_t capacity;
    size_t *table; /* open addressing: position + 1 */
    size_t slots;
    const char *found;
};

static uint64_t hash_of(const struct world *world)
{
    const uint8_t *bytes = (const uint8_t *)world;
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < sizeof *world; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

static bool has(const struct search *search, unsigned defence)
{
    return (search->without & defence) == 0;
}

static size_t *slot_of(struct search *search, const struct world *world)
{
    size_t at = (size_t)hash_of(world) & (search->slots - 1);
    while (search->table[at] != 0 &&
           memcmp(&search->seen[search->table[at] - 1], world, sizeof *world) != 0) {
        at = (at + 1) & (search->slots - 1);
    }
    return &search->table[at];
}

static void *must(void *block)
{
    if (block == NULL) {
        fputs("no memory for the model\n", stderr);
        _Exit(4);
    }
    return block;
}

static void make_room(struct search *search)
{
    if (2 * search->count < search->slots) {
        return;
    }
    search->slots = search->slots == 0 ? 1 << 16 : 2 * search->slots;
    search->capacity = search->slots / 2 + 1;
    search->seen = must(qp_realloc(search->seen, search->capacity * sizeof *search->seen));
    search->from = must(qp_realloc(search->from, search->capacity * sizeof *search->from));
    qp_free(search->table);
    search->table = must(qp_alloc_zero(search->slots, sizeof *search->table));
    for (size_t i = 0; i < search->count; i++) {
        *slot_of(search, &search->seen[i]) = i + 1;
    }
}

/* Writers are alike, and so are copies: of worlds that differ in their order one is enough. */
static struct world ordered(struct world world)
{
    if (memcmp(&world.writers[0], &world.writers[1], sizeof world.writers[0]) > 0) {
        struct writer first = world.writers[0];
        world.writers[0] = world.writers[1];
        world.writers[1] = first;
    }
    if (world.has_copy[0] < world.has_copy[1] ||
        (world.has_copy[0] == world.has_copy[1] &&
         memcmp(&world.copies[0], &world.copies[1], sizeof world.copies[0]) > 0)) {
        struct list first = world.copies[0];
        uint8_t has_first = world.has_copy[0];
        world.copies[0] = world.copies[1];
        world.has_copy[0] = world.has_copy[1];
        world.copies[1] = first;
        world.has_copy[1] = has_first;
    }
    return world;
}

static void reach(struct search *search, const struct world *reached)
{
    const struct world world = ordered(*reached);
    make_room(search);
    size_t *slot = slot_of(search, &world);
    if (*slot == 0) {
        search->from[search->count] = search->at;
        search->seen[search->count++] = world;
        *slot = search->count;
    }
}

/* ---- What may happen ---- */

static bool agree(const struct list *a, const struct list *b)
{
    return begins(a, b) || begins(b, a);
}

static void sign(struct search *search, struct world *world, const struct list *list)
{
    for (int size = 1; size <= LENGTH; size++) {
        if (!agree(&world->signed_for[size], list)) {
            search->found = "fork";
        }
    }
    if (search->found == NULL && !agree(list, &world->acknowledged)) {
        search->found = "lost";
    }
    world->signed_for[list->size] = *list;
}

static bool anyone_writes(const struct world *world)
{
    bool writes = false;
    for (int i = 0; i < WRITERS; i++) {
        writes = writes || world->writers[i].step != DEAD;
    }
    return writes;
}

/* The one code path of opening: the store against the anchor. */
static bool opens(const struct search *search, const struct world *world)
{
    const struct anchor *anchor = &world->anchor;
    if ((anyone_writes(world) && has(search, LOCK)) ||
        (anchor->restored && has(search, READ_ONLY))) {
        return false;
    }
    if (has(search, INTENT_CHECK) &&
        (anchor->intent.size > world->store.size ||
         (has(search, ROOT_CHECK) && !begins(&world->store, &anchor->intent)))) {
        return false;
    }
    return anchor->signed_list.size <= world->store.size &&
           (!has(search, ROOT_CHECK) || begins(&world->store, &anchor->signed_list));
}

/* What the store has and the anchor does not is signed next. */
static void open_ledger(struct search *search, const struct world *from, int who)
{
    struct world world = *from;
    struct writer *writer = &world.writers[who];
    if (!opens(search, from)) {
        return;
    }
    writer->mine = world.store;
    writer->anchor = world.anchor;
    writer->step = world.store.size > world.anchor.signed_list.size ? COMMITTED : READ;
    reach(search, &world);
}

static void commit(struct search *search, const struct world *from, int who)
{
    struct world world = *from;
    struct writer *writer = &world.writers[who];
    if (writer->mine.size == LENGTH) {
        return;
    }
    if (has(search, STORE_FIRST) && has(search, APPEND) && world.store.size != writer->mine.size) {
        return; /* the place is taken: the write fails, and the process with it */
    }
    const struct list before = writer->mine;
    for (uint8_t kind = 1; kind <= KINDS; kind++) {
        writer->mine = grown(before, kind);
        if (has(search, STORE_FIRST)) {
            world.store = writer->mine;
        }
        writer->step = COMMITTED;
        reach(search, &world);
    }
}

static bool swap(struct search *search, struct world *world, struct writer *writer,
                 const struct anchor *next)
{
    if (has(search, COMPARE_AND_SWAP) &&
        memcmp(&world->anchor, &writer->anchor, sizeof writer->anchor) != 0) {
        return false;
    }
    world->anchor = *next;
    writer->anchor = *next;
    return true;
}

static void intend(struct search *search, const struct world *from, int who)
{
    struct world world = *from;
    struct writer *writer = &world.writers[who];
    struct anchor next = writer->anchor;
    const struct list *intent = &writer->anchor.intent;
    bool back = has(search, NOT_BACK) &&
                (writer->mine.size < intent->size ||
                 (writer->mine.size == intent->size && !same(&writer->mine, intent)));
    next.intent = writer->mine;
    if (has(search, INTENT) && (back || !swap(search, &world, writer, &next))) {
        return;
    }
    writer->step = INTENDED;
    reach(search, &world);
}

static void anchor_signed(struct search *search, const struct world *from, int who)
{
    struct world world = *from;
    struct writer *writer = &world.writers[who];
    struct anchor next = writer->anchor;
    next.signed_list = writer->mine;
    next.intent = has(search, INTENT) ? writer->anchor.intent : writer->mine;
    if (has(search, ANCHOR_FIRST) && !swap(search, &world, writer, &next)) {
        return;
    }
    writer->step = ANCHORED;
    reach(search, &world);
}

static void go_on(struct search *search, const struct world *from, int who)
{
    struct world world = *from;
    struct writer *writer = &world.writers[who];
    switch (writer->step) {
    case READ:
        commit(search, from, who);
        return;
    case COMMITTED: /* read back: what is in the store is what was checked */
        if (has(search, STORE_FIRST) && !begins(&world.store, &writer->mine)) {
            return;
        }
        writer->step = VERIFIED;
        reach(search, &world);
        return;
    case VERIFIED:
        intend(search, from, who);
        return;
    case INTENDED:
        sign(search, &world, &writer->mine);
        writer->step = SIGNED;
        reach(search, &world);
        return;
    case SIGNED:
        anchor_signed(search, from, who);
        return;
    case ANCHORED:
        if (writer->mine.size > world.acknowledged.size) {
            world.acknowledged = writer->mine;
        }
        if (!has(search, STORE_FIRST)) {
            world.store = writer->mine;
        }
        writer->step = READ;
        reach(search, &world);
        return;
    default:
        return;
    }
}

/* ---- What is done to the files while nobody writes ---- */

/* The newest checkpoint that anybody knows. */
static struct list newest_signed(const struct world *world)
{
    struct list newest = {0};
    for (int size = 1; size <= LENGTH; size++) {
        if (world->signed_for[size].size != 0) {
            newest = world->signed_for[size];
        }
    }
    return newest;
}

static void put_back(struct search *search, const struct world *from, int which)
{
    struct world world = *from;
    const struct list *copy = &from->copies[which];
    /* An old store beside the anchor that goes on. */
    world.store = *copy;
    world.has_copy[which] = 0;
    memset(&world.copies[which], 0, sizeof *copy);
    world.touched = 1;
    reach(search, &world);
    /* A backup restored: its entries are those that were signed, and its anchor says so. */
    if (copy->size > 0 && same(&world.signed_for[copy->size], copy)) {
        memset(&world.anchor, 0, sizeof world.anchor);
        world.anchor.intent = *copy;
        world.anchor.signed_list = *copy;
        world.anchor.restored = true;
        reach(search, &world);
    }
}

static void meddle(struct search *search, const struct world *from)
{
    for (int which = 0; which < COPIES; which++) {
        struct world world = *from;
        if (!world.has_copy[which]) { /* made at any time, also while somebody writes */
            world.copies[which] = world.store;
            world.has_copy[which] = 1;
            reach(search, &world);
        } else if (!anyone_writes(&world)) {
            put_back(search, from, which);
        }
    }
    if (!anyone_writes(from) && from->anchor.restored) { /* quipu resume */
        struct world world = *from;
        struct list newest = newest_signed(&world);
        if (!has(search, EVIDENCE) || begins(&world.store, &newest)) {
            world.anchor.restored = false;
            if (has(search, EVIDENCE) && newest.size > world.anchor.signed_list.size) {
                world.anchor.intent = world.anchor.signed_list = newest;
            }
            reach(search, &world);
        }
    }
}

static void follow(struct search *search, size_t at)
{
    for (int who = 0; who < WRITERS; who++) {
        struct world world = search->seen[at];
        if (world.writers[who].step == DEAD) {
            open_ledger(search, &world, who);
            continue;
        }
        go_on(search, &world, who);
        /* Killed, or without power: what is in memory is gone. */
        memset(&world.writers[who], 0, sizeof world.writers[who]);
        reach(search, &world);
    }
    struct world world = search->seen[at];
    if (!world.touched && !anyone_writes(&world) && !opens(search, &world)) {
        search->found = "stuck";
    }
    meddle(search, &world);
}

static void print_list(const char *name, const struct list *list)
{
    printf(" %s[", name);
    for (int i = 0; i < list->size; i++) {
        printf("%c", "?ab"[list->entries[i]]);
    }
    printf("]");
}

/* The shortest way to what was found, a state a line. */
static void print_way(const struct search *search, size_t at)
{
    static const char *const steps[] = {"dead",     "read",   "committed", "verified",
                                        "intended", "signed", "anchored"};
    const struct world *world = &search->seen[at];
    if (at != 0) {
        print_way(search, search->from[at]);
    }
    print_list("store", &world->store);
    print_list("intent", &world->anchor.intent);
    print_list("signed", &world->anchor.signed_list);
    printf("%s", world->anchor.restored ? " restored" : "");
    for (int i = 0; i < WRITERS; i++) {
        if (world->writers[i].step != DEAD) {
            printf(" %d:%s", i, steps[world->writers[i].step]);
            print_list("", &world->writers[i].mine);
        }
    }
    for (int i = 0; i < COPIES; i++) {
        if (world->has_copy[i]) {
            print_list("copy", &world->copies[i]);
        }
    }
    printf("\n");
}

static struct search run(unsigned without, bool show)
{
    struct search search = {.without = without};
    struct world first;
    memset(&first, 0, sizeof first);
    reach(&search, &first);
    while (search.at < search.count && search.found == NULL) {
        follow(&search, search.at);
        search.at += search.found == NULL;
    }
    if (search.found != NULL && show) {
        print_way(&search, search.at);
    }
    qp_free(search.seen);
    qp_free(search.from);
    qp_free(search.table);
    return search;
}

int main(int argc, char **argv)
{
    int wrong = 0;
    bool show = argc > 1 && strcmp(argv[1], "--show") == 0;
    printf("%-34s %10s  %s\n", "LEFT OUT", "STATES", "FOUND");
    for (size_t i = 0; i < QP_COUNT(cases); i++) {
        struct search search = run(cases[i].without, show);
        const char *must = cases[i].found == NULL ? "nothing" : cases[i].found;
        const char *found = search.found == NULL ? "nothing" : search.found;
        bool good = strcmp(must, found) == 0;
        printf("%-34s %10zu  %s%s%s\n", cases[i].left_out, search.count, found,
               good ? "" : "  <- it must be ", good ? "" : must);
        wrong += !good;
    }
    return wrong == 0 ? 0 : 1;
}
