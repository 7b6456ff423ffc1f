#include "trace/source.h"

#include "core/check.h"

#include <stdio.h>
#include <string.h>

/* ---- The log as a source ---- */

static enum qp_code log_edges(void *context, enum qp_state_kind kind, const char *id,
                              enum qp_code (*each)(void *each_context,
                                                   const struct qp_edge_place *place,
                                                   struct qp_err *err),
                              void *each_context, struct qp_err *err)
{
    return qp_log_edges(context, kind, id, each, each_context, err);
}

static enum qp_code log_entry(void *context, uint64_t index, struct qp_buf *out, struct qp_err *err)
{
    return qp_log_entry(context, index, out, err);
}

static enum qp_code log_event(void *context, uint64_t index, uint32_t position, struct qp_buf *out,
                              struct qp_err *err)
{
    return qp_log_event(context, index, position, out, err);
}

static enum qp_code log_find(void *context, const struct qp_public_key *issuer, uint64_t sequence,
                             uint64_t *index, struct qp_err *err)
{
    return qp_log_find(context, issuer, sequence, index, err);
}

static enum qp_code log_sealed(void *context, uint64_t index, const struct qp_hash *commitment,
                               struct qp_buf *out, struct qp_err *err)
{
    return qp_log_sealed(context, index, commitment, out, err);
}

static enum qp_code log_ids(void *context, enum qp_state_kind kind, const char *prefix,
                            bool (*each)(void *each_context, struct qp_span id), void *each_context,
                            struct qp_err *err)
{
    return qp_log_ids(context, kind, prefix, each, each_context, err);
}

static enum qp_code log_signed_by(void *context, const struct qp_public_key *issuer, uint64_t since,
                                  enum qp_code (*each)(void *each_context, uint64_t index,
                                                       struct qp_err *err),
                                  void *each_context, struct qp_err *err)
{
    return qp_log_signed(context, issuer, since, each, each_context, err);
}

static enum qp_code log_checkpoint(void *context, struct qp_buf *out, struct qp_err *err)
{
    return qp_log_checkpoint(context, out, err);
}

struct qp_trace_source qp_trace_source_log(struct qp_log *log)
{
    return (struct qp_trace_source){.context = log,
                                    .size = qp_log_size(log),
                                    .state = qp_log_state(log),
                                    .merkle = qp_log_merkle(log),
                                    .edges = log_edges,
                                    .entry = log_entry,
                                    .event = log_event,
                                    .find = log_find,
                                    .sealed = log_sealed,
                                    .ids = log_ids,
                                    .signed_by = log_signed_by,
                                    .checkpoint = log_checkpoint};
}

enum qp_code qp_trace_walk(struct qp_log *log, const char *id, enum qp_trace_direction direction,
                           enum qp_code (*step)(void *context, const struct qp_trace_step *step,
                                                struct qp_err *err),
                           void *context, struct qp_err *err)
{
    struct qp_trace_source source = qp_trace_source_log(log);
    struct qp_trace_sink sink = {.context = context, .step = step};
    return qp_trace_walk_source(&source, id, direction, &sink, err);
}

enum qp_code qp_taint(struct qp_log *log, const char *kind, const char *id,
                      enum qp_code (*taint)(void *context, const struct qp_taint *taint,
                                            struct qp_err *err),
                      void *context, struct qp_err *err)
{
    struct qp_trace_source source = qp_trace_source_log(log);
    struct qp_taint_sink sink = {.context = context, .taint = taint};
    return qp_taint_source(&source, kind, id, &sink, err);
}

enum qp_code qp_impact_new(struct qp_log *log, const struct qp_impact_thing *thing,
                           unsigned directions, struct qp_impact **impact, struct qp_err *err)
{
    struct qp_trace_source source = qp_trace_source_log(log);
    return qp_impact_source(&source, thing, directions, impact, err);
}

enum qp_code qp_prove(struct qp_log *log, const char *shipment, unsigned disclose,
                      struct qp_buf *out, struct qp_prove_report *report, struct qp_err *err)
{
    struct qp_trace_source source = qp_trace_source_log(log);
    return qp_prove_source(&source, shipment, disclose, out, report, err);
}

/* ---- Edges ---- */

