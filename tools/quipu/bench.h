/* quipu bench: how fast this machine runs a ledger, beside the most that it can do.
 *
 * A season is invented and signed in memory (bench_season.c), its ledger grows to one size after
 * the other in a temporary folder (cmd_bench.c), and at each size it is fed (bench_load.c) and
 * asked (bench_ask.c). Whatever has a limit in the machine is measured turn by turn with it
 * (bench_machine.c), so that noise hits both; what is told is a median (bench_report.c). */
#ifndef QUIPU_BENCH_H
#define QUIPU_BENCH_H

#include "cli.h"

#include "issue/draft.h"
#include "issue/journal.h"
#include "store/store.h"

#include <quipu/proof.h>

#define BENCH_CLIENTS 8 /* cooperatives, and processes that submit at once */
#define BENCH_POINTS_MAX 8

/* ---- The season (bench_season.c) ---- */

enum bench_issuer_at {
    BENCH_OPERATOR = BENCH_CLIENTS, /* before it the cooperatives */
    BENCH_EXPORTER,
    BENCH_ASSESSOR,
    BENCH_TERMINAL,
    BENCH_IMPORTER,
    BENCH_ISSUERS
};

struct bench_issuer {
    const char *party;
    struct qp_key *key;
    struct qp_journal journal; /* in memory: no file is behind it */
};

/* How far a season is told: a copy of it tells again from there on. */
struct bench_place {
    struct qp_journal_head heads[BENCH_ISSUERS];
    uint64_t chapters;
    uint64_t lots; /* outside the chapters */
};

struct bench_season {
    uint64_t now_ms;
    struct qp_key *log_key;
    struct qp_hash ledger_id;
    struct bench_issuer issuers[BENCH_ISSUERS];
    struct bench_place place;
};

#define BENCH_ORIGIN "bench.example.pe/1"
/* A chapter is a shipment with its 1,000 ancestors, of one statement each, and as many lots that
 * went nowhere. */
#define BENCH_CHAPTER_EVENTS UINT64_C(2000)
#define BENCH_ID_BYTES 64

/* log_key: borrowed. Wipe it, also after a failure. */
enum qp_code bench_season_init(struct bench_season *season, struct qp_key *log_key, uint64_t now_ms,
                               struct qp_err *err) QP_MUST_USE;
void bench_season_wipe(struct bench_season *season);
/* All append submission records to `out`. The record that opens the ledger: */
enum qp_code bench_season_open(struct bench_season *season, struct qp_buf *out,
                               struct qp_err *err) QP_MUST_USE;
/* Who takes part, and the rules that are shipped. */
#define BENCH_BEGIN_EVENTS 14 /* with the opening */
enum qp_code bench_season_begin(struct bench_season *season, struct qp_buf *out,
                                struct qp_err *err) QP_MUST_USE;
enum qp_code bench_season_chapter(struct bench_season *season, struct qp_buf *out,
                                  struct qp_err *err) QP_MUST_USE;
/* Harvests of one cooperative, from plots all over the ledger. */
enum qp_code bench_season_lots(struct bench_season *season, unsigned client, size_t count,
                               size_t events_per_statement, struct qp_buf *out,
                               struct qp_err *err) QP_MUST_USE;
/* Ids of things in a chapter. */
void bench_shipment_id(char id[BENCH_ID_BYTES], uint64_t chapter);
void bench_plot_id(char id[BENCH_ID_BYTES], uint64_t chapter, uint64_t plot);
void bench_lot_id(char id[BENCH_ID_BYTES], uint64_t chapter, uint64_t lot);
/* What an importer of the season trusts; free it. */
enum qp_code bench_season_trust(const struct bench_season *season, struct qp_trust **trust,
                                struct qp_err *err) QP_MUST_USE;

/* ---- The machine (bench_machine.c) ---- */

enum bench_limit {
    BENCH_LIMIT_NONE,
    BENCH_VERIFY_ONE, /* Ed25519 over as many bytes as a statement has, on one core */
    BENCH_VERIFY,     /* on all */
    BENCH_SIGN_ONE,
    BENCH_SIGN,
    BENCH_SHA256,       /* of 400 bytes, on one core */
    BENCH_COMMIT_1,     /* rows of 400 bytes in durable commits of LMDB, one in each */
    BENCH_COMMIT_100,   /* a hundred */
    BENCH_COMMIT_10000, /* ten thousand */
    BENCH_LIMITS
};

double bench_seconds(void);
/* Of the processor, by all threads of this process: others that use it do not count. */
double bench_cpu_seconds(void);

/* How often in a second, and how often in a second of processor time. */
struct bench_rate {
    double wall;
    double cpu;
};

/* Statements and their signatures, apart from all else; borrows the records. */
struct bench_bare {
    struct qp_arena arena;
    struct qp_span *statements;
    struct qp_public_key *keys;
    struct qp_signature *signatures;
    size_t count;
};
enum qp_code bench_bare_records(struct bench_bare *bare, struct qp_span records,
                                struct qp_err *err) QP_MUST_USE;
