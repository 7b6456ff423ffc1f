/* Where an impact begins: what an id, a key, a party, a certificate or an event stands for. */
#include "trace/impact.h"

#include "rules/rules.h"
#include "trace/shown.h"

#include <stdio.h>
#include <string.h>

/* What is read on the way to the starts. */
struct starting {
    struct qp_impact_search *search;
    struct qp_links links;
    struct qp_places places;
    struct qp_arena arena; /* one event that was voided, or one record */
    const char *party;     /* that is asked for; not told among those that are touched */
    bool draws;            /* what an event drew from counts too */
    uint64_t *entries;     /* that a key signed */
    size_t entry_count;
    size_t entry_room;
    const char **ids; /* that a party named; in the search's arena */
    size_t id_count;
    size_t id_room;
    struct qp_err *err; /* of a callback that only says whether to go on */
    enum qp_code rc;
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to look for what is touched");
}

static enum qp_code start_at(struct qp_impact_search *search, enum qp_state_kind kind,
                             const char *id, struct qp_err *err)
{
    enum qp_code rc = (search->directions & QP_IMPACT_UP) != 0
                          ? qp_reach_start(&search->up, kind, id, err)
                          : QP_OK;
    return rc == QP_OK && (search->directions & QP_IMPACT_DOWN) != 0
               ? qp_reach_start(&search->down, kind, id, err)
               : rc;
}

/* ---- Events ---- */

/* A party or certificate, told once and not followed. */
static enum qp_code name_it(struct qp_impact_search *search, enum qp_state_kind kind,
                            const char *id, struct qp_err *err)
{
    bool party = kind == QP_STATE_PARTY;
    const char ***list = party ? &search->shown.parties : &search->shown.certificates;
    size_t *count = party ? &search->shown.party_count : &search->shown.certificate_count;
    size_t *room = party ? &search->party_room : &search->certificate_room;
    struct qp_state_key key = qp_state_key_text(kind, id);
    size_t number = 0;
    bool fresh = false;
    enum qp_code rc = qp_visited_add(&search->names, qp_state_key_span(&key), &number, &fresh, err);
    if (rc != QP_OK || !fresh) {
        return rc;
    }
    const char *copy = qp_arena_text(&search->arena, qp_span_text(id));
    rc = copy != NULL ? qp_grow(list, *count, room, sizeof **list, err) : no_memory(err);
    if (rc == QP_OK) {
        (*list)[(*count)++] = copy;
    }
    return rc;
}

static enum qp_code take_edge(void *context, const struct qp_edge *edge, struct qp_err *err)
{
    const struct starting *starting = context;
    if (edge->role == QP_EDGE_USES || (edge->role == QP_EDGE_CONSUMES && !starting->draws)) {
        return QP_OK;
    }
    switch (edge->kind) {
    case QP_STATE_PRODUCER:
    case QP_STATE_PLOT:
    case QP_STATE_LOT:
    case QP_STATE_SHIPMENT:
        return start_at(starting->search, edge->kind, edge->id, err);
    case QP_STATE_PARTY:
        if (starting->party != NULL && strcmp(starting->party, edge->id) == 0) {
            return QP_OK;
        }
        return name_it(starting->search, edge->kind, edge->id, err);
    default:
        return name_it(starting->search, edge->kind, edge->id, err);
    }
}

/* A voiding touches what the event did that it takes back. */
static enum qp_code take_voided(struct starting *starting, const Qp__EventVoided *body,
                                struct qp_err *err)
{
    struct qp_state state = starting->search->source->state;
    struct qp_span bytes = {0};
    Qp__EventPlace place = QP__EVENT_PLACE__INIT;
    Qp__Event *voided = NULL;
    qp_arena_reset(&starting->arena);
    enum qp_code rc = state.event(state.context, body->event, &bytes, &place, err);
    uint8_t *copy = rc == QP_OK ? qp_arena_alloc(&starting->arena, bytes.len) : NULL;
    if (rc == QP_OK && copy == NULL) {
        return no_memory(err);
    }
    if (rc == QP_OK) {
        memcpy(copy, bytes.data, bytes.len);
        rc = qp_event_decode(qp_span_of(copy, bytes.len), &starting->arena, &voided, err);
    }
    if (rc == QP_E_NOT_FOUND || rc == QP_E_INPUT) {
        return qp_fail(err, QP_E_STORE, "an event that was voided cannot be read; run quipu audit");
    }
    return rc == QP_OK ? qp_voided_edges(voided, take_edge, starting, err) : rc;
}

