/* Events as sentences. */
#include "words.h"

#include "core/check.h"
#include "core/time.h"
#include "rules/fork.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t inputs_grams(const Qp__LotProcessed *body)
{
    uint64_t grams = 0;
    for (size_t i = 0; i < body->n_inputs; i++) {
        grams += body->inputs[i]->quantity->grams; /* 512 of at most 1e15 */
    }
    return grams;
}

typedef enum qp_code sentence(const Qp__Event *event, struct qp_buf *out, struct qp_err *err);

static enum qp_code say_opened(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__LedgerOpened *body = event->ledger_opened;
    return qp_buf_addf(out, err, "opened the ledger %s, \"%s\", run by %s", body->origin,
                       body->name, body->operator_->party);
}

static enum qp_code say_rules(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__RuleSetPublished *body = event->rule_set_published;
    char from[QP_TIME_TEXT_BYTES];
    qp_date_format(from, body->effective_from_ms);
    return qp_buf_addf(out, err, "published rule set %s, version %u, in force from %s",
                       body->rule_set, (unsigned)body->version, from);
}

static enum qp_code say_enrolled(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__PartyEnrolled *body = event->party_enrolled;
    enum qp_code rc = qp_buf_addf(out, err, "enrolled %s, %s (%s), as", body->party,
                                  body->legal_name, body->country);
    for (size_t i = 0; rc == QP_OK && i < body->n_roles; i++) {
        char role[WORDS_BYTES];
        words_enum(role, &qp__role__descriptor, (int)body->roles[i]);
        rc = qp_buf_addf(out, err, "%s %s", i == 0 ? "" : ",", role);
    }
    return rc;
}

static enum qp_code say_suspended(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__PartySuspended *body = event->party_suspended;
    bool lifted = body->state == QP__SUSPENSION_STATE__SUSPENSION_STATE_LIFTED;
    return qp_buf_addf(out, err, "%s %s: %s", lifted ? "lifted the suspension of" : "suspended",
                       body->party, body->reason);
}

static void short_key(char text[20], ProtobufCBinaryData key)
{
    char hex[65];
    struct qp_hash bytes = qp_bytes_hash(key);
    qp_hash_hex(hex, &bytes);
    snprintf(text, 20, "%.12s...", hex);
}

static enum qp_code say_key_added(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    char key[20];
    short_key(key, event->key_added->key);
    return qp_buf_addf(out, err, "gave %s the further key %s", event->key_added->party, key);
}

static enum qp_code say_key_rotated(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    char old_key[20];
    char new_key[20];
    short_key(old_key, event->key_rotated->old_key);
    short_key(new_key, event->key_rotated->new_key);
    return qp_buf_addf(out, err, "put key %s of %s in the place of %s", new_key,
                       event->key_rotated->party, old_key);
}

static enum qp_code say_key_revoked(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__KeyRevoked *body = event->key_revoked;
    char key[20];
    short_key(key, body->key);
    enum qp_code rc =
        qp_buf_addf(out, err, "revoked key %s of %s: %s", key, body->party, body->reason);
    if (rc == QP_OK && body->compromised_since_index != 0) {
        rc = qp_buf_addf(out, err, "; in doubt from entry %" PRIu64 " on",
                         body->compromised_since_index);
    }
    return rc;
}

static enum qp_code say_key_forked(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    struct qp_arena arena;
    struct qp_fork fork;
    char hex[65];
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_fork_read(event->key_forked, &arena, &fork, NULL);
    if (rc == QP_OK) {
        qp_hex_encode(hex, qp_span_of(fork.key.bytes, sizeof fork.key.bytes));
        rc = qp_buf_addf(out, err,
                         "proved that key %.12s... signed two statements with sequence %" PRIu64
                         "; in doubt from there on",
                         hex, fork.sequence);
    } else if (rc == QP_E_REFUSED) { /* what no ledger admits may still stand in a journal */
        rc = qp_buf_addf(out, err, "named two statements that prove no fork");
    }
    qp_arena_wipe(&arena);
    return rc;
}

static enum qp_code say_producer(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    return qp_buf_addf(out, err, "registered producer %s", event->producer_registered->producer);
}

