#include "fuzz/remake.h"

#include "fuzz/fuzz.h"

#include <quipu/merkle.h>
#include <quipu/note.h>

#include <stdio.h>

/* ---- Keys ---- */

static struct qp_public_key public_keys[REMAKE_KEYS];

struct qp_key *remake_key(size_t at)
{
    static struct qp_key *keys[REMAKE_KEYS];
    for (size_t i = 0; keys[REMAKE_KEYS - 1] == NULL && i < REMAKE_KEYS; i++) {
        struct qp_seed seed = {{(uint8_t)(i + 1), 77}};
        if (i >= REMAKE_LOG) {
            seed = (struct qp_seed){{(uint8_t)(200 + i - REMAKE_LOG), 1}};
        }
        HOLDS(qp_init(NULL) == QP_OK);
        HOLDS(qp_key_from_seed(&seed, &keys[i], NULL) == QP_OK);
        qp_key_public(keys[i], &public_keys[i]);
    }
    return keys[at];
}

size_t remake_key_at(ProtobufCBinaryData public_key)
{
    size_t at = 0;
    (void)remake_key(0);
    while (at < REMAKE_KEYS && (public_key.len != sizeof public_keys[at].bytes ||
                                memcmp(public_key.data, public_keys[at].bytes, 32) != 0)) {
        at++;
    }
    return at;
}

/* ---- Every value of a message ---- */

size_t remake_size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        return 8;
    default:
        return 4;
    }
}

static void walk_value(const struct qp_message_rule *rule, unsigned i, uint8_t *at,
                       remake_visit *visit, void *context)
{
    visit(context, rule, i, at);
    if (rule->descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE) {
        void *child = NULL;
        memcpy(&child, at, sizeof child);
        if (child != NULL) {
            remake_walk(rule->fields[i].message, child, visit, context);
        }
    }
}

void remake_walk(const struct qp_message_rule *rule, void *message, remake_visit *visit,
                 void *context)
{
    uint8_t *base = message;
    for (unsigned i = 0; i < rule->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &rule->descriptor->fields[i];
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
            uint32_t chosen = 0;
            memcpy(&chosen, base + field->quantifier_offset, sizeof chosen);
            if (chosen != field->id) {
                continue;
            }
        }
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            walk_value(rule, i, base + field->offset, visit, context);
            continue;
        }
        size_t count = 0;
        uint8_t *elements = NULL;
        memcpy(&count, base + field->quantifier_offset, sizeof count);
        memcpy(&elements, base + field->offset, sizeof elements);
        for (size_t k = 0; k < count; k++) {
            walk_value(rule, i, elements + k * remake_size_of(field->type), visit, context);
        }
    }
}

/* ---- Apart ---- */

static bool entry_apart(struct remake *remake, const Qp__BundleEntry *shown)
{
    struct remake_entry *to = qp_arena_alloc_zero(remake->arena, 1, sizeof *to);
    HOLDS(to != NULL);
    if (shown->n_events > REMAKE_EVENTS_MAX || shown->n_events != shown->n_positions ||
        qp_entry_decode(qp_span_bytes(shown->entry), remake->arena, &to->entry, NULL) != QP_OK ||
        qp_statement_decode(qp_span_bytes(to->entry->statement), remake->arena, &to->statement,
                            NULL) != QP_OK) {
        return false;
    }
    for (size_t i = 0; i < shown->n_events; i++) {
        struct qp_span bytes = qp_span_bytes(shown->events[i]);
        struct remake_event *event = &to->events[to->event_count];
        if (qp_event_decode(bytes, remake->arena, &event->event, NULL) != QP_OK) {
            return false;
        }
        qp_hash_leaf(&event->id, bytes);
        to->positions[to->event_count++] = shown->positions[i];
    }
    remake->entries[remake->entry_count++] = to;
    return true;
}

bool remake_apart(struct qp_span file, struct qp_arena *arena, struct remake **remake)
{
    struct remake *made = qp_arena_alloc_zero(arena, 1, sizeof *made);
    HOLDS(made != NULL);
    made->arena = arena;
    if (qp_bundle_decode(file, arena, &made->bundle, NULL) != QP_OK ||
        made->bundle->n_entries > REMAKE_ENTRIES_MAX) {
        return false;
    }
    for (size_t i = 0; i < made->bundle->n_entries; i++) {
        if (!entry_apart(made, made->bundle->entries[i])) {
            return false;
        }
    }
    *remake = made;
    return true;
}

/* ---- Together ---- */

