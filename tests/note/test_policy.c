#include "test.h"

#include <quipu/note.h>

#include "core/alloc.h"

#define WITNESSES 6
#define ORIGIN "ledger.example/pe"

static struct qp_key *log_key;
static struct qp_key *witness[WITNESSES];
static char log_vkey[QP_VKEY_TEXT_BYTES];
static char witness_vkey[WITNESSES][QP_VKEY_TEXT_BYTES];
static char checkpoint_text[200];

static struct qp_key *make_key(uint8_t fill, const char *name, enum qp_vkey_type type, char *text)
{
    struct qp_seed seed;
    struct qp_key *key = NULL;
    struct qp_public_key public_key;
    struct qp_vkey vkey;
    memset(seed.bytes, fill, sizeof seed.bytes);
    if (qp_key_from_seed(&seed, &key, NULL) == QP_OK) {
        qp_key_public(key, &public_key);
        if (qp_vkey_init(&vkey, qp_span_text(name), type, &public_key, NULL) == QP_OK) {
            qp_vkey_format(&vkey, text);
        }
    }
    return key;
}

static void witness_name(char *name, size_t size, int at)
{
    snprintf(name, size, "w%d.example", at);
}

static int begin(void **state)
{
    (void)state;
    if (qp_init(NULL) != QP_OK) {
        return -1;
    }
    log_key = make_key(1, ORIGIN, QP_VKEY_NOTE, log_vkey);
    for (int i = 0; i < WITNESSES; i++) {
        char name[32];
        witness_name(name, sizeof name, i);
        witness[i] = make_key((uint8_t)(10 + i), name, QP_VKEY_COSIGNATURE, witness_vkey[i]);
    }
    snprintf(checkpoint_text, sizeof checkpoint_text,
             ORIGIN "\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
    return 0;
}

static int end(void **state)
{
    (void)state;
    qp_key_free(log_key);
    for (int i = 0; i < WITNESSES; i++) {
        qp_key_free(witness[i]);
    }
    return 0;
}

/* The policy text with %L for the log's key and %0 to %5 for the witnesses'. */
static void expand(const char *pattern, struct qp_buf *text)
{
    text->len = 0;
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at != '%') {
            assert_ok(qp_buf_add(text, qp_span_of(at, 1), err));
            continue;
        }
        at++;
        assert_ok(qp_buf_add_text(text, *at == 'L' ? log_vkey : witness_vkey[*at - '0'], err));
    }
}

static enum qp_code read_policy(const char *pattern, struct qp_policy **policy, struct qp_err *err)
{
    struct qp_buf text = {0};
    expand(pattern, &text);
    enum qp_code rc = qp_policy_new(qp_span_buf(&text), policy, err);
    qp_buf_wipe(&text);
    return rc;
}

static void add_cosignature(struct qp_buf *note, int at, uint64_t time_s)
{
    char name[32];
    witness_name(name, sizeof name, at);
    assert_ok(qp_cosign_line(qp_span_text(checkpoint_text), witness[at], qp_span_text(name), time_s,
                             note, err));
}

/* A checkpoint signed by the log and by the witnesses of the set; witness i at 1000 + i. */
static void sign(struct qp_buf *note, unsigned set)
{
    note->len = 0;
    assert_ok(
        qp_note_sign(qp_span_text(checkpoint_text), log_key, qp_span_text(ORIGIN), note, err));
    for (int i = 0; i < WITNESSES; i++) {
        if ((set >> i & 1) != 0) {
            add_cosignature(note, i, (uint64_t)(1000 + i));
        }
    }
}

#define TWO_LEVELS                                                                                 \
    "# the example of the specification, with keys\n"                                              \
    "log %L https://ledger.example/\n\n"                                                           \
    "witness X1 %0 https://x1.example/\nwitness X2 %1\nwitness X3\t%2 \n"                          \
    "group X-witnesses 2 X1 X2 X3\n"                                                               \
    "  witness Y1 %3\n\t# more\nwitness Y2 %4\nwitness Y3 %5\n"                                    \
    "group Y-witnesses any Y1 Y2 Y3\n"                                                             \
    "group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"

static bool two_levels_met(unsigned set)
{
    return __builtin_popcount(set & 7) >= 2 && (set >> 3) != 0;
}

