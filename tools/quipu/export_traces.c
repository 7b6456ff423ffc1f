/* Plots for TRACES: one file, one for each producer, or as many as the limit wants. */
#include "export.h"

#include "core/check.h"
#include "host/file.h"
#include "words.h"

#include <string.h>

static void tell_fault(void *context, const struct qp_err *reason)
{
    struct export *job = context;
    cli_error(job->cli, reason);
}

enum qp_code export_plots(struct export *job, struct qp_traces *traces, struct qp_err *err)
{
    enum qp_code rc = qp_traces_init(traces, job->verdict, tell_fault, job, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (traces->refused > 0 && !job->even_if_failed) {
        rc = qp_fail(err, QP_E_REFUSED,
                     "%zu of %zu plots cannot be written, so no file was made; --even-if-failed "
                     "leaves them out",
                     traces->refused, qp_verdict_plot_count(job->verdict));
        qp_traces_wipe(traces);
        return rc;
    }
    if (traces->cut_count > 0 && !job->cli->json) {
        cli_note(job->cli,
                 "%zu of the plots have holes, which TRACES does not take: each was cut "
                 "into parts along them",
                 traces->cut_count);
    }
    return QP_OK;
}

void export_tell(struct export *job, const char *path, json_t *about)
{
    json_t *object = about != NULL ? about : json_object();
    if (!job->cli->json || cli_is_stdout(path)) {
        json_decref(object);
    } else if (json_object_set_new(object, "file", json_string(path)) != 0) {
        json_decref(object);
        cli_json(job->cli, NULL);
    } else {
        cli_json(job->cli, object);
    }
}

enum qp_code export_file(struct export *job, const char *name, struct qp_span bytes,
                         struct qp_err *err)
{
    struct qp_buf path = {0};
    enum qp_code rc = qp_folder_make(job->output, 0755, err);
    if (rc == QP_OK) {
        rc = qp_buf_addf(&path, err, "%s/%s", job->output, name);
    }
    if (rc == QP_OK) {
        rc = qp_file_replace((const char *)path.data, 0644, bytes, err);
    }
    if (rc == QP_OK) {
        export_tell(job, (const char *)path.data, NULL);
    }
    qp_buf_wipe(&path);
    return rc;
}

static void tell(struct export *job, const struct qp_traces *traces)
{
    char area[WORDS_BYTES];
    char plots[WORDS_BYTES];
    if (job->cli->json) {
        export_tell(job, job->output,
                    json_pack("{s:I, s:I, s:I, s:I}", "plots", (json_int_t)traces->plot_count,
                              "left_out", (json_int_t)traces->refused, "cut",
                              (json_int_t)traces->cut_count, "area_m2",
                              (json_int_t)traces->area_m2));
        return;
    }
    cli_note(job->cli, "%s, %s, in %s", words_count(plots, traces->plot_count, "plots"),
             words_area(area, traces->area_m2),
             cli_is_stdout(job->output) ? "stdout" : cli_safe(job->cli, job->output));
}

/* "coop-norte/P-0001" -> "coop-norte_P-0001.geojson": no party has a "_" in its name. */
static enum qp_code make_name(const char *producer, struct qp_buf *name, struct qp_err *err)
{
    name->len = 0;
    enum qp_code rc = qp_buf_addf(name, err, "%s.geojson", producer);
    for (size_t i = 0; rc == QP_OK && i < name->len; i++) {
        name->data[i] = name->data[i] == '/' ? '_' : name->data[i];
    }
    return rc;
}

static enum qp_code write_producers(struct export *job, const struct qp_traces *traces,
                                    struct qp_err *err)
{
    struct qp_buf text = {0};
    struct qp_buf name = {0};
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < traces->group_count; i++) {
        const struct qp_traces_group *group = &traces->groups[i];
        text.len = 0;
        rc = qp_traces_producer(traces, i, &text, err);
        if (rc == QP_OK) {
            rc = make_name(group->producer, &name, err);
        }
        if (rc == QP_OK) {
            rc = export_file(job, (const char *)name.data, qp_span_buf(&text), err);
        }
    }
    qp_buf_wipe(&text);
    qp_buf_wipe(&name);
    if (rc == QP_OK && !job->cli->json) {
        char files[WORDS_BYTES];
        cli_note(job->cli, "%s, one for each producer, in %s",
                 words_count(files, traces->group_count, "files"), cli_safe(job->cli, job->output));
    }
    return rc;
}

