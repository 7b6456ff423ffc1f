#include "issue/catalog.h"

#include "core/check.h"
#include "rules/graph.h"

#include <inttypes.h>
#include <string.h>

struct qp_catalog {
    struct qp_arena arena;
    struct qp_catalog_item **slots; /* open addressing; at most half of them are taken */
    size_t slot_count;              /* a power of two, or 0 */
    size_t used;
    size_t counts[QP_CATALOG_KINDS];
    uint64_t statement; /* 1 + the sequence of the one that is read; 0: none of a journal */
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for the list of known codes");
}

enum qp_code qp_catalog_new(struct qp_catalog **catalog, struct qp_err *err)
{
    struct qp_catalog *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return no_memory(err);
    }
    qp_arena_init(&made->arena, 0);
    *catalog = made;
    return QP_OK;
}

void qp_catalog_free(struct qp_catalog *catalog)
{
    if (catalog == NULL) {
        return;
    }
    qp_arena_wipe(&catalog->arena);
    qp_free(catalog->slots);
    qp_free(catalog);
}

/* FNV-1a. The codes are the issuer's own; nobody gains by making them collide. */
static size_t slot_of(const struct qp_catalog *catalog, enum qp_catalog_kind kind, const char *id)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)kind;
    for (const char *at = id; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(1099511628211);
    }
    size_t slot = (size_t)(hash ^ (hash >> 32)) & (catalog->slot_count - 1);
    while (catalog->slots[slot] != NULL &&
           (catalog->slots[slot]->kind != kind || strcmp(catalog->slots[slot]->id, id) != 0)) {
        slot = (slot + 1) & (catalog->slot_count - 1);
    }
    return slot;
}

const struct qp_catalog_item *qp_catalog_find(const struct qp_catalog *catalog,
                                              enum qp_catalog_kind kind, const char *id)
{
    return catalog == NULL || catalog->slot_count == 0 ? NULL
                                                       : catalog->slots[slot_of(catalog, kind, id)];
}

struct qp_catalog_item *qp_catalog_change(struct qp_catalog *catalog, enum qp_catalog_kind kind,
                                          const char *id)
{
    return catalog->slot_count == 0 ? NULL : catalog->slots[slot_of(catalog, kind, id)];
}

size_t qp_catalog_count(const struct qp_catalog *catalog, enum qp_catalog_kind kind)
{
    return catalog == NULL ? 0 : catalog->counts[kind];
}

static enum qp_code make_room(struct qp_catalog *catalog, struct qp_err *err)
{
    if (2 * (catalog->used + 1) <= catalog->slot_count) {
        return QP_OK;
    }
    struct qp_catalog larger = *catalog;
    larger.slot_count = catalog->slot_count == 0 ? 256 : 2 * catalog->slot_count;
    larger.slots = qp_alloc_zero(larger.slot_count, sizeof(struct qp_catalog_item *));
    if (larger.slots == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < catalog->slot_count; i++) {
        struct qp_catalog_item *item = catalog->slots[i];
        if (item != NULL) {
            larger.slots[slot_of(&larger, item->kind, item->id)] = item;
        }
    }
    qp_free(catalog->slots);
    *catalog = larger;
    return QP_OK;
}

enum qp_code qp_catalog_add(struct qp_catalog *catalog, const struct qp_catalog_item *item,
                            struct qp_err *err)
{
    enum qp_code rc = make_room(catalog, err);
    if (rc != QP_OK) {
        return rc;
    }
    size_t slot = slot_of(catalog, item->kind, item->id);
    if (catalog->slots[slot] != NULL) {
        return QP_OK;
    }
    struct qp_catalog_item *copy = qp_arena_alloc(&catalog->arena, sizeof *copy);
    char *id = qp_arena_text(&catalog->arena, qp_span_text(item->id));
    char *owner =
        qp_arena_text(&catalog->arena, qp_span_text(item->owner == NULL ? "" : item->owner));
    if (copy == NULL || id == NULL || owner == NULL) {
        return no_memory(err);
    }
    *copy = *item;
    copy->id = id;
    copy->owner = owner;
    copy->statement = catalog->statement;
    catalog->slots[slot] = copy;
    catalog->used++;
    catalog->counts[item->kind]++;
    return QP_OK;
}

void qp_catalog_outline(char hex[65], struct qp_span content)
{
    struct qp_hash hash;
    qp_hash_plain(&hash, content);
    qp_hash_hex(hex, &hash);
}

