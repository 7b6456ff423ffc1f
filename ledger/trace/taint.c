/* Taint: what is wrong with anything that a lot or shipment was made of. It is looked for each time
 * anew, since bad news comes after the goods were passed on, and no record is changed by it. */
#include "trace/reach.h"

#include "core/check.h"
#include "rules/rules.h"
#include "trace/shown.h"

#include <string.h>

/* A key that signed some event of the things at hand. */
struct signer {
    struct qp_public_key key;
    const char *party;
    uint64_t since; /* entry from which it is in doubt; UINT64_MAX: it is not */
};

/* A withdrawn certificate of a party. */
struct withdrawn {
    const char *id;
    const Qp__CertificateState *record;
    uint64_t from_ms;
    size_t next; /* of the same party; SIZE_MAX: the last */
    bool told;
};

struct taints {
    const struct qp_trace_source *source;
    const struct qp_taint_sink *sink;
    struct qp_reach reach;
    struct qp_links links;
    struct qp_places places; /* of the thing at hand */
    struct qp_places party_places;
    struct qp_arena arena;
    struct qp_visited entries; /* looked at, */
    size_t *entry_signers;     /* and the number of the signer of each */
    size_t entry_room;
    struct qp_visited keys; /* of the signers */
    struct signer *signers;
    size_t signer_room;
    struct qp_visited told;    /* thing ‖ signer ‖ note */
    struct qp_visited parties; /* whose certificates were looked at, */
    size_t *party_first;       /* and the first withdrawn one of each */
    size_t party_room;
    struct withdrawn *withdrawn;
    size_t withdrawn_count;
    size_t withdrawn_room;
};

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory to look for taint");
}

/* ---- Telling ---- */

static enum qp_code tell(struct taints *taints, size_t number, struct qp_taint taint,
                         struct qp_err *err)
{
    const struct qp_reach_thing *things = taints->reach.things;
    const char *path[QP_TAINT_PATH_MAX];
    size_t count = 0;
    for (size_t at = number; at != SIZE_MAX; at = things[at].from) {
        if (count == QP_TAINT_PATH_MAX) {
            count = 0;
            break;
        }
        path[count++] = things[at].id;
    }
    for (size_t i = 0; i < count / 2; i++) {
        const char *swap = path[i];
        path[i] = path[count - 1 - i];
        path[count - 1 - i] = swap;
    }
    if (taint.kind == NULL) {
        taint.kind = qp_trace_kind_name(things[number].kind);
        taint.id = things[number].id;
    }
    taint.party = taint.party == NULL ? "" : taint.party;
    taint.path = path;
    taint.path_count = count;
    return taints->sink->taint(taints->sink->context, &taint, err);
}

/* ---- What the state says ---- */

static enum qp_code tell_place(struct taints *taints, size_t number, const char *cause,
                               const struct qp_edge_place *place, struct qp_err *err)
{
    struct qp_taint taint = {.cause = cause,
                             .index = place->index,
                             .position = place->position,
                             .event = qp_event_name(place->body)};
    return tell(taints, number, taint, err);
}

/* Does the voiding in this place take back the event that made the lot? */
static enum qp_code voids_making(struct taints *taints, const struct qp_edge_place *place,
                                 const Qp__EventPlace *made, bool *voids, struct qp_err *err)
{
    const Qp__Event *event = NULL;
    struct qp_public_key issuer;
    uint64_t index = 0;
    *voids = false;
    enum qp_code rc = qp_links_event(&taints->links, place->index, place->position, &event, err);
    if (rc != QP_OK || event->body_case != QP__EVENT__BODY_EVENT_VOIDED) {
        return rc;
    }
    const Qp__EventReference *reference = event->event_voided->event;
    memcpy(issuer.bytes, reference->issuer.data, sizeof issuer.bytes);
    uint32_t position = reference->position;
    rc = taints->source->find(taints->source->context, &issuer, reference->sequence, &index, err);
    if (rc == QP_E_NOT_FOUND) {
        return qp_fail(err, QP_E_STORE,
                       "a statement whose event was voided cannot be found; run "
                       "quipu audit --rebuild");
    }
    *voids = rc == QP_OK && index == made->index && position == made->position;
    return rc;
}