static void judges_every_set_of_witnesses(void **state)
{
    (void)state;
    struct qp_policy *policy = NULL;
    struct qp_buf note = {0};
    assert_ok(read_policy(TWO_LEVELS, &policy, err));
    assert_int_equal(qp_policy_log_count(policy), 1);
    assert_int_equal(qp_policy_witness_count(policy), WITNESSES);
    assert_string_equal(qp_policy_log(policy, 0)->name, ORIGIN);
    assert_string_equal(qp_policy_log_url(policy, 0), "https://ledger.example/");
    assert_string_equal(qp_policy_witness_name(policy, 2), "X3");
    assert_string_equal(qp_policy_witness(policy, 2)->name, "w2.example");
    assert_string_equal(qp_policy_witness_url(policy, 0), "https://x1.example/");
    assert_string_equal(qp_policy_witness_url(policy, 1), "");
    for (unsigned set = 0; set < 1U << WITNESSES; set++) {
        struct qp_checkpoint checkpoint;
        struct qp_policy_result result;
        sign(&note, set);
        enum qp_code rc = qp_policy_check(policy, qp_span_buf(&note), &checkpoint, &result, NULL);
        assert_int_equal(rc, two_levels_met(set) ? QP_OK : QP_E_INVALID);
        if (rc != QP_OK) {
            continue;
        }
        assert_int_equal(checkpoint.size, 7);
        assert_string_equal(checkpoint.origin, ORIGIN);
        assert_int_equal(result.log_at, 0);
        assert_int_equal(result.verified_count, __builtin_popcount(set));
        uint64_t quorum_time = 0;
        for (unsigned i = 0; i < WITNESSES; i++) {
            bool signs = (set >> i & 1) != 0;
            assert_int_equal(result.witnesses[i].verified, signs);
            assert_int_equal(result.witnesses[i].time_s, signs ? 1000 + i : 0);
            if (signs && two_levels_met(set & ~((1U << i) - 1))) {
                quorum_time = 1000 + i;
            }
        }
        assert_int_equal(result.quorum_time_s, quorum_time);
    }
    qp_buf_wipe(&note);
    qp_policy_free(policy);
    qp_policy_free(NULL);
}

static void takes_the_simple_quorums(void **state)
{
    (void)state;
    struct qp_policy *policy = NULL;
    struct qp_buf note = {0};
    struct qp_checkpoint checkpoint;
    struct qp_policy_result result;
    assert_ok(read_policy("quorum none\nlog %L\n", &policy, err));
    sign(&note, 0);
    assert_ok(qp_policy_check(policy, qp_span_buf(&note), &checkpoint, &result, err));
    assert_int_equal(result.quorum_time_s, 0);
    qp_policy_free(policy);
    assert_ok(read_policy("log %L\nwitness a %0\nwitness b %1\nquorum b\n", &policy, err));
    assert_int_equal(qp_policy_check(policy, qp_span_buf(&note), &checkpoint, NULL, NULL),
                     QP_E_INVALID);
    sign(&note, 1);
    assert_int_equal(qp_policy_check(policy, qp_span_buf(&note), &checkpoint, NULL, NULL),
                     QP_E_INVALID);
    sign(&note, 2);
    assert_ok(qp_policy_check(policy, qp_span_buf(&note), &checkpoint, NULL, err));
    qp_policy_free(policy);
    assert_ok(read_policy("witness a %0\nquorum a\n", &policy, err)); /* no log: accepts nothing */
    sign(&note, 1);
    assert_int_equal(qp_policy_check(policy, qp_span_buf(&note), &checkpoint, NULL, NULL),
                     QP_E_INVALID);
    qp_policy_free(policy);
    qp_buf_wipe(&note);
}

static void needs_the_log_whose_name_is_the_origin(void **state)
{
    (void)state;
    struct qp_policy *policy = NULL;
    struct qp_buf note = {0};
    struct qp_checkpoint checkpoint;
    struct qp_err err;
    char other_vkey[QP_VKEY_TEXT_BYTES];
    char text[2 * QP_VKEY_TEXT_BYTES + 50];
    struct qp_key *other = make_key(2, "other.example/log", QP_VKEY_NOTE, other_vkey);
    snprintf(text, sizeof text, "log %s\nlog %s\nquorum none\n", log_vkey, other_vkey);
    assert_int_equal(qp_policy_new(qp_span_text(text), &policy, &err), QP_OK);
    /* The other log is trusted, but not to speak for this origin. */
    assert_int_equal(qp_note_sign(qp_span_text(checkpoint_text), other,
                                  qp_span_text("other.example/log"), &note, &err),
                     QP_OK);
    assert_int_equal(qp_policy_check(policy, qp_span_buf(&note), &checkpoint, NULL, &err),
                     QP_E_INVALID);
    assert_non_null(strstr(err.text, "not signed by a log of this name"));
    /* Nor may it take the origin's name: the id is then not its key's. */
    note.len = 0;
    assert_int_equal(
        qp_note_sign(qp_span_text(checkpoint_text), other, qp_span_text(ORIGIN), &note, &err),
        QP_OK);
    assert_int_equal(qp_policy_check(policy, qp_span_buf(&note), &checkpoint, NULL, &err),
                     QP_E_INVALID);
    qp_policy_free(policy);
    qp_key_free(other);
    qp_buf_wipe(&note);
}

