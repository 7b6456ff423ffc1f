/* What is changed in a bundle that is taken apart: values, events, statements, what is shown of
 * them, and now and then a lie. */
#include "fuzz/remake_priv.h"

/* ---- Events ---- */

static struct remake_entry *any_entry(struct mutation *mutation, const struct remake *of)
{
    /* Entry 0 opens the ledger: another opening is another ledger, which is soon told. */
    size_t from = one_in(mutation, 32) || of->entry_count < 2 ? 0 : 1;
    return of->entries[from + (size_t)below(&mutation->random, of->entry_count - from)];
}

static void new_nonce(struct mutation *mutation, Qp__Event *event)
{
    uint8_t *nonce = qp_arena_alloc(mutation->remake->arena, 16);
    HOLDS(nonce != NULL);
    for (size_t i = 0; i < 16; i++) {
        nonce[i] = (uint8_t)next_random(&mutation->random.seed);
    }
    event->nonce = qp_bytes_span(qp_span_of(nonce, 16));
}

static void insert_event(struct remake_entry *entry, size_t at, struct remake_event event)
{
    if (entry->event_count < REMAKE_EVENTS_MAX && at <= entry->event_count) {
        memmove(&entry->events[at + 1], &entry->events[at],
                (entry->event_count - at) * sizeof entry->events[0]);
        entry->events[at] = event;
        entry->event_count++;
    }
}

static void remove_event(struct remake_entry *entry, size_t at)
{
    entry->event_count--;
    memmove(&entry->events[at], &entry->events[at + 1],
            (entry->event_count - at) * sizeof entry->events[0]);
}

/* A copy that can be changed without changing what it was copied from. */
static struct remake_event copy_event(struct mutation *mutation, const struct remake_event *from)
{
    struct remake_event copy = *from;
    struct qp_buf bytes = {0};
    uint8_t *kept = NULL;
    if (qp_wire_encode(&qp_rule_event, from->event, mutation->remake->arena, &bytes, NULL) ==
        QP_OK) {
        kept = qp_arena_alloc(mutation->remake->arena, bytes.len);
        HOLDS(kept != NULL);
        memcpy(kept, bytes.data, bytes.len);
        HOLDS(qp_event_decode(qp_span_of(kept, bytes.len), mutation->remake->arena, &copy.event,
                              NULL) == QP_OK);
    }
    qp_buf_wipe(&bytes);
    return copy;
}

static void visit_aim(void *context, const struct qp_message_rule *rule, unsigned field, void *at)
{
    struct mutation *mutation = context;
    const ProtobufCFieldDescriptor *is = &rule->descriptor->fields[field];
    if (is->type != PROTOBUF_C_TYPE_MESSAGE && !one_in(mutation, 4)) {
        (void)remake_take(mutation, rule, field, at);
    }
}

/* An event of any kind, about what there is. */
static struct remake_event new_event(struct mutation *mutation)
{
    struct remake_event made = {0};
    made.event = message_of(&mutation->random, &qp_rule_event, 0);
    remake_walk(&qp_rule_event, made.event, visit_aim, mutation);
    return made;
}

static void change_events(struct mutation *mutation)
{
    struct remake_entry *entry = any_entry(mutation, mutation->remake);
    struct remake_entry *to = any_entry(mutation, mutation->remake);
    size_t count = entry->event_count;
    size_t a = count > 0 ? (size_t)below(&mutation->random, count) : 0;
    size_t b = (size_t)below(&mutation->random, to->event_count + 1);
    uint64_t what = below(&mutation->random, 6);
    if (count == 0 || what == 0) {
        insert_event(to, b, new_event(mutation));
        return;
    }
    struct remake_event event = entry->events[a];
    switch (what) {
    case 1:
        remove_event(entry, a);
        break;
    case 2:
        event = copy_event(mutation, &event);
        new_nonce(mutation, event.event);
        insert_event(to, b, event);
        break;
    case 3: /* elsewhere */
        remove_event(entry, a);
        insert_event(to, b <= to->event_count ? b : to->event_count, event);
        break;
    case 4:
        entry->events[a].hidden = true;
        break;
    default: /* what it said, of something else */
        event = copy_event(mutation, &event);
        remake_change_field(mutation, &qp_rule_event, event.event);
        new_nonce(mutation, event.event);
        insert_event(entry, a + 1, event);
    }
}

/* ---- Statements ---- */

static void remove_entry(struct remake *remake, size_t at)
{
    remake->entry_count--;
    memmove(&remake->entries[at], &remake->entries[at + 1],
            (remake->entry_count - at) * sizeof remake->entries[0]);
}