static enum qp_code tell_lot(struct taints *taints, size_t number, struct qp_err *err)
{
    const struct qp_reach_thing *thing = &taints->reach.things[number];
    const Qp__LotState *lot = thing->record.lot;
    bool recalled = lot->status == QP__LOT_STATUS__LOT_STATUS_RECALLED;
    bool voided = lot->status == QP__LOT_STATUS__LOT_STATUS_VOIDED;
    for (size_t i = taints->places.count; (recalled || voided) && i-- > 0;) {
        const struct qp_edge_place *place = &taints->places.list[i];
        bool found = recalled && place->body == QP__EVENT__BODY_LOT_RECALLED;
        if (voided && place->body == QP__EVENT__BODY_EVENT_VOIDED) {
            enum qp_code rc = voids_making(taints, place, lot->created, &found, err);
            if (rc != QP_OK) {
                return rc;
            }
        }
        if (found) {
            return tell_place(taints, number, recalled ? "recalled" : "voided", place, err);
        }
    }
    return recalled || voided
               ? qp_fail(err, QP_E_STORE,
                         "lot %s is %s, but no event that says so can be found; run quipu audit "
                         "--rebuild",
                         thing->id, recalled ? "recalled" : "voided")
               : QP_OK;
}

static enum qp_code tell_plot(struct taints *taints, size_t number, struct qp_err *err)
{
    const Qp__EventPlace *loss = taints->reach.things[number].record.plot->loss;
    if (loss == NULL) {
        return QP_OK;
    }
    struct qp_edge_place place = {
        .index = loss->index, .position = loss->position, .body = QP__EVENT__BODY_PLOT_ASSESSED};
    return tell_place(taints, number, "loss", &place, err);
}

/* ---- Who signed ---- */

static enum qp_code read_signer(struct taints *taints, const struct qp_public_key *key,
                                struct signer *signer, struct qp_err *err)
{
    struct qp_state state = taints->source->state;
    struct qp_state_key at = qp_state_key_public(key);
    Qp__KeyState *known = NULL;
    enum qp_code rc = qp_state_read(&state, &at, &qp_rule_key_state, &taints->arena, &known, err);
    if (rc == QP_OK && known == NULL) {
        return qp_fail(err, QP_E_STORE,
                       "the ledger's state lacks a key that signed an entry; run quipu audit "
                       "--rebuild");
    }
    uint64_t since = UINT64_MAX;
    rc = rc == QP_OK ? qp_links_doubt(&taints->links, key, known, &since, err) : rc;
    if (rc == QP_OK) {
        *signer = (struct signer){.key = *key, .party = known->party, .since = since};
    }
    return rc;
}

static enum qp_code find_signer(struct taints *taints, const struct qp_public_key *key,
                                size_t *number, struct qp_err *err)
{
    bool fresh = false;
    enum qp_code rc = qp_visited_add(&taints->keys, qp_span_of(key->bytes, sizeof key->bytes),
                                     number, &fresh, err);
    if (rc == QP_OK && fresh) {
        rc = qp_grow(&taints->signers, *number, &taints->signer_room, sizeof *taints->signers, err);
        rc = rc == QP_OK ? read_signer(taints, key, &taints->signers[*number], err) : rc;
    }
    return rc;
}

/* Borrowed until the next signer is looked for. */
static enum qp_code signer_of(struct taints *taints, uint64_t index, const struct signer **signer,
                              size_t *number, struct qp_err *err)
{
    uint8_t name[8];
    size_t at = 0;
    bool fresh = false;
    qp_store_be64(name, index);
    enum qp_code rc =
        qp_visited_add(&taints->entries, qp_span_of(name, sizeof name), &at, &fresh, err);
    if (rc == QP_OK && fresh) {
        const Qp__Statement *statement = NULL;
        struct qp_public_key key;
        rc = qp_grow(&taints->entry_signers, at, &taints->entry_room, sizeof(size_t), err);
        rc = rc == QP_OK ? qp_links_statement(&taints->links, index, &statement, err) : rc;
        if (rc == QP_OK) {
            memcpy(key.bytes, statement->issuer.data, sizeof key.bytes);
            rc = find_signer(taints, &key, &taints->entry_signers[at], err);
        }
    }
    if (rc == QP_OK) {
        *number = taints->entry_signers[at];
        *signer = &taints->signers[*number];
    }
    return rc;
}

static enum qp_code tell_key(struct taints *taints, size_t thing, const struct qp_edge_place *place,
                             struct qp_err *err)
{
    const struct signer *signer = NULL;
    size_t number = 0;
    size_t told = 0;
    bool fresh = false;
    uint8_t name[17];
    enum qp_code rc = signer_of(taints, place->index, &signer, &number, err);
    if (rc != QP_OK || place->index < signer->since) {
        return rc;
    }
    /* An assessment is what a plot stands on; an inspection is a word about goods that are there.
     */
    bool note = place->role == QP_EDGE_DESCRIBES && place->body != QP__EVENT__BODY_PLOT_ASSESSED;
    qp_store_be64(name, thing);
    qp_store_be64(name + 8, number);
    name[16] = note ? 1 : 0;
    rc = qp_visited_add(&taints->told, qp_span_of(name, sizeof name), &told, &fresh, err);
    if (rc != QP_OK || !fresh) {
        return rc;
    }
    struct qp_taint taint = {.cause = "key",
                             .note = note,
                             .index = place->index,
                             .position = place->position,
                             .event = qp_event_name(place->body),
                             .party = signer->party,
                             .key = &signer->key,
                             .since = signer->since};
    return tell(taints, thing, taint, err);
}

