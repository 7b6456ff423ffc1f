/* quipu prove: the bundle of a shipment, and what it tells its reader. */
#include "reader.h"

#include "core/check.h"
#include "rules/graph.h"
#include "taint.h"
#include "words.h"

#include <quipu/trace.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SEALED_KINDS 6 /* Qp__SealedKind, from 1 */

/* As the option names them, by Qp__SealedKind. */
static const struct {
    const char *name;
    unsigned bit;
} kinds[SEALED_KINDS] = {
    {"", 0},
    {"geometry", QP_DISCLOSE_GEOMETRY},
    {"producer-name", QP_DISCLOSE_PRODUCER_NAME},
    {"price", QP_DISCLOSE_PRICE},
    {"document", QP_DISCLOSE_DOCUMENT},
    {"contact", QP_DISCLOSE_CONTACT},
};

/* ---- What to disclose ---- */

static bool same_word(const char *word, size_t len, const char *name)
{
    return strlen(name) == len && strncmp(word, name, len) == 0;
}

static enum qp_code read_word(const char *word, size_t len, unsigned *bits, struct qp_err *err)
{
    if (same_word(word, len, "eudr")) {
        *bits |= QP_DISCLOSE_EUDR;
        return QP_OK;
    }
    if (same_word(word, len, "none")) {
        return QP_OK;
    }
    for (size_t i = 1; i < SEALED_KINDS; i++) {
        if (same_word(word, len, kinds[i].name)) {
            *bits |= kinds[i].bit;
            return QP_OK;
        }
    }
    return qp_fail(err, QP_E_USAGE,
                   "prove: --disclose: \"%.*s\" is not a kind of content; there are geometry, "
                   "producer-name, price, document, contact, and eudr and none",
                   (int)(len < 40 ? len : 40), word);
}

static enum qp_code read_disclose(const char *text, unsigned *bits, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    unsigned found = 0;
    for (;;) {
        size_t len = strcspn(text, ",");
        rc = read_word(text, len, &found, err);
        if (rc != QP_OK || text[len] == '\0') {
            break;
        }
        text += len + 1;
    }
    if (rc == QP_OK) {
        *bits = found;
    }
    return rc;
}

/* ---- What stands in the bundle ---- */

struct content_count {
    struct qp_hash *shown; /* commitments that the bundle opens, ascending */
    size_t shown_count;
    uint64_t all[SEALED_KINDS];
    uint64_t disclosed[SEALED_KINDS];
};

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct qp_hash));
}

static enum qp_code count_sealed(void *context, const char *field, const Qp__Sealed *sealed,
                                 struct qp_err *err)
{
    struct content_count *count = context;
    struct qp_hash commitment = qp_bytes_hash(sealed->commitment);
    size_t kind = (size_t)sealed->kind < SEALED_KINDS ? (size_t)sealed->kind : 0;
    (void)field;
    (void)err;
    count->all[kind]++;
    if (count->shown_count > 0 && bsearch(&commitment, count->shown, count->shown_count,
                                          sizeof commitment, compare_hashes) != NULL) {
        count->disclosed[kind]++;
    }
    return QP_OK;
}

static enum qp_code count_events(const Qp__Bundle *bundle, struct content_count *count,
                                 struct qp_err *err)
{
    struct qp_arena arena;
    enum qp_code rc = QP_OK;
    qp_arena_init(&arena, 0);
    for (size_t i = 0; rc == QP_OK && i < bundle->n_entries; i++) {
        for (size_t k = 0; rc == QP_OK && k < bundle->entries[i]->n_events; k++) {
            Qp__Event *event = NULL;
            qp_arena_reset(&arena);
            rc = qp_event_decode(qp_span_bytes(bundle->entries[i]->events[k]), &arena, &event, err);
            if (rc == QP_OK) {
                rc = qp_event_sealed(event, count_sealed, count, err);
            }
        }
    }
    qp_arena_wipe(&arena);
    return rc;
}

/* Read from the finished bundle, as its reader will. */
static enum qp_code count_contents(struct qp_span bytes, struct content_count *count,
                                   struct qp_err *err)
{
    struct qp_arena arena;
    Qp__Bundle *bundle = NULL;
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_bundle_decode(bytes, &arena, &bundle, err);
    if (rc == QP_OK) {
        count->shown = qp_arena_alloc_zero(&arena, bundle->n_sealed + 1, sizeof *count->shown);
        rc = count->shown != NULL ? QP_OK : qp_fail(err, QP_E_MEMORY, "no memory for the summary");
    }
    for (size_t i = 0; rc == QP_OK && i < bundle->n_sealed; i++) {
        struct qp_salt salt;
        memcpy(salt.bytes, bundle->sealed[i]->salt.data, sizeof salt.bytes);
        qp_hash_sealed(&count->shown[i], &salt, qp_span_bytes(bundle->sealed[i]->content));
    }
    if (rc == QP_OK) {
        count->shown_count = bundle->n_sealed;
        rc = count_events(bundle, count, err);
    }
    count->shown = NULL;
    qp_arena_wipe(&arena);
    return rc;
}

/* ---- The summary ---- */

