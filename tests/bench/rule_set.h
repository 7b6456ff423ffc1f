/* The rule set that is shipped, as an event of a season: what a judge reads is then as long as in
 * life. */
#ifndef QP_TESTS_BENCH_RULE_SET_H
#define QP_TESTS_BENCH_RULE_SET_H

#include "season.h"

#include "host/file.h"
#include "wire/json.h"

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
