/* Bundles. Everything that goes in is checked against what was signed, so that no bundle leaves
 * that its reader would have to refuse. */
#include "core/check.h"
#include "rules/graph.h"
#include "trace/closure.h"

#include <stdlib.h>
#include <string.h>

/* A commitment of an event shown whose content may go along. */
struct opening {
    struct qp_hash commitment;
    uint64_t index; /* of the event's entry */
};

struct maker {
    const struct qp_trace_source *source;
    struct qp_closure closure;
    struct qp_arena arena;   /* what the bundle borrows */
    struct qp_arena scratch; /* one event */
    struct qp_buf bytes;
    struct qp_hash *ids; /* of one statement's events */
    size_t id_room;
    unsigned disclose;
    struct opening *openings;
    size_t opening_count;
    size_t opening_room;
    uint64_t index; /* of the event whose commitments are read */
    struct qp_prove_report report;
    Qp__Bundle bundle;
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to make the bundle");
}

static unsigned long long ull(uint64_t value)
{
    return value;
}

/* Bytes that last as long as the bundle. */
static enum qp_code keep(struct maker *maker, struct qp_span bytes, ProtobufCBinaryData *kept,
                         struct qp_err *err)
{
    uint8_t *copy = qp_arena_alloc(&maker->arena, bytes.len);
    if (copy == NULL) {
        return no_memory(err);
    }
    if (bytes.len > 0) {
        memcpy(copy, bytes.data, bytes.len);
    }
    *kept = qp_bytes_span(qp_span_of(copy, bytes.len));
    return QP_OK;
}

/* ---- Proofs ---- */

/* The multi-proof as bytes, checked against the root that was signed. */
static enum qp_code prove(struct maker *maker, const struct qp_merkle_reader *reader,
                          const struct qp_merkle_multi *multi, const struct qp_hash *leaves,
                          const struct qp_hash *want, ProtobufCBinaryData *proof,
                          struct qp_err *err)
{
    size_t hash_count = 0;
    struct qp_hash root;
    enum qp_code rc = qp_merkle_multi_count(multi, &hash_count, err);
    struct qp_hash *hashes =
        rc == QP_OK ? qp_arena_alloc_zero(&maker->arena, hash_count, sizeof *hashes) : NULL;
    if (rc == QP_OK && hashes == NULL) {
        rc = no_memory(err);
    }
    rc = rc == QP_OK ? qp_merkle_multi_proof(reader, multi, hashes, hash_count, &hash_count, err)
                     : rc;
    rc = rc == QP_OK ? qp_merkle_multi_root(multi, leaves, hashes, hash_count, &root, err) : rc;
    if (rc == QP_OK && !qp_hash_eq(&root, want)) {
        rc = qp_fail(err, QP_E_STORE,
                     "what is stored has not the root that was signed; run quipu "
                     "audit");
    }
    if (rc == QP_OK) {
        *proof = qp_bytes_span(qp_span_of(hashes, hash_count * sizeof *hashes));
        maker->report.hashes += hash_count;
    }
    return rc;
}

/* The ids of one statement's events as a tree. */
static enum qp_code id_node(void *ctx, uint8_t level, uint64_t index, struct qp_hash *out,
                            struct qp_err *err)
{
    const struct qp_hash *ids = ctx;
    (void)err;
    qp_merkle_root(ids + (size_t)(index << level), (size_t)1 << level, out);
    return QP_OK;
}

/* Ids of all events of the entry's statement; those that are shown are at hand. */
static enum qp_code read_ids(struct maker *maker, const struct qp_shown_entry *entry,
                             const struct qp_shown_event *shown, size_t shown_count,
                             struct qp_err *err)
{
    const struct qp_trace_source *source = maker->source;
    size_t next = 0;
    if (entry->event_count > maker->id_room) {
        struct qp_hash *grown = qp_realloc(maker->ids, entry->event_count * sizeof *grown);
        if (grown == NULL) {
            return no_memory(err);
        }
        maker->ids = grown;
        maker->id_room = entry->event_count;
    }
    for (uint32_t i = 0; i < entry->event_count; i++) {
        if (next < shown_count && shown[next].position == i) {
            qp_hash_leaf(&maker->ids[i], shown[next++].bytes);
            continue;
        }
        maker->bytes.len = 0;
        enum qp_code rc = source->event(source->context, entry->index, i, &maker->bytes, err);
        if (rc == QP_E_NOT_FOUND) {
            rc = qp_fail(err, QP_E_STORE, "event %u of entry %llu is not there; run quipu audit", i,
                         ull(entry->index));
        }
        if (rc != QP_OK) {
            return rc;
        }
        qp_hash_leaf(&maker->ids[i], qp_span_buf(&maker->bytes));
    }
    return next == shown_count ? QP_OK
                               : qp_fail(err, QP_E_STORE,
                                         "entry %llu has more events than its statement; run "
                                         "quipu audit",
                                         ull(entry->index));
}