static enum qp_code start_event(struct starting *starting, uint64_t index, uint32_t position,
                                struct qp_err *err)
{
    const Qp__Event *event = NULL;
    enum qp_code rc = qp_links_event(&starting->links, index, position, &event, err);
    rc = rc == QP_OK ? qp_event_edges(event, take_edge, starting, err) : rc;
    return rc == QP_OK && event->body_case == QP__EVENT__BODY_EVENT_VOIDED
               ? take_voided(starting, event->event_voided, err)
               : rc;
}

static enum qp_code start_named_event(struct starting *starting, uint64_t index, uint32_t position,
                                      struct qp_err *err)
{
    const struct qp_trace_source *source = starting->search->source;
    const Qp__Statement *statement = NULL;
    if (index >= source->size) {
        return qp_fail(err, QP_E_NOT_FOUND, "there is no entry %llu; the ledger has %llu",
                       (unsigned long long)index, (unsigned long long)source->size);
    }
    enum qp_code rc = qp_links_statement(&starting->links, index, &statement, err);
    if (rc == QP_OK && position >= statement->event_count) {
        return qp_fail(err, QP_E_NOT_FOUND, "entry %llu has events 0 to %u, and no event %u",
                       (unsigned long long)index, statement->event_count - 1, position);
    }
    return rc == QP_OK ? start_event(starting, index, position, err) : rc;
}

/* ---- Keys and parties ---- */

static enum qp_code keep_entry(void *context, uint64_t index, struct qp_err *err)
{
    struct starting *starting = context;
    enum qp_code rc = qp_grow(&starting->entries, starting->entry_count, &starting->entry_room,
                              sizeof *starting->entries, err);
    if (rc == QP_OK) {
        starting->entries[starting->entry_count++] = index;
    }
    return rc;
}

static enum qp_code start_signed(struct starting *starting, const struct qp_public_key *key,
                                 uint64_t since, struct qp_err *err)
{
    struct qp_impact *shown = &starting->search->shown;
    const struct qp_trace_source *source = starting->search->source;
    starting->entry_count = 0;
    enum qp_code rc = source->signed_by(source->context, key, since, keep_entry, starting, err);
    for (size_t i = 0; rc == QP_OK && i < starting->entry_count; i++) {
        const Qp__Statement *statement = NULL;
        rc = qp_links_statement(&starting->links, starting->entries[i], &statement, err);
        uint32_t count = rc == QP_OK ? statement->event_count : 0;
        for (uint32_t k = 0; rc == QP_OK && k < count; k++) {
            rc = start_event(starting, starting->entries[i], k, err);
        }
        shown->entries++;
        shown->events += count;
    }
    return rc;
}

static enum qp_code start_key(struct starting *starting, const struct qp_impact_thing *thing,
                              struct qp_err *err)
{
    struct qp_state state = starting->search->source->state;
    struct qp_state_key at = qp_state_key_public(thing->key);
    Qp__KeyState *known = NULL;
    enum qp_code rc = qp_state_read(&state, &at, &qp_rule_key_state, &starting->arena, &known, err);
    if (rc == QP_OK && known == NULL) {
        char hex[65];
        qp_hex_encode(hex, qp_span_of(thing->key->bytes, sizeof thing->key->bytes));
        return qp_fail(err, QP_E_NOT_FOUND, "key %s is of nobody in this ledger", hex);
    }
    if (rc != QP_OK) {
        return rc;
    }
    uint64_t since = UINT64_MAX;
    rc = qp_links_doubt(&starting->links, thing->key, known, &since, err);
    if (rc != QP_OK) {
        return rc;
    }
    since = thing->since_given ? thing->since : since == UINT64_MAX ? 0 : since;
    starting->search->shown.since = since;
    return start_signed(starting, thing->key, since, err);
}

