/* quipu show: an entry, an event, or a subject with its history. */
#include "show.h"

#include "core/check.h"
#include "core/time.h"
#include "record.h"
#include "taint.h"
#include "trace/source.h"
#include "wire/json.h"
#include "words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- History ---- */

struct history {
    struct show *show;
    struct qp_buf places; /* struct qp_edge_place, one after the other */
    uint64_t from;        /* entries from here on */
};

static enum qp_code keep_place(void *context, const struct qp_edge_place *place, struct qp_err *err)
{
    struct history *history = context;
    return place->index < history->from
               ? QP_OK
               : qp_buf_add(&history->places, qp_span_of(place, sizeof *place), err);
}

static const char *role_name(enum qp_edge_role role)
{
    switch (role) {
    case QP_EDGE_CREATES:
        return "creates";
    case QP_EDGE_CONSUMES:
        return "consumes";
    case QP_EDGE_CHANGES:
        return "changes";
    case QP_EDGE_DESCRIBES:
        return "describes";
    case QP_EDGE_USES:
        return "uses";
    }
    return "uses";
}

static enum qp_code history_json(struct history *history, const struct qp_edge_place *place,
                                 json_t **json)
{
    struct show *show = history->show;
    struct reader_entry entry;
    const Qp__Event *event = NULL;
    json_t *body = NULL;
    enum qp_code rc = reader_entry(show->reader, place->index, &entry, show->err);
    if (rc == QP_OK) {
        rc = reader_event(show->reader, place->index, place->position, &event, show->err);
    }
    if (rc == QP_OK) {
        rc = qp_json_encode(&qp_rule_event, event, &body, show->err);
    }
    if (rc == QP_OK) {
        *json = json_pack("{s:I, s:i, s:s, s:s, s:o}", "entry", (json_int_t)place->index,
                          "position", (int)place->position, "role", role_name(place->role), "party",
                          entry.issuer, "event", body);
        rc = *json != NULL ? QP_OK : qp_fail(show->err, QP_E_MEMORY, "no memory for the history");
    }
    return rc;
}