static enum qp_code add_place(void *context, const struct qp_edge_place *place, struct qp_err *err)
{
    struct qp_places *places = context;
    if (places->count == places->room) {
        size_t room = places->room == 0 ? 64 : 2 * places->room;
        struct qp_edge_place *grown = qp_realloc(places->list, room * sizeof *grown);
        if (grown == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory for %zu edges", room);
        }
        places->list = grown;
        places->room = room;
    }
    places->list[places->count++] = *place;
    return QP_OK;
}

enum qp_code qp_places_read(const struct qp_trace_source *source, enum qp_state_kind kind,
                            const char *id, struct qp_places *places, struct qp_err *err)
{
    places->count = 0;
    return source->edges(source->context, kind, id, add_place, places, err);
}

/* ---- Ids ---- */

const char *qp_trace_kind_name(enum qp_state_kind kind)
{
    switch (kind) {
    case QP_STATE_PARTY:
        return "party";
    case QP_STATE_PRODUCER:
        return "producer";
    case QP_STATE_PLOT:
        return "plot";
    case QP_STATE_LOT:
        return "lot";
    case QP_STATE_CERTIFICATE:
        return "certificate";
    case QP_STATE_SHIPMENT:
        return "shipment";
    default:
        return "record";
    }
}

enum qp_state_kind qp_trace_kind_of(const char *name)
{
    static const enum qp_state_kind kinds[] = {QP_STATE_PARTY,       QP_STATE_PRODUCER,
                                               QP_STATE_PLOT,        QP_STATE_LOT,
                                               QP_STATE_CERTIFICATE, QP_STATE_SHIPMENT};
    for (size_t i = 0; i < QP_COUNT(kinds); i++) {
        if (strcmp(qp_trace_kind_name(kinds[i]), name) == 0) {
            return kinds[i];
        }
    }
    return (enum qp_state_kind)0;
}

/* *kind: the first of the kinds that the id names, or 0. */
static enum qp_code look_up(const struct qp_trace_source *source, const enum qp_state_kind *kinds,
                            const char *id, enum qp_state_kind *kind, struct qp_err *err)
{
    *kind = 0;
    for (size_t i = 0; kinds[i] != 0; i++) {
        struct qp_state_key key = qp_state_key_text(kinds[i], id);
        struct qp_span record = {0};
        enum qp_code rc =
            source->state.get(source->state.context, qp_state_key_span(&key), &record, err);
        if (rc != QP_OK) {
            return rc;
        }
        if (record.len > 0) {
            *kind = kinds[i];
            return QP_OK;
        }
    }
    return QP_OK;
}