static ProtobufCBinaryData keep(struct remake *remake, const void *bytes, size_t len)
{
    uint8_t *copy = qp_arena_alloc(remake->arena, len);
    HOLDS(copy != NULL);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return qp_bytes_span(qp_span_of(copy, len));
}

/* Bytes of a message, in the arena; empty where it has no encoding. */
static ProtobufCBinaryData encoded(struct remake *remake, const struct qp_message_rule *rule,
                                   const void *message)
{
    struct qp_buf bytes = {0};
    ProtobufCBinaryData kept = {0};
    if (qp_wire_encode(rule, message, remake->arena, &bytes, NULL) == QP_OK) {
        kept = keep(remake, bytes.data, bytes.len);
    }
    qp_buf_wipe(&bytes);
    return kept;
}

/* Whoever stands behind the others keeps to their order; what came first stays where it is. */
static void number_again(struct remake *remake)
{
    for (size_t i = 0; i < remake->entry_count; i++) {
        struct remake_entry *entry = remake->entries[i];
        uint64_t sequence = entry->statement->sequence;
        for (size_t before = 0; before < i; before++) {
            const struct remake_entry *earlier = remake->entries[before];
            if (remake_key_at(earlier->statement->issuer) ==
                remake_key_at(entry->statement->issuer)) {
                sequence = earlier->statement->sequence + 1 + entry->statement->given_up;
            }
        }
        entry->statement->sequence = sequence;
        entry->entry->index = i;
        if (i > 0 && entry->entry->admitted_ms < remake->entries[i - 1]->entry->admitted_ms) {
            entry->entry->admitted_ms = remake->entries[i - 1]->entry->admitted_ms;
        }
        for (size_t k = 0; k < entry->event_count; k++) {
            entry->positions[k] = (uint32_t)k;
        }
        entry->statement->event_count = (uint32_t)entry->event_count;
    }
    remake->tree_size = remake->entry_count;
}

/* With places kept, the counts have to hold what is there. */
static bool places_are_sound(struct remake *remake)
{
    for (size_t i = 0; i < remake->entry_count; i++) {
        const struct remake_entry *entry = remake->entries[i];
        uint64_t index = entry->entry->index;
        uint32_t count = entry->statement->event_count;
        if (index >= REMAKE_LEAVES_MAX || count > QP_EVENTS_MAX ||
            (i > 0 && index <= remake->entries[i - 1]->entry->index)) {
            return false;
        }
        for (size_t k = 0; k < entry->event_count; k++) {
            if (entry->positions[k] >= count ||
                (k > 0 && entry->positions[k] <= entry->positions[k - 1])) {
                return false;
            }
        }
        remake->tree_size = index + 1;
    }
    return true;
}

struct moved {
    struct remake *remake;
    size_t entry; /* of whose events the references are set */
    size_t event;
    const struct qp_hash *old; /* of each event before, in order */
};

static void refer(struct moved *moved, Qp__EventReference *reference)
{
    size_t at = 0;
    for (size_t i = 0; i <= moved->entry; i++) {
        struct remake_entry *entry = moved->remake->entries[i];
        for (size_t k = 0; k < entry->event_count; k++, at++) {
            if (i == moved->entry && k >= moved->event) {
                return;
            }
            if (reference->event.len == 32 &&
                memcmp(reference->event.data, moved->old[at].bytes, 32) == 0) {
                reference->issuer = entry->statement->issuer;
                reference->sequence = entry->statement->sequence;
                reference->position = entry->positions[k];
                reference->event = qp_hash_bytes(&entry->events[k].id);
                return;
            }
        }
    }
}

static void visit_reference(void *context, const struct qp_message_rule *rule, unsigned field,
                            void *at)
{
    const struct qp_message_rule *child = rule->fields[field].message;
    Qp__EventReference *reference = NULL;
    if (child != NULL && strcmp(child->descriptor->short_name, "EventReference") == 0) {
        memcpy(&reference, at, sizeof reference);
        if (reference != NULL) {
            refer(context, reference);
        }
    }
}

struct hashes {
    const struct qp_hash *leaves;
};

static enum qp_code node_of(void *context, uint8_t level, uint64_t index, struct qp_hash *out,
                            struct qp_err *err)
{
    const struct hashes *hashes = context;
    (void)err;
    qp_merkle_root(hashes->leaves + (index << level), (size_t)1 << level, out);
    return QP_OK;
}

