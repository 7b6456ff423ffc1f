/* A due-diligence statement, as far as the bundle and the operator's file go. */
#include "export.h"

#include "core/check.h"
#include "exchange/dds.h"
#include "host/file.h"
#include "wire/json.h"

static enum qp_code read_operator(const char *path, json_t **object, struct qp_err *err)
{
    struct qp_buf file = {0};
    if (path == NULL) {
        return QP_OK;
    }
    enum qp_code rc = qp_file_read(path, QP_DDS_OPERATOR_BYTES_MAX, &file, err);
    if (rc == QP_OK) {
        rc = qp_json_parse(qp_span_buf(&file), object, err);
        if (rc == QP_OK) {
            rc = qp_dds_check_operator(*object, err);
        }
        if (rc != QP_OK) {
            rc = qp_prefix(err, rc, "%.150s", path);
        }
    }
    qp_buf_wipe(&file);
    return rc;
}

static void tell_missing(void *context, const char *path, const char *what)
{
    struct export *job = context;
    if (job->cli->json) {
        cli_json_on(job->cli, stderr, json_pack("{s:s, s:s}", "missing", path, "what", what));
        return;
    }
    cli_note(job->cli, "missing: %s, %s", path, what);
}

/* The law does not want a producer's name; those who read the statement may. */
static void tell(struct export *job, const struct qp_traces *traces)
{
    size_t unnamed = 0;
    for (size_t i = 0; i < traces->group_count; i++) {
        unnamed += traces->groups[i].producer_name[0] == '\0';
    }
    if (job->cli->json) {
        export_tell(job, job->output,
                    json_pack("{s:I, s:I, s:I, s:I}", "producers", (json_int_t)traces->group_count,
                              "unnamed", (json_int_t)unnamed, "plots",
                              (json_int_t)traces->plot_count, "left_out",
                              (json_int_t)traces->refused));
    } else if (unnamed > 0) {
        cli_note(job->cli, "%zu of %zu producers are written without a name: it is not disclosed",
                 unnamed, traces->group_count);
    }
}

enum qp_code export_dds(struct export *job, struct qp_err *err)
{
    json_t *object = NULL;
    struct qp_traces traces;
    struct qp_buf text = {0};
    enum qp_code rc = read_operator(job->operator_file, &object, err);
    if (rc == QP_OK) {
        rc = export_plots(job, &traces, err);
    }
    if (rc == QP_OK) {
        rc = qp_dds_write(&traces, object, job->draft, tell_missing, job, &text, err);
        if (rc == QP_OK) {
            rc = cli_output(job->cli, job->output, qp_span_buf(&text), false, err);
        }
        if (rc == QP_OK) {
            tell(job, &traces);
        }
        qp_traces_wipe(&traces);
    }
    json_decref(object);
    qp_buf_wipe(&text);
    return rc;
}
