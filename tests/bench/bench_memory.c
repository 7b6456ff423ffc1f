/* How much memory the program takes for long inputs: it must not grow with them.
 *
 *   bench_memory QUIPU submit MEGABYTES   a stream of statements through a pipe
 *   bench_memory QUIPU audit ENTRIES      a ledger of statements of one event
 *
 * The stream is made on the way, in turns: many statements of one event, statements of as many
 * events as one may have, of these some that make 64 lots with each event, and sealed contents up
 * to nearly the largest record there may be.
 *
 * What counts is the program's own memory (RssAnon of /proc/PID/status). The pages of the store
 * that it has mapped count in the peak RSS as well, but they are the system's cache of a file: it
 * takes them back when it needs them. Exits 1 when the own memory is above the limit. */
#include "log/folder.h"

#include <quipu/issue.h>

#include "bench/figure.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

/* As stated in ledger/log/submit.c and the README. Sanitizers keep shadows and what was freed. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(SANITIZED)
#define LIMIT_MEGABYTES 1024
#else
#define LIMIT_MEGABYTES 320
#endif

#define PLOTS 32
#define MEGABYTE UINT64_C(1048576)

/* ---- What is submitted ---- */

struct maker {
    struct season season;
    unsigned lots;
    unsigned documents;
};

static void make_lot(struct maker *maker)
{
    char lot[32];
    char plot[32];
    snprintf(lot, sizeof lot, "coop-norte/L%08u", maker->lots);
    snprintf(plot, sizeof plot, "coop-norte/P%05u", maker->lots % PLOTS);
    season_lot(&maker->season, lot, plot, 50000);
    maker->lots++;
}

static void make_lots(struct maker *maker, unsigned count, struct qp_buf *out)
{
    for (unsigned i = 0; i < count; i++) {
        make_lot(maker);
    }
    season_sign(&maker->season, &maker->season.coop, out);
}

/* A paper about plot 0, sealed. */
static void make_document(struct maker *maker, size_t bytes)
{
    uint8_t *content = qp_arena_alloc(&maker->season.arena, bytes);
    assert_non_null(content);
    memset(content, (int)(maker->documents++ & 0x7f), bytes);
    season_document(&maker->season, "coop-norte/P00000", qp_span_of(content, bytes));
}

static void make_documents(struct maker *maker, unsigned count, size_t bytes, struct qp_buf *out)
{
    for (unsigned i = 0; i < count; i++) {
        make_document(maker, bytes);
    }
    season_sign(&maker->season, &maker->season.coop, out);
}

/* A lot taken apart into as many as may be: what is written of it is many times its record. */
static void make_parts(struct maker *maker, unsigned lot)
{
    enum { PARTS = 64 };
    Qp__Event event = QP__EVENT__INIT;
    Qp__LotProcessed body = QP__LOT_PROCESSED__INIT;
    Qp__LotInput input = QP__LOT_INPUT__INIT;
    Qp__LotInput *inputs[1] = {&input};
    Qp__LotOutput part[PARTS];
    Qp__LotOutput *outputs[PARTS];
    Qp__Quantity whole = QP__QUANTITY__INIT;
    Qp__Quantity gram = QP__QUANTITY__INIT;
    char names[PARTS][32];
    char name[32];
    snprintf(name, sizeof name, "coop-norte/L%08u", lot);
    whole.grams = PARTS;
    gram.grams = 1;
    input.lot = name;
    input.quantity = &whole;
    for (unsigned i = 0; i < PARTS; i++) {
        qp__lot_output__init(&part[i]);
        snprintf(names[i], sizeof names[i], "coop-norte/W%u-%u", lot, i);
        part[i].lot = names[i];
        part[i].form = QP__FORM__FORM_HUSK;
        part[i].quantity = &gram;
        part[i].kind = QP__OUTPUT_KIND__OUTPUT_KIND_WASTE;
        outputs[i] = &part[i];
    }
    body.process = QP__PROCESS__PROCESS_SORTING;
    body.n_inputs = 1;
    body.inputs = inputs;
    body.n_outputs = PARTS;
    body.outputs = outputs;
    event.body_case = QP__EVENT__BODY_LOT_PROCESSED;
    event.lot_processed = &body;
    season_add(&maker->season, &event);
}

/* One statement, or some small ones. */
static void make_some(struct maker *maker, unsigned turn, struct qp_buf *out)
{
    switch (turn % 32) {
    case 1: /* the lots of the turn before */
        for (unsigned i = 0; i < QP_EVENTS_MAX; i++) {
            make_parts(maker, maker->lots - QP_EVENTS_MAX + i);
        }
        season_sign(&maker->season, &maker->season.coop, out);
        break;
    case 2:
    case 3:
        make_documents(maker, 60, 60000, out);
        break;
    case 4:
        for (unsigned i = 0; i < 2000; i++) {
            make_lots(maker, 1, out);
        }
        break;
    case 5: /* 60 MiB: as large as a record may be, nearly */
        make_documents(maker, 15, QP_SEALED_BYTES_MAX, out);
        break;
    default:
        make_lots(maker, QP_EVENTS_MAX, out);
        break;
    }
}

/* Until the reader has had enough bytes, or has gone. */
static void write_stream(struct maker *maker, uint64_t bytes, int fd)
{
    struct qp_buf out = {0};
    for (unsigned turn = 0; bytes > 0; turn++) {
        out.len = 0;
        make_some(maker, turn, &out);
        bytes -= bytes < out.len ? bytes : out.len;
        for (size_t at = 0; at < out.len;) {
            ssize_t n = write(fd, out.data + at, out.len - at);
            if (n < 0 && errno != EINTR) {
                perror("bench_memory: pipe");
                _exit(1);
            }
            at += n > 0 ? (size_t)n : 0;
        }
    }
    qp_buf_wipe(&out);
}

