/* A bundle of the forger's workshop (tests/proof/forge.h), judged under two policies that trust its
 * log. With libFuzzer the inputs are taken apart, changed and signed again (remake.h), so that they
 * get past the cryptography.
 *
 * Held: three ways to ask give one verdict, and every output is JSON; what passes is signed
 * throughout, by keys that its events enrolled, under a checkpoint of the log, as a second look
 * finds without the verifier; memory stays within the bound of SPEC.md.
 *
 * QP_FUZZ_BLIND in the environment: libFuzzer's own changes of bytes alone, to compare with.
 * QP_FUZZ_COUNT: say at the end what became of the inputs. */
#include "fuzz/fuzz.h"
#include "fuzz/heap_hooks.h"
#include "fuzz/remake.h"

#include <quipu/proof.h>

#include "wire/json.h"

#include <stdio.h>

#define NOW_MS UINT64_C(1795000000000) /* as in forge.h */

static struct remade_count count;

struct remade_count remade_count(void)
{
    return count;
}

static void tell(void)
{
    fprintf(stderr,
            "remade: %llu inputs, %llu of them bundles, %llu of them authentic, %llu passed; "
            "%llu made, %llu times nothing came of it\n",
            (unsigned long long)count.runs, (unsigned long long)count.read,
            (unsigned long long)count.judged, (unsigned long long)count.passed,
            (unsigned long long)count.made, (unsigned long long)count.unmade);
}

/* ---- Policies ---- */

static const char *const policies[] = {
    ", \"require\": [\"authentic\", \"authorised\", \"unbroken\", \"conserved\", \"located\", "
    "\"deforestation-free\"]",
    ", \"certifiers\": [\"certifier\"], \"footprint_max_g_per_kg\": 1500, \"legal\": {\"heads\": "
    "[\"land_use\", \"labour\"], \"level\": \"documented\"}, \"require\": [\"authentic\", "
    "\"certificate:eu-organic\", \"footprint\", \"circular\", \"legal\", \"current\"]"};

static struct qp_trust *trust_of(const char *ledger_id, const char *more)
{
    char vkey_text[QP_VKEY_TEXT_BYTES];
    char text[2048];
    struct qp_public_key key;
    struct qp_vkey vkey;
    struct qp_trust *trust = NULL;
    qp_key_public(remake_key(REMAKE_LOG), &key);
    HOLDS(qp_vkey_init(&vkey, qp_span_text(REMAKE_ORIGIN), QP_VKEY_NOTE, &key, NULL) == QP_OK);
    qp_vkey_format(&vkey, vkey_text);
    snprintf(text, sizeof text,
             "{\"policy\": \"quipu/policy/v1\", \"ledger_id\": \"%s\", \"log\": [\"log %s\", "
             "\"quorum none\"], \"registrars\": [\"operator\"], \"assessors\": [\"assessor\"], "
             "\"cut_off\": \"2020-12-31T23:59:59.999Z\"%s}",
             ledger_id, vkey_text, more);
    HOLDS(qp_trust_new(qp_span_text(text), &trust, NULL) == QP_OK);
    return trust;
}

/* The ledger is that of the seed `season`: the opening is the same in all of them. */
static const struct qp_trust *trust_at(size_t at)
{
    static struct qp_trust *made[QP_COUNT(policies)];
    static uint8_t bytes[65536];
    for (size_t i = 0; made[QP_COUNT(policies) - 1] == NULL && i < QP_COUNT(policies); i++) {
        struct qp_arena arena;
        Qp__Bundle *bundle = NULL;
        struct qp_hash id;
        char hex[65];
        FILE *file = fopen(QP_SOURCE_DIR "/tests/fuzz/corpus/remade/season", "rb");
        HOLDS(file != NULL);
        size_t len = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        qp_arena_init(&arena, 0);
        HOLDS(qp_bundle_decode(qp_span_of(bytes, len), &arena, &bundle, NULL) == QP_OK);
        qp_hash_leaf(&id, qp_span_bytes(bundle->entries[0]->events[0]));
        qp_hash_hex(hex, &id);
        qp_arena_wipe(&arena);
        made[i] = trust_of(hex, policies[i]);
    }
    return made[at];
}

/* ---- A second look, without the verifier ---- */

static void holds_checkpoint(const Qp__Bundle *bundle)
{
    struct qp_note note;
    struct qp_note_verdict verdict;
    struct qp_vkey vkey;
    struct qp_public_key key;
    qp_key_public(remake_key(REMAKE_LOG), &key);
    HOLDS(qp_vkey_init(&vkey, qp_span_text(REMAKE_ORIGIN), QP_VKEY_NOTE, &key, NULL) == QP_OK);
    HOLDS(qp_note_parse(qp_span_bytes(bundle->checkpoint), &note, NULL) == QP_OK);
    HOLDS(qp_note_check(&note, &vkey, 1, &verdict, NULL) == QP_OK && verdict.verified);
}