/* ---- Certificates of whoever made the goods ---- */

static enum qp_code read_withdrawn(struct taints *taints, const char *id,
                                   struct withdrawn *withdrawn, bool *is, struct qp_err *err)
{
    struct qp_state state = taints->source->state;
    struct qp_state_key key = qp_state_key_text(QP_STATE_CERTIFICATE, id);
    Qp__CertificateState *record = NULL;
    const Qp__Event *event = NULL;
    enum qp_code rc =
        qp_state_read(&state, &key, &qp_rule_certificate_state, &taints->arena, &record, err);
    *is = rc == QP_OK && record != NULL && record->withdrawn != NULL;
    if (!*is) {
        return rc;
    }
    rc = qp_links_event(&taints->links, record->withdrawn->index, record->withdrawn->position,
                        &event, err);
    if (rc == QP_OK && event->body_case == QP__EVENT__BODY_CERTIFICATE_WITHDRAWN) {
        *withdrawn = (struct withdrawn){
            .id = id, .record = record, .from_ms = event->certificate_withdrawn->from_ms};
    }
    return rc;
}

static enum qp_code add_withdrawn(struct taints *taints, size_t party,
                                  const struct qp_edge_place *place, struct qp_err *err)
{
    const Qp__Event *event = NULL;
    bool is = false;
    struct withdrawn withdrawn = {0};
    enum qp_code rc = qp_links_event(&taints->links, place->index, place->position, &event, err);
    if (rc != QP_OK || event->body_case != QP__EVENT__BODY_CERTIFICATE_ISSUED) {
        return rc;
    }
    const char *id =
        qp_arena_text(&taints->arena, qp_span_text(event->certificate_issued->certificate));
    rc = id != NULL ? read_withdrawn(taints, id, &withdrawn, &is, err) : no_memory(err);
    if (rc == QP_OK && is) {
        rc = qp_grow(&taints->withdrawn, taints->withdrawn_count, &taints->withdrawn_room,
                     sizeof *taints->withdrawn, err);
    }
    if (rc == QP_OK && is) {
        withdrawn.next = taints->party_first[party];
        taints->party_first[party] = taints->withdrawn_count;
        taints->withdrawn[taints->withdrawn_count++] = withdrawn;
    }
    return rc;
}

/* *first: the first withdrawn certificate of a party, or SIZE_MAX. */
static enum qp_code certificates_of(struct taints *taints, const char *party, size_t *first,
                                    struct qp_err *err)
{
    size_t number = 0;
    bool fresh = false;
    enum qp_code rc = qp_visited_add(&taints->parties, qp_span_text(party), &number, &fresh, err);
    if (rc == QP_OK && fresh) {
        rc = qp_grow(&taints->party_first, number, &taints->party_room, sizeof(size_t), err);
        if (rc == QP_OK) {
            taints->party_first[number] = SIZE_MAX;
            rc = qp_places_read(taints->source, QP_STATE_PARTY, party, &taints->party_places, err);
        }
        for (size_t i = 0; rc == QP_OK && i < taints->party_places.count; i++) {
            const struct qp_edge_place *place = &taints->party_places.list[i];
            if (place->role == QP_EDGE_USES && place->body == QP__EVENT__BODY_CERTIFICATE_ISSUED) {
                rc = add_withdrawn(taints, number, place, err);
            }
        }
    }
    if (rc == QP_OK) {
        *first = taints->party_first[number];
    }
    return rc;
}

/* What of a lot or shipment a certificate is about. */
struct goods {
    const Qp__EventPlace *made;
    Qp__Commodity commodity;
    uint64_t time_ms;
};

static enum qp_code goods_of(struct taints *taints, const struct qp_reach_thing *thing,
                             struct goods *goods, struct qp_err *err)
{
    if (thing->kind == QP_STATE_LOT) {
        const Qp__LotState *lot = thing->record.lot;
        *goods = (struct goods){
            .made = lot->created, .commodity = lot->commodity, .time_ms = lot->made_ms};
        return QP_OK;
    }
    const Qp__ShipmentState *shipment = thing->record.shipment;
    const Qp__Event *event = NULL;
    *goods = (struct goods){.made = shipment->dispatched, .commodity = shipment->commodity};
    enum qp_code rc =
        qp_links_event(&taints->links, goods->made->index, goods->made->position, &event, err);
    goods->time_ms = rc == QP_OK ? event->occurred_ms : 0;
    return rc;
}

