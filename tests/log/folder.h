/* A ledger in a folder of its own, for tests: made, submitted to, looked at from below, removed. */
#ifndef QP_TESTS_LOG_FOLDER_H
#define QP_TESTS_LOG_FOLDER_H

#include "season.h"

#include <quipu/log.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char top[64];
    char dir[80];   /* the ledger's */
    char store[96]; /* its store's */
    char anchor[96];
    struct season season;
};

/* Everything below the folder, and the folder. */
static inline void folder_remove(const char *path)
{
    DIR *dir = opendir(path);
    if (dir != NULL) {
        for (const struct dirent *at = readdir(dir); at != NULL; at = readdir(dir)) {
            char below[512];
            if (strcmp(at->d_name, ".") != 0 && strcmp(at->d_name, "..") != 0) {
                assert_true((size_t)snprintf(below, sizeof below, "%s/%s", path, at->d_name) <
                            sizeof below);
                folder_remove(below);
            }
        }
        closedir(dir);
    }
    assert_int_equal(remove(path), 0);
}

static inline void folder_init(struct folder *folder)
{
    memset(folder, 0, sizeof *folder);
    snprintf(folder->top, sizeof folder->top, "/tmp/quipu-log-XXXXXX");
    assert_non_null(mkdtemp(folder->top));
    snprintf(folder->dir, sizeof folder->dir, "%s/ledger", folder->top);
    snprintf(folder->store, sizeof folder->store, "%s/store", folder->dir);
    snprintf(folder->anchor, sizeof folder->anchor, "%s/anchor", folder->dir);
    season_init(&folder->season);
}

static inline void folder_wipe(struct folder *folder)
{
    season_wipe(&folder->season);
    folder_remove(folder->top);
}

static inline uint64_t folder_clock(void *context)
{
    (void)context;
    return SEASON_NOW_MS;
}

static inline struct qp_log_options folder_options(const struct folder *folder,
                                                   enum qp_log_mode mode)
{
    return (struct qp_log_options){.mode = mode,
                                   .log_key = mode == QP_LOG_WRITE ? folder->season.log_key : NULL,
                                   .map_bytes_first = 1024 * 1024,
                                   .now_ms = folder_clock};
}

static inline void folder_create(struct folder *folder)
{
    struct qp_buf opening = {0};
    struct qp_log_options options = folder_options(folder, QP_LOG_WRITE);
    season_open(&folder->season, &opening);
    assert_ok(qp_log_create(folder->dir, qp_span_buf(&opening), &options, err));
    qp_buf_wipe(&opening);
}

static inline struct qp_log *folder_open(const struct folder *folder, enum qp_log_mode mode)
{
    struct qp_log_options options = folder_options(folder, mode);
    struct qp_log *log = NULL;
    assert_ok(qp_log_open(folder->dir, &options, &log, err));
    return log;
}

/* Bytes as a source, in pieces of at most `piece` bytes. */
struct feed {
    struct qp_span bytes;
    size_t at;
    size_t piece;
};

static inline enum qp_code feed_read(void *context, uint8_t *bytes, size_t len, size_t *got,
                                     struct qp_err *err)
{
    struct feed *feed = context;
    size_t left = feed->bytes.len - feed->at;
    (void)err;
    len = len < left ? len : left;
    len = feed->piece != 0 && len > feed->piece ? feed->piece : len;
    if (len > 0) {
        memcpy(bytes, feed->bytes.data + feed->at, len);
    }
    feed->at += len;
    *got = len;
    return QP_OK;
}

/* What was told of the records. */
struct told {
    size_t count;
    size_t ok;
    size_t again;
    size_t refused;
    uint64_t last_index;
    struct qp_err first; /* refusal */
    struct qp_buf receipts;
};

static inline enum qp_code told_done(void *context, const struct qp_submitted *submitted,
                                     struct qp_err *err)
{
    struct told *told = context;
    assert_int_equal(submitted->record, told->count);
    told->count++;
    if (submitted->code == QP_OK) {
        told->ok++;
        told->again += submitted->again;
        told->last_index = submitted->index;
        return qp_buf_add(&told->receipts, submitted->receipt, err);
    }
    if (told->refused++ == 0) {
        told->first = *submitted->err;
    }
    return QP_OK;
}

static inline enum qp_code folder_submit(struct qp_log *log, const struct qp_buf *bytes,
                                         size_t piece, struct told *told, struct qp_err *err)
{
    struct feed feed = {.bytes = qp_span_buf(bytes), .piece = piece};
    struct qp_source source = {.context = &feed, .read = feed_read};
    struct qp_submit_sink sink = {.context = told, .done = told_done};
    return qp_log_submit(log, &source, &sink, err);
}

/* Every record admitted, none refused, or the test fails. */
static inline void folder_admit(struct qp_log *log, const struct qp_buf *bytes)
{
    struct told told = {0};
    struct qp_err why = {0};
    if (folder_submit(log, bytes, 0, &told, &why) != QP_OK) {
        fail_msg("submit: %s", why.text);
    }
    if (told.refused > 0) {
        fail_msg("refused: %s %s", told.first.rule, told.first.text);
    }
    assert_string_equal(why.text, ""); /* nothing went wrong, and nothing is said */
    qp_buf_wipe(&told.receipts);
}

/* A child that writes these, each as a group of its own; its process. */
static inline pid_t folder_admit_in_child(const struct folder *folder, const struct qp_buf *groups,
                                          size_t count)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct qp_log *log = folder_open(folder, QP_LOG_WRITE);
        for (size_t i = 0; i < count; i++) {
            folder_admit(log, &groups[i]);
        }
        qp_log_close(log);
        _exit(0);
    }
    return child;
}

/* A ledger with a coop, some plots and `harvests` lots, closed again. */
static inline void folder_grow(struct folder *folder, unsigned harvests)
{
    struct qp_buf records = {0};
    folder_create(folder);
    struct qp_log *log = folder_open(folder, QP_LOG_WRITE);
    season_begin(&folder->season, 4, &records);
    season_harvests(&folder->season, 0, harvests, 4, &records);
    folder_admit(log, &records);
    qp_log_close(log);
    qp_buf_wipe(&records);
}

#endif
