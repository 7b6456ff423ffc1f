/* Rules of lots: holding, drawing, custody, and what is said about them. */
#include "rules/rules_priv.h"

#include "core/check.h"

#include <string.h>

#define HELD QP__LOT_STATUS__LOT_STATUS_HELD
#define HANDED QP__LOT_STATUS__LOT_STATUS_HANDED
#define RECALLED QP__LOT_STATUS__LOT_STATUS_RECALLED
#define VOIDED QP__LOT_STATUS__LOT_STATUS_VOIDED

enum qp_code qp_job_lot(struct qp_job *job, const char *id, Qp__LotState **lot)
{
    struct qp_state_key at = qp_state_key_text(QP_STATE_LOT, id);
    enum qp_code rc = qp_job_get(job, &at, &qp_rule_lot_state, lot);
    if (rc == QP_OK && *lot == NULL) {
        rc = qp_refuse(job->err, "QP-LOT-UNKNOWN",
                       "no lot %s is in the ledger: its origin is unknown", id);
    }
    return rc;
}

enum qp_code qp_job_put_lot(struct qp_job *job, const char *id, const Qp__LotState *lot)
{
    struct qp_state_key at = qp_state_key_text(QP_STATE_LOT, id);
    return qp_job_put(job, &at, &qp_rule_lot_state, lot);
}

enum qp_code qp_job_new_lot(struct qp_job *job, const char *id)
{
    struct qp_state_key at = qp_state_key_text(QP_STATE_LOT, id);
    Qp__LotState *known = NULL;
    enum qp_code rc = qp_job_own_name(job, id);
    if (rc == QP_OK) {
        rc = qp_job_get(job, &at, &qp_rule_lot_state, &known);
    }
    if (rc == QP_OK && known != NULL) {
        rc = qp_refuse(job->err, "QP-LOT-NEW", "a lot %s exists already (entry %llu)", id,
                       (unsigned long long)known->created->index);
    }
    return rc;
}

/* A lot that nothing more can happen to. */
static enum qp_code check_alive(struct qp_job *job, const char *id, const Qp__LotState *lot)
{
    if (lot->status == RECALLED) {
        return qp_refuse(job->err, "QP-LOT-RECALLED", "lot %s was recalled", id);
    }
    if (lot->status == VOIDED) {
        return qp_refuse(job->err, "QP-LOT-VOIDED", "lot %s was voided", id);
    }
    if (job->event->occurred_ms + QP_RULES_SLACK_MS < lot->made_ms) {
        return qp_refuse(job->err, "QP-TIME-ORDER",
                         "the event is dated over a day before lot %s came to be", id);
    }
    return QP_OK;
}

static enum qp_code check_free(struct qp_job *job, const char *id, const Qp__LotState *lot)
{
    enum qp_code rc = check_alive(job, id, lot);
    if (rc == QP_OK && lot->status == HANDED) {
        rc = qp_refuse(job->err, "QP-LOT-HELD",
                       "lot %s is on its way from %s to %s; the receiver signs first", id,
                       lot->holder, lot->handed_to);
    }
    return rc;
}

enum qp_code qp_job_held_lot(struct qp_job *job, const char *id, Qp__LotState **lot)
{
    enum qp_code rc = qp_job_lot(job, id, lot);
    if (rc == QP_OK) {
        rc = check_free(job, id, *lot);
    }
    if (rc == QP_OK && strcmp((*lot)->holder, job->party) != 0) {
        rc = qp_refuse(job->err, "QP-LOT-HELD", "lot %s is held by %s, not by %s", id,
                       (*lot)->holder, job->party);
    }
    return rc;
}

enum qp_code qp_job_draw(struct qp_job *job, const char *id, Qp__LotState *lot,
                         const Qp__Quantity *quantity)
{
    enum qp_code rc = qp_job_quantity(job, quantity, id);
    if (rc != QP_OK) {
        return rc;
    }
    uint64_t grams = lot->balance == NULL ? 0 : lot->balance->grams;
    uint64_t pieces = lot->balance == NULL ? 0 : lot->balance->pieces;
    if (lot->balance == NULL || quantity->grams > grams || quantity->pieces > pieces) {
        return qp_refuse(job->err, "QP-MASS-DRAW",
                         "%llu g and %llu pieces are drawn from lot %s, which has %llu g and %llu "
                         "pieces left",
                         (unsigned long long)quantity->grams, (unsigned long long)quantity->pieces,
                         id, (unsigned long long)grams, (unsigned long long)pieces);
    }
    lot->balance->grams -= quantity->grams;
    lot->balance->pieces -= quantity->pieces;
    if (lot->balance->grams == 0 && lot->balance->pieces == 0) {
        lot->balance = NULL;
    }
    lot->uses++;
    return QP_OK;
}