char *qp_catalog_assessed(struct qp_arena *arena, const Qp__Event *event)
{
    const Qp__PlotAssessed *body = event->plot_assessed;
    return qp_arena_printf(arena, "%s %" PRIu64 " %" PRIu64, body->plot, event->occurred_ms,
                           body->covers_to_ms);
}

/* ---- From events ---- */

/* The contents of a submission or draft come in the order of the commitments that they open. */
struct contents {
    void (*at)(const struct contents *contents, size_t i, struct qp_salt *salt,
               struct qp_span *content);
    const void *source;
    size_t next;
    size_t count;
};

struct taking {
    struct qp_catalog *catalog;
    struct qp_arena *scratch;
    struct contents *contents;
    bool with_areas;                  /* of plots, which costs a little */
    const struct qp_journal *journal; /* where the events stand; NULL: in no journal */
    const Qp__Event *event;
};

static enum qp_code add_simple(struct qp_catalog *catalog, enum qp_catalog_kind kind,
                               const char *id, const char *owner, struct qp_err *err)
{
    struct qp_catalog_item item = {.kind = kind, .id = id, .owner = owner};
    return qp_catalog_add(catalog, &item, err);
}

static enum qp_code take_outline_area(const struct taking *taking, struct qp_span content,
                                      struct qp_err *err)
{
    const char *id = taking->event->plot_registered->plot;
    struct qp_catalog *catalog = taking->catalog;
    struct qp_catalog_item *item = catalog->slots[slot_of(catalog, QP_CATALOG_PLOT, id)];
    struct qp_geometry geometry;
    enum qp_code rc = qp_geometry_decode(content, taking->scratch, &geometry, err);
    return rc == QP_OK ? qp_geometry_area_m2(&geometry, &item->outline_m2, err) : rc;
}

static enum qp_code take_content(const struct taking *taking, Qp__SealedKind kind,
                                 struct qp_span content, struct qp_err *err)
{
    const Qp__Event *event = taking->event;
    if (kind == QP__SEALED_KIND__SEALED_KIND_GEOMETRY &&
        event->body_case == QP__EVENT__BODY_PLOT_REGISTERED) {
        char hex[65];
        qp_catalog_outline(hex, content);
        enum qp_code rc =
            add_simple(taking->catalog, QP_CATALOG_OUTLINE, hex, event->plot_registered->plot, err);
        return rc == QP_OK && taking->with_areas ? take_outline_area(taking, content, err) : rc;
    }
    if (kind == QP__SEALED_KIND__SEALED_KIND_PRODUCER &&
        event->body_case == QP__EVENT__BODY_PRODUCER_REGISTERED) {
        Qp__Producer *producer = NULL;
        enum qp_code rc =
            qp_wire_decode(&qp_rule_producer, content, taking->scratch, &producer, err);
        return rc == QP_OK && producer->document[0] != '\0'
                   ? add_simple(taking->catalog, QP_CATALOG_DOCUMENT, producer->document,
                                event->producer_registered->producer, err)
                   : rc;
    }
    return QP_OK;
}

static enum qp_code take_sealed(void *context, const char *field, const Qp__Sealed *sealed,
                                struct qp_err *err)
{
    struct taking *taking = context;
    struct contents *contents = taking->contents;
    struct qp_salt salt;
    struct qp_span content;
    struct qp_hash hash;
    (void)field;
    if (contents->next == contents->count) {
        return QP_OK;
    }
    contents->at(contents, contents->next, &salt, &content);
    struct qp_hash commitment = qp_bytes_hash(sealed->commitment);
    qp_hash_sealed(&hash, &salt, content);
    if (!qp_hash_eq(&hash, &commitment)) {
        return QP_OK; /* this one was given as a commitment alone */
    }
    contents->next++;
    return take_content(taking, sealed->kind, content, err);
}

static enum qp_code take_plot(const struct taking *taking, struct qp_err *err)
{
    const Qp__PlotRegistered *plot = taking->event->plot_registered;
    struct qp_catalog_item item = {.kind = QP_CATALOG_PLOT,
                                   .id = plot->plot,
                                   .owner = plot->producer,
                                   .declared_m2 = plot->area_m2};
    for (size_t i = 0; i < plot->n_commodities; i++) {
        item.commodities |= UINT64_C(1) << ((unsigned)plot->commodities[i] & 63U);
    }
    if (taking->with_areas) {
        item.geometry = qp_bytes_hash(plot->geometry->commitment);
        const struct qp_catalog_item *known =
            qp_catalog_find(taking->catalog, QP_CATALOG_PLOT, plot->plot);
        if (known != NULL && !qp_hash_eq(&known->geometry, &item.geometry)) {
            return qp_fail(err, QP_E_INPUT,
                           "plot %s is registered twice, in two shapes; give only the file that "
                           "the ledger has admitted",
                           plot->plot);
        }
    }
    return qp_catalog_add(taking->catalog, &item, err);
}