static enum qp_code history_words(struct history *history, const struct qp_edge_place *place)
{
    struct show *show = history->show;
    struct reader_entry entry;
    const Qp__Event *event = NULL;
    struct qp_buf text = {0};
    char date[QP_TIME_TEXT_BYTES];
    enum qp_code rc = reader_entry(show->reader, place->index, &entry, show->err);
    if (rc == QP_OK) {
        rc = reader_event(show->reader, place->index, place->position, &event, show->err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_addf(&text, show->err, "%s ", entry.issuer);
    }
    if (rc == QP_OK) {
        rc = words_event(event, &text, show->err);
    }
    if (rc == QP_OK) {
        char where[40];
        qp_date_format(date, event->occurred_ms);
        snprintf(where, sizeof where, "%" PRIu64 ":%" PRIu32, place->index, place->position);
        int at = printf("%9s  %s  ", where, date);
        show_hanging(show, (size_t)at, 23, (const char *)text.data);
    }
    qp_buf_wipe(&text);
    return rc;
}

/* list: where JSON goes; NULL: one object a line on stdout, or words. */
static enum qp_code print_history(struct history *history, json_t *list)
{
    struct show *show = history->show;
    struct qp_edge_place before = {.index = UINT64_MAX};
    enum qp_code rc = QP_OK;
    for (size_t at = 0; rc == QP_OK && at < history->places.len;
         at += sizeof(struct qp_edge_place)) {
        struct qp_edge_place place;
        json_t *json = NULL;
        memcpy(&place, history->places.data + at, sizeof place);
        if (!show->cli->json) { /* an event that names the subject twice is told once */
            bool again = place.index == before.index && place.position == before.position;
            rc = again ? QP_OK : history_words(history, &place);
            before = place;
            continue;
        }
        rc = history_json(history, &place, &json);
        if (rc == QP_OK && list == NULL) {
            cli_json(show->cli, json);
        } else if (rc == QP_OK && json_array_append_new(list, json) != 0) {
            rc = qp_fail(show->err, QP_E_MEMORY, "no memory for the history");
        }
    }
    history->places.len = 0;
    return rc;
}

/* ---- Subjects ---- */

static enum qp_code read_record(struct show *show, const struct record_kind *kind, const char *id,
                                void **record)
{
    struct qp_state_key key = qp_state_key_text(kind->kind, id);
    *record = NULL;
    return reader_state(show->reader, &key, kind->rule, record, show->err);
}

static enum qp_code read_history(struct history *history, const struct record_kind *kind,
                                 const char *id)
{
    struct show *show = history->show;
    return qp_log_edges(show->reader->log, kind->kind, id, keep_place, history, show->err);
}

/* Whatever can be tainted: things that goods are, or grow on. */
static bool is_goods(const struct record_kind *kind)
{
    return kind->kind == QP_STATE_LOT || kind->kind == QP_STATE_SHIPMENT ||
           kind->kind == QP_STATE_PLOT;
}

struct taint_rows {
    struct cli *cli;
    const char *before; /* name of the row above */
};

static void print_taint(void *context, const char *name, const char *sentence)
{
    struct taint_rows *rows = context;
    bool again = strcmp(rows->before, name) == 0;
    record_row(rows->cli, again ? "" : name, "%s", sentence);
    rows->before = name;
}

static enum qp_code show_taint(struct show *show, const struct record_kind *kind, const char *id,
                               json_t *object)
{
    struct taints taints = {0};
    struct taint_rows rows = {.cli = show->cli, .before = ""};
    if (!is_goods(kind)) {
        return QP_OK;
    }
    enum qp_code rc = taints_find(&taints, show->reader->log, kind->name, id, show->err);
    if (rc == QP_OK && object != NULL) {
        rc = taints_json(&taints, object, show->err);
    } else if (rc == QP_OK) {
        taints_each(&taints, print_taint, &rows);
    }
    taints_wipe(&taints);
    return rc;
}

static enum qp_code show_words(struct history *history, const struct record_kind *kind,
                               const char *id)
{
    struct show *show = history->show;
    void *record = NULL;
    enum qp_code rc = read_record(show, kind, id, &record);
    if (rc == QP_OK) {
        rc = kind->print(show->cli, show->reader, id, record, show->err);
    }
    if (rc == QP_OK) {
        rc = show_taint(show, kind, id, NULL);
    }
    if (rc == QP_OK) {
        rc = read_history(history, kind, id);
    }
    if (rc == QP_OK) {
        printf("\n");
        rc = print_history(history, NULL);
    }
    return rc;
}

static enum qp_code show_json(struct history *history, const struct record_kind *kind,
                              const char *id)
{
    struct show *show = history->show;
    void *record = NULL;
    json_t *state = NULL;
    json_t *list = json_array();
    enum qp_code rc = list != NULL ? read_record(show, kind, id, &record)
                                   : qp_fail(show->err, QP_E_MEMORY, "no memory for the history");
    if (rc == QP_OK) {
        rc = qp_json_encode(kind->rule, record, &state, show->err);
    }
    if (rc == QP_OK) {
        rc = read_history(history, kind, id);
    }
    if (rc == QP_OK) {
        rc = print_history(history, list);
    }
    json_t *object = rc == QP_OK ? json_pack("{s:s, s:s, s:O, s:O}", "kind", kind->name, "id", id,
                                             "state", state, "history", list)
                                 : NULL;
    if (rc == QP_OK && object == NULL) {
        rc = qp_fail(show->err, QP_E_MEMORY, "no memory for the history");
    }
    rc = rc == QP_OK ? show_taint(show, kind, id, object) : rc;
    if (rc == QP_OK) {
        cli_json(show->cli, object);
    } else {
        json_decref(object);
    }
    json_decref(state);
    json_decref(list);
    return rc;
}

static enum qp_code show_subject(struct show *show, const struct record_kind *kind, const char *id,
                                 bool following)
{
    struct history history = {.show = show};
    uint64_t size = qp_log_size(show->reader->log);
    bool more = following;
    enum qp_code rc = following ? reader_follow_begin(show->err) : QP_OK;
    if (rc == QP_OK) {
        rc = show->cli->json ? show_json(&history, kind, id) : show_words(&history, kind, id);
    }
    while (rc == QP_OK && more) {
        rc = reader_follow(show->cli, show->reader, size, &more, show->err);
        if (rc == QP_OK && more) {
            history.from = size;
            size = qp_log_size(show->reader->log);
            rc = read_history(&history, kind, id);
            rc = rc == QP_OK ? print_history(&history, NULL) : rc;
        }
    }
    qp_buf_wipe(&history.places);
    return rc;
}

/* ---- Which subject ---- */

static enum qp_code fail_party(struct show *show, const struct qp_trace_source *source,
                               const char *id)
{
    static const enum qp_state_kind parties[] = {QP_STATE_PARTY, (enum qp_state_kind)0};
    enum qp_state_kind kind = QP_STATE_PARTY;
    char near[81];
    enum qp_code rc = qp_trace_near(source, parties, id, near, &kind, show->err);
    if (rc == QP_OK && near[0] != '\0') {
        return qp_fail(show->err, QP_E_NOT_FOUND,
                       "there is no party %.40s in this ledger; there is a party %s", id, near);
    }
    return rc != QP_OK
               ? rc
               : qp_fail(show->err, QP_E_NOT_FOUND,
                         "there is no party %.40s in this ledger; plots, lots and shipments "
                         "are named PARTY/NAME, and an entry by its number",
                         id);
}

/* Nothing has the id: let the search of the trace say what is near it. */
static enum qp_code fail_unknown(struct show *show, const char *id)
{
    static const enum qp_state_kind all[] = {QP_STATE_LOT,         QP_STATE_SHIPMENT,
                                             QP_STATE_PLOT,        QP_STATE_PRODUCER,
                                             QP_STATE_CERTIFICATE, (enum qp_state_kind)0};
    struct qp_trace_source source = qp_trace_source_log(show->reader->log);
    enum qp_state_kind kind = QP_STATE_LOT;
    if (strchr(id, '/') == NULL) {
        return fail_party(show, &source, id);
    }
    enum qp_code rc = qp_trace_find(&source, all, id, &kind, show->err);
    return rc != QP_OK ? rc
                       : qp_fail(show->err, QP_E_NOT_FOUND, "there is no %.80s in this ledger", id);
}

static enum qp_code find_subject(struct show *show, const char *id, const struct record_kind **kind)
{
    char names[200];
    size_t used = 0;
    size_t count = 0;
    if (strlen(id) > 80) {
        return qp_fail(show->err, QP_E_NOT_FOUND, "\"%.80s...\" is too long for an id", id);
    }
    for (size_t i = 0; i < RECORD_KINDS; i++) {
        void *record = NULL;
        enum qp_code rc = read_record(show, &record_kinds[i], id, &record);
        if (rc != QP_OK) {
            return rc;
        }
        if (record != NULL) {
            *kind = &record_kinds[i];
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                     count == 0 ? "" : ", ", record_kinds[i].name);
            count++;
        }
    }
    if (count > 1) {
        return qp_fail(show->err, QP_E_USAGE,
                       "show: %.80s names several things (%s); say which, as %s:%.80s", id, names,
                       (*kind)->name, id);
    }
    return count == 1 ? QP_OK : fail_unknown(show, id);
}