/* The 32 bytes stand in an event of the entries up to this one: nobody signs who was not named. */
static bool is_named(const Qp__Bundle *bundle, size_t entries, ProtobufCBinaryData key)
{
    for (size_t i = 0; i <= entries; i++) {
        for (size_t k = 0; k < bundle->entries[i]->n_events; k++) {
            ProtobufCBinaryData event = bundle->entries[i]->events[k];
            for (size_t at = 0; at + 32 <= event.len; at++) {
                if (memcmp(event.data + at, key.data, 32) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void holds_signed(struct qp_span in)
{
    struct qp_arena arena;
    Qp__Bundle *bundle = NULL;
    qp_arena_init(&arena, 0);
    HOLDS(qp_bundle_decode(in, &arena, &bundle, NULL) == QP_OK);
    holds_checkpoint(bundle);
    for (size_t i = 0; i < bundle->n_entries; i++) {
        Qp__Entry *entry = NULL;
        Qp__Statement *statement = NULL;
        struct qp_public_key key;
        struct qp_signature signature;
        HOLDS(qp_entry_decode(qp_span_bytes(bundle->entries[i]->entry), &arena, &entry, NULL) ==
              QP_OK);
        struct qp_span bytes = qp_span_bytes(entry->statement);
        HOLDS(qp_statement_decode(bytes, &arena, &statement, NULL) == QP_OK);
        memcpy(key.bytes, statement->issuer.data, sizeof key.bytes);
        memcpy(signature.bytes, entry->signature.data, sizeof signature.bytes);
        HOLDS(qp_verify(&key, qp_span_text(QP_STATEMENT_DOMAIN), bytes, &signature, NULL) == QP_OK);
        HOLDS(is_named(bundle, i, statement->issuer));
    }
    qp_arena_wipe(&arena);
}

/* ---- The verdict ---- */

static json_t *json_of(const struct qp_verdict *verdict)
{
    struct qp_buf text = {0};
    json_t *json = NULL;
    HOLDS(qp_verdict_json(verdict, 0, &text, NULL) == QP_OK);
    HOLDS(qp_json_parse(qp_span_buf(&text), &json, NULL) == QP_OK);
    qp_buf_wipe(&text);
    return json;
}

/* SPEC.md, section 15, "What a verifier spends". */
static void holds_bounded(size_t bundle_bytes)
{
    HOLDS(heap_peak() <= 8 * bundle_bytes + ((size_t)32 << 20));
}

static void judge(struct qp_span in, const struct qp_trust *trust)
{
    static const char *const lines[] = {"authentic", "authorised",         "unbroken", "conserved",
                                        "located",   "deforestation-free", "legal",    "current"};
    struct qp_verdict *verdict = NULL;
    struct qp_verdict *more = NULL;
    heap_begin();
    enum qp_code rc = qp_bundle_verify(in, trust, NOW_MS, &verdict, NULL);
    holds_bounded(in.len);
    HOLDS(rc == QP_OK || rc == QP_E_INPUT);
    HOLDS((rc == QP_OK) == (verdict != NULL));
    HOLDS(qp_bundle_evidence(in, trust, NOW_MS, &more, NULL) == rc);
    if (rc != QP_OK) {
        HOLDS(more == NULL);
        return;
    }
    json_t *plain = json_of(verdict);
    json_t *other = json_of(more);
    bool judged = json_object_del(other, "evidence") == 0; /* past the cryptography */
    count.read++;
    count.judged += judged;
    count.passed += qp_verdict_passed(verdict);
    HOLDS(json_equal(plain, other));
    HOLDS(judged || !qp_verdict_passed(verdict));
    json_decref(other);
    if (qp_verdict_passed(verdict)) {
        holds_signed(in);
    }
    qp_verdict_free(more);
    more = NULL;
    HOLDS(qp_bundle_explain(in, trust, NOW_MS, lines[in.len / 4 % 8], in.len % 5, &more, NULL) ==
          rc);
    other = json_of(more);
    HOLDS(json_object_del(other, "explain") == 0);
    HOLDS(json_equal(plain, other));
    json_decref(other);
    json_decref(plain);
    qp_verdict_free(more);
    qp_verdict_free(verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (count.runs++ == 0 && getenv("QP_FUZZ_COUNT") != NULL) {
        HOLDS(atexit(tell) == 0);
    }
    judge(qp_span_of(data, size), trust_at(size % 4 == 3 ? 1 : 0));
    return 0;
}

#ifdef QP_FUZZ
/* ---- Changes, for libFuzzer ---- */

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_size, unsigned seed);

/* 0 where nothing came of it. */
static size_t change_into(struct qp_span file, const struct qp_span *other, unsigned seed,
                          uint8_t *out, size_t max_size)
{
    struct qp_buf made = {0};
    size_t len = 0;
    for (unsigned i = 0; len == 0 && i < 8; i++) {
        made.len = 0;
        if (remake_mutate(file, other, seed + i * UINT64_C(0x9e3779b97f4a7c15), &made) &&
            made.len <= max_size) {
            memcpy(out, made.data, made.len);
            len = made.len;
        }
        count.unmade += len == 0;
    }
    count.made += len > 0;
    qp_buf_wipe(&made);
    return len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static int blind = -1;
    blind = blind < 0 ? getenv("QP_FUZZ_BLIND") != NULL : blind;
    size_t len = 0;
    if (!blind && seed % 16 != 0) {
        len = change_into(qp_span_of(data, size), NULL, seed, data, max_size);
    }
    return len > 0 ? len : LLVMFuzzerMutate(data, size, max_size);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_size, unsigned seed)
{
    struct qp_span second = qp_span_of(other, other_size);
    return getenv("QP_FUZZ_BLIND") != NULL
               ? 0
               : change_into(qp_span_of(data, size), &second, seed, out, max_size);
}
#endif