#define ID_BYTES_MAX 80
#define NEAR_IDS_MAX 20000

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_letter_or_digit(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

/* The same letters and digits, in whatever case, with whatever between them? */
static bool same_letters(const char *a, const char *b)
{
    for (;;) {
        while (*a != '\0' && !is_letter_or_digit(*a)) {
            a++;
        }
        while (*b != '\0' && !is_letter_or_digit(*b)) {
            b++;
        }
        if (*a == '\0' || *b == '\0' || lower(*a) != lower(*b)) {
            return *a == *b;
        }
        a++;
        b++;
    }
}

/* One character more, less or other? */
static bool one_edit(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (*a != '\0' && *b != '\0' && strcmp(a + 1, b + 1) == 0) ||
           (*a != '\0' && strcmp(a + 1, b) == 0) || (*b != '\0' && strcmp(a, b + 1) == 0);
}

struct nearest {
    const char *id;
    char *near;
    size_t looked_at;
    size_t edited; /* ids that are one edit away: several of them are no help */
    bool same;     /* the same letters: better than one edit, and looked for no further */
};

static bool compare_id(void *context, struct qp_span bytes)
{
    struct nearest *nearest = context;
    char id[ID_BYTES_MAX + 1];
    if (bytes.len <= ID_BYTES_MAX) {
        memcpy(id, bytes.data, bytes.len);
        id[bytes.len] = '\0';
        nearest->same = same_letters(id, nearest->id);
        bool edited = !nearest->same && one_edit(id, nearest->id);
        nearest->edited += edited ? 1 : 0;
        if (nearest->same || edited) {
            memcpy(nearest->near, id, bytes.len + 1);
        }
    }
    nearest->looked_at++;
    return !nearest->same && nearest->looked_at < NEAR_IDS_MAX;
}

enum qp_code qp_trace_near(const struct qp_trace_source *source, const enum qp_state_kind *kinds,
                           const char *id, char near[81], enum qp_state_kind *kind,
                           struct qp_err *err)
{
    struct nearest nearest = {.id = id, .near = near};
    char party[ID_BYTES_MAX + 1];
    const char *slash = strchr(id, '/');
    size_t len = slash != NULL ? (size_t)(slash - id) + 1 : 0;
    enum qp_code rc = QP_OK;
    near[0] = '\0';
    if (source->ids == NULL || len > ID_BYTES_MAX) {
        return QP_OK;
    }
    for (size_t i = 0; i < len; i++) {
        party[i] = lower(id[i]); /* as every party is written */
    }
    party[len] = '\0';
    for (size_t i = 0; rc == QP_OK && kinds[i] != 0 && !nearest.same; i++) {
        size_t before = nearest.edited;
        rc = source->ids(source->context, kinds[i], party, compare_id, &nearest, err);
        if (nearest.same || nearest.edited > before) {
            *kind = kinds[i];
        }
    }
    if (!nearest.same && nearest.edited > 1) {
        near[0] = '\0';
    }
    return rc;
}

/* "lot, plot or shipment" */
static void list_kinds(char *text, size_t size, const enum qp_state_kind *kinds)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; kinds[i] != 0 && used < size; i++) {
        const char *between = i == 0 ? "" : kinds[i + 1] == 0 ? " or " : ", ";
        int n = snprintf(text + used, size - used, "%s%s", between, qp_trace_kind_name(kinds[i]));
        used += n > 0 ? (size_t)n : 0;
    }
}

static enum qp_code not_found(const struct qp_trace_source *source, const enum qp_state_kind *kinds,
                              const char *id, struct qp_err *err)
{
    static const enum qp_state_kind all[] = {QP_STATE_SHIPMENT, QP_STATE_LOT,         QP_STATE_PLOT,
                                             QP_STATE_PRODUCER, QP_STATE_CERTIFICATE, 0};
    char wanted[80];
    char near[ID_BYTES_MAX + 1];
    enum qp_state_kind kind = 0;
    list_kinds(wanted, sizeof wanted, kinds);
    enum qp_code rc = look_up(source, all, id, &kind, err);
    if (rc == QP_OK && kind != 0) {
        return qp_fail(err, QP_E_NOT_FOUND, "%s is a %s; a %s is wanted here", id,
                       qp_trace_kind_name(kind), wanted);
    }
    if (rc == QP_OK) {
        rc = qp_trace_near(source, kinds, id, near, &kind, err);
    }
    if (rc == QP_OK && near[0] != '\0') {
        return qp_fail(err, QP_E_NOT_FOUND, "no %s %s is in the ledger; there is a %s %s", wanted,
                       id, qp_trace_kind_name(kind), near);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (!qp_class_check(QP_CLASS_ID, qp_span_text(id))) {
        return qp_fail(err, QP_E_USAGE, "%s is not an id: PARTY/NAME, such as coop-norte/lot-17",
                       id);
    }
    return qp_fail(err, QP_E_NOT_FOUND,
                   "no %s %s is in the ledger; quipu log lists the events that make them", wanted,
                   id);
}

enum qp_code qp_trace_find(const struct qp_trace_source *source, const enum qp_state_kind *kinds,
                           const char *id, enum qp_state_kind *kind, struct qp_err *err)
{
    enum qp_state_kind found = 0;
    if (id[0] == '\0' || strlen(id) > ID_BYTES_MAX) {
        return qp_fail(err, QP_E_USAGE,
                       "an id is PARTY/NAME with at most %d characters, such as coop-norte/lot-17",
                       ID_BYTES_MAX);
    }
    enum qp_code rc = look_up(source, kinds, id, &found, err);
    if (rc == QP_OK && found == 0) {
        rc = not_found(source, kinds, id, err);
    }
    if (rc == QP_OK) {
        *kind = found;
    }
    return rc;
}