static void refuses_malformed_policies(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "\n",
                                      "log %L\n",
                                      "quorum none",
                                      "quorum none\nquorum none\n",
                                      "quorum w\nwitness w %0\n",
                                      "quorum\n",
                                      "quorum none none\n",
                                      "log\nquorum none\n",
                                      "log %L url more\nquorum none\n",
                                      "log %0\nquorum none\n", /* a witness's key */
                                      "witness w %L\nquorum w\n",
                                      "log %L\nlog %L\nquorum none\n",
                                      "witness w %0\nwitness v %0\nquorum none\n",
                                      "witness w %0\nwitness w %1\nquorum none\n",
                                      "witness none %0\nquorum none\n",
                                      "witness w\nquorum none\n",
                                      "witness w %0 url more\nquorum none\n",
                                      "witness w %0\ngroup w any w\nquorum none\n",
                                      "witness w %0\ngroup g any\nquorum none\n",
                                      "witness w %0\ngroup g any none\nquorum none\n",
                                      "witness w %0\ngroup g any g\nquorum none\n",
                                      "witness w %0\ngroup g any v\nwitness v %1\nquorum none\n",
                                      "witness w %0\ngroup g any w w\nquorum none\n",
                                      "witness w %0\ngroup g any w\ngroup h any w\nquorum none\n",
                                      "witness w %0\ngroup g 0 w\nquorum none\n",
                                      "witness w %0\ngroup g 2 w\nquorum none\n",
                                      "witness w %0\ngroup g 01 w\nquorum none\n",
                                      "witness w %0\ngroup g -1 w\nquorum none\n",
                                      "witness w %0\ngroup g most w\nquorum none\n",
                                      "witness w %0\ngroup g 18446744073709551617 w\nquorum none\n",
                                      "Quorum none\n",
                                      "quorum none\r\n",
                                      "quorum none\n\x7f\n",
                                      "quorum none # no comments behind\n",
                                      "quorum\vnone\n",
                                      "log ledger.example/pe+00000000+AQ==\nquorum none\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct qp_policy *policy = NULL;
        struct qp_err err = {0};
        enum qp_code rc = read_policy(bad[i], &policy, &err);
        if (rc != QP_E_INPUT && rc != QP_E_INVALID) {
            fail_msg("malformed policy %zu was accepted", i);
        }
        assert_null(policy);
        assert_true(err.text[0] != '\0');
    }
    struct qp_policy *policy = NULL;
    assert_int_equal(qp_policy_new(qp_span_of("quorum none\n\0\n", 14), &policy, NULL), QP_E_INPUT);
    struct qp_err err;
    assert_int_equal(read_policy("# one\n\nlog %L\nquorum q\n", &policy, &err), QP_E_INPUT);
    assert_non_null(strstr(err.text, "policy line 4"));
}

