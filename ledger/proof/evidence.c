#include "proof/evidence.h"

#include "core/check.h"
#include "core/time.h"

#include <string.h>

/* A plot's harvests that one buyer weighed in one form and crop year. */
struct harvest {
    struct harvest *next;
    const char *buyer;
    Qp__Commodity commodity;
    Qp__Form form;
    uint32_t crop_year;
    uint64_t from_ms;
    uint64_t to_ms;
    uint64_t lots;
    uint64_t grams;
};

struct gathering {
    struct qp_judging *judging;
    json_t *lists;             /* the object: one list for each kind */
    json_t *open;              /* object by lot: hand-overs whose other side has not come yet */
    struct harvest **harvests; /* one list for each plot of the closure */
    struct qp_arena arena;     /* for one event */
    const char *issuer;        /* party that signed the event */
    char date[QP_TIME_TEXT_BYTES];
};

static enum qp_code no_memory(const struct gathering *all)
{
    return qp_fail(all->judging->err, QP_E_MEMORY, "no memory for the evidence");
}

/* Takes the row. */
static enum qp_code add(const struct gathering *all, const char *list, json_t *row)
{
    return json_array_append_new(json_object_get(all->lists, list), row) == 0 ? QP_OK
                                                                              : no_memory(all);
}

static json_t *name_of(const ProtobufCEnumDescriptor *descriptor, int value)
{
    char name[40];
    qp_enum_name(name, descriptor, value);
    return json_string(name);
}

