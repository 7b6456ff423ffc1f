/* quipu submit: signed statements into the ledger, receipts out. */
#include "cores.h"
#include "held.h"
#include "old_reader.h"

#include "core/check.h"
#include "host/file.h"
#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES_MAX 20 /* of admitted statements, for one file; then only the sums are told */
#define WARNINGS_TOLD_MAX 20

struct submit {
    struct cli *cli;
    const char *receipts; /* folder, or NULL */
    const char *rejected;
    const char *file; /* the one that is being read, as it is called */
    int fd;
    bool holds; /* the file's refused statements, until the end */
    struct held held;
    struct qp_log *log;
    struct old_readers old_readers;
    uint64_t lines;
    uint64_t admitted;
    uint64_t again;
    uint64_t refused;
    uint64_t events;
    uint64_t warnings;
    uint64_t kept_back; /* sequence of the first statement that a rule refused */
    bool keeps_back;
    struct qp_buf forked; /* file with the first statement that forks one in the ledger, and NUL */
};

/* ---- Where records come from ---- */

static bool is_ready(void *context)
{
    const struct submit *submit = context;
    struct pollfd poll_fd = {.fd = submit->fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) != 0; /* also at the end, and when something is wrong */
}

static enum qp_code read_some(void *context, uint8_t *bytes, size_t len, size_t *got,
                              struct qp_err *err)
{
    const struct submit *submit = context;
    if (!is_ready(context)) {
        (void)fflush(stdout); /* whoever waits for the answers before sending more */
    }
    for (;;) {
        ssize_t n = read(submit->fd, bytes, len);
        if (n >= 0) {
            *got = (size_t)n;
            return QP_OK;
        }
        if (errno != EINTR) {
            return qp_fail_errno(err, errno, "read", submit->file);
        }
    }
}

/* ---- What is kept of each ---- */

/* A receipt can be had again at any time by submitting the statement again, so it is written whole
 * or not at all, but is not forced to the disk one by one. */
static enum qp_code write_receipt(const struct submit *submit, const struct qp_submitted *done,
                                  struct qp_buf *path, struct qp_err *err)
{
    struct qp_buf temp = {0};
    enum qp_code rc =
        qp_buf_addf(path, err, "%s/%" PRIu64 ".tlog-proof", submit->receipts, done->index);
    rc = rc == QP_OK ? qp_buf_addf(&temp, err, "%s/.%" PRIu64 ".tmp", submit->receipts, done->index)
                     : rc;
    if (rc != QP_OK) {
        qp_buf_wipe(&temp);
        return rc;
    }
    const char *to = (const char *)path->data;
    const char *from = (const char *)temp.data;
    int fd = open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        rc = qp_fail_errno(err, errno, "write the receipt", to);
    } else {
        rc = qp_fd_write(fd, to, done->receipt, err);
        enum qp_code closed = qp_fd_close(&fd, to, rc == QP_OK ? err : NULL);
        rc = rc == QP_OK ? closed : rc;
        if (rc == QP_OK && rename(from, to) != 0) {
            rc = qp_fail_errno(err, errno, "write the receipt", to);
        }
        if (rc != QP_OK) {
            (void)unlink(from);
        }
    }
    qp_buf_wipe(&temp);
    return rc;
}

/* "dir/plots.qst" -> "plots" */
static void stem(const char *file, const char **start, size_t *len)
{
    const char *slash = strrchr(file, '/');
    *start = slash != NULL ? slash + 1 : file;
    *len = strlen(*start);
    if (*len > 4 && strcmp(*start + *len - 4, ".qst") == 0) {
        *len -= 4;
    }
}

/* A refused statement is kept with the reason beside it: nothing is lost. */
static enum qp_code keep_refused(const struct submit *submit, const struct qp_submitted *done,
                                 struct qp_buf *path, struct qp_err *err)
{
    struct qp_buf reason_path = {0};
    struct qp_buf reason = {0};
    const char *start = NULL;
    size_t len = 0;
    stem(submit->file, &start, &len);
    enum qp_code rc = qp_buf_addf(path, err, "%s/%.*s-%" PRIu64 ".qst", submit->rejected, (int)len,
                                  start, done->record + 1);
    rc = rc == QP_OK ? qp_buf_addf(&reason_path, err, "%s/%.*s-%" PRIu64 ".txt", submit->rejected,
                                   (int)len, start, done->record + 1)
                     : rc;
    rc = rc == QP_OK ? qp_buf_addf(&reason, err, "%s%s%s%s\n", done->err->text,
                                   done->err->rule[0] != '\0' ? " [" : "", done->err->rule,
                                   done->err->rule[0] != '\0' ? "]" : "")
                     : rc;
    rc = rc == QP_OK ? qp_file_replace((const char *)path->data, 0600, done->bytes, err) : rc;
    rc = rc == QP_OK
             ? qp_file_replace((const char *)reason_path.data, 0644, qp_span_buf(&reason), err)
             : rc;
    qp_buf_wipe(&reason_path);
    qp_buf_wipe(&reason);
    return rc;
}

