/* The tables that people have, of the kind that the first byte chooses: all rows or none, and every
 * word of a fault is safe for a terminal. */
#include "fuzz/fuzz.h"

#include <quipu/issue.h>

#include "issue/import.h"

static void holds_tame(const char *text)
{
    struct qp_buf safe = {0};
    HOLDS(qp_escape_terminal(&safe, qp_span_text(text), NULL) == QP_OK);
    holds_same(qp_span_buf(&safe), qp_span_text(text));
    qp_buf_wipe(&safe);
}

static void take_note(void *context, const struct qp_import_note *note)
{
    uint64_t *notes = context;
    (*notes)++;
    holds_tame(note->text);
}

static enum qp_code read_no_file(void *context, const char *path, struct qp_buf *out,
                                 struct qp_err *err)
{
    (void)context;
    (void)out;
    HOLDS(path[0] != '\0');
    return qp_fail(err, QP_E_IO, "no files here");
}

/* What all rows of a table of assessments have in common; made once. */
static const Qp__PlotAssessed *usual_method(void)
{
    static struct qp_arena arena;
    static const Qp__PlotAssessed *method;
    if (method == NULL) {
        HOLDS(qp_assessment_method_read(
                  qp_span_text("{\"method\":\"overlay 1\",\"cut_off\":\"2020-12-31\","
                               "\"covers_to\":\"2026-01-31\",\"datasets\":[{\"name\":\"Map\","
                               "\"sha256\":\"01010101010101010101010101010101010101010101010101010"
                               "10101010101\"}]}"),
                  &arena, &method, NULL) == QP_OK);
    }
    return method;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static enum qp_code (*const imports[])(
        struct qp_draft *, struct qp_span, const struct qp_import_options *,
        struct qp_import_report *, struct qp_buf *,
        struct qp_err *) = {qp_import_producers, qp_import_plots, qp_import_deliveries,
                            qp_import_parties, qp_import_assessments};
    static const struct qp_file_reader no_files = {.read = read_no_file};
    uint64_t notes = 0;
    struct qp_draft *draft = NULL;
    struct qp_import_report report = {0};
    struct qp_buf bad = {0};
    struct qp_arena arena;
    const Qp__RuleSetPublished *rules = NULL;
    const Qp__PlotAssessed *method = NULL;
    struct qp_catalog *plots = NULL;
    if (size == 0) {
        return 0;
    }
    struct qp_span in = qp_span_of(data + 1, size - 1);
    HOLDS(qp_catalog_new(&plots, NULL) == QP_OK);
    struct qp_import_options options = {.party = "coop-norte",
                                        .file = "rows",
                                        .occurred_ms = UINT64_C(1780000000000),
                                        .latest_ms = UINT64_C(1790000000000),
                                        .others_registered = true,
                                        .skip_bad = (data[0] & 0x80U) != 0,
                                        .read_file = &no_files,
                                        .method = usual_method(),
                                        .plots = plots,
                                        .tell = take_note,
                                        .context = &notes};
    HOLDS(qp_init(NULL) == QP_OK);
    HOLDS(qp_draft_new(&draft, NULL) == QP_OK);
    enum qp_code rc =
        imports[(data[0] & 0x7fU) % QP_COUNT(imports)](draft, in, &options, &report, &bad, NULL);
    HOLDS(rc == QP_OK || rc == QP_E_INPUT || rc == QP_E_REFUSED || rc == QP_E_USAGE);
    HOLDS(rc == QP_OK || qp_draft_event_count(draft) == 0);
    HOLDS(rc == QP_OK || rc == QP_E_INPUT || rc == QP_E_USAGE || report.bad > 0);
    HOLDS(rc != QP_OK || qp_draft_event_count(draft) >= report.good);
    qp_draft_free(draft);
    qp_catalog_free(plots);
    qp_buf_wipe(&bad);
    qp_arena_init(&arena, 0);
    HOLDS((qp_import_rules_read(in, &arena, &rules, NULL) == QP_OK) == (rules != NULL));
    HOLDS((qp_assessment_method_read(in, &arena, &method, NULL) == QP_OK) == (method != NULL));
    qp_arena_wipe(&arena);
    return 0;
}
