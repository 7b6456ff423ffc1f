/* Taint in words and as JSON. */
#include "taint.h"

#include "core/time.h"

#include <quipu/trace.h>

#include <inttypes.h>
#include <string.h>

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for what taints it");
}

static enum qp_code write_sentence(struct qp_buf *out, const struct qp_taint *taint,
                                   struct qp_err *err)
{
    char date[QP_TIME_TEXT_BYTES];
    enum qp_code rc = qp_buf_addf(out, err, "%s %s", taint->kind, taint->id);
    if (rc != QP_OK) {
        return rc;
    }
    if (strcmp(taint->cause, "loss") == 0) {
        rc = qp_buf_addf(out, err, ", where forest was lost");
    } else if (strcmp(taint->cause, "key") == 0) {
        rc = qp_buf_addf(out, err, ": %s by a key of %s that is in doubt from entry %" PRIu64 " on",
                         taint->event, taint->party, taint->since);
    } else if (strcmp(taint->cause, "certificate") == 0) {
        qp_date_format(date, taint->from_ms);
        rc = qp_buf_addf(out, err, " of %s, withdrawn from %s", taint->party, date);
    } else {
        rc = qp_buf_addf(out, err, ", %s", taint->cause);
    }
    rc = rc == QP_OK ? qp_buf_addf(out, err, " (entry %" PRIu64 ")", taint->index) : rc;
    return rc == QP_OK ? qp_buf_add(out, qp_span_of("", 1), err) : rc;
}

static bool set(json_t *object, const char *name, json_t *value)
{
    return value != NULL && json_object_set_new(object, name, value) == 0;
}

static bool set_rest(json_t *object, const struct qp_taint *taint)
{
    char text[65];
    bool ok = true;
    if (taint->party[0] != '\0') {
        ok = set(object, "party", json_string(taint->party));
    }
    if (taint->key != NULL) {
        qp_hex_encode(text, qp_span_of(taint->key->bytes, sizeof taint->key->bytes));
        ok = ok && set(object, "key", json_string(text)) &&
             set(object, "since", json_integer((json_int_t)taint->since));
    }
    if (strcmp(taint->cause, "certificate") == 0) {
        qp_time_format(text, taint->from_ms);
        ok = ok && set(object, "from", json_string(text));
    }
    json_t *path = taint->path_count > 0 ? json_array() : NULL;
    for (size_t i = 0; path != NULL && i < taint->path_count; i++) {
        if (json_array_append_new(path, json_string(taint->path[i])) != 0) {
            json_decref(path);
            path = NULL;
        }
    }
    return ok && (taint->path_count == 0 || set(object, "path", path));
}

static enum qp_code add(void *context, const struct qp_taint *taint, struct qp_err *err)
{
    struct taints *taints = context;
    json_t *object = json_pack("{s:s, s:s, s:s, s:I, s:i, s:s}", "cause", taint->cause, "kind",
                               taint->kind, "id", taint->id, "entry", (json_int_t)taint->index,
                               "position", (int)taint->position, "event", taint->event);
    if (object == NULL || !set_rest(object, taint)) {
        json_decref(object);
        return no_memory(err);
    }
    if (json_array_append_new(taint->note ? taints->note_list : taints->cause_list, object) != 0) {
        return no_memory(err);
    }
    taints->cause_count += taint->note ? 0 : 1;
    taints->note_count += taint->note ? 1 : 0;
    return write_sentence(taint->note ? &taints->notes : &taints->causes, taint, err);
}

enum qp_code taints_find(struct taints *taints, struct qp_log *log, const char *kind,
                         const char *id, struct qp_err *err)
{
    *taints = (struct taints){.cause_list = json_array(), .note_list = json_array()};
    return taints->cause_list != NULL && taints->note_list != NULL
               ? qp_taint(log, kind, id, add, taints, err)
               : no_memory(err);
}

void taints_wipe(struct taints *taints)
{
    qp_buf_wipe(&taints->causes);
    qp_buf_wipe(&taints->notes);
    json_decref(taints->cause_list);
    json_decref(taints->note_list);
    *taints = (struct taints){0};
}

static void each_of(const struct qp_buf *sentences, size_t count, const char *name,
                    void (*line)(void *context, const char *name, const char *sentence),
                    void *context)
{
    const char *at = (const char *)sentences->data;
    char more[80];
    for (size_t i = 0; i < count && i < TAINTS_SHOWN; i++) {
        line(context, name, at);
        at += strlen(at) + 1;
    }
    if (count > TAINTS_SHOWN) {
        (void)snprintf(more, sizeof more, "and %zu more, which --json shows", count - TAINTS_SHOWN);
        line(context, name, more);
    }
}

void taints_each(const struct taints *taints,
                 void (*line)(void *context, const char *name, const char *sentence), void *context)
{
    each_of(&taints->causes, taints->cause_count, "tainted by", line, context);
    each_of(&taints->notes, taints->note_count, "note", line, context);
}

enum qp_code taints_json(const struct taints *taints, json_t *object, struct qp_err *err)
{
    return object != NULL && json_object_set(object, "taint", taints->cause_list) == 0 &&
                   json_object_set(object, "notes", taints->note_list) == 0
               ? QP_OK
               : no_memory(err);
}
