/* Records of the state in words. */
#include "record.h"

#include "core/check.h"
#include "core/time.h"
#include "host/terminal.h"
#include "words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define NAME_WIDTH 14

void record_row(struct cli *cli, const char *name, const char *format, ...)
{
    char text[1200];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0) {
        text[0] = '\0';
    }
    va_end(arguments);
    size_t width = qp_terminal_width(STDOUT_FILENO);
    printf("%-*s", NAME_WIDTH, name);
    cli_wrap(stdout, cli_safe(cli, text), NAME_WIDTH, NAME_WIDTH, width < 40 ? 40 : width);
}

static void place_row(struct cli *cli, const char *name, const Qp__EventPlace *place)
{
    if (place != NULL) {
        record_row(cli, name, "entry %" PRIu64 ", event %" PRIu32, place->index, place->position);
    }
}

static void commodities_row(struct cli *cli, const Qp__Commodity *list, size_t count)
{
    char text[400];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && used + 50 < sizeof text; i++) {
        char name[WORDS_BYTES];
        words_enum(name, &qp__commodity__descriptor, (int)list[i]);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : ", ", name);
    }
    record_row(cli, "commodities", "%s", text);
}

/* ---- Lot ---- */

static enum qp_code print_lot(struct cli *cli, struct reader *reader, const char *id,
                              const void *record, struct qp_err *err)
{
    const Qp__LotState *lot = record;
    char a[WORDS_BYTES];
    char b[WORDS_BYTES];
    char c[WORDS_BYTES];
    char time[QP_TIME_TEXT_BYTES];
    (void)reader;
    (void)err;
    qp_time_format(time, lot->made_ms);
    record_row(cli, "lot", "%s", id);
    record_row(cli, "goods", "%s, %s (%s)",
               words_enum(a, &qp__commodity__descriptor, (int)lot->commodity),
               words_enum(b, &qp__form__descriptor, (int)lot->form),
               words_enum(c, &qp__output_kind_of_lot__descriptor, (int)lot->kind));
    record_row(cli, "made", "%s, %s", words_quantity(a, lot->made), time);
    record_row(cli, "left", "%s", words_quantity(a, lot->balance));
    record_row(cli, "owner", "%s", lot->owner);
    record_row(cli, "holder", "%s", lot->holder);
    words_enum(a, &qp__lot_status__descriptor, (int)lot->status);
    if (lot->status == QP__LOT_STATUS__LOT_STATUS_HANDED) {
        record_row(cli, "status",
                   "handed to %s, who has not signed for it yet; %s by the giver's scale",
                   lot->handed_to, words_quantity(b, lot->handed));
    } else {
        record_row(cli, "status", "%s", a);
    }
    if (lot->shrunk_grams > 0) {
        record_row(cli, "shrunk", "%s between the scales of givers and takers",
                   words_mass(a, lot->shrunk_grams));
    }
    place_row(cli, "created by", lot->created);
    return QP_OK;
}

/* ---- Party ---- */

struct key_list {
    struct cli *cli;
    struct reader *reader;
    struct qp_err *err;
    struct qp_public_key seen[16];
    size_t count;
};

static enum qp_code print_key(struct key_list *list, ProtobufCBinaryData bytes)
{
    struct qp_public_key key;
    Qp__KeyState *state = NULL;
    char hex[65];
    memcpy(key.bytes, bytes.data, sizeof key.bytes);
    struct qp_state_key at = qp_state_key_public(&key);
    enum qp_code rc = reader_state(list->reader, &at, &qp_rule_key_state, &state, list->err);
    if (rc != QP_OK || state == NULL) {
        return rc;
    }
    qp_hex_encode(hex, qp_span_of(key.bytes, sizeof key.bytes));
    record_row(list->cli, list->count == 0 ? "key" : "", "%s", hex);
    list->count++;
    if (state->forked) {
        record_row(list->cli, "",
                   "forked, ended at entry %" PRIu64 "; in doubt from its statement %" PRIu64 " on",
                   state->until != NULL ? state->until->index : 0, state->forked_sequence);
    }
    if (state->forked && state->compromised_since_index > 0) {
        record_row(list->cli, "", "and in doubt from entry %" PRIu64 " on",
                   state->compromised_since_index);
    } else if (state->compromised_since_index > 0) {
        record_row(list->cli, "",
                   "revoked at entry %" PRIu64 "; in doubt from entry %" PRIu64 " on",
                   state->until != NULL ? state->until->index : 0, state->compromised_since_index);
    } else if (state->until != NULL && !state->forked) {
        record_row(list->cli, "", "from entry %" PRIu64 " to entry %" PRIu64, state->since->index,
                   state->until->index);
    } else if (state->until == NULL) {
        record_row(list->cli, "", "since entry %" PRIu64, state->since->index);
    }
    return QP_OK;
}