static void bounds_how_much_a_policy_holds(void **state)
{
    (void)state;
    struct qp_buf text = {0};
    struct qp_policy *policy = NULL;
    for (int i = 0; i <= QP_POLICY_WITNESSES_MAX; i++) {
        char name[32];
        char vkey[QP_VKEY_TEXT_BYTES];
        snprintf(name, sizeof name, "n%d", i);
        qp_key_free(make_key((uint8_t)(100 + i), name, QP_VKEY_COSIGNATURE, vkey));
        assert_ok(qp_buf_addf(&text, err, "witness %s %s\n", name, vkey));
        size_t witnesses = text.len;
        assert_ok(qp_buf_add_text(&text, "group g all", err));
        for (int j = 0; j <= i; j++) {
            assert_ok(qp_buf_addf(&text, err, " n%d", j));
        }
        assert_ok(qp_buf_add_text(&text, "\nquorum g\n", err));
        if (i < QP_POLICY_WITNESSES_MAX) {
            assert_ok(qp_policy_new(qp_span_buf(&text), &policy, err));
            qp_policy_free(policy);
        } else {
            assert_int_equal(qp_policy_new(qp_span_buf(&text), &policy, NULL), QP_E_INPUT);
        }
        text.len = witnesses;
    }
    text.len = 0;
    assert_ok(qp_buf_addf(&text, err, "witness w %s\ngroup g0 any w\n", witness_vkey[0]));
    for (int i = 1; i <= QP_POLICY_GROUPS_MAX; i++) {
        size_t groups = text.len;
        assert_ok(qp_buf_addf(&text, err, "quorum g%d\n", i - 1));
        assert_ok(qp_policy_new(qp_span_buf(&text), &policy, err));
        qp_policy_free(policy);
        text.len = groups;
        assert_ok(qp_buf_addf(&text, err, "group g%d any g%d\n", i, i - 1));
    }
    assert_ok(qp_buf_add_text(&text, "quorum none\n", err));
    assert_int_equal(qp_policy_new(qp_span_buf(&text), &policy, NULL), QP_E_INPUT);
    text.len = 0;
    for (int i = 0; i < 200; i++) {
        assert_ok(qp_buf_add_text(&text, "x ", err));
    }
    assert_ok(qp_buf_add_text(&text, "\nquorum none\n", err));
    assert_int_equal(qp_policy_new(qp_span_buf(&text), &policy, NULL), QP_E_INPUT);
    qp_buf_wipe(&text);
}

static void survives_a_lack_of_memory(void **state)
{
    (void)state;
    struct qp_buf text = {0};
    struct qp_buf note = {0};
    enum qp_code rc = QP_E_MEMORY;
    expand(TWO_LEVELS, &text);
    sign(&note, 63);
    for (uint64_t n = 0; rc != QP_OK; n++) {
        struct qp_policy *policy = NULL;
        struct qp_checkpoint checkpoint;
        qp_alloc_fail_after(n);
        rc = qp_policy_new(qp_span_buf(&text), &policy, NULL);
        if (rc == QP_OK) {
            rc = qp_policy_check(policy, qp_span_buf(&note), &checkpoint, NULL, NULL);
        }
        qp_alloc_fail_after(UINT64_MAX);
        assert_true(rc == QP_OK || rc == QP_E_MEMORY);
        qp_policy_free(policy);
    }
    qp_buf_wipe(&text);
    qp_buf_wipe(&note);
}

/* ---- Offline proofs ---- */

struct sample {
    struct qp_hash leaves[7];
    struct qp_buf note;
    struct qp_tlog_proof proof;
};

static enum qp_code sample_node(void *ctx, uint8_t level, uint64_t index, struct qp_hash *out,
                                struct qp_err *err)
{
    (void)err;
    const struct qp_hash *leaves = ctx;
    qp_merkle_root(leaves + (index << level), (size_t)1 << level, out);
    return QP_OK;
}

static void make_sample(struct sample *sample)
{
    struct qp_checkpoint checkpoint = {.origin = ORIGIN, .size = 7};
    struct qp_buf text = {0};
    for (size_t i = 0; i < 7; i++) {
        qp_hash_leaf(&sample->leaves[i], qp_span_of(&"abcdefg"[i], 1));
    }
    qp_merkle_root(sample->leaves, 7, &checkpoint.root);
    sample->note = (struct qp_buf){0};
    sample->proof = (struct qp_tlog_proof){.leaf_index = 4, .extra = qp_span_text("lote 17")};
    assert_ok(qp_checkpoint_format(&checkpoint, &text, err));
    assert_ok(qp_note_sign(qp_span_buf(&text), log_key, qp_span_text(ORIGIN), &sample->note, err));
    struct qp_merkle_reader reader = {sample->leaves, sample_node};
    assert_ok(qp_merkle_inclusion_proof(&reader, 4, 7, sample->proof.path,
                                        &sample->proof.path_count, err));
    sample->proof.checkpoint = qp_span_buf(&sample->note);
    qp_buf_wipe(&text);
}

