/* What this machine can do at best, one core and one disk: the limits that our figures are ratios
 * of. Signatures are over as many bytes as a statement of one event has. */
#include "log/folder.h"

#include "store/store.h"

#include "bench/figure.h"

#define STATEMENT_BYTES 190
#define ROUNDS 5
#define BATCH_SECONDS 0.2

struct limits {
    struct qp_key *key;
    struct qp_public_key public_key;
    struct qp_signature signature;
    struct qp_store *store;
    uint64_t commits;
    uint8_t bytes[1048576];
};

static void sign_once(struct limits *limits)
{
    assert_ok(qp_sign(limits->key, qp_span_text(QP_STATEMENT_DOMAIN),
                      qp_span_of(limits->bytes, STATEMENT_BYTES), &limits->signature, err));
}

static void verify_once(struct limits *limits)
{
    assert_ok(qp_verify(&limits->public_key, qp_span_text(QP_STATEMENT_DOMAIN),
                        qp_span_of(limits->bytes, STATEMENT_BYTES), &limits->signature, err));
}

static void hash_once(struct limits *limits)
{
    struct qp_hash hash;
    qp_hash_plain(&hash, qp_span_of(limits->bytes, sizeof limits->bytes));
    limits->bytes[sizeof limits->bytes - 1] ^= hash.bytes[0];
}

static enum qp_code put_row(void *context, struct qp_writer *writer, struct qp_err *err)
{
    const struct limits *limits = context;
    uint8_t key[8];
    qp_store_be64(key, limits->commits);
    return qp_write_put(writer, QP_TABLE_ENTRIES, QP_PUT_APPEND, qp_span_of(key, sizeof key),
                        qp_span_of(limits->bytes, 300), err);
}

static void commit_once(struct limits *limits)
{
    assert_ok(qp_store_write(limits->store, put_row, limits, err));
    limits->commits++;
}

/* How often in a second; the median of some rounds. */
static double rate(struct limits *limits, void (*once)(struct limits *limits))
{
    double rates[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        double start = figure_seconds();
        double now = start;
        size_t count = 0;
        for (; now - start < BATCH_SECONDS; now = figure_seconds()) {
            once(limits);
            count++;
        }
        rates[i] = (double)count / (now - start);
    }
    return figure_median(rates, ROUNDS);
}

int main(void)
{
    static struct limits limits;
    struct folder folder;
    struct qp_store_options options = {.create = true};
    folder_init(&folder);
    assert_ok(qp_key_generate(&limits.key, err));
    qp_key_public(limits.key, &limits.public_key);
    assert_int_equal(mkdir(folder.dir, 0700), 0);
    assert_ok(qp_store_open(folder.dir, &options, &limits.store, err));
    figure("limit_sign", rate(&limits, sign_once), "/s");
    figure("limit_verify", rate(&limits, verify_once), "/s");
    figure("limit_sha256", rate(&limits, hash_once) * sizeof limits.bytes / 1e6, "MB/s");
    figure("limit_commit", rate(&limits, commit_once), "/s");
    qp_store_close(limits.store);
    qp_key_free(limits.key);
    folder_wipe(&folder);
    return 0;
}
