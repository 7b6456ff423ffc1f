/* The plots of a ledger, for a survey. */
#include "survey_ledger.h"

#include "reader.h"
#include "rules/rules.h"

#include <string.h>

struct ledger_plots {
    struct reader reader;
    struct qp_survey *survey;
    const char *source;
    struct qp_buf sealed;
    struct qp_arena arena;
    uint64_t without;
};

static enum qp_code is_there(struct ledger_plots *in, const char *plot, bool *there,
                             struct qp_err *err)
{
    struct qp_state_key key = qp_state_key_text(QP_STATE_PLOT, plot);
    Qp__PlotState *state = NULL;
    enum qp_code rc = reader_state(&in->reader, &key, &qp_rule_plot_state, &state, err);
    *there = state != NULL && state->withdrawn == NULL;
    return rc;
}

/* QP_E_NOT_FOUND where the vault does not hold it. */
static enum qp_code read_outline(struct ledger_plots *in, uint64_t index,
                                 const Qp__PlotRegistered *plot, struct qp_geometry *geometry,
                                 struct qp_err *err)
{
    struct qp_hash commitment;
    void *content = NULL;
    memcpy(commitment.bytes, plot->geometry->commitment.data, sizeof commitment.bytes);
    in->sealed.len = 0;
    qp_arena_reset(&in->arena);
    enum qp_code rc = qp_log_sealed(in->reader.log, index, &commitment, &in->sealed, err);
    if (rc == QP_OK) {
        rc = qp_wire_decode(&qp_rule_sealed_content, qp_span_buf(&in->sealed), &in->arena, &content,
                            err);
    }
    if (rc == QP_OK) {
        rc = qp_geometry_decode(qp_span_bytes(((const Qp__SealedContent *)content)->content),
                                &in->arena, geometry, err);
    }
    return rc;
}

static enum qp_code take_plot(struct ledger_plots *in, uint64_t index,
                              const Qp__PlotRegistered *plot, struct qp_err *err)
{
    struct qp_geometry geometry;
    bool there = false;
    enum qp_code rc = is_there(in, plot->plot, &there, err);
    if (rc != QP_OK || !there) {
        return rc;
    }
    rc = read_outline(in, index, plot, &geometry, err);
    if (rc == QP_E_NOT_FOUND) {
        qp_err_init(err);
        in->without++;
        return QP_OK;
    }
    if (rc != QP_OK) {
        return qp_prefix(err, rc, "plot %s", plot->plot);
    }
    const struct qp_survey_plot known = {.name = plot->plot,
                                         .owner = plot->producer,
                                         .country = plot->country,
                                         .region = plot->region,
                                         .source = in->source,
                                         .declared_m2 = plot->area_m2,
                                         .geometry = &geometry,
                                         .is_of_ledger = true};
    return qp_survey_add_known(in->survey, &known, err);
}

static enum qp_code take_entry(struct ledger_plots *in, uint64_t index, struct qp_err *err)
{
    struct reader_entry entry;
    enum qp_code rc = reader_entry(&in->reader, index, &entry, err);
    uint32_t count = rc == QP_OK ? entry.statement->event_count : 0;
    for (uint32_t i = 0; i < count && rc == QP_OK; i++) {
        const Qp__Event *event = NULL;
        rc = reader_event(&in->reader, index, i, &event, err);
        if (rc == QP_OK && event->body_case == QP__EVENT__BODY_PLOT_REGISTERED) {
            rc = take_plot(in, index, event->plot_registered, err);
        }
    }
    return rc;
}

enum qp_code survey_ledger(struct cli *cli, const char *dir, struct qp_survey *survey,
                           uint64_t *without, struct qp_err *err)
{
    struct ledger_plots in = {.survey = survey, .source = dir};
    enum qp_code rc = reader_open(&in.reader, dir, err);
    if (rc != QP_OK) {
        return rc;
    }
    qp_arena_init(&in.arena, 0);
    uint64_t size = qp_log_size(in.reader.log);
    for (uint64_t i = 0; i < size && rc == QP_OK; i++) {
        cli_progress(cli, "reading the ledger's plots, entry", i, size);
        rc = take_entry(&in, i, err);
    }
    cli_progress_end(cli);
    *without = in.without;
    qp_arena_wipe(&in.arena);
    qp_buf_wipe(&in.sealed);
    reader_close(&in.reader);
    return rc;
}
