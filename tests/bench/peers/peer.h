/* What the peers written in C share: signed events of a given size, their check on all cores, the
 * hash chain, a clock, and lines as in ../figure.h.
 *
 * An event is a payload, the key of one of eight issuers and its signature. Under one signature are
 * one event or `each`: then the last one carries it, over the SHA-256 of all their payloads. */
#ifndef QP_TESTS_BENCH_PEER_H
#define QP_TESTS_BENCH_PEER_H

#include "../figure.h"

#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define PEER_KEYS 8
#define PEER_BYTES_MAX 4096
#define PEER_THREADS_MAX 64
#define PEER_LINK crypto_hash_sha256_BYTES
#define PEER_SIGNATURE crypto_sign_BYTES
#define PEER_KEY crypto_sign_PUBLICKEYBYTES

/* How much each peer is asked for. */
#define PEER_STREAM 10000 /* events of a stream, and the same again in batches */
#define PEER_GROUP 1000   /* so many of them in a commit */
#define PEER_BATCH 100    /* events under one signature */
#define PEER_ALONE 200    /* events, a commit each */

struct peer_event {
    unsigned char payload[PEER_BYTES_MAX];
    unsigned char key[PEER_KEY];
    unsigned char signature[PEER_SIGNATURE];
    bool is_signed;
};

struct peer_events {
    struct peer_event *list;
    size_t count;
    size_t each;  /* events under one signature */
    size_t bytes; /* of a payload */
};

static inline void peer_fail(const char *what, const char *why)
{
    fprintf(stderr, "peer: %s: %s\n", what, why);
    exit(1);
}

static inline void peer_digest(const struct peer_events *events, size_t at,
                               unsigned char digest[crypto_hash_sha256_BYTES])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (size_t i = at; i < at + events->each; i++) {
        crypto_hash_sha256_update(&state, events->list[i].payload, events->bytes);
    }
    crypto_hash_sha256_final(&state, digest);
}

/* count is a multiple of each. */
static inline struct peer_events peer_make(size_t count, size_t each, size_t bytes)
{
    static unsigned char public_keys[PEER_KEYS][PEER_KEY];
    static unsigned char secret_keys[PEER_KEYS][crypto_sign_SECRETKEYBYTES];
    static bool made;
    struct peer_events events = {
        .list = calloc(count, sizeof *events.list), .count = count, .each = each, .bytes = bytes};
    if (events.list == NULL || bytes > PEER_BYTES_MAX || sodium_init() < 0) {
        peer_fail("events", "no memory, or too large");
    }
    for (size_t i = 0; i < PEER_KEYS && !made; i++) {
        crypto_sign_keypair(public_keys[i], secret_keys[i]);
    }
    made = true;
    for (size_t i = 0; i < count; i++) {
        struct peer_event *event = &events.list[i];
        size_t key = i / each % PEER_KEYS;
        randombytes_buf(event->payload, bytes);
        memcpy(event->key, public_keys[key], PEER_KEY);
        event->is_signed = (i + 1) % each == 0;
        if (event->is_signed) {
            unsigned char digest[crypto_hash_sha256_BYTES];
            peer_digest(&events, i + 1 - each, digest);
            crypto_sign_detached(event->signature, NULL, digest, sizeof digest, secret_keys[key]);
        }
    }
    return events;
}

/* link = SHA-256(link before, payload, key, signature). */
static inline void peer_link(unsigned char link[PEER_LINK], const struct peer_event *event,
                             size_t bytes)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, link, PEER_LINK);
    crypto_hash_sha256_update(&state, event->payload, bytes);
    crypto_hash_sha256_update(&state, event->key, PEER_KEY);
    if (event->is_signed) {
        crypto_hash_sha256_update(&state, event->signature, PEER_SIGNATURE);
    }
    crypto_hash_sha256_final(&state, link);
}

/* ---- Checking signatures on all cores ---- */

struct peer_share {
    const struct peer_events *events;
    size_t begin;
    size_t end;
    size_t step;
    bool good;
    pthread_t thread;
};

static inline void *peer_check_share(void *context)
{
    struct peer_share *share = context;
    const struct peer_events *events = share->events;
    share->good = true;
    for (size_t i = share->begin; i < share->end; i += share->step) {
        unsigned char digest[crypto_hash_sha256_BYTES];
        const struct peer_event *last = &events->list[i + events->each - 1];
        peer_digest(events, i, digest);
        share->good = share->good && crypto_sign_verify_detached(last->signature, digest,
                                                                 sizeof digest, last->key) == 0;
    }
    return NULL;
}

static inline void peer_check(const struct peer_events *events, size_t begin, size_t end)
{
    struct peer_share shares[PEER_THREADS_MAX];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t signatures = (end - begin) / events->each;
    size_t threads = cores > 0 && cores < PEER_THREADS_MAX ? (size_t)cores : 1;
    threads = signatures < threads ? signatures : threads;
    for (size_t i = 0; i < threads; i++) {
        shares[i] = (struct peer_share){.events = events,
                                        .begin = begin + i * events->each,
                                        .end = end,
                                        .step = threads * events->each};
        if (threads == 1) {
            peer_check_share(&shares[i]);
        } else if (pthread_create(&shares[i].thread, NULL, peer_check_share, &shares[i]) != 0) {
            peer_fail("check", "no thread");
        }
    }
    for (size_t i = 0; i < threads; i++) {
        if (threads > 1) {
            pthread_join(shares[i].thread, NULL);
        }
        if (!shares[i].good) {
            peer_fail("check", "a signature does not hold");
        }
    }
}

/* ---- The three ways of feeding ---- */

/* Signatures of a commit are checked, then its events are inserted and committed. */
static inline double peer_feed(const struct peer_events *events, size_t group,
                               void (*commit)(void *context, const struct peer_events *events,
                                              size_t begin, size_t end),
                               void *context)
{
    double start = figure_seconds();
    for (size_t at = 0; at < events->count; at += group) {
        peer_check(events, at, at + group);
        commit(context, events, at, at + group);
    }
    return (double)events->count / (figure_seconds() - start);
}

/* Prints the three rates; returns how many events are in then. */
static inline size_t peer_feed_all(const char *name, size_t bytes,
                                   void (*commit)(void *context, const struct peer_events *events,
                                                  size_t begin, size_t end),
                                   void *context)
{
    static const struct {
        const char *what;
        size_t count;
        size_t each;
        size_t group;
    } ways[] = {{"stream", PEER_STREAM, 1, PEER_GROUP},
                {"batch_100", PEER_STREAM, PEER_BATCH, PEER_GROUP},
                {"alone", PEER_ALONE, 1, 1}};
    size_t in = 0;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char text[64];
        struct peer_events events = peer_make(ways[i].count, ways[i].each, bytes);
        double rate = peer_feed(&events, ways[i].group, commit, context);
        snprintf(text, sizeof text, "%s_%s", name, ways[i].what);
        figure(text, rate, "events/s");
        in += events.count;
        free(events.list);
    }
    return in;
}

#endif