/* ---- What is said of each ---- */

/* What was admitted, and is worth a look. */
static void print_warnings(struct submit *submit, const struct qp_submitted *done)
{
    for (size_t i = 0; i < done->warning_count; i++) {
        submit->warnings++;
        if (i < QP_WARNINGS_MAX && submit->warnings <= WARNINGS_TOLD_MAX) {
            cli_note(submit->cli, "%s, statement %" PRIu64 ": admitted, but see: %s",
                     cli_safe(submit->cli, submit->file), done->record + 1,
                     cli_safe(submit->cli, done->warnings[i]));
        }
    }
}

static json_t *list_warnings(const struct qp_submitted *done)
{
    json_t *list = json_array();
    for (size_t i = 0; i < done->warning_count && i < QP_WARNINGS_MAX; i++) {
        (void)json_array_append_new(list, json_string(done->warnings[i]));
    }
    return list;
}

static void print_json(struct submit *submit, const struct qp_submitted *done, const char *kept)
{
    bool ok = done->code == QP_OK;
    const char *result = !ok ? "refused" : done->again ? "known" : "admitted";
    json_t *json = json_pack("{s:s, s:I, s:s}", "file", submit->file, "statement",
                             (json_int_t)done->record + 1, "result", result);
    if (ok) {
        (void)json_object_set_new(json, "index", json_integer((json_int_t)done->index));
        (void)json_object_set_new(json, "events", json_integer((json_int_t)done->event_count));
        if (done->warning_count > 0) {
            (void)json_object_set_new(json, "warnings", list_warnings(done));
        }
    } else {
        (void)json_object_set_new(json, "error", json_string(qp_code_name(done->err->code)));
        (void)json_object_set_new(json, "rule", json_string(done->err->rule));
        (void)json_object_set_new(json, "text", json_string(done->err->text));
    }
    if (kept != NULL) {
        (void)json_object_set_new(json, ok ? "receipt" : "kept", json_string(kept));
    }
    cli_json(submit->cli, json);
}

static void print_line(struct submit *submit, const struct qp_submitted *done)
{
    struct cli *cli = submit->cli;
    if (done->code != QP_OK) {
        struct qp_err shown = *done->err;
        (void)qp_prefix(&shown, shown.code, "%.100s, statement %" PRIu64, submit->file,
                        done->record + 1);
        cli_error(cli, &shown);
        return;
    }
    submit->lines++;
    if (submit->lines > LINES_MAX) {
        cli_progress(cli, "statements judged", submit->admitted + submit->again + submit->refused,
                     0);
        return;
    }
    printf("%s, statement %" PRIu64 ": entry %" PRIu64 ", %" PRIu32 " event%s%s\n",
           cli_safe(cli, submit->file), done->record + 1, done->index, done->event_count,
           done->event_count == 1 ? "" : "s", done->again ? " (was there already)" : "");
    if (submit->lines == LINES_MAX) {
        printf("...\n");
    }
}

/* The first that a rule refused, not only because another one did not come in before it. */
static void note_refused(struct submit *submit, const struct qp_submitted *done)
{
    struct qp_arena arena;
    Qp__Submission *submission = NULL;
    Qp__Statement *statement = NULL;
    size_t used = 0;
    if (submit->keeps_back || done->code != QP_E_REFUSED ||
        strncmp(done->err->rule, "QP-CHAIN-", 9) == 0) {
        return;
    }
    qp_arena_init(&arena, 0);
    if (qp_submission_decode(done->bytes, &arena, &submission, &used, NULL) == QP_OK &&
        qp_statement_decode(qp_span_bytes(submission->statement), &arena, &statement, NULL) ==
            QP_OK) {
        submit->keeps_back = true;
        submit->kept_back = statement->sequence;
    }
    qp_arena_wipe(&arena);
}

/* kept: where the statement is kept, or NULL. */
static enum qp_code note_forked(struct submit *submit, const struct qp_submitted *done,
                                const char *kept, struct qp_err *err)
{
    if (submit->forked.len > 0 || strcmp(done->err->rule, "QP-CHAIN-FORK") != 0) {
        return QP_OK;
    }
    return qp_buf_addf(&submit->forked, err, "%s", kept != NULL ? kept : submit->file);
}