static void carries_a_proof_as_text(void **state)
{
    (void)state;
    struct sample sample;
    struct qp_policy *policy = NULL;
    struct qp_checkpoint checkpoint;
    struct qp_tlog_proof read;
    struct qp_buf text = {0};
    struct qp_buf extra = {0};
    make_sample(&sample);
    assert_ok(read_policy("log %L\nquorum none\n", &policy, err));
    assert_ok(qp_tlog_proof_encode(&sample.proof, &text, err));
    assert_ok(qp_tlog_proof_decode(qp_span_buf(&text), &read, &extra, err));
    assert_true(qp_span_eq(read.extra, sample.proof.extra));
    assert_int_equal(read.leaf_index, 4);
    assert_int_equal(read.path_count, 3);
    assert_true(qp_span_eq(read.checkpoint, sample.proof.checkpoint));
    assert_ok(qp_tlog_proof_check(&read, &sample.leaves[4], policy, &checkpoint, NULL, err));
    assert_int_equal(checkpoint.size, 7);
    assert_int_equal(qp_tlog_proof_check(&read, &sample.leaves[3], policy, &checkpoint, NULL, NULL),
                     QP_E_INVALID);
    read.leaf_index = 5;
    assert_int_equal(qp_tlog_proof_check(&read, &sample.leaves[4], policy, &checkpoint, NULL, NULL),
                     QP_E_INVALID);
    /* Every change is refused, but for the extra, which nothing authenticates. */
    size_t extra_at = strlen("c2sp.org/tlog-proof@v1\nextra ");
    size_t extra_end = extra_at + strlen("bG90ZSAxNw==");
    for (size_t bit = 0; bit < 8 * text.len; bit++) {
        if (bit / 8 >= extra_at && bit / 8 < extra_end) {
            continue;
        }
        text.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        enum qp_code rc = qp_tlog_proof_decode(qp_span_buf(&text), &read, &extra, NULL);
        if (rc == QP_OK) {
            rc = qp_tlog_proof_check(&read, &sample.leaves[4], policy, &checkpoint, NULL, NULL);
        }
        assert_int_not_equal(rc, QP_OK);
        text.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t len = 0; len < text.len; len++) {
        assert_int_equal(qp_tlog_proof_decode(qp_span_of(text.data, len), &read, &extra, NULL),
                         QP_E_INPUT);
    }
    qp_buf_wipe(&extra);
    qp_buf_wipe(&text);
    qp_buf_wipe(&sample.note);
    qp_policy_free(policy);
}

static void refuses_malformed_proofs(void **state)
{
    (void)state;
#define HEAD "c2sp.org/tlog-proof@v1\n"
#define HASH "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    static const char *const bad[] = {"",
                                      "c2sp.org/tlog-proof@v2\nindex 0\n\n",
                                      HEAD,
                                      HEAD "extra \nindex 0\n\n",
                                      HEAD "extra QQ=\nindex 0\n\n",
                                      HEAD "extra QUJD\n",
                                      HEAD "index 00\n\n",
                                      HEAD "index -1\n\n",
                                      HEAD "index  1\n\n",
                                      HEAD "index\n\n",
                                      HEAD "index 9223372036854775808\n\n",
                                      HEAD "index 0\nextra QUJD\n\n",
                                      HEAD "index 0\nAAAA\n\n",
                                      HEAD "index 0\n" HASH,
                                      HEAD HASH "index 0\n\n",
                                      HEAD "index 0\n " HASH "\n",
                                      HEAD "extra QUJD\nextra QUJD\nindex 0\n\n"};
    struct sample sample;
    make_sample(&sample);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct qp_tlog_proof read;
        struct qp_buf extra = {0};
        struct qp_buf text = {0};
        assert_ok(qp_buf_add_text(&text, bad[i], err));
        assert_ok(qp_buf_add(&text, qp_span_buf(&sample.note), err));
        if (qp_tlog_proof_decode(qp_span_buf(&text), &read, &extra, NULL) != QP_E_INPUT) {
            fail_msg("malformed proof %zu was accepted", i);
        }
        assert_null(extra.data);
        qp_buf_wipe(&text);
    }
    struct qp_buf out = {0};
    struct qp_tlog_proof proof = sample.proof;
    proof.path_count = QP_MERKLE_PATH_MAX + 1;
    assert_int_equal(qp_tlog_proof_encode(&proof, &out, NULL), QP_E_INPUT);
    proof = sample.proof;
    proof.checkpoint = qp_span_text("no note\n");
    assert_int_equal(qp_tlog_proof_encode(&proof, &out, NULL), QP_E_INPUT);
    assert_int_equal(out.len, 0);
    qp_buf_wipe(&sample.note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_set_of_witnesses),
        cmocka_unit_test(takes_the_simple_quorums),
        cmocka_unit_test(needs_the_log_whose_name_is_the_origin),
        cmocka_unit_test(refuses_malformed_policies),
        cmocka_unit_test(bounds_how_much_a_policy_holds),
        cmocka_unit_test(survives_a_lack_of_memory),
        cmocka_unit_test(carries_a_proof_as_text),
        cmocka_unit_test(refuses_malformed_proofs),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