static struct remake_entry *copy_entry(struct mutation *mutation, const struct remake_entry *from)
{
    struct remake_entry *copy = qp_arena_alloc(mutation->remake->arena, sizeof *copy);
    Qp__Statement *statement = qp_arena_alloc(mutation->remake->arena, sizeof *statement);
    Qp__Entry *entry = qp_arena_alloc(mutation->remake->arena, sizeof *entry);
    HOLDS(copy != NULL && statement != NULL && entry != NULL);
    *copy = *from;
    *statement = *from->statement;
    *entry = *from->entry;
    copy->statement = statement;
    copy->entry = entry;
    for (size_t i = 0; i < copy->event_count; i++) {
        copy->events[i] = copy_event(mutation, &from->events[i]);
    }
    return copy;
}

static void insert_entry(struct remake *remake, size_t at, struct remake_entry *entry)
{
    if (remake->entry_count < REMAKE_ENTRIES_MAX) {
        memmove(&remake->entries[at + 1], &remake->entries[at],
                (remake->entry_count - at) * sizeof remake->entries[0]);
        remake->entries[at] = entry;
        remake->entry_count++;
    }
}

static void change_issuer(struct mutation *mutation, struct remake_entry *entry)
{
    struct qp_public_key key;
    uint8_t *copy = qp_arena_alloc(mutation->remake->arena, sizeof key.bytes);
    qp_key_public(remake_key((size_t)below(&mutation->random, REMAKE_KEYS)), &key);
    HOLDS(copy != NULL);
    memcpy(copy, key.bytes, sizeof key.bytes);
    entry->statement->issuer = qp_bytes_span(qp_span_of(copy, sizeof key.bytes));
}

static void change_entries(struct mutation *mutation)
{
    struct remake *remake = mutation->remake;
    size_t count = remake->entry_count;
    if (count < 3) {
        return;
    }
    size_t a = 1 + (size_t)below(&mutation->random, count - 1);
    size_t b = 1 + (size_t)below(&mutation->random, count - 1);
    struct remake_entry *entry = remake->entries[a];
    switch (below(&mutation->random, 8)) {
    case 0: /* with its place, or as if it never was */
        remove_entry(remake, a);
        remake->keep_places = one_in(mutation, 2);
        break;
    case 1:
        insert_entry(remake, b, copy_entry(mutation, entry));
        break;
    case 2:
        remove_entry(remake, a);
        insert_entry(remake, b <= remake->entry_count ? b : remake->entry_count, entry);
        break;
    case 3:
        change_issuer(mutation, entry);
        break;
    case 4: /* signed in two parts */
        if (entry->event_count > 1) {
            struct remake_entry *rest = copy_entry(mutation, entry);
            entry->event_count /= 2;
            rest->event_count -= entry->event_count;
            memmove(rest->events, rest->events + entry->event_count,
                    rest->event_count * sizeof rest->events[0]);
            insert_entry(remake, a + 1, rest);
        }
        break;
    case 5:
        entry->statement->given_up = (uint32_t)below(&mutation->random, 3);
        break;
    case 6:
        remake_change_field(mutation, &qp_rule_statement, entry->statement);
        remake->keep_places = one_in(mutation, 2);
        break;
    default:
        entry->entry->admitted_ms += below(&mutation->random, UINT64_C(1) << 36);
        entry->entry->index += below(&mutation->random, 3);
        remake->keep_places = one_in(mutation, 2);
    }
}

/* ---- What is shown, and lies ---- */

struct renamed {
    const struct qp_hash *from;
    const struct qp_hash *to;
    uint32_t length;
};

static void visit_renamed(void *context, const struct qp_message_rule *rule, unsigned field,
                          void *at)
{
    const struct renamed *renamed = context;
    ProtobufCBinaryData bytes;
    Qp__Sealed *sealed = NULL;
    if (rule->fields[field].message == &qp_rule_sealed) {
        memcpy(&sealed, at, sizeof sealed);
        if (sealed != NULL && memcmp(sealed->commitment.data, renamed->from->bytes, 32) == 0) {
            sealed->length = renamed->length;
        }
    } else if (rule->descriptor->fields[field].type == PROTOBUF_C_TYPE_BYTES) {
        memcpy(&bytes, at, sizeof bytes);
        if (bytes.len == 32 && memcmp(bytes.data, renamed->from->bytes, 32) == 0) {
            bytes = qp_hash_bytes(renamed->to);
            memcpy(at, &bytes, sizeof bytes);
        }
    }
}

static void hash_content(const Qp__SealedContent *sealed, struct qp_hash *commitment)
{
    struct qp_salt salt;
    memcpy(salt.bytes, sealed->salt.data, sizeof salt.bytes);
    qp_hash_sealed(commitment, &salt, qp_span_bytes(sealed->content));
}