enum qp_code qp_job_goods(struct qp_job *job, const char *id, const Qp__LotState *lot)
{
    if (lot->kind == QP__OUTPUT_KIND_OF_LOT__OUTPUT_KIND_OF_LOT_WASTE) {
        return qp_refuse(job->err, "QP-LOT-WASTE",
                         "lot %s is waste: it is neither shipped nor made into goods", id);
    }
    return QP_OK;
}

static bool equal_quantities(const Qp__Quantity *a, const Qp__Quantity *b)
{
    return a != NULL && b != NULL && a->grams == b->grams && a->pieces == b->pieces;
}

/* The giver must have what it gives: the goods, the title, or both. */
static enum qp_code check_giver(struct qp_job *job, const Qp__LotTransferred *body,
                                const Qp__LotState *lot)
{
    bool goods = body->kind != QP__TRANSFER_KIND__TRANSFER_KIND_OWNERSHIP;
    bool title = body->kind != QP__TRANSFER_KIND__TRANSFER_KIND_CUSTODY;
    if (goods && strcmp(lot->holder, job->party) != 0) {
        return qp_refuse(job->err, "QP-LOT-HELD", "lot %s is held by %s, not by %s", body->lot,
                         lot->holder, job->party);
    }
    if (title && strcmp(lot->owner, job->party) != 0) {
        return qp_refuse(job->err, "QP-LOT-OWNER", "lot %s is owned by %s, not by %s", body->lot,
                         lot->owner, job->party);
    }
    return QP_OK;
}