static enum qp_code take_party(const struct taking *taking, const Qp__PartyEnrolled *party,
                               struct qp_err *err)
{
    char hex[65];
    qp_hex_encode(hex, qp_span_bytes(party->key));
    enum qp_code rc = add_simple(taking->catalog, QP_CATALOG_PARTY, party->party, "", err);
    return rc == QP_OK ? add_simple(taking->catalog, QP_CATALOG_KEY, hex, party->party, err) : rc;
}

static enum qp_code take_assessment(const struct taking *taking, struct qp_err *err)
{
    const char *id = qp_catalog_assessed(taking->scratch, taking->event);
    return id != NULL ? add_simple(taking->catalog, QP_CATALOG_ASSESSED, id, "", err)
                      : no_memory(err);
}

static enum qp_code take_outputs(const struct taking *taking, struct qp_err *err)
{
    const Qp__LotProcessed *processed = taking->event->lot_processed;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < processed->n_outputs; i++) {
        rc = add_simple(taking->catalog, QP_CATALOG_LOT, processed->outputs[i]->lot, "", err);
    }
    return rc;
}

static enum qp_code take_harvest(const struct taking *taking, struct qp_err *err)
{
    const Qp__LotHarvested *harvest = taking->event->lot_harvested;
    enum qp_code rc = add_simple(taking->catalog, QP_CATALOG_LOT, harvest->lot, "", err);
    return rc == QP_OK ? qp_catalog_add_harvest(taking->catalog, harvest, err) : rc;
}

static enum qp_code take_voiding(const struct taking *taking, struct qp_err *err)
{
    const Qp__EventReference *voided = taking->event->event_voided->event;
    const struct qp_journal *journal = taking->journal;
    struct qp_arena arena;
    struct qp_buf bytes = {0};
    Qp__Submission *submission = NULL;
    Qp__Event *event = NULL;
    if (journal == NULL || voided->sequence >= journal->head.next_sequence ||
        memcmp(voided->issuer.data, journal->public_key.bytes, 32) != 0) {
        return QP_OK;
    }
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_journal_read(journal, voided->sequence, &arena, &bytes, &submission, err);
    if (rc == QP_OK && voided->position < submission->n_events) {
        rc = qp_event_decode(qp_span_bytes(submission->events[voided->position]), &arena, &event,
                             err);
    }
    if (rc == QP_OK && event != NULL && event->body_case == QP__EVENT__BODY_LOT_HARVESTED) {
        qp_catalog_take_back(taking->catalog, event->lot_harvested);
    }
    qp_buf_wipe(&bytes);
    qp_arena_wipe(&arena);
    return rc;
}

static enum qp_code take_names(const struct taking *taking, struct qp_err *err)
{
    const Qp__Event *event = taking->event;
    switch (event->body_case) {
    case QP__EVENT__BODY_LEDGER_OPENED:
        return take_party(taking, event->ledger_opened->operator_, err);
    case QP__EVENT__BODY_PARTY_ENROLLED:
        return take_party(taking, event->party_enrolled, err);
    case QP__EVENT__BODY_PRODUCER_REGISTERED:
        return add_simple(taking->catalog, QP_CATALOG_PRODUCER,
                          event->producer_registered->producer, "", err);
    case QP__EVENT__BODY_PLOT_REGISTERED:
        return take_plot(taking, err);
    case QP__EVENT__BODY_PLOT_ASSESSED:
        return take_assessment(taking, err);
    case QP__EVENT__BODY_LOT_HARVESTED:
        return take_harvest(taking, err);
    case QP__EVENT__BODY_LOT_PROCESSED:
        return take_outputs(taking, err);
    case QP__EVENT__BODY_EVENT_VOIDED:
        return take_voiding(taking, err);
    default:
        return QP_OK;
    }
}