enum qp_code bench_bare_bundle(struct bench_bare *bare, struct qp_span bundle,
                               struct qp_err *err) QP_MUST_USE;
void bench_bare_wipe(struct bench_bare *bare);
/* Checks in a second on so many threads, each signature once or as often as the time takes. */
enum qp_code bench_bare_rate(const struct bench_bare *bare, unsigned threads,
                             struct bench_rate *rate, struct qp_err *err) QP_MUST_USE;

struct bench;
/* One round of all limits; a sample of each. */
enum qp_code bench_machine(struct bench *bench, struct qp_err *err) QP_MUST_USE;
/* Seconds of one durable commit of one row. */
enum qp_code bench_commit(struct bench *bench, double *seconds, struct qp_err *err) QP_MUST_USE;

/* ---- What is measured (bench_report.c) ---- */

enum bench_figure {
    BENCH_INGEST_1,
    BENCH_INGEST_100,
    BENCH_INGEST_4096,
    BENCH_CLIENTS_8,
    BENCH_GROWTH,
    BENCH_LATENCY_P50,
    BENCH_LATENCY_P99,
    BENCH_VERIFY_BUNDLE,
    BENCH_VERIFY_CORES,
    BENCH_AUDIT,
    BENCH_PROVE_P50,
    BENCH_PROVE_P99,
    BENCH_TRACE,
    BENCH_SHOW,
    BENCH_IMPACT,
    BENCH_OPEN,
    BENCH_OPEN_WRITER,
    BENCH_MEMORY,
    BENCH_DISK_EVENT,
    BENCH_DISK_SUBMITTED,
    BENCH_FIGURES
};

struct bench_samples {
    struct qp_buf values; /* double, one after the other */
    struct qp_buf limits; /* as many, or none */
    struct qp_buf cpu;    /* ratios by processor time; as many, or none */
};

struct bench_point {
    uint64_t events;
    uint64_t entries;
    struct bench_samples figures[BENCH_FIGURES];
};

struct bench {
    struct cli *cli;
    uint64_t rounds;
    bool quick;
    const char *output; /* file for the JSON; NULL: none */
    unsigned cores;
    char dir[256];     /* the temporary folder */
    char log_key[300]; /* files and folders in it */
    char ledger[300];  /* which grows from point to point and is only asked */
    char work[300];    /* a copy that is fed */
    char scratch[300]; /* a bare store */
    bool work_there;
    uint64_t work_events;     /* that the copy has beyond the ledger's */
    uint64_t submitted_bytes; /* to the ledger */
    struct bench_place told;  /* of the ledger */
    struct bench_season season;
    struct qp_store *store;
    uint64_t rows; /* of the store */
    struct bench_samples limits[BENCH_LIMITS];
    struct bench_point points[BENCH_POINTS_MAX];
    size_t point_count;
};

/* limit: what the machine could do, measured in the same turn; 0: nothing to hold it against. */
enum qp_code bench_sample(struct bench_samples *samples, double value, double limit,
                          struct qp_err *err) QP_MUST_USE;
/* The same of so many things that took so long, against the rate of bare checks. */
struct bench_watch {
    double wall;
    double cpu;
};
struct bench_watch bench_start(void);
enum qp_code bench_stop(const struct bench_watch *watch, size_t count,
                        const struct bench_rate *limit, struct bench_samples *samples,
                        struct qp_err *err) QP_MUST_USE;
void bench_samples_wipe(struct bench_samples *samples);
/* After the last point: what an event costs in each against the first. */
enum qp_code bench_growth(struct bench *bench, struct qp_err *err) QP_MUST_USE;
enum qp_code bench_print(struct bench *bench, struct qp_err *err) QP_MUST_USE;
/* The words of a step, and whether the person has had enough: QP_E_USAGE. */
enum qp_code bench_step(struct bench *bench, const char *doing, struct qp_err *err) QP_MUST_USE;

/* ---- Feeding and asking; a sample or more of each figure (bench_load.c, bench_ask.c) ---- */

/* Every record admitted, none refused and none known, or QP_E_INVALID says which and why. */
enum qp_code bench_submit(struct qp_log *log, struct qp_span records,
                          struct qp_err *err) QP_MUST_USE;
enum qp_code bench_feed(struct bench *bench, struct bench_point *point,
                        struct qp_err *err) QP_MUST_USE;
enum qp_code bench_ask(struct bench *bench, struct bench_point *point, bool audit,
                       struct qp_err *err) QP_MUST_USE;

/* ---- Folders (bench_folder.c) ---- */

/* With all that is in them; what is copied is on the disk on return. */
enum qp_code bench_copy(const char *from, const char *to, struct qp_err *err) QP_MUST_USE;
enum qp_code bench_remove(const char *path, struct qp_err *err) QP_MUST_USE;
/* Bytes that the files take on the disk. */
enum qp_code bench_disk(const char *path, uint64_t *bytes, struct qp_err *err) QP_MUST_USE;

#endif