static ProtobufCBinaryData proof_of(struct remake *remake, const struct qp_hash *leaves,
                                    const struct qp_merkle_multi *multi)
{
    struct hashes hashes = {.leaves = leaves};
    struct qp_merkle_reader reader = {.ctx = &hashes, .node = node_of};
    size_t count = 0;
    HOLDS(qp_merkle_multi_count(multi, &count, NULL) == QP_OK);
    struct qp_hash *proof = qp_arena_alloc(remake->arena, (count + 1) * sizeof *proof);
    HOLDS(proof != NULL);
    HOLDS(qp_merkle_multi_proof(&reader, multi, proof, count, &count, NULL) == QP_OK);
    return qp_bytes_span(qp_span_of(proof, count * sizeof *proof));
}

/* The events of an entry as bytes, and the root over them; hidden ones and gaps are hashes alone.
 */
static bool events_together(struct moved *moved, Qp__BundleEntry *shown)
{
    struct remake *remake = moved->remake;
    struct remake_entry *entry = remake->entries[moved->entry];
    size_t count = entry->statement->event_count;
    struct qp_hash *ids = qp_arena_alloc_zero(remake->arena, count + 1, sizeof *ids);
    uint64_t *places = qp_arena_alloc_zero(remake->arena, entry->event_count + 1, sizeof *places);
    struct qp_hash root;
    HOLDS(ids != NULL && places != NULL);
    shown->events =
        qp_arena_alloc_zero(remake->arena, entry->event_count + 1, sizeof *shown->events);
    shown->positions =
        qp_arena_alloc_zero(remake->arena, entry->event_count + 1, sizeof *shown->positions);
    HOLDS(shown->events != NULL && shown->positions != NULL);
    for (size_t i = 0; i < entry->event_count; i++) {
        struct remake_event *event = &entry->events[i];
        moved->event = i;
        remake_walk(&qp_rule_event, event->event, visit_reference, moved);
        ProtobufCBinaryData bytes = encoded(remake, &qp_rule_event, event->event);
        if (bytes.len == 0) {
            return false;
        }
        qp_hash_leaf(&event->id, qp_span_bytes(bytes));
        ids[entry->positions[i]] = event->id;
        if (!event->hidden) {
            places[shown->n_positions] = entry->positions[i];
            shown->positions[shown->n_positions++] = entry->positions[i];
            shown->events[shown->n_events++] = bytes;
        }
    }
    if (shown->n_events > 0) {
        struct qp_merkle_multi multi = {
            .leaf_indexes = places, .leaf_count = shown->n_events, .tree_size = count};
        shown->event_proof = proof_of(remake, ids, &multi);
    }
    qp_merkle_root(ids, count, &root);
    entry->statement->event_root = keep(remake, root.bytes, sizeof root.bytes);
    return true;
}

static void chain(struct remake *remake, size_t at)
{
    Qp__Statement *statement = remake->entries[at]->statement;
    static const struct qp_hash zero;
    if (statement->sequence == 0) {
        statement->previous = keep(remake, zero.bytes, sizeof zero.bytes);
    }
    for (size_t before = at; before-- > 0;) {
        const struct remake_entry *earlier = remake->entries[before];
        if (remake_key_at(earlier->statement->issuer) == remake_key_at(statement->issuer)) {
            struct qp_hash link;
            qp_hash_statement(&link, qp_span_bytes(earlier->entry->statement));
            statement->previous = keep(remake, link.bytes, sizeof link.bytes);
            return;
        }
    }
}

static void sign_entry(struct remake *remake, struct remake_entry *entry)
{
    size_t signer = remake_key_at(entry->statement->issuer);
    struct qp_signature signature;
    signer = entry->lie == REMAKE_OTHER ? (signer + 1) % REMAKE_KEYS : signer;
    if (signer == REMAKE_KEYS || entry->lie == REMAKE_STALE) {
        return;
    }
    HOLDS(qp_sign(remake_key(signer), qp_span_text(QP_STATEMENT_DOMAIN),
                  qp_span_bytes(entry->entry->statement), &signature, NULL) == QP_OK);
    signature.bytes[5] ^= entry->lie == REMAKE_FLIPPED ? 1 : 0;
    entry->entry->signature = keep(remake, signature.bytes, sizeof signature.bytes);
}

static bool entry_together(struct moved *moved, struct qp_hash *leaves, Qp__BundleEntry *shown)
{
    struct remake *remake = moved->remake;
    struct remake_entry *entry = remake->entries[moved->entry];
    static const struct qp_hash zero;
    uint64_t index = entry->entry->index;
    if (!events_together(moved, shown)) {
        return false;
    }
    chain(remake, moved->entry);
    entry->entry->statement = encoded(remake, &qp_rule_statement, entry->statement);
    entry->entry->previous =
        keep(remake, index == 0 ? zero.bytes : leaves[index - 1].bytes, sizeof zero.bytes);
    if (entry->entry->statement.len == 0) {
        return false;
    }
    sign_entry(remake, entry);
    shown->entry = encoded(remake, &qp_rule_entry, entry->entry);
    if (shown->entry.len == 0) {
        return false;
    }
    qp_hash_leaf(&leaves[index], qp_span_bytes(shown->entry));
    return true;
}

