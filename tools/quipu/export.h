/* What an export is made of, and the formats, one file each. */
#ifndef QUIPU_EXPORT_H
#define QUIPU_EXPORT_H

#include "cli.h"

#include "exchange/traces.h"

struct export
{
    struct cli *cli;
    const struct qp_verdict *verdict;
    struct qp_hash bundle;     /* of the bundle's file */
    const char *output;        /* NULL and "-": stdout */
    const char *operator_file; /* NULL: none */
    bool type_one;             /* one file a producer */
    bool even_if_failed;       /* leave out what cannot be written */
    bool draft;
};

/* The plots that can be written; each that cannot is told. QP_E_REFUSED unless all can, or leaving
 * some out was asked for. */
enum qp_code export_plots(struct export *job, struct qp_traces *traces,
                          struct qp_err *err) QP_MUST_USE;
/* A file in the folder `output`, made where it is not there. */
enum qp_code export_file(struct export *job, const char *name, struct qp_span bytes,
                         struct qp_err *err) QP_MUST_USE;

/* With --json: an object for a file that was written; the export itself where it went to stdout.
 * Takes `about`, which may be NULL, and adds the file. */
void export_tell(struct export *job, const char *path, json_t *about);

enum qp_code export_traces(struct export *job, struct qp_err *err) QP_MUST_USE;
enum qp_code export_dds(struct export *job, struct qp_err *err) QP_MUST_USE;
enum qp_code export_art9(struct export *job, struct qp_err *err) QP_MUST_USE;
enum qp_code export_art9_json(struct export *job, struct qp_err *err) QP_MUST_USE;
enum qp_code export_art9_csv(struct export *job, struct qp_err *err) QP_MUST_USE;

#endif