static json_t *names_of(const ProtobufCEnumDescriptor *descriptor, const void *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < count; i++) {
        int value = 0; /* an enum is as wide as an int in protobuf-c */
        memcpy(&value, (const char *)values + i * sizeof value, sizeof value);
        if (json_array_append_new(list, name_of(descriptor, value)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *date_of(uint64_t time_ms)
{
    char date[QP_TIME_TEXT_BYTES];
    qp_date_format(date, time_ms);
    return json_string(date);
}

static const struct qp_slice_sealed *disclosed(const struct gathering *all,
                                               const Qp__Sealed *sealed)
{
    if (sealed == NULL) {
        return NULL;
    }
    struct qp_hash commitment = qp_bytes_hash(sealed->commitment);
    const struct qp_slice_sealed *found = qp_slice_find_sealed(all->judging->slice, &commitment);
    return found != NULL && found->content != NULL ? found : NULL;
}

/* The message that a disclosed commitment opens to; NULL where it is not disclosed or not one. */
static enum qp_code open_message(struct gathering *all, const Qp__Sealed *sealed,
                                 const struct qp_message_rule *rule, void *message)
{
    const struct qp_slice_sealed *found = disclosed(all, sealed);
    struct qp_err reason;
    if (found == NULL) {
        return QP_OK;
    }
    enum qp_code rc =
        qp_wire_decode(rule, qp_span_bytes(found->content->content), &all->arena, message, &reason);
    return rc == QP_E_MEMORY ? no_memory(all) : QP_OK;
}

static const struct qp_replay_node *find_plot(const struct gathering *all, const char *id)
{
    const struct qp_replay *replay = all->judging->replay;
    return qp_replay_find(replay->plots, replay->plot_count, id);
}

/* ---- Parties, producers, plots ---- */

static json_t *list_identifiers(Qp__PartyIdentifier *const *identifiers, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < count; i++) {
        json_t *row =
            json_pack("{s:o, s:s}", "scheme",
                      name_of(&qp__identifier_scheme__descriptor, (int)identifiers[i]->scheme),
                      "value", identifiers[i]->value);
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static enum qp_code party_enrolled(struct gathering *all, const Qp__PartyEnrolled *body)
{
    Qp__Contact *contact = NULL;
    enum qp_code rc = open_message(all, body->contact, &qp_rule_contact, (void *)&contact);
    if (rc != QP_OK) {
        return rc;
    }
    return add(all, "parties",
               json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:s, s:s, s:s}", "party", body->party,
                         "legal_name", body->legal_name, "country", body->country, "roles",
                         names_of(&qp__role__descriptor, body->roles, body->n_roles), "identifiers",
                         list_identifiers(body->identifiers, body->n_identifiers),
                         "contact_disclosed", contact != NULL, "address",
                         contact != NULL ? contact->address : "", "email",
                         contact != NULL ? contact->email : "", "phone",
                         contact != NULL ? contact->phone : ""));
}

static enum qp_code producer_registered(struct gathering *all, const Qp__ProducerRegistered *body)
{
    Qp__Producer *person = NULL;
    enum qp_code rc = open_message(all, body->identity, &qp_rule_producer, (void *)&person);
    if (rc != QP_OK) {
        return rc;
    }
    return add(all, "producers",
               json_pack("{s:s, s:s, s:b, s:s, s:s, s:s}", "producer", body->producer,
                         "registered_by", all->issuer, "disclosed", person != NULL, "name",
                         person != NULL ? person->name : "", "community",
                         person != NULL ? person->community : "", "district",
                         person != NULL ? person->district : ""));
}

static enum qp_code plot_registered(struct gathering *all, const Qp__PlotRegistered *body)
{
    if (find_plot(all, body->plot) == NULL) {
        return QP_OK;
    }
    return add(all, "tenures",
               json_pack("{s:s, s:s, s:o, s:o, s:b, s:b, s:s, s:s}", "plot", body->plot, "producer",
                         body->producer, "tenure",
                         name_of(&qp__tenure_kind__descriptor, (int)body->tenure), "level",
                         name_of(&qp__evidence_level__descriptor, (int)body->tenure_evidence),
                         "document_committed", body->tenure_document != NULL, "document_disclosed",
                         disclosed(all, body->tenure_document) != NULL, "by", all->issuer, "date",
                         all->date));
}

static json_t *list_datasets(const Qp__PlotAssessed *body)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < body->n_datasets; i++) {
        char hex[65];
        struct qp_hash hash = qp_bytes_hash(body->datasets[i]->sha256);
        qp_hash_hex(hex, &hash);
        json_t *row = json_pack("{s:s, s:s}", "name", body->datasets[i]->name, "sha256", hex);
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

/* As the line is judged: a loss counts whichever key of a trusted assessor signed it. */
static bool counts(const struct gathering *all, const struct qp_slice_entry *entry,
                   const Qp__PlotAssessed *body)
{
    const struct qp_trusted_list *list = &all->judging->trust->assessors;
    const struct qp_trusted *assessor = qp_judge_trusted(list, all->issuer, &entry->issuer);
    bool named = false;
    for (size_t i = 0; i < list->count; i++) {
        named = named || strcmp(list->items[i].party, all->issuer) == 0;
    }
    return body->outcome == QP__ASSESSMENT_OUTCOME__ASSESSMENT_OUTCOME_LOSS
               ? named
               : assessor != NULL && qp_judge_names_all(assessor, body);
}

static enum qp_code plot_assessed(struct gathering *all, const struct qp_slice_entry *entry,
                                  const Qp__PlotAssessed *body)
{
    char cut_off[QP_TIME_TEXT_BYTES];
    if (find_plot(all, body->plot) == NULL) {
        return QP_OK;
    }
    qp_time_format(cut_off, body->cut_off_ms);
    return add(all, "assessments",
               json_pack("{s:s, s:s, s:b, s:I, s:s, s:o, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I}",
                         "plot", body->plot, "assessor", all->issuer, "trusted",
                         counts(all, entry, body), "entry", (json_int_t)entry->index, "date",
                         all->date, "datasets", list_datasets(body), "method", body->method,
                         "cut_off", cut_off, "covers_to", date_of(body->covers_to_ms), "outcome",
                         name_of(&qp__assessment_outcome__descriptor, (int)body->outcome),
                         "assessed_m2", (json_int_t)body->assessed_m2, "forest_m2",
                         (json_int_t)body->forest_m2, "loss_m2", (json_int_t)body->loss_m2,
                         "nodata_ppm", (json_int_t)body->nodata_ppm));
}

/* ---- Harvests ---- */

static bool is_same(const struct harvest *row, const char *buyer, const Qp__LotHarvested *body)
{
    return strcmp(row->buyer, buyer) == 0 && row->commodity == body->commodity &&
           row->form == body->form && row->crop_year == body->crop_year;
}

static enum qp_code lot_harvested(struct gathering *all, const Qp__LotHarvested *body)
{
    struct qp_arena *arena = &all->judging->verdict->arena;
    for (size_t i = 0; i < body->n_origins; i++) {
        const struct qp_replay_node *plot = find_plot(all, body->origins[i]->plot);
        if (plot == NULL) {
            continue;
        }
        struct harvest **at = &all->harvests[plot - all->judging->replay->plots];
        while (*at != NULL && !is_same(*at, all->issuer, body)) {
            at = &(*at)->next;
        }
        if (*at == NULL) {
            struct harvest *row = qp_arena_alloc_zero(arena, 1, sizeof *row);
            const char *buyer = qp_arena_text(arena, qp_span_text(all->issuer));
            if (row == NULL || buyer == NULL) {
                return no_memory(all);
            }
            *row = (struct harvest){.buyer = buyer,
                                    .commodity = body->commodity,
                                    .form = body->form,
                                    .crop_year = body->crop_year,
                                    .from_ms = body->harvest_from_ms,
                                    .to_ms = body->harvest_to_ms};
            *at = row;
        }
        struct harvest *row = *at;
        row->from_ms = body->harvest_from_ms < row->from_ms ? body->harvest_from_ms : row->from_ms;
        row->to_ms = body->harvest_to_ms > row->to_ms ? body->harvest_to_ms : row->to_ms;
        row->lots++;
        row->grams += body->origins[i]->grams;
    }
    return QP_OK;
}

static enum qp_code list_harvests(const struct gathering *all)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; i < all->judging->replay->plot_count; i++) {
        for (const struct harvest *row = all->harvests[i]; rc == QP_OK && row != NULL;
             row = row->next) {
            rc = add(all, "harvests",
                     json_pack("{s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:I, s:I}", "plot",
                               all->judging->replay->plots[i].id, "buyer", row->buyer, "commodity",
                               name_of(&qp__commodity__descriptor, (int)row->commodity), "form",
                               name_of(&qp__form__descriptor, (int)row->form), "crop_year",
                               (json_int_t)row->crop_year, "from", date_of(row->from_ms), "to",
                               date_of(row->to_ms), "lots", (json_int_t)row->lots, "grams",
                               (json_int_t)row->grams));
        }
    }
    return rc;
}