/* A few bytes of a content, or its end; the commitments follow, but for one time in eight. */
static void change_content(struct mutation *mutation, Qp__SealedContent *sealed)
{
    struct qp_arena *arena = mutation->remake->arena;
    size_t len = sealed->content.len;
    struct qp_hash *hashes = qp_arena_alloc(arena, 2 * sizeof *hashes);
    uint8_t *copy = qp_arena_alloc(arena, len + 8);
    HOLDS(hashes != NULL && copy != NULL);
    memset(copy, 0, len + 8);
    memcpy(copy, sealed->content.data, len);
    hash_content(sealed, &hashes[0]);
    for (uint64_t i = below(&mutation->random, 3) + 1; i > 0 && len > 0; i--) {
        size_t at = (size_t)below(&mutation->random, len);
        copy[at] = one_in(mutation, 2) ? (uint8_t)next_random(&mutation->random.seed)
                                       : (uint8_t)(copy[at] + 1);
    }
    if (one_in(mutation, 4)) {
        len = one_in(mutation, 2) ? len + 8 : len - len / 4;
    }
    sealed->content = qp_bytes_span(qp_span_of(copy, len));
    hash_content(sealed, &hashes[1]);
    if (!one_in(mutation, 8)) {
        struct renamed renamed = {
            .from = &hashes[0], .to = &hashes[1], .length = (uint32_t)sealed->content.len};
        remake_walk_events(mutation->remake, visit_renamed, &renamed);
    }
}

static void change_shown(struct mutation *mutation)
{
    Qp__Bundle *bundle = mutation->remake->bundle;
    size_t at = bundle->n_sealed > 0 ? (size_t)below(&mutation->random, bundle->n_sealed) : 0;
    if (bundle->n_sealed == 0 || one_in(mutation, 6)) {
        (void)remake_take(mutation, &qp_rule_bundle, 0, &bundle->shipment);
    } else if (one_in(mutation, 4)) {
        bundle->n_sealed--;
        memmove(&bundle->sealed[at], &bundle->sealed[at + 1],
                (bundle->n_sealed - at) * sizeof bundle->sealed[0]);
    } else {
        change_content(mutation, bundle->sealed[at]);
    }
}

static void lie(struct mutation *mutation)
{
    enum remake_lie how = (enum remake_lie)(1 + below(&mutation->random, 3));
    if (one_in(mutation, 4)) {
        mutation->remake->checkpoint_lie = one_in(mutation, 2) ? REMAKE_OTHER : REMAKE_STALE;
    } else {
        any_entry(mutation, mutation->remake)->lie = how;
    }
}

/* An event of the other bundle, or a whole statement. */
static void take_over(struct mutation *mutation)
{
    struct remake *remake = mutation->remake;
    const struct remake_entry *from = any_entry(mutation, mutation->other);
    if (one_in(mutation, 2) || from->event_count == 0) {
        insert_entry(remake, 1 + (size_t)below(&mutation->random, remake->entry_count),
                     copy_entry(mutation, from));
    } else {
        struct remake_entry *to = any_entry(mutation, remake);
        size_t at = (size_t)below(&mutation->random, from->event_count);
        insert_event(to, (size_t)below(&mutation->random, to->event_count + 1),
                     copy_event(mutation, &from->events[at]));
    }
}

static void change(struct mutation *mutation)
{
    struct remake_entry *entry = any_entry(mutation, mutation->remake);
    uint64_t what = below(&mutation->random, 32);
    if (what < 16 && entry->event_count > 0) {
        size_t at = (size_t)below(&mutation->random, entry->event_count);
        remake_change_field(mutation, &qp_rule_event, entry->events[at].event);
    } else if (what < 24) {
        change_events(mutation);
    } else if (what < 28) {
        change_entries(mutation);
    } else if (what < 31) {
        change_shown(mutation);
    } else {
        lie(mutation);
    }
}

bool remake_mutate(struct qp_span file, const struct qp_span *other, uint64_t seed,
                   struct qp_buf *out)
{
    struct qp_arena arena;
    struct remake *taken = NULL;
    struct mutation mutation = {.random = {.seed = seed * 2 + 1, .arena = &arena}};
    qp_arena_init(&arena, 0);
    bool made = remake_apart(file, &arena, &mutation.remake) && mutation.remake->entry_count > 0;
    if (made && other != NULL && remake_apart(*other, &arena, &taken) && taken->entry_count > 0) {
        mutation.other = taken;
        take_over(&mutation);
    }
    for (uint64_t i = 0; made && i <= below(&mutation.random, 3); i++) {
        change(&mutation);
    }
    made = made && remake_together(mutation.remake, out);
    qp_arena_wipe(&arena);
    return made;
}