/* "plots.geojson" -> "plots-2.geojson". */
static enum qp_code number_name(const char *path, size_t number, struct qp_buf *name,
                                struct qp_err *err)
{
    const char *dot = strrchr(path, '.');
    const char *slash = strrchr(path, '/');
    size_t stem =
        dot != NULL && (slash == NULL || dot > slash) ? (size_t)(dot - path) : strlen(path);
    name->len = 0;
    return qp_buf_addf(name, err, "%.*s-%zu%s", (int)stem, path, number, path + stem);
}

static enum qp_code write_numbered(struct export *job, const struct qp_traces *traces, size_t next,
                                   struct qp_buf *text, struct qp_err *err)
{
    struct qp_buf name = {0};
    size_t number = 1;
    if (cli_is_stdout(job->output)) {
        return qp_refuse(err, "GEO-FILE",
                         "the plots take more than the %zu bytes of one file; give -o FILE, and "
                         "there will be numbered ones",
                         QP_TRACES_GEOJSON_BYTES_MAX);
    }
    enum qp_code rc = QP_OK;
    for (;; number++) {
        rc = number_name(job->output, number, &name, err);
        if (rc == QP_OK) {
            rc = cli_output(job->cli, (const char *)name.data, qp_span_buf(text), false, err);
        }
        if (rc == QP_OK && job->cli->json) {
            export_tell(job, (const char *)name.data, NULL);
        } else if (rc == QP_OK) {
            cli_note(job->cli, "part %zu in %s", number,
                     cli_safe(job->cli, (const char *)name.data));
        }
        if (rc != QP_OK || next == traces->group_count) {
            break;
        }
        text->len = 0;
        rc = qp_traces_commodity(traces, next, QP_TRACES_GEOJSON_BYTES_MAX, text, &next, err);
        if (rc != QP_OK) {
            break;
        }
    }
    qp_buf_wipe(&name);
    if (rc == QP_OK && !job->cli->json) {
        cli_note(job->cli,
                 "the plots take more than one file may hold, so there are %zu; each "
                 "has whole producers",
                 number);
    }
    return rc;
}

static enum qp_code write_commodity(struct export *job, const struct qp_traces *traces,
                                    struct qp_err *err)
{
    struct qp_buf text = {0};
    size_t next = 0;
    enum qp_code rc =
        qp_traces_commodity(traces, 0, QP_TRACES_GEOJSON_BYTES_MAX, &text, &next, err);
    if (rc == QP_OK && next < traces->group_count) {
        rc = write_numbered(job, traces, next, &text, err);
    } else if (rc == QP_OK) {
        rc = cli_output(job->cli, job->output, qp_span_buf(&text), false, err);
        if (rc == QP_OK) {
            tell(job, traces);
        }
    }
    qp_buf_wipe(&text);
    return rc;
}

enum qp_code export_traces(struct export *job, struct qp_err *err)
{
    struct qp_traces traces;
    if (job->type_one && cli_is_stdout(job->output)) {
        return qp_fail(err, QP_E_USAGE, "type I is one file for each producer: give -o DIR");
    }
    enum qp_code rc = export_plots(job, &traces, err);
    if (rc != QP_OK) {
        return rc;
    }
    rc = job->type_one ? write_producers(job, &traces, err) : write_commodity(job, &traces, err);
    qp_traces_wipe(&traces);
    return rc;
}