/* taking: all but the event. */
static enum qp_code take_event(struct taking *taking, struct qp_span bytes, struct qp_err *err)
{
    Qp__Event *event = NULL;
    qp_arena_reset(taking->scratch);
    enum qp_code rc = qp_event_decode(bytes, taking->scratch, &event, err);
    if (rc != QP_OK) {
        return rc;
    }
    taking->event = event;
    rc = take_names(taking, err);
    return rc == QP_OK ? qp_event_sealed(event, take_sealed, taking, err) : rc;
}

static void submission_content(const struct contents *contents, size_t i, struct qp_salt *salt,
                               struct qp_span *content)
{
    const Qp__Submission *submission = contents->source;
    memcpy(salt->bytes, submission->sealed[i]->salt.data, sizeof salt->bytes);
    *content = qp_span_bytes(submission->sealed[i]->content);
}

struct reading {
    struct qp_catalog *catalog;
    struct qp_arena scratch;
    bool with_areas;
    const struct qp_journal *journal; /* or NULL */
    const bool *live;                 /* of a journal: not given up, by sequence */
    uint64_t next;                    /* sequence */
};

static enum qp_code take_submission(void *context, const Qp__Submission *submission,
                                    struct qp_err *err)
{
    struct reading *reading = context;
    struct contents contents = {
        .at = submission_content, .source = submission, .count = submission->n_sealed};
    struct taking taking = {.catalog = reading->catalog,
                            .scratch = &reading->scratch,
                            .contents = &contents,
                            .with_areas = reading->with_areas,
                            .journal = reading->journal};
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < submission->n_events; i++) {
        rc = take_event(&taking, qp_span_bytes(submission->events[i]), err);
    }
    return rc;
}

/* What only statements that were given up have named is free again. */
static enum qp_code take_live(void *context, const Qp__Submission *submission, struct qp_err *err)
{
    struct reading *reading = context;
    uint64_t sequence = reading->next++;
    if (!reading->live[sequence]) {
        return QP_OK;
    }
    reading->catalog->statement = sequence + 1;
    enum qp_code rc = take_submission(context, submission, err);
    reading->catalog->statement = 0;
    return rc;
}

enum qp_code qp_catalog_add_journal(struct qp_catalog *catalog, const struct qp_journal *journal,
                                    struct qp_err *err)
{
    struct reading reading = {.catalog = catalog, .journal = journal};
    bool *live = NULL;
    qp_arena_init(&reading.scratch, 0);
    enum qp_code rc = qp_journal_live(journal, &live, err);
    reading.live = live;
    rc = rc == QP_OK ? qp_journal_each(journal, take_live, &reading, err) : rc;
    qp_free(live);
    qp_arena_wipe(&reading.scratch);
    return rc;
}

enum qp_code qp_catalog_add_submissions(struct qp_catalog *catalog, struct qp_span records,
                                        struct qp_err *err)
{
    struct reading reading = {.catalog = catalog, .with_areas = true};
    struct qp_arena arena;
    enum qp_code rc = QP_OK;
    qp_arena_init(&arena, 0);
    qp_arena_init(&reading.scratch, 0);
    for (size_t at = 0; rc == QP_OK && at < records.len;) {
        Qp__Submission *submission = NULL;
        size_t used = 0;
        qp_arena_reset(&arena);
        rc = qp_submission_decode(qp_span_of(records.data + at, records.len - at), &arena,
                                  &submission, &used, err);
        if (rc == QP_OK) {
            rc = take_submission(&reading, submission, err);
        }
        at += used;
    }
    qp_arena_wipe(&reading.scratch);
    qp_arena_wipe(&arena);
    return rc;
}

static void draft_content(const struct contents *contents, size_t i, struct qp_salt *salt,
                          struct qp_span *content)
{
    const struct qp_draft *draft = contents->source;
    *salt = draft->sealed[i].salt;
    *content = draft->sealed[i].content;
}

enum qp_code qp_catalog_add_draft(struct qp_catalog *catalog, const struct qp_draft *draft,
                                  struct qp_err *err)
{
    struct qp_arena scratch;
    struct contents contents = {.at = draft_content, .source = draft, .count = draft->sealed_used};
    enum qp_code rc = QP_OK;
    qp_arena_init(&scratch, 0);
    struct taking taking = {.catalog = catalog, .scratch = &scratch, .contents = &contents};
    for (size_t i = 0; rc == QP_OK && i < draft->event_count; i++) {
        rc = take_event(&taking, draft->events[i].bytes, err);
    }
    qp_arena_wipe(&scratch);
    return rc;
}