/* The key that an event gives to the party that it names. NULL: none. */
static const ProtobufCBinaryData *key_given(const Qp__Event *event)
{
    switch (event->body_case) {
    case QP__EVENT__BODY_LEDGER_OPENED:
        return &event->ledger_opened->operator_->key;
    case QP__EVENT__BODY_PARTY_ENROLLED:
        return &event->party_enrolled->key;
    case QP__EVENT__BODY_KEY_ADDED:
        return &event->key_added->key;
    case QP__EVENT__BODY_KEY_ROTATED:
        return &event->key_rotated->new_key;
    default:
        return NULL;
    }
}

static bool may_give_key(const struct qp_edge_place *place)
{
    return place->body == QP__EVENT__BODY_LEDGER_OPENED ||
           place->body == QP__EVENT__BODY_PARTY_ENROLLED ||
           place->body == QP__EVENT__BODY_KEY_ADDED || place->body == QP__EVENT__BODY_KEY_ROTATED;
}

static enum qp_code start_party(struct starting *starting, const struct qp_impact_thing *thing,
                                struct qp_err *err)
{
    const struct qp_trace_source *source = starting->search->source;
    uint64_t since = thing->since_given ? thing->since : 0;
    starting->party = thing->id;
    starting->search->shown.since = since;
    enum qp_code rc = qp_places_read(source, QP_STATE_PARTY, thing->id, &starting->places, err);
    for (size_t i = 0; rc == QP_OK && i < starting->places.count; i++) {
        const struct qp_edge_place *place = &starting->places.list[i];
        const Qp__Event *event = NULL;
        struct qp_public_key key;
        if (!may_give_key(place)) {
            continue;
        }
        rc = qp_links_event(&starting->links, place->index, place->position, &event, err);
        const ProtobufCBinaryData *given = rc == QP_OK ? key_given(event) : NULL;
        if (given != NULL) {
            memcpy(key.bytes, given->data, sizeof key.bytes);
            rc = start_signed(starting, &key, since, err);
        }
    }
    return rc;
}

/* ---- Certificates ---- */

static bool keep_id(void *context, struct qp_span id)
{
    struct starting *starting = context;
    const char *copy = qp_arena_text(&starting->search->arena, id);
    starting->rc = copy != NULL ? qp_grow(&starting->ids, starting->id_count, &starting->id_room,
                                          sizeof *starting->ids, starting->err)
                                : no_memory(starting->err);
    if (starting->rc == QP_OK) {
        starting->ids[starting->id_count++] = copy;
    }
    return starting->rc == QP_OK;
}

static enum qp_code start_lot_under(struct starting *starting, const char *id,
                                    const Qp__CertificateState *certificate, struct qp_err *err)
{
    struct qp_state state = starting->search->source->state;
    struct qp_state_key key = qp_state_key_text(QP_STATE_LOT, id);
    Qp__LotState *lot = NULL;
    qp_arena_reset(&starting->arena);
    enum qp_code rc = qp_state_read(&state, &key, &qp_rule_lot_state, &starting->arena, &lot, err);
    bool covers = rc == QP_OK && lot != NULL &&
                  qp_certificate_covers(certificate, lot->commodity, lot->made_ms);
    return covers ? start_at(starting->search, QP_STATE_LOT, id, err) : rc;
}