static enum qp_code fail_named(struct show *show, const struct record_kind *kind, const char *id)
{
    const enum qp_state_kind wanted[] = {kind->kind, (enum qp_state_kind)0};
    struct qp_trace_source source = qp_trace_source_log(show->reader->log);
    enum qp_state_kind found = kind->kind;
    char near[81];
    enum qp_code rc = qp_trace_near(&source, wanted, id, near, &found, show->err);
    bool any = rc == QP_OK && near[0] != '\0';
    return rc != QP_OK
               ? rc
               : qp_fail(show->err, QP_E_NOT_FOUND, "there is no %s %.80s in this ledger%s%s",
                         kind->name, id, any ? "; there is " : "", any ? near : "");
}

/* "lot:coop/L-1": the kind is said. */
static enum qp_code find_named(struct show *show, const char *thing, const char **id,
                               const struct record_kind **kind)
{
    const char *colon = strchr(thing, ':');
    size_t len = colon != NULL ? (size_t)(colon - thing) : 0;
    void *record = NULL;
    *id = thing;
    if (colon == NULL) {
        return find_subject(show, thing, kind);
    }
    *id = colon + 1;
    for (size_t i = 0; i < RECORD_KINDS && strlen(*id) <= 80; i++) {
        if (strlen(record_kinds[i].name) == len && strncmp(record_kinds[i].name, thing, len) == 0) {
            enum qp_code rc = read_record(show, &record_kinds[i], *id, &record);
            *kind = &record_kinds[i];
            return rc == QP_OK && record == NULL ? fail_named(show, *kind, *id) : rc;
        }
    }
    return qp_fail(show->err, QP_E_USAGE,
                   "show: \"%.80s\" is neither ENTRY:EVENT nor KIND:ID; kinds are party, lot, "
                   "shipment, plot, producer, certificate",
                   thing);
}