static void checkpoint_together(struct remake *remake, const struct qp_hash *leaves)
{
    struct qp_checkpoint checkpoint = {.size = remake->tree_size};
    struct qp_buf text = {0};
    struct qp_buf note = {0};
    bool other = remake->checkpoint_lie == REMAKE_OTHER;
    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", REMAKE_ORIGIN);
    qp_merkle_root(leaves, remake->tree_size, &checkpoint.root);
    if (remake->checkpoint_lie != REMAKE_STALE) {
        HOLDS(qp_checkpoint_format(&checkpoint, &text, NULL) == QP_OK);
        HOLDS(qp_note_sign(qp_span_buf(&text), remake_key(other ? REMAKE_STRANGER : REMAKE_LOG),
                           qp_span_text(REMAKE_ORIGIN), &note, NULL) == QP_OK);
        remake->bundle->checkpoint = keep(remake, note.data, note.len);
    }
    qp_buf_wipe(&text);
    qp_buf_wipe(&note);
}

static struct qp_hash commitment_of(const Qp__SealedContent *sealed)
{
    struct qp_hash commitment;
    struct qp_salt salt;
    memcpy(salt.bytes, sealed->salt.data, sizeof salt.bytes);
    qp_hash_sealed(&commitment, &salt, qp_span_bytes(sealed->content));
    return commitment;
}

static int by_commitment(const void *a, const void *b)
{
    Qp__SealedContent *const *left = a;
    Qp__SealedContent *const *right = b;
    struct qp_hash one = commitment_of(*left);
    struct qp_hash two = commitment_of(*right);
    return memcmp(one.bytes, two.bytes, sizeof one.bytes);
}

bool remake_together(struct remake *remake, struct qp_buf *file)
{
    struct qp_hash *leaves = NULL;
    struct qp_hash *old = NULL;
    uint64_t *indexes = NULL;
    size_t event_count = 0;
    if (!remake->keep_places) {
        number_again(remake);
    } else if (!places_are_sound(remake)) {
        return false;
    }
    for (size_t i = 0; i < remake->entry_count; i++) {
        event_count += remake->entries[i]->event_count;
    }
    leaves = qp_arena_alloc_zero(remake->arena, remake->tree_size + 1, sizeof *leaves);
    indexes = qp_arena_alloc_zero(remake->arena, remake->entry_count + 1, sizeof *indexes);
    old = qp_arena_alloc_zero(remake->arena, event_count + 1, sizeof *old);
    Qp__BundleEntry *shown =
        qp_arena_alloc_zero(remake->arena, remake->entry_count + 1, sizeof *shown);
    Qp__Bundle *bundle = remake->bundle;
    bundle->entries =
        qp_arena_alloc_zero(remake->arena, remake->entry_count + 1, sizeof *bundle->entries);
    HOLDS(leaves != NULL && indexes != NULL && old != NULL && shown != NULL &&
          bundle->entries != NULL);
    event_count = 0;
    for (size_t i = 0; i < remake->entry_count; i++) {
        for (size_t k = 0; k < remake->entries[i]->event_count; k++) {
            old[event_count++] = remake->entries[i]->events[k].id;
        }
    }
    struct moved moved = {.remake = remake, .old = old};
    for (size_t i = 0; i < remake->entry_count; i++) {
        moved.entry = i;
        qp__bundle_entry__init(&shown[i]);
        if (!entry_together(&moved, leaves, &shown[i])) {
            return false;
        }
        bundle->entries[i] = &shown[i];
        indexes[i] = remake->entries[i]->entry->index;
    }
    bundle->n_entries = remake->entry_count;
    if (remake->entry_count > 0) {
        struct qp_merkle_multi multi = {.leaf_indexes = indexes,
                                        .leaf_count = remake->entry_count,
                                        .tree_size = remake->tree_size};
        bundle->tree_proof = proof_of(remake, leaves, &multi);
    }
    checkpoint_together(remake, leaves);
    if (bundle->n_sealed > 0) {
        qsort(bundle->sealed, bundle->n_sealed, sizeof *bundle->sealed, by_commitment);
    }
    return qp_bundle_encode(bundle, remake->arena, file, NULL) == QP_OK;
}
