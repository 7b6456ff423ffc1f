/* Quantities in the units of the trade, and what an event is about. */
#include "words.h"

#include "cli.h"
#include "core/check.h"

#include <inttypes.h>
#include <string.h>

/* ---- Units ---- */

char *words_mass(char text[WORDS_BYTES], uint64_t grams)
{
    char number[27];
    char rest[5] = "";
    unsigned milli = (unsigned)(grams % 1000);
    if (milli != 0) {
        snprintf(rest, sizeof rest, ".%03u", milli);
        for (size_t at = sizeof rest - 2; at > 1 && rest[at] == '0'; at--) {
            rest[at] = '\0';
        }
    }
    snprintf(text, WORDS_BYTES, "%s%s kg", cli_number(number, grams / 1000), rest);
    return text;
}

char *words_area(char text[WORDS_BYTES], uint64_t area_m2)
{
    char number[27];
    if (area_m2 < 100) {
        snprintf(text, WORDS_BYTES, "%" PRIu64 " m2", area_m2);
        return text;
    }
    uint64_t hundredths = area_m2 / 100 + (area_m2 % 100 >= 50 ? 1 : 0);
    snprintf(text, WORDS_BYTES, "%s.%02u ha", cli_number(number, hundredths / 100),
             (unsigned)(hundredths % 100));
    return text;
}

char *words_size(char text[WORDS_BYTES], uint64_t size_bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    uint64_t tenths = size_bytes * 10;
    size_t unit = 0;
    if (size_bytes < 1024) {
        snprintf(text, WORDS_BYTES, "%" PRIu64 " bytes", size_bytes);
        return text;
    }
    while (tenths >= 10240 && unit + 1 < QP_COUNT(units)) {
        tenths /= 1024;
        unit++;
    }
    snprintf(text, WORDS_BYTES, "%" PRIu64 ".%u %s", tenths / 10, (unsigned)(tenths % 10),
             units[unit]);
    return text;
}

char *words_quantity(char text[WORDS_BYTES], const Qp__Quantity *quantity)
{
    char mass[WORDS_BYTES];
    char number[27];
    if (quantity == NULL || (quantity->grams == 0 && quantity->pieces == 0)) {
        snprintf(text, WORDS_BYTES, "nothing");
    } else if (quantity->pieces == 0) {
        words_mass(text, quantity->grams);
    } else if (quantity->grams == 0) {
        snprintf(text, WORDS_BYTES, "%s pieces", cli_number(number, quantity->pieces));
    } else {
        words_mass(mass, quantity->grams);
        snprintf(text, WORDS_BYTES, "%s pieces, %.40s", cli_number(number, quantity->pieces), mass);
    }
    return text;
}

/* The word in the singular: "entries", "witnesses", "plots" lose what makes them many. */
static size_t singular(char *word, size_t len)
{
    if (len > 3 && strncmp(word + len - 3, "ies", 3) == 0) {
        word[len - 3] = 'y';
        return len - 2;
    }
    if (len > 4 && strncmp(word + len - 4, "sses", 4) == 0) {
        return len - 2;
    }
    bool plural = len > 2 && word[len - 1] == 's' && word[len - 2] != 's';
    return plural ? len - 1 : len;
}

char *words_count(char text[WORDS_BYTES], uint64_t count, const char *words)
{
    char number[27];
    size_t at = (size_t)snprintf(text, WORDS_BYTES, "%s", cli_number(number, count));
    while (*words != '\0' && at + 2 < WORDS_BYTES) {
        size_t len = strcspn(words, " ");
        size_t most = WORDS_BYTES - 2 - at;
        size_t copied = len < most ? len : most;
        text[at++] = ' ';
        memcpy(text + at, words, copied);
        at += count == 1 ? singular(text + at, copied) : copied;
        words += len + (words[len] == ' ' ? 1 : 0);
    }
    text[at] = '\0';
    return text;
}

char *words_enum(char text[WORDS_BYTES], const ProtobufCEnumDescriptor *descriptor, int value)
{
    char name[40];
    qp_enum_name(name, descriptor, value);
    snprintf(text, WORDS_BYTES, "%s", name);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
    return text;
}

/* ---- What an event is about ---- */

