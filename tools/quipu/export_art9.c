/* The record of Article 9: one JSON file, tables, or both. */
#include "export.h"

#include "core/check.h"
#include "exchange/art9.h"
#include "words.h"

static enum qp_code need_folder(const struct export *job, struct qp_err *err)
{
    return cli_is_stdout(job->output)
               ? qp_fail(err, QP_E_USAGE, "this format is several files: give -o DIR")
               : QP_OK;
}

static enum qp_code write_tables(struct export *job, const json_t *object, struct qp_err *err)
{
    struct qp_buf text = {0};
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < qp_art9_table_count(); i++) {
        text.len = 0;
        rc = qp_art9_table(object, i, &text, err);
        if (rc == QP_OK) {
            rc = export_file(job, qp_art9_table_name(i), qp_span_buf(&text), err);
        }
    }
    qp_buf_wipe(&text);
    return rc;
}

/* to_folder: as art9.json in the folder. */
static enum qp_code write_json(struct export *job, const json_t *object, bool to_folder,
                               struct qp_err *err)
{
    struct qp_buf text = {0};
    enum qp_code rc = qp_art9_json(object, &text, err);
    if (rc == QP_OK) {
        rc = to_folder ? export_file(job, "art9.json", qp_span_buf(&text), err)
                       : cli_output(job->cli, job->output, qp_span_buf(&text), false, err);
        if (rc == QP_OK && !to_folder) {
            export_tell(job, job->output, NULL);
        }
    }
    qp_buf_wipe(&text);
    return rc;
}

enum qp_code export_art9_json(struct export *job, struct qp_err *err)
{
    json_t *object = NULL;
    enum qp_code rc = qp_art9_new(job->verdict, &job->bundle, &object, err);
    if (rc == QP_OK) {
        rc = write_json(job, object, false, err);
    }
    json_decref(object);
    return rc;
}

static enum qp_code to_folder(struct export *job, bool with_json, struct qp_err *err)
{
    json_t *object = NULL;
    enum qp_code rc = need_folder(job, err);
    if (rc == QP_OK) {
        rc = qp_art9_new(job->verdict, &job->bundle, &object, err);
    }
    if (rc == QP_OK) {
        rc = write_tables(job, object, err);
    }
    if (rc == QP_OK && with_json) {
        rc = write_json(job, object, true, err);
    }
    if (rc == QP_OK && !job->cli->json) {
        char files[WORDS_BYTES];
        cli_note(job->cli, "%s in %s",
                 words_count(files, qp_art9_table_count() + (with_json ? 1 : 0), "files"),
                 cli_safe(job->cli, job->output));
    }
    json_decref(object);
    return rc;
}

enum qp_code export_art9_csv(struct export *job, struct qp_err *err)
{
    return to_folder(job, false, err);
}

enum qp_code export_art9(struct export *job, struct qp_err *err)
{
    return to_folder(job, true, err);
}