static enum qp_code start_shipment_under(struct starting *starting, const char *id,
                                         const Qp__CertificateState *certificate,
                                         struct qp_err *err)
{
    struct qp_state state = starting->search->source->state;
    struct qp_state_key key = qp_state_key_text(QP_STATE_SHIPMENT, id);
    Qp__ShipmentState *shipment = NULL;
    const Qp__Event *event = NULL;
    qp_arena_reset(&starting->arena);
    enum qp_code rc =
        qp_state_read(&state, &key, &qp_rule_shipment_state, &starting->arena, &shipment, err);
    if (rc != QP_OK || shipment == NULL) {
        return rc;
    }
    rc = qp_links_event(&starting->links, shipment->dispatched->index,
                        shipment->dispatched->position, &event, err);
    bool covers =
        rc == QP_OK && qp_certificate_covers(certificate, shipment->commodity, event->occurred_ms);
    return covers ? start_at(starting->search, QP_STATE_SHIPMENT, id, err) : rc;
}

/* Every lot and shipment is named by the party that made it, and its id says so. */
static enum qp_code start_under(struct starting *starting, enum qp_state_kind kind,
                                const Qp__CertificateState *certificate, struct qp_err *err)
{
    const struct qp_trace_source *source = starting->search->source;
    char prefix[40];
    (void)snprintf(prefix, sizeof prefix, "%.32s/", certificate->holder);
    starting->id_count = 0;
    starting->err = err;
    starting->rc = QP_OK;
    enum qp_code rc = source->ids(source->context, kind, prefix, keep_id, starting, err);
    rc = rc == QP_OK ? starting->rc : rc;
    for (size_t i = 0; rc == QP_OK && i < starting->id_count; i++) {
        rc = kind == QP_STATE_LOT
                 ? start_lot_under(starting, starting->ids[i], certificate, err)
                 : start_shipment_under(starting, starting->ids[i], certificate, err);
    }
    return rc;
}

static enum qp_code start_certificate(struct starting *starting, const char *id, struct qp_err *err)
{
    struct qp_impact_search *search = starting->search;
    struct qp_state state = search->source->state;
    struct qp_state_key key = qp_state_key_text(QP_STATE_CERTIFICATE, id);
    Qp__CertificateState *certificate = NULL;
    enum qp_code rc =
        qp_state_read(&state, &key, &qp_rule_certificate_state, &search->arena, &certificate, err);
    rc = rc == QP_OK && certificate == NULL
             ? qp_fail(err, QP_E_NOT_FOUND, "no certificate %.80s is in the ledger", id)
             : rc;
    rc = rc == QP_OK ? start_under(starting, QP_STATE_LOT, certificate, err) : rc;
    return rc == QP_OK ? start_under(starting, QP_STATE_SHIPMENT, certificate, err) : rc;
}

/* ---- Which thing ---- */

static enum qp_code is_there(struct qp_impact_search *search, enum qp_state_kind kind,
                             const char *id, bool *there, struct qp_err *err)
{
    const struct qp_state *state = &search->source->state;
    struct qp_state_key key = qp_state_key_text(kind, id);
    struct qp_span record = {0};
    enum qp_code rc = state->get(state->context, qp_state_key_span(&key), &record, err);
    *there = rc == QP_OK && record.len > 0;
    return rc;
}

static enum qp_code no_party(struct qp_impact_search *search, const char *id, struct qp_err *err)
{
    static const enum qp_state_kind parties[] = {QP_STATE_PARTY, 0};
    enum qp_state_kind kind = QP_STATE_PARTY;
    char near[81];
    enum qp_code rc = qp_trace_near(search->source, parties, id, near, &kind, err);
    if (rc != QP_OK) {
        return rc;
    }
    return near[0] != '\0'
               ? qp_fail(err, QP_E_NOT_FOUND,
                         "no party %.40s is in the ledger; there is a party %s", id, near)
               : qp_fail(err, QP_E_NOT_FOUND,
                         "no party %.40s is in the ledger; lots, plots and what else has a name "
                         "are PARTY/NAME, an event is ENTRY:POSITION, a key has 64 digits",
                         id);
}