/* ---- The program, watched ---- */

struct watched {
    double own_megabytes; /* most at any time */
    double rss_megabytes;
    double seconds;
    int status;
};

static double number_in(const char *line, const char *name, double or_else)
{
    size_t len = strlen(name);
    return strncmp(line, name, len) == 0 ? strtod(line + len, NULL) / 1024 : or_else;
}

static void look(pid_t pid, struct watched *watched)
{
    char path[64];
    char line[256];
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        double own = number_in(line, "RssAnon:", 0);
        watched->own_megabytes = own > watched->own_megabytes ? own : watched->own_megabytes;
        watched->rss_megabytes = number_in(line, "VmHWM:", watched->rss_megabytes);
    }
    if (file != NULL) {
        fclose(file);
    }
}

static struct watched watch(pid_t pid)
{
    struct watched watched = {.status = -1};
    double begin = figure_seconds();
    struct timespec nap = {.tv_nsec = 5000000};
    while (waitpid(pid, &watched.status, WNOHANG) == 0) {
        look(pid, &watched);
        nanosleep(&nap, NULL);
    }
    watched.seconds = figure_seconds() - begin;
    return watched;
}

/* Start the program; its standard input is `in`, when that is one. */
static pid_t start(char *const *arguments, int in)
{
    fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (nothing >= 0 && dup2(in >= 0 ? in : nothing, 0) == 0 && dup2(nothing, 1) == 1) {
            execv(arguments[0], arguments);
        }
        perror(arguments[0]);
        _exit(127);
    }
    return pid;
}

/* ---- The two measurements ---- */

/* A ledger with plots, whose log's key is in the file at key_path. */
static void make_ledger(struct folder *folder, const char *key_path)
{
    struct qp_buf records = {0};
    struct qp_public_key public_key;
    qp_key_free(folder->season.log_key);
    assert_ok(qp_key_file_new(key_path, SEASON_ORIGIN, NULL, &public_key, err));
    assert_ok(qp_key_file_open(key_path, NULL, &folder->season.log_key, err));
    folder_create(folder);
    struct qp_log *log = folder_open(folder, QP_LOG_WRITE);
    season_begin(&folder->season, PLOTS, &records);
    folder_admit(log, &records);
    qp_log_close(log);
    qp_buf_wipe(&records);
}

static struct watched submit(char *quipu, struct folder *folder, char *key_path, uint64_t megabytes)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);
    fflush(stdout);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        struct maker *maker = qp_alloc_zero(1, sizeof *maker);
        assert_non_null(maker);
        close(ends[0]);
        maker->season = folder->season;
        write_stream(maker, megabytes * MEGABYTE, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    char name[] = "submit";
    char option[] = "--log-key";
    char input[] = "-";
    char *arguments[] = {quipu, name, option, key_path, folder->dir, input, NULL};
    pid_t pid = start(arguments, ends[0]);
    close(ends[0]);
    struct watched watched = watch(pid);
    int status = 0;
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_int_equal(status, 0);
    return watched;
}

static struct watched audit(char *quipu, struct folder *folder, unsigned entries)
{
    struct maker *maker = qp_alloc_zero(1, sizeof *maker);
    struct qp_buf records = {0};
    struct qp_log *log = folder_open(folder, QP_LOG_WRITE);
    assert_non_null(maker);
    maker->season = folder->season;
    while (maker->lots < entries) {
        records.len = 0;
        for (unsigned i = 0; i < 4096 && maker->lots < entries; i++) {
            make_lots(maker, 1, &records);
        }
        folder_admit(log, &records);
    }
    qp_log_close(log);
    folder->season = maker->season;
    qp_free(maker);
    qp_buf_wipe(&records);
    char name[] = "audit";
    char *arguments[] = {quipu, name, folder->dir, NULL};
    return watch(start(arguments, -1));
}

int main(int argc, char **argv)
{
    static struct folder folder;
    char key_path[96];
    bool submits = argc == 4 && strcmp(argv[2], "submit") == 0;
    unsigned long amount = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (amount == 0 || amount > 100000000 || (!submits && strcmp(argv[2], "audit") != 0)) {
        fprintf(stderr, "usage: bench_memory QUIPU submit MEGABYTES\n"
                        "       bench_memory QUIPU audit ENTRIES\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    folder_init(&folder);
    snprintf(key_path, sizeof key_path, "%s/log.key", folder.top);
    make_ledger(&folder, key_path);
    struct watched watched = submits ? submit(argv[1], &folder, key_path, amount)
                                     : audit(argv[1], &folder, (unsigned)amount);
    fprintf(stderr,
            "memory of %s, %lu %s: own %.0f MB (limit %d MB), peak with mapped pages %.0f MB, "
            "%.1f s\n",
            argv[2], amount, submits ? "MB" : "entries", watched.own_megabytes, LIMIT_MEGABYTES,
            watched.rss_megabytes, watched.seconds);
    figure(submits ? "submit_own_memory" : "audit_own_memory", watched.own_megabytes, "MB");
    figure(submits ? "submit_peak_rss" : "audit_peak_rss", watched.rss_megabytes, "MB");
    folder_wipe(&folder);
    bool sound = WIFEXITED(watched.status) && WEXITSTATUS(watched.status) == 0;
    if (!sound) {
        fprintf(stderr, "quipu %s failed\n", argv[2]);
    }
    return sound && watched.own_megabytes <= LIMIT_MEGABYTES ? 0 : 1;
}