static enum qp_code say_plot(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__PlotRegistered *body = event->plot_registered;
    char area[WORDS_BYTES];
    char kind[WORDS_BYTES];
    char tenure[WORDS_BYTES];
    return qp_buf_addf(out, err, "registered plot %s of %s: %s in %s, a %s; tenure %s", body->plot,
                       body->producer, words_area(area, body->area_m2),
                       body->region[0] != '\0' ? body->region : body->country,
                       words_enum(kind, &qp__geometry_kind__descriptor, (int)body->geometry_kind),
                       words_enum(tenure, &qp__tenure_kind__descriptor, (int)body->tenure));
}

static enum qp_code say_assessed(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__PlotAssessed *body = event->plot_assessed;
    char outcome[WORDS_BYTES];
    char forest[WORDS_BYTES];
    char loss[WORDS_BYTES];
    char cut_off[QP_TIME_TEXT_BYTES];
    qp_date_format(cut_off, body->cut_off_ms);
    return qp_buf_addf(out, err, "assessed plot %s: %s; forest %s at %s, lost since %s", body->plot,
                       words_enum(outcome, &qp__assessment_outcome__descriptor, (int)body->outcome),
                       words_area(forest, body->forest_m2), cut_off,
                       words_area(loss, body->loss_m2));
}

static enum qp_code say_plot_withdrawn(const Qp__Event *event, struct qp_buf *out,
                                       struct qp_err *err)
{
    return qp_buf_addf(out, err, "withdrew plot %s: %s", event->plot_withdrawn->plot,
                       event->plot_withdrawn->reason);
}

static enum qp_code say_harvested(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__LotHarvested *body = event->lot_harvested;
    char quantity[WORDS_BYTES];
    char form[WORDS_BYTES];
    char commodity[WORDS_BYTES];
    enum qp_code rc =
        qp_buf_addf(out, err, "bought lot %s: %s of %s, %s, from", body->lot,
                    words_quantity(quantity, body->quantity),
                    words_enum(commodity, &qp__commodity__descriptor, (int)body->commodity),
                    words_enum(form, &qp__form__descriptor, (int)body->form));
    for (size_t i = 0; rc == QP_OK && i < body->n_origins; i++) {
        rc = qp_buf_addf(out, err, "%s %s", i == 0 ? "" : ",", body->origins[i]->plot);
    }
    if (rc == QP_OK && body->trade_item[0] != '\0') {
        rc = qp_buf_addf(out, err, ", trade item %s", body->trade_item);
    }
    return rc;
}

/* A few of the lots by name, the rest by number. */
#define NAMED_MOST 3

static enum qp_code say_processed(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__LotProcessed *body = event->lot_processed;
    char text[WORDS_BYTES];
    enum qp_code rc = qp_buf_addf(out, err, "processed (%s%s%s)",
                                  words_enum(text, &qp__process__descriptor, (int)body->process),
                                  body->site[0] != '\0' ? ", " : "", body->site);
    for (size_t i = 0; rc == QP_OK && i < body->n_inputs && i < NAMED_MOST; i++) {
        rc = qp_buf_addf(out, err, "%s %s", i == 0 ? "" : ",", body->inputs[i]->lot);
    }
    if (rc == QP_OK && body->n_inputs > NAMED_MOST) {
        rc = qp_buf_addf(out, err, " and %zu more", body->n_inputs - NAMED_MOST);
    }
    if (rc == QP_OK) {
        rc = qp_buf_addf(out, err, ", %s, into", words_mass(text, inputs_grams(body)));
    }
    for (size_t i = 0; rc == QP_OK && i < body->n_outputs; i++) {
        const Qp__LotOutput *made = body->outputs[i];
        char form[WORDS_BYTES];
        bool has_item = made->trade_item[0] != '\0';
        rc = qp_buf_addf(out, err, "%s %s (%s, %s%s%s)", i == 0 ? "" : ",", made->lot,
                         words_quantity(text, made->quantity),
                         words_enum(form, &qp__form__descriptor, (int)made->form),
                         has_item ? ", trade item " : "", made->trade_item);
    }
    return rc;
}

static enum qp_code say_transferred(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__LotTransferred *body = event->lot_transferred;
    static const char *const kinds[] = {"", "handed", "sold", "sold and handed"};
    char quantity[WORDS_BYTES];
    size_t kind = (size_t)body->kind < QP_COUNT(kinds) ? (size_t)body->kind : 0;
    return qp_buf_addf(out, err, "%s lot %s, %s, to %s", kinds[kind], body->lot,
                       words_quantity(quantity, body->quantity), body->to);
}