/* What has become of a statement in the end: told once. */
static enum qp_code tell(void *context, const struct qp_submitted *submitted, struct qp_err *err)
{
    struct submit *submit = context;
    struct qp_buf kept = {0};
    enum qp_code rc = QP_OK;
    if (submitted->code == QP_OK) {
        submit->admitted += submitted->again ? 0 : 1;
        submit->again += submitted->again ? 1 : 0;
        submit->events += submitted->again ? 0 : submitted->event_count;
        rc = submit->receipts != NULL ? write_receipt(submit, submitted, &kept, err) : QP_OK;
    } else {
        submit->refused++;
        note_refused(submit, submitted);
        rc = submit->rejected != NULL ? keep_refused(submit, submitted, &kept, err) : QP_OK;
        rc = rc == QP_OK ? note_forked(submit, submitted,
                                       kept.len > 0 ? (const char *)kept.data : NULL, err)
                         : rc;
    }
    if (rc == QP_OK && submit->cli->json) {
        print_json(submit, submitted, kept.len > 0 ? (const char *)kept.data : NULL);
    } else if (rc == QP_OK) {
        print_line(submit, submitted);
        print_warnings(submit, submitted);
    }
    qp_buf_wipe(&kept);
    return rc;
}

/* What may pass once the rest has come in is not told yet. */
static enum qp_code done(void *context, const struct qp_submitted *submitted, struct qp_err *err)
{
    struct submit *submit = context;
    bool kept = false;
    enum qp_code rc = QP_OK;
    if (submit->holds && held_may_pass_later(submitted)) {
        if (submit->held.count == 0) {
            submit->held.admitted = submit->admitted;
        }
        rc = held_add(&submit->held, submit->file, submitted, &kept, err);
    }
    old_readers_look(submit->cli, &submit->old_readers, submit->log, false);
    return rc == QP_OK && !kept ? tell(context, submitted, err) : rc;
}

static void at_file(void *context, const char *file)
{
    struct submit *submit = context;
    submit->file = file;
}

/* Files may come in any order: what one lacks may stand in another. Only where something came in
 * behind the first that was refused can the answer be another one. */
static enum qp_code submit_held(struct submit *submit, struct qp_log *log, enum qp_code so_far,
                                struct qp_err *err)
{
    const struct held_sink sink = {.context = submit, .at = at_file, .done = tell};
    struct held *held = &submit->held;
    bool again = (so_far == QP_OK || so_far == QP_E_INPUT) && submit->admitted > held->admitted;
    submit->lines = 0;
    enum qp_code rc = again ? held_submit(held, log, &sink, err) : QP_OK;
    if (again && held->too_many > 0 && !submit->cli->json) {
        cli_note(submit->cli,
                 "%" PRIu64 " refused statements were too many to be tried again; submit the "
                 "same files again",
                 held->too_many);
    }
    /* Also after a failure: what was refused was refused. */
    enum qp_code told = held_tell(held, &sink, rc == QP_OK && so_far == QP_OK ? err : NULL);
    held_wipe(held);
    rc = rc == QP_OK && so_far == QP_OK ? told : rc;
    return rc == QP_OK ? so_far : rc;
}

/* ---- All files ---- */

static enum qp_code submit_file(struct submit *submit, struct qp_log *log, const char *path,
                                struct qp_err *err)
{
    const struct qp_source source = {.context = submit, .read = read_some, .ready = is_ready};
    const struct qp_submit_sink sink = {
        .context = submit, .done = done, .no_receipts = submit->receipts == NULL};
    bool is_stdin = strcmp(path, "-") == 0;
    submit->file = is_stdin ? "stdin" : path;
    submit->lines = 0;
    submit->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (submit->fd < 0) {
        return qp_fail_errno(err, errno, "open", path);
    }
    /* Whoever sends a stream may wait for each answer before going on. */
    struct stat info;
    submit->holds = fstat(submit->fd, &info) == 0 && S_ISREG(info.st_mode);
    enum qp_code rc = qp_log_submit(log, &source, &sink, err);
    if (!is_stdin) {
        (void)close(submit->fd); /* it was only read */
    }
    if (rc == QP_E_INPUT) {
        rc = qp_prefix(err, rc, "%.150s", submit->file);
    }
    return rc;
}

/* A file that is no submission costs the files behind it nothing; a machine that fails ends all. */
static enum qp_code submit_all(struct submit *submit, struct qp_log *log,
                               const struct cli_operands *files, struct qp_err *err)
{
    enum qp_code worst = QP_OK;
    for (int i = 1; i < files->count; i++) {
        enum qp_code rc = submit_file(submit, log, files->list[i], err);
        if (rc == QP_OK) {
            continue;
        }
        worst = rc;
        if (rc != QP_E_INPUT) {
            break;
        }
        cli_error(submit->cli, err);
        qp_err_init(err);
    }
    return submit_held(submit, log, worst, err);
}