/* ---- Hand-overs and what was shipped ---- */

static bool in_closure(const struct gathering *all, const char *lot)
{
    const struct qp_replay *replay = all->judging->replay;
    return qp_replay_find(replay->lots, replay->lot_count, lot) != NULL;
}

static enum qp_code lot_transferred(struct gathering *all, const Qp__LotTransferred *body)
{
    if (!in_closure(all, body->lot)) {
        return QP_OK;
    }
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:o, s:s, s:s, s:I}", "lot", body->lot, "from", all->issuer, "to",
        body->to, "kind", name_of(&qp__transfer_kind__descriptor, (int)body->kind), "document",
        body->document, "date", all->date, "grams", (json_int_t)body->quantity->grams);
    if (json_object_set(all->open, body->lot, row) != 0) {
        json_decref(row);
        return no_memory(all);
    }
    return add(all, "hand_overs", row);
}

static enum qp_code lot_received(struct gathering *all, const Qp__LotReceived *body)
{
    json_t *row = json_object_get(all->open, body->lot);
    if (row == NULL) {
        return QP_OK;
    }
    bool ok = json_object_set_new(row, "received", json_string(all->date)) == 0 &&
              json_object_set_new(row, "received_grams",
                                  json_integer((json_int_t)body->quantity->grams)) == 0 &&
              json_object_del(all->open, body->lot) == 0;
    return ok ? QP_OK : no_memory(all);
}

static enum qp_code shipment_dispatched(struct gathering *all, const Qp__ShipmentDispatched *body)
{
    struct qp_judging *judging = all->judging;
    enum qp_code rc = QP_OK;
    if (strcmp(body->shipment, judging->slice->bundle->shipment) != 0) {
        return QP_OK;
    }
    if (json_object_set_new(all->lists, "exporter", json_string(all->issuer)) != 0 ||
        json_object_set_new(all->lists, "importer", json_string(body->consignee)) != 0) {
        return no_memory(all);
    }
    for (size_t i = 0; rc == QP_OK && i < body->n_lots; i++) {
        struct qp_state_key key = qp_state_key_text(QP_STATE_LOT, body->lots[i]->lot);
        Qp__LotState *lot = NULL;
        rc = qp_state_read(&judging->replay->state, &key, &qp_rule_lot_state, &all->arena, &lot,
                           judging->err);
        if (rc == QP_OK) {
            rc = add(all, "lots",
                     json_pack("{s:s, s:o, s:I, s:I}", "lot", body->lots[i]->lot, "form",
                               name_of(&qp__form__descriptor, lot != NULL ? (int)lot->form : 0),
                               "grams", (json_int_t)body->lots[i]->quantity->grams, "pieces",
                               (json_int_t)body->lots[i]->quantity->pieces));
        }
    }
    return rc;
}

/* ---- Documents and certificates ---- */

static enum qp_code document_attached(struct gathering *all, size_t at,
                                      const Qp__DocumentAttached *body)
{
    int level = 0;
    enum qp_code rc =
        qp_judge_level(all->judging, at, (int)body->evidence, body->document != NULL, &level);
    if (rc != QP_OK) {
        return rc;
    }
    return add(
        all, "documents",
        json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:s, s:s}", "subject_kind",
                  name_of(&qp__subject_kind__descriptor, (int)body->subject->kind), "subject",
                  body->subject->id, "title", body->title, "number", body->number, "heads",
                  names_of(&qp__legality_head__descriptor, body->heads, body->n_heads), "level",
                  name_of(&qp__evidence_level__descriptor, level), "document_committed",
                  body->document != NULL, "document_disclosed",
                  disclosed(all, body->document) != NULL, "by", all->issuer, "date", all->date));
}