static enum qp_code tell_certificates(struct taints *taints, size_t number, struct qp_err *err)
{
    const struct qp_reach_thing *thing = &taints->reach.things[number];
    const struct signer *signer = NULL;
    struct goods goods = {0};
    size_t signer_number = 0;
    size_t at = SIZE_MAX;
    enum qp_code rc = goods_of(taints, thing, &goods, err);
    rc = rc == QP_OK ? signer_of(taints, goods.made->index, &signer, &signer_number, err) : rc;
    rc = rc == QP_OK ? certificates_of(taints, signer->party, &at, err) : rc;
    while (rc == QP_OK && at != SIZE_MAX) {
        struct withdrawn *withdrawn = &taints->withdrawn[at];
        bool covers = qp_certificate_covers(withdrawn->record, goods.commodity, goods.time_ms);
        if (covers && !withdrawn->told) {
            const Qp__EventPlace *place = withdrawn->record->withdrawn;
            struct qp_taint taint = {.cause = "certificate",
                                     .note = true,
                                     .kind = "certificate",
                                     .id = withdrawn->id,
                                     .index = place->index,
                                     .position = place->position,
                                     .event = qp_event_name(QP__EVENT__BODY_CERTIFICATE_WITHDRAWN),
                                     .party = withdrawn->record->holder,
                                     .from_ms = withdrawn->from_ms};
            withdrawn->told = true;
            rc = tell(taints, number, taint, err);
        }
        at = withdrawn->next;
    }
    return rc;
}

/* ---- The whole ---- */

static enum qp_code look_at(struct taints *taints, size_t number, struct qp_err *err)
{
    const struct qp_reach_thing *thing = &taints->reach.things[number];
    enum qp_code rc = qp_places_read(taints->source, thing->kind, thing->id, &taints->places, err);
    if (rc == QP_OK && thing->kind == QP_STATE_LOT) {
        rc = tell_lot(taints, number, err);
    } else if (rc == QP_OK && thing->kind == QP_STATE_PLOT) {
        rc = tell_plot(taints, number, err);
    }
    for (size_t i = 0; rc == QP_OK && i < taints->places.count; i++) {
        const struct qp_edge_place *place = &taints->places.list[i];
        rc = place->role == QP_EDGE_USES ? QP_OK : tell_key(taints, number, place, err);
    }
    bool goods = thing->kind == QP_STATE_LOT || thing->kind == QP_STATE_SHIPMENT;
    return rc == QP_OK && goods ? tell_certificates(taints, number, err) : rc;
}

static void taints_init(struct taints *taints)
{
    qp_reach_init(&taints->reach, taints->source, false);
    qp_links_init(&taints->links, taints->source);
    qp_arena_init(&taints->arena, 0);
    qp_visited_init(&taints->entries, &taints->arena);
    qp_visited_init(&taints->keys, &taints->arena);
    qp_visited_init(&taints->told, &taints->arena);
    qp_visited_init(&taints->parties, &taints->arena);
}

static void taints_wipe(struct taints *taints)
{
    qp_reach_wipe(&taints->reach);
    qp_links_wipe(&taints->links);
    qp_visited_wipe(&taints->entries);
    qp_visited_wipe(&taints->keys);
    qp_visited_wipe(&taints->told);
    qp_visited_wipe(&taints->parties);
    qp_free(taints->places.list);
    qp_free(taints->party_places.list);
    qp_free(taints->entry_signers);
    qp_free(taints->signers);
    qp_free(taints->party_first);
    qp_free(taints->withdrawn);
    qp_arena_wipe(&taints->arena);
}

enum qp_code qp_taint_source(const struct qp_trace_source *source, const char *kind, const char *id,
                             const struct qp_taint_sink *sink, struct qp_err *err)
{
    static const enum qp_state_kind any[] = {QP_STATE_LOT, QP_STATE_SHIPMENT, QP_STATE_PLOT, 0};
    const enum qp_state_kind one[] = {kind != NULL ? qp_trace_kind_of(kind) : 0, 0};
    enum qp_state_kind found = 0;
    if (kind != NULL && one[0] != QP_STATE_LOT && one[0] != QP_STATE_SHIPMENT &&
        one[0] != QP_STATE_PLOT) {
        return qp_fail(err, QP_E_USAGE, "only a lot, a shipment or a plot is tainted");
    }
    enum qp_code rc = qp_trace_find(source, kind != NULL ? one : any, id, &found, err);
    if (rc != QP_OK) {
        return rc;
    }
    struct taints taints = {.source = source, .sink = sink};
    taints_init(&taints);
    rc = qp_reach_start(&taints.reach, found, id, err);
    rc = rc == QP_OK ? qp_reach_run(&taints.reach, err) : rc;
    for (size_t i = 0; rc == QP_OK && i < taints.reach.count; i++) {
        rc = look_at(&taints, i, err);
    }
    taints_wipe(&taints);
    return rc;
}