static void print_words(FILE *stream, const char *out, size_t size_bytes,
                        const struct qp_prove_report *report, const struct content_count *count,
                        struct cli *cli)
{
    char entries[WORDS_BYTES];
    char events[WORDS_BYTES];
    char lots[WORDS_BYTES];
    char plots[WORDS_BYTES];
    fprintf(stream, "%-15s%s, %s\n", "bundle", cli_safe(cli, out), words_size(entries, size_bytes));
    fprintf(stream, "%-15s%s, %s, %s, %s\n", "holds",
            words_count(entries, report->entries, "entries"),
            words_count(events, report->events, "events"), words_count(lots, report->lots, "lots"),
            words_count(plots, report->plots, "plots"));
    fprintf(stream, "%-15s%s of content, %s of proof\n", "",
            words_size(entries, report->bytes_content),
            words_count(events, report->hashes, "hashes"));
    for (size_t i = 1; i < SEALED_KINDS; i++) {
        if (count->all[i] > 0) {
            const char *words = count->disclosed[i] == 0              ? "withheld"
                                : count->disclosed[i] < count->all[i] ? "disclosed in part"
                                                                      : "disclosed";
            char number[2][27];
            fprintf(stream, "%-15s%s: %s of %s\n", kinds[i].name, words,
                    cli_number(number[0], count->disclosed[i]),
                    cli_number(number[1], count->all[i]));
        }
    }
}

static enum qp_code print_json(struct cli *cli, const char *shipment, size_t size_bytes,
                               const struct qp_prove_report *report,
                               const struct content_count *count, const struct taints *taints,
                               struct qp_err *err)
{
    json_t *contents = json_object();
    for (size_t i = 1; contents != NULL && i < SEALED_KINDS; i++) {
        if (json_object_set_new(contents, kinds[i].name,
                                json_pack("{s:I, s:I}", "disclosed",
                                          (json_int_t)count->disclosed[i], "all",
                                          (json_int_t)count->all[i])) != 0) {
            json_decref(contents);
            contents = NULL;
        }
    }
    json_t *object =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "shipment", shipment,
                  "bytes", (json_int_t)size_bytes, "entries", (json_int_t)report->entries, "events",
                  (json_int_t)report->events, "lots", (json_int_t)report->lots, "plots",
                  (json_int_t)report->plots, "bytes_content", (json_int_t)report->bytes_content,
                  "hashes", (json_int_t)report->hashes, "sealed_missing",
                  (json_int_t)report->sealed_missing, "contents", contents);
    enum qp_code rc = taints_json(taints, object, err);
    if (rc == QP_OK) {
        cli_json(cli, object);
    } else {
        json_decref(object);
    }
    return rc;
}

static void note_taint(void *context, const char *name, const char *sentence)
{
    struct cli *cli = context;
    cli_note(cli, "%s: %s", name, cli_safe(cli, sentence));
}

static void note_taints(struct cli *cli, const struct taints *taints)
{
    taints_each(taints, note_taint, cli);
    if (taints->cause_count > 0) {
        cli_note(cli, "the bundle is written and shows it: expect its verdict to fail");
    }
}

static enum qp_code tell(struct cli *cli, const char *shipment, const char *out,
                         struct qp_span bundle, const struct qp_prove_report *report,
                         const struct taints *taints, struct qp_err *err)
{
    struct content_count count = {0};
    bool to_stdout = cli_is_stdout(out);
    enum qp_code rc = count_contents(bundle, &count, err);
    if (rc != QP_OK) {
        return rc;
    }
    if (!cli->json) {
        print_words(to_stdout ? stderr : stdout, out, bundle.len, report, &count, cli);
    } else if (!to_stdout) {
        rc = print_json(cli, shipment, bundle.len, report, &count, taints, err);
    }
    note_taints(cli, taints);
    if (report->sealed_missing > 0) {
        cli_note(
            cli,
            "%zu contents that should be disclosed are not in the ledger's vault: never handed "
            "in, or erased; what depends on them will be NOT SHOWN",
            report->sealed_missing);
    }
    return rc;
}

enum qp_code cmd_prove(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const char *out = NULL;
    const char *disclose = "eudr";
    unsigned bits = 0;
    const struct cli_option options[] = {
        {'o', "output", CLI_NEEDED, "FILE", &out, "the bundle to write; \"-\" is stdout"},
        {0, "disclose", CLI_TEXT, "LIST", &disclose,
         "which sealed contents the bundle opens, with commas: geometry, producer-name (name and "
         "identity document), price, document, contact; eudr is geometry,producer-name and what "
         "is taken when nothing is said; none"},
    };
    const struct cli_spec spec = {
        .name = "prove",
        .operands = "LEDGER SHIPMENT",
        .about = "Write the bundle of a shipment: one file from which a buyer proves its whole "
                 "history offline. It holds every event that the shipment rests on, with the "
                 "statements that sign them, one proof under one checkpoint, and the sealed "
                 "contents that are disclosed; the others stay sealed. What taints the shipment "
                 "is told on stderr.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 2,
        .operands_most = 2,
        .json = true,
    };
    struct cli_operands operands;
    struct reader reader;
    struct qp_buf bundle = {0};
    struct qp_prove_report report = {0};
    struct taints taints = {0};
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = read_disclose(disclose, &bits, err);
    if (rc == QP_OK) {
        rc = reader_open(&reader, operands.list[0], err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    rc = qp_prove(reader.log, operands.list[1], bits, &bundle, &report, err);
    rc = rc == QP_OK ? taints_find(&taints, reader.log, "shipment", operands.list[1], err) : rc;
    reader_close(&reader);
    if (rc == QP_OK) {
        rc = cli_output(cli, out, qp_span_buf(&bundle), true, err);
    }
    if (rc == QP_OK) {
        rc = tell(cli, operands.list[1], out, qp_span_buf(&bundle), &report, &taints, err);
    }
    taints_wipe(&taints);
    qp_buf_wipe(&bundle);
    return rc;
}