static enum qp_code certificate_issued(struct gathering *all, const Qp__CertificateIssued *body)
{
    struct qp_judging *judging = all->judging;
    struct qp_state_key key = qp_state_key_text(QP_STATE_CERTIFICATE, body->certificate);
    Qp__CertificateState *state = NULL;
    enum qp_code rc = qp_state_read(&judging->replay->state, &key, &qp_rule_certificate_state,
                                    &all->arena, &state, judging->err);
    if (rc != QP_OK) {
        return rc;
    }
    return add(all, "certificates",
               json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:b}", "certificate",
                         body->certificate, "scheme", body->scheme, "number", body->number,
                         "holder", body->holder, "scope", body->scope, "by", all->issuer,
                         "valid_from", date_of(body->valid_from_ms), "valid_to",
                         date_of(body->valid_to_ms), "withdrawn",
                         state != NULL && state->withdrawn != NULL));
}

/* ---- All of it ---- */

static enum qp_code gather(struct gathering *all, size_t at)
{
    struct qp_judging *judging = all->judging;
    const struct qp_slice_entry *entry = &judging->slice->entries[judging->slice->events[at].entry];
    Qp__Event *event = NULL;
    qp_arena_reset(&all->arena);
    enum qp_code rc = qp_judge_party(judging, &entry->issuer, &all->arena, &all->issuer);
    if (rc == QP_OK) {
        rc = qp_slice_event(judging->slice, at, &event, judging->err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    qp_date_format(all->date, event->occurred_ms);
    switch (event->body_case) {
    case QP__EVENT__BODY_LEDGER_OPENED:
        return party_enrolled(all, event->ledger_opened->operator_);
    case QP__EVENT__BODY_PARTY_ENROLLED:
        return party_enrolled(all, event->party_enrolled);
    case QP__EVENT__BODY_PRODUCER_REGISTERED:
        return producer_registered(all, event->producer_registered);
    case QP__EVENT__BODY_PLOT_REGISTERED:
        return plot_registered(all, event->plot_registered);
    case QP__EVENT__BODY_PLOT_ASSESSED:
        return plot_assessed(all, entry, event->plot_assessed);
    case QP__EVENT__BODY_LOT_HARVESTED:
        return (judging->replay->marks[at] & QP_MARK_CLOSURE) != 0
                   ? lot_harvested(all, event->lot_harvested)
                   : QP_OK;
    case QP__EVENT__BODY_LOT_TRANSFERRED:
        return lot_transferred(all, event->lot_transferred);
    case QP__EVENT__BODY_LOT_RECEIVED:
        return lot_received(all, event->lot_received);
    case QP__EVENT__BODY_SHIPMENT_DISPATCHED:
        return shipment_dispatched(all, event->shipment_dispatched);
    case QP__EVENT__BODY_DOCUMENT_ATTACHED:
        return document_attached(all, at, event->document_attached);
    case QP__EVENT__BODY_CERTIFICATE_ISSUED:
        return certificate_issued(all, event->certificate_issued);
    default:
        return QP_OK;
    }
}

enum qp_code qp_judge_evidence(struct qp_judging *judging)
{
    struct gathering all = {.judging = judging, .issuer = ""};
    qp_arena_init(&all.arena, 0);
    all.lists =
        json_pack("{s:s, s:s, s:[], s:[], s:[], s:[], s:[], s:[], s:[], s:[], s:[]}", "exporter",
                  "", "importer", "", "parties", "hand_overs", "lots", "producers", "tenures",
                  "harvests", "assessments", "documents", "certificates");
    all.open = json_object();
    all.harvests = qp_arena_alloc_zero(&judging->verdict->arena, judging->replay->plot_count + 1,
                                       sizeof(struct harvest *));
    enum qp_code rc =
        all.lists != NULL && all.open != NULL && all.harvests != NULL ? QP_OK : no_memory(&all);
    for (size_t i = 0; rc == QP_OK && i < judging->slice->event_count; i++) {
        if ((judging->replay->marks[i] & (QP_MARK_REFUSED | QP_MARK_VOIDED)) == 0) {
            rc = gather(&all, i);
        }
    }
    if (rc == QP_OK) {
        rc = list_harvests(&all);
    }
    json_decref(all.open);
    qp_arena_wipe(&all.arena);
    if (rc != QP_OK) {
        json_decref(all.lists);
        return rc;
    }
    qp_verdict_fact(judging->verdict, "evidence", all.lists);
    return QP_OK;
}