/* The one thing that the id names. */
static enum qp_code find_id(struct qp_impact_search *search, const char *id,
                            enum qp_state_kind *kind, struct qp_err *err)
{
    static const enum qp_state_kind named[] = {
        QP_STATE_LOT, QP_STATE_SHIPMENT, QP_STATE_PLOT, QP_STATE_PRODUCER, QP_STATE_CERTIFICATE, 0};
    static const enum qp_state_kind parties[] = {QP_STATE_PARTY, 0};
    bool slash = strchr(id, '/') != NULL;
    const enum qp_state_kind *kinds = slash ? named : parties;
    size_t found = 0;
    for (size_t i = 0; kinds[i] != 0 && id[0] != '\0' && strlen(id) <= 80; i++) {
        bool there = false;
        enum qp_code rc = is_there(search, kinds[i], id, &there, err);
        if (rc != QP_OK) {
            return rc;
        }
        if (there && found++ > 0) {
            return qp_fail(err, QP_E_USAGE,
                           "%.80s names several things, a %s and a %s; say which, as %s:%.80s", id,
                           qp_trace_kind_name(*kind), qp_trace_kind_name(kinds[i]),
                           qp_trace_kind_name(*kind), id);
        }
        *kind = there ? kinds[i] : *kind;
    }
    if (found == 1) {
        return QP_OK;
    }
    return slash || strlen(id) > 80 ? qp_trace_find(search->source, named, id, kind, err)
                                    : no_party(search, id, err);
}

/* Of the kind that was said. */
static enum qp_code find_kind(struct qp_impact_search *search, const struct qp_impact_thing *thing,
                              enum qp_state_kind *kind, struct qp_err *err)
{
    const enum qp_state_kind one[] = {qp_trace_kind_of(thing->kind), 0};
    if (one[0] == 0) {
        return qp_fail(err, QP_E_USAGE,
                       "\"%.20s\" is no kind of thing; there are lot, shipment, plot, producer, "
                       "certificate, party",
                       thing->kind);
    }
    return one[0] == QP_STATE_PARTY && strchr(thing->id, '/') == NULL
               ? find_id(search, thing->id, kind, err)
               : qp_trace_find(search->source, one, thing->id, kind, err);
}

static enum qp_code start_id(struct starting *starting, const struct qp_impact_thing *thing,
                             struct qp_err *err)
{
    struct qp_impact_search *search = starting->search;
    enum qp_state_kind kind = 0;
    enum qp_code rc = thing->kind != NULL ? find_kind(search, thing, &kind, err)
                                          : find_id(search, thing->id, &kind, err);
    if (rc != QP_OK) {
        return rc;
    }
    const char *id = qp_arena_text(&search->arena, qp_span_text(thing->id));
    if (id == NULL) {
        return no_memory(err);
    }
    search->shown.kind = qp_trace_kind_name(kind);
    search->shown.id = id;
    if (thing->since_given && kind != QP_STATE_PARTY) {
        return qp_fail(err, QP_E_USAGE,
                       "%s is a %s: only what a key or a party signed has an entry "
                       "to begin at",
                       id, search->shown.kind);
    }
    switch (kind) {
    case QP_STATE_PARTY:
        return start_party(starting, thing, err);
    case QP_STATE_CERTIFICATE:
        return start_certificate(starting, id, err);
    default:
        return start_at(search, kind, id, err);
    }
}

enum qp_code qp_impact_start(struct qp_impact_search *search, const struct qp_impact_thing *thing,
                             struct qp_err *err)
{
    struct starting starting = {.search = search, .draws = true};
    enum qp_code rc = QP_OK;
    search->shown.id = "";
    qp_links_init(&starting.links, search->source);
    qp_arena_init(&starting.arena, 0);
    if (thing->id != NULL) {
        rc = start_id(&starting, thing, err);
    } else if (thing->key != NULL) {
        search->shown.kind = "key";
        rc = start_key(&starting, thing, err);
    } else {
        search->shown.kind = "event";
        starting.draws = false;
        rc = start_named_event(&starting, thing->index, thing->position, err);
    }
    qp_links_wipe(&starting.links);
    qp_arena_wipe(&starting.arena);
    qp_free(starting.places.list);
    qp_free(starting.entries);
    qp_free(starting.ids);
    return rc;
}