static enum qp_code say_received(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__LotReceived *body = event->lot_received;
    char quantity[WORDS_BYTES];
    return qp_buf_addf(out, err, "received lot %s from %s and weighed %s", body->lot, body->from,
                       words_quantity(quantity, body->quantity));
}

static enum qp_code say_inspected(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__LotInspected *body = event->lot_inspected;
    char outcome[WORDS_BYTES];
    enum qp_code rc =
        qp_buf_addf(out, err, "inspected lot %s (%s): %s", body->lot, body->inspection,
                    words_enum(outcome, &qp__inspection_outcome__descriptor, (int)body->outcome));
    for (size_t i = 0; rc == QP_OK && i < body->n_measurements; i++) {
        const Qp__Measurement *measured = body->measurements[i];
        uint64_t micro = measured->micro_units < 0 ? (uint64_t)-measured->micro_units
                                                   : (uint64_t)measured->micro_units;
        rc = qp_buf_addf(out, err, "; %s %s%" PRIu64 ".%03" PRIu64 " %s", measured->name,
                         measured->micro_units < 0 ? "-" : "", micro / 1000000,
                         micro % 1000000 / 1000, measured->unit);
    }
    return rc;
}

static enum qp_code say_recalled(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    return qp_buf_addf(out, err, "recalled lot %s: %s", event->lot_recalled->lot,
                       event->lot_recalled->reason);
}

static enum qp_code say_certificate(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__CertificateIssued *body = event->certificate_issued;
    char from[QP_TIME_TEXT_BYTES];
    char to[QP_TIME_TEXT_BYTES];
    qp_date_format(from, body->valid_from_ms);
    qp_date_format(to, body->valid_to_ms);
    return qp_buf_addf(out, err, "issued certificate %s, %s number %s, to %s, valid %s to %s",
                       body->certificate, body->scheme, body->number, body->holder, from, to);
}

static enum qp_code say_certificate_withdrawn(const Qp__Event *event, struct qp_buf *out,
                                              struct qp_err *err)
{
    const Qp__CertificateWithdrawn *body = event->certificate_withdrawn;
    char from[QP_TIME_TEXT_BYTES];
    qp_date_format(from, body->from_ms);
    return qp_buf_addf(out, err, "withdrew certificate %s from %s on: %s", body->certificate, from,
                       body->reason);
}

static enum qp_code say_footprint(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__FootprintRecorded *body = event->footprint_recorded;
    char mass[WORDS_BYTES];
    return qp_buf_addf(out, err, "recorded %s CO2e for lot %s at %s (%s)",
                       words_mass(mass, body->grams_co2e), body->lot, body->stage, body->method);
}

static enum qp_code say_dispatched(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__ShipmentDispatched *body = event->shipment_dispatched;
    char mass[WORDS_BYTES];
    char commodity[WORDS_BYTES];
    char boxes[WORDS_BYTES];
    enum qp_code rc =
        qp_buf_addf(out, err, "dispatched shipment %s to %s: %s of %s in %s, %s to %s (%s)",
                    body->shipment, body->consignee, words_mass(mass, words_gist(event).grams),
                    words_enum(commodity, &qp__commodity__descriptor, (int)body->commodity),
                    words_count(boxes, body->n_containers, "containers"), body->port_of_loading,
                    body->port_of_discharge, body->destination_country);
    for (size_t i = 0; rc == QP_OK && i < body->n_sscc && i < NAMED_MOST; i++) {
        rc = qp_buf_addf(out, err, "%s %s", i == 0 ? "; SSCC" : ",", body->sscc[i]);
    }
    if (rc == QP_OK && body->n_sscc > NAMED_MOST) {
        rc = qp_buf_addf(out, err, " and %zu more", body->n_sscc - NAMED_MOST);
    }
    return rc;
}

static enum qp_code say_gated(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__ShipmentGatedIn *body = event->shipment_gated_in;
    char mass[WORDS_BYTES];
    enum qp_code rc = qp_buf_addf(out, err, "took container %s of shipment %s in at the gate",
                                  body->container, body->shipment);
    if (rc == QP_OK && body->gross_grams != 0) {
        rc = qp_buf_addf(out, err, ", %s gross", words_mass(mass, body->gross_grams));
    }
    return rc;
}