static enum qp_code collect_place(void *context, const struct qp_edge_place *place,
                                  struct qp_err *err)
{
    struct qp_buf *places = context;
    bool has_key = place->body == QP__EVENT__BODY_LEDGER_OPENED ||
                   place->body == QP__EVENT__BODY_PARTY_ENROLLED ||
                   place->body == QP__EVENT__BODY_KEY_ADDED ||
                   place->body == QP__EVENT__BODY_KEY_ROTATED;
    return has_key ? qp_buf_add(places, qp_span_of(place, sizeof *place), err) : QP_OK;
}

/* The keys that events gave to the party, with what became of each. */
static enum qp_code print_keys(struct cli *cli, struct reader *reader, const char *id,
                               struct qp_err *err)
{
    struct qp_buf places = {0};
    struct key_list list = {.cli = cli, .reader = reader, .err = err};
    enum qp_code rc = qp_log_edges(reader->log, QP_STATE_PARTY, id, collect_place, &places, err);
    for (size_t at = 0; rc == QP_OK && at < places.len; at += sizeof(struct qp_edge_place)) {
        struct qp_edge_place place;
        const Qp__Event *event = NULL;
        memcpy(&place, places.data + at, sizeof place);
        rc = reader_event(reader, place.index, place.position, &event, err);
        if (rc != QP_OK) {
            break;
        }
        switch (event->body_case) {
        case QP__EVENT__BODY_LEDGER_OPENED:
            rc = print_key(&list, event->ledger_opened->operator_->key);
            break;
        case QP__EVENT__BODY_PARTY_ENROLLED:
            rc = print_key(&list, event->party_enrolled->key);
            break;
        case QP__EVENT__BODY_KEY_ADDED:
            rc = print_key(&list, event->key_added->key);
            break;
        default:
            rc = print_key(&list, event->key_rotated->new_key);
            break;
        }
    }
    qp_buf_wipe(&places);
    return rc;
}

static enum qp_code print_party(struct cli *cli, struct reader *reader, const char *id,
                                const void *record, struct qp_err *err)
{
    const Qp__PartyState *party = record;
    char roles[400];
    size_t used = 0;
    roles[0] = '\0';
    for (size_t i = 0; i < party->n_roles && used + 50 < sizeof roles; i++) {
        char name[WORDS_BYTES];
        words_enum(name, &qp__role__descriptor, (int)party->roles[i]);
        used +=
            (size_t)snprintf(roles + used, sizeof roles - used, "%s%s", i == 0 ? "" : ", ", name);
    }
    record_row(cli, "party", "%s", id);
    record_row(cli, "name", "%s (%s)", party->legal_name, party->country);
    record_row(cli, "roles", "%s", roles);
    record_row(cli, "status", "%s", party->suspended ? "suspended" : "active");
    place_row(cli, "enrolled by", party->enrolled);
    return print_keys(cli, reader, id, err); /* the record is gone after it */
}

/* ---- Producer, plot, certificate, shipment ---- */

static enum qp_code print_producer(struct cli *cli, struct reader *reader, const char *id,
                                   const void *record, struct qp_err *err)
{
    const Qp__ProducerState *producer = record;
    (void)reader;
    (void)err;
    record_row(cli, "producer", "%s", id);
    record_row(cli, "party", "%s", producer->party);
    place_row(cli, "registered by", producer->registered);
    return QP_OK;
}

