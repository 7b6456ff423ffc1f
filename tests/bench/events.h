/* Events of a season, written as JSON. */
#ifndef QP_TESTS_BENCH_EVENTS_H
#define QP_TESTS_BENCH_EVENTS_H

#include "season.h"

#include "host/file.h"
#include "wire/json.h"

/* The body of an event, which is dated today. */
static inline void add_json(struct season *season, const char *format, ...) QP_PRINTF(2, 3);
static inline void add_json(struct season *season, const char *format, ...)
{
    static char body[QP_EVENT_BYTES_MAX];
    static char text[QP_EVENT_BYTES_MAX + 64];
    json_t *json = NULL;
    Qp__Event *event = NULL;
    va_list arguments;
    va_start(arguments, format);
    assert_true(vsnprintf(body, sizeof body, format, arguments) < (int)sizeof body);
    va_end(arguments);
    snprintf(text, sizeof text, "{\"occurred\": \"2026-05-28T20:26:40Z\", %s}", body);
    assert_ok(qp_json_parse(qp_span_text(text), &json, err));
    assert_ok(qp_json_decode(&qp_rule_event, json, &season->arena, &event, err));
    season_add(season, event);
    json_decref(json);
}

/* The rule set that is shipped: what a judge reads is then as long as in life. */
static inline void bench_rule_set(struct season *season)
{
    struct qp_buf text = {0};
    json_t *json = NULL;
    Qp__Event *event = NULL;
    assert_ok(qp_file_read(QP_RULESET, 65536, &text, err));
    assert_ok(qp_json_parse(qp_span_buf(&text), &json, err));
    assert_ok(qp_json_decode(&qp_rule_event, json, &season->arena, &event, err));
    season_add(season, event);
    json_decref(json);
    qp_buf_wipe(&text);
}

#endif