static enum qp_code prove_events(struct maker *maker, const struct qp_shown_entry *entry,
                                 const struct qp_shown_event *shown, Qp__BundleEntry *out,
                                 struct qp_err *err)
{
    size_t count = out->n_events;
    uint64_t *positions = qp_arena_alloc_zero(&maker->arena, count, sizeof *positions);
    struct qp_hash *leaves = qp_arena_alloc_zero(&maker->arena, count, sizeof *leaves);
    if (positions == NULL || leaves == NULL) {
        return no_memory(err);
    }
    enum qp_code rc = read_ids(maker, entry, shown, count, err);
    for (size_t i = 0; rc == QP_OK && i < count; i++) {
        positions[i] = shown[i].position;
        leaves[i] = maker->ids[shown[i].position];
    }
    struct qp_merkle_reader reader = {.ctx = maker->ids, .node = id_node};
    struct qp_merkle_multi multi = {
        .leaf_indexes = positions, .leaf_count = count, .tree_size = entry->event_count};
    rc = rc == QP_OK
             ? prove(maker, &reader, &multi, leaves, &entry->event_root, &out->event_proof, err)
             : rc;
    return rc == QP_OK ? QP_OK : qp_prefix(err, rc, "events of entry %llu", ull(entry->index));
}

/* ---- Entries ---- */

static enum qp_code fill_entry(struct maker *maker, const struct qp_shown_entry *entry,
                               const struct qp_shown_event *shown, Qp__BundleEntry *out,
                               struct qp_err *err)
{
    out->entry = qp_bytes_span(entry->bytes);
    maker->report.bytes_content += entry->bytes.len;
    if (out->n_events == 0) {
        return QP_OK;
    }
    out->n_positions = out->n_events;
    out->positions = qp_arena_alloc_zero(&maker->arena, out->n_events, sizeof *out->positions);
    out->events = qp_arena_alloc_zero(&maker->arena, out->n_events, sizeof *out->events);
    if (out->positions == NULL || out->events == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < out->n_events; i++) {
        out->positions[i] = shown[i].position;
        out->events[i] = qp_bytes_span(shown[i].bytes);
        maker->report.bytes_content += shown[i].bytes.len;
    }
    return prove_events(maker, entry, shown, out, err);
}