enum qp_code qp_judge_lot_transferred(struct qp_job *job)
{
    const Qp__LotTransferred *body = job->event->lot_transferred;
    Qp__LotState *lot = NULL;
    Qp__PartyState *to = NULL;
    enum qp_code rc = qp_job_sealed(job, body->price, QP__SEALED_KIND__SEALED_KIND_PRICE, "price");
    if (rc == QP_OK) {
        rc = qp_job_lot(job, body->lot, &lot);
    }
    if (rc == QP_OK) {
        rc = check_free(job, body->lot, lot);
    }
    if (rc == QP_OK) {
        rc = check_giver(job, body, lot);
    }
    if (rc == QP_OK) {
        rc = qp_job_party(job, body->to, &to);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (strcmp(body->to, job->party) == 0) {
        return qp_refuse(job->err, "QP-TRANSFER-TO", "%s hands lot %s to itself", job->party,
                         body->lot);
    }
    if ((qp_party_roles(to) & QP_ROLES_HANDS) == 0) {
        return qp_refuse(job->err, "QP-TRANSFER-TO",
                         "%s has no role that takes goods and could not receive lot %s", body->to,
                         body->lot);
    }
    if (to->suspended) {
        return qp_refuse(job->err, "QP-TRANSFER-TO", "%s is suspended and cannot take lot %s",
                         body->to, body->lot);
    }
    if (!equal_quantities(body->quantity, lot->balance)) {
        return qp_refuse(
            job->err, "QP-TRANSFER-WEIGHT",
            "lot %s has %llu g left and %llu g are handed over; split off a part first", body->lot,
            (unsigned long long)(lot->balance == NULL ? 0 : lot->balance->grams),
            (unsigned long long)body->quantity->grams);
    }
    lot->status = HANDED;
    lot->handed_to = body->to;
    lot->handed_kind = (uint32_t)body->kind;
    lot->handed = body->quantity;
    lot->handed_at = qp_job_place(job);
    lot->uses++;
    return qp_job_put_lot(job, body->lot, lot);
}

/* More than was given, beyond what scales differ by, would be goods out of nowhere. */
static enum qp_code check_weight(struct qp_job *job, const Qp__LotReceived *body,
                                 const Qp__LotState *lot)
{
    const Qp__RuleSetPublished *rules = NULL;
    enum qp_code rc = qp_job_quantity(job, body->quantity, body->lot);
    if (rc == QP_OK) {
        rc = qp_job_rule_set(job, &rules);
    }
    if (rc != QP_OK) {
        return rc;
    }
    QP_ASSERT(lot->handed != NULL);
    uint64_t sent = lot->handed->grams;
    uint64_t ppm = rules->transfer_tolerance_ppm;
    uint64_t most = sent + sent / 1000000 * ppm + sent % 1000000 * ppm / 1000000;
    if (body->quantity->grams > most || body->quantity->pieces > lot->handed->pieces) {
        return qp_refuse(
            job->err, "QP-TRANSFER-MORE",
            "%llu g and %llu pieces of lot %s are received, but %llu g and %llu pieces "
            "were handed over; at most %llu g may arrive",
            (unsigned long long)body->quantity->grams, (unsigned long long)body->quantity->pieces,
            body->lot, (unsigned long long)sent, (unsigned long long)lot->handed->pieces,
            (unsigned long long)most);
    }
    return QP_OK;
}

/* The balance becomes what the taker weighed, but a lot never grows: made = left + drawn + shrunk
 * holds in grams for every lot at all times. A taker's scale may give back what earlier scales took
 * and no more, else half a percent of tolerance at each of many hand-overs adds up to goods. */
static void settle_weight(Qp__LotState *lot, Qp__Quantity *weighed)
{
    uint64_t sent = lot->handed->grams;
    if (weighed->grams <= sent) {
        lot->shrunk_grams += sent - weighed->grams;
    } else {
        uint64_t more = weighed->grams - sent;
        more = more < lot->shrunk_grams ? more : lot->shrunk_grams;
        lot->shrunk_grams -= more;
        weighed->grams = sent + more;
    }
    bool empty = weighed->grams == 0 && weighed->pieces == 0;
    lot->balance = empty ? NULL : weighed;
}

enum qp_code qp_judge_lot_received(struct qp_job *job)
{
    const Qp__LotReceived *body = job->event->lot_received;
    Qp__LotState *lot = NULL;
    enum qp_code rc = qp_job_lot(job, body->lot, &lot);
    if (rc == QP_OK) {
        rc = check_alive(job, body->lot, lot);
    }
    if (rc != QP_OK) {
        return rc;
    }
    bool ownership = lot->handed_kind == QP__TRANSFER_KIND__TRANSFER_KIND_OWNERSHIP;
    const char *giver = ownership ? lot->owner : lot->holder;
    if (lot->status != HANDED || strcmp(lot->handed_to, job->party) != 0 ||
        strcmp(giver, body->from) != 0) {
        return qp_refuse(job->err, "QP-TRANSFER-NONE",
                         "%s receives lot %s from %s, who has not handed it over; the giver signs "
                         "first",
                         job->party, body->lot, body->from);
    }
    rc = check_weight(job, body, lot);
    if (rc != QP_OK) {
        return rc;
    }
    settle_weight(lot, body->quantity);
    if (lot->handed_kind != QP__TRANSFER_KIND__TRANSFER_KIND_CUSTODY) {
        lot->owner = job->party;
    }
    if (!ownership) {
        lot->holder = job->party;
    }
    lot->status = HELD;
    lot->handed_to = (char *)(uintptr_t)protobuf_c_empty_string;
    lot->handed_kind = 0;
    lot->handed = NULL;
    lot->handed_at = NULL;
    return qp_job_put_lot(job, body->lot, lot);
}

enum qp_code qp_judge_lot_inspected(struct qp_job *job)
{
    const Qp__LotInspected *body = job->event->lot_inspected;
    Qp__LotState *lot = NULL;
    enum qp_code rc =
        qp_job_sealed(job, body->report, QP__SEALED_KIND__SEALED_KIND_DOCUMENT, "report");
    if (rc == QP_OK) {
        rc = qp_job_lot(job, body->lot, &lot);
    }
    return rc == QP_OK ? check_alive(job, body->lot, lot) : rc;
}

enum qp_code qp_judge_footprint_recorded(struct qp_job *job)
{
    const Qp__FootprintRecorded *body = job->event->footprint_recorded;
    Qp__LotState *lot = NULL;
    enum qp_code rc =
        qp_job_sealed(job, body->report, QP__SEALED_KIND__SEALED_KIND_DOCUMENT, "report");
    if (rc == QP_OK) {
        rc = qp_job_lot(job, body->lot, &lot);
    }
    return rc == QP_OK ? check_alive(job, body->lot, lot) : rc;
}

enum qp_code qp_judge_lot_recalled(struct qp_job *job)
{
    const Qp__LotRecalled *body = job->event->lot_recalled;
    Qp__LotState *lot = NULL;
    enum qp_code rc = qp_job_lot(job, body->lot, &lot);
    if (rc == QP_OK) {
        rc = check_alive(job, body->lot, lot);
    }
    if (rc != QP_OK) {
        return rc;
    }
    size_t len = strlen(job->party);
    bool named = strncmp(body->lot, job->party, len) == 0 && body->lot[len] == '/';
    if (!named && strcmp(lot->owner, job->party) != 0 && strcmp(lot->holder, job->party) != 0 &&
        !qp_job_has_role(job, QP_ROLE(AUTHORITY))) {
        return qp_refuse(job->err, "QP-LOT-OWNER",
                         "%s neither made, owns nor holds lot %s and may not recall it", job->party,
                         body->lot);
    }
    lot->status = RECALLED;
    return qp_job_put_lot(job, body->lot, lot);
}