static void print_sum(const struct submit *submit, const struct qp_log *log)
{
    char admitted[27];
    char again[27];
    char refused[27];
    char events[27];
    char size[27];
    struct cli *cli = submit->cli;
    cli_progress_end(cli);
    (void)fflush(stderr);
    if (cli->json) {
        cli_json(cli, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "result", "done", "admitted",
                                (json_int_t)submit->admitted, "known", (json_int_t)submit->again,
                                "refused", (json_int_t)submit->refused, "events",
                                (json_int_t)submit->events, "size", (json_int_t)qp_log_size(log)));
        return;
    }
    printf("%s%s admitted%s (%s event%s), %s known before, %s%s refused%s; the ledger has %s "
           "entries\n",
           cli_style(cli, stdout, CLI_GREEN), cli_number(admitted, submit->admitted),
           cli_style(cli, stdout, CLI_RESET), cli_number(events, submit->events),
           submit->events == 1 ? "" : "s", cli_number(again, submit->again),
           submit->refused > 0 ? cli_style(cli, stdout, CLI_RED) : "",
           cli_number(refused, submit->refused),
           submit->refused > 0 ? cli_style(cli, stdout, CLI_RESET) : "",
           cli_number(size, qp_log_size(log)));
}

static void print_warning_sum(const struct submit *submit)
{
    if (submit->warnings > WARNINGS_TOLD_MAX) {
        cli_note(submit->cli, "%" PRIu64 " such warnings in all; quipu submit --json tells more",
                 submit->warnings);
    }
}

/* What a refused statement keeps back, and the way on. */
static void print_way_on(const struct submit *submit, const char *ledger)
{
    if (submit->forked.len > 0 && !submit->cli->json) {
        cli_note(submit->cli,
                 "a key has told two histories; prove it: quipu fork-proof --ledger %s %s -o "
                 "proof.fork",
                 cli_safe(submit->cli, ledger),
                 cli_safe(submit->cli, (const char *)submit->forked.data));
    }
    if (submit->keeps_back && !submit->cli->json) {
        cli_note(submit->cli,
                 "what the key signed after a refused statement waits for it: mend what it lacks "
                 "and submit it again, or its issuer gives it up: quipu journal KEY --give-up "
                 "%" PRIu64 " --drop P -o again.qst (P: the event that was refused)",
                 submit->kept_back);
    }
}

enum qp_code cmd_submit(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    const char *key_path = NULL;
    struct cli_secret secret = {0};
    struct submit submit = {.cli = cli};
    uint64_t threads = 0;
    const struct cli_option options[] = {
        {0, "log-key", CLI_NEEDED, "FILE", &key_path, "the log's secret key: signs checkpoints"},
        CLI_SECRET_OPTIONS(secret),
        {0, "receipts", CLI_TEXT, "DIR", &submit.receipts,
         "write a receipt for every statement: DIR/<entry>.tlog-proof"},
        {0, "rejected", CLI_TEXT, "DIR", &submit.rejected,
         "keep what is refused: DIR/<file>-<statement>.qst, and the reason in .txt beside it"},
        CORES_OPTION(threads),
    };
    const struct cli_spec spec = {
        .name = "submit",
        .operands = "LEDGER FILE|-...",
        .about =
            "Admit the statements of submission files. A statement is admitted whole or "
            "refused whole; what is refused costs no other statement anything. A statement "
            "that is there already gets the same receipt again. Files may come in any order: what "
            "was refused is tried again when all are read. What is reported as admitted is on the "
            "disk and under a signed checkpoint.",
        .options = options,
        .option_count = QP_COUNT(options),
        .operands_least = 2,
        .operands_most = -1,
        .json = true,
    };
    struct cli_operands operands;
    struct qp_key *key = NULL;
    struct qp_log *log = NULL;
    struct qp_log_options how = {.mode = QP_LOG_WRITE};
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    rc = cores_threads(threads, &how.threads, err);
    rc = rc == QP_OK ? cli_key_open(cli, key_path, &secret, &key, err) : rc;
    how.log_key = key;
    rc = rc == QP_OK && submit.receipts != NULL ? qp_folder_make(submit.receipts, 0755, err) : rc;
    rc = rc == QP_OK && submit.rejected != NULL ? qp_folder_make(submit.rejected, 0700, err) : rc;
    rc = rc == QP_OK ? qp_log_open(operands.list[0], &how, &log, err) : rc;
    if (rc == QP_OK) {
        submit.log = log;
        rc = submit_all(&submit, log, &operands, err);
        old_readers_look(cli, &submit.old_readers, log, true);
        print_sum(&submit, log);
        print_warning_sum(&submit);
        print_way_on(&submit, operands.list[0]);
    }
    if (rc == QP_OK && submit.refused > 0) {
        qp_err_init(err); /* said already, statement by statement */
        rc = QP_E_REFUSED;
    }
    qp_buf_wipe(&submit.forked);
    qp_log_close(log);
    qp_key_free(key);
    return rc;
}