static enum qp_code fill_entries(struct maker *maker, struct qp_err *err)
{
    const struct qp_closure *closure = &maker->closure;
    size_t count = closure->entry_count;
    Qp__BundleEntry *entries = qp_arena_alloc_zero(&maker->arena, count, sizeof *entries);
    Qp__BundleEntry **list = qp_arena_alloc_zero(&maker->arena, count, sizeof *list);
    size_t next = 0;
    if (entries == NULL || list == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        size_t first = next;
        while (next < closure->event_count &&
               closure->events[next].index == closure->entries[i].index) {
            next++;
        }
        list[i] = &entries[i];
        qp__bundle_entry__init(list[i]);
        list[i]->n_events = next - first;
        enum qp_code rc =
            fill_entry(maker, &closure->entries[i], &closure->events[first], list[i], err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    QP_ASSERT(next == closure->event_count);
    maker->bundle.n_entries = count;
    maker->bundle.entries = list;
    maker->report.entries = count;
    maker->report.events = closure->event_count;
    return QP_OK;
}

static enum qp_code fill_tree(struct maker *maker, struct qp_err *err)
{
    const struct qp_closure *closure = &maker->closure;
    size_t count = closure->entry_count;
    struct qp_note note;
    struct qp_checkpoint checkpoint = {0};
    maker->bytes.len = 0;
    enum qp_code rc = maker->source->checkpoint(maker->source->context, &maker->bytes, err);
    rc = rc == QP_OK ? keep(maker, qp_span_buf(&maker->bytes), &maker->bundle.checkpoint, err) : rc;
    rc = rc == QP_OK ? qp_note_parse(qp_span_bytes(maker->bundle.checkpoint), &note, err) : rc;
    rc = rc == QP_OK ? qp_checkpoint_parse(note.text, &checkpoint, err) : rc;
    if (rc == QP_E_INPUT || rc == QP_E_INVALID ||
        (rc == QP_OK && checkpoint.size != maker->source->size)) {
        return qp_fail(err, QP_E_STORE, "the stored checkpoint is not the newest; run quipu audit");
    }
    if (rc != QP_OK) {
        return rc;
    }
    uint64_t *indexes = qp_arena_alloc_zero(&maker->arena, count, sizeof *indexes);
    struct qp_hash *leaves = qp_arena_alloc_zero(&maker->arena, count, sizeof *leaves);
    if (indexes == NULL || leaves == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        indexes[i] = closure->entries[i].index;
        qp_hash_leaf(&leaves[i], closure->entries[i].bytes);
    }
    struct qp_merkle_multi multi = {
        .leaf_indexes = indexes, .leaf_count = count, .tree_size = checkpoint.size};
    rc = prove(maker, &maker->source->merkle, &multi, leaves, &checkpoint.root,
               &maker->bundle.tree_proof, err);
    return rc == QP_OK ? QP_OK : qp_prefix(err, rc, "tree of %llu entries", ull(checkpoint.size));
}

/* ---- Sealed contents ---- */

static bool may_open(unsigned disclose, Qp__SealedKind kind)
{
    static const unsigned bits[] = {[QP__SEALED_KIND__SEALED_KIND_GEOMETRY] = QP_DISCLOSE_GEOMETRY,
                                    [QP__SEALED_KIND__SEALED_KIND_PRODUCER] =
                                        QP_DISCLOSE_PRODUCER_NAME,
                                    [QP__SEALED_KIND__SEALED_KIND_PRICE] = QP_DISCLOSE_PRICE,
                                    [QP__SEALED_KIND__SEALED_KIND_DOCUMENT] = QP_DISCLOSE_DOCUMENT,
                                    [QP__SEALED_KIND__SEALED_KIND_CONTACT] = QP_DISCLOSE_CONTACT};
    return (size_t)kind < QP_COUNT(bits) && (disclose & bits[kind]) != 0;
}

/* Plots and producers that are shown are those of the shipment, so their contents are too. */
static enum qp_code add_opening(void *context, const char *field, const Qp__Sealed *sealed,
                                struct qp_err *err)
{
    struct maker *maker = context;
    (void)field;
    if (!may_open(maker->disclose, sealed->kind)) {
        return QP_OK;
    }
    if (maker->opening_count == maker->opening_room) {
        size_t room = maker->opening_room == 0 ? 64 : 2 * maker->opening_room;
        struct opening *grown = qp_realloc(maker->openings, room * sizeof *grown);
        if (grown == NULL) {
            return no_memory(err);
        }
        maker->openings = grown;
        maker->opening_room = room;
    }
    maker->openings[maker->opening_count++] =
        (struct opening){.commitment = qp_bytes_hash(sealed->commitment), .index = maker->index};
    return QP_OK;
}

static int by_commitment(const void *a, const void *b)
{
    const struct opening *one = a;
    const struct opening *two = b;
    int order = memcmp(one->commitment.bytes, two->commitment.bytes, sizeof one->commitment.bytes);
    return order != 0 ? order : (one->index > two->index) - (one->index < two->index);
}

static enum qp_code find_openings(struct maker *maker, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < maker->closure.event_count; i++) {
        const struct qp_shown_event *shown = &maker->closure.events[i];
        Qp__Event *event = NULL;
        maker->index = shown->index;
        qp_arena_reset(&maker->scratch);
        rc = qp_event_decode(shown->bytes, &maker->scratch, &event, err);
        rc = rc == QP_OK ? qp_event_sealed(event, add_opening, maker, err) : rc;
    }
    if (maker->opening_count > 1) {
        qsort(maker->openings, maker->opening_count, sizeof *maker->openings, by_commitment);
    }
    return rc;
}

/* Add one content to the bundle's. QP_E_NOT_FOUND: not in the vault. */
static enum qp_code open_one(struct maker *maker, const struct opening *opening, struct qp_err *err)
{
    const struct qp_trace_source *source = maker->source;
    ProtobufCBinaryData kept = {0};
    Qp__SealedContent *decoded = NULL;
    struct qp_hash commitment = {{0}};
    maker->bytes.len = 0;
    enum qp_code rc =
        source->sealed(source->context, opening->index, &opening->commitment, &maker->bytes, err);
    rc = rc == QP_OK ? keep(maker, qp_span_buf(&maker->bytes), &kept, err) : rc;
    rc = rc == QP_OK ? qp_wire_decode(&qp_rule_sealed_content, qp_span_bytes(kept), &maker->arena,
                                      &decoded, err)
                     : rc;
    if (rc == QP_OK) {
        QP_ASSERT(decoded != NULL);
        qp_content_hash(decoded, &commitment);
    }
    if (rc == QP_E_INPUT || (rc == QP_OK && !qp_hash_eq(&commitment, &opening->commitment))) {
        return qp_fail(err, QP_E_STORE,
                       "a sealed content of entry %llu is damaged in the vault; run quipu audit",
                       ull(opening->index));
    }
    if (rc == QP_OK) {
        QP_ASSERT(decoded != NULL);
        maker->report.bytes_content += decoded->content.len;
        maker->bundle.sealed[maker->bundle.n_sealed++] = decoded;
    }
    return rc;
}

static enum qp_code fill_sealed(struct maker *maker, struct qp_err *err)
{
    enum qp_code rc = find_openings(maker, err);
    if (rc != QP_OK) {
        return rc;
    }
    maker->bundle.sealed =
        qp_arena_alloc_zero(&maker->arena, maker->opening_count, sizeof(Qp__SealedContent *));
    if (maker->bundle.sealed == NULL) {
        return no_memory(err);
    }
    size_t next = 0;
    for (size_t i = 0; i < maker->opening_count; i = next) {
        /* Several events may hold one commitment, and the vault keeps it with any of them. */
        rc = QP_E_NOT_FOUND;
        for (next = i; next < maker->opening_count && qp_hash_eq(&maker->openings[next].commitment,
                                                                 &maker->openings[i].commitment);
             next++) {
            rc = rc == QP_E_NOT_FOUND ? open_one(maker, &maker->openings[next], err) : rc;
        }
        if (rc == QP_E_NOT_FOUND) {
            maker->report.sealed_missing++;
        } else if (rc != QP_OK) {
            return rc;
        }
    }
    maker->report.sealed = maker->bundle.n_sealed;
    return QP_OK;
}

/* ---- The whole ---- */

static enum qp_code make(struct maker *maker, const char *shipment, struct qp_buf *out,
                         struct qp_err *err)
{
    maker->report.lots = maker->closure.lot_count;
    maker->report.plots = maker->closure.plot_count;
    qp__bundle__init(&maker->bundle);
    maker->bundle.shipment = qp_arena_text(&maker->arena, qp_span_text(shipment));
    enum qp_code rc = maker->bundle.shipment != NULL ? QP_OK : no_memory(err);
    rc = rc == QP_OK ? fill_entries(maker, err) : rc;
    rc = rc == QP_OK ? fill_tree(maker, err) : rc;
    rc = rc == QP_OK ? fill_sealed(maker, err) : rc;
    qp_arena_reset(&maker->scratch);
    size_t before = out->len;
    rc = rc == QP_OK ? qp_bundle_encode(&maker->bundle, &maker->scratch, out, err) : rc;
    if (rc == QP_OK && out->len - before > QP_BUNDLE_BYTES_MAX) {
        rc = qp_fail(err, QP_E_INPUT,
                     "the bundle of %s would have %zu bytes, and %d are allowed; disclose fewer "
                     "contents",
                     shipment, out->len - before, QP_BUNDLE_BYTES_MAX);
    }
    return rc;
}

enum qp_code qp_prove_source(const struct qp_trace_source *source, const char *shipment,
                             unsigned disclose, struct qp_buf *out, struct qp_prove_report *report,
                             struct qp_err *err)
{
    struct maker maker = {.source = source, .disclose = disclose};
    enum qp_code rc = qp_closure_collect(source, shipment, &maker.closure, err);
    if (rc != QP_OK) {
        return rc;
    }
    qp_arena_init(&maker.arena, 0);
    qp_arena_init(&maker.scratch, 0);
    size_t before = out->len;
    rc = make(&maker, shipment, out, err);
    if (rc == QP_OK) {
        *report = maker.report;
    } else {
        out->len = before;
    }
    qp_buf_wipe(&maker.bytes);
    qp_free(maker.ids);
    qp_free(maker.openings);
    qp_arena_wipe(&maker.scratch);
    qp_arena_wipe(&maker.arena);
    qp_closure_wipe(&maker.closure);
    return rc;
}