static enum qp_code print_plot(struct cli *cli, struct reader *reader, const char *id,
                               const void *record, struct qp_err *err)
{
    const Qp__PlotState *plot = record;
    char a[WORDS_BYTES];
    char hex[65];
    struct qp_hash commitment = qp_bytes_hash(plot->geometry);
    (void)reader;
    (void)err;
    qp_hash_hex(hex, &commitment);
    record_row(cli, "plot", "%s", id);
    record_row(cli, "party", "%s", plot->party);
    record_row(cli, "producer", "%s", plot->producer);
    commodities_row(cli, plot->commodities, plot->n_commodities);
    record_row(cli, "area", "%s, declared", words_area(a, plot->area_m2));
    record_row(cli, "geometry", "%s, sealed as %s",
               words_enum(a, &qp__geometry_kind__descriptor, (int)plot->geometry_kind), hex);
    if (plot->assessed != NULL) {
        record_row(cli, "assessed", "%s, at entry %" PRIu64 ", event %" PRIu32,
                   words_enum(a, &qp__assessment_outcome__descriptor, (int)plot->outcome),
                   plot->assessed->index, plot->assessed->position);
    } else {
        record_row(cli, "assessed", "never");
    }
    place_row(cli, "loss found by", plot->loss);
    place_row(cli, "registered by", plot->registered);
    place_row(cli, "withdrawn by", plot->withdrawn);
    return QP_OK;
}

static enum qp_code print_certificate(struct cli *cli, struct reader *reader, const char *id,
                                      const void *record, struct qp_err *err)
{
    const Qp__CertificateState *certificate = record;
    char from[QP_TIME_TEXT_BYTES];
    char to[QP_TIME_TEXT_BYTES];
    (void)reader;
    (void)err;
    qp_date_format(from, certificate->valid_from_ms);
    qp_date_format(to, certificate->valid_to_ms);
    record_row(cli, "certificate", "%s", id);
    record_row(cli, "scheme", "%s", certificate->scheme);
    record_row(cli, "certifier", "%s", certificate->party);
    record_row(cli, "holder", "%s", certificate->holder);
    commodities_row(cli, certificate->commodities, certificate->n_commodities);
    record_row(cli, "valid", "%s to %s%s", from, to,
               certificate->withdrawn != NULL ? ", but withdrawn" : "");
    place_row(cli, "issued by", certificate->issued);
    place_row(cli, "withdrawn by", certificate->withdrawn);
    return QP_OK;
}

static enum qp_code print_shipment(struct cli *cli, struct reader *reader, const char *id,
                                   const void *record, struct qp_err *err)
{
    const Qp__ShipmentState *shipment = record;
    char a[WORDS_BYTES];
    char b[WORDS_BYTES];
    (void)reader;
    (void)err;
    record_row(cli, "shipment", "%s", id);
    record_row(cli, "goods", "%s of %s", words_quantity(a, shipment->quantity),
               words_enum(b, &qp__commodity__descriptor, (int)shipment->commodity));
    record_row(cli, "exporter", "%s", shipment->exporter);
    record_row(cli, "consignee", "%s", shipment->consignee);
    for (size_t i = 0; i < shipment->n_containers; i++) {
        bool gated = false;
        bool loaded = false;
        for (size_t k = 0; k < shipment->n_gated; k++) {
            gated = gated || shipment->gated[k] == i;
        }
        for (size_t k = 0; k < shipment->n_loaded; k++) {
            loaded = loaded || shipment->loaded[k] == i;
        }
        record_row(cli, i == 0 ? "containers" : "", "%s: %s", shipment->containers[i],
                   loaded  ? "on board"
                   : gated ? "in the terminal"
                           : "on the way to the port");
    }
    record_row(cli, "port", "%s", shipment->port_of_loading);
    place_row(cli, "dispatched by", shipment->dispatched);
    place_row(cli, "received by", shipment->received);
    return QP_OK;
}

const struct record_kind record_kinds[RECORD_KINDS] = {
    {QP_STATE_PARTY, "party", &qp_rule_party_state, print_party},
    {QP_STATE_LOT, "lot", &qp_rule_lot_state, print_lot},
    {QP_STATE_SHIPMENT, "shipment", &qp_rule_shipment_state, print_shipment},
    {QP_STATE_PLOT, "plot", &qp_rule_plot_state, print_plot},
    {QP_STATE_PRODUCER, "producer", &qp_rule_producer_state, print_producer},
    {QP_STATE_CERTIFICATE, "certificate", &qp_rule_certificate_state, print_certificate},
};