static uint64_t outputs_grams(const Qp__LotProcessed *body)
{
    uint64_t grams = 0;
    for (size_t i = 0; i < body->n_outputs; i++) {
        grams += body->outputs[i]->quantity->grams;
    }
    return grams;
}

static uint64_t dispatched_grams(const Qp__ShipmentDispatched *body)
{
    uint64_t grams = 0;
    for (size_t i = 0; i < body->n_lots; i++) {
        grams += body->lots[i]->quantity->grams;
    }
    return grams;
}

static struct words_gist gist(const char *id, uint64_t grams)
{
    return (struct words_gist){.id = id, .grams = grams};
}

static struct words_gist gist_of_lot(const Qp__Event *event)
{
    switch (event->body_case) {
    case QP__EVENT__BODY_LOT_HARVESTED:
        return gist(event->lot_harvested->lot, event->lot_harvested->quantity->grams);
    case QP__EVENT__BODY_LOT_PROCESSED:
        return gist(event->lot_processed->outputs[0]->lot, outputs_grams(event->lot_processed));
    case QP__EVENT__BODY_LOT_TRANSFERRED:
        return gist(event->lot_transferred->lot, event->lot_transferred->quantity->grams);
    case QP__EVENT__BODY_LOT_RECEIVED:
        return gist(event->lot_received->lot, event->lot_received->quantity->grams);
    case QP__EVENT__BODY_LOT_INSPECTED:
        return gist(event->lot_inspected->lot, 0);
    case QP__EVENT__BODY_LOT_RECALLED:
        return gist(event->lot_recalled->lot, 0);
    case QP__EVENT__BODY_FOOTPRINT_RECORDED:
        return gist(event->footprint_recorded->lot, 0);
    case QP__EVENT__BODY_SHIPMENT_DISPATCHED:
        return gist(event->shipment_dispatched->shipment,
                    dispatched_grams(event->shipment_dispatched));
    case QP__EVENT__BODY_SHIPMENT_GATED_IN:
        return gist(event->shipment_gated_in->shipment, 0);
    case QP__EVENT__BODY_SHIPMENT_LOADED:
        return gist(event->shipment_loaded->shipment, 0);
    case QP__EVENT__BODY_SHIPMENT_RECEIVED:
        return gist(event->shipment_received->shipment, event->shipment_received->quantity->grams);
    default:
        return gist("", 0);
    }
}

struct words_gist words_gist(const Qp__Event *event)
{
    switch (event->body_case) {
    case QP__EVENT__BODY_LEDGER_OPENED:
        return gist(event->ledger_opened->origin, 0);
    case QP__EVENT__BODY_RULE_SET_PUBLISHED:
        return gist(event->rule_set_published->rule_set, 0);
    case QP__EVENT__BODY_PARTY_ENROLLED:
        return gist(event->party_enrolled->party, 0);
    case QP__EVENT__BODY_PARTY_SUSPENDED:
        return gist(event->party_suspended->party, 0);
    case QP__EVENT__BODY_KEY_ADDED:
        return gist(event->key_added->party, 0);
    case QP__EVENT__BODY_KEY_ROTATED:
        return gist(event->key_rotated->party, 0);
    case QP__EVENT__BODY_KEY_REVOKED:
        return gist(event->key_revoked->party, 0);
    case QP__EVENT__BODY_PRODUCER_REGISTERED:
        return gist(event->producer_registered->producer, 0);
    case QP__EVENT__BODY_PLOT_REGISTERED:
        return gist(event->plot_registered->plot, 0);
    case QP__EVENT__BODY_PLOT_ASSESSED:
        return gist(event->plot_assessed->plot, 0);
    case QP__EVENT__BODY_PLOT_WITHDRAWN:
        return gist(event->plot_withdrawn->plot, 0);
    case QP__EVENT__BODY_CERTIFICATE_ISSUED:
        return gist(event->certificate_issued->certificate, 0);
    case QP__EVENT__BODY_CERTIFICATE_WITHDRAWN:
        return gist(event->certificate_withdrawn->certificate, 0);
    case QP__EVENT__BODY_DOCUMENT_ATTACHED:
        return gist(event->document_attached->subject->id, 0);
    default:
        return gist_of_lot(event);
    }
}