/* ---- Numbers: "12" and "12:3" ---- */

static bool read_digits(const char **at, uint64_t *value)
{
    char *end = NULL;
    if (**at < '0' || **at > '9' || strspn(*at, "0123456789") > 18) {
        return false;
    }
    *value = strtoull(*at, &end, 10);
    *at = end;
    return true;
}

/* True when the text is a place; *has_position tells the two forms apart. */
static bool read_place(const char *text, uint64_t *index, uint64_t *position, bool *has_position)
{
    if (!read_digits(&text, index)) {
        return false;
    }
    *has_position = *text == ':';
    if (*has_position) {
        text++;
        return read_digits(&text, position) && *text == '\0';
    }
    return *text == '\0';
}

enum qp_code show_thing(struct show *show, const char *thing, bool following)
{
    uint64_t index = 0;
    uint64_t position = 0;
    bool has_position = false;
    const char *id = NULL;
    const struct record_kind *kind = NULL;
    if (read_place(thing, &index, &position, &has_position)) {
        if (following) {
            return qp_fail(show->err, QP_E_USAGE,
                           "show: an entry never changes; --follow is for subjects");
        }
        return has_position ? show_event(show, index, position) : show_entry(show, index);
    }
    enum qp_code rc = find_named(show, thing, &id, &kind);
    return rc == QP_OK ? show_subject(show, kind, id, following) : rc;
}

enum qp_code cmd_show(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    bool following = false;
    const struct cli_option options[] = {
        {'f', "follow", CLI_FLAG, NULL, &following,
         "then wait and print further events of the subject, until interrupted"},
    };
    const struct cli_spec spec = {
        .name = "show",
        .operands = "LEDGER THING",
        .about = "Show one thing of a ledger. THING is the number of an entry, ENTRY:EVENT, a "
                 "party, or the id of a lot, shipment, plot, producer or certificate: what the "
                 "ledger knows of it now, what taints it, and every event that names it, oldest "
                 "first. Where an id names several things, put the kind before it, as "
                 "plot:coop/A-1.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 2,
        .operands_most = 2,
        .json = true,
    };
    struct cli_operands operands;
    struct reader reader;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = reader_open(&reader, operands.list[0], err);
    if (rc != QP_OK) {
        return rc;
    }
    struct show show = {.cli = cli, .reader = &reader, .err = err};
    rc = show_thing(&show, operands.list[1], following);
    reader_close(&reader);
    return rc;
}