static enum qp_code say_loaded(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__ShipmentLoaded *body = event->shipment_loaded;
    char boxes[WORDS_BYTES];
    return qp_buf_addf(out, err, "loaded %s of shipment %s on %s at %s",
                       words_count(boxes, body->n_containers, "containers"), body->shipment,
                       body->vessel, body->port);
}

static enum qp_code say_arrived(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__ShipmentReceived *body = event->shipment_received;
    char quantity[WORDS_BYTES];
    return qp_buf_addf(out, err, "received shipment %s and weighed %s%s%s", body->shipment,
                       words_quantity(quantity, body->quantity),
                       body->remarks[0] != '\0' ? ": " : "", body->remarks);
}

static enum qp_code say_document(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__DocumentAttached *body = event->document_attached;
    char level[WORDS_BYTES];
    return qp_buf_addf(out, err, "attached \"%s\"%s%s to %s; evidence %s", body->title,
                       body->number[0] != '\0' ? ", number " : "", body->number, body->subject->id,
                       words_enum(level, &qp__evidence_level__descriptor, (int)body->evidence));
}

static enum qp_code say_voided(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    const Qp__EventReference *reference = event->event_voided->event;
    char key[20];
    short_key(key, reference->issuer);
    return qp_buf_addf(out, err, "voided event %u of statement %" PRIu64 " by key %s: %s",
                       (unsigned)reference->position, reference->sequence, key,
                       event->event_voided->reason);
}

static sentence *find_sentence(Qp__Event__BodyCase body)
{
    static const struct {
        Qp__Event__BodyCase body;
        sentence *say;
    } table[] = {
        {QP__EVENT__BODY_LEDGER_OPENED, say_opened},
        {QP__EVENT__BODY_RULE_SET_PUBLISHED, say_rules},
        {QP__EVENT__BODY_PARTY_ENROLLED, say_enrolled},
        {QP__EVENT__BODY_PARTY_SUSPENDED, say_suspended},
        {QP__EVENT__BODY_KEY_ADDED, say_key_added},
        {QP__EVENT__BODY_KEY_ROTATED, say_key_rotated},
        {QP__EVENT__BODY_KEY_REVOKED, say_key_revoked},
        {QP__EVENT__BODY_KEY_FORKED, say_key_forked},
        {QP__EVENT__BODY_PRODUCER_REGISTERED, say_producer},
        {QP__EVENT__BODY_PLOT_REGISTERED, say_plot},
        {QP__EVENT__BODY_PLOT_ASSESSED, say_assessed},
        {QP__EVENT__BODY_PLOT_WITHDRAWN, say_plot_withdrawn},
        {QP__EVENT__BODY_LOT_HARVESTED, say_harvested},
        {QP__EVENT__BODY_LOT_PROCESSED, say_processed},
        {QP__EVENT__BODY_LOT_TRANSFERRED, say_transferred},
        {QP__EVENT__BODY_LOT_RECEIVED, say_received},
        {QP__EVENT__BODY_LOT_INSPECTED, say_inspected},
        {QP__EVENT__BODY_LOT_RECALLED, say_recalled},
        {QP__EVENT__BODY_CERTIFICATE_ISSUED, say_certificate},
        {QP__EVENT__BODY_CERTIFICATE_WITHDRAWN, say_certificate_withdrawn},
        {QP__EVENT__BODY_FOOTPRINT_RECORDED, say_footprint},
        {QP__EVENT__BODY_SHIPMENT_DISPATCHED, say_dispatched},
        {QP__EVENT__BODY_SHIPMENT_GATED_IN, say_gated},
        {QP__EVENT__BODY_SHIPMENT_LOADED, say_loaded},
        {QP__EVENT__BODY_SHIPMENT_RECEIVED, say_arrived},
        {QP__EVENT__BODY_DOCUMENT_ATTACHED, say_document},
        {QP__EVENT__BODY_EVENT_VOIDED, say_voided},
    };
    for (size_t i = 0; i < QP_COUNT(table); i++) {
        if (table[i].body == body) {
            return table[i].say;
        }
    }
    return NULL;
}

enum qp_code words_event(const Qp__Event *event, struct qp_buf *out, struct qp_err *err)
{
    sentence *say = find_sentence(event->body_case);
    return say != NULL ? say(event, out, err)
                       : qp_buf_addf(out, err, "%s", qp_event_name(event->body_case));
}
